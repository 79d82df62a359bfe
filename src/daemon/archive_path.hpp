// The names of files that are kept of zones.
#pragma once

#include <string>

#include "taut/dns/name.hpp"

namespace taut {

// Where in the folder what is kept of a zone lies, without what follows for the kind of the file: the origin in small
// letters, with what is no letter, digit, hyphen or underscore as "%" and two hexadecimal digits. Of very long ones the
// end is replaced by a checksum; each file says of which zone it is.
std::string archivePath(const std::string& folder, NameView origin);

}  // namespace taut

// A file that names many zones.
#pragma once

#include <string>
#include <vector>

#include "taut/zone/zone_file.hpp"

namespace taut {

// Lines of `ORIGIN<TAB>FILE`; `#` begins a comment. A relative path leads from the folder of the list. Throws
// std::runtime_error, which has a line of text for each mistake, file and line first; of very many, for the first ones.
std::vector<ZoneSource> readZoneList(const std::string& path);

}  // namespace taut

// A file that names many zones.
#pragma once

#include <string>
#include <vector>

#include "taut/zone/zone_file.hpp"

namespace taut {

// Lines of `ORIGIN<TAB>FILE`; `#` begins a comment. A relative path leads from the folder of the list. Throws
// std::runtime_error with file and line.
std::vector<ZoneSource> readZoneList(const std::string& path);

}  // namespace taut

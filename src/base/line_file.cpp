#include "taut/base/line_file.hpp"

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

namespace taut {

void forEachLine(const std::string& path,
                 const std::function<void(const std::string& line, std::size_t number)>& read) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("{}: {}", path, std::generic_category().message(errno)));
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty() && line.front() != '#') read(line, number);
  }
  if (file.bad()) throw std::runtime_error(fmt::format("{}: cannot be read", path));
}

}  // namespace taut

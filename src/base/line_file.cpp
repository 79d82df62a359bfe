#include "taut/base/line_file.hpp"

#include <cstdint>
#include <stdexcept>

#include <fmt/format.h>

#include "taut/base/input_file.hpp"
#include "taut/base/text.hpp"

namespace taut {

namespace {

// Octets: a million lines of 255, more zones than one list has.
constexpr std::uint64_t maxFile = 256 << 20;

std::string readFile(const std::string& path) {
  try {
    return InputFile(path, maxFile).readAll();
  } catch (const FileError& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

void forEachLine(const std::string& path, const std::function<void(std::string_view line, std::size_t number)>& read) {
  const std::string text = readFile(path);
  std::string_view rest = withoutByteOrderMark(text);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = takeLine(rest);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') read(line, number);
  }
}

}  // namespace taut

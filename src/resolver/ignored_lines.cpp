#include "taut/resolver/ignored_lines.hpp"

#include "taut/base/log.hpp"

namespace taut {

void IgnoredLines::log(std::string_view path, std::string_view expected) const {
  for (const std::size_t number : numbers_)
    log::warning("{}:{}: not understood, or not all of it: expected {}", path, number, expected);
  if (count_ > numbers_.size()) log::warning("{}: {} more lines were not understood", path, count_ - numbers_.size());
}

}  // namespace taut

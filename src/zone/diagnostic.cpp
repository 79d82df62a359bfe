#include "taut/zone/diagnostic.hpp"

#include <iterator>

#include <fmt/format.h>

namespace taut {

std::string Diagnostic::toString() const {
  std::string text;
  if (file) text += *file + ":";
  if (line != 0) text += fmt::format("{}:", line);
  if (line != 0 && column != 0) text += fmt::format("{}:", column);
  if (!text.empty()) text += ' ';
  text += isError() ? "error: " : "warning: ";
  return text + message;
}

}  // namespace taut

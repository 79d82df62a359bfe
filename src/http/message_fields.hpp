// What Beast has parsed, as values of the standard library.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/beast/core/string_type.hpp>

namespace taut {

inline std::string textOf(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

// The header fields of a message, in the order in which they came.
template <typename Message>
std::vector<std::pair<std::string, std::string>> fieldsOf(const Message& message) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& field : message) fields.emplace_back(textOf(field.name_string()), textOf(field.value()));
  return fields;
}

}  // namespace taut

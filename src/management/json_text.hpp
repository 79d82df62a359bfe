// The JSON that is sent: on one line, and valid also where a text in it is no UTF-8.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace taut {

using Json = nlohmann::ordered_json;

inline std::string toText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline std::string toLine(const Json& json) {
  return toText(json) + "\n";
}

}  // namespace taut

// What an HTTP server has replied (RFC 9110).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taut {

struct HttpResponse {
  unsigned status = 0;  // 200 to 599, or what else the server says
  // Names as the server has written them, in the order in which they came.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  // The value of the first field of this name, in whatever case; nothing where there is none. Valid for as long as
  // the response.
  std::optional<std::string_view> field(std::string_view name) const;
};

}  // namespace taut

#include "taut/http/http_response.hpp"

#include <algorithm>

#include "taut/base/text.hpp"

namespace taut {

std::optional<std::string_view> HttpResponse::field(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& field) { return equalIgnoringCase(field.first, name); });
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

}  // namespace taut

// Any octets may come over the control socket, and from a server to the tool. What is taken for a request can be
// written and read again, and is the same.
#include "fuzz/fuzz.hpp"
#include "management/control_request.hpp"

namespace control_fuzz {

TAUT_FUZZ_TARGET(control) {
  using namespace taut;
  using fuzz::require;
  const std::string_view text = asText({data, size});
  if (const auto line = ControlLine::parse(text))
    require(line->octets || (line->status >= 0 && line->status <= 2), "a reply ends with an exit status");
  const auto request = ControlRequest::parse(text);
  if (!request) return 0;
  require(!request->command.empty(), "a request has a command");
  const auto again = ControlRequest::parse(request->toLine());
  require(again.has_value(), "a request that is written can be read");
  require(again->command == request->command && again->json == request->json && again->tree == request->tree &&
              again->off == request->off && again->duration == request->duration,
          "a request that is written and read is the same");
  return 0;
}

}  // namespace control_fuzz

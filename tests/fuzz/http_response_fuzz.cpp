// An HTTP server may reply any octets. However they are cut, the same response is taken from them, of bounded size.
#include <algorithm>
#include <optional>
#include <string>

#include "fuzz/fuzz.hpp"
#include "http/http_response_reader.hpp"
#include "taut/http/http_client.hpp"

namespace http_response_fuzz {

namespace {

using namespace taut;
using fuzz::require;

constexpr std::size_t maxBody = 512;

// The response, where there is a whole one.
std::optional<HttpResponse> responseOf(ByteSpan octets, std::size_t pieceSize) {
  HttpResponseReader reader(maxBody);
  std::string buffered;
  while (!reader.isDone() && !octets.empty()) {
    const std::size_t size = std::min(pieceSize, octets.size());
    buffered += asText(octets.first(size));
    octets = octets.subspan(size);
    const IoResult used = reader.put(buffered);
    if (!used) return std::nullopt;
    buffered.erase(0, used.value());
    require(reader.isDone() || buffered.size() <= HttpClient::maxHead, "what waits for its rest is bounded");
  }
  if (!reader.isDone() && !reader.putEnd()) return std::nullopt;
  return reader.take();
}

}  // namespace

TAUT_FUZZ_TARGET(http_response) {
  if (size == 0) return 0;
  const ByteSpan octets(data + 1, size - 1);
  const auto whole = responseOf(octets, 4096);
  const auto pieces = responseOf(octets, 1 + data[0]);
  require(whole.has_value() == pieces.has_value(), "whether there is a response does not depend on the pieces");
  if (!whole) return 0;
  require(whole->status == pieces->status, "the status does not depend on the pieces");
  require(whole->fields == pieces->fields, "the fields do not depend on the pieces");
  require(whole->body == pieces->body, "the body does not depend on the pieces");
  require(whole->body.size() <= maxBody, "a body is bounded");
  return 0;
}

}  // namespace http_response_fuzz

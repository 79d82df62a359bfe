// Any octets may come over a connection of HTTP. However they are cut, the same heads are taken from them, each of
// bounded size, and a request has a path; after a refusal nothing is read any more.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "management/http_request.hpp"

namespace http_fuzz {

namespace {

using namespace taut;
using fuzz::require;

std::vector<HttpHead> headsOf(ByteSpan octets, std::size_t pieceSize) {
  std::vector<HttpHead> heads;
  HttpRequestReader reader;
  while (!octets.empty()) {
    const std::size_t size = std::min(pieceSize, octets.size());
    reader.put(octets.first(size));
    octets = octets.subspan(size);
    while (reader.hasHead()) {
      heads.push_back(reader.take());
      if (!heads.back().ok()) return heads;
    }
  }
  return heads;
}

}  // namespace

TAUT_FUZZ_TARGET(http) {
  if (size == 0) return 0;
  const ByteSpan octets(data + 1, size - 1);
  const auto whole = headsOf(octets, 1024);
  const auto pieces = headsOf(octets, 1 + data[0]);
  require(whole.size() == pieces.size(), "the number of requests does not depend on the pieces");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    require(whole[i].status == pieces[i].status, "what is refused does not depend on the pieces");
    require(whole[i].request.path == pieces[i].request.path, "a path does not depend on the pieces");
    require(whole[i].request.path.size() <= HttpRequestReader::maxHead, "a path is bounded");
    require(whole[i].ok() || !whole[i].request.keepAlive, "a refusal ends the connection");
  }
  return 0;
}

}  // namespace http_fuzz

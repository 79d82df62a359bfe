// The header that a balancer puts before a message: it is no longer than what has come nor than its bound, its length
// is known from its beginning, and what stands behind it changes nothing.
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/net/proxy_header.hpp"

namespace proxy_header_fuzz {

TAUT_FUZZ_TARGET(proxy_header) {
  using namespace taut;
  using fuzz::require;

  // A copy of its own, so that a look beyond it is noticed.
  const std::vector<std::uint8_t> octets(data, data + size);
  const auto header = ProxyHeader::read(octets);
  if (!header) return 0;
  require(header->size() >= ProxyHeader::fixedSize, "a header has its fixed part");
  require(header->size() <= size && header->size() <= ProxyHeader::maxSize, "a header ends within its bounds");
  const ByteSpan whole = ByteSpan(octets).first(header->size());
  require(ProxyHeader::sizeOf(whole.first(ProxyHeader::fixedSize)) == header->size(), "the beginning says the length");
  const Address peer = Address::loopbackV4(53);
  const auto alone = ProxyHeader::read(whole);
  require(alone && alone->clientOf(peer) == header->clientOf(peer), "what follows a header does not change it");
  require(!ProxyHeader::read(whole.first(whole.size() - 1)), "a part of a header is none");
  return 0;
}

}  // namespace proxy_header_fuzz

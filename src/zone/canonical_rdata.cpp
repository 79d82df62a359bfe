#include "canonical_rdata.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "taut/dns/rdata.hpp"

namespace taut::detail {

namespace {

// Whether lower-casing can change the RDATA: it has upper-case letters, and its type may hold names.
bool needsFolding(Type type, ByteSpan rdata) {
  switch (type) {
    case Type::A:
    case Type::AAAA:
    case Type::TXT:
    case Type::DS:
    case Type::DNSKEY:
    case Type::NSEC3:
      return false;
    default:
      return std::any_of(rdata.begin(), rdata.end(), [](std::uint8_t octet) { return octet >= 'A' && octet <= 'Z'; });
  }
}

}  // namespace

std::uint32_t setOrder(Type type, ByteSpan rdata) {
  if (type != Type::RRSIG || rdata.size() < 2) return std::uint32_t{static_cast<std::uint16_t>(type)} << 1;
  return std::uint32_t{loadU16(rdata.data())} << 1 | 1;
}

std::strong_ordering compareRdata(Type type, ByteSpan left, ByteSpan right) {
  std::vector<std::uint8_t> leftCopy;
  std::vector<std::uint8_t> rightCopy;
  const auto fold = [type](ByteSpan& rdata, std::vector<std::uint8_t>& copy) {
    if (!needsFolding(type, rdata)) return;
    copy.assign(rdata.begin(), rdata.end());
    canonicaliseRdata(type, copy);
    rdata = copy;
  };
  fold(left, leftCopy);
  fold(right, rightCopy);
  const std::size_t shared = std::min(left.size(), right.size());
  const int order = shared == 0 ? 0 : std::memcmp(left.data(), right.data(), shared);
  if (order != 0) return order <=> 0;
  return left.size() <=> right.size();
}

}  // namespace taut::detail

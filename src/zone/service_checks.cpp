// Records by which clients find services: those of encrypted DNS servers (RFC 9461), and names of hosts and services at
// addresses (RFC 1035 section 3.5, RFC 6763 section 11).
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "checked_node.hpp"
#include "taut/base/bytes.hpp"

namespace taut::detail {

namespace {

constexpr std::uint16_t alpnKey = 1;
constexpr std::uint16_t dohpathKey = 7;

bool isLabel(NameView name, std::string_view lowerCase) {
  return std::ranges::equal(
      name.firstLabel(), lowerCase, {}, [](char c) { return foldCase(static_cast<std::uint8_t>(c)); },
      [](char c) { return static_cast<std::uint8_t>(c); });
}

bool isPortLabel(std::string_view label) {
  return label.size() >= 2 && label[0] == '_' &&
         std::all_of(label.begin() + 1, label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Whether the owner is that of a DNS server's parameters: "_dns.<host>" or "_<port>._dns.<host>" (RFC 9461 section 3).
bool isDnsServer(NameView owner) {
  if (owner.isRoot()) return false;
  if (isLabel(owner, "_dns")) return true;
  const NameView above = owner.parent();
  return isPortLabel(owner.firstLabel()) && !above.isRoot() && isLabel(above, "_dns");
}

// The value of a parameter of an SVCB record; nothing where it has none. The RDATA is well formed.
std::optional<ByteSpan> svcParam(ByteSpan rdata, std::uint16_t wanted) {
  const auto target = NameView::fromWire(rdata.subspan(2));
  if (!target) return std::nullopt;
  ByteSpan left = rdata.subspan(2 + target->size());
  while (left.size() >= 4) {
    const std::size_t size = std::min<std::size_t>(loadU16(left.data() + 2), left.size() - 4);
    if (loadU16(left.data()) == wanted) return left.subspan(4, size);
    left = left.subspan(4 + size);
  }
  return std::nullopt;
}

bool offersHttp(ByteSpan alpn) {
  while (!alpn.empty()) {
    const std::size_t size = std::min<std::size_t>(alpn[0], alpn.size() - 1);
    const std::string_view protocol(reinterpret_cast<const char*>(alpn.data() + 1), size);
    if (protocol == "h2" || protocol == "h3") return true;
    alpn = alpn.subspan(1 + size);
  }
  return false;
}

// What a client needs and does not find to reach the DNS server; empty where nothing is missing.
std::string_view lackingIn(ByteSpan svcb) {
  constexpr std::uint16_t aliasMode = 0;
  if (loadU16(svcb.data()) == aliasMode) return {};
  const auto alpn = svcParam(svcb, alpnKey);
  if (!alpn) return "without alpn no client knows what the server speaks (RFC 9461 section 4.1)";
  if (offersHttp(*alpn) && !svcParam(svcb, dohpathKey)) return "offers HTTP without a dohpath (RFC 9461 section 5)";
  return {};
}

// Letters, digits and hyphens in each label, no hyphen at its ends (RFC 1123 section 2.1).
bool isHostName(NameView name) {
  const auto isAlphanumeric = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  for (; !name.isRoot(); name = name.parent()) {
    const std::string_view label = name.firstLabel();
    if (!isAlphanumeric(label.front()) || !isAlphanumeric(label.back())) return false;
    if (!std::ranges::all_of(label, [&](char c) { return isAlphanumeric(c) || c == '-'; })) return false;
  }
  return true;
}

bool isReverse(NameView origin) {
  static const Name v4("in-addr.arpa.");
  static const Name v6("ip6.arpa.");
  return origin.isWithin(v4) || origin.isWithin(v6);
}

// Whether a network lists domains for service discovery at this name (RFC 6763 section 11): their PTR records need not
// name hosts.
bool isServiceDomain(NameView owner) {
  if (owner.labelCount() < 3 || !isLabel(owner.parent(), "_dns-sd") || !isLabel(owner.parent().parent(), "_udp"))
    return false;
  constexpr std::string_view questions[] = {"b", "db", "r", "dr", "lb"};
  return std::ranges::any_of(questions, [&](std::string_view question) { return isLabel(owner, question); });
}

}  // namespace

void checkSvcb(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  if (!isDnsServer(node.node.owner())) return;
  std::size_t record = 0;
  for (const ByteSpan rdata : set.rrset()) {
    const LogPlace& place = set.places[record++];
    const std::string_view problem = lackingIn(rdata);
    if (!problem.empty()) check.warning(place, fmt::format("{} SVCB: {}", node.owner(), problem));
  }
}

void checkPtr(const ZoneCheck& check, const CheckedNode& node, const CheckedSet& set) {
  if (!isReverse(node.node.owner()) || isServiceDomain(node.node.owner())) return;
  std::size_t record = 0;
  for (const ByteSpan rdata : set.rrset()) {
    const LogPlace& place = set.places[record++];
    const auto host = NameView::fromWire(rdata);
    if (host && !isHostName(*host))
      check.warning(
          place, fmt::format("{} PTR: {} is not a host's name (RFC 1123 section 2.1)", node.owner(), host->toString()));
  }
}

}  // namespace taut::detail

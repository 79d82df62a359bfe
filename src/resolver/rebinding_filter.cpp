#include "taut/resolver/rebinding_filter.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "taut/base/address_policy.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/resolver/nat64_prefix.hpp"

namespace taut {

namespace {

constexpr std::size_t sizeV4 = 4;
constexpr std::size_t sizeV6 = 16;

AddressPolicy privateNetworks() {
  AddressPolicy policy;
  for (const char* const network : {"0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                                    "192.168.0.0/16", "::", "::1", "fc00::/7", "fe80::/10", "64:ff9b:1::/48"})
    policy.refuse(network);
  return policy;
}

bool isPrivate(const Address& address) {
  static const AddressPolicy policy = privateNetworks();
  return !policy.allows(address);
}

// Of 4 or 16 octets.
bool isPrivateAddress(ByteSpan octets) {
  if (octets.size() == sizeV4) {
    std::array<std::uint8_t, sizeV4> v4;
    std::ranges::copy(octets, v4.begin());
    return isPrivate(Address::v4(v4));
  }
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::array<std::uint8_t, sizeV6> v6;
  std::ranges::copy(octets, v6.begin());
  const Address address = Address::v6(v6);
  const auto behindNat64 = Nat64Prefix().extract(address);
  return std::ranges::equal(octets.first(mapped.size()), mapped) || isPrivate(address) ||
         (behindNat64 && isPrivate(*behindNat64));
}

bool hasPrivateHint(ByteSpan rdata) {
  constexpr std::uint16_t ipv4hint = 4;
  constexpr std::uint16_t ipv6hint = 6;
  ByteReader reader(rdata);
  reader.skip(2);
  while (const std::uint8_t label = reader.u8()) reader.skip(label);
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint16_t key = reader.u16();
    ByteReader value(reader.take(reader.u16()));
    const std::size_t size = key == ipv4hint ? sizeV4 : sizeV6;
    if (key != ipv4hint && key != ipv6hint) continue;
    while (value.remaining() >= size)
      if (isPrivateAddress(value.take(size))) return true;
  }
  return false;
}

bool hasPrivateAddress(const RRset& rrset) {
  switch (rrset.type) {
    case Type::A:
      return std::ranges::any_of(rrset,
                                 [](ByteSpan rdata) { return rdata.size() == sizeV4 && isPrivateAddress(rdata); });
    case Type::AAAA:
      return std::ranges::any_of(rrset,
                                 [](ByteSpan rdata) { return rdata.size() == sizeV6 && isPrivateAddress(rdata); });
    case Type::SVCB:
    case Type::HTTPS:
      return std::ranges::any_of(rrset, hasPrivateHint);
    default:
      return false;
  }
}

bool hasPrivateAddress(const Answer& answer, Section section) {
  for (std::size_t i = 0; i < answer.entryCount(); ++i)
    if (answer.entry(i).section == section && hasPrivateAddress(answer.entry(i).rrset)) return true;
  return false;
}

}  // namespace

void RebindingFilter::setAllowedDomains(std::span<const Name> domains) {
  NameSet allowed;
  for (const Name& domain : domains) allowed.insert(domain);
  allowedDomains_ = std::move(allowed);
}

Task<std::optional<Answer>> RebindingFilter::resolve(const Query& query) {
  auto task = client_->resolve(query);
  if (!task.isReady()) return wait(std::move(task), query);
  return Task<std::optional<Answer>>::ready(filter(task.takeReady(), query));
}

Task<std::optional<Answer>> RebindingFilter::wait(Task<std::optional<Answer>> task, const Query& query) {
  auto answer = co_await std::move(task);
  co_return filter(std::move(answer), query);
}

std::optional<Answer> RebindingFilter::filter(std::optional<Answer> answer, const Query& query) const {
  if (!answer || allowedDomains_.covering(query.name())) return answer;
  if (hasPrivateAddress(*answer, Section::answer)) {
    Answer blocked = Answer::serverFailure();
    blocked.setSource(answer->source());
    if (const auto scope = answer->clientSubnetScope()) blocked.setClientSubnetScope(*scope);
    blocked.setExtendedError(ExtendedErrorCode::blocked, "private address from outside");
    return blocked;
  }
  if (hasPrivateAddress(*answer, Section::additional))
    answer->removeIf([](const Answer::Entry& entry) { return entry.section == Section::additional; });
  return answer;
}

}  // namespace taut

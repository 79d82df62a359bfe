#include "taut/resolver/local_zones.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "taut/base/address.hpp"
#include "taut/dns/address_name.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds ttl = 3h;  // of all records (RFC 6303 section 3)

const Name& localhost() {
  static const Name name("localhost.");
  return name;
}

const Name& resolverArpa() {
  static const Name name("resolver.arpa.");
  return name;
}

const Name& reverseOfLoopback(bool v4) {
  static const std::array<Name, 2> names = {reverseName(Address::loopbackV6()), reverseName(Address::loopbackV4())};
  return names[v4];
}

NameSet makeZones() {
  NameSet zones;
  for (const char* const zone : {"localhost.",
                                 "invalid.",
                                 "test.",
                                 "onion.",
                                 "home.arpa.",
                                 "resolver.arpa.",
                                 "service.arpa.",
                                 "0.in-addr.arpa.",
                                 "10.in-addr.arpa.",
                                 "127.in-addr.arpa.",
                                 "254.169.in-addr.arpa.",
                                 "168.192.in-addr.arpa.",
                                 "2.0.192.in-addr.arpa.",
                                 "100.51.198.in-addr.arpa.",
                                 "113.0.203.in-addr.arpa.",
                                 "255.255.255.255.in-addr.arpa.",
                                 "d.f.ip6.arpa.",
                                 "8.e.f.ip6.arpa.",
                                 "9.e.f.ip6.arpa.",
                                 "a.e.f.ip6.arpa.",
                                 "b.e.f.ip6.arpa.",
                                 "8.b.d.0.1.0.0.2.ip6.arpa."})
    zones.insert(Name(zone));
  for (int octet = 16; octet < 32; ++octet) zones.insert(Name(fmt::format("{}.172.in-addr.arpa.", octet)));
  for (int octet = 64; octet < 128; ++octet) zones.insert(Name(fmt::format("{}.100.in-addr.arpa.", octet)));
  zones.insert(reverseName(Address::anyV6()));
  zones.insert(reverseOfLoopback(false));
  return zones;
}

const NameSet& localZones() {
  static const NameSet zones = makeZones();
  return zones;
}

// Whether the last octets before the root's are these.
bool endsWith(NameView name, std::string_view octets) {
  if (name.size() <= octets.size()) return false;
  const std::uint8_t* const end = name.data() + name.size() - 1;
  return equalFolded(end - octets.size(), reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
}

// Whether the name may lie in a local zone. It looks at the last letter and, for few names, at the last label, since it
// is on the way of each hit where the next resolver has a cache.
bool mayBeLocal(NameView name) {
  if (name.isRoot()) return false;
  switch (foldCase(name.data()[name.size() - 2])) {
    case 'a':
      return endsWith(name, "\4arpa");
    case 'd':
      return endsWith(name, "\7invalid");
    case 'n':
      return endsWith(name, "\5onion");
    case 't':
      return endsWith(name, "\4test") || endsWith(name, "\11localhost");
    default:
      return false;
  }
}

rdata::SOA soaOf(NameView zone) {
  return {zone, Name("nobody.invalid."), 1, 3600, 1200, 604800, 10800};
}

// What the name has of the type.
void addRecords(Answer& answer, const Query& query, NameView zone) {
  const NameView name = query.name();
  const auto asks = [&](Type type) { return query.type() == type || query.type() == Type::ANY; };
  const bool isLoopback = name == reverseOfLoopback(true) || name == reverseOfLoopback(false);
  if (zone == localhost() && asks(Type::A)) answer.add(name, ttl, rdata::A(127, 0, 0, 1));
  if (zone == localhost() && asks(Type::AAAA)) answer.add(name, ttl, rdata::AAAA("::1"));
  if (isLoopback && asks(Type::PTR)) answer.add(name, ttl, rdata::PTR(localhost()));
  if (name == zone && asks(Type::SOA)) answer.add(zone, ttl, soaOf(zone));
  if (name == zone && asks(Type::NS)) answer.add(zone, ttl, rdata::NS(zone));
}

}  // namespace

void LocalZones::setExceptions(std::span<const Name> exceptions) {
  NameSet taken;
  NameSet above;
  for (const Name& exception : exceptions) {
    const auto zone = localZones().covering(exception);
    if (!zone) continue;
    taken.insert(exception);
    for (NameView name = exception; name.isBelow(*zone);) above.insert(name = name.parent());
  }
  exceptions_ = std::move(taken);
  above_ = std::move(above);
}

bool LocalZones::exists(NameView name, NameView zone) const {
  return name == zone || zone == localhost() || zone == resolverArpa() || reverseOfLoopback(true).isWithin(name) ||
         above_.contains(name);
}

std::optional<Answer> LocalZones::answer(const Query& query) const {
  const NameView name = query.name();
  if (query.rrClass() != Class::IN || !mayBeLocal(name)) return std::nullopt;
  const auto zone = localZones().covering(name);
  if (!zone || exceptions_.covering(name) || (query.type() == Type::DS && name == *zone)) return std::nullopt;
  std::optional<Answer> answer(std::in_place);
  answer->setSource(AnswerSource::zone(*zone));
  answer->setAuthoritative(true);
  addRecords(*answer, query, *zone);
  if (answer->entryCount() == 0) {
    if (!exists(name, *zone)) answer->setRcode(Rcode::NXDOMAIN);
    answer->add(*zone, ttl, soaOf(*zone), Section::authority);
  }
  return answer;
}

}  // namespace taut

#include "taut/resolver/dns64.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/address_name.hpp"
#include "taut/dns/address_octets.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rrset.hpp"

namespace taut {

// How many AAAA records the answer section has.
struct Dns64::Found {
  std::size_t usable = 0;
  std::size_t unusable = 0;
};

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t ttlWithoutSoa = 600;       // seconds (RFC 6147 section 5.1.7)
constexpr std::chrono::seconds aliasTtl = 10min;   // of reverse names
constexpr std::chrono::seconds discoveryTtl = 1h;  // of ipv4only.arpa: how soon clients learn of another prefix
constexpr std::array<Address, 2> discoveryAddresses = {Address::v4({192, 0, 0, 170}), Address::v4({192, 0, 0, 171})};

const Name& discoveryName() {
  static const Name name("ipv4only.arpa.");
  return name;
}

bool isDiscoveryReverse(NameView name) {
  static const std::array<Name, 2> names = {reverseName(discoveryAddresses[0]), reverseName(discoveryAddresses[1])};
  return std::ranges::any_of(names, [&](const Name& reverse) { return reverse == name; });
}

bool isSignatureOf(Type covered, const RRset& rrset) {
  return rrset.type == Type::RRSIG && rrset.front().size() >= 2 &&
         loadU16(rrset.front().data()) == static_cast<std::uint16_t>(covered);
}

bool isMapped(ByteSpan v6) {
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::ranges::equal(v6.first(mapped.size()), mapped);
}

bool isFailure(const Answer& answer) {
  return answer.rcode() != Rcode::NOERROR && answer.rcode() != Rcode::NXDOMAIN;
}

// Whether a server may have said so because it does not know AAAA.
bool isUnexplained(const Answer& failure) {
  const ExtendedError* const reason = failure.extendedError();
  return !reason || reason->code == ExtendedErrorCode::noReachableAuthority ||
         reason->code == ExtendedErrorCode::networkError || reason->code == ExtendedErrorCode::invalidData;
}

// Whether it is worth while to ask for A, where the answer has no usable AAAA record.
bool leavesRoomForA(const Answer& native) {
  if (native.isNoReply() || native.truncated() || native.transient() || native.rcode() == Rcode::NXDOMAIN) return false;
  return native.rcode() == Rcode::NOERROR || isUnexplained(native);
}

std::uint32_t ttlLimit(const Answer& native) {
  for (std::size_t i = 0; i < native.entryCount(); ++i) {
    const Answer::Entry& entry = native.entry(i);
    if (entry.section == Section::authority && entry.rrset.type == Type::SOA) return entry.rrset.ttl;
  }
  return ttlWithoutSoa;
}

// What is said of an answer beside its records, copied to another one that is made of it.
void describeAs(Answer& made, const Answer& from) {
  const AnswerSource source = from.source();
  const auto zone = source.zone();
  made.setSource(zone ? AnswerSource::zone(made.keep(*zone)) : source);
  made.setTransient(from.transient());
  if (const auto scope = from.clientSubnetScope()) made.setClientSubnetScope(*scope);
  if (const ExtendedError* const error = from.extendedError()) made.setExtendedError(error->code, error->text);
}

}  // namespace

Task<std::optional<Answer>> Dns64::resolve(const Query& query) {
  const bool validates = query.dnssecOk() && query.checkingDisabled();
  if (validates || query.rrClass() != Class::IN) return client_->resolve(query);
  if (auto answer = discovery(query)) return Task<std::optional<Answer>>::ready(std::move(answer));
  if (query.type() == Type::AAAA) return resolveAddress(query);
  if (query.type() == Type::PTR || query.type() == Type::CNAME || query.type() == Type::ANY) {
    const auto v6 = addressOfReverseName(query.name());
    const auto v4 = v6 ? options_.prefix.extract(*v6) : std::nullopt;
    if (v4) return resolveReverse(query, reverseName(*v4));
  }
  return client_->resolve(query);
}

std::optional<Answer> Dns64::discovery(const Query& query) const {
  const bool isName = query.name() == discoveryName() && (query.type() == Type::A || query.type() == Type::AAAA);
  const bool isReverse = query.type() == Type::PTR && isDiscoveryReverse(query.name());
  if (!isName && !isReverse) return std::nullopt;
  std::optional<Answer> answer(std::in_place);
  if (isReverse) {
    answer->add(query.name(), discoveryTtl, rdata::PTR(discoveryName()));
    return answer;
  }
  const auto ttl = static_cast<std::uint32_t>(discoveryTtl.count());
  for (const Address& v4 : discoveryAddresses) {
    const Address address = query.type() == Type::A ? v4 : options_.prefix.embed(v4);
    answer->addRecord(Section::answer, query.name(), query.type(), Class::IN, ttl, address.bytes());
  }
  return answer;
}

Task<std::optional<Answer>> Dns64::resolveAddress(const Query& query) {
  auto task = client_->resolve(query);
  if (!task.isReady()) return wait(std::move(task), query);
  return complete(task.takeReady(), query);
}

Task<std::optional<Answer>> Dns64::wait(Task<std::optional<Answer>> task, const Query& query) {
  auto native = co_await std::move(task);
  auto completed = complete(std::move(native), query);
  auto answer = co_await std::move(completed);
  co_return answer;
}

Task<std::optional<Answer>> Dns64::complete(std::optional<Answer> native, const Query& query) {
  if (!native) return Task<std::optional<Answer>>::ready(std::nullopt);
  const Found found = look(*native);
  if (found.unusable > 0) removeUnusable(*native);
  if (found.usable > 0 || !leavesRoomForA(*native)) return Task<std::optional<Answer>>::ready(std::move(native));
  return askForA(std::move(*native), query);
}

Task<std::optional<Answer>> Dns64::askForA(Answer native, const Query& query) {
  const Query asked = query.withQuestion(query.name(), Type::A);
  auto v4 = co_await client_->resolve(asked);
  if (!v4) co_return native;
  if (isFailure(*v4) && !isFailure(native)) co_return v4;
  auto made = synthesise(native, *v4);
  if (made) co_return made;
  co_return native;
}

Task<std::optional<Answer>> Dns64::resolveReverse(const Query& query, Name target) {
  Answer answer;
  answer.add(query.name(), aliasTtl, rdata::CNAME(target));
  if (query.type() != Type::PTR) co_return answer;
  const Query asked = query.withQuestion(target, Type::PTR);
  auto found = co_await resolve(asked);
  if (!found) co_return answer;
  if (found->isNoReply() || found->truncated()) co_return found;
  answer.setRcode(found->rcode());
  describeAs(answer, *found);
  for (std::size_t i = 0; i < found->entryCount(); ++i) {
    const Answer::Entry& entry = found->entry(i);
    if (entry.section != Section::additional) answer.addRRset(entry.section, entry.rrset);
  }
  co_return answer;
}

bool Dns64::isUsable(ByteSpan rdata) const {
  const auto address = rdata.size() == 16 ? addressOfOctets(rdata) : std::nullopt;
  return address && !isMapped(rdata) && options_.usable.allows(*address);
}

Dns64::Found Dns64::look(const Answer& answer) const {
  Found found;
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    const Answer::Entry& entry = answer.entry(i);
    if (entry.section != Section::answer || entry.rrset.type != Type::AAAA) continue;
    for (const ByteSpan rdata : entry.rrset) ++(isUsable(rdata) ? found.usable : found.unusable);
  }
  return found;
}

// What is left of an RRset has lost its signature.
void Dns64::removeUnusable(Answer& answer) const {
  std::vector<RRset> addresses;
  answer.removeIf([&](const Answer::Entry& entry) {
    if (entry.section != Section::answer) return false;
    if (entry.rrset.type == Type::AAAA) addresses.push_back(entry.rrset);
    return entry.rrset.type == Type::AAAA || isSignatureOf(Type::AAAA, entry.rrset);
  });
  for (const RRset& rrset : addresses)
    for (const ByteSpan rdata : rrset)
      if (isUsable(rdata)) answer.addRecord(Section::answer, rrset.owner, Type::AAAA, rrset.rrClass, rrset.ttl, rdata);
  answer.setAuthenticData(false);
}

// Nothing where there is no A record that may be embedded.
std::optional<Answer> Dns64::synthesise(const Answer& native, const Answer& v4) const {
  std::optional<Answer> made(std::in_place);
  const std::uint32_t limit = ttlLimit(native);
  bool hasAddress = false;
  for (std::size_t i = 0; i < v4.entryCount(); ++i) {
    const Answer::Entry& entry = v4.entry(i);
    const RRset& rrset = entry.rrset;
    if (entry.section != Section::answer || isSignatureOf(Type::A, rrset)) continue;
    if (rrset.type != Type::A) {
      made->addRRset(Section::answer, rrset);
      continue;
    }
    for (const ByteSpan rdata : rrset) {
      const auto address = rdata.size() == 4 ? addressOfOctets(rdata) : std::nullopt;
      if (!address || !options_.prefix.mayEmbed(*address)) continue;
      const Address embedded = options_.prefix.embed(*address);
      const std::uint32_t ttl = std::min(rrset.ttl, limit);
      made->addRecord(Section::answer, rrset.owner, Type::AAAA, rrset.rrClass, ttl, embedded.bytes());
      hasAddress = true;
    }
  }
  if (!hasAddress) return std::nullopt;
  describeAs(*made, v4);
  const auto scope = native.clientSubnetScope();
  if (scope && *scope > v4.clientSubnetScope().value_or(0)) made->setClientSubnetScope(*scope);
  return made;
}

}  // namespace taut

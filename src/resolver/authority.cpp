#include "taut/resolver/authority.hpp"

#include <algorithm>
#include <array>

#include "denial.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

class Authority::Snapshot final : public PinnedStorage {
 public:
  explicit Snapshot(std::shared_ptr<const ZoneSet> zones) : zones_(std::move(zones)) {}
  const ZoneSet& zones() const { return *zones_; }

 private:
  std::shared_ptr<const ZoneSet> zones_;
};

namespace {

// Aliases that one answer follows. Chains that long are mistakes; the bound keeps the work for a question small.
constexpr std::size_t maxAliases = 20;

// Where the next alias leads; nothing when the answer is complete.
using NextName = std::optional<Name>;

// The answer to one question while it is made: the algorithm of RFC 1034 section 4.3.2, one function for each outcome.
class Resolution {
 public:
  Resolution(const ZoneSet& zones, const Query& query, Answer& answer)
      : zones_(zones), query_(query), answer_(answer), dnssec_(query.dnssecOk()) {}

  // False where no zone encloses the question's name.
  bool run() {
    const Zone* zone = zoneFor(query_.name());
    if (!zone) return false;
    if (!zone->isLoaded()) {
      answer_.setRcode(Rcode::SERVFAIL);
      answer_.setExtendedError(ExtendedErrorCode::notReady, "the zone is not loaded");
      return true;
    }
    NextName name = answerFrom(*zone, query_.name());
    for (std::size_t aliases = 1; name && aliases < maxAliases && !wasFollowed(*name); ++aliases) {
      zone = zoneFor(*name);
      if (!zone || !zone->isLoaded()) break;
      name = answerFrom(*zone, answer_.keep(*name));
    }
    return true;
  }

 private:
  // The zone to ask about a name; DS lies on the parent's side of a cut (RFC 4035 section 3.1.4.1).
  const Zone* zoneFor(NameView name) const {
    const Zone* const zone = zones_.find(name, query_.rrClass());
    if (zone && query_.type() == Type::DS && zone->origin() == name)
      if (const Zone* const parent = zones_.findParent(name, query_.rrClass())) return parent;
    return zone;
  }

  // Whether the chain of aliases came from this name already.
  bool wasFollowed(NameView name) const {
    for (std::size_t i = 0; i < answer_.entryCount(); ++i) {
      const RRset& rrset = answer_.entry(i).rrset;
      if (rrset.type == Type::CNAME && rrset.owner == name) return true;
    }
    return false;
  }

  NextName answerFrom(const Zone& zone, NameView name) {
    const ZoneLookup found = zone.find(name);
    const bool atParent = query_.type() == Type::DS && found.cut && found.cut == found.node;
    if (found.cut && !atParent) return refer(zone, found.cut);
    if (answer_.entryCount() == 0) answer_.setAuthoritative(true);
    if (found.dname) return redirect(found.dname, name);
    if (found.node) return answerNode(zone, name, found, found.node);
    if (found.wildcard) return answerNode(zone, name, found, found.wildcard);
    return nameError(zone, name, found);
  }

  NextName answerNode(const Zone& zone, NameView name, const ZoneLookup& found, ZoneNode node) {
    if (query_.type() == Type::ANY) return answerAny(zone, name, found, node);
    if (query_.type() == Type::RRSIG) return answerSignatures(zone, name, found, node);
    if (const ZoneRRset set = node.rrset(query_.type())) {
      addAnswer(name, found, set);
      proveExpansion(zone, name, found);
      addTargets(set);
      return std::nullopt;
    }
    if (node.hasCname()) return follow(zone, name, found, node.rrset(Type::CNAME));
    return noData(zone, name, found, node);
  }

  // A wildcard's records are given under the name that was asked for (RFC 4592 section 2.1).
  RRset named(NameView name, const ZoneLookup& found, RRset rrset) {
    if (found.node) return rrset;
    if (answer_.entryCount() == 0) answer_.setSourceOfSynthesis(found.wildcard.owner());
    rrset.owner = answer_.keep(name);
    return rrset;
  }

  void addAnswer(NameView name, const ZoneLookup& found, const ZoneRRset& set) {
    answer_.addRRset(Section::answer, named(name, found, set.data));
    if (dnssec_ && set.rrsig.count != 0) answer_.addRRset(Section::answer, named(name, found, set.rrsig));
  }

  void proveExpansion(const Zone& zone, NameView name, const ZoneLookup& found) {
    if (dnssec_ && !found.node) Denial(zone, answer_).wildcardAnswer(name, found.encloser);
  }

  // Over UDP one RRset is enough (RFC 8482 section 4.1): whoever wants them all asks over TCP.
  NextName answerAny(const Zone& zone, NameView name, const ZoneLookup& found, ZoneNode node) {
    for (const RRset rrset : node) {
      if (rrset.type == Type::RRSIG) continue;
      const ZoneRRset set = node.rrset(rrset.type);
      addAnswer(name, found, set);
      if (query_.transport() == Transport::udp) break;
    }
    if (answer_.recordCount(Section::answer) == 0) return noData(zone, name, found, node);
    proveExpansion(zone, name, found);
    return std::nullopt;
  }

  NextName answerSignatures(const Zone& zone, NameView name, const ZoneLookup& found, ZoneNode node) {
    const std::size_t before = answer_.entryCount();
    for (const RRset rrset : node)
      if (rrset.type == Type::RRSIG) answer_.addRRset(Section::answer, named(name, found, rrset));
    if (answer_.entryCount() == before) return noData(zone, name, found, node);
    proveExpansion(zone, name, found);
    return std::nullopt;
  }

  NextName follow(const Zone& zone, NameView name, const ZoneLookup& found, const ZoneRRset& alias) {
    addAnswer(name, found, alias);
    proveExpansion(zone, name, found);
    const auto target = NameView::fromWire(alias.data.front());
    return target ? NextName(*target) : std::nullopt;
  }

  // RFC 6672 section 3.2: the DNAME, and a CNAME made for this name; a name that grows too long is YXDOMAIN.
  NextName redirect(ZoneNode node, NameView name) {
    const ZoneRRset dname = node.rrset(Type::DNAME);
    if (!hasRRset(dname.data)) {
      answer_.addRRset(Section::answer, dname.data);
      if (dnssec_ && dname.rrsig.count != 0) answer_.addRRset(Section::answer, dname.rrsig);
    }
    const auto to = NameView::fromWire(dname.data.front());
    if (!to) return std::nullopt;
    const auto target = Name::substitute(name, node.owner(), *to);
    if (!target) {
      answer_.setRcode(Rcode::YXDOMAIN);
      return std::nullopt;
    }
    answer_.addRecord(Section::answer, name, Type::CNAME, dname.data.rrClass, dname.data.ttl, target->wire());
    if (query_.type() == Type::CNAME) return std::nullopt;
    return target;
  }

  NextName refer(const Zone& zone, ZoneNode cut) {
    const ZoneRRset nameServers = cut.rrset(Type::NS);
    answer_.addRRset(Section::authority, nameServers.data);
    if (dnssec_ && zone.isSigned()) {
      if (const ZoneRRset ds = cut.rrset(Type::DS)) {
        answer_.addRRset(Section::authority, ds.data);
        if (ds.rrsig.count != 0) answer_.addRRset(Section::authority, ds.rrsig);
      } else {
        Denial(zone, answer_).noData(cut);
      }
    }
    addGlue(cut, nameServers);
    return std::nullopt;
  }

  // Addresses below the cut can be had nowhere else, so they go first and are required (RFC 9471 section 3).
  void addGlue(ZoneNode cut, const ZoneRRset& nameServers) {
    if (!nameServers.hasTargets()) return;
    for (const bool required : {true, false}) {
      std::size_t record = 0;
      for (const ByteSpan rdata : nameServers.data) {
        const ZoneNode host = nameServers.target(record++);
        const auto name = NameView::fromWire(rdata);
        if (host && name && name->isWithin(cut.owner()) == required) addAddresses(host, *name, required);
      }
    }
  }

  void addAddresses(ZoneNode host, NameView name, bool required) {
    addAdditional(host, Type::A, name, required);
    addAdditional(host, Type::AAAA, name, required);
  }

  void addAdditional(ZoneNode host, Type type, NameView name, bool required) {
    ZoneRRset set = host.rrset(type);
    if (!set) return;
    if (host.isWildcard()) set.data.owner = set.rrsig.owner = name;
    if (hasRRset(set.data)) return;
    if (required)
      answer_.addGlue(set.data);
    else
      answer_.addAdditional(set.data);
    if (dnssec_ && set.rrsig.count != 0) answer_.addAdditional(set.rrsig);
  }

  // What the client will ask for next: addresses of the hosts that the records name, and for the records that lead to a
  // service (RFC 3403 section 4.1, RFC 9460 section 4.1) the service's own.
  void addTargets(const ZoneRRset& set) {
    if (!set.hasTargets()) return;
    std::size_t record = 0;
    for (const ByteSpan rdata : set.data) {
      const ZoneNode host = set.target(record++);
      const auto name = host ? additionalName(set.data.type, rdata) : std::nullopt;
      if (!name) continue;
      if (set.data.type == Type::NAPTR) addAdditional(host, Type::SRV, *name, false);
      if (set.data.type == Type::SVCB || set.data.type == Type::HTTPS) addAdditional(host, set.data.type, *name, false);
      addAddresses(host, *name, false);
    }
  }

  bool hasRRset(const RRset& rrset) const {
    for (std::size_t i = 0; i < answer_.entryCount(); ++i) {
      const RRset& other = answer_.entry(i).rrset;
      if (other.rdata == rrset.rdata && other.owner == rrset.owner) return true;
    }
    return false;
  }

  NextName noData(const Zone& zone, NameView name, const ZoneLookup& found, ZoneNode node) {
    addSoa(zone);
    if (!dnssec_) return std::nullopt;
    if (found.node)
      Denial(zone, answer_).noData(node);
    else
      Denial(zone, answer_).wildcardNoData(name, found.encloser, node);
    return std::nullopt;
  }

  NextName nameError(const Zone& zone, NameView name, const ZoneLookup& found) {
    answer_.setRcode(Rcode::NXDOMAIN);
    addSoa(zone);
    if (dnssec_) Denial(zone, answer_).nameError(name, found.encloser);
    return std::nullopt;
  }

  void addSoa(const Zone& zone) {
    const ZoneRRset soa = zone.negativeSoa();
    answer_.addRRset(Section::authority, soa.data);
    if (dnssec_ && soa.rrsig.count != 0) answer_.addRRset(Section::authority, soa.rrsig);
  }

  const ZoneSet& zones_;
  const Query& query_;
  Answer& answer_;
  const bool dnssec_;
};

}  // namespace

Authority::Authority(std::shared_ptr<const ZoneSet> zones) {
  replace(std::move(zones));
}

Authority::~Authority() = default;

void Authority::replace(std::shared_ptr<const ZoneSet> zones) {
  snapshot_ = LocalRef<const Snapshot>(new Snapshot(std::move(zones)));
}

const ZoneSet& Authority::zones() const {
  return snapshot_->zones();
}

Task<std::optional<Answer>> Authority::resolve(const Query& query) {
  return Task<std::optional<Answer>>::ready(answer(query));
}

void Authority::prefetch(std::span<const Query* const> queries) const {
  if (!zones().isLarge()) return;
  std::array<ZoneSet::LookAhead, 32> ahead;
  for (; !queries.empty(); queries = queries.subspan(std::min(queries.size(), ahead.size()))) {
    const std::size_t count = std::min(queries.size(), ahead.size());
    for (std::size_t i = 0; i < count; ++i) ahead[i] = {zones(), queries[i]->name()};
    for (std::size_t i = 0; i < count; ++i) ahead[i].askForZone();
    for (std::size_t i = 0; i < count; ++i) ahead[i].askForIndex();
    for (std::size_t i = 0; i < count; ++i) ahead[i].askForNode();
  }
}

std::optional<Answer> Authority::answer(const Query& query) const {
  std::optional<Answer> answer(std::in_place);
  if (!Resolution(zones(), query, *answer).run()) return std::nullopt;
  answer->pin(*snapshot_);
  return answer;
}

}  // namespace taut

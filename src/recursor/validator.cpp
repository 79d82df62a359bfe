#include "validator.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "taut/dnssec/rrsig.hpp"

namespace taut {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::microseconds maxCryptoInTurn{1000};
constexpr std::chrono::seconds bogusTtl{60};
constexpr std::chrono::seconds leastKeyTtl{5};

std::string described(std::string_view what, NameView owner, Type type) {
  std::string text(what);
  text += ": ";
  text += owner.toString();
  text += ' ';
  text += toString(type);
  return text;
}

Validator::Verdict bogus(ExtendedErrorCode code, std::string text) {
  Validator::Verdict verdict;
  verdict.security = SecurityState::bogus;
  verdict.reason = Reason{code, std::move(text)};
  return verdict;
}

Validator::Verdict insecure() {
  Validator::Verdict verdict;
  verdict.security = SecurityState::insecure;
  return verdict;
}

Validator::Verdict unknown(std::optional<Reason> reason) {
  Validator::Verdict verdict;
  verdict.reason = std::move(reason);
  return verdict;
}

Validator::Verdict faulty(ValidationFault fault, NameView owner, Type type) {
  Reason reason{extendedErrorOf(fault), described(describe(fault), owner, type)};
  if (fault == ValidationFault::budgetSpent) return unknown(std::move(reason));
  return bogus(reason.code, std::move(reason.text));
}

Validator::Verdict verdictOf(DenialProof proof) {
  Validator::Verdict verdict;
  switch (proof) {
    case DenialProof::missing:
      return bogus(ExtendedErrorCode::nsecMissing, "no proof of what is said not to exist");
    case DenialProof::budgetSpent:
      return unknown(Reason{ExtendedErrorCode::other, "more than 600 NSEC3 hashes"});
    case DenialProof::tooManyIterations:
      verdict = insecure();
      verdict.reason = Reason{ExtendedErrorCode::unsupportedNsec3Iterations, "NSEC3 with more than 50 iterations"};
      return verdict;
    case DenialProof::optOut:
      return insecure();
    case DenialProof::proven:
      verdict.security = SecurityState::secure;
      break;
  }
  return verdict;
}

// The zone that has signed an RRset, as far as a server of `zone` may say: at the owner or above it. A DS is not signed
// by the zone that it is of (RFC 4035 section 2.4).
std::optional<NameView> signerOf(const ScrubbedRRset& data, NameView zone) {
  for (const ByteSpan rdata : data.signatures) {
    const auto signature = RrsigView::parse(rdata);
    if (!signature || signature->typeCovered() != data.rrset.type) continue;
    const NameView signer = signature->signer();
    const NameView owner = data.rrset.owner;
    const bool mayHave = data.rrset.type == Type::DS ? owner.isBelow(signer) : owner.isWithin(signer);
    if (mayHave && signer.isWithin(zone)) return signer;
  }
  return std::nullopt;
}

bool isProof(const ScrubbedRRset& data) {
  return data.section == Section::authority && (data.rrset.type == Type::NSEC || data.rrset.type == Type::NSEC3);
}

// How many RRsets of the answer section, from `first` on, belong to the link of one name.
std::size_t partsOfLink(std::span<const ScrubbedRRset> rrsets, std::size_t first, Type type) {
  const ScrubbedRRset& begin = rrsets[first];
  std::size_t end = first + 1;
  if (begin.rrset.type == Type::DNAME && end < rrsets.size() && rrsets[end].synthesised) return 2;
  while (type == Type::ANY && end < rrsets.size() && rrsets[end].section == Section::answer &&
         rrsets[end].rrset.owner == begin.rrset.owner)
    ++end;
  return end - first;
}

}  // namespace

bool Validator::expectsSignatures(NameView name) const {
  if (!recursion_.validates()) return false;
  const TrustAnchors::Anchor* const anchor = recursion_.anchors->closest(name);
  if (!anchor) return false;
  const auto* const exception = recursion_.exceptions.covers(name, recursion_.now());
  return !exception || anchor->zone.isBelow(exception->name);
}

Task<> Validator::yieldIfBusy(Fetch& fetch) {
  Work& work = *fetch.work;
  if (work.cryptoAtYield - work.crypto.left() < maxCryptoInTurn) co_return;
  work.cryptoAtYield = work.crypto.left();
  co_await recursion_.shard.nextTurn();
}

void Validator::beginKeys(Fetch& fetch, const Cut& cut) {
  if (cut.fixed || cut.security() != DelegationSecurity::secure || !expectsSignatures(cut.zone())) return;
  if (fetch.type == Type::DNSKEY && fetch.name == cut.zone()) return;
  if (recursion_.keys.find(cut.zone(), recursion_.now()) || fetches_.lookup(cut.zone(), Type::DNSKEY)) return;
  fetches_.begin(fetch, Budget::Purpose::keys, cut.zone(), Type::DNSKEY);
}

// ---- zones

std::optional<Validator::Ds> Validator::knownDs(NameView zone) const {
  Ds ds;
  if (const TrustAnchors::Anchor* const anchor = recursion_.anchors->find(zone)) {
    ds.security = SecurityState::secure;
    ds.anchors = recursion_.anchors;
    ds.rrset = anchor->ds();
    ds.expiry = TimePoint::max();
    return ds;
  }
  ds.security = SecurityState::insecure;
  if (zone.isRoot()) return ds;
  // What the operator has fixed is often not known to the public, which would make it bogus.
  for (const FixedZone& fixed : recursion_.options.zones)
    if (fixed.zone == zone) return ds;
  ds.delegation = recursion_.delegations.find(zone, recursion_.now());
  if (!ds.delegation || ds.delegation->security() == DelegationSecurity::unproven) return std::nullopt;
  if (ds.delegation->security() == DelegationSecurity::insecure) return ds;
  ds.security = SecurityState::secure;
  ds.rrset = ds.delegation->ds();
  ds.expiry = ds.delegation->expiry();
  if (ds.rrset.count == 0) return std::nullopt;
  return ds;
}

Validator::Ds Validator::dsFrom(const LocalRef<const Link>& link) {
  Ds ds;
  if (!link) return ds;
  ds.security = link->security;
  ds.reason = link->reason;
  ds.expiry = link->expiry;
  ds.link = link;
  if (link->kind == Link::Kind::failure || link->security != SecurityState::secure) return ds;
  if (const CachedRRset* const found = link->find(Type::DS)) {
    ds.rrset = found->rrset(found->expiry());
    return ds;
  }
  ds.isCut = false;
  switch (link->delegation) {
    case DelegationProof::insecure:
    case DelegationProof::optOut:
    case DelegationProof::tooManyIterations:
      ds.security = SecurityState::insecure;
      break;
    default:
      break;
  }
  return ds;
}

Task<Validator::Ds> Validator::dsOf(Fetch& fetch, Name zone) {
  if (auto known = knownDs(zone)) co_return std::move(*known);
  auto link = co_await fetches_.get(fetch, Budget::Purpose::keys, zone, Type::DS);
  Ds ds = dsFrom(link);
  co_return ds;
}

Validator::Verdict Validator::Ds::verdict() const {
  Verdict verdict;
  verdict.security = security;
  verdict.reason = reason;
  return verdict;
}

Task<Validator::Verdict> Validator::trustOf(Fetch& fetch, Name zone) {
  if (!expectsSignatures(zone)) co_return insecure();
  Verdict verdict;
  const bool isForKeys = fetch.type == Type::DNSKEY && fetch.name == zone;
  if (!isForKeys) verdict.trust = recursion_.keys.find(zone, recursion_.now());
  if (!verdict.trust) {
    const Ds ds = co_await dsOf(fetch, zone);
    if (ds.security != SecurityState::secure) co_return ds.verdict();
    // The servers have no keys, or none that they sign, of a zone that has to be signed.
    if (isForKeys) co_return bogus(ExtendedErrorCode::dnskeyMissing, "no DNSKEY of " + zone.toString());
    if (!ds.isCut)
      co_return bogus(ExtendedErrorCode::dnssecBogus, "signed by a name that is no zone: " + zone.toString());
    auto link = co_await fetches_.get(fetch, Budget::Purpose::keys, zone, Type::DNSKEY);
    verdict.trust = recursion_.keys.find(zone, recursion_.now());
    if (!verdict.trust && !link) co_return verdict;
    if (!verdict.trust) {
      const CachedRRset* const keys = link->find(Type::DNSKEY);
      if (link->kind == Link::Kind::failure) co_return unknown(link->reason);
      if (!keys) co_return bogus(ExtendedErrorCode::dnskeyMissing, "no DNSKEY of " + zone.toString());
      verdict.trust = makeLocalRef<ZoneTrust>(zone, link->security, link->expiry);
      verdict.trust->reason = link->reason;
      if (link->security == SecurityState::secure) verdict.trust->keys.emplace(zone, keys->rrset(recursion_.now()));
      recursion_.keys.store(verdict.trust);
    }
  }
  verdict.security = verdict.trust->security;
  verdict.reason = verdict.trust->reason;
  co_return verdict;
}

// The DNSKEY RRset of a zone, which its DS records vouch for (RFC 4035 section 5.2).
Task<Validator::Verdict> Validator::authenticate(Fetch& fetch, const ScrubbedRRset& keys) {
  const Name zone = keys.rrset.owner;
  const Ds ds = co_await dsOf(fetch, zone);
  Verdict verdict;
  if (ds.security != SecurityState::secure) co_return ds.verdict();
  if (!ds.isCut) co_return bogus(ExtendedErrorCode::dnssecBogus, "DNSKEY of no zone: " + zone.toString());
  KeysVerdict found = authenticateKeys(zone, keys.rrset, keys.signatures, ds.rrset, recursion_.options.algorithms,
                                       signatureTime(recursion_.wallTime()), fetch.work->crypto);
  const TimePoint now = recursion_.now();
  if (fetch.isTraced())
    fetch.note(now, "the keys of " + zone.toString() +
                        (found.security == KeysVerdict::Security::secure ? " are vouched for by its DS"
                                                                         : ": " + std::string(describe(found.fault))));
  TimePoint expiry = now + bogusTtl;
  if (found.security == KeysVerdict::Security::secure) {
    verdict.security = SecurityState::secure;
    verdict.signature = found.signature;
    const auto ttl = std::max<std::chrono::seconds>(std::chrono::seconds(found.signature.ttl), leastKeyTtl);
    expiry = std::min<TimePoint>(now + ttl, ds.expiry);
  } else {
    verdict = faulty(found.fault, zone, Type::DNSKEY);
    if (found.security == KeysVerdict::Security::insecure) verdict.security = SecurityState::insecure;
  }
  if (verdict.security != SecurityState::indeterminate) {
    verdict.trust = makeLocalRef<ZoneTrust>(zone, verdict.security, expiry);
    verdict.trust->reason = verdict.reason;
    verdict.trust->keys = std::move(found.keys);
    // Of what is bogus another server may have what is right: that is known when the fetch has ended.
    if (verdict.security != SecurityState::bogus) recursion_.keys.store(verdict.trust);
  }
  co_await yieldIfBusy(fetch);
  co_return verdict;
}

Task<Validator::Verdict> Validator::judgeReferral(Fetch& fetch, const Cut& cut, const Scrubbed& referral) {
  const Name child = referral.name();
  const Name parent = cut.zone();
  if (!expectsSignatures(child)) co_return insecure();
  Verdict verdict;
  verdict.security = SecurityState::secure;
  if (recursion_.anchors->find(child)) co_return verdict;
  if (cut.distrust) co_return bogus(cut.distrust->code, cut.distrust->text);
  verdict = co_await trustOf(fetch, parent);
  if (!verdict.isSecure()) co_return verdict;
  if (const ScrubbedRRset* const ds = referral.find(Section::authority, Type::DS)) {
    const LocalRef<ZoneTrust> trust = verdict.trust;
    Verdict verified = co_await verifyWith(fetch, trust, *ds);
    if (verified.isSecure() && usableDs(ds->rrset, recursion_.options.algorithms).empty()) {
      verified.security = SecurityState::insecure;
      verified.reason =
          Reason{ExtendedErrorCode::unsupportedDsDigestType, described("no DS that is validated", child, Type::DS)};
    }
    co_return verified;
  }
  DenialRecords records(verdict.trust->zone());
  co_await addProofs(fetch, *verdict.trust, referral, records);
  switch (records.delegation(child, fetch.work->crypto)) {
    case DelegationProof::insecure:
    case DelegationProof::optOut:
      co_return insecure();
    case DelegationProof::tooManyIterations:
      co_return verdictOf(DenialProof::tooManyIterations);
    case DelegationProof::budgetSpent:
      co_return verdictOf(DenialProof::budgetSpent);
    case DelegationProof::noDelegation:
      co_return bogus(ExtendedErrorCode::dnssecBogus,
                      "a referral to what is proven to be no zone: " + child.toString());
    case DelegationProof::missing:
      break;
  }
  // The server has left out what it should have sent.
  const Ds ds = co_await dsOf(fetch, child);
  if (ds.security == SecurityState::secure && !ds.isCut)
    co_return bogus(ExtendedErrorCode::nsecMissing, "no proof that there is no DS: " + child.toString());
  co_return ds.verdict();
}

// ---- RRsets

Task<Validator::Verdict> Validator::verify(Fetch& fetch, const Cut& cut, const ScrubbedRRset& data) {
  const Name owner = data.rrset.owner;
  // Signatures have none themselves (RFC 4035 section 2.2).
  if (!expectsSignatures(owner) || data.rrset.type == Type::RRSIG) co_return insecure();
  if (cut.distrust) co_return bogus(cut.distrust->code, cut.distrust->text);
  // Unsigned keys, too, are for the DS records to judge: who asked for the keys of the zone would wait for itself.
  if (data.rrset.type == Type::DNSKEY && owner == cut.zone()) {
    Verdict verdict = co_await authenticate(fetch, data);
    co_return verdict;
  }
  const auto signedBy = signerOf(data, cut.zone());
  if (!signedBy) {
    Verdict verdict = co_await judgeUnsigned(fetch, cut, owner, data.rrset.type);
    co_return verdict;
  }
  const Name signer = *signedBy;
  if (data.rrset.type == Type::DNSKEY && signer == owner) {
    Verdict verdict = co_await authenticate(fetch, data);
    co_return verdict;
  }
  Verdict trusted = co_await trustOf(fetch, signer);
  if (!trusted.isSecure()) co_return trusted;
  const LocalRef<ZoneTrust> trust = trusted.trust;
  Verdict verdict = co_await verifyWith(fetch, trust, data);
  co_return verdict;
}

Task<Validator::Verdict> Validator::verifyWith(Fetch& fetch, LocalRef<ZoneTrust> trust, const ScrubbedRRset& data) {
  Verdict verdict;
  const auto verified = verifyRRset(data.rrset, data.signatures, *trust->keys, recursion_.options.algorithms,
                                    signatureTime(recursion_.wallTime()), fetch.work->crypto);
  if (verified) {
    verdict.security = SecurityState::secure;
    verdict.signature = *verified;
  } else {
    verdict = faulty(verified.error(), data.rrset.owner, data.rrset.type);
  }
  verdict.trust = std::move(trust);
  if (fetch.isTraced())
    fetch.note(recursion_.now(),
               described(verified ? "signature verified" : verdict.reason->text, data.rrset.owner, data.rrset.type));
  co_await yieldIfBusy(fetch);
  co_return verdict;
}

// Data without signatures, or the absence of a name: insecure where a delegation without DS lies between the zone that
// was asked and the name, which one server may hide that serves both sides of it; else bogus.
Task<Validator::Verdict> Validator::judgeUnsigned(Fetch& fetch, const Cut& cut, Name owner, Type type) {
  const Name zone = cut.zone();
  Verdict verdict = co_await trustOf(fetch, zone);
  if (!verdict.isSecure()) co_return verdict;
  const std::size_t last = owner.labelCount() - (type == Type::DS ? 1 : 0);
  for (std::size_t labels = zone.labelCount() + 1; labels <= last; ++labels) {
    const Name name = owner.suffix(labels);
    const Ds ds = co_await dsOf(fetch, name);
    if (ds.security == SecurityState::insecure) co_return insecure();
    if (ds.security != SecurityState::secure) co_return ds.verdict();
    if (ds.link && ds.link->kind == Link::Kind::nameError) break;
  }
  co_return bogus(ExtendedErrorCode::rrsigsMissing, described("no RRSIG", owner, type));
}

Task<> Validator::addProofs(Fetch& fetch, ZoneTrust& trust, const Scrubbed& reply, DenialRecords& records) {
  for (const ScrubbedRRset& data : reply.rrsets()) {
    if (!isProof(data)) continue;
    const auto verified = verifyRRset(data.rrset, data.signatures, *trust.keys, recursion_.options.algorithms,
                                      signatureTime(recursion_.wallTime()), fetch.work->crypto);
    if (verified) {
      records.add(data.rrset, *verified);
      keepProof(trust, data, *verified);
    }
    co_await yieldIfBusy(fetch);
  }
}

// ---- links

Task<LocalRef<Link>> Validator::judge(Fetch& fetch, const Cut& cut, const Scrubbed& reply) {
  LocalRef<Link> first;
  Name name = fetch.name;
  const std::span<const ScrubbedRRset> rrsets = reply.rrsets();
  for (std::size_t at = 0; at < rrsets.size() && rrsets[at].section == Section::answer;) {
    const std::size_t count = partsOfLink(rrsets, at, fetch.type);
    auto link = co_await judgeLink(fetch, cut, reply, at, count, name);
    const LocalRef<Link> judged = link;
    if (!first) first = judged;
    if (judged->kind != Link::Kind::alias || judged->isBad()) co_return first;
    name = judged->target();
    at += count;
  }
  if (reply.kind() != Scrubbed::Kind::noData && reply.kind() != Scrubbed::Kind::nameError) co_return first;
  auto absence = co_await judgeAbsence(fetch, cut, reply, name);
  co_return first ? first : absence;
}

Task<LocalRef<Link>> Validator::judgeLink(Fetch& fetch, const Cut& cut, const Scrubbed& reply, std::size_t first,
                                          std::size_t count, Name name) {
  const std::span<const ScrubbedRRset> rrsets = reply.rrsets().subspan(first, count);
  const Type type = rrsets.front().rrset.type;
  const bool isDname = type == Type::DNAME && rrsets.front().rrset.owner != name;
  const bool isAlias = isDname || (type == Type::CNAME && fetch.type != Type::CNAME && fetch.type != Type::ANY);
  const bool isTooLong = isDname && count == 1;
  auto link = makeLocalRef<Link>(isAlias && !isTooLong ? Link::Kind::alias : Link::Kind::answer, name, fetch.type);
  if (isTooLong) link->rcode = Rcode::YXDOMAIN;
  link->security = SecurityState::secure;
  bool alone = count == 1 && !isDname;
  Verdict verdict;
  for (const ScrubbedRRset& data : rrsets) {
    if (!data.synthesised) {
      verdict = co_await verify(fetch, cut, data);
      if (verdict.isSecure() && verdict.signature.isExpanded) {
        alone = false;
        const Name expanded = data.rrset.owner;
        co_await proveExpansion(fetch, reply, expanded, verdict);
        if (verdict.isSecure()) keepWildcard(cut, data, verdict);
      }
    }
    // The worst of them is that of the link.
    if (!verdict.isSecure() && !link->isBad()) {
      link->security = verdict.security;
      link->reason = verdict.reason;
    }
    alone = alone && !link->isBad();
    link->add(Section::answer, keep(cut, data, verdict, alone));
  }
  if (!alone) {
    // Whoever looks at the signature again needs them, whatever they have proven here.
    for (const ScrubbedRRset& data : reply.rrsets())
      if (verdict.signature.isExpanded && isProof(data)) link->add(Section::authority, keep(cut, data, verdict, false));
  }
  const auto ends = [](const Link::Part& part) { return part.rrset->expiry(); };
  link->expiry = std::ranges::min(link->parts, {}, ends).rrset->expiry();
  if (link->isBad()) link->expiry = std::min(link->expiry, recursion_.now() + bogusTtl);
  if (!alone && link->security != SecurityState::bogus) store(fetch, link);
  co_return link;
}

// Data that comes of a wildcard is good where no closer name is there (RFC 4035 section 5.3.4).
Task<> Validator::proveExpansion(Fetch& fetch, const Scrubbed& reply, Name owner, Verdict& verdict) {
  DenialRecords records(verdict.trust->zone());
  co_await addProofs(fetch, *verdict.trust, reply, records);
  const DenialProof proof = records.wildcardAnswer(owner, verdict.signature.labels, fetch.work->crypto);
  if (proof == DenialProof::proven) co_return;
  Verdict judged = verdictOf(proof);
  judged.trust = verdict.trust;
  judged.signature = verdict.signature;
  verdict = std::move(judged);
}

Task<LocalRef<Link>> Validator::judgeAbsence(Fetch& fetch, const Cut& cut, const Scrubbed& reply, Name name) {
  const bool isNameError = reply.kind() == Scrubbed::Kind::nameError;
  auto link = makeLocalRef<Link>(isNameError ? Link::Kind::nameError : Link::Kind::noData, name, fetch.type);
  link->rcode = isNameError ? Rcode::NXDOMAIN : Rcode::NOERROR;
  const Verdict verdict = co_await proveAbsence(fetch, cut, reply, *link);
  keepAbsence(cut, reply, verdict, *link);
  if (link->security != SecurityState::bogus) store(fetch, link);
  co_return link;
}

Task<Validator::Verdict> Validator::proveAbsence(Fetch& fetch, const Cut& cut, const Scrubbed& reply, Link& link) {
  const Name name = link.name();
  if (!expectsSignatures(name)) co_return insecure();
  if (cut.distrust) co_return bogus(cut.distrust->code, cut.distrust->text);
  const ScrubbedRRset* const soa = reply.find(Section::authority, Type::SOA);
  std::optional<NameView> signedBy = soa ? signerOf(*soa, cut.zone()) : std::nullopt;
  for (const ScrubbedRRset& data : reply.rrsets())
    if (!signedBy && !soa && isProof(data)) signedBy = signerOf(data, cut.zone());
  if (!signedBy) {
    const Name owner = soa ? Name(soa->rrset.owner) : name;
    Verdict verdict = co_await judgeUnsigned(fetch, cut, owner, soa ? Type::SOA : fetch.type);
    co_return verdict;
  }
  const Name signer = *signedBy;
  Verdict verdict = co_await trustOf(fetch, signer);
  if (!verdict.isSecure()) co_return verdict;
  const LocalRef<ZoneTrust> trust = verdict.trust;
  if (soa) {
    verdict = co_await verifyWith(fetch, trust, *soa);
    if (!verdict.isSecure()) co_return verdict;
    keepProof(*trust, *soa, verdict.signature);
  }
  DenialRecords records(trust->zone());
  co_await addProofs(fetch, *trust, reply, records);
  CryptoBudget& crypto = fetch.work->crypto;
  const bool isNameError = link.kind == Link::Kind::nameError;
  const DenialProof proof = isNameError ? records.nameError(name, crypto) : records.noData(name, fetch.type, crypto);
  if (fetch.type == Type::DS) link.delegation = records.delegation(name, crypto);
  Verdict judged = verdictOf(proof);
  judged.trust = trust;
  judged.signature = verdict.signature;
  if (fetch.isTraced())
    fetch.note(recursion_.now(),
               described(judged.isSecure() ? "absence proven" : "absence not proven", name, fetch.type));
  co_return judged;
}

// Where the question has spent all that it might, what could not be found out of data tells nothing of it to others.
void Validator::store(const Fetch& fetch, const LocalRef<Link>& link) {
  if (link->security == SecurityState::indeterminate)
    link->isOfLimits = fetch.work->crypto.isSpent() || fetch.work->budget.exceeded() != Budget::Limit::none;
  if (!link->isOfLimits || !fetch.neededBy) recursion_.links.store(link, recursion_.now());
}

// ---- what is kept

// For answers to other questions.
void Validator::keepProof(const ZoneTrust& trust, const ScrubbedRRset& data, const VerifiedSignature& signature) {
  if (recursion_.synthesises())
    recursion_.denials.add(trust.zone(), data.rrset, data.signatures, signature, recursion_.now());
}

// The data of a wildcard under its own name, for others that it stands for too.
void Validator::keepWildcard(const Cut& cut, const ScrubbedRRset& data, const Verdict& verdict) {
  if (!recursion_.synthesises()) return;
  const auto wildcard = Name::join("*", verdict.signature.closestEncloser(data.rrset.owner));
  if (!wildcard) return;
  ScrubbedRRset source = data;
  source.rrset.owner = *wildcard;
  source.signatures.owner = *wildcard;
  keep(cut, source, verdict, true);
}

// What a negative trust anchor lets through unseen is not kept beyond its end, and not served as stale then.
TimePoint Validator::goodUntil(NameView name) const {
  const auto* const exception = recursion_.exceptions.covers(name, recursion_.now());
  return exception && exception->end ? *exception->end : TimePoint::max();
}

LocalRef<const CachedRRset> Validator::keep(const Cut& cut, const ScrubbedRRset& data, const Verdict& verdict,
                                            bool alone) {
  const TimePoint now = recursion_.now();
  RRset rrset = data.rrset;
  rrset.ttl = std::clamp(rrset.ttl, recursion_.options.minTtl, recursion_.options.maxTtl);
  if (verdict.isSecure() && !data.synthesised && !isProof(data)) rrset.ttl = std::min(rrset.ttl, verdict.signature.ttl);
  const TimePoint until = goodUntil(rrset.owner);
  if (until < now + std::chrono::seconds(rrset.ttl))
    rrset.ttl = static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(until - now).count());
  if (alone)
    return recursion_.rrsets.store(rrset, data.signatures, data.grade, verdict.security, std::min(cut.lease(), until),
                                   now);
  const auto made =
      CachedRRset::make(rrset, data.signatures, data.grade, verdict.security, now + std::chrono::seconds(rrset.ttl));
  return LocalRef<const CachedRRset>(made.get());
}

// An absence is kept for as long as the SOA says (RFC 2308 section 5), and for a moment where there is none.
void Validator::keepAbsence(const Cut& cut, const Scrubbed& reply, const Verdict& verdict, Link& link) const {
  constexpr std::uint32_t maxNegativeTtl = 3600;
  constexpr std::chrono::seconds withoutSoa{5};
  const TimePoint now = recursion_.now();
  link.security = verdict.security;
  link.reason = verdict.reason;
  link.expiry = TimePoint::max();
  bool hasSoa = false;
  for (const ScrubbedRRset& data : reply.rrsets()) {
    const bool isSoa = data.section == Section::authority && data.rrset.type == Type::SOA;
    if (!isSoa && !isProof(data)) continue;
    RRset rrset = data.rrset;
    if (isSoa) {
      const ByteSpan rdata = rrset.front();
      rrset.ttl = std::min(rrset.ttl, loadU32(rdata.data() + rdata.size() - 4));
      if (verdict.isSecure()) rrset.ttl = std::min(rrset.ttl, verdict.signature.ttl);
      hasSoa = true;
    }
    rrset.ttl = std::clamp(std::min(rrset.ttl, maxNegativeTtl), recursion_.options.minTtl, recursion_.options.maxTtl);
    const TimePoint expiry = now + std::chrono::seconds(rrset.ttl);
    link.expiry = std::min(link.expiry, expiry);
    const auto made = CachedRRset::make(rrset, data.signatures, data.grade, verdict.security, expiry);
    link.add(Section::authority, LocalRef<const CachedRRset>(made.get()));
  }
  if (!hasSoa) link.expiry = std::min<TimePoint>(link.expiry, now + withoutSoa);
  if (link.isBad()) link.expiry = std::min<TimePoint>(link.expiry, now + bogusTtl);
  const TimePoint until = goodUntil(link.name());
  link.expiry = std::min(link.expiry, until);
  link.staleUntil = std::min({cut.lease(), until, link.expiry + RRsetCache::maxStale});
}

}  // namespace taut

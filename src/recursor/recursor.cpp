#include "taut/recursor/recursor.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "recursor_core.hpp"
#include "recursor_upkeep.hpp"
#include "taut/dns/rdata_text.hpp"
#include "taut/resolver/recursion_refusal.hpp"
#include "taut/resolver/resolver_statistics.hpp"

namespace taut {

namespace {

constexpr std::chrono::milliseconds tcpTimeout{3000};

ExchangeOptions exchangeOptions(const RecursorOptions& options) {
  ExchangeOptions exchange;
  exchange.udpPayloadSize = options.udpPayloadSize;
  exchange.tcpTimeout = tcpTimeout;
  exchange.dnstap = options.dnstap;
  exchange.sources = options.sources;
  return exchange;
}

std::string_view describe(SecurityState security) {
  switch (security) {
    case SecurityState::indeterminate:
      return "indeterminate";
    case SecurityState::insecure:
      return "insecure";
    case SecurityState::secure:
      return "secure";
    case SecurityState::bogus:
      return "bogus";
  }
  return "";
}

void showRRset(const RRset& rrset, std::string_view comment, const std::function<void(const std::string&)>& visit) {
  for (const ByteSpan rdata : rrset) {
    fmt::memory_buffer text;
    printRdata(rrset.type, rdata, text);
    visit(fmt::format("{} {} IN {} {} ; {}", rrset.owner, rrset.ttl, toString(rrset.type),
                      std::string_view(text.data(), text.size()), comment));
  }
}

}  // namespace

Recursor::Recursor(Shard& shard, RecursorOptions options)
    : Recursor(shard, options, std::make_unique<ExchangeTransport>(shard, exchangeOptions(options))) {}

Recursor::Recursor(Shard& shard, RecursorOptions options, std::unique_ptr<ServerTransport> transport) {
  if (options.hints.servers.empty()) throw std::invalid_argument("recursion: expected servers of the root");
  core_ = std::make_unique<detail::RecursorCore>(shard, std::move(options), std::move(transport));
}

Recursor::~Recursor() = default;

Task<std::optional<Answer>> Recursor::resolve(const Query& query) {
  if (core_->closed || !query.hasQuestion()) return Task<std::optional<Answer>>::ready(std::nullopt);
  if (auto refusal = recursionRefusal(query)) {
    refusal->setSource(AnswerSource::Kind::server);
    return Task<std::optional<Answer>>::ready(std::move(refusal));
  }
  RecursorCounters& counters = core_->recursion.counters;
  ++counters.questions;
  if (auto hit = core_->lookup(query)) {
    ++counters.hits;
    hit->setSource(AnswerSource::Kind::cache);
    return Task<std::optional<Answer>>::ready(std::move(hit));
  }
  if (!core_->iterator.fetches().admits(query.name(), query.type())) {
    ++counters.overload;
    Answer overload = Answer::serverFailure();
    overload.setSource(AnswerSource::Kind::recursor);
    overload.setTransient(true);
    overload.setExtendedError(ExtendedErrorCode::other, "too many names are looked for");
    return Task<std::optional<Answer>>::ready(std::move(overload));
  }
  return core_->find(query, nullptr);
}

Task<std::optional<Answer>> Recursor::trace(const Query& query, ResolutionTrace& trace) {
  return core_->find(query, &trace);
}

Task<> Recursor::start(TaskScope& work) {
  upkeep_ = std::make_unique<detail::RecursorUpkeep>(*core_);
  upkeep_->start(work);
  return Task<>::ready();
}

Task<> Recursor::close() {
  return core_->close();
}

void Recursor::addTo(ResolverStatistics& statistics) const {
  statistics.recursing += this->statistics();
}

RecursorStatistics Recursor::statistics() const {
  const RecursorCounters& counters = core_->recursion.counters;
  RecursorStatistics statistics;
  statistics.questions = counters.questions;
  statistics.hits = counters.hits;
  statistics.stale = counters.stale;
  statistics.secure = counters.secure;
  statistics.insecure = counters.insecure;
  statistics.bogus = counters.bogus;
  statistics.failures = counters.failures;
  statistics.overload = counters.overload;
  statistics.fetches = counters.fetches;
  statistics.joined = counters.joined;
  statistics.sends = counters.sends;
  statistics.timeouts = counters.timeouts;
  statistics.hedges = counters.hedges;
  statistics.lame = counters.lame;
  statistics.synthesised = counters.synthesised;
  statistics.prefetches = counters.prefetches;
  statistics.localReferrals = counters.localReferrals;
  statistics.inFlight = counters.inFlight;
  statistics.bytes = counters.bytes;
  statistics.entries = counters.entries;
  return statistics;
}

std::size_t Recursor::flush(NameView name, Type type) {
  Recursion& recursion = core_->recursion;
  std::size_t count = recursion.rrsets.erase(name, type) ? 1 : 0;
  count += recursion.links.eraseIf([&](const Link& link) {
    return link.name() == name && (link.type == type || link.kind == Link::Kind::nameError);
  });
  if (type == Type::NS) count += recursion.delegations.erase(name) ? 1 : 0;
  if (type == Type::DNSKEY || type == Type::DS)
    count += recursion.keys.eraseIf([&](const ZoneTrust& trust) { return trust.zone() == name; });
  count += recursion.denials.eraseAround(name);
  core_->count();
  return count;
}

std::size_t Recursor::flush(NameView name) {
  return core_->flush(name, false);
}

std::size_t Recursor::flushTree(NameView name) {
  return core_->flush(name, true);
}

std::size_t Recursor::flushAll() {
  return flushTree(NameView());
}

std::size_t Recursor::flushServers() {
  const std::size_t count = core_->recursion.infra.count();
  core_->recursion.infra.clear();
  core_->count();
  return count;
}

const NegativeTrustAnchors& Recursor::negativeTrustAnchors() const {
  return core_->recursion.exceptions;
}

bool Recursor::setNegativeTrustAnchor(NameView name, std::optional<std::chrono::seconds> duration) {
  const TimePoint now = core_->recursion.now();
  const std::optional<TimePoint> end = duration ? std::optional<TimePoint>(now + *duration) : std::nullopt;
  if (!core_->recursion.exceptions.add(name, end, now)) return false;
  if (end) core_->recursion.excepted.set();
  flushTree(name);
  return true;
}

bool Recursor::removeNegativeTrustAnchor(NameView name) {
  return core_->removeException(name);
}

namespace {

bool isAlike(const RRset& left, const RRset& right) {
  return std::ranges::equal(left, right, [](ByteSpan one, ByteSpan other) { return std::ranges::equal(one, other); });
}

// The zones whose anchors are others in `next` than in `now`.
std::vector<Name> changedZones(const TrustAnchors& now, const TrustAnchors& next) {
  std::vector<Name> zones;
  now.forEach([&](const TrustAnchors::Anchor& anchor) {
    const TrustAnchors::Anchor* const after = next.find(anchor.zone);
    if (!after || !isAlike(anchor.ds(), after->ds())) zones.push_back(anchor.zone);
  });
  next.forEach([&](const TrustAnchors::Anchor& anchor) {
    if (!now.find(anchor.zone)) zones.push_back(anchor.zone);
  });
  return zones;
}

}  // namespace

void Recursor::setTrustAnchors(std::shared_ptr<const TrustAnchors> anchors) {
  Recursion& recursion = core_->recursion;
  static const TrustAnchors none;
  const auto before = std::exchange(recursion.anchors, std::move(anchors));
  for (const Name& zone : changedZones(before ? *before : none, recursion.anchors ? *recursion.anchors : none)) {
    flush(zone, Type::DNSKEY);
    recursion.links.eraseIf([&](const Link& link) { return link.isBad() && link.name().isWithin(zone); });
    recursion.keys.eraseIf(
        [&](const ZoneTrust& trust) { return trust.security != SecurityState::secure && trust.zone().isWithin(zone); });
  }
  core_->count();
}

void Recursor::setLocalRoot(std::shared_ptr<const LocalRoot> root) {
  auto& server = core_->recursion.localRoot;
  if (server && server->root() == root) return;
  server = root ? std::make_unique<const LocalRootServer>(std::move(root)) : nullptr;
}

void Recursor::forEachServer(const std::function<bool(const KnownServer&)>& visit) const {
  core_->recursion.infra.forEach(core_->recursion.now(), [&](const Address& address) {
    const auto expected = core_->recursion.infra.expect(address, core_->recursion.now());
    return visit(KnownServer{address, expected.expected, expected.timeout, expected.dead});
  });
}

void Recursor::show(NameView name, bool tree, const std::function<void(const std::string&)>& visit) const {
  const TimePoint now = core_->recursion.now();
  core_->recursion.rrsets.forEach([&](const CachedRRset& rrset) {
    if (!detail::isAt(rrset.owner(), name, tree) || rrset.expired(now)) return;
    showRRset(rrset.rrset(now), describe(rrset.security()), visit);
    if (const RRset signatures = rrset.signatures(now); signatures.count > 0)
      showRRset(signatures, describe(rrset.security()), visit);
  });
  core_->recursion.links.forEach([&](const Link& link) {
    if (!detail::isAt(link.name(), name, tree) || link.expired(now)) return;
    const auto left = std::chrono::ceil<std::chrono::seconds>(link.expiry - now).count();
    if (link.parts.empty() || link.kind == Link::Kind::noData || link.kind == Link::Kind::nameError)
      visit(fmt::format("; {} {} IN {}: {}, {}{}", link.name(), left, toString(link.type),
                        link.kind == Link::Kind::nameError ? "no such name"
                        : link.kind == Link::Kind::noData  ? "no data"
                                                           : "failure",
                        describe(link.security), link.reason ? ": " + link.reason->text : std::string()));
    for (const Link::Part& part : link.parts) showRRset(part.rrset->rrset(now), describe(link.security), visit);
  });
}

}  // namespace taut

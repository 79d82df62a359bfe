#include "recursor_core.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <stdexcept>
#include <utility>

#include "answer_writer.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/io/deadline.hpp"

namespace taut::detail {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds clientPatience{1800};  // RFC 8767 section 5
constexpr std::uint32_t staleTtl = 30;                     // seconds; likewise
// A client that asks over UDP has given up by then. Answers that were held back and come all at once would be a weapon
// (CVE-2024-33655), so this one is kept and not sent.
constexpr std::chrono::milliseconds lateOverUdp{1900};

constexpr std::chrono::seconds ownersGrace{1};

Reason tooManyAliases() {
  return {ExtendedErrorCode::other, std::string(describe(Budget::Limit::aliases))};
}

}  // namespace

std::optional<Answer> RecursorCore::lookup(const Query& query) {
  return write(query, false);
}

std::optional<Answer> RecursorCore::lookupStale(const Query& query) {
  return write(query, true);
}

std::optional<Answer> RecursorCore::write(const Query& query, bool stale) {
  const TimePoint now = recursion.now();
  const Type type = query.type();
  AnswerWriter writer(query, now);
  if (stale) writer.setStale(staleTtl);
  bool isEnding = false;
  const auto findRRset = [&](NameView name, Type wanted) {
    return stale ? recursion.rrsets.findStale(name, wanted, now) : recursion.rrsets.find(name, wanted, now, &isEnding);
  };
  NameView name = query.name();
  for (unsigned links = 0; links <= Budget::maxAliases; ++links) {
    if (type != Type::ANY) {
      if (const CachedRRset* const data = findRRset(name, type)) {
        writer.add(*data);
        if (isEnding) [[unlikely]]
          refresh(query.name(), type);
        return writer.take();
      }
      if (const CachedRRset* const alias = type == Type::CNAME ? nullptr : findRRset(name, Type::CNAME)) {
        writer.add(*alias);
        name = NameView::fromWire(alias->rrset(now).front()).value_or(NameView());
        continue;
      }
    }
    const Link* const link = stale ? recursion.links.findStale(name, type, now) : recursion.links.find(name, type, now);
    if (!link) return std::nullopt;
    if (!writer.add(*link) || link->kind != Link::Kind::alias) return writer.take();
    name = link->target();
  }
  writer.fail(tooManyAliases());
  return writer.take();
}

// False where the token stopped it.
Task<bool> RecursorCore::follow(Name name, Type type, LocalRef<Work> work, Chain& chain, StopToken stop,
                                bool refreshes) {
  if (!chain.empty()) name = chain.back()->target();
  refreshes = refreshes || work->trace != nullptr;
  for (;;) {
    auto link = co_await iterator.fetches().get(work, name, type, refreshes, stop);
    if (!link) co_return false;
    const bool isAlias = link->kind == Link::Kind::alias;
    if (isAlias) name = link->target();
    chain.push_back(std::move(link));
    if (!isAlias || chain.size() > Budget::maxAliases) co_return true;
  }
}

Answer RecursorCore::answerFrom(const Query& query, const Chain& chain) {
  AnswerWriter writer(query, recursion.now());
  for (const LocalRef<const Link>& link : chain)
    if (!writer.add(*link)) return writer.take();
  if (chain.back()->kind == Link::Kind::alias) writer.fail(tooManyAliases());
  return writer.take();
}

Task<std::optional<Answer>> RecursorCore::find(const Query& query, ResolutionTrace* trace) {
  const TimePoint begin = recursion.now();
  const StopToken stop = co_await currentStopToken();
  const auto work = makeLocalRef<Work>(begin, recursion.options.deadline, trace);
  Chain chain;
  const bool mayBeStale = recursion.options.servesStale && !trace;
  bool done = false;
  if (mayBeStale) {
    Deadline patience(recursion.shard, clientPatience, stop);
    done = co_await search(query.name(), query.type(), work, chain, patience.token());
    if (!done && patience.expired())
      if (auto stale = lookupStale(query)) {
        ++recursion.counters.stale;
        co_return stale;
      }
  }
  if (!done && !stop.stopRequested()) done = co_await search(query.name(), query.type(), work, chain, stop);
  count();
  if (!done) co_return std::nullopt;
  Answer answer = answerFrom(query, chain);
  const bool failed = answer.rcode() == Rcode::SERVFAIL;
  if (failed && chain.back()->security == SecurityState::indeterminate && mayBeStale)
    if (auto stale = lookupStale(query)) {
      ++recursion.counters.stale;
      co_return stale;
    }
  const bool isBogus = failed && chain.back()->security == SecurityState::bogus;
  ++(isBogus                  ? recursion.counters.bogus
     : failed                 ? recursion.counters.failures
     : answer.authenticData() ? recursion.counters.secure
                              : recursion.counters.insecure);
  const bool isLate = recursion.now() - begin > lateOverUdp && !recursion.options.plainIteration;
  if (isLate && query.transport() == Transport::udp && !query.peer().empty()) co_return Answer::noReply();
  co_return answer;
}

// By the shard that the name belongs to. What is traced is looked for here.
Task<bool> RecursorCore::search(Name name, Type type, LocalRef<Work> work, Chain& chain, StopToken stop,
                                bool refreshes) {
  const RecursorPeers* const peers = recursion.options.peers.get();
  const std::size_t owner = peers && !work->trace ? peers->ownerOf(name) : member_;
  bool done = false;
  if (owner != member_) done = co_await askOwner(name, type, owner, chain, stop, refreshes);
  // The owner may not have begun, or may have ended.
  if (!done && !stop.stopRequested()) done = co_await follow(name, type, work, chain, stop, refreshes);
  co_return done;
}

// ---- what is asked for again and again

// Has what ends soon anew before it has ended, so that nobody waits for it. One that fails is not tried again for as
// long as the failure is kept.
void RecursorCore::refresh(NameView name, Type type) {
  constexpr std::size_t most = 256;
  const Question question{name, type};
  if (recursion.options.plainIteration || refreshed_.size() >= most || closed) return;
  if (recursion.links.findBad(name, type, recursion.now())) return;
  if (std::ranges::find(refreshed_, question) != refreshed_.end()) return;
  refreshed_.push_back(question);
  ++recursion.counters.prefetches;
  iterator.fetches().scope().spawn(renew(name, type));
}

Task<> RecursorCore::renew(Name name, Type type) {
  const StopToken stop = iterator.fetches().scope().token();
  Chain chain;
  try {
    const auto work = makeLocalRef<Work>(recursion.now(), recursion.options.deadline, nullptr);
    co_await search(name, type, work, chain, stop, true);
  } catch (const std::bad_alloc&) {
  }
  const Question question{name, type};
  std::erase(refreshed_, question);
}

// ---- other shards

// What one shard has another one look for. The chain is written by the other one, and read once it was answered.
struct RecursorCore::Errand {
  Name name;
  Type type{};
  bool refreshes = false;
  std::vector<LocalRef<Link>> chain{};
  Event answered{};  // on the thread of who asks
};

namespace {

// A copy that shares nothing with its original, for the thread of another shard.
LocalRef<Link> copyOf(const Link& link, TimePoint now) {
  auto copy = makeLocalRef<Link>(link.kind, link.name(), link.type);
  copy->security = link.security;
  copy->delegation = link.delegation;
  copy->isOfLimits = link.isOfLimits;
  copy->rcode = link.rcode;
  copy->expiry = link.expiry;
  copy->staleUntil = link.staleUntil;
  copy->reason = link.reason;
  for (const Link::Part& part : link.parts) {
    const CachedRRset& rrset = *part.rrset;
    const auto made =
        CachedRRset::make(rrset.rrset(now), rrset.signatures(now), rrset.grade(), rrset.security(), rrset.expiry());
    copy->add(part.section, LocalRef<const CachedRRset>(made.get()));
    copy->staleUntil = std::max(copy->staleUntil, rrset.staleUntil());
  }
  return copy;
}

// Whether the RRset says all of it.
bool isPlain(const Link& link) {
  const bool hasData = link.kind == Link::Kind::answer || link.kind == Link::Kind::alias;
  return hasData && !link.isBad() && link.parts.size() == 1 && link.rcode == Rcode::NOERROR &&
         (link.parts.front().rrset->type() == link.type || link.parts.front().rrset->type() == Type::CNAME) &&
         link.type != Type::ANY;
}

}  // namespace

RecursorCore::RecursorCore(Shard& shard, RecursorOptions options, std::unique_ptr<ServerTransport> transport)
    : recursion(shard, std::move(options), std::move(transport)), iterator(recursion) {
  RecursorPeers* const peers = recursion.options.peers.get();
  if (!peers) return;
  member_ = peers->joined_.fetch_add(1);
  if (member_ >= peers->count_) throw std::logic_error("recursion: more recursors than peers");
  peers->members_[member_].core = this;
  peers->members_[member_].shard.store(&shard);
}

Task<> RecursorCore::close() {
  closed = true;
  if (recursion.options.peers) recursion.options.peers->members_[member_].core = nullptr;
  co_await iterator.fetches().close();
  co_await recursion.transport->close();
}

void RecursorCore::forEachPeer(const std::function<void(RecursorCore&)>& action) {
  const std::shared_ptr<RecursorPeers>& peers = recursion.options.peers;
  if (!peers) return action(*this);
  for (std::size_t member = 0; member < peers->count_; ++member) {
    Shard* const shard = peers->members_[member].shard.load();
    if (!shard) continue;
    shard->post([peers, member, action] {
      if (RecursorCore* const core = peers->members_[member].core) action(*core);
    });
  }
}

Task<bool> RecursorCore::askOwner(Name name, Type type, std::size_t owner, Chain& chain, StopToken stop,
                                  bool refreshes) {
  const std::shared_ptr<RecursorPeers>& peers = recursion.options.peers;
  Shard* const shard = peers->members_[owner].shard.load();
  if (!shard) co_return false;
  const auto errand = std::make_shared<Errand>();
  errand->name = name;
  errand->type = type;
  errand->refreshes = refreshes;
  shard->post([peers, errand, owner, home = &recursion.shard, from = member_] {
    RecursorCore* const core = peers->members_[owner].core;
    if (core)
      core->iterator.fetches().scope().spawn(core->serve(errand, from));
    else
      home->post([errand] { errand->answered.set(); });
  });
  // The owner has its own deadline; this one is for a shard that stands still.
  Deadline deadline(recursion.shard, recursion.options.deadline + ownersGrace, stop);
  const bool answered = co_await errand->answered.wait(deadline.token());
  if (!answered) co_return false;
  // Taken out: whichever thread gives the errand up last must not count references here.
  const std::vector<LocalRef<Link>> found = std::exchange(errand->chain, {});
  for (const LocalRef<Link>& link : found) {
    chain.emplace_back(link.get());
    adopt(link);
  }
  co_return !found.empty();
}

// For another shard, which has its answer also where this one ends.
Task<> RecursorCore::serve(std::shared_ptr<Errand> errand, std::size_t forMember) {
  Chain chain;
  if (iterator.fetches().admits(errand->name, errand->type)) {
    const auto work = makeLocalRef<Work>(recursion.now(), recursion.options.deadline, nullptr);
    const StopToken stop = iterator.fetches().scope().token();
    const bool done = co_await follow(errand->name, errand->type, work, chain, stop, errand->refreshes);
    if (!done) chain.clear();
  }
  for (const LocalRef<const Link>& link : chain) errand->chain.push_back(copyOf(*link, recursion.now()));
  Shard* const home = recursion.options.peers->members_[forMember].shard.load();
  home->post([errand] { errand->answered.set(); });
}

void RecursorCore::adopt(const LocalRef<Link>& link) {
  const TimePoint now = recursion.now();
  if (!isPlain(*link)) return recursion.links.store(link, now);
  const CachedRRset& rrset = *link->parts.front().rrset;
  recursion.rrsets.store(rrset.rrset(now), rrset.signatures(now), rrset.grade(), rrset.security(), link->staleUntil,
                         now);
}

std::size_t RecursorCore::flush(NameView name, bool tree) {
  const auto isMeant = [&](NameView owner) { return isAt(owner, name, tree); };
  std::size_t count = recursion.rrsets.eraseIf([&](const CachedRRset& rrset) { return isMeant(rrset.owner()); });
  count += recursion.links.eraseIf([&](const Link& link) { return isMeant(link.name()); });
  count += recursion.delegations.eraseIf([&](const Delegation& cut) { return isMeant(cut.zone()); });
  count += recursion.keys.eraseIf([&](const ZoneTrust& trust) { return isMeant(trust.zone()); });
  count += tree ? recursion.denials.eraseWithin(name) : recursion.denials.eraseAround(name);
  this->count();
  return count;
}

// What was not validated meanwhile is not to be served on.
bool RecursorCore::removeException(NameView name) {
  if (!recursion.exceptions.remove(name)) return false;
  flush(name, true);
  return true;
}

void RecursorCore::count() {
  const Recursion& of = recursion;
  recursion.counters.bytes.set(of.rrsets.bytes() + of.links.bytes() + of.delegations.bytes() + of.keys.bytes() +
                               of.denials.bytes() + of.infra.bytes());
  recursion.counters.entries.set(of.rrsets.count() + of.links.count() + of.delegations.count() + of.keys.count() +
                                 of.denials.count());
}

}  // namespace taut::detail

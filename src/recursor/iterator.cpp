#include "iterator.hpp"

#include <algorithm>
#include <list>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "taut/base/address.hpp"
#include "taut/base/random.hpp"
#include "taut/coro/current_stop_token.hpp"
#include "taut/coro/race.hpp"
#include "taut/dns/address_octets.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/io/deadline.hpp"

namespace taut {

namespace {

using namespace std::chrono_literals;

constexpr unsigned maxBogusReplies = 2;   // for one question, after which the zone is taken to be bogus
constexpr std::size_t lookupsAtOnce = 2;  // of name servers, for a client's question itself
constexpr std::chrono::seconds hintsLifetime{60};

std::string described(const QuestionView& question) {
  return fmt::format("{} {}", question.name, toString(question.type));
}

Reason reasonOf(Budget::Limit limit) {
  return {ExtendedErrorCode::other, std::string(describe(limit))};
}

// Whether a server that serves the zone for others may have answered like that.
bool isUnauthoritative(Scrubbed::Fault fault) {
  return fault == Scrubbed::Fault::recursive || fault == Scrubbed::Fault::notAuthoritative;
}

// Whether it says something of the question.
bool isUsable(Scrubbed::Kind kind) {
  switch (kind) {
    case Scrubbed::Kind::lame:
    case Scrubbed::Kind::failure:
    case Scrubbed::Kind::garbage:
      return false;
    default:
      return true;
  }
}

std::string_view describe(Scrubbed::Kind kind) {
  switch (kind) {
    case Scrubbed::Kind::answer:
      return "answer";
    case Scrubbed::Kind::referral:
      return "referral";
    case Scrubbed::Kind::noData:
      return "no data";
    case Scrubbed::Kind::nameError:
      return "name error";
    case Scrubbed::Kind::alias:
      return "alias";
    case Scrubbed::Kind::aliasLoop:
      return "aliases in a circle";
    case Scrubbed::Kind::nameTooLong:
      return "a name too long";
    case Scrubbed::Kind::lame:
      return "lame";
    case Scrubbed::Kind::failure:
      return "failure";
    case Scrubbed::Kind::garbage:
      return "garbage";
  }
  return "";
}

std::string_view describe(Scrubbed::Fault fault) {
  switch (fault) {
    case Scrubbed::Fault::none:
      break;
    case Scrubbed::Fault::refused:
      return "REFUSED";
    case Scrubbed::Fault::recursive:
      return "an answer without authority";
    case Scrubbed::Fault::upward:
      return "a referral upwards";
    case Scrubbed::Fault::notAuthoritative:
      return "a reply without authority";
    case Scrubbed::Fault::serverError:
      return "an error";
    case Scrubbed::Fault::malformed:
      return "a malformed reply";
    case Scrubbed::Fault::truncated:
      return "a truncated reply";
    case Scrubbed::Fault::tooLarge:
      return "a reply that is too large";
    case Scrubbed::Fault::contradictory:
      return "a reply that contradicts itself";
  }
  return "nothing of use";
}

std::string describeReply(const Address& server, const Scrubbed& scrubbed, const ServerReply& reply) {
  using Millis = std::chrono::duration<double, std::milli>;
  std::string text = fmt::format("{} gave {}", server, describe(scrubbed.kind()));
  if (scrubbed.kind() == Scrubbed::Kind::referral || scrubbed.kind() == Scrubbed::Kind::alias)
    text += fmt::format(" to {}", scrubbed.name());
  if (scrubbed.fault() != Scrubbed::Fault::none) text += fmt::format(": {}", describe(scrubbed.fault()));
  if (reply.roundTrip > Duration()) text += fmt::format(" after {:.1f} ms", Millis(reply.roundTrip).count());
  if (reply.last.transport == Transport::tcp) text += ", over TCP";
  return text;
}

std::string_view describe(Exchange::Attempt::Kind kind) {
  switch (kind) {
    case Exchange::Attempt::Kind::replied:
      return "a reply";
    case Exchange::Attempt::Kind::malformed:
      return "a malformed reply";
    case Exchange::Attempt::Kind::broken:
      return "a broken connection";
    case Exchange::Attempt::Kind::exhausted:
      return "no sockets left";
    default:
      return "silence";
  }
}

}  // namespace

// One question on its way to some of the servers of a cut. It lives until the last of them has answered or had its
// time, so that each is known better afterwards.
class Iterator::Asking : public LocalCounted {
 public:
  Asking(Iterator& iterator, Fetch& forFetch, const Cut& at, const QuestionView& asked, StopToken stop)
      : owner(iterator), fetch(&forFetch), cut(at), race(stop) {
    question.name = asked.name;
    question.type = asked.type;
    question.recursionDesired = at.isForward();
  }

  void start(const ServerSet::Choice& choice) {
    Recursion& recursion = owner.recursion_;
    const TimePoint now = recursion.now();
    ExchangeServer& server = servers.emplace_back();
    server.address = choice.server;
    server.timeout = choice.timeout;
    server.edns = recursion.infra.speaksEdns(choice.server, now);
    server.cookies = recursion.options.sendsCookies;
    server.cookie = recursion.infra.cookie(choice.server, now);
    server.mixedCase = recursion.infra.isForged(choice.server, now);
    recursion.infra.sent();
    ++recursion.counters.sends;
    if (fetch->isTraced())
      fetch->note(now, fmt::format("ask {} for {}, as a server of {}", choice.server, described(question), cut.zone()));
    race.start(run(*this, server));
  }

  // What the attempt tells of the server.
  void note(const AskedServer& asked) {
    Recursion& recursion = owner.recursion_;
    const TimePoint now = recursion.now();
    const Address& server = asked.server->address;
    const ServerReply& reply = asked.reply;
    if (reply.timedOut) ++recursion.counters.timeouts;
    if (reply.roundTrip > Duration())
      recursion.infra.answered(server, reply.roundTrip, now);
    else if (reply.timedOut)
      recursion.infra.silent(server, reply.sent, now);
    else if (reply.last.kind == Exchange::Attempt::Kind::silent && !fetch->stop.stopRequested())
      recursion.infra.unreachable(server, now);
    if (reply.doubtful) recursion.infra.setForged(server, now);
    if (!reply.edns && asked.server->edns) recursion.infra.lacksEdns(server, isConfirmed(reply), now);
    if (reply.cookie.size > 8) recursion.infra.setCookie(server, reply.cookie, now);
    if (fetch->isTraced() && reply.last.kind != Exchange::Attempt::Kind::replied)
      fetch->note(now, fmt::format("{} gave {}", server, describe(reply.last.kind)));
  }

  // Whether nobody else can have sent it.
  static bool isConfirmed(const ServerReply& reply) {
    return reply.last.transport == Transport::tcp || reply.cookie.size > 8;
  }

  Iterator& owner;
  const LocalRef<Fetch> fetch;
  const Cut cut;
  UpstreamQuestion question;
  Race<AskedServer> race;
  std::list<ExchangeServer> servers{};

 private:
  static Task<AskedServer> run(Asking& asking, const ExchangeServer& server) {
    const StopToken stop = co_await currentStopToken();
    const ServerQuota::Place place(asking.owner.serverQuota_, server.address);
    ServerTransport& transport = *asking.owner.recursion_.transport;
    ServerReply reply = co_await transport.ask(asking.question, server, asking.fetch->budget, stop);
    AskedServer asked{&server, std::move(reply)};
    co_return asked;
  }
};

Iterator::Step::Step(Recursion& recursion, Cut at)
    : cut(std::move(at)), servers(recursion.infra, cut.zone(), cut.security() == DelegationSecurity::secure) {
  if (cut.fixed) {
    for (const Address& server : cut.fixed->servers)
      servers.add(server.port() == 0 ? server.withPort(dnsPort) : server);
    return;
  }
  cut.delegation->forEachServer([&](const Delegation::Server& server) {
    for (const Address& address : server.glue())
      if (recursion.isUsable(address) || (cut.zone().isRoot() && recursion.isHint(address))) servers.add(address);
    return true;
  });
  // What the servers of the root leave out of their reply, the operator has told.
  if (cut.zone().isRoot() && servers.size() == 0)
    for (const Delegation::Server& hint : recursion.options.hints.servers)
      for (const Address& address : hint.glue())
        if (recursion.speaks(address)) servers.add(address);
}

Iterator::Iterator(Recursion& recursion)
    : recursion_(recursion),
      fetches_(recursion, *this),
      validator_(recursion, fetches_),
      serverQuota_(recursion.maxInFlight) {
  for (const FixedZone& fixed : recursion.options.zones) {
    const bool secure = recursion.validates() && recursion.anchors->find(fixed.zone);
    fixed_.emplace_back(Delegation::make(fixed.zone, {},
                                         secure ? DelegationSecurity::secure : DelegationSecurity::insecure,
                                         TimePoint::max())
                            .get());
  }
}

// ---- the walk

Task<LocalRef<const Link>> Iterator::run(Fetch& fetch) {
  if (!fetch.budget.takeStart()) co_return fail(fetch, std::nullopt);
  if (fetch.isTraced()) fetch.note(recursion_.now(), "look for " + described({fetch.name, fetch.type}));
  const Cut from = co_await begin(fetch);
  if (!from.delegation) co_return fail(fetch, std::nullopt);
  auto link = co_await walk(fetch, from);
  co_return link;
}

// The operator's own servers are waited for in any case.
bool Iterator::asksTheSilent(NameView name, Type type) {
  if (recursion_.fixedZone(name, type)) return false;
  Cut cut;
  cut.delegation = recursion_.delegations.closest(name, type, recursion_.now());
  if (!cut.delegation) return false;
  Step step(recursion_, std::move(cut));
  addKnownAddresses(step);
  return step.servers.isSilent(recursion_.now());
}

Task<Cut> Iterator::begin(Fetch& fetch) {
  Cut cut;
  cut.fixed = recursion_.fixedZone(fetch.name, fetch.type);
  cut.delegation = recursion_.delegations.closest(fetch.name, fetch.type, recursion_.now());
  if (cut.fixed) {
    // What the servers of a stub zone refer to is below it.
    const bool isBelow = cut.delegation && cut.delegation->zone().isBelow(cut.fixed->zone);
    if (!cut.isForward() && isBelow) {
      cut.fixed = nullptr;
    } else {
      const auto index = static_cast<std::size_t>(cut.fixed - recursion_.options.zones.data());
      cut.delegation = fixed_[index];
    }
  }
  if (!cut.delegation) {
    auto root = co_await prime(fetch);
    cut.delegation = std::move(root);
  }
  co_return cut;
}

// The root, as its copy says, or else as its servers do (RFC 8109), or where they do not, as the hints do.
Task<LocalRef<const Delegation>> Iterator::prime(Fetch& fetch) {
  const Name root;
  if (auto known = rootOfCopy(fetch)) co_return known;
  // What is at the root itself is asked for at once: its keys are needed to judge what the priming query brings.
  if (!fetch.name.isRoot()) {
    const auto primed = co_await fetches_.get(fetch, Budget::Purpose::addresses, root, Type::NS);
    if (auto known = recursion_.delegations.find(root, recursion_.now())) co_return known;
  }
  const auto security = validator_.expectsSignatures(root) ? DelegationSecurity::secure : DelegationSecurity::insecure;
  const auto hints =
      Delegation::make(root, recursion_.options.hints.servers, security, recursion_.now() + hintsLifetime);
  co_return LocalRef<const Delegation>(hints.get());
}

// Null where there is no local root, or none of the servers that it names may be asked where it says.
LocalRef<const Delegation> Iterator::rootOfCopy(const Fetch& fetch) {
  const LocalRootServer* const server = recursion_.usableLocalRoot();
  if (!server) return {};
  const LocalBytes reply = server->nameServers();
  const auto view = MessageView::parse(reply);
  if (!view) return {};
  const Name root;
  const TimePoint now = recursion_.now();
  const Scrubbed servers = recursion_.scrubber.scrub(*view, root, {root, Type::NS});
  const auto security = validator_.expectsSignatures(root) ? DelegationSecurity::secure : DelegationSecurity::insecure;
  auto made = Delegation::make(servers, security, now);
  bool isReachable = false;
  if (made)
    made->forEachServer([&](const Delegation::Server& each) {
      isReachable = each.addressCount > 0;
      return !isReachable;
    });
  if (!isReachable) return {};
  if (fetch.isTraced()) fetch.note(now, "the servers of . are those that the local root names");
  return recursion_.delegations.storeRoot(std::move(made), now);
}

void Iterator::storeRoot(const Scrubbed& servers, DelegationSecurity security) {
  const TimePoint now = recursion_.now();
  const auto known = recursion_.delegations.storeRoot(Delegation::make(servers, security, now), now);
  if (known) recursion_.primed.set();
}

LocalRef<const Link> Iterator::fail(const Fetch& fetch, std::optional<Reason> reason) {
  const Budget::Limit limit = fetch.work->budget.exceeded();
  bool isOfLimits = limit != Budget::Limit::none;
  if (isOfLimits) reason = reasonOf(limit);
  if (fetch.stop.stopRequested()) {
    if (fetch.work->budget.deadline() > recursion_.now()) return {};  // all of it ends
    reason = Reason{ExtendedErrorCode::noReachableAuthority, "no answer in time"};
    isOfLimits = true;
  }
  if (!reason) reason = Reason{ExtendedErrorCode::noReachableAuthority, {}};
  const auto failure = failFor(fetch, std::move(*reason), isOfLimits);
  // A question that has spent all that it might tells nothing of what it needed last.
  if (!isOfLimits || !fetch.neededBy) recursion_.links.store(failure, recursion_.now());
  return LocalRef<const Link>(failure.get());
}

// Servers that are busy now say nothing of the name: nothing is kept.
LocalRef<const Link> Iterator::failForQuota(const Fetch& fetch, const Reply& reply) {
  ++recursion_.counters.overload;
  return LocalRef<const Link>(failFor(fetch, *reply.reason, true).get());
}

LocalRef<Link> Iterator::failFor(const Fetch& fetch, Reason reason, bool isOfLimits) {
  if (fetch.isTraced()) fetch.note(recursion_.now(), "no answer: " + reason.text);
  auto failure = makeFailure(fetch.name, fetch.type, std::move(reason));
  failure->isOfLimits = isOfLimits;
  return failure;
}

Task<LocalRef<const Link>> Iterator::walk(Fetch& fetch, Cut from) {
  Walk walk(recursion_, fetch, from);
  if (!recursion_.options.minimisesQnames || from.isForward()) walk.question.giveUp();
  for (;;) {
    validator_.beginKeys(fetch, walk.step->cut);
    std::optional<Scouting> scouting;
    if (walk.question.isMinimised()) {
      const bool found = co_await followScout(walk);
      if (found) continue;
      scouting.emplace(*this, fetch, walk.step->cut.zone(), walk.question.question().name);
    }
    std::optional<LocalRef<const Link>> end;
    if (const auto known = askLocalRoot(walk)) {
      const bool isReferral = known->kind() == Scrubbed::Kind::referral;
      if (isReferral) {
        const bool taken = co_await takeLocalReferral(walk, *known, scouting ? &*scouting : nullptr);
        if (taken) continue;
      } else {
        auto taken = co_await takeLocalKeys(walk, *known);
        if (taken) co_return std::move(*taken);
      }
      walk.doubtsLocalRoot = true;
    }
    const Reply reply = co_await ask(fetch, *walk.step, walk.question.question());
    if (!reply.isUsable) {
      end = goOnWithout(walk, reply);
    } else if (reply.scrubbed.kind() == Scrubbed::Kind::referral) {
      auto taken = co_await takeReferral(walk, reply, scouting ? &*scouting : nullptr);
      end = std::move(taken);
    } else if (walk.question.isMinimised()) {
      addLabels(walk, reply, *scouting);
    } else {
      auto taken = co_await takeAnswer(walk, reply);
      end = std::move(taken);
    }
    if (end) co_return std::move(*end);
  }
}

// No server has said anything of use: what is left, or nothing where something else is to be asked.
std::optional<LocalRef<const Link>> Iterator::goOnWithout(Walk& walk, const Reply& reply) {
  Fetch& fetch = walk.fetch;
  if (walk.bogus) return giveUp(walk);
  if (walk.distrusted) {
    const Cut next = std::move(*walk.distrusted);
    walk.distrusted.reset();
    enter(walk, next);
    return std::nullopt;
  }
  const bool isLast = fetch.stop.stopRequested() || fetch.work->budget.exceeded() != Budget::Limit::none;
  if (!isLast && reply.isOfQuota) return failForQuota(fetch, reply);
  if (isLast || !walk.question.isMinimised()) return fail(fetch, reply.reason);
  walk.question.giveUp();
  // A server that was wrong about a part of the name is not asked about all of it.
  if (!reply.isErroneous) walk.step.emplace(recursion_, Cut(walk.step->cut));
  return std::nullopt;
}

Task<std::optional<LocalRef<const Link>>> Iterator::takeReferral(Walk& walk, const Reply& reply, Scouting* scouting) {
  std::optional<Reason> reason;
  Step& step = *walk.step;
  auto next = co_await descend(walk.fetch, step, reply.scrubbed, reason);
  if (!next) co_return fail(walk.fetch, reason);
  if (next->distrust && !step.cut.distrust && ++step.bogus <= maxBogusReplies) {
    walk.distrusted = std::move(next);
    dropBogus(step, reply.server);
    co_return std::nullopt;
  }
  if (scouting && !next->distrust) scouting->tell(Scout::Found::cut);
  enter(walk, *next);
  co_return std::nullopt;
}

// Where the walk is at the root, what its copy refers to, or the root's keys. No server is told of the name, so all of
// it is asked for.
std::optional<Scrubbed> Iterator::askLocalRoot(const Walk& walk) const {
  const Cut& cut = walk.step->cut;
  if (!recursion_.localRoot || walk.doubtsLocalRoot || cut.fixed || !cut.zone().isRoot()) return std::nullopt;
  const LocalRootServer* const server = recursion_.usableLocalRoot();
  if (!server) return std::nullopt;
  const Fetch& fetch = walk.fetch;
  const QuestionView question{fetch.name, fetch.type};
  const LocalBytes reply = server->answer(question);
  const auto view = MessageView::parse(reply);
  if (!view) return std::nullopt;
  Scrubbed scrubbed = recursion_.scrubber.scrub(*view, cut.zone(), question);
  const bool isReferral = scrubbed.kind() == Scrubbed::Kind::referral;
  if (!isReferral && scrubbed.kind() != Scrubbed::Kind::answer) return std::nullopt;
  if (fetch.isTraced())
    fetch.note(recursion_.now(), isReferral ? fmt::format("the local root refers to {}", scrubbed.name())
                                            : std::string("the local root has the keys of ."));
  return scrubbed;
}

// False where it cannot be gone by: then servers of the root are asked.
Task<bool> Iterator::takeLocalReferral(Walk& walk, const Scrubbed& referral, Scouting* scouting) {
  std::optional<Reason> reason;
  auto next = co_await descend(walk.fetch, *walk.step, referral, reason);
  if (!next || next->distrust) co_return false;
  ++recursion_.counters.localReferrals;
  if (scouting) scouting->tell(Scout::Found::cut);
  enter(walk, std::move(*next));
  co_return true;
}

// Nothing where they cannot be trusted: likewise.
Task<std::optional<LocalRef<const Link>>> Iterator::takeLocalKeys(Walk& walk, const Scrubbed& keys) {
  const auto link = co_await validator_.judge(walk.fetch, walk.step->cut, keys);
  if (!link || link->isBad()) co_return std::nullopt;
  co_return LocalRef<const Link>(link.get());
}

// There is no cut at the minimised name.
void Iterator::addLabels(Walk& walk, const Reply& reply, Scouting& scouting) {
  const bool isNameError = reply.scrubbed.kind() == Scrubbed::Kind::nameError;
  scouting.tell(isNameError ? Scout::Found::nameError : Scout::Found::noCut);
  if (isNameError)
    walk.question.giveUp();
  else
    walk.question.addLabels();
  const auto lookedUp = walk.step->lookedUp;
  walk.step.emplace(recursion_, Cut(walk.step->cut));
  walk.step->lookedUp = lookedUp;
}

Task<std::optional<LocalRef<const Link>>> Iterator::takeAnswer(Walk& walk, const Reply& reply) {
  Fetch& fetch = walk.fetch;
  Step& step = *walk.step;
  if (fetch.name.isRoot() && fetch.type == Type::NS && !step.cut.fixed) storeRoot(reply.scrubbed, step.cut.security());
  auto link = co_await validator_.judge(fetch, step.cut, reply.scrubbed);
  if (!link) co_return fail(fetch, Reason{ExtendedErrorCode::other, "aliases without end"});
  if (link->security != SecurityState::bogus) co_return LocalRef<const Link>(link.get());
  if (link->reason && link->reason->code == ExtendedErrorCode::rrsigsMissing)
    recursion_.infra.setLame(reply.server, step.cut.zone(), Lameness::dnssecLame, false, recursion_.now());
  // Perhaps another server has not what this one has.
  walk.bogus = std::move(link);
  if (step.cut.distrust || ++step.bogus > maxBogusReplies) co_return giveUp(walk);
  dropBogus(step, reply.server);
  co_return std::nullopt;
}

// What the server says is bogus. Another one may be good whose address is not known yet, so one is looked for; more
// would be work that a zone with many bad servers makes.
void Iterator::dropBogus(Step& step, const Address& server) {
  step.servers.drop(server);
  if (step.cut.fixed) return;
  const Hosts hosts = step.bogus == 1 ? hostsToLookUp(step, Which::withoutGlue) : Hosts();
  step.lookedUp.set();
  if (!hosts.empty()) step.lookedUp.reset(hosts.front().first);
}

LocalRef<const Link> Iterator::giveUp(const Walk& walk) {
  recursion_.links.store(walk.bogus, recursion_.now());
  return LocalRef<const Link>(walk.bogus.get());
}

void Iterator::enter(Walk& walk, Cut next) {
  walk.step.emplace(recursion_, std::move(next));
  walk.fetch.place->moveTo(walk.step->cut.zone());
  walk.question.descend(walk.step->cut.zone());
}

Iterator::Scouting::Scouting(Iterator& iterator, Fetch& fetch, NameView zone, NameView name)
    : iterator_(iterator), scout_(makeLocalRef<Scout>(fetch, zone, name)) {
  iterator_.scouts_.try_emplace(scout_->name, scout_.get());
}

Iterator::Scouting::~Scouting() {
  const auto place = iterator_.scouts_.find(scout_->name);
  if (place != iterator_.scouts_.end() && place->second == scout_.get()) iterator_.scouts_.erase(place);
  scout_->done.set();
}

// Waits for another walk that asks the same servers the same, and goes on from what that has found. False where there
// is none, or where it has found nothing.
Task<bool> Iterator::followScout(Walk& walk) {
  Fetch& fetch = walk.fetch;
  const Name name = walk.question.question().name;
  const auto place = scouts_.find(name);
  if (place == scouts_.end()) co_return false;
  const LocalRef<Scout> scout(place->second);
  if (scout->zone != walk.step->cut.zone() || scout->fetch->waitsFor(fetch)) co_return false;
  const Awaiting awaiting(fetch, *scout->fetch);
  const bool done = co_await scout->done.wait(fetch.stop);
  if (!done || scout->found == Scout::Found::nothing) co_return false;
  if (scout->found == Scout::Found::cut) co_return descendToKnown(walk);
  if (scout->found == Scout::Found::noCut)
    walk.question.addLabels();
  else
    walk.question.giveUp();
  co_return true;
}

// To the cut that another walk has found.
bool Iterator::descendToKnown(Walk& walk) {
  Fetch& fetch = walk.fetch;
  Cut next;
  next.delegation = recursion_.delegations.closest(fetch.name, fetch.type, recursion_.now());
  if (!next.delegation || !next.zone().isBelow(walk.step->cut.zone()) || !fetch.budget.takeReferral()) return false;
  enter(walk, std::move(next));
  return true;
}

// Where the referral leads to, which may be distrusted; nothing where it could not be judged.
Task<std::optional<Cut>> Iterator::descend(Fetch& fetch, Step& step, const Scrubbed& referral,
                                           std::optional<Reason>& reason) {
  if (!fetch.budget.takeReferral()) co_return std::nullopt;
  const Validator::Verdict verdict = co_await validator_.judgeReferral(fetch, step.cut, referral);
  reason = verdict.reason;
  const TimePoint now = recursion_.now();
  Cut next;
  if (verdict.security == SecurityState::bogus) {
    const auto made = Delegation::make(referral, DelegationSecurity::unproven, now);
    next.delegation = LocalRef<const Delegation>(made.get());
    next.distrust = verdict.reason.value_or(Reason());
    co_return next;
  }
  if (!verdict.isSecure() && !verdict.isInsecure()) co_return std::nullopt;
  auto security = verdict.isSecure() ? DelegationSecurity::secure : DelegationSecurity::insecure;
  // What nobody looks at now may be looked at before the delegation ends: below a negative trust anchor.
  if (!validator_.expectsSignatures(referral.name())) security = DelegationSecurity::unproven;
  if (fetch.isTraced())
    fetch.note(recursion_.now(),
               fmt::format("the cut of {} is {}", referral.name(), verdict.isSecure() ? "secure" : "insecure"));
  next.delegation = recursion_.delegations.store(Delegation::make(referral, security, now), *step.cut.delegation, now);
  if (!next.delegation) co_return std::nullopt;
  co_return next;
}

// ---- one question to the servers of a cut

Task<Iterator::Reply> Iterator::ask(Fetch& fetch, Step& step, QuestionView question) {
  const auto asking = makeLocalRef<Asking>(*this, fetch, step.cut, question, fetches_.scope().token());
  Reply reply;
  bool isOver = false;
  try {
    Reply found = co_await race(*asking, step);
    reply = std::move(found);
    if (asking->race.running() > 0 && !fetch.place->gaveWay())
      fetches_.scope().spawn(finishLate(asking));
    else
      isOver = true;
  } catch (const std::bad_alloc&) {
    reply.isUsable = false;
    isOver = true;
  }
  if (isOver) co_await asking->race.end();
  co_return reply;
}

// Those that were asked besides may answer yet, which tells how fast they are.
Task<> Iterator::finishLate(LocalRef<Asking> asking) {
  while (asking->race.running() > 0) {
    const auto asked = co_await asking->race.next(fetches_.scope().token());
    if (!asked) break;
    asking->note(*asked);
  }
  co_await asking->race.end();
}

// The operator's own servers take what there is.
std::optional<ServerSet::Choice> Iterator::choose(Step& step, Reply& reply) {
  for (;;) {
    auto choice = step.servers.choose(recursion_.now(), randomU64());
    if (!choice || step.cut.fixed || serverQuota_.admits(choice->server, fetches_.size())) return choice;
    step.servers.leaveOut(choice->server);
    reply.isOfQuota = true;
    reply.reason =
        Reason{ExtendedErrorCode::other, fmt::format("too many questions wait for a reply of {}", choice->server)};
  }
}

bool Iterator::startNext(Asking& asking, Step& step, bool hedges, Duration& hedgeAfter, Reply& reply) {
  asking.fetch->place->setSilent(!step.cut.fixed && step.servers.isSilent(recursion_.now()));
  const auto choice = choose(step, reply);
  if (!choice || !asking.fetch->budget.takeSend()) return false;
  if (hedges) ++recursion_.counters.hedges;
  hedgeAfter = choice->hedgeAfter;
  asking.start(*choice);
  return true;
}

Task<Iterator::Reply> Iterator::race(Asking& asking, Step& step) {
  Fetch& fetch = *asking.fetch;
  Reply reply;
  bool hedges = false;
  for (;;) {
    Duration hedgeAfter{};
    const bool started = startNext(asking, step, std::exchange(hedges, false), hedgeAfter, reply);
    if (!started && asking.race.running() == 0) {
      if (fetch.work->budget.exceeded() != Budget::Limit::none || step.servers.spent()) break;
      const bool found = co_await findAddresses(fetch, step, !reply.wasHeard);
      if (!found) break;
      continue;
    }
    if (recursion_.options.plainIteration || hedgeAfter <= Duration()) hedgeAfter = 1h;
    Deadline patience(recursion_.shard, hedgeAfter, fetch.stop);
    auto asked = co_await asking.race.next(patience.token());
    if (!asked && patience.expired() && recursion_.infra.takeHedge()) {
      hedges = true;
      continue;
    }
    if (!asked) {
      auto late = co_await asking.race.next(fetch.stop);
      asked = std::move(late);
    }
    if (!asked) break;
    asking.note(*asked);
    if (takeReply(asking, step, *asked, reply)) co_return reply;
  }
  takeLastResort(asking, step, reply);
  co_return reply;
}

// Where all servers of a zone answer as resolvers do, from what they got elsewhere, that is what there is.
void Iterator::takeLastResort(Asking& asking, Step& step, Reply& reply) {
  const auto view = MessageView::parse(reply.unauthoritative);
  if (!view || asking.fetch->stop.stopRequested()) return;
  const QuestionView question = asking.question;
  Scrubbed scrubbed = recursion_.scrubber.scrub(*view, step.cut.zone(), question, Scrubber::Asked::forwarder);
  if (!taut::isUsable(scrubbed.kind())) return;
  reply.scrubbed = std::move(scrubbed);
  reply.server = reply.unauthoritativeServer;
  reply.isUsable = true;
}

// Whether the walk can go on with it, or must end.
bool Iterator::takeReply(Asking& asking, Step& step, AskedServer& asked, Reply& reply) {
  using Kind = Exchange::Attempt::Kind;
  Fetch& fetch = *asking.fetch;
  const Address& server = asked.server->address;
  Exchange::Attempt& attempt = asked.reply.last;
  if (attempt.kind != Kind::replied) {
    if (attempt.kind == Kind::malformed) step.servers.drop(server);
    reply.reason =
        Reason{ExtendedErrorCode::noReachableAuthority, fmt::format("{} of {}", describe(attempt.kind), server)};
    return false;
  }
  reply.wasHeard = true;
  if (!fetch.work->budget.takeOctets(attempt.message.size())) return true;
  const auto view = MessageView::parse(attempt.message);
  if (!view) return false;
  const QuestionView question = asking.question;
  const NameView zone = step.cut.zone();
  Scrubbed scrubbed = recursion_.scrubber.scrub(
      *view, zone, question, step.cut.isForward() ? Scrubber::Asked::forwarder : Scrubber::Asked::authority);
  if (fetch.isTraced()) fetch.note(recursion_.now(), describeReply(server, scrubbed, asked.reply));
  // What a server says to a part of the name may be a fault with minimised names alone.
  const bool isWhole = question.name.size() == fetch.name.size();
  if (taut::isUsable(scrubbed.kind())) {
    recursion_.infra.setServing(server, zone);
    // Where one server has authority, those that have none are lame.
    if (isWhole && !step.cut.fixed && !reply.unauthoritative.empty())
      recursion_.infra.setLame(reply.unauthoritativeServer, zone, Lameness::lame, false, recursion_.now());
    reply.scrubbed = std::move(scrubbed);
    reply.server = server;
    reply.isUsable = true;
    return true;
  }
  if (!isWhole && isUnauthoritative(scrubbed.fault())) return true;
  return takeFault(step, asked, scrubbed, isWhole, reply);
}

// What a reply that is of no use says of its server. Whether the walk must end.
bool Iterator::takeFault(Step& step, AskedServer& asked, const Scrubbed& scrubbed, bool isWhole, Reply& reply) {
  const Address& server = asked.server->address;
  const NameView zone = step.cut.zone();
  const TimePoint now = recursion_.now();
  const bool isConfirmed = Asking::isConfirmed(asked.reply);
  step.servers.drop(server);
  if (scrubbed.kind() == Scrubbed::Kind::lame) {
    ++recursion_.counters.lame;
    if (isUnauthoritative(scrubbed.fault())) {
      if (!reply.unauthoritative.empty()) return false;
      reply.unauthoritative = std::move(asked.reply.last.message);
      reply.unauthoritativeServer = server;
    } else if (isWhole && !step.cut.fixed)
      recursion_.infra.setLame(server, zone, Lameness::lame, isConfirmed, now);
  } else if (isWhole && !step.cut.fixed) {
    recursion_.infra.setLame(server, zone, Lameness::failing, isConfirmed, now);
  }
  reply.reason = Reason{ExtendedErrorCode::noReachableAuthority,
                        fmt::format("{} from {} for {}", describe(scrubbed.fault()), server, zone)};
  reply.isErroneous = !isWhole;
  return reply.isErroneous;
}

// ---- addresses of name servers

bool Iterator::addAddresses(Step& step, const RRset& rrset) {
  bool added = false;
  std::size_t left = maxServerAddresses;
  for (const ByteSpan rdata : rrset) {
    if (left-- == 0) break;
    const auto address = addressOfOctets(rdata);
    if (address && recursion_.isUsable(*address)) added = step.servers.add(address->withPort(dnsPort)) || added;
  }
  return added;
}

// What other questions have brought: an answer, or the glue of the zones that the host is in.
bool Iterator::addKnownAddresses(Step& step, NameView host) {
  bool added = false;
  const TimePoint now = recursion_.now();
  for (const Type type : {Type::A, Type::AAAA})
    if (const CachedRRset* const known = recursion_.rrsets.find(host, type, now))
      added = addAddresses(step, known->rrset(now)) || added;
  for (NameView zone = host; !zone.isRoot(); zone = zone.parent()) {
    const auto around = recursion_.delegations.closest(zone, Type::A, now);
    if (!around || around->zone().isRoot()) break;
    around->forEachServer([&](const Delegation::Server& server) {
      if (server.name != host) return true;
      for (const Address& address : server.glue())
        if (recursion_.isUsable(address)) added = step.servers.add(address) || added;
      return false;
    });
    zone = host.suffix(around->zone().labelCount());
  }
  return added;
}

bool Iterator::addKnownAddresses(Step& step) {
  bool added = false;
  step.cut.delegation->forEachServer([&](const Delegation::Server& server) {
    added = addKnownAddresses(step, server.name) || added;
    return true;
  });
  return added;
}

// The names of the cut's servers whose addresses were not looked for yet, at random. Those in the zone itself are not
// looked for: only a server of the zone knows their addresses, and where one works there is no need of them.
Iterator::Hosts Iterator::hostsToLookUp(const Step& step, Which which) const {
  Hosts hosts;
  std::size_t index = 0;
  step.cut.delegation->forEachServer([&](const Delegation::Server& server) {
    const bool isWanted = server.addressCount == 0 || which == Which::all;
    if (isWanted && !step.lookedUp.test(index) && !server.name.isWithin(step.cut.zone()))
      hosts.emplace_back(index, server.name);
    return ++index < maxNameServers;
  });
  if (!hosts.empty())
    std::ranges::rotate(hosts, hosts.begin() + static_cast<std::ptrdiff_t>(randomU64() % hosts.size()));
  return hosts;
}

// `mayDoubtGlue`: no server has said anything, so the addresses that came with the delegation may be wrong.
Task<bool> Iterator::findAddresses(Fetch& fetch, Step& step, bool mayDoubtGlue) {
  if (step.cut.fixed || step.lookedUp.all()) co_return false;
  if (addKnownAddresses(step)) co_return true;
  bool found = false;
  Hosts hosts = hostsToLookUp(step, Which::withoutGlue);
  if (hosts.empty() && mayDoubtGlue) hosts = hostsToLookUp(step, Which::all);
  const std::size_t atOnce = fetch.budget.depth() == 0 ? lookupsAtOnce : 1;
  for (std::size_t next = 0; next < hosts.size() && !found && !fetch.stop.stopRequested(); next += atOnce) {
    const std::size_t count = std::min(atOnce, hosts.size() - next);
    const auto some = std::span(hosts).subspan(next, count);
    for (const auto& host : some) step.lookedUp.set(host.first);
    found = co_await lookUp(fetch, step, some);
    // The way to a host may have brought glue for it, where its own zone has nothing.
    for (const auto& host : some) found = found || addKnownAddresses(step, host.second);
  }
  co_return found;
}

// The first address that comes is enough; the look-ups go on for who needs the others.
Task<bool> Iterator::lookUp(Fetch& fetch, Step& step, std::span<const Hosts::value_type> hosts) {
  Race<LocalRef<const Link>> race(fetch.stop);
  bool found = false;
  try {
    for (const auto& host : hosts) {
      if (!fetch.budget.takeAddressLookup()) break;
      if (recursion_.options.usesIpv4)
        race.start(fetches_.get(fetch, Budget::Purpose::addresses, host.second, Type::A));
      if (recursion_.options.usesIpv6 && !recursion_.infra.avoidsIpv6(recursion_.now()))
        race.start(fetches_.get(fetch, Budget::Purpose::addresses, host.second, Type::AAAA));
    }
    while (!found) {
      const auto link = co_await race.next(fetch.stop);
      if (!link) break;
      if (!*link) continue;
      for (const Link::Part& part : (*link)->parts)
        if (part.section == Section::answer && part.rrset->type() == (*link)->type)
          found = addAddresses(step, part.rrset->rrset(recursion_.now())) || found;
    }
  } catch (const std::bad_alloc&) {
  }
  co_await race.end();
  if (!found)
    for (std::size_t i = 0; i < hosts.size(); ++i) fetch.work->budget.noteFailedLookup();
  co_return found;
}

}  // namespace taut

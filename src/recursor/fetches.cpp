#include "fetches.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "taut/coro/current_stop_token.hpp"
#include "taut/io/deadline.hpp"

namespace taut {

LocalRef<const Link> Fetches::lookup(NameView name, Type type) {
  const TimePoint now = recursion_.now();
  if (type != Type::ANY)
    for (const Type kept : {type, Type::CNAME}) {
      const CachedRRset* const found = recursion_.rrsets.find(name, kept, now);
      if (!found) continue;
      const auto kind = kept == type ? Link::Kind::answer : Link::Kind::alias;
      auto link = makeLocalRef<Link>(kind, name, type);
      link->security = found->security();
      link->expiry = found->expiry();
      link->add(Section::answer, LocalRef<const CachedRRset>(found));
      return LocalRef<const Link>(link.get());
    }
  if (const Link* const link = recursion_.links.find(name, type, now)) return LocalRef<const Link>(link);
  return {};
}

LocalRef<Fetch> Fetches::underWay(NameView name, Type type) const {
  const Question question{name, type};
  const auto found = underWay_.find(question);
  return found == underWay_.end() ? LocalRef<Fetch>() : LocalRef<Fetch>(found->second);
}

LocalRef<Fetch> Fetches::start(LocalRef<Fetch> fetch) {
  const Question question{fetch->name, fetch->type};
  underWay_.emplace(question, fetch.get());
  ++recursion_.counters.fetches;
  recursion_.counters.inFlight.set(underWay_.size());
  scope_.spawn(run(fetch));
  return fetch;
}

void Fetches::begin(Fetch& neededBy, Budget::Purpose purpose, NameView name, Type type) {
  if (underWay(name, type)) return;
  start(makeLocalRef<Fetch>(neededBy, purpose, name, type));
}

// What the proofs of other answers say of it (RFC 8198); null where they say nothing.
LocalRef<const Link> Fetches::synthesise(Work& work, NameView name, Type type) {
  if (!recursion_.synthesises() || type == Type::ANY) return {};
  const TimePoint now = recursion_.now();
  const auto cut = recursion_.delegations.closest(name, type, now);
  if (!cut || recursion_.fixedZone(name, type)) return {};
  const auto denial = recursion_.denials.synthesise(name, type, cut->zone(), work.crypto, now);
  if (!denial) return {};
  using Kind = SynthesisedDenial::Kind;
  const auto kind = denial->kind() == Kind::nameError ? Link::Kind::nameError
                    : denial->kind() == Kind::noData  ? Link::Kind::noData
                                                      : Link::Kind::answer;
  auto link = makeLocalRef<Link>(kind, name, type);
  link->security = SecurityState::secure;
  link->expiry = denial->expiry();
  if (kind == Link::Kind::answer) {
    const CachedRRset* const source = recursion_.rrsets.find(denial->wildcard(), type, now);
    if (!source || source->security() != SecurityState::secure) return {};
    RRset expanded = source->rrset(now);
    expanded.owner = name;
    const auto made = CachedRRset::make(expanded, source->signatures(now), source->grade(), SecurityState::secure,
                                        std::min(source->expiry(), denial->expiry()));
    link->add(Section::answer, LocalRef<const CachedRRset>(made.get()));
  } else {
    link->rcode = kind == Link::Kind::nameError ? Rcode::NXDOMAIN : Rcode::NOERROR;
    link->add(Section::authority, denial->soa());
  }
  for (const LocalRef<const CachedRRset>& record : denial->records()) link->add(Section::authority, record);
  ++recursion_.counters.synthesised;
  return LocalRef<const Link>(link.get());
}

Task<LocalRef<const Link>> Fetches::get(Fetch& neededBy, Budget::Purpose purpose, Name name, Type type) {
  for (;;) {
    if (auto kept = lookup(name, type)) co_return kept;
    if (auto made = synthesise(*neededBy.work, name, type)) co_return made;
    LocalRef<Fetch> fetch = underWay(name, type);
    if (fetch && fetch->waitsFor(neededBy)) {
      neededBy.note(recursion_.now(), "a circle: " + name.toString() + " is needed to find itself");
      Reason reason{ExtendedErrorCode::other, "servers that need each other to be found"};
      const auto failure = makeFailure(name, type, std::move(reason));
      co_return LocalRef<const Link>(failure.get());
    }
    const bool isNew = !fetch;
    if (isNew)
      fetch = makeLocalRef<Fetch>(neededBy, purpose, name, type);
    else
      ++recursion_.counters.joined;
    // Before it begins: it may at once need what waits for it.
    const Awaiting awaiting(neededBy, *fetch);
    if (isNew) start(fetch);
    // One that races with others ends with the race.
    const StopToken own = co_await currentStopToken();
    const StopToken stop = own.stopPossible() ? own : neededBy.stop;
    const bool done = co_await fetch->done.wait(stop);
    if (!done) co_return LocalRef<const Link>();
    // That another question has spent all that it might is no fault of this one.
    if (isNew || !fetch->link || !fetch->link->isOfLimits) co_return fetch->link;
  }
}

Task<LocalRef<const Link>> Fetches::get(LocalRef<Work> work, Name name, Type type, bool refreshes, StopToken stop) {
  for (;;) {
    if (!refreshes)
      if (auto kept = lookup(name, type)) co_return kept;
    if (!refreshes)
      if (auto made = synthesise(*work, name, type)) co_return made;
    LocalRef<Fetch> fetch = underWay(name, type);
    const bool isNew = !fetch;
    if (isNew) {
      fetch = makeLocalRef<Fetch>(work, name, type);
    } else {
      ++recursion_.counters.joined;
      if (fetch->clients >= maxClients) {
        Reason reason{ExtendedErrorCode::other, "too many clients wait for this"};
        const auto failure = makeFailure(name, type, std::move(reason));
        co_return LocalRef<const Link>(failure.get());
      }
    }
    ++fetch->clients;
    if (isNew) start(fetch);
    const bool done = co_await fetch->done.wait(stop);
    --fetch->clients;
    if (!done) co_return LocalRef<const Link>();
    if (isNew || !fetch->link || !fetch->link->isOfLimits) co_return fetch->link;
  }
}

// The zone whose servers a fetch asks first.
Name Fetches::startOf(NameView name, Type type) {
  const auto cut = recursion_.delegations.closest(name, type, recursion_.now());
  return cut ? Name(cut->zone()) : Name();
}

bool Fetches::admits(NameView name, Type type) {
  if (quota_.hasRoom() || underWay(name, type)) return true;
  return quota_.admit(startOf(name, type), fetcher_.asksTheSilent(name, type));
}

// Whatever happens, who waits is told.
Task<> Fetches::run(LocalRef<Fetch> fetch) {
  const TimePoint until = fetch->work->budget.deadline();
  FlightQuota::Place place(quota_, startOf(fetch->name, fetch->type), scope_.token());
  Deadline deadline(recursion_.shard, std::max(until - recursion_.now(), Duration()), place.token());
  fetch->stop = deadline.token();
  fetch->place = &place;
  try {
    auto link = co_await fetcher_.run(*fetch);
    fetch->link = std::move(link);
  } catch (const std::bad_alloc&) {
  }
  if (!fetch->link && !scope_.token().stopRequested()) {
    Reason reason{ExtendedErrorCode::noReachableAuthority, "no answer in time"};
    if (place.gaveWay()) reason = Reason{ExtendedErrorCode::other, "too many questions about the zone"};
    const auto failure = makeFailure(fetch->name, fetch->type, std::move(reason));
    failure->isOfLimits = true;
    fetch->link = LocalRef<const Link>(failure.get());
    if (!fetch->neededBy && !place.gaveWay()) recursion_.links.store(failure, recursion_.now());
  }
  if (place.gaveWay()) ++recursion_.counters.overload;
  fetch->stop = {};
  fetch->place = nullptr;
  const Question question{fetch->name, fetch->type};
  underWay_.erase(question);
  recursion_.counters.inFlight.set(underWay_.size());
  fetch->done.set();
}

Task<> Fetches::close() {
  scope_.stop();
  co_await scope_.join();
}

}  // namespace taut

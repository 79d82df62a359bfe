// The walk that carries out a fetch: from the closest zone cut that is known to the servers that have the answer (RFC
// 1034 section 5.3.3), with names minimised on the way (RFC 9156).
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cut.hpp"
#include "fetch.hpp"
#include "fetches.hpp"
#include "link.hpp"
#include "recursion.hpp"
#include "server_quota.hpp"
#include "taut/base/local_pool.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/name.hpp"
#include "taut/recursor/query_minimiser.hpp"
#include "taut/recursor/scrubber.hpp"
#include "taut/recursor/server_set.hpp"
#include "validator.hpp"

namespace taut {

class Iterator final : public Fetcher {
 public:
  explicit Iterator(Recursion& recursion);

  Task<LocalRef<const Link>> run(Fetch& fetch) override;
  bool asksTheSilent(NameView name, Type type) override;

  Fetches& fetches() { return fetches_; }
  const Fetches& fetches() const { return fetches_; }

 private:
  class Asking;
  struct AskedServer {
    const ExchangeServer* server;
    ServerReply reply;
  };
  // The servers of one cut, while a walk is there.
  struct Step {
    Step(Recursion& recursion, Cut at);

    Cut cut;
    ServerSet servers;
    std::bitset<maxNameServers> lookedUp{};  // those whose addresses were looked for
    unsigned bogus = 0;                      // replies
  };
  // What a server gave that is of use, or why none did.
  struct Reply {
    Scrubbed scrubbed{};  // `failure` where none did
    Address server{};
    std::optional<Reason> reason{};
    bool isUsable = false;
    bool wasHeard = false;     // a server has replied
    bool isErroneous = false;  // a server was wrong about a minimised name
    bool isOfQuota = false;    // a server was left out because too many questions wait for it
    // The first one without authority, for where there is no better one.
    LocalBytes unauthoritative{};
    Address unauthoritativeServer{};
  };

  // Where a walk is.
  struct Walk {
    Walk(Recursion& recursion, Fetch& forFetch, const Cut& from)
        : fetch(forFetch), question(forFetch.name, forFetch.type, from.zone()) {
      step.emplace(recursion, from);
    }

    Fetch& fetch;
    QueryMinimiser question;
    std::optional<Step> step{};
    // What is left where no server has anything better. Until then it is not kept, where others would find it.
    LocalRef<Link> bogus{};
    std::optional<Cut> distrusted{};
    bool doubtsLocalRoot = false;  // what it has referred to could not be validated
  };

  // A minimised question that a walk asks now. Others that need the same wait for what it finds: the same question,
  // sent many times at once, would be as many chances for who forges replies (RFC 5452 section 5).
  struct Scout : LocalCounted {
    enum class Found : std::uint8_t { nothing, cut, noCut, nameError };

    Scout(Fetch& by, NameView of, NameView asked) : fetch(&by), zone(of), name(asked) {}

    const LocalRef<Fetch> fetch;
    const Name zone;  // whose servers are asked
    const Name name;
    Found found = Found::nothing;
    Event done;
  };
  // While a walk is one; it tells the others in the end.
  class Scouting {
   public:
    Scouting(Iterator& iterator, Fetch& fetch, NameView zone, NameView name);
    Scouting(const Scouting&) = delete;
    Scouting& operator=(const Scouting&) = delete;
    ~Scouting();

    void tell(Scout::Found found) { scout_->found = found; }

   private:
    Iterator& iterator_;
    const LocalRef<Scout> scout_;
  };

  Task<Cut> begin(Fetch& fetch);
  Task<LocalRef<const Delegation>> prime(Fetch& fetch);
  LocalRef<const Delegation> rootOfCopy(const Fetch& fetch);
  Task<LocalRef<const Link>> walk(Fetch& fetch, Cut from);
  // Each says what the walk ends with, or nothing where it goes on.
  std::optional<LocalRef<const Link>> goOnWithout(Walk& walk, const Reply& reply);
  Task<std::optional<LocalRef<const Link>>> takeReferral(Walk& walk, const Reply& reply, Scouting* scouting);
  std::optional<Scrubbed> askLocalRoot(const Walk& walk) const;
  Task<std::optional<LocalRef<const Link>>> takeLocalKeys(Walk& walk, const Scrubbed& keys);
  Task<bool> takeLocalReferral(Walk& walk, const Scrubbed& referral, Scouting* scouting);
  Task<std::optional<LocalRef<const Link>>> takeAnswer(Walk& walk, const Reply& reply);
  void addLabels(Walk& walk, const Reply& reply, Scouting& scouting);
  void dropBogus(Step& step, const Address& server);
  LocalRef<const Link> giveUp(const Walk& walk);
  void enter(Walk& walk, Cut next);
  Task<bool> followScout(Walk& walk);
  bool descendToKnown(Walk& walk);
  Task<std::optional<Cut>> descend(Fetch& fetch, Step& step, const Scrubbed& referral, std::optional<Reason>& reason);
  void storeRoot(const Scrubbed& servers, DelegationSecurity security);
  LocalRef<const Link> fail(const Fetch& fetch, std::optional<Reason> reason);
  LocalRef<const Link> failForQuota(const Fetch& fetch, const Reply& reply);
  LocalRef<Link> failFor(const Fetch& fetch, Reason reason, bool isOfLimits);

  Task<Reply> ask(Fetch& fetch, Step& step, QuestionView question);
  Task<Reply> race(Asking& asking, Step& step);
  Task<> finishLate(LocalRef<Asking> asking);
  std::optional<ServerSet::Choice> choose(Step& step, Reply& reply);
  bool startNext(Asking& asking, Step& step, bool hedges, Duration& hedgeAfter, Reply& reply);
  void takeLastResort(Asking& asking, Step& step, Reply& reply);
  bool takeReply(Asking& asking, Step& step, AskedServer& asked, Reply& reply);
  bool takeFault(Step& step, AskedServer& asked, const Scrubbed& scrubbed, bool isWhole, Reply& reply);

  using Hosts = std::vector<std::pair<std::size_t, Name>>;  // with their numbers in the delegation
  Task<bool> findAddresses(Fetch& fetch, Step& step, bool mayDoubtGlue);
  Task<bool> lookUp(Fetch& fetch, Step& step, std::span<const Hosts::value_type> hosts);
  enum class Which : std::uint8_t { withoutGlue, all };
  Hosts hostsToLookUp(const Step& step, Which which) const;
  bool addKnownAddresses(Step& step, NameView host);
  bool addKnownAddresses(Step& step);
  bool addAddresses(Step& step, const RRset& rrset);

  Recursion& recursion_;
  Fetches fetches_;
  Validator validator_;
  ServerQuota serverQuota_;
  std::unordered_map<Name, Scout*, NameHash, NameEqual> scouts_;
  std::vector<LocalRef<const Delegation>> fixed_;  // of each fixed zone one without servers
};

}  // namespace taut

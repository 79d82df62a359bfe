#include "taut/resolver/response_policy.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/address_octets.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/resolver/dnssec_records.hpp"

namespace taut {

class ResponsePolicy::Snapshot final : public LocalCounted {
 public:
  explicit Snapshot(std::shared_ptr<const PolicySet> policies) : policies_(std::move(policies)) {}
  std::span<const PolicySet::Policy> policies() const { return policies_->policies(); }

 private:
  std::shared_ptr<const PolicySet> policies_;
};

// A rule that counts, and what it was found for. The name is the query's, or lives in the answer.
struct ResponsePolicy::Match {
  const PolicySet::Policy* policy = nullptr;  // null: none
  PolicyRule rule;
  NameView name;
  std::size_t aliases = 0;  // so many entries of the answer have led to the name

  explicit operator bool() const { return policy != nullptr; }
};

namespace {

using Policies = std::span<const PolicySet::Policy>;
using PolicyMatch = std::pair<const PolicySet::Policy*, PolicyRule>;

std::optional<Address> addressOf(const RRset& rrset, ByteSpan rdata) {
  const auto address = addressOfOctets(rdata);
  return address && rrset.type == (address->isV6() ? Type::AAAA : Type::A) ? address : std::nullopt;
}

// For the longest network that has an address of the answer.
std::optional<PolicyRule> ruleForAddresses(const PolicyZone& zone, const Answer& answer) {
  if (!zone.hasAddressRules()) return std::nullopt;
  std::optional<detail::PolicyNetworks::Found> best;
  for (std::size_t i = 0; i < answer.entryCount(); ++i) {
    if (answer.entry(i).section != Section::answer) continue;
    for (const ByteSpan rdata : answer.entry(i).rrset) {
      const auto address = addressOf(answer.entry(i).rrset, rdata);
      const auto found = address ? zone.forAddress(*address) : std::nullopt;
      if (found && (!best || found->bits > best->bits)) best = found;
    }
  }
  return best ? std::optional(best->rule) : std::nullopt;
}

// Of one name on the way along the aliases. `client` is null for a name that the client has not asked for, `answer`
// where addresses do not belong to the name, or are not known.
std::optional<PolicyMatch> firstRule(Policies policies, NameView name, const Address* client, const Answer* answer) {
  for (const PolicySet::Policy& policy : policies) {
    std::optional<PolicyRule> rule;
    if (client) rule = policy.zone->forClient(*client);
    if (!rule) rule = policy.zone->forName(name);
    if (!rule && answer) rule = ruleForAddresses(*policy.zone, *answer);
    if (rule) return PolicyMatch(&policy, *rule);
  }
  return std::nullopt;
}

// Whether the rule of the question counts whatever the answer will be.
bool isFinal(const PolicySet::Policy* found, Policies policies) {
  return std::none_of(policies.data(), found,
                      [](const PolicySet::Policy& before) { return before.zone->hasAddressRules(); });
}

std::optional<NameView> aliasTarget(const Answer::Entry& entry) {
  if (entry.section != Section::answer || entry.rrset.type != Type::CNAME) return std::nullopt;
  return NameView::fromWire(entry.rrset.front());
}

// Whether rules look at it: what failed, or was refused, stays.
bool isJudged(const Answer& answer) {
  const bool isAnswer = answer.rcode() == Rcode::NOERROR || answer.rcode() == Rcode::NXDOMAIN;
  return isAnswer && !answer.isNoReply() && !answer.truncated();
}

void copyAliases(Answer& made, const Answer& answer, std::size_t entries) {
  for (std::size_t i = 0; i < entries; ++i) {
    const Answer::Entry& entry = answer.entry(i);
    const bool leadsOn = entry.rrset.type == Type::CNAME || entry.rrset.type == Type::DNAME;
    if (leadsOn && entry.section == Section::answer) made.addRRset(Section::answer, entry.rrset);
  }
}

// `*.garden.example` for the name `www.example` is www.example.garden.example; nothing where that is too long.
std::optional<Name> targetFor(NameView name, NameView target) {
  return target.isWildcard() ? Name::substitute(name, NameView(), target.parent()) : std::optional<Name>(target);
}

void explain(Answer& made, const PolicySet::Policy& policy, ExtendedErrorCode code) {
  const Zone& zone = *policy.zone->zone();
  made.setSource(AnswerSource::zone(made.keep(zone.origin())));
  made.setExtendedError(code, zone.origin().toString());
  made.addRRset(Section::additional, zone.soa().data);
}

// The records of the rule's node, of the type that is asked for.
void addLocalData(Answer& made, ZoneNode node, NameView owner, Type type) {
  for (const RRset rrset : node) {
    const bool isAsked = type == Type::ANY ? !isDnssecType(rrset.type) : type == rrset.type;
    if (!isAsked) continue;
    RRset given = rrset;
    given.owner = owner;
    made.addRRset(Section::answer, given);
  }
}

}  // namespace

ResponsePolicy::ResponsePolicy(std::shared_ptr<Resolver> client, std::shared_ptr<const PolicySet> policies)
    : client_(std::move(client)) {
  replace(std::move(policies));
}

ResponsePolicy::~ResponsePolicy() = default;

void ResponsePolicy::replace(std::shared_ptr<const PolicySet> policies) {
  snapshot_ = makeLocalRef<const Snapshot>(std::move(policies));
}

Task<std::optional<Answer>> ResponsePolicy::resolve(const Query& query) {
  const LocalRef<const Snapshot> snapshot = snapshot_;
  const Policies policies = snapshot->policies();
  const bool applies = query.rrClass() == Class::IN && !policies.empty() && accessList_.allows(query);
  if (!applies) return client_->resolve(query);
  const auto early = firstRule(policies, query.name(), &query.peer(), nullptr);
  if (early && isFinal(early->first, policies))
    return follow({early->first, early->second, query.name(), 0}, query, std::nullopt);
  auto task = client_->resolve(query);
  if (!task.isReady()) return wait(snapshot, std::move(task), query);
  return judge(*snapshot, query, task.takeReady());
}

// The policy that was there when the query came is the one that counts.
Task<std::optional<Answer>> ResponsePolicy::wait(LocalRef<const Snapshot> snapshot, Task<std::optional<Answer>> task,
                                                 const Query& query) {
  auto answer = co_await std::move(task);
  auto judged = judge(*snapshot, query, std::move(answer));
  auto made = co_await std::move(judged);
  co_return made;
}

Task<std::optional<Answer>> ResponsePolicy::judge(const Snapshot& snapshot, const Query& query,
                                                  std::optional<Answer> answer) {
  const Match match = answer && isJudged(*answer) ? find(snapshot, query, *answer) : Match{};
  return match ? follow(match, query, std::move(answer)) : Task<std::optional<Answer>>::ready(std::move(answer));
}

// Along the aliases of the answer, name by name.
ResponsePolicy::Match ResponsePolicy::find(const Snapshot& snapshot, const Query& query, const Answer& answer) {
  NameView name = query.name();
  const Address* client = &query.peer();
  std::size_t aliases = 0;
  for (std::size_t i = 0;; ++i) {
    const bool isLast = i == answer.entryCount();
    const auto target = isLast || query.type() == Type::CNAME ? std::nullopt : aliasTarget(answer.entry(i));
    if (!isLast && !target) continue;
    const auto found = firstRule(snapshot.policies(), name, client, isLast ? &answer : nullptr);
    if (found) return {found->first, found->second, name, aliases};
    if (isLast) return {};
    name = *target;
    client = nullptr;
    aliases = i + 1;
  }
}

Task<std::optional<Answer>> ResponsePolicy::follow(const Match& match, const Query& query,
                                                   std::optional<Answer> answer) {
  const PolicyAction action = match.rule.action;
  const bool isStream = query.transport() == Transport::tcp;
  if (action == PolicyAction::drop) return Task<std::optional<Answer>>::ready(Answer::noReply());
  if (action == PolicyAction::passThrough || (action == PolicyAction::tcpOnly && isStream))
    return answer ? Task<std::optional<Answer>>::ready(std::move(answer)) : client_->resolve(query);
  Answer made;
  if (action == PolicyAction::tcpOnly) {
    made.setTruncated(true);
    return Task<std::optional<Answer>>::ready(std::move(made));
  }
  if (answer) copyAliases(made, *answer, match.aliases);
  if (action == PolicyAction::localData) return giveLocalData(match, query, std::move(made));
  if (action == PolicyAction::nameError) made.setRcode(Rcode::NXDOMAIN);
  explain(made, *match.policy, match.policy->reason);
  return Task<std::optional<Answer>>::ready(std::move(made));
}

Task<std::optional<Answer>> ResponsePolicy::giveLocalData(const Match& match, const Query& query, Answer made) {
  const std::size_t before = made.entryCount();
  const ZoneNode node = match.rule.node;
  std::optional<Name> target;
  if (node.hasCname()) {
    const RRset cname = node.rrset(Type::CNAME).data;
    if (const auto to = NameView::fromWire(cname.front())) target = targetFor(match.name, *to);
    if (target)
      made.addRecord(Section::answer, match.name, Type::CNAME, Class::IN, cname.ttl, target->wire());
    else
      made.setRcode(Rcode::YXDOMAIN);
  } else {
    addLocalData(made, node, match.name, query.type());
  }
  const bool hasData = made.entryCount() > before;
  explain(made, *match.policy, hasData ? ExtendedErrorCode::forgedAnswer : match.policy->reason);
  if (!target || query.type() == Type::CNAME || query.type() == Type::ANY)
    return Task<std::optional<Answer>>::ready(std::move(made));
  return followAlias(std::move(made), query, *target);
}

Task<std::optional<Answer>> ResponsePolicy::followAlias(Answer made, const Query& query, Name target) {
  const Query asked = query.withQuestion(target, query.type());
  auto found = co_await client_->resolve(asked);
  if (!found) co_return made;
  if (found->isNoReply()) co_return found;
  made.setRcode(found->rcode());
  made.setTransient(found->transient());
  if (const auto scope = found->clientSubnetScope()) made.setClientSubnetScope(*scope);
  for (std::size_t i = 0; i < found->entryCount(); ++i) {
    const Answer::Entry& entry = found->entry(i);
    if (entry.section != Section::additional) made.addRRset(entry.section, entry.rrset);
  }
  co_return made;
}

}  // namespace taut

#include "fake_internet.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "crypto_costs.hpp"
#include "taut/base/random.hpp"
#include "taut/dns/reply.hpp"
#include "taut/io/sleep.hpp"
#include "taut/resolver/upstream_query.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut::test {

namespace {

using Kind = Exchange::Attempt::Kind;

bool refusesEdns(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::NOTIMP || rcode == Rcode::BADVERS;
}

bool isOfDnssec(Type type) {
  return type == Type::RRSIG || type == Type::NSEC || type == Type::NSEC3 || type == Type::DS;
}

}  // namespace

WallTime MemoryClock::wallTime() const noexcept {
  constexpr WallTime start = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  return start + std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch());
}

std::optional<Duration> MemoryClock::waitFor(TimePoint deadline, bool forThread) const noexcept {
  if (forThread && now_ < deadline) return std::chrono::seconds(1);
  now_ = std::max(now_, deadline);
  return Duration::zero();
}

void MemoryClock::waitedFor(TimePoint deadline) noexcept {
  now_ = std::max(now_, deadline);
}

std::string AskedQuestion::toString() const {
  return server.hostText() + " " + name.toString() + " " + taut::toString(type);
}

FakeServer& FakeServer::serve(std::shared_ptr<const Zone> zone) {
  const Name origin = zone->origin();
  std::erase_if(zones_, [&](const auto& other) { return other->origin() == origin.view(); });
  zones_.push_back(std::move(zone));
  authority_.reset();
  return *this;
}

std::shared_ptr<const Zone> FakeServer::zone(NameView origin) const {
  const auto found = std::ranges::find_if(zones_, [&](const auto& zone) { return zone->origin() == origin; });
  return found == zones_.end() ? nullptr : *found;
}

Octets FakeServer::reply(const Query& query) {
  const WithoutCryptoCosts ofServers;
  ++questions;
  if (manner == Manner::dead) return {};
  if (script) {
    if (std::optional<Octets> octets = script(query)) {
      if (octets->size() >= 2) storeU16(octets->data(), query.id());
      return std::move(*octets);
    }
  }
  return ownReply(query);
}

Octets FakeServer::ownReply(const Query& query) {
  Octets octets(query.replyLimit());
  if (!authority_) authority_ = std::make_unique<Authority>(std::make_shared<const ZoneSet>(zones_));
  std::optional<Answer> answer = authority_->answer(query);
  if (!answer) answer = Answer::refused();
  ReplyOptions options;
  switch (manner) {
    case Manner::refusing:
      answer = Answer::refused();
      break;
    case Manner::failing:
      answer = Answer::serverFailure();
      break;
    case Manner::withoutEdns:
      if (query.edns()) answer = Answer::formatError();
      break;
    case Manner::truncating:
      if (query.transport() == taut::Transport::udp) answer->setTruncated(true);
      break;
    case Manner::recursive:
      answer->setAuthoritative(false);
      options.recursionAvailable = true;
      break;
    case Manner::unsignedData:
      answer->removeIf([](const Answer::Entry& entry) { return isOfDnssec(entry.rrset.type); });
      break;
    case Manner::serving:
    case Manner::dead:
      break;
  }
  if (alteration) alteration(query, *answer);
  octets.resize(writeReply(query, *answer, options, octets));
  if (manner != Manner::withoutEdns || !query.edns()) return octets;
  octets.resize(messageHeaderSize + query.questionSize());  // its FORMERR has no OPT
  storeU16(&octets[10], 0);
  return octets;
}

// Asks one server as an Exchange does, over UDP and then, where that is needed, over TCP.
class FakeInternet::Asking {
 public:
  Asking(FakeInternet& internet, const UpstreamQuestion& question, const ExchangeServer& server)
      : internet_(internet), question_(question), server_(server), edns_(server.edns) {}

  Task<Exchange::Attempt> next(StopToken stop) {
    goesOn_ = false;
    Shard& shard = internet_.shard_;
    Exchange::Attempt attempt(transport_, shard.now());
    std::array<std::uint8_t, maxUpstreamQuerySize> buffer;
    UpstreamQuery query;
    query.id = randomU16();
    query.edns = edns_;
    const MutableByteSpan octets = MutableByteSpan(buffer).first(writeUpstreamQuery(question_, query, buffer));
    FakeServer* const server = internet_.find(server_.address);
    const Octets reply = replyTo(octets, server);
    const bool overTcp = transport_ == taut::Transport::tcp;
    const Duration patience = overTcp ? std::chrono::seconds(3) : server_.timeout;
    const Duration trip = server == nullptr ? patience : server->roundTrip * (overTcp ? 2 : 1);
    if (reply.empty() || trip >= patience) {
      const bool passed = co_await sleepFor(shard, patience, stop);
      attempt.timedOut = passed;
      attempt.kind = overTcp ? Kind::broken : Kind::silent;
      co_return attempt;
    }
    const bool came = co_await sleepFor(shard, trip, stop);
    if (!came) {
      attempt.kind = overTcp ? Kind::broken : Kind::silent;
      co_return attempt;
    }
    attempt.head = matchUpstreamReply(question_, query, reply);
    attempt.kind = judge(attempt.head);
    if (attempt.kind == Kind::replied) attempt.message.assign(reply.begin(), reply.end());
    if (attempt.kind == Kind::silent) {
      const bool passed = co_await sleepFor(shard, patience - trip, stop);
      attempt.timedOut = passed;
    }
    co_return attempt;
  }

  bool goesOn() const { return goesOn_; }
  bool edns() const { return edns_; }

 private:
  // Empty where none comes.
  Octets replyTo(ByteSpan octets, FakeServer* server) {
    QueryClient client;
    client.transport = transport_;
    client.peer = Address::v4({203, 0, 113, 1}, 40000);
    const std::optional<Query> query = Query::parse(octets, client);
    internet_.asked_.push_back({server_.address, query->name(), query->type(), transport_, query->edns().has_value(),
                                query->recursionDesired(), query->checkingDisabled(), internet_.shard_.now()});
    if (server == nullptr) return {};
    if (transport_ == taut::Transport::tcp) return server->reply(*query);
    if (internet_.isLost(*server)) return {};
    Octets reply = server->reply(*query);
    if (internet_.isLost(*server)) reply.clear();
    return reply;
  }

  Kind judge(const UpstreamReplyHead& head) {
    using Reply = UpstreamReplyHead::Kind;
    const bool overTcp = transport_ == taut::Transport::tcp;
    switch (head.kind) {
      case Reply::mismatched:  // it is ignored
        return overTcp ? Kind::malformed : Kind::silent;
      case Reply::truncated:
        if (overTcp) return Kind::malformed;
        transport_ = taut::Transport::tcp;
        goesOn_ = true;
        return Kind::truncated;
      case Reply::malformed:
        return Kind::malformed;
      case Reply::unproven:
      case Reply::matched:
        break;
    }
    if (!edns_ || !refusesEdns(head.rcode) || (head.edns && head.rcode != Rcode::BADVERS)) return Kind::replied;
    edns_ = false;
    goesOn_ = true;
    return Kind::noEdns;
  }

  FakeInternet& internet_;
  const UpstreamQuestion& question_;
  const ExchangeServer& server_;
  taut::Transport transport_ = taut::Transport::udp;
  bool edns_;
  bool goesOn_ = true;
};

class FakeInternet::Transport final : public ServerTransport {
 public:
  explicit Transport(FakeInternet& internet) : internet_(internet) {}

  Task<ServerReply> ask(const UpstreamQuestion& question, const ExchangeServer& server, FetchBudget& budget,
                        StopToken stop) override {
    Asking asking(internet_, question, server);
    ServerReply reply(internet_.shard_.now());
    reply.sent = reply.last.sent;
    for (;;) {
      Exchange::Attempt attempt = co_await asking.next(stop);
      const bool overUdp = attempt.transport == taut::Transport::udp;
      const bool wasHeard = attempt.kind != Kind::silent && attempt.kind != Kind::broken;
      if (overUdp && wasHeard && reply.roundTrip == Duration()) reply.roundTrip = internet_.shard_.now() - attempt.sent;
      reply.timedOut = reply.timedOut || (overUdp && attempt.timedOut);
      reply.last = std::move(attempt);
      if (!asking.goesOn() || stop.stopRequested() || !budget.takeSend()) break;
    }
    reply.edns = asking.edns();
    co_return reply;
  }

 private:
  FakeInternet& internet_;
};

FakeServer& FakeInternet::server(std::string_view address) {
  return servers_[Address::parse(address, dnsPort).value()];
}

FakeServer* FakeInternet::find(const Address& address) {
  const auto found = servers_.find(address);
  return found == servers_.end() ? nullptr : &found->second;
}

std::unique_ptr<ServerTransport> FakeInternet::transport() {
  return std::make_unique<Transport>(*this);
}

std::size_t FakeInternet::count(std::string_view name, Type type) const {
  const Name wanted(name);
  return static_cast<std::size_t>(std::ranges::count_if(
      asked_, [&](const AskedQuestion& question) { return question.name == wanted && question.type == type; }));
}

std::size_t FakeInternet::countBelow(std::string_view name) const {
  const Name wanted(name);
  return static_cast<std::size_t>(
      std::ranges::count_if(asked_, [&](const AskedQuestion& question) { return question.name.isWithin(wanted); }));
}

std::vector<std::string> FakeInternet::log() const {
  std::vector<std::string> lines;
  for (const AskedQuestion& question : asked_) lines.push_back(question.toString());
  return lines;
}

void FakeInternet::forgetQuestions() {
  asked_.clear();
  for (auto& [address, server] : servers_) server.questions = 0;
}

}  // namespace taut::test

// FakeInternet is name servers in memory, by address, for a recursor to ask: each has a round-trip time, may lose
// datagrams, be dead, lame or hostile, and counts what it is asked. Its clock jumps, so that thousands of resolutions
// take a second, and what is left to chance begins anew with each.
//
//   MemoryShard shard;
//   FakeInternet internet(shard);
//   internet.server("198.18.0.1").serve(zone);
//   Recursor recursor(shard, options, internet.transport());
//
// The queries and replies are octets, written and read by what real ones are written and read by. What is left out is
// the network: sockets, forged datagrams, and connections over TCP that break.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "chance.hpp"
#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/recursor/server_transport.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/zone/zone.hpp"

namespace taut::test {

using Octets = std::vector<std::uint8_t>;

// Where nothing else can happen it is the next deadline's time at once. For what has no I/O: nothing is waited for but
// the results of other threads, as by a ManualClock.
class MemoryClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return now_; }
  WallTime wallTime() const noexcept override;
  std::optional<Duration> waitFor(TimePoint deadline, bool forThread) const noexcept override;
  void waitedFor(TimePoint deadline) noexcept override;

  void advance(Duration duration) noexcept { now_ += duration; }

 private:
  mutable TimePoint now_{std::chrono::hours(1)};
};

namespace memory {

// Before the shard, which refers to it.
struct ShardClock {
  ShardOptions options() {
    ShardOptions options;
    options.clock = &memoryClock;
    return options;
  }

  MemoryClock memoryClock;
};

}  // namespace memory

class MemoryShard : private memory::ShardClock, public Shard {
 public:
  MemoryShard() : Shard(options()) {}

  void advance(Duration duration) noexcept { memoryClock.advance(duration); }
  Duration elapsed() const noexcept { return memoryClock.now() - begin_; }

 private:
  TimePoint begin_ = memoryClock.now();
};

// A question that a server was asked.
struct AskedQuestion {
  Address server;
  Name name;
  Type type{};
  Transport transport{};
  bool edns = false;
  bool recursionDesired = false;
  bool checkingDisabled = false;
  TimePoint at{};

  std::string toString() const;  // "198.18.0.1 www.example.com. A"
};

class FakeServer {
 public:
  enum class Manner : std::uint8_t {
    serving,
    dead,          // says nothing
    refusing,      // REFUSED
    failing,       // SERVFAIL
    withoutEdns,   // FORMERR to queries with OPT
    truncating,    // each reply over UDP has TC and nothing else
    recursive,     // no AA, but RA: somebody's resolver
    unsignedData,  // leaves out RRSIG, NSEC, NSEC3 and DS
  };
  // A reply in place of the server's own; no octets: none is sent. Its ID is made that of the query. Nothing: the
  // server answers as it does.
  using Script = std::function<std::optional<Octets>(const Query&)>;
  // Changes the answer of the server's zones.
  using Alteration = std::function<void(const Query&, Answer&)>;

  Duration roundTrip = std::chrono::milliseconds(20);
  double loss = 0;  // of all datagrams
  Manner manner = Manner::serving;
  Script script;
  Alteration alteration;
  std::size_t questions = 0;

  // One more zone, in place of one of the same origin.
  FakeServer& serve(std::shared_ptr<const Zone> zone);
  // Null where it does not serve it.
  std::shared_ptr<const Zone> zone(NameView origin) const;

  // Empty where it does not answer.
  Octets reply(const Query& query);

 private:
  Octets ownReply(const Query& query);

  std::vector<std::shared_ptr<const Zone>> zones_;
  std::unique_ptr<Authority> authority_;
};

class FakeInternet {
 public:
  explicit FakeInternet(Shard& shard) : shard_(shard) { beginChance(); }
  FakeInternet(const FakeInternet&) = delete;
  FakeInternet& operator=(const FakeInternet&) = delete;

  // Made where there is none; at port 53 where the text has none. Stays where it is.
  FakeServer& server(std::string_view address);
  // Null where nobody is: questions to the address are lost.
  FakeServer* find(const Address& address);

  // For one recursor, which ends before this.
  std::unique_ptr<ServerTransport> transport();

  // All questions since the start, or since `forgetQuestions`, in order.
  const std::vector<AskedQuestion>& questions() const { return asked_; }
  std::size_t count() const { return asked_.size(); }
  std::size_t count(std::string_view name, Type type) const;
  std::size_t countBelow(std::string_view name) const;  // at the name and below it
  std::vector<std::string> log() const;
  void forgetQuestions();

  Shard& shard() const { return shard_; }

 private:
  class Transport;
  class Asking;

  bool isLost(const FakeServer& server) { return std::bernoulli_distribution(server.loss)(chance_); }

  Shard& shard_;
  std::map<Address, FakeServer> servers_;
  std::vector<AskedQuestion> asked_;
  std::mt19937_64 chance_{1};
};

}  // namespace taut::test

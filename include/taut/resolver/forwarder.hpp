// Passes questions on to other servers that resolve, and their answers back: a stub resolver (RFC 1035 section 7).
//
//  - Servers are asked in order, each for the first timeout of the schedule, then all again for the second, and so on.
//    One that fails (SERVFAIL, REFUSED and the like, or something that is no answer) is not asked again for this
//    question; when all have failed, the last RCODE goes to the client.
//  - Each attempt has a new socket with a port that the system draws at random from its ephemeral range, and a random
//    ID (RFC 5452). The socket is connected: the kernel drops what comes from anywhere else. What does not match is
//    ignored, but where somebody seems to be guessing, the same server is asked over TCP, which cannot be guessed.
//  - A truncated reply is asked for again over TCP, from the same server (RFC 7766 section 5). A server that does not
//    understand EDNS is asked without (RFC 6891 section 6.2.2).
//  - A question that is in flight already is not sent again: all who asked get the one answer.
//
// Without RD nothing is forwarded: the answer is REFUSED, as there is no data here but what a cache in front of it has.
// Neither are transfers and the other types that are questions to this very server. Answers are never authoritative,
// and AD is what the server says of itself.
//
// A query whose stop token stops is left without an answer, so that nobody caches one; the others who wait for the same
// answer are not affected.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/name_hash.hpp"
#include "taut/resolver/resolv_conf.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/resolver/upstream_message.hpp"

namespace taut {

struct ForwarderOptions {
  std::vector<Address> servers;  // asked in this order, before those of the file; port 0 stands for 53
  std::string resolvConf;        // path of a resolv.conf(5), followed as it changes; empty for none
  // How long each server has to answer in each round. Empty: as the file's options timeout and attempts say, or else
  // 1, 3, 11 and 45 seconds.
  std::vector<std::chrono::milliseconds> timeouts;
  bool rotate = false;                          // each question starts at the next server; also an option of the file
  std::chrono::milliseconds tcpTimeout{10000};  // for a whole exchange over TCP
  std::chrono::milliseconds deadline{120000};   // for a question, however many servers and rounds are left
  std::size_t maxInFlight = 4096;               // different questions at a time; further ones are SERVFAIL at once
  std::uint16_t udpPayloadSize = usualUdpSize;  // offered to the servers with EDNS
};

struct ForwarderStatistics {
  std::uint64_t questions = 0;   // that came in and were to be forwarded
  std::uint64_t joined = 0;      // of them, found in flight already
  std::uint64_t overload = 0;    // of them, one too many
  std::uint64_t udpQueries = 0;  // sent
  std::uint64_t tcpQueries = 0;
  std::uint64_t timeouts = 0;  // attempts
  std::uint64_t foreign = 0;   // datagrams that were no reply to what was asked
  std::uint64_t unusable = 0;  // replies that were malformed or no answer
  std::uint64_t failures = 0;  // questions that no server answered
};

class Forwarder final : public Resolver {
 public:
  // Throws std::invalid_argument where there are neither servers nor a file.
  Forwarder(Shard& shard, ForwarderOptions options);
  ~Forwarder() override;

  Task<std::optional<Answer>> resolve(const Query& query) override;

  // Gives up what is in flight; whoever waits gets nothing.
  Task<> close() override;

  // Reads the file at once; otherwise that is done when it changes, which is looked for once a second.
  void reload();
  // Whom the next question will be sent to.
  const std::vector<Address>& servers();

  std::size_t inFlight() const { return scope_.size(); }
  const ForwarderStatistics& statistics() const { return statistics_; }

 private:
  class Flight;
  class Interest;
  struct Plan;
  struct Outcome;

  struct HashQuestion {
    detail::HashSecret secret;
    std::size_t operator()(const UpstreamQuestion& question) const;
  };

  static std::optional<Answer> refuse(const Query& query);
  const LocalRef<const Plan>& plan();
  Task<std::optional<Answer>> await(Interest interest, const Query& query);
  void forget(Flight& flight);

  Task<> run(LocalRef<Flight> flight);
  Task<Outcome> askAll(Flight& flight, const Plan& plan, StopToken stop);
  Task<Outcome> ask(Flight& flight, Address server, Duration timeout, StopToken stop);
  Task<Outcome> exchange(Flight& flight, Address server, Duration timeout, bool edns, StopToken stop);
  Task<Outcome> askUdp(Flight& flight, Address server, Duration timeout, bool edns, StopToken stop);
  Task<Outcome> askTcp(Flight& flight, Address server, bool edns, StopToken stop);
  Task<std::optional<std::vector<std::uint8_t>>> exchangeTcp(Address server, ByteSpan query, StopToken stop);
  Outcome judge(UpstreamReply reply, Flight& flight, bool edns, bool overTcp);

  Shard& shard_;
  ForwarderOptions options_;
  std::optional<ResolvConfFile> file_;
  LocalRef<const Plan> plan_;
  std::size_t planVersion_ = 0;
  std::size_t nextServer_ = 0;
  std::unordered_map<UpstreamQuestion, Flight*, HashQuestion> flights_;
  ForwarderStatistics statistics_;
  TaskScope scope_;
  bool closed_ = false;
};

}  // namespace taut

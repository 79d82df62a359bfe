// dnstap: the messages that a shard exchanges with clients, and with the servers that it forwards to, as they are on
// the wire, for a program beside the server (https://dnstap.info). Of all messages those of the chosen types are told,
// and of all queries one in so many, together with its response.
//
// The times are those of the turns of the loop in which a message came or left: a turn reads the calendar once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/client.hpp"
#include "taut/dnstap/dnstap_message.hpp"
#include "taut/dnstap/dnstap_writer.hpp"
#include "taut/io/shard.hpp"

namespace taut {

// Which messages are told.
struct DnstapSelection {
  static constexpr std::uint16_t bit(DnstapType type) {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(type));
  }

  bool has(DnstapType type) const { return (types & bit(type)) != 0; }
  void add(DnstapType type) { types = static_cast<std::uint16_t>(types | bit(type)); }
  static DnstapSelection all();

  std::uint16_t types = 0;  // a set, by `bit`
  std::uint32_t oneIn = 1;  // at least 1: all queries
};

// Between whom a message is exchanged; an empty address is not told.
struct DnstapParties {
  Transport transport = Transport::udp;
  Address querier{};
  Address responder{};
};

class Dnstap {
 public:
  Dnstap(Shard& shard, DnstapSocket socket);

  void setIdentity(const std::string& identity, const std::string& version) { identity_ = {identity, version}; }
  void setSelection(const DnstapSelection& selection) { selection_ = selection; }

  // Whether a query is one of those that are told. Asked once for each query of a client, and for each question to
  // a server: both kinds are counted apart.
  bool picksQuery() noexcept { return picks(queriesPassed_); }
  bool picksQuestion() noexcept { return picks(questionsPassed_); }

  // Tells of a message that is sent or received now, where its type is chosen. `queried` is when its query was.
  void add(DnstapType type, const DnstapParties& parties, TimePoint queried, ByteSpan message) noexcept;

  void start() { writer_.start(); }
  void stop() noexcept { writer_.stop(); }
  TaskScope::JoinAwaiter join() noexcept { return writer_.join(); }

  // May be read on any thread.
  const DnstapCounters& counters() const noexcept { return writer_.counters(); }

 private:
  bool picks(std::uint32_t& passed) const noexcept;
  WallTime wallTimeOf(TimePoint time) noexcept;

  Shard& shard_;
  DnstapWriter writer_;
  DnstapIdentity identity_;
  DnstapSelection selection_ = DnstapSelection::all();
  std::uint32_t queriesPassed_ = 0;  // since the last one that was told
  std::uint32_t questionsPassed_ = 0;
  TimePoint turn_{};  // of which `turnTime_` is the calendar's
  WallTime turnTime_{};
};

}  // namespace taut

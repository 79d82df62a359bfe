// What a shard counts of its queries, for statistics. One object for each shard, changed on its thread and read by any;
// `ServerStatistics` is what is made of all of them.
//
// A query that is answered at once costs four changes here: its type, its size, its RCODE and the size of the reply.
// Its time needs none: only queries that wait are timed (`durations`), by the turn clock of their shard, and all others
// have taken less than a turn.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "taut/base/bytes.hpp"
#include "taut/base/counter.hpp"
#include "taut/base/histogram.hpp"
#include "taut/dns/client.hpp"
#include "taut/dns/type.hpp"

namespace taut {

// Query types that have a count of their own: the numbers 1 to 65, which are those in use, and a few above. The slot 0
// stands for all others.
inline constexpr std::size_t typeSlots = 71;
inline constexpr std::array<Type, 5> highTypes{Type::IXFR, Type::AXFR, Type::ANY, Type::URI, Type::CAA};
inline constexpr std::size_t firstHighSlot = typeSlots - highTypes.size();

constexpr std::size_t highTypeSlot(Type type) noexcept {
  for (std::size_t i = 0; i < highTypes.size(); ++i)
    if (highTypes[i] == type) return firstHighSlot + i;
  return 0;
}
constexpr std::size_t typeSlot(Type type) noexcept {
  const auto value = static_cast<std::size_t>(type);
  return value < firstHighSlot ? value : highTypeSlot(type);
}
// Nothing for the slot of all others.
constexpr std::optional<Type> typeOfSlot(std::size_t slot) noexcept {
  if (slot == 0) return std::nullopt;
  return slot < firstHighSlot ? static_cast<Type>(slot) : highTypes[slot - firstHighSlot];
}

// RCODEs up to BADCOOKIE; the last slot stands for all others.
inline constexpr std::size_t rcodeSlots = 25;

constexpr std::size_t rcodeSlot(Rcode rcode) noexcept {
  const auto value = static_cast<std::size_t>(rcode);
  if (value < rcodeSlots) [[likely]]
    return value;
  return rcodeSlots - 1;
}

// Why a query got no reply.
enum class DropReason : std::uint8_t {
  unparsable,   // no header, or a response
  proxy,        // a balancer did not say for which client it is
  policy,       // `allowQuery` said so
  rateLimit,    // the client was over its limit
  handler,      // a handler said so
  memory,       // there was not enough
  fullSocket,   // the reply found no room in the socket
  sendFailure,  // the kernel refused to send the reply
};
inline constexpr std::size_t dropReasonCount = 8;
inline constexpr std::array<std::string_view, dropReasonCount> dropReasonWords{
    "unparsable", "proxy", "acl", "rate-limit", "handler", "memory", "send-buffer", "send-error"};

// What came of the cookies of queries that had one, while cookies are in use.
struct CookieCounters {
  Counter clientOnly;  // the client has no server cookie yet
  Counter valid;
  Counter invalid;  // made up, too old, or of another server
};

// What came of the requests with a TSIG.
struct TsigCounters {
  Counter good;
  Counter badKey;     // of a key that is not known
  Counter badSig;     // of a known key, and not made with its secret
  Counter badTime;    // right, but too far from the clock
  Counter malformed;  // a MAC of a size that is forbidden, or a message that does not parse whole
};

// Zone transfers to clients.
struct TransferCounters {
  Counter begun;        // over a stream
  Counter ended;        // of them
  Counter whole;        // zones that were sent whole
  Counter incremental;  // answers with the differences
  Counter upToDate;     // answers that there is nothing newer
  Counter refused;      // the client may not
  Counter overQuota;    // there were too many at once
  Counter failed;       // broken off
  Counter records;      // of those that were sent
  Counter octets;       // likewise
};

// NOTIFY messages that came in.
struct NotifyCounters {
  Counter accepted;
  Counter refused;
};

// Dynamic updates that came in, by their RCODEs.
struct UpdateCounters {
  Counter done;       // NOERROR
  Counter notMet;     // a prerequisite is not as the sender expects
  Counter refused;    // REFUSED, NOTAUTH
  Counter malformed;  // FORMERR, NOTZONE
  Counter failed;     // all others

  void count(Rcode rcode) noexcept;
};

struct alignas(64) ServerCounters {
  using Types = std::array<Counter, typeSlots>;
  using Transports = std::array<Counter, transportCount>;

  // For each transport, of clients with IPv4 and with IPv6 addresses, by `typeSlot`.
  std::array<std::array<Types, 2>, transportCount> requests;
  std::array<Transports, rcodeSlots> responses;  // by `rcodeSlot`
  SizeCounters requestSizes;
  SizeCounters responseSizes;
  Counter truncated;  // responses

  std::array<Counter, dropReasonCount> dropped;
  Counter truncatedByRateLimit;
  CookieCounters cookies;
  TsigCounters tsig;
  TransferCounters transfers;
  NotifyCounters notifies;
  UpdateCounters updates;

  Counter waited;              // queries that were not answered at once
  DurationCounters durations;  // of them, those that have ended
  Counter displaced;           // of them, those that were stopped because too many waited
  Counter givenUp;             // of them, those whose handlers took too long
  Counter failures;            // exceptions that reached the server

  Counter connectionsMade;
  Counter connectionsEnded;
  Counter connectionsDisplaced;  // to make room for others
  Counter connectionsDeclined;   // by `buildProtocol`
  Counter acceptFailures;        // for want of descriptors or memory

  // Queries that were answered at once: all that came and did not wait. This is read from counts that go on meanwhile,
  // so it may seem to go back; the most that any thread has read stands instead.
  std::uint64_t answeredAtOnce() const noexcept;

  Types& requestsOf(Transport transport, bool v6) noexcept {
    return requests[static_cast<std::size_t>(transport)][v6 ? 1 : 0];
  }
  void countRequest(Types& types, Type type, std::size_t octets) noexcept {
    ++types[typeSlot(type)];
    requestSizes.add(octets);
  }
  void countResponse(Transport transport, Rcode rcode, ByteSpan message) noexcept {
    constexpr std::uint8_t tc = flag::TC >> 8;
    ++responses[rcodeSlot(rcode)][static_cast<std::size_t>(transport)];
    responseSizes.add(message.size());
    if ((message[2] & tc) != 0) [[unlikely]]
      ++truncated;
  }
  void countDrop(DropReason reason) noexcept { ++dropped[static_cast<std::size_t>(reason)]; }

 private:
  alignas(64) mutable std::atomic<std::uint64_t> mostAtOnce_{
      0};  // by those who read, so not beside what the shard writes
};

}  // namespace taut

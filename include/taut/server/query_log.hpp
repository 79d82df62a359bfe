// One line of the log for each query: who asked for what, what the reply was, and how long it took. Whatever becomes of
// a query has its line, also where it gets no reply. All queries are logged, one in so many, or those that went wrong.
//
//   query client=192.0.2.1:4711 protocol=udp name=www.example.com. type=A rcode=NOERROR flags=qr,aa,rd size=49 us=18
//
// or, for programs, a JSON object with the same keys and the time. What a message does not have is `-` in a line and
// absent in an object: a query that got no reply has no RCODE. `outcome` is there where there is more to say than the
// reply does:
//
//   given-up      its handler took too long, and the server answered SERVFAIL
//   truncated     by the rate limit
//   messages      its handler wrote messages itself, as for a transfer; `size` is their number
//   unparsable, proxy, acl, rate-limit, handler, memory    there was no reply (DropReason)
//
// The time is that of the exact clock, in microseconds since the turn of the loop in which the query was read.
//
// Readers who watch the server now (`QueryTail`) get the same lines, each those that its filter lets through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "taut/base/clock.hpp"
#include "taut/server/message_end.hpp"

namespace taut {

struct QueryLogSettings {
  enum class Format : std::uint8_t { text, json };

  std::uint32_t oneIn = 0;  // 1: all queries; 100: one in a hundred; 0: none
  bool errors = false;      // also each one whose RCODE is not NOERROR, and each one without a reply
  Format format = Format::text;

  bool logsAny() const { return oneIn > 0 || errors; }
};

class QueryTail;

// Of one shard. Nothing that is told of a query throws: a line that there is no memory for is left out.
class QueryLog {
 public:
  void setSettings(const QueryLogSettings& settings);
  // The number of the shard is that of its ring.
  void addTail(std::shared_ptr<QueryTail> tail, std::size_t shard);
  void removeTail(const QueryTail& tail);
  // Whether there is anything to tell queries to.
  bool isWanted() const { return settings_.logsAny() || !tails_.empty(); }

  void add(const MessageEnd& end, const Clock& clock) noexcept;

 private:
  struct Line;
  struct Tail {
    std::shared_ptr<QueryTail> reader;
    std::size_t shard;
  };

  bool logs(bool isError) noexcept;
  void tell(const Line& line, bool logged) const noexcept;
  void write(const Line& line) const noexcept;
  static void show(const Line& line, const Tail& tail) noexcept;
  static bool lets(const Line& line, const QueryTail& tail) noexcept;

  QueryLogSettings settings_;
  std::vector<Tail> tails_;
  std::uint32_t passed_ = 0;  // since the last one that was taken as one in so many
};

}  // namespace taut

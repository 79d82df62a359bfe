// What is known of the servers of the Internet from the attempts to ask them: how soon each answers, whether it is
// silent, whether it understands EDNS, its cookie, for which zones it is lame; and whether IPv6 works at all.
//
//  - The round-trip time is smoothed, with its variance, as for the retransmission timer of TCP (RFC 6298 section 2). A
//    server has that time and four variances to answer, 40 ms at least and 1.5 s at most, and twice as long after each
//    time-out in a row.
//  - After four time-outs in a row a server is dead, and is sent one question a second.
//  - A time-out says nothing where the server was heard of since the question was sent, and of several questions that
//    waited at the same time the first time-out counts for all.
//  - What replies say to a server's harm, that it is lame or knows no EDNS, may be forged by who guesses an ID. It
//  counts
//    where the reply came by TCP or with our cookie, or where it was said twice.
//  - IPv6 counts as broken when servers in six networks (/48) were silent and none was heard, or when the kernel says
//    that it has no route. It is tried again each minute.
//  - Where nothing was heard of a server for a quarter of an hour, it is unknown again.
//
// A server is an address and a port. The table has a fixed number of entries of 72 octets, and evicts as SIEVE does.
// Each shard has its own.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/resolver/name_hash.hpp"

namespace taut {

// Why a server is not asked about a zone.
enum class Lameness : std::uint8_t {
  none,
  failing,     // it said SERVFAIL or the like: for 5 s, twice as long each time, up to 300 s (RFC 9520 section 3.2)
  dnssecLame,  // it leaves out the signatures of a signed zone: for 300 s
  lame,        // it does not serve the zone: for 300 s
};

class InfraCache {
 public:
  static constexpr std::size_t maxServers = 65535;

  // What is to be expected of a server.
  struct Expectation {
    bool known = false;     // it has answered, or was silent
    bool unheard = false;   // it was silent, and has never answered
    bool dead = false;      // it was silent four times in a row
    bool probeDue = true;   // it may be sent a question though it is dead
    Duration expected{};    // its smoothed round-trip time, doubled for each time-out; 0 where it is unknown
    Duration timeout{};     // how long to wait for it
    Duration hedgeAfter{};  // after which time another server should be asked as well
  };

  explicit InfraCache(std::size_t servers = maxServers);

  Expectation expect(const Address& server, TimePoint now) const;

  // A reply came after so long; any reply, also one that is of no use.
  void answered(const Address& server, Duration roundTrip, TimePoint now);
  // Nothing came since `sent`.
  void silent(const Address& server, TimePoint sent, TimePoint now);
  // The kernel has no route to the server. That says nothing of the server itself.
  void unreachable(const Address& server, TimePoint now);
  // A dead server is sent a question: the next one is due after a second.
  void probed(const Address& server, TimePoint now);

  // Whether there is a reason to leave IPv6 out where there is another way.
  bool avoidsIpv6(TimePoint now) const { return ipv6_.count == brokenNetworks && now < ipv6_.tryAgain; }

  // EDNS is left out for 900 s after this. `confirmed`: the reply came by TCP, or with our cookie.
  void lacksEdns(const Address& server, bool confirmed, TimePoint now);
  bool speaksEdns(const Address& server, TimePoint now) const;

  // What the next question to the server has as its COOKIE (RFC 7873): our cookie and the server's; of size 0 where
  // there is none. Server cookies of more than 16 octets, the size that RFC 9018 fixes, are not kept.
  void setCookie(const Address& server, const Cookie& cookie, TimePoint now);
  Cookie cookie(const Address& server, TimePoint now) const;

  // Somebody sends forged replies in the name of the server: letters get a random case in questions to it.
  void setForged(const Address& server, TimePoint now);
  bool isForged(const Address& server, TimePoint now) const;

  // What a server is not good for.
  void setLame(const Address& server, NameView zone, Lameness lameness, bool confirmed, TimePoint now);
  void setServing(const Address& server, NameView zone);  // it is good for it after all
  Lameness lameness(const Address& server, NameView zone, TimePoint now) const;

  // Each question that is sent gives the right to one part in 25 of one that is sent besides, to hedge: so they are no
  // more than 4 %, after the first ten.
  void sent() { hedgeRights_ = hedgeRights_ < maxHedgeRights ? hedgeRights_ + 1 : hedgeRights_; }
  bool takeHedge();

  // Visits the address of each server that is known, in no order, until `visit` returns false.
  template <typename Visitor>
  void forEach(TimePoint now, const Visitor& visit) const {
    for (const Server& server : servers_)
      if (!isForgotten(server, millis(now)) && !visit(addressOf(server))) return;
  }

  std::size_t count() const { return servers_.size(); }
  std::size_t bytes() const;  // of all tables
  void clear();

 private:
  using Millis = std::uint32_t;  // since the start of the clock, modulo 2^32: 49 days
  using Index = std::uint16_t;
  static constexpr Index none = 0xffff;
  static constexpr std::size_t maxCookie = 8 + 16;
  static constexpr std::uint8_t brokenNetworks = 6;
  static constexpr unsigned questionsPerHedge = 25;
  static constexpr unsigned maxHedgeRights = 10 * questionsPerHedge;

  struct Server {
    std::array<std::uint8_t, 16> address{};
    std::array<std::uint8_t, maxCookie> cookie{};
    std::uint32_t smoothed = 0;  // microseconds; 0: it has never answered
    std::uint32_t variance = 0;  // microseconds
    Millis touched = 0;          // when there was news of it
    Millis heard = 0;
    Millis probeAt = 0;
    Millis ednsFrom = 0;  // where `lacksEdns`
    std::uint16_t port = 0;
    Index next = none;          // in the bucket
    std::uint8_t timeouts = 0;  // in a row
    std::uint8_t cookieSize = 0;
    bool isV6 : 1 = false;
    bool asked : 1 = false;  // since the hand came by
    bool everHeard : 1 = false;
    bool lacksEdns : 1 = false;
    bool suspectEdns : 1 = false;  // it was said once that it lacks EDNS
    bool forged : 1 = false;
  };
  static_assert(sizeof(Server) <= 72);

  // Of an address and a zone, which a hash stands for that nobody can choose.
  struct Lame {
    std::uint64_t key = 0;   // 0: none
    std::uint32_t said = 0;  // the last time, in tenths of a second
    Lameness lameness{};
    std::uint8_t times = 0;          // that counted; 0: it was said once, by who knows whom
    std::uint32_t duration() const;  // in tenths of a second
  };
  static constexpr std::size_t lameWays = 4;
  static constexpr std::size_t lameSets = 4096;

  struct Ipv6 {
    std::array<std::uint64_t, brokenNetworks> networks{};
    std::uint8_t count = 0;
    TimePoint tryAgain{};
  };

  static Millis millis(TimePoint time);
  static bool isForgotten(const Server& server, Millis now);
  static Address addressOf(const Server& server);
  std::size_t bucketOf(const Address& server) const;
  Index locate(const Address& server) const;
  const Server* find(const Address& server, TimePoint now) const;
  static void begin(Server& entry, const Address& server, Index next);
  Server& enter(const Address& server, TimePoint now);
  Index allot();
  void unlink(Index index);
  void ipv6Silent(const Address& server, TimePoint now);
  std::uint64_t lameKey(const Address& server, NameView zone) const;
  std::size_t findLame(std::uint64_t key) const;
  std::size_t enterLame(std::uint64_t key, std::uint32_t now);

  std::size_t capacity_;
  detail::HashSecret secret_;
  std::vector<Server> servers_;
  std::vector<Index> buckets_;
  std::vector<Lame> lame_;  // empty until a server is lame
  std::size_t hand_ = 0;
  Ipv6 ipv6_;
  unsigned hedgeRights_ = maxHedgeRights;
};

}  // namespace taut

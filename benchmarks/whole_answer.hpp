// A server without a network: request octets in, reply octets out, by the same steps as a datagram's. It costs what the
// server itself costs, without the kernel.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "taut/base/address.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/reply_builder.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/cache.hpp"
#include "taut/server/reply_channel.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/zone/zone_change.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_set.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut {

inline std::vector<std::uint8_t> questionOctets(std::string_view name, Type type, bool edns, bool dnssecOk) {
  std::array<std::uint8_t, 512> message;
  ReplyBuilder builder(message, message.size());
  builder.begin(0x1234, flag::RD);
  const Name owner(name);
  builder.putQuestion({owner, type, Class::IN});
  if (edns) builder.putOpt(1232, Rcode::NOERROR, dnssecOk, {});
  const std::size_t size = builder.finish();
  return {message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)};
}

// A zone with names of all kinds below example.com: `hosts` hosts, h0 and so on, a delegation, a wildcard, an alias,
// and signatures and an NSEC chain for a few names, unless it is not signed. No server looks at what is in the
// signatures that it serves.
inline std::string benchmarkZone(std::size_t hosts, bool isSigned = true) {
  const auto signature = [](std::string_view owner, std::string_view covered, unsigned labels) {
    return fmt::format("{} 3600 IN RRSIG {} 13 {} 3600 20380101000000 20240101000000 1034 example.com. {:A<86}==\n",
                       owner, covered, labels, "");
  };
  std::string text =
      "$ORIGIN example.com.\n"
      "@ 3600 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n"
      "@ 3600 IN NS ns1\nns1 3600 IN A 192.0.2.53\n"
      "child 3600 IN NS ns.child\nns.child 3600 IN A 192.0.2.54\n"
      "*.wild 3600 IN A 192.0.2.55\nalias 3600 IN CNAME h0\nsigned 3600 IN A 192.0.2.56\n";
  if (isSigned) {
    text += "@ 300 IN NSEC signed NS SOA RRSIG NSEC\nsigned 300 IN NSEC @ A RRSIG NSEC\n";
    text += signature("@", "SOA", 2) + signature("@", "NSEC", 2);
    text += signature("signed", "A", 3) + signature("signed", "NSEC", 3);
  }
  for (std::size_t i = 0; i < hosts; ++i)
    text += fmt::format("h{} 3600 IN A 10.{}.{}.{}\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
  return text;
}

inline std::shared_ptr<const ZoneSet> zonesOf(const std::string& text) {
  const ZoneLoad load = parseZone(text);
  if (!load.ok()) throw std::runtime_error(load.firstError());
  return std::make_shared<const ZoneSet>(std::vector{load.zone});
}

inline std::shared_ptr<const ZoneSet> benchmarkZones(std::size_t hosts) {
  return zonesOf(benchmarkZone(hosts));
}

// The benchmark's zone, in which 500 hosts with even numbers have another address since it was built: their nodes are
// shadows of those of the image. It is so large that the image has room for them.
inline std::shared_ptr<const ZoneSet> changedZones() {
  const ZoneLoad load = parseZone(benchmarkZone(20'000, false));
  if (!load.ok()) throw std::runtime_error(load.firstError());
  ZoneChange change;
  for (std::size_t i = 0; i < 1000; i += 2)
    change.replace(Name(fmt::format("h{}.example.com", i)), std::chrono::hours(1), {rdata::A(192, 0, 2, 1)});
  auto update = updateZone(load.zone, change, Serial(load.zone->serial()));
  if (!update.ok()) throw std::runtime_error(update.error());
  return std::make_shared<const ZoneSet>(std::vector{update->zone});
}

// Questions that cost much where work is not bounded by the reply: `count` mail hosts and name servers with two
// addresses each at one name, and a name of 255 octets that is redirected by one DNAME after the other.
inline std::string largeRRsetZone(std::size_t count) {
  std::string text =
      "$ORIGIN example.com.\n$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.53\n";
  for (std::size_t i = 0; i < count; ++i)
    text += fmt::format(
        "mail MX 10 h{0}\nh{0} A 10.0.0.1\nh{0} AAAA 2001:db8::1\n"
        "child NS h{0}.child\nh{0}.child A 10.0.0.1\nh{0}.child AAAA 2001:db8::1\n",
        i);
  for (char alias = 'a'; alias < 'z'; ++alias)
    text += fmt::format("{} DNAME {}\n", alias, static_cast<char>(alias + 1));
  return text;
}

inline std::string longestName(std::string_view origin) {
  std::string name;
  while (name.size() + origin.size() + 64 < maxNameSize - 1) name += std::string(63, 'x') + ".";
  name += std::string(maxNameSize - 2 - origin.size() - name.size() - 1, 'x') + ".";
  return name.append(origin);
}

class WholeAnswer {
 public:
  // Without zones, everything comes from the cache: see `fillCache`.
  explicit WholeAnswer(std::shared_ptr<const ZoneSet> zones, Transport transport = Transport::udp)
      : transport_(transport),
        buffer_(transport == Transport::udp ? 4096 : maxMessageSize),
        cache_(std::make_shared<Cache>(std::size_t{64} << 20, clock_)),
        factory_({std::make_shared<Authority>(std::move(zones))}, {cache_}) {}

  // Keeps an address for the question, as if another server had sent it.
  void fillCache(ByteSpan request) {
    const auto query = Query::parse(request, {peer_, Transport::udp, clock_.now()});
    Answer answer;
    answer.add(query->name(), std::chrono::hours(1), rdata::A(192, 0, 2, 1));
    if (!cache_->store(*query, answer)) throw std::runtime_error("not to be cached");
  }

  // From now on each response is accounted for, with a limit that is never met.
  void countResponses() {
    RateLimit limit;
    limit.responsesPerSecond = 1'000'000;
    factory_.setRateLimit(limit);
  }

  // From now on dnstap tells of each query and its reply. Nothing reads it: entries wait, in memory for thousands.
  void tap() {
    shard_.emplace();
    DnstapSocket socket;
    socket.path = "/nowhere/dnstap";
    socket.memory = std::size_t{16} << 20;
    auto dnstap = std::make_shared<Dnstap>(*shard_, std::move(socket));
    dnstap->setIdentity("ns1.example.com", "taut");
    factory_.setDnstap(std::move(dnstap));
  }

  // From now on one query in 64 is looked at for what is asked most.
  void countTop() { factory_.setTopQueries(std::make_unique<TopQueries>()); }

  // The reply's octets, valid until the next call.
  ByteSpan operator()(ByteSpan request) {
    std::copy(request.begin(), request.end(), buffer_.begin());
    const auto query = Query::parse(ByteSpan(buffer_).first(request.size()), {peer_, transport_, clock_.now()});
    Reply reply(transport_, buffer_, query->peer());
    queries_.spawn(factory_.serve(*query, reply));
    if (!queries_.empty()) throw std::logic_error("an answer that waits for something");
    return ByteSpan(buffer_).first(reply.size());
  }

 private:
  class Reply final : public ReplyChannel {
   public:
    Reply(Transport transport, MutableByteSpan buffer, const Address& peer)
        : transport_(transport), buffer_(buffer), peer_(peer) {}
    Transport transport() const override { return transport_; }
    const Address& peer() const override { return peer_; }
    MutableByteSpan replyBuffer() override { return buffer_; }
    Task<> send(std::size_t size) override {
      size_ = size;
      return Task<>::ready();
    }
    std::size_t size() const { return size_; }

   private:
    Transport transport_;
    MutableByteSpan buffer_;
    const Address& peer_;
    std::size_t size_ = 0;
  };

  const ManualClock clock_;
  const Address peer_ = Address::loopbackV4(5353);
  Transport transport_;
  std::vector<std::uint8_t> buffer_;
  std::shared_ptr<Cache> cache_;
  std::optional<Shard> shard_;  // of dnstap alone
  ServerFactory factory_;
  TaskScope queries_;
};

}  // namespace taut

// A message from the network walks through a server of zones with all its options on: one reply at most, which parses,
// keeps to its limit, and echoes the ID.
#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/coro/sync_wait.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/resolver/authority.hpp"
#include "taut/resolver/chaos.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/zone/zone_file.hpp"

namespace answer_fuzz {

namespace {

using namespace taut;
using fuzz::require;

// Everything that an answer may be made of: aliases that form a loop and leave the zone, wildcards, an empty
// non-terminal, delegations with and without DS, records that do not fit a datagram.
constexpr const char* plainZone = R"($ORIGIN e.
$TTL 60
@ SOA ns h 1 2 3 4 5
@ NS ns
@ MX 1 ns
@ HTTPS 1 . ipv4hint=192.0.2.1
ns A 192.0.2.1
a CNAME b
b CNAME a
c CNAME x.y.s.
d DNAME e.
*.w TXT w
*.v CNAME ns
n.t A 192.0.2.2
z NS ns.z
z DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
ns.z AAAA 2001:db8::1
y NS ns.o.
l TXT "$GENERATE"
$GENERATE 1-60 l TXT "text that is long enough for only so many of them to fit $"
)";

// Signed in form only: no part of taut verifies a signature.
constexpr const char* signedZone = R"($ORIGIN s.
$TTL 60
@ SOA ns h 1 2 3 4 5
@ RRSIG SOA 8 1 60 20300101000000 20200101000000 1 s. AAAA
@ NS ns
@ RRSIG NS 8 1 60 20300101000000 20200101000000 1 s. AAAA
@ NSEC ns NS SOA RRSIG NSEC
@ RRSIG NSEC 8 1 60 20300101000000 20200101000000 1 s. AAAA
ns A 192.0.2.1
ns RRSIG A 8 2 60 20300101000000 20200101000000 1 s. AAAA
ns NSEC *.w A RRSIG NSEC
ns RRSIG NSEC 8 2 60 20300101000000 20200101000000 1 s. AAAA
*.w TXT w
*.w RRSIG TXT 8 2 60 20300101000000 20200101000000 1 s. AAAA
*.w NSEC z TXT RRSIG NSEC
*.w RRSIG NSEC 8 2 60 20300101000000 20200101000000 1 s. AAAA
z NS ns.z
z NSEC s. NS RRSIG NSEC
z RRSIG NSEC 8 2 60 20300101000000 20200101000000 1 s. AAAA
ns.z A 192.0.2.1
)";

std::shared_ptr<const ZoneSet> makeZones() {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (const char* const text : {plainZone, signedZone}) {
    const ZoneLoad load = parseZone(text);
    require(load.ok(), "the zones load");
    zones.push_back(load.zone);
  }
  return std::make_shared<const ZoneSet>(std::move(zones));
}

std::unique_ptr<ServerFactory> makeFactory() {
  auto chaos = std::make_shared<Chaos>();
  chaos->add(Name("version.bind."), "taut");
  auto factory =
      std::make_unique<ServerFactory>(ServerFactory::Resolvers{chaos, std::make_shared<Authority>(makeZones())});
  EdnsSettings edns;
  edns.nsid = "ns1";
  edns.cookies = std::make_shared<ServerCookies>(std::vector{ServerCookies::Secret{}});
  factory->setEdns(edns);
  return factory;
}

// The buffer is the query's own, as it is for a datagram.
class Channel final : public ReplyChannel {
 public:
  Channel(Transport transport, std::vector<std::uint8_t>& buffer) : transport_(transport), buffer_(buffer) {}

  Transport transport() const override { return transport_; }
  const Address& peer() const override { return peer_; }
  MutableByteSpan replyBuffer() override { return MutableByteSpan(buffer_); }
  Task<> send(std::size_t size) override {
    require(++sends_ == 1, "one reply goes out");
    size_ = size;
    return Task<>::ready();
  }

  std::size_t sends() const { return sends_; }
  ByteSpan reply() const { return ByteSpan(buffer_).first(size_); }

 private:
  Transport transport_;
  std::vector<std::uint8_t>& buffer_;
  Address peer_ = Address::loopbackV4(53);
  std::size_t sends_ = 0;
  std::size_t size_ = 0;
};

}  // namespace

TAUT_FUZZ_TARGET(answer) {
  static const auto factory = makeFactory();
  if (size < 1 || size > 4096) return 0;
  const Transport transport = (data[0] & 1) != 0 ? Transport::tcp : Transport::udp;
  const ByteSpan message(data + 1, size - 1);
  std::vector<std::uint8_t> buffer(maxMessageSize);
  std::ranges::copy(message, buffer.begin());
  const QueryClient client{Address::loopbackV4(53), transport, TimePoint(), StopToken(), std::chrono::seconds(10)};
  const auto query = Query::parse(ByteSpan(buffer).first(message.size()), client);
  if (!query) return 0;
  Channel channel(transport, buffer);
  syncWait(factory->serve(*query, channel));
  require(channel.sends() == 1, "every query gets its reply");
  require(channel.reply().size() <= query->replyLimit(), "a reply keeps to the client's limit");
  auto view = MessageView::parse(channel.reply());
  require(view && view->isResponse(), "a reply is a response");
  require(view->id() == query->id(), "a reply has the ID of its query");
  while (view->nextQuestion()) {
  }
  while (view->nextRecord()) {
  }
  require(view->ok(), "a reply parses to its end");
  return 0;
}

}  // namespace answer_fuzz

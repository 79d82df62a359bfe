#include "taut/recursor/delegation_cache.hpp"

#include <malloc.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "recursor/reply_text.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/recursor/delegation.hpp"
#include "taut/recursor/scrubber.hpp"

namespace delegation_cache_test {

namespace {

using namespace std::chrono_literals;
using taut::Delegation;
using taut::DelegationCache;
using taut::DelegationSecurity;
using taut::LocalRef;
using taut::MessageView;
using taut::Name;
using taut::ReplyText;
using taut::Scrubber;
using taut::TimePoint;
using taut::Type;

constexpr TimePoint start{1h};

LocalRef<Delegation> make(const ReplyText& reply, const char* zone, const char* name, DelegationSecurity security,
                          TimePoint now = start) {
  const auto octets = reply.octets();
  const Name zoneName(zone);
  const Name asking(name);
  const auto view = MessageView::parse(octets);
  REQUIRE(view);
  const Type type = asking.isRoot() ? Type::NS : Type::A;
  return Delegation::make(Scrubber().scrub(*view, zoneName, {asking, type}), security, now);
}

LocalRef<Delegation> rootWith(int ttl, TimePoint now = start) {
  ReplyText reply(".", Type::NS);
  reply.answer(fmt::format(". {} NS a.root-servers.net.", ttl)).additional("a.root-servers.net. 60 A 192.0.2.1");
  return make(reply, ".", ".", DelegationSecurity::secure, now);
}

LocalRef<Delegation> cutOf(const std::string& zone, int ttl, TimePoint now = start, const char* server = "ns1",
                           DelegationSecurity security = DelegationSecurity::insecure) {
  ReplyText reply(zone.c_str(), Type::A, taut::flag::QR);
  reply.authority(fmt::format("{0} {1} NS {2}.{0}", zone, ttl, server));
  reply.additional(fmt::format("{}.{} {} A 192.0.2.53", server, zone, ttl));
  return make(reply, ".", zone.c_str(), security, now);
}

std::string describe(const Delegation& cut) {
  std::string text;
  cut.forEachServer([&](const Delegation::Server& server) {
    text += (text.empty() ? "" : ", ") + server.name.toString();
    for (const taut::Address& address : server.glue()) text += ' ' + address.toText();
    return true;
  });
  return text;
}

struct Fixture {
  std::string closest(const char* name, TimePoint now = start, Type type = Type::A) {
    const auto cut = cache.closest(Name(name), type, now);
    return cut ? cut->zone().toString() : "none";
  }
  // Stores the cut below the closest one above it.
  LocalRef<const Delegation> store(const std::string& zone, int ttl, TimePoint now = start,
                                   const char* server = "ns1") {
    const auto parent = cache.closest(Name(zone), Type::DS, now);
    REQUIRE(parent);
    return cache.store(cutOf(zone, ttl, now, server), *parent, now);
  }

  DelegationCache cache{1 << 20};
};

}  // namespace

TEST_CASE("a delegation has the servers, glue and DS records of the referral") {
  ReplyText reply("www.example.com.", Type::A, taut::flag::QR);
  for (const char* const server : {"ns1.example.com.", "ns.dns.com.", "ns.example.net.", "com."})
    reply.authority(std::string("example.com. 3600 NS ") + server);
  const std::string ds = "example.com. 600 DS 1 13 2 ";
  reply.authority(ds + std::string(64, 'A')).authority(ds + std::string(64, 'B'));
  reply.additional("ns1.example.com. 60 AAAA 2001:db8::1").additional("ns1.example.com. 60 A 192.0.2.1");
  reply.additional("ns1.example.com. 60 A 192.0.2.2").additional("ns.dns.com. 60 A 192.0.2.3");
  const auto cut = make(reply, "com.", "www.example.com.", DelegationSecurity::secure);
  REQUIRE(cut);
  CHECK(cut->zone().toString() == "example.com.");
  CHECK(cut->serverCount() == 4);
  CHECK(describe(*cut) ==
        "ns1.example.com. 192.0.2.1:53 192.0.2.2:53 [2001:db8::1]:53, ns.dns.com. 192.0.2.3:53, ns.example.net., com.");
  CHECK(cut->security() == DelegationSecurity::secure);
  CHECK(cut->ds().count == 2);
  CHECK(cut->ds().front().size() == 36);
  CHECK(cut->expiry() == start + 600s);
}

TEST_CASE("an address that two servers have counts once") {
  ReplyText reply("example.com.", Type::A, taut::flag::QR);
  reply.authority("example.com. 60 NS ns1.example.com.").authority("example.com. 60 NS ns2.example.com.");
  reply.additional("ns1.example.com. 60 A 192.0.2.1").additional("ns2.example.com. 60 A 192.0.2.1");
  reply.additional("ns2.example.com. 60 A 192.0.2.2");
  const auto cut = make(reply, "com.", "example.com.", DelegationSecurity::insecure);
  CHECK(describe(*cut) == "ns1.example.com. 192.0.2.1:53, ns2.example.com. 192.0.2.2:53");
}

TEST_CASE("a delegation of servers that the operator has named has their names, addresses and ports") {
  const auto server = [](const char* name, std::vector<const char*> addresses) {
    Delegation::Server made;
    made.name = Name(name);
    for (const char* const text : addresses) made.addresses[made.addressCount++] = taut::Address::parse(text).value();
    return made;
  };
  const std::vector<Delegation::Server> servers{
      server("ns.example.com.", {"[2001:db8::1]:5353", "192.0.2.1", "192.0.2.1:53", "192.0.2.1:5353"}),
      server("ns.dns.net.", {"192.0.2.1", "2001:db8::1", "192.0.2.2"}), server(".", {})};
  const auto cut = Delegation::make(Name("example.com."), servers, DelegationSecurity::insecure, start + 60s);
  CHECK(cut->zone().toString() == "example.com.");
  CHECK(describe(*cut) ==
        "ns.example.com. 192.0.2.1:53 192.0.2.1:5353 [2001:db8::1]:5353, ns.dns.net. 192.0.2.2:53 [2001:db8::1]:53, .");
  CHECK(cut->security() == DelegationSecurity::insecure);
  CHECK(cut->expiry() == start + 60s);
  CHECK(cut->ds().count == 0);
  const std::vector<Delegation::Server> many(20, server("ns.example.com.", {"192.0.2.1"}));
  CHECK(Delegation::make(Name("."), many, DelegationSecurity::unproven, start)->serverCount() == 13);
}

TEST_CASE("only referrals and the reply to a priming query make a delegation") {
  CHECK(rootWith(60)->zone().isRoot());
  ReplyText answer("example.com.", Type::A);
  answer.answer("example.com. 60 A 192.0.2.1").authority("example.com. 60 NS ns.example.com.");
  CHECK_FALSE(make(answer, "com.", "example.com.", DelegationSecurity::insecure));
  ReplyText childNs("example.com.", Type::NS);
  childNs.answer("example.com. 60 NS ns.example.com.").additional("ns.example.com. 60 A 192.0.2.66");
  CHECK_FALSE(make(childNs, "example.com.", "example.com.", DelegationSecurity::insecure));
}

TEST_CASE_FIXTURE(Fixture, "the closest cut is the one at the name or next above it") {
  CHECK(closest("www.example.com.") == "none");
  cache.storeRoot(rootWith(3600), start);
  CHECK(closest("www.example.com.") == ".");
  store("com.", 3600);
  store("example.com.", 3600);
  CHECK(closest("www.EXAMPLE.com.") == "example.com.");
  CHECK(closest("example.com.") == "example.com.");
  CHECK(closest("myexample.com.") == "com.");
  CHECK(closest("com.") == "com.");
  CHECK(closest(".") == ".");
}

TEST_CASE_FIXTURE(Fixture, "a question for DS goes to the servers above the cut") {
  cache.storeRoot(rootWith(3600), start);
  store("com.", 3600);
  store("example.com.", 3600);
  CHECK(closest("example.com.", start, Type::DS) == "com.");
  CHECK(closest("com.", start, Type::DS) == ".");
  CHECK(closest("www.example.com.", start, Type::DS) == "example.com.");
  CHECK(closest(".", start, Type::DS) == ".");
}

TEST_CASE_FIXTURE(Fixture, "a cut lives as long as its records say, a minute at least and a day at most") {
  cache.storeRoot(rootWith(518400), start);
  CHECK(store("a.", 300)->expiry() == start + 300s);
  CHECK(store("b.", 0)->expiry() == start + 60s);
  CHECK(store("c.", 2000000)->expiry() == start + 86400s);
  CHECK(closest("www.a.", start + 299s) == "a.");
  CHECK(closest("www.a.", start + 300s) == ".");
}

TEST_CASE_FIXTURE(Fixture, "a cut never outlives the one above it, so that no chain of cuts keeps a zone alive") {
  cache.storeRoot(rootWith(86400), start);
  store("com.", 1000);
  CHECK(store("ghost.com.", 86400, start + 10s)->expiry() == start + 1000s);
  CHECK(store("a.ghost.com.", 86400, start + 900s)->expiry() == start + 1000s);
  CHECK(store("b.a.ghost.com.", 86400, start + 999s)->expiry() == start + 1000s);
  CHECK(closest("x.b.a.ghost.com.", start + 1000s) == ".");
}

TEST_CASE_FIXTURE(Fixture, "what a walk learns through a cut that is over is not kept") {
  cache.storeRoot(rootWith(86400), start);
  const auto parent = store("com.", 60);
  const auto cut = cache.store(cutOf("ghost.com.", 3600, start + 61s), *parent, start + 61s);
  REQUIRE(cut);
  CHECK(cut->zone().toString() == "ghost.com.");
  CHECK(closest("ghost.com.", start + 61s) == ".");
}

TEST_CASE_FIXTURE(Fixture, "a cut that is stored again has its new servers and its old end") {
  cache.storeRoot(rootWith(86400), start);
  store("example.", 300);
  const auto again = store("example.", 3600, start + 200s, "ns2");
  CHECK(describe(*again) == "ns2.example. 192.0.2.53:53");
  CHECK(again->expiry() == start + 300s);
  CHECK(closest("example.", start + 300s) == ".");
  CHECK(store("example.", 3600, start + 300s)->expiry() == start + 3900s);
  CHECK(store("example.", 60, start + 400s)->expiry() == start + 460s);
}

TEST_CASE_FIXTURE(Fixture, "what was validated is not replaced by what was not") {
  cache.storeRoot(rootWith(86400), start);
  const auto parent = cache.find(Name("."), start);
  cache.store(cutOf("example.", 300, start, "good", DelegationSecurity::secure), *parent, start);
  const auto kept = cache.store(cutOf("example.", 300, start, "evil", DelegationSecurity::unproven), *parent, start);
  CHECK(describe(*kept) == "good.example. 192.0.2.53:53");
  const TimePoint after = start + 300s;
  const auto next = cache.store(cutOf("example.", 300, after, "new", DelegationSecurity::unproven), *parent, after);
  CHECK(describe(*next) == "new.example. 192.0.2.53:53");
}

TEST_CASE_FIXTURE(Fixture, "a server refers downwards only") {
  cache.storeRoot(rootWith(86400), start);
  const auto com = store("com.", 3600);
  for (const char* const zone : {"com.", "net.", "a.net."}) CHECK_FALSE(cache.store(cutOf(zone, 60), *com, start));
  CHECK_FALSE(cache.storeRoot(cutOf("com.", 60), start));
  CHECK(cache.count() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a priming query gives the root a new life") {
  cache.storeRoot(rootWith(3600), start);
  CHECK(cache.storeRoot(rootWith(3600, start + 3000s), start + 3000s)->expiry() == start + 6600s);
  CHECK(cache.count() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a walk may go on with a cut that the cache has no more") {
  cache.storeRoot(rootWith(3600), start);
  const auto cut = store("example.", 60);
  CHECK(cache.erase(Name("EXAMPLE.")));
  CHECK_FALSE(cache.erase(Name("example.")));
  cache.clear();
  CHECK(cache.count() == 0);
  CHECK(describe(*cut) == "ns1.example. 192.0.2.53:53");
}

TEST_CASE("the delegation cache keeps to its octets, and keeps what is asked for") {
  DelegationCache cache(64 << 10);
  cache.storeRoot(rootWith(86400), start);
  const auto root = cache.find(Name("."), start);
  for (int i = 0; i < 5000; ++i) {
    CHECK(cache.find(Name("."), start));
    cache.store(cutOf(fmt::format("n{}.", i), 3600), *root, start);
    REQUIRE(cache.bytes() <= 64 << 10);
  }
  CHECK(cache.count() > 300);
  CHECK(cache.evictions() > 4000);
  CHECK(cache.closest(Name("www.n4999."), Type::A, start)->zone().toString() == "n4999.");
  CHECK(cache.closest(Name("www.n0."), Type::A, start)->zone().isRoot());
}

TEST_CASE("two servers in the zone with an address each take no more than 112 octets") {
  ReplyText reply("example.com.", Type::A, taut::flag::QR);
  reply.authority("example.com. 60 NS ns1.example.com.").authority("example.com. 60 NS ns2.example.com.");
  reply.additional("ns1.example.com. 60 A 192.0.2.1").additional("ns2.example.com. 60 A 192.0.2.2");
  const auto cut = make(reply, "com.", "example.com.", DelegationSecurity::insecure);
  CHECK(cut->bytes() <= 112);
  CHECK(malloc_usable_size(cut.get()) + 8 <= cut->bytes());
}

}  // namespace delegation_cache_test

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "taut/client/client.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/testing/fake_primary.hpp"
#include "taut/testing/manual_shard.hpp"

namespace zone_lookup_test {

namespace {

using namespace taut;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using testing::FakePrimary;
using Found = Lookup<LookupRecord>;
using Reply = std::optional<FakePrimary::Reply>;

const TsigKey key{Name("key."), TsigAlgorithm::hmacSha256, std::vector<std::uint8_t>(32, 7)};

struct Looking {
  explicit Looking(std::shared_ptr<const TsigKey> serverKey = {}) : server(shard, std::move(serverKey)) {
    server.serve(
        "example. 300 SOA ns.example. mail.example. 5 3600 600 86400 60\n"
        "example. 300 NS ns.example.\n"
        "ns.example. 60 A 192.0.2.53\n");
  }

  Found look(const TsigKey* with = nullptr) { return shard.run(look(*this, with)); }
  static Task<Found> look(Looking& looking, const TsigKey* with) {
    ClientOptions options;
    options.servers = {Address::loopbackV4(1)};
    options.resolvConf.clear();
    options.hostsFile.clear();
    Client client(looking.shard, options);
    TaskScope scope;
    scope.spawn(looking.server.run(), scope.token());
    const Address address = looking.server.address();
    auto found = co_await client.lookupZone("example", address, with);
    co_await client.close();
    scope.stop();
    co_await scope.join();
    co_return found;
  }

  testing::ManualShard shard;
  FakePrimary server;
};

TEST_CASE("a zone is looked up as a list of its records, the SOA first and once") {
  Looking looking;
  const Found found = looking.look();
  REQUIRE(found);
  REQUIRE(found.size() == 3);
  CHECK(found.front().type == Type::SOA);
  CHECK(found.ttl == 60s);
  CHECK(found.records[2].toString() == "ns.example. 60 A 192.0.2.53");
  CHECK(looking.server.count(Type::AXFR, Transport::tcp) == 1);
}

TEST_CASE("a zone that the server does not give is told of by its RCODE") {
  Looking looking;
  looking.server.onQuestion = [&](const Query& query) -> Reply { return looking.server.error(query, Rcode::REFUSED); };
  const Found found = looking.look();
  CHECK(found.status == LookupStatus::failed);
  CHECK(found.rcode == Rcode::REFUSED);
  CHECK(found.empty());
}

TEST_CASE("a transfer that breaks off gives no records") {
  Looking looking;
  looking.server.onQuestion = [&](const Query& query) -> Reply {
    FakePrimary::Reply reply = looking.server.soa(query);
    reply.close = true;
    return reply;
  };
  const Found found = looking.look();
  CHECK(found.status == LookupStatus::noReply);
  CHECK(found.empty());
}

TEST_CASE("the lookup of a zone ends with the deadline of the client") {
  Looking looking;
  looking.server.onQuestion = [](const Query&) -> Reply { return FakePrimary::Reply{}; };
  const Found found = looking.look();
  CHECK(found.status == LookupStatus::noReply);
  CHECK(looking.shard.elapsed() >= 30s);
  CHECK(looking.shard.elapsed() < 31s);
}

TEST_CASE("with a key a zone is had from a server that has the key, and from no other") {
  Looking good(std::make_shared<const TsigKey>(key));
  CHECK(good.look(&key));
  Looking none;
  const Found unsignedReply = none.look(&key);
  CHECK(unsignedReply.status == LookupStatus::failed);
  CHECK(unsignedReply.empty());
  Looking needed(std::make_shared<const TsigKey>(key));
  CHECK_FALSE(needed.look());
}

}  // namespace

}  // namespace zone_lookup_test

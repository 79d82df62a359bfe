#include "taut/dnstap/dnstap.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/io/shard.hpp"

namespace dnstap_test {

using namespace std::string_view_literals;
using taut::Address;
using taut::asBytes;
using taut::Dnstap;
using taut::DnstapParties;
using taut::DnstapSelection;
using taut::DnstapType;
using taut::Shard;
using taut::Transport;

namespace {

struct Fixture {
  void add(DnstapType type) {
    const DnstapParties parties{Transport::udp, Address::loopbackV4(4711), {}};
    dnstap.add(type, parties, shard.now(), asBytes("a message of DNS"sv));
  }
  // How many entries wait for a reader that never comes: all of them are dropped at the end.
  std::uint64_t entries() {
    dnstap.start();
    dnstap.stop();
    for (int turn = 0; turn < 3; ++turn) shard.poll();
    REQUIRE(dnstap.join().await_ready());
    CHECK(dnstap.counters().written == 0);
    return dnstap.counters().dropped;
  }

  Shard shard;
  Dnstap dnstap{shard, {.path = "/nowhere/dnstap", .logs = false}};
};

}  // namespace

TEST_CASE("messages of all types are told unless some are chosen") {
  Fixture all;
  Fixture some;
  DnstapSelection selection;
  selection.add(DnstapType::authResponse);
  selection.add(DnstapType::forwarderQuery);
  some.dnstap.setSelection(selection);
  for (const DnstapType type :
       {DnstapType::authQuery, DnstapType::authResponse, DnstapType::clientQuery, DnstapType::clientResponse,
        DnstapType::forwarderQuery, DnstapType::forwarderResponse}) {
    all.add(type);
    some.add(type);
  }
  CHECK(all.entries() == 6);
  CHECK(some.entries() == 2);
}

TEST_CASE("one query in so many is told, and one question to a server in as many") {
  Fixture f;
  DnstapSelection selection = DnstapSelection::all();
  selection.oneIn = 10;
  f.dnstap.setSelection(selection);
  int queries = 0;
  int questions = 0;
  for (int i = 0; i < 1000; ++i) {
    if (f.dnstap.picksQuery()) ++queries;
    if (f.dnstap.picksQuestion()) ++questions;
  }
  CHECK(queries == 100);
  CHECK(questions == 100);
  CHECK(f.entries() == 0);
}

TEST_CASE("a message that finds no room is dropped and counted, also the largest") {
  Fixture f;
  const std::string large(65535, 'x');
  for (int i = 0; i < 20; ++i) f.dnstap.add(DnstapType::authResponse, {}, f.shard.now(), asBytes(large));
  CHECK(f.dnstap.counters().dropped == 5);
  CHECK(f.entries() == 20);
}

}  // namespace dnstap_test

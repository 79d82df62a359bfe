#include "taut/server/waiting_queries.hpp"

#include <cstddef>
#include <deque>
#include <stdexcept>

#include <doctest/doctest.h>

#include "messages.hpp"
#include "taut/io/shard.hpp"
#include "taut/server/server_factory.hpp"

namespace waiting_queries_test {

namespace {

using namespace taut;

const Bytes message = makeQuery("www.example.com", Type::A);

class Waiting final : public WaitingQuery {
 public:
  explicit Waiting(const Address& client) : WaitingQuery(message, {client, Transport::udp, {}, {}, {}}) {}
  MutableByteSpan replyBuffer() override { return {}; }

 private:
  Task<> send(std::size_t) override { return Task<>::ready(); }
  void leaveTransport() override {}
};

}  // namespace

TEST_CASE("one query above the limit stops the oldest of the client that has most, and none of another's") {
  Shard shard;
  ServerFactory factory;
  WaitingQueries& queries = factory.waitingQueries();
  queries.setLimit(3);
  Waiting other(Address::v4({192, 0, 2, 2}, 1));
  queries.add(other, shard);
  std::deque<Waiting> flood;
  for (int i = 0; i < 4; ++i) queries.add(flood.emplace_back(Address::v4({192, 0, 2, 1}, 1)), shard);
  CHECK(queries.size() == 3);
  CHECK_FALSE(other.stopToken().stopRequested());
  CHECK(flood[0].stopToken().stopRequested());
  CHECK(flood[1].stopToken().stopRequested());
  CHECK_FALSE(flood[2].stopToken().stopRequested());
  CHECK_FALSE(flood[3].stopToken().stopRequested());
}

TEST_CASE(
    "a query that takes no place displaces none, and is not displaced, whether it said so before it waited or later") {
  Shard shard;
  ServerFactory factory;
  WaitingQueries& queries = factory.waitingQueries();
  queries.setLimit(2);
  const Address client = Address::v4({192, 0, 2, 1}, 1);
  Waiting before(client);
  before.takeNoPlace();
  queries.add(before, shard);
  Waiting later(client);
  queries.add(later, shard);
  later.takeNoPlace();
  CHECK(queries.size() == 0);
  std::deque<Waiting> flood;
  for (int i = 0; i < 3; ++i) queries.add(flood.emplace_back(client), shard);
  CHECK(queries.size() == 2);
  CHECK(flood[0].stopToken().stopRequested());
  CHECK_FALSE(before.stopToken().stopRequested());
  CHECK_FALSE(later.stopToken().stopRequested());
}

TEST_CASE("the time for an answer is above 0") {
  ServerFactory factory;
  CHECK_THROWS_AS(factory.setAnswerTimeout(std::chrono::milliseconds(0)), std::invalid_argument);
}

}  // namespace waiting_queries_test

#include "taut/net/connection_pool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/tcp_listener.hpp"

namespace connection_pool_test {

using namespace std::chrono_literals;
using taut::Address;
using taut::BufferedStream;
using taut::ConnectionPool;
using taut::ConnectionPoolOptions;
using taut::IoResult;
using taut::Result;
using taut::Shard;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;
using taut::TcpListener;
using taut::TcpStream;

namespace {

// A service that says each line again, as its script wants it.
class Service {
 public:
  explicit Service(Shard& shard) : listener_(TcpListener::bind(shard, Address::loopbackV4())) {}

  Task<> serve(StopToken stop) {
    TaskScope connections(stop);
    auto accepted = listener_.acceptMany(stop);
    while (auto stream = co_await accepted.next()) {
      ++accepts;
      connections.spawn(echo(BufferedStream(std::move(*stream))), stop);
    }
    co_await connections.join();
  }

  Address where() const { return listener_.localAddress(); }

  std::size_t accepts = 0;
  std::vector<std::string> asked;
  std::size_t endsAfter = 1000;  // lines of a connection
  bool endsUnanswered = false;   // ends it by the next line, without a word
  bool silent = false;
  std::string beyond;  // what it sends after each reply
  std::size_t open = 0;
  std::size_t mostOpen = 0;

 private:
  Task<> echo(BufferedStream stream) {
    mostOpen = std::max(mostOpen, ++open);
    for (std::size_t lines = 0;; ++lines) {
      if (lines == endsAfter && !endsUnanswered) break;
      auto line = co_await stream.readLine();
      if (!line) break;
      asked.push_back(*line);
      if (lines == endsAfter) break;
      if (silent) continue;
      const std::string reply = *line + "\n" + beyond;
      const IoResult written = co_await stream.write(reply);
      if (!written) break;
    }
    --open;
  }

  TcpListener listener_;
};

Task<Result<std::string, IoResult>> askOn(BufferedStream& service, const std::string& line) {
  const IoResult written = co_await service.write(line);
  if (!written) co_return taut::Failure(written);
  auto reply = co_await service.readLine();
  co_return reply;
}

Task<std::string> askPool(ConnectionPool& pool, std::string line, ConnectionPool::Repeat repeat) {
  line += '\n';
  auto ask = [&line](BufferedStream& service) { return askOn(service, line); };
  const auto reply = co_await pool.exchange(ask, repeat);
  if (reply) co_return *reply;
  switch (reply.error().error()) {
    case ETIMEDOUT:
      co_return "(time-out)";
    case ECANCELED:
      co_return "(stopped)";
    case ECONNREFUSED:
      co_return "(refused)";
    default:
      co_return "(failed)";
  }
}

Task<> askInto(ConnectionPool& pool, std::string line, std::string& said) {
  said = co_await askPool(pool, std::move(line), ConnectionPool::Repeat::once);
}

Task<Result<int, IoResult>> failOn(BufferedStream& service) {
  const IoResult written = co_await service.write("x\n");
  CHECK(written);
  throw std::runtime_error("broken");
}

Task<Result<int, IoResult>> closeAfterwards(BufferedStream& service) {
  const std::string line = "x\n";
  const auto reply = co_await askOn(service, line);
  CHECK(reply);
  service.close();
  co_return 1;
}

Task<> join(TaskScope& scope) {
  co_await scope.join();
}

Task<> sleepOn(Shard& shard, taut::Duration duration) {
  co_await taut::sleepFor(shard, duration);
}

struct Fixture {
  // A shard with nothing to do waits for the kernel so long before it takes the next time as come.
  Fixture() {
    clock.skipIdle(30ms);
    scope.spawn(service->serve(serving.token()), serving.token());
  }
  ~Fixture() {
    if (pool_) shard.run(pool_->close());
    serving.requestStop();
    shard.run(join(scope));
  }

  ConnectionPool& pool() {
    if (!pool_) pool_.emplace(shard, service->where(), options);
    return *pool_;
  }
  std::string ask(std::string line, ConnectionPool::Repeat repeat = ConnectionPool::Repeat::once) {
    return shard.run(askPool(pool(), std::move(line), repeat));
  }

  taut::ManualClock clock;
  Shard shard{[this] {
    taut::ShardOptions shardOptions;
    shardOptions.clock = &clock;
    return shardOptions;
  }()};
  StopSource serving;
  TaskScope scope;
  std::unique_ptr<Service> service = std::make_unique<Service>(shard);
  ConnectionPoolOptions options;
  std::optional<ConnectionPool> pool_;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a connection is kept and used for the next exchange") {
  for (const char* const line : {"one", "two", "three"}) CHECK(ask(line) == line);
  CHECK(service->accepts == 1);
  CHECK(pool().kept() == 1);
}

TEST_CASE_FIXTURE(Fixture, "there are no more connections than allowed, and the next exchanges wait in order") {
  options.maxConnections = 2;
  std::array<std::string, 5> said;
  TaskScope asking;
  for (std::size_t i = 0; i < said.size(); ++i) asking.spawn(askInto(pool(), std::to_string(i), said[i]));
  shard.run(join(asking));
  for (std::size_t i = 0; i < said.size(); ++i) CHECK(said[i] == std::to_string(i));
  CHECK(service->mostOpen == 2);
  CHECK(service->accepts == 2);
  CHECK(pool().kept() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a kept connection that the service has ended is noticed, and the question asked once") {
  service->endsAfter = 1;
  CHECK(ask("one") == "one");
  while (service->open > 0) shard.poll();
  CHECK(ask("two") == "two");
  CHECK(service->accepts == 2);
  CHECK(service->asked == std::vector<std::string>{"one", "two"});
}

TEST_CASE_FIXTURE(Fixture, "a kept connection that ends while it is asked costs a second question, on a new one") {
  service->endsAfter = 1;
  service->endsUnanswered = true;
  CHECK(ask("one") == "one");
  SUBCASE("unless the question must not come twice") {
    CHECK(ask("two", ConnectionPool::Repeat::never) == "(failed)");
    CHECK(service->asked == std::vector<std::string>{"one", "two"});
  }
  SUBCASE("") {
    CHECK(ask("two") == "two");
    CHECK(service->accepts == 2);
    CHECK(service->asked == std::vector<std::string>{"one", "two", "two"});
  }
}

TEST_CASE_FIXTURE(Fixture, "a new connection that ends unanswered is a failure, and none is tried again") {
  service->endsAfter = 0;
  service->endsUnanswered = true;
  CHECK(ask("one") == "(failed)");
  CHECK(service->accepts == 1);
}

TEST_CASE_FIXTURE(Fixture, "a connection with something unread is not kept") {
  service->beyond = "more\n";
  CHECK(ask("one") == "one");
  // What is beyond may come before the reply has been read, or after.
  CHECK(ask("two") == "two");
  CHECK(service->accepts == 2);
}

TEST_CASE_FIXTURE(Fixture, "a connection that is not used is closed when its time is over") {
  options.idleTime = 10s;
  CHECK(ask("one") == "one");
  shard.run(sleepOn(shard, 9s));
  CHECK(pool().kept() == 1);
  CHECK(ask("two") == "two");
  shard.run(sleepOn(shard, 9s));
  CHECK(pool().kept() == 1);
  shard.run(sleepOn(shard, 2s));
  CHECK(pool().kept() == 0);
  while (service->open > 0) shard.poll();
  CHECK(service->accepts == 1);
}

TEST_CASE_FIXTURE(Fixture, "an exchange that takes too long fails, and so does one that waits too long for its place") {
  options.maxConnections = 1;
  service->silent = true;
  std::string said;
  TaskScope asking;
  asking.spawn(askInto(pool(), "one", said));
  const auto begin = clock.now();
  CHECK(ask("two") == "(time-out)");
  shard.run(join(asking));
  CHECK(said == "(time-out)");
  CHECK(clock.now() - begin == options.deadline);
  CHECK(pool().kept() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a stop of its task ends an exchange, and the others go on") {
  std::array<std::string, 2> said;
  StopSource stop;
  TaskScope asking;
  asking.spawn(askInto(pool(), "one", said[0]), stop.token());
  asking.spawn(askInto(pool(), "two", said[1]));
  stop.requestStop();
  shard.run(join(asking));
  CHECK(said[0] == "(stopped)");
  CHECK(said[1] == "two");
}

TEST_CASE_FIXTURE(Fixture, "to close a pool ends what goes on, and nothing is begun any more") {
  CHECK(ask("one") == "one");
  service->silent = true;
  std::string said;
  TaskScope asking;
  asking.spawn(askInto(pool(), "two", said));
  shard.run(pool().close());
  CHECK(said == "(stopped)");
  CHECK(asking.empty());
  CHECK(pool().kept() == 0);
  CHECK(ask("three") == "(stopped)");
}

TEST_CASE_FIXTURE(Fixture, "a service that is not there is a failure") {
  {
    const TcpListener gone = TcpListener::bind(shard, Address::loopbackV4());
    pool_.emplace(shard, gone.localAddress(), options);
  }
  CHECK(ask("one") == "(refused)");
}

TEST_CASE_FIXTURE(Fixture, "a connection on which the exchange throws, or that it closes, is not kept") {
  CHECK_THROWS_AS(static_cast<void>(shard.run(pool().exchange(failOn))), std::runtime_error);
  CHECK(pool().kept() == 0);
  CHECK(*shard.run(pool().exchange(closeAfterwards)) == 1);
  CHECK(pool().kept() == 0);
}

TEST_CASE("a pool allows a connection at least") {
  Shard shard;
  ConnectionPoolOptions options;
  options.maxConnections = 0;
  CHECK_THROWS_AS(ConnectionPool(shard, Address::loopbackV4(1), options), std::invalid_argument);
}

}  // namespace connection_pool_test

#include "taut/resolver/tcp_pool.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/testing/manual_shard.hpp"

namespace tcp_pool_test {

namespace {

using namespace std::chrono_literals;
using namespace taut;
using Bytes = std::vector<std::uint8_t>;

// A query, or its reply: a header with this ID, and octets that tell it from others.
Bytes messageOf(std::uint16_t id, const std::string& text = {}) {
  Bytes message(12);
  storeU16(message.data(), id);
  message.insert(message.end(), text.begin(), text.end());
  return message;
}

// A server whose connections the test takes a hand in.
class Server {
 public:
  struct Query {
    std::size_t connection;
    std::uint16_t id;
  };

  explicit Server(Shard& shard)
      : listener_(TcpListener::bind(shard, Address::loopbackV4())), address(listener_.localAddress()) {}

  Task<> serve(StopToken stop) {
    TaskScope readers(stop);
    auto accepted = listener_.acceptMany(stop);
    while (auto stream = co_await accepted.next()) {
      streams_.push_back(std::make_unique<TcpStream>(std::move(*stream)));
      readers.spawn(read(streams_.size() - 1, stop));
    }
    co_await readers.join();
  }

  // Waits until so many queries have come in all.
  Task<> untilAsked(std::size_t count) {
    while (asked.size() < count) {
      changed_.reset();
      co_await changed_.wait();
    }
  }
  Task<> untilEnded(std::size_t count) {
    while (ended < count) {
      changed_.reset();
      co_await changed_.wait();
    }
  }

  // To the query that came as this one of all.
  Task<> reply(std::size_t query, std::string text = {}) {
    const Bytes message = messageOf(asked[query].id, text);
    co_await send(asked[query].connection, message);
  }
  Task<> send(std::size_t connection, Bytes message) {
    std::array<std::uint8_t, 2> length;
    storeU16(length.data(), static_cast<std::uint16_t>(message.size()));
    const ByteSpan head(length);
    const ByteSpan body(message);
    co_await streams_[connection]->writeAll(head, body);
  }
  void end(std::size_t connection) { streams_[connection]->shutdown(); }

  std::size_t connections() const { return streams_.size(); }

  std::vector<Query> asked;
  std::size_t ended = 0;  // connections, by the peer or by `end`

 private:
  TcpListener listener_;

  Task<> read(std::size_t connection, StopToken stop) {
    TcpStream& stream = *streams_[connection];
    for (;;) {
      std::array<std::uint8_t, 2> length;
      const MutableByteSpan intoLength(length);
      const IoResult first = co_await stream.readExactly(intoLength, stop);
      if (first.value() != 2) break;
      Bytes message(loadU16(length.data()));
      const MutableByteSpan into(message);
      const IoResult rest = co_await stream.readExactly(into, stop);
      if (rest.value() != message.size()) break;
      asked.push_back({connection, loadU16(message.data())});
      changed_.set();
    }
    ++ended;
    changed_.set();
  }

  std::vector<std::unique_ptr<TcpStream>> streams_;
  Event changed_;

 public:
  const Address address;
};

// One question of a test, and what came of it.
struct Question {
  Bytes query;
  StopSource stop{};
  std::optional<TcpPool::Reply> reply{};

  std::string text() const {
    if (!reply) return "waits";
    if (!*reply) return std::to_string(reply->error().error());
    return std::string((*reply)->begin() + 12, (*reply)->end());
  }
  int error() const { return reply && !*reply ? reply->error().error() : 0; }
};

Task<> askInto(TcpPool& pool, Address server, Question& question) {
  const ByteSpan query(question.query);
  auto reply = co_await pool.exchange(server, query, question.stop.token());
  question.reply.emplace(std::move(reply));
}

struct Bench {
  explicit Bench(const TcpPoolOptions& options = {}) : pool(shard, options) {
    scope.spawn(server.serve(stop.token()));
    scope.spawn(other.serve(stop.token()));
  }
  ~Bench() { shard.run(end()); }

  Task<> end() {
    for (const auto& question : questions) question->stop.requestStop();
    co_await asking.join();
    co_await pool.close();
    CHECK(pool.size() == 0);
    stop.requestStop();
    co_await scope.join();
  }

  Question& ask(std::uint16_t id) { return ask(id, server.address); }
  Question& ask(std::uint16_t id, const Address& where) {
    auto& question = *questions.emplace_back(std::make_unique<Question>());
    question.query = messageOf(id);
    asking.spawn(askInto(pool, where, question));
    return question;
  }
  // The pool notices in the next turn that a connection is idle.
  Task<> answered() {
    co_await asking.join();
    co_await shard.nextTurn();
  }

  testing::ManualShard shard;
  StopSource stop;
  TaskScope scope;
  Server server{shard};
  Server other{shard};
  TcpPool pool;
  std::vector<std::unique_ptr<Question>> questions;
  TaskScope asking;
};

void run(Task<> (*test)(Bench&), const TcpPoolOptions& options = {}) {
  Bench bench(options);
  bench.shard.run(test(bench));
}

TcpPoolOptions limits(std::size_t perServer, std::size_t all = 100) {
  TcpPoolOptions options;
  options.maxPerServer = perServer;
  options.maxConnections = all;
  return options;
}

Task<> oneAfterTheOther(Bench& bench) {
  for (std::size_t i = 0; i < 3; ++i) {
    Question& question = bench.ask(7);
    co_await bench.server.untilAsked(i + 1);
    co_await bench.server.reply(i, "yes");
    co_await bench.answered();
    CHECK(question.text() == "yes");
    CHECK(bench.pool.idle() == 1);
  }
  CHECK(bench.server.connections() == 1);
}

Task<> outOfOrder(Bench& bench) {
  for (std::uint16_t id = 1; id <= 3; ++id) bench.ask(id);
  co_await bench.server.untilAsked(3);
  CHECK(bench.server.connections() == 1);
  CHECK(bench.pool.idle() == 0);
  co_await bench.server.reply(2, "c");
  co_await bench.server.reply(0, "a");
  co_await bench.server.reply(1, "b");
  co_await bench.answered();
  std::string texts;
  for (const auto& question : bench.questions) texts += question->text();
  CHECK(texts == "abc");
}

Task<> spread(Bench& bench) {
  for (std::uint16_t id = 0; id < 6; ++id) bench.ask(id);
  co_await bench.server.untilAsked(6);
  CHECK(bench.server.connections() == 3);
  std::size_t of[3] = {};
  for (const Server::Query& query : bench.server.asked) ++of[query.connection];
  for (const std::size_t count : of) CHECK(count == 2);
}

Task<> sameId(Bench& bench) {
  bench.ask(9);
  bench.ask(9);
  co_await bench.server.untilAsked(2);
  CHECK(bench.server.asked[0].connection != bench.server.asked[1].connection);
  co_await bench.server.reply(1, "second");
  co_await bench.server.reply(0, "first");
  co_await bench.answered();
  CHECK(bench.questions[0]->text() != bench.questions[1]->text());
}

Task<> closedWhileIdle(Bench& bench) {
  bench.ask(1);
  co_await bench.server.untilAsked(1);
  co_await bench.server.reply(0);
  co_await bench.answered();
  bench.server.end(0);
  co_await bench.server.untilEnded(1);
  Question& next = bench.ask(2);
  co_await bench.server.untilAsked(2);
  CHECK(bench.server.connections() == 2);
  CHECK(bench.pool.size() == 1);
  co_await bench.server.reply(1, "yes");
  co_await bench.answered();
  CHECK(next.text() == "yes");
}

Task<> closedBeforeTheReply(Bench& bench) {
  Question& first = bench.ask(1);
  co_await bench.server.untilAsked(1);
  Question& second = bench.ask(2);
  co_await bench.server.untilAsked(2);
  bench.server.end(0);
  co_await bench.server.untilAsked(3);
  CHECK(first.error() == ENODATA);
  CHECK(bench.server.asked[2].id == 2);
  CHECK(bench.server.asked[2].connection == 1);
  bench.server.end(1);
  co_await bench.answered();
  CHECK(second.error() == ENODATA);
  CHECK(bench.server.connections() == 2);
}

Task<> stoppedQuestion(Bench& bench) {
  Question& first = bench.ask(1);
  Question& second = bench.ask(2);
  co_await bench.server.untilAsked(2);
  first.stop.requestStop();
  CHECK(first.error() == ECANCELED);
  Question& third = bench.ask(3);
  co_await bench.server.untilAsked(3);
  CHECK(bench.server.asked[2].connection == 1);
  co_await bench.server.reply(0, "late");
  co_await bench.server.reply(1, "second");
  co_await bench.server.reply(2, "third");
  co_await bench.answered();
  CHECK(second.text() == "second");
  CHECK(third.text() == "third");
  co_await bench.server.untilEnded(1);
  CHECK(bench.pool.size() == 1);
}

Task<> stoppedConnect(Bench& bench) {
  Question& question = bench.ask(1);
  CHECK(bench.pool.size() == 1);
  question.stop.requestStop();
  co_await bench.answered();
  CHECK(question.error() == ECANCELED);
  co_await bench.pool.close();
  CHECK(bench.pool.size() == 0);
}

Task<> unasked(Bench& bench) {
  Question& question = bench.ask(1);
  co_await bench.server.untilAsked(1);
  const Bytes foreign = messageOf(2);
  co_await bench.server.send(0, foreign);
  co_await bench.answered();
  CHECK(question.error() == EBADMSG);
  Question& next = bench.ask(1);
  co_await bench.server.untilAsked(2);
  const Bytes stub(11);
  co_await bench.server.send(1, stub);
  co_await bench.answered();
  CHECK(next.error() == EBADMSG);
  CHECK(bench.pool.size() == 0);
}

Task<> idleTime(Bench& bench) {
  bench.ask(1);
  co_await bench.server.untilAsked(1);
  co_await bench.server.reply(0);
  co_await bench.answered();
  co_await sleepFor(bench.shard, 9s);
  CHECK(bench.pool.size() == 1);
  co_await sleepFor(bench.shard, 2s);
  CHECK(bench.pool.size() == 0);
  co_await bench.server.untilEnded(1);
}

Task<> waitForAPlace(Bench& bench) {
  Question& first = bench.ask(1);
  co_await bench.server.untilAsked(1);
  Question& second = bench.ask(2, bench.other.address);
  Question& impatient = bench.ask(3, bench.other.address);
  Question& third = bench.ask(4, bench.other.address);
  impatient.stop.requestStop();
  CHECK(impatient.error() == ECANCELED);
  CHECK(bench.pool.size() == 1);
  co_await bench.server.reply(0, "first");
  co_await bench.other.untilAsked(1);
  CHECK(first.text() == "first");
  CHECK(bench.other.asked[0].id == 2);
  CHECK(bench.pool.size() == 1);
  co_await bench.other.reply(0, "second");
  co_await bench.other.untilAsked(2);
  co_await bench.other.reply(1, "third");
  co_await bench.answered();
  CHECK(second.text() == "second");
  CHECK(third.text() == "third");
}

Task<> idleGivesWay(Bench& bench) {
  bench.ask(1);
  co_await bench.server.untilAsked(1);
  co_await bench.server.reply(0);
  co_await bench.answered();
  CHECK(bench.pool.idle() == 1);
  Question& question = bench.ask(2, bench.other.address);
  co_await bench.other.untilAsked(1);
  co_await bench.other.reply(0, "yes");
  co_await bench.answered();
  CHECK(question.text() == "yes");
  co_await bench.server.untilEnded(1);
  CHECK(bench.pool.size() == 1);
  bench.pool.trimIdle(1);
  CHECK(bench.pool.size() == 1);
  bench.pool.trimIdle(0);
  CHECK(bench.pool.size() == 0);
}

Task<> refused(Bench& bench) {
  Address closed;
  {
    const TcpListener gone = TcpListener::bind(bench.shard, Address::loopbackV4());
    closed = gone.localAddress();
  }
  Question& one = bench.ask(1, closed);
  Question& two = bench.ask(2, closed);
  co_await bench.answered();
  CHECK(one.error() == ECONNREFUSED);
  CHECK(two.error() == ECONNREFUSED);
  CHECK(bench.pool.size() == 0);
}

}  // namespace

TEST_CASE("questions that follow each other share a connection") {
  run(oneAfterTheOther);
}

TEST_CASE("many questions are sent on a connection at once, and each gets the reply with its ID, whatever the order") {
  run(outOfOrder, limits(1));
}

TEST_CASE("questions to one server are spread over so many connections, and no more") {
  run(spread, limits(3));
}

TEST_CASE("questions with the same ID are not on one connection") {
  run(sameId, limits(1));
}

TEST_CASE("a connection that the server has ended is not used again") {
  run(closedWhileIdle);
}

TEST_CASE("a question on a connection of others is sent once more where that ends, and no third time") {
  run(closedBeforeTheReply, limits(1));
}

TEST_CASE("a question that is stopped takes the connection from later ones, not from those that wait on it") {
  run(stoppedQuestion, limits(1));
}

TEST_CASE("a connection that nobody waits for any more is not made") {
  run(stoppedConnect);
}

TEST_CASE("a message that nobody has asked for, or that is none, ends its connection") {
  run(unasked);
}

TEST_CASE("a connection that is not used is closed when its time is over") {
  run(idleTime);
}

TEST_CASE("where all connections are in use, questions to other servers wait in the order of asking") {
  run(waitForAPlace, limits(1, 1));
}

TEST_CASE("a connection that is not used gives way to one to another server, and to who needs its descriptor") {
  run(idleGivesWay, limits(4, 1));
}

TEST_CASE("a server that refuses connections is asked once") {
  run(refused);
}

TEST_CASE("a pool that allows no connection is a mistake") {
  testing::ManualShard shard;
  CHECK_THROWS_AS(TcpPool(shard, limits(0)), std::invalid_argument);
  CHECK_THROWS_AS(TcpPool(shard, limits(1, 0)), std::invalid_argument);
}

}  // namespace tcp_pool_test

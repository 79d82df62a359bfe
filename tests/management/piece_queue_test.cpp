#include "management/piece_queue.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "management/jobs.hpp"
#include "taut/io/shard.hpp"

namespace piece_queue_test {

using taut::PieceQueue;
using taut::Shard;
using taut::StopToken;
using taut::Task;

namespace {

Task<std::string> readAll(std::shared_ptr<PieceQueue> queue) {
  std::string text;
  while (auto piece = co_await queue->next(StopToken())) text += *piece;
  queue->close();
  co_return text;
}

Task<std::string> readOne(std::shared_ptr<PieceQueue> queue) {
  auto piece = co_await queue->next(StopToken());
  queue->close();
  co_return piece.value_or("");
}

}  // namespace

TEST_CASE("pieces that a thread makes arrive in order, and then their end") {
  Shard shard;
  const auto queue = PieceQueue::make(shard);
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
  std::thread maker([queue] {
    for (int i = 0; i < 1000; ++i) queue->put(std::to_string(i) + "\n");
    queue->end("that was all");
  });
  CHECK(shard.run(readAll(queue)) == expected);
  maker.join();
  CHECK(queue->error() == "that was all");
}

TEST_CASE("a thread whose pieces are wanted no more is told so, and never waits for ever") {
  Shard shard;
  const auto queue = PieceQueue::make(shard);
  int made = 0;
  {
    taut::Jobs jobs;
    CHECK(jobs.start([&] {
      while (queue->put("piece")) ++made;
      queue->end();
    }));
    CHECK(shard.run(readOne(queue)) == "piece");
  }
  CHECK(made >= 1);
  CHECK(made <= 2);
}

TEST_CASE("only so many jobs run at a time") {
  Shard shard;
  const auto queue = PieceQueue::make(shard);
  taut::Jobs jobs;
  for (std::size_t i = 0; i < taut::Jobs::maxRunning; ++i)
    CHECK(jobs.start([queue] {
      while (queue->put("piece")) {
      }
    }));
  CHECK(!jobs.start([] {}));
  queue->close();
}

}  // namespace piece_queue_test

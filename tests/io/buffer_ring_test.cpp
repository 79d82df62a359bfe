#include "taut/io/buffer_ring.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "taut/io/engine.hpp"

namespace buffer_ring_test {

using taut::BufferRing;
using taut::Engine;

namespace {

class Waiting final : public taut::Operation {
 public:
  explicit Waiting(Engine& engine) : Operation(engine) {}
  using Operation::cancel;

  int result = 1;

 private:
  void complete(const taut::Completion& completion) noexcept override { result = completion.result; }
};

}  // namespace

TEST_CASE("buffers do not overlap and are at least as large as asked for") {
  const auto made = Engine::make();
  Engine& engine = *made;
  BufferRing buffers(engine, 5, 100);
  CHECK(buffers.size() >= 100);
  std::set<const std::uint8_t*> starts;
  for (std::uint16_t id = 0; id < 5; ++id) {
    const auto buffer = buffers.buffer(id);
    CHECK(buffer.size() == buffers.size());
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    for (auto& byte : buffer) byte = static_cast<std::uint8_t>(id);
    starts.insert(buffer.data());
  }
  for (std::uint16_t id = 0; id < 5; ++id) CHECK(buffers.buffer(id).back() == id);
  CHECK(starts.size() == 5);
}

TEST_CASE("rings of one shard are told apart by their groups") {
  const auto made = Engine::make();
  Engine& engine = *made;
  const BufferRing first(engine, 4, 64);
  const BufferRing second(engine, 4, 64);
  CHECK(first.group() != second.group());
}

TEST_CASE("the kernel is offered what is free, up to a bound, and gets more as it takes") {
  const auto made = Engine::make();
  Engine& engine = *made;
  BufferRing buffers(engine, 1000, 64);
  const auto offered = buffers.offered();
  CHECK(offered < 1000);
  CHECK(buffers.leased() == 0);
  for (std::size_t i = 0; i < 1000 - offered; ++i) buffers.take();
  CHECK(buffers.offered() == offered);
  for (std::size_t i = 0; i < offered; ++i) buffers.take();
  CHECK(buffers.offered() == 0);
  CHECK(buffers.leased() == 1000);
  for (int id = 0; id < 1000; ++id) buffers.giveBack(static_cast<std::uint16_t>(id));
  CHECK(buffers.leased() == 0);
  CHECK(buffers.offered() == offered);
}

TEST_CASE("each buffer that comes back starts one of the operations that wait") {
  const auto made = Engine::make();
  Engine& engine = *made;
  BufferRing buffers(engine, 2, 64);
  buffers.take();
  buffers.take();
  Waiting first(engine);
  Waiting second(engine);
  buffers.waitForBuffer(first);
  buffers.waitForBuffer(second);
  buffers.giveBack(0);
  engine.poll(std::nullopt);
  CHECK(first.result == 0);
  CHECK(second.inFlight());
  buffers.giveBack(1);
  engine.poll(std::nullopt);
  CHECK(second.result == 0);
}

TEST_CASE("an operation that is cancelled while it waits for a buffer has ended, and no buffer starts it") {
  const auto made = Engine::make();
  Engine& engine = *made;
  BufferRing buffers(engine, 1, 64);
  buffers.take();
  Waiting waiting(engine);
  buffers.waitForBuffer(waiting);
  waiting.cancel();
  CHECK(waiting.result == -ECANCELED);
  CHECK_FALSE(waiting.inFlight());
  CHECK_FALSE(buffers.hasWaiters());
  buffers.giveBack(0);
  CHECK_FALSE(waiting.inFlight());
}

TEST_CASE("a pool of no buffers or of too many is refused") {
  const auto made = Engine::make();
  Engine& engine = *made;
  CHECK_THROWS_AS(BufferRing(engine, 0, 64), std::invalid_argument);
  CHECK_THROWS_AS(BufferRing(engine, 32769, 64), std::invalid_argument);
  CHECK_THROWS_AS(BufferRing(engine, 1, 0), std::invalid_argument);
  CHECK_NOTHROW(BufferRing(engine, 32768, 64));
}

}  // namespace buffer_ring_test

#include "taut/io/buffer_ring.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "taut/io/ring.hpp"

using taut::BufferRing;
using taut::Ring;

namespace {

class Waiting final : public taut::Operation {
 public:
  explicit Waiting(Ring& ring) : Operation(ring) {}
  using Operation::cancel;

  int result = 1;

 private:
  void complete(const taut::Completion& completion) noexcept override { result = completion.result; }
};

}  // namespace

TEST_CASE("buffers do not overlap and are at least as large as asked for") {
  Ring ring;
  BufferRing buffers(ring, 5, 100);
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
  Ring ring;
  const BufferRing first(ring, 4, 64);
  const BufferRing second(ring, 4, 64);
  CHECK(first.group() != second.group());
}

TEST_CASE("the kernel is offered what is free, up to a bound, and gets more as it takes") {
  Ring ring;
  BufferRing buffers(ring, 1000, 64);
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
  Ring ring;
  BufferRing buffers(ring, 2, 64);
  buffers.take();
  buffers.take();
  Waiting first(ring);
  Waiting second(ring);
  buffers.waitForBuffer(first);
  buffers.waitForBuffer(second);
  buffers.giveBack(0);
  ring.poll(std::nullopt);
  CHECK(first.result == 0);
  CHECK(second.inFlight());
  buffers.giveBack(1);
  ring.poll(std::nullopt);
  CHECK(second.result == 0);
}

TEST_CASE("an operation that is cancelled while it waits for a buffer has ended, and no buffer starts it") {
  Ring ring;
  BufferRing buffers(ring, 1, 64);
  buffers.take();
  Waiting waiting(ring);
  buffers.waitForBuffer(waiting);
  waiting.cancel();
  CHECK(waiting.result == -ECANCELED);
  CHECK_FALSE(waiting.inFlight());
  CHECK_FALSE(buffers.hasWaiters());
  buffers.giveBack(0);
  CHECK_FALSE(waiting.inFlight());
}

TEST_CASE("a pool of no buffers or of too many is refused") {
  Ring ring;
  CHECK_THROWS_AS(BufferRing(ring, 0, 64), std::invalid_argument);
  CHECK_THROWS_AS(BufferRing(ring, 32769, 64), std::invalid_argument);
  CHECK_THROWS_AS(BufferRing(ring, 1, 0), std::invalid_argument);
  CHECK_NOTHROW(BufferRing(ring, 32768, 64));
}

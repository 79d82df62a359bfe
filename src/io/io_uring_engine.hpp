// IoUringEngine is one io_uring, used by one thread. It takes a submission entry when an operation starts. Where the
// submission queue is full the operation parks, without allocation and without an error, until the next poll.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "taut/base/clock.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/io/engine.hpp"
#include "taut/io/operation.hpp"

struct io_uring;

namespace taut {

class IoUringEngine final : public Engine {
 public:
  // Throws IoUnavailable.
  explicit IoUringEngine(const EngineOptions& options = {});
  ~IoUringEngine() override;

  void submit(Operation& operation) noexcept override;
  void cancel(Operation& operation) noexcept override;
  std::uint16_t addBuffers(std::span<OfferedBuffer> ring) override;
  void removeBuffers(std::uint16_t group) noexcept override;

  // How often the submission queue was full, and how often the completion queue had overflown.
  std::uint64_t parkedCount() const noexcept { return parkedCount_; }
  std::uint64_t overflowCount() const noexcept { return overflowCount_; }
  // Operations that wait for room in the submission queue.
  bool hasParked() const noexcept { return !parked_.empty() || !cancelling_.empty(); }

 private:
  std::size_t carryOut(std::optional<Duration> limit) override;
  void tieToThread() noexcept override;
  void untieFromThread() noexcept override;
  std::size_t reap() noexcept;
  void drainParked() noexcept;
  bool trySubmit(Operation& operation) noexcept;
  bool tryCancel(Operation& operation) noexcept;
  void wait(std::optional<Duration> limit);

  std::unique_ptr<io_uring> ring_;
  // Operations that have no submission entry yet, and those in flight whose cancellation has none.
  IntrusiveList<Operation> parked_;
  IntrusiveList<Operation> cancelling_;
  std::uint64_t parkedCount_ = 0;
  std::uint64_t overflowCount_ = 0;
  std::uint16_t nextBufferGroup_ = 0;
  bool enabled_ = false;
};

}  // namespace taut

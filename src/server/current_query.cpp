#include "taut/server/current_query.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "taut/server/waiting_queries.hpp"

namespace taut {

namespace {

bool membarrier(int command) {
  return ::syscall(__NR_membarrier, command, 0, 0) == 0;
}

// A barrier on every thread of the process.
bool barrierEverywhere() {
  static const bool registered = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
  return registered && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

// While it lives, a query that is read is not destroyed.
class Reading {
 public:
  explicit Reading(std::atomic<bool>& flag) : flag_(flag) { flag_.store(true, std::memory_order_seq_cst); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() {
    flag_.store(false, std::memory_order_release);
    flag_.notify_all();
  }

 private:
  std::atomic<bool>& flag_;
};

}  // namespace

// What is read of the query does not change after it was parsed.
std::optional<std::string> CurrentQuery::describe() {
  const Reading reading(isRead_);
  const bool readable = barrierEverywhere();
  const WaitingQuery* const current = query_.load(std::memory_order_acquire);
  if (!current) return std::nullopt;
  if (!readable) return "a question";
  const Query& query = *current->query();
  return fmt::format("{} {} from {}", query.name(), query.type(), query.peer());
}

void CurrentQuery::waitForReader() const noexcept {
  isRead_.wait(true, std::memory_order_acquire);
}

}  // namespace taut

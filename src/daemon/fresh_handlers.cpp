#include "fresh_handlers.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

namespace {

// Longer than a start may take, for handlers that do not end when they are told to.
constexpr std::chrono::seconds patience{12};

// How the start went on all shards.
class Outcome {
 public:
  explicit Outcome(std::size_t shards) : left_(shards) {}

  void ended(const std::string& failure) {
    const std::scoped_lock lock(mutex_);
    if (failure_.empty()) failure_ = failure;
    if (--left_ == 0) allEnded_.notify_all();
  }

  std::string wait() {
    std::unique_lock lock(mutex_);
    const bool ended = allEnded_.wait_for(lock, patience, [this] { return left_ == 0; });
    return failure_.empty() && !ended ? "a handler takes too long to start" : failure_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable allEnded_;
  std::size_t left_;
  std::string failure_;
};

}  // namespace

FreshHandlers::FreshHandlers(Server& server, const std::vector<ShardResolvers>& resolvers,
                             std::vector<Handlers> handlers)
    : server_(server), resolvers_(resolvers), handlers_(std::move(handlers)) {
  const auto outcome = std::make_shared<Outcome>(handlers_.size());
  server_.post([others = handlers_, &all = resolvers_, outcome](std::size_t shard, ServerFactory&) {
    all[shard].handlers->startOthers(others[shard], [outcome](const std::string& failure) { outcome->ended(failure); });
  });
  const std::string failure = outcome->wait();
  if (failure.empty()) return;
  discard();
  throw std::runtime_error(failure);
}

FreshHandlers::~FreshHandlers() {
  if (!areWanted_) discard();
}

void FreshHandlers::discard() noexcept {
  try {
    server_.post([others = handlers_, &all = resolvers_](std::size_t shard, ServerFactory&) {
      all[shard].handlers->discard(others[shard]);
    });
  } catch (const std::exception& error) {
    log::error("handlers that do not serve go on until the server ends: {}", reasonOf(error));
  }
}

}  // namespace taut

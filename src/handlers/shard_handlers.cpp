#include "shard_handlers.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

#include "taut/base/clock.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds startLimit{10};

bool contains(const Handlers& handlers, const std::shared_ptr<RunningHandler>& handler) {
  return std::ranges::find(handlers, handler) != handlers.end();
}

// Counts one question, while it lives. Unless it is said how the question ended, the handler has failed.
class Counting {
 public:
  Counting(HandlerCounters& counters, const Clock& clock) : counters_(counters), clock_(clock), begin_(clock.now()) {
    ++counters_.waiting;
  }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  ~Counting() {
    --counters_.waiting;
    ++*outcome_;
    counters_.durations.add(clock_.now() - begin_);
  }

  void answered() { outcome_ = &counters_.answered; }
  void passedOn() { outcome_ = &counters_.passedOn; }

 private:
  HandlerCounters& counters_;
  const Clock& clock_;
  const TimePoint begin_;
  Counter* outcome_ = &counters_.failed;
};

}  // namespace

RunningHandler::RunningHandler(std::string label, HandlerPlace place, std::vector<Name> suffixes,
                               std::shared_ptr<Resolver> resolver, std::shared_ptr<HandlerCounters> counters)
    : label_(std::move(label)),
      place_(place),
      suffixes_(std::move(suffixes)),
      resolver_(std::move(resolver)),
      counters_(std::move(counters)) {}

bool RunningHandler::isFor(const Query& query) const {
  return suffixes_.empty() ||
         std::ranges::any_of(suffixes_, [&query](const Name& suffix) { return query.name().isWithin(suffix); });
}

Task<> RunningHandler::start() {
  std::string failure;
  isStarting_ = true;
  try {
    co_await resolver_->start(work_);
  } catch (...) {
    failure = reasonOf(std::current_exception());
    if (failure.empty()) failure = "it does not say why";
  }
  isStarting_ = false;
  started_.set();
  if (!failure.empty()) throw std::runtime_error(fmt::format("{} does not start: {}", label_, failure));
}

Task<> RunningHandler::unused(StopToken stop) {
  if (lists_ > 0) co_await unused_.wait(stop);
}

Task<> RunningHandler::close() {
  if (isClosed_) co_return;
  isClosed_ = true;
  if (isStarting_) co_await started_.wait();
  work_.stop();
  co_await work_.join();
  try {
    co_await resolver_->close();
  } catch (...) {
    log::error("{} does not close in order: {}", label_, reasonOf(std::current_exception()));
  }
  if (lists_ == 0) resolver_.reset();
}

HandlerList::HandlerList(Handlers handlers) : handlers_(std::move(handlers)) {
  for (const auto& handler : handlers_) ++handler->lists_;
}

HandlerList::~HandlerList() {
  for (const auto& handler : handlers_)
    if (--handler->lists_ == 0) handler->unused_.set();
}

std::size_t HandlerList::find(const Query& query, std::size_t from) const {
  while (from < handlers_.size() && !handlers_[from]->isFor(query)) ++from;
  return from;
}

// One place of the shard.
class ShardHandlers::Chain final : public Resolver {
 public:
  explicit Chain(const Clock& clock) : clock_(clock) {}

  void set(Handlers handlers) {
    list_ = handlers.empty() ? LocalRef<const HandlerList>() : makeLocalRef<const HandlerList>(std::move(handlers));
  }

  Task<std::optional<Answer>> resolve(const Query& query) override {
    const std::size_t first = list_ ? list_->find(query, 0) : 0;
    if (!list_ || first == list_->size()) return Task<std::optional<Answer>>::ready(std::nullopt);
    return run(list_, first, clock_, query);
  }

 private:
  // The list may be another one when a handler has waited.
  static Task<std::optional<Answer>> run(LocalRef<const HandlerList> list, std::size_t next, const Clock& clock,
                                         const Query& query) {
    for (; next < list->size(); next = list->find(query, next + 1)) {
      RunningHandler& handler = list->at(next);
      Counting counting(handler.counters(), clock);
      auto answer = co_await handler.resolver().resolve(query);
      if (answer)
        counting.answered();
      else if (!query.stopToken().stopRequested())
        counting.passedOn();
      if (answer) co_return answer;
    }
    co_return std::nullopt;
  }

  const Clock& clock_;
  LocalRef<const HandlerList> list_;
};

ShardHandlers::ShardHandlers(Shard& shard, Handlers handlers) : shard_(shard), serving_(std::move(handlers)) {
  for (auto& chain : chains_) chain = std::make_shared<Chain>(shard.clock());
  setLists();
}

ShardHandlers::~ShardHandlers() = default;

void ShardHandlers::setLists() {
  for (std::size_t place = 0; place < chains_.size(); ++place) {
    Handlers there;
    std::ranges::copy_if(serving_, std::back_inserter(there),
                         [place](const auto& handler) { return static_cast<std::size_t>(handler->place()) == place; });
    static_cast<Chain&>(*chains_[place]).set(std::move(there));
  }
}

Task<> ShardHandlers::start() {
  for (std::size_t i = 0; i < serving_.size(); ++i) co_await serving_[i]->start();
}

void ShardHandlers::startOthers(const Handlers& others, std::function<void(const std::string& failure)> done) {
  if (isClosed_) return done("the server ends");
  started_.insert(started_.end(), others.begin(), others.end());
  auto limit = std::make_shared<Deadline>(shard_, startLimit, starting_.token());
  const StopToken stop = limit->token();
  starting_.spawn(startAll(std::move(limit), others, std::move(done)), stop);
}

Task<> ShardHandlers::startAll(std::shared_ptr<Deadline> limit, Handlers others,
                               std::function<void(const std::string&)> done) {
  std::string failure;
  for (std::size_t i = 0; i < others.size() && failure.empty(); ++i) {
    try {
      co_await others[i]->start();
    } catch (const std::exception& error) {
      failure = reasonOf(error);
    }
    if (failure.empty() && limit->expired()) failure = "a handler takes too long to start";
  }
  done(failure);
}

void ShardHandlers::discard(const Handlers& others) {
  for (const auto& handler : others) {
    std::erase(started_, handler);
    retiring_.spawn(end(handler));
  }
}

void ShardHandlers::replace(Handlers handlers) {
  if (isClosed_) return;
  const Handlers before = std::exchange(serving_, std::move(handlers));
  std::erase_if(started_, [this](const auto& handler) { return contains(serving_, handler); });
  setLists();
  for (const auto& handler : before)
    if (!contains(serving_, handler)) retiring_.spawn(retire(handler));
}

Task<> ShardHandlers::retire(std::shared_ptr<RunningHandler> handler) {
  const StopToken stop = retiring_.token();
  co_await handler->unused(stop);
  co_await handler->close();
}

// It is kept until it is closed.
Task<> ShardHandlers::end(std::shared_ptr<RunningHandler> handler) {
  co_await handler->close();
}

Task<> ShardHandlers::close() {
  isClosed_ = true;
  starting_.stop();
  co_await starting_.join();
  retiring_.stop();
  const Handlers serving = std::exchange(serving_, {});
  setLists();
  for (std::size_t i = 0; i < serving.size(); ++i) co_await serving[i]->close();
  const Handlers started = std::exchange(started_, {});
  for (std::size_t i = 0; i < started.size(); ++i) co_await started[i]->close();
  co_await retiring_.join();
}

}  // namespace taut

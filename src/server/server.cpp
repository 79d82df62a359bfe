#include "taut/server/server.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "listeners.hpp"
#include "service_sockets.hpp"
#include "shard_thread.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/coro/log_failure.hpp"
#include "watchdog.hpp"

namespace taut {

Server::Server(Checked, ServerOptions options, MakeFactory makeFactory)
    : options_(std::move(options)), makeFactory_(std::move(makeFactory)) {
  if (options_.threads == 0) options_.threads = defaultThreads();
}

unsigned Server::defaultThreads() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return std::max(1u, std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&cores)));
}

Server::~Server() {
  end();
}

// Shards that were left stay for ever, known to a tool that looks for lost memory.
void Server::end() {
  static auto& left = *new std::vector<std::unique_ptr<ShardThread>>;
  static std::mutex mutex;
  stop();
  wait();
  listeners_.reset();
  const std::scoped_lock lock(mutex);
  for (auto& shard : shards_)
    if (shard->isLeft()) left.push_back(std::move(shard));
  shards_.clear();
}

bool Server::endedInOrder() const {
  return std::ranges::none_of(shards_, [](const auto& shard) { return shard->isLeft(); });
}

void Server::start() {
  if (options_.listen.empty()) throw std::invalid_argument("there is no address to listen on");
  if (options_.maxConnections == 0) throw std::invalid_argument("connections: expected at least 1");
  if (!shards_.empty()) throw std::logic_error("a server starts once");
  try {
    for (unsigned i = 0; i < options_.threads; ++i)
      shards_.push_back(std::make_unique<ShardThread>(options_, makeFactory_));
    listeners_ = std::make_unique<Listeners>(shards_, options_.drain, options_.freebind, options_.given.get());
    listeners_->open(options_.listen);
    serviceAddresses_ = openServices(options_, shards_);
    if (options_.opened) options_.opened();
    for (const auto& shard : shards_) shard->start();
    for (const auto& shard : shards_) shard->waitUntilStarted();
    watchdog_ = std::make_unique<Watchdog>(shards_);
    started_ = true;
  } catch (...) {
    end();
    throw;
  }
}

std::vector<Address> Server::addresses() const {
  return listeners_ ? listeners_->addresses() : std::vector<Address>();
}

void Server::replaceListeners(const std::vector<Address>& listen) {
  if (listen.empty()) throw std::invalid_argument("there is no address to listen on");
  if (!started_) throw std::logic_error("the listeners of a server are replaced while it runs");
  listeners_->replace(listen);
}

namespace {

// Each shard writes to a place of its own, and the last one hands over all: none waits for another.
template <typename T>
struct Collection {
  Collection(std::size_t shards, std::function<void(std::vector<T>)> whenAll)
      : parts(shards), done(std::move(whenAll)), left(shards) {}

  void added() {
    if (--left == 0) done(std::move(parts));
  }

  std::vector<T> parts;
  std::function<void(std::vector<T>)> done;
  std::atomic<std::size_t> left;
};

}  // namespace

void Server::collectSockets(std::function<void(std::vector<ServedSocket>)> done) {
  using Sockets = std::vector<ServedSocket>;
  auto join = [done = std::move(done)](std::vector<Sockets> parts) {
    Sockets all;
    for (Sockets& part : parts) std::ranges::move(part, std::back_inserter(all));
    done(std::move(all));
  };
  const auto collection = std::make_shared<Collection<Sockets>>(shards_.size(), std::move(join));
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ShardThread& shard = *shards_[i];
    shard.shard().post([&shard, collection, i] {
      collection->parts[i] = shard.copySockets();
      collection->added();
    });
  }
}

void Server::drainGiven() {
  if (!options_.given) return;
  std::vector<ListeningSockets> sockets(shards_.size());
  std::size_t next = 0;
  for (GivenSockets::Socket& given : options_.given->takeRest()) {
    const std::size_t place = next++ % shards_.size();
    Listeners::openToDrain(shards_[place]->shard(), std::move(given), sockets[place]);
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) shards_[i]->drainSockets(std::move(sockets[i]));
}

void Server::setMaxConnections(std::size_t count) {
  if (count == 0) throw std::invalid_argument("connections: expected at least 1");
  for (const auto& shard : shards_) shard->setMaxConnections(count);
}

void Server::post(std::function<void(std::size_t shard, ServerFactory& factory)> function) {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ShardThread& shard = *shards_[i];
    shard.shard().post([&shard, i, function] { function(i, shard.factory()); });
  }
}

ServerStatistics Server::collect() const {
  ServerStatistics statistics;
  if (!started_) return statistics;
  for (const auto& shard : shards_) shard->addTo(statistics);
  statistics.logLinesLost = log::lostLines();
  return statistics;
}

void Server::collectTop(std::function<void(std::vector<TopLists>)> done) {
  const auto collection = std::make_shared<Collection<TopLists>>(shards_.size(), std::move(done));
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ShardThread& shard = *shards_[i];
    shard.shard().post([&shard, collection, i] {
      try {
        TopQueries* const top = shard.factory().topQueries();
        if (top) collection->parts[i] = top->top(shard.shard().now());
      } catch (const std::bad_alloc&) {
        // What this shard is asked for is left out.
      }
      collection->added();
    });
  }
}

void Server::stop() {
  for (const auto& shard : shards_) shard->stop();
}

void Server::wait() {
  for (const auto& shard : shards_) shard->wait();
  watchdog_.reset();
}

bool Server::isResponsive(std::chrono::milliseconds limit) const {
  return std::ranges::all_of(shards_, [limit](const auto& shard) {
    const auto since = shard->shard().busySince();
    return !since || shard->shard().clock().now() - *since < limit;
  });
}

namespace {

using TimeOut = std::optional<std::chrono::steady_clock::time_point>;

// The next of the signals; nothing where none has come in time.
std::optional<int> nextSignal(const sigset_t& signals, TimeOut timeOut) {
  using std::chrono::nanoseconds;
  for (;;) {
    nanoseconds left = std::chrono::hours(1);
    if (timeOut) left = *timeOut - std::chrono::steady_clock::now();
    if (left < nanoseconds(0)) return std::nullopt;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec limit{whole.count(), (left - whole).count()};
    const int signal = ::sigtimedwait(&signals, nullptr, &limit);
    if (signal > 0) return signal;
  }
}

// Reloads until a signal asks for the end, and returns that, or nothing where none has come in time.
std::optional<int> nextEnd(const sigset_t& signals, TimeOut timeOut, const std::function<void()>& reload) {
  for (;;) {
    const std::optional<int> signal = nextSignal(signals, timeOut);
    if (!signal || *signal != SIGHUP) return signal;
    try {
      reload();
    } catch (...) {
      detail::logFailure("not all was loaded anew", std::current_exception());
    }
  }
}

const char* nameOf(int signal) {
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

}  // namespace

int Server::runFailed(const char* why) {
  startFailure_ = why;
  log::error("{}", startFailure_);
  stop();
  wait();
  log::flush();
  return 1;
}

int Server::run(const std::function<void()>& reload, const std::function<void()>& started,
                const std::function<std::chrono::milliseconds()>& ending) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (reload) sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::vector<Address> present;
  try {
    start();
    present = listeners_->present();
    if (started) started();
  } catch (...) {
    return runFailed(reasonOf(std::current_exception()));
  }
  for (const Address& address : present) log::info("listening on {}", address);
  for (std::size_t i = 0; i < options_.services.size(); ++i) {
    if (options_.services[i].path.empty())
      log::info("listening on {}", serviceAddresses_[i]);
    else
      log::info("listening on {}", options_.services[i].path);
  }
  int signal = *nextEnd(signals, std::nullopt, reload);
  const std::chrono::milliseconds goesOn = ending ? ending() : std::chrono::milliseconds(0);
  if (goesOn > std::chrono::milliseconds(0)) {
    log::info("{}: the server goes on for {:.0f} s, and ends at once when a second signal comes", nameOf(signal),
              std::ceil(std::chrono::duration<double>(goesOn).count()));
    signal = nextEnd(signals, std::chrono::steady_clock::now() + goesOn, reload).value_or(signal);
  }
  log::info("{}: no new query is taken, and those under way are answered", nameOf(signal));
  stop();
  wait();
  return 0;
}

}  // namespace taut

#include "taut/server/server.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <ranges>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "shard_thread.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "watchdog.hpp"

namespace taut {

namespace {

// Where a port is to be picked, the two get ports of their own.
bool isBroughtBy(const Address& wildcard, const Address& address) {
  return wildcard.isWildcard() && !address.isWildcard() && wildcard.family() == address.family() &&
         wildcard.port() == address.port() && address.port() != 0;
}

// An address that is given twice is one listener, and a wildcard brings the addresses of its family with it.
std::vector<Address> distinct(const std::vector<Address>& addresses) {
  std::vector<Address> found;
  for (const Address& address : addresses) {
    const auto brings = [&](const Address& other) { return isBroughtBy(other, address); };
    const bool isKnown = std::ranges::find(found, address) != found.end() || std::ranges::any_of(addresses, brings);
    if (!isKnown) found.push_back(address);
  }
  return found;
}

bool isUnknownFamily(const std::system_error& error) {
  return error.code().value() == EAFNOSUPPORT;
}

// Whether the address, and not its port or a permission, is the reason.
bool isAbsent(const std::system_error& error) {
  return isUnknownFamily(error) || error.code().value() == EADDRNOTAVAIL;
}

}  // namespace

Server::Server(ServerOptions options, MakeFactory makeFactory)
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
  const std::scoped_lock lock(mutex);
  for (auto& shard : shards_)
    if (shard->isLeft()) left.push_back(std::move(shard));
  shards_.clear();
}

bool Server::endedInOrder() const {
  return std::ranges::none_of(shards_, [](const auto& shard) { return shard->isLeft(); });
}

// The first shard finds out which addresses are there and which ports are free; the others share what it has.
void Server::openListeners() {
  ShardThread& first = *shards_.front();
  std::exception_ptr reason;
  std::vector<Address> absent;
  for (const Address& address : distinct(options_.listen)) {
    try {
      addresses_.push_back(first.listen(address, {.mustBeFree = true}));
    } catch (const std::system_error& error) {
      if (!isAbsent(error)) throw;
      if (!reason) reason = std::current_exception();
      absent.push_back(address);
    }
  }
  if (addresses_.empty()) std::rethrow_exception(reason);
  present_ = addresses_.size();
  for (const Address& address : absent) awaitAddress(first, address);
  for (const auto& shard : shards_ | std::views::drop(1))
    for (const Address& address : addresses_) shard->listen(address, {.mayBeAbsent = true});
}

// An address without an interface is bound all the same, and the kernel takes care of the rest. A system without IPv6
// stays without it until it boots again.
void Server::awaitAddress(ShardThread& first, const Address& address) {
  try {
    addresses_.push_back(first.listen(address, {.mustBeFree = true, .mayBeAbsent = true}));
    log::warning("no interface has the address {}: it is served from when one has it", address.hostText());
  } catch (const std::system_error& error) {
    if (!isUnknownFamily(error)) throw;
    log::warning("this system has no {}: {} is not served", address.isV6() ? "IPv6" : "IPv4", address);
  }
}

void Server::start() {
  if (options_.listen.empty()) throw std::invalid_argument("there is no address to listen on");
  if (options_.maxConnections == 0) throw std::invalid_argument("connections: expected at least 1");
  if (!shards_.empty()) throw std::logic_error("a server starts once");
  try {
    for (unsigned i = 0; i < options_.threads; ++i)
      shards_.push_back(std::make_unique<ShardThread>(options_, makeFactory_));
    openListeners();
    for (const auto& shard : shards_) shard->start();
    for (const auto& shard : shards_) shard->waitUntilStarted();
    watchdog_ = std::make_unique<Watchdog>(shards_);
    started_ = true;
  } catch (...) {
    end();
    addresses_.clear();
    throw;
  }
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

// Each shard writes to a place of its own, and the last one hands over all: none waits for another.
void Server::collectTop(std::function<void(std::vector<TopLists>)> done) {
  struct Collection {
    std::vector<TopLists> lists;
    std::function<void(std::vector<TopLists>)> done;
    std::atomic<std::size_t> left;
  };
  const auto collection = std::make_shared<Collection>();
  collection->lists.resize(shards_.size());
  collection->done = std::move(done);
  collection->left = shards_.size();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ShardThread& shard = *shards_[i];
    shard.shard().post([&shard, collection, i] {
      try {
        TopQueries* const top = shard.factory().topQueries();
        if (top) collection->lists[i] = top->top(shard.shard().now());
      } catch (const std::bad_alloc&) {
        // What this shard is asked for is left out.
      }
      if (--collection->left == 0) collection->done(std::move(collection->lists));
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

int Server::run(const std::function<void()>& reload, const std::function<void()>& started,
                const std::function<void()>& ending) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (reload) sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    start();
  } catch (const std::exception& error) {
    log::error("{}", reasonOf(error));
    log::flush();
    return 1;
  }
  if (started) started();
  for (const Address& address : addresses_ | std::views::take(present_)) log::info("listening on {}", address);
  int signal = 0;
  while (signal != SIGINT && signal != SIGTERM) {
    if (sigwait(&signals, &signal) != 0 || signal != SIGHUP) continue;
    try {
      reload();
    } catch (const std::exception& error) {
      log::error("not all was loaded anew: {}", reasonOf(error));
    }
  }
  log::info("{}: no new query is taken, and those under way are answered", signal == SIGINT ? "SIGINT" : "SIGTERM");
  if (ending) ending();
  stop();
  wait();
  return 0;
}

}  // namespace taut

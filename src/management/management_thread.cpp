#include "management_thread.hpp"

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <system_error>
#include <utility>

#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

ShardOptions shardOptions() {
  ShardOptions options;
  options.ring.submissionEntries = 64;
  options.ring.completionEntries = 256;
  return options;
}

}  // namespace

ManagementThread::ManagementThread(ManagementOptions options, ManagedServer& server)
    : options_(std::move(options)),
      shard_(shardOptions()),
      content_(shard_, server),
      http_(shard_, options_.readers, content_),
      verbs_(shard_, server, content_),
      control_(shard_, verbs_) {
  TcpOptions tcp;
  tcp.reusePort = false;
  for (const Address& address : options_.http) {
    httpListeners_.push_back(TcpListener::bind(shard_, address, tcp));
    httpAddresses_.push_back(httpListeners_.back().localAddress());
  }
  if (!options_.control.empty()) controlListener_.emplace(UnixListener::bind(shard_, options_.control));
  startThread();
}

// A thread starts with the signals blocked that its maker has blocked.
void ManagementThread::startThread() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ManagementThread::~ManagementThread() {
  stop();
}

void ManagementThread::stop() {
  if (!thread_.joinable()) return;
  shard_.post([this] { stop_.requestStop(); });
  thread_.join();
  controlListener_.reset();
}

void ManagementThread::run() noexcept {
  try {
    shard_.run(serve());
  } catch (const std::exception& error) {
    log::error("the management thread has ended: {}", reasonOf(error));
  }
}

Task<> ManagementThread::serve() {
  TaskScope services;
  services.spawn(tick());
  for (TcpListener& listener : httpListeners_) services.spawn(http_.serve(std::move(listener), stop_.token()));
  if (controlListener_) services.spawn(control_.serve(*controlListener_, stop_.token()));
  co_await services.join();
}

// An event a second, from now on, however long the making of one takes.
Task<> ManagementThread::tick() {
  constexpr std::chrono::seconds interval{1};
  TimePoint next = shard_.now();
  for (bool goesOn = true; goesOn;) {
    try {
      content_.tick();
      http_.sendEvent();
      verbs_.tick();
    } catch (const std::exception& error) {
      log::error("an event could not be made: {}", reasonOf(error));
    }
    next += interval;
    if (next <= shard_.now()) next = shard_.now() + interval;
    goesOn = co_await sleepUntil(shard_, next, stop_.token());
  }
}

}  // namespace taut

#include "management_thread.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <future>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "posted.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/base/signals_blocked.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

ShardOptions shardOptions(EngineKind engine) {
  ShardOptions options;
  options.engine.kind = engine;
  options.engine.submissionEntries = 64;
  options.engine.completionEntries = 256;
  return options;
}

// A file that has gone leaves its socket without clients.
UnixListener listenOnFile(Shard& shard, const std::string& path, GivenSockets* given) {
  std::error_code error;
  UniqueFd fd = given ? given->takeLocal(path) : UniqueFd();
  if (fd && std::filesystem::is_socket(path, error)) return UnixListener::adopt(shard, std::move(fd), path);
  return UnixListener::bind(shard, path);
}

}  // namespace

ManagementThread::ManagementThread(ManagementOptions options, ManagedServer& server)
    : readers_(std::move(options.readers)),
      server_(server),
      shard_(shardOptions(options.engine)),
      given_(options.given),
      content_(shard_, server),
      http_(shard_, readers_, content_),
      verbs_(shard_, server, content_),
      control_(shard_, verbs_) {
  firstHttp_ = openHttp(options.http);
  if (!options.control.empty()) controlListener_.emplace(listenOnFile(shard_, options.control, given_));
  given_ = nullptr;
}

void ManagementThread::start() {
  replaceHttp(std::exchange(firstHttp_, {}), readers_);
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

void ManagementThread::call(std::function<void()> function) {
  if (!isStarted()) return;
  const auto task = std::make_shared<std::packaged_task<void()>>(std::move(function));
  std::future<void> called = task->get_future();
  shard_.post([task] { (*task)(); });
  constexpr std::chrono::seconds patience{10};
  if (called.wait_for(patience) != std::future_status::ready)
    throw std::runtime_error("the thread of the management does not go on");
  called.get();
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

void ManagementThread::collectSockets(std::function<void(std::vector<NamedSocket>)> done) {
  shard_.post([this, done = std::move(done)] {
    std::vector<NamedSocket> sockets;
    for (const Serving& serving : servedHttp_) {
      std::string name = std::string(socketnames::http) + serving.address.toText();
      sockets.push_back(copyOf(serving.socket, socketnames::withoutColons(std::move(name))));
    }
    if (controlListener_) sockets.push_back(copyOf(controlListener_->fd(), std::string(socketnames::control)));
    done(std::move(sockets));
  });
}

void ManagementThread::takeFile() {
  if (controlListener_) controlListener_->takeFile();
}

void ManagementThread::stopAccepting() {
  shard_.post([this] {
    if (controlListener_) controlListener_->leaveFile();
    accept_.requestStop();
    for (Serving& serving : servedHttp_) serving.accept.requestStop();
  });
}

void ManagementThread::run() noexcept {
  try {
    shard_.run(serve());
  } catch (const std::exception& error) {
    log::error("the management thread has ended: {}", reasonOf(error));
  }
}

Task<> ManagementThread::serve() {
  services_.spawn(tick());
  services_.spawn(collectTop());
  if (controlListener_) services_.spawn(control_.serve(*controlListener_, accept_.token(), stop_.token()));
  co_await services_.join();
}

Task<> ManagementThread::serveHttp(std::unique_ptr<Serving> serving, TcpListener listener) {
  serving->socket = listener.fd();
  servedHttp_.pushBack(*serving);
  co_await http_.serve(std::move(listener), serving->accept.token(), serving->stop.token());
}

void ManagementThread::startHttp(HttpListeners& listeners) {
  for (HttpListeners::Entry& entry : listeners.entries) {
    if (!entry.socket) continue;
    auto serving = std::make_unique<Serving>(entry.bound, stop_.token());
    services_.spawn(serveHttp(std::move(serving), std::move(*entry.socket)));
    entry.socket.reset();
  }
}

// An address whose listeners are ours may be shared with these.
HttpListeners ManagementThread::openHttp(const std::vector<Address>& addresses) {
  HttpListeners opened;
  const auto& entries = httpListeners_.entries;
  for (const Address& address : addresses) {
    const auto same = std::ranges::find(entries, address, &HttpListeners::Entry::asked);
    if (same != entries.end()) {
      opened.entries.push_back({address, same->bound, std::nullopt});
      continue;
    }
    TcpOptions tcp;
    tcp.mustBeFree =
        std::ranges::none_of(entries, [&](const HttpListeners::Entry& entry) { return entry.bound.overlaps(address); });
    UniqueFd given = given_ ? given_->takeStreams(address) : UniqueFd();
    TcpListener listener =
        given ? TcpListener::adopt(shard_, std::move(given), tcp) : TcpListener::bind(shard_, address, tcp);
    const Address bound = listener.localAddress();
    opened.entries.push_back({address, bound, std::move(listener)});
  }
  return opened;
}

void ManagementThread::replaceHttp(HttpListeners listeners, AddressPolicy readers) {
  const auto isNew = [](const HttpListeners::Entry& entry) { return entry.socket.has_value(); };
  for (const HttpListeners::Entry& entry : listeners.entries | std::views::filter(isNew))
    log::info("HTTP is served on {}", entry.bound);
  for (const HttpListeners::Entry& entry : httpListeners_.entries)
    if (std::ranges::find(listeners.entries, entry.bound, &HttpListeners::Entry::bound) == listeners.entries.end())
      log::info("HTTP is not served on {} any more", entry.bound);
  httpListeners_.entries.clear();
  for (const HttpListeners::Entry& entry : listeners.entries)
    httpListeners_.entries.push_back({entry.asked, entry.bound, std::nullopt});
  auto next = std::make_shared<HttpListeners>(std::move(listeners));
  shard_.post([this, next = std::move(next), readers = std::move(readers)] {
    readers_ = readers;
    take(*next);
  });
}

// On the thread.
void ManagementThread::take(HttpListeners& listeners) {
  if (stop_.stopRequested()) return;
  startHttp(listeners);
  const auto goes = [&](const Serving& serving) {
    return std::ranges::find(listeners.entries, serving.address, &HttpListeners::Entry::bound) ==
           listeners.entries.end();
  };
  for (auto next = servedHttp_.begin(); next != servedHttp_.end();) {
    Serving& serving = *next++;
    if (!goes(serving)) continue;
    servedHttp_.erase(serving);
    serving.stop.requestStop();
  }
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

// What the threads are asked for, a second after the last time. While one of them is busy with a long task the lists
// stay as they are, and all are asked again after ten seconds.
Task<> ManagementThread::collectTop() {
  constexpr std::chrono::seconds interval{1};
  constexpr std::chrono::seconds patience{10};
  using Lists = Posted<std::vector<TopLists>>;
  for (bool goesOn = true; goesOn;) {
    try {
      const std::shared_ptr<Lists> lists = Lists::make(shard_);
      server_.collectTop([lists](std::vector<TopLists> collected) { lists->set(std::move(collected)); });
      Deadline deadline(shard_, patience, stop_.token());
      const bool came = co_await lists->wait(deadline.token());
      if (came) content_.setTop(TopLists::merged(std::move(lists->value())));
    } catch (const std::exception& error) {
      log::error("what is asked cannot be told: {}", reasonOf(error));
    }
    goesOn = co_await sleepFor(shard_, interval, stop_.token());
  }
}

}  // namespace taut

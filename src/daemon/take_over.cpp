// How a server follows another one, is followed itself, and what a service manager hears of it.
#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "daemon.hpp"
#include "taut/base/counted.hpp"
#include "taut/base/log.hpp"

namespace taut {

namespace {

// What `collect` gives to the function that it is called with, once, on another thread; nothing where that thread ends
// first.
template <typename T, typename Collect>
std::vector<T> await(const Collect& collect) {
  constexpr std::chrono::seconds patience{10};
  const auto promise = std::make_shared<std::promise<std::vector<T>>>();
  auto future = promise->get_future();
  collect([promise](std::vector<T> collected) { promise->set_value(std::move(collected)); });
  if (future.wait_for(patience) != std::future_status::ready) return {};
  return future.get();
}

}  // namespace

// The server before serves meanwhile, so its successor has all zones before it takes a query, and the versions that
// have come while they were read.
void Daemon::catchUp() {
  if (!configuration_.zoneLists.empty()) zones_.reload([](const auto&) {}, std::stop_token());
  if (archive_) readKeptSince([](const auto&) {});
}

// From here on this server is seen, and steered, in place of the one before.
void Daemon::followPredecessor() {
  log::info("this process has taken over");
  if (!isManaged_) return;
  management_->takeFile();
  management_->start();
}

void Daemon::becomeReady() {
  state_.serves();
  manager_.ready(statusText(), predecessor_ != nullptr);
  if (const auto timeOut = manager_.watchdog())
    heartbeat_.emplace(manager_, *timeOut,
                       [this](std::chrono::milliseconds limit) { return server_.isResponsive(limit); });
}

std::string Daemon::statusText() const {
  return fmt::format("{}, {} failed", counted(zonesAsTheyAre().zones, "zone"), zones_.errors()->size());
}

// The manager hears of the reload's end when what reports it has been called, or dropped.
ManagedServer::Reloaded Daemon::announced(Reloaded done) {
  std::shared_ptr<void> reload = manager_.reloading([this] { return statusText(); });
  if (!reload) return done;
  return [reload = std::move(reload), done = std::move(done)](const ReloadReport& report) {
    if (done) done(report);
  };
}

// Sockets are called by what they are for and their address, so that those of all threads have one name.
NamedSocket Daemon::named(ServedSocket socket) const {
  const bool isActivated = !activated_.empty();
  std::string name(isActivated ? socketnames::activated : socketnames::own);
  name += fmt::format("{}/{}", socket.transport == Transport::udp ? "udp" : "tcp", socket.address);
  return {std::move(socket.fd), socketnames::withoutColons(std::move(name))};
}

// Of the DNS server, and of HTTP.
std::vector<NamedSocket> Daemon::collectSockets() {
  std::vector<NamedSocket> all;
  auto served = await<ServedSocket>([this](auto done) { server_.collectSockets(std::move(done)); });
  for (ServedSocket& socket : served) all.push_back(named(std::move(socket)));
  if (!management_->isStarted()) return all;
  auto managed = await<NamedSocket>([this](auto done) { management_->collectSockets(std::move(done)); });
  std::ranges::move(managed, std::back_inserter(all));
  return all;
}

// The file of the control socket may be gone when the next process starts, so that socket is not kept. Of what the
// server before has left, the manager gives up all, first: those that are more than threads would go on to be sent
// queries that none reads. It can give up names, and not single sockets; all that are used are open here as well.
void Daemon::storeSockets() {
  if (!manager_.isThere()) return;
  const std::vector<NamedSocket> sockets = collectSockets();
  std::map<std::string, std::vector<int>> byName;
  for (const NamedSocket& socket : sockets)
    if (socket.fd && socket.name != socketnames::control) byName[socket.name].push_back(socket.fd.get());
  const bool isFirst = !std::exchange(storeIsOurs_, true);
  for (const std::string& name : std::exchange(stored_, {}))
    if (isFirst || !byName.contains(name)) manager_.forget(name);
  for (const auto& [name, descriptors] : byName) {
    manager_.store(descriptors, name);
    stored_.insert(name);
  }
}

// A reload changes the sockets, and holds the lock.
std::string Daemon::beginUpgrade(std::function<void(std::vector<NamedSocket>)> done) {
  const std::unique_lock lock(reloading_, std::try_to_lock);
  if (!lock) return "the server is being reloaded; try again when that has ended";
  if (state_.readiness() == Readiness::starting) return "the server is still starting";
  if (state_.isEnding()) return "the server is ending";
  if (upgrading_.exchange(true)) return "the server is being upgraded already";
  auto give = [this, done = std::move(done)] { giveSockets(done); };
  if (archive_)
    archive_->whenKept(std::move(give));  // the next process reads all that this one has answered
  else
    give();
  return {};
}

void Daemon::giveSockets(const std::function<void(std::vector<NamedSocket>)>& done) {
  server_.collectSockets([this, done](std::vector<ServedSocket> served) {
    std::vector<NamedSocket> all;
    for (ServedSocket& socket : served) all.push_back(named(std::move(socket)));
    const auto shared = std::make_shared<std::vector<NamedSocket>>(std::move(all));
    management_->collectSockets([shared, done](std::vector<NamedSocket> managed) {
      std::ranges::move(managed, std::back_inserter(*shared));
      done(std::move(*shared));
    });
  });
}

void Daemon::handOver(pid_t process) {
  log::info("process {} serves in place of this one", process);
  manager_.leave();
  handedOver_ = true;
  state_.ends();
  management_->stopAccepting();
  stop();
}

}  // namespace taut

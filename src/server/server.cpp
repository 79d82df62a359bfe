#include "taut/server/server.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <future>
#include <mutex>
#include <new>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "memory_shortage.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/interface_addresses.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/server/client_shares.hpp"
#include "taut/server/datagram_service.hpp"
#include "taut/server/stream_connection.hpp"

namespace taut {

namespace {

std::unique_ptr<ServerFactory> notNull(std::unique_ptr<ServerFactory> factory) {
  if (!factory) throw std::invalid_argument("the function that makes factories gave a null pointer");
  return factory;
}

constexpr std::size_t datagramSize = 2048;              // octets: longer queries over UDP exist in tests only
constexpr std::chrono::milliseconds endGrace{2000};     // for closing the resolvers, and handlers that wait for it
constexpr std::chrono::milliseconds threadGrace{1000};  // for the thread to end, when all of that is over
constexpr int socketBuffer = 4 << 20;                   // octets; a burst waits here while a shard is at work
constexpr int streamBuffer = 64 << 10;  // octets, each way: what a peer can leave in the kernel that does not read

// An address that is given twice is one listener.
std::vector<Address> distinct(const std::vector<Address>& addresses) {
  std::vector<Address> found;
  for (const Address& address : addresses)
    if (std::ranges::find(found, address) == found.end()) found.push_back(address);
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

// One shard: its thread, and everything that runs on it.
class Server::ShardThread {
 public:
  ShardThread(const ServerOptions& options, const MakeFactory& makeFactory)
      : options_(options),
        factory_(notNull(makeFactory(shard_))),
        datagramBuffers_(shard_, options.datagramBuffers,
                         std::max<std::size_t>(datagramSize, factory_->udpPayloadSize())),
        streamBuffers_(shard_),
        streams_(streamBuffers_, stop_.token(), abort_.token()) {
    factory_->setClock(shard_.clock());
  }

  Shard& shard() { return shard_; }
  ServerFactory& factory() { return *factory_; }

  // What is asked of the address: see UdpOptions.
  struct Listening {
    bool mustBeFree = false;
    bool mayBeAbsent = false;
  };

  // Opens the address over UDP and TCP and returns it with its port.
  Address listen(const Address& address, const Listening& listening);

  void start() {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), "a thread that serves cannot be started");
    }
  }
  // Waits until it serves; throws the reason where it cannot.
  void waitUntilStarted() { started_.get_future().get(); }
  void stop();
  // Waits until the thread has ended, but after a stop no longer than it may take.
  void wait();
  // What is left on the shard may be used still: a handler has not ended.
  bool isLeft() const { return isLeft_; }

 private:
  struct AbortQueries {
    StopSource& abort;
    void operator()() const { abort.requestStop(); }
  };

  void listenOnEach(const std::vector<Address>& addresses, UdpOptions options);
  void run();
  void serveUntilStopped();
  Task<> serve();
  void startServices(TaskScope& services);
  void limitDrain();
  void serviceFailed() noexcept;
  Task<> leave(Task<> ending);
  Task<> end();
  Task<> serveDatagrams(UdpSocket socket);
  Task<> serveStreams(TcpListener listener);
  Task<> acceptConnections(TcpListener listener, TaskScope& connections);
  Task<> startConnection(TcpStream stream, TaskScope& connections);
  void giveUpPlace();

  const ServerOptions options_;
  Shard shard_;
  std::unique_ptr<ServerFactory> factory_;
  DatagramBuffers datagramBuffers_;
  StreamBuffers streamBuffers_;
  StopSource stop_;   // no new queries
  StopSource abort_;  // queries in flight have had their time
  StreamContext streams_;
  std::vector<UdpSocket> sockets_;
  std::vector<TcpListener> listeners_;
  ClientShares connections_;
  std::optional<Deadline> drain_;
  std::optional<StopCallback<AbortQueries>> drainEnd_;
  bool serving_ = false;
  std::exception_ptr failure_;  // of a service
  std::promise<void> started_;
  TaskScope ending_;
  Event ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::chrono::steady_clock::time_point> stopBy_;  // once a stop was asked for
  bool finished_ = false;                                        // the thread has
  std::atomic<bool> isLeft_ = false;
  std::thread thread_;
};

void Server::ShardThread::stop() {
  {
    const std::scoped_lock lock(mutex_);
    if (stopBy_) return;
    stopBy_ = std::chrono::steady_clock::now() + options_.drain + WaitingQueries::grace + endGrace + threadGrace;
  }
  changed_.notify_all();
  shard_.post([this] {
    limitDrain();
    stop_.requestStop();
  });
}

void Server::ShardThread::wait() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return finished_ || stopBy_; });
  if (finished_ || changed_.wait_until(lock, *stopBy_, [this] { return finished_; })) {
    lock.unlock();
    thread_.join();
    return;
  }
  isLeft_ = true;
  log::error("{}: a handler keeps its thread busy, which does not end", factory_->logPrefix());
  thread_.detach();
}

Address Server::ShardThread::listen(const Address& address, const Listening& listening) {
  constexpr int attempts = 20;  // to find a port that is free for both
  UdpOptions udp;
  udp.mustBeFree = listening.mustBeFree;
  udp.mayBeAbsent = listening.mayBeAbsent;
  udp.receiveBuffer = socketBuffer;
  udp.sendBuffer = socketBuffer;
  TcpOptions tcp;
  tcp.mustBeFree = listening.mustBeFree;
  tcp.mayBeAbsent = listening.mayBeAbsent;
  tcp.receiveBuffer = streamBuffer;
  tcp.sendBuffer = streamBuffer;
  for (int attempt = 1;; ++attempt) {
    UdpSocket socket = UdpSocket::bind(shard_, address, udp);
    const Address bound = address.withPort(socket.localAddress().port());
    try {
      listeners_.push_back(TcpListener::bind(shard_, bound, tcp));
    } catch (const std::system_error& error) {
      if (address.port() != 0 || error.code().value() != EADDRINUSE || attempt == attempts) throw;
      continue;
    }
    sockets_.push_back(std::move(socket));
    if (bound.isWildcard()) listenOnEach(interfaceAddresses(bound), udp);
    return bound;
  }
}

// Each address has a socket of its own, so that replies which wait for a slow link fill the send buffer of that socket
// only. The wildcard's socket hears what comes to all other addresses, also to those that are new.
void Server::ShardThread::listenOnEach(const std::vector<Address>& addresses, UdpOptions options) {
  constexpr std::size_t max = 32;
  options.mustBeFree = false;
  for (std::size_t i = 0; i < std::min(max, addresses.size()); ++i) {
    try {
      sockets_.push_back(UdpSocket::bind(shard_, addresses[i], options));
    } catch (const std::system_error&) {
      // The address has gone, or is not usable yet: the wildcard's socket is there for it.
    }
  }
}

void Server::ShardThread::run() {
  serveUntilStopped();
  const std::scoped_lock lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

void Server::ShardThread::serveUntilStopped() {
  try {
    shard_.run(serve());
  } catch (...) {
    if (serving_) throw;  // a fault of ours: with queries in flight there is no going on
    started_.set_exception(std::current_exception());
  }
}

Task<> Server::ShardThread::serve() {
  Task<> ending = leave(end());  // both have their frames when memory has run out
  factory_->doStart();
  // The rest of the buffers is for the queries that need not wait.
  factory_->waitingQueries().setLimit(std::max<std::size_t>(1, datagramBuffers_.count() * 3 / 4));
  TaskScope services;
  startServices(services);
  serving_ = !failure_;
  if (serving_) started_.set_value();
  co_await services.join();
  drainEnd_.reset();
  drain_.reset();
  co_await std::move(ending);
  if (failure_) std::rethrow_exception(failure_);
}

void Server::ShardThread::startServices(TaskScope& services) {
  try {
    for (UdpSocket& socket : std::exchange(sockets_, {})) services.spawn(serveDatagrams(std::move(socket)));
    for (TcpListener& listener : std::exchange(listeners_, {})) services.spawn(serveStreams(std::move(listener)));
  } catch (...) {
    serviceFailed();
  }
}

// In a handler of an exception: one service that does not start ends the others.
void Server::ShardThread::serviceFailed() noexcept {
  failure_ = std::current_exception();
  stop_.requestStop();
}

// Where there is no memory for the timer there is no patience either.
void Server::ShardThread::limitDrain() {
  try {
    drain_.emplace(shard_, options_.drain);
    drainEnd_.emplace(drain_->token(), AbortQueries{abort_});
  } catch (const std::bad_alloc&) {
    abort_.requestStop();
  }
}

// What does not end is left as it is, suspended, together with the shard and all that it may touch. It could neither be
// destroyed, because an operation of its may be with the kernel, nor go on without this thread.
Task<> Server::ShardThread::leave(Task<> ending) {
  ending_.spawn(std::move(ending));
  std::optional<Deadline> deadline;
  try {
    deadline.emplace(shard_, endGrace);
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  }
  const StopToken limit = deadline ? deadline->token() : StopToken();
  const bool ended = co_await ended_.wait(limit);
  if (ended) {
    co_await ending_.join();
    co_return;
  }
  WaitingQueries& queries = factory_->waitingQueries();
  queries.logGivenUp();
  if (queries.givenUp() == 0) log::error("{}: closing the resolvers does not end", factory_->logPrefix());
  isLeft_ = true;
}

// Handlers that wait for their resolver may end when it is closed.
Task<> Server::ShardThread::end() {
  constexpr int attempts = 100;  // while other shards give memory back
  constexpr std::chrono::milliseconds pause{10};
  for (int attempt = 1;; ++attempt) {
    try {
      co_await factory_->resolver().close();
      break;
    } catch (const std::exception& error) {
      const bool again = dynamic_cast<const std::bad_alloc*>(&error) && attempt < attempts;
      if (!again) log::error("{}: closing the resolvers: {}", factory_->logPrefix(), reasonOf(error));
      if (!again) break;
    }
    co_await sleepFor(shard_, pause);
  }
  co_await factory_->waitingQueries().joinGivenUp();
  try {
    factory_->doStop();
  } catch (const std::exception& error) {
    log::error("{}: stopping: {}", factory_->logPrefix(), reasonOf(error));
  }
  ended_.set();
}

// Owns the socket, which closes when its own replies have left: while other queries are still answered, a new client
// learns at once that this server is gone.
Task<> Server::ShardThread::serveDatagrams(UdpSocket socket) {
  DatagramService service(shard_, *factory_, socket, datagramBuffers_);
  try {
    co_await service.serve(stop_.token(), abort_.token());
  } catch (...) {
    serviceFailed();
  }
}

Task<> Server::ShardThread::serveStreams(TcpListener listener) {
  TaskScope connections;
  try {
    co_await acceptConnections(std::move(listener), connections);
  } catch (...) {
    serviceFailed();
  }
  co_await connections.join();
}

// Owns the listener, so that no client connects any more to a server that only finishes its work.
Task<> Server::ShardThread::acceptConnections(TcpListener listener, TaskScope& connections) {
  constexpr std::chrono::milliseconds pause{10};
  auto makeRoom = [this] { giveUpPlace(); };
  auto streams = listener.acceptMany(stop_.token(), std::move(makeRoom));
  for (bool open = true; open && !stop_.stopRequested();) {
    try {
      auto stream = co_await streams.next();
      open = stream.has_value();
      if (open) connections.spawn(startConnection(std::move(*stream), connections));
      continue;
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    }
    co_await sleepFor(shard_, pause, stop_.token());
  }
}

// A task of its own: a factory that throws declines this connection, and the others go on. One connection too many
// costs the client that holds most of them its oldest, without a query in flight if there is such a one, and so does
// one for which there is no descriptor. The accept queue is never left waiting for a place: a client that fills it
// would keep the others out.
Task<> Server::ShardThread::startConnection(TcpStream stream, TaskScope& connections) {
  try {
    auto connection = factory_->buildProtocol(stream.peer());
    if (!connection) co_return;
    if (connections_.size() == options_.maxConnections) giveUpPlace();
    connections_.add(*connection, stream.peer());
    connections.spawn(StreamConnection::serve(std::move(connection), std::move(stream), streams_));
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  }
}

void Server::ShardThread::giveUpPlace() {
  const auto isResting = [](const ClientShares::Place& held) {
    return !static_cast<const StreamConnection&>(held).hasQueryInFlight();
  };
  auto* const displaced = static_cast<StreamConnection*>(connections_.next(isResting));
  if (!displaced) return;
  displaced->release();
  displaced->close();
}

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
  std::optional<std::system_error> reason;
  std::vector<Address> absent;
  for (const Address& address : distinct(options_.listen)) {
    try {
      addresses_.push_back(first.listen(address, {.mustBeFree = true}));
    } catch (const std::system_error& error) {
      if (!isAbsent(error)) throw;
      if (!reason) reason = error;
      absent.push_back(address);
    }
  }
  if (addresses_.empty()) throw std::system_error(*reason);
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

void Server::stop() {
  for (const auto& shard : shards_) shard->stop();
}

void Server::wait() {
  for (const auto& shard : shards_) shard->wait();
}

int Server::run(const std::function<void()>& reload, const std::function<void()>& started) {
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
  for (const Address& address : addresses_) log::info("listening on {}", address);
  if (started) started();
  for (int signal = 0; signal != SIGINT && signal != SIGTERM;) {
    if (sigwait(&signals, &signal) != 0 || signal != SIGHUP) continue;
    try {
      reload();
    } catch (const std::exception& error) {
      log::error("not all was loaded anew: {}", reasonOf(error));
    }
  }
  stop();
  wait();
  return 0;
}

}  // namespace taut

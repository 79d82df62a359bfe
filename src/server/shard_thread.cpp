#include "shard_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "memory_shortage.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/interface_addresses.hpp"
#include "taut/server/datagram_service.hpp"

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

}  // namespace

ShardThread::ShardThread(const ServerOptions& options, const Server::MakeFactory& makeFactory)
    : options_(options),
      factory_(notNull(makeFactory(shard_))),
      datagramBuffers_(shard_, options.datagramBuffers,
                       std::max<std::size_t>(datagramSize, factory_->udpPayloadSize())),
      streamBuffers_(shard_),
      streams_(streamBuffers_, stop_.token(), abort_.token()) {
  factory_->setClock(shard_.clock());
}

void ShardThread::start() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "a thread that serves cannot be started");
  }
}

void ShardThread::stop() {
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

void ShardThread::wait() {
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

void ShardThread::addTo(ServerStatistics& statistics) const {
  const DatagramCounters& datagrams = datagramBuffers_.counters();
  statistics.add(factory_->counters());
  factory_->resolver().addTo(statistics.resolvers);
  statistics.dropped[static_cast<std::size_t>(DropReason::fullSocket)] += datagrams.dropped;
  statistics.dropped[static_cast<std::size_t>(DropReason::sendFailure)] += datagrams.sendFailures;
  if (const Dnstap* const dnstap = factory_->dnstap()) {
    statistics.dnstapWritten += dnstap->counters().written;
    statistics.dnstapDropped += dnstap->counters().dropped;
  }
  statistics.completions += shard_.completions().value();
  statistics.udpReceiveErrors += datagramBuffers_.receiveDrops();
  ++statistics.shards;
}

Address ShardThread::listen(const Address& address, const Listening& listening) {
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
void ShardThread::listenOnEach(const std::vector<Address>& addresses, UdpOptions options) {
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

void ShardThread::run() {
  serveUntilStopped();
  const std::scoped_lock lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

void ShardThread::serveUntilStopped() {
  try {
    shard_.run(serve());
  } catch (...) {
    if (serving_) throw;  // a fault of ours: with queries in flight there is no going on
    started_.set_exception(std::current_exception());
  }
}

Task<> ShardThread::serve() {
  Task<> ending = leave(end());  // both have their frames when memory has run out
  factory_->doStart();
  if (Dnstap* const dnstap = factory_->dnstap()) dnstap->start();
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

void ShardThread::startServices(TaskScope& services) {
  try {
    for (UdpSocket& socket : std::exchange(sockets_, {})) services.spawn(serveDatagrams(std::move(socket)));
    for (TcpListener& listener : std::exchange(listeners_, {})) services.spawn(serveStreams(std::move(listener)));
  } catch (...) {
    serviceFailed();
  }
}

// In a handler of an exception: one service that does not start ends the others.
void ShardThread::serviceFailed() noexcept {
  failure_ = std::current_exception();
  stop_.requestStop();
}

// Where there is no memory for the timer there is no patience either.
void ShardThread::limitDrain() {
  try {
    drain_.emplace(shard_, options_.drain);
    drainEnd_.emplace(drain_->token(), AbortQueries{abort_});
  } catch (const std::bad_alloc&) {
    abort_.requestStop();
  }
}

// What does not end is left as it is, suspended, together with the shard and all that it may touch. It could neither be
// destroyed, because an operation of its may be with the kernel, nor go on without this thread.
Task<> ShardThread::leave(Task<> ending) {
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
Task<> ShardThread::end() {
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
  if (Dnstap* const dnstap = factory_->dnstap()) {
    dnstap->stop();
    co_await dnstap->join();
  }
  try {
    factory_->doStop();
  } catch (const std::exception& error) {
    log::error("{}: stopping: {}", factory_->logPrefix(), reasonOf(error));
  }
  ended_.set();
}

// Owns the socket, which closes when its own replies have left: while other queries are still answered, a new client
// learns at once that this server is gone.
Task<> ShardThread::serveDatagrams(UdpSocket socket) {
  DatagramService service(shard_, *factory_, socket, datagramBuffers_);
  try {
    co_await service.serve(stop_.token(), abort_.token());
  } catch (...) {
    serviceFailed();
  }
}

Task<> ShardThread::serveStreams(TcpListener listener) {
  TaskScope connections;
  try {
    co_await acceptConnections(std::move(listener), connections);
  } catch (...) {
    serviceFailed();
  }
  co_await connections.join();
}

// Owns the listener, so that no client connects any more to a server that only finishes its work.
Task<> ShardThread::acceptConnections(TcpListener listener, TaskScope& connections) {
  constexpr std::chrono::milliseconds pause{10};
  auto makeRoom = [this] {
    ++factory_->counters().acceptFailures;
    giveUpPlace();
  };
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
Task<> ShardThread::startConnection(TcpStream stream, TaskScope& connections) {
  try {
    auto connection = factory_->buildProtocol(stream.peer());
    if (!connection) {
      ++factory_->counters().connectionsDeclined;
      co_return;
    }
    if (connections_.size() == options_.maxConnections) giveUpPlace();
    connections_.add(*connection, stream.peer());
    connections.spawn(StreamConnection::serve(std::move(connection), std::move(stream), streams_));
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  }
}

void ShardThread::giveUpPlace() {
  const auto isResting = [](const ClientShares::Place& held) {
    return !static_cast<const StreamConnection&>(held).hasQueryInFlight();
  };
  auto* const displaced = static_cast<StreamConnection*>(connections_.next(isResting));
  if (!displaced) return;
  ++factory_->counters().connectionsDisplaced;
  displaced->release();
  displaced->close();
}

}  // namespace taut

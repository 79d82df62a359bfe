#include "shard_thread.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "memory_shortage.hpp"
#include "proxied_start.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/sleep.hpp"
#include "taut/net/interface_addresses.hpp"
#include "taut/net/proxy_header.hpp"
#include "taut/server/datagram_service.hpp"
#include "taut/server/stream_session.hpp"

namespace taut {

namespace {

std::unique_ptr<ServerFactory> notNull(std::unique_ptr<ServerFactory> factory) {
  if (!factory) throw std::invalid_argument("the function that makes factories gave a null pointer");
  return factory;
}

ShardOptions withEngine(EngineKind engine) {
  ShardOptions options;
  options.engine.kind = engine;
  return options;
}

constexpr std::size_t datagramSize = 2048;              // octets: longer queries over UDP exist in tests only
constexpr std::chrono::milliseconds startGrace{1000};   // for what has not started by then, and was told to stop
constexpr std::chrono::milliseconds endGrace{2000};     // for closing the resolvers, and handlers that wait for it
constexpr std::chrono::milliseconds threadGrace{1000};  // for the thread to end, when all of that is over

// The address that was asked to be listened on where the socket is one that a wildcard has brought.
const Address& configuredOf(const ListeningSockets& sockets, const Address& address, Transport transport) {
  if (transport == Transport::udp)
    for (const auto& [brought, wildcard] : sockets.wildcards)
      if (brought == address) return wildcard;
  return address;
}

// A datagram, or a connection that waits to be accepted.
bool isReadable(int fd) noexcept {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

}  // namespace

ShardThread::ShardThread(const ServerOptions& options, const Server::MakeFactory& makeFactory)
    : starting_(options.starting),
      patience_(options.drain),
      shard_(withEngine(options.engine)),
      factory_(notNull(makeFactory(shard_))),
      datagramBuffers_(shard_, options.datagramBuffers,
                       ProxyHeader::maxSize + std::max<std::size_t>(datagramSize, factory_->udpPayloadSize())),
      streamBuffers_(shard_),
      maxConnections_(options.maxConnections) {
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
    stopBy_ = std::chrono::steady_clock::now() + patience_ + WaitingQueries::grace + endGrace + threadGrace;
  }
  changed_.notify_all();
  shard_.post([this] { drain_.begin(shard_, patience_); });
}

void ShardThread::wait() {
  if (!thread_.joinable()) {
    if (!isLeft_ && !std::exchange(finished_, true)) closeUnstarted();
    return;
  }
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
  factory_->addTo(statistics.resolvers);
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

void ShardThread::replaceListeners(ListeningSockets opened, ClosingSockets closing) {
  auto sockets = std::make_shared<ListeningSockets>(std::move(opened));
  shard_.post([this, sockets = std::move(sockets), closing = std::move(closing)] {
    if (drain_.hasBegun()) return;
    try {
      startServices(std::move(*sockets));
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    }
    for (const auto& address : closing.datagrams) close(address, Transport::udp);
    for (const auto& address : closing.streams) close(address, Transport::tcp);
  });
}

void ShardThread::drainSockets(ListeningSockets sockets) {
  auto shared = std::make_shared<ListeningSockets>(std::move(sockets));
  shard_.post([this, shared = std::move(shared)] {
    if (drain_.hasBegun()) return;
    try {
      startServices(std::move(*shared), true);
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    }
  });
}

std::vector<ServedSocket> ShardThread::copySockets() {
  std::vector<ServedSocket> sockets;
  for (const Listener& listener : listeners_)
    if (!listener.untilEmpty)
      sockets.push_back({UniqueFd(::fcntl(listener.socket, F_DUPFD_CLOEXEC, 0)), listener.transport, listener.address});
  return sockets;
}

void ShardThread::setMaxConnections(std::size_t count) {
  shard_.post([this, count] {
    maxConnections_ = count;
    while (connections_.size() > maxConnections_) giveUpPlace();
  });
}

// Of one address there may be several. Each may have ended on return.
void ShardThread::close(const std::shared_ptr<const Address>& address, Transport transport) {
  const auto isMeant = [&](const Listener& listener) {
    return listener.address == *address && listener.transport == transport;
  };
  for (;;) {
    const auto found = std::ranges::find_if(listeners_, isMeant);
    if (found == listeners_.end()) return;
    Listener& listener = *found;
    listeners_.erase(listener);
    listener.closing = address;
    listener.drain.begin(shard_, patience_);
  }
}

void ShardThread::run() {
  serveUntilStopped();
  shard_.close();
  const std::scoped_lock lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

// The server has not started, so resolvers may have begun something without a thread of their own.
void ShardThread::closeUnstarted() noexcept {
  try {
    shard_.run(leave(end()));
  } catch (...) {
    logFailure("closing what has not started");
  }
  drain_.ended();
}

// In a handler of an exception.
void ShardThread::logFailure(std::string_view what) noexcept {
  log::error("{}: {}: {}", factory_->logPrefix(), what, reasonOf(std::current_exception()));
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
  co_await startWithin();
  if (!failure_) beginServing();
  serving_ = !failure_;
  if (serving_) started_.set_value();
  co_await services_.join();
  drain_.ended();
  co_await std::move(ending);
  if (failure_) std::rethrow_exception(failure_);
}

void ShardThread::beginServing() noexcept {
  try {
    // The rest of the buffers is for the queries that need not wait.
    factory_->waitingQueries().setLimit(std::max<std::size_t>(1, datagramBuffers_.count() * 3 / 4));
    services_.spawn(untilStopped());
    startServices(std::exchange(sockets_, {}));
    startOwnServices();
  } catch (...) {
    serviceFailed();
  }
}

// What does not even end when it is told to stop is left as it is, as at the end of the server.
Task<> ShardThread::startWithin() {
  const auto failure = [this](const char* what) {
    const std::chrono::duration<double> limit = starting_;
    return std::runtime_error(fmt::format("the resolvers have not started within {} s{}", limit.count(), what));
  };
  startLimit_.emplace(shard_, starting_, drain_.stop());
  Deadline patience(shard_, starting_ + startGrace);
  start_.spawn(startFactory(), startLimit_->token());
  const bool ended = co_await hasStarted_.wait(patience.token());
  if (!ended) {
    isLeft_ = true;
    throw failure(", and one of them ignores its stop token");
  }
  co_await start_.join();
  if (!failure_ && startLimit_->expired()) failure_ = std::make_exception_ptr(failure(""));
  startLimit_.reset();
}

Task<> ShardThread::startFactory() {
  try {
    factory_->doStart();
    isFactoryStarted_ = true;
    if (Dnstap* const dnstap = factory_->dnstap()) dnstap->start();
    co_await factory_->startResolvers();
  } catch (...) {
    serviceFailed();
  }
  hasStarted_.set();
}

// The listeners change, and the server goes on.
Task<> ShardThread::untilStopped() {
  Event never;
  co_await never.wait(drain_.stop());
}

void ShardThread::startServices(ListeningSockets sockets, bool untilEmpty) {
  const auto makeListener = [&](const Address& address, Transport transport) {
    const Address& configured = configuredOf(sockets, address, transport);
    return untilEmpty ? std::make_unique<Listener>(address, configured, transport)
                      : std::make_unique<Listener>(address, configured, transport, drain_);
  };
  for (auto& [address, socket] : sockets.datagrams)
    services_.spawn(serveDatagrams(makeListener(address, Transport::udp), std::move(socket)));
  for (auto& [address, socket] : sockets.streams)
    services_.spawn(serveStreams(makeListener(address, Transport::tcp), std::move(socket)));
}

void ShardThread::startOwnServices() {
  for (ServiceSocket& opened : std::exchange(serviceSockets_, {})) {
    auto listener = std::make_unique<Listener>(opened.service, opened.socket.localAddress(), drain_);
    listener->file = std::move(opened.file);
    services_.spawn(serveStreams(std::move(listener), std::move(opened.socket)));
  }
}

// In a handler of an exception: one service that does not start ends the others, unless these serve already.
void ShardThread::serviceFailed() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    if (serving_) return reportMemoryShortage();
    failure_ = std::current_exception();
  } catch (...) {
    failure_ = std::current_exception();
  }
  drain_.begin(shard_, Duration::zero());
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
      co_await factory_->closeResolvers();
      break;
    } catch (const std::bad_alloc&) {
      if (attempt == attempts) {
        logFailure("closing the resolvers");
        break;
      }
    } catch (...) {
      logFailure("closing the resolvers");
      break;
    }
    co_await sleepFor(shard_, pause);
  }
  co_await factory_->waitingQueries().joinGivenUp();
  Dnstap* const dnstap = isFactoryStarted_ ? factory_->dnstap() : nullptr;
  if (dnstap) {
    dnstap->stop();
    co_await dnstap->join();
  }
  try {
    if (isFactoryStarted_) factory_->doStop();
  } catch (...) {
    logFailure("stopping");
  }
  ended_.set();
}

// The kernel may have been about to bring something when the socket was seen empty, so it is looked at twice.
Task<> ShardThread::endWhenEmpty(Listener& listener) {
  constexpr std::chrono::milliseconds pause{20};
  constexpr std::chrono::seconds longest{1};
  constexpr int enough = 2;
  const TimePoint latest = shard_.now() + longest;
  for (int empty = 0; empty < enough && shard_.now() < latest;) {
    const bool slept = co_await sleepFor(shard_, pause);
    if (!slept) break;
    empty = isReadable(listener.socket) ? 0 : empty + 1;
  }
  listener.drain.begin(shard_, patience_);
}

// Owns the socket, which closes when its own replies have left: while other queries are still answered, a new client
// learns at once that this server is gone.
Task<> ShardThread::serveDatagrams(std::unique_ptr<Listener> listener, UdpSocket socket) {
  UdpSocket owned(std::move(socket));  // closed before the listener gives up its address
  listener->socket = owned.fd();
  listeners_.pushBack(*listener);
  TaskScope ending;
  try {
    if (listener->untilEmpty) ending.spawn(endWhenEmpty(*listener));
    DatagramService service(shard_, *factory_, owned, datagramBuffers_, listener->configured);
    co_await service.serve(listener->drain.stop(), listener->drain.abort());
  } catch (...) {
    serviceFailed();
  }
  listener->unlink();
  co_await ending.join();
}

Task<> ShardThread::serveStreams(std::unique_ptr<Listener> listener, TcpListener socket) {
  std::optional<StreamContext> streams;
  TaskScope connections;
  if (!listener->service) listeners_.pushBack(*listener);
  try {
    streams.emplace(streamBuffers_, listener->drain.stop(), listener->drain.abort(), listener->configured);
    co_await acceptConnections(*listener, std::move(socket), *streams, connections);
  } catch (...) {
    serviceFailed();
  }
  listener->unlink();
  listener->closing.reset();
  listener->file.reset();
  co_await connections.join();
}

// Owns the socket, so that no client connects any more to a server that only finishes its work.
Task<> ShardThread::acceptConnections(Listener& listener, TcpListener socket, const StreamContext& streams,
                                      TaskScope& connections) {
  constexpr std::chrono::milliseconds pause{10};
  listener.socket = socket.fd();
  if (listener.untilEmpty) connections.spawn(endWhenEmpty(listener));
  auto makeRoom = [this] {
    ++factory_->counters().acceptFailures;
    giveUpPlace();
  };
  auto accepted = socket.acceptMany(streams.stop, std::move(makeRoom));
  for (bool open = true; open && !streams.stop.stopRequested();) {
    try {
      auto stream = co_await accepted.next();
      open = stream.has_value();
      if (open) connections.spawn(startConnection(std::move(*stream), listener.service, streams, connections));
      continue;
    } catch (const std::bad_alloc&) {
      reportMemoryShortage();
    }
    co_await sleepFor(shard_, pause, streams.stop);
  }
  acceptRest(listener, accepted, streams, connections);
}

// Right before the socket closes, which would reset what waits there.
void ShardThread::acceptRest(Listener& listener, ConnectionStream& accepted, const StreamContext& streams,
                             TaskScope& connections) {
  try {
    while (auto stream = accepted.acceptNow())
      connections.spawn(startConnection(std::move(*stream), listener.service, streams, connections));
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  }
}

// A task of its own: a factory that throws declines this connection, and the others go on. One connection too many
// costs the client that holds most of them its oldest, without a query in flight if there is such a one, and so does
// one for which there is no descriptor. The accept queue is never left waiting for a place: a client that fills it
// would keep the others out.
Task<> ShardThread::startConnection(TcpStream stream, const StreamService* service, const StreamContext& streams,
                                    TaskScope& connections) {
  try {
    Address destination;
    if (factory_->isProxy(stream.peer())) {
      ProxiedStart start(*factory_, stream);
      const bool known = co_await learnClient(start, stream.peer(), streams.stop);
      if (!known) co_return;
      destination = start.destination();
    }
    auto connection = buildConnection(stream.peer(), service);
    if (!connection) {
      ++factory_->counters().connectionsDeclined;
      co_return;
    }
    takePlace(*connection, stream.peer());
    if (destination.empty()) {
      connections.spawn(StreamConnection::serve(std::move(connection), std::move(stream), streams));
      co_return;
    }
    StreamContext own = streams;
    own.destination = destination;
    connections.spawn(serveProxied(std::move(connection), std::move(stream), std::move(own)));
  } catch (const std::bad_alloc&) {
    reportMemoryShortage();
  }
}

std::unique_ptr<StreamConnection> ShardThread::buildConnection(const Address& peer, const StreamService* service) {
  if (service) return std::make_unique<StreamSession>(*factory_, peer, service->serve, service->limits);
  return factory_->buildProtocol(peer);
}

// Where its clients have spoken to is known for this connection alone.
Task<> ShardThread::serveProxied(std::unique_ptr<StreamConnection> connection, TcpStream stream,
                                 StreamContext context) {
  co_await StreamConnection::serve(std::move(connection), std::move(stream), context);
}

// The connection has a place meanwhile, one of the balancer's.
Task<bool> ShardThread::learnClient(ProxiedStart& start, const Address& balancer, StopToken stop) {
  takePlace(start, balancer);
  return start.learnClient(stop);
}

void ShardThread::takePlace(ConnectionPlace& place, const Address& client) {
  if (connections_.size() >= maxConnections_) giveUpPlace();
  connections_.add(place, client);
}

void ShardThread::giveUpPlace() {
  const auto isResting = [](const ClientShares::Place& held) {
    return !static_cast<const ConnectionPlace&>(held).hasQueryInFlight();
  };
  auto* const displaced = static_cast<ConnectionPlace*>(connections_.next(isResting));
  if (!displaced) return;
  ++factory_->counters().connectionsDisplaced;
  displaced->release();
  displaced->close();
}

}  // namespace taut

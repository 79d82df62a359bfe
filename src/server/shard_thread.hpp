// One shard of a server: its thread, and everything that runs on it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "drain.hpp"
#include "listening_sockets.hpp"
#include "taut/base/address.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/client.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/server/client_shares.hpp"
#include "taut/server/connection_place.hpp"
#include "taut/server/server.hpp"
#include "taut/server/server_statistics.hpp"
#include "taut/server/stream_connection.hpp"

namespace taut {

class ProxiedStart;

class ShardThread {
 public:
  // Throws what `makeFactory` throws, and std::invalid_argument where it gives null.
  ShardThread(const ServerOptions& options, const Server::MakeFactory& makeFactory);
  ShardThread(const ShardThread&) = delete;
  ShardThread& operator=(const ShardThread&) = delete;

  Shard& shard() { return shard_; }
  ServerFactory& factory() { return *factory_; }
  // On any thread, also while the shard works.
  void addTo(ServerStatistics& statistics) const;

  // Before `start`: what is listened on from the start. They are sockets of this shard.
  void listen(ListeningSockets sockets) { sockets_ = std::move(sockets); }
  void listenForServices(std::vector<ServiceSocket> sockets) { serviceSockets_ = std::move(sockets); }
  // While it serves, on any thread: serves these sockets too, and then closes others. Queries that came by those are
  // answered, and their connections finish what they have been asked, for as long as a stop of the server allows.
  void replaceListeners(ListeningSockets opened, ClosingSockets closing);
  // Likewise: answers what waits at these sockets, and closes each as soon as nothing does.
  void drainSockets(ListeningSockets sockets);
  // On its thread: those that it serves.
  std::vector<ServedSocket> copySockets();
  // Likewise on any thread: how many connections are served at a time.
  void setMaxConnections(std::size_t count);

  // Throws std::system_error where there is no thread to be had.
  void start();
  // Waits until it serves; throws the reason where it cannot.
  void waitUntilStarted() { started_.get_future().get(); }
  void stop();
  // Waits until the thread has ended, but after a stop no longer than it may take. Where there was no thread, what the
  // factory has is closed on the calling one.
  void wait();
  // What is left on the shard may be used still: a handler has not ended.
  bool isLeft() const { return isLeft_; }

 private:
  // An address with one of its protocols, for as long as it is served. In a list while it takes queries.
  struct Listener : ListHook<> {
    Listener(const Address& where, const Address& listensOn, Transport over, Drain& whole)
        : address(where), configured(listensOn), transport(over), drain(whole) {}
    // Is served as long as something waits at the socket, whatever ends meanwhile.
    Listener(const Address& where, const Address& listensOn, Transport over)
        : address(where), configured(listensOn), transport(over), untilEmpty(true) {}
    // That of a service is in no list: it stays until the end.
    Listener(const StreamService& served, const Address& where, Drain& whole)
        : address(where), configured(where), transport(Transport::tcp), drain(whole), service(&served) {}
    ~Listener() { unlink(); }

    const Address address;
    const Address configured;  // the same, or the wildcard that it is served for
    const Transport transport;
    Drain drain;
    int socket = -1;                         // while it is open
    const StreamService* service = nullptr;  // null for DNS
    std::shared_ptr<UnixListener> file;
    const bool untilEmpty = false;
    std::shared_ptr<const Address> closing;  // null until it is to close
  };

  void run();
  void closeUnstarted() noexcept;
  void logFailure(std::string_view what) noexcept;
  void serveUntilStopped();
  Task<> serve();
  Task<> untilStopped();
  void startServices(ListeningSockets sockets, bool untilEmpty = false);
  void startOwnServices();
  Task<> endWhenEmpty(Listener& listener);
  void close(const std::shared_ptr<const Address>& address, Transport transport);
  Task<> startWithin();
  Task<> startFactory();
  void beginServing() noexcept;
  void serviceFailed() noexcept;
  Task<> leave(Task<> ending);
  Task<> end();
  Task<> serveDatagrams(std::unique_ptr<Listener> listener, UdpSocket socket);
  Task<> serveStreams(std::unique_ptr<Listener> listener, TcpListener socket);
  Task<> acceptConnections(Listener& listener, TcpListener socket, const StreamContext& streams,
                           TaskScope& connections);
  void acceptRest(Listener& listener, ConnectionStream& accepted, const StreamContext& streams, TaskScope& connections);
  Task<> startConnection(TcpStream stream, const StreamService* service, const StreamContext& streams,
                         TaskScope& connections);
  std::unique_ptr<StreamConnection> buildConnection(const Address& peer, const StreamService* service);
  Task<bool> learnClient(ProxiedStart& start, const Address& balancer, StopToken stop);
  static Task<> serveProxied(std::unique_ptr<StreamConnection> connection, TcpStream stream, StreamContext context);
  void takePlace(ConnectionPlace& place, const Address& client);
  void giveUpPlace();

  const std::chrono::milliseconds starting_;  // for the resolvers
  const std::chrono::milliseconds patience_;  // for what is in work when it is to end
  Shard shard_;
  std::unique_ptr<ServerFactory> factory_;
  DatagramBuffers datagramBuffers_;
  StreamBuffers streamBuffers_;
  Drain drain_;
  ListeningSockets sockets_;  // to be served from the start
  std::vector<ServiceSocket> serviceSockets_;
  IntrusiveList<Listener> listeners_;
  std::size_t maxConnections_;
  ClientShares connections_;
  TaskScope services_;
  std::optional<Deadline> startLimit_;
  TaskScope start_;
  Event hasStarted_;  // the resolvers have, or have failed to
  bool isFactoryStarted_ = false;
  bool serving_ = false;
  std::exception_ptr failure_;  // of a resolver that does not start, or of a service
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

}  // namespace taut

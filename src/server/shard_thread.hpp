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
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/datagram.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/udp_socket.hpp"
#include "taut/server/client_shares.hpp"
#include "taut/server/server.hpp"
#include "taut/server/server_statistics.hpp"
#include "taut/server/stream_connection.hpp"

namespace taut {

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

  // What is asked of the address: see UdpOptions.
  struct Listening {
    bool mustBeFree = false;
    bool mayBeAbsent = false;
  };

  // Opens the address over UDP and TCP and returns it with its port.
  Address listen(const Address& address, const Listening& listening);

  // Throws std::system_error where there is no thread to be had.
  void start();
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

}  // namespace taut

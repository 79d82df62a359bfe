// A whole server: one thread for each core, each with an engine, sockets and a ServerFactory of its own (SO_REUSEPORT).
//
//   ServerOptions options;
//   options.listen = {Address::loopbackV4(5300)};
//   Server server(options, [](Shard&) { return std::make_unique<ServerFactory>(…); });
//   return server.run();                     // until SIGINT or SIGTERM
//
// All that shards share is what the function that makes factories gives to each; it must be immutable or thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/dns/client.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/given_sockets.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/server_statistics.hpp"
#include "taut/server/stream_connection.hpp"
#include "taut/server/stream_session.hpp"
#include "taut/server/top_queries.hpp"

namespace taut {

class Listeners;
class ShardThread;
class Watchdog;

// A protocol of one's own, which listens beside DNS.
struct StreamService {
  // Over TCP, on each shard; port 0 picks one that is free. Empty: on the socket file `path`, which the server makes
  // and removes, and whose clients have the empty address.
  Address listen{};
  std::string path{};
  // Called for each connection, on the threads of all shards, whose sessions it may not mix up.
  StreamSession::Serve serve{};
  StreamLimits limits{};
};

struct ServerOptions {
  // Each over UDP and TCP, once even where it is given twice, or beside a wildcard of its family with its port; port 0
  // picks one that is free for both. Where some of them are on no interface yet, the others are served, a line of the
  // log says so, and they are served when they come.
  std::vector<Address> listen;
  bool freebind = false;  // start also where no interface has any of the addresses
  unsigned threads = 0;   // 0: Server::defaultThreads()
  EngineKind engine = EngineKind::automatic;
  std::size_t datagramBuffers = 1024;  // for each shard: how many datagrams are in work at a time, 1 to 32768
  std::size_t maxConnections = 1024;   // streams for each shard, at least 1; one more ends another (ClientShares)
  std::function<void()> opened{};      // called once, when all sockets are open and before a shard's thread runs
  std::chrono::milliseconds starting{10000};  // how long the resolvers may take to start
  std::chrono::milliseconds drain{4000};      // how long queries in flight may take to finish after a stop
  // Open as long as the server takes queries, with what holds for streams of DNS: `maxConnections` counts them, and a
  // balancer says who its clients are (ServerFactory::setProxies). Neither given to another process nor replaced.
  std::vector<StreamService> services{};
  // Taken in place of opening others where they are bound to an address of `listen`: one by each shard, and where there
  // are fewer, the other shards open theirs beside them, or share the first one. Null: none.
  std::shared_ptr<GivenSockets> given{};
};

// A socket that a server listens on.
struct ServedSocket {
  UniqueFd fd;  // a copy of the server's descriptor; none where it could not be made
  Transport transport{};
  Address address;
};

class Server {
 public:
  using MakeFactory = std::function<std::unique_ptr<ServerFactory>(Shard& shard)>;

  // `makeFactory` is called once for each shard, on the thread that calls `start`, and never gives null. The factory
  // is used on the shard's thread alone.
  template <typename Function>
  Server(ServerOptions options, Function&& makeFactory)
      : Server(Checked{}, std::move(options), checked(std::forward<Function>(makeFactory))) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // stops and waits

  // Opens all sockets, starts the threads and returns when all of them serve. Throws std::system_error, its text
  // naming the address, where a port is taken or forbidden or no address is on an interface, IoUnavailable,
  // std::invalid_argument, or what `startFactory` or `opened` throws; nothing runs then. Once for each server.
  void start();

  // One for each core that the process may use.
  static unsigned defaultThreads();

  // Those of the services, in the order of the options, with the ports that were picked; the empty one for a socket
  // file. After `start`, on any thread.
  const std::vector<Address>& serviceAddresses() const { return serviceAddresses_; }
  // The addresses that are listened on, with the ports that were picked, those that were on no interface at the end.
  // May be called on any thread, after `start`.
  std::vector<Address> addresses() const;
  // Listens on these addresses, given as in the options, in place of those before. Every new one is open on all shards,
  // over UDP and TCP, before an old one closes, and nothing has changed where one cannot be opened: it throws as
  // `start` does then. One that stays is not touched. Of one that closes, the queries that have come are answered by
  // the socket that they came by, and connections finish what they have been asked, for as long as `drain` allows. A
  // line of the log tells of each that begins and each that ends. After `start` and before `wait`, on any thread but
  // the shards' own. It waits for a listener of before that is still being closed where an address of it comes again.
  void replaceListeners(const std::vector<Address>& listen);
  unsigned shardCount() const { return options_.threads; }
  // Has `done` called once, on the thread of a shard, with the sockets that are listened on, of all shards. It is not
  // called where a shard ends first. On any thread, after `start`.
  void collectSockets(std::function<void(std::vector<ServedSocket>)> done);
  // Those of the given sockets that no listener has taken: what waits at them is answered, and they are closed. A line
  // of the log tells of each. Once, after `start`, on any thread.
  void drainGiven();

  // Has the function called once on each shard's thread, with the shard's number from 0. It must not throw. May be
  // called on any thread, after `start`.
  void post(std::function<void(std::size_t shard, ServerFactory& factory)> function);

  // How many streams each shard serves from now on, at least 1; those that are too many end as in ClientShares. After
  // `start`, on any thread.
  void setMaxConnections(std::size_t count);

  // What has been counted since `start` returned, over all shards. May be called on any thread, also while the shards
  // work. What they do meanwhile may be in one number and not in another yet.
  ServerStatistics collect() const;

  // Has `done` called once, on the thread of a shard, with what each shard is asked for at the moment:
  // `TopLists::merged` makes one of them. It is not called where a shard ends first. On any thread, after `start`.
  void collectTop(std::function<void(std::vector<TopLists>)> done);

  // Takes no new queries; those in flight are answered, for as long as `drain` allows. May be called on any thread;
  // returns at once.
  void stop();

  // Waits until all threads have ended. After a stop that takes `drain` and four seconds at most: a handler that does
  // not end by then is named in the log and left as it is, with its shard, whose memory is not freed.
  void wait();

  // After `wait`: whether no handler was left. A thread that was left may run still, so a program that ends now calls
  // _exit, and returns neither from main nor through exit.
  bool endedInOrder() const;

  // Whether every shard waits, or has looked for what has come in within `limit`; one that does not keeps its clients
  // waiting, and soon the log says so. For health checks, on any thread, after `start`.
  bool isResponsive(std::chrono::milliseconds limit) const;

  // Runs the server: start, a line of the log for each address that is there, then SIGINT or SIGTERM, with a line of
  // the log, then stop and wait. Returns the exit status: 0 for a server that was asked to end, 1 for one that did not
  // start, or whose `started` has thrown, with a line of the log that says why. On the calling thread, `started` is
  // called once, when all shards serve, `reload` for each SIGHUP, and `ending` once, when the end has been asked for;
  // each may be empty. For the time that `ending` gives, the server goes on serving (a lame duck), unless a second
  // SIGINT or SIGTERM comes. Call it before other threads are started: it blocks these signals for all that start
  // later.
  int run(const std::function<void()>& reload = {}, const std::function<void()>& started = {},
          const std::function<std::chrono::milliseconds()>& ending = {});
  // Why `run` has returned 1.
  const std::string& startFailure() const { return startFailure_; }

 private:
  struct Checked {};
  Server(Checked, ServerOptions options, MakeFactory makeFactory);

  template <typename Function>
  static MakeFactory checked(Function&& makeFactory) {
    if constexpr (std::is_constructible_v<MakeFactory, Function>) {
      return MakeFactory(std::forward<Function>(makeFactory));
    } else {
      static_assert(detail::never<Function>,
                    "a Server is given a function `std::unique_ptr<ServerFactory>(Shard&)`; a lambda that returns "
                    "different factories says so: [](Shard& shard) -> std::unique_ptr<ServerFactory>");
      return {};
    }
  }

  void end();
  int runFailed(const char* why);

  ServerOptions options_;
  MakeFactory makeFactory_;
  std::string startFailure_;
  std::vector<std::unique_ptr<ShardThread>> shards_;
  std::unique_ptr<Listeners> listeners_;  // from the start on
  std::vector<Address> serviceAddresses_;
  std::atomic<bool> started_ = false;   // from then on the shards are the same until the end
  std::unique_ptr<Watchdog> watchdog_;  // looks at the shards, and ends before them
};

}  // namespace taut

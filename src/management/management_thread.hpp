// The thread from which the server is seen and steered from outside. It has a loop of its own, so that nothing that is
// asked of it delays an answer of the server.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control_service.hpp"
#include "control_verbs.hpp"
#include "http_service.hpp"
#include "managed_server.hpp"
#include "management_content.hpp"
#include "named_socket.hpp"
#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/given_sockets.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/unix_listener.hpp"

namespace taut {

struct ManagementOptions {
  std::vector<Address> http;  // to listen on; empty: no HTTP
  AddressPolicy readers;      // who may read over HTTP

  std::string control;  // the file of the control socket; empty: none

  EngineKind engine = EngineKind::automatic;
  GivenSockets* given = nullptr;  // are taken in place of opening others; null: none

  bool wanted() const { return !http.empty() || !control.empty(); }
};

// Where HTTP is to be served.
struct HttpListeners {
  struct Entry {
    Address asked;
    Address bound;                      // with the port that was picked
    std::optional<TcpListener> socket;  // none where there is one already that stays
  };
  std::vector<Entry> entries;
};

class ManagementThread {
 public:
  // Listens. Throws std::system_error where an address cannot be listened on. The server outlives it.
  ManagementThread(ManagementOptions options, ManagedServer& server);
  ManagementThread(const ManagementThread&) = delete;
  ManagementThread& operator=(const ManagementThread&) = delete;
  ~ManagementThread();

  // Has `done` called on the thread with copies of the sockets that are listened on: those of HTTP, and that of the
  // control tool. After `start`.
  void collectSockets(std::function<void(std::vector<NamedSocket>)> done);
  // The file of a control socket that was given goes from now on with this server. Before `start`.
  void takeFile();
  // Another process has the sockets, and serves them: no connection is accepted any more. After `start`.
  void stopAccepting();

  // Starts the thread, which handles no signals, and logs where HTTP is served.
  void start();
  bool isStarted() const { return thread_.joinable(); }
  // Has the function called once on the thread, where that has been started, and waits for it: for what is set for one
  // thread at a time. What it throws is thrown.
  void call(std::function<void()> function);
  // Ends all connections and waits for the thread. What others post to the thread's shard afterwards is dropped.
  void stop();

  // Opens what is not listened on yet, for `replaceHttp`. Throws std::system_error, and has opened nothing then.
  HttpListeners openHttp(const std::vector<Address>& addresses);
  // Serves HTTP on these in place of those before, for these readers. Listeners that stay are not touched; the
  // connections of those that go end. A line of the log tells of each that comes or goes. After `start`, on any
  // thread, but on one at a time, as `openHttp`.
  void replaceHttp(HttpListeners listeners, AddressPolicy readers);

 private:
  // One of the addresses, while it is served.
  struct Serving : ListHook<> {
    Serving(const Address& where, StopToken all) : address(where), stop(all) {}
    ~Serving() { unlink(); }

    const Address address;
    StopSource stop;
    StopSource accept{stop.token()};
    int socket = -1;
  };

  void run() noexcept;
  Task<> serve();
  Task<> serveHttp(std::unique_ptr<Serving> serving, TcpListener listener);
  Task<> tick();
  Task<> collectTop();
  void startHttp(HttpListeners& listeners);
  void take(HttpListeners& listeners);

  AddressPolicy readers_;
  ManagedServer& server_;
  Shard shard_;
  StopSource stop_;
  StopSource accept_{stop_.token()};  // of the control tool's connections
  GivenSockets* given_;               // until the start; null: none
  ManagementContent content_;
  HttpService http_;
  ControlVerbs verbs_;
  ControlService control_;
  HttpListeners firstHttp_;      // until the start
  HttpListeners httpListeners_;  // without their sockets
  IntrusiveList<Serving> servedHttp_;
  std::optional<UnixListener> controlListener_;
  TaskScope services_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace taut

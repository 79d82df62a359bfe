// The thread from which the server is seen and steered from outside. It has a loop of its own, so that nothing that is
// asked of it delays an answer of the server.
#pragma once

#include <exception>
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
#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/unix_listener.hpp"

namespace taut {

struct ManagementOptions {
  std::vector<Address> http;  // to listen on; empty: no HTTP
  AddressPolicy readers;      // who may read over HTTP

  std::string control;  // the file of the control socket; empty: none

  bool wanted() const { return !http.empty() || !control.empty(); }
};

class ManagementThread {
 public:
  // Listens, and starts the thread, which handles no signals. Throws std::system_error where an address cannot be
  // listened on. The server outlives it.
  ManagementThread(ManagementOptions options, ManagedServer& server);
  ManagementThread(const ManagementThread&) = delete;
  ManagementThread& operator=(const ManagementThread&) = delete;
  ~ManagementThread();

  // Ends all connections and waits for the thread. What others post to the thread's shard afterwards is dropped.
  void stop();

  // Those that are listened on over HTTP, with the ports that were picked.
  const std::vector<Address>& httpAddresses() const { return httpAddresses_; }

 private:
  void startThread();
  void run() noexcept;
  Task<> serve();
  Task<> tick();
  Task<> collectTop();

  const ManagementOptions options_;
  ManagedServer& server_;
  Shard shard_;
  StopSource stop_;
  ManagementContent content_;
  HttpService http_;
  ControlVerbs verbs_;
  ControlService control_;
  std::vector<TcpListener> httpListeners_;
  std::vector<Address> httpAddresses_;
  std::optional<UnixListener> controlListener_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace taut

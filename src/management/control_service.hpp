// Serves the control tool over a unix socket, on the shard of the management thread. Root, the user of the server and
// the group of the socket file may connect. A reply is sent as fast as its reader takes it, and is not in memory as a
// whole meanwhile; a reader that takes nothing for five minutes loses its connection.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "control_request.hpp"
#include "control_verbs.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/net/unix_listener.hpp"

namespace taut {

class ControlService {
 public:
  static constexpr std::size_t maxConnections = 128;

  // Both outlive the service.
  ControlService(Shard& shard, ControlVerbs& verbs) noexcept : shard_(shard), verbs_(verbs) {}
  ControlService(const ControlService&) = delete;
  ControlService& operator=(const ControlService&) = delete;

  // Accepts connections until `accept` or `stop` is stopped, and ends when all have ended, which `stop` asks of them.
  // The listener outlives that.
  Task<> serve(UnixListener& listener, StopToken accept, StopToken stop);

  std::size_t connections() const noexcept { return connections_; }

 private:
  static void refuse(TcpStream& stream);
  Task<> serveConnection(TcpStream stream, const UnixListener& listener, StopToken stop);
  Task<> answerRequests(TcpStream& stream, bool allowed, StopToken stop);
  Task<ControlOutcome> answer(std::string_view line, TcpStream& stream, bool allowed, StopToken stop);
  Task<bool> readLine(TcpStream& stream, std::string& buffer, StopToken stop);

  Shard& shard_;
  ControlVerbs& verbs_;
  std::size_t connections_ = 0;
};

}  // namespace taut

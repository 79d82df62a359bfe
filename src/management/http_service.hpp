// Serves what can be read of the server over HTTP, on the shard of the management thread: GET and HEAD of what an
// HttpContent has, and a stream of events.
//
// Where all places are taken, the client that holds most of them gives one up (`ClientShares`): a connection that waits
// for a request, or, for a client that holds fewer, any.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http_request.hpp"
#include "http_response.hpp"
#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/client_shares.hpp"

namespace taut {

// What there is to read. It is asked on the shard's thread.
class HttpContent {
 public:
  virtual ~HttpContent() = default;

  // The response for a path other than that of the events. The path stays in place meanwhile.
  virtual Task<PageResponse> get(std::string_view path, StopToken stop) = 0;
  // The last event, as it stands in the stream; shared by all who watch.
  virtual std::shared_ptr<const std::string> event() = 0;
  // Connections end with their next response.
  virtual bool isDraining() = 0;
};

class HttpService {
 public:
  static constexpr std::size_t maxConnections = 64;
  static constexpr std::size_t maxWatchers = 32;  // of them, so that a scrape finds a place

  // Clients that the policy does not allow are refused; it may change on the shard's thread, and ends the connections
  // of those that it does not allow any more. All three references outlive the service.
  HttpService(Shard& shard, const AddressPolicy& policy, HttpContent& content) noexcept
      : shard_(shard), policy_(policy), content_(content) {}
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  // Accepts connections until `accept` or `stop` is stopped, and ends when all have ended, which `stop` asks of them.
  Task<> serve(TcpListener listener, StopToken accept, StopToken stop);

  // There is a new event.
  void sendEvent() noexcept;

  std::size_t connections() const noexcept { return connections_.size(); }
  std::size_t watchers() const noexcept { return watchers_.size(); }

 private:
  struct Connection;
  struct Watcher;

  bool hasRoomFor(const Address& client);
  bool hasRoomForWatcher(const Address& client);
  void startConnection(TcpStream stream, TaskScope& scope, StopToken stop);
  Task<> serveConnection(TcpStream stream, StopToken stop);
  Task<> refuseConnection(TcpStream stream, HttpStatus status, StopToken stop);
  Task<> answerRequests(Connection& connection, StopToken stop);
  Task<bool> readHead(TcpStream& stream, HttpRequestReader& reader, StopToken stop);
  Task<bool> respond(TcpStream& stream, const HttpHead& head, StopToken stop);
  Task<> sendEvents(TcpStream& stream, StopToken stop);
  Task<bool> write(TcpStream& stream, std::string_view head, std::string_view body, StopToken stop);
  Task<> endWriting(TcpStream& stream, StopToken stop);

  Shard& shard_;
  const AddressPolicy& policy_;
  HttpContent& content_;
  Event newEvent_;
  ClientShares connections_;
  ClientShares watchers_;    // those of the connections that get the events
  std::size_t refused_ = 0;  // connections that only hear that they are refused
};

}  // namespace taut

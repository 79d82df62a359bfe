// HttpClient asks one HTTP/1.1 server (RFC 9112), on connections that it keeps:
//
//   HttpClient client(shard, *Address::parse("192.0.2.80", 80), "inventory.example.com");
//   const auto response = co_await client.get("/hosts.json");
//   if (!response || response->status != 200) …
//
// There is no TLS: an https service is asked through a proxy that has it. Redirects are not followed, and cookies are
// not kept; the status and the fields are the caller's to judge.
//
// A server may be hostile: the head and the body of a response are bounded, and what is no HTTP is an error. A response
// has a length, comes in chunks, or ends with its connection. Errors are values: EPROTO for what is no HTTP, EMSGSIZE
// for what is too large, EINVAL for a target that cannot be sent, ETIMEDOUT and ECANCELED as ConnectionPool has them,
// or what the network says.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "taut/base/address.hpp"
#include "taut/base/result.hpp"
#include "taut/coro/task.hpp"
#include "taut/http/http_response.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/buffered_stream.hpp"
#include "taut/net/connection_pool.hpp"

namespace taut {

struct HttpClientOptions {
  std::size_t maxBody = 1 << 20;              // octets
  std::size_t maxConnections = 4;             // at a time; further requests wait
  std::chrono::milliseconds idleTime{30000};  // how long a connection is kept that is not used
  std::chrono::milliseconds deadline{10000};  // for a request with its response
};

class HttpClient {
 public:
  static constexpr std::size_t maxHead = 16 * 1024;  // octets of a status line and its fields

  using Outcome = Result<HttpResponse, IoResult>;

  // `host` is what the server is called in the field Host, with its port unless that is 80. Throws
  // std::invalid_argument where it is empty or has blanks or control characters.
  HttpClient(Shard& shard, const Address& server, std::string host, const HttpClientOptions& options = {});

  // `target` is a path with its query, such as "/hosts?zone=example.com", percent-encoded by the caller. Where a kept
  // connection ends unanswered the request is sent again.
  Task<Outcome> get(std::string target);
  // A POST is never sent again: the server may have acted on it.
  Task<Outcome> post(std::string target, std::string contentType, std::string body);

  // Ends what goes on, and closes all connections.
  Task<> close() { return pool_.close(); }

 private:
  Task<Outcome> ask(std::string request, ConnectionPool::Repeat repeat);
  Task<Outcome> exchange(BufferedStream& server, const std::string& request);

  std::string host_;
  std::size_t maxBody_;
  ConnectionPool pool_;
};

}  // namespace taut

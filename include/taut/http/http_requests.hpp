// HttpRequests reads the requests that come by one connection, for a service of one's own that speaks HTTP/1.1 (RFC
// 9112), and answers them in their order:
//
//   Task<> serve(StreamSession& session) {
//     HttpRequests requests(session.stream());
//     while (const auto request = co_await requests.next()) co_await requests.answer(200, "text/plain", "hello\n");
//   }
//
// A client may be hostile: head and body are bounded, and it cannot make the requests of others of its own (a length
// and chunks together are no HTTP). How long it may take is for the stream to bound.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/coro/task.hpp"
#include "taut/io/io_result.hpp"
#include "taut/net/buffered_stream.hpp"
#include "taut/net/byte_stream.hpp"

namespace taut {

struct HttpRequest {
  std::string method;  // as the client has written it: "GET", "POST", …
  std::string target;  // likewise: a path with its query, as a rule
  // Names as the client has written them, in the order in which they came.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  // The value of the first field of this name, in whatever case; nothing where there is none. Valid for as long as
  // the request.
  std::optional<std::string_view> field(std::string_view name) const;
};

class HttpRequests {
 public:
  static constexpr std::size_t maxHead = 8 * 1024;  // octets of a request line and its fields

  // Octets of a body at most. The stream outlives this object.
  explicit HttpRequests(ByteStream& stream, std::size_t maxBody = 64 * 1024);

  // The next request; nothing where none follows, and the connection is to end: the client has ended it or wanted it to
  // end, or it was sent 400 for what is no HTTP, 413 for a body or 431 for a head that is too large.
  Task<std::optional<HttpRequest>> next();

  // Answers the request that `next` has given. Once for each. `contentType` is one line, and it and the body live until
  // the task has ended.
  Task<IoResult> answer(unsigned status, std::string_view contentType, std::string_view body);
  // The same without a body.
  Task<IoResult> answer(unsigned status) { return answer(status, {}, {}); }

 private:
  BufferedStream stream_;
  std::size_t maxBody_;
  bool keeps_ = true;  // the connection, for another request
};

}  // namespace taut

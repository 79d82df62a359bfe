// HttpResponseReader takes one response from the octets of a connection as they come (RFC 9112), by the parser of
// Boost.Beast. Octets may be hostile: what it keeps is bounded, and it never throws but where memory has run out.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "taut/http/http_response.hpp"
#include "taut/io/io_result.hpp"

namespace taut {

class HttpResponseReader {
 public:
  // Octets of the body at most.
  explicit HttpResponseReader(std::size_t maxBody);
  HttpResponseReader(const HttpResponseReader&) = delete;
  HttpResponseReader& operator=(const HttpResponseReader&) = delete;
  ~HttpResponseReader();

  // Takes what it can, and gives how many octets that were: those of a head only when all of it is there. EPROTO for
  // what is no HTTP, EMSGSIZE for what is too large; nothing is put after that, nor when it is done.
  IoResult put(std::string_view octets);
  // The connection has ended: a success where that ends the response, and EPROTO where something is missing.
  IoResult putEnd();

  bool isDone() const;
  // When it is done: whether the server keeps the connection for another request.
  bool keepsConnection() const;
  // When it is done, once.
  HttpResponse take();

 private:
  struct Parser;

  IoResult afterPut(std::size_t used);
  void begin();

  std::size_t maxBody_;
  std::size_t interim_ = 0;  // responses of status 1xx
  std::unique_ptr<Parser> parser_;
};

}  // namespace taut

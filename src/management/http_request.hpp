// Requests of HTTP/1.1 (RFC 9112), as far as a page and a scrape need them: the head alone, of bounded size, out of the
// octets of a connection. Boost.Beast's parser reads it, in http_request.cpp alone, without its I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "taut/base/bytes.hpp"

namespace taut {

// Of RFC 9110 section 15, those that a server says here.
enum class HttpStatus : std::uint16_t {
  ok = 200,
  badRequest = 400,
  forbidden = 403,
  notFound = 404,
  methodNotAllowed = 405,
  headTooLarge = 431,
  unavailable = 503,
  versionNotSupported = 505,
};

struct PageRequest {
  std::string path;       // of the target, without a query
  bool head = false;      // HEAD: as GET, and no body comes with the response
  bool keepAlive = true;  // the peer may send another request over the connection
};

// What one head came to: the request, or the status with which it is refused. After a refusal the connection ends, as
// nothing says where the next request begins.
struct HttpHead {
  PageRequest request;
  HttpStatus status = HttpStatus::ok;

  bool ok() const { return status == HttpStatus::ok; }
};

// `head` ends with the empty line.
HttpHead parseHttpHead(std::string_view head);

// Collects what a connection brings, and takes one head after another from it.
class HttpRequestReader {
 public:
  static constexpr std::size_t maxHead = 4096;  // octets

  // A head is there, or one has grown too large.
  bool hasHead() const { return end_ != std::string::npos || buffer_.size() > maxHead; }
  // More octets of the connection; only while there is no head.
  void put(ByteSpan octets);
  // Takes the head that is there.
  HttpHead take();

 private:
  void findEnd(std::size_t from);

  std::string buffer_;
  std::size_t end_ = std::string::npos;  // of the head that is there
};

}  // namespace taut

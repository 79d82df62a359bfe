#include "management/http_request.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "taut/base/bytes.hpp"

namespace http_request_test {

using taut::HttpHead;
using taut::HttpRequestReader;
using taut::HttpStatus;
using taut::parseHttpHead;

namespace {

taut::ByteSpan octetsOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

HttpStatus statusOf(std::string_view head) {
  return parseHttpHead(head).status;
}

}  // namespace

TEST_CASE("a request gives its path without the query, and says whether the connection goes on") {
  const HttpHead get = parseHttpHead("GET /metrics?name[]=x HTTP/1.1\r\nHost: taut\r\n\r\n");
  REQUIRE(get.ok());
  CHECK(get.request.path == "/metrics");
  CHECK(!get.request.head);
  CHECK(get.request.keepAlive);
  const HttpHead head = parseHttpHead("HEAD / HTTP/1.1\r\nhost: taut\r\nConnection: close\r\n\r\n");
  REQUIRE(head.ok());
  CHECK(head.request.head);
  CHECK(!head.request.keepAlive);
  const HttpHead old = parseHttpHead("GET / HTTP/1.0\r\n\r\n");
  REQUIRE(old.ok());
  CHECK(!old.request.keepAlive);
}

TEST_CASE("a target in absolute form counts as its path") {
  CHECK(parseHttpHead("GET http://taut:9153/metrics?x HTTP/1.1\r\nHost: taut\r\n\r\n").request.path == "/metrics");
  CHECK(parseHttpHead("GET http://taut HTTP/1.1\r\nHost: taut\r\n\r\n").request.path == "/");
}

TEST_CASE("a request that is not understood, or would bring a body, is refused and ends the connection") {
  CHECK(statusOf("\r\n\r\n") == HttpStatus::badRequest);
  CHECK(statusOf("GET /\r\n\r\n") == HttpStatus::badRequest);
  CHECK(statusOf("GET / HTTP/1.1\r\n\r\n") == HttpStatus::badRequest);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == HttpStatus::badRequest);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n") == HttpStatus::badRequest);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") == HttpStatus::badRequest);
  CHECK(statusOf("GET / HTTP/1.1\r\nHost : a\r\n\r\n") == HttpStatus::badRequest);
  CHECK(statusOf("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == HttpStatus::versionNotSupported);
  CHECK(statusOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n") == HttpStatus::methodNotAllowed);
  CHECK(statusOf("BREW / HTTP/1.1\r\nHost: a\r\n\r\n") == HttpStatus::methodNotAllowed);
  CHECK(!parseHttpHead("POST / HTTP/1.1\r\nHost: a\r\n\r\n").request.keepAlive);
}

TEST_CASE("requests are taken one by one, however the connection cuts them") {
  const std::string_view text =
      "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n"
      "\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    HttpRequestReader reader;
    std::string paths;
    for (std::size_t at = 0; at < text.size(); at += size) {
      reader.put(octetsOf(text.substr(at, size)));
      while (reader.hasHead()) paths += reader.take().request.path;
    }
    CHECK(paths == "/a/b");
  }
}

TEST_CASE("a head of more than 4096 octets is refused, whether it ends or not") {
  const std::string filler(HttpRequestReader::maxHead, 'x');
  HttpRequestReader endless;
  endless.put(octetsOf("GET /" + filler));
  REQUIRE(endless.hasHead());
  CHECK(endless.take().status == HttpStatus::headTooLarge);
  HttpRequestReader ended;
  ended.put(octetsOf("GET / HTTP/1.1\r\nHost: x\r\nX: " + filler + "\r\n\r\n"));
  REQUIRE(ended.hasHead());
  CHECK(ended.take().status == HttpStatus::headTooLarge);
  HttpRequestReader fits;
  fits.put(octetsOf("GET / HTTP/1.1\r\nHost: x\r\nX: " + filler.substr(100) + "\r\n\r\n"));
  REQUIRE(fits.hasHead());
  CHECK(fits.take().ok());
}

}  // namespace http_request_test

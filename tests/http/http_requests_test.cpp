#include "taut/http/http_requests.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "taut/coro/sync_wait.hpp"

namespace http_requests_test {

namespace {

using namespace taut;

// Gives its text in pieces, and keeps what is written.
class Peer final : public ByteStream {
 public:
  explicit Peer(std::string text, std::size_t piece = 100000) : text_(std::move(text)), piece_(piece) {}

  Task<IoResult> readSome(MutableByteSpan buffer, StopToken) override {
    const std::size_t size = std::min({piece_, buffer.size(), text_.size()});
    std::copy_n(text_.begin(), size, buffer.begin());
    text_.erase(0, size);
    return Task<IoResult>::ready(IoResult(static_cast<int>(size)));
  }
  Task<IoResult> writeAll(ByteSpan octets, StopToken) override {
    written += asText(octets);
    return Task<IoResult>::ready(IoResult(static_cast<int>(octets.size())));
  }

  std::string written;

 private:
  std::string text_;
  std::size_t piece_;
};

// The first line of what a client gets that sends this, with bodies of at most 10 octets.
std::string refusal(std::string text) {
  Peer peer(std::move(text));
  HttpRequests requests(peer, 10);
  CHECK_FALSE(syncWait(requests.next()));
  CHECK_FALSE(syncWait(requests.next()));
  return peer.written.substr(0, peer.written.find('\r'));
}

}  // namespace

TEST_CASE("a chunked body that is empty is read however it is cut") {
  const std::string text = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}, std::size_t{100000}}) {
    Peer peer(text, piece);
    HttpRequests requests(peer);
    const auto request = syncWait(requests.next());
    REQUIRE(request);
    CHECK(request->body.empty());
  }
}

TEST_CASE("requests on one connection are read in order, however they are cut, and answered") {
  const std::string text =
      "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
      "GET / HTTP/1.1\r\nhost: x\r\n\r\n"
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
    Peer peer(text, piece);
    HttpRequests requests(peer);
    const auto first = syncWait(requests.next());
    REQUIRE(first);
    CHECK(first->method == "POST");
    CHECK(first->target == "/a?b=c");
    CHECK(first->field("content-length") == "4");
    CHECK_FALSE(first->field("content-type"));
    CHECK(first->body == "body");
    CHECK(syncWait(requests.answer(200, "text/plain", "hello")));
    const auto second = syncWait(requests.next());
    REQUIRE(second);
    CHECK(second->method == "GET");
    CHECK(second->body.empty());
    CHECK(syncWait(requests.answer(404)));
    const auto third = syncWait(requests.next());
    REQUIRE(third);
    CHECK(third->body == "abc");
    CHECK_FALSE(syncWait(requests.next()));
    CHECK(peer.written ==
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
          "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  }
}

TEST_CASE("a client that wants its connection to end gets its reply and no other") {
  Peer peer("GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  HttpRequests requests(peer);
  CHECK(syncWait(requests.next()));
  CHECK(syncWait(requests.answer(200)));
  CHECK_FALSE(syncWait(requests.next()));
  CHECK(peer.written == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("what is no HTTP, and what is too large, is refused, and nothing after it is read") {
  const std::string next = "GET / HTTP/1.1\r\n\r\n";
  CHECK(refusal("nonsense\r\n\r\n" + next) == "HTTP/1.1 400 Bad Request");
  CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n" + next) == "HTTP/1.1 400 Bad Request");
  CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next) ==
        "HTTP/1.1 400 Bad Request");
  CHECK(refusal("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n" + next) == "HTTP/1.1 413 Payload Too Large");
  CHECK(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n" + next) ==
        "HTTP/1.1 413 Payload Too Large");
  CHECK(refusal("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a') + "\r\n\r\n" + next) ==
        "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST_CASE("a connection that ends within a request has no request, and gets no reply") {
  for (const std::string_view text :
       {"", "POST / HTTP/1.1\r\nContent-Le", "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo"}) {
    Peer peer{std::string(text)};
    HttpRequests requests(peer);
    CHECK_FALSE(syncWait(requests.next()));
    CHECK(peer.written.empty());
  }
}

}  // namespace http_requests_test

#include "http/http_response_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "taut/http/http_client.hpp"

namespace http_response_reader_test {

using taut::HttpClient;
using taut::HttpResponseReader;
using taut::IoResult;

namespace {

constexpr std::size_t maxBody = 1000;

struct Read {
  int error = 0;
  bool done = false;
  bool kept = false;
  std::size_t used = 0;
  taut::HttpResponse response;
};

// Puts the octets in pieces of this size, as BufferedStream would.
Read read(std::string_view octets, bool end = false, std::size_t piece = 100000) {
  HttpResponseReader reader(maxBody);
  Read result;
  std::string buffered;
  while (!reader.isDone() && result.error == 0 && !octets.empty()) {
    const std::size_t size = std::min(piece, octets.size());
    buffered += octets.substr(0, size);
    octets.remove_prefix(size);
    const IoResult used = reader.put(buffered);
    result.error = used.error();
    result.used += used.value();
    buffered.erase(0, used.value());
  }
  if (end && !reader.isDone() && result.error == 0) result.error = reader.putEnd().error();
  result.done = result.error == 0 && reader.isDone();
  if (!result.done) return result;
  result.kept = reader.keepsConnection();
  result.response = reader.take();
  return result;
}

}  // namespace

TEST_CASE("a response with a length, in chunks, or up to the end of its connection has its body") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
    const Read sized = read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: y\r\n\r\nbody", false, piece);
    CHECK(sized.done);
    CHECK(sized.kept);
    CHECK(sized.response.status == 200);
    CHECK(sized.response.body == "body");
    CHECK(sized.response.field("x") == "y");
    CHECK_FALSE(sized.response.field("z"));

    const Read chunked =
        read("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbod\r\n1;a=b\r\ny\r\n0\r\nT: u\r\n\r\n",
             false, piece);
    CHECK(chunked.done);
    CHECK(chunked.kept);
    CHECK(chunked.response.status == 404);
    CHECK(chunked.response.body == "body");

    const Read closed = read("HTTP/1.0 200 OK\r\n\r\nbody", true, piece);
    CHECK(closed.done);
    CHECK_FALSE(closed.kept);
    CHECK(closed.response.body == "body");
  }
}

TEST_CASE("a chunked body that is empty or ill-formed is read alike however it is cut") {
  const std::string_view head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}, std::size_t{100000}}) {
    const Read empty = read(std::string(head) + "0\r\n\r\n", false, piece);
    CHECK(empty.done);
    CHECK(empty.response.body.empty());
    CHECK(read(std::string(head) + "0\r\nbod", true, piece).error == EPROTO);
    CHECK(read(std::string(head) + "0\r\n", true, piece).error == EPROTO);
  }
}

TEST_CASE("a response without a body ends with its head") {
  CHECK(read("HTTP/1.1 204 No Content\r\n\r\n").done);
  CHECK(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n").done);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").done);
}

TEST_CASE("a server that does not keep the connection is believed") {
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").kept);
  CHECK_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").kept);
}

TEST_CASE("what comes after a response is left unread") {
  const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
  CHECK(read(response + "more").used == response.size());
}

TEST_CASE("interim responses are passed over, a few of them") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const std::string last = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
  const Read read2 = read(interim + interim + last);
  CHECK(read2.response.status == 200);
  CHECK(read2.response.body == "body");
  CHECK_FALSE(read2.response.field("Link"));
  std::string many;
  for (int i = 0; i < 9; ++i) many += interim;
  CHECK(read(many + last).error == EPROTO);
}

TEST_CASE("a body is bounded, whichever way its end is told") {
  const std::string most(maxBody, 'x');
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + most).response.body == most);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").error == EMSGSIZE);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n").error == EPROTO);
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + most + "x").error == EMSGSIZE);
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n" + most + "x", true).error == EMSGSIZE);
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n" + most, true).response.body == most);
}

TEST_CASE("a head is bounded") {
  const std::string field = "X: " + std::string(HttpClient::maxHead, 'x') + "\r\n";
  CHECK(read("HTTP/1.1 200 OK\r\n" + field + "\r\n").error == EMSGSIZE);
  CHECK(read("HTTP/1.1 200 OK\r\n" + field, false, 4096).error == EMSGSIZE);
}

TEST_CASE("what is no HTTP is an error, and so is a response that breaks off") {
  CHECK(read("SSH-2.0-OpenSSH_9.2\r\n").error == EPROTO);
  CHECK(read("HTTP/1.1 abc\r\n\r\n").error == EPROTO);
  CHECK(read("HTTP/1.1 200 OK\r\nno colon\r\n\r\n").error == EPROTO);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody").error == EPROTO);
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n").error == EPROTO);
  CHECK(read("", true).error == EPROTO);
  CHECK(read("HTTP/1.1 200 OK\r\n", true).error == EPROTO);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbod", true).error == EPROTO);
}

}  // namespace http_response_reader_test

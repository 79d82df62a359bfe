#include "taut/http/http_client.hpp"

#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/buffered_stream.hpp"
#include "taut/net/tcp_listener.hpp"

namespace http_client_test {

using namespace std::chrono_literals;
using taut::Address;
using taut::BufferedStream;
using taut::HttpClient;
using taut::IoResult;
using taut::Shard;
using taut::StopSource;
using taut::StopToken;
using taut::Task;
using taut::TaskScope;
using taut::TcpListener;

namespace {

Task<> join(TaskScope& scope) {
  co_await scope.join();
}

// A server that notes each request and sends the reply of the test.
struct Fixture {
  Fixture() {
    clock.skipIdle(30ms);
    scope.spawn(serve(), serving.token());
  }
  ~Fixture() {
    shard.run(client.close());
    serving.requestStop();
    shard.run(join(scope));
  }

  Task<> serve() {
    auto accepted = listener.acceptMany(serving.token());
    while (auto stream = co_await accepted.next()) {
      ++connections;
      scope.spawn(answer(BufferedStream(std::move(*stream))), serving.token());
    }
  }

  Task<> answer(BufferedStream stream) {
    for (;;) {
      auto request = co_await stream.readUntil("\r\n\r\n");
      if (!request) co_return;
      if (bodySize > 0) {
        const auto body = co_await stream.readExactly(bodySize);
        if (body) *request += "|" + *body;
      }
      requests.push_back(*request);
      if (hangsUp) co_return;
      const IoResult written = co_await stream.write(reply);
      if (!written || closes) co_return;
    }
  }

  taut::ManualClock clock;
  Shard shard{[this] {
    taut::ShardOptions options;
    options.clock = &clock;
    return options;
  }()};
  StopSource serving;
  TaskScope scope;
  TcpListener listener = TcpListener::bind(shard, Address::loopbackV4());
  HttpClient client{shard, listener.localAddress(), "inventory.example.com"};
  std::vector<std::string> requests;
  std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
  std::size_t bodySize = 0;
  std::size_t connections = 0;
  bool closes = false;
  bool hangsUp = false;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a GET asks for its target, and the next one on the same connection") {
  for (int i = 0; i < 2; ++i) {
    const auto response = shard.run(client.get("/hosts.json?zone=a"));
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == "body");
    CHECK(response->field("content-length") == "4");
  }
  CHECK(connections == 1);
  CHECK(requests[1] == "GET /hosts.json?zone=a HTTP/1.1\r\nHost: inventory.example.com\r\nUser-Agent: taut");
}

TEST_CASE_FIXTURE(Fixture, "a POST sends its body, whatever octets it has") {
  const std::string body("\0\r\n\r\n\xff", 6);
  bodySize = body.size();
  const auto response = shard.run(client.post("/dns-query", "application/dns-message", body));
  REQUIRE(response);
  CHECK(requests[0] ==
        "POST /dns-query HTTP/1.1\r\nHost: inventory.example.com\r\nUser-Agent: taut\r\nContent-Type: "
        "application/dns-message\r\nContent-Length: 6|" +
            body);
}

TEST_CASE_FIXTURE(Fixture, "a body that ends with its connection is whole, and the next request has a new one") {
  reply = "HTTP/1.1 200 OK\r\n\r\nall of it";
  closes = true;
  for (int i = 0; i < 2; ++i) CHECK(shard.run(client.get("/"))->body == "all of it");
  CHECK(connections == 2);
}

TEST_CASE_FIXTURE(Fixture, "a kept connection that ends unanswered costs a GET a second one, and a POST its answer") {
  CHECK(shard.run(client.get("/")));
  hangsUp = true;
  SUBCASE("GET") {
    CHECK_FALSE(shard.run(client.get("/")));
    CHECK(requests.size() == 3);
  }
  SUBCASE("POST") {
    CHECK_FALSE(shard.run(client.post("/", "text/plain", "")));
    CHECK(requests.size() == 2);
  }
}

TEST_CASE_FIXTURE(Fixture, "what is no HTTP, and what is too large, is an error, and its connection is not kept") {
  reply = "220 mail.example.com ESMTP\r\n";
  CHECK(shard.run(client.get("/")).error().error() == EPROTO);
  reply = "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n";
  CHECK(shard.run(client.get("/")).error().error() == EMSGSIZE);
  reply = "HTTP/1.1 200 OK\r\n" + std::string(64 * 1024, 'x');
  CHECK(shard.run(client.get("/")).error().error() == EMSGSIZE);
  CHECK(connections == 3);
}

TEST_CASE_FIXTURE(Fixture, "a response that does not come in time is an error") {
  reply = "HTTP/1.1 200 OK\r\n";
  const auto begin = clock.now();
  CHECK(shard.run(client.get("/")).error().error() == ETIMEDOUT);
  CHECK(clock.now() - begin == 10s);
}

TEST_CASE_FIXTURE(Fixture, "no target and no type of a body can add a line to the head") {
  for (const char* const target : {"", "x", "/a b", "/a\r\nX: y", "/\x7f", "/\xc3\xa4"})
    CHECK(shard.run(client.get(target)).error().error() == EINVAL);
  CHECK(shard.run(client.post("/a b", "text/plain", "")).error().error() == EINVAL);
  CHECK(shard.run(client.post("/", "text/plain\r\nX: y", "")).error().error() == EINVAL);
  CHECK_THROWS_AS(HttpClient(shard, listener.localAddress(), "a\r\nX: y"), std::invalid_argument);
  CHECK_THROWS_AS(HttpClient(shard, listener.localAddress(), ""), std::invalid_argument);
  CHECK(requests.empty());
}

}  // namespace http_client_test

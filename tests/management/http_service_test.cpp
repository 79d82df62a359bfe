#include "management/http_service.hpp"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "taut/base/clock.hpp"
#include "taut/base/unique_fd.hpp"
#include "taut/coro/task_scope.hpp"

namespace http_service_test {

using namespace std::chrono_literals;
using taut::Address;
using taut::AddressPolicy;
using taut::HttpService;
using taut::HttpStatus;
using taut::PageResponse;

namespace {

class Texts final : public taut::HttpContent {
 public:
  taut::Task<PageResponse> get(std::string_view path, taut::StopToken) override {
    using Ready = taut::Task<PageResponse>;
    if (path == "/large") return Ready::ready(PageResponse::text(HttpStatus::ok, std::string(largeSize, 'x')));
    if (path == "/text") return Ready::ready(PageResponse::text(HttpStatus::ok, "text\n"));
    return Ready::ready(taut::refusal(HttpStatus::notFound));
  }
  std::shared_ptr<const std::string> event() override {
    return std::make_shared<const std::string>("data: " + std::to_string(events) + "\n\n");
  }
  bool isDraining() override { return draining; }

  static constexpr std::size_t largeSize = 16 << 20;
  int events = 1;
  bool draining = false;
};

class Client {
 public:
  // From one of the addresses of 127.0.0.0/8.
  explicit Client(const Address& server, std::uint8_t last = 1)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage name{};
    socklen_t length = Address::v4({127, 0, 0, last}).toSockaddr(name);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&name), length) == 0);
    length = server.toSockaddr(name);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&name), length) == 0);
  }
  void send(std::string_view text) {
    REQUIRE(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  void get(std::string_view path) { send("GET " + std::string(path) + " HTTP/1.1\r\nHost: taut\r\n\r\n"); }

  // What has come since it was asked last.
  std::string received() {
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
      const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      ended_ |= count == 0;
      if (count <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  bool ended() {
    received();
    return ended_;
  }

 private:
  taut::UniqueFd fd_;
  bool ended_ = false;
};

// A service whose time stands still.
struct Serving {
  explicit Serving(const char* network = "127.0.0.0/8") {
    policy.allow(network);
    taut::TcpListener listener = taut::TcpListener::bind(shard, Address::loopbackV4());
    address = listener.localAddress();
    scope.spawn(service.serve(std::move(listener), accept.token(), stop.token()));
  }
  Serving(const Serving&) = delete;
  ~Serving() {
    accept.requestStop();
    stop.requestStop();
    turn(20);
    CHECK(scope.empty());
  }

  void turn(int times = 20) {
    while (times-- > 0) shard.poll();
  }
  void pass(taut::Duration duration) {
    clock.advance(duration);
    turn();
  }
  static taut::ShardOptions optionsWith(taut::Clock& clock) {
    taut::ShardOptions options;
    options.clock = &clock;
    return options;
  }

  taut::ManualClock clock;
  taut::Shard shard{optionsWith(clock)};
  AddressPolicy policy{AddressPolicy::Action::refuse};
  Texts texts;
  HttpService service{shard, policy, texts};
  taut::StopSource accept;
  taut::StopSource stop;
  taut::TaskScope scope;
  Address address;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a connection carries one request after another") {
  Serving serving;
  Client client(serving.address);
  for (int i = 0; i < 3; ++i) {
    client.get("/text");
    serving.turn();
    const std::string response = client.received();
    CHECK(response.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(contains(response, "\r\nContent-Length: 5\r\n"));
    CHECK(contains(response, "\r\nConnection: keep-alive\r\n"));
    CHECK(response.ends_with("\r\n\r\ntext\n"));
  }
  client.get("/nothing");
  serving.turn();
  CHECK(client.received().starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(!client.ended());
}

TEST_CASE("HEAD gets the head that GET would get, and no body") {
  Serving serving;
  Client client(serving.address);
  client.send("HEAD /text HTTP/1.1\r\nHost: taut\r\n\r\n");
  serving.turn();
  const std::string response = client.received();
  CHECK(contains(response, "\r\nContent-Length: 5\r\n"));
  CHECK(response.ends_with("\r\n\r\n"));
}

TEST_CASE("a response larger than the socket's buffer arrives whole") {
  Serving serving;
  Client client(serving.address);
  client.send("GET /large HTTP/1.0\r\n\r\n");
  std::string response;
  for (int i = 0; i < 10'000 && !client.ended(); ++i) {
    serving.turn(1);
    response += client.received();
  }
  CHECK(response.size() == response.find("\r\n\r\n") + 4 + Texts::largeSize);
}

TEST_CASE("a client that takes nothing of a response for five seconds loses its connection") {
  Serving serving;
  Client client(serving.address);
  client.get("/large");
  serving.turn(1000);
  CHECK(serving.service.connections() == 1);
  serving.pass(4s);
  CHECK(serving.service.connections() == 1);
  for (int i = 0; i < 3; ++i) serving.pass(6s);
  CHECK(serving.service.connections() == 0);
}

TEST_CASE("a connection ends where a whole head has not come within five seconds") {
  Serving serving;
  Client client(serving.address);
  client.send("GET /text HT");
  serving.turn();
  serving.pass(4s);
  client.send("TP/1.1\r\n");
  serving.turn();
  CHECK(serving.service.connections() == 1);
  serving.pass(2s);
  CHECK(serving.service.connections() == 0);
  CHECK(client.ended());
}

TEST_CASE("what is no request is refused, and the connection ends") {
  Serving serving;
  Client client(serving.address);
  client.send("rubbish\r\n\r\nGET /text HTTP/1.1\r\nHost: taut\r\n\r\n");
  serving.turn();
  const std::string response = client.received();
  CHECK(response.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(!contains(response, "200 OK"));
  CHECK(client.ended());
  serving.pass(2s);
  CHECK(serving.service.connections() == 0);
}

TEST_CASE("clients outside the networks that may read are told so, and take no place of others") {
  Serving serving("192.0.2.0/24");
  std::vector<Client> clients;
  for (std::size_t i = 0; i < 40; ++i) clients.emplace_back(serving.address);
  serving.turn(200);
  CHECK(serving.service.connections() == 0);
  CHECK(clients.front().received().starts_with("HTTP/1.1 403 Forbidden\r\n"));
  for (Client& client : clients) CHECK(client.ended());
}

TEST_CASE("one connection too many ends the oldest that waits for a request of the client that holds most") {
  Serving serving;
  Client other(serving.address, 2);
  serving.turn();
  std::vector<Client> greedy;
  for (std::size_t i = 1; i < HttpService::maxConnections; ++i) {
    greedy.emplace_back(serving.address);
    if (i == 1) greedy.back().get("/large");
    serving.turn();
  }
  CHECK(serving.service.connections() == HttpService::maxConnections);
  std::vector<Client> late;
  for (const std::uint8_t last : {std::uint8_t{3}, std::uint8_t{1}}) {
    late.emplace_back(serving.address, last);
    late.back().get("/text");
    serving.turn();
    CHECK(late.back().received().ends_with("text\n"));
    CHECK(serving.service.connections() == HttpService::maxConnections);
  }
  CHECK(!greedy[0].ended());
  CHECK(greedy[1].ended());
  CHECK(greedy[2].ended());
  CHECK(!greedy[3].ended());
  other.get("/text");
  serving.turn();
  CHECK(other.received().ends_with("text\n"));
}

TEST_CASE("a client whose requests take all places gives one up for others, and none for itself") {
  Serving serving;
  std::vector<Client> greedy;
  for (std::size_t i = 0; i < HttpService::maxConnections; ++i) {
    greedy.emplace_back(serving.address);
    greedy.back().get("/large");
  }
  serving.turn(200);
  CHECK(serving.service.connections() == HttpService::maxConnections);
  Client own(serving.address);
  serving.turn();
  CHECK(own.received().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  Client other(serving.address, 2);
  other.get("/text");
  serving.turn();
  CHECK(other.received().ends_with("text\n"));
}

TEST_CASE("each watcher gets the last event at once, and each new one") {
  Serving serving;
  Client first(serving.address);
  Client second(serving.address);
  first.get("/events");
  second.get("/events");
  serving.turn();
  const std::string begin = first.received();
  CHECK(contains(begin, "\r\nContent-Type: text/event-stream\r\n"));
  CHECK(begin.ends_with("\r\n\r\ndata: 1\n\n"));
  CHECK(serving.service.watchers() == 2);
  second.received();
  serving.texts.events = 2;
  serving.service.sendEvent();
  serving.turn();
  CHECK(first.received() == "data: 2\n\n");
  CHECK(second.received() == "data: 2\n\n");
}

TEST_CASE("a client that takes all places of watchers gives one up for another") {
  Serving serving;
  std::vector<Client> greedy;
  for (std::size_t i = 0; i < HttpService::maxWatchers; ++i) {
    greedy.emplace_back(serving.address);
    greedy.back().get("/events");
    serving.turn();
  }
  Client other(serving.address, 2);
  other.get("/events");
  serving.turn();
  CHECK(other.received().ends_with("data: 1\n\n"));
  CHECK(serving.service.watchers() == HttpService::maxWatchers);
  CHECK(greedy[0].ended());
  CHECK(!greedy[1].ended());
}

TEST_CASE("watchers leave room for others") {
  Serving serving;
  std::vector<Client> clients;
  for (std::size_t i = 0; i <= HttpService::maxWatchers; ++i) {
    clients.emplace_back(serving.address);
    clients.back().get("/events");
    serving.turn();
  }
  CHECK(serving.service.watchers() == HttpService::maxWatchers);
  CHECK(clients.back().received().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  Client other(serving.address);
  other.get("/text");
  serving.turn();
  CHECK(other.received().ends_with("text\n"));
}

TEST_CASE("a stop ends the connections of watchers and of those that rest") {
  Serving serving;
  Client watcher(serving.address);
  watcher.get("/events");
  Client resting(serving.address);
  serving.turn();
  CHECK(serving.service.connections() == 2);
  serving.stop.requestStop();
  serving.turn();
  CHECK(serving.service.connections() == 0);
  CHECK(watcher.ended());
  CHECK(resting.ended());
}

TEST_CASE("while the server drains, a connection ends with its next response") {
  Serving serving;
  Client client(serving.address);
  client.get("/text");
  serving.turn();
  client.received();
  serving.texts.draining = true;
  client.get("/text");
  serving.turn();
  CHECK(contains(client.received(), "\r\nConnection: close\r\n"));
  CHECK(client.ended());
}

TEST_CASE("connections that wait when no more are accepted are answered, which another process may not hear of") {
  Serving serving;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(std::make_unique<Client>(serving.address));
  serving.accept.requestStop();
  serving.turn();
  for (const auto& client : clients) client->get("/text");
  serving.turn();
  for (const auto& client : clients) CHECK(client->received().ends_with("text\n"));
}

}  // namespace http_service_test

// A shard with a clock that is turned by hand, a listener on loopback whose connections a ServerFactory serves, and a
// client that is a coroutine on the same shard.
//
// Where nothing can happen any more the clock jumps to the next deadline, so a test of time-outs takes no time, and a
// reply that never comes ends the test instead of hanging it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "messages.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/shard.hpp"
#include "taut/net/stream_buffers.hpp"
#include "taut/net/tcp_listener.hpp"
#include "taut/net/tcp_stream.hpp"
#include "taut/server/server_factory.hpp"
#include "taut/server/stream_connection.hpp"
#include "test_resolver.hpp"

namespace taut {

// A query with this ID, as a stream carries it.
inline Bytes numbered(std::string_view name, std::uint16_t id) {
  QueryShape shape;
  shape.id = id;
  return framed(makeQuery(name, Type::A, shape));
}

class StreamClient {
 public:
  explicit StreamClient(TcpStream stream) : stream_(std::move(stream)) {}

  TcpStream& stream() { return stream_; }

  Task<bool> write(const Bytes& bytes) {
    Deadline deadline(stream_.shard(), patience);
    const IoResult written = co_await stream_.writeAll(bytes, deadline.token());
    co_return written.ok();
  }

  // The next message; nothing at the end of the stream, on a reset, or when none comes.
  Task<std::optional<Bytes>> read() {
    std::array<std::uint8_t, 2> length{};
    Deadline deadline(stream_.shard(), patience);
    const IoResult head = co_await stream_.readExactly(length, deadline.token());
    gaveUp = deadline.expired();
    if (head.value() < length.size()) co_return std::nullopt;
    Bytes message(loadU16(length.data()));
    const IoResult body = co_await stream_.readExactly(message, deadline.token());
    gaveUp = deadline.expired();
    if (body.value() < message.size()) co_return std::nullopt;
    co_return message;
  }

  // The ID of the next reply; nothing where there is none.
  Task<std::optional<std::uint16_t>> readId() {
    const auto message = co_await read();
    if (!message) co_return std::nullopt;
    co_return ParsedReply(*message).id;
  }

  // Whether the server closes without another message.
  Task<bool> closedByServer() {
    const auto message = co_await read();
    co_return !message && !gaveUp;
  }

  bool gaveUp = false;

 private:
  static constexpr std::chrono::hours patience{1};

  TcpStream stream_;
};

class StreamFixture {
 public:
  using Body = Task<> (*)(StreamFixture& fixture, StreamClient& client);

  explicit StreamFixture(std::shared_ptr<ServerFactory> given = {})
      : shard(options()),
        resolver(std::make_shared<TestResolver>(&shard)),
        factory(given ? std::move(given)
                      : std::make_shared<ServerFactory>(ServerFactory::Resolvers{resolver}, ServerFactory::Caches{},
                                                        ServerFactory::Resolvers{})),
        buffers(shard, 16, 4096),
        listener(TcpListener::bind(shard, Address::loopbackV4())) {
    factory->setClock(clock);
    clock.skipIdle(std::chrono::milliseconds(30));
    setLimits({});
  }

  void setLimits(const StreamLimits& limits) {
    factory->setProtocol([limits](ServerFactory& server, const Address& peer) {
      return std::make_unique<StreamConnection>(server, peer, limits);
    });
  }

  // Connects, runs the body, and then ends as a server does: stop, abort, join.
  void run(Body body) { shard.run(runBody(body)); }

  // Until nothing can happen any more but by a deadline.
  Task<> settle() { co_await sleepFor(shard, std::chrono::nanoseconds(1)); }
  // A few turns of the loop: enough for what was written to arrive, as a rule.
  Task<> someTurns() {
    for (int i = 0; i < 5; ++i) co_await sleepFor(shard, std::chrono::nanoseconds(0));
  }
  Task<StreamClient> connect() {
    auto stream = co_await TcpStream::connect(shard, listener.localAddress());
    if (!stream) throw std::runtime_error("connect: " + stream.error().message());
    co_return StreamClient(std::move(*stream));
  }
  std::size_t connections() const { return factory->connections().size(); }
  bool allServed() const { return connected.empty(); }

  ManualClock clock;
  Shard shard;
  std::shared_ptr<TestResolver> resolver;
  std::shared_ptr<ServerFactory> factory;
  StreamBuffers buffers;
  TcpListener listener;
  StopSource stop;
  StopSource abort;
  StreamContext context{buffers, stop.token(), abort.token()};
  TaskScope connected;

 private:
  ShardOptions options() {
    ShardOptions options;
    options.clock = &clock;
    return options;
  }

  Task<> runBody(Body body) {
    TaskScope scope;
    scope.spawn(acceptAll());
    std::exception_ptr failure;
    try {
      StreamClient client = co_await connect();
      co_await body(*this, client);
    } catch (...) {
      failure = std::current_exception();
    }
    stop.requestStop();
    abort.requestStop();
    co_await scope.join();
    co_await connected.join();
    if (failure) std::rethrow_exception(failure);
  }

  Task<> acceptAll() {
    auto streams = listener.acceptMany(stop.token());
    while (auto stream = co_await streams.next()) serve(std::move(*stream));
  }

  void serve(TcpStream stream) {
    auto connection = factory->buildProtocol(stream.peer());
    if (connection) connected.spawn(StreamConnection::serve(std::move(connection), std::move(stream), context));
  }
};

}  // namespace taut

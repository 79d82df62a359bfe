#include "http_service.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <utility>

#include "accept_loop.hpp"
#include "counting.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/io_result.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds requestPatience{5};  // for a whole head, and for each piece of a response
constexpr std::chrono::seconds lingering{1};
constexpr std::size_t bodyPieceSize = 64 << 10;  // octets
constexpr std::size_t maxRefused = 16;
constexpr std::string_view eventsPath = "/events";
constexpr std::string_view nothing;

}  // namespace

// One connection that is served: a place among those of its client.
struct HttpService::Connection final : ClientShares::Place {
  explicit Connection(TcpStream accepted) : stream(std::move(accepted)) {}

  TcpStream stream;
  bool rests = true;  // waits for a request
};

struct HttpService::Watcher final : ClientShares::Place {
  explicit Watcher(TcpStream& watching) : stream(watching) {}

  TcpStream& stream;
};

Task<> HttpService::serve(TcpListener listener, StopToken accept, StopToken stop) {
  TaskScope scope;
  auto streams = listener.acceptMany(accept);
  const std::function<void(TcpStream)> start = [&](TcpStream stream) {
    startConnection(std::move(stream), scope, stop);
  };
  co_await acceptConnections(shard_, streams, "HTTP", start, accept);
  co_await scope.join();
}

void HttpService::startConnection(TcpStream stream, TaskScope& scope, StopToken stop) {
  HttpStatus status = HttpStatus::ok;
  if (!policy_.allows(stream.peer()))
    status = HttpStatus::forbidden;
  else if (!hasRoomFor(stream.peer()))
    status = HttpStatus::unavailable;
  if (status == HttpStatus::ok)
    scope.spawn(serveConnection(std::move(stream), stop));
  else if (refused_ < maxRefused)
    scope.spawn(refuseConnection(std::move(stream), status, stop));
}

// Takes a place from the client that holds most of them, where all are taken. A request in work is cut short only where
// the new client holds fewer places.
bool HttpService::hasRoomFor(const Address& client) {
  if (connections_.size() < maxConnections) return true;
  const auto rests = [](const ClientShares::Place& held) { return static_cast<const Connection&>(held).rests; };
  auto& displaced = static_cast<Connection&>(*connections_.next(rests));
  if (!displaced.rests && connections_.sizeOf(client) + 1 >= connections_.sizeOf(displaced.stream.peer())) return false;
  displaced.release();
  displaced.stream.shutdown();
  return true;
}

// Browsers connect again, so a client that holds as many does not take turns with itself.
bool HttpService::hasRoomForWatcher(const Address& client) {
  if (watchers_.size() < maxWatchers) return true;
  auto& displaced = static_cast<Watcher&>(*watchers_.next());
  if (watchers_.sizeOf(client) + 1 >= watchers_.sizeOf(displaced.stream.peer())) return false;
  displaced.release();
  displaced.stream.shutdown();
  return true;
}

Task<> HttpService::serveConnection(TcpStream stream, StopToken stop) {
  Connection connection(std::move(stream));
  try {
    connections_.add(connection, connection.stream.peer());
    co_await answerRequests(connection, stop);
  } catch (const std::exception& error) {
    log::error("HTTP: a request of {} failed: {}", connection.stream.peer(), reasonOf(error));
  }
}

Task<> HttpService::refuseConnection(TcpStream stream, HttpStatus status, StopToken stop) {
  const Counting counting(refused_);
  const PageResponse response = refusal(status);
  const std::string head = headOf(response, false);
  const bool written = co_await write(stream, head, response.content(), stop);
  if (written) co_await endWriting(stream, stop);
}

Task<> HttpService::answerRequests(Connection& connection, StopToken stop) {
  TcpStream& stream = connection.stream;
  HttpRequestReader reader;
  for (bool goesOn = true; goesOn;) {
    connection.rests = true;
    goesOn = co_await readHead(stream, reader, stop);
    if (!goesOn || !policy_.allows(stream.peer())) co_return;
    connection.rests = false;
    const HttpHead head = reader.take();
    goesOn = co_await respond(stream, head, stop);
  }
  co_await endWriting(stream, stop);
}

// False where the peer has ended the connection, or was too slow.
Task<bool> HttpService::readHead(TcpStream& stream, HttpRequestReader& reader, StopToken stop) {
  Deadline deadline(shard_, requestPatience, stop);
  std::array<std::uint8_t, 1024> buffer;
  while (!reader.hasHead()) {
    const IoResult read = co_await stream.readSome(buffer, deadline.token());
    if (read.value() == 0) co_return false;
    reader.put(ByteSpan(buffer.data(), read.value()));
  }
  co_return true;
}

// Whether another request may follow.
Task<bool> HttpService::respond(TcpStream& stream, const HttpHead& head, StopToken stop) {
  const bool wantsEvents = head.ok() && head.request.path == eventsPath;
  if (wantsEvents && head.request.head) {
    const std::string text = headOfEvents();
    co_await write(stream, text, nothing, stop);
    co_return false;
  }
  if (wantsEvents && hasRoomForWatcher(stream.peer())) {
    co_await sendEvents(stream, stop);
    co_return false;
  }
  PageResponse response;
  if (wantsEvents || !head.ok()) {
    response = refusal(wantsEvents ? HttpStatus::unavailable : head.status);
  } else {
    PageResponse found = co_await content_.get(head.request.path, stop);
    response = std::move(found);
  }
  const bool keepAlive = head.request.keepAlive && !content_.isDraining();
  const std::string responseHead = headOf(response, keepAlive);
  const std::string_view body = head.request.head ? nothing : response.content();
  const bool written = co_await write(stream, responseHead, body, stop);
  const bool goesOn = written && keepAlive;
  co_return goesOn;
}

// A watcher that is too slow for an event misses it, and gets the next one.
Task<> HttpService::sendEvents(TcpStream& stream, StopToken stop) {
  Watcher watcher(stream);
  watchers_.add(watcher, stream.peer());
  const std::string head = headOfEvents();
  bool goesOn = co_await write(stream, head, nothing, stop);
  while (goesOn && policy_.allows(stream.peer())) {
    const std::shared_ptr<const std::string> event = content_.event();
    goesOn = co_await write(stream, *event, nothing, stop);
    if (!goesOn) break;
    goesOn = co_await newEvent_.wait(stop);
  }
}

void HttpService::sendEvent() noexcept {
  newEvent_.set();
  newEvent_.reset();
}

// The body leaves from where it lies, its first piece together with the head.
Task<bool> HttpService::write(TcpStream& stream, std::string_view head, std::string_view body, StopToken stop) {
  Deadline deadline(shard_, requestPatience, stop);
  do {
    const ByteSpan piece = asBytes(body.substr(0, bodyPieceSize));
    const IoResult written = co_await stream.writeAll(asBytes(head), piece, deadline.token());
    if (!written) co_return false;
    head = {};
    body.remove_prefix(piece.size());
    deadline.restart(requestPatience);
  } while (!body.empty());
  co_return true;
}

// Waits until the peer has ended the connection too: closing with octets unread would reset it, and the peer might not
// read the response.
Task<> HttpService::endWriting(TcpStream& stream, StopToken stop) {
  stream.shutdownWrite();
  Deadline deadline(shard_, lingering, stop);
  std::array<std::uint8_t, 1024> buffer;
  for (;;) {
    const IoResult read = co_await stream.readSome(buffer, deadline.token());
    if (read.value() == 0) co_return;
  }
}

}  // namespace taut

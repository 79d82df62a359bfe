#include "http_service.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include "counting.hpp"
#include "taut/base/bytes.hpp"
#include "taut/base/log.hpp"
#include "taut/base/reason.hpp"
#include "taut/io/deadline.hpp"
#include "taut/io/io_result.hpp"
#include "taut/io/sleep.hpp"

namespace taut {

namespace {

constexpr std::chrono::seconds patience{5};  // for a whole head, and for each piece of a response
constexpr std::chrono::seconds lingering{1};
constexpr std::size_t pieceSize = 64 << 10;  // octets
constexpr std::size_t maxRefused = 16;
constexpr std::string_view eventsPath = "/events";

}  // namespace

Task<> HttpService::serve(TcpListener listener, StopToken stop) {
  constexpr std::chrono::milliseconds pause{10};
  TaskScope scope;
  auto streams = listener.acceptMany(stop);
  for (bool open = true; open;) {
    try {
      auto stream = co_await streams.next();
      open = stream.has_value();
      if (open) startConnection(std::move(*stream), scope, stop);
      continue;
    } catch (const std::bad_alloc&) {
      log::warning("HTTP: a connection is refused: there is no memory for it");
    }
    co_await sleepFor(shard_, pause, stop);
  }
  co_await scope.join();
}

void HttpService::startConnection(TcpStream stream, TaskScope& scope, StopToken stop) {
  if (!policy_.allows(stream.peer())) {
    if (refused_ < maxRefused) scope.spawn(refuseConnection(std::move(stream), HttpStatus::forbidden, stop));
  } else if (connections_ == maxConnections) {
    if (refused_ < maxRefused) scope.spawn(refuseConnection(std::move(stream), HttpStatus::unavailable, stop));
  } else {
    scope.spawn(serveConnection(std::move(stream), stop));
  }
}

Task<> HttpService::serveConnection(TcpStream stream, StopToken stop) {
  const Counting counting(connections_);
  try {
    co_await answerRequests(stream, stop);
  } catch (const std::exception& error) {
    log::error("HTTP: a request of {} failed: {}", stream.peer(), reasonOf(error));
  }
}

Task<> HttpService::refuseConnection(TcpStream stream, HttpStatus status, StopToken stop) {
  const Counting counting(refused_);
  const HttpResponse response = refusal(status);
  const std::string text = headOf(response, false) + response.body;
  const bool written = co_await write(stream, text, stop);
  if (written) co_await endWriting(stream, stop);
}

Task<> HttpService::answerRequests(TcpStream& stream, StopToken stop) {
  HttpRequestReader reader;
  for (bool goesOn = true; goesOn;) {
    goesOn = co_await readHead(stream, reader, stop);
    if (!goesOn) co_return;
    const HttpHead head = reader.take();
    goesOn = co_await respond(stream, head, stop);
  }
  co_await endWriting(stream, stop);
}

// False where the peer has ended the connection, or was too slow.
Task<bool> HttpService::readHead(TcpStream& stream, HttpRequestReader& reader, StopToken stop) {
  Deadline deadline(shard_, patience, stop);
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
    co_await write(stream, text, stop);
    co_return false;
  }
  if (wantsEvents && watchers_ < maxWatchers) {
    co_await sendEvents(stream, stop);
    co_return false;
  }
  HttpResponse response;
  if (wantsEvents || !head.ok()) {
    response = refusal(wantsEvents ? HttpStatus::unavailable : head.status);
  } else {
    HttpResponse found = co_await content_.get(head.request.path, stop);
    response = std::move(found);
  }
  const bool keepAlive = head.request.keepAlive && !content_.isDraining();
  std::string text = headOf(response, keepAlive);
  if (!head.request.head) text += response.body;
  const bool written = co_await write(stream, text, stop);
  const bool goesOn = written && keepAlive;
  co_return goesOn;
}

// A watcher that is too slow for an event misses it, and gets the next one.
Task<> HttpService::sendEvents(TcpStream& stream, StopToken stop) {
  const Counting counting(watchers_);
  const std::string head = headOfEvents();
  bool goesOn = co_await write(stream, head, stop);
  while (goesOn) {
    const std::shared_ptr<const std::string> event = content_.event();
    goesOn = co_await write(stream, *event, stop);
    if (!goesOn) break;
    goesOn = co_await newEvent_.wait(stop);
  }
}

void HttpService::sendEvent() noexcept {
  newEvent_.set();
  newEvent_.reset();
}

Task<bool> HttpService::write(TcpStream& stream, std::string_view text, StopToken stop) {
  Deadline deadline(shard_, patience, stop);
  while (!text.empty()) {
    const ByteSpan piece = asBytes(text.substr(0, pieceSize));
    const IoResult written = co_await stream.writeAll(piece, deadline.token());
    if (!written) co_return false;
    text.remove_prefix(written.value());
    deadline.restart(patience);
  }
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

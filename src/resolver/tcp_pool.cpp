#include "taut/resolver/tcp_pool.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <new>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "taut/base/stop_token.hpp"
#include "taut/coro/event.hpp"
#include "taut/dns/query.hpp"
#include "taut/io/timer.hpp"
#include "taut/net/tcp_stream.hpp"

namespace taut {

namespace {

constexpr std::size_t lengthSize = 2;
constexpr IoResult endOfStream = IoResult::failure(ENODATA);
constexpr IoResult stopped = IoResult::failure(ECANCELED);

// Reads a message of so many octets, or nothing where the stream ends before. Memory grows with the octets that have
// come: what a server only announces costs nothing.
Task<std::optional<LocalBytes>> readMessage(TcpStream& stream, std::size_t size, StopToken stop) {
  constexpr std::size_t firstStep = 1024;
  LocalBytes message;
  for (std::size_t read = 0; read < size;) {
    message.resize(std::min(size, std::max(firstStep, 2 * read)));
    const MutableByteSpan room = MutableByteSpan(message).subspan(read);
    const IoResult some = co_await stream.readSome(room, stop);
    if (some.value() == 0) co_return std::nullopt;
    read += some.value();
  }
  co_return message;
}

}  // namespace

// A connection has a task that reads while questions wait on it, and none while it is idle.
class TcpPool::Connection final : public LocalCounted, private Timer {
 public:
  Connection(TcpPool& owner, const Address& to, Semaphore::Permit permit)
      : Timer(&timeCame), pool(owner), server(to), place(std::move(permit)) {}

  bool isIdle() const { return waiters.empty() && !reading; }
  void wait(std::chrono::milliseconds idleTime) {
    idleSince = pool.shard_.now();
    pool.shard_.timers().arm(*this, idleSince + idleTime);
  }
  using Timer::disarm;

  // Asks the reader to end. No further question is sent here.
  void breakOff() {
    retired = true;
    if (stream.isOpen()) stream.shutdown();
    stop.requestStop();
  }
  // Gives a message to the question that it answers. False where there is none.
  bool deliver(LocalBytes message);
  // Lets all questions fail.
  void end(IoResult reason);

  TcpPool& pool;
  const Address server;
  TcpStream stream{server};
  Semaphore::Permit place;
  Event ready;  // it is connected, or never will be
  Semaphore writing{1};
  StopSource stop;                                     // of the reader
  std::unordered_map<std::uint16_t, Waiter*> waiters;  // by ID
  bool reading = false;
  bool retired = false;  // takes no further questions
  TimePoint idleSince{};

 private:
  static void timeCame(Timer& timer) noexcept {
    auto& connection = static_cast<Connection&>(timer);
    connection.pool.remove(connection);
  }
};

// A question that waits for its reply.
class TcpPool::Waiter {
 public:
  Waiter(Connection& connection, std::uint16_t id) : connection_(connection), id_(id) {
    connection_.waiters.emplace(id_, this);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (done.isSet()) return;
    connection_.waiters.erase(id_);
    if (sent) connection_.retired = true;
    if (connection_.waiters.empty()) connection_.breakOff();
  }

  Reply reply = Failure(stopped);
  Event done;  // it is there
  bool sent = false;

 private:
  Connection& connection_;
  const std::uint16_t id_;
};

bool TcpPool::Connection::deliver(LocalBytes message) {
  const auto found = waiters.find(loadU16(message.data()));
  // A question that was stopped may still be answered.
  if (found == waiters.end()) return retired;
  Waiter& waiter = *found->second;
  waiters.erase(found);
  waiter.reply = std::move(message);
  // Last: the question's coroutine goes on, and may ask again here.
  waiter.done.set();
  return true;
}

void TcpPool::Connection::end(IoResult reason) {
  retired = true;
  while (!waiters.empty()) {
    Waiter& waiter = *waiters.begin()->second;
    waiters.erase(waiters.begin());
    waiter.reply = Failure(reason);
    waiter.done.set();
  }
  // Last: those that wait for the connection find that they have failed.
  ready.set();
}

TcpPool::TcpPool(Shard& shard, const TcpPoolOptions& options)
    : shard_(shard), options_(options), places_(options.maxConnections) {
  if (options.maxConnections == 0 || options.maxPerServer == 0)
    throw std::invalid_argument("a pool of connections that allows none");
}

TcpPool::~TcpPool() = default;

Task<TcpPool::Reply> TcpPool::exchange(Address server, ByteSpan query, StopToken stop) {
  assert(query.size() >= messageHeaderSize);
  const std::uint16_t id = loadU16(query.data());
  for (bool again = false;; again = true) {
    const LocalRef<Connection> connection = co_await connectionFor(server, id, again, stop);
    if (!connection) co_return Failure(stopped);
    const bool ofOthers = connection->stream.isOpen() || !connection->waiters.empty();
    Reply reply = co_await ask(*connection, query, stop);
    if (reply || again || !ofOthers || !connection->stream.isOpen() || stop.stopRequested()) co_return reply;
  }
}

// The connection that the question is sent on; null where the token stops the wait for a place.
Task<LocalRef<TcpPool::Connection>> TcpPool::connectionFor(Address server, std::uint16_t id, bool mustBeNew,
                                                           StopToken stop) {
  LocalRef<Connection> found;
  if (!mustBeNew) found = find(server, id);
  if (found) co_return found;
  Semaphore::Permit place = places_.tryAcquire();
  if (!place && closeOldestIdle()) place = places_.tryAcquire();
  if (place) co_return open(server, std::move(place));
  ++waiting_;
  Semaphore::Permit free = co_await places_.acquire(stop);
  --waiting_;
  if (!free) co_return found;
  // Others have opened connections meanwhile.
  if (!mustBeNew) found = find(server, id);
  if (!found) found = open(server, std::move(free));
  co_return found;
}

LocalRef<TcpPool::Connection> TcpPool::find(const Address& server, std::uint16_t id) {
  Connection* best = nullptr;
  std::size_t count = 0;
  for (std::size_t i = 0; i < connections_.size();) {
    Connection& connection = *connections_[i];
    const bool serves = connection.server == server && !connection.retired;
    if (serves && connection.isIdle() && !connection.stream.isQuiet()) {
      remove(connection);
      continue;
    }
    ++i;
    if (!serves) continue;
    ++count;
    if (connection.waiters.contains(id)) continue;
    if (best == nullptr || connection.waiters.size() < best->waiters.size()) best = &connection;
  }
  const bool mayOpen = count < options_.maxPerServer && (places_.available() > 0 || idle_ > 0);
  if (best == nullptr || (!best->waiters.empty() && mayOpen)) return {};
  return LocalRef<Connection>(best);
}

LocalRef<TcpPool::Connection> TcpPool::open(const Address& server, Semaphore::Permit place) {
  auto connection = makeLocalRef<Connection>(*this, server, std::move(place));
  connections_.push_back(connection);
  ++idle_;
  return connection;
}

Task<TcpPool::Reply> TcpPool::ask(Connection& connection, ByteSpan query, StopToken stop) {
  Waiter waiter(connection, loadU16(query.data()));
  use(connection);
  const bool ready = co_await connection.ready.wait(stop);
  if (!ready) co_return Failure(stopped);
  {
    const Semaphore::Permit turn = co_await connection.writing.acquire(stop);
    if (!turn) co_return Failure(stopped);
    if (!waiter.done.isSet()) {
      std::array<std::uint8_t, lengthSize> length;
      storeU16(length.data(), static_cast<std::uint16_t>(query.size()));
      const ByteSpan head(length);
      waiter.sent = true;
      const IoResult written = co_await connection.stream.writeAll(head, query, stop);
      // What has left may be a part of the query, behind which no other can be sent.
      if (!written) connection.breakOff();
    }
  }
  const bool done = co_await waiter.done.wait(stop);
  if (!done) co_return Failure(stopped);
  co_return std::move(waiter.reply);
}

// There is a question on the connection: it is read.
void TcpPool::use(Connection& connection) {
  if (connection.reading) return;
  connection.reading = true;
  connection.disarm();
  --idle_;
  try {
    readers_.spawn(serve(LocalRef<Connection>(&connection)));
  } catch (...) {
    ++idle_;
    remove(connection);
    throw;
  }
}

Task<> TcpPool::serve(LocalRef<Connection> connection) {
  IoResult end = IoResult::failure(ENOMEM);
  try {
    const IoResult read = co_await readReplies(*connection);
    end = read;
  } catch (const std::bad_alloc&) {
    // Its questions fail.
  }
  connection->reading = false;
  ++idle_;
  if (end && !connection->retired) {
    keep(*connection);
    co_return;
  }
  remove(*connection);
  connection->end(end ? endOfStream : end);
}

// Success where no question is left.
Task<IoResult> TcpPool::readReplies(Connection& connection) {
  const StopToken stop = connection.stop.token();
  if (!connection.stream.isOpen()) {
    const Address source = options_.sources.choose(connection.server);
    auto stream = co_await TcpStream::connect(shard_, connection.server, stop, source);
    if (!stream) co_return stream.error();
    connection.stream = std::move(*stream);
    connection.ready.set();
  }
  while (!connection.waiters.empty()) {
    std::array<std::uint8_t, lengthSize> length;
    const MutableByteSpan intoLength(length);
    const IoResult read = co_await connection.stream.readExactly(intoLength, stop);
    if (!read) co_return read;
    if (read.value() != length.size()) co_return endOfStream;
    auto message = co_await readMessage(connection.stream, loadU16(length.data()), stop);
    if (!message) co_return endOfStream;
    const bool isMessage = message->size() >= messageHeaderSize;
    if (!isMessage || !connection.deliver(std::move(*message))) co_return IoResult::failure(EBADMSG);
  }
  co_return IoResult();
}

void TcpPool::keep(Connection& connection) noexcept {
  try {
    if (waiting_ == 0) {
      connection.wait(options_.idleTime);
      return;
    }
  } catch (const std::bad_alloc&) {
    // Without a timer it would stay for good.
  }
  remove(connection);
}

// Of a connection that is idle; its last reference may be the pool's.
void TcpPool::remove(const Connection& connection) noexcept {
  const auto found = std::ranges::find_if(connections_, [&](const auto& one) { return one.get() == &connection; });
  if (found == connections_.end()) return;
  LocalRef<Connection> removed = std::move(*found);
  connections_.erase(found);
  --idle_;
  removed->retired = true;
  removed->disarm();
  // Last: a question that waits for the place goes on.
  removed->place.release();
}

bool TcpPool::closeOldestIdle() noexcept {
  const Connection* oldest = nullptr;
  for (const auto& connection : connections_)
    if (connection->isIdle() && (oldest == nullptr || connection->idleSince < oldest->idleSince))
      oldest = connection.get();
  if (oldest != nullptr) remove(*oldest);
  return oldest != nullptr;
}

Task<> TcpPool::close() {
  trimIdle(0);
  for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->breakOff();
  co_await readers_.join();
}

}  // namespace taut

#include "tcp_load.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "load_socket.hpp"
#include "taut/dns/query.hpp"

namespace taut {

namespace {

constexpr std::size_t prefixSize = 2;
constexpr std::size_t maxFrame = prefixSize + 65535;
constexpr std::size_t firstRoom = 4096;
constexpr auto tcpDrainTime = std::chrono::seconds(2);
constexpr auto answerTime = std::chrono::seconds(5);
constexpr timeval connectTime{3, 0};  // a server that accepts no more leaves connections waiting

std::uint16_t readNumber(const std::uint8_t* octets) {
  return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
}

}  // namespace

TcpLoad::TcpLoad(const LoadOptions& options, QueryList& queries) : options_(options), queries_(queries) {
  poll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll_) failSocket("epoll_create1");
  connections_.reserve(options_.sockets);
}

TcpLoad::Connection TcpLoad::open(std::size_t index) const {
  UniqueFd fd(::socket(options_.server.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) failSocket("socket");
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &connectTime, sizeof connectTime);
  sockaddr_storage name{};
  const socklen_t length = options_.server.toSockaddr(name);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) failSocket("connect");
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) failSocket("epoll_ctl");
  const std::size_t window = std::max<std::size_t>(1, options_.window / options_.sockets);
  return {std::move(fd), InFlight(window), {}, {}, 0, 0, false};
}

// Queries in flight on a connection that the server closed are lost.
void TcpLoad::reopen(std::size_t index) {
  tally_.lost += connections_[index].inFlight.count();
  ++tally_.reconnects;
  connections_[index] = open(index);
}

void TcpLoad::watch(std::size_t index, bool forRoom) {
  Connection& connection = connections_[index];
  if (connection.waitsForRoom == forRoom) return;
  connection.waitsForRoom = forRoom;
  epoll_event event{};
  event.events = forRoom ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = index;
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) != 0) failSocket("epoll_ctl");
}

void TcpLoad::fill(Connection& connection) {
  const auto now = LoadClock::now();
  for (std::size_t room = connection.inFlight.room(); room > 0; --room) {
    const ByteSpan query = queries_.next();
    const std::uint16_t id = connection.inFlight.add(now);
    const std::size_t at = connection.outgoing.size();
    connection.outgoing.resize(at + prefixSize + query.size());
    std::uint8_t* frame = &connection.outgoing[at];
    frame[0] = static_cast<std::uint8_t>(query.size() >> 8);
    frame[1] = static_cast<std::uint8_t>(query.size());
    std::memcpy(frame + prefixSize, query.data(), query.size());
    frame[prefixSize] = static_cast<std::uint8_t>(id >> 8);
    frame[prefixSize + 1] = static_cast<std::uint8_t>(id);
    ++tally_.sent;
  }
}

// False where the connection broke.
bool TcpLoad::write(std::size_t index) {
  Connection& connection = connections_[index];
  while (connection.sent < connection.outgoing.size()) {
    const ssize_t written = ::send(connection.fd.get(), &connection.outgoing[connection.sent],
                                   connection.outgoing.size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written > 0) {
      connection.sent += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN) {
      watch(index, true);
      return true;
    } else if (errno != EINTR) {
      return false;
    }
  }
  connection.outgoing.clear();
  connection.sent = 0;
  watch(index, false);
  return true;
}

bool TcpLoad::takeFrames(Connection& connection) {
  const auto now = LoadClock::now();
  std::size_t at = 0;
  while (connection.received - at >= prefixSize) {
    const std::size_t size = readNumber(&connection.incoming[at]);
    if (connection.received - at - prefixSize < size) break;
    if (size < messageHeaderSize) return false;
    const ByteSpan answer(&connection.incoming[at + prefixSize], size);
    const auto sentAt = connection.inFlight.remove(readNumber(answer.data()));
    if (sentAt) {
      tally_.count(answer);
      tally_.latency.add(now - *sentAt);
    } else {
      ++tally_.stray;
    }
    at += prefixSize + size;
  }
  std::memmove(connection.incoming.data(), connection.incoming.data() + at, connection.received - at);
  connection.received -= at;
  return true;
}

// False where the connection broke.
bool TcpLoad::read(std::size_t index) {
  Connection& connection = connections_[index];
  if (connection.incoming.size() - connection.received < firstRoom)
    connection.incoming.resize(std::min(connection.incoming.size() * 2 + firstRoom, 2 * maxFrame));
  const ssize_t received = ::recv(connection.fd.get(), &connection.incoming[connection.received],
                                  connection.incoming.size() - connection.received, MSG_DONTWAIT);
  if (received < 0) return errno == EAGAIN || errno == EINTR;
  if (received == 0) return false;
  connection.received += static_cast<std::size_t>(received);
  return takeFrames(connection);
}

void TcpLoad::serve(int timeoutMilliseconds, bool refill) {
  std::array<epoll_event, 256> events;
  const int ready = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), timeoutMilliseconds);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const std::size_t index = event.data.u64;
    bool open = true;
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) open = read(index);
    if (open && refill && connections_[index].outgoing.empty()) fill(connections_[index]);
    if (open) open = write(index);
    if (!open) {
      reopen(index);
      if (!refill) continue;
      fill(connections_[index]);
      write(index);
    }
  }
}

bool TcpLoad::waiting(std::size_t index) const {
  return connections_[index].inFlight.count() > 0;
}

std::size_t TcpLoad::waiting() const {
  std::size_t count = 0;
  for (const Connection& connection : connections_) count += connection.inFlight.count();
  return count;
}

void TcpLoad::saturate() {
  for (std::size_t i = 0; i < options_.sockets; ++i) connections_.push_back(open(i));
  const auto start = LoadClock::now();
  const auto end =
      start + std::chrono::duration_cast<LoadClock::duration>(std::chrono::duration<double>(options_.seconds));
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    fill(connections_[i]);
    if (!write(i)) reopen(i);
  }
  while (LoadClock::now() < end) serve(10, true);
  elapsed_ = LoadClock::now() - start;
  const auto drainEnd = LoadClock::now() + tcpDrainTime;
  while (waiting() > 0 && LoadClock::now() < drainEnd) serve(10, false);
  tally_.lost += waiting();
}

// One after the other: of thousands at once a server loses some to a full queue of the kernel.
void TcpLoad::askOnce() {
  const auto start = LoadClock::now();
  for (std::size_t i = 0; i < options_.sockets; ++i) {
    connections_.push_back(open(i));
    fill(connections_[i]);
    bool served = write(i);
    const auto end = LoadClock::now() + answerTime;
    while (served && waiting(i)) {
      serve(10, false);
      served = tally_.reconnects == 0 && LoadClock::now() < end;
    }
    if (!served) throw std::runtime_error(fmt::format("no answer on connection {}", i + 1));
  }
  elapsed_ = LoadClock::now() - start;
}

}  // namespace taut

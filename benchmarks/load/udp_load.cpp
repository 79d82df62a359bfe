#include "udp_load.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "load_socket.hpp"
#include "taut/dns/query.hpp"

namespace taut {

namespace {

constexpr int socketBuffer = 4 << 20;
constexpr auto udpDrainTime = std::chrono::milliseconds(500);

// The system's limit on the size does not matter: the window is far smaller.
void enlarge(int fd) {
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &socketBuffer, sizeof socketBuffer);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &socketBuffer, sizeof socketBuffer);
}

LoadClock::duration toDuration(double seconds) {
  return std::chrono::duration_cast<LoadClock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

UdpLoad::UdpLoad(const LoadOptions& options, QueryList& queries)
    : options_(options), queries_(queries), outgoing_(maxBatch), incoming_(maxBatch) {
  for (std::size_t i = 0; i < maxBatch; ++i) {
    outgoingParts_[i] = {outgoing_[i].data(), 0};
    incomingParts_[i] = {incoming_[i].data(), maxAnswer};
    outgoingMessages_[i] = {};
    outgoingMessages_[i].msg_hdr.msg_iov = &outgoingParts_[i];
    outgoingMessages_[i].msg_hdr.msg_iovlen = 1;
    incomingMessages_[i] = {};
    incomingMessages_[i].msg_hdr.msg_iov = &incomingParts_[i];
    incomingMessages_[i].msg_hdr.msg_iovlen = 1;
  }
  poll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!poll_) failSocket("epoll_create1");
  channels_.reserve(options_.sockets);
  for (std::size_t i = 0; i < options_.sockets; ++i) {
    channels_.push_back(openChannel());
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, channels_[i].fd.get(), &event) != 0) failSocket("epoll_ctl");
  }
}

UdpLoad::Channel UdpLoad::openChannel() const {
  UniqueFd fd(::socket(options_.server.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) failSocket("socket");
  enlarge(fd.get());
  sockaddr_storage name{};
  const socklen_t length = options_.server.toSockaddr(name);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) failSocket("connect");
  const std::size_t window =
      options_.rate > 0 ? 8192 : std::max<std::size_t>(1, options_.window / std::max<std::size_t>(1, options_.sockets));
  return {std::move(fd), InFlight(window)};
}

void UdpLoad::send(Channel& channel, std::size_t count, LoadClock::time_point due) {
  for (std::size_t i = 0; i < count; ++i) {
    const ByteSpan query = queries_.next();
    const std::uint16_t id = channel.inFlight.add(due);
    std::memcpy(outgoing_[i].data(), query.data(), query.size());
    outgoing_[i][0] = static_cast<std::uint8_t>(id >> 8);
    outgoing_[i][1] = static_cast<std::uint8_t>(id);
    outgoingParts_[i].iov_len = query.size();
  }
  // A query that the kernel does not take now counts as sent and lost, as on a wire.
  tally_.sent += count;
  std::size_t done = 0;
  while (done < count) {
    const int sent =
        ::sendmmsg(channel.fd.get(), &outgoingMessages_[done], static_cast<unsigned>(count - done), MSG_DONTWAIT);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR && errno != ECONNREFUSED) {
      break;
    }
  }
}

bool UdpLoad::receive(Channel& channel) {
  const int received = ::recvmmsg(channel.fd.get(), incomingMessages_.data(), maxBatch, MSG_DONTWAIT, nullptr);
  if (received <= 0) return false;
  const auto now = LoadClock::now();
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
    const ByteSpan answer(incoming_[i].data(), incomingMessages_[i].msg_len);
    if (answer.size() < messageHeaderSize) continue;
    const auto sentAt = channel.inFlight.remove(static_cast<std::uint16_t>(answer[0] << 8 | answer[1]));
    if (!sentAt) {
      ++tally_.stray;
      continue;
    }
    tally_.count(answer);
    tally_.latency.add(now - *sentAt);
  }
  return true;
}

// Sends in whole batches, so that the server is handed many at once, as under a real load.
void UdpLoad::refill(Channel& channel) {
  const std::size_t room = channel.inFlight.room();
  const std::size_t batch = std::min(options_.batch, maxBatch);
  if (room >= batch || (room > 0 && channel.inFlight.count() <= room)) {
    send(channel, std::min(room, batch), LoadClock::now());
  }
}

// Receives what has come on any socket; false where nothing has.
bool UdpLoad::receiveAll() {
  if (channels_.size() == 1) return receive(channels_[0]);
  std::array<epoll_event, 256> events;
  const int ready = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < ready; ++i) {
    Channel& channel = channels_[events[static_cast<std::size_t>(i)].data.u64];
    if (receive(channel) && options_.rate <= 0) refill(channel);
  }
  return ready > 0;
}

void UdpLoad::expire(LoadClock::duration age) {
  const auto limit = LoadClock::now() - age;
  for (Channel& channel : channels_) tally_.lost += channel.inFlight.expire(limit);
}

std::size_t UdpLoad::waiting() const {
  std::size_t count = 0;
  for (const Channel& channel : channels_) count += channel.inFlight.count();
  return count;
}

void UdpLoad::drain() {
  const auto end = LoadClock::now() + udpDrainTime;
  while (waiting() > 0 && LoadClock::now() < end) {
    if (channels_.size() == 1) {
      receive(channels_[0]);
      continue;
    }
    for (Channel& channel : channels_) receive(channel);
  }
  expire(LoadClock::duration::zero());
}

void UdpLoad::saturate() {
  const auto start = LoadClock::now();
  const auto end = start + toDuration(options_.seconds);
  const auto lossAfter = toDuration(options_.lossAfter);
  auto nextExpiry = start + lossAfter;
  for (Channel& channel : channels_) refill(channel);
  for (auto now = start; now < end; now = LoadClock::now()) {
    receiveAll();
    if (channels_.size() == 1) refill(channels_[0]);
    if (now >= nextExpiry) {
      expire(lossAfter);
      for (Channel& channel : channels_) refill(channel);
      nextExpiry = now + lossAfter / 4;
    }
  }
  elapsed_ = LoadClock::now() - start;
  drain();
}

void UdpLoad::pace() {
  const auto start = LoadClock::now();
  const auto end = start + toDuration(options_.seconds);
  const auto lossAfter = toDuration(options_.lossAfter);
  auto nextExpiry = start + lossAfter;
  std::uint64_t sent = 0;
  const auto dueTime = [&](std::uint64_t index) {
    return start + toDuration(static_cast<double>(index) / options_.rate);
  };
  for (auto now = start; now < end; now = LoadClock::now()) {
    while (dueTime(sent) <= now) {
      Channel& channel = channels_[turn_++ % channels_.size()];
      if (channel.inFlight.room() == 0) {
        ++tally_.sent;
        ++tally_.lost;
      } else {
        send(channel, 1, dueTime(sent));
      }
      ++sent;
    }
    receiveAll();
    if (now >= nextExpiry) {
      expire(lossAfter);
      nextExpiry = now + lossAfter / 4;
    }
  }
  elapsed_ = LoadClock::now() - start;
  drain();
}

}  // namespace taut

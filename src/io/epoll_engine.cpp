#include "epoll_engine.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "taut/io/received_message.hpp"

namespace taut {

namespace {

using Kind = Request::Kind;

constexpr std::uint32_t readable = EPOLLIN | EPOLLRDHUP;
constexpr std::uint32_t writable = EPOLLOUT;
constexpr std::uint32_t ended = EPOLLHUP | EPOLLERR;

bool isWriting(Kind kind) noexcept {
  return kind == Kind::send || kind == Kind::sendMessage || kind == Kind::connect;
}

// Only the call that starts a connection gives EINPROGRESS, and only one that asks after it EALREADY.
bool wouldBlock(int result) noexcept {
  return result == -EAGAIN || result == -EWOULDBLOCK || result == -EINPROGRESS || result == -EALREADY;
}

// Makes a system call until no signal ends it. Gives its result, or a negated error number.
template <typename Call>
int callOf(const Call& call) noexcept {
  for (;;) {
    const auto result = call();
    if (result >= 0) return static_cast<int>(result);
    if (errno != EINTR) return -errno;
  }
}

// accept(2) and connect(2) have no flag that keeps them from waiting.
void makeNonBlocking(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int acceptNow(const Request& request) noexcept {
  makeNonBlocking(request.fd);
  return callOf(
      [&] { return ::accept4(request.fd, static_cast<sockaddr*>(request.data), request.addressLength, SOCK_CLOEXEC); });
}

// Asks after the connection too, once it has been started.
int connectNow(const Request& request) noexcept {
  makeNonBlocking(request.fd);
  return callOf([&] { return ::connect(request.fd, static_cast<const sockaddr*>(request.data), request.length); });
}

int pollNow(const Request& request) noexcept {
  pollfd polled{request.fd, POLLIN, 0};
  const int ready = callOf([&] { return ::poll(&polled, 1, 0); });
  if (ready == 0) return -EAGAIN;
  return ready < 0 ? ready : polled.revents;
}

int callNow(const Request& request) noexcept {
  constexpr int sendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  switch (request.kind) {
    case Kind::nothing:
      return 0;
    case Kind::send:
      return callOf([&] { return ::send(request.fd, request.data, request.length, sendFlags); });
    case Kind::sendMessage:
      return callOf([&] { return ::sendmsg(request.fd, static_cast<const msghdr*>(request.data), sendFlags); });
    case Kind::receive:
      return callOf([&] { return ::recv(request.fd, request.data, request.length, MSG_DONTWAIT); });
    case Kind::receiveMessage:
      return callOf([&] { return ::recvmsg(request.fd, static_cast<msghdr*>(request.data), MSG_DONTWAIT); });
    case Kind::accept:
      return acceptNow(request);
    case Kind::connect:
      return connectNow(request);
    case Kind::pollIn:
      return pollNow(request);
    case Kind::receiveBuffered:
    case Kind::receiveDatagrams:
      break;  // into buffers
  }
  return -EINVAL;
}

// Where the parts of a received message lie in its buffer (ReceivedMessageHeader).
struct MessageLayout {
  explicit MessageLayout(const msghdr& shape) noexcept
      : control(sizeof(ReceivedMessageHeader) + shape.msg_namelen), payload(control + shape.msg_controllen) {}

  std::size_t control;
  std::size_t payload;
};

std::uint8_t* memoryOf(const OfferedBuffer& buffer) noexcept {
  return reinterpret_cast<std::uint8_t*>(static_cast<std::uintptr_t>(buffer.address));
}

void prepareMessage(mmsghdr& message, iovec& vector, const OfferedBuffer& buffer, const msghdr& shape) noexcept {
  const MessageLayout layout(shape);
  std::uint8_t* const memory = memoryOf(buffer);
  vector = {memory + layout.payload, buffer.length - layout.payload};
  message = {};
  message.msg_hdr.msg_name = memory + sizeof(ReceivedMessageHeader);
  message.msg_hdr.msg_namelen = shape.msg_namelen;
  message.msg_hdr.msg_control = memory + layout.control;
  message.msg_hdr.msg_controllen = shape.msg_controllen;
  message.msg_hdr.msg_iov = &vector;
  message.msg_hdr.msg_iovlen = 1;
}

// Writes the header of a message that has been received. Gives how many octets of its buffer are in use.
int finishMessage(const mmsghdr& message, const OfferedBuffer& buffer, const msghdr& shape) noexcept {
  const ReceivedMessageHeader header{message.msg_hdr.msg_namelen,
                                     static_cast<std::uint32_t>(message.msg_hdr.msg_controllen), message.msg_len,
                                     static_cast<std::uint32_t>(message.msg_hdr.msg_flags)};
  std::memcpy(memoryOf(buffer), &header, sizeof header);
  const std::size_t payload = MessageLayout(shape).payload;
  return static_cast<int>(payload + std::min<std::size_t>(message.msg_len, buffer.length - payload));
}

}  // namespace

std::uint16_t EpollEngine::Group::takeFirst() noexcept {
  const std::uint16_t id = at(0).id;
  ++head_;
  return id;
}

std::uint32_t EpollEngine::Descriptor::wanted() const noexcept {
  return (reading.empty() ? 0 : readable) | (writing.empty() ? 0 : writable);
}

EpollEngine::EpollEngine() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_) return;
  const int error = errno;
  throw IoUnavailable(error, "epoll cannot be set up: " + std::generic_category().message(error), "");
}

EpollEngine::~EpollEngine() {
  assert(started_.empty());
}

void EpollEngine::submit(Operation& operation) noexcept {
  assert(!operation.inFlight());
  setState(operation, State::parked);
  started_.pushBack(operation);
}

void EpollEngine::cancel(Operation& operation) noexcept {
  if (stateOf(operation) == State::idle) return;
  const int fd = requestOf(operation).fd;
  operation.Runnable::unlink();
  forget(fd);
  complete(operation, Completion{.result = -ECANCELED});
}

std::uint16_t EpollEngine::addBuffers(std::span<OfferedBuffer> ring) {
  const auto free = std::ranges::find_if(groups_, &Group::isRemoved);
  const auto group = static_cast<std::uint16_t>(free - groups_.begin());
  if (free == groups_.end())
    groups_.emplace_back(ring);
  else
    *free = Group(ring);
  return group;
}

void EpollEngine::removeBuffers(std::uint16_t group) noexcept {
  groups_[group] = Group({});
}

std::size_t EpollEngine::carryOut(std::optional<Duration> limit) {
  std::size_t completions = tryAll(started_);
  // A batch that was full is taken up again in the next turn.
  if (completions > 0 || !started_.empty()) limit = Duration::zero();
  const auto end = limit ? Clock::system().now() + *limit : TimePoint::max();
  for (;;) {
    const std::size_t count = waitForEvents(limit);
    IntrusiveList<Operation> ready;
    collectReady(std::span(events_).first(count), ready);
    completions += tryAll(ready);
    if (completions > 0 || limit == Duration::zero()) return completions;
    // An event may concern no operation, or one that would still block, and the kernel interrupts a wait for work of
    // its own. Then the wait goes on.
    if (limit) limit = end - Clock::system().now();
    if (limit && *limit <= Duration::zero()) return completions;
  }
}

std::size_t EpollEngine::tryAll(IntrusiveList<Operation>& operations) noexcept {
  // What is started meanwhile waits for the next time.
  IntrusiveList<Operation> now(std::move(operations));
  std::size_t completions = 0;
  while (Operation* operation = now.popFront()) completions += tryOnce(*operation);
  return completions;
}

std::size_t EpollEngine::tryOnce(Operation& operation) noexcept {
  const Request& request = requestOf(operation);
  if (request.kind == Kind::receiveDatagrams) return receiveDatagrams(operation);
  if (request.kind == Kind::receiveBuffered) return receiveBuffered(operation);
  const int result = callNow(request);
  if (wouldBlock(result)) return waitFor(operation);
  complete(operation, Completion{.result = result});
  return 1;
}

std::size_t EpollEngine::receiveBuffered(Operation& operation) noexcept {
  const Request& request = requestOf(operation);
  Group& group = groups_[request.bufferGroup];
  Completion completion{.result = -ENOBUFS};
  if (group.available() > 0) {
    const OfferedBuffer& buffer = group.at(0);
    const std::uint32_t length = request.length > 0 ? std::min(request.length, buffer.length) : buffer.length;
    completion.result = callOf([&] { return ::recv(request.fd, memoryOf(buffer), length, MSG_DONTWAIT); });
    if (wouldBlock(completion.result)) return waitFor(operation);
  }
  completion.hasBuffer = completion.result > 0;
  if (completion.hasBuffer) completion.buffer = group.takeFirst();
  complete(operation, completion);
  return 1;
}

std::size_t EpollEngine::receiveDatagrams(Operation& operation) noexcept {
  const Request& request = requestOf(operation);
  const msghdr& shape = *static_cast<const msghdr*>(request.data);
  Group& group = groups_[request.bufferGroup];
  const auto room = static_cast<unsigned>(std::min(group.available(), batch));
  for (unsigned i = 0; i < room; ++i) prepareMessage(messages_[i], vectors_[i], group.at(i), shape);
  // With MSG_TRUNC the kernel tells the whole length of a datagram that was cut.
  const int count = room == 0 ? -ENOBUFS : callOf([&] {
    return ::recvmmsg(request.fd, messages_.data(), room, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  });
  if (wouldBlock(count)) return waitFor(operation);
  if (count <= 0) {
    // What arrives while there is no buffer is no event.
    forget(request.fd);
    complete(operation, Completion{.result = count});
    return 1;
  }
  for (int i = 0; i < count; ++i) {
    const int used = finishMessage(messages_[static_cast<std::size_t>(i)], group.at(0), shape);
    complete(operation, Completion{.result = used, .more = true, .hasBuffer = true, .buffer = group.takeFirst()});
  }
  const auto completions = static_cast<std::size_t>(count);
  if (completions < room) return completions + waitFor(operation);
  started_.pushBack(operation);
  return completions;
}

std::size_t EpollEngine::waitFor(Operation& operation) noexcept {
  const Request& request = requestOf(operation);
  const auto index = static_cast<std::size_t>(request.fd);
  int error = 0;
  try {
    if (index >= descriptors_.size()) descriptors_.resize(index + 1);
    Descriptor& descriptor = descriptors_[index];
    const bool writes = isWriting(request.kind);
    (writes ? descriptor.writing : descriptor.reading).pushBack(operation);
    const bool isWatched = stateOf(operation) == State::submitted;
    setState(operation, State::submitted);
    if (!isWatched || (descriptor.events & (writes ? writable : readable)) == 0) error = watch(request.fd, descriptor);
  } catch (const std::bad_alloc&) {
    error = ENOMEM;
  }
  if (error == 0) return 0;
  complete(operation, Completion{.result = -error});
  return 1;
}

// Has the kernel look at the descriptor at once too, so that no edge is lost. Gives 0 or an error number.
int EpollEngine::watch(int fd, Descriptor& descriptor) noexcept {
  epoll_event event{};
  event.events = descriptor.wanted() | EPOLLET;
  event.data.fd = fd;
  const bool known = descriptor.events != 0;
  descriptor.events = descriptor.wanted();
  if (::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0) return 0;
  // The number may have been another descriptor's, or this one have been kept where its number was forgotten.
  if (errno == ENOENT && ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return 0;
  if (errno == EEXIST && ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0) return 0;
  return errno;
}

void EpollEngine::forget(int fd) noexcept {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= descriptors_.size()) return;
  Descriptor& descriptor = descriptors_[index];
  if (descriptor.events == 0 || descriptor.wanted() != 0) return;
  descriptor.events = 0;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EpollEngine::collectReady(std::span<const epoll_event> events, IntrusiveList<Operation>& ready) noexcept {
  for (const epoll_event& event : events) {
    Descriptor& descriptor = descriptors_[static_cast<std::size_t>(event.data.fd)];
    if ((event.events & (readable | ended)) != 0) ready.append(descriptor.reading);
    if ((event.events & (writable | ended)) != 0) ready.append(descriptor.writing);
  }
}

std::size_t EpollEngine::waitForEvents(std::optional<Duration> limit) {
  const int count = isPrecise_ ? waitPrecisely(limit) : waitRoughly(limit);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
  return 0;
}

// The call came with Linux 5.11. The profile of a container that is older than it may forbid it.
int EpollEngine::waitPrecisely(std::optional<Duration> limit) noexcept {
  timespec time{};
  if (limit) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*limit);
    time.tv_sec = seconds.count();
    time.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(*limit - seconds).count();
  }
  const int count = ::epoll_pwait2(epoll_.get(), events_.data(), maxEvents, limit ? &time : nullptr, nullptr);
  if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
  isPrecise_ = false;
  return waitRoughly(limit);
}

int EpollEngine::waitRoughly(std::optional<Duration> limit) noexcept {
  constexpr std::int64_t longest = 1'000'000'000;  // milliseconds
  const std::int64_t milliseconds = limit ? std::chrono::ceil<std::chrono::milliseconds>(*limit).count() : -1;
  return ::epoll_wait(epoll_.get(), events_.data(), maxEvents, static_cast<int>(std::min(milliseconds, longest)));
}

}  // namespace taut

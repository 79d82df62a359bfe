#include "taut/net/udp_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "reply_batch.hpp"
#include "socket.hpp"
#include "taut/base/log.hpp"

namespace taut {

namespace {

constexpr auto retryPause = std::chrono::milliseconds(10);

void setDatagramOptions(int fd, const Address& address) {
  if (address.isWildcard()) {
    const bool v6 = address.isV6();
    detail::setOption(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
  }
  // An attacker can forge path MTU messages to make the kernel fragment; our replies are small enough to ignore them.
  if (address.isV4()) detail::setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  if (address.isV6()) detail::setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
}

detail::BindOptions bindOptions(const UdpOptions& options) {
  return detail::bindOptionsOf(options, "UDP", SOCK_DGRAM);
}

}  // namespace

DatagramStream::DatagramStream(Shard& shard, detail::ReplyBatch& replies, DatagramBuffers& buffers,
                               StopToken stop) noexcept
    : Operation(shard.engine()),
      Timer(&onRetry),
      shard_(shard),
      replies_(replies),
      buffers_(buffers),
      stop_(stop),
      counted_(buffers.receiveDrops_, replies.fd()) {
  shape_.msg_namelen = DatagramBuffers::nameRoom;
  shape_.msg_controllen = DatagramBuffers::controlRoom;
  request().kind = Request::Kind::receiveDatagrams;
  request().fd = replies_.fd();
  request().data = &shape_;
  request().bufferGroup = buffers_.ring_.group();
}

DatagramStream::~DatagramStream() {
  while (detail::DatagramSlot* slot = arrived_.popFront()) buffers_.release(*slot);
}

bool DatagramStream::hasNext() noexcept {
  if (!started_) {
    started_ = true;
    if (obey(stop_)) {
      arm();
    } else {
      ended_ = true;
    }
  }
  return ended_ || !arrived_.empty();
}

std::optional<Datagram> DatagramStream::take() noexcept {
  while (detail::DatagramSlot* slot = arrived_.popFront()) {
    if (slot->open(replies_)) [[likely]] {
      ++buffers_.counters_.received;
      if (slot->truncated()) ++buffers_.counters_.truncated;
      return Datagram(*slot);
    }
    buffers_.release(*slot);
  }
  return std::nullopt;
}

void DatagramStream::arm() noexcept {
  if (buffers_.ring_.offered() > 0) {
    start();
  } else {
    // A receive without a buffer fails at once, whether data has come or not.
    ++buffers_.counters_.starved;
    buffers_.ring_.waitForBuffer(*this);
  }
}

void DatagramStream::complete(const Completion& completion) noexcept {
  if (completion.hasBuffer) {
    detail::DatagramSlot& slot = buffers_.slot(completion.buffer);
    buffers_.ring_.take();
    if (completion.result >= 0) {
      slot.arrived(static_cast<std::size_t>(completion.result));
      arrived_.pushBack(slot);
    } else {
      buffers_.release(slot);
    }
  }
  if (!completion.more) disarmed(completion.result);
  if (!arrived_.empty()) resumeReader();
}

void DatagramStream::disarmed(int result) noexcept {
  if (stopping_) {
    end();
  } else if (result >= 0 || result == -ENOBUFS) {
    arm();
  } else {
    retryLater(-result);
  }
}

void DatagramStream::retryLater(int error) noexcept {
  if (!complained_)
    log::warning("receiving datagrams failed, and is tried again: {}", IoResult::failure(error).message());
  complained_ = true;
  try {
    shard_.timers().arm(*this, shard_.now() + retryPause);
  } catch (const std::bad_alloc&) {
    arm();
  }
}

void DatagramStream::stopRequested() noexcept {
  stopping_ = true;
  if (inFlight()) {
    cancel();
    return;
  }
  Timer::disarm();
  end();
}

void DatagramStream::end() noexcept {
  ended_ = true;
  resumeReader();
}

void DatagramStream::resumeReader() noexcept {
  if (reader_.hasWaiter() && !reader_.isLinked()) engine().makeRunnable(reader_);
}

void DatagramStream::onRetry(Timer& timer) noexcept {
  static_cast<DatagramStream&>(timer).arm();
}

UdpSocket::UdpSocket(Shard& shard, UniqueFd fd) noexcept : shard_(&shard), fd_(std::move(fd)) {}
UdpSocket::UdpSocket(UdpSocket&&) noexcept = default;
UdpSocket& UdpSocket::operator=(UdpSocket&&) noexcept = default;
UdpSocket::~UdpSocket() = default;

UdpSocket UdpSocket::bind(Shard& shard, const Address& address, const UdpOptions& options) {
  UniqueFd fd = detail::bindSocket(address, bindOptions(options));
  setDatagramOptions(fd.get(), address);
  return withReplies(shard, std::move(fd));
}

UdpSocket UdpSocket::adopt(Shard& shard, UniqueFd fd, const UdpOptions& options) {
  detail::adoptSocket(fd.get(), bindOptions(options));
  setDatagramOptions(fd.get(), detail::localAddressOf(fd.get()));
  return withReplies(shard, std::move(fd));
}

UdpSocket UdpSocket::withReplies(Shard& shard, UniqueFd fd) {
  UdpSocket socket(shard, std::move(fd));
  socket.replies_ = std::make_unique<detail::ReplyBatch>(shard.engine(), socket.fd());
  return socket;
}

void UdpSocket::leaveOthers() noexcept {
  Address self = localAddress();
  if (self.isWildcard()) self = self.isV4() ? Address::loopbackV4(self.port()) : Address::loopbackV6(self.port());
  detail::connectSocket(fd_.get(), self);
}

Result<UdpSocket, IoResult> UdpSocket::connect(Shard& shard, const Address& peer, const Address& source) {
  UniqueFd fd = detail::openSocket(peer.family(), SOCK_DGRAM, source);
  if (!fd) return Failure(IoResult::failure(errno));
  if (!detail::connectSocket(fd.get(), peer)) return Failure(IoResult::failure(errno));
  const bool v6 = peer.isV6();
  detail::setOption(fd.get(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVFRAGSIZE : IP_RECVFRAGSIZE, 1);
  return UdpSocket(shard, std::move(fd));
}

void UdpSocket::flushReplies() noexcept {
  replies_->flush();
}

Address UdpSocket::localAddress() const noexcept {
  return detail::localAddressOf(fd_.get());
}

UdpSocket::TransferAwaiter::TransferAwaiter(Engine& engine, Request::Kind kind, int fd, void* data, std::size_t length,
                                            StopToken stop) noexcept
    : SingleOperation(engine, stop) {
  request().kind = kind;
  request().fd = fd;
  request().data = data;
  request().length = static_cast<std::uint32_t>(length);
}

UdpSocket::TransferAwaiter UdpSocket::send(std::span<const std::uint8_t> payload, StopToken stop) noexcept {
  // The request serves both directions; sending only reads.
  auto* data = const_cast<std::uint8_t*>(payload.data());
  return {shard_->engine(), Request::Kind::send, fd_.get(), data, payload.size(), stop};
}

UdpSocket::TransferAwaiter UdpSocket::receive(std::span<std::uint8_t> buffer, StopToken stop) noexcept {
  return {shard_->engine(), Request::Kind::receive, fd_.get(), buffer.data(), buffer.size(), stop};
}

UdpSocket::ReceiveAwaiter::ReceiveAwaiter(Engine& engine, int fd, std::span<std::uint8_t> buffer,
                                          StopToken stop) noexcept
    : SingleOperation(engine, stop) {
  vector_.iov_base = buffer.data();
  vector_.iov_len = buffer.size();
  message_.msg_iov = &vector_;
  message_.msg_iovlen = 1;
  message_.msg_control = control_.data();
  message_.msg_controllen = control_.size();
  request().kind = Request::Kind::receiveMessage;
  request().fd = fd;
  request().data = &message_;
}

// The kernel tells the size of the largest fragment, and nothing of a datagram that came whole.
UdpSocket::ReceivedDatagram UdpSocket::ReceiveAwaiter::await_resume() noexcept {
  const IoResult size = SingleOperation::await_resume();
  return {size, size && message_.msg_controllen > 0};
}

UdpSocket::ReceiveAwaiter UdpSocket::receiveDatagram(std::span<std::uint8_t> buffer, StopToken stop) noexcept {
  return {shard_->engine(), fd_.get(), buffer, stop};
}

UdpSocket::SendToAwaiter::SendToAwaiter(Engine& engine, int fd, std::span<const std::uint8_t> payload,
                                        const Address& peer, StopToken stop) noexcept
    : SingleOperation(engine, stop) {
  vector_.iov_base = const_cast<std::uint8_t*>(payload.data());
  vector_.iov_len = payload.size();
  message_.msg_name = &name_;
  message_.msg_namelen = peer.toSockaddr(name_);
  message_.msg_iov = &vector_;
  message_.msg_iovlen = 1;
  request().kind = Request::Kind::sendMessage;
  request().fd = fd;
  request().data = &message_;
}

UdpSocket::SendToAwaiter UdpSocket::sendTo(std::span<const std::uint8_t> payload, const Address& peer,
                                           StopToken stop) noexcept {
  return {shard_->engine(), fd_.get(), payload, peer, stop};
}

}  // namespace taut

#include "taut/net/datagram.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "reply_batch.hpp"
#include "taut/io/received_message.hpp"

namespace taut {

namespace detail {

namespace {

template <typename T>
T load(const std::uint8_t* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The control data of a datagram is one message at most, because we ask for nothing but the address.
constexpr std::size_t messageData = CMSG_LEN(0);

bool isMessage(const std::uint8_t* control, std::size_t length, int level, int type, std::size_t size) noexcept {
  if (length < messageData + size) return false;
  const auto header = load<cmsghdr>(control);
  return header.cmsg_level == level && header.cmsg_type == type && header.cmsg_len >= messageData + size;
}

bool isPktinfo4(const std::uint8_t* control, std::size_t length) noexcept {
  return isMessage(control, length, IPPROTO_IP, IP_PKTINFO, sizeof(in_pktinfo));
}

bool isPktinfo6(const std::uint8_t* control, std::size_t length) noexcept {
  return isMessage(control, length, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(in6_pktinfo));
}

// The reply leaves from the address that was asked, by whatever interface the routes say.
void forgetInterface(std::uint8_t* control, std::size_t length) noexcept {
  if (isPktinfo4(control, length)) {
    auto info = load<in_pktinfo>(control + messageData);
    info.ipi_ifindex = 0;
    std::memcpy(control + messageData, &info, sizeof info);
  } else if (isPktinfo6(control, length)) {
    auto info = load<in6_pktinfo>(control + messageData);
    info.ipi6_ifindex = 0;
    std::memcpy(control + messageData, &info, sizeof info);
  }
}

// What tells one of our addresses that were asked from another: whole words.
std::span<const std::uint8_t> asked(const std::uint8_t* control, std::size_t length) noexcept {
  constexpr std::size_t addresses4 = offsetof(in_pktinfo, ipi_spec_dst);
  if (isPktinfo4(control, length)) return {control + messageData + addresses4, sizeof(in_pktinfo) - addresses4};
  if (isPktinfo6(control, length)) return {control + messageData, sizeof(in6_addr)};
  return {};
}

std::uint64_t mixIn(std::uint64_t hash, std::span<const std::uint8_t> words) noexcept {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  for (std::size_t at = 0; at < words.size(); at += sizeof hash) {
    hash = (hash ^ hash >> 32 ^ load<std::uint64_t>(words.data() + at)) * odd;
  }
  return hash;
}

// Linux cuts no send into more than 64 datagrams (UDP_MAX_SEGMENTS), and none that is larger than a datagram may be.
constexpr std::size_t mostSegments = 64;
constexpr std::size_t mostInSend = 65'507;
// What every path of IPv6 carries whole. A segment, other than a datagram, cannot be fragmented.
constexpr std::size_t largestSegment = 1232;
constexpr std::size_t segmentControl = CMSG_SPACE(sizeof(std::uint16_t));

template <typename T>
constexpr std::size_t alignUp(std::size_t size) noexcept {
  return (size + alignof(T) - 1) / alignof(T) * alignof(T);
}

void addSegmentSize(std::uint8_t* control, std::size_t size) noexcept {
  cmsghdr header{};
  header.cmsg_level = IPPROTO_UDP;
  header.cmsg_type = UDP_SEGMENT;
  header.cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  std::memcpy(control, &header, sizeof header);
  const auto segment = static_cast<std::uint16_t>(size);
  std::memcpy(control + messageData, &segment, sizeof segment);
}

}  // namespace

DatagramSlot::DatagramSlot(Ring& ring, DatagramBuffers& owner, std::uint16_t bufferId, std::uint8_t* data) noexcept
    : Operation(ring), buffers(owner), id(bufferId), data_(data) {
  message_.msg_iov = &vector_;
  message_.msg_iovlen = 1;
  message_.msg_name = data_ + DatagramBuffers::nameOffset;
  vector_.iov_base = data_ + DatagramBuffers::payloadOffset;
  request().kind = Request::Kind::sendMessage;
  request().data = &message_;
}

bool DatagramSlot::open(ReplyBatch& socket, std::size_t received) noexcept {
  if (received < DatagramBuffers::payloadOffset) return false;
  const auto header = load<ReceivedMessageHeader>(data_);
  const std::size_t present = received - DatagramBuffers::payloadOffset;
  batch = &socket;
  truncated = (header.flags & MSG_TRUNC) != 0;
  length = static_cast<std::uint32_t>(std::min<std::size_t>(header.payloadLength, present));
  nameLength = static_cast<std::uint32_t>(std::min<std::size_t>(header.nameLength, DatagramBuffers::nameRoom));
  controlLength = static_cast<std::uint32_t>(std::min<std::size_t>(header.controlLength, DatagramBuffers::controlRoom));
  return true;
}

std::uint8_t* DatagramSlot::control() const noexcept {
  return data_ + DatagramBuffers::controlOffset;
}

Address DatagramSlot::peer() const noexcept {
  return Address::fromSockaddr(data_ + DatagramBuffers::nameOffset, nameLength);
}

Address DatagramSlot::local() const noexcept {
  if (isPktinfo4(control(), controlLength)) {
    const auto info = load<in_pktinfo>(control() + messageData);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr = info.ipi_addr;
    return Address::fromSockaddr(&name, sizeof name);
  }
  if (isPktinfo6(control(), controlLength)) {
    const auto info = load<in6_pktinfo>(control() + messageData);
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_addr = info.ipi6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) name.sin6_scope_id = static_cast<std::uint32_t>(info.ipi6_ifindex);
    return Address::fromSockaddr(&name, sizeof name);
  }
  return {};
}

void DatagramSlot::setReply(std::size_t size) noexcept {
  vector_.iov_len = std::min(size, buffers.payloadSize());
  if (controlLength > 0) forgetInterface(control(), controlLength);
}

bool DatagramSlot::goesWhere(const DatagramSlot& other) const noexcept {
  return nameLength == other.nameLength && std::memcmp(message_.msg_name, other.message_.msg_name, nameLength) == 0 &&
         std::ranges::equal(asked(control(), controlLength), asked(other.control(), other.controlLength));
}

std::uint64_t DatagramSlot::whereHash() const noexcept {
  const std::uint8_t* name = data_ + DatagramBuffers::nameOffset;
  std::uint64_t hash = mixIn(0, {name, sizeof(std::uint64_t)});
  if (nameLength > sizeof(sockaddr_in))
    hash = mixIn(hash, {name + offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr)});
  return mixIn(hash, asked(control(), controlLength));
}

std::size_t DatagramSlot::mostInRun() const noexcept {
  const std::size_t size = vector_.iov_len;
  if (size == 0 || size > largestSegment) return 1;
  if (alignUp<cmsghdr>(controlLength) + segmentControl > DatagramBuffers::controlRoom) return 1;
  // The descriptions of the parts stand behind this slot's own reply, so they last as long as the send.
  const std::size_t room = buffers.payloadSize() - std::min(buffers.payloadSize(), alignUp<iovec>(size));
  return std::min({mostSegments, mostInSend / size, std::max<std::size_t>(1, room / sizeof(iovec))});
}

iovec* DatagramSlot::runVectors() const noexcept {
  return reinterpret_cast<iovec*>(payload() + alignUp<iovec>(vector_.iov_len));
}

void DatagramSlot::append(DatagramSlot& other) noexcept {
  iovec* vectors = runVectors();
  if (message_.msg_iovlen == 1) message_.msg_iov = ::new (vectors) iovec(vector_);
  ::new (vectors + message_.msg_iovlen++) iovec(other.vector_);
  other.others_ = std::exchange(others_, &other);
}

void DatagramSlot::send() noexcept {
  std::size_t controlSize = controlLength;
  if (others_ != nullptr) {
    ++buffers.counters_.runs;
    controlSize = alignUp<cmsghdr>(controlSize);
    addSegmentSize(control() + controlSize, vector_.iov_len);
    controlSize += segmentControl;
  }
  message_.msg_namelen = nameLength;
  message_.msg_controllen = controlSize;
  message_.msg_control = controlSize > 0 ? control() : nullptr;
  request().fd = batch->fd();
  // Nobody has an interest in the end of the send, unless for its buffer.
  request().prompt = !hasWaiter() && !buffers.ring_.hasWaiters();
  start();
}

void DatagramSlot::sendAndRelease(std::size_t size) noexcept {
  setReply(size);
  batch->add(*this);
}

// What the kernel did not want to cut it gets in single pieces.
void DatagramSlot::completeRun() noexcept {
  message_.msg_iov = &vector_;
  message_.msg_iovlen = 1;
  const bool refused = sent.error() == EIO || sent.error() == EINVAL;
  for (DatagramSlot* slot = this; slot != nullptr;) {
    DatagramSlot* const next = std::exchange(slot->others_, nullptr);
    if (sent) {
      slot->buffers.release(*slot);
    } else {
      slot->refusedInRun_ = refused;
      slot->send();
    }
    slot = next;
  }
}

void DatagramSlot::complete(const Completion& completion) noexcept {
  sent = IoResult(completion.result);
  if (others_ != nullptr) {
    completeRun();
    return;
  }
  if (!sent) ++buffers.counters_.sendFailures;
  // Where it is refused alone too, it is for its peer: port 0, say, which whoever forges addresses can pretend to have.
  if (std::exchange(refusedInRun_, false) && sent) batch->stopRuns();
  if (hasWaiter()) {
    ready();
  } else {
    buffers.release(*this);
  }
}

}  // namespace detail

DatagramBuffers::DatagramBuffers(Shard& shard, std::size_t count, std::size_t payloadSize)
    : ring_(shard.ring(), count, payloadOffset + payloadSize),
      payloadSize_(payloadSize),
      slots_(std::make_unique<std::optional<detail::DatagramSlot>[]>(count)) {
  for (std::size_t index = 0; index < count; ++index) {
    const auto id = static_cast<std::uint16_t>(index);
    slots_[index].emplace(shard.ring(), *this, id, ring_.data(id));
  }
}

}  // namespace taut

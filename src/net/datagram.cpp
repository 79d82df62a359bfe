#include "taut/net/datagram.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

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

// The control data of a datagram is one message at most: the socket asks for the local address only.
constexpr std::size_t messageData = CMSG_LEN(0);

bool isMessage(std::span<const std::uint8_t> control, int level, int type, std::size_t size) noexcept {
  if (control.size() < messageData + size) return false;
  const auto header = load<cmsghdr>(control.data());
  return header.cmsg_level == level && header.cmsg_type == type && header.cmsg_len >= messageData + size;
}

bool isPktinfo4(std::span<const std::uint8_t> control) noexcept {
  return isMessage(control, IPPROTO_IP, IP_PKTINFO, sizeof(in_pktinfo));
}

bool isPktinfo6(std::span<const std::uint8_t> control) noexcept {
  return isMessage(control, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(in6_pktinfo));
}

// The reply leaves from the address that was asked; the routes choose the interface.
void forgetInterface(std::span<std::uint8_t> control) noexcept {
  std::uint8_t* const data = control.data() + messageData;
  if (isPktinfo4(control)) {
    auto info = load<in_pktinfo>(data);
    info.ipi_ifindex = 0;
    std::memcpy(data, &info, sizeof info);
  } else if (isPktinfo6(control)) {
    auto info = load<in6_pktinfo>(data);
    info.ipi6_ifindex = 0;
    std::memcpy(data, &info, sizeof info);
  }
}

// The address that was asked, in whole words.
std::span<const std::uint8_t> askedAddress(std::span<const std::uint8_t> control) noexcept {
  constexpr std::size_t addresses4 = offsetof(in_pktinfo, ipi_spec_dst);
  if (isPktinfo4(control)) return control.subspan(messageData + addresses4, sizeof(in_pktinfo) - addresses4);
  if (isPktinfo6(control)) return control.subspan(messageData, sizeof(in6_addr));
  return {};
}

std::uint64_t mixIn(std::uint64_t hash, std::span<const std::uint8_t> words) noexcept {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
  for (std::size_t at = 0; at < words.size(); at += sizeof hash) {
    hash = (hash ^ hash >> 32 ^ load<std::uint64_t>(words.data() + at)) * odd;
  }
  return hash;
}

constexpr std::size_t segmentControl = CMSG_SPACE(sizeof(std::uint16_t));

template <typename T>
constexpr std::size_t alignUp(std::size_t size) noexcept {
  return (size + alignof(T) - 1) / alignof(T) * alignof(T);
}

}  // namespace

bool DatagramSlot::open(ReplyBatch& batch) noexcept {
  if (received_ < DatagramBuffers::payloadOffset) return false;
  const auto header = load<ReceivedMessageHeader>(data_);
  const std::size_t present = received_ - DatagramBuffers::payloadOffset;
  batch_ = &batch;
  truncated_ = (header.flags & MSG_TRUNC) != 0;
  length_ = static_cast<std::uint32_t>(std::min<std::size_t>(header.payloadLength, present));
  nameLength_ = static_cast<std::uint8_t>(std::min<std::size_t>(header.nameLength, DatagramBuffers::nameRoom));
  controlLength_ = static_cast<std::uint8_t>(std::min<std::size_t>(header.controlLength, DatagramBuffers::controlRoom));
  return true;
}

Address DatagramSlot::peer() const noexcept {
  return Address::fromSockaddr(name().data(), nameLength_);
}

Address DatagramSlot::local() const noexcept {
  if (isPktinfo4(control())) {
    const auto info = load<in_pktinfo>(control().data() + messageData);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr = info.ipi_addr;
    return Address::fromSockaddr(&name, sizeof name);
  }
  if (isPktinfo6(control())) {
    const auto info = load<in6_pktinfo>(control().data() + messageData);
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_addr = info.ipi6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) name.sin6_scope_id = static_cast<std::uint32_t>(info.ipi6_ifindex);
    return Address::fromSockaddr(&name, sizeof name);
  }
  return {};
}

void DatagramSlot::dropFront(std::size_t size) noexcept {
  const std::span<const std::uint8_t> rest = payload().subspan(std::min<std::size_t>(size, length_));
  length_ = static_cast<std::uint32_t>(rest.size());
  if (!rest.empty()) std::memmove(buffer().data(), rest.data(), rest.size());
}

void DatagramSlot::reply(std::size_t size) noexcept {
  length_ = static_cast<std::uint32_t>(std::min(size, buffers_.payloadSize()));
  if (controlLength_ > 0) forgetInterface(control());
  batch_->add(*this);
}

bool DatagramSlot::hasSamePath(const DatagramSlot& other) const noexcept {
  return std::ranges::equal(name(), other.name()) &&
         std::ranges::equal(askedAddress(control()), askedAddress(other.control()));
}

std::uint64_t DatagramSlot::pathHash() const noexcept {
  const std::span<const std::uint8_t> peer = name();
  std::uint64_t hash = mixIn(0, {peer.data(), sizeof(std::uint64_t)});
  if (peer.size() > sizeof(sockaddr_in))
    hash = mixIn(hash, peer.subspan(offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr)));
  return mixIn(hash, askedAddress(control()));
}

bool DatagramSlot::hasSegmentRoom() const noexcept {
  return alignUp<cmsghdr>(controlLength_) + segmentControl <= DatagramBuffers::controlRoom;
}

std::span<std::uint8_t> DatagramSlot::controlWithSegmentSize() const noexcept {
  std::uint8_t* const begin = data_ + DatagramBuffers::controlOffset;
  const std::size_t used = alignUp<cmsghdr>(controlLength_);
  cmsghdr header{};
  header.cmsg_level = IPPROTO_UDP;
  header.cmsg_type = UDP_SEGMENT;
  header.cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto segment = static_cast<std::uint16_t>(length_);
  std::memcpy(begin + used, &header, sizeof header);
  std::memcpy(begin + used + messageData, &segment, sizeof segment);
  return {begin, used + segmentControl};
}

}  // namespace detail

DatagramBuffers::DatagramBuffers(Shard& shard, std::size_t count, std::size_t payloadSize)
    : ring_(shard.engine(), count, payloadOffset + payloadSize),
      payloadSize_(payloadSize),
      slots_(std::make_unique<std::optional<detail::DatagramSlot>[]>(count)) {
  for (std::size_t index = 0; index < count; ++index) {
    const auto id = static_cast<std::uint16_t>(index);
    slots_[index].emplace(*this, id, ring_.data(id));
  }
}

}  // namespace taut

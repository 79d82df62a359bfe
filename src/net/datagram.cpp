#include "taut/net/datagram.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>

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

bool DatagramSlot::open(int socket, std::size_t received) noexcept {
  if (received < DatagramBuffers::payloadOffset) return false;
  const auto header = load<ReceivedMessageHeader>(data_);
  const std::size_t present = received - DatagramBuffers::payloadOffset;
  fd = socket;
  truncated = (header.flags & MSG_TRUNC) != 0;
  length = static_cast<std::uint32_t>(std::min<std::size_t>(header.payloadLength, present));
  nameLength = static_cast<std::uint32_t>(std::min<std::size_t>(header.nameLength, DatagramBuffers::nameRoom));
  controlLength = static_cast<std::uint32_t>(std::min<std::size_t>(header.controlLength, DatagramBuffers::controlRoom));
  return true;
}

Address DatagramSlot::peer() const noexcept {
  return Address::fromSockaddr(data_ + DatagramBuffers::nameOffset, nameLength);
}

Address DatagramSlot::local() const noexcept {
  const std::uint8_t* control = data_ + DatagramBuffers::controlOffset;
  if (isPktinfo4(control, controlLength)) {
    const auto info = load<in_pktinfo>(control + messageData);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr = info.ipi_addr;
    return Address::fromSockaddr(&name, sizeof name);
  }
  if (isPktinfo6(control, controlLength)) {
    const auto info = load<in6_pktinfo>(control + messageData);
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_addr = info.ipi6_addr;
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) name.sin6_scope_id = static_cast<std::uint32_t>(info.ipi6_ifindex);
    return Address::fromSockaddr(&name, sizeof name);
  }
  return {};
}

void DatagramSlot::startSend(std::size_t bytes) noexcept {
  std::uint8_t* control = data_ + DatagramBuffers::controlOffset;
  vector_.iov_len = std::min(bytes, buffers.payloadSize());
  message_.msg_namelen = nameLength;
  message_.msg_controllen = controlLength;
  message_.msg_control = controlLength > 0 ? control : nullptr;
  if (controlLength > 0) forgetInterface(control, controlLength);
  request().fd = fd;
  start();
}

void DatagramSlot::complete(const Completion& completion) noexcept {
  sent = IoResult(completion.result);
  if (!sent) ++buffers.counters_.sendFailures;
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

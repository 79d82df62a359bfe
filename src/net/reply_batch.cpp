#include "reply_batch.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace taut::detail {

namespace {

// Linux cuts a message into at most 64 datagrams (UDP_MAX_SEGMENTS), and the message is at most as large as a datagram.
constexpr std::size_t maxSegments = 64;
constexpr std::size_t maxRunSize = 65'507;
// Every path of IPv6 carries this size whole. Unlike a datagram, a segment cannot be fragmented.
constexpr std::size_t maxSegmentSize = 1232;

// A send that would wait for room in the socket fails.
constexpr int sendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

bool isOutOfRoom(int error) noexcept {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

msghdr makeMessage(const DatagramSlot& first, std::span<const std::uint8_t> control, iovec* vectors,
                   std::size_t count) noexcept {
  msghdr message{};
  message.msg_name = first.name().data();
  message.msg_namelen = static_cast<socklen_t>(first.name().size());
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  message.msg_control = control.empty() ? nullptr : const_cast<std::uint8_t*>(control.data());
  message.msg_controllen = control.size();
  return message;
}

iovec vectorOf(const DatagramSlot& slot) noexcept {
  return {slot.replyOctets().data(), slot.replyOctets().size()};
}

}  // namespace

ReplyBatch::~ReplyBatch() {
  assert(count_ == 0 && "a socket outlives its datagrams");
}

void ReplyBatch::add(DatagramSlot& slot) noexcept {
  constexpr std::uint64_t sizeMask = 0xffff;
  if (count_ == entries_.size()) flush();
  if (!isLinked()) engine_.callBeforeSubmit(*this);
  entries_[count_++] = {(slot.pathHash() | sizeMask) - slot.replyOctets().size(), &slot};
}

DatagramCounters& ReplyBatch::counters(Entries entries) const noexcept {
  return entries.front().slot->buffers().counters_;
}

void ReplyBatch::flush() noexcept {
  unlink();
  const auto entries = std::span(entries_).first(std::exchange(count_, 0));
  if (entries.empty()) return;
  if (runs_ && entries.size() > 1) std::ranges::sort(entries, {}, &Entry::key);
  messageCount_ = 0;
  for (Entries rest = entries; !rest.empty();) rest = rest.subspan(addMessage(rest));
  sendMessages(entries);
  for (const Entry& entry : entries) entry.slot->buffers().release(*entry.slot);
}

std::size_t ReplyBatch::runLength(Entries entries) const noexcept {
  const DatagramSlot& first = *entries.front().slot;
  const std::size_t size = first.replyOctets().size();
  if (!runs_ || size == 0 || size > maxSegmentSize || !first.hasSegmentRoom()) return 1;
  const std::size_t maxLength = std::min({entries.size(), maxSegments, maxRunSize / size});
  for (std::size_t length = 1; length < maxLength; ++length) {
    const DatagramSlot& next = *entries[length].slot;
    if (next.replyOctets().size() > size || !next.hasSamePath(first)) return length;
    if (next.replyOctets().size() < size) return length + 1;
  }
  return maxLength;
}

std::size_t ReplyBatch::addMessage(Entries rest) noexcept {
  const std::size_t length = runLength(rest);
  const DatagramSlot& first = *rest.front().slot;
  iovec* const vectors = &vectors_[entries_.size() - rest.size()];
  std::ranges::transform(rest.first(length), vectors, [](const Entry& entry) { return vectorOf(*entry.slot); });
  if (length > 1) ++counters(rest).runs;
  const auto control = length > 1 ? first.controlWithSegmentSize() : first.control();
  messages_[messageCount_++] = {makeMessage(first, control, vectors, length), 0};
  return length;
}

void ReplyBatch::sendMessages(Entries entries) noexcept {
  std::size_t sent = 0;
  while (sent < messageCount_) {
    const int count = ::sendmmsg(fd_, &messages_[sent], static_cast<unsigned>(messageCount_ - sent), sendFlags);
    for (int i = 0; i < count; ++i) entries = entries.subspan(messages_[sent++].msg_hdr.msg_iovlen);
    if (count > 0 || errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      counters(entries).dropped += entries.size();
      return;
    }
    const auto run = entries.first(messages_[sent++].msg_hdr.msg_iovlen);
    messageFailed(run, errno);
    entries = entries.subspan(run.size());
  }
}

// Sends the replies of a refused message one by one. If the kernel takes one, it cannot cut what this socket sends. If
// it takes none, their peer is the reason: its port may be 0, which a forged address can have.
void ReplyBatch::messageFailed(Entries run, int error) noexcept {
  if (run.size() > 1 && (error == EIO || error == EINVAL)) {
    for (const Entry& entry : run)
      if (sendAlone(*entry.slot)) runs_ = false;
  } else {
    (isOutOfRoom(error) ? counters(run).dropped : counters(run).sendFailures) += run.size();
  }
}

bool ReplyBatch::sendAlone(const DatagramSlot& slot) noexcept {
  iovec vector = vectorOf(slot);
  const msghdr message = makeMessage(slot, slot.control(), &vector, 1);
  if (::sendmsg(fd_, &message, sendFlags) >= 0) return true;
  DatagramCounters& counters = slot.buffers().counters_;
  ++(isOutOfRoom(errno) ? counters.dropped : counters.sendFailures);
  return false;
}

}  // namespace taut::detail

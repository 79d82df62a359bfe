#include "reply_batch.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace taut::detail {

ReplyBatch::~ReplyBatch() {
  assert(count_ == 0 && "a socket outlives its datagrams");
}

void ReplyBatch::add(DatagramSlot& slot) noexcept {
  constexpr std::uint64_t sizeMask = 0xffff;
  if (count_ == entries_.size()) beforeSubmit();
  if (!isLinked()) ring_.callBeforeSubmit(*this);
  entries_[count_++] = {(slot.whereHash() | sizeMask) - slot.replySize(), &slot};
}

void ReplyBatch::beforeSubmit() noexcept {
  const auto entries = std::span(entries_).first(std::exchange(count_, 0));
  if (runs_ && entries.size() > 1) std::ranges::sort(entries, {}, &Entry::key);
  for (std::size_t begin = 0; begin < entries.size();) {
    const auto rest = entries.subspan(begin);
    const std::size_t length = runs_ ? runLength(rest) : 1;
    for (const Entry& entry : rest.subspan(1, length - 1)) rest.front().slot->append(*entry.slot);
    rest.front().slot->send();
    begin += length;
  }
}

std::size_t ReplyBatch::runLength(std::span<const Entry> entries) noexcept {
  const DatagramSlot& first = *entries.front().slot;
  const std::size_t most = std::min(entries.size(), first.mostInRun());
  for (std::size_t length = 1; length < most; ++length) {
    const DatagramSlot& next = *entries[length].slot;
    if (next.replySize() > first.replySize() || !next.goesWhere(first)) return length;
    if (next.replySize() < first.replySize()) return length + 1;
  }
  return most;
}

}  // namespace taut::detail

#include "taut/dns/reply.hpp"

#include "taut/dns/reply_builder.hpp"

namespace taut {

namespace {

constexpr std::size_t optFixedSize = 11;  // OPT without options, its root owner included

std::uint16_t replyFlags(const Query& query, const Answer& answer, bool recursionAvailable, Rcode rcode) {
  std::uint16_t flags = flag::QR | (query.flags() & (flag::opcodeMask | flag::RD | flag::CD));
  if (answer.authoritative()) flags |= flag::AA;
  if (recursionAvailable) flags |= flag::RA;
  if (answer.authenticData() && (query.dnssecOk() || query.authenticData())) flags |= flag::AD;
  return static_cast<std::uint16_t>(flags | (static_cast<std::uint16_t>(rcode) & flag::rcodeMask));
}

bool sameRRset(const Answer::Entry& a, const Answer::Entry& b) {
  return a.section == b.section && a.rrset.type == b.rrset.type && a.rrset.rrClass == b.rrset.rrClass &&
         a.rrset.owner == b.rrset.owner;
}

// The RRset from its record `first` on, and then what stands in front of that.
bool putFrom(ReplyBuilder& builder, Section section, const RRset& rrset, std::size_t first) {
  RRset::Iterator middle = rrset.begin();
  for (std::size_t i = 0; i < first; ++i) ++middle;
  RRset front = rrset;
  front.count = static_cast<std::uint16_t>(first);
  RRset back = rrset;
  back.rdata = (*middle).data() - 2;
  back.count = static_cast<std::uint16_t>(rrset.count - first);
  const ReplyBuilder::Mark before = builder.mark();
  if (builder.put(section, back) && builder.put(section, front)) return true;
  builder.rewind(before);
  return false;
}

bool putRRset(ReplyBuilder& builder, const Answer::Entry& entry, std::size_t rotation) {
  const RRset& rrset = entry.rrset;
  if (rotation == 0 || rrset.count < 2 || rrset.type == Type::RRSIG) return builder.put(entry.section, rrset);
  return putFrom(builder, entry.section, rrset, rotation % rrset.count);
}

// Puts the entry at `index` and those behind it that are of the same RRset, all or none; moves `index` behind them.
bool putGroup(ReplyBuilder& builder, const Answer& answer, std::size_t& index, std::size_t rotation) {
  const Answer::Entry& first = answer.entry(index);
  const std::size_t start = index;
  while (++index < answer.entryCount() && sameRRset(first, answer.entry(index))) {
  }
  const std::size_t count = index - start;
  if (count == 1) return putRRset(builder, first, rotation);
  if (first.rrset.type == Type::RRSIG) rotation = 0;
  const ReplyBuilder::Mark before = builder.mark();
  for (std::size_t i = 0; i < count; ++i) {
    if (!builder.put(first.section, answer.entry(start + (i + rotation) % count).rrset)) {
      builder.rewind(before);
      return false;
    }
  }
  return true;
}

// Whether every required RRset of the section went in. Each begins with its record number `rotation`, counted round and
// round from 0.
bool putSection(ReplyBuilder& builder, const Answer& answer, Section section, std::size_t rotation = 0) {
  for (std::size_t index = 0; index < answer.entryCount();) {
    const Answer::Entry& entry = answer.entry(index);
    if (entry.section != section) {
      ++index;
    } else if (!putGroup(builder, answer, index, rotation) && entry.required) {
      return false;
    }
  }
  return true;
}

// Whether the reply is complete.
bool putSections(ReplyBuilder& builder, const Answer& answer, std::size_t rotation) {
  if (answer.truncated()) return false;
  return answer.entryCount() == 0 ||
         (putSection(builder, answer, Section::answer, rotation) && putSection(builder, answer, Section::authority) &&
          putSection(builder, answer, Section::additional));
}

}  // namespace

std::size_t writeReply(const Query& query, const Answer& answer, const ReplyOptions& options, MutableByteSpan buffer) {
  Rcode rcode = answer.rcode();
  if (!query.edns() && static_cast<std::uint16_t>(rcode) > flag::rcodeMask) rcode = Rcode::SERVFAIL;
  ReplyBuilder builder(buffer, query.replyLimit(options.udpPayloadSize));
  builder.begin(query, replyFlags(query, answer, options.recursionAvailable, rcode));
  const std::size_t optSize = query.edns() ? optFixedSize + options.ednsOptions.size() : 0;
  builder.reserve(optSize);
  // IDs are as good as random, so nothing has to be remembered from one query to the next.
  const std::size_t rotation = options.rrsetRoundRobin ? query.id() : 0u;
  if (!putSections(builder, answer, rotation)) builder.setTruncated();
  builder.release(optSize);
  if (query.edns()) {
    const bool fits = builder.putOpt(options.udpPayloadSize, rcode, query.dnssecOk(), options.ednsOptions);
    // A long QNAME and long options can exceed 512 octets by themselves: OPT is owed, its options are not.
    if (!fits) builder.putOpt(options.udpPayloadSize, rcode, query.dnssecOk(), {});
  }
  return builder.finish();
}

}  // namespace taut

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

bool putRRset(ReplyBuilder& builder, const Answer::Entry& entry, std::size_t rotation) {
  const RRset& rrset = entry.rrset;
  const bool turns = rotation != 0 && rrset.count > 1 && rrset.type != Type::RRSIG;
  return builder.put(entry.section, rrset, turns ? rotation % rrset.count : 0);
}

// Puts the entries from `index` on that are of one RRset, all or none, and moves `index` past them.
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
bool putSection(ReplyBuilder& builder, const Answer& answer, Section section, std::size_t rotation) {
  std::size_t left = answer.entryCount(section);
  for (std::size_t index = 0; left > 0;) {
    const Answer::Entry& entry = answer.entry(index);
    if (entry.section != section) {
      ++index;
      continue;
    }
    const std::size_t start = index;
    if (!putGroup(builder, answer, index, rotation) && entry.required) return false;
    left -= index - start;
  }
  return true;
}

// Puts the records of a source of additional data. Optional RRsets that do not fit are passed over; after many of them
// the reply counts as full.
class AdditionalWriter final : public AdditionalSink {
 public:
  explicit AdditionalWriter(ReplyBuilder& builder) : builder_(builder) {}

  bool take(const RRset& rrset, const RRset& signatures, bool required) override {
    if (builder_.put(Section::additional, rrset)) {
      if (signatures.count != 0) builder_.put(Section::additional, signatures);
      return true;
    }
    complete_ = !required;
    return complete_ && ++misses_ < maxMisses;
  }

  bool complete() const { return complete_; }

 private:
  static constexpr std::size_t maxMisses = 16;

  ReplyBuilder& builder_;
  std::size_t misses_ = 0;
  bool complete_ = true;
};

// Whether the reply is complete.
bool putSections(ReplyBuilder& builder, const Answer& answer, std::size_t rotation) {
  if (answer.truncated()) return false;
  for (const Section section : {Section::answer, Section::authority, Section::additional}) {
    if (answer.entryCount(section) != 0 && !putSection(builder, answer, section, rotation)) return false;
    rotation = 0;
  }
  AdditionalWriter writer(builder);
  answer.drawAdditional(writer);
  return writer.complete();
}

}  // namespace

std::size_t writeReply(const Query& query, const Answer& answer, const ReplyOptions& options, MutableByteSpan buffer) {
  Rcode rcode = answer.rcode();
  if (!query.edns() && static_cast<std::uint16_t>(rcode) > flag::rcodeMask) rcode = Rcode::SERVFAIL;
  ReplyBuilder builder(buffer, query.replyLimit());
  builder.begin(query, replyFlags(query, answer, options.recursionAvailable, rcode));
  const std::size_t optSize = query.edns() ? optFixedSize + options.ednsOptions.size() : 0;
  builder.reserve(optSize);
  // IDs are as good as random numbers, so no state is kept from one query to the next.
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

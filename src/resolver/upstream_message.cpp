#include "taut/resolver/upstream_message.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "taut/base/local_ref.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/received_rdata.hpp"

namespace taut {

namespace {

constexpr std::size_t maxChain = 32;                         // names, the one asked for included
constexpr std::size_t maxAdditional = 64;                    // records looked at
constexpr std::size_t maxDecompressed = 4 * maxMessageSize;  // octets of owners and RDATA that one reply may become

bool carriesData(Rcode rcode) {
  return rcode == Rcode::NOERROR || rcode == Rcode::NXDOMAIN || rcode == Rcode::YXDOMAIN;
}

// The contents of a reply, each record by itself. The answer borrows from it.
struct Contents final : PinnedStorage {
  Answer records;
};

// Null where the message does not parse to its end. Octets after the last record are ignored, as in queries.
LocalRef<const Contents> readContents(const UpstreamQuestion& question, MessageView& view) {
  std::array<std::uint8_t, maxRdataSize> scratch;
  const auto contents = makeLocalRef<Contents>();
  std::size_t expected = 0;
  for (const Section section : {Section::answer, Section::authority, Section::additional})
    expected += view.recordCount(section);
  std::size_t octets = 0;
  for (; expected > 0; --expected) {
    const auto record = view.nextRecord();
    if (!record) return {};
    if (record->rrClass != question.rrClass || isMetaType(record->type)) continue;
    ByteWriter rdata{MutableByteSpan(scratch)};
    if (!expandRdata(record->type, view.message(), record->rdataOffset, record->rdataSize, rdata)) return {};
    octets += record->owner.size() + rdata.size();
    if (octets > maxDecompressed) return {};
    contents->records.addRecord(record->section, record->owner, record->type, record->rrClass, record->ttl,
                                rdata.written());
  }
  return LocalRef<const Contents>(contents.get());
}

// Takes the records that belong to the question from all records of a reply.
class Selection {
 public:
  Selection(const UpstreamQuestion& question, const Answer& all) : question_(question), all_(all) {
    endless_ = !followAliases();
  }

  // The aliases have no end within the bound: without it, what is there of the chain is no answer.
  bool endless() const { return endless_; }

  void addTo(Answer& answer) {
    std::size_t additional = 0;
    for (std::size_t i = 0; i < all_.entryCount(); ++i) {
      const Answer::Entry& entry = all_.entry(i);
      if (entry.section == Section::additional && ++additional > maxAdditional) break;
      if (belongs(entry)) kept_.push_back(&entry);
    }
    evenOutTtls();
    for (std::size_t i = 0; i < kept_.size(); ++i) add(*kept_[i], ttls_[i], answer);
  }

 private:
  // The names that the answer section may be about: the one asked for, and each that an alias leads to. False where
  // the aliases do not end.
  bool followAliases() {
    chain_.push_back(question_.name);
    if (question_.type == Type::CNAME || question_.type == Type::ANY) return true;
    while (const auto target = aliasTarget(chain_.back())) {
      if (inChain(*target) || chain_.size() == maxChain) return false;
      chain_.push_back(*target);
    }
    return true;
  }

  std::optional<NameView> aliasTarget(NameView name) const {
    for (std::size_t i = 0; i < all_.entryCount(); ++i) {
      const auto& [rrset, section, required] = all_.entry(i);
      if (section == Section::answer && rrset.type == Type::CNAME && rrset.owner == name)
        return NameView::fromWire(rrset.front());
    }
    return std::nullopt;
  }

  bool inChain(NameView name) const { return std::ranges::find(chain_, name) != chain_.end(); }
  bool aboveChain(NameView name) const {
    return std::ranges::any_of(chain_, [&](NameView link) { return link.isWithin(name); });
  }

  bool belongs(const Answer::Entry& entry) const {
    const RRset& rrset = entry.rrset;
    switch (entry.section) {
      case Section::answer:
        if (covers(rrset) == Type::DNAME && aboveChain(rrset.owner)) return true;
        return inChain(rrset.owner) && isAskedFor(rrset);
      case Section::authority:
        if (rrset.type == Type::RRSIG || rrset.type == Type::NSEC || rrset.type == Type::NSEC3) return true;
        return (rrset.type == Type::SOA || rrset.type == Type::NS || rrset.type == Type::DS) && aboveChain(rrset.owner);
      case Section::additional:
        return (covers(rrset) == Type::A || covers(rrset) == Type::AAAA) && isReferredTo(rrset.owner);
    }
    return false;
  }

  bool isAskedFor(const RRset& rrset) const {
    return rrset.type == question_.type || question_.type == Type::ANY || covers(rrset) == Type::CNAME ||
           covers(rrset) == question_.type;
  }

  // The type; for a signature, the type that it covers (RFC 4034 section 3.1.1).
  Type covers(const RRset& rrset) const {
    if (rrset.type != Type::RRSIG || rrset.front().size() < 2) return rrset.type;
    return static_cast<Type>(loadU16(rrset.front().data()));
  }

  bool isReferredTo(NameView name) const {
    return std::ranges::any_of(kept_, [&](const Answer::Entry* entry) {
      const auto target = additionalName(entry->rrset.type, entry->rrset.front());
      return target && (*target == name || (target->isRoot() && entry->rrset.owner == name));
    });
  }

  // The records of one RRset have one TTL, the smallest (RFC 2181 section 5.2).
  void evenOutTtls() {
    for (std::size_t first = 0; first < kept_.size();) {
      std::size_t end = first + 1;
      std::uint32_t ttl = kept_[first]->rrset.ttl;
      for (; end < kept_.size() && sameRRset(*kept_[first], *kept_[end]); ++end)
        ttl = std::min(ttl, kept_[end]->rrset.ttl);
      ttls_.resize(end, ttl);
      first = end;
    }
  }

  // Signatures over different types at one owner form an RRset by name only; their TTLs are those of the RRsets that
  // they cover.
  static bool sameRRset(const Answer::Entry& a, const Answer::Entry& b) {
    return a.section == b.section && a.rrset.type == b.rrset.type && a.rrset.type != Type::RRSIG &&
           a.rrset.owner == b.rrset.owner;
  }

  static void add(const Answer::Entry& entry, std::uint32_t ttl, Answer& answer) {
    RRset rrset = entry.rrset;
    rrset.ttl = ttl;
    if (entry.section == Section::additional)
      answer.borrowAdditional(rrset);
    else
      answer.borrowRRset(entry.section, rrset);
  }

  const UpstreamQuestion& question_;
  const Answer& all_;
  std::vector<NameView> chain_;
  std::vector<const Answer::Entry*> kept_;
  std::vector<std::uint32_t> ttls_;
  bool endless_ = false;
};

bool hasType(const Answer& answer, Section section, Type type) {
  bool found = false;
  answer.forEach(section, [&](const RRset& rrset) { found |= rrset.type == type; });
  return found;
}

// Whether the reply only refers to other servers (RFC 2308 section 2.1.1: "no data" has an SOA).
bool isReferral(const Answer& answer, bool authoritative) {
  return answer.rcode() == Rcode::NOERROR && !authoritative && answer.recordCount(Section::answer) == 0 &&
         hasType(answer, Section::authority, Type::NS) && !hasType(answer, Section::authority, Type::SOA);
}

}  // namespace

UpstreamReply readUpstreamReply(const UpstreamQuestion& question, const UpstreamReplyHead& head, ByteSpan message) {
  UpstreamReply reply;
  auto view = MessageView::parse(message);
  if (!view) return reply;
  const auto contents = readContents(question, *view);
  if (!contents) return reply;
  reply.answer.setRcode(head.rcode);
  if (carriesData(head.rcode)) {
    reply.answer.setAuthenticData((view->flags() & flag::AD) != 0);
    if (question.clientSubnet) reply.answer.setClientSubnetScope(head.subnetScope);
    reply.answer.pin(*contents);
    Selection selection(question, contents->records);
    if (selection.endless()) {
      reply.kind = UpstreamReply::Kind::endless;
      return reply;
    }
    selection.addTo(reply.answer);
    if (view->recordCount(Section::answer) > 0 && reply.answer.recordCount(Section::answer) == 0) return reply;
    if (isReferral(reply.answer, (view->flags() & flag::AA) != 0)) return reply;
  }
  reply.kind = UpstreamReply::Kind::complete;
  return reply;
}

}  // namespace taut

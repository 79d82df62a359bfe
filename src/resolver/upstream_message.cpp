#include "taut/resolver/upstream_message.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "taut/base/local_ref.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/message_view.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/reply_builder.hpp"

namespace taut {

namespace {

constexpr std::size_t maxChain = 32;                         // names, the one asked for included
constexpr std::size_t maxAdditional = 64;                    // records looked at
constexpr std::size_t maxDecompressed = 4 * maxMessageSize;  // octets of owners and RDATA that one reply may become

bool carriesData(Rcode rcode) {
  return rcode == Rcode::NOERROR || rcode == Rcode::NXDOMAIN || rcode == Rcode::YXDOMAIN;
}

// A server that did not understand the query may leave the question out (RFC 6891 section 7).
bool mayOmitQuestion(Rcode rcode) {
  return rcode == Rcode::FORMERR || rcode == Rcode::SERVFAIL || rcode == Rcode::NOTIMP || rcode == Rcode::REFUSED;
}

bool isReplyTo(const UpstreamQuestion& asked, std::uint16_t id, MessageView& view) {
  if (view.id() != id || !view.isResponse() || view.opcode() != Opcode::QUERY) return false;
  if (view.questionCount() == 0) return mayOmitQuestion(view.rcode());
  if (view.questionCount() != 1) return false;
  const auto question = view.nextQuestion();
  return question && *question == asked;
}

// The contents of a reply, each record by itself. The answer borrows from it.
struct Contents final : PinnedStorage {
  Answer records;
  Rcode rcode{};
  bool edns = false;
  bool otherSubnet = false;  // than that of the question, or none that can be read
  std::uint8_t scope = 0;
};

// What OPT says of the client subnet that the question had.
void readSubnet(const ClientSubnet& asked, ByteSpan options, Contents& contents) {
  ByteReader reader(options);
  while (reader.remaining() > 0) {
    const auto code = static_cast<EdnsOption>(reader.u16());
    const ByteSpan data = reader.take(reader.u16());
    if (reader.ok() && code != EdnsOption::CLIENT_SUBNET) continue;
    const auto option = reader.ok() ? ClientSubnet::read(data) : std::nullopt;
    if (!option || option->subnet != asked) contents.otherSubnet = true;
    if (!option) return;
    contents.scope = option->scopePrefix;
  }
}

// The 8 upper bits of the RCODE are in OPT's TTL field (RFC 6891 section 6.1.3).
bool readOpt(const Record& record, Contents& contents) {
  if (record.section != Section::additional || !record.owner.isRoot() || contents.edns) return false;
  contents.edns = true;
  const auto upper = static_cast<std::uint16_t>(record.ttl >> 24 << 4);
  contents.rcode = static_cast<Rcode>(upper | static_cast<std::uint16_t>(contents.rcode));
  return true;
}

// Null where the message does not parse to its end. Octets after the last record are ignored, as in queries.
LocalRef<const Contents> readContents(const UpstreamQuestion& question, MessageView& view) {
  std::array<std::uint8_t, maxRdataSize> scratch;
  const auto contents = makeLocalRef<Contents>();
  contents->rcode = view.rcode();
  std::size_t expected = 0;
  for (const Section section : {Section::answer, Section::authority, Section::additional})
    expected += view.recordCount(section);
  std::size_t octets = 0;
  for (; expected > 0; --expected) {
    const auto record = view.nextRecord();
    if (!record) return {};
    if (record->type == Type::OPT) {
      if (!readOpt(*record, *contents)) return {};
      if (question.clientSubnet)
        readSubnet(*question.clientSubnet, view.message().subspan(record->rdataOffset, record->rdataSize), *contents);
      continue;
    }
    if (record->rrClass != question.rrClass || isMetaType(record->type)) continue;
    ByteWriter rdata{MutableByteSpan(scratch)};
    if (!decompressRdata(record->type, view.message(), record->rdataOffset, record->rdataSize, rdata)) return {};
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

std::size_t writeUpstreamQuery(const UpstreamQuestion& question, std::uint16_t id, bool edns,
                               std::uint16_t udpPayloadSize, MutableByteSpan buffer) {
  ReplyBuilder builder(buffer, buffer.size());
  std::uint16_t flags = flag::RD | flag::AD;
  if (question.checkingDisabled) flags |= flag::CD;
  builder.begin(id, flags);
  builder.putQuestion(question);
  std::array<std::uint8_t, 4 + 20> octets;
  ByteWriter options{MutableByteSpan(octets)};
  if (question.clientSubnet) {
    options.u16(static_cast<std::uint16_t>(EdnsOption::CLIENT_SUBNET));
    options.u16(static_cast<std::uint16_t>(question.clientSubnet->size()));
    question.clientSubnet->write(options, 0);
  }
  if (edns) builder.putOpt(udpPayloadSize, Rcode::NOERROR, true, options.written());
  return builder.finish();
}

UpstreamReply readUpstreamReply(const UpstreamQuestion& question, std::uint16_t id, ByteSpan message) {
  UpstreamReply reply;
  auto view = MessageView::parse(message);
  if (!view || !isReplyTo(question, id, *view)) return reply;
  // TC is looked at first: what was cut off need not parse.
  reply.kind = UpstreamReply::Kind::truncated;
  if (view->truncated()) return reply;
  reply.kind = UpstreamReply::Kind::unusable;
  const auto contents = readContents(question, *view);
  if (!contents) return reply;
  if (contents->otherSubnet) {
    reply.kind = UpstreamReply::Kind::mismatched;
    return reply;
  }
  reply.edns = contents->edns;
  reply.answer.setRcode(contents->rcode);
  if (carriesData(contents->rcode)) {
    reply.answer.setAuthenticData((view->flags() & flag::AD) != 0);
    if (question.clientSubnet) reply.answer.setClientSubnetScope(contents->scope);
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

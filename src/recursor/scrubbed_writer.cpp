#include "scrubbed_writer.hpp"

#include <algorithm>

#include "taut/base/address.hpp"
#include "taut/base/random.hpp"
#include "taut/dns/address_octets.hpp"
#include "taut/dns/received_rdata.hpp"

namespace taut {

namespace {

constexpr std::size_t maxOctets = std::size_t{4} << 16;  // that the records taken of one message may become

bool isUsable(ByteSpan rdata, const AddressPolicy& policy) {
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto address = addressOfOctets(rdata);
  if (!address || (address->isV6() && std::ranges::equal(rdata.first(mapped.size()), mapped))) return false;
  return policy.allows(*address);
}

}  // namespace

ScrubbedWriter::Outcome ScrubbedWriter::take(Section section, NameView owner, Type type, TrustGrade grade) {
  Outcome outcome = Outcome::absent;
  for (const Record& record : received_.records()) {
    if (!matches(record, section, owner, type)) continue;
    if (outcome == Outcome::absent) begin(record, grade);
    outcome = append(record, scrubbed_.rrsets_.back().rrset, drafts_.back().rdata);
    if (outcome != Outcome::taken) return undo(outcome);
  }
  return outcome == Outcome::taken && type != Type::RRSIG ? takeSignatures(section, owner, type) : outcome;
}

ScrubbedWriter::Outcome ScrubbedWriter::takeSignatures(Section section, NameView owner, Type type) {
  RRset& signatures = scrubbed_.rrsets_.back().signatures;
  drafts_.back().signatures = scrubbed_.octets_.size();
  for (const Record& record : received_.records()) {
    if (record.covered != type || !matches(record, section, owner, Type::RRSIG)) continue;
    if (signatures.count == maxSignatures) break;
    signatures.ttl = signatures.count == 0 ? record.ttl : signatures.ttl;
    const Outcome outcome = append(record, signatures, drafts_.back().signatures);
    if (outcome != Outcome::taken) return undo(outcome);
  }
  return Outcome::taken;
}

// A sample in which each record is as likely as any other, by one look at each: the sender does not choose which of
// very many name servers are kept.
ScrubbedWriter::Outcome ScrubbedWriter::takeReferral(NameView owner) {
  std::array<const Record*, maxNameServers> sample;
  std::size_t seen = 0;
  for (const Record& record : received_.records()) {
    if (!matches(record, Section::authority, owner, Type::NS)) continue;
    const std::size_t place = seen < sample.size() ? seen : randomU64() % (seen + 1);
    if (place < sample.size()) sample[place] = &record;
    ++seen;
  }
  if (seen == 0) return Outcome::absent;
  begin(*sample[0], TrustGrade::authorityNonAuthoritative);
  for (std::size_t i = 0; i < std::min(seen, sample.size()); ++i) {
    const Outcome outcome = append(*sample[i], scrubbed_.rrsets_.back().rrset, drafts_.back().rdata);
    if (outcome != Outcome::taken) return undo(outcome);
  }
  return Outcome::taken;
}

ScrubbedWriter::Outcome ScrubbedWriter::takeGlue(NameView host, Type type, const AddressPolicy& policy,
                                                 std::size_t most) {
  Outcome outcome = Outcome::absent;
  for (const Record& record : received_.records()) {
    if (!matches(record, Section::additional, host, type)) continue;
    if (!isUsable(received_.message().subspan(record.rdataOffset, record.rdataSize), policy)) continue;
    if (outcome == Outcome::taken && lastCount() >= most) break;
    if (outcome == Outcome::absent) begin(record, TrustGrade::additional);
    outcome = append(record, scrubbed_.rrsets_.back().rrset, drafts_.back().rdata);
    if (outcome != Outcome::taken) return undo(outcome);
  }
  return outcome;
}

void ScrubbedWriter::addSynthesised(NameView owner, NameView target, std::uint32_t ttl) {
  LocalBytes& octets = scrubbed_.octets_;
  Draft draft;
  draft.owner = octets.size();
  octets.insert(octets.end(), owner.wire().begin(), owner.wire().end());
  draft.rdata = octets.size();
  octets.push_back(0);
  octets.push_back(static_cast<std::uint8_t>(target.size()));
  octets.insert(octets.end(), target.wire().begin(), target.wire().end());
  draft.signatures = octets.size();
  ScrubbedRRset& added = scrubbed_.rrsets_.emplace_back();
  added.rrset.owner = NameView::trusted(nullptr, owner.size());
  added.rrset.ttl = ttl;
  added.rrset.type = Type::CNAME;
  added.rrset.count = 1;
  added.section = Section::answer;
  added.grade = TrustGrade::answerNonAuthoritative;
  added.synthesised = true;
  drafts_.push_back(draft);
}

void ScrubbedWriter::begin(const Record& first, TrustGrade grade) {
  const NameView owner = received_.owner(first);
  LocalBytes& octets = scrubbed_.octets_;
  Draft draft;
  draft.owner = octets.size();
  octets.insert(octets.end(), owner.wire().begin(), owner.wire().end());
  draft.rdata = draft.signatures = octets.size();
  ScrubbedRRset& added = scrubbed_.rrsets_.emplace_back();
  added.rrset.owner = NameView::trusted(nullptr, owner.size());  // its place is known at the end
  added.rrset.type = first.type;
  added.rrset.ttl = first.ttl;
  added.signatures.type = Type::RRSIG;
  added.section = first.section;
  added.grade = grade;
  drafts_.push_back(draft);
}

ScrubbedWriter::Outcome ScrubbedWriter::append(const Record& record, RRset& part, std::size_t start) {
  ByteWriter rdata{MutableByteSpan(scratch_)};
  if (!expandRdata(record.type, received_.message(), record.rdataOffset, record.rdataSize, rdata))
    return Outcome::malformed;
  part.ttl = std::min(part.ttl, record.ttl);
  LocalBytes& octets = scrubbed_.octets_;
  RRset before;
  before.rdata = octets.data() + start;
  before.count = part.count;
  for (const ByteSpan other : before)
    if (std::ranges::equal(other, rdata.written())) return Outcome::taken;
  if (part.count == maxRecordsOfRRset) return Outcome::tooLarge;
  if (octets.size() - start + rdata.size() + 2 > maxRRsetOctets || octets.size() + rdata.size() > maxOctets)
    return Outcome::tooLarge;
  octets.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
  octets.push_back(static_cast<std::uint8_t>(rdata.size()));
  octets.insert(octets.end(), rdata.written().begin(), rdata.written().end());
  ++part.count;
  return Outcome::taken;
}

// What was begun is not whole.
ScrubbedWriter::Outcome ScrubbedWriter::undo(Outcome outcome) {
  scrubbed_.octets_.resize(drafts_.back().owner);
  scrubbed_.rrsets_.pop_back();
  drafts_.pop_back();
  return outcome;
}

bool ScrubbedWriter::has(Section section, NameView owner, Type type) const {
  for (std::size_t i = 0; i < count(); ++i) {
    const ScrubbedRRset& taken = scrubbed_.rrsets_[i];
    if (taken.section == section && taken.rrset.type == type && rrset(i).owner == owner) return true;
  }
  return false;
}

ByteSpan ScrubbedWriter::lastRdata() const {
  return rrset(count() - 1).front();
}

RRset ScrubbedWriter::rrset(std::size_t index) const {
  RRset rrset = scrubbed_.rrsets_[index].rrset;
  const std::uint8_t* const octets = scrubbed_.octets_.data();
  rrset.owner = NameView::trusted(octets + drafts_[index].owner, rrset.owner.size());
  rrset.rdata = octets + drafts_[index].rdata;
  return rrset;
}

void ScrubbedWriter::finish(Scrubbed::Kind kind, const Name& name, std::size_t links) {
  scrubbed_.kind_ = kind;
  scrubbed_.fault_ = Scrubbed::Fault::none;
  scrubbed_.rcode_ = received_.rcode();
  scrubbed_.name_ = name;
  scrubbed_.links_ = static_cast<std::uint8_t>(links);
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    ScrubbedRRset& taken = scrubbed_.rrsets_[i];
    taken.rrset = rrset(i);
    taken.signatures.owner = taken.rrset.owner;
    taken.signatures.rdata = scrubbed_.octets_.data() + drafts_[i].signatures;
  }
}

void ScrubbedWriter::refuse(Scrubbed::Kind kind, Scrubbed::Fault fault) {
  scrubbed_.rrsets_.clear();
  scrubbed_.octets_.clear();
  drafts_.clear();
  scrubbed_.kind_ = kind;
  scrubbed_.fault_ = fault;
  scrubbed_.rcode_ = received_.rcode();
}

}  // namespace taut

#include "taut/recursor/scrubber.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "received_records.hpp"
#include "scrubbed_writer.hpp"
#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

using ReplyKind = Scrubbed::Kind;
using Fault = Scrubbed::Fault;
using Outcome = ScrubbedWriter::Outcome;
using detail::ReceivedRecord;
using detail::ReceivedRecords;

constexpr std::size_t maxReferredHosts = 13;     // whose addresses a forwarder's answer may bring
constexpr std::size_t maxLooks = 4 * maxProofs;  // for proofs, some of which are signatures of nothing

// The judgement of one reply. Each step says whether it was the last one.
class Judgement {
 public:
  Judgement(const ReceivedRecords& received, NameView zone, const QuestionView& question, bool forwarded,
            const AddressPolicy& addresses, Scrubber::Glue glue, ScrubbedWriter& writer)
      : received_(received),
        zone_(zone),
        question_(question),
        forwarded_(forwarded),
        addresses_(addresses),
        glue_(glue),
        writer_(writer) {}

  void run() {
    if (!judgeRcode() && !followAliases()) judgeAbsence();
  }

 private:
  bool authoritative() const { return (received_.flags() & flag::AA) != 0; }
  // Whether the server answers from what it got of others, though it was asked as an authority.
  bool recursive() const { return !forwarded_ && !authoritative() && (received_.flags() & flag::RA) != 0; }
  const Name& name() const { return chain_[links_]; }

  bool refuse(ReplyKind kind, Fault fault) {
    writer_.refuse(kind, fault);
    return true;
  }
  bool refuse(Outcome outcome) {
    return refuse(ReplyKind::garbage, outcome == Outcome::tooLarge ? Fault::tooLarge : Fault::malformed);
  }
  bool finish(ReplyKind kind) { return finish(kind, name()); }
  bool finish(ReplyKind kind, const Name& about) {
    writer_.finish(kind, about, links_);
    return true;
  }

  bool judgeRcode();
  bool followAliases();
  // `found` is set where there is something.
  bool followDname(bool& found);
  bool followCname(bool& found);
  bool takeData(bool& found);
  bool takeAllTypes(bool& found);
  bool follow(const Name& target);
  bool finishAnswer();
  bool judgeAbsence();
  bool finishAbsence();
  bool takeNegative(NameView soaOwner);
  bool judgeReferral();
  bool takeProofs(TrustGrade grade);
  bool takeGlueOf(std::size_t nameServers);
  bool takeReferredAddresses();
  bool asksForAliases() const { return question_.type == Type::CNAME || question_.type == Type::ANY; }
  std::optional<NameView> dnameOwner() const;
  bool cnameAgrees(const Name& target) const;
  std::optional<NameView> soaOwner(bool& elsewhere) const;
  std::optional<NameView> cut(bool& upward) const;
  bool pointsAbove() const;

  TrustGrade answerGrade() const {
    return authoritative() && links_ == 0 ? TrustGrade::answer : TrustGrade::answerNonAuthoritative;
  }
  TrustGrade authorityGrade() const {
    return authoritative() ? TrustGrade::authority : TrustGrade::authorityNonAuthoritative;
  }

  const ReceivedRecords& received_;
  NameView zone_;
  const QuestionView& question_;
  bool forwarded_;
  const AddressPolicy& addresses_;
  Scrubber::Glue glue_;
  ScrubbedWriter& writer_;
  std::array<Name, maxAliasLinks + 1> chain_;
  std::size_t links_ = 0;
};

bool Judgement::judgeRcode() {
  switch (received_.rcode()) {
    case Rcode::NOERROR:
    case Rcode::NXDOMAIN:
    case Rcode::YXDOMAIN:
      return false;
    case Rcode::REFUSED:
    case Rcode::NOTAUTH:
      return refuse(ReplyKind::lame, Fault::refused);
    default:
      return refuse(ReplyKind::failure, Fault::serverError);
  }
}

// False where the chain, which may have no link, ends in the zone at a name without data.
bool Judgement::followAliases() {
  chain_[0] = question_.name;
  for (bool found = true; found;) {
    found = false;
    if (followDname(found)) return true;
    if (found) continue;
    if (takeData(found)) return true;
    if (found) return finishAnswer();
    if (!asksForAliases() && followCname(found)) return true;
  }
  return false;
}

bool Judgement::takeData(bool& found) {
  if (question_.type == Type::ANY) return takeAllTypes(found);
  const Outcome outcome = writer_.take(Section::answer, name(), question_.type, answerGrade());
  found = outcome == Outcome::taken;
  if (!found) return outcome != Outcome::absent && refuse(outcome);
  if (question_.type == Type::CNAME && writer_.lastCount() > 1) return refuse(ReplyKind::garbage, Fault::contradictory);
  return false;
}

bool Judgement::takeAllTypes(bool& found) {
  std::array<Type, maxTypesOfName> types;
  std::size_t count = 0;
  for (const ReceivedRecord& record : received_.records()) {
    if (record.section != Section::answer || record.type == Type::RRSIG || count == types.size()) continue;
    const auto end = types.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::find(types.begin(), end, record.type) != end || received_.owner(record) != name()) continue;
    types[count++] = record.type;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Outcome outcome = writer_.take(Section::answer, name(), types[i], answerGrade());
    if (outcome != Outcome::taken) return refuse(outcome);
  }
  found = count > 0;
  return false;
}

// Of several DNAMEs above the name the highest counts: there is nothing below it, and so not the others (RFC 6672
// section 2.4). Neither is there data at the name, so this is looked for first.
std::optional<NameView> Judgement::dnameOwner() const {
  std::optional<NameView> owner;
  for (const ReceivedRecord& record : received_.records()) {
    if (record.section != Section::answer || record.type != Type::DNAME) continue;
    const NameView candidate = received_.owner(record);
    if (!name().isBelow(candidate) || !candidate.isWithin(zone_)) continue;
    if (!owner || candidate.size() < owner->size()) owner = candidate;
  }
  return owner;
}

// Whether no CNAME in the reply says something else.
bool Judgement::cnameAgrees(const Name& target) const {
  return std::ranges::all_of(received_.records(), [&](const ReceivedRecord& record) {
    if (record.section != Section::answer || record.type != Type::CNAME || received_.owner(record) != name())
      return true;
    ByteReader reader(received_.message(), record.rdataOffset);
    const auto said = Name::read(received_.message(), reader);
    return said && *said == target;
  });
}

bool Judgement::followDname(bool& found) {
  const auto owner = dnameOwner();
  if (!owner) return false;
  // The chain came by here before. What follows is asked for.
  if (writer_.has(Section::answer, *owner, Type::DNAME)) return finish(ReplyKind::alias);
  const Outcome outcome = writer_.take(Section::answer, *owner, Type::DNAME, answerGrade());
  if (outcome != Outcome::taken) return refuse(outcome);
  const auto to = NameView::fromWire(writer_.lastRdata());
  if (writer_.lastCount() > 1 || !to) return refuse(ReplyKind::garbage, Fault::contradictory);
  const auto target = Name::substitute(name(), *owner, *to);
  if (!target) return finish(ReplyKind::nameTooLong);
  if (!cnameAgrees(*target)) return refuse(ReplyKind::garbage, Fault::contradictory);
  writer_.addSynthesised(name(), *target, writer_.lastTtl());
  found = true;
  return asksForAliases() ? finishAnswer() : follow(*target);
}

bool Judgement::followCname(bool& found) {
  const Outcome outcome = writer_.take(Section::answer, name(), Type::CNAME, answerGrade());
  if (outcome == Outcome::absent) return false;
  if (outcome != Outcome::taken) return refuse(outcome);
  const auto to = NameView::fromWire(writer_.lastRdata());
  if (writer_.lastCount() > 1 || !to) return refuse(ReplyKind::garbage, Fault::contradictory);
  const Name target = *to;  // the octets move
  found = true;
  return follow(target);
}

// True where the chain is not followed on in this reply.
bool Judgement::follow(const Name& target) {
  if (recursive()) return refuse(ReplyKind::lame, Fault::recursive);
  const auto end = chain_.begin() + static_cast<std::ptrdiff_t>(links_) + 1;
  if (std::find(chain_.begin(), end, target) != end) return finish(ReplyKind::aliasLoop, target);
  chain_[++links_] = target;
  return (links_ == maxAliasLinks || !target.isWithin(zone_)) && finish(ReplyKind::alias);
}

bool Judgement::finishAnswer() {
  if (recursive()) return refuse(ReplyKind::lame, Fault::recursive);
  if (received_.rcode() != Rcode::NOERROR) return refuse(ReplyKind::garbage, Fault::contradictory);
  const std::size_t data = writer_.count() - 1;
  if (takeProofs(authorityGrade())) return true;
  if (zone_.isRoot() && question_.type == Type::NS && name().isRoot() && takeGlueOf(data)) return true;
  if (forwarded_ && takeReferredAddresses()) return true;
  return finish(ReplyKind::answer);
}

// The reply says nothing about the last name of the chain but that there is nothing, or who might know.
bool Judgement::judgeAbsence() {
  if (received_.rcode() == Rcode::YXDOMAIN) return refuse(ReplyKind::failure, Fault::serverError);
  bool elsewhere = false;
  const auto soa = soaOwner(elsewhere);
  if (soa) return recursive() ? refuse(ReplyKind::lame, Fault::recursive) : takeNegative(*soa);
  if (links_ > 0) return finish(ReplyKind::alias);
  if (received_.rcode() == Rcode::NOERROR && judgeReferral()) return true;
  // A forwarder may have found the absence above the zone. It is believed, and the SOA is not.
  if (elsewhere && !forwarded_) return refuse(ReplyKind::lame, Fault::upward);
  if (!forwarded_ && !authoritative())
    return refuse(ReplyKind::lame, recursive() ? Fault::recursive : Fault::notAuthoritative);
  return finishAbsence();
}

// Without an SOA the absence is not to be kept for long; it may be proven all the same.
bool Judgement::finishAbsence() {
  if (takeProofs(authorityGrade())) return true;
  return finish(received_.rcode() == Rcode::NXDOMAIN ? ReplyKind::nameError : ReplyKind::noData);
}

// The SOA of the zone that lacks the name or the data: the zone asked, or one below it that the server serves too.
// `elsewhere` tells whether there is one of another zone.
std::optional<NameView> Judgement::soaOwner(bool& elsewhere) const {
  std::optional<NameView> found;
  for (const ReceivedRecord& record : received_.records()) {
    if (record.section != Section::authority || record.type != Type::SOA) continue;
    const NameView owner = received_.owner(record);
    if (!owner.isWithin(zone_) || !name().isWithin(owner))
      elsewhere = true;
    else if (!found)
      found = owner;
  }
  return found;
}

bool Judgement::takeNegative(NameView soaOwner) {
  const Outcome outcome = writer_.take(Section::authority, soaOwner, Type::SOA, authorityGrade());
  if (outcome != Outcome::taken) return refuse(outcome);
  if (writer_.lastCount() > 1) return refuse(ReplyKind::garbage, Fault::contradictory);
  return finishAbsence();
}

// False where there are no NS records, or where the server means its own by them.
bool Judgement::judgeReferral() {
  bool upward = false;
  const auto found = cut(upward);
  if (!found)
    return upward && (forwarded_ || !authoritative() || pointsAbove()) && refuse(ReplyKind::lame, Fault::upward);
  if (forwarded_) return refuse(ReplyKind::lame, Fault::notAuthoritative);
  const Outcome outcome = writer_.takeReferral(*found);
  if (outcome != Outcome::taken) return refuse(outcome);
  const std::size_t nameServers = writer_.count() - 1;
  // The parent is the authority for DS records and their absence, though a referral has no AA (RFC 4035 section 3.1.4).
  const Outcome ds = writer_.take(Section::authority, *found, Type::DS, TrustGrade::authority);
  if (ds != Outcome::absent && ds != Outcome::taken) return refuse(ds);
  if (ds == Outcome::absent && takeProofs(TrustGrade::authority)) return true;
  if (takeGlueOf(nameServers)) return true;
  return finish(ReplyKind::referral, Name(*found));
}

// Whether there are NS records of a zone above the one that was asked about: AA does not make that an answer.
bool Judgement::pointsAbove() const {
  return std::ranges::any_of(received_.records(), [&](const ReceivedRecord& record) {
    return record.section == Section::authority && record.type == Type::NS && zone_.isBelow(received_.owner(record));
  });
}

// The cut that the reply refers to: strictly below the zone, at or above the name, and the highest where the reply has
// several. A question for DS is for the parent, so a referral to the very name does not answer it (RFC 4035 section
// 3.1.4.1). `upward` tells whether there are other NS records.
std::optional<NameView> Judgement::cut(bool& upward) const {
  std::optional<NameView> found;
  for (const ReceivedRecord& record : received_.records()) {
    if (record.section != Section::authority || record.type != Type::NS) continue;
    const NameView owner = received_.owner(record);
    const bool ofParent = question_.type == Type::DS && owner == name().view();
    if (!owner.isBelow(zone_) || !name().isWithin(owner) || ofParent)
      upward = true;
    else if (!found || owner.size() < found->size())
      found = owner;
  }
  return found;
}

// Without a signature it is no proof.
bool Judgement::takeProofs(TrustGrade grade) {
  std::size_t taken = 0;
  std::size_t looks = 0;  // each goes through all records
  for (const ReceivedRecord& record : received_.records()) {
    if (taken == maxProofs || looks == maxLooks) break;
    if (record.section != Section::authority || record.type != Type::RRSIG) continue;
    if (record.covered != Type::NSEC && record.covered != Type::NSEC3) continue;
    const NameView owner = received_.owner(record);
    if (!owner.isWithin(zone_) || writer_.has(Section::authority, owner, record.covered)) continue;
    const Outcome outcome = writer_.take(Section::authority, owner, record.covered, grade);
    ++looks;
    if (outcome != Outcome::absent && outcome != Outcome::taken) return refuse(outcome);
    if (outcome == Outcome::taken) ++taken;
  }
  return false;
}

// A server of the zone knows addresses in the zone alone.
bool Judgement::takeGlueOf(std::size_t nameServers) {
  const std::size_t count = std::min<std::size_t>(writer_.rrset(nameServers).count, maxNameServers);
  for (std::size_t i = 0; i < count; ++i) {
    const RRset rrset = writer_.rrset(nameServers);
    auto record = rrset.begin();
    for (std::size_t skipped = 0; skipped < i; ++skipped) ++record;
    const auto host = NameView::fromWire(*record);
    if (!host || (glue_ == Scrubber::Glue::inZone && !host->isWithin(zone_))) continue;
    const Name name = *host;  // the octets move
    std::size_t left = maxServerAddresses;
    for (const Type type : {Type::A, Type::AAAA}) {
      if (left == 0) break;
      const Outcome outcome = writer_.takeGlue(name, type, addresses_, left);
      if (outcome == Outcome::taken) left -= writer_.lastCount();
      if (outcome != Outcome::absent && outcome != Outcome::taken) return refuse(outcome);
    }
  }
  return false;
}

bool Judgement::takeReferredAddresses() {
  std::array<Name, maxReferredHosts> hosts;
  std::size_t count = 0;
  for (std::size_t i = 0; i < writer_.count(); ++i) {
    const RRset rrset = writer_.rrset(i);
    for (const ByteSpan rdata : rrset) {
      const auto target = additionalName(rrset.type, rdata);
      const NameView host = target && target->isRoot() ? rrset.owner : target.value_or(NameView());
      const auto end = hosts.begin() + static_cast<std::ptrdiff_t>(count);
      if (!target || count == hosts.size() || std::find(hosts.begin(), end, host) != end) continue;
      hosts[count++] = host;
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!hosts[i].isWithin(zone_)) continue;
    for (const Type type : {Type::A, Type::AAAA}) {
      const Outcome outcome = writer_.take(Section::additional, hosts[i], type, TrustGrade::additional);
      if (outcome != Outcome::absent && outcome != Outcome::taken) return refuse(outcome);
    }
  }
  return false;
}

}  // namespace

const ScrubbedRRset* Scrubbed::find(Section section, Type type) const {
  for (const ScrubbedRRset& taken : rrsets_)
    if (taken.section == section && taken.rrset.type == type) return &taken;
  return nullptr;
}

AddressPolicy Scrubber::usableAddressesAndLoopback() {
  AddressPolicy policy;
  for (const char* const network : {"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::", "fe80::/10", "ff00::/8"})
    policy.refuse(network);
  return policy;
}

AddressPolicy Scrubber::usableAddresses() {
  return usableAddressesAndLoopback().refuse("127.0.0.0/8").refuse("::1");
}

Scrubbed Scrubber::scrub(MessageView reply, NameView zone, const QuestionView& question, Asked asked) const {
  Scrubbed scrubbed;
  ReceivedRecords received;
  ScrubbedWriter writer(received, scrubbed);
  const auto outcome = received.read(reply);
  // What a truncated reply lacks need not be at its end (RFC 2181 section 9).
  if (reply.truncated())
    writer.refuse(ReplyKind::garbage, Fault::truncated);
  else if (outcome == ReceivedRecords::Outcome::malformed)
    writer.refuse(ReplyKind::garbage, Fault::malformed);
  else if (outcome == ReceivedRecords::Outcome::tooLarge)
    writer.refuse(ReplyKind::garbage, Fault::tooLarge);
  else
    Judgement(received, zone, question, asked == Asked::forwarder, addresses_, glue_, writer).run();
  return scrubbed;
}

}  // namespace taut

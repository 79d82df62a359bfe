#include "taut/zone/update_message.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "taut/dns/message_view.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/rrset.hpp"
#include "update_prerequisites.hpp"
#include "update_steps.hpp"

namespace taut {

namespace {

using Problem = std::optional<UpdateFailure>;

UpdateFailure formatError(std::string reason) {
  return {Rcode::FORMERR, std::move(reason)};
}

std::optional<Question> readZone(MessageView& message) {
  if (message.questionCount() != 1) return std::nullopt;
  auto zone = message.nextQuestion();
  const bool isZone = zone && zone->type == Type::SOA && zone->rrClass != Class::ANY && zone->rrClass != Class::NONE;
  return isZone ? zone : std::nullopt;
}

// Reads the records of a message, the RDATA of each into the same buffer.
class SectionReader {
 public:
  SectionReader(MessageView& message, Class zoneClass) : message_(message), zoneClass_(zoneClass) {}

  // False where a record cannot be read.
  bool read(std::uint16_t count, UpdateRecords& records) {
    for (std::uint16_t i = 0; i < count; ++i) {
      const auto record = message_.nextRecord();
      if (!record || !take(*record, records)) return false;
    }
    return true;
  }

 private:
  // With class ANY no record has RDATA, and with NONE a prerequisite has none.
  bool hasRdata(const Record& record) const {
    return record.rrClass == zoneClass_ || (record.rrClass == Class::NONE && record.section == Section::authority);
  }

  bool take(const Record& record, UpdateRecords& records) {
    const ByteSpan octets = message_.message();
    constexpr std::size_t ttlBeforeRdata = 6;
    const std::uint32_t ttl = loadU32(octets.data() + record.rdataOffset - ttlBeforeRdata);
    UpdateRecord read{record.owner, record.type, record.rrClass, ttl,
                      octets.subspan(record.rdataOffset, record.rdataSize)};
    ByteWriter out{MutableByteSpan(rdata_.get(), maxRdataSize)};
    if (hasRdata(record)) {
      if (!decompressRdata(record.type, octets, record.rdataOffset, record.rdataSize, out)) return false;
      read.rdata = out.written();
    }
    records.add(read);
    return true;
  }

  MessageView& message_;
  Class zoneClass_;
  std::unique_ptr<std::uint8_t[]> rdata_{new std::uint8_t[maxRdataSize]};
};

// The row of section 3.4.1.3 that a record breaks, or null.
const char* mistakeIn(const UpdateRecord& record, Class zoneClass) {
  const bool isAny = record.type == Type::ANY;
  const bool isMeta = isMetaType(record.type) || record.type == Type{};
  if (record.rrClass == zoneClass) return isMeta ? "no zone has this type" : nullptr;
  if (record.rrClass != Class::ANY && record.rrClass != Class::NONE) return "neither the zone's class, nor ANY or NONE";
  if (record.ttl != 0) return "expected TTL 0, because records are to go";
  if (record.rrClass == Class::NONE) return isMeta ? "no zone has this type" : nullptr;
  if (!record.rdata.empty()) return "expected no RDATA, because all records are to go";
  return isMeta && !isAny ? "no zone has this type" : nullptr;
}

Problem problemOf(const UpdateRecord& record, NameView zone, Class zoneClass) {
  const auto describe = [&](std::string_view mistake) {
    return fmt::format("the update {} {} {}: {}", record.owner, record.rrClass, record.type, mistake);
  };
  if (!record.owner.isWithin(zone)) return UpdateFailure{Rcode::NOTZONE, describe(fmt::format("not in {}", zone))};
  if (const char* const mistake = mistakeIn(record, zoneClass)) return formatError(describe(mistake));
  return std::nullopt;
}

}  // namespace

UpdateRecord UpdateRecords::operator[](std::size_t index) const {
  const Stored& stored = records_[index];
  const ByteSpan octets = ByteSpan(octets_).subspan(stored.at);
  return {NameView::trusted(octets.data(), stored.ownerSize), stored.type, stored.rrClass, stored.ttl,
          octets.subspan(stored.ownerSize, stored.rdataSize)};
}

void UpdateRecords::add(const UpdateRecord& record) {
  records_.push_back({octets_.size(), record.ttl, record.type, record.rrClass,
                      static_cast<std::uint16_t>(record.rdata.size()), static_cast<std::uint8_t>(record.owner.size())});
  octets_.insert(octets_.end(), record.owner.data(), record.owner.data() + record.owner.size());
  octets_.insert(octets_.end(), record.rdata.begin(), record.rdata.end());
}

Result<UpdateMessage, UpdateFailure> UpdateMessage::read(ByteSpan message) {
  auto view = MessageView::parse(message);
  if (!view) return Failure(formatError("a message without a header"));
  if (view->opcode() != Opcode::UPDATE)
    return Failure(UpdateFailure{Rcode::NOTIMP, fmt::format("a message with opcode {}", view->opcode())});
  if (view->isResponse()) return Failure(formatError("a response"));
  const auto zone = readZone(*view);
  if (!zone) return Failure(formatError("the zone section is not one SOA question"));

  UpdateMessage update;
  update.zone_ = zone->name;
  update.rrClass_ = zone->rrClass;
  SectionReader reader(*view, zone->rrClass);
  if (!reader.read(view->recordCount(Section::answer), update.prerequisites_))
    return Failure(formatError("a prerequisite cannot be read"));
  if (!reader.read(view->recordCount(Section::authority), update.updates_))
    return Failure(formatError("a record of the update section cannot be read"));
  for (std::uint16_t left = view->recordCount(Section::additional); left > 0; --left)
    if (!view->nextRecord()) return Failure(formatError("a record of the additional section cannot be read"));
  return update;
}

Result<void, UpdateFailure> UpdateMessage::checkPrerequisites(const Zone& zone) const {
  if (zone.origin() != zone_.view() || zone.rrClass() != rrClass_)
    return Failure(UpdateFailure{Rcode::NOTAUTH, fmt::format("{} {}: another zone", zone_, rrClass_)});
  if (!zone.isLoaded()) return Failure(UpdateFailure{Rcode::SERVFAIL, fmt::format("{}: not loaded", zone_)});
  detail::UpdatePrerequisites check(zone);
  for (std::size_t i = 0; i < prerequisites_.size(); ++i)
    if (auto problem = check.take(prerequisites_[i])) return Failure(std::move(*problem));
  if (auto problem = check.finish()) return Failure(std::move(*problem));
  return {};
}

Result<void, UpdateFailure> UpdateMessage::prescan() const {
  for (std::size_t i = 0; i < updates_.size(); ++i)
    if (auto problem = problemOf(updates_[i], zone_, rrClass_)) return Failure(std::move(*problem));
  return {};
}

ZoneChange UpdateMessage::changeOf(const Zone& zone) const {
  detail::UpdateSteps steps(zone);
  for (std::size_t i = 0; i < updates_.size(); ++i) steps.take(updates_[i]);
  return steps.takeChange();
}

}  // namespace taut

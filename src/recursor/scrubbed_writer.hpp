// Copies RRsets of a received message into a Scrubbed, each whole: its records from wherever they stand in the section,
// none twice, RDATA uncompressed, and the signatures over it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "received_records.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dns/type.hpp"
#include "taut/recursor/scrubber.hpp"

namespace taut {

class ScrubbedWriter {
 public:
  enum class Outcome : std::uint8_t { absent, taken, malformed, tooLarge };

  ScrubbedWriter(const detail::ReceivedRecords& received, Scrubbed& scrubbed)
      : received_(received), scrubbed_(scrubbed) {}

  Outcome take(Section section, NameView owner, Type type, TrustGrade grade);
  // Of the NS records in the authority section at most `maxNameServers`, at random.
  Outcome takeReferral(NameView owner);
  // Addresses of a name server in the additional section that the policy allows, at most `most`.
  Outcome takeGlue(NameView host, Type type, const AddressPolicy& policy, std::size_t most);
  void addSynthesised(NameView owner, NameView target, std::uint32_t ttl);

  std::size_t count() const { return drafts_.size(); }  // RRsets that were taken
  bool has(Section section, NameView owner, Type type) const;
  std::uint16_t lastCount() const { return scrubbed_.rrsets_.back().rrset.count; }
  std::uint32_t lastTtl() const { return scrubbed_.rrsets_.back().rrset.ttl; }
  // The first record's RDATA of the last RRset. Valid until the next one is taken.
  ByteSpan lastRdata() const;
  // Walks the RDATA of an RRset that was taken. Valid until the next one is taken.
  RRset rrset(std::size_t index) const;

  void finish(Scrubbed::Kind kind, const Name& name, std::size_t links);
  void refuse(Scrubbed::Kind kind, Scrubbed::Fault fault);

 private:
  using Record = detail::ReceivedRecord;

  // Where the parts of an RRset begin in the octets, which move as they grow.
  struct Draft {
    std::size_t owner = 0;
    std::size_t rdata = 0;
    std::size_t signatures = 0;
  };

  bool matches(const Record& record, Section section, NameView owner, Type type) const {
    return record.type == type && record.section == section && received_.owner(record) == owner;
  }
  void begin(const Record& first, TrustGrade grade);
  Outcome append(const Record& record, RRset& part, std::size_t start);
  Outcome takeSignatures(Section section, NameView owner, Type type);
  Outcome undo(Outcome outcome);

  const detail::ReceivedRecords& received_;
  Scrubbed& scrubbed_;
  std::vector<Draft, LocalAllocator<Draft>> drafts_;
  std::array<std::uint8_t, maxRdataSize> scratch_;
};

}  // namespace taut

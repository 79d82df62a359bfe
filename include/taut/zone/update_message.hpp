// Dynamic updates (RFC 2136): reads an UPDATE, and makes of it a change of the zone that it names. It does no I/O.
//
//   const auto message = UpdateMessage::read(octets);          // else its RCODE is the reply
//   const auto zone = zones.get(message->zone(), message->rrClass());
//   const auto asked = message->checkPrerequisites(*zone);     // likewise
//   // whoever sends the message may change what updates() names: section 3.3
//   const auto scanned = message->prescan();                   // likewise
//   const auto next = updateZone(zone, message->changeOf(*zone), last);
//
// That is the order of section 3. Whoever may update nothing of the zone is refused before all of it, because the
// answer to a prerequisite tells what the zone has. Between `checkPrerequisites` and `updateZone` the zone is the same
// version, so that all of it is one step (section 3.7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_change.hpp"

namespace taut {

// A record of an update, as it was sent. Its class says what it means: see sections 2.4 and 2.5.
struct UpdateRecord {
  NameView owner;
  Type type{};
  Class rrClass{};
  std::uint32_t ttl = 0;
  ByteSpan rdata;  // wire form with uncompressed names; of a record that may have none, as it was sent
};

// The records of one section. What they take is less than 4 MB, however well the message was compressed.
class UpdateRecords {
 public:
  std::size_t size() const { return records_.size(); }
  // It lives as long as the list does not change.
  UpdateRecord operator[](std::size_t index) const;

  void add(const UpdateRecord& record);

 private:
  struct Stored {
    std::size_t at = 0;  // in `octets_`: the owner, and the RDATA after it
    std::uint32_t ttl = 0;
    Type type{};
    Class rrClass{};
    std::uint16_t rdataSize = 0;
    std::uint8_t ownerSize = 0;
  };

  std::vector<Stored> records_;
  std::vector<std::uint8_t> octets_;
};

// The reply to an update that is not carried out.
struct UpdateFailure {
  Rcode rcode{};
  std::string reason;  // for the log
};

class UpdateMessage {
 public:
  // NOTIMP for another opcode. FORMERR for a response, for a message of which any part cannot be read, and for a zone
  // section that is not one SOA question (section 3.1.1). The additional section is not looked at: who verifies a TSIG
  // has done so.
  static Result<UpdateMessage, UpdateFailure> read(ByteSpan message);

  NameView zone() const { return zone_; }
  Class rrClass() const { return rrClass_; }
  const UpdateRecords& prerequisites() const { return prerequisites_; }
  const UpdateRecords& updates() const { return updates_; }

  // Whether all prerequisites are met by this version of the zone (section 3.2.5). NOTAUTH where it is another zone,
  // SERVFAIL where it is not loaded; FORMERR and NOTZONE for prerequisites that mean nothing; NXDOMAIN, YXDOMAIN,
  // NXRRSET and YXRRSET for what is not met. The first mistake counts, and whole RRsets are compared after that.
  Result<void, UpdateFailure> checkPrerequisites(const Zone& zone) const;

  // Whether all records of the update section mean something (section 3.4.1.3): else FORMERR or NOTZONE.
  Result<void, UpdateFailure> prescan() const;

  // What the update section changes (section 3.4.2), of a message with which `prescan` has found no fault. Left out is
  // what the RFC says to ignore: an SOA whose serial does not go forward, a CNAME beside other data and other data
  // beside a CNAME, removing the apex's SOA or its last NS. A CNAME, an SOA, a DNAME and a WKS of the same address and
  // protocol take the place of the one that is there. `zone` is the zone that the message names, and loaded.
  ZoneChange changeOf(const Zone& zone) const;

 private:
  UpdateMessage() = default;

  Name zone_;
  Class rrClass_ = Class::IN;
  UpdateRecords prerequisites_;
  UpdateRecords updates_;
};

}  // namespace taut

// Any octets may be a dynamic update: they are refused with an RCODE of RFC 2136, or make a change after which the zone
// is a zone.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "fuzz.hpp"
#include "taut/base/bytes.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/zone/update_message.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_update.hpp"

namespace update_message_fuzz {

namespace {

using namespace taut;

std::shared_ptr<const Zone> makeZone() {
  return parseZone(
             "$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster 7 3600 600 86400 60\n@ NS ns1\n@ NS ns2\n"
             "ns1 A 192.0.2.1\nns2 A 192.0.2.1\na A 192.0.2.2\na A 192.0.2.3\na TXT x\nb.ent MX 1 a\nalias CNAME a\n"
             "d DNAME a\nsub NS ns.sub\nns.sub A 192.0.2.4\nw WKS 192.0.2.1 TCP 1\n*.w A 192.0.2.1\n",
             Name("example."))
      .zone;
}

void requireRcode(const UpdateFailure& failure) {
  constexpr std::array rcodes{Rcode::FORMERR,  Rcode::NOTIMP,   Rcode::NOTAUTH, Rcode::NOTZONE,
                              Rcode::NXDOMAIN, Rcode::YXDOMAIN, Rcode::NXRRSET, Rcode::YXRRSET};
  fuzz::require(std::ranges::find(rcodes, failure.rcode) != rcodes.end(), "the RCODE is one for updates");
  fuzz::require(!failure.reason.empty(), "a failure has a reason");
}

}  // namespace

TAUT_FUZZ_TARGET(update_message) {
  const auto message = UpdateMessage::read(ByteSpan(data, size));
  if (!message) {
    requireRcode(message.error());
    return 0;
  }
  const auto zone = makeZone();
  const auto asked = message->checkPrerequisites(*zone);
  if (!asked) requireRcode(asked.error());
  const auto scanned = message->prescan();
  if (!scanned) requireRcode(scanned.error());
  if (!scanned || message->zone() != zone->origin() || message->rrClass() != zone->rrClass()) return 0;

  const ZoneChange change = message->changeOf(*zone);
  fuzz::require(change.error().empty(), "each step of a change can be written");
  for (std::size_t i = 0; i < change.size(); ++i)
    fuzz::require(change.step(i).owner.isWithin(zone->origin()), "a change is of the zone");
  const auto update = updateZone(zone, change, Serial(zone->serial()));
  if (!update) {
    fuzz::require(!update.error().empty(), "a refusal has a reason");
    return 0;
  }
  const ZoneNode apex = update->zone->apex();
  fuzz::require(apex.has(Type::SOA) && apex.has(Type::NS), "the apex keeps its SOA and a name server");
  fuzz::require(!update->difference || isNewer(Serial(update->zone->serial()), Serial(zone->serial())),
                "a change goes forward");
  return 0;
}

}  // namespace update_message_fuzz

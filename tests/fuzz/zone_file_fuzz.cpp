// Any text at all is a master file: it loads or is refused, and what loads can be searched, printed and loaded again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone_file.hpp"
#include "taut/zone/zone_writer.hpp"

namespace zone_file_fuzz {

namespace {

using namespace taut;

std::string print(const Zone& zone) {
  std::string text;
  writeZone(zone, [&](std::string_view piece) { text += piece; });
  return text;
}

// Each node is found, leads to its ancestors, and names below it end at it or under it.
void search(const Zone& zone) {
  for (const ZoneNode node : zone.nodes()) {
    const ZoneLookup found = zone.find(node.owner());
    fuzz::require(found.node == node && found.encloser == node, "a node is found by its owner");
    if (const auto below = Name::join("no such label", node.owner())) {
      const ZoneLookup missed = zone.find(*below);
      fuzz::require(!missed.node && missed.encloser == node, "a node encloses the names below it");
      zone.nsecCovering(*below);
      zone.nsec3(below->view());
      zone.nsec3Wildcard(missed.encloser);
    }
    zone.nsec3(node);
    for (const RRset& set : node) {
      const ZoneRRset whole = node.rrset(set.type);
      std::size_t record = 0;
      for (const ByteSpan rdata : whole.data)
        if (const ZoneNode target = zone.target(whole, record++, rdata))
          fuzz::require(target.owner().isWithin(zone.origin()), "targets lie within the zone");
    }
  }
}

}  // namespace

TAUT_FUZZ_TARGET(zone_file) {
  // A short $GENERATE makes many records: the test is whether it ends, not how much memory there is.
  constexpr std::size_t maxSize = 16384;
  if (size > maxSize) return 0;
  ZoneLoadOptions options;
  options.maxGenerated = 1000;
  options.checks.maxNsec3Iterations = 10;
  const Name origin("example.");
  const ZoneLoad loaded = parseZone({reinterpret_cast<const char*>(data), size}, origin, options);
  fuzz::require(loaded.ok() == loaded.firstError().empty(), "a refused zone has an error");
  if (!loaded.ok()) return 0;
  search(*loaded.zone);

  options.checks.verifyZonemd = false;
  const std::string text = print(*loaded.zone);
  const ZoneLoad again = parseZone(text, origin, options);
  fuzz::require(again.ok(), "a zone that is printed loads again");
  fuzz::require(print(*again.zone) == text, "a zone that is printed loads to the same zone");
  return 0;
}

}  // namespace zone_file_fuzz

// Data that a client will ask for next: the addresses of the hosts that an RRset's records name (RFC 1034 section 4.3.2
// step 6, RFC 3596 section 3), the glue of a referral, and the service that a record leads to (RFC 3403 section 4.1,
// RFC 9460 section 4.1). None of it is looked up before a reply has room for it.
#pragma once

#include "taut/dns/answer.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

class AdditionalData final : public AdditionalSource {
 public:
  // For the RRset of that type of a node of the zone. `owner` is the RRset's owner in the answer, and lives as long as
  // the answer.
  AdditionalData(const Zone& zone, ZoneNode node, Type type, NameView owner, bool signatures)
      : zone_(&zone), node_(node), owner_(owner), type_(type), signatures_(signatures) {}

  void draw(AdditionalSink& sink) const override;

 private:
  class Drawing;

  const Zone* zone_;
  ZoneNode node_;
  NameView owner_;
  Type type_;
  bool signatures_;
};

}  // namespace taut

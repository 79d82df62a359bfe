// A copy of the root zone, from which a recursor takes referrals of the root and its keys instead of asking its servers
// (RFC 8806).
//
//   const auto made = LocalRoot::make(zone, anchors.get(), {}, clock.wallTime());
//   if (made) recursor.setLocalRoot(*made);
//
// A copy is used when it is whole and proven: its ZONEMD record matches its records (RFC 8976), and where there is a
// trust anchor of the root, this one vouches for the keys that have signed ZONEMD and SOA. That covers what nobody
// signs, NS records and addresses, and so is more than a server of the root can prove. It is found out once for each
// version, and costs a hash over all of it.
//
// It never changes: any number of recursors, on any threads, may have the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "taut/base/clock.hpp"
#include "taut/base/result.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/recursor/trust_anchors.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

class LocalRoot {
  struct Proven {};  // only make() can name it

 public:
  // The reason is for people, in the middle of a sentence.
  using Made = Result<std::shared_ptr<const LocalRoot>, std::string>;

  // `anchors` may be null: then, and where none is the root's, nothing but the digest is looked at. `now` is what
  // signatures have to be valid at.
  static Made make(std::shared_ptr<const Zone> zone, const TrustAnchors* anchors, const AlgorithmPolicy& algorithms,
                   WallTime now);
  LocalRoot(Proven, std::shared_ptr<const Zone> zone, WallTime until) : zone_(std::move(zone)), until_(until) {}

  const std::shared_ptr<const Zone>& zone() const { return zone_; }
  // From when on it proves nothing any more: of the keys, the digest or the SOA record no signature is valid then.
  WallTime until() const { return until_; }

 private:
  std::shared_ptr<const Zone> zone_;  // loaded
  WallTime until_;
};

}  // namespace taut

// The zone whose servers a walk asks now: from its parent's referral, or as the operator has fixed it.
#pragma once

#include <optional>

#include "link.hpp"
#include "taut/base/local_ref.hpp"
#include "taut/dns/name.hpp"
#include "taut/recursor/delegation.hpp"
#include "taut/recursor/recursor_options.hpp"

namespace taut {

struct Cut {
  LocalRef<const Delegation> delegation{};  // of a fixed zone one without servers
  const FixedZone* fixed = nullptr;         // null for the others
  // Why nothing below it can be validated, where the referral to it was bogus. Clients with CD get what is there.
  std::optional<Reason> distrust{};

  NameView zone() const { return delegation->zone(); }
  DelegationSecurity security() const { return delegation->security(); }
  TimePoint lease() const { return delegation->expiry(); }
  bool isForward() const { return fixed && fixed->kind == FixedZone::Kind::forward; }
};

}  // namespace taut

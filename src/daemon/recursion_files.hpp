// What a recursor begins with, and is read from files: the servers of the root, and the keys that are trusted.
#pragma once

#include <memory>
#include <optional>

#include "config/configuration.hpp"
#include "file_errors.hpp"
#include "taut/recursor/root_hints.hpp"
#include "taut/recursor/trust_anchor_state.hpp"
#include "taut/recursor/trust_anchors.hpp"

namespace taut {

struct RecursionFiles {
  RootHints hints;
  std::shared_ptr<const TrustAnchors> anchors;  // null: nothing is validated
  std::optional<TrustAnchorState> anchorState;  // nothing: they stay as they are
};

// Those of the configuration, or what is usual where it names none; nothing without [recursion]. What is wrong with the
// files is added to the errors, and what is only doubtful is logged. So
// is a state of the trust anchors that cannot be read: without it the anchors are those of the configuration.
RecursionFiles readRecursionFiles(const config::Configuration& configuration, FileErrors& errors);

// That servers can be asked from the addresses that the configuration names; what cannot be is added to the errors.
void requireOutgoing(const config::Configuration& configuration, FileErrors& errors);

}  // namespace taut

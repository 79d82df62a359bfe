// Any text is a file of trust anchors, of root hints, and of the state of trust anchors. What is taken from it is
// bounded and well formed, a state that was read is written as it is read back, and one that was not is as it was.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/ds.hpp"
#include "taut/dnssec/zone_keys.hpp"
#include "taut/recursor/delegation.hpp"
#include "taut/recursor/root_hints.hpp"
#include "taut/recursor/trust_anchor_state.hpp"
#include "taut/recursor/trust_anchors.hpp"

namespace trust_anchors_fuzz {

namespace {

using namespace taut;
using fuzz::require;

void checkAnchors(const TrustAnchors& anchors) {
  anchors.forEach([&](const TrustAnchors::Anchor& anchor) {
    require(anchors.find(anchor.zone) == &anchor, "an anchor is found by its zone");
    require(anchor.ds().count > 0 && anchor.ds().count <= maxDsTried, "a zone has as many anchors as are tried");
    for (const ByteSpan ds : anchor.ds()) require(DsView::parse(ds).has_value(), "an anchor has a digest");
    for (const ByteSpan rdata : anchor.keys()) {
      const auto key = DnskeyView::parse(rdata);
      require(key && key->isZoneKey() && !key->isRevoked(), "a key that is trusted is one of a zone");
    }
  });
}

void checkHints(std::string_view text) {
  RootHints hints;
  bool hasErrors = false;
  for (const Diagnostic& message : parseRootHints(text, "f", hints)) hasErrors = hasErrors || message.isError();
  require(hints.servers.empty() == hasErrors, "hints are taken from files without mistakes");
  const auto root = Delegation::make({}, hints.servers, DelegationSecurity::unproven, TimePoint());
  require(root->serverCount() == hints.servers.size(), "the root has all servers of the hints");
}

void checkState(std::string_view text) {
  TrustAnchors configured = TrustAnchors::builtIn();
  const std::vector<std::uint8_t> key{1, 1, 3, 13, 7};
  require(configured.add(Name("example."), Type::DNSKEY, key).ok(), "a key is a trust anchor");
  TrustAnchorState state(configured);
  const std::string before = state.toText();
  if (!state.parse(text, "f").empty()) {
    require(state.toText() == before, "a state that is not read stays as it is");
    return;
  }
  checkAnchors(state.anchors());
  const std::string written = state.toText();
  TrustAnchorState other(configured);
  require(other.parse(written, "f").empty(), "a state is read as it was written");
  require(other.toText() == written, "and is the same then");
  const TrustAnchorState::Seconds now(std::chrono::seconds(1));
  state.noteFailure(Name("."), now);
  const auto next = state.next(now);
  require(next && next->due <= now + TrustAnchorState::maxInterval, "there is a zone to ask next");
}

}  // namespace

TAUT_FUZZ_TARGET(trust_anchors) {
  const std::string_view text = asText({data, size});
  TrustAnchors anchors;
  const bool isRead = parseTrustAnchors(text, "f", anchors).empty();
  require(!isRead || !anchors.empty(), "a file without mistakes has an anchor");
  checkAnchors(anchors);
  checkHints(text);
  checkState(text);
  return 0;
}

}  // namespace trust_anchors_fuzz

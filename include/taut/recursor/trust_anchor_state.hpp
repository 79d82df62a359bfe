// Trust anchors that follow their zones from one key to the next (RFC 5011): a key that a trusted one has vouched for
// during 30 days is trusted, one that is revoked is not, whatever the configuration says of it.
//
// It begins with the configured anchors: a key of theirs is valid when it is first seen. What came of the keys since
// lies in a file, so that a restart goes on with their times, which are those of the calendar. Without the file, or
// with one that cannot be read, the configured anchors are what is trusted.
//
// It asks nobody. Who does asks for the DNSKEY RRset of next()'s zone when that is due, hands it to update(), and takes
// up anchors() where they have changed. One object, on one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/base/result.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rrset.hpp"
#include "taut/dnssec/algorithm.hpp"
#include "taut/recursor/trust_anchors.hpp"
#include "taut/zone/diagnostic.hpp"

namespace taut {

class TrustAnchorState {
 public:
  using Seconds = std::chrono::sys_seconds;

  static constexpr std::chrono::days holdDown{30};     // of new keys, and of revoked ones (RFC 5011 section 2.4)
  static constexpr std::chrono::days maxInterval{15};  // between two queries (RFC 5011 section 2.3)
  static constexpr std::size_t maxKeys = 32;           // of one zone; new ones beyond are not taken up

  // RFC 5011 section 4.2. A key that is not known at all is in the state Start.
  enum class KeyState : std::uint8_t {
    pending,  // AddPend: new, and not trusted yet
    valid,    // trusted
    missing,  // trusted, though it was not in the last RRset
    revoked,  // never trusted again
    removed,  // likewise, and no longer looked for
  };

  struct Key {
    std::vector<std::uint8_t> rdata;  // of the DNSKEY, without the flag that revokes it
    KeyState state{};
    Seconds time{};  // when a pending key is trusted, when a revoked one is removed; of others since when they are that

    std::uint16_t tag() const;
    bool isTrusted() const { return state == KeyState::valid || state == KeyState::missing; }
  };

  // What became of one key.
  struct Change {
    Name zone;
    std::uint16_t tag = 0;
    std::optional<KeyState> before;  // nothing: it was not known
    std::optional<KeyState> after;   // nothing: a pending key was gone before its time
    Seconds time{};                  // as that of the key

    std::string toString() const;  // for the log
  };

  struct Outcome {
    bool isVerified = false;    // a trusted key has signed the RRset
    bool isOtherTrust = false;  // anchors() are others than before
    std::vector<Change> changes;
  };

  struct NextQuery {
    Name zone;
    Seconds due;
  };

  explicit TrustAnchorState(TrustAnchors configured);

  // What is trusted now: the keys that are, and the configured anchors but for those that were revoked. A zone all of
  // whose anchors were revoked has none any more (RFC 5011 section 5).
  TrustAnchors anchors() const;

  // Which zone is to be asked for its DNSKEY RRset next; nothing where there are no anchors. It is never later than
  // `maxInterval` from now, whatever the clock was when the state was written.
  std::optional<NextQuery> next(Seconds now) const;

  // What the zone has sent: its DNSKEY RRset with the RRSIGs. It is verified here, within a CryptoBudget of its own.
  Outcome update(NameView zone, const RRset& dnskeys, const RRset& signatures, const AlgorithmPolicy& policy,
                 Seconds now);
  // The zone has sent no DNSKEY RRset.
  void noteFailure(NameView zone, Seconds now);

  // The state as the text of a file: one line for each key, such as `root valid 1785542400 257 3 8 AwEAA…` with the
  // name of the zone in the place of `root`, and one for each zone that says when it is to be asked next. Zones that
  // are not configured are left out when it is read. Returns what is wrong with the text, ten messages at most, and
  // then the state is as it was.
  std::string toText() const;
  std::vector<Diagnostic> parse(std::string_view text, const std::string& name);

  // A file that is not there is no mistake.
  std::vector<Diagnostic> read(const std::string& path);
  // In place of the file that is there, when all of it is on the disk. Fails with the reason, which names the file.
  Result<void, std::string> write(const std::string& path) const;

 private:
  struct Point {
    std::vector<Key> keys;
    Seconds due{};
    std::chrono::seconds retry = std::chrono::hours(1);
  };
  using Points = std::map<Name, Point>;
  class Observation;
  class Reader;

  static const Key* find(const Point& point, ByteSpan rdata);
  bool isConfigured(NameView zone, ByteSpan rdata) const;
  void addAnchors(NameView zone, const Point& point, TrustAnchors& into) const;

  TrustAnchors configured_;
  Points points_;
};

std::string_view nameOf(TrustAnchorState::KeyState state);

}  // namespace taut

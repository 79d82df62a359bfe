// Keeps one secondary zone up to date (RFC 1034 section 4.3.5, RFC 1996). It is passive: it knows when something is to
// be done and what, a RefreshScheduler does it, and a zone that rests is some 200 octets.
//
// What is done between two rests is a round. A refresh asks all primaries for their serial, the one that was good last
// first, and takes the zone from the one whose version is the newest. After a NOTIFY its sender is asked first, or not
// even that where it has told a newer serial, and what it has counts. Differences are asked for where there is a
// version, and the whole zone where they do not lead to one; a primary that gives none is not asked for them for an
// hour. Where a transfer fails, the other primaries are asked.
//
// - Refresh, retry and expiry count from the last check that succeeded, whether it brought a version or not. A round in
//   which a primary answered, but no transfer of a newer version succeeded, ends in a retry.
// - A primary that says for how long it has the zone (EXPIRE, RFC 7314), because it is a secondary itself, confirms it
//   for no longer than that. Where a zone would expire before it is due, it is checked earlier.
// - A primary that is older than we are is told of, and its answer counts: it is no failure.
// - A zone that has expired is not loaded. From then on any serial is taken.
// - A NOTIFY that comes during a round is kept, one for all that come, and begins another.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/base/clock.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/transfer/primary.hpp"
#include "taut/transfer/zone_state.hpp"
#include "taut/transfer/zone_transfer.hpp"
#include "taut/zone/transfer_reader.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_builder.hpp"
#include "taut/zone/zone_difference.hpp"

namespace taut {

// What zones with the same primaries share.
struct SecondarySettings {
  static constexpr std::size_t maxPrimaries = 32;

  std::vector<std::shared_ptr<Primary>> primaries{};  // 1 to `maxPrimaries`, in the order in which they are asked
  TransferLimits limits{};
  ZoneChecks checks = secondaryChecks();
};

// A version that is to be served.
struct ZoneVersion {
  std::shared_ptr<const Zone> zone;  // not loaded where it has expired
  // That led to it from the version before; none where it came whole.
  std::vector<std::shared_ptr<const ZoneDifference>> differences{};
  // The same version as before, in a new image (see zone_settling.hpp): nobody needs to be told of it.
  bool isSettled = false;
};

class ZoneKeeper {
 public:
  // What is to be done next, by which of the primaries.
  struct Step {
    enum class Kind : std::uint8_t { rest, ask, transfer };

    Kind kind = Kind::rest;
    std::uint8_t primary = 0;

    friend bool operator==(const Step&, const Step&) = default;
  };

  // The version may be not loaded (`Zone::notLoaded`): the zone is taken as soon as possible. One that is loaded, from
  // a file, is due at once too. Throws std::invalid_argument where the primaries are none or too many.
  ZoneKeeper(Shard& shard, std::shared_ptr<const SecondarySettings> settings, std::shared_ptr<const Zone> version);

  NameView origin() const { return version_->origin(); }
  Class rrClass() const { return version_->rrClass(); }
  const std::shared_ptr<const Zone>& version() const { return version_; }

  // Goes on with what was known before a restart. Where the version is another one than was known then, it is checked
  // at once.
  void restore(const ZoneState::Entry& entry);
  // What a restart should know. Nothing while there is no version.
  std::optional<ZoneState::Entry> state() const;

  // Other primaries and limits; a round that is under way begins anew with them.
  void setSettings(std::shared_ptr<const SecondarySettings> settings);
  const SecondarySettings& settings() const { return *settings_; }

  // When `wake` is to be called: the next check, or expiry.
  TimePoint due() const;
  // The same at a later time, where it is due now.
  void delay(TimePoint until) { check_ = std::max(check_, until); }
  // Begins a round where one is due. A version that has expired is given up; then it is given, not loaded.
  std::optional<ZoneVersion> wake();

  // A NOTIFY has come. False where it does not matter: it tells of no newer version than there is.
  bool notified(const Address& from, std::optional<Serial> serial);
  // Begins a round, or another after this one. With `whole` the zone is taken whole, whatever its serial.
  void refresh(bool whole = false);

  bool isInRound() const { return inRound_; }
  // Whether the round is about news, which should not wait behind those that are only due.
  bool isUrgent() const { return urgent_; }
  Step next() const;
  // Do the step. A step for settings that were replaced meanwhile has no effect. `transfer` gives the new version.
  Task<> ask(std::size_t primary);
  Task<std::optional<ZoneVersion>> transfer(std::size_t primary);
  // The version in a new image, with the same records.
  void replaceBySettled(std::shared_ptr<const Zone> version) { version_ = std::move(version); }
  // A step has thrown: there was not enough memory, say.
  void stepFailed(std::size_t primary, const std::string& reason);

  // Whether a transfer from the primary has failed in this round, or in the last one.
  bool hasFailed(std::size_t primary) const { return (failed_ >> primary & 1) != 0; }

  // For a list of zones.
  bool hasExpired() const { return expired_; }
  unsigned failures() const { return failures_; }  // rounds in a row
  std::optional<TimePoint> expires() const;        // nothing while there is no version
  std::optional<TimePoint> checked() const;        // when a check last succeeded; nothing: never
  Address lastPrimary() const;                     // that was good; empty where none was

 private:
  static constexpr std::uint8_t nobody = 0xff;

  struct Found {
    Serial serial{0};
    std::uint8_t primary = nobody;
  };

  std::uint8_t inOrder(std::size_t place) const;
  std::uint8_t indexOf(const Address& address) const;
  bool hasAsked(std::size_t primary) const { return (asked_ >> primary & 1) != 0; }
  bool isNews(Serial serial) const;
  Primary& primaryAt(std::size_t primary) const { return *settings_->primaries[primary]; }

  void beginRound();
  void endRound();
  void endRoundIfDone();
  ZoneVersion expire();
  void note(std::uint8_t primary, const PrimaryVersion& theirs);
  TimePoint expiryBy(std::optional<std::chrono::seconds> told) const;
  void noteOlder(std::uint8_t primary, Serial serial);
  void noteFailure(const std::string& reason) const;
  void transferFailed(std::uint8_t primary, const std::string& reason);
  ZoneVersion take(TransferOutcome outcome, std::uint8_t primary);
  Task<TransferOutcome> fetch(std::shared_ptr<const SecondarySettings> settings, std::uint8_t primary);
  bool givesDifferences(std::uint8_t primary) const;
  void askForWhole(std::uint8_t primary, TimePoint until);

  Shard* shard_;
  std::shared_ptr<const SecondarySettings> settings_;
  std::shared_ptr<const Zone> version_;
  TimePoint check_;                       // the next one
  TimePoint expires_ = TimePoint::max();  // the version; where it is loaded
  TimePoint checked_ = TimePoint::min();  // with success
  std::vector<TimePoint> wholeUntil_;     // by primary; empty: all are asked for differences
  std::uint32_t asked_ = 0;               // primaries of this round, a bit for each
  std::uint32_t failed_ = 0;              // likewise those whose transfer has failed
  Found best_;                            // the newest version of this round
  std::optional<Serial> told_;            // by the NOTIFY that this round is about
  std::optional<Serial> toldNext_;        // by the last one since
  std::uint8_t notifier_ = nobody;        // who has sent it
  std::uint8_t notifierNext_ = nobody;
  std::uint8_t good_ = nobody;       // the last good one
  std::uint8_t reachable_ = nobody;  // a connection was possible, and its serial is not known
  std::uint16_t failures_ = 0;
  bool inRound_ = false;
  bool again_ = false;
  bool answered_ = false;  // this round: some primary
  bool whole_ = false;
  bool wholeNext_ = false;
  bool expired_ = false;
  bool urgent_ = false;
  bool loggedOlder_ = false;  // that a primary is older
};

}  // namespace taut

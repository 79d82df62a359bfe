#include "taut/transfer/zone_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "taut/base/log.hpp"
#include "taut/transfer/zone_timers.hpp"

namespace taut {

namespace {

using StepKind = ZoneKeeper::Step::Kind;

constexpr std::chrono::hours withoutDifferences{1};
constexpr std::size_t loggedWarnings = 3;  // of a version

// Times of the calendar that are far from now, because it was set wrong, count as so far.
constexpr std::chrono::seconds farthest = 2 * std::chrono::seconds(ZoneTimers::most);

TimePoint fromCalendar(const Shard& shard, ZoneState::Seconds time) {
  const auto now = std::chrono::floor<std::chrono::seconds>(shard.clock().wallTime());
  return shard.now() + std::clamp<std::chrono::seconds>(time - now, -farthest, farthest);
}

ZoneState::Seconds toCalendar(const Shard& shard, TimePoint time) {
  return std::chrono::round<std::chrono::seconds>(shard.clock().wallTime() + (time - shard.now()));
}

const std::shared_ptr<const SecondarySettings>& usable(const std::shared_ptr<const SecondarySettings>& settings) {
  if (settings->primaries.empty() || settings->primaries.size() > SecondarySettings::maxPrimaries)
    throw std::invalid_argument(fmt::format("a secondary zone has 1 to {} primaries", SecondarySettings::maxPrimaries));
  return settings;
}

}  // namespace

ZoneKeeper::ZoneKeeper(Shard& shard, std::shared_ptr<const SecondarySettings> settings,
                       std::shared_ptr<const Zone> version)
    : shard_(&shard), settings_(usable(settings)), version_(std::move(version)), check_(shard.now()) {
  if (version_->isLoaded()) expires_ = shard.now() + ZoneTimers::of(*version_).expire;
}

void ZoneKeeper::restore(const ZoneState::Entry& entry) {
  const TimePoint now = shard_->now();
  good_ = indexOf(entry.primary);
  if (good_ != nobody && fromCalendar(*shard_, entry.wholeUntil) > now)
    askForWhole(good_, fromCalendar(*shard_, entry.wholeUntil));
  if (!version_->isLoaded()) return;
  const ZoneTimers timers = ZoneTimers::of(*version_);
  // A calendar that was set back makes no time longer than the zone's own.
  expires_ = std::min(expires_, fromCalendar(*shard_, entry.expires));
  checked_ = std::min(now, fromCalendar(*shard_, entry.checked));
  if (entry.serial.value() == version_->serial()) check_ = std::max(now, checked_ + spread(timers.refresh));
}

std::optional<ZoneState::Entry> ZoneKeeper::state() const {
  if (!version_->isLoaded()) return std::nullopt;
  ZoneState::Entry entry;
  entry.serial = Serial(version_->serial());
  if (checked_ != TimePoint::min()) entry.checked = toCalendar(*shard_, checked_);
  entry.expires = toCalendar(*shard_, expires_);
  entry.primary = lastPrimary();
  if (good_ < wholeUntil_.size() && wholeUntil_[good_] > shard_->now())
    entry.wholeUntil = toCalendar(*shard_, wholeUntil_[good_]);
  return entry;
}

void ZoneKeeper::setSettings(std::shared_ptr<const SecondarySettings> settings) {
  const Address good = lastPrimary();
  settings_ = usable(settings);
  good_ = indexOf(good);
  wholeUntil_.clear();
  notifierNext_ = nobody;
  if (inRound_) beginRound();
}

TimePoint ZoneKeeper::due() const {
  return inRound_ ? expires_ : std::min(check_, expires_);
}

std::optional<TimePoint> ZoneKeeper::expires() const {
  return version_->isLoaded() ? std::optional(expires_) : std::nullopt;
}

std::optional<TimePoint> ZoneKeeper::checked() const {
  return checked_ == TimePoint::min() ? std::nullopt : std::optional(checked_);
}

Address ZoneKeeper::lastPrimary() const {
  return good_ == nobody ? Address() : primaryAt(good_).address();
}

std::optional<ZoneVersion> ZoneKeeper::wake() {
  std::optional<ZoneVersion> given;
  if (version_->isLoaded() && shard_->now() >= expires_) given = expire();
  if (!inRound_ && shard_->now() >= check_) beginRound();
  return given;
}

ZoneVersion ZoneKeeper::expire() {
  log::error("zone {}: serial {} has expired, because no primary has confirmed it; until one does it is not loaded",
             origin(), version_->serial());
  version_ = Zone::notLoaded(origin(), rrClass());
  expires_ = TimePoint::max();
  expired_ = true;
  // There is a primary, and any serial will do now.
  if (std::exchange(loggedOlder_, false)) check_ = shard_->now();
  return {version_};
}

// Any serial is, while there is no version.
bool ZoneKeeper::isNews(Serial serial) const {
  return !version_->isLoaded() || isNewer(serial, Serial(version_->serial()));
}

bool ZoneKeeper::notified(const Address& from, std::optional<Serial> serial) {
  if (serial && !isNews(*serial)) return false;
  const std::uint8_t notifier = indexOf(from);
  if (inRound_) {
    again_ = true;
    toldNext_ = serial;
    notifierNext_ = notifier;
    return true;
  }
  beginRound();
  urgent_ = true;
  notifier_ = notifier;
  told_ = serial;
  return true;
}

void ZoneKeeper::refresh(bool whole) {
  if (inRound_) {
    again_ = true;
    toldNext_.reset();
    wholeNext_ = wholeNext_ || whole;
    return;
  }
  beginRound();
  urgent_ = true;
  whole_ = whole;
}

void ZoneKeeper::beginRound() {
  inRound_ = true;
  asked_ = failed_ = 0;
  best_ = {};
  told_.reset();
  notifier_ = reachable_ = nobody;
  answered_ = whole_ = urgent_ = false;
}

void ZoneKeeper::endRoundIfDone() {
  if (inRound_ && next().kind == StepKind::rest) endRound();
}

void ZoneKeeper::endRound() {
  const TimePoint now = shard_->now();
  inRound_ = urgent_ = false;
  const bool loaded = version_->isLoaded();
  const ZoneTimers timers = loaded ? ZoneTimers::of(*version_) : ZoneTimers();
  if (answered_) checked_ = now;
  if (answered_ && failed_ == 0) {
    if (std::exchange(failures_, std::uint16_t{0}) > 0) log::info("zone {}: the primary answers again", origin());
    check_ = now + spread(timers.refresh);
  } else {
    if (failures_ < UINT16_MAX) ++failures_;
    check_ = now + (loaded ? spread(timers.retry) : delayWithoutVersion(failures_));
  }
  if (loaded && expires_ <= check_)
    check_ = std::min(check_, now + std::max(spread(timers.retry), (expires_ - now) / 2));
  if (!std::exchange(again_, false)) return;
  const bool whole = std::exchange(wholeNext_, false);
  const auto told = std::exchange(toldNext_, std::nullopt);
  const std::uint8_t notifier = std::exchange(notifierNext_, nobody);
  if (!whole && told && !isNews(*told)) return;
  beginRound();
  urgent_ = true;
  whole_ = whole;
  told_ = told;
  notifier_ = notifier;
}

// The primary with this address, or else the first one that is at this host.
std::uint8_t ZoneKeeper::indexOf(const Address& address) const {
  const auto& primaries = settings_->primaries;
  const auto same = [&](const auto& primary) { return primary->address() == address; };
  auto found = std::ranges::find_if(primaries, same);
  if (found == primaries.end())
    found = std::ranges::find_if(primaries, [&](const auto& primary) { return primary->isAt(address); });
  return found == primaries.end() ? nobody : static_cast<std::uint8_t>(found - primaries.begin());
}

// The last good one, then the others.
std::uint8_t ZoneKeeper::inOrder(std::size_t place) const {
  if (good_ == nobody) return static_cast<std::uint8_t>(place);
  if (place == 0) return good_;
  return static_cast<std::uint8_t>(place <= good_ ? place - 1 : place);
}

ZoneKeeper::Step ZoneKeeper::next() const {
  if (!inRound_) return {};
  if (notifier_ != nobody && !hasAsked(notifier_) && !whole_)
    return {told_ && isNews(*told_) ? StepKind::transfer : StepKind::ask, notifier_};
  if (notifier_ != nobody && best_.primary == notifier_) return {StepKind::transfer, notifier_};
  for (std::size_t place = 0; place < settings_->primaries.size(); ++place)
    if (const std::uint8_t primary = inOrder(place); !hasAsked(primary))
      return {whole_ ? StepKind::transfer : StepKind::ask, primary};
  if (best_.primary != nobody) return {StepKind::transfer, best_.primary};
  // A server may answer transfers alone.
  if (!answered_ && reachable_ != nobody && !hasFailed(reachable_)) return {StepKind::transfer, reachable_};
  return {};
}

Task<> ZoneKeeper::ask(std::size_t primary) {
  const auto settings = settings_;
  const auto index = static_cast<std::uint8_t>(primary);
  const Name zone = origin();
  const auto theirs = co_await settings->primaries[index]->askVersion(zone, rrClass());
  if (settings != settings_) co_return;
  using Failed = PrimaryFailure::Kind;
  if (theirs) {
    note(index, *theirs);
  } else if (theirs.error().kind == Failed::stopped) {
    co_return;
  } else {
    asked_ |= std::uint32_t{1} << index;
    noteFailure(theirs.error().reason);
    const bool connected = theirs.error().kind == Failed::broken || theirs.error().kind == Failed::unusable;
    if (connected && reachable_ == nobody) reachable_ = index;
  }
  endRoundIfDone();
}

// When the version expires that was confirmed now, by a primary that has it for so long.
TimePoint ZoneKeeper::expiryBy(std::optional<std::chrono::seconds> told) const {
  const ZoneTimers timers = ZoneTimers::of(*version_);
  const bool isLess = told && *told < timers.soaExpire;
  return shard_->now() + (isLess ? std::min(timers.expire, *told) : timers.expire);
}

// A primary has answered with its serial, or has no newer version to give.
void ZoneKeeper::note(std::uint8_t primary, const PrimaryVersion& theirs) {
  const Serial serial = theirs.serial;
  asked_ |= std::uint32_t{1} << primary;
  if (best_.primary == primary) best_ = {};
  if (isNews(serial)) {
    if (best_.primary == nobody || isNewer(serial, best_.serial)) best_ = {serial, primary};
    return;
  }
  answered_ = true;
  good_ = primary;
  if (serial.value() != version_->serial()) return noteOlder(primary, serial);
  expires_ = std::max(expires_, expiryBy(theirs.expire));
  loggedOlder_ = false;
}

// That confirms no version: a primary whose serial was set back is followed when this one has expired.
void ZoneKeeper::noteOlder(std::uint8_t primary, Serial serial) {
  if (std::exchange(loggedOlder_, true)) return;
  const bool older = isNewer(Serial(version_->serial()), serial);
  log::warning("zone {}: {} has serial {}, which is {} than our {}; ours is kept", origin(),
               primaryAt(primary).address(), serial.value(), older ? "older" : "neither older nor newer",
               version_->serial());
}

// The first round that fails is told of, and those after it until one succeeds are not.
void ZoneKeeper::noteFailure(const std::string& reason) const {
  if (failures_ == 0)
    log::warning("zone {}: {}", origin(), reason);
  else
    log::debug("zone {}: {}", origin(), reason);
}

Task<std::optional<ZoneVersion>> ZoneKeeper::transfer(std::size_t primary) {
  const auto settings = settings_;
  const auto index = static_cast<std::uint8_t>(primary);
  TransferOutcome outcome = co_await fetch(settings, index);
  if (settings != settings_ || outcome.kind == TransferOutcome::Kind::stopped) co_return std::nullopt;
  std::optional<ZoneVersion> version;
  switch (outcome.kind) {
    case TransferOutcome::Kind::updated:
      version = take(std::move(outcome), index);
      break;
    case TransferOutcome::Kind::notNewer:
      note(index, {*outcome.serial, outcome.expire});
      break;
    default:
      transferFailed(index, outcome.reason);
  }
  endRoundIfDone();
  co_return version;
}

// Differences where they may be had, or else the whole zone.
Task<TransferOutcome> ZoneKeeper::fetch(std::shared_ptr<const SecondarySettings> settings, std::uint8_t primary) {
  Primary& server = *settings->primaries[primary];
  ZoneTransfer wanted;
  wanted.version = version_;
  wanted.anySerial = whole_;
  wanted.limits = settings->limits;
  wanted.checks = settings->checks;
  ZoneTransfer whole = wanted;
  if (version_->isLoaded() && !whole_ && givesDifferences(primary)) {
    wanted.incremental = true;
    TransferOutcome outcome = co_await transferZone(*shard_, server, std::move(wanted));
    if (outcome.kind != TransferOutcome::Kind::wholeNeeded) co_return outcome;
    log::info("zone {}: the whole zone is asked for, because there are no differences: {}", whole.version->origin(),
              outcome.reason);
    if (outcome.givesNone && settings == settings_) askForWhole(primary, shard_->now() + withoutDifferences);
  }
  TransferOutcome outcome = co_await transferZone(*shard_, server, std::move(whole));
  co_return outcome;
}

void ZoneKeeper::stepFailed(std::size_t primary, const std::string& reason) {
  transferFailed(static_cast<std::uint8_t>(primary), reason);
  endRoundIfDone();
}

// The others are asked again: one of them may have the version too.
void ZoneKeeper::transferFailed(std::uint8_t primary, const std::string& reason) {
  noteFailure(reason);
  failed_ |= std::uint32_t{1} << primary;
  asked_ = failed_;
  best_ = {};
}

ZoneVersion ZoneKeeper::take(TransferOutcome outcome, std::uint8_t primary) {
  log::info("zone {}: serial {} from {}, {}: {} records in {} octets", origin(), outcome.serial->value(),
            primaryAt(primary).address(), outcome.whole ? "the whole zone" : "by differences", outcome.records,
            outcome.octets);
  const std::size_t count = std::min(outcome.warnings.size(), loggedWarnings);
  for (std::size_t i = 0; i < count; ++i) log::warning("zone {}: {}", origin(), outcome.warnings[i].message);
  if (count < outcome.warnings.size())
    log::warning("zone {}: {} more warnings", origin(), outcome.warnings.size() - count);
  version_ = std::move(outcome.zone);
  expires_ = expiryBy(outcome.expire);
  expired_ = loggedOlder_ = false;
  good_ = primary;
  answered_ = true;
  // The round has what it was for.
  failed_ = 0;
  asked_ = UINT32_MAX;
  best_ = {};
  whole_ = false;
  return {version_, std::move(outcome.differences)};
}

bool ZoneKeeper::givesDifferences(std::uint8_t primary) const {
  return primary >= wholeUntil_.size() || shard_->now() >= wholeUntil_[primary];
}

void ZoneKeeper::askForWhole(std::uint8_t primary, TimePoint until) {
  if (wholeUntil_.size() <= primary) wholeUntil_.resize(primary + 1u, TimePoint::min());
  wholeUntil_[primary] = until;
}

}  // namespace taut

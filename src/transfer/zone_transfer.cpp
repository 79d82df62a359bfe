#include "taut/transfer/zone_transfer.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "taut/base/random.hpp"
#include "taut/io/offload.hpp"
#include "taut/io/with_deadline.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zone_update.hpp"

namespace taut {

namespace {

using OutcomeKind = TransferOutcome::Kind;
using Progress = TransferReader::Progress;
using GoesOn = std::function<bool()>;

// Building takes about a microsecond a record, and a thread that takes it over costs tens of them.
constexpr std::size_t builtAtOnce = 500;  // records
constexpr unsigned buildThreads = 2;

TransferOutcome failed(OutcomeKind kind, std::string reason) {
  TransferOutcome outcome;
  outcome.kind = kind;
  outcome.reason = std::move(reason);
  return outcome;
}

// Tells a thread that builds a version, when it goes, that nobody waits for it any more.
class Wanted {
 public:
  Wanted() = default;
  Wanted(const Wanted&) = delete;
  Wanted& operator=(const Wanted&) = delete;
  ~Wanted() { flag_->store(false, std::memory_order_relaxed); }

  // On any thread, also after this object has gone.
  GoesOn question() const {
    return [flag = flag_] { return flag->load(std::memory_order_relaxed); };
  }

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(true);
};

// One transfer, for as long as its messages come.
class Transferring {
 public:
  Transferring(Shard& shard, Primary& primary, ZoneTransfer transfer)
      : shard_(shard),
        primary_(primary),
        transfer_(std::move(transfer)),
        origin_(transfer_.version->origin()),
        builder_(origin_, transfer_.version->rrClass()),
        reader_(
            request(), [this](const ZoneRecord& record) { take(record); }, transfer_.limits) {}
  Transferring(const Transferring&) = delete;
  Transferring& operator=(const Transferring&) = delete;

  // Reads all messages. Nothing where they make a version.
  Task<std::optional<TransferOutcome>> read();
  // After that: the version.
  Task<TransferOutcome> build();

 private:
  TransferRequest request() const;
  void take(const ZoneRecord& record) { builder_.add(record.owner, record.type, record.ttl, record.rdata); }
  bool isNotNewer() const;
  TransferOutcome notNewer() const;
  TransferOutcome failureOf(const PrimaryFailure& failure) const;
  TransferOutcome failureOfReader() const;
  Task<TransferOutcome> buildWhole();
  Task<TransferOutcome> buildNext();
  template <typename Function>
  Task<std::optional<std::invoke_result_t<Function&, const GoesOn&>>> aside(std::size_t records, Function function);

  Shard& shard_;
  Primary& primary_;
  ZoneTransfer transfer_;
  const Name origin_;
  const std::uint16_t id_ = randomU16();
  ZoneBuilder builder_;
  TransferReader reader_;
  std::uint64_t octets_ = 0;
  std::optional<std::chrono::seconds> expire_;  // that the primary tells of
};

TransferRequest Transferring::request() const {
  TransferRequest request;
  request.zone = origin_;
  request.rrClass = transfer_.version->rrClass();
  request.type = transfer_.incremental ? Type::IXFR : Type::AXFR;
  request.id = id_;
  if (transfer_.incremental) request.serial = Serial(transfer_.version->serial());
  return request;
}

// Whether there is no use in what follows.
bool Transferring::isNotNewer() const {
  const auto serial = reader_.serial();
  if (!serial || transfer_.anySerial || !transfer_.version->isLoaded()) return false;
  return !isNewer(*serial, Serial(transfer_.version->serial()));
}

TransferOutcome Transferring::notNewer() const {
  TransferOutcome outcome;
  outcome.kind = OutcomeKind::notNewer;
  outcome.serial = reader_.serial();
  outcome.expire = expire_;
  return outcome;
}

TransferOutcome Transferring::failureOf(const PrimaryFailure& failure) const {
  if (failure.kind == PrimaryFailure::Kind::stopped) return failed(OutcomeKind::stopped, failure.reason);
  const bool broken = failure.kind == PrimaryFailure::Kind::broken;
  TransferOutcome outcome =
      failed(transfer_.incremental && broken ? OutcomeKind::wholeNeeded : OutcomeKind::failed, failure.reason);
  outcome.givesNone = broken;
  return outcome;
}

TransferOutcome Transferring::failureOfReader() const {
  const auto failure = reader_.failure();
  TransferOutcome outcome = failed(transfer_.incremental ? OutcomeKind::wholeNeeded : OutcomeKind::failed,
                                   fmt::format("{}: {}", primary_.address(), reader_.error()));
  outcome.givesNone = failure != TransferReader::Failure::history && failure != TransferReader::Failure::limit;
  return outcome;
}

Task<std::optional<TransferOutcome>> Transferring::read() {
  std::optional<RRset> soa;
  if (transfer_.incremental) soa = transfer_.version->soa().data;
  auto stream = co_await primary_.request(origin_, transfer_.version->rrClass(), id_, soa);
  if (!stream) co_return failureOf(stream.error());
  while (reader_.progress() == Progress::more) {
    // A server that has no differences may send its SOA alone, and wait.
    const bool soaAlone = transfer_.incremental && reader_.form() == TransferReader::Form::unknown;
    const auto message = co_await stream->next(soaAlone ? Primary::replyLimit : Primary::idleLimit);
    if (!message) co_return failureOf(message.error());
    octets_ += message->size();
    expire_ = stream->expire();
    reader_.add(*message);
    if (isNotNewer() && stream->isProved()) co_return notNewer();
  }
  if (reader_.progress() == Progress::failed) co_return failureOfReader();
  if (!stream->isProved())
    co_return failed(OutcomeKind::failed, fmt::format("{}: its last message is not signed", stream->server()));
  if (reader_.form() == TransferReader::Form::current) co_return notNewer();
  co_return std::nullopt;
}

Task<TransferOutcome> Transferring::build() {
  const bool whole = reader_.form() == TransferReader::Form::whole;
  TransferOutcome outcome;
  if (whole) {
    TransferOutcome built = co_await buildWhole();
    outcome = std::move(built);
  } else {
    TransferOutcome built = co_await buildNext();
    outcome = std::move(built);
  }
  outcome.whole = whole;
  outcome.serial = reader_.serial();
  outcome.expire = expire_;
  outcome.octets = octets_;
  outcome.records = reader_.records();
  co_return outcome;
}

// What the function gives, which it does by a thread where there is much to do. Nothing where there was no thread.
template <typename Function>
Task<std::optional<std::invoke_result_t<Function&, const GoesOn&>>> Transferring::aside(std::size_t records,
                                                                                        Function function) {
  if (records <= builtAtOnce) {
    auto built = function(GoesOn());
    co_return built;
  }
  const Wanted wanted;
  auto call = [function = std::move(function), goesOn = wanted.question()]() mutable { return function(goesOn); };
  auto built = co_await offload(shard_, std::move(call));
  co_return built;
}

Task<TransferOutcome> Transferring::buildWhole() {
  auto build = [builder = std::move(builder_), checks = transfer_.checks](const GoesOn& goesOn) mutable {
    return builder.build(checks, buildThreads, goesOn);
  };
  auto built = co_await aside(reader_.records(), std::move(build));
  if (!built) co_return failed(OutcomeKind::failed, "the zone could not be built: too much waits for a thread");
  TransferOutcome outcome;
  const auto error = std::ranges::find_if(built->diagnostics, &Diagnostic::isError);
  if (error != built->diagnostics.end()) {
    // What a server makes of its differences need not be what it has.
    outcome = failed(transfer_.incremental ? OutcomeKind::wholeNeeded : OutcomeKind::failed,
                     fmt::format("{}: the zone is refused: {}", primary_.address(), error->message));
    outcome.givesNone = true;
    co_return outcome;
  }
  outcome.kind = OutcomeKind::updated;
  outcome.warnings = std::move(built->diagnostics);
  outcome.zone = std::move(built->zone);
  co_return outcome;
}

Task<TransferOutcome> Transferring::buildNext() {
  auto differences = std::make_shared<std::vector<ZoneDifference>>(reader_.takeDifferences());
  auto update = [version = transfer_.version, differences, checks = transfer_.checks](const GoesOn&) {
    return updateZone(version, *differences, checks);
  };
  // A digest is one of the whole zone, and so is a new image where there is no room for more.
  const bool readsAll = transfer_.version->apex().has(Type::ZONEMD) || isWorthSettling(*transfer_.version);
  const std::size_t records = readsAll ? transfer_.version->recordCount() : reader_.records();
  auto updated = co_await aside(records, std::move(update));
  if (!updated) co_return failed(OutcomeKind::failed, "the version could not be made: too much waits for a thread");
  if (!*updated)
    co_return failed(OutcomeKind::wholeNeeded,
                     fmt::format("{}: its differences do not lead on from the version that is there: {}",
                                 primary_.address(), updated->error()));
  TransferOutcome outcome;
  outcome.kind = OutcomeKind::updated;
  outcome.zone = std::move((*updated)->zone);
  for (ZoneDifference& difference : *differences)
    outcome.differences.push_back(std::make_shared<const ZoneDifference>(std::move(difference)));
  co_return outcome;
}

}  // namespace

ZoneChecks secondaryChecks() {
  ZoneChecks checks;
  checks.requireNsAddresses = false;
  return checks;
}

Task<TransferOutcome> transferZone(Shard& shard, Primary& primary, ZoneTransfer transfer) {
  Transferring transferring(shard, primary, std::move(transfer));
  auto reading = transferring.read();
  auto read = co_await withDeadline(shard, Primary::transferLimit, std::move(reading));
  if (!read) co_return failed(OutcomeKind::failed, fmt::format("{}: the transfer took too long", primary.address()));
  if (*read) co_return std::move(**read);
  auto outcome = co_await transferring.build();
  co_return outcome;
}

}  // namespace taut

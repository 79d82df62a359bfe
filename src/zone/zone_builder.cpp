#include "taut/zone/zone_builder.hpp"

#include <utility>

#include <fmt/format.h>

#include "diagnostic_list.hpp"
#include "node_writer.hpp"
#include "nsec3_chain.hpp"
#include "owner_keys.hpp"
#include "record_log.hpp"
#include "zone_checks.hpp"
#include "zone_image_writer.hpp"
#include "zone_links.hpp"

namespace taut {

namespace {

using detail::DiagnosticList;
using detail::RecordLog;
using detail::WrittenNodes;
using detail::ZoneImageWriter;

const detail::LoggedRecord* findSoa(const detail::OwnerRun& run) {
  const detail::LoggedRecord* record = run.first();
  for (std::uint32_t i = 0; i < run.count; ++i, record = record->next())
    if (record->type == static_cast<std::uint16_t>(Type::SOA)) return record;
  return nullptr;
}

// What keeps the records from being the wanted zone, none of which is its SOA.
void explainNoSoa(const RecordLog& log, const std::optional<Name>& wanted, DiagnosticList& diagnostics) {
  if (log.recordCount() == 0) return diagnostics.error("there is no record; expected a zone", log.wholeZone());
  if (!wanted) return diagnostics.error("there is no SOA record; expected one, at the zone's origin", log.wholeZone());
  for (const auto* run = log.firstRun(); run != nullptr; run = log.nextRun(*run))
    if (const auto* const soa = findSoa(*run))
      return diagnostics.error(fmt::format("the SOA record is that of {}; expected one of {}", run->name(), *wanted),
                               {log.file(run->file), soa->line});
  diagnostics.error(fmt::format("zone {} has no SOA record; expected one, at its origin", *wanted), log.wholeZone());
}

// The owner of the SOA at the wanted origin, or of the first SOA where no origin is wanted.
std::optional<Name> findOrigin(const RecordLog& log, const std::optional<Name>& wanted, DiagnosticList& diagnostics) {
  for (const auto* run = log.firstRun(); run != nullptr; run = log.nextRun(*run))
    if ((!wanted || run->name() == *wanted) && findSoa(*run)) return Name(run->name());
  explainNoSoa(log, wanted, diagnostics);
  return std::nullopt;
}

// Distances between nodes are counted in units of 32 bits, and links reach half as far in either direction.
bool fits(const detail::ZoneLayout& layout) {
  return layout.nodeUnits <= INT32_MAX;
}

std::shared_ptr<const Zone> placeLists(ZoneImageWriter& image, const WrittenNodes& nodes) {
  detail::NodeLists lists{nodes.ordinary.units, nodes.nsec3.units, {}};
  if (nodes.hasNsec3Links) {
    const ZoneNode apex(&image.node(0));
    const auto parameters = detail::chosenNsec3Parameters(apex.rrset(Type::NSEC3PARAM).data);
    lists.chain = nsec3ChainOf(apex, nodes.nsec3.units, *parameters);
  }
  return std::make_shared<const Zone>(image.placeLists(lists));
}

}  // namespace

struct ZoneBuilder::State {
  std::optional<Name> origin;
  Class rrClass = Class::IN;
  RecordLog log;

  std::shared_ptr<const Zone> build(const ZoneChecks& checks, unsigned threads, const std::function<bool()>& goesOn,
                                    DiagnosticList& diagnostics);
};

ZoneBuilder::ZoneBuilder(std::optional<Name> origin, Class rrClass) : state_(std::make_unique<State>()) {
  state_->origin = origin;
  state_->rrClass = rrClass;
}

ZoneBuilder::~ZoneBuilder() = default;
ZoneBuilder::ZoneBuilder(ZoneBuilder&&) noexcept = default;
ZoneBuilder& ZoneBuilder::operator=(ZoneBuilder&&) noexcept = default;

void ZoneBuilder::add(NameView owner, Type type, std::uint32_t ttl, ByteSpan rdata, const RecordPlace& place) {
  state_->log.add(owner, type, ttl, rdata, place.file, place.line);
}

ZoneBuild ZoneBuilder::build(const ZoneChecks& checks, unsigned threads, const std::function<bool()>& goesOn) {
  DiagnosticList diagnostics(checks.maxDiagnostics);
  ZoneBuild result;
  result.zone = state_->build(checks, threads, goesOn, diagnostics);
  result.diagnostics = diagnostics.take();
  state_->log = {};
  return result;
}

// Keys, nodes, lists, links: each step takes the value that the one before made. Null where an error or `goesOn` ended
// it.
std::shared_ptr<const Zone> ZoneBuilder::State::build(const ZoneChecks& checks, unsigned threads,
                                                      const std::function<bool()>& goesOn,
                                                      DiagnosticList& diagnostics) {
  const auto ends = [&] { return diagnostics.failed() || (goesOn && !goesOn()); };
  if (log.isFull()) {
    diagnostics.error("the zone is too large: its records take over 16 GiB", log.wholeZone());
    return nullptr;
  }
  const auto found = findOrigin(log, origin, diagnostics);
  if (ends()) return nullptr;
  detail::OwnerKeys keys = sortOwners(log, *found, threads, diagnostics);
  if (ends()) return nullptr;

  const detail::ZoneLayout bound = layoutBound(log, keys);
  if (!fits(bound)) {
    diagnostics.error(fmt::format("zone {} is too large: over 8 GiB", found->toString()), log.wholeZone());
    return nullptr;
  }
  ZoneImageWriter image(bound);
  const detail::NodeWriter::Options options{*found, rrClass, checks.maxNsec3Iterations};
  WrittenNodes nodes = detail::NodeWriter(log, image, options, diagnostics).write(std::move(keys));
  if (ends()) return nullptr;

  const auto zone = placeLists(image, nodes);
  if (ends()) return nullptr;
  linkTargets(image, *zone, nodes.linked);
  if (zone->hasNsec3()) linkNsec3(image, *zone, threads);
  checkZone(*zone, nodes, log, checks, diagnostics);
  return diagnostics.failed() ? nullptr : zone;
}

}  // namespace taut

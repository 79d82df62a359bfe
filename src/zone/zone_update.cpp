#include "taut/zone/zone_update.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "change_checks.hpp"
#include "checked_node.hpp"
#include "record_changes.hpp"
#include "taut/zone/zone_settling.hpp"
#include "taut/zone/zonemd.hpp"
#include "version_plan.hpp"
#include "version_writer.hpp"
#include "zone_block.hpp"

namespace taut {

namespace {

using detail::RecordChanges;
using detail::ZoneBlock;
using Version = std::shared_ptr<const Zone>;
using Made = Result<Version, std::string>;

// A version with the same records and room for further nodes; null where there can be none.
Version withRoom(const Zone& zone) {
  const detail::ZoneImage& image = zone.image();
  if (image.block().hasTail()) return settle(zone);
  auto block = ZoneBlock::withTail(image.block());
  if (!block->hasTail()) return nullptr;
  return std::make_shared<const Zone>(detail::ZoneImage(std::move(block), image.layout()));
}

void addUnchanged(ZoneNodeRange nodes, const detail::ChangedOwners& changed, ZoneBuilder& builder) {
  for (const ZoneNode node : nodes) {
    if (node.isEmpty() || changed.contains(node.owner())) continue;
    for (const RRset set : node)
      for (const ByteSpan rdata : set) builder.add(set.owner, set.type, set.ttl, rdata);
  }
}

void addChanged(const detail::ChangedOwners& changed, ZoneBuilder& builder) {
  for (const auto& [name, owner] : changed)
    for (const detail::PendingSet& set : owner.records.sets())
      for (const ByteSpan rdata : set.records) builder.add(owner.owner, set.type, set.ttl, rdata);
}

// What changes more than its owners is built from all records.
Made rebuild(const Zone& zone, const RecordChanges& changes, ZoneChecks checks) {
  ZoneBuilder builder(Name(zone.origin()), zone.rrClass());
  addUnchanged(zone.nodes(), changes.names(), builder);
  addUnchanged(zone.nsec3Nodes(), changes.nsec3Owners(), builder);
  addChanged(changes.names(), builder);
  addChanged(changes.nsec3Owners(), builder);
  checks.verifyZonemd = false;  // done for each update
  ZoneBuild build = builder.build(checks);
  if (build.zone) return std::move(build.zone);
  return Failure(std::ranges::find_if(build.diagnostics, &Diagnostic::isError)->message);
}

enum class Way : std::uint8_t { inPlace, needsRoom, rebuild };

// The version with the changes, written behind the image. Or how else it is to be made.
std::pair<Way, Version> writeVersion(const Zone& zone, const RecordChanges& changes) {
  if (changes.changesChain()) return {Way::rebuild, nullptr};
  ZoneBlock& block = zone.image().block();
  const std::lock_guard lock(block.mutex());
  detail::VersionPlan plan(zone, changes.names());
  if (plan.isTooLarge()) return {Way::rebuild, nullptr};
  if (!block.hasTail()) return {Way::needsRoom, nullptr};
  detail::VersionWriter writer(zone, plan, changes.nsec3Owners());
  if (writer.bound() > block.tailLeft()) return {Way::needsRoom, nullptr};
  Version version = writer.write();
  if (version && writer.leavesGap(*version)) version = settle(*version);
  return {version ? Way::inPlace : Way::rebuild, std::move(version)};
}

std::optional<std::string> problemOf(const Zone& zone, const ZoneChecks& checks) {
  if (checks.requireNsAddresses) {
    std::string problem = detail::problemOfNameServers(zone);
    if (!problem.empty()) return problem;
  }
  if (!checks.verifyZonemd) return std::nullopt;
  const ZonemdResult result = verifyZonemd(zone);
  const bool isWrong = result.status == ZonemdResult::Status::failed ||
                       (result.status == ZonemdResult::Status::unsupported && checks.requireZonemd);
  if (!isWrong) return std::nullopt;
  return fmt::format("{} ZONEMD: {} (RFC 8976 section 4)", zone.origin(), result.reason);
}

// `take` gives the changes of a version, or says why it cannot.
template <class Take>
Result<ZoneUpdate, std::string> update(const Version& zone, const Take& take, const ZoneChecks& checks,
                                       bool mayMakeRoom = true) {
  RecordChanges changes(*zone);
  if (auto problem = take(changes)) return Failure(std::move(*problem));
  if (changes.empty()) return ZoneUpdate{zone, std::nullopt};
  auto [way, version] = writeVersion(*zone, changes);
  if (way == Way::needsRoom && mayMakeRoom)
    if (const Version roomy = withRoom(*zone)) return update(roomy, take, checks, false);
  if (way != Way::inPlace) {
    Made built = rebuild(*zone, changes, checks);
    if (!built) return Failure(built.error());
    version = std::move(*built);
  }
  if (auto problem = problemOf(*version, checks)) return Failure(std::move(*problem));
  return ZoneUpdate{std::move(version), changes.difference()};
}

}  // namespace

std::optional<std::string> reasonAgainstChanges(const Zone& zone) {
  if (!zone.isLoaded()) return fmt::format("the zone {} is not loaded", zone.origin());
  for (const auto nodes : {zone.nodes(), zone.nsec3Nodes()})
    for (const ZoneNode node : nodes)
      if (auto problem = detail::problemOfSigned(node)) return problem;
  return std::nullopt;
}

Result<ZoneUpdate, std::string> updateZone(const Version& zone, const ZoneChange& change, Serial last) {
  ZoneChecks checks;
  checks.requireNsAddresses = false;
  checks.verifyZonemd = false;
  return update(
      zone, [&](RecordChanges& changes) { return changes.take(change, last); }, checks);
}

Result<ZoneUpdate, std::string> updateZone(const Version& zone, std::span<const ZoneDifference> differences,
                                           const ZoneChecks& checks) {
  const auto take = [&](RecordChanges& changes) {
    for (const ZoneDifference& difference : differences)
      if (auto problem = changes.take(difference)) return problem;
    return changes.finish();
  };
  return update(zone, take, checks);
}

// They are applied many at a time, so that each owner is written once.
Result<Version, std::string> replay(Version zone, std::span<const std::shared_ptr<const ZoneDifference>> differences) {
  constexpr std::size_t atOnce = std::size_t{4} << 20;  // octets
  ZoneChecks checks;
  checks.requireNsAddresses = checks.verifyZonemd = false;
  std::vector<ZoneDifference> batch;
  std::size_t octets = 0;
  for (const auto& difference : differences) {
    batch.push_back(*difference);
    octets += difference->octets();
    if (octets < atOnce && &difference != &differences.back()) continue;
    auto updated = updateZone(zone, batch, checks);
    if (!updated) return Failure(updated.error());
    zone = std::move(updated->zone);
    batch.clear();
    octets = 0;
  }
  return zone;
}

}  // namespace taut

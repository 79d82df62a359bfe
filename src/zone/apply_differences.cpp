#include "taut/zone/apply_differences.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "taut/dns/rdata.hpp"

namespace taut {

namespace {

struct Kept {
  std::uint32_t ttl = 0;
  std::vector<std::uint8_t> rdata;  // in the case that it came in
};

// The records of a name that the differences are about: by type, and by RDATA in canonical form.
using Records = std::map<std::pair<Type, std::string>, Kept>;

std::pair<Type, std::string> keyOf(Type type, ByteSpan rdata) {
  std::string canonical(asText(rdata));
  canonicaliseRdata(type, MutableByteSpan(reinterpret_cast<std::uint8_t*>(canonical.data()), canonical.size()));
  return {type, std::move(canonical)};
}

class Applying {
 public:
  Applying(const Zone& version, const ZoneChecks& checks) : version_(version), checks_(checks) {}

  // Why the difference does not belong to the version; empty where it does.
  std::string take(const ZoneDifference& difference) {
    for (const ZoneRecord record : difference.removed())
      if (recordsOf(record.owner).erase(keyOf(record.type, record.rdata)) == 0)
        return fmt::format("{} {} is to go, and is not there", record.owner, record.type);
    for (const ZoneRecord record : difference.added()) {
      Kept kept{record.ttl, {record.rdata.begin(), record.rdata.end()}};
      if (!recordsOf(record.owner).emplace(keyOf(record.type, record.rdata), std::move(kept)).second)
        return fmt::format("{} {} is to come, and is there already", record.owner, record.type);
    }
    return {};
  }

  ZoneBuild build(const std::function<bool()>& goesOn) {
    ZoneBuilder builder(Name(version_.origin()), version_.rrClass());
    for (const ZoneNode node : version_.nodes()) addUntouched(node, builder);
    for (const ZoneNode node : version_.nsec3Nodes()) addUntouched(node, builder);
    for (const auto& [owner, records] : touched_)
      for (const auto& [key, kept] : records) builder.add(owner, key.first, kept.ttl, kept.rdata);
    return builder.build(checks_, 1, goesOn);
  }

 private:
  Records& recordsOf(NameView owner) {
    const auto found = touched_.find(owner);
    if (found != touched_.end()) return found->second;
    Records& records = touched_[owner];
    if (const ZoneNode node = version_.node(owner)) keep(node, records);
    if (const ZoneNode node = nsec3Owner(owner)) keep(node, records);
    return records;
  }

  static void keep(ZoneNode node, Records& records) {
    for (const RRset set : node)
      for (const ByteSpan rdata : set) records.emplace(keyOf(set.type, rdata), Kept{set.ttl, {rdata.begin(), rdata.end()}});
  }

  // NSEC3 owners are kept apart from the other names, also where one of those is the same.
  ZoneNode nsec3Owner(NameView owner) {
    if (nsec3Owners_.empty())
      for (const ZoneNode node : version_.nsec3Nodes()) nsec3Owners_.emplace(node.owner(), node);
    const auto found = nsec3Owners_.find(owner);
    return found == nsec3Owners_.end() ? ZoneNode() : found->second;
  }

  void addUntouched(ZoneNode node, ZoneBuilder& builder) const {
    if (touched_.contains(node.owner())) return;
    for (const RRset set : node)
      for (const ByteSpan rdata : set) builder.add(set.owner, set.type, set.ttl, rdata);
  }

  const Zone& version_;
  const ZoneChecks& checks_;
  std::unordered_map<Name, Records, NameHash, NameEqual> touched_;
  std::unordered_map<NameView, ZoneNode, NameHash, NameEqual> nsec3Owners_;  // empty until one is looked for
};

}  // namespace

Result<std::shared_ptr<const Zone>, std::string> applyDifferences(const std::shared_ptr<const Zone>& version,
                                                                  std::span<const ZoneDifference> differences,
                                                                  const ZoneChecks& checks,
                                                                  const std::function<bool()>& goesOn) {
  Applying applying(*version, checks);
  Serial serial(version->serial());
  for (const ZoneDifference& difference : differences) {
    if (difference.from() != serial)
      return Failure(fmt::format("a difference begins at serial {}, and the version there has {}",
                                 difference.from().value(), serial.value()));
    if (std::string differs = applying.take(difference); !differs.empty()) return Failure(std::move(differs));
    serial = difference.to();
  }
  ZoneBuild build = applying.build(goesOn);
  if (build.zone) return std::move(build.zone);
  const auto error = std::ranges::find_if(build.diagnostics, &Diagnostic::isError);
  return Failure(error == build.diagnostics.end() ? std::string() : error->message);
}

}  // namespace taut

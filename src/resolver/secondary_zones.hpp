// The zones of a secondary: what gets them, on one shard, and their newest versions, which any shard may answer from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "taut/base/address.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial.hpp"
#include "taut/io/shard.hpp"
#include "taut/resolver/secondary_authority.hpp"
#include "taut/transfer/refresh_scheduler.hpp"
#include "zone_versions.hpp"

namespace taut::detail {

class SecondaryZones {
 public:
  using Versions = std::vector<std::shared_ptr<ZoneVersions>>;

  SecondaryZones(Shard& shard, const std::vector<PrimaryOptions>& primaries, const std::vector<Name>& zones,
                 SecondaryOptions options);
  SecondaryZones(const SecondaryZones&) = delete;
  SecondaryZones& operator=(const SecondaryZones&) = delete;

  // Gets the zones until the token of the task stops.
  Task<> run() { return scheduler_.run(); }
  // On the shard's thread.
  bool notify(NameView zone, const Address& from, std::optional<Serial> serial) {
    return scheduler_.notify(zone, Class::IN, from, serial);
  }

  // On any thread.
  const Versions& versions() const { return versions_; }
  std::shared_ptr<ZoneVersions> find(NameView zone) const;
  // Whether a NOTIFY for the zone is one of its primaries'.
  bool isNotice(NameView zone, const Address& from) const;
  void end();

 private:
  void publish(const ZoneVersion& version);

  std::vector<Address> hosts_;  // of the primaries
  Versions versions_;
  std::unordered_map<Name, std::shared_ptr<ZoneVersions>, NameHash, NameEqual> byOrigin_;
  std::uint64_t change_ = 0;  // versions so far
  RefreshScheduler scheduler_;
};

}  // namespace taut::detail

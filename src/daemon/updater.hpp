// Carries out dynamic updates (RFC 2136) of the zones that this server makes the versions of.
//
// The updates of a zone come one after the other, each by the order of section 3, and those that wait are committed
// together: their versions are kept on the disk, then the last of them is served, and then they are answered. What
// cannot be kept is not served, and answered SERVFAIL.
//
// A version of the zone's file with a newer serial takes its turn among the updates. A zone that has changed much is
// settled in a thread of the pool.
//
// One thread uses it, that of the shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "taut/coro/event.hpp"
#include "taut/coro/task_scope.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial_policy.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/dns/type.hpp"
#include "taut/dns/update_policy.hpp"
#include "taut/io/shard.hpp"
#include "taut/transfer/zone_keeper.hpp"
#include "taut/zone/update_message.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zones/zone_store.hpp"

namespace taut {

// An update that a sender asks for, who may update something of the zone.
struct UpdateOrder {
  std::vector<std::uint8_t> message;
  UpdateGrant grant;
  std::string sender;                  // for the log: its address and key
  std::shared_ptr<const TsigKey> key;  // that it is signed with; null: none
  std::shared_ptr<const Zone> served;  // the zone as it was when the message came
  std::function<void(Rcode)> done;     // called once, on any thread, unless the end of the program comes first
};

class Updater {
 public:
  // Has the version kept, and calls `done` on any thread, with why it is not on the disk or an empty text. Without
  // `done` for a version in a new image.
  using Kept = std::function<void(const std::string& error)>;
  using Keep = std::function<void(const ZoneVersion& version, Kept done)>;
  // Has the version served, and calls `served` when it is, on any thread.
  using Publish = std::function<void(ZoneInstall version, std::function<void()> served)>;

  static constexpr std::size_t maxTogether = 256;  // updates of a zone that are committed together

  Updater(Shard& shard, Keep keep, Publish publish);
  Updater(const Updater&) = delete;
  Updater& operator=(const Updater&) = delete;
  ~Updater();

  // From now on this zone is updated, beginning with this version unless it is updated already.
  void add(const Name& origin, std::shared_ptr<const Zone> version, SerialPolicy serial);
  // What waits is answered REFUSED.
  void remove(const Name& origin);

  void update(const Name& origin, UpdateOrder order);
  // The file of the zone has this version, which is loaded.
  void replaceByFile(std::shared_ptr<const Zone> version);

  // How many updates of the zone have been carried out; nothing where it is not updated.
  std::optional<std::uint64_t> updatesOf(const Name& origin) const;

  // Carries out what has come, and ends what goes on in the pool's threads.
  Task<> join();

 private:
  struct Updated;
  struct Commit;

  using Zones = std::unordered_map<Name, std::shared_ptr<Updated>, NameHash, NameEqual>;

  void advance(const std::shared_ptr<Updated>& zone);
  bool takeSettled(Updated& zone);
  void apply(Updated& zone, UpdateOrder order, Commit& commit);
  void applyFile(Updated& zone, std::shared_ptr<const Zone> file, Commit& commit) const;
  void commit(const std::shared_ptr<Updated>& zone, std::shared_ptr<Commit> commit);
  void kept(const std::shared_ptr<Updated>& zone, const std::shared_ptr<Commit>& commit, const std::string& error);
  Serial serialAfter(const Updated& zone, const Zone& version) const;
  Task<> settle(std::shared_ptr<Updated> zone);

  Shard& shard_;
  const Keep keep_;
  const Publish publish_;
  Zones zones_;
  std::size_t committing_ = 0;  // zones
  Event nothingCommits_;
  TaskScope settling_;
};

}  // namespace taut

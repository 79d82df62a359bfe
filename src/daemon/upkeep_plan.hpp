// Which zones come from other servers, and which other servers are told of new versions, as a configuration says.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/configuration.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial_policy.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/dns/update_policy.hpp"
#include "taut/server/notification.hpp"
#include "taut/transfer/notifier.hpp"
#include "taut/transfer/primary.hpp"

namespace taut {

class UpkeepPlan {
 public:
  using Servers = std::vector<PrimaryOptions>;

  // A NOTIFY of a zone that was accepted and not yet taken. On any thread.
  class Pending {
   public:
    // False where one waits already: what is done about that one is done about this one too.
    bool add();
    // Whether there was one alone, so that what it has told counts. From here on another one waits anew.
    bool take();

   private:
    enum class State : std::uint8_t { none, one, several };
    std::atomic<State> state_ = State::none;
  };

  struct Zone {
    std::shared_ptr<const config::RemoteList> remotes;  // null: no secondary
    std::shared_ptr<const Servers> primaries;           // the same with their keys
    std::shared_ptr<const config::TransferAccess> allowNotify;
    std::shared_ptr<const std::vector<NotifyTarget>> targets;  // null: nobody
    std::string file;                                          // that is written; empty: none
    std::string masterFile;                                    // that is written on request alone; empty: none
    bool isKept = false;                                       // in the archive
    std::shared_ptr<Pending> pending;                          // of a secondary
    std::shared_ptr<const UpdatePolicy> updates;               // null: nobody may update it
    SerialPolicy serial = SerialPolicy::keep;                  // of versions that updates make

    bool isUpdated() const { return updates && !primaries; }
  };
  using Zones = std::unordered_map<Name, Zone, NameHash, NameEqual>;

  UpkeepPlan() = default;
  // The keys are those of the configuration, and `members` zones beside those that it has. What is the same as in the
  // plan before is the same object.
  UpkeepPlan(const config::Configuration& configuration, const std::shared_ptr<const KeyRing>& keys,
             std::span<const config::ZoneSettings> members = {});

  const Zones& zones() const { return zones_; }
  bool empty() const { return zones_.empty(); }
  bool hasSecondaries() const;
  bool hasUpdates() const;
  // Null where it is neither a secondary, nor updated, nor told of.
  const Zone* find(NameView origin) const;

  // Whether the sender may tell us of a zone: it is one of the zone's primaries, by its address and, where that has
  // one, its key, or is allowed to.
  NotifyVerdict verdictOn(const Notification& notification) const;

 private:
  Zones zones_;
};

}  // namespace taut

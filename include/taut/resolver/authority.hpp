// Answers from the zones that are served (RFC 1034 section 4.3.2 as clarified by RFCs 2181, 2308, 4592, 6672 and 8020;
// DNSSEC by RFC 4035 section 3.1 and RFC 5155 section 7.2).
//
// Aliases are followed through all zones that are served. A chain that leaves them ends with its last alias, and a loop
// ends where it would begin again. For a name outside every zone the next resolver is asked. A name of a zone that is
// not loaded is SERVFAIL.
//
// With the name of a view it answers the view's clients, as ZoneSet says: the view's own zones are asked before those
// that all see.
//
// Zones whose records change at run time, DynamicZone, are answered from beside those of the set, as if they were in
// it; one of them goes before a zone of its origin in the set.
//
// One object for each shard. Answers borrow from the zones, and keep alive what there was when they began: `replace`
// gives later queries another set, and `serve` also other versions of zones in the same set, those of which answers
// that have begun may use both. No query touches a count that other shards touch.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "taut/base/local_ref.hpp"
#include "taut/dns/answer.hpp"
#include "taut/dns/query.hpp"
#include "taut/resolver/resolver.hpp"
#include "taut/zone/zone_publication.hpp"
#include "taut/zone/zone_set.hpp"

namespace taut {

class DynamicZone;
class Shard;

namespace detail {
class ZoneVersions;
}

class Authority final : public Resolver {
 public:
  // In the place of a null pointer stands a set whose one zone, the root, is not loaded.
  explicit Authority(std::shared_ptr<const ZoneSet> zones, std::string view = {});
  // Of one zone that changes at run time. The shard is that of this object, and outlives it.
  Authority(Shard& shard, DynamicZone& zone);
  ~Authority() override;

  // One more such zone. On the shard's thread, or before that runs.
  void add(Shard& shard, DynamicZone& zone);

  // The whole set, also for a view, in place of the one before. Zones that change at run time stay.
  void replace(std::shared_ptr<const ZoneSet> zones);
  // The set of the publication, likewise. Each publication of a set is to come here, after it, on the shard's thread:
  // what is retired lives as long as answers that began before.
  void serve(const ZonePublication& publication);
  // Those that are looked at: for a view what its clients see.
  const ZoneSet& zones() const;

  Task<std::optional<Answer>> resolve(const Query& query) override;

  ServedZone servedZone(NameView origin, Class rrClass) const override;

  // Only for zones that are larger than the caches of a core.
  void prefetch(std::span<const Query* const> queries) const override;

  // The answer of `resolve`, without a task; nothing where no zone encloses the name.
  std::optional<Answer> answer(const Query& query) const;

  // From then on no zone is followed: the answers are those of the last versions.
  Task<> close() override;

 private:
  friend class SecondaryAuthority;
  class Moment;
  class Following;

  // Of zones that others give new versions of.
  Authority(Shard& shard, const std::vector<std::shared_ptr<detail::ZoneVersions>>& zones);

  void begin(std::shared_ptr<const ZoneSet> set);

  std::string view_;                    // empty: none
  std::shared_ptr<const ZoneSet> set_;  // null: none
  std::vector<std::unique_ptr<Following>> following_;
  LocalRef<Moment> moment_;  // the present one
};

}  // namespace taut

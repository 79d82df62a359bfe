// All zones that are served, found by the longest origin that encloses a name (RFC 1034 section 4.3.2 step 2).
//
// A zone that is not loaded (`Zone::notLoaded`) is found like any other: its parent does not answer for its names.
// A look-up costs one probe for each number of labels that some origin has, and no more for more zones.
//
// Which zones there are never changes: a reload makes a new set, which shares the zones that did not change. A zone may
// give way to another version of it (`replace`), at the cost of one pointer for all threads and any number of zones.
// Look-ups take no lock for that: who may be in the middle of one keeps the version before for as long, see Authority.
//
// Two sets may be served as one, so that a few zones change without those beside them.
//
// A zone may be for some clients alone (`restrict`). In its place a look-up finds one that is not loaded, so that
// look-ups of other zones do not ask who is asking.
//
// A zone may be there and not be served (`addUnserved`): no look-up finds it, so that it costs the others nothing.
//
// A view is a part of the set that only some clients see: they find its zones and the others, the longest origin of
// all, and where both have a zone of one origin, the view's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "taut/base/bytes.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/query.hpp"
#include "taut/dns/type.hpp"
#include "taut/zone/zone.hpp"

namespace taut {

// The zones of a view, before they are a part of a set.
struct ZonesOfView {
  std::string view;
  std::vector<std::shared_ptr<const Zone>> zones;
};

class ZoneSet {
 public:
  class LookAhead;

  ZoneSet() = default;

  // Null pointers are left out. Of several zones with one origin and class the last one that is loaded counts. Each
  // view is there once.
  explicit ZoneSet(std::span<const std::shared_ptr<const Zone>> zones, std::span<const ZonesOfView> views = {});
  // These zones, each in place of one of its origin in the other set, and that set's zones beside them, as a view sees
  // both. It costs no more for a larger set beside it.
  ZoneSet(std::span<const std::shared_ptr<const Zone>> zones, std::shared_ptr<const ZoneSet> beside);
  // Its views refer to it.
  ZoneSet(const ZoneSet&) = delete;
  ZoneSet& operator=(const ZoneSet&) = delete;

  // What the clients of a view see; null where the view has no zones. It lives as long as this set.
  const ZoneSet* view(std::string_view name) const;
  // In the order given.
  std::span<const std::unique_ptr<ZoneSet>> views() const { return views_; }
  // Of a set of a view; empty for others.
  const std::string& viewName() const { return viewName_; }

  // Only these clients may ask about the zone of this origin and class, of a view about the view's own zone; for a set
  // that is not served yet. Has no effect where there is none.
  void restrict(NameView origin, Class rrClass, AccessList clients, std::string_view view = {});

  // Adds a zone that `get`, `replace` and `zones` have, and no look-up finds: for a set that is not served yet, and has
  // no zone of its origin and class.
  void addUnserved(std::shared_ptr<const Zone> zone);

  // Has this version found from now on in the place of that with its origin and class, of a view among the view's own
  // zones, and gives that one: it may be in use for as long as a look-up or an answer that has begun lasts. Null, and
  // nothing has changed, where there is none. On any thread, also while others look zones up.
  std::shared_ptr<const Zone> replace(std::shared_ptr<const Zone> version, std::string_view view = {});
  // How many versions have been replaced, those of views too. On any thread.
  std::uint64_t replacements() const { return replacements_.load(std::memory_order_acquire); }

  // The zone with the longest origin at or above the name; null when there is none. Where versions are replaced it
  // lives until the thread has been told that it was; on another thread `get` is safe.
  const Zone* find(NameView name, Class rrClass = Class::IN) const {
    if (outer_ != nullptr) [[unlikely]]
      return findInView(name, rrClass);
    return findOwn(name, rrClass);
  }

  // The zone with the longest origin above the name: for DS, which the parent answers (RFC 4035 section 3.1.4.1).
  const Zone* findParent(NameView name, Class rrClass = Class::IN) const {
    return name.isRoot() ? nullptr : find(name.parent(), rrClass);
  }

  // What stands behind a zone that `find` has given and that is not loaded: the one that only some clients may ask
  // about, where the query may; null where it may not. Any other zone is itself.
  const Zone* behind(const Zone& found, const Query& query) const;

  // The set in which a name is looked for beside this one: that of all clients for a view, or that which this one
  // stands beside. Null where there is none.
  const ZoneSet* outer() const { return outer_; }

  // The zone of exactly this origin, also one that is not served; of a view one of its own, as below.
  std::shared_ptr<const Zone> get(NameView origin, Class rrClass = Class::IN) const;
  // The same, but for one that is not served.
  std::shared_ptr<const Zone> getServed(NameView origin, Class rrClass = Class::IN) const;

  // Copies, in the order given.
  std::vector<std::shared_ptr<const Zone>> zones() const;
  std::size_t size() const { return zones_.size(); }
  bool empty() const { return zones_.empty(); }

  // Whether the zones, or those of the set beside, are larger than a core's own caches: then prefetching pays.
  bool isLarge() const { return isLarge_.load(std::memory_order_relaxed); }

 private:
  // A slot of the table. What identifies the zone lies beside the pointer, so that a look-up touches only the right
  // zone.
  struct Slot {
    std::atomic<const Zone*> zone = nullptr;
    std::uint32_t hash = 0;
    std::uint32_t index = 0;  // in `zones_`
  };

  struct Restricted {
    AccessList clients;
    std::shared_ptr<const Zone> standIn;  // is not loaded
  };

  void add(std::span<const std::shared_ptr<const Zone>> zones);
  const Zone* findOwn(NameView name, Class rrClass) const;
  const Zone* findInView(NameView name, Class rrClass) const;
  const Slot* slot(NameView origin, Class rrClass) const;
  Slot* slot(NameView origin, Class rrClass);
  std::optional<std::size_t> findUnserved(NameView origin, Class rrClass) const;

  std::vector<Slot> table_;           // a power of two of them; the first one for a zone is where its hash says
  std::uint64_t depths_[2] = {0, 0};  // bit n: some origin has n labels
  std::unordered_map<std::uint32_t, Restricted> restricted_;  // by the places in `zones_`
  std::vector<std::size_t> unserved_;                         // likewise
  mutable std::mutex mutex_;                                  // of the two that follow
  std::vector<std::shared_ptr<const Zone>> zones_;
  std::size_t octets_ = 0;  // that those take which are served
  std::atomic<bool> isLarge_ = false;
  std::atomic<std::uint64_t> replacements_ = 0;
  const ZoneSet* outer_ = nullptr;  // of a view: the set that it is a part of; or that beside
  std::shared_ptr<const ZoneSet> beside_;
  std::string viewName_;
  std::vector<std::unique_ptr<ZoneSet>> views_;
};

// Prefetches what a look-up will need. In a large set an answer waits for memory four times, each time at an address
// that the wait before revealed. For several questions at hand the waits overlap: make one of these for each question,
// take the first step for all, the second for all, the third for all, and answer.
//
// The prefetched zone is a guess, and no answer depends on it: the zone with the deepest origin that fits, in class IN.
// `zones` outlives this object.
class ZoneSet::LookAhead {
 public:
  LookAhead() = default;

  // `hash` is `name.hash()`, which the answer needs too.
  LookAhead(const ZoneSet& zones, NameView name, std::uint64_t hash);

  void prefetchZone();
  void prefetchIndex() const;
  void prefetchNode() const;

 private:
  const Slot* slot_ = nullptr;
  const Zone* zone_ = nullptr;
  std::uint32_t originHash_ = 0;
  std::uint64_t hash_ = 0;
};

}  // namespace taut

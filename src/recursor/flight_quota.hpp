// Which fetches are under way, by the zone whose servers they ask now, and which of them gives way when all places are
// taken. Random names of a zone whose servers are slow or silent would else keep everybody else's names out.
//
// A fetch gives way first that has nobody to ask but servers that were silent and have never answered, and while all
// places are taken no other one begins at such servers: whoever delegates many zones to addresses where nobody is would
// else have most of the places.
//
// Else the zone that has most of the places gives one up, that of the fetch that began first, where it is left with no
// fewer than the other one has then. So whoever makes many zones slow has few places in each, and a zone that is asked
// for now and then always gets one. How long a fetch has taken does not count: who can make the servers of others slow
// would gain by it.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "taut/base/intrusive_list.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/dns/name.hpp"

namespace taut {

class FlightQuota {
  struct Zone;
  struct Hopeless;

 public:
  // Of a fetch, as long as it is under way.
  class Place : private ListHook<>, private ListHook<Hopeless> {
   public:
    // Whether there is room was asked before.
    Place(FlightQuota& quota, NameView zone, StopToken parent);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { leave(); }

    // The servers of this zone are asked now.
    void moveTo(NameView zone);
    // Whether all servers that it knows of in the zone were silent, and none has ever answered.
    void setSilent(bool silent);
    // Stops when the fetch is to end.
    StopToken token() noexcept { return stop_.token(); }
    bool gaveWay() const { return zone_ == nullptr; }

   private:
    friend class FlightQuota;
    friend class IntrusiveList<Place>;
    friend class IntrusiveList<Place, Hopeless>;

    void leave();

    FlightQuota& quota_;
    StopSource stop_;
    Zone* zone_;  // null once it has given way
  };

  explicit FlightQuota(std::size_t places) : places_(places), levels_(places + 1) {}
  FlightQuota(const FlightQuota&) = delete;
  FlightQuota& operator=(const FlightQuota&) = delete;

  bool hasRoom() const { return count_ < places_; }
  // Where there is no room: whether a fetch may begin nevertheless that asks the servers of the zone, for which another
  // one ends. `isSilent`: all servers that are known of the zone were silent, and none has ever answered.
  bool admit(NameView zone, bool isSilent);

 private:
  struct Zone : ListHook<> {
    explicit Zone(NameView of) : name(of) {}

    Name name;
    IntrusiveList<Place> places{};  // the oldest first
    std::size_t count = 0;
  };

  Zone& enter(NameView zone);
  void leave(Zone& zone);
  void setCount(Zone& zone, std::size_t count);
  Zone* busiest();  // null where there are no places
  static void giveWay(Place& place);

  std::size_t places_;
  std::size_t count_ = 0;
  std::unordered_map<NameView, std::unique_ptr<Zone>, NameHash, NameEqual> zones_;  // by the names in them
  std::vector<IntrusiveList<Zone>> levels_;  // by the number of their places, the last level for those that have more
  std::size_t highest_ = 0;                  // no level above it has a zone
  IntrusiveList<Place, Hopeless> silent_{};  // in the order in which they became so
};

}  // namespace taut

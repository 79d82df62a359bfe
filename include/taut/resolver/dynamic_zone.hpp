// A zone whose records change while it is served, from any thread.
//
//   DynamicZone zone(Name("dyn.example."), 1h, rdata::SOA(…), {rdata::NS(…)});
//   Server server(options, [&](Shard& shard) {
//     return std::make_unique<ServerFactory>(ServerFactory::Resolvers{std::make_shared<Authority>(shard, zone)});
//   });
//   …
//   const auto added = zone.add(Name("www.dyn.example."), 5min, rdata::A(192, 0, 2, 1));
//   if (!added) log::warning("{}", added.error());
//
// Clients see a change whole or not at all. It is seen soon after it was committed, by each shard at a time of its own.
// Changes that come quickly one after the other are published as one version, and each version has another SOA serial:
// the one after that of the version before (RFC 1982), or the one that a change has given its SOA record where that is
// greater. No query takes a lock or waits for a change. A commit costs what the names have that it changes, whatever
// the size of the zone: see updateZone.
//
// A change is refused, and nothing has changed, where the zone could not be served with it: see updateZone.
// That is a value and no exception, since names and records may come from the network.
//
// A zone of this kind is not signed. It takes the memory of a `Zone`, and no second copy of its records beside that but
// those of the names that have changed: a process had 0.2 MiB more after 200 changes of a zone of 10,000 records, and
// of one of 1,000,000 records (benchmarks/zone_bench.cpp). After many changes the zone is settled, which takes its
// memory twice for a while. An answer that is under way keeps the version that it comes from.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "taut/base/stop_token.hpp"
#include "taut/coro/task.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/rdata.hpp"
#include "taut/dns/type.hpp"
#include "taut/io/shard.hpp"
#include "taut/zone/zone.hpp"
#include "taut/zone/zone_change.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut {

class Authority;

class DynamicZone {
 public:
  class Change;
  class Committed;

  struct Options {
    // Versions are published so far from each other, unless someone waits for the next. The first change after a quiet
    // time waits for nothing.
    std::chrono::milliseconds interval{10};
  };

  // A zone that has an SOA record and these NS records, at least one, with this TTL. Throws std::invalid_argument.
  DynamicZone(NameView origin, std::chrono::seconds ttl, const rdata::SOA& soa,
              const std::vector<rdata::NS>& nameServers);
  // The records of a zone that is loaded, and not signed: throws std::invalid_argument otherwise.
  explicit DynamicZone(std::shared_ptr<const Zone> zone);
  DynamicZone(std::shared_ptr<const Zone> zone, Options options);
  // Those of a master file. Throws std::runtime_error, which says file, line and column. The file is left as it is.
  explicit DynamicZone(const ZoneSource& source);
  DynamicZone(const DynamicZone&) = delete;
  DynamicZone& operator=(const DynamicZone&) = delete;
  // Those who answer from the zone go on with its last version.
  ~DynamicZone();

  // Steps that are to be seen together. Another thread may change the zone meanwhile: the steps count as of `commit`.
  Change change();

  // Changes of one step, as ZoneChange has them.
  template <class Rdata>
  Committed add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata);
  Committed remove(NameView owner, Type type);
  template <class Rdata>
  Committed remove(NameView owner, const Rdata& rdata);
  Committed removeName(NameView owner);
  template <class Rdata>
  Committed replace(NameView owner, std::chrono::seconds ttl, std::initializer_list<Rdata> records);
  template <class Rdata>
  Committed replace(NameView owner, std::chrono::seconds ttl, const std::vector<Rdata>& records);

  // Blocks until each Authority answers with all that was committed before the call. For a thread of one's own: on a
  // shard's thread it would wait for itself. A shard that is busy keeps it waiting; one that ends does not.
  void flush();

  const Name& origin() const;
  // Of the newest version, which a shard may be about to take.
  std::uint32_t serial() const;
  std::size_t recordCount() const;

 private:
  friend Authority;
  class State;

  Committed commit(const ZoneChange& change);

  std::shared_ptr<State> state_;
};

// What has come of a change.
class [[nodiscard]] DynamicZone::Committed {
 public:
  // Whether the zone has the change.
  bool ok() const { return error_.empty(); }
  explicit operator bool() const { return ok(); }
  // Why it was refused, naming the record; empty where it was not.
  const std::string& error() const { return error_; }

  // Awaits on the shard's thread that each Authority answers with the change. False where it was refused, where the
  // token has stopped the wait, or that of the task where none is given, and where the zone is gone.
  Task<bool> published(Shard& shard, StopToken stop = {}) const;

 private:
  friend DynamicZone;

  explicit Committed(std::string error) : error_(std::move(error)) {}
  Committed(std::shared_ptr<State> state, std::uint64_t number) : state_(std::move(state)), number_(number) {}
  static Task<bool> wait(std::shared_ptr<State> state, std::uint64_t number, Shard& shard, StopToken stop);

  std::string error_;
  std::shared_ptr<State> state_;
  std::uint64_t number_ = 0;
};

// Without `commit` it changes nothing.
class DynamicZone::Change : public ZoneChange {
 public:
  // All steps so far. The next ones are another change.
  Committed commit();

 private:
  friend DynamicZone;

  explicit Change(DynamicZone& zone) : zone_(&zone) {}

  DynamicZone* zone_;
};

inline DynamicZone::Change DynamicZone::change() {
  return Change(*this);
}

template <class Rdata>
DynamicZone::Committed DynamicZone::add(NameView owner, std::chrono::seconds ttl, const Rdata& rdata) {
  ZoneChange change;
  change.add(owner, ttl, rdata);
  return commit(change);
}

template <class Rdata>
DynamicZone::Committed DynamicZone::remove(NameView owner, const Rdata& rdata) {
  ZoneChange change;
  change.remove(owner, rdata);
  return commit(change);
}

template <class Rdata>
DynamicZone::Committed DynamicZone::replace(NameView owner, std::chrono::seconds ttl,
                                            std::initializer_list<Rdata> records) {
  ZoneChange change;
  change.replace(owner, ttl, records);
  return commit(change);
}

template <class Rdata>
DynamicZone::Committed DynamicZone::replace(NameView owner, std::chrono::seconds ttl,
                                            const std::vector<Rdata>& records) {
  ZoneChange change;
  change.replace(owner, ttl, records);
  return commit(change);
}

}  // namespace taut

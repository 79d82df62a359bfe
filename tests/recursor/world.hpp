// World makes the zones of a FakeInternet: signs them, delegates each from the zone above it, and puts it on its
// servers.
//
//   World world(internet);
//   world.zone("com").signedWith().servedBy("198.18.1.1");
//   world.zone("example.com").add("www A 192.0.2.1").signedWith().servedBy("198.18.2.1");
//   world.publish();
//
// The root is there already, signed, at 198.18.0.1. A zone's first server is "ns1", in the zone, and has glue.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fake_internet.hpp"
#include "taut/recursor/root_hints.hpp"
#include "taut/recursor/trust_anchors.hpp"
#include "zone_records.hpp"

namespace taut::test {

class WorldZone {
 public:
  using Change = std::function<void(ZoneRecords&)>;

  explicit WorldZone(const Name& origin) : origin_(origin) {}

  // Lines of a master file, relative to the zone, with a TTL of an hour where they have none.
  WorldZone& add(std::string_view lines);
  // Another SOA than the one that the world makes, whose MINIMUM is 300: "ns1 mail 1 3600 600 86400 60".
  WorldZone& soa(std::string_view rdata);

  // With a key of its own, made here.
  WorldZone& signedWith(const Signing& signing = {});
  const SigningKey& key() const { return *key_; }
  // In place of the DS record that its parent has for it. Empty: none, so that the zone is insecure.
  WorldZone& ds(std::vector<Octets> rdata);
  WorldZone& withoutDs() { return ds({}); }
  // RDATA of the DS of a key as one of this zone.
  Octets dsOf(const SigningKey& key) const;

  // What to do to the zone after it was signed, and before it is served.
  WorldZone& afterSigning(Change change);

  // A server ns<n> in the zone, with glue.
  WorldZone& servedBy(std::string_view address);
  // A server with a name elsewhere, without glue; its address is for that zone to tell.
  WorldZone& servedBy(std::string_view name, std::string_view address);
  // An NS record with nothing behind it.
  WorldZone& nameServer(std::string_view name) { return servedBy(name, {}); }
  // Of NS and DS in the parent, and of glue.
  WorldZone& delegationTtl(std::uint32_t seconds);
  // The parent does not delegate it any more, or again.
  WorldZone& delegated(bool isDelegated);

  const Name& origin() const { return origin_; }

 private:
  friend class World;

  struct Server {
    Name name;
    std::string address;  // empty: it is nobody
    bool hasGlue = false;
  };

  ZoneRecords records() const;
  std::vector<Octets> dsRecords() const;
  void delegateFrom(ZoneRecords& parent) const;

  Name origin_;
  std::string lines_;
  std::string soa_ = "ns1 hostmaster 1 3600 600 86400 300";
  std::optional<Signing> signing_;
  std::shared_ptr<const SigningKey> key_;
  std::optional<std::vector<Octets>> ds_;
  Change change_;
  std::vector<Server> servers_;
  std::uint32_t delegationTtl_ = 86400;
  bool isDelegated_ = true;
};

class World {
 public:
  explicit World(FakeInternet& internet);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Made where there is none. Stays where it is.
  WorldZone& zone(std::string_view origin);
  WorldZone& root() { return zone("."); }

  // Serves all zones, those that were served before as they are now.
  void publish();

  // For the options of a Recursor.
  RootHints hints() const;
  std::shared_ptr<const TrustAnchors> anchors() const;

 private:
  const WorldZone* parentOf(const WorldZone& zone) const;

  FakeInternet& internet_;
  std::map<Name, WorldZone> zones_;
};

}  // namespace taut::test

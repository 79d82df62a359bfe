#include "world.hpp"

#include <stdexcept>

#include "crypto_costs.hpp"
#include "taut/dnssec/dnskey.hpp"
#include "taut/dnssec/ds.hpp"

namespace taut::test {

namespace {

constexpr std::uint32_t usualTtl = 3600;  // seconds

Octets octetsOf(NameView name) {
  return {name.data(), name.data() + name.size()};
}

void addAddress(ZoneRecords& to, NameView owner, std::uint32_t ttl, std::string_view text) {
  const Address address = Address::parse(text).value();
  const Type type = address.isV4() ? Type::A : Type::AAAA;
  if (to.has(owner, type)) return;
  to.add(owner, type, ttl, address.bytes());
}

}  // namespace

WorldZone& WorldZone::add(std::string_view lines) {
  lines_.append(lines).push_back('\n');
  return *this;
}

WorldZone& WorldZone::soa(std::string_view rdata) {
  soa_ = rdata;
  return *this;
}

WorldZone& WorldZone::signedWith(const Signing& signing) {
  signing_ = signing;
  if (!key_) key_ = std::make_shared<const SigningKey>(origin_, signing.algorithm);
  return *this;
}

WorldZone& WorldZone::ds(std::vector<Octets> rdata) {
  ds_ = std::move(rdata);
  return *this;
}

Octets WorldZone::dsOf(const SigningKey& key) const {
  const DnskeyView view = key.view();
  Octets rdata{static_cast<std::uint8_t>(view.keyTag() >> 8), static_cast<std::uint8_t>(view.keyTag()),
               static_cast<std::uint8_t>(view.algorithm()), static_cast<std::uint8_t>(DigestType::SHA256)};
  const auto digest = digestOf(origin_, view, DigestType::SHA256);
  rdata.insert(rdata.end(), digest->octets().begin(), digest->octets().end());
  return rdata;
}

WorldZone& WorldZone::afterSigning(Change change) {
  change_ = std::move(change);
  return *this;
}

WorldZone& WorldZone::servedBy(std::string_view address) {
  const Name name = Name::join("ns" + std::to_string(servers_.size() + 1), origin_).value();
  servers_.push_back({name, std::string(address), true});
  return *this;
}

WorldZone& WorldZone::servedBy(std::string_view name, std::string_view address) {
  servers_.push_back({Name(name), std::string(address), false});
  return *this;
}

WorldZone& WorldZone::delegationTtl(std::uint32_t seconds) {
  delegationTtl_ = seconds;
  return *this;
}

WorldZone& WorldZone::delegated(bool isDelegated) {
  isDelegated_ = isDelegated;
  return *this;
}

ZoneRecords WorldZone::records() const {
  ZoneRecords records(origin_);
  records.add("@ SOA " + soa_, usualTtl);
  for (const Server& server : servers_) {
    records.add(origin_, Type::NS, delegationTtl_, octetsOf(server.name));
    if (server.hasGlue) addAddress(records, server.name, delegationTtl_, server.address);
  }
  records.add(lines_, usualTtl);
  return records;
}

std::vector<Octets> WorldZone::dsRecords() const {
  if (ds_) return *ds_;
  return key_ ? std::vector<Octets>{dsOf(*key_)} : std::vector<Octets>();
}

void WorldZone::delegateFrom(ZoneRecords& parent) const {
  for (const Server& server : servers_) {
    parent.add(origin_, Type::NS, delegationTtl_, octetsOf(server.name));
    if (server.hasGlue) addAddress(parent, server.name, delegationTtl_, server.address);
  }
  for (const Octets& rdata : dsRecords()) parent.add(origin_, Type::DS, delegationTtl_, rdata);
}

World::World(FakeInternet& internet) : internet_(internet) {
  root().signedWith().servedBy("198.18.0.1");
}

WorldZone& World::zone(std::string_view origin) {
  const Name name(origin);
  return zones_.try_emplace(name, name).first->second;
}

const WorldZone* World::parentOf(const WorldZone& zone) const {
  for (NameView name = zone.origin(); !name.isRoot();) {
    name = name.parent();
    const auto found = zones_.find(Name(name));
    if (found != zones_.end()) return &found->second;
  }
  return nullptr;
}

void World::publish() {
  const WithoutCryptoCosts ofSigners;
  std::map<Name, ZoneRecords> all;
  for (const auto& [origin, zone] : zones_) all.emplace(origin, zone.records());
  for (const auto& [origin, zone] : zones_)
    if (const WorldZone* const parent = parentOf(zone); parent != nullptr && zone.isDelegated_)
      zone.delegateFrom(all.at(parent->origin()));
  for (const auto& [origin, zone] : zones_) {
    ZoneRecords& records = all.at(origin);
    if (zone.signing_) records.sign(*zone.key_, *zone.signing_);
    if (zone.change_) zone.change_(records);
    const std::shared_ptr<const Zone> built = records.build();
    for (const WorldZone::Server& server : zone.servers_)
      if (!server.address.empty()) internet_.server(server.address).serve(built);
  }
}

RootHints World::hints() const {
  RootHints hints;
  for (const WorldZone::Server& server : zones_.at(Name()).servers_) {
    Delegation::Server& hint = hints.servers.emplace_back();
    hint.name = server.name;
    hint.addresses[0] = Address::parse(server.address, dnsPort).value();
    hint.addressCount = 1;
  }
  return hints;
}

std::shared_ptr<const TrustAnchors> World::anchors() const {
  auto anchors = std::make_shared<TrustAnchors>();
  const WorldZone& root = zones_.at(Name());
  if (const auto added = anchors->add(root.origin(), Type::DS, root.dsOf(root.key())); !added)
    throw std::logic_error(added.error());
  return anchors;
}

}  // namespace taut::test

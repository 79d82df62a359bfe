#include "live_settings.hpp"

#include <algorithm>

namespace taut {

LiveSettings::LiveSettings(const config::Configuration& configuration, const std::string& hostName,
                           NamedSecrets secrets, std::shared_ptr<RateLimitTable> accounts,
                           std::shared_ptr<const TransferSettings> transfers, const DescriptorShares& descriptors,
                           std::function<bool()> isReady)
    : answerTimeout_(configuration.server.answerTimeout),
      forwarderDeadline_(forwarderDeadline(configuration)),
      rrsetRoundRobin_(configuration.server.rrsetRoundRobin),
      allowQuery_(configuration.server.allowQuery),
      keys_(std::move(secrets.keys)),
      transfers_(std::move(transfers)),
      proxies_(configuration.server.proxies),
      rateLimit_(configuration.rateLimit),
      forward_(configuration.forward),
      recursion_(configuration.recursion),
      maxForwards_(descriptors.forwards),
      dnstap_(configuration.dnstap) {
  const config::ServerSettings& server = configuration.server;
  if (server.healthName) health_ = {*server.healthName, std::move(isReady)};
  const std::string& identity = server.identity.empty() ? hostName : server.identity;
  dnstapIdentity_ = identity;
  if (server.tells("nsid")) edns_.nsid = identity;
  edns_.cookies = std::move(secrets.cookies);
  const std::pair<const char*, const std::string&> texts[] = {
      {"version.bind", server.version},
      {"version.server", server.version},
      {"hostname.bind", hostName},
      {"id.server", identity},
  };
  for (const auto& [name, text] : texts)
    if (server.tells(name) && !text.empty()) chaosTexts_.emplace_back(Name(name), text);
  if (rateLimit_) rateLimit_->accounts = std::move(accounts);
}

OnUpdate LiveSettings::onUpdate(Shard& shard) const {
  if (!update_) return {};
  return
      [update = update_, &shard](const Query& query, ServedZone zone) { return update(shard, query, std::move(zone)); };
}

void LiveSettings::applyZones(ServerFactory& factory, Shard& shard) const {
  factory.setTransfers(shard, transfers_);
  factory.setOnNotify(onNotify_);
  factory.setOnUpdate(onUpdate(shard));
}

// What reads a file comes first, as it is what is likeliest to fail.
void LiveSettings::apply(ServerFactory& factory, const ShardResolvers& resolvers) const {
  if (forward_) resolvers.forwarder->setServers(forward_->servers, forward_->resolvConf);
  factory.setAnswerTimeout(answerTimeout_);
  factory.setRRsetRoundRobin(rrsetRoundRobin_);
  factory.setAddressPolicy(allowQuery_);
  factory.setKeys(keys_);
  applyZones(factory, *resolvers.shard);
  factory.setProxies(proxies_);
  factory.setHealthName(health_);
  factory.setEdns(edns_);
  if (changesRateLimit_) factory.setRateLimit(rateLimit_);
  if (Dnstap* const dnstap = factory.dnstap(); dnstap && !dnstap_.socket.empty()) {
    dnstap->setIdentity(dnstapIdentity_, "taut " TAUT_VERSION);
    dnstap->setSelection(dnstap_.selection);
  }
  Chaos& chaos = *resolvers.shared.chaos;
  chaos.clear();
  for (const auto& [name, text] : chaosTexts_) chaos.add(name, text);
  if (forward_) applyForwarding(factory, resolvers);
  if (recursion_) applyRecursion(factory, resolvers);
}

void LiveSettings::applyForwarding(ServerFactory& factory, const ShardResolvers& resolvers) const {
  factory.setRecursionPolicy(forward_->allow);
  resolvers.forwarder->setMaxInFlight(maxForwards_);
  resolvers.forwarder->setDeadline(forwarderDeadline_);
  if (resolvers.rebindingFilter) resolvers.rebindingFilter->setAllowedDomains(forward_->privateDomains);
}

// Negative trust anchors for a while, which an operator has set by hand, stay.
void LiveSettings::applyRecursion(ServerFactory& factory, const ShardResolvers& resolvers) const {
  factory.setRecursionPolicy(recursion_->allow);
  if (resolvers.rebindingFilter) resolvers.rebindingFilter->setAllowedDomains(recursion_->privateDomains);
  Recursor& recursor = *resolvers.recursor;
  const std::vector<Name>& names = recursion_->negativeTrustAnchors;
  for (const NegativeTrustAnchors::Entry& entry : recursor.negativeTrustAnchors().list(resolvers.shard->now()))
    if (!entry.end && std::ranges::find(names, entry.name) == names.end())
      recursor.removeNegativeTrustAnchor(entry.name);
  for (const Name& name : names) recursor.setNegativeTrustAnchor(name, std::nullopt);
}

}  // namespace taut

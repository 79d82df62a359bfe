#include "recursion_reader.hpp"

#include <algorithm>

#include "schema.hpp"
#include "taut/base/address.hpp"
#include "taut/recursor/negative_trust_anchors.hpp"
#include "text_values.hpp"

namespace taut::config {

namespace {

constexpr std::string_view tablePrefix = "recursion.";

// What of forwarding the command line says for recursion as well: both have a key of the same name.
constexpr std::string_view sharedKeys[] = {"allow", "deny-rebinding", "private-domains"};

// What gives that names are to be resolved; nothing where nothing does.
std::optional<Origin> implied(const Settings& settings) {
  if (const Origin* const table = settings.findTable("recursion")) return *table;
  for (const char* const list : {"recursion.zone", "recursion.policy"})
    if (!settings.tables(list).empty()) return settings.tables(list).front().origin();
  const auto given = settings.values().lower_bound(tablePrefix);
  if (given == settings.values().end() || !given->first.starts_with(tablePrefix)) return std::nullopt;
  return given->second.origin;
}

ExtendedErrorCode errorOf(std::string_view word) {
  if (word == "censored") return ExtendedErrorCode::censored;
  if (word == "filtered") return ExtendedErrorCode::filtered;
  return word == "prohibited" ? ExtendedErrorCode::prohibited : ExtendedErrorCode::blocked;
}

std::string keyFor(const Origin& origin, std::string_view option, std::string_view path) {
  return std::string(origin.kind() == Origin::Kind::commandLine ? option : path);
}

}  // namespace

void implyRecursion(Settings& settings) {
  const std::string enabled = "recursion.enabled";
  if (!settings.find(enabled) && !settings.isRefused(enabled))
    if (const auto origin = implied(settings)) settings.set(enabled, {true, *origin});
  const Setting* const given = settings.find(enabled);
  if (!given || !std::get<bool>(given->value)) return;
  for (const std::string_view key : sharedKeys) {
    const std::string from = fmt::format("forward.{}", key);
    const Setting* const setting = settings.find(from);
    if (!setting || setting->origin.kind() != Origin::Kind::commandLine) continue;
    settings.set(fmt::format("recursion.{}", key), *setting);
    settings.take(from);
  }
}

std::optional<RecursionSettings> RecursionReader::read() {
  const Setting* const enabled = settings_.find("recursion.enabled");
  if (!enabled || !std::get<bool>(enabled->value)) return std::nullopt;
  RecursionSettings recursion;
  recursion.allow = settings_.find("recursion.allow") ? networks_.accessList(items("recursion.allow"))
                                                      : AccessList(networks_.ownNetworks());
  readOptions(recursion.options);
  readFamilies(recursion.options);
  readTtls(recursion.options);
  readAnchors(recursion);
  readAnchorState(recursion);
  recursion.localRoot = flag("recursion.local-root");
  readRebinding(recursion);
  readLocal(recursion);
  readPolicies(recursion.policies);
  readZones(recursion.options.zones);
  readForwarding(recursion.options.zones);
  return recursion;
}

const std::vector<Item>& RecursionReader::items(std::string_view path) const {
  static const std::vector<Item> none;
  const Setting* const setting = settings_.find(path);
  return setting ? std::get<std::vector<Item>>(setting->value) : none;
}

std::vector<Name> RecursionReader::names(std::string_view path) {
  std::vector<Name> names;
  for (const Item& item : items(path))
    if (const auto name = nameOf(item.text, item.origin, mistakes_)) names.push_back(*name);
  return names;
}

std::vector<Address> RecursionReader::addresses(const std::vector<Item>& items) {
  std::vector<Address> addresses;
  for (const Item& item : items)
    if (const auto address = addressOf(item, dnsPort, mistakes_)) addresses.push_back(*address);
  return addresses;
}

void RecursionReader::readOptions(RecursorOptions& options) {
  const Setting* const size = settings_.find("recursion.cache-size");
  options.cacheBytes = size ? static_cast<std::size_t>(std::get<std::int64_t>(size->value)) : 0;
  options.algorithms.validateSha1 = get<std::string>("recursion.sha1") == "validate";
  options.deadline = std::chrono::milliseconds(get<std::int64_t>("recursion.deadline"));
  options.minimisesQnames = flag("recursion.qname-minimisation");
  options.usesLoopback = flag("recursion.query-loopback");
  if (!flag("recursion.harden-glue")) options.glue = Scrubber::Glue::any;
  options.sendsCookies = flag("recursion.upstream-cookies");
  options.servesStale = flag("recursion.serve-stale");
  options.synthesisesDenials = flag("recursion.synthesise-denials");
  options.plainIteration = flag("recursion.plain-iteration");
  options.udpPayloadSize = static_cast<std::uint16_t>(get<std::int64_t>("recursion.upstream-udp-size"));
}

void RecursionReader::readFamilies(RecursorOptions& options) {
  std::vector<Address> sources;
  for (const Item& item : items("recursion.outgoing")) {
    const auto address = addressOf(item, 0, mistakes_);
    if (address && address->port() != 0)
      mistake(item.origin, "'{}' has a port; expected an address alone, since each question has a port of its own",
              item.text);
    if (address) sources.push_back(*address);
  }
  options.sources = SourceAddresses(std::move(sources));
  options.usesIpv4 = flag("recursion.upstream-ipv4");
  options.usesIpv6 = flag("recursion.upstream-ipv6");
  if (options.usesIpv4 || options.usesIpv6) return;
  const Origin& origin = settings_.find("recursion.upstream-ipv6")->origin;
  mistake(origin, "no server can be asked without {} as well; expected one of the two",
          keyFor(origin, "--upstream-ipv4", "recursion.upstream-ipv4"));
}

std::uint32_t RecursionReader::seconds(std::string_view path) {
  const std::int64_t time = get<std::int64_t>(path);
  if (time % second != 0) mistake(settings_.find(path)->origin, "expected whole seconds");
  return static_cast<std::uint32_t>(time / second);
}

void RecursionReader::readTtls(RecursorOptions& options) {
  options.minTtl = seconds("recursion.min-ttl");
  options.maxTtl = seconds("recursion.max-ttl");
  if (options.minTtl <= options.maxTtl) return;
  const Setting* const given = settings_.find("recursion.min-ttl");
  mistake(given->origin, "{} s is more than {}, {} s", options.minTtl,
          keyFor(given->origin, "--max-ttl", "recursion.max-ttl"), options.maxTtl);
}

void RecursionReader::readAnchors(RecursionSettings& recursion) {
  if (const Setting* const hints = settings_.find("recursion.root-hints"))
    recursion.rootHints = resolved(std::get<std::string>(hints->value), hints->origin);
  for (const Item& item : items("recursion.trust-anchors"))
    recursion.trustAnchors.push_back(resolved(item.text, item.origin));
  recursion.negativeTrustAnchors = names("recursion.negative-trust-anchors");
  if (recursion.negativeTrustAnchors.size() > NegativeTrustAnchors::maxCount)
    mistake(settings_.find("recursion.negative-trust-anchors")->origin, "{} names; expected {} at most",
            recursion.negativeTrustAnchors.size(), NegativeTrustAnchors::maxCount);
  recursion.validates = flag("recursion.validate");
  if (recursion.validates) return;
  for (const char* const path :
       {"recursion.trust-anchors", "recursion.trust-anchor-state", "recursion.negative-trust-anchors"})
    if (const Setting* const given = settings_.find(path))
      mistake(given->origin, "does not go with {}, which validates nothing",
              keyFor(settings_.find("recursion.validate")->origin, "--no-trust-anchor", "recursion.validate = false"));
}

// Without validation there is nothing to follow, and plain iteration asks for no keys unless an answer needs them.
void RecursionReader::readAnchorState(RecursionSettings& recursion) {
  if (!recursion.validates) return;
  const Setting* const given = settings_.find("recursion.trust-anchor-state");
  if (recursion.options.plainIteration) {
    if (given)
      mistake(given->origin, "does not go with {}, which asks for nothing ahead of time",
              keyFor(settings_.find("recursion.plain-iteration")->origin, "--plain-iteration",
                     "recursion.plain-iteration"));
    return;
  }
  const Setting* const folder = settings_.find("server.state-directory");
  if (given)
    recursion.trustAnchorState = resolved(std::get<std::string>(given->value), given->origin);
  else if (folder)
    recursion.trustAnchorState =
        resolved(std::get<std::string>(folder->value), folder->origin) + "/trust-anchors.state";
}

void RecursionReader::readRebinding(RecursionSettings& recursion) {
  recursion.denyRebinding = flag("recursion.deny-rebinding");
  recursion.privateDomains = names("recursion.private-domains");
  if (const Setting* const domains = settings_.find("recursion.private-domains"); domains && !recursion.denyRebinding)
    mistake(domains->origin, "needs {}, without which all domains may have private addresses",
            keyFor(domains->origin, "--deny-rebinding", "recursion.deny-rebinding"));
}

void RecursionReader::readLocal(RecursionSettings& recursion) {
  recursion.localZones = flag("recursion.local-zones");
  const Setting* const nat64 = settings_.find("recursion.dns64");
  if (!nat64) return;
  const auto& text = std::get<std::string>(nat64->value);
  recursion.dns64 = Nat64Prefix::parse(text);
  if (!recursion.dns64)
    mistake(nat64->origin,
            "'{}' is no prefix for NAT64; expected one of IPv6 of 32, 40, 48, 56, 64 or 96 bits, such as 64:ff9b::/96",
            text);
}

void RecursionReader::readPolicies(std::vector<PolicySettings>& policies) {
  for (const Table& table : settings_.tables("recursion.policy")) {
    const Setting* const zone = table.find(keyOf("recursion.policy[].zone"));
    if (table.hasRefused()) continue;
    if (!zone) mistake(table.origin(), "a policy without a zone; expected zone = \"rpz.example\", say");
    const auto name = zone ? nameOf(std::get<std::string>(zone->value), zone->origin, mistakes_) : std::nullopt;
    if (!name) continue;
    if (std::ranges::find(policies, *name, &PolicySettings::zone) != policies.end())
      mistake(zone->origin, "policy zone {} is there already; expected it once", *name);
    const Setting* const reason = table.find(keyOf("recursion.policy[].reason"));
    policies.push_back({*name, reason ? errorOf(std::get<std::string>(reason->value)) : ExtendedErrorCode::blocked});
  }
}

void RecursionReader::requireLocalRoot(const RecursionSettings& recursion, const ZoneList& zones) {
  if (!recursion.localRoot) return;
  const Origin& origin = settings_.find("recursion.local-root")->origin;
  if (std::ranges::find(zones, ".", &ZoneSettings::name) == zones.end())
    mistake(origin,
            "needs a copy of the root zone; expected a [[zone]] with name = \".\", and with primaries that allow its "
            "transfer or a file");
  const Name root;
  if (std::ranges::find(recursion.options.zones, root, &FixedZone::zone) != recursion.options.zones.end())
    mistake(origin, "does not go with servers of one's own for the root, {}; expected one of the two",
            items("forward.servers").empty() ? "those of a recursion.zone" : "those of [forward]");
}

void RecursionReader::readZones(std::vector<FixedZone>& zones) {
  for (const Table& table : settings_.tables("recursion.zone"))
    if (auto made = zone(table, zones)) zones.push_back(std::move(*made));
}

std::optional<FixedZone> RecursionReader::zone(const Table& table, const std::vector<FixedZone>& before) {
  const Setting* const name = table.find(keyOf("recursion.zone[].name"));
  const Setting* const servers = table.find(keyOf("recursion.zone[].servers"));
  const Setting* const kind = table.find(keyOf("recursion.zone[].kind"));
  if (table.hasRefused()) return std::nullopt;
  if (!name) mistake(table.origin(), "a zone without a name; expected name = \"corp.example\", say");
  if (!servers || std::get<std::vector<Item>>(servers->value).empty())
    mistake(servers ? servers->origin : table.origin(), "no server; expected servers = [\"192.0.2.1\"], say");
  const auto origin = name ? nameOf(std::get<std::string>(name->value), name->origin, mistakes_) : std::nullopt;
  if (!origin || !servers) return std::nullopt;
  FixedZone zone;
  zone.zone = *origin;
  zone.servers = addresses(std::get<std::vector<Item>>(servers->value));
  const bool isStub = kind && std::get<std::string>(kind->value) == "stub";
  zone.kind = isStub ? FixedZone::Kind::stub : FixedZone::Kind::forward;
  if (std::ranges::find(before, zone.zone, &FixedZone::zone) != before.end())
    mistake(name->origin, "zone {} is there already; expected it once", zone.zone);
  return zone;
}

// The servers of [forward] are those of the root then: they resolve all names that no other zone has.
void RecursionReader::readForwarding(std::vector<FixedZone>& zones) {
  for (const char* const path : {"forward.resolv-conf", "forward.cache.size", "forward.allow", "forward.deny-rebinding",
                                 "forward.private-domains"}) {
    const Setting* const given = settings_.find(path);
    if (!given) continue;
    const std::string_view key = std::string_view(path).substr(std::string_view("forward.").size());
    if (key == "resolv-conf")
      mistake(given->origin, "does not go with {}; expected {}", keyFor(given->origin, "--recursor", "[recursion]"),
              keyFor(given->origin, "--forward", "forward.servers"));
    else if (key == "cache.size")
      mistake(given->origin, "does not go with {0}, which keeps what it finds; expected {1}, or nothing",
              keyFor(given->origin, "--recursor", "[recursion]"),
              keyFor(given->origin, "--cache-size", "recursion.cache-size"));
    else
      mistake(given->origin, "does not go with [recursion]; expected recursion.{}", key);
  }
  const std::vector<Item>& servers = items("forward.servers");
  if (servers.empty()) return;
  const Name root;
  if (std::ranges::find(zones, root, &FixedZone::zone) != zones.end())
    mistake(servers.front().origin, "a recursion.zone has the servers of the root already; expected them once");
  zones.push_back({root, FixedZone::Kind::forward, addresses(servers)});
}

}  // namespace taut::config

#include "bind_recursion.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "cursor.hpp"
#include "sources.hpp"

namespace taut::importer {

namespace {

struct Pair {
  std::string_view key, value;

  friend bool operator==(const Pair&, const Pair&) = default;
};

// What stands behind the first words of a statement, each with its value.
std::vector<Pair> pairsOf(const Statement& statement, std::size_t begin) {
  std::vector<Pair> pairs;
  for (std::size_t i = begin; i < statement.words.size(); i += 2)
    pairs.push_back({statement.word(i), statement.word(i + 1)});
  return pairs;
}

// Of response-policy, what taut does anyhow.
constexpr Pair satisfiedOfPolicies[] = {{"add-soa", "yes"},  {"break-dnssec", "yes"},      {"dnsrps-enable", "no"},
                                        {"log", "no"},       {"nsdname-enable", "no"},     {"nsip-enable", "no"},
                                        {"policy", "given"}, {"qname-wait-recurse", "no"}, {"recursive-only", "yes"}};

bool isSatisfiedOfPolicies(const Pair& pair) {
  return std::ranges::find(satisfiedOfPolicies, pair) != std::end(satisfiedOfPolicies);
}

bool isChanged(const Statement& policy) {
  return std::ranges::any_of(pairsOf(policy, 2),
                             [](const Pair& pair) { return pair.key == "policy" && pair.value != "given"; });
}

// Of dns64, what taut does anyhow.
bool isSatisfiedOfDns64(const Statement& item) {
  const std::string_view keyword = item.keyword();
  const std::string_view value = item.block && item.children.size() == 1 ? item.children[0].keyword() : item.value();
  if (keyword == "mapped" || keyword == "clients") return value == "any";
  if (keyword == "exclude") return value == "::ffff:0:0/96" || value == "::ffff:0.0.0.0/96";
  if (keyword == "suffix") return value == "::";
  return (keyword == "recursive-only" || keyword == "break-dnssec") && yesOrNo(value) == true;
}

}  // namespace

bool BindRecursion::recursionOption(const Statement& option) {
  static constexpr Flag flags[] = {
      {"empty-zones-enable", "local-zones"},
      {"send-cookie", "upstream-cookies"},
      {"synth-from-dnssec", "synthesise-denials"},
  };
  static const std::map<std::string_view, Function> functions = {
      {"dns64", &BindRecursion::dns64},
      {"dnssec-validation", &BindRecursion::validation},
      {"edns-udp-size", &BindRecursion::upstreamUdpSize},
      {"forward", &BindRecursion::forwardMode},
      {"forwarders", &BindRecursion::forwarders},
      {"max-cache-size", &BindRecursion::cacheSize},
      {"max-cache-ttl", &BindRecursion::maxCacheTtl},
      {"min-cache-ttl", &BindRecursion::minCacheTtl},
      {"min-ncache-ttl", &BindRecursion::minAbsenceTtl},
      {"qname-minimization", &BindRecursion::qnameMinimisation},
      {"query-source", &BindRecursion::querySource},
      {"query-source-v6", &BindRecursion::querySource},
      {"response-policy", &BindRecursion::responsePolicy},
      {"stale-answer-enable", &BindRecursion::staleAnswers},
      {"stale-cache-enable", &BindRecursion::staleCache},
      {"validate-except", &BindRecursion::validateExcept},
  };
  const auto* const key = std::ranges::find(flags, option.keyword(), &Flag::keyword);
  const auto function = functions.find(option.keyword());
  if (key != std::end(flags))
    setFlag(*key, option);
  else if (function != functions.end())
    (this->*function->second)(option);
  else
    return false;
  return true;
}

// Servers that are asked over TLS are none here.
std::vector<std::string> BindRecursion::addressesOf(const Statement& list, Notes& notes) {
  std::vector<std::string> addresses;
  std::string_view port = "53";
  for (const Pair& pair : pairsOf(list, 1)) {
    if (pair.key == "port") {
      port = pair.value;
    } else {
      TautFile::noteOn(notes, list, pair.key == "tls" ? asksWithoutTls : std::string_view());
      return {};
    }
  }
  for (const Statement& child : list.children) {
    const bool hasPort = child.word(1) == "port";
    const auto address = addressOf(fmt::format("{}@{}", child.keyword(), hasPort ? child.word(2) : port));
    if (address && child.words.size() == (hasPort ? 3u : 1u))
      addresses.push_back(*address);
    else
      TautFile::noteOn(notes, child, fmt::format("in {}: expected an address", list.keyword()));
  }
  return addresses;
}

void BindRecursion::forwarders(const Statement& forwarders) {
  if (!forwarders.children.empty()) forwarders_ = &forwarders;
  std::ranges::move(addressesOf(forwarders, file_.notes), std::back_inserter(file_.forward.servers));
}

void BindRecursion::forwardMode(const Statement& mode) {
  if (mode.value() != "only") return unsupported(mode, "where the forwarders fail, no other servers are asked");
  needsForwarding(mode);
}

void BindRecursion::hintZone(const Statement& zone) {
  const Statement* const file = zone.child("file");
  if (zone.value() != ".") return unsupported(zone, "hints for another zone than the root");
  setRootHints(zone, file && !file->value().empty() ? resolved(file->value(), folder_) : std::string());
}

// One for all names is like forwarders in the options.
void BindRecursion::forwardZone(const Statement& zone) {
  const Statement* const list = zone.child("forwarders");
  if (!list || list->children.empty()) return unsupported(zone, "a zone without forwarders");
  const bool isForAll = zone.value() == ".";
  Notes notes;
  std::vector<std::string> servers = addressesOf(*list, notes);
  for (const Statement& item : zone.children) {
    const std::string_view keyword = item.keyword();
    if (keyword == "forward" && item.value() == "first")
      TautFile::noteOn(notes, item, "where the forwarders fail, no other servers are asked");
    else if (keyword != "type" && keyword != "forwarders" && keyword != "forward")
      TautFile::noteOn(notes, item);
  }
  if (!isForAll) return addFixedZone(zone, zone.value(), false, std::move(servers), std::move(notes));
  forwarders_ = list;
  std::ranges::move(servers, std::back_inserter(file_.forward.servers));
  std::ranges::move(notes, std::back_inserter(file_.notes));
}

void BindRecursion::staticStubZone(const Statement& zone) {
  std::vector<std::string> servers;
  Notes notes;
  for (const Statement& item : zone.children) {
    if (item.keyword() == "server-addresses")
      servers = addressesOf(item, notes);
    else if (item.keyword() != "type")
      TautFile::noteOn(notes, item);
  }
  addFixedZone(zone, zone.value(), true, std::move(servers), std::move(notes));
}

void BindRecursion::stubZone(const Statement& zone, const std::vector<std::string>& primaries, Notes notes) {
  std::vector<std::string> servers;
  for (const std::string& primary : primaries) {
    if (addressOf(primary))
      servers.push_back(primary);
    else
      TautFile::noteOn(notes, zone, fmt::format("{} is asked without its key, so it is left out", primary));
  }
  for (const Statement& item : zone.children) {
    const std::string_view keyword = item.keyword();
    if (keyword != "type" && keyword != "primaries" && keyword != "masters" && keyword != "file")
      TautFile::noteOn(notes, item);
  }
  addFixedZone(zone, zone.value(), true, std::move(servers), std::move(notes));
}

void BindRecursion::validation(const Statement& item) {
  validatesRoot_ = item.value() == "auto";
  if (validatesRoot_) return needsRecursion(item);
  const auto value = flag(item);
  if (!value) return;
  file_.recursion.validates = *value;
  needsRecursion(item);
}

void BindRecursion::validateExcept(const Statement& list) {
  for (const Statement& name : list.children) addNegativeTrustAnchor(name, name.keyword());
}

bool BindRecursion::trustAnchors(const Statement& statement) {
  const std::string_view keyword = statement.keyword();
  if (keyword != "trust-anchors" && keyword != "managed-keys" && keyword != "trusted-keys") return false;
  for (const Statement& anchor : statement.children) trustAnchor(anchor);
  return true;
}

// `ZONE [KIND] NUMBER NUMBER NUMBER DATA`, where the kind says whether the data are a key or a digest, and whether they
// are followed.
void BindRecursion::trustAnchor(const Statement& anchor) {
  const std::string_view kind = anchor.word(1);
  const bool hasKind = !number(kind);
  const std::size_t at = hasKind ? 2 : 1;
  if (anchor.words.size() < at + 4) return unsupported(anchor, "expected a key or a digest");
  hasAnchor_ = true;
  if (hasKind && kind.starts_with("initial-")) file_.recursion.followsAnchors = true;
  std::string data;
  for (std::size_t i = at + 3; i < anchor.words.size(); ++i) data += anchor.word(i);
  addTrustAnchor(anchor, anchor.keyword(),
                 fmt::format("{} {} {} {}", hasKind && kind.ends_with("-ds") ? "DS" : "DNSKEY", anchor.word(at),
                             anchor.word(at + 1), anchor.word(at + 2)),
                 std::move(data));
}

void BindRecursion::qnameMinimisation(const Statement& item) {
  const std::string_view value = item.value();
  if (value != "relaxed" && value != "disabled" && value != "off")
    return unsupported(item, "where a server does not stand it, the whole name is asked for");
  setFlag({"qname-minimization", "qname-minimisation"}, value == "relaxed");
  needsRecursion(item);
}

void BindRecursion::upstreamUdpSize(const Statement& item) {
  setRecursionCount(file_.recursion.udpSize, item, number(item.value()), udpSizeRange);
}

// `[address] ADDRESS [port PORT]`
void BindRecursion::querySource(const Statement& item) {
  std::string_view address = "*";
  std::string_view port = "*";
  for (std::size_t i = 1; i < item.words.size(); ++i) {
    if (item.word(i) == "port")
      port = item.word(++i);
    else if (item.word(i) != "address")
      address = item.word(i);
  }
  if (port != "*") return unsupported(item, "each question has a port of its own");
  if (address == "*") return;
  if (address != "none") return addOutgoing(item, address);
  setFlag({"", item.keyword() == "query-source" ? "upstream-ipv4" : "upstream-ipv6"}, false);
  needsRecursion(item);
}

void BindRecursion::staleAnswers(const Statement& item) {
  answersStale_ = flag(item);
  needsRecursion(item);
}

void BindRecursion::staleCache(const Statement& item) {
  keepsStale_ = flag(item);
  needsRecursion(item);
}

bool BindRecursion::isPolicyZone(const Statement& policies, std::string_view name) {
  return std::ranges::any_of(policies.children, [name](const Statement& policy) {
    return policy.keyword() == "zone" && lowerCase(policy.value()) == lowerCase(name) && !isChanged(policy);
  });
}

void BindRecursion::responsePolicy(const Statement& list) {
  for (const Statement& policy : list.children) {
    if (policy.keyword() != "zone" || isChanged(policy)) {
      unsupported(policy, "in response-policy: what the zone's records say counts");
      continue;
    }
    for (const Pair& pair : pairsOf(policy, 2))
      if (!isSatisfiedOfPolicies(pair))
        unsupported(policy, fmt::format("in response-policy: {} {}", pair.key, pair.value));
    addPolicy(policy, policy.value());
  }
  for (const Pair& pair : pairsOf(list, 1)) {
    breaksDnssec_ = breaksDnssec_ || pair == Pair{"break-dnssec", "yes"};
    if (!isSatisfiedOfPolicies(pair)) unsupported(list, fmt::format("{} {}", pair.key, pair.value));
  }
}

void BindRecursion::dns64(const Statement& dns64) {
  for (const Statement& item : dns64.children) {
    if (isSatisfiedOfDns64(item)) continue;
    if (item.keyword() == "clients") return unsupported(dns64, "for some clients alone");
    unsupported(item, "in dns64");
  }
  setDns64(dns64, dns64.value());
}

void BindRecursion::finishBind(bool resolves) {
  RecursionTable& recursion = file_.recursion;
  recursion.followsAnchors = recursion.followsAnchors || validatesRoot_;
  hasRootAnchor_ = hasRootAnchor_ || validatesRoot_;
  // BIND says yes, and validates nothing, where it has no trust anchor.
  recursion.validates = recursion.validates && (validatesRoot_ || hasAnchor_);
  if (answersStale_ || keepsStale_)
    setFlag({"", "serve-stale"}, answersStale_.value_or(false) && keepsStale_.value_or(false));
  finishMinTtl();
  if (recursion.flags.contains("upstream-ipv4") && recursion.flags.contains("upstream-ipv6")) {
    unsaid("query-source none for both families", "servers have to be asked somehow");
    recursion.flags.erase("upstream-ipv6");
  }
  finishRecursion(resolves);
  if (recursion.isEnabled && !recursion.policies.empty() && !breaksDnssec_)
    unsaid("answers that are signed, to clients that ask for signatures, as they are whatever policy zones say",
           "recursion.policy changes these too");
  finishCache();
}

// What is learnt of data and of absences is kept alike.
void BindRecursion::finishMinTtl() {
  if (minCacheTtl_ && minAbsenceTtl_ && secondsOf(minCacheTtl_->value()) == secondsOf(minAbsenceTtl_->value()))
    return setTtl(file_.recursion.minTtl, *minCacheTtl_, minTtlRange);
  for (const Statement* const item : {minCacheTtl_, minAbsenceTtl_})
    if (item) unsupported(*item, "recursion.min-ttl is for data and for their absence");
}

void BindRecursion::finishCache() {
  if (!file_.recursion.isEnabled) file_.forward.cacheSize = defaultCacheSize;
  if (!cacheSize_) return;
  const auto octets = sizeOf(cacheSize_->value());
  if (!octets || *octets == 0) {
    unsupported(*cacheSize_, file_.recursion.isEnabled ? "the cache has a tenth of the memory, 1G at most"
                                                       : fmt::format("the cache has {} instead", defaultCacheSize));
  } else if (file_.recursion.isEnabled) {
    setCacheSize(*cacheSize_, *octets);
  } else {
    file_.forward.cacheSize = sizeText(*octets);
    needsForwarding(*cacheSize_);
  }
}

}  // namespace taut::importer

#include "recursion_converter.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "utf8.hpp"

namespace taut::importer {

namespace {

// Of the package dns-root-data. What taut has by itself stands beside no other file, so that has to name it.
constexpr std::string_view rootKeyFile = "/usr/share/dns/root.key";
constexpr std::int64_t defaultMaxTtl = 24 * 3600;  // seconds

// How the keys of the root of 2017 and 2024 begin, and their digests by SHA-256, in lower case.
constexpr std::string_view rootAnchors[] = {
    "aweaaaz/tam8ytn4mfeh5eyi96wsvextbavkmgjzkktoiw1v",
    "aweaaa96jeuknzlaesrvyajj6zhv28hhokkx3rlgxvac6rxt",
    "e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d",
    "683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16",
};

bool isRootAnchor(std::string_view zone, std::string_view data) {
  const std::string lower = lowerCase(data);
  const auto begins = [&lower](std::string_view mark) { return lower.starts_with(mark); };
  return zone == "." && std::ranges::any_of(rootAnchors, begins);
}

// What a taut.toml takes as the path of a file.
bool isFileName(std::string_view text) {
  return !text.empty() && text.find('\0') == text.npos && isUtf8(text);
}

bool isWritable(std::string_view name) {
  return !name.empty() && isDomainName(name);
}

}  // namespace

void RecursionConverter::needsValidation(const Statement& statement) {
  needsRecursion(statement);
  validation_.push_back(&statement);
}

void RecursionConverter::setFlag(const Flag& key, const Statement& statement) {
  const auto value = flag(statement);
  if (!value) return;
  setFlag(key, *value != key.isInverse);
  needsRecursion(statement);
}

void RecursionConverter::setFlag(const Flag& key, bool value) {
  if (value == key.preset)
    file_.recursion.flags.erase(key.key);
  else
    file_.recursion.flags[key.key] = value;
}

void RecursionConverter::setRecursionCount(std::optional<std::int64_t>& key, const Statement& statement,
                                           std::optional<std::int64_t> value, const Range& range) {
  setCount(key, statement, value, range);
  if (value && key == value) needsRecursion(statement);
}

void RecursionConverter::setTtl(std::optional<std::int64_t>& key, const Statement& statement, const Range& range) {
  setRecursionCount(key, statement, secondsOf(statement.value()), range);
  if (&key == &file_.recursion.minTtl) minTtl_ = &statement;
}

void RecursionConverter::setCacheSize(const Statement& statement, std::int64_t octets) {
  if (octets < recursionCacheRange.least || octets > recursionCacheRange.most)
    return unsupported(statement, fmt::format("expected a size from {} to {}", sizeText(recursionCacheRange.least),
                                              sizeText(recursionCacheRange.most)));
  file_.recursion.cacheSize = sizeText(octets);
}

void RecursionConverter::setRootHints(const Statement& statement, std::string_view file) {
  if (!isFileName(file)) return unsupported(statement, "the name of its file is no text");
  if (!file_.recursion.rootHints.empty()) return unsupported(statement, "there is one file of them");
  file_.recursion.rootHints = file;
  needsRecursion(statement);
}

void RecursionConverter::setDns64(const Statement& statement, std::string_view prefix) {
  const auto known = nat64PrefixOf(prefix);
  if (!known) return unsupported(statement, "expected a prefix of IPv6 of 32, 40, 48, 56, 64 or 96 bits");
  if (!file_.recursion.dns64.empty()) return unsupported(statement, "there is one prefix");
  file_.recursion.dns64 = *known;
  needsRecursion(statement);
}

void RecursionConverter::addOutgoing(const Statement& statement, std::string_view address) {
  const auto known = networkOf(address);
  if (!known || !addressOf(address) || address.find('/') != address.npos)
    return unsupported(statement, "expected an address, without a port");
  if (std::ranges::find(file_.recursion.outgoing, *known) == file_.recursion.outgoing.end())
    file_.recursion.outgoing.push_back(*known);
  needsRecursion(statement);
}

void RecursionConverter::addTrustAnchorFile(const Statement& statement, std::string file) {
  if (!isFileName(file)) return unsupported(statement, "the name of its file is no text");
  file_.recursion.trustAnchors.push_back(std::move(file));
  needsValidation(statement);
}

void RecursionConverter::addNegativeTrustAnchor(const Statement& statement, std::string_view name) {
  if (!isWritable(name)) return unsupported(statement, "it is not a domain name");
  if (file_.recursion.negativeTrustAnchors.size() >= maxNegativeTrustAnchors)
    return unsupported(statement, fmt::format("there are {} at most", maxNegativeTrustAnchors));
  file_.recursion.negativeTrustAnchors.emplace_back(name);
  needsValidation(statement);
}

void RecursionConverter::addTrustAnchor(const Statement& statement, std::string_view zone, std::string_view numbers,
                                        std::string data) {
  std::erase_if(data, isBlank);
  const bool isKnown = isRootAnchor(zone, data);
  hasRootAnchor_ = hasRootAnchor_ || isKnown;
  if (isKnown) return needsValidation(statement);
  unsupported(statement, fmt::format("give recursion.trust-anchors a file with the record {} {} {}, and with those of "
                                     "the root where they are needed",
                                     zone, numbers, data));
}

void RecursionConverter::addFixedZone(const Statement& statement, std::string_view name, bool isStub,
                                      std::vector<std::string> servers, Notes notes) {
  if (!isWritable(name)) return unsupported(statement, "it is not a domain name");
  if (servers.empty()) {
    std::ranges::move(notes, std::back_inserter(file_.notes));
    return unsupported(statement, fmt::format("{} has no server that can be asked", name));
  }
  if (!fixedZones_.try_emplace(*Name::parse(name), &statement).second)
    return unsupported(statement, fmt::format("{} is there already", name));
  file_.recursion.zones.push_back({std::string(name), std::move(servers), isStub, std::move(notes)});
  needsRecursion(statement);
}

bool RecursionConverter::hasFixedZone(std::string_view name) const {
  const auto known = Name::parse(name);
  return known && fixedZones_.contains(*known);
}

void RecursionConverter::addPolicy(const Statement& statement, std::string_view name) {
  if (!isWritable(name)) return unsupported(statement, "it is not a domain name");
  if (!policies_.try_emplace(*Name::parse(name), &statement).second)
    return unsupported(statement, fmt::format("{} is there already", name));
  file_.recursion.policies.emplace_back(name);
  needsRecursion(statement);
}

void RecursionConverter::finishRecursion(bool resolves) {
  RecursionTable& recursion = file_.recursion;
  if (resolves) finishPolicies();
  const bool doesMore =
      !recursion.zones.empty() || !recursion.policies.empty() || !recursion.dns64.empty() || recursion.localRoot;
  recursion.isEnabled = resolves && (!file_.forward.forwards() || doesMore);
  if (!recursion.isEnabled) return;
  finishValidation();
  const auto root = fixedZones_.find(Name());
  if (root != fixedZones_.end() && file_.forward.forwards()) {
    unsupported(*root->second, "all names are forwarded");
    std::erase_if(recursion.zones, [](const FixedZone& zone) { return zone.name == "."; });
  }
  if (minTtl_ && recursion.minTtl > recursion.maxTtl.value_or(defaultMaxTtl)) {
    unsupported(*minTtl_, "it is more than the TTL is at most");
    recursion.minTtl.reset();
  }
}

// What validates nothing has no anchors.
void RecursionConverter::finishValidation() {
  RecursionTable& recursion = file_.recursion;
  if (!recursion.validates) {
    for (const Statement* const statement : validation_) unsupported(*statement, "nothing is validated");
    recursion.trustAnchors.clear();
    recursion.negativeTrustAnchors.clear();
  } else if (!recursion.trustAnchors.empty() && hasRootAnchor_) {
    recursion.trustAnchors.emplace_back(rootKeyFile);
  }
}

void RecursionConverter::finishPolicies() {
  if (policies_.empty()) return;
  std::set<Name> served;
  for (const ImportedZone& zone : file_.zones())
    if (auto name = Name::parse(zone.name); name && policies_.contains(*name)) served.insert(*name);
  std::erase_if(file_.recursion.policies, [&](const std::string& policy) {
    const Name name = *Name::parse(policy);
    if (served.contains(name)) return false;
    unsupported(*policies_.at(name), fmt::format("there is no zone {} here", policy));
    return true;
  });
}

}  // namespace taut::importer

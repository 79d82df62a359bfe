#include "unbound_recursion.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "sources.hpp"

namespace taut::importer {

namespace {

constexpr std::string_view defaultNat64 = "64:ff9b::/96";
// Modules that the converter knows what to make of.
constexpr std::string_view knownModules[] = {"dns64", "iterator", "respip", "validator"};

bool isYes(const Statement* statement) {
  return statement && yesOrNo(statement->value()) == true;
}

std::vector<std::string> wordsOf(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char letter : text) {
    if (!isBlank(letter))
      words.back() += letter;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// Of an auth-zone, what taut does anyhow.
bool isSatisfiedForSecondary(const Statement& item) {
  const std::string_view keyword = item.keyword();
  if (keyword == "for-downstream" || keyword == "for-upstream") return yesOrNo(item.value()) == true;
  return keyword == "fallback-enabled" && yesOrNo(item.value()) == false;
}

// Likewise, of a copy of the root zone, which is there for recursion alone.
bool isSatisfiedForRoot(const Statement& item) {
  const std::string_view keyword = item.keyword();
  if (keyword == "for-upstream" || keyword == "fallback-enabled") return yesOrNo(item.value()) == true;
  return keyword == "for-downstream" && yesOrNo(item.value()) == false;
}

// Likewise, of a response policy zone.
bool isSatisfiedForPolicy(const Statement& item) {
  const std::string_view keyword = item.keyword();
  return (keyword == "rpz-log" || keyword == "rpz-signal-nxdomain-ra") && yesOrNo(item.value()) == false;
}

bool isOfServedZone(const Statement& item) {
  constexpr std::string_view known[] = {"name", "zonefile", "primary", "master", "allow-notify"};
  return std::ranges::find(known, item.keyword()) != std::end(known);
}

}  // namespace

void UnboundRecursion::prepareModules(const Statement& server) {
  const Statement* const item = server.child("module-config");
  if (!item) return;
  modules_.clear();
  for (std::size_t i = 1; i < item->words.size(); ++i)
    for (std::string& name : wordsOf(item->word(i))) modules_.push_back(std::move(name));
}

bool UnboundRecursion::hasModule(std::string_view name) const {
  return std::ranges::find(modules_, name) != modules_.end();
}

bool UnboundRecursion::recursionItem(const Statement& item) {
  static constexpr Flag flags[] = {
      {"aggressive-nsec", "synthesise-denials"},
      {"do-not-query-localhost", "query-loopback", false, true},
      {"harden-glue", "harden-glue"},
      {"qname-minimisation", "qname-minimisation"},
      {"serve-expired", "serve-stale"},
  };
  static const std::map<std::string_view, Function> functions = {
      {"auto-trust-anchor-file", &UnboundRecursion::autoTrustAnchor},
      {"cache-max-ttl", &UnboundRecursion::maxTtl},
      {"cache-min-ttl", &UnboundRecursion::minTtl},
      {"dns64-prefix", &UnboundRecursion::dns64Prefix},
      {"domain-insecure", &UnboundRecursion::domainInsecure},
      {"edns-buffer-size", &UnboundRecursion::upstreamUdpSize},
      {"local-zone", &UnboundRecursion::localZone},
      {"module-config", &UnboundRecursion::modules},
      {"outgoing-interface", &UnboundRecursion::outgoingInterface},
      {"root-hints", &UnboundRecursion::rootHints},
      {"trust-anchor", &UnboundRecursion::trustAnchor},
      {"trust-anchor-file", &UnboundRecursion::trustAnchorFile},
      {"trusted-keys-file", &UnboundRecursion::trustedKeys},
  };
  const auto* const key = std::ranges::find(flags, item.keyword(), &Flag::keyword);
  const auto function = functions.find(item.keyword());
  if (key != std::end(flags))
    setFlag(*key, item);
  else if (function != functions.end())
    (this->*function->second)(item);
  else
    return false;
  return true;
}

void UnboundRecursion::modules(const Statement& item) {
  moduleConfig_ = &item;
  for (const std::string& name : modules_)
    if (std::ranges::find(knownModules, name) == std::end(knownModules))
      unsupported(item, fmt::format("the module {}", name));
  if (!hasModule("validator") || hasModule("dns64")) needsRecursion(item);
}

// The file also has keys that are not trusted yet, and such as are not trusted any more. The root's are those that taut
// begins with, and follows, by itself.
void UnboundRecursion::autoTrustAnchor(const Statement& item) {
  hasAnchor_ = true;
  const std::string_view file = item.value();
  if (file.substr(file.rfind('/') + 1) != "root.key")
    return unsupported(item, "give recursion.trust-anchors a file with those of its keys that are trusted now");
  hasRootAnchor_ = true;
  file_.recursion.followsAnchors = true;
  needsValidation(item);
}

void UnboundRecursion::trustAnchorFile(const Statement& item) {
  hasAnchor_ = true;
  addTrustAnchorFile(item, item.value().empty() ? std::string() : resolved(item.value(), folder_));
}

// A record as in a master file.
void UnboundRecursion::trustAnchor(const Statement& item) {
  hasAnchor_ = true;
  const std::vector<std::string> words = wordsOf(item.value());
  const auto type = std::ranges::find_if(words, [](const std::string& word) {
    const std::string lower = lowerCase(word);
    return lower == "ds" || lower == "dnskey";
  });
  constexpr std::ptrdiff_t fields = 4;  // the type and three numbers
  if (type == words.end() || words.end() - type <= fields) return unsupported(item, "expected a DS or DNSKEY record");
  std::string data;
  for (auto word = type + fields; word != words.end(); ++word) data += *word;
  addTrustAnchor(item, words.front(), fmt::format("{} {} {} {}", type[0], type[1], type[2], type[3]), std::move(data));
}

void UnboundRecursion::trustedKeys(const Statement& item) {
  hasAnchor_ = true;
  unsupported(item, "give recursion.trust-anchors a file with its keys as DNSKEY records");
}

// An empty name stands for those that are built in.
void UnboundRecursion::rootHints(const Statement& item) {
  if (!item.value().empty()) setRootHints(item, resolved(item.value(), folder_));
}

void UnboundRecursion::upstreamUdpSize(const Statement& item) {
  setRecursionCount(file_.recursion.udpSize, item, number(item.value()), udpSizeRange);
}

void UnboundRecursion::dns64Prefix(const Statement& item) {
  dns64_ = &item;
  if (hasModule("dns64"))
    setDns64(item, item.value());
  else
    unsupported(item, "module-config has no dns64, so it is not used");
}

UnboundRecursion::Upstreams UnboundRecursion::upstreamsOf(const Statement& zone, std::string_view prefix) {
  Upstreams upstreams;
  upstreams.encrypts = encryptsUpstream_;
  for (const Statement& item : zone.children) {
    std::string_view keyword = item.keyword();
    if (keyword == "name") continue;
    keyword.remove_prefix(keyword.starts_with(prefix) ? prefix.size() : 0);
    const auto value = yesOrNo(item.value());
    if (keyword == "addr") {
      // What follows the number sign is the server's name for TLS.
      const std::string_view text = item.value();
      if (const auto address = addressOf(text.substr(0, text.find('#'))))
        upstreams.servers.push_back(*address);
      else
        TautFile::noteOn(upstreams.notes, item, "expected an address");
    } else if (keyword == "tls-upstream" || keyword == "ssl-upstream") {
      upstreams.encrypts = upstreams.encrypts || value != false;
    } else if (keyword == "no-cache" && value) {
      upstreams.caches = !*value;
    } else if ((keyword != "first" && keyword != "prime" && keyword != "tcp-upstream") || value != false) {
      TautFile::noteOn(upstreams.notes, item);
    }
  }
  return upstreams;
}

void UnboundRecursion::fixedZone(const Statement& zone, bool isStub) {
  const Statement* const name = zone.child("name");
  if (!name) return unsupported(zone, "a zone without a name");
  Upstreams upstreams = upstreamsOf(zone, isStub ? "stub-" : "forward-");
  if (upstreams.encrypts) return unsupported(zone, fmt::format("{}: {}", name->value(), asksWithoutTls));
  if (!upstreams.caches)
    if (const Statement* const item = zone.child(isStub ? "stub-no-cache" : "forward-no-cache"))
      TautFile::noteOn(upstreams.notes, *item);
  addFixedZone(zone, name->value(), isStub, std::move(upstreams.servers), std::move(upstreams.notes));
}

// A copy that answers no client.
bool UnboundRecursion::isRootCopy(const Statement& zone) const {
  const Statement* const clients = zone.child("for-downstream");
  const Statement* const name = zone.child("name");
  return name && name->value() == "." && clients && yesOrNo(clients->value()) == false;
}

void UnboundRecursion::authZone(const Statement& zone) {
  const Statement* const name = zone.child("name");
  if (!name) return unsupported(zone, "a zone without a name");
  if (isRootCopy(zone)) {
    rootCopy_ = &zone;
    return;
  }
  Notes notes;
  for (const Statement& item : zone.children)
    if (!isOfServedZone(item) && !isSatisfiedForSecondary(item)) TautFile::noteOn(notes, item);
  servedZone(zone, *name, std::move(notes));
}

void UnboundRecursion::policyZone(const Statement& zone) {
  const Statement* const name = zone.child("name");
  if (!name) return unsupported(zone, "a zone without a name");
  if (!hasModule("respip")) return unsupported(zone, "module-config has no respip, so it is not used");
  if (zone.child("tags")) return unsupported(zone, fmt::format("{} is for some clients alone", name->value()));
  if (const Statement* const action = zone.child("rpz-action-override"))
    return unsupported(zone,
                       fmt::format("{}: what its records say would count, not {}", name->value(), action->value()));
  Notes notes;
  if (!isYes(zone.child("for-downstream"))) TautFile::noteOn(notes, zone, "clients may ask for the zone itself too");
  for (const Statement& item : zone.children)
    if (!isOfServedZone(item) && !isSatisfiedForPolicy(item) && item.keyword() != "for-downstream")
      TautFile::noteOn(notes, item);
  servedZone(zone, *name, std::move(notes));
  addPolicy(zone, name->value());
}

void UnboundRecursion::servedZone(const Statement& zone, const Statement& name, Notes notes) {
  const Statement* const file = zone.child("zonefile");
  ZoneTransfers transfers;
  bool isSecondary = false;
  for (const Statement& item : zone.children) {
    const std::string_view keyword = item.keyword();
    isSecondary = isSecondary || keyword == "primary" || keyword == "master" || keyword == "url";
    if (keyword == "primary" || keyword == "master") {
      addPrimary(item, transfers, notes);
    } else if (keyword == "allow-notify") {
      if (const auto network = networkOf(item.value()))
        transfers.allowNotify.push_back(*network);
      else
        TautFile::noteOn(notes, item, "expected a network");
    }
  }
  if (isSecondary && transfers.primaries.empty())
    return unsupported(zone, fmt::format("{} is a secondary zone without primaries that can be asked", name.value()));
  const bool hasFile = file && !file->value().empty();
  if (!hasFile && !isSecondary) return unsupported(zone, fmt::format("zone {} without a file", name.value()));
  if (!isSecondary) transfers.allowNotify.clear();
  file_.addZone(name.value(), hasFile ? resolved(file->value(), folder_) : std::string(), name, std::move(notes), false,
                std::move(transfers));
}

void UnboundRecursion::addPrimary(const Statement& item, ZoneTransfers& transfers, Notes& notes) {
  const std::string_view text = item.value();
  const auto address = addressOf(text);
  if (text.find('#') != text.npos)
    TautFile::noteOn(notes, item, "zones are transferred without TLS");
  else if (!address)
    TautFile::noteOn(notes, item, "expected an address");
  else
    transfers.primaries.push_back(file_.remoteFor({*address}, {}));
}

void UnboundRecursion::finishUnbound(bool resolves) {
  RecursionTable& recursion = file_.recursion;
  recursion.validates = hasAnchor_ && hasModule("validator");
  if (hasModule("dns64") && !dns64_) setDns64(*moduleConfig_, defaultNat64);
  finishRootCopy(resolves);
  finishRecursion(resolves);
  finishLocalZones();
}

void UnboundRecursion::finishRootCopy(bool resolves) {
  if (!rootCopy_) return;
  if (!resolves || file_.forward.forwards() || hasFixedZone("."))
    return unsupported(*rootCopy_, "the servers of the root are not asked");
  Notes notes;
  for (const Statement& item : rootCopy_->children)
    if (!isOfServedZone(item) && !isSatisfiedForRoot(item)) TautFile::noteOn(notes, item);
  servedZone(*rootCopy_, *rootCopy_->child("name"), std::move(notes));
  const auto isRoot = [](const ImportedZone& zone) { return zone.name == "."; };
  file_.recursion.localRoot = std::ranges::any_of(file_.zones(), isRoot);
}

// Zones that are local by themselves are asked for elsewhere where servers for them are given.
void UnboundRecursion::finishLocalZones() {
  for (const Statement* const item : localZones_) {
    const bool isOpened = item->word(2) == "nodefault" || item->word(2) == "transparent";
    if (!isOpened || !file_.recursion.isEnabled || !hasFixedZone(item->value())) unknown(*item);
  }
}

}  // namespace taut::importer

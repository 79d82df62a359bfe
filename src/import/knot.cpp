// knot.conf, as knot.conf(5) of Knot DNS 3.2 describes it.
#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "convert.hpp"
#include "converter.hpp"
#include "sources.hpp"

namespace taut::importer {

namespace {

constexpr std::string_view defaultStorage = "/var/lib/knot";
constexpr std::string_view defaultFile = "%s.zone";

// Statements that ask for what taut does anyhow.
bool isSatisfiedOfKnot(const Statement& statement) {
  return statement.keyword() == "dnssec-signing" && yesOrNo(statement.value()) == false;
}

// The labels of a name, the last one first.
std::vector<std::string_view> labelsOf(std::string_view name) {
  std::vector<std::string_view> labels;
  while (!name.empty()) {
    const std::size_t dot = name.rfind('.');
    labels.push_back(dot == std::string_view::npos ? name : name.substr(dot + 1));
    name = name.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  return labels;
}

// `[N]` or `[N-M]` at the front of the text, which is taken off.
struct Indexes {
  std::size_t first, last;
};
std::optional<Indexes> takeIndexes(std::string_view& text) {
  const std::size_t end = text.find(']');
  if (!text.starts_with('[') || end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  const std::size_t dash = inside.find('-');
  const auto first = number(inside.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(inside.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Indexes{static_cast<std::size_t>(*first), static_cast<std::size_t>(*last)};
}

// The file of a zone, whose pattern has formatters; nothing where the pattern is none.
std::optional<std::string> fileOf(std::string_view pattern, std::string_view zone) {
  if (zone.ends_with('.')) zone.remove_suffix(1);
  const std::string dotted = std::string(zone) + '.';
  std::string file;
  while (!pattern.empty()) {
    const char letter = pattern.front();
    pattern.remove_prefix(1);
    if (letter != '%') {
      file += letter;
      continue;
    }
    const char formatter = pattern.empty() ? '\0' : pattern.front();
    pattern.remove_prefix(pattern.empty() ? 0 : 1);
    if (formatter == '%') {
      file += '%';
    } else if (formatter == 's') {
      file += zone;
    } else if (formatter == 'c' || formatter == 'l') {
      const auto indexes = takeIndexes(pattern);
      if (!indexes) return std::nullopt;
      const auto labels = labelsOf(zone);
      if (formatter == 'l')
        file += indexes->first < labels.size() ? labels[indexes->first] : std::string_view();
      else if (indexes->first < dotted.size())
        file += dotted.substr(indexes->first, indexes->last - indexes->first + 1);
    } else {
      return std::nullopt;
    }
  }
  return file;
}

// What a zone looks for itself, and in its template.
bool isOfZones(std::string_view keyword) {
  constexpr std::string_view known[] = {"storage",      "file",         "master",        "notify",          "acl",
                                        "catalog-role", "catalog-zone", "catalog-group", "catalog-template"};
  return std::ranges::find(known, keyword) != std::end(known);
}

// What says where a zone comes from; null where nothing does.
struct KnotZoneItems {
  const Statement* storage = nullptr;
  const Statement* file = nullptr;
  const Statement* primary = nullptr;
  const Statement* signing = nullptr;
  const Statement* modules = nullptr;
  const Statement* notify = nullptr;
  const Statement* acl = nullptr;
  const Statement* catalogRole = nullptr;
  const Statement* catalogZone = nullptr;
  const Statement* catalogGroup = nullptr;
  const Statement* catalogTemplate = nullptr;

  bool hasModule(std::string_view name) const {
    if (!modules) return false;
    return std::ranges::any_of(modules->words, [&](const Word& word) { return word.text.starts_with(name); });
  }

  static KnotZoneItems of(const Statement& block) {
    return {block.child("storage"),
            block.child("file"),
            block.child("master"),
            block.child("dnssec-signing"),
            block.child("module"),
            block.child("notify"),
            block.child("acl"),
            block.child("catalog-role"),
            block.child("catalog-zone"),
            block.child("catalog-group"),
            block.child("catalog-template")};
  }
};

class KnotConverter : Converter {
 public:
  explicit KnotConverter(std::string folder) : Converter(std::move(folder)) {}

  TautFile run(const Statements& statements);

 private:
  void prepare(const Statements& statements);
  void section(const Statement& section);
  void serverItem(const Statement& item);
  void listen(const Statement& listen);
  void nsid(const Statement& nsid);
  void templateBlock(const Statement& block);
  void globalModules(const Statement& list);
  void rateLimitModule(const Statement& block);
  void zone(const Statement& zone);
  void key(const Statement& block);
  void remote(const Statement& block);
  void access(const Statement& block);
  static bool takeLimit(const Statement& item, const Statement& block, NamedNetworks& limits);
  ZoneTransfers transfersOf(const KnotZoneItems& items, Notes& notes);
  static void setCatalog(const KnotZoneItems& items, ZoneTransfers& transfers, Notes& notes);
  std::vector<std::string> serversOf(const Statement* list, Notes& notes);
  // Those of the zone, or else of its template.
  KnotZoneItems itemsOf(const Statement& zone) const;

  std::map<std::string, KnotZoneItems, std::less<>> templates_;  // by their id
  std::set<std::string> modules_;                                // for all queries
  // What an access list allows, as a taut.toml says who may.
  struct Access {
    std::vector<std::string> clients;
    bool transfer = false;
    bool notify = false;
    std::vector<std::string> updates{};  // who may update what
  };
  std::map<std::string, std::string, std::less<>> remotes_;  // by their ids: what stands for them in a list
  std::map<std::string, Access, std::less<>> accesses_;      // likewise
  std::string identity_;
  bool listens_ = false;
};

TautFile KnotConverter::run(const Statements& statements) {
  prepare(statements);
  using Function = void (KnotConverter::*)(const Statement&);
  constexpr std::pair<std::string_view, Function> first[] = {
      {"key", &KnotConverter::key}, {"remote", &KnotConverter::remote}, {"acl", &KnotConverter::access}};
  for (const auto& [keyword, function] : first)
    for (const Statement& section : statements)
      if (section.keyword() == keyword)
        for (const Statement& block : section.children) (this->*function)(block);
  for (const Statement& next : statements) section(next);
  if (!listens_) {
    unsaid("listening nowhere, which is the default", "instead it is on the loopback addresses");
    listenOn("127.0.0.1", {});
    listenOn("::1", {});
  }
  return finish();
}

void KnotConverter::prepare(const Statements& statements) {
  for (const Statement& section : statements) {
    const Statement* const identity = section.keyword() == "server" ? section.child("identity") : nullptr;
    if (identity) identity_ = identity->value();
    if (section.keyword() != "template") continue;
    for (const Statement& block : section.children) {
      templates_.try_emplace(std::string(block.value()), KnotZoneItems::of(block));
      const Statement* const modules = block.value() == "default" ? block.child("global-module") : nullptr;
      for (std::size_t i = 1; modules && i < modules->words.size(); ++i) modules_.insert(modules->words[i].text);
    }
  }
}

void KnotConverter::section(const Statement& section) {
  const std::string_view keyword = section.keyword();
  if (!section.block) return unsupported(section);
  if (keyword == "key" || keyword == "remote" || keyword == "acl") return;  // run() has read these
  for (const Statement& item : section.children) {
    if (keyword == "server" && !item.block)
      serverItem(item);
    else if (keyword == "template" && item.block)
      templateBlock(item);
    else if (keyword == "zone" && item.block)
      zone(item);
    else if (keyword == "mod-rrl" && item.block)
      rateLimitModule(item);
    else if (const std::string_view likeness = like(keyword); !likeness.empty())
      unsupported(item, fmt::format("in section {}: {}", keyword, likeness));
    else
      unsupported(item, fmt::format("in section {}", keyword));
  }
}

void KnotConverter::serverItem(const Statement& item) {
  const std::string_view keyword = item.keyword();
  if (keyword == "listen")
    listen(item);
  else if (keyword == "identity")
    setIdentity(item);
  else if (keyword == "version")
    setText(file_.version, item);
  else if (keyword == "nsid")
    nsid(item);
  else if (keyword == "udp-workers")
    setCount(file_.threads, item, threadRange);
  else if (keyword == "tcp-max-clients")
    setCount(file_.tcpConnections, item, connectionRange);
  else if (keyword == "udp-max-payload")
    setCount(file_.udpSize, item, sizeOf(item.value()), udpSizeRange);
  else if (keyword == "answer-rotation")
    file_.roundRobin = flag(item).value_or(false);
  else
    unsupported(item);
}

void KnotConverter::listen(const Statement& listen) {
  for (std::size_t i = 1; i < listen.words.size(); ++i) {
    if (const auto address = addressOf(listen.word(i))) {
      listenOn(*address, listen.place);
      listens_ = true;
    } else {
      unsupported(listen, fmt::format("'{}' is not an address", listen.word(i)));
    }
  }
}

void KnotConverter::nsid(const Statement& nsid) {
  if (nsid.value().empty())
    file_.hide("nsid");
  else if (identity_ != nsid.value())
    unsupported(nsid, "it is what server.identity says");
}

void KnotConverter::templateBlock(const Statement& block) {
  for (const Statement& item : block.children) {
    const std::string_view keyword = item.keyword();
    // A zone looks for these itself.
    if (isOfZones(keyword)) continue;
    if (keyword == "global-module" && block.value() == "default")
      globalModules(item);
    else if (!isSatisfiedOfKnot(item))
      unsupported(item, fmt::format("in template {}", block.value()));
  }
}

void KnotConverter::globalModules(const Statement& list) {
  for (std::size_t i = 1; i < list.words.size(); ++i) {
    const std::string_view module = list.word(i);
    if (module == "mod-cookies")
      file_.cookies = true;
    else if (!module.starts_with("mod-rrl/"))
      unsupported(list, fmt::format("module {}", module));
  }
}

void KnotConverter::rateLimitModule(const Statement& block) {
  constexpr std::int64_t knotSlip = 1;
  if (!modules_.contains(fmt::format("mod-rrl/{}", block.value())))
    return unsupported(block, "in section mod-rrl: it is not for all zones");
  for (const Statement& item : block.children) {
    const std::string_view keyword = item.keyword();
    if (keyword == "rate-limit")
      setResponses(item, knotSlip);
    else if (keyword == "slip")
      setRateLimit(file_.rateLimit.slip, item, slipRange);
    else if (keyword != "whitelist")
      unsupported(item, "in section mod-rrl");
    for (std::size_t i = 1; keyword == "whitelist" && i < item.words.size(); ++i) {
      if (const auto network = networkOf(item.word(i)))
        file_.rateLimit.exempt.push_back(*network);
      else
        unsupported(item, fmt::format("'{}' is not a network", item.word(i)));
    }
  }
}

void KnotConverter::zone(const Statement& zone) {
  Notes notes;
  for (const Statement& item : zone.children) {
    const std::string_view keyword = item.keyword();
    if (!isOfZones(keyword) && keyword != "template" && !isSatisfiedOfKnot(item)) TautFile::noteOn(notes, item);
  }
  const KnotZoneItems items = itemsOf(zone);
  ZoneTransfers transfers = transfersOf(items, notes);
  if (items.primary && transfers.primaries.empty())
    return unsupported(zone, "a secondary zone without primaries that can be asked");
  if (items.hasModule("mod-queryacl")) return unsupported(zone, fewerClients);
  setCatalog(items, transfers, notes);
  if (transfers.catalog == "produce") return file_.addZone(zone.value(), {}, zone, std::move(notes), false, transfers);
  const auto file = fileOf(items.file ? items.file->value() : defaultFile, zone.value());
  if (!file) return unsupported(*items.file, fmt::format("the file of zone {}", zone.value()));
  const bool isSigned = !items.primary && (items.hasModule("mod-onlinesign") ||
                                           (items.signing && yesOrNo(items.signing->value()) != false));
  const std::string folder = resolved(items.storage ? items.storage->value() : defaultStorage, folder_);
  file_.addZone(zone.value(), resolved(*file, folder), zone, std::move(notes), isSigned, std::move(transfers));
}

void KnotConverter::key(const Statement& block) {
  const Statement* const algorithm = block.child("algorithm");
  const Statement* const secret = block.child("secret");
  file_.addKey(block, block.value(), algorithm ? algorithm->value() : "", secret ? secret->value() : "");
}

void KnotConverter::remote(const Statement& block) {
  std::vector<std::string> addresses;
  std::string_view key;
  bool isKnown = true;
  for (const Statement& item : block.children) {
    if (item.keyword() == "key")
      key = item.value();
    else if (item.keyword() != "address")
      unsupported(item, fmt::format("in remote {}", block.value()));
    for (std::size_t i = 1; item.keyword() == "address" && i < item.words.size(); ++i) {
      const auto address = addressOf(item.word(i));
      isKnown = isKnown && address;
      if (address) addresses.push_back(*address);
    }
  }
  if (addresses.empty() || !isKnown || (!key.empty() && !file_.hasKey(key)))
    return unsupported(block, "in section remote");
  remotes_.emplace(block.value(), file_.remoteFor(std::move(addresses), key, block.value()));
}

// `address` and `key` hold together.
void KnotConverter::access(const Statement& block) {
  std::vector<std::string> networks;
  std::vector<std::string> keys;
  Access access;
  NamedNetworks limits;
  bool updates = false;
  for (const Statement& item : block.children) {
    bool isKnown = item.keyword() == "address" || item.keyword() == "key" || item.keyword() == "action";
    if (item.keyword().starts_with("update-")) {
      if (!takeLimit(item, block, limits)) return unsupported(block, fmt::format("in section acl: {}", item.keyword()));
      continue;
    }
    for (std::size_t i = 1; isKnown && i < item.words.size(); ++i) {
      const std::string_view word = item.word(i);
      if (item.keyword() == "address") {
        const auto network = networkOf(word);
        isKnown = network.has_value();
        if (network) networks.push_back(*network);
      } else if (item.keyword() == "key") {
        isKnown = file_.hasKey(word);
        keys.emplace_back(word);
      } else if (word == "update") {
        updates = true;
      } else if (word == "transfer" || word == "notify") {
        (word == "transfer" ? access.transfer : access.notify) = true;
      } else {
        unsupported(item, fmt::format("in acl {}: {}", block.value(), word));
      }
    }
    // What is left out would make the list a wider one.
    if (!isKnown) return unsupported(block, fmt::format("in section acl: {}", item.keyword()));
  }
  if (updates && limits.isTable()) {
    limits.name = fmt::format("updates-{}", block.value());
    limits.networks = networks.empty() && keys.empty() ? std::vector<std::string>{"any"} : networks;
    limits.keys = keys;
    access.updates = {file_.listFor(std::move(limits))};
  }
  if (!keys.empty())
    access.clients = {file_.signedBy(std::move(keys), std::move(networks))};
  else
    access.clients = networks.empty() ? std::vector<std::string>{"any"} : std::move(networks);
  if (updates && access.updates.empty()) access.updates = access.clients;
  accesses_.emplace(block.value(), std::move(access));
}

// What an update may change. False for what cannot be said.
bool KnotConverter::takeLimit(const Statement& item, const Statement& block, NamedNetworks& limits) {
  const Statement* const matched = block.child("update-owner-match");
  const std::string_view match = matched ? matched->value() : "sub-or-equal";
  if (match != "sub-or-equal" && match != "equal" && match != "sub") return false;
  const auto add = [&](std::string name) {
    if (name.size() > 1 && name.ends_with('.')) name.pop_back();
    if (match != "sub") limits.updateNames.push_back(name);
    if (match != "equal") limits.updateNames.push_back("*." + name);
  };
  if (item.keyword() == "update-owner-match") return true;
  if (item.keyword() == "update-type") {
    for (std::size_t i = 1; i < item.words.size(); ++i) limits.updateTypes.emplace_back(item.word(i));
    return true;
  }
  if (item.keyword() == "update-owner") {
    if (item.value() == "key") add("self");
    return item.value() == "key" || item.value() == "name";
  }
  if (item.keyword() != "update-owner-name") return false;
  // A name without the last dot is relative to the zone, which may be any.
  for (std::size_t i = 1; i < item.words.size(); ++i) {
    if (!item.word(i).ends_with('.')) return false;
    add(std::string(item.word(i)));
  }
  return true;
}

// What members have is in a template, of which a taut.toml has none here.
void KnotConverter::setCatalog(const KnotZoneItems& items, ZoneTransfers& transfers, Notes& notes) {
  const std::string_view role = items.catalogRole ? items.catalogRole->value() : std::string_view();
  if (role == "interpret") {
    transfers.catalog = "consume";
    if (items.catalogTemplate)
      TautFile::noteOn(notes, *items.catalogTemplate,
                       "members have the primaries of the catalog, unless members names a [template.NAME]");
  } else if (role == "generate") {
    transfers.catalog = "produce";
  } else if (role == "member" && items.catalogZone) {
    transfers.catalogZone = items.catalogZone->value();
    if (items.catalogGroup) transfers.catalogGroup = items.catalogGroup->value();
  }
}

std::vector<std::string> KnotConverter::serversOf(const Statement* list, Notes& notes) {
  std::vector<std::string> servers;
  for (std::size_t i = 1; list && i < list->words.size(); ++i) {
    if (const auto remote = remotes_.find(list->word(i)); remote != remotes_.end())
      servers.push_back(remote->second);
    else
      TautFile::noteOn(notes, *list, fmt::format("'{}' is no server that is known", list->word(i)));
  }
  return servers;
}

ZoneTransfers KnotConverter::transfersOf(const KnotZoneItems& items, Notes& notes) {
  ZoneTransfers transfers;
  transfers.primaries = serversOf(items.primary, notes);
  transfers.notify = serversOf(items.notify, notes);
  for (std::size_t i = 1; items.acl && i < items.acl->words.size(); ++i) {
    const auto access = accesses_.find(items.acl->word(i));
    if (access == accesses_.end()) {
      TautFile::noteOn(notes, *items.acl, fmt::format("'{}' is no list that is known", items.acl->word(i)));
      continue;
    }
    const std::vector<std::string>& clients = access->second.clients;
    const auto addTo = [&clients](std::vector<std::string>& list) {
      list.insert(list.end(), clients.begin(), clients.end());
    };
    if (access->second.transfer) addTo(transfers.allowTransfer);
    const auto& updates = access->second.updates;
    transfers.allowUpdate.insert(transfers.allowUpdate.end(), updates.begin(), updates.end());
    if (access->second.notify && !transfers.primaries.empty()) addTo(transfers.allowNotify);
  }
  return transfers;
}

KnotZoneItems KnotConverter::itemsOf(const Statement& zone) const {
  KnotZoneItems items = KnotZoneItems::of(zone);
  const Statement* const named = zone.child("template");
  const auto found = templates_.find(named ? named->value() : "default");
  if (found == templates_.end()) return items;
  for (const auto item :
       {&KnotZoneItems::storage, &KnotZoneItems::file, &KnotZoneItems::primary, &KnotZoneItems::signing,
        &KnotZoneItems::modules, &KnotZoneItems::notify, &KnotZoneItems::acl, &KnotZoneItems::catalogRole,
        &KnotZoneItems::catalogZone, &KnotZoneItems::catalogGroup, &KnotZoneItems::catalogTemplate})
    if (!(items.*item)) items.*item = found->second.*item;
  return items;
}

}  // namespace

TautFile convertKnot(const Statements& statements, const std::string& folder) {
  return KnotConverter(folder).run(statements);
}

}  // namespace taut::importer

// named.conf, as the BIND 9.18 Administrator Reference Manual describes it.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bind_recursion.hpp"
#include "convert.hpp"
#include "cursor.hpp"
#include "sources.hpp"

namespace taut::importer {

namespace {

constexpr std::string_view knownNetworks[] = {"any", "loopback", "private", "link-local"};

// A name of BIND as a key of TOML that needs no quotes, and that means nothing in a taut.toml yet.
std::string aclKey(std::string name) {
  for (char& letter : name)
    if (!isKeyLetter(letter)) letter = '-';
  return std::ranges::find(knownNetworks, name) == std::end(knownNetworks) ? name : name + "-acl";
}

bool isPrimary(std::string_view type) {
  return type == "primary" || type == "master";
}

// A list of one word, such as `{ none; }`.
bool holdsOnly(const Statement& statement, std::string_view word) {
  return statement.children.size() == 1 && statement.children[0].words.size() == 1 &&
         statement.children[0].keyword() == word;
}

// Of a copy of the root zone whose primaries are not named, by RFC 8806 appendix A.
constexpr std::string_view rootPrimaries[] = {"192.0.32.132", "192.0.47.132", "170.247.170.2",
                                              "192.33.4.12",  "192.5.5.241",  "193.0.14.129"};

constexpr std::string_view transfersAreClosed =
    "name those who may in zone.allow-transfer, or all zones' in zone-defaults.allow-transfer";

// Whether a block has the zones signed; nothing where it does not say.
std::optional<bool> signs(const Statement& block) {
  std::optional<bool> signs;
  for (const Statement& item : block.children) {
    const std::string_view keyword = item.keyword();
    if (keyword == "dnssec-policy")
      signs = signs.value_or(false) || (item.value() != "none" && item.value() != "insecure");
    else if (keyword == "inline-signing" && yesOrNo(item.value()) == true)
      signs = true;
    else if (keyword == "auto-dnssec")
      signs = signs.value_or(false) || item.value() != "off";
  }
  return signs;
}

// Statements that ask for what taut does anyhow.
bool isSatisfiedOfBind(const Statement& statement) {
  const std::string_view keyword = statement.keyword();
  if (keyword == "allow-query") return holdsOnly(statement, "any");
  if (keyword == "allow-transfer" || keyword == "allow-update") return holdsOnly(statement, "none");
  if (keyword == "notify") return statement.value() == "no" || statement.value() == "explicit";
  if (keyword == "masterfile-format") return statement.value() == "text";
  return false;
}

class BindConverter : BindRecursion {
 public:
  explicit BindConverter(std::string folder) : BindRecursion(std::move(folder)) {}

  TautFile run(const Statements& statements);

 private:
  using Function = void (BindConverter::*)(const Statement&);
  static const std::map<std::string_view, Function>& optionFunctions();

  void prepare(const Statements& statements);
  void statement(const Statement& statement);
  void acl(const Statement& acl);
  void zone(const Statement& zone);
  void key(const Statement& key);
  void stubZone(const Statement& zone);
  void servedZone(const Statement& zone, bool isSecondary);
  bool isPolicy(const Statement& zone) const;
  using Servers = std::vector<std::string>;
  ZoneTransfers transfersOf(const Statement& zone, bool isSecondary, Notes& notes);
  void addServers(const Statement& list, Servers& servers, Notes& notes, unsigned depth = 0);
  std::vector<std::string> keyedNetworks(const Statement& list);
  static std::optional<std::vector<std::string>> ownersOf(std::string_view rule, std::string name);
  void addGrants(const Statement& policy, std::vector<std::string>& clients, Notes& notes);
  static const Statement* primariesOf(const Statement& zone);
  bool isCatalog(const Statement& zone) const;
  static bool isOfTransfers(const Statement& item);
  using Places = std::map<std::string, Place>;
  // Throws SyntaxError where the zone is in the view already, whose zones these are.
  static void addOnce(Places& zones, const Statement& zone);
  void view(const Statement& view);

  void nothing(const Statement&) {}
  void listen(const Statement& listen);
  void recursion(const Statement& recursion) { (void)flag(recursion); }  // prepare() has read it
  void version(const Statement& version);
  void hostname(const Statement& hostname);
  void serverId(const Statement& id);
  void tcpClients(const Statement& clients) { setCount(file_.tcpConnections, clients, connectionRange); }
  void maxUdpSize(const Statement& size) { setCount(file_.udpSize, size, udpSizeRange); }
  void answerCookie(const Statement& answer) { file_.cookies = flag(answer); }
  void logQueries(const Statement& log) { file_.logsQueries = flag(log).value_or(false); }
  void rateLimit(const Statement& limit);
  void exemptClients(const Statement& list);
  void rrsetOrder(const Statement& order);
  void allowRecursion(const Statement& list) { allowRecursion_ = &list; }
  void allowQueryCache(const Statement& list) { allowQueryCache_ = &list; }

  std::vector<std::string> networks(const Statement& list);
  void addNetworks(const Statement& list, std::vector<std::string>& networks, bool& excepted);
  void listenDefaults();
  void allowClients();
  bool isRecursive() const;
  void copyRoot(bool resolves);
  void finishRecursion();

  std::uint16_t port_ = dnsPort;
  std::map<std::string, std::string, std::less<>> aclNames_;      // from BIND's names to those of the taut.toml
  std::set<std::string> aclsToCome_;                              // of the taut.toml
  Places zones_;                                                  // outside views
  std::map<std::string, const Statement*, std::less<>> servers_;  // lists of primaries, by their names
  const Statement* options_ = nullptr;
  bool takesKeys_ = false;  // in a list of networks
  bool inAcl_ = false;
  bool listensOnV4_ = false;
  bool listensOnV6_ = false;
  bool recursive_ = true;
  bool openToTransfers_ = false;  // some zone, to everybody
  bool signsZones_ = false;       // those that do not say otherwise
  const Statement* rootCopy_ = nullptr;
  const Statement* allowRecursion_ = nullptr;
  const Statement* allowQueryCache_ = nullptr;
  const Statement* allowQuery_ = nullptr;  // null where it is for all clients
};

const std::map<std::string_view, BindConverter::Function>& BindConverter::optionFunctions() {
  static const std::map<std::string_view, Function> functions = {
      {"allow-notify", &BindConverter::nothing},  // zones look for these themselves
      {"allow-transfer", &BindConverter::nothing},
      {"allow-update", &BindConverter::nothing},
      {"allow-update-forwarding", &BindConverter::nothing},
      {"also-notify", &BindConverter::nothing},
      {"catalog-zones", &BindConverter::nothing},
      {"allow-query", &BindConverter::nothing},  // prepare() has read it, and the others that do nothing
      {"allow-query-cache", &BindConverter::allowQueryCache},
      {"allow-recursion", &BindConverter::allowRecursion},
      {"answer-cookie", &BindConverter::answerCookie},
      {"directory", &BindConverter::nothing},
      {"hostname", &BindConverter::hostname},
      {"listen-on", &BindConverter::listen},
      {"listen-on-v6", &BindConverter::listen},
      {"max-udp-size", &BindConverter::maxUdpSize},
      {"port", &BindConverter::nothing},
      {"querylog", &BindConverter::logQueries},
      {"rate-limit", &BindConverter::rateLimit},
      {"recursion", &BindConverter::recursion},
      {"rrset-order", &BindConverter::rrsetOrder},
      {"server-id", &BindConverter::serverId},
      {"tcp-clients", &BindConverter::tcpClients},
      {"version", &BindConverter::version},
  };
  return functions;
}

TautFile BindConverter::run(const Statements& statements) {
  prepare(statements);
  for (const Statement& next : statements) statement(next);
  listenDefaults();
  finishRecursion();
  if (openToTransfers_)
    unsaid("zone transfers to everybody, which BIND before 9.20 allows without allow-transfer", transfersAreClosed);
  return finish();
}

// What others refer to, wherever it stands.
void BindConverter::prepare(const Statements& statements) {
  for (const Statement& statement : statements) {
    if (statement.keyword() == "acl") {
      const std::string name = lowerCase(statement.value());
      const std::string key = aclKey(name);
      if (!name.empty() && aclsToCome_.insert(key).second) aclNames_.try_emplace(name, key);
    }
    const bool isList = statement.keyword() == "primaries" || statement.keyword() == "masters";
    if (isList && !statement.value().empty()) servers_.try_emplace(std::string(statement.value()), &statement);
    if (statement.keyword() == "key") key(statement);
    if (statement.keyword() != "options") continue;
    options_ = &statement;
    if (const Statement* const directory = statement.child("directory"))
      folder_ = resolved(directory->value(), folder_);
    if (const Statement* const recursion = statement.child("recursion"))
      recursive_ = yesOrNo(recursion->value()).value_or(false);
    if (const Statement* const port = statement.child("port")) {
      const auto value = number(port->value());
      if (value && *value > 0 && *value <= 65535) port_ = static_cast<std::uint16_t>(*value);
    }
    const Statement* const query = statement.child("allow-query");
    if (query && !isSatisfiedOfBind(*query)) allowQuery_ = query;
    signsZones_ = signsZones_ || signs(statement).value_or(false);
  }
  if (allowQuery_) file_.allowQuery = networks(*allowQuery_);
}

void BindConverter::statement(const Statement& statement) {
  const std::string_view keyword = statement.keyword();
  if (keyword == "acl") return acl(statement);
  if (keyword == "zone") return zone(statement);
  if (keyword == "view") return view(statement);
  if (keyword == "key" || keyword == "primaries" || keyword == "masters") return;  // prepare() has read these
  if (trustAnchors(statement)) return;
  if (keyword != "options") return unknown(statement);
  for (const Statement& option : statement.children) {
    const auto function = optionFunctions().find(option.keyword());
    if (function != optionFunctions().end())
      (this->*function->second)(option);
    else if (!recursionOption(option) && !isSatisfiedOfBind(option))
      unknown(option);
  }
}

void BindConverter::acl(const Statement& acl) {
  const auto name = aclNames_.find(lowerCase(acl.value()));
  const bool isNew = name != aclNames_.end() && aclsToCome_.contains(name->second);
  if (!isNew) return unsupported(acl, "it has no name, or that of another list");
  inAcl_ = true;
  file_.acl.push_back({name->second, networks(acl)});
  inAcl_ = false;
  aclsToCome_.erase(name->second);
}

void BindConverter::zone(const Statement& zone) {
  const Statement* const type = zone.child("type");
  const std::string_view kind = type ? type->value() : "";
  if (zone.words.size() > 2 && lowerCase(zone.word(2)) != "in") return unsupported(zone, "a class other than IN");
  addOnce(zones_, zone);
  if (isPrimary(kind)) return servedZone(zone, false);
  if (kind == "secondary" || kind == "slave") return servedZone(zone, true);
  if (kind == "hint") return hintZone(zone);
  if (kind == "forward") return forwardZone(zone);
  if (kind == "static-stub") return staticStubZone(zone);
  if (kind == "stub") return stubZone(zone);
  if (kind == "mirror" && zone.value() == ".") {
    rootCopy_ = &zone;
    return;
  }
  unsupported(zone, kind.empty() ? "a zone without a type" : fmt::format("a zone of type {}", kind));
}

void BindConverter::stubZone(const Statement& zone) {
  Servers servers;
  Notes notes;
  if (const Statement* const primaries = primariesOf(zone)) addServers(*primaries, servers, notes);
  BindRecursion::stubZone(zone, servers, std::move(notes));
}

void BindConverter::addOnce(Places& zones, const Statement& zone) {
  std::string name = lowerCase(zone.value());
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  const auto [entry, isNew] = zones.try_emplace(std::move(name), zone.place);
  if (!isNew)
    throw SyntaxError(zone.place,
                      fmt::format("zone \"{}\" is there already, at {}", zone.value(), entry->second.toText()));
}

void BindConverter::key(const Statement& key) {
  const Statement* const algorithm = key.child("algorithm");
  const Statement* const secret = key.child("secret");
  file_.addKey(key, key.value(), algorithm ? algorithm->value() : "", secret ? secret->value() : "");
}

const Statement* BindConverter::primariesOf(const Statement& zone) {
  const Statement* const primaries = zone.child("primaries");
  return primaries ? primaries : zone.child("masters");
}

bool BindConverter::isOfTransfers(const Statement& item) {
  constexpr std::string_view known[] = {"primaries",
                                        "masters",
                                        "also-notify",
                                        "allow-notify",
                                        "allow-transfer",
                                        "allow-update",
                                        "allow-update-forwarding",
                                        "update-policy"};
  return std::ranges::find(known, item.keyword()) != std::end(known);
}

// `ADDRESS [port PORT] [key KEY]`, or the name of a list of these, each with the port of the list where it has none.
void BindConverter::addServers(const Statement& list, Servers& servers, Notes& notes, unsigned depth) {
  constexpr unsigned maxDepth = 8;
  std::string_view port = "53";
  for (std::size_t i = 1; i + 1 < list.words.size(); ++i)
    if (list.word(i) == "port") port = list.word(i + 1);
  for (const Statement& element : list.children) {
    std::string_view ownPort = port;
    std::string_view key;
    bool isKnown = true;
    for (std::size_t i = 1; i + 1 < element.words.size(); i += 2) {
      if (element.word(i) == "port")
        ownPort = element.word(i + 1);
      else if (element.word(i) == "key")
        key = element.word(i + 1);
      else
        isKnown = false;
    }
    const auto named = servers_.find(element.keyword());
    const auto address = addressOf(fmt::format("{}@{}", element.keyword(), ownPort));
    isKnown = isKnown && element.words.size() % 2 == 1 && (key.empty() || file_.hasKey(key));
    if (isKnown && address)
      servers.push_back(file_.remoteFor({*address}, key));
    else if (isKnown && named != servers_.end() && element.words.size() == 1 && depth < maxDepth)
      addServers(*named->second, servers, notes, depth + 1);
    else
      TautFile::noteOn(notes, element, fmt::format("in {}", list.keyword()));
  }
}

std::vector<std::string> BindConverter::keyedNetworks(const Statement& list) {
  takesKeys_ = true;
  auto found = networks(list);
  takesKeys_ = false;
  return found;
}

// Its members have the primaries of the catalog, which are those that default-primaries name as a rule.
bool BindConverter::isCatalog(const Statement& zone) const {
  const Statement* const list = options_ ? options_->child("catalog-zones") : nullptr;
  return list && std::ranges::any_of(list->children, [&](const Statement& catalog) {
           return catalog.keyword() == "zone" && catalog.words.size() > 1 &&
                  lowerCase(catalog.word(1)) == lowerCase(zone.value());
         });
}

// What a zone does not say is taken from the options.
ZoneTransfers BindConverter::transfersOf(const Statement& zone, bool isSecondary, Notes& notes) {
  const auto find = [&](std::string_view keyword) {
    const Statement* const own = zone.child(keyword);
    return own || !options_ ? own : options_->child(keyword);
  };
  ZoneTransfers transfers;
  if (const Statement* const primaries = isSecondary ? primariesOf(zone) : nullptr)
    addServers(*primaries, transfers.primaries, notes);
  else if (isSecondary)
    transfers.primaries.assign(std::begin(rootPrimaries), std::end(rootPrimaries));
  const Statement* const notify = find("notify");
  const Statement* const told = find("also-notify");
  if (told && !(notify && notify->value() == "no")) addServers(*told, transfers.notify, notes);
  if (const Statement* const allowed = find("allow-transfer"))
    transfers.allowTransfer = keyedNetworks(*allowed);
  else
    openToTransfers_ = openToTransfers_ || &zone != rootCopy_;
  const Statement* const heard = isSecondary ? find("allow-notify") : nullptr;
  if (heard) transfers.allowNotify = keyedNetworks(*heard);
  if (const Statement* const allowed = find(isSecondary ? "allow-update-forwarding" : "allow-update"))
    transfers.allowUpdate = keyedNetworks(*allowed);
  const Statement* const policy = isSecondary ? nullptr : zone.child("update-policy");
  if (policy) addGrants(*policy, transfers.allowUpdate, notes);
  if (isCatalog(zone)) transfers.catalog = "consume";
  return transfers;
}

// The owners that a rule is about, as taut.toml has them. Nothing for a kind of rule that it has not.
std::optional<std::vector<std::string>> BindConverter::ownersOf(std::string_view rule, std::string name) {
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  using Names = std::vector<std::string>;
  if (rule == "zonesub") return Names();
  if (rule == "name" || (rule == "wildcard" && name.starts_with("*."))) return Names{name};
  if (rule == "subdomain") return Names{name, "*." + name};
  if (rule == "self") return Names{"self"};
  if (rule == "selfsub") return Names{"self", "*.self"};
  return std::nullopt;
}

// `grant KEY RULE [NAME] [TYPES]`. The first rule that matches decides, so after one that denies none can be taken.
void BindConverter::addGrants(const Statement& policy, std::vector<std::string>& clients, Notes& notes) {
  for (const Statement& grant : policy.children) {
    const std::string rule = lowerCase(grant.word(2));
    const bool hasName = rule != "zonesub";
    auto owners = ownersOf(rule, std::string(grant.word(3)));
    if (lowerCase(grant.keyword()) != "grant")
      return TautFile::noteOn(notes, grant, "in update-policy: no rule from here on is taken over");
    if (!owners || !file_.hasKey(grant.word(1))) {
      TautFile::noteOn(notes, grant, "in update-policy");
      continue;
    }
    NamedNetworks list{
        "updates-by-" + std::string(grant.word(1)), {}, {std::string(grant.word(1))}, std::move(*owners)};
    std::replace_if(
        list.name.begin(), list.name.end(), [](char c) { return c == '.'; }, '-');
    for (std::size_t i = hasName ? 4 : 3; i < grant.words.size(); ++i)
      if (lowerCase(grant.word(i)) != "any") list.updateTypes.emplace_back(grant.word(i));
    if (grant.words.size() <= (hasName ? 4u : 3u))
      TautFile::noteOn(notes, grant, "without types all can be updated, NS and SOA too");
    clients.push_back(file_.listFor(std::move(list)));
  }
}

bool BindConverter::isPolicy(const Statement& zone) const {
  const Statement* const policies = options_ && recursive_ ? options_->child("response-policy") : nullptr;
  return policies && isPolicyZone(*policies, zone.value());
}

// The file of a secondary zone is one of ours only where it is text, which it is not by default.
void BindConverter::servedZone(const Statement& zone, bool isSecondary) {
  if (isSecondary && !primariesOf(zone) && &zone != rootCopy_)
    return unsupported(zone, "a secondary zone without primaries");
  std::string file;
  Notes notes;
  for (const Statement& item : zone.children) {
    if (item.keyword() == "allow-query") {
      const auto clients = networks(item);
      if (!isServable(clients) && isPolicy(zone))
        TautFile::noteOn(notes, item, "clients may ask for the zone itself too");
      else if (!isServable(clients) && &zone != rootCopy_)
        return unsupported(zone, fewerClients);
      else if (file_.allowQuery && clients != *file_.allowQuery)
        TautFile::noteOn(notes, item, "server.allow-query is for all zones");
    } else if (item.keyword() == "file") {
      const Statement* const format = zone.child("masterfile-format");
      if (!isSecondary || (format && format->value() == "text"))
        file = item.value();
      else
        TautFile::noteOn(notes, item, "it is no text; without a file the zone is transferred at each start");
    } else if (item.keyword() != "type" && !isOfTransfers(item) && !isSatisfiedOfBind(item)) {
      TautFile::noteOn(notes, item);
    }
  }
  if (file.empty() && !isSecondary) return unsupported(zone, "a zone without a file");
  ZoneTransfers transfers = transfersOf(zone, isSecondary, notes);
  if (isSecondary && transfers.primaries.empty())
    return unsupported(zone, "a secondary zone without primaries that can be asked");
  file_.addZone(zone.value(), file.empty() ? file : resolved(file, folder_), zone, std::move(notes),
                !isSecondary && signs(zone).value_or(signsZones_), std::move(transfers));
}

void BindConverter::view(const Statement& view) {
  unsupported(view, "a view; its statements follow");
  Places zones;
  for (const Statement& child : view.children) {
    const bool isInternet = child.words.size() < 3 || lowerCase(child.word(2)) == "in";
    if (child.keyword() == "zone" && isInternet) addOnce(zones, child);
    unsupported(child, fmt::format("in view {}", view.value()));
  }
}

void BindConverter::listen(const Statement& listen) {
  const bool v6 = listen.keyword() == "listen-on-v6";
  (v6 ? listensOnV6_ : listensOnV4_) = true;
  std::uint16_t port = port_;
  for (std::size_t i = 1; i < listen.words.size(); i += 2) {
    const auto value = number(listen.word(i + 1));
    if (listen.word(i) != "port" || !value || *value == 0 || *value > 65535) return unsupported(listen);
    port = static_cast<std::uint16_t>(*value);
  }
  for (const Statement& child : listen.children) {
    const std::string word = lowerCase(child.keyword());
    if (word == "none") continue;
    const auto address = addressOf(word != "any" ? word : v6 ? "::" : "0.0.0.0", port);
    if (address && child.words.size() == 1)
      listenOn(*address, child.place);
    else
      unsupported(child, fmt::format("in {}: expected an address", listen.keyword()));
  }
}

// Without the statement named listens on all addresses of the family.
void BindConverter::listenDefaults() {
  if (!listensOnV4_) listenOn(*addressOf("0.0.0.0", port_), {});
  if (!listensOnV6_) listenOn(*addressOf("::", port_), {});
}

void BindConverter::version(const Statement& version) {
  if (version.value() == "none" && !version.words[1].quoted)
    file_.version = "";
  else
    setText(file_.version, version);
}

void BindConverter::hostname(const Statement& hostname) {
  if (hostname.value() != "none") return unsupported(hostname, "hostname.bind is the host's name");
  file_.hide("hostname.bind");
}

void BindConverter::serverId(const Statement& id) {
  if (id.value() == "hostname" && !id.words[1].quoted) return;
  if (id.value() != "none" || id.words[1].quoted) return setIdentity(id);
  file_.hide("id.server");
  file_.hide("nsid");
}

void BindConverter::rateLimit(const Statement& limit) {
  constexpr std::int64_t bindSlip = 2;
  for (const Statement& item : limit.children) {
    const std::string_view keyword = item.keyword();
    if (keyword == "responses-per-second")
      setResponses(item, bindSlip);
    else if (keyword == "all-per-second")
      setRateLimit(file_.rateLimit.all, item, allResponsesRange);
    else if (keyword == "slip")
      setRateLimit(file_.rateLimit.slip, item, slipRange);
    else if (keyword == "window")
      setRateLimit(file_.rateLimit.window, item, windowRange);
    else if (keyword == "exempt-clients")
      exemptClients(item);
    else
      unsupported(item, "in rate-limit");
  }
}

void BindConverter::exemptClients(const Statement& list) {
  file_.rateLimit.exempt = networks(list);
  TautFile::noteOn(file_.rateLimit.notes, list);
}

void BindConverter::rrsetOrder(const Statement& order) {
  for (const Statement& rule : order.children) {
    const bool forAll = rule.keyword() == "order" && rule.words.size() == 2;
    if (forAll && rule.value() == "cyclic")
      file_.roundRobin = true;
    else if (!forAll || rule.value() != "none")
      unsupported(rule, "in rrset-order");
  }
}

std::vector<std::string> BindConverter::networks(const Statement& list) {
  std::vector<std::string> networks;
  bool excepted = false;
  addNetworks(list, networks, excepted);
  return networks;
}

// The first element that matches decides. So after an exception, which cannot be expressed, an element could allow what
// the exception refuses: it is left out, and the list is never wider than BIND's.
void BindConverter::addNetworks(const Statement& list, std::vector<std::string>& networks, bool& excepted) {
  for (const Statement& element : list.children) {
    const std::string word = lowerCase(element.keyword());
    if (word == "none" || word == "!any") continue;
    if (word.starts_with('!')) {
      excepted = true;
      unsupported(element, fmt::format("in {}: an exception", list.keyword()));
    } else if (excepted) {
      unsupported(element, fmt::format("in {}: it comes after an exception", list.keyword()));
    } else if (word.empty() && element.block) {
      addNetworks(element, networks, excepted);
    } else if (takesKeys_ && word == "key" && element.words.size() == 2 && file_.hasKey(element.value())) {
      networks.push_back(file_.signedBy({std::string(element.value())}));
    } else if (word == "any") {
      networks.push_back(word);
    } else if (word == "localhost") {
      networks.emplace_back("loopback");
    } else if (const auto acl = aclNames_.find(word); acl != aclNames_.end()) {
      // So that no list is a part of itself.
      if (inAcl_ && aclsToCome_.contains(acl->second))
        unsupported(element, "in acl: a list that is not above");
      else
        networks.push_back(acl->second);
    } else if (const auto network = networkOf(word); network && element.words.size() == 1) {
      networks.push_back(*network);
    } else {
      unsupported(element, fmt::format("in {}", list.keyword()));
    }
  }
}

// Who may recurse: as with BIND, the first list that there is.
void BindConverter::allowClients() {
  const Statement* decides = nullptr;
  for (const Statement* const list : {allowRecursion_, allowQueryCache_, allowQuery_}) {
    if (!list) continue;
    if (!decides)
      decides = list;
    else if (list == allowQueryCache_)
      unsupported(*list, "who may recurse may use the cache");
  }
  if (decides) {
    file_.forward.allow = networks(*decides);
    return;
  }
  file_.forward.allow = {"loopback"};
  unsaid("recursion for the networks of this host, which is the default",
         fmt::format("give them to allow in [{}]", file_.recursion.isEnabled ? "recursion" : "forward"));
}

// Whether some client may have names resolved.
bool BindConverter::isRecursive() const {
  const Statement* const list = allowRecursion_ ? allowRecursion_ : allowQueryCache_ ? allowQueryCache_ : allowQuery_;
  return recursive_ && !(list && holdsOnly(*list, "none"));
}

void BindConverter::finishRecursion() {
  if (!recursive_ && forwarders_ && file_.forward.forwards()) unsupported(*forwarders_, "recursion is off");
  if (!recursive_) file_.forward.servers.clear();
  // Where all forwarders are such that cannot be asked, nobody else is.
  const bool resolves = isRecursive() && (!forwarders_ || file_.forward.forwards());
  if (rootCopy_) copyRoot(resolves);
  finishBind(resolves);
  if (file_.recursion.isEnabled || file_.forward.forwards()) return allowClients();
  for (const Statement* const list : {allowRecursion_, allowQueryCache_})
    if (list && !holdsOnly(*list, "none")) needsForwarding(*list);
}

void BindConverter::copyRoot(bool resolves) {
  if (!resolves || file_.forward.forwards() || hasFixedZone("."))
    return unsupported(*rootCopy_, "the servers of the root are not asked");
  servedZone(*rootCopy_, true);
  const auto isRoot = [](const ImportedZone& zone) { return zone.name == "."; };
  file_.recursion.localRoot = std::ranges::any_of(file_.zones(), isRoot);
}

}  // namespace

TautFile convertBind(const Statements& statements, const std::string& folder) {
  return BindConverter(folder).run(statements);
}

}  // namespace taut::importer

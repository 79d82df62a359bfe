#include "validate.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "networks.hpp"
#include "recursion_reader.hpp"
#include "remotes.hpp"
#include "schema.hpp"
#include "taut/base/address.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/server/zone_rates.hpp"
#include "text_values.hpp"
#include "zone_reader.hpp"

namespace taut::config {

namespace {

constexpr std::uint16_t httpPort = 9153;  // where what collects metrics looks for servers of DNS

// Of what an operator names for people to read.
constexpr std::string_view nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

class Validator {
 public:
  Validator(Settings settings, Mistakes& mistakes)
      : settings_(std::move(settings)), mistakes_(mistakes), networks_(settings_, mistakes) {}

  Configuration run();

 private:
  template <typename... Arguments>
  void mistake(const Origin& origin, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    mistakes_.push_back({origin, fmt::format(text, std::forward<Arguments>(arguments)...)});
  }

  bool has(std::string_view path) const { return settings_.find(path) != nullptr; }
  const Origin& originOf(std::string_view path) const { return settings_.find(path)->origin; }
  template <typename T>
  T get(std::string_view path) const {
    const Setting* const setting = settings_.find(path);
    return std::get<T>(setting ? setting->value : presetOf(keyOf(path)));
  }
  std::int64_t number(std::string_view path) const { return get<std::int64_t>(path); }
  bool flag(std::string_view path) const { return get<bool>(path); }
  const std::vector<Item>& items(std::string_view path) const;
  std::string file(std::string_view path) const;

  std::optional<Address> address(const Item& item, std::uint16_t port) { return addressOf(item, port, mistakes_); }
  std::optional<Name> name(const std::string& text, const Origin& origin) { return nameOf(text, origin, mistakes_); }

  std::vector<ListenAddress> listen();
  void listenOn(const Table& table, std::vector<ListenAddress>& addresses);
  ServerSettings server();
  std::vector<TsigSettings> keys();
  std::optional<TsigSettings> key(const std::string& table, const Origin& origin);
  bool readSecret(const std::string& table, const Origin& origin, TsigSettings& settings);
  std::optional<RateLimit> rateLimit(const ZoneList& zones);
  bool limitsRates(const ZoneList& zones) const;
  void limitNetworks(RateLimit& limit);
  ResponseRate responseRate(std::int64_t responses, const Setting* all) const;
  std::shared_ptr<const ZoneRates> zoneRates(const ZoneList& zones) const;
  std::vector<std::string> zoneLists();
  std::optional<ForwardSettings> forward();
  std::vector<ViewSettings> views(const std::optional<ForwardSettings>& outer, ZoneReader& zones);
  ViewSettings view(const Table& table, const std::vector<ViewSettings>& before);
  std::string viewName(const Table& table, const std::vector<ViewSettings>& before);
  std::optional<ForwardSettings> viewForward(const Table& view, const Origin& place, const ForwardSettings* outer);
  void setForwarding(const Table& view, ForwardSettings& forward);
  ForwardSettings forwardPresets();
  std::vector<HandlerSettings> handlers();
  HandlerSettings handler(const Table& table, const std::vector<HandlerSettings>& before);
  std::string handlerName(const Table& table, const std::vector<HandlerSettings>& before);
  HttpSettings http();
  DnstapSettings dnstap();
  LogSettings log();
  std::vector<NamedFile> files();
  void requireForwarding(std::string_view path);
  void requireSource(const Configuration& configuration);

  Settings settings_;
  Mistakes& mistakes_;
  Networks networks_;
};

// The files of zones are known by the zones.
bool isOfZone(const Key& key) {
  return isOfServedZone(key) || key.path == "zone-defaults.file" || key.path == "template.*.file";
}

// What a handler is given, by the names that it has for it.
HandlerOptions optionsOf(const Table& table) {
  constexpr std::size_t prefix = std::string_view("handler[].options.").size();
  HandlerOptions options(table.origin().toText());
  for (const Table::Named& named : table.named()) {
    HandlerOptions::Value value;
    const Value& given = named.setting.value;
    if (const auto* const flag = std::get_if<bool>(&given)) value = *flag;
    if (const auto* const number = std::get_if<std::int64_t>(&given)) value = *number;
    if (const auto* const text = std::get_if<std::string>(&given)) value = *text;
    if (const auto* const list = std::get_if<std::vector<Item>>(&given)) {
      std::vector<HandlerOptions::Item> items;
      for (const Item& item : *list) items.push_back({item.text, item.origin.toText()});
      value = std::move(items);
    }
    options.set(named.path.substr(prefix), std::move(value), named.setting.origin.toText());
  }
  return options;
}

Configuration Validator::run() {
  Configuration configuration;
  configuration.files = files();
  if (has("user")) configuration.user = get<std::string>("user");
  configuration.sandbox = flag("sandbox");
  configuration.listen = listen();
  configuration.server = server();
  configuration.keys = keys();
  configuration.limits.tcpConnections = static_cast<std::size_t>(number("limits.tcp.connections"));
  configuration.limits.transfers = static_cast<std::size_t>(number("limits.transfers.at-once"));
  configuration.limits.transfersOfClient = static_cast<std::size_t>(number("limits.transfers.per-client"));
  Remotes remotes(settings_, configuration.keys, mistakes_);
  ZoneReader zones(settings_, networks_, remotes, mistakes_);
  configuration.limits.catalogMembers = static_cast<std::size_t>(number("limits.catalog-members"));
  configuration.zones = zones.read();
  configuration.templates = zones.takeTemplates();
  configuration.rateLimit = rateLimit(configuration.zones);
  configuration.zoneLists = zoneLists();
  configuration.hostsFile = file("hosts-file");
  RecursionReader recursion(settings_, networks_, mistakes_);
  configuration.recursion = recursion.read();
  if (configuration.recursion) recursion.requireLocalRoot(*configuration.recursion, configuration.zones);
  setServedZones(configuration);
  if (!configuration.recursion) configuration.forward = forward();
  configuration.views = views(configuration.forward, zones);
  configuration.handlers = handlers();
  configuration.http = http();
  configuration.log = log();
  configuration.dnstap = dnstap();
  if (mistakes_.empty()) requireSource(configuration);
  return configuration;
}

const std::vector<Item>& Validator::items(std::string_view path) const {
  static const std::vector<Item> none;
  const Setting* const setting = settings_.find(path);
  return setting ? std::get<std::vector<Item>>(setting->value) : none;
}

std::string Validator::file(std::string_view path) const {
  const Setting* const setting = settings_.find(path);
  return setting ? resolved(std::get<std::string>(setting->value), setting->origin) : std::string();
}

std::vector<ListenAddress> Validator::listen() {
  std::vector<ListenAddress> addresses;
  for (const Table& table : settings_.tables("listen")) listenOn(table, addresses);
  if (settings_.tables("listen").empty()) addresses = {{Address::anyV4(dnsPort), {}}, {Address::anyV6(dnsPort), {}}};
  return addresses;
}

void Validator::listenOn(const Table& table, std::vector<ListenAddress>& addresses) {
  const Setting* const given = table.find(keyOf("listen[].address"));
  const auto* const texts = given ? &std::get<std::vector<Item>>(given->value) : nullptr;
  if (table.hasRefused()) return;
  if (!texts || texts->empty())
    mistake(given ? given->origin : table.origin(), "no address; expected address = [\"192.0.2.1\"], say");
  else
    for (const Item& item : *texts)
      if (const auto parsed = address(item, dnsPort)) addresses.push_back({*parsed, item.origin});
  const Setting* const protocol = table.find(keyOf("listen[].protocol"));
  if (!protocol) return;
  for (const std::string_view needed : {"udp", "tcp"})
    if (std::ranges::find(std::get<std::vector<Item>>(protocol->value), needed, &Item::text) ==
        std::get<std::vector<Item>>(protocol->value).end())
      mistake(protocol->origin, "'{}' is missing; expected both \"udp\" and \"tcp\", which DNS needs (RFC 7766)",
              needed);
}

LogSettings Validator::log() {
  LogSettings log;
  log.verbose = static_cast<int>(number("log.verbose"));
  log.queries.oneIn = static_cast<std::uint32_t>(number("log.queries.one-in"));
  log.queries.errors = flag("log.queries.errors");
  if (get<std::string>("log.queries.format") == "json") log.queries.format = QueryLogSettings::Format::json;
  const auto isGiven = [this](const char* path) { return has(path) || settings_.isRefused(path); };
  if (has("log.queries.format") && !isGiven("log.queries.one-in") && !isGiven("log.queries.errors"))
    mistake(originOf("log.queries.format"), "needs log.queries.one-in or log.queries.errors: no query is logged");
  return log;
}

ServerSettings Validator::server() {
  ServerSettings server;
  server.freebind = flag("server.freebind");
  server.threads = static_cast<unsigned>(number("server.threads"));
  for (const EngineKind kind : {EngineKind::ioUring, EngineKind::epoll})
    if (get<std::string>("server.engine") == nameOf(kind)) server.engine = kind;
  server.udpSize = static_cast<std::uint16_t>(number("server.udp-size"));
  server.answerTimeout = std::chrono::milliseconds(number("server.answer-timeout"));
  server.drain = std::chrono::milliseconds(number("server.drain"));
  server.rrsetRoundRobin = flag("server.rrset-roundrobin");
  if (has("server.allow-query")) server.allowQuery = networks_.accessList(items("server.allow-query"));
  if (has("server.proxy-from")) server.proxies = networks_.policy(items("server.proxy-from"));
  if (has("server.health-name"))
    server.healthName = name(get<std::string>("server.health-name"), originOf("server.health-name"));
  if (has("server.identity")) server.identity = get<std::string>("server.identity");
  server.version = "taut " TAUT_VERSION;
  if (has("server.version")) {
    const Value& version = settings_.find("server.version")->value;
    const auto* const text = std::get_if<std::string>(&version);
    server.version = text ? *text : std::string();
  }
  for (const Item& item : items("server.hide")) server.hidden.push_back(item.text);
  server.cookies = flag("server.cookies.enabled");
  server.control = file("server.control");
  server.stateFolder = file("server.state-directory");
  server.cookieSecrets = file("server.cookies.secrets-file");
  if (!server.cookies && has("server.cookies.secrets-file"))
    mistake(originOf("server.cookies.secrets-file"), "does not go with {}",
            originOf("server.cookies.enabled").kind() == Origin::Kind::commandLine ? "--no-cookies"
                                                                                   : "server.cookies.enabled = false");
  return server;
}

std::vector<TsigSettings> Validator::keys() {
  constexpr std::string_view prefix = "tsig.";
  std::vector<TsigSettings> keys;
  for (const auto& [table, origin] : settings_.notedTables()) {
    if (!table.starts_with(prefix)) continue;
    auto made = key(table, origin);
    if (!made) continue;
    const auto isSame = [&made](const TsigSettings& other) {
      return other.key.name == made->key.name && other.key.algorithm == made->key.algorithm;
    };
    if (std::ranges::any_of(keys, isSame))
      mistake(origin, "key {} is there already with this algorithm; expected it once", made->key.name);
    keys.push_back(std::move(*made));
  }
  return keys;
}

std::optional<TsigSettings> Validator::key(const std::string& table, const Origin& origin) {
  const std::string text(withoutQuotes(std::string_view(table).substr(table.find('.') + 1)));
  const auto keyName = name(text, origin);
  if (!keyName) return std::nullopt;
  TsigSettings settings;
  settings.key.name = *keyName;
  settings.origin = origin;
  if (const Setting* const algorithm = settings_.find(table + ".algorithm"))
    settings.key.algorithm = *tsigAlgorithmOf(Name(std::get<std::string>(algorithm->value)));
  if (!readSecret(table, origin, settings)) return std::nullopt;
  return settings;
}

bool Validator::readSecret(const std::string& table, const Origin& origin, TsigSettings& settings) {
  const Setting* const secret = settings_.find(table + ".secret");
  const Setting* const file = settings_.find(table + ".secret-file");
  if (secret && file) {
    mistake(file->origin, "secret-file does not go with secret; expected one of them");
  } else if (file) {
    settings.secretFile = resolved(std::get<std::string>(file->value), file->origin);
    settings.origin = file->origin;
    return true;
  } else if (secret) {
    auto octets = parseTsigSecret(std::get<std::string>(secret->value));
    if (octets) settings.key.secret = std::move(*octets);
    if (octets) return true;
    mistake(secret->origin, "the secret is no base64; expected what `openssl rand -base64 32` writes, say");
  } else if (!settings_.isRefused(table + ".secret") && !settings_.isRefused(table + ".secret-file")) {
    mistake(origin, "a key without a secret; expected secret-file = \"secrets/transfer-key\", say, or secret");
  }
  return false;
}

// Whether something has a limit.
bool Validator::limitsRates(const ZoneList& zones) const {
  return has("rate-limit.responses") || !settings_.tables("rate-limit.network").empty() ||
         std::ranges::any_of(zones, [](const ZoneSettings& zone) { return zone.rateLimit.has_value(); });
}

std::optional<RateLimit> Validator::rateLimit(const ZoneList& zones) {
  RateLimit limit;
  limit.exempt = networks_.policy(items("rate-limit.exempt"));
  limitNetworks(limit);
  if (settings_.isRefused("rate-limit.responses")) return std::nullopt;
  if (!limitsRates(zones)) {
    if (const Origin* const table = settings_.findTable("rate-limit"))
      mistake(*table, "[rate-limit] without responses limits nothing; expected responses = 20, say");
    else
      for (const char* const path : {"rate-limit.all", "rate-limit.slip", "rate-limit.window", "rate-limit.exempt"})
        if (has(path)) mistake(originOf(path), "needs rate-limit.responses, without which nothing is limited");
    return std::nullopt;
  }
  if (!has("rate-limit.responses") && has("rate-limit.all") && number("rate-limit.all") != 0)
    mistake(originOf("rate-limit.all"), "needs rate-limit.responses; expected 0, or both");
  const std::int64_t window = number("rate-limit.window");
  if (window % second != 0) mistake(originOf("rate-limit.window"), "expected whole seconds");
  const ResponseRate rate =
      responseRate(has("rate-limit.responses") ? number("rate-limit.responses") : 0, settings_.find("rate-limit.all"));
  limit.responsesPerSecond = rate.ofKind;
  limit.allPerSecond = rate.all;
  limit.zones = zoneRates(zones);
  limit.slip = static_cast<std::uint32_t>(number("rate-limit.slip"));
  limit.window = static_cast<std::uint32_t>(window / second);
  return limit;
}

void Validator::limitNetworks(RateLimit& limit) {
  for (const Table& table : settings_.tables("rate-limit.network")) {
    const Setting* const networks = table.find(keyOf("rate-limit.network[].networks"));
    const Setting* const responses = table.find(keyOf("rate-limit.network[].responses"));
    const auto* const given = networks ? &std::get<std::vector<Item>>(networks->value) : nullptr;
    if (table.hasRefused()) continue;
    if (!given || given->empty())
      mistake(networks ? networks->origin : table.origin(), "no network; expected networks = [\"192.0.2.0/24\"], say");
    if (!responses) mistake(table.origin(), "no limit; expected responses = 20, say, or 0 for none");
    if (!given || !responses) continue;
    limit.networks.push_back({networks_.policy(*given), responseRate(std::get<std::int64_t>(responses->value),
                                                                     table.find(keyOf("rate-limit.network[].all")))});
  }
}

// Without a value of its own the limit of all kinds is ten times that of one, unless none is wanted at all.
ResponseRate Validator::responseRate(std::int64_t responses, const Setting* all) const {
  if (!all && has("rate-limit.all") && number("rate-limit.all") == 0) all = settings_.find("rate-limit.all");
  const std::int64_t usual = std::min(10 * responses, keyOf("rate-limit.all").most);
  return {static_cast<std::uint32_t>(responses),
          static_cast<std::uint32_t>(all ? std::get<std::int64_t>(all->value) : usual)};
}

std::shared_ptr<const ZoneRates> Validator::zoneRates(const ZoneList& zones) const {
  auto rates = std::make_shared<ZoneRates>();
  for (const ZoneSettings& zone : zones)
    if (zone.rateLimit && !zone.name.empty())
      rates->set(*Name::parse(zone.name), responseRate(*zone.rateLimit, nullptr));
  return rates->empty() ? nullptr : rates;
}

std::vector<std::string> Validator::zoneLists() {
  std::vector<std::string> lists;
  for (const Table& table : settings_.tables("zone-list")) {
    if (const Setting* const file = table.find(keyOf("zone-list[].file")))
      lists.push_back(resolved(std::get<std::string>(file->value), file->origin));
    else if (!table.hasRefused())
      mistake(table.origin(), "no file; expected file = \"zones.list\", say");
  }
  return lists;
}

std::optional<ForwardSettings> Validator::forward() {
  ForwardSettings forward = forwardPresets();
  for (const Item& item : items("forward.servers"))
    if (const auto server = address(item, dnsPort)) forward.servers.push_back(*server);
  forward.resolvConf = file("forward.resolv-conf");
  if (has("forward.allow")) forward.allow = networks_.accessList(items("forward.allow"));
  forward.cacheSize = static_cast<std::size_t>(number("forward.cache.size"));
  forward.denyRebinding = flag("forward.deny-rebinding");
  for (const Item& item : items("forward.private-domains"))
    if (const auto domain = name(item.text, item.origin)) forward.privateDomains.push_back(*domain);
  if (has("forward.private-domains") && !forward.denyRebinding)
    mistake(originOf("forward.private-domains"), "needs {}, without which all domains may have private addresses",
            originOf("forward.private-domains").kind() == Origin::Kind::commandLine ? "--deny-rebinding"
                                                                                    : "forward.deny-rebinding");
  if (!items("forward.servers").empty() || !forward.resolvConf.empty()) return forward;
  if (settings_.isRefused("forward.servers") || settings_.isRefused("forward.resolv-conf")) return std::nullopt;
  if (const Origin* const table = settings_.findTable("forward"))
    mistake(*table, "[forward] without a server forwards nothing; expected servers or resolv-conf");
  else
    for (const char* const path : {"forward.allow", "forward.cache.size", "forward.deny-rebinding"})
      if (has(path)) requireForwarding(path);
  return std::nullopt;
}

ForwardSettings Validator::forwardPresets() {
  ForwardSettings forward;
  forward.allow = networks_.ownNetworks();
  return forward;
}

std::vector<ViewSettings> Validator::views(const std::optional<ForwardSettings>& outer, ZoneReader& zones) {
  std::vector<ViewSettings> views;
  const auto& tables = settings_.tables("view");
  for (std::size_t i = 0; i < tables.size(); ++i) {
    ViewSettings view = this->view(tables[i], views);
    view.zones = zones.readOfView(i);
    const Origin* const place = settings_.findTable(fmt::format("view[{}].forward", i));
    if (place && view.recursion)
      view.forward = viewForward(tables[i], *place, outer ? &*outer : nullptr);
    else if (place)
      mistake(*place, "[view.forward] does not go with recursion = false");
    views.push_back(std::move(view));
  }
  return views;
}

ViewSettings Validator::view(const Table& table, const std::vector<ViewSettings>& before) {
  ViewSettings view;
  view.name = viewName(table, before);
  const Setting* const match = table.find(keyOf("view[].match"));
  const auto* const networks = match ? &std::get<std::vector<Item>>(match->value) : nullptr;
  if (networks) view.match = networks_.accessList(*networks);
  if (!table.hasRefused() && (!networks || networks->empty()))
    mistake(match ? match->origin : table.origin(),
            "a view without clients; expected match = [\"192.0.2.0/24\"], say, or the name of an [acl]");
  if (const Setting* const recursion = table.find(keyOf("view[].recursion")))
    view.recursion = std::get<bool>(recursion->value);
  return view;
}

std::string Validator::viewName(const Table& table, const std::vector<ViewSettings>& before) {
  const Setting* const setting = table.find(keyOf("view[].name"));
  if (!setting) {
    if (!table.hasRefused()) mistake(table.origin(), "a view without a name; expected name = \"inside\", say");
    return {};
  }
  std::string name = std::get<std::string>(setting->value);
  if (name.find_first_not_of(nameCharacters) != std::string::npos)
    mistake(setting->origin, "'{}' is no name of a view; expected letters, digits, '-', '_' and '.'", name);
  if (std::ranges::find(before, name, &ViewSettings::name) != before.end())
    mistake(setting->origin, "view {} is there already; expected it once", name);
  return name;
}

// What the view does not say is taken from what holds outside it.
std::optional<ForwardSettings> Validator::viewForward(const Table& view, const Origin& place,
                                                      const ForwardSettings* outer) {
  ForwardSettings forward = outer ? *outer : forwardPresets();
  const Setting* const servers = view.find(keyOf("view[].forward.servers"));
  const Setting* const resolvConf = view.find(keyOf("view[].forward.resolv-conf"));
  if (servers || resolvConf) {
    forward.servers.clear();
    forward.resolvConf.clear();
  }
  if (servers)
    for (const Item& item : std::get<std::vector<Item>>(servers->value))
      if (const auto server = address(item, dnsPort)) forward.servers.push_back(*server);
  if (resolvConf) forward.resolvConf = resolved(std::get<std::string>(resolvConf->value), resolvConf->origin);
  setForwarding(view, forward);
  const bool isEmpty = servers ? std::get<std::vector<Item>>(servers->value).empty() : !outer;
  if (isEmpty && !resolvConf && !view.hasRefused() && !settings_.isRefused("forward.servers") &&
      !settings_.isRefused("forward.resolv-conf"))
    mistake(servers ? servers->origin : place,
            "[view.forward] without a server forwards nothing; expected servers or resolv-conf");
  return forward;
}

// All but the servers.
void Validator::setForwarding(const Table& view, ForwardSettings& forward) {
  if (const Setting* const allow = view.find(keyOf("view[].forward.allow")))
    forward.allow = networks_.accessList(std::get<std::vector<Item>>(allow->value));
  if (const Setting* const size = view.find(keyOf("view[].forward.cache.size")))
    forward.cacheSize = static_cast<std::size_t>(std::get<std::int64_t>(size->value));
  if (const Setting* const deny = view.find(keyOf("view[].forward.deny-rebinding")))
    forward.denyRebinding = std::get<bool>(deny->value);
  if (const Setting* const domains = view.find(keyOf("view[].forward.private-domains"))) {
    forward.privateDomains.clear();
    for (const Item& item : std::get<std::vector<Item>>(domains->value))
      if (const auto domain = name(item.text, item.origin)) forward.privateDomains.push_back(*domain);
    if (!forward.denyRebinding)
      mistake(domains->origin, "needs deny-rebinding = true, without which all domains may have private addresses");
  }
  if (!forward.denyRebinding) forward.privateDomains.clear();
}

std::vector<HandlerSettings> Validator::handlers() {
  std::vector<HandlerSettings> handlers;
  for (const Table& table : settings_.tables("handler")) handlers.push_back(handler(table, handlers));
  return handlers;
}

HandlerSettings Validator::handler(const Table& table, const std::vector<HandlerSettings>& before) {
  HandlerSettings handler;
  handler.name = handlerName(table, before);
  const Setting* const library = table.find(keyOf("handler[].library"));
  handler.origin = library ? library->origin : table.origin();
  if (library)
    handler.library = resolved(std::get<std::string>(library->value), library->origin);
  else if (!table.hasRefused())
    mistake(table.origin(), "a handler without a library; expected library = \"/usr/lib/taut/libname.so\", say");
  const Setting* const place = table.find(keyOf("handler[].place"));
  if (place && std::get<std::string>(place->value) == "before-zones") handler.place = HandlerPlace::beforeZones;
  if (const Setting* const suffixes = table.find(keyOf("handler[].suffix")))
    for (const Item& item : std::get<std::vector<Item>>(suffixes->value))
      if (const auto suffix = name(item.text, item.origin)) handler.suffixes.push_back(*suffix);
  handler.options = optionsOf(table);
  return handler;
}

std::string Validator::handlerName(const Table& table, const std::vector<HandlerSettings>& before) {
  const Setting* const setting = table.find(keyOf("handler[].name"));
  if (!setting) {
    if (!table.hasRefused()) mistake(table.origin(), "a handler without a name; expected name = \"workstations\", say");
    return {};
  }
  std::string name = std::get<std::string>(setting->value);
  if (name.find_first_not_of(nameCharacters) != std::string::npos)
    mistake(setting->origin, "'{}' is no name of a handler; expected letters, digits, '-', '_' and '.'", name);
  if (std::ranges::find(before, name, &HandlerSettings::name) != before.end())
    mistake(setting->origin, "handler {} is there already; expected it once", name);
  return name;
}

HttpSettings Validator::http() {
  HttpSettings http;
  for (const Item& item : items("http.listen"))
    if (const auto parsed = address(item, httpPort)) http.listen.push_back({*parsed, item.origin});
  std::vector<Item> allowed = items("http.allow");
  if (!has("http.allow")) allowed.push_back({"loopback", {}});
  http.allow = networks_.policy(allowed);
  if (!items("http.listen").empty() || settings_.isRefused("http.listen")) return http;
  if (const Origin* const table = settings_.findTable("http"))
    mistake(*table, "[http] without listen serves nothing; expected listen = [\"127.0.0.1\"], say");
  else if (has("http.allow"))
    mistake(originOf("http.allow"), "needs http.listen, without which nothing is served over HTTP");
  return http;
}

DnstapSettings Validator::dnstap() {
  DnstapSettings dnstap;
  dnstap.socket = file("dnstap.socket");
  if (dnstap.socket.size() > DnstapSocket::maxPath)
    mistake(originOf("dnstap.socket"), "the path of a socket file has {} octets; expected {} at most",
            dnstap.socket.size(), DnstapSocket::maxPath);
  dnstap.selection = DnstapSelection::all();
  dnstap.selection.oneIn = static_cast<std::uint32_t>(number("dnstap.one-in"));
  if (has("dnstap.messages")) dnstap.selection.types = 0;
  for (const Item& item : items("dnstap.messages")) dnstap.selection.add(*dnstapTypeOf(item.text));
  if (!dnstap.socket.empty() || settings_.isRefused("dnstap.socket")) return dnstap;
  if (const Origin* const table = settings_.findTable("dnstap"))
    mistake(*table, "[dnstap] without socket writes nothing; expected socket = \"/run/dnstap.sock\", say");
  else
    for (const char* const path : {"dnstap.messages", "dnstap.one-in"})
      if (has(path)) mistake(originOf(path), "needs dnstap.socket, without which nothing is written");
  return dnstap;
}

// Of keys that a reload takes over: the others name socket files.
std::vector<NamedFile> Validator::files() {
  std::vector<NamedFile> files;
  for (Item& file : settings_.takeFiles()) files.push_back({std::move(file.text), std::move(file.origin)});
  const auto add = [&files](const Key& key, const Setting* setting) {
    if (!setting) return;
    const std::string path = resolved(std::get<std::string>(setting->value), setting->origin);
    files.push_back({key.type == ValueType::folder ? path + '/' : path, setting->origin});
  };
  for (const Key& key : schema()) {
    const bool isFile = (key.type == ValueType::file || key.type == ValueType::folder) && !key.list;
    if (!isFile || key.reload == Reload::restart || isOfZone(key)) continue;
    const std::size_t bracket = key.path.find("[]");
    if (bracket == key.path.npos && key.path.find('*') == key.path.npos) add(key, settings_.find(key.path));
    if (key.path.find('*') != key.path.npos)
      for (const auto& [path, setting] : settings_.values())
        if (findKeyFor(path) == &key) add(key, &setting);
    if (bracket == key.path.npos) continue;
    for (const Table& table : settings_.tables(key.path.substr(0, bracket))) add(key, table.find(key));
  }
  return files;
}

void Validator::requireForwarding(std::string_view path) {
  const Origin& origin = originOf(path);
  mistake(origin, "needs {}",
          origin.kind() == Origin::Kind::commandLine
              ? "--recursive, --resolv-conf or --forward: only what was forwarded is concerned"
              : "forward.servers or forward.resolv-conf: only what was forwarded is concerned");
}

bool servesAnything(const ViewSettings& view) {
  return !view.zones.empty() || view.forward;
}

void Validator::requireSource(const Configuration& configuration) {
  if (!configuration.zones.empty() || !configuration.zoneLists.empty() || !configuration.hostsFile.empty() ||
      configuration.recurses() || !configuration.handlers.empty() ||
      std::ranges::any_of(configuration.views, servesAnything))
    return;
  if (settings_.start())
    mistake(*settings_.start(),
            "nothing to serve; expected [[zone]], [[zone-list]], hosts-file, [forward], [recursion] or [[handler]]");
  else
    mistake(Origin::ofOption("nothing to serve"),
            "give --zone, --zone-list, --hosts-file, --recursive, --recursor or --forward");
}

}  // namespace

std::vector<Address> addressesOf(const std::vector<ListenAddress>& listen) {
  std::vector<Address> addresses;
  for (const ListenAddress& each : listen) addresses.push_back(each.address);
  return addresses;
}

ZoneSource ZoneSettings::source() const {
  ZoneSource source;
  source.path = path;
  if (!name.empty()) source.origin = Name::parse(name);
  source.isSecondary = isSecondary() || catalog == CatalogRole::produce;
  source.keepsDifferences = allowTransfer != nullptr;
  source.serialPolicy = serial;
  source.isKept = journal > 0;
  source.takesUpdates = isUpdated();
  source.isServed = isServed;
  // Who may not have the list of zones may not ask for it name by name (RFC 9432 section 7).
  if (catalog != CatalogRole::none)
    source.clients = allowTransfer ? allowTransfer->clients : AccessList(AddressPolicy(AddressPolicy::Action::refuse));
  return source;
}

void setServedZones(Configuration& configuration) {
  const bool hasLocalRoot = configuration.recursion && configuration.recursion->localRoot;
  for (ZoneSettings& zone : configuration.zones) zone.isServed = !hasLocalRoot || zone.name != ".";
}

std::string HandlerSettings::label() const {
  return fmt::format("{}: handler {}", origin.toText(), name);
}

std::size_t countForwarders(const Configuration& configuration) {
  const auto ofViews =
      std::ranges::count_if(configuration.views, [](const auto& view) { return view.forward.has_value(); });
  return static_cast<std::size_t>(ofViews) + (configuration.recurses() ? 1 : 0);
}

bool ServerSettings::tells(std::string_view name) const {
  return std::ranges::find(hidden, name) == hidden.end();
}

std::optional<Configuration> validate(Settings settings, Mistakes& mistakes) {
  Configuration configuration = Validator(std::move(settings), mistakes).run();
  if (!mistakes.empty()) return std::nullopt;
  return configuration;
}

}  // namespace taut::config

// nsd.conf, as nsd.conf(5) of NSD 4.6 describes it.
#include <algorithm>
#include <cstddef>
#include <map>
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

constexpr std::string_view defaultZonesFolder = "/etc/nsd";

std::string_view labelFromEnd(std::string_view name, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return ".";
    name = name.substr(0, dot);
  }
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// The file of a zone: what stands behind a percent sign is a part of the zone's name, or a dot where there is no such.
std::string zoneFileOf(std::string_view pattern, std::string_view zone) {
  if (zone.size() > 1 && zone.ends_with('.')) zone.remove_suffix(1);
  constexpr std::string_view labels = "zyx";
  std::string file;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char formatter = pattern[i] == '%' && i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    const std::size_t label = labels.find(formatter);
    if (formatter == 's') {
      file += zone;
    } else if (formatter >= '1' && formatter <= '3') {
      const auto index = static_cast<std::size_t>(formatter - '1');
      file += index < zone.size() ? zone[index] : '.';
    } else if (formatter != '\0' && label != std::string_view::npos) {
      file += labelFromEnd(zone, label);
    } else {
      file += pattern[i];
      continue;
    }
    ++i;
  }
  return file;
}

// What says where a zone comes from; null where nothing does.
struct NsdZoneItems {
  const Statement* section = nullptr;
  const Statement* file = nullptr;
  const Statement* query = nullptr;
  std::vector<std::string_view> patterns;  // that are included

  static NsdZoneItems of(const Statement& section) {
    NsdZoneItems items{&section, section.child("zonefile"), section.child("allow-query"), {}};
    for (const Statement& item : section.children)
      if (item.keyword() == "include-pattern") items.patterns.push_back(item.value());
    return items;
  }
};

bool isKnownOfZones(std::string_view keyword) {
  constexpr std::string_view known[] = {"name",        "zonefile", "include-pattern",
                                        "request-xfr", "notify",   "allow-notify",
                                        "provide-xfr", "catalog",  "catalog-producer-zone"};
  return std::ranges::find(known, keyword) != std::end(known);
}

class NsdConverter : Converter {
 public:
  explicit NsdConverter(std::string folder) : Converter(std::move(folder)), zonesFolder_(defaultZonesFolder) {}

  TautFile run(const Statements& statements);

 private:
  void prepare(const Statements& statements);
  void serverItem(const Statement& item);
  void serverIdentity(const Statement& item);
  void serverLimits(const Statement& item);
  void listen(const Statement& listen);
  void listenDefaults();
  void pattern(const Statement& pattern);
  void zone(const Statement& zone);
  using Item = const Statement* NsdZoneItems::*;
  // The zone, the patterns that it includes, and those that they include. Throws SyntaxError where there are too many.
  std::vector<const NsdZoneItems*> placesOf(const NsdZoneItems& zone, const Place& place) const;
  static const Statement* itemOf(const std::vector<const NsdZoneItems*>& places, Item item);
  ZoneTransfers transfersOf(const std::vector<const NsdZoneItems*>& places, Notes& notes);
  void addServer(const Statement& item, std::vector<std::string>& servers, Notes& notes);
  void addAccess(const Statement& item, std::vector<std::string>& clients, Notes& notes);
  void key(const Statement& section);

  std::string zonesFolder_;
  std::uint16_t port_ = dnsPort;
  bool v4_ = true;
  bool v6_ = true;
  std::map<std::string, NsdZoneItems, std::less<>> patterns_;  // by their names
};

TautFile NsdConverter::run(const Statements& statements) {
  prepare(statements);
  for (const Statement& section : statements) {
    if (section.keyword() == "key" && section.block) continue;  // prepare() has read it
    if (section.keyword() == "server" && section.block)
      for (const Statement& item : section.children) serverItem(item);
    else if (section.keyword() == "pattern" && section.block)
      pattern(section);
    else if (section.keyword() == "zone" && section.block)
      zone(section);
    else
      unknown(section);
  }
  listenDefaults();
  return finish();
}

void NsdConverter::prepare(const Statements& statements) {
  for (const Statement& section : statements) {
    if (section.keyword() == "pattern")
      if (const Statement* const name = section.child("name"))
        patterns_.try_emplace(std::string(name->value()), NsdZoneItems::of(section));
    if (section.keyword() == "key" && section.block) key(section);
    if (section.keyword() != "server") continue;
    if (const Statement* const folder = section.child("zonesdir")) zonesFolder_ = folder->value();
    if (const Statement* const port = section.child("port")) {
      const auto value = number(port->value());
      if (value && *value > 0 && *value <= 65535) port_ = static_cast<std::uint16_t>(*value);
    }
  }
  zonesFolder_ = resolved(zonesFolder_, folder_);
}

void NsdConverter::serverItem(const Statement& item) {
  const std::string_view keyword = item.keyword();
  if (keyword == "ip-address" || keyword == "interface")
    listen(item);
  else if (keyword == "do-ip4")
    v4_ = flag(item).value_or(true);
  else if (keyword == "do-ip6")
    v6_ = flag(item).value_or(true);
  else if (keyword != "port" && keyword != "zonesdir")  // prepare() has read these
    serverIdentity(item);
}

void NsdConverter::serverIdentity(const Statement& item) {
  const std::string_view keyword = item.keyword();
  if (keyword == "identity") {
    setIdentity(item);
  } else if (keyword == "version") {
    setText(file_.version, item);
  } else if (keyword == "hide-version") {
    if (flag(item).value_or(false)) file_.version = "";
  } else if (keyword == "hide-identity") {
    if (!flag(item).value_or(false)) return;
    file_.hide("id.server");
    file_.hide("hostname.bind");
  } else {
    serverLimits(item);
  }
}

void NsdConverter::serverLimits(const Statement& item) {
  constexpr std::int64_t nsdSlip = 2;
  const std::string_view keyword = item.keyword();
  if (keyword == "server-count")
    setCount(file_.threads, item, threadRange);
  else if (keyword == "tcp-count")
    setCount(file_.tcpConnections, item, connectionRange);
  else if (keyword == "ipv4-edns-size" || keyword == "ipv6-edns-size")
    setCount(file_.udpSize, item, udpSizeRange);
  else if (keyword == "rrl-ratelimit")
    setResponses(item, nsdSlip);
  else if (keyword == "rrl-slip")
    setRateLimit(file_.rateLimit.slip, item, slipRange);
  else if (keyword == "answer-cookie")
    file_.cookies = flag(item);
  else if (keyword == "cookie-secret-file")
    file_.cookieSecrets = resolved(item.value(), folder_);
  else if (keyword == "round-robin")
    file_.roundRobin = flag(item).value_or(false);
  else
    unknown(item);
}

void NsdConverter::listen(const Statement& listen) {
  const auto address = addressOf(listen.value(), port_);
  if (!address) return unsupported(listen, fmt::format("'{}' is not an address", listen.value()));
  listenOn(*address, listen.place);
  if (listen.words.size() > 2) unsupported(listen, "except the address");
}

void NsdConverter::listenDefaults() {
  if (!file_.listen.empty()) return;
  if (v4_) listenOn(*addressOf("0.0.0.0", port_), {});
  if (v6_) listenOn(*addressOf("::", port_), {});
}

void NsdConverter::pattern(const Statement& pattern) {
  const Statement* const name = pattern.child("name");
  for (const Statement& item : pattern.children) {
    const std::string_view keyword = item.keyword();
    if (!isKnownOfZones(keyword)) unsupported(item, fmt::format("in pattern {}", name ? name->value() : ""));
  }
}

void NsdConverter::zone(const Statement& zone) {
  const Statement* const name = zone.child("name");
  if (!name) return unsupported(zone, "a zone without a name");
  Notes notes;
  for (const Statement& item : zone.children) {
    const std::string_view keyword = item.keyword();
    if (!isKnownOfZones(keyword)) TautFile::noteOn(notes, item);
  }
  const NsdZoneItems items = NsdZoneItems::of(zone);
  const auto places = placesOf(items, name->place);
  if (itemOf(places, &NsdZoneItems::query)) return unsupported(*name, fewerClients);
  const bool isSecondary = std::ranges::any_of(
      places, [](const NsdZoneItems* place) { return place->section->child("request-xfr") != nullptr; });
  ZoneTransfers transfers = transfersOf(places, notes);
  if (isSecondary && transfers.primaries.empty())
    return unsupported(*name, "a secondary zone without primaries that can be asked");
  const Statement* const file = itemOf(places, &NsdZoneItems::file);
  const bool hasFile = file && !file->value().empty();
  if (!hasFile && transfers.needsFile()) return unsupported(*name, "a zone without a file");
  std::string path;
  if (hasFile && transfers.catalog != "produce")
    path = resolved(zoneFileOf(file->value(), name->value()), zonesFolder_);
  file_.addZone(name->value(), std::move(path), *name, std::move(notes), false, std::move(transfers));
}

void NsdConverter::key(const Statement& section) {
  const auto value = [&section](std::string_view keyword) {
    const Statement* const item = section.child(keyword);
    return item ? item->value() : std::string_view();
  };
  file_.addKey(section, value("name"), value("algorithm"), value("secret"));
}

ZoneTransfers NsdConverter::transfersOf(const std::vector<const NsdZoneItems*>& places, Notes& notes) {
  ZoneTransfers transfers;
  for (const NsdZoneItems* const place : places) {
    for (const Statement& item : place->section->children) {
      const std::string_view keyword = item.keyword();
      if (keyword == "request-xfr")
        addServer(item, transfers.primaries, notes);
      else if (keyword == "notify")
        addServer(item, transfers.notify, notes);
      else if (keyword == "allow-notify")
        addAccess(item, transfers.allowNotify, notes);
      else if (keyword == "provide-xfr")
        addAccess(item, transfers.allowTransfer, notes);
      else if (keyword == "catalog")
        transfers.catalog = item.value() == "consumer" ? "consume" : "produce";
      else if (keyword == "catalog-producer-zone")
        transfers.catalogZone = item.value();
    }
  }
  if (transfers.primaries.empty()) transfers.allowNotify.clear();
  return transfers;
}

// `[AXFR | UDP] ADDRESS[@PORT] KEY`. AXFR alone, or over UDP: taut finds out which way a server takes.
void NsdConverter::addServer(const Statement& item, std::vector<std::string>& servers, Notes& notes) {
  const bool hasWay = item.value() == "AXFR" || item.value() == "UDP";
  const std::size_t at = hasWay ? 2 : 1;
  const auto address = addressOf(item.word(at));
  const std::string_view key = item.word(at + 1);
  const bool isUnsigned = key == "NOKEY";
  if (!address || item.words.size() != at + 2 || (!isUnsigned && !file_.hasKey(key)))
    return TautFile::noteOn(notes, item);
  servers.push_back(file_.remoteFor({*address}, isUnsigned ? std::string_view() : key));
}

// `NETWORK KEY`, where the key may be NOKEY; what is BLOCKED is not allowed by another entry here.
void NsdConverter::addAccess(const Statement& item, std::vector<std::string>& clients, Notes& notes) {
  const auto network = networkOf(item.value());
  const std::string_view key = item.word(2);
  if (!network || item.words.size() != 3 || key == "BLOCKED" || (key != "NOKEY" && !file_.hasKey(key)))
    return TautFile::noteOn(notes, item);
  clients.push_back(key == "NOKEY" ? *network : file_.signedBy({std::string(key)}, {*network}));
}

const Statement* NsdConverter::itemOf(const std::vector<const NsdZoneItems*>& places, Item item) {
  for (const NsdZoneItems* const place : places)
    if (const Statement* const found = place->*item) return found;
  return nullptr;
}

std::vector<const NsdZoneItems*> NsdConverter::placesOf(const NsdZoneItems& zone, const Place& place) const {
  constexpr std::size_t maxPatterns = 64;
  std::vector<const NsdZoneItems*> places{&zone};
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places.size() + places[i]->patterns.size() > maxPatterns)
      throw SyntaxError(place, fmt::format("more than {} patterns of one zone", maxPatterns));
    for (const std::string_view pattern : places[i]->patterns) {
      const auto found = patterns_.find(pattern);
      const bool isNew = found != patterns_.end() && std::ranges::find(places, &found->second) == places.end();
      if (isNew) places.push_back(&found->second);
    }
  }
  return places;
}

}  // namespace

TautFile convertNsd(const Statements& statements, const std::string& folder) {
  return NsdConverter(folder).run(statements);
}

}  // namespace taut::importer

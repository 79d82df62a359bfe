#include "control_verbs.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "configuration_text.hpp"
#include "handler_status.hpp"
#include "json_text.hpp"
#include "piece_queue.hpp"
#include "status_json.hpp"
#include "taut/base/counted.hpp"
#include "taut/base/reason.hpp"
#include "taut/dns/name.hpp"
#include "taut/zone/zone_writer.hpp"

namespace taut {

namespace {

constexpr std::size_t replyPieceSize = 256 << 10;  // octets of a reply that are sent together

// Text as a string of JSON. Names and records in presentation form are printable ASCII.
std::string inQuotes(std::string_view text) {
  return toText(Json(text));
}

ControlOutcome noName(const std::string& text) {
  return wrongUsage(fmt::format("'{}' is not a domain name", text));
}

void append(fmt::memory_buffer& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

void append(fmt::memory_buffer& out, std::uint64_t number, std::size_t width = 0) {
  const fmt::format_int digits(number);
  for (std::size_t size = digits.size(); size < width; ++size) out.push_back(' ');
  append(out, std::string_view(digits.data(), digits.size()));
}

Json catalogJson(const CatalogStatus& catalog) {
  Json json;
  json["role"] = catalog.role();
  json["members"] = catalog.memberCount();
  if (catalog.version) json["serial"] = catalog.version->zone()->serial();
  if (!catalog.mistake.empty()) json["error"] = catalog.mistake;
  return json;
}

// The catalogs that have the zone as a member, in the order of their names.
std::vector<std::string> catalogsOf(NameView zone, const CatalogStatuses& catalogs) {
  std::vector<std::string> names;
  if (catalogs.memberships.empty()) return names;
  const auto [first, last] = catalogs.memberships.equal_range(zone);
  for (auto each = first; each != last; ++each) names.push_back(each->second.toString());
  std::ranges::sort(names);
  return names;
}

// What catalogs have to do with the zone; nothing for most zones.
struct InCatalogs {
  InCatalogs(NameView zone, std::string_view view, const CatalogStatuses& catalogs) {
    if (!view.empty()) return;
    status = catalogs.find(zone);
    memberOf = catalogsOf(zone, catalogs);
  }

  const CatalogStatus* status = nullptr;
  std::vector<std::string> memberOf;
};

void addCatalogs(const InCatalogs& in, Json& json) {
  if (in.status) json["catalog"] = catalogJson(*in.status);
  if (!in.memberOf.empty()) json["member_of"] = in.memberOf;
}

std::string catalogText(const CatalogStatus& catalog) {
  std::string text = fmt::format("  catalog ({}): {}", catalog.role(), counted(catalog.memberCount(), "member"));
  if (catalog.version) text += fmt::format(" of version {}", catalog.version->zone()->serial());
  if (!catalog.mistake.empty()) text += "; a later version is not taken: " + catalog.mistake;
  return text;
}

// Without a format string, as a hundred thousand of them are to be there within a blink.
void appendZoneAsJson(const Zone& zone, std::string_view view, const std::string& error, const InCatalogs& in,
                      fmt::memory_buffer& out) {
  const std::string origin = zone.origin().toString();
  append(out, R"({"zone":)");
  if (origin.find('"') == std::string::npos && origin.find('\\') == std::string::npos) {
    out.push_back('"');
    append(out, origin);
    out.push_back('"');
  } else {
    append(out, inQuotes(origin));
  }
  append(out, R"(,"view":")");
  append(out, view);  // of characters that need no escape
  append(out, zone.isLoaded() ? R"(","state":"loaded","serial":)" : R"(","state":"not loaded")");
  if (zone.isLoaded()) {
    append(out, zone.serial());
    append(out, R"(,"records":)");
    append(out, zone.recordCount());
  }
  if (!error.empty()) append(out, R"(,"error":)" + inQuotes(error));
  if (in.status) append(out, R"(,"catalog":)" + toText(catalogJson(*in.status)));
  if (!in.memberOf.empty()) append(out, R"(,"member_of":)" + toText(Json(in.memberOf)));
  out.push_back('}');
}

void appendZoneAsText(const Zone& zone, std::string_view view, const std::string& error, const InCatalogs& in,
                      fmt::memory_buffer& out) {
  constexpr std::size_t column = 40;
  const std::string origin = zone.origin().toString();
  append(out, origin);
  for (std::size_t size = origin.size(); size < column; ++size) out.push_back(' ');
  append(out, zone.isLoaded() ? " loaded " : " not loaded");
  if (zone.isLoaded()) {
    append(out, zone.serial(), 10);
    out.push_back(' ');
    append(out, zone.recordCount(), 8);
    append(out, " records");
  }
  if (!view.empty()) append(out, "  view ");
  append(out, view);
  if (in.status) append(out, catalogText(*in.status));
  for (const std::string& catalog : in.memberOf) append(out, "  member of " + catalog);
  if (!error.empty()) append(out, (zone.isLoaded() ? "; its file does not load now: " : ": ") + error);
  out.push_back('\n');
}

// Empty where the zone's file has loaded.
const std::string& errorOf(const Zone& zone, std::string_view view, const ZoneErrors& errors) {
  static const std::string none;
  if (errors.empty()) return none;
  const auto found = errors.find({std::string(view), Name(zone.origin())});
  return found == errors.end() ? none : found->second;
}

// Zones lie all over the memory: the waits for those to come overlap.
void prefetch(std::span<const std::shared_ptr<const Zone>> zones, std::size_t at) {
  constexpr std::size_t forObject = 16;
  constexpr std::size_t forOrigin = 8;
  if (at + forObject < zones.size()) zones[at + forObject]->prefetch();
  if (at + forOrigin < zones.size()) __builtin_prefetch(zones[at + forOrigin]->origin().data());
}

// An argument of a client, which may be any text: a name as it is, and everything else in quotes.
std::string inLog(const std::string& argument) {
  constexpr std::size_t longest = 255;
  const std::string shown = argument.substr(0, longest);
  const bool isWord = std::ranges::all_of(shown, [](char c) { return c > ' ' && c < '\x7f' && c != '"'; });
  return isWord && !shown.empty() ? shown : inQuotes(shown);
}

std::string_view denialOf(const Zone& zone) {
  if (zone.hasNsec3()) return "NSEC3";
  return zone.hasNsec() ? "NSEC" : "none";
}

Json detailsOf(const Zone& zone, const std::string& view, const std::string& error) {
  Json json;
  json["zone"] = zone.origin().toString();
  json["view"] = view;
  json["kind"] = "primary";
  json["state"] = zone.isLoaded() ? "loaded" : "not loaded";
  if (!error.empty()) json["error"] = error;
  if (!zone.isLoaded()) return json;
  json["serial"] = zone.serial();
  json["records"] = zone.recordCount();
  json["names"] = zone.nodeCount();
  json["octets"] = zone.memoryUse();
  json["signed"] = zone.isSigned();
  json["denial"] = denialOf(zone);
  return json;
}

// What is kept up to date, as far as it concerns the zone. Times are in seconds, from now on or until now.
void addSecondary(const SecondaryStatus& status, Json& json) {
  const auto addSeconds = [&json](const char* name, const std::optional<std::chrono::seconds>& time) {
    if (time) json[name] = time->count();
  };
  if (status.isSecondary) {
    json["kind"] = "secondary";
    if (status.hasExpired) json["state"] = "expired";
    json["primaries"] = status.primaries;
    if (!status.lastPrimary.empty()) json["last_primary"] = status.lastPrimary;
    addSeconds("checked_ago", status.checked);
    json["checking"] = status.isChecked;
    addSeconds("next_check_in", status.next);
    addSeconds("expires_in", status.expires);
    json["failures"] = status.failures;
    if (!status.file.empty()) json["file"] = status.file;
  }
  if (status.updates) json["updates"] = *status.updates;
  json["notices_pending"] = status.notices;
}

// One line for each member.
std::string inLines(const Json& json) {
  std::string text;
  for (const auto& [key, value] : json.items())
    text += fmt::format("{:<15} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(text.empty() ? "" : "\n").append(line);
  return text;
}

std::string reloadJson(const ReloadReport& report) {
  Json json;
  if (report.refused.empty()) {
    json["zones"] = report.zones.zones;
    json["loaded"] = report.zones.loaded;
    json["failed"] = report.zones.failed;
    json["missing"] = report.zones.missing;
  } else {
    json["refused"] = report.refused;
  }
  json["errors"] = report.zones.errors;
  json["warnings"] = report.warnings;
  return toLine(json);
}

std::string reloadText(const ReloadReport& report) {
  std::string text = report.refused + "\n";
  if (report.refused.empty())
    text = fmt::format("loaded {} of {} zones anew, {} failed, {} are not served\n", report.zones.loaded,
                       report.zones.zones, report.zones.failed, report.zones.missing);
  for (const std::string& warning : report.warnings) text += fmt::format("warning: {}\n", warning);
  return text;
}

// Master-file text as lines of JSON: one string for each record.
std::string recordsAsJson(std::string_view text, bool& first) {
  std::string json;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    json.append(std::exchange(first, false) ? "" : ",").append(inQuotes(text.substr(0, end))).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return json;
}

// The zone that a request names; null where there is none.
std::shared_ptr<const Zone> zoneOf(const ControlRequest& request, const Name& origin, const ZoneSet& zones) {
  const ZoneSet* const set = request.view.empty() ? &zones : zones.view(request.view);
  return set ? set->get(origin) : nullptr;
}

ControlOutcome noZone(const ControlRequest& request, const Name& origin) {
  return failure(fmt::format("there is no zone {}{}{}", origin, request.view.empty() ? "" : " of view ", request.view));
}

class Abandoned : public std::exception {};

void dump(const Zone& zone, bool json, PieceQueue& queue) {
  bool first = true;
  const auto put = [&](std::string piece) {
    if (!queue.put(std::move(piece))) throw Abandoned();
  };
  if (json) put(fmt::format("{{\"zone\":{},\"records\":[\n", inQuotes(zone.origin().toString())));
  writeZone(zone, [&](std::string_view text) { put(json ? recordsAsJson(text, first) : std::string(text)); });
  if (json) put("]}\n");
}

void compare(ManagedServer& server, bool json, PieceQueue& queue) {
  const ConfigurationChanges changes = server.compareConfiguration();
  queue.put(json ? changesJson(changes) : changesText(changes));
  if (!changes.errors.empty()) throw std::runtime_error(joined(changes.errors));
}

Reread rereadOf(const ControlRequest& request) {
  return request.force ? Reread::all : Reread::changed;
}

std::optional<log::Level> levelOf(std::string_view word) {
  constexpr std::pair<std::string_view, log::Level> levels[] = {{"error", log::Level::error},
                                                                {"warning", log::Level::warning},
                                                                {"info", log::Level::info},
                                                                {"debug", log::Level::debug}};
  const auto* const found = std::ranges::find(levels, word, &std::pair<std::string_view, log::Level>::first);
  if (found == std::end(levels)) return std::nullopt;
  return found->second;
}

std::string shownAs(const std::vector<ShownAnswer>& answers, bool json) {
  if (json) {
    Json list = Json::array();
    for (const ShownAnswer& answer : answers) {
      Json entry;
      entry["shard"] = answer.shard;
      entry["view"] = answer.view;
      entry["key"] = answer.key;
      entry["rcode"] = answer.rcode;
      entry["seconds"] = answer.seconds;
      entry["records"] = answer.records;
      list.push_back(std::move(entry));
    }
    Json object;
    object["answers"] = std::move(list);
    return toLine(object);
  }
  std::string text;
  for (const ShownAnswer& answer : answers)
    text += fmt::format("; {}{}, thread {}{}{}\n{}", answer.key,
                        answer.rcode.empty() ? "" : fmt::format(" {}, for {} s", answer.rcode, answer.seconds),
                        answer.shard, answer.view.empty() ? "" : ", view ", answer.view, answer.records);
  return text.empty() ? "; nothing is kept of this name\n" : text;
}

}  // namespace

std::span<const ControlVerbs::Verb> ControlVerbs::verbs() {
  static constexpr Verb table[] = {
      {"status", 0, &ControlVerbs::status},
      {"stats", 0, &ControlVerbs::statistics},
      {"stop", 0, &ControlVerbs::stop, true},
      {"drain", 0, &ControlVerbs::drain, true},
      {"reload", 0, &ControlVerbs::reload, true},
      {"reload config", 0, &ControlVerbs::reloadConfiguration, true},
      {"reload zones", 0, &ControlVerbs::reloadZones, true},
      {"zone list", 0, &ControlVerbs::listZones},
      {"zone status", 1, &ControlVerbs::zoneStatus},
      {"zone reload", 1, &ControlVerbs::reloadZone, true},
      {"zone refresh", 1, &ControlVerbs::refreshZone, true},
      {"zone retransfer", 1, &ControlVerbs::retransferZone, true},
      {"zone notify", 1, &ControlVerbs::notifyZone, true},
      {"zone flush", 1, &ControlVerbs::flushZone, true},
      {"zone add", 1, &ControlVerbs::addZone, true},
      {"zone remove", 1, &ControlVerbs::removeZone, true},
      {"zone dump", 1, &ControlVerbs::dumpZone},
      {"cache flush", 0, &ControlVerbs::flushCache, true},
      {"cache flush", 1, &ControlVerbs::flushCache, true},
      {"cache show", 1, &ControlVerbs::showCache},
      {"nta add", 1, &ControlVerbs::addNegativeTrustAnchor, true},
      {"nta remove", 1, &ControlVerbs::removeNegativeTrustAnchor, true},
      {"nta list", 0, &ControlVerbs::listNegativeTrustAnchors},
      {"infra show", 0, &ControlVerbs::showServers},
      {"infra flush", 0, &ControlVerbs::flushServers, true},
      {"trace", 1, &ControlVerbs::trace},
      {"handlers", 0, &ControlVerbs::listHandlers},
      {"log level", 1, &ControlVerbs::setLogLevel, true},
      {"log queries", 1, &ControlVerbs::switchQueryLog, true},
      {"config show", 0, &ControlVerbs::showConfiguration},
      {"config diff", 0, &ControlVerbs::compareConfiguration},
      {"upgrade", 0, &ControlVerbs::upgrade, true},
      {"watch", 0, &ControlVerbs::watch},
      {"tail", 0, &ControlVerbs::tail},
      {"tail", 1, &ControlVerbs::tail},
  };
  return table;
}

// The verb whose words the command begins with, and which takes as many arguments as the command has.
const ControlVerbs::Verb* ControlVerbs::find(const ControlRequest& request) {
  for (const Verb& verb : verbs()) {
    if (verb.arguments >= request.command.size()) continue;
    std::string words;
    for (std::size_t i = 0; i < request.command.size() - verb.arguments; ++i)
      words.append(words.empty() ? "" : " ").append(request.command[i]);
    if (words == verb.words) return &verb;
  }
  return nullptr;
}

std::string ControlVerbs::changeOf(const ControlRequest& request) {
  const Verb* const verb = find(request);
  if (!verb || !verb->changes) return {};
  std::string change(verb->words);
  if (verb->arguments > 0) change += ' ' + inLog(request.command.back());
  if (request.tree) change += " --tree";
  if (request.off) change += " --off";
  if (request.force) change += " --force";
  if (!request.type.empty()) change += " --type " + inLog(request.type);
  if (!request.settings.empty()) change += " --template " + inLog(request.settings);
  if (!request.catalog.empty()) change += " --catalog " + inLog(request.catalog);
  const std::string_view lasts = verb->words == "upgrade" ? "timeout" : "for";
  if (request.duration) change += fmt::format(" --{} {}s", lasts, request.duration->count());
  return change;
}

Task<ControlOutcome> ControlVerbs::run(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const Verb* const verb = find(request);
  if (!verb) return Task<ControlOutcome>::ready(wrongUsage("there is no such command"));
  return (this->*verb->function)(request, output, stop);
}

// Those who watch hear of it first: the rest may fail for want of memory, and is tried again a second later.
void ControlVerbs::tick() {
  tick_.set();
  tick_.reset();
  if (restoreLevel_ && shard_.now() >= *restoreLevel_) {
    log::setLevel(levelBefore_);
    restoreLevel_.reset();
  }
  if (restoreQueryLog_ && shard_.now() >= *restoreQueryLog_) {
    server_.switchQueryLog(QueryLogSwitch::configured);
    restoreQueryLog_.reset();
  }
}

Task<ControlOutcome> ControlVerbs::status(const ControlRequest& request, ControlOutput& output, StopToken) {
  const std::string text = request.json ? status_.json() + "\n" : status_.text();
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::statistics(const ControlRequest& request, ControlOutput& output, StopToken) {
  const ServerStatistics statistics = server_.snapshot().statistics;
  const std::string text = request.json ? statisticsJson(statistics) + "\n" : statisticsText(statistics);
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::stop(const ControlRequest& request, ControlOutput& output, StopToken) {
  server_.stop();
  return say(R"({"stopping":true})", request, output);
}

Task<ControlOutcome> ControlVerbs::drain(const ControlRequest& request, ControlOutput& output, StopToken) {
  server_.drain(!request.off);
  return say(request.off ? R"({"draining":false})" : R"({"draining":true})", request, output);
}

// Says what was done to programs; a person sees that nothing went wrong.
Task<ControlOutcome> ControlVerbs::say(std::string json, const ControlRequest& request, ControlOutput& output) {
  if (!request.json) co_return ControlOutcome();
  json += "\n";
  co_await output.write(json);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::reload(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  return reload({ReloadOrder::What::all, rereadOf(request)}, request.json, output, stop);
}

Task<ControlOutcome> ControlVerbs::reloadConfiguration(const ControlRequest& request, ControlOutput& output,
                                                       StopToken stop) {
  if (request.force) return Task<ControlOutcome>::ready(wrongUsage("--force goes with reload and reload zones"));
  return reload({ReloadOrder::What::configuration}, request.json, output, stop);
}

Task<ControlOutcome> ControlVerbs::reloadZones(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  return reload({ReloadOrder::What::zones, rereadOf(request)}, request.json, output, stop);
}

Task<ControlOutcome> ControlVerbs::reload(const ReloadOrder& order, bool json, ControlOutput& output, StopToken stop) {
  auto reload = Reload::make(shard_);
  server_.reload(order, [reload](const ReloadReport& report) { reload->set(report); });
  return reportReload(std::move(reload), json, output, stop);
}

Task<ControlOutcome> ControlVerbs::reloadZone(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const std::string& text = request.command.back();
  const auto origin = Name::parse(text);
  if (!origin) return Task<ControlOutcome>::ready(noName(text));
  if (!zoneOf(request, *origin, *server_.snapshot().zones))
    return Task<ControlOutcome>::ready(noZone(request, *origin));
  auto reload = Reload::make(shard_);
  server_.reloadZone(*origin, request.view, [reload](const ReloadReport& report) { reload->set(report); });
  return reportReload(std::move(reload), request.json, output, stop);
}

Task<ControlOutcome> ControlVerbs::reportReload(std::shared_ptr<Reload> reload, bool json, ControlOutput& output,
                                                StopToken stop) {
  const bool came = co_await reload->wait(stop);
  if (!came) co_return cutShort();
  const ReloadReport& report = reload->value();
  const std::string text = json ? reloadJson(report) : reloadText(report);
  co_await output.write(text);
  if (report.refused.empty() && report.zones.failed == 0 && report.zones.errors.empty()) co_return ControlOutcome();
  co_return failure(joined(report.zones.errors));
}

Task<ControlOutcome> ControlVerbs::listZones(const ControlRequest& request, ControlOutput& output, StopToken) {
  const ManagementSnapshot snapshot = server_.snapshot();
  const std::shared_ptr<const ZoneSet>& all = snapshot.zones;
  std::vector<const ZoneSet*> sets{all.get()};
  for (const auto& view : all->views()) sets.push_back(view.get());
  fmt::memory_buffer text;
  if (request.json) append(text, R"({"zones":[)");
  bool first = true;
  for (const ZoneSet* const set : sets) {
    const auto zones = set->zones();
    for (std::size_t i = 0; i < zones.size(); ++i) {
      prefetch(zones, i);
      const std::string& error = errorOf(*zones[i], set->viewName(), *snapshot.zoneErrors);
      const InCatalogs in(zones[i]->origin(), set->viewName(), *snapshot.catalogs);
      if (request.json) {
        append(text, std::exchange(first, false) ? "\n" : ",\n");
        appendZoneAsJson(*zones[i], set->viewName(), error, in, text);
      } else {
        appendZoneAsText(*zones[i], set->viewName(), error, in, text);
      }
      if (text.size() < replyPieceSize) continue;
      const std::string_view piece(text.data(), text.size());
      const bool wanted = co_await output.write(piece);
      if (!wanted) co_return ControlOutcome();
      text.clear();
    }
  }
  if (request.json) append(text, "\n]}\n");
  const std::string_view rest(text.data(), text.size());
  co_await output.write(rest);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::listHandlers(const ControlRequest& request, ControlOutput& output, StopToken) {
  const std::vector<HandlerStatus> handlers = server_.snapshot().handlers;
  const std::string text = request.json ? handlersJson(handlers) : handlersText(handlers);
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::zoneStatus(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const auto origin = Name::parse(request.command.back());
  if (!origin) co_return noName(request.command.back());
  const ManagementSnapshot snapshot = server_.snapshot();
  const auto zone = zoneOf(request, *origin, *snapshot.zones);
  if (!zone) co_return noZone(request, *origin);
  Json details = detailsOf(*zone, request.view, errorOf(*zone, request.view, *snapshot.zoneErrors));
  if (request.view.empty()) {
    const auto described = Posted<std::optional<SecondaryStatus>>::make(shard_);
    server_.describeZone(*origin,
                         [described](std::optional<SecondaryStatus> status) { described->set(std::move(status)); });
    const bool came = co_await described->wait(stop);
    if (!came) co_return cutShort();
    if (described->value()) addSecondary(*described->value(), details);
  }
  addCatalogs(InCatalogs(zone->origin(), request.view, *snapshot.catalogs), details);
  const std::string text = request.json ? toLine(details) : inLines(details);
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::refreshZone(const ControlRequest& request, ControlOutput& output, StopToken) {
  return checkZone(request, false, output);
}

Task<ControlOutcome> ControlVerbs::retransferZone(const ControlRequest& request, ControlOutput& output, StopToken) {
  return checkZone(request, true, output);
}

// Of what a server that starts does not know yet.
ControlOutcome ControlVerbs::unlessStarting(ControlOutcome outcome) const {
  return server_.snapshot().readiness == Readiness::starting ? tooEarly() : outcome;
}

// That it begins is all that is waited for; `zone status` has what came of it.
Task<ControlOutcome> ControlVerbs::checkZone(const ControlRequest& request, bool whole, ControlOutput& output) {
  const auto origin = Name::parse(request.command.back());
  if (!origin) return Task<ControlOutcome>::ready(noName(request.command.back()));
  if (!server_.snapshot().zones->get(*origin)) return Task<ControlOutcome>::ready(noZone(request, *origin));
  if (!server_.refreshZone(*origin, whole))
    return Task<ControlOutcome>::ready(
        unlessStarting(failure(fmt::format("zone {} has no primaries: it is no secondary", *origin))));
  return say(R"({"begun":true})", request, output);
}

Task<ControlOutcome> ControlVerbs::notifyZone(const ControlRequest& request, ControlOutput& output, StopToken) {
  const auto origin = Name::parse(request.command.back());
  if (!origin) return Task<ControlOutcome>::ready(noName(request.command.back()));
  if (!server_.snapshot().zones->get(*origin)) return Task<ControlOutcome>::ready(noZone(request, *origin));
  if (!server_.notifyZone(*origin))
    return Task<ControlOutcome>::ready(unlessStarting(
        failure(fmt::format("zone {} is not loaded, or the configuration names nobody who is told of it", *origin))));
  return say(R"({"begun":true})", request, output);
}

Task<ControlOutcome> ControlVerbs::flushZone(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const auto origin = Name::parse(request.command.back());
  if (!origin) co_return noName(request.command.back());
  if (!server_.snapshot().zones->get(*origin)) co_return noZone(request, *origin);
  const auto written = Posted<std::string>::make(shard_);
  const bool begun = server_.flushZone(*origin, [written](std::string error) { written->set(std::move(error)); });
  if (!begun)
    co_return unlessStarting(
        failure(fmt::format("zone {} is not loaded, or is neither a secondary nor takes updates", *origin)));
  const bool came = co_await written->wait(stop);
  if (!came) co_return cutShort();
  if (!written->value().empty()) co_return failure(std::move(written->value()));
  std::string json = R"({"written":true})";
  ControlOutcome outcome = co_await say(std::move(json), request, output);
  co_return outcome;
}

Task<ControlOutcome> ControlVerbs::addZone(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const std::string& text = request.command.back();
  if (!Name::parse(text)) return Task<ControlOutcome>::ready(noName(text));
  if (!request.catalog.empty() && !Name::parse(request.catalog))
    return Task<ControlOutcome>::ready(noName(request.catalog));
  auto changed = Posted<std::string>::make(shard_);
  server_.addZone({Name(text).toString(), request.settings, request.catalog},
                  [changed](std::string error) { changed->set(std::move(error)); });
  return reportChange(std::move(changed), R"({"added":true})", request, output, stop);
}

Task<ControlOutcome> ControlVerbs::removeZone(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const auto origin = Name::parse(request.command.back());
  if (!origin) return Task<ControlOutcome>::ready(noName(request.command.back()));
  auto changed = Posted<std::string>::make(shard_);
  server_.removeZone(*origin, [changed](std::string error) { changed->set(std::move(error)); });
  return reportChange(std::move(changed), R"({"removed":true})", request, output, stop);
}

Task<ControlOutcome> ControlVerbs::reportChange(std::shared_ptr<Posted<std::string>> changed, std::string json,
                                                const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const bool came = co_await changed->wait(stop);
  if (!came) co_return cutShort();
  if (!changed->value().empty()) co_return failure(std::move(changed->value()));
  ControlOutcome outcome = co_await say(std::move(json), request, output);
  co_return outcome;
}

Task<ControlOutcome> ControlVerbs::dumpZone(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const auto origin = Name::parse(request.command.back());
  if (!origin) co_return noName(request.command.back());
  const auto zone = zoneOf(request, *origin, *server_.snapshot().zones);
  if (!zone) co_return noZone(request, *origin);
  if (!zone->isLoaded()) co_return failure(fmt::format("zone {} is not loaded", *origin));
  std::function<void(PieceQueue&)> make = [zone, json = request.json](PieceQueue& queue) { dump(*zone, json, queue); };
  ControlOutcome outcome = co_await sendFromThread(std::move(make), output, stop);
  co_return outcome;
}

Task<ControlOutcome> ControlVerbs::showConfiguration(const ControlRequest& request, ControlOutput& output, StopToken) {
  const std::vector<ShownValue> values = server_.configuration();
  const std::string text = request.json ? valuesJson(values) : valuesText(values);
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::compareConfiguration(const ControlRequest& request, ControlOutput& output,
                                                        StopToken stop) {
  return sendFromThread([this, json = request.json](PieceQueue& queue) { compare(server_, json, queue); }, output,
                        stop);
}

// For what waits for files, or for the client.
Task<ControlOutcome> ControlVerbs::sendFromThread(std::function<void(PieceQueue&)> make, ControlOutput& output,
                                                  StopToken stop) {
  const auto queue = PieceQueue::make(shard_);
  const PieceQueue::Reader reader(queue);
  const bool started = jobs_.start([queue, make = std::move(make)] { queue->fill(make); });
  if (!started) co_return failure("too much is being sent already; try again when some of it has ended");
  while (auto piece = co_await queue->next(stop)) {
    const bool wanted = co_await output.write(*piece);
    if (!wanted) co_return ControlOutcome();
  }
  if (stop.stopRequested()) co_return cutShort();
  std::string error = queue->error();
  if (!error.empty()) co_return failure(std::move(error));
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::flushCache(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const bool all = request.command.size() == 2;
  const auto name = all ? std::optional(Name()) : Name::parse(request.command.back());
  if (!name) co_return noName(request.command.back());
  const auto type = typeFromText(request.type);
  if (!request.type.empty() && !type)
    co_return wrongUsage(fmt::format("'{}' is not a type; expected one such as AAAA", request.type));
  if (type && (all || request.tree)) co_return wrongUsage("--type goes with a name, and not with --tree");
  if (!server_.hasCache()) co_return failure("the server has no cache");
  if (type && !server_.hasRecursor()) co_return failure("the cache forgets all types of a name; leave --type out");
  const auto count = Posted<std::size_t>::make(shard_);
  const std::function<void(std::size_t)> done = [count](std::size_t flushed) { count->set(flushed); };
  if (type)
    server_.flushCache(*name, *type, done);
  else
    server_.flushCache(*name, request.tree || all, done);
  const bool came = co_await count->wait(stop);
  if (!came) co_return cutShort();
  const std::string text = request.json ? fmt::format("{{\"flushed\":{}}}\n", count->value())
                                        : fmt::format("{} answers forgotten\n", count->value());
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::showCache(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const auto name = Name::parse(request.command.back());
  if (!name) co_return noName(request.command.back());
  if (!server_.hasCache()) co_return failure("the server has no cache");
  const auto answers = Posted<std::vector<ShownAnswer>>::make(shard_);
  server_.showCache(*name, [answers](std::vector<ShownAnswer> shown) { answers->set(std::move(shown)); });
  const bool came = co_await answers->wait(stop);
  if (!came) co_return cutShort();
  const std::string text = shownAs(answers->value(), request.json);
  co_await output.write(text);
  co_return ControlOutcome();
}

Task<ControlOutcome> ControlVerbs::setLogLevel(const ControlRequest& request, ControlOutput& output, StopToken) {
  const auto level = levelOf(request.command.back());
  if (!level) return Task<ControlOutcome>::ready(wrongUsage("expected error, warning, info or debug"));
  if (!restoreLevel_) levelBefore_ = log::level();
  restoreLevel_.reset();
  if (request.duration) restoreLevel_ = shard_.now() + *request.duration;
  log::setLevel(*level);
  Json json;
  json["level"] = request.command.back();
  if (request.duration) json["seconds"] = request.duration->count();
  return say(toText(json), request, output);
}

// That a client has left is noticed when the next second is written.
Task<ControlOutcome> ControlVerbs::watch(const ControlRequest& request, ControlOutput& output, StopToken stop) {
  const auto place = watchers_.tryAcquire();
  if (!place) co_return failure("too many watch the server; try again when one of them has ended");
  for (;;) {
    const std::shared_ptr<const std::string> json = status_.lastJson();
    const bool wanted = co_await output.write(*json);
    if (request.once && *json != StatusTexts::nothingYet) co_return ControlOutcome();
    if (!wanted) co_return ControlOutcome();
    const bool goesOn = co_await tick_.wait(stop);
    if (!goesOn) co_return cutShort();
  }
}

}  // namespace taut

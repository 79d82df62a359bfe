#include "live_page.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "page_html.hpp"
#include "status_json.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/type.hpp"

namespace taut {

namespace {

using Json = nlohmann::ordered_json;
using Texts = std::vector<std::pair<std::string_view, std::string>>;

// The template with the text for each name in place of `<!--name-->`.
std::string filled(std::string_view page, const Texts& texts) {
  constexpr std::string_view begin = "<!--";
  constexpr std::string_view end = "-->";
  std::string result;
  result.reserve(2 * page.size());
  for (std::size_t at = page.find(begin); at != std::string_view::npos; at = page.find(begin)) {
    result += page.substr(0, at);
    page.remove_prefix(at + begin.size());
    const std::size_t close = page.find(end);
    const auto found = std::ranges::find(texts, page.substr(0, close), &Texts::value_type::first);
    if (found != texts.end()) result += found->second;
    page.remove_prefix(close + end.size());
  }
  return result.append(page);
}

// JSON as the text of a script element, which the sequence "</" would end.
std::string escapedForScript(std::string json) {
  for (std::size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at + 1))
    json.replace(at, 1, "\\u003c");
  return json;
}

std::string textOf(const Json& value) {
  return escapedForHtml(value.is_string() ? value.get<std::string>() : value.dump());
}

std::string row(std::string_view name, std::string_view value) {
  return fmt::format("<tr><td class=\"name\">{}<td class=\"n\">{}", name, value);
}

// A row for each member.
std::string rowsOf(const Json& object, std::string_view none) {
  std::string rows;
  for (const auto& [name, value] : object.items())
    if (!value.is_structured()) rows += row(escapedForHtml(name), textOf(value));
  return rows.empty() ? fmt::format("<tr><td class=\"none\">{}", none) : rows;
}

std::string zoneRows(const ZoneSummary& zones) {
  std::string rows;
  for (const auto& [zone, view] : zones.shown) {
    const std::string name = escapedForHtml(zone->origin().toString() + (view.empty() ? "" : " of view " + view));
    if (zone->isLoaded())
      rows += fmt::format("<tr><td class=\"name\">{}<td class=\"ok\">loaded<td class=\"n\">{}<td class=\"n\">{}", name,
                          zone->serial(), zone->recordCount());
    else
      rows +=
          fmt::format("<tr><td class=\"name\">{}<td class=\"bad\">not loaded<td class=\"n\">–<td class=\"n\">–", name);
  }
  if (zones.total > zones.shown.size())
    rows += fmt::format("<tr><td class=\"none\">and {} more", zones.total - zones.shown.size());
  return rows.empty() ? "<tr><td class=\"none\">no zones are served" : rows;
}

std::string shareOf(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "–";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string durationText(std::uint64_t microseconds) {
  if (microseconds == 0) return "–";
  if (microseconds < 1000) return fmt::format("{} µs", microseconds);
  return fmt::format("{} ms", static_cast<double>(microseconds) / 1000);
}

// A row for each of those that are asked most, with its share of all questions.
template <typename Key, typename Text>
std::string topRows(const std::vector<Counted<Key>>& list, std::uint64_t all, Text textOf) {
  std::string rows;
  for (const Counted<Key>& counted : list)
    rows += row(escapedForHtml(textOf(counted.key)), shareOf(counted.atLeast(), all));
  return rows.empty() ? "<tr><td class=\"none\">nothing is asked at the moment" : rows;
}

void addTop(Texts& texts, const TopLists& top) {
  texts.emplace_back("names", topRows(top.names, top.queries, [](const Name& name) { return name.toString(); }));
  texts.emplace_back("clients",
                     topRows(top.clients, top.queries, [](const TopClient& client) { return client.toString(); }));
  texts.emplace_back("typesnow", topRows(top.types, top.queries, [](Type type) { return toString(type); }));
}

void addTiles(Texts& texts, const HistorySample& sample) {
  std::uint64_t replies = 0;
  for (const std::uint64_t count : sample.replies) replies += count;
  constexpr std::size_t servfail = 2;
  texts.emplace_back("questions", std::to_string(sample.questions));
  texts.emplace_back("p99", durationText(sample.p99));
  texts.emplace_back("errors", shareOf(sample.replies[servfail], replies));
  texts.emplace_back("hits", shareOf(sample.cacheHits, sample.cacheHits + sample.cacheMisses));
}

}  // namespace

std::string escapedForHtml(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

std::string livePage(const ManagementSnapshot& snapshot, const ZoneSummary& zones, const History& history) {
  const std::string status = statusJson(snapshot, zones);
  const Json statistics = Json::parse(statisticsJson(snapshot.statistics));
  const std::size_t threads = snapshot.statistics.shards;
  Texts texts;
  texts.emplace_back("version", escapedForHtml(snapshot.version));
  texts.emplace_back("state", std::string(toWord(snapshot.readiness)));
  texts.emplace_back(
      "about", fmt::format("up {} s · {} {}", snapshot.uptime.count(), threads, threads == 1 ? "thread" : "threads"));
  texts.emplace_back("connections", std::to_string(snapshot.statistics.connections));
  texts.emplace_back("zonecount", fmt::format("{} of {}", zones.loaded, zones.total));
  texts.emplace_back("zones", zoneRows(zones));
  addTop(texts, snapshot.top);
  texts.emplace_back("totals", rowsOf(statistics, ""));
  texts.emplace_back("types", rowsOf(statistics["types"], "no question yet"));
  texts.emplace_back("rcodes", rowsOf(statistics["rcodes"], "no reply yet"));
  texts.emplace_back("limits", rowsOf(statistics["limits"], "nothing so far"));
  texts.emplace_back("data", escapedForScript(fmt::format("{{\"status\":{},\"history\":{},\"second\":{}}}", status,
                                                          history.toJson(), history.second())));
  addTiles(texts, history.samples().empty() ? HistorySample() : history.samples().back());
  return filled(pageHtml, texts);
}

}  // namespace taut

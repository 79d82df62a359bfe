#include "top.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace taut::ctl {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array lists{TopList::zones, TopList::names, TopList::clients, TopList::types, TopList::forwarders};

std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  return text;
}

std::string textOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  return printable(found->is_string() ? found->get<std::string>() : found->dump());
}

std::uint64_t numberOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// What stands there, or nothing.
const Json& memberOf(const Json& object, const char* name) {
  static const Json nothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() ? *found : nothing;
}

// The numbers of one second, in the order of `HistorySample::toJson`.
void addSecond(const Json& second, std::string& screen) {
  constexpr std::string_view names[] = {"questions/s", "NOERROR", "NXDOMAIN", "SERVFAIL",     "REFUSED", "other",
                                        "dropped",     "hits",    "misses",   "rate limited", "half us", "99 % us"};
  if (!second.is_array()) return;
  std::size_t number = 0;
  for (const Json& value : second) {
    if (number == std::size(names) || !value.is_number_unsigned()) return;
    screen += fmt::format("{:<12} {:>9}{}", names[number], value.get<std::uint64_t>(), number % 3 == 2 ? "\n" : "   ");
    ++number;
  }
}

std::string headOf(const Json& status) {
  std::string head = fmt::format("taut {}  {}  up {} s\n", textOf(status, "version"), textOf(status, "state"),
                                 textOf(status, "uptime"));
  addSecond(memberOf(status, "second"), head);
  return head + "\n";
}

std::string zoneLine(const Json& zone) {
  return fmt::format("  {:<40} {:<10} {:>10} {:>8} {}\n", textOf(zone, "zone"), textOf(zone, "state"),
                     textOf(zone, "serial"), textOf(zone, "records"), textOf(zone, "view"));
}

std::string forwarderLine(const Json& server) {
  return fmt::format("  {:<40} {:<10} {:>10} {:>8} time-outs\n", textOf(server, "server"),
                     memberOf(server, "healthy") == Json(false) ? "silent" : "healthy", textOf(server, "requests"),
                     textOf(server, "timeouts"));
}

// One of those that are asked most, with its share of all questions.
std::string shareLine(const Json& asked, const char* what, std::uint64_t all) {
  const double share =
      all == 0 ? 0 : 100.0 * static_cast<double>(numberOf(asked, "questions")) / static_cast<double>(all);
  return fmt::format("  {:>5.1f} %  {}\n", share, textOf(asked, what));
}

template <typename Line>
std::string listed(std::string title, const Json& list, std::size_t rows, Line lineOf) {
  std::string text = std::move(title) + "\n";
  if (!list.is_array() || list.empty()) return text + "  none\n";
  for (std::size_t i = 0; i < std::min(rows, list.size()); ++i)
    if (list[i].is_object()) text += lineOf(list[i]);
  return text;
}

std::string askedMost(const Json& status, const char* list, const char* what, std::size_t rows) {
  const Json& top = memberOf(status, "top");
  const std::uint64_t all = top.is_object() ? numberOf(top, "questions") : 0;
  return listed(fmt::format("{} of the last minutes, by a sample", list), memberOf(top, list), rows,
                [&](const Json& asked) { return shareLine(asked, what, all); });
}

std::string sectionOf(const Json& status, TopList list, std::size_t rows) {
  const Json& zones = memberOf(status, "zones");
  switch (list) {
    case TopList::zones:
      if (!zones.is_object()) return {};
      return listed(fmt::format("zones: {} of {} loaded", textOf(zones, "loaded"), textOf(zones, "total")),
                    memberOf(zones, "shown"), rows, zoneLine);
    case TopList::names:
      return askedMost(status, "names", "name", rows);
    case TopList::clients:
      return askedMost(status, "clients", "client", rows);
    case TopList::types:
      return askedMost(status, "types", "type", rows);
    case TopList::forwarders:
      return listed("servers that are asked", memberOf(memberOf(status, "statistics"), "upstreams"), rows,
                    forwarderLine);
  }
  return {};
}

// What does not fit in a line is cut off.
std::string cut(std::string_view text, std::size_t columns) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    result.append(text.substr(0, std::min(end, columns))).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

Json statusOf(std::string_view json) {
  Json status = Json::parse(json, nullptr, false);
  return status.is_object() ? status : Json::object();
}

}  // namespace

std::optional<TopList> listOf(char key) {
  constexpr std::string_view keys = "znctf";
  const std::size_t found = keys.find(key);
  return found != std::string_view::npos ? std::optional(lists[found]) : std::nullopt;
}

std::string screenOf(std::string_view json, TopList list, ScreenSize size) {
  constexpr std::size_t otherRows = 9;
  const Json status = statusOf(json);
  if (status.empty()) return {};
  const std::size_t rows = size.rows > otherRows ? size.rows - otherRows : 1;
  return cut(headOf(status) + sectionOf(status, list, rows), size.columns) +
         cut("z zones  n names  c clients  t types  f forwarders  q quit", size.columns);
}

std::string reportOf(std::string_view json) {
  constexpr std::size_t rows = 20;
  const Json status = statusOf(json);
  if (status.empty()) return {};
  std::string report = headOf(status);
  for (const TopList list : lists) report += sectionOf(status, list, rows) + "\n";
  return report;
}

}  // namespace taut::ctl

#include "top.hpp"

#include <cstdint>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace taut::ctl {

namespace {

using Json = nlohmann::ordered_json;

std::string textOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// The numbers of one second, in the order of `HistorySample::toJson`.
void addSecond(const Json& second, std::string& screen) {
  constexpr std::string_view names[] = {"questions/s", "NOERROR", "NXDOMAIN", "SERVFAIL",     "REFUSED", "other",
                                        "dropped",     "hits",    "misses",   "rate limited", "half µs", "99 % µs"};
  std::size_t number = 0;
  for (const Json& value : second) {
    if (number == std::size(names) || !value.is_number_unsigned()) return;
    screen += fmt::format("{:<12} {:>9}{}", names[number], value.get<std::uint64_t>(), number % 3 == 2 ? "\n" : "   ");
    ++number;
  }
}

void addZones(const Json& zones, std::size_t rows, std::string& screen) {
  screen += fmt::format("\nzones: {} of {} loaded\n", textOf(zones, "loaded"), textOf(zones, "total"));
  const auto shown = zones.find("shown");
  if (shown == zones.end() || !shown->is_array()) return;
  for (const Json& zone : *shown) {
    if (rows == 0) return;
    --rows;
    screen += fmt::format("  {:<40} {:<10} {:>10} {:>8}\n", textOf(zone, "zone"), textOf(zone, "state"),
                          textOf(zone, "serial"), textOf(zone, "records"));
  }
}

}  // namespace

std::string screenOf(std::string_view json, std::size_t rows) {
  constexpr std::size_t head = 9;
  const Json status = Json::parse(json, nullptr, false);
  if (!status.is_object() || status.empty()) return {};
  std::string screen = fmt::format("taut {}  {}  up {} s\n", textOf(status, "version"), textOf(status, "state"),
                                   textOf(status, "uptime"));
  if (const auto second = status.find("second"); second != status.end() && second->is_array())
    addSecond(*second, screen);
  if (const auto zones = status.find("zones"); zones != status.end() && zones->is_object())
    addZones(*zones, rows > head ? rows - head : 0, screen);
  return screen;
}

}  // namespace taut::ctl

#include "handler_status.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "json_text.hpp"
#include "taut/base/histogram.hpp"

namespace taut {

namespace {

// In microseconds, what this share of the questions took at most: the upper bound of a range. Nothing where there was
// no question, or where it is longer than all bounds.
std::optional<std::uint64_t> atMost(const DurationHistogram& durations, double share) {
  const auto shorter = static_cast<double>(durations.total()) * share;
  std::uint64_t counted = 0;
  for (std::size_t i = 0; i < durationBounds.size(); ++i) {
    counted += durations.counts[i];
    if (counted == 0 || static_cast<double>(counted) < shorter) continue;
    const auto bound = std::chrono::duration_cast<std::chrono::microseconds>(durationBounds[i]);
    return static_cast<std::uint64_t>(bound.count());
  }
  return std::nullopt;
}

double meanOf(const DurationHistogram& durations) {
  constexpr double microseconds = 1e6;
  const std::uint64_t total = durations.total();
  return total == 0 ? 0 : durations.sum * microseconds / static_cast<double>(total);
}

Json toJson(const HandlerStatus& handler) {
  Json json{{"handler", handler.name},
            {"library", handler.library},
            {"place", toWord(handler.place)},
            {"suffixes", handler.suffixes},
            {"answered", handler.answered},
            {"passed_on", handler.passedOn},
            {"failed", handler.failed},
            {"waiting", handler.waiting},
            {"mean_us", meanOf(handler.durations)},
            {"p50_us", nullptr},
            {"p99_us", nullptr}};
  if (const auto median = atMost(handler.durations, 0.5)) json["p50_us"] = *median;
  if (const auto most = atMost(handler.durations, 0.99)) json["p99_us"] = *most;
  return json;
}

std::string shareText(const DurationHistogram& durations, double share) {
  if (durations.total() == 0) return "-";
  const auto bound = atMost(durations, share);
  return bound ? fmt::format("<= {} us", *bound) : std::string("> 2.5 s");
}

}  // namespace

std::string_view toWord(HandlerPlace place) {
  return place == HandlerPlace::beforeZones ? "before-zones" : "after-zones";
}

std::string handlersJson(const std::vector<HandlerStatus>& handlers) {
  Json list = Json::array();
  for (const HandlerStatus& handler : handlers) list.push_back(toJson(handler));
  Json json;
  json["handlers"] = std::move(list);
  return toLine(json);
}

std::string handlersText(const std::vector<HandlerStatus>& handlers) {
  if (handlers.empty()) return "no handler is loaded\n";
  std::string text;
  for (const HandlerStatus& handler : handlers) {
    const std::string names =
        handler.suffixes.empty() ? "every name" : fmt::format("{}", fmt::join(handler.suffixes, " "));
    text += fmt::format("{}  {}  {}  {}\n", handler.name, toWord(handler.place), names, handler.library);
    text += fmt::format("  {} answered, {} passed on, {} failed, {} waiting; mean {:.1f} us, p50 {}, p99 {}\n",
                        handler.answered, handler.passedOn, handler.failed, handler.waiting, meanOf(handler.durations),
                        shareText(handler.durations, 0.5), shareText(handler.durations, 0.99));
  }
  return text;
}

}  // namespace taut

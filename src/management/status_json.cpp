#include "status_json.hpp"

#include <string_view>

#include <nlohmann/json.hpp>

namespace taut {

namespace {

using Json = nlohmann::ordered_json;

Json toJson(const Zone& zone) {
  Json json{{"zone", zone.origin().toString()}, {"state", zone.isLoaded() ? "loaded" : "not loaded"}};
  if (!zone.isLoaded()) return json;
  json["serial"] = zone.serial();
  json["records"] = zone.recordCount();
  json["signed"] = zone.isSigned();
  return json;
}

Json toJson(const ZoneSummary& summary) {
  Json shown = Json::array();
  for (const auto& zone : summary.shown) shown.push_back(toJson(*zone));
  return {{"total", summary.total}, {"loaded", summary.loaded}, {"shown", std::move(shown)}};
}

}  // namespace

std::string_view toWord(Readiness readiness) {
  switch (readiness) {
    case Readiness::starting:
      return "starting";
    case Readiness::ready:
      return "ready";
    case Readiness::draining:
      return "draining";
  }
  return "";
}

std::string statusJson(const ManagementSnapshot& snapshot, const ZoneSummary& zones) {
  const Json json{
      {"version", snapshot.version},
      {"state", toWord(snapshot.readiness)},
      {"uptime", snapshot.uptime.count()},
      {"zones", toJson(zones)},
  };
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace taut

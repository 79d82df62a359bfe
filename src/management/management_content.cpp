#include "management_content.hpp"

#include <utility>

#include <fmt/format.h>

#include "exposition.hpp"
#include "live_page.hpp"
#include "snapshot.hpp"
#include "status_json.hpp"

namespace taut {

HttpResponse ManagementContent::get(std::string_view path) {
  if (path == "/health/ready") return ready();
  if (path == "/health/live") return live();
  if (path == "/") return page();
  HttpResponse response;
  if (path == "/metrics") {
    response.type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = exposition(server_.snapshot());
  } else if (path == "/status.json") {
    response.type = "application/json";
    response.body = json() + "\n";
  } else {
    return refusal(HttpStatus::notFound);
  }
  return response;
}

HttpResponse ManagementContent::live() {
  if (server_.isResponsive()) return HttpResponse::text(HttpStatus::ok, "alive\n");
  return HttpResponse::text(HttpStatus::unavailable, "a thread has been busy with one task for too long\n");
}

HttpResponse ManagementContent::ready() {
  switch (server_.readiness()) {
    case Readiness::ready:
      return HttpResponse::text(HttpStatus::ok, "ready\n");
    case Readiness::starting:
      return HttpResponse::text(HttpStatus::unavailable, "not ready: zones are not loaded yet\n");
    case Readiness::draining:
      break;
  }
  return HttpResponse::text(HttpStatus::unavailable, "not ready: draining\n");
}

bool ManagementContent::isDraining() {
  return server_.readiness() == Readiness::draining;
}

const ZoneSummary& ManagementContent::summary(const std::shared_ptr<const ZoneSet>& zones) {
  if (zones != summarised_) {
    summary_ = summaryOf(*zones);
    summarised_ = zones;
  }
  return summary_;
}

ManagementSnapshot ManagementContent::snapshotWithTop() {
  ManagementSnapshot snapshot = server_.snapshot();
  snapshot.top = top_;
  return snapshot;
}

std::string ManagementContent::json() {
  const ManagementSnapshot snapshot = snapshotWithTop();
  return statusJson(snapshot, summary(snapshot.zones));
}

HttpResponse ManagementContent::page() {
  const ManagementSnapshot snapshot = snapshotWithTop();
  HttpResponse response;
  response.type = "text/html; charset=utf-8";
  response.body = livePage(snapshot, summary(snapshot.zones), history_);
  return response;
}

std::string ManagementContent::text() {
  const ManagementSnapshot snapshot = server_.snapshot();
  const ZoneSummary& zones = summary(snapshot.zones);
  return fmt::format("taut {}: {}, for {} s\n{} of {} zones are loaded\n", snapshot.version, toWord(snapshot.readiness),
                     snapshot.uptime.count(), zones.loaded, zones.total);
}

// The last second stands beside the status, so that a page need not compute it. A page comes with the number of its
// last second, so that it shows none twice.
void ManagementContent::tick() {
  const ManagementSnapshot snapshot = snapshotWithTop();
  const TimePoint now = clock_.now();
  history_.add(snapshot.statistics, now - std::exchange(lastTick_, now));
  std::string json = statusJson(snapshot, summary(snapshot.zones));
  if (!history_.samples().empty()) {
    json.pop_back();
    json += ",\"second\":" + history_.samples().back().toJson() + "}";
  }
  lastJson_ = std::make_shared<const std::string>(std::move(json) + "\n");
  event_ = std::make_shared<const std::string>(fmt::format("id: {}\ndata: {}\n", history_.second(), *lastJson_));
}

}  // namespace taut

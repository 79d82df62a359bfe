#include "management_content.hpp"

#include <utility>

#include <fmt/format.h>

#include "exposition.hpp"
#include "snapshot.hpp"
#include "status_json.hpp"

namespace taut {

HttpResponse ManagementContent::get(std::string_view path) {
  if (path == "/health/ready") return ready();
  if (path == "/health/live") return HttpResponse::text(HttpStatus::ok, "alive\n");
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

HttpResponse ManagementContent::ready() {
  switch (server_.snapshot().readiness) {
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
  return server_.snapshot().readiness == Readiness::draining;
}

const ZoneSummary& ManagementContent::summary(const std::shared_ptr<const ZoneSet>& zones) {
  if (zones != summarised_) {
    summary_ = summaryOf(*zones);
    summarised_ = zones;
  }
  return summary_;
}

std::string ManagementContent::json() {
  const ManagementSnapshot snapshot = server_.snapshot();
  return statusJson(snapshot, summary(snapshot.zones));
}

std::string ManagementContent::text() {
  const ManagementSnapshot snapshot = server_.snapshot();
  const ZoneSummary& zones = summary(snapshot.zones);
  return fmt::format("taut {}: {}, for {} s\n{} of {} zones are loaded\n", snapshot.version, toWord(snapshot.readiness),
                     snapshot.uptime.count(), zones.loaded, zones.total);
}

void ManagementContent::tick() {
  lastJson_ = std::make_shared<const std::string>(json() + "\n");
  event_ = std::make_shared<const std::string>("data: " + *lastJson_ + "\n");
}

}  // namespace taut

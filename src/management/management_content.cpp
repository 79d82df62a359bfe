#include "management_content.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "exposition.hpp"
#include "live_page.hpp"
#include "piece_queue.hpp"
#include "snapshot.hpp"
#include "status_json.hpp"

namespace taut {

Task<PageResponse> ManagementContent::get(std::string_view path, StopToken stop) {
  if (path == "/metrics") return metrics(stop);
  return Task<PageResponse>::ready(getAtOnce(path));
}

PageResponse ManagementContent::getAtOnce(std::string_view path) {
  if (path == "/health/ready") return ready();
  if (path == "/health/live") return live();
  if (path == "/") return page();
  if (path != "/status.json") return refusal(HttpStatus::notFound);
  PageResponse response;
  response.type = "application/json";
  response.body = json() + "\n";
  return response;
}

// On a thread of its own: the metrics of a hundred thousand zones take a tenth of a second, in which others would wait.
// They are made by one thread at a time, and all who have asked before it begins have the same text.
Task<PageResponse> ManagementContent::metrics(StopToken stop) {
  const std::uint64_t number = ++metricsAsked_;
  const auto turn = co_await makingMetrics_.acquire(stop);
  if (!turn) co_return refusal(HttpStatus::unavailable);
  PageResponse response;
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  if (number <= metricsServe_) response.sharedBody = metrics_.lock();
  if (response.sharedBody) co_return response;
  metricsServe_ = metricsAsked_;
  const auto queue = PieceQueue::make(shard_);
  const PieceQueue::Reader reader(queue);
  std::function<void(PieceQueue&)> make = [snapshot = server_.snapshot()](PieceQueue& pieces) {
    pieces.put(exposition(snapshot));
  };
  const bool started = jobs_.start([queue, make = std::move(make)] { queue->fill(make); });
  if (!started) co_return refusal(HttpStatus::unavailable);
  auto text = co_await queue->next(stop);
  if (!text) co_return refusal(HttpStatus::unavailable);
  response.sharedBody = std::make_shared<const std::string>(std::move(*text));
  metrics_ = response.sharedBody;
  co_return response;
}

PageResponse ManagementContent::live() {
  if (server_.isResponsive()) return PageResponse::text(HttpStatus::ok, "alive\n");
  return PageResponse::text(HttpStatus::unavailable, "a thread has been busy with one task for too long\n");
}

PageResponse ManagementContent::ready() {
  switch (server_.readiness()) {
    case Readiness::ready:
      return PageResponse::text(HttpStatus::ok, "ready\n");
    case Readiness::starting:
      return PageResponse::text(HttpStatus::unavailable, "not ready: zones are not loaded yet\n");
    case Readiness::draining:
      break;
  }
  return PageResponse::text(HttpStatus::unavailable, "not ready: draining\n");
}

bool ManagementContent::isDraining() {
  return server_.readiness() == Readiness::draining;
}

const ZoneSummary& ManagementContent::summary(const std::shared_ptr<const ZoneSet>& zones) {
  const std::uint64_t replacements = zones->replacements();
  if (zones != summarised_ || replacements != summarisedReplacements_) {
    summary_ = summaryOf(*zones);
    summarised_ = zones;
    summarisedReplacements_ = replacements;
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

PageResponse ManagementContent::page() {
  const ManagementSnapshot snapshot = snapshotWithTop();
  PageResponse response;
  response.type = "text/html; charset=utf-8";
  response.body = livePage(snapshot, summary(snapshot.zones), history_);
  return response;
}

std::string ManagementContent::text() {
  const ManagementSnapshot snapshot = server_.snapshot();
  const ZoneSummary& zones = summary(snapshot.zones);
  const SecondaryCounts& secondaries = snapshot.secondaries;
  const std::string kept = secondaries.zones() == 0
                               ? std::string()
                               : fmt::format("{} of {} secondary zones are not up to date\n",
                                             secondaries.zones() - secondaries.upToDate, secondaries.zones());
  return fmt::format("taut {}: {}, for {} s\n{} of {} zones are loaded\n{}the engine is {}\n", snapshot.version,
                     toWord(snapshot.readiness), snapshot.uptime.count(), zones.loaded, zones.total, kept,
                     snapshot.engine.text());
}

// The last second stands beside the status, so that a page need not compute it. A page comes with the number of its
// last second, so that it shows none twice.
void ManagementContent::tick() {
  const ManagementSnapshot snapshot = snapshotWithTop();
  const TimePoint now = shard_.now();
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

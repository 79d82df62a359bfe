// What the management thread tells of the server, over HTTP and to the control tool: metrics, health, the status, and
// the events of the live page.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "control_verbs.hpp"
#include "history.hpp"
#include "http_service.hpp"
#include "jobs.hpp"
#include "managed_server.hpp"
#include "taut/base/clock.hpp"
#include "taut/base/stop_token.hpp"
#include "taut/coro/semaphore.hpp"
#include "taut/coro/task.hpp"
#include "taut/io/shard.hpp"
#include "taut/server/top_queries.hpp"
#include "zone_summary.hpp"

namespace taut {

class ManagementContent final : public HttpContent, public StatusTexts {
 public:
  // Both outlive the content.
  ManagementContent(Shard& shard, ManagedServer& server) noexcept : shard_(shard), server_(server) {}

  Task<PageResponse> get(std::string_view path, StopToken stop) override;
  std::shared_ptr<const std::string> event() override { return event_; }
  bool isDraining() override;

  std::string json() override;
  std::string text() override;
  std::shared_ptr<const std::string> lastJson() override { return lastJson_; }

  // Once a second: makes the next event.
  void tick();
  // What is asked at the moment, from now on.
  void setTop(TopLists top) { top_ = std::move(top); }

 private:
  ManagementSnapshot snapshotWithTop();
  PageResponse getAtOnce(std::string_view path);
  Task<PageResponse> metrics(StopToken stop);
  PageResponse live();
  PageResponse ready();
  PageResponse page();
  const ZoneSummary& summary(const std::shared_ptr<const ZoneSet>& zones);

  Shard& shard_;
  ManagedServer& server_;
  TimePoint lastTick_{};
  History history_;
  TopLists top_;
  std::shared_ptr<const std::string> lastJson_ = std::make_shared<const std::string>(nothingYet);
  std::shared_ptr<const std::string> event_ = std::make_shared<const std::string>(": no event yet\n\n");
  Semaphore makingMetrics_{1};
  std::uint64_t metricsAsked_ = 0;            // so many have asked for metrics
  std::uint64_t metricsServe_ = 0;            // the last one whom those serve that were made last
  std::weak_ptr<const std::string> metrics_;  // as long as a client reads them
  std::shared_ptr<const ZoneSet> summarised_;
  std::uint64_t summarisedReplacements_ = 0;
  ZoneSummary summary_;  // of `summarised_`
  Jobs jobs_;            // last: they use what is above
};

}  // namespace taut

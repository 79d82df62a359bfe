// What the management thread serves over HTTP: metrics, health, the status as JSON, and the events of the live page.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http_service.hpp"
#include "managed_server.hpp"
#include "zone_summary.hpp"

namespace taut {

class ManagementContent final : public HttpContent {
 public:
  explicit ManagementContent(ManagedServer& server) noexcept : server_(server) {}

  HttpResponse get(std::string_view path) override;
  std::shared_ptr<const std::string> event() override { return event_; }
  bool isDraining() override;

  // Once a second: makes the next event.
  void tick();

 private:
  HttpResponse ready();
  std::string status();
  const ZoneSummary& summary(const std::shared_ptr<const ZoneSet>& zones);

  ManagedServer& server_;
  std::shared_ptr<const std::string> event_ = std::make_shared<const std::string>(": no event yet\n\n");
  std::shared_ptr<const ZoneSet> summarised_;
  ZoneSummary summary_;  // of `summarised_`
};

}  // namespace taut

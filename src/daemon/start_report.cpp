#include "start_report.hpp"

#include <unistd.h>

#include <string>

#include <fmt/format.h>

#include "taut/base/counted.hpp"
#include "taut/base/log.hpp"
#include "taut/base/units.hpp"

namespace taut {

namespace {

// In the two largest units: "2 d 5 h".
std::string durationOf(std::chrono::seconds time) {
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  constexpr Unit units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  std::int64_t rest = time.count();
  std::string text;
  int parts = 0;
  for (const Unit& unit : units) {
    const std::int64_t count = rest / unit.seconds;
    rest %= unit.seconds;
    if (count == 0 && parts == 0 && unit.seconds != 1) continue;
    if (parts++ < 2) text += fmt::format("{}{} {}", text.empty() ? "" : " ", count, unit.name);
  }
  return text;
}

// `whose` says of which clients the questions are, where not of all.
void logForwarding(const config::ForwardSettings& forward, const std::string& whose = {}) {
  std::string servers = fmt::format("{}", fmt::join(forward.servers, ", "));
  if (!forward.resolvConf.empty())
    servers += fmt::format("{}the servers of {}", servers.empty() ? "" : " and ", forward.resolvConf);
  const std::string cache =
      forward.cacheSize == 0
          ? "without a cache"
          : fmt::format("with a cache of {}", sizeText(static_cast<std::int64_t>(forward.cacheSize)));
  log::info("questions{} are forwarded to {}, {}", whose, servers, cache);
}

}  // namespace

void logStart(const config::Configuration& configuration, const EngineChoice& engine) {
  log::info("taut {} serves: process {}, {}, {}", TAUT_VERSION, ::getpid(), engine.text(),
            counted(configuration.server.threads, "thread"));
}

void logSandbox(const std::string& holding, bool wanted) {
  if (holding.empty() && wanted)
    log::info("sandbox: off, since this build has a sanitizer, which looks at the process from outside");
  else if (holding.empty())
    log::info("sandbox: off, as the configuration says");
  else
    log::info("sandbox: {}", holding);
  if (::geteuid() == 0)
    log::warning("the server runs as root; give it a user of its own: user = \"taut\" or --user taut");
}

void logHandler(const config::HandlerSettings& handler) {
  const std::string names =
      handler.suffixes.empty() ? "every name" : fmt::format("names at or below {}", fmt::join(handler.suffixes, ", "));
  log::info("handler {} of {} is asked {} the zones, for {}", handler.name, handler.library,
            handler.place == HandlerPlace::beforeZones ? "before" : "after", names);
}

void logSources(const config::Configuration& configuration) {
  for (const config::HandlerSettings& handler : configuration.handlers) logHandler(handler);
  for (const std::string& list : configuration.zoneLists) log::info("the zones of {} are loaded from now on", list);
  if (!configuration.hostsFile.empty()) log::info("names are answered from {}", configuration.hostsFile);
  if (configuration.forward) logForwarding(*configuration.forward);
  for (const config::ViewSettings& view : configuration.views)
    if (view.forward) logForwarding(*view.forward, " of view " + view.name);
}

void logEnd(std::chrono::seconds uptime, std::uint64_t requests) {
  log::info("taut ended, after {} and {}", durationOf(uptime), counted(requests, "request"));
}

}  // namespace taut

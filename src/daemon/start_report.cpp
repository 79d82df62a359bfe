#include "start_report.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "taut/base/counted.hpp"
#include "taut/base/input_file.hpp"
#include "taut/base/log.hpp"
#include "taut/base/units.hpp"
#include "taut/resolver/resolv_conf.hpp"

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

// A machine without a resolver has such a file.
bool namesNoServer(const std::string& resolvConf) {
  try {
    return !ResolvConf::parse(InputFile(resolvConf, ResolvConfFile::maxFileSize).readAll()).namesServers;
  } catch (const FileError&) {
    return true;
  }
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
  if (forward.servers.empty() && namesNoServer(forward.resolvConf))
    log::warning("{} has no server to forward to; --recursor, or [recursion] in taut.toml, finds answers without one",
                 forward.resolvConf);
}

void logRecursion(const config::RecursionSettings& recursion) {
  const auto& zones = recursion.options.zones;
  const auto root = std::ranges::find(zones, Name(), &FixedZone::zone);
  const std::string from =
      root == zones.end() ? "from the root down" : fmt::format("by {}", fmt::join(root->servers, ", "));
  log::info("names are resolved {}{}, with a cache of {}", from, recursion.validates ? " and validated" : "",
            sizeText(static_cast<std::int64_t>(recursion.options.cacheBytes)));
  if (!recursion.trustAnchorState.empty())
    log::info("trust anchors follow the keys of their zones (RFC 5011), as {} says", recursion.trustAnchorState);
  for (const FixedZone& zone : zones)
    if (!zone.zone.isRoot())
      log::info("names in {} are {} {}", zone.zone,
                zone.kind == FixedZone::Kind::forward ? "resolved by" : "resolved from the servers",
                fmt::join(zone.servers, ", "));
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
  if (configuration.recursion) logRecursion(*configuration.recursion);
  for (const config::ViewSettings& view : configuration.views)
    if (view.forward) logForwarding(*view.forward, " of view " + view.name);
}

void logEnd(std::chrono::seconds uptime, std::uint64_t requests) {
  log::info("taut ended, after {} and {}", durationOf(uptime), counted(requests, "request"));
}

}  // namespace taut

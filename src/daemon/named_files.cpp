#include "named_files.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "cookie_secrets.hpp"
#include "taut/base/input_file.hpp"
#include "taut/resolver/hosts_file.hpp"
#include "taut/resolver/resolv_conf.hpp"

namespace taut {

void requireReadable(const std::string& path, std::uint64_t maxSize) {
  if (path.empty()) return;
  try {
    const InputFile file(path, maxSize);
  } catch (const FileError& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
}

std::shared_ptr<const ServerCookies> makeCookies(const config::ServerSettings& server) {
  if (!server.cookies) return nullptr;
  if (server.cookieSecrets.empty()) return std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret()});
  return std::make_shared<ServerCookies>(readCookieSecrets(server.cookieSecrets));
}

std::shared_ptr<const ServerCookies> readNamedFiles(const config::Configuration& configuration, FileErrors& errors) {
  std::shared_ptr<const ServerCookies> cookies;
  errors.collect([&] { cookies = makeCookies(configuration.server); });
  errors.collect([&] { requireReadable(configuration.hostsFile, HostsFile::maxSize); });
  if (configuration.forward)
    errors.collect([&] { requireReadable(configuration.forward->resolvConf, ResolvConfFile::maxFileSize); });
  for (const config::ViewSettings& view : configuration.views)
    if (view.forward) errors.collect([&] { requireReadable(view.forward->resolvConf, ResolvConfFile::maxFileSize); });
  return cookies;
}

std::vector<ZoneSource> zoneSourcesOf(const config::Configuration& configuration) {
  std::vector<ZoneSource> sources;
  sources.reserve(configuration.zones.size());
  for (const config::ZoneSettings& zone : configuration.zones) sources.push_back(zone.source());
  for (const config::ViewSettings& view : configuration.views)
    for (const config::ZoneSettings& zone : view.zones) {
      sources.push_back(zone.source());
      sources.back().view = view.name;
    }
  return sources;
}

}  // namespace taut

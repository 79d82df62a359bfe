#include "named_files.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "cookie_secrets.hpp"
#include "handlers/handler_file.hpp"
#include "taut/base/input_file.hpp"
#include "taut/base/text.hpp"
#include "taut/resolver/hosts_file.hpp"
#include "taut/resolver/resolv_conf.hpp"
#include "tsig_secret.hpp"

namespace taut {

void requireReadable(const std::string& path, std::uint64_t maxSize) {
  if (path.empty()) return;
  try {
    const InputFile file(path, maxSize);
  } catch (const FileError& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
}

std::string placeOf(const config::Configuration& configuration, std::string_view key) {
  const auto named = std::ranges::find(configuration.values, key, &config::EffectiveValue::path);
  const bool isOption =
      named == configuration.values.end() || named->origin.kind() == config::Origin::Kind::commandLine;
  return isOption ? std::string() : fmt::format(" ({})", named->origin.toText());
}

std::shared_ptr<const ServerCookies> makeCookies(const config::Configuration& configuration) {
  const config::ServerSettings& server = configuration.server;
  if (!server.cookies) return nullptr;
  if (server.cookieSecrets.empty()) return std::make_shared<ServerCookies>(std::vector{ServerCookies::randomSecret()});
  try {
    return std::make_shared<ServerCookies>(readCookieSecrets(server.cookieSecrets));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(error.what() + placeOf(configuration, "server.cookies.secrets-file"));
  }
}

std::shared_ptr<const KeyRing> makeKeys(const config::Configuration& configuration) {
  std::vector<TsigKey> keys;
  for (const config::TsigSettings& settings : configuration.keys) {
    TsigKey& key = keys.emplace_back(settings.key);
    if (settings.secretFile.empty()) continue;
    try {
      key.secret = readTsigSecret(settings.secretFile);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{} ({})", error.what(), settings.origin.toText()));
    }
  }
  return std::make_shared<const KeyRing>(std::move(keys));
}

NamedSecrets readNamedFiles(const config::Configuration& configuration, FileErrors& errors) {
  NamedSecrets secrets;
  errors.collect([&] { secrets.cookies = makeCookies(configuration); });
  errors.collect([&] { secrets.keys = makeKeys(configuration); });
  errors.collect([&] { requireReadable(configuration.hostsFile, HostsFile::maxSize); });
  if (configuration.forward)
    errors.collect([&] { requireReadable(configuration.forward->resolvConf, ResolvConfFile::maxFileSize); });
  for (const config::ViewSettings& view : configuration.views)
    if (view.forward) errors.collect([&] { requireReadable(view.forward->resolvConf, ResolvConfFile::maxFileSize); });
  requireHandlers(configuration.handlers, errors);
  return secrets;
}

void requireHandlers(const std::vector<config::HandlerSettings>& handlers, FileErrors& errors) {
  for (const config::HandlerSettings& handler : handlers)
    errors.collect([&] {
      try {
        const HandlerFile file(handler.library, handler.name);
      } catch (const std::runtime_error& error) {
        throw std::runtime_error(fmt::format("{}: {} {}", handler.label(), handler.library, error.what()));
      }
    });
}

void loadNamedZones(ZoneStore& store, std::vector<ZoneSource> sources, const config::Configuration& configuration) {
  try {
    store.load(std::move(sources));
  } catch (const std::runtime_error& error) {
    std::unordered_map<std::string_view, const config::Origin*> places;
    for (const config::ZoneSettings& zone : configuration.zones)
      if (zone.origin.kind() != config::Origin::Kind::commandLine) places.emplace(zone.path, &zone.origin);
    std::string text;
    for (std::string_view rest = error.what(); !rest.empty();) {
      const std::string_view line = takeLine(rest);
      text.append(text.empty() ? "" : "\n").append(line);
      const auto place = places.find(line.substr(0, line.find(": error: cannot read the file")));
      if (place != places.end()) text += fmt::format(" ({})", place->second->toText());
    }
    throw std::runtime_error(text);
  }
}

std::vector<ZoneSource> zoneSourcesOf(const config::Configuration& configuration,
                                      std::span<const config::ZoneSettings> members) {
  std::vector<ZoneSource> sources;
  sources.reserve(configuration.zones.size() + members.size());
  for (const config::ZoneSettings& zone : configuration.zones) sources.push_back(zone.source());
  for (const config::ZoneSettings& zone : members) sources.push_back(zone.source());
  for (const config::ViewSettings& view : configuration.views)
    for (const config::ZoneSettings& zone : view.zones) {
      sources.push_back(zone.source());
      sources.back().view = view.name;
    }
  return sources;
}

}  // namespace taut

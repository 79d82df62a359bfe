#include "cage.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "taut/base/shut_in.hpp"

namespace taut {

namespace {

// Of a path with a slash at the end it is the path itself.
std::string folderOf(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

class Folders {
 public:
  void addFileAt(const std::string& path) {
    folders_.insert(folderOf(path));
    std::error_code error;
    if (!std::filesystem::is_symlink(path, error)) return;
    const std::string target = std::filesystem::canonical(path, error).string();
    if (!error) folders_.insert(folderOf(target));
  }

  std::set<std::string> take() { return std::move(folders_); }

 private:
  std::set<std::string> folders_;
};

// A path in the folder in which the files of its zones are, or their folders.
std::string fileOfTemplate(const config::ZoneTemplate& made) {
  return made.pattern.substr(0, made.pattern.find(config::placeholderOfName)) + "zone";
}

// By `tautctl zone flush` alone.
bool isFlushed(const config::ZoneSettings& zone) {
  return zone.isUpdated() && !zone.path.empty();
}

std::vector<sandbox::Feature> featuresOf(const config::Configuration& configuration, EngineKind engine) {
  using sandbox::Feature;
  std::vector features{Feature::runtime, Feature::files, Feature::sockets,
                       engine == EngineKind::epoll ? Feature::epoll : Feature::ioUring};
  if (!configuration.server.control.empty()) features.push_back(Feature::control);
  if (!writtenFolders(configuration).empty()) features.push_back(Feature::writing);
  if (!configuration.handlers.empty()) features.push_back(Feature::handlers);
  return features;
}

}  // namespace

sandbox::Policy cageFor(const config::Configuration& configuration, const ZoneStore& zones, EngineKind engine) {
  Folders folders;
  for (const config::NamedFile& file : configuration.files) folders.addFileAt(file.path);
  // Where zones that come while the server runs have their files, as far as the configuration says it.
  for (const auto& [name, made] : configuration.templates)
    if (made->zone.origin.kind() != config::Origin::Kind::preset && made->pattern.find('/') != std::string::npos)
      folders.addFileAt(fileOfTemplate(*made));
  zones.forEachFile([&folders](const std::string& path) { folders.addFileAt(path); });
  sandbox::Policy policy;
  policy.features = featuresOf(configuration, engine);
  for (const std::string& folder : folders.take()) policy.paths.push_back({folder});
  for (const std::string& folder : writtenFolders(configuration))
    policy.paths.push_back({folder, sandbox::Access::write});
  if (!configuration.server.control.empty())
    policy.paths.push_back({folderOf(configuration.server.control), sandbox::Access::remove});
  return policy;
}

std::vector<std::string> writtenFolders(const config::Configuration& configuration) {
  Folders folders;
  if (!configuration.server.stateFolder.empty()) folders.addFileAt(configuration.server.stateFolder + "/zones.state");
  if (configuration.recursion && !configuration.recursion->trustAnchorState.empty())
    folders.addFileAt(configuration.recursion->trustAnchorState);
  for (const config::ZoneSettings& zone : configuration.zones)
    if (zone.isWritten() || isFlushed(zone)) folders.addFileAt(zone.path);
  for (const auto& [name, made] : configuration.templates)
    if (made->hasFile && (made->zone.isSecondary() || made->zone.isUpdated())) folders.addFileAt(fileOfTemplate(*made));
  const std::set<std::string> all = folders.take();
  return {all.begin(), all.end()};
}

config::Mistakes filesNotWritable(const config::Configuration& configuration, const std::vector<std::string>& folders) {
  config::Mistakes mistakes;
  std::unordered_set<std::string> known(folders.begin(), folders.end());
  const auto isWithin = [&folders](const std::string& folder) {
    return std::ranges::any_of(folders, [&](const std::string& above) { return folder.starts_with(above + '/'); });
  };
  for (const config::ZoneSettings& zone : configuration.zones) {
    if (!zone.isWritten()) continue;
    const std::string folder = folderOf(zone.path);
    if (known.insert(folder).second && !isWithin(folder))
      mistakes.push_back(
          {zone.origin, fmt::format("{}: the sandbox lets no file be written in a folder in which none was "
                                    "written at the start; it needs a restart or tautctl upgrade",
                                    zone.path)});
  }
  return mistakes;
}

// Of several in one folder the first is told.
config::Mistakes filesOutside(const config::Configuration& configuration) {
  config::Mistakes mistakes;
  std::unordered_set<std::string> known;
  const auto look = [&](const std::string& path, const config::Origin& place) {
    const std::string folder = folderOf(path);
    if (known.insert(folder).second && isShutOut(folder))
      mistakes.push_back({place, fmt::format("{}: {}", path, shutOutReason)});
  };
  for (const config::NamedFile& file : configuration.files) look(file.path, file.origin);
  for (const config::ZoneSettings& zone : configuration.zones)
    if (!zone.path.empty()) look(zone.path, zone.origin);
  for (const config::ViewSettings& view : configuration.views)
    for (const config::ZoneSettings& zone : view.zones) look(zone.path, zone.origin);
  return mistakes;
}

}  // namespace taut

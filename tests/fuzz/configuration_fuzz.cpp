// Any text at all is a configuration file: it is read and judged, or refused with mistakes that have their places.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings_reader.hpp"
#include "config/toml_document.hpp"
#include "config/validate.hpp"
#include "fuzz.hpp"

namespace configuration_fuzz {

namespace {

using namespace taut;
using namespace taut::config;

std::optional<std::string> findVariable(std::string_view name) {
  if (name == "SET") return "${SET}";
  return std::nullopt;
}

void requireSense(const ZoneList& zones) {
  for (const ZoneSettings& zone : zones) {
    fuzz::require(!zone.path.empty(), "a zone has a file");
    fuzz::require(zone.name.empty() || zone.source().origin, "a zone's name is one");
  }
}

void requireSense(const Configuration& configuration) {
  fuzz::require(!configuration.listen.empty(), "there is an address to listen on");
  fuzz::require(configuration.server.udpSize >= 512 && configuration.server.udpSize <= 4096, "ranges are kept");
  requireSense(configuration.zones);
  for (const ViewSettings& view : configuration.views) {
    fuzz::require(!view.name.empty(), "a view has a name");
    fuzz::require(!view.forward || view.recursion, "a view forwards or does not");
    requireSense(view.zones);
  }
}

}  // namespace

TAUT_FUZZ_TARGET(configuration) {
  constexpr std::size_t maxSize = 16384;
  if (size > maxSize) return 0;
  const auto path = std::make_shared<const std::string>("/etc/taut/taut.toml");
  const MakeOrigin makeOrigin = [&](std::uint32_t line, std::uint32_t column) {
    fuzz::require(line > 0 && column > 0, "a place has a line and a column");
    return Origin::inFile(path, line, column);
  };
  Settings settings;
  Mistakes mistakes;
  const FindVariable find = findVariable;
  SettingsReader reader(settings, mistakes, find);
  settings.setStart(makeOrigin(1, 1));
  if (auto mistake = readToml(std::string(reinterpret_cast<const char*>(data), size), makeOrigin, reader))
    mistakes.push_back(std::move(*mistake));
  const auto configuration = validate(std::move(settings), mistakes);
  fuzz::require(configuration.has_value() == mistakes.empty(), "a configuration has no mistakes, or is none");
  for (const Mistake& mistake : mistakes) fuzz::require(!mistake.text.empty(), "a mistake says what is wrong");
  if (configuration) requireSense(*configuration);
  return 0;
}

}  // namespace configuration_fuzz

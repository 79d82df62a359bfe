#include "added_zones.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "taut/base/line_file.hpp"
#include "taut/base/replacement_file.hpp"

namespace taut {

namespace {

AddedZone zoneOf(const std::string& path, std::string_view line, std::size_t number) {
  const std::size_t first = line.find('\t');
  const std::size_t second = first == line.npos ? line.npos : line.find('\t', first + 1);
  if (second == line.npos || !Name::parse(line.substr(0, first)))
    throw std::runtime_error(fmt::format(
        "{}:{}: expected the name of a zone, a template and a catalog, with tabs between them", path, number));
  return {std::string(line.substr(0, first)), std::string(line.substr(first + 1, second - first - 1)),
          std::string(line.substr(second + 1))};
}

}  // namespace

AddedZones::AddedZones(const std::string& folder) {
  if (folder.empty()) return;
  path_ = folder + "/zones.added";
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return;
  std::unordered_set<Name, NameHash, NameEqual> names;
  forEachLine(path_, [&](std::string_view line, std::size_t number) {
    AddedZone zone = zoneOf(path_, line, number);
    if (!names.insert(*Name::parse(zone.name)).second)
      throw std::runtime_error(
          fmt::format("{}:{}: zone {} is there already; expected it once", path_, number, zone.name));
    zones_.push_back(std::move(zone));
  });
}

const AddedZone* AddedZones::find(NameView name) const {
  const auto found =
      std::ranges::find_if(zones_, [&](const AddedZone& zone) { return *Name::parse(zone.name) == name; });
  return found == zones_.end() ? nullptr : &*found;
}

void AddedZones::add(AddedZone zone) {
  std::vector<AddedZone> zones = zones_;
  zones.push_back(std::move(zone));
  replace(std::move(zones));
}

void AddedZones::remove(NameView name) {
  std::vector<AddedZone> zones = zones_;
  std::erase_if(zones, [&](const AddedZone& zone) { return *Name::parse(zone.name) == name; });
  replace(std::move(zones));
}

void AddedZones::replace(std::vector<AddedZone> zones) {
  std::string text = "# Zones that tautctl has added: name, template, catalog. Written by tautd.\n";
  for (const AddedZone& zone : zones) text += fmt::format("{}\t{}\t{}\n", zone.name, zone.settings, zone.catalog);
  ReplacementFile file(path_, S_IRUSR | S_IWUSR | S_IRGRP);
  file.write(text);
  if (const auto written = file.takePlace(); !written.ok()) throw std::runtime_error(written.error());
  zones_ = std::move(zones);
}

}  // namespace taut

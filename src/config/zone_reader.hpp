// Zones as the configuration says them: each by its own table, by its template, and by [zone-defaults].
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "configuration.hpp"
#include "networks.hpp"
#include "origin.hpp"
#include "remotes.hpp"
#include "settings.hpp"

namespace taut::config {

class ZoneReader {
 public:
  // Of templates and defaults, what is wrong is added to the mistakes. All of the arguments outlive it.
  ZoneReader(Settings& settings, Networks& networks, Remotes& remotes, Mistakes& mistakes);

  // The zones that all clients see. Takes their tables.
  ZoneList read();
  // Those of the view in this place of the file.
  ZoneList readOfView(std::size_t view);
  // What zones are made of that come later: after `read`, once.
  ZoneTemplates takeTemplates() { return std::move(zoneTemplates_); }

 private:
  // What a zone has that does not say otherwise.
  struct Preset {
    std::string folder;             // empty: that of the file which names the zone
    const Setting* file = nullptr;  // null: that of the schema
    const Setting* primaries = nullptr;
    const Setting* notify = nullptr;
    const Setting* serial = nullptr;  // null: that of the schema
    const Setting* allowNotify = nullptr;
    const Setting* allowTransfer = nullptr;
    const Setting* journal = nullptr;  // null: that of the schema
    const Setting* allowUpdate = nullptr;
    const Setting* catalogZone = nullptr;
    const Setting* catalogGroup = nullptr;
    Origin origin;  // of the table
  };
  // The keys of a list of zones; null for what its zones cannot have.
  struct Keys {
    const Key* name;
    const Key* file;
    const Key* allowTransfer;
    const Key* primaries = nullptr;
    const Key* notify = nullptr;
    const Key* serial = nullptr;
    const Key* allowNotify = nullptr;
    const Key* journal = nullptr;
    const Key* allowUpdate = nullptr;
    const Key* catalog = nullptr;
    const Key* members = nullptr;
    const Key* catalogZone = nullptr;
    const Key* catalogGroup = nullptr;
  };
  static Keys keysOfZone();

  Preset presetOf(const std::string& table, const Preset& outer);
  const Preset& presetOf(const Table& zone);
  // The template of this name; null where there is none, which is a mistake.
  const Preset* requireTemplate(const std::string& text, const Origin& origin);
  ZoneList read(const Keys& keys, const std::string& list);
  ZoneSettings zone(const Table& table, const Keys& keys);
  void readFile(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  void readOthers(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  void readJournal(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  void requireFolderFor(const Setting& journal);
  void readAccess(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  void readCatalog(const Table& table, const Keys& keys, ZoneSettings& zone);
  void readMembership(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  std::string catalogFile(const ZoneSettings& zone);
  void requireCatalogs(const ZoneList& zones);
  std::shared_ptr<const ZoneTemplate> zoneTemplate(const Preset& preset);
  const Setting* given(const Table& table, const Key* key, const Setting* otherwise, const ZoneSettings& zone);
  std::shared_ptr<const TransferAccess> access(const std::vector<Item>& clients);
  void readUpdates(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  static std::string inFolder(const Preset& preset, const std::string& path, const Origin& origin);
  std::string defaultFile(const Preset& preset, std::string name, const Origin& origin);
  void requireOwnNames(const ZoneList& zones);
  void requireOwnFiles(const ZoneList& zones);
  void mistake(const Origin& origin, std::string text) { mistakes_.push_back({origin, std::move(text)}); }

  Settings& settings_;
  Networks& networks_;
  Remotes& remotes_;
  Mistakes& mistakes_;
  Preset defaults_;
  std::map<std::string, Preset, std::less<>> templates_;
  ZoneTemplates zoneTemplates_;
  // By its text, so that zones with the same list share it.
  std::map<std::string, std::shared_ptr<const TransferAccess>, std::less<>> accesses_;
  std::map<std::string, std::shared_ptr<const UpdateAccess>, std::less<>> updates_;
  // Likewise by the places that say them, with those places.
  struct Membership {
    std::shared_ptr<const CatalogMembership> membership;
    Origin origin;
  };
  std::map<std::pair<const Setting*, std::string>, Membership> memberships_;
};

}  // namespace taut::config

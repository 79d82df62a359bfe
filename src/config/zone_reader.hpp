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
  std::vector<ZoneSettings> read();
  // Those of the view in this place of the file.
  std::vector<ZoneSettings> readOfView(std::size_t view);

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
  };

  Preset presetOf(const std::string& table, const Preset& outer);
  const Preset& presetOf(const Table& zone);
  std::vector<ZoneSettings> read(const Keys& keys, const std::string& list);
  ZoneSettings zone(const Table& table, const Keys& keys);
  void readFile(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  void readOthers(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  void readJournal(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  void requireFolderFor(const Setting& journal);
  void readAccess(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  const Setting* given(const Table& table, const Key* key, const Setting* otherwise, const ZoneSettings& zone);
  std::shared_ptr<const TransferAccess> access(const std::vector<Item>& clients);
  void readUpdates(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone);
  static std::string inFolder(const Preset& preset, const std::string& path, const Origin& origin);
  std::string defaultFile(const Preset& preset, std::string name, const Origin& origin);
  void requireOwnFiles(const std::vector<ZoneSettings>& zones);
  void mistake(const Origin& origin, std::string text) { mistakes_.push_back({origin, std::move(text)}); }

  Settings& settings_;
  Networks& networks_;
  Remotes& remotes_;
  Mistakes& mistakes_;
  Preset defaults_;
  std::map<std::string, Preset, std::less<>> templates_;
  // By its text, so that zones with the same list share it.
  std::map<std::string, std::shared_ptr<const TransferAccess>, std::less<>> accesses_;
  std::map<std::string, std::shared_ptr<const UpdateAccess>, std::less<>> updates_;
};

}  // namespace taut::config

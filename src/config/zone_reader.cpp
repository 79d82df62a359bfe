#include "zone_reader.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "schema.hpp"
#include "suggestion.hpp"
#include "taut/dns/name.hpp"
#include "text_values.hpp"

namespace taut::config {

namespace {

constexpr std::string_view templatePrefix = "template.";

const std::vector<Item>& itemsOf(const Setting& setting) {
  return std::get<std::vector<Item>>(setting.value);
}

const std::string& textOf(const Setting& setting) {
  return std::get<std::string>(setting.value);
}

// As the schema has it.
SerialPolicy serialPolicyOf(std::string_view text) {
  if (text == "increment") return SerialPolicy::increment;
  if (text == "unixtime") return SerialPolicy::unixtime;
  return text == "date" ? SerialPolicy::date : SerialPolicy::keep;
}

}  // namespace

ZoneReader::ZoneReader(Settings& settings, Networks& networks, Remotes& remotes, Mistakes& mistakes)
    : settings_(settings), networks_(networks), remotes_(remotes), mistakes_(mistakes) {
  defaults_ = presetOf("zone-defaults", {});
  for (const auto& [table, origin] : settings_.notedTables()) {
    if (!table.starts_with(templatePrefix)) continue;
    templates_.emplace(withoutQuotes(std::string_view(table).substr(templatePrefix.size())),
                       presetOf(table, defaults_));
  }
}

ZoneReader::Preset ZoneReader::presetOf(const std::string& table, const Preset& outer) {
  Preset preset = outer;
  const auto take = [&](const Setting*& into, const char* key) {
    if (const Setting* const setting = settings_.find(table + '.' + key)) into = setting;
    return into;
  };
  const Setting* folder = nullptr;
  if (take(folder, "directory")) preset.folder = resolved(textOf(*folder), folder->origin);
  const Setting* const before = preset.file;
  if (take(preset.file, "file") != before && textOf(*preset.file).find(placeholderOfName) == std::string::npos)
    mistake(preset.file->origin, "without {name}, all zones have one file; expected \"{name}.zone\", say");
  take(preset.primaries, "primaries");
  take(preset.notify, "notify");
  take(preset.serial, "serial");
  take(preset.allowNotify, "allow-notify");
  take(preset.allowTransfer, "allow-transfer");
  const Setting* const journal = preset.journal;
  if (take(preset.journal, "journal") != journal) requireFolderFor(*preset.journal);
  take(preset.allowUpdate, "allow-update");
  take(preset.catalogZone, "catalog-zone");
  take(preset.catalogGroup, "catalog-group");
  if (const Origin* const origin = settings_.findTable(table)) preset.origin = *origin;
  return preset;
}

const ZoneReader::Preset& ZoneReader::presetOf(const Table& zone) {
  const Setting* const named = zone.find(keyOf("zone[].template"));
  if (!named) return defaults_;
  const Preset* const found = requireTemplate(textOf(*named), named->origin);
  return found ? *found : defaults_;
}

const ZoneReader::Preset* ZoneReader::requireTemplate(const std::string& text, const Origin& origin) {
  if (const auto found = templates_.find(text); found != templates_.end()) return &found->second;
  std::vector<std::string_view> names;
  for (const auto& [name, preset] : templates_) names.push_back(name);
  const auto meant = nearest(text, names);
  mistake(origin,
          fmt::format("there is no [template.{}]{}", text, meant ? fmt::format("; did you mean {}?", *meant) : ""));
  return nullptr;
}

ZoneReader::Keys ZoneReader::keysOfZone() {
  return {.name = &keyOf("zone[].name"),
          .file = &keyOf("zone[].file"),
          .allowTransfer = &keyOf("zone[].allow-transfer"),
          .primaries = &keyOf("zone[].primaries"),
          .notify = &keyOf("zone[].notify"),
          .serial = &keyOf("zone[].serial"),
          .allowNotify = &keyOf("zone[].allow-notify"),
          .journal = &keyOf("zone[].journal"),
          .allowUpdate = &keyOf("zone[].allow-update"),
          .catalog = &keyOf("zone[].catalog"),
          .members = &keyOf("zone[].members"),
          .catalogZone = &keyOf("zone[].catalog-zone"),
          .catalogGroup = &keyOf("zone[].catalog-group")};
}

ZoneList ZoneReader::read() {
  ZoneList zones = read(keysOfZone(), "zone");
  zoneTemplates_.emplace("", zoneTemplate(defaults_));
  for (const auto& [name, preset] : templates_) zoneTemplates_.emplace(name, zoneTemplate(preset));
  requireOwnFiles(zones);
  requireCatalogs(zones);
  return zones;
}

// The zone is read as one whose table is empty, under a name that is none of a zone.
std::shared_ptr<const ZoneTemplate> ZoneReader::zoneTemplate(const Preset& preset) {
  auto made = std::make_shared<ZoneTemplate>();
  const Table table(preset.origin);
  const Keys keys = keysOfZone();
  made->zone.name = placeholderOfName;
  made->zone.origin = preset.origin;
  readOthers(table, keys, preset, made->zone);
  // Members of a catalog may have the primaries of that.
  if (preset.allowNotify) made->zone.allowNotify = access(itemsOf(*preset.allowNotify));
  readJournal(table, keys, preset, made->zone);
  readAccess(table, keys, preset, made->zone);
  readUpdates(table, keys, preset, made->zone);
  readMembership(table, keys, preset, made->zone);
  made->zone.name.clear();
  made->hasFile = preset.file != nullptr;
  if (preset.catalogGroup) made->group = textOf(*preset.catalogGroup);
  const Setting* const file = preset.file;
  made->pattern =
      inFolder(preset, file ? textOf(*file) : std::get<std::string>(config::presetOf(keyOf("zone-defaults.file"))),
               file ? file->origin : preset.origin);
  return made;
}

ZoneList ZoneReader::readOfView(std::size_t view) {
  const Keys keys{.name = &keyOf("view[].zone[].name"),
                  .file = &keyOf("view[].zone[].file"),
                  .allowTransfer = &keyOf("view[].zone[].allow-transfer")};
  return read(keys, fmt::format("view[{}].zone", view));
}

ZoneList ZoneReader::read(const Keys& keys, const std::string& list) {
  std::deque<Table> tables = settings_.takeTables(list);
  ZoneList zones;
  // A hundred thousand zones are not in memory twice.
  for (; !tables.empty(); tables.pop_front()) zones.push_back(zone(tables.front(), keys));
  requireOwnNames(zones);
  return zones;
}

void ZoneReader::requireOwnNames(const ZoneList& zones) {
  std::unordered_multimap<std::uint64_t, const ZoneSettings*> known;  // by the hash of the name
  known.reserve(zones.size());
  for (const ZoneSettings& zone : zones) {
    if (zone.name.empty()) continue;
    const Name name = *Name::parse(zone.name);
    const auto [first, last] = known.equal_range(name.view().hash());
    const auto same =
        std::find_if(first, last, [&](const auto& entry) { return *Name::parse(entry.second->name) == name; });
    if (same == last)
      known.emplace(name.view().hash(), &zone);
    else
      mistake(zone.origin, fmt::format("zone {} of {} is there already, from {} ({}); expected it once", name,
                                       zone.path, same->second->path, same->second->origin.toText()));
  }
}

ZoneSettings ZoneReader::zone(const Table& table, const Keys& keys) {
  const Setting* const name = table.find(*keys.name);
  const Preset& preset = presetOf(table);
  ZoneSettings zone;
  zone.origin = name ? name->origin : table.origin();
  if (name && nameOf(textOf(*name), name->origin, mistakes_)) zone.name = textOf(*name);
  readOthers(table, keys, preset, zone);
  readCatalog(table, keys, zone);
  readFile(table, keys, preset, zone);
  readJournal(table, keys, preset, zone);
  if (zone.catalog == CatalogRole::produce) zone.journal = 0;  // it has its file
  readAccess(table, keys, preset, zone);
  if (keys.allowUpdate && zone.catalog != CatalogRole::produce) readUpdates(table, keys, preset, zone);
  if (zone.catalog == CatalogRole::none) readMembership(table, keys, preset, zone);
  return zone;
}

// A secondary zone has a file where one is said, and not only because a zone has one as a rule.
void ZoneReader::readFile(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone) {
  const Setting* const name = table.find(*keys.name);
  if (zone.catalog == CatalogRole::produce) {
    if (const Setting* const file = table.find(*keys.file))
      mistake(file->origin, "does not go with catalog = \"produce\": such a catalog is kept in server.state-directory");
    zone.path = catalogFile(zone);
  } else if (const Setting* const file = table.find(*keys.file)) {
    zone.path = inFolder(preset, textOf(*file), file->origin);
    if (textOf(*file).empty()) mistake(file->origin, "no file; expected [ORIGIN=]FILE");
  } else if (name && (preset.file || !zone.isSecondary())) {
    zone.path = inFolder(preset, defaultFile(preset, textOf(*name), name->origin), name->origin);
  } else if (!name && !table.hasRefused()) {
    mistake(table.origin(), "a zone without name and file; expected name = \"example.com\", say");
  }
}

// The value of the zone, or what holds otherwise; null where there is none. What the zone has of its own needs its
// name.
const Setting* ZoneReader::given(const Table& table, const Key* key, const Setting* otherwise,
                                 const ZoneSettings& zone) {
  const Setting* const own = key ? table.find(*key) : nullptr;
  const Setting* const setting = own ? own : otherwise;
  if (!setting || !zone.name.empty()) return setting;
  if (own && !table.hasRefused()) mistake(own->origin, "needs the zone's name; expected name = \"example.com\", say");
  return nullptr;
}

void ZoneReader::readOthers(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone) {
  if (!keys.primaries) return;
  if (const Setting* const primaries = given(table, keys.primaries, preset.primaries, zone))
    zone.primaries = remotes_.list(itemsOf(*primaries));
  if (const Setting* const notify = given(table, keys.notify, preset.notify, zone))
    zone.notify = remotes_.list(itemsOf(*notify));
  if (const Setting* const serial = given(table, keys.serial, preset.serial, zone))
    zone.serial = serialPolicyOf(textOf(*serial));
  const Setting* const allowed = given(table, keys.allowNotify, preset.allowNotify, zone);
  if (allowed && zone.isSecondary())
    zone.allowNotify = access(itemsOf(*allowed));
  else if (const Setting* const own = table.find(*keys.allowNotify); own && !table.hasRefused())
    mistake(own->origin, "needs primaries, without which nobody has to tell of a new version");
}

void ZoneReader::readJournal(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone) {
  if (!keys.journal) return;
  const Setting* const own = table.find(*keys.journal);
  if (own) requireFolderFor(*own);
  const Setting* const journal = own ? own : preset.journal;
  const Value value = journal ? journal->value : config::presetOf(keyOf("zone-defaults.journal"));
  zone.journal = static_cast<std::uint64_t>(std::get<std::int64_t>(value));
}

void ZoneReader::requireFolderFor(const Setting& journal) {
  if (std::get<std::int64_t>(journal.value) > 0 && !settings_.find("server.state-directory"))
    mistake(journal.origin, "needs server.state-directory, the folder that journals lie in");
}

// Null for a key that the zones of a list cannot have.
void ZoneReader::readCatalog(const Table& table, const Keys& keys, ZoneSettings& zone) {
  if (!keys.catalog) return;
  const Setting* const role = given(table, keys.catalog, nullptr, zone);
  if (role) zone.catalog = textOf(*role) == "consume" ? CatalogRole::consume : CatalogRole::produce;
  if (zone.catalog == CatalogRole::produce && zone.isSecondary())
    mistake(role->origin, "a secondary zone is what its primaries say; expected \"consume\", or no primaries");
  if (const Setting* const member = table.find(*keys.catalogZone); member && zone.catalog != CatalogRole::none)
    mistake(member->origin, "a catalog is no member of a catalog");
  if (const Setting* const updated = table.find(*keys.allowUpdate); updated && zone.catalog == CatalogRole::produce)
    mistake(updated->origin, "does not go with catalog = \"produce\": the zones that are its members say what it has");
  const Setting* const members = table.find(*keys.members);
  if (!members) return;
  if (zone.catalog != CatalogRole::consume && !table.hasRefused())
    mistake(members->origin, "needs catalog = \"consume\", without which the zone has no members");
  std::vector<std::string> templates;
  for (const Item& item : itemsOf(*members))
    if (requireTemplate(item.text, item.origin)) templates.push_back(item.text);
  if (!templates.empty()) zone.memberTemplates = std::make_shared<const std::vector<std::string>>(std::move(templates));
}

void ZoneReader::readMembership(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone) {
  if (!keys.catalogZone) return;
  const Setting* const catalog = given(table, keys.catalogZone, preset.catalogZone, zone);
  const Setting* const group = given(table, keys.catalogGroup, preset.catalogGroup, zone);
  if (!catalog) {
    if (const Setting* const own = table.find(*keys.catalogGroup); own && !table.hasRefused())
      mistake(own->origin, "needs catalog-zone, the name of the catalog that the zone is a member of");
    return;
  }
  auto& known = memberships_[{catalog, group ? textOf(*group) : std::string()}];
  if (!known.membership) {
    const auto name = nameOf(textOf(*catalog), catalog->origin, mistakes_);
    if (!name) return;
    known = {std::make_shared<const CatalogMembership>(CatalogMembership{*name, group ? textOf(*group) : ""}),
             catalog->origin};
  }
  zone.membership = known.membership;
}

// Where it is kept from one run to the next; empty: nowhere.
std::string ZoneReader::catalogFile(const ZoneSettings& zone) {
  const Setting* const folder = settings_.find("server.state-directory");
  const auto name = Name::parse(zone.name);
  if (!folder || !name) return {};
  std::string file = name->toLower().toString();
  if (file.find('/') != std::string::npos)
    mistake(zone.origin, fmt::format("'{}' makes no name of a file; expected another name of a catalog", zone.name));
  return within(resolved(textOf(*folder), folder->origin), file + "catalog");
}

// A zone can be a member only of a catalog that is made here.
void ZoneReader::requireCatalogs(const ZoneList& zones) {
  std::unordered_set<Name, NameHash, NameEqual> catalogs;
  std::vector<std::string_view> names;
  for (const ZoneSettings& zone : zones) {
    if (zone.catalog != CatalogRole::produce) continue;
    catalogs.insert(*Name::parse(zone.name));
    names.push_back(zone.name);
  }
  for (const auto& [place, known] : memberships_) {
    if (!known.membership || catalogs.contains(known.membership->catalog)) continue;
    std::string text = known.membership->catalog.toString();
    if (!known.membership->catalog.isRoot()) text.pop_back();
    const auto meant = nearest(text, names);
    mistake(known.origin, fmt::format("there is no [[zone]] {} with catalog = \"produce\"{}", text,
                                      meant ? fmt::format("; did you mean {}?", *meant) : ""));
  }
}

void ZoneReader::readAccess(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone) {
  if (const Setting* const limit = table.find(keyOf("zone[].rate-limit"))) {
    zone.rateLimit = static_cast<std::uint32_t>(std::get<std::int64_t>(limit->value));
    if (!table.find(*keys.name) && !table.hasRefused())
      mistake(limit->origin, "needs the zone's name; expected name = \"example.com\", say");
  }
  if (const Setting* const clients = given(table, keys.allowTransfer, preset.allowTransfer, zone))
    zone.allowTransfer = access(itemsOf(*clients));
}

// Null for an empty list, which allows nobody.
std::shared_ptr<const TransferAccess> ZoneReader::access(const std::vector<Item>& clients) {
  if (clients.empty()) return nullptr;
  const std::string text = textOf(clients);
  auto& known = accesses_[text];
  if (!known) known = std::make_shared<const TransferAccess>(TransferAccess{networks_.accessList(clients), text});
  return known;
}

// What has been answered to an update stays, so there has to be a place for it.
void ZoneReader::readUpdates(const Table& table, const Keys& keys, const Preset& preset, ZoneSettings& zone) {
  const Setting* const clients = given(table, keys.allowUpdate, preset.allowUpdate, zone);
  if (!clients || itemsOf(*clients).empty()) return;
  const std::string text = textOf(itemsOf(*clients));
  auto& known = updates_[text];
  if (!known)
    known = std::make_shared<const UpdateAccess>(UpdateAccess{networks_.updatePolicy(itemsOf(*clients)), text});
  zone.allowUpdate = known;
  if (!zone.isUpdated()) return;
  constexpr const char* folder = "server.state-directory";
  if (!settings_.find(folder) && !settings_.isRefused(folder))
    mistake(clients->origin, "needs server.state-directory, where updates are kept");
  else if (zone.journal == 0)
    mistake(clients->origin, "needs a journal above 0, where updates are kept");
}

std::string ZoneReader::inFolder(const Preset& preset, const std::string& path, const Origin& origin) {
  if (preset.folder.empty() || origin.kind() == Origin::Kind::commandLine) return resolved(path, origin);
  return within(preset.folder, path);
}

std::string ZoneReader::defaultFile(const Preset& preset, std::string name, const Origin& origin) {
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.find('/') != std::string::npos)
    mistake(origin, fmt::format("'{}' makes no name of a file; expected file = \"example.com.zone\", say", name));
  std::string path =
      preset.file ? textOf(*preset.file) : std::get<std::string>(config::presetOf(keyOf("zone-defaults.file")));
  const std::size_t place = path.find(placeholderOfName);
  if (place != path.npos) path.replace(place, placeholderOfName.size(), name);
  return path;
}

// What is written for one zone is no other one's file.
void ZoneReader::requireOwnFiles(const ZoneList& zones) {
  if (std::ranges::none_of(zones, [](const ZoneSettings& zone) { return zone.isSecondary() && !zone.path.empty(); }))
    return;
  std::unordered_map<std::string_view, const ZoneSettings*> known;
  known.reserve(zones.size());
  for (const ZoneSettings& zone : zones) {
    if (zone.path.empty()) continue;
    const auto [other, isNew] = known.emplace(zone.path, &zone);
    if (!isNew && (zone.isSecondary() || other->second->isSecondary()))
      mistake(zone.origin, fmt::format("{} is the file of another zone ({}) already; expected one for this secondary "
                                       "zone alone",
                                       zone.path, other->second->origin.toText()));
  }
}

}  // namespace taut::config

#include "taut_file.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "taut/base/quoted.hpp"
#include "taut/dns/tsig_key.hpp"
#include "utf8.hpp"
#include "values.hpp"

namespace taut::importer {

void TautFile::hide(std::string_view what) {
  if (std::ranges::find(hidden, what) == hidden.end()) hidden.emplace_back(what);
}

void TautFile::addZone(std::string_view name, std::string file, const Statement& statement, Notes zoneNotes,
                       bool isSigned, ZoneTransfers transfers) {
  if (++additions_ > maxZones) throw SyntaxError(statement.place, fmt::format("more than {} zones", maxZones));
  if (!isDomainName(name)) return unsupported(statement, "it is not a domain name");
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  // A formatter may have cut a character of the zone's name in two.
  if (!isUtf8(file)) return unsupported(statement, "the name of its file is no text");
  if (file.empty() && transfers.needsFile()) return unsupported(statement, "a zone without a file");
  const auto [entry, isNew] = known_.try_emplace(lowerCase(name), zones_.size());
  if (isNew) {
    zones_.push_back({std::string(name), std::move(file), std::move(zoneNotes), std::move(transfers), isSigned});
  } else {
    ImportedZone& first = zones_[entry->second];
    if (first.file != file) unsupported(statement, fmt::format("the zone is there already, from {}", first.file));
    std::ranges::move(zoneNotes, std::back_inserter(first.notes));
    first.isSigned = first.isSigned || isSigned;
  }
}

namespace {

constexpr std::string_view algorithms[] = {"hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"};

std::string keyName(std::string_view name) {
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  return lowerCase(name);
}

// A name that needs no quotes in TOML.
std::string bare(std::string_view text) {
  std::string name(text);
  for (char& letter : name)
    if (!isKeyLetter(letter)) letter = '-';
  return name;
}

}  // namespace

void TautFile::addKey(const Statement& statement, std::string_view name, std::string_view algorithm,
                      std::string_view secret) {
  std::string known = lowerCase(algorithm.empty() ? "hmac-sha256" : algorithm);
  if (known.ends_with('.')) known.pop_back();
  if (!isDomainName(name)) return unsupported(statement, "it is not a domain name");
  if (!isQuotableKey(name))
    return unsupported(statement, "expected printable letters but '*', '\"' and '\\' in its name");
  if (std::ranges::find(algorithms, known) == std::end(algorithms))
    return unsupported(statement, fmt::format("the algorithm {}", known));
  if (!parseTsigSecret(secret)) return unsupported(statement, "the secret is no base64");
  if (hasKey(name)) return unsupported(statement, "the key is there already");
  keys.push_back({keyName(name), std::move(known), std::string(secret)});
}

bool TautFile::hasKey(std::string_view name) const {
  return std::ranges::find(keys, keyName(name), &ImportedKey::name) != keys.end();
}

bool TautFile::isNameTaken(std::string_view name) const {
  return std::ranges::find(acl, name, &NamedNetworks::name) != acl.end() ||
         std::ranges::find(remotes, name, &ImportedRemote::name) != remotes.end();
}

std::string TautFile::remoteFor(std::vector<std::string> addresses, std::string_view key, std::string_view name) {
  if (key.empty() && addresses.size() == 1) return addresses.front();
  const std::string wanted = key.empty() ? std::string() : keyName(key);
  for (const ImportedRemote& remote : remotes)
    if (remote.addresses == addresses && remote.key == wanted) return remote.name;
  const std::string base = bare(name.empty() ? std::string_view(addresses.front()) : name);
  std::string free = name.empty() ? "at-" + base : base;
  for (int i = 2; isNameTaken(free); ++i) free = fmt::format("{}-{}", base, i);
  remotes.push_back({free, std::move(addresses), wanted});
  return free;
}

std::string TautFile::signedBy(std::vector<std::string> names, std::vector<std::string> networks) {
  const std::string name = "signed-by-" + bare(keyName(names.front()));
  return listFor({name, std::move(networks), std::move(names)});
}

std::string TautFile::listFor(NamedNetworks wanted) {
  for (std::string& name : wanted.keys) name = keyName(name);
  const auto isSame = [&wanted](const NamedNetworks& list) {
    return list.keys == wanted.keys && list.networks == wanted.networks && list.updateNames == wanted.updateNames &&
           list.updateTypes == wanted.updateTypes;
  };
  if (const auto known = std::ranges::find_if(acl, isSame); wanted.isTable() && known != acl.end()) return known->name;
  const std::string base = std::move(wanted.name);
  wanted.name = base;
  for (int i = 2; isNameTaken(wanted.name); ++i) wanted.name = fmt::format("{}-{}", base, i);
  acl.push_back(std::move(wanted));
  return acl.back().name;
}

void TautFile::noteOn(Notes& notes, const Statement& statement, std::string_view remark) {
  std::string reason(remark.empty() ? std::string_view(statement.remark) : remark);
  notes.push_back({statement.place.file, statement.place.line, describe(statement), std::move(reason)});
}

// In the order of the lines of each file, the files as they come first, and at last what the source does not say. What
// stands where it is used several times is noted once.
void TautFile::sortNotes() {
  std::unordered_map<const std::string*, std::size_t> order;
  for (const Note& note : notes)
    if (note.file) order.try_emplace(note.file, order.size());
  order.emplace(nullptr, order.size());
  std::ranges::stable_sort(notes, {}, [&](const Note& note) { return std::pair(order.at(note.file), note.line); });
  const auto repeated = std::ranges::unique(notes);
  notes.erase(repeated.begin(), repeated.end());
}

// A secondary zone writes its file, which is that of no other zone then.
void TautFile::dropSharedFiles() {
  std::unordered_map<std::string, std::size_t> counts;
  for (const ImportedZone& zone : zones_) ++counts[zone.file];
  for (ImportedZone& zone : zones_) {
    if (zone.transfers.primaries.empty() || zone.file.empty() || counts[zone.file] < 2) continue;
    zone.notes.push_back(
        {nullptr, 0, "file " + zone.file, "another zone has it; without a file the zone is transferred at each start"});
    zone.file.clear();
  }
}

void TautFile::finish() {
  dropSharedFiles();
  const auto drop = [&](Notes& dropped, std::string_view remark) {
    for (Note& note : dropped)
      if (note.remark.empty()) note.remark = remark;
    std::ranges::move(dropped, std::back_inserter(notes));
  };
  if (!rateLimit.responses) {
    drop(rateLimit.notes, "there is no limit of responses a second");
    rateLimit = {};
  }
  if (!recursion.isEnabled) {
    drop(recursion.notes,
         forward.forwards() ? "it needs a [recursion], which may stand beside [forward]" : "no names are resolved");
    recursion = {};
  }
  if (!forward.forwards() && !recursion.isEnabled) {
    drop(forward.notes, "nothing is forwarded");
    forward = {};
  }
  sortNotes();
}

}  // namespace taut::importer

#include "taut_file.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "cursor.hpp"
#include "utf8.hpp"
#include "values.hpp"

namespace taut::importer {

void TautFile::hide(std::string_view what) {
  if (std::ranges::find(hidden, what) == hidden.end()) hidden.emplace_back(what);
}

void TautFile::addZone(std::string_view name, std::string file, const Statement& statement, Notes zoneNotes,
                       bool isSigned) {
  if (++additions_ > maxZones) throw SyntaxError(statement.place, fmt::format("more than {} zones", maxZones));
  if (!isDomainName(name)) return unsupported(statement, "it is not a domain name");
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  // A formatter may have cut a character of the zone's name in two.
  if (!isUtf8(file)) return unsupported(statement, "the name of its file is no text");
  if (file.empty()) return unsupported(statement, "a zone without a file");
  const auto [entry, isNew] = known_.try_emplace(lowerCase(name), zones_.size());
  if (isNew) {
    zones_.push_back({std::string(name), std::move(file), std::move(zoneNotes), isSigned});
  } else {
    ImportedZone& first = zones_[entry->second];
    if (first.file != file) unsupported(statement, fmt::format("the zone is there already, from {}", first.file));
    std::ranges::move(zoneNotes, std::back_inserter(first.notes));
    first.isSigned = first.isSigned || isSigned;
  }
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

void TautFile::finish() {
  const auto drop = [&](Notes& dropped, std::string_view remark) {
    for (Note& note : dropped)
      if (note.remark.empty()) note.remark = remark;
    std::ranges::move(dropped, std::back_inserter(notes));
  };
  if (!rateLimit.responses) {
    drop(rateLimit.notes, "there is no limit of responses a second");
    rateLimit = {};
  }
  if (!forward.forwards()) {
    drop(forward.notes, "nothing is forwarded");
    forward = {};
  }
  sortNotes();
}

}  // namespace taut::importer

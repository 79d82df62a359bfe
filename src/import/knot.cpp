// knot.conf, as knot.conf(5) of Knot DNS 3.2 describes it.
#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "convert.hpp"
#include "converter.hpp"
#include "sources.hpp"

namespace taut::importer {

namespace {

constexpr std::string_view defaultStorage = "/var/lib/knot";
constexpr std::string_view defaultFile = "%s.zone";

// Statements that ask for what taut does anyhow.
bool isSatisfied(const Statement& statement) {
  return statement.keyword() == "dnssec-signing" && yesOrNo(statement.value()) == false;
}

// The labels of a name, the last one first.
std::vector<std::string_view> labelsOf(std::string_view name) {
  std::vector<std::string_view> labels;
  while (!name.empty()) {
    const std::size_t dot = name.rfind('.');
    labels.push_back(dot == std::string_view::npos ? name : name.substr(dot + 1));
    name = name.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  return labels;
}

// `[N]` or `[N-M]` at the front of the text, which is taken off.
struct Indexes {
  std::size_t first, last;
};
std::optional<Indexes> takeIndexes(std::string_view& text) {
  const std::size_t end = text.find(']');
  if (!text.starts_with('[') || end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  const std::size_t dash = inside.find('-');
  const auto first = number(inside.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(inside.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Indexes{static_cast<std::size_t>(*first), static_cast<std::size_t>(*last)};
}

// The file of a zone, whose pattern has formatters; nothing where the pattern is none.
std::optional<std::string> fileOf(std::string_view pattern, std::string_view zone) {
  if (zone.ends_with('.')) zone.remove_suffix(1);
  const std::string dotted = std::string(zone) + '.';
  std::string file;
  while (!pattern.empty()) {
    const char letter = pattern.front();
    pattern.remove_prefix(1);
    if (letter != '%') {
      file += letter;
      continue;
    }
    const char formatter = pattern.empty() ? '\0' : pattern.front();
    pattern.remove_prefix(pattern.empty() ? 0 : 1);
    if (formatter == '%') {
      file += '%';
    } else if (formatter == 's') {
      file += zone;
    } else if (formatter == 'c' || formatter == 'l') {
      const auto indexes = takeIndexes(pattern);
      if (!indexes) return std::nullopt;
      const auto labels = labelsOf(zone);
      if (formatter == 'l')
        file += indexes->first < labels.size() ? labels[indexes->first] : std::string_view();
      else if (indexes->first < dotted.size())
        file += dotted.substr(indexes->first, indexes->last - indexes->first + 1);
    } else {
      return std::nullopt;
    }
  }
  return file;
}

// What says where a zone comes from; null where nothing does.
struct ZoneItems {
  const Statement* storage = nullptr;
  const Statement* file = nullptr;
  const Statement* primary = nullptr;
  const Statement* signing = nullptr;
  const Statement* modules = nullptr;

  bool hasModule(std::string_view name) const {
    if (!modules) return false;
    return std::ranges::any_of(modules->words, [&](const Word& word) { return word.text.starts_with(name); });
  }

  static ZoneItems of(const Statement& block) {
    return {block.child("storage"), block.child("file"), block.child("master"), block.child("dnssec-signing"),
            block.child("module")};
  }
};

class KnotConverter : Converter {
 public:
  explicit KnotConverter(std::string folder) : Converter(std::move(folder)) {}

  TautFile run(const Statements& statements);

 private:
  void prepare(const Statements& statements);
  void section(const Statement& section);
  void serverItem(const Statement& item);
  void listen(const Statement& listen);
  void nsid(const Statement& nsid);
  void templateBlock(const Statement& block);
  void globalModules(const Statement& list);
  void rateLimitModule(const Statement& block);
  void zone(const Statement& zone);
  // Those of the zone, or else of its template.
  ZoneItems itemsOf(const Statement& zone) const;

  std::map<std::string, ZoneItems, std::less<>> templates_;  // by their id
  std::set<std::string> modules_;                            // for all queries
  std::string identity_;
  bool listens_ = false;
};

TautFile KnotConverter::run(const Statements& statements) {
  prepare(statements);
  for (const Statement& next : statements) section(next);
  if (!listens_) {
    unsaid("listening nowhere, which is the default", "instead it is on the loopback addresses");
    listenOn("127.0.0.1", {});
    listenOn("::1", {});
  }
  return finish();
}

void KnotConverter::prepare(const Statements& statements) {
  for (const Statement& section : statements) {
    const Statement* const identity = section.keyword() == "server" ? section.child("identity") : nullptr;
    if (identity) identity_ = identity->value();
    if (section.keyword() != "template") continue;
    for (const Statement& block : section.children) {
      templates_.try_emplace(std::string(block.value()), ZoneItems::of(block));
      const Statement* const modules = block.value() == "default" ? block.child("global-module") : nullptr;
      for (std::size_t i = 1; modules && i < modules->words.size(); ++i) modules_.insert(modules->words[i].text);
    }
  }
}

void KnotConverter::section(const Statement& section) {
  const std::string_view keyword = section.keyword();
  if (!section.block) return unsupported(section);
  for (const Statement& item : section.children) {
    if (keyword == "server" && !item.block)
      serverItem(item);
    else if (keyword == "template" && item.block)
      templateBlock(item);
    else if (keyword == "zone" && item.block)
      zone(item);
    else if (keyword == "mod-rrl" && item.block)
      rateLimitModule(item);
    else if (const std::string_view likeness = like(keyword); !likeness.empty())
      unsupported(item, fmt::format("in section {}: {}", keyword, likeness));
    else
      unsupported(item, fmt::format("in section {}", keyword));
  }
}

void KnotConverter::serverItem(const Statement& item) {
  const std::string_view keyword = item.keyword();
  if (keyword == "listen")
    listen(item);
  else if (keyword == "identity")
    setIdentity(item);
  else if (keyword == "version")
    setText(file_.version, item);
  else if (keyword == "nsid")
    nsid(item);
  else if (keyword == "udp-workers")
    setCount(file_.threads, item, threadRange);
  else if (keyword == "tcp-max-clients")
    setCount(file_.tcpConnections, item, connectionRange);
  else if (keyword == "udp-max-payload")
    setCount(file_.udpSize, item, sizeOf(item.value()), udpSizeRange);
  else if (keyword == "answer-rotation")
    file_.roundRobin = flag(item).value_or(false);
  else
    unsupported(item);
}

void KnotConverter::listen(const Statement& listen) {
  for (std::size_t i = 1; i < listen.words.size(); ++i) {
    if (const auto address = addressOf(listen.word(i))) {
      listenOn(*address, listen.place);
      listens_ = true;
    } else {
      unsupported(listen, fmt::format("'{}' is not an address", listen.word(i)));
    }
  }
}

void KnotConverter::nsid(const Statement& nsid) {
  if (nsid.value().empty())
    file_.hide("nsid");
  else if (identity_ != nsid.value())
    unsupported(nsid, "it is what server.identity says");
}

void KnotConverter::templateBlock(const Statement& block) {
  for (const Statement& item : block.children) {
    const std::string_view keyword = item.keyword();
    // A zone looks for these itself.
    if (keyword == "storage" || keyword == "file" || keyword == "master") continue;
    if (keyword == "global-module" && block.value() == "default")
      globalModules(item);
    else if (!isSatisfied(item))
      unsupported(item, fmt::format("in template {}", block.value()));
  }
}

void KnotConverter::globalModules(const Statement& list) {
  for (std::size_t i = 1; i < list.words.size(); ++i) {
    const std::string_view module = list.word(i);
    if (module == "mod-cookies")
      file_.cookies = true;
    else if (!module.starts_with("mod-rrl/"))
      unsupported(list, fmt::format("module {}", module));
  }
}

void KnotConverter::rateLimitModule(const Statement& block) {
  constexpr std::int64_t knotSlip = 1;
  if (!modules_.contains(fmt::format("mod-rrl/{}", block.value())))
    return unsupported(block, "in section mod-rrl: it is not for all zones");
  for (const Statement& item : block.children) {
    const std::string_view keyword = item.keyword();
    if (keyword == "rate-limit")
      setResponses(item, knotSlip);
    else if (keyword == "slip")
      setRateLimit(file_.rateLimit.slip, item, slipRange);
    else if (keyword != "whitelist")
      unsupported(item, "in section mod-rrl");
    for (std::size_t i = 1; keyword == "whitelist" && i < item.words.size(); ++i) {
      if (const auto network = networkOf(item.word(i)))
        file_.rateLimit.exempt.push_back(*network);
      else
        unsupported(item, fmt::format("'{}' is not a network", item.word(i)));
    }
  }
}

void KnotConverter::zone(const Statement& zone) {
  Notes notes;
  for (const Statement& item : zone.children) {
    const std::string_view keyword = item.keyword();
    const bool isKnown = keyword == "storage" || keyword == "file" || keyword == "template" || keyword == "master";
    if (!isKnown && !isSatisfied(item)) TautFile::noteOn(notes, item);
  }
  const ZoneItems items = itemsOf(zone);
  if (items.primary) return unsupported(zone, "a secondary zone");
  if (items.hasModule("mod-queryacl")) return unsupported(zone, fewerClients);
  const auto file = fileOf(items.file ? items.file->value() : defaultFile, zone.value());
  if (!file) return unsupported(*items.file, fmt::format("the file of zone {}", zone.value()));
  const bool isSigned =
      items.hasModule("mod-onlinesign") || (items.signing && yesOrNo(items.signing->value()) != false);
  const std::string folder = resolved(items.storage ? items.storage->value() : defaultStorage, folder_);
  file_.addZone(zone.value(), resolved(*file, folder), zone, std::move(notes), isSigned);
}

ZoneItems KnotConverter::itemsOf(const Statement& zone) const {
  ZoneItems items = ZoneItems::of(zone);
  const Statement* const named = zone.child("template");
  const auto found = templates_.find(named ? named->value() : "default");
  if (found == templates_.end()) return items;
  for (const auto item :
       {&ZoneItems::storage, &ZoneItems::file, &ZoneItems::primary, &ZoneItems::signing, &ZoneItems::modules})
    if (!(items.*item)) items.*item = found->second.*item;
  return items;
}

}  // namespace

TautFile convertKnot(const Statements& statements, const std::string& folder) {
  return KnotConverter(folder).run(statements);
}

}  // namespace taut::importer

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "taut/base/quoted.hpp"
#include "taut_file.hpp"

namespace taut::importer {

namespace {

bool isControl(char letter) {
  return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
}

std::string escaped(char letter) {
  return fmt::format("\\u{:04x}", static_cast<unsigned char>(letter));
}

// What may stand in a comment: one line without control characters.
std::string plain(std::string_view text) {
  std::string line;
  for (const char letter : text) {
    if (letter == '\n' || letter == '\t' || letter == '\r')
      line += ' ';
    else
      line += isControl(letter) ? escaped(letter) : std::string(1, letter);
  }
  return line;
}

// Where most zones have files that are named alike, the zone's name in the middle: what [zone-defaults] says.
struct FilePattern {
  std::string folder;
  std::string file;  // with {name}

  auto operator<=>(const FilePattern&) const = default;
};

std::optional<FilePattern> patternOf(const ImportedZone& zone) {
  const std::size_t slash = zone.file.rfind('/');
  const bool isAbsolute = zone.file.starts_with('/') && slash > 0;
  if (!isAbsolute || zone.name == "." || zone.name.find('/') != std::string::npos) return std::nullopt;
  std::string file = zone.file.substr(slash + 1);
  const std::size_t begin = file.find(zone.name);
  if (begin == std::string::npos || file.find_first_of("{}") != std::string::npos) return std::nullopt;
  file.replace(begin, zone.name.size(), "{name}");
  return FilePattern{zone.file.substr(0, slash), std::move(file)};
}

std::optional<FilePattern> commonPattern(const std::vector<ImportedZone>& zones) {
  // With a pattern for all, a secondary zone without a file would have one.
  if (std::ranges::any_of(zones, [](const ImportedZone& zone) { return zone.file.empty(); })) return std::nullopt;
  std::map<FilePattern, std::size_t> counts;
  for (const ImportedZone& zone : zones)
    if (auto pattern = patternOf(zone)) ++counts[std::move(*pattern)];
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  if (most == counts.end() || most->second < 2) return std::nullopt;
  return most->first;
}

std::string listOf(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ", ") + quotedForFile(value);
  return '[' + list + ']';
}

class Writer {
 public:
  Writer(const TautFile& file, const std::string& path) : file_(file), path_(path) {}

  std::string write(std::string_view source) {
    line("# Made by tautctl import from {}, a configuration of {}.", plain(path_), source);
    if (!file_.notes.empty()) line("");
    writeNotes(file_.notes);
    if (!serves()) line("\n# There is nothing to serve yet: add a [[zone]], a [recursion], or servers to [forward].");
    if (!file_.hostsFile.empty()) line("\nhosts-file = {}", quotedForFile(file_.hostsFile));
    server();
    listen();
    limits();
    keys();
    acl();
    remotes();
    forward();
    recursion();
    if (file_.logsQueries) line("\n[log]\nqueries.one-in = 1");
    zones();
    return std::move(text_);
  }

 private:
  template <typename... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += fmt::format(format, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }
  bool serves() const {
    return !file_.zones().empty() || !file_.hostsFile.empty() || file_.forward.forwards() || file_.recursion.isEnabled;
  }

  void writeNotes(const Notes& notes);
  void table(std::string_view header);
  void count(std::string_view name, const std::optional<std::int64_t>& value);
  void texts(std::string_view name, const std::vector<std::string>& values);
  void server();
  void listen();
  void limits();
  void keys();
  void acl();
  void remotes();
  void forward();
  void recursion();
  void validation();
  void fixedZones();
  void rebinding();
  void transfers(const ZoneTransfers& transfers);
  void zones();

  const TautFile& file_;
  const std::string& path_;
  std::string text_;
};

void Writer::writeNotes(const Notes& notes) {
  for (const Note& note : notes) {
    std::string place;
    if (note.file)
      place = *note.file == path_ ? fmt::format("line {}: ", note.line)
                                  : fmt::format("{}:{}: ", plain(*note.file), note.line);
    line("# {}not supported: {}{}", place, plain(note.statement),
         note.remark.empty() ? std::string() : " (" + plain(note.remark) + ")");
  }
}

void Writer::table(std::string_view header) {
  line("\n{}", header);
}

void Writer::count(std::string_view name, const std::optional<std::int64_t>& value) {
  if (value) line("{} = {}", name, *value);
}

void Writer::texts(std::string_view name, const std::vector<std::string>& values) {
  line("{} = {}", name, listOf(values));
}

void Writer::server() {
  const std::size_t before = text_.size();
  table("[server]");
  const std::size_t empty = text_.size();
  if (file_.identity) line("identity = {}", quotedForFile(*file_.identity));
  if (file_.version) line("version = {}", file_.version->empty() ? "false" : quotedForFile(*file_.version));
  if (!file_.hidden.empty()) texts("hide", file_.hidden);
  if (file_.allowQuery) texts("allow-query", *file_.allowQuery);
  const auto isUpdated = [](const ImportedZone& zone) {
    return !zone.transfers.allowUpdate.empty() && zone.transfers.primaries.empty();
  };
  const bool keepsAnchors = file_.recursion.isEnabled && file_.recursion.validates && file_.recursion.followsAnchors;
  if (keepsAnchors || std::ranges::any_of(file_.zones(), isUpdated)) line("state-directory = \"/var/lib/taut\"");
  count("threads", file_.threads);
  count("udp-size", file_.udpSize);
  if (file_.roundRobin) line("rrset-roundrobin = true");
  if (file_.cookies && !*file_.cookies)
    line("cookies.enabled = false");
  else if (!file_.cookieSecrets.empty())
    line("cookies.secrets-file = {}", quotedForFile(file_.cookieSecrets));
  if (text_.size() == empty) text_.resize(before);
}

void Writer::listen() {
  if (file_.listen.empty()) return;
  table("[[listen]]");
  texts("address", file_.listen);
}

void Writer::limits() {
  if (file_.tcpConnections) {
    table("[limits]");
    line("tcp.connections = {}  # of each thread", *file_.tcpConnections);
  }
  if (!file_.rateLimit.responses) return;
  table("[rate-limit]");
  count("responses", file_.rateLimit.responses);
  count("all", file_.rateLimit.all);
  count("slip", file_.rateLimit.slip);
  if (file_.rateLimit.window) line("window = \"{}s\"", *file_.rateLimit.window);
  if (!file_.rateLimit.exempt.empty()) texts("exempt", file_.rateLimit.exempt);
}

void Writer::acl() {
  if (file_.acl.empty()) return;
  table("[acl]");
  for (const NamedNetworks& named : file_.acl) {
    if (!named.isTable()) {
      texts(named.name, named.networks);
      continue;
    }
    std::string values;
    const auto add = [&values](std::string_view key, const std::vector<std::string>& list) {
      if (!list.empty()) values += fmt::format("{}{} = {}", values.empty() ? "" : ", ", key, listOf(list));
    };
    add("networks", named.networks);
    add("tsig", named.keys);
    add("update-names", named.updateNames);
    add("update-types", named.updateTypes);
    line("{} = {{ {} }}", named.name, values);
  }
}

void Writer::keys() {
  for (const ImportedKey& key : file_.keys) {
    table(fmt::format("[tsig.{}]", quotedForFile(key.name)));
    line("algorithm = {}", quotedForFile(key.algorithm));
    line("secret = {}", quotedForFile(key.secret));
  }
}

void Writer::remotes() {
  for (const ImportedRemote& remote : file_.remotes) {
    table(fmt::format("[remote.{}]", remote.name));
    texts("address", remote.addresses);
    if (!remote.key.empty()) line("key = {}", quotedForFile(remote.key));
  }
}

void Writer::transfers(const ZoneTransfers& transfers) {
  const auto list = [this](std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) texts(name, values);
  };
  list("primaries", transfers.primaries);
  list("notify", transfers.notify);
  list("allow-notify", transfers.allowNotify);
  list("allow-transfer", transfers.allowTransfer);
  list("allow-update", transfers.allowUpdate);
  const auto text = [this](std::string_view name, const std::string& value) {
    if (!value.empty()) line("{} = {}", name, quotedForFile(value));
  };
  text("catalog", transfers.catalog);
  text("catalog-zone", transfers.catalogZone);
  text("catalog-group", transfers.catalogGroup);
}

void Writer::forward() {
  const ForwardTable& forward = file_.forward;
  if (!forward.forwards()) return;
  table("[forward]");
  if (!forward.servers.empty()) texts("servers", forward.servers);
  // With recursion the servers are asked in the place of the root's, and all else stands in [recursion].
  if (file_.recursion.isEnabled) return;
  if (!forward.resolvConf.empty()) line("resolv-conf = {}", quotedForFile(forward.resolvConf));
  if (forward.allow) texts("allow", *forward.allow);
  if (!forward.cacheSize.empty()) line("cache.size = {}", quotedForFile(forward.cacheSize));
  rebinding();
}

void Writer::rebinding() {
  if (file_.forward.denyRebinding) line("deny-rebinding = true");
  if (!file_.forward.privateDomains.empty()) texts("private-domains", file_.forward.privateDomains);
}

void Writer::recursion() {
  const RecursionTable& recursion = file_.recursion;
  if (!recursion.isEnabled) return;
  table("[recursion]");
  if (file_.forward.allow) texts("allow", *file_.forward.allow);
  if (!recursion.cacheSize.empty()) line("cache-size = {}", quotedForFile(recursion.cacheSize));
  if (!recursion.rootHints.empty()) line("root-hints = {}", quotedForFile(recursion.rootHints));
  validation();
  if (recursion.localRoot) line("local-root = true");
  for (const auto& [key, value] : recursion.flags) line("{} = {}", key, value);
  if (recursion.minTtl) line("min-ttl = \"{}s\"", *recursion.minTtl);
  if (recursion.maxTtl) line("max-ttl = \"{}s\"", *recursion.maxTtl);
  count("upstream-udp-size", recursion.udpSize);
  if (!recursion.outgoing.empty()) texts("outgoing", recursion.outgoing);
  if (!recursion.dns64.empty()) line("dns64 = {}", quotedForFile(recursion.dns64));
  rebinding();
  fixedZones();
  for (const std::string& zone : recursion.policies) {
    table("[[recursion.policy]]");
    line("zone = {}", quotedForFile(zone));
  }
}

void Writer::validation() {
  const RecursionTable& recursion = file_.recursion;
  if (!recursion.validates) return line("validate = false");
  if (!recursion.trustAnchors.empty()) texts("trust-anchors", recursion.trustAnchors);
  if (!recursion.negativeTrustAnchors.empty()) texts("negative-trust-anchors", recursion.negativeTrustAnchors);
}

void Writer::fixedZones() {
  for (const FixedZone& zone : file_.recursion.zones) {
    table("[[recursion.zone]]");
    writeNotes(zone.notes);
    line("name = {}", quotedForFile(zone.name));
    if (zone.isStub) line("kind = \"stub\"");
    texts("servers", zone.servers);
  }
}

void Writer::zones() {
  const auto common = commonPattern(file_.zones());
  if (common) {
    table("[zone-defaults]");
    line("directory = {}", quotedForFile(common->folder));
    line("file = {}", quotedForFile(common->file));
  }
  for (const ImportedZone& zone : file_.zones()) {
    table("[[zone]]");
    writeNotes(zone.notes);
    if (zone.isSigned)
      line(
          "# ATTENTION: the other server signs this zone. taut serves the file as it is, so sign the file beforehand:\n"
          "# where the parent has a DS record, validating resolvers refuse an unsigned zone.");
    line("name = {}", quotedForFile(zone.name));
    const bool isCommon = common && patternOf(zone) == common;
    if (!isCommon && !zone.file.empty()) line("file = {}", quotedForFile(zone.file));
    transfers(zone.transfers);
  }
}

}  // namespace

std::string writeToml(const TautFile& file, std::string_view source, const std::string& path) {
  return Writer(file, path).write(source);
}

}  // namespace taut::importer

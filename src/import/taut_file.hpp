// What a taut.toml says, as far as an import makes it: the values of its keys, and notes on what has no key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "statement.hpp"

namespace taut::importer {

// A statement that taut.toml cannot express, and why where that is not plain.
struct Note {
  const std::string* file = nullptr;  // null: what the source does not say, but does
  std::uint32_t line = 0;
  std::string statement;
  std::string remark;

  friend bool operator==(const Note&, const Note&) = default;
};

using Notes = std::vector<Note>;

struct NamedNetworks {
  std::string name;  // a key of TOML that needs no quotes
  std::vector<std::string> networks;
  std::vector<std::string> keys{};         // of which one has to have signed the message; none: it need not be signed
  std::vector<std::string> updateNames{};  // in allow-update; none: every name
  std::vector<std::string> updateTypes{};  // likewise; none: every type

  bool isTable() const { return !keys.empty() || !updateNames.empty() || !updateTypes.empty(); }
};

struct ImportedKey {
  std::string name;       // without the last dot
  std::string algorithm;  // in lower case
  std::string secret;     // in base64
};

// Another server.
struct ImportedRemote {
  std::string name;
  std::vector<std::string> addresses;
  std::string key;  // empty: none
};

// Whom a zone comes from and goes to. Lists as taut.toml has them.
struct ZoneTransfers {
  std::vector<std::string> primaries;  // none: the zone is what its file says
  std::vector<std::string> notify;
  std::vector<std::string> allowNotify;
  std::vector<std::string> allowTransfer;
  std::vector<std::string> allowUpdate;
  std::string catalog;       // "consume" or "produce"; empty: the zone is no catalog
  std::string catalogZone;   // that the zone is a member of; empty: none
  std::string catalogGroup;  // likewise

  bool needsFile() const { return primaries.empty() && catalog != "produce"; }
};

struct ImportedZone {
  std::string name;  // without the last dot, except for the root
  std::string file;  // empty for a secondary zone without one
  Notes notes;
  ZoneTransfers transfers;
  bool isSigned = false;  // by the other server, which taut does not do
};

// Notes here are on statements that count only where the table is written.
struct RateLimitTable {
  std::optional<std::int64_t> responses, all, slip, window;  // the window in seconds
  std::vector<std::string> exempt;
  Notes notes;
};

// What is not about servers and the cache is as well for a [recursion].
struct ForwardTable {
  std::vector<std::string> servers;
  std::string resolvConf;
  std::optional<std::vector<std::string>> allow;
  std::string cacheSize;  // such as "64M"; empty: no cache
  bool denyRebinding = false;
  std::vector<std::string> privateDomains;
  Notes notes;

  bool forwards() const { return !servers.empty() || !resolvConf.empty(); }
};

// A zone whose servers are known.
struct FixedZone {
  std::string name;
  std::vector<std::string> servers;
  bool isStub = false;  // they serve the zone; otherwise they resolve all names in it
  Notes notes;
};

// Who has names resolved, and private addresses, are in ForwardTable. Notes here are on statements that count only
// where names are resolved.
struct RecursionTable {
  bool isEnabled = false;
  std::string cacheSize;  // such as "64M"; empty: as taut has it by itself
  std::string rootHints;
  bool validates = true;
  bool followsAnchors = false;            // as the keys of their zones change (RFC 5011)
  std::vector<std::string> trustAnchors;  // files; none: those of the root that taut has by itself
  std::vector<std::string> negativeTrustAnchors;
  bool localRoot = false;
  std::map<std::string_view, bool> flags;      // by their keys, where they are not as taut has them by itself
  std::optional<std::int64_t> minTtl, maxTtl;  // in seconds
  std::optional<std::int64_t> udpSize;
  std::vector<std::string> outgoing;
  std::string dns64;  // the prefix; empty: none
  std::vector<FixedZone> zones;
  std::vector<std::string> policies;  // the names of zones
  Notes notes;
};

class TautFile {
 public:
  static constexpr std::size_t maxZones = 2'000'000;

  Notes notes;
  std::string hostsFile;
  std::optional<std::string> identity;
  std::optional<std::string> version;  // empty: not said
  std::vector<std::string> hidden;
  std::optional<std::vector<std::string>> allowQuery;  // nothing: all clients
  std::optional<std::int64_t> threads, udpSize, tcpConnections;
  std::optional<bool> cookies;
  std::string cookieSecrets;
  bool roundRobin = false;
  bool logsQueries = false;
  std::vector<std::string> listen;  // none: all addresses
  RateLimitTable rateLimit;
  std::vector<NamedNetworks> acl;
  std::vector<ImportedKey> keys;
  std::vector<ImportedRemote> remotes;
  ForwardTable forward;
  RecursionTable recursion;

  // Adds a key; a note says so where taut has no such algorithm, or the secret or the name is none.
  void addKey(const Statement& statement, std::string_view name, std::string_view algorithm, std::string_view secret);
  // Whether the key was added. Names of keys are names of DNS.
  bool hasKey(std::string_view name) const;
  // What stands in a list for the server: its address alone, or with a key, or several addresses, a name of a remote.
  std::string remoteFor(std::vector<std::string> addresses, std::string_view key, std::string_view name = {});
  // The name of an access list for messages of these networks, all for none, that are signed with one of the keys.
  std::string signedBy(std::vector<std::string> keys, std::vector<std::string> networks = {});
  // The name of an access list like this one, with its name, or one like it, where there is none yet.
  std::string listFor(NamedNetworks wanted);

  void hide(std::string_view what);

  // Adds a zone, whose name is checked. Where it is there already, or is no name, a note says so. Throws SyntaxError
  // where there are too many.
  void addZone(std::string_view name, std::string file, const Statement& statement, Notes zoneNotes = {},
               bool isSigned = false, ZoneTransfers transfers = {});
  const std::vector<ImportedZone>& zones() const { return zones_; }

  // Notes a statement that has no key.
  void unsupported(const Statement& statement, std::string_view remark = {}) { noteOn(notes, statement, remark); }
  static void noteOn(Notes& notes, const Statement& statement, std::string_view remark = {});

  // Takes away what would count only together with something that is not there, with notes on it, and sorts the notes.
  void finish();

 private:
  void sortNotes();
  void dropSharedFiles();
  bool isNameTaken(std::string_view name) const;

  std::vector<ImportedZone> zones_;
  std::size_t additions_ = 0;
  std::unordered_map<std::string, std::size_t> known_;  // names in lower case
};

// The text of a taut.toml. `source` is named in its first line.
std::string writeToml(const TautFile& file, std::string_view source, const std::string& path);

}  // namespace taut::importer

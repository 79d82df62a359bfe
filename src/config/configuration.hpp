// What the server is to do, in the types of the parts that do it: complete and checked.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "effective_values.hpp"
#include "origin.hpp"
#include "taut/base/address.hpp"
#include "taut/base/address_policy.hpp"
#include "taut/dns/access_list.hpp"
#include "taut/dns/edns.hpp"
#include "taut/dns/name.hpp"
#include "taut/dns/serial_policy.hpp"
#include "taut/dns/tsig_key.hpp"
#include "taut/dns/update_policy.hpp"
#include "taut/dnstap/dnstap.hpp"
#include "taut/io/engine_choice.hpp"
#include "taut/recursor/recursor_options.hpp"
#include "taut/resolver/nat64_prefix.hpp"
#include "taut/server/handler_options.hpp"
#include "taut/server/handler_place.hpp"
#include "taut/server/query_log.hpp"
#include "taut/server/rate_limiter.hpp"
#include "taut/zone/zone_file.hpp"

namespace taut::config {

struct ServerSettings {
  bool freebind = false;  // no address need be on an interface
  unsigned threads = 0;   // 0: one for each core
  EngineKind engine = EngineKind::automatic;
  std::uint16_t udpSize = 0;  // octets
  std::chrono::milliseconds answerTimeout{};
  std::chrono::milliseconds drain{};  // how long it goes on serving when its end has been asked for
  bool rrsetRoundRobin = false;
  AccessList allowQuery;
  std::optional<AddressPolicy> proxies;  // nothing: none
  std::optional<Name> healthName;        // likewise
  std::string version;                   // what version.bind and version.server say
  std::string identity;                  // what id.server and the NSID option say; empty: the host's name
  std::vector<std::string> hidden;       // of what the server says about itself: names of class CH, and "nsid"
  bool cookies = true;
  std::string control;        // the file of the control socket; empty: none
  std::string stateFolder;    // where zones are kept for the next start; empty: nowhere
  std::string cookieSecrets;  // a file; empty: a random secret, another one at each start

  bool tells(std::string_view name) const;
};

struct ListenAddress {
  Address address;
  Origin origin;
};
std::vector<Address> addressesOf(const std::vector<ListenAddress>& listen);

struct Limits {
  std::size_t tcpConnections = 0;  // for each thread
  std::size_t transfers = 0;       // at once
  std::size_t transfersOfClient = 0;
  std::size_t catalogMembers = 0;  // of a catalog that is consumed
};

struct ForwardSettings {
  std::vector<Address> servers;  // empty: those of resolvConf
  std::string resolvConf;        // empty: none
  AccessList allow;
  std::size_t cacheSize = 0;  // octets of all threads together; 0: no cache
  bool denyRebinding = false;
  std::vector<Name> privateDomains;  // that may have private addresses though rebinding is denied
};

// A zone of the server whose records say what becomes of answers.
struct PolicySettings {
  Name zone;
  ExtendedErrorCode reason = ExtendedErrorCode::blocked;
};

// How names are resolved from the root down.
struct RecursionSettings {
  // But for the hints and the anchors, which are in files, and what depends on the machine. `cacheBytes` is for all
  // threads together; 0 stands for a part of the memory.
  RecursorOptions options;
  AccessList allow;
  std::string rootHints;                  // a file; empty: what is usual
  std::vector<std::string> trustAnchors;  // likewise
  std::string trustAnchorState;           // what has become of them; empty: they stay as they are
  bool validates = true;
  bool localRoot = false;  // referrals of the root come from the zone "." of the server
  std::vector<Name> negativeTrustAnchors;
  bool denyRebinding = false;
  std::vector<Name> privateDomains;  // that may have private addresses though rebinding is denied
  bool localZones = true;
  std::optional<Nat64Prefix> dns64;      // nothing: no addresses are made
  std::vector<PolicySettings> policies;  // the first one counts
};

// Who may transfer a zone, and how that is written.
struct TransferAccess {
  AccessList clients;
  std::string text;  // as in a file
};

// Who may update which records of a zone, and how that is written.
struct UpdateAccess {
  UpdatePolicy policy;
  std::string text;  // as in a file
};

// Another server: to get zones from, or to tell of them.
struct RemoteSettings {
  std::vector<Address> addresses;  // at least one
  std::optional<Name> key;         // of [tsig]; nothing: messages are not signed
};

// Lists of zones that say the same are one object.
struct RemoteList {
  static constexpr std::size_t maxRemotes = 32;

  std::vector<std::shared_ptr<const RemoteSettings>> remotes;  // 1 to `maxRemotes`
  std::string text;                                            // as in a file
};

// What a zone is as a catalog (RFC 9432).
enum class CatalogRole : std::uint8_t {
  none,
  consume,  // its members are zones of this server
  produce,  // made by this server of the zones that are members of it
};

// Of which catalog of this server a zone is a member.
struct CatalogMembership {
  Name catalog;
  std::string group;  // empty: none
};

// As texts, which take a fraction of what a Name takes: there may be a hundred thousand.
struct ZoneSettings {
  std::string name;  // a valid domain name; empty: the owner of the file's SOA
  std::string path;  // empty for a secondary zone that is kept in no file
  Origin origin;
  SerialPolicy serial = SerialPolicy::keep;  // of versions that are made here
  CatalogRole catalog = CatalogRole::none;
  std::optional<std::uint32_t> rateLimit;               // responses a second; 0: no limit; nothing: that of all
  std::shared_ptr<const TransferAccess> allowTransfer;  // null: nobody
  std::shared_ptr<const RemoteList> primaries;          // of a secondary zone; null: the file is what the zone is
  std::shared_ptr<const RemoteList> notify;             // who is told of new versions; null: nobody
  std::shared_ptr<const TransferAccess> allowNotify;    // who may tell us, beside the primaries; null: nobody
  std::uint64_t journal = 0;  // octets of differences that are kept; 0: nothing of the zone is kept
  std::shared_ptr<const UpdateAccess> allowUpdate;      // null: nobody
  std::shared_ptr<const CatalogMembership> membership;  // null: of none
  // The templates of the members of a catalog that is consumed. The first one is that of members whose groups name none
  // of the others; null where there is none: [zone-defaults] are.
  std::shared_ptr<const std::vector<std::string>> memberTemplates;

  bool isServed = true;  // false: it is the local root, which answers no client

  bool isSecondary() const { return primaries != nullptr; }
  // Its versions are made here, by dynamic updates. Those of a secondary zone are sent on.
  bool isUpdated() const { return allowUpdate && !isSecondary(); }
  // Whether this server writes the file.
  bool isWritten() const { return !path.empty() && (isSecondary() || catalog == CatalogRole::produce); }
  ZoneSource source() const;
  // Nothing of the zone has to be loaded in another way. The names are compared as they are written.
  bool hasSameSource(const ZoneSettings& other) const { return name == other.name && source() == other.source(); }
};

// There may be a hundred thousand. The blocks of a deque fit where the tables of the file were in memory.
using ZoneList = std::deque<ZoneSettings>;

// What zones have that come while the server runs: what [zone-defaults] or a [template.NAME] says.
struct ZoneTemplate {
  ZoneSettings zone;     // without name and file
  std::string pattern;   // of the path of the file, see placeholderOfName
  bool hasFile = false;  // one is said, and not only because a zone has one as a rule
  std::string group;     // in a catalog; empty: none
};

using ZoneTemplates = std::map<std::string, std::shared_ptr<const ZoneTemplate>, std::less<>>;

// Stands in a pattern for the origin of the zone without its last dot.
inline constexpr std::string_view placeholderOfName = "{name}";

// What some clients are served otherwise.
struct ViewSettings {
  std::string name;
  AccessList match;                        // allows those clients
  bool recursion = true;                   // false: none, neither of the view nor of the configuration
  ZoneList zones;                          // likewise one that does not load ends the start
  std::optional<ForwardSettings> forward;  // of the view alone, all of it; nothing: that of the configuration
};

// A shared object that answers.
struct HandlerSettings {
  std::string name;
  std::string library;  // a file
  HandlerPlace place = HandlerPlace::afterZones;
  std::vector<Name> suffixes;  // empty: every name
  HandlerOptions options;
  Origin origin;  // of the library

  // Which one it is, for messages: `FILE:LINE:COLUMN: handler NAME`.
  std::string label() const;
};

// A key that messages are signed with.
struct TsigSettings {
  TsigKey key;             // without its secret where that is in a file
  std::string secretFile;  // empty: none
  Origin origin;           // of the file, or of the table
};

struct HttpSettings {
  std::vector<ListenAddress> listen;  // empty: no HTTP
  AddressPolicy allow;
};

struct LogSettings {
  int verbose = 0;
  QueryLogSettings queries;
};

struct DnstapSettings {
  std::string socket;  // a file; empty: no dnstap
  DnstapSelection selection;
};

// A file that the server reads again while it runs, or with a slash at the end a folder in which it looks for some.
struct NamedFile {
  std::string path;
  Origin origin;
};

struct Configuration {
  std::string user;  // that root becomes; empty: the one that starts the server
  bool sandbox = true;
  std::vector<ListenAddress> listen;
  ServerSettings server;
  Limits limits;
  std::optional<RateLimit> rateLimit;  // its accounts are for the server to make
  ZoneList zones;                      // one that does not load ends the start
  // By name; that of [zone-defaults] is empty, and always there.
  ZoneTemplates templates;
  std::vector<std::string> zoneLists;
  std::string hostsFile;  // empty: none
  std::optional<ForwardSettings> forward;
  std::optional<RecursionSettings> recursion;  // one of the two at most
  std::vector<TsigSettings> keys;              // each name with one algorithm once
  std::vector<ViewSettings> views;             // the first that matches counts
  std::vector<HandlerSettings> handlers;       // in the order in which they are asked
  HttpSettings http;
  LogSettings log;
  DnstapSettings dnstap;
  std::vector<NamedFile> files;        // those of the configuration itself and those that it names, except zones
  std::vector<EffectiveValue> values;  // all of the above except the zones, as texts with their places

  // Whether questions about other names are answered for clients without a view.
  bool recurses() const { return forward || recursion; }
};

// Has the zone of the local root not served, where there is one, and all others served.
void setServedZones(Configuration& configuration);

// How many chains of a shard forward or recurse: each has sockets of its own.
std::size_t countForwarders(const Configuration& configuration);

}  // namespace taut::config

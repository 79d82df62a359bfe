#include "schema.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "taut/resolver/chaos.hpp"

namespace taut::config {

namespace {

constexpr std::int64_t hour = 3600 * second;
constexpr std::int64_t maxDrain = 600 * second;
constexpr std::int64_t maxRate = 1'000'000;  // responses a second
constexpr std::int64_t maxText = Chaos::maxText;
constexpr std::int64_t maxJournal = std::int64_t{1} << 40;  // octets
constexpr std::int64_t maxCache = std::int64_t{1} << 40;    // octets
constexpr std::int64_t leastRecursionCache = 1 << 20;       // octets
constexpr std::int64_t maxKeptTtl = 7 * 24 * hour;

constexpr std::string_view selfDescriptions[] = {"version.bind", "version.server", "hostname.bind", "id.server",
                                                 "nsid"};
constexpr std::string_view protocols[] = {"udp", "tcp"};
constexpr std::string_view dnstapMessages[] = {"auth-query",      "auth-response",   "client-query",
                                               "client-response", "forwarder-query", "forwarder-response"};
constexpr std::string_view engines[] = {"auto", "io_uring", "epoll"};
constexpr std::string_view queryLogFormats[] = {"text", "json"};
constexpr std::string_view tsigAlgorithms[] = {"hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"};
constexpr std::string_view catalogRoles[] = {"consume", "produce"};
constexpr std::string_view handlerPlaces[] = {"before-zones", "after-zones"};
constexpr std::string_view recursionZoneKinds[] = {"stub", "forward"};
constexpr std::string_view policyReasons[] = {"blocked", "censored", "filtered", "prohibited"};
constexpr std::string_view sha1Policies[] = {"validate", "insecure"};
constexpr std::string_view serialPolicies[] = {"keep", "increment", "unixtime", "date"};

constexpr Key keys[] = {
    {.path = "include",
     .type = ValueType::file,
     .list = true,
     .absent = "none",
     .text =
         "Files to read after this one, their paths relative to it; *, ? and [...] stand for parts of their names."},
    {.path = "hosts-file",
     .type = ValueType::file,
     .absent = "none",
     .text = "Answer A, AAAA and PTR from this file, which has the format of hosts(5)."},
    {.path = "user",
     .least = 1,
     .most = 32,
     .absent = "the user that starts the server",
     .reload = Reload::restart,
     .text = "The user that the server becomes when root starts it, before it reads what the configuration names."},
    {.path = "sandbox",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether the server, once it serves, leaves itself no more files and system calls than it needs."},
    {.path = "server.identity",
     .least = 1,
     .most = maxText,
     .absent = "the host's name",
     .text = "What the server answers for id.server in class CH (RFC 4892) and in the NSID option (RFC 5001)."},
    {.path = "server.version",
     .type = ValueType::textOrFalse,
     .least = 1,
     .most = maxText,
     .absent = "taut and its version",
     .text = "What the server answers for version.bind and version.server in class CH; false: nothing."},
    {.path = "server.hide",
     .type = ValueType::choice,
     .list = true,
     .absent = "nothing",
     .choices = selfDescriptions,
     .text = "What the server does not say about itself."},
    {.path = "server.allow-query",
     .type = ValueType::network,
     .list = true,
     .absent = "everyone",
     .text = "Networks whose queries are answered; those of others are refused."},
    {.path = "server.freebind",
     .type = ValueType::boolean,
     .preset = "false",
     .reload = Reload::restart,
     .text = "Start though no interface has any of the addresses to listen on; each is served from when one has it."},
    {.path = "server.proxy-from",
     .type = ValueType::network,
     .list = true,
     .absent = "none",
     .text = "Networks of balancers, which have to say for which client each query is: by the PROXY protocol, version "
             "2."},
    {.path = "server.health-name",
     .type = ValueType::domain,
     .absent = "none",
     .text =
         "A name whose questions say whether the server is ready for clients: NOERROR without data, or else SERVFAIL."},
    {.path = "server.threads",
     .type = ValueType::count,
     .most = 1024,
     .preset = "0",
     .reload = Reload::restart,
     .text = "How many threads serve; 0: one for each core that the server may use."},
    {.path = "server.engine",
     .type = ValueType::choice,
     .preset = "auto",
     .reload = Reload::restart,
     .choices = engines,
     .text = "What the server asks the kernel by: io_uring, epoll, or auto: io_uring where the kernel and its policy "
             "allow it, else epoll."},
    {.path = "server.control",
     .type = ValueType::file,
     .absent = "none",
     .reload = Reload::restart,
     .text = "The socket file by which tautctl(8) steers the server."},
    {.path = "server.state-directory",
     .type = ValueType::folder,
     .absent = "none: it is forgotten at the end",
     .reload = Reload::restart,
     .text =
         "The folder in which zones are kept for the next start: secondary zones, when each was checked and when it "
         "expires, and differences between the versions of zones (zone.journal)."},
    {.path = "server.udp-size",
     .type = ValueType::count,
     .least = 512,
     .most = 4096,
     .preset = "1232",
     .reload = Reload::restart,
     .text = "The largest reply over UDP, in octets. A longer one is truncated, and the client asks again over TCP."},
    {.path = "server.answer-timeout",
     .type = ValueType::duration,
     .least = second,
     .most = hour,
     .preset = "10s",
     .text = "How long a query may go without an answer; then it is SERVFAIL."},
    {.path = "server.drain",
     .type = ValueType::duration,
     .most = maxDrain,
     .preset = "0s",
     .text = "How long the server goes on serving, not ready for clients, when its end has been asked for."},
    {.path = "server.rrset-roundrobin",
     .type = ValueType::boolean,
     .preset = "false",
     .text = "Begin the RRsets of each answer with another record, so that clients spread over all."},
    {.path = "server.cookies.enabled",
     .type = ValueType::boolean,
     .preset = "true",
     .text = "Whether the server makes and proves cookies (RFC 7873)."},
    {.path = "server.cookies.secrets-file",
     .type = ValueType::file,
     .absent = "a random secret, another one at each start",
     .text = "File of mode 0640 at most with the secrets of server cookies, 32 hexadecimal digits a line; the first "
             "makes cookies."},
    {.path = "listen[].address",
     .type = ValueType::address,
     .list = true,
     .absent = "without a [[listen]], all addresses, port 53",
     .text = "Addresses to listen on, with a port or else on port 53."},
    {.path = "listen[].protocol",
     .type = ValueType::choice,
     .list = true,
     .absent = "both",
     .choices = protocols,
     .text = "The protocols that are served there: \"udp\" and \"tcp\", which go together."},
    {.path = "limits.tcp.connections",
     .type = ValueType::count,
     .least = 1,
     .most = 1'000'000,
     .preset = "1024",
     .text =
         "How many TCP connections each thread serves at a time; one more ends the oldest of the client with most."},
    {.path = "limits.transfers.at-once",
     .type = ValueType::count,
     .least = 1,
     .most = 100'000,
     .preset = "100",
     .text = "How many zone transfers to clients are under way at a time; one more is SERVFAIL."},
    {.path = "limits.transfers.per-client",
     .type = ValueType::count,
     .least = 1,
     .most = 100'000,
     .preset = "20",
     .text = "How many of them may be those of one address."},
    {.path = "limits.catalog-members",
     .type = ValueType::count,
     .least = 1,
     .most = 10'000'000,
     .preset = "100000",
     .text = "How many members a catalog that is consumed may have; a version with more is not taken."},
    {.path = "rate-limit.responses",
     .type = ValueType::count,
     .least = 1,
     .most = maxRate,
     .absent = "no limit",
     .text = "How many responses of one kind a second one network gets over UDP."},
    {.path = "rate-limit.all",
     .type = ValueType::count,
     .most = maxRate,
     .absent = "ten times rate-limit.responses",
     .text = "How many responses of all kinds a second one network gets over UDP; 0: no such limit."},
    {.path = "rate-limit.slip",
     .type = ValueType::count,
     .most = 10,
     .preset = "2",
     .text = "Of the responses above the limit, one in so many is sent truncated, the others are dropped; 0: all are."},
    {.path = "rate-limit.window",
     .type = ValueType::duration,
     .least = second,
     .most = hour,
     .preset = "15s",
     .text = "For how long a network is limited after a flood, at most, in whole seconds."},
    {.path = "rate-limit.exempt",
     .type = ValueType::network,
     .list = true,
     .absent = "none",
     .text = "Networks that are not limited."},
    {.path = "rate-limit.network[].networks",
     .type = ValueType::network,
     .list = true,
     .text =
         "Networks with a limit of their own, for responses out of every zone. Of several with a client's address the "
         "longest counts."},
    {.path = "rate-limit.network[].responses",
     .type = ValueType::count,
     .most = maxRate,
     .text = "As rate-limit.responses, for these networks; 0: no limit."},
    {.path = "rate-limit.network[].all",
     .type = ValueType::count,
     .most = maxRate,
     .absent = "ten times their responses, unless rate-limit.all is 0",
     .text = "As rate-limit.all, for these networks; 0: no such limit."},
    {.path = "acl.*",
     .type = ValueType::network,
     .list = true,
     .absent = "\"loopback\", \"private\", \"link-local\" and \"any\" are known",
     .text = "Networks that the name stands for wherever networks are expected."},
    {.path = "acl.*.networks",
     .type = ValueType::network,
     .list = true,
     .absent = "all networks",
     .text = "Networks that the name stands for, as in a list; with tsig, for messages from there that are signed."},
    {.path = "acl.*.tsig",
     .type = ValueType::domain,
     .list = true,
     .absent = "no key is needed",
     .text = "Names of keys, of which one has to have signed the message, for access lists of messages."},
    {.path = "acl.*.update-names",
     .list = true,
     .absent = "every name",
     .text =
         "In allow-update, the names whose records may be updated: \"host.example.com\", \"*.example.com\" for those "
         "below it, \"self\" for the name of the key, \"*.self\" for those below that."},
    {.path = "acl.*.update-types",
     .list = true,
     .absent = "every type",
     .text = "In allow-update, the types of the records that may be updated, such as \"A\" and \"AAAA\"."},
    {.path = "tsig.*.algorithm",
     .type = ValueType::choice,
     .absent = "hmac-sha256",
     .choices = tsigAlgorithms,
     .text = "The algorithm of the key that the table's name is the name of (RFC 8945)."},
    {.path = "tsig.*.secret",
     .type = ValueType::secret,
     .absent = "that of secret-file",
     .text = "The secret of the key, in base64; it is shown nowhere."},
    {.path = "tsig.*.secret-file",
     .type = ValueType::file,
     .absent = "none",
     .text = "File of mode 0640 at most that holds the secret of the key, in base64 on one line."},
    {.path = "remote.*.address",
     .type = ValueType::address,
     .list = true,
     .text = "Addresses of the server that the table's name stands for, with a port or else with port 53; the others "
             "are for when the first is not reached."},
    {.path = "remote.*.key",
     .type = ValueType::domain,
     .absent = "messages are not signed",
     .text = "The name of the key, one of [tsig], that what is asked of the server and told to it is signed with."},
    {.path = "zone-defaults.directory",
     .type = ValueType::folder,
     .absent = "the folder of the file that names the zone",
     .text = "The folder that relative paths of master files lead from."},
    {.path = "zone-defaults.file",
     .type = ValueType::file,
     .preset = "{name}.zone",
     .text = "The master file of a zone that names none; {name} stands for its origin without the last dot."},
    {.path = "zone-defaults.primaries",
     .list = true,
     .absent = "none",
     .text = "As zone.primaries, for zones that have none."},
    {.path = "zone-defaults.notify",
     .list = true,
     .absent = "nobody",
     .text = "As zone.notify, for zones that have none."},
    {.path = "zone-defaults.serial",
     .type = ValueType::choice,
     .preset = "keep",
     .choices = serialPolicies,
     .text = "As zone.serial, for zones that have none."},
    {.path = "zone-defaults.allow-notify",
     .type = ValueType::network,
     .list = true,
     .absent = "the zone's primaries alone",
     .text = "As zone.allow-notify, for secondary zones that have none."},
    {.path = "zone-defaults.allow-transfer",
     .type = ValueType::network,
     .list = true,
     .absent = "nobody",
     .text = "As zone.allow-transfer, for zones that have none, those of views too."},
    {.path = "zone-defaults.journal",
     .type = ValueType::size,
     .most = maxJournal,
     .preset = "64M",
     .text = "As zone.journal, for zones that have none."},
    {.path = "zone-defaults.allow-update",
     .type = ValueType::network,
     .list = true,
     .absent = "nobody",
     .text = "As zone.allow-update, for zones that have none."},
    {.path = "zone-defaults.catalog-zone",
     .type = ValueType::domain,
     .absent = "none",
     .text = "As zone.catalog-zone, for zones that have none and are no catalogs."},
    {.path = "zone-defaults.catalog-group",
     .least = 1,
     .most = 255,
     .absent = "none",
     .text = "As zone.catalog-group, for zones that have none."},
    {.path = "template.*.directory",
     .type = ValueType::folder,
     .absent = "that of zone-defaults.directory",
     .text = "As zone-defaults.directory, for the zones that name the template; so are the keys that follow."},
    {.path = "template.*.file",
     .type = ValueType::file,
     .absent = "that of zone-defaults.file",
     .text = "As zone-defaults.file."},
    {.path = "template.*.primaries",
     .list = true,
     .absent = "those of zone-defaults.primaries",
     .text = "As zone.primaries."},
    {.path = "template.*.notify", .list = true, .absent = "those of zone-defaults.notify", .text = "As zone.notify."},
    {.path = "template.*.serial",
     .type = ValueType::choice,
     .absent = "that of zone-defaults.serial",
     .choices = serialPolicies,
     .text = "As zone.serial."},
    {.path = "template.*.allow-notify",
     .type = ValueType::network,
     .list = true,
     .absent = "those of zone-defaults.allow-notify",
     .text = "As zone.allow-notify."},
    {.path = "template.*.allow-transfer",
     .type = ValueType::network,
     .list = true,
     .absent = "those of zone-defaults.allow-transfer",
     .text = "As zone.allow-transfer."},
    {.path = "template.*.journal",
     .type = ValueType::size,
     .most = maxJournal,
     .absent = "that of zone-defaults.journal",
     .text = "As zone.journal."},
    {.path = "template.*.allow-update",
     .type = ValueType::network,
     .list = true,
     .absent = "those of zone-defaults.allow-update",
     .text = "As zone.allow-update."},
    {.path = "template.*.catalog-zone",
     .type = ValueType::domain,
     .absent = "that of zone-defaults.catalog-zone",
     .text = "As zone.catalog-zone."},
    {.path = "template.*.catalog-group",
     .least = 1,
     .most = 255,
     .absent = "that of zone-defaults.catalog-group",
     .text = "As zone.catalog-group."},
    {.path = "zone[].name",
     .type = ValueType::domain,
     .absent = "with a file, the owner of its SOA record",
     .text = "The zone's origin."},
    {.path = "zone[].file",
     .type = ValueType::file,
     .absent = "that of zone-defaults.file; for a secondary zone, where such a key is given",
     .text = "The zone's master file (RFC 1035 section 5). That of a secondary zone is read at the start and written "
             "after each transfer; without one, and where nothing is kept of it (zone.journal), it is transferred at "
             "each start."},
    {.path = "zone[].template",
     .absent = "none",
     .text = "The name of a [template.NAME], whose values hold where the zone has none; those of [zone-defaults] hold "
             "where neither has."},
    {.path = "zone[].primaries",
     .list = true,
     .absent = "none: the zone is what its file says",
     .text = "The servers that the zone is got from, addresses and names of [remote]: it is a secondary zone, and its "
             "file, if it has one, is written."},
    {.path = "zone[].notify",
     .list = true,
     .absent = "nobody",
     .text = "The servers that are told of each new version, by NOTIFY (RFC 1996): addresses and names of [remote]."},
    {.path = "zone[].serial",
     .type = ValueType::choice,
     .absent = "that of zone-defaults.serial",
     .choices = serialPolicies,
     .text =
         "The serial of a version that the server makes of a zone: where a file has changed and its serial has not "
         "gone forward, or for a dynamic update. increment: the number after the last one; unixtime: seconds since "
         "1970; date: YYYYMMDD00 of the day by UTC, both the number after the last one where that is not newer; "
         "keep: that of the file, with a warning, and for an update as increment. Zones with signatures or a ZONEMD "
         "record keep that of the file."},
    {.path = "zone[].allow-notify",
     .type = ValueType::network,
     .list = true,
     .absent = "its primaries alone",
     .text = "Who may tell of a new version of a secondary zone, beside its primaries: networks, and names of [acl]."},
    {.path = "zone[].rate-limit",
     .type = ValueType::count,
     .most = maxRate,
     .absent = "that of [rate-limit]",
     .text =
         "As rate-limit.responses, for responses out of this zone to networks without a limit of their own, with ten "
         "times as many of all kinds unless rate-limit.all is 0; 0: no limit."},
    {.path = "zone[].allow-transfer",
     .type = ValueType::network,
     .list = true,
     .absent = "nobody",
     .text = "Who may transfer the zone, whole (AXFR) or what has changed (IXFR): networks, and names of [acl], which "
             "may ask "
             "for a key."},
    {.path = "zone[].journal",
     .type = ValueType::size,
     .most = maxJournal,
     .absent = "that of zone-defaults.journal",
     .text = "How many octets of differences between its versions are kept in server.state-directory, for incremental "
             "transfers (IXFR) after a restart, and, of a secondary zone, with an image of a version, for the start "
             "itself; 0: nothing of the zone is kept."},
    {.path = "zone[].allow-update",
     .type = ValueType::network,
     .list = true,
     .absent = "nobody",
     .text =
         "Who may change records by dynamic updates (RFC 2136): networks, and names of [acl], which may ask for a key "
         "and say which names and types. For a secondary zone, whose updates are sent on to its primary."},
    {.path = "zone[].catalog",
     .type = ValueType::choice,
     .absent = "the zone is no catalog",
     .choices = catalogRoles,
     .text = "consume: the zone is a catalog (RFC 9432), and its members are zones of this server. produce: the server "
             "makes the zone, a catalog of the zones that name it in catalog-zone, and keeps it in "
             "server.state-directory. Only who may transfer a catalog may ask about it."},
    {.path = "zone[].members",
     .list = true,
     .absent = "what [zone-defaults] say, and the primaries of the catalog where nothing says a file or primaries",
     .text = "The names of templates for the members of a catalog that is consumed: the first one holds for all whose "
             "groups name none of the others."},
    {.path = "zone[].catalog-zone",
     .type = ValueType::domain,
     .absent = "none",
     .text = "The catalog that the zone is a member of: a [[zone]] with catalog = \"produce\"."},
    {.path = "zone[].catalog-group",
     .least = 1,
     .most = 255,
     .absent = "none",
     .text = "The zone's group in that catalog, by which consumers know how to serve it."},
    {.path = "zone-list[].file",
     .type = ValueType::file,
     .text = "A file with a zone on each line: its origin, a tab, its master file; loaded while the server serves."},
    {.path = "forward.servers",
     .type = ValueType::address,
     .list = true,
     .absent = "none",
     .text =
         "Servers to forward to, with a port or else to port 53; the one expected to answer soonest is asked first."},
    {.path = "forward.resolv-conf",
     .type = ValueType::file,
     .absent = "none",
     .text = "Forward to the servers in this file, which has the format of resolv.conf(5)."},
    {.path = "forward.allow",
     .type = ValueType::network,
     .list = true,
     .absent = "\"loopback\", \"private\" and \"link-local\"",
     .text = "Networks whose questions are forwarded; those of others are refused."},
    {.path = "forward.cache.size",
     .type = ValueType::size,
     .most = maxCache,
     .preset = "0",
     .reload = Reload::restart,
     .text = "Memory in which answers are kept as long as their TTL allows, for all threads together; 0: no cache."},
    {.path = "forward.deny-rebinding",
     .type = ValueType::boolean,
     .preset = "false",
     .reload = Reload::restart,
     .text = "Refuse private addresses in forwarded answers, against DNS rebinding."},
    {.path = "forward.private-domains",
     .type = ValueType::domain,
     .list = true,
     .absent = "none",
     .text = "Domains that may have private addresses though rebinding is denied."},
    {.path = "recursion.enabled",
     .type = ValueType::boolean,
     .absent = "true where there is a [recursion]",
     .reload = Reload::restart,
     .text =
         "Whether the server finds answers itself, from the root of the domain names down, and validates them. With "
         "forward.servers, these are asked in the place of the root, and what they answer is validated."},
    {.path = "recursion.allow",
     .type = ValueType::network,
     .list = true,
     .absent = "\"loopback\", \"private\" and \"link-local\"",
     .text = "Networks for whose clients names are resolved; the questions of others are refused."},
    {.path = "recursion.cache-size",
     .type = ValueType::size,
     .least = leastRecursionCache,
     .most = maxCache,
     .absent = "a tenth of the memory, 1G at most",
     .reload = Reload::restart,
     .text =
         "Memory in which is kept what was learnt, for all threads together. The names that are looked for take half "
         "as much besides at most, or 4M for each thread where that is more."},
    {.path = "recursion.root-hints",
     .type = ValueType::file,
     .absent = "/usr/share/dns/root.hints, or else what is built in",
     .reload = Reload::restart,
     .text = "The master file with the servers of the root and their addresses, which are asked first."},
    {.path = "recursion.trust-anchors",
     .type = ValueType::file,
     .list = true,
     .absent = "/usr/share/dns/root.key, or else what is built in",
     .reload = Reload::restart,
     .text =
         "Master files with the DS and DNSKEY records that validation begins with, of the root and of other zones."},
    {.path = "recursion.trust-anchor-state",
     .type = ValueType::file,
     .absent = "trust-anchors.state in server.state-directory, where that is given",
     .reload = Reload::restart,
     .text =
         "The file in which is kept how the keys of zones with trust anchors change: one that a trusted key has "
         "signed for 30 days is trusted from then on, and one that is revoked is not (RFC 5011). The server makes "
         "it, and a folder that it may write to. Without the file the trust anchors stay as they are, and so they do "
         "with recursion.plain-iteration."},
    {.path = "recursion.validate",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether what is found is validated by DNSSEC (RFC 4035)."},
    {.path = "recursion.negative-trust-anchors",
     .type = ValueType::domain,
     .list = true,
     .absent = "none",
     .text = "Names at and below which nothing is validated (RFC 7646), because their signatures are known to be "
             "broken."},
    {.path = "recursion.local-root",
     .type = ValueType::boolean,
     .preset = "false",
     .text =
         "Whether referrals of the root, and its keys, come from a copy of the root zone and not from its servers "
         "(RFC 8806): from that of a [[zone]] with name = \".\", which has a file, or primaries that allow its "
         "transfer. The copy is used while it has a ZONEMD record that matches it and whose signature a trust anchor "
         "vouches for. No client is answered from it, whatever allow-transfer says."},
    {.path = "recursion.sha1",
     .type = ValueType::choice,
     .preset = "validate",
     .reload = Reload::restart,
     .choices = sha1Policies,
     .text = "What is done with signatures and digests by SHA-1 (RFC 9905): validate, or insecure, as if there were "
             "none."},
    {.path = "recursion.zone[].name",
     .type = ValueType::domain,
     .reload = Reload::restart,
     .text = "A zone whose servers are known, whatever public delegations say; of several the longest name counts."},
    {.path = "recursion.zone[].kind",
     .type = ValueType::choice,
     .absent = "forward",
     .reload = Reload::restart,
     .choices = recursionZoneKinds,
     .text = "What its servers are. forward: they resolve all names in it; stub: they serve the zone, and refer to the "
             "servers of those below it."},
    {.path = "recursion.zone[].servers",
     .type = ValueType::address,
     .list = true,
     .reload = Reload::restart,
     .text = "The servers of the zone, with a port or else port 53."},
    {.path = "recursion.local-zones",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text =
         "Whether names that mean something on a host or network alone, such as localhost and the reverse names of "
         "private addresses, are answered without asking a server (RFC 6303, RFC 6761). Zones of recursion.zone are "
         "left out."},
    {.path = "recursion.dns64",
     .absent = "none",
     .reload = Reload::restart,
     .text = "The prefix of the network's NAT64, such as \"64:ff9b::/96\": names without IPv6 addresses get their IPv4 "
             "addresses within it (RFC 6147)."},
    {.path = "recursion.policy[].zone",
     .type = ValueType::domain,
     .text =
         "A response policy zone, one of [[zone]] or of a catalog: its records say what becomes of answers. Of several "
         "the first one counts."},
    {.path = "recursion.policy[].reason",
     .type = ValueType::choice,
     .absent = "blocked",
     .choices = policyReasons,
     .text = "What clients are told where the zone denies a name (RFC 8914): blocked, where the operator wants it so; "
             "censored, where someone else does; filtered, where the client does; or prohibited."},
    {.path = "recursion.upstream-ipv4",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether servers are asked over IPv4."},
    {.path = "recursion.upstream-ipv6",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether servers are asked over IPv6."},
    {.path = "recursion.outgoing",
     .type = ValueType::address,
     .list = true,
     .absent = "those that the system chooses",
     .reload = Reload::restart,
     .text = "Addresses of this host, without ports, that servers are asked from, one at random for each question; for "
             "servers of a family without one the system chooses."},
    {.path = "recursion.qname-minimisation",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether servers are told no more of a name than they need to know (RFC 9156)."},
    {.path = "recursion.harden-glue",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text =
         "Whether the addresses that come with a delegation are believed only where they lie in the zone whose servers "
         "say so. Without it a zone can lead the questions for others astray."},
    {.path = "recursion.query-loopback",
     .type = ValueType::boolean,
     .preset = "false",
     .reload = Reload::restart,
     .text =
         "Whether servers at 127.0.0.0/8 and ::1 are asked to which a delegation leads. Those of recursion.zone are "
         "in any case."},
    {.path = "recursion.upstream-cookies",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether questions to servers have cookies (RFC 7873)."},
    {.path = "recursion.upstream-udp-size",
     .type = ValueType::count,
     .least = 512,
     .most = 4096,
     .preset = "1232",
     .reload = Reload::restart,
     .text = "The largest reply over UDP, in octets, that servers are asked for."},
    {.path = "recursion.deadline",
     .type = ValueType::duration,
     .least = 100,
     .most = hour,
     .preset = "8s",
     .reload = Reload::restart,
     .text = "How long an answer is looked for, at most nine tenths of server.answer-timeout."},
    {.path = "recursion.min-ttl",
     .type = ValueType::duration,
     .most = hour,
     .preset = "0s",
     .reload = Reload::restart,
     .text = "How long what was learnt is kept at least, in whole seconds, and though its TTL is shorter."},
    {.path = "recursion.max-ttl",
     .type = ValueType::duration,
     .least = second,
     .most = maxKeptTtl,
     .preset = "1d",
     .reload = Reload::restart,
     .text = "How long what was learnt is kept at most, in whole seconds."},
    {.path = "recursion.serve-stale",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether what has ended is answered, with a TTL of 30 seconds, where nothing newer can be had within 1.8 "
             "seconds (RFC 8767)."},
    {.path = "recursion.synthesise-denials",
     .type = ValueType::boolean,
     .preset = "true",
     .reload = Reload::restart,
     .text = "Whether NSEC and NSEC3 records that were validated answer for other names too (RFC 8198)."},
    {.path = "recursion.plain-iteration",
     .type = ValueType::boolean,
     .preset = "false",
     .reload = Reload::restart,
     .text = "Ask nothing that an answer can do without, for tests of resolvers: no second server beside a slow one, "
             "and nothing ahead of time."},
    {.path = "recursion.deny-rebinding",
     .type = ValueType::boolean,
     .preset = "false",
     .reload = Reload::restart,
     .text = "Refuse private addresses in answers, against DNS rebinding."},
    {.path = "recursion.private-domains",
     .type = ValueType::domain,
     .list = true,
     .absent = "none",
     .text = "Domains that may have private addresses though rebinding is denied."},
    {.path = "handler[].name",
     .least = 1,
     .most = 63,
     .text = "What the log, metrics and tautctl(8) call the handler: the name that its library has it under, or that "
             "name with a hyphen and more after it."},
    {.path = "handler[].library", .type = ValueType::file, .text = "The shared object that holds the handler."},
    {.path = "handler[].place",
     .type = ValueType::choice,
     .absent = "after-zones",
     .choices = handlerPlaces,
     .text = "Where the handler is asked: before the zones, or after them and the hosts file, before the cache and "
             "forwarding."},
    {.path = "handler[].suffix",
     .type = ValueType::domain,
     .list = true,
     .absent = "every name",
     .text = "The handler is asked for these names and for those below them."},
    {.path = "handler[].options.*",
     .type = ValueType::any,
     .absent = "none",
     .text = "A value that the handler takes, by the name that it gives it."},
    {.path = "view[].name", .least = 1, .most = 64, .text = "The view's name, of letters, digits, '-', '_' and '.'."},
    {.path = "view[].match",
     .type = ValueType::network,
     .list = true,
     .text = "Networks whose clients have the view. The first view of the file that has a client's address counts."},
    {.path = "view[].recursion",
     .type = ValueType::boolean,
     .absent = "true",
     .text = "false: questions of the view's clients are not forwarded, and no cache answers them."},
    {.path = "view[].zone[].name",
     .type = ValueType::domain,
     .absent = "with a file, the owner of its SOA record",
     .text = "The origin of a zone of the view, which stands before a zone of this name outside the view."},
    {.path = "view[].zone[].file",
     .type = ValueType::file,
     .absent = "that of zone-defaults.file",
     .text = "The zone's master file."},
    {.path = "view[].zone[].allow-transfer",
     .type = ValueType::network,
     .list = true,
     .absent = "nobody",
     .text = "As zone.allow-transfer, for clients of the view."},
    {.path = "view[].forward.servers",
     .type = ValueType::address,
     .list = true,
     .absent = "those of [forward], unless resolv-conf is given",
     .text = "Servers to forward the questions of the view's clients to."},
    {.path = "view[].forward.resolv-conf",
     .type = ValueType::file,
     .absent = "that of [forward], unless servers are given",
     .text = "Forward to the servers in this file."},
    {.path = "view[].forward.allow",
     .type = ValueType::network,
     .list = true,
     .absent = "as in [forward]",
     .text = "Networks whose questions are forwarded; those of other clients of the view are refused."},
    {.path = "view[].forward.cache.size",
     .type = ValueType::size,
     .most = maxCache,
     .absent = "as in [forward]",
     .text =
         "Memory of the view's own cache, for all threads together; 0: no cache. With another size it begins empty."},
    {.path = "view[].forward.deny-rebinding",
     .type = ValueType::boolean,
     .absent = "as in [forward]",
     .text = "Refuse private addresses in forwarded answers."},
    {.path = "view[].forward.private-domains",
     .type = ValueType::domain,
     .list = true,
     .absent = "as in [forward]",
     .text = "Domains that may have private addresses though rebinding is denied."},
    {.path = "http.listen",
     .type = ValueType::address,
     .list = true,
     .absent = "none",
     .text = "Serve metrics, health and a live page over HTTP here, with a port or else on port 9153."},
    {.path = "http.allow",
     .type = ValueType::network,
     .list = true,
     .absent = "\"loopback\"",
     .text = "Networks that may read over HTTP."},
    {.path = "log.verbose",
     .type = ValueType::count,
     .most = 2,
     .preset = "0",
     .reload = Reload::restart,
     .text = "0: failures only; 1: log each query; 2: log what is replied too."},
    {.path = "log.queries.one-in",
     .type = ValueType::count,
     .most = 1'000'000,
     .preset = "0",
     .text = "A line of the log for one query in so many; 1: for all, 0: for none."},
    {.path = "log.queries.errors",
     .type = ValueType::boolean,
     .preset = "false",
     .text = "A line of the log for each query whose RCODE is not NOERROR, and for each without a reply."},
    {.path = "log.queries.format",
     .type = ValueType::choice,
     .preset = "text",
     .choices = queryLogFormats,
     .text = "What the line of a query is: text, or a JSON object."},
    {.path = "dnstap.socket",
     .type = ValueType::file,
     .absent = "none",
     .reload = Reload::restart,
     .text = "Write dnstap to the program that listens on this socket file, by frame streams."},
    {.path = "dnstap.messages",
     .type = ValueType::choice,
     .list = true,
     .absent = "all",
     .choices = dnstapMessages,
     .text =
         "Which messages are written: those with clients that ask for recursion where the server forwards, those with "
         "other clients (auth), and those with the servers that are forwarded to."},
    {.path = "dnstap.one-in",
     .type = ValueType::count,
     .least = 1,
     .most = 1'000'000,
     .preset = "1",
     .text = "Write one query in so many, together with its response; 1: all."},
};

// What of a pattern comes after a path that begins it; nothing where the path does not. A star is any one name.
std::optional<std::string_view> restAfter(std::string_view pattern, std::string_view path) {
  for (;;) {
    const std::size_t star = pattern.find('*');
    if (star == pattern.npos || path.size() <= star || !path.starts_with(pattern.substr(0, star)))
      return pattern.starts_with(path) ? std::optional(pattern.substr(path.size())) : std::nullopt;
    path.remove_prefix(star);
    path.remove_prefix(firstName(path).size());
    pattern.remove_prefix(star + 1);
  }
}

}  // namespace

std::span<const Key> schema() {
  return keys;
}

const Key* findKey(std::string_view path) {
  const auto* const found = std::ranges::find(keys, path, &Key::path);
  return found == std::end(keys) ? nullptr : found;
}

const Key& keyOf(std::string_view path) {
  const Key* const key = findKey(path);
  if (!key) throw std::logic_error("the configuration has no key " + std::string(path));
  return *key;
}

const Key* findKeyFor(std::string_view path) {
  if (const Key* const key = findKey(path)) return key;
  for (const Key& key : keys) {
    if (key.path.find('*') == key.path.npos) continue;
    const auto rest = restAfter(key.path, path);
    if (rest && rest->empty()) return &key;
    if (key.type == ValueType::any && path.starts_with(key.path.substr(0, key.path.size() - 1))) return &key;
  }
  return nullptr;
}

bool isOfServedZone(const Key& key) {
  return key.path.starts_with("zone[].") || key.path.starts_with("view[].zone[].");
}

std::string_view firstName(std::string_view path) {
  const bool isQuoted = path.starts_with('"');
  const std::size_t end = isQuoted ? path.find('"', 1) : path.find_first_of(".[");
  return path.substr(0, isQuoted && end != path.npos ? end + 1 : end);
}

std::string_view withoutQuotes(std::string_view name) {
  return name.size() > 1 && name.starts_with('"') ? name.substr(1, name.size() - 2) : name;
}

bool takesAnyName(std::string_view table) {
  return table == "tsig." || table == "remote." || table == "template.";
}

Place placeOf(std::string_view path) {
  if (findKey(path)) return Place::key;
  for (const Key& key : keys) {
    const auto rest = restAfter(key.path, path);
    if (rest && rest->starts_with("[].")) return Place::list;
    if (rest && rest->starts_with(".")) return Place::table;
  }
  return Place::unknown;
}

std::string inFile(std::string_view path) {
  std::string text;
  for (; !path.empty(); path.remove_prefix(path.starts_with("[]") ? 2 : 1))
    if (!path.starts_with("[]")) text.push_back(path.front());
  return text;
}

std::string tableHeader(std::string_view path) {
  return path.ends_with("[]") ? "[[" + inFile(path) + "]]" : '[' + inFile(path) + ']';
}

std::vector<std::string_view> namesWithin(std::string_view prefix) {
  std::vector<std::string_view> names;
  for (const Key& key : keys) {
    const auto rest = restAfter(key.path, prefix);
    if (!rest) continue;
    const std::string_view name = rest->substr(0, rest->find_first_of(".["));
    if (name != "*" && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace taut::config

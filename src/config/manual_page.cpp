#include <string>
#include <string_view>

#include <fmt/format.h>

#include "documents.hpp"
#include "expectation.hpp"
#include "schema.hpp"

namespace taut::config {

namespace {

constexpr std::string_view opening =
    R"(.\" Made of the schema in src/config/schema.cpp: ninja -C build manual\-page makes it anew.
.TH TAUT.TOML 5 "" "taut" "File formats"
.SH NAME
taut.toml \- configuration file of tautd
.SH DESCRIPTION
.BR tautd (8)
reads this file where
.B \-\-config
names it. /etc/taut/taut.toml is read without being named, where it is there and no option says what to serve. The
format is TOML 1.0: texts stand in quotes, lists in brackets, and # begins a comment.
.PP
A size is a whole number of octets, or a text with a unit, K, M or G, each 1024 times the one before: "256M". A
duration is a text
with a unit, ms, s, m, h or d: "500ms". Where networks are expected, each is ADDRESS/LENGTH, an address, or a name: one
of [acl], or else loopback, private, link\-local or any. A name of [acl] may ask for a key too, see KEYS OF MESSAGES. A
path is relative to the file that names it.
.PP
In every text, ${NAME} stands for the variable NAME of the environment, which has to be set; $${ stands for ${ itself.
.PP
A list of tables, such as [[zone]] or [[view]], may go on in files that are included. Any other key stands once in
all files
together.
.PP
.B tautd \-\-check
prints all mistakes, each as FILE:LINE:COLUMN: what is wrong, what was expected. It reads the configuration only, and
none of the files that it names, such as those of zones, except the libraries of handlers: it loads each and makes its
handler once, which is not started. Of the mistakes in TOML itself it prints the first of each
file.
.SH KEYS
)";

constexpr std::string_view closing = R"(.SH VIEWS
Clients of some networks can be served otherwise than all others. The first [[view]] whose networks have a client's
address counts for it, in the order in which they stand in the file and in those that it includes. A client that no
view has is served by what stands outside them.
.PP
What a view does not say is as it is outside. Its clients see its zones and all others, and of those that enclose a name
the one with the longest origin answers, as everywhere; where both have a zone of one name, the view's answers. A view
with a table [view.forward] forwards by itself, and has a cache of its own: what its clients ask for is neither told to
those of another view nor answered from what these have asked. Without the table it shares forwarding and cache with
all who
have no view; with recursion = false it has neither. The hosts file, the log, and the limits are the same for all
clients.
.PP
The zones of a view stand in tables [[view.zone]] after it, each with the keys of a [[zone]], or in a list, zone = [{
name
= "example.com" }]. [zone\-defaults] holds for them too.
.SH KEYS OF MESSAGES
A table [tsig.NAME] is a key that messages may be signed with (TSIG, RFC 8945), and NAME the key's own name, which both
sides give it: a domain name, in quotes where it has a dot, [tsig."transfer.example"]. The secret stands in a file of
its own, which others than its owner and group may not read, or in the table.
.B openssl rand \-base64 32
makes one. Neither
.B tautctl config show
nor the log shows it.
.PP
A message with a TSIG is verified before anything is decided about it, and all that answers it is signed. An unknown key
is BADKEY, a wrong signature BADSIG. A clock that differs by more than the client allows, five minutes as a rule, is
BADTIME: the log then has both times, once a minute at most.
.PP
A name of [acl] that is a table can ask for keys: xfr = { networks = ["198.51.100.7"], tsig = ["transfer\-key"] } is for
messages that come from there and are signed with the key; without networks they may come from anywhere. Such a name can
stand in server.allow\-query, in match of a view, in allow\-transfer, allow\-update and allow\-notify of zones, and in
allow of [forward] and [view.forward], beside networks, whose clients need no key. Elsewhere, where no message is
concerned, it is a mistake. In allow\-update alone it can have update\-names and update\-types too, to which it is
limited then.
.PP
A key is changed without a gap by a second one: add it here and reload, change the other side, and take the old one
away.
.SH SECONDARY ZONES
A zone with primaries is a secondary one: it comes from these servers by zone transfers (AXFR, IXFR), when they tell
of a new version (NOTIFY) and as often as its SOA says. A table [remote.NAME] is another server, with one key for what
is asked of it and told to it; where no key is used, its address alone will do in a list.
.PP
The file of a secondary zone is the server's: it is read at the start, where it is there, and written beside and then
in its place after each new version. It belongs to one zone alone. A file that cannot be written costs a line of the
log, and the zone is served all the same. A secondary zone has a file only where file is given for it, in its template
or in [zone\-defaults].
.PP
server.state\-directory holds what is kept of zones: of a secondary zone ORIGIN the image of a version, ORIGIN.snapshot,
and what has changed since and before, ORIGIN.journal; of one with a master file that others may transfer, what has
changed between its versions; and zones.state: when each zone was checked, and when it expires, by the calendar. What is
there goes before the file of a secondary zone. Where there is neither, the zone is transferred at each start, by
.B tautctl upgrade
too, and is SERVFAIL until then. One server at a time keeps zones in a folder, by a lock on zones.lock. What cannot be
kept costs a line of the log, and is tried again.
.PP
A NOTIFY is heard from the zone's primaries, where they have a key signed with it, and from those in allow\-notify.
Those in notify are told of each version with a newer serial, and once at each start.
.PP
A zone that has expired is SERVFAIL until a primary answers again; then any serial is taken.
.PP
A value that a zone does not have comes from its [template.NAME], and else from [zone\-defaults]. Zones of views have
no primaries, and tell nobody.
.SH HANDLERS
A [[handler]] answers by code of one's own, a shared object that is built without the server, see docs/handlers.md
of taut. It is asked for the names of its suffix, or for every name, after the zones or before them. Of several in
one place the first of the file is asked first; the first answer counts, and where the handler has none the next in
the chain is asked. Handlers are asked for all clients, those of views too.
.PP
The object has to be built for this version of taut. That is found out from the file, before any of it runs; a wrong
one is a mistake of the configuration, with what is wrong. So is an option that the handler does not know, and one
that it does not take. The object is not linked to libtaut, which would be there twice.
.PP
A reload starts a handler anew whose options, suffix or place have changed, or whose file has. All that is new is
started before anything is taken over, and where one does not start the reload is refused. A handler of which
nothing has changed stays as it is, with its state and its connections. Queries that wait in one that goes are
answered by it. What is loaded is a copy in memory, so a file may be written over at any time; a library that was
loaded stays in memory until the server ends, as the code of it may be in use. With the first handler, and without
the last one, the caches of views begin empty.
.PP
In the sandbox a handler may do what the server may: open sockets of UDP, TCP and UNIX and connect them, read files
in the folders that are named below, start threads. It cannot write files or start programs; a system call that the
server has no use for ends the server. Where the server starts without a handler, none can be loaded until a
restart, because then no code may come into the process.
.PP
.B tautctl handlers
says what each has been asked.
.SH SANDBOX
Once its sockets are open and the zones of [[zone]] are loaded, the server leaves itself no more than it needs, see
SANDBOX in
.BR tautd (8).
Of files it leaves what is in these folders, and in those within them: the folder of each file that the configuration or
a zone is made of, or that they name; those in which include looks for files; and zone\-defaults.directory. It is the
folder and not the file, because a file that is written anew takes the place of the old one. Symbolic links are followed
at the start: the folder of the link counts, and that of the file to which it leads. So a file in /etc leaves all of
/etc to the server, as far as its user may read it; files in folders of their own leave less. With a [[handler]] the
system's libraries below /lib, /usr/lib and /usr/local/lib can be read too, and code can be loaded.
.PP
Files are written only in the folders of secondary zones' files and in server.state\-directory.
.PP
The folders are those of the start. A reload that names a file in another one is refused as for a mistake, with the
place that names it: it needs a restart, or
.BR "tautctl upgrade" ,
which loses no query. A list of zones with such a line is served as it was before. A zone of a list
that includes a file of another folder does not load; named by a [[zone]], it does.
.SH BALANCERS
A balancer such as dnsdist stands for many clients, and all of them would have its address. server.proxy\-from names
networks in which only balancers are. What they send has to say for which client it is, by a header of the PROXY
protocol, version 2, of up to 512 octets: before the message in each datagram, and once at the beginning of each
connection. Access lists, views, cookies, limits, the query log and dnstap see the client; the reply goes to the
balancer. A header that stands for the balancer itself (the command LOCAL) leaves its own address.
.PP
A message of such a network without a header is dropped, and a connection that does not begin with one ends; both are
counted, by taut_dns_dropped_total with the reason proxy. A header from elsewhere is a message that means nothing. The
address of a datagram can be forged, so let none with a balancer's address come from outside.
.PP
A balancer can ask for the server.health\-name whether to send clients here. While the server is ready, as /health/ready
of
.BR tautd (8)
says it, the reply is NOERROR without data, for every type. While zones are loaded for the first time, with
.BR "tautctl drain" ,
and for server.drain once its end has been asked for, it is SERVFAIL. Every client is answered, whatever access lists,
views and rate limits say, and no zone or other server is asked.
.SH RELOAD
SIGHUP has
.B tautd
read the file, those that it includes, and those that it names again. Where there is a mistake in it, or in the secrets
of cookies or keys, nothing changes: each mistake is logged with its place, and the server serves as before. Otherwise
what has changed is logged, and holds from
the next query on. Zones, cache, counters and open connections live on, and no query is lost. A new zone that does not
load is SERVFAIL until its file is mended. What has changed in views holds when all zones have been loaded. A view
keeps its
cache unless its forward.cache.size or forward.deny\-rebinding changes, or it no longer forwards by itself; a query that
waits in a view which goes is answered by it still.
.PP
New addresses to listen on are opened before anything changes; where one cannot be, the reload is refused as for a
mistake. Then those that are not listened on any more are closed: queries that have come there are answered, and
connections finish what they have been asked, for up to four seconds. Those that stay are not touched.
.PP
A change of a key of which this page says so needs a restart. So does a first server to forward to, the first hosts
file, doing without either, and forward.private\-domains where forward.deny\-rebinding changes too. The log names the
file and the line of each key, and the rest is done all the same.
.B tautctl config diff
says beforehand what a reload would change, and what of it needs a restart;
.B tautctl config show
says what holds.
.PP
A file that is the same one on disk, with the same size and the same time of its last change, is not read again;
.B tautctl reload \-\-force
loads the zones whose files are so too.
.SH ENVIRONMENT
A variable sets a key too, and takes the place of what the file says: TAUT_ and the path of the key in capitals, with
two
underscores for a dot and one for a hyphen. TAUT_SERVER__UDP_SIZE=1400 sets server.udp\-size. A text is written
without quotes, a
list as in the file: TAUT_SERVER__HIDE='["nsid"]'. A list of tables is set as a whole: TAUT_ZONE='[{name =
"example.com"}]'.
A variable with two underscores in a row that is no key is a mistake. So is one that looks like a key; all others that
begin with
TAUT_ are left alone. An option of the command line takes the place of both file and environment.
.SH FILES
.TP
.I /etc/taut/taut.toml
The file that is read unless another one is named. A configuration file has 256 MiB at most, and includes up to 1000
others.
.SH EXAMPLES
One more zone, while the server runs: its file beside the others, a table for it at the end of the configuration, a
check as the user that the server has, and a reload:
.PP
.nf
.RS
$ editor /etc/taut/zones/example.org.zone
$ printf '[[zone]]\enfile = "zones/example.org.zone"\en' >> /etc/taut/taut.toml
$ runuser \-u taut \-\- tautctl check \-\-zones
$ tautctl reload
.RE
.fi
.PP
Two zones for everyone, forwarding with a cache for one's own networks, and for the office another zone example.com:
.PP
.nf
.RS
[server]
identity = "ns1.example.com"

[[listen]]
address = ["192.0.2.1", "2001:db8::1"]

[acl]
office = ["192.0.2.0/24", "2001:db8:10::/48"]

[zone\-defaults]
directory = "/var/lib/taut/zones"
[[zone]]
name = "example.com"
[[zone]]
name = "example.net"
file = "net.zone"

[forward]
servers = ["198.51.100.53", "198.51.100.54"]
allow = ["office", "loopback"]
cache.size = "256M"

[[view]]
name = "inside"
match = ["office"]
[[view.zone]]
name = "example.com"
file = "inside/example.com.zone"
.RE
.fi
.SH SEE ALSO
.BR tautd (8),
.BR tautctl (8),
.BR taut\-checkzone (1)
)";

std::string escaped(std::string_view text) {
  std::string roff;
  for (const char c : text) {
    if (c == '\\')
      roff += "\\e";
    else if (c == '-')
      roff += "\\-";
    else
      roff.push_back(c);
  }
  return roff;
}

// Empty for the top of the file.
std::string header(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == path.npos) return {};
  return tableHeader(path.substr(0, dot));
}

std::string entry(const Key& key) {
  std::string expected = expectation(key);
  std::string text = fmt::format(".TP\n.B {}\n{}\nExpected: {}.", escaped(key.path.substr(key.path.rfind('.') + 1)),
                                 escaped(key.text), escaped(expected));
  if (!key.preset.empty()) text += fmt::format(" Default: {}.", escaped(key.preset));
  if (!key.absent.empty()) text += fmt::format(" Default: {}.", escaped(key.absent));
  if (key.reload == Reload::restart) text += " A change needs a restart.";
  return text + '\n';
}

}  // namespace

std::string manualPage() {
  std::string page(opening);
  std::string table;
  page += ".SS At the top of the file, before the first table\n";
  for (const Key& key : schema()) {
    const std::string here = header(key.path);
    if (here != table) page += fmt::format(".SS {}\n", escaped(here));
    table = here;
    page += entry(key);
  }
  return page.append(closing);
}

}  // namespace taut::config

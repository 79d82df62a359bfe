"""Name servers as primaries and secondaries of each other: tautd, Knot DNS, NSD, BIND and PowerDNS. What concerns the
zone and its key in their configurations is that of docs/secondaries.md, with the addresses and files of the test."""
import base64
import json
import os
import re
import signal
import socket
from pathlib import Path

import dns.exception
import dns.message
import dns.query

from support import TAUTD, Process, TestCase, free_port, wait_until, which

TAUTCTL = os.environ["TAUT_TAUTCTL"]
SECRET = base64.b64encode(b"the secret of the transfer key..").decode()
WRONG = base64.b64encode(b"another secret, for another key.").decode()
ORIGIN = "example.com"
PDNS_SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"


def zone_text(serial, changed="192.0.2.1", refresh=3600, retry=600, expire=86400):
    return f"$ORIGIN example.com.\n$TTL 300\n@ SOA ns1 hostmaster {serial} {refresh} {retry} {expire} 60\n@ NS ns1\n" \
           f"ns1 A 127.0.0.1\nwww A {changed}\nsub NS ns.sub\nns.sub A 192.0.2.53\na.b.c A 192.0.2.7\n" \
           "*.wild TXT \"wild\"\n" + "".join(f"host{number} A 10.0.0.{number}\n" for number in range(1, 200))


def ask_server(port, query):
    """The reply of a server on this host to a query, or nothing; that it is not there is noticed at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(("127.0.0.1", port))
        try:
            return dns.query.udp(query, "127.0.0.1", port=port, timeout=10, sock=client)
        except (dns.exception.Timeout, OSError):
            return None


def documented(first_line, document="secondaries.md"):
    """The block of the document that begins with this comment, without it."""
    text = Path(os.environ["TAUT_SOURCE"], "docs", document).read_text()
    for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line, rest = block.split("\n", 1)
        if line.lstrip("#; ").startswith(first_line):
            return rest
    raise AssertionError(f"docs/{document} has no block {first_line!r}")


class PeersTest(TestCase):
    """What tests of a zone that servers have from each other ask of them."""

    def ask(self, port, name=ORIGIN, kind="SOA", **options):
        query = dns.message.make_query(name, kind, flags=0, **options)
        return ask_server(port, query)

    def serial(self, port):
        reply = self.ask(port)
        return reply.answer[0][0].serial if reply and reply.answer else None

    def wait_for_serial(self, server, serial, seconds=20):
        try:
            wait_until(lambda: self.serial(server.port) == serial, seconds, f"{server.name} has serial {serial}")
        except AssertionError as error:
            raise AssertionError(f"{error}, but {self.serial(server.port)}\n{server.process.log()}") from None

    def wait_for_start(self, server):
        """Zones are answered a little before they are kept up to date and updates are taken."""
        wait_until(lambda: self.control(server, "status")["state"] == "ready", 20, f"{server.name} has started")

    def control(self, server, *words, status=0):
        done = self.run_program(TAUTCTL, "--socket", server.folder / "control", "--json", *words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr


class Peer:
    """One server with the zone, in a folder of its own; `other` is the port of the server that it transfers with."""

    def __init__(self, test, role, port=None):
        self.test = test
        self.role = role
        self.port = port or free_port()
        self.secret = SECRET
        self.folder = test.folder / f"{self.name}-{role}"
        self.folder.mkdir(exist_ok=True)
        self.process = None

    def write(self, name, text):
        path = self.folder / name
        new = self.folder / (name + ".being-written")
        new.write_text(text)
        return new.rename(path)

    def write_zone(self, serial, **options):
        self.write("example.com.zone", zone_text(serial, **options))

    def spawn(self, *command):
        self.process = Process(command, self.test.folder, name=f"{self.name}-{self.role}", cwd=self.folder)
        self.process.port = self.port
        self.test.addCleanup(self.process.kill)

    def start(self, other):
        if self.role == "primary":
            self.write_zone(1)
        self.configure(other)
        self.run()

    def change(self, serial, **options):
        self.write_zone(serial, **options)
        self.process.signal(signal.SIGHUP)

    def with_ports(self, text, other, own, theirs):
        """The addresses of the documentation as those of the test: `own` and `theirs` put a port to one."""
        text = text.replace("SECRET", self.secret)
        here, there = ("192.0.2.1", "192.0.2.2") if self.role == "primary" else ("192.0.2.2", "192.0.2.1")
        text = re.sub(rf"(?<![\d.]){re.escape(here)}(?![\d.])", own, text)
        return re.sub(rf"(?<![\d.]){re.escape(there)}(?![\d.])", theirs, text)


class Taut(Peer):
    name = "taut"
    more = ""

    def text(self, other):
        zone = self.folder / "example.com.zone"
        text = documented(f"/etc/taut/taut.toml, on the {self.role}")
        text = text.replace("/etc/taut/transfer-key", str(self.folder / "transfer-key"))
        text = text.replace("/etc/taut/zones/example.com.zone", str(zone))
        text = text.replace("/var/lib/taut/example.com.zone", str(zone)).replace("/var/lib/taut", str(self.folder))
        text = text.replace('networks = ["192.0.2.2"]', 'networks = ["127.0.0.1"]')
        text = self.with_ports(text, other, "127.0.0.1", f"127.0.0.1:{other}")
        text = text.replace("[server]\n", f'[server]\ncontrol = "{self.folder}/control"\n')
        if "[server]" not in text:
            text = f'[server]\ncontrol = "{self.folder}/control"\n{text}'
        return f'{self.more}{text}\n[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'

    def configure(self, other):
        key = self.write("transfer-key", self.secret + "\n")
        key.chmod(0o640)
        self.write("taut.toml", self.text(other))

    def run(self, **options):
        self.process = Process([TAUTD, "--config", self.folder / "taut.toml"], self.test.folder,
                               name=f"tautd-{self.role}", **options)
        self.process.port = self.port
        process = self.process
        self.test.addCleanup(lambda: self.test._finish(process))


class Knot(Peer):
    name = "knot"

    def settings(self):
        """Where it listens, and where its files and its log are"""
        return f"""server:
  listen: 127.0.0.1@{self.port}
  rundir: {self.folder}
database:
  storage: {self.folder}
log:
- target: stderr
  any: info
"""

    def configure(self, other):
        text = documented(f"knot.conf, on the {self.role}")
        acl, rest = text.split("acl:", 1)
        acl = self.with_ports(acl, other, "127.0.0.1", f"127.0.0.1@{other}")
        rest = self.with_ports(rest, other, "127.0.0.1", "127.0.0.1")
        self.write("knot.conf", f"""{self.settings()}template:
- id: default
  storage: {self.folder}
{acl}acl:{rest}""")

    def run(self):
        self.spawn(which("knotd"), "-c", self.folder / "knot.conf")


class Nsd(Peer):
    name = "nsd"

    def configure(self, other):
        text = documented(f"nsd.conf, on the {self.role}")
        lines = []
        for line in text.splitlines():
            asks = line.split(":")[0].strip() in ("notify", "request-xfr")
            lines.append(self.with_ports(line, other, "127.0.0.1", f"127.0.0.1@{other}" if asks else "127.0.0.1"))
        self.write("nsd.conf", f"""server:
  ip-address: 127.0.0.1@{self.port}
  server-count: 1
  username: ""
  database: ""
  zonesdir: "{self.folder}"
  pidfile: "{self.folder}/nsd.pid"
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  zonelistfile: "{self.folder}/zone.list"
  verbosity: 2
  xfrd-reload-timeout: 0
  rrl-ratelimit: 0
remote-control:
  control-enable: no
""" + "\n".join(lines) + "\n")

    def run(self):
        self.spawn(which("nsd"), "-d", "-c", self.folder / "nsd.conf")


class Named(Peer):
    name = "named"

    def configure(self, other):
        text = self.with_ports(documented(f"named.conf, on the {self.role}"), other, "127.0.0.1",
                               f"127.0.0.1 port {other}")
        self.write("named.conf", f"""options {{
  directory "{self.folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  notify-delay 0;
}};
controls {{ }};
{text}""")

    def run(self):
        self.spawn(which("named"), "-g", "-n", "1", "-c", self.folder / "named.conf")


class Pdns(Peer):
    name = "pdns"

    def configure(self, other):
        schema = Path(PDNS_SCHEMA).read_text()
        done = self.test.run_program(which("sqlite3"), self.folder / "db", text=schema)
        self.test.assertEqual(done.returncode, 0, done.stderr)
        options = "primary=yes\nonly-notify=\nallow-axfr-ips=\n" if self.role == "primary" else "secondary=yes\n"
        self.write("pdns.conf", f"""launch=gsqlite3
gsqlite3-database={self.folder}/db
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.folder}
daemon=no
guardian=no
disable-syslog=yes
loglevel=6
xfr-cycle-interval=1
zone-cache-refresh-interval=0
query-cache-ttl=0
cache-ttl=0
negquery-cache-ttl=0
{options}""")
        commands = documented(f"PowerDNS, on the {self.role}")
        commands = self.with_ports(commands, other, "127.0.0.1", f"127.0.0.1:{other}")
        for line in commands.splitlines():
            self.control("pdnsutil", *line.split()[1:])

    def control(self, program, *words):
        done = self.test.run_program(which(program), f"--config-dir={self.folder}", *words, cwd=self.folder)
        self.test.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def run(self):
        self.spawn(which("pdns_server"), f"--config-dir={self.folder}")

    def change(self, serial, **options):
        self.write_zone(serial, **options)
        self.control("pdnsutil", "load-zone", ORIGIN, "example.com.zone")
        self.control("pdns_control", "notify", ORIGIN)


PEERS = {peer.name: peer for peer in (Knot, Nsd, Named, Pdns)}

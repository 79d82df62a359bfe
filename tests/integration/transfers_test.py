"""Zone transfers out: asked by dig, kdig and dnspython, and by Knot DNS, NSD and BIND as secondaries."""
import base64
import os
import re
import signal
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import dns.message
import dns.opcode
import dns.query
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.xfr
import dns.zone

from support import NOERROR, REFUSED, SANITIZED, SOA, TAUTD, Process, TestCase, ask_tcp, free_port, main, make_query, \
    read_frame, resident_kilobytes, wait_until, which

SECRET = base64.b64encode(b"the secret of the transfer key..").decode()
NOTIMP, NOTAUTH = 4, 9
AXFR, IXFR = 252, 251
HOSTS = 50_000


def zone_text(serial, hosts=HOSTS, changed="192.0.2.1"):
    head = f"$TTL 300\n@ SOA ns1 hostmaster {serial} 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n" \
           f"changed A {changed}\n" \
           "cut NS ns.cut\nns.cut A 192.0.2.9\nhidden.cut TXT occluded\n*.wild MX 10 Mail\nMail AAAA 2001:db8::1\n"
    return head + "".join(f"h{i} A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n" for i in range(hosts))


class Primary(TestCase):
    """tautd with one zone that may be transferred."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.path = self.folder / "taut.toml"
        self.write_zone(1)

    def write_zone(self, serial, **options):
        """In one step, so that no reload sees a part."""
        self.write("new.zone", zone_text(serial, **options)).rename(self.folder / "example.zone")

    def configure(self, allow='["loopback"]', more=""):
        rule = f"allow-transfer = {allow}\n" if allow else ""
        self.write("new", f'{more}\n[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'
                          f'[[zone]]\nname = "example"\nfile = "example.zone"\n{rule}').rename(self.path)

    def start(self, *arguments, **options):
        self.configure(*arguments, **options)
        server = Process([TAUTD, "--config", self.path], self.folder, name="tautd")
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        return server

    def reload(self, server, log):
        before = server.log().count(log)
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.log().count(log) > before, 15, f"the log has {log!r} again")

    def change(self, server, serial, **options):
        self.write_zone(serial, **options)
        self.reload(server, "1 loaded anew")

    def dig(self, *words, port=None, program="dig"):
        done = self.run_program(which(program), "@127.0.0.1", "-p", port or self.port, "example.", *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def records(self, *words, **options):
        """The records that came, each on a line, sorted: those of a whole zone, without signatures of messages."""
        lines = [re.sub(r"\s+", " ", line) for line in self.dig(*words, **options).splitlines()
                 if line and not line.startswith(";")]
        return sorted(line for line in lines if " TSIG " not in line)

    def rcode(self, kind, transport="+tcp"):
        return re.search(r"status: (\w+)", self.dig(transport, "-t", kind, "+comments")).group(1)

    def xfr(self, zone=None, **options):
        """dnspython's own secondary, which takes a whole zone or differences."""
        zone = zone or dns.zone.Zone("example.", relativize=False)
        query, _ = dns.xfr.make_query(zone, **options)
        dns.query.inbound_xfr("127.0.0.1", zone, query, port=self.port, timeout=120, lifetime=400)
        return zone

    def code(self, kind, name="example"):
        return ask_tcp("127.0.0.1", self.port, make_query(name, kind, recursion=False)).rcode


class Transfers(Primary):
    def test_clients_get_the_whole_zone(self):
        """dig, kdig and dnspython get the same records of a zone whole, each once and the SOA twice"""
        server = self.start()
        by_dig = self.records("AXFR")
        self.assertEqual(len(by_dig), HOSTS + 10)
        self.assertEqual(self.records("AXFR", program="kdig"), by_dig)
        self.assertIn("hidden.cut.example. 300 IN TXT \"occluded\"", by_dig)
        self.assertIn("Mail.example. 300 IN AAAA 2001:db8::1", by_dig)
        zone = self.xfr()
        self.assertEqual(sum(len(rdataset) for _, rdataset in zone.iterate_rdatasets()), HOSTS + 9)
        log = server.wait_for_log("AXFR, serial 1, 50010 records, ")
        self.assertRegex(log, r"zone example\. to 127\.0\.0\.1:\d+: AXFR, serial 1, 50010 records, \d+ messages, ")

    def test_a_reload_gives_differences(self):
        """A master file that was edited is transferred as what has changed, over TCP and, where it fits, over UDP"""
        server = self.start()
        zone = self.xfr()
        self.change(server, 2, changed="192.0.2.2")
        self.change(server, 3, changed="192.0.2.3")
        self.xfr(zone)
        server.wait_for_log("IXFR, serial 1 to 3, 10 records, 1 message, ")
        self.assertEqual(str(zone.find_rdataset("changed.example.", "A")[0]), "192.0.2.3")
        over_udp = self.dig("IXFR=2", "+notcp")
        self.assertEqual(len(re.findall(r"\bIN\s+SOA\b", over_udp)), 4)
        self.assertIn("192.0.2.2", over_udp)
        self.assertIn("EXPIRE: 86400", self.dig("SOA", "+expire"))
        self.assertEqual(len(re.findall(r"\bIN\s+SOA\b", self.dig("IXFR=3"))), 1)
        self.assertEqual(len(self.records("IXFR=99999")), 1)  # newer than what there is
        self.assertEqual(len(self.records("IXFR=0")), HOSTS + 10)

    def test_a_serial_that_does_not_go_forward_is_warned_of(self):
        """A zone that changes without its serial is loaded, with a warning, and then transferred whole"""
        server = self.start()
        self.change(server, 2, changed="192.0.2.2")
        self.change(server, 2, changed="192.0.2.3")
        server.wait_for_log("warning zone example. has changed, and its serial 2 has not")
        self.assertEqual(len(self.records("IXFR=1")), HOSTS + 10)
        self.change(server, 1, changed="192.0.2.4")
        server.wait_for_log("warning zone example. has serial 1 after 2, which is not newer")

    def test_access_holds_and_is_reloaded(self):
        """Without a rule nobody transfers, the rule counts, and a reload changes it"""
        server = self.start(allow=None)
        self.assertEqual(self.rcode("AXFR"), "REFUSED")
        self.configure('["192.0.2.0/24"]')
        self.reload(server, "who may transfer zones has changed")
        self.assertEqual(self.rcode("AXFR"), "REFUSED")
        self.configure('["127.0.0.1"]')
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.code(AXFR) == NOERROR, 15, "the transfer is allowed")
        self.change(server, 2, changed="192.0.2.2")
        self.assertEqual(len(self.records("IXFR=1")), 6)
        self.configure(None)
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.code(AXFR) == REFUSED, 15, "the transfer is refused")

    def test_what_is_no_transfer_has_its_rcode(self):
        """AXFR over UDP is NOTIMP, a zone that is not served NOTAUTH, and IXFR without a serial FORMERR"""
        self.start()
        reply = dns.query.udp(dns.message.make_query("example.", "AXFR"), "127.0.0.1", port=self.port, timeout=30)
        self.assertEqual(reply.rcode(), NOTIMP)
        self.assertEqual(self.code(AXFR, "example.org"), NOTAUTH)
        self.assertEqual(self.code(AXFR, "h1.example"), NOTAUTH)
        self.assertEqual(self.code(IXFR), 1)

    def test_a_reload_in_the_middle_changes_nothing(self):
        """A transfer is of one version, though the zone is loaded anew while its client reads"""
        server = self.start()
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(20)
            query = make_query("example", AXFR, recursion=False)
            connection.sendall(struct.pack(">H", len(query)) + query)
            frames = [read_frame(connection)]
            self.change(server, 2, changed="192.0.2.2", hosts=10)
            # To take them apart meanwhile would make this a client that reads too slowly.
            while sum(struct.unpack(">H", frame[6:8])[0] for frame in frames) < HOSTS + 10:
                frames.append(read_frame(connection))
        messages = (dns.message.from_wire(frame, one_rr_per_rrset=True, xfr=True) for frame in frames)
        records = [rrset for message in messages for rrset in message.answer]
        self.assertEqual(len(records), HOSTS + 10)
        self.assertEqual({rrset[0].serial for rrset in records if rrset.rdtype == SOA}, {1})
        server.wait_for_log("AXFR, serial 1, 50010 records, ")

    def test_clients_that_do_not_read_cost_little(self):
        """Transfers to clients that read slowly or not at all hold no zone's worth of memory, and others go on"""
        server = self.start()
        before = resident_kilobytes(server.pid)
        query = make_query("example", AXFR, recursion=False)
        stalled = []
        for _ in range(20):
            connection = socket.socket()
            self.addCleanup(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(struct.pack(">H", len(query)) + query)
            stalled.append(connection)
        time.sleep(1)
        self.assertEqual(ask_tcp("127.0.0.1", self.port, make_query("h1.example", recursion=False)).rcode, NOERROR)
        if not SANITIZED:
            self.assertLess(resident_kilobytes(server.pid) - before, 20 * 256 + 2048)
        self.assertEqual(self.code(AXFR), 2)  # this client has all places that one may have
        for connection in stalled:
            connection.close()
        wait_until(lambda: self.code(AXFR) == NOERROR, 15, "the places are free again")
        server.wait_for_log("; broken off")

    def test_many_at_once(self):
        """Many clients transfer at once, and each gets the zone whole"""
        server = self.start(more="[limits.transfers]\nper-client = 50\n")
        with ThreadPoolExecutor(16) as pool:
            sizes = set(pool.map(lambda _: len(self.records("AXFR")), range(32)))
        self.assertEqual(sizes, {HOSTS + 10})
        wait_until(lambda: server.log().count("50010 records") == 32, 10, "each has a line")

    def test_a_signed_transfer(self):
        """A key that the rule asks for opens the zone, and each message is signed with it"""
        server = self.start('["secondaries"]', more=KEYED)
        self.assertEqual(self.rcode("AXFR"), "REFUSED")
        self.assertEqual(len(self.records("AXFR", "-y", f"hmac-sha256:transfer-key:{SECRET}")), HOSTS + 10)
        keys = dns.tsigkeyring.from_text({"transfer-key": ("hmac-sha256", SECRET)})
        zone = self.xfr(keyring=keys)
        self.change(server, 2, changed="192.0.2.2")
        self.xfr(zone, keyring=keys)
        server.wait_for_log("key transfer-key.: IXFR, serial 1 to 2, 6 records, ")


KEYED = f"""[tsig.transfer-key]
algorithm = "hmac-sha256"
secret = "{SECRET}"
[acl]
secondaries = {{ networks = ["127.0.0.1"], tsig = ["transfer-key"] }}
"""


class Secondaries(Primary):
    """Others as secondaries of tautd, with a key: all of a zone at first, and what changes when they are told."""

    def secondary_of_knot(self, port):
        config = self.write("secondary-knot.conf", f"""server:
  listen: 127.0.0.1@{port}
  rundir: {self.folder}
database:
  storage: {self.folder}
log:
- target: stderr
  any: info
key:
- id: transfer-key
  algorithm: hmac-sha256
  secret: {SECRET}
remote:
- id: taut
  address: 127.0.0.1@{self.port}
  key: transfer-key
acl:
- id: notify
  address: 127.0.0.1
  action: [notify, transfer]
zone:
- domain: example
  storage: {self.folder}
  file: knot-secondary.zone
  master: taut
  acl: notify
""")
        return self.spawn(which("knotd"), "-c", config)

    def secondary_of_nsd(self, port):
        config = self.write("secondary-nsd.conf", f"""server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: "{self.folder}/nsd.pid"
  xfrdfile: "{self.folder}/nsd.xfrd"
  zonelistfile: "{self.folder}/nsd.list"
  xfrdir: "{self.folder}"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
key:
  name: "transfer-key"
  algorithm: hmac-sha256
  secret: "{SECRET}"
zone:
  name: "example"
  zonefile: "nsd-secondary.zone"
  request-xfr: 127.0.0.1@{self.port} transfer-key
  allow-notify: 127.0.0.1 NOKEY
  provide-xfr: 127.0.0.1 NOKEY
""")
        return self.spawn(which("nsd"), "-d", "-V", "2", "-c", config)

    def secondary_of_named(self, port):
        config = self.write("secondary-named.conf", f"""options {{
  directory "{self.folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  allow-transfer {{ 127.0.0.1; }};
  notify no;
  serial-query-rate 100;
}};
controls {{ }};
key transfer-key {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone "example" {{
  type secondary;
  file "named-secondary.zone";
  masterfile-format text;
  primaries {{ 127.0.0.1 port {self.port} key transfer-key; }};
  allow-notify {{ 127.0.0.1; }};
}};
""")
        return self.spawn(which("named"), "-g", "-n", "1", "-c", config)

    def serial_at(self, port):
        query = dns.message.make_query("example.", "SOA", flags=0)
        try:
            reply = dns.query.udp(query, "127.0.0.1", port=port, timeout=3)
        except (dns.exception.Timeout, OSError):
            return None
        return reply.answer[0][0].serial if reply.answer else None

    def notify(self, port):
        message = dns.message.make_query("example.", "SOA", flags=dns.flags.AA)
        message.set_opcode(dns.opcode.NOTIFY)
        try:
            dns.query.udp(message, "127.0.0.1", port=port, timeout=3)
        except dns.exception.Timeout:
            pass

    @staticmethod
    def lower(lines):
        """Some keep names in lower case."""
        return sorted(line.lower() for line in lines)

    def follow(self, begin):
        server = self.start('["secondaries"]', more=KEYED)
        port = free_port()
        peer = begin(port)
        peer.port = port
        whole = self.lower(self.records("AXFR", "-y", f"hmac-sha256:transfer-key:{SECRET}"))

        def has(serial):
            return lambda: self.serial_at(port) == serial

        try:
            wait_until(has(1), 30, "the secondary has the zone")
            self.assertEqual(self.lower(self.records("AXFR", port=port)), whole)
            for serial in (2, 3):
                self.change(server, serial, changed=f"192.0.2.{serial}")
                self.notify(port)
                wait_until(has(serial), 30, f"the secondary has serial {serial}")
                server.wait_for_log(f"IXFR, serial {serial - 1} to {serial}, 6 records, ")
            self.assertIn("changed.example. 300 IN A 192.0.2.3", self.records("AXFR", port=port))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{server.log()}\n{peer.log()}") from None

    def test_knot_follows(self):
        """Knot DNS takes the zone whole and then what changes"""
        self.follow(self.secondary_of_knot)

    def test_nsd_follows(self):
        """NSD takes the zone whole and then what changes"""
        self.follow(self.secondary_of_nsd)

    def test_named_follows(self):
        """BIND takes the zone whole and then what changes"""
        self.follow(self.secondary_of_named)


if __name__ == "__main__":
    main()

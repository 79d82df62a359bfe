#!/usr/bin/env python3
"""A program of the library as a secondary of Knot DNS, BIND and NSD, with a key (TSIG): the zone comes by a transfer, a
change is seen after a NOTIFY, and a wrong key gets nothing."""
import os
import signal

import dns.query
import dns.tsigkeyring
import dns.update

from support import BUILD, NOERROR, SERVFAIL, SOA, TestCase, ask_udp, free_port, main, make_query, wait_until, which

ZONE = "example.test"
KEY, SECRET = "transfer-key", "d2hhdCB5b3Ugc2VlIGlzIHdoYXQgeW91IGdldCAwMQ=="
WRONG = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
TEXT = """$ORIGIN example.test.
$TTL 300
@ SOA ns1 hostmaster {serial} 3600 600 604800 60
@ NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
big TXT "{fill}"
sub NS ns.sub
ns.sub A 192.0.2.53
a.b.c A 192.0.2.7
*.wild TXT "wild"
{extra}
"""


def zone_text(serial, extra=""):
    return TEXT.format(serial=serial, fill='" "'.join(["x" * 200] * 20), extra=extra)


def update(port):
    """One more record and the next serial, by a dynamic update with the key."""
    message = dns.update.Update(ZONE + ".", keyring=dns.tsigkeyring.from_text({KEY: SECRET}), keyname=KEY)
    message.add("new", 60, "A", "192.0.2.99")
    return dns.query.tcp(message, "127.0.0.1", port=port, timeout=30).rcode()


class Knot:
    """Knot DNS as a primary."""

    def __init__(self, test, target):
        self.port = free_port()
        zone = test.write("knot.zone", zone_text(1))
        config = test.write(
            "knot.conf",
            f"""server:
  listen: 127.0.0.1@{self.port}
  rundir: {test.folder}
database:
  storage: {test.folder}
log:
- target: stderr
  any: info
key:
- id: {KEY}
  algorithm: hmac-sha256
  secret: {SECRET}
remote:
- id: secondary
  address: 127.0.0.1@{target}
  key: {KEY}
acl:
- id: with-key
  address: 127.0.0.1
  key: {KEY}
  action: [transfer, notify, update]
zone:
- domain: {ZONE}
  file: {zone}
  zonefile-sync: -1
  notify: secondary
  acl: with-key
""",
        )
        self.server = test.spawn(which("knotd"), "-c", config)

    def change(self, test):
        test.assertEqual(update(self.port), 0)


class Named:
    """BIND as a primary."""

    def __init__(self, test, target):
        self.port = free_port()
        zone = test.write("named.zone", zone_text(1))
        config = test.write(
            "named.conf",
            f"""options {{
  directory "{test.folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  notify explicit;
  notify-delay 0;
  allow-transfer {{ key {KEY}; }};
}};
controls {{ }};
key {KEY} {{ algorithm hmac-sha256; secret "{SECRET}"; }};
zone "{ZONE}" {{
  type primary;
  file "{zone}";
  allow-update {{ key {KEY}; }};
  also-notify {{ 127.0.0.1 port {target} key {KEY}; }};
}};
""",
        )
        self.server = test.spawn(which("named"), "-g", "-n", "1", "-c", config)

    def change(self, test):
        test.assertEqual(update(self.port), 0)


class Nsd:
    """NSD as a primary, which has its zone from a file alone."""

    def __init__(self, test, target):
        self.port = free_port()
        zone = test.write("nsd.zone", zone_text(1))
        config = test.write(
            "nsd.conf",
            f"""server:
  ip-address: 127.0.0.1@{self.port}
  server-count: 1
  username: ""
  database: ""
  zonesdir: "{test.folder}"
  pidfile: "{test.folder}/nsd.pid"
  xfrdfile: "{test.folder}/nsd.xfrd"
  xfrdir: "{test.folder}"
  zonelistfile: "{test.folder}/nsd.list"
  xfrd-reload-timeout: 0
remote-control:
  control-enable: no
key:
  name: "{KEY}"
  algorithm: hmac-sha256
  secret: "{SECRET}"
zone:
  name: "{ZONE}"
  zonefile: "{zone}"
  notify: 127.0.0.1@{target} {KEY}
  provide-xfr: 127.0.0.1 {KEY}
  store-ixfr: yes
  create-ixfr: yes
""",
        )
        self.server = test.spawn(which("nsd"), "-d", "-c", config)

    def change(self, test):
        test.write("nsd.zone", zone_text(2, "new 60 A 192.0.2.99"))
        self.server.signal(signal.SIGHUP)


class Secondaries(TestCase):
    def start(self, make_primary, secret=SECRET):
        """A primary, and the example program as its secondary."""
        port = free_port()
        primary = make_primary(self, port)
        self.wait_until_served(primary)
        program = self.spawn(
            os.path.join(BUILD, "examples", "secondary"),
            f"127.0.0.1:{port}",
            ZONE,
            f"127.0.0.1:{primary.port}",
            KEY,
            secret,
        )
        program.port = port
        return primary, program

    def wait_until_served(self, primary):
        query = make_query(ZONE, SOA, recursion=False)
        wait_until(lambda: ask_udp("127.0.0.1", primary.port, query, 1.0), 15, "the primary answers")

    def look(self, program, name):
        return ask_udp("127.0.0.1", program.port, make_query(name, recursion=False), 1.0)

    def wait_for_address(self, program, name, address):
        def there():
            self.assertTrue(program.running(), program.log())
            reply = self.look(program, name)
            return reply is not None and reply.rcode == NOERROR and reply.addresses() == [address]

        wait_until(there, 15, f"{name} is {address}: {program.log()}")

    def transfer_and_change(self, make_primary):
        primary, program = self.start(make_primary)
        self.wait_for_address(program, f"www.{ZONE}", "192.0.2.1")
        self.wait_for_address(program, f"a.b.c.{ZONE}", "192.0.2.7")
        program.wait_for_log(f"zone {ZONE}.: serial 1 from 127.0.0.1:{primary.port}, the whole zone: 10 records")
        # The refresh is an hour, so that a NOTIFY alone can be the cause.
        primary.change(self)
        self.wait_for_address(program, f"new.{ZONE}", "192.0.2.99")
        program.wait_for_log("serial 2 from")
        self.assertIn("by differences", program.log())
        self.assertEqual(program.stop(), 0, program.log())

    def wrong_key(self, make_primary):
        _, program = self.start(make_primary, WRONG)
        program.wait_for_log("does not accept our signature: BADSIG")
        reply = wait_until(lambda: self.look(program, f"www.{ZONE}"), 10, "the program answers")
        self.assertEqual(reply.rcode, SERVFAIL)
        self.assertEqual(program.stop(), 0, program.log())

    def test_knot(self):
        """A zone comes from Knot DNS, and its change by differences after a NOTIFY"""
        self.transfer_and_change(Knot)

    def test_named(self):
        """A zone comes from BIND, and its change by differences after a NOTIFY"""
        self.transfer_and_change(Named)

    def test_nsd(self):
        """A zone comes from NSD, and its change by differences after a NOTIFY"""
        self.transfer_and_change(Nsd)

    def test_wrong_key_knot(self):
        """Knot DNS gives nothing to a wrong key"""
        self.wrong_key(Knot)

    def test_wrong_key_named(self):
        """BIND gives nothing to a wrong key"""
        self.wrong_key(Named)

    def test_wrong_key_nsd(self):
        """NSD gives nothing to a wrong key"""
        self.wrong_key(Nsd)


if __name__ == "__main__":
    main()

"""Catalog zones: tautd makes them and follows them, beside Knot DNS, BIND and itself, as docs/catalogs.md says."""
import json
import os
import re
import signal

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.tsig

import transfer_peers
from support import REFUSED, SERVFAIL, TAUTD, Process, TestCase, free_port, main, wait_until, which

TAUTCTL = os.environ["TAUT_TAUTCTL"]
CATALOG = "catalog.example"


def documented(first_line):
    return transfer_peers.documented(first_line, "catalogs.md")


def zone(origin, address="192.0.2.1", serial=1):
    return f"$ORIGIN {origin}.\n$TTL 300\n@ SOA ns hostmaster {serial} 3600 600 86400 60\n@ NS ns\n" \
           f"ns A 127.0.0.1\nwww A {address}\n"


def catalog(members, serial=1, version=2, more=""):
    """`members` are pairs of a label and a name."""
    text = f"$ORIGIN {CATALOG}.\n$TTL 0\n@ SOA invalid. invalid. {serial} 3600 600 2147483646 0\n@ NS invalid.\n" \
           f'version TXT "{version}"\n'
    return text + "".join(f"{label}.zones PTR {name}.\n" for label, name in members) + more


class Peer(transfer_peers.Peer):
    """The producer is the primary, and the consumer the secondary, of the documentation."""

    def start(self, other):
        if self.role == "primary":
            self.write("example.com.zone", zone("example.com"))
        self.configure(other)
        self.run()

    def documented(self, file):
        side = "producer" if self.role == "primary" else "consumer"
        return documented(f"{file}, on the {side}")


class Taut(Peer, transfer_peers.Taut):
    more = ""
    rest = ""

    def text(self, other):
        text = self.documented("/etc/taut/taut.toml")
        text = text.replace("/etc/taut/transfer-key", str(self.folder / "transfer-key"))
        text = text.replace("/etc/taut/zones", str(self.folder)).replace("/var/lib/taut", str(self.folder))
        text = text.replace('networks = ["192.0.2.2"]', 'networks = ["127.0.0.1"]')
        text = self.with_ports(text, other, "127.0.0.1", f"127.0.0.1:{other}")
        text = text.replace('control = "/run/taut/control"\n', "")
        text = text.replace("[server]\n", f'[server]\ncontrol = "{self.folder}/control"\n')
        return f'{self.more}{text}\n{self.rest}\n[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'

    def control(self, *words, status=0):
        done = self.test.run_program(TAUTCTL, "--socket", self.folder / "control", "--json", *words)
        self.test.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def zones(self):
        return {each["zone"] for each in self.control("zone", "list")["zones"]}

    def restart(self):
        self.process.stop()
        self.run()


class Knot(Peer, transfer_peers.Knot):
    def configure(self, other):
        acl, rest = self.documented("knot.conf").split("acl:", 1)
        acl = self.with_ports(acl, other, "127.0.0.1", f"127.0.0.1@{other}")
        rest = self.with_ports(rest, other, "127.0.0.1", "127.0.0.1")
        rest = rest.replace("template:\n", f"template:\n- id: default\n  storage: {self.folder}\n")
        rest = re.sub(r"(- id: (?:customers|members)\n)", rf"\1  storage: {self.folder}\n", rest)
        self.write("knot.conf", f"""{self.settings()}{acl}acl:{rest}""")


class Named(Peer, transfer_peers.Named):
    def configure(self, other):
        if self.role == "primary":
            self.write("catalog.example.zone", documented("catalog.example.zone, on the producer"))
        text = self.with_ports(self.documented("named.conf"), other, "127.0.0.1", f"127.0.0.1 port {other}")
        own = f"""  directory "{self.folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  notify-delay 0;
"""
        if "options {" not in text:
            text = "options {\n};\n" + text
        self.write("named.conf", text.replace("options {\n", "options {\n" + own) + "controls { };\n")


class Catalogs(TestCase):
    def ask(self, server, name, kind="A", tcp=False):
        query = dns.message.make_query(name, kind, flags=0)
        try:
            return (dns.query.tcp if tcp else dns.query.udp)(query, "127.0.0.1", port=server.port, timeout=1)
        except (dns.exception.Timeout, OSError):
            return None

    def address(self, server, origin):
        reply = self.ask(server, f"www.{origin}")
        return str(reply.answer[0][0]) if reply and reply.answer else None

    def wait_for_zone(self, server, origin, address="192.0.2.1"):
        try:
            wait_until(lambda: self.address(server, origin) == address, 20, f"{server.name} serves {origin}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{server.process.log()}") from None

    def wait_for_none(self, server, origin):
        def is_gone():
            reply = self.ask(server, origin, "SOA")
            return reply is not None and reply.rcode() == dns.rcode.REFUSED

        try:
            wait_until(is_gone, 20, f"{server.name} does not serve {origin}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{server.process.log()}") from None

    def pair(self, producer, consumer):
        first = producer(self, "primary")
        second = consumer(self, "secondary")
        # It is told as soon as there is something to tell: a notice that is lost would be repeated after seconds.
        second.start(first.port)
        wait_until(lambda: self.ask(second, CATALOG, "SOA") is not None, 20, f"{second.name} answers")
        first.start(second.port)
        self.wait_for_zone(second, "example.com")
        return first, second


class Pairs(Catalogs):
    def follow(self, consumer):
        """What tautctl adds is served by the consumer, and what it removes is not."""
        first, second = self.pair(Taut, consumer)
        first.write("example.net.zone", zone("example.net", "192.0.2.7"))
        first.control("zone", "add", "example.net", "--template", "customers")
        self.wait_for_zone(second, "example.net", "192.0.2.7")
        first.control("zone", "remove", "example.net")
        self.wait_for_none(second, "example.net")
        self.wait_for_zone(second, "example.com")
        return first, second

    def test_of_taut(self):
        """taut serves what another taut adds to its catalog, also after a restart of both, and removes what goes"""
        first, second = self.follow(Taut)
        first.process.wait_for_log("zone catalog.example. to 127.0.0.1:")
        second.process.wait_for_log("by differences")
        first.control("zone", "add", "example.net", "--template", "customers")
        self.wait_for_zone(second, "example.net", "192.0.2.7")
        first.restart()
        self.wait_for_zone(first, "example.net", "192.0.2.7")
        for server, role in ((first, "produce"), (second, "consume")):
            told = server.control("zone", "status", CATALOG)["catalog"]
            self.assertEqual((told["role"], told["members"]), (role, 2))
            self.assertEqual(server.control("zone", "status", "example.net")["member_of"], [f"{CATALOG}."])
        second.restart()
        self.wait_for_zone(second, "example.net", "192.0.2.7")
        self.wait_for_zone(second, "example.com")

    def test_a_restart(self):
        """Members are served after a restart without their primary, and are not transferred again when it comes"""
        first, second = self.pair(Taut, Taut)
        first.process.wait_for_log("zone example.com. to 127.0.0.1:")
        self.assertRegex(first.process.log(), r"zone example.com. to 127.0.0.1:\d+, key transfer-key.: AXFR")
        self.assertEqual(first.process.stop(), 0)
        second.restart()
        self.wait_for_zone(second, "example.com")
        first.run()
        self.wait_for_zone(first, "example.com")
        first.write("example.com.zone", zone("example.com", "192.0.2.5", serial=2))
        first.process.signal(signal.SIGHUP)
        self.wait_for_zone(second, "example.com", "192.0.2.5")
        log = second.process.wait_for_log("zone example.com.: serial 2 from ")
        self.assertNotIn("zone example.com.: serial 1 from", log)
        self.assertNotRegex(log, "zone example.com.: .*the whole zone")

    def test_who_may_ask(self):
        """Questions about a catalog are answered to those who may transfer it, and to others as what is not served"""
        first, second = self.pair(Taut, Taut)
        key = dns.tsig.Key("transfer-key", transfer_peers.SECRET)
        names = ((CATALOG, "SOA"), (f"version.{CATALOG}", "TXT"), (f"none.{CATALOG}", "A"))
        for server, answered in ((first, True), (second, False)):
            for name, kind in names:
                query = dns.message.make_query(name, kind, flags=0)
                expected = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=30)
                self.assertEqual(expected.rcode(), REFUSED)
                query.use_tsig(key)
                told = dns.query.udp(query, "127.0.0.1", port=server.port, timeout=30)
                self.assertEqual(told.rcode() != REFUSED, answered, f"{server.name} {name}")
        # The list of clients is that of the last reload.
        text = (second.folder / "taut.toml").read_text()
        role = 'catalog = "consume"\n'
        second.write("taut.toml", text.replace(role, role + 'allow-transfer = ["loopback"]\n'))
        second.control("reload")
        wait_until(lambda: self.ask(second, CATALOG, "SOA").rcode() == dns.rcode.NOERROR, 10, "an answer")
        self.wait_for_zone(second, "example.com")

    def test_for_knot(self):
        """Knot DNS serves what taut adds to its catalog, and removes what goes"""
        self.follow(Knot)

    def test_for_named(self):
        """BIND serves what taut adds to its catalog, and removes what goes"""
        self.follow(Named)

    def test_of_knot(self):
        """taut serves what Knot DNS adds to its catalog, and removes what goes"""
        first, second = self.pair(Knot, Taut)
        text = (first.folder / "knot.conf").read_text()
        first.write("example.net.zone", zone("example.net", "192.0.2.7"))
        first.write("knot.conf", text + "- domain: example.net\n  template: customers\n")
        first.process.signal(signal.SIGHUP)
        self.wait_for_zone(second, "example.net", "192.0.2.7")
        first.write("knot.conf", text)
        first.process.signal(signal.SIGHUP)
        self.wait_for_none(second, "example.net")
        self.wait_for_zone(second, "example.com")

    def test_of_named(self):
        """taut serves what is written into a catalog of BIND, and removes what goes"""
        first, second = self.pair(Named, Taut)
        first.write("catalog.example.zone", catalog([("other", "example.com"), ("net", "example.net")], serial=2))
        first.process.signal(signal.SIGHUP)
        second.process.wait_for_log("1 member added")
        wait_until(lambda: second.zones() == {"catalog.example.", "example.com.", "example.net."}, 10, "two members")
        first.write("catalog.example.zone", catalog([("other", "example.com")], serial=3))
        first.process.signal(signal.SIGHUP)
        self.wait_for_none(second, "example.net")
        self.wait_for_zone(second, "example.com")


class Versions(Catalogs):
    """A catalog that is written by hand, and the members as one server has them."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.serial = 0
        self.members = self.folder / "members"
        self.members.mkdir()

    def text(self):
        return f"""
[server]
control = "{self.folder}/control"
state-directory = "{self.folder}"
[limits]
catalog-members = 1000
[template.members]
directory = "{self.members}"
file = "{{name}}.zone"
[template.others]
directory = "{self.members}"
file = "{{name}}.other"
[[listen]]
address = ["127.0.0.1:{self.port}"]
[[zone]]
name = "own.example"
file = "{self.folder}/own.example.zone"
[[zone]]
name = "{CATALOG}"
file = "{self.folder}/{CATALOG}.zone"
catalog = "consume"
members = ["members", "others"]
"""

    def start(self, text):
        self.write("taut.toml", text)
        self.process = Process([TAUTD, "--config", self.folder / "taut.toml"], self.folder, name="tautd")
        self.name = "taut"
        process = self.process
        self.addCleanup(lambda: self._finish(process))
        wait_until(lambda: self.ask(self, CATALOG, "SOA"), 20, "an answer")

    def control(self, *words, status=0):
        done = self.run_program(TAUTCTL, "--socket", self.folder / "control", "--json", *words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def zones(self):
        return {each["zone"].removesuffix(".") for each in self.control("zone", "list")["zones"]}

    def write_catalog(self, members, **options):
        self.serial += 1
        self.write(f"{CATALOG}.zone", catalog(members, self.serial, **options))

    def reload(self, members, **options):
        self.write_catalog(members, **options)
        self.control("zone", "reload", CATALOG)

    def test_members(self):
        """Members are those of the last version that is a catalog within the limit, and other zones stay as they are"""
        names = [f"m{number}.example" for number in range(4)]
        for name in names:
            (self.members / f"{name}.zone").write_text(zone(name))
        (self.members / "m3.example.other").write_text(zone("m3.example", "192.0.2.3"))
        self.write("own.example.zone", zone("own.example", "192.0.2.9"))
        (self.members / "own.example.zone").write_text(zone("own.example"))
        first = [("a", names[0]), ("b", names[1]), ("c", "own.example"), ("d", "none.example")]
        first.append(("e", r"x\/y.example"))
        self.write_catalog(first)
        self.start(self.text())
        own = {CATALOG, "own.example"}
        self.assertEqual(self.zones(), own | {names[0], names[1], "none.example"}, "from the start")
        self.assertEqual(self.address(self, "own.example"), "192.0.2.9")
        self.assertEqual(self.address(self, names[0]), "192.0.2.1")
        self.assertEqual(self.ask(self, "none.example").rcode(), SERVFAIL)

        self.reload([("b", names[1]), ("c", names[2]), ("d", names[3])], more="group.d.zones TXT others\n")
        wait_until(lambda: self.zones() == own | set(names[1:]), 20, "other members")
        self.assertEqual(self.address(self, names[3]), "192.0.2.3")
        self.assertEqual(self.ask(self, names[0], "SOA").rcode(), REFUSED)
        self.assertTrue((self.members / f"{names[0]}.zone").exists(), "a master file stays")

        for broken in ({"version": 1}, {"more": "b.zones PTR m0.example.\n"}):
            self.reload([("b", names[1])], **broken)
            self.process.wait_for_log(f"version {self.serial} is not taken")
        self.reload([(f"l{number}", f"l{number}.example") for number in range(1001)])
        self.process.wait_for_log("it has 1001 members, and limits.catalog-members allows 1000")
        self.assertEqual(self.zones(), own | set(names[1:]))

        # So it is after a restart, and who asks is told.
        self.process.stop()
        self.start(self.text())
        self.assertEqual(self.zones(), own | set(names[1:]))
        told = self.control("zone", "status", CATALOG)["catalog"]
        self.assertEqual((told["role"], told["members"], told["serial"]), ("consume", 3, 2))
        self.assertIn(f"version {self.serial}: it has 1001 members", told["error"])
        self.assertEqual(self.control("zone", "status", names[1])["member_of"], [f"{CATALOG}."])
        listed = {each["zone"]: each for each in self.control("zone", "list")["zones"]}
        self.assertEqual(listed[f"{CATALOG}."]["catalog"], told)
        self.assertEqual(listed[f"{names[1]}."]["member_of"], [f"{CATALOG}."])
        self.assertNotIn("member_of", listed["own.example."])

        # A change of a master file is not read because of a catalog that changes.
        (self.members / f"{names[1]}.zone").write_text(zone(names[1], "192.0.2.8", serial=2))
        self.reload([("b", names[1]), ("c", names[2])])
        wait_until(lambda: self.zones() == own | set(names[1:3]), 20, "one member less")
        self.assertEqual(self.address(self, names[1]), "192.0.2.1")
        self.control("zone", "reload", names[1])
        self.assertEqual(self.address(self, names[1]), "192.0.2.8")

        # So does what the configuration does not consume any more.
        self.write("taut.toml", self.text().replace('catalog = "consume"\nmembers = ["members", "others"]\n', ""))
        self.control("reload")
        self.assertEqual(self.zones(), own)
        self.write("taut.toml", self.text())
        self.control("reload")
        wait_until(lambda: self.zones() == own | set(names[1:3]), 20, "members again")

    def test_reset(self):
        """A secondary member under another label is transferred anew, and one that is gone leaves no file"""
        primary = transfer_peers.Taut(self, "primary")
        primary.write("taut.toml", f"""
[zone-defaults]
allow-transfer = ["loopback"]
directory = "{primary.folder}"
[[listen]]
address = ["127.0.0.1:{primary.port}"]
[[zone]]
name = "one.example"
[[zone]]
name = "two.example"
""")
        for name in ("one.example", "two.example"):
            primary.write(f"{name}.zone", zone(name, serial=5))
        primary.run()
        self.write("own.example.zone", zone("own.example"))
        self.write_catalog([("a", "one.example"), ("b", "two.example")])
        more = f'primaries = ["127.0.0.1:{primary.port}"]\n'
        self.start(self.text().replace("[template.members]\n", f"[template.members]\n{more}"))
        for name in ("one.example", "two.example"):
            self.wait_for_zone(self, name)
            wait_until((self.members / f"{name}.zone").exists, 20, "the file")
        # The serial of the primary goes back, which a secondary does not follow unless it begins anew.
        for name in ("one.example", "two.example"):
            primary.write(f"{name}.zone", zone(name, "192.0.2.2", serial=4))
        primary.process.signal(signal.SIGHUP)
        self.wait_for_zone(primary, "two.example", "192.0.2.2")
        self.reload([("new", "one.example"), ("b", "two.example")])
        self.wait_for_zone(self, "one.example", "192.0.2.2")
        self.assertEqual(self.address(self, "two.example"), "192.0.2.1")
        self.reload([("new", "one.example")])
        wait_until(lambda: not (self.members / "two.example.zone").exists(), 20, "the file is gone")
        self.assertEqual(self.ask(self, "two.example", "SOA").rcode(), REFUSED)
        self.wait_for_zone(self, "one.example", "192.0.2.2")

    def test_control(self):
        """What tautctl cannot add or remove it says, and what it adds is there at once and after a restart"""
        self.write("own.example.zone", zone("own.example"))
        self.write_catalog([("a", "a.example")])
        (self.members / "a.example.zone").write_text(zone("a.example"))
        (self.members / "b.example.zone").write_text(zone("b.example"))
        self.start(self.text())
        self.control("zone", "add", "b.example", "--template", "members")
        self.assertEqual(self.address(self, "b.example"), "192.0.2.1")
        for words, reason in ((("add", "own.example"), "is there already: "),
                              (("add", "a.example"), "is there already"),
                              (("add", "c.example", "--template", "none"), "there is no [template.none]"),
                              (("add", "c.example", "--catalog", "own.example"), 'with catalog = "produce"'),
                              (("remove", "own.example"), "was not added by tautctl: "),
                              (("remove", "a.example"), f"it is a member of catalog {CATALOG}."),
                              (("remove", "c.example"), "there is no zone c.example. that was added by tautctl")):
            self.assertIn(reason, self.control("zone", *words, status=1))
        self.control("zone", "add", "not..aname", status=2)
        # Its file is not there: it is added all the same.
        told = self.control("zone", "add", "c.example", "--template", "members", status=1)
        self.assertIn("is added, and not loaded", told)
        self.process.stop()
        self.start(self.text())
        self.assertEqual(self.zones(), {CATALOG, "own.example", "a.example", "b.example", "c.example"})
        for name in ("b.example", "c.example"):
            self.control("zone", "remove", name)
        self.assertEqual(self.zones(), {CATALOG, "own.example", "a.example"})
        self.assertTrue((self.members / "b.example.zone").exists(), "a master file stays")


if __name__ == "__main__":
    main()

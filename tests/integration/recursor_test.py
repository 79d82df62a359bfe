"""tautd as a recursor: its options and their mistakes, what stands around it, and how it is steered."""
import json
import os
import re
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone
import jsonschema

import signed_zones
from support import SLOWNESS, SOURCE, TAUTD, FakeUpstream, Process, TestCase, free_port, main, wait_until

TAUTCTL = os.environ["TAUT_TAUTCTL"]
SCHEMA = json.loads((SOURCE / "docs/tautctl.schema.json").read_text())
LAB = """$TTL 300
@ IN SOA ns hostmaster 1 7200 3600 1209600 120
@ NS ns
ns A 127.0.0.1
www A 192.0.2.80
private A 10.0.0.1
"""


class Recursor(TestCase):
    """One authoritative server has the zones of all tests: lab.example is signed, and plain.example is not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.zones = TestCase()
        cls.zones.folder = Path(tempfile.mkdtemp(prefix="taut-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.zones.folder, ignore_errors=True)
        signed = signed_zones.sign(cls.zones, "lab.example", body=LAB)
        plain = signed_zones.write_zone(cls.zones, "plain.example", body=LAB)
        keys = [key.read_text() for key in cls.zones.folder.glob("Klab.example.+*.key")]
        cls.key = next(key for key in keys if " 257 " in key)
        cls.anchor = cls.zones.write("lab.key", cls.key)
        # A key that plain.example has not: what it answers is bogus.
        cls.wrong = cls.zones.write("plain.key", cls.key.replace("lab.example", "plain.example"))
        cls.upstream = cls.zones.start_tautd("--zone", f"lab.example={signed}", "--zone", f"plain.example={plain}")

    @classmethod
    def tearDownClass(cls):
        cls.zones.doCleanups()

    def stub(self, origin):
        return f'[[recursion.zone]]\nname = "{origin}"\nkind = "stub"\nservers = ["127.0.0.1:{self.upstream.port}"]\n'

    def configure(self, recursion, more=""):
        """Replaces the file, as an editor does."""
        text = (f'server.control = "{self.folder}/control"\n{more}[recursion]\nserve-stale = false\n{recursion}'
                f'{self.stub("lab.example")}{self.stub("plain.example")}'
                f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n')
        self.write("new", text).rename(self.folder / "taut.toml")

    def start(self, recursion="", more=""):
        self.port = free_port()
        self.configure(recursion, more)
        server = Process([TAUTD, "--config", self.folder / "taut.toml"], self.folder, name="tautd")
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        # It serves a moment before it takes orders.
        wait_until(self.takes_orders, what="it takes orders")
        return server

    def takes_orders(self):
        return self.run_program(TAUTCTL, "--socket", self.folder / "control", "cache", "show", ".").returncode == 0

    def start_with(self, *options):
        server = self.start_tautd(*options)
        self.port = server.port
        return server

    def ask(self, name, kind="A", **options):
        query = dns.message.make_query(name, kind, use_edns=0, **options)
        query.flags |= dns.flags.AD
        return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=10 * SLOWNESS)

    def rcode(self, name, kind="A"):
        return dns.rcode.to_text(self.ask(name, kind).rcode())

    def data(self, name, kind="A"):
        return sorted(record.to_text() for rrset in self.ask(name, kind).answer for record in rrset)

    def ctl(self, *words, status=0):
        result = self.run_program(TAUTCTL, "--socket", self.folder / "control", *words)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout if status == 0 else result.stderr

    def ctl_json(self, command, *words):
        """The lines that it writes, which are what the schema says."""
        lines = [json.loads(line) for line in self.ctl("--json", *command.split(), *words).splitlines()]
        for line in lines:
            jsonschema.validate(line, {"$ref": f"#/definitions/{command}", "definitions": SCHEMA["definitions"]})
        return lines

    def reload(self, server):
        """Has the server read its configuration again, and returns what the log says of it."""
        before = len(server.log())
        self.ctl("reload")
        wait_until(lambda: re.search("no zone has changed|zones: ", server.log()[before:]), what="the reload is told")
        return server.log()[before:]

    def fails(self, *options, status):
        """What a tautd says that does not start."""
        result = self.run_program(TAUTD, "--interface", "127.0.0.1", "--port", free_port(), *options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertNotIn("listening", result.stdout + result.stderr)
        return result.stderr

    def test_validation(self):
        """What a trusted key has signed has AD, what it has not is SERVFAIL, and a negative trust anchor lets it be"""
        server = self.start(f'trust-anchors = ["{self.anchor}", "{self.wrong}"]\n')
        server.wait_for_log("listening on")
        self.assertIn("names are resolved from the root down and validated, with a cache of ", server.log())
        self.assertIn(f"names in lab.example. are resolved from the servers 127.0.0.1:{self.upstream.port}",
                      server.log())
        reply = self.ask("www.lab.example")
        self.assertTrue(reply.flags & dns.flags.AD)
        self.assertTrue(reply.flags & dns.flags.RA)
        self.assertEqual(self.data("www.lab.example"), ["192.0.2.80"])
        self.assertEqual(self.rcode("nothing.lab.example"), "NXDOMAIN")
        reply = self.ask("www.plain.example")
        self.assertEqual(reply.rcode(), dns.rcode.SERVFAIL)
        self.assertTrue([option for option in reply.options if option.otype == dns.edns.EDE], reply)

        self.assertEqual(self.ctl_json("nta add", "plain.example", "--for", "5m"), [{"added": True}])
        reply = self.ask("www.plain.example")
        self.assertEqual(reply.rcode(), dns.rcode.NOERROR)
        self.assertFalse(reply.flags & dns.flags.AD)
        [anchors] = self.ctl_json("nta list")
        [anchor] = anchors["negative_trust_anchors"]
        self.assertEqual(anchor["name"], "plain.example.")
        self.assertLessEqual(anchor["seconds"], 300)
        self.assertIn("plain.example. for ", self.ctl("nta", "list"))
        self.assertEqual(self.ctl_json("nta remove", "plain.example"), [{"removed": True}])
        self.assertEqual(self.rcode("www.plain.example"), "SERVFAIL")
        said = self.ctl("nta", "remove", "plain.example", status=1)
        self.assertIn("plain.example. is no negative trust anchor", said)
        self.assertEqual(self.ctl("nta", "list"), "there is none\n")

        self.configure(f'trust-anchors = ["{self.anchor}", "{self.wrong}"]\n'
                       'negative-trust-anchors = ["plain.example"]\n')
        self.reload(server)
        wait_until(lambda: self.rcode("www.plain.example") == "NOERROR", 10, "the negative trust anchor holds")
        self.assertEqual(self.ctl("nta", "list"), "plain.example. as configured\n")
        self.configure(f'trust-anchors = ["{self.anchor}", "{self.wrong}"]\n')
        self.reload(server)
        wait_until(lambda: self.rcode("www.plain.example") == "SERVFAIL", 10, "it holds no more")

    def test_trust_anchor_state(self):
        """Trust anchors follow their zones, and the file that says so is written, and read at the next start"""
        state = self.folder / "kept/trust-anchors.state"
        state.parent.mkdir()
        folder = f'state-directory = "{state.parent}"\n'
        kept = f'trust-anchors = ["{self.anchor}"]\n'
        more = f'server.{folder}'
        with self.subTest("the key that the zone has is valid"):
            server = self.start(kept, more)
            wait_until(lambda: state.exists() and "lab.example. valid " in state.read_text(), what="the state is kept")
            self.assertTrue(self.ask("www.lab.example").flags & dns.flags.AD)
            server.wait_for_log("trust anchor of lab.example.: key ")
            server.stop()
        with self.subTest("a key that was revoked is not trusted, though it is configured"):
            state.write_text(state.read_text().replace(" valid ", " revoked "))
            server = self.start(kept, more)
            self.assertFalse(self.ask("www.lab.example").flags & dns.flags.AD)
            server.stop()
        with self.subTest("a state that cannot be read is left aside"):
            state.write_text("lab.example. trusted\n")
            server = self.start(kept, more)
            self.assertTrue(self.ask("www.lab.example").flags & dns.flags.AD)
            server.wait_for_log(f"{state}: the trust anchors are those of the configuration")
            wait_until(lambda: "lab.example. valid " in state.read_text(), what="the state is written anew")
            server.stop()
        with self.subTest("in a file of its own"):
            own = self.folder / "own/anchors"
            own.parent.mkdir()
            self.start(kept + f'trust-anchor-state = "{own}"\n')
            wait_until(lambda: own.exists() and "lab.example. valid " in own.read_text(), what="the state is written")

    def test_verbs(self):
        """What is kept is shown and forgotten, servers are known, and a trace shows each step"""
        self.start(f'trust-anchors = ["{self.anchor}"]\n', more="server.threads = 1\n")
        self.data("www.lab.example")
        [shown] = self.ctl_json("cache show", "www.lab.example")
        [kept] = shown["answers"]
        self.assertEqual(kept["key"], "www.lab.example.")
        self.assertRegex(kept["records"], r"www\.lab\.example\. \d+ IN A 192\.0\.2\.80 ; ")
        self.assertEqual(self.ctl_json("cache flush", "www.lab.example", "--type", "AAAA"), [{"flushed": 0}])
        self.assertGreaterEqual(self.ctl_json("cache flush", "www.lab.example", "--type", "A")[0]["flushed"], 1)
        self.assertEqual(self.ctl_json("cache show", "www.lab.example"), [{"answers": []}])
        self.data("www.lab.example")
        self.assertGreaterEqual(self.ctl_json("cache flush", "example", "--tree")[0]["flushed"], 1)
        self.data("www.lab.example")
        self.assertGreaterEqual(self.ctl_json("cache flush")[0]["flushed"], 1)
        self.assertIn("--type goes with a name", self.ctl("cache", "flush", "--type", "A", status=2))

        [known] = self.ctl_json("infra show")
        self.assertIn(f"127.0.0.1:{self.upstream.port}", [server["server"] for server in known["servers"]])
        self.assertIn(f"127.0.0.1:{self.upstream.port} ", self.ctl("infra", "show"))
        self.assertGreaterEqual(self.ctl_json("infra flush")[0]["flushed"], 1)
        self.assertEqual(self.ctl("infra", "show"), "no server has been asked\n")

        *steps, end = self.ctl_json("trace", "www.lab.example")
        self.assertTrue(any(f"127.0.0.1:{self.upstream.port}" in step["step"] for step in steps), steps)
        self.assertEqual(sorted(step["ms"] for step in steps), [step["ms"] for step in steps])
        self.assertEqual((end["rcode"], end["secure"]), ("NOERROR", True))
        self.assertIn("192.0.2.80", end["records"])
        self.assertIn("NXDOMAIN, secure", self.ctl("trace", "nothing.lab.example", "AAAA"))
        self.assertIn("'NONE' is not a type", self.ctl("trace", "www.lab.example", "NONE", status=2))

        [counted] = self.ctl_json("stats")
        self.assertGreaterEqual(counted["recursor"]["questions"], 3)
        self.assertGreaterEqual(counted["recursor"]["sends"], 3)
        self.assertGreaterEqual(counted["recursor"]["secure"], 1)

    def test_shards(self):
        """Of two threads one looks for a name, whichever is asked, and both answer what it has found"""
        self.start("validate = false\nplain-iteration = true\n", more="server.threads = 2\n")
        names = [f"n{number}.plain.example" for number in range(40)] + ["www.plain.example"]
        for name in names * 3:
            # Each question from a port of its own, by which the kernel picks the thread.
            self.assertEqual(self.rcode(name), "NOERROR" if name.startswith("www") else "NXDOMAIN")
        [counted] = self.ctl_json("stats")
        self.assertEqual(counted["recursor"]["failed"], 0)
        # Two threads that share nothing would send nearly twice as many.
        self.assertLess(counted["recursor"]["sends"], len(names) * 3 // 2)
        self.assertGreater(counted["recursor"]["hits"], len(names))

    def test_no_recursor(self):
        """A server that forwards says that it has no recursor"""
        self.start_with("--forward", f"127.0.0.1:{self.upstream.port}", "--control", self.folder / "control")
        for words in (("nta", "list"), ("infra", "show"), ("trace", "example.com")):
            self.assertIn("the server does not resolve names itself", self.ctl(*words, status=1))

    def test_access(self):
        """Who may not recurse is refused, for local names too"""
        self.start('allow = ["192.0.2.0/24"]\n')
        for name in ("www.lab.example", "localhost"):
            self.assertEqual(self.rcode(name), "REFUSED")

    def test_what_stands_around(self):
        """Local names are answered, names get addresses for a NAT64, and private addresses are refused"""
        self.start('validate = false\ndns64 = "2001:db8:64::/96"\ndeny-rebinding = true\n'
                   'private-domains = ["lab.example"]\n')
        self.assertEqual(self.data("localhost"), ["127.0.0.1"])
        self.assertEqual(self.rcode("1.0.168.192.in-addr.arpa", "PTR"), "NXDOMAIN")
        self.assertEqual(self.data("www.lab.example", "AAAA"), ["2001:db8:64::c000:250"])
        self.assertEqual(self.data("private.lab.example"), ["10.0.0.1"])
        self.assertEqual(self.rcode("private.plain.example"), "SERVFAIL")
        self.assertEqual(self.data("www.plain.example"), ["192.0.2.80"])

    def test_policies(self):
        """A zone of the server says what becomes of answers, in its newest version; a reload adds the first one"""
        head = "@ SOA ns h {serial} 1 1 1 1\n@ NS localhost.\n"
        rpz = self.write("rpz.zone", head.format(serial=1) + "www.lab.example CNAME .\n")
        other = self.write("other.zone", head.format(serial=1) + "www.plain.example A 192.0.2.66\n")
        zones = "".join(f'[[zone]]\nname = "{name}"\nfile = "{file}"\n' for name, file in
                        (("rpz.example", rpz), ("other.example", other)))
        policy = '[[recursion.policy]]\nzone = "{}"\nreason = "{}"\n'
        server = self.start("validate = false\n", more=zones)
        self.assertEqual(self.data("www.lab.example"), ["192.0.2.80"])
        self.configure("validate = false\n" + policy.format("rpz.example", "filtered"), more=zones)
        self.assertNotIn("restart", self.reload(server))
        wait_until(lambda: self.rcode("www.lab.example") == "NXDOMAIN", 10, "the first policy counts")
        reply = self.ask("www.lab.example")
        self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual([int(option.code) for option in reply.options if option.otype == dns.edns.EDE], [17])
        self.assertEqual(self.data("www.plain.example"), ["192.0.2.80"])
        self.write("new", head.format(serial=2) + "ns.lab.example CNAME .\n").rename(rpz)
        self.reload(server)
        wait_until(lambda: self.rcode("www.lab.example") == "NOERROR", 10, "the newest version counts")
        self.assertEqual(self.rcode("ns.lab.example"), "NXDOMAIN")
        self.configure("validate = false\n" + policy.format("none.example", "blocked") +
                       policy.format("other.example", "blocked"), more=zones)
        self.assertIn("policy zone none.example. is none of the zones: it changes no answer until it is",
                      self.reload(server))
        wait_until(lambda: self.data("www.plain.example") == ["192.0.2.66"], 10, "other zones count")
        self.assertEqual(self.rcode("ns.lab.example"), "NOERROR")
        self.configure("validate = false\n", more=zones)
        self.assertNotIn("restart", self.reload(server))
        wait_until(lambda: self.data("www.plain.example") == ["192.0.2.80"], 10, "no policy is left")

    def test_hosts_file(self):
        """The hosts file comes first, and what it does not say is resolved"""
        hosts = self.write("hosts", "192.0.2.200 www.lab.example\n")
        self.start("validate = false\n", more=f'hosts-file = "{hosts}"\n')
        self.assertEqual(self.data("www.lab.example"), ["192.0.2.200"])
        self.assertEqual(self.data("www.plain.example"), ["192.0.2.80"])
        self.assertEqual(self.rcode("www.lab.example", "MX"), "NOERROR")

    def test_views(self):
        """A view has the recursor of all, unless it has none, and one that forwards has its own servers"""
        zone = f'[[view.zone]]\nname = "plain.example"\nfile = "{self.zones.folder}/plain.example.zone"\n'
        self.start("validate = false\n", more=f'[[view]]\nname = "own"\nmatch = ["127.0.0.0/8"]\n{zone}')
        self.assertEqual(self.data("www.lab.example"), ["192.0.2.80"])
        self.assertTrue(self.ask("www.plain.example").flags & dns.flags.AA)

    def test_forwarding_that_validates(self):
        """With --forward those servers are asked in the place of the root, from the address of --outgoing"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start_with("--recursor", "--no-trust-anchor", "--forward", f"127.0.0.1:{upstream.port}",
                                 "--threads", 1, "--plain-iteration", "--outgoing", "127.0.0.55")
        server.wait_for_log("listening on")
        self.assertIn(f"names are resolved by 127.0.0.1:{upstream.port}, with a cache of", server.log())
        query = dns.message.make_query("host.example", "A")
        with dns.query._make_socket(dns.query.socket.AF_INET, dns.query.socket.SOCK_DGRAM, None) as client:
            dns.query.send_udp(client, query, ("127.0.0.1", self.port))
            asked, address = upstream.receive()
            self.assertTrue(dns.message.from_wire(asked).flags & dns.flags.RD)
            self.assertEqual(address[0], "127.0.0.55")
            upstream.send(asked, address)
            reply, _ = dns.query.receive_udp(client, ("127.0.0.1", self.port), expiration=dns.query.time.time() + 10)
        self.assertEqual([record.to_text() for record in reply.answer[0]], ["192.0.2.99"])

    def test_files_that_are_wrong(self):
        """Hints and anchors that cannot be read end the start, each with its place, and --check finds the rest"""
        hints = self.write("hints", ". NS a.example.\na.example. A 192.0.2.1\n. MX 1 a.example.\n")
        bad = self.write("bad.key", "example. DS 1 2\n")
        said = self.fails("--recursor", "--root-hints", hints, "--trust-anchor", bad, "--trust-anchor",
                          self.folder / "none", status=1)
        self.assertRegex(said, rf"{hints}:3: error: MX is no hint")
        self.assertRegex(said, rf"{bad}:1:\d+: error: ")
        self.assertIn(f"{self.folder}/none: error: ", said)
        said = self.fails("--recursor", "--outgoing", "192.0.2.1", status=1)
        self.assertIn("servers cannot be asked from 192.0.2.1: Cannot assign requested address", said)
        self.port = free_port()
        self.configure(f'root-hints = "{self.folder}/nothing"\n')
        said = self.run_program(TAUTD, "--config", self.folder / "taut.toml").stderr
        self.assertIn(f"{self.folder}/nothing: error: cannot read the file: No such file or directory "
                      f"({self.folder}/taut.toml:4:14)", said)
        checked = self.run_program(TAUTCTL, "check", "--zones", "--config", self.folder / "taut.toml")
        self.assertIn(f"{self.folder}/nothing: error: ", checked.stdout + checked.stderr)

    def test_options_that_are_wrong(self):
        """Options that do not go together are told, with what would be right"""
        for options, said in (
            (["--recursor", "--recursive"], "--recursive: does not go with --recursor; expected --forward"),
            (["--recursor", "--cache"], "--cache: does not go with --recursor, which keeps what it finds; expected "
             "--cache-size, or nothing"),
            (["--recursor", "--cache-size", "1K"], "--cache-size: expected a size from 1M to 1024G, such as 512M, not "
             "'1K'"),
            (["--recursor", "--upstream-ipv4", "no", "--upstream-ipv6", "no"], "--upstream-ipv6: no server can be "
             "asked without --upstream-ipv4 as well; expected one of the two"),
            (["--recursor", "--no-trust-anchor", "--trust-anchor", "x"], "--trust-anchor: does not go with "
             "--no-trust-anchor, which validates nothing"),
            (["--recursor", "--min-ttl", "60", "--max-ttl", "30"], "--min-ttl: 60 s is more than --max-ttl, 30 s"),
            (["--recursor", "--dns64", "10.0.0.0/8"], "--dns64: '10.0.0.0/8' is no prefix for NAT64"),
            (["--recursor", "--sha1", "maybe"], "--sha1: expected validate, insecure, not 'maybe'"),
            (["--recursor", "--negative-trust-anchor", "a..b"], "--negative-trust-anchor: 'a..b' is not a domain name"),
        ):
            with self.subTest(options=options):
                self.assertIn(said, self.fails(*options, status=2))

    def test_reload(self):
        """A reload takes over whom the recursor serves, and says what waits for a restart"""
        server = self.start("validate = false\n")
        self.assertEqual(self.rcode("www.lab.example"), "NOERROR")
        self.configure('validate = false\nallow = ["192.0.2.0/24"]\nmax-ttl = "60s"\n')
        said = self.reload(server)
        self.assertIn('recursion.max-ttl = "1m" needs a restart; until then it is "1d"', said)
        wait_until(lambda: self.rcode("www.lab.example") == "REFUSED", 10, "the list is taken over")
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.log().count("needs a restart") == 2, 10, "it is told again")
        self.assertEqual(self.rcode("www.lab.example"), "REFUSED")

    def write_root(self, serial, proven):
        """A root zone, with its digest or without."""
        text = f"$TTL 300\n. SOA ns. h. {serial} 7200 3600 1209600 120\n. NS ns.\nns. A 127.0.0.1\nlab. NS ns.lab.\n"
        if proven:
            zone = dns.zone.from_text(text, origin=".", relativize=False)
            text += f". ZONEMD {zone.compute_digest(dns.zone.DigestHashAlgorithm.SHA384).to_text()}\n"
        self.write("new", text).rename(self.folder / "root.zone")

    def is_served(self):
        """Whether the zone of the root is answered to whom does not want recursion."""
        reply = self.ask(".", "SOA", flags=0)
        self.assertIn(reply.rcode(), (dns.rcode.NOERROR, dns.rcode.REFUSED))
        return bool(reply.flags & dns.flags.AA and reply.answer)

    def test_local_root(self):
        """The local root is served to nobody, is told why it is none, and comes and goes by a reload"""
        zone = f'[[zone]]\nname = "."\nfile = "{self.folder}/root.zone"\n'
        wanted = "validate = false\nlocal-root = true\n"
        self.write_root(1, proven=False)
        server = self.start(wanted, zone)
        server.wait_for_log("is not the local root, and the root's servers are asked: serial 1, it has no ZONEMD")
        self.assertFalse(self.is_served())
        self.assertEqual(self.rcode("www.lab.example"), "NOERROR")
        self.write_root(2, proven=True)
        self.reload(server)
        server.wait_for_log("zone ., serial 2, is the local root: the root's servers are asked for no referrals")
        self.assertFalse(self.is_served())
        [status] = self.ctl_json("zone status", ".")
        self.assertEqual(status["serial"], 2)
        self.configure("validate = false\n", zone)
        said = self.reload(server)
        self.assertNotIn("needs a restart", said)
        wait_until(self.is_served, what="it is served")
        self.configure(wanted, zone)
        self.reload(server)
        wait_until(lambda: not self.is_served(), what="it is served no more")
        self.configure(wanted)
        said = self.ctl("reload", status=1)
        self.assertIn('taut.toml:5:14: needs a copy of the root zone; expected a [[zone]] with name = "."', said)
        self.assertFalse(self.is_served())


if __name__ == "__main__":
    main()

"""Recursion on a small Internet of the test's own: tautd answers as Unbound does, and serves a machine's programs."""
import functools
import http.server
import os
import shutil
import tempfile
import threading
import unittest
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from private_internet import BOGUS, INNERMOST_FIRST, NAMES, ROOT, SILENT, WEB, PrivateInternet, ask
from support import SANITIZED, SLOWNESS, TAUTD, Process, TestCase, main, wait_until, which

TAUTCTL = os.environ["TAUT_TAUTCTL"]
TAUT, UNBOUND, TRUSTING, COPYING = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
RD, AD, CD = dns.flags.RD, dns.flags.AD, dns.flags.CD
CHROMIUM = shutil.which("chromium")
UNBOUND_CONFIG = """server:
  interface: {address}
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  access-control: 127.0.0.0/8 allow
  root-hints: "{hints}"
  trust-anchor-file: "{anchor}"
  qname-minimisation: yes
remote-control:
  control-enable: no
"""


def questions():
    """Every name of every zone that answers, with several types."""
    for origin in INNERMOST_FIRST:
        if origin == "old.beta":
            continue
        for name in NAMES:
            for kind in ("A", "TXT") if name != "@" else ("A", "AAAA", "MX", "SOA", "NS", "DS", "DNSKEY", "NSEC3PARAM"):
                yield (f"{origin}." if name == "@" else f"{name}.{origin}."), kind
    yield from (("www.old.beta.", "A"), ("www.old.beta.", "TXT"), ("nothing.alpha.", "A"), ("x.nothing.", "A"),
                ("nothing.beta.", "DS"), (".", "NS"), (".", "DNSKEY"), ("alpha.", "DS"), ("beta.", "NS"),
                ("beta.", "SOA"), ("a.root-servers.", "A"), ("ns.alpha.", "A"), ("ns1.hoster.alpha.", "A"))


def seen(reply):
    """What is compared of a reply."""
    if reply is None:
        return None
    records = {f"{rrset.name.to_text().lower()} {dns.rdatatype.to_text(rrset.rdtype)} {record.to_text()}"
               for rrset in reply.answer for record in rrset}
    return dns.rcode.to_text(reply.rcode()), bool(reply.flags & AD), records


def errors_of(reply):
    """The codes of its extended errors (RFC 8914)."""
    return [int(option.code) for option in reply.options if option.otype == 15]


class Recursion(TestCase):
    """The servers are shared: one resolver of each kind answers all the tests, so some find what others have cached."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = Path(tempfile.mkdtemp(prefix="taut-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.internet = PrivateInternet(cls.shared)
        cls.addClassCleanup(cls.internet.close)
        cls.network = cls.internet.network
        config = cls.shared / "unbound.conf"
        config.write_text(UNBOUND_CONFIG.format(address=UNBOUND, folder=cls.shared, hints=cls.internet.hints,
                                                anchor=cls.internet.anchor))
        cls.start([which("unbound"), "-d", "-c", config], UNBOUND)
        cls.taut = cls.start(cls.command(TAUT, "--interface", "::1"), TAUT)

    @classmethod
    def command(cls, address, *options):
        return [TAUTD, "--recursor", "--interface", address, "--port", "53", "--threads", "2",
                "--root-hints", cls.internet.hints, "--trust-anchor", cls.internet.anchor, *options]

    @classmethod
    def start(cls, command, address):
        process = cls.network.run(Process, command, cls.shared)
        cls.addClassCleanup(process.kill)

        def answers():
            if not process.running():
                raise AssertionError(f"{process.name} ended at once:\n{process.log()}")
            return cls.ask(address, (".", "SOA"), seconds=1)

        try:
            wait_until(answers, 20, f"{process.name} answers")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{process.log()}") from None
        return process

    @classmethod
    def ask(cls, address, question, **options):
        return cls.network.run(ask, address, [question], **options)[0]

    def assert_alike(self, asked, replies, others, what=seen):
        unlike = [f"{name} {kind}: taut {ours}, Unbound {theirs}" for (name, kind), ours, theirs in
                  zip(asked, map(what, replies), map(what, others)) if ours != theirs]
        self.assertFalse(unlike, f"{len(unlike)} of {len(asked)}:\n" + "\n".join(unlike[:40]))

    def test_answers(self):
        """Every name of every zone has the same RCODE, AD bit and data as from Unbound, from the cache too"""
        asked = list(questions())
        theirs = self.network.run(ask, UNBOUND, asked)
        ours = self.network.run(ask, TAUT, asked)
        self.assert_alike(asked, ours, theirs)
        again = self.network.run(ask, TAUT, asked)
        self.assert_alike(asked, again, theirs)
        secure = [one for one, reply in zip(asked, ours) if reply.flags & AD]
        self.assertGreater(len(secure), len(asked) // 4, "signed names are secure")

    def test_without_validation(self):
        """With CD data are answered that do not validate, as Unbound does"""
        asked = [one for one in questions() if one[0].rstrip(".").endswith(tuple(BOGUS))]
        theirs = self.network.run(ask, UNBOUND, asked, flags=RD | CD)
        ours = self.network.run(ask, TAUT, asked, flags=RD | CD)
        self.assert_alike(asked, ours, theirs, lambda reply: (seen(reply) or [None])[::2])
        for origin, (_, names) in BOGUS.items():
            reply = self.ask(TAUT, (f"{names[0]}.{origin}.", "A"), flags=RD | CD)
            wanted = dns.rcode.NXDOMAIN if names[0] == "nothing" else dns.rcode.NOERROR
            self.assertEqual(reply.rcode(), wanted, origin)

    def test_bogus(self):
        """What does not validate is SERVFAIL, with the extended error that says why"""
        for origin, (codes, names) in BOGUS.items():
            for name in names:
                with self.subTest(name=f"{name}.{origin}"):
                    for _ in ("new", "from the cache"):
                        reply = self.ask(TAUT, (f"{name}.{origin}.", "A"))
                        self.assertEqual(reply.rcode(), dns.rcode.SERVFAIL)
                        self.assertFalse(reply.answer)
                        self.assertTrue(set(errors_of(reply)) & set(codes), f"{errors_of(reply)} not {codes}")

    def test_bits(self):
        """AD is for those who ask for it by AD or DO, and signatures for those who ask by DO"""
        for options, secure, signed in (({"dnssec": True}, True, True), ({"dnssec": False}, False, False),
                                        ({"dnssec": False, "flags": RD | AD}, True, False),
                                        ({"dnssec": True, "flags": RD | CD}, None, True)):
            for name in ("www.p256.alpha.", "nothing.rsa.alpha.", "alias.hosted.beta."):
                with self.subTest(name=name, **options):
                    reply = self.ask(TAUT, (name, "A"), **options)
                    self.assertTrue(reply.flags & dns.flags.RA)
                    self.assertFalse(reply.flags & dns.flags.AA)
                    if secure is not None:
                        self.assertEqual(bool(reply.flags & AD), secure)
                    kinds = {rrset.rdtype for rrset in (*reply.answer, *reply.authority)}
                    self.assertEqual(dns.rdatatype.RRSIG in kinds, signed)

    def test_dead(self):
        """A zone whose servers say nothing is SERVFAIL within the time for a question, and says which error that was"""
        options = ("--query-deadline", 2000, "--negative-trust-anchor", "expired.alpha")
        self.start(self.command(TRUSTING, *options), TRUSTING)
        reply = self.ask(TRUSTING, ("www.dead.beta.", "A"), seconds=5 * SLOWNESS)
        self.assertIsNotNone(reply, "an answer within the deadline")
        self.assertEqual(reply.rcode(), dns.rcode.SERVFAIL)
        self.assertTrue({22, 23} & set(errors_of(reply)), reply.options)
        reply = self.ask(TRUSTING, ("www.expired.alpha.", "A"))
        self.assertEqual(seen(reply)[:2], ("NOERROR", False), "below a negative trust anchor nothing is validated")

    # A copy of the root.

    def ctl(self, *words):
        result = self.run_program(TAUTCTL, "--socket", self.folder / "control", *words)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def configure_copy(self, primary, local_root=True):
        """Replaces the file of a server that has the root as a secondary zone."""
        self.write("new", f"""server.control = "{self.folder}/control"
server.state-directory = "{self.folder}/kept"
[[listen]]
address = ["{COPYING}"]
[recursion]
root-hints = "{self.internet.hints}"
trust-anchors = ["{self.internet.anchor}"]
local-root = {"true" if local_root else "false"}
[[zone]]
name = "."
primaries = ["{primary}"]
allow-transfer = ["any"]
""").rename(self.folder / "taut.toml")

    def start_copying(self):
        process = self.network.run(Process, [TAUTD, "--config", self.folder / "taut.toml"], self.folder)
        self.addCleanup(process.kill)
        order = (TAUTCTL, "--socket", self.folder / "control", "cache", "show", ".")
        process.wait_for_log("zone ., serial 1, is the local root: the root's servers are asked for no referrals", 20)
        wait_until(lambda: self.run_program(*order).returncode == 0, what="it takes orders")
        return process

    def asked_of_root(self, name):
        """What the servers of the root are asked for it, by a trace, whose lines are returned too."""
        lines = self.ctl("trace", name).splitlines()
        return {line.split(" for ")[1].split(",")[0] for line in lines if f"ask {ROOT}:53 for" in line}, lines

    def transfer(self):
        query = dns.message.make_query(".", "AXFR")
        return self.network.run(dns.query.tcp, query, COPYING, timeout=10 * SLOWNESS)

    def test_local_root(self):
        """Referrals of the root come from its copy, by transfer or as it was kept, and no client is answered from it"""
        (self.folder / "kept").mkdir()
        self.configure_copy(ROOT)
        server = self.start_copying()
        asked, lines = self.asked_of_root("www.p256.alpha")
        self.assertEqual(asked, set(), lines)
        self.assertTrue([line for line in lines if line.endswith("the local root refers to alpha.")], lines)
        for name, secure in (("www.p256.alpha.", True), ("alias.hosted.beta.", True), ("www.plain.beta.", False)):
            reply = self.ask(COPYING, (name, "A"))
            self.assertEqual(seen(reply)[:2], ("NOERROR", secure), name)
        self.assertEqual(seen(self.ask(COPYING, ("www.forged.alpha.", "A")))[0], "SERVFAIL")
        self.assertEqual(seen(self.ask(COPYING, ("nothing.", "A")))[:2], ("NXDOMAIN", True))
        self.assertRegex(self.ctl("zone", "list"), r"(?m)^\.\s")
        self.assertIn("primary", self.ctl("zone", "status", "."))
        self.assert_not_served()
        # It is served as soon as it is not the local root any more, and the other way round.
        self.configure_copy(ROOT, local_root=False)
        self.ctl("reload")
        wait_until(lambda: self.ask(COPYING, (".", "SOA"), flags=0).flags & dns.flags.AA, what="it is served")
        self.assertEqual(self.transfer().rcode(), dns.rcode.NOERROR)
        self.configure_copy(ROOT)
        self.ctl("reload")
        wait_until(lambda: self.ask(COPYING, (".", "SOA"), flags=0).rcode() == dns.rcode.REFUSED, what="it is not")
        self.assert_not_served()
        # Another start has what was kept, though no primary answers.
        server.kill()
        self.configure_copy(SILENT)
        self.start_copying()
        asked, lines = self.asked_of_root("www.hosted.beta")
        self.assertEqual(asked, set(), lines)
        self.assertEqual(seen(self.ask(COPYING, ("www.p256.alpha.", "A")))[:2], ("NOERROR", True))

    def assert_not_served(self):
        """Who asks for the zone, or for what it refers to, gets what a recursor says."""
        for question in ((".", "SOA"), ("alpha.", "NS"), ("nothing.", "A")):
            self.assertEqual(self.ask(COPYING, question, flags=0).rcode(), dns.rcode.REFUSED, question)
        reply = self.ask(COPYING, (".", "SOA"))
        self.assertEqual(seen(reply)[:2], ("NOERROR", True))
        self.assertFalse(reply.flags & dns.flags.AA)
        self.assertEqual(self.transfer().rcode(), dns.rcode.NOTAUTH)

    # A machine whose resolv.conf names tautd.

    def in_machine(self, *command):
        """Runs the program where resolv.conf names tautd."""
        resolv = self.write("resolv.conf", f"nameserver {TAUT}\n")
        switch = self.write("nsswitch.conf", "hosts: files dns\n")
        script = 'mount --bind "$0" /etc/resolv.conf && mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"'
        return self.network.run(self.run_program, "unshare", "--mount", "sh", "-c", script, resolv, switch, *command)

    def serve_page(self):
        folder = self.folder / "www"
        folder.mkdir()
        (folder / "index.html").write_text("<title>found</title><p>reached by name")
        handler = functools.partial(Quiet, directory=folder)
        server = self.network.run(http.server.ThreadingHTTPServer, (WEB, 80), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)

    def test_programs(self):
        """Programs find addresses by getaddrinfo, and a bogus name has none"""
        look_up = "import socket, sys; print(sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80)}))"
        for name, wanted in (("www.p256.alpha", WEB), ("chain.hosted.beta", WEB), ("www.six.beta", "2001:db8::80"),
                             ("a.b.wild.rsa.alpha", "192.0.2.91")):
            found = self.in_machine("python3", "-c", look_up, name)
            self.assertIn(f"'{wanted}'", found.stdout, found.stderr)
        for name in ("www.expired.alpha", "nothing.rsa.alpha"):
            self.assertIn("gaierror", self.in_machine("python3", "-c", look_up, name).stderr, name)

    @unittest.skipUnless(CHROMIUM, "chromium is not installed")
    @unittest.skipIf(SANITIZED, "what the browser reaches is the same in every build")
    def test_browser(self):
        """A browser reaches a server by its name, by way of an alias in another zone"""
        self.serve_page()
        profile = f"--user-data-dir={self.folder}/browser"
        page = self.in_machine(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", profile, "--timeout=4000",
                               "--dump-dom", "http://alias.hosted.beta/")
        self.assertIn("reached by name", page.stdout, page.stderr)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


if __name__ == "__main__":
    main()

"""What the server tells about itself and its answers: CHAOS names, NSID, cookies, keepalive, extended errors."""
import re
import signal
import socket

from support import EXAMPLE_ZONE, TAUTD, TestCase, main, wait_until

FIRST, SECOND = "e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"


class Identity(TestCase):
    def dig(self, server, *arguments):
        result = self.run_program("dig", "@127.0.0.1", "-p", server.port, "+tries=1", *arguments)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def chaos(self, server, name):
        return self.dig(server, "+short", "CH", "TXT", name).strip().strip('"')

    def cookie(self, server, *arguments):
        """The cookie that dig shows, and its verdict: it compares the client's part."""
        out = self.dig(server, "www.example.com", *arguments)
        found = re.search(r"; COOKIE: ([0-9a-f]+) \((\w+)\)", out)
        self.assertIsNotNone(found, out)
        return found.groups()

    def test_defaults(self):
        """Unless told otherwise, the server tells its version and its host's name"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE)
        version = self.run_program(TAUTD, "--version").stdout.split()[1]
        for name in ("version.bind", "version.server"):
            self.assertEqual(self.chaos(server, name), f"taut {version}")
        for name in ("hostname.bind", "id.server"):
            self.assertEqual(self.chaos(server, name), socket.gethostname())
        out = self.dig(server, "+nsid", "www.example.com")
        self.assertIn(f'("{socket.gethostname()}")', out)

    def test_told(self):
        """The server tells the configured texts, and kdig reads them too"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--identity", "ns1.fra", "--version-text", "a server")
        self.assertEqual(self.chaos(server, "version.bind"), "a server")
        self.assertEqual(self.chaos(server, "id.server"), "ns1.fra")
        self.assertEqual(self.chaos(server, "hostname.bind"), socket.gethostname())
        out = self.run_program("kdig", "@127.0.0.1", "-p", server.port, "+nsid", "www.example.com").stdout
        self.assertIn('"ns1.fra"', out)

    def test_hidden(self):
        """A hidden name is REFUSED, and NSID is not sent"""
        names = ("version.bind", "version.server", "hostname.bind", "id.server")
        server = self.start_tautd(
            "--zone", EXAMPLE_ZONE, *(word for name in (*names, "nsid") for word in ("--hide", name))
        )
        for name in names:
            self.assertIn("status: REFUSED", self.dig(server, "CH", "TXT", name))
        self.assertNotIn("NSID", self.dig(server, "+nsid", "www.example.com"))
        one = self.start_tautd("--zone", EXAMPLE_ZONE, "--hide", "version.bind")
        self.assertIn("status: REFUSED", self.dig(one, "CH", "TXT", "version.bind"))
        self.assertNotEqual(self.chaos(one, "version.server"), "")

    def test_cookies(self):
        """dig's cookie is good when it comes back, and --no-cookies ignores it"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE)
        made, verdict = self.cookie(server, "+cookie=0011223344556677")
        self.assertEqual((len(made), made[:16], verdict), (48, "0011223344556677", "good"))
        self.assertEqual(self.cookie(server, f"+cookie={made}"), (made, "good"))
        forged = f"{made[:-1]}{int(made[-1], 16) ^ 1:x}"
        self.assertNotEqual(self.cookie(server, f"+cookie={forged}")[0], forged)
        without = self.start_tautd("--zone", EXAMPLE_ZONE, "--no-cookies")
        self.assertNotIn("(good)", self.dig(without, "www.example.com", "+cookie=0011223344556677"))

    def test_cookie_secrets(self):
        """Servers with one secret agree, also while the secret is changed with SIGHUP"""
        path = self.write_secret("secrets", f"# of this service\n{FIRST}\n")
        one = self.start_tautd("--zone", EXAMPLE_ZONE, "--cookie-secrets", path)
        two = self.start_tautd("--zone", EXAMPLE_ZONE, "--cookie-secrets", path)
        made, _ = self.cookie(one, "+cookie=0011223344556677")
        self.assertEqual(self.cookie(two, f"+cookie={made}")[0], made)
        path.write_text(f"{SECOND}\n{FIRST}\n")
        two.signal(signal.SIGHUP)
        new = wait_until(lambda: self.changed(two, made), 10, "the new secret is in use")
        self.assertEqual(self.cookie(two, f"+cookie={new}")[0], new)
        path.write_text("nonsense\n")
        two.signal(signal.SIGHUP)
        wait_until(lambda: f"{path}:1:1: not a cookie secret" in two.log(), 10, "the mistake is reported")
        self.assertEqual(self.cookie(two, f"+cookie={new}")[0], new)

    def changed(self, server, cookie):
        made, _ = self.cookie(server, f"+cookie={cookie}")
        return made if made != cookie else None

    def test_mistakes_in_secrets(self):
        """A file of secrets with a mistake ends the start with file, line and column"""
        for text, expected in (
            ("", ": no cookie secret: expected lines of 32 hexadecimal digits"),
            (f"{FIRST}\n{FIRST}0\n", ":2:1: not a cookie secret: expected 32 hexadecimal digits"),
            (f"{FIRST}\n" * 9, ":9:1: too many cookie secrets: expected at most 8"),
        ):
            path = self.write_secret("secrets", text)
            result = self.run_program(TAUTD, "--zone", EXAMPLE_ZONE, "--cookie-secrets", path)
            self.assertEqual((result.returncode, result.stderr), (1, f"tautd: {path}{expected}\n"))
        result = self.run_program(TAUTD, "--zone", EXAMPLE_ZONE, "--cookie-secrets", path, "--no-cookies")
        self.assertEqual(result.returncode, 2, result.stderr)
        result = self.run_program(TAUTD, "--zone", EXAMPLE_ZONE, "--hide", "nothing")
        self.assertEqual(result.returncode, 2, result.stderr)

    def test_keepalive(self):
        """Over TCP the server tells how long a connection may be idle"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE)
        out = self.dig(server, "+tcp", "+keepalive", "www.example.com")
        self.assertIn("TCP KEEPALIVE: 10.0 secs", out.upper().replace("SECS", "secs"))

    def test_extended_errors(self):
        """dig prints why a query was refused"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE)
        self.assertIn("EDE: 20 (Not Authoritative)", self.dig(server, "www.example.org"))
        self.assertIn("EDE: 21 (Not Supported)", self.dig(server, "+opcode=notify", "example.com"))
        self.assertNotIn("EDE", self.dig(server, "www.example.com"))


if __name__ == "__main__":
    main()

"""Messages that are signed with shared keys (TSIG): asked by dig, kdig and dnspython, over UDP and TCP."""
import base64
import os
import re
import signal
import struct
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.tsig

from support import FORMERR, NOERROR, REFUSED, TAUTD, Process, Reply, TestCase, ask_tcp, ask_udp, free_port, main, \
    wait_until, which

TAUTCTL = os.environ["TAUT_TAUTCTL"]
TSIG = 250
NOTAUTH = 9
BADSIG, BADKEY, BADTIME = 16, 17, 18

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n" + "".join(
    f"many 60 A 192.0.2.{number}\n" for number in range(1, 101))
SECRET = base64.b64encode(b"the secret of the transfer key..").decode()
OTHER = base64.b64encode(b"another secret, for another key.").decode()
ALGORITHMS = ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]


def key(name="transfer-key", secret=SECRET, algorithm="hmac-sha256"):
    return dns.tsig.Key(name, secret, algorithm)


class Tsig(TestCase):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.path = self.folder / "taut.toml"
        self.write("example.com.zone", ZONE)
        self.write("inside.zone", ZONE.replace("www 60 A 192.0.2.2\n", "www 60 A 192.0.2.99\n"))
        self.secret_file = self.write_secret("transfer-key", f"# of the transfer key\n{SECRET}\n")

    def configure(self, text):
        zone = '[[zone]]\nname = "example.com"\nfile = "example.com.zone"\n'
        listen = f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'
        self.write("new", f"{text}\n{zone}{listen}").rename(self.path)

    def start(self, text="", answers=True):
        self.configure(text)
        server = Process([TAUTD, "--config", self.path], self.folder, name="tautd",
                         env={**os.environ, "TAUT_SERVER__CONTROL": str(self.folder / "control")})
        server.port = self.port
        self.addCleanup(self._finish, server)
        if answers:
            self.wait_for_answer(server)
        return server

    def start_with_key(self, more="", **options):
        return self.start(f'[tsig.transfer-key]\nsecret-file = "{self.secret_file.name}"\n{more}', **options)

    def check(self, text):
        self.configure(text)
        return self.run_program(TAUTCTL, "check", "--zones", "--config", self.path)

    def wire(self, name="www.example.com", kind="A", signed_by=None, skew=0):
        """A signed message, as octets, and what dnspython knows of it."""
        query = dns.message.make_query(name, kind)
        query.use_tsig(signed_by or key())
        real = time.time
        time.time = lambda: real() + skew
        try:
            return query.to_wire(), query
        finally:
            time.time = real

    def asks(self, signed_by=None, **options):
        """The replies over UDP and TCP, as octets."""
        for transport in (ask_udp, ask_tcp):
            octets, query = self.wire(signed_by=signed_by, **options)
            with self.subTest(transport=transport.__name__):
                yield transport("127.0.0.1", self.port, octets).octets, query

    def tsig_of(self, octets):
        """Of a reply, without a look at its MAC; nothing where it has none."""
        found = [record.rdata for record in Reply(octets).additional if record.type == TSIG]
        if not found:
            return None
        rest = found[0][found[0].index(0) + 1:]  # behind the algorithm
        size = struct.unpack("!H", rest[8:10])[0]
        error = struct.unpack("!H", rest[12 + size:14 + size])[0]
        return {"time": int.from_bytes(rest[:6], "big"), "mac": rest[10:10 + size], "error": error,
                "other": rest[16 + size:]}

    def dig(self, program, *arguments):
        done = self.run_program(which(program), "@127.0.0.1", "-p", str(self.port), "www.example.com", "A", *arguments)
        return done.stdout + done.stderr

    def test_a_signed_query_has_a_signed_reply_by_every_algorithm(self):
        names = {algorithm: f"key-{algorithm}.example" for algorithm in ALGORITHMS}
        self.start("".join(f'[tsig."{name}"]\nalgorithm = "{algorithm}"\nsecret = "{SECRET}"\n'
                           for algorithm, name in names.items()))
        for algorithm, name in names.items():
            for ask in (dns.query.udp, dns.query.tcp):
                with self.subTest(algorithm=algorithm, transport=ask.__name__):
                    query = dns.message.make_query("www.example.com", "A")
                    query.use_tsig(key(name, SECRET, algorithm))
                    reply = ask(query, "127.0.0.1", port=self.port, timeout=5)  # which raises what is wrong
                    self.assertTrue(reply.had_tsig)
                    self.assertEqual(reply.rcode(), dns.rcode.NOERROR)

    def test_dig_and_kdig_accept_what_the_server_signs(self):
        self.start_with_key()
        for program in ("dig", "kdig"):
            for transport in ("+notcp", "+tcp"):
                with self.subTest(program=program, transport=transport):
                    text = self.dig(program, transport, "-y", f"hmac-sha256:transfer-key:{SECRET}")
                    self.assertIn("192.0.2.2", text)
                    self.assertNotRegex(text, r"(?i)verify|verification|badsig|badkey")

    def test_dig_and_kdig_are_told_of_a_wrong_secret_and_of_a_wrong_name(self):
        self.start_with_key()
        for program in ("dig", "kdig"):
            for name, secret, error in (("transfer-key", OTHER, "BADSIG"), ("other-key", SECRET, "BADKEY")):
                with self.subTest(program=program, error=error):
                    text = self.dig(program, "-y", f"hmac-sha256:{name}:{secret}")
                    self.assertIn(error, text)
                    self.assertNotIn("192.0.2.2", text)

    def test_a_truncated_reply_is_signed_and_no_larger_than_the_client_takes(self):
        self.start_with_key()
        octets, query = self.wire("many.example.com")
        reply = ask_udp("127.0.0.1", self.port, octets).octets
        self.assertLessEqual(len(reply), 512)
        message = dns.message.from_wire(reply, keyring=key(), request_mac=query.mac)
        self.assertTrue(message.had_tsig)
        self.assertTrue(message.flags & dns.flags.TC)

    def test_a_wrong_secret_is_badsig_and_a_wrong_name_badkey_without_a_mac(self):
        self.start_with_key()
        for signed_by, error in ((key(secret=OTHER), BADSIG), (key("other-key"), BADKEY),
                                 (key(algorithm="hmac-sha512"), BADKEY)):
            for reply, _ in self.asks(signed_by):
                self.assertEqual(Reply(reply).rcode, NOTAUTH)
                self.assertEqual(self.tsig_of(reply)["error"], error)
                self.assertEqual(self.tsig_of(reply)["mac"], b"")

    def test_a_server_without_keys_says_badkey(self):
        self.start()
        for reply, _ in self.asks():
            self.assertEqual(Reply(reply).rcode, NOTAUTH)
            self.assertEqual(self.tsig_of(reply)["error"], BADKEY)

    def test_a_skewed_clock_is_badtime_signed_with_the_time_of_the_server_and_logged_once_a_minute(self):
        server = self.start_with_key()
        for skew in (-1000, 1000):
            for reply, query in self.asks(skew=skew):
                tsig = self.tsig_of(reply)
                self.assertEqual((Reply(reply).rcode, tsig["error"]), (NOTAUTH, BADTIME))
                self.assertAlmostEqual(int.from_bytes(tsig["other"], "big"), time.time(), delta=60)
                self.assertEqual(len(tsig["mac"]), 32)
                with self.assertRaises(dns.tsig.PeerBadTime):
                    dns.message.from_wire(reply, keyring=key(), request_mac=query.mac)
        for reply, _ in self.asks(skew=-290):
            self.assertEqual(Reply(reply).rcode, NOERROR)
        server.wait_for_log("BADTIME")
        self.assertEqual(server.stop(), 0)
        lines = re.findall(r".*BADTIME.*", server.log())
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], r"transfer-key.*client's clock says \d{4}-\d\d-\d\dT.*this server's \d{4}-.*1000 s")

    def test_a_truncated_mac_is_accepted_down_to_half_and_is_formerr_below(self):
        self.start_with_key()
        for size, rcode in ((16, NOERROR), (15, FORMERR), (0, FORMERR)):
            octets, _ = self.wire()
            mac = len(octets) - 6 - 32  # where it begins
            rdlength = mac - 10 - len(b"\x0bhmac-sha256\x00") - 2
            size_of_rdata = struct.unpack("!H", octets[rdlength:rdlength + 2])[0] - 32 + size
            cut = octets[:rdlength] + struct.pack("!H", size_of_rdata) + octets[rdlength + 2:mac - 2] + \
                struct.pack("!H", size) + octets[mac:mac + size] + octets[-6:]
            for transport in (ask_udp, ask_tcp):
                with self.subTest(size=size, transport=transport.__name__):
                    reply = transport("127.0.0.1", self.port, cut)
                    self.assertEqual(reply.rcode, rcode)
                    self.assertEqual(self.tsig_of(reply.octets) is None, rcode == FORMERR)

    def test_a_tsig_that_is_not_last_or_there_twice_is_formerr(self):
        self.start_with_key()
        octets, _ = self.wire()
        opt = bytes.fromhex("0000290200000000000000")
        tsig = octets[12 + len(b"\x03www\x07example\x03com\x00") + 4:]
        for added in (opt, tsig):
            message = octets[:10] + struct.pack("!H", struct.unpack("!H", octets[10:12])[0] + 1) + octets[12:] + added
            for transport in (ask_udp, ask_tcp):
                self.assertEqual(transport("127.0.0.1", self.port, message).rcode, FORMERR)

    def test_access_by_key_holds_for_queries_that_are_signed_with_it_from_the_right_network(self):
        lists = ('[acl]\nhere = { networks = ["127.0.0.0/8"], tsig = ["transfer-key"] }\n'
                 'elsewhere = { networks = ["198.51.100.0/24"], tsig = ["transfer-key"] }\n'
                 'anywhere = { tsig = ["transfer-key"] }\n')
        for allowed, rcode in (("here", NOERROR), ("elsewhere", REFUSED), ("anywhere", NOERROR)):
            with self.subTest(allowed=allowed):
                server = self.start_with_key(f'{lists}[server]\nallow-query = ["{allowed}"]\n', answers=False)
                wait_until(lambda: self.is_answered(), 10, "the server answers")
                for reply, query in self.asks():
                    self.assertEqual(Reply(reply).rcode, rcode)
                    self.assertTrue(dns.message.from_wire(reply, keyring=key(), request_mac=query.mac).had_tsig)
                for ask in (ask_udp, ask_tcp):
                    plain = dns.message.make_query("www.example.com", "A").to_wire()
                    self.assertEqual(ask("127.0.0.1", self.port, plain).rcode, REFUSED)
                server.stop()

    def is_answered(self):
        try:
            return ask_tcp("127.0.0.1", self.port, dns.message.make_query("www.example.com", "A").to_wire())
        except OSError:
            return False

    def test_a_view_is_chosen_by_key(self):
        self.start_with_key('[acl]\nsigned = { tsig = ["transfer-key"] }\n[[view]]\nname = "inside"\n'
                            'match = ["signed"]\nzone = [{ name = "example.com", file = "inside.zone" }]\n')
        for reply, query in self.asks():
            message = dns.message.from_wire(reply, keyring=key(), request_mac=query.mac)
            self.assertIn("192.0.2.99", str(message.answer[0]))
        plain = dns.message.make_query("www.example.com", "A").to_wire()
        self.assertEqual(ask_udp("127.0.0.1", self.port, plain).addresses(), ["192.0.2.2"])

    def test_a_reload_replaces_keys_and_two_keys_live_side_by_side(self):
        server = self.start_with_key()
        both = (f'[tsig.transfer-key]\nsecret-file = "{self.secret_file.name}"\n'
                f'[tsig.next-key]\nalgorithm = "hmac-sha512"\nsecret = "{OTHER}"\n')
        next_key = key("next-key", OTHER, "hmac-sha512")
        for text, old, new in ((both, NOERROR, NOERROR),
                               (f'[tsig.next-key]\nalgorithm = "hmac-sha512"\nsecret = "{OTHER}"\n', NOTAUTH, NOERROR)):
            self.configure(text)
            server.signal(signal.SIGHUP)
            wait_until(lambda: self.rcode_of(next_key) == new and self.rcode_of(key()) == old, 10, "the new keys count")
        self.write_secret("transfer-key", f"{OTHER}\n")
        self.configure(both)
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.rcode_of(key(secret=OTHER)) == NOERROR, 10, "the file is read again")

    def rcode_of(self, signed_by):
        return ask_udp("127.0.0.1", self.port, self.wire(signed_by=signed_by)[0]).rcode

    def test_a_secret_is_shown_nowhere(self):
        server = self.start(f'[tsig.transfer-key]\nsecret = "{SECRET}"\n')
        control = str(self.folder / "control")
        self.configure(f'[tsig.transfer-key]\nsecret = "{OTHER}"\n')
        diff = self.run_program(TAUTCTL, "--socket", control, "config", "diff")
        self.assertIn("tsig.transfer-key.secret", diff.stdout)
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.rcode_of(key(secret=OTHER)) == NOERROR, 10, "the new key counts")
        shown = self.run_program(TAUTCTL, "--socket", control, "config", "show")
        self.assertIn("tsig.transfer-key.secret", shown.stdout)
        self.assertEqual(server.stop(), 0)
        for text in (diff.stdout, shown.stdout, server.log()):
            self.assertNotIn(SECRET, text)
            self.assertNotIn(OTHER, text)

    def test_mistakes_are_told_with_their_places_and_what_would_be_right(self):
        loose = self.write("loose", f"{SECRET}\n")
        loose.chmod(0o644)
        self.write_secret("broken", "no base64!\n")
        self.write_secret("empty", "# nothing\n")
        cases = [
            ('[tsig.k]\n', r"taut\.toml:1:\d+: a key without a secret; expected secret-file"),
            ('[tsig.k]\nsecret = "&&&"\n', r"taut\.toml:2:\d+: the secret is no base64; expected"),
            (f'[tsig.k]\nsecret = "{SECRET}"\nsecret-file = "x"\n', r"taut\.toml:3:\d+: secret-file does not go with"),
            (f'[tsig.k]\nalgorithm = "hmac-md5"\nsecret = "{SECRET}"\n', r"taut\.toml:2:\d+: .*expected one of \"hmac"),
            (f'[tsig."a..b"]\nsecret = "{SECRET}"\n', r"taut\.toml:1:\d+: 'a\.\.b' is not a domain name"),
            (f'[tsig.k]\nsecrt = "{SECRET}"\n', r"taut\.toml:2:\d+: 'secrt' is not known in \[tsig\.k\]; did you mean"),
            (f'[tsig.k]\nsecret = "{SECRET}"\n[tsig.K]\nsecret = "{SECRET}"\n', r"there already with this algorithm"),
            ('[tsig.k]\nsecret-file = "loose"\n', r"mode of a file of secrets is 0644; expected at most 0640"),
            ('[tsig.k]\nsecret-file = "broken"\n', r"broken:1:1: not the secret of a key: expected it in base64"),
            ('[tsig.k]\nsecret-file = "empty"\n', r"empty: no secret: expected a line in base64"),
            ('[tsig.k]\nsecret-file = "missing"\n', r"missing.*No such file"),
            ('[acl]\nx = { tsig = ["k"] }\n', r"taut\.toml:2:\d+: 'k' is no name of a key; expected that of a \[tsig"),
            ('[acl]\nx = {}\n', r"taut\.toml:2:\d+: an access list without anyone; expected networks, tsig or both"),
            (f'[tsig.k]\nsecret = "{SECRET}"\n[acl]\nx = {{ tsig = ["k"] }}\n[http]\nlisten = ["127.0.0.1"]\n'
             'allow = ["x"]\n', r"taut\.toml:7:\d+: 'x' asks for a key, which is not known here; expected networks"),
            (f'[tsig.k]\nsecret = "{SECRET}"\n[acl]\nx = {{ tsig = ["k"] }}\n[rate-limit]\nresponses = 5\n'
             'exempt = ["x"]\n', r"taut\.toml:7:\d+: 'x' asks for a key"),
        ]
        for text, expected in cases:
            with self.subTest(text=text):
                done = self.check(text)
                self.assertNotEqual(done.returncode, 0)
                self.assertRegex(done.stdout + done.stderr, expected)
                self.assertNotIn(SECRET, done.stdout + done.stderr)


if __name__ == "__main__":
    main()

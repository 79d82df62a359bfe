"""The rate limit: a flood over UDP gets what the limit says, and who asks over TCP or is exempt gets everything."""
import socket
import time
from collections import Counter

from support import (EXAMPLE_ZONE, NXDOMAIN, SLOWNESS, TAUTD, Process, Reply, TestCase, ask_tcp, ask_udp, family_of,
                     free_port, main, make_query, wait_until, which)

RATE = 20


def flood(host, port, messages, source=None):
    """Sends all messages at once and counts what comes back until nothing does."""
    kinds = Counter()
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as client:
        if source:
            client.bind((source, 0))
        client.connect((host, port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        start = time.monotonic()
        for message in messages:
            client.send(message)
        client.settimeout(1.5)
        try:
            while kinds["truncated"] + kinds["whole"] < len(messages):
                reply = Reply(client.recv(65535))
                kinds["truncated" if reply.truncated else "whole"] += 1
                kinds["seconds"] = time.monotonic() - start
        except TimeoutError:
            pass
    kinds["dropped"] = len(messages) - kinds["truncated"] - kinds["whole"]
    return kinds


class RateLimit(TestCase):
    def start(self, *arguments, slip=2):
        # A single thread, so that every query is in one account whatever port it comes from.
        return self.start_tautd(
            "--zone", EXAMPLE_ZONE, "--threads", 1, "--rate-limit", RATE, "--rate-limit-slip", slip, *arguments
        )

    def expect_limited(self, kinds, count, slip):
        """What was sent whole is what the limit allows; of the others, one in `slip` was truncated."""
        self.assertGreaterEqual(kinds["whole"], RATE, kinds)
        self.assertLessEqual(kinds["whole"], RATE * (1 + kinds["seconds"]) + 1, kinds)
        limited = count - kinds["whole"]
        self.assertAlmostEqual(kinds["truncated"], limited / slip if slip else 0, delta=2, msg=kinds)

    def test_flood(self):
        """A flood from one address gets its rate, and of the rest every other reply truncated and without records"""
        server = self.start()
        count = 400
        kinds = flood("127.0.0.1", server.port, [make_query("www.example.com") for _ in range(count)])
        self.expect_limited(kinds, count, 2)
        reply = wait_until(lambda: ask_udp("127.0.0.1", server.port, make_query("www.example.com"), 0.2))
        self.assertTrue(reply.truncated)
        self.assertEqual(reply.sections, [[], [], []])

    def test_slip(self):
        """--rate-limit-slip 0 drops everything above the limit, 1 truncates everything"""
        for slip in (0, 1):
            server = self.start(slip=slip)
            kinds = flood("127.0.0.1", server.port, [make_query("www.example.com") for _ in range(200)])
            self.expect_limited(kinds, 200, slip)
            server.stop()
            server.ended = True

    def test_networks_and_zones(self):
        """A network of a limit of its own has it in every zone, others have that of the zone, or else that of all"""
        port = free_port()
        zone = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.1\n"
        for name in ("free", "bound", "usual"):
            self.write(f"{name}.zone", zone)
        config = self.write("taut.toml", f"""[[listen]]
            address = ["127.0.0.1:{port}"]
            [server]
            threads = 1
            [rate-limit]
            responses = 20
            slip = 0
            [[rate-limit.network]]
            networks = ["127.1.0.0/16"]
            responses = 5
            [[rate-limit.network]]
            networks = ["127.1.1.0/24", "2001:db8::/32"]
            responses = 0
            [[zone]]
            name = "free"
            rate-limit = 0
            [[zone]]
            name = "bound"
            rate-limit = 2
            [[zone]]
            name = "usual"
            """)
        server = Process([TAUTD, "--config", config], self.folder, name="tautd")
        server.port = port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        count = 60
        for source, name, limit in (("127.0.2.1", "www.free", count), ("127.0.3.1", "www.bound", 2),
                                    ("127.0.4.1", "www.usual", 20), ("127.1.0.1", "www.free", 5),
                                    ("127.1.2.1", "www.bound", 5), ("127.1.1.1", "www.bound", count)):
            kinds = flood("127.0.0.1", port, [make_query(name) for _ in range(count)], source)
            self.assertGreaterEqual(kinds["whole"], limit, f"{source} {name} {kinds}")
            self.assertLessEqual(kinds["whole"], limit * (1 + kinds["seconds"]) + 1, f"{source} {name} {kinds}")

    def test_random_names(self):
        """Random names are one account for each zone, and data of another name are not concerned"""
        server = self.start()
        messages = [make_query(f"n{i}.example.com") for i in range(300)]
        self.expect_limited(flood("127.0.0.1", server.port, messages), 300, 2)
        self.assertFalse(ask_udp("127.0.0.1", server.port, make_query("www.example.com")).truncated)

    def ask_many_names(self, server, count):
        """One question for each of `count` names, over and over for a second, each time from another port."""
        sent = whole = 0
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(16)]
        for client in clients:
            self.addCleanup(client.close)
            client.connect(("127.0.0.1", server.port))
        start = time.monotonic()
        while time.monotonic() - start < 1:
            for client in clients:
                client.send(make_query(f"h{sent % count}.test"))
                sent += 1
            time.sleep(0.01)
        seconds = time.monotonic() - start
        time.sleep(0.5 * SLOWNESS)
        for client in clients:
            client.setblocking(False)
            try:
                while True:
                    whole += not Reply(client.recv(65535)).truncated
            except BlockingIOError:
                pass
        return sent, whole, seconds

    def start_with_many_names(self, count, *arguments):
        names = "".join(f"h{number} A 192.0.2.1\n" for number in range(count))
        head = "$ORIGIN test.\n$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
        zone = self.write("test.zone", head + names)
        return self.start_tautd("--zone", f"test.={zone}", "--threads", 2, "--rate-limit", RATE, *arguments)

    def test_many_names(self):
        """Who asks for a hundred names in turn gets ten times the limit of one kind, from all threads together"""
        server = self.start_with_many_names(100)
        sent, whole, seconds = self.ask_many_names(server, 100)
        self.assertGreaterEqual(whole, min(sent, 10 * RATE))
        self.assertLessEqual(whole, 10 * RATE * (1 + seconds) + 1)

    def test_many_names_without_limit_of_all(self):
        """--rate-limit-all 0 leaves each kind its limit alone, which all threads share"""
        server = self.start_with_many_names(100, "--rate-limit-all", 0)
        sent, whole, seconds = self.ask_many_names(server, 100)
        self.assertEqual(whole, sent)
        sent, whole, seconds = self.ask_many_names(server, 1)
        self.assertLessEqual(whole, RATE * (1 + seconds) + 1)

    def test_tcp(self):
        """While an address is limited it gets everything over TCP, and dig follows TC there by itself"""
        server = self.start(slip=1)
        flood("127.0.0.1", server.port, [make_query("www.example.com") for _ in range(400)])
        self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com")).truncated)
        for _ in range(3 * RATE):
            self.assertEqual(len(ask_tcp("127.0.0.1", server.port, make_query("www.example.com")).answers), 2)
        out = self.run_program(which("dig"), "@127.0.0.1", "-p", server.port, "www.example.com", "A").stdout
        self.assertIn("Truncated, retrying in TCP mode", out)
        self.assertIn("192.0.2.10", out)

    def test_exempt(self):
        """An exempt network is not limited; another is, and the log says so once"""
        server = self.start("--rate-limit-exempt", "::1")
        messages = [make_query("www.example.com") for _ in range(200)]
        self.assertEqual(flood("::1", server.port, messages)["whole"], 200)
        self.expect_limited(flood("127.0.0.1", server.port, messages), 200, 2)
        server.wait_for_log("responses to 127.0.0.0/24 are limited, first to a query for www.example.com. A")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.log().count("are limited"), 1)

    def test_window(self):
        """After a flood an address has its rate again when the window is over"""
        server = self.start("--rate-limit-window", 1)
        flood("127.0.0.1", server.port, [make_query("www.example.com") for _ in range(400)])
        start = time.monotonic()
        # Each try costs one of the rate, so that few of them do not prolong it by much.
        wait_until(lambda: not getattr(ask_udp("127.0.0.1", server.port, make_query("www.example.com"), 0.3),
                                       "truncated", True), 5, "a whole reply")
        self.assertLess(time.monotonic() - start, 12)  # and 15 s is the window of those who name none
        name_error = ask_udp("127.0.0.1", server.port, make_query("nothing.example.com"))
        self.assertEqual(name_error.rcode, NXDOMAIN)

    def test_usage(self):
        """An option of the limit without the limit, or out of range, is a mistake in the usage"""
        for arguments, word in (
            (["--rate-limit-slip", "1"], "needs --rate-limit"),
            (["--rate-limit-window", "1"], "needs --rate-limit"),
            (["--rate-limit-all", "1"], "needs --rate-limit"),
            (["--rate-limit", "5", "--rate-limit-all", "1000001"], "--rate-limit-all"),
            (["--rate-limit-exempt", "::1"], "needs --rate-limit"),
            (["--rate-limit", "0"], "--rate-limit"),
            (["--rate-limit", "5", "--rate-limit-slip", "11"], "--rate-limit-slip"),
            (["--rate-limit", "5", "--rate-limit-exempt", "::1/x"], "is not a network"),
        ):
            result = self.run_program(TAUTD, "--port", free_port(), "--zone", EXAMPLE_ZONE, *arguments, timeout=10)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(word, result.stderr)


if __name__ == "__main__":
    main()

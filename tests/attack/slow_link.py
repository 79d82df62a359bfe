"""A server between two clients: one behind a link that takes a megabit a second, one behind a link of a network card.

The flood of the first asks for some 35 megabits a second of replies. The slow link queues more than the socket's buffer
holds, as cards and modems with large queues do: what has to leave by it finds the buffer of the socket full.
"""
import re
import subprocess

from attack import ZONE, AttackCase
from networks import Namespace, link, needs_namespaces
from support import SANITIZED, TAUTD, TXT, Process, free_port, wait_until, which

SLOW, FAST, FAST_V6 = "10.201.1.1", "10.201.2.1", "fd00:201::1"
LARGE = "large TXT " + " ".join(f'"{"x" * 200}"' for _ in range(5)) + "\n"  # a reply of 1.1 KB


class SlowLinkCase(AttackCase):
    def setUp(self):
        super().setUp()
        needs_namespaces()
        self.middle, self.slow, self.fast = (Namespace(self) for _ in range(3))
        link(self.middle, self.slow, "slow", ("10.201.1.", 24))
        link(self.middle, self.fast, "fast", ("10.201.2.", 24), ("fd00:201::", 64))
        self.middle.run("tc", "qdisc", "add", "dev", "slow", "root", "tbf", "rate", "1mbit", "burst", "16kb",
                        "limit", "20mb")
        self.server = self.start_in_the_middle()
        self.served(self.beside(FAST, seconds=0.3), self.beside(FAST_V6, seconds=0.3))

    def start_in_the_middle(self):
        """A server on the wildcards of both families, in the namespace between both links."""
        port = free_port()
        zone = self.write("t.zone", ZONE + LARGE)
        server = Process([*self.middle.prefix, TAUTD, "-p", port, "-t", 1, "-z", zone], self.folder, name="tautd")
        server.port = port
        self.addCleanup(self._finish, server)
        server.wait_for_log("listening on [::]")
        return server

    def beside(self, host, **options):
        """A client behind the fast link."""
        return self.start_client(self.server, "www.t.example", host=host, prefix=self.fast.prefix, **options)

    def flood_slow_link(self, seconds):
        """A flood that has filled the send buffer of the socket; a tenth of it, under the sanitizers, never does."""
        options = ("--type", TXT, "--payload-size", 1232)
        flood = self.flood(self.server, "large.t.example", rate=4000, seconds=seconds, host=SLOW, source=None,
                           options=options, prefix=self.slow.prefix)
        if not SANITIZED:
            wait_until(self.send_buffer_is_full, 10, "the flood fills the socket's buffer")
        return flood

    def send_buffer_is_full(self):
        """Whether some socket of the server holds as much for sending as it may, except a few replies."""
        report = subprocess.run([*self.middle.prefix, which("ss"), "-uamnH"], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=True).stdout
        return any(int(held) > int(most) - 100_000 for held, most in re.findall(r",t(\d+),tb(\d+),", report))

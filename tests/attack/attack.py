"""What the tests of attacks share: a well-behaved client beside the attack, the attack, and what the server holds.

Nothing that is asserted depends on the machine's speed: replies lost within three seconds of patience, octets and
descriptors held, an exit within the drain. Under the sanitizers attacks have a tenth of their size, and memory, of
which a sanitizer keeps some of its own, is not looked at.

The attackers' address differs from the client's: what one address does to itself is its own affair.
"""
import os
import signal
import sys
import time
from pathlib import Path

SOURCE = Path(os.environ.get("TAUT_SOURCE", Path(__file__).resolve().parents[2]))
sys.path.append(str(SOURCE / "tests/integration"))

import support  # noqa: E402
from program import Program  # noqa: E402
from support import NOERROR, SANITIZED, SLOWNESS, resident_kilobytes, wait_until  # noqa: E402, F401

PATIENCE = 3 * SLOWNESS  # seconds for which a client waits for an answer
ATTACKER = "127.66.0.1"
DRAIN = 4  # seconds: for so long, at most, the server answers what it has when it is asked to end
ROOM = 10  # seconds more that a loaded machine may take for it

ZONE = """$ORIGIN t.example.
$TTL 300
@ SOA ns host 1 7200 3600 1209600 300
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
*.wild A 192.0.2.3
"""
# An RRset of 50 KB.
LARGE = "".join(f"large TXT {' '.join(chr(34) + letter * 250 + chr(34) for _ in range(8))}\n"
                for letter in "abcdefghijklmnopqrstuvwx")


def scaled(size):
    """The size of an attack here: a tenth under the sanitizers."""
    return max(1, size // 10) if SANITIZED else size


class AttackCase(support.TestCase):
    def program(self, *arguments, **options):
        started = Program(*arguments, **options)
        self.addCleanup(started.end)
        return started

    def start_upstream(self):
        upstream = self.program("upstream")
        upstream.port = upstream.line()
        return upstream

    def start_server(self, *arguments, upstream=None, zone=ZONE, **options):
        """A server of one zone, with one thread, so that its bounds are those of a thread."""
        path = self.write("t.zone", zone)
        forward = ("--forward", f"127.0.0.1:{upstream.port}", "--cache") if upstream else ()
        return self.start_tautd("--threads", 1, "--zone", path, *forward, *arguments, **options)

    def start_client(self, server, *names, host="127.0.0.1", seconds=2, rate=100, tcp=False, prefix=()):
        """A client beside an attack; `served` waits for its end."""
        options = ["--seconds", seconds, "--rate", max(10, scaled(rate)), "--patience", PATIENCE]
        if tcp:
            options.append("--tcp")
        return self.program("client", host, server.port, *names, *options, prefix=prefix)

    def served(self, *clients, rcode=NOERROR):
        """Each client had all its questions answered."""
        for client in clients:
            result = client.line()
            self.assertEqual(result["rcodes"], {str(rcode): result["asked"]}, f"{client.args}\n{result}")

    def ask_all(self, server, *names, **options):
        """A client that is served now."""
        self.served(self.start_client(server, *names, **options))

    def attack(self, kind, server, name, *arguments, connections=100, questions=1):
        """An attack over TCP that has got to where all connections are open."""
        attack = self.program("connections", kind, "127.0.0.1", server.port, name, "--source", ATTACKER,
                         "--connections", scaled(connections), "--questions", questions, *arguments)
        self.assertEqual(attack.line(), "ready")
        return attack

    def flood(self, server, *names, rate=1000, seconds=3, host="127.0.0.1", source=ATTACKER, options=(), prefix=()):
        """A flood over UDP that has begun; its `line` waits for the end and gives its counts."""
        sources = ("--source", source) if source else ()
        return self.program("flood", host, server.port, *names, "--rate", scaled(rate), "--seconds", seconds,
                       *sources, *options, prefix=prefix)

    def assert_memory(self, server, before, slack, what):
        """The server's memory comes down to at most `slack` kilobytes above what it was before."""
        if SANITIZED:
            return
        wait_until(lambda: resident_kilobytes(server.pid) <= before + slack, 10,
                   f"{what}: {before} kB before, {resident_kilobytes(server.pid)} kB now")

    def assert_memory_bounded(self, server, before, slack, what):
        """The server's memory is at most `slack` kilobytes above what it was before."""
        if not SANITIZED:
            self.assertLessEqual(resident_kilobytes(server.pid) - before, slack, what)

    def ends_within(self, server, seconds):
        """SIGTERM ends it with status 0 in this time."""
        start = time.monotonic()
        server.signal(signal.SIGTERM)
        status = server.wait()
        server.ended = True
        self.assertEqual(status, 0, server.log())
        self.assertLess(time.monotonic() - start, seconds * SLOWNESS, server.log())

    def ends_within_drain(self, server):
        self.ends_within(server, DRAIN + ROOM)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def main():
    support.main()

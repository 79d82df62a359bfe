"""The health name: its questions are answered by what /health/ready says, whoever asks."""
import os
import signal
import socket

from support import (A, NOERROR, REFUSED, SERVFAIL, TAUTD, TXT, Process, Reply, TestCase, ask_tcp, ask_udp, free_port,
                     main, make_query, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
HEALTH = "health.invalid"

CONFIGURATION = """[[listen]]
address = ["127.0.0.1:{port}"]
[server]
health-name = "Health.Invalid"
allow-query = ["127.0.0.2"]
control = "control"
drain = "{drain}"
[rate-limit]
responses = 1
slip = 0
[[zone-list]]
file = "zones.list"
"""


class HealthName(TestCase):
    def start(self, zones=("one",), drain="0s", records=""):
        for zone in zones:
            self.write(f"{zone}.zone", f"@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n{records}")
        self.write("zones.list", "".join(f"{zone}\t{zone}.zone\n" for zone in zones))
        self.port = free_port()
        config = self.write("taut.toml", CONFIGURATION.format(port=self.port, drain=drain))
        server = Process([TAUTD, "--config", config, "--threads", "2"], self.folder, name="tautd")
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        return server

    def health(self, ask=ask_udp, rrtype=A):
        reply = ask("127.0.0.1", self.port, make_query(HEALTH, rrtype))
        self.assertEqual((reply.answers, reply.authority), ([], []))
        return reply.rcode

    def test_loading(self):
        """While zones are loaded for the first time it is SERVFAIL, and afterwards NOERROR"""
        # Long enough to be seen, by far.
        self.start([f"zone{number}" for number in range(12)], records="$GENERATE 1-65535 h$ 60 A 192.0.2.2\n")
        self.assertEqual(self.health(), SERVFAIL)
        wait_until(lambda: self.health() == NOERROR, 30, "the server is ready")

    def test_drain(self):
        """With tautctl drain, and from SIGTERM on, it is SERVFAIL, while other questions have their answers"""
        server = self.start(drain="600s")
        wait_until(lambda: self.health() == NOERROR, 10, "the server is ready")
        for words, rcode in ((["drain"], SERVFAIL), (["drain", "--off"], NOERROR)):
            drained = self.run_program(TAUTCTL, "--socket", self.folder / "control", *words)
            self.assertEqual(drained.returncode, 0, drained.stderr)
            for ask in (ask_udp, ask_tcp):
                self.assertEqual(self.health(ask), rcode)
        server.signal(signal.SIGTERM)
        wait_until(lambda: self.health() == SERVFAIL, 10, "the server drains")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind(("127.0.0.2", 0))
            client.settimeout(10)
            client.sendto(make_query("ns.one"), ("127.0.0.1", self.port))
            self.assertEqual(Reply(client.recv(512)).addresses(), ["192.0.2.1"])
        server.signal(signal.SIGTERM)  # a second one ends the drain
        self.assertEqual(server.process.wait(timeout=20), 0, server.log())
        server.ended = True

    def test_everyone(self):
        """A client that may not ask is answered, at any rate and for any type"""
        self.start()
        wait_until(lambda: self.health() == NOERROR, 10, "the server is ready")
        self.assertEqual(ask_tcp("127.0.0.1", self.port, make_query("ns.one")).rcode, REFUSED)
        for rrtype in 20 * [A, TXT]:
            self.assertEqual(self.health(rrtype=rrtype), NOERROR)


if __name__ == "__main__":
    main()

"""A process that gets no more memory serves on, worse perhaps, and never ends by an assertion."""
import re
import resource
import signal
import unittest
from pathlib import Path

from attack import LARGE, SANITIZED, ZONE, AttackCase, main
from support import TXT, ask_udp, make_query, wait_until


@unittest.skipIf(SANITIZED, "a sanitizer needs more addresses than there is memory")
class AddressSpace(AttackCase):
    def start_limited(self, spare):
        """A server whose address space may grow by so many octets beyond what it has when all its threads run."""
        server = self.start_server(upstream=self.start_upstream(), zone=ZONE + LARGE)
        # The thread that loads zones is the last to start: it has, when it has loaded one.
        self.write("t.zone", ZONE + LARGE + "loaded A 192.0.2.4\n")
        server.signal(signal.SIGHUP)
        loaded = make_query("loaded.t.example")
        wait_until(lambda: ask_udp("127.0.0.1", server.port, loaded).answers, 10, "the zone is loaded again")
        status = Path(f"/proc/{server.pid}/status").read_text()
        size = int(re.search(r"VmSize:\s+(\d+) kB", status).group(1)) * 1024
        resource.prlimit(server.pid, resource.RLIMIT_AS, (size + spare, size + spare))
        return server

    def survives(self, spare):
        server = self.start_limited(spare)
        attacks = [self.attack("hold", server, "%.dead.example", connections=500, questions=100),
                   self.attack("frames", server, "dead.example", connections=10, questions=20),
                   self.attack("unread", server, "large.t.example", "--type", TXT, connections=100, questions=100),
                   self.flood(server, "%.dead.example", rate=2000, seconds=2)]
        attacks[-1].line()
        for attack in attacks:
            attack.end()
        self.assertTrue(server.running(), server.log())
        wait_until(lambda: ask_udp("127.0.0.1", server.port, make_query("www.t.example"), 1), 10, "it answers again")
        self.ask_all(server, "www.t.example")
        self.ask_all(server, "www.t.example", tcp=True)
        self.ends_within_drain(server)

    def test_nothing_to_spare(self):
        """Without any memory to spare it answers again when the attack is over"""
        self.survives(0)

    def test_little_to_spare(self):
        """With eight megabytes to spare it answers again when the attack is over"""
        self.survives(8 << 20)


if __name__ == "__main__":
    main()

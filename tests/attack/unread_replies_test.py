"""Clients that ask and never read: what the kernel holds for them is bounded."""
import re
import subprocess
import time

from attack import LARGE, SANITIZED, ZONE, AttackCase, main, resident_kilobytes, scaled
from support import TXT, which

CONNECTIONS = 200
MOST = 384 << 10  # octets that the kernel may hold for each: 64 KiB each way, as much again of its own, and some more


def kernel_memory(port):
    """Octets that the kernel holds in the server's ends of its connections: received, sent, and to be sent."""
    report = subprocess.run([which("ss"), "-tmnH", "state", "all", f"sport = :{port}"], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=True).stdout
    return sum(int(received) + int(queued) for received, queued in re.findall(r"skmem:\(r(\d+),.*?,w(\d+),", report))


class UnreadReplies(AttackCase):
    def test_bounded(self):
        """200 connections that ask for 50 KB again and again and read nothing: bounded memory, and others are served"""
        server = self.start_server(zone=ZONE + LARGE)
        before = resident_kilobytes(server.pid)
        for _ in range(2):
            attack = self.attack("unread", server, "large.t.example", "--type", TXT, connections=CONNECTIONS,
                                 questions=100)
            self.served(self.start_client(server, "www.t.example"),
                        self.start_client(server, "www.t.example", tcp=True))
            time.sleep(1)
            if not SANITIZED:
                self.assertLess(kernel_memory(server.port), scaled(CONNECTIONS) * MOST)
            # What the process has it may keep, and uses again the second time.
            self.assert_memory_bounded(server, before, 64_000, "replies that are not read")
            attack.end()


if __name__ == "__main__":
    main()

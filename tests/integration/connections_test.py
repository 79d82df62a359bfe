"""How many TCP connections the server takes at a time."""
import resource
import time
from pathlib import Path

from support import (EXAMPLE_ZONE, NOERROR, SLOWNESS, TXT, Reply, TestCase, connect, frame, main, make_query,
                     read_frame)

QUERY = make_query("www.example.com")


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


class Connections(TestCase):
    def open(self, server):
        connection = connect("127.0.0.1", server.port)
        self.addCleanup(connection.close)
        connection.sendall(frame(QUERY))
        return connection

    def test_soft_limit_of_descriptors(self):
        """A soft limit of descriptors does not keep clients away"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, preexec_fn=few_descriptors)
        for connection in [self.open(server) for _ in range(200)]:
            self.assertEqual(Reply(read_frame(connection)).rcode, NOERROR)

    def answered(self, connection):
        self.assertEqual(Reply(read_frame(connection)).rcode, NOERROR)

    def test_max_connections(self):
        """A connection above the limit is served, and ends the oldest of the client that has most"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--threads", 1, "--max-connections", 3)
        other = connect("127.0.0.1", server.port, source="127.0.0.2")
        self.addCleanup(other.close)
        other.sendall(frame(QUERY))
        self.answered(other)
        first, second = [self.open(server) for _ in range(2)]
        self.answered(first)
        self.answered(second)
        third = self.open(server)
        self.answered(third)
        self.assertIsNone(read_frame(first))
        for connection in (other, second, third):
            connection.sendall(frame(QUERY))
            self.answered(connection)

    def test_idle_connections_of_one_client_displace_each_other(self):
        """A client that keeps as many connections as there may be displaces itself, and others are served at once"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--threads", 1, "--max-connections", 4)
        idle = [self.open(server) for _ in range(40)]
        start = time.monotonic()
        for number in range(2, 6):
            with connect("127.0.0.1", server.port, source=f"127.0.0.{number}") as other:
                other.sendall(frame(QUERY))
                self.answered(other)
        self.assertLess(time.monotonic() - start, 9 * SLOWNESS)  # an idle connection stays for ten seconds
        self.answered(idle[-1])

    def octets_in_kernel(self, port):
        """What the kernel holds of the connections that the port has accepted, both ways."""
        octets = 0
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, _, _, queues = line.split()[:5]
            if int(local.split(":")[1], 16) == port:
                octets += sum(int(queue, 16) for queue in queues.split(":"))
        return octets

    def test_unread_replies(self):
        """Clients that ask on and read nothing leave little in the kernel"""
        records = "".join(f'big TXT "{number:03}{"y" * 240}"\n' for number in range(200))
        head = "$ORIGIN test.\n$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 127.0.0.1\nwww A 192.0.2.1\n"
        zone = self.write("test.zone", head + records)
        server = self.start_tautd("--zone", f"test.={zone}", "--threads", 1)
        count = 20
        connections = [connect("127.0.0.1", server.port) for _ in range(count)]
        queries = frame(make_query("big.test", TXT)) * 100
        for connection in connections:
            self.addCleanup(connection.close)
            connection.setblocking(False)
        most = 0
        for _ in range(50):
            for connection in connections:
                try:
                    connection.send(queries)
                except (BlockingIOError, ConnectionError):
                    pass  # full; or ended, as the server does after ten seconds without a reader
            most = max(most, self.octets_in_kernel(server.port))
            time.sleep(0.02)
        self.assertGreater(most, count * 32 * 1024)  # the attack was one
        self.assertLess(most, count * 2 * 160 * 1024)


if __name__ == "__main__":
    main()

"""How many TCP connections the server takes at a time."""
import resource
import time

from support import (EXAMPLE_ZONE, NOERROR, SLOWNESS, Reply, TestCase, ask_tcp, connect, frame, main, make_query,
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

    def test_max_connections(self):
        """A connection above the limit waits until another ends"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--threads", 1, "--max-connections", 2)
        first, second, third = [self.open(server) for _ in range(3)]
        for connection in (first, second):
            self.assertEqual(Reply(read_frame(connection)).rcode, NOERROR)
        third.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            third.recv(1)
        first.close()
        third.settimeout(10)
        self.assertEqual(Reply(read_frame(third)).rcode, NOERROR)
        second.close()
        self.assertEqual(ask_tcp("127.0.0.1", server.port, QUERY).rcode, NOERROR)

    def test_idle_connections_make_room(self):
        """Connections that do nothing give way within a few seconds when others wait"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--threads", 1, "--max-connections", 4)
        idle = [self.open(server) for _ in range(4)]
        for connection in idle:
            self.assertEqual(Reply(read_frame(connection)).rcode, NOERROR)
        start = time.monotonic()
        for _ in range(3):
            self.assertEqual(ask_tcp("127.0.0.1", server.port, QUERY).rcode, NOERROR)
        self.assertLess(time.monotonic() - start, 5 * SLOWNESS)
        for connection in idle:
            self.assertIsNone(read_frame(connection))


if __name__ == "__main__":
    main()

"""Servers that are asked for help and answer with too much, or only say that they will."""
import socket
import struct
import threading

from attack import AttackCase, main, resident_kilobytes, scaled
from support import A, NOERROR, ask_tcp, frame, make_query

# A server has four connections at a time, each given up after some seconds.
MOST_CONNECTIONS = 64


class Upstream:
    """UDP and TCP on one port, each datagram and connection given to a function."""

    def __init__(self, test, datagram, connection):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", self.port))
        self.datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.connections = []
        for serve, function in ((self.serve_datagrams, datagram), (self.serve_connections, connection)):
            threading.Thread(target=serve, args=(function,), daemon=True).start()
        test.addCleanup(self.close)

    def serve_datagrams(self, function):
        while True:
            try:
                query, client = self.datagrams.recvfrom(4096)
                if not query:
                    return  # shut down
                self.datagrams.sendto(function(query), client)
            except OSError:
                return

    def serve_connections(self, function):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            try:
                function(connection)
            except OSError:
                pass

    def close(self):
        # What waits in accept() or recvfrom() learns of it by a shutdown only.
        for one in (self.listener, self.datagrams, *self.connections):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


def question_end(query):
    return query.index(b"\0", 12) + 5


def answer(query, count, flags=0x8180):
    """So many A records, some 16 octets each."""
    record = b"\xc0\x0c" + struct.pack(">2HIH", A, 1, 300, 4)
    records = b"".join(record + struct.pack(">I", 0x0A000000 + number) for number in range(count))
    return query[:2] + struct.pack(">5H", flags, 1, count, 0, 0) + query[12 : question_end(query)] + records


class UpstreamReplies(AttackCase):
    def test_datagram_larger_than_offered(self):
        """A datagram that is larger than what was offered, without TC, is asked for again over TCP"""
        count = 300
        upstream = Upstream(self, lambda query: answer(query, count),
                            lambda connection: connection.sendall(frame(answer(connection.recv(4096)[2:], count))))
        server = self.start_server(upstream=upstream)
        reply = ask_tcp("127.0.0.1", server.port, make_query("large.example"))
        self.assertEqual((reply.rcode, len(reply.answers)), (NOERROR, count))

    def test_length_without_message(self):
        """1,500 replies over TCP of which only the length comes hold no memory for the rest, and few connections"""
        prefixes, truncated = [], []

        def promise(connection):
            connection.sendall(b"\xff\xff")
            prefixes.append(connection)

        def truncate(query):
            truncated.append(query)
            return answer(query, 0, 0x8380)

        upstream = Upstream(self, truncate, promise)
        server = self.start_server(upstream=upstream)
        before = resident_kilobytes(server.pid)
        self.flood(server, "%.example", rate=1500, seconds=1)
        self.served(self.start_client(server, "www.t.example", seconds=3))
        self.assertGreater(len(truncated), scaled(300), "the attack took place")
        self.assertTrue(0 < len(prefixes) <= MOST_CONNECTIONS, f"{len(prefixes)} connections")
        self.assert_memory_bounded(server, before, 16_000, f"{len(prefixes)} lengths")


if __name__ == "__main__":
    main()

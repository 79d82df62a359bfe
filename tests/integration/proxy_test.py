"""Queries by a balancer: the PROXY protocol says for whom each is, and all but the way back goes by that client."""
import re
import socket
import struct
import urllib.request

from support import (NOERROR, NOTIMP, PATIENCE, REFUSED, SLOWNESS, TAUTD, Process, Reply, TestCase, ask_udp, connect,
                     frame, free_port, main, make_query, read_frame, wait_until)

# The balancer, and a client that is none.
BALANCER, OTHER = "127.0.0.2", "127.0.0.1"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A {address}\n"

CONFIGURATION = """[[listen]]
address = ["127.0.0.1:{port}"]
[server]
threads = 1
proxy-from = ["{balancer}"]
allow-query = ["192.0.2.0/24", "2001:db8::/32", "127.0.0.0/8"]
[[zone]]
name = "example.com"
[[view]]
name = "inside"
match = ["192.0.2.0/28", "2001:db8:1::/48"]
[[view.zone]]
name = "example.com"
file = "inside.zone"
[log.queries]
one-in = 1
[http]
listen = ["127.0.0.1:{http}"]
"""


def header(client=None, port=4711, more=b""):
    """For this client, or else for the balancer itself."""
    if client is None:
        return SIGNATURE + b"\x20\x00" + struct.pack(">H", len(more)) + more
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    server = "2001:db8::53" if family == socket.AF_INET6 else "192.0.2.53"
    body = b"".join(socket.inet_pton(family, host) for host in (client, server)) + struct.pack(">2H", port, 53) + more
    return SIGNATURE + bytes([0x21, 0x22 if family == socket.AF_INET6 else 0x12]) + struct.pack(">H", len(body)) + body


class Proxy(TestCase):
    def setUp(self):
        super().setUp()
        self.write("example.com.zone", ZONE.format(address="192.0.2.100"))
        self.write("inside.zone", ZONE.format(address="192.0.2.200"))
        self.port, self.http = free_port(), free_port()
        self.path = self.folder / "taut.toml"
        self.configure(BALANCER)
        self.server = Process([TAUTD, "--config", self.path], self.folder, name="tautd")
        self.server.port = self.port
        self.addCleanup(self._finish, self.server)
        self.wait_for_answer(self.server)

    def configure(self, balancer):
        self.path.write_text(CONFIGURATION.format(port=self.port, http=self.http, balancer=balancer))

    def ask_udp(self, octets, source=BALANCER, timeout=PATIENCE):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((source, 0))
            client.settimeout(timeout * SLOWNESS)
            client.connect(("127.0.0.1", self.port))
            client.send(octets)
            try:
                return Reply(client.recv(65535))
            except TimeoutError:
                return None

    def rejected(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=10) as page:
            metrics = page.read().decode()
        return int(re.search(r'taut_dns_dropped_total\{reason="proxy"\} (\d+)', metrics).group(1))

    def kdig(self, client, *arguments):
        destination = "2001:db8::53" if ":" in client else "192.0.2.53"
        return self.run_program("kdig", "@127.0.0.1", "-p", self.port, "-b", BALANCER, f"+proxy={client}-{destination}",
                                "+noall", "+answer", "+header", "www.example.com", "A", *arguments).stdout

    def test_kdig(self):
        """By kdig's headers a client has its view over UDP and TCP, and one that may not ask is refused"""
        for arguments in ((), ("+tcp",)):
            for client, said in (("192.0.2.7", "192.0.2.200"), ("192.0.2.77", "192.0.2.100"),
                                 ("2001:db8:1::7", "192.0.2.200"), ("2001:db8:2::7", "192.0.2.100"),
                                 ("203.0.113.1", "status: REFUSED")):
                self.assertIn(said, self.kdig(f"{client}#4711", *arguments), f"{client} {arguments}")
                address = f"[{client}]:4711" if ":" in client else f"{client}:4711"
                protocol = "tcp" if arguments else "udp"
                self.server.wait_for_log(f"query client={address} protocol={protocol} name=www.example.com.")
        self.assertEqual(self.rejected(), 0)

    def test_connection(self):
        """One header stands for all queries of a connection, also where it comes in pieces or with what follows"""
        query = make_query("www.example.com")
        octets = header("192.0.2.7", more=b"\x04\0\3pad") + 2 * frame(query)
        for pieces in ([octets], [octets[:5], octets[5:20], octets[20:60], octets[60:]]):
            with connect("127.0.0.1", self.port, source=BALANCER) as connection:
                for piece in pieces:
                    connection.sendall(piece)
                for _ in range(2):
                    self.assertEqual(Reply(read_frame(connection)).addresses(), ["192.0.2.200"])

    def test_balancer_itself(self):
        """A header that stands for the balancer itself, as for its health checks, leaves its own address"""
        reply = self.ask_udp(header() + make_query("www.example.com"))
        self.assertEqual((reply.rcode, reply.addresses()), (NOERROR, ["192.0.2.100"]))
        self.server.wait_for_log(f"query client={BALANCER}:")

    def test_without_header(self):
        """What a balancer sends without a header is dropped, a connection of its kind ends, and both are counted"""
        query = make_query("www.example.com")
        self.assertIsNone(self.ask_udp(query, timeout=0.2))
        self.assertIsNone(self.ask_udp(header("192.0.2.7")[:-1], timeout=0.2))
        with connect("127.0.0.1", self.port, source=BALANCER) as connection:
            connection.sendall(frame(query))
            try:
                self.assertIsNone(read_frame(connection))
            except ConnectionResetError:
                pass
        wait_until(lambda: self.rejected() == 3, 5, "all three are counted")
        self.server.wait_for_log(f"query client={BALANCER}:")
        self.server.wait_for_log("outcome=proxy")

    def test_other_senders(self):
        """The header of one who is no balancer is a message that means nothing, and its address is not believed"""
        reply = self.ask_udp(header("192.0.2.7") + make_query("www.example.com"), source=OTHER)
        self.assertEqual(reply.rcode, NOTIMP)
        self.assertEqual(ask_udp("127.0.0.1", self.port, make_query("www.example.com")).addresses(), ["192.0.2.100"])
        self.assertEqual(self.rejected(), 0)
        self.assertEqual(self.server.stop(), 0)
        self.assertNotIn("client=192.0.2.7", self.server.log())

    def test_reload(self):
        """Who is a balancer changes with a reload"""
        query = make_query("www.example.com")
        self.configure("127.0.0.3")
        result = self.run_program("kill", "-HUP", self.server.pid)
        self.assertEqual(result.returncode, 0)
        self.server.wait_for_log('server.proxy-from = ["127.0.0.3"]')
        wait_until(lambda: self.ask_udp(query, timeout=0.2), 5, "the balancer of before needs no header")
        self.assertIsNone(self.ask_udp(query, source="127.0.0.3", timeout=0.2))
        self.assertEqual(self.ask_udp(header("203.0.113.1") + query, source="127.0.0.3").rcode, REFUSED)


if __name__ == "__main__":
    main()

"""The examples answer real queries: each is started on a free port, asked over UDP and TCP, and ended."""
import json
import re
import socket
import struct
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from support import (  # noqa: E402
    BUILD,
    FORMERR,
    NOERROR,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    SOURCE,
    TXT,
    A,
    AAAA,
    FakeUpstream,
    TestCase,
    ask_tcp,
    ask_udp,
    main,
    make_query,
    wait_until,
)


# How long an example may be: lines of the whole file, without blank ones and the comment at its top. Headers of taut
# count as one.
MAX_LINES = {"query_log": 20, "geo": 35, "drop": 30}


def with_subnet(query, family, bits, octets):
    """The query with a client subnet (RFC 7871); it has no OPT yet."""
    option = struct.pack("!HHHBB", 8, 4 + len(octets), family, bits, 0) + octets
    opt = struct.pack("!BHHIH", 0, 41, 1232, 0, len(option)) + option
    return query[:10] + struct.pack("!H", 1) + query[12:] + opt


def subnet_of(octets):
    """Family, source, scope and address of a reply's client subnet, where OPT has no other option; None without."""
    found = re.search(rb"\x00\x00\x29..\x00{4}..\x00\x08..(..)(.)(.)(.*)$", octets, re.DOTALL)
    return found and (int.from_bytes(found[1], "big"), found[2][0], found[3][0], found[4])


class Inventory:
    """A TCP service that knows a few names: a line in, an address out."""

    def __init__(self, known):
        self.known = known
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                name = connection.makefile().readline().strip()
                self.asked.append(name)
                connection.sendall(self.known.get(name, "").encode())

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Examples(TestCase):
    def start(self, name, *arguments, address="127.0.0.1:0"):
        """Starts an example; it says itself which port it got."""
        example = self.spawn(BUILD / "examples" / name, address, *arguments)
        self.addCleanup(lambda: self.assertEqual(example.stop(), 0, example.log()))
        pattern = re.compile(r"listening on \S+:(\d+)")

        def listening():
            self.assertTrue(example.running(), example.log())
            return pattern.search(example.log())

        example.port = int(wait_until(listening, 15, f"{name} listens").group(1))
        return example

    def ask(self, example, name, rrtype=A, host="127.0.0.1", recursion=True):
        """The reply over UDP, after making sure that TCP says the same."""
        query = make_query(name, rrtype, recursion=recursion)
        replies = [ask(host, example.port, query) for ask in (ask_udp, ask_tcp)]
        for reply in replies:
            self.assertIsNotNone(reply, example.log())
            self.assertTrue(reply.response)
        udp, tcp = replies
        self.assertEqual((udp.rcode, udp.addresses()), (tcp.rcode, tcp.addresses()))
        return udp

    def test_workstations(self):
        """workstations answers its names with their numbers, and refuses all others"""
        example = self.start("workstations")
        for number in (0, 7, 255):
            reply = self.ask(example, f"workstation{number}.example.com")
            self.assertEqual((reply.rcode, reply.addresses()), (NOERROR, [f"192.0.2.{number}"]))
            self.assertEqual(reply.answers[0].ttl, 300)
        for name in (
            "workstation256.example.com",
            "workstation.example.com",
            "workstation7x.example.com",
            "x.workstation7.example.com",
            "workstation7.example.org",
            "example.com",
            ".",
        ):
            self.assertEqual(self.ask(example, name).rcode, REFUSED, name)
        self.assertEqual(self.ask(example, "workstation7.example.com", AAAA).rcode, REFUSED)

    def test_workstations_ipv6(self):
        """workstations listens on IPv6 as well"""
        example = self.start("workstations", address="[::1]:0")
        reply = self.ask(example, "workstation9.example.com", host="::1")
        self.assertEqual(reply.addresses(), ["192.0.2.9"])

    def test_hosts_override(self):
        """hosts_override answers from the file, forwards the rest, and keeps what it was told"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        hosts = self.write("hosts", "192.0.2.10 printer.example.com\n")
        example = self.start("hosts_override", hosts, f"127.0.0.1:{upstream.port}")
        self.assertEqual(self.ask(example, "printer.example.com").addresses(), ["192.0.2.10"])

        def answer():
            upstream.send(*upstream.receive())

        answering = threading.Thread(target=answer)
        answering.start()
        forwarded = ask_udp("127.0.0.1", example.port, make_query("www.example.net"), 20)
        answering.join()
        self.assertEqual(forwarded.addresses(), ["192.0.2.99"])

        hosts = self.write("hosts", "192.0.2.11 printer.example.com\n")
        query = make_query("printer.example.com")

        def new_file_counts():
            reply = ask_udp("127.0.0.1", example.port, query)
            return reply is not None and reply.addresses() == ["192.0.2.11"]

        wait_until(new_file_counts, 10, "the new file counts")
        self.assertEqual(self.ask(example, "printer.example.com").addresses(), ["192.0.2.11"])

    def test_tcp_backend(self):
        """tcp_backend answers what the service says, and asks it once for each name"""
        service = Inventory({"router.example.com.": "192.0.2.1"})
        self.addCleanup(service.close)
        example = self.start("tcp_backend", f"127.0.0.1:{service.port}")
        for _ in range(3):
            reply = self.ask(example, "router.example.com")
            self.assertEqual((reply.rcode, reply.addresses()), (NOERROR, ["192.0.2.1"]))
        self.assertEqual(service.asked, ["router.example.com."])
        self.assertEqual(self.ask(example, "nobody.example.com").rcode, NXDOMAIN)
        self.assertEqual(self.ask(example, "router.example.com", TXT).rcode, REFUSED)

    def test_tcp_backend_down(self):
        """tcp_backend answers SERVFAIL where the service cannot be reached"""
        service = Inventory({})
        service.close()
        example = self.start("tcp_backend", f"127.0.0.1:{service.port}")
        self.assertEqual(self.ask(example, "router.example.com").rcode, SERVFAIL)

    def test_refuse_by_address(self):
        """refuse_by_address answers the networks that it was given and refuses the others"""
        allowed = self.start("refuse_by_address", "192.0.2.0/24", "127.0.0.0/8")
        reply = self.ask(allowed, "me.example.com", TXT)
        self.assertEqual((reply.rcode, reply.answers[0].rdata), (NOERROR, b"\x09127.0.0.1"))
        refused = self.start("refuse_by_address", "192.0.2.0/24")
        self.assertEqual(self.ask(refused, "me.example.com", TXT).rcode, REFUSED)
        wait_until(lambda: "refused me.example.com. to 127.0.0.1:" in refused.log(), 5, "it says so")

    def test_lines(self):
        """The examples that show how little code a task needs are no longer than that"""
        for name, bound in MAX_LINES.items():
            lines = (SOURCE / "examples" / f"{name}.cpp").read_text().splitlines()
            while lines[0].startswith("//"):
                del lines[0]
            ours = [line for line in lines if line.startswith('#include "taut/')]
            self.assertLessEqual(sum(map(bool, lines)) - len(ours) + 1, bound, name)

    def test_query_log(self):
        """query_log has a line of JSON for each message: answered, refused, malformed, and no query at all"""
        log = self.folder / "queries.json"
        zone = self.write("example.com.zone", "$ORIGIN example.com.\n@ 60 SOA ns admin 1 1 1 1 60\n@ 60 NS ns\n"
                                              "ns 60 A 192.0.2.53\nwww 60 A 192.0.2.1\n")
        example = self.start("query_log", log, zone)
        self.assertEqual(self.ask(example, "www.example.com").addresses(), ["192.0.2.1"])
        self.assertEqual(self.ask(example, "gone.example.com").rcode, NXDOMAIN)
        self.assertEqual(self.ask(example, "www.example.net").rcode, REFUSED)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"\0\1\2", ("127.0.0.1", example.port))
        self.assertIsNotNone(ask_udp("127.0.0.1", example.port, make_query("www.example.com")[:20]))
        self.assertEqual(example.stop(), 0, example.log())
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual(len(lines), 8)
        for line in lines:
            self.assertTrue(line["client"].startswith("127.0.0.1:"))
            self.assertGreaterEqual(line["ns"], 0)
        answered = [line for line in lines if line.get("rcode") == "NOERROR"]
        self.assertEqual([line["tcp"] for line in answered], [False, True])
        for line in answered:
            self.assertEqual((line["name"], line["type"], line["source"], line["outcome"]),
                             ("www.example.com.", "A", "zone example.com.", ""))
            self.assertEqual(line["size"], 49)
        self.assertEqual(sorted((line.get("rcode", ""), line["source"], line["outcome"]) for line in lines), [
            ("", "server", "unparsable"),
            ("FORMERR", "server", ""),
            ("NOERROR", "zone example.com.", ""),
            ("NOERROR", "zone example.com.", ""),
            ("NXDOMAIN", "zone example.com.", ""),
            ("NXDOMAIN", "zone example.com.", ""),
            ("REFUSED", "server", ""),
            ("REFUSED", "server", ""),
        ])

    def test_geo(self):
        """geo answers by the client's subnet, or by its address, and says for which network the answer counts"""
        example = self.start("geo")
        query = make_query("www.example.com")
        europe = with_subnet(query, 1, 24, bytes([192, 0, 2]))
        for ask in (ask_udp, ask_tcp):
            reply = ask("127.0.0.1", example.port, europe)
            self.assertEqual(reply.addresses(), ["10.1.0.1"])
            self.assertEqual(subnet_of(reply.octets), (1, 24, 24, bytes([192, 0, 2])))
            reply = ask("127.0.0.1", example.port, with_subnet(query, 2, 40, bytes.fromhex("20010db8ff")))
            self.assertEqual(reply.addresses(), ["10.1.0.1"])
            self.assertEqual(subnet_of(reply.octets), (2, 40, 32, bytes.fromhex("20010db8ff")))
        elsewhere = [ask_udp("127.0.0.1", example.port, query).addresses() for _ in range(200)]
        self.assertEqual({addresses[0] for addresses in elsewhere}, {"10.2.0.1", "10.2.0.2"})
        self.assertGreater(elsewhere.count(["10.2.0.1"]), elsewhere.count(["10.2.0.2"]))
        malformed = with_subnet(query, 1, 24, bytes([192, 0]))
        self.assertEqual(ask_udp("127.0.0.1", example.port, malformed).rcode, FORMERR)
        self.assertEqual(self.ask(example, "www.example.com", AAAA).rcode, REFUSED)

    def test_drop(self):
        """drop leaves what it is to drop without a reply, however much it is, and goes on with the rest"""
        example = self.start("drop")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", example.port))
            dropped = make_query("some.DROP")
            for _ in range(5000):
                client.send(dropped)
            reply = self.ask(example, "me.example.com", TXT)
            self.assertEqual((reply.rcode, reply.answers[0].rdata), (NOERROR, b"\x09127.0.0.1"))
            client.settimeout(0)
            self.assertRaises(BlockingIOError, client.recv, 512)

    def test_usage(self):
        """Without arguments, and with ones that make no sense, each example says how it is called"""
        for name in ("workstations", "hosts_override", "tcp_backend", "refuse_by_address"):
            for arguments in ([], ["--help"], ["nowhere", "nobody", "nothing"]):
                result = self.run_program(BUILD / "examples" / name, *arguments)
                self.assertEqual(result.returncode, 2, f"{name} {arguments}")
                self.assertIn(f"usage: {name}", result.stderr)


if __name__ == "__main__":
    main()

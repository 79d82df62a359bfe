"""The examples answer real queries: each is started on a free port, asked over UDP and TCP, and ended."""
import base64
import http.client
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from support import (  # noqa: E402
    BUILD,
    CNAME,
    FORMERR,
    NOERROR,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    SOA,
    SOURCE,
    TXT,
    A,
    AAAA,
    FakeUpstream,
    Reply,
    TestCase,
    ask_tcp,
    ask_udp,
    connect,
    frame,
    free_port,
    main,
    make_query,
    read_frame,
    wait_until,
    which,
)

from services import Inventory, Redis, Web  # noqa: E402


def with_subnet(query, family, bits, octets):
    """The query with a client subnet (RFC 7871); it has no OPT yet."""
    option = struct.pack("!HHHBB", 8, 4 + len(octets), family, bits, 0) + octets
    opt = struct.pack("!BHHIH", 0, 41, 1232, 0, len(option)) + option
    return query[:10] + struct.pack("!H", 1) + query[12:] + opt


def subnet_of(octets):
    """Family, source, scope and address of a reply's client subnet, where OPT has no other option; None without."""
    found = re.search(rb"\x00\x00\x29..\x00{4}..\x00\x08..(..)(.)(.)(.*)$", octets, re.DOTALL)
    return found and (int.from_bytes(found[1], "big"), found[2][0], found[3][0], found[4])


class ExampleCase(TestCase):
    def start(self, name, *arguments, address="127.0.0.1:0", **options):
        """Starts an example; it says itself which port it got."""
        example = self.spawn(BUILD / "examples" / name, address, *arguments, **options)
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


class Examples(ExampleCase):
    def test_workstations(self):
        """workstations answers its names with their numbers in any case, has no other data, and refuses all others"""
        example = self.start("workstations")
        for number in (0, 7, 255):
            reply = self.ask(example, f"workstation{number}.example.com")
            self.assertEqual((reply.rcode, reply.addresses()), (NOERROR, [f"192.0.2.{number}"]))
            self.assertEqual(reply.answers[0].ttl, 300)
        upper = self.ask(example, "WORKSTATION7.EXAMPLE.COM")
        self.assertEqual((upper.rcode, upper.addresses()), (NOERROR, ["192.0.2.7"]))
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
        empty = self.ask(example, "workstation7.example.com", AAAA)
        self.assertEqual((empty.rcode, empty.answers, empty.authoritative), (NOERROR, [], True))
        soa = [(record.name, record.type, record.ttl) for record in empty.authority]
        self.assertEqual(soa, [("example.com.", SOA, 300)])

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

    def test_signed_only(self):
        """signed_only tells a client which key it signs with, and refuses one that signs with none"""
        secret = base64.b64encode(b"the secret of an example").decode()
        example = self.start("signed_only", "client.example", secret)
        self.assertEqual(self.ask(example, "me.example.com", TXT).rcode, REFUSED)
        for transport in ("+notcp", "+tcp"):
            server = ["@127.0.0.1", "-p", str(example.port), "-y", f"hmac-sha256:client.example:{secret}"]
            done = self.run_program(which("dig"), *server, "me.example.com", "TXT", transport)
            self.assertIn('"client.example."', done.stdout)
            self.assertNotIn("verify", done.stdout + done.stderr)

    # What asks other services, or several at a time.

    def test_recursor(self):
        """recursor answers local names without asking anybody, and refuses to say what it keeps to who has no RD"""
        example = self.start("recursor")
        self.assertEqual(self.ask(example, "localhost").addresses(), ["127.0.0.1"])
        self.assertEqual(self.ask(example, "printer.home.arpa").rcode, NXDOMAIN)
        self.assertEqual(self.ask(example, "example.com", recursion=False).rcode, REFUSED)

    def test_hedged(self):
        """hedged answers what the faster server says, and a failure only where both fail"""
        one, other = FakeUpstream(), FakeUpstream()
        self.addCleanup(one.close)
        self.addCleanup(other.close)
        example = self.start("hedged", f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}")
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.settimeout(20)

        def fail(upstream, received, rcode):
            query, asker = received
            end = query.index(b"\0", 12) + 5
            header = query[:2] + bytes([0x81, 0x80 | rcode, 0, 1, 0, 0, 0, 0, 0, 0])
            upstream.socket.sendto(header + query[12:end], asker)

        for name, answering, silent in (("a.example.com", one, other), ("b.example.com", other, one)):
            client.sendto(make_query(name, A), ("127.0.0.1", example.port))
            silent.receive()
            answering.send(*answering.receive())
            self.assertEqual(Reply(client.recv(4096)).addresses(), ["192.0.2.99"])

        client.sendto(make_query("c.example.com", A), ("127.0.0.1", example.port))
        fail(one, one.receive(), REFUSED)
        other.send(*other.receive())
        self.assertEqual(Reply(client.recv(4096)).addresses(), ["192.0.2.99"])

        client.sendto(make_query("d.example.com", A), ("127.0.0.1", example.port))
        for upstream in (one, other):
            fail(upstream, upstream.receive(), SERVFAIL)
        self.assertEqual(Reply(client.recv(4096)).rcode, SERVFAIL)

    def test_redis(self):
        """redis answers what Redis has, over one connection, also right after Redis was started again"""
        port = free_port()
        redis = Redis(self, port)
        redis.command("SET", "www.example.com.", "192.0.2.7")
        redis.command("SET", "odd.example.com.", "no address")
        before = redis.connections()
        example = self.start("redis", f"127.0.0.1:{port}")
        for name in ("www.example.com", "WWW.example.COM", "www.example.com"):
            self.assertEqual(self.ask(example, name).addresses(), ["192.0.2.7"])
        self.assertEqual(self.ask(example, "other.example.com").rcode, REFUSED)
        self.assertEqual(self.ask(example, "odd.example.com").rcode, SERVFAIL)
        self.assertEqual(redis.connections(), before + 1)
        redis.stop()
        redis = Redis(self, port)
        redis.command("SET", "www.example.com.", "192.0.2.8")
        self.assertEqual(self.ask(example, "www.example.com").addresses(), ["192.0.2.8"])
        self.assertEqual(example.stop(), 0)
        self.assertNotIn("falling back", example.log())

    def test_redis_down(self):
        """redis falls back, and says why, where Redis is not there, and after 200 ms where it is silent"""
        port = free_port()
        example = self.start("redis", f"127.0.0.1:{port}")
        self.assertEqual(self.ask(example, "www.example.com").addresses(), ["192.0.2.254"])
        example.wait_for_log("redis failed (Connection refused), falling back for www.example.com.")
        silent = socket.create_server(("127.0.0.1", port))
        self.addCleanup(silent.close)
        self.assertEqual(self.ask(example, "slow.example.com").addresses(), ["192.0.2.254"])
        example.wait_for_log("redis failed (Connection timed out), falling back for slow.example.com.")

    def test_blocklist_from_http(self):
        """blocklist_from_http denies what is on the list, fetches it again, and keeps it where that fails"""
        web = Web()
        self.addCleanup(web.close)
        web.document = (200, '["ads.example.com"]')
        example = self.start("blocklist_from_http", f"127.0.0.1:{web.port}", "1")

        def list_is(*names):
            example.wait_for_log(f"the list has {len(names)} names")
            for name in names:
                self.assertEqual(self.ask(example, name).rcode, NXDOMAIN)
                self.assertEqual(self.ask(example, f"www.{name}").rcode, NXDOMAIN)
            self.assertEqual(self.ask(example, "example.com").rcode, REFUSED)

        list_is("ads.example.com")
        web.document = (200, '["ads.example.com", "spy.example.com"]')
        list_is("ads.example.com", "spy.example.com")
        web.document = (200, "[1")
        example.wait_for_log("what is done at intervals failed: ")
        web.document = (500, "")
        example.wait_for_log("the list of 2 names stays: status 500")
        list_is("ads.example.com", "spy.example.com")
        self.assertEqual(web.paths, {"/blocklist.json"})

    def test_offload(self):
        """offload answers others while a read blocks, and the blocked one when it has ended"""
        self.write("router.example.com.", "in the cellar\n")
        slow = self.folder / "slow.example.com."
        os.mkfifo(slow)
        example = self.start("offload", self.folder)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.settimeout(20)
        client.sendto(make_query("slow.example.com", TXT), ("127.0.0.1", example.port))
        for _ in range(3):
            reply = self.ask(example, "router.example.com", TXT)
            self.assertEqual(reply.answers[0].rdata, b"\x0din the cellar")
        with open(slow, "w") as pipe:  # returns when the example reads
            pipe.write("at last\n")
        self.assertEqual(Reply(client.recv(4096)).answers[0].rdata, b"\x07at last")
        self.assertEqual(self.ask(example, "nothing.example.com", TXT).rcode, REFUSED)
        self.assertEqual(self.ask(example, "a/b.example.com", TXT).rcode, REFUSED)

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
        for name in (
            "blocklist",
            "blocklist_from_http",
            "dns_over_http",
            "dns_over_tls",
            "drop",
            "dynamic_zone",
            "geo",
            "hedged",
            "hosts_override",
            "lookup",
            "middleware",
            "offload",
            "recursor",
            "redis",
            "refuse_by_address",
            "signed_only",
            "split_horizon",
            "tcp_backend",
            "workstations",
        ):
            for arguments in ([], ["--help"], ["nowhere", "nobody", "nothing"]):
                result = self.run_program(BUILD / "examples" / name, *arguments)
                self.assertEqual(result.returncode, 2, f"{name} {arguments}")
                self.assertIn(f"usage: {name}", result.stderr)


class DynamicZones(ExampleCase):
    """Zones whose records change at run time."""

    def told(self, example, line):
        """Writes a line to the example's standard input."""
        example.process.stdin.write(line.encode() + b"\n")
        example.process.stdin.flush()

    def test_dynamic_zone(self):
        """dynamic_zone answers what it was told to add and no more what it was told to delete, its serial rising"""
        example = self.start("dynamic_zone", stdin=subprocess.PIPE)
        self.addCleanup(example.process.stdin.close)

        def serial(reply):
            self.assertEqual([record.type for record in reply.authority], [SOA])
            return int.from_bytes(reply.authority[0].rdata[-20:-16], "big")

        def wait_for(expected, what):
            def reply():
                got = ask_udp("127.0.0.1", example.port, make_query("www.dyn.example"))
                return got if got is not None and expected(got) else None

            return wait_until(reply, 10, what)

        before = self.ask(example, "www.dyn.example")
        self.assertEqual((before.rcode, serial(before)), (NXDOMAIN, 1))
        self.told(example, "add www 192.0.2.7")
        added = wait_for(lambda reply: reply.rcode == NOERROR, "the record is there")
        self.assertEqual((added.addresses(), added.answers[0].ttl), (["192.0.2.7"], 60))
        self.told(example, "del www.dyn.example.")
        # Each thread has the changes at a time of its own, so the reply before may be one of before them.
        wait_for(lambda reply: reply.rcode == NXDOMAIN and serial(reply) == 3, "the record is gone")

    def test_dynamic_zone_refuses(self):
        """dynamic_zone says why it refuses a change, and changes nothing"""
        example = self.start("dynamic_zone", stdin=subprocess.PIPE)
        self.addCleanup(example.process.stdin.close)
        self.told(example, "add www.example.org. 192.0.2.7")
        self.told(example, "del @")
        example.wait_for_log("www.example.org.: not in the zone dyn.example.")
        example.wait_for_log("dyn.example. SOA: each zone needs one")
        self.assertEqual(self.ask(example, "ns.dyn.example").addresses(), ["127.0.0.1"])


class Lookups(ExampleCase):
    """A program that looks names up, and asks a server of taut."""

    ZONE = """$ORIGIN example.
$TTL 300
@ SOA ns root 1 2 3 4 60
@ NS ns
@ MX 20 mail
@ MX 10 mx
ns A 192.0.2.1
www CNAME host
host A 192.0.2.2
loop CNAME circle
circle CNAME loop
"""

    def look_up(self, *arguments):
        return self.run_program(BUILD / "examples" / "lookup", *arguments)

    def setUp(self):
        super().setUp()
        self.server = f"127.0.0.1:{self.start_tautd('--zone', self.write('example.zone', self.ZONE)).port}"

    def test_found(self):
        """lookup prints the records of the name that was asked for, or that its aliases lead to"""
        result = self.look_up("www.example.", "A", self.server)
        self.assertEqual((result.returncode, result.stdout), (0, "host.example. 300 A 192.0.2.2\n"), result.stderr)
        result = self.look_up("example.", "mx", self.server)
        records = ["example. 300 MX 10 mx.example.", "example. 300 MX 20 mail.example."]
        self.assertEqual(sorted(result.stdout.splitlines()), records)
        self.assertIn("example. 300 SOA ns.example. root.example. 1 2 3 4 60\n",
                      self.look_up("example.", "SOA", self.server).stdout)

    def test_not_found(self):
        """lookup says why there is nothing, and ends with status 1"""
        for name, reason in (
            ("nobody.example.", "nobody.example. A: there is no such name"),
            ("example.", "example. A: the name has no such records"),
            ("loop.example.", "aliases without end"),
            ("elsewhere.", "elsewhere. A: REFUSED"),
            ("a..example.", "that is no name"),
        ):
            result = self.look_up(name, "A", self.server)
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertIn(reason, result.stderr)

    def test_unreachable(self):
        """lookup says that no server answers where none listens"""
        silent = FakeUpstream()
        silent.close()
        result = self.look_up("www.example.", "A", f"127.0.0.1:{silent.port}")
        self.assertEqual((result.returncode, result.stderr), (1, "www.example. A: no server answers\n"))


class Middleware(ExampleCase):
    """Resolvers that wrap another one."""

    ZONE = """$ORIGIN {origin}
$TTL {ttl}
@ SOA ns root 1 2 3 4 {ttl}
@ NS ns
ns A 192.0.2.1
www A {address}
alias CNAME www
"""

    VIEWS = {"inside": "10.0.0.2", "outside": "192.0.2.2"}

    def zone(self, origin, address="192.0.2.2", ttl=5, name="zone"):
        return self.write(name, self.ZONE.format(origin=origin, address=address, ttl=ttl))

    def upstream(self, origin):
        return f"127.0.0.1:{self.start_tautd('--zone', self.zone(origin)).port}"

    def test_log(self):
        """middleware log logs each query and what it was answered"""
        example = self.start("middleware", self.upstream("example."), "log")
        self.assertEqual(self.ask(example, "www.example").addresses(), ["192.0.2.2"])
        self.assertEqual(self.ask(example, "nobody.example").rcode, NXDOMAIN)
        wait_until(lambda: "nobody.example. A from 127.0.0.1: NXDOMAIN, 0 records after" in example.log(), 5, "it logs")
        example.wait_for_log("www.example. A from 127.0.0.1: NOERROR, 1 records after")

    def test_cache(self):
        """middleware cache asks upstream once for each question, and the layers before it see all"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        example = self.start("middleware", f"127.0.0.1:{upstream.port}", "log", "cache")
        answering = threading.Thread(target=lambda: upstream.send(*upstream.receive()))
        answering.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:  # one port, and so one shard
            client.connect(("127.0.0.1", example.port))
            client.settimeout(20)
            for _ in range(3):
                client.send(make_query("www.example"))
                self.assertEqual(Reply(client.recv(65535)).addresses(), ["192.0.2.99"])
        answering.join()
        wait_until(lambda: example.log().count("www.example. A from") == 3, 5, "it logs three queries")

    def test_rename(self):
        """middleware rename answers with another domain's data, to the question that the client asked"""
        example = self.start("middleware", self.upstream("new.example."), "rename")
        reply = self.ask(example, "WWW.old.example")
        owners = [(record.name, record.address()) for record in reply.answers]
        self.assertEqual(owners, [("WWW.old.example.", "192.0.2.2")])
        alias = self.ask(example, "alias.old.example")
        owners = [(record.name, record.type) for record in alias.answers]
        self.assertEqual(owners, [("alias.old.example.", CNAME), ("www.new.example.", A)])
        denial = self.ask(example, "nobody.old.example")
        self.assertEqual((denial.rcode, [record.name for record in denial.authority]), (NXDOMAIN, ["old.example."]))
        self.assertEqual(self.ask(example, "www.new.example").answers[0].name, "www.new.example.")

    def test_minimum_ttl(self):
        """middleware min-ttl raises the TTLs of short-lived records, and keeps longer ones"""
        example = self.start("middleware", self.upstream("example."), "min-ttl")
        self.assertEqual(self.ask(example, "www.example").answers[0].ttl, 60)
        self.assertEqual(self.ask(example, "nobody.example").authority[0].ttl, 60)

    def test_blocklist(self):
        """blocklist denies 200,001 names and those below them, tells why, and forwards the rest"""
        names = "".join(f"tracker{i}.ads.example\n" for i in range(200_000)) + "Evil.example\n\nno..name\n"
        example = self.start("blocklist", self.write("list", names), self.upstream("example."))
        example.wait_for_log("200001 names are blocked")
        self.assertEqual(self.ask(example, "www.example").addresses(), ["192.0.2.2"])
        for name in ("evil.example", "a.b.EVIL.example", "tracker199999.ads.example"):
            query = make_query(name, edns=1232)
            reply = ask_udp("127.0.0.1", example.port, query)
            self.assertEqual((reply.rcode, reply.authority[0].ttl), (NXDOMAIN, 60), name)
            self.assertIn(b"\0\x0fby the blocklist", reply.octets)  # EDE 15, Blocked
        self.assertEqual(self.ask(example, "devil.example").rcode, NXDOMAIN)
        self.assertEqual(ask_udp("127.0.0.1", example.port, make_query("devil.example")).authority[0].ttl, 5)
        octets = int(re.search(r"blocked, in (\d+) octets", example.log()).group(1))
        self.assertLess(octets / 200_001, 48)

    def test_split_horizon(self):
        """split_horizon answers the clients of a network from one file, and all others from another"""
        files = [self.zone("example.", address, name=name) for name, address in self.VIEWS.items()]
        example = self.start("split_horizon", "127.0.0.2", *files)
        self.assertEqual(self.ask(example, "www.example").addresses(), ["192.0.2.2"])
        with connect("127.0.0.1", example.port, source="127.0.0.2") as connection:
            connection.sendall(frame(make_query("www.example")))
            self.assertEqual(Reply(read_frame(connection)).addresses(), ["10.0.0.2"])
        program = BUILD / "examples" / "split_horizon"
        broken = self.run_program(program, "127.0.0.1:0", "127.0.0.2", "/nowhere", files[0])
        self.assertEqual(broken.returncode, 1)


class Transports(ExampleCase):
    """Protocols of their own, which a server listens for beside DNS."""

    TYPE = {"Content-Type": "application/dns-message"}
    CERTIFICATE = SOURCE / "tests/examples/localhost.pem"  # self-signed, with its key

    def start_service(self, name, *arguments):
        """Starts an example, whose second address is that of the service; gives its port too."""
        example = self.start(name, "127.0.0.1:0", *arguments)
        ports = re.compile(r"listening on \S+:(\d+)")
        wait_until(lambda: len(ports.findall(example.log())) == 2, 15, f"{name} listens")
        return example, int(ports.findall(example.log())[1])

    def post(self, connection, body, target="/dns-query", method="POST", fields=TYPE):
        connection.request(method, target, body, fields)
        reply = connection.getresponse()
        return reply.status, reply.read(), reply

    def test_dns_over_http(self):
        """dns_over_http answers several queries on one connection, as DNS does"""
        example, port = self.start_service("dns_over_http")
        self.assertEqual(self.ask(example, "www.example", TXT).answers[0].rdata, b"\x05hello")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        connection.connect()
        socket_used = connection.sock
        for name in ("a.example", "b.example", "c.example"):
            status, body, reply = self.post(connection, make_query(name, TXT))
            self.assertEqual((status, reply.headers["Content-Type"]), (200, "application/dns-message"))
            answer = Reply(body)
            self.assertEqual((answer.answers[0].name, answer.answers[0].rdata), (f"{name}.", b"\x05hello"))
        for expected, arguments in (
            (404, {"target": "/"}),
            (404, {"method": "GET"}),
            (415, {"fields": {"Content-Type": "text/plain"}}),
            (400, {"body": b"no query"}),
            (200, {}),
        ):
            status, body, _ = self.post(connection, **{"body": make_query("d.example", TXT), **arguments})
            self.assertEqual((status, body != b""), (expected, expected == 200), arguments)
        self.assertIs(connection.sock, socket_used)

    def test_dns_over_http_refusals(self):
        """dns_over_http closes the connection of a client that sends too much, or what is no HTTP"""
        _, port = self.start_service("dns_over_http")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        connection.putrequest("POST", "/dns-query")
        connection.putheader("Content-Length", "65536")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        with connect("127.0.0.1", port) as plain:
            plain.sendall(b"nonsense\r\n\r\n")
            received = b""
            while octets := plain.recv(4096):
                received += octets
            self.assertTrue(received.startswith(b"HTTP/1.1 400 Bad Request\r\n"), received)

    def test_dns_over_tls(self):
        """dns_over_tls answers pipelined queries over TLS, ends it in order, and survives what is no TLS"""
        example, port = self.start_service("dns_over_tls", self.CERTIFICATE, self.CERTIFICATE)
        self.assertEqual(self.ask(example, "www.example", TXT).answers[0].rdata, b"\x05hello")
        with connect("127.0.0.1", port) as plain:
            plain.sendall(frame(make_query("www.example", TXT)))
            while plain.recv(4096):
                pass  # an alert
        context = ssl.create_default_context(cafile=self.CERTIFICATE)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version = context.maximum_version = version
            with context.wrap_socket(connect("127.0.0.1", port), server_hostname="localhost") as secured:
                names = [f"{number}.example" for number in range(200)]
                secured.sendall(b"".join(frame(make_query(name, TXT)) for name in names))
                replies = [Reply(read_frame(secured)) for _ in names]
                self.assertEqual([reply.answers[0].name for reply in replies], [f"{name}." for name in names])
                secured.unwrap()  # which awaits that of the server

    def test_dns_over_tls_files(self):
        """dns_over_tls says why it does not start without a certificate"""
        program = BUILD / "examples" / "dns_over_tls"
        result = self.run_program(program, "127.0.0.1:0", "127.0.0.1:0", "/nowhere", "/nowhere")
        self.assertEqual(result.returncode, 1)
        self.assertIn("dns_over_tls: the certificates or their key cannot be used", result.stderr)
        self.assertIn("No such file", result.stderr)


class Sizes(ExampleCase):
    """The examples are as short as people who compare them expect."""

    # The lines of a whole program that are not blank, without the comment at its top.
    MOST_LINES = {
        "blocklist.cpp": 47,
        "blocklist_from_http.cpp": 53,
        "dns_over_http.cpp": 40,
        "drop.cpp": 29,
        "dynamic_zone.cpp": 34,
        "geo.cpp": 35,
        "hedged.cpp": 20,
        "hosts_override.cpp": 34,
        "lookup.cpp": 18,
        "middleware.cpp": 112,
        "offload.cpp": 37,
        "query_log.cpp": 20,
        "recursor.cpp": 16,
        "redis.cpp": 45,
        "refuse_by_address.cpp": 38,
        "secondary.cpp": 38,
        "signed_only.cpp": 33,
        "split_horizon.cpp": 32,
        "tcp_backend.cpp": 46,
        "workstations.cpp": 27,
    }

    def test_lines(self):
        """No example has more lines than it may have"""
        for name, most in self.MOST_LINES.items():
            lines = [line for line in (SOURCE / "examples" / name).read_text().splitlines() if line.strip()]
            while lines[0].startswith("//"):
                del lines[0]
            self.assertLessEqual(len(lines), most, name)

    def test_classes(self):
        """No resolver that wraps another has more than thirty lines"""
        text = (SOURCE / "examples/middleware.cpp").read_text()
        classes = re.findall(r"^class (\w+).*?^};$", text, re.MULTILINE | re.DOTALL)
        self.assertEqual(classes, ["Wrapper", "Logging", "Caching", "Renaming", "MinimumTtl"])
        for found in re.finditer(r"^class (\w+).*?^};$", text, re.MULTILINE | re.DOTALL):
            lines = [line for line in found.group().splitlines() if line.strip()]
            self.assertLessEqual(len(lines), 30, found.group(1))


class Primary(ExampleCase):
    def test_primary(self):
        """A primary gives its zone whole, and after an edit what has changed; others may not"""
        zone = "$TTL 300\n@ SOA ns1 hostmaster {} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.{}\n"
        path = self.write("zone", zone.format(1, 1))
        server = self.start("primary", "example.com", path, "127.0.0.1")
        dig = [which("dig"), "@127.0.0.1", "-p", server.port, "example.com"]
        self.assertIn("XFR size: 4 records", self.run_program(*dig, "AXFR").stdout)
        path.write_text(zone.format(2, 20))
        server.signal(signal.SIGHUP)
        server.wait_for_log("loaded anew, serial 2")
        changed = wait_until(lambda: "XFR size: 6" in (out := self.run_program(*dig, "IXFR=1").stdout) and out)
        self.assertIn("192.0.2.20", changed)
        other = self.start("primary", "example.com", path, "192.0.2.0/24")
        dig[3] = other.port
        self.assertIn("Transfer failed", self.run_program(*dig, "AXFR").stdout)


if __name__ == "__main__":
    main()

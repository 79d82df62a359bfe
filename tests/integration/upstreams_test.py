"""tautd forwards to real servers: unbound and knot."""
import resource
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, SOCK_STREAM, socket

from support import (A, AAAA, EXAMPLE_ZONE, NOERROR, NXDOMAIN, PATIENCE, REFUSED, SERVFAIL, TXT, FakeUpstream, Reply,
                     TestCase, ask_tcp, ask_udp, encode_name, free_port, main, make_query, wait_until)

KNOT_ZONE = """$ORIGIN k.example.
$TTL 300
@ SOA ns hostmaster 1 7200 3600 1209600 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.33
alias CNAME www
big TXT {}
"""
BIG = " ".join('"' + letter * 250 + '"' for letter in "abcdefghijklmnop")  # 16 strings, about 4000 octets


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def connections_to(port):
    """Established connections over IPv4 to a port of this machine."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(state == "01" and peer.endswith(f":{port:04X}") for _, _, peer, state, *_ in fields)


class Upstreams(TestCase):
    def ask(self, server, name, rrtype=A, over=ask_udp, **options):
        reply = over("127.0.0.1", server.port, make_query(name, rrtype, **options))
        self.assertIsNotNone(reply, f"no reply for {name}\n{server.log()}")
        return reply

    def forward(self, *upstreams, arguments=()):
        options = [word for upstream in upstreams for word in ("--forward", f"127.0.0.1:{upstream}")]
        return self.start_tautd(*options, *arguments)

    def test_unbound(self):
        """Answers and denials of unbound come through"""
        unbound = self.start_unbound(["a.u.example. 60 IN A 192.0.2.77"])
        server = self.forward(unbound.port)
        reply = self.ask(server, "a.u.example")
        self.assertEqual(reply.addresses(), ["192.0.2.77"])
        self.assertTrue(reply.recursion_available)
        self.assertEqual(self.ask(server, "b.u.example").rcode, NXDOMAIN)
        self.assertEqual(self.ask(server, "a.u.example", over=ask_tcp).addresses(), ["192.0.2.77"])

    def test_knot(self):
        """Answers of knot come through, aliases and negative answers too"""
        knot = self.start_knot("k.example", KNOT_ZONE.format(BIG))
        server = self.forward(knot.port)
        self.assertEqual(self.ask(server, "www.k.example").addresses(), ["192.0.2.33"])
        self.assertEqual(self.ask(server, "alias.k.example").addresses(), ["192.0.2.33"])
        denied = self.ask(server, "none.k.example")
        self.assertEqual((denied.rcode, len(denied.authority)), (NXDOMAIN, 1))
        nodata = self.ask(server, "www.k.example", TXT)
        self.assertEqual((nodata.rcode, nodata.answers, len(nodata.authority)), (NOERROR, [], 1))

    def test_truncation(self):
        """An answer that is too large for UDP is fetched over TCP, and truncated for a client over UDP"""
        knot = self.start_knot("k.example", KNOT_ZONE.format(BIG))
        server = self.forward(knot.port)
        whole = self.ask(server, "big.k.example", TXT, over=ask_tcp)
        self.assertEqual(len(whole.answers[0].rdata), 16 * 251)
        cut = self.ask(server, "big.k.example", TXT, edns=1232)
        self.assertTrue(cut.truncated)
        self.assertEqual(cut.answers, [])

    def test_connections(self):
        """Many answers that are too large for UDP come over few connections, which are kept"""
        names = [f"big{i}" for i in range(60)]
        records = "".join(f"{name} TXT {BIG}\n" for name in names)
        knot = self.start_knot("k.example", KNOT_ZONE.format(BIG) + records)
        server = self.forward(knot.port, arguments=["--threads", 1])
        with socket(AF_INET, SOCK_STREAM) as client:
            client.settimeout(20)
            client.connect(("127.0.0.1", server.port))
            queries = [make_query(f"{name}.k.example", TXT, identifier=number) for number, name in enumerate(names)]
            client.sendall(b"".join(len(query).to_bytes(2, "big") + query for query in queries))
            stream = client.makefile("rb")
            replies = [Reply(stream.read(int.from_bytes(stream.read(2), "big"))) for _ in names]
        self.assertEqual({reply.id for reply in replies}, set(range(len(names))))
        for reply in replies:
            self.assertEqual([len(record.rdata) for record in reply.answers], [16 * 251])
        self.assertIn(connections_to(knot.port), range(1, 5))

    def test_descriptors(self):
        """A soft limit of descriptors does not limit how many questions are under way"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start_tautd("--forward", f"127.0.0.1:{upstream.port}", "--threads", 1, "--max-connections", 1,
                                  preexec_fn=few_descriptors)
        wanted = {encode_name(f"n{i}.example") for i in range(200)}
        asked = set()
        with socket(AF_INET, SOCK_DGRAM) as client:
            for i in range(200):
                client.sendto(make_query(f"n{i}.example"), ("127.0.0.1", server.port))
            while not wanted <= asked:
                message, _ = upstream.receive()
                asked.add(message[12 : message.index(b"\0", 12) + 1])

    def test_answer_timeout(self):
        """A question that the upstream does not answer is SERVFAIL in the time that --answer-timeout gives"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.forward(upstream.port, arguments=("--answer-timeout", 1))
        reply = self.ask(server, "never.example", edns=1232)
        self.assertEqual(reply.rcode, SERVFAIL)
        self.assertEqual(server.stop(), 0)
        self.assertNotIn("error", server.log())

    def test_unreachable(self):
        """A server that is not there is passed over for one that is"""
        unbound = self.start_unbound(["a.u.example. 60 IN A 192.0.2.77"])
        server = self.forward(free_port(), unbound.port)
        reply = ask_udp("127.0.0.1", server.port, make_query("a.u.example"), 15)
        self.assertIsNotNone(reply, server.log())
        self.assertEqual(reply.addresses(), ["192.0.2.77"])

    def test_silent_server(self):
        """A silent server is not waited for by the questions that follow, but probed from time to time"""
        silent = FakeUpstream()
        self.addCleanup(silent.close)
        unbound = self.start_unbound(["a.u.example. 60 IN A 192.0.2.77"])
        server = self.forward(silent.port, unbound.port, arguments=["--threads", 1])
        for _ in range(40):
            self.assertEqual(self.ask(server, "a.u.example").addresses(), ["192.0.2.77"])
        silent.socket.setblocking(False)
        queries = 0
        with self.assertRaises(BlockingIOError):
            while silent.socket.recvfrom(4096):
                queries += 1
        self.assertIn(queries, range(1, 10))

    def test_all_silent(self):
        """Where no server answers, a client gets SERVFAIL with the reason within ten seconds"""
        upstreams = [FakeUpstream() for _ in range(3)]
        for upstream in upstreams:
            self.addCleanup(upstream.close)
        server = self.forward(*(upstream.port for upstream in upstreams))
        reply = ask_udp("127.0.0.1", server.port, make_query("a.u.example", edns=1232), 10)
        self.assertIsNotNone(reply, server.log())
        self.assertEqual(reply.rcode, SERVFAIL)
        self.assertIn(b"\0\x0f\0\x02\0\x16", reply.additional[0].rdata, "no reachable authority")

    def test_cache(self):
        """With a cache, a second question is answered when the upstream is gone, with a TTL that counts down"""
        unbound = self.start_unbound(["a.u.example. 3600 IN A 192.0.2.77"])
        server = self.forward(unbound.port, arguments=["--cache", "--threads", 1])
        first = self.ask(server, "a.u.example")
        self.assertEqual(unbound.stop(), 0)
        full = first.answers[0].ttl
        wait_until(lambda: self.ask(server, "a.u.example").answers[0].ttl < full, 5, "the TTL counts down")
        self.assertEqual(self.ask(server, "A.U.example").addresses(), ["192.0.2.77"])

    def test_rebinding(self):
        """Private addresses from upstream are refused when rebinding is denied, except in domains that may have them"""
        records = ["a.u.example. 60 IN A 192.0.2.77", "b.u.example. 60 IN A 192.168.1.1",
                   "c.u.example. 60 IN AAAA ::ffff:10.0.0.1", "box.home.test. 60 IN A 192.168.1.2"]
        unbound = self.start_unbound(records)
        hosts = self.write("hosts", "192.168.1.3 mine.example.net\n")
        plain = self.forward(unbound.port)
        self.assertEqual(self.ask(plain, "b.u.example").addresses(), ["192.168.1.1"])
        server = self.forward(unbound.port, arguments=["--deny-rebinding", "--private-domain", "home.test", "--cache",
                                                       "--hosts-file", hosts])
        for _ in range(2):
            self.assertEqual(self.ask(server, "a.u.example").addresses(), ["192.0.2.77"])
            for name, rrtype in (("b.u.example", A), ("c.u.example", AAAA)):
                refused = self.ask(server, name, rrtype)
                self.assertEqual((refused.rcode, refused.answers), (SERVFAIL, []))
            self.assertEqual(self.ask(server, "box.home.test").addresses(), ["192.168.1.2"])
            self.assertEqual(self.ask(server, "mine.example.net").addresses(), ["192.168.1.3"])

    def test_coalescing(self):
        """Identical questions in flight are asked once, and every client is answered"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start_tautd("--forward", f"127.0.0.1:{upstream.port}", "--zone", EXAMPLE_ZONE, "--threads", 1)
        clients = [socket(AF_INET, SOCK_DGRAM) for _ in range(20)]
        for number, client in enumerate(clients):
            self.addCleanup(client.close)
            client.settimeout(PATIENCE)
            client.sendto(make_query("same.example.net", identifier=number), ("127.0.0.1", server.port))
        query, sender = upstream.receive()
        # A question that is answered at once comes back only when those before it have been taken up.
        self.ask(server, "www.example.com")
        upstream.send(query, sender)
        for number, client in enumerate(clients):
            self.assertEqual(int.from_bytes(client.recv(4096)[:2], "big"), number)
        upstream.socket.setblocking(False)
        with self.assertRaises(BlockingIOError, msg="one question was enough"):
            upstream.socket.recvfrom(4096)

    def test_resolv_conf(self):
        """Servers of a resolv.conf are used, and its change is noticed"""
        first = FakeUpstream()
        self.addCleanup(first.close)
        path = self.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        server = self.start_tautd("--resolv-conf", path)
        # Port 53 is not the test's to use: it is enough that the server gives up cleanly.
        reply = ask_udp("127.0.0.1", server.port, make_query("a.example.net"), 15)
        self.assertIsNotNone(reply, server.log())
        self.assertIn(reply.rcode, (SERVFAIL, REFUSED, NXDOMAIN, NOERROR))

    def test_own_zones_first(self):
        """A zone's names are answered from the zone, and only the rest is forwarded"""
        unbound = self.start_unbound(["www.example.com. 60 IN A 192.0.2.66", "a.u.example. 60 IN A 192.0.2.77"])
        server = self.forward(unbound.port, arguments=["--zone", EXAMPLE_ZONE])
        own = self.ask(server, "www.example.com")
        self.assertEqual((own.addresses(), own.authoritative), (["192.0.2.10", "192.0.2.11"], True))
        self.assertEqual(self.ask(server, "a.u.example").addresses(), ["192.0.2.77"])

    def test_hosts(self):
        """Names of a hosts file are answered, both ways, and other names are forwarded"""
        hosts = self.write("hosts", "192.0.2.5 box box.example.net\n2001:db8::5 box\n")
        unbound = self.start_unbound(["a.u.example. 60 IN A 192.0.2.77", 'box.example.net. 60 IN TXT "t"'])
        server = self.forward(unbound.port, arguments=["--hosts-file", hosts])
        self.assertEqual(self.ask(server, "box.example.net").addresses(), ["192.0.2.5"])
        pointer = self.ask(server, "5.2.0.192.in-addr.arpa", 12)
        self.assertEqual((pointer.rcode, pointer.answers[0].type), (NOERROR, 12))
        nodata = self.ask(server, "box", TXT)
        self.assertEqual((nodata.rcode, nodata.answers), (NOERROR, []), "whatever the upstream says, the name exists")
        text = self.ask(server, "box.example.net", TXT)
        self.assertEqual([record.rdata for record in text.answers], [b"\1t"], "what a file cannot hold is forwarded")
        missing = self.ask(server, "box.example.net", AAAA)
        self.assertEqual((missing.rcode, missing.answers), (NOERROR, []))
        self.assertEqual(self.ask(server, "a.u.example").addresses(), ["192.0.2.77"])
        hosts.write_text("192.0.2.6 box.example.net\n")
        changed = ["192.0.2.6"]
        wait_until(lambda: self.ask(server, "box.example.net").addresses() == changed, 10, "the change is noticed")


if __name__ == "__main__":
    main()

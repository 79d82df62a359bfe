"""The examples answer real queries: each is started on a free port, asked over UDP and TCP, and ended."""
import http.server
import os
import re
import socket
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from support import (  # noqa: E402
    BUILD,
    NOERROR,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    SOURCE,
    TXT,
    A,
    AAAA,
    FakeUpstream,
    Reply,
    TestCase,
    ask_tcp,
    ask_udp,
    free_port,
    main,
    make_query,
    wait_until,
)


# The lines that an example has at most.
LENGTHS = {"hedged": 25, "redis": 53, "blocklist_from_http": 62, "offload": 43}


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


class Redis:
    """A redis-server on a port of its own, and a connection to it."""

    def __init__(self, test, port):
        command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", test.folder]
        self.server = test.spawn(*command)
        self.connection = wait_until(lambda: self.connect(port), 10, "redis listens")
        test.addCleanup(self.connection.close)

    def connect(self, port):
        if not self.server.running():
            raise AssertionError(self.server.log())
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            return None

    def command(self, *words):
        """What the server says, in one piece: the replies are short."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        self.connection.sendall(request.encode())
        return self.connection.recv(65536).decode()

    def connections(self):
        return int(re.search(r"total_connections_received:(\d+)", self.command("INFO", "stats")).group(1))

    def stop(self):
        self.connection.close()
        self.server.stop()


class Web:
    """A web server with one document, which the test changes: its status and its text."""

    def __init__(self):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.paths.add(self.path)
                status, text = web.document
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.paths = set()
        self.document = (200, "[]")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


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

    # What asks other services, or several at a time.

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

    def test_length(self):
        """An example is as short as it is said to be: lines of its file without the comment at its top"""
        for name, bound in LENGTHS.items():
            lines = (SOURCE / "examples" / f"{name}.cpp").read_text().splitlines()
            code = [line for line in lines if line.strip() and not line.startswith("//")]
            self.assertLessEqual(len(code), bound, name)

    def test_usage(self):
        """Without arguments, and with ones that make no sense, each example says how it is called"""
        for name in (
            "workstations",
            "hosts_override",
            "tcp_backend",
            "refuse_by_address",
            "hedged",
            "redis",
            "blocklist_from_http",
            "offload",
        ):
            for arguments in ([], ["--help"], ["nowhere", "nobody", "nothing"]):
                result = self.run_program(BUILD / "examples" / name, *arguments)
                self.assertEqual(result.returncode, 2, f"{name} {arguments}")
                self.assertIn(f"usage: {name}", result.stderr)


if __name__ == "__main__":
    main()

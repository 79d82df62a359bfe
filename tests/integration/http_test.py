"""What tautd shows of itself over HTTP: metrics, health, the status as JSON, and events."""
import http.client
import json
import os
import signal
import socket
import subprocess
import statistics
import time

from support import (A, EXAMPLE_ZONE, TAUTD, TXT, FakeUpstream, TestCase, ask_tcp, ask_udp, free_port, main,
                     make_query, wait_until)


class Http(TestCase):
    def start(self, *arguments, **options):
        port = free_port()
        server = self.start_tautd("--http", f"127.0.0.1:{port}", *arguments, **options)
        server.http = port
        return server

    @staticmethod
    def get(server, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=10)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def test_paths(self):
        """Each path is served, and others are not found; other methods are refused"""
        server = self.start("--zone", EXAMPLE_ZONE)
        self.assertEqual(self.get(server, "/health/live"), (200, "alive\n"))
        wait_until(lambda: self.get(server, "/health/ready") == (200, "ready\n"), 10, "the server is ready")
        status, text = self.get(server, "/metrics")
        self.assertEqual(status, 200)
        self.assertIn('taut_zones{state="loaded"} 1\n', text)
        status, text = self.get(server, "/status.json")
        shown = json.loads(text)
        self.assertEqual((status, shown["state"]), (200, "ready"))
        self.assertEqual((shown["zones"]["total"], shown["zones"]["loaded"]), (1, 1))
        self.assertEqual(shown["zones"]["shown"][0]["zone"], "example.com.")
        status, text = self.get(server, "/")
        self.assertEqual(status, 200)
        self.assertIn('<td class="name">example.com.<td class="ok">loaded', text)
        self.assertEqual(self.get(server, "/nothing")[0], 404)
        self.assertEqual(self.get(server, "/metrics", "DELETE")[0], 405)
        self.assertEqual(self.get(server, "/metrics", "HEAD"), (200, ""))

    def test_events(self):
        """The events come once a second, and follow a reload"""
        zone = self.write("zone", EXAMPLE_ZONE.read_text())
        server = self.start("--zone", zone)
        with socket.create_connection(("127.0.0.1", server.http), timeout=10) as connection:
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: taut\r\n\r\n")
            lines = connection.makefile()
            begin = time.monotonic()

            def serial():
                line = next(line for line in lines if line.startswith("data: "))
                shown = json.loads(line[len("data: "):])["zones"]["shown"]
                return shown[0]["serial"] if shown else None

            before = wait_until(serial, 10, "the zone is loaded")
            serial()
            self.write("zone.new", EXAMPLE_ZONE.read_text().replace(str(before), str(before + 1)))
            os.replace(self.folder / "zone.new", zone)
            server.signal(signal.SIGHUP)
            wait_until(lambda: serial() == before + 1, 10, "the new serial comes")
            serial()
            serial()
            self.assertGreater(time.monotonic() - begin, 2.0)

    def test_top(self):
        """The status and the page tell what is asked most and by whom; what stands in a name is only text there"""
        server = self.start("--zone", EXAMPLE_ZONE, "--threads", 1)
        for _ in range(300):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query('<b onclick="x">\x1b[31m&.example', TXT)))
        name = '<b\\032onclick=\\"x\\">\\027[31m&.example.'

        def top():
            text = self.get(server, "/status.json")[1]
            self.assertNotIn("\x1b", text)
            return json.loads(text)["top"]

        shown = wait_until(lambda: any(asked["name"] == name for asked in top()["names"]) and top(), 10, "the name")
        self.assertEqual(shown["clients"][0]["client"], "127.0.0.1")
        self.assertIn("TXT", [asked["type"] for asked in shown["types"]])
        self.assertEqual(shown["questions"], shown["clients"][0]["questions"])
        page = self.get(server, "/")[1]
        self.assertIn('<td class="name">&lt;b\\032onclick=\\&quot;x\\&quot;&gt;\\027[31m&amp;.example.<td', page)
        self.assertNotIn("<b", page.replace("<body", "").replace("<b id=", ""))

    def test_missing_zones(self):
        """A zone that cannot be loaded is counted, and keeps the server from being ready no longer than its load"""
        zones = self.write("zones", "".join(f"zone{i}.example\tmissing\n" for i in range(3)))
        server = self.start("--zone-list", zones)
        wait_until(lambda: self.get(server, "/health/ready")[0] == 200, 10, "a load that fails is a load")
        status = json.loads(self.get(server, "/status.json")[1])
        self.assertEqual((status["zones"]["total"], status["zones"]["loaded"]), (3, 0))

    def test_not_ready_while_it_ends(self):
        """From SIGTERM on the server is not ready, and HTTP goes on while queries in flight are answered"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start("--forward", f"127.0.0.1:{upstream.port}", "--threads", 1)
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.settimeout(10)
        client.sendto(make_query("waits.example", A), ("127.0.0.1", server.port))
        query, source = upstream.receive()
        wait_until(lambda: self.get(server, "/health/ready")[0] == 200, 10, "the server is ready")
        server.signal(signal.SIGTERM)
        wait_until(lambda: self.get(server, "/health/ready") == (503, "not ready: draining\n"), 3, "not ready")
        upstream.send(query, source)
        self.assertTrue(client.recv(512))
        self.assertEqual(server.wait(10), 0, server.log())
        server.ended = True

    def test_metrics(self):
        """The metrics count what clients ask and get, and promtool takes them"""
        server = self.start("--zone", EXAMPLE_ZONE, "--threads", 1)
        wait_until(lambda: self.get(server, "/health/ready")[0] == 200, 10, "the server is ready")
        for _ in range(3):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com", TXT)))
        self.assertTrue(ask_tcp("127.0.0.1", server.port, make_query("nothing.example.com", TXT)))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"none", ("127.0.0.1", server.port))
        self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com", TXT)))
        status, text = self.get(server, "/metrics")
        self.assertEqual(status, 200)
        for line in ('taut_dns_requests_total{proto="udp",family="ipv4",type="TXT"} 4',
                     'taut_dns_requests_total{proto="tcp",family="ipv4",type="TXT"} 1',
                     'taut_dns_responses_total{proto="udp",rcode="NOERROR"} 4',
                     'taut_dns_responses_total{proto="tcp",rcode="NXDOMAIN"} 1',
                     'taut_dns_dropped_total{reason="unparsable"} 1',
                     "taut_tcp_connections_total 1"):
            self.assertIn(f"\n{line}\n", text)
        self.assertRegex(text, r'\ntaut_zone_serial\{zone="example.com.",view=""\} \d+\n')
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                                 timeout=60)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_strangers_are_refused(self):
        """Only networks that may read are served; loopback may, where none is named"""
        server = self.start("--zone", EXAMPLE_ZONE, "--http-allow", "192.0.2.0/24")
        status, text = self.get(server, "/metrics")
        self.assertEqual(status, 403)
        self.assertIn("may not read", text)

    def test_places(self):
        """A client that takes all connections loses one to another client"""
        server = self.start("--zone", EXAMPLE_ZONE)
        greedy = [socket.create_connection(("127.0.0.1", server.http)) for _ in range(64)]
        for connection in greedy:
            self.addCleanup(connection.close)
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: taut\r\n\r\n" if connection in greedy[:32] else b"GET /")
        with socket.create_connection(("127.0.0.1", server.http), 10, source_address=("127.0.0.2", 0)) as other:
            other.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
            self.assertTrue(other.makefile().readline().startswith("HTTP/1.1 200 "))

    def test_answers_go_on_beside_bad_clients(self):
        """Clients of HTTP that send nothing or rubbish, or read nothing, delay no answer and no scrape"""
        server = self.start("--zone", EXAMPLE_ZONE)
        silent = [socket.create_connection(("127.0.0.1", server.http)) for _ in range(40)]
        for number, connection in enumerate(silent):
            self.addCleanup(connection.close)
            if number % 2:
                connection.sendall(b"\x16\x03\x01\x02\0\r\n\r\n")
        took = []
        for _ in range(20):
            start = time.monotonic()
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com", A)))
            self.assertEqual(self.get(server, "/metrics")[0], 200)
            took.append(time.monotonic() - start)
        # What the clients delay they delay each time, and a loaded machine only some times.
        self.assertLess(statistics.median(took), 2.0)

    def test_mistakes(self):
        """A wrong address or network ends the start, and so does a port that is taken"""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for arguments, status, message in (
                (("--http", "nowhere"), 2, "--http: 'nowhere' is not an address; expected one such as 192.0.2.1"),
                (("--http", "127.0.0.1", "--http-allow", "192.0.2.1/24"), 2, "--http-allow"),
                (("--http-allow", "192.0.2.0/24"), 2, "--http-allow: needs --http"),
                (("--http", address), 1, f"tautd: cannot listen on {address} (TCP): Address already in use by "),
            ):
                command = (TAUTD, "-i", "127.0.0.1", "-p", free_port(), "--zone", EXAMPLE_ZONE)
                result = self.run_program(*command, *arguments)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(message, result.stderr)


if __name__ == "__main__":
    main()

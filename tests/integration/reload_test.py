"""SIGHUP reads the configuration again: all of it or nothing, and no query is lost."""
import http.client
import json
import os
import re
import resource
import select
import signal
import socket
import unittest.mock
import urllib.request
from pathlib import Path

from support import (NOERROR, REFUSED, SANITIZED, SLOWNESS, SOA, TAUTD, FakeUpstream, Process, TestCase, ask_tcp,
                     ask_udp, connect, frame, free_port, main, make_query, read_frame, wait_until, which)

TAUTCTL = os.environ["TAUT_TAUTCTL"]

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A {address}\n"


class Reloading(TestCase):
    """A server whose configuration is written anew."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.path = self.folder / "taut.toml"
        self.listen = f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'
        for name in ("one", "two"):
            self.write(f"{name}.zone", ZONE.format(address="192.0.2.1"))

    def configure(self, text):
        """Replaces the file, as an editor does."""
        self.write("new", text + self.listen).rename(self.path)

    def start(self, text):
        self.configure(text)
        server = Process([TAUTD, "--config", self.path], self.folder, name="tautd")
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        return server

    def reload(self, server, text, logged):
        """Reloads this text, and waits for the line in the log; returns what the log says of the reload."""
        before = len(server.log())
        self.configure(text)
        server.signal(signal.SIGHUP)
        wait_until(lambda: logged in server.log()[before:], 10, f"{logged} in {server.log()}")
        return server.log()[before:]

    def ask(self, name, kind=1):
        return ask_udp("127.0.0.1", self.port, make_query(name, kind))

    def answers(self, name, *addresses):
        wait_until(lambda: self.ask(name).addresses() == list(addresses), 10, f"{name} is {addresses}")

    def chaos(self, name):
        result = self.run_program("dig", "@127.0.0.1", "-p", self.port, "+tries=1", "+short", "CH", "TXT", name)
        return result.stdout.strip().strip('"')

    def says(self, name, text):
        wait_until(lambda: self.chaos(name) == text, 10, f"{name} is {text}")

    def dnsperf(self, mode, seconds):
        path = self.write("names", "www.one A\n")
        return self.spawn(which("dnsperf"), "-s", "127.0.0.1", "-p", self.port, "-d", path, "-m", mode, "-l", seconds,
                          "-Q", 2000 // SLOWNESS, "-q", 50, "-c", 4, "-S", 0.1)

    def reload_metrics(self, port):
        """The reloads that succeeded, those that failed, and whether the last one succeeded."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return tuple(re.search(rf"^{re.escape(name)} (\d+)$", text, re.MULTILINE).group(1) for name in (
            'taut_config_reloads_total{result="success"}', 'taut_config_reloads_total{result="failure"}',
            "taut_config_last_reload_successful"))

    def start_upstream(self):
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        return upstream

    def forwarded(self, upstream, name):
        """Asks for the name over a connection of its own; the upstream has to be asked for it."""
        with connect("127.0.0.1", self.port) as connection:
            connection.sendall(frame(make_query(name)))
            query, asker = upstream.receive()
            upstream.send(query, asker)
            self.assertIsNotNone(read_frame(connection))
        return query

    def refused(self, port):
        """Waits until nothing listens on the port, over UDP and TCP."""

        def is_refused():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(0.05)
                client.connect(("127.0.0.1", port))
                client.send(make_query("www.one"))
                try:
                    client.recv(512)
                    return False
                except TimeoutError:
                    return False
                except ConnectionRefusedError:
                    pass
            try:
                connect("127.0.0.1", port).close()
                return False
            except ConnectionRefusedError:
                return True

        wait_until(is_refused, 10, f"port {port} is refused")

    def http_status(self, port):
        """The status of /health/ready; nothing where the port is refused."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()

    def is_counted(self, port):
        """Whether one of many questions is in the sample of those that are asked most"""
        for _ in range(200):
            ask_udp("127.0.0.1", self.port, make_query("one", SOA))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status.json", timeout=10) as reply:
            return json.load(reply)["top"]["names"]

    def start_controlled(self, port):
        """A server with a control socket, and HTTP on this port; returns its configuration."""
        text = (f'[[zone]]\nname = "one"\n[server]\ncontrol = "{self.folder / "control"}"\n'
                f'[http]\nlisten = ["127.0.0.1:{port}"]\n')
        self.start(text)
        wait_until(lambda: b"ready" in self.whole(self.control("status")), 10, "the server is ready")
        return text

    @staticmethod
    def whole(control):
        """The whole reply on a connection of the control socket."""
        reply = b""
        while b'{"status":' not in reply:
            reply += control.recv(4096)
        return reply

    def control(self, command):
        """Asks by the control socket; returns the connection."""
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(60 * SLOWNESS)
        client.connect(str(self.folder / "control"))
        client.sendall(json.dumps({"command": [command]}).encode() + b"\n")
        return client

    @staticmethod
    def large(text):
        """With so many zones that reading it takes long, and a mistake."""
        return text + "x = 1\n" + "".join(f'[[zone]]\nname = "z{i}.example"\n' for i in range(100_000))


class Reload(Reloading):
    """What a reload takes over."""

    def test_mistakes_change_nothing(self):
        """A file with mistakes changes nothing, and each mistake is logged with its place"""
        server = self.start('[server]\nidentity = "good"\n[[zone]]\nname = "one"\n')
        said = self.reload(server, '[server]\nidentity = "bad"\nthreads = "x"\n[[zone]]\nname = "two"\nfiel = "x"\n',
                           "nothing has changed")
        self.assertIn(f"{self.path}:3:11: 'threads': expected a whole number", said)
        self.assertIn(f"{self.path}:6:1: 'fiel' is not known in [[zone]]; did you mean 'file'?", said)
        self.assertEqual(self.chaos("id.server"), "good")
        self.answers("www.one", "192.0.2.1")
        self.assertEqual(self.ask("www.two").rcode, REFUSED)
        said = self.reload(server, '[server]\nidentity = "bad"\n[server.cookies]\nsecrets-file = "missing"\n'
                           '[[zone]]\nname = "one"\n', "nothing has changed")
        self.assertIn("missing: No such file or directory", said)
        self.assertEqual(self.chaos("id.server"), "good")
        self.path.unlink()
        server.signal(signal.SIGHUP)
        wait_until(lambda: f"cannot read '{self.path}': No such file" in server.log(), 10, "the missing file is logged")
        self.assertEqual(self.chaos("id.server"), "good")

    def test_counted(self):
        """The metrics count each reload with its result, and go on after one that failed"""
        port = free_port()
        text = f'[[zone]]\nname = "one"\n[http]\nlisten = ["127.0.0.1:{port}"]\n'
        server = self.start(text)
        for written, logged, counts in ((text + "x = 1\n", "nothing has changed", ("0", "1", "0")),
                                        (text, "no zone has changed: 1 zone", ("1", "1", "1"))):
            self.reload(server, written, logged)
            wait_until(lambda counts=counts: self.reload_metrics(port) == counts, 10, f"{counts} are counted")

    def test_zones(self):
        """Zones come, go, and change their files; one that does not load is served as it was before"""
        zones = '[[zone]]\nname = "one"\n'
        server = self.start(zones)
        self.reload(server, zones + '[[zone]]\nname = "two"\n', "zone two.")
        self.answers("www.two", "192.0.2.1")
        self.reload(server, '[[zone]]\nname = "two"\n', "zone one. removed")
        wait_until(lambda: self.ask("www.one").rcode == REFUSED, 10, "the zone has gone")
        self.write("other.zone", ZONE.format(address="192.0.2.9"))
        self.reload(server, '[[zone]]\nname = "two"\nfile = "other.zone"\n', "zone two.")
        self.answers("www.two", "192.0.2.9")
        self.reload(server, '[[zone]]\nname = "two"\nfile = "missing.zone"\n', "served as it was before")
        self.answers("www.two", "192.0.2.9")
        self.reload(server, '[[zone]]\nfile = "two.zone"\n[[zone]]\nname = "one"\n', "zone one.")
        self.answers("www.one", "192.0.2.1")

    def test_lists_and_includes(self):
        """Lists of zones come and go, and included files are read again"""
        self.write("zones.list", "two\ttwo.zone\n")
        text = 'include = ["*.conf"]\n[[zone]]\nname = "one"\n'
        server = self.start(text)
        self.write("more.conf", '[[zone-list]]\nfile = "zones.list"\n')
        self.reload(server, text, "zone-list[0].file")
        self.answers("www.two", "192.0.2.1")
        self.write("more.conf", '[server]\nidentity = "included"\n')
        self.reload(server, text, "zone two. removed")
        wait_until(lambda: self.ask("www.two").rcode == REFUSED, 10, "the list has gone")
        self.says("id.server", "included")

    def test_what_the_server_says(self):
        """Identity, version, what is hidden, and cookies change at once, and what has changed is logged"""
        zone = 'threads = 1\n[[zone]]\nname = "one"\n'
        server = self.start(f'[server]\nidentity = "a"\nversion = "v"\n{zone}')
        said = self.reload(server, f'[server]\nidentity = "b"\nversion = false\nhide = ["hostname.bind"]\n{zone}',
                           '"b"')
        self.assertIn(f'{self.path}:2:12: server.identity = "b", was "a"', said)
        self.says("id.server", "b")
        self.says("version.bind", "")
        self.says("hostname.bind", "")

        def cookie():
            result = self.run_program("dig", "@127.0.0.1", "-p", self.port, "+cookie=0011223344556677", "www.one")
            return re.search(r"COOKIE: (\w+) \(good\)", result.stdout)

        made = cookie().group(1)
        said = self.reload(server, f"[server]\n{zone}", "server.identity")
        self.assertIn("server.identity is not given, was", said)
        wait_until(lambda: self.chaos("version.bind").startswith("taut"), 10, "the version is told again")
        self.assertEqual(cookie().group(1)[:20], made[:20], "the secret has not changed")
        self.reload(server, f"[server]\ncookies.enabled = false\n{zone}", "server.cookies.enabled = false, was true")
        wait_until(lambda: cookie() is None, 10, "cookies are ignored")
        self.reload(server, f"[server]\n{zone}", "server.cookies.enabled = true, was false")
        wait_until(cookie, 10, "cookies are made")

    def test_allow_query(self):
        """Who may query changes at once, by networks and by their names, and others are refused over UDP and TCP"""
        zone = '[[zone]]\nname = "one"\n'
        server = self.start(f'[acl]\noffice = ["192.0.2.0/24"]\n[server]\nallow-query = ["office"]\n{zone}')
        for ask in (ask_udp, ask_tcp):
            self.assertEqual(ask("127.0.0.1", self.port, make_query("www.one")).rcode, REFUSED)
        self.reload(server, f'[acl]\noffice = ["127.0.0.1"]\n[server]\nallow-query = ["office"]\n{zone}', "acl.office")
        self.answers("www.one", "192.0.2.1")
        self.reload(server, f'[server]\nallow-query = []\n{zone}', "server.allow-query")
        wait_until(lambda: self.ask("www.one").rcode == REFUSED, 10, "no client may query")
        self.reload(server, zone, "server.allow-query is not given")
        self.answers("www.one", "192.0.2.1")

    def test_query_log(self):
        """The log of queries is switched on, takes another form, and is switched off at once"""
        zone = '[server]\nthreads = 1\n[[zone]]\nname = "one"\n'
        server = self.start(zone)

        def logged(form):
            before = len(server.log())
            self.ask("www.one")
            return re.search(form, server.log()[before:])

        said = self.reload(server, f"[log.queries]\none-in = 1\n{zone}", "log.queries.one-in = 1, was 0")
        self.assertNotIn("needs a restart", said)
        wait_until(lambda: logged(r"query client=.* name=www\.one\. "), 10, "queries are logged")
        self.reload(server, f'[log.queries]\none-in = 1\nformat = "json"\n{zone}', 'format = "json", was')
        wait_until(lambda: logged(r'"name":"www\.one\."'), 10, "queries are logged as JSON")
        self.reload(server, zone.replace("threads", 'identity = "silent"\nthreads'),
                    "no zone has changed")
        self.says("id.server", "silent")
        before = len(server.log())
        self.ask("www.one")
        self.reload(server, zone, "no zone has changed")
        self.assertNotIn("www", server.log()[before:])

    def test_hosts(self):
        """Another hosts file takes the place of the one before"""
        for number in (1, 2):
            self.write(f"hosts{number}", f"192.0.2.{number} box.example\n")
        server = self.start('hosts-file = "hosts1"\n')
        self.answers("box.example", "192.0.2.1")
        self.reload(server, 'hosts-file = "hosts2"\n', "hosts-file")
        self.answers("box.example", "192.0.2.2")

    def test_rate_limit(self):
        """A rate limit comes and goes"""
        zone = '[server]\nthreads = 1\n[[zone]]\nname = "one"\n'
        server = self.start(zone)

        def limited():
            query = make_query("www.one")
            return None in [ask_udp("127.0.0.1", self.port, query, 0.5 * SLOWNESS) for _ in range(8)]

        self.assertFalse(limited())
        self.reload(server, f"[rate-limit]\nresponses = 1\nslip = 0\n{zone}", "rate-limit.responses = 1")
        wait_until(limited, 10, "responses are limited")
        self.reload(server, zone, "rate-limit.responses is not given")
        wait_until(lambda: not limited(), 10, "responses are not limited")

    def test_rate_limit_of_a_zone(self):
        """The limit of a zone comes and goes, and the log says that limits of zones have changed"""
        zone = '[server]\nthreads = 1\n[[zone]]\nname = "one"\n'
        server = self.start(zone)

        def limited():
            query = make_query("www.one")
            return None in [ask_udp("127.0.0.1", self.port, query, 0.3 * SLOWNESS) for _ in range(4)]

        said = "the rate limits of zones have changed"
        self.assertFalse(limited())
        self.reload(server, f"{zone}rate-limit = 1\n[rate-limit]\nslip = 0\n", said)
        wait_until(limited, 10, "responses are limited")
        self.reload(server, f"{zone}rate-limit = 0\n[rate-limit]\nslip = 0\n", said)
        wait_until(lambda: not limited(), 10, "responses are not limited")

    def test_forwarding(self):
        """Other servers are asked at once; the cache and open connections live on; who may recurse changes"""
        first, second = self.start_upstream(), self.start_upstream()

        def text(upstream, allow):
            return (f'[server]\nthreads = 1\nidentity = "{upstream.port}"\n[forward]\n'
                    f'servers = ["127.0.0.1:{upstream.port}"]\nallow = ["{allow}"]\n'
                    'cache.size = "1M"\n')

        server = self.start(text(first, "loopback"))
        self.forwarded(first, "kept.example")
        with connect("127.0.0.1", self.port) as connection:
            self.reload(server, text(second, "loopback"), "forward.servers")
            self.says("id.server", str(second.port))
            self.forwarded(second, "other.example")
            connection.sendall(frame(make_query("kept.example")))
            self.assertIsNotNone(read_frame(connection), "it is in the cache, and the connection is open")
        self.reload(server, text(second, "192.0.2.0/24"), "forward.allow")
        wait_until(lambda: self.ask("kept.example").rcode == REFUSED, 10, "the client may not recurse")
        self.reload(server, text(second, "any"), "forward.allow")
        wait_until(lambda: self.ask("kept.example").rcode == NOERROR, 10, "the client may recurse")

    def test_restart(self):
        """What only a restart can change is said with its place, each time, and the rest is done"""
        zone = '[[zone]]\nname = "one"\n'
        server = self.start(f'[server]\nidentity = "a"\nudp-size = 1232\n{zone}')
        for identity in ("b", "c"):
            said = self.reload(server, f'[server]\nidentity = "{identity}"\nudp-size = 1400\nfreebind = true\n{zone}'
                               '[forward]\nservers = ["127.0.0.1"]\n', "forward.servers")
            self.assertIn(f"{self.path}:3:12: server.udp-size = 1400 needs a restart; until then it is 1232", said)
            self.assertIn("server.freebind = true needs a restart; until then it is false", said)
            self.assertIn("forward.servers = [\"127.0.0.1\"] needs a restart; until then it is not given", said)
            self.says("id.server", identity)
        self.assertEqual(self.ask("www.elsewhere").rcode, REFUSED)
        self.assertIsNotNone(ask_tcp("127.0.0.1", self.port, make_query("www.one")))

    def test_private_domains(self):
        """Domains that may have private addresses come and go with the refusal of such addresses, after a restart"""
        text = '[forward]\nservers = ["127.0.0.1"]\n'
        denied = f'{text}deny-rebinding = true\nprivate-domains = ["home.test"]\n'
        other = denied.replace("home.test", "office.test")
        for before, after, kept in ((text, denied, "not given"), (denied, text, '["home.test"]')):
            server = self.start(before)
            for _ in range(2):
                said = self.reload(server, after, "no zone has changed")
                self.assertRegex(said, "forward.deny-rebinding = (true|false) needs a restart")
                self.assertRegex(said, "forward.private-domains .* needs a restart; "
                                 f"until then it is {re.escape(kept)}")
            server.stop()
        said = self.reload(self.start(denied), other, "no zone has changed")
        self.assertIn('forward.private-domains = ["office.test"], was ["home.test"]', said)

    def test_listener_in_use(self):
        """A new listener whose port is taken refuses the reload with its place, and nothing changes"""
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(holder.close)
        taken, free, http_port = free_port(), free_port(), free_port()
        holder.bind(("127.0.0.1", taken))
        zone = '[[zone]]\nname = "one"\n'
        open_to_all = "sandbox = false\n"  # what is shut in learns the user of the other process only
        server = self.start(f'{open_to_all}[server]\nidentity = "before"\n{zone}')
        text = (f'{open_to_all}[server]\nidentity = "after"\n{zone}[http]\nlisten = ["127.0.0.1:{http_port}"]\n'
                f'[[listen]]\naddress = [\n  "127.0.0.1:{free}",\n  "127.0.0.1:{taken}"]\n')
        said = self.reload(server, text, "nothing has changed")
        self.assertRegex(said, rf"error {self.path}:11:3: cannot listen on 127\.0\.0\.1:{taken} \(UDP\): "
                         rf"Address already in use by \S+ \(process {os.getpid()}\); stop it, or choose another")
        self.assertNotIn("after", said)
        self.assertEqual(self.chaos("id.server"), "before")
        for port in (free, http_port):
            self.refused(port)
        holder.close()
        self.reload(server, text, "no zone has changed")
        self.says("id.server", "after")
        for port in (free, taken):
            self.assertIsNotNone(ask_tcp("127.0.0.1", port, make_query("www.one")))

    def test_http(self):
        """HTTP comes, moves to another port, changes its readers, and goes; a port that is taken refuses the reload"""
        zone = '[[zone]]\nname = "one"\n'
        first, second = free_port(), free_port()

        def text(port, allow="loopback"):
            return f'{zone}[http]\nlisten = ["127.0.0.1:{port}"]\nallow = ["{allow}"]\n'

        server = self.start(zone)
        said = self.reload(server, text(first), "no zone has changed")
        self.assertIn(f"HTTP is served on 127.0.0.1:{first}\n", said)
        self.assertEqual(self.http_status(first), 200)
        wait_until(lambda: self.is_counted(first), 20, "what is asked most is counted from then on")
        said = self.reload(server, text(second), "no zone has changed")
        self.assertIn(f"HTTP is not served on 127.0.0.1:{first} any more\n", said)
        self.assertEqual(self.http_status(second), 200)
        wait_until(lambda: self.http_status(first) is None, 10, "the first port is refused")
        with socket.create_server(("127.0.0.1", first)):
            said = self.reload(server, text(first), "nothing has changed")
            self.assertIn(f"{self.path}:4:11: cannot listen on 127.0.0.1:{first} (TCP): Address already in use", said)
            self.assertEqual(self.http_status(second), 200)
        said = self.reload(server, text(second, "192.0.2.0/24"), "no zone has changed")
        self.assertNotIn("needs a restart", said)
        wait_until(lambda: self.http_status(second) == 403, 10, "the client may not read")
        self.reload(server, text(second).replace("127.0.0.1:", "0.0.0.0:"), "no zone has changed")
        wait_until(lambda: self.http_status(second) == 200, 10, "all addresses are served in place of one")
        self.reload(server, zone, "no zone has changed")
        wait_until(lambda: self.http_status(second) is None, 10, "HTTP is not served")

    def test_http_networks(self):
        """Another meaning of a name in http.allow counts at once, also for a connection that is open"""
        port = free_port()
        text = (f'[[zone]]\nname = "one"\n[http]\nlisten = ["127.0.0.1:{port}"]\nallow = ["office"]\n'
                '[acl]\noffice = ["127.0.0.1"]\n')
        server = self.start(text)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/events")
        events = connection.getresponse()
        self.assertTrue(any(events.readline().startswith(b"data: ") for _ in range(3)))
        self.reload(server, text.replace('["127.0.0.1"]\n', '["192.0.2.0/24"]\n'), "no zone has changed")
        wait_until(lambda: self.http_status(port) == 403, 10, "the client may not read")
        events.read()  # to its end
        self.reload(server, text, "no zone has changed")
        wait_until(lambda: self.http_status(port) == 200, 10, "the client may read again")

    def test_connections(self):
        """A lower limit of connections ends those that are too many"""
        text = '[[zone]]\nname = "one"\n[server]\nthreads = 1\n[limits.tcp]\nconnections = {}\n'
        server = self.start(text.format(10))
        clients = [connect("127.0.0.1", self.port) for _ in range(3)]
        for client in clients:
            self.addCleanup(client.close)
            client.sendall(frame(make_query("www.one")))
            self.assertIsNotNone(read_frame(client))
        said = self.reload(server, text.format(1), "no zone has changed")
        self.assertIn("limits.tcp.connections = 1, was 10", said)
        self.assertEqual([client.recv(1) for client in clients[:2]], [b"", b""])
        clients[2].sendall(frame(make_query("www.one")))
        self.assertIsNotNone(read_frame(clients[2]))

    @unittest.skipIf(SANITIZED, "a sanitizer needs address space without a limit")
    def test_out_of_memory(self):
        """Where memory for a new part is short, nothing changes, the control tool says why, and another reload works"""
        control = self.folder / "control"
        text = f'[[zone]]\nname = "one"\n[server]\ncontrol = "{control}"\n'
        with unittest.mock.patch.dict(os.environ, MALLOC_ARENA_MAX="1"):  # no arena has address space in reserve
            server = self.start(text)
        command = (TAUTCTL, "--socket", control, "reload")
        wait_until(lambda: self.run_program(*command).returncode == 0, 10, "the server has all of its threads")
        self.configure(f'{text}identity = "limited"\n[rate-limit]\nresponses = 1000\n')
        size = 1024 * int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text()).group(1))
        before = resource.prlimit(server.pid, resource.RLIMIT_AS, (size + (1 << 20), resource.RLIM_INFINITY))
        result = self.run_program(*command, timeout=10)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertNotIn("limited", server.wait_for_log("nothing has changed"))
        resource.prlimit(server.pid, resource.RLIMIT_AS, before)
        result = self.run_program(*command, timeout=10)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.says("id.server", "limited")

    def test_without_a_file(self):
        """Without a file, SIGHUP changes nothing of what options and environment say"""
        server = self.start_tautd("--zone", f"one={self.folder / 'one.zone'}", "--identity", "option")
        self.write("one.zone", ZONE.format(address="192.0.2.7"))
        server.signal(signal.SIGHUP)
        self.port = server.port
        self.answers("www.one", "192.0.2.7")
        self.assertEqual(self.chaos("id.server"), "option")
        self.assertNotIn(", was ", server.wait_for_log("zones: 1 loaded anew"))


class Alone(Reloading):
    """What would measure its neighbours, so that no other test runs beside it."""

    def test_no_query_is_lost(self):
        """Reloads of good and of broken files in turn, with zones that come and go, lose no query over UDP and TCP"""
        server = self.start('[server]\nidentity = "n0"\n[[zone]]\nname = "one"\n')
        loads = [self.dnsperf(mode, 5) for mode in ("udp", "tcp")]
        for load in loads:
            wait_until(lambda load=load: re.search(r"^\d+\.\d+: \d+", load.log(), re.MULTILINE), 10, "dnsperf works")
        good = 0
        refused = "the configuration has mistakes: nothing has changed"
        while any(load.running() for load in loads):
            good += 1
            two = '[[zone]]\nname = "two"\n' if good % 2 else ""
            limit = "[rate-limit]\nresponses = 1000000\n" if good % 3 else ""
            self.reload(server, f'{limit}[server]\nidentity = "n{good}"\n[[zone]]\nname = "one"\n{two}',
                        f'server.identity = "n{good}"')
            self.reload(server, '[server]\nidentity = broken\n', refused)
        for load in loads:
            self.assertEqual(load.wait(30 * SLOWNESS), 0, load.log())
            self.assertRegex(load.log(), r"Queries lost:\s+0 \(0\.00%\)")
            self.assertRegex(load.log(), r"NOERROR \d+ \(100\.00%\)")
        self.assertGreater(good, 1)
        self.assertEqual(server.log().count(refused), good)
        self.reload(server, '[server]\nidentity = "last"\n[[zone]]\nname = "one"\n', '"last"')
        self.says("id.server", "last")

    def test_listeners(self):
        """Reloads that add and remove listeners lose no query at one that stays; one that goes is refused"""
        zone = '[[zone]]\nname = "one"\n'
        server = self.start(zone)
        loads = [self.dnsperf(mode, 4) for mode in ("udp", "tcp")]
        for load in loads:
            wait_until(lambda load=load: re.search(r"^\d+\.\d+: \d+", load.log(), re.MULTILINE), 10, "dnsperf works")
        ports = [free_port(), free_port()]
        rounds = 0
        while any(load.running() for load in loads):
            comes, goes = ports[rounds % 2], ports[1 - rounds % 2]
            rounds += 1
            said = self.reload(server, f'{zone}[[listen]]\naddress = ["127.0.0.1:{comes}"]\n', "no zone has changed")
            self.assertIn(f"listening on 127.0.0.1:{comes}\n", said)
            self.assertNotIn("needs a restart", said)
            for ask in (ask_udp, ask_tcp):
                self.assertEqual(ask("127.0.0.1", comes, make_query("www.one")).addresses(), ["192.0.2.1"])
            if rounds > 1:
                self.assertIn(f"listening on 127.0.0.1:{goes} has ended\n", said)
                self.refused(goes)
        for load in loads:
            self.assertEqual(load.wait(30 * SLOWNESS), 0, load.log())
            self.assertRegex(load.log(), r"Queries lost:\s+0 \(0\.00%\)")
            self.assertRegex(load.log(), r"NOERROR \d+ \(100\.00%\)")
        self.assertGreater(rounds, 1)
        self.assertNotIn(f"listening on 127.0.0.1:{self.port} has ended", server.log())

    def test_answers_meanwhile(self):
        """While a large configuration is read, HTTP and the control tool answer"""
        port = free_port()
        text = self.start_controlled(port)
        self.configure(self.large(text))
        reload = self.control("reload")
        self.assertIn(b"ready", self.whole(self.control("status")))
        self.assertEqual(self.http_status(port), 200)
        self.assertEqual(select.select([reload], [], [], 0)[0], [], "the reload has not ended yet")
        self.assertIn(b"'x' is not known", self.whole(reload))

    def test_several_at_once(self):
        """Reloads that are asked for while one is under way are one more, whose outcome all of them hear"""
        port = free_port()
        self.configure(self.large(self.start_controlled(port)))
        for reload in [self.control("reload") for _ in range(5)]:
            self.assertIn(b"'x' is not known", self.whole(reload))
        succeeded, failed, _ = self.reload_metrics(port)
        self.assertEqual(succeeded, "0")
        self.assertIn(failed, ("1", "2"))


if __name__ == "__main__":
    main()

"""Signals: the server drains on SIGTERM and SIGINT, and SIGHUP loads anew without losing a query."""
import array
import fcntl
import os
import re
import signal
import termios
import time
from http.client import HTTPConnection
from socket import AF_INET, SOCK_DGRAM, socket

from support import (A, EXAMPLE_ZONE, NOERROR, PATIENCE, SLOWNESS, FakeUpstream, Reply, TestCase, ask_udp, connect,
                     frame, free_port, main, make_query, read_frame, wait_until, which)

ZONE = """$ORIGIN t.example.
$TTL 60
@ SOA ns host {serial} 7200 3600 1209600 60
@ NS ns
ns A 192.0.2.1
www A {address}
"""


def zone(serial, address):
    return ZONE.format(serial=serial, address=address)


class Signalled(TestCase):
    """A server that gets a signal."""

    def dnsperf(self, server, *arguments, names="www.t.example A\n"):
        path = self.write("names", names)
        return self.spawn(which("dnsperf"), "-s", "127.0.0.1", "-p", server.port, "-d", path, *arguments)

    def wait_for_load(self, load):
        """Until dnsperf has reported its rate once."""
        def has_begun():
            return re.search(r"^\d+\.\d+: \d+", load.log(), re.MULTILINE)

        wait_until(lambda: has_begun() or not load.running(), 30, "dnsperf is at work")
        self.assertTrue(has_begun(), load.log())

    def ends(self, server, number):
        """Within the drain of four seconds, and what a loaded machine adds."""
        start = time.monotonic()
        server.signal(number)
        status = server.wait()
        server.ended = True
        self.assertEqual(status, 0, server.log())
        self.assertLess(time.monotonic() - start, 15.0 * SLOWNESS, server.log())

    @staticmethod
    def accepts(server):
        try:
            connect("127.0.0.1", server.port, 0.5).close()
        except OSError:
            return False
        return True

    def start_with_drain(self, drain):
        """A server whose end takes so long; its `http` is the port of HTTP, and its `control` the control socket."""
        self.write("t.zone", zone(1, "192.0.2.1"))
        http, control = free_port(), self.folder / "control"
        config = self.write("taut.toml", f'[[zone]]\nfile = "t.zone"\n[server]\ndrain = "{drain}"\n')
        server = self.start_tautd("--config", config, "--http", f"127.0.0.1:{http}", "--control", control)
        server.http, server.control = http, control
        wait_until(lambda: self.ready(server) == 200, 10, "the server is ready")
        return server

    @staticmethod
    def ready(server):
        connection = HTTPConnection("127.0.0.1", server.http, timeout=10)
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
        connection.close()
        return status

    def ends_as_lame_duck(self, server, end):
        """The server goes on, not ready, until a second signal comes."""
        end()
        server.wait_for_log("SIGTERM: the server goes on for 600 s, and ends at once when a second signal comes")
        self.assertEqual(self.ready(server), 503)
        self.assertEqual(self.address(server), ["192.0.2.1"])
        with connect("127.0.0.1", server.port) as connection:
            connection.sendall(frame(make_query("www.t.example")))
            self.assertIsNotNone(read_frame(connection))
        self.assertTrue(server.running())
        self.ends(server, signal.SIGTERM)
        self.assertIn("SIGTERM: no new query is taken", server.log())

    def address(self, server):
        return ask_udp("127.0.0.1", server.port, make_query("www.t.example", A)).addresses()


class Signals(Signalled):
    """What is not measured."""

    def test_answers_in_flight_go_out(self):
        """Queries that were accepted before SIGTERM are answered after it, over UDP and TCP"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start_tautd("--forward", f"127.0.0.1:{upstream.port}", "--threads", 1)
        with connect("127.0.0.1", server.port) as connection:
            queries = [make_query(f"n{number}.example.net", identifier=number) for number in range(50)]
            connection.sendall(b"".join(map(frame, queries)))
            with socket(AF_INET, SOCK_DGRAM) as datagrams:
                datagrams.settimeout(PATIENCE * SLOWNESS)
                datagrams.sendto(make_query("udp.example.net", identifier=999), ("127.0.0.1", server.port))
                asked = [upstream.receive() for _ in range(51)]
                server.signal(signal.SIGTERM)
                # The listener is gone as soon as the signal has been taken.
                wait_until(lambda: not self.accepts(server), 4, "no new connection")
                for query, client in asked:
                    upstream.send(query, client)
                replies = [Reply(read_frame(connection)) for _ in queries]
                self.assertEqual(sorted(reply.id for reply in replies), list(range(50)))
                self.assertTrue(all(reply.rcode == NOERROR and reply.answers for reply in replies))
                self.assertEqual(Reply(datagrams.recv(4096)).id, 999)
        self.assertEqual(server.wait(5 * SLOWNESS), 0, server.log())
        server.ended = True

    def test_lame_duck(self):
        """With server.drain, the server goes on serving after SIGTERM, not ready, and a second one ends it at once"""
        server = self.start_with_drain("10m")
        self.ends_as_lame_duck(server, lambda: server.signal(signal.SIGTERM))

    def test_lame_duck_by_the_tool(self):
        """`tautctl stop` makes a lame duck too, as long as the last reload says"""
        server = self.start_with_drain("0s")
        self.write("taut.toml", '[[zone]]\nfile = "t.zone"\n[server]\ndrain = "10m"\n')
        for command in ("reload", "stop"):
            result = self.run_program(os.environ["TAUT_TAUTCTL"], "--socket", server.control, command)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.ends_as_lame_duck(server, lambda: None)

    def test_lame_duck_ends(self):
        """The lame duck ends when its time is over"""
        server = self.start_with_drain("300ms")
        start = time.monotonic()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(10 * SLOWNESS), 0, server.log())
        server.ended = True
        self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_ends_while_upstream_is_silent(self):
        """A query that will never be answered does not keep the server from ending"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start_tautd("--forward", f"127.0.0.1:{upstream.port}")
        ask_udp("127.0.0.1", server.port, make_query("silent.example.net"), 0.1)
        upstream.receive()
        with connect("127.0.0.1", server.port):
            self.ends(server, signal.SIGTERM)

    def test_broken_zone_keeps_the_old(self):
        """A zone with an error keeps the old data, the log says where it is, and mended it loads"""
        path = self.write("t.zone", zone(1, "192.0.2.1"))
        server = self.start_tautd("--zone", path)
        path.write_text(zone(2, "192.0.2.999"))
        server.signal(signal.SIGHUP)
        server.wait_for_log("t.zone:6:")
        self.assertEqual(self.address(server), ["192.0.2.1"])
        path.unlink()
        server.signal(signal.SIGHUP)
        server.wait_for_log("t.zone: error: cannot read the file")
        self.assertEqual(self.address(server), ["192.0.2.1"])
        path.write_text(zone(3, "192.0.2.3"))
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.address(server) == ["192.0.2.3"], 5, "the mended zone is served")

    def test_no_file_keeps_it(self):
        """A file that becomes a FIFO or a device is refused: a later SIGHUP loads what is mended, SIGTERM ends"""
        paths = [self.write("t.zone", zone(1, "192.0.2.1")), self.write("list", ""),
                 self.write("hosts", "192.0.2.5 box.t.example\n"),
                 self.write("resolv.conf", "nameserver 127.0.0.1\n")]
        options = ["--zone", "--zone-list", "--hosts-file", "--resolv-conf"]
        server = self.start_tautd(*(word for pair in zip(options, paths) for word in pair))

        def replace_all(make):
            for path in paths:
                path.unlink()
                make(path)
            before = len(server.log())
            server.signal(signal.SIGHUP)
            for path in paths[:2]:
                wait_until(lambda path=path: f"{path}" in server.log()[before:], 5, f"{path} is refused")
            self.assertEqual(self.address(server), ["192.0.2.1"])

        replace_all(os.mkfifo)
        replace_all(lambda path: path.symlink_to("/dev/zero"))
        # A gigabyte without an end of a line, of which only the size is on the disk.
        replace_all(lambda path: path.write_bytes(b"") or os.truncate(path, 1 << 30))
        paths[0].write_text(zone(2, "192.0.2.2"))
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.address(server) == ["192.0.2.2"], 5, "the mended zone is served")
        for path in paths:
            path.unlink()
            os.mkfifo(path)
        server.signal(signal.SIGHUP)
        self.ends(server, signal.SIGTERM)

    def test_no_secrets_keep_it(self):
        """Secrets that become a FIFO, a device or too large refuse a reload as a whole; mended, all is loaded"""
        secret = "0" * 32 + "\n"
        path, secrets = self.write("t.zone", zone(1, "192.0.2.1")), self.write_secret("cookies", secret)
        server = self.start_tautd("--zone", path, "--cookie-secrets", secrets)
        path.write_text(zone(2, "192.0.2.2"))
        for make in (os.mkfifo, lambda name: name.symlink_to("/dev/zero"),
                     lambda name: name.write_bytes(b"") or os.truncate(name, 1 << 30)):
            secrets.unlink()
            make(secrets)
            before = len(server.log())
            server.signal(signal.SIGHUP)
            wait_until(lambda start=before: "nothing has changed" in server.log()[start:], 5, "the reload is refused")
            self.assertIn(f"{secrets}", server.log()[before:])
            self.assertEqual(self.address(server), ["192.0.2.1"])
        secrets.unlink()
        self.write_secret("cookies", secret)
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.address(server) == ["192.0.2.2"], 5, "the zone is loaded with what was mended")
        secrets.unlink()
        os.mkfifo(secrets)
        server.signal(signal.SIGHUP)
        self.ends(server, signal.SIGTERM)

    def test_log_that_nobody_reads(self):
        """A log that no process reads keeps it neither from answering nor from ending"""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        capacity = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "-vv", terminal=writing)
        os.close(writing)
        for _ in range(100):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com")).answers)
        unread = array.array("i", [0])
        fcntl.ioctl(reading, termios.FIONREAD, unread)
        self.assertGreater(unread[0], capacity // 2, "the pipe is full")
        self.ends(server, signal.SIGTERM)

    def test_reload_resolv_conf(self):
        """SIGHUP reads resolv.conf again; while it is gone its servers are asked as before"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        path = self.write("resolv.conf", f"nameserver 127.0.0.1:{upstream.port}\n")
        server = self.start_tautd("--resolv-conf", path, "--threads", 1)
        path.unlink()
        warning = f"cannot read {path}: No such file or directory; what it said before counts"
        for reloads in (1, 2):
            server.signal(signal.SIGHUP)
            wait_until(lambda reloads=reloads: server.log().count(warning) == reloads, 5, "the missing file is logged")
        with socket(AF_INET, SOCK_DGRAM) as client:
            client.sendto(make_query("kept.example.net"), ("127.0.0.1", server.port))
            query, asker = upstream.receive()
            self.assertIn(b"kept", query)
            upstream.send(query, asker)
            client.settimeout(PATIENCE * SLOWNESS)
            self.assertEqual(Reply(client.recv(4096)).rcode, NOERROR)

    def test_reload_hosts(self):
        """SIGHUP reads the hosts file again"""
        hosts = self.write("hosts", "192.0.2.5 box.t.example\n")
        server = self.start_tautd("--hosts-file", hosts)
        query = make_query("box.t.example")
        self.assertEqual(ask_udp("127.0.0.1", server.port, query).addresses(), ["192.0.2.5"])
        hosts.write_text("192.0.2.66 box.t.example\n")
        server.signal(signal.SIGHUP)
        wait_until(lambda: ask_udp("127.0.0.1", server.port, query).addresses() == ["192.0.2.66"], 5, "the new address")


class Alone(Signalled):
    """What would measure its neighbours, so that no other test runs beside it."""

    def test_ends_under_load(self):
        """SIGTERM and SIGINT end a busy server with status 0"""
        for number in (signal.SIGTERM, signal.SIGINT):
            for mode in ("udp", "tcp"):
                server = self.start_tautd("--zone", EXAMPLE_ZONE)
                load = self.dnsperf(server, "-m", mode, "-c", 4, "-q", 40, "-l", 30, "-t", 1, "-S", 0.1)
                self.wait_for_load(load)
                self.ends(server, number)
                load.kill()

    def test_reload_loses_nothing(self):
        """SIGHUP under load loses no query, over UDP and TCP, and the new data is served"""
        path = self.write("t.zone", zone(1, "192.0.2.1"))
        server = self.start_tautd("--zone", path)
        loads = [
            self.dnsperf(server, "-m", mode, "-l", 4, "-Q", 2000 // SLOWNESS, "-q", 50, "-c", 4, "-S", 0.1)
            for mode in ("udp", "tcp")
        ]
        for load in loads:
            self.wait_for_load(load)
        reloads = 0
        while all(load.running() for load in loads) and reloads < 200:
            reloads += 1
            wanted = f"192.0.2.{reloads % 250 + 2}"
            path.write_text(zone(reloads + 1, wanted))
            server.signal(signal.SIGHUP)
            wait_until(lambda wanted=wanted: self.address(server) == [wanted], 5, "the new data is served")
        self.assertGreater(reloads, 1)
        for load in loads:
            self.assertEqual(load.wait(30 * SLOWNESS), 0, load.log())
            self.assertRegex(load.log(), r"Queries lost:\s+0 \(0\.00%\)", load.log())
            self.assertRegex(load.log(), r"Response codes:\s+NOERROR \d+ \(100\.00%\)", load.log())

    def test_large_hosts_file_loses_nothing(self):
        """A hosts file of 400,000 lines that changes again and again loses no query, and the new address is served"""
        lines = "".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255} host{i}.example\n" for i in range(400_000))
        path = self.write("hosts", "192.0.2.1 www.t.example\n" + lines)
        server = self.start_tautd("--hosts-file", path)
        load = self.dnsperf(server, "-l", 4, "-Q", 500 // SLOWNESS, "-t", 0.5 * SLOWNESS, "-c", 4, "-S", 0.1)
        self.wait_for_load(load)
        changes = 1
        while load.running():
            changes += 1
            new = self.write("hosts.new", f"192.0.2.{changes} www.t.example\n" + lines)
            new.rename(path)
            time.sleep(0.3)
        self.assertEqual(load.wait(30 * SLOWNESS), 0, load.log())
        self.assertRegex(load.log(), r"Queries lost:\s+0 \(0\.00%\)", load.log())
        server.wait_for_log("changed, reparsing")
        wait_until(lambda: self.address(server) == [f"192.0.2.{changes}"], 20, "the last address is served")


if __name__ == "__main__":
    main()

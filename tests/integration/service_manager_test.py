"""What a service manager hears of tautd, and sockets that it gives and keeps: the test is the manager."""
import os
import re
import signal
import socket
import time

from load import Load
from service_manager import ServiceManager
from support import (A, EXAMPLE_ZONE, NOERROR, Reply, TestCase, ask_tcp, ask_udp, frame, free_port, main, make_query,
                     read_frame, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
QUESTION = make_query("www.example.com", A)


class Managed(TestCase):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.control = self.folder / "control"
        self.manager = self.make_manager()

    def make_manager(self, name=None):
        manager = ServiceManager(self.folder, name)
        self.addCleanup(manager.close)
        return manager

    def configuration(self, text="", listen=True, zones=f'[[zone]]\nfile = "{EXAMPLE_ZONE}"\n'):
        listening = f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n' if listen else ""
        return self.write("taut.toml", f'[server]\ncontrol = "{self.control}"\nthreads = 2\n{text}{listening}{zones}')

    def start(self, manager=None, **options):
        server = (manager or self.manager).start("--config", self.folder / "taut.toml", **options)
        self.addCleanup(server.kill)
        return server

    def stop(self, server):
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0, server.log())

    def ctl(self, *words, status=0):
        result = self.run_program(TAUTCTL, "--socket", self.control, *words)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout if status == 0 else result.stderr

    def bound(self, kind, reuse=True, port=None):
        made = socket.socket(socket.AF_INET, kind)
        self.addCleanup(made.close)
        if reuse:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(("127.0.0.1", port or self.port))
        if kind == socket.SOCK_STREAM:
            made.listen()
        return made


class Notifications(Managed):
    def test_life(self):
        """The manager hears that the server is ready, reloads and ends, with what it serves in words"""
        self.configuration()
        server = self.start()
        ready = self.manager.next("READY")
        self.assertEqual(ready["STATUS"], "1 zone, 0 failed")
        self.assertNotIn("MAINPID", ready)
        self.assertEqual(ask_udp("127.0.0.1", self.port, QUESTION).rcode, NOERROR)
        for reload in (lambda: server.signal(signal.SIGHUP), lambda: self.ctl("reload"),
                       lambda: self.ctl("reload", "zones")):
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            reload()
            self.assertGreaterEqual(int(self.manager.next("RELOADING")["MONOTONIC_USEC"]), before)
            self.assertEqual(self.manager.next("READY")["STATUS"], "1 zone, 0 failed")
        server.signal(signal.SIGTERM)
        self.assertEqual(self.manager.next("STOPPING")["STOPPING"], "1")
        self.assertEqual(server.wait(), 0)
        self.assertFalse([message for message in self.manager.heard() if "READY" in message])

    def test_failed_reload(self):
        """A reload that is refused has an end too, and a zone that fails is counted"""
        zone = self.write("t.zone", EXAMPLE_ZONE.read_text())
        zones = f'[[zone]]\nfile = "{zone}"\n'
        self.configuration(zones=zones)
        server = self.start()
        self.manager.next("READY")
        self.configuration("nonsense = 1\n", zones=zones)
        self.ctl("reload", status=1)
        self.manager.next("RELOADING")
        self.assertEqual(self.manager.next("READY")["STATUS"], "1 zone, 0 failed")
        self.configuration(zones=zones)
        zone.write_text("nonsense\n")
        self.ctl("reload", status=1)
        self.manager.next("RELOADING")
        self.assertEqual(self.manager.next("READY")["STATUS"], "1 zone, 1 failed")
        self.stop(server)

    def test_ready_after_lists(self):
        """A server is said to be ready when the zones of its lists have been loaded"""
        text = EXAMPLE_ZONE.read_text().replace("example.com", "z{}.example")
        lines = []
        for number in range(300):
            path = self.write(f"{number}.zone", text.replace("z{}.example", f"z{number}.example"))
            lines.append(f"z{number}.example\t{path}\n")
        path = self.write("list", "".join(lines))
        self.write("taut.toml", f'[[zone-list]]\nfile = "{path}"\n'
                   f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n')
        server = self.start()
        self.assertEqual(self.manager.next("READY")["STATUS"], "300 zones, 0 failed")
        reply = ask_udp("127.0.0.1", self.port, make_query("z299.example", 6))
        self.assertEqual(reply.rcode, NOERROR)
        self.stop(server)

    def test_abstract_name(self):
        """The manager's socket may have a name without a file"""
        manager = self.make_manager(f"@taut-test-{os.getpid()}")
        self.configuration()
        server = self.start(manager)
        manager.next("READY")
        self.stop(server)

    def test_no_socket(self):
        """A socket that is not there is said, and the server serves all the same"""
        self.configuration()
        server = self.start(environment={"NOTIFY_SOCKET": "/nonexistent/notify"}.items())
        wait_until(lambda: ask_udp("127.0.0.1", self.port, QUESTION, 0.2), what="it answers")
        said = "warning NOTIFY_SOCKET=/nonexistent/notify: No such file or directory\n"
        wait_until(lambda: said in server.log(), what="it is said")
        self.stop(server)

    def test_watchdog(self):
        """The manager hears twice in its time that the server is alive, where it is this process that it asks"""
        self.configuration()
        server = self.start(environment={"WATCHDOG_USEC": "200000"}.items())
        for _ in range(3):
            self.manager.next("WATCHDOG")
        self.stop(server)
        self.manager.heard()
        server = self.start(environment={"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}.items())
        self.manager.next("READY")
        self.ctl("reload")
        self.stop(server)
        self.assertFalse([message for message in self.manager.heard() if "WATCHDOG" in message])


class Activation(Managed):
    def wait_for_answers(self, clients):
        for client in clients:
            client.settimeout(10)
            octets = client.recv(4096) if client.type == socket.SOCK_DGRAM else read_frame(client)
            self.assertEqual(Reply(octets).rcode, NOERROR)

    def ask(self, kind, count, port=None):
        clients = []
        for _ in range(count):
            clients.append(socket.socket(socket.AF_INET, kind))
            self.addCleanup(clients[-1].close)
            clients[-1].connect(("127.0.0.1", port or self.port))
            clients[-1].send(QUESTION if kind == socket.SOCK_DGRAM else frame(QUESTION))
        return clients

    def test_given_alone(self):
        """Without a listener in the configuration the given sockets are served, also after a reload"""
        self.configuration(listen=False)
        sockets = [("taut.socket", self.bound(kind)) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        clients = self.ask(socket.SOCK_DGRAM, 5) + self.ask(socket.SOCK_STREAM, 5)
        server = self.start(sockets=sockets)
        self.wait_for_answers(clients)
        self.manager.next("READY")
        self.ctl("reload")
        wait_until(lambda: "no zone has changed" in server.log(), what="the reload is told")
        self.assertEqual(server.log().count("listening on "), 1, server.log())
        self.assertNotIn("has ended", server.log())
        self.assertEqual(ask_tcp("127.0.0.1", self.port, QUESTION).rcode, NOERROR)
        self.stop(server)

    def test_alone_on_its_port(self):
        """A socket that shares its port with no other, and never waits, is served by all threads"""
        self.configuration(listen=False)
        sockets = [("taut.socket", self.bound(kind, reuse=False)) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        for _, each in sockets:
            each.setblocking(False)
        server = self.start(sockets=sockets)
        self.manager.next("READY")
        for each in ("udp", "tcp"):
            self.wait_for_answers(self.ask(socket.SOCK_DGRAM if each == "udp" else socket.SOCK_STREAM, 10))
        self.stop(server)

    def test_unwanted(self):
        """A given socket that is not listened on is answered until it is empty, and closed; what is none is said"""
        self.configuration()
        other = free_port()
        sockets = [("x", self.bound(kind, port=other)) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        clients = self.ask(socket.SOCK_DGRAM, 20, other) + self.ask(socket.SOCK_STREAM, 20, other)
        pair = socket.socketpair()
        server = self.start(sockets=sockets + [("y", pair[0])])
        for _, each in sockets:
            each.close()
        self.wait_for_answers(clients)
        for said in (f"info a given UDP socket on 127.0.0.1:{other} is not wanted",
                     f"info a given TCP socket on 127.0.0.1:{other} is not wanted",
                     "warning descriptor 5 of LISTEN_FDS is no socket that can be listened on"):
            wait_until(lambda said=said: said in server.log(), what=said)
        self.assertEqual(ask_udp("127.0.0.1", self.port, QUESTION).rcode, NOERROR)
        wait_until(lambda: ask_udp("127.0.0.1", other, QUESTION, 0.1) is None, what="the socket closes")
        for each in pair:
            each.close()
        self.stop(server)

    def test_meant_for_another(self):
        """Sockets that LISTEN_PID gives to another process are left alone"""
        self.configuration()
        server = self.start(sockets=[("x", self.bound(socket.SOCK_DGRAM, port=free_port()))],
                            environment={"LISTEN_PID": "1"}.items())
        self.manager.next("READY")
        self.stop(server)


class Store(Managed):
    def test_names(self):
        """The manager keeps the sockets of all threads and of HTTP, and gives up those of a listener that goes"""
        http = free_port()
        more = f'[http]\nlisten = ["127.0.0.1:{http}"]\n'
        self.configuration(more)
        server = self.start()
        self.manager.next("READY")
        names = {name: len(kept) for name, kept in self.manager.store.items()}
        self.assertEqual(names, {f"tautd/udp/127.0.0.1_{self.port}": 2, f"tautd/tcp/127.0.0.1_{self.port}": 2,
                                 f"tautd/http/127.0.0.1_{http}": 1})
        other = free_port()
        before, self.port = self.port, other
        self.configuration(more)
        self.ctl("reload")
        self.manager.next("READY")
        self.assertIn(f"tautd/udp/127.0.0.1_{other}", self.manager.store)
        self.assertNotIn(f"tautd/udp/127.0.0.1_{before}", self.manager.store)
        self.stop(server)

    def test_restart_loses_nothing(self):
        """Servers that are stopped and started anew, with other threads too, lose no query under load"""
        self.configuration()
        server = self.start()
        self.manager.next("READY")
        load = Load(self, self.port, QUESTION, sockets=8, rate=3000)
        for threads in (2, 1, 3, 2):
            text = (self.folder / "taut.toml").read_text()
            (self.folder / "taut.toml").write_text(re.sub(r"threads = \d", f"threads = {threads}", text))
            self.stop(server)
            server = self.start()
            self.manager.next("READY")
        load.check_all_answered()
        self.stop(server)


if __name__ == "__main__":
    main()

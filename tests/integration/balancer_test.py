"""taut behind dnsdist, with the configuration of docs/scale.md: two tautd end in turn, and no question is lost."""
import re
import signal
import socket
import threading

from support import (EXAMPLE_ZONE, NOERROR, SOURCE, TAUTD, Process, Reply, TestCase, ask_tcp, ask_udp, frame, free_port,
                     main, make_query, read_frame, wait_until, which)

EXAMPLES = SOURCE / "examples/dnsdist"
DRAIN = 3  # seconds
CLIENT = "127.0.0.9"
QUESTION = "www.example.com"


class Load:
    """Clients that ask one question after the other, over UDP or TCP, and never ask again."""

    def __init__(self, port, clients):
        self.port = port
        self.stop = threading.Event()
        self.asked, self.lost = 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(kind,), daemon=True) for kind in clients]
        for thread in self.threads:
            thread.start()

    def run(self, kind):
        while not self.stop.wait(0.002):
            message = make_query(QUESTION)
            try:
                reply = self.ask(kind, message)
                problem = None if reply and reply.rcode == NOERROR and reply.answers else f"{kind}: {reply}"
            except OSError as error:
                problem = f"{kind}: {error}"
            with self.lock:
                self.asked += 1
                if problem:
                    self.lost.append(problem)

    def ask(self, kind, message):
        with socket.socket(socket.AF_INET, kind) as client:
            client.bind((CLIENT, 0))
            client.settimeout(8)
            client.connect(("127.0.0.1", self.port))
            if kind == socket.SOCK_DGRAM:
                client.send(message)
                return Reply(client.recv(65535))
            client.sendall(frame(message))
            octets = read_frame(client)
            return Reply(octets) if octets else None

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(20)


class Balancer(TestCase):
    def configure_taut(self, number, port):
        """The example for this back end; its log says who asked, and it listens where the test wants."""
        text = (EXAMPLES / "taut.toml").read_text()
        for old, new in (("192.0.2.3", "127.0.0.1"), ('"192.0.2.1:53"', f'"127.0.0.1:{port}"'),
                         ('"5s"', f'"{DRAIN}s"'), ('"example.com.zone"', f'"{EXAMPLE_ZONE}"')):
            self.assertIn(old, text)
            text = text.replace(old, new)
        return self.write(f"taut{number}.toml", f"{text}[log.queries]\none-in = 1\n")

    def configure_dnsdist(self, port, back_ends):
        text = (EXAMPLES / "dnsdist.conf").read_text()
        for old, new in (("198.51.100.53:53", f"127.0.0.1:{port}"), ("192.0.2.1:53", f"127.0.0.1:{back_ends[0]}"),
                         ("192.0.2.2:53", f"127.0.0.1:{back_ends[1]}")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        return self.write("dnsdist.conf", text)

    def start_taut(self, config):
        server = Process([TAUTD, "--config", config, "--threads", 1], self.folder, name="tautd")
        self.addCleanup(self._finish, server)
        server.wait_for_log("serves: process")
        return server

    def asked(self, server):
        """Whether a question of the client has come, by its own address."""
        line = rf"query client={CLIENT}:\d+ protocol=\w+ name={QUESTION}\. type=A rcode=NOERROR"
        return re.search(line, server.log())

    def test_stops_in_turn(self):
        """Each of two tautd is stopped and started again under load, and every question has its answer"""
        port, back_ends = free_port(), [free_port(), free_port()]
        configs = [self.configure_taut(number, back_ends[number]) for number in (0, 1)]
        servers = [self.start_taut(config) for config in configs]
        balancer = self.spawn(which("dnsdist"), "--supervised", "--disable-syslog", "--config",
                              self.configure_dnsdist(port, back_ends))
        for ask in (ask_udp, ask_tcp):
            wait_until(lambda ask=ask: self.is_answered(ask, port), 10, f"dnsdist answers\n{balancer.log()}")
        load = Load(port, 3 * [socket.SOCK_DGRAM] + [socket.SOCK_STREAM])
        self.addCleanup(load.end)
        for number in (0, 1):
            for server in servers:
                wait_until(lambda server=server: self.asked(server), 10, "both servers are asked")
            servers[number].signal(signal.SIGTERM)
            self.assertEqual(servers[number].process.wait(timeout=20), 0, servers[number].log())
            servers[number].ended = True
            servers[number] = self.start_taut(configs[number])
        wait_until(lambda: self.asked(servers[1]), 10, "the server that was started last is asked")
        load.end()
        self.assertEqual(load.lost, [], balancer.log())
        self.assertGreater(load.asked, 50)

    @staticmethod
    def is_answered(ask, port):
        try:
            reply = ask("127.0.0.1", port, make_query(QUESTION), 0.5)
        except OSError:
            return False
        return reply and reply.rcode == NOERROR


if __name__ == "__main__":
    main()

"""Which engine tautd runs by: where io_uring cannot be had it is epoll, and what can be seen of the server says so."""
import errno
import http.client
import json
import os
import signal

from support import (A, EXAMPLE_ZONE, IO_URING_CALLS, TAUTD, Process, TestCase, ask_tcp, ask_udp, free_port, main,
                     make_query, refuse_call, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]


def refusing(error, *calls):
    """A function that forbids the calling process these calls."""
    refusals = [refuse_call(error, call) for call in calls]
    return lambda: [refuse() for refuse in refusals]


class Engines(TestCase):
    def check_serves(self, server):
        for ask in (ask_udp, ask_tcp):
            reply = ask("127.0.0.1", server.port, make_query("www.example.com", A))
            self.assertIsNotNone(reply, ask.__name__)
            self.assertNotEqual(reply.answers, [])

    def engine_of(self, server):
        """What the start line of the log says."""
        log = server.wait_for_log(" serves: ")
        self.assertEqual(log.count(" serves: "), 1)
        line = next(line for line in log.splitlines() if " serves: " in line)
        return line.split(f"process {server.pid}, ")[1].rsplit(", ", 1)[0]

    def test_fallback(self):
        """Where io_uring is refused or unknown, or one of its calls alone is, tautd serves by epoll and says why"""
        setup, enter, register = IO_URING_CALLS
        for error, calls, reason in (
            (errno.EPERM, IO_URING_CALLS, "io_uring is forbidden here (Operation not permitted)"),
            (errno.EPERM, (enter,), "io_uring is forbidden here (Operation not permitted)"),
            (errno.EPERM, (register,), "io_uring is forbidden here (Operation not permitted)"),
            (errno.ENOSYS, (setup,),
             f"this system has no io_uring (Linux {os.uname().release}: Function not implemented)"),
        ):
            server = self.start_tautd("--zone", EXAMPLE_ZONE, preexec_fn=refusing(error, *calls))
            self.check_serves(server)
            self.assertEqual(self.engine_of(server), f"epoll, as {reason}")
            self.assertEqual(server.stop(), 0)

    def test_seen_from_outside(self):
        """The status and the metrics name the engine; the status says why it is not io_uring"""
        control, port = self.folder / "control", free_port()
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--control", control, "--http", f"127.0.0.1:{port}",
                                  preexec_fn=refusing(errno.EPERM, *IO_URING_CALLS))
        engine = "epoll, as io_uring is forbidden here (Operation not permitted)"
        said = wait_until(lambda: self.run_program(TAUTCTL, "--socket", control, "status").stdout, 10, "status")
        self.assertIn(f"the engine is {engine}\n", said)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(connection.close)
        for path in ("/metrics", "/status.json"):
            connection.request("GET", path)
            text = connection.getresponse().read().decode()
            if path == "/metrics":
                self.assertIn(',engine="epoll",', text)
            else:
                self.assertEqual(json.loads(text)["engine"], engine)
        self.check_serves(server)

    def test_asked_for(self):
        """The configuration and the command line choose epoll, and a reload that names another says what it needs"""
        port = free_port()
        text = (f'[server]\nengine = "epoll"\n[[listen]]\naddress = ["127.0.0.1:{port}"]\n[[zone]]\n'
                f'name = "example.com"\nfile = "{EXAMPLE_ZONE}"\n')
        path = self.write("taut.toml", text)
        server = Process([TAUTD, "--config", path], self.folder, name="tautd")
        server.port = port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        self.assertEqual(self.engine_of(server), "epoll")
        self.check_serves(server)
        path.write_text(text.replace('"epoll"', '"auto"'))
        server.signal(signal.SIGHUP)
        server.wait_for_log(f'{path}:2:10: server.engine = "auto" needs a restart; until then it is "epoll"')
        self.check_serves(server)
        other = self.start_tautd("--zone", EXAMPLE_ZONE, "--engine", "epoll")
        self.assertEqual(self.engine_of(other), "epoll")

    def test_unknown(self):
        """An engine that there is not is refused with its place"""
        path = self.write("taut.toml", '[server]\nengine = "kqueue"\n')
        result = self.run_program(TAUTD, "--config", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{path}:2:10: ", result.stderr)
        self.assertIn('"io_uring"', result.stderr)
        result = self.run_program(TAUTD, "--zone", EXAMPLE_ZONE, "--engine", "kqueue")
        self.assertEqual(result.returncode, 2)
        self.assertIn("expected auto, io_uring, epoll, not 'kqueue'", result.stderr)


if __name__ == "__main__":
    main()

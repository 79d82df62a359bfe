"""Descriptors: those of the standard streams, and what happens where few may be open."""
import os
import resource
import threading

from support import (EXAMPLE_ZONE, NOERROR, SERVFAIL, TAUTD, FakeUpstream, Process, Reply, TestCase, ask_tcp, ask_udp,
                     connect, frame, free_port, main, make_query, read_frame)

QUERY = make_query("www.example.com")


def at_most(descriptors):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


class Descriptors(TestCase):
    def answering_upstream(self):
        upstream = FakeUpstream()

        def serve():
            while True:
                query, client = upstream.socket.recvfrom(4096)
                if not query:
                    return
                upstream.send(query, client)

        def end():
            upstream.socket.sendto(b"", ("127.0.0.1", upstream.port))
            thread.join()
            upstream.close()

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(end)
        return upstream.port

    def test_idle_connections(self):
        """A client that holds all connections that descriptors allow keeps no other from answers"""
        for limit in (64, 256):
            forward = f"127.0.0.1:{self.answering_upstream()}"
            arguments = ["--zone", EXAMPLE_ZONE, "--threads", "2", "--forward", forward]
            server = self.start_tautd(*arguments, interfaces=("127.0.0.1",), preexec_fn=at_most(limit))
            idle = []
            for _ in range(limit + 100):
                idle.append(connect("127.0.0.1", server.port))
                self.addCleanup(idle[-1].close)
            idle[-1].sendall(frame(QUERY))
            self.assertEqual(Reply(read_frame(idle[-1])).rcode, NOERROR)
            for number in range(20):
                with connect("127.0.0.1", server.port, source=f"127.0.0.{number + 2}") as other:
                    other.sendall(frame(QUERY))
                    self.assertEqual(Reply(read_frame(other)).rcode, NOERROR)
                self.assertEqual(ask_udp("127.0.0.1", server.port, make_query(f"n{number}.example")).rcode, NOERROR)
            said = f"{limit} descriptors may be open: each thread serves "
            self.assertEqual(server.wait_for_log(said).count(said), 1)

    def test_questions_that_are_forwarded_are_bounded(self):
        """Questions above what the descriptors allow to forward are SERVFAIL, and those below are answered"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        arguments = ["--zone", EXAMPLE_ZONE, "--threads", "1", "--forward", f"127.0.0.1:{upstream.port}"]
        server = self.start_tautd(*arguments, interfaces=("127.0.0.1",), preexec_fn=at_most(64))
        forwards = int(server.wait_for_log("questions instead of").split("and forwards ")[1].split()[0])
        with connect("127.0.0.1", server.port) as connection:
            for number in range(forwards + 1):
                connection.sendall(frame(make_query(f"n{number}.example", identifier=number)))
            above = Reply(read_frame(connection))
            self.assertEqual((above.id, above.rcode), (forwards, SERVFAIL))
            for _ in range(forwards):
                upstream.send(*upstream.receive())
            answered = [Reply(read_frame(connection)) for _ in range(forwards)]
            self.assertEqual({reply.rcode for reply in answered}, {NOERROR})

    def test_too_few(self):
        """Too few descriptors to serve anybody are one line with what is needed, and status 1"""
        command = [TAUTD, "--interface", "127.0.0.1", "--port", free_port(), "--zone", EXAMPLE_ZONE, "--threads", "2"]
        result = self.run_program(*command, preexec_fn=at_most(24))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"^tautd: 24 descriptors may be open, too few for 2 threads: .*\n$")
        needed = int(result.stderr.split()[-3])
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--threads", "2", interfaces=("127.0.0.1",),
                                  preexec_fn=at_most(needed))
        for _ in range(3):
            self.assertEqual(ask_tcp("127.0.0.1", server.port, QUERY).rcode, NOERROR)

    def test_kept_zones(self):
        """Where zones are kept, connections leave the descriptors of 16 journals and what else the archive has open"""
        needed = []
        for keeps in ("", f'[server]\nstate-directory = "{self.folder}"\n'):
            path = self.write("taut.toml", f"""{keeps}
[[zone]]
file = "{EXAMPLE_ZONE}"
[[listen]]
address = ["127.0.0.1:{free_port()}"]
""")
            result = self.run_program(TAUTD, "--config", path, "--threads", "2", preexec_fn=at_most(24))
            self.assertEqual(result.returncode, 1, result.stderr)
            needed.append(int(result.stderr.split()[-3]))
        self.assertGreaterEqual(needed[1] - needed[0], 16 + 5)

    def test_closed_standard_streams(self):
        """A server that was started without standard streams has /dev/null in their places"""
        for streams in ((0, 1, 2), (2,)):
            close = " ".join(f"{stream}>&-" for stream in streams)
            port = free_port()
            command = ["sh", "-c", f'exec "$@" {close}', "sh", TAUTD]
            command += ["--interface", "127.0.0.1", "--port", port, "--zone", EXAMPLE_ZONE]
            server = Process(command, self.folder, name="tautd")
            server.port = port
            self.addCleanup(self._finish, server)
            self.wait_for_answer(server)
            self.assertEqual(ask_tcp("127.0.0.1", port, QUERY).rcode, NOERROR)
            for stream in streams:
                self.assertEqual(os.readlink(f"/proc/{server.pid}/fd/{stream}"), "/dev/null")


if __name__ == "__main__":
    main()

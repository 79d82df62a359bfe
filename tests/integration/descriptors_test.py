"""Descriptors: those of the standard streams, and what happens where few may be open."""
import os

from support import EXAMPLE_ZONE, NOERROR, TAUTD, Process, TestCase, ask_tcp, free_port, main, make_query

QUERY = make_query("www.example.com")


class Descriptors(TestCase):
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

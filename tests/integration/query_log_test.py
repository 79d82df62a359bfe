"""The log of queries, and the form of the log under a journal."""
import json
import os
import re
import socket
import subprocess

from support import (A, EXAMPLE_ZONE, TAUTD, TestCase, ask_tcp, ask_udp, main, make_query, wait_until)


class QueryLog(TestCase):
    def ask(self, server, name):
        self.assertTrue(ask_udp("127.0.0.1", server.port, make_query(name, A)))

    def lines(self, server, count, mark):
        """The lines of the log with the mark, when there are so many."""
        def found():
            lines = [line for line in server.log().splitlines() if mark in line]
            return lines if len(lines) >= count else None

        return wait_until(found, 10, f"{count} lines with {mark}")

    def test_text(self):
        """Each query has a line with its client, name, type, RCODE and flags"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--query-log", "all")
        self.ask(server, "www.example.com")
        self.assertTrue(ask_tcp("127.0.0.1", server.port, make_query("nothing.example.com", A)))
        lines = self.lines(server, 2, ".example.com. type=")
        self.assertRegex(lines[0], r"^[-0-9]+ [:.0-9]+ info query client=127\.0\.0\.1:\d+ protocol=udp "
                                   r"name=www\.example\.com\. type=A rcode=NOERROR flags=qr,aa,rd size=\d+ us=\d+$")
        self.assertIn("protocol=tcp name=nothing.example.com. type=A rcode=NXDOMAIN flags=qr,aa,rd", lines[1])

    def test_json(self):
        """As JSON each line is an object by itself"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--query-log", "all", "--query-log-format", "json")
        self.ask(server, "www.example.com")
        line = self.lines(server, 1, "www.example.com.")[0]
        query = json.loads(line)
        self.assertEqual((query["name"], query["type"], query["rcode"], query["flags"]),
                         ("www.example.com.", "A", "NOERROR", ["qr", "aa", "rd"]))

    def test_errors_and_samples(self):
        """Errors are all logged, and of the others one in so many"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "-t", 1, "--query-log", "errors", "--query-log",
                                  "10")
        for _ in range(20):
            self.ask(server, "www.example.com")
        self.ask(server, "nothing.example.com")
        self.lines(server, 1, "nothing.example.com.")
        self.assertIn(len(self.lines(server, 1, "www.example.com.")), (1, 2, 3))

    def test_journal(self):
        """Where standard error is the journal, lines have levels and no times; where it is not, they have times"""
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        command = [TAUTD, "--zone", EXAMPLE_ZONE, "--interface", "127.0.0.1", "--port", str(taken.getsockname()[1])]
        for own, form in ((True, r"^<3>cannot listen"), (False, r"^\d{4}-\d\d-\d\d \S+ error cannot listen")):
            reading, writing = os.pipe()
            try:
                stream = os.fstat(writing)
                environment = {**os.environ, "JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino + (not own)}"}
                subprocess.run(command, stderr=writing, env=environment, timeout=60, check=False)
            finally:
                os.close(writing)
            with os.fdopen(reading) as log:
                lines = log.read().splitlines()
            self.assertRegex(lines[-1], form)

    def test_mistakes(self):
        """What is no choice ends the start with the choices"""
        which = "expected all, errors, or a whole number from 1 to 1000000"
        for arguments, message in ((("--query-log", "some"), which), (("--query-log", "0"), which),
                                   (("--query-log", "all", "--query-log-format", "xml"), "expected text, json, not"),
                                   (("--query-log-format", "json"), "--query-log")):
            result = subprocess.run([TAUTD, "--zone", EXAMPLE_ZONE, *arguments], capture_output=True, text=True,
                                    timeout=60, check=False)
            self.assertEqual(result.returncode, 2)
            self.assertIn(message, re.sub(r"\s+", " ", result.stderr))


if __name__ == "__main__":
    main()

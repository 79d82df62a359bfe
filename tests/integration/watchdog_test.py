"""A handler that keeps its thread busy is named in the log."""
import os
import re
import socket

from support import BUILD, NOERROR, A, Reply, TestCase, main, make_query, wait_until


class Watchdog(TestCase):
    def setUp(self):
        super().setUp()
        self.fifo = self.folder / "fifo"
        os.mkfifo(self.fifo)
        self.server = self.spawn(BUILD / "tests/server/taut-blocking-server", self.fifo)
        self.addCleanup(lambda: self.assertEqual(self.server.stop(), 0, self.server.log()))
        port = self.said(r"listening on 127\.0\.0\.1:(\d+)").group(1)
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.client.close)
        self.client.settimeout(30)
        self.client.connect(("127.0.0.1", int(port)))

    def said(self, pattern):
        return wait_until(lambda: re.search(pattern, self.server.log()), 15, f"the log has {pattern}")

    def assert_goes_on(self):
        with open(self.fifo, "wb"):
            pass
        self.assertEqual(Reply(self.client.recv(512)).rcode, NOERROR)
        self.said(r"warning shard 0 goes on, after \d+\.\d s at most")

    def test_question(self):
        """A shard that is busy for a second is said with its question, again after two, and when it goes on"""
        self.client.send(make_query("blocked.example.com", A))
        source = f"127.0.0.1:{self.client.getsockname()[1]}"
        question = rf"blocked\.example\.com\. A from {re.escape(source)}: its clients wait"
        busy = rf"warning shard 0 has been busy for ([1-9]\d*\.\d) s with {question}"
        self.said(rf"(?s){busy}.*{busy}")
        self.assert_goes_on()
        times = [float(time) for time in re.findall(busy, self.server.log())]
        for number, time in enumerate(times):
            self.assertGreaterEqual(time, 2**number)

    def test_after_a_wait(self):
        """A handler that blocks after it has waited is not taken for a question that has just come"""
        self.client.send(make_query("later.example.com", A))
        self.said(r"warning shard 0 has been busy for \d+\.\d s with no question that has just come: its clients wait")
        self.assert_goes_on()


if __name__ == "__main__":
    main()

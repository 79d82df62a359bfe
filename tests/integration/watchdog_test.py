"""A handler that keeps its thread busy is named in the log, and keeps neither other shards nor the process's end."""
import os
import re
import select
import signal
import socket

from support import BUILD, NOERROR, A, Reply, TestCase, main, make_query, wait_until


class Watchdog(TestCase):
    def setUp(self):
        super().setUp()
        self.fifo = self.folder / "fifo"
        os.mkfifo(self.fifo)

    def start(self, shards):
        self.server = self.spawn(BUILD / "tests/server/taut-blocking-server", self.fifo, shards)
        self.port = int(self.said(r"listening on 127\.0\.0\.1:(\d+)").group(1))
        self.client = self.connect()

    def connect(self):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(client.close)
        client.settimeout(30)
        client.connect(("127.0.0.1", self.port))
        return client

    def said(self, pattern):
        return wait_until(lambda: re.search(pattern, self.server.log()), 15, f"the log has {pattern}")

    def assert_goes_on(self):
        with open(self.fifo, "wb"):
            pass
        self.assertEqual(Reply(self.client.recv(512)).rcode, NOERROR)
        self.said(r"warning shard 0 goes on, after \d+\.\d s at most")
        self.assertEqual(self.server.stop(), 0, self.server.log())

    def test_question(self):
        """A shard that is busy for a second is said with its question, again after two, and when it goes on"""
        self.start(1)
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
        self.start(1)
        self.client.send(make_query("later.example.com", A))
        self.said(r"warning shard 0 has been busy for \d+\.\d s with no question that has just come: its clients wait")
        self.assert_goes_on()

    def test_endless(self):
        """A handler that never returns is named, the other shards go on, and SIGTERM ends the process all the same"""
        self.start(2)
        self.client.send(make_query("endless.example.com", A))
        self.said(r"shard [01] has been busy for \d+\.\d s with endless\.example\.com\. A from ")
        # Which shard serves a client is for the kernel to say: about half of these are served.
        clients = [self.connect() for _ in range(30)]
        for _ in range(2):
            for client in clients:
                client.send(make_query("www.example.com", A))
            served, _, _ = select.select(clients, [], [], 30)
            self.assertTrue(served)
            clients = [client for client in served if Reply(client.recv(512)).rcode == NOERROR]
            self.assertEqual(len(clients), len(served))
        self.assertEqual(self.server.stop(), 0, self.server.log())
        self.said(r"error ServerFactory: a handler keeps its thread busy, which does not end")

    def test_unjoined(self):
        """A scope that ends before its tasks ends the process, whose last words say so"""
        self.start(1)
        self.client.send(make_query("unjoined.example.com", A))
        self.assertEqual(self.server.wait(30), -signal.SIGABRT)
        self.assertIn("a scope is joined before it ends", self.server.log())


if __name__ == "__main__":
    main()

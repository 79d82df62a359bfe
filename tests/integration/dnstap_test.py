"""dnstap, read by the programs that people read it with: fstrm_capture and dnstap-read."""
import datetime
import os
import re
import signal
import socket
import struct
import subprocess
import time
import urllib.request

from support import (A, EXAMPLE_ZONE, NXDOMAIN, TAUTD, TestCase, ask_tcp, ask_udp, free_port, main, make_query,
                     wait_until, which)

CONTENT_TYPE = "protobuf:dnstap.Dnstap"


def ask(server, name, recursion=False, over=ask_udp):
    reply = over("127.0.0.1", server.port, make_query(name, A, recursion=recursion))
    assert reply, f"no reply for {name}"
    return reply


class Dnstap(TestCase):
    def setUp(self):
        super().setUp()
        self.socket = self.folder / "dnstap.sock"
        self.file = self.folder / "messages.fstrm"

    def start_capture(self):
        capture = self.spawn(which("fstrm_capture"), "-t", CONTENT_TYPE, "-u", self.socket, "-w", self.file, "-dddd")
        wait_until(self.socket.exists, 10, "fstrm_capture listens")
        return capture

    def messages(self, capture):
        """What the reader has written when it has ended: of each message its keys, and all of its text."""
        self.assertEqual(capture.stop(), 0, capture.log())
        result = self.run_program(which("dnstap-read"), "-y", self.file)
        self.assertEqual(result.returncode, 0, result.stderr)
        documents = [document for document in result.stdout.split("---\n") if document.strip()]
        keys = re.compile(r"^ *(\w+): (.*)$", re.MULTILINE)
        return [{**dict(keys.findall(document)), "text": document} for document in documents]

    def test_authoritative(self):
        """A query and its reply are told with client, transport, times and octets, and who the server is"""
        capture = self.start_capture()
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--dnstap", self.socket, "--identity", "ns1.example",
                                  "--threads", "1")
        server.wait_for_log(f"dnstap is read at {self.socket}")
        ask(server, "www.example.com")
        self.assertEqual(ask(server, "nothing.example.com", over=ask_tcp).rcode, NXDOMAIN)
        server.stop()
        found = [message for message in self.messages(capture) if "ready.invalid" not in message["text"]]
        self.assertEqual([message["type"] for message in found],
                         ["AUTH_QUERY", "AUTH_RESPONSE", "AUTH_QUERY", "AUTH_RESPONSE"])
        for message in found:
            self.assertEqual(message["identity"], "ns1.example")
            self.assertRegex(message["version"], r"^taut \d")
            self.assertEqual(message["query_address"], '"127.0.0.1"')
            self.assertEqual(message["socket_family"], "INET")
        self.assertEqual([message["socket_protocol"] for message in found], ["UDP", "UDP", "TCP", "TCP"])
        self.assertEqual(found[3]["status"], "NXDOMAIN")
        for key, message in (("query_time", found[0]), ("response_time", found[3])):
            told = datetime.datetime.fromisoformat(message[key].split()[1].replace("Z", "+00:00"))
            self.assertLess(abs(told - datetime.datetime.now(datetime.timezone.utc)), datetime.timedelta(minutes=5))

    def test_forwarding(self):
        """Where the server forwards, what is exchanged with the server that it asks is told too"""
        upstream = self.start_tautd("--zone", EXAMPLE_ZONE)
        capture = self.start_capture()
        server = self.start_tautd("--forward", f"127.0.0.1:{upstream.port}", "--dnstap", self.socket, "--threads", "1")
        server.wait_for_log(f"dnstap is read at {self.socket}")
        ask(server, "www.example.com", recursion=True)
        server.stop()
        found = [message for message in self.messages(capture) if "www.example.com" in message["text"]]
        self.assertEqual([message["type"] for message in found],
                         ["CLIENT_QUERY", "FORWARDER_QUERY", "FORWARDER_RESPONSE", "CLIENT_RESPONSE"])
        for message in found[1:3]:
            self.assertEqual(message["response_address"], '"127.0.0.1"')
            self.assertEqual(message["response_port"], str(upstream.port))

    def test_selection(self):
        """The configuration chooses the messages, and one in so many of them, also while the server runs"""
        capture = self.start_capture()
        port = free_port()
        text = f"""
[server]
threads = 1
[[listen]]
address = ["127.0.0.1:{port}"]
[[zone]]
file = "{EXAMPLE_ZONE}"
[dnstap]
socket = "{self.socket}"
"""
        config = self.write("taut.toml", text + 'messages = ["auth-response"]\none-in = 10\n')
        server = self.spawn(TAUTD, "--config", config)
        server.port = port
        self.wait_for_answer(server)
        server.wait_for_log(f"dnstap is read at {self.socket}")
        for _ in range(50):
            ask(server, "www.example.com")
        self.write("taut.toml", text + 'messages = ["auth-query"]\n')
        server.signal(signal.SIGHUP)
        server.wait_for_log("dnstap.messages")
        server.wait_for_log("dnstap.one-in")
        ask(server, "example.com")  # behind the change, which its shard makes first
        wait_until(lambda: ask(server, "ns1.example.com"), 5, "an answer")
        self.assertEqual(server.stop(), 0, server.log())
        types = [message["type"] for message in self.messages(capture) if "www.example.com" in message["text"]]
        self.assertEqual(types, ["AUTH_RESPONSE"] * 5)

    def metrics(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
            lines = page.read().decode().splitlines()
        values = dict(line.split(" ") for line in lines if line.startswith("taut_dnstap_"))
        return {name: int(float(values[f"taut_dnstap_{name}_total"])) for name in ("written", "dropped")}

    def test_reader_stands_still(self):
        """A reader that reads nothing costs clients nothing: entries are dropped and counted"""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.socket))
        listener.listen()
        http = free_port()
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--dnstap", self.socket, "--threads", "1",
                                  "--http", f"127.0.0.1:{http}")
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        connection.recv(4096)
        connection.sendall(struct.pack(">III", 0, 4, 1))
        server.wait_for_log("dnstap is read at")
        query = make_query("www.example.com", A)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.connect(("127.0.0.1", server.port))
            asked = 0
            while self.metrics(http)["dropped"] == 0:
                for _ in range(500):
                    client.send(query)
                    self.assertTrue(client.recv(4096))
                asked += 500
                self.assertLess(asked, 50000, "nothing is dropped")
            for _ in range(500):
                client.send(query)
                self.assertTrue(client.recv(4096))
        self.assertGreaterEqual(self.metrics(http)["dropped"], 1000)
        began = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - began, 20)

    def test_reader_comes_late_and_again(self):
        """A server starts without a reader, and finds the one that comes, and the next one"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--dnstap", self.socket, "--threads", "1")
        server.wait_for_log(f"dnstap is not read at {self.socket}: No such file or directory")
        for count in (1, 2):
            ask(server, "www.example.com")
            capture = self.start_capture()
            wait_until(lambda: server.log().count("dnstap is read at") == count, 20, f"reader {count} is found")
            ask(server, "www.example.com")
            wait_until(lambda: self.file.exists() and self.file.stat().st_size > 0, 10, "messages are captured")
            capture.stop()
            if self.socket.exists():
                os.unlink(self.socket)
            ask(server, "www.example.com")
            wait_until(lambda: ask(server, "www.example.com") and
                       server.log().count("dnstap is not read at") == count + 1, 20, "the reader is missed")
        self.assertEqual(server.stop(), 0)

    def test_mistakes(self):
        """Keys without a socket, and a path that no socket can have, are mistakes with their place"""
        for table, message in (
            ('[dnstap]\none-in = 5\n', ":3:2: [dnstap] without socket writes nothing"),
            ('[dnstap]\nsocket = "/d"\nmessages = ["auth-queries"]\n', ":5:"),
            ('[dnstap]\nsocket = "/d"\none-in = 0\n', ":5:"),
            (f'[dnstap]\nsocket = "/{"d" * 107}"\n', "the path of a socket file has 108 octets; expected 107 at most"),
        ):
            config = self.write("taut.toml", f'zone-list = [{{ file = "zones" }}]\n\n{table}')
            result = subprocess.run([TAUTD, "--check", "--config", config], capture_output=True, text=True, timeout=10,
                                    check=False)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(message, result.stdout + result.stderr)


if __name__ == "__main__":
    main()

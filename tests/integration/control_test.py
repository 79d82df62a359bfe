"""tautctl and the control socket: each command, its exit status, its JSON, and what it leaves alone."""
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import termios
import unittest
from pathlib import Path

from support import (A, EXAMPLE_ZONE, SANITIZED, SLOWNESS, SOURCE, TAUTD, FakeUpstream, TestCase, ask_udp, free_port,
                     main, make_query, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
COMMANDS = (
    "status", "stats", "stop", "drain", "reload", "reload zones", "zone list", "zone status", "zone reload",
    "zone dump", "cache flush", "cache show", "log level", "top", "import",
)


class Control(TestCase):
    def start(self, *arguments, **options):
        self.socket = self.folder / "control"
        server = self.start_tautd("--control", self.socket, *arguments, **options)
        wait_until(lambda: self.ctl_json("status")["state"] == "ready", 30, "ready")
        return server

    def ctl(self, *words, status=0, **options):
        """What the tool writes to its standard output, or to standard error where it fails."""
        result = self.run_program(TAUTCTL, "--socket", self.socket, *words, **options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout if status == 0 else result.stderr

    def ctl_json(self, *words):
        return json.loads(self.ctl("--json", *words))

    def test_status(self):
        """`status` says what the server does, and `drain` that clients should go elsewhere while it serves"""
        server = self.start("--zone", EXAMPLE_ZONE)
        self.assertRegex(self.ctl("status"), r"^taut \S+: ready, for \d+ s\n1 of 1 zones are loaded\n$")
        self.assertEqual(self.ctl_json("status")["state"], "ready")
        self.ctl("drain")
        self.assertEqual(self.ctl_json("status")["state"], "draining")
        self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com", A)))
        self.ctl("drain", "--off")
        self.assertEqual(self.ctl_json("status")["state"], "ready")

    def test_stop(self):
        """`stop` ends the server in order, and its socket file is gone"""
        server = self.start("--zone", EXAMPLE_ZONE)
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o660)
        self.ctl("stop")
        self.assertEqual(server.wait(10), 0, server.log())
        server.ended = True
        self.assertFalse(self.socket.exists())
        self.assertIn("No such file or directory; is tautd running", self.ctl("status", status=1))

    def test_reload(self):
        """`reload` waits for the zones and fails where one of them does, with what is wrong"""
        zone = self.write("zone", EXAMPLE_ZONE.read_text())
        self.start("--zone", zone)
        self.assertEqual(self.ctl_json("reload")["loaded"], 0)
        serial = self.ctl_json("zone", "status", "example.com")["serial"]
        self.replace(zone, EXAMPLE_ZONE.read_text().replace(str(serial), str(serial + 1)))
        self.assertEqual(self.ctl_json("reload", "zones")["loaded"], 1)
        self.assertEqual(self.ctl_json("zone", "status", "EXAMPLE.com.")["serial"], serial + 1)
        self.assertEqual(self.ctl_json("zone", "reload", "example.com")["loaded"], 1)
        self.replace(zone, "nonsense\n")
        self.assertRegex(self.ctl("reload", status=1), rf"^tautctl: {re.escape(str(zone))}:1:\d+: error: ")
        self.assertEqual(self.ctl_json("zone", "status", "example.com")["serial"], serial + 1)

    def replace(self, path, text):
        self.write("replacement", text)
        os.replace(self.folder / "replacement", path)

    def test_zones(self):
        """Zones are listed, shown and dumped; what is dumped is the zone that is served"""
        zones = self.write("zones", f"example.com\t{EXAMPLE_ZONE}\nmissing.example\tmissing\n")
        self.start("--zone-list", zones)
        wait_until(lambda: self.ctl_json("status")["zones"]["loaded"] == 1, 10, "the zone is loaded")
        listed = {zone["zone"]: zone["state"] for zone in self.ctl_json("zone", "list")["zones"]}
        self.assertEqual(listed, {"example.com.": "loaded", "missing.example.": "not loaded"})
        self.assertEqual(len(self.ctl("zone", "list").splitlines()), 2)
        records = self.ctl("zone", "dump", "example.com")
        self.assertEqual(self.ctl_json("zone", "dump", "example.com")["records"], records.splitlines())
        again = self.write("again", records)
        checkzone = os.path.join(os.path.dirname(TAUTD), "../checkzone/taut-checkzone")
        result = self.run_program(checkzone, "--print", "example.com", again)
        self.assertEqual(result.stdout, records, result.stderr)
        self.assertIn("there is no zone nowhere.", self.ctl("zone", "status", "nowhere", status=1))
        self.assertIn("is not loaded", self.ctl("zone", "dump", "missing.example", status=1))
        self.assertIn("is not a domain name", self.ctl("zone", "dump", "a..b", status=2))

    def test_cache(self):
        """What the cache keeps of a name is shown and forgotten, with all types and, if asked, all names below"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start("--forward", f"127.0.0.1:{upstream.port}", "--cache", "--threads", 1)
        for name in ("a.example", "b.a.example"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(10)
                client.sendto(make_query(name, A), ("127.0.0.1", server.port))
                upstream.send(*upstream.receive())
                self.assertTrue(client.recv(512))
        shown = self.ctl_json("cache", "show", "a.example")["answers"]
        self.assertEqual([(answer["key"], answer["rcode"]) for answer in shown], [("a.example. IN A", "NOERROR")])
        self.assertRegex(shown[0]["records"], r"^a\.example\. \d+ IN A 192\.0\.2\.99\n$")
        self.assertIn("192.0.2.99", self.ctl("cache", "show", "a.example"))
        self.assertEqual(self.ctl_json("cache", "flush", "A.example")["flushed"], 1)
        self.assertEqual(self.ctl_json("cache", "flush", "example", "--tree")["flushed"], 1)
        self.assertEqual(self.ctl_json("cache", "show", "b.a.example")["answers"], [])

    def test_no_cache(self):
        """A server without a cache says so"""
        self.start("--zone", EXAMPLE_ZONE)
        self.assertIn("the server has no cache", self.ctl("cache", "flush", "example.com", status=1))

    def test_log_level(self):
        """The level of the log changes, and goes back by itself"""
        server = self.start("--zone", EXAMPLE_ZONE)
        self.ctl("log", "level", "error", "--for", "5s")
        self.ctl("reload")
        self.assertNotIn("control: reload", server.log())
        wait_until(lambda: self.ctl("reload") and "control: reload" in server.log(), 20, "the level is as before")
        self.assertIn("expected error, warning, info or debug", self.ctl("log", "level", "loud", status=2))
        self.assertIn("expected 1s to 86400s", self.ctl("log", "level", "info", "--for", "soon", status=2))

    def test_top(self):
        """`top` shows the server once without a terminal, and each second with --json"""
        self.start("--zone", EXAMPLE_ZONE)
        wait_until(lambda: "example.com." in self.ctl("top"), 10, "the zone is shown")
        process = self.spawn(TAUTCTL, "--socket", self.socket, "--json", "top")
        wait_until(lambda: len(process.log().splitlines()) >= 3, 10, "two seconds pass")
        self.assertEqual(json.loads(process.log().splitlines()[-1])["state"], "ready")

    def test_top_report(self):
        """Without a terminal `top` shows zones, names, clients, types and forwarders, one below the other"""
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        server = self.start("--zone", EXAMPLE_ZONE, "--forward", f"127.0.0.1:{upstream.port}", "--threads", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(make_query("elsewhere.example", A), ("127.0.0.1", server.port))
            upstream.send(*upstream.receive())
            self.assertTrue(client.recv(512))
        for _ in range(300):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com", A)))
        report = wait_until(lambda: "www.example.com." in (text := self.ctl("top")) and text, 10, "the name is shown")
        self.assertRegex(report, r"(?m)^ +\d+\.\d %  www\.example\.com\.$")
        self.assertRegex(report, r"(?m)^ +100\.0 %  127\.0\.0\.1$")
        self.assertRegex(report, r"(?m)^ +\d+\.\d %  A$")
        self.assertRegex(report, rf"(?m)^  127\.0\.0\.1:{upstream.port} +healthy +1 ")

    def test_top_on_a_terminal(self):
        """On a terminal keys choose what `top` shows, and it leaves the terminal as it was, by a key or by a signal"""
        server = self.start("--zone", EXAMPLE_ZONE, "--threads", 1)
        for _ in range(300):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query("www.example.com", A)))
        for ends in (lambda process, master: os.write(master, b"q"),
                     lambda process, master: process.send_signal(signal.SIGINT)):
            master, terminal = pty.openpty()
            before = termios.tcgetattr(terminal)
            process = subprocess.Popen([TAUTCTL, "--socket", self.socket, "top"], stdin=terminal, stdout=terminal,
                                       start_new_session=True)
            self.addCleanup(process.kill)
            self.read_until(master, "zones: 1 of 1 loaded")
            os.write(master, b"c")
            self.read_until(master, "%  127.0.0.1\r\n")
            os.write(master, b"n")
            self.read_until(master, "%  www.example.com.\r\n")
            ends(process, master)
            self.assertEqual(process.wait(10), 0)
            self.assertEqual(termios.tcgetattr(terminal), before)
            os.close(terminal)
            os.close(master)

    def read_until(self, master, text):
        """What comes from the terminal until the text is there."""
        seen = ""
        while text not in seen:
            self.assertTrue(select.select([master], [], [], 10 * SLOWNESS)[0], seen)
            seen += os.read(master, 65536).decode()

    def test_top_of_a_hostile_server(self):
        """What a server says steers no terminal, whatever it is"""
        zones = {"total": 1, "loaded": 1, "shown": [{"zone": "\x1b]0;title\x07", "state": "loaded"}, 7]}
        top = {"questions": 5, "names": [{"name": "\x9b31m"}]}
        status = {"version": "\x1b[2J", "state": "\u0085", "uptime": 1, "zones": zones, "top": top}
        self.socket = self.folder / "hostile"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen()
            process = self.spawn(TAUTCTL, "--socket", self.socket, "top")
            connection, _ = listener.accept()
            with connection:
                line = (json.dumps(status, ensure_ascii=False) + "\n").encode()
                connection.sendall(b'{"octets":%d}\n' % len(line) + line)
                self.assertEqual(process.wait(10), 0)
        report = process.log_path.read_bytes()
        self.assertIn(b"?]0;title?", report)
        self.assertEqual([octet for octet in report if (octet < 32 and octet != 10) or octet > 126], [])

    def test_statistics(self):
        """`stats` counts questions and replies, as JSON and as lines of text"""
        server = self.start("--zone", EXAMPLE_ZONE)
        for name in ("www.example.com", "nowhere.example.com"):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query(name, A)))
        counted = wait_until(lambda: self.ctl_json("stats"), 5, "statistics")
        self.assertGreaterEqual(counted["types"]["A"], 2)
        self.assertEqual(counted["rcodes"]["NXDOMAIN"], 1)
        self.assertRegex(self.ctl("stats"), r"(?m)^rcodes\.NXDOMAIN +1$")

    def test_usage(self):
        """A wrong command line is status 2, and no server is asked"""
        self.socket = self.folder / "nowhere"
        for words in ((), ("nonsense",), ("zone",), ("zone", "dump"), ("status", "more"), ("--nonsense", "status")):
            self.assertIn("Try 'tautctl --help'.", self.ctl(*words, status=2))
        self.assertIn("tautctl", self.ctl("--version"))

    def test_socket_in_use(self):
        """A second server does not take over the socket of the first; that of a dead process is replaced"""
        first = self.start("--zone", EXAMPLE_ZONE)
        command = (TAUTD, "-i", "127.0.0.1", "-p", free_port(), "--zone", EXAMPLE_ZONE, "--control", self.socket)
        result = self.run_program(*command)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"cannot listen on {self.socket}: process {first.pid} does", result.stderr)
        self.ctl("status")
        first.kill()
        first.ended = True
        self.assertTrue(self.socket.exists())
        self.start("--zone", EXAMPLE_ZONE)
        self.ctl("status")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_strangers_are_refused(self):
        """Another user is refused, also where the permissions of the file are wider than they should be"""
        self.folder.chmod(0o755)
        self.start("--zone", EXAMPLE_ZONE)
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        self.assertIn("Permission denied", self.ctl("status", status=1, **nobody))
        self.socket.chmod(0o666)
        self.assertIn("this user may not control the server", self.ctl("stop", status=1, **nobody))
        os.chown(self.socket, -1, 65534)
        self.ctl("status", **nobody)

    def test_rubbish(self):
        """What is no request ends its connection, and the server goes on"""
        self.start("--zone", EXAMPLE_ZONE)
        for text in (b"\n", b"[1]\n", b"x" * 10000, b'{"command":[]}\n', b"[" * 4000 + b"\n", b'{"command":["no"]}\n'):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(10)
                connection.connect(str(self.socket))
                connection.sendall(text)
                line = connection.makefile().readline()
                self.assertEqual(json.loads(line)["status"], 2, text)
        self.ctl("status")

    def test_completion(self):
        """Every command is in the manual page, and in the completions of both shells"""
        page = (SOURCE / "docs/man/tautctl.8").read_text()
        for command in COMMANDS:
            self.assertRegex(page, rf'\.(B |BI "){command}\b')
            self.socket = self.folder / "nowhere"
            self.assertIn(command.split()[-1], self.ctl(*command.split(), "--help"))
        for file in ("tautctl.bash", "_tautctl"):
            text = (SOURCE / "tools/completion" / file).read_text()
            for word in {word for command in COMMANDS for word in command.split()}:
                self.assertRegex(text, rf"\b{word}\b", file)
        helped = re.findall(r"^  (\w+) ", self.ctl("--help").split("Subcommands:")[1], re.MULTILINE)
        self.assertEqual(set(helped), {command.split()[0] for command in COMMANDS})

    def test_bash_runs_no_names(self):
        """A zone's name with characters of the shell is neither run by the completion nor offered"""
        mark = self.folder / "mark"
        name = f"a`>{mark.name}`.example"
        self.start("--zone-list", self.write("zones", f"{name}\tmissing\nplain.example\tmissing\n"))
        wait_until(lambda: self.ctl_json("status")["zones"]["total"] == 2, 10, "the list is read")
        script = f"""source {SOURCE}/tools/completion/tautctl.bash
cd {self.folder}; PATH={Path(TAUTCTL).parent}:$PATH
COMP_WORDS=(tautctl -s {self.socket} zone dump ""); COMP_CWORD=5; _tautctl; echo "${{COMPREPLY[*]}}"
"""
        result = self.run_program("bash", "-c", script)
        self.assertEqual((result.stdout, mark.exists()), ("plain.example.\n", False), result.stderr)

    def test_output_that_cannot_be_written(self):
        """What cannot be written is a failure, so that no half of a zone passes for all of it"""
        self.start("--zone", EXAMPLE_ZONE)
        with open("/dev/full", "wb") as full:
            result = subprocess.run([TAUTCTL, "--socket", self.socket, "zone", "dump", "example.com"], stdout=full,
                                    stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (1, "tautctl: the output cannot be written\n"))

    def test_bash_completes(self):
        """bash completes commands and their arguments"""
        script = f"""source {SOURCE}/tools/completion/tautctl.bash
COMP_WORDS=(tautctl zone re); COMP_CWORD=2; _tautctl; echo "${{COMPREPLY[*]}}"
COMP_WORDS=(tautctl statu); COMP_CWORD=1; _tautctl; echo "${{COMPREPLY[*]}}"
"""
        result = self.run_program("bash", "-c", script)
        self.assertEqual(result.stdout, "reload\nstatus\n", result.stderr)

    @unittest.skipIf(SANITIZED, "it measures time")
    def test_many_zones(self):
        """With 10,000 zones the list comes whole, and a status comes at once"""
        zones = self.write("zones", "".join(f"zone{i}.example\tmissing\n" for i in range(10_000)))
        self.start("--zone-list", zones)
        wait_until(lambda: self.ctl_json("status")["zones"]["total"] == 10_000, 30, "the list is read")
        self.assertEqual(len(self.ctl_json("zone", "list")["zones"]), 10_000)


if __name__ == "__main__":
    main()

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
import time
import unittest
from pathlib import Path

import jsonschema
from support import (A, AAAA, EXAMPLE_ZONE, SANITIZED, SLOWNESS, SOURCE, TAUTD, FakeUpstream, TestCase, ask_udp,
                     free_port, main, make_query, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
COMMANDS = (
    "status", "stats", "stop", "drain", "reload", "reload zones", "zone list", "zone status", "zone reload",
    "zone refresh", "zone retransfer", "zone notify", "zone flush", "zone dump", "cache flush", "cache show",
    "nta add", "nta remove", "nta list", "infra show", "infra flush", "trace",
    "handlers", "log level", "log queries", "config show", "config diff", "config schema", "reload config", "tail",
    "top", "check", "import", "upgrade",
)
SCHEMA = json.loads((SOURCE / "docs/tautctl.schema.json").read_text())


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

    def next_top(self):
        """What `top` shows a moment later: it has something new each second, and a place for 32 who ask."""
        time.sleep(0.2)
        return self.ctl("top")

    def log_until_now(self, server):
        """The log, with all that was said until now: a line of its own comes after that."""
        mark = "control: log level info"
        marks = server.log().count(mark)
        self.ctl("log", "level", "info")
        wait_until(lambda: server.log().count(mark) > marks, what="the log has the line of its own")
        return server.log()

    def ctl_json(self, *words):
        """What the tool writes as JSON, which is what the schema says."""
        return self.checked(json.loads(self.ctl("--json", *words)), *words)

    def checked(self, value, *words):
        command = " ".join(words)
        command = max((known for known in COMMANDS if (command + " ").startswith(known + " ")), key=len)
        jsonschema.validate(value, {"$ref": f"#/definitions/{command}", "definitions": SCHEMA["definitions"]})
        return value

    def test_status(self):
        """`status` says what the server does, and `drain` that clients should go elsewhere while it serves"""
        server = self.start("--zone", EXAMPLE_ZONE)
        status = r"^taut \S+: ready, for \d+ s\n1 of 1 zones are loaded\nthe engine is .+\n$"
        self.assertRegex(self.ctl("status"), status)
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
        error = self.ctl("reload", status=1)
        self.assertRegex(error, rf"^tautctl: {re.escape(str(zone))}:1:\d+: error: ")
        self.assertEqual(self.ctl("reload", status=1), error)
        self.assertIn(self.ctl_json("zone", "status", "example.com")["error"], error)
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
        reloads = 0

        def is_told():
            nonlocal reloads
            reloads += 1
            return self.ctl("reload") and "control: reload" in server.log()

        wait_until(is_told, 20, "the level is as before")
        self.assertIn("expected error, warning, info or debug", self.ctl("log", "level", "loud", status=2))
        self.assertIn("expected 1s to 86400s", self.ctl("log", "level", "info", "--for", "soon", status=2))
        self.assertEqual(server.stop(), 0)
        self.assertLess(server.log().count("control: reload"), reloads, "it was another one meanwhile")

    def test_commands_that_say_little(self):
        """With --json each command says what it has done"""
        server = self.start("--zone", EXAMPLE_ZONE)
        self.assertEqual(self.ctl_json("drain", "--off"), {"draining": False})
        self.assertEqual(self.ctl_json("log", "level", "info", "--for", "5s"), {"level": "info", "seconds": 5})
        self.assertEqual(self.ctl_json("stop"), {"stopping": True})
        self.assertEqual(server.wait(10), 0, server.log())
        server.ended = True

    def test_schema(self):
        """Each command has its JSON described, and that of the configuration is a schema which a taut.toml fits"""
        jsonschema.Draft7Validator.check_schema(SCHEMA)
        self.assertEqual(set(COMMANDS) - set(SCHEMA["definitions"]), {"import"})
        self.socket = self.folder / "nowhere"
        schema = self.ctl_json("config", "schema")
        jsonschema.Draft7Validator.check_schema(schema)
        jsonschema.validate({"server": {"threads": 1}, "zone": [{"name": "example.com"}]}, schema)
        for wrong in ({"server": {"thread": 1}}, {"server": {"threads": "1"}}, {"zone": {"name": "example.com"}}):
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(wrong, schema)

    def start_configured(self, text):
        self.port = free_port()
        self.socket = self.folder / "control"
        self.head = f"listen = [{{ address = [\"127.0.0.1:{self.port}\"] }}]\n"
        self.configuration = self.write("taut.toml", self.head + text)
        self.server = self.spawn(TAUTD, "--config", self.configuration, "--control", self.socket)
        wait_until(lambda: self.socket.exists() and self.ctl_json("status")["state"] == "ready", 30, "ready")

    def configure(self, text):
        self.configuration.write_text(self.head + text)

    def test_configuration(self):
        """`config show` says what holds and where it comes from, `config diff` what a reload would change"""
        zone = f"[[zone]]\nname = \"example.com\"\nfile = \"{EXAMPLE_ZONE}\"\n"
        self.start_configured("[server]\nidentity = \"$${x}\"\nthreads = 1\n" + zone)
        shown = {value["key"]: value for value in self.ctl_json("config", "show")["values"]}
        self.assertEqual(shown["server.identity"]["value"], "${x}")
        self.assertEqual(shown["server.identity"]["origin"], f"{self.configuration}:3:12")
        self.assertEqual(shown["server.control"]["origin"], "--control")
        self.assertEqual((shown["server.udp-size"]["value"], shown["server.udp-size"]["origin"]), (1232, "default"))
        self.assertIn(f'server.identity = "$${{x}}"  # {self.configuration}:3:12\n', self.ctl("config", "show"))
        self.assertEqual(self.ctl("config", "diff"), "a reload would change no value\n")

        self.configure("[server]\nidentity = \"b\"\nthreads = 2\n" + zone + "rate-limit = 7\n"
                       "[[zone]]\nname = \"example.net\"\n")
        changes = {change["key"]: change for change in self.ctl_json("config", "diff")["changes"]}
        self.assertEqual(set(changes), {"server.identity", "server.threads", "zone[example.com].rate-limit",
                                        "zone[example.net].file"})
        limit = changes["zone[example.com].rate-limit"]
        self.assertEqual((limit["before"], limit["after"], limit["needs_restart"]), (None, 7, False))
        self.assertEqual((changes["server.identity"]["before"], changes["server.identity"]["after"]), ("${x}", "b"))
        self.assertEqual([changes[key]["needs_restart"] for key in ("server.identity", "server.threads")],
                         [False, True])
        self.assertIsNone(changes["zone[example.net].file"]["before"])
        self.assertIn(":4:11: server.threads = 2, was 1; needs a restart\n", self.ctl("config", "diff"))
        self.assertNotIn("server.identity =", self.log_until_now(self.server))
        text = self.configuration.read_text()
        self.configure(text.removeprefix(self.head).replace("[[zone]]\nname = \"example.net\"\n", ""))
        waits = f"{self.configuration}:4:11: server.threads = 2 needs a restart; until then it is 1"
        self.assertEqual(self.ctl("reload").splitlines()[1:], [f"warning: {waits}"])
        self.assertEqual(self.ctl_json("reload")["warnings"], [waits])
        self.configuration.write_text(text)
        self.ctl("reload", status=1)  # there is no file for example.net
        changes = self.ctl_json("config", "diff")["changes"]
        self.assertEqual([change["key"] for change in changes], ["server.threads"])
        shown = {value["key"]: value for value in self.ctl_json("config", "show")["values"]}
        self.assertEqual([shown[f"server.{key}"]["value"] for key in ("identity", "threads")], ["b", 1])

        self.configure("[server]\nidentity = 1\nthread = 1\n" + zone)
        wrong = self.ctl("config", "diff", status=1)
        self.assertIn(f"{self.configuration}:3:12: ", wrong)
        self.assertIn(f"{self.configuration}:4:1: ", wrong)

    def test_parts_of_a_reload(self):
        """`reload config` looks at no zone file, and `--force` reads those too that seem not to have changed"""
        zone = self.write("zone", EXAMPLE_ZONE.read_text())
        named = f"[[zone]]\nname = \"example.com\"\nfile = \"{zone}\"\n"
        self.start_configured(named)
        serial = self.ctl_json("zone", "status", "example.com")["serial"]
        self.replace(zone, EXAMPLE_ZONE.read_text().replace(str(serial), str(serial + 1)))
        self.configure("server.identity = \"b\"\n" + named)
        self.assertEqual(self.ctl_json("reload", "config")["loaded"], 0)
        self.assertIn('server.identity = "b"', self.server.wait_for_log("server.identity"))
        self.assertEqual(self.ctl_json("zone", "status", "example.com")["serial"], serial)
        self.assertEqual(self.ctl_json("reload")["loaded"], 1)
        self.assertEqual(self.ctl_json("reload")["loaded"], 0)
        self.assertEqual(self.ctl_json("reload", "--force")["loaded"], 1)
        self.assertEqual(self.ctl_json("reload", "zones", "--force")["loaded"], 1)
        self.assertIn("--force goes with", self.ctl("reload", "config", "--force", status=2))
        self.configure("server.identity = 1\n" + named)
        self.assertIn(f"{self.configuration}:2:19: ", self.ctl("reload", "config", status=1))

    def test_wrong_command(self):
        """What is no command is named, with the one that was meant, also by users of other servers"""
        self.socket = self.folder / "nowhere"
        for words, said in (
            (["bogus"], "'bogus' is no command; expected one of status, stats, stop, "),
            (["statsu"], "'statsu' is no command; did you mean status?"),
            (["zone", "lst"], "'lst' is no command of zone; did you mean zone list?"),
            (["zone-lists"], "'zone-lists' is no command; did you mean zone list?"),
            (["zone-status", "a"], "'zone-status' is no command; tautctl zone status NAME does that"),
            (["reconfig"], "'reconfig' is no command; tautctl reload config does that"),
            (["flush", "a"], "'flush' is no command; tautctl cache flush NAME does that"),
            (["reload", "a"], "'a' is no command of reload; tautctl zone reload a reloads one zone"),
            (["zone"], "no command of zone; expected one of list, status, reload, dump, refresh, retransfer, notify, "
             "flush, add, remove\nTry 'tautctl zone --help'.\n"),
            (["zone", "status"], "NAME is required\nUsage: tautctl zone status NAME\n"
             "Try 'tautctl zone status --help'.\n"),
            ([], "no command; expected one of status, "),
        ):
            self.assertIn("tautctl: " + said, self.ctl(*words, status=2))

    def test_socket_that_is_none(self):
        """A file that is no socket is told as such"""
        self.socket = self.write("file", "")
        self.assertIn(f"{self.socket}: Connection refused; it is no socket, ", self.ctl("status", status=1))

    def test_refused_reload(self):
        """A reload that is refused for a mistake, or for secrets, says that nothing has changed and counts nothing"""
        secrets = self.write("secrets", "00112233445566778899aabbccddeeff\n")
        secrets.chmod(0o600)
        text = (f"[[zone]]\nname = \"example.com\"\nfile = \"{EXAMPLE_ZONE}\"\n"
                f"[server.cookies]\nsecrets-file = \"{secrets}\"\n")
        self.start_configured(text)
        refused = "the configuration has mistakes: nothing has changed"

        def reload():
            plain = self.run_program(TAUTCTL, "--socket", self.socket, "reload")
            self.assertEqual((plain.returncode, plain.stdout), (1, refused + "\n"))
            result = self.run_program(TAUTCTL, "--socket", self.socket, "--json", "reload")
            report = self.checked(json.loads(result.stdout), "reload")
            self.assertEqual((report["refused"], report["warnings"]), (refused, []))
            self.assertEqual(plain.stderr, "tautctl: " + "\n".join(report["errors"]) + "\n")
            return report["errors"]

        secrets.write_text("nonsense\n")
        self.configure("server.identity = \"b\"\n" + text)
        self.assertIn(f"{secrets}:1:1: not a cookie secret", reload()[0])
        self.assertNotIn("server.identity", self.log_until_now(self.server))
        secrets.write_text("00112233445566778899aabbccddeeff\n")
        self.configure("server.identity = 1\nthreads = 1\n" + text)
        self.assertEqual(len(reload()), 2)
        self.configure("server.identity = \"b\"\n" + text)
        self.assertEqual(self.ctl_json("reload")["warnings"], [])

    def test_log_queries(self):
        """The log of queries is switched on and off, keeps that over a reload, and goes back by itself"""
        server = self.start("--zone", EXAMPLE_ZONE)

        def is_logged(name):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query(name, A)))
            return f"name={name}. " in self.log_until_now(server)

        self.assertFalse(is_logged("a.example.com"))
        self.assertEqual(self.ctl_json("log", "queries", "on"), {"queries": "on"})
        wait_until(lambda: is_logged("b.example.com"), 10, "queries are logged")
        self.ctl("reload")
        self.assertTrue(wait_until(lambda: is_logged("c.example.com"), 10, "queries are logged"))
        self.ctl("log", "queries", "off")
        wait_until(lambda: not is_logged(f"d{time.monotonic_ns()}.example.com"), 10, "queries are not logged")
        self.assertEqual(self.ctl_json("log", "queries", "on", "--for", "5s"), {"queries": "on", "seconds": 5})
        wait_until(lambda: is_logged("e.example.com"), 10, "queries are logged")
        wait_until(lambda: not is_logged(f"f{time.monotonic_ns()}.example.com"), 20, "it is as before")
        self.assertIn("expected on, off or configured", self.ctl("log", "queries", "loud", status=2))

    def tail(self, port, *words):
        """Starts a tail and waits until it shows queries; the process, and the lines that it has shown."""
        process = self.spawn(TAUTCTL, "--socket", self.socket, *words)

        def ask():
            self.assertTrue(ask_udp("127.0.0.1", port, make_query("first.example.com", A)))
            return "first.example.com." in process.log()

        wait_until(ask, 10, "the first query is shown")
        return process

    def test_tail(self):
        """`tail` shows queries as they are answered, those that fit, in text and as JSON"""
        server = self.start("--zone", EXAMPLE_ZONE)
        process = self.tail(server.port, "tail", "Example.COM", "--type", "A", "--client", "127.0.0.0/8", "--rcode",
                            "nxdomain")
        as_json = self.tail(server.port, "--json", "tail")
        for name, rrtype in (("www.example.com", A), ("gone.example.com", AAAA), ("gone.example.net", A),
                             ("last.example.com", A)):
            self.assertTrue(ask_udp("127.0.0.1", server.port, make_query(name, rrtype)))
        lines = process.wait_for_log("name=last.example.com.").splitlines()
        last = next(line for line in lines if "last" in line)
        self.assertRegex(last, r"^query client=127\.0\.0\.1:\d+ protocol=udp name=last\.example\.com\. type=A "
                               r"rcode=NXDOMAIN flags=\S+ size=\d+ us=\d+$")
        self.assertEqual({line.split(" name=")[1].split()[0] for line in lines},
                         {"first.example.com.", "last.example.com."})
        queries = [self.checked(json.loads(line), "tail")
                   for line in as_json.wait_for_log("last.example.com").splitlines()]
        self.assertEqual(sum(query["name"] == "gone.example.net." for query in queries), 1)
        for words, what in ((("a..b",), "domain name"), (("--type", "nonsense"), "type"),
                            (("--client", "nonsense"), "nonsense"), (("--rcode", "nonsense"), "RCODE")):
            self.assertIn(what, self.ctl("tail", *words, status=2))
        self.ctl("stop")
        self.assertEqual((process.wait(10), server.wait(10)), (1, 0))
        self.assertNotIn("query client=", server.log())
        process.ended = as_json.ended = server.ended = True
        as_json.wait(10)

    def test_tail_that_stands_still(self):
        """A tail whose reader stands still delays no answer, and says then how many queries it has missed"""
        server = self.start("--zone", EXAMPLE_ZONE, "--threads", 1)
        process = self.tail(server.port, "tail")
        process.signal(signal.SIGSTOP)
        query = make_query("www.example.com", A)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.connect(("127.0.0.1", server.port))
            for _ in range(200):
                for _ in range(100):
                    client.send(query)
                for _ in range(100):
                    self.assertTrue(client.recv(512))
        process.signal(signal.SIGCONT)
        missed = re.search(r"(?m)^# (\d+) queries are not shown", process.wait_for_log("are not shown", 30))
        self.assertGreater(int(missed[1]), 0)

    def check(self, *words, status=0):
        result = self.run_program(TAUTCTL, "check", *words)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def test_check(self):
        """`check` finds the mistakes of a configuration, and with --zones those of all that it names, as tautd does"""
        good = self.write("good.toml", f"[[zone]]\nname = \"example.com\"\nfile = \"{EXAMPLE_ZONE}\"\n")
        self.assertEqual(self.check("--config", good), "")
        self.assertEqual(self.check("--zones", "--config", good), "")
        self.assertEqual(self.checked(json.loads(self.check("--zones", "-c", good, "--json")), "check"),
                         {"errors": [], "warnings": [], "zones": 1})
        mistaken = self.write("mistaken.toml", "[server]\nthreads = true\nidentity = 1\n")
        result = self.run_program(TAUTD, "--check", "--config", mistaken)
        self.assertEqual(self.check("--config", mistaken, status=1), result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 2)
        self.assertIn("missing.toml", self.check("--config", self.folder / "missing.toml", status=1))
        self.assertIn("Try 'tautctl check --help'.", self.check("--nonsense", status=2))

    def test_check_of_files(self):
        """With --zones the errors are those of a start, all at once, and those of zones in lists with them"""
        zones = "".join(f"[[zone]]\nname = \"{name}\"\nfile = \"{name}\"\n" for name in ("a.example", "b.example"))
        lists = "zone-list = [{ file = \"list\" }, { file = \"no-list\" }]\n"
        bad = self.write("bad.toml", f"hosts-file = \"no-hosts\"\n{lists}{zones}")
        for name in ("a.example", "b.example", "c.example"):
            self.write(name, EXAMPLE_ZONE.read_text() + "\nnonsense\n" if name[0] == "b" else "nonsense\n")
        self.write("list", "c.example\tc.example\nexample.com\t" + str(EXAMPLE_ZONE) + "\n")
        self.assertEqual(self.check("--config", bad), "")
        lines = self.check("--zones", "--config", bad, status=1).splitlines()
        started = self.run_program(TAUTD, "-i", "127.0.0.1", "-p", free_port(), "--config", bad)
        self.assertEqual(started.returncode, 1)
        told = {line.removeprefix("tautd: ") for line in started.stderr.splitlines()}
        self.assertEqual(told - set(lines), set())
        self.assertEqual({line for line in lines if line not in told},
                         {line for line in lines if line.startswith(f"{self.folder}/c.example:1:")})
        for name in ("no-hosts", "a.example:1:", "b.example:", "c.example:1:", "no-list"):
            self.assertTrue(any(f"{self.folder}/{name}" in line for line in lines), (name, lines))
        found = self.checked(json.loads(self.check("--json", "--zones", "-c", bad, status=1)), "check")
        self.assertEqual((found["errors"], found["zones"]), (lines, 4))

    def test_top(self):
        """`top` shows the server once without a terminal, and each second with --json"""
        self.start("--zone", EXAMPLE_ZONE)
        wait_until(lambda: "example.com." in self.ctl("top"), 10, "the zone is shown")
        process = self.spawn(TAUTCTL, "--socket", self.socket, "--json", "top")
        wait_until(lambda: len(process.log().splitlines()) >= 3, 10, "two seconds pass")
        last = json.loads(process.log().splitlines()[-2])  # the last one may be half written
        self.assertEqual(self.checked(last, "top")["state"], "ready")

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
        report = wait_until(lambda: "www.example.com." in (text := self.next_top()) and text, 20, "the name is shown")
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
            self.assertEqual(self.status_at_end(process, master), 0)
            self.assertEqual(termios.tcgetattr(terminal), before)
            os.close(terminal)
            os.close(master)

    @staticmethod
    def status_at_end(process, master):
        """The terminal reads on meanwhile, as who writes to one that does not may wait."""
        def has_ended():
            if select.select([master], [], [], 0)[0]:
                os.read(master, 65536)
            return process.poll() is not None

        wait_until(has_ended, 10, "tautctl ends")
        return process.returncode

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
            self.assertRegex(self.ctl(*words, status=2), r"\nTry 'tautctl[a-z ]* --help'\.\n$")
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
        self.assertEqual(result.stdout, "reload refresh retransfer\nstatus\n", result.stderr)

    @unittest.skipIf(SANITIZED, "it measures time")
    def test_many_zones(self):
        """With 10,000 zones the list comes whole, and a status comes at once"""
        zones = self.write("zones", "".join(f"zone{i}.example\tmissing\n" for i in range(10_000)))
        self.start("--zone-list", zones)
        wait_until(lambda: self.ctl_json("status")["zones"]["total"] == 10_000, 30, "the list is read")
        self.assertEqual(len(self.ctl_json("zone", "list")["zones"]), 10_000)


if __name__ == "__main__":
    main()

"""Handlers that tautd loads: each [[handler]] is a shared object, checked before use and replaced while the server
runs."""
import json
import os
import shutil
import signal
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import jsonschema
from support import (AAAA, BUILD, NOERROR, PATIENCE, REFUSED, SANITIZED, SERVFAIL, SLOWNESS, SOURCE, TAUTD, Process,
                     Reply, TestCase, ask_udp, free_port, main, make_query, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
OBJECTS = BUILD / "tests/handlers"
ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n"
SCHEMA = json.loads((SOURCE / "docs/tautctl.schema.json").read_text())


def handler(more="", name="loaded", library="loaded.so", options="{}"):
    return f'[[handler]]\nname = "{name}"\nlibrary = "{library}"\noptions = {options}\n{more}'


class Handlers(TestCase):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.path = self.folder / "taut.toml"
        self.install("loaded")
        self.write("zone", ZONE)
        self.clients = ThreadPoolExecutor()
        self.addCleanup(self.clients.shutdown)

    def install(self, name, to="loaded.so"):
        """Writes over what is there, which a server may have loaded."""
        shutil.copyfile(OBJECTS / f"{name}.so", self.folder / to)

    def configure(self, text):
        self.path.write_text('[server]\ncontrol = "control"\nthreads = 1\n[[listen]]\n'
                             f'address = ["127.0.0.1:{self.port}"]\n{text}')

    def start(self, text):
        self.configure(text)
        server = Process([TAUTD, "--config", self.path], self.folder, name="tautd")
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        wait_until(lambda: "listening on" in server.log(), 10, "the server runs")
        return server

    def ctl(self, *words, status=0):
        result = self.run_program(TAUTCTL, "--socket", self.folder / "control", *words)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def reload(self, text, status=0):
        self.configure(text)
        return self.ctl("reload", status=status)

    def refused(self, text):
        """What tautd --check, and a start, say of a configuration that they do not take; the same."""
        self.configure(text)
        check = self.run_program(TAUTD, "--check", "--config", self.path)
        start = self.run_program(TAUTD, "--config", self.path)
        self.assertEqual((check.returncode, start.returncode), (1, 1), check.stderr + start.stderr)
        said = check.stderr.replace(f"{self.folder}/", "").strip()
        self.assertIn(said, start.stderr.replace(f"{self.folder}/", ""))
        return said

    def ask(self, name, kind=1, source=None):
        if source is None:
            return ask_udp("127.0.0.1", self.port, make_query(name, kind), PATIENCE * SLOWNESS)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((source, 0))
            client.settimeout(PATIENCE * SLOWNESS)
            client.connect(("127.0.0.1", self.port))
            client.send(make_query(name, kind))
            return Reply(client.recv(65535))

    def address(self, name):
        reply = self.ask(name)
        return reply.addresses()[0] if reply.answers else reply.rcode

    def test_places(self):
        """A handler is asked for the names of its suffixes, before the zones or after them, by clients of views too"""
        zone = '[[zone]]\nname = "example.com"\nfile = "zone"\n'
        view = '[[view]]\nname = "inside"\nmatch = ["127.0.0.2"]\n'
        self.start(zone + view + handler('suffix = ["www.example.com", "example.org"]\nplace = "before-zones"\n') +
                   handler(name="loaded-late", options='{ ttl = "7s" }'))
        for source in ("127.0.0.1", "127.0.0.2"):
            self.assertEqual(self.ask("www.example.com", source=source).addresses(), ["192.0.2.101"])
            self.assertEqual(self.ask("ns.example.com", source=source).addresses(), ["192.0.2.1"])
            self.assertEqual(self.ask("pass.www.example.com", source=source).rcode, 3, "that is the zone's answer")
            self.assertEqual(self.ask("a.example.org", source=source).answers[0].ttl, 60)
            self.assertEqual(self.ask("a.example.net", source=source).answers[0].ttl, 7)
            self.assertEqual(self.ask("a.example.net", AAAA, source=source).rcode, REFUSED)
        self.assertEqual(self.ask("fail.example.net").rcode, SERVFAIL)

    def test_objects(self):
        """An object that is no handler for this taut is refused before any of it runs, with place and reason"""
        place = "taut.toml:8:11: handler loaded: "
        for library, reason in (
            ("missing.so", "cannot be read: No such file or directory"),
            ("taut.toml", "is no shared object"),
            ("other_library.so", "is no handler; expected a shared object whose source has TAUT_HANDLER"),
            ("other_abi.so", "was built for ABI 99 of taut, and this is ABI 1: it has to be built anew"),
            ("own_taut.so", "has taut in it, and two of it in one process do not work"),
            ("missing_symbol.so", "cannot be loaded: undefined symbol: _Z16nowhereToBeFoundv"),
        ):
            with self.subTest(library):
                name = library.removesuffix(".so")
                if name not in ("missing", "taut.toml"):
                    self.install(name, library)
                self.assertIn(f"{place}{library} {reason}", self.refused(handler(library=library)))
        self.assertIn("holds the handler 'loaded'; expected name = \"loaded\", or one that begins with \"loaded-\"",
                      self.refused(handler(name="other")))

    def test_options(self):
        """What is wrong with an option, or with the making of a handler, is told with its place"""
        for options, said in (
            ('{ ttl = 5 }', "taut.toml:9:19: 'ttl': expected a duration such as \"10s\", not 5"),
            ('{ networks = ["10.0.0.0/8", "x"] }',
             "taut.toml:9:39: 'networks': expected a network such as \"192.0.2.0/24\", not the text \"x\""),
            ('{ ttk = "5s" }',
             "taut.toml:9:19: 'ttk' is no option of the handler; expected one of fail, networks, ttl"),
            ('{ limits = { rate = 5 } }',
             "taut.toml:9:31: 'limits.rate' is no option of the handler; expected one of fail, networks, ttl"),
            ('{ fail = "throw" }', "taut.toml:8:11: handler loaded cannot be made: the moon is full"),
            ('{ fail = "null" }',
             "taut.toml:8:11: handler loaded cannot be made: its factory made none: it gave a null pointer"),
        ):
            with self.subTest(options):
                self.assertEqual(self.refused(handler(options=options)), said)

    def test_start(self):
        """A handler that does not start ends the start of the server"""
        self.configure(handler(options='{ fail = "start" }'))
        result = self.run_program(TAUTD, "--config", self.path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("handler loaded does not start: the moon is full", result.stderr)

    def test_reload(self):
        """A handler of which nothing changes keeps its state; with other options it begins anew, with the queries that
        wait in the one before answered by it"""
        server = self.start(handler())
        self.assertEqual([self.address("count.example.com") for _ in range(2)], ["192.0.2.2", "192.0.2.3"],
                         "the first question was whether the server is there")
        self.reload(handler())
        self.assertEqual(self.address("count.example.com"), "192.0.2.4")
        late = self.clients.submit(self.ask, "late.example.com")
        wait_until(lambda: json.loads(self.ctl("--json", "handlers"))["handlers"][0]["waiting"] == 1, 10, "it waits")
        self.reload(handler(options='{ ttl = "9s" }'))
        reply = self.ask("count.example.com")
        self.assertEqual((reply.addresses(), reply.answers[0].ttl), (["192.0.2.1"], 9))
        self.ask("release.example.com")
        self.assertEqual(late.result().answers[0].ttl, 60)
        self.assertEqual(server.stop(), 0, server.log())
        server.ended = True

    def test_mistake(self):
        """A reload with a mistake in a handler is refused as a whole, and the server goes on as it was"""
        server = self.start(handler())
        zone = '[[zone]]\nname = "example.com"\nfile = "zone"\n'
        for options, said in (('{ ttl = 5 }', "'ttl': expected a duration"),
                              ('{ fail = "throw" }', "cannot be made: the moon is full"),
                              ('{ fail = "start" }', "does not start: the moon is full")):
            self.assertIn(said, self.reload(zone + handler(options=options), status=1))
            self.assertEqual(self.address("www.example.com"), "192.0.2.101")
        self.install("other_abi")
        self.assertIn("was built for ABI 99", self.reload(zone + handler(), status=1))
        self.assertIn("was built for ABI 99", self.ctl("config", "diff", status=1))
        self.assertEqual(self.address("www.example.com"), "192.0.2.101")
        self.install("changed")
        self.reload(zone + handler())
        self.assertEqual(self.address("www.example.com"), "192.0.2.2")
        self.assertTrue(server.running())

    def test_changed_code(self):
        """A library that is written over while it is loaded does no harm, and is loaded anew by a reload"""
        server = self.start(handler())
        for name, address in (("changed", "192.0.2.102"), ("loaded", "192.0.2.101"), ("changed", "192.0.2.102")):
            before = self.address("www.example.com")
            self.install(name)
            self.assertEqual(self.address("www.example.com"), before)
            server.signal(signal.SIGHUP)
            wait_until(lambda: self.address("www.example.com") == address, 10, "the new code answers")  # noqa: B023

    def test_come_and_go(self):
        """Handlers come and go by reloads, in views too, and their counters with them"""
        view = '[[view]]\nname = "inside"\nmatch = ["127.0.0.2"]\n'
        one = handler('suffix = ["one.example"]\n')
        two = handler('suffix = ["two.example"]\n', name="loaded-two")
        self.start(view + one + two)
        for name in ("one.example", "two.example"):
            self.assertEqual(self.ask(name, source="127.0.0.2").addresses(), ["192.0.2.101"])
        self.reload(view + two)
        self.assertEqual([self.ask(name, source="127.0.0.2").rcode for name in ("one.example", "two.example")],
                         [REFUSED, NOERROR])
        self.assertEqual([each["handler"] for each in json.loads(self.ctl("--json", "handlers"))["handlers"]],
                         ["loaded-two"])
        zone = '[[zone]]\nname = "example.com"\nfile = "zone"\n'
        self.reload(zone + view)
        wait_until(lambda: self.ask("two.example").rcode == REFUSED, 10, "no handler answers")
        self.assertEqual(self.ask("two.example", source="127.0.0.2").rcode, REFUSED)
        self.assertIn("no handler is loaded", self.ctl("handlers"))
        self.reload(zone + view + two)
        for source in ("127.0.0.1", "127.0.0.2"):
            wait_until(lambda: self.ask("two.example", source=source).addresses() == ["192.0.2.101"],  # noqa: B023
                       10, "the handler is back")

    def test_none_at_the_start(self):
        """In the sandbox of a server that began without a handler none can be loaded, and the reload says so"""
        zone = '[[zone]]\nname = "example.com"\nfile = "zone"\n'
        server = self.start(zone)
        if "sandbox: off" in server.log():
            self.assertTrue(SANITIZED)
            self.skipTest("there is no sandbox in this build")
        said = self.reload(zone + handler(), status=1)
        self.assertIn("handler loaded: the sandbox lets no handler be loaded where there was none at the start; it "
                      "needs a restart or tautctl upgrade", said)
        self.assertEqual(self.address("www.example.com"), "192.0.2.2")

    def test_what_is_told(self):
        """tautctl and the metrics tell of each handler, and the configuration shows its options"""
        port = free_port()
        self.start(handler('suffix = ["example.com"]\n', options='{ ttl = "9s", networks = ["127.0.0.0/8"] }') +
                   f'[http]\nlisten = ["127.0.0.1:{port}"]\n')
        self.assertEqual(self.address("allowed.example.com"), "192.0.2.1")
        self.ask("pass.example.com")
        self.ask("fail.example.com")
        told = json.loads(self.ctl("--json", "handlers"))
        jsonschema.validate(told, {"$ref": "#/definitions/handlers", "definitions": SCHEMA["definitions"]})
        (one,) = told["handlers"]
        self.assertEqual((one["handler"], one["place"], one["suffixes"]), ("loaded", "after-zones", ["example.com."]))
        self.assertTrue(one["library"].endswith("loaded.so"))
        self.assertEqual((one["answered"], one["passed_on"], one["failed"], one["waiting"]), (1, 1, 1, 0))
        self.assertGreater(one["mean_us"], 0)
        text = self.ctl("handlers")
        self.assertIn("loaded  after-zones  example.com.  ", text)
        self.assertIn("1 answered, 1 passed on, 1 failed, 0 waiting; mean ", text)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10 * SLOWNESS) as response:
            metrics = response.read().decode()
        self.assertIn('taut_loaded_handler_queries_total{handler="loaded",result="answered"} 1', metrics)
        self.assertIn('taut_loaded_handler_duration_seconds_count{handler="loaded"} 3', metrics)
        self.assertIn('handler[0].options.networks = ["127.0.0.0/8"]', self.ctl("config", "show"))
        self.configure(handler(options='{ ttl = "8s" }'))
        self.assertIn("handler[0].options.ttl", self.ctl("config", "diff"))

    def test_tautctl_check(self):
        """tautctl check --zones looks at the libraries without loading them"""
        self.install("other_abi")
        self.configure(handler())
        result = self.run_program(TAUTCTL, "check", "--zones", "--config", self.path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("was built for ABI 99 of taut", result.stderr)


if __name__ == "__main__":
    main()

"""Views: clients of some networks have zones and forwarding of their own, and what these do not say is as for all."""
import json
import os
import re
import signal
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from support import (MX, NOERROR, PATIENCE, REFUSED, SERVFAIL, SLOWNESS, TAUTD, FakeUpstream, Process, Reply, TestCase,
                     frame, free_port, main, make_query, read_frame, wait_until, which)

TAUTCTL = os.environ["TAUT_TAUTCTL"]

ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A {address}\n{more}"

# Clients of the tests.
NONE, FIRST, SECOND, THIRD = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"


def view(name, match, text=""):
    return f'[[view]]\nname = "{name}"\nmatch = ["{match}"]\n{text}'


def zone(name, file):
    return f'[[view.zone]]\nname = "{name}"\nfile = "{file}"\n'


class Views(TestCase):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.path = self.folder / "taut.toml"
        for number in range(1, 5):
            self.write_zone(f"{number}.zone", f"192.0.2.{number}")
        self.clients = ThreadPoolExecutor()
        self.addCleanup(self.clients.shutdown)

    def write_zone(self, name, address, more=""):
        self.write(name, ZONE.format(address=address, more=more))

    def configure(self, text):
        """Replaces the file, as an editor does."""
        listen = f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'
        self.write("new", f"{text}{listen}").rename(self.path)

    def start(self, text, threads=1):
        """With one thread there is one cache of each kind."""
        self.configure(text)
        server = Process([TAUTD, "--config", self.path], self.folder, name="tautd",
                         env={**os.environ, "TAUT_SERVER__THREADS": str(threads)})
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        return server

    def reload(self, server, text, logged=""):
        """Has the server take this text, and returns what the log says of it."""
        before = len(server.log())
        self.configure(text)
        server.signal(signal.SIGHUP)
        wait_until(lambda: re.search(logged or r"no zone has changed|zones: ", server.log()[before:]), 10,
                   f"{logged} in {server.log()}")
        return server.log()[before:]

    def ask(self, name, source, kind=1, timeout=PATIENCE):
        message = make_query(name, kind)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((source, 0))
            client.settimeout(timeout * SLOWNESS)
            client.connect(("127.0.0.1", self.port))
            client.send(message)
            reply = Reply(client.recv(65535))
        self.assertEqual(reply.id, int.from_bytes(message[:2], "big"))
        return reply

    def answers(self, name, source, address):
        wait_until(lambda: self.ask(name, source).addresses() == [address], 10, f"{name} is {address} for {source}")

    def dig(self, source, name):
        result = self.run_program("dig", "-b", source, "@127.0.0.1", "-p", self.port, "+tries=1", "+short", name)
        return result.stdout.split()

    def upstream(self):
        upstream = FakeUpstream()
        self.addCleanup(upstream.close)
        return upstream

    def answered_by(self, upstream, address, name, source):
        """Asks, and has the upstream answer with the address."""
        waiting = self.clients.submit(self.ask, name, source)
        query, client = upstream.receive()
        upstream.send(query, client, address)
        self.assertEqual(waiting.result().addresses(), [address])

    def test_first_match(self):
        """The first view that matches counts, its zones hide others of their names, and other zones are inherited"""
        self.write_zone("alias.zone", "192.0.2.2", "out 60 CNAME www.other.\n")
        self.start('[[zone]]\nname = "example"\nfile = "1.zone"\n[[zone]]\nname = "other"\nfile = "4.zone"\n'
                   '[[zone]]\nname = "deep.example"\nfile = "4.zone"\n'
                   + view("first", FIRST, zone("example", "alias.zone"))
                   + view("second", "127.0.0.2/31", zone("example", "3.zone") + zone("only.second", "3.zone"))
                   + view("never", "127.0.0.2/31", zone("example", "4.zone"))
                   + view("empty", THIRD) + view("all-but-third", "127.0.0.4/31", zone("example", "4.zone")))
        for source, address in ((NONE, 1), (FIRST, 2), (SECOND, 3), (THIRD, 1), ("127.0.0.5", 4)):
            self.assertEqual(self.dig(source, "www.example"), [f"192.0.2.{address}"], source)
            self.assertEqual(self.ask("www.other", source).addresses(), ["192.0.2.4"], source)
            self.assertEqual(self.ask("www.deep.example", source).addresses(), ["192.0.2.4"], source)
            with socket.create_connection(("127.0.0.1", self.port), 5, (source, 0)) as connection:
                connection.sendall(frame(make_query("www.example")))
                self.assertEqual(Reply(read_frame(connection)).addresses(), [f"192.0.2.{address}"], source)
        self.assertEqual(self.ask("out.example", FIRST).addresses(), ["192.0.2.4"])
        self.assertEqual(self.ask("www.only.second", SECOND).addresses(), ["192.0.2.3"])
        for source in (NONE, FIRST, THIRD):
            self.assertEqual(self.ask("www.only.second", source).rcode, REFUSED, source)

    def test_own_forwarding(self):
        """A view that forwards has a cache and questions of its own, and one without shares those of all"""
        outer, inner = self.upstream(), self.upstream()
        self.start(f'[forward]\nservers = ["127.0.0.1:{outer.port}"]\ncache.size = "1M"\n'
                   + view("own", FIRST, f'[view.forward]\nservers = ["127.0.0.1:{inner.port}"]\n')
                   + view("shared", SECOND))
        asked = [self.clients.submit(self.ask, "www.example", source) for source in (NONE, FIRST)]
        for upstream, address in ((outer, "192.0.2.1"), (inner, "192.0.2.2")):
            query, client = upstream.receive()
            upstream.send(query, client, address)
        self.assertEqual([one.result().addresses() for one in asked], [["192.0.2.1"], ["192.0.2.2"]])
        for source, address in ((NONE, "192.0.2.1"), (FIRST, "192.0.2.2"), (SECOND, "192.0.2.1")):
            self.assertEqual(self.ask("www.example", source).addresses(), [address])
        self.answered_by(inner, "192.0.2.7", "inner.example", FIRST)
        self.answered_by(outer, "192.0.2.8", "inner.example", SECOND)
        self.assertEqual(self.ask("inner.example", FIRST).addresses(), ["192.0.2.7"])

    def test_recursion(self):
        """RA says to each client whether its view forwards, and without recursion neither server nor cache is asked"""
        upstream = self.upstream()
        self.write("hosts", "192.0.2.5 box.test\n")
        forward = f'[view.forward]\nservers = ["127.0.0.1:{upstream.port}"]\ncache.size = "1M"\n'
        server = self.start('hosts-file = "hosts"\n[[zone]]\nname = "example"\nfile = "1.zone"\n'
                            + view("own", FIRST, forward)
                            + view("none", SECOND, "recursion = false\n"))
        server.wait_for_log(f"questions of view own are forwarded to 127.0.0.1:{upstream.port}, with a cache of 1M")
        for source, available in ((NONE, False), (FIRST, True), (SECOND, False)):
            reply = self.ask("www.example", source)
            self.assertEqual((reply.addresses(), reply.recursion_available), (["192.0.2.1"], available), source)
            self.assertEqual(self.ask("box.test", source).addresses(), ["192.0.2.5"])
        self.answered_by(upstream, "192.0.2.9", "www.test", FIRST)
        for source in (NONE, SECOND):
            self.assertEqual(self.ask("www.test", source).rcode, REFUSED)
            self.assertEqual(self.ask("box.test", source, MX).rcode, NOERROR)

    def test_no_recursion_beside_forwarding(self):
        """A view without recursion is not answered from the cache that others fill"""
        upstream = self.upstream()
        self.write("hosts", "192.0.2.5 box.test\n")
        self.start(f'hosts-file = "hosts"\n[forward]\nservers = ["127.0.0.1:{upstream.port}"]\ncache.size = "1M"\n'
                   + view("none", FIRST, "recursion = false\n"))
        self.answered_by(upstream, "192.0.2.9", "www.test", NONE)
        reply = self.ask("www.test", FIRST)
        self.assertEqual((reply.rcode, reply.recursion_available), (REFUSED, False))
        self.assertEqual(self.ask("box.test", FIRST, MX).rcode, NOERROR)
        self.assertTrue(self.ask("www.test", NONE).recursion_available)

    def test_allow(self):
        """A view forwards for the networks that [forward] allows, or for its own ones"""
        upstream = self.upstream()
        forward = f'[view.forward]\nservers = ["127.0.0.1:{upstream.port}"]\ncache.size = "1M"\n'
        self.start(f'[forward]\nservers = ["127.0.0.1:{upstream.port}"]\nallow = ["192.0.2.0/24"]\n'
                   + view("as-outside", FIRST, forward) + view("own", SECOND, forward + 'allow = ["any"]\n'))
        for source in (NONE, FIRST):
            self.assertEqual(self.ask("www.test", source).rcode, REFUSED, source)
        self.answered_by(upstream, "192.0.2.9", "www.test", SECOND)

    def test_reload_loses_nothing(self):
        """Views that come, go, change places and networks under load lose no query"""
        outside = '[[zone]]\nname = "one"\nfile = "1.zone"\n'
        first, second = (view(name, source, zone("one", f"{number}.zone"))
                         for name, source, number in (("first", FIRST, 2), ("second", SECOND, 3)))
        server = self.start(outside, threads=2)
        names = self.write("names", "www.one A\n")
        loads = [self.spawn(which("dnsperf"), "-s", "127.0.0.1", "-p", self.port, "-a", source, "-d", names, "-m", mode,
                            "-l", 5, "-Q", 1000 // SLOWNESS, "-q", 50, "-S", 0.1)
                 for source, mode in ((NONE, "udp"), (FIRST, "udp"), (SECOND, "tcp"))]
        for load in loads:
            wait_until(lambda load=load: re.search(r"^\d+\.\d+: \d+", load.log(), re.MULTILINE), 10, "dnsperf works")
        rounds = 0
        while any(load.running() for load in loads):
            rounds += 1
            for text, addresses in (("", (1, 1)), (first, (2, 1)), (second + first, (2, 3)), (first + second, (2, 3)),
                                    (view("wide", "127.0.0.2/31", zone("one", "4.zone")) + first, (4, 4))):
                self.reload(server, outside + text)
                for source, address in zip((FIRST, SECOND), addresses):
                    self.answers("www.one", source, f"192.0.2.{address}")
                self.answers("www.one", NONE, "192.0.2.1")
        for load in loads:
            self.assertEqual(load.wait(30 * SLOWNESS), 0, load.log())
            self.assertRegex(load.log(), r"Queries lost:\s+0 \(0\.00%\)")
            self.assertRegex(load.log(), r"NOERROR \d+ \(100\.00%\)")
        self.assertGreater(rounds, 1)

    def test_reload_keeps_caches(self):
        """The caches of views live on over a reload of others, and end with their views or where their size changes"""
        outer, inner, other = self.upstream(), self.upstream(), self.upstream()
        head = f'[forward]\nservers = ["127.0.0.1:{outer.port}"]\ncache.size = "1M"\n'
        own = f'[view.forward]\nservers = ["127.0.0.1:{inner.port}"]\n'
        server = self.start(head + view("kept", FIRST, own))
        self.answered_by(outer, "192.0.2.1", "www.test", NONE)
        self.answered_by(inner, "192.0.2.2", "www.test", FIRST)
        new = view("new", SECOND, f'[view.forward]\nservers = ["127.0.0.1:{other.port}"]\n')
        for text in (view("kept", "127.0.0.2/32", own), new + view("kept", FIRST, own),
                     new + view("kept", FIRST, own.replace(str(inner.port), str(other.port)))):
            self.reload(server, head + text)
            self.assertEqual(self.ask("www.test", FIRST).addresses(), ["192.0.2.2"])
            self.assertEqual(self.ask("www.test", NONE).addresses(), ["192.0.2.1"])
        self.answered_by(other, "192.0.2.3", "www.test", SECOND)
        self.answered_by(other, "192.0.2.4", "more.test", FIRST)
        said = self.reload(server, head + view("kept", FIRST, own + 'cache.size = "2M"\n'))
        self.assertIn('view[0].forward.cache.size = "2M", was not given', said)
        self.answered_by(inner, "192.0.2.5", "www.test", FIRST)
        self.assertEqual(self.ask("www.test", SECOND).addresses(), ["192.0.2.1"])

    def test_waits_over_reload(self):
        """A query that waits in a view which a reload takes away gets the answer that it waits for"""
        outer, inner = self.upstream(), self.upstream()
        head = f'[forward]\nservers = ["127.0.0.1:{outer.port}"]\n'
        server = self.start(head + view("gone", FIRST, f'[view.forward]\nservers = ["127.0.0.1:{inner.port}"]\n'))
        waiting = self.clients.submit(self.ask, "www.test", FIRST)
        query, client = inner.receive()
        self.reload(server, head)
        self.answered_by(outer, "192.0.2.1", "other.test", FIRST)
        inner.send(query, client, "192.0.2.2")
        self.assertEqual(waiting.result().addresses(), ["192.0.2.2"])
        again = self.clients.submit(self.ask, "www.test", FIRST)
        query, client = outer.receive()
        outer.send(query, client, "192.0.2.3")
        self.assertEqual(again.result().addresses(), ["192.0.2.3"])

    def test_first_forwarding_by_reload(self):
        """A server that forwarded nothing begins to for a view that a reload brings"""
        upstream = self.upstream()
        outside = '[[zone]]\nname = "example"\nfile = "1.zone"\n'
        server = self.start(outside)
        self.reload(server, outside + view("own", FIRST, f'[view.forward]\nservers = ["127.0.0.1:{upstream.port}"]\n'))
        self.answered_by(upstream, "192.0.2.2", "www.test", FIRST)
        self.assertEqual(self.ask("www.test", NONE).rcode, REFUSED)

    def test_broken_zones(self):
        """A zone of a view that does not load ends a start; over a reload it is as before, or SERVFAIL if new"""
        outside = '[[zone]]\nname = "one"\nfile = "1.zone"\n'
        first = view("first", FIRST, zone("one", "2.zone"))
        server = self.start(outside + first)
        self.write("2.zone", "broken\n")
        said = self.reload(server, outside + first)
        self.assertRegex(said, r"2\.zone:1:")
        self.assertEqual(self.ask("www.one", FIRST).addresses(), ["192.0.2.2"])
        self.reload(server, outside + first + view("second", SECOND, zone("one", "2.zone")))
        wait_until(lambda: self.ask("www.one", SECOND).rcode == SERVFAIL, 10, "the new view has the zone")
        self.assertEqual(self.ask("www.one", FIRST).addresses(), ["192.0.2.2"])
        self.assertEqual(self.ask("www.one", NONE).addresses(), ["192.0.2.1"])
        self.write_zone("2.zone", "192.0.2.9")
        said = self.reload(server, outside + first + view("second", SECOND, zone("one", "2.zone")))
        self.answers("www.one", SECOND, "192.0.2.9")
        self.assertIn("zone one. of view second added", said)
        self.assertIn("zone one. of view first loaded anew", said)
        self.write("2.zone", "broken\n")
        result = self.run_program(TAUTD, "--config", self.path)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"2\.zone:1:")

    def test_mistakes(self):
        """Mistakes in views are told with their places, all in one go, and change nothing over a reload"""
        server = self.start('[[zone]]\nname = "one"\nfile = "1.zone"\n' + view("first", FIRST, zone("one", "2.zone")))
        lines = [
            ('[[view]]', (1, 1, "a view without a name; expected name")),
            ('match = ["ofice"]', (2, 10, "no name in \\[acl\\]; did you mean 'office'")),
            ('[[view]]', (3, 1, "a view without clients; expected match")),
            ('name = "a b"', (4, 8, "'a b' is no name of a view; expected letters")),
            ('[[view]]', None),
            ('name = "twice"', None),
            ('match = ["any"]', None),
            ('recursion = false', None),
            ('[view.forward]', (9, 7, "\\[view.forward\\] does not go with recursion = false")),
            ('server = ["192.0.2.1"]', (10, 1, "not known in \\[view.forward\\]; did you mean 'servers'")),
            ('[[view]]', None),
            ('name = "twice"', (12, 8, "view twice is there already")),
            ('match = []', (13, 9, "a view without clients")),
            ('[view.forward]', (14, 7, "\\[view.forward\\] without a server forwards nothing")),
            ('[[view.zone]]', None),
            ('name = "one"', None),
            ('fiel = "x"', (17, 1, "not known in \\[\\[view.zone\\]\\]; did you mean 'file'")),
            ('[[view.zone]]', None),
            ('name = "ONE."', (19, 8, "zone ONE. of .* is there already, from .*:16:8")),
            ('[acl]', None),
            ('office = ["10.0.0.0/8"]', None),
        ]
        self.reload(server, "".join(line + "\n" for line, _ in lines), "nothing has changed")
        result = self.run_program(TAUTD, "--check", "--config", self.path)
        self.assertEqual(result.returncode, 1)
        said = result.stderr.splitlines()
        expected = [place for _, place in lines if place]
        self.assertEqual(len(said), len(expected), result.stderr)
        for line, (number, column, text) in zip(said, expected):
            self.assertRegex(line, rf"^{re.escape(str(self.path))}:{number}:{column}: .*{text}")
            self.assertIn(line, server.log())
        self.assertEqual(self.ask("www.one", FIRST).addresses(), ["192.0.2.2"])

    def test_control(self):
        """tautctl, the status and the metrics tell zones of views apart, and a cache is flushed in all views"""
        upstream = self.upstream()
        http, control = free_port(), self.folder / "control"
        server = self.start(
            f'[server]\ncontrol = "{control}"\n[http]\nlisten = ["127.0.0.1:{http}"]\n'
            '[[zone]]\nname = "one"\nfile = "1.zone"\n'
            + view("inside", FIRST, zone("one", "2.zone") +
                   f'[view.forward]\nservers = ["127.0.0.1:{upstream.port}"]\ncache.size = "1M"\n'))

        def ctl(*words, status=0):
            result = self.run_program(TAUTCTL, "--socket", control, *words)
            self.assertEqual(result.returncode, status, result.stderr)
            return result.stdout if status == 0 else result.stderr

        zones = json.loads(ctl("--json", "zone", "list"))["zones"]
        self.assertEqual([(one["zone"], one["view"]) for one in zones], [("one.", ""), ("one.", "inside")])
        self.assertRegex(ctl("zone", "list"), r"\Aone\. .* records\none\. .* records  view inside\n\Z")
        self.assertIn("192.0.2.1", ctl("zone", "dump", "one").split("www")[1])
        self.assertIn("192.0.2.2", ctl("zone", "dump", "one", "--view", "inside").split("www")[1])
        self.assertEqual(json.loads(ctl("--json", "zone", "status", "one", "--view", "inside"))["view"], "inside")
        for words, missing in ((("status", "one", "--view", "outside"), "one. of view outside"),
                               (("reload", "two", "--view", "inside"), "two. of view inside")):
            self.assertIn(f"there is no zone {missing}", ctl("zone", *words, status=1))
        for number in (1, 2):
            self.write_zone(f"{number}.zone", "192.0.2.7")
        ctl("zone", "reload", "one", "--view", "inside")
        self.answers("www.one", FIRST, "192.0.2.7")
        self.assertEqual(self.ask("www.one", NONE).addresses(), ["192.0.2.1"])
        ctl("zone", "reload", "one")
        self.answers("www.one", NONE, "192.0.2.7")

        def read(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{http}{path}", timeout=10) as reply:
                return reply.read().decode()

        shown = json.loads(read("/status.json"))["zones"]
        self.assertEqual((shown["total"], [one["view"] for one in shown["shown"]]), (2, ["", "inside"]))
        metrics = read("/metrics")
        for label in ("", "inside"):
            self.assertRegex(metrics, rf'\ntaut_zone_serial\{{zone="one.",view="{label}"\}} 1\n')
        self.assertIn('\ntaut_zones{state="loaded"} 2\n', metrics)
        self.assertIn("one. of view inside", read("/"))

        self.answered_by(upstream, "192.0.2.9", "www.test", FIRST)
        kept = json.loads(ctl("--json", "cache", "show", "www.test"))["answers"]
        self.assertEqual([(one["view"], one["key"]) for one in kept], [("inside", "www.test. IN A")])
        self.assertIn(", view inside\n", ctl("cache", "show", "www.test"))
        self.assertEqual(json.loads(read("/status.json"))["statistics"]["cache"]["entries"], 1)
        self.assertEqual(ctl("cache", "flush", "www.test"), "1 answers forgotten\n")
        self.answered_by(upstream, "192.0.2.10", "www.test", FIRST)
        hits = self.cache_hits(read)
        self.configure(self.without_views(self.path.read_text()))
        ctl("reload")
        self.assertIn("the server has no cache", ctl("cache", "show", "www.test", status=1))
        wait_until(lambda: self.cache_hits(read) == hits, 10, "what the view has counted is not lost")
        removed = "zone one. of view inside removed"
        self.assertEqual(server.wait_for_log(removed).count(removed), 1)

    def cache_hits(self, read):
        cache = json.loads(read("/status.json"))["statistics"]["cache"]
        return cache["hits"] + cache["misses"]

    @staticmethod
    def without_views(text):
        """The same file without its views, which are before the [[listen]] at its end."""
        return text[:text.index("[[view]]")]


if __name__ == "__main__":
    main()

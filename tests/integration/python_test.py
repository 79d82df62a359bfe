"""The handler that has Python scripts answer: what a script may do, and that one that fails, or never ends, keeps no
other queries waiting."""
import os
from concurrent.futures import ThreadPoolExecutor

from support import (BUILD, NOERROR, PATIENCE, REFUSED, SERVFAIL, SLOWNESS, SOURCE, TAUTD, Process, TestCase, ask_udp,
                     free_port, main, make_query, wait_until)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\nwww 60 A 192.0.2.3\n"
ADDRESS = '''
def address(query, text):
    answer = taut.Answer()
    answer.add(query.name, 60, "A", text)
    return answer
'''


class Python(TestCase):
    @classmethod
    def setUpClass(cls):
        """The handler is not built unless asked for, so it is built here where the build has none."""
        super().setUpClass()
        cls.library = BUILD / "src/python/libtaut-python.so"

    def setUp(self):
        super().setUp()
        if not self.library.exists():
            self.build()
        self.port = free_port()
        self.script = self.folder / "policy.py"
        self.write("zone", ZONE)
        self.clients = ThreadPoolExecutor(max_workers=32)
        self.addCleanup(self.clients.shutdown)

    def build(self):
        folder = BUILD / "with-python"
        if not folder.exists():
            self.must("meson", "setup", folder, SOURCE, "-Dpython=true", "-Dtests=false", "-Dexamples=false",
                      "-Doptimization=0", "-Ddebug=false", "-Dunity=on")
        self.must("ninja", "-C", folder, "src/python/libtaut-python.so")
        type(self).library = folder / "src/python/libtaut-python.so"

    def must(self, *command):
        result = self.run_program(*command, timeout=600)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout + result.stderr

    # Where the limit is not what is tested, a loaded machine does not come near it.
    def configure(self, script, options=', limit = "60s"'):
        self.script.write_text(f"import taut\n{ADDRESS}\n{script}")
        self.write("taut.toml", f'''[server]
control = "control"
threads = 1
[[listen]]
address = ["127.0.0.1:{self.port}"]
[[zone]]
name = "example.com"
file = "zone"
[[handler]]
name = "python"
library = "{self.library}"
place = "before-zones"
options = {{ script = "{self.script}"{options} }}
''')

    def start(self, script, *options):
        self.configure(script, *options)
        server = Process([TAUTD, "--config", self.folder / "taut.toml"], self.folder, name="tautd")
        server.port = self.port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server, query=make_query("www.example.com", 1))
        return server

    def reload(self, script, status=0):
        self.configure(script)
        result = self.run_program(TAUTCTL, "--socket", self.folder / "control", "reload")
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def ask(self, name, kind=1):
        return ask_udp("127.0.0.1", self.port, make_query(name, kind), PATIENCE * SLOWNESS)

    def dig(self, *words):
        return self.must("dig", "@127.0.0.1", "-p", str(self.port), "+tries=1", *words)

    def test_example(self):
        """The example blocks names, answers by itself, looks up, waits, and passes on"""
        policy = (SOURCE / "examples/python/policy.py").read_text().replace("www.example.org.", "www.example.com.")
        self.start(policy, f', limit = "60s", servers = ["127.0.0.1:{self.port}"]')
        blocked = self.dig("a.ADS.example", "A")
        self.assertIn("NXDOMAIN", blocked)
        self.assertIn("EDE: 15 (Blocked): (by the house rules)", blocked)
        self.assertEqual(self.dig("+short", "client.example", "TXT"), '"you are 127.0.0.1"\n')
        self.assertEqual(sorted(self.ask("mirror.example").addresses()), ["192.0.2.2", "192.0.2.3"])
        self.assertEqual(sorted(self.ask("www.example.com").addresses()), ["192.0.2.2", "192.0.2.3"])
        self.assertEqual(self.ask("other.example", 255).rcode, REFUSED)

    def test_records(self):
        """Records of any type are written as in a master file, into any section"""
        self.start('''
async def resolve(query):
    if query.name == "www.example.com.":
        return None
    answer = taut.Answer(rcode="NXDOMAIN")
    answer.authoritative = True
    answer.add("x.example", 5, "TXT", '"a b" c\\\\"d')
    answer.add("x.example", 5, "TYPE65280", "\\\\# 2 abcd")
    answer.add("example", 7, "SOA", "ns.example. host.example. 1 2 3 4 5", section="authority")
    return answer
''')
        said = self.dig("x.example", "TXT")
        for expected in ("NXDOMAIN", "qr aa", '5\tIN\tTXT\t"a b" "c\\"d"', "TYPE65280 \\# 2 ABCD",
                         "7\tIN\tSOA\tns.example. host.example. 1 2 3 4 5"):
            self.assertIn(expected, said)

    def test_failures(self):
        """A script that fails gives SERVFAIL, and the log says what Python says, and where"""
        server = self.start('''
async def resolve(query):
    match query.name:
        case "raise.example.": raise ValueError("no such\\ncolour")
        case "value.example.": return 7
        case "await.example.":
            import asyncio
            await asyncio.sleep(1)
        case "rdata.example.": address(query, "192.0.2.256")
        case "owner.example.": taut.Answer().add("a..b", 1, "A", "192.0.2.1")
        case "exit.example.": raise SystemExit(3)
        case "lookup.example.": await taut.lookup("www.example.com", "A")
        case "str.example.":
            class Worse(Exception):
                def __str__(self): raise self
            raise Worse
''')
        for name, said in (("raise", "policy.py: ValueError: no such colour, at policy.py line 11"),
                           ("value", "returns neither a taut.Answer nor None"),
                           ("await", "RuntimeError: no running event loop, at "),
                           ("rdata", "ValueError: A '192.0.2.256': "),
                           ("owner", "ValueError: 'a..b' is no name, at policy.py line 17"),
                           ("exit", "SystemExit: 3"),
                           ("lookup", "LookupFailed: there is no option 'servers' that says whom to ask"),
                           ("str", "an exception that cannot be told")):
            with self.subTest(name):
                self.assertEqual(self.ask(f"{name}.example").rcode, SERVFAIL)
                server.wait_for_log(said)
        self.assertEqual(self.ask("www.example.com").rcode, NOERROR)

    def test_endless(self):
        """A script that never ends is interrupted at its limit, whatever it does, and answers again"""
        self.start('''
import re, time
async def resolve(query):
    match query.name:
        case "loop.example.":
            while True: pass
        case "stubborn.example.":
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                try:
                    while time.monotonic() < end: pass
                except BaseException: pass
        case "blocked.example.": time.sleep(600)
        case "pattern.example.": re.match("(a*)*b", "a" * 50)
        case "fast.example.": return address(query, "192.0.2.9")
''', ', limit = "300ms"')
        for name in ("loop", "stubborn", "blocked", "pattern"):
            with self.subTest(name):
                self.assertEqual(self.ask(f"{name}.example").rcode, SERVFAIL)
                wait_until(lambda: self.ask("fast.example").rcode == NOERROR, 10, "the script answers again")

    def test_others(self):
        """Names that are not a script's are answered while it is busy"""
        goes_on = self.write("goes-on", "")
        self.start(f'''
import os
async def resolve(query):
    while query.name == "loop.example." and os.path.exists("{goes_on}"): pass
''')
        toml = self.folder / "taut.toml"
        toml.write_text(toml.read_text().replace("before-zones", "after-zones"))
        self.must(TAUTCTL, "--socket", self.folder / "control", "reload")
        late = self.clients.submit(self.ask, "loop.example")
        for _ in range(200):
            self.assertEqual(self.ask("www.example.com").rcode, NOERROR)
        self.assertFalse(late.done())
        goes_on.unlink()
        self.assertEqual(late.result().rcode, REFUSED)

    def test_waits(self):
        """Queries wait side by side in a script, as many as may, and one that is given up runs its finally"""
        self.start('''
ended = 0
async def resolve(query):
    global ended
    if query.name == "ended.example.": return address(query, f"192.0.2.{ended}")
    if query.name != "wait.example.": return None
    try:
        await taut.sleep(30)
    finally:
        ended += 1
''', ', limit = "5s", queries = 8')
        waiting = [self.clients.submit(self.ask, "wait.example") for _ in range(12)]
        self.assertEqual({each.result().rcode for each in waiting}, {SERVFAIL})
        wait_until(lambda: self.ask("ended.example").addresses() == ["192.0.2.8"], 10, "eight have waited")

    def test_imports(self):
        """A script may import what belongs to Python while the sandbox holds"""
        server = self.start('''
async def resolve(query):
    import asyncio, ctypes, decimal, json, sqlite3, ssl, threading, urllib.request
    return address(query, "192.0.2.7")
''')
        self.assertEqual(self.ask("www.example").addresses(), ["192.0.2.7"], server.log())
        server.wait_for_log("Landlock")

    def test_reload(self):
        """A reload takes a changed script, refuses one that does not load, and leaves one that is as it was"""
        counting = '''
count = 0
async def resolve(query):
    global count
    count += 1
    return address(query, f"192.0.2.{count}")
'''
        self.start(counting)
        before = int(self.ask("a.example").addresses()[0].rpartition(".")[2])
        self.run_program(TAUTCTL, "--socket", self.folder / "control", "reload")
        self.assertEqual(self.ask("a.example").addresses(), [f"192.0.2.{before + 1}"])
        for script, said in (("async def resolve(query)\n", "policy.py: SyntaxError: expected ':' (policy.py, line 8)"),
                             ("def resolve(query): pass\n", "policy.py: has no 'async def resolve(query)'"),
                             ("raise KeyError(1)\n", "policy.py: KeyError: 1, at policy.py line 8")):
            self.assertIn(said, self.reload(script, status=1))
            self.assertNotEqual(self.ask("a.example").addresses(), [])
        self.reload(counting.replace("count = 0", "count = 100"))
        self.assertEqual(self.ask("a.example").addresses(), ["192.0.2.101"])

    def test_changed_library(self):
        """A changed library is refused until a restart, since there is one Python in a process"""
        copy = self.folder / "copy.so"
        copy.write_bytes(self.library.read_bytes())
        self.library, library = copy, self.library
        script = 'async def resolve(query):\n    return address(query, "192.0.2.1")\n'
        self.start(script)
        copy.write_bytes(library.read_bytes() + b"\\0")
        self.assertIn("a changed one needs a restart", self.reload(script, status=1))
        self.assertEqual(self.ask("a.example").addresses(), ["192.0.2.1"])

    def test_end(self):
        """The server ends in order while a script runs that never does"""
        server = self.start('async def resolve(query):\n    while query.name == "loop.example.": pass\n',
                            ', limit = "60s"')
        self.clients.submit(self.ask, "loop.example")
        server.stop()
        self.assertFalse(server.running())


if __name__ == "__main__":
    main()

"""The bench itself: its generator counts what a server answers, its sums are right, and it leaves nothing running."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

SOURCE = Path(os.environ.get("TAUT_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("TAUT_BUILD", SOURCE / "build"))
sys.path[:0] = [str(SOURCE / "tools/bench_lib"), str(SOURCE / "tests/integration")]

import attacks  # noqa: E402
import chart  # noqa: E402
import recursion  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import support  # noqa: E402
from processes import ServerClocks  # noqa: E402

GENERATOR = str(BUILD / "benchmarks/taut-generator")
QUESTIONS = "www.example.com A\nwww.example.com AAAA EDNS\nnothing.example.com A DO\n"


def generate(port, *arguments, questions=QUESTIONS):
    with tempfile.NamedTemporaryFile("w", suffix=".queries") as file:
        file.write(questions)
        file.flush()
        command = [GENERATOR, "--server", f"127.0.0.1:{port}", "--queries", file.name, *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)


class Generator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.port = support.free_port()
        zone = Path(cls.folder.name, "zone")
        zone.write_text("$ORIGIN example.com.\n@ 60 IN SOA ns1 hostmaster 1 2 3 4 5\n@ 60 IN NS ns1\n"
                        "ns1 60 IN A 192.0.2.1\nwww 60 IN A 192.0.2.2\n")
        cls.server = subprocess.Popen(
            [support.TAUTD, "-i", "127.0.0.1", "-p", str(cls.port), "-t", "1", "--zone", str(zone)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        support.wait_until(lambda: generate(cls.port, "--tcp", "--seconds", "0.01").returncode == 0, what="tautd")

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait()
        cls.folder.cleanup()

    def load(self, *arguments):
        result = generate(self.port, "--seconds", "0.3", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def check(self, result):
        self.assertGreater(result["answered"], 100)
        self.assertEqual(result["answered"], result["sent"] - result["lost"])
        self.assertEqual(result["lost"], 0)
        self.assertEqual(sum(result["rcodes"].values()), result["answered"])
        self.assertAlmostEqual(result["rcodes"]["NXDOMAIN"] / result["answered"], 1 / 3, delta=0.05)

    def test_one_socket(self):
        """One socket at saturation: every query is answered and counted"""
        self.check(self.load())

    def test_many_sockets(self):
        """Fifty sockets at saturation: every query is answered and counted"""
        self.check(self.load("--sockets", "50", "--window", "200"))

    def test_tcp(self):
        """Connections over TCP: every query is answered and counted"""
        self.check(self.load("--tcp", "--sockets", "7", "--window", "70"))

    def test_paced(self):
        """A constant rate is kept, and latency is told in order"""
        result = self.load("--rate", "5000", "--sockets", "4")
        self.check(result)
        self.assertAlmostEqual(result["sent"], 1500, delta=100)
        latency = [result["latency"][key] for key in ("p50", "p90", "p99", "p99.9")]
        self.assertEqual(latency, sorted(latency))
        self.assertGreater(latency[0], 0)

    def test_silence(self):
        """Where no server answers, everything is lost and the load ends"""
        with Silent() as port:
            result = generate(port, "--seconds", "0.2", "--window", "10")
        counted = json.loads(result.stdout)
        self.assertEqual(counted["answered"], 0)
        self.assertEqual(counted["lost"], counted["sent"])
        self.assertGreater(counted["sent"], 0)

    def test_bad_question(self):
        """A file that holds no question is refused with its reason"""
        result = generate(self.port, questions="www.example.com NOTYPE\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn("not a name and a type", result.stderr)


class Silent:
    """A UDP port that takes everything and says nothing."""

    def __enter__(self):
        self.upstream = support.FakeUpstream()
        return self.upstream.port

    def __exit__(self, *_):
        self.upstream.close()


class Sums(unittest.TestCase):
    def round(self, qps, cpu, rcodes=None):
        return {"qps": qps, "cpu_us": cpu, "user_us": cpu / 4, "system_us": cpu * 3 / 4, "lost": 1, "sent": 10,
                "memory": 100, "rcodes": rcodes or {"NOERROR": 9}}

    def test_ratios(self):
        """Ratios are taken round by round, and the median of them counts"""
        rounds = {"taut": [self.round(10, 1.0), self.round(30, 2.0), self.round(20, 9.0)],
                  "knot": [self.round(10, 2.0), self.round(10, 8.0), self.round(10, 9.0)]}
        ratio = results.summarise({"rounds": rounds})["ratios"]["knot"]
        self.assertEqual(ratio["cpu_us"], {"median": 0.5, "min": 0.25, "max": 1.0})
        self.assertEqual(ratio["qps"]["median"], 2.0)

    def test_medians(self):
        """A server's figures are medians over its rounds; losses add up"""
        rounds = {"taut": [self.round(10, 1.0), self.round(30, 2.0), self.round(20, 9.0)]}
        summary = results.summarise({"rounds": rounds})["servers"]["taut"]
        self.assertEqual(summary["qps"]["median"], 20)
        self.assertEqual(summary["cpu_us"], {"median": 2.0, "min": 1.0, "max": 9.0})
        self.assertEqual(summary["lost"], 3)

    def attacked(self, p99, noerror):
        return {"sent": 100, "rcodes": {"NOERROR": noerror, "SERVFAIL": 1}, "latency": {"p50": 100.0, "p99": p99}}

    def test_attacks(self):
        """Latencies beside an attack are medians over the rounds; what was not answered with NOERROR adds up"""
        rounds = [self.attacked(300.0, 99), self.attacked(900.0, 90), self.attacked(500.0, 99)]
        seen = {("dead", "forwarding", "taut"): rounds}
        [result] = attacks.summarise(seen)
        self.assertEqual(result["client"], "forwarding")
        self.assertEqual(result["servers"], {"taut": {"sent": 300, "unanswered": 12, "p50": 100.0, "p99": 500.0}})
        self.assertEqual(report.attack_cell(result["servers"]["taut"]), "0.10 / 0.50; 12 of 300")

    def test_joined(self):
        """A run of the attacks alone leaves the other results of the page, and a run of others the attacks"""
        nothing = {"measures": [], "loads": [], "idle": [], "attack": None}
        others, alone = nothing | {"measures": ["new"]}, nothing | {"attack": "new"}
        written = {"measures": ["old"], "loads": ["old"], "idle": ["old"], "attack": "old"}
        self.assertEqual(report.joined(others, written), others | {"attack": "old"})
        self.assertEqual(report.joined(alone, written), written | {"attack": "new"})
        self.assertEqual(report.joined(others, {}), others)

    def test_exact_clock(self):
        """The scheduler's sum counts, split as the clock ticks say"""
        used = ServerClocks(11.02, 5.25, 10.75).since(ServerClocks(10.0, 5.0, 10.0))
        self.assertAlmostEqual(used.user, 0.255)
        self.assertAlmostEqual(used.system, 0.765)

    def test_ended_threads(self):
        """Where threads have ended, the clock ticks count"""
        used = ServerClocks(10.1, 5.25, 10.75).since(ServerClocks(10.0, 5.0, 10.0))
        self.assertAlmostEqual(used.user + used.system, 1.0)

    def test_chart(self):
        """The chart is well-formed, whatever the names"""
        picture = chart.bars("a < b", ("x", "y"), [("one & two", [("taut", 0.2, 3.0), ("<other>", 0, 0)])])
        root = xml.etree.ElementTree.fromstring(picture)
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn("one & two", texts)
        self.assertIn("3.20", texts)


@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two cores")
class Bench(unittest.TestCase):
    def test_run(self):
        """A run writes a table, JSON and a chart, and leaves no process and no file"""
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(SOURCE / "tools/bench_lib/bench.py"), "--quick", "--servers", "taut,echo",
                       "--rounds", "1", "--seconds", "0.2", "--build", str(BUILD), "--output", folder]
            scratch = Path(folder, "scratch")
            scratch.mkdir()
            environment = os.environ | {"TMPDIR": str(scratch)}
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200,
                                    env=environment, check=False)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            document = json.loads(Path(folder, "bench.json").read_text())
            self.assertEqual(list(scratch.iterdir()), [])
            self.assertIn("| taut ", Path(folder, "bench.md").read_text())
            xml.etree.ElementTree.parse(Path(folder, "bench.svg"))
        first = document["measures"][0]["servers"]
        self.assertEqual(set(first), {"taut", "echo"})
        self.assertGreater(first["taut"]["qps"]["median"], 0)
        self.assertGreater(first["taut"]["cpu_us"]["median"], 0)
        for one in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.assertNotIn(str(scratch).encode(), one.read_bytes())
            except OSError:
                pass


def can_serve_port_53():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.bind((recursion.ROOT, 53))
        except OSError:
            return False
    return True


@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "needs two cores")
@unittest.skipUnless(can_serve_port_53(), "needs port 53 of addresses of loopback")
class Recursion(unittest.TestCase):
    def test_run(self):
        """A recursor finds each new name from the bench's own root, and answers known ones for less"""
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(SOURCE / "tools/bench_lib/bench.py"), "--workloads", "recursion",
                       "--servers", "taut", "--rounds", "1", "--seconds", "0.5", "--scale", "0.01",
                       "--build", str(BUILD), "--output", folder]
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
                                    check=False)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            measures = json.loads(Path(folder, "bench.json").read_text())["measures"]
        self.assertEqual([measure["load"] for measure in measures][:2], ["cold", "generator"])
        cold, warm = (measure["servers"]["taut"] for measure in measures[:2])
        self.assertEqual((cold["sent"], cold["lost"], cold["rcodes"]), (199, 0, {"NOERROR": 1.0}))
        self.assertEqual(warm["rcodes"], {"NOERROR": 1.0})
        self.assertGreater(cold["cpu_us"]["median"], warm["cpu_us"]["median"])


if __name__ == "__main__":
    support.main()

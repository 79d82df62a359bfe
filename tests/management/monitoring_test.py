"""What is shipped for monitoring, given to the programs that read it: the metrics, the alert rules, the dashboard."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SAMPLE, MONITORING = sys.argv[1], pathlib.Path(sys.argv[2])
METRIC = re.compile(r"\b(?:taut|process)_[a-z0-9_]+\b")
EXPOSITION = subprocess.run([SAMPLE], capture_output=True, text=True, check=True).stdout
SERIES = set(re.findall(r"^([a-z_]+)", EXPOSITION, re.MULTILINE))
FAMILIES = set(re.findall(r"^# TYPE (\S+)", EXPOSITION, re.MULTILINE))


def promtool(*arguments, **options):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, **options)


def expressions(dashboard):
    """Every query of a dashboard, of its panels and its variables."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]


class Monitoring(unittest.TestCase):
    def known(self, text):
        named = set(METRIC.findall(text))
        self.assertTrue(named)
        self.assertEqual(named - SERIES, set(), "metrics that the server does not have")

    def test_metrics(self):
        """promtool takes the metrics, and finds nothing to mend in their names and types"""
        result = promtool("check", "metrics", input=EXPOSITION)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_rules(self):
        """promtool takes the alert rules, and each metric in them exists"""
        path = MONITORING / "alerts.yml"
        result = promtool("check", "rules", "--lint=all", "--lint-fatal", path)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.known("\n".join(re.sub(r"#.*", "", line) for line in path.read_text().splitlines()))

    def test_alerts(self):
        """Alerts fire where they should, and where they should not they do not"""
        result = promtool("test", "rules", pathlib.Path(__file__).with_name("alerts_test.yml"))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_dashboard(self):
        """The dashboard is valid, each metric in it exists, and no two panels lie over each other"""
        dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        for expression in expressions(dashboard):
            self.known(expression)
        cells = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            taken = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertLessEqual(place["x"] + place["w"], 24)
            self.assertFalse(cells & taken, panel["title"])
            cells |= taken
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))

    def test_queries(self):
        """Prometheus can read every query of the dashboard"""
        dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        queries = [query for query in expressions(dashboard) if not query.startswith("label_values")]
        rules = [{"record": f"test:query{number}:x", "expr": query.replace("$__rate_interval", "5m")}
                 for number, query in enumerate(queries)]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            result = promtool("check", "rules", file.name)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_documentation(self):
        """Each metric is explained, and no other"""
        text = (MONITORING / "README.md").read_text()
        table = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
        named = set(METRIC.findall(table))
        families = {family for family in FAMILIES if not family.startswith("process_")}
        self.assertEqual(named, families)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

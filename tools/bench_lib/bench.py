"""Measures tautd beside other DNS servers on this machine: one worker on one core, the load on another."""
import argparse
import datetime
import json
import os
import platform
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import measures
import report
import results
import servers

ROOT = Path(__file__).resolve().parents[2]
WORKLOADS = ["ten", "million", "zones", "cache", "recursion", "connections", "load", "attack"]
QUICK_WORKLOADS = ["ten"]
TRIALS = "## Trials"
DESCRIPTORS = 65536
QUICK_ROUNDS, QUICK_SECONDS = 3, 0.6


class Context:
    """What every measure needs to know."""

    def __init__(self, arguments, folder):
        build = Path(arguments.build).resolve()
        self.tautd = str(build / "src/daemon/tautd")
        self.generator = str(build / "benchmarks/taut-generator")
        self.echo = str(build / "benchmarks/taut-echo")
        self.socket_buffers = str(build / "benchmarks/libtaut-socket-buffers.so")
        self.server_core, self.load_core = cores()
        self.rounds = arguments.rounds
        self.seconds = arguments.seconds
        self.scale = arguments.scale
        self.records = arguments.records
        self.folder = folder


def cores():
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        sys.exit("tools/bench: needs two cores, one for the server and one for the load")
    return usable[0], usable[1]


def parse_arguments():
    names = [server.name for server in servers.ALL]
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten names only, in less than three minutes")
    parser.add_argument("--attack", action="store_true",
                        help="only the attacks: latencies of clients beside them, as --workloads attack")
    parser.add_argument("--rounds", type=int, help="rounds, in which every server has its turn [5]")
    parser.add_argument("--seconds", type=float, help="length of one run [3]")
    parser.add_argument("--servers", metavar="A,B", default=",".join(names), help=f"of {', '.join(names)} [all]")
    parser.add_argument("--workloads", metavar="A,B", help=f"of {', '.join(WORKLOADS)} [all]")
    parser.add_argument("--records", type=int, default=1_000_000, help="size of the zone to load [1000000]")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the names and zones of large workloads [1]")
    parser.add_argument("--build", default=str(ROOT / "build-bench"), help="build folder [build-bench]")
    parser.add_argument("--output", default=None, help="folder for the results [bench-results in the build folder]")
    parser.add_argument("--write-docs", action="store_true", help="make docs/performance.md from the results")
    parser.add_argument("--from", dest="source", metavar="JSON", help="take results from a file, measure nothing")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (QUICK_SECONDS if arguments.quick else 3.0)
    chosen = QUICK_WORKLOADS if arguments.quick else WORKLOADS
    if arguments.attack:
        chosen = ["attack"]
    arguments.workloads = arguments.workloads.split(",") if arguments.workloads else chosen
    arguments.servers = arguments.servers.split(",")
    for given, known, what in ((arguments.workloads, WORKLOADS, "workload"), (arguments.servers, names, "server")):
        for name in given:
            if name not in known:
                parser.error(f"no {what} '{name}'; there are {', '.join(known)}")
    return arguments


def allow_many_descriptors():
    """Raises the limit on descriptors, for servers and loads with ten thousand connections."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(hard, DESCRIPTORS), max(hard, DESCRIPTORS)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def describe(arguments, chosen):
    return {
        "taken": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": "tools/bench " + " ".join(sys.argv[1:]),
        "quick": arguments.quick,
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
            "load_before": os.getloadavg()[0],
        },
        "servers": {server.name: {"title": server.title, "version": server.version()} for server in chosen},
    }


def measure(arguments, folder):
    allow_many_descriptors()
    context = Context(arguments, folder)
    chosen = [make(context) for make in servers.ALL if make.name in arguments.servers]
    missing = [server.title for server in chosen if not server.available()]
    if missing:
        sys.exit(f"tools/bench: not installed: {', '.join(missing)}")
    document = describe(arguments, chosen)
    progress = measures.Progress(sys.stderr)
    bench = measures.Bench(context, chosen, progress)
    try:
        for workload in arguments.workloads:
            getattr(bench, workload)(arguments.quick)
    finally:
        for server in chosen:
            server.stop()
        progress.end()
    document["measures"] = [results.summarise(one) for one in bench.measures]
    document["loads"] = results.summarise_loads(bench.loads)
    document["idle"] = bench.idle
    document["attack"] = under_attack(document, bench.attacks)
    document["failures"] = bench.failures
    return document


def under_attack(document, results):
    """The results of the attacks with their own circumstances: they are measured apart from the rest."""
    if not results:
        return None
    circumstances = ("taken", "command", "rounds", "seconds", "machine", "servers")
    return {key: document[key] for key in circumstances} | {"results": results}


def write(document, arguments):
    output = Path(arguments.output or Path(arguments.build) / "bench-results")
    output.mkdir(parents=True, exist_ok=True)
    (output / "bench.json").write_text(json.dumps(document, indent=1) + "\n")
    (output / "bench.md").write_text(report.tables(document))
    (output / "bench.svg").write_text(report.chart(document))
    print(report.tables(document))
    print(f"Written: {output}/bench.json, bench.md, bench.svg")
    if arguments.write_docs:
        write_page(document)


def write_page(document):
    page = ROOT / "docs/performance.md"
    written = page.read_text() if page.exists() else ""
    trials = written[written.index(TRIALS):] if TRIALS in written else ""
    document = report.joined(document, json.loads((ROOT / "docs/performance.json").read_text()))
    counts = json.loads((ROOT / "benchmarks/instructions.json").read_text())
    (ROOT / "docs/performance.json").write_text(json.dumps(report.without_rounds(document), indent=1) + "\n")
    (ROOT / "docs/performance.svg").write_text(report.chart(document))
    page.write_text(report.page(document, counts, trials))
    print("Written: docs/performance.md, .json, .svg")


def main():
    arguments = parse_arguments()
    if arguments.source:
        write(json.loads(Path(arguments.source).read_text()), arguments)
        return
    # A request to stop unwinds, so that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="taut-bench-"))
    try:
        document = measure(arguments, folder)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write(document, arguments)
    if document["failures"]:
        sys.exit(1)


if __name__ == "__main__":
    main()

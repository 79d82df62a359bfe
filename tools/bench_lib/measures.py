"""The measures: which servers, workload and load belong together, and running them in turn, round after round."""
import dataclasses
import shutil
import time
from pathlib import Path

import workloads
from attacks import UnderAttack
from load import Dnsperf, Generator, LoadFailure, Paced, held_connections
from recursion import Authorities
from servers import StartFailure

GENERATOR_ONE = Generator("generator", "our generator, 1 socket", 1, 256)
GENERATOR_MANY = Generator("generator-1000", "our generator, 1,000 sockets", 1000, 1000)
DNSPERF = Dnsperf("dnsperf", "dnsperf -c 1 -q 500", "-c", "1", "-q", "500", "-b", "4096")
DNSPERF_ONCE = Dnsperf("cold", "each name once, dnsperf -c 1 -q 100", "-c", "1", "-q", "100", "-n", "1")
DNSPERF_TCP = Dnsperf("dnsperf-tcp", "dnsperf over TCP, 10 connections", "-c", "10", "-q", "500", tcp=True)
TCP_FEW = Generator("tcp-4", "our generator, TCP, 4 connections", 4, 256, tcp=True)
TCP_MANY = Generator("tcp-100", "our generator, TCP, 100 connections", 100, 400, tcp=True)
TCP_THOUSAND = Generator("tcp-1000", "our generator, TCP, 1,000 connections", 1000, 1000, tcp=True)
PACED = Paced("paced", "latency at half of Knot's saturation", 8)

IDLE_CONNECTIONS = 10_000
WARM_SECONDS = 0.3


class Progress:
    """One line that says what is being done: rewritten on a terminal, appended elsewhere."""

    def __init__(self, stream):
        self.stream = stream
        self.rewrites = stream.isatty()
        self.begin = time.monotonic()

    def show(self, text):
        line = f"[{time.monotonic() - self.begin:4.0f} s] {text}"
        self.stream.write(f"\r\033[K{line}" if self.rewrites else f"{line}\n")
        self.stream.flush()

    def end(self):
        if self.rewrites:
            self.stream.write("\r\033[K")
            self.stream.flush()


class Bench:
    """Runs workloads and gathers their results."""

    def __init__(self, context, servers, progress):
        self.context = context
        self.servers = servers
        self.progress = progress
        self.measures = []
        self.loads = []
        self.idle = []
        self.attacks = []
        self.failures = []

    # Servers.

    def start_servers(self, workload, servers, noted=True):
        """The servers that started; notes how long each took, and its memory."""
        running = []
        for server in servers:
            self.progress.show(f"{workload.title}: starting {server.title}")
            try:
                seconds = server.start(workload, self.context.folder / f"{workload.name}-{server.name}")
            except (StartFailure, OSError) as error:
                self.failures.append(f"{workload.title}: {error}")
                continue
            running.append(server)
            if noted:
                self.loads.append({"workload": workload.name, "title": workload.title, "server": server.name,
                                   "seconds": seconds, "memory": server.running.memory()})
        return running

    def stop_servers(self, workload, servers):
        for server in servers:
            server.stop()
            shutil.rmtree(self.context.folder / f"{workload.name}-{server.name}", ignore_errors=True)

    # One run of one load.

    def run_once(self, server, load, workload, seconds):
        begin = server.running.clocks()
        result = load.run(self.context, server.port, workload.queries, seconds)
        used = server.running.clocks().since(begin)
        answered = max(result["answered"], 1)
        result["qps"] = result["answered"] / result["seconds"] if result["seconds"] else 0.0
        result["user_us"] = used.user * 1e6 / answered
        result["system_us"] = used.system * 1e6 / answered
        result["cpu_us"] = result["user_us"] + result["system_us"]
        result["memory"] = server.running.memory()
        return result

    def run_load(self, workload, load, servers, measure, round_number):
        for server in servers:
            if load.tcp and not server.over_tcp:
                continue
            self.progress.show(
                f"{workload.title}; {load.title}; round {round_number + 1} of {self.context.rounds}: {server.title}")
            try:
                result = self.run_once(server, load, workload, self.context.seconds)
            except (LoadFailure, OSError) as error:
                self.failures.append(f"{workload.title}, {load.title}, {server.title}: {error}")
                continue
            measure["rounds"].setdefault(server.name, []).append(result)

    # Workloads.

    def run_workload(self, workload, loads, servers):
        """Interleaved: in each round, each load, each server in turn."""
        running = self.start_servers(workload, servers)
        try:
            measures = [{"workload": workload.name, "title": workload.title, "load": load.name,
                         "load_title": load.title, "rounds": {}} for load in loads]
            self.warm(workload, running)
            for round_number in range(self.context.rounds):
                for load, measure in zip(loads, measures):
                    self.set_rate(load, workload, measures)
                    self.run_load(workload, load, running, measure, round_number)
            self.measures += [measure for measure in measures if measure["rounds"]]
        finally:
            self.stop_servers(workload, running)

    def set_rate(self, load, workload, measures):
        """Half of what Knot answered at saturation in the rounds so far."""
        if not isinstance(load, Paced):
            return
        rates = [result["qps"] for measure in measures if measure["load"] == GENERATOR_ONE.name
                 for result in measure["rounds"].get("knot", [])]
        if rates:
            load.rate = int(sorted(rates)[len(rates) // 2] / 2)

    def warm(self, workload, servers):
        for server in servers:
            self.progress.show(f"{workload.title}: warming {server.title}")
            try:
                GENERATOR_ONE.run(self.context, server.port, workload.queries, WARM_SECONDS)
            except (LoadFailure, OSError) as error:
                self.failures.append(f"{workload.title}: {server.title}: {error}")

    def ten(self, quick):
        workload = workloads.ten_names(self.context.folder, 1)
        loads = [GENERATOR_ONE, GENERATOR_MANY, DNSPERF, DNSPERF_TCP, TCP_MANY]
        if not quick:
            loads += [TCP_FEW, TCP_THOUSAND, PACED]
        self.run_workload(workload, loads, self.servers)

    def million(self, _quick):
        self.progress.show("writing a zone of a million names")
        workload = workloads.million_names(self.context.folder, self.context.scale)
        self.run_workload(workload, [GENERATOR_ONE, GENERATOR_MANY], self.without("unbound"))
        self.remove_zones(workload)

    def zones(self, _quick):
        workload = workloads.many_zones(self.context.folder, self.context.scale)
        self.run_workload(workload, [GENERATOR_ONE, GENERATOR_MANY], self.without("unbound"))

    def cache(self, _quick):
        """taut and Unbound forward to an authority, which has nothing to do once their caches are warm."""
        workload = workloads.cached_names(self.context.folder, 1)
        upstream = next((server for server in self.servers if server.name in ("knot", "nsd")), None)
        caches = [server for server in self.servers if server.name in ("taut", "unbound")]
        if upstream is None or not caches:
            return
        started = self.start_servers(workload, [upstream], noted=False)
        try:
            if started:
                workload.upstream = upstream.port
                self.run_workload(workload, [GENERATOR_ONE, GENERATOR_MANY, DNSPERF], caches)
        finally:
            self.stop_servers(workload, started)

    def recursion(self, _quick):
        """taut and Unbound walk from a root of their own: first to names that nobody has asked for, which takes a new
        server each time, then to a thousand that are known."""
        workload, warm = workloads.recursed_names(self.context.folder, self.context.scale)
        recursors = [server for server in self.servers if server.name in ("taut", "unbound")]
        try:
            with Authorities(self.context, workload):
                self.run_cold(workload, DNSPERF_ONCE, recursors)
                self.run_workload(dataclasses.replace(workload, queries=warm), [GENERATOR_ONE, DNSPERF], recursors)
        except StartFailure as error:
            self.failures.append(f"{workload.title}: {error}")

    def run_cold(self, workload, load, servers):
        """Each server is started anew in each round."""
        measure = {"workload": workload.name, "title": workload.title, "load": load.name, "load_title": load.title,
                   "rounds": {}}
        for round_number in range(self.context.rounds):
            for server in servers:
                running = self.start_servers(workload, [server], noted=False)
                try:
                    self.run_load(workload, load, running, measure, round_number)
                finally:
                    self.stop_servers(workload, running)
        if measure["rounds"]:
            self.measures.append(measure)

    def connections(self, _quick):
        """What one of many idle TCP connections costs: the server's own memory, and the kernel's for both ends."""
        workload = workloads.ten_names(self.context.folder, 1)
        running = self.start_servers(workload, [server for server in self.servers if server.over_tcp], noted=False)
        try:
            for server in running:
                self.progress.show(f"{IDLE_CONNECTIONS:,} idle connections: {server.title}")
                self.hold_connections(server, workload)
        finally:
            self.stop_servers(workload, running)

    def hold_connections(self, server, workload):
        before, kernel_before = server.running.memory(), kernel_memory()
        try:
            process = held_connections(self.context, server.port, workload.queries, IDLE_CONNECTIONS)
        except LoadFailure as error:
            self.failures.append(f"{IDLE_CONNECTIONS:,} idle connections: {server.title}: {error}")
            return
        try:
            time.sleep(1)
            memory, kernel = server.running.memory(), kernel_memory() - kernel_before
        finally:
            process.communicate()
        self.idle.append({
            "server": server.name,
            "connections": IDLE_CONNECTIONS,
            "memory": (memory - before) / IDLE_CONNECTIONS,
            "total": memory,
            "kernel": kernel / IDLE_CONNECTIONS / 2,
        })
        time.sleep(0.5)

    def load(self, _quick):
        """How long a large zone takes to load, and the memory that it takes; each server several times, in turn."""
        workload = workloads.large_zone(self.context.folder, self.context.records)
        for _ in range(min(3, self.context.rounds)):
            for server in self.without("unbound", "echo"):
                self.stop_servers(workload, self.start_servers(workload, [server]))
        self.remove_zones(workload)

    def attack(self, _quick):
        """What clients see beside attacks."""
        self.attacks = UnderAttack(self).run()

    def without(self, *names):
        return [server for server in self.servers if server.name not in names]

    @staticmethod
    def remove_zones(workload):
        for path in {file for _, file in workload.zones} | {workload.queries}:
            Path(path).unlink(missing_ok=True)


def kernel_memory():
    """Octets that the kernel holds in slabs and for sockets."""
    with open("/proc/meminfo", encoding="ascii") as file:
        fields = dict(line.split(":") for line in file)
    return int(fields["Slab"].split()[0]) * 1024

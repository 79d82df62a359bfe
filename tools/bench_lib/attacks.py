"""What two well-behaved clients notice of attacks on a server: one that asks for names of a zone, one whose names are
forwarded. Each server is started anew for each attack, and taut's peers are attacked alike."""
import random
import statistics
from dataclasses import dataclass

import workloads
from load import LoadFailure, Paced
from servers import StartFailure

from program import Program  # of the folder that `servers` adds to the path


ATTACKER = "127.66.0.1"
RATE = 200  # questions a second of each client
PEERS = ("taut", "knot", "bind", "unbound")
FORWARDERS = ("taut", "bind", "unbound")
TXT = 16


@dataclass
class Attack:
    """An attack over TCP, or over UDP where `kind` is empty; `%` in a name stands for a random label."""

    name: str
    title: str
    kind: str
    target: list
    options: dict


def over_tcp(name, title, kind, target, **options):
    return Attack(name, title, kind, [target], options)


def over_udp(name, title, targets, **options):
    return Attack(name, title, "", targets, options)


ALL = [
    Attack("quiet", "none", "", [], {}),
    over_tcp("dead", "120 connections, 100 questions each that the upstream server never answers", "hold",
             "%.dead.example", connections=120, questions=100),
    over_tcp("closed", "2,300 connections, such a question each, closed at once", "close", "dead.example",
             connections=2300),
    over_tcp("keep-alive", "2,600 connections, a question each 0.8 s", "keep-alive", "www.example.com",
             connections=2600),
    over_tcp("frames", "60 connections, 100 frames of 64 KB each", "frames", "dead.example", connections=60,
             questions=100),
    over_tcp("unread", "200 connections that ask for 50 KB and never read", "unread", "large.example.com",
             connections=200, questions=100, type=TXT),
    over_tcp("slow", "1,000 connections, an octet a second", "slow", "www.example.com", connections=1000, interval=1),
    over_udp("garbage", "5,000 datagrams of garbage a second", [], rate=5000),
    over_udp("subdomains-1000", "1,000 random names a second that are never answered", ["%.dead.example"], rate=1000),
    over_udp("subdomains-10000", "10,000 random names a second that are never answered", ["%.dead.example"],
             rate=10000),
]


class UnderAttack:
    """Runs the attacks, in each round all servers in turn, and gathers what the clients saw."""

    def __init__(self, bench):
        self.bench = bench
        self.context = bench.context
        self.prefix = ("taskset", "-c", str(self.context.load_core))
        self.client = Paced("client", "a client", 8)
        self.client.rate = RATE
        self.seen = {}  # (attack, client, server) to the results of its rounds

    def run(self):
        upstream = Program("upstream", prefix=self.prefix)
        try:
            workload = workloads.attacked(self.context.folder, upstream.line())
            servers = [server for server in self.bench.servers if server.name in PEERS]
            for attack in ALL:
                for round_number in range(self.context.rounds):
                    for server in servers:
                        self.bench.progress.show(f"attack: {attack.title}; round {round_number + 1} of "
                                                 f"{self.context.rounds}: {server.title}")
                        self.run_one(attack, server, workload)
        finally:
            upstream.end()
        return summarise(self.seen)

    def run_one(self, attack, server, workload):
        if not self.bench.start_servers(workload, [server], noted=False):
            return
        attacker = None
        try:
            attacker = self.start(attack, server.port)
            self.ask(attack, "authoritative", server, workload.queries)
            if server.name in FORWARDERS:
                self.ask(attack, "forwarding", server, self.new_names())
        except (LoadFailure, OSError, AssertionError) as error:
            self.bench.failures.append(f"attack: {attack.title}, {server.title}: {error}")
        finally:
            if attacker:
                attacker.end()
            self.bench.stop_servers(workload, [server])

    def start(self, attack, port):
        """The attack, once it has got to where all its connections are open."""
        if attack.name == "quiet":
            return None
        options = [word for name, value in attack.options.items() for word in (f"--{name}", value)]
        common = ["--source", ATTACKER, *options]
        if not attack.kind:
            seconds = self.context.seconds * 10 + 60  # until it is ended
            return Program("flood", "127.0.0.1", port, *attack.target, "--seconds", seconds, *common,
                           prefix=self.prefix)
        attacker = Program("connections", attack.kind, "127.0.0.1", port, *attack.target, *common, prefix=self.prefix)
        attacker.line()
        return attacker

    def ask(self, attack, client, server, queries):
        result = self.client.run(self.context, server.port, queries, self.context.seconds)
        self.seen.setdefault((attack.name, client, server.name), []).append(result)

    def new_names(self):
        """Names that are in no cache."""
        path = self.context.folder / "forwarded.queries"
        count = int(RATE * self.context.seconds) + RATE
        path.write_text("".join(f"n{random.getrandbits(64):x}.fast.example A\n" for _ in range(count)))
        return path


def summarise(seen):
    """For each attack and client a table of servers: medians of the latencies, in µs, and all that was not answered."""
    results = []
    for attack in ALL:
        for client in ("authoritative", "forwarding"):
            servers = {server: summary(rounds) for (name, asked, server), rounds in seen.items()
                       if (name, asked) == (attack.name, client)}
            if servers:
                results.append({"attack": attack.title, "client": client, "servers": servers})
    return results


def summary(rounds):
    latencies = [one["latency"] for one in rounds if one.get("latency")]
    sent = sum(one["sent"] for one in rounds)
    answered = sum(one["rcodes"].get("NOERROR", 0) for one in rounds)
    return {"sent": sent, "unanswered": sent - answered,
            **{key: statistics.median(one[key] for one in latencies) if latencies else None for key in ("p50", "p99")}}

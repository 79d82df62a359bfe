"""Lets tautd serve under all attacks at once, with changing files, for a long time. Its memory and descriptors must be
at the end what they were after the warm-up, and no client may have lost an answer; otherwise the exit status is 1."""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import wire
from program import Program

ROOT = Path(__file__).resolve().parents[2]
ATTACKER = "127.66.0.1"
ROUND_SECONDS = 4
WARM_PART = 0.25  # of all rounds, two at least
MEMORY_SLACK = 8 << 10  # kilobytes
DESCRIPTOR_SLACK = 16  # a file or a socket may just be open
PATIENCE = 5  # seconds that a client waits for an answer
ZONE = """$ORIGIN t.example.
$TTL 300
@ SOA ns host {serial} 7200 3600 1209600 300
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
*.wild A 192.0.2.3
alias CNAME www
changing A 192.0.2.{last}
"""
# The cache is full before the warm-up ends, so that memory that still grows is no answer that is kept.
CONFIGURATION = """hosts-file = "hosts"

[server]
threads = 2

[[listen]]
address = ["127.0.0.1:{port}"]

[[zone]]
name = "t.example"
file = "zone"

[[zone-list]]
file = "zones"

[forward]
servers = ["127.0.0.1:{upstream}"]
cache = {{ size = "256K" }}
"""
LARGE = "".join(f"large TXT {' '.join(chr(34) + letter * 250 + chr(34) for _ in range(8))}\n" for letter in "abcdefgh")
FORWARDED = [f"n{number}.fast.example" for number in range(200)]


class Soak:
    """A server, the server that it forwards to, and the files that it reads."""

    def __init__(self, tautd, folder):
        self.folder = folder
        self.rounds = []  # (kilobytes, descriptors) after each
        self.failures = []
        self.write_files(0)
        self.upstream = Program("upstream")
        self.port = free_port()
        self.log = open(folder / "log", "wb")
        configuration = folder / "taut.toml"
        configuration.write_text(CONFIGURATION.format(port=self.port, upstream=self.upstream.line()))
        self.server = subprocess.Popen([tautd, "--config", configuration], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=self.log)
        wait_for_answer(self.port)

    def write_files(self, number):
        """New contents for each file that may change; each is replaced at once."""
        last = number % 250 + 1
        contents = {
            "zone": ZONE.format(serial=number + 1, last=last) + LARGE,
            "listed": ZONE.replace("t.example", "l.example").format(serial=number + 1, last=last),
            "zones": "l.example\tlisted\n",
            "hosts": "".join(f"10.0.{i >> 8}.{i & 255} host{i}.example host{i}-{last}.example\n" for i in range(10000)),
        }
        for name, text in contents.items():
            (self.folder / "new").write_text(text)
            (self.folder / "new").rename(self.folder / name)

    def attacks(self):
        """All that are hostile, at once."""
        target = ("127.0.0.1", self.port)

        def over_tcp(kind, name, connections, *options):
            return Program("connections", kind, *target, name, "--source", ATTACKER, "--connections", connections,
                           *options)

        def over_udp(*arguments):
            return Program("flood", *target, *arguments, "--source", ATTACKER, "--seconds", ROUND_SECONDS)

        return [
            over_tcp("hold", "%.dead.example", 40, "--questions", 50),
            over_tcp("frames", "dead.example", 5, "--questions", 20),
            over_tcp("close", "%.dead.example", 500),
            over_tcp("reset", "www.t.example", 500),
            over_tcp("keep-alive", "www.t.example", 100),
            over_tcp("slow", "www.t.example", 100),
            over_tcp("unread", "large.t.example", 30, "--questions", 20, "--type", wire.TXT),
            over_udp("--rate", 500),
            over_udp("%.wild.t.example", "%.t.example", "alias.t.example", "--rate", 1000, "--sockets", 200, "--many"),
            over_udp("%.dead.example", "--rate", 500),
        ]

    def clients(self):
        """Those that must be served: over UDP and TCP, from zones, the hosts file, the cache and another server."""
        names = {"zone": ["www.t.example", "alias.t.example", "changing.t.example", "www.l.example"],
                 "hosts": ["host17.example"], "cache": FORWARDED, "forwarding": ["%.fast.example"]}
        rate = {"forwarding": 10}  # each name stays in the cache
        return [
            Program("client", "127.0.0.1", self.port, *asked, "--seconds", ROUND_SECONDS, "--patience", PATIENCE,
                    "--rate", rate.get(kind, 50), *transport)
            for kind, asked in names.items() for transport in ((), ("--tcp",))
        ]

    def run_round(self, number):
        clients, attacks = self.clients(), self.attacks()
        try:
            end = time.monotonic() + ROUND_SECONDS
            while time.monotonic() < end:
                self.write_files(number)
                self.server.send_signal(signal.SIGHUP)
                time.sleep(0.7)
            for client in clients:
                self.check(client.line(), client.args)
        finally:
            for program in clients + attacks:
                program.end()

    def check(self, result, command):
        if result["rcodes"] != {"0": result["asked"]}:
            self.failures.append(f"{result}, {' '.join(command[2:])[:200]}")

    def settle(self):
        """What the server holds when the attackers have gone: descriptors first, which take a few seconds."""
        end = time.monotonic() + 10
        fewest = self.rounds[0][1] if self.rounds else 0
        while descriptors(self.server.pid) > fewest + DESCRIPTOR_SLACK and time.monotonic() < end:
            time.sleep(0.2)
        self.rounds.append((resident_kilobytes(self.server.pid), descriptors(self.server.pid)))

    def run(self, seconds):
        start = time.monotonic()
        number = 0
        while self.server.poll() is None and (time.monotonic() < start + seconds or number < 3):
            number += 1
            self.run_round(number)
            if self.server.poll() is None:
                self.settle()
                memory, held = self.rounds[-1]
                wire.say(f"[{time.monotonic() - start:4.0f} s] round {number}: {memory:,} kB, {held} descriptors")

    def stop(self):
        """The failures, with those of the end."""
        self.server.terminate()
        try:
            status = self.server.wait(30)
        except subprocess.TimeoutExpired:
            self.server.kill()
            status = f"none in 30 s, killed: {self.server.wait()}"
        self.upstream.end()
        self.log.close()
        if status != 0:
            log = (self.folder / "log").read_text(errors="replace")
            self.failures.append(f"exit status {status}:\n{log[-2000:]}")
        return self.failures + growth(self.rounds)


def growth(rounds):
    """What has grown since the warm-up, in words; nothing where all is flat."""
    if len(rounds) < 3:
        return [f"{len(rounds)} rounds are too few"]
    warm = max(2, round(len(rounds) * WARM_PART)) - 1
    before = [max(figures) for figures in zip(*rounds[: warm + 1])]
    wire.say(f"after the warm-up of {warm + 1} rounds: {before[0]:,} kB, {before[1]} descriptors; "
             f"at the end: {rounds[-1][0]:,} kB, {rounds[-1][1]} descriptors")
    kinds = (("memory in kB", MEMORY_SLACK), ("descriptors", DESCRIPTOR_SLACK))
    return [f"{what}: {now:,} at the end, {then:,} after the warm-up"
            for (what, slack), then, now in zip(kinds, before, rounds[-1]) if now > then + slack]


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_answer(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect(("127.0.0.1", port))
        for _ in range(100):
            try:
                client.send(wire.make_query("www.t.example"))
                client.recv(4096)
                return
            except TimeoutError:
                pass
            except ConnectionRefusedError:
                time.sleep(0.1)
    sys.exit("tools/soak: tautd does not answer")


def resident_kilobytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def main():
    parser = argparse.ArgumentParser(prog="tools/soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long; three rounds at least [600]")
    parser.add_argument("--tautd", default=str(ROOT / "build/src/daemon/tautd"), help="the daemon [that of build]")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="taut-soak-"))
    try:
        soak = Soak(arguments.tautd, folder)
        try:
            soak.run(arguments.seconds)
        finally:
            failures = soak.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for failure in failures:
        wire.say(f"failed: {failure}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

"""The loads that servers are put under: dnsperf and our own generator, each pinned to a core without a server."""
import json
import re
import shutil
import subprocess

from processes import prefer, start


class LoadFailure(Exception):
    """A load that ended with an error; the message is what it said."""


def run_pinned(command, core, seconds):
    """What the command prints. It may take three times the time that it should take."""
    process = start(command, core, subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    prefer(process.pid)
    try:
        output, errors = process.communicate(timeout=seconds * 3 + 30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise LoadFailure(f"{command[0]}: did not end") from None
    if process.returncode != 0:
        raise LoadFailure(f"{' '.join(command)}: {errors.strip() or output.strip()}")
    return output


class Load:
    """A way of asking. `run` gives a dict with at least sent, answered, lost, seconds and rcodes."""

    def __init__(self, name, title, tcp=False):
        self.name = name
        self.title = title
        self.tcp = tcp

    def run(self, context, port, queries, seconds):
        raise NotImplementedError


class Dnsperf(Load):
    """dnsperf, as others would run it."""

    def __init__(self, name, title, *arguments, tcp=False):
        super().__init__(name, title, tcp)
        self.arguments = ["-m", "tcp", *arguments] if tcp else list(arguments)

    def run(self, context, port, queries, seconds):
        command = [shutil.which("dnsperf") or "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(queries),
                   "-l", str(seconds), "-T", "1", *self.arguments]
        output = run_pinned(command, context.load_core, seconds)

        def number(label):
            match = re.search(rf"{label}:\s+([\d.]+)", output)
            return float(match.group(1)) if match else 0.0

        rcodes = re.search(r"Response codes:\s+(.*)", output)
        counted = re.findall(r"([A-Z]+) (\d+)", rcodes.group(1) if rcodes else "")
        return {
            "seconds": number(r"Run time \(s\)"),
            "sent": int(number("Queries sent")),
            "answered": int(number("Queries completed")),
            "lost": int(number("Queries lost")),
            "rcodes": {rcode: int(count) for rcode, count in counted},
        }


class Generator(Load):
    """Our own generator: batches, and a window of queries in flight over its sockets."""

    def __init__(self, name, title, sockets, window, tcp=False):
        super().__init__(name, title, tcp)
        self.sockets = sockets
        self.window = window

    def command(self, context, port, queries, seconds):
        command = [context.generator, "--server", f"127.0.0.1:{port}", "--queries", str(queries), "--sockets",
                   str(self.sockets), "--window", str(self.window), "--seconds", str(seconds)]
        return [*command, "--tcp"] if self.tcp else command

    def run(self, context, port, queries, seconds):
        result = json.loads(run_pinned(self.command(context, port, queries, seconds), context.load_core, seconds))
        if not self.tcp:
            result["latency"] = None  # the latency of a full queue says nothing
        return result


class Paced(Generator):
    """A constant rate, for latency; the rate is set when it is known."""

    def __init__(self, name, title, sockets):
        super().__init__(name, title, sockets, 128)
        self.rate = 10000

    def command(self, context, port, queries, seconds):
        return [*super().command(context, port, queries, seconds), "--rate", str(self.rate)]

    def run(self, context, port, queries, seconds):
        return json.loads(run_pinned(self.command(context, port, queries, seconds), context.load_core, seconds))


def held_connections(context, port, queries, count):
    """A generator that holds connections open, each of which has been asked on once, until its input ends."""
    command = [context.generator, "--server", f"127.0.0.1:{port}", "--queries", str(queries), "--sockets", str(count),
               "--window", str(count), "--hold"]
    process = start(command, context.load_core, subprocess.PIPE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    text=True)
    prefer(process.pid)
    line = process.stdout.readline()
    if not line:
        raise LoadFailure(process.communicate()[1].strip())
    return process

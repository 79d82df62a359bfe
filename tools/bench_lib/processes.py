"""Processes under measurement: started on one core, read from /proc, and stopped by their id."""
import os
import signal
import subprocess
import time
from dataclasses import dataclass

TICKS = os.sysconf("SC_CLK_TCK")
TICK_ERROR = 0.06  # seconds by which sums of clock ticks may be off
PRIORITY = -15  # so that other work on the machine disturbs less; only root may


@dataclass
class CpuTime:
    """Seconds that a server and its children have spent in user space and in the kernel."""

    user: float
    system: float


@dataclass
class ServerClocks:
    """What the clocks of a server show at one moment, in seconds."""

    threads: float  # by the scheduler, of the threads that live
    user: float  # by clock ticks, of threads that have ended too
    system: float

    def since(self, earlier):
        """The CPU time in between. The scheduler's sum is exact, unless threads came and went."""
        user, system = self.user - earlier.user, self.system - earlier.system
        ticks, exact = user + system, self.threads - earlier.threads
        if ticks <= 0:
            return CpuTime(0.0, max(exact, 0.0))
        total = exact if abs(exact - ticks) < TICK_ERROR else ticks
        return CpuTime(total * user / ticks, total * system / ticks)


def read_text(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name: fields[0] is the state, fields[1] the parent."""
    return read_text(f"/proc/{pid}/stat").rpartition(")")[2].split()


def process_tree(root):
    """The process and all its descendants that live."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat_fields(entry)
            if len(fields) > 1:
                children.setdefault(int(fields[1]), []).append(int(entry))
    tree, found = [], [root]
    while found:
        pid = found.pop()
        tree.append(pid)
        found.extend(children.get(pid, []))
    return tree


def prefer(pid):
    """Raises the priority of a process that leads its session, where that is allowed."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, PRIORITY)
        with open(f"/proc/{pid}/autogroup", "w", encoding="ascii") as file:
            file.write(str(PRIORITY))
    except OSError:
        pass


def start(command, core, log, environment=None, **options):
    """A process in a session of its own, on one core."""
    return subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=options.pop("stdout", log),
        stderr=log,
        env=os.environ | (environment or {}),
        start_new_session=True,
        **options,
    )


class RunningServer:
    """A server that was started, with all the processes that it made."""

    def __init__(self, name, command, core, log_path, environment=None):
        self.name = name
        self.log_path = log_path
        with open(log_path, "wb") as log:
            self.process = start(command, core, log, environment)
        prefer(self.process.pid)

    @property
    def alive(self):
        return self.process.poll() is None

    def pids(self):
        return process_tree(self.process.pid)

    def clocks(self):
        """The scheduler knows the sum to the nanosecond; the clock ticks only tell how to split it."""
        nanoseconds = user = system = 0
        for pid in self.pids():
            fields = stat_fields(pid)
            if len(fields) < 13:
                continue
            user += int(fields[11])
            system += int(fields[12])
            try:
                threads = os.listdir(f"/proc/{pid}/task")
            except OSError:
                continue
            for thread in threads:
                nanoseconds += int((read_text(f"/proc/{pid}/task/{thread}/schedstat").split() or [0])[0])
        return ServerClocks(nanoseconds / 1e9, user / TICKS, system / TICKS)

    def memory(self):
        """Octets in memory; what processes share is divided among them."""
        total = 0
        for pid in self.pids():
            for line in read_text(f"/proc/{pid}/smaps_rollup").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        """Asks, waits, and kills what is left: only processes that this one made."""
        pids = self.pids()
        for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            for pid in pids:
                try:
                    os.kill(pid, sign)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + patience
            while time.monotonic() < end:
                self.process.poll()
                if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
                    return
                time.sleep(0.02)

"""What the integration tests share: servers on free loopback ports, a small DNS client, and the line of counts.

A test program runs with these in its environment: TAUT_SOURCE and TAUT_BUILD, the two folders; TAUT_TAUTD, the daemon;
TAUT_SANITIZE, what meson calls b_sanitize.
"""
import ctypes
import os
import queue
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(os.environ.get("TAUT_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("TAUT_BUILD", SOURCE / "build"))
TAUTD = os.environ.get("TAUT_TAUTD", str(BUILD / "src/daemon/tautd"))
SANITIZED = os.environ.get("TAUT_SANITIZE", "none") != "none"
# The environment of a server whose disk takes its time. No sanitizer goes with it: those are to be loaded first.
SLOW_DISK = {**os.environ, "LD_PRELOAD": str(BUILD / "tests/integration/slow_disk.so")}
SLOWNESS = 5 if SANITIZED else 1  # by how much deadlines grow
PATIENCE = 30  # seconds in which what is only to happen at all has happened, however loaded the machine is
sys.path += [str(SOURCE / "tools/attack_lib"), str(SOURCE / "tests/support")]

from wire import encode_name, frame, make_query  # noqa: E402, F401
from without_io_uring import IO_URING_CALLS, refuse_call  # noqa: E402, F401

EXAMPLE_ZONE = SOURCE / "examples/zones/example.com.zone"

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA = 1, 2, 5, 6, 12, 15, 16, 28
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)


def wait_until(condition, seconds=PATIENCE, what="condition"):
    """Polls until the condition yields something true and returns that; fails after the deadline."""
    limit = max(seconds, PATIENCE) * SLOWNESS
    deadline = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.02)


def wait_for_port(port):
    """Waits until a process that was killed holds the port no more: what io_uring has held the kernel gives back some
    time after the process has ended."""
    def is_free():
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, socket.socket() as streams:
                datagrams.bind(("127.0.0.1", port))
                streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                streams.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

    wait_until(is_free, what="the port is free again")


def free_port():
    """A port that nothing uses now, over UDP and TCP, on 127.0.0.1 and ::1."""
    for _ in range(100):
        # Below the ports that the kernel hands out, which a client of another test might get in the meantime.
        port = random.randrange(10000, 32000)
        sockets = []
        try:
            for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    probe = socket.socket(family, kind)
                    sockets.append(probe)
                    if family == socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    probe.bind((host, port))
            return port
        except OSError:
            continue
        finally:
            for probe in sockets:
                probe.close()
    raise AssertionError("no free port")


# The DNS client.


@dataclass
class Record:
    name: str
    type: int
    ttl: int
    rdata: bytes

    def address(self):
        return socket.inet_ntop(socket.AF_INET if self.type == A else socket.AF_INET6, self.rdata)


class Reply:
    """A response, taken apart."""

    def __init__(self, octets):
        self.octets = octets
        self.id, self.flags, questions, *counts = struct.unpack(">6H", octets[:12])
        self.rcode = self.flags & 15
        self.response = bool(self.flags & 0x8000)
        self.authoritative = bool(self.flags & 0x0400)
        self.truncated = bool(self.flags & 0x0200)
        self.recursion_available = bool(self.flags & 0x0080)
        position = 12
        for _ in range(questions):
            _, position = self._name(position)
            position += 4
        self.sections = []
        for count in counts:
            records = []
            for _ in range(count):
                name, position = self._name(position)
                rrtype, _, ttl, size = struct.unpack(">HHIH", octets[position : position + 10])
                position += 10
                records.append(Record(name, rrtype, ttl, octets[position : position + size]))
                position += size
            self.sections.append(records)
        self.answers, self.authority, self.additional = self.sections

    def _name(self, position):
        labels, end = [], None
        while self.octets[position]:
            length = self.octets[position]
            if length >= 192:
                end = end or position + 2
                position = (length & 63) << 8 | self.octets[position + 1]
                continue
            labels.append(self.octets[position + 1 : position + 1 + length].decode("latin1"))
            position += 1 + length
        return ".".join(labels) + ".", end or position + 1

    def addresses(self):
        return sorted(record.address() for record in self.answers if record.type in (A, AAAA))


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def socket_address(host, port):
    """With the interface of a link-local address, whose name the host has after a %."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4]


def ask_udp(host, port, message, timeout=PATIENCE):
    """Sends one datagram and returns the reply that comes back from the same address; None where none does."""
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect(socket_address(host, port))
        try:
            client.send(message)
            while True:
                octets = client.recv(65535)
                if octets[:2] == message[:2]:
                    return Reply(octets)
        except (TimeoutError, ConnectionRefusedError):
            return None


def read_frame(connection):
    """One framed message from a blocking connection; None at its end."""
    data = b""
    while len(data) < 2 or len(data) < 2 + struct.unpack(">H", data[:2])[0]:
        wanted = 2 if len(data) < 2 else 2 + struct.unpack(">H", data[:2])[0]
        part = connection.recv(wanted - len(data))
        if not part:
            return None
        data += part
    return data[2:]


def connect(host, port, timeout=PATIENCE, source=None):
    connection = socket.socket(family_of(host), socket.SOCK_STREAM)
    connection.settimeout(timeout * SLOWNESS)
    if source:
        connection.bind((source, 0))
    connection.connect(socket_address(host, port))
    return connection


def ask_tcp(host, port, message, timeout=PATIENCE):
    with connect(host, port, timeout) as connection:
        connection.sendall(frame(message))
        octets = read_frame(connection)
        return Reply(octets) if octets is not None else None


# Processes.


class Process:
    """A program that was started, its output in a file, or what it says of errors on a terminal of the test's."""

    def __init__(self, command, folder, name=None, terminal=None, stdin=subprocess.DEVNULL, **options):
        self.name = name or Path(command[0]).name
        self.log_path = Path(folder, f"{self.name}-{random.randrange(1 << 30)}.log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=stdin,
                stdout=log,
                stderr=log if terminal is None else terminal,
                **options,
            )

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_for_log(self, text, seconds=PATIENCE):
        """Waits until the log has the text and returns the log: the writing may lag behind what the program does."""
        try:
            return wait_until(lambda: text in (log := self.log()) and log, seconds, f"the log has {text!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=PATIENCE):
        limit = max(seconds, PATIENCE * SLOWNESS)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {limit} s\n{self.log()}") from error

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it with SIGTERM; returns the exit status."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait()


def engine():
    """What tautd says of its engine here: io_uring, or else epoll and why."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(IO_URING_CALLS[0], 1, ctypes.create_string_buffer(256))
    if fd < 0:
        return f"epoll, as io_uring is forbidden here ({os.strerror(ctypes.get_errno())})"
    os.close(fd)
    return "io_uring"


class NetworkNamespace:
    """A network of its own with a loopback interface. What `run` calls is in it, and so is what that starts."""

    def __init__(self):
        self.calls = queue.SimpleQueue()
        entered = Future()
        self.thread = threading.Thread(target=self._work, args=(entered,), daemon=True)
        self.thread.start()
        entered.result()
        self.run(self.configure, "link", "set", "lo", "up")

    def _work(self, entered):
        new_network = 0x40000000  # CLONE_NEWNET, for this thread alone
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(new_network) != 0:
            entered.set_exception(unittest.SkipTest("network namespaces need privileges"))
            return
        entered.set_result(None)
        while call := self.calls.get():
            result, function, arguments, options = call
            try:
                result.set_result(function(*arguments, **options))
            except BaseException as error:  # pylint: disable=broad-exception-caught
                result.set_exception(error)

    def run(self, function, *arguments, **options):
        result = Future()
        self.calls.put((result, function, arguments, options))
        return result.result()

    def configure(self, *words):
        """Runs ip(8); for `run`."""
        subprocess.run([which("ip"), *words], check=True)

    def add_address(self, address):
        """Gives the loopback interface an address, which answers from then on: one of IPv6 the kernel leaves without
        answers until it has looked for another host that has it."""
        unchecked = ["nodad"] if ":" in address else []
        self.run(self.configure, "address", "add", address, "dev", "lo", *unchecked)
        if unchecked:
            self.wait_for_address(address.partition("/")[0])

    def wait_for_address(self, address):
        """Until the host takes what is sent to its address of IPv6: a thread of the kernel's makes that route later."""
        wanted = socket.inet_pton(socket.AF_INET6, address).hex()
        local = 0x80000000  # RTF_LOCAL

        def has_route():
            lines = Path("/proc/thread-self/net/ipv6_route").read_text().splitlines()
            routes = [line.split() for line in lines]
            return any(route[:2] == [wanted, "80"] and int(route[8], 16) & local for route in routes)

        wait_until(lambda: self.run(has_route), PATIENCE, f"{address} is an address of this host")

    def close(self):
        self.calls.put(None)
        self.thread.join()


class TestCase(unittest.TestCase):
    """A test with a scratch folder, whose servers are stopped at its end and must then exit cleanly."""

    longMessage = True

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="taut-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def write_secret(self, name, text):
        """A file that others than its owner and group may not read."""
        path = self.write(name, text)
        path.chmod(0o640)
        return path

    def run_program(self, *command, text="", timeout=60, **options):
        """Runs a program to its end, `text` its input; returns the finished process with its output as text."""
        return subprocess.run(
            [str(word) for word in command],
            input=text,
            capture_output=True,
            text=True,
            timeout=max(timeout, 60) * SLOWNESS,
            check=False,
            **options,
        )

    def spawn(self, *command, **options):
        process = Process(command, self.folder, **options)
        self.addCleanup(process.kill)
        return process

    def start_tautd(self, *arguments, interfaces=("127.0.0.1", "::1"), ready="127.0.0.1", **options):
        """Starts tautd on a free port and waits until it answers. Its `port` says which one."""
        port = free_port()
        command = [TAUTD, "--port", port]
        for interface in interfaces:
            command += ["--interface", interface]
        server = Process([*command, *arguments], self.folder, name="tautd", **options)
        server.port = port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server, ready)
        return server

    def _finish(self, server):
        if not server.running() and getattr(server, "ended", False):
            return
        status = server.stop()
        self.assertEqual(status, 0, f"{server.name} ended badly:\n{server.log()}")

    def wait_for_answer(self, server, host="127.0.0.1", query=None):
        """Polls until the server answers anything at all over UDP."""
        message = query or make_query("ready.invalid", recursion=False)

        def answered():
            if not server.running():
                raise AssertionError(f"{server.name} ended at once:\n{server.log()}")
            return ask_udp(host, server.port, message, 0.25 * SLOWNESS)

        try:
            wait_until(answered, 15, f"{server.name} answers")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{server.log()}") from None

    def start_unbound(self, records):
        """A resolver that knows the given local-data lines and asks no other server."""
        lines = "".join(f"  local-data: '{record}'\n" for record in records)
        return self.start_unbound_with(f'  module-config: "iterator"\n  local-zone: "." static\n{lines}')

    def start_unbound_with(self, options, query=None):
        """Unbound with more options of its server clause, and other clauses after them."""
        port = free_port()
        config = self.write(
            "unbound.conf",
            f"""server:
  interface: 127.0.0.1@{port}
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{self.folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  num-threads: 1
  access-control: 127.0.0.0/8 allow
{options}remote-control:
  control-enable: no
""",
        )
        server = self.spawn(which("unbound"), "-d", "-c", config)
        server.port = port
        self.wait_for_answer(server, query=query)
        return server

    def start_knot(self, origin, zone):
        """An authoritative server for one zone."""
        port = free_port()
        self.write("knot.zone", zone)
        config = self.write(
            "knot.conf",
            f"""server:
  listen: 127.0.0.1@{port}
  rundir: {self.folder}
database:
  storage: {self.folder}
log:
- target: stderr
  any: warning
zone:
- domain: {origin}
  storage: {self.folder}
  file: knot.zone
""",
        )
        server = self.spawn(which("knotd"), "-c", config)
        server.port = port
        self.wait_for_answer(server, query=make_query(origin, SOA))
        return server


def which(program):
    """The program's path, also where Debian keeps servers outside a user's PATH."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise AssertionError(f"{program} is not installed")
    return found


class FakeUpstream:
    """A UDP server under the test's control: `receive` takes a query, `send` answers it when the test wants."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def receive(self, timeout=PATIENCE):
        readable, _, _ = select.select([self.socket], [], [], timeout * SLOWNESS)
        if not readable:
            raise AssertionError("no query came")
        return self.socket.recvfrom(4096)

    def send(self, query, client, address="192.0.2.99", ttl=60):
        """An A record, whatever was asked."""
        header = query[:2] + struct.pack(">5H", 0x8580, 1, 1, 0, 0)
        end = query.index(b"\0", 12) + 5
        answer = b"\xc0\x0c" + struct.pack(">HHIH", A, 1, ttl, 4) + socket.inet_aton(address)
        self.socket.sendto(header + query[12:end] + answer, client)

    def close(self):
        self.socket.close()


def processor_seconds(pid):
    """What the process has computed for, which says more of it than of the machine's load."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def resident_kilobytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


class Result(unittest.TextTestResult):
    def getDescription(self, test):
        return test.shortDescription() or str(test)


def main():
    """Runs the tests of the calling program; the last line counts them."""
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Result, stream=sys.stdout)
    program = unittest.main(module="__main__", testRunner=runner, exit=False)
    result = program.result
    failed = len({str(test) for test, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed")
    sys.exit(0 if result.wasSuccessful() else 1)

"""The servers that are compared: how each is configured with one worker, and started."""
import os
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from processes import RunningServer

sys.path.append(str(Path(__file__).resolve().parents[1] / "attack_lib"))

from wire import make_query  # noqa: E402

# TCP connections that every server allows. NSD and Unbound shorten the time-outs of connections when half of
# the allowed number is open, so it is more than twice what is opened.
MAX_CLIENTS = 25000
IDLE_SECONDS = 600
SOCKET_BUFFER = 4 << 20
START_SECONDS = 600
NXDOMAIN = 3


class StartFailure(Exception):
    """A server that did not answer; the message says what its log holds."""


def free_port():
    """A port that nothing uses now, over UDP and TCP, below those that the kernel hands out."""
    for _ in range(100):
        port = random.randrange(10000, 32000)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
                return port
        except OSError:
            continue
    raise StartFailure("no free port on 127.0.0.1")


def ask(port, name, timeout, rrtype=1, host="127.0.0.1"):
    """The RCODE of the answer to one question over UDP; None where no answer comes in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((host, port))
        try:
            client.send(make_query(name, rrtype))
            answer = client.recv(65535)
        except OSError:
            return None
    return answer[3] & 15 if len(answer) >= 12 else None


class Server:
    """One of the servers. Subclasses say what they are started with."""

    name = ""
    title = ""
    package = ""
    program = ""
    over_tcp = True

    def __init__(self, context):
        self.context = context
        self.path = shutil.which(self.program, path=os.environ.get("PATH", "") + ":/usr/sbin") if self.program else None
        self.port = None
        self.running = None

    def command(self, folder, workload):
        raise NotImplementedError

    def version(self):
        return ""

    def available(self):
        return self.path is not None

    def start(self, workload, folder):
        """Starts it and waits for the first answer; the seconds that took."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        command = self.unconfined(self.command(folder, workload))
        environment = {"TAUT_SOCKET_BUFFER": str(SOCKET_BUFFER), "LD_PRELOAD": self.context.socket_buffers}
        begin = time.monotonic()
        self.running = RunningServer(self.name, command, self.context.server_core, folder / "log", environment)
        while True:
            rcode = ask(self.port, workload.probe, 0.25)
            now = time.monotonic()
            if rcode == 0:
                return now - begin
            if not self.running.alive or rcode == NXDOMAIN or now - begin > START_SECONDS:
                log = (folder / "log").read_text(errors="replace")[-2000:]
                self.stop()
                raise StartFailure(f"{self.title} did not answer {workload.probe}:\n{log}")
            time.sleep(0.002 if now - begin < 1 else 0.02)

    def stop(self):
        if self.running:
            self.running.stop()
            self.running = None

    @staticmethod
    def unconfined(command):
        """AppArmor profiles of Debian keep some servers from reading a folder that is not theirs."""
        try:
            enabled = Path("/sys/module/apparmor/parameters/enabled").read_text().startswith("Y")
        except OSError:
            enabled = False
        if enabled and shutil.which("aa-exec"):
            return ["aa-exec", "-p", "unconfined", "--", *command]
        return command

    def output(self, *arguments):
        result = subprocess.run([self.path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                check=False)
        return result.stdout + result.stderr

    def found(self, pattern, *arguments):
        match = re.search(pattern, self.output(*arguments))
        return match.group(1) if match else "unknown"


def zone_list(folder, workload):
    path = folder / "zones"
    path.write_text("".join(f"{origin}\t{file}\n" for origin, file in workload.zones))
    return path


class Taut(Server):
    name = "taut"
    title = "taut"

    def __init__(self, context):
        super().__init__(context)
        self.path = context.tautd

    def version(self):
        return self.output("--version").strip().removeprefix("tautd ")

    def command(self, folder, workload):
        arguments = [self.path, "-i", "127.0.0.1", "-p", str(self.port), "-t", "1", "--max-connections",
                     str(MAX_CLIENTS)]
        if workload.hints:
            return [*arguments, "--recursor", "--root-hints", str(workload.hints), "--no-trust-anchor",
                    "--query-loopback", "--upstream-ipv6", "no"]
        if workload.upstream:
            return [*arguments, "--forward", f"127.0.0.1:{workload.upstream}", "--cache"]
        if workload.others:
            arguments += ["--forward", f"127.0.0.1:{workload.others}", "--cache"]
        return [*arguments, "--zone-list", str(zone_list(folder, workload))]


class Knot(Server):
    name = "knot"
    title = "Knot DNS"
    package = "knot"
    program = "knotd"

    def version(self):
        return self.found(r"version (\S+)", "--version")

    def command(self, folder, workload):
        zones = "".join(f"  - domain: {origin}\n    file: {file}\n" for origin, file in workload.zones)
        (folder / "knot.conf").write_text(f"""server:
    rundir: {folder}
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-max-clients: {MAX_CLIENTS}
    tcp-idle-timeout: {IDLE_SECONDS}
database:
    storage: {folder}
log:
  - target: stderr
    any: error
template:
  - id: default
    storage: {folder}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
{zones}""")
        return [self.path, "-c", str(folder / "knot.conf")]


class Nsd(Server):
    name = "nsd"
    title = "NSD"
    package = "nsd"
    program = "nsd"

    def version(self):
        return self.found(r"version (\S+)", "-v")

    def command(self, folder, workload):
        zones = "".join(f'zone:\n  name: {origin}\n  zonefile: "{file}"\n' for origin, file in workload.zones)
        (folder / "nsd.conf").write_text(f"""server:
  server-count: 1
  ip-address: 127.0.0.1@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  tcp-count: {MAX_CLIENTS}
  tcp-timeout: {IDLE_SECONDS}
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  verbosity: 0
remote-control:
  control-enable: no
{zones}""")
        return [self.path, "-d", "-c", str(folder / "nsd.conf")]


class Bind(Server):
    name = "bind"
    title = "BIND"
    package = "bind9"
    program = "named"

    def version(self):
        return self.found(r"BIND (\S+)", "-v")

    def command(self, folder, workload):
        zones = "".join(f'zone "{origin}" {{ type primary; file "{file}"; }};\n' for origin, file in workload.zones)
        recursion = "recursion no;"
        if workload.others:
            recursion = (f"recursion yes; allow-recursion {{ any; }};\n"
                         f"  forwarders port {workload.others} {{ 127.0.0.1; }}; forward only;")
        (folder / "named.conf").write_text(f"""options {{
  directory "{folder}";
  pid-file "{folder}/named.pid";
  session-keyfile "{folder}/session.key";
  listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  {recursion}
  dnssec-validation no;
  notify no;
  check-integrity no;
  querylog no;
  tcp-clients {MAX_CLIENTS};
  tcp-listen-queue 1024;
  tcp-idle-timeout 1200;
}};
controls {{ }};
logging {{ category default {{ null; }}; category lame-servers {{ null; }}; }};
{zones}""")
        return [self.path, "-f", "-4", "-n", "1", "-c", str(folder / "named.conf")]


class PowerDns(Server):
    name = "pdns"
    title = "PowerDNS"
    package = "pdns-server"
    program = "pdns_server"

    def version(self):
        return self.found(r"Server (\d\S+)", "--version")

    def command(self, folder, workload):
        zones = "".join(f'zone "{origin}" {{ type master; file "{file}"; }};\n' for origin, file in workload.zones)
        (folder / "named.conf").write_text(f'options {{ directory "{folder}"; }};\n{zones}')
        database = folder / "dnssec.db"
        signed = [origin for origin, _ in workload.zones if origin in workload.signed]
        (folder / "pdns.conf").write_text(f"""launch=bind
bind-config={folder}/named.conf
{f"bind-dnssec-db={database}" if signed else ""}
bind-check-interval=0
local-address=127.0.0.1
local-port={self.port}
receiver-threads=1
distributor-threads=1
max-tcp-connections={MAX_CLIENTS}
max-tcp-connections-per-client=0
max-tcp-connection-duration=0
tcp-idle-timeout={IDLE_SECONDS}
socket-dir={folder}
daemon=no
guardian=no
disable-syslog=yes
loglevel=2
security-poll-suffix=
""")
        utility = shutil.which("pdnsutil")
        if signed and utility:
            arguments = [utility, f"--config-dir={folder}"]
            subprocess.run([*arguments, "create-bind-db", str(database)], check=False, capture_output=True)
            for origin in signed:
                subprocess.run([*arguments, "set-presigned", origin], check=False, capture_output=True)
        return [self.path, f"--config-dir={folder}"]


class Unbound(Server):
    name = "unbound"
    title = "Unbound"
    package = "unbound"
    program = "unbound"

    def version(self):
        return self.found(r"Version (\S+)", "-V")

    @staticmethod
    def sources(workload):
        """Where its answers come from: the end of the server clause, and clauses that follow it."""
        if workload.hints:
            return f'  root-hints: "{workload.hints}"\n  do-ip6: no\n'
        if workload.upstream:
            # Unbound would answer for test. itself.
            return ('  local-zone: "test." nodefault\n'
                    f'forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@{workload.upstream}\n')
        lines = [f'  local-zone: "{origin}" static\n' for origin, _ in workload.zones]
        lines += [f"  local-data: '{record}'\n" for record in workload.local_data]
        if workload.others:
            lines.append(f'forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@{workload.others}\n')
        return "".join(lines)

    def command(self, folder, workload):
        # Unbound refuses to start where it could run out of descriptors.
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        (folder / "unbound.conf").write_text(f"""server:
  interface: 127.0.0.1
  port: {self.port}
  num-threads: 1
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  use-syslog: no
  verbosity: 0
  module-config: "iterator"
  do-not-query-localhost: no
  incoming-num-tcp: {min(MAX_CLIENTS, descriptors - 2000)}
  outgoing-range: 512
  tcp-idle-timeout: {IDLE_SECONDS * 1000}
  msg-cache-size: 256m
  rrset-cache-size: 512m
  serve-expired: no
  prefetch: no
{self.sources(workload)}remote-control:
  control-enable: no
""")
        return [self.path, "-d", "-c", str(folder / "unbound.conf")]


class Echo(Server):
    name = "echo"
    title = "bare UDP echo"
    over_tcp = False

    def __init__(self, context):
        super().__init__(context)
        self.path = context.echo

    def command(self, folder, workload):
        return [self.path, f"127.0.0.1:{self.port}"]


ALL = [Taut, Knot, Nsd, Bind, PowerDns, Unbound, Echo]
PACKAGES = [server.package for server in ALL if server.package]

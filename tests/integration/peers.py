"""Authoritative servers of others, each serving the same zones on a port of its own: Knot DNS, NSD and BIND."""
from support import SOA, free_port, make_query, which


def start_knot(test, zones):
    port = free_port()
    entries = "".join(f"- domain: {origin}\n  file: {path}\n" for origin, path in zones)
    config = test.write(
        "peer-knot.conf",
        f"""server:
  listen: 127.0.0.1@{port}
  rundir: {test.folder}
database:
  storage: {test.folder}
log:
- target: stderr
  any: warning
template:
- id: default
  storage: {test.folder}
  semantic-checks: off
zone:
{entries}""",
    )
    return ready(test, test.spawn(which("knotd"), "-c", config), port, zones)


def start_nsd(test, zones):
    port = free_port()
    entries = "".join(f'zone:\n  name: "{origin}"\n  zonefile: "{path}"\n' for origin, path in zones)
    config = test.write(
        "peer-nsd.conf",
        f"""server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{test.folder}"
  database: ""
  pidfile: "{test.folder}/nsd.pid"
  xfrdfile: "{test.folder}/nsd.xfrd"
  zonelistfile: "{test.folder}/nsd.list"
  xfrdir: "{test.folder}"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
{entries}""",
    )
    return ready(test, test.spawn(which("nsd"), "-d", "-c", config), port, zones)


def start_named(test, zones):
    port = free_port()
    entries = "".join(f'zone "{origin}" {{ type primary; file "{path}"; }};\n' for origin, path in zones)
    config = test.write(
        "peer-named.conf",
        f"""options {{
  directory "{test.folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  allow-transfer {{ none; }};
  check-names primary ignore;
  check-integrity no;
  notify no;
}};
controls {{ }};
{entries}""",
    )
    return ready(test, test.spawn(which("named"), "-g", "-n", "1", "-c", config), port, zones)


def ready(test, server, port, zones):
    server.port = port
    test.wait_for_answer(server, query=make_query(zones[0][0], SOA, recursion=False))
    return server


PEERS = {"knot": start_knot, "nsd": start_nsd, "named": start_named}

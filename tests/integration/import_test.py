"""tautctl import makes a taut.toml of another server's configuration, and says what it leaves out."""
import os
import subprocess
import unittest
from pathlib import Path

from peers import PEERS
from support import BUILD, EXAMPLE_ZONE, SOA, TAUTD, TestCase, ask_udp, free_port, main, make_query, which

QUESTIONS = [("example.com", 6), ("www.example.com", 1), ("example.com", 15), ("nothing.example.com", 1)]
CONFIGURATIONS = {
    "named.conf": """acl office { 192.0.2.0/24; 10/8; localhost; };
acl "the others" { office; any; };
options {
  directory "/var/lib/bind"; version none; hostname none; server-id "ns1 ${HOME}"; tcp-clients 500;
  listen-on port 5353 { 127.0.0.1; }; forwarders { 192.0.2.53 port 5300; 2001:db8::1; };
  allow-recursion { office; }; rate-limit { responses-per-second 5; window 20; exempt-clients { none; }; };
};
zone "example.com" { type primary; file "db.example.com"; };
zone "example.net" { type primary; file "db.example.net"; };
zone "0/25.2.0.192.in-addr.arpa" { type primary; file "reverse/0-25"; };
zone "." { type primary; file "root"; };
""",
    "knot.conf": """server:
    listen: [127.0.0.1@5353, ::1@5353]
    identity: ""
    udp-max-payload: 4096
mod-rrl:
  - id: default
    rate-limit: 100
template:
  - id: default
    global-module: mod-rrl/default
zone:
  - domain: example.com
  - domain: example.net
""",
    "nsd.conf": """server:
    server-count: 2
    hide-version: yes
    tcp-count: 100
    rrl-ratelimit: 20
zone:
    name: example.com
    zonefile: example.com.zone
""",
    "unbound.conf": """server:
    interface: 127.0.0.1@5353
    access-control: 10.0.0.0/8 allow
    private-address: 10.0.0.0/8
    private-domain: corp.example
    msg-cache-size: 0
forward-zone:
    name: .
    forward-addr: 192.0.2.53@5300
""",
    "unbound-recursive.conf": """server:
    module-config: "respip dns64 validator iterator"
    auto-trust-anchor-file: "/var/lib/unbound/root.key"
    trust-anchor-file: "corp.key"
    domain-insecure: "lab.example"
    cache-min-ttl: 7200
    cache-max-ttl: 60
    outgoing-interface: 127.0.0.1
    private-address: 10.0.0.0/8
    private-domain: corp.example
    serve-expired: no
stub-zone:
    name: "10.in-addr.arpa"
    stub-addr: 10.0.0.53@5353
forward-zone:
    name: corp.example
    forward-addr: 10.0.0.54
rpz:
    name: block.example
    zonefile: block.zone
auth-zone:
    name: .
    primary: 192.0.32.132
    for-downstream: no
""",
    "named-recursive.conf": """options {
  allow-recursion { any; }; validate-except { "lab.example"; }; forwarders { 192.0.2.53; };
  response-policy { zone "block.example"; zone "none.example"; }; dns64 64:ff9b::/96 { };
  max-cache-ttl 1h; query-source-v6 none; max-cache-size 1k; stale-answer-enable no;
};
zone "block.example" { type primary; file "block"; allow-query { none; }; };
zone "corp.example" { type forward; forwarders { 10.0.0.54; }; };
zone "stub.example" { type stub; primaries { 192.0.2.1; }; };
""",
    "Corefile": """.:5353 {
    forward . /etc/resolv.conf
    cache 30
    hosts
    chaos "a \\"text\\""
}
10.0.0.0/8:5353 {
    file reverse
}
""",
}

ADVICE = "(taken for a configuration of %s; if it is another's, give --from KIND)"
TAUTCTL = BUILD / "src/tautctl/tautctl"


class Import(TestCase):
    def import_file(self, *arguments, **options):
        return self.run_program(TAUTCTL, "import", *arguments, **options)

    def test_output(self):
        """The taut.toml goes to standard output, and how much is not supported to standard error"""
        path = self.write("named.conf", 'options { recursion no; allow-transfer { none; }; };\n'
                          'zone "a" { type primary; file "/a"; };\n')
        result = self.import_file(path)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn('\n[[zone]]\nname = "a"\nfile = "/a"\n', result.stdout)
        path = self.write("named.conf", "options { recursion no; dnssec-validation auto; };\n")
        result = self.import_file(path)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr, "tautctl: 1 statement is not supported: see the comments\n")
        self.assertIn("# line 1: not supported: dnssec-validation auto (no names are resolved)\n", result.stdout)

    def test_mistakes(self):
        """A mistake is told with its place and status 1, a wrong usage has status 2"""
        path = self.write("named.conf", "options {\n  querylog\n};\n")
        result = self.import_file(path, env=dict(os.environ, PATH=str(self.folder)))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        said = f"tautctl: {path}:3:1: the statement does not end; expected ; {ADVICE % 'BIND'}\n"
        self.assertEqual(result.stderr, said)
        result = self.import_file("/nowhere/named.conf")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "tautctl: /nowhere/named.conf: No such file or directory\n")
        path = self.write("what.conf", "?\n")
        self.assertEqual(self.import_file(path).returncode, 1)
        result = self.import_file(path, "--from", "apache")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--from: 'apache': expected bind, knot, nsd, unbound or coredns", result.stderr)
        self.assertEqual(self.import_file().returncode, 2)
        self.assertEqual(self.run_program(TAUTCTL).returncode, 2)
        self.assertEqual(self.run_program(TAUTCTL, "--help").returncode, 0)

    def test_full_device(self):
        """Output that cannot be written is a failure"""
        path = self.write("named.conf", "options { recursion no; };\n")
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([TAUTCTL, "import", path], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual((result.returncode, result.stderr), (1, b"tautctl: the output cannot be written\n"))

    def test_normaliser(self):
        """A file that is not understood is read as the server's own program prints it, where that succeeds"""
        path = self.write("named.conf", "options { recursion no }\n")
        normal = "options {\\n\\trecursion no;\\n\\tdnssec-validation auto;\\n};\\n"
        script = f'#!/bin/sh\ntest "$1" = -p || exit 1\nprintf "{normal}"\n'
        program = Path(self.write("named-checkconf", script))
        program.chmod(0o755)
        environment = dict(os.environ, PATH=f"{self.folder}:/usr/bin:/bin")
        result = self.import_file(path, env=environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"from output of named-checkconf -p {path}, a configuration of BIND.\n", result.stdout)
        self.assertIn("# line 3: not supported: dnssec-validation auto (no names are resolved)\n", result.stdout)
        program.write_text("#!/bin/sh\nexit 1\n")
        result = self.import_file(path, env=environment)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{path}:1:24: the statement does not end; expected ;", result.stderr)

    def test_checked(self):
        """What is printed passes tautd --check"""
        for name, text in CONFIGURATIONS.items():
            with self.subTest(name):
                result = self.import_file(self.write(name, text))
                self.assertEqual(result.returncode, 0, result.stderr)
                checked = self.run_program(TAUTD, "--check", "--config", self.write("taut.toml", result.stdout))
                self.assertEqual((checked.returncode, checked.stderr), (0, ""), result.stdout)

    def test_same_answers(self):
        """tautd serves by an imported configuration what the other server serves by its own, on the same port"""
        for name, start in PEERS.items():
            with self.subTest(name):
                peer = start(self, [("example.com", EXAMPLE_ZONE)])
                expected = self.answers(peer.port)
                peer.stop()
                result = self.import_file(self.folder / f"peer-{name}.conf", "--from", name.replace("named", "bind"))
                self.assertEqual(result.returncode, 0, result.stderr)
                server = self.spawn(TAUTD, "--config", self.write("taut.toml", result.stdout))
                server.port = peer.port
                self.wait_for_answer(server, query=make_query("example.com", 6, recursion=False))
                self.assertEqual(self.answers(server.port), expected)
                self.assertEqual(server.stop(), 0, server.log())

    def answers(self, port):
        replies = [ask_udp("127.0.0.1", port, make_query(*question, recursion=False)) for question in QUESTIONS]
        return [
            (reply.rcode, reply.authoritative, sorted((record.type, record.ttl) for record in reply.sections[0]))
            for reply in replies
        ]

    def assert_resolves(self, peer, config):
        """A tautd in the place of the peer, by its configuration, resolves what it resolves."""
        expected = self.resolved(peer.port)
        self.assertEqual([rcode for rcode, _ in expected], [0, 0, 0, 3])
        peer.stop()
        result = self.import_file(config)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("\n[[recursion.zone]]\n", result.stdout)
        server = self.spawn(TAUTD, "--config", self.write("taut.toml", result.stdout))
        server.port = peer.port
        self.wait_for_answer(server, query=make_query("example.com", SOA))
        self.assertEqual(self.resolved(server.port), expected)
        self.assertEqual(server.stop(), 0, server.log())

    def resolved(self, port):
        replies = [ask_udp("127.0.0.1", port, make_query(*question)) for question in QUESTIONS]
        return [(reply.rcode, sorted((record.type, record.name) for record in reply.sections[0])) for reply in replies]

    def start_stub(self):
        """An Unbound that has example.com from Knot DNS."""
        primary = PEERS["knot"](self, [("example.com", EXAMPLE_ZONE)])
        options = ('  module-config: "iterator"\n  do-not-query-localhost: no\n'
                   f"stub-zone:\n  name: example.com\n  stub-addr: 127.0.0.1@{primary.port}\n")
        return self.start_unbound_with(options, query=make_query("example.com", SOA))

    def test_stub_zone(self):
        """tautd resolves the names of an Unbound's stub zone by an imported configuration, from the same server"""
        self.assert_resolves(self.start_stub(), self.folder / "unbound.conf")

    def test_forward_zone(self):
        """tautd resolves the names of a forward zone of BIND by an imported configuration, from the same server"""
        resolver = self.start_stub()
        config = self.write("named.conf", f"""options {{
  directory "{self.folder}"; pid-file none; session-keyfile none;
  listen-on port {(port := free_port())} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  dnssec-validation no; allow-recursion {{ localhost; }};
}};
controls {{ }};
zone "example.com" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {resolver.port}; }}; }};
""")
        peer = self.spawn(which("named"), "-g", "-n", "1", "-c", config)
        peer.port = port
        self.wait_for_answer(peer, query=make_query("example.com", SOA))
        self.assert_resolves(peer, config)

    @unittest.skipUnless(os.path.exists("/etc/bind/named.conf.options"), "BIND's files are not installed")
    def test_debian(self):
        """The named.conf that Debian installs is followed through its includes, and becomes a recursor"""
        result = self.import_file("/etc/bind/named.conf")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('name = "localhost"\nfile = "/etc/bind/db.local"\n', result.stdout)
        self.assert_recursive(result.stdout)
        self.assertIn('\nroot-hints = "/usr/share/dns/root.hints"\n', result.stdout)

    @unittest.skipUnless(os.path.exists("/etc/unbound/unbound.conf"), "Unbound's files are not installed")
    def test_debian_unbound(self):
        """The unbound.conf that Debian installs is followed through its includes, and becomes a recursor"""
        result = self.import_file("/etc/unbound/unbound.conf")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_recursive(result.stdout)

    def assert_recursive(self, toml):
        """It is one that validates, for this host, by the keys of the root that it follows."""
        self.assertIn('\n[recursion]\nallow = ["loopback"]\n', toml)
        self.assertIn('\nstate-directory = "/var/lib/taut"\n', toml)
        self.assertNotIn("validate = false", toml)
        checked = self.run_program(TAUTD, "--check", "--config", self.write("taut.toml", toml))
        self.assertEqual((checked.returncode, checked.stderr), (0, ""), toml)


if __name__ == "__main__":
    main()

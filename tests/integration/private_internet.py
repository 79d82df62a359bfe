"""A small Internet in a network namespace of its own: a signed root, two top-level domains, and below them a zone of
every kind that a resolver meets. Each group of zones has an authoritative server that knows no others."""
import re
import socket
import struct
import threading
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

from signed_zones import run
from support import NetworkNamespace, Process, family_of, wait_until, which

ROOT, ALPHA, BETA = "198.18.0.1", "198.18.1.1", "198.18.1.2"
NEAR, HOSTER, OLD, SILENT, WEB = "198.18.2.1", "198.18.2.2", "198.18.2.3", "198.18.9.9", "198.18.80.1"
SIXTH = "2001:db8:18::6"  # of the zone whose server has no other address

# What is in each zone below the top-level domains.
HEAD = "@ SOA ns hostmaster 1 7200 3600 1209600 120\n"
BODY = f"""{HEAD}@ A 192.0.2.1
@ MX 10 mail
mail A 192.0.2.25
www A {WEB}
www AAAA 2001:db8::80
alias CNAME www
chain CNAME alias
*.wild A 192.0.2.91
*.wild TXT "of the wildcard"
exact.wild TXT "not of the wildcard"
a.b.ent A 192.0.2.90
dname DNAME target
host.target A 192.0.2.93
toDname CNAME host.dname
toWild CNAME x.wild
toNothing CNAME nothing
toPlain CNAME www.plain.alpha.
toSigned CNAME www.rsa.alpha.
toHosted CNAME alias.hosted.beta.
toBogus CNAME www.expired.alpha.
away DNAME plain.beta.
loop1 CNAME loop2
loop2 CNAME loop1
""" + "".join(f'large TXT "{number:0200}"\n' for number in range(12))

NAMES = """@ mail www alias chain nothing x.nothing x.wild y.x.wild exact.wild x.exact.wild wild ent b.ent a.b.ent dname
host.dname x.dname toDname toWild toNothing toPlain toSigned toHosted toBogus www.away nothing.away loop1 large
WwW""".split()

NSEC3 = ("-3", "aabbccdd", "-H", "0")
OPT_OUT = (*NSEC3, "-A")
# Origin, algorithm, options of dnssec-signzone; no algorithm: unsigned.
SIGNED = [
    ("p256.alpha", "ECDSAP256SHA256", ()),
    ("rsa.alpha", "RSASHA256", NSEC3),
    ("ed25519.alpha", "ED25519", ()),
    ("optout.alpha", "ECDSAP256SHA256", OPT_OUT),
    ("child.optout.alpha", "ECDSAP384SHA384", NSEC3),  # on the server of its parent, which never refers to it
    ("hosted.beta", "ECDSAP256SHA256", ()),
    ("hoster.alpha", "ECDSAP256SHA256", ()),
    ("six.beta", "RSASHA512", ()),
]
UNSIGNED = ["plain.alpha", "plain.beta", "open.optout.alpha", "hosted2.beta", "lame.beta", "halfdead.beta", "old.beta"]
TOPS = [("alpha", ALPHA, "ECDSAP256SHA256", ()), ("beta", BETA, "RSASHA256", OPT_OUT)]
# What is wrong with a zone that should be secure, the EDE codes (RFC 8914) that say so, and of which names.
BOGUS = {
    "expired.alpha": ((7,), ("www", "mail", "nothing")),
    "early.alpha": ((8,), ("www", "mail", "nothing")),
    "forged.alpha": ((6,), ("www",)),
    "stripped.alpha": ((10,), ("www",)),
    "otherkey.alpha": ((9,), ("www", "mail", "nothing")),
    "unsigned.alpha": ((9, 10), ("www", "mail", "nothing")),
    "unproven.beta": ((12,), ("nothing",)),
}
INNERMOST_FIRST = sorted((*(origin for origin, *_ in SIGNED), *UNSIGNED, *BOGUS), key=lambda origin: -origin.count("."))
MORE = {"hosted.beta": f"ns A {HOSTER}\n"}


def servers_of_zones():
    """The names of each zone's servers, with their addresses where the delegation has them."""
    servers = {origin: [(f"ns.{origin}.", NEAR)] for origin in INNERMOST_FIRST}
    servers["hoster.alpha"] = [("ns1.hoster.alpha.", HOSTER), ("ns2.hoster.alpha.", HOSTER)]
    servers["hosted.beta"] = [("ns1.hoster.alpha.", None), ("ns2.hoster.alpha.", None)]
    servers["hosted2.beta"] = [("ns.hosted.beta.", None)]  # found by way of the zone before
    servers["six.beta"] = [("ns.six.beta.", SIXTH)]
    servers["lame.beta"] = [("ns1.lame.beta.", HOSTER), ("ns2.lame.beta.", NEAR)]
    servers["halfdead.beta"] = [("ns1.halfdead.beta.", SILENT), ("ns2.halfdead.beta.", NEAR)]
    servers["dead.beta"] = [("ns.dead.beta.", SILENT)]
    servers["old.beta"] = [("ns.old.beta.", OLD)]
    return servers


class PrivateInternet:
    """Servers in `network`, which are ended by `close`; `hints` and `anchor` are what a resolver is given."""

    def __init__(self, folder):
        self.folder, self.processes, self.sockets = Path(folder), [], []
        self.network = NetworkNamespace()
        try:
            self._make_zones()
            self._start_servers()
        except BaseException:
            self.close()
            raise

    def close(self):
        for process in self.processes:
            process.kill()
        for one in self.sockets:
            one.close()
        self.network.close()

    # Zones.

    def _path(self, origin):
        return self.folder / f"{origin or 'root'}.zone"

    def _write(self, origin, body, algorithm=None, options=(), change=None):
        """Writes the zone, signed if it has an algorithm; `change` is applied to the text of the records at the end."""
        path = self._path(origin)
        path.write_text(f"$ORIGIN {origin}.\n$TTL 300\n{body}")
        if algorithm:
            keys = self.folder / f"keys-{origin}"
            for flags in () if keys.exists() else ((), ("-f", "KSK")):
                keys.mkdir(exist_ok=True)
                run([which("dnssec-keygen"), "-q", "-K", keys, "-a", algorithm, *flags, f"{origin}."])
            path.write_text(path.read_text() + "".join(key.read_text() for key in sorted(keys.glob("*.key"))))
            where = ["-K", keys, "-d", self.folder, "-o", f"{origin}.", "-f", path]
            run([which("dnssec-signzone"), "-q", "-P", "-O", "full", *where, "-S", *options, path])
        if change:
            path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))

    def _ds(self, origin):
        return (self.folder / f"dsset-{origin}.").read_text()

    def _make_zones(self):
        servers = servers_of_zones()
        signed = {origin: kind for origin, *kind in SIGNED}
        for origin in INNERMOST_FIRST:
            body = BODY + self._delegation(origin, servers[origin]) + MORE.get(origin, "")
            for child in servers:
                if child.endswith(f".{origin}"):
                    body += self._delegation(child, servers[child], child in signed)
            if origin in BOGUS:
                self._write_bogus(origin, body)
            else:
                self._write(origin, body, *signed.get(origin, ()))
        for top, server, algorithm, options in TOPS:
            body = f"{HEAD}@ NS ns\nns A {server}\n"
            for origin in servers:
                if origin.split(".")[1:] == [top]:
                    body += self._delegation(origin, servers[origin], origin in signed or origin in BOGUS)
            self._write(top, body, algorithm, options)
        body = f"{HEAD}@ NS a.root-servers\na.root-servers A {ROOT}\n"
        for top, server, *_ in TOPS:
            body += self._delegation(top, [(f"ns.{top}.", server)], True)
        self._write_root(body)
        self.anchor = next(key for key in self.folder.glob("keys-/*.key") if " 257 " in key.read_text())
        self.hints = self.folder / "hints"
        self.hints.write_text(f". 3600000 NS a.root-servers.\na.root-servers. 3600000 A {ROOT}\n")

    def _write_root(self, body):
        """Signs it twice, at the end with the digest of the first (RFC 8976): RSA makes the same signatures again."""
        now = time.time()
        begin, end = (time.strftime("%Y%m%d%H%M%S", time.gmtime(now + days * 86400)) for days in (-1, 30))
        digest = "00" * 48
        for _ in range(2):
            self._write("", f"{body}@ ZONEMD 1 1 1 {digest}\n", "RSASHA256", ("-s", begin, "-e", end))
            zone = dns.zone.from_file(str(self._path("")), origin=".", relativize=False)
            digest = zone.compute_digest(dns.zone.DigestHashAlgorithm.SHA384).digest.hex()

    def _write_bogus(self, origin, body):
        kind = origin.split(".")[0]
        times = {
            "expired": ("-s", "20200101000000", "-e", "20200301000000"),
            "early": ("-s", "+864000", "-e", "+1728000"),
        }
        self._write(origin, body, "ECDSAP256SHA256", times.get(kind, ()), getattr(self, f"_{kind}", None))
        if kind == "otherkey":
            ds = self.folder / f"dsset-{origin}."
            ds.write_text(re.sub(r"(\s2\s+)\S{8}", r"\g<1>01234567", ds.read_text()))

    @staticmethod
    def _is_signature(line, kind, name=""):
        return re.match(rf"{name}\S*\s+\d+\s+IN\s+RRSIG\s+{kind}\s", line)

    def _forged(self, lines):
        """Another octet in the signature of www's addresses."""
        for line in lines:
            if self._is_signature(line, "A", "www"):
                words = line.split()
                words[12] = ("A" if words[12][0] != "A" else "B") + words[12][1:]
                line = " ".join(words)
            yield line

    def _stripped(self, lines):
        return (line for line in lines if not self._is_signature(line, "A", "www"))

    def _unsigned(self, lines):
        return (line for line in lines if not re.search(r"\sIN\s+(RRSIG|NSEC|DNSKEY)\s", line))

    def _unproven(self, lines):
        return (line for line in lines if not re.search(r"\sIN\s+(NSEC|RRSIG\s+NSEC)\s", line))

    def _delegation(self, origin, servers, signed=False):
        text = ""
        for name, address in servers:
            text += f"{origin}. NS {name}\n"
            if address:
                text += f"{name} {'AAAA' if ':' in address else 'A'} {address}\n"
        return text + (self._ds(origin) if signed else "")

    # Servers.

    def _start_servers(self):
        for address in (ROOT, ALPHA, BETA, NEAR, HOSTER, OLD, SILENT, WEB, SIXTH):
            self.network.add_address(address)
        hosted = ("hoster.alpha", "hosted.beta", "hosted2.beta")
        near = [origin for origin in INNERMOST_FIRST if origin not in (*hosted, "old.beta")]
        groups = [("root", (ROOT,), ("",)), ("alpha", (ALPHA,), ("alpha",)), ("beta", (BETA,), ("beta",)),
                  ("near", (NEAR, SIXTH), near), ("hoster", (HOSTER,), hosted)]
        for group in groups:
            self._start_nsd(*group)
        self.network.run(self._start_silent)
        self.network.run(self._start_old)
        for _, addresses, origins in groups:
            for address in addresses:
                wait_until(lambda asked=(address, [(f"{origins[0]}.", "SOA")]): self.network.run(ask, *asked)[0],
                           what=f"{address} answers")

    def _start_nsd(self, name, addresses, origins):
        folder = self.folder / f"nsd-{name}"
        folder.mkdir()
        listen = "".join(f"  ip-address: {address}\n" for address in addresses)
        zones = "".join(f'zone:\n  name: "{origin}."\n  zonefile: "{self._path(origin)}"\n'
                        '  provide-xfr: 198.18.0.0/15 NOKEY\n' for origin in origins)
        config = folder / "nsd.conf"
        config.write_text(f"""server:
{listen}  username: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/pid"
  xfrdfile: "{folder}/xfrd"
  zonelistfile: "{folder}/list"
  xfrdir: "{folder}"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
{zones}""")
        command = [which("nsd"), "-d", "-c", config]
        self.processes.append(self.network.run(Process, command, self.folder, name=f"nsd-{name}"))

    def _start_silent(self):
        """A server that takes each query and says nothing."""
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        streams = socket.socket()
        for one in (datagrams, streams):
            one.bind((SILENT, 53))
        streams.listen()
        self.sockets += [datagrams, streams]

    def _start_old(self):
        old = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        old.bind((OLD, 53))
        self.sockets.append(old)
        threading.Thread(target=serve_without_edns, args=(old,), daemon=True).start()


def serve_without_edns(server):
    """A server of old.beta from before EDNS, which answers FORMERR to queries that have it."""
    while True:
        try:
            octets, client = server.recvfrom(4096)
        except OSError:
            return
        query = dns.message.from_wire(octets)
        name, kind = query.question[0].name, query.question[0].rdtype
        if query.edns >= 0:
            reply = dns.message.Message(query.id)
            reply.flags = dns.flags.QR
            reply.set_rcode(dns.rcode.FORMERR)
        else:
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.AA
            if name.to_text().lower() == "www.old.beta." and kind == dns.rdatatype.A:
                reply.answer.append(dns.rrset.from_text(name, 300, "IN", "A", "192.0.2.77"))
            else:
                soa = "ns.old.beta. hostmaster.old.beta. 1 7200 3600 1209600 120"
                reply.authority.append(dns.rrset.from_text("old.beta.", 120, "IN", "SOA", soa))
        server.sendto(reply.to_wire(), client)


def ask(address, questions, flags=dns.flags.RD, dnssec=True, at_once=20, seconds=30, port=53):
    """Asks all of (name, type), some at a time, each once; the replies in the same order, None where there is none."""
    replies, waiting, queue = [None] * len(questions), set(), list(reversed(range(len(questions))))
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as client:
        client.connect((address, port))
        client.settimeout(seconds)
        while queue or waiting:
            while queue and len(waiting) < at_once:
                number = queue.pop()
                name, kind = questions[number]
                query = dns.message.make_query(name, kind, use_edns=0, want_dnssec=dnssec, payload=1232, id=number)
                query.flags = flags
                client.send(query.to_wire())
                waiting.add(number)
            try:
                octets = client.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                return replies
            number, bits = struct.unpack(">HH", octets[:4])
            if number in waiting:
                waiting.remove(number)
                reply = dns.message.from_wire(octets, ignore_trailing=False)
                if bits & 0x0200:
                    query = dns.message.make_query(*questions[number], use_edns=0, want_dnssec=dnssec)
                    query.flags = flags
                    reply = dns.query.tcp(query, address, timeout=seconds, port=port)
                replies[number] = reply
    return replies

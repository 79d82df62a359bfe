"""A validating resolver believes every kind of answer from signed zones: NSEC, NSEC3, and NSEC3 with opt-out.

Unbound asks tautd alone and trusts the keys of the zones. What it could prove carries the AD bit; what cannot be proven
signed or unsigned is SERVFAIL.
"""
import re
import socket

from support import A, NOERROR, NXDOMAIN, SERVFAIL, SOA, TXT, TestCase, ask_tcp, main, make_query, wait_until
import signed_zones

DNAME, DS, RRSIG, NSEC, DNSKEY, NSEC3PARAM, MX = 39, 43, 46, 47, 48, 51, 15
AD, CD = 0x20, 0x10  # in the header's fourth octet

CHILD = """$TTL 300
@ IN SOA ns hostmaster 1 7200 3600 1209600 120
@ NS ns
ns A 192.0.2.200
www A 192.0.2.201
"""

# Delegations to two zones that are served too; `@DS@` is what the parent says of the signed one.
DELEGATIONS = """
secure NS ns.secure
ns.secure A 192.0.2.200
@DS@
insecure NS ns.insecure
ns.insecure A 192.0.2.200
"""

SECURE, INSECURE, BOGUS = "secure", "insecure", "bogus"

# Name, type, RCODE, and how it comes out: in a zone without opt-out, and with it, where no hash denies anything in a
# span that may hold unsigned delegations (RFC 5155 section 9.2).
QUESTIONS = [
    ("@", SOA, NOERROR, SECURE, SECURE),
    ("@", DNSKEY, NOERROR, SECURE, SECURE),
    ("www", A, NOERROR, SECURE, SECURE),
    ("UpPeR", A, NOERROR, SECURE, SECURE),
    ("alias", A, NOERROR, SECURE, SECURE),
    ("chain", A, NOERROR, SECURE, SECURE),
    ("dangling", A, NXDOMAIN, SECURE, INSECURE),
    ("dname", DNAME, NOERROR, SECURE, SECURE),
    ("host.dnamed", A, NOERROR, SECURE, SECURE),
    ("none.dnamed", A, NXDOMAIN, SECURE, INSECURE),
    ("toDname", A, NOERROR, SECURE, SECURE),
    ("a.b.wild", A, NOERROR, SECURE, INSECURE),
    ("*.wild", A, NOERROR, SECURE, SECURE),
    ("x.cname", A, NOERROR, SECURE, INSECURE),
    ("toWild", A, NOERROR, SECURE, INSECURE),
    ("a.b.wild", TXT, NOERROR, SECURE, INSECURE),
    ("x.y.empty.below", A, NOERROR, SECURE, INSECURE),
    ("x.exact.wild", A, NXDOMAIN, SECURE, INSECURE),
    ("none", A, NXDOMAIN, SECURE, INSECURE),
    ("a.b.c.none", A, NXDOMAIN, SECURE, INSECURE),
    ("0", A, NXDOMAIN, SECURE, INSECURE),
    ("zzz", A, NXDOMAIN, SECURE, INSECURE),
    ("x.a.b.c.ent", A, NXDOMAIN, SECURE, INSECURE),
    ("www", TXT, NOERROR, SECURE, SECURE),
    ("www", DS, NOERROR, SECURE, SECURE),
    ("none", DS, NXDOMAIN, SECURE, INSECURE),
    ("ent", A, NOERROR, SECURE, SECURE),
    ("b.c.ent", A, NOERROR, SECURE, SECURE),
    ("er.cut", A, NOERROR, SECURE, INSECURE),  # above an unsigned delegation alone: opt-out leaves it out too
    ("secure", DS, NOERROR, SECURE, SECURE),
    ("www.secure", A, NOERROR, SECURE, SECURE),
    ("www.secure", TXT, NOERROR, SECURE, SECURE),
    ("none.secure", A, NXDOMAIN, SECURE, SECURE),
    ("insecure", DS, NOERROR, SECURE, INSECURE),
    ("www.insecure", A, NOERROR, INSECURE, INSECURE),
    ("none.insecure", A, NXDOMAIN, INSECURE, INSECURE),
    ("deep.er.cut", DS, NOERROR, SECURE, INSECURE),
]

KINDS = {
    "nsec.test": (),
    "nsec3.test": ("-3", "aabbccdd", "-H", "5"),
    "optout.test": ("-3", "-", "-A", "-H", "0"),
}


class Dnssec(TestCase):
    def make_zones(self):
        """Origin and signed file of every zone, parents and their children."""
        zones = []
        for origin, options in KINDS.items():
            child = f"secure.{origin}"
            zones.append((child, signed_zones.sign(self, child, "-O", "full", body=CHILD)))
            zones.append((f"insecure.{origin}", signed_zones.write_zone(self, f"insecure.{origin}", CHILD)))
            digest = (self.folder / f"dsset-{child}.").read_text()
            body = signed_zones.BODY + DELEGATIONS.replace("@DS@", digest)
            zones.append((origin, signed_zones.sign(self, origin, "-O", "full", *options, body=body)))
        return zones

    def start(self, zones):
        zone_arguments = [word for origin, path in zones for word in ("--zone", f"{origin}={path}")]
        server = self.start_tautd(*zone_arguments)
        return server, self.start_validator(server.port, [origin for origin, _ in zones])

    def start_validator(self, upstream, origins):
        """Unbound, which asks tautd every question, and trusts the keys of the parents."""
        stubs = "".join(
            f'stub-zone:\n  name: "{origin}"\n  stub-addr: 127.0.0.1@{upstream}\n' for origin in [".", *origins]
        )
        anchors = "".join(
            f'  trust-anchor-file: "{key}"\n'
            for key in sorted(self.folder.glob("K*.key"))
            if "257 3 13" in key.read_text() and re.match(r"K(nsec|nsec3|optout)\.test\.", key.name)
        )
        self.assertEqual(anchors.count("trust-anchor"), len(KINDS))
        options = """  do-ip6: no
  module-config: "validator iterator"
  do-not-query-localhost: no
  qname-minimisation: no
  aggressive-nsec: no
  harden-below-nxdomain: no
  minimal-responses: no
  local-zone: "test." nodefault
  val-nsec3-keysize-iterations: "4096 500"
  val-log-level: 2
"""
        return self.start_unbound_with(options + anchors + stubs, make_query("nsec.test", SOA))

    @staticmethod
    def outcome(validator, name, rrtype):
        reply = ask_tcp("127.0.0.1", validator.port, make_query(name, rrtype, edns=4096, dnssec=True), 20)
        if reply.rcode == SERVFAIL:
            return reply.rcode, BOGUS
        return reply.rcode, SECURE if reply.flags & 0x0020 else INSECURE

    def test_validates(self):
        """Every kind of answer from an NSEC, an NSEC3 and an opt-out zone validates"""
        _, validator = self.start(self.make_zones())
        wrong = []
        for origin in KINDS:
            for label, rrtype, rcode, plain, optout in QUESTIONS:
                name = origin if label == "@" else f"{label}.{origin}"
                wanted = (rcode, optout if origin == "optout.test" else plain)
                found = self.outcome(validator, name, rrtype)
                if found != wanted:
                    wrong.append(f"{name} {rrtype}: {found}, expected {wanted}")
        self.assertEqual(wrong, [], validator.log()[-4000:])
        self.assertEqual(self.outcome(validator, "nsec3.test", NSEC3PARAM), (NOERROR, SECURE))

    def test_controls(self):
        """Data that differs from what was signed is bogus, so that the test above can fail"""
        zones = self.make_zones()
        for _, path in zones:
            # One record that does not match its signature, and no proof that anything does not exist.
            text = path.read_text().replace("192.0.2.80", "192.0.2.81")
            path.write_text(re.sub(r"(?m)^\S+\s+\d+\s+IN\s+NSEC3?\s.*\n", "", text))
        _, validator = self.start(zones)
        for origin in KINDS:
            self.assertEqual(self.outcome(validator, f"mail.{origin}", A), (NOERROR, SECURE))
            self.assertEqual(self.outcome(validator, f"www.{origin}", A)[1], BOGUS)
            self.assertEqual(self.outcome(validator, f"alias.{origin}", A)[1], BOGUS)
            self.assertEqual(self.outcome(validator, f"none.{origin}", A)[1], BOGUS)
            self.assertEqual(self.outcome(validator, f"www.{origin}", TXT)[1], BOGUS)
            self.assertEqual(self.outcome(validator, f"a.b.wild.{origin}", A)[1], BOGUS)
            self.assertEqual(self.outcome(validator, f"www.insecure.{origin}", A)[1], BOGUS)

    def test_forwarded(self):
        """Clients with DO alone get what DO brings, those with CD alone what a validator upstream finds bogus"""
        zones = self.make_zones()
        for _, path in zones:
            path.write_text(path.read_text().replace("192.0.2.80", "192.0.2.81"))
        _, validator = self.start(zones)
        server = self.start_tautd("--forward", f"127.0.0.1:{validator.port}", "--cache", "--threads", 1)

        def ask(label, flags=0, dnssec=False):
            query = bytearray(make_query(f"{label}.nsec.test", A, edns=1232, dnssec=dnssec))
            query[3] |= flags
            reply = ask_tcp("127.0.0.1", server.port, bytes(query))
            types = {record.type for record in reply.answers + reply.authority}
            return reply.rcode, bool(reply.flags & AD), types

        for _ in range(2):
            self.assertEqual(ask("mail"), (NOERROR, False, {A}))
            self.assertEqual(ask("mail", AD), (NOERROR, True, {A}))
            self.assertEqual(ask("mail", CD), (NOERROR, False, {A}))
            self.assertEqual(ask("mail", dnssec=True), (NOERROR, True, {A, RRSIG}))
            self.assertEqual(ask("none"), (NXDOMAIN, False, {SOA}))
            self.assertEqual(ask("none", dnssec=True), (NXDOMAIN, True, {SOA, NSEC, RRSIG}))
            self.assertEqual(ask("www")[0], SERVFAIL)
            self.assertEqual(ask("www", CD), (NOERROR, False, {A}))
            self.assertEqual(ask("www", CD, dnssec=True), (NOERROR, False, {A, RRSIG}))
        self.assertEqual(ask("www")[0], SERVFAIL)


if __name__ == "__main__":
    main()

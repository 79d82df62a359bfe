"""Zones that show every kind of answer, plain and signed with NSEC, NSEC3, and NSEC3 with opt-out."""
import subprocess

from support import which

BODY = """$TTL 300
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 120
@ NS ns1
@ NS ns2.other.test.
@ A 192.0.2.1
@ MX 10 mail
@ MX 20 mail.other.test.
@ TXT "apex"
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
mail A 192.0.2.25
www A 192.0.2.80
www AAAA 2001:db8::80
alias CNAME www
chain CNAME alias
away CNAME www.other.test.
outside CNAME www.elsewhere.invalid.
dangling CNAME nothing
loop1 CNAME loop2
loop2 CNAME loop1
toCut CNAME deep.sub
toWild CNAME a.b.wild
_sip._udp SRV 1 2 5060 www
_sip._udp SRV 2 2 5060 host.sub
naptr NAPTR 10 10 "a" "" "" www.@ORIGIN@
svc HTTPS 1 www alpn=h2
a.b.c.ent A 192.0.2.90
wild TXT "parent of the wildcard"
*.wild A 192.0.2.91
*.wild MX 5 x.wild
exact.wild TXT "not the wildcard"
sub.exact.wild A 192.0.2.92
*.cname CNAME www
*.empty.below TXT "below an empty non-terminal"
dname DNAME www
dnamed DNAME target
host.target A 192.0.2.93
toDname CNAME host.dnamed
dnameAway DNAME other.test.
sub NS ns.sub
sub NS ns1
ns.sub A 192.0.2.94
hidden.sub A 192.0.2.95
host.sub A 192.0.2.96
glueless NS ns.other.test.
deep.er.cut NS ns.deep.er.cut
ns.deep.er.cut AAAA 2001:db8::94
signed NS ns.signed
signed DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.signed A 192.0.2.97
UPPER A 192.0.2.98
weird\\.dot A 192.0.2.99
unknown TYPE65280 \\# 3 010203
"""

# The owners above, and what lies between, below and beside them.
NAMES = """@ ns1 mail www alias chain away outside dangling loop1 loop2 toCut toWild _sip._udp _udp naptr svc ent c.ent
b.c.ent
a.b.c.ent x.ent x.b.c.ent wild x.wild a.b.wild *.wild exact.wild x.exact.wild sub.exact.wild cname x.cname *.cname
x.y.cname below empty.below x.empty.below x.below dname x.dname a.x.dname dnamed host.dnamed none.dnamed toDname
dnameAway www.dnameAway target host.target sub ns.sub hidden.sub none.sub x.none.sub host.sub deep.sub glueless
x.glueless cut er.cut deep.er.cut ns.deep.er.cut x.er.cut signed ns.signed x.signed upper UpPeR unknown none a.none zzz
aaa *.none 0 ~ www.www xwww w ww wwww""".split()

TYPES = """A NS CNAME SOA PTR MX TXT AAAA SRV NAPTR DNAME DS RRSIG NSEC DNSKEY NSEC3 NSEC3PARAM HTTPS CAA TLSA SPF HINFO
TYPE65280 TYPE65281""".split()

OTHER = """$TTL 300
@ IN SOA ns hostmaster 1 7200 3600 1209600 120
@ NS ns
ns A 192.0.2.153
ns2 A 192.0.2.154
www A 192.0.2.180
mail A 192.0.2.125
"""


def write_zone(test, origin, body=BODY):
    text = f"$ORIGIN {origin}.\n" + body.replace("@ORIGIN@", f"{origin}.")
    return test.write(f"{origin}.zone", text)


def sign(test, origin, *options, body=BODY, algorithm="ECDSAP256SHA256"):
    """Writes the zone and signs it, with the keys of the time before if it was signed before; the signed file."""
    path = write_zone(test, origin, body)
    if not any(test.folder.glob(f"K{origin}.+*.key")):
        for flags in ([], ["-f", "KSK"]):
            run([which("dnssec-keygen"), "-q", "-K", test.folder, "-a", algorithm, *flags, origin])
    included = "".join(key.read_text() for key in sorted(test.folder.glob(f"K{origin}.+*.key")))
    path.write_text(path.read_text() + included)
    signed = test.folder / f"{origin}.signed"
    where = ["-K", test.folder, "-d", test.folder, "-o", origin, "-f", signed]
    run([which("dnssec-signzone"), "-q", *where, "-S", *options, path])
    return signed


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]}: {done.stderr}{done.stdout}")
    return done.stdout


def all_zones(test):
    """Pairs of origin and file."""
    return [
        ("plain.test", write_zone(test, "plain.test")),
        ("nsec.test", sign(test, "nsec.test")),
        ("nsec3.test", sign(test, "nsec3.test", "-3", "aabbccdd", "-H", "0")),
        ("optout.test", sign(test, "optout.test", "-3", "-", "-A", "-H", "0")),
        ("other.test", write_zone(test, "other.test", OTHER)),
    ]

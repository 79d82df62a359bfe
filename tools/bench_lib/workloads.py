"""What the servers serve and what they are asked: zones and questions, the same for all."""
import base64
import random
from dataclasses import dataclass, field
from pathlib import Path

import recursion

SEED = 1034

SOA = "@ 3600 IN SOA ns1 hostmaster 2024010100 7200 3600 1209600 300\n@ 3600 IN NS ns1\nns1 3600 IN A 192.0.2.53\n"


@dataclass
class Workload:
    """Zones as (origin, file), and a file of questions; `probe` is a name with an A record."""

    name: str
    title: str
    zones: list
    queries: Path
    probe: str
    local_data: list = field(default_factory=list)
    signed: set = field(default_factory=set)
    upstream: int = 0  # a port; where it is set, the server forwards and caches
    hints: Path = None  # where they are set, the server finds names from these servers of the root down
    root: list = field(default_factory=list)  # zones of the servers of the root, and of the top-level domain
    top: list = field(default_factory=list)
    others: int = 0  # a port; where it is set, the server forwards and caches what is in none of its zones


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def ten_names(folder, _scale):
    """Ten names of different length in one zone."""
    labels = ["www", "mail", "a", "api", "static", "login", "images-cdn", "node17.rack4", "the-longest-of-the-ten",
              "ftp"]
    zone = folder / "ten.zone"
    zone.write_text("$ORIGIN example.com.\n" + SOA + "".join(
        f"{label} 3600 IN A 192.0.2.{number + 1}\n" for number, label in enumerate(labels)))
    queries = folder / "ten.queries"
    queries.write_text("".join(f"{label}.example.com A\n" for label in labels))
    return Workload("ten", "ten names in one zone", [("example.com.", zone)], queries, "www.example.com",
                    [f"{label}.example.com. 3600 IN A 192.0.2.{number + 1}" for number, label in enumerate(labels)])


def attacked(folder, upstream):
    """The ten names and an RRset of 50 KB; other names are forwarded."""
    workload = ten_names(folder, 1)
    zone = workload.zones[0][1]
    strings = " ".join(f'"{letter * 250}"' for letter in "abcdefgh")
    large = [f"large{{}} 3600 IN TXT {strings} \"{number}\"\n" for number in range(24)]
    zone.write_text(zone.read_text() + "".join(record.format("") for record in large))
    workload.local_data += [record.format(".example.com.").rstrip() for record in large]
    workload.name, workload.title, workload.others = "attack", "under attack", upstream
    return workload


SIGNATURE = "20380101000000 20240101000000 1034"


class Signatures:
    """Records of the right size: no server checks the signatures that it serves."""

    def __init__(self, origin, chance):
        self.origin = origin
        self.chance = chance
        self.pool = [base64.b64encode(chance.randbytes(64)).decode() for _ in range(1000)]

    def rrsig(self, covered, labels, ttl=3600):
        return f"{ttl} IN RRSIG {covered} 13 {labels} {ttl} {SIGNATURE} {self.origin} {self.chance.choice(self.pool)}\n"


def write_signed_zone(path, origin, count, chance):
    """A zone with an NSEC chain: the apex, n0000000 and so on in canonical order, and ns1."""
    signatures = Signatures(origin, chance)
    labels = origin.count(".")
    key = signatures.pool[0]
    with open(path, "w", encoding="ascii") as file:
        file.write(f"$ORIGIN {origin}\n{SOA}")
        for covered in ("SOA", "NS", "DNSKEY"):
            file.write("@ " + signatures.rrsig(covered, labels))
        file.write(f"@ 3600 IN DNSKEY 257 3 13 {key}\n")
        file.write("@ 300 IN NSEC n0000000 NS SOA RRSIG NSEC DNSKEY\n@ " + signatures.rrsig("NSEC", labels, 300))
        file.write("ns1 " + signatures.rrsig("A", labels + 1))
        file.write(f"ns1 300 IN NSEC @ A RRSIG NSEC\nns1 {signatures.rrsig('NSEC', labels + 1, 300)}")
        for number in range(count):
            name = f"n{number:07}"
            following = f"n{number + 1:07}" if number + 1 < count else "ns1"
            file.write(
                f"{name} 3600 IN A {address(number)}\n{name} {signatures.rrsig('A', labels + 1)}"
                f"{name} 300 IN NSEC {following} A RRSIG NSEC\n{name} {signatures.rrsig('NSEC', labels + 1, 300)}"
            )


def write_large_zone(path, origin, names):
    """Six names in ten are hosts; the rest are delegations, each with the name of its server and its glue."""
    hosts, delegations = names * 6 // 10, names * 2 // 10
    with open(path, "w", encoding="ascii") as file:
        file.write(f"$ORIGIN {origin}\n{SOA}")
        for number in range(hosts):
            file.write(f"h{number:07} 3600 IN A {address(number)}\n")
        for number in range(delegations):
            file.write(f"d{number:07} 86400 IN NS ns.d{number:07}\nns.d{number:07} 86400 IN A {address(number)}\n")
        for number in range(1000):
            file.write(f"*.w{number:03} 3600 IN A 192.0.2.1\n")
    return hosts, delegations


def million_names(folder, scale):
    """A zone of a million names and a signed one of a tenth; what is asked is a mix of all kinds of answers."""
    names = max(1000, int(1_000_000 * scale))
    signed_names = names // 10
    chance = random.Random(SEED)
    large, signed = folder / "million.zone", folder / "signed.zone"
    hosts, delegations = write_large_zone(large, "million.test.", names)
    write_signed_zone(signed, "signed.test.", signed_names, chance)
    pick = chance.randrange
    kinds = [  # parts of a hundred
        (50, lambda: f"h{pick(hosts):07}.million.test A EDNS"),
        (15, lambda: f"x{pick(hosts):07}.million.test A EDNS"),
        (15, lambda: f"www.d{pick(delegations):07}.million.test A EDNS"),
        (10, lambda: f"v{pick(hosts):07}.w{pick(1000):03}.million.test A EDNS"),
        (8, lambda: f"n{pick(signed_names):07}.signed.test A DO"),
        (2, lambda: f"n{pick(signed_names):07}x.signed.test A DO"),
    ]
    choices = chance.choices([kind for _, kind in kinds], [part for part, _ in kinds], k=names)
    queries = folder / "million.queries"
    queries.write_text("".join(kind() + "\n" for kind in choices))
    return Workload("million", "1 million names, mixed answers", [("million.test.", large), ("signed.test.", signed)],
                    queries, "h0000001.million.test", signed={"signed.test."})


def many_zones(folder, scale):
    """A hundred thousand zones, all alike."""
    count = max(100, int(100_000 * scale))
    chance = random.Random(SEED)
    zone = folder / "one-of-many.zone"
    zone.write_text(SOA + "www 3600 IN A 192.0.2.1\nmail 3600 IN A 192.0.2.2\n@ 3600 IN MX 10 mail\n")
    origins = [f"z{number:06}.test." for number in range(count)]
    queries = folder / "zones.queries"
    queries.write_text("".join(f"www.{chance.choice(origins)} A EDNS\n" for _ in range(max(count, 100_000))))
    return Workload("zones", "100,000 zones", [(origin, zone) for origin in origins], queries, f"www.{origins[-1]}")


def cached_names(folder, scale):
    """Names of an upstream, which are all in the cache after the first round of questions."""
    count = max(100, int(10_000 * scale))
    chance = random.Random(SEED)
    zone = folder / "cache.zone"
    zone.write_text("$ORIGIN cache.test.\n" + SOA + "".join(
        f"c{number:05} 86400 IN A {address(number)}\n" for number in range(count)))
    numbers = list(range(count))
    chance.shuffle(numbers)
    queries = folder / "cache.queries"
    queries.write_text("".join(f"c{number:05}.cache.test A\n" for number in numbers))
    return Workload("cache", "cache hits, 10,000 names", [("cache.test.", zone)], queries, "c00001.cache.test")


def recursed_names(folder, scale):
    """A name in each of many zones, a server for each of which is found from the root down."""
    count = max(100, int(20_000 * scale))
    chance = random.Random(SEED)
    files = {name: folder / f"recursion-{name}" for name in ("root", "top", "zone", "hints", "queries", "warm")}

    def delegation(name, server, address):
        return f"{name} 86400 IN NS {server}\n{server} 86400 IN A {address}\n"

    hints = delegation(".", "ns.root.", recursion.ROOT)
    files["hints"].write_text(hints)
    start = "IN SOA ns hostmaster 2024010100 7200 3600 1209600 300\n"
    files["root"].write_text(f"$ORIGIN .\n@ 86400 {start}{hints}" + delegation("bench.", "ns.bench.", recursion.TOP))
    files["top"].write_text(f"$ORIGIN bench.\n@ 86400 {start}" + delegation("@", "ns", recursion.TOP) + "".join(
        delegation(f"z{number:06}", f"ns.z{number:06}", recursion.ZONES) for number in range(count)))
    files["zone"].write_text(f"@ 3600 {start}" + delegation("@", "ns", recursion.ZONES) + "www 3600 IN A 192.0.2.1\n")
    origins = [f"z{number:06}.bench." for number in range(count)]
    chance.shuffle(origins)
    names = [f"www.{origin} A\n" for origin in origins[1:]]
    files["queries"].write_text("".join(names))
    files["warm"].write_text("".join(names[:1000]))
    return Workload("recursion", f"recursion, {count:,} zones", [(origin, files["zone"]) for origin in origins],
                    files["queries"], f"www.{origins[0]}", hints=files["hints"], root=[(".", files["root"])],
                    top=[("bench.", files["top"])]), files["warm"]


def large_zone(folder, records):
    """A zone of so many records to load: delegations with two servers each and glue, as a top-level domain has."""
    zone = folder / f"load-{records}.zone"
    with open(zone, "w", encoding="ascii") as file:
        file.write(f"$ORIGIN load.test.\n{SOA}")
        for number in range(records // 4):
            name = f"domain-{number:07}"
            file.write(f"{name} 86400 IN NS ns1.{name}\n{name} 86400 IN NS ns2.{name}\n"
                       f"ns1.{name} 86400 IN A {address(number)}\nns2.{name} 86400 IN A {address(number + 1)}\n")
    queries = folder / "load.queries"
    queries.write_text("ns1.load.test A\n")
    return Workload("load", f"load of {records:,} records", [("load.test.", zone)], queries, "ns1.load.test")

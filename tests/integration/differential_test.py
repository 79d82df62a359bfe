"""taut answers as Knot DNS, NSD and BIND do wherever these three agree, section by section."""
import collections
import itertools
import os
import select
import socket

import dns.flags
import dns.message
import dns.name
import dns.rdatatype

from peers import PEERS
from signed_zones import NAMES, TYPES, all_zones
from support import TestCase, main, wait_until

# The suite `system` asks every question, the suite `integration` one in eleven: that number shares no factor with the
# number of types, so each type is asked for with the DO bit and without.
EVERY_QUESTION = "TAUT_EVERY_QUESTION" in os.environ
SAMPLE = 11

# What is compared, and how it is read from a message.
FIELDS = {
    "rcode": lambda message: message.rcode(),
    "AA": lambda message: bool(message.flags & dns.flags.AA),
    "TC": lambda message: bool(message.flags & dns.flags.TC),
    "answer": lambda message: records(message.answer),
    "authority": lambda message: records(message.authority),
    "additional": lambda message: records(message.additional),
}


def records(section):
    return frozenset(
        (rrset.name.to_text().lower(), rrset.rdtype, rrset.covers, rrset.ttl, rdata.to_digestable(dns.name.root))
        for rrset in section
        for rdata in rrset
    )


def questions(origins):
    for origin, name, rrtype, dnssec in itertools.product(origins, NAMES, TYPES, (False, True)):
        owner = origin if name == "@" else f"{name}.{origin}"
        yield owner, rrtype, dnssec
    # Names in between: each existing one with a letter more or less.
    for origin, name, dnssec in itertools.product(origins, NAMES, (False, True)):
        for between in (f"{name}0", f"0{name}", f"x.y.{name}", name[:-1] + "!"):
            if name != "@":
                for rrtype in ("A", "NS", "DS", "TXT"):
                    yield f"{between}.{origin}", rrtype, dnssec


def wire(question, identifier):
    name, rrtype, dnssec = question
    message = dns.message.make_query(name, rrtype, use_edns=0, payload=4096, want_dnssec=dnssec)
    message.flags = 0
    message.id = identifier
    return message.to_wire()


class Client:
    """Asks one server many questions, a window of them at a time."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.connect(("127.0.0.1", port))

    def ask(self, packets):
        """The reply to each packet, whose IDs count from 0."""
        replies = {}
        waiting = dict(enumerate(packets))
        for _ in range(10):
            for packet in waiting.values():
                self.socket.send(packet)
            while waiting and select.select([self.socket], [], [], 2)[0]:
                reply = self.socket.recv(65535)
                identifier = int.from_bytes(reply[:2], "big")
                replies[identifier] = reply
                waiting.pop(identifier, None)
            if not waiting:
                return [replies[i] for i in range(len(packets))]
        raise AssertionError(f"{len(waiting)} questions without a reply")


class Differential(TestCase):
    def test_against_peers(self):
        """No answer departs from what Knot DNS, NSD and BIND agree on"""
        zones = all_zones(self)
        listing = self.write("zones.list", "".join(f"{origin}\t{path}\n" for origin, path in zones))
        taut = self.start_tautd("--zone-list", listing, "--udp-size", 4096)
        servers = {name: start(self, zones) for name, start in PEERS.items()}
        wait_until(lambda: f"all {len(zones)} zones are loaded" in taut.log(), 10, "the zones are loaded")
        clients = {name: Client(server.port) for name, server in servers.items()}
        clients["taut"] = Client(taut.port)

        everything = list(questions([origin for origin, _ in zones]))
        self.assertGreater(len(everything), 20000)
        if not EVERY_QUESTION:
            everything = everything[::SAMPLE]
        causes = collections.defaultdict(list)
        agreed = 0
        window = 50
        for start in range(0, len(everything), window):
            batch = everything[start : start + window]
            packets = [wire(question, i) for i, question in enumerate(batch)]
            replies = {name: client.ask(packets) for name, client in clients.items()}
            for i, question in enumerate(batch):
                agreed += self.compare(question, {name: replies[name][i] for name in replies}, causes)
        self.assertGreater(agreed, len(everything), "the peers agree on more than one field of most answers")
        report = "\n".join(f"{cause}: {len(found)}, such as {found[0]}" for cause, found in causes.items())
        self.assertEqual(causes, {}, report)

    def compare(self, question, replies, causes):
        """Notes each field in which taut departs from what the others agree on; how many they agree on."""
        name, rrtype, dnssec = question
        parsed = {}
        seen = {}
        for server, octets in replies.items():
            body = octets[2:]
            if body not in seen:
                seen[body] = dns.message.from_wire(octets, ignore_trailing=True)
            parsed[server] = seen[body]
        agreed = 0
        for field, read in FIELDS.items():
            values = [read(parsed[peer]) for peer in PEERS]
            if values.count(values[0]) != len(values):
                continue
            agreed += 1
            ours = read(parsed["taut"])
            if ours != values[0]:
                single = field in ("rcode", "AA", "TC")
                missing = ours if single else [sorted(values[0] - ours), sorted(ours - values[0])]
                causes[f"{field} for {rrtype}{' +do' if dnssec else ''}"].append((name, str(missing)[:600]))
        return agreed


if __name__ == "__main__":
    main()

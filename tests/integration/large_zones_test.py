"""Zones that are nothing but delegations: one shaped like the root's, signed with NSEC, and one like a top-level
domain's, signed with NSEC3 and opt-out."""
import random

from support import (A, AAAA, NOERROR, NS, NXDOMAIN, SLOWNESS, SOA, Reply, TestCase, ask_udp, connect, frame, main,
                     make_query, processor_seconds, read_frame)
import signed_zones

DS, RRSIG, NSEC, NSEC3 = 43, 46, 47, 50

HEAD = """$TTL 86400
@ IN SOA ns0 host 1 1800 900 604800 86400
@ NS ns0
ns0 A 192.0.2.1
"""


class Delegation:
    """A child with its name servers: some below itself, the others elsewhere."""

    def __init__(self, name, hosts_below, hosts_elsewhere, secure):
        self.name = name
        self.glue = [f"ns{number}.{name}" for number in range(hosts_below)]
        self.hosts = self.glue + [f"ns{number}.elsewhere.invalid." for number in range(hosts_elsewhere)]
        self.secure = secure

    def records(self, chance):
        yield from (f"{self.name} 172800 NS {host}" for host in self.hosts)
        yield from (f"{host} 172800 A 198.51.100.{number + 1}" for number, host in enumerate(self.glue))
        yield from (f"{host} 172800 AAAA 2001:db8::{number + 1}" for number, host in enumerate(self.glue))
        if self.secure:
            yield f"{self.name} DS {chance.randrange(65536)} 13 2 {chance.getrandbits(256):064x}"


class LargeZones(TestCase):
    def serve(self, origin, delegations, *signing):
        chance = random.Random(1034)
        body = HEAD + "".join(f"{record}\n" for one in delegations for record in one.records(chance))
        path = signed_zones.sign(self, origin, *signing, body=body)
        server = self.start_tautd("--zone", f"{origin}={path}")
        self.assertLess(processor_seconds(server.pid), 10 * SLOWNESS)
        return server

    def replies(self, server, questions):
        """Of all questions over one connection, fifty at a time."""
        with connect("127.0.0.1", server.port) as connection:
            for first in range(0, len(questions), 50):
                part = questions[first : first + 50]
                connection.sendall(
                    b"".join(
                        frame(make_query(name, A, edns=4096, dnssec=True, identifier=number))
                        for number, name in enumerate(part)
                    )
                )
                replies = {reply.id: reply for reply in (Reply(read_frame(connection)) for _ in part)}
                yield from ((name, replies[number]) for number, name in enumerate(part))

    def check_referrals(self, server, origin, delegations, proof):
        """Every delegation is referred to, with its glue, and with a DS or the proof that there is none."""
        chance = random.Random(5155)
        names = [f"{chance.choice(('', 'www.', 'a.b.'))}{one.name}.{origin}" for one in delegations]
        for one, (name, reply) in zip(delegations, self.replies(server, names)):
            self.assertEqual((reply.rcode, reply.authoritative, reply.answers), (NOERROR, False, []), name)
            servers = [record for record in reply.authority if record.type == NS]
            self.assertEqual({record.name for record in servers}, {f"{one.name}.{origin}."}, name)
            self.assertEqual(len(servers), len(one.hosts), name)
            types = {record.type for record in reply.authority}
            self.assertEqual(types, {NS, DS if one.secure else proof, RRSIG}, name)
            glue = sorted((record.name, record.type) for record in reply.additional if record.type in (A, AAAA))
            self.assertEqual(glue, sorted((f"{host}.{origin}.", kind) for host in one.glue for kind in (A, AAAA)), name)

    def check_denials(self, server, origin, proof):
        """Names between the delegations do not exist, and a proof says so."""
        chance = random.Random(4034)
        names = [f"{chance.getrandbits(64):016x}.{origin}" for _ in range(1000)]
        for name, reply in self.replies(server, names):
            self.assertEqual((reply.rcode, reply.authoritative, reply.answers), (NXDOMAIN, True, []), name)
            self.assertEqual({record.type for record in reply.authority}, {SOA, proof, RRSIG}, name)

    def test_like_the_root(self):
        """A zone shaped like the root's: 1,500 delegations with many servers, most of them signed, NSEC"""
        chance = random.Random(13)
        delegations = [
            Delegation(f"tld{number}", chance.randrange(7), chance.randrange(1, 7), chance.random() < 0.9)
            for number in range(1500)
        ]
        server = self.serve("root.test", delegations)
        self.check_referrals(server, "root.test", delegations, NSEC)
        self.check_denials(server, "root.test", NSEC)

    def test_like_a_top_level_domain(self):
        """A zone shaped like a top-level domain's: 20,000 delegations, few of them signed, NSEC3 with opt-out"""
        chance = random.Random(26)
        delegations = [
            Delegation(f"name{number}", chance.choice((0, 0, 2)), 2, chance.random() < 0.05) for number in range(20_000)
        ]
        chance.shuffle(delegations)
        server = self.serve("tld.test", delegations, "-3", "-", "-A", "-H", "0")
        self.check_referrals(server, "tld.test", delegations, NSEC3)
        self.check_denials(server, "tld.test", NSEC3)
        reply = ask_udp("127.0.0.1", server.port, make_query("tld.test", NS))
        self.assertEqual((reply.rcode, len(reply.answers)), (NOERROR, 1))


if __name__ == "__main__":
    main()

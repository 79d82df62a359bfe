"""Secondary zones: tautd beside Knot DNS, NSD, BIND, PowerDNS and itself, and what it does when primaries fail."""
import os
import signal
import socket
import struct
import threading
import time
import unittest

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rrset

import signed_zones
from support import REFUSED, SANITIZED, SERVFAIL, TAUTD, free_port, main, wait_for_port, wait_until, which
from transfer_peers import ORIGIN, PEERS, TAUTCTL, WRONG, PeersTest, Taut, documented, zone_text

EVERY = bool(os.environ.get("TAUT_EVERY_QUESTION"))
everywhere = unittest.skipUnless(EVERY, "one of the pairs that only the tests of the whole system try")


class Secondaries(PeersTest):
    def address(self, port):
        reply = self.ask(port, "www.example.com", "A")
        return str(reply.answer[0][0]) if reply and reply.answer else None

    def pair(self, primary, secondary, wrong=False):
        first = primary(self, "primary")
        second = secondary(self, "secondary")
        if wrong:
            second.secret = WRONG
        first.start(second.port)
        self.wait_for_serial(first, 1)
        second.start(first.port)
        return first, second

    def follow(self, primary, secondary, by_differences=True):
        """All of the zone at first, and one record when the primary tells of it: its refresh time is an hour."""
        first, second = self.pair(primary, secondary)
        self.wait_for_serial(second, 1)
        first.change(2, changed="192.0.2.2")
        self.wait_for_serial(second, 2)
        self.assertEqual(self.address(second.port), "192.0.2.2")
        if isinstance(second, Taut):
            second.process.wait_for_log("serial 1 from ")
            second.process.wait_for_log("serial 2 from ")
            whole = second.process.log().count("the whole zone: ")
            self.assertEqual(whole, 1 if by_differences else 2, second.process.log())
        return first, second

    def refuse(self, primary, secondary):
        """With the wrong key nothing is transferred. PowerDNS says nothing that would be waited for."""
        first, second = self.pair(primary, secondary, wrong=True)
        if PEERS["pdns"] in (primary, secondary):
            time.sleep(3)
        else:
            (second if isinstance(second, Taut) else first).process.wait_for_log("BADSIG", 20)
        time.sleep(0.5)
        self.assertIsNone(self.serial(second.port))


class Pairs(Secondaries):
    def test_of_taut(self):
        """A secondary follows a primary that is taut too, and gets nothing with the wrong key"""
        first, second = self.follow(Taut, Taut)
        first.process.wait_for_log("IXFR, serial 1 to 2")
        self.assertEqual(self.control(second, "zone", "status", ORIGIN)["serial"], 2)
        self.assertIn("www.example.com. 300 IN A 192.0.2.2", self.control(second, "zone", "dump", ORIGIN)["records"])

    def test_of_knot(self):
        """A secondary of Knot DNS gets the zone, and what changes when it is told"""
        self.follow(PEERS["knot"], Taut)

    def test_for_knot(self):
        """Knot DNS as a secondary gets the zone, and what changes when it is told"""
        self.follow(Taut, PEERS["knot"])

    def test_of_named(self):
        """A secondary of BIND gets the zone, and what changes when it is told"""
        self.follow(PEERS["named"], Taut)

    @everywhere
    def test_for_named(self):
        """BIND as a secondary gets the zone, and what changes when it is told"""
        self.follow(Taut, PEERS["named"])

    @everywhere
    def test_of_nsd(self):
        """A secondary of NSD gets the zone, and what changes when it is told"""
        self.follow(PEERS["nsd"], Taut)

    @everywhere
    def test_for_nsd(self):
        """NSD as a secondary gets the zone, and what changes when it is told"""
        self.follow(Taut, PEERS["nsd"])

    @everywhere
    def test_of_pdns(self):
        """A secondary of PowerDNS gets the zone, and the whole of it again when it changes"""
        self.follow(PEERS["pdns"], Taut, by_differences=False)

    @everywhere
    def test_for_pdns(self):
        """PowerDNS as a secondary gets the zone, and the whole of it again when it changes"""
        self.follow(Taut, PEERS["pdns"])

    def test_wrong_key(self):
        """A secondary with the wrong key gets nothing, and says why"""
        self.refuse(Taut, Taut)

    @everywhere
    def test_wrong_key_of_others(self):
        """With the wrong key nothing goes between taut and others, in either direction"""
        for name, peer in PEERS.items():
            for pair in ((Taut, peer), (peer, Taut)):
                with self.subTest(peer=name, primary=pair[0] is peer):
                    whole, self.folder = self.folder, self.folder / f"{name}-{pair[0] is peer}"
                    self.folder.mkdir()
                    try:
                        self.refuse(*pair)
                    finally:
                        self.folder = whole


class Documented(Secondaries):
    def test_configurations(self):
        """Every configuration of docs/secondaries.md is one without mistakes"""
        for line in ("on the secondary", "on the primary", "with many zones"):
            path = self.write("taut.toml", documented(f"/etc/taut/taut.toml, {line}"))
            done = self.run_program(TAUTD, "--check", "--config", path)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Upkeep(Secondaries):
    def secondary(self, first, name="secondary", zone="", more="", server="", template=None, port=None):
        """tautd as a secondary without a key; `zone` are lines of its table."""
        second = Taut(self, name, port)
        text = template or f'[[zone]]\nname = "example.com"\nprimaries = ["127.0.0.1:{first}"]\n{zone}'
        second.text = lambda _: f'[server]\ncontrol = "{second.folder}/control"\n{server}\n{more}\n{text}\n' \
                                f'[[listen]]\naddress = ["127.0.0.1:{second.port}"]\n'
        second.configure(first)
        return second

    def open_primary(self, notify=None, **options):
        """tautd as a primary that everyone may transfer from."""
        first = Taut(self, "primary")
        told = f'notify = ["127.0.0.1:{notify}"]\n' if notify else ""
        first.text = lambda _: f'[server]\ncontrol = "{first.folder}/control"\n' \
                               f'[[zone]]\nname = "example.com"\nfile = "{first.folder}/example.com.zone"\n' \
                               f'allow-transfer = ["any"]\n{told}[[listen]]\naddress = ["127.0.0.1:{first.port}"]\n'
        first.configure(0)
        first.write_zone(1, **options)
        first.run()
        self.wait_for_serial(first, 1)
        return first

    def test_a_restart_goes_on(self):
        """After a restart the zone is there from its file, without its primary, and with the times that it had"""
        first = self.open_primary()
        second = self.secondary(first.port, zone=f'file = "{self.folder}/kept.zone"\n',
                                server=f'state-directory = "{self.folder}"\n')
        second.run()
        self.wait_for_serial(second, 1)
        wait_until((self.folder / "kept.zone").exists, 10, "the file is written")
        self.assertEqual(second.process.stop(), 0)
        self.assertIn("example.com.", (self.folder / "zones.state").read_text())
        self.assertEqual(first.process.stop(), 0)
        second.run()
        self.wait_for_serial(second, 1)
        self.wait_for_start(second)
        status = self.control(second, "zone", "status", ORIGIN)
        self.assertEqual((status["kind"], status["state"], status["failures"]), ("secondary", "loaded", 0))
        self.assertGreater(status["next_check_in"], 2000)

    def test_a_start_tells_others(self):
        """A secondary that starts tells others of the version that it has kept, for they may have missed it"""
        states = [self.folder / "second.state", self.folder / "third.state"]
        for state in states:
            state.mkdir()
        first = self.open_primary()
        third_port = free_port()
        second = self.secondary(first.port, zone=f'notify = ["127.0.0.1:{third_port}"]\nallow-transfer = ["any"]\n',
                                server=f'state-directory = "{states[0]}"\n')
        second.run()
        third = self.secondary(second.port, name="third", server=f'state-directory = "{states[1]}"\n', port=third_port)
        third.run()
        self.wait_for_serial(third, 1)
        self.assertEqual(third.process.stop(), 0)
        first.change(2)
        self.wait_for_serial(first, 2)
        self.control(second, "zone", "refresh", ORIGIN)
        self.wait_for_serial(second, 2)
        self.assertEqual(second.process.stop(), 0)
        third.run()
        self.wait_for_serial(third, 1)
        second.run()
        self.wait_for_serial(third, 2)

    def test_a_restart_without_a_file(self):
        """Without a file the zone is transferred again after a restart, and the start says so where no state is kept"""
        first = self.open_primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        self.assertEqual(second.process.stop(), 0)
        second.run()
        self.wait_for_serial(second, 1)
        second.process.wait_for_log("server.state-directory is not given")

    def test_a_hashed_chain(self):
        """A zone with NSEC3 that came by differences answers and proves like one that was read anew, and signs once"""
        for origin, *options in (("hashed.test", "-3", "aabbccdd", "-H", "2"),
                                 ("optout.test", "-3", "-", "-A", "-H", "0")):
            with self.subTest(origin):
                self.follow_hashed(origin, options)

    def follow_hashed(self, origin, options):
        def signed(body):
            # What is the same has the same signature.
            times = ("-s", "20200101000000", "-e", "20360101000000")
            return signed_zones.sign(self, origin, *options, *times, body=body, algorithm="ED25519").read_text()

        def server(name, zone):
            taut = Taut(self, f"{name}-{origin}")
            taut.text = lambda _: f'[server]\ncontrol = "{taut.folder}/control"\n' \
                                  f'[[zone]]\nname = "{origin}"\nallow-transfer = ["any"]\n{zone(taut)}\n' \
                                  f'[[listen]]\naddress = ["127.0.0.1:{taut.port}"]\n'
            taut.configure(0)
            return taut

        def with_serial(taut, serial):
            reply = self.ask(taut.port, origin)
            return bool(reply and reply.answer and reply.answer[0][0].serial == serial)

        def of_file(text):
            def zone(taut):
                taut.write("zone", text)
                return f'file = "{taut.folder}/zone"'
            return zone

        first = server("primary", of_file(signed(signed_zones.BODY)))
        second = server("secondary", lambda _: f'primaries = ["127.0.0.1:{first.port}"]')
        first.run()
        wait_until(lambda: with_serial(first, 1), 10, "the primary answers")
        second.run()
        wait_until(lambda: with_serial(second, 1), 10, "the first version")

        # Cuts with glue and names come and go, below others, empty non-terminals and wildcards too.
        body = signed_zones.BODY.replace("hostmaster 1 ", "hostmaster 2 ")
        for gone in ("www AAAA 2001:db8::80\n", "sub.exact.wild A 192.0.2.92\n", "a.b.c.ent A 192.0.2.90\n",
                     "*.cname CNAME www\n", "glueless NS ns.other.test.\n", "signed DS ", "deep.er.cut NS "):
            self.assertIn(gone, body)
            body = "".join(line for line in body.splitlines(True) if not line.startswith(gone))
        body += "fresh NS ns.fresh\nns.fresh A 192.0.2.9\nns.fresh AAAA 2001:db8::9\nx.y.deeper A 192.0.2.10\n" \
                "sub DS 1 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n" \
                "*.fresher TXT \"new\"\nns.glueless A 192.0.2.11\n"
        text = signed(body)
        first.write("zone", text)
        self.control(first, "reload")
        self.control(second, "zone", "refresh", origin)
        wait_until(lambda: with_serial(second, 2), 10, "the next version")
        second.process.wait_for_log("serial 2 from ")
        self.assertIn("by differences", second.process.log())

        anew = server("anew", of_file(text))
        anew.run()
        wait_until(lambda: with_serial(anew, 2), 10, "the zone that is read anew")
        names = [*signed_zones.NAMES, "fresh", "ns.fresh", "x.ns.fresh", "x.fresh", "x.y.deeper", "y.deeper", "deeper",
                 "a.deeper", "a.fresher", "fresher", "ns.glueless", "ns.deep.er.cut"]
        for name in names:
            whole = f"{origin}." if name == "@" else f"{name}.{origin}."
            for kind in ("A", "DS", "NSEC3PARAM"):
                # The ID is that of the query.
                told, expected = (self.ask(taut.port, whole, kind, want_dnssec=True, payload=4096, id=1).to_text()
                                  for taut in (second, anew))
                self.assertEqual(told, expected)
        told, expected = (self.records(taut, origin) for taut in (second, anew))
        self.assertEqual(told, expected)
        self.assertEqual(len(told), len(set(told)), "no record is there twice")
        for taut in (first, second, anew):
            self.assertEqual(taut.process.stop(), 0)

    def records(self, server, origin):
        """What a transfer gives, in the order of the text, without the SOA, which it begins and ends with"""
        options = ("+tcp", "+noall", "+answer", "+onesoa", "AXFR", origin)
        done = self.run_program(which("dig"), "@127.0.0.1", "-p", str(server.port), *options)
        self.assertEqual(done.returncode, 0, done.stdout)
        return sorted(" ".join(line.split()) for line in done.stdout.splitlines() if line)

    def test_a_primary_that_comes_back(self):
        """A zone that could not be got yet is SERVFAIL, and is got when its primary comes"""
        port = free_port()
        second = self.secondary(port)
        second.run()
        wait_until(lambda: (reply := self.ask(second.port)) and reply.rcode() == SERVFAIL, 10, "SERVFAIL")
        first = Taut(self, "primary", port)
        first.text = lambda _: f'[[zone]]\nname = "example.com"\nfile = "{first.folder}/example.com.zone"\n' \
                               f'allow-transfer = ["any"]\n[[listen]]\naddress = ["127.0.0.1:{port}"]\n'
        first.configure(0)
        first.write_zone(7)
        first.run()
        self.wait_for_serial(second, 7, 30)

    def test_expiry(self):
        """A zone whose primary is silent for too long is SERVFAIL with the reason, and comes back with any serial"""
        first = self.open_primary(refresh=2, retry=2, expire=4)
        second = self.secondary(first.port, zone=f'file = "{self.folder}/kept.zone"\n')
        second.run()
        self.wait_for_serial(second, 1)
        first.change(9, refresh=2, retry=2, expire=4)
        self.wait_for_serial(second, 9)
        self.assertEqual(first.process.stop(), 0)
        wait_until(lambda: (reply := self.ask(second.port)) and reply.rcode() == SERVFAIL, 30, "the zone expires")
        reply = self.ask(second.port, use_edns=0)
        self.assertEqual([option.otype for option in reply.options if option.otype == 15], [15])
        self.assertEqual(self.control(second, "zone", "status", ORIGIN)["state"], "expired")
        wait_until(lambda: self.control(second, "status")["secondaries"]["expired"] == 1, 10, "it is counted")
        first.write_zone(3)
        first.run()
        self.wait_for_serial(second, 3, 30)

    def test_reload(self):
        """A reload adds, keeps and removes secondary zones, and what stays is not transferred again"""
        first = self.open_primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        text = second.text(0)
        other = f'[[zone]]\nname = "example.net"\nprimaries = ["127.0.0.1:{first.port}"]\n'
        second.write("taut.toml", text + other)
        self.control(second, "reload")
        wait_until(lambda: len(self.control(second, "zone", "list")["zones"]) == 2, 10, "the zone is there")
        second.process.wait_for_log("zone example.net.: ")
        self.assertEqual(second.process.log().count("zone example.com.: serial 1 from"), 1)
        self.assertEqual(self.serial(second.port), 1)
        second.write("taut.toml", text.replace('name = "example.com"', 'name = "example.org"'))
        self.control(second, "reload")
        wait_until(lambda: self.ask(second.port).rcode() == REFUSED, 10, "the zone is gone")
        self.control(second, "zone", "status", ORIGIN, status=1)

    def test_a_zone_becomes_primary(self):
        """A secondary zone of which the configuration names no primaries any more is what its file says"""
        first = self.open_primary()
        second = self.secondary(first.port, zone=f'file = "{self.folder}/kept.zone"\n')
        second.run()
        self.wait_for_serial(second, 1)
        wait_until((self.folder / "kept.zone").exists, 10, "the file is written")
        second.write("taut.toml", second.text(0).replace("primaries", "#"))
        self.control(second, "reload")
        self.assertEqual(self.control(second, "zone", "status", ORIGIN)["kind"], "primary")
        self.write("kept.zone", zone_text(5))
        self.control(second, "reload")
        self.wait_for_serial(second, 5)
        self.control(second, "zone", "refresh", ORIGIN, status=1)

    def test_notify(self):
        """Of those who tell of a new version only primaries and those who may are heard"""
        first = self.open_primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        message = dns.message.make_query("example.com.", "SOA", flags=dns.flags.AA)
        message.set_opcode(dns.opcode.NOTIFY)
        first.change(2)
        self.wait_for_serial(first, 2)
        reply = dns.query.udp(message, "127.0.0.1", port=second.port, source="127.0.0.2", timeout=30)
        self.assertEqual(reply.rcode(), REFUSED)
        self.assertEqual(self.serial(second.port), 1)
        second.write("taut.toml", second.text(0).replace('name = "example.com"\n',
                                                         'name = "example.com"\nallow-notify = ["127.0.0.2"]\n'))
        self.control(second, "reload")
        dns.query.udp(message, "127.0.0.1", port=second.port, source="127.0.0.2", timeout=30)
        self.wait_for_serial(second, 2)

    def test_many_notices(self):
        """Many notices of one zone lead to few questions, and the last version is got"""
        first = self.open_primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        first.change(2)
        self.wait_for_serial(first, 2)
        message = dns.message.make_query("example.com.", "SOA", flags=dns.flags.AA)
        message.set_opcode(dns.opcode.NOTIFY)
        wire = message.to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(2000):
                sender.sendto(wire, ("127.0.0.1", second.port))
        self.wait_for_serial(second, 2)
        second.process.wait_for_log("serial 2 from")
        self.assertEqual(second.process.stop(), 0)
        self.assertEqual(second.process.log().count("serial 2 from"), 1)

    def test_by_hand(self):
        """The control tool refreshes, transfers whole, tells others, and writes the file"""
        second_port = free_port()
        first = self.open_primary(notify=second_port)
        second = Taut(self, "secondary", second_port)
        second.text = lambda _: f'[server]\ncontrol = "{second.folder}/control"\n[[zone]]\nname = "example.com"\n' \
                                f'file = "{self.folder}/kept.zone"\nprimaries = ["127.0.0.1:{first.port}"]\n' \
                                f'[[listen]]\naddress = ["127.0.0.1:{second_port}"]\n'
        second.configure(0)
        second.run()
        self.wait_for_serial(second, 1)
        self.control(second, "zone", "retransfer", ORIGIN)
        wait_until(lambda: second.process.log().count("serial 1 from") == 2, 10, "it is transferred again")
        wait_until((self.folder / "kept.zone").exists, 10, "the file is written")
        (self.folder / "kept.zone").unlink()
        self.control(second, "zone", "flush", ORIGIN)
        self.assertIn("www.example.com.", (self.folder / "kept.zone").read_text())
        self.control(first, "zone", "notify", ORIGIN)
        self.control(second, "zone", "refresh", ORIGIN)
        self.assertIn("no secondary", self.control(first, "zone", "refresh", ORIGIN, status=1))
        self.control(first, "zone", "flush", ORIGIN, status=1)
        self.control(second, "zone", "notify", ORIGIN, status=1)
        wait_until(lambda: self.control(first, "zone", "status", ORIGIN)["notices_pending"] == 0, 10, "it has replied")

    def test_a_file_that_cannot_be_written(self):
        """A zone whose file cannot be written is served, and the log says so once"""
        first = self.open_primary(refresh=2, retry=2)
        (self.folder / "nowhere.new").mkdir()
        second = self.secondary(first.port, zone=f'file = "{self.folder}/nowhere"\n')
        second.run()
        self.wait_for_serial(second, 1)
        second.process.wait_for_log("nowhere cannot be written: Is a directory")
        first.change(2, refresh=2, retry=2)
        self.wait_for_serial(second, 2)
        self.assertIn("Is a directory", self.control(second, "zone", "flush", ORIGIN, status=1))
        self.assertEqual(second.process.wait_for_log("serial 2 from").count("cannot be written"), 1)

    @unittest.skipIf(SANITIZED, "without the sandbox")
    def test_a_file_where_none_was_written(self):
        """A reload that has a file written where the sandbox allows none is refused, with its place"""
        first = self.open_primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        second.write("taut.toml", second.text(0).replace("primaries =", 'file = "kept.zone"\nprimaries ='))
        refusal = self.run_program(TAUTCTL, "--socket", second.folder / "control", "reload")
        self.assertEqual(refusal.returncode, 1, refusal.stdout)
        self.assertRegex(refusal.stderr, r"taut\.toml:\d+:\d+: .*kept\.zone: the sandbox lets no file be written")
        self.assertEqual(self.serial(second.port), 1)

    def test_killed_in_the_middle(self):
        """A server that is killed during a transfer has the version before when it is there again, and gets the next"""
        first = self.open_primary()
        second = self.secondary(first.port, zone=f'file = "{self.folder}/kept.zone"\n',
                                server=f'state-directory = "{self.folder}"\n')
        second.run()
        self.wait_for_serial(second, 1)
        wait_until((self.folder / "kept.zone").exists, 10, "the file is written")
        self.assertEqual(first.process.stop(), 0)
        begun = threading.Event()
        thread = threading.Thread(target=self.give_half, args=(first.port, begun), daemon=True)
        thread.start()
        self.control(second, "zone", "retransfer", ORIGIN)
        self.assertTrue(begun.wait(10), "the transfer has begun")
        second.process.signal(signal.SIGKILL)
        second.process.process.wait()
        second.process.ended = True
        wait_for_port(second.port)
        thread.join(10)
        first.write_zone(4)
        first.run()
        self.wait_for_serial(first, 4)
        second.run()
        wait_until(lambda: self.serial(second.port) in (1, 4), 10, "a version is there")
        self.wait_for_start(second)
        self.control(second, "zone", "refresh", ORIGIN)
        self.wait_for_serial(second, 4)

    def give_half(self, port, begun):
        """Begins the answer to one request for a transfer, and ends when the client is gone."""
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.settimeout(20)
            connection, _ = listener.accept()
            with connection:
                size = struct.unpack(">H", connection.recv(2))[0]
                query = dns.message.from_wire(connection.recv(size))
                reply = dns.message.make_response(query)
                reply.answer.append(dns.rrset.from_text("example.com.", 300, "IN", "SOA", "a. b. 3 3600 600 86400 60"))
                wire = reply.to_wire()
                connection.sendall(struct.pack(">H", len(wire)) + wire)
                begun.set()
                connection.settimeout(20)
                connection.recv(1)

    def test_an_upgrade(self):
        """A process that takes over keeps secondary zones as the one before did"""
        first = self.open_primary()
        second = self.secondary(first.port, zone=f'file = "{self.folder}/kept.zone"\n',
                                server=f'state-directory = "{self.folder}"\n')
        second.run()
        self.wait_for_serial(second, 1)
        wait_until((self.folder / "kept.zone").exists, 10, "the file is written")
        done = self.run_program(TAUTCTL, "--socket", second.folder / "control", "upgrade")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + second.process.log())
        second.process.ended = True
        self.assertEqual(second.process.wait(10), 0)
        self.assertEqual(self.serial(second.port), 1)
        first.change(2)
        self.wait_for_serial(first, 2)
        self.control(second, "zone", "refresh", ORIGIN)
        wait_until(lambda: self.serial(second.port) == 2, 15, "the next version is there")
        self.control(second, "stop")


if __name__ == "__main__":
    main()

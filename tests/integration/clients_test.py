"""Real clients ask tautd: dig, kdig, drill and dnsperf, over UDP and TCP, IPv4 and IPv6."""
import re
import time

from support import (A, AAAA, EXAMPLE_ZONE, NOERROR, NXDOMAIN, REFUSED, Reply, TestCase, ask_tcp, ask_udp, connect,
                     frame, main, make_query, read_frame, which)

HOSTS = ("127.0.0.1", "::1")


class Clients(TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.start_tautd("--zone", EXAMPLE_ZONE)

    def dig(self, *arguments, host="127.0.0.1"):
        result = self.run_program("dig", f"@{host}", "-p", self.server.port, "+tries=1", *arguments)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_dig_over_every_transport(self):
        """dig gets both addresses of a name over UDP and TCP, IPv4 and IPv6"""
        for host in HOSTS:
            for transport in ("+notcp", "+tcp"):
                out = self.dig("+short", transport, "www.example.com", "A", host=host)
                self.assertEqual(sorted(out.split()), ["192.0.2.10", "192.0.2.11"], f"{host} {transport}")

    def test_dig_sees_authority(self):
        """dig sees an authoritative answer without recursion, and no warning"""
        out = self.dig("+norecurse", "example.com", "MX")
        self.assertIn("status: NOERROR", out)
        self.assertRegex(out, r"flags: qr aa;")
        self.assertIn("mail.example.com.\t3600\tIN\tA\t192.0.2.25", out)
        self.assertNotIn("WARNING", out.upper().replace("WARNING: RECURSION", ""))

    def test_dig_rcodes(self):
        """dig gets NXDOMAIN with the SOA, NODATA with the SOA, and REFUSED outside every zone"""
        out = self.dig("nothing.example.com", "A")
        self.assertIn("status: NXDOMAIN", out)
        self.assertRegex(out, r"example\.com\.\s+300\s+IN\s+SOA")
        out = self.dig("www.example.com", "MX")
        self.assertIn("status: NOERROR", out)
        self.assertIn("ANSWER: 0", out)
        self.assertRegex(out, r"example\.com\.\s+300\s+IN\s+SOA")
        self.assertIn("status: REFUSED", self.dig("www.example.org", "A"))

    def test_dig_follows_the_zone(self):
        """dig gets alias, wildcard and referral as the zone file says"""
        self.assertEqual(self.dig("+short", "ftp.example.com", "A").split()[0], "www.example.com.")
        self.assertEqual(self.dig("+short", "x.apps.example.com", "A").split(), ["192.0.2.80"])
        out = self.dig("+norecurse", "www.sub.example.com", "A")
        self.assertRegex(out, r"AUTHORITY: 2, ADDITIONAL: [23]")
        self.assertRegex(out, r"ns\.sub\.example\.com\.\s+3600\s+IN\s+A\s+192\.0\.2\.53")

    def test_dig_unknown_opcode(self):
        """dig gets NOTIMP for an opcode that is not served"""
        self.assertIn("status: NOTIMP", self.dig("+opcode=status", "example.com"))

    def test_kdig(self):
        """kdig gets the same records with EDNS over UDP and TCP"""
        for transport in ("+notcp", "+tcp"):
            result = self.run_program(
                "kdig", "@127.0.0.1", "-p", self.server.port, transport, "+edns", "+dnssec", "example.com", "HTTPS"
            )
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertRegex(result.stdout, r'HTTPS\s+1 \. alpn="?h2,h3"? ipv4hint=192\.0\.2\.10 ipv6hint=2001:db8::10')
            self.assertIn("Version: 0", result.stdout)
            self.assertNotIn("WARNING", result.stdout + result.stderr)

    def test_drill(self):
        """drill gets a service record and the address that goes with it"""
        for flag in ("-u", "-t"):
            result = self.run_program(
                "drill", flag, "-p", self.server.port, "_sip._tcp.example.com", "@127.0.0.1", "SRV"
            )
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertRegex(result.stdout, r"SRV\s+0 5 5060 sip\.example\.com\.")
            self.assertRegex(result.stdout, r"sip\.example\.com\.\s+3600\s+IN\s+A\s+192\.0\.2\.50")

    def test_round_robin(self):
        """With --rrset-roundrobin the addresses of a name come in every order, over UDP and TCP; without it in one"""
        fixed, rotating = self.server, self.start_tautd("--zone", EXAMPLE_ZONE, "--rrset-roundrobin")
        for ask in (ask_udp, ask_tcp):
            for server, orders in ((fixed, 1), (rotating, 2)):
                seen = set()
                for identifier in range(8):
                    reply = ask("127.0.0.1", server.port, make_query("www.example.com", identifier=identifier))
                    self.assertEqual(reply.addresses(), ["192.0.2.10", "192.0.2.11"])
                    seen.add(tuple(record.address() for record in reply.answers))
                self.assertEqual(len(seen), orders, seen)

    def test_dnsperf(self):
        """dnsperf loses no query over UDP and TCP, IPv4 and IPv6"""
        questions = ("www.example.com A", "mail.example.com AAAA", "nothing.example.com A", "x.apps.example.com TXT")
        names = self.write("names", "\n".join(questions) + "\n")
        for host in HOSTS:
            for mode in ("udp", "tcp"):
                result = self.run_program(
                    which("dnsperf"), "-s", host, "-p", self.server.port, "-m", mode, "-d", names, "-n", 2500,
                    "-c", 4, "-q", 40, timeout=30,
                )
                out = result.stdout
                self.assertEqual(result.returncode, 0, out + result.stderr)
                self.assertRegex(out, r"Queries completed:\s+10000 \(100\.00%\)", f"{host} {mode}\n{out}")
                codes = dict(re.findall(r"(NOERROR|NXDOMAIN) (\d+)", out))
                self.assertEqual(codes, {"NOERROR": "7500", "NXDOMAIN": "2500"}, out)

    def test_pipelining(self):
        """A client that sends many queries down one connection gets every reply"""
        with connect("127.0.0.1", self.server.port) as connection:
            queries = [make_query("www.example.com", A, identifier=number) for number in range(200)]
            connection.sendall(b"".join(map(frame, queries)))
            replies = [Reply(read_frame(connection)) for _ in queries]
        self.assertEqual(sorted(reply.id for reply in replies), list(range(200)))
        self.assertTrue(all(reply.rcode == NOERROR and len(reply.answers) == 2 for reply in replies))

    def test_octet_by_octet(self):
        """A frame that comes octet by octet is answered as one"""
        with connect("127.0.0.1", self.server.port) as connection:
            for octet in frame(make_query("www.example.com", AAAA)):
                connection.sendall(bytes([octet]))
                time.sleep(0.001)
            self.assertEqual(Reply(read_frame(connection)).addresses(), ["2001:db8::10"])

    def test_garbage(self):
        """Garbage is survived: silence or FORMERR, and the next query is answered"""
        for octets in (b"", b"\0", b"\0" * 11, b"\xff" * 12, b"\xff" * 512, make_query("a.example.com")[:-3]):
            ask_udp("127.0.0.1", self.server.port, octets, 0.05)
            with connect("127.0.0.1", self.server.port) as connection:
                connection.sendall(frame(octets))
        response = bytearray(make_query("www.example.com"))
        response[2] |= 0x80
        self.assertIsNone(ask_udp("127.0.0.1", self.server.port, bytes(response), 0.2), "a response is never answered")
        self.assertEqual(ask_udp("127.0.0.1", self.server.port, make_query("www.example.com")).rcode, NOERROR)
        self.assertEqual(ask_tcp("::1", self.server.port, make_query("no.example.com")).rcode, NXDOMAIN)
        self.assertEqual(ask_tcp("::1", self.server.port, make_query("example.org")).rcode, REFUSED)


if __name__ == "__main__":
    main()

"""A million queries leave the server's memory as it was, and so does a zone that is loaded anew."""
import signal
import unittest

from support import (EXAMPLE_ZONE, SANITIZED, SOA, TestCase, ask_udp, main, make_query, resident_kilobytes, wait_until,
                     which)

SLACK_KB = 1024  # for the tables that grow once, on the first queries of a kind


class Memory(TestCase):
    @unittest.skipIf(SANITIZED, "a sanitizer keeps memory of its own")
    def test_flat(self):
        """A million queries over UDP and TCP leave memory flat"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE)
        names = ["www A", "mail AAAA", "nothing A", "ftp A", "x.apps TXT", "a.sub A", "_sip._tcp SRV", "www MX"]
        path = self.write("names", "".join(name.replace(" ", ".example.com ") + "\n" for name in names * 125))
        modes = (("udp", 700), ("tcp", 300))

        def load(mode, runs):
            result = self.run_program(
                which("dnsperf"), "-s", "127.0.0.1", "-p", server.port, "-m", mode, "-d", path, "-n", runs,
                "-c", 16, "-q", 200, timeout=120,
            )
            self.assertRegex(result.stdout, rf"Queries sent:\s+{runs * 1000}\n", result.stdout + result.stderr)
            self.assertRegex(result.stdout, r"Queries lost:\s+0 ", result.stdout)

        for mode, _ in modes:
            load(mode, 30)
        before = resident_kilobytes(server.pid)
        for mode, runs in modes:
            load(mode, runs)
        after = resident_kilobytes(server.pid)
        print(f"resident: {before} kB before, {after} kB after")
        self.assertLess(after - before, SLACK_KB)

    @unittest.skipIf(SANITIZED, "a sanitizer keeps memory of its own")
    def test_reload(self):
        """The memory of a zone goes back when another version is served"""
        records = 300_000  # some 20 MB

        def write(serial):
            head = f"$TTL 300\n@ SOA ns1 host {serial} 1800 900 604800 300\n@ NS ns1\nns1 A 192.0.2.1\n"
            return self.write("large.zone", head + "".join(f"h{i} A 192.0.2.1\n" for i in range(records)))

        path = write(1)
        server = self.start_tautd("--threads", "2", "--zone", f"large.example={path}")

        def serial():
            reply = ask_udp("127.0.0.1", server.port, make_query("large.example", SOA))
            return int.from_bytes(reply.answers[0].rdata[-20:-16], "big")

        self.assertEqual(serial(), 1)
        before = resident_kilobytes(server.pid)
        for version in (2, 3):
            write(version)
            server.signal(signal.SIGHUP)
            wait_until(lambda: serial() == version, 30, "the new version")
        slack = 8_000  # less than half of the zone
        wait_until(lambda: resident_kilobytes(server.pid) < before + slack, 10, "the memory of the old version")


if __name__ == "__main__":
    main()

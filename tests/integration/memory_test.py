"""A million queries leave the server's memory as it was, and so does a zone that is loaded anew."""
import re
import resource
import signal
import unittest
from pathlib import Path

from support import (EXAMPLE_ZONE, NOERROR, SANITIZED, SOA, TAUTD, TestCase, ask_udp, connect, frame, free_port, main,
                     make_query, resident_kilobytes, wait_until, which)

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

    @unittest.skipIf(SANITIZED, "a sanitizer reserves more than any limit")
    def test_little_memory(self):
        """With however little memory, the server ends at once with the reason and status 1, or serves and ends well"""
        ends, serves = 0, 0
        for megabytes in range(20, 280, 20):
            limit = megabytes << 20
            command = [TAUTD, "--interface", "127.0.0.1", "--port", free_port(), "--threads", "2"]
            command += ["--zone", EXAMPLE_ZONE, "--hosts-file", self.write("hosts", "192.0.2.1 h.example\n")]
            command += ["--cache", "--forward", "127.0.0.1:9"]
            server = self.spawn(*command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
            query = make_query("www.example.com")
            try:
                # One that ends for want of memory may have answered before, as shards serve before the start is over.
                wait_until(lambda: not server.running() or "listening on" in server.log(), 10)
                for _ in range(200):
                    with connect("127.0.0.1", command[4]) as connection:
                        connection.sendall(frame(query) * 50)
            except OSError:
                self.assertEqual(server.wait(5), 1, f"{megabytes} MB: {server.log()}")
                self.assertRegex(server.log().splitlines()[-1], "memory|Resource temporarily unavailable")
                ends += 1
                continue
            reply = wait_until(lambda: ask_udp("127.0.0.1", command[4], query, 0.2), 10)
            self.assertEqual(reply.rcode, NOERROR)
            self.assertEqual(server.stop(), 0, f"{megabytes} MB: {server.log()}")
            serves += 1
        print(f"{ends} ended at once, {serves} served")
        self.assertGreater(min(ends, serves), 0)

    @unittest.skipIf(SANITIZED, "a sanitizer keeps memory of its own")
    def test_zone_without_memory(self):
        """A zone for which there is no memory is named, stays as it was, and is loaded when there is memory again"""
        head = "$TTL 300\n@ SOA ns1 host {} 1800 900 604800 300\n@ NS ns1\nns1 A 192.0.2.1\n"
        path = self.write("z.zone", head.format(1))
        server = self.start_tautd("--threads", "2", "--zone", f"large.example={path}")

        def serial():
            reply = ask_udp("127.0.0.1", server.port, make_query("large.example", SOA))
            return int.from_bytes(reply.answers[0].rdata[-20:-16], "big")

        # What a reload takes of memory for good, the stack and the arena of a thread, it has then.
        server.signal(signal.SIGHUP)
        server.wait_for_log("no zone has changed")
        before = resource.prlimit(server.pid, resource.RLIMIT_AS)
        size = int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())[1]) << 10
        for_other_work = 32 << 20  # less than the zone takes
        resource.prlimit(server.pid, resource.RLIMIT_AS, (size + for_other_work, before[1]))
        path.write_text(head.format(2) + "".join(f"h{i} A 192.0.2.1\n" for i in range(600_000)))
        server.signal(signal.SIGHUP)
        said = "there is not enough memory to load the zone"
        server.wait_for_log(said, 30)
        server.wait_for_log("z.zone: the zone is served as it was before")
        self.assertEqual(serial(), 1)
        resource.prlimit(server.pid, resource.RLIMIT_AS, before)
        server.signal(signal.SIGHUP)
        wait_until(lambda: serial() == 2, 30, "the new version")


if __name__ == "__main__":
    main()

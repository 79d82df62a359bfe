"""A million queries leave the server's memory as it was."""
import unittest

from support import EXAMPLE_ZONE, SANITIZED, TestCase, main, resident_kilobytes, which

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


if __name__ == "__main__":
    main()

"""Zones of a list: those that are ready are served while others load, and those that do not load are SERVFAIL."""
import os
import pty
import signal
import time

from support import A, NOERROR, NXDOMAIN, REFUSED, SERVFAIL, SLOWNESS, TestCase, ask_udp, main, make_query, wait_until

ZONE = """$ORIGIN {origin}
$TTL 60
@ SOA ns host {serial} 7200 3600 1209600 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.80
"""


def write_hosts(file, count):
    """20,000 hosts more than the `count` that were written; returns how many there are now."""
    more = range(count + 1, count + 20001)
    file.write("".join(f"h{number} A 192.0.2.1\n" for number in more))
    file.flush()
    return more[-1]


class Zones(TestCase):
    def write_zone(self, origin, serial=1):
        return self.write(f"{origin}.zone", ZONE.format(origin=f"{origin}.", serial=serial))

    def write_list(self, *origins):
        return self.write("list", "".join(f"{origin}\t{origin}.zone\n" for origin in origins))

    def make_pipe(self, origin):
        """A zone whose file is as long in coming as the test wants."""
        path = self.folder / f"{origin}.zone"
        os.mkfifo(path)
        return path

    @staticmethod
    def rcode(server, name):
        reply = ask_udp("127.0.0.1", server.port, make_query(name, A))
        return reply.rcode if reply else None

    def wait_for_rcode(self, server, name, rcode):
        wait_until(lambda: self.rcode(server, name) == rcode, 10, f"{name} with RCODE {rcode}")

    def test_not_loaded(self):
        """A zone of a list that does not load is SERVFAIL and not its parent's, until its file is mended"""
        self.write_zone("t.example")
        broken = self.write("broken.t.example.zone", "@ SOA is broken\n")
        zone_list = self.write_list("t.example", "broken.t.example", "missing.example")
        server = self.start_tautd("--zone-list", zone_list)
        self.wait_for_rcode(server, "www.t.example", NOERROR)
        wait_until(lambda: "2 of 3 zones are not loaded" in server.log(), 10, "the log tells how many")
        for name in ("broken.t.example", "www.broken.t.example", "missing.example", "www.missing.example"):
            self.assertEqual(self.rcode(server, name), SERVFAIL, name)
        self.assertEqual(self.rcode(server, "none.t.example"), NXDOMAIN)
        self.assertEqual(self.rcode(server, "www.other.example"), REFUSED)
        self.assertIn("broken.t.example.zone:1:", server.log())
        self.assertIn("missing.example.zone", server.log())

        broken.write_text(ZONE.format(origin="broken.t.example.", serial=1))
        self.write_list("t.example", "broken.t.example")
        server.signal(signal.SIGHUP)
        self.wait_for_rcode(server, "www.broken.t.example", NOERROR)
        self.wait_for_rcode(server, "www.missing.example", REFUSED)
        wait_until(lambda: "all 2 zones are loaded" in server.log(), 10, "the log tells that all are loaded")

    def test_ready_zones_are_served(self):
        """Zones that are ready are served while another loads, which is SERVFAIL until then"""
        pipe = self.make_pipe("slow.example")
        self.write_zone("first.example")
        self.write_zone("last.example")
        zone_list = self.write_list("first.example", "slow.example", "last.example")
        server = self.start_tautd("--zone-list", zone_list, "--threads", 2)
        with open(pipe, "w", encoding="ascii") as slow:
            slow.write(ZONE.format(origin="slow.example.", serial=1))
            count = 0

            def served():
                # Each record that is read is an occasion to publish what is ready.
                nonlocal count
                count = write_hosts(slow, count)
                return self.rcode(server, "www.first.example") == self.rcode(server, "www.last.example") == NOERROR

            wait_until(served, 10, "the other zones are served")
            self.assertEqual(self.rcode(server, "www.slow.example"), SERVFAIL)
            self.assertNotIn("zones are loaded", server.log())
        self.wait_for_rcode(server, f"h{count}.slow.example", NOERROR)
        wait_until(lambda: "all 3 zones are loaded" in server.log(), 10, "the log tells that all are loaded")

    def test_signals_while_loading(self):
        """While a zone loads SIGHUP waits for it, and SIGTERM ends the server at once"""
        pipe = self.make_pipe("slow.example")
        self.write_zone("first.example")
        zone_list = self.write_list("first.example", "slow.example")
        server = self.start_tautd("--zone-list", zone_list, "--threads", 2)
        with open(pipe, "w", encoding="ascii") as slow:
            self.wait_for_rcode(server, "www.first.example", NOERROR)
            self.write_zone("new.example")
            self.write_list("first.example", "slow.example", "new.example")
            server.signal(signal.SIGHUP)
            self.assertEqual(self.rcode(server, "www.new.example"), REFUSED)
            slow.write(ZONE.format(origin="slow.example.", serial=1))
        self.wait_for_rcode(server, "www.slow.example", NOERROR)
        # The pipe is loaded anew, since nobody knows what it holds now.
        with open(pipe, "w", encoding="ascii") as slow:
            slow.write(ZONE.format(origin="slow.example.", serial=2))
            slow.flush()
            self.wait_for_rcode(server, "www.new.example", NOERROR)
            server.signal(signal.SIGTERM)
            start = time.monotonic()
            try:
                while server.running() and time.monotonic() - start < 10 * SLOWNESS:
                    slow.write("x A 192.0.2.1\n" * 10000)
            except BrokenPipeError:
                pass
            self.assertLess(time.monotonic() - start, 5 * SLOWNESS)
        self.assertEqual(server.wait(5 * SLOWNESS), 0, server.log())
        server.ended = True

    def test_progress(self):
        """On a terminal one line tells how many zones and records are loaded, and goes when they are"""
        pipe = self.make_pipe("slow.example")
        self.write_zone("first.example")
        zone_list = self.write_list("first.example", "slow.example")
        controller, terminal = pty.openpty()
        os.set_blocking(controller, False)
        self.addCleanup(os.close, controller)
        server = self.start_tautd("--zone-list", zone_list, "--threads", 2, terminal=terminal)
        os.close(terminal)
        shown = b""

        def read():
            nonlocal shown
            try:
                shown += os.read(controller, 65536)
            except BlockingIOError:
                pass
            return shown

        with open(pipe, "w", encoding="ascii") as slow:
            slow.write(ZONE.format(origin="slow.example.", serial=1))
            count = 0

            def told():
                nonlocal count
                count = write_hosts(slow, count)
                return b"loaded 1 of 2 zones, " in read()

            wait_until(told, 10, "progress is shown")
        wait_until(lambda: b"all 2 zones are loaded" in read(), 10, "all are loaded")
        self.assertRegex(shown, rb"loaded 1 of 2 zones, [0-9,]*,[0-9]{3} records\x1b\[K\r")
        self.assertEqual(shown.count(b"\x1b[K\r"), shown.count(b" records") + 1, "the line is wiped out in the end")


if __name__ == "__main__":
    main()

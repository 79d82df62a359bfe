"""Zones of a list: those that are ready are served while others load, and those that do not load are SERVFAIL."""
import os
import pty
import signal

from support import A, NOERROR, NXDOMAIN, REFUSED, SERVFAIL, SLOWNESS, TestCase, ask_udp, main, make_query, wait_until

ZONE = """$ORIGIN {origin}
$TTL 60
@ SOA ns host {serial} 7200 3600 1209600 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.80
"""


HOSTS = 2_000_000 // SLOWNESS  # so many that their zone takes some seconds to load


class Zones(TestCase):
    def write_zone(self, origin, serial=1):
        return self.write(f"{origin}.zone", ZONE.format(origin=f"{origin}.", serial=serial))

    def write_list(self, *origins):
        return self.write("list", "".join(f"{origin}\t{origin}.zone\n" for origin in origins))

    def write_slow_zone(self, serial=1, hosts=HOSTS):
        """A zone that takes long to load."""
        text = ZONE.format(origin="slow.example.", serial=serial) + f"$GENERATE 1-{hosts} h$ A 192.0.2.1\n"
        return self.write("slow.example.zone", text)

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
        server.wait_for_log("2 of 3 zones are not loaded")
        for name in ("broken.t.example", "www.broken.t.example", "missing.example", "www.missing.example"):
            self.assertEqual(self.rcode(server, name), SERVFAIL, name)
        self.assertEqual(self.rcode(server, "none.t.example"), NXDOMAIN)
        self.assertEqual(self.rcode(server, "www.other.example"), REFUSED)
        server.wait_for_log("broken.t.example.zone:1:")
        server.wait_for_log("missing.example.zone")

        broken.write_text(ZONE.format(origin="broken.t.example.", serial=1))
        self.write_list("t.example", "broken.t.example")
        server.signal(signal.SIGHUP)
        self.wait_for_rcode(server, "www.broken.t.example", NOERROR)
        self.wait_for_rcode(server, "www.missing.example", REFUSED)
        server.wait_for_log("zones: 1 added, 1 removed, 1 unchanged")

    def test_ready_zones_are_served(self):
        """Zones that are ready are served while another loads, which is SERVFAIL until then"""
        self.write_slow_zone()
        self.write_zone("first.example")
        self.write_zone("last.example")
        zone_list = self.write_list("first.example", "slow.example", "last.example")
        server = self.start_tautd("--zone-list", zone_list, "--threads", 2)
        wait_until(lambda: self.rcode(server, "www.first.example") == self.rcode(server, "www.last.example") == NOERROR,
                   10, "the other zones are served")
        self.assertEqual(self.rcode(server, "www.slow.example"), SERVFAIL)
        wait_until(lambda: self.rcode(server, f"h{HOSTS}.slow.example") == NOERROR, 60, "the slow zone is served")
        self.assertEqual(server.wait_for_log("all 3 zones are loaded").count("zones are loaded"), 1)

    def test_signals_while_loading(self):
        """While a zone loads SIGHUP waits for it, and SIGTERM ends the server at once"""
        self.write_slow_zone()
        self.write_zone("first.example")
        zone_list = self.write_list("first.example", "slow.example")
        server = self.start_tautd("--zone-list", zone_list, "--threads", 2)
        self.wait_for_rcode(server, "www.first.example", NOERROR)
        self.write_zone("new.example")
        self.write_list("first.example", "slow.example", "new.example")
        server.signal(signal.SIGHUP)
        self.assertEqual(self.rcode(server, "www.new.example"), REFUSED)
        self.assertEqual(self.rcode(server, "www.slow.example"), SERVFAIL, "it is still being loaded")
        wait_until(lambda: self.rcode(server, "www.slow.example") == NOERROR, 60, "the slow zone is served")
        self.wait_for_rcode(server, "www.new.example", NOERROR)
        self.write_slow_zone(serial=2, hosts=99_000_000)
        self.write_zone("newer.example")
        self.write_list("newer.example", "slow.example")
        server.signal(signal.SIGHUP)
        self.wait_for_rcode(server, "www.newer.example", NOERROR)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(5 * SLOWNESS), 0, server.log())
        server.ended = True
        self.assertNotIn("loaded anew", server.log())

    def test_progress(self):
        """On a terminal one line tells how many zones and records are loaded, and goes when they are"""
        self.write_slow_zone()
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

        wait_until(lambda: b"loaded 1 of 2 zones, " in read(), 10, "progress is shown")
        wait_until(lambda: b"all 2 zones are loaded" in read(), 60, "all are loaded")
        self.assertRegex(shown, rb"loaded 1 of 2 zones, [0-9,]*,[0-9]{3} records\x1b\[K\r")
        wiped = shown.count(b"\x1b[K\r") - shown.count(b" records\x1b[K\r")
        self.assertEqual(wiped, 1, "the line is wiped out in the end")


if __name__ == "__main__":
    main()

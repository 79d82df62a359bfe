"""What tautd keeps of zones for the next start: secondary zones without a primary, incremental transfers after a
restart, and what is left of them when it is killed, when the disk is full, and when files are damaged."""
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import unittest

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rdatatype
import dns.rrset
import dns.update

from support import SANITIZED, SLOW_DISK, TAUTD, Process, main, wait_for_port, wait_until
from transfer_peers import ORIGIN, TAUTCTL, PeersTest, Taut, zone_text


class KeptZones(PeersTest):
    def server(self, name, text, server=""):
        """tautd with these tables in its configuration."""
        made = Taut(self, name)
        made.text = lambda _: f'[server]\ncontrol = "{made.folder}/control"\n{server}\n{text}\n' \
                              f'[[listen]]\naddress = ["127.0.0.1:{made.port}"]\n'
        made.configure(0)
        return made

    def primary(self, server=""):
        self.put(1)
        file = self.folder / "primary.zone"
        made = self.server("primary", f'[[zone]]\nname = "example.com"\nfile = "{file}"\nallow-transfer = ["any"]\n',
                           server)
        made.run()
        self.wait_for_serial(made, 1)
        return made

    def put(self, serial):
        """The file of the primary: its address says its serial."""
        new = self.folder / "primary.zone.new"
        new.write_text(zone_text(serial, f"10.{serial >> 16}.{serial >> 8 & 255}.{serial & 255}"))
        new.rename(self.folder / "primary.zone")

    def change(self, primary, serial):
        self.put(serial)
        primary.process.signal(signal.SIGHUP)
        self.wait_for_serial(primary, serial)

    def secondary(self, first):
        state = self.folder / "state"
        state.mkdir()
        made = self.server("secondary", f'[[zone]]\nname = "example.com"\nprimaries = ["127.0.0.1:{first}"]\n'
                                        'allow-transfer = ["any"]\n', f'state-directory = "{state}"\n')
        made.state = state
        return made

    def version(self, port):
        """The serial that is served; the records beside it are those of this version."""
        reply = self.ask(port)
        if not reply or not reply.answer:
            return None
        serial = reply.answer[0][0].serial
        address = self.ask(port, "www.example.com", "A")
        if address and address.answer and self.serial(port) == serial:
            self.assertEqual(str(address.answer[0][0]), f"10.{serial >> 16}.{serial >> 8 & 255}.{serial & 255}")
        return serial

    def tell(self, port):
        """A NOTIFY of the primary, whose address is that of the test."""
        message = dns.message.make_query("example.com.", "SOA", flags=dns.flags.AA)
        message.set_opcode(dns.opcode.NOTIFY)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message.to_wire(), ("127.0.0.1", port))

    def end(self, server):
        self.assertEqual(server.process.stop(), 0, server.process.log())

    def follow(self, first, second, serial):
        """Has the primary another version, and the secondary too"""
        self.change(first, serial)
        self.control(second, "zone", "refresh", ORIGIN)
        self.wait_for_serial(second, serial)

    def kill(self, server):
        server.process.signal(signal.SIGKILL)
        server.process.process.wait()
        server.process.ended = True
        wait_for_port(server.port)

    def end_successor(self, server):
        """Ends the process that has taken over from the one that was started."""
        os.kill(self.control(server, "status")["process"], signal.SIGTERM)
        wait_until(lambda: self.ask(server.port) is None, 20, "it has ended")
        server.process.ended = True

    def differences(self, server, serial):
        """The serials that an incremental transfer leads through from this one; none where it is the whole zone."""
        query = dns.message.make_query(ORIGIN, "IXFR", flags=0)
        query.authority.append(dns.rrset.from_text("example.com.", 300, "IN", "SOA", f"a. b. {serial} 1 1 1 1"))
        reply = dns.query.tcp(query, "127.0.0.1", port=server.port, timeout=10, one_rr_per_rrset=True)
        serials = [rrset[0].serial for rrset in reply.answer if rrset.rdtype == dns.rdatatype.SOA]
        return serials[1:-1:2] + serials[-1:] if len(serials) > 2 else []


class Restarts(KeptZones):
    def test_without_a_primary(self):
        """A secondary zone without a file is there after a restart, and its differences, though no primary is"""
        first = self.primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        for serial in (2, 3):
            self.follow(first, second, serial)
        self.end(first)
        self.end(second)
        second.run()
        self.wait_for_serial(second, 3)
        self.assertEqual(self.version(second.port), 3)
        self.assertEqual(self.differences(second, 1), [1, 2, 3])
        self.wait_for_start(second)
        status = self.control(second, "zone", "status", ORIGIN)
        self.assertEqual((status["kind"], status["state"], status["failures"]), ("secondary", "loaded", 0))
        self.assertGreater(status["next_check_in"], 2000)
        self.end(second)
        self.assertNotIn("error", second.process.log())

    def test_of_a_master_file(self):
        """Versions of a master file are led to from those before a restart, and a file that changed meanwhile is not"""
        (self.folder / "state").mkdir()
        server = f'state-directory = "{self.folder}/state"\n'
        first = self.primary(server=server)
        for serial in (2, 3):
            self.change(first, serial)
        self.end(first)
        first.run()
        self.wait_for_serial(first, 3)
        self.assertEqual(self.differences(first, 1), [1, 2, 3])
        self.end(first)
        self.put(7)
        first.run()
        self.wait_for_serial(first, 7)
        self.assertEqual(self.differences(first, 3), [])
        self.change(first, 8)
        self.assertEqual(self.differences(first, 7), [7, 8])
        self.assertEqual(self.differences(first, 3), [])
        self.assertTrue((self.folder / "state/example.com.journal").exists())
        first.write("taut.toml", first.text(0).replace('"example.com"', '"example.net"'))
        self.control(first, "reload", status=1)  # the file is none of that zone
        wait_until(lambda: not (self.folder / "state/example.com.journal").exists(), 10, "its files are gone")

    def test_what_is_kept(self):
        """Of a zone that is no more, or with a journal of 0, nothing is kept"""
        first = self.primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        snapshot = second.state / "example.com.snapshot"
        wait_until(snapshot.exists, 10, "the zone is kept")
        text = second.text(0)
        second.write("taut.toml", text.replace("primaries", "journal = 0\nprimaries"))
        self.control(second, "reload")
        wait_until(lambda: not snapshot.exists(), 10, "it is not kept")
        self.assertEqual(self.serial(second.port), 1)
        second.write("taut.toml", text)
        self.control(second, "reload")
        wait_until(snapshot.exists, 10, "the zone is kept again")
        second.write("taut.toml", text.replace('"example.com"', '"example.net"'))
        self.control(second, "reload")
        wait_until(lambda: not snapshot.exists(), 10, "its files are gone")
        for zone, said in (('journal = "1M"', "needs server.state-directory"), ("journal = -1", "expected")):
            path = self.write("other.toml", f'[[zone]]\nname = "example.com"\n{zone}\n')
            done = self.run_program(TAUTD, "--check", "--config", path)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"other\.toml:3:\d+: .*{said}")

    def test_an_upgrade(self):
        """A process that takes over has the versions that the one before has answered, and keeps those after"""
        first = self.primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        for serial in (2, 3):
            self.follow(first, second, serial)
            done = self.run_program(TAUTCTL, "--socket", second.folder / "control", "upgrade")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + second.process.log())
            self.assertEqual(self.version(second.port), serial)
        self.assertEqual(self.differences(second, 1), [1, 2, 3])
        self.change(first, 4)
        self.control(second, "zone", "refresh", ORIGIN)
        self.wait_for_serial(second, 4)
        self.end_successor(second)
        wait_until(lambda: second.process.log().count("taut ended") == 3, 20, "all three have said so")
        self.assertNotRegex(second.process.log(), " error ")
        self.end(first)
        second.run()
        self.wait_for_serial(second, 4)
        self.assertEqual(self.differences(second, 1), [1, 2, 3, 4])

    @unittest.skipIf(SANITIZED, "a sanitizer is to be loaded first")
    def test_an_upgrade_at_once(self):
        """While a process takes over nobody gets a version before the one that was answered last, however slow the
        disk is"""
        first = self.primary()
        second = self.secondary(first.port)
        second.run(env=SLOW_DISK)
        self.wait_for_serial(second, 1)
        for serial in (2, 3, 4):  # the first one is being kept while the others come
            self.follow(first, second, serial)
        seen = set()
        with subprocess.Popen([TAUTCTL, "--socket", second.folder / "control", "upgrade"]) as upgrade:
            while upgrade.poll() is None:
                seen.add(self.serial(second.port))
        self.addCleanup(self.end_successor, second)
        self.assertEqual((upgrade.returncode, seen), (0, {4}), second.process.log())


class Failures(KeptZones):
    def test_killed_at_any_moment(self):
        """A server that is killed while versions come has a whole version when it is there again, and goes on"""
        first = self.primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        serial = [1]
        ended = threading.Event()

        def change():
            while not ended.is_set():
                serial[0] += 1
                self.put(serial[0])
                first.process.signal(signal.SIGHUP)
                ended.wait(0.03)
                self.tell(second.port)

        changes = threading.Thread(target=change)
        changes.start()
        try:
            for _ in range(6):
                begun = self.version(second.port) or 0
                wait_until(lambda: (self.version(second.port) or 0) > begun, 20, "versions come")
                ended.wait(random.random() * 0.3)
                self.kill(second)
                second.run()
                first_served = wait_until(lambda: self.version(second.port), 20, "a version is there")
                self.assertGreater(first_served, 0)
                self.assertNotRegex(second.process.log(), " error ")
        finally:
            ended.set()
            changes.join()
        self.wait_for_serial(first, serial[0], 30)
        self.tell(second.port)
        self.wait_for_serial(second, serial[0], 30)
        self.end(first)
        self.end(second)
        second.run()
        self.wait_for_serial(second, serial[0])
        self.assertEqual(self.version(second.port), serial[0])

    def updated(self):
        """A server whose zone anybody here may update, and the folder where it is kept."""
        state = self.folder / "state"
        state.mkdir()
        self.put(1)
        made = self.server("updated", f'[[zone]]\nname = "example.com"\nfile = "{self.folder}/primary.zone"\n'
                                      'allow-transfer = ["any"]\nallow-update = ["127.0.0.1"]\n',
                           f'state-directory = "{state}"\n')
        made.run()
        self.wait_for_serial(made, 1)
        self.wait_for_start(made)
        return made

    def update(self, server, name):
        """Adds a name; whether that was answered NOERROR."""
        update = dns.update.Update("example.com.")
        update.add(name, 300, "A", "192.0.2.99")
        try:
            return dns.query.tcp(update, "127.0.0.1", port=server.port, timeout=30).rcode() == 0
        except (dns.exception.Timeout, OSError, EOFError):
            return False

    def test_updates_that_were_answered(self):
        """An update that was answered is there after the server was killed, whenever that was"""
        server = self.updated()
        answered = []
        for round_ in range(4):
            killed = threading.Timer(0.05 + random.random() * 0.3, self.kill, [server])
            killed.start()
            number = 0
            while self.update(server, f"u{round_}-{number}"):
                answered.append(f"u{round_}-{number}")
                number += 1
            killed.join()
            server.run()
            wait_until(lambda: self.serial(server.port), 20, "the zone is there")
            self.wait_for_start(server)
            self.assertGreaterEqual(self.serial(server.port), 1 + len(answered))
            self.assertNotRegex(server.process.log(), " error ")
        self.assertGreater(len(answered), 0)
        for name in answered:
            reply = self.ask(server.port, f"{name}.example.com", "A")
            self.assertEqual(len(reply.answer), 1, name)
        last = self.serial(server.port)
        self.assertEqual(self.differences(server, last - 1), [last - 1, last])

    def test_a_file_beside_updates(self):
        """A file that was edited counts where its serial is newer than what updates have made, else it is warned of"""
        server = self.updated()
        self.assertTrue(self.update(server, "one"))
        self.assertTrue(self.update(server, "two"))
        self.wait_for_serial(server, 3)
        self.put(2)
        server.process.signal(signal.SIGHUP)
        server.process.wait_for_log("serial 2 is not newer than 3")
        self.assertEqual(self.serial(server.port), 3)
        self.end(server)
        self.put(2)
        server.run()
        server.process.wait_for_log("serial 2 is not newer than 3, which updates have made: it is not read")
        self.wait_for_serial(server, 3)
        self.end(server)
        self.put(10)
        server.run()
        self.wait_for_serial(server, 10)
        self.assertEqual(self.differences(server, 1), [1, 2, 3, 10])
        self.assertFalse(self.ask(server.port, "one.example.com", "A").answer)
        self.end(server)
        (self.folder / "primary.zone").unlink()
        server.run()
        self.wait_for_serial(server, 10)
        self.assertEqual(self.version(server.port), 10)

    def test_a_full_disk(self):
        """What has no room on the disk is told of once, served, and kept when there is room"""
        first = self.primary()
        second = self.secondary(first.port)
        second.process = Process(["unshare", "--mount", "sh", "-c",
                                  f"mount -t tmpfs -o size=256k none {second.state} && "
                                  f"dd if=/dev/zero of={second.state}/ballast bs=1k count=250 status=none && "
                                  f"exec {TAUTD} --config {second.folder}/taut.toml"], self.folder, name="tautd-full")
        second.process.port = second.port
        self.addCleanup(self._finish, second.process)
        wait_until(lambda: not second.process.running() or self.serial(second.port) == 1, 20, "the zone is served")
        if not second.process.running():
            self.skipTest("a file system of one's own needs privileges")
        second.process.wait_for_log("zone example.com. is not kept for the next start: ")
        self.assertIn("No space left on device", second.process.log())
        self.change(first, 2)
        self.control(second, "zone", "refresh", ORIGIN)
        self.wait_for_serial(second, 2)
        inside = f"/proc/{second.process.process.pid}/root{second.state}"
        os.unlink(f"{inside}/ballast")
        log = second.process.wait_for_log("zone example.com. is kept again", 20)
        self.assertEqual(log.count("is not kept"), 1)
        self.assertTrue(os.path.exists(f"{inside}/example.com.snapshot"))

    def test_files_of_others(self):
        """A damaged file is named, and its zone transferred and kept anew; a second server does not share the folder"""
        first = self.primary()
        second = self.secondary(first.port)
        second.run()
        self.wait_for_serial(second, 1)
        self.end(second)
        snapshot = second.state / "example.com.snapshot"
        octets = bytearray(snapshot.read_bytes())
        octets[len(octets) // 2] ^= 1
        snapshot.write_bytes(octets)
        second.run()
        second.process.wait_for_log("what was kept of the zone cannot be read: ")
        self.assertIn(f"{snapshot}: ", second.process.log())
        self.wait_for_serial(second, 1)
        wait_until(lambda: snapshot.read_bytes() != octets, 10, "it is kept anew")
        third = self.server("third", f'[[zone]]\nname = "example.com"\nprimaries = ["127.0.0.1:{first.port}"]\n',
                            f'state-directory = "{second.state}"\n')
        third.run()
        third.process.wait_for_log("zones.lock: another program keeps zones in this folder")
        self.wait_for_serial(third, 1)
        self.end(third)
        self.end(first)
        self.end(second)
        second.run()
        self.wait_for_serial(second, 1)

    def test_a_folder_that_cannot_be_used(self):
        """Without the folder the zone is served all the same, and the log says why it is not kept"""
        first = self.primary()
        second = self.secondary(first.port)
        shutil.rmtree(second.state)
        second.state.write_text("no folder")
        second.run()
        self.wait_for_serial(second, 1)
        second.process.wait_for_log("zones.lock: Not a directory")


if __name__ == "__main__":
    main()

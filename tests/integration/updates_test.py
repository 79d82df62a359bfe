"""Dynamic updates (RFC 2136): by nsupdate, knsupdate and dnspython, kept through a kill, sent on by a secondary."""
import base64
import os
import signal
import socket
import struct
import subprocess
import threading
import unittest

import dns.exception
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.tsig
import dns.update

from support import (NOERROR, REFUSED, SANITIZED, SERVFAIL, SLOW_DISK, TAUTD, Process, TestCase, free_port, main,
                     wait_for_port, wait_until, which)

TAUTCTL = os.environ["TAUT_TAUTCTL"]
ORIGIN = "example.com."
NOTIMP, NXDOMAIN, YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH, NOTZONE, FORMERR = 4, 3, 6, 7, 8, 9, 10, 1
ZONE = ("@ 60 SOA ns host 1 3600 600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n"
        "txt 60 TXT \"one\"\nalias 60 CNAME www\n")
KEYS = {name: base64.b64encode(f"the secret of {name}".encode()).decode()
        for name in ("admin", "dhcp", "host.example.com")}
ACL = """
[acl]
admins = { tsig = ["admin"] }
leases = { tsig = ["dhcp"], update-names = ["*.dyn.example.com"], update-types = ["A", "AAAA", "TXT"] }
hosts = { tsig = ["host.example.com"], update-names = ["self"] }
"""


def key(name):
    return dns.tsig.Key(name, KEYS[name], "hmac-sha256")


class Server:
    """A primary or a secondary of the zone, with all of the keys."""

    def __init__(self, test, name, zone_keys='allow-update = ["admins", "leases", "hosts"]', text=ZONE):
        self.test = test
        self.name = name
        self.port = free_port()
        self.folder = test.folder / name
        self.folder.mkdir()
        (self.folder / "state").mkdir()
        self.zone_keys = zone_keys
        if text:
            self.write_zone(text)
        self.process = None

    def write_zone(self, text):
        (self.folder / "new").write_text(f"$ORIGIN {ORIGIN}\n" + text)
        (self.folder / "new").rename(self.folder / "example.com.zone")

    def configure(self):
        tsig = "".join(f'[tsig."{name}"]\nsecret = "{secret}"\n' for name, secret in KEYS.items())
        path = self.folder / "taut.toml"
        path.write_text(f'[server]\ncontrol = "control"\nstate-directory = "state"\n{tsig}{ACL}'
                        f'[[listen]]\naddress = ["127.0.0.1:{self.port}"]\n'
                        f'[[zone]]\nname = "example.com"\nallow-transfer = ["loopback"]\n{self.zone_keys}\n')
        path.chmod(0o600)
        return path

    def start(self, **options):
        self.process = Process([TAUTD, "--config", self.configure()], self.folder, name=f"{self.name}", **options)
        self.test.addCleanup(self.stop)

        def answers():
            self.test.assertTrue(self.process.running(), self.process.log())
            return self.ask("example.com", "SOA") is not None

        wait_until(answers, 20, f"{self.name} answers")
        return self

    def stop(self):
        if self.process.running():
            self.process.stop()

    def kill(self):
        self.process.kill()
        wait_for_port(self.port)

    def ask(self, name, kind="A", **options):
        try:
            reply = dns.query.udp(dns.message.make_query(name, kind, flags=0, **options), "127.0.0.1", port=self.port,
                                  timeout=1)
        except (dns.exception.Timeout, OSError):
            return None
        return reply

    def records(self, name, kind="A"):
        reply = self.ask(name, kind)
        return sorted(record.to_text() for rrset in reply.answer for record in rrset) if reply else None

    def serial(self):
        reply = self.ask("example.com", "SOA")
        return reply.answer[0][0].serial if reply and reply.answer else None

    def send(self, update, tcp=True):
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(update, "127.0.0.1", port=self.port, timeout=10)

    def rcode(self, update, **options):
        return self.send(update, **options).rcode()

    def control(self, *words):
        done = self.test.run_program(TAUTCTL, "--socket", self.folder / "control", *words)
        self.test.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


def update(signer="admin", zone=ORIGIN):
    made = dns.update.UpdateMessage(zone)
    if signer:
        made.use_tsig(key(signer))
    return made


def adding(name, kind="A", data="192.0.2.77", signer="admin"):
    made = update(signer)
    made.add(name, 60, kind, data)
    return made


class Updates(TestCase):
    def test_records_come_and_go(self):
        """Signed updates are done over UDP and TCP, and each reply is signed; what they say is served at once"""
        server = Server(self, "primary").start()
        for number, tcp in enumerate((False, True), 1):
            reply = server.send(adding(f"new{number}"), tcp=tcp)
            self.assertEqual(reply.rcode(), NOERROR)
            self.assertTrue(reply.had_tsig)
            self.assertEqual(reply.opcode(), dns.opcode.UPDATE)
            self.assertEqual(server.records(f"new{number}.example.com"), ["192.0.2.77"])
            self.assertEqual(server.serial(), 1 + number)
        removal = update()
        removal.delete("new1")
        removal.delete("www", "A")
        removal.replace("txt", 60, "TXT", "two", )
        self.assertEqual(server.rcode(removal), NOERROR)
        self.assertEqual(server.ask("new1.example.com").rcode(), NXDOMAIN)
        self.assertEqual(server.ask("www.example.com").rcode(), NXDOMAIN)
        self.assertEqual(server.records("txt.example.com", "TXT"), ['"two"'])
        self.assertEqual(server.serial(), 4)
        self.assertEqual(server.rcode(adding("new2")), NOERROR)
        self.assertEqual(server.serial(), 4, "what changes nothing makes no version")
        self.assertRegex(server.control("zone", "status", "example.com"), r"updates +3\n")

    def test_refusals(self):
        """Prerequisites, policy and mistakes have the RCODE of the RFC, and change nothing"""
        server = Server(self, "primary").start()

        def required(*what, absent=False):
            made = adding("never")
            (made.absent if absent else made.present)(*what)
            return made

        cases = [
            (required("nothing"), NXDOMAIN), (required("www", absent=True), YXDOMAIN),
            (required("www", "AAAA"), NXRRSET), (required("www", "A", absent=True), YXRRSET),
            (required("www", "A", "192.0.2.9"), NXRRSET),
            (adding("never.example.org."), NOTZONE),
            (adding("never", signer=None), REFUSED),
            (adding("never", signer="dhcp"), REFUSED),
            (adding("h.dyn", "MX", "1 www", signer="dhcp"), REFUSED),
            (adding("never", signer="host.example.com"), REFUSED),
        ]
        for message, rcode in cases:
            self.assertEqual(dns.rcode.to_text(server.rcode(message)), dns.rcode.to_text(rcode), message)
        both = adding("h.dyn", signer="dhcp")
        both.add("never", 60, "A", "192.0.2.1")
        self.assertEqual(server.rcode(both), REFUSED)
        self.assertEqual(server.rcode(update(zone="www.example.com.")), NOTAUTH)
        # Who may update nothing learns nothing by prerequisites.
        secret = required("www", "A", absent=True)
        secret = dns.update.UpdateMessage(ORIGIN)
        secret.absent("www", "A")
        self.assertEqual(server.rcode(secret), REFUSED)
        self.assertEqual(server.serial(), 1)
        self.assertEqual(server.ask("never.example.com").rcode(), NXDOMAIN)
        for message in (adding("h.dyn", signer="dhcp"), adding("host", signer="host.example.com")):
            self.assertEqual(server.rcode(message), NOERROR)
        gone = update("dhcp")
        gone.delete("h.dyn")
        self.assertEqual(server.rcode(gone), NOERROR)
        self.assertEqual(server.serial(), 4)
        server.process.wait_for_log("it may not update h.dyn.example.com. MX")

    @unittest.skipUnless(which("nsupdate"), "no nsupdate")
    def test_nsupdate_and_knsupdate(self):
        """nsupdate and knsupdate find the zone, and add and delete"""
        server = Server(self, "primary").start()
        commands = f"server 127.0.0.1 {server.port}\nzone example.com\n"
        self.run_program("nsupdate", "-y", f"hmac-sha256:admin:{KEYS['admin']}",
                         text=commands + "prereq nxdomain n.example.com\nupdate add n.example.com 60 A 192.0.2.5\n"
                                         "send\n")
        self.assertEqual(server.records("n.example.com"), ["192.0.2.5"])
        failed = self.run_program("nsupdate", "-y", f"hmac-sha256:admin:{KEYS['admin']}",
                                  text=commands + "prereq nxdomain n.example.com\nupdate delete n.example.com\nsend\n")
        self.assertIn("YXDOMAIN", failed.stderr + failed.stdout)
        if which("knsupdate"):
            self.run_program("knsupdate", "-y", f"hmac-sha256:admin:{KEYS['admin']}",
                             text=commands + "update delete n.example.com A\nupdate add k.example.com 60 A 192.0.2.6\n"
                                             "send\n")
            self.assertEqual(server.records("k.example.com"), ["192.0.2.6"])
            self.assertEqual(server.ask("n.example.com").rcode(), NXDOMAIN)

    def test_kept(self):
        """What was answered is there after a kill, in the midst of updates, and a newer file becomes a difference"""
        server = Server(self, "primary").start()
        answered, ended = [], threading.Event()

        def work(number):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.settimeout(10)
                stream = connection.makefile("rb")
                for i in range(100000):
                    name = f"u{number}-{i}"
                    wire = adding(name).to_wire()
                    try:
                        connection.sendall(struct.pack(">H", len(wire)) + wire)
                        reply = stream.read(struct.unpack(">H", stream.read(2))[0])
                    except (OSError, struct.error):
                        return
                    if len(reply) > 3 and reply[3] & 15 == 0:
                        answered.append(name)
                    if ended.is_set():
                        return

        for round_ in range(2):
            threads = [threading.Thread(target=work, args=(10 * round_ + number,)) for number in range(4)]
            goal = len(answered) + 40
            for thread in threads:
                thread.start()
            wait_until(lambda: len(answered) >= goal, 30, "updates are answered")
            server.kill()
            ended.set()
            for thread in threads:
                thread.join()
            ended.clear()
            server.start()
            missing = [name for name in answered if server.records(f"{name}.example.com") != ["192.0.2.77"]]
            self.assertEqual(missing, [])
            self.assertGreaterEqual(server.serial(), 1 + len(answered))
        server.write_zone(ZONE.replace("host 1 ", "host 1000000 ") + "file 60 A 192.0.2.8\n")
        server.process.signal(signal.SIGHUP)
        wait_until(lambda: server.serial() == 1000000, 10, "the file is taken")
        self.assertEqual(server.records("file.example.com"), ["192.0.2.8"])
        self.assertEqual(server.ask(f"{answered[0]}.example.com").rcode(), NXDOMAIN)
        self.assertEqual(server.rcode(adding("after")), NOERROR)
        server.write_zone(ZONE.replace("host 1 ", "host 5 ") + "older 60 A 192.0.2.8\n")
        server.process.signal(signal.SIGHUP)
        server.process.wait_for_log("1000001")
        self.assertEqual(server.serial(), 1000001)
        server.kill()
        server.start()
        self.assertEqual(server.serial(), 1000001)
        self.assertEqual(server.records("after.example.com"), ["192.0.2.77"])

    @unittest.skipIf(SANITIZED, "a sanitizer is to be loaded first")
    def test_while_a_process_takes_over(self):
        """An update that comes while a process takes over is carried out, by whichever has the zone then"""
        server = Server(self, "primary")
        server.start(env=SLOW_DISK)
        self.assertEqual(server.rcode(adding("name0")), NOERROR)
        number = 0
        with subprocess.Popen([TAUTCTL, "--socket", server.folder / "control", "upgrade"]) as upgrade:
            while upgrade.poll() is None:
                number += 1
                self.assertEqual(server.rcode(adding(f"name{number}")), NOERROR)
        self.addCleanup(server.control, "stop")
        for each in range(number + 1):
            self.assertEqual(server.records(f"name{each}.example.com"), ["192.0.2.77"], each)

    def test_flush(self):
        """A flush writes the zone as it is in place of the master file, which can be edited and loaded from there on"""
        server = Server(self, "primary").start()
        self.assertEqual(server.rcode(adding("flushed")), NOERROR)
        path = server.folder / "example.com.zone"
        self.assertNotIn("flushed", path.read_text())
        server.control("zone", "flush", "example.com")
        text = path.read_text()
        self.assertIn("flushed.example.com. 60 IN A 192.0.2.77\n", text)
        # It is the version that is served: nothing comes of it, and what is edited then is.
        serial = server.serial()
        server.control("reload", "zones", "--force")
        self.assertEqual(server.serial(), serial)
        self.assertNotIn("does not count", server.process.wait_for_log("zones: 1 loaded anew"))
        path.write_text(text.replace(f" {serial} ", f" {serial + 5} ") + "edited.example.com. 60 IN A 192.0.2.8\n")
        server.control("zone", "reload", "example.com")
        wait_until(lambda: server.serial() == serial + 5, 10, "the file is taken")
        self.assertEqual(server.records("edited.example.com"), ["192.0.2.8"])
        self.assertEqual(server.records("flushed.example.com"), ["192.0.2.77"])
        self.assertEqual(server.rcode(adding("after")), NOERROR)
        server.control("zone", "flush", "example.com")
        server.stop()
        server.start()
        self.assertEqual(server.records("after.example.com"), ["192.0.2.77"])

    def test_secondaries(self):
        """A secondary gets updates by differences when it is told, and sends on those that come to it"""
        primary = Server(self, "primary")
        secondary = Server(self, "secondary", text="", zone_keys=f'primaries = ["127.0.0.1:{primary.port}"]\n'
                                                                 'allow-update = ["admins"]')
        primary.zone_keys += f'\nnotify = ["127.0.0.1:{secondary.port}"]'
        primary.start()
        secondary.start()
        wait_until(lambda: secondary.serial() == 1, 10, "the first transfer")
        self.assertEqual(primary.rcode(adding("told")), NOERROR)
        wait_until(lambda: secondary.serial() == 2, 10, "the update is transferred")
        secondary.process.wait_for_log("by differences")
        for tcp in (False, True):
            reply = secondary.send(adding(f"sent{tcp}"), tcp=tcp)
            self.assertEqual(reply.rcode(), NOERROR)
            self.assertTrue(reply.had_tsig)
            self.assertEqual(primary.records(f"sent{tcp}.example.com"), ["192.0.2.77"])
        wait_until(lambda: secondary.serial() == primary.serial() == 4, 10, "updates that were sent on come back")
        conditional = adding("never")
        conditional.present("nothing")
        self.assertEqual(secondary.rcode(conditional), NXDOMAIN)
        self.assertEqual(secondary.rcode(adding("h.dyn", signer="dhcp")), REFUSED)
        primary.stop()
        self.assertEqual(secondary.rcode(adding("never")), SERVFAIL)

    def test_replies_of_the_primary(self):
        """A secondary passes on what its primary has signed, and SERVFAIL for any other reply to a signed update"""
        keyring = {dns.name.from_text(name): key(name) for name in KEYS}
        replies = []

        def signed_by(name):
            def reply(query):
                response = dns.message.make_response(query)
                response.set_rcode(dns.rcode.YXDOMAIN)
                response.use_tsig(key(name))
                response.request_mac = query.mac
                return response.to_wire()
            return reply

        def without_signature(query):
            response = dns.message.make_response(query)
            response.tsig = None
            return response.to_wire()

        def cut(query):
            return signed_by("admin")(query)[:-7]

        def serve(listener):
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    stream = connection.makefile("rb")
                    size = stream.read(2)
                    wire = stream.read(struct.unpack(">H", size)[0]) if len(size) == 2 else b""
                    if len(wire) < 12 or wire[2] >> 3 & 15 != dns.opcode.UPDATE:
                        continue
                    octets = replies[0](dns.message.from_wire(wire, keyring=keyring))
                    connection.sendall(struct.pack(">H", len(octets)) + octets)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener,), daemon=True)
            thread.start()
            port = listener.getsockname()[1]
            secondary = Server(self, "secondary", text="", zone_keys=f'primaries = ["127.0.0.1:{port}"]\n'
                                                                     'allow-update = ["admins", "127.0.0.0/8"]').start()
            for reply, expected in ((signed_by("admin"), YXDOMAIN), (signed_by("dhcp"), SERVFAIL), (cut, SERVFAIL),
                                    (without_signature, SERVFAIL), (signed_by("admin"), YXDOMAIN)):
                replies[:] = [reply]
                self.assertEqual(secondary.rcode(adding("sent")), expected)
            secondary.process.wait_for_log(f"key admin.: 127.0.0.1:{port}: ")
            replies[:] = [without_signature]
            self.assertEqual(secondary.rcode(adding("sent", signer=None)), NOERROR)
            secondary.stop()
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()

    def test_many_at_once(self):
        """Updates of many connections are all done, each once and in the order of its connection"""
        server = Server(self, "primary").start()
        results = []

        def work(number):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.settimeout(20)
                stream = connection.makefile("rb")
                for i in range(5):
                    made = adding(f"c{number}", "TXT", str(i))
                    if i:
                        made.present(f"c{number}", "TXT")
                    wire = made.to_wire()
                    connection.sendall(struct.pack(">H", len(wire)) + wire)
                    reply = stream.read(struct.unpack(">H", stream.read(2))[0])
                    results.append(reply[3] & 15)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [NOERROR] * 80)
        self.assertEqual(server.serial(), 81)
        for number in range(16):
            self.assertEqual(server.records(f"c{number}.example.com", "TXT"), [f'"{i}"' for i in range(5)])

    def test_without(self):
        """A server of which no zone takes updates answers NOTIMP, and one of another zone REFUSED"""
        server = Server(self, "primary", zone_keys="").start()
        self.assertEqual(server.rcode(adding("never")), NOTIMP)
        (server.folder / "other").write_text("$ORIGIN example.org.\n" + ZONE)
        server.zone_keys = '[[zone]]\nname = "example.org"\nfile = "other"\nallow-update = ["admins"]'
        server.configure()
        server.process.signal(signal.SIGHUP)
        wait_until(lambda: server.rcode(adding("never")) == REFUSED, 10, "the configuration is taken over")


if __name__ == "__main__":
    main()

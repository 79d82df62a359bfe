"""What an operator gets wrong is answered with the thing, its place, what was expected, and what to do."""
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

from support import (A, EXAMPLE_ZONE, NOERROR, SANITIZED, TAUTD, NetworkNamespace, Process, TestCase, ask_tcp, ask_udp,
                     engine, free_port, main, make_query, wait_until)

HELP = "Try 'tautd --help'."
NOBODY = 65534
# Has the port of 127.0.0.53 that is its argument, over UDP, and the name of the first one.
HOLDER = """import ctypes, socket, sys, time
ctypes.CDLL(None).prctl(15, sys.argv[1].encode())
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
held.bind(("127.0.0.53", int(sys.argv[2])))
print("bound", flush=True)
time.sleep(600)
"""

AS_ROOT = "warning the server runs as root"


class Messages(TestCase):
    def said(self, status, *arguments, **options):
        """What tautd says, which ends at once with this status."""
        result = self.run_program(TAUTD, *arguments, timeout=10, **options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertEqual(result.stdout, "")
        return result.stderr.splitlines()

    def assert_usage(self, arguments, *messages):
        """A wrong command line, whose messages are exactly these."""
        self.assertEqual(self.said(2, *arguments), [*(f"tautd: {message}" for message in messages), HELP])

    def network(self):
        network = NetworkNamespace()
        self.addCleanup(network.close)
        return network

    def as_nobody(self):
        """The options of a process without rights, and a copy of tautd that it may execute."""
        if os.geteuid() != 0:
            self.skipTest("only root may become another user")
        if SANITIZED:
            self.skipTest("the sanitizers' libraries need not be readable by others")
        folder = tempfile.mkdtemp(prefix="taut-test-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        os.chmod(self.folder, 0o755)
        program = shutil.copy(TAUTD, folder)
        os.chmod(program, 0o755)
        return program, {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}

    def failure(self, *arguments, program=TAUTD, **options):
        """The one line of the log with which tautd ends where it cannot start, without its time."""
        result = self.run_program(program, *arguments, timeout=10, **options)
        self.assertEqual(result.returncode, 1, result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        date, time, level, message = lines[0].split(" ", 3)
        self.assertEqual(level, "error", lines[0])
        return message

    def assert_served(self, host, port):
        for ask in (ask_udp, ask_tcp):
            reply = ask(host, port, make_query("www.example.com", A))
            self.assertIsNotNone(reply, f"{host} {port} {ask.__name__}")
            self.assertEqual(reply.rcode, NOERROR)

    def start(self, *arguments, host, port):
        server = Process([TAUTD, *arguments], self.folder, name="tautd")
        self.addCleanup(self._finish, server)
        server.port = port
        self.wait_for_answer(server, host)
        return server


class Ports(Messages):
    def hold(self, program, port):
        """A process with this name that has the port of 127.0.0.53."""
        holder = self.spawn(sys.executable, "-c", HOLDER, program, port, name="holder")
        wait_until(lambda: "bound" in holder.log(), 10, "the port is taken")
        return holder

    def test_port_taken(self):
        """A port that is taken is told with the process that has it, over UDP and over TCP"""
        for kind, protocol in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
            for host in ("127.0.0.1", "::1"):
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                with socket.socket(family, kind) as other:
                    port = free_port()
                    other.bind((host, port))
                    if kind == socket.SOCK_STREAM:
                        other.listen()
                    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
                    program = Path("/proc/self/comm").read_text().strip()
                    self.assertEqual(
                        self.failure("-i", address, "-z", EXAMPLE_ZONE),
                        f"cannot listen on {address} ({protocol}): Address already in use by {program} (process "
                        f"{os.getpid()}); stop it, or choose another address or port")

    def test_resolved(self):
        """Where systemd-resolved has the port, its option is named"""
        port = free_port()
        holder = self.hold("systemd-resolve", port)
        self.assertEqual(
            self.failure("-i", f"127.0.0.53:{port}", "-z", EXAMPLE_ZONE),
            f"cannot listen on 127.0.0.53:{port} (UDP): Address already in use by systemd-resolved (process "
            f"{holder.pid}); set DNSStubListener=no in /etc/systemd/resolved.conf and restart it, or choose another "
            "address or port")

    def test_port_of_another_user(self):
        """Where the process cannot be seen, its user is told"""
        program, nobody = self.as_nobody()
        zone = self.write("zone", EXAMPLE_ZONE.read_text())
        port = free_port()
        self.hold("other", port)
        self.assertEqual(
            self.failure("-i", f"127.0.0.53:{port}", "-z", zone, program=program, **nobody),
            f"cannot listen on 127.0.0.53:{port} (UDP): Address already in use by a process of user root; stop it, or "
            "choose another address or port")

    def test_forbidden_port(self):
        """A port that needs a right is told with the right"""
        program, nobody = self.as_nobody()
        first_port = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
        if first_port <= 1:
            self.skipTest("every port is free for all")
        zone = self.write("zone", EXAMPLE_ZONE.read_text())
        self.assertEqual(
            self.failure("-i", "127.0.0.1:1", "-z", zone, program=program, **nobody),
            f"cannot listen on 127.0.0.1:1 (UDP): Permission denied; ports below {first_port} need the capability "
            "CAP_NET_BIND_SERVICE, or a lower net.ipv4.ip_unprivileged_port_start")

    def test_no_address_is_there(self):
        """Where no interface has any of the addresses, the start fails and says where to look"""
        network = self.network()
        self.assertEqual(
            network.run(self.failure, "-i", "192.0.2.1", "-i", "192.0.2.2", "-z", EXAMPLE_ZONE),
            "cannot listen on 192.0.2.1:53 (UDP): Cannot assign requested address; no interface has it, and "
            "`ip address` lists those that there are; with server.freebind = true it is served from when one has it")

    def test_one_address_is_not_there(self):
        """An address that no interface has is one warning, where another is there"""
        server = self.network().run(self.start, "-i", "192.0.2.1", "-i", "127.0.0.1", "-z", EXAMPLE_ZONE,
                                    host="127.0.0.1", port=53)
        server.wait_for_log("listening on 127.0.0.1")
        self.assertEqual(server.stop(), 0)
        warnings = [line for line in server.log().splitlines() if " warning " in line and AS_ROOT not in line]
        self.assertEqual(len(warnings), 1, server.log())
        self.assertTrue(warnings[0].endswith(
            " warning no interface has the address 192.0.2.1: it is served from when one has it"), warnings)


class CommandLine(Messages):
    def test_unknown_option(self):
        """An unknown option is named, with the one that it resembles, and not taken apart from its value"""
        self.assert_usage(["--zonee", EXAMPLE_ZONE], "--zonee: no such option; did you mean --zone?")
        self.assert_usage(["--prot=5300", "-z", EXAMPLE_ZONE], "--prot: no such option; did you mean --port?")
        self.assert_usage(["--nonsense", "-q"], "--nonsense: no such option", "-q: no such option")

    def test_stray_argument(self):
        """An argument that belongs to no option is told how files are given"""
        self.assert_usage([EXAMPLE_ZONE],
                          f"'{EXAMPLE_ZONE}': expected an option; a master file is given by --zone FILE")

    def test_configuration_file_by_habit(self):
        """-c FILE, which other servers take, is answered with --config FILE"""
        self.assert_usage(["-c", "taut.toml"], "'taut.toml': -c is --cache, which takes no value; a configuration file "
                          "is --config taut.toml")

    def test_port_out_of_range(self):
        """A port out of range is answered with the range"""
        for port in ("70000", "0", "-1", "x"):
            self.assert_usage(["--port", port, "-z", EXAMPLE_ZONE],
                              f"--port: expected a whole number from 1 to 65535, not '{port}'")

    def test_values(self):
        """A value that an option does not take is named with the option and what was expected"""
        self.assert_usage(["--udp-size", "010x"], "--udp-size: expected a whole number from 512 to 4096, not '010x'")
        self.assert_usage(["--threads", "0"], "--threads: expected a whole number from 1 to 1024, not '0'")
        self.assert_usage(["--hide", "x"], "--hide: expected version.bind, version.server, hostname.bind, id.server, "
                          "nsid, not 'x'")
        self.assert_usage(["--identity", ""], "--identity: expected 1 to 255 octets, not 0")
        self.assert_usage(["--identity", "a", "--identity", "b"], "--identity: given 2 times; expected it once")
        self.assert_usage(["--zone"], "--zone: no value; expected --zone [ORIGIN=]FILE")
        self.assert_usage(["--no-cookies=yes"], "--no-cookies: takes no value")
        self.assert_usage(["--zone", "example.com="], "--zone: no file; expected [ORIGIN=]FILE")
        self.assert_usage(["--rate-limit-slip", "3"], "--rate-limit-slip: needs --rate-limit")

    def test_bad_address(self):
        """What is no address is quoted, beside one that is"""
        self.assert_usage(["-i", "127.0.0.999", "-z", EXAMPLE_ZONE], "--interface: '127.0.0.999' is not an address; "
                          "expected one such as 192.0.2.1 or 2001:db8::1")

    def test_nothing_to_serve(self):
        """Without anything to serve, the options that name something are listed"""
        self.assert_usage([], "nothing to serve: give --zone, --zone-list, --hosts-file, --recursive, --recursor "
                          "or --forward")

    def test_white_space(self):
        """White space in a name is no part of it"""
        for name in ("exa mple.com", "example.com ", "example.com\t"):
            self.assert_usage(["-z", f"{name}={EXAMPLE_ZONE}"],
                              f"--zone: '{name}' has white space; expected a domain name such as example.com")

    def test_zone_twice(self):
        """A zone that is given twice is refused with both files, however it is spelled"""
        self.assert_usage(["-z", "a.example=one", "-z", "A.example.=two"], "--zone: zone A.example. of two is there "
                          "already, from one (--zone); expected it once")


class Files(Messages):
    def zone(self, name, origin="t.example.", more=""):
        return self.write(name, f"$ORIGIN {origin}\n$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n{more}")

    def assert_refused(self, arguments, *messages):
        self.assertEqual(self.said(1, "-i", f"127.0.0.1:{free_port()}", *arguments),
                         [f"tautd: {message}" for message in messages])

    def test_all_errors_at_once(self):
        """All errors of all files are told before the end"""
        first, second = self.zone("first", more="a A 192.0.2.300\nb A x\n"), self.zone("second", more="c MX 10\n")
        missing, zone_list = self.folder / "missing", self.write("list", "a.example\n\nb. c\tfile\n")
        hosts = self.folder / "hosts"
        self.assert_refused(
            ["-z", first, "-z", missing, "-z", second, "--zone-list", zone_list, "--hosts-file", hosts],
            f"{hosts}: No such file or directory",
            f"{first}:6:5: error: A: '192.0.2.300': expected an IPv4 address",
            f"{first}:7:5: error: A: 'x': expected an IPv4 address",
            f"{missing}: error: cannot read the file: No such file or directory",
            f"{second}:6:8: error: MX: missing data: expected a domain name",
            f"{zone_list}:1:1: not a zone: expected ORIGIN, a tab, and the path of a master file",
            f"{zone_list}:3:1: not a zone: expected ORIGIN, a tab, and the path of a master file")

    def test_missing_files_of_a_configuration(self):
        """A file that is missing is told with the place of the configuration that names it"""
        path = self.write("taut.toml", '[[zone]]\nname = "t.example"\nfile = "missing.zone"\n'
                          '[server.cookies]\nsecrets-file = "missing"\n')
        self.assert_refused(
            ["--config", path],
            f"{self.folder}/missing: No such file or directory ({path}:5:16)",
            f"{self.folder}/missing.zone: error: cannot read the file: No such file or directory ({path}:2:8)")
        control = self.folder / "nowhere" / "control"
        self.assert_refused(["-z", self.zone("zone"), "--control", control], f"cannot listen on {control}: there is "
                            f"no folder {control.parent}: No such file or directory")

    def test_zone_of_two_files(self):
        """A zone that two files make is refused with both, whether an option or a list names them"""
        one, two = self.zone("one"), self.zone("two")
        again = f"zone t.example. is there already, from {one}; expected it once"
        self.assert_refused(["-z", one, "-z", two], f"{two}: error: {again}")
        self.assert_refused(["-z", one, "-z", one], f"{one}: error: {again}")
        zone_list = self.write("list", "t.example\ttwo\n")
        self.assert_refused(["-z", one, "--zone-list", zone_list], f"{zone_list}: {again}")
        zone_list.write_text("t.example\tone\n\nT.example.\ttwo\n")
        self.assert_refused(["--zone-list", zone_list],
                            f"{zone_list}:3:1: zone T.example. is there already, from line 1; expected it once")

    def test_missing_and_unreadable(self):
        """A file that is missing is named, and one that may not be read with its owner, its mode and the user"""
        program, nobody = self.as_nobody()
        path = self.zone("secret")
        path.chmod(0o600)
        inner = self.folder / "closed"
        inner.mkdir(0o700)
        start = [program, "-i", f"127.0.0.1:{free_port()}"]
        result = self.run_program(*start, "-z", path, "-z", inner / "zone", "-z", "no/zone", timeout=10, **nobody)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.splitlines(), [
            f"tautd: {path}: error: cannot read the file: Permission denied: user nobody may not read it, which "
            "belongs to root:root with mode 0600; expected a group of that user and mode 0640, say",
            f"tautd: {inner}/zone: error: cannot read the file: Permission denied: user nobody may not enter the "
            f"folder {inner}, which belongs to root:root with mode 0700; expected mode 0755, say",
            "tautd: no/zone: error: cannot read the file: No such file or directory"])

    def test_empty_zone(self):
        """A file without a record is named"""
        path = self.write("empty", "; nothing yet\n")
        for zone in (path, f"t.example={path}"):
            self.assert_refused(["-z", zone], f"{path}: error: there is no record; expected a zone")
        path.write_text("$TTL 60\n$ORIGIN t.example.\nwww A 192.0.2.1\n")
        self.assert_refused(["-z", path], f"{path}: error: there is no SOA record; expected one, at the zone's origin")

    def test_wrong_origin(self):
        """A file of another zone than wanted is told which one it has, and where"""
        path = self.zone("zone")
        self.assert_refused(["-z", f"t.example.org={path}"],
                            f"{path}:3: error: the SOA record is that of t.example.; expected one of t.example.org.")


class Running(Messages):
    """What the log says while all is well, and of files that are no use."""

    def lines(self, server, start=0):
        """The log without its times, and without what depends on the kernel and on who runs the test."""
        lines = [line.split(" ", 2)[2] for line in server.log().splitlines()[start:]]
        return [line for line in lines if not line.startswith(("info sandbox: ", AS_ROOT))]

    def wait_for_lines(self, server, *expected, start=0):
        wait_until(lambda: len(self.lines(server, start)) >= len(expected), 10, "the lines are written")
        self.assertEqual(self.lines(server, start), list(expected))

    def zone(self, name, serial, records=""):
        return self.write(f"{name}.zone", f"$ORIGIN {name}.\n$TTL 60\n@ SOA ns host {serial} 2 3 4 5\n@ NS ns\n"
                          f"ns A 192.0.2.1\n{records}")

    def test_start_and_end(self):
        """The start says what runs, what is served and where, and the end why, after how long and how much"""
        one, two = self.zone("one.example", 7), self.zone("two.example", 8, "www A 192.0.2.2\n")
        hosts = self.write("hosts", "192.0.2.3 box.example\n")
        port = free_port()
        server = self.start("-i", f"127.0.0.1:{port}", "-i", f"[::1]:{port}", "-z", one, "-z", two, "--hosts-file",
                            hosts, "--forward", "192.0.2.53", "-c", "-t", 2, host="127.0.0.1", port=port)
        version = self.run_program(TAUTD, "--version").stdout.split()[1]
        start = [f"info taut {version} serves: process {server.pid}, {engine()}, 2 threads",
                 "info zone one.example.: serial 7, 3 records",
                 "info zone two.example.: serial 8, 4 records",
                 f"info names are answered from {hosts}",
                 "info questions are forwarded to 192.0.2.53:53, with a cache of 64M",
                 f"info listening on 127.0.0.1:{port}",
                 f"info listening on [::1]:{port}"]
        self.wait_for_lines(server, *start)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(10), 0)
        server.ended = True
        lines = self.lines(server)
        self.assertEqual(lines[:-1],
                         [*start, "info SIGTERM: no new query is taken, and those under way are answered"])
        self.assertRegex(lines[-1], r"^info taut ended, after \d+ s and [1-9]\d* requests?$")

    def test_reload(self):
        """SIGHUP says what it changed, or that nothing has changed, and never that a zone which failed is loaded"""
        one, two = self.zone("one.example", 7), self.zone("two.example", 8)
        three = self.zone("three.example", 9)
        zone_list = self.write("list", "three.example\tthree.example.zone\n")
        server = self.start_tautd("-z", one, "-z", two, "--zone-list", zone_list)
        server.wait_for_log("all 3 zones are loaded")
        server.wait_for_log("listening on [::1]")

        def reload(*expected):
            """The sum comes last; zones that several threads load are told in the order in which they are read."""
            *zones, total = self.lines_of_reload(server)
            self.assertEqual((sorted(zones), total), (sorted(expected[:-1]), expected[-1]))

        reload("info no zone has changed: 3 zones as before")
        self.zone("one.example", 10)
        reload("info zone one.example. loaded anew, serial 10 (it was 7), 3 records", "info zones: 1 loaded anew, "
               "2 unchanged")
        two.write_text("@ SOA nonsense\n")
        failure = [f"error {two}:1:7: error: SOA: missing data: expected a domain name",
                   f"error {two}: the zone is served as it was before", "error zones: 1 failed, 2 unchanged"]
        result = self.lines_of_reload(server)
        self.assertEqual(result[1:], failure[1:])
        self.assertTrue(result[0].startswith(f"error {two}:1:"), result)
        self.zone("two.example", 8)
        three.rename(self.folder / "four.example.zone")
        (self.folder / "four.example.zone").write_text("$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n")
        zone_list.write_text("four.example\tfour.example.zone\n")
        reload("info zone three.example. removed", "info zone two.example. loaded anew, serial 8 (it was 8), 3 records",
               "info zone four.example. added, serial 1, 3 records", "info zones: 1 loaded anew, 1 added, 1 removed, "
               "1 unchanged")

    def lines_of_reload(self, server):
        """What the log says of a reload, up to its sum."""
        before = len(server.log().splitlines())
        server.signal(signal.SIGHUP)
        wait_until(lambda: any(" zones: " in line or " no zone has changed: " in line
                               for line in server.log().splitlines()[before:]), 10, "the sum")
        return self.lines(server, before)

    def test_one_zone(self):
        """One zone is told as one"""
        self.zone("one.example", 7)
        zone_list = self.write("list", "one.example\tone.example.zone\n")
        server = self.start_tautd("--zone-list", zone_list)
        server.wait_for_log("info the zone is loaded")
        server.wait_for_log(f"info the zones of {zone_list} are loaded from now on")
        server.signal(signal.SIGHUP)
        server.wait_for_log("info no zone has changed: 1 zone as before")

    def test_resolv_conf_without_a_server(self):
        """A resolv.conf that names no server is told once at the start, and once when it has become one"""
        path = self.write("resolv.conf", "# nothing yet\nnameserver none\n")
        server = self.start_tautd("--resolv-conf", path, "-t", 2, "--max-connections", 100)
        server.wait_for_log("listening on [::1]")
        no_server = (f"warning {path}: no server is named; expected a line such as `nameserver 192.0.2.1`, and "
                     "127.0.0.1:53 is asked")
        self.assertEqual(self.lines(server)[:2], [
            f"warning {path}:2: not understood, or not all of it: expected a keyword of resolv.conf(5) with its values",
            no_server])

        def replace(text):
            self.write("new", text).rename(path)  # no shard reads a file that is half written

        replace(f"nameserver 127.0.0.1:{free_port()}\n")
        server.signal(signal.SIGHUP)
        server.wait_for_log(f"{path} is read again")
        self.assertEqual(server.log().count(no_server), 1, server.log())
        replace("search example\n")
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.log().count(no_server) == 2, 10, "the change is told")
        server.stop()
        self.assertEqual(server.log().count(no_server), 2, server.log())
        self.assertIn(f"warning {path} has no server to forward to; --recursor, or [recursion] in taut.toml, finds "
                      "answers without one", server.log())

    def test_hosts_file_without_a_name(self):
        """A hosts file with errors alone is told with each line, and that no line is of use"""
        path = self.write("hosts", "# mine\nbox 192.0.2.1\n192.0.2.300 box\n")
        server = self.start_tautd("--hosts-file", path)
        server.wait_for_log("listening on [::1]")
        wrong = "not understood, or not all of it: expected an address and names"
        told = [f"warning {path}:2: {wrong}", f"warning {path}:3: {wrong}",
                f"warning {path}: no line is usable; expected lines such as `192.0.2.1 host.example.com`"]
        self.assertEqual(self.lines(server)[:3], told)
        before = len(server.log().splitlines())
        server.signal(signal.SIGHUP)
        wait_until(lambda: len(self.lines(server, before)) >= 5, 10, "the reload is told")
        self.assertCountEqual(self.lines(server, before), [f"info {path} has not changed", *told,
                                                          "info no zone has changed: there is none"])


class Help(Messages):
    def test_reads_like_a_manual(self):
        """The help is in groups, without the words of a parser, in lines of at most 80 characters, with examples"""
        text = self.run_program(TAUTD, "--help").stdout
        for heading in ("What to serve", "What to forward", "Where to listen", "Limits", "Examples"):
            self.assertIn(f"\n{heading}:\n", text)
        for word in ("INT", "TEXT:", "{", " ...", "Needs", "OPTIONS"):
            self.assertNotIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)


class Addresses(Messages):
    def test_port_of_an_address(self):
        """An address with a port is served on that port, and those without on each of --port"""
        own, other = free_port(), free_port()
        self.start("-i", f"127.0.0.1:{own}", "-i", f"[::1]:{own}", "-i", "127.0.0.2", "-p", other, "-z", EXAMPLE_ZONE,
                   host="127.0.0.1", port=own)
        for host, port in (("127.0.0.1", own), ("::1", own), ("127.0.0.2", other)):
            self.assert_served(host, port)
        for host, port in (("127.0.0.1", other), ("127.0.0.2", own)):
            self.assertIsNone(ask_udp(host, port, make_query("www.example.com", A), 0.2), f"{host} {port}")

    def test_port_without_effect(self):
        """A port is refused where each address has its own"""
        self.assert_usage(["-i", "127.0.0.1:5300", "-p", "5301", "-z", EXAMPLE_ZONE],
                          "--port: each --interface has a port of its own; leave one of the two out")

    def test_link_local_without_interface(self):
        """A link-local address needs its interface, and one that exists"""
        self.assert_usage(["-i", "fe80::1", "-z", EXAMPLE_ZONE], "--interface: 'fe80::1' may be on each interface; "
                          "expected it with the name of one, such as fe80::1%eth0")
        self.assert_usage(["-i", "[fe80::1%none0]:53", "-z", EXAMPLE_ZONE], "--interface: '[fe80::1%none0]:53': there "
                          "is no interface none0; `ip link` lists those that there are")

    def test_link_local(self):
        """A link-local address with its interface is served"""
        network = self.network()
        network.add_address("fe80::1/64")
        for arguments, port in ((["-i", "fe80::1%lo", "-p", 5300], 5300), (["-i", "[fe80::1%lo]:5301"], 5301)):
            network.run(self.start, *arguments, "-z", EXAMPLE_ZONE, host="fe80::1%lo", port=port)
            network.run(self.assert_served, "fe80::1%lo", port)


if __name__ == "__main__":
    main()

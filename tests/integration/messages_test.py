"""What an operator gets wrong is answered with the thing, its place, what was expected, and what to do."""
from support import (A, EXAMPLE_ZONE, NOERROR, TAUTD, NetworkNamespace, Process, TestCase, ask_tcp, ask_udp, free_port,
                     main, make_query)

HELP = "Try 'tautd --help'."


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
        self.assert_usage([], "nothing to serve: give --zone, --zone-list, --hosts-file, --recursive or --forward")

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
        network = NetworkNamespace()
        self.addCleanup(network.close)
        network.run(network.configure, "address", "add", "fe80::1/64", "dev", "lo", "nodad")
        for arguments, port in ((["-i", "fe80::1%lo", "-p", 5300], 5300), (["-i", "[fe80::1%lo]:5301"], 5301)):
            network.run(self.start, *arguments, "-z", EXAMPLE_ZONE, host="fe80::1%lo", port=port)
            network.run(self.assert_served, "fe80::1%lo", port)


if __name__ == "__main__":
    main()

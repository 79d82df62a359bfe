"""Where the server listens: several addresses and ports, and wildcards that answer from the address asked."""
import errno
import platform
import socket
from pathlib import Path

from support import (A, EXAMPLE_ZONE, NOERROR, TAUTD, NetworkNamespace, Process, TestCase, ask_tcp, ask_udp, free_port,
                     main, make_query, refuse_call)

QUERY = make_query("www.example.com", A)
SOCKET_CALL = {"x86_64": 41, "aarch64": 198}  # the number of socket(2)


def bracketed(host):
    return f"[{host}]" if ":" in host else host


class Listening(TestCase):
    def test_wildcards(self):
        """A wildcard listener answers from the address that was asked"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, interfaces=("0.0.0.0", "::"))
        # The clients' sockets are connected: a reply from another address would not reach them.
        for host in ("127.0.0.1", "127.0.0.2", "127.9.8.7", "::1"):
            for ask in (ask_udp, ask_tcp):
                reply = ask(host, server.port, QUERY)
                self.assertIsNotNone(reply, f"{host} {ask.__name__}")
                self.assertEqual(reply.rcode, NOERROR)

    def test_sockets_of_addresses(self):
        """Each address of an interface has a UDP socket of its own on each thread, so that no link fills another's"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, "--threads", 2, interfaces=("0.0.0.0", "::"))
        bound = self.udp_sockets(server.port)
        for address in ("00000000", "0100007F", "0" * 32, "0" * 24 + "01000000"):
            self.assertEqual(bound.count(address), 2, address)

    @staticmethod
    def udp_sockets(port):
        """The addresses, as /proc/net writes them, of the UDP sockets with this port."""
        bound = {}
        # The kernel gives a table in pieces, and one socket may be in none or in two when others come and go.
        for table in ("/proc/net/udp", "/proc/net/udp6") * 8:
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                address, port_of_socket = words[1].split(":")
                if int(port_of_socket, 16) == port:
                    bound[words[9]] = address  # by the inode
        return list(bound.values())

    def test_wildcard_and_its_address(self):
        """An address beside the wildcard of its family, in either order, is served once, and so are the others"""
        loopback = ("0100007F", "0" * 24 + "01000000")
        for interfaces in (("0.0.0.0", "127.0.0.1", "::", "::1"), ("::1", "127.0.0.1", "::", "0.0.0.0")):
            server = self.start_tautd("--zone", EXAMPLE_ZONE, "--threads", 2, interfaces=interfaces)
            for host in ("127.0.0.1", "127.0.0.2", "::1"):
                self.assert_served(host, server.port)
            bound = self.udp_sockets(server.port)
            for address in loopback:
                self.assertEqual(bound.count(address), 2, address)
            for wildcard in ("0.0.0.0", "[::]"):
                server.wait_for_log(f"listening on {wildcard}:{server.port}")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.log().count("listening on"), 2, server.log())

    def test_default_is_every_address(self):
        """Without an address, all are listened on"""
        server = self.start_tautd("--zone", EXAMPLE_ZONE, interfaces=())
        for host in ("127.0.0.3", "::1"):
            self.assertIsNotNone(ask_udp(host, server.port, QUERY), host)

    def test_several(self):
        """Every address listens on every port, and nothing else does"""
        ports = [free_port(), free_port()]
        command = [TAUTD, "--zone", EXAMPLE_ZONE, "--interface", "127.0.0.1", "--interface", "127.0.0.5"]
        for port in ports:
            command += ["--port", port]
        server = Process(command, self.folder, name="tautd")
        self.addCleanup(self._finish, server)
        server.port = ports[0]
        self.wait_for_answer(server)
        for host in ("127.0.0.1", "127.0.0.5"):
            for port in ports:
                self.assertIsNotNone(ask_udp(host, port, QUERY), f"{host} {port}")
                self.assertIsNotNone(ask_tcp(host, port, QUERY), f"{host} {port}")
        self.assertIsNone(ask_udp("127.0.0.6", ports[0], QUERY, 0.2))

    def test_twice(self):
        """An address that is given twice is one listener, and so is one that is spelled in two ways"""
        twice = ("127.0.0.1", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1")
        server = self.start_tautd("--zone", EXAMPLE_ZONE, interfaces=twice)
        for host in ("127.0.0.1", "::1"):
            self.assert_served(host, server.port)
            server.wait_for_log(f"listening on {bracketed(host)}:{server.port}")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.log().count("listening on"), 2, server.log())

    def assert_served(self, host, port):
        for ask in (ask_udp, ask_tcp):
            reply = ask(host, port, QUERY)
            self.assertIsNotNone(reply, f"{host} {ask.__name__}")
            self.assertEqual(reply.rcode, NOERROR)

    def network(self):
        network = NetworkNamespace()
        self.addCleanup(network.close)
        return network

    def test_address_that_comes_later(self):
        """An address that no interface has is said once, keeps no other away, and is served when it comes"""
        network = self.network()
        late = ("192.0.2.1", "2001:db8::1")
        arguments = ["--zone", EXAMPLE_ZONE, "--threads", "2"]
        server = network.run(self.start_tautd, *arguments, interfaces=("192.0.2.1", "127.0.0.1", "2001:db8::1"))
        network.run(self.assert_served, "127.0.0.1", server.port)
        for host in late:
            network.add_address(host)
            network.run(self.assert_served, host, server.port)
        server.wait_for_log(f"listening on 127.0.0.1:{server.port}")
        self.assertEqual(server.stop(), 0)
        for host in late:
            self.assertEqual(server.log().count(f"no interface has the address {host}"), 1, server.log())
        self.assertEqual(server.log().count("listening on"), 1, "what is not there is not listened on")

    def test_freebind(self):
        """With freebind the server starts without any of its addresses, and serves each that comes"""
        network = self.network()
        hosts, port = ("192.0.2.1", "2001:db8::1"), free_port()
        addresses = ", ".join(f'"{bracketed(host)}:{port}"' for host in hosts)
        config = self.write("taut.toml", f"""listen = [{{ address = [{addresses}] }}]
            zone = [{{ file = "{EXAMPLE_ZONE}" }}]
            server = {{ freebind = true }}""")
        server = network.run(Process, [TAUTD, "--config", config, "--threads", "2"], self.folder, name="tautd")
        self.addCleanup(self._finish, server)
        for host in hosts:
            server.wait_for_log(f" info no interface has the address {host}: it is served from when one has it")
        server.wait_for_log("serves: process")
        for host in hosts:
            network.add_address(host)
            network.run(self.assert_served, host, port)

    def test_ipv6_that_comes_later(self):
        """Where IPv6 is switched off, ::1 keeps 127.0.0.1 from nothing, and is served when IPv6 is switched on"""
        network = self.network()
        switch = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
        network.run(switch.write_text, "1")
        server = network.run(self.start_tautd, "--zone", EXAMPLE_ZONE)
        network.run(self.assert_served, "127.0.0.1", server.port)
        network.run(switch.write_text, "0")
        network.wait_for_address("::1")
        network.run(self.assert_served, "::1", server.port)

    def test_no_ipv6(self):
        """A system without IPv6 serves IPv4, by default and where ::1 is given, and says so"""
        without = refuse_call(errno.EAFNOSUPPORT, SOCKET_CALL[platform.machine()], socket.AF_INET6)
        for interfaces in (("127.0.0.1", "::1"), ()):
            server = self.start_tautd("--zone", EXAMPLE_ZONE, interfaces=interfaces, preexec_fn=without)
            self.assert_served("127.0.0.1", server.port)
            warning = "this system has no IPv6"
            server.wait_for_log(warning)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.log().count(warning), 1, server.log())

    def test_zone_list(self):
        """Every zone of a list is served, and --bindzone is an old name of --zone"""
        for origin in ("one.example", "two.example"):
            self.write(f"{origin}.zone", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n")
        listed = self.write("zones", "# comment\none.example\tone.example.zone\ntwo.example.\ttwo.example.zone\n")
        server = self.start_tautd("--zone-list", listed, "--bindzone", EXAMPLE_ZONE)
        server.wait_for_log("all 3 zones are loaded")
        for name in ("ns.one.example", "ns.two.example", "ns1.example.com"):
            self.assertEqual(ask_udp("127.0.0.1", server.port, make_query(name)).addresses(), ["192.0.2.1"])

    def test_zone_origin(self):
        """An origin given with the file is the zone's"""
        path = self.write("z", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n")
        server = self.start_tautd("--zone", f"three.example={path}")
        self.assertEqual(ask_udp("127.0.0.1", server.port, make_query("ns.three.example")).addresses(), ["192.0.2.1"])


if __name__ == "__main__":
    main()

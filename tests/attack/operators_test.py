"""What clumsy operators do to the files and the log of a server costs its clients nothing, and it ends when asked."""
import os
import signal
import time

from attack import AttackCase, main, wait_until
from support import ask_udp, make_query

HOSTS_LINES = 200_000


class Operators(AttackCase):
    def test_hosts_file_touched(self):
        """A hosts file of 200,000 lines that is touched again and again costs no client an answer"""
        lines = "".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255} host{i}.example\n" for i in range(HOSTS_LINES))
        path = self.write("hosts", "192.0.2.9 box.example\n" + lines)
        server = self.start_server("--hosts-file", path, upstream=self.start_upstream())
        clients = [self.start_client(server, name, seconds=3)
                   for name in ("www.t.example", "box.example", "host4711.example", "%.fast.example")]
        touched = 0
        while any(client.poll() is None for client in clients):
            os.utime(path)
            touched += 1
            time.sleep(0.5)
        self.assertGreater(touched, 0)
        self.served(*clients)

    def serves(self, server, name):
        reply = ask_udp("127.0.0.1", server.port, make_query(name))
        return reply and reply.answers

    def test_files_that_are_none(self):
        """Files that become FIFOs, devices or endless keep neither clients nor a later SIGHUP nor SIGTERM waiting"""
        hosts, cookies = self.write("hosts", "192.0.2.9 box.example\n"), self.write_secret("cookies", "0" * 32 + "\n")
        server = self.start_server("--hosts-file", hosts, "--zone-list", self.write("list", ""),
                                   "--cookie-secrets", cookies)
        zone, good = self.folder / "t.zone", (self.folder / "t.zone").read_text()
        client = self.start_client(server, "www.t.example", seconds=3)

        def replace(make, *paths):
            before = len(server.log())
            for path in paths:
                path.unlink()
                make(path)
            server.signal(signal.SIGHUP)
            wait_until(lambda: f"{paths[0]}" in server.log()[before:], 5, "the file is refused")

        makes = (os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to("/dev/tty"),
                 lambda path: path.write_bytes(b"") or os.truncate(path, 1 << 30))
        for make in makes:
            replace(make, cookies)  # which refuses the reload as a whole
        cookies.unlink()
        self.write_secret("cookies", "0" * 32 + "\n")
        for make in makes:
            replace(make, zone, hosts, self.folder / "list")
        zone.unlink()
        zone.write_text(good + "new A 192.0.2.77\n")
        server.signal(signal.SIGHUP)
        wait_until(lambda: self.serves(server, "new.t.example"), 5, "the mended zone is served")
        self.served(client)
        zone.unlink()
        os.mkfifo(zone)
        server.signal(signal.SIGHUP)
        self.ends_within_drain(server)

    def test_log_that_nobody_reads(self):
        """A log that no process reads costs no client an answer, and the server ends"""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        server = self.start_server("-vv", terminal=writing)
        os.close(writing)
        # Some 100 octets for each question and reply: several times what a pipe holds.
        self.ask_all(server, "www.t.example", rate=500)
        self.ends_within_drain(server)


if __name__ == "__main__":
    main()

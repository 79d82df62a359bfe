"""What an operator gets wrong is said in one line, with the exit status that fits."""
import errno
import os
import shutil
import socket

from support import EXAMPLE_ZONE, IO_URING_CALLS, SANITIZED, TAUTD, TestCase, free_port, main, refuse_call

NOBODY = 65534


class Errors(TestCase):
    def fails(self, *arguments, status=1, lines=1, **options):
        """Runs tautd, which must fail as told; returns what it said."""
        result = self.run_program(TAUTD, *arguments, timeout=10, **options)
        said = (result.stdout + result.stderr).strip()
        self.assertEqual(result.returncode, status, said)
        self.assertNotEqual(said, "", "it says why")
        if lines:
            self.assertEqual(len(said.splitlines()), lines, said)
        return said

    def listening(self, port):
        return ["--interface", "127.0.0.1", "--port", str(port), "--zone", str(EXAMPLE_ZONE)]

    def test_port_taken(self):
        """A port that is taken, over UDP or TCP, is named with its address"""
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as other:
                other.bind(("127.0.0.1", 0))
                if kind == socket.SOCK_STREAM:
                    other.listen()
                port = other.getsockname()[1]
                said = self.fails(*self.listening(port))
                self.assertIn(f"127.0.0.1:{port}", said)
                self.assertIn("in use", said.lower())

    def test_foreign_address(self):
        """An address that this host does not have is named"""
        said = self.fails("--interface", "192.0.2.1", "--port", free_port(), "--zone", EXAMPLE_ZONE)
        self.assertIn("192.0.2.1", said)

    def test_no_permission(self):
        """A file or port that the user may not have is named"""
        path = self.write("secret.zone", EXAMPLE_ZONE.read_text())
        path.chmod(0)
        options = {}
        program = TAUTD
        if os.geteuid() == 0:
            if SANITIZED:
                self.skipTest("the sanitizers' libraries need not be readable by others")
            # The build folder may be root's alone.
            program = str(self.folder / "tautd")
            shutil.copy(TAUTD, program)
            os.chmod(program, 0o755)
            self.folder.chmod(0o755)
            options = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}
        result = self.run_program(program, "--interface", "127.0.0.1", "--port", free_port(), "--zone", path, **options)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("secret.zone", result.stderr)
        self.assertIn("ermission denied", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
            if int(file.read()) <= 1:
                return
        zone = self.write("open.zone", EXAMPLE_ZONE.read_text())
        result = self.run_program(program, "--interface", "127.0.0.1", "--port", 1, "--zone", zone, **options)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("ermission denied", result.stderr)
        self.assertIn("127.0.0.1:1", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_missing_files(self):
        """Each file that is missing is named"""
        missing = self.folder / "missing"
        for option in ("--zone", "--zone-list", "--hosts-file", "--resolv-conf"):
            said = self.fails("--interface", "127.0.0.1", "--port", free_port(), option, missing)
            self.assertIn(str(missing), said, option)

    def test_no_regular_files(self):
        """What is no regular file is refused at once, whatever it was given for"""
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        for path, reason in ((fifo, "not a regular file"), ("/dev/zero", "not a regular file"), ("/", "directory")):
            for option in ("--zone", "--zone-list", "--cookie-secrets", "--hosts-file", "--resolv-conf"):
                said = self.fails(*self.listening(free_port()), option, path)
                self.assertIn(str(path), said, option)
                self.assertIn(reason, said, option)

    def test_broken_zone(self):
        """A zone with an error is not started with; the message has file, line and column"""
        text = "$ORIGIN b.example.\n@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.300\n"
        path = self.write("broken.zone", text)
        said = self.fails("--interface", "127.0.0.1", "--port", free_port(), "--zone", path, lines=None)
        self.assertRegex(said, r"broken\.zone:4:\d+: ")

    def test_nothing_to_do(self):
        """Without any option it says what to give"""
        said = self.fails(status=2, lines=None)
        for option in ("--zone", "--forward", "--hosts-file"):
            self.assertIn(option, said)

    def test_usage(self):
        """A wrong command line is exit status 2 and names what is wrong"""
        zone = ["--zone", str(EXAMPLE_ZONE)]
        for arguments, word in (
            (["--nonsense"], "--nonsense"),
            (["--port", "70000", *zone], "70000"),
            (["--port", "x", *zone], "x"),
            (["--interface", "nowhere", *zone], "nowhere"),
            (["--forward", "not-an-address"], "not-an-address"),
            (["--threads", "0", *zone], "0"),
            (["--answer-timeout", "0", *zone], "--answer-timeout"),
            (["--answer-timeout", "3601", *zone], "--answer-timeout"),
            (["--zone"], "--zone"),
            (["stray", *zone], "stray"),
            (["--deny-rebinding", *zone], "--forward"),
            (["--private-domain", "home.test", "--forward", "127.0.0.1"], "--deny-rebinding"),
            (["--private-domain", "a..b", "--deny-rebinding", "--forward", "127.0.0.1"], "a..b"),
            (["--zone", "a.example=one", "--zone", "A.example.=two"],
             "zone A.example. of two is there already, from one"),
        ):
            self.assertIn(word, self.fails(*arguments, status=2, lines=None), arguments)

    def test_help_and_version(self):
        """Help and version go to standard output with status 0"""
        for option, word in (("--help", "--zone"), ("--version", "tautd")):
            result = self.run_program(TAUTD, option)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(word, result.stdout)

    def test_io_uring_refused(self):
        """Where the engine io_uring is asked for, and it or one of its calls is refused, one line says what to do"""
        for error in (errno.EPERM, errno.ENOSYS):
            for call in IO_URING_CALLS:
                said = self.fails(*self.listening(free_port()), "--engine", "io_uring",
                                  preexec_fn=refuse_call(error, call))
                self.assertIn("io_uring", said)
                self.assertIn("or choose the engine epoll", said)
                self.assertNotIn("too old", said)

    def test_io_uring_exhausted(self):
        """Where io_uring finds no descriptor or no memory, no other engine is chosen, and one line says what to do"""
        for error, advice in ((errno.EMFILE, "ulimit -n"), (errno.ENOMEM, "ulimit -l")):
            said = self.fails(*self.listening(free_port()), preexec_fn=refuse_call(error, IO_URING_CALLS[0]))
            self.assertIn(advice, said)


if __name__ == "__main__":
    main()

"""`meson install` puts everything in place, and a program builds against it outside the tree."""
import os
import shlex
import unittest

from support import BUILD, SANITIZED, SOURCE, TestCase, ask_udp, free_port, main, make_query

EXAMPLE = SOURCE / "examples/workstations.cpp"


@unittest.skipIf(SANITIZED, "what is installed is the ordinary build")
class Install(TestCase):
    def setUp(self):
        super().setUp()
        environment = dict(os.environ, DESTDIR=str(self.folder))
        result = self.run_program("meson", "install", "-C", BUILD, "--no-rebuild", env=environment)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.prefix = next(self.folder.glob("**/sbin/tautd")).parents[1]
        self.library = next(self.prefix.glob("lib/**/libtaut.so")).parent

    def pkg_config(self, *arguments):
        environment = dict(os.environ, PKG_CONFIG_PATH=str(self.library / "pkgconfig"))
        result = self.run_program(
            "pkg-config", f"--define-variable=prefix={self.prefix}", *arguments, "taut", env=environment
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return shlex.split(result.stdout)

    def test_files(self):
        """Library, headers, pkg-config file, programs, manual and example zone are installed"""
        for path in (
            self.library / "libtaut.a",
            self.library / "libtaut.so",
            self.library / "pkgconfig/taut.pc",
            self.prefix / "include/taut/dns/name.hpp",
            self.prefix / "include/taut/server/server_factory.hpp",
            self.prefix / "sbin/tautd",
            self.prefix / "bin/taut-checkzone",
            self.prefix / "bin/tautctl",
            self.prefix / "bin/taut-lint",
            self.prefix / "share/man/man8/tautctl.8",
            self.prefix / "share/bash-completion/completions/tautctl",
            self.prefix / "share/zsh/vendor-completions/_tautctl",
            self.prefix / "share/man/man8/tautd.8",
            self.prefix / "share/man/man5/taut.toml.5",
            self.prefix / "share/taut/tautctl.schema.json",
            self.prefix / "share/doc/taut/examples/example.com.zone",
        ):
            self.assertTrue(path.exists(), path)
        headers = {path.relative_to(self.prefix / "include") for path in self.prefix.glob("include/taut/**/*.hpp")}
        public = {path.relative_to(SOURCE / "include") for path in (SOURCE / "include/taut").glob("**/*.hpp")}
        self.assertEqual(public - headers, set())

    def test_installed_daemon_runs(self):
        """The installed tautd finds everything that it needs"""
        result = self.run_program(self.prefix / "sbin/tautd", "--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout.split()[-1], self.pkg_config("--modversion")[0])

    def build_example(self, *flags, environment=None):
        """Builds the example as a user would, runs it and asks it."""
        program = self.folder / "example"
        compiler = shlex.split(os.environ.get("CXX", "g++"))
        result = self.run_program(
            *compiler, "-std=c++20", EXAMPLE, "-o", program, *self.pkg_config("--cflags"), *flags, cwd=self.folder
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        port = free_port()
        server = self.spawn(program, f"127.0.0.1:{port}", env=environment)
        server.port = port
        self.wait_for_answer(server)
        reply = ask_udp("127.0.0.1", port, make_query("workstation7.example.com"))
        self.assertEqual(reply.addresses(), ["192.0.2.7"], server.log())
        self.assertEqual(server.stop(), 0, server.log())

    def test_shared(self):
        """An example builds and runs against the installed shared library by pkg-config alone"""
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.library))
        self.build_example(*self.pkg_config("--libs"), environment=environment)

    def test_static(self):
        """An example builds and runs against the installed static library"""
        libraries = [word for word in self.pkg_config("--libs", "--static") if word != "-ltaut"]
        self.build_example(self.library / "libtaut.a", *libraries)


if __name__ == "__main__":
    main()

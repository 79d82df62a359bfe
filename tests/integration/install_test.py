"""`meson install` puts everything in place, and a program builds against it outside the tree."""
import os
import shlex
import shutil
import unittest

from support import BUILD, SANITIZED, SOURCE, TestCase, ask_udp, free_port, main, make_query

EXAMPLE = SOURCE / "examples/workstations.cpp"


class Installed(TestCase):
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


@unittest.skipIf(SANITIZED, "what is installed is the ordinary build")
class Install(Installed):
    def test_files(self):
        """Library, headers, pkg-config file, programs, manual and example zone are installed"""
        for path in (
            self.library / "libtaut.a",
            self.library / "libtaut.so",
            self.library / "pkgconfig/taut.pc",
            self.library / "pkgconfig/taut-handler.pc",
            self.library / "cmake/taut/tautConfig.cmake",
            self.library / "cmake/taut/tautConfigVersion.cmake",
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
            *compiler, EXAMPLE, "-o", program, *self.pkg_config("--cflags"), *flags, cwd=self.folder
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


@unittest.skipIf(SANITIZED, "what is installed is the ordinary build")
class LoadedHandler(Installed):
    """A handler is built outside the tree against what is installed, and loaded into the installed server."""

    def setUp(self):
        super().setUp()
        self.source = self.folder / "plugin"
        shutil.copytree(SOURCE / "examples/plugin", self.source)
        self.port = free_port()

    def run_all(self, *commands, **environment):
        for command in commands:
            result = self.run_program(*command, cwd=self.source, env={**os.environ, **environment}, timeout=600)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def build_with_meson(self):
        """The folder that taut was installed to stands before all paths that pkg-config tells."""
        commands = [("meson", "setup", "build")] if not (self.source / "build").exists() else []
        self.run_all(*commands, ("ninja", "-C", "build"), PKG_CONFIG_SYSROOT_DIR=str(self.folder),
                     PKG_CONFIG_PATH=str(self.library / "pkgconfig"),
                     PATH=f"{self.prefix / 'bin'}:{os.environ['PATH']}")
        return self.source / "build/libworkstations.so"

    def build_with_cmake(self):
        self.run_all(("cmake", "-B", "build-cmake", f"-DCMAKE_PREFIX_PATH={self.prefix}"),
                     ("cmake", "--build", "build-cmake"))
        return self.source / "build-cmake/libworkstations.so"

    def assert_finds_mistakes(self, *build):
        """What taut-lint finds in the source ends the build, which says it."""
        code = self.source / "workstations.cpp"
        before, after = code.read_text().split("    Answer answer;\n")
        mistake = "    const auto task = [host]() -> Task<> { co_return; };\n"
        code.write_text(f"{before}{mistake}    Answer answer;\n{after}")
        result = self.run_program(*build, cwd=self.source)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertRegex(result.stdout, r"workstations\.cpp:\d+:\d+: .*captures.*; ")

    def configure(self, library, prefix):
        return self.write("taut.toml", f"""
[server]
control = "control"
[[listen]]
address = ["127.0.0.1:{self.port}"]
[[handler]]
name = "workstations"
library = "{library}"
suffix = ["example.com"]
options = {{ prefix = "{prefix}", ttl = "5m", network = "192.0.2.0" }}
""")

    def dig(self, name):
        result = self.run_program("dig", "+short", "+tries=5", "@127.0.0.1", "-p", self.port, name)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout.split()

    def ctl(self, *words):
        result = self.run_program(self.prefix / "bin/tautctl", "--socket", self.folder / "control", *words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def serve(self, library):
        server = self.spawn(self.prefix / "sbin/tautd", "--config", self.configure(library, "ws"))
        server.port = self.port
        self.wait_for_answer(server)
        return server

    def test_meson(self):
        """Built by meson in few lines it is loaded, and again with other options, and again with other code"""
        lines = (self.source / "meson.build").read_text().splitlines()
        self.assertLessEqual(len([line for line in lines if line.strip()]), 15)
        library = self.build_with_meson()
        server = self.serve(library)
        self.assertEqual(self.dig("WS7.example.com"), ["192.0.2.7"])
        self.assertEqual(self.dig("pc7.example.com"), [])
        self.configure(library, "pc")
        self.ctl("reload")
        self.assertEqual(self.dig("pc7.example.com"), ["192.0.2.7"])
        code = self.source / "workstations.cpp"
        code.write_text(code.read_text().replace("rdata::A(octets[0]", "rdata::A(198"))
        self.build_with_meson()
        self.assertEqual(self.dig("pc8.example.com"), ["192.0.2.8"])
        self.ctl("reload")
        self.assertEqual(self.dig("pc8.example.com"), ["198.0.2.8"])
        self.assertIn("workstations  after-zones  example.com.", self.ctl("handlers"))
        self.assertEqual(server.stop(), 0, server.log())
        self.assert_finds_mistakes("ninja", "-C", "build", "lint")

    def test_cmake(self):
        """Built by CMake it is loaded just so"""
        server = self.serve(self.build_with_cmake())
        self.assertEqual(self.dig("ws9.example.com"), ["192.0.2.9"])
        self.assertEqual(server.stop(), 0, server.log())
        self.assert_finds_mistakes("cmake", "--build", "build-cmake", "--target", "without-mistakes")

    def test_second_taut(self):
        """One that is linked to the library as well is refused: there would be two of it"""
        library = self.folder / "linked.so"
        result = self.run_program(*shlex.split(os.environ.get("CXX", "g++")), "-shared", "-fPIC", "-o", library,
                                  self.source / "workstations.cpp", *self.pkg_config("--cflags", "--libs"), timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        result = self.run_program(self.prefix / "sbin/tautd", "--check", "--config", self.configure(library, "ws"))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"is linked to libtaut\.so\.\S+, which would be a second taut in one process")


if __name__ == "__main__":
    main()

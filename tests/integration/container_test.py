"""taut in a container: its image, and what a container runtime forbids by default."""
import json
import re
import sys
from pathlib import Path

from support import A, EXAMPLE_ZONE, SOURCE, TAUTD, TestCase, ask_tcp, ask_udp, free_port, main, make_query

# That of Podman, which was made from Docker's: both refuse io_uring.
PROFILE = Path("/usr/share/containers/seccomp.json")
CONTAINER_FILE = SOURCE / "container/Containerfile"
INSTRUCTIONS = {"ARG", "FROM", "COPY", "RUN", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}


def instructions_of(text):
    """The instructions of a container file, their lines joined, without its comments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [line.split(None, 1) for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()]


class Image(TestCase):
    def test_container_file(self):
        """The container file parses, and what it copies and starts is there"""
        instructions = instructions_of(CONTAINER_FILE.read_text())
        self.assertEqual({name for name, _ in instructions} - INSTRUCTIONS, set())
        self.assertEqual([name for name, _ in instructions][:2], ["ARG", "FROM"])
        copied = [arguments.split()[0] for name, arguments in instructions if name == "COPY"]
        self.assertEqual(copied, ["build-package/taut_*.deb", "container/taut.toml"])
        self.assertTrue((SOURCE / copied[1]).is_file())
        values = dict(instructions)
        self.assertEqual(json.loads(values["ENTRYPOINT"]), ["/usr/sbin/tautd"])
        self.assertEqual(json.loads(values["CMD"]), ["--config", "/etc/taut/taut.toml"])
        self.assertEqual(values["USER"], "taut")

    def test_configuration(self):
        """The configuration of the image has no mistake"""
        result = self.run_program(TAUTD, "--check", "--config", SOURCE / "container/taut.toml")
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class Runtime(TestCase):
    def confined(self, *command):
        """The command that runs another as a runtime would: no capability, no new one, and the profile."""
        return ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs",
                sys.executable, SOURCE / "tests/support/under_profile.py", PROFILE, *command]

    def test_profile(self):
        """The profile is in force: it refuses io_uring, and to make namespaces"""
        refused = self.run_program(*self.confined("/usr/bin/unshare", "--mount", "true"))
        self.assertIn("Operation not permitted", refused.stderr)
        port = free_port()
        result = self.run_program(*self.confined(TAUTD, "-i", f"127.0.0.1:{port}", "-z", EXAMPLE_ZONE, "--engine",
                                                 "io_uring"))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("io_uring", result.stderr)

    def test_serves(self):
        """Under the default profile and without a capability it serves over UDP and TCP, and says by which engine"""
        port = free_port()
        server = self.spawn(*self.confined(TAUTD, "-i", f"127.0.0.1:{port}", "-z", EXAMPLE_ZONE))
        server.wait_for_log(f"listening on 127.0.0.1:{port}")
        for ask in (ask_udp, ask_tcp):
            reply = ask("127.0.0.1", port, make_query("www.example.com", A))
            self.assertEqual(reply.addresses(), ["192.0.2.10", "192.0.2.11"])
        self.assertRegex(server.log(), r"serves: process \d+, epoll[^\n]*io_uring")
        self.assertEqual(server.stop(), 0, server.log())


if __name__ == "__main__":
    main()

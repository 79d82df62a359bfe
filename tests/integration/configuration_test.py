"""The configuration file: what it says is done, and what is wrong in it is said, all of it, with its place."""
import json
import os
import re
import subprocess

from support import (BUILD, EXAMPLE_ZONE, NOERROR, SANITIZED, SOURCE, TAUTD, Process, TestCase, ask_tcp, ask_udp,
                     free_port, main, make_query)

MISTAKES = """hosts-flie = "/etc/hosts"
[server]
udp-size = 70
threads = "four"
hide = ["everything"]
identity = "${TAUT_TEST_UNSET}"
[[listen]]
address = ["127.0.0.999"]
[acl]
office = ["10.0.0.0/33"]
[[zone]]
name = "example.com"
[[zone]]
name = "Example.COM"
[forward]
servers = ["192.0.2.53"]
allow = ["ofice"]
[log]
verbose = 3
"""


class Configuration(TestCase):
    def start_configured(self, text, *arguments, **options):
        """Starts tautd with this configuration, in which PORT stands for a free port."""
        port = free_port()
        path = self.write("taut.toml", text.replace("PORT", str(port)))
        server = Process([TAUTD, "--config", path, *arguments], self.folder, name="tautd", **options)
        server.port = port
        self.addCleanup(self._finish, server)
        self.wait_for_answer(server)
        return server

    def check(self, *arguments, **options):
        return self.run_program(TAUTD, "--check", *arguments, **options)

    def chaos(self, server, name):
        result = self.run_program("dig", "@127.0.0.1", "-p", server.port, "+tries=1", "+short", "CH", "TXT", name)
        return result.stdout.strip().strip('"')

    def test_readme(self):
        """The file that the README shows is correct, and serves its zone as written"""
        text = re.search(r"^```toml\n(.*?)^```", (SOURCE / "README.md").read_text(), re.MULTILINE | re.DOTALL).group(1)
        path = self.write("readme.toml", text)
        result = self.check("--config", path)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))
        self.assertIn("examples/zones/example.com.zone", text)
        (self.folder / "examples").symlink_to(SOURCE / "examples")
        server = self.start_configured(text.replace("5300", "PORT"))
        for ask in (ask_udp, ask_tcp):
            for host in ("127.0.0.1", "::1"):
                self.assertTrue(ask(host, server.port, make_query("www.example.com")).answers)
        self.assertEqual(self.chaos(server, "id.server"), "ns1.example.com")

    def test_zones(self):
        """Zones come from [[zone]], from included files, and from lists, and a hosts file is served beside them"""
        for origin in ("one", "two", "three", "four"):
            self.write(f"{origin}.zone", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n")
        self.write("hosts", "192.0.2.5 box.example\n")
        self.write("zones.list", "four\tfour.zone\n")
        self.write("more.conf", '[[zone]]\nname = "three"\n[[zone-list]]\nfile = "zones.list"\n')
        server = self.start_configured(
            'include = ["*.conf"]\nhosts-file = "hosts"\n[[listen]]\naddress = ["127.0.0.1:PORT"]\n'
            '[[zone]]\nname = "one"\n[[zone]]\nname = "two."\nfile = "two.zone"\n')
        for name in ("ns.one", "ns.two", "ns.three", "box.example"):
            self.assertEqual(ask_udp("127.0.0.1", server.port, make_query(name)).rcode, NOERROR, name)

    def test_all_mistakes(self):
        """--check tells all of ten mistakes in one run, each with file, line and column, and ends with status 1"""
        path = self.write("taut.toml", MISTAKES)
        result = self.check("--config", path)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        places = [re.match(rf"{re.escape(str(path))}:(\d+):(\d+): \S", line) for line in result.stderr.splitlines()]
        self.assertNotIn(None, places, result.stderr)
        self.assertEqual([tuple(map(int, place.groups())) for place in places],
                         [(1, 1), (3, 12), (4, 11), (5, 9), (6, 12), (8, 12), (10, 11), (14, 8), (17, 10),
                          (19, 11)],
                         result.stderr)
        self.assertIn("did you mean 'hosts-file'?", result.stderr)
        self.assertIn("did you mean 'office'?", result.stderr)

    def test_start_with_mistakes(self):
        """A server does not start with a mistake in its file, and says the same as --check"""
        path = self.write("taut.toml", MISTAKES)
        result = self.run_program(TAUTD, "--config", path)
        self.assertEqual((result.returncode, result.stderr), (1, self.check("--config", path).stderr))

    def test_statuses(self):
        """--check ends with 0 where nothing is wrong, 1 for the file and the environment, and 2 for the command line"""
        zone = ["--zone", EXAMPLE_ZONE]
        good = self.write("good.toml", '[[zone]]\nname = "example.com"\n')
        for status, arguments, variables in (
            (0, zone, {}),
            (0, ["--config", good], {}),
            (1, ["--config", self.folder / "missing.toml"], {}),
            (1, ["--config", self.folder], {}),
            (1, zone, {"TAUT_SERVER__NOTHING": "1"}),
            (1, ["--config", good], {"TAUT_SERVER__THREADS": "0x"}),
            (2, [*zone, "--interface", "nowhere"], {}),
            (2, ["--config", good, "--interface", "nowhere"], {}),
            (2, ["--config"], {}),
            (2, [], {}),
        ):
            result = self.check(*arguments, env={**os.environ, **variables})
            self.assertEqual(result.returncode, status, (arguments, variables, result.stderr))
            self.assertEqual(result.stderr == "", status == 0, result.stderr)

    def test_check_reads_no_zone(self):
        """--check neither needs nor reads the files of zones"""
        path = self.write("taut.toml", '[[zone]]\nname = "example.com"\nfile = "/nowhere"\n')
        self.assertEqual(self.check("--config", path).returncode, 0)

    def test_environment(self):
        """Variables take the place of what the file says, and are replaced within its texts"""
        text = ('[server]\nidentity = "file"\nversion = "of ${OWNER}"\n[[listen]]\naddress = ["127.0.0.1:PORT"]\n'
                f'[[zone]]\nname = "example.com"\nfile = "{EXAMPLE_ZONE}"\n')
        variables = {**os.environ, "TAUT_SERVER__IDENTITY": "variable", "OWNER": "ours", "TAUT_SERVICE_HOST": "x"}
        server = self.start_configured(text, env=variables)
        self.assertEqual(self.chaos(server, "id.server"), "variable")
        self.assertEqual(self.chaos(server, "version.bind"), "of ours")

    def test_options(self):
        """Options take the place of what the file says: a scalar, and a list of tables as a whole"""
        other = self.write("other.zone", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n")
        text = ('[server]\nidentity = "file"\n[[listen]]\naddress = ["127.0.0.1:PORT"]\n'
                f'[[zone]]\nname = "example.com"\nfile = "{EXAMPLE_ZONE}"\n')
        server = self.start_configured(text, "--identity", "option", "--zone", f"other={other}")
        self.assertEqual(self.chaos(server, "id.server"), "option")
        self.assertEqual(ask_udp("127.0.0.1", server.port, make_query("ns.other")).addresses(), ["192.0.2.1"])
        self.assertEqual(ask_udp("127.0.0.1", server.port, make_query("www.example.com")).answers, [])

    def test_secrets(self):
        """A file of secrets that everyone may read is refused, with its mode and what was expected"""
        secrets = self.write("secrets", "0" * 32 + "\n")
        secrets.chmod(0o644)
        path = self.write("taut.toml",
                          '[server.cookies]\nsecrets-file = "secrets"\n[[zone]]\nname = "example.com"\n')
        result = self.check("--config", path)
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"{secrets}:1:1: the mode of a file of secrets is 0644; expected at most 0640 "
                             f"({path}:2:16)\n"))

    def test_no_regular_file(self):
        """A configuration that is a FIFO or a device is refused at once"""
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        for path in (fifo, "/dev/zero"):
            result = self.check("--config", path, timeout=10)
            self.assertEqual((result.returncode, result.stderr),
                             (1, f"{path}:1:1: cannot read '{path}': it is not a regular file\n"))

    def test_hundred_thousand_zones(self):
        """100,000 zones are checked with under 100 MB, in a time that grows as their number does"""
        few, _ = self.check_zones(25_000)
        many, memory = self.check_zones(100_000)
        if not SANITIZED:
            self.assertLess(memory, 100 << 10, "KiB")
            self.assertLess(many, 8 * few, "seconds: four times as many, or nearly so")

    def check_zones(self, count):
        """The seconds of the processor and the KiB of memory that so many zones take."""
        zones = "".join(f'[[zone]]\nname = "zone-{i:06}.example.com"\nfile = "primary/zone-{i:06}.zone"\n'
                        for i in range(count))
        path = self.write("taut.toml", zones)
        with subprocess.Popen([TAUTD, "--check", "--config", path]) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_utime, usage.ru_maxrss

    def test_json_schema(self):
        """The JSON schema is JSON, refuses unknown keys, and has the lists of tables"""
        result = self.run_program(BUILD / "src/config/taut-print-documents", "json-schema")
        schema = json.loads(result.stdout)
        self.assertFalse(schema["additionalProperties"])
        zone = schema["properties"]["zone"]
        self.assertEqual((zone["type"], sorted(zone["items"]["properties"])),
                         ("array", ["allow-notify", "allow-transfer", "allow-update", "catalog", "catalog-group",
                                    "catalog-zone", "file", "journal", "members", "name", "notify", "primaries",
                                    "rate-limit", "serial", "template"]))
        self.assertEqual(schema["properties"]["server"]["properties"]["udp-size"]["maximum"], 4096)


if __name__ == "__main__":
    main()

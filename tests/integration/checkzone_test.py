"""taut-checkzone gives the verdict that tautd would, and is stricter where it is asked to be."""
from support import BUILD, TestCase, main

CHECKZONE = BUILD / "src/checkzone/taut-checkzone"

ZONE = """$TTL 60
@ SOA ns host 1 7200 3600 1209600 60
@ NS ns
ns A 192.0.2.1
"""


class Checkzone(TestCase):
    def check(self, body, *options):
        path = self.write("example.zone", ZONE + body)
        return self.run_program(CHECKZONE, *options, "example.", path)

    def test_unknown_zonemd(self):
        """A zone whose ZONEMD records all have unknown schemes is served with a warning, and refused where asked"""
        body = "@ ZONEMD 1 240 1 0102030405060708090a0b0c\n"
        served = self.check(body)
        self.assertEqual(served.returncode, 0, served.stderr)
        self.assertIn("warning: example. ZONEMD: not verified: scheme 240 with hash 1 is not supported", served.stderr)
        refused = self.check(body, "--require-zonemd")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("error: example. ZONEMD: not verified", refused.stderr)
        self.assertEqual(self.check("", "--require-zonemd").returncode, 0)

    def test_empty(self):
        """The error of an empty file names it"""
        path = self.write("empty.zone", "")
        result = self.run_program(CHECKZONE, "example.", path)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.splitlines()[0], f"{path}: error: there is no record; expected a zone")

    def test_errors(self):
        """What is refused is told with its line, and the status is 1"""
        result = self.check("@ CDS 1 13 2 " + "0" * 64 + "\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn(":5: error: example. CDS: algorithm 13 is that of no DNSKEY here", result.stderr)


if __name__ == "__main__":
    main()

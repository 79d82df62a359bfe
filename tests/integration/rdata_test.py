"""RDATA in text is read as named-rrchecker of BIND reads it: to the same octets, or refused by both."""
import re

from support import BUILD, TestCase, main

CHECKZONE = BUILD / "src/checkzone/taut-checkzone"

TEXTS = {
    "ATMA": ["00", "0.0", "1.2.3.4", "39.246f.000e.0001", "+61200000000", "+61.2.0000.0000", "0..0", "00.", ".00", ".",
             "000", "+", "+.", "+12.", "+1..2", "+.12", "+6a", '""'],
    "DOA": ['1 2 3 "" -', "1 2 3 - -", "1 2 3 text/plain Zm9v", "1 2 3 text/plain Zm 9v", '1 2 3 "" "-"',
            '1 2 3 "" "Zm9v"', '1 2 3 "" ""', '1 2 3 "" - -', '1 2 3 ""'],
    # What a private key must begin with, BIND checks from version 9.20 on only.
    "KEY": ["0 0 253 B2V4YW1wbGUA", "0 0 253 B2V4YW1wbGUAAA==", "0 0 254 CQYHKwYBBAGTPw==", "0xc000 3 253",
            "0 0 252 wAAA", "256 3 8"],
    "LOC": ["0 N 0 E 0", "0 0 0. N 0 0 .0 E 0", "0 N 0 E 0.", "0 N 0 E .0", "0 N 0 E 0.m 1.m 10000.m 10.m",
            "0 0 1.5 N 0 0 .5 E -.5", "0 N 0 E 0 .1", "0 0 . N 0 E 0", "0 N 0 E .", "0 N 0 E .m", "0 N 0 E m",
            "0 N 0 E -", "0 N 0 E -m", "0 N 0 E 0 .", "0 N 0 E 0 m", "0 N 0 E 0 0 .", "0 N 0 E 0 0 0 .", "0. N 0 E 0",
            "0 .0 N 0 E 0", "0 0 0.0000 N 0 E 0", "0 0 60. N 0 E 0", "0 0 1..5 N 0 E 0"],
    "SSHFP": ["0 0", "1 3", "99 99 00", "1 1", "1 2", "1 1 00", '1 3 ""', "1 3 0", "0", r"\# 2 0163", r"\# 2 0101"],
    "SVCB": [f"1 . dohpath={path}" for path in (
        "/{dns}", "/{+dns}", "/{#dns}", "/{.dns}", "/{/dns}", "/{?dns}", "/{&dns}", "/q?a=b{&dns,x*}", "/{dns:1}",
        "/{dns:9999}", "/{dns*}", "/{?a,dns}", "/{a}{?dns}", "/q%20{?dns}", "/{?%64ns,dns}", r"/q\195\164{?dns}",
        "/", "{?dns}", "/dns-query", "/{}", "/{}{dns}", "/{dns}{}", "/{dns", "/{?dns}{", "/{{dns}}", "/{?DNS}",
        "/{?dnsx}", "/{dns:10000}", "/{dns:0}", "/{dns:01}", "/{dns:}", "/{dns:a}", "/{dns**}", "/{dns*:1}", "/{??dns}",
        "/{=dns}", "/{dns,}", "/{,dns}", "/{?a-b,dns}", "/{?a..b,dns}", "/%a{?dns}", "/%{?dns}", "/{?dns}%",
        "/{?dns}%2g", "/{?dns,%a}", r"/q\255{?dns}", r"/q\195{?dns}")],
    # BIND refuses the digest of a private scheme in RFC 8976 appendix A.3.
    "ZONEMD": [f"1 {scheme} {algorithm} {'00' * size}"
               for scheme in (0, 1, 5, 255)
               for algorithm, size in ((1, 12), (1, 47), (1, 48), (2, 12), (2, 48), (2, 64), (3, 11), (3, 12))],
    "NSEC3": ["1 0 10 - " + "0" * 32, "1 0 10 AABB " + "0" * 32 + " A", "2 0 10 - 00", "1 0 10 - 00",
              "1 0 10 - " + "0" * 30, "1 0 10 - " + "0" * 34, "2 0 10 - " + "0" * 63, "2 0 10 - " + "0" * 64,
              r"\# 7 0100000A000100"],
    "NXT": ["a.", "a. A NS", "a. 1 2", "a. A 5 NS", "a. 01", "a. TYPE1", "a. 127", "a. 0", "a. TYPE0", "a. 128",
            "a. 65536", "a. 1x"],
    "NSEC": ["a. A", "a. 1"],
    "SOA": [f"a. b. 1 {refresh} 1 1 1"
            for refresh in ("1h30m", "1H", "1m1h", "00000000001", "4294967295", "7101w", "1h30", "h", "1hm", "1x",
                            "4294967296", "7102w", "0x1", '"1"')],
}


class AsBindReads(TestCase):
    def rdata(self, *command, **options):
        """The octets of the one record that a command prints, in hexadecimal; None where it refuses the text."""
        result = self.run_program(*command, **options)
        generic = re.search(r"\\# [0-9]+ ?([0-9A-Fa-f]*)\s*$", result.stdout)
        self.assertEqual(result.returncode == 0, generic is not None, result.stdout + result.stderr)
        return generic[1].upper() if generic else None

    def test_generate(self):
        """$GENERATE below zero makes the records that named-checkzone makes"""
        modifiers = [f"-2,{width},{base}" for base in "doxXnN" for width in (0, 4, 13, 16, 20)]
        lines = "".join(f"$GENERATE 1-3 a TXT {number}:${{{modifier}}}\n" for number, modifier in enumerate(modifiers))
        zone = self.write("zone", f"$TTL 1\n$ORIGIN x.\n@ SOA a. b. 1 1 1 1 1\n@ NS ns.y.\n{lines}")
        bind = self.run_program("named-checkzone", "-i", "none", "-q", "-o", "-", "x.", zone)
        ours = self.run_program(CHECKZONE, "--print", "x.", zone)
        texts = [sorted(re.findall(r'TXT\s+"(.*)"', result.stdout)) for result in (ours, bind)]
        self.assertEqual(len(texts[0]), 3 * len(modifiers))
        self.assertEqual(texts[0], texts[1])

    def check(self, rrtype):
        for text in TEXTS[rrtype]:
            with self.subTest(text=text):
                record = self.write("record", f"$ORIGIN .\n$TTL 1\n@ IN {rrtype} {text}\n")
                bind = self.rdata("named-rrchecker", "-u", text=f"IN {rrtype} {text}\n")
                self.assertEqual(self.rdata(CHECKZONE, "--dump", record), bind)


def add_test(rrtype):
    def test(self):
        self.check(rrtype)

    test.__doc__ = f"Texts of {rrtype} are right and wrong as BIND has them"
    setattr(AsBindReads, f"test_{rrtype}", test)


for each in TEXTS:
    add_test(each)


if __name__ == "__main__":
    main()

"""The commands themselves: how tools/test counts, and what it says to a wrong argument."""
import json

from support import SOURCE, TestCase, main


class Counting(TestCase):
    def report(self, *tests):
        """Runs the reporter over made-up results; returns what it prints, and its last line as numbers."""
        lines = (json.dumps({"duration": 1.0, "name": "taut:unit / x"} | test) + "\n" for test in tests)
        path = self.write("log.json", "".join(lines))
        result = self.run_program("python3", SOURCE / "tools/lib/report.py", "some", "unit", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        return "\n".join(lines[:-1]), tuple(int(word) for word in lines[-1].split())

    def doctest(self, passed, failed, result, returncode):
        text = f"[doctest] test cases: {passed + failed} | {passed} passed | {failed} failed | 0 skipped\n"
        return {"stdout": text, "result": result, "returncode": returncode}

    def test_doctest(self):
        """Every doctest case counts, and the log of a failing program is printed"""
        said, counts = self.report(self.doctest(12, 0, "OK", 0))
        self.assertEqual(counts, (12, 0))
        self.assertEqual(said, "some: 12 passed, 0 failed (1 s)")
        said, counts = self.report(self.doctest(12, 0, "OK", 0), self.doctest(3, 2, "FAIL", 1))
        self.assertEqual(counts, (15, 2))
        self.assertIn("2 failed | 0 skipped", said)

    def test_python(self):
        """A Python test counts what its last line says"""
        _, counts = self.report({"stdout": "9 passed, 9 failed\n7 passed, 1 failed\n", "result": "FAIL"})
        self.assertEqual(counts, (7, 1))

    def test_crash(self):
        """A program that dies, or fails after all its cases passed, counts as a failed test"""
        self.assertEqual(self.report({"stdout": "", "result": "FAIL", "returncode": -11})[1], (0, 1))
        self.assertEqual(self.report({"result": "TIMEOUT"})[1], (0, 1))
        self.assertEqual(self.report(self.doctest(5, 0, "FAIL", 23))[1], (5, 1))

    def test_plain(self):
        """Any other program counts as one test"""
        self.assertEqual(self.report({"stdout": "fine\n", "result": "OK"})[1], (1, 0))

    def test_suite(self):
        """Of the tests that ran side by side, only those of the suite count"""
        other = {"name": "taut:unit-like / x", "stdout": "unit\n", "result": "FAIL"}
        self.assertEqual(self.report({"result": "OK"}, other)[1], (1, 0))

    def test_nothing_ran(self):
        """A suite of which no test ran counts as a failed test"""
        self.assertEqual(self.report(), ("some: no test ran", (0, 1)))
        self.assertEqual(self.report({"name": "taut:tidy / x", "result": "OK"})[1], (0, 1))


class Arguments(TestCase):
    def test_usage(self):
        """tools/test refuses an unknown option or suite with exit status 2, before it does anything"""
        for arguments, word in (
            (["--nonsense"], "Usage: tools/test"),
            (["nothing/here"], "no suite nothing"),
            (["--system", "unit"], "no suite unit"),
            (["--system", "--sanitizers"], "one of --sanitizers, --system and --build-sanitizers"),
        ):
            result = self.run_program(SOURCE / "tools/test", *arguments, timeout=10)
            self.assertEqual(result.returncode, 2)
            self.assertIn(word, result.stderr)
            self.assertEqual(result.stdout, "")

    def test_help(self):
        """tools/test --help explains"""
        result = self.run_program(SOURCE / "tools/test", "--help", timeout=10)
        self.assertEqual(result.returncode, 0)
        self.assertIn("--sanitizers", result.stdout)
        self.assertIn("--system", result.stdout)


if __name__ == "__main__":
    main()

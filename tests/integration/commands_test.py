"""The commands themselves: how tools/test counts, and what it says to a wrong argument."""
import json
import os
import shutil

from support import SOURCE, TestCase, main


def doctest_case(name, error, subcase=""):
    return f"{'=' * 79}\n../tests/x.cpp:9:\nTEST SUITE: some\nTEST CASE:  {name}\n{subcase}\n../tests/x.cpp:{error}\n\n"


DOCTEST_CASES = (
    doctest_case("a sum is right: and so on", "11: ERROR: CHECK( x == 4 ) is NOT correct!\n  values: ...", "  one\n")
    + doctest_case("a sum is right: and so on", "12: ERROR: CHECK( x == 5 ) is NOT correct!\n  values: ...", "  two\n")
    + doctest_case("nothing is thrown", "14: ERROR: test case THREW exception: a: b")
)
UNITTEST_CASES = f"""\
A reply comes ... FAIL
test_two (__main__.Two.test_two) ... ERROR

{"=" * 70}
FAIL: A reply comes
{"-" * 70}
Traceback (most recent call last):
  File "x_test.py", line 7, in test_one
    self.assertEqual(3, 4, "no reply")
AssertionError: 3 != 4 : no reply
a log: with lines

{"=" * 70}
ERROR: test_two (__main__.Two.test_two)
{"-" * 70}
Traceback (most recent call last):
  File "x_test.py", line 9, in test_two
    first()
ValueError: the first one

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "x_test.py", line 11, in test_two
    raise TimeoutError("the last one")
TimeoutError: the last one

{"-" * 70}
Ran 2 tests in 0.010s

FAILED (failures=1, errors=1)
0 passed, 2 failed
"""


class Counting(TestCase):
    def report(self, *tests):
        """Runs the reporter over made-up results; returns what it prints, and its last line as numbers."""
        lines = (json.dumps({"duration": 1.0, "name": "taut:unit / x"} | test) + "\n" for test in tests)
        path = self.write("log.json", "".join(lines))
        result = self.run_program("python3", SOURCE / "tools/lib/report.py", "some", "unit", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        return "\n".join(lines[:-1]), tuple(int(word) for word in lines[-1].split())

    def failed(self, stdout, label="unit", **test):
        """The lines for failed cases, without `failed: ` and the program, of one that has said this."""
        path = self.write("log.json", json.dumps(
            {"duration": 1.0, "name": "taut:unit / x", "result": "FAIL", "returncode": 1, "stdout": stdout} | test))
        result = self.run_program("python3", SOURCE / "tools/lib/report.py", label, "unit", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        begin = lines.index(next(line for line in lines if line.startswith(f"{label}: "))) + 1
        program = "failed: unit/x" + label.removeprefix("unit") + ": "
        for line in lines[begin:-1]:
            self.assertTrue(line.startswith(program), line)
        return [line.removeprefix(program) for line in lines[begin:-1]]

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
        self.assertEqual(self.report(), ("some: no test ran\nfailed: some: no test ran", (0, 1)))
        self.assertEqual(self.report({"name": "taut:tidy / x", "result": "OK"})[1], (0, 1))

    def test_failed_doctest(self):
        """Each failed doctest case has a line with its first error, and the one that ran out of time says so"""
        said = DOCTEST_CASES + doctest_case("it ends", "16: FATAL ERROR: test case CRASHED: SIGTERM - Termination")
        sum_is_wrong = "a sum is right: and so on, tests/x.cpp:11: CHECK( x == 4 ) is NOT correct!"
        thrown = "nothing is thrown, tests/x.cpp:14: test case THREW exception: a: b"
        self.assertEqual(self.failed(DOCTEST_CASES), [sum_is_wrong, thrown])
        self.assertEqual(self.failed(said, result="TIMEOUT", returncode=-15),
                         [sum_is_wrong, thrown, "it ends, out of time after 1 s"])

    def test_failed_python(self):
        """Each failed Python test has a line with its exception, and the one that ran out of time is named"""
        self.assertEqual(self.failed(UNITTEST_CASES), [
            "A reply comes, AssertionError: 3 != 4 : no reply",
            "test_two (__main__.Two.test_two), TimeoutError: the last one",
        ])
        begun = "One is well ... ok\nTwo is well ... skipped 'no'\nThree is well ... "
        self.assertEqual(self.failed(begun, result="TIMEOUT", returncode=-15),
                         ["Three is well, out of time after 1 s"])

    def test_failed_checks(self):
        """Each line FAILED of other programs has a line with the reason that stands behind it or below"""
        said = "ok: lines\nFAILED: names\n  a.cpp:1: not a name\n  b.cpp:1: another\nFAILED: x.cpp: g++ tells nothing\n"
        self.assertEqual(self.failed(said + "1 passed, 2 failed\n"),
                         ["names, a.cpp:1: not a name", "x.cpp, g++ tells nothing"])

    def test_failed_without_a_case(self):
        """A program that names no failed case has a line with what the sanitizer, its status or its last line says"""
        report = "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n    #0 0x2\n"
        for said, test, reason in (
            ("", {"stderr": report}, "AddressSanitizer: heap-use-after-free on address 0x1"),
            ("", {"stderr": "../x.cpp:1:2: runtime error: division by zero\n"}, "runtime error: division by zero"),
            ("", {"returncode": -11}, "ended by SIGSEGV"),
            ("one\ntwo\n\n", {"returncode": 3}, "status 3, its last line: two"),
            ("", {"result": "TIMEOUT", "returncode": -9}, "out of time after 1 s"),
        ):
            self.assertEqual(self.failed(said, **test), [f"the whole program, {reason}"])

    def test_failed_under_a_sanitizer(self):
        """A line for a failed case has the sanitizer that the label has"""
        self.assertEqual(self.failed(DOCTEST_CASES, label="unit (ASan, UBSan)"), self.failed(DOCTEST_CASES))


# In place of meson and ninja: one case of each suite fails, so does a fuzz target, and one folder cannot be built.
FAKE_MESON = """#!/bin/sh
case $1 in
  setup)
    mkdir -p "$2/meson-logs" "$2/tests/fuzz"
    printf '#!/bin/sh\\necho "SUMMARY: libFuzzer: deadly signal" >&2; exit 1\\n' >"$2/tests/fuzz/name_fuzz"
    chmod +x "$2/tests/fuzz/name_fuzz"
    ;;
  test) cp tests.json "$3/meson-logs/" ;;
esac
"""
FAKE_NINJA = """#!/bin/sh
[ "$2" != build-tsan ] || { echo "FAILED: src/x.cpp.o"; exit 1; }
"""


class Ends(TestCase):
    """What tools/test and .ci/run say at their end, where compiling and testing are made up."""

    def setUp(self):
        super().setUp()
        shutil.copytree(SOURCE / "tools/lib", self.folder / "tools/lib")
        for program in ("tools/test", ".ci/run"):
            (self.folder / program).parent.mkdir(exist_ok=True)
            shutil.copy(SOURCE / program, self.folder / program)
        with open(self.folder / "tools/lib/packages.sh", "a", encoding="utf-8") as file:
            file.write("ensurePackages() { :; }\n")
        (self.folder / "bin").mkdir()
        for name, text in (("meson", FAKE_MESON), ("ninja", FAKE_NINJA)):
            self.write(f"bin/{name}", text).chmod(0o755)
        said = "failed: not by us\nFAILED: one: a reason\n2 passed, 1 failed\n"
        suites = ("unit", "tidy", "examples", "integration", "attack", "bench", "system", "epoll")
        tests = ({"name": f"taut:{suite} / x", "result": "FAIL", "duration": 1.0, "stdout": said} for suite in suites)
        self.write("tests.json", "".join(json.dumps(test) + "\n" for test in tests))

    def end(self, program, *arguments):
        """The status, and the last lines that tell of failed cases, with the sum."""
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        result = self.run_program("bash", self.folder / program, *arguments, env=os.environ | {"PATH": path})
        lines = result.stdout.splitlines()
        begin = len(lines) - 1
        while begin > 0 and lines[begin - 1].startswith("failed: "):
            begin -= 1
        self.assertGreater(begin, 0, result.stderr)
        return result.returncode, lines[begin:]

    def failures(self, *suites, suffix=""):
        return [f"failed: {suite}/x{suffix}: one, a reason" for suite in suites]

    def test_one_mode(self):
        """tools/test ends with a line for each failed case of its suites, and the sum"""
        self.assertEqual(self.end("tools/test", "unit", "tidy"),
                         (1, [*self.failures("unit", "tidy"), "4 passed, 2 failed"]))

    def test_all_modes(self):
        """.ci/run ends with the failed cases of all modes, fuzz targets and what cannot be built among them"""
        status, lines = self.end(".ci/run")
        sanitized = ("unit", "examples", "integration", "attack")
        self.assertEqual(lines, [
            *self.failures("unit", "tidy", "examples", "integration", "attack", "bench"),
            *self.failures("system", "epoll"),
            *self.failures(*sanitized, suffix=" (ASan, UBSan)"),
            "failed: fuzz/name_fuzz (ASan, UBSan): no input, libFuzzer: deadly signal",
            "failed: build-tsan: g++ cannot build src/x.cpp.o",
            "24 passed, 14 failed",
        ])
        self.assertEqual(status, 1)


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

#!/usr/bin/env python3
"""taut-lint finds each mistake in bad/ in its line, and nothing in good/ or in the examples.

`lint_test.py SOURCE` expects what the comments `// expect: text` in bad/ say, one for each line.
"""
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(sys.argv[1])
LINT = SOURCE / "tools/lint/taut-lint"
REPORT = re.compile(r"(.*?):(\d+):\d+: .*; .*")
EXPECTED = re.compile(r"// expect: (.*)$")


def run(*arguments):
    return subprocess.run(
        [str(LINT), *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False, cwd=SOURCE
    )


def programs(folder):
    return sorted(path.relative_to(SOURCE).as_posix() for path in (SOURCE / folder).glob("*.cpp"))


class Lint(unittest.TestCase):
    def test_programs(self):
        """Each mistake is found in its line, and nothing else, nor anything in good files and in the examples"""
        files = programs("tests/lint/bad") + programs("tests/lint/good") + programs("examples")
        files += programs("examples/plugin")
        result = run(*files, "--", "-Iinclude")
        self.assertEqual((result.returncode, result.stderr), (1, ""), result.stdout)
        expected = {
            (file, number): match[1]
            for file in files
            for number, line in enumerate((SOURCE / file).read_text(encoding="utf-8").splitlines(), 1)
            if (match := EXPECTED.search(line))
        }
        places = {}
        for line in result.stdout.splitlines():
            match = REPORT.fullmatch(line)
            self.assertTrue(match, line)
            places.setdefault((match[1], int(match[2])), []).append(line)
        self.assertEqual(set(places), set(expected))
        for place, lines in places.items():
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(expected[place], lines[0])

    def test_unreadable(self):
        """Without a file, with one that is not there, and with one that does not compile the status is 2"""
        self.assertEqual(run().returncode, 2)
        missing = run("nothing.cpp")
        self.assertEqual((missing.returncode, missing.stderr), (2, "taut-lint: nothing.cpp: no such file\n"))
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
            file.write("int x = y;\n")
            file.flush()
            broken = run(file.name, "--", "-std=c++20")
        self.assertEqual(broken.returncode, 2)
        self.assertIn(f"{file.name}:1:9: does not compile: use of undeclared identifier 'y'", broken.stdout)


def main():
    found = subprocess.run(["/usr/bin/python3", "-c", "import clang.cindex"], capture_output=True, check=False)
    if found.returncode != 0:
        print("skipped: libclang is missing: apt-get install python3-clang-16")
        return 77
    program = unittest.main(argv=sys.argv[:1], exit=False)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())

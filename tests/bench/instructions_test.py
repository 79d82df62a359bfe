"""An answer must not become dearer unnoticed: instructions are counted and compared with what is recorded."""
import json
import os
import shutil
import sys
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("TAUT_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("TAUT_BUILD", SOURCE / "build"))
sys.path[:0] = [str(SOURCE / "tools/bench_lib"), str(SOURCE / "tests/integration")]

import instructions  # noqa: E402
import support  # noqa: E402

PROGRAM = str(BUILD / "benchmarks/taut-whole-answer")
RECORDED = json.loads((SOURCE / "benchmarks/instructions.json").read_text())
TOLERANCE = 0.05


def reason_not_to_count():
    if not shutil.which("valgrind"):
        return "valgrind is not installed"
    compiler = os.environ.get("TAUT_COMPILER", "")
    if compiler and compiler != RECORDED["compiler"]:
        return f"recorded for {RECORDED['compiler']}, built with {compiler}"
    return None


@unittest.skipIf(reason_not_to_count(), reason_not_to_count())
class Instructions(unittest.TestCase):
    def test_cases(self):
        """Every kind of answer has a recorded cost"""
        self.assertEqual(set(instructions.cases(PROGRAM)), set(RECORDED["instructions"]))


def comparison(case, recorded):
    def test(self):
        counted = instructions.for_each_answer(PROGRAM, case)
        self.assertLessEqual(
            counted, recorded * (1 + TOLERANCE),
            f"{case} costs {counted} instructions, {recorded} are recorded; "
            "tools/bench_lib/instructions.py tells how to record anew")

    test.__doc__ = f"The answer '{case}' costs at most 5% more instructions than recorded"
    return test


for name, expected in RECORDED["instructions"].items():
    setattr(Instructions, f"test_{name.replace('-', '_')}", comparison(name, expected))


if __name__ == "__main__":
    support.main()

#!/usr/bin/env python3
"""Style, as far as a program can see it.

`tidy.py ROOT TAUTD` runs the checks; `tidy.py --self-test` tries each on trees that it must fault and on trees that it
must not.
"""
import subprocess
import sys

import coroutine_checks  # noqa: F401  (each of these registers its checks)
import document_checks  # noqa: F401
import layer_checks  # noqa: F401
import program_checks  # noqa: F401
import text_checks  # noqa: F401
from registry import CHECKS
from tree import Tree

MOST = 20  # complaints printed for each check


class Tally:
    """Prints a line for each check and the counts at the end."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, name, complaints):
        if not complaints:
            self.passed += 1
            print(f"ok: {name}")
            return
        self.failed += 1
        print(f"FAILED: {name}")
        for complaint in complaints[:MOST]:
            print(f"  {complaint}")
        if len(complaints) > MOST:
            print(f"  and {len(complaints) - MOST} more")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(self.failed != 0)


def run_checks(root, tautd):
    tree = Tree.read(root)
    tree["tautd --help"] = subprocess.run(
        [tautd, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    ).stdout
    tally = Tally()
    for check in CHECKS:
        tally.add(check.name, list(check.run(tree)))
    tally.finish()


def self_test():
    tally = Tally()
    for check in CHECKS:
        mistakes = []
        if not check.bad:
            mistakes.append("no tree shows that it can fail")
        for made_up in check.bad:
            if not list(check.run(Tree(made_up))):
                mistakes.append(f"faults nothing in {made_up}")
        for made_up in check.good:
            mistakes += [f"faults {complaint} in {made_up}" for complaint in check.run(Tree(made_up))]
        tally.add(check.name, mistakes)
    tally.finish()


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    elif len(sys.argv) == 3:
        run_checks(*sys.argv[1:])
    else:
        sys.exit(__doc__)

#!/usr/bin/env python3
"""Counts a suite's test cases in a log of `meson test` and prints one line for the suite and the output of what failed.

Usage: report.py LABEL SUITE TESTLOG.json; LABEL is the suite or one of its tests, and a sanitizer in parentheses. The
last lines printed are for the calling script: `failed: SUITE/PROGRAM: case, reason` for each failed case, and `PASSED
FAILED`.

A doctest program counts as many tests as it has cases, a Python test as many as it says in a last line `N passed, N
failed`, anything else as one. A program that dies, runs out of time or fails without naming a failed case counts as
one failed test more.
"""
import json
import re
import sys

from failed_cases import ESCAPE, failed_cases

DOCTEST = re.compile(r"\[doctest\] test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed")
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
LOG_LINES = 150


def count(test):
    """Returns (passed, failed) of one program."""
    output = ESCAPE.sub("", test.get("stdout") or "")
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    passed, failed = (1, 0) if good else (0, 0)
    if found := DOCTEST.findall(output):
        passed = sum(int(row[1]) for row in found)
        failed = sum(int(row[2]) for row in found)
    elif found := SUMMARY.findall(output):
        passed, failed = (int(number) for number in found[-1])
    if not good and failed == 0:
        failed = 1
    return passed, failed


def print_log(test):
    """Prints what a failing program said."""
    print(f"--- {test['name']}: {test['result'].lower()} (status {test.get('returncode')})")
    text = (test.get("stdout") or "") + (test.get("stderr") or "")
    lines = ESCAPE.sub("", text).splitlines()
    if len(lines) > LOG_LINES:
        print(f"... {len(lines) - LOG_LINES} lines left out")
    print("\n".join(lines[-LOG_LINES:]))
    print("---")


def failed_lines(label, suite, test):
    """With the sanitizer that the label has."""
    program = f"{suite}/{test['name'].split(' / ')[-1]}{''.join(re.findall(r' [(].*[)]$', label))}"
    return [f"failed: {program}: {case}, {reason}" for case, reason in failed_cases(test)]


def tests_of(suite, path):
    """The tests of the suite, which meson names `PROJECT:SUITE / TEST`."""
    try:
        with open(path) as file:
            tests = [json.loads(line) for line in file if line.strip()]
    except FileNotFoundError:
        return []
    return [test for test in tests if suite in re.split(r"[:+ ]+", test["name"].split(" / ")[0])]


def main():
    label, suite, path = sys.argv[1:]
    tests = tests_of(suite, path)
    if not tests:
        print(f"{label}: no test ran")
        print(f"failed: {label}: no test ran")
        print(0, 1)
        return
    passed = failed = 0
    failing = []
    for test in tests:
        if test["result"] == "SKIP":
            continue
        good, bad = count(test)
        passed += good
        failed += bad
        if bad:
            failing.append(test)
    seconds = sum(test["duration"] for test in tests)
    for test in failing:
        print_log(test)
    print(f"{label}: {passed} passed, {failed} failed ({seconds:.0f} s)")
    for test in failing:
        print("\n".join(failed_lines(label, suite, test)))
    print(passed, failed)


if __name__ == "__main__":
    main()

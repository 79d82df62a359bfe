"""Reads from the output of a failing program which of its test cases failed, and why: that of doctest, of Python's
unittest, and lines `FAILED: case: reason`. What a program says of its end counts where it names no case."""
import re
import signal

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
WHOLE = "the whole program"
LONGEST = 300  # characters of a reason

DOCTEST_CASE = re.compile(r"^TEST CASE:\s+(.*)$")
DOCTEST_ERROR = re.compile(r"^(?:\.\./)*(\S+:\d+: )(?:FATAL )?ERROR: (.*)$")
CASE_OUT_OF_TIME = "test case CRASHED: SIGTERM"
UNITTEST_CASE = re.compile(r"^={70}\n(?:FAIL|ERROR): ([^\n]*)\n-{70}\n(.*?)(?=^={70}$|^-{70}$|\Z)",
                           re.MULTILINE | re.DOTALL)
UNITTEST_BEGUN = re.compile(r"^(.*) \.\.\. (?!ok$|FAIL$|ERROR$|skipped )", re.MULTILINE)
NAMED = re.compile(r"^FAILED: (.*)\n((?:  .*)?)", re.MULTILINE)
SANITIZER = re.compile(r"^(?:SUMMARY: |==\d+==\s*ERROR: |.*: (?=runtime error: ))(.*)$", re.MULTILINE)


def output_of(test):
    return ESCAPE.sub("", (test.get("stdout") or "") + (test.get("stderr") or ""))


def doctest_cases(text):
    """Each failed case once, with its first error: a case that has subcases is told of for each of them."""
    cases = {}
    name = None
    for line in text.splitlines():
        if match := DOCTEST_CASE.match(line):
            name = match[1]
        elif name is not None and (match := DOCTEST_ERROR.match(line)):
            cases.setdefault(name, match[1] + match[2])
    return list(cases.items())


def unittest_reason(traceback):
    """The line that names the exception: the first one behind the traceback of the last exception of a chain."""
    lines = traceback.splitlines()
    begin = max((number for number, line in enumerate(lines) if line.startswith("  File ")), default=-1)
    return next((line for line in lines[begin + 1:] if line.strip() and not line.startswith(" ")), "no reason given")


def unittest_cases(text):
    return [(match[1], unittest_reason(match[2])) for match in UNITTEST_CASE.finditer(text)]


def named_cases(text):
    """Lines of the checks that are no unittest; the reason stands behind the case or in the next line."""
    cases = []
    for match in NAMED.finditer(text):
        case, colon, reason = match[1].partition(": ")
        cases.append((case, reason if colon else match[2].strip() or "no reason given"))
    return cases


def out_of_time(test):
    return f"out of time after {test.get('duration', 0):.0f} s"


def case_under_way(text):
    """The case of a Python test that was ended before it had said how its last case went."""
    begun = UNITTEST_BEGUN.findall(text)
    return begun[-1] if begun else WHOLE


def end_of(test, text):
    """Why a program failed that names no failed case."""
    if match := SANITIZER.search(text):
        return match[1]
    status = test.get("returncode") or 0
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no output")
    return f"status {status}, its last line: {last}"


def failed_cases(test):
    """A list of (case, reason), at least one, of a failing test in the log of `meson test`."""
    text = output_of(test)
    cases = doctest_cases(text) or unittest_cases(text) or named_cases(text)
    if test["result"] == "TIMEOUT":
        cases = [(case, out_of_time(test) if CASE_OUT_OF_TIME in reason else reason) for case, reason in cases]
        if not any(reason == out_of_time(test) for _, reason in cases):
            cases.append((case_under_way(test.get("stdout") or ""), out_of_time(test)))
    cases = cases or [(WHOLE, end_of(test, text))]
    return [(" ".join(case.split()), " ".join(reason.split())[:LONGEST]) for case, reason in cases]

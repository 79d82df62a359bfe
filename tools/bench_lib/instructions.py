"""Counts the instructions of one whole answer of each kind, with callgrind: they are the same on every machine.

    python3 tools/bench_lib/instructions.py build/benchmarks/taut-whole-answer > benchmarks/instructions.json

records what an answer costs now; tests/bench/instructions_test.py fails when it costs over 5% more later.
"""
import json
import os
import re
import subprocess
import sys

FEW, MANY = 1_000, 5_000  # the difference leaves out what starting the program costs


def cases(program):
    """The kinds of answers that the program knows."""
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()


def count(program, case, rounds):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, case, str(rounds)]
    # meson has the allocator fill memory for tests, which counts too.
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                            env=environment)
    return int(re.search(r"Collected : (\d+)", result.stderr).group(1))


def for_each_answer(program, case):
    return round((count(program, case, MANY) - count(program, case, FEW)) / (MANY - FEW))


def compiler():
    """What the counts depend on."""
    result = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=True)
    return f"g++ {result.stdout.strip()}"


def main():
    program = sys.argv[1]
    counts = {case: for_each_answer(program, case) for case in cases(program)}
    print(json.dumps({"compiler": compiler(), "instructions": counts}, indent=2))


if __name__ == "__main__":
    main()

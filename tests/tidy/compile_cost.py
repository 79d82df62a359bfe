#!/usr/bin/env python3
"""What a handler's author waits for at each build is bounded: the lines that the README's program has for the compiler.

`compile_cost.py SOURCE` counts them after the preprocessor. Seconds depend on the machine; lines do not, and their
number is what most of the seconds are spent on.
"""
import re
import subprocess
import sys
from pathlib import Path

MOST = {"the program of README.md": 75000, "taut/taut.hpp": 80000}


def lines(source, code):
    result = subprocess.run(
        ["g++", "-std=c++20", f"-I{source}/include", "-E", "-P", "-x", "c++", "-"],
        input=code, capture_output=True, text=True, timeout=120, check=True,
    )
    return result.stdout.count("\n")


def main(source):
    program = re.search(r"```cpp\n(#include.*?)```", Path(source, "README.md").read_text(encoding="utf-8"), re.DOTALL)
    codes = {"the program of README.md": program[1], "taut/taut.hpp": '#include "taut/taut.hpp"\n'}
    failed = False
    for name, code in codes.items():
        count = lines(source, code)
        failed |= count > MOST[name]
        print(f"{'FAILED' if count > MOST[name] else 'ok'}: {name}: {count} lines, at most {MOST[name]}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

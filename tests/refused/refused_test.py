#!/usr/bin/env python3
"""Wrong programs, each with the first error that a compiler is to tell.

`refused_test.py INCLUDE PROGRAM...` compiles each program with each compiler that is there; warnings are errors. A
program begins with what the line of its first error has: `// error:` for all compilers, or `// g++:` and `// clang++:`.
`// flags:` replaces the standard. The header is compiled beforehand, once for each compiler.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror"]
HEADER = "taut/taut.hpp"
MARK = re.compile(r"^// (error|g\+\+|clang\+\+|flags): (.*)$", re.MULTILINE)


class Compiler:
    """A compiler with the header compiled beforehand."""

    def __init__(self, kind, program, include, folder):
        self.kind = kind
        self.command = [program, "-I", include]
        header = Path(folder, kind + ".hpp")
        header.write_text(f'#include "{HEADER}"\n', encoding="utf-8")
        compiled = f"{header}.gch" if kind == "g++" else f"{header}.pch"
        made = self.run([*FLAGS, "-x", "c++-header", str(header), "-o", compiled])
        if made.returncode != 0:
            sys.exit(f"{kind} does not compile {HEADER}:\n{made.stderr}")
        self.precompiled = ["-include", str(header)] if kind == "g++" else ["-include-pch", compiled]

    def run(self, arguments):
        environment = dict(os.environ, LC_ALL="C")
        return subprocess.run(
            self.command + arguments, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def first_error(self, program, flags):
        result = self.run([*FLAGS, *(flags or self.precompiled), "-fsyntax-only", str(program)])
        errors = [line for line in result.stderr.splitlines() if " error: " in line]
        return errors[0] if errors and result.returncode != 0 else ""


def complaint(compiler, program):
    marks = dict(MARK.findall(program.read_text(encoding="utf-8")))
    expected = marks.get(compiler.kind, marks.get("error"))
    if expected is None:
        return f"{program.name}: says nothing of what {compiler.kind} is to tell"
    told = compiler.first_error(program, marks.get("flags", "").split())
    if expected in told:
        return None
    return f"{program.name}: {compiler.kind} is to tell {expected!r} first, and tells {told or 'no error'!r}"


def compilers(include, folder):
    """g++ and clang++, as far as they are installed."""
    for kind, programs in (("g++", ["g++"]), ("clang++", ["clang++-16", "clang++"])):
        found = [program for program in map(shutil.which, programs) if program]
        if found:
            yield lambda kind=kind, program=found[0]: Compiler(kind, program, include, folder)
        else:
            print(f"skipped: {kind} is not installed")


def main(include, *paths):
    programs = [Path(path) for path in paths]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        ready = list(pool.map(lambda make: make(), compilers(include, folder)))
        pairs = [(compiler, program) for program in programs for compiler in ready]
        complaints = [text for text in pool.map(lambda pair: complaint(*pair), pairs) if text]
    for text in complaints:
        print(f"FAILED: {text}")
    print(f"{len(pairs) - len(complaints)} passed, {len(complaints)} failed")
    return bool(complaints) or not pairs


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

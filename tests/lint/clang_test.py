#!/usr/bin/env python3
"""A handler of clang++ 16 works with the library of g++, in the shapes that g++ mistranslates.

`clang_test.py SOURCE LIBRARY` compiles run/shapes.cpp, links it with the shared library, and runs it.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77


def main(source, library):
    compiler = shutil.which("clang++-16")
    if compiler is None:
        print("skipped: clang++-16 is missing: apt-get install clang-16")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "shapes")
        command = [
            compiler, "-std=c++20", "-O1", f"-I{source}/include", f"{source}/tests/lint/run/shapes.cpp",
            library, "-lfmt", "-o", program,
        ]
        built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if built.returncode != 0:
            print(built.stderr)
            return 1
        environment = dict(os.environ, LD_LIBRARY_PATH=str(Path(library).parent))
        result = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=60, check=False)
    print(result.stdout, result.stderr, "status", result.returncode)
    return result.returncode != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

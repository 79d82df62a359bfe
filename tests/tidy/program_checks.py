"""Checks that ask a program: the formatter, the compiler, the shell and man."""
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from registry import check
from text_checks import is_shell

FORMATTER = shutil.which("clang-format-14") or shutil.which("clang-format")


def run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)


def in_parallel(function, items):
    """Results in order; the programs themselves do the work, so threads are enough."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(function, items))


class OnDisk:
    """A folder that holds the tree: its own, or a scratch one for a tree that was made up."""

    def __init__(self, tree):
        self.tree = tree
        self.scratch = None

    def __enter__(self):
        if self.tree.root is not None:
            return self.tree.root
        self.scratch = tempfile.TemporaryDirectory()
        for path, text in self.tree.items():
            target = Path(self.scratch.name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return Path(self.scratch.name)

    def __exit__(self, *_):
        if self.scratch:
            self.scratch.cleanup()


STYLE = {".clang-format": "BasedOnStyle: Google\n"}


@check(bad=[STYLE | {"src/x.cpp": "int  x ;\n"}], good=[STYLE | {"src/x.cpp": "int x;\n"}])
def code_is_formatted(tree):
    """Code is formatted as .clang-format says"""
    if FORMATTER is None:
        yield "clang-format is missing: apt-get install clang-format"
        return
    paths = sorted(tree.cpp())
    batches = [batch for batch in (paths[start::8] for start in range(8)) if batch]
    with OnDisk(tree) as root:
        results = in_parallel(lambda batch: run(FORMATTER, "--dry-run", "-Werror", *batch, cwd=root), batches)
    faulty = set()
    for result in results:
        faulty |= set(re.findall(r"^([^:\n]+):\d+:\d+: error", result.stderr, re.MULTILINE))
        if result.returncode and not faulty:
            yield result.stderr.strip()
    for path in sorted(faulty):
        yield f"{path}: clang-format -i {path}"


def proven_elsewhere(tree):
    """Headers that some source includes first: a build without precompiled headers has compiled those alone."""
    proven = set()
    for path, text in tree.items():
        if path.endswith(".cpp"):
            first = re.search(r'^#include [<"]([^>"]+)[>"]', text, re.MULTILINE)
            if first:
                proven.add("include/" + first.group(1))
    return proven


@check(
    bad=[{"include/taut/base/x.hpp": "#pragma once\ninline std::string x;\n"}],
    good=[
        {"include/taut/base/x.hpp": "#pragma once\n#include <string>\ninline std::string x;\n"},
        {"include/taut/base/x.hpp": "inline std::string x;\n", "src/x.cpp": '#include "taut/base/x.hpp"\n'},
    ],
)
def public_headers_stand_alone(tree):
    """Every public header compiles without another before it"""
    proven = proven_elsewhere(tree)
    headers = [path for path in tree.headers() if path.startswith("include/") and path not in proven]
    compiler = os.environ.get("CXX") or "g++"

    def compile_alone(path):
        flags = ["-std=c++20", "-fsyntax-only", "-Iinclude", "-include", path, "-x", "c++", "/dev/null"]
        return run(*compiler.split(), *flags, cwd=root)

    with OnDisk(tree) as root:
        results = in_parallel(compile_alone, headers)
    for path, result in zip(headers, results):
        if result.returncode:
            yield f"{path}: does not compile alone:\n{result.stderr[:1000]}"


@check(
    bad=[{"tools/serve": "#!/usr/bin/env bash\nif true; then\n"}, {"tools/lib/x.sh": "x() {\n"}],
    good=[{"tools/serve": "#!/usr/bin/env bash\nif true; then :; fi\n", "README": "if\n"}],
)
def scripts_parse(tree):
    """Every shell script parses"""
    with OnDisk(tree) as root:
        for path, text in tree.items():
            if is_shell(path, text):
                result = run("bash", "-n", path, cwd=root)
                if result.returncode:
                    yield f"{path}: {result.stderr.strip()}"


@check(
    bad=[{"docs/man/x.8": ".TH X 8\n.SH NAME\nx\n.nosuchmacro\n"}],
    good=[{"docs/man/x.8": ".TH X 8\n.SH NAME\nx \\- y\n"}],
)
def manual_pages_format(tree):
    """Every manual page formats without a warning"""
    with OnDisk(tree) as root:
        for path in tree:
            if path.startswith("docs/man/"):
                result = run("groff", "-man", "-Tutf8", "-ww", "-z", path, cwd=root)
                if result.returncode or result.stderr:
                    yield f"{path}: {result.stderr.strip()}"

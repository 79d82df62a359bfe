"""Whether the documents name only what exists: links, paths and the table of options."""
import posixpath
import re

from registry import check
from tree import line_of

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:\.ci|src|include|tests|tools|docs|examples)/[\w./+-]*)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
REQUIRED = ["README.md", "CONTRIBUTING.md", "LICENSE", "docs/architecture.md", "docs/handlers.md", "docs/style.md"]
WRITTEN = dict.fromkeys(REQUIRED, "")


def documents(tree):
    return {path: text for path, text in tree.items() if path.endswith(".md")}


def heading_anchor(heading):
    words = re.sub(r"[^\w\s-]", "", heading.strip().lower())
    return re.sub(r"\s", "-", words)


@check(bad=[{path: "" for path in REQUIRED[1:]}], good=[WRITTEN])
def documents_exist(tree):
    """The documents that every reader looks for exist"""
    for path in REQUIRED:
        if path not in tree:
            yield f"{path}: missing"


@check(
    bad=[
        {"README.md": "[x](docs/nothing.md)"},
        {"docs/x.md": "[x](README.md)", "README.md": ""},
        {"README.md": "[x](#nowhere)\n# Here\n"},
    ],
    good=[
        {
            "README.md": "[x](docs/x.md) [y](https://example.com/) [z](docs/x.md#the-part) `#a` \n```\n[q](r)\n```\n",
            "docs/x.md": "## The part\n[up](../README.md)",
        }
    ],
)
def links_lead_somewhere(tree):
    """Every link in a document leads to a file or heading that exists"""
    for path, text in documents(tree).items():
        prose = FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
        for match in LINK.finditer(prose):
            target, _, anchor = match.group(1).partition("#")
            if re.match(r"\w+:", target):
                continue
            place = f"{path}:{line_of(prose, match.start())}"
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            if not tree.exists(wanted):
                yield f"{place}: no {wanted}"
            elif anchor and wanted in tree:
                headings = re.findall(r"^#+\s+(.*)$", FENCE.sub("", tree[wanted]), re.MULTILINE)
                if anchor not in map(heading_anchor, headings):
                    yield f"{place}: no heading #{anchor} in {wanted}"


@check(
    bad=[{"README.md": "See `tools/nothing`."}, {"docs/x.md": "`src/gone.cpp`"}],
    good=[{"README.md": "`tools/serve`, `docs/`, `tests/<layer>/x`, `src/net/`", "tools/serve": "", "docs/x.md": "",
           "src/net/x.cpp": ""}],
)
def named_files_exist(tree):
    """Every file that a document names exists"""
    for path, text in documents(tree).items():
        for match in PATH.finditer(text):
            if not tree.exists(match.group(1)):
                yield f"{path}:{line_of(text, match.start())}: no {match.group(1)}"


SNIPPET = re.compile(r"^```(cpp|meson|cmake)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def unindented(text):
    """The lines without their indentation, each between line ends, so that a run of whole lines is found in it."""
    return "\n" + "".join(line.strip() + "\n" for line in text.splitlines())


def built_sources(tree, language):
    """What is compiled and run: the examples, and tests that a meson.build names or whose test reads their folder."""
    if language != "cpp":
        name = {"meson": "/meson.build", "cmake": "/CMakeLists.txt"}[language]
        return [text for path, text in tree.items() if path.startswith("examples/") and path.endswith(name)]
    found = []
    for path, text in tree.items():
        folder, name = posixpath.split(path)
        if not path.startswith(("examples/", "tests/")) or not name.endswith(".cpp"):
            continue
        build = tree.get(f"{folder}/meson.build", "")
        named = re.search(rf"'{re.escape(name[:-4])}(\.cpp)?'", build)
        if named or folder.startswith(("tests/refused", "tests/lint/")):
            found.append(text)
    return found


EXAMPLE = "// How.\nint main() {\n  if (true) {\n    run();\n  }\n}\n"


@check(
    bad=[
        {"docs/x.md": "```cpp\nrun();\n```\n"},
        {"docs/x.md": "```cpp\nrun(1);\n```\n", "examples/x.cpp": EXAMPLE, "examples/meson.build": "'x'"},
        {"docs/x.md": "```cpp\nrun();\n```\n", "examples/x.cpp": EXAMPLE, "examples/meson.build": "'y'"},
        {"docs/x.md": "```cpp\nrun();\n```\n", "src/x.cpp": EXAMPLE, "src/meson.build": "'x.cpp'"},
        {"docs/x.md": "```cpp\nint main() {\nrun();\n```\n", "examples/x.cpp": EXAMPLE, "examples/meson.build": "'x'"},
        {"README.md": "```meson\nshared_module('x')\n```\n", "examples/plugin/meson.build": "project('x')\n"},
    ],
    good=[
        {"docs/x.md": "```cpp\nif (true) {\n  run();\n```\n", "examples/x.cpp": EXAMPLE, "examples/meson.build": "'x'"},
        {"docs/x.md": "```cpp\nrun();\n```\n", "tests/docs/x.cpp": EXAMPLE, "tests/docs/meson.build": "'x.cpp'"},
        {"docs/x.md": "```cpp\nrun();\n```\n", "tests/refused/x.cpp": EXAMPLE},
        {"docs/x.md": "```cmake\nf(x)\n```\n```go\nx\n```\n", "examples/p/CMakeLists.txt": "g(x)\nf(x)\n"},
    ],
)
def snippets_are_built(tree):
    """Every C++ snippet of a document stands, line for line, in an example or test that is compiled and run"""
    sources = {language: [unindented(text) for text in built_sources(tree, language)]
               for language in ("cpp", "meson", "cmake")}
    for path, text in documents(tree).items():
        for match in SNIPPET.finditer(text):
            if not any(unindented(match[2]) in source for source in sources[match[1]]):
                yield f"{path}:{line_of(text, match.start())}: in no example or test that is built, line for line"


def help_options(tree):
    """Option names that `tautd --help` prints."""
    return set(re.findall(r"--[a-z][a-z-]*", tree.get("tautd --help", "")))


def table_options(text):
    """Options in the rows of Markdown tables."""
    rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
    return {option for row in rows for option in re.findall(r"`[^`]*?(--[a-z][a-z-]*)", row)}


def manual_options(text):
    """Options that begin a paragraph of the manual page."""
    tags = re.findall(r"^\.TP\n(.*)$|^\.B[RI]? (.*)$", text, re.MULTILINE)
    return set(re.findall(r"--[a-z][a-z-]*", "\n".join(a or b for a, b in tags).replace("\\-", "-")))


def differing(where, listed, known):
    for option in sorted(known - listed):
        yield f"{where}: {option} is missing"
    for option in sorted(listed - known):
        yield f"{where}: tautd knows no {option}"


HELP = "Options:\n  --port N   the port\n  --cache    a cache\n"


@check(
    bad=[
        {"tautd --help": HELP, "README.md": "| option | what |\n|---|---|\n| `--port N` | x |\n"},
        {"tautd --help": HELP, "README.md": "| `--port N` | x |\n| `--cache` | x |\n| `--gone` | x |\n"},
        {"tautd --help": "", "README.md": "| `--port N` | x |\n"},
    ],
    good=[{"tautd --help": HELP, "README.md": "| `--port N` | x, with `--cache` |\n"}],
)
def readme_lists_every_option(tree):
    """The table of options in README.md has the options of tautd --help"""
    known = help_options(tree)
    if not known:
        yield "tautd --help: names no option"
        return
    yield from differing("README.md", table_options(tree.get("README.md", "")), known)


@check(
    bad=[{"tautd --help": HELP, "docs/man/tautd.8": ".TP\n.BI \\-\\-port \" N\"\nThe port.\n"}],
    good=[{"tautd --help": HELP, "docs/man/tautd.8": ".TP\n.BI \\-\\-port \" N\"\nx\n.TP\n.B \\-\\-cache\ny\n"}],
)
def manual_lists_every_option(tree):
    """The manual page has the options of tautd --help"""
    yield from differing("docs/man/tautd.8", manual_options(tree.get("docs/man/tautd.8", "")), help_options(tree))

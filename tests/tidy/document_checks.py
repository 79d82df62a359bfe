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

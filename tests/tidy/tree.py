"""The project's files, as the checks see them: a mapping from path to text that a self-test can make up."""
import os
import re
from pathlib import Path

TEXT = {".hpp", ".cpp", ".py", ".sh", ".md", ".build", ".txt", ".zone", ".8", ".yml", ""}
SKIPPED = re.compile(r"^(build.*|\.git|__pycache__|corpus)$")


class Tree(dict):
    """Paths with forward slashes, relative to the root, each with its text."""

    root = None  # the folder, for checks that run a program over it

    @classmethod
    def read(cls, root):
        tree = cls()
        tree.root = Path(root)
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if not SKIPPED.match(name))
            for name in sorted(files):
                path = Path(folder, name)
                if path.suffix in TEXT:
                    try:
                        tree[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
                    except UnicodeDecodeError:
                        pass
        return tree

    def cpp(self):
        """C++ files."""
        return {path: text for path, text in self.items() if path.endswith((".hpp", ".cpp"))}

    def headers(self):
        return {path: text for path, text in self.items() if path.endswith(".hpp")}

    def exists(self, path):
        """Whether there is such a file or folder."""
        path = path.rstrip("/")
        if path in self or any(name.startswith(path + "/") for name in self):
            return True
        return self.root is not None and (self.root / path).exists()


CODE_PART = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>R"(?P<tag>[^()\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<char>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+')""",
    re.DOTALL,
)


def code_only(text):
    """C++ with comments and the insides of literals blanked out; every other character keeps its place."""

    def blank(match):
        found = match.group()
        spaces = re.sub(r"[^\n]", " ", found)
        if match.group("comment"):
            return spaces
        return found[0] + spaces[1:-1] + found[-1]

    return CODE_PART.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def matching(code, start):
    """The position after the bracket that closes the one at `start`; the end of the text where none does."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    opening, closing = code[start], pairs[code[start]]
    depth = 0
    for position in range(start, len(code)):
        if code[position] == opening:
            depth += 1
        elif code[position] == closing:
            depth -= 1
            if depth == 0:
                return position + 1
    return len(code)

#!/usr/bin/env python3
"""Turns the project's comments and documents into what Doxygen reads; Doxygen calls it with the path of each file.

In a header, a comment right before a declaration documents it, and so does one behind it. The paragraph at the top is
that of the class that the file is named after, unless that has one of its own, and else that of the file. Indented
lines are code. In a document, headings get anchors and links lead to them. Every line keeps its number.
"""
import re
import sys
from pathlib import Path

COMMENT = re.compile(r"^(\s*)//(?!/)(.*)$")
LITERAL = re.compile(
    r"""R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|//[^\n]*""", re.DOTALL
)
TRAILING = re.compile(r"^(.*[;,}\w)])(\s+)// (.*)$")
SCOPE = re.compile(r"^(?:inline\s+|typedef\s+)?(?:namespace|class|struct|union|enum|extern)\b")


def blanked(text):
    """The code with comments and the insides of literals blanked out, so that braces are those of the code."""
    return LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def declares(head):
    """Whether what stands before a brace opens a scope of declarations, and not the body of a function."""
    head = re.sub(r"^\s*(?:public|private|protected)\s*:", "", re.sub(r"(?m)^\s*#.*$", "", head)).strip()
    while head.startswith("template"):
        depth, place = 0, head.index("<") if "<" in head else -1
        if place < 0:
            return False
        while place < len(head):
            depth += {"<": 1, ">": -1}.get(head[place], 0)
            place += 1
            if depth == 0:
                break
        head = head[place:].strip()
    return bool(SCOPE.match(head))


def declarative_lines(text):
    """For each line whether it begins among declarations, and not in a function's body or an initialiser."""
    lines, scopes, head = [True], [], ""
    for character in blanked(text):
        if character == "{":
            scopes.append(declares(head))
            head = ""
        elif character == "}":
            if scopes:
                scopes.pop()
            head = ""
        elif character == ";":
            head = ""
        else:
            head += character
        if character == "\n":
            lines.append(all(scopes) and "(" not in head.rpartition("\n\n")[2])
    return lines


def escaped(prose):
    """Prose in which nothing is a command, a tag or an anchor to Doxygen, which leaves what is quoted alone."""
    parts = re.split(r"(`[^`]*`|\"[^\"\n]*\")", prose)  # what is quoted has the odd places
    return "".join(part if place % 2 else re.sub(r"([\\@<>#%&$*_~|])", r"\\\1", part)
                   for place, part in enumerate(parts))


def documentation(texts):
    """The texts of a block of comment lines as Markdown: prose is escaped, code is indented by four and more."""
    result, prose, code = [], [], False

    def flush():
        if prose:
            result.extend(escaped("\n".join(prose)).split("\n"))
            prose.clear()

    before = ""
    for text in texts:
        indented = text.startswith("   ") and text.strip() != ""
        if code:
            code = indented or text.strip() == ""
        elif indented and before.strip() == "" and not text.strip().startswith("- "):
            code = True
        if code and indented:
            flush()
            result.append("    " + text)
        else:
            prose.append(text)
        before = text
    flush()
    return result


def main_class(path, lines):
    """The class that the file is named after, where no comment precedes it; None without."""
    wanted = "".join(word.capitalize() for word in path.stem.split("_")).lower()
    for number, line in enumerate(lines):
        found = re.match(r"(?:class|struct)\s+(?:\[\[\w+\]\]\s+)?(\w+)\b[^;]*$", line)
        if found and found[1].lower() == wanted:
            first = number - 1 if number and lines[number - 1].startswith("template") else number
            return None if COMMENT.match(lines[first - 1]) else found[1]
    return None


# What Doxygen takes for something else: a formatter of ours in a namespace of another library, and friends.
FORMATTER = re.compile(r"(?:^//[^\n]*\n)*^template <>\nstruct fmt::formatter<.*?(?:^|\{)};$", re.MULTILINE | re.DOTALL)
FRIEND = re.compile(r"^ *friend [^;{]*;", re.MULTILINE)


def header(path, text):
    for hidden in (FORMATTER, FRIEND):
        text = hidden.sub(lambda match: re.sub(r"[^\n]", "", match.group()), text)
    lines = text.splitlines()
    declarative = declarative_lines(text + "\n")
    name = main_class(path, lines)
    number = 0
    while number < len(lines):
        end = number
        while end < len(lines) and COMMENT.match(lines[end]):
            end += 1
        if end > number:
            following = lines[end].strip() if end < len(lines) else ""
            top = number == 0
            if top or (declarative[number] and following and not following.startswith(("}", "#"))):
                texts = [COMMENT.match(line)[2] for line in lines[number:end]]
                for place, shown in zip(range(number, end), documentation(texts), strict=True):
                    lines[place] = f"{COMMENT.match(lines[place])[1]}///{shown}"
                if top:
                    space = re.search(r"^namespace ([\w:]+) \{", text, re.MULTILINE)
                    lines[end] = f"/// \\class {space[1]}::{name}" if name and space else "/// \\file"
            number = end
            continue
        trailing = TRAILING.match(lines[number])
        if trailing and declarative[number] and not re.match(r"\s*[}#]", lines[number]):
            lines[number] = f"{trailing[1]}{trailing[2]}///< {escaped(trailing[3])}"
        number += 1
    return "\n".join(lines) + "\n"


PAGES = {"handlers.md": "index", "coming-from.md": "coming-from", "mistakes.md": "mistakes", "style.md": "style"}


def anchor(page, heading):
    return f"{page}-" + re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip().lower()))


def document(path, text):
    page = PAGES[path.name]

    def link(match):
        words, file, _, part = match[1], *match[2].partition("#")
        target = PAGES.get(file or path.name)
        if target is None:
            return words
        return f"[{words}](@ref {anchor(target, part) if part else target})"

    result, fenced = [], False
    for number, line in enumerate(text.splitlines()):
        fenced ^= line.startswith("```")
        heading = re.match(r"(#+) (.*)$", line)
        if not fenced and heading:
            name = anchor(page, heading[2]) if number else "mainpage" if page == "index" else page
            line = f"{line} {{#{name}}}"
        elif not fenced:
            line = re.sub(r"\[([^\]\n]*)\]\(([^)\s:]+)\)", link, line)
        result.append(line)
    return "\n".join(result) + "\n"


def main(path):
    text = path.read_text(encoding="utf-8")
    sys.stdout.write(document(path, text) if path.suffix == ".md" else header(path, text))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

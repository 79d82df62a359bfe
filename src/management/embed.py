"""Writes the page as a C++ header: embed.py INPUT OUTPUT. Beside it stands what its own scripts and styles are known by
in a Content-Security-Policy, so that a browser runs no others."""
import base64
import hashlib
import re
import sys
from pathlib import Path


def sources(text, element):
    """The hashes of the texts of all elements of this kind that have no attribute."""
    found = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
    assert found
    digests = (hashlib.sha256(part.encode()).digest() for part in found)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


source, header = sys.argv[1:]
page = Path(source).read_text(encoding="utf-8")
assert ')page"' not in page
Path(header).write_text(
    f"#pragma once\n\n#include <string_view>\n\nnamespace taut {{\n\n"
    f'inline constexpr std::string_view pageHtml = R"page({page})page";\n'
    f'inline constexpr char pageScripts[] = "{sources(page, "script")}";\n'
    f'inline constexpr char pageStyles[] = "{sources(page, "style")}";\n\n}}  // namespace taut\n',
    encoding="utf-8",
)

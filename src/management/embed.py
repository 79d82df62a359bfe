"""Writes a text file as a C++ header with one constant: embed.py NAME INPUT OUTPUT."""
import sys
from pathlib import Path

name, source, header = sys.argv[1:]
text = Path(source).read_text(encoding="utf-8")
assert ')page"' not in text
Path(header).write_text(
    f"#pragma once\n\n#include <string_view>\n\nnamespace taut {{\n\n"
    f'inline constexpr std::string_view {name} = R"page({text})page";\n\n}}  // namespace taut\n',
    encoding="utf-8",
)

"""A small writer of SVG: groups of horizontal bars, each in two parts."""
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 130, 70
BAR, GAP, HEAD = 16, 5, 30
COLOURS = ("#c44e52", "#4c72b0")
HIGHLIGHT = "#1b7837"


def text(x, y, content, **attributes):
    rest = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{rest}>{escape(content)}</text>\n'


def rectangle(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height}" fill="{colour}"/>\n'


def group_bars(top, title, entries):
    """One group, with a scale of its own."""
    longest = max((first + second for _, first, second in entries), default=0) or 1
    scale = (WIDTH - LEFT - RIGHT) / longest
    parts = [text(8, top + 18, title, font_weight="bold")]
    y = top + HEAD
    for name, first, second in entries:
        weight = "bold" if name == "taut" else "normal"
        colour = HIGHLIGHT if name == "taut" else "#222"
        parts.append(text(LEFT - 8, y + BAR - 4, name, text_anchor="end", font_weight=weight, fill=colour))
        parts.append(rectangle(LEFT, y, first * scale, BAR, COLOURS[0]))
        parts.append(rectangle(LEFT + first * scale, y, second * scale, BAR, COLOURS[1]))
        parts.append(text(LEFT + (first + second) * scale + 5, y + BAR - 4, f"{first + second:.2f}"))
        y += BAR + GAP
    return "".join(parts), y - top + 12


def bars(title, legend, groups):
    """The whole picture: `groups` are (title, [(name, first, second)]), `legend` names the two parts."""
    body = [text(8, 24, title, font_size=16, font_weight="bold")]
    for index, (name, colour) in enumerate(zip(legend, COLOURS)):
        x = WIDTH - 170 + 80 * index
        body += [rectangle(x, 12, 12, 12, colour), text(x + 17, 23, name)]
    top = 44
    for group_title, entries in groups:
        drawn, height = group_bars(top, group_title, entries)
        body.append(drawn)
        top += height
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="{WIDTH}" height="{top}" fill="#fff"/>\n'
            + "".join(body) + "</svg>\n")

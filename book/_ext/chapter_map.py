"""The chapters as a map: `{chapter-map}` lists them, with a line to each from what it needs.

What a chapter needs is what it says itself under "You need", less what follows from the rest: who
needs 5 needs not be told of 4. A chapter that others need has a line, which begins at its own row
and ends at the last row that needs it. Titles may wrap: every row has its own piece of the lines.
"""

import html
import json
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

NEEDED = re.compile(r"\*\*You need\*\*(.*?)\n\s*\n", re.S)
LINK = re.compile(r"(?P<to>\bto\s+)?\{doc\}`(?:[^`<]*<)?(?P<number>\d\d)-")
MINUTES = re.compile(r"\*\*Time\*\* (\d+)")
GAP, MARGIN = 13, 9  # pixels between lines, and beside them
N_COLOURS = 6


@dataclass(frozen=True)
class Chapter:
    """A chapter: its page, number, title, minutes, and the numbers of those that it needs."""

    page: str
    number: int
    title: str
    minutes: int
    needs: tuple


def read_chapter(path, page):
    """Return a chapter from its first cell."""
    (first, *_) = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    source = "".join(first["source"])
    needs = set()
    found = NEEDED.search(source)
    for match in LINK.finditer(found[1] if found else ""):
        number = int(match["number"])
        needs |= set(range(max(needs), number)) if match["to"] and needs else set()
        needs.add(number)
    return Chapter(
        page=page,
        number=int(Path(page).name[:2]),
        title=source.splitlines()[0].removeprefix("# "),
        minutes=int(MINUTES.search(source)[1]),
        needs=tuple(sorted(needs)),
    )


def read_parts(root):
    """Return (caption, chapters) of each part of the table of contents that has chapters."""
    toc = yaml.safe_load((Path(root) / "_toc.yml").read_text(encoding="utf-8"))
    for part in toc["parts"]:
        pages = [entry["file"] for entry in part["chapters"]]
        paths = [(Path(root) / f"{page}.ipynb", page) for page in pages]
        chapters = [read_chapter(path, page) for path, page in paths if path.exists()]
        if chapters:
            yield part["caption"], chapters


def reduced(needs):
    """Return what each number needs, less what follows from the rest, {number: set of numbers}."""

    def below(number):
        direct = needs.get(number, ())
        return set(direct).union(*map(below, direct))

    return {
        number: {one for one in direct if not any(one in below(other) for other in direct)}
        for number, direct in needs.items()
    }


def places(needs, rows):
    """Return the place of each line, {number: place}; lines in one place do not meet.

    `rows` are the numbers from the top down.
    """
    row = {number: at for at, number in enumerate(rows)}
    last = {}
    for number, direct in needs.items():
        for one in direct:
            last[one] = max(last.get(one, 0), row[number])
    found, free = {}, []
    for number in filter(last.__contains__, rows):
        at = next((i for i, end in enumerate(free) if end <= row[number]), len(free))
        free[at : at + 1] = [last[number]]
        found[number] = at
    return found


class Lines:
    """The lines of a map, from which each row gets its piece."""

    def __init__(self, chapters):
        self.rows = [chapter.number for chapter in chapters]
        self.needs = reduced({chapter.number: chapter.needs for chapter in chapters})
        self.place = places(self.needs, self.rows)
        self.width = 2 * MARGIN + GAP * max(self.place.values(), default=0)

    def x(self, number):
        """Return the pixel of a chapter's line; the first is beside the titles."""
        return self.width - MARGIN - GAP * self.place[number]

    def reach(self, number):
        """Return the rows at which a line begins and ends."""
        children = [self.rows.index(one) for one in self.rows if number in self.needs[one]]
        return self.rows.index(number), max(children)

    def _line(self, number, y1, y2):
        x, look = self.x(number), f"of{number} colour{self.place[number] % N_COLOURS}"
        return f'<line x1="{x}" x2="{x}" y1="{y1}" y2="{y2}" class="{look}"/>'

    def _dot(self, number, kind):
        look = f"{kind} of{number} colour{self.place[number] % N_COLOURS}"
        return f'<circle cx="{self.x(number)}" cy="50%" r="4" class="{look}"/>'

    def piece(self, row, inside=True):
        """Return the drawing of one row; if not `inside`, of the gap above it."""
        number, parts = self.rows[row], []
        for one in self.place:
            start, end = self.reach(one)
            if start < row < end or (not inside and start < row <= end):
                parts.append(self._line(one, 0, "100%"))
            elif inside and start == row:
                parts.append(self._line(one, "50%", "100%"))
            elif inside and end == row:
                parts.append(self._line(one, 0, "50%"))
        if inside:
            joined = [one for one in self.place if one in self.needs[number]]
            own = [number] if number in self.place else []
            ends = [self.x(one) for one in joined + own]
            if ends:
                parts.insert(0, f'<line x1="{min(ends)}" x2="{self.width}" y1="50%" y2="50%"/>')
            parts += [self._dot(one, "joins") for one in joined]
            parts += [self._dot(one, "begins") for one in own]
        return f'<svg width="{self.width}" aria-hidden="true">{"".join(parts)}</svg>'

    def style(self):
        """Return rules that bring a chapter's line forward while it is pointed at."""
        rules = [
            f".chapter-map:has(.n{one} a:is(:hover,:focus)) .of{one}{{stroke-width:4}}"
            for one in self.place
        ]
        return f"<style>{''.join(rules)}</style>"


def draw(parts, address):
    """Return the map as HTML; `address(page)` is a page's address.

    Parameters
    ----------
    parts : iterable of (str, list of Chapter)
    address : callable

    Returns
    -------
    str
    """
    parts = list(parts)
    lines = Lines([chapter for _, chapters in parts for chapter in chapters])
    text, row = [lines.style()], 0
    for caption, chapters in parts:
        gap = lines.piece(row, inside=False)
        text.append(f'<p class="part">{gap}{html.escape(caption)}</p><ul>')
        for chapter in chapters:
            needs = sorted(lines.needs[chapter.number])
            after = f"after {', '.join(map(str, needs))} · " if needs else ""
            text.append(
                f'<li class="n{chapter.number}">{lines.piece(row)}'
                f'<a href="{html.escape(address(chapter.page))}">'
                f"{chapter.number}. {html.escape(chapter.title)}</a> "
                f"<small>{after}{chapter.minutes} min</small></li>"
            )
            row += 1
        text.append("</ul>")
    return f'<div class="chapter-map" style="--lines: {lines.width}px">{"".join(text)}</div>'


class ChapterMap(SphinxDirective):
    """`{chapter-map}`, a list of all chapters with lines from what they need."""

    def run(self):
        """Return the map."""
        parts = list(read_parts(self.env.srcdir))
        self.env.note_dependency(str(Path(self.env.srcdir) / "_toc.yml"))
        for _, chapters in parts:
            for chapter in chapters:
                self.env.note_dependency(str(Path(self.env.srcdir) / f"{chapter.page}.ipynb"))
        here = posixpath.dirname(self.env.docname)
        text = draw(parts, lambda page: f"{posixpath.relpath(page, here or '.')}.html")
        return [nodes.raw("", text, format="html")]


def setup(app):
    """Register the directive."""
    app.add_directive("chapter-map", ChapterMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

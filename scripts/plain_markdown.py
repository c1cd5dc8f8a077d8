"""MyST markup turned into Markdown that JupyterLab and Colab show.

Directives become quotes, folded sections or headings; roles become links or words, with the
numbers that the pages show.
"""

import json
import re
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import yaml

__all__ = ["Book", "Directive", "split_directives", "to_plain"]

OPENING = re.compile(r"^(?P<fence>:{3,}|`{3,})\{(?P<name>[\w:-]+)\}[ ]*(?P<title>.*)$")
FENCE = re.compile(r"^(`{3,}|~{3,})")
OPTION = re.compile(r"^:([\w-]+):[ ]*(.*)$")
ROLE = re.compile(
    r"(?<!`)\{(?P<role>[\w:]+)\}`(?:(?P<text>[^`<]+?)\s*<(?P<long>[^`>]+)>|(?P<short>[^`]+))`"
)
EQUATION = re.compile(r"^\$\$[ ]*\(([\w-]+)\)[ ]*$", re.M)
TARGET = re.compile(r"^\(([\w-]+)\)=\n+(?:#+ (.+))?", re.M)
ENTRY = re.compile(r"^@\w+\{(?P<key>[^,]+),(?P<fields>.*?)^\}", re.M | re.S)
KINDS = ("theorem", "definition", "lemma", "corollary", "proposition", "algorithm", "example")


@dataclass
class Directive:
    """A directive: its name, what stands beside it, its options, and the lines inside."""

    name: str
    title: str
    options: dict
    body: str


def split_directives(text):
    """Return the parts of a text in order: strings and directives."""
    parts, plain, lines = [], [], text.split("\n")
    while lines:
        line = lines.pop(0)
        opening, code = OPENING.match(line), FENCE.match(line)
        if not (opening or code):
            plain.append(line)
            continue
        fence = opening["fence"] if opening else code[1]
        inside = _until(fence, lines)
        if opening:
            parts += ["\n".join(plain), _directive(opening, inside)]
            plain = []
        else:  # code that is only shown
            plain += [line, *inside, fence]
    return [part for part in [*parts, "\n".join(plain)] if part]


def _until(fence, lines):
    """Take the lines up to the one that closes a fence."""
    inside = []
    while lines:
        line = lines.pop(0)
        if line.strip() and not line.strip().strip(fence[0]) and len(line.strip()) >= len(fence):
            break
        inside.append(line)
    return inside


def _directive(opening, inside):
    options = {}
    while inside and (match := OPTION.match(inside[0])):
        options[match[1]] = match[2]
        inside.pop(0)
    return Directive(opening["name"], opening["title"], options, "\n".join(inside).strip("\n"))


@dataclass
class Book:
    """What a book's labels stand for: numbers of chapters, equations, exercises and theorems.

    Parameters
    ----------
    root : str or Path
        Folder with ``_toc.yml``, ``book/`` and ``pyproject.toml``.
    """

    root: Path
    chapters: dict = field(default_factory=dict)  # number by the name of the file
    titles: dict = field(default_factory=dict)  # of the other pages
    words: dict = field(default_factory=dict)  # (words, name of the file) by label
    cited: dict = field(default_factory=dict)  # (authors, year) by key

    def __post_init__(self):
        self.root = Path(self.root)
        project = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        self.site = re.search(r'^Documentation = "(.+?)/?"$', project, re.M)[1]
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        number = count(1)
        for part in toc["parts"]:
            for file in (entry["file"] for entry in part["chapters"]):
                self._read(file, next(number) if part.get("numbered") else None)
        bibliography = (self.root / "book" / "references.bib").read_text(encoding="utf-8")
        self.cited = {
            entry["key"]: _names_and_year(entry) for entry in ENTRY.finditer(bibliography)
        }

    def _read(self, file, number):
        path = self.root / f"{file}.ipynb"
        if number is None or not path.is_file():
            text = (self.root / f"{file}.md").read_text(encoding="utf-8")
            self.titles[Path(file).name] = re.search(r"^# (.+)$", text, re.M)[1]
            self._read_targets(text, Path(file).name)
            return
        name = path.stem
        self.chapters[name] = number
        counters = {}
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for kind, label in _labels_in(cell):
                counters[kind] = counters.get(kind, 0) + 1
                number_words = f"{number}.{counters[kind]}"
                words = f"({number_words})" if kind == "equation" else f"{kind} {number_words}"
                self.words[label] = words[0].upper() + words[1:], name
            if cell["cell_type"] == "markdown":
                self._read_targets("".join(cell["source"]), name)

    def _read_targets(self, text, name):
        self.words |= {label: (heading, name) for label, heading in TARGET.findall(text)}

    def page(self, name, label=""):
        """Return the address of a page of the book, or of a label on it."""
        return f"{self.site}/book/{name}.html" + (f"#{label}" if label else "")

    def link(self, words, name, here, label=""):
        """Return words that lead to a file of the book, or its label, if it is not this one."""
        if name == here:
            return words
        address = f"{name}.ipynb" if name in self.chapters else self.page(name, label)
        return f"[{words}]({address})"


def _labels_in(cell):
    """Yield (kind, label) of what is numbered in a cell, in order."""
    figure = cell["metadata"].get("mystnb", {}).get("figure", {})
    if "caption" in figure:
        yield "figure", figure.get("name", "")
    if cell["cell_type"] != "markdown":
        return
    text = "".join(cell["source"])
    for part in split_directives(text):
        if isinstance(part, str):
            yield from (("equation", label) for label in EQUATION.findall(part))
            continue
        kind = part.name.removeprefix("prf:")
        if kind in KINDS and part.name.startswith("prf:"):
            yield kind, part.options.get("label", "")
        elif part.name in ("exercise-start", "exercise"):
            yield "exercise", part.options.get("label", "")
        elif part.name == "math" and "label" in part.options:
            yield "equation", part.options["label"]
        yield from _labels_in({"cell_type": "markdown", "metadata": {}, "source": part.body})


def _names_and_year(entry):
    fields = dict(re.findall(r"^\s*(\w+)\s*=\s*\{(.*?)\},?$", entry["fields"], re.M | re.S))
    plain = re.sub(r"\\.\{?|[{}]", "", " ".join(fields["author"].split()))
    names = [name.split(",")[0] for name in plain.split(" and ")]
    if len(names) > 2:
        return f"{names[0]} et al.", fields["year"]
    return " and ".join(names), fields["year"]


def to_plain(text, book, here):
    """Return a text without markup of MyST.

    Parameters
    ----------
    text : str
        Markdown of a cell.
    book : Book
        Whose labels it uses.
    here : str
        Name of the file that it stands in, without ending.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it has a role, a directive or a label that is not known.
    """
    parts = [
        _plain_text(part, book, here)
        if isinstance(part, str)
        else _plain_directive(part, book, here)
        for part in split_directives(text)
    ]
    return re.sub(
        r"\n{3,}", "\n\n", "\n\n".join(part.strip("\n") for part in parts if part.strip())
    )


def _plain_text(text, book, here):
    text = re.sub(r"^\([\w-]+\)=\n", "", text, flags=re.M)

    def numbered(match):
        return "\\tag{" + _words(book, match[1])[0].strip("()") + "}\n$$"

    text = EQUATION.sub(numbered, text)
    return ROLE.sub(lambda match: _plain_role(match, book, here), text)


def _words(book, label):
    if label not in book.words:
        raise ValueError(f"label must be one of the book's; got {label!r}")
    return book.words[label]


def _plain_role(match, book, here):
    role, target = match["role"], match["long"] or match["short"]
    if role == "doc":
        name = Path(target).name
        if name in book.chapters:
            return book.link(match["text"] or f"Chapter {book.chapters[name]}", name, here)
        if name not in book.titles:
            raise ValueError(f"document must be one of the book's; got {target!r}")
        return book.link(match["text"] or book.titles[name], name, here)
    if role in ("eq", "ref", "numref", "prf:ref"):
        words, name = _words(book, target)
        return book.link(match["text"] or words, name, here, target)
    if role == "term":
        return match["text"] or target
    if role.startswith("cite:"):
        return _citation(role, target, book)
    raise ValueError(f"role must be one that can be written plainly; got {match[0]!r}")


def _citation(role, keys, book):
    found = [book.cited[key.strip()] for key in keys.split(",")]
    form = "{} ({})" if role == "cite:t" else "{}, {}"
    words = "; ".join(form.format(*one) for one in found)
    link = f"[{words}]({book.page('bibliography')})"
    return link if role == "cite:t" else f"({link})"


def _plain_directive(part, book, here):
    """Return a directive as Markdown; its body may hold others."""
    if part.name in ("exercise-end", "solution-end"):
        return ""
    body = to_plain(part.body, book, here)
    title = _plain_text(part.title, book, here)
    label = part.options.get("label", "")
    if part.name in ("exercise-start", "exercise"):
        return f"### {_words(book, label)[0]}: {title}\n\n{body}"
    if part.name == "solution-start":
        raise ValueError(f"solutions must be taken out before; got that of {part.title!r}")
    if part.name.startswith("prf:"):
        name = _words(book, label)[0] if label else part.name.removeprefix("prf:").capitalize()
        return _quoted(f"{name} ({title})" if title else name, body)
    if part.name == "dropdown" or "dropdown" in part.options.get("class", ""):
        return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
    if part.name == "admonition":
        return _quoted(title, body)
    if part.name in ("note", "tip", "hint", "important", "warning", "caution", "seealso"):
        return _quoted(part.name.capitalize(), f"{title}\n{body}".strip())
    if part.name == "math":
        tag = f"\n\\tag{{{_words(book, label)[0].strip('()')}}}" if label else ""
        return f"$$\n{part.body}{tag}\n$$"
    if part.name in ("figure", "image"):
        address = book.page("x").replace("x.html", part.title)
        return f"![{part.options.get('alt', '')}]({address})\n\n{body}"
    if part.name in ("raw", "iframe", "interactive"):
        words = body if part.name == "interactive" else ""
        return f"*(An interactive figure: [see the page]({book.page(here)}).)*\n\n{words}".strip()
    raise ValueError(f"directive must be one that can be written plainly; got {part.name!r}")


def _quoted(title, body):
    """Return a box: a quote, or two rules where formulas on lines of their own would break one."""
    text = f"**{title}**\n\n{body}" if title else body
    if "$$" in text or "```" in text:
        return f"---\n\n{text}\n\n---"
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))

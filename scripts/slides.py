"""Make slides of the chapters from what is stored in them; nothing is run.

Usage: python -m scripts.slides FOLDER [NN ...]

Writes FOLDER/NN.html for each chapter, or for those named, and FOLDER/lecture.html, the slides of
the plan for one lecture. Each file is whole: figures, formulas and their font are in it. In the
order of a chapter, these become slides: what one can do afterwards, figures, formulas with a
number, definitions and theorems, interactive figures, "Remember", and the exercises of the
teaching plans. What is written between them becomes notes.

A cell's slide type, which JupyterLab sets in its property inspector, has the last word: "slide"
makes a slide of a cell that would be none (code with what it gave, or text), "subslide" one of what
code gave, without the code, "skip" leaves a cell out, "notes" makes notes of it.
"""

import base64
import re
import sys
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from importlib import import_module
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PIL import Image
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from scripts.formulas import characters, font_with, to_mathml
from scripts.plain_markdown import EQUATION, KINDS, Book, Directive, split_directives, to_plain
from scripts.run_chapters import STARTER
from scripts.student_edition import without_solutions

ROOT = Path(__file__).parents[1]
DARK = ROOT / "_build" / "dark"  # where the pages' dark pictures are kept, too
MOST_LEAD = 420  # letters of the words before a formula
MOST_JOINING = 200  # letters between two formulas that share a slide
MOST_EXERCISES = 3  # of a chapter, on slides of their own
TALLEST = 1.25  # of a picture, in widths; what is taller cannot be read in a hall
WIDEST = 1.2  # pictures that are narrower have their caption at the side
STYLES = {"light": "a11y-high-contrast-light", "dark": "a11y-high-contrast-dark"}
BLOCK = re.compile(r"(^\$\$\n.*?^\$\$(?: \([\w-]+\))?[ ]*$)", re.M | re.S)
HEADING = re.compile(r"^#{2,} (.+)$", re.M)
# What a plan refers to: a place on a page, a formula, an exercise.
PLACE = re.compile(r'href="([\w-]+)\.html#([\w-]+)"|\{eq\}`([\w-]+)`|\{ref\}`([\w-]+)`')


@dataclass
class Slide:
    """One slide: its ids, kind, the heading above, and html of its body and notes."""

    keys: tuple
    kind: str
    part: str
    heading: str
    body: str
    notes: str = ""


class SiteBook(Book):
    """A book whose links lead from the folder of the slides to its pages."""

    def page(self, name, label=""):
        """Return the address of a page, or of a label on it."""
        return f"../book/{name}.html" + (f"#{label}" if label else "")

    def link(self, words, name, here, label=""):
        """Return words that lead to a chapter, or to a label of another page."""
        return f"[{words}]({self.page(name, label if name in self.titles else '')})"


def extension(name):
    """Return one of the book's extensions, which are no package, as a module."""
    folder = str(ROOT / "book" / "_ext")
    if folder not in sys.path:
        sys.path.append(folder)
    return import_module(name)


@cache
def parser():
    """Return the parser of Markdown with formulas."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    return markdown.use(
        dollarmath_plugin, renderer=lambda tex, how: to_mathml(tex, how["display_mode"])
    )


def to_html(text, book, name):
    """Return a text of a chapter as html."""
    return parser().render(to_plain(text, book, name))


def to_words(text, book, name):
    """Return a heading or one line of a text as html, without a paragraph."""
    return parser().renderInline(to_plain(text, book, name))


def image(data, alt):
    """Return a PNG picture as html, in its light and its dark variant."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "light.png")
        path.write_bytes(data)
        dark = extension("figures").dark_variant(path, DARK).read_bytes()
    return "".join(
        f'<img class="on-{theme}" alt="{escape(alt)}" '
        f'src="data:image/png;base64,{base64.b64encode(one).decode()}">'
        for theme, one in (("light", data), ("dark", dark))
    )


def figure(data, alt, caption):
    """Return a picture with its caption as html; None if it is too tall for a slide."""
    with Image.open(BytesIO(data)) as picture:
        width, height = picture.size
    if height > TALLEST * width:
        return None
    shape = "tall" if height * WIDEST > width else "wide"
    pictures = image(data, alt)
    return (
        f'<figure class="{shape}"><div class="pictures">{pictures}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def words_of(data, alt):
    """Return the words under a PNG picture and its alternative text, as on its page."""
    figures = extension("figures")
    with Image.open(BytesIO(data)) as picture:
        return figures.caption_of(picture, alt), figures.alt_of(picture, alt)


def sentences_of(text):
    """Return the sentences of a paragraph."""
    return re.split(r"(?<=[.?!:])\s+(?=[A-Z$])", text.strip())


def last_sentences(text, most=MOST_LEAD):
    """Return the end of a paragraph: as many whole sentences as have at most so many letters.

    Examples
    --------
    >>> last_sentences("One two. Three four. Five six.", 22)
    'Three four. Five six.'
    """
    *sentences, kept = sentences_of(text)
    while sentences and len(sentences[-1]) + 1 + len(kept) <= most:
        kept = f"{sentences.pop()} {kept}"
    return kept


def last_paragraph(text):
    """Return the last paragraph of a text."""
    return text.strip().split("\n\n")[-1]


def words_after(text):
    """Return what goes on with a formula, and what leads to the next one.

    Examples
    --------
    >>> words_after("where $x$ is a prompt. Then")
    ('where $x$ is a prompt.', 'Then')
    >>> words_after("Now, something else.")
    ('', 'Now, something else.')
    """
    first, *others = text.strip().split("\n\n")
    if not first[:1].islower():
        return "", last_paragraph(text)
    if others:
        return last_sentences(first), others[-1]
    rest, *following = sentences_of(first)
    return rest, " ".join(following)


class Deck:
    """The slides of a chapter, made cell by cell.

    Parameters
    ----------
    book : SiteBook
    name : str
        The chapter's file, without ending.
    goals : str
        What one can do afterwards, in verbs, with semicolons between.
    exercises : set of str
        Labels of those that may become slides. The chapter's first ones among them do, or its
        first ones, if none of its own is among them.
    """

    def __init__(self, book, name, goals, exercises):
        self.book, self.name = book, name
        self.number = book.chapters[name]
        self.goals = goals
        self.slides, self.later = [], []
        self.part = ""
        self.n_figures = self.n_interactive = 0
        path = book.root / "book" / f"{name}.ipynb"
        self._read(nbformat.read(path, as_version=4).cells, exercises)

    def _read(self, cells, exercises):
        """Make slides of cells; figures in solutions count, as on the page, and are left out."""
        kept = {cell.id: cell for cell, _ in without_solutions(cells)}
        own = re.findall(r"^:label: (ex[\w-]+)$", "\n".join(c.source for c in kept.values()), re.M)
        planned = [label for label in own if label in exercises] or own
        self.exercises = planned[:MOST_EXERCISES]
        self.title = self._words(re.match("# (.+)", cells[0].source)[1])
        for cell in cells:
            before = self.n_figures
            self.n_figures += len(pictures_of(cell))
            if cell.id in kept:
                self._cell(kept[cell.id], before + 1)
        if self.later:
            items = "".join(f"<li>{item}</li>" for item in self.later)
            self._add("exercises", "more", "More exercises", f"<ul>{items}</ul>")

    def _cell(self, cell, number):
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if cell.cell_type == "code":
            if kind not in ("skip", "notes") and STARTER not in cell.metadata.get("tags", []):
                self._code(cell, number, kind)
        elif kind in ("skip", "notes", "slide"):
            text = self._sections(cell.source)
            if kind == "slide":
                self._add(cell.id, "text", self.part, self._html(text))
            elif kind == "notes":
                self._note(text)
        else:
            self._markdown(cell.source)

    def _html(self, text):
        return to_html(text, self.book, self.name)

    def _words(self, text):
        return to_words(text, self.book, self.name)

    def _add(self, keys, kind, heading, body):
        keys = (keys,) if isinstance(keys, str) else tuple(keys)
        part = "" if heading in (self.part, "Remember") else self.part
        self.slides.append(Slide(keys, kind, part, heading, body))

    def _note(self, text):
        """Add a text to the notes of the slide before it."""
        text = re.sub(r"^\([\w-]+\)=\n?", "", text, flags=re.M)
        if text.strip() and self.slides:
            self.slides[-1].notes += self._html(text)

    def _sections(self, text):
        """Note which section a text begins; return it without headings."""
        for heading in HEADING.findall(text):
            self.part = self._words(heading)
        return re.sub(r"^#+ .+\n?|^\([\w-]+\)=\n", "", text, flags=re.M).strip()

    # --- code -------------------------------------------------------------------------------------

    def _code(self, cell, number, kind):
        if kind in ("slide", "subslide"):
            source = re.sub(r"\n{3,}", "\n\n", cell.source)
            code = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))
            shown = f"<pre><code>{code}</code></pre>" if kind == "slide" else ""
            given = "".join(map(output_html, cell.outputs))
            self._add(cell.id, "code", self.part, shown + given)
        for i, (data, alt) in enumerate(pictures_of(cell), number):
            caption, alt = words_of(data, alt)
            if drawn := figure(data, alt, f"Figure {i}. {escape(caption)}"):
                self._add(f"figure-{i}", "figure", "", drawn)

    # --- text -------------------------------------------------------------------------------------

    def _markdown(self, source):
        exercise = None
        for part in split_directives(source):
            if isinstance(part, Directive):
                if part.name == "exercise-start":
                    exercise = part
                else:
                    self._directive(part)
            elif exercise:
                self._exercise(exercise, part.strip())
                exercise = None
            elif not self.slides:
                self._opening(part)
            else:
                self._text(self._sections_apart(part))

    def _sections_apart(self, text):
        """Yield (heading or None, text below it)."""
        pieces = HEADING.split(text)
        return [(None, pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]

    def _opening(self, text):
        """Make the first slide, of a chapter's title and the words below it."""
        lead = self._html(re.sub(r"^# .+\n", "", text.strip()))
        address = f"{self.book.site}/book/{self.name}.html"
        link = f'<p class="small"><a href="{self.book.page(self.name)}">{address}</a></p>'
        body = f'<div class="lead">{lead}</div>{link}'
        self.slides.append(Slide(("title",), "title", f"Chapter {self.number}", self.title, body))

    def _text(self, sections):
        for heading, text in sections:
            if heading:
                self.part = self._words(heading)
            self._formulas([piece.strip() for piece in BLOCK.split(text)])

    def _formulas(self, pieces):
        """Make slides of numbered formulas, with the words around them; notes of the rest.

        A formula that a few words join to the one before it shares its slide.
        """
        self._note(pieces[0])
        joined, lead = False, last_sentences(last_paragraph(pieces[0]))
        for block, after in zip(pieces[1::2], pieces[2::2], strict=True):
            rest, following = words_after(after)
            text = "\n\n".join([lead, block, rest])
            found = EQUATION.search(block)
            if not found:
                self._note(block)
            elif joined:
                self.slides[-1].body += self._html(text)
                self.slides[-1].keys += (found[1],)
            else:
                self._add(found[1], "formula", self.part, self._html(text))
            self._note(after)
            # What leads to the next one; a formula without a number, if only words join the two.
            lead = last_sentences(following) if following or found else text
            joined = bool(found) and not joined and len(after) < MOST_JOINING

    def _directive(self, part):
        classes = part.options.get("class", "")
        if classes == "learn":
            self._goals(part.body)
        elif classes == "remember":
            self._add("remember", "remember", "Remember", self._html(part.body))
        elif part.name.startswith("prf:") and part.name.removeprefix("prf:") in KINDS:
            label = part.options["label"]
            words = f"{self.book.words[label][0]}: {self._words(part.title)}"
            self._add(label, "statement", words, f"<div>{self._html(part.body)}</div>")
        elif part.name == "interactive":
            self.slides.append(self._interactive(part))
        elif classes == "paper":
            self._note(f"**{part.title}.** {part.body}")

    def _interactive(self, part):
        key = f"interactive-{part.title}-{self.n_interactive}"
        self.n_interactive += 1
        return interactive_slide(key, part, self.book, self.name, self.part)

    def _goals(self, learn):
        items = "".join(f"<li>{self._words(goal)}</li>" for goal in self.goals.split("; "))
        need = re.search(r"\*\*You need\*\* (.+?)(?:\n\n|$)", learn, re.S)
        need = f'<div class="small">{self._html(f"You need {need[1]}")}</div>' if need else ""
        self._add("goals", "goals", "Afterwards you can", f"<ul>{items}</ul>{need}")
        self._note(learn)

    def _exercise(self, part, text):
        label = part.options["label"]
        self.part = "Exercises"
        words = f"{self.book.words[label][0]}: {self._words(part.title)}"
        page = self.book.page(self.name, label)
        if label not in self.exercises:
            level = self._words(text.split("\n")[0].replace("**", ""))
            self.later.append(f'<a href="{page}">{words}</a><br><span class="small">{level}</span>')
            return
        link = f'<p class="small"><a href="{page}">Hints, a cell to begin with, a check</a></p>'
        self._add(label, "exercise", words, self._html(text) + link)


def pictures_of(cell):
    """Return (PNG, text) of the pictures that a cell has drawn."""
    outputs = (output.get("data", {}) for output in cell.get("outputs", []))
    return [
        (base64.b64decode(data["image/png"]), data.get("text/plain", ""))
        for data in outputs
        if "image/png" in data
    ]


def output_html(output):
    """Return what a cell gave, pictures apart, as html."""
    data = output.get("data", {})
    if "image/png" in data:
        return ""
    if "text/html" in data:
        return re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.S)
    return f"<pre>{escape(output.get('text') or data.get('text/plain', ''))}</pre>"


def interactive_slide(key, part, book, name, heading):
    """Return the slide of an interactive figure: its picture, and a link to where it plays."""
    figures = extension("interactive")
    link = f'<a href="{book.page(name, key)}">Play it</a>'
    caption = f"{to_words(' '.join(part.body.split()), book, name)} {link}"
    data = (figures.FOLDER / f"{part.title}.png").read_bytes()
    drawn = figure(data, figures.numbers(part.title)["alt"], caption)
    return Slide((key,), "figure", heading, "", drawn)


# --- decks ----------------------------------------------------------------------------------------


def goals_of(teaching):
    """Return {name of a chapter: what one can do afterwards} of the page for teachers."""
    rows = plan(teaching, "What students can do afterwards")
    return dict(re.findall(r"^\| \d+ \| \{doc\}`([\w-]+)` \| (.+?) \|", rows, re.M))


def plan(teaching, title):
    """Return the text of a plan of the page for teachers, from its heading to the next one."""
    return re.search(rf"^## {title}\n(.*?)(?=^## )", teaching, re.M | re.S)[1]


def lecture(book, decks, teaching):
    """Return the slides of the plan for one lecture, in its order, under the plan's words."""
    known = {
        (deck.name, key): slide for deck in decks for slide in deck.slides for key in slide.keys
    }
    known |= {key: slide for (_, key), slide in known.items() if not key.startswith("figure-")}
    page = (book.root / "book" / "intro.md").read_text(encoding="utf-8")
    parts = [part for part in split_directives(page) if isinstance(part, Directive)]
    for i, part in enumerate(part for part in parts if part.name == "interactive"):
        key = f"interactive-{part.title}-{i}"
        known["intro", key] = interactive_slide(key, part, book, "intro", "")
    text = plan(teaching, "One lecture: 90 minutes")
    aim = re.search(r"^The aim: (.+?)\n\n", text, re.M | re.S)[1]
    aim = to_html(aim[:1].upper() + aim[1:], book, "teaching")
    first = f'<div class="lead">{aim}</div><p class="small">{book.site}</p>'
    slides = [Slide(("title",), "title", "One lecture", "Universal Model Routing", first)]
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", text, re.M)
    rows += [("", "To take home", re.search(r"^To take home: (.+)$", text, re.M)[1])]
    for minutes, words, shown in rows:
        part = to_words(re.sub(r"[;:] .*\{eq\}.*", "", words), book, "teaching")
        part += f" · {minutes} minutes" if minutes else ""
        for name, key, *labels in PLACE.findall(f"{words} {shown}"):
            slide = known[(name, key) if name else "".join(labels)]
            slides.append(replace(slide, part=part, keys=(f"slide-{len(slides) + 1}",)))
    return slides


def code_style():
    """Return the colours of code, light and dark."""
    rules = {theme: HtmlFormatter(style=style) for theme, style in STYLES.items()}
    return "\n".join(
        line
        for theme, formatter in rules.items()
        for line in formatter.get_style_defs(f"[data-theme={theme}] pre").split("\n")
        if "{ color:" in line
    )


def write(folder, name, title, slides, font):
    """Write a deck as one file."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined
    )
    page = environment.get_template("slides.html").render(
        title=title, slides=slides, font=font, code_style=code_style()
    )
    (folder / f"{name}.html").write_text(page, encoding="utf-8")


def write_decks(root, folder, words=()):
    """Write the decks of a book's chapters, and of the lecture if all are made.

    Parameters
    ----------
    root, folder : Path
    words : list of str, default ()
        Numbers of chapters, with two digits; all, if there are none.

    Returns
    -------
    list of str
        Names of the files, without ending.
    """
    book = SiteBook(root)
    teaching = (root / "book" / "teaching.md").read_text(encoding="utf-8")
    goals, chosen = goals_of(teaching), set(re.findall(r"\{ref\}`(ex[\w-]+)`", teaching))
    names = [name for name in book.chapters if not words or name[:2] in words]
    if not names:
        raise ValueError(f"words must be numbers of chapters, such as 04; got {' '.join(words)}")
    decks = [Deck(book, name, goals[name], chosen) for name in names]
    made = {deck.name[:2]: (f"{deck.number}. {deck.title}", deck.slides) for deck in decks}
    if not words:
        made["lecture"] = "One lecture", lecture(book, decks, teaching)
    html = "".join(f"{s.heading}{s.body}{s.notes}" for _, slides in made.values() for s in slides)
    font = font_with(characters(html))
    folder.mkdir(parents=True, exist_ok=True)
    for name, (title, slides) in made.items():
        write(folder, name, title, slides, font)
    return list(made)


def main():
    """Write the decks into the folder named on the command line."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, *words = sys.argv[1:]
    names = write_decks(ROOT, Path(folder), words)
    print(f"{len(names)} decks of slides in {folder}")


if __name__ == "__main__":
    main()

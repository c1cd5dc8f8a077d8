"""The index of topics: `book/index.yml` says where the book has them, the index page shows them.

An entry is `topic: places` or `topic; subtopic: places`, the main place first. A place is

- a section, `05#how-many-clusters`: the number of the chapter, or the name of another page, and the
  section as its address has it;
- a whole page, `"05"` or `ledger`;
- `see` or `see also` and another topic.

Words of the glossary are topics as well, and what they mean comes last. Places are shown by the
numbers of sections, as a printed index shows pages. Whoever renames a section is told which
entries point to it: by the tests, and by a warning when the pages are built.
"""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util import logging

FILE = "book/index.yml"
TERM = "term-"  # how the addresses of glossary entries begin
GLOSSARY = "glossary"  # what stands for them
# What stands for a page that has no number.
SHORT = {
    "cheat-sheet": "cheat sheet",
    "intro": "front page",
    "ledger": "ledger",
    "notation": "notation",
    "teaching": "teaching",
    "theory-for-engineers": "theory",
}
logger = logging.getLogger(__name__)


@dataclass
class Entry:
    """A line of the index: links to places, ("see" or "see also", topic), lines below it."""

    links: list = field(default_factory=list)
    refers: list = field(default_factory=list)
    below: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A place as the index shows it: what it is called, the title there, and its address."""

    label: str
    title: str
    address: str


def read_topics(path):
    """Return {(topic, subtopic or ""): tuple of places}, as a file says it.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of tuple to tuple of str

    Raises
    ------
    ValueError
        If a topic has no place, or one that is a number.
    """
    topics = {}
    for words, places in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        topic, _, below = (part.strip() for part in str(words).partition(";"))
        places = places if isinstance(places, list) else [places]
        if not places or not all(isinstance(place, str) for place in places):
            raise ValueError(f'the places of "{words}" must be texts, as "05" is; got {places}')
        topics[topic, below] = tuple(places)
    return topics


def reference(place):
    """Return ("see" or "see also", topic) of a place that is another topic, or None."""
    for words in ("see also ", "see "):
        if place.startswith(words):
            return words.strip(), place.removeprefix(words)
    return None


def page_of(place, pages):
    """Return (page, section or "") of a place; the page is None if there is none.

    Parameters
    ----------
    place : str
    pages : iterable of str
        Names of the book's pages, `05-kmeans-clusters`.

    Returns
    -------
    tuple of (str or None, str)
    """
    name, _, section = place.partition("#")
    fits = [page for page in pages if page == name or page.startswith(f"{name}-")]
    exact = [page for page in fits if page == name]
    return (*(exact or fits), None)[0], section


def problems(topics, sections):
    """Return what is wrong with the entries, a line for each, which names the entry.

    Parameters
    ----------
    topics : dict
        What `read_topics` returns.
    sections : dict of str to collection of str
        The sections of each page.

    Returns
    -------
    list of str
    """
    found = []
    for words, places in topics.items():
        name = "; ".join(filter(None, words))
        for place in places:
            page, section = page_of(place, sections)
            if reference(place):
                other = reference(place)[1]
                if not any(topic == other for topic, _ in topics):
                    found.append(f'"{name}" refers to "{other}", which is no topic')
            elif page is None:
                found.append(f'"{name}" points to "{place}": there is no such page')
            elif section and section not in sections[page]:
                found.append(f'"{name}" points to "{place}": the page has no such section')
    return [f"{FILE}: {line}" for line in found]


def compose(topics, terms, link):
    """Return the lines of the index.

    Parameters
    ----------
    topics : dict
        What `read_topics` returns.
    terms : dict of str to Link
        The words of the glossary.
    link : callable
        Makes a `Link` of a place.

    Returns
    -------
    dict of str to Entry
    """
    lines = {}
    for (topic, below), places in topics.items():
        entry = lines.setdefault(topic, Entry())
        entry = entry.below.setdefault(below, Entry()) if below else entry
        entry.refers += filter(None, map(reference, places))
        entry.links += [link(place) for place in places if not reference(place)]
    for term, one in terms.items():
        lines.setdefault(term, Entry()).links.append(one)
    return lines


def sort_key(words):
    """Return what an entry is sorted by: letters without accents or case, others as they are."""
    plain = unicodedata.normalize("NFD", words.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)), words


def letter_of(words):
    """Return the letter under which an entry stands, or "0" for what begins with none."""
    first = sort_key(words)[0][:1].upper()
    return first if first.isalpha() else "0"


def by_letter(lines):
    """Return [(letter, [(words, entry)])] in the order of the alphabet."""
    letters = {}
    for words in sorted(lines, key=sort_key):
        lines[words].below = dict(sorted(lines[words].below.items(), key=lambda x: sort_key(x[0])))
        letters.setdefault(letter_of(words), []).append((words, lines[words]))
    return sorted(letters.items())


def names_only(entries):
    """Return Sphinx's index without words of the glossary and without the list of modules."""

    def kept(links):
        return [one for one in links if f"#{TERM}" not in one[1]]

    letters = []
    for letter, words in entries:
        left = [
            (word, (kept(links), below, key))
            for word, (links, below, key) in words
            if (below or kept(links)) and word != "module"
        ]
        letters += [(letter, left)] if left else []
    return letters


class Places:
    """The pages and sections of a book that has been read."""

    def __init__(self, app):
        self.env, self.builder = app.env, app.builder
        self.docs = {name.rpartition("/")[2]: name for name in self.env.found_docs}
        self.titles = {page: dict(self._read(name)) for page, name in self.docs.items()}

    def _read(self, name):
        """Give (section, title) of each section of a page."""
        for line in self.env.tocs[name].findall(nodes.reference):
            if line.get("refuri") == name:
                yield line["anchorname"].removeprefix("#"), line.astext()

    def label(self, page, section):
        """Return the number of a section, or what stands for its page."""
        numbers = self.env.toc_secnumbers.get(self.docs[page], {})
        number = numbers.get(f"#{section}" if section else "")
        return ".".join(map(str, number)) if number else SHORT.get(page, page)

    def address(self, page, section):
        """Return the address as the index page links to it."""
        address = self.builder.get_relative_uri("genindex", self.docs[page])
        return f"{address}#{section}" if section else address

    def link(self, place):
        """Return a place as a link."""
        page, section = page_of(place, self.docs)
        title = self.titles[page].get(section) or self.env.titles[self.docs[page]].astext()
        return Link(self.label(page, section), title, self.address(page, section))

    def terms(self):
        """Return {word: link} of the glossary."""
        found = {}
        for name, entries in self.env.get_domain("index").entries.items():
            for _, word, target, *_ in entries:
                if target.startswith(TERM):
                    page = name.rpartition("/")[2]
                    address = self.address(page, target)
                    found[word] = Link(GLOSSARY, "what the word means", address)
        return found


def fill_page(app, name, template, context, doctree):
    """Put the topics on the index page; warn of each that leads nowhere."""
    if name == "genindex" and app.builder.format == "html":
        places, topics = Places(app), read_topics(Path(app.srcdir) / FILE)
        wrong = problems(topics, places.titles)
        for line in wrong:
            logger.warning(line)
        if not wrong:
            context["topics"] = by_letter(compose(topics, places.terms(), places.link))
            context["names"] = names_only(context["genindexentries"])


def note_file(app, name, source):
    """Make the first page depend on the file, so that a changed index is written anew."""
    if name == app.config.root_doc:
        app.env.note_dependency(FILE)


def setup(app):
    """Register what fills the index page."""
    app.connect("html-page-context", fill_page)
    app.connect("source-read", note_file)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

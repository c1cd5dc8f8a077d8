"""The index: every topic leads to a section that is there, and every chapter has topics."""

import io
import json
import re
from collections import Counter

import jinja2
import pytest
import yaml
from docutils.nodes import make_id
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from tests.book.extensions import FOLDER, load

topics = load("topics")

ROOT = FOLDER.parents[1]
TOPICS = topics.read_topics(ROOT / topics.FILE)
MOST_PLACES = 4
LEAST_TOPICS = 3  # of a chapter
HEADING = re.compile(r"^#{1,5} (.+)$", re.M)
FENCED = re.compile(r"^ *(`{3,}).*?^ *\1", re.M | re.S)


def text_of(path):
    """Return the Markdown of a page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return FENCED.sub("", text)


def pages():
    """Return {page: path} of the book, in its order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    names = [toc["root"], *(one["file"] for part in toc["parts"] for one in part["chapters"])]
    paths = [next(ROOT.glob(f"{name}.*")) for name in names]
    return {path.stem: path for path in paths}


SECTIONS = {
    page: set(map(make_id, HEADING.findall(text_of(path)))) for page, path in pages().items()
}
CHAPTERS = [page for page, path in pages().items() if path.suffix == ".ipynb"]


def places():
    return [place for all_of in TOPICS.values() for place in all_of if not topics.reference(place)]


def test_every_entry_leads_to_a_section():
    assert topics.problems(TOPICS, SECTIONS) == []


@pytest.mark.parametrize("page", [*CHAPTERS, "ledger", "teaching", "theory-for-engineers"])
def test_every_page_has_topics(page):
    found = [place for place in places() if topics.page_of(place, SECTIONS)[0] == page]
    assert len(found) >= LEAST_TOPICS


def test_an_entry_has_few_places_and_each_once():
    for words, found in TOPICS.items():
        resolved = [topics.page_of(place, SECTIONS) for place in found if "see " not in place]
        assert len(resolved) <= MOST_PLACES, words
        assert len(set(resolved)) == len(resolved), words
        # Sections of pages without numbers look alike.
        unnumbered = [page for page, _ in resolved if page not in CHAPTERS]
        assert len(set(unnumbered)) == len(unnumbered), words


def test_whoever_is_sent_on_arrives():
    """No "see" leads to an entry that has nothing but another "see"."""
    for words, found in TOPICS.items():
        for place in filter(topics.reference, found):
            other = topics.reference(place)[1]
            assert other != words[0]
            ends = [p for (topic, _), all_of in TOPICS.items() if topic == other for p in all_of]
            assert not all(map(topics.reference, ends)), words


def test_the_file_is_in_alphabetical_order_without_doubles():
    text = (ROOT / topics.FILE).read_text(encoding="utf-8")
    lines = re.findall(r'^"?([^#\s"].*?)"?: ', text, re.M)
    words = [line.lower().replace(";", "\0") for line in lines]
    assert words == sorted(words) and len(lines) == len(TOPICS)


def test_topics_differ_in_more_than_case():
    counts = Counter(topic.lower() for topic in {topic for topic, _ in TOPICS})
    assert counts.most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("05#gone", 'index.yml: "K; choice of" points to "05#gone": the page has no such section'),
        ("99", 'index.yml: "K; choice of" points to "99": there is no such page'),
        ("see clusters", 'index.yml: "K; choice of" refers to "clusters", which is no topic'),
    ],
)
def test_a_place_that_has_gone_is_named_with_its_entry(place, message):
    entries = {("K", "choice of"): ("05#here", place)}
    (found,) = topics.problems(entries, {"05-clusters": {"here"}})
    assert found.endswith(message)


@pytest.mark.parametrize("wrong", ["05", "[5, 06#a]", "", "[]"])
def test_places_are_texts(tmp_path, wrong):
    (tmp_path / "index.yml").write_text(f"area: {wrong}\n")
    with pytest.raises(ValueError, match=r'places of "area" must be .*; got'):
        topics.read_topics(tmp_path / "index.yml")


def test_a_page_is_named_by_its_number_or_in_full():
    names = ["05-kmeans-clusters", "ledger", "ledger-of-others"]
    assert topics.page_of("05#how-many", names) == ("05-kmeans-clusters", "how-many")
    assert topics.page_of("ledger", names) == ("ledger", "")
    assert topics.page_of("06", names) == (None, "")


def test_lines_are_sorted_by_letters_and_glossary_words_join():
    entries = {("K", ""): ("1",), ("eta", ""): ("2",), ("0-1 loss", ""): ("3",)}
    entries |= {("Émile", ""): ("see K",), ("K", "b"): ("4",), ("K", "A"): ("5",)}
    lines = topics.compose(entries, {"eta": "what eta is", "kind": "what a kind is"}, str)
    letters = topics.by_letter(lines)
    assert [(letter, [words for words, _ in all_of]) for letter, all_of in letters] == [
        ("0", ["0-1 loss"]),
        ("E", ["Émile", "eta"]),
        ("K", ["K", "kind"]),
    ]
    assert lines["eta"].links == ["2", "what eta is"]
    assert lines["Émile"].refers == [("see", "K")] and not lines["Émile"].links
    assert list(lines["K"].below) == ["A", "b"]


def test_names_are_what_is_no_word_of_the_glossary():
    entry = [("", "api.html#uniroute.area")]
    index = [
        ("A", [("area", ([("", "n.html#term-area")], [], None)), ("area()", (entry, [], None))]),
        ("M", [("module", ([], [("uniroute", entry)], None))]),
    ]
    assert topics.names_only(index) == [("A", [("area()", (entry, [], None))])]


def template():
    source = (ROOT / "book" / "_templates" / "genindex.html").read_text(encoding="utf-8")
    layout = "{% block body %}{% endblock %}"
    loader = jinja2.DictLoader({"layout.html": layout, "genindex.html": source})
    return jinja2.Environment(loader=loader).get_template("genindex.html")


def test_the_page_shows_places_and_links_to_what_it_refers_to():
    link = topics.Link("5.7", "How many?", "05.html#how-many")
    entries = {
        ("a & b", ""): ("05",),
        ("c", "d"): ("05", "05"),
        ("e", ""): ("05", "see also a & b"),
    }
    letters = topics.by_letter(topics.compose(entries, {}, lambda place: link))
    names = [("F", [("f() (in module m)", ([("", "api.html#m.f")], [], None))])]
    text = template().render(topics=letters, names=names)
    place = '<a class="place" href="05.html#how-many" title="How many?">5.7</a>'
    assert f'<li id="topic-a-&amp;-b">a &amp; b {place}</li>' in text
    assert f"<li>d {place}, {place}</li>" in text
    assert f'e {place}; <em>see also</em> <a href="#topic-a-&amp;-b">a &amp; b</a></li>' in text
    assert '<a href="api.html#m.f"><code>f()</code></a> <small>in module m</small>' in text
    for letter in "ACE":
        assert f'href="#topics-{letter}"' in text and f'id="topics-{letter}"' in text


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a book of one chapter with an index, and returns warnings."""
    (tmp_path / "book").mkdir()
    files = {
        "conf.py": f"""import sys
sys.path.insert(0, {str(FOLDER)!r})
extensions = ["topics"]
templates_path = [{str(ROOT / "book" / "_templates")!r}]
root_doc = "book/intro"
""",
        "book/intro.rst": "Book\n====\n.. toctree::\n  :numbered:\n\n  05-clusters\n  notation\n",
        "book/05-clusters.rst": "Clusters\n========\n\nHow many?\n---------\n\nSome.\n",
        "book/notation.rst": "Words\n=====\n.. glossary::\n\n   area\n      A mean.\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def run(index):
        (tmp_path / "book" / "index.yml").write_text(index)
        warnings, out = io.StringIO(), tmp_path / "out"
        with patch_docutils(), docutils_namespace():
            app = Sphinx(tmp_path, tmp_path, out, out, "html", None, None, warnings)
            app.build()
        return warnings.getvalue(), (out / "genindex.html").read_text()

    return run


def test_a_book_is_built_with_its_index_and_again_when_that_changes(build):
    warnings, text = build("K; choice of: 05#how-many\narea: ['05']\n")
    assert not warnings
    numbered = '<a class="place" href="book/05-clusters.html#how-many" title="How many?">1.1</a>'
    assert f"choice of {numbered}" in text
    assert 'title="Clusters">1</a>, <a class="place" href="book/notation.html#term-area"' in text
    warnings, text = build("size: ['05']\n")
    assert not warnings and "size <a" in text and "choice of" not in text


def test_a_wrong_entry_is_a_warning_which_names_it(build):
    warnings, _ = build("K; choice of: 05#gone\n")
    assert '"K; choice of" points to "05#gone"' in warnings

"""Decks of slides: every chapter has one, whole in one file, of what the chapter holds."""

import base64
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from scripts import slides
from scripts.formulas import characters, font_with, to_mathml
from tests.book.extensions import load

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("[0-9]*.ipynb"))
NAMES = [*(name[:2] for name in CHAPTERS), "lecture"]
MARKUP = re.compile(r"^:::|\{[a-z:]+\}`|^\([\w-]+\)=$|\\(?:begin|frac|Psi|lambda)\b|\$", re.M)


class Page(HTMLParser):
    """Slides by id: kind, text and pictures; and what the page would load."""

    def __init__(self, text):
        super().__init__()
        self.slides, self.loads, self.silent = {}, [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "section":
            self.now = self.slides[attrs["id"]] = {"kind": attrs["class"], "text": "", "images": []}
        if tag == "img":
            self.now["images"].append(attrs)
        self.loads += [attrs[key] for key in ("src", "srcset", "data", "poster") if attrs.get(key)]
        self.loads += [attrs["href"]] if tag == "link" else []
        if tag in ("pre", "code", "script", "style"):
            self.silent = tag

    def handle_endtag(self, tag):
        self.silent = None if tag == self.silent else self.silent

    def handle_data(self, data):
        if self.slides and not self.silent:
            self.now["text"] += data


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """The book's decks; the light pictures stand for the dark ones, which take long to make."""
    folder = tmp_path_factory.mktemp("slides")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load("figures"), "dark_variant", lambda path, folder: path)
        assert slides.write_decks(ROOT, folder) == NAMES
    texts = {name: (folder / f"{name}.html").read_text(encoding="utf-8") for name in NAMES}
    return {name: (text, Page(text)) for name, text in texts.items()}


def drawn_in(name):
    """Return the pictures that a chapter's cells have drawn."""
    cells = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4).cells
    return [picture for cell in cells for picture in slides.pictures_of(cell)]


@pytest.mark.parametrize("name", NAMES)
def test_a_deck_is_whole(decks, name):
    text, page = decks[name]
    assert all(address.startswith("data:image/png;base64,") for address in page.loads)
    assert not re.search(r"@import|<link|<script[^>]+src|url\((?!data:)", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_deck_has_the_length_of_a_talk(decks, name):
    assert 10 <= len(decks[name][1].slides) <= 26


@pytest.mark.parametrize("name", CHAPTERS)
def test_each_figure_is_the_chapter_s_of_that_number(decks, name):
    pictures = drawn_in(name)
    figures = load("interactive").FOLDER.glob("*.png")
    stills = {base64.b64encode(path.read_bytes()).decode() for path in figures}
    found = 0
    for key, slide in decks[name[:2]][1].slides.items():
        for image in slide["images"]:
            data = image["src"].removeprefix("data:image/png;base64,")
            if key.startswith("figure-"):
                picture, alt = pictures[int(key.removeprefix("figure-")) - 1]
                assert base64.b64decode(data) == picture
                assert image["alt"] == slides.words_of(picture, alt)[1]
                found += 1
            else:
                assert key.startswith("interactive-") and data in stills and image["alt"]
    assert found or not pictures


@pytest.mark.parametrize("name", NAMES)
def test_formulas_and_markup_are_set(decks, name):
    for key, slide in decks[name][1].slides.items():
        assert not MARKUP.findall(slide["text"]), key


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_s_deck_begins_and_ends_as_it_should(decks, name):
    page = decks[name[:2]][1]
    kinds = [slide["kind"] for slide in page.slides.values()]
    assert kinds[:2] == ["title", "goals"]
    assert kinds.count("remember") == 1
    after = kinds[kinds.index("remember") + 1 :]
    assert "exercise" in after and set(after) <= {"exercise", "more"}
    text = (ROOT / "book" / f"{name}.ipynb").read_text(encoding="utf-8")
    for label in re.findall(r":::\{solution-start\} (ex[\w-]+)", text):
        named = f"../book/{name}.html#{label}"
        assert named in decks[name[:2]][0]


def test_the_lecture_follows_its_plan(decks):
    """Each formula, figure and exercise of the plan, in its order."""
    teaching = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
    plan = slides.plan(teaching, "One lecture: 90 minutes")
    assert len(decks["lecture"][1].slides) == 1 + len(slides.PLACE.findall(plan))
    minutes = re.findall(r"^\| (\d+) \|", plan, re.M)
    assert sum(map(int, minutes)) == 90
    for slide in list(decks["lecture"][1].slides.values())[1:-1]:
        assert re.search(rf" · ({'|'.join(minutes)}) minutes", slide["text"])


def test_plans_link_to_decks():
    teaching = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
    linked = re.findall(r'href="\.\./slides/(\w+)\.html"', teaching)
    assert set(linked) == set(NAMES)


# --- a small chapter ------------------------------------------------------------------------------

PARTS = {
    "first": "# A title\n\nA question?\n\n:::{admonition} In this chapter\n:class: learn\n"
    "**You will learn** much.\n\n**You need** nothing.\n:::",
    "text": "## Part one\n\nBefore.\n\nLet $x$ be\n\n$$\nx = 1 ,\n$$ (eq01-x)\n\nwhere 1 is one."
    "\n\nAfter.",
    "both": "## Part two\n\nFirst\n\n$$\na\n$$ (eq01-a)\n\nand so\n\n$$\nb\n$$ (eq01-b)\n\nEnd.",
    "statement": ":::{prf:theorem} Known\n:label: thm01\nAll is $x$.\n:::\n\n"
    ":::{admonition} Proof\n:class: dropdown\nSecret.\n:::",
    "remember": ":::{admonition} Remember\n:class: remember\n- One.\n:::\n\n## Exercises",
    "exercise": ":::{exercise-start} Count\n:label: ex01-count\n:::\n**Level 1 of 3**\n\nCount $x$."
    "\n\n:::{dropdown} Hint 1\nHidden.\n:::",
    "end": ":::{exercise-end}\n:::",
    "solution": ":::{solution-start} ex01-count\n:::\nSolved.\n\n:::{solution-end}\n:::",
}


def png(width, height):
    """Return a white picture."""
    buffer = BytesIO()
    Image.new("RGB", (width, height), "white").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def drawing(width, height, text):
    """Return what a cell that draws gives."""
    data = {"image/png": png(width, height), "text/plain": text}
    return [nbformat.v4.new_output("execute_result", data)]


def make_deck(root, *cells, exercises=()):
    """Return the deck of a book's only chapter, of the parts above and other cells."""
    (root / "book").mkdir(exist_ok=True)
    (root / "_toc.yml").write_text(
        "root: book/intro\nparts: [{numbered: true, chapters: [{file: book/01-one}]}]"
    )
    (root / "pyproject.toml").write_text('Documentation = "https://example.org/"\n')
    (root / "book" / "references.bib").write_text("")
    parts = [new_markdown_cell(text, id=key) for key, text in PARTS.items()]
    parts[5:5] = cells
    nbformat.write(new_notebook(cells=parts), root / "book" / "01-one.ipynb")
    return slides.Deck(slides.SiteBook(root), "01-one", "see; say $y$", set(exercises))


@pytest.fixture
def light_only(monkeypatch):
    monkeypatch.setattr(load("figures"), "dark_variant", lambda path, folder: path)


def test_slides_of_a_small_chapter(tmp_path):
    found = {slide.keys: slide for slide in make_deck(tmp_path).slides}
    assert list(found) == [
        ("title",),
        ("goals",),
        ("eq01-x",),
        ("eq01-a", "eq01-b"),
        ("thm01",),
        ("remember",),
        ("ex01-count",),
    ]
    goals = found["goals",]
    assert "<li>see</li><li>say " in goals.body and "You need nothing." in goals.body
    one = found["eq01-x",]
    assert (one.part, one.heading) == ("", "Part one")
    words = re.sub(r"<[^>]*>", "", re.sub(r"<math.*?</math>", "M", one.body)).split("\n")
    assert [line for line in words if line] == ["Let M be", "M(1.1)", "where 1 is one."]
    assert '<span class="number">(1.1)</span>' in one.body
    assert "After." in one.notes
    assert found["thm01",].heading == "Theorem 1.1: Known"
    assert "Secret" not in "".join(slide.body + slide.notes for slide in found.values())
    exercise = found["ex01-count",]
    assert (
        exercise.heading == "Exercise 1.1: Count"
        and "../book/01-one.html#ex01-count" in exercise.body
    )
    assert "Hidden" not in exercise.body and "Solved" not in exercise.body


def test_slide_types_have_the_last_word(tmp_path, light_only):
    def cell(source, kind, make=new_code_cell, **more):
        return make(source, metadata={"slideshow": {"slide_type": kind}}, **more)

    drawn = drawing(300, 200, "lines. More.")
    cells = [
        new_code_cell("1 + 1", id="quiet"),
        cell("a = 1\n\n\nprint(a)", "slide", id="code"),
        cell("draw()", "skip", id="skipped", outputs=drawn),
        cell(
            "hidden()",
            "subslide",
            id="given",
            outputs=[nbformat.v4.new_output("stream", text="seen")],
        ),
        new_code_cell("draw()", id="drawn", outputs=drawn),
        cell("## Part three\n\nSaid.", "slide", new_markdown_cell, id="said"),
        cell("Whispered.", "notes", new_markdown_cell, id="whispered"),
    ]
    found = {slide.keys[0]: slide for slide in make_deck(tmp_path, *cells).slides}
    assert list(found)[5:9] == ["remember", "code", "given", "figure-2"]
    assert found["code"].body.count("\n\n") == 1
    assert "seen" in found["given"].body and "hidden" not in found["given"].body
    assert "Figure 2. Lines." in found["figure-2"].body
    assert found["said"].heading == "Part three" and "Said." in found["said"].body
    assert "Whispered." in found["said"].notes and "Whispered." not in found["said"].body


@pytest.mark.parametrize(
    ("height", "shape"), [(500, "wide"), (950, "tall"), (1200, "tall"), (1300, None)]
)
def test_pictures_too_tall_for_a_hall_are_left_out(light_only, height, shape):
    found = slides.figure(base64.b64decode(png(1000, height)), "alt", "words")
    assert found is None if shape is None else f'<figure class="{shape}">' in found


def test_a_picture_has_a_dark_variant(monkeypatch, tmp_path):
    monkeypatch.setattr(slides, "DARK", tmp_path)
    light, dark = re.findall(r"base64,([^\"]+)", slides.image(base64.b64decode(png(4, 2)), "<a>"))
    images = [Image.open(BytesIO(base64.b64decode(one))).convert("RGB") for one in (light, dark)]
    assert images[0].getpixel((0, 0)) == (255, 255, 255)
    assert images[1].getpixel((0, 0)) == tuple(load("dark").rgb_of(load("dark").PAGE))


def test_planned_exercises_come_first(tmp_path):
    deck = make_deck(tmp_path, exercises=["ex01-other"])
    assert deck.exercises == ["ex01-count"]


def test_unknown_chapters_are_refused(tmp_path):
    with pytest.raises(ValueError, match="words must be numbers of chapters, such as 04; got 99"):
        slides.write_decks(ROOT, tmp_path, ["99"])


# --- formulas -------------------------------------------------------------------------------------


def test_formulas_become_mathml():
    found = to_mathml(r"\frac{a}{b} \tag{4.2}", True)
    assert found.startswith('<math display="block"><mfrac>')
    assert found.endswith('</math><span class="number">(4.2)</span>')


def test_a_font_has_what_is_wanted_and_what_is_drawn():
    from fontTools.ttLib import TTFont

    def glyphs(wanted):
        data = base64.b64decode(font_with(wanted).removeprefix("data:font/woff;base64,"))
        return TTFont(BytesIO(data))

    small, larger = glyphs({"Ψ"}), glyphs(characters("<math><mi>Ψ</mi><mo>∑</mo></math> ∏"))
    assert "MATH" in small
    assert {ord(one) for one in "Ψ√"} <= set(small.getBestCmap())
    assert ord("∑") in larger.getBestCmap() and ord("∏") not in larger.getBestCmap()

"""The pages for teachers name what is there, and the code of the cheat sheet runs."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tests.book.extensions import load

BOOK = Path(__file__).parents[2] / "book"
CHAPTERS = {path.stem: path for path in sorted(BOOK.glob("*.ipynb"))}
PAGES = ("teaching", "cheat-sheet")


def page(name):
    """Return the text of a page."""
    return (BOOK / f"{name}.md").read_text(encoding="utf-8")


def pictures(path):
    """Return what the pictures that the cells of a chapter draw, its figures, say."""
    outputs = (out for cell in nbformat.read(path, 4).cells for out in cell.get("outputs", []))
    data = [out.get("data", {}) for out in outputs]
    return [shown["text/plain"] for shown in data if "image/png" in shown]


def prose(path):
    """Return what a chapter's author wrote."""
    return "\n".join(cell.source for cell in nbformat.read(path, 4).cells)


@pytest.fixture(scope="module")
def written():
    """All chapters as text."""
    return "\n".join(map(prose, CHAPTERS.values()))


def test_every_chapter_has_objectives_in_order():
    rows = re.findall(r"^\| (\d+) \| \{doc\}`([^`]+)` \| [a-z]", page("teaching"), re.M)
    assert [name for _, name in rows] == list(CHAPTERS)
    assert all(int(number) == int(name[:2]) for number, name in rows)


@pytest.mark.parametrize("name", PAGES)
def test_labels_are_those_of_the_chapters(name, written):
    for label in re.findall(r"\{ref\}`([^`]+)`", page(name)):
        assert f":label: {label}\n" in written, label
    for label in re.findall(r"\{eq\}`([^`]+)`", page(name)):
        assert f"$$ ({label})" in written, label


def test_figures_are_the_ones_that_are_meant():
    """A link's title is how the figure's text begins: a new picture moves the numbers."""
    links = re.findall(r'<a href="([^"]+)\.html#figure-(\d+)" title="([^"]+)">', page("teaching"))
    assert len(links) == page("teaching").count("#figure-") > 10
    for name, number, title in links:
        assert pictures(CHAPTERS[name])[int(number) - 1].startswith(title), (name, number)


def test_interactive_figures_are_there():
    links = re.findall(r'<a href="([^"]+)\.html#interactive-([a-z]+)-(\d)">', page("teaching"))
    assert links
    for name, figure, place in links:
        text = page(name) if name == "intro" else prose(CHAPTERS[name])
        assert re.findall(r"^```\{interactive\} (\w+)", text, re.M)[int(place)] == figure


def test_twelve_sessions_have_what_they_need():
    """Each chapter comes with, or after, those that its "You need" names."""
    parts = load("chapter_map").read_parts(BOOK.parent)
    needs = {chapter.number: chapter.needs for _, chapters in parts for chapter in chapters}
    (plan,) = re.findall(r"^## Twelve sessions\n(.*?)^## ", page("teaching"), re.M | re.S)
    rows = re.findall(r"^\| \d+ \|.*", plan, re.M)
    assert len(rows) == 12
    seen = set()
    for row in rows:
        new = {int(number) for number in re.findall(r"\{doc\}`(\d\d)-", row)}
        seen |= new
        assert seen >= {need for number in new for need in needs[number]}, row


def test_the_code_of_the_cheat_sheet_is_short_and_runs():
    (code,) = re.findall(r"```python\n(.*?)```", page("cheat-sheet"), re.S)
    lines = [line for line in code.splitlines() if line]
    assert len(lines) <= 10 and max(map(len, lines)) <= 88
    names = {}
    exec(code, names)
    router, test = names["router"], names["test"]
    assert router.llms_[-1] == "huge" and set(names["choice"]) <= set(names["names"])
    score = router.predict_loss(test.X) + 0.01 * router.costs_
    np.testing.assert_array_equal(names["choice"], np.array(router.llms_)[score.argmin(axis=1)])
    assert 0.5 < names["area"] < 1

"""Links between equations and functions lead both ways."""

import re
from pathlib import Path

import nbformat
import pytest

from tests.book.extensions import load

equations = load("equations")

BOOK = Path(__file__).parents[2] / "book"


def chapter_text(label):
    (path,) = BOOK.glob(f"{label[2:4]}-*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize(("number", "label"), equations.LABELS.items())
def test_the_book_has_the_equation_and_says_which_of_the_paper_s_it_is(number, label):
    text = chapter_text(label)
    assert f"$$ ({label})" in text
    assert re.search(r"\bEqs?\.\s", text)


@pytest.mark.parametrize(("number", "label"), equations.LABELS.items())
def test_there_and_back(number, label):
    """The functions under an equation name it, and their docstrings link to it."""
    names = equations.names_of(label)
    assert names or number in (7,), "no function names it"
    for name in names:
        assert name in equations.functions()[number]


def test_numbers_are_read_with_what_is_between():
    assert equations.numbers("Eq. (8) to (10) of the paper") == [8, 9, 10]
    assert equations.numbers("Eq. (2) and (8); Eqs. (3) and (4).") == [2, 3, 4, 8]
    assert equations.numbers("Section 6 (3)") == []


def test_a_docstring_says_where_the_book_has_its_equation():
    lines = ["Eq. (2) for a static pool, Eq. (21) no more.", "", "Eqs. (3)", "and (4)."]
    equations.add_links(None, "function", "f", test_there_and_back, {}, lines)
    assert lines == [
        "Eq. (2) [here :eq:`eq02-rule`] for a static pool, Eq. (21) no more.",
        "",
        "Eqs. (3)",
        "and (4) [here :eq:`eq02-linear`, :eq:`eq02-knn`].",
    ]


def test_names_are_written_with_their_class():
    assert equations.shown("uniroute.UniRoute.fit") == "UniRoute.fit"
    assert equations.shown("uniroute_lab.theory.excess") == "excess"

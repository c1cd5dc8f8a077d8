"""A picture says what its data say, is the same file each time, and leaves nothing behind."""

import inspect
import io

import matplotlib
import numpy as np
import pytest
from matplotlib import image
from matplotlib import pyplot as plt

from tests.uniroute_lab.plot.cases import CASES, draw
from uniroute_lab import plot
from uniroute_lab.plot.picture import number

CHANGES = [(name, change) for name, (_, changes) in CASES.items() for change in changes]


def read(picture):
    return image.imread(io.BytesIO(picture._repr_png_()))


def test_every_function_has_a_case():
    assert set(CASES) == set(plot.__all__) - {"METHODS", "Picture"}


@pytest.mark.parametrize(
    ("name", "change"), CHANGES, ids=[f"{name}-{'-'.join(change)}" for name, change in CHANGES]
)
def test_the_text_follows_the_data(name, change):
    assert draw(name).text != draw(name, **change).text


# Those with several panels take their titles from the data.
TITLED = [name for name in CASES if "title" in inspect.signature(getattr(plot, name)).parameters]


@pytest.mark.parametrize("name", TITLED)
def test_a_title_changes_the_picture_and_not_the_text(name):
    plain, titled = draw(name), draw(name, title="a title")
    assert plain.text == titled.text
    titles = [axes.get_title(loc="left") for axes in titled.figure.axes]
    assert [*titles, titled.figure.get_suptitle()].count("a title") == 1
    assert plain._repr_png_() != titled._repr_png_()


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_what_a_notebook_stores(name):
    picture = draw(name)
    assert repr(picture) == picture.text
    assert picture.text.endswith(".") and "\n" not in picture.text
    assert "nan" not in picture.text and "inf" not in picture.text


@pytest.mark.parametrize("name", CASES)
def test_drawn_twice_it_is_the_same_file(name):
    first = draw(name)
    assert first._repr_png_() == first._repr_png_() == draw(name)._repr_png_()


@pytest.mark.parametrize("name", CASES)
def test_it_is_opaque_and_not_empty(name):
    pixels = read(draw(name))
    assert (pixels[0, 0] == 1).all(), "white and opaque, so that it can be read on a dark page"
    assert (pixels[..., 3] == 1).all()
    assert 0.005 < (pixels[..., :3].min(axis=2) < 0.9).mean() < 0.9


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_left_behind(name):
    settings, figures = dict(matplotlib.rcParams), plt.get_fignums()
    draw(name)._repr_png_()
    assert plt.get_fignums() == figures
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_save(tmp_path, suffix):
    path = tmp_path / f"picture.{suffix}"
    draw("lines").save(path)
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (1e-14, "0"), (999.6, "1000"), (1234.5, "1230"), (2e6, "2e+06")],
)
def test_numbers_have_three_digits_and_thousands_in_full(value, text):
    assert number(value) == text


# Whose lines stand for functions: compared with them, every line, in the tests of their files.
FUNCTIONS = {"against_bound", "all_routers", "deferral_curves", "envelope", "lines", "llm_pool"}
FUNCTIONS |= {"mean_curves"}


@pytest.mark.parametrize("name", sorted(set(CASES) - FUNCTIONS))
def test_other_lines_are_upright_level_or_mere_markers(name):
    """They are intervals, branches and marks, and no scale could bend them."""
    for axes in draw(name).figure.axes:
        for line in axes.lines:
            steps = np.abs(np.diff(line.get_path().vertices, axis=0))
            assert line.get_linestyle() == "None" or (steps.min(axis=1) == 0).all()

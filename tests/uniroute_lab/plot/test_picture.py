"""A picture says what its data say, is the same file each time, and leaves nothing behind."""

import inspect
import io
import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import image
from matplotlib import pyplot as plt
from matplotlib.text import Text
from PIL import Image

from tests.uniroute_lab.plot.cases import CASES, draw
from uniroute import paired_difference
from uniroute_lab import plot
from uniroute_lab.plot.picture import DPI, LONG, SMALLEST, number

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


# What a page makes of it.


def test_a_caption_is_the_text_s_first_sentence_unless_one_is_given():
    picture = draw("differences")
    assert picture.caption.startswith("Area gained, with confidence intervals. ")
    note = picture.caption.removeprefix("Area gained, with confidence intervals. ")
    assert picture.captioned("K-NN gains\n most").caption == f"K-NN gains most. {note}"
    assert picture.text == draw("differences").text, "it is another text"
    with pytest.raises(ValueError, match="words must say something; got ' '"):
        picture.captioned(" ")


@pytest.mark.parametrize("name", CASES)
def test_every_picture_has_a_caption(name):
    caption = draw(name).caption
    assert caption.endswith(".") and not caption.endswith("..") and not caption[0].islower()


LEVEL = re.compile(r"\b[\d.]+ % intervals about \w+")
BANDS = {"K": [1, 2] * 3, "UniRoute": [0.5, 0.75, 0.6, 0.7, 0.7, 0.8]}
WITH_INTERVALS = {
    "differences": {},
    "forest": {},
    "intervals": {"level": 0.9, "about": "new prompts"},
    "lines": {"table": BANDS, "error": ("t", 0.95)},
    "mean_curves": {},
}


def has_intervals(figure):
    """Say whether there is a see-through band in a figure, or a bar through a mark."""
    for axes in figure.axes:
        bands = [one for one in axes.collections if "FillBetween" in type(one).__name__]
        if any(band.get_alpha() is not None and band.get_alpha() < 0.5 for band in bands):
            return True
        lines = [line.get_xydata() for line in axes.lines]
        marks = {tuple(place[0]) for place in lines if len(place) == 1}
        flat = [line for line in lines if len(line) == 2 and line[0, 1] == line[1, 1]]
        if any(a[0] <= x <= b[0] and a[1] == y for a, b in flat for x, y in marks):
            return True
    return False


@pytest.mark.parametrize("name", CASES)
def test_a_picture_with_intervals_says_their_level_and_what_they_are_about(name):
    picture = draw(name, **WITH_INTERVALS.get(name, {}))
    assert has_intervals(picture.figure) == (name in WITH_INTERVALS)
    assert bool(LEVEL.search(picture.captioned("Words.").caption)) == (name in WITH_INTERVALS)


@pytest.mark.parametrize("name", CASES)
def test_the_file_knows_its_size_and_caption(name):
    picture = draw(name)
    file = Image.open(io.BytesIO(picture._repr_png_()))
    assert file.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
    assert file.text == {"Caption": picture.caption}
    assert file.width == pytest.approx(DPI * picture.figure.get_figwidth(), abs=1)


@pytest.mark.parametrize("name", CASES)
def test_text_is_not_small(name):
    figure = draw(name).figure
    assert min(text.get_fontsize() for text in figure.findobj(Text)) >= SMALLEST


def test_a_long_title_goes_on_in_a_second_line_within_the_picture():
    figure = draw("differences", title="a finding that takes many words " * 4).figure
    figure.savefig(io.BytesIO())
    box = figure._suptitle.get_window_extent()
    assert 0 <= box.x0 and box.x1 <= figure.bbox.width
    assert box.height > 2 * figure._suptitle.get_fontsize() * figure.dpi / 72


def test_a_long_name_at_the_side_is_folded():
    name = "a pool with a long name: UniRoute (K-means)"
    found = {name: paired_difference([0.5, 0.75], [0.5, 0.5])}
    (axes,) = draw("differences", found=found).figure.axes
    (label,) = [label.get_text() for label in axes.get_yticklabels()]
    assert label.replace("\n", " ") == name and max(map(len, label.split("\n"))) <= LONG


def test_a_long_name_without_room_stays_in_one_line():
    names = [f"{i}: a name that is longer than a line" for i in range(12)]
    table = pd.DataFrame(np.ones((12, 1)), names)
    labels = plot.heatmap(table, "ones").figure.axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == names


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

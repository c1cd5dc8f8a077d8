"""Files of few colours: what is drawn in one colour keeps it."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.uniroute_lab.plot.cases import CASES, draw
from uniroute_lab.plot.png import few_colours, write_png


def colours(image):
    """Return colours and how many pixels have each."""
    found, counts = np.unique(np.asarray(image).reshape(-1, 3), axis=0, return_counts=True)
    return {tuple(colour): count for colour, count in zip(found.tolist(), counts, strict=True)}


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_few_colours_are_kept_as_they_are(n_colours, seed):
    rng = np.random.default_rng(seed)
    palette = rng.choice(256, (n_colours, 3))
    pixels = palette[rng.integers(n_colours, size=(20, 30))].astype(np.uint8)
    small = few_colours(Image.fromarray(pixels)).convert("RGB")
    assert np.abs(np.asarray(small).astype(int) - pixels).max() < 64
    assert set(colours(small)) <= set(colours(pixels)), "a colour that nobody drew"


@pytest.mark.parametrize("name", CASES)
def test_lines_and_areas_keep_their_colours(name):
    picture = draw(name)
    plain = io.BytesIO()
    picture.figure.savefig(plain, dpi=144)
    drawn = Image.open(plain).convert("RGB")
    kept = few_colours(drawn).convert("RGB")
    frequent = {colour for colour, n in colours(drawn).items() if n > 0.001 * drawn.size[0] ** 2}
    assert frequent <= set(colours(kept))
    error = np.asarray(drawn).astype(float) - np.asarray(kept)
    assert np.sqrt((error**2).mean()) < 1, "in levels of 255"


def test_a_file_is_the_same_each_time_and_bears_its_caption():
    source = io.BytesIO()
    Image.new("RGB", (3, 2), "#0072B2").save(source, "png")
    first = write_png(source, 288, "A blue – page.")
    assert first == write_png(source, 288, "A blue – page.")
    file = Image.open(io.BytesIO(first))
    assert file.text == {"Caption": "A blue – page."} and file.mode == "P"
    assert "Caption" not in Image.open(io.BytesIO(write_png(source, 288))).text

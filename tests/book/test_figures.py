"""What a page makes of a picture: its size, its caption, its dark variant."""

import pytest
from PIL import Image, PngImagePlugin

from tests.book.extensions import load

figures = load("figures")


@pytest.fixture
def path(tmp_path):
    words = PngImagePlugin.PngInfo()
    words.add_itxt("Caption", "More is better. 95 % intervals.")
    Image.new("RGB", (576, 288), "white").save(tmp_path / "a.png", dpi=(288, 288), pnginfo=words)
    return tmp_path / "a.png"


def test_the_size_is_that_of_the_paper(path):
    with Image.open(path) as image:
        assert figures.size_on_page(image) == [192, 96]
    assert figures.size_on_page(Image.new("RGB", (10, 20))) == [10, 20]


def test_the_caption_is_the_file_s_else_the_beginning_of_its_text(path):
    with Image.open(path) as image:
        assert figures.caption_of(image, "a. b.") == "More is better. 95 % intervals."
    image = Image.new("RGB", (1, 1))
    assert figures.caption_of(image, "area, by K: 0.5 at 1. More.") == "Area, by K."
    assert figures.caption_of(image, "") == ""


def test_the_dark_variant_is_made_once(path, tmp_path):
    first = figures.dark_variant(path, tmp_path / "dark")
    assert Image.open(first).convert("RGB").getpixel((0, 0)) == (18, 18, 18)
    made = first.stat().st_mtime_ns
    assert figures.dark_variant(path, tmp_path / "dark") == first
    assert first.stat().st_mtime_ns == made
    Image.new("RGB", (2, 2), "black").save(path)
    assert figures.dark_variant(path, tmp_path / "dark") != first

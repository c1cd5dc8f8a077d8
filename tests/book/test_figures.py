"""What a page makes of a picture: its size, its caption, its dark variant."""

import base64
import io

import nbformat
import pytest
from PIL import Image, PngImagePlugin

from tests.book.extensions import load
from tests.book.test_book import CHAPTERS

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


@pytest.mark.parametrize(
    ("alt", "expected"),
    [
        ("area. K-NN: 0.5.", "area. K-NN: 0.5. 95 % intervals."),
        ("area, 95 % intervals. K-NN: 0.5.", "area, 95 % intervals. K-NN: 0.5."),
    ],
)
def test_the_alternative_text_says_the_level_once(path, alt, expected):
    with Image.open(path) as image:
        assert figures.alt_of(image, alt) == expected
        assert figures.alt_of(image, expected) == expected
    assert figures.alt_of(Image.new("RGB", (1, 1)), alt) == alt


@pytest.mark.parametrize("path", CHAPTERS, ids=[path.stem for path in CHAPTERS])
def test_alternative_texts_say_of_intervals_what_captions_say(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if "image/png" not in (data := output.get("data", {})):
                continue
            image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
            caption, alt = image.text["Caption"], data["text/plain"]
            assert figures.alt_of(image, alt).startswith(alt)
            for note in [*figures.LEVEL.finditer(caption)][-1:]:
                words = caption[note.start() :].removesuffix(".")
                assert words in figures.alt_of(image, alt)


def test_the_dark_variant_is_made_once(path, tmp_path):
    first = figures.dark_variant(path, tmp_path / "dark")
    assert Image.open(first).convert("RGB").getpixel((0, 0)) == (18, 18, 18)
    made = first.stat().st_mtime_ns
    assert figures.dark_variant(path, tmp_path / "dark") == first
    assert first.stat().st_mtime_ns == made
    Image.new("RGB", (2, 2), "black").save(path)
    assert figures.dark_variant(path, tmp_path / "dark") != first

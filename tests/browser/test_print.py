"""What is made to be printed fits its sheet: `make check-pages`."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

PAGE = Path(__file__).resolve().parents[2] / "_build" / "html" / "book" / "cheat-sheet.html"
MARGINS = ["10mm", "0.5in"]  # what browsers leave at each side
SMALLEST = 10.5  # CSS pixels of what is read, about 8 points


@pytest.fixture(scope="module", params=["light", "dark"])
def cheat_sheet(browser, request):
    if not PAGE.is_file():
        pytest.skip("no built pages: run make html first")
    page = browser.new_page(color_scheme=request.param, offline=True)
    page.goto(PAGE.as_uri())
    page.evaluate("() => window.MathJax?.startup.promise.then(() => null)")
    yield page
    page.close()


@pytest.mark.parametrize("margin", MARGINS)
def test_the_cheat_sheet_is_one_sheet(cheat_sheet, margin):
    sides = dict.fromkeys(("top", "bottom", "left", "right"), margin)
    data = cheat_sheet.pdf(format="A4", margin=sides, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1


def test_the_cheat_sheet_can_be_read(cheat_sheet):
    cheat_sheet.emulate_media(media="print")
    sizes = cheat_sheet.evaluate(
        """() => [...document.querySelectorAll("#cheat-sheet :is(p, li)")]
            .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    )
    cheat_sheet.emulate_media(media="screen")
    assert min(sizes) >= SMALLEST


def test_pages_are_printed_in_light(cheat_sheet):
    theme = "() => document.documentElement.dataset.theme"
    before = cheat_sheet.evaluate(theme)
    cheat_sheet.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert cheat_sheet.evaluate(theme) == "light"
    cheat_sheet.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert cheat_sheet.evaluate(theme) == before

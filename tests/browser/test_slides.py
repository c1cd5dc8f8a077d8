"""The decks of slides in headless Chromium, opened from their files: `make check-pages`."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).resolve().parents[2] / "_build" / "html" / "slides"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))
SMALLEST = 0.7  # of a slide's text, against its usual size: a 28th of the slide's height

# Slides on which something is cut off, or reaches out of the slide.
TOO_LARGE = """() => [...document.querySelectorAll("section")].filter(slide => {
    const body = slide.querySelector(".body"), frame = slide.getBoundingClientRect();
    const cut = body.scrollHeight > body.clientHeight + 1
        || body.scrollWidth > body.clientWidth + 1;
    const inside = e => {
        const box = e.getBoundingClientRect();
        return box.left > frame.left - 1 && box.right < frame.right + 1
            && box.top > frame.top - 1 && box.bottom < frame.bottom + 1;
    };
    const shown = [...slide.querySelectorAll(".stage *")].filter(e => e.checkVisibility());
    return cut || !shown.every(inside);
}).map(slide => slide.id)"""
TOO_SMALL = """least => [...document.querySelectorAll(".body")]
    .filter(e => (getComputedStyle(e).getPropertyValue("--fit") || 1) < least)
    .map(e => e.closest("section").id)"""
# Formulas that take no room, or hold an error; whether their own font is there.
UNSET_FORMULAS = """() => [...document.querySelectorAll(".stage math")].filter(e => {
    const box = e.getBoundingClientRect();
    return !box.width || !box.height || e.querySelector("merror");
}).map(e => e.outerHTML.slice(0, 200))"""
FONT = """() => [...document.fonts].filter(e => e.family === "formulas").map(e => e.status)"""
# Pictures that do not show, or have no words.
BLANK = """theme => [...document.querySelectorAll("img")]
    .filter(e => e.checkVisibility() !== e.classList.contains("on-" + theme)
        || e.checkVisibility() && !e.naturalWidth || !e.alt)
    .map(e => e.closest("section").id)"""


@pytest.fixture
def deck(browser, request):
    """Open a deck; at the end nothing may have gone wrong and nothing been asked for."""
    if not NAMES:
        pytest.skip("no slides: run make html, or make slides, first")
    troubles = []
    size = {"width": 1280, "height": 720}
    page = browser.new_page(viewport=size, color_scheme="light", offline=True)
    page.on("console", lambda m: m.type == "error" and troubles.append(f"console: {m.text}"))
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    address = (FOLDER / f"{request.param}.html").as_uri()
    page.on(
        "request",
        lambda r: r.url.startswith((address, "data:")) or troubles.append(f"asks: {r.url}"),
    )
    page.goto(address)
    page.evaluate("() => document.fonts.ready.then(() => null)")
    yield page
    page.close()
    assert not troubles


@pytest.mark.parametrize("deck", NAMES or ["none"], indirect=True)
def test_a_deck(deck):
    assert not deck.evaluate(TOO_LARGE)
    assert not deck.evaluate(TOO_SMALL, SMALLEST)
    assert not deck.evaluate(UNSET_FORMULAS)
    if deck.locator(".stage math").count():
        assert deck.evaluate(FONT) == ["loaded"]
    for theme, rules in (("light", {}), ("dark", {"values": ["color-contrast"], "type": "rule"})):
        assert deck.evaluate("() => document.documentElement.dataset.theme") == theme
        assert not deck.evaluate(BLANK, theme)
        only = rules or ["wcag2a", "wcag2aa"]
        options = {"runOnly": only, "resultTypes": ["violations"], "preload": False}
        found = Axe().run(deck, options=options).response["violations"]
        assert not [one for one in found if one["impact"] in ("serious", "critical")]
        deck.keyboard.press("d")


@pytest.mark.parametrize("deck", NAMES[-1:] or ["none"], indirect=True)
def test_a_slide_is_printed_on_a_sheet(deck):
    data = deck.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == deck.locator("section").count()


@pytest.mark.parametrize("deck", NAMES[:1] or ["none"], indirect=True)
@pytest.mark.parametrize("size", [(1280, 720), (1024, 768), (400, 700)])
def test_slides_are_turned_by_keys(deck, size):
    deck.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    ids = deck.evaluate("() => [...document.querySelectorAll('section')].map(e => e.id)")
    presses = {"ArrowRight": 1, " ": 2, "PageUp": 1, "End": len(ids) - 1, "ArrowRight ": -1}
    for key, place in presses.items():
        deck.keyboard.press(key.strip() or " ")
        deck.wait_for_function("id => location.hash === '#' + id", arg=ids[place])
        top = deck.locator(f"[id='{ids[place]}']").evaluate("e => e.getBoundingClientRect().top")
        assert abs(top) < 1
    deck.keyboard.press("Home")
    deck.keyboard.press("ArrowRight")
    notes = deck.locator(f"[id='{ids[1]}'] .notes")
    assert not notes.is_visible()
    deck.keyboard.press("n")
    assert notes.is_visible()
    assert not deck.evaluate(TOO_LARGE)

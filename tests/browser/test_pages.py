"""Every built page in headless Chromium, wide and narrow, light and dark: `make check-pages`.

A page is opened once and seen in four ways, since opening is what takes the time. What depends on
the theme alone (colours) is looked at in both; what depends on the width alone, in both widths.
"""

import functools
import http.server
import threading
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
PAGES = sorted(
    str(path.relative_to(SITE))
    for path in SITE.rglob("*.html")
    if path.relative_to(SITE).parts[0] not in ("_static", "slides")
    and 'http-equiv="Refresh"' not in path.read_text()
)
WIDTHS = (1400, 400)
MOST_BYTES = 3_000_000  # of a page with its pictures, besides what is fetched once for all pages
SMALLEST = 8.5  # CSS pixels of a picture's smallest text, which is of 10 points

# Formulas that MathJax has not set, or has set as an error.
UNSET_FORMULAS = """() => [...document.querySelectorAll(".math")]
    .filter(e => !e.querySelector("mjx-container") || e.querySelector("mjx-merror"))
    .map(e => e.textContent.slice(0, 80))"""
# What reaches over the right edge of a window that scrolls sideways, unless in a scrolled part.
TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const clipped = e =>
        e && (getComputedStyle(e).overflowX !== "visible" || clipped(e.parentElement));
    return [...document.querySelectorAll("main *")]
        .filter(e => e.getBoundingClientRect().right > width + 1 && !clipped(e.parentElement))
        .map(e => e.outerHTML.slice(0, 100)).concat("the page"); }"""
# Code of a chapter that one has to move sideways to read. Outputs may be wide.
WIDE_CODE = """() => [...document.querySelectorAll(".cell_input pre")]
    .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.textContent.split("\\n").sort((a, b) => b.length - a.length)[0])"""
# Pictures without words, or with another variant than the theme's, and those shown too small.
WITHOUT_WORDS = """() => [...document.querySelectorAll("main img")]
    .filter(e => !e.alt).map(e => e.src)"""
OTHER_VARIANT = """theme => [...document.querySelectorAll("img.picture")]
    .filter(e => e.checkVisibility() !== (e.classList.contains("on-" + theme) && !e.hidden))
    .filter(e => e.parentElement.checkVisibility()).map(e => e.src)"""
TOO_SMALL = """least => [...document.querySelectorAll("img.picture")]
    .filter(e => e.clientWidth)
    .map(e => e.clientWidth / e.getAttribute("width") * 10 * 96 / 72)
    .filter(size => size < least)"""
# Pictures of the text's width that a phone cuts off; wide ones, and those in a box, may be moved
# sideways.
CUT_OFF = """() => [...document.querySelectorAll("figure > img.picture")]
    .filter(e => e.clientWidth && parseInt(e.style.getPropertyValue("--width")) < 600)
    .filter(e => !e.closest(".admonition"))
    .filter(e => e.parentElement.scrollWidth > e.parentElement.clientWidth + 1).map(e => e.src)"""
SET_THEME = "theme => { document.documentElement.dataset.theme = theme; }"
# Fetch what waits until it is seen, so that its bytes count and its failures show.
FETCH_ALL = """() => Promise.all([...document.images]
    .filter(e => e.checkVisibility()).map(e => { e.loading = "eager"; return e.decode()
    .catch(() => null); })).then(() => null)"""
# Rules of axe whose answer depends on the colours, and those that depend on the width.
BY_THEME = ["color-contrast"]
BY_WIDTH = ["scrollable-region-focusable", "meta-viewport", "region"]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def address():
    if not PAGES:
        pytest.skip("no built pages: run make html first")
    handler = functools.partial(QuietHandler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def context(address, browser):
    """One window for all pages, so that what they share is fetched and compiled once."""
    size = {"width": WIDTHS[0], "height": 900}
    with browser.new_context(viewport=size, color_scheme="light") as context:
        context.route(
            lambda url: not url.startswith((address, "data:", "blob:")),
            lambda route: route.abort(),
        )
        yield context


@pytest.fixture(params=PAGES or ["none"])
def visit(context, address, request):
    """Open a page; return it and what went wrong while it loaded, and afterwards."""
    page = context.new_page()
    troubles = []
    page.on("console", lambda m: m.type == "error" and troubles.append(f"console: {m.text}"))
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    page.on("response", lambda r: r.status >= 400 and troubles.append(f"{r.status}: {r.url}"))
    page.on("requestfailed", lambda r: troubles.append(f"failed: {r.url}"))
    page.goto(f"{address}/{request.param}", wait_until="load")
    page.evaluate("() => window.MathJax?.startup.promise.then(() => null)")
    page.evaluate(FETCH_ALL)
    yield page, troubles
    page.close()


def bytes_of(page, address):
    """Return how much a reader fetches for a page, besides what all pages share."""
    found = page.evaluate("() => performance.getEntriesByType('resource').map(e => e.name)")
    paths = {SITE / url.removeprefix(f"{address}/").split("?")[0] for url in [page.url, *found]}
    own = [path for path in paths if path.is_file() and "_static" not in path.parts]
    return sum(path.stat().st_size for path in own)


def barriers(page, rules=None):
    """Return what axe finds serious, by all its rules of WCAG or by some."""
    kind = {"type": "rule", "values": rules} if rules else ["wcag2a", "wcag2aa"]
    # Preloading would fetch style sheets again, at addresses that it makes up.
    options = {"runOnly": kind, "resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response
    return [
        (barrier["id"], [node["html"][:200] for node in barrier["nodes"]][:3])
        for barrier in found["violations"]
        if barrier["impact"] in ("serious", "critical")
    ]


def test_page(visit, address):
    page, troubles = visit
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"
    assert not page.evaluate(UNSET_FORMULAS)
    assert not page.evaluate(WITHOUT_WORDS)
    assert not page.evaluate(WIDE_CODE)
    assert bytes_of(page, address) < MOST_BYTES
    for theme in ("light", "dark"):
        page.evaluate(SET_THEME, theme)
        assert not page.evaluate(OTHER_VARIANT, theme)
        page.evaluate(FETCH_ALL)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(500)  # the theme waits, then sees which boxes scroll
            assert not page.evaluate(TOO_WIDE)
            assert not page.evaluate(TOO_SMALL, SMALLEST)
            assert not page.evaluate(CUT_OFF)
            if width == WIDTHS[0]:
                assert not barriers(page, None if theme == "light" else BY_THEME)
            elif theme == "light":
                assert not barriers(page, BY_WIDTH)
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    assert not troubles


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_theme_is_the_reader_s(context, address, theme):
    page = context.new_page()
    page.emulate_media(color_scheme=theme)
    page.goto(f"{address}/{PAGES[0]}")
    assert page.evaluate("() => document.documentElement.dataset.theme") == theme
    page.close()


def test_a_dark_picture_lies_on_a_ground_of_its_colour(context, address):
    """The page's colour is the theme's; that of the pictures is in book/_ext/dark.py."""
    from tests.book.extensions import load

    dark = load("dark")
    page = context.new_page()
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/{next(name for name in PAGES if '01-' in name or '-' in name)}")
    found = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert found == f"rgb({', '.join(map(str, dark.rgb_of(dark.PAGE)))})"
    page.close()

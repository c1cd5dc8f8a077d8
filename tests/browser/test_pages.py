"""Every built page in headless Chromium, wide and narrow, light and dark: `make check-pages`."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.browser

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
PAGES = sorted(
    str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if "_static" not in path.parts
)
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)

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
def browser():
    if CHROMIUM is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture(params=[1400, 400])
def context(browser, theme, request):
    with browser.new_context(
        viewport={"width": request.param, "height": 900}, color_scheme=theme
    ) as context:
        yield context


@pytest.fixture(params=PAGES or ["none"])
def visit(context, address, request):
    """Open a page; return it and what went wrong while it loaded."""
    page = context.new_page()
    troubles = []
    page.on("console", lambda m: m.type == "error" and troubles.append(f"console: {m.text}"))
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    page.on("response", lambda r: r.status >= 400 and troubles.append(f"{r.status}: {r.url}"))
    page.on("requestfailed", lambda r: troubles.append(f"failed: {r.url}"))

    def refuse(route):
        troubles.append(f"from outside: {route.request.url}")
        route.abort()

    page.route(lambda url: not url.startswith((address, "data:")), refuse)
    page.goto(f"{address}/{request.param}", wait_until="networkidle")
    return page, troubles


def test_page(visit, theme):
    page, troubles = visit
    page.evaluate("() => window.MathJax?.startup.promise.then(() => null)")
    unset, wide = page.evaluate(UNSET_FORMULAS), page.evaluate(TOO_WIDE)
    assert page.evaluate("() => document.documentElement.dataset.theme") == theme
    assert not troubles
    assert not unset
    assert not wide
    barriers = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert not [
        (barrier["id"], [node["html"][:200] for node in barrier["nodes"]][:3])
        for barrier in barriers
        if barrier["impact"] in ("serious", "critical")
    ]

"""Print a built site as one PDF with a table of contents, by a Chromium without a window.

Usage: python -m scripts.print_book SITE FILE

Each page is opened, so that its formulas are set. What it shows is put into one document, in the
order of _toc.yml, the index last: pictures in light, interactive figures as their pictures,
everything folded opened. Links between pages lead to places in the PDF. CHROMIUM names the browser,
where it is not found.
"""

import html
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import yaml
from playwright.sync_api import sync_playwright

from uniroute import __version__

ROOT = Path(__file__).parents[1]
INDEX = "genindex.html"  # in no table of contents
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 60  # for the formulas of a page
MOST_SECONDS = 900  # for all pages at once
FORMULAS_ARE_SET = """() => [...document.querySelectorAll(".math")]
    .every(e => e.querySelector("mjx-container"))"""
# What a page shows on paper, with ids that tell which page they are of.
TAKE = """([page, pages, root, online]) => {
    document.documentElement.dataset.theme = "light";
    const article = document.querySelector("article");
    const all = selector => [...article.querySelectorAll(selector)];
    all("figure.interactive").forEach(e => {
        e.querySelector(".interactive-stage")?.remove();
        e.querySelectorAll("img").forEach(image => { image.hidden = false; });
    });
    all("script, .headerlink, .copybtn, .toggle-button, .on-dark, mjx-assistive-mml")
        .forEach(e => e.remove());
    all("details").forEach(e => { e.open = true; });
    all(".toggle-hidden").forEach(e => e.classList.remove("toggle-hidden"));
    all("img").forEach(e => { e.loading = "eager"; e.src = e.src; });
    all("a[href]").forEach(e => {
        const [address, place] = e.href.split("#");
        if (!address.startsWith(root)) return;
        const name = address.slice(root.length);
        if (!pages.includes(name)) e.href = online + name + (place ? "#" + place : "");
        else e.setAttribute("href", "#" + name + (place ? "--" + decodeURIComponent(place) : ""));
    });
    all("[id]").forEach(e => { e.id = page + "--" + e.id; });
    const sheets = [...document.querySelectorAll("link[rel=stylesheet]")].map(e => e.href);
    const styles = [...document.querySelectorAll("style")]
        .map(e => [...e.sheet.cssRules].map(rule => rule.cssText).join("\\n"));
    const title = article.querySelector("h1").cloneNode(true);
    return { html: article.innerHTML, title: title.textContent.trim(), sheets, styles };
}"""
# What is wider than the sheet, which cannot be scrolled, is drawn smaller.
FIT = """() => document.querySelectorAll("table, div.math").forEach(e => {
    const box = e.tagName === "TABLE" ? e.parentElement : e;
    const [there, needed] = [box.clientWidth, box.scrollWidth];
    if (there && needed > there) box.style.zoom = 0.99 * there / needed;
})"""
# An empty line first: a heading that begins a page is twice in Chromium's outline.
STYLE = """
html { font-size: 13px; scroll-padding: 0; }
article.page::before, nav.of-book::before { content: ""; display: block; height: 1px; }
body { background: white; display: block; }
article.page, nav.of-book { break-before: page; max-width: none; }
pre { white-space: pre-wrap !important; overflow: visible !important; }
.cell_output, .cell_output .output, .bd-content, div.math, .pst-scrollable-table-container,
figure { overflow: visible !important; }
h1, h2, h3, h4, dt, p.rubric, p.claim, summary, .admonition-title, .cell_input {
  break-after: avoid;
}
h1, h2, h3, h4, .admonition-title, img, figure, .cell_input, .sd-card, table.dataframe,
details.cite { break-inside: avoid; }
div.admonition:is(.exercise, .solution) { break-inside: auto; }
img { max-width: 100%; max-height: 200mm; object-fit: contain; object-position: left; }
html[data-theme] .bd-article img.picture.picture { min-width: 0; width: calc(0.9 * var(--width)); }
figure, .cell_input, table { max-width: 100%; }
table.dataframe { font-size: 0.9em; }
tr { break-inside: avoid; }
dl.field-list { display: block !important; }
.cell details > summary { display: none !important; }
nav.of-book li { list-style: none; margin: 0.3em 0; }
.cover { padding-top: 30vh; text-align: center; text-wrap: balance; }
"""
FOOTER = """<div style="font-size: 8px; width: 100%; text-align: center;">
<span class="pageNumber"></span></div>"""
MARGIN = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
SHEET = {"width": 672, "height": 986}  # A4 without its margins, in CSS pixels


def read_contents(path):
    """Return (caption or None, names of files without ending) of each part of a book.

    Parameters
    ----------
    path : Path
        Of a _toc.yml.

    Returns
    -------
    list of (str or None, list of str)
    """
    toc = yaml.safe_load(path.read_text(encoding="utf-8"))
    parts = [(part.get("caption"), files(part)) for part in toc.get("parts", [])]
    return [(None, [toc["root"], *files(toc)]), *parts]


def files(part):
    """Return the files of a part, those below a file after it."""
    found = []
    for key in ("chapters", "sections"):
        for one in part.get(key, []):
            found += [one["file"]] if "file" in one else []
            found += files(one)
    return found


def find_chromium():
    """Return the path of a Chromium; leave if there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    return found or sys.exit("Chromium is needed; CHROMIUM may name it")


@contextmanager
def browser_page():
    """Give a page of a browser without a window and without a network, in light."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_context(offline=True, color_scheme="light").new_page()
        page.set_default_timeout(1000 * MOST_SECONDS)
        yield page
        browser.close()


def take(browser_page, site, name, names, online):
    """Return what one page shows: its html, title, style sheets and styles."""
    browser_page.goto((site / name).as_uri())
    browser_page.wait_for_function(FORMULAS_ARE_SET, timeout=1000 * SECONDS)
    return browser_page.evaluate(TAKE, [name, names, site.as_uri() + "/", online])


def compose(title, author, parts, taken):
    """Return the whole book as one html document.

    Parameters
    ----------
    title, author : str
    parts : list of (str or None, list of str)
        Captions and names of pages.
    taken : dict of str to dict
        By name of the page, what `take` returns.

    Returns
    -------
    str
    """
    sheets = dict.fromkeys(sheet for one in taken.values() for sheet in one["sheets"])
    styles = dict.fromkeys(style for one in taken.values() for style in one["styles"])
    head = [f'<link rel="stylesheet" href="{html.escape(sheet)}">' for sheet in sheets]
    head += [f"<style>{style}</style>" for style in (*styles, STYLE)]
    lines = []
    for caption, names in parts:
        lines += [f"<li><strong>{html.escape(caption)}</strong></li>"] if caption else []
        for name in names:
            words = html.escape(taken[name]["title"])
            lines.append(f'<li><a href="#{name}">{words}</a></li>')
    pages = [
        f'<article class="bd-article page" id="{name}">{one["html"]}</article>'
        for name, one in taken.items()
    ]
    words, by = html.escape(title), html.escape(f"{author} · version {__version__}")
    return (
        f'<!doctype html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{words}</title>{"".join(head)}</head><body>'
        f'<div class="cover"><div style="font-size: 3em">{words}</div><p>{by}</p></div>'
        f'<nav class="of-book"><h1>Contents</h1><ul>{"".join(lines)}</ul></nav>'
        f"{''.join(pages)}</body></html>"
    )


def open_to_print(browser_page, path):
    """Open the whole book as it is laid out on paper, with what is too wide made smaller."""
    browser_page.set_viewport_size(SHEET)
    browser_page.emulate_media(media="print")
    browser_page.goto(path.as_uri())
    browser_page.evaluate(FIT)


def print_book(site, path, toc=ROOT / "_toc.yml", config=ROOT / "_config.yml"):
    """Print a built site as one PDF.

    Parameters
    ----------
    site, path : Path
        Folder of the built pages, and the file to write.
    toc, config : Path
        The book's table of contents, and its configuration.
    """
    site, words = site.resolve(), yaml.safe_load(config.read_text(encoding="utf-8"))
    parts = [(caption, [f"{one}.html" for one in files]) for caption, files in read_contents(toc)]
    parts += [(None, [INDEX])] if (site / INDEX).exists() else []
    names = [name for _, files in parts for name in files]
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".html").resolve()
    with browser_page() as page:
        online = words["sphinx"]["config"]["site_url"]
        taken = {name: take(page, site, name, names, online) for name in names}
        whole.write_text(compose(words["title"], words["author"], parts, taken), encoding="utf-8")
        open_to_print(page, whole)
        options = {"header_template": "<span></span>", "footer_template": FOOTER, "margin": MARGIN}
        options |= {"display_header_footer": True, "print_background": True, "outline": True}
        page.pdf(path=path, format="A4", tagged=True, **options)
    whole.unlink()


def main():
    """Print the site named on the command line."""
    site, path = map(Path, sys.argv[1:])
    print_book(site, path)
    print(f"{path}: {path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()

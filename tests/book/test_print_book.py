"""The whole book as one PDF: pages in order, in light, everything open, links within."""

import os
import re
import shutil

import pytest

from scripts import print_book

TOC = """root: book/intro
parts:
  - caption: First & last
    chapters:
      - file: book/one
        sections: [{file: book/below}, {url: "https://example.org"}]
"""
CONFIG = """title: A <small> book
author: Nobody
sphinx: {config: {site_url: "https://example.org/"}}
"""
ONE = """<link rel="stylesheet" href="../a.css"><article>
<h1 id="top"><span>1. </span>One<a class="headerlink" href="#top">#</a></h1>
<a id="a" href="intro.html#part">in</a> <a id="b" href="#top">here</a>
<a id="c" href="../search.html#x">out</a> <a id="d" href="https://example.com/y">away</a>
<details><summary>More</summary>folded</details> <p class="toggle-hidden">hidden</p>
<img class="on-light" src="l.png"><img class="on-dark" src="d.png">
<figure class="interactive"><div class="interactive-stage">playing</div>
<img hidden src="still.png"><script>1</script></figure></article>"""
PAGES = {
    "book/intro.html": '<article><h1>Intro</h1><p id="part">Words</p></article>',
    "book/one.html": ONE,
    "book/below.html": "<article><h1>Below</h1></article>",
    "search.html": "",
    "a.css": "",
}
needs_browser = pytest.mark.skipif(
    not (os.environ.get("CHROMIUM") or any(map(shutil.which, print_book.NAMES))),
    reason="there is no Chromium",
)


@pytest.fixture
def site(tmp_path):
    for name, text in (PAGES | {"_toc.yml": TOC, "_config.yml": CONFIG}).items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "site"


def test_contents_are_in_the_book_s_order(site):
    assert print_book.read_contents(site / "_toc.yml") == [
        (None, ["book/intro"]),
        ("First & last", ["book/one", "book/below"]),
    ]


def test_every_page_of_the_book_is_in_it():
    parts = print_book.read_contents(print_book.ROOT / "_toc.yml")
    names = [name for _, names in parts for name in names]
    text = (print_book.ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert names == re.findall(r"(?:root|file): (\S+)", text)
    assert len(set(names)) == len(names)


def test_document_has_cover_contents_and_pages():
    taken = {
        name: {"html": f"<h1>{name}</h1>", "title": f"<{name}>", "sheets": ["s"], "styles": ["t"]}
        for name in ("a.html", "b.html")
    }
    text = print_book.compose("T & U", "N", [(None, ["a.html"]), ("P & Q", ["b.html"])], taken)
    assert "<title>T &amp; U</title>" in text and "P &amp; Q" in text
    assert re.findall(r'<a href="#(\w+\.html)">(.*?)</a>', text) == [
        ("a.html", "&lt;a.html&gt;"),
        ("b.html", "&lt;b.html&gt;"),
    ]
    assert re.findall(r'<article class="bd-article page" id="(.*?)">', text) == list(taken)
    assert text.count('href="s"') == text.count("<style>t</style>") == 1


@needs_browser
def test_what_a_page_shows_on_paper(site):
    names = [name for name in PAGES if name.startswith("book/")]
    with print_book.browser_page() as page:
        found = print_book.take(page, site, "book/one.html", names, "https://example.org/")
    text = found["html"]
    assert found["title"] == "1. One"
    assert found["sheets"] == [(site / "a.css").as_uri()]
    assert re.findall(r'href="(.*?)"', text) == [
        "#book/intro.html--part",
        "#book/one.html--top",
        "https://example.org/search.html#x",
        "https://example.com/y",
    ]
    assert re.findall(r'id="(.*?)"', text) == [f"book/one.html--{one}" for one in ("top", *"abcd")]
    assert '<details open="">' in text and "toggle-hidden" not in text
    pictures = [(site / "book" / name).as_uri() for name in ("l.png", "still.png")]
    assert re.findall(r'src="(.*?)"', text) == pictures
    assert not re.search("playing|<script|headerlink| hidden", text)


@needs_browser
def test_a_tiny_book_is_printed(site, tmp_path):
    path = tmp_path / "out" / "book.pdf"
    print_book.print_book(site, path, site / "_toc.yml", site / "_config.yml")
    data = path.read_bytes()
    assert data.startswith(b"%PDF-") and b"/Outlines" in data
    # Cover, contents, three pages.
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 5
    assert [one.name for one in path.parent.iterdir()] == ["book.pdf"]


def whole(tmp_path, body):
    """Write a book of one page."""
    one = {"html": f"<h1>One</h1>{body}", "title": "One", "sheets": [], "styles": []}
    path = tmp_path / "whole.html"
    path.write_text(print_book.compose("T", "N", [(None, ["a"])], {"a": one}), encoding="utf-8")
    return path


@needs_browser
def test_what_is_too_wide_is_drawn_smaller(tmp_path):
    cells = "".join(f"<td>{'w' * 30}</td>" for _ in range(9))
    body = f'<div id="wide"><table><tr>{cells}</tr></table></div>'
    body += f'<pre id="long">{"code " * 200}</pre><p id="narrow">words</p>'
    with print_book.browser_page() as page:
        print_book.open_to_print(page, whole(tmp_path, body))
        for name in ("wide", "long", "narrow"):
            there, needed = page.evaluate(
                "id => (e => [e.clientWidth, e.scrollWidth])(document.getElementById(id))", name
            )
            assert needed <= there
        assert page.evaluate("document.getElementById('wide').style.zoom") != ""
        assert page.evaluate("document.getElementById('narrow').style.zoom") == ""


@needs_browser
def test_a_tall_picture_fits_a_sheet_with_its_caption(tmp_path):
    picture = (
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='600' height='2400'/>"
    )
    body = f'<figure><img src="{picture}" width="600"><figcaption>Caption</figcaption></figure>'
    with print_book.browser_page() as page:
        print_book.open_to_print(page, whole(tmp_path, body))
        height = page.evaluate("document.querySelector('figure').offsetHeight")
        data = page.pdf(format="A4", margin=print_book.MARGIN)
    assert height < 0.9 * print_book.SHEET["height"]
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 3  # cover, contents, page


@needs_browser
def test_no_heading_is_alone_at_the_foot_of_a_sheet(tmp_path):
    """A heading that fits, before something that does not, goes to the next sheet with it."""
    tall = f"height: {print_book.SHEET['height'] // 2}px; break-inside: avoid"
    kinds = {"h2": "h2", "h3": "h3", "p.rubric": 'p class="rubric"', "dt": "dt"}
    kinds["div.cell_input"] = 'div class="cell_input"'
    body = f'<div style="{tall}">first</div>' + "".join(
        f'<{kind}>heading</{kind.split()[0]}><div style="{tall}">second</div>'
        for kind in kinds.values()
    )
    with print_book.browser_page() as page:
        print_book.open_to_print(page, whole(tmp_path, body))
        found = page.evaluate(
            "all => all.map(one => getComputedStyle(document.querySelector(one)).breakAfter)",
            list(kinds),
        )
        whole_ones = page.evaluate(
            "all => all.map(one => getComputedStyle(document.querySelector(one)).breakInside)",
            ["h2", "h3", "div.cell_input"],
        )
    assert set(found) == set(whole_ones) == {"avoid"}

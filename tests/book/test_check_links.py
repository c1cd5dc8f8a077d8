"""The link check of a built site finds what is broken, and nothing else."""

import sys

import pytest

from scripts import check_links

GOOD = """<html><head>
<link rel="canonical" href="https://example.org/index.html">
<link rel="stylesheet" href="_static/style.css?v=1">
<script src="_static/code.js"></script>
</head><body id="here">
<a name="old"></a><h2 id="größe">Size</h2>
<a href="#here">here</a> <a href="#old">old</a> <a href="#">top</a> <a href="#top">top</a>
<a href="#gr%C3%B6%C3%9Fe">size</a> <a href="sub/page.html#part">page</a> <a href="sub/">folder</a>
<a href="a%20b.html">space</a> <a href="https://example.org/x#y">outside</a>
<a href="mailto:a@example.org">mail</a> <img src="data:image/png;base64,AAAA">
</body></html>"""


@pytest.fixture
def site(tmp_path):
    """Return a folder with a site that has no broken link."""
    for name, text in {
        "index.html": GOOD,
        "a b.html": "",
        "sub/index.html": '<a href="../index.html">up</a>',
        "sub/page.html": '<p id="part"></p><a href="../index.html#here">up</a>',
        "_static/style.css": "",
        "_static/code.js": "",
        "_static/part.html": '<a href="missing.html">not a page of ours</a>',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def add(site, line):
    (site / "new.html").write_text(f"<html><body>{line}</body></html>", encoding="utf-8")


def found(site):
    return [(str(name), address, what) for name, address, what in check_links.problems(site)]


def test_a_sound_site(site):
    assert found(site) == []


@pytest.mark.parametrize(
    ("line", "address", "what"),
    [
        ('<a href="missing.html">', "missing.html", "no such file"),
        ('<a href="sub/missing.html#part">', "sub/missing.html#part", "no such file"),
        ('<a href="_static/">', "_static/", "no such file"),
        ('<a href="#nowhere">', "#nowhere", "no such anchor"),
        ('<a href="sub/page.html#nowhere">', "sub/page.html#nowhere", "no such anchor"),
        ('<a href="sub/#part">', "sub/#part", "no such anchor"),
        ('<img src="missing.png">', "missing.png", "no such file"),
        ('<script src="missing.js"></script>', "missing.js", "no such file"),
        ('<img src="https://example.org/x.png">', "https://example.org/x.png", "from outside"),
        ('<script src="//example.org/x.js"></script>', "//example.org/x.js", "from outside"),
        ('<link rel="stylesheet" href="http://a.org/x.css">', "http://a.org/x.css", "from outside"),
        ('<iframe src="https://example.org"></iframe>', "https://example.org", "from outside"),
    ],
)
def test_what_is_broken_is_found(site, line, address, what):
    add(site, line)
    ((name, found_address, found_what),) = found(site)
    assert (name, found_address) == ("new.html", address)
    assert what in found_what


def test_each_broken_link_is_found_once_on_each_page(site):
    add(site, '<a href="x.html"></a><a href="y.html"></a>')
    (site / "sub" / "index.html").write_text('<a href="z.html">')
    assert sorted(name for name, _, _ in found(site)) == ["new.html", "new.html", "sub/index.html"]


def run(monkeypatch, folder):
    monkeypatch.setattr(sys, "argv", ["check_links", str(folder)])
    check_links.main()


def test_command_is_silent_where_all_is_well(site, monkeypatch, capsys):
    run(monkeypatch, site)
    assert capsys.readouterr().out == ""


def test_command_names_page_address_and_reason(site, monkeypatch, capsys):
    add(site, '<a href="missing.html">')
    with pytest.raises(SystemExit, match=r"1 broken link\(s\)"):
        run(monkeypatch, site)
    assert capsys.readouterr().out == "new.html: missing.html: no such file\n"


@pytest.mark.parametrize("folder", [".", "missing"])
def test_command_fails_where_there_is_no_page(tmp_path, monkeypatch, folder):
    with pytest.raises(SystemExit, match="no page in"):
        run(monkeypatch, tmp_path / folder)

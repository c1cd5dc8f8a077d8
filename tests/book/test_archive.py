"""The offline archive holds the whole site, is the same each time, and asks no network."""

import hashlib
import zipfile

import pytest

from scripts import archive

PAGES = {
    "index.html": '<link rel="stylesheet" href="_static/a.css"><a href="book/one.html">one</a>',
    "book/one.html": '<a href="../index.html">up</a> <a href="https://example.org">away</a>',
    "_static/a.css": "p { background: url(data:image/png;base64,AAAA) } b { content: url(a.svg) }",
    "_static/a.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
}


@pytest.fixture
def site(tmp_path):
    for name, text in PAGES.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "site"


def test_it_holds_the_site_under_one_folder(site, tmp_path):
    path = archive.pack(site, tmp_path / "out")
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        file.extractall(tmp_path)
    folder = tmp_path / archive.NAME
    found = {
        one.relative_to(folder).as_posix(): one.read_text(encoding="utf-8")
        for one in folder.rglob("*")
        if one.is_file()
    }
    assert found == PAGES | {"READ-ME.txt": archive.README}


def test_checksum_is_the_zip_s_and_the_same_each_time(site, tmp_path):
    path = archive.pack(site, tmp_path / "out")
    (site / "index.html").touch()
    again = archive.pack(site, tmp_path / "again")
    assert path.read_bytes() == again.read_bytes()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    text = (tmp_path / "out" / f"{path.name}.sha256").read_text(encoding="utf-8")
    assert text == f"{digest}  {path.name}\n"


@pytest.mark.parametrize(
    ("name", "text", "address"),
    [
        ("b.html", '<script src="https://example.org/a.js"></script>', "https://example.org/a.js"),
        ("b.html", '<img src="//example.org/a.png">', "//example.org/a.png"),
        ("b.html", '<a href="missing.html">x</a>', "missing.html"),
        ("b.css", '@import "https://example.org/a.css";', "https://example.org/a.css"),
        ("b.css", "@font-face { src: url('//example.org/a.woff') }", "//example.org/a.woff"),
    ],
)
def test_what_would_not_work_offline_is_refused(site, tmp_path, name, text, address):
    (site / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="site must be whole without a network") as error:
        archive.pack(site, tmp_path / "out")
    assert f"{name}: {address}: " in str(error.value)
    assert not (tmp_path / "out").exists()


def test_nothing_built_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"site must hold index\.html; got "):
        archive.pack(tmp_path, tmp_path / "out")

"""Launch buttons open the students' edition; a chapter can be cited."""

from pathlib import Path
from types import SimpleNamespace

import yaml

from tests.book.extensions import load

offers = load("offers")
ROOT = Path(__file__).parents[2]

BINDER = "https://mybinder.org/v2/gh/o/main/main?urlpath=lab/tree/book/01-main.ipynb"
COLAB = "https://colab.research.google.com/github/o/main/blob/main/book/01-main.ipynb"


def test_launch_buttons_open_the_other_branch_and_nothing_else_changes():
    options = {"repository_branch": "main"}
    config = SimpleNamespace(html_theme_options=options, launch_branch="student")
    source = {"label": "source-buttons", "buttons": [{"url": COLAB}]}
    launch = {"label": "launch-buttons", "buttons": [{"url": BINDER}, {"url": COLAB}, {}]}
    context = {"header_buttons": [launch, source, {"label": "x"}]}
    offers.launch_students_edition(SimpleNamespace(config=config), "", "", context, None)
    assert [button.get("url") for button in launch["buttons"]] == [
        "https://mybinder.org/v2/gh/o/main/student?urlpath=lab/tree/book/01-main.ipynb",
        "https://colab.research.google.com/github/o/main/blob/student/book/01-main.ipynb",
        None,
    ]
    assert source["buttons"] == [{"url": COLAB}]


def test_a_chapter_s_entry():
    config = {"author": "A and B", "title": "A book", "year": "2026", "url": "https://x/y.html"}
    entry = offers.bibtex("07", "Baselines", config)
    assert entry.startswith("@incollection{uniroute-book-7,")
    assert entry.count("{") == entry.count("}")
    for field in ("{{A and B}}", "{Baselines}", "{A book}", "{7}", "{2026}", "{https://x/y.html}"):
        assert f"= {field}" in entry


def test_the_front_page_says_how_to_cite():
    """With the words of CITATION.cff, and the paper's entry of the bibliography."""
    page = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    told = page.partition("## How to cite")[2]
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    wanted = (cff["title"], cff["authors"][0]["name"], str(cff["version"]), cff["url"])
    assert all(f"{{{one}}}" in told for one in wanted)
    entries = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    assert entries.partition("\n\n")[0] in told

"""The extensions of the pages: interactive figures written into them, and the map of chapters."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.draw_readme import draw

ROOT = Path(__file__).parents[2]
EXTENSIONS = ROOT / "book" / "_ext"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXTENSIONS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


interactive, chapter_map = load("interactive"), load("chapter_map")


# --- interactive figures --------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(interactive, "FOLDER", tmp_path)

    def write(**sources):
        for name, source in sources.items():
            (tmp_path / f"{name}.mjs").write_text(source)

    return write


def test_a_module_comes_after_what_it_imports(folder):
    folder(
        a='import { b } from "./b.mjs";\nimport { c } from "./c.mjs";\n',
        b='import {\n  c,\n} from "./c.mjs";\n',
        c="",
    )
    assert interactive.order_of("a") == ["c", "b", "a"]


def test_modules_in_a_ring_are_refused(folder):
    folder(a='import { b } from "./b.mjs";\n', b='import { a } from "./a.mjs";\n')
    with pytest.raises(ValueError, match=r"in a ring; got \('a', 'b', 'a'\)"):
        interactive.order_of("a")


def test_what_the_bundle_cannot_read_is_refused(folder):
    folder(a='import * as b from "./b.mjs";\n')
    with pytest.raises(ValueError, match="import and export as"):
        interactive.module("a")


def test_the_end_of_a_script_is_refused(folder):
    folder(a="export const render = () => '</script>';\n")
    with pytest.raises(ValueError, match="must not hold the end of a script"):
        interactive.script("a", "key")


def test_numbers_cannot_end_their_script(folder):
    folder(a="export const render = 1;\n")
    (interactive.FOLDER / "a.json").write_text('{"alt": "x", "b": "</script>"}')
    assert '{"b":"<\\/script>"}' in interactive.closing("a", "key")


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run JavaScript with")
@pytest.mark.parametrize("name", interactive.names())
def test_a_bundle_exports_render(name):
    bundle = "".join(map(interactive.module, interactive.order_of(name)))
    code = f"{bundle}process.stdout.write(typeof {name}.render);"
    found = subprocess.run(["node", "-"], input=code, capture_output=True, text=True, check=True)
    assert found.stdout == "function"


@pytest.mark.parametrize("name", interactive.names())
def test_figures_load_nothing(name):
    text = interactive.opening("key") + interactive.closing(name, "key")
    code = text.replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert not re.search(r"https?:|\bfetch\(|\bimport\(|XMLHttpRequest|<link|src=", code)
    assert len(text) < 120_000


# --- the map of chapters --------------------------------------------------------------------------


def chapter(number, *needs):
    return chapter_map.Chapter(f"book/{number:02d}-x", number, f"Title {number}", 10, needs)


def test_what_follows_from_the_rest_is_left_out():
    needs = {1: (), 2: (1,), 3: (1, 2), 4: (1, 3), 5: (2,)}
    assert chapter_map.reduced(needs) == {1: set(), 2: {1}, 3: {2}, 4: {3}, 5: {2}}


def test_lines_in_one_place_do_not_meet():
    needs = {1: set(), 2: {1}, 3: {1}, 4: {2}, 5: {3}}
    assert chapter_map.places(needs, [1, 2, 3, 4, 5]) == {1: 0, 2: 1, 3: 0}


@pytest.mark.parametrize(
    ("needed", "numbers"),
    [
        ("{doc}`01-why-route`, and a mean.", (1,)),
        ("NumPy. No earlier chapter.", ()),
        ("{doc}`04-uniroute` to {doc}`07-baselines`; the pool of {doc}`09-x`.", (4, 5, 6, 7, 9)),
        ("{doc}`the rule <02-static-pools>`.", (2,)),
    ],
)
def test_prerequisites_are_read_from_the_first_cell(tmp_path, needed, numbers):
    source = f"# A title\n\n**You need** {needed}\n\n**Time** 40 minutes. After {{doc}}`03-no`.\n"
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": [{"source": [source]}]}))
    found = chapter_map.read_chapter(path, "book/12-x")
    assert (found.title, found.minutes, found.needs) == ("A title", 40, numbers)


def test_the_map_has_every_chapter_once_and_says_what_it_needs():
    parts = [("One", [chapter(1), chapter(2, 1)]), ("Two & three", [chapter(3, 1, 2)])]
    text = chapter_map.draw(parts, lambda page: f"{page}.html")
    links = re.findall(r'<a href="(.*?)">(.*?)</a> <small>(.*?)</small>', text)
    assert links == [
        ("book/01-x.html", "1. Title 1", "10 min"),
        ("book/02-x.html", "2. Title 2", "after 1 · 10 min"),
        ("book/03-x.html", "3. Title 3", "after 2 · 10 min"),
    ]
    assert "Two &amp; three" in text
    assert text.count('class="begins') == 2 and text.count('class="joins') == 2


def test_every_chapter_needs_earlier_ones():
    chapters = [one for _, part in chapter_map.read_parts(ROOT) for one in part]
    assert len(chapters) == len(list((ROOT / "book").glob("*.ipynb")))
    for one in chapters:
        assert all(number < one.number for number in one.needs), one.page


# --- the front page -------------------------------------------------------------------------------


def test_the_front_page_has_the_readme_s_picture_and_its_text():
    text = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    assert re.findall(r"\{figure\} (\S+)\n:alt: (.*)", text) == [
        ("_static/readme.png", draw().text)
    ]


def test_every_figure_that_a_page_asks_for_exists():
    pages = [*(ROOT / "book").glob("*.md"), *(ROOT / "book").glob("*.ipynb")]
    asked = {
        name
        for path in pages
        for name in re.findall(r"\{interactive\} (\w+)", path.read_text(encoding="utf-8"))
    }
    assert "explorer" in asked
    assert asked <= set(interactive.names())

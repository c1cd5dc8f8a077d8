"""Under a figure with intervals stands of which level they are, and what they are about."""

import ast
import base64
import io
import re

import nbformat
import pytest
from PIL import Image

from tests.book.test_book import CHAPTERS

LEVEL = re.compile(r"\b[\d.]+ % intervals\b[^.]* about \w+")
INTERVAL = re.compile(r"\[[-+]?[\d.]+(e-\d+)?, [-+]?[\d.]+(e-\d+)?\]")  # as a text writes it


def is_error(node):
    """Say whether a piece of code gives bands to a picture: an option "error"."""
    if isinstance(node, ast.Dict):
        return any(isinstance(key, ast.Constant) and key.value == "error" for key in node.keys)
    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("plot."):
        return any(option.arg == "error" for option in node.keywords)
    return False


def has_bands(code, known):
    """Say whether code gives bands to a picture, or uses a name that does."""
    nodes = list(ast.walk(code))
    return any(
        is_error(node) or (isinstance(node, ast.Name) and node.id in known) for node in nodes
    )


def learn(statement, known):
    """Note which names a statement of a chapter gives to what gives bands, and which it takes."""
    if isinstance(statement, ast.FunctionDef):
        names, code = [statement.name], statement
    elif isinstance(statement, ast.Assign | ast.AugAssign):
        targets = getattr(statement, "targets", None) or [statement.target]
        if any(ast.unparse(target).endswith("['error']") for target in targets):
            known |= {target.value.id for target in targets}
            return
        plain = [node for target in targets for node in ast.walk(target)]
        plain = [node for node in plain if isinstance(node, ast.Name)]
        names, code = [node.id for node in plain], statement.value
    else:
        return
    if has_bands(code, known):
        known |= set(names)
    elif not isinstance(statement, ast.AugAssign) and not any_subscript(statement):
        known -= set(names)


def any_subscript(statement):
    """Say whether a statement changes a part of something: the rest stays as it is."""
    return any(isinstance(target, ast.Subscript) for target in getattr(statement, "targets", []))


def with_intervals(cells):
    """Yield number and caption of each cell that draws intervals."""
    known = set()
    for number, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        statements = ast.parse(cell.source).body
        for statement in statements:
            learn(statement, known)
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" not in data:
                continue
            if INTERVAL.search(data["text/plain"]) or has_bands(statements[-1], known):
                file = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
                yield number, file.text["Caption"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_captions_say_level_and_subject_of_intervals(path):
    drawn = with_intervals(nbformat.read(path, as_version=4).cells)
    assert [(cell, caption) for cell, caption in drawn if not LEVEL.search(caption)] == []


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (['plot.lines(t, "K", "area", error="reach")'], True),
        (['plot.lines(t, "K", "area", title="error")'], False),
        (['look = {"error": ("t", 0.95)}', "plot.lines(t, *axes, **look)"], True),
        (['look = {}\nlook["error"] = 1', 'look["title"] = "a"\nplot.lines(t, **look)'], True),
        (['look = {"error": 1}', "look = {}\nplot.lines(t, **look)"], False),
        (['look = {}\nlook |= {"error": 1}', "plot.lines(t, **look)"], True),
        (
            ['def draw(t):\n    look = {"error": 1}\n    return plot.lines(t, **look)', "draw(t)"],
            True,
        ),
    ],
)
def test_bands_are_found(sources, expected):
    known = set()
    for source in sources:
        statements = ast.parse(source).body
        for statement in statements:
            learn(statement, known)
    assert has_bands(statements[-1], known) == expected

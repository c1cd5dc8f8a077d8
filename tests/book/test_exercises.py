"""Exercises have one form: level, two hints, a starter, a check, a worked solution.

Answers are recorded in `uniroute_lab/exercises/answers/`.
"""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
ANSWERS = ROOT / "uniroute_lab" / "exercises" / "answers"
CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]-*.ipynb"))
THERE = [path for path in CHAPTERS if (ANSWERS / f"{path.stem[:2]}.json").is_file()]
START = re.compile(r":::\{exercise-start\} .+\n:label: (\S+)\n:::\n")
LEVEL = re.compile(
    r"\*\*Level [123] of 3\*\* · \d+ minutes · (pen and paper|code of your own|looking)\n"
)
HINT = re.compile(r"^:::\{dropdown\} (.+)\n(?:.+\n)+:::$", re.M)
IMPORT = "from uniroute_lab.exercises import check"


@pytest.fixture(params=THERE, ids=lambda path: path.stem)
def path(request):
    return request.param


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def exercises(path):
    """Return {label: (cells of the exercise, cells of its solution)} of a chapter."""
    found, now = {}, None
    for cell in cells_of(path):
        if match := START.search(cell.source):
            found[match[1]] = now = ([], [])
        if now:
            solved = bool(now[1]) or ":::{solution-start}" in cell.source
            now[solved].append(cell)
            if ":::{solution-end}" in cell.source:
                now = None
    return found


def code(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


def is_starter(cell):
    return "starter" in cell.metadata.get("tags", [])


def last_check(source):
    """Return a source's last statement, if it is a call of check, as normalised code."""
    last = ast.parse(source).body[-1]
    is_call = isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
    return ast.unparse(last) if is_call and ast.unparse(last.value.func) == "check" else None


def bound(source):
    """Return the names that a source binds at its top, imports left out."""
    found, waiting = set(), list(ast.parse(source).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif not isinstance(node, ast.Lambda | ast.comprehension):
            waiting += ast.iter_child_nodes(node)
    return found


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_every_chapter_has_answers():
    assert [path.stem for path in CHAPTERS if path not in THERE] == []


def test_the_exercises_of_a_chapter_are_those_with_an_answer(path):
    recorded = json.loads((ANSWERS / f"{path.stem[:2]}.json").read_text(encoding="utf-8"))
    assert sorted(recorded) == list(recorded)
    assert set(recorded) == set(exercises(path))


def test_exercise_begins_with_its_level_and_has_two_hints(path):
    for label, (cells, _) in exercises(path).items():
        text = cells[0].source
        start = START.search(text)
        assert LEVEL.match(text, start.end()), label
        assert HINT.findall(text) == ["Hint 1", "Hint 2"], label
        assert text.rstrip().endswith(":::"), label


def test_exercise_ends_with_a_starter_that_is_not_answered(path):
    for label, (cells, solution) in exercises(path).items():
        (starter,) = code(cells)
        assert is_starter(starter), label
        assert starter.source.strip().splitlines()[-1].startswith(("check(", ")")), label
        assert re.match(rf"check\('{label}', answer[,)]", last_check(starter.source)), label
        assert re.search(r"^answer = ", starter.source, re.M), label
        assert f"{label}: not answered yet; " in printed(starter), label
        assert "right" not in printed(starter), label
        after = [*cells[cells.index(starter) :], solution[0]]
        assert sum(":::{exercise-end}\n:::" in cell.source for cell in after) == 1, label


def test_solution_ends_with_the_same_check_and_is_right(path):
    for label, (cells, solution) in exercises(path).items():
        (starter,) = code(cells)
        checks = {last_check(cell.source): cell for cell in code(solution)}
        assert last_check(starter.source) in checks, label
        assert f"{label}: right.\n" in printed(checks[last_check(starter.source)]), label


def test_starters_leave_the_chapter_s_names_alone(path):
    found = exercises(path)
    for label, (cells, solution) in found.items():
        own = [cell.source for cell in cells + solution]
        others = [cell for cell in code(cells_of(path)) if cell.source not in own]
        others = [cell for cell in others if not is_starter(cell)]
        (starter,) = code(cells)
        taken = set().union(*(bound(cell.source) for cell in others)) - {"answer"}
        assert not bound(starter.source) & taken, label


def test_check_is_imported_once(path):
    lines = [line for cell in code(cells_of(path)) for line in cell.source.splitlines()]
    assert lines.count(IMPORT) == 1
    assert sum("exercises import" in line for line in lines) == 1


def test_there_are_many_exercises_and_half_ask_for_code_of_one_s_own():
    kinds = [
        LEVEL.search(cells[0].source)[1] for path in THERE for cells, _ in exercises(path).values()
    ]
    assert len(kinds) >= 110
    assert 2 * kinds.count("code of your own") >= len(kinds)


# The helpers find what they are for.


def test_names_at_the_top():
    source = "import a\nb = [c for c in d]\nfor e in f:\n    g, h = e\ndef i(j):\n    k = j"
    assert bound(source) == {"b", "e", "g", "h", "i"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("answer = 1\ncheck('ex01-a', answer)", "check('ex01-a', answer)"),
        ("check('ex01-a',\n  answer, cases=[(1,)],\n)", "check('ex01-a', answer, cases=[(1,)])"),
        ("check('ex01-a', answer)\nanswer = 1", None),
        ("check", None),
    ],
)
def test_the_last_check(source, found):
    assert last_check(source) == found

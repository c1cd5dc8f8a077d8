"""Ten numbers of each of parts II to V, and a few of I and VI, by NumPy alone: as we print them."""

import ast

import numpy as np
import pytest
from scipy import stats

from scripts import recompute


@pytest.fixture(scope="module")
def rows():
    return list(recompute.compared())


def test_each_agrees(rows):
    wrong = [row for row in rows if not row[-1]]
    assert not wrong, "\n".join(map(str, wrong))


def test_ten_numbers_a_part_and_two_intervals_about_new_llms(rows):
    parts = [row[0] for row in rows]
    counts = {"I": 5, "II": 10, "III": 10, "IV": 14, "V": 10, "VI": 1}
    assert {part: parts.count(part) for part in parts} == counts
    assert len({row[:2] for row in rows}) == len(rows)


def test_nothing_of_the_project_is_imported():
    tree = ast.parse((recompute.ROOT / "scripts" / "recompute.py").read_text(encoding="utf-8"))
    names = [one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    names += [
        alias.name for one in ast.walk(tree) if isinstance(one, ast.Import) for alias in one.names
    ]
    assert not [name for name in names if name.startswith(("uniroute", "scripts"))]


@pytest.mark.parametrize("freedom", [9, 49, 399])
def test_its_own_quantile_is_student_s(freedom):
    assert recompute.t_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom))


def test_what_is_not_there_or_differs_is_found():
    assert recompute.look_up("09", "no such words") is None
    assert not recompute.agrees(0.1, None)
    assert not recompute.agrees(0.10006, "0.1000") and recompute.agrees(0.10004, "0.1000")
    assert not recompute.agrees(np.nan, "0.1")

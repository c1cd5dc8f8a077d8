"""Checking exercises: right, wrong, missing and of the wrong kind; and how answers are recorded."""

import json

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from uniroute_lab.exercises import check
from uniroute_lab.exercises.checking import FOLDER, RECORD, labels, verdict
from uniroute_lab.exercises.kinds import expect, from_json, missing, shown, to_json

TABLE = pd.DataFrame({"area": [0.5, 0.25], "wins": [3, 4]}, index=["K-means", "K-NN"])
ANSWERS = [
    0.3034,
    np.float32(2.5),
    7,
    np.int64(7),
    True,
    np.False_,
    "B",
    "the cheaper one",
    np.arange(6.0).reshape(2, 3),
    [1, 2, 3],
    (0.5, 1),
    np.array([np.nan, 1.0, np.inf]),
    ["small", "large"],
    [0.25, "A", [1, 2]],
    {"small": 0.25, "large": [1, 2]},
    pd.Series([0.5, 0.25], index=["K-means", "K-NN"]),
    pd.Series([0.5, 0.25]),
    np.array(["small", "large"]),
    TABLE,
]
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@pytest.fixture
def record(monkeypatch, tmp_path):
    """Return a function that records an answer in an empty folder, under the label ex01-a."""
    monkeypatch.setenv(FOLDER, str(tmp_path))

    def once(answer, cases=None, label="ex01-a"):
        monkeypatch.setenv(RECORD, "1")
        check(label, answer, cases)
        monkeypatch.delenv(RECORD)
        return tmp_path / "01.json"

    return once


def flat(text):
    """Return a text on one line."""
    return " ".join(text.split())


# --- one answer beside itself, and beside others --------------------------------------------------


@pytest.mark.parametrize("answer", ANSWERS, ids=shown)
def test_what_was_recorded_is_right_through_a_file_too(answer):
    expected = from_json(json.loads(json.dumps(to_json(expect(answer)))))
    assert expected.accepts(answer)
    assert expected.fault(answer) is None


@pytest.mark.parametrize(
    ("right", "given", "said"),
    [
        (0.5, 0.6, "expected 0.5 (within 0.0025), yours 0.6"),
        (0.0, 0.1, "expected 0 (within 1e-06), yours 0.1"),
        (7, 8, "expected 7, yours 8"),
        (True, False, "expected True, yours False"),
        ("B", "c", "expected 'B', yours 'c'"),
        ([1, 2], [1, 3], "expected [1, 2], yours [1, 3]; 1 of 2 differ, first [1]"),
        ([1.0, 2.0], [1.0], "expected shape (2,), yours (1,)"),
        (np.eye(2), np.ones((2, 2)), "2 of 4 differ, first [0, 1]"),
        (["a", "b"], ["a", "c"], "part 2: expected 'b', yours 'c'"),
        (["a", "b"], ["a"], "expected 2 parts, yours 1"),
        ({"a": 1, "b": 2}, {"a": 1}, "'b' lacking, yours has ['a']"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "b: expected 2, yours 3"),
        (TABLE, TABLE[["area"]], "columns 'wins' lacking"),
        (TABLE, TABLE.iloc[:1], "expected the rows ['K-means', 'K-NN'], yours ['K-means']"),
        (TABLE, TABLE * 2, "column 'area': expected [0.5, 0.25] (within 0.0025), yours [1, 0.5]"),
    ],
)
def test_a_wrong_answer_is_set_beside_the_right_one(right, given, said):
    assert said in expect(right).fault(given)


@pytest.mark.parametrize(
    ("right", "given"),
    [
        (0.3034, 0.303),
        (7, 7.0),
        (2.0, 2),
        ("B", " b "),
        ("the Cheaper one", "The cheaper  one"),
        ([1, 2], np.array([1.0, 2.0])),
        ([0.001, 100.0], [0.0014, 100.1]),
        ([0.0, 100.0], [0.4, 100.0]),
        ({"a": 1}, pd.Series([1, 2], index=["a", "b"])),
        (TABLE, TABLE.iloc[::-1]),
        (TABLE, TABLE.assign(more=0)),
    ],
)
def test_what_does_not_matter(right, given):
    assert expect(right).fault(given) is None


@given(NUMBERS, NUMBERS)
def test_numbers_are_right_within_the_tolerance_only(right, given):
    distance = abs(right - given)
    allowed = max(0.005 * abs(right), 1e-6)
    if abs(distance - allowed) > 1e-6 * (1 + abs(right)):
        assert (expect(right).fault(given) is None) == (distance < allowed)


@given(st.floats(1e-5, 1e-3), st.floats(1, 1e6))
def test_a_small_number_beside_a_large_one_is_not_met_by_zero(small, large):
    expected = expect([small, large])
    assert expected.fault([1.4 * small, large]) is None
    for other in (0.0, -small, 1 / small):
        assert "1 of 2 differ, first [0]" in expected.fault([other, large])


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.data())
def test_one_changed_entry_is_found(numbers, data):
    i = data.draw(st.integers(0, len(numbers) - 1))
    changed = list(numbers)
    changed[i] += 1 + max(map(abs, numbers))
    assert f"1 of {len(numbers)} differ, first [{i}]" in expect(numbers).fault(changed)


@pytest.mark.parametrize(
    ("right", "given"),
    [
        (0.5, "x"),
        (0.5, True),
        (0.5, [0.5]),
        (7, "7"),
        (True, 1),
        ("B", 2),
        ([1, 2], "ab"),
        ([1, 2], 3),
        (["a", "b"], "ab"),
        (["a", "b"], ["a", 1]),
        ({"a": 1}, [1]),
        ({"a": 1}, {"a": "one"}),
        (TABLE, {"area": 1}),
    ],
)
def test_an_answer_of_another_kind_is_refused(right, given, record, capsys):
    record(right)
    assert not expect(right).accepts(given)
    with pytest.raises(ValueError, match=r"answer must be .*; got "):
        verdict("ex01-a", given)


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (0.5, "a number"),
        (7, "a whole number"),
        (True, "True or False"),
        ("B", "one letter, a text"),
        ("cheap", "a text"),
        (np.zeros((2, 3)), "numbers of shape (2, 3)"),
        ([1, 2], "2 whole numbers"),
        (["a", "b", "c"], "3 times one letter, a text"),
        ([0.5, "A"], "a number; one letter, a text"),
        ({"x": 0.5}, "a dictionary or Series with 'x' (a number)"),
        (TABLE, "a table of 2 rows with the columns 'area', 'wins'"),
    ],
)
@pytest.mark.parametrize("nothing", [..., None, [..., ...], {"x": ...}], ids=str)
def test_what_is_missing_is_said(right, said, nothing, record):
    record(right)
    assert flat(verdict("ex01-a", nothing)) == f"ex01-a: not answered yet; expected is {said}."


def test_empty_answers_are_answers():
    assert not missing([]) and not missing("") and not missing(0)


# --- functions ------------------------------------------------------------------------------------


def double(x, shift=0):
    return 2 * x + shift


def test_functions_are_called(record):
    record(double, cases=[(1,), (2, 1)])
    cases = [(1,), (2, 1)]
    assert verdict("ex01-a", double, cases) == "ex01-a: right."
    wrong = verdict("ex01-a", lambda x, shift=0: 2 * x, cases)
    assert wrong == "ex01-a: not yet; case 2: expected 5, yours 4."


def not_written(x, shift=0):
    raise NotImplementedError


@pytest.mark.parametrize("stub", [..., None, lambda x, shift=0: ..., not_written])
def test_functions_that_are_not_written_yet(record, stub):
    record(double, cases=[(1,)])
    wanted = "a function of x, shift, which returns a whole number"
    said = flat(verdict("ex01-a", stub, [(1,)]))
    assert said == f"ex01-a: not answered yet; expected is {wanted}."


def test_a_function_may_spoil_what_it_is_given(record):
    def largest(values):
        values.sort()
        return values[-1]

    values = [3, 1, 2]
    record(largest, cases=[(values,)])
    assert verdict("ex01-a", largest, [(values,)]) == "ex01-a: right."
    assert values == [3, 1, 2]


def test_errors_about_functions(record):
    record(double, cases=[(1,)])
    with pytest.raises(ValueError, match=r"answer must be a function of x, shift.*; got 3"):
        verdict("ex01-a", 3, [(1,)])
    with pytest.raises(ValueError, match="cases must have 1 entries; got 0"):
        verdict("ex01-a", double)
    with pytest.raises(ValueError, match=r"cases must name the arguments .*; got none"):
        record(double)
    with pytest.raises(ZeroDivisionError):
        verdict("ex01-a", lambda x: x / 0, [(1,)])


# --- labels and files -----------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["04-copy", "ex4-copy", "copy", 4, None])
def test_labels_have_a_form(label):
    with pytest.raises(ValueError, match="label must have the form 'ex04-copy'; got"):
        check(label, 1)


def test_unknown_labels_are_refused_with_those_that_are_known(record):
    record(1)
    record(2, label="ex01-b")
    with pytest.raises(ValueError, match=r"label must be one of ex01-a, ex01-b; got 'ex01-c'"):
        check("ex01-c", 1)
    with pytest.raises(ValueError, match=r"one of none, no answer of this chapter is recorded"):
        check("ex02-c", 1)
    assert labels("ex01-z") == ["ex01-a", "ex01-b"]


def test_recording_waits_for_an_answer(record, capsys):
    path = record(...)
    record(lambda x: ..., cases=[(1,)])
    assert not path.exists()
    assert set(capsys.readouterr().out.splitlines()) == {"ex01-a: not answered yet"}
    record(0.5)
    assert capsys.readouterr().out == "ex01-a: right.\n"


def test_long_lines_are_broken(record):
    record({f"name {i}": i for i in range(9)})
    lines = verdict("ex01-a", ...).splitlines()
    assert len(lines) > 2 and max(map(len, lines)) <= 74
    assert all(line.startswith("  ") for line in lines[1:])


def test_recording_again_changes_nothing_but_what_is_new(record):
    path = record({"x": 0.123456789, "y": [0.5, 1.5]})
    first = path.read_bytes()
    record({"x": 0.12345678900001, "y": [0.5, 1.5]})
    assert path.read_bytes() == first
    record("B", label="ex01-b")
    assert path.read_bytes()[: len(first) - 3] == first[:-3]


def test_rounding_is_not_recorded(record):
    assert "[0.0, 0.3]" in record([0.1 + 0.2 - 0.3, 0.1 + 0.2]).read_text()


def test_a_tolerance_set_by_hand_is_used_and_kept(record):
    path = record({"x": 0.5})
    path.write_text(path.read_text().replace("0.005", "0.5"))
    assert verdict("ex01-a", {"x": 0.7}) == "ex01-a: right."
    record({"x": 0.6})
    assert verdict("ex01-a", {"x": 0.7}) == "ex01-a: right."
    assert '"tolerance": 0.5' in path.read_text()


@pytest.mark.parametrize("answer", [object(), {"x": object()}, np.array([1j])])
def test_what_cannot_be_recorded(answer):
    with pytest.raises(ValueError, match=r"answer must .*; got "):
        expect(answer)


def test_answers_are_small():
    with pytest.raises(ValueError, match="at most 2000 values; got 2001"):
        expect(np.zeros(2001))

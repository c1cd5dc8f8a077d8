"""The rules by which the ledger judges, on made-up cases."""

import numpy as np
import pytest

from uniroute import paired_difference
from uniroute_lab.paper.ledger.html import SIGNS
from uniroute_lab.paper.ledger.verdicts import (
    ANALOGUE,
    JUDGEMENTS,
    PART,
    SAME,
    VERDICTS,
    direction,
    judge,
    p_values,
    verdict,
)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.1, 0.2, 1), (-0.2, -0.1, -1), (-0.1, 0.2, 0), (np.nan, 1, 0)]
)
def test_direction(low, high, expected):
    assert direction(low, high) == expected


@pytest.mark.parametrize(
    ("kind", "paper_direction", "ours", "difference", "expected"),
    [
        (None, 1, None, None, "needs the data"),
        (None, 1, (0.6, 0.7), (0.1, 0.2), "needs the data"),
        (PART, 1, None, None, "not run"),
        (PART, 1, (0.6, 0.7), None, "not run"),
        (SAME, 1, None, None, "not run"),
        (SAME, 1, (0.649, 0.660), None, "value reproduced"),
        (SAME, -1, (0.6504, 0.660), (0.1, 0.2), "value reproduced"),  # within the rounding
        (SAME, 1, (0.651, 0.660), (0.1, 0.2), "value not reproduced"),
        (SAME, 1, (0.640, 0.649), (0.1, 0.2), "value not reproduced"),
        (PART, 0, (0.6, 0.7), (0.1, 0.2), "no direction in the paper"),
        (PART, 1, (0.6, 0.7), (0.1, 0.2), "same direction"),
        (PART, -1, (0.6, 0.7), (-0.2, -0.1), "same direction"),
        (PART, 1, (0.6, 0.7), (-0.1, 0.2), "no difference found"),
        (PART, 1, (0.6, 0.7), (-0.2, -0.1), "opposite direction"),
        (ANALOGUE, -1, (0.6, 0.7), (0.1, 0.2), "opposite direction"),
    ],
)
def test_verdict(kind, paper_direction, ours, difference, expected):
    found = verdict(kind, 0.650, 0.0005, paper_direction, ours, difference)
    assert found == expected
    assert found in VERDICTS


def test_what_says_nothing_has_no_direction():
    given = (0.650, 0.0005, 1, (0.6, 0.7), (0.1, 0.2), "for a reason")
    assert verdict(PART, *given) == "says nothing"
    assert verdict(SAME, *given) == "value reproduced"  # a value is one, whatever others do


def difference(*values):
    return paired_difference(values, np.zeros(len(values)))


UP, DOWN, NO = difference(0.1, 0.11, 0.12), difference(-0.1, -0.11, -0.12), difference(-1, 0, 1)


def test_the_p_value_of_one_difference_is_the_usual_one():
    assert p_values([UP], 0, np.inf)[0] == pytest.approx(UP.p_value)
    assert p_values([DOWN], 0, np.inf)[1] == pytest.approx(DOWN.p_value)
    assert p_values([NO], 0, np.inf) == (1.0, 1.0)
    assert p_values([], 0, np.inf) == (1.0, 1.0)
    still = difference(0.5, 0.5, 0.5)  # it does not vary
    assert p_values([still], 0, np.inf) == (0.0, 1.0)
    assert p_values([still], 0.5, np.inf) == (1.0, 1.0)


def test_of_several_the_weakest_speaks_for_and_the_strongest_against():
    speak_for, against = p_values([UP, NO], 0, np.inf)
    assert speak_for == 1.0 and against == 1.0
    speak_for, against = p_values([UP, DOWN], 0, np.inf)
    assert speak_for == 1.0 and against == pytest.approx(2 * DOWN.p_value)
    # Both ends count.
    assert p_values([UP], -1, 1)[0] == p_values([UP], -np.inf, 1)[0]
    assert p_values([UP], 0, 0.05)[1] < 0.05 < p_values([UP], 0, 0.05)[0]


def test_judged_together_and_corrected():
    found = judge([(0.04, 1.0), (1.0, 0.001), None, (0.3, 1.0)])
    assert [verdict for verdict, _ in found] == ["open", "contradicted", "not run", "open"]
    assert found[0][1] == pytest.approx(0.08) and found[1][1] == pytest.approx(0.003)
    assert judge([(0.04, 1.0)]) == [("holds", 0.04)]
    assert judge([None])[0][0] == "not run" and judge([]) == []


def test_every_verdict_has_a_colour_a_sign_and_its_word():
    assert {*VERDICTS, *JUDGEMENTS} <= {*SIGNS}
    by_kind = {}
    for kind, sign in SIGNS.values():
        by_kind.setdefault(kind, set()).add(sign)
    assert all(len(signs) == 1 for signs in by_kind.values())
    assert len({min(signs) for signs in by_kind.values()}) == len(by_kind)

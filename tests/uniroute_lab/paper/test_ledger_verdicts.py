"""The rules by which the ledger judges, on made-up cases."""

import numpy as np
import pytest

from uniroute_lab.paper.ledger.verdicts import (
    ANALOGUE,
    PART,
    SAME,
    VERDICTS,
    direction,
    judge_claim,
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


@pytest.mark.parametrize(
    ("intervals", "low", "high", "expected"),
    [
        ([], 0, np.inf, "not run"),
        ([(0.1, 0.2)], 0, np.inf, "holds"),
        ([(-0.1, 0.2)], 0, np.inf, "open"),
        ([(-0.2, -0.1)], 0, np.inf, "contradicted"),
        ([(0.1, 0.2)], -np.inf, 0, "contradicted"),
        ([(-0.005, 0.001)], -0.01, 0.01, "holds"),
        ([(-0.005, 0.02)], -0.01, 0.01, "open"),
        ([(0.1, 0.2), (0.3, 0.4)], 0, np.inf, "holds"),
        ([(0.1, 0.2), (-0.1, 0.4)], 0, np.inf, "open"),
        ([(0.1, 0.2), (-0.4, -0.1)], 0, np.inf, "contradicted"),
    ],
)
def test_claim(intervals, low, high, expected):
    assert judge_claim(intervals, low, high) == expected

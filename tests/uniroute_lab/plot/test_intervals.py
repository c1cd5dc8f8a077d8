"""Rows of intervals say and show what is estimated, what is true and what it cannot exceed."""

import pytest

from tests.uniroute_lab.plot.cases import draw
from uniroute_lab import plot

FOUND = {
    "few": {"Tasks": (0.25, 0.125, 0.375), "K-NN": (0.5, 0.25, 0.75)},
    "many\nclusters": {"Tasks": (-0.5, -0.75, -0.25), "K-NN": (0.0, -0.25, 0.25)},
}
ROWS = list(FOUND)


def test_every_number_is_said():
    extra = {"truth": {ROWS[0]: 0.625, ROWS[1]: 0.25}, "ceiling": dict.fromkeys(ROWS, 1.0)}
    assert plot.intervals(FOUND, "misfit", **extra).text == (
        "misfit. few: Tasks 0.25 [0.125, 0.375]; K-NN 0.5 [0.25, 0.75]; true 0.625; at most 1. "
        "many clusters: Tasks -0.5 [-0.75, -0.25]; K-NN 0 [-0.25, 0.25]; true 0.25; at most 1."
    )


def test_every_number_is_shown():
    ceiling = dict.fromkeys(ROWS, 1.0)
    (axes,) = plot.intervals(FOUND, "misfit", ceiling=ceiling, kinds={"Tasks": "MLP"}).figure.axes
    wide = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    ends = [row[mark][1:] for row in FOUND.values() for mark in row]
    assert wide == [*ends, (0, 0)]  # and the line at zero
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(0.5, 0.5), (0.0, 1.0)]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ROWS
    assert axes.get_ylim() == (1.5, -0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"found": {}}, "found must hold at least one entry; got none"),
        ({"truth": {"K = 6": 1}}, r"truth must have the rows \['K = 5'\]; got \['K = 6'\]"),
        ({"ceiling": {}}, r"ceiling must have the rows \['K = 5'\]; got \[\]"),
        ({"kinds": {"K-NN": "knn"}}, "kinds must be of .*; got 'knn'"),
    ],
)
def test_bad_input_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        draw("intervals", **change)

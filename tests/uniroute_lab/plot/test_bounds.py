"""The pictures of the theory: what they say, and what they refuse."""

import numpy as np
import pytest

from uniroute_lab import plot


def test_against_bound_says_how_near_the_bound_is():
    points = {"hard": ([0.2, 0.0], [0.1, 0.0]), "soft": ([0.5], [0.75])}
    picture = plot.against_bound(points, "E max Delta", "excess risk", slopes=(1, 2))
    assert picture.text == (
        "excess risk against E max Delta. hard: 2 points, largest ratio 0.5. "
        "soft: 1 points, largest ratio 1.5. A line at ratio 1. A line at ratio 2."
    )
    (axes,) = picture.figure.axes
    assert len(axes.collections) == 2
    assert [line.get_ydata()[1] for line in axes.lines] == [0.5, 1.0]


def test_predicted_and_true_marks_the_choice():
    gamma, gamma_star = np.array([[0.5, 0.25], [0.5, 0.75]]), np.array([[1 - 1e-9, 1e-9], [0, 1]])
    picture = plot.predicted_and_true(gamma, gamma_star, ["a", "b"], ["A", "B"], [1, 0])
    assert picture.text == (
        "Predicted and true mean losses of 2 prompts. a: A 0.5 and 1; B 0.25 and 0, chosen. "
        "b: A 0.5 and 0, chosen; B 0.75 and 1."
    )


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="points must hold at least one entry"):
        plot.against_bound({}, "bound", "loss")
    for pair in (([0.1], [0.1, 0.2]), ([], []), ([[0.1]], [[0.1]])):
        with pytest.raises(ValueError, match=r"points must be pairs of .* for 'x'"):
            plot.against_bound({"x": pair}, "bound", "loss")
    fine = [[0.1, 0.2]]
    for arguments in (
        ([[0.1]], fine, ["a"], ["A", "B"], [0]),
        (fine, fine, ["a", "b"], ["A", "B"], [0]),
        (fine, fine, ["a"], ["A", "B"], [0, 1]),
    ):
        with pytest.raises(ValueError, match=r"gamma and gamma_star must have shape \(\d, 2\)"):
            plot.predicted_and_true(*arguments)
    with pytest.raises(ValueError, match="names must be distinct"):
        plot.predicted_and_true(fine, fine, ["a"], ["A", "A"], [0])

"""Panels: what they say, and what they refuse."""

import pytest

from uniroute_lab.plot.series import panels

CASES = {"few": {"error": [0.5, 0.2], "bound": [1.0, 2.0]}}
CASES["many"] = {"error": [0.5, 0.1], "bound": [1.0, 0.5]}


def test_the_text_tells_each_line():
    picture = panels([1, 10], CASES, "K", "loss", {"many": {"error": [0.1, 0.05]}})
    assert "in 2 panels. few: error from 0.5 to 0.2" in picture.text
    assert "bound from 1 to 0.5, lowest 0.5 at K = 10." in picture.text
    first, second = picture.figure.axes
    assert first.get_yscale() == second.get_xscale() == "log"
    assert (len(first.collections), len(second.collections)) == (0, 1)  # the band


@pytest.mark.parametrize(
    ("x", "values", "errors", "message"),
    [
        ([1, 2], {}, None, "values must hold at least one entry"),
        ([1, 2], {"few": {}}, None, "values must hold at least one entry"),
        ([0, 1], CASES, None, "x must be positive; got 0"),
        ([1, 2, 3], CASES, None, "of 'few' must have the labels"),
        ([1, 2], {**CASES, "many": {"error": [1, 2]}}, None, "of 'many' must have the labels"),
        ([1, 2], CASES, {"few": {"error": [1]}}, "of 'few' must have the labels"),
    ],
)
def test_refuses(x, values, errors, message):
    with pytest.raises(ValueError, match=message):
        panels(x, values, "K", "loss", errors)

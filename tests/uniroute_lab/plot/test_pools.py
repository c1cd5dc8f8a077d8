"""Hulls and lower edges are what a coin can do, on both kinds of axis; shares are told."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

from tests.uniroute_lab.plot.cases import COSTS, GAMMA, LLMS, curve, draw
from tests.uniroute_lab.plot.drawn import check_lines, through
from tests.uniroute_lab.plot.worlds import pools
from uniroute import ZeroRouter, deferral_curve
from uniroute_lab import plot
from uniroute_lab.plot.pools import pool_text, routers_text, shares_text


@pytest.mark.parametrize("log", [False, True])
@settings(max_examples=8, deadline=None)
@given(pool=pools())
def test_a_hull_is_what_mixtures_of_two_llms_reach(log, pool):
    _, losses, costs = pool
    names = [f"LLM {m}" for m in range(len(costs))]
    zero = ZeroRouter().fit(names, None, losses, costs)
    figure = plot.llm_pool(names, costs, zero.losses_, "cents", hull=zero.hull_, log=log).figure
    (axes,) = figure.axes
    for dot in axes.lines[1:]:
        dot.remove()
    if len(zero.hull_) > 1:
        check_lines(axes, [through(costs[zero.hull_], 1 - zero.losses_[zero.hull_])])


@settings(max_examples=20, deadline=None)
@given(pool=pools(n_prompts=3))
def test_the_lower_edge_and_the_line_that_touches_it(pool):
    gamma, _, costs = pool
    routers = list(itertools.product(range(len(costs)), repeat=3))[:64]
    loss = np.array([np.mean([gamma[i, m] for i, m in enumerate(r)]) for r in routers])
    cost = np.array([costs[list(r)].mean() for r in routers])
    best, weight = deferral_curve(gamma, gamma, costs), 0.2 / costs.max()
    (axes,) = plot.all_routers(cost, loss, best, "cents", weight).figure.axes
    level = (loss + weight * cost).min()
    check_lines(axes, [lambda x: 1 - best.at(x), lambda x: level - weight * x])


def test_texts_need_no_picture():
    quality = np.array([0.5, 0.625, 0.75])
    assert pool_text(LLMS, COSTS, quality, "cents") == draw("llm_pool").text
    assert pool_text(LLMS, COSTS, quality, "cents", [0, 2]).endswith("A line joins small, large.")
    assert routers_text(2, curve(), "cents") == draw("all_routers").text
    assert shares_text({"now": np.array([0.25, 0.75, 0])}, LLMS) == (
        "Share of the prompts that each LLM gets. now: small 25 %, medium 75 %."
    )


def test_only_labelled_llms_have_names_and_colours():
    (axes,) = draw("llm_pool", labelled=["large"]).figure.axes
    assert [text.get_text() for text in axes.texts] == ["large"]
    assert [dot.get_color() == "#c4c4c4" for dot in axes.lines] == [True, True, False]


def test_the_cheapest_llm_stands_at_the_top():
    (axes,) = draw("traffic", costs=COSTS[::-1]).figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == LLMS[::-1]
    assert axes.yaxis_inverted()


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("all_routers", {"costs": [], "losses": []}, "losses must be a non-empty array"),
        ("all_routers", {"costs": [1.0]}, r"costs must have shape \(2,\); got \(1,\)"),
        ("all_routers", {"costs": [1.0, -2.0]}, "costs must be finite and not negative; got -2.0"),
        ("all_routers", {"losses": [0.5, np.nan]}, "losses must be finite; got nan"),
        ("llm_pool", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("llm_pool", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("llm_pool", {"costs": [0.0, 1.0, 2.0]}, "numbers on a logarithmic axis must be positive"),
        ("llm_pool", {"labelled": ["vain"]}, "labelled must be of names; got 'vain'"),
        ("llm_pool", {"losses": [0.5]}, r"losses must have shape \(3,\); got \(1,\)"),
        ("llm_pool", {"losses": GAMMA}, "losses must be a non-empty array"),
        ("llm_pool", {"losses": [0.5, np.nan, 0.5]}, "losses must be finite; got nan"),
        ("llm_pool", {"hull": [0, 3]}, r"hull must be indices of the 3 LLMs; got \[0, 3\]"),
        ("traffic", {"shares": {}}, "shares must hold at least one entry"),
        ("traffic", {"shares": {"now": [1.0]}}, r"shares must have shape \(3,\) .*'now'.*\(1,\)"),
        ("traffic", {"shares": {"now": [0.5, 0, 0]}}, "add up to 1; got 'now' .* sum 0.5"),
        ("traffic", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("traffic", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
    ],
)
def test_bad_input_is_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)

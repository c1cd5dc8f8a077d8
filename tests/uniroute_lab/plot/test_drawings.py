"""The drawings show the rule: the chosen LLM is that of the router, and unknown LLMs are marked."""

import numpy as np
import pytest

from tests.uniroute_lab.plot.cases import CASES, draw
from uniroute import route
from uniroute_lab import plot
from uniroute_lab.plot.drawings import decision_text, pools_text


@pytest.mark.parametrize("cost_weight", [0.0, 0.125, 0.5, 2.0])
def test_the_one_that_is_chosen_is_the_router_s(cost_weight):
    given = CASES["decision"][0]
    gamma = np.array([given["features"]])[0] @ given["memberships"]
    chosen = given["names"][route([gamma], given["costs"], cost_weight)[0]]
    text = draw("decision", cost_weight=cost_weight).text
    (named,) = [part for part in text.split(": ")[1].split("; ") if "chosen" in part]
    assert named.startswith(chosen)


def test_the_bars_are_the_scores():
    given = CASES["decision"][0]
    top, middle, right = draw("decision").figure.axes
    assert [bar.get_height() for bar in top.patches] == given["memberships"]
    np.testing.assert_allclose(middle.images[0].get_array(), given["features"])
    ends = [bar.get_x() + bar.get_width() for bar in right.patches[3:]]
    gamma = np.array(given["features"]) @ given["memberships"]
    np.testing.assert_allclose(ends, gamma + 0.125 * given["costs"])


def test_a_hard_and_a_soft_prompt_are_told():
    hard = decision_text(np.array([0, 1.0]), np.array([0.5]), np.array([0.25]), ["a"], 0.5)
    assert hard == (
        "One prompt of cluster 2 of 2. Predicted loss plus 0.5 x cost: a 0.5 + 0.25 = 0.75, chosen."
    )
    soft = decision_text(np.array([0.25, 0.75]), np.array([0.5]), np.array([0.25]), ["a"], 0.5)
    assert soft.startswith("One prompt of 0.25 of cluster 1, 0.75 of cluster 2.")


def test_who_is_there_in_vain_is_hollow():
    static, dynamic = draw("changing_pool").figure.axes
    assert [text.get_text() for text in static.texts] == ["a", "b", "b", "c: unknown"]
    assert [text.get_text() for text in dynamic.texts] == ["a", "b", "b", "c"]


def test_a_pool_of_strangers():
    text = pools_text({"today": ["a"], "later": ["b"]})
    assert "a router fitted to the first pool can use none of it" in text


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (
            "decision",
            {"features": [[0.5, 0.5]]},
            r"features must have shape \(3, 2\); got \(1, 2\)",
        ),
        ("decision", {"memberships": [0.5, 0.25]}, "memberships must add up to one; got 0.75"),
        ("decision", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("decision", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("changing_pool", {"pools": {}}, "pools must hold at least one entry"),
        ("changing_pool", {"pools": {"today": []}}, "must hold at least one entry|names"),
        ("changing_pool", {"pools": {"today": ["a", "a"]}}, "names must be distinct; 'a'"),
    ],
)
def test_bad_input_is_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)


def test_both_are_at_the_door():
    assert {"decision", "changing_pool"} <= set(plot.__all__)

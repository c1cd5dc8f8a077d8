"""The object in which every data set arrives."""

import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from uniroute import RoutingData


def toy(**changes):
    fields = {
        "name": "toy",
        "prompts": ["p", "q", "r"],
        "prompt_ids": ["1", "2", "3"],
        "tasks": ["sums", "sums", "towns"],
        "losses": [[0, 1], [1, np.nan], [0.5, 0]],
        "costs": [1, 7],
        "cost_unit": "cents",
        "llms": ["small", "large"],
        "licence": "CC0-1.0",
        "citation": "none",
    }
    return RoutingData(**(fields | changes))


def test_fields_come_in_their_types():
    data = toy(embeddings=np.eye(3))
    assert data.losses.dtype == data.costs.dtype == np.float64
    assert data.embeddings.dtype == np.float32
    assert data.prompt_ids.dtype.kind == data.tasks.dtype.kind == "U"
    assert (data.n_prompts, data.n_llms) == (3, 2)
    with pytest.raises(FrozenInstanceError):
        data.name = "other"


def test_repr_says_what_is_in_it():
    assert repr(toy(embeddings=np.eye(3))) == (
        "RoutingData('toy': 3 prompts x 2 LLMs,\n"
        "    83.3 % of losses observed, costs in cents, 3 embedding dims)"
    )
    assert "embedding" not in repr(toy())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": 3}, "name must be a string; got 3"),
        ({"licence": None}, "licence must be a string; got None"),
        ({"prompts": "pqr"}, "prompts must be a sequence of strings; got the single string 'pqr'"),
        ({"prompts": ["p", 2, "r"]}, "prompts must hold strings; got 2 at position 1"),
        ({"prompts": []}, "prompts must not be empty"),
        ({"llms": [], "losses": np.zeros((3, 0)), "costs": []}, "llms must hold at least one LLM"),
        ({"llms": ["a", "a"]}, "llms must be distinct; 'a' stands more than once"),
        ({"prompt_ids": ["1", "1", "2"]}, "prompt_ids must all be different; got '1'"),
        ({"prompt_ids": ["1"]}, r"prompt_ids must have shape \(3,\); got \(1,\)"),
        ({"tasks": ["t"]}, r"tasks must have shape \(3,\); got \(1,\)"),
        ({"losses": np.zeros((2, 3))}, r"losses must have shape \(3, 2\); got \(2, 3\)"),
        ({"losses": [["x", 1]] * 3}, "losses must be an array of numbers"),
        ({"losses": np.full((3, 2), np.inf)}, "losses must be finite or NaN; got inf"),
        ({"costs": [1, 2, 3]}, r"costs must have shape \(2,\) or \(3, 2\); got \(3,\)"),
        ({"costs": [1, -2]}, r"costs must be finite and not negative, or NaN; got -2\.0"),
        ({"costs": [1, np.inf]}, "costs must be finite .*; got inf"),
        ({"embeddings": np.zeros((2, 4))}, r"embeddings must have shape \(3, 4\); got \(2, 4\)"),
        ({"embeddings": np.zeros(3)}, r"embeddings must have shape \(3, 3\); got \(3,\)"),
        ({"embeddings": np.full((3, 2), np.nan)}, "embeddings must be finite; got nan"),
    ],
)
def test_bad_fields_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        toy(**changes)


@pytest.mark.parametrize("prompts", [[2, 0], [-1, 0], [True, False, True], slice(None, None, 2)])
def test_select_prompts(prompts):
    data = toy(embeddings=np.eye(3), costs=np.arange(6).reshape(3, 2))
    kept = data.select(prompts)
    order = np.arange(3)[prompts]
    assert kept.prompts == [data.prompts[i] for i in order]
    np.testing.assert_array_equal(kept.prompt_ids, data.prompt_ids[order])
    np.testing.assert_array_equal(kept.tasks, data.tasks[order])
    np.testing.assert_array_equal(kept.losses, data.losses[order])
    np.testing.assert_array_equal(kept.costs, data.costs[order])
    np.testing.assert_array_equal(kept.embeddings, np.eye(3)[order])
    assert kept.llms == data.llms


@pytest.mark.parametrize(
    "llms", ["large", ["large"], np.array(["large"]), [1], [False, True], slice(1, 2)]
)
@pytest.mark.parametrize("costs", [[1, 7], [[1, 7]] * 3])
def test_select_llms(llms, costs):
    kept = toy(costs=costs).select(llms=llms)
    assert kept.llms == ["large"]
    np.testing.assert_array_equal(kept.losses, toy().losses[:, [1]])
    np.testing.assert_array_equal(kept.costs, np.array(costs)[..., 1:])


def test_select_prompts_and_llms_at_once_and_nothing_at_all():
    kept = toy().select([2, 1], ["large", "small"])
    np.testing.assert_array_equal(kept.losses, [[0, 0.5], [np.nan, 1]])
    np.testing.assert_array_equal(kept.costs, [7, 1])
    assert repr(toy().select()) == repr(toy())


@pytest.mark.parametrize(
    ("selection", "error", "message"),
    [
        ({"llms": "huge"}, KeyError, "no LLM named 'huge'; there are small, large"),
        ({"llms": ["small", "small"]}, ValueError, "llms must all be different"),
        ({"llms": [5]}, ValueError, "llms does not fit 2 llms"),
        ({"llms": []}, ValueError, "llms must not be empty"),
        ({"prompts": [0, 0]}, ValueError, "prompts must all be different; got 0"),
        ({"prompts": [True]}, ValueError, "prompts does not fit 3 prompts"),
        ({"prompts": [0.0]}, ValueError, "prompts must be a 1-D mask or positions"),
        ({"prompts": 1}, ValueError, "prompts must be a 1-D mask or positions"),
        ({"prompts": [False] * 3}, ValueError, "prompts must not be empty"),
    ],
)
def test_bad_selections_are_named(selection, error, message):
    with pytest.raises(error, match=message):
        toy().select(**selection)


def test_complete_drops_llms_without_an_outcome_or_a_cost():
    assert toy().complete().llms == ["small"]
    whole = np.zeros((3, 2))
    assert toy(losses=whole).complete().llms == ["small", "large"]
    assert toy(losses=whole, costs=[np.nan, 7]).complete().llms == ["large"]
    per_prompt = [[1, 7], [1, np.nan], [1, 7]]
    assert toy(losses=whole, costs=per_prompt).complete().llms == ["small"]
    with pytest.raises(ValueError, match="no LLM of 'toy' has every outcome and a cost"):
        toy(costs=[np.nan, 7]).complete()


def test_complete_keeps_llms_with_most_outcomes_if_asked():
    nan = np.nan
    holes = toy(losses=[[0, nan], [nan, nan], [0, 1]])
    assert holes.complete(0.6).llms == ["small"]
    assert holes.complete(0.3).llms == ["small", "large"]
    assert holes.complete(0).llms == ["small", "large"]
    nothing = toy(losses=[[0, nan], [nan, nan], [0, nan]])
    assert nothing.complete(0).llms == ["small"]  # of the other no outcome is known
    with pytest.raises(ValueError, match="no LLM of 'toy' has 80 % of the outcomes and a cost"):
        holes.complete(0.8)
    with pytest.raises(ValueError, match="observed must be a number from 0 to 1; got 2"):
        holes.complete(2)


def test_dates_of_release_go_with_their_llms():
    data = toy(released=["2026-03", "2025"])
    assert data.select(llms=[1, 0]).released == ["2025", "2026-03"]
    assert data.select(prompts=[0]).released == ["2026-03", "2025"]
    assert toy().released is None and toy().select(llms=[0]).released is None


@pytest.mark.parametrize(
    ("released", "words"),
    [
        (["2026-03"], "released must have a date per LLM, 2; got 1"),
        (["2026-3", "2025"], "released must hold dates such as '2026-03'; got '2026-3'"),
        (["March", "2025"], "got 'March'"),
        ([2026, 2025], "released must hold strings; got 2026 at position 0"),
        ("2026", "released must be a sequence of strings"),
    ],
)
def test_dates_of_release_that_cannot_be_sorted(released, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        toy(released=released)

"""What else is known of the prompts of a data set."""

import numpy as np
import pytest

from uniroute import RoutingData


def toy(features):
    return RoutingData(
        name="toy",
        prompts=["p", "q", "r"],
        prompt_ids=["0", "1", "2"],
        tasks=["t", "t", "u"],
        losses=[[0, 1], [1, 1], [0, float("nan")]],
        costs=[1, 7],
        cost_unit="cents",
        llms=["small", "large"],
        licence="CC0-1.0",
        citation="none",
        features=features,
    )


def test_features_are_arrays_by_name():
    data = toy({"length": [[1], [2], [3]], "marks": np.eye(3)})
    assert list(data.features) == ["length", "marks"]
    assert {values.dtype for values in data.features.values()} == {np.dtype(np.float32)}
    assert toy(None).features is None


def test_features_go_with_their_prompts():
    kept = toy({"length": [[1], [2], [3]]}).select(prompts=[2, 0], llms="small")
    assert kept.features["length"].tolist() == [[3], [1]]
    assert kept.complete().features["length"].tolist() == [[3], [1]]
    assert toy(None).select(prompts=[0]).features is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1], [2]], r"features\['f'\] must have shape \(3, 1\); got \(2, 1\)"),
        ([1, 2, 3], r"features\['f'\] must have shape .*; got \(3,\)"),
        ([[1], [2], [np.nan]], r"features\['f'\] must be finite; got nan"),
        ([["a"], ["b"], ["c"]], r"features\['f'\] must be an array of numbers"),
    ],
)
def test_bad_features_are_named(values, words):
    with pytest.raises(ValueError, match=words):
        toy({"f": values})

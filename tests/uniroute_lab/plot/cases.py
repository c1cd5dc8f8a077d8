"""For each picture: arguments that it can draw, and changes each of which changes its text."""

import numpy as np
import pandas as pd

from uniroute import deferral_curve, paired_difference
from uniroute_lab import plot

GAMMA = np.array([[0.5, 0.125, 0.25], [0.25, 0.5, 0.125]])
LOSSES = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
COSTS = np.array([1.0, 2.0, 4.0])
LLMS = ["small", "medium", "large"]
POINTS = np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 1.0]])

MEAN = pd.DataFrame(
    {
        "data": "pocket",
        "method": np.repeat(["ZeroRouter", "K-NN"], 3),
        "relative_cost": [0.0, 0.5, 1.0] * 2,
        "quality": [0.25, 0.375, 0.5, 0.25, 0.5, 0.5],
        "standard_error": 0.0625,
    }
)
BOUND = {"bound": [0.5, 1.0], "excess": [0.25, 0.25], "sort": "worlds"}


def curve(gamma=GAMMA, losses=LOSSES, costs=COSTS):
    return deferral_curve(gamma, losses, costs)


def predict(shift=0.0):
    """Return a router of a plane, cut by the line x = shift."""
    return lambda X: np.column_stack([X[:, 0] > shift, X[:, 0] <= shift, np.ones(len(X))]) * 1.0


CASES = {
    "against_bound": (
        {"table": BOUND, "x": "bound", "y": "excess", "hue": "sort"},
        [
            {"table": {**BOUND, "excess": [0.5, 0.25]}},
            {"table": {**BOUND, "sort": "others"}},
            {"slopes": (1, 2)},
            {"table": {**BOUND, "other bound": [0.5, 1.0]}, "x": "other bound"},
        ],
    ),
    "all_routers": (
        {"costs": [1.0, 2.0], "losses": [0.5, 0.25], "best": curve(), "unit": "cents"},
        [
            {"costs": [1.0, 2.0, 3.0], "losses": [0.5, 0.25, 0.25]},
            {"best": curve(losses=1 - LOSSES)},
            {"unit": "seconds"},
            {"cost_weight": 0.125},
        ],
    ),
    "changing_pool": (
        {"pools": {"today": ["a", "b"], "later": ["b", "c"]}},
        [
            {"pools": {"today": ["a", "b"], "later": ["a", "c"]}},
            {"pools": {"today": ["a", "b"], "tomorrow": ["b", "c"]}},
            {"pools": {"today": ["a", "b", "c"], "later": ["b", "c"]}},
        ],
    ),
    "choice_map": (
        {
            "predict": predict(),
            "costs": COSTS,
            "names": LLMS,
            "cost_weights": [0.01],
            "limits": (-1, 1, -1, 1),
            "n_steps": 20,
        },
        [
            {"predict": predict(0.5)},
            {"cost_weights": [0.01, 5.0]},
            {"limits": (-1, 3, -1, 1)},
            {"names": ["a", "b", "c"]},
        ],
    ),
    "decision": (
        {
            "memberships": [0.75, 0.25],
            "features": [[0.5, 0.25], [0.25, 0.5], [0.125, 0.125]],
            "costs": COSTS,
            "names": LLMS,
            "cost_weight": 0.125,
        },
        [
            {"memberships": [1.0, 0.0]},
            {"features": [[0.5, 0.75], [0.25, 0.5], [0.125, 0.125]]},
            {"costs": [1.0, 2.0, 5.0]},
            {"names": ["a", "b", "c"]},
            {"cost_weight": 0.5},
        ],
    ),
    "deferral_curves": (
        {"curves": {"UniRoute": curve()}, "unit": "cents"},
        [
            {"curves": {"UniRoute": curve(gamma=1 - GAMMA)}},
            {"curves": {"UniRoute": curve(), "Oracle": curve(gamma=LOSSES)}},
            {"curves": {"K-NN": curve()}},
            {"unit": "seconds"},
            {"llms": False},
        ],
    ),
    "dendrogram": (
        {
            "tree": [[0, 1, 0.25, 2], [2, 3, 0.5, 3]],
            "names": LLMS,
            "groups": ["A", "A", "B"],
            "label": "distance",
        },
        [
            {"tree": [[0, 1, 0.375, 2], [2, 3, 0.5, 3]]},
            {"tree": [[0, 2, 0.25, 2], [1, 3, 0.5, 3]]},
            {"names": ["a", "b", "c"]},
            {"groups": ["A", "B", "B"]},
            {"label": "1 - similarity"},
        ],
    ),
    "differences": (
        {"found": {"K-NN": paired_difference([0.5, 0.75], [0.5, 0.5])}, "label": "area gained"},
        [
            {"found": {"K-NN": paired_difference([0.5, 0.8], [0.5, 0.5])}},
            {"found": {"MLP": paired_difference([0.5, 0.75], [0.5, 0.5])}},
            {"label": "area lost"},
        ],
    ),
    "forest": (
        {
            "found": {"pocket": {"K-NN": paired_difference([0.5, 0.75], [0.5, 0.5])}},
            "label": "area gained",
        },
        [
            {"found": {"pocket": {"K-NN": paired_difference([0.5, 0.8], [0.5, 0.5])}}},
            {"found": {"exams": {"K-NN": paired_difference([0.5, 0.75], [0.5, 0.5])}}},
            {"label": "area lost"},
        ],
    ),
    "envelope": (
        {"gamma": GAMMA[0], "costs": COSTS, "names": LLMS},
        [
            {"gamma": [0.5, 0.25, 0.125]},
            {"costs": [1.0, 3.0, 4.0]},
            {"names": ["a", "b", "c"]},
        ],
    ),
    "heatmap": (
        {"table": pd.DataFrame(GAMMA, ["a", "b"], LLMS), "label": "mean loss"},
        [
            {"table": pd.DataFrame(np.maximum(GAMMA, [[0.75, 0, 0], [0, 0, 0]]), ["a", "b"], LLMS)},
            {"table": pd.DataFrame(np.minimum(GAMMA, [[1, 0, 1], [1, 1, 1]]), ["a", "b"], LLMS)},
            {"table": pd.DataFrame(GAMMA, ["c", "d"], LLMS)},
            {"table": pd.DataFrame(GAMMA, ["a", "b"], ["x", "y", "z"])},
            {"label": "quality"},
            {"row_word": "tasks"},
        ],
    ),
    "intervals": (
        {"found": {"K = 5": {"K-NN": (0.5, 0.25, 0.75)}}, "label": "misfit"},
        [
            {"found": {"K = 5": {"K-NN": (0.5, 0.125, 0.75)}}},
            {"found": {"K = 6": {"K-NN": (0.5, 0.25, 0.75)}}},
            {"found": {"K = 5": {"MLP": (0.5, 0.25, 0.75)}}},
            {"label": "excess risk"},
            {"truth": {"K = 5": 0.75}},
            {"ceiling": {"K = 5": 1.0}},
        ],
    ),
    "lines": (
        {"table": {"K": [1, 2], "UniRoute": [0.5, 0.75]}, "x": "K", "y": "area"},
        [
            {"table": {"K": [1, 2], "UniRoute": [0.5, 0.8]}},
            {"table": {"K": [1, 2], "K-NN": [0.5, 0.75]}},
            {"table": {"K": [1, 3], "UniRoute": [0.5, 0.75]}},
            {"table": {"K": [1, 2, 2], "UniRoute": [0.5, 0.75, 1.0]}},
            {"reference": ("ZeroRouter", 0.5)},
            {"best": "lowest"},
            {"xlabel": "clusters"},
            {"ylabel": "quality"},
            {"points": {"none": (1.5, 0.25)}},
        ],
    ),
    "llm_pool": (
        {"names": LLMS, "costs": COSTS, "losses": [0.5, 0.375, 0.25], "unit": "cents"},
        [
            {"losses": [0.5, 0.375, 0.125]},
            {"costs": [1.0, 2.0, 5.0]},
            {"names": ["a", "b", "c"]},
            {"unit": "seconds"},
            {"hull": [0, 2]},
        ],
    ),
    "mean_curves": (
        {"table": MEAN},
        [
            {"table": MEAN.assign(quality=MEAN.quality / 2)},
            {"table": pd.concat([MEAN, MEAN.assign(data="MMLU-Pro")])},
            {"methods": ["K-NN"]},
            {"minus": "ZeroRouter"},
        ],
    ),
    "predicted_and_true": (
        {
            "gamma": GAMMA,
            "gamma_star": LOSSES,
            "prompts": ["first", "second"],
            "names": LLMS,
            "choice": [1, 2],
        },
        [
            {"gamma": GAMMA / 2},
            {"gamma_star": GAMMA},
            {"choice": [1, 1]},
            {"prompts": ["one", "two"]},
        ],
    ),
    "prompts_2d": (
        {"X": POINTS, "groups": ["a", "b", "b"]},
        [
            {"groups": ["a", "a", "b"]},
            {"X": POINTS[[0, 1, 2, 2]], "groups": ["a", "b", "b", "b"]},
            {"centers": [[0.0, 1.0]]},
            {"group_word": "task"},
        ],
    ),
    "traffic": (
        {"shares": {"before": [1.0, 0.0, 0.0]}, "names": LLMS, "costs": COSTS},
        [
            {"shares": {"before": [0.5, 0.5, 0.0]}},
            {"shares": {"after": [1.0, 0.0, 0.0]}},
            {"names": ["a", "b", "c"]},
            {"shares": {"before": [0.5, 0.5, 0.0], "after": [0.0, 0.0, 1.0]}},
        ],
    ),
}


def draw(name, **changes):
    """Draw a case, with some arguments changed."""
    return getattr(plot, name)(**{**CASES[name][0], **changes})

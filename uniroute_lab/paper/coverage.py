"""How often do the intervals of a mean over trials cover the truth? A simulation at our sizes.

`python -m uniroute_lab.paper.coverage` writes results/coverage.csv, in about a quarter of an hour.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from uniroute.paired import ABOUT, paired_difference
from uniroute_lab._files import results_folder, write_whole

__all__ = ["SIZES", "Size", "coverage", "read_coverage", "simulate"]


@dataclass(frozen=True)
class Size:
    """Sizes of an experiment: LLMs, those of a pool, and the number of trials.

    Attributes
    ----------
    data : str
    n_llms, n_pool, n_trials : int

    Examples
    --------
    >>> Size("mmlu_pro", 26, 9, 400).n_pool
    9
    """

    data: str
    n_llms: int
    n_pool: int
    n_trials: int


SIZES = (
    Size("mmlu_pro", 26, 9, 400),
    Size("mmlu_pro", 26, 9, 50),
    Size("pocket", 35, 12, 100),
    Size("pocket", 35, 12, 50),
    Size("routerbench", 11, 6, 100),
    Size("routerbench", 11, 6, 50),
    Size("llmrouter", 9, 4, 100),
    Size("llmrouter", 9, 4, 50),
    Size("openhands", 34, 11, 100),
    Size("openhands", 34, 11, 50),
    Size("livecodebench", 28, 9, 100),
    Size("livecodebench", 28, 9, 50),
    Size("mmlu_pro", 26, 9, 60),
    Size("pocket", 35, 12, 60),
)
# Standard deviations between trials, in that of what is each trial's own: of the LLMs' effects, of
# pairs of LLMs, and of the test prompts; then degrees of freedom, where effects are not normal.
EFFECTS = {
    "none": (0.0, 0.0, 0.5),
    "LLMs": (0.6, 0.0, 0.5),
    "LLMs, large": (1.5, 0.0, 0.5),
    "LLMs, heavy tails": (1.5, 0.0, 0.5, 3),
    "LLMs and pairs": (0.6, 0.6, 0.5),
}
N_PROMPTS, N_TEST = 200, 60  # the share is ours; more of them would change nothing but the time


def simulate(size, effects, rng):
    """Draw LLMs and prompts from their populations, and trials from these.

    Parameters
    ----------
    size : Size
    effects : sequence of float
        Standard deviations between trials that LLMs, their pairs and test prompts cause; what is
        each trial's own has 1. A fourth number: degrees of freedom of the LLMs' effects.
    rng : Generator

    Returns
    -------
    difference, gaps : ndarray of shape (n_trials,)
        As for `uniroute.paired_difference`.
    pools : ndarray of bool, shape (n_trials, n_llms)
    about_prompts : float
        What the mean is over new prompts for these LLMs; for new LLMs it is 0.

    Notes
    -----
    Section 6: a third of the LLMs, 30 % of the prompts. Chapter 14.

    Examples
    --------
    >>> drawn = simulate(SIZES[0], EFFECTS["LLMs"], np.random.default_rng(0))
    >>> drawn[0].shape, drawn[2].sum(axis=1)[:3]
    ((400,), array([9, 9, 9]))
    """
    of_llms, of_pairs, of_prompts, *tails = effects
    m, n_llms, n_trials = size.n_pool, size.n_llms, size.n_trials
    pools = np.zeros((n_trials, n_llms))
    np.put_along_axis(pools, _drawn(n_trials, n_llms, m, rng), 1.0, axis=1)
    alone = rng.standard_t(*tails, n_llms) / np.sqrt(3) if tails else rng.normal(size=n_llms)
    alone *= of_llms / np.sqrt(m * (1 - m / n_llms))
    pairs = np.triu(rng.normal(size=(n_llms, n_llms)), 1) * of_pairs / np.sqrt(m * (m - 1) / 2)
    by_pool = pools @ alone + np.einsum("ti,ij,tj->t", pools, pairs, pools)
    over_pools = alone.mean() * m + pairs.sum() * m * (m - 1) / (n_llms * (n_llms - 1))
    prompts = rng.normal(size=N_PROMPTS) * of_prompts * np.sqrt(N_TEST)
    seen = prompts[_drawn(n_trials, N_PROMPTS, N_TEST, rng)]
    difference = by_pool + seen.mean(axis=1) + rng.normal(size=n_trials)
    gaps = seen[:, ::2].mean(axis=1) - seen[:, 1::2].mean(axis=1)
    return difference, gaps, pools > 0, over_pools


def _drawn(n_trials, n, size, rng):
    """Return `size` different numbers below n for each trial."""
    return rng.random((n_trials, n)).argsort(axis=1, kind="stable")[:, :size]


def coverage(size, effects, n_repeats, seed=0, level=0.95):
    """Count how often intervals hold the truth.

    Parameters
    ----------
    size : Size
    effects : sequence of float
        As for `simulate`.
    n_repeats : int
        How many experiments are simulated.
    seed : int, default 0
    level : float, default 0.95
        Confidence level.

    Returns
    -------
    dict of str to float
        Shares of the experiments. "these LLMs as new ones": of the ordinary interval, for the truth
        about new LLMs; the others for what they speak of; "..., no gaps" without `gaps`.

    Notes
    -----
    The intervals of `uniroute.paired_difference`. Chapter 14.

    Examples
    --------
    >>> sorted(coverage(SIZES[-1], EFFECTS["none"], n_repeats=2))[:2]
    ['new LLMs', 'new LLMs, no gaps']
    """
    rng, held = np.random.default_rng(seed), []
    for _ in range(n_repeats):
        difference, gaps, pools, over_pools = simulate(size, effects, rng)
        zeros, found = np.zeros(len(difference)), {}
        for about, known in [*product(ABOUT, [True]), *product(ABOUT[1:], [False])]:
            given = {"pools": pools, "test_share": N_TEST / N_PROMPTS}
            given["gaps"] = gaps if known else None
            pair = paired_difference(difference, zeros, level, about=about, **given)
            truth = over_pools if about == "new prompts" else 0.0
            name = "these LLMs as new ones" if about == "these LLMs" else about
            found[name + ("" if known else ", no gaps")] = pair.low <= truth <= pair.high
        held.append(found)
    return pd.DataFrame(held).mean().to_dict()


def read_coverage():
    """Return the stored shares, a row for each size and kind of effects.

    Notes
    -----
    Made by ``python -m uniroute_lab.paper.coverage``. Chapter 14.

    Examples
    --------
    >>> len(read_coverage())
    70
    """
    return pd.read_csv(results_folder() / "coverage.csv")


def main(n_repeats=2000):
    """Simulate all sizes and effects, and store the shares."""
    rows = [
        {**vars(size), "effects": name, "n_repeats": n_repeats, **coverage(size, sds, n_repeats)}
        for size, (name, sds) in product(SIZES, EFFECTS.items())
    ]
    write_whole(
        results_folder() / "coverage.csv", pd.DataFrame(rows).round(4).to_csv(index=False).encode()
    )


if __name__ == "__main__":
    main()

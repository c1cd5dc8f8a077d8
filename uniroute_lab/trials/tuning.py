"""Each method's numbers, chosen on the training LLMs: the paper's recipe and a size-matched one."""

import warnings
from dataclasses import asdict, dataclass

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from uniroute._progress import progress_bar
from uniroute.checks import check_positive_integer
from uniroute.llms import EmptyClusterWarning
from uniroute_lab._workers import end_with_parent
from uniroute_lab.trials.methods import base_name, routing_method
from uniroute_lab.trials.trial import make_rehearsal, make_trial

__all__ = ["choose_methods"]

RECIPES = ("paper", "size-matched")
FIGURE = (5, 10, 20, 50, 100)  # the K drawn in the paper's Figure 5
# Networks trained until it no longer helps. Few prompts make few steps an epoch, so that an epoch
# without progress says little.
LONG = {"epochs": 300, "patience": 50}
LONG_CLAIRVOYANT = {"epochs": 300, "patience": 10}
LEARNED = ("UniRoute (learned map)", "UniRoute (learned map, soft)")


@dataclass(frozen=True)
class Entry:
    """One row of a results table: a method, and how its numbers are chosen.

    With several candidates the `recipe` says in which rehearsal `method` tries them; with one there
    is no choice. The label says which method then has them.
    """

    label: str
    method: str
    candidates: tuple
    recipe: str | None = None


def choose_methods(
    data, n_rehearsals=3, n_jobs=1, progress=True, sizes=(0.6, 0.1, 0.3), only=None, **options
):
    """Choose the numbers of all methods of the paper's experiments, once for a data set.

    Parameters
    ----------
    data : RoutingData
        As for `make_trial`.
    n_rehearsals : int, default 3
        Rehearsal i uses the training LLMs, training and validation prompts of trial i.
    n_jobs : int, default 1
        Processes, or workers of the joblib backend in use.
    progress : bool, default True
        Whether to show progress.
    sizes : sequence of float or int, default (0.6, 0.1, 0.3)
        As for `make_trial`.
    only : sequence of str, optional
        Which of the methods, by their names in the result; all by default.
    **options
        Passed on to `make_trial`.

    Returns
    -------
    methods : dict of str to callable
        For `run_trials` and `run_experiment`. A name alone stands for the paper's setting; after
        a comma follows what is different: "figure's K" (the paper's recipe with the larger K of
        its Figure 5), "size-matched" (chosen in a size-matched rehearsal), "long" (networks
        trained until it no longer helps), "scikit-learn" (another program for the same).
    choices : list of dict
        For each candidate its mean area over the rehearsals, the areas, and whether it was chosen.

    Raises
    ------
    KeyError
        If `only` holds an unknown name.
    ValueError
        As `make_trial`.

    Notes
    -----
    App. G.1 and G.2; without training LLMs the square root of n_val for K-NN and n_val / 50 for
    K-means, as there. No loss of a test LLM and none on a test prompt of the rehearsed trials is
    used. Where LLMs are drawn anew in each trial, an LLM tested in one trial may have trained in a
    rehearsal: a number chosen once for a data set has seen the data set. Chapter 5 and Chapter 16.

    Examples
    --------
    >>> from uniroute import random_world
    >>> from uniroute import RoutingData
    >>> drawn = random_world(n_components=3, n_llms=6, random_state=0).sample(300, random_state=0)
    >>> data = RoutingData(
    ...     name="simulated", prompts=[f"prompt {i}" for i in range(300)],
    ...     prompt_ids=[str(i) for i in range(300)], tasks=["none"] * 300, losses=drawn.losses,
    ...     costs=[1, 2, 3, 4, 5, 6], cost_unit="cents", llms=list("abcdef"),
    ...     licence="CC0-1.0", citation="none", embeddings=drawn.X)
    >>> methods, choices = choose_methods(data, n_rehearsals=1, progress=False)
    >>> sorted(choices[0])
    ['area', 'areas', 'chosen', 'method', 'parameters', 'recipe']
    """
    check_positive_integer("n_rehearsals", n_rehearsals)
    trial = make_trial(data, sizes, **options)
    n_val, has_training = len(trial.X_val), trial.losses_train.shape[1] > 0
    entries = plan(n_val, len(trial.X_train) // 2) if has_training else untuned_plan(n_val)
    if only is not None:
        known = {entry.label: entry for entry in entries}
        for label in only:
            if label not in known:
                raise KeyError(f"only must hold some of {', '.join(known)}; got {label!r}")
        entries = [known[label] for label in only]
    return choose_among(data, entries, n_rehearsals, n_jobs, progress, sizes=sizes, **options)


def choose_among(data, entries, n_rehearsals=3, n_jobs=1, progress=True, **options):
    """Choose the numbers of these entries; return as `choose_methods`."""
    areas = _rehearse(data, entries, n_rehearsals, n_jobs, progress, options)
    choices = [choice for entry in entries for choice in _judged(entry, areas)]
    return chosen_methods(choices), choices


def chosen_methods(choices):
    """Return the methods with the numbers that were chosen for them."""
    return {
        choice["method"]: routing_method(base_name(choice["method"]), **choice["parameters"])
        for choice in choices
        if choice["chosen"]
    }


def plan(n_val, n_train):
    """Return the entries of a results table, for so many validation and training prompts."""

    def whole(low, high, n):
        steps = np.geomspace(low, max(low, min(high, n_train)), n).round().astype(int)
        return sorted(set(steps.tolist()))

    near = whole(min(5, n_val), n_val // 3, 6)
    few = whole(min(3, n_val), n_val // 50, 5)
    figure = [K for K in FIGURE if K <= min(n_val, n_train)] or few
    many = [K for K in (2, 3, 5, 8, 12, 20, 30, 50) if K <= min(n_val // 4, n_train)] or few
    entries = [
        Entry("ZeroRouter", "ZeroRouter", ({},)),
        _entry("K-NN", "paper", k=near),
        _entry("K-NN, size-matched", "size-matched", k=sorted({*near, n_val // 2})),
        _entry("K-NN, scikit-learn", "size-matched", k=sorted({*near, n_val // 2})),
    ]
    for name in ("UniRoute (K-means)", *LEARNED):
        entries.append(_entry(name, "paper", K=few))
        entries.append(_entry(f"{name}, figure's K", "paper", K=figure))
        entries.append(_entry(f"{name}, size-matched", "size-matched", K=many))
    penalties = [0.001, 0.01, 0.1, 1.0, 10.0]
    return [
        *entries,
        Entry("Linear", "Linear", ({},)),
        _entry("Logistic", "size-matched", C=penalties),
        Entry("MLP", "MLP", ({"epochs": 10},)),
        Entry("MLP, long", "MLP", (LONG,)),
        _entry("MatFac", "paper", epochs=[10], d=figure),
        _entry("MatFac, long", "size-matched", **_each(LONG), d=[5, 20]),
        Entry("Clairvoyant Linear", "Clairvoyant Linear", ({},)),
        _entry("Clairvoyant Logistic", "size-matched", C=penalties),
        Entry("Clairvoyant MLP", "Clairvoyant MLP", ({"epochs": 10},)),
        Entry("Clairvoyant MLP, long", "Clairvoyant MLP", (LONG_CLAIRVOYANT,)),
        _entry("Clairvoyant MatFac", "size-matched", epochs=[10], d=figure),
        _entry("Clairvoyant MatFac, long", "size-matched", **_each(LONG_CLAIRVOYANT), d=[5, 20]),
        Entry("Oracle", "Oracle", ({},)),
    ]


def untuned_plan(n_val):
    """Return the entries for a pool without training LLMs."""
    k, K = max(1, round(np.sqrt(n_val))), max(2, n_val // 50)
    fixed = {
        "ZeroRouter": {},
        "K-NN": {"k": k},
        "K-NN, scikit-learn": {"k": k},
        "UniRoute (K-means)": {"K": K},
        "Linear": {},
        "MLP": {"epochs": 10},
        "MLP, long": LONG,
        "Clairvoyant Linear": {},
        "Clairvoyant MLP": {"epochs": 10},
        "Clairvoyant MLP, long": LONG_CLAIRVOYANT,
        "Oracle": {},
    }
    return [Entry(label, base_name(label), (numbers,)) for label, numbers in fixed.items()]


def _entry(label, recipe, **grid):
    """Return an entry with all combinations of the grid's values."""
    combinations = [{}]
    for name, values in grid.items():
        combinations = [{**known, name: value} for known in combinations for value in values]
    return Entry(label, base_name(label), tuple(combinations), recipe)


def _each(numbers):
    """Return a grid of one value each."""
    return {name: [value] for name, value in numbers.items()}


def _rehearse(data, entries, n_rehearsals, n_jobs, progress, options):
    """Return {(label, position of the candidate): [area in each rehearsal]}."""
    jobs = [
        (seed, recipe, [asdict(entry) for entry in entries if _is_judged(entry, recipe)])
        for seed in range(n_rehearsals)
        for recipe in RECIPES
    ]
    jobs = [job for job in jobs if job[2]]
    found = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_one_rehearsal)(data, *job, options) for job in jobs
    )
    areas = {}
    for measured in progress_bar(progress, found, total=len(jobs), desc="Rehearsals"):
        for key, area in measured.items():
            areas.setdefault(key, []).append(area)
    return areas


def _is_judged(entry, recipe):
    return entry.recipe == recipe and len(entry.candidates) > 1


def _one_rehearsal(data, seed, recipe, entries, options):
    """Return the area of each candidate of each entry in one rehearsal."""
    end_with_parent()
    areas = {}
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", EmptyClusterWarning)
        stage = make_rehearsal(data, recipe, seed, **options)
        for entry in entries:
            for position, numbers in enumerate(entry["candidates"]):
                gamma = routing_method(entry["method"], **numbers)(stage)
                areas[entry["label"], position] = stage.curve(gamma).area()
    return areas


def _judged(entry, areas):
    """Yield a record for each candidate of an entry."""
    measured = [areas.get((entry.label, i), []) for i in range(len(entry.candidates))]
    means = [float(np.mean(area)) if area else None for area in measured]
    best = 0 if len(means) == 1 else int(np.argmax(means))
    for position, numbers in enumerate(entry.candidates):
        yield {
            "method": entry.label,
            "recipe": entry.recipe if len(means) > 1 else None,
            "parameters": numbers,
            "area": means[position],
            "areas": measured[position],
            "chosen": position == best,
        }

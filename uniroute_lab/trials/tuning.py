"""Each method's numbers, chosen on the training LLMs: the paper's recipe and a size-matched one."""

import warnings
from dataclasses import dataclass, fields
from importlib.util import find_spec
from itertools import product

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from uniroute._progress import progress_bar
from uniroute.checks import check_positive_integer
from uniroute.llms import EmptyClusterWarning
from uniroute_lab._workers import end_with_parent
from uniroute_lab.trials.methods import Method
from uniroute_lab.trials.splits import RECIPES

__all__ = ["Candidates", "candidate_methods", "choose_methods"]

FIGURE = (5, 10, 20, 50, 100)  # the K drawn in the paper's Figure 5
# Networks trained until it no longer helps. Few prompts make few steps an epoch, so that an epoch
# without progress says little.
LONG = {"epochs": 300, "patience": 50}
LONG_CLAIRVOYANT = {"epochs": 300, "patience": 10}
PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0)
LINEAR, NETWORK = "UniRoute (learned map, linear)", "UniRoute (learned map, network)"
LEARNED = tuple((name, psi) for name in (LINEAR, NETWORK) for psi in ("hard", "soft"))
CLUSTERED = (("UniRoute (K-means)", "hard"), *LEARNED)
RECIPE_OF = {
    "paper": "paper",
    "figure's K": "paper",
    "size-matched": "size-matched",
    "long": "size-matched",
}


@dataclass(frozen=True)
class Candidates:
    """Methods that differ in their numbers, one of which is chosen in rehearsals.

    Parameters
    ----------
    methods : sequence of Method
        With the same label.
    recipe : {"paper", "size-matched"}
        Which rehearsals, as for the `rehearsal` of a split.

    Attributes
    ----------
    label : str

    Notes
    -----
    App. G.1 and G.2 of the paper. Chapter 16.

    Examples
    --------
    >>> Candidates([Method("K-NN", {"k": k}, tuning="paper") for k in (5, 50)], "paper").label
    'K-NN'
    """

    methods: tuple
    recipe: str

    @property
    def label(self):
        """The label of the method, whichever is chosen."""
        return self.methods[0].label

    def record(self):
        """Return the methods' records and the recipe as a dict that JSON can hold."""
        return {"methods": [method.record() for method in self.methods], "recipe": self.recipe}


def choose_methods(data, split, candidates=None, n_rehearsals=3, n_jobs=1, progress=True):
    """Choose the numbers of all methods of the paper's experiments, once for a data set.

    Parameters
    ----------
    data : RoutingData
        As for the split's trials.
    split : Split
    candidates : sequence of Method or Candidates, optional
        What to choose from; `candidate_methods` for the sizes of the split by default. A `Method`
        stays as it is.
    n_rehearsals : int, default 3
        Rehearsal i uses the training LLMs, training and validation prompts of trial i.
    n_jobs : int, default 1
        Processes, or workers of the joblib backend in use.
    progress : bool, default True
        Whether to show progress.

    Returns
    -------
    methods : list of Method
        In the order of the candidates.
    choices : list of dict
        For each candidate its label ("method"), its fields, the recipe, its mean area over the
        rehearsals, the areas, and whether it was chosen.

    Raises
    ------
    ValueError
        If `n_rehearsals` is not a positive integer, or as the split's trials.

    Notes
    -----
    App. G.1 and G.2. No loss of a test LLM and none on a test prompt of the rehearsed trials is
    used. Where LLMs are drawn anew in each trial, an LLM tested in one trial may have trained in a
    rehearsal: a number chosen once for a data set has seen the data set. Chapter 5 and Chapter 16.

    Examples
    --------
    >>> from uniroute import RoutingData, random_world
    >>> from uniroute_lab.trials import RandomPool
    >>> drawn = random_world(n_components=3, n_llms=6, random_state=0).sample(300, random_state=0)
    >>> data = RoutingData(
    ...     name="simulated", prompts=[f"prompt {i}" for i in range(300)],
    ...     prompt_ids=[str(i) for i in range(300)], tasks=["none"] * 300, losses=drawn.losses,
    ...     costs=[1, 2, 3, 4, 5, 6], cost_unit="cents", llms=list("abcdef"),
    ...     licence="CC0-1.0", citation="none", embeddings=drawn.X)
    >>> some = [Candidates([Method("K-NN", {"k": k}, tuning="paper") for k in (3, 30)], "paper")]
    >>> methods, choices = choose_methods(data, RandomPool(), some, n_rehearsals=1, progress=False)
    >>> [method.label for method in methods], [choice["parameters"] for choice in choices]
    (['K-NN'], [{'k': 3}, {'k': 30}])
    """
    check_positive_integer("n_rehearsals", n_rehearsals)
    if candidates is None:
        trial = split.trial(data)
        n_train = len(trial.X_train) // 2 if trial.losses_train.shape[1] else 0
        candidates = candidate_methods(len(trial.X_val), n_train)
        if find_spec("torch") is None:
            candidates = [one for one in candidates if not one.label.startswith(NETWORK[:-1])]
    areas = _rehearse(data, split, candidates, n_rehearsals, n_jobs, progress)
    choices = [choice for one in candidates for choice in _compared(one, areas)]
    return chosen_methods(choices), choices


def chosen_methods(choices):
    """Return the methods with the numbers that were chosen for them."""
    names = [field.name for field in fields(Method)]
    return [
        Method(**{name: one[name] for name in names if name in one})
        for one in choices
        if one["chosen"]
    ]


def candidate_methods(n_val, n_train):
    """Return the methods of the paper's experiments with the numbers that they can have.

    Parameters
    ----------
    n_val : int
        Number of validation prompts.
    n_train : int
        Number of prompts that are learned from in the smaller rehearsal: half of the training
        prompts. 0: there are no training LLMs.

    Returns
    -------
    list of Method or Candidates
        A label alone stands for the paper's setting; after a comma follows what is different:
        "figure's K" (the paper's recipe with the larger K of its Figure 5), "size-matched" (chosen
        in a size-matched rehearsal), "long" (networks trained until it no longer helps),
        "scikit-learn" (another program for the same).

    Notes
    -----
    App. G.1 and G.2; without training LLMs the square root of n_val for K-NN and n_val / 50 for
    K-means, as there. Chapter 16.

    Examples
    --------
    >>> print(*[one.label for one in candidate_methods(n_val=400, n_train=0)], sep="; ")
    ZeroRouter; K-NN; K-NN, scikit-learn; UniRoute (K-means); Linear; MLP; MLP, long; \
Clairvoyant Linear; Clairvoyant MLP; Clairvoyant MLP, long; Oracle
    """
    if not n_train:
        return _without_training(n_val)
    near = _steps(min(5, n_val), n_val // 3, 6, n_train)
    nearer = sorted({*near, n_val // 2})
    few = _steps(min(3, n_val), n_val // 50, 5, n_train)
    figure = [K for K in FIGURE if K <= min(n_val, n_train)] or few
    many = [K for K in (2, 3, 5, 8, 12, 20, 30, 50) if K <= min(n_val // 4, n_train)] or few
    known = {"knows": "training"}
    return [
        Method("ZeroRouter"),
        grid("K-NN", "paper", {"k": near}),
        grid("K-NN", "size-matched", {"k": nearer}),
        grid("K-NN, scikit-learn", "size-matched", {"k": nearer}),
        *(
            grid(name, tuning, {"K": numbers}, psi=psi)
            for name, psi in CLUSTERED
            for tuning, numbers in (("paper", few), ("figure's K", figure), ("size-matched", many))
        ),
        Method("UniRoute (prior)"),
        Method("HierShrink"),
        Method("Linear"),
        Method("Linear, own penalties"),
        Method("Logistic", {"C": 0.1}),
        grid("Logistic", "size-matched", {"C": PENALTIES}),
        *_networks(LONG),
        grid("MatFac", "paper", {"epochs": [10], "d": figure}),
        grid("MatFac", "long", {**_each(LONG), "d": [5, 20]}),
        Method("Linear", **known),
        grid("Logistic", "size-matched", {"C": PENALTIES}, **known),
        *_networks(LONG_CLAIRVOYANT, **known),
        grid("MatFac", "size-matched", {"epochs": [10], "d": figure}, **known),
        grid("MatFac", "long", {**_each(LONG_CLAIRVOYANT), "d": [5, 20]}, **known),
        Method("Oracle", knows="test"),
    ]


def _without_training(n_val):
    """Return the methods for a pool without training LLMs."""
    k, K = {"k": max(1, round(np.sqrt(n_val)))}, {"K": max(2, n_val // 50)}
    return [
        Method("ZeroRouter"),
        Method("K-NN", k, tuning="paper"),
        Method("K-NN, scikit-learn", k, tuning="paper"),
        Method("UniRoute (K-means)", K, tuning="paper"),
        Method("Linear"),
        *_networks(LONG),
        Method("Linear", knows="training"),
        *_networks(LONG_CLAIRVOYANT, knows="training"),
        Method("Oracle", knows="test"),
    ]


def grid(name, tuning, numbers, recipe=None, **fields):
    """Return candidates with all combinations of these lists of numbers; no list, no choice."""
    combinations = [dict(zip(numbers, one, strict=True)) for one in product(*numbers.values())]
    methods = [Method(name, one, tuning=tuning, **fields) for one in combinations]
    return Candidates(tuple(methods), recipe or RECIPE_OF[tuning])


def _networks(long, **fields):
    """Return the network as in the paper, and one that is trained longer."""
    short = Method("MLP", {"epochs": 10}, **fields)
    return short, Method("MLP", long, tuning="long", **fields)


def _each(numbers):
    """Return a list of one for each of the numbers."""
    return {name: [value] for name, value in numbers.items()}


def _steps(low, high, n, most):
    """Return about so many integers from low to high, none above `most`, in equal ratios."""
    steps = np.geomspace(low, max(low, min(high, most)), n).round().astype(int)
    return sorted(set(steps.tolist()))


def _methods(candidates):
    """Return the methods to choose from."""
    return [candidates] if isinstance(candidates, Method) else list(candidates.methods)


def _recipe(candidates):
    """Return the recipe by which there is something to choose, None if there is nothing."""
    return candidates.recipe if len(_methods(candidates)) > 1 else None


def _rehearse(data, split, candidates, n_rehearsals, n_jobs, progress):
    """Return {(label, position of the candidate): [area in each rehearsal]}."""
    by_recipe = {r: [one for one in candidates if _recipe(one) == r] for r in RECIPES}
    jobs = [
        (seed, recipe, some)
        for seed in range(n_rehearsals)
        for recipe, some in by_recipe.items()
        if some
    ]
    found = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_one_rehearsal)(data, split, *job) for job in jobs
    )
    areas = {}
    for measured in progress_bar(progress, found, total=len(jobs), desc="Rehearsals"):
        for key, area in measured.items():
            areas.setdefault(key, []).append(area)
    return areas


def _one_rehearsal(data, split, seed, recipe, candidates):
    """Return the area of each candidate in one rehearsal."""
    end_with_parent()
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", EmptyClusterWarning)
        trial = split.rehearsal(data, seed, recipe)
        return {
            (one.label, position): method.shown(trial).curve(method.predict(trial)).area()
            for one in candidates
            for position, method in enumerate(_methods(one))
        }


def _compared(candidates, areas):
    """Yield a record for each candidate."""
    methods = _methods(candidates)
    measured = [areas.get((candidates.label, i), []) for i in range(len(methods))]
    means = [float(np.mean(area)) if area else None for area in measured]
    best = 0 if len(means) == 1 else int(np.argmax(means))
    for position, method in enumerate(methods):
        yield {
            "method": candidates.label,
            **method.record(),
            "recipe": _recipe(candidates),
            "area": means[position],
            "areas": measured[position],
            "chosen": position == best,
        }

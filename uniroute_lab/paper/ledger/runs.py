"""What is stored for the ledger, under which label, and comparisons of two methods.

A run is (experiment, data, condition as JSON).
"""

import json
from dataclasses import replace
from functools import cache

import numpy as np

from uniroute import paired_difference
from uniroute_lab.paper.experiments import pending_runs, runs
from uniroute_lab.paper.ledger.places import (
    KMEANS,
    LEARNED,
    METRICS,
    NEAR,
    NETWORK,
    OF_KIND,
    PLACES,
    RETRAINED,
    TIMES,
    VOTES,
    WANTED,
)
from uniroute_lab.trials import methods_in, pools_of, read_results, read_runs, split_of

__all__ = []

FULL = 1 - 1e-9  # a quality-neutral cost from here on is at the cap

# Runs: stored, declared, pending.


def depends_on(at):
    """Return what a row of the paper depends on: {"K": 20}, {"n_val": 100} or nothing.

    >>> depends_on("K = 20"), depends_on(None)
    ({'K': 20}, {})
    """
    if not isinstance(at, str):
        return {}
    name, number = at.split(" = ")
    return {name: int(number)}


def key_of(experiment, data, condition):
    """Return a run."""
    return experiment, data, json.dumps(condition, sort_keys=True)


@cache
def stored_lines():
    """Return {run: its line of runs.csv}."""
    try:
        lines = read_runs().to_dict("records")
    except KeyError:
        return {}
    return {key_of(one["experiment"], one["data"], one["condition"]): one for one in lines}


@cache
def declared_runs():
    """Return {run: its declaration}."""
    return {key_of(one.experiment, one.data, one.condition): one for one in runs()}


@cache
def pending():
    """Return the runs that are declared anew, or never made."""
    names = set(pending_runs())
    return {run for run, declared in declared_runs().items() if declared.name in names}


def state_of(run):
    """Return in what state a run is, in words: nothing if it is as declared.

    A run is old if it has been declared anew since it was stored.
    """
    if run in stored_lines():
        return "old run" if run in pending() else ""
    return "declared, to be run" if run in declared_runs() else "not declared"


def runs_of(place, pool, at=None, known=None):
    """Return the runs that answer a place on one of our data sets, the stored ones by default.

    Where the paper's row has a number of validation prompts: the one run whose number is nearest,
    if it is near at all.
    """
    known = stored_lines() if known is None else known
    found = [
        run
        for experiment, condition in PLACES[place].targets
        for run in known
        if run[:2] == (experiment, pool) and condition.items() <= json.loads(run[2]).items()
    ]
    size = depends_on(at).get("n_val")
    if size is None:
        return [run for run in found if "n_val" not in json.loads(run[2])]
    sizes = {run: n_val_of(run) for run in found}
    near = nearest({run: n for run, n in sizes.items() if n}, size)
    return [] if near is None else [near]


def n_val_of(run):
    """Return the number of validation prompts of a run, None if it is a share or unknown."""
    sizes = json.loads(run[2])
    if "n_val" not in sizes:
        if run in stored_lines():
            sizes = {"n_val": stored_lines()[run]["options"]["sizes"][1]}
        else:
            sizes = {"n_val": declared_runs()[run].split.sizes[1]}
    return sizes["n_val"] if sizes["n_val"] >= 1 else None


def nearest(numbers, wanted):
    """Return the key whose number is nearest by its ratio, the larger of two; None if none is near.

    >>> nearest({"a": 100, "b": 200}, 150), nearest({"a": 100}, 200)
    ('b', None)
    """
    ratio = {key: max(n / wanted, wanted / n) for key, n in numbers.items()}
    near = [key for key in numbers if ratio[key] <= NEAR]
    return min(near, key=lambda key: (round(ratio[key], 9), -numbers[key]), default=None)


@cache
def stored(run):
    """Return the stored results of a run, None if there are none."""
    if run not in stored_lines():
        return None
    line, results = stored_lines()[run], read_results(*run[:2])
    for name, value in line["condition"].items():
        results = results[results[name] == value]
    seconds = {step: results[f"{step}_seconds"] for step in ("fit", "add", "route")}
    # For the others the time of a whole pool stands in for that of one LLM: to find clusters takes
    # longer than to take means.
    again, n_test = results["name"].isin(RETRAINED), line["options"]["sizes"][2]
    found = results.assign(
        qnc=results["qnc"].clip(upper=1.0),
        train=seconds["fit"].where(~again, seconds["add"]),
        add=seconds["add"],
        route=seconds["route"] / (n_test if n_test >= 1 else n_test * line["n_prompts"]),
    )
    found.attrs = results.attrs
    return found


@cache
def stored_methods(run):
    """Return the methods of a stored run, by their labels."""
    return methods_in(stored(run))


# Labels.


def find_label(run, name, at=None, knows="validation"):
    """Return the label under which a method's results are stored, None if they are not.

    `name` is of `WANTED`, or a label; the learned map is the paper's network. `knows` is what the
    methods of the run know. With a grid of K or k: the one of the paper's row or the nearest, or
    else the nearest to what the paper's recipe chose in the main experiment of the pool, within the
    paper's limit for the run's validation prompts.
    """
    known = stored_methods(run)
    if name not in WANTED:
        return next((label for label in _names(name) if label in known), None)
    wanted = replace(WANTED[name], knows=knows) if knows == "training" else WANTED[name]
    for one in _names(wanted.name, run[0]):
        found = _label(run, replace(wanted, name=one), at)
        if found:
            return found
    return None


def _names(name, experiment=None):
    """Return the names under which something can be stored, the first that is there counts.

    For Figure 7 the paper's clusters get their features from votes; means of losses stand in for
    these.
    """
    if experiment == "prompt_shift" and name == KMEANS:
        return [VOTES, KMEANS]
    return [name.replace(LEARNED, NETWORK)]


def _label(run, wanted, at):
    """Return the label of one of our methods, None without one."""
    known = stored_methods(run)
    fixed = {label: m for label, m in known.items() if m.tuning == "fixed" and wanted.fits(m)}
    grid = {label: _number(method) for label, method in fixed.items() if _number(method)}
    if numbers := [n for letter, n in depends_on(at).items() if letter in ("K", "k")]:
        return nearest(grid, numbers[0])
    alone = named_alone(known, wanted)
    if alone or not grid:
        return alone
    if len(grid) == 1:
        return next(iter(grid))
    number, limit = chosen_number(run[1], wanted), np.inf
    if "n_val" in json.loads(run[2]):
        limit = limit_of(wanted.name, n_val_of(run))
    allowed = {label: n for label, n in grid.items() if n <= limit}
    allowed = allowed or {min(grid, key=grid.get): min(grid.values())}
    at_most = min(number, limit)
    return min(allowed, key=lambda label: (abs(np.log(allowed[label] / at_most)), allowed[label]))


def limit_of(name, n_val):
    """Return the largest K or k that the paper lets its recipe choose; App. G.2.

    >>> limit_of("UniRoute (K-means)", 400), limit_of("K-NN", 400), limit_of("K-NN", 9)
    (8, 133, 5)
    """
    return max(5, n_val // 3) if name == "K-NN" else max(3, n_val // 50)


def named_alone(known, wanted):
    """Return the label that is a name alone: the paper's setting of a method; None without one."""
    labels = (label for label, one in known.items() if wanted.fits(one) and label == one.kind)
    return next(labels, None)


def chosen_number(pool, wanted):
    """Return the K or k that the paper's recipe chose for a method in the main experiment.

    Clusters of attributes or with votes are not in it: they have the number of plain K-means.
    """
    main = key_of("main", pool, {})
    known = {} if stored(main) is None else stored_methods(main)
    name = wanted.name.replace(VOTES, KMEANS)
    if label := named_alone(known, replace(wanted, name=name, features="embeddings")):
        return _number(known[label])
    raise KeyError(f"method must be in the main experiment on {pool}; got {wanted.name!r}")


def _number(method):
    """Return the K or k of a method, None if it has none."""
    return method.parameters.get("K", method.parameters.get("k"))


def zero_label(run):
    """Return the label of a router that looks at no prompt, None if the run has none."""
    return find_label(run, "ZeroRouter") or find_label(run, f"{KMEANS}, K = 1")


# Comparisons.


@cache
def values_of(run, label, column):
    """Return one method's values by trial."""
    results = stored(run)
    return results[results["method"] == label].set_index("trial")[column].sort_index()


@cache
def _gaps(run, label, column):
    """Return what tells the noise of test prompts, None where it is not stored."""
    name = f"{column}_gap"
    if name not in stored(run):
        return None
    gaps = values_of(run, label, name)
    return None if gaps.isna().any() else gaps


@cache
def _pools(run):
    return pools_of(stored(run))


def level_of(run, about, column="area"):
    """Return what an interval can speak of in a run, at most `about`."""
    if about == "these LLMs" or column in TIMES:
        return "these LLMs"
    pools = _pools(run).to_numpy(dtype=float)
    return about if np.ptp(pools, axis=0).any() else "new prompts"


def is_bound(run, column, about):
    """Say whether an interval is only a bound: nothing tells the noise of prompts from LLMs."""
    return about != "these LLMs" and f"{column}_gap" not in stored(run)


@cache
def compare(run, label, reference, column, about="these LLMs"):
    """Return a method's own mean, and its difference from another, trial by trial."""
    first, second = values_of(run, label, column), values_of(run, reference, column)
    one, other = _gaps(run, label, column), _gaps(run, reference, column)
    both = None if one is None or other is None else one - other
    none = np.zeros(len(first))
    return (
        paired_difference(first.to_numpy(), none, **_about(run, about, one)),
        paired_difference(first, second, **_about(run, about, both)),
    )


def _about(run, about, gaps):
    """Return what `paired_difference` must know for a level."""
    if about == "these LLMs":
        return {"about": about}
    gaps = None if gaps is None else gaps.to_numpy()
    return {"about": about, "pools": _pools(run), "test_share": _share(run), "gaps": gaps}


def _share(run):
    """Return the share of the prompts that test; of those of a kind, where only these do."""
    line = stored_lines()[run]
    split, kind = split_of(line["options"]), line["condition"].get("kind")
    if kind is None:
        return split.test_share_of(line["n_prompts"])
    n_prompts = OF_KIND.get((run[1], kind), line["n_prompts"])
    return min(0.9, split.sizes[2] / n_prompts)


@cache
def change(run, before, label, reference, column, about):
    """Return by how much a difference of two methods is larger in a run than in another."""
    gap = values_of(run, label[0], column) - values_of(run, reference[0], column)
    first = values_of(before, label[1], column) - values_of(before, reference[1], column)
    trials = gap.index.intersection(first.index)
    gap, first = gap[trials], first[trials]
    given = _about(run, about, None)
    if about != "these LLMs":
        given["pools"] = given["pools"].loc[trials]
        noise = [
            _gaps(one, name, column)
            for one, which in ((run, 0), (before, 1))
            for name in (label[which], reference[which])
        ]
        if all(part is not None for part in noise):
            a, b, c, d = (part[trials] for part in noise)
            given["gaps"] = ((a - b) - (c - d)).to_numpy()
    return paired_difference(gap, first, **given)


def capped(run, labels, metric):
    """Say whether a method is at the cap of the metric in more than half of the trials."""
    if METRICS[metric][0] != "qnc":
        return False
    return any((values_of(run, label, "qnc") >= FULL).mean() > 0.5 for label in labels)


def clear():
    """Forget what was read, after results have changed."""
    for function in (
        *(stored_lines, declared_runs, pending, stored, stored_methods),
        *(values_of, _gaps, _pools, compare, change),
    ):
        function.cache_clear()

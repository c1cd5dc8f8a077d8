"""Run the experiments of the book's part IV and keep their results in results/.

Usage: python -m uniroute_lab.paper.experiments [NAME ...] [--jobs N] [--trials N]; all experiments
if none is named, and --list shows them. An interrupted run goes on where it stopped.
"""

import argparse
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from uniroute_lab.data import catalog
from uniroute_lab.paper import generations as ages
from uniroute_lab.paper.attributes import ATTRIBUTES, prompt_attributes
from uniroute_lab.paper.static_pool import static_methods
from uniroute_lab.trials import choose_methods, routing_method, run_experiment
from uniroute_lab.trials.__main__ import main as run_protocol

RESULTS = Path(__file__).parents[2] / "results"


@dataclass(frozen=True)
class Experiment:
    """What is run: a data set, its methods (chosen by rehearsals if not given), and the options."""

    data: str
    n_trials: int = 400
    methods: dict | None = None
    options: dict = field(default_factory=dict)
    only: tuple | None = None  # of the methods that rehearsals choose
    static: bool = False  # all LLMs are the pool, and known in training
    with_attributes: bool = False  # as further columns of the embeddings


def method_grid(**grids):
    """Return methods with one number each: {"K-NN": ("k", [5, 10])} gives "K-NN, k = 5", ..."""
    return {
        f"{name}, {letter} = {value}": routing_method(name, **{letter: value})
        for name, (letter, values) in grids.items()
        for value in values
    }


def experiments():
    """Return {name: Experiment} of all stored results, in the order in which they run."""
    return {
        **main_experiments(),
        **fixed_pools(),
        **validation_sizes(),
        **cluster_numbers(),
        **prompt_shifts(),
        **static_pools(),
        **generations(),
    }


def main_experiments():
    """Figure 2 (top), Figures 3 and 6: every method, LLMs drawn anew in each trial."""
    half = {"test_share": 0.5}  # of small pools, as in the paper
    return {
        "mmlu_pro": Experiment("mmlu_pro"),
        "pocket": Experiment("pocket"),
        "routerbench": Experiment("routerbench", options=half),
        "llmrouter": Experiment("llmrouter", options=half),
    }


def fixed_pools():
    """Section 6 with one pool in all trials: eight such pools, to see what differs between them."""
    methods = {"ZeroRouter": routing_method("ZeroRouter")}
    methods |= method_grid(**{"K-NN": ("k", [100])})
    methods |= method_grid(
        **{name: ("K", [5]) for name in ("UniRoute (K-means)", "UniRoute (learned map)")}
    )
    return {
        f"mmlu_pro_pool_{seed}": Experiment(
            "mmlu_pro", 50, methods, {"llm_seed": seed, "test_share": 1 / 3}
        )
        for seed in range(8)
    }


def validation_sizes():
    """Figure 2 (bottom): a few methods at several numbers of validation prompts."""
    methods = {"ZeroRouter": routing_method("ZeroRouter")}
    methods |= method_grid(**{"K-NN": ("k", [10, 50])})
    methods |= method_grid(**{"UniRoute (K-means)": ("K", [3, 10, 30])})
    soft = routing_method("UniRoute (learned map, soft)", K=10, assignment="soft")
    methods |= {
        "UniRoute (learned map), K = 10": routing_method("UniRoute (learned map)", K=10),
        "UniRoute (learned map, soft), K = 10": soft,
        "Linear": routing_method("Linear"),
        "MLP": routing_method("MLP", epochs=10),
    }
    return {
        f"{data}_validation_{n_val}": Experiment(
            data, 100, methods, {"n_val": n_val, "test_share": share}
        )
        for data, share, most in [
            ("mmlu_pro", 1 / 3, 1200),
            ("pocket", 1 / 3, 800),
            ("routerbench", 0.5, 300),
        ]
        for n_val in [50, 100, 200, 300, 400, 800, 1200]
        if n_val <= most
    }


def cluster_numbers():
    """Figure 5: area against K, as two rehearsals see it and as test LLMs do."""
    methods = method_grid(
        **{
            "K-NN": ("k", [5, 10, 20, 50, 100, 200]),
            "UniRoute (K-means)": ("K", [1, 2, 3, 5, 10, 20, 50, 100]),
            "UniRoute (learned map)": ("K", [2, 5, 10, 20, 50]),
        }
    )
    for K in [2, 5, 10, 20, 50]:
        methods[f"UniRoute (learned map, soft), K = {K}"] = routing_method(
            "UniRoute (learned map, soft)", K=K, assignment="soft"
        )
    return {
        f"{data}_clusters_{recipe or 'test'}".replace("-", "_"): Experiment(
            data, 100, methods, {"test_share": share, **({"recipe": recipe} if recipe else {})}
        )
        for data, share in [("mmlu_pro", 1 / 3), ("pocket", 1 / 3), ("routerbench", 0.5)]
        for recipe in ["paper", "size-matched", None]
    }


# Tasks in which numbers are worked out; the other tasks are the other kind of prompts.
CALCULATION = {
    "pocket": "addition, subtraction, multiplication, comparison, sequence, roman, weekday, month, "
    "clock, units",
    "mmlu_pro": "math, physics, chemistry, engineering, business",
}
OTHER_TASKS = {
    "pocket": "count letters, backwards, sort letters, nth letter, analogy, odd one out, logic, "
    "code",
    "mmlu_pro": "law, other, economics, health, psychology, biology, philosophy, "
    "computer science, history",
}
# Which parts of a trial hold the other kind of prompts than the test prompts.
SHIFTED = {
    "matched": [],
    "clusters": ["train"],
    "validation": ["val"],
    "both": ["train", "val"],
}


def prompt_shifts():
    """Figure 7: clusters, or features of LLMs, or both, from another kind of prompts."""
    methods = {"ZeroRouter": routing_method("ZeroRouter")}
    named = [("UniRoute (K-means)", "embeddings"), ("UniRoute (attributes)", "attributes")]
    for label, features in named:
        for K in [3, 10, 30]:
            numbers = {"name": "UniRoute (K-means)", "features": features, "K": K}
            methods[f"{label}, K = {K}"] = partial(on_features, **numbers)
    for label, name, features, numbers in [
        ("K-NN, k = 20", "K-NN", "embeddings", {"k": 20}),
        ("K-NN, k = 20 (attributes)", "K-NN", "attributes", {"k": 20}),
        ("Linear", "Linear", "embeddings", {}),
        ("Linear (attributes)", "Linear", "attributes", {}),
    ]:
        methods[label] = partial(on_features, name=name, features=features, **numbers)
    return {
        f"{data}_shift_{kind}_{case}": Experiment(
            data,
            100,
            methods,
            {
                "sizes": parts,
                "part_tasks": {
                    part: (other if part in SHIFTED[case] else own)[data].split(", ")
                    for part in ("train", "val", "test")
                },
            },
            with_attributes=True,
        )
        for data, parts in [("pocket", (2000, 400, 1200)), ("mmlu_pro", (2500, 400, 1500))]
        for kind, own, other in [
            ("calculation", CALCULATION, OTHER_TASKS),
            ("other", OTHER_TASKS, CALCULATION),
        ]
        for case in SHIFTED
    }


def with_attributes(data):
    """Return the data with the attributes of each prompt behind its embedding."""
    return replace(data, embeddings=np.hstack([data.embeddings, prompt_attributes(data.prompts)]))


def on_features(trial, name, features, **numbers):
    """Run a method on the embeddings alone, or on the attributes alone.

    Attributes are divided by their standard deviations over the training prompts.
    """
    n = len(ATTRIBUTES)
    columns = slice(-n, None) if features == "attributes" else slice(None, -n)
    X = [part[:, columns] for part in (trial.X_train, trial.X_val, trial.X_test)]
    if features == "attributes":
        spread = X[0].std(axis=0)
        X = [(part - X[0].mean(axis=0)) / np.where(spread > 0, spread, 1) for part in X]
    own = replace(trial, X_train=X[0], X_val=X[1], X_test=X[2])
    own.watch.seconds = trial.watch.seconds
    return routing_method(name, **numbers)(own)


def static_pools():
    """Table 1: a pool that stays, with every loss on training and validation prompts known."""
    return {
        f"{data}_static": Experiment(data, 50, static=True)
        for data in ["mmlu_pro", "pocket", "routerbench"]
    }


def generations():
    """Appendix I.1: the newest LLMs, or families never seen; older teachers, or newer ones."""
    found = {}
    for data in ("pocket", "mmlu_pro"):
        pool = {"pool": ages.generations(data)[1]}
        found[f"{data}_generation"] = Experiment(data, 50, None, pool, ages.CHOSEN)
        groups = {"groups": [family for _, family, _ in ages.facts(data)]}
        found[f"{data}_families"] = Experiment(data, 50, None, groups, ages.WITHOUT_NETWORKS)
        for who, (pools, llms) in ages.teachers(data).items():
            options = {"pool": pools, "train_llms": llms}
            name = f"{data}_{who}_teachers"
            found[name] = Experiment(data, 50, ages.taught_methods(), options)
    return found


def sizes(n_prompts, n_val=None):
    """Return 60 % of the prompts, `n_val` (at most 400 of the rest if not given), 30 %."""
    train, test = int(0.6 * n_prompts), int(0.3 * n_prompts)
    return [train, min(400, n_prompts - train - test) if n_val is None else n_val, test]


def run(name, experiment, n_jobs, n_trials):
    """Run one experiment, or go on with it, and keep its results."""
    path = RESULTS / f"{name}.parquet"
    if experiment.methods is None and experiment.only is None and not experiment.static:
        words = [f"--dataset={experiment.data}", f"--trials={n_trials}", f"--jobs={n_jobs}"]
        more = [f"--{key.replace('_', '-')}={value}" for key, value in experiment.options.items()]
        run_protocol([*words, *more, f"--output={path}"])
        return
    data = catalog[experiment.data].load().complete()
    data = with_attributes(data) if experiment.with_attributes else data
    options = dict(experiment.options)
    options.setdefault("sizes", sizes(data.n_prompts, options.pop("n_val", None)))
    methods, choices = experiment.methods, ()
    if experiment.only is not None:
        methods, choices = choose_methods(data, n_jobs=n_jobs, only=experiment.only, **options)
    if experiment.static:
        options |= {"pool": data.llms, "train_llms": data.llms}
        methods, choices = static_methods(data, n_jobs=n_jobs, **options)
    run_experiment(data, methods, n_trials, path, choices, n_jobs, **options)


def main(arguments=None):
    """Run what is asked for."""
    known = experiments()
    parser = argparse.ArgumentParser(
        "python -m uniroute_lab.paper.experiments", description=__doc__
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="all if none is given")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--trials", type=int, help="instead of each experiment's own number")
    parser.add_argument("--list", action="store_true", help="show the names and stop")
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in known:
            parser.error(f"NAME must be one of {', '.join(known)}; got {name}")
    for name in given.names or known:
        print(f"{name}: {known[name].data}, {given.trials or known[name].n_trials} trials")
        if not given.list:
            run(name, known[name], given.jobs, given.trials or known[name].n_trials)


if __name__ == "__main__":
    main()

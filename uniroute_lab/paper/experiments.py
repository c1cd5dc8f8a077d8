"""Run the experiments of the book's part IV and keep their results in results/.

Usage: python -m uniroute_lab.paper.experiments [NAME ...] [--jobs N] [--trials N]; all runs if none
is named, and --list shows them. An interrupted run goes on where it stopped.
"""

import argparse
from dataclasses import dataclass, replace

from uniroute_lab._files import results_folder
from uniroute_lab.data import catalog
from uniroute_lab.paper import generations as ages
from uniroute_lab.paper.attributes import prompt_attributes
from uniroute_lab.paper.peers import toolkit_available, toolkit_methods
from uniroute_lab.paper.static_pool import known_llms, static_methods
from uniroute_lab.trials import (
    FamilyPool,
    Method,
    NamedPool,
    RandomPool,
    Rehearsal,
    Split,
    candidate_methods,
    choose_and_run,
    merge_run,
    run_experiment,
)

__all__ = ["Run", "runs"]

# 60 % of the prompts for training, at most 400 of the rest for validation, 30 % for the test.
SIZES = {
    "pocket": (4800, 400, 2400),
    "mmlu_pro": (7219, 400, 3609),
    "llmrouter": (3664, 400, 1832),
    "routerbench": (1898, 317, 949),
}
# The pool's share of the LLMs: half of small pools, as in the paper.
SHARE = {"pocket": 1 / 3, "mmlu_pro": 1 / 3, "llmrouter": 0.5, "routerbench": 0.5}
K_MEANS, LEARNED = "UniRoute (K-means)", "UniRoute (learned map)"


@dataclass(frozen=True)
class Run:
    """What is run, and what it is stored as.

    Attributes
    ----------
    data : str
        The data set.
    experiment : str
        "main", "validation_size", "n_clusters", "prompt_shift", "static_pool", "fixed_pool",
        "generation" or "peers".
    condition : dict
        What tells it from the other runs of the experiment on these data.
    methods : sequence of Method or Candidates
        With candidates: their numbers are chosen in rehearsals first.
    split : Split or Rehearsal
    n_trials : int
        How many were run and are stored.
    n_rehearsals : int, default 3
    """

    data: str
    experiment: str
    condition: dict
    methods: list
    split: Split | Rehearsal
    n_trials: int
    n_rehearsals: int = 3

    @property
    def name(self):
        """What the command line calls it, and the name of its file."""
        apart = [] if self.experiment == "main" else [self.experiment]
        words = [self.data, *apart, *map(str, self.condition.values())]
        return "_".join(words).replace("-", "_").replace(" ", "_")


def runs():
    """Return all runs, in the order in which they are made."""
    return [
        *main_runs(),
        *fixed_pools(),
        *validation_sizes(),
        *cluster_numbers(),
        *prompt_shifts(),
        *static_pools(),
        *generations(),
        *peers(),
    ]


def random_pool(data, n_val=None, **options):
    """Return the split of a data set, with its usual sizes and its share of the LLMs."""
    train, val, test = SIZES[data]
    sizes = (train, val if n_val is None else n_val, test)
    return RandomPool(sizes, test_share=SHARE[data], **options)


def all_methods(data):
    """Return all methods, with the numbers that rehearsals choose from."""
    train, val, _ = SIZES[data]
    return candidate_methods(val, train // 2)


def with_numbers(name, letter, numbers, **fields):
    """Return a method with each of these numbers."""
    return [Method(name, {letter: number}, **fields) for number in numbers]


def main_runs():
    """Figure 2 (top), Figures 3 and 6: every method, LLMs drawn anew in each trial."""
    return [
        Run(data, "main", {}, all_methods(data), random_pool(data), n_trials)
        for data, n_trials in [
            ("mmlu_pro", 400),
            ("pocket", 100),
            ("routerbench", 100),
            ("llmrouter", 100),
        ]
    ]


def fixed_pools():
    """Section 6 with one pool in all trials: eight such pools, to see what differs between them."""
    methods = [
        Method("ZeroRouter"),
        Method("K-NN", {"k": 100}),
        Method(K_MEANS, {"K": 5}),
        Method(LEARNED, {"K": 5}),
    ]
    return [
        Run("mmlu_pro", "fixed_pool", {"llm_seed": seed}, methods, split, 50)
        for seed in range(8)
        for split in [random_pool("mmlu_pro", llm_seed=seed)]
    ]


def validation_sizes():
    """Figure 2 (bottom): a few methods at several numbers of validation prompts."""
    methods = [
        Method("ZeroRouter"),
        *with_numbers("K-NN", "k", [10, 50]),
        *with_numbers(K_MEANS, "K", [3, 10, 30]),
        Method(LEARNED, {"K": 10}),
        Method(LEARNED, {"K": 10}, psi="soft"),
        Method("Linear"),
        Method("MLP", {"epochs": 10}),
    ]
    return [
        Run(data, "validation_size", {"n_val": n_val}, methods, random_pool(data, n_val), 30)
        for data, most in [("mmlu_pro", 1200), ("pocket", 800), ("routerbench", 300)]
        for n_val in [50, 100, 200, 300, 400, 800, 1200]
        if n_val <= most
    ]


def cluster_numbers():
    """Figure 5: area against K, as two rehearsals see it and as test LLMs do."""
    methods = [
        *with_numbers("K-NN", "k", [5, 10, 20, 50, 100, 200]),
        *with_numbers(K_MEANS, "K", [1, 2, 3, 5, 10, 20, 50, 100]),
        *with_numbers(LEARNED, "K", [2, 5, 10, 20, 50]),
        *with_numbers(LEARNED, "K", [2, 5, 10, 20, 50], psi="soft"),
    ]
    found = []
    for data in ("mmlu_pro", "pocket", "routerbench"):
        split = random_pool(data)
        for recipe in ("paper", "size-matched"):
            rehearsals = Rehearsal(split, recipe)
            found.append(Run(data, "n_clusters", {"recipe": recipe}, methods, rehearsals, 20))
        found.append(Run(data, "n_clusters", {"recipe": "test"}, methods, split, 20))
    return found


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
    attributes = {"features": "attributes"}
    methods = [
        Method("ZeroRouter"),
        *with_numbers(K_MEANS, "K", [3, 10, 30]),
        *with_numbers(K_MEANS, "K", [3, 10, 30], **attributes),
        Method("K-NN", {"k": 20}),
        Method("K-NN", {"k": 20}, **attributes),
        Method("Linear"),
        Method("Linear", **attributes),
    ]
    kinds = {"calculation": (CALCULATION, OTHER_TASKS), "other": (OTHER_TASKS, CALCULATION)}
    return [
        Run(data, "prompt_shift", {"kind": kind, "case": case}, methods, split, 60)
        for data, sizes in [("pocket", (2000, 400, 1200)), ("mmlu_pro", (2500, 400, 1500))]
        for kind, (own, other) in kinds.items()
        for case, shifted in SHIFTED.items()
        for split in [RandomPool(sizes, part_tasks=tasks_of(data, own, other, shifted))]
    ]


def tasks_of(data, own, other, shifted):
    """Return the tasks of each part: `own`, or `other` in the shifted parts."""
    return {
        part: (other if part in shifted else own)[data].split(", ")
        for part in ("train", "val", "test")
    }


def static_pools():
    """Table 1: a pool that stays, with every loss on training and validation prompts known."""
    return [
        Run(data, "static_pool", {}, static_methods(SIZES[data][1]), split, 20, n_rehearsals=2)
        for data in ("mmlu_pro", "pocket", "routerbench")
        for llms in [known_llms(data)]
        for split in [NamedPool(SIZES[data], pool=llms, train_llms=llms)]
    ]


def generations():
    """Appendix I.1: the newest LLMs, or families never seen; older training LLMs, or newer ones.

    Families of MMLU-Pro (`families("mmlu_pro")`) were never run; a later run may add them.
    """
    found = []
    for data in ("pocket", "mmlu_pro"):
        split = NamedPool(SIZES[data], pool=ages.generations(data)[1])
        methods = chosen(data, ages.CHOSEN)
        condition = {"pool": "newest", "training": "older"}
        found.append(Run(data, "generation", condition, methods, split, 50))
        found += [families(data)] if data == "pocket" else []
        for age, (pools, llms) in ages.training_llms(data).items():
            split = NamedPool(SIZES[data], pool=pools, train_llms=llms)
            condition = {"pool": "half of newest", "training": age}
            found.append(Run(data, "generation", condition, ages.methods_that_learn(), split, 50))
    return found


def families(data):
    """Return the run with pools of whole families, none of which was there in training."""
    split = FamilyPool(SIZES[data], groups=[family for _, family, _ in ages.facts(data)])
    condition = {"pool": "families", "training": "other families"}
    return Run(data, "generation", condition, chosen(data, ages.WITHOUT_NETWORKS), split, 50)


def chosen(data, labels):
    """Return the methods with these labels, in their order."""
    known = {one.label: one for one in all_methods(data)}
    return [known[label] for label in labels]


def few_labels(methods_of=all_methods):
    """Few labels, few training LLMs, and pools that are newer or stronger than these.

    Not among `runs` until it is stored. `methods_of` names the methods for a data set.
    """
    return [
        Run(data, "few_labels", condition, methods_of(data), split, 50)
        for data in SIZES
        for condition, pools, llms in ages.unequal_pools(data, SHARE[data])
        for n_val in [25, 50, 100, 200, 400]
        if n_val <= SIZES[data][1]
        for train, _, test in [SIZES[data]]
        for split in [NamedPool((train, n_val, test), pool=pools, train_llms=llms)]
        for condition in [{**condition, "n_val": n_val}]
    ]


def peers():
    """Routers of another project in the same trials."""
    split = RandomPool(SIZES["mmlu_pro"])
    return [Run("mmlu_pro", "peers", {}, toolkit_methods(), split, 20)]


# Running.


def load(run):
    """Load the data of a run, with the features that its methods want."""
    data = catalog[run.data].load().complete()
    if any(getattr(method, "features", None) == "attributes" for method in run.methods):
        return replace(data, features={"attributes": prompt_attributes(data.prompts)})
    return data


def make(run, n_jobs=1, n_trials=None):
    """Make a run, or go on with it; one with the declared number of trials joins the stored ones.

    Until then it lies in ``unmerged/`` beside them, which git ignores.
    """
    path, trials = results_folder() / "unmerged" / f"{run.name}.parquet", n_trials or run.n_trials
    arguments = load(run), run.methods, run.split, trials, path
    if all(isinstance(method, Method) for method in run.methods):
        results = run_experiment(*arguments, n_jobs=n_jobs)
    else:
        results = choose_and_run(*arguments, n_rehearsals=run.n_rehearsals, n_jobs=n_jobs)
    if trials == run.n_trials:
        merge_run(path, run.experiment, run.data, run.condition, declared=run.n_trials)
    return results


def main(arguments=None):
    """Make the runs that are asked for."""
    known = runs()
    parser = argparse.ArgumentParser(
        "python -m uniroute_lab.paper.experiments", description=__doc__
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="of runs or experiments; all if none is given")
    add("--jobs", type=int, default=1, help="processes (default 1)")
    add("--trials", type=int, help="instead of each run's own number")
    add("--list", action="store_true", help="show the names and stop")
    given = parser.parse_args(arguments)
    names = list(dict.fromkeys(name for run in known for name in (run.name, run.experiment)))
    for name in given.names:
        if name not in names:
            parser.error(f"NAME must be one of {', '.join(names)}; got {name}")
    for run in known:
        if not given.names or {run.name, run.experiment} & {*given.names}:
            print(f"{run.name}: {run.data}, {given.trials or run.n_trials} trials")
            if not given.list:
                make_if_possible(run, given.jobs, given.trials)


def make_if_possible(run, n_jobs, n_trials):
    """Make a run unless it needs a program that is not installed."""
    if run.experiment == "peers" and not toolkit_available():
        print("not made: it needs llmrouter-lib, see uniroute_lab/paper/peers.py")
        return
    make(run, n_jobs, n_trials)


if __name__ == "__main__":
    main()

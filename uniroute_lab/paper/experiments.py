"""Run the experiments of the book and keep their results in results/.

Usage: python -m uniroute_lab.paper.experiments [NAME ...] [--jobs N] [--trials N] [--add]; if none
is named, all runs but those that need the hub, and --list shows them. An interrupted run goes on
where it stopped. Runs that have been declared anew since they were stored, or never made, are
listed in results/pending.csv; the name "pending" stands for them. With --add, a stored run whose
declaration has new methods gets these alone: the same trials, beside the stored methods.
"""

import argparse
from dataclasses import dataclass, replace

import pandas as pd

from uniroute_lab._files import results_folder, write_whole
from uniroute_lab.data import available, catalog
from uniroute_lab.paper import few_labels as few
from uniroute_lab.paper import generations as ages
from uniroute_lab.paper.attributes import prompt_attributes
from uniroute_lab.paper.encoders import ENCODERS
from uniroute_lab.paper.peers import toolkit_available, toolkit_methods
from uniroute_lab.paper.static_pool import known_llms, static_methods
from uniroute_lab.trials import (
    FamilyPool,
    Method,
    NamedPool,
    RandomPool,
    Rehearsal,
    ReleasePool,
    Split,
    candidate_methods,
    choose_and_run,
    merge_run,
    methods_in,
    read_results,
    run_experiment,
)
from uniroute_lab.trials.store import join_methods
from uniroute_lab.trials.tuning import LEARNED

__all__ = ["Run", "pending_runs", "runs"]

# 60 % of the prompts for training, at most 400 of the rest for validation, 30 % for the test.
SIZES = {
    "pocket": (4800, 400, 2400),
    "mmlu_pro": (7219, 400, 3609),
    "llmrouter": (3664, 400, 1832),
    "routerbench": (1898, 317, 949),
    "openhands": (300, 50, 150),
    "livecodebench": (528, 88, 264),
}
# Numbers of validation prompts in Figure 2 (bottom). With 500 of RouterBench fewer test.
VALIDATION_SIZES = {
    "mmlu_pro": (50, 100, 200, 300, 400, 800, 1200),
    "pocket": (50, 100, 200, 300, 400, 800),
    "routerbench": (50, 100, 200, 300, 500),
    "llmrouter": (50, 100, 200, 300, 400),
}
MOST_PROMPTS = {"routerbench": 3164}
# Labels of the methods of the experiments that ask for the reason of a result.
SOME = (
    "ZeroRouter",
    *(f"K-NN{how}" for how in ("", ", size-matched")),
    *(
        f"UniRoute ({name}){how}"
        for name in ("K-means", *(f"learned map, {kind}" for kind in ages.MAPS))
        for how in ("", ", size-matched")
    ),
    "UniRoute (prior)",
    "HierShrink",
    "Linear",
    "Linear, own penalties",
    "Logistic, C = 0.1",
    "Logistic",
    "MLP",
    "MatFac",
)
# The pool's share of the LLMs: half of small pools, as in the paper.
SHARE = dict.fromkeys(SIZES, 1 / 3) | {"llmrouter": 0.5, "routerbench": 0.5}
K_MEANS, VOTES = "UniRoute (K-means)", "UniRoute (K-means, votes)"


@dataclass(frozen=True)
class Run:
    """What is run, and what it is stored as.

    Attributes
    ----------
    data : str
        The data set.
    experiment : str
        "main", "validation_size", "n_clusters", "prompt_shift", "static_pool", "fixed_pool",
        "generation", "encoder", "training_llms", "peers", "release" or "few_labels".
    condition : dict
        What tells it from the other runs of the experiment on these data.
    methods : sequence of Method or Candidates
        With candidates: their numbers are chosen in rehearsals first.
    split : Split or Rehearsal
    n_trials : int
        How many were run and are stored.
    n_rehearsals : int, default 3
    needs : str, optional
        What it takes that is not always there: such a run is made only if it is named, and may be
        declared without being stored.
    """

    data: str
    experiment: str
    condition: dict
    methods: list
    split: Split | Rehearsal
    n_trials: int
    n_rehearsals: int = 3
    needs: str | None = None

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
        *encoders(),
        *training_llms(),
        *peers(),
        *releases(),
        *few_labels(),
        *paper_runs(),
    ]


def pending_runs():
    """Return the names of the runs that were declared anew and are still to be made."""
    path = results_folder() / "pending.csv"
    return pd.read_csv(path)["run"].tolist() if path.is_file() else []


def random_pool(data, n_val=None, **options):
    """Return the split of a data set, with its usual sizes and its share of the LLMs."""
    train, val, test = SIZES[data]
    val = val if n_val is None else n_val
    left = MOST_PROMPTS.get(data, train + val + test) - train - val
    return RandomPool((train, val, min(test, left)), test_share=SHARE[data], **options)


def all_methods(data):
    """Return all methods, with the numbers that rehearsals choose from."""
    train, val, _ = SIZES[data]
    return candidate_methods(val, train // 2)


def with_numbers(name, letter, numbers, **fields):
    """Return a method with each of these numbers."""
    return [Method(name, {letter: number}, **fields) for number in numbers]


def learned_maps(numbers):
    """Return the learned maps, linear and network, hard and soft, with each of these K."""
    return [Method(name, {"K": K}, psi=psi) for name, psi in LEARNED for K in numbers]


def main_runs():
    """Figure 2 (top), Figures 3 and 6: every method, LLMs drawn anew in each trial."""
    return [
        Run(data, "main", {}, all_methods(data), random_pool(data), n_trials)
        for data, n_trials in [
            ("mmlu_pro", 400),
            ("pocket", 100),
            ("routerbench", 100),
            ("llmrouter", 100),
            ("openhands", 100),
            ("livecodebench", 100),
        ]
    ]


def fixed_pools():
    """Section 6 with one pool in all trials: eight such pools, to see what differs between them."""
    methods = [
        Method("ZeroRouter"),
        Method("K-NN", {"k": 100}),
        Method(K_MEANS, {"K": 5}),
        *learned_maps([5]),
    ]
    return [
        Run("mmlu_pro", "fixed_pool", {"llm_seed": seed}, methods, split, 50)
        for seed in range(8)
        for split in [random_pool("mmlu_pro", llm_seed=seed)]
    ]


def validation_sizes():
    """Figure 2 (bottom): some methods at several numbers of validation prompts.

    Some with the same K everywhere, and all with a K that is chosen for each number.
    """
    fixed = [
        *with_numbers("K-NN", "k", [10, 50]),
        *with_numbers(K_MEANS, "K", [3, 10, 30]),
        *learned_maps([10]),
    ]
    return [
        Run(data, "validation_size", {"n_val": n_val}, methods, random_pool(data, n_val), 50)
        for data, numbers in VALIDATION_SIZES.items()
        for n_val in numbers
        for methods in [[*labelled(candidate_methods(n_val, SIZES[data][0] // 2), SOME), *fixed]]
    ]


def cluster_numbers():
    """Figure 5: area against K, as two rehearsals see it and as test LLMs do."""
    methods = [
        *with_numbers("K-NN", "k", [5, 10, 20, 50, 100, 200]),
        *with_numbers(K_MEANS, "K", [1, 2, 3, 5, 10, 20, 50, 100, 150, 200]),
        *with_numbers(K_MEANS, "K", [5, 20, 50, 100, 150, 200], features="attributes"),
        *learned_maps([2, 5, 10, 20, 50, 100, 150]),
    ]
    found = []
    for data in ("mmlu_pro", "pocket", "routerbench"):
        split = random_pool(data)
        for recipe in ("paper", "size-matched"):
            rehearsals = Rehearsal(split, recipe)
            found.append(Run(data, "n_clusters", {"recipe": recipe}, methods, rehearsals, 50))
        found.append(Run(data, "n_clusters", {"recipe": "test"}, methods, split, 50))
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
    """Figure 7: clusters, or features of LLMs, or both, from another kind of prompts.

    An LLM's features are its mean losses in the clusters, or come from votes, as in the paper.
    """
    attributes = {"features": "attributes"}
    methods = [
        Method("ZeroRouter"),
        *with_numbers(K_MEANS, "K", [3, 10, 30]),
        *with_numbers(K_MEANS, "K", [3, 10, 30], **attributes),
        *with_numbers(VOTES, "K", [3, 10, 30]),
        *with_numbers(VOTES, "K", [3, 10, 30], **attributes),
        *learned_maps([10]),
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
        Run(data, "static_pool", {}, static_methods(SIZES[data][1]), split, 50, n_rehearsals=2)
        for data in ("mmlu_pro", "pocket", "routerbench", "livecodebench")
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
    return labelled(all_methods(data), labels)


def labelled(candidates, labels):
    """Return those candidates with these labels, in the order of the labels."""
    known = {one.label: one for one in candidates}
    return [known[label] for label in labels]


def encoders():
    """Ask whether the embedding explains a result: the same trials with others."""
    return [
        Run(data, "encoder", {"encoder": name}, chosen(data, SOME), random_pool(data), 50)
        for data in ("mmlu_pro", "pocket", "routerbench")
        for name in ENCODERS
    ]


def training_llms():
    """Ask whether the number of training LLMs explains it: pools as in the main runs, fewer."""
    methods = [
        Method("ZeroRouter"),
        Method("Linear"),
        *with_numbers(K_MEANS, "K", [5, 20]),
        *learned_maps([5, 20]),
        Method("UniRoute (prior)"),
    ]
    return [
        Run(data, "training_llms", {"n_training": n}, methods, split, 50)
        for data, numbers in [("mmlu_pro", (2, 4, 8, 17)), ("pocket", (2, 4, 8, 16, 23))]
        for n in numbers
        for pools, teachers in [ages.nested_teachers(known_llms(data), SHARE[data], n)]
        for split in [NamedPool(SIZES[data], pool=pools, train_llms=teachers)]
    ]


def few_labels():
    """Few labels, few training LLMs, and pools that are newer or stronger than these.

    One run has all numbers of labels: what is fitted on training prompts serves them all.
    """
    return [
        Run(data, "few_labels", case, methods, split, 50, n_rehearsals=2)
        for data in few.SHAPES
        for methods in [[m for n in few.numbers_of_labels(data) for m in few.methods_with(n)]]
        for case, split in few.unequal_pools(data)
    ]


def peers():
    """Routers of another project in the same trials."""
    split = RandomPool(SIZES["mmlu_pro"])
    return [Run("mmlu_pro", "peers", {}, toolkit_methods(), split, 50)]


# From these dates on a quarter, a half and three quarters of the LLMs are old.
SINCE = {
    "mmlu_pro": ("2023-11", "2024-03", "2024-07"),
    "openhands": ("2025-12-18", "2026-02-11", "2026-04-07"),
    "livecodebench": ("2024-08", "2024-12", "2025-02"),
}


def releases():
    """Old LLMs train, and all newer ones are the pool: at several dates."""
    return [
        Run(data, "release", {"since": date}, chosen(data, ages.CHOSEN), split, 50)
        for data, dates in SINCE.items()
        for date in dates
        for split in [ReleasePool(SIZES[data], since=date)]
    ]


def paper_runs():
    """Figure 2 (top) on the paper's data, with its sizes and pools; they come from a hub."""
    # EmbedLLM in shares, as in the paper; of SPROUT and RouterBench 400 validation prompts.
    splits = {
        "embedllm": NamedPool((0.6, 0.1, 0.3), pool=catalog["embedllm"].protocol["pool"]),
        "sprout": RandomPool((24000, 400, 12000)),
        "routerbench_whole": RandomPool((21898, 400, 10949), test_share=0.5),
    }
    # For the numbers to choose from: EmbedLLM has some 30,000 distinct prompts.
    n_prompts = {"embedllm": (3000, 18000), "sprout": (400, 24000)}
    return [
        Run(data, "main", {}, candidate_methods(n_val, n_train // 2), split, 400, needs="the hub")
        for data, split in splits.items()
        for n_val, n_train in [n_prompts.get(data, (400, 21898))]
    ]


# Running.


def load(run):
    """Load the data of a run, with the embeddings or features that it wants."""
    data = catalog[run.data].ready()
    if run.experiment == "encoder":
        return replace(data, embeddings=ENCODERS[run.condition["encoder"]](data))
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
        strike_out(run.name)
    return results


# Quick methods without training LLMs: run again beside new ones, their areas must be as stored.
AGAIN = ("ZeroRouter", K_MEANS)


def add_methods(run, n_jobs=1):
    """Run the methods that a stored run lacks, on the same trials, and let them join it."""
    stored = read_results(run.experiment, run.data)
    for name, value in run.condition.items():
        stored = stored[stored[name] == value]
    known, labels = methods_in(stored), [one.label for one in run.methods]
    again = [known[label] for label in AGAIN if label in known]
    lacking = [one for one in run.methods if one.label not in known]
    path = results_folder() / "unmerged" / f"{run.name}_added.parquet"
    arguments = load(run), [*again, *lacking], run.split, run.n_trials, path
    choose_and_run(*arguments, n_rehearsals=run.n_rehearsals, n_jobs=n_jobs)
    join_methods(path, run.experiment, run.data, run.condition, labels)
    strike_out(run.name)


def strike_out(name):
    """Take a run off the list of those that are still to be made."""
    left = [one for one in pending_runs() if one != name]
    if len(left) < len(pending_runs()):
        text = pd.DataFrame({"run": left}).to_csv(index=False)
        write_whole(results_folder() / "pending.csv", text.encode())


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
    add("--add", action="store_true", help="only the methods that stored runs lack")
    add("--list", action="store_true", help="show the names and stop")
    given = parser.parse_args(arguments)
    names = list(dict.fromkeys(name for run in known for name in (run.name, run.experiment)))
    names, pending = [*names, "pending"], pending_runs()
    for name in given.names:
        if name not in names:
            parser.error(f"NAME must be one of {', '.join(names)}; got {name}")
    for run in known:
        anew = run.name in pending
        known_by = {run.name, run.experiment, *(["pending"] if anew else [])}
        if is_wanted(run, known_by, given.names) or (given.list and not given.names):
            state = ", declared anew, to be run" if anew else ""
            note = f", needs {run.needs}" if run.needs else ""
            print(f"{run.name}: {run.data}, {given.trials or run.n_trials} trials{state}{note}")
            if not given.list:
                make_if_possible(run, given.jobs, given.trials, given.add)


def is_wanted(run, known_by, names):
    """Say whether a run is asked for: one that needs something, only by its own name."""
    return run.name in names if run.needs else not names or bool(known_by & {*names})


def make_if_possible(run, n_jobs, n_trials, add=False):
    """Make a run unless it needs a program that is not installed, or data that cannot be had."""
    if run.experiment == "peers" and not toolkit_available():
        print("not made: it needs llmrouter-lib and nordlys, see uniroute_lab/paper/peers.py")
        return
    can, reason = available(run.data) if run.needs else (True, "")
    if not can:
        print(f"not made: {reason}")
        return
    if add:
        add_methods(run, n_jobs)
    else:
        make(run, n_jobs, n_trials)


if __name__ == "__main__":
    main()

"""Run the paper's protocol on a data set from the command line; see ``--help``.

What is missing is downloaded, prompts without embeddings are embedded, and sizes and pools are the
paper's where the data are. Whatever is interrupted goes on where it was. The results are a file of
your own: the book's ledger reads the stored runs only, which python -m
uniroute_lab.paper.experiments makes (embedllm, sprout and routerbench_whole are names of runs).
"""

import argparse
import json
from pathlib import Path

import numpy as np

from uniroute_lab.data import DataUnavailableError, catalog
from uniroute_lab.trials.runner import choose_and_run
from uniroute_lab.trials.splits import NamedPool, RandomPool, ReleasePool
from uniroute_lab.trials.tables import results_table

# Of these the first that was run is what the others are compared with.
REFERENCES = ("UniRoute (learned map, network)", "UniRoute (learned map, linear)", "ZeroRouter")
SHOWN = ["mean", "low", "high", "difference", "difference_low", "difference_high", "star"]


def parse(arguments=None):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser("python -m uniroute_lab.trials", description=__doc__)
    add = parser.add_argument
    add("--dataset", required=True, help="one of " + ", ".join(data_sets()))
    add("--option", action="append", default=[], help="NAME=VALUE for the data set's loader")
    add("--task", help="only the prompts of this task")
    add("--trials", type=int, default=400, help="number of trials (default 400)")
    add("--jobs", type=int, default=1, help="processes (default 1)")
    add("--rehearsals", type=int, default=3, help="to choose K, k and the like (default 3)")
    add("--train", type=float, default=0.6, help="training prompts: share or number (0.6)")
    add(
        "--val",
        type=float,
        help="validation prompts: share or number (the paper's for its data, "
        "else at most 400 of the rest)",
    )
    add("--test", type=float, default=0.3, help="test prompts: share or number (0.3)")
    add(
        "--test-share",
        type=float,
        help="share of the LLMs in the pool (the paper's for its data, else 1/3)",
    )
    add("--llm-seed", type=int, help="one LLM split for all trials, with this seed")
    add(
        "--pool",
        nargs="+",
        help="one pool for all trials: names of its LLMs (for EmbedLLM the "
        "paper's, unless one of the options beside it is given)",
    )
    add("--since", metavar="DATE", help="one pool for all trials: LLMs released since then")
    add("--train-llms", nargs="+", help="with --pool: names of the training LLMs (all others)")
    add("--output", type=Path, help="results file (results/DATASET[_TASK].parquet)")
    return parser.parse_args(arguments)


def data_sets():
    """Return {name: DataSet} of all data sets of the package."""
    return dict(catalog)


def load(name, options, task=None):
    """Load a data set with embeddings, and keep the LLMs of which enough is known."""
    known = data_sets()
    if name not in known:
        raise SystemExit(f"--dataset must be one of {', '.join(known)}; got {name}")
    values = dict(option.split("=", 1) for option in options)
    try:
        data = known[name].ready(**{option: _plain(value) for option, value in values.items()})
    except DataUnavailableError as error:
        raise SystemExit(str(error)) from error
    if task is not None:
        if task not in data.tasks:
            raise SystemExit(
                f"--task must be one of {', '.join(sorted(set(data.tasks)))}; got {task}"
            )
        data = data.select(prompts=data.tasks == task)
    return data


def _plain(value):
    """Return true, false and numbers as such, anything else as the text that it is."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def sizes(arguments, n_prompts):
    """Return the three parts as numbers of prompts."""
    val = protocol(arguments).get("val") if arguments.val is None else arguments.val
    given = np.array([arguments.train, val or 0, arguments.test])
    counts = np.where(given < 1, given * n_prompts + 1e-9, given).astype(int).tolist()
    left = n_prompts - counts[0] - counts[2]
    return [counts[0], min(400, left) if val is None else counts[1], counts[2]]


def protocol(arguments):
    """Return how the paper's trials split the data; empty if they do not."""
    return data_sets()[arguments.dataset].protocol


def split_for(arguments, n_prompts):
    """Return the split that the command line describes."""
    parts, paper = sizes(arguments, n_prompts), protocol(arguments)
    if arguments.train_llms is not None and arguments.pool is None:
        raise SystemExit(f"--train-llms must come with --pool; got {arguments.train_llms}")
    drawn = arguments.test_share is not None or arguments.llm_seed is not None
    if arguments.since is not None:
        if drawn or arguments.pool is not None:
            raise SystemExit("--since must come without --pool, --test-share and --llm-seed")
        return ReleasePool(parts, since=arguments.since)
    pool = arguments.pool or (None if drawn else paper.get("pool"))
    if pool is not None:
        return NamedPool(parts, pool=pool, train_llms=arguments.train_llms)
    share = arguments.test_share or paper.get("test_share", 1 / 3)
    return RandomPool(parts, test_share=share, llm_seed=arguments.llm_seed)


def main(arguments=None):
    """Load, choose, run, and print the table of areas."""
    arguments = parse(arguments)
    arguments.dataset = arguments.dataset.replace("-", "_")  # names of the catalogue have no hyphen
    data = load(arguments.dataset, arguments.option, arguments.task)
    name = "_".join(filter(None, [arguments.dataset, arguments.task]))
    results = choose_and_run(
        data,
        None,
        split_for(arguments, data.n_prompts),
        arguments.trials,
        arguments.output or Path("results", f"{name}.parquet"),
        n_rehearsals=arguments.rehearsals,
        n_jobs=arguments.jobs,
    )
    if arguments.trials > 1:
        known = set(results["method"])
        reference = next(one for one in REFERENCES if one in known)
        print(results_table(results, reference=reference)[SHOWN].round(4).to_string())


if __name__ == "__main__":
    main()

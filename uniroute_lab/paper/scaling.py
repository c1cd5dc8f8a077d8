"""How the time of each operation grows with prompts, LLMs and rows, beside that of peers.

Usage: python -m uniroute_lab.paper.scaling [--rounds N] [--path results/scaling.csv] [WORD ...]

An operation is done at several sizes, one size after the other, in several rounds, with one BLAS
thread; with words, only those with one of them in their names. The seconds are those of the
process's processors, which other processes disturb less than those of the clock. Chapter 32 of the
book draws them, fits exponents and says what a million prompts and 5,000 LLMs cost.
"""

import argparse
import tempfile
import warnings
from copy import copy
from functools import cache
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from uniroute import Encoder, KMeansMap, UniRoute, deferral_curve, load_csv
from uniroute_lab._files import results_folder, write_whole
from uniroute_lab.pocket import pocket_prompts
from uniroute_lab.trials.store import made_with

__all__ = ["exponents", "measure", "read_scaling"]

N_DIMS, N_CLUSTERS, LAMBDA = 384, 100, 0.01


@cache
def embeddings(n_prompts):
    """Return embeddings of length 1 and of 32 bits, around 1,000 centres."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_prompts, N_DIMS), dtype=np.float32)
    X += 1.5 * rng.standard_normal((1000, N_DIMS), dtype=np.float32)[np.arange(n_prompts) % 1000]
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X


@cache
def prompt_map():
    """Return a prompt map with 100 clusters."""
    return KMeansMap(N_CLUSTERS, n_init=1, max_iter=5).fit(embeddings(10_000))


@cache
def labels(n_prompts, n_llms):
    """Return names, losses of 0 and 1, and costs."""
    rng = np.random.default_rng(1)
    losses = (rng.random((n_prompts, n_llms)) < rng.uniform(0.2, 0.8, n_llms)).astype(float)
    return [f"LLM {i}" for i in range(n_llms)], losses, rng.uniform(1, 100, n_llms)


@cache
def router(n_llms):
    """Return a router of many LLMs with 3,000 validation prompts."""
    names, losses, costs = labels(3000, n_llms)
    empty = UniRoute(FrozenEstimator(prompt_map())).fit(embeddings(10_000)[:1])
    return empty.add_llms(names, embeddings(10_000)[:3000], losses, costs)


def route(n_prompts, n_llms=100):
    """Route prompts; scikit-learn's prediction of clusters, and a look-up; all predictions."""
    X, one = embeddings(max(n_prompts, 10_000))[:n_prompts], router(n_llms)
    known = KMeans(N_CLUSTERS, init=prompt_map().cluster_centers_, n_init=1, max_iter=1)
    known.fit(embeddings(10_000)[:1000]).cluster_centers_ = prompt_map().cluster_centers_
    names = np.array(one.llms_)

    def look_up():
        best = (one.psi_.T + LAMBDA * one.costs_).argmin(axis=1)
        return names[best][known.predict(X)]

    return {
        "UniRoute": lambda: one.route(X, cost_weight=LAMBDA),
        "scikit-learn": look_up,
        "all predictions": lambda: (one.predict_loss(X) + LAMBDA * one.costs_).argmin(axis=1),
    }


def join(n_val=3000, n_llms=100):
    """Let an LLM join; fit a ridge regression for all LLMs again."""
    X, one = embeddings(max(n_val, 10_000))[:n_val], router(n_llms)
    _, losses, _ = labels(n_val, n_llms)
    return {
        "UniRoute": lambda: copy(one).add_llms("new", X, losses[:, 0], 1.0),
        "ridge, fitted again": lambda: Ridge().fit(X, losses),
    }


def curve(n_prompts, n_llms=100):
    """Draw an exact deferral curve; a sweep over 1,000 lambdas."""
    X, one = embeddings(10_000)[:n_prompts], router(n_llms)
    losses, costs = labels(n_prompts, n_llms)[1], one.costs_
    gamma, rows = one.predict_loss(X), np.arange(n_prompts)
    noisy = np.clip(gamma + np.random.default_rng(2).normal(0, 0.1, gamma.shape), 0, 1)

    def sweep():
        choices = ((gamma + weight * costs).argmin(axis=1) for weight in np.logspace(-5, 0, 1000))
        return [(costs[choice].mean(), losses[rows, choice].mean()) for choice in choices]

    return {
        "UniRoute": lambda: one.curve(X, losses),
        "other predictions for each prompt": lambda: deferral_curve(noisy, losses, costs),
        "1,000 lambdas": sweep,
    }


def cluster(n_prompts):
    """Fit a prompt map; scikit-learn's K-means."""
    X = embeddings(n_prompts)
    return {
        "UniRoute": lambda: KMeansMap(N_CLUSTERS, n_init=1).fit(X),
        "scikit-learn": lambda: KMeans(N_CLUSTERS, n_init=1, random_state=0).fit(X),
    }


@cache
def csv_file(n_rows):
    """Return a folder with a file of answers of 50 LLMs."""
    folder, n_prompts = tempfile.TemporaryDirectory(), n_rows // 50
    _, losses, costs = labels(n_prompts, 50)
    columns = {
        "prompt": np.repeat([f"prompt {i}, " + 50 * "word " for i in range(n_prompts)], 50),
        "llm": np.tile([f"LLM {i}" for i in range(50)], n_prompts),
        "loss": losses.ravel(),
        "cost": np.tile(costs.round(3), n_prompts),
    }
    pd.DataFrame(columns).to_csv(Path(folder.name, "answers.csv"), index=False)
    return folder


def read(n_rows):
    """Read a table of answers; pandas' reading and its pivot table."""
    path = Path(csv_file(n_rows).name, "answers.csv")

    def pivoted():
        cells = {"index": "prompt", "columns": "llm", "values": ["loss", "cost"]}
        return pd.read_csv(path).pivot(**cells)

    return {"UniRoute": lambda: load_csv(path, cost_unit="cents"), "pandas": pivoted}


@cache
def encoder():
    """Return the encoder, loaded once."""
    return Encoder()


def embed(n_texts):
    """Embed texts of 350 letters or so: of ten prompts of the pocket pool each."""
    prompts = [prompt.text for prompt in pocket_prompts()]
    texts = [" ".join(prompts[10 * i : 10 * i + 10]) for i in range(n_texts)]
    return {"UniRoute": lambda: encoder().encode(texts)}


# Operation, what grows, its sizes, and the works of a size.
OPERATIONS = [
    ("route", "prompts", (1000, 3000, 10_000, 30_000, 100_000, 300_000), route),
    ("route 10,000 prompts", "LLMs", (10, 30, 100, 300, 1000, 5000), lambda m: route(10_000, m)),
    ("add an LLM", "validation prompts", (300, 1000, 3000, 10_000, 30_000), join),
    ("add an LLM", "LLMs", (10, 30, 100, 300, 1000, 5000), lambda m: join(n_llms=m)),
    ("curve", "prompts", (1000, 2000, 5000, 10_000), curve),
    ("curve of 1,000 prompts", "LLMs", (10, 30, 100, 300, 1000), lambda m: curve(1000, m)),
    ("fit K-means", "prompts", (10_000, 20_000, 50_000, 100_000), cluster),
    ("embed", "prompts", (20, 50, 100, 200), embed),
    ("read CSV", "rows", (10_000, 30_000, 100_000, 300_000, 1_000_000), read),
]
COLUMNS = ["operation", "grows", "size", "by", "round", "seconds"]
LEAST = 0.02  # seconds; what takes less is done several times


def seconds(work):
    """Return the seconds of processors that a piece of work takes; what is short is repeated."""
    start, times = process_time(), 0
    while not times or process_time() - start < LEAST:
        work()
        times += 1
    return (process_time() - start) / times


def measure(rounds=5, operations=OPERATIONS):
    """Return the seconds of all works, as a table with a row for each round.

    Parameters
    ----------
    rounds : int, default 5
        Each size is worked on in each round; before the first round everything runs once.
    operations : list of tuple, default OPERATIONS
        Operation, what grows, sizes, and a function of the size that returns works by method.

    Returns
    -------
    pandas.DataFrame
        With columns operation, grows, size, by, round and seconds.

    Examples
    --------
    >>> tiny = [("add", "numbers", (10, 20), lambda n: {"NumPy": np.ones(n).sum})]
    >>> measure(2, tiny)[["operation", "grows", "size", "by", "round"]]
      operation    grows  size     by  round
    0       add  numbers    10  NumPy      0
    1       add  numbers    10  NumPy      1
    2       add  numbers    20  NumPy      0
    3       add  numbers    20  NumPy      1
    """
    rows = []
    for operation, grows, sizes, make in operations:
        for size in sizes:
            works = make(size)
            for work in works.values() if size < 10 * min(sizes) else ():
                work()
            for turn in range(rounds):
                for by, work in works.items():
                    rows.append((operation, grows, size, by, turn, seconds(work)))
    return pd.DataFrame(rows, columns=COLUMNS)


def exponents(table, level=0.95):
    """Fit a power law, seconds = a size^b, to each operation and method.

    Parameters
    ----------
    table : pandas.DataFrame
        As from `measure`. Only sizes of at least a tenth of the largest count: on small ones the
        part that does not grow hides the growth.
    level : float, default 0.95
        Of the interval of b, which Student's distribution gives for the rounds as they are.

    Returns
    -------
    pandas.DataFrame
        Indexed by operation, grows and by; columns exponent, low, high, largest (the size) and
        seconds (the median there).

    Notes
    -----
    Least squares of log seconds on log size. The interval tells of the noise of the rounds, and
    nothing of sizes beyond the largest. Chapter 32.

    Examples
    --------
    >>> size = np.array([10, 20, 50, 100] * 2)
    >>> table = pd.DataFrame({"operation": "sort", "grows": "rows", "size": size, "by": "me",
    ...     "round": np.repeat([0, 1], 4), "seconds": 1e-3 * size**2.0})
    >>> exponents(table).round(3)
                         exponent  low  high  largest  seconds
    operation grows by
    sort      rows  me        2.0  2.0   2.0      100     10.0
    """
    found = {}
    for key, group in table.groupby(["operation", "grows", "by"], sort=False):
        large = group[group["size"] >= group["size"].max() / 10]
        fit = stats.linregress(np.log(large["size"]), np.log(large["seconds"]))
        half = stats.t.ppf((1 + level) / 2, len(large) - 2) * fit.stderr
        at_most = large[large["size"] == large["size"].max()]
        ends = fit.slope, fit.slope - half, fit.slope + half
        found[key] = *ends, at_most["size"].iloc[0], at_most["seconds"].median()
    index = pd.MultiIndex.from_tuples(found, names=["operation", "grows", "by"])
    columns = ["exponent", "low", "high", "largest", "seconds"]
    return pd.DataFrame(found.values(), index=index, columns=columns)


def read_scaling():
    """Return the stored seconds as `measure` does, and from which commit they are."""
    return pd.read_csv(results_folder() / "scaling.csv")


def main():
    """Measure, and store what was measured."""
    parser = argparse.ArgumentParser("python -m uniroute_lab.paper.scaling", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--path", type=Path, default=results_folder() / "scaling.csv")
    given = parser.parse_args()
    wanted = [one for one in OPERATIONS if not given.words or any(w in one[0] for w in given.words)]
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        table = measure(given.rounds, wanted)
    table["commit"] = made_with()["commit"]
    write_whole(given.path, table.round({"seconds": 9}).to_csv(index=False).encode())
    print(exponents(table).round(4).to_string())


if __name__ == "__main__":
    main()

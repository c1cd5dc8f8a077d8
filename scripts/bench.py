"""Time what the package does beside the obvious code, in one run.

    python -m scripts.bench [words of a name]

Every row of `ROWS` is a piece of work, a yardstick, what the ratio of their times was at 2875c42
and what it shall be. The two are timed in turns, so that another load on the machine meets both;
printed are the least, the median and the largest ratio of the rounds. Rows marked ">" are ratios
yardstick / work, where more is better. Nordlys, a peer, needs another scikit-learn than the book;
its engine, the distribution nordlys-core, does not, and is timed where it is installed.
"""

import json
import sys
import tempfile
import tracemalloc
from copy import copy
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.frozen import FrozenEstimator

import uniroute
from uniroute import BudgetRule, KMeansMap, LearnedMap, UniRoute, deferral_curve, route

ROUNDS = 7
N_PROMPTS, N_DIMS, N_CLUSTERS, N_LLMS = 100_000, 768, 100, 100
LAMBDA = 0.01
KINDS = ("K-means", "learned map")


@dataclass(frozen=True)
class Row:
    """One line of the table: `make` returns the work and its yardstick as functions."""

    name: str
    today: str
    reach: str
    make: object
    more_is_better: bool = False


@cache
def traffic():
    """Return embeddings, the centres of clusters, predicted losses of the clusters, and costs."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_PROMPTS, N_DIMS), dtype=np.float32)
    centers = X[:N_CLUSTERS].copy()
    return X, centers, rng.random((N_CLUSTERS, N_LLMS)), rng.uniform(1, 100, N_LLMS)


@cache
def soft_predictions():
    """Return a different row of predicted losses for every prompt."""
    return np.random.default_rng(1).random((N_PROMPTS, N_LLMS))


@cache
def clusters():
    """Return scikit-learn's K-means, fitted before."""
    X, centers, _, _ = traffic()
    return KMeans(N_CLUSTERS, init=centers, n_init=1, max_iter=1).fit(X[:1000])


def product():
    """Return the product that no linear router can do without: embeddings times weights."""
    X, centers, _, _ = traffic()
    return X @ centers.T


def look_up():
    """Return choices by the obvious code: predict the cluster, look up its LLM."""
    X, _, gamma, costs = traffic()
    best = (gamma + LAMBDA * costs).argmin(axis=1)
    return best[clusters().predict(X)]


def sweep(gamma, losses, costs):
    """Return the points of a deferral curve at 1,000 values of lambda: fast and not exact."""
    rows = np.arange(len(gamma))
    points = []
    for weight in np.logspace(-5, 0, 1000):
        choice = (gamma + weight * costs).argmin(axis=1)
        points.append((costs[choice].mean(), losses[rows, choice].mean()))
    return points


@cache
def curve_data():
    """Return predictions of 10,000 prompts, dense and by cluster; losses, costs, clusters."""
    rng = np.random.default_rng(2)
    costs = rng.uniform(1, 100, N_LLMS)
    mean = 0.9 - 0.15 * np.log(costs)
    rows = rng.integers(0, 50, 10_000)
    shared = np.clip(mean + 0.1 * rng.standard_normal((50, N_LLMS)), 0, 1)
    dense = np.clip(mean + 0.1 * rng.standard_normal((10_000, N_LLMS)), 0, 1)
    losses = (rng.random(dense.shape) < dense).astype(float)
    return dense, shared, losses, costs, rows


def _decide(gamma=None, dtype=float):
    """Work: route predictions; yardstick: the product."""
    gamma = soft_predictions() if gamma is None else gamma
    gamma, costs = gamma.astype(dtype), traffic()[3]
    return lambda: route(gamma, costs, LAMBDA), product


def _plan():
    """Work: decide by a budget's rule; yardstick: the product."""
    rule, costs = BudgetRule(LAMBDA, 0.5), traffic()[3]
    return lambda: rule.route(soft_predictions(), costs, 0), product


def _clusters(yardstick):
    """Work: nearest centre by a product, route the K rows once and look up."""
    X, centers, gamma, costs = traffic()
    half = (centers**2).sum(axis=1) / 2

    def work():
        return route(gamma, costs, LAMBDA)[(X @ centers.T - half).argmax(axis=1)]

    return work, yardstick


def _dense_curve():
    dense, _, losses, costs, _ = curve_data()
    return lambda: deferral_curve(dense, losses, costs), lambda: sweep(dense, losses, costs)


def _cluster_curve(expanded):
    """Work: the curve of 50 distinct rows; yardstick: that of the expanded rows, or a sweep."""
    _, shared, losses, costs, rows = curve_data()
    full = shared[rows]
    other = deferral_curve if expanded else sweep
    return (
        lambda: deferral_curve(shared, losses, costs, rows=rows),
        lambda: other(full, losses, costs),
    )


@cache
def router(soft=False, n_llms=N_LLMS, n_clusters=N_CLUSTERS):
    """Return a router of many LLMs on unit embeddings, by K-means or by a learned map."""
    X, rng = units(), np.random.default_rng(3)
    phi = KMeansMap(n_clusters, n_init=1, max_iter=1).fit(X[:2000])
    if soft:
        centers = phi.cluster_centers_.astype(float)
        phi = LearnedMap(N_CLUSTERS)
        phi.n_features_in_, phi.cluster_centers_ = N_DIMS, centers
        phi.layers_ = [40 * centers.T, np.zeros(N_CLUSTERS)]
    names = [f"LLM {i}" for i in range(n_llms)]
    losses, costs = rng.random((3000, n_llms)), rng.uniform(1, 100, n_llms)
    return UniRoute(FrozenEstimator(phi)).fit(X[:1]).add_llms(names, X[:3000], losses, costs)


@cache
def units():
    """Return embeddings of length 1."""
    X = traffic()[0]
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def _route(soft=False, planned=False):
    """Work: route all prompts to names; yardstick: the product."""
    one, X = router(soft), units()
    options = {"plan": one.plan(X[:4000], budget=20.0)} if planned else {"cost_weight": LAMBDA}
    centers = traffic()[1]
    return lambda: one.route(X, **options), lambda: X @ centers.T


def wait(seconds):
    """Do nothing for some time."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def _one_prompt(planned=False):
    """Work: route one prompt a thousand times; yardstick: 100 microseconds each."""
    one, x = router(), units()[:1]
    options = {"plan": one.plan(units()[:4000], budget=20.0)} if planned else {"cost_weight": 0.01}
    return lambda: [one.route(x, **options) for _ in range(1000)], lambda: wait(0.1)


def _join(n_llms):
    """Work: one more LLM by 3,000 prompts; yardstick: 1.5 products of these and half a ms."""
    one, X, centers = router(n_llms=n_llms), units()[:3000], traffic()[1]
    losses = np.random.default_rng(4).random(3000)

    def allowed():
        X @ centers.T, X[:1500] @ centers.T
        wait(0.0005)

    many = range(10)
    return (
        lambda: [copy(one).add_llms("new", X, losses, 1.0) for _ in many],
        lambda: [allowed() for _ in many],
    )


def _router_curve(limit=None):
    """Work: the curve of a router of 50 clusters; yardstick: a sweep, or some time."""
    one, losses = router(n_clusters=50), curve_data()[2]
    X = units()[:10_000]
    swept = lambda: sweep(one.predict_loss(X), losses, one.costs_)  # noqa: E731
    return lambda: one.curve(X, losses), (lambda: wait(limit)) if limit else swept


@cache
def million_rows():
    """Return a folder with a CSV file of 20,000 prompts, of 55 words each, and 50 LLMs."""
    rng, folder = np.random.default_rng(5), tempfile.TemporaryDirectory()
    words = rng.integers(0, 1000, (20_000, 55))
    texts = [f"prompt {i}, " + " ".join(map("word{}".format, row)) for i, row in enumerate(words)]
    columns = {
        "prompt": np.repeat(texts, 50),
        "llm": np.tile([f"LLM {i}" for i in range(50)], len(texts)),
        "score": rng.integers(0, 2, 50 * len(texts)),
        "cost": rng.random(50 * len(texts)).round(4),
    }
    pd.DataFrame(columns).to_csv(Path(folder.name, "million.csv"), index=False)
    return folder


def _read(name, **options):
    """Work: read a million rows; yardstick: pandas' reading of them and its pivot table."""
    path, reader = Path(million_rows().name, "million.csv"), getattr(uniroute, name)

    def pivoted():
        cells = {"index": "prompt", "columns": "llm", "values": ["score", "cost"]}
        return pd.read_csv(path).pivot(**cells)

    return lambda: reader(path, **options), pivoted


def _nordlys():
    """Work: route all prompts to names; yardstick: Nordlys's engine with the same centres."""
    import nordlys_core

    one, X = router(), units()
    told = {
        "cluster_centers": one.prompt_map_.cluster_centers_.tolist(),
        "models": [
            {"model_id": name, "scores": scores}
            for name, scores in zip(one.llms_, (1 - one.psi_).tolist(), strict=True)
        ],
        "embedding": {"model": "none", "trust_remote_code": False},
        "clustering": {
            "n_clusters": N_CLUSTERS,
            "random_state": 0,
            "max_iter": 1,
            "n_init": 1,
            "algorithm": "lloyd",
            "normalization": "l2",
        },
        "reduction": None,
        "metrics": {},
    }
    checkpoint = nordlys_core.NordlysCheckpoint.from_json_string(json.dumps(told))
    engine = nordlys_core.Nordlys.from_checkpoint(checkpoint)
    return lambda: one.route(X, cost_weight=0.0), lambda: engine.route_batch(X)


ROWS = [
    Row("route 100,000 x 768 to names, K-means / product", "5.8", "1.3", _route),
    Row(
        "route 100,000 x 768 to names, learned map / product",
        "-",
        "2.5",
        lambda: _route(soft=True),
    ),
    Row(
        "route 100,000 x 768 to names, by a plan / product",
        "23",
        "1.5",
        lambda: _route(planned=True),
    ),
    Row("one prompt, K-means / 100 microseconds", "7.2", "1", _one_prompt),
    Row("one prompt, by a plan / 100 microseconds", "-", "1", lambda: _one_prompt(planned=True)),
    *[
        Row(
            f"add an LLM to {n:,}, 3,000 prompts / 1.5 products and 0.5 ms",
            "-",
            "1",
            lambda n=n: _join(n),
        )
        for n in (10, 100, 1000)
    ],
    Row(
        "> sweep over 1,000 lambdas / router.curve, 50 clusters, 10,000 x 100",
        "14",
        "-",
        _router_curve,
        True,
    ),
    Row(
        "router.curve, 50 clusters, 10,000 x 100 / 10 ms",
        "8.8",
        "1",
        lambda: _router_curve(0.01),
    ),
    Row(
        "read 1,000,000 rows of CSV, load_csv / pandas' read and pivot",
        "5",
        "2",
        lambda: _read("load_csv", cost_unit="USD"),
    ),
    Row("route 100,000 x 100 predictions / product", "2.6", "-", _decide),
    Row(
        "route 100,000 x 100 predictions of 32 bits / product",
        "2.1",
        "-",
        lambda: _decide(dtype=np.float32),
    ),
    Row("a budget's rule on 100,000 x 100 predictions / product", "9.1", "-", _plan),
    Row(
        "nearest centre, route K rows, look up / product",
        "-",
        "1.3",
        lambda: _clusters(product),
    ),
    Row(
        "nearest centre, route K rows, look up / scikit-learn's predict and look-up",
        "4.8",
        "1",
        lambda: _clusters(look_up),
    ),
    Row("> sweep over 1,000 lambdas / exact curve, dense", "14", "20", _dense_curve, True),
    Row(
        "> sweep over 1,000 lambdas / exact curve, 50 clusters",
        "14",
        "-",
        lambda: _cluster_curve(expanded=False),
        True,
    ),
    Row(
        "> curve of the expanded rows / of 50 clusters, 10,000 x 100",
        "1",
        "9",
        lambda: _cluster_curve(expanded=True),
        True,
    ),
]
if hasattr(uniroute, "read_table"):
    name = "read 1,000,000 rows of CSV, read_table / pandas' read and pivot"
    ROWS.append(Row(name, "-", "2", lambda: _read("read_table")))
if find_spec("nordlys_core"):
    name = "> Nordlys's engine / route 100,000 x 768 to names, K-means"
    ROWS.append(Row(name, "-", "-", _nordlys, True))


def timed(work):
    """Return the seconds that one call takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def measure(row, rounds=ROUNDS):
    """Return (ratio, seconds of the work) of each round; both are called once before."""
    work, yardstick = row.make()
    work(), yardstick()
    times = np.array([(timed(work), timed(yardstick)) for _ in range(rounds)])
    ratios = times[:, 0] / times[:, 1]
    return (1 / ratios if row.more_is_better else ratios), times[:, 0]


def peak_memory(work):
    """Return the MB that a piece of work takes beyond its input."""
    work()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main(words):
    """Print the rows whose names hold all words, and the memory."""
    print(f"{'work / yardstick':75} {'min':>6} {'median':>6} {'max':>6}  today reach   work (ms)")
    for row in ROWS:
        if all(word in row.name for word in words):
            ratios, seconds = measure(row)
            numbers = " ".join(f"{f(ratios):6.2f}" for f in (np.min, np.median, np.max))
            milliseconds = 1e3 * np.median(seconds)
            print(f"{row.name:75} {numbers}  {row.today:>5} {row.reach:>5} {milliseconds:11.1f}")
    if not words:
        gamma, costs = soft_predictions().astype(np.float32), traffic()[3]
        works = {"100,000 x 100 predictions": lambda: route(gamma, costs, LAMBDA)}
        works |= {f"100,000 x 768, {k}": _route(k == "learned map")[0] for k in KINDS}
        for name, work in works.items():
            print(f"route {name}, beyond the input: {peak_memory(work):.1f} MB (321; reach 60)")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Time what the package does beside the obvious code, in one run.

    python -m scripts.bench [words of a name]

Every row of `ROWS` is a piece of work, a yardstick, what the ratio of their times was at 2875c42
and what it shall be. The two are timed in turns, so that another load on the machine meets both;
printed are the least, the median and the largest ratio of the rounds. Rows marked ">" are ratios
yardstick / work, where more is better.
"""

import sys
import tracemalloc
from dataclasses import dataclass
from functools import cache
from time import perf_counter

import numpy as np
from sklearn.cluster import KMeans

from uniroute import BudgetRule, deferral_curve, route

ROUNDS = 7
N_PROMPTS, N_DIMS, N_CLUSTERS, N_LLMS = 100_000, 768, 100, 100
LAMBDA = 0.01


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


ROWS = [
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


def peak_memory():
    """Return the MB that `route` takes beyond its input, 32-bit predictions of 100,000 prompts."""
    gamma, costs = soft_predictions().astype(np.float32), traffic()[3]
    tracemalloc.start()
    route(gamma, costs, LAMBDA)
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
        print(f"route, 100,000 x 100, beyond the input: {peak_memory():.1f} MB (321; reach 60)")


if __name__ == "__main__":
    main(sys.argv[1:])

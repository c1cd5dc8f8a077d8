"""Time K-means of a million prompts, and compare its inertia with Lloyd's from the same start.

    python -m scripts.bench_kmeans [prompts]

Prompts are embeddings of the pocket pool with noise, of length 1 and 384 dimensions; K is 100, and
two threads are used. The time of processors is told beside that of the clock, which other
processes lengthen. Lloyd's algorithm, scikit-learn's, gets a fifth of the prompts, in five rounds
with other starts: it needs minutes for each round of all.
"""

import sys
from time import perf_counter, process_time

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from threadpoolctl import threadpool_limits

from uniroute import KMeansMap
from uniroute_lab.pocket import load_pocket

K, ROUNDS, BLOCK, SAMPLE = 100, 5, 10_000, 50_000


def corpus(n_prompts):
    """Return embeddings like the pocket pool's, shape (n_prompts, 384), of 32 bits."""
    rng, known = np.random.default_rng(0), load_pocket().embeddings
    X = np.empty((n_prompts, known.shape[1]), np.float32)
    for start in range(0, n_prompts, BLOCK):
        rows = X[start : start + BLOCK]
        rng.standard_normal(rows.shape, dtype=np.float32, out=rows)
        rows *= 0.5 / np.sqrt(rows.shape[1])
        rows += known[rng.integers(len(known), size=len(rows))]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return X


def timed(work):
    """Return what a piece of work returns, and the seconds of the clock and of processors."""
    clock, processors = perf_counter(), process_time()
    found = work()
    return found, perf_counter() - clock, process_time() - processors


def inertia(X, phi):
    """Return the sum of squared distances to the nearest centres."""
    blocks = np.split(X, range(BLOCK, len(X), BLOCK))
    return sum(((rows - phi.cluster_centers_[phi.predict(rows)]) ** 2).sum() for rows in blocks)


def against_lloyd(X, seed):
    """Return the ratios of inertia and of processor time to those of Lloyd's algorithm."""
    phi, _, ours = timed(lambda: KMeansMap(K, n_init=1, random_state=seed).fit(X))
    some = np.random.RandomState(seed).choice(len(X), SAMPLE, replace=False)

    def lloyd():
        start, _ = kmeans_plusplus(X[some], K, random_state=seed)
        return KMeans(K, init=start, n_init=1).fit(X)

    other, _, theirs = timed(lloyd)
    return inertia(X, phi) / other.inertia_, ours / theirs


def peak_memory():
    """Return the most memory that this process has had, in GB; NaN on Windows."""
    try:
        import resource
    except ImportError:
        return np.nan
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(n_prompts=1_000_000):
    """Print what was measured."""
    X = corpus(int(n_prompts))
    with threadpool_limits(2):
        _, clock, processors = timed(lambda: KMeansMap(K, n_init=1).fit(X))
        peak = peak_memory()
        print(f"{len(X):,} prompts: {clock:.0f} s by the clock (reach 180)", end=", ")
        print(
            f"{processors:.0f} s of processors, {peak:.1f} GB with the input (reach 4)", flush=True
        )
        fifth = X[: len(X) // 5]
        found = np.array([against_lloyd(fifth, seed) for seed in range(ROUNDS)])
    for name, ratios in zip(("inertia (reach 1.01)", "processor time"), found.T, strict=True):
        numbers = " ".join(f"{f(ratios):6.4f}" for f in (np.min, np.median, np.max))
        print(f"{len(fifth):,} prompts, {name} / Lloyd's from the same start: {numbers}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The nearest centres, in single precision as far as rounding lets it."""

import numpy as np

from uniroute._numbers import LARGEST

BLOCK = 2048  # prompts that are worked on at once; their scores stay in the cache


def nearest(X, centers, check):
    """Return the row of `centers` nearest to each row of X; `check(X)` raises if X is not finite.

    The nearest has the largest x . c - |c|^2 / 2. In single precision, prompts for which
    rounding may decide are done again in double.
    """
    clusters, halves = np.empty(len(X), dtype=np.intp), _half_squares(centers)
    longest = np.sqrt(2 * halves.max())
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, len(X), BLOCK):
            block = np.asarray(X[start : start + BLOCK], dtype=centers.dtype)
            scores = block @ centers.T
            scores -= halves
            best = scores.argmax(axis=1)
            top = scores[np.arange(len(best)), best]
            if not (np.abs(top) <= LARGEST**2).all():
                check(X)  # names the value, if it is one
            if centers.dtype == np.float32:
                error = rounding_of(block, longest, longest**2)
                if (rows := doubtful(scores, top - 2 * error)).size:
                    exact = centers.astype(float)
                    scores = block[rows].astype(float) @ exact.T - _half_squares(exact)
                    best[rows] = scores.argmax(axis=1)
            clusters[start : start + BLOCK] = best
    return clusters


def rounding_of(rows, length, more=0.0):
    """Return what rounding adds to single-precision products of rows with vectors of a length.

    The errors of d terms are independent: their sum is a few sqrt(d) times one. `more` is added.
    """
    few = 2 * np.sqrt(rows.shape[1]) * np.finfo(np.float32).eps
    return few * (length * np.sqrt(np.vecdot(rows, rows)) + more)


def doubtful(scores, bars):
    """Return the rows in which other scores than the largest reach the row's bar."""
    near = scores >= bars.astype(scores.dtype)[:, None]
    if np.count_nonzero(near) == len(near):
        return np.empty(0, dtype=int)
    return np.flatnonzero(np.count_nonzero(near, axis=1) > 1)


def _half_squares(centers):
    return np.vecdot(centers, centers) / 2

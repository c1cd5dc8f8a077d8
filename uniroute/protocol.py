"""Splits of prompts and of LLMs for honest trials."""

import numpy as np

from uniroute._validation import check_positive_integer, check_scalar

__all__ = ["split_llms", "split_prompts"]


def split_prompts(prompts, sizes, random_state):
    """Split prompts at random into disjoint parts; identical texts stay together.

    Parameters
    ----------
    prompts : sequence of str, or int
        Prompt texts, or their number if all are distinct.
    sizes : sequence of float or int
        Sizes of the parts: shares of all prompts (each below 1, together at most 1), or numbers
        of prompts. Repeated texts can make a part a little smaller, never larger.
    random_state : int
        Seed.

    Returns
    -------
    list of ndarray of int
        Sorted indices of the prompts of each part.

    Raises
    ------
    ValueError
        If the parts do not fit into the prompts, or one would be empty.

    Notes
    -----
    Section 6 and App. F.1: 60/10/30 % for training, validation and test. Chapter 5.

    Examples
    --------
    >>> train, val, test = split_prompts(10, [0.6, 0.1, 0.3], random_state=0)
    >>> len(train), len(val), len(test)
    (6, 1, 3)
    """
    if isinstance(prompts, (int, np.integer)):
        check_positive_integer("prompts", prompts)
        groups = np.arange(prompts)
    else:
        groups = np.unique(np.asarray(prompts, dtype=object).astype(str), return_inverse=True)[1]
    counts = _part_sizes(sizes, len(groups))
    order = np.random.default_rng(random_state).permutation(groups.max() + 1)
    of_group = np.bincount(groups)
    parts, first = [], 0
    for count in counts:
        fits = np.searchsorted(np.cumsum(of_group[order[first:]]), count, side="right")
        if fits == 0:
            raise ValueError(
                f"sizes must leave no part empty; got {sizes} for {len(groups)} prompts"
            )
        parts.append(np.flatnonzero(np.isin(groups, order[first : first + fits])))
        first += fits
    return parts


def _part_sizes(sizes, n_prompts):
    """Return the number of prompts in each part."""
    sizes = np.asarray(sizes, dtype=float)
    if sizes.ndim != 1 or not len(sizes) or not (np.isfinite(sizes) & (sizes > 0)).all():
        raise ValueError(f"sizes must be positive numbers, one a part; got {sizes.tolist()}")
    shares = (sizes < 1).all()
    if not shares and not (sizes == np.round(sizes)).all():
        raise ValueError(f"sizes must be all shares below 1 or all integers; got {sizes.tolist()}")
    counts = np.floor(sizes * n_prompts + 1e-9).astype(int) if shares else sizes.astype(int)
    limit = 1 + 1e-9 if shares else n_prompts
    if sizes.sum() > limit:
        raise ValueError(f"sizes must add up to at most {limit:g}; got {sizes.tolist()}")
    return counts


def split_llms(n_llms, test_share, random_state):
    """Split LLMs at random into training LLMs and the pool of unseen test LLMs.

    Parameters
    ----------
    n_llms : int
        Number of LLMs, at least 2.
    test_share : float
        Share of the LLMs in the test pool, in (0, 1); rounded, at least one LLM on each side.
    random_state : int
        Seed.

    Returns
    -------
    train, test : ndarray of int
        Sorted indices.

    Raises
    ------
    ValueError
        If there are fewer than two LLMs or `test_share` is not in [0, 1].

    Notes
    -----
    Section 6: H_tr and H_te are 2/3 and 1/3 of the LLMs. Chapter 5.

    Examples
    --------
    >>> train, test = split_llms(6, test_share=1 / 3, random_state=0)
    >>> len(train), len(test), sorted([*train, *test]) == list(range(6))
    (4, 2, True)
    """
    check_positive_integer("n_llms", n_llms)
    if n_llms < 2:
        raise ValueError(f"n_llms must be at least 2; got {n_llms}")
    test_share = check_scalar("test_share", test_share, 0, 1)
    n_test = int(np.clip(round(n_llms * test_share), 1, n_llms - 1))
    order = np.random.default_rng(random_state).permutation(n_llms)
    return np.sort(order[n_test:]), np.sort(order[:n_test])

"""Prompts and LLMs drawn into disjoint parts."""

from functools import lru_cache

import numpy as np

from uniroute.checks import check_positive_integer, check_scalar

__all__ = [
    "release_dates",
    "split_llms",
    "split_llms_by_group",
    "split_llms_by_release",
    "split_prompts",
    "split_prompts_by_task",
]


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
    groups = _same_text(prompts)
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


def _same_text(prompts):
    """Return a number for each prompt, the same one for identical texts."""
    if isinstance(prompts, (int, np.integer)):
        check_positive_integer("prompts", prompts)
        return np.arange(prompts)
    return _text_numbers(tuple(map(str, prompts)))


@lru_cache(maxsize=4)  # many trials split the same prompts
def _text_numbers(texts):
    place = {text: i for i, text in enumerate(sorted(set(texts)))}
    numbers = np.array([place[text] for text in texts], dtype=int)
    numbers.flags.writeable = False
    return numbers


def split_prompts_by_task(prompts, tasks, sizes, part_tasks, random_state):
    """Split prompts at random into disjoint parts, each with its own mix of tasks.

    Parameters
    ----------
    prompts : sequence of str
        Prompt texts; identical ones come into one part only, and the rest of them into none.
    tasks : sequence of str
        The task of each prompt.
    sizes : sequence of int
        Number of prompts in each part.
    part_tasks : sequence of (sequence of str or None)
        The tasks of each part; None for all. Parts with the same tasks share their prompts.
    random_state : int
        Seed.

    Returns
    -------
    list of ndarray of int
        Sorted indices of the prompts of each part. The last part is drawn first, so that its
        prompts are the same whatever tasks the others have, and so on to the first.

    Raises
    ------
    KeyError
        If a task is unknown.
    ValueError
        If there are not enough prompts of a part's tasks, or lengths do not fit.

    Notes
    -----
    Fig. 7 of the paper trains on one kind of prompts and tests on another. Chapter 18.

    Examples
    --------
    >>> tasks = ["sums"] * 5 + ["places"] * 5
    >>> prompts = [f"prompt {i}" for i in range(10)]
    >>> train, test = split_prompts_by_task(prompts, tasks, [3, 2], [["sums"], ["places"]], 0)
    >>> len(train), len(test), bool(train.max() < 5 <= test.min())
    (3, 2, True)
    """
    groups, tasks = _same_text(prompts), np.asarray(tasks, dtype=str)
    if len(tasks) != len(groups):
        raise ValueError(f"tasks must name one for each prompt, {len(groups)}; got {len(tasks)}")
    if len(sizes) != len(part_tasks):
        raise ValueError(f"part_tasks must be one for each size, {len(sizes)}; got {part_tasks}")
    order, parts = np.random.default_rng(random_state).permutation(len(groups)), []
    for size, wanted in list(zip(sizes, part_tasks, strict=True))[::-1]:
        check_positive_integer("sizes", size)
        for task in wanted or ():
            if task not in tasks:
                raise KeyError(f"part_tasks must be of {sorted(set(tasks.tolist()))}; got {task!r}")
        fits = order if wanted is None else order[np.isin(tasks[order], wanted)]
        if len(fits) < size:
            raise ValueError(f"sizes must fit; of {size} prompts of {wanted} {len(fits)} are left")
        parts.append(np.sort(fits[:size]))
        order = order[~np.isin(groups[order], groups[parts[-1]])]
    return parts[::-1]


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


def split_llms_by_group(groups, test_share, random_state):
    """Split LLMs at random, whole groups at a time: the pool holds families never seen before.

    Parameters
    ----------
    groups : sequence of str, length n_llms
        The group of each LLM, for example its family. At least 2 different ones.
    test_share : float
        Share of the LLMs in the test pool, in (0, 1). Groups join the pool in random order as long
        as they bring its size nearer to this share; at least one group on each side.
    random_state : int
        Seed.

    Returns
    -------
    train, test : ndarray of int
        Sorted indices.

    Raises
    ------
    ValueError
        If there are fewer than two groups or `test_share` is not in [0, 1].

    Notes
    -----
    The paper splits single LLMs; a pool of new families asks for more. Chapter 21.

    Examples
    --------
    >>> train, test = split_llms_by_group(["a", "a", "b", "b", "c"], 0.4, random_state=0)
    >>> train, test
    (array([0, 1, 2, 3]), array([4]))
    """
    groups = np.asarray(groups, dtype=str)
    test_share = check_scalar("test_share", test_share, 0, 1)
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise ValueError(f"groups must hold at least two groups; got {names.tolist()}")
    wanted, size, chosen = test_share * len(groups), 0, []
    for group in np.random.default_rng(random_state).permutation(len(names)):
        nearer = abs(size + sizes[group] - wanted) < abs(size - wanted)
        if (nearer or not chosen) and len(chosen) < len(names) - 1:
            chosen.append(group)
            size += sizes[group]
    pool = np.isin(groups, names[chosen])
    return np.flatnonzero(~pool), np.flatnonzero(pool)


def split_llms_by_release(released, test_share):
    """Split LLMs by age: the older ones train, the newer ones are the pool.

    Parameters
    ----------
    released : sequence of length n_llms
        What can be sorted: dates, years, or their ISO texts. Equal dates stay on one side.
    test_share : float
        Share of the LLMs in the test pool, in (0, 1); the nearest that dates allow, at least one
        LLM on each side.

    Returns
    -------
    train, test : ndarray of int
        Sorted indices.

    Raises
    ------
    ValueError
        If all dates are equal or `test_share` is not in [0, 1].

    Notes
    -----
    The unseen generation of App. I.1. Chapter 21.

    Examples
    --------
    >>> split_llms_by_release(["2023-02", "2024-07", "2023-07"], test_share=1 / 3)
    (array([0, 2]), array([1]))
    """
    test_share = check_scalar("test_share", test_share, 0, 1)
    dates, rank = np.unique(np.asarray(released), return_inverse=True)
    if len(dates) < 2:
        raise ValueError(f"released must hold at least two dates; got {dates.tolist()}")
    newer = np.array([(rank >= first).sum() for first in range(1, len(dates))])
    first = 1 + np.abs(newer - test_share * len(rank)).argmin()
    return np.flatnonzero(rank < first), np.flatnonzero(rank >= first)


def release_dates(released, test_shares):
    """Find the dates at which given shares of the LLMs are newer.

    Parameters
    ----------
    released, test_shares
        As for `split_llms_by_release`; several shares.

    Returns
    -------
    list of str
        For each share the first date of the newer LLMs.

    Raises
    ------
    ValueError
        As `split_llms_by_release`.

    Notes
    -----
    Chapters 21 and 23.

    Examples
    --------
    >>> release_dates(["2023-02", "2024-07", "2023-07", "2025-01"], [3 / 4, 1 / 4])
    ['2023-07', '2025-01']
    """
    newer = [split_llms_by_release(released, share)[1] for share in test_shares]
    return [min(released[m] for m in positions) for positions in newer]

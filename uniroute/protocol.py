"""Honest trials: splits of prompts and of LLMs, and methods compared on the same splits."""

from dataclasses import dataclass

import numpy as np

from uniroute._progress import progress_bar
from uniroute._validation import check_positive_integer, check_scalar
from uniroute.evaluate import deferral_curve

__all__ = ["Trial", "make_trial", "run_trials", "split_llms", "split_prompts"]


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


@dataclass(frozen=True)
class Trial:
    """One split of a data set, with only those labels that each party may see.

    Made by `make_trial`. Training LLMs have losses on the training and validation prompts, the
    LLMs of the test pool on the validation and test prompts.

    Attributes
    ----------
    X_train, X_val, X_test : ndarray of shape (n_prompts of the part, n_dims)
        Embeddings.
    losses_train, losses_val_train : ndarray
        Losses of the training LLMs on the training and on the validation prompts.
    losses_val : ndarray of shape (n_val, n_pool)
        Losses of the pool on the validation prompts: all that a dynamic router knows of it.
    losses_test : ndarray of shape (n_test, n_pool)
        For the evaluation only.
    losses_clairvoyant : ndarray of shape (n_train, n_pool)
        Losses of the pool on the training prompts, for clairvoyant baselines only.
    llms : list of str
        The pool.
    costs : ndarray of shape (n_pool,) or (n_test, n_pool)
        Mean cost of one prompt; or that of each test prompt, where the data has it.

    Notes
    -----
    Who sees what: App. F.1 of the paper. Chapter 5.

    Examples
    --------
    See `make_trial`.
    """

    X_train: np.ndarray
    X_val: np.ndarray
    X_test: np.ndarray
    losses_train: np.ndarray
    losses_val_train: np.ndarray
    losses_val: np.ndarray
    losses_test: np.ndarray
    losses_clairvoyant: np.ndarray
    llms: list
    costs: np.ndarray

    def curve(self, gamma):
        """Return the deferral curve of predicted losses for the test prompts.

        Parameters
        ----------
        gamma : array-like of shape (n_test, n_pool)
            Predicted losses.

        Returns
        -------
        DeferralCurve
        """
        return deferral_curve(gamma, self.losses_test, self.costs)


def make_trial(data, sizes=(0.6, 0.1, 0.3), test_share=1 / 3, random_state=0, llm_seed=None):
    """Split a data set into the parts of one trial.

    Parameters
    ----------
    data : RoutingData
        With embeddings, every loss and every cost; see `RoutingData.complete`.
    sizes : sequence of float or int, default (0.6, 0.1, 0.3)
        Training, validation and test prompts, as for `split_prompts`.
    test_share : float, default 1/3
        Share of the LLMs in the test pool.
    random_state : int, default 0
        Seed of the prompt split.
    llm_seed : int, optional
        Seed of the LLM split; `random_state` if not given.

    Returns
    -------
    Trial

    Raises
    ------
    ValueError
        If `data` has no embeddings, misses a loss or a cost, or a size does not fit.

    Notes
    -----
    Section 6 and App. F.1. Chapter 5.

    Examples
    --------
    >>> from uniroute.datasets import RoutingData
    >>> rng = np.random.default_rng(0)
    >>> data = RoutingData(
    ...     name="noise", prompts=[f"prompt {i}" for i in range(20)],
    ...     prompt_ids=[str(i) for i in range(20)], tasks=["none"] * 20,
    ...     losses=rng.integers(0, 2, (20, 6)), costs=[1, 2, 3, 4, 5, 6], cost_unit="cents",
    ...     llms=list("abcdef"), licence="CC0-1.0", citation="none",
    ...     embeddings=rng.normal(size=(20, 3)))
    >>> trial = make_trial(data)
    >>> trial.X_train.shape, trial.losses_train.shape, trial.losses_val.shape, len(trial.llms)
    ((12, 3), (12, 4), (2, 2), 2)
    """
    if data.embeddings is None:
        raise ValueError(f"data must have embeddings; {data.name!r} has none")
    for field in ("losses", "costs"):
        if np.isnan(getattr(data, field)).any():
            raise ValueError(f"data must be complete; the {field} of {data.name!r} hold NaN")
    if len(sizes) != 3:
        raise ValueError(f"sizes must be three: training, validation, test; got {sizes}")
    train, val, test = split_prompts(data.prompts, sizes, random_state)
    old, pool = split_llms(data.n_llms, test_share, random_state if llm_seed is None else llm_seed)
    costs = data.costs[pool] if data.costs.ndim == 1 else data.costs[np.ix_(test, pool)]
    return Trial(
        *(data.embeddings[rows] for rows in (train, val, test)),
        losses_train=data.losses[np.ix_(train, old)],
        losses_val_train=data.losses[np.ix_(val, old)],
        losses_val=data.losses[np.ix_(val, pool)],
        losses_test=data.losses[np.ix_(test, pool)],
        losses_clairvoyant=data.losses[np.ix_(train, pool)],
        llms=[data.llms[i] for i in pool],
        costs=costs,
    )


def run_trials(data, methods, n_trials, **options):
    """Measure the area of several methods on the same random splits.

    Parameters
    ----------
    data : RoutingData
        As for `make_trial`.
    methods : dict of str to callable
        From a `Trial` to predicted losses of the test prompts, shape (n_test, n_pool).
    n_trials : int
        Trial i uses the seed i.
    **options
        Passed on to `make_trial`.

    Returns
    -------
    dict of str to ndarray of shape (n_trials,)
        Areas; entry i of every method comes from the same split, so that differences are paired.

    Raises
    ------
    ValueError
        If `n_trials` is not a positive integer, or as `make_trial`.

    Notes
    -----
    Section 6: the paper averages 400 such trials. Chapter 5 and Chapter 7.

    Examples
    --------
    >>> from uniroute.datasets import RoutingData
    >>> rng = np.random.default_rng(0)
    >>> data = RoutingData(
    ...     name="noise", prompts=[f"prompt {i}" for i in range(20)],
    ...     prompt_ids=[str(i) for i in range(20)], tasks=["none"] * 20,
    ...     losses=rng.integers(0, 2, (20, 6)), costs=[1, 2, 3, 4, 5, 6], cost_unit="cents",
    ...     llms=list("abcdef"), licence="CC0-1.0", citation="none",
    ...     embeddings=rng.normal(size=(20, 3)))
    >>> areas = run_trials(data, {"Oracle": lambda trial: trial.losses_test}, n_trials=3)
    >>> areas["Oracle"].shape
    (3,)
    """
    check_positive_integer("n_trials", n_trials)
    areas = {name: np.empty(n_trials) for name in methods}
    for seed in progress_bar(True, range(n_trials), desc="Trials"):
        trial = make_trial(data, random_state=seed, **options)
        for name, predict in methods.items():
            areas[name][seed] = trial.curve(predict(trial)).area()
    return areas

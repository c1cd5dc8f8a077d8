"""One trial: a split of a data set in which every party sees only what it may see."""

from dataclasses import dataclass, field
from time import thread_time

import numpy as np

from uniroute._progress import progress_bar
from uniroute.checks import check_option, check_positive_integer
from uniroute.evaluate import deferral_curve
from uniroute_lab.trials.splits import (
    split_llms,
    split_llms_by_group,
    split_prompts,
    split_prompts_by_task,
)

__all__ = ["Trial", "make_rehearsal", "make_trial", "run_trials"]


class Stopwatch:
    """Run the steps of a method, add up their seconds, and keep what other methods can use.

    Attributes
    ----------
    seconds : dict of str to float
        Processor seconds by step. A kept result costs each method what it cost the first.
    """

    def __init__(self):
        self.seconds, self._kept = {}, {}

    def run(self, step, function, key=None):
        """Return ``function()``; with a `key`, run it once for all who have the same key."""
        if key is not None and key in self._kept:
            value, spent = self._kept[key]
        else:
            start = thread_time()
            value = function()
            spent = thread_time() - start
        if key is not None:
            self._kept[key] = value, spent
        self.seconds[step] = self.seconds.get(step, 0.0) + spent
        return value


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
    costs : ndarray of shape (n_pool,)
        Mean cost of one prompt, by which routers decide. Where the data has a cost for each
        prompt, the mean over the validation prompts: nobody knows before an LLM has answered a
        test prompt what the answer will cost.
    true_costs : ndarray of shape (n_test, n_pool) or None
        What each test prompt cost, where the data has it; for the evaluation only.

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
    true_costs: np.ndarray | None = None
    # Never copied by `dataclasses.replace`: what was fitted belongs to these prompts only.
    watch: Stopwatch = field(default_factory=Stopwatch, init=False, repr=False, compare=False)

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
        return deferral_curve(gamma, self.losses_test, self.costs, self.true_costs)


def make_trial(
    data,
    sizes=(0.6, 0.1, 0.3),
    test_share=1 / 3,
    random_state=0,
    llm_seed=None,
    pool=None,
    train_llms=None,
    groups=None,
    part_tasks=None,
):
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
    pool : sequence of str, optional
        Names of the test LLMs, instead of a random split; or several such lists, which the seeds
        of the LLM split take in turn.
    train_llms : sequence of str, optional
        Names of the training LLMs, or several lists of them, only with `pool`; by default all that
        are not in it. LLMs in both lists are known in training, as in a static pool.
    groups : sequence of str, optional
        Group of each LLM of the data; whole groups are drawn, see `split_llms_by_group`.
    part_tasks : dict of str to sequence of str, optional
        With the keys "train", "val" and "test", or some of them: the tasks of a part's prompts,
        all if it is not named; see `split_prompts_by_task`. `sizes` must then be integers. Trials
        that differ in other parts only have the same test prompts.

    Returns
    -------
    Trial

    Raises
    ------
    KeyError
        If `pool` or `train_llms` holds a name that the data has not.
    ValueError
        If `data` has no embeddings, misses a loss or a cost, or a size does not fit.

    Notes
    -----
    Section 6 and App. F.1; fixed lists as for Headlines. Chapter 5.

    Examples
    --------
    >>> from uniroute import RoutingData
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
    >>> make_trial(data, pool=["b", "f"]).llms
    ['b', 'f']
    """
    prompts, llms = _parts(
        data, sizes, test_share, random_state, llm_seed, pool, train_llms, groups, part_tasks
    )
    return _cut(data, *prompts, *llms)


def make_rehearsal(data, recipe="size-matched", random_state=0, **options):
    """Let the training LLMs play the pool's part, to choose a router's numbers.

    Parameters
    ----------
    data : RoutingData
        As for `make_trial`.
    recipe : {"size-matched", "paper"}, default "size-matched"
        "paper": the training LLMs are represented by their losses on all training prompts and
        judged on the validation prompts. "size-matched": they are represented by their losses on
        the validation prompts, as the pool will be; one half of the training prompts judges what
        was learned from the other half.
    random_state : int, default 0
        Seed, as for `make_trial`.
    **options
        Passed on to `make_trial`.

    Returns
    -------
    Trial
        Without test prompts and test LLMs of the trial that `make_trial` makes of the same
        arguments.

    Raises
    ------
    ValueError
        If `recipe` is none of those, or as `make_trial`.

    Notes
    -----
    App. G chooses K and k by the first recipe; why the second is better is shown in Chapters 5
    and 16.

    Examples
    --------
    >>> from uniroute import RoutingData
    >>> rng = np.random.default_rng(0)
    >>> data = RoutingData(
    ...     name="noise", prompts=[f"prompt {i}" for i in range(20)],
    ...     prompt_ids=[str(i) for i in range(20)], tasks=["none"] * 20,
    ...     losses=rng.integers(0, 2, (20, 6)), costs=[1, 2, 3, 4, 5, 6], cost_unit="cents",
    ...     llms=list("abcdef"), licence="CC0-1.0", citation="none",
    ...     embeddings=rng.normal(size=(20, 3)))
    >>> [len(make_rehearsal(data, recipe).X_val) for recipe in ("paper", "size-matched")]
    [12, 2]
    """
    check_option("recipe", recipe, ("size-matched", "paper"))
    (train, val, _), (old, _) = _parts(data, random_state=random_state, **options)
    if recipe == "paper":
        return _cut(data, train, train, val, old, old)
    order = np.random.default_rng(random_state).permutation(train)
    return _cut(data, np.sort(order[::2]), val, np.sort(order[1::2]), old, old)


def _parts(
    data,
    sizes=(0.6, 0.1, 0.3),
    test_share=1 / 3,
    random_state=0,
    llm_seed=None,
    pool=None,
    train_llms=None,
    groups=None,
    part_tasks=None,
):
    """Return the prompts (training, validation, test) and the LLMs (training, test), as indices."""
    _check_complete(data)
    if len(sizes) != 3:
        raise ValueError(f"sizes must be three: training, validation, test; got {sizes}")
    prompts = _split_prompts(data, sizes, part_tasks, random_state)
    llm_seed = random_state if llm_seed is None else llm_seed
    if pool is not None:
        if groups is not None:
            raise ValueError("only one of pool and groups must be given; got both")
        return prompts, _listed(data.llms, _turn(pool, llm_seed), _turn(train_llms, llm_seed))
    if train_llms is not None:
        raise ValueError(f"train_llms must be given together with pool only; got {train_llms}")
    if groups is not None:
        if len(groups) != data.n_llms:
            raise ValueError(f"groups must have a name per LLM, {data.n_llms}; got {len(groups)}")
        return prompts, split_llms_by_group(groups, test_share, llm_seed)
    return prompts, split_llms(data.n_llms, test_share, llm_seed)


def _split_prompts(data, sizes, part_tasks, random_state):
    """Return the prompts of the three parts, as indices."""
    if part_tasks is None:
        return split_prompts(data.prompts, sizes, random_state)
    parts = ("train", "val", "test")
    for part in part_tasks:
        check_option("part_tasks", part, parts)
    wanted = [part_tasks.get(part) for part in parts]
    return split_prompts_by_task(data.prompts, data.tasks, sizes, wanted, random_state)


def _check_complete(data):
    if data.embeddings is None:
        raise ValueError(f"data must have embeddings; {data.name!r} has none")
    for name in ("losses", "costs"):
        if np.isnan(getattr(data, name)).any():
            raise ValueError(f"data must be complete; the {name} of {data.name!r} hold NaN")


def _turn(names, seed):
    """Return a list of names, or one of several such lists."""
    several = names is not None and len(names) and not isinstance(names[0], str)
    return names[seed % len(names)] if several else names


def _listed(known, pool, train_llms):
    """Return the indices of training and test LLMs given by name."""
    if train_llms is None:
        train_llms = [llm for llm in known if llm not in pool]
    for name, llms in (("pool", pool), ("train_llms", train_llms)):
        for llm in llms:
            if llm not in known:
                raise KeyError(f"{name} must hold LLMs of the data, {known}; got {llm!r}")
    if not len(pool):
        raise ValueError("pool must hold at least one LLM; got none")
    return tuple(
        np.sort(np.array([known.index(llm) for llm in llms], dtype=int))
        for llms in (train_llms, pool)
    )


def _cut(data, train, val, test, old, pool):
    """Return the trial of these prompts and LLMs."""
    by_prompt = data.costs.ndim == 2
    costs = data.costs[np.ix_(val, pool)].mean(axis=0) if by_prompt else data.costs[pool]
    return Trial(
        *(data.embeddings[rows] for rows in (train, val, test)),
        losses_train=data.losses[np.ix_(train, old)],
        losses_val_train=data.losses[np.ix_(val, old)],
        losses_val=data.losses[np.ix_(val, pool)],
        losses_test=data.losses[np.ix_(test, pool)],
        losses_clairvoyant=data.losses[np.ix_(train, pool)],
        llms=[data.llms[i] for i in pool],
        costs=costs,
        true_costs=data.costs[np.ix_(test, pool)] if by_prompt else None,
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
    >>> from uniroute import RoutingData
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

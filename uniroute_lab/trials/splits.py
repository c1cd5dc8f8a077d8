"""How a data set becomes trials: one class for each way to draw a pool."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields

import numpy as np

from uniroute.checks import check_option, check_positive_integer, check_scalar
from uniroute_lab.trials.draws import (
    split_llms,
    split_llms_by_group,
    split_prompts,
    split_prompts_by_task,
)
from uniroute_lab.trials.trial import cut

__all__ = [
    "FamilyPool",
    "NamedPool",
    "RandomPool",
    "Rehearsal",
    "ReleasePool",
    "Split",
    "UnequalPool",
    "split_of",
]

PARTS = ("train", "val", "test")
RECIPES = ("paper", "size-matched")
KINDS = ("alike", "newer", "stronger")


@dataclass(frozen=True)
class Split(ABC):
    """How a data set is split into the parts of a trial: what all ways to draw a pool share.

    Parameters
    ----------
    sizes : sequence of float or int, default (0.6, 0.1, 0.3)
        Training, validation and test prompts, as for `split_prompts`.
    part_tasks : dict of str to sequence of str, optional
        With the keys "train", "val" and "test", or some of them: the tasks of a part's prompts,
        all if it is not named; see `split_prompts_by_task`. `sizes` must then be integers. Trials
        that differ in other parts only have the same test prompts.

    Notes
    -----
    Section 6 and App. F.1 of the paper. Chapter 5.

    Examples
    --------
    See `RandomPool`.
    """

    sizes: tuple = (0.6, 0.1, 0.3)
    part_tasks: dict | None = field(default=None, kw_only=True)

    def __post_init__(self):
        """Bring the fields to their types and check them."""
        self._set("sizes", tuple(np.asarray(self.sizes).tolist()))
        if len(self.sizes) != 3:
            raise ValueError(
                f"sizes must be three: training, validation, test; got {list(self.sizes)}"
            )
        if self.part_tasks is not None:
            for part in self.part_tasks:
                check_option("part_tasks", part, PARTS)
            self._set("part_tasks", {p: list(tasks) for p, tasks in self.part_tasks.items()})

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    def trial(self, data, seed=0):
        """Split a data set into the parts of one trial.

        Parameters
        ----------
        data : RoutingData
            With embeddings. Of each LLM some losses are known in every part, and its cost; where
            each prompt has its own cost, some costs are.
        seed : int, default 0
            Of the prompts, and of the LLMs if the split has no seed for them.

        Returns
        -------
        Trial

        Raises
        ------
        KeyError
            If the split names an LLM or a task that the data has not.
        ValueError
            If `data` has no embeddings, of some LLM no loss or no cost is known, every test prompt
            lacks an outcome, or a size does not fit.

        Notes
        -----
        Section 6 and App. F.1. Chapter 5.
        """
        return cut(data, *self._prompts(data, seed), *self._llms(data, seed))

    def rehearsal(self, data, seed=0, recipe="size-matched"):
        """Let the training LLMs play the pool's part: a trial to choose a method's numbers in.

        Parameters
        ----------
        data, seed
            As for `trial`.
        recipe : {"size-matched", "paper"}, default "size-matched"
            "paper": the training LLMs are represented by their losses on all training prompts, and
            the validation prompts test. "size-matched": they are represented by their losses on
            the validation prompts, as the pool will be; one half of the training prompts tests
            what was learned from the other half.

        Returns
        -------
        Trial
            Without test prompts and test LLMs of the trial with the same seed.

        Raises
        ------
        ValueError
            If `recipe` is none of those, or as `trial`.

        Notes
        -----
        App. G chooses K and k by the first recipe; why the second is better is shown in Chapters 5
        and 16.
        """
        check_option("recipe", recipe, RECIPES)
        (train, val, _), (old, _) = self._prompts(data, seed), self._llms(data, seed)
        if recipe == "paper":
            return cut(data, train, train, val, old, old)
        order = np.random.default_rng(seed).permutation(train)
        return cut(data, np.sort(order[::2]), val, np.sort(order[1::2]), old, old)

    def options(self):
        """Return the fields that are set, as a dict that JSON can hold; see `split_of`."""
        set_fields = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: _listed(value) for name, value in set_fields.items() if value is not None}

    def llm_seed_of(self, seed):
        """Return the seed of the LLMs in the trial with this seed, None if none are drawn."""
        return seed

    def pool_of(self, data, seed=0):
        """Return the LLMs of the pool in the trial with this seed, as names of the data.

        Of the data only `n_llms` and `llms` are looked at, but for release and strength.
        """
        return [data.llms[i] for i in self._llms(data, seed)[1]]

    def test_share_of(self, n_prompts):
        """Return the share of the prompts that test; ValueError if they are of some tasks only."""
        if (self.part_tasks or {}).get("test") is not None:
            raise ValueError(f"part_tasks must not name test prompts; got {self.part_tasks}")
        return self._share(self.sizes[2], n_prompts)

    def _share(self, size, n_prompts):
        return float(size if max(self.sizes) < 1 else size / n_prompts)

    @abstractmethod
    def _llms(self, data, seed):
        """Return the training LLMs and the pool, as positions."""

    def _prompts(self, data, seed):
        """Return the prompts of the three parts, as positions."""
        _check_data(data)
        if self.part_tasks is None:
            return split_prompts(data.prompts, self.sizes, seed)
        wanted = [self.part_tasks.get(part) for part in PARTS]
        return split_prompts_by_task(data.prompts, data.tasks, self.sizes, wanted, seed)


@dataclass(frozen=True)
class RandomPool(Split):
    """Split the LLMs at random into training LLMs and a pool that was never seen.

    Parameters
    ----------
    sizes, part_tasks
        As for every split: how many training, validation and test prompts, as shares or numbers
        (default 0.6, 0.1, 0.3), and of which tasks, {"train": [...], "val": [...], "test": [...]},
        all if not given.
    test_share : float, default 1/3
        Share of the LLMs in the pool.
    llm_seed : int, optional
        Seed of the LLMs in every trial; each trial's own if not given.

    Raises
    ------
    ValueError
        If `sizes` are not three, a key of `part_tasks` is none of those, or `test_share` is out of
        range.

    Notes
    -----
    Section 6 and App. F.1 of the paper. Chapter 5.

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
    >>> trial = RandomPool().trial(data)
    >>> trial.X_train.shape, trial.losses_train.shape, trial.losses_val.shape, len(trial.llms)
    ((12, 3), (12, 4), (2, 2), 2)
    >>> [len(RandomPool().rehearsal(data, recipe=r).X_val) for r in ("paper", "size-matched")]
    [12, 2]
    """

    test_share: float = field(default=1 / 3, kw_only=True)
    llm_seed: int | None = field(default=None, kw_only=True)

    def __post_init__(self):
        """Check the fields."""
        super().__post_init__()
        self._set("test_share", check_scalar("test_share", self.test_share, 0, 1))

    def llm_seed_of(self, seed):
        """Return the seed of the LLMs in the trial with this seed."""
        return seed if self.llm_seed is None else self.llm_seed

    def _llms(self, data, seed):
        return split_llms(data.n_llms, self.test_share, self.llm_seed_of(seed))


@dataclass(frozen=True)
class NamedPool(Split):
    """Take a pool whose LLMs are named.

    Parameters
    ----------
    sizes, part_tasks
        As for `RandomPool`.
    pool : sequence of str
        Names of the test LLMs; or several such lists, which the seeds of the trials take one after
        the other.
    train_llms : sequence of str, optional
        Names of the training LLMs, or several lists of them; all that are not in the pool if not
        given. LLMs in both lists are known in training, as in a static pool.

    Raises
    ------
    ValueError
        If `pool` is empty, or `sizes` or `part_tasks` are as for `RandomPool`.

    Notes
    -----
    The new LLMs of Headlines in Section 6, the static pool of Table 1 and the new generation of
    App. I.1. Chapters 19 and 21.

    Examples
    --------
    >>> NamedPool((12, 2, 6), pool=["b", "f"]).options()
    {'sizes': [12, 2, 6], 'pool': ['b', 'f']}
    """

    pool: tuple = field(kw_only=True)
    train_llms: tuple | None = field(default=None, kw_only=True)

    def __post_init__(self):
        """Check the fields."""
        super().__post_init__()
        for name in ("pool", "train_llms"):
            if getattr(self, name) is not None:
                self._set(name, _tupled(getattr(self, name)))
        if not self.pool:
            raise ValueError("pool must hold at least one LLM; got none")

    def llm_seed_of(self, seed):
        """Return None: no LLM is drawn."""
        return None

    def pool_of(self, data, seed=0):
        """Return the LLMs of the pool in the trial with this seed, as they are named."""
        return list(_list_of(self.pool, seed))

    def _llms(self, data, seed):
        pool = _list_of(self.pool, seed)
        old = [llm for llm in data.llms if llm not in pool]
        if self.train_llms is not None:
            old = _list_of(self.train_llms, seed)
        return _positions(data.llms, "train_llms", old), _positions(data.llms, "pool", pool)


@dataclass(frozen=True)
class FamilyPool(Split):
    """Draw whole families of LLMs for the pool, so that it has no relatives in training.

    Parameters
    ----------
    sizes, part_tasks
        As for `RandomPool`.
    groups : sequence of str
        The family of each LLM of the data; see `split_llms_by_group`.
    test_share : float, default 1/3
        Share of the LLMs in the pool, as nearly as the families allow.

    Raises
    ------
    ValueError
        As `RandomPool`.

    Notes
    -----
    Not in the paper, whose App. I.1 has a new generation of LLMs. Chapter 21.

    Examples
    --------
    >>> FamilyPool(groups=["a", "a", "b"]).options()["groups"]
    ['a', 'a', 'b']
    """

    groups: tuple = field(kw_only=True)
    test_share: float = field(default=1 / 3, kw_only=True)

    def __post_init__(self):
        """Check the fields."""
        super().__post_init__()
        self._set("groups", tuple(self.groups))
        self._set("test_share", check_scalar("test_share", self.test_share, 0, 1))

    def _llms(self, data, seed):
        if len(self.groups) != data.n_llms:
            raise ValueError(
                f"groups must have a name per LLM, {data.n_llms}; got {len(self.groups)}"
            )
        return split_llms_by_group(self.groups, self.test_share, seed)


@dataclass(frozen=True)
class ReleasePool(Split):
    """Split the LLMs at a date: the older ones train, the newer ones are the pool.

    Parameters
    ----------
    sizes, part_tasks
        As for `RandomPool`.
    since : str
        The pool are the LLMs released then or later, such as "2026-03" or "2026-03-17"; see
        `release_dates`.

    Raises
    ------
    ValueError
        As `RandomPool`; in a trial, if the data have no dates, or nothing is older, or newer.

    Notes
    -----
    Pools as time brings them. The paper has one such split, in App. I.1. Chapters 21 and 23.

    Examples
    --------
    >>> ReleasePool((60, 10, 30), since="2026-03").options()
    {'sizes': [60, 10, 30], 'since': '2026-03'}
    """

    since: str = field(kw_only=True)

    def llm_seed_of(self, seed):
        """Return None: no LLM is drawn."""
        return None

    def _llms(self, data, seed):
        if data.released is None:
            raise ValueError(f"data must have dates of release; {data.name!r} has none")
        newer = np.array([date >= self.since for date in data.released])
        if newer.all() or not newer.any():
            first, last = min(data.released), max(data.released)
            raise ValueError(
                f"since must be after the first release, {first}, and not after the last, {last}; "
                f"got {self.since!r}"
            )
        return np.flatnonzero(~newer), np.flatnonzero(newer)


@dataclass(frozen=True)
class UnequalPool(Split):
    """Draw a pool that is like the training LLMs, newer than all of them, or stronger.

    Parameters
    ----------
    sizes, part_tasks
        As for `RandomPool`.
    n_pool : int
        LLMs in the pool.
    kind : {"alike", "newer", "stronger"}, default "alike"
        From which LLMs it is drawn: from all, from the newer half, or from the half with the
        smaller mean loss. The training LLMs are drawn from the other half, or all others.
    n_train_llms : int, optional
        How many of these there are, those of a smaller number among those of a larger one, with
        the same pool; all if not given.
    order : sequence of str, optional
        All LLMs of the data, the oldest first, for data without dates of release.

    Raises
    ------
    ValueError
        If a number is not positive, `kind` is unknown, or as `RandomPool`; in a trial, if there
        are not enough LLMs, or it is not known which are newer.

    Notes
    -----
    The paper draws all LLMs alike, but for App. I.1. Chapter 24.

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
    >>> newer = UnequalPool(n_pool=2, kind="newer", order="abcdef")
    >>> [newer.pool_of(data, seed) for seed in range(3)]
    [['d', 'f'], ['d', 'e'], ['d', 'f']]
    """

    n_pool: int = field(kw_only=True)
    kind: str = field(default="alike", kw_only=True)
    n_train_llms: int | None = field(default=None, kw_only=True)
    order: tuple | None = field(default=None, kw_only=True)

    def __post_init__(self):
        """Check the fields."""
        super().__post_init__()
        check_option("kind", self.kind, KINDS)
        check_positive_integer("n_pool", self.n_pool)
        if self.n_train_llms is not None:
            check_positive_integer("n_train_llms", self.n_train_llms)
        if self.order is not None:
            self._set("order", tuple(self.order))

    def _llms(self, data, seed):
        rng, n, half = np.random.default_rng(seed), data.n_llms, data.n_llms // 2
        if self.kind == "alike":
            mixed = rng.permutation(n)
            pool, rest = mixed[: self.n_pool], mixed[self.n_pool :]
        else:
            ranked = self._ranked(data)
            pool, rest = rng.permutation(ranked[half:])[: self.n_pool], ranked[:half]
            rest = rng.permutation(rest)
        for name, wanted, found in (
            ("n_pool", self.n_pool, pool),
            ("n_train_llms", self.n_train_llms or 1, rest),
        ):
            if len(found) < wanted:
                raise ValueError(
                    f"{name} must be at most {len(found)} of {n} LLMs, {self.kind}; got {wanted}"
                )
        return np.sort(rest[: self.n_train_llms]), np.sort(pool)

    def _ranked(self, data):
        """Return the LLMs, as positions, from the oldest to the newest, or to the strongest."""
        if self.kind == "stronger":
            return np.argsort(-np.nanmean(data.losses, axis=0), kind="stable")
        if self.order is not None:
            positions = _positions(data.llms, "order", self.order)
            if len(positions) != data.n_llms:
                raise ValueError(f"order must name all {data.n_llms} LLMs; got {len(positions)}")
            return np.array([data.llms.index(llm) for llm in self.order])
        if data.released is None:
            raise ValueError(f"data must have dates of release; {data.name!r} has none")
        return np.argsort(data.released, kind="stable")


@dataclass(frozen=True)
class Rehearsal:
    """The rehearsals of a split in the place of its trials, to measure what a choice sees.

    Parameters
    ----------
    split : Split
    recipe : {"size-matched", "paper"}, default "size-matched"
        As for the `rehearsal` of every split.

    Raises
    ------
    ValueError
        If `recipe` is none of those.

    Notes
    -----
    Fig. 5 of the paper shows areas on validation prompts. Chapter 16.

    Examples
    --------
    >>> Rehearsal(RandomPool(), "paper").options()["recipe"]
    'paper'
    """

    split: Split
    recipe: str = "size-matched"

    def __post_init__(self):
        """Check the recipe."""
        check_option("recipe", self.recipe, RECIPES)

    def trial(self, data, seed=0):
        """Return the rehearsal with this seed.

        Parameters
        ----------
        data, seed
            As for the split's own `trial`.

        Returns
        -------
        Trial
        """
        return self.split.rehearsal(data, seed, self.recipe)

    def options(self):
        """Return the options of the split, and the recipe."""
        return {**self.split.options(), "recipe": self.recipe}

    def llm_seed_of(self, seed):
        """Return the seed of the LLMs, as the split does."""
        return self.split.llm_seed_of(seed)

    def pool_of(self, data, seed=0):
        """Return the split's training LLMs, which play the pool's part."""
        return [data.llms[i] for i in self.split._llms(data, seed)[0]]

    def test_share_of(self, n_prompts):
        """Return the share of the prompts that test: of validation, or half of training."""
        train, val, _ = self.split.sizes
        return self.split._share(val if self.recipe == "paper" else train / 2, n_prompts)


def split_of(options):
    """Return the split, or the rehearsal of a split, that stored options describe.

    Parameters
    ----------
    options : dict
        As from the ``options()`` of a split: its fields by name, and "recipe" for a rehearsal. With
        "pool" it is a `NamedPool`, with "groups" a `FamilyPool`, with "since" a `ReleasePool`, with
        "n_pool" an `UnequalPool`, and else a `RandomPool`.

    Returns
    -------
    Split or Rehearsal

    Raises
    ------
    TypeError
        If an option is unknown.
    ValueError
        As those classes.

    Notes
    -----
    Stored results keep the options of their trials. Chapter 15.

    Examples
    --------
    >>> split_of({"sizes": [60, 10, 30], "test_share": 0.5})
    RandomPool(sizes=(60, 10, 30), part_tasks=None, test_share=0.5, llm_seed=None)
    """
    options = dict(options)
    recipe = options.pop("recipe", None)
    told_by = {
        "pool": NamedPool,
        "groups": FamilyPool,
        "since": ReleasePool,
        "n_pool": UnequalPool,
    }
    kind = next((told_by[name] for name in told_by if name in options), RandomPool)
    split = kind(**options)
    return split if recipe is None else Rehearsal(split, recipe)


def _check_data(data):
    if data.embeddings is None:
        raise ValueError(f"data must have embeddings; {data.name!r} has none")
    for name, values in (("loss", data.losses), ("cost", np.atleast_2d(data.costs))):
        unknown = np.isnan(values).all(axis=0)
        if unknown.any():
            raise ValueError(
                f"data must have a known {name} of every LLM; {data.name!r} has none of "
                f"{data.llms[unknown.argmax()]!r}: leave it out with select()"
            )


def _several(names):
    """Whether these are several lists of names."""
    return len(names) > 0 and not isinstance(names[0], str)


def _tupled(names):
    return tuple(map(tuple, names)) if _several(names) else tuple(names)


def _listed(value):
    """Return tuples as the lists that JSON would make of them."""
    return [_listed(one) for one in value] if isinstance(value, tuple) else value


def _list_of(names, seed):
    """Return the names, or one list of several."""
    return names[seed % len(names)] if _several(names) else names


def _positions(known, name, llms):
    """Return where these LLMs are in the data, in its order."""
    for llm in llms:
        if llm not in known:
            raise KeyError(f"{name} must hold LLMs of the data, {known}; got {llm!r}")
    return np.sort(np.array([known.index(llm) for llm in llms], dtype=int))

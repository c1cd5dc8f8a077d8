"""One trial: a split of a data set in which every party sees only what it may see."""

from dataclasses import dataclass, field, replace

import numpy as np

from uniroute.evaluate import deferral_curve

__all__ = ["Trial"]


@dataclass(frozen=True)
class Trial:
    """One split of a data set, with only those labels that each party may see.

    Made by a `Split`. Training LLMs have losses on the training and validation prompts, the LLMs
    of the test pool on the validation and test prompts; NaN = not observed. A test prompt that some
    LLM of the pool has not answered is left out: all of them are tested on the same prompts.

    Attributes
    ----------
    X_train, X_val, X_test : ndarray of shape (n_prompts of the part, n_dims)
        Embeddings.
    losses_train, losses_val_train : ndarray
        Losses of the training LLMs on the training and on the validation prompts.
    losses_val : ndarray of shape (n_val, n_pool)
        Losses of the pool on the validation prompts: all that a dynamic router knows of it.
    losses_test : ndarray of shape (n_test, n_pool)
        For the evaluation only; none missing.
    losses_clairvoyant : ndarray of shape (n_train, n_pool)
        Losses of the pool on the training prompts, for clairvoyant baselines only.
    llms : list of str
        The pool.
    costs : ndarray of shape (n_pool,)
        Mean cost of one prompt, by which routers decide. Where the data has a cost for each
        prompt, the mean over the validation prompts: nobody knows before an LLM has answered a
        test prompt what the answer will cost.
    costs_val : ndarray of shape (n_val, n_pool) or None
        What each validation prompt cost, where the data has it.
    true_costs : ndarray of shape (n_test, n_pool) or None
        What each test prompt cost, where the data has it; for the evaluation only.
    features : dict of str to list of three ndarrays
        What else the data has of the prompts of the three parts, by name.
    cache : dict
        What was fitted on the training prompts and training LLMs, for all who fit the same.
        `dataclasses.replace` shares it unless it replaces these.

    Notes
    -----
    Who sees what: App. F.1 of the paper. Chapter 5.

    Examples
    --------
    See `RandomPool`.
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
    costs_val: np.ndarray | None = None
    features: dict = field(default_factory=dict, repr=False)
    cache: dict = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self):
        """Start a new cache if the one that `replace` hands on belongs to other prompts or LLMs."""
        own = self.X_train, self.losses_train
        first = self.cache.setdefault("of", own)
        if any(mine is not other for mine, other in zip(own, first, strict=True)):
            object.__setattr__(self, "cache", {"of": own})

    def curve(self, gamma, prompts=slice(None)):
        """Return the deferral curve of predicted losses for the test prompts.

        Parameters
        ----------
        gamma : array-like of shape (n_test, n_pool)
            Predicted losses.
        prompts : array of int or slice, optional
            Which of the test prompts; all by default.

        Returns
        -------
        DeferralCurve
        """
        true = None if self.true_costs is None else self.true_costs[prompts]
        gamma = np.asarray(gamma)[prompts]
        return deferral_curve(gamma, self.losses_test[prompts], self.costs, true)

    def clairvoyant(self):
        """Return the trial as if the pool had answered the training prompts too.

        Returns
        -------
        Trial
            Its validation prompts are the training and the validation prompts; the trial itself
            if these are the same, as in the paper's rehearsal.

        Notes
        -----
        The clairvoyant baselines of Section 6. Chapter 7.
        """
        if np.array_equal(self.X_train, self.X_val):
            return self
        return replace(
            self,
            X_val=np.concatenate([self.X_train, self.X_val]),
            losses_val=np.concatenate([self.losses_clairvoyant, self.losses_val]),
        )

    def with_labels(self, n_labels):
        """Return the trial as if so many of its validation prompts were all.

        Parameters
        ----------
        n_labels : int
            The prompts of a smaller number are among those of a larger one.

        Returns
        -------
        Trial
            With losses, mean costs and features of these prompts; what is fitted on training
            prompts is shared. The trial itself if it has no more.

        Raises
        ------
        ValueError
            If it has fewer.

        Notes
        -----
        The bottom of Fig. 2 draws the prompts anew for each number. Chapter 24.
        """
        if n_labels == (n_val := len(self.X_val)):
            return self
        if n_labels > n_val:
            raise ValueError(f"n_labels must be at most n_val, {n_val}; got {n_labels}")
        kept = np.sort(np.random.default_rng(0).permutation(n_val)[:n_labels])
        changed = {} if self.costs_val is None else _costs_of(self.costs_val[kept])
        return replace(
            self,
            X_val=self.X_val[kept],
            losses_val_train=self.losses_val_train[kept],
            losses_val=self.losses_val[kept],
            features={
                name: [train, val[kept], test] for name, (train, val, test) in self.features.items()
            },
            **changed,
        )

    def seen_as(self, features):
        """Return the trial with other features of the prompts in the place of their embeddings.

        Parameters
        ----------
        features : str
            One of `features`.

        Returns
        -------
        Trial
            Each feature with mean 0 and standard deviation 1 over the training prompts.

        Raises
        ------
        KeyError
            If the data has no such features.

        Notes
        -----
        The attributes of Eq. (23), and the prompts of Fig. 7. Chapter 18.
        """
        if features not in self.features:
            known = ", ".join(self.features) or "none"
            raise KeyError(f"features must be among the data's ({known}); got {features!r}")
        train = self.features[features][0]
        mean, spread = train.mean(axis=0), train.std(axis=0)
        parts = [(X - mean) / np.where(spread > 0, spread, 1) for X in self.features[features]]
        return replace(self, **dict(zip(("X_train", "X_val", "X_test"), parts, strict=True)))


def cut(data, train, val, test, old, pool):
    """Return the trial of these prompts, training LLMs and LLMs of the pool, given by position."""
    by_prompt, test = data.costs.ndim == 2, _answered(data, test, pool)
    parts = train, val, test
    costs = {"costs": data.costs[pool]}
    if by_prompt:
        costs = _costs_of(data.costs[np.ix_(val, pool)])
    return Trial(
        *(data.embeddings[rows] for rows in parts),
        losses_train=data.losses[np.ix_(train, old)],
        losses_val_train=data.losses[np.ix_(val, old)],
        losses_val=data.losses[np.ix_(val, pool)],
        losses_test=data.losses[np.ix_(test, pool)],
        losses_clairvoyant=data.losses[np.ix_(train, pool)],
        llms=[data.llms[i] for i in pool],
        **costs,
        true_costs=data.costs[np.ix_(test, pool)] if by_prompt else None,
        features={
            name: [values[rows] for rows in parts] for name, values in (data.features or {}).items()
        },
    )


def _costs_of(costs_val):
    """Return what a trial knows of costs from those of its validation prompts."""
    return {"costs": np.nanmean(costs_val, axis=0), "costs_val": costs_val}


def _answered(data, test, pool):
    """Return the test prompts of which every loss and cost of the pool was observed."""
    unknown = np.isnan(data.losses[np.ix_(test, pool)])
    if data.costs.ndim == 2:
        unknown |= np.isnan(data.costs[np.ix_(test, pool)])
    if unknown.any(axis=1).all():
        raise ValueError(
            "data must have a test prompt that every LLM of the pool has answered; none of "
            f"{len(test)} is one for {', '.join(data.llms[i] for i in pool)}"
        )
    return test[~unknown.any(axis=1)]

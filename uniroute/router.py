"""UniRoute, a prompt map and a pool of LLMs that can change at any time without refitting.

Before it `Router`, what all routers have in common.
"""

import threading
import warnings
from dataclasses import replace
from html import escape

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from uniroute._any_map import (
    check_is_map,
    features_of,
    memberships_of,
    quick_ends,
    representation_of,
)
from uniroute._numbers import check_numbers
from uniroute._tables import align, labels_of
from uniroute._texts import TURNS, read_texts
from uniroute.checks import check_generator, check_llms, check_option
from uniroute.controller import Controller
from uniroute.evaluate import deferral_curve
from uniroute.explanation import Explanation
from uniroute.llms import ClusterMeans, EmptyClusterWarning, warn_of_few_labels
from uniroute.persistence import load_router, save_router
from uniroute.plan import BudgetWarning, make_plan
from uniroute.pool import Pool
from uniroute.priors import PriorMap
from uniroute.rule import BudgetRule, routing_path, weighted

__all__ = ["Router", "UniRoute"]

BLOCK = 4096  # prompts whose features are held at once
_SWAP = threading.Lock()  # held for one comparison and one assignment; readers need none


def _of_pool(doc, read):
    """Return a read-only attribute that is looked up in the pool."""
    return property(lambda router: read(router.pool_), doc=doc)


class Router:
    """What all routers do with the losses that they predict: route, explain, measure; a mixin.

    A router keeps one `Pool`, `pool_`, and has a method `features(pool, X)`: what meets the pool's
    features, or the predicted losses themselves if it has none. LLMs are told to it, by `fit` or
    `add_llms`, as names, validation prompts, losses on them and costs, in this order.

    Attributes
    ----------
    pool_ : Pool
        The LLMs, immutable. A method reads it once, so that threads may use a router while others
        change its pool.
    llms_, costs_ : list of str, ndarray of shape (n_llms,)
        Names in the order of all columns, that in which the LLMs came (one that was removed and
        returns comes last), and mean costs of one prompt.
    plans_ : list of Plan
        Those that were made and not dropped, for the present pool.

    Notes
    -----
    The rule of Eq. (2) and (8), the same for every estimate of the losses. Chapter 2 and Chapter 4.

    Examples
    --------
    A router of one's own, which takes a prompt's only coordinate for the small LLM's loss:

    >>> class Ruler(Router):
    ...     pool_ = Pool(["small", "large"], costs=[1.0, 5.0])
    ...     def features(self, pool, X):
    ...         return np.column_stack([np.ravel(X), np.zeros(len(X))])
    >>> Ruler().route([[0.2], [0.6]], cost_weight=0.1)
    array(['small', 'large'], dtype='<U5')
    >>> Ruler().curve([[0.2], [0.6]], losses=[[0, 0], [1, 0]]).losses
    array([0.5, 0. , 0. ])
    """

    _first_call = "fit"

    llms_ = _of_pool("Names of the LLMs in the pool.", lambda pool: list(pool.llms))
    costs_ = _of_pool("Mean cost of one prompt, shape (n_llms,).", lambda pool: pool.costs)
    plans_ = _of_pool("The plans, for the present pool.", lambda pool: list(pool.plans))

    def _read(self, empty=False):
        """Return the pool, or say what has to be called first."""
        pool = getattr(self, "pool_", None)
        name = type(self).__name__
        if pool is None:
            raise NotFittedError(f"this {name} is not fitted: call {self._first_call} first")
        if not pool.llms and not empty:
            raise NotFittedError(f"the pool of this {name} is empty: call add_llms first")
        return pool

    def _swap(self, change):
        """Put ``change(pool)`` in the pool's place; again, if another thread did so meanwhile."""
        while True:
            old = self._read(empty=True)
            new = change(old)
            with _SWAP:
                done = self.pool_ is old
                if done:
                    self.pool_ = new
            if done:
                break
        known = {plan.key: plan.is_short for plan in old.plans}
        for plan in new.plans:
            if plan.is_short and not known.get(plan.key):
                warnings.warn(
                    "a plan's budget no longer pays for the cheapest choices, which are made, for "
                    f"{plan.least:g} on average: {plan!r}",
                    BudgetWarning,
                    stacklevel=3,
                )
        return self

    def predict_loss(self, X):
        """Predict the loss of every LLM in the pool on every prompt.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings, as in all methods below.

        Returns
        -------
        ndarray of shape (n_prompts, n_llms)
            Gamma of Eq. (9) and (11). Chapter 4.

        Raises
        ------
        NotFittedError, ValueError
            If the router was not fitted or its pool is empty; if `X` does not fit.
        """
        pool = self._read()
        return pool.losses(self.features(pool, X))

    def predict_cost(self, X):
        """Predict the cost of every LLM in the pool on every prompt.

        Parameters and errors as for `predict_loss`.

        Returns
        -------
        ndarray of shape (n_prompts, n_llms)
            Mean costs; where `add_llms` was given costs of prompts, c(x, h) by Eq. (9). Chapter 34.
        """
        pool = self._read()
        features = self.features(pool, X)
        shape = features.shape[0], len(pool.llms)
        return np.array(np.broadcast_to(pool.prices(features), shape))

    def route(
        self, X, cost_weight=None, budget=None, plan=None, random_state=None, positions=False
    ):
        """Choose an LLM for every prompt.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
        cost_weight : float, optional
            Lambda, loss per unit of cost. Give this, `budget` or `plan`.
        budget : float, optional
            Mean cost of many prompts at once, met on average by a coin at ties.
        plan : Plan or Controller, optional
            Of this router. Prompt by prompt or all at once the choices are the same.
        random_state : int, Generator or None, default None
            Seed of the coin; not used with `cost_weight`. With a plan, whose coins go on from call
            to call, a Generator or None.
        positions : bool, default False
            Return positions in the pool as it is now.

        Returns
        -------
        ndarray of str (or int), shape (n_prompts,)
            Names of LLMs.

        Raises
        ------
        ValueError
            If not one of `cost_weight`, `budget` and `plan` is given, one is out of range, the plan
            is not of this router, or prompts are too few for the budget (see `Router.plan`).

        Notes
        -----
        Eq. (8); the budget as in App. E with `uniroute.rule.budget_rule`. Chapters 4 and 34.
        """
        pool = self._read()
        rule, table, coins = self._rule(pool, cost_weight, budget, plan, random_state)
        if rule is None:
            features = self.features(pool, X)
            made = make_plan(pool, features, budget).checked()
            rule = made.rule()
            cheap, dear = _decide(pool, features, rule, made.ends)
        else:
            cheap, dear = self._ends(pool, X, rule, table)
        if rule.share:
            coins = check_generator(coins).uniform(size=len(cheap))
            cheap = np.where(coins < rule.share, dear, cheap)
        return cheap if positions else pool.names[cheap]

    def _rule(self, pool, cost_weight, budget, plan, random_state=None):
        """Return the rule, the choices of clusters if known, and what tosses the coins."""
        if sum(value is not None for value in (cost_weight, budget, plan)) != 1:
            must = "exactly one of cost_weight, budget and plan must be given"
            got = f"cost_weight={cost_weight}, budget={budget}, plan={plan!r}"
            raise ValueError(f"{must}; got {got}")
        if plan is not None:
            plan = plan if isinstance(plan, Controller) else pool.own(plan)
            return plan.now(pool, random_state)
        return None if budget is not None else BudgetRule(cost_weight, 0.0), None, random_state

    def _ends(self, pool, X, rule, table):
        """Return the cheaper and the dearer choice of every prompt, block by block."""
        if not (isinstance(X, np.ndarray) and X.ndim == 2 and len(X) > BLOCK):
            return _decide(pool, self.features(pool, X), rule, table)
        parts = []
        for start in range(0, len(X), BLOCK):
            block = X[start : start + BLOCK]
            if (ends := self._quick_ends(pool, block, rule)) is None:
                ends = _decide(pool, self.features(pool, block), rule, table)
            parts.append(ends)
        return [np.concatenate(ends) for ends in zip(*parts, strict=True)]

    _quick_ends = staticmethod(lambda pool, X, rule: None)  # no quicker way to the same

    def plan(self, X, budget, random_state=None):
        """Fit a budget on unlabelled prompts, once, for prompts that come one by one.

        The router keeps the plan, with the prompts' features alone, and fits it again in the same
        step in which its pool changes. App. E; Chapters 3 and 34.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Prompts like those to come; the standard error of their mean cost at most a tenth of it.
        budget : float
            Mean cost of one prompt.
        random_state : int, Generator or None, default None
            Seed of the coins, which go on from call to call.

        Returns
        -------
        Plan
            To be given to `route`; `Plan` has an example.

        Raises
        ------
        ValueError
            If the budget is below the mean cost of the cheapest choices, or prompts are too few.
        """
        pool = self._read()
        plan = make_plan(pool, self.features(pool, X), budget).checked()
        plan = replace(plan, coins=check_generator(random_state))
        self._swap(lambda pool: pool.plan(plan))
        return plan

    def drop_plan(self, plan):
        """Forget a plan and return the router; `ValueError` if the plan is not one of its."""
        return self._swap(lambda pool: pool.drop(plan))

    def explain(self, x, cost_weight=None, plan=None):
        """Say why one prompt goes where it goes.

        Parameters
        ----------
        x : array-like of shape (n_dims,)
            Embedding of one prompt.
        cost_weight, plan : optional
            Give one of them, as for `route`, which says what is an error.

        Returns
        -------
        Explanation
            The terms of Eq. (8) and the switching values of App. C for one prompt. Chapter 34.
        """
        x = check_numbers("x", x)
        if x.ndim != 1:
            raise ValueError(f"x must be the embedding of one prompt; got shape {x.shape}")
        pool = self._read()
        features = self.features(pool, x[None])
        rule, _, _ = self._rule(pool, cost_weight, None, plan)
        path = routing_path(pool.losses(features), pool.prices(features))
        gamma, costs = path.gamma[0], np.atleast_2d(path.costs)[0]
        low, high = path.interval(rule.cost_weight)
        choice, dear = (int(end[0]) for end in rule.ends(path.gamma, path.costs))
        order = np.lexsort([costs, gamma + weighted(costs, rule.cost_weight)])
        others = order[order != choice]
        return Explanation(
            llms=pool.llms,
            features=self._shown(pool, features),
            predicted_losses=gamma,
            costs=costs,
            cost_weight=rule.cost_weight,
            choice=pool.llms[choice],
            runner_up=pool.llms[others[0]] if len(others) else None,
            cheaper_above=float(high[0]),
            dearer_below=float(low[0]),
            share=rule.share if dear != choice else 0.0,
        )

    def curve(self, X, losses, true_costs=None):
        """Route at every lambda and measure the true losses.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
        losses, true_costs : array-like of shape (n_prompts, n_llms)
            As for `uniroute.evaluate.deferral_curve`, which says what is an error; columns as in
            `llms_`, or a table with these.

        Returns
        -------
        DeferralCurve
            As in Section 6. Chapter 1 and Chapter 4.
        """
        pool = self._read()
        labels = labels_of(X, 0), pool.llms
        losses = align("losses", losses, *labels)
        true_costs = align("true_costs", true_costs, *labels)
        features, rows = self.features(pool, X), None
        if features.ndim == 1:
            features, rows = pool.clusters, features
        costs = pool.prices(features)
        return deferral_curve(pool.losses(features), losses, costs, true_costs, rows)

    def score(self, X, losses):
        """Return ``curve(X, losses).area()``, which is larger for better routers; see `curve`.

        With it scikit-learn chooses K, where training prompts have labels of the whole pool:
        ``GridSearchCV(UniRoute(KMeansMap(1)), {"prompt_map__n_clusters": [5, 20]})``, fitted by
        ``fit(X, losses, costs=costs)``.
        """
        return self.curve(X, losses).area()

    def diagnose(self, X, cost_weight=None, budget=None):
        """Compare what the router knows of its LLMs with its traffic `X`; see `Diagnosis`.

        The prompts are routed at a cost weight or a budget; by default, whatever it costs.
        `ValueError` if the router has no features of LLMs.
        """
        from uniroute.diagnose import diagnose

        return diagnose(self, X, cost_weight, budget)

    def _shown(self, pool, features):
        """Return the features of one prompt that `explain` shows; None: there are none."""
        return None

    def __repr__(self, **options):
        pool = getattr(self, "pool_", None)
        return super().__repr__(**options) + (f"\n{pool}" if pool and pool.llms else "")

    def _repr_html_(self):
        pool = getattr(self, "pool_", None) or Pool()
        return f"<pre>{escape(super().__repr__())}</pre>{pool._repr_html_() if pool.llms else ''}"

    def _repr_mimebundle_(self, **options):
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _decide(pool, features, rule, table=None):
    """Return the cheaper and the dearer choice of prompts; of clusters each is decided once."""
    if features.ndim == 1:
        table = table if table is not None else pool.decided(rule, len(features))
        if table is not None:
            return [end[features] for end in table]
    return rule.ends(pool.losses(features), pool.prices(features))


class UniRoute(Router, BaseEstimator):
    """Route prompts over a pool of LLMs by predicted loss Phi(x) . Psi(h) and cost.

    `fit` learns the prompt map from training prompts; `add_llms` represents LLMs by their losses
    on validation prompts; neither needs the other to be done again.

    Parameters
    ----------
    prompt_map : transformer, default PriorMap()
        Phi: a `PriorMap`, which needs no number of clusters and holds with few labels; another map
        of this package, or any scikit-learn transformer whose features are memberships: not
        negative, and a prompt's add up to 1. `fit` fits a clone of it; a map that was fitted before
        is kept as it is in a `FrozenEstimator`. Of a pipeline the last step represents LLMs.
    representation : object, optional
        Psi: how memberships and losses become an LLM's features. By default the prompt map, if it
        has a method `represent`, and else `ClusterMeans()`.
    encoder : object, optional
        For `route_texts`: `encode(texts)` returns a row for each, and `fingerprint`, a str, tells
        it from others. The one given at `fit` is remembered.

    Attributes
    ----------
    prompt_map_ : transformer
        The fitted prompt map: a clone of `prompt_map`, or `prompt_map` itself if it is frozen.
    pool_, llms_, costs_, plans_
        As for `Router`.
    psi_, counts_ : ndarray of shape (n_llms, n_features)
        Features of the LLMs, and validation prompts (or total membership) behind each; read-only.

    Notes
    -----
    Eq. (8) to (10) of the paper, the three steps of Section 4. Chapter 4. The last is `Router`'s.

    Examples
    --------
    Two kinds of prompts. "small" can do the first kind only:

    >>> from uniroute import KMeansMap
    >>> X_train = np.array([[0.0], [0.1], [1.0], [1.1]])
    >>> router = UniRoute(KMeansMap(n_clusters=2)).fit(X_train)
    >>> X_val, losses_val = np.array([[0.0], [1.0]]), np.array([[0, 0], [1, 0]])
    >>> router = router.add_llms(["small", "large"], X_val, losses_val, costs=[1.0, 5.0])
    >>> router.route([[0.05], [1.05]], cost_weight=0.1)
    array(['small', 'large'], dtype='<U5')

    A new LLM joins; nothing is fitted again:

    >>> router = router.add_llms("medium", X_val, [0, 0], costs=2.0)
    >>> router.route([[0.05], [1.05]], cost_weight=0.1)
    array(['small', 'medium'], dtype='<U6')
    """

    _first_call = "fit(X)"

    def __init__(self, prompt_map=None, representation=None, encoder=None):
        self.prompt_map = prompt_map
        self.representation = representation
        self.encoder = encoder

    prompt_map_ = _of_pool("The fitted prompt map.", lambda pool: pool.phi)
    psi_ = _of_pool("Features of the LLMs, shape (n_llms, n_features).", lambda pool: pool.psi)
    counts_ = _of_pool("Validation prompts behind each of `psi_`.", lambda pool: pool.counts)
    n_features_in_ = _of_pool("Dimensions.", lambda pool: pool.phi.n_features_in_)
    feature_names_in_ = _of_pool("Their names.", lambda pool: pool.phi.feature_names_in_)

    def fit(self, X, losses=None, names=None, costs=None):
        """Fit the prompt map; the pool is empty afterwards, unless costs are given.

        Parameters
        ----------
        X : array-like of shape (n_prompts, n_dims)
            Embeddings of the training prompts (for `NeighborMap`: of the validation prompts).
        losses : array-like of shape (n_prompts, n_train_llms), optional
            Losses of the training LLMs; of the maps `PriorMap` and `LearnedMap` use them.
        names, costs : optional
            As for `add_llms`. With `costs` the training LLMs, of which `names` may be left out, are
            added to the pool at once, represented by `losses`: for model selection.

        Returns
        -------
        UniRoute
            Errors are those of the prompt map's own `fit`.
        """
        prompt_map = PriorMap() if self.prompt_map is None else self.prompt_map
        labels = labels_of(losses, 1)
        if isinstance(prompt_map, type) or not hasattr(prompt_map, "transform"):
            raise ValueError(f"prompt_map must be a transformer; got {prompt_map!r}")
        prompt_map = clone(prompt_map)
        if losses is not None:
            columns = [names] if isinstance(names, str) else names
            losses = check_numbers("losses", align("losses", losses, labels_of(X, 0), columns))
        prompt_map.fit(X, losses)
        check_is_map(prompt_map, X)
        own = representation_of(prompt_map) or ClusterMeans()
        self.representation_ = own if self.representation is None else clone(self.representation)
        none, encoder = np.empty((0, 0)), getattr(self.encoder, "fingerprint", None)
        self.pool_ = Pool(psi=none, counts=none, phi=prompt_map, fingerprint=encoder)
        if costs is None:
            return self
        if names is None:
            names = [f"LLM {i}" for i in range(np.atleast_2d(losses).shape[-1])]
            names = labels if labels and isinstance(labels[0], str) else names
        return self.add_llms(names, X, losses, costs)

    def add_llms(self, names, X_val, losses_val, costs, *, replace=False):
        """Add LLMs to the pool, represented by their losses on validation prompts.

        Parameters
        ----------
        names : str or sequence of str
            Names not yet in the pool, unless `replace`.
        X_val : array-like of shape (n_val, n_dims)
            Embeddings of the validation prompts.
        losses_val : array-like of shape (n_val, n_new) or (n_val,)
            Their losses; NaN = not observed. Of every LLM some is, but for a `PriorMap` with
            training LLMs, who then stand in, with a warning.
        costs : array-like of shape (n_new,) or (n_val, n_new), or float
            Mean cost of one prompt; or what each validation prompt cost, NaN = not known: costs are
            then predicted as losses are. Tables are read by columns, the names, and by rows, the
            index of `X_val`.
        replace : bool, default False
            Whether LLMs of these names that are in the pool get new labels and costs, at once and
            in their places. The others join behind.

        Returns
        -------
        UniRoute

        Raises
        ------
        NotFittedError, ValueError
            If `fit` was not called; if a name is known or repeated, a shape does not fit, or a
            cost is negative or not finite. The pool is then as before.

        Notes
        -----
        Eq. (10) and (12); one pass over the validation prompts. Chapter 4.
        """
        phi = self._read(empty=True).phi
        foretells = getattr(self.representation_, "foretells", False)
        names, losses_val, costs = check_llms(names, X_val, losses_val, costs, foretells)
        memberships, by_cluster = memberships_of(phi, X_val, self.representation_), None
        psi, counts = self.representation_.represent(memberships, losses_val)
        if costs.ndim == 2:
            represent = getattr(self.representation_, "represent_costs", None)
            by_cluster, _ = (represent or self.representation_.represent)(memberships, costs)
            costs = np.nanmean(costs, axis=0)
        new = Pool(names, costs, psi, counts, by_cluster, phi)
        check_option("replace", replace, (True, False))
        self._swap(lambda pool: pool.join(new, replace))
        if (none := np.isnan(losses_val).all(axis=0)).any():
            which = f"{names[none.argmax()]!r} has no label: what training LLMs say stands in"
            warnings.warn(which, EmptyClusterWarning, stacklevel=2)
        if not foretells and counts is not None:
            of_means = isinstance(self.representation_, ClusterMeans)
            warn_of_few_labels(new, self.pool_, len(losses_val) if of_means else 0)
        return self

    def remove_llms(self, names):
        """Take LLMs, a name or several, out of the pool H of Eq. (5); errors as for `update_costs`.

        The pool is an input of the rule, not of the fit. Chapter 4. An LLM that returns comes last,
        as any newcomer: its column, and its rank among LLMs of equal scores, costs and losses.
        """
        return self._swap(lambda pool: pool.remove(names))

    def update_costs(self, costs):
        """Change prices, without labels; costs by cluster change in proportion.

        Parameters
        ----------
        costs : dict of str to float
            New mean cost of one prompt, c(h) of Eq. (8), by name.

        Returns
        -------
        UniRoute

        Raises
        ------
        KeyError, ValueError
            If a name is not in the pool or a cost negative or not finite; nothing is changed.
        """
        return self._swap(lambda pool: pool.reprice(costs))

    def rename(self, names):
        """Change names, {old: new}, without labels; errors as for `update_costs`."""
        return self._swap(lambda pool: pool.rename(names))

    def route_texts(self, texts, **decision):
        """Choose an LLM for every text: `route` of what the encoder makes of them.

        A `ValueError`, if the router has no encoder, or another than it was fitted with.
        """
        if self.encoder is None:
            must = "encoder must be given to route texts, UniRoute(..., encoder=Encoder())"
            raise ValueError(f"{must}; got None")
        self._check_encoder()
        if not hasattr(self.encoder, "turns"):
            texts = read_texts(texts, TURNS[0])  # as `Encoder` does
        return self.route(self.encoder.encode(texts), **decision)

    def _check_encoder(self):
        if isinstance(self.encoder, str) or not callable(getattr(self.encoder, "encode", None)):
            raise ValueError(f"encoder must have a method encode; got {self.encoder!r}")
        pool, found = self._read(empty=True), getattr(self.encoder, "fingerprint", None)
        if pool.fingerprint is not None and found != pool.fingerprint:
            must = f"encoder must be the one that the router was fitted with, {pool.fingerprint!r}"
            raise ValueError(f"{must}; got {found!r}")

    def features(self, pool, X):
        """Return Phi(X) of a pool's map; of a `KMeansMap` or `ConstantMap` the clusters alone."""
        return features_of(pool.phi, X)

    def save(self, path):
        """Write the router to one file, ``NAME.uniroute``.

        The file is there whole or as it was before; others may load it or save to it meanwhile.

        Parameters
        ----------
        path : str or Path
            With or without the suffix ``.uniroute``, which is put behind any other.

        Raises
        ------
        NotFittedError, FileNotFoundError, ValueError
            If `fit` was not called; if the folder does not exist; if the prompt map or the
            representation is not one of this package, or a number is out of range.

        Notes
        -----
        Phi and Psi (Section 4), as `uniroute.persistence` describes; no pickle. A process that is
        killed while it saves leaves a hidden file ``.NAME.uniroute.*.part``. Chapter 34.
        """
        self._read(empty=True)
        save_router(self, path)

    @classmethod
    def load(cls, path, encoder=None):
        """Read a router that `save` wrote.

        Parameters
        ----------
        path : str or Path
            As for `save`. If there is no such file, what version 0.1 wrote is read: ``path.json``
            and ``path.npz``.
        encoder : object, optional
            For `route_texts`: one with the fingerprint of the one the router was fitted with.

        Returns
        -------
        UniRoute

        Raises
        ------
        FileNotFoundError, ValueError
            If there is no router of this name; if the encoder is another, the file is damaged, or
            a field, which is named, is out of range or unknown. Chapter 34.
        """
        router = load_router(path, cls)
        if encoder is not None:
            router.encoder = encoder
            router._check_encoder()
        return router

    def _quick_ends(self, pool, X, rule):
        """Decide in single precision, and again in double where rounding may matter."""
        return quick_ends(
            pool, X, rule, lambda rows: _decide(pool, self.features(pool, rows), rule)
        )

    def _shown(self, pool, features):
        if features.ndim == 1:
            return (pool.clusters == features[0]).astype(float)
        features = features if pool.prior is None else pool.prior.kinds(features)
        return np.asarray(features.toarray() if sparse.issparse(features) else features)[0]

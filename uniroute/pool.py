"""The pool: all that a router knows of its LLMs, in one immutable object.

A router puts another in its place when an LLM joins, leaves, or changes its price or its name.
Whoever has read it has numbers that belong together, whatever other threads do meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from uniroute._any_map import representation_of
from uniroute._numbers import check_numbers
from uniroute._show import html_table, text_table
from uniroute._tables import align
from uniroute.checks import check_costs, check_matrix, check_names, check_same_shape

__all__ = ["Pool"]


def _read_only(name, values, n_llms):
    """Return an array that nobody can write to, a row for each LLM."""
    values = check_numbers(name, values)
    if values.shape[:1] != (n_llms,):
        raise ValueError(f"{name} must have a row for each of {n_llms} LLMs; got {values.shape}")
    if values.flags.writeable:  # what is not comes from another pool
        values = values.copy() if not values.size else check_matrix(name, values).copy()
        values.flags.writeable = False
    return values


@dataclass(frozen=True, eq=False, repr=False)
class Pool:
    """LLMs with their costs and features, as they were at one moment.

    Parameters
    ----------
    llms : sequence of str
        Names, in the order of all rows below.
    costs : array-like of shape (n_llms,)
        Mean cost of one prompt.
    psi, counts, cost_psi : array-like of shape (n_llms, n_features) or None, default None
        Features of the LLMs (None: those of a prompt are the predicted losses themselves), the
        validation prompts or total membership behind each, and the features for costs (None: all
        prompts cost the mean).
    phi : object, default None
        What gives prompts the features that meet these: a fitted prompt map or model.
    fingerprint : str or None, default None
        The encoder's whose embeddings `phi` was fitted on, if it is known.
    plans : tuple of Plan, default ()
        The router's plans, fitted to these LLMs.

    Notes
    -----
    H of Eq. (5), with c(h) and Psi(h). All arrays are read-only. A `ValueError` names what repeats,
    does not fit or is not finite. Chapter 4.

    Examples
    --------
    >>> Pool(["small", "large"], costs=[1.0, 5.0])
    LLM    cost
    small     1
    large     5
    """

    llms: tuple = ()
    costs: np.ndarray = ()
    psi: np.ndarray | None = None
    counts: np.ndarray | None = None
    cost_psi: np.ndarray | None = None
    phi: object = None
    fingerprint: str | None = None
    plans: tuple = ()

    def __post_init__(self):
        plain = type(self.llms) is tuple
        plain = plain and all(type(name) is str and name == name.strip() for name in self.llms)
        plain = plain and "\0" not in "".join(self.llms)
        if not plain or len(set(self.llms)) < len(self.llms) or "" in self.llms:
            none = isinstance(self.llms, list) and not self.llms
            object.__setattr__(self, "llms", () if none else tuple(check_names(self.llms, "llms")))
        n_llms, costs = len(self.llms), align("costs", self.costs, self.llms)
        costs = np.array(check_costs(costs, (n_llms,), by=" by llms"))
        costs.flags.writeable = False
        object.__setattr__(self, "costs", costs)
        for name in ("psi", "counts", "cost_psi"):
            if getattr(self, name) is not None:
                values = align(name, getattr(self, name), self.llms)
                values = _read_only(name, values, n_llms)
                check_same_shape(name, values, "psi", np.asarray(self.psi))
                object.__setattr__(self, name, values)

    @cached_property
    def names(self):
        """The LLMs' names as an array of str, shape (n_llms,)."""
        return np.array(self.llms, dtype=str)

    @property
    def prior(self):
        """The `PriorMap` whose weights `psi` are; None: `psi` holds mean losses."""
        found = representation_of(self.phi)
        return found if hasattr(found, "kinds") else None

    @property
    def labels(self):
        """Labels by LLM and feature; of a `PriorMap` by kind (0: a file of 0.2, unknown)."""
        return self.counts if self.prior is None else self.counts[:, : self.prior.sizes_[0]]

    @property
    def n_labels(self):
        """Labels of each LLM, shape (n_llms,)."""
        return self.counts.sum(axis=1) if self.prior is None else self.counts[:, -1]

    clusters = property(lambda self: np.arange(self.psi.shape[1]), doc="All, shape (n_features,).")

    def decided(self, rule, n_prompts):
        """Return what a rule decides for each cluster, or None: few prompts and a new rule.

        Of the last rule it is remembered, so that one prompt after the other is a look-up.
        """
        last, ends = vars(self).get("_last", (None, None))
        if rule != last or ends is None:
            ends = None
            if rule == last or n_prompts > len(self.clusters):
                ends = rule.ends(self.losses(self.clusters), self.prices(self.clusters))
            vars(self)["_last"] = rule, ends
        return ends

    def losses(self, features):
        """Predict losses, (n_prompts, n_llms), from Phi, or from clusters (n_prompts,) of int."""
        return self._meet(features, self.psi)

    def prices(self, features):
        """Predict costs in the same way; (n_llms,) if every prompt costs the mean."""
        return self.costs if self.cost_psi is None else self._meet(features, self.cost_psi)

    def _meet(self, features, psi):
        if psi is None:
            return features
        return psi[:, features].T if features.ndim == 1 else np.asarray(features @ psi.T)

    def join(self, other, replace_known=False):
        """Return a pool with the LLMs of `other` behind these, or in the places of their names."""
        known = set(other.llms)
        left = [i for i, name in enumerate(self.llms) if name not in known]
        if other.phi is not self.phi:
            raise ValueError("the router was fitted anew while LLMs were being added to it")
        if len(left) < len(self.llms):
            if not replace_known:
                present = next(name for name in other.llms if name in self.llms)
                raise ValueError(f"names must be new to the pool; {present!r} is already in it")
            joined, order = self._take(left).join(other), dict.fromkeys(self.llms + other.llms)
            return joined._take(joined.find(list(order)))._planned()
        if not self.llms:
            return replace(other, plans=self.plans, fingerprint=self.fingerprint)._planned()
        both, values = (self, other), {"cost_psi": None}
        if any(pool.cost_psi is not None for pool in both):
            rows = (self._even(p.costs) if p.cost_psi is None else p.cost_psi for p in both)
            values["cost_psi"] = np.concatenate(list(rows))
        for name in ("costs", "psi", "counts"):
            rows = [getattr(pool, name) for pool in both]
            values[name] = None if any(one is None for one in rows) else np.concatenate(rows)
        return replace(self, llms=self.llms + other.llms, **_handed_over(values))._planned()

    def _even(self, costs):
        """Return features for costs by which every prompt costs the mean."""
        rows = np.repeat(costs[:, None], self.psi.shape[1], axis=1)
        if self.prior is not None:
            rows[:, :-1] = 0.0  # the constant's is left; the others do not add up to 1
        return rows

    def remove(self, names):
        """Return the pool without some LLMs."""
        gone = set(self.find(names))
        return self._take([i for i in range(len(self.llms)) if i not in gone])._planned()

    def _take(self, places):
        """Return the pool with the LLMs at some places, in this order; plans as they are."""
        values = {
            name: values[places]
            for name in ("costs", "psi", "counts", "cost_psi")
            if (values := getattr(self, name)) is not None
        }
        names = tuple(self.llms[i] for i in places)
        return replace(self, llms=names, **_handed_over(values))

    def reprice(self, costs):
        """Return the pool with other mean costs, {name: cost}; costs by cluster in proportion."""
        places = self.find(list(_mapping("costs", costs)), "costs")
        new, rows = self.costs.copy(), None if self.cost_psi is None else self.cost_psi.copy()
        new[places] = check_costs(list(costs.values()), (len(places),))
        for i in places if rows is not None else ():
            old = self.costs[i]
            rows[i] = rows[i] * (new[i] / old) if old > 0 else self._even(new)[i]
        return replace(self, costs=new, cost_psi=rows)._planned()

    def rename(self, names):
        """Return the pool with other names, {old: new}, for the same LLMs."""
        self.find(list(_mapping("names", names)))
        return replace(self, llms=check_names([names.get(name, name) for name in self.llms]))

    def find(self, names, argument="names"):
        """Return the positions of some LLMs; `KeyError` if one is not in the pool."""
        places = {name: i for i, name in enumerate(self.llms)}
        names = check_names(names, argument)
        for name in names:
            if name not in places:
                raise KeyError(f"{argument} must be in the pool {list(self.llms)}; got {name!r}")
        return [places[name] for name in names]

    def own(self, plan):
        """Return a plan as it is for these LLMs, or say that it is not one of the router's."""
        for mine in self.plans:
            if mine.key == getattr(plan, "key", None):
                return mine
        raise ValueError(f"plan must be one of this router's plans, not dropped; got {plan!r}")

    def plan(self, *plans):
        """Return the pool with more plans."""
        return replace(self, plans=(*self.plans, *(plan.fit(self) for plan in plans)))

    def drop(self, plan):
        """Return the pool without a plan."""
        gone = self.own(plan)
        return replace(self, plans=tuple(mine for mine in self.plans if mine is not gone))

    def _planned(self):
        """Return the pool with its plans fitted to it."""
        return replace(self, plans=tuple(plan.fit(self) for plan in self.plans))

    def __repr__(self):
        return text_table(self)

    def _repr_html_(self):
        return html_table(self)


def _handed_over(arrays):
    """Make arrays that nobody else has read-only, so that they need not be copied."""
    for values in arrays.values():
        if values is not None:
            values.flags.writeable = False
    return arrays


def _mapping(name, values):
    if not isinstance(values, Mapping) or not values:
        raise ValueError(f"{name} must be a dict with LLMs as keys; got {values!r}")
    return values

"""The object in which every data set of the project arrives."""

import re
from collections import Counter
from collections.abc import Mapping, Set
from copy import copy
from dataclasses import dataclass

import numpy as np

from uniroute._numbers import check_numbers, check_scalar, check_shape, refuse
from uniroute._tables import align, labels_of
from uniroute.checks import align_costs, check_names

__all__ = ["RoutingData"]


@dataclass(frozen=True, eq=False, repr=False)
class RoutingData:
    """Prompts, and what each LLM's answer to each of them lost and cost.

    Parameters
    ----------
    name : str
        Name of the data set.
    prompts : list of str, length n_prompts
        What the LLMs were asked.
    prompt_ids, tasks : array of str, shape (n_prompts,)
        An identifier of each prompt, all different, and its task, subject or source.
    losses : array of float, shape (n_prompts, n_llms)
        1 = wrong, 0 = right; other finite values for other losses; NaN = not observed.
    costs : array of float, shape (n_llms,) or (n_prompts, n_llms)
        Mean cost of one prompt, or the cost of every single prompt, never negative; NaN = unknown.
    cost_unit : str
    llms : list of str, length n_llms
        Names of the LLMs, all different.
    licence, citation : str
    embeddings : array of float32, shape (n_prompts, n_dims), or None, default None
        Prompt embeddings, if there are any.
    features : dict of str to array of float32, shape (n_prompts, n_features), or None, default None
        What else is known of each prompt, by name.
    released : list of str, length n_llms, or None, default None
        When each LLM was released: "2026", "2026-03" or "2026-03-17".

    Raises
    ------
    ValueError
        If a shape, a type or a value is not as described above; the message names the field.

    Examples
    --------
    >>> data = RoutingData(
    ...     name="toy", prompts=["1 + 1?", "Capital of Peru?"], prompt_ids=["a", "b"],
    ...     tasks=["sums", "places"], losses=[[0, 1], [float("nan"), 0]], costs=[1, 7],
    ...     cost_unit="cents", llms=["small", "large"], licence="CC0-1.0", citation="none")
    >>> data
    RoutingData('toy': 2 prompts x 2 LLMs,
        75.0 % of losses observed, costs in cents)
    >>> data.complete().llms, data.select(prompts=data.tasks == "sums", llms=["large"]).losses
    (['large'], array([[1.]]))
    """

    name: str
    prompts: list
    prompt_ids: np.ndarray
    tasks: np.ndarray
    losses: np.ndarray
    costs: np.ndarray
    cost_unit: str
    llms: list
    licence: str
    citation: str
    embeddings: np.ndarray | None = None
    features: dict | None = None
    released: list | None = None

    def __post_init__(self):
        for field in ("name", "cost_unit", "licence", "citation"):
            if not isinstance(value := getattr(self, field), str):
                raise ValueError(f"{field} must be a string; got {value!r}")
        ids = labels_of(self.prompts, 0)
        for field in ("prompts", "llms"):
            self._set(field, _texts(field, getattr(self, field)))
        for field in ("prompt_ids", "tasks"):
            self._set(field, np.array(_texts(field, align(field, getattr(self, field), ids))))
        ids = self.prompt_ids.tolist() if ids is None else ids
        self._set("losses", check_numbers("losses", align("losses", self.losses, ids, self.llms)))
        self._set("costs", check_numbers("costs", align_costs(self.costs, ids, self.llms)))
        if self.embeddings is not None:
            self._set("embeddings", _singles("embeddings", self.embeddings, ids))
        if not isinstance(features := self.features, Mapping | None):
            raise ValueError(f"features must be a dict of arrays; got {features!r}")
        if features is not None:
            read = {k: _singles(f"features[{k!r}]", values, ids) for k, values in features.items()}
            self._set("features", read)
        if self.released is not None:
            self._set("released", _texts("released", self.released))
        self._check_values()
        self._check_shapes()

    def _inputs(self):
        """Return (name, array) of the embeddings, if there are any, and of each of the features."""
        found = [] if self.embeddings is None else [("embeddings", self.embeddings)]
        return found + [(f"features[{name!r}]", v) for name, v in (self.features or {}).items()]

    def _set(self, field, value):
        object.__setattr__(self, field, value)

    def _check_values(self):
        if not self.prompts:
            raise ValueError("prompts must not be empty; got none")
        _no_repeats("prompt_ids", self.prompt_ids.tolist())
        check_names(self.llms, "llms")
        refuse("losses", "be finite or NaN", self.losses, np.isinf(self.losses))
        bad = np.isinf(self.costs) | (self.costs < 0)
        refuse("costs", "be finite and not negative, or NaN", self.costs, bad)
        for name, values in self._inputs():
            refuse(name, "be finite", values, ~np.isfinite(values))
        for date in self.released or ():
            if not re.fullmatch(r"\d{4}(-\d\d){0,2}", date):
                raise ValueError(f"released must hold dates such as '2026-03'; got {date!r}")

    def _check_shapes(self):
        n, m = self.n_prompts, self.n_llms
        check_shape("prompt_ids", self.prompt_ids, (n,))
        check_shape("tasks", self.tasks, (n,))
        check_shape("losses", self.losses, (n, m))
        check_shape("costs", self.costs, (m,), (n, m))
        for name, values in self._inputs():
            check_shape(name, values, (n, *values.shape[-1:]))
        if self.released is not None and len(self.released) != m:
            raise ValueError(f"released must have a date per LLM, {m}; got {len(self.released)}")

    def __repr__(self):
        observed = 100 * np.mean(~np.isnan(self.losses))
        dims = "" if self.embeddings is None else f", {self.embeddings.shape[1]} embedding dims"
        return (
            f"RoutingData({self.name!r}: {self.n_prompts} prompts x {self.n_llms} LLMs,\n"
            f"    {observed:.1f} % of losses observed, costs in {self.cost_unit}{dims})"
        )

    n_prompts = property(lambda self: len(self.prompts), doc="Number of prompts.")
    n_llms = property(lambda self: len(self.llms), doc="Number of LLMs.")

    def select(self, prompts=None, llms=None):
        """Keep some of the prompts, some of the LLMs, or both, in the order asked for.

        Parameters
        ----------
        prompts, llms : array of int or bool, slice, or None, default None
            Which prompts and LLMs, by position or by mask, LLMs also by name; None keeps all.

        Returns
        -------
        RoutingData
            A new object; the old one is unchanged.

        Raises
        ------
        KeyError, ValueError
            If no LLM has that name; if a mask has the wrong length, a position is out of range,
            something is named twice, or nothing is left.
        """
        rows = _positions("prompts", prompts, self.n_prompts)
        columns = _positions("llms", _by_name(llms, self.llms), self.n_llms)
        features = {name: values[rows] for name, values in (self.features or {}).items()}
        costs = self.costs[columns] if self.costs.ndim == 1 else self.costs[rows][:, columns]
        chosen = copy(self)  # what was checked when it was made is not checked again
        chosen.__dict__.update(
            prompts=[self.prompts[i] for i in rows],
            prompt_ids=self.prompt_ids[rows],
            tasks=self.tasks[rows],
            losses=self.losses[rows][:, columns],
            costs=costs,
            llms=[self.llms[m] for m in columns],
            embeddings=None if self.embeddings is None else self.embeddings[rows],
            features=features or None,
            released=None if self.released is None else [self.released[m] for m in columns],
        )
        return chosen

    def complete(self, observed=1.0):
        """Keep only the LLMs that have every outcome, or most of them, and a known cost.

        Parameters
        ----------
        observed : float, default 1.0
            Least share of an LLM's outcomes that is known, and of its costs if each prompt has one.

        Returns
        -------
        RoutingData
            The same prompts with those LLMs; if there are none, a `ValueError` is raised.
        """
        least = check_scalar("observed", observed, 0, 1)
        known = [~np.isnan(np.atleast_2d(one)) for one in (self.losses, self.costs)]
        kept = [one.any(axis=0) & (one.mean(axis=0) >= least) for one in known]
        if not (kept[0] & kept[1]).any():
            much = "every outcome" if least == 1 else f"{100 * least:g} % of the outcomes"
            raise ValueError(f"no LLM of {self.name!r} has {much} and a cost")
        return self.select(llms=kept[0] & kept[1])


def _texts(field, values):
    """Return a list of plain strings, or say which element is not one."""
    if isinstance(values, str):
        raise ValueError(f"{field} must be a sequence of strings; got the single string {values!r}")
    if not hasattr(values, "__iter__") or isinstance(values, Set | Mapping):
        raise ValueError(f"{field} must be a sequence of strings; got {values!r}")
    values = list(values) if getattr(values, "ndim", 1) == 1 else [values]
    for i, value in enumerate(values):
        if not isinstance(value, str):
            raise ValueError(f"{field} must hold strings; got {value!r} at position {i}")
    return [str(value) for value in values]


def _singles(field, values, ids):
    """Return 32-bit floats, a row for each prompt."""
    if isinstance(values, np.ndarray) and values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):
        return check_numbers(field, align(field, values, ids)).astype(np.float32)


def _no_repeats(field, values):
    repeated = [value for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise ValueError(f"{field} must all be different; got {repeated[0]!r} more than once")


def _by_name(llms, known):
    """Turn names into positions; leave positions, masks and slices as they are."""
    if isinstance(llms, str):
        llms = [llms]
    if llms is None or isinstance(llms, slice) or np.asarray(llms).dtype.kind not in "UO":
        return llms
    if isinstance(llms, Set | Mapping) or not hasattr(llms, "__iter__"):
        raise ValueError(f"llms must be names in an order; got {llms!r}")
    for llm in llms:
        if llm not in known:
            raise KeyError(f"llms: no LLM named {llm!r}; there are {', '.join(known)}")
    return [known.index(llm) for llm in llms]


def _positions(field, index, n):
    """Turn None, a mask, a slice or positions into an array of different positions >= 0."""
    index = slice(None) if index is None else index
    if not isinstance(index, slice):
        index = np.asarray(index)
        if index.ndim != 1 or (index.size and index.dtype.kind not in "bui"):
            raise ValueError(f"{field} must be a 1-D mask or positions; got {index!r}")
        index = index if index.size else index.astype(int)
    try:
        positions = np.arange(n)[index]
    except IndexError as error:
        raise ValueError(f"{field} does not fit {n} {field}: {error}") from error
    _no_repeats(field, positions.tolist())
    if not positions.size:
        raise ValueError(f"{field} must not be empty; got none")
    return positions

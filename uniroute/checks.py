"""Checks of arguments: every error names the argument, the value and what was expected."""

from collections import Counter
from collections.abc import Mapping, Set

import numpy as np
from scipy import sparse

from uniroute._numbers import LARGEST, check_numbers, check_shape, refuse, shortened
from uniroute._numbers import check_scalar as check_scalar
from uniroute._tables import align, labels_of

__all__ = []


def check_matrix(name, values, *, allow_nan=False):
    """Return `values` as a float array of shape (rows, columns), or say what is wrong."""
    values, must = check_numbers(name, values), f"{name} must be"
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{must} a non-empty array with two dimensions; got shape {values.shape}")
    bad = np.isinf(values) if allow_nan else ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        got = f"{values[row, column]} at row {row}, column {column}"
        raise ValueError(f"{must} finite{' or NaN' if allow_nan else ''}; got {got}")
    return values


def check_costs(costs, shape, name="costs", by=""):
    """Return `costs` of shape (n_llms,) or, if `shape` has two entries, of that shape."""
    costs = check_numbers(name, costs)
    check_shape(name, costs, shape[-1:], shape, by=by)
    refuse(name, "be finite and not negative", costs, ~(np.isfinite(costs) & (costs >= 0)))
    return costs


def check_predictions(gamma, costs):
    """Return predicted losses (n_prompts, n_llms) and costs that fit them, of tables by name."""
    costs = align_costs(costs, *(labels_of(gamma, axis) for axis in (0, 1)))
    gamma = check_matrix("gamma", gamma)
    return gamma, check_costs(costs, gamma.shape, by=" by gamma")


def align_costs(costs, rows, columns):
    """Return costs of LLMs, or of prompts and LLMs, in the order of prompts and LLMs."""
    if getattr(costs, "ndim", 1) == 1:
        return align("costs", costs, columns)
    return align("costs", costs, rows, columns)


def check_same_shape(name, values, other_name, other):
    """Raise unless the two arrays have one shape."""
    if values.shape != other.shape:
        must = f"{name} must have the shape of {other_name}, {other.shape}"
        raise ValueError(f"{must}; got {values.shape}")


def check_unit_interval(name, losses):
    """Raise unless every observed loss lies in [0, 1]."""
    refuse(name, "lie in [0, 1]", losses, (losses < 0) | (losses > 1))


def check_losses(name, losses, llms=None, kind="loss", unlabelled=False):
    """Return losses (n_prompts, n_llms), NaN = not observed.

    Of every LLM some are observed, unless they may be `unlabelled`.
    """
    losses = check_matrix(name, losses, allow_nan=True)
    refuse(name, f"be at most {LARGEST:g} in size", losses, np.abs(losses) > LARGEST)
    unseen = np.isnan(losses).all(axis=0)
    if unseen.any() and not unlabelled:
        column = int(unseen.argmax())
        which = f"in column {column}" if llms is None else f"of {llms[column]!r}"
        raise ValueError(f"{name} must hold an observed {kind} of every LLM; got none {which}")
    return losses


def check_llms(names, X_val, losses_val, costs, unlabelled=False):
    """Return names, losses (a column each) and costs (n_llms,) or (n_val, n_llms) of some LLMs.

    One LLM may be given as a string, a column and a number. `X_val` is only counted; None: it is
    not used. Tables are brought into the order of `names` and of the rows of `X_val`.
    """
    names = check_names(names)
    rows = labels_of(X_val, 0) or labels_of(losses_val, 0)
    of_one = len(names) == 1 and np.ndim(costs) == 1 and len(costs) > 1
    costs = align("costs", costs, rows) if of_one else align_costs(costs, rows, names)
    losses_val = check_numbers("losses_val", align("losses_val", losses_val, rows, names))
    losses_val = losses_val[:, None] if losses_val.ndim == 1 else losses_val
    losses_val = check_matrix("losses_val", losses_val, allow_nan=True)
    n, m = losses_val.shape
    if m != len(names):
        raise ValueError(f"losses_val must have one column for each of {len(names)} names; got {m}")
    if X_val is not None and (rows := count_rows("X_val", X_val)) != n:
        raise ValueError(f"losses_val must have a row for each row of X_val, {rows}; got {n}")
    losses_val = check_losses("losses_val", losses_val, names, unlabelled=unlabelled)
    costs = np.atleast_1d(check_numbers("costs", costs))
    if costs.shape == (n,) and len(names) == 1 < n:
        costs = costs[:, None]
    if costs.shape == (n, m):
        costs = check_losses("costs", costs, names, "cost")
        check_costs(costs[~np.isnan(costs)], (np.isfinite(costs).sum(),))
        return names, losses_val, costs
    check_shape("costs", costs, (len(names),), losses_val.shape)
    return names, losses_val, check_costs(costs, costs.shape)


def count_rows(name, X):
    """Return how many rows a matrix of any kind has."""
    try:
        return X.shape[0] if hasattr(X, "shape") else len(X)
    except (IndexError, TypeError):
        raise ValueError(f"{name} must be a matrix; got {shortened(X)}") from None


def check_memberships(memberships, n_prompts):
    """Return memberships (n_prompts, n_clusters), an array or sparse, not negative."""
    if not sparse.issparse(memberships):
        memberships = check_matrix("memberships", memberships)
    elif not np.isfinite(memberships.data).all():
        raise ValueError("memberships must be finite; got NaN or infinity")
    if (n := memberships.shape[0]) != n_prompts:
        must = f"memberships must have a row for each row of losses, {n_prompts}"
        raise ValueError(f"{must}; got {n}")
    if memberships.min() < 0:
        raise ValueError(f"memberships must not be negative; got {memberships.min()}")
    return memberships


def check_probabilities(name, rows):
    """Return `rows`, a matrix of probabilities that add up to 1 in each row."""
    rows = check_matrix(name, rows)
    bad = (rows < 0).any(axis=1) | ~np.isclose(rows.sum(axis=1), 1)
    if bad.any():
        must, row = f"{name} must be probabilities, rows adding up to 1", int(bad.argmax())
        raise ValueError(f"{must}; got row {row}, {rows[row]}")
    return rows


def check_weights(weights, n_prompts):
    """Return `weights` of prompts as floats, one each; all 1 if None."""
    weights = np.ones(n_prompts) if weights is None else check_numbers("weights", weights)
    check_costs(weights, (n_prompts,), "weights")
    if not weights.any():
        raise ValueError("weights must not all be 0")
    return weights


def check_positive_integer(name, value, least=1):
    """Raise unless `value` is an integer of at least `least`."""
    wrong = isinstance(value, bool | np.timedelta64) or not isinstance(value, int | np.integer)
    if wrong or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}; got {value!r}")


def check_generator(random_state):
    """Return the generator of a seed; a generator as it is."""
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(f"random_state must be a seed; got {random_state!r}") from error


def check_option(name, value, options):
    """Raise unless `value` is one of `options`."""
    if not any(isinstance(value, type(option)) and value == option for option in options):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}")


def check_names(names, argument="names"):
    """Return LLM names as a list of distinct plain strings, not empty and without blanks around."""
    given = [names] if isinstance(names, str) else names
    ordered = hasattr(given, "__iter__") and not isinstance(given, Set | Mapping)
    names = list(given) if ordered and getattr(given, "ndim", 1) == 1 else []
    if not names:
        raise ValueError(f"{argument} must hold at least one LLM, in an order; got {given!r}")
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise ValueError(f"{argument} must be non-empty strings; got {name!r} at position {i}")
        if name != name.strip() or "\0" in name:  # NumPy would cut it off
            what = "NUL in" if "\0" in name else "blanks around"
            raise ValueError(f"{argument} must have no {what} them; got {name!r}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(f"{argument} must be distinct; {repeated[0]!r} stands more than once")
    return [str(name) for name in names]

"""Checks of arguments: every error names the argument, the value and what was expected."""

from collections import Counter

import numpy as np
from scipy import sparse

__all__ = []


def check_matrix(name, values, *, allow_nan=False):
    """Return `values` as a float array of shape (rows, columns), or say what is wrong."""
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(
            f"{name} must be a non-empty array with two dimensions; got shape {values.shape}"
        )
    bad = ~np.isfinite(values)
    if allow_nan:
        bad &= ~np.isnan(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        allowed = "finite or NaN" if allow_nan else "finite"
        raise ValueError(
            f"{name} must be {allowed}; got {values[row, column]} at row {row}, column {column}"
        )
    return values


def check_costs(costs, shape):
    """Return `costs` of shape (n_llms,) or, if `shape` has two entries, of that shape."""
    costs = np.asarray(costs, dtype=float)
    allowed = list(dict.fromkeys([shape[-1:], shape]))
    if costs.shape not in allowed:
        expected = " or ".join(map(str, allowed))
        raise ValueError(f"costs must have shape {expected}; got {costs.shape}")
    bad = ~(np.isfinite(costs) & (costs >= 0))
    if bad.any():
        raise ValueError(f"costs must be finite and not negative; got {costs[bad][0]}")
    return costs


def check_predictions(gamma, costs):
    """Return predicted losses (n_prompts, n_llms) and costs that fit them."""
    gamma = check_matrix("gamma", gamma)
    return gamma, check_costs(costs, gamma.shape)


def check_same_shape(name, values, other_name, other):
    """Raise unless the two arrays have one shape."""
    if values.shape != other.shape:
        raise ValueError(
            f"{name} must have the shape of {other_name}, {other.shape}; got {values.shape}"
        )


def check_unit_interval(name, losses):
    """Raise unless every observed loss lies in [0, 1]."""
    bad = (losses < 0) | (losses > 1)
    if bad.any():
        raise ValueError(f"{name} must lie in [0, 1]; got {losses[bad][0]}")


def check_losses(name, losses, llms=None, kind="loss"):
    """Return losses (n_prompts, n_llms), NaN = not observed; of every LLM some are observed."""
    losses = check_matrix(name, losses, allow_nan=True)
    unseen = np.isnan(losses).all(axis=0)
    if unseen.any():
        column = int(unseen.argmax())
        which = f"in column {column}" if llms is None else f"of {llms[column]!r}"
        raise ValueError(f"{name} must hold an observed {kind} of every LLM; got none {which}")
    return losses


def check_llms(names, X_val, losses_val, costs):
    """Return names, losses (a column each) and costs (n_llms,) or (n_val, n_llms) of some LLMs.

    One LLM may be given as a string, a column and a number. `X_val` is only counted; None: it is
    not used.
    """
    names, losses_val = check_names(names), np.asarray(losses_val, dtype=float)
    losses_val = losses_val[:, None] if losses_val.ndim == 1 else losses_val
    losses_val = check_matrix("losses_val", losses_val, allow_nan=True)
    if losses_val.shape[1] != len(names):
        raise ValueError(
            f"losses_val must have one column for each of {len(names)} names; "
            f"got {losses_val.shape[1]}"
        )
    if X_val is not None and np.shape(X_val)[:1] != (len(losses_val),):
        raise ValueError(
            f"losses_val must have a row for each row of X_val, {len(np.atleast_1d(X_val))}; "
            f"got {len(losses_val)}"
        )
    losses_val = check_losses("losses_val", losses_val, names)
    costs = np.atleast_1d(np.asarray(costs, dtype=float))
    if costs.shape == (len(losses_val),) and len(names) == 1:
        costs = costs[:, None]
    if costs.shape == losses_val.shape and costs.ndim == 2:
        costs = check_losses("costs", costs, names, "cost")
        check_costs(costs[~np.isnan(costs)], (np.isfinite(costs).sum(),))
        return names, losses_val, costs
    if costs.shape != (len(names),):
        raise ValueError(
            f"costs must have shape {(len(names),)} or {losses_val.shape}; got {costs.shape}"
        )
    return names, losses_val, check_costs(costs, costs.shape)


def check_memberships(memberships, n_prompts):
    """Return memberships (n_prompts, n_clusters), an array or sparse, not negative."""
    if not sparse.issparse(memberships):
        memberships = check_matrix("memberships", memberships)
    if memberships.shape[0] != n_prompts:
        raise ValueError(
            f"memberships must have a row for each row of losses, {n_prompts}; "
            f"got {memberships.shape[0]}"
        )
    if memberships.min() < 0:
        raise ValueError(f"memberships must not be negative; got {memberships.min()}")
    return memberships


def check_probabilities(name, rows):
    """Return `rows`, a matrix of probabilities that add up to 1 in each row."""
    rows = check_matrix(name, rows)
    bad = (rows < 0).any(axis=1) | ~np.isclose(rows.sum(axis=1), 1)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"{name} must be probabilities, rows adding up to 1; got row {row}, {rows[row]}"
        )
    return rows


def check_weights(weights, n_prompts):
    """Return `weights` of prompts as floats, one each; all 1 if None."""
    weights = np.ones(n_prompts) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != (n_prompts,):
        raise ValueError(f"weights must have shape {(n_prompts,)}; got {weights.shape}")
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        raise ValueError(f"weights must be finite and not negative; got {weights[bad][0]}")
    if not weights.any():
        raise ValueError("weights must not all be 0")
    return weights


def check_positive_integer(name, value, least=1):
    """Raise unless `value` is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}; got {value!r}")


def check_scalar(name, value, low, high):
    """Return `value` as a float in [low, high] (infinity only where `high` is infinite)."""
    try:
        number = np.nan if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not low <= number <= high:
        raise ValueError(f"{name} must be a number from {low} to {high}; got {value!r}")
    return number


def check_option(name, value, options):
    """Raise unless `value` is one of `options`."""
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}")


def check_names(names):
    """Return LLM names as a list of distinct, non-empty, plain strings."""
    given, names = names, [names] if isinstance(names, str) else list(names)
    if not names or isinstance(given, (set, frozenset)):
        raise ValueError(f"names must hold at least one LLM, in an order; got {given!r}")
    for name in names:
        if not isinstance(name, str) or not name:
            raise ValueError(f"names must be non-empty strings; got {name!r}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise ValueError(f"names must be distinct; {repeated[0]!r} stands more than once")
    return [str(name) for name in names]

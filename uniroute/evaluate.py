"""How good a router is: the deferral curve, and its summaries."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from uniroute._numbers import check_fields, check_integers, check_numbers, check_scalar, refuse
from uniroute._tables import align, labels_of
from uniroute.checks import check_costs, check_matrix, check_predictions, check_same_shape
from uniroute.rule import routing_path

__all__ = ["DeferralCurve", "deferral_curve"]


@dataclass(frozen=True)
class DeferralCurve:
    """Mean loss reached at every budget; made by `deferral_curve`.

    The curve is piecewise linear: between two vertices a coin decides, see `BudgetRule`. After the
    last it is flat, because the router has no use for more money.

    Attributes
    ----------
    costs, losses : ndarray of shape (n_vertices,)
        Mean cost (strictly increasing) and mean loss at the vertices. The losses need not fall:
        predictions may be wrong, and nothing is tidied with test labels.
    cost_weights : ndarray of shape (n_vertices,)
        Lambda at which each vertex is entered; infinity for the first.
    llm_costs, llm_losses : ndarray of shape (n_llms,)
        Mean cost and mean loss of each single LLM.

    Notes
    -----
    Section 6 and App. F.2 of the paper; definitions of the summaries in Chapter 1.

    Examples
    --------
    >>> curve = deferral_curve(
    ...     gamma=[[0.5, 0.1], [0.3, 0.2]], losses=[[1, 0], [0, 0]], costs=[1.0, 2.0])
    >>> curve.costs, curve.losses
    (array([1. , 1.5, 2. ]), array([0.5, 0. , 0. ]))
    >>> curve.area(), curve.qnc(), curve.peak()
    (0.875, 0.75, 1.0)
    """

    costs: np.ndarray
    losses: np.ndarray
    cost_weights: np.ndarray
    llm_costs: np.ndarray
    llm_losses: np.ndarray

    def __post_init__(self):
        of_llms = {"llm_costs": "m", "llm_losses": "m"}
        check_fields(self, costs="v", losses="v", cost_weights="v~", **of_llms)
        if not self.costs.size or (np.diff(self.costs) <= 0).any():
            raise ValueError(f"costs must be strictly increasing; got {self.costs}")
        if (self.cost_weights[1:] > self.cost_weights[:-1]).any() or self.cost_weights[-1] < 0:
            raise ValueError(f"cost_weights must decrease, to 0 at least; got {self.cost_weights}")

    quality = property(lambda self: 1 - self.losses, doc="1 - loss at the vertices.")

    @property
    def cost_range(self):
        """Cost of the cheapest and of the dearest single LLM."""
        return float(self.llm_costs.min()), float(self.llm_costs.max())

    def at(self, budget):
        """Return the quality at one or more budgets, in the unit of the costs.

        Below the first vertex it is NaN.
        """
        return np.interp(check_numbers("budget", budget), self.costs, self.quality, left=np.nan)

    def area(self, fraction=1.0):
        """Return the normalised area under the curve of quality against cost.

        Parameters
        ----------
        fraction : float, default 1.0
            Share of the cost axis, from the cheapest LLM on. The area of a part is divided by the
            whole cost range, as in the paper.

        Returns
        -------
        float
            If all LLMs cost the same, the limit: `fraction` times the quality there.
        """
        fraction = check_scalar("fraction", fraction, 0, 1)
        low, high = self.cost_range
        if low == high:
            return float(fraction * self.at(max(low, self.costs[0])))
        end = low + fraction * (high - low)
        inside = self.costs[(self.costs > low) & (self.costs < end)]
        knots = np.concatenate([[low], inside, [end]])
        values = np.interp(knots, self.costs, self.quality)
        return float(np.trapezoid(values, knots) / (high - low))

    def qnc(self):
        """Return the quality-neutral cost, relative to the most accurate single LLM's cost.

        It is infinite if the curve never reaches that LLM's quality.
        """
        best = np.lexsort([self.llm_costs, self.llm_losses])[0]
        loss, cost = self.llm_losses[best], self.llm_costs[best]
        reached = np.flatnonzero(self.losses <= loss + 1e-12)
        if not reached.size:
            return np.inf
        needed = self._crossing(reached[0], loss)
        if needed == cost:
            return 1.0
        return float(needed / cost) if cost > 0 else np.inf

    def _crossing(self, vertex, loss):
        """Return the cost at which the segment that ends at `vertex` comes down to `loss`."""
        if vertex == 0:
            return self.costs[0]
        x0, x1 = self.costs[vertex - 1 : vertex + 1]
        y0, y1 = self.losses[vertex - 1 : vertex + 1]
        return x0 + (x1 - x0) * min(1.0, (y0 - loss) / (y0 - y1))

    def peak(self):
        """Return the highest quality on the curve."""
        return float(self.quality.max())


def deferral_curve(gamma, losses, costs, true_costs=None, rows=None):
    """Route by predicted losses at every lambda and measure the true losses.

    Parameters
    ----------
    gamma : array-like of shape (n_prompts, n_llms)
        Predicted losses; with `rows`, of shape (n_rows, n_llms).
    losses : array-like of shape (n_prompts, n_llms)
        Observed losses, none missing. Real values are allowed; quality is 1 - loss.
    costs : array-like of shape (n_llms,) or the shape of `gamma`
        Costs by which the router decides, as for `route`.
    true_costs : array-like of shape (n_prompts, n_llms), optional
        Costs that each prompt had in the end; the cost axis is then theirs. At each budget the
        smallest lambda counts whose mean true cost is within it.
    rows : array-like of int, shape (n_prompts,), optional
        Row of `gamma` for each prompt, its cluster: the same curve as of ``gamma[rows]``, sooner.

    Returns
    -------
    DeferralCurve

    Raises
    ------
    ValueError
        If shapes do not fit, a value is missing or not finite, or a cost is negative.

    Notes
    -----
    The set {(B, R(r_B))} of Section 6, from the exact path over lambda of Eq. (8). Chapter 1.

    Examples
    --------
    With the true losses as predictions the router is the oracle:

    >>> losses = [[1, 0], [0, 0], [1, 1]]
    >>> deferral_curve(losses, losses, costs=[1.0, 4.0]).losses.round(3)
    array([0.667, 0.333])
    """
    weights, average, predicted = None, np.asarray, None
    labels = [labels_of(gamma, 0) if rows is None else None, labels_of(gamma, 1)]
    losses, true_costs = align("losses", losses, *labels), align("true_costs", true_costs, *labels)
    if rows is not None:
        gamma, costs = check_predictions(gamma, costs)
        used, weights, average = _averages(rows, len(gamma))
        predicted = "gamma[rows]", np.broadcast_to(0.0, (len(rows), gamma.shape[1]))
        gamma, costs = gamma[used], costs[used] if costs.ndim == 2 else costs
    path = routing_path(gamma, costs)
    costs, predicted = path.costs, predicted or ("gamma", path.gamma)
    losses = average(_observed("losses", losses, *predicted))
    if true_costs is not None:
        true_costs = _observed("true_costs", true_costs, *predicted)
        costs = average(check_costs(true_costs, true_costs.shape, "true_costs"))
    spent = path.mean(costs, weights)
    # What was decided by other costs need not get dearer all the time.
    kept = spent < np.append(np.minimum.accumulate(spent[::-1])[-2::-1], np.inf)
    return DeferralCurve(
        costs=spent[kept],
        losses=path.mean(losses, weights)[kept],
        cost_weights=np.concatenate([[np.inf], path.breakpoints])[kept],
        llm_costs=np.average(costs, axis=0, weights=weights) if costs.ndim == 2 else costs,
        llm_losses=np.average(losses, axis=0, weights=weights),
    )


def _observed(name, values, by, predicted):
    """Return what was observed of every prompt and LLM, checked against the predictions."""
    values = check_matrix(name, values)
    check_same_shape(name, values, by, predicted)
    return values


def _averages(rows, n_rows):
    """Return the rows that occur, their numbers of prompts, and what averages over these."""
    rows = check_integers("rows", rows)
    if rows.ndim != 1 or not rows.size:
        raise ValueError(f"rows must be one integer for each prompt; got shape {rows.shape}")
    refuse("rows", f"be rows of gamma, 0 to {n_rows - 1}", rows, rows >= n_rows)
    used, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
    shares = sparse.csr_array((1 / counts[place], place, np.arange(len(rows) + 1)))
    return used, counts, lambda values: shares.T @ values

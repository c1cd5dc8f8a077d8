"""The spend so far fed back: the controller of a plan."""

import threading

import numpy as np

from uniroute._numbers import check_numbers, check_scalar
from uniroute.checks import check_costs
from uniroute.plan import Plan

__all__ = ["Controller"]


class Controller:
    """Hold the running mean cost of live traffic at a plan's budget, whatever the traffic becomes.

    Give it to `Router.route` in the place of the plan, and tell it the bills. Integral control:
    with the excess E = sum of (bill - budget) so far, the next prompts are decided for the budget
    B - E / horizon: what was spent too much is to come back within `horizon` prompts.

    Parameters
    ----------
    plan : Plan
    horizon : float, default 1000
        Prompts, at least 1. Longer holds less tightly; shorter changes lambda more often.

    Attributes
    ----------
    n_prompts, excess : int, float
        Bills so far, and E. The mean bill is budget + excess / n_prompts.

    Notes
    -----
    **Bound.** Let no bill exceed c, and none of a cheapest choice B; let b be the mean cost of the
    cheapest choices on the plan's prompts, and at most D prompts be under way, decided but not
    billed (D = 1: one after the other). Then, whatever the traffic is, at every moment
    E <= horizon (B - b) + D (c - B): the mean of n bills exceeds B by at most that over n.
    *Proof.* While E > horizon (B - b), the target is below b and cheapest choices are made, whose
    bills do not raise E. Take the last decision made while E <= horizon (B - b): of the bills that
    come later only those then under way, its own among them, can raise E. They are at most D, and
    each adds at most c - B.

    What drift and chance make of E: Chapter 29.

    Examples
    --------
    >>> from uniroute import ConstantMap, UniRoute
    >>> router = UniRoute(ConstantMap()).fit([[0.0]])
    >>> router = router.add_llms(["small", "large"], [[0.0], [1.0]], [[0, 0], [1, 0]], [1.0, 5.0])
    >>> held = Controller(router.plan([[0.0]] * 400, budget=2.0), horizon=10)
    >>> name = router.route([[0.3]], plan=held)
    >>> held.update([7.0])
    >>> held.target
    1.5
    """

    def __init__(self, plan, horizon=1000):
        if not isinstance(plan, Plan):
            raise ValueError(f"plan must be a Plan of a router; got {plan!r}")
        horizon = check_scalar("horizon", horizon, 1, np.finfo(float).max)
        self.__setstate__((plan, horizon, (0, 0.0)))

    def __getstate__(self):
        return self.plan, self.horizon, self._seen

    def __setstate__(self, state):
        self.plan, self.horizon, self._seen = state
        self._lock = threading.Lock()  # which cannot be copied

    def __repr__(self):
        return f"Controller({self.plan!r}, horizon={self.horizon:g}, excess={self.excess:.4g})"

    def now(self, pool, random_state):
        """Return the present rule, the choices of clusters, and what tosses the coins."""
        mine = pool.own(self.plan)
        rule, path = mine.rule(self.target), mine.path
        return rule, path and rule.ends(path.gamma, path.costs), mine.tossed_by(random_state)

    n_prompts = property(lambda self: self._seen[0], doc="Bills so far.")
    excess = property(lambda self: self._seen[1], doc="Sum of (bill - budget) so far.")

    @property
    def target(self):
        """Mean cost for which the next prompts are decided."""
        return self.plan.budget - self.excess / self.horizon

    def update(self, spent):
        """Add bills: the cost of an answered prompt or of several, in any order, none negative."""
        spent = np.atleast_1d(check_numbers("spent", spent))
        spent = check_costs(spent, spent.shape[-1:], "spent")
        with self._lock:
            n, excess = self._seen
            self._seen = n + len(spent), excess + float((spent - self.plan.budget).sum())

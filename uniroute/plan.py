"""Budgets on live traffic: a plan, fitted once and applied prompt by prompt."""

import uuid
from dataclasses import dataclass, field, replace

import numpy as np

from uniroute._numbers import check_scalar
from uniroute.rule import BudgetRule, RoutingPath, routing_path

__all__ = ["BudgetWarning", "Plan"]

TOO_FEW = 0.1  # largest standard error of the mean cost, as a share of the budget


class BudgetWarning(UserWarning):
    """A plan's budget no longer pays for the cheapest choices of a changed pool."""


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """How to spend a budget on prompts that come one by one; made by `Router.plan`.

    Its router fits it again whenever the pool changes; the object that `Router.plan` returned stays
    its name, and `Router.plans_` has its present numbers.

    Attributes
    ----------
    budget : float
        Mean cost of one prompt.
    cost_weight, share : float
        The rule for this budget, as in `BudgetRule`; infinity, if it does not pay for the cheapest
        choices, which are then made.
    features, weights : array
        Features of the prompts it was fitted on, and how often each row occurs.
    key : str
        By which its router knows it.

    Notes
    -----
    The constraint of Eq. (5) by the rule of Proposition 1, found as in App. E. Chapter 3.

    Examples
    --------
    >>> from uniroute import ConstantMap, UniRoute
    >>> router = UniRoute(ConstantMap()).fit([[0.0]])
    >>> router = router.add_llms(["small", "large"], [[0.0], [1.0]], [[0, 0], [1, 0]], [1.0, 5.0])
    >>> plan = router.plan([[0.0]] * 400, budget=2.0)
    >>> plan
    Plan(budget=2, lambda=0.125, share=0.25, from 400 prompts)
    >>> router.route([[0.0]] * 6, plan=plan).shape  # "large" for each with probability 0.25
    (6,)
    >>> router.update_costs({"large": 3.0}).plans_
    [Plan(budget=2, lambda=0.25, share=0.5, from 400 prompts)]
    """

    budget: float
    features: np.ndarray
    weights: np.ndarray
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    coins: np.random.Generator = field(default_factory=np.random.default_rng)
    # Of the present pool: the lambdas at which the mean cost changes; the mean costs before,
    # between and after; the standard deviation of a prompt's cost; of clusters path and choices.
    cost_weights: np.ndarray | None = None
    spent: np.ndarray | None = None
    deviation: float = 0.0
    path: RoutingPath | None = None
    ends: tuple | None = None

    def __repr__(self):
        return (
            f"Plan(budget={self.budget:g}, lambda={self.cost_weight:.4g}, share={self.share:.4g}, "
            f"from {self.n_prompts:g} prompts)"
        )

    n_prompts = property(lambda self: float(self.weights.sum()), doc="How many it was fitted on.")
    cost_weight = property(lambda self: self.rule().cost_weight, doc="Lambda.")
    share = property(lambda self: self.rule().share, doc="Share of the dearer LLM at a tie.")

    @property
    def least(self):
        """Mean cost of the cheapest choices; 0 in an empty pool."""
        return 0.0 if self.spent is None else float(self.spent[0])

    is_short = property(lambda self: self.budget < self.least * (1 - 1e-12), doc="Below `least`.")

    def fit(self, pool):
        """Return this plan for another pool."""
        if not pool.llms:
            return replace(self, cost_weights=None, spent=None, path=None, ends=None)
        costs = pool.prices(self.features)
        path = routing_path(pool.losses(self.features), costs)
        spent = path.mean(costs, self.weights)
        plan = replace(self, cost_weights=path.breakpoints, spent=spent)
        rule = plan.rule()
        ends = rule.ends(path.gamma, path.costs)
        paid = [costs[end] if costs.ndim == 1 else costs[np.arange(len(end)), end] for end in ends]
        mean, square = (
            np.average([1 - rule.share, rule.share] @ np.power(paid, k), weights=self.weights)
            for k in (1, 2)
        )
        plan = replace(plan, deviation=float(np.sqrt(max(0.0, square - mean**2))))
        return replace(plan, path=path, ends=ends) if self.features.ndim == 1 else plan

    def rule(self, budget=None):
        """Return the `BudgetRule` for a mean cost, by default the budget, on the plan's prompts.

        Below the cheapest choices these are made, above the dearest that are of use, those.
        """
        budget = check_scalar("budget", self.budget if budget is None else budget, -np.inf, np.inf)
        if self.spent is None or budget < self.least or budget == self.least < self.spent[-1]:
            return BudgetRule(np.inf, 0.0)
        if budget >= self.spent[-1]:
            return BudgetRule(0.0, 0.0)
        after = np.searchsorted(self.spent, budget, side="right")
        low, high = self.spent[after - 1 : after + 1]
        return BudgetRule(float(self.cost_weights[after - 1]), float((budget - low) / (high - low)))

    def now(self, pool, random_state):
        """Return the present rule, the choices of clusters, and what tosses the coins."""
        mine = pool.own(self)
        return mine.rule(), mine.ends, mine.tossed_by(random_state)

    def tossed_by(self, random_state):
        """Return the generator of the coins, which go on from call to call."""
        if random_state is None or isinstance(random_state, np.random.Generator):
            return random_state or self.coins
        must = "random_state must be None or a Generator with a plan, which takes a seed when made"
        raise ValueError(f"{must}; got {random_state!r}")

    def checked(self):
        """Return the plan, if the budget pays for the cheapest choices and prompts are enough.

        Enough: the standard error of the mean cost of as many other prompts is at most a tenth of
        the budget. With fewer, lambda says more about these prompts than about the traffic.
        """
        if self.is_short:
            must = f"budget must be at least {self.least}, the mean cost of the cheapest choices"
            raise ValueError(f"{must}; got {self.budget}")
        n, allowed = self.n_prompts, TOO_FEW * self.budget
        if self.deviation > allowed * np.sqrt(n):
            raise ValueError(
                f"budget must be fitted on at least {np.ceil((self.deviation / allowed) ** 2):.0f} "
                f"prompts; got {n:g}, whose mean cost has a standard error of "
                f"{self.deviation / np.sqrt(n):.3g}, more than a tenth of {self.budget:g}. For "
                "prompts that come in small numbers fit a plan once, plan = router.plan(X, "
                "budget=...), on unlabelled prompts, and decide by route(x, plan=plan)"
            )
        return self


def make_plan(pool, features, budget):
    """Return a plan from the features of prompts; clusters are only counted."""
    budget = check_scalar("budget", budget, 0, np.finfo(float).max)
    weights = np.ones(features.shape[0])
    if features.ndim == 1:
        features, weights = pool.clusters, np.bincount(features, minlength=pool.psi.shape[1])
    return Plan(budget, features, weights.astype(float)).fit(pool)

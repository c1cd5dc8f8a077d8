"""Why a prompt goes where it goes."""

from dataclasses import dataclass

import numpy as np

from uniroute.rule import weighted

__all__ = ["Explanation"]


@dataclass(frozen=True)
class Explanation:
    """Why one prompt goes where it goes; made by `Router.explain`.

    Attributes
    ----------
    llms, features : tuple of str, ndarray of shape (n_features,) or None
        The pool, and Phi(x), if the router has one (of a `PriorMap` its first set of clusters).
    predicted_losses, costs, cost_weight : ndarray of shape (n_llms,), twice, float
        The terms of the score; the weight is lambda.
    choice, runner_up : str
        LLMs with the smallest and second-smallest score (`runner_up` is None in a pool of one).
    cheaper_above, dearer_below : float
        The choice holds for lambda in [dearer_below, cheaper_above).
    share : float, default 0.0
        Probability with which the plan's coin takes the next dearer LLM, which is as good.

    Notes
    -----
    The terms of Eq. (8). Chapter 34.

    Examples
    --------
    >>> from uniroute import ConstantMap, UniRoute
    >>> router = UniRoute(ConstantMap()).fit([[0.0]])
    >>> router = router.add_llms(["small", "large"], [[0.0], [1.0]], [[0, 0], [1, 0]], [1.0, 5.0])
    >>> print(router.explain([0.3], cost_weight=0.05))
    large is chosen at lambda = 0.05; runner-up: small
    The choice holds for lambda from 0 to 0.125.
    LLM    predicted loss    cost    score
    large           0.000       5    0.250
    small           0.500       1    0.550
    """

    llms: tuple
    features: np.ndarray | None
    predicted_losses: np.ndarray
    costs: np.ndarray
    cost_weight: float
    choice: str
    runner_up: str | None
    cheaper_above: float
    dearer_below: float
    share: float = 0.0

    @property
    def scores(self):
        """Predicted loss plus weighted cost, shape (n_llms,)."""
        return self.predicted_losses + weighted(self.costs, self.cost_weight)

    @property
    def cluster(self):
        """Index of the largest feature: the cluster, where features are clusters; or None."""
        return None if self.features is None else int(self.features.argmax())

    def __str__(self):
        width = max(3, *(len(name) for name in self.llms))
        low, high = self.dearer_below, self.cheaper_above
        rival = f"runner-up: {self.runner_up}" if self.runner_up else "there is no other LLM"
        lines = [
            f"{self.choice} is chosen at lambda = {self.cost_weight:g}; {rival}",
            f"The choice holds for lambda from {low:.4g} to {high:.4g}.",
            f"{'LLM':{width}}  predicted loss    cost    score",
        ]
        if self.share:
            lines[1] += f" At it a dearer one is taken with probability {self.share:.4g}."
        for i in np.lexsort([self.costs, self.scores]):
            lines.append(
                f"{self.llms[i]:{width}}  {self.predicted_losses[i]:14.3f}  "
                f"{self.costs[i]:6.4g}  {self.scores[i]:7.3f}"
            )
        return "\n".join(lines)

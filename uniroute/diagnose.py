"""What should worry the owner of a router: too few labels, unknown prompts, other traffic."""

from dataclasses import dataclass, field
from html import escape

import numpy as np
from scipy import stats

from uniroute._any_map import last_step
from uniroute._texts import listed
from uniroute.llms import FEW
from uniroute.priors import PriorMap
from uniroute.prompts import KMeansMap
from uniroute.rule import BudgetRule, budget_rule, weighted

__all__ = ["Diagnosis"]

N_DRAWS, MOST_PROMPTS, ALPHA, FEWEST = 200, 500, 0.01, 5
LITTLE, NEXT, SHOWN = 5e-4, 3, 5  # share to speak of; prompts to label; clusters that are shown


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """How a router's labels fit its traffic; made by `Router.diagnose`.

    Attributes
    ----------
    llms, traffic : tuple of str, ndarray of shape (n_kinds,)
        Share of the prompts in each cluster (of a `PriorMap`: of its first set).
    labels : ndarray of shape (n_llms, n_kinds)
        Validation prompts there.
    untried : list of (int, float)
        Clusters in which some LLM has less than half a label, with their share of the traffic, the
        largest first.
    label_next : dict of int to list of int
        Of each of them rows of the traffic to label next, the three nearest to the centre.
    curse : float or None
        Expected winner's curse: by how much the predicted loss of the chosen LLM is too low, if
        labels were drawn anew and what is predicted were true. None: losses are not from 0 to 1.
    shares : dict of str to float
        Share of the prompts that each LLM gets.
    arms : dict of str to tuple of float
        Predicted mean loss, and mean cost, routed so and if all went to the LLM of least loss.
    drift : tuple of float, or None
        Chi-squared and p-value of clusters being as frequent as in training, where that is known.
    warnings : list of str
        What should worry.

    Notes
    -----
    Not in the paper. Chapter 25.

    Examples
    --------
    >>> from uniroute import KMeansMap, UniRoute
    >>> X, losses = np.repeat([[0.0], [1.0]], 50, axis=0), np.repeat([[0, 0], [1, 0]], 50, 0)
    >>> router = UniRoute(KMeansMap(n_clusters=2)).fit(X)
    >>> router = router.add_llms(["small", "large"], X, losses, costs=[1.0, 5.0])
    >>> router.diagnose(X[:60]).warnings
    ['the traffic is not like the training prompts (p = 2.5e-05)']
    """

    llms: tuple
    traffic: np.ndarray
    labels: np.ndarray
    untried: list
    label_next: dict
    curse: float
    shares: dict
    arms: dict
    drift: tuple | None
    warnings: list = field(default_factory=list)

    def __repr__(self):
        lines = [f"{name}: {share:.1%}".replace("%", " %") for name, share in self.shares.items()]
        for name, (loss, cost) in self.arms.items():
            lines.append(f"{name}: predicted loss {loss:.3f}, mean cost {cost:.4g}")
        behind = f"labels in a cluster: {np.median(self.labels):.3g} in the middle"
        curse = "unknown" if self.curse is None else f"{self.curse:.4f}"
        known = "unknown" if self.drift is None else f"p = {self.drift[1]:.3g}"
        facts = [behind, f"expected winner's curse: {curse}", f"drift of traffic: {known}"]
        return "\n".join(["traffic by LLM", *lines, *facts, *self.warnings, *self.advice()])

    def advice(self, texts=None):
        """Return sentences on what to label next: rows of the traffic or, of `texts`, these."""
        said, last = [], max(map(max, self.label_next.values()), default=-1)
        if texts is not None and len(texts) <= last:
            raise ValueError(f"texts must be of all prompts; got {len(texts)}, none for row {last}")
        for k, share in [one for one in self.untried[:SHOWN] if one[1] >= LITTLE]:
            none = [self.llms[m] for m in np.flatnonzero(self.labels[:, k] < 0.5)]
            rows = [i if texts is None else repr(texts[i]) for i in self.label_next[k]]
            what = f"no label of {listed(none, 3)}; label next: {listed(rows)}"
            said.append(f"cluster {k}, {100 * share:.1f} % of the traffic: {what}")
        return said

    def _repr_html_(self):
        return f"<pre>{escape(repr(self))}</pre>"


def diagnose(router, X, cost_weight=None, budget=None):
    """Make the diagnosis of `Router.diagnose`, which says what the arguments are."""
    pool = router._read()
    if cost_weight is not None and budget is not None:
        raise ValueError(f"budget must be None with a cost_weight; got {budget}, {cost_weight}")
    if pool.counts is None:
        raise ValueError(f"router must have features of LLMs; {type(router).__name__} has none")
    features = router.features(pool, X)
    if features.ndim == 1:
        traffic = np.bincount(features, minlength=len(pool.clusters)) / len(features)
    else:
        kinds = features if pool.prior is None else pool.prior.kinds(features)
        traffic = np.ravel(kinds.mean(axis=0))
    gamma, prices = pool.losses(features), pool.prices(features)
    rule = BudgetRule(0.0 if cost_weight is None else cost_weight, 0.0)
    rule = rule if budget is None else budget_rule(gamma, prices, budget)
    chosen = rule.probabilities(gamma, prices)
    singles = [np.broadcast_to(one, gamma.shape).mean(axis=0) for one in (gamma, prices)]
    best = np.lexsort(singles[::-1])[0]
    arms = {"routed": tuple((chosen * one).sum(axis=1).mean().item() for one in (gamma, prices))}
    arms[f"all to {pool.llms[best]}"] = tuple(one[best].item() for one in singles)
    without = (pool.labels < 0.5).any(axis=0) & (traffic > 0) & pool.labels.any()
    order = np.argsort(-traffic, kind="stable")
    untried = [(int(k), float(traffic[k])) for k in order if without[k]]
    near = _typical(pool.phi, X, features, [k for k, _ in untried])
    curse, drift = _curse(pool, features, rule.cost_weight), _drift(pool.phi, X)
    shares = dict(zip(pool.llms, chosen.mean(axis=0).tolist(), strict=True))
    known = pool.llms, traffic, pool.labels, untried, near, curse, shares, arms, drift
    return Diagnosis(*known, _worries(pool, untried, drift))


def _typical(phi, X, features, clusters):
    """Return the rows of a few prompts of each cluster, the most typical first."""
    (phi, X), found = last_step(phi, X), {}
    hard = clusters and isinstance(phi, KMeansMap | PriorMap)
    X, of = (np.asarray(X), phi._nearest(np.asarray(X))) if hard else (X, [])
    for k in clusters:
        rows = np.flatnonzero(of == k) if k in of else np.arange(features.shape[0])
        if hard:
            far = np.linalg.norm(X[rows] - phi.cluster_centers_[k], axis=1)
        else:
            far = -np.ravel(features[:, [k]].sum(axis=1))
        found[k] = rows[far.argsort(kind="stable")[:NEXT]].tolist()
    return found


def _curse(pool, features, cost_weight):
    """Return the mean understatement, by drawing the labels anew around what is known."""
    levels = pool.psi if pool.prior is None else pool.psi[:, -1]
    if levels.min() < 0 or levels.max() > 1 or not pool.labels.any():
        return None
    features = features[:: max(1, features.shape[0] // MOST_PROMPTS)]
    added, true = weighted(pool.prices(features), cost_weight), pool.losses(features)
    redrawn = _means_anew(pool) if pool.prior is None else _weights_anew(pool, features, true)
    understated = []
    for psi in redrawn:
        drawn = pool._meet(features, psi)
        rows = np.arange(len(true)), (drawn + added).argmin(axis=1)
        understated.append((true[rows] - drawn[rows]).mean())
    return float(np.mean(understated))


def _means_anew(pool):
    """Yield mean losses of clusters, as other labels would have made them."""
    rng, counts = np.random.default_rng(0), np.maximum(pool.counts, 1)
    means = np.clip((pool.psi * counts + 0.5) / (counts + 1), 0, 1)
    errors = np.sqrt(means * (1 - means) / counts)
    for _ in range(N_DRAWS):
        yield pool.psi + errors * rng.normal(size=errors.shape)


def _weights_anew(pool, features, true):
    """Yield weights by other labels; for labelled prompts, which are not kept, these stand in.

    Each is taken as often as makes the labels of every kind as many as they are, on average.
    """
    rng, kinds = np.random.default_rng(0), pool.prior.kinds(features)
    often = kinds / np.maximum(kinds.sum(axis=0), 1e-9) @ pool.labels.T
    most, m = often.max(axis=1), len(pool.llms)
    for _ in range(N_DRAWS // 20):
        rows = np.append(often.argmax(axis=0), np.repeat(np.arange(len(often)), rng.poisson(most)))
        seen = rng.random((len(rows), 1)) * most[rows, None] < often[rows]
        none = ~seen[m:].any(axis=0)  # who needs a label
        seen[:m] = np.eye(m, dtype=bool) & none & (none.all() or not pool.prior.foretells)
        labels = np.where(seen, rng.random(seen.shape) < true[rows], np.nan)
        rows, labels = rows[seen.any(axis=1)], labels[seen.any(axis=1)]
        yield pool.prior.represent(features[rows], labels)[0]


def _drift(phi, X):
    """Return statistic and p-value of the test of homogeneity; rare clusters are one."""
    phi, X = last_step(phi, X)
    before = getattr(phi, "cluster_sizes_", None)
    if before is None or len(before) < 2:
        return None
    now = np.bincount(phi._nearest(np.asarray(X)), minlength=len(before))
    rare = before * now.sum() / before.sum() < FEWEST
    table = np.array([np.append(n[~rare], n[rare].sum()) for n in (before, now)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return None
    found = stats.chi2_contingency(table, correction=False)
    return float(found.statistic), float(found.pvalue)


def _worries(pool, untried, drift):
    """Return the sentences."""
    share, said = sum(share for _, share in untried), []
    few = (pool.labels < FEW).mean()
    if share >= LITTLE:
        said.append(f"{share:.1%} of the traffic is of kinds that some LLM was never tried on")
    if few > 0.5 and pool.prior is None:
        said.append(f"{few:.0%} of the means rest on fewer than {FEW} labels")
    if drift is not None and drift[1] < ALPHA:
        said.append(f"the traffic is not like the training prompts (p = {drift[1]:.2g})")
    return [text.replace("%", " %") for text in said]

"""Is it worth routing? The honest comparison in one call, and one recommended router."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from uniroute._progress import progress_bar
from uniroute.baselines import ZeroRouter
from uniroute.checks import check_generator, check_positive_integer, check_scalar
from uniroute.evaluate import DeferralCurve, deferral_curve
from uniroute.llms import EmptyClusterWarning
from uniroute.paired import PairedDifference, paired_difference
from uniroute.prompts import KMeansMap, LearnedMap, NeighborMap
from uniroute.router import Router, UniRoute
from uniroute.rule import routing_path

__all__ = ["Comparison", "compare"]

N_BUDGETS, N_RESAMPLES = 101, 400
N_INIT = 2  # starts of K-means: each candidate is fitted again and again
FEWEST_LLMS = 6  # for a statement about new ones: three of them train, and three are the pool
MOST_TRAIN, MOST_LABELS, MOST_TEST = 2000, 400, 1500  # prompts of each drawn pool


@dataclass(frozen=True, repr=False)
class Comparison:
    """What routing gains on a table of outcomes; made by `compare`.

    Attributes
    ----------
    sentence : str
        The answer.
    helps : bool
        Whether routing saves cost at equal quality or gains quality at equal cost, and is ahead of
        not looking at prompts.
    recommended, router : str, Router
        What did best in the inner parts of all folds, and the same fitted on everything.
    picked : list of str
        What the inner part of each fold chose.
    saving, gain : PairedDifference
        Share of the best single LLM's cost that is not spent at its quality, and quality above its
        own at its cost; about new prompts.
    ahead : dict of str to PairedDifference or None
        Area of the chosen router minus that of the ZeroRouter, about "new prompts" and "new LLMs".
    budgets : ndarray of shape (n_budgets,)
        Mean cost of one prompt, from the cheapest to the most expensive LLM.
    curves, areas : dict of str to ndarray of shape (n_budgets,), dict of str to float
        Quality at the budgets, on prompts that were not fitted on (NaN where a budget is too
        small), and its area. "chosen" is the choice of each fold's inner part; then the candidates,
        "ZeroRouter", "Oracle" and "Random", a coin between the cheapest and the most expensive LLM.
    llms, llm_costs, llm_quality, best_llm : list of str, ndarray, ndarray, str
        The single LLMs, and which of them has the highest quality.
    name, cost_unit, n_prompts, level
        Of the data, and of all intervals.
    curse : float
        The winner's curse, measured: by how much the lowest predicted loss of the chosen router
        was too low on prompts that were not fitted on.
    filled : float
        Share of outcomes that were missing, and count as their LLM's mean.

    Notes
    -----
    Area as in Section 6, where the quality-neutral cost is 1 - saving. The best single LLM is the
    one that looks best on the prompts that are fitted on, as for a router. Chapter 25.

    Examples
    --------
    See `compare`.
    """

    sentence: str
    helps: bool
    recommended: str
    router: Router
    picked: list
    saving: PairedDifference
    gain: PairedDifference
    ahead: dict
    budgets: np.ndarray
    curves: dict
    areas: dict
    llms: list
    llm_costs: np.ndarray
    llm_quality: np.ndarray
    best_llm: str
    name: str
    cost_unit: str
    n_prompts: int
    level: float
    curse: float
    filled: float

    def _rows(self):
        for name, area in self.areas.items():
            mark = "recommended" if name == self.recommended else ""
            yield name, f"{area:.4f}", f"{area - self.areas['ZeroRouter']:+z.4f}", mark

    def __repr__(self):
        rows = [("router", "area", "ahead", ""), *self._rows()]
        width = max(len(row[0]) for row in rows)
        lines = [f"{a:{width}}  {b:>6}  {c:>7}  {d}".rstrip() for a, b, c, d in rows]
        return "\n".join([self.sentence, "", *lines])

    def _repr_html_(self):
        heads = "<tr><th>router</th><th>area</th><th>against the ZeroRouter</th><th></th></tr>"
        cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self._rows())
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<p>{escape(self.sentence)}</p><table>{heads}{body}</table>"


def compare(
    data,
    routers=None,
    *,
    encoder=None,
    n_folds=5,
    n_pools=40,
    level=0.95,
    random_state=0,
    progress=False,
):
    """Say whether routing is worth it, and with which router.

    Every prompt is routed by a router that was not fitted on it (folds of the prompts, identical
    texts in one); which router, is chosen within the other folds. With six LLMs or more, pools are
    drawn too, whose LLMs the router has never seen in training.

    Parameters
    ----------
    data : RoutingData
        With embeddings and at least two LLMs; losses may be missing, and costs of prompts.
    routers : dict of str to Router, optional
        Unfitted candidates, each a `UniRoute` or one with ``fit`` as `StaticRouter` has it. By
        default `KMeansMap` with some K and two starts each, a soft `LearnedMap` of 50 iterations
        (both for speed) and `UniRoute` without arguments.
    encoder : Encoder, optional
        Whose the embeddings are, for the routers tried by default: the recommended one takes no
        other then.
    n_folds : int, default 5
        At least 2.
    n_pools : int, default 40
        Pools of a third of the LLMs (at least three), each tried on the prompts of one fold; for
        speed with at most 2,000 training prompts, 400 of them labels, and 1,500 test prompts.
    level : float, default 0.95
        Confidence level.
    random_state : int, default 0
        Seed.
    progress : bool, default False
        Whether to show a bar.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the data have no embeddings, too few LLMs, prompts or outcomes, or an LLM of unknown
        cost; if there is no candidate, one has a name that is taken, or a number is out of range.

    Notes
    -----
    Section 6, with intervals: about new prompts by the bootstrap over prompts (the routers being
    those of the folds), about new LLMs as in `paired_difference`. Missing outcomes count as the
    mean of their LLM, for which no router is better or worse. Chapter 25.

    Examples
    --------
    Two specialists, told apart by the sign of one coordinate:

    >>> from uniroute import RoutingData
    >>> X = np.random.default_rng(0).normal(size=(200, 1))
    >>> data = RoutingData(
    ...     name="toy", prompts=[f"prompt {i}" for i in range(200)],
    ...     prompt_ids=[str(i) for i in range(200)], tasks=["all"] * 200,
    ...     losses=np.hstack([X > 0, X < 0]), costs=[1.0, 5.0], cost_unit="cents",
    ...     llms=["small", "large"], licence="CC0-1.0", citation="none", embeddings=X)
    >>> compare(data, {"K-means": UniRoute(KMeansMap(2))}).helps
    True
    """
    check_positive_integer("n_folds", n_folds, 2)
    check_positive_integer("n_pools", n_pools, 2)
    check_scalar("level", level, 0, 1)
    table, rng = _Table(data, 2 * n_folds), check_generator(random_state)
    routers = _candidates(table, encoder) if routers is None else routers
    _check_routers(routers)
    folds = (rng.permutation(table.n_groups) % n_folds)[table.groups]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyClusterWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)  # prompts of one embedding
        gamma, prices, scores, singles = _route(table, routers, folds, rng, progress)
        picked = [max(score, key=score.get) for score in scores]
        new = _new_pools(table, routers, folds, picked, n_pools, rng, level)
        best = max(routers, key=lambda name: np.mean([score[name] for score in scores]))
        router = _fitted(routers[best], table, np.arange(len(folds)))
    for tables in (gamma, prices):
        tables["chosen"] = np.array([tables[picked[fold]][i] for i, fold in enumerate(folds)])
    saving, gain, ahead = _about_prompts(table, gamma, prices, singles, level, rng)
    curves = {name: table.curve(gamma[name], prices[name]) for name in ("chosen", *routers)}
    curves["ZeroRouter"] = table.curve(gamma["ZeroRouter"], prices["ZeroRouter"])
    curves["Oracle"] = table.curve(table.losses, table.costs)
    costs, quality = table.costs.mean(axis=0), 1 - table.losses.mean(axis=0)
    best_llm = data.llms[np.lexsort([costs, -quality])[0]]
    ends = np.lexsort([-quality, costs])[[0, -1]]
    budgets = _budgets(*costs[ends])
    random = np.interp(budgets, costs[ends], quality[ends])
    found = {"saving": saving, "gain": gain, "ahead": {"new prompts": ahead, "new LLMs": new}}
    return Comparison(
        sentence=sentence(best_llm, data.n_llms, **found),
        helps=bool(max(saving.low, gain.low) > 0 and ahead.low > 0),
        recommended=best,
        router=router,
        picked=picked,
        **found,
        budgets=budgets,
        curves={name: _at(one, budgets) for name, one in curves.items()} | {"Random": random},
        areas={name: one.area() for name, one in curves.items()} | {"Random": quality[ends].mean()},
        llms=data.llms,
        llm_costs=costs,
        llm_quality=quality,
        best_llm=best_llm,
        name=data.name,
        cost_unit=data.cost_unit,
        n_prompts=data.n_prompts,
        level=level,
        curse=_understated(table, gamma["chosen"]),
        filled=float(np.isnan(data.losses).mean()),
    )


def _check_routers(routers):
    """Raise unless candidates are routers with names of their own."""
    if not isinstance(routers, Mapping) or not all(
        isinstance(one, Router) for one in routers.values()
    ):
        raise ValueError(f"routers must be a dict of routers; got {routers!r}")
    if not routers or routers.keys() & {"chosen", "ZeroRouter", "Oracle", "Random"}:
        raise ValueError(f"routers must be candidates with names of their own; got {[*routers]}")


def check_outcomes(data, least=10):
    """Raise unless data have outcomes enough to be compared on, `least` being 2 of each fold."""
    costs = np.broadcast_to(data.costs, data.losses.shape)
    for values, what in ((data.losses, "losses"), (costs, "costs")):
        counts = (~np.isnan(values)).sum(axis=0)
        if data.n_llms < 2 or counts.min() < least:
            raise ValueError(
                f"data must have two LLMs or more, and {least} {what} of each; got "
                f"{counts.min()} of {data.llms[counts.argmin()]!r}, {data.n_llms} LLMs"
            )
    if (found := len(set(data.prompts))) < 2 * least:
        raise ValueError(f"data must have {2 * least} different prompts; got {found}")


class _Table:
    """What is compared on: what is missing is filled for the evaluation, not for the routers."""

    def __init__(self, data, least):
        if getattr(data, "embeddings", None) is None:
            raise ValueError(f"data must have embeddings, as RoutingData may; got {data!r}")
        check_outcomes(data, least)
        self.X, self.seen, self.given = data.embeddings, data.losses, data.costs
        self.llms, costs = np.array(data.llms), np.broadcast_to(data.costs, data.losses.shape)
        fill = [np.where(np.isnan(v), np.nanmean(v, axis=0), v) for v in (data.losses, costs)]
        self.losses, self.costs = fill
        self.groups = np.unique(np.array(data.prompts), return_inverse=True)[1]
        self.n_groups = self.groups.max() + 1

    def curve(self, gamma, prices, rows=slice(None), llms=slice(None)):
        """Return the deferral curve of predictions for these prompts and LLMs."""
        losses, true = self.losses[rows][:, llms], self.costs[rows][:, llms]
        if self.given.ndim == 1:
            return deferral_curve(gamma, losses, self.given[llms])
        return deferral_curve(gamma, losses, prices, true)

    def try_out(self, router, rows, llms=slice(None)):
        """Return the deferral curve of a fitted router."""
        predicted = router.predict_loss(self.X[rows]), router.predict_cost(self.X[rows])
        return self.curve(*predicted, rows, llms)


def _budgets(low, high):
    """Return budgets at equal distances and, if they differ in size, at equal ratios too."""
    budgets = np.linspace(low, high, N_BUDGETS)
    if 0 < 20 * low < high:
        budgets = np.unique(np.append(budgets, np.geomspace(low, high, N_BUDGETS)))
    return budgets


def _at(curve, budgets):
    """Return the quality at budgets; what is the first vertex but for rounding, counts as it."""
    first = curve.costs[0]
    return curve.at(np.where(np.isclose(budgets, first, rtol=1e-9, atol=0), first, budgets))


def _candidates(table, encoder):
    """Return the short list, by the number of prompts."""
    n = len(table.X)
    sizes = [K for K in (3, 10, 30) if K == 3 or 20 * K <= n]
    found = {f"K-means, K = {K}": UniRoute(KMeansMap(K, n_init=N_INIT)) for K in sizes}
    if 0 <= table.losses.min() and table.losses.max() <= 1:
        K = int(np.clip(n // 20, 2, 10))
        soft = LearnedMap(K, assignment="soft", max_iter=50)
        found["learned map, soft"] = UniRoute(soft)
    found["UniRoute"] = UniRoute()
    return {name: router.set_params(encoder=encoder) for name, router in found.items()}


def _fitted(router, table, rows, llms=slice(None), train_llms=None, labels=None):
    """Return a clone fitted on prompts, with LLMs represented by their losses on `labels`.

    If no LLMs are for training, those of the pool teach a prompt map; not a router without one,
    whose prior must not be the labels that it is combined with.
    """
    router, labels = clone(router), rows if labels is None else labels
    names, costs = table.llms[llms].tolist(), table.given[..., llms]
    costs = costs if costs.ndim == 1 else costs[labels]
    if not hasattr(router, "add_llms"):
        return router.fit(names, table.X[labels], table.losses[labels][:, llms], costs)
    prompt_map = getattr(router, "prompt_map", None)
    rows = labels if isinstance(prompt_map, NeighborMap) else rows
    if train_llms is None and prompt_map is None:
        router.fit(table.X[rows])
    else:
        train_llms = llms if train_llms is None else train_llms
        router.fit(table.X[rows], table.seen[rows][:, train_llms])
    return router.add_llms(names, table.X[labels], table.seen[labels][:, llms], costs)


def _route(table, routers, folds, rng, progress):
    """Return predictions of losses and costs for every prompt by routers not fitted on it.

    Then the inner areas of the candidates in each fold, and each prompt's best single LLM.
    """
    routers = {**routers, "ZeroRouter": ZeroRouter()}
    gamma, prices = ({name: np.empty(table.losses.shape) for name in routers} for _ in range(2))
    scores, singles = [], np.empty(len(folds), dtype=int)
    for fold in progress_bar(progress, range(folds.max() + 1), desc="Folds"):
        test, rows = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        inner = (rng.permutation(table.n_groups) % 4 == 0)[table.groups[rows]]
        scores.append({})
        for name, router in routers.items():
            if name != "ZeroRouter":
                tried = _fitted(router, table, rows[~inner])
                scores[-1][name] = table.try_out(tried, rows[inner]).area()
            final = _fitted(router, table, rows)
            gamma[name][test] = final.predict_loss(table.X[test])
            prices[name][test] = final.predict_cost(table.X[test])
        singles[test] = np.lexsort([final.costs_, final.losses_])[0]  # the ZeroRouter's
    return gamma, prices, scores, singles


def _about_prompts(table, gamma, prices, singles, level, rng):
    """Return saving, gain and lead of the chosen router, with the bootstrap's intervals."""
    names, n = ("chosen", "ZeroRouter"), len(singles)
    costs = [table.given if table.given.ndim == 1 else prices[name] for name in names]
    paths = [routing_path(gamma[name], c) for name, c in zip(names, costs, strict=True)]
    values = table.costs, table.losses
    walks = [[path._means(one) for one in values] for path in paths]
    single = [one[np.arange(n), singles] for one in values]

    def figures(weights):
        means = [weights @ one / weights.sum() for one in values]
        chosen, zero = (_weighted(walk, means, weights) for walk in walks)
        cost, loss = (np.average(one, weights=weights) for one in single)
        one = cost[None], loss[None]
        needed = DeferralCurve(chosen.costs, chosen.losses, chosen.cost_weights, *one).qnc()
        gain = np.nan_to_num(_at(chosen, cost) - (1 - loss))  # 0 where no router is so cheap
        return 1 - needed if needed < 1 - 1e-9 else 0.0, gain, chosen.area() - zero.area()

    shares = np.full(table.n_groups, 1 / table.n_groups)
    drawn = rng.multinomial(table.n_groups, shares, size=N_RESAMPLES)
    again = np.array([figures(counts[table.groups].astype(float)) for counts in drawn])
    ends = np.quantile(again, [(1 - level) / 2, (1 + level) / 2], axis=0).T
    return [
        PairedDifference(float(mean), float(error), float(low), float(high), n, "new prompts")
        for mean, error, (low, high) in zip(
            figures(np.ones(n)), again.std(axis=0, ddof=1), ends, strict=True
        )
    ]


def _understated(table, gamma):
    """Return by how much the lowest of predicted losses is too low on average."""
    lowest = np.arange(len(gamma)), gamma.argmin(axis=1)
    return float((table.losses[lowest] - gamma[lowest]).mean())


def _weighted(walk, means, weights):
    """Return the deferral curve of prompts that count so much."""
    spent, lost = (mean(weights) for mean in walk)
    kept = spent < np.append(np.minimum.accumulate(spent[::-1])[-2::-1], np.inf)
    return DeferralCurve(spent[kept], lost[kept], np.zeros(kept.sum()), *means)


def _new_pools(table, routers, folds, picked, n_pools, rng, level):
    """Return the lead in pools that the router has not seen in training, about new LLMs."""
    n_llms, size = len(table.llms), max(3, len(table.llms) // 3)
    if n_llms < FEWEST_LLMS:
        return None
    pools, areas = [], []
    for fold in np.arange(n_pools) % len(picked):
        order = rng.permutation(n_llms)
        rows = rng.permutation(np.flatnonzero(folds != fold))[:MOST_TRAIN]
        test = rng.permutation(np.flatnonzero(folds == fold))[:MOST_TEST]
        pool, labels = order[:size], rows[:MOST_LABELS]
        if np.isnan(table.seen[labels]).all(axis=0).any():
            continue  # an LLM without a label
        args = table, rows, pool, order[size:], labels
        fitted = [_fitted(one, *args) for one in (routers[picked[fold]], ZeroRouter())]
        parts = test, test[::2], test[1::2]
        areas.append([[table.try_out(one, part, pool).area() for part in parts] for one in fitted])
        pools.append(np.isin(np.arange(n_llms), pool))
    if len(pools) < 2:
        return None
    (chosen, *halves), (zero, *of_zero) = np.moveaxis(areas, 0, 2)
    gaps = halves[0] - of_zero[0] - halves[1] + of_zero[1]
    drawn = {"pools": pools, "test_share": len(test) / len(folds), "gaps": gaps}
    return paired_difference(chosen, zero, level, about="new LLMs", **drawn)


def decimals_of(interval, least=2):
    """Return how many decimals tell the ends of an interval apart; at least so many, at most 6."""
    width = interval.high - interval.low
    if not width > 1e-9:
        return least
    return int(np.clip(np.ceil(-np.log10(width)), least, 6))


def sentence(best_llm, n_llms, saving, gain, ahead):
    """Return the answer in words."""
    lead, new = ahead["new prompts"], ahead["new LLMs"]
    saved, gained = _saved(saving), _gained(gain)
    sure = [saved] * (saving.low > 0) + [gained] * (gain.low > 0 or gain.high < 0)
    if lead.low <= 0:
        how = "behind" if lead.high < 0 else "not surely ahead of"
        text = f"routing does not help here, because it is {how} mixing LLMs blindly: area {lead}"
    elif max(saving.low, gain.low) <= 0:
        text = f"routing does not help here, because against {best_llm} alone it {saved} and "
        text += f"{gained}, although at other budgets it is ahead: area {lead}"
    else:
        text = f"routing {' and '.join(sure)}, against {best_llm} alone"
    if new is None:
        return f"{text}. This speaks of these {n_llms} LLMs only."
    if new.low > 0:
        return f"{text}. With other LLMs the lead in area is {new}."
    how = "behind" if new.high < 0 else "neither surely ahead nor behind"
    return f"{text}. With other LLMs it is {how}: area {new}."


def _saved(saving):
    """Return in words what is saved, which is never less than nothing."""
    digits = max(0, decimals_of(saving) - 2)
    saved, low, high = (f"{100 * x:z.{digits}f} %" for x in _ends(saving))
    if saving.low > 0:
        return f"saves {saved} of cost at equal quality (from {low} to {high})"
    if not max(saving.mean, saving.high) > 1e-9:
        return "saves no cost at equal quality"
    return f"does not surely save cost at equal quality ({saved}, from {low} to {high})"


def _gained(gain):
    """Return in words what is gained, or lost, by the sign of the interval."""
    digits, lost = decimals_of(gain, 3), gain.high < 0
    ends = [-gain.mean, -gain.high, -gain.low] if lost else _ends(gain)
    mean, low, high = (f"{x:z.{digits}f}" for x in ends)
    if lost or gain.low > 0:
        verb = "loses" if lost else "gains"
        return f"{verb} {mean} of quality at equal cost (from {low} to {high})"
    if max(abs(gain.mean), -gain.low, gain.high) <= 1e-9:
        return "neither gains nor loses quality at equal cost"
    return (
        f"neither surely gains nor surely loses quality at equal cost ({mean}, from {low} to "
        f"{high})"
    )


def _ends(found):
    return found.mean, found.low, found.high

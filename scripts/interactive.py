"""Make the numbers and the static pictures of the book's interactive figures.

    python -m scripts.interactive [NAME ...]

writes NAME.json and NAME.png into book/_static/interactive, all of them or those that are named.
The pictures stand where scripts do not run; their texts are in the numbers, as `alt`. A test
compares the numbers with what this code makes.
"""

import json
import sys
import warnings
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from uniroute import (
    EmptyClusterWarning,
    KMeansMap,
    UniRoute,
    ZeroRouter,
    deferral_curve,
    paired_difference,
    random_world,
)
from uniroute.llms import ClusterMeans
from uniroute_lab import plot
from uniroute_lab.paper.coverage import EFFECTS, N_PROMPTS, N_TEST, SIZES, read_coverage, simulate
from uniroute_lab.pocket import SKILLS, load_pocket
from uniroute_lab.trials import NamedPool, RandomPool

FOLDER = Path(__file__).parents[1] / "book" / "_static" / "interactive"
UNIT = "millions of multiply-adds"
N_CLUSTERS = 10
POOL = ["Heron-S", "Heron-M", "Abacus-M", "Quill-M", "Almanac-M", "Lexis-M", "Heron-L", "Heron-XL"]
MORE = ["Logos-M", "Abacus-XL", "Pebble-L", "Pebble-XL", "Heron-XXL"]
N_SHOWN = 480  # prompts of the explorer, one dot each
N_DOTS = 150  # prompts of the plane
SIZES_TRIED = (25, 50, 100, 200, 400, 800)
CLUSTERS_TRIED = (1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120)
LABELS_TRIED = (5, 10, 25, 50, 100, 200, 400)
N_REPEATS = 100  # simulated experiments of the figure on intervals
KINDS = {"alike": "like those of training", "stronger": "stronger than those"}
CLAIMS = ("these LLMs", "new prompts", "new LLMs")
SHOWN_SIZES = (SIZES[0], SIZES[3])
SHOWN_EFFECTS = ("none", "LLMs", "LLMs, large")


@cache
class Split:
    """The pocket pool in three parts, and clusters of the first; made once."""

    def __init__(self):
        self.data = load_pocket()
        order = np.random.default_rng(0).permutation(self.data.n_prompts)
        self.train, self.val, self.test = np.split(order, [4800, 5600])
        self.phi = KMeansMap(N_CLUSTERS, n_init=5).fit(self.data.embeddings[self.train])

    def clusters(self, prompts):
        """Return the cluster of each prompt."""
        return self.phi.predict(self.data.embeddings[prompts])

    def distances(self, prompts):
        """Return distances to the centres, (n_prompts, n_clusters)."""
        away = self.data.embeddings[prompts][:, None, :] - self.phi.cluster_centers_
        return np.sqrt(np.square(away).sum(axis=2))

    def names(self):
        """Return what each cluster is mostly made of: a family of prompts, or those of a skill."""
        tasks, clusters = np.array(self.data.tasks)[self.train], self.clusters(self.train)
        skill_of = {task: skill for skill in list(SKILLS)[1:] for task in SKILLS[skill]}
        found = []
        for k in range(N_CLUSTERS):
            families = pd.Series(tasks[clusters == k])
            shares = families.value_counts(normalize=True)
            skills = families.map(skill_of).value_counts(normalize=True)
            found.append(shares.index[0] if shares.iloc[0] > 0.5 else skills.index[0])
        return found

    def losses(self, prompts, llms):
        """Return the losses of some LLMs on some prompts."""
        return self.data.losses[np.ix_(prompts, [self.data.llms.index(name) for name in llms])]

    def costs(self, llms):
        """Return the costs of some LLMs."""
        return np.array([self.data.costs[self.data.llms.index(name)] for name in llms])

    def wrong(self, prompts, llms):
        """Return wrong answers, (n_clusters, n_llms), and the number of prompts of each cluster."""
        member = np.eye(N_CLUSTERS)[self.clusters(prompts)]
        wrong = member.T @ self.losses(prompts, llms)
        return wrong.astype(int).tolist(), member.sum(axis=0).astype(int).tolist()

    def router(self, llms):
        """Return UniRoute with these LLMs, and the ZeroRouter."""
        X, losses, costs = self.data.embeddings, self.losses(self.val, llms), self.costs(llms)
        router = UniRoute(KMeansMap(N_CLUSTERS, n_init=5)).fit(X[self.train])
        router.add_llms(llms, X[self.val], losses, costs)
        return router, ZeroRouter().fit(llms, X[self.val], losses, costs)

    def curves(self, prompts, llms):
        """Return the curves of both on some prompts."""
        X, losses = self.data.embeddings[prompts], self.losses(prompts, llms)
        names = ("UniRoute (K-means)", "ZeroRouter")
        return {
            name: deferral_curve(router.predict_loss(X), losses, self.costs(llms))
            for name, router in zip(names, self.router(llms), strict=True)
        }


def explorer():
    """Return real prompts with what every LLM answered, and the means that the router knows."""
    split = Split()
    shown = split.test[:N_SHOWN]
    clusters = split.clusters(shown)
    away = split.distances(shown)[np.arange(N_SHOWN), clusters]
    order = np.lexsort([away.round(6), clusters])
    shown, clusters = shown[order], clusters[order]
    wrong, counts = split.wrong(split.val, POOL)
    curves = split.curves(shown, POOL)
    qnc = curves["UniRoute (K-means)"].qnc()
    title = f"Eight small LLMs: as good as the best, for {qnc:.0%} of its cost"
    picture = plot.deferral_curves(curves, f"{UNIT}, log scale", title, log=True)
    numbers = {
        "llms": POOL,
        "costs": split.costs(POOL).tolist(),
        "unit": UNIT,
        "clusters": split.names(),
        "wrong": wrong,
        "counts": counts,
        "prompts": [split.data.prompts[i] for i in shown],
        "cluster": clusters.tolist(),
        "losses": split.losses(shown, POOL).astype(int).tolist(),
    }
    return numbers, picture, title


def newcomer():
    """Return what is known of thirteen LLMs in each cluster, and what they do on test prompts."""
    split, llms = Split(), POOL + MORE
    wrong, counts = split.wrong(split.val, llms)
    test_wrong, test_counts = split.wrong(split.test, llms)
    before = ["Heron-S", "Pebble-L", "Pebble-XL"]
    curves = {}
    for name, pool in {"three LLMs": before, "Abacus-M joins": [*before, "Abacus-M"]}.items():
        curves[name] = split.curves(split.test, pool)["UniRoute (K-means)"]
    gain = curves["Abacus-M joins"].peak() - curves["three LLMs"].peak()
    title = f"One specialist joins, nothing is fitted again: +{gain:.2f} quality"
    numbers = {
        "llms": llms,
        "costs": split.costs(llms).tolist(),
        "unit": UNIT,
        "clusters": split.names(),
        "wrong": wrong,
        "counts": counts,
        "testWrong": test_wrong,
        "testCounts": test_counts,
    }
    lines = {name: _polyline(curve) for name, curve in curves.items()}
    table = pd.concat([table.assign(pool=name) for name, table in lines.items()])
    look = {"ylabel": "quality (share of right answers)", "title": title}
    look["xlabel"] = f"mean cost per prompt ({UNIT})"
    return numbers, plot.lines(table, "cost", "quality", "pool", **look), title


def _polyline(curve):
    """Return costs and qualities along a curve."""
    costs = np.linspace(curve.costs[0], curve.llm_costs.max(), 60)
    return pd.DataFrame({"cost": costs, "quality": curve.at(costs)})


def plane():
    """Return Chapter 2's world, small enough to be computed on the page, and prompts of it."""
    world = random_world(n_components=5, n_llms=6, random_state=2)
    sample, limits = world.sample(N_DOTS, random_state=1), (-3, 3, -4, 2)
    names = ["nano", "mini", "small", "medium", "large", "huge"]
    places = sample.X.round(3)
    numbers = {
        "llms": names,
        "costs": world.costs.round(4).tolist(),
        "unit": "multiples of the cheapest",
        "kinds": list("ABCDE"),
        "centers": world.centers.round(4).tolist(),
        "spread": world.spread,
        "losses": expit(world.logits).T.round(4).tolist(),
        "limits": limits,
        "prompts": places.tolist(),
        "kind": sample.components.tolist(),
    }
    title = "The larger lambda is, the cheaper the LLMs that rule the plane"
    look = {"prompts": places, "title": title}
    shown = plot.choice_map(world.gamma, world.costs, names, [0, 0.003, 0.03], limits, **look)
    return numbers, shown, title


def prompt():
    """Return prompts to be put into clusters by hand, with distances to all centres."""
    split = Split()
    chosen = _of_each(split.clusters(split.test), 3)
    order = np.random.default_rng(1).permutation(len(chosen))
    asked = split.test[np.array(chosen)[order]]
    clusters, away = split.clusters(split.train), split.distances(split.train)
    typical = []
    for k in range(N_CLUSTERS):
        near = np.argsort(np.where(clusters == k, away[:, k].round(6), np.inf), kind="stable")
        texts = list(dict.fromkeys(split.data.prompts[i] for i in split.train[near[:40]]))
        typical.append([texts[i] for i in (0, len(texts) // 3, 2 * len(texts) // 3)])
    wrong, counts = split.wrong(split.val, POOL)
    numbers = {
        "llms": POOL,
        "clusters": split.names(),
        "typical": typical,
        "prompts": [split.data.prompts[i] for i in asked],
        "distances": split.distances(asked).round(4).tolist(),
        "wrong": wrong,
        "counts": counts,
    }
    psi = (np.array(wrong) / np.array(counts)[:, None]).T
    title = "Every cluster has its own best LLM"
    table = pd.DataFrame(psi, POOL, numbers["clusters"])
    shown = plot.heatmap(table, "mean loss", row_word="LLMs", column_word="clusters", title=title)
    return numbers, shown, title


def _of_each(clusters, n):
    """Return the places of the first n prompts of each cluster."""
    return [i for k in range(N_CLUSTERS) for i in np.flatnonzero(clusters == k)[:n]]


def clusters():
    """Return areas by number of clusters and of labels: promised, delivered, with labels no end."""
    world = random_world(n_components=20, spread=0.2, within=4, random_state=2)
    train, test = world.sample(2000, random_state=1), world.sample(3000, random_state=3)
    many = world.sample(20_000, random_state=4)
    vals = [world.sample(max(SIZES_TRIED), random_state=100 + i) for i in range(20)]
    promised, delivered, limit = [], [], []
    for K in CLUSTERS_TRIED:
        phi = KMeansMap(K, n_init=3).fit(train.X)
        rows = phi.predict(test.X)

        def areas(sample, n, phi=phi, rows=rows):
            psi = ClusterMeans().represent(phi.transform(sample.X[:n]), sample.losses[:n])[0].T
            own = deferral_curve(psi, psi[rows], world.costs, rows=rows).area()
            return own, deferral_curve(psi, test.gamma, world.costs, rows=rows).area()

        found = np.mean([[areas(val, n) for n in SIZES_TRIED] for val in vals], axis=0)
        promised.append(found[:, 0].round(4).tolist())
        delivered.append(found[:, 1].round(4).tolist())
        limit.append(round(areas(many, len(many.X))[1], 4))
    best = deferral_curve(test.gamma, test.gamma, world.costs).area()
    numbers = {
        "sizes": list(SIZES_TRIED),
        "clusters": list(CLUSTERS_TRIED),
        "promised": promised,
        "delivered": delivered,
        "limit": limit,
        "best": round(best, 4),
        "nDraws": len(vals),
    }
    title = "The best number of clusters grows with the number of labels"
    rows = [
        {"K": K, "area": delivered[i][j], "labels": f"{SIZES_TRIED[j]} labels"}
        for j in (0, 2, 4)
        for i, K in enumerate(CLUSTERS_TRIED)
    ]
    look = {"log": "x", "title": title, "xlabel": "number of clusters K"}
    return numbers, plot.lines(pd.DataFrame(rows), "K", "area", "labels", **look), title


def intervals():
    """Return intervals of simulated experiments, by what they are about, and stored coverage."""
    cases, rng = [], np.random.default_rng(0)
    stored = read_coverage().set_index(["data", "n_trials", "effects"])
    columns = ["these LLMs as new ones", "new prompts", "new LLMs"]
    for size in SHOWN_SIZES:
        for effects in SHOWN_EFFECTS:
            drawn = [_three(size, EFFECTS[effects], rng) for _ in range(N_REPEATS)]
            cases.append(
                {
                    "nLlms": size.n_llms,
                    "nPool": size.n_pool,
                    "nTrials": size.n_trials,
                    "effects": effects,
                    "means": [one[0] for one in drawn],
                    "aboutPrompts": [one[1] for one in drawn],
                    "halves": [one[2] for one in drawn],
                    "stored": stored.loc[(size.data, size.n_trials, effects), columns].tolist(),
                }
            )
    numbers = {"claims": list(CLAIMS), "cases": cases, "nStored": int(stored["n_repeats"].max())}
    title = "An interval about these LLMs says little about new ones"
    names = ("LLMs alike", "LLMs differ", "LLMs differ much")
    table = pd.DataFrame(
        [[100 * share for share in case["stored"]] for case in cases[:3]],
        names,
        ["about these LLMs", "about new prompts", "about new LLMs"],
    )
    look = {"row_word": "worlds", "column_word": "intervals", "title": title, "digits": 0}
    return numbers, plot.heatmap(table, "holds the truth, %", **look), title


def _three(size, effects, rng):
    """Return the mean of one experiment, the truth about its LLMs, and three half-widths."""
    difference, gaps, pools, truth = simulate(size, effects, rng)
    zeros, given = np.zeros(len(difference)), {"pools": pools, "test_share": N_TEST / N_PROMPTS}
    halves = []
    for about in CLAIMS:
        pair = paired_difference(difference, zeros, about=about, **given, gaps=gaps)
        halves.append(round((pair.high - pair.low) / 2, 3))
    return round(float(difference.mean()), 3), round(float(truth), 3), halves


def labels():
    """Return labels by cluster, training LLMs' means and what `UniRoute()` makes of both."""
    data = load_pocket()
    order = np.argsort(-data.losses.mean(axis=0), kind="stable")
    worse, better = (np.array(data.llms)[half] for half in (order[:17], order[17:]))
    pool = sorted(np.random.default_rng(0).permutation(better)[:12])
    stronger = NamedPool((2000, 400, 2000), pool=pool, train_llms=sorted(worse))
    splits = {"alike": RandomPool((2000, 400, 2000)), "stronger": stronger}
    pools = {name: _one_pool(split.trial(data)) for name, split in splits.items()}
    numbers = {"sizes": list(LABELS_TRIED), "pools": pools}
    title = "With few labels, training LLMs help, if the new ones are like them"
    rows = [
        {"labels": n, "error": error, "estimate": name, "pool": KINDS[kind]}
        for kind, one in pools.items()
        for name, errors in _errors(one).items()
        for n, error in zip(LABELS_TRIED, errors, strict=True)
    ]
    look = {"log": "x", "title": title, "best": "lowest", "col": "pool"}
    look |= {"xlabel": "labels for each LLM", "ylabel": "error of a mean loss"}
    return numbers, plot.lines(pd.DataFrame(rows), "labels", "error", "estimate", **look), title


def _one_pool(trial):
    """Return counts of labels and means by cluster, for the LLMs of one pool."""
    phi = KMeansMap(N_CLUSTERS, n_init=5).fit(trial.X_train)
    val, test = (np.eye(N_CLUSTERS)[phi.predict(X)] for X in (trial.X_val, trial.X_test))
    train = np.eye(N_CLUSTERS)[phi.predict(trial.X_train)]
    counts, wrong, prior = [], [], []
    fitted = UniRoute().fit(trial.X_train, trial.losses_train)
    for n in LABELS_TRIED:
        router = deepcopy(fitted)
        router.add_llms(trial.llms, trial.X_val[:n], trial.losses_val[:n], trial.costs)
        predicted = test.T @ router.predict_loss(trial.X_test) / test.sum(axis=0)[:, None]
        prior.append(predicted.round(3).tolist())
        wrong.append((val[:n].T @ trial.losses_val[:n]).astype(int).tolist())
        counts.append(val[:n].sum(axis=0).astype(int).tolist())
    of_train = (train.T @ trial.losses_train).mean(axis=1) / train.sum(axis=0)
    truth = test.T @ trial.losses_test / test.sum(axis=0)[:, None]
    return {
        "llms": list(trial.llms),
        "counts": counts,
        "wrong": wrong,
        "prior": prior,
        "training": of_train.round(3).tolist(),
        "truth": truth.round(3).tolist(),
        "weights": test.sum(axis=0).astype(int).tolist(),
    }


def _errors(pool):
    """Return root mean squared errors by number of labels: of plain means, and with the prior."""
    truth, weights = np.array(pool["truth"]), np.array(pool["weights"], dtype=float)
    found = {"UniRoute (K-means)": [], "UniRoute (prior)": []}
    for wrong, counts, prior in zip(pool["wrong"], pool["counts"], pool["prior"], strict=True):
        wrong, counts = np.array(wrong, dtype=float), np.array(counts)[:, None]
        means = np.where(counts > 0, wrong / np.maximum(counts, 1), wrong.sum(0) / counts.sum())
        for name, estimate in zip(found, (means, np.array(prior)), strict=True):
            squares = np.square(estimate - truth).mean(axis=1)
            found[name].append(float(np.sqrt(np.average(squares, weights=weights))))
    return found


FIGURES = {
    "explorer": explorer,
    "newcomer": newcomer,
    "plane": plane,
    "prompt": prompt,
    "clusters": clusters,
    "intervals": intervals,
    "labels": labels,
}


def make(name):
    """Return the numbers of a figure, its text among them, and the static picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyClusterWarning)
        numbers, picture, title = FIGURES[name]()
    return {"alt": f"{title}. {picture.text}", **numbers}, picture


def as_text(numbers):
    """Return JSON with a line for each entry of the object."""
    lines = [
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
        for key, value in numbers.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main():
    """Write the files of the figures that the command line names, or of all."""
    for name in sys.argv[1:] or FIGURES:
        numbers, picture = make(name)
        (FOLDER / f"{name}.json").write_text(as_text(numbers), encoding="utf-8")
        picture.save(FOLDER / f"{name}.png")
        print(f"{name}: {numbers['alt']}")


if __name__ == "__main__":
    main()

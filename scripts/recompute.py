"""Compute numbers of the book again, by NumPy alone, from the files that are stored raw.

    python -m scripts.recompute

Ten numbers of each of the parts II to V, two intervals about new LLMs, and a few of the parts I and
VI, by their formulas anew. (What these two print is mostly of simulated worlds, which the project
draws; such numbers are not computed again here.) Nothing of the project is imported: the tables of
trials are read as columns, the pocket pool as bytes. Each number is then looked up where it is
printed, in the stored outputs of a chapter or in the ledger, and must agree to the last digit that
is printed there. Says what differs, and fails.
"""

import csv
import json
import math
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
NUMBER = r"([+-]?\d+(?:\.\d+)?)"
TESTED = {"routerbench": 949, "pocket": 2400}  # test prompts of a trial

# Raw files.


@cache
def columns(experiment, data):
    """Return the columns of a table of trials."""
    path = ROOT / "results" / "trials" / experiment / f"{data}.parquet"
    return {name: np.array(one) for name, one in pq.read_table(path).to_pydict().items()}


def by_trial(experiment, data, method, metric="area", **condition):
    """Return one method's values, by rising trial."""
    table = columns(experiment, data)
    rows = table["method"] == method
    for name, value in condition.items():
        rows &= table[name] == value
    order = np.argsort(table["trial"][rows], kind="stable")
    return table[metric][rows][order].astype(float)


@cache
def pocket():
    """Return tasks, texts and losses of the pocket pool."""
    with np.load(ROOT / "uniroute_lab" / "pocket" / "pocket.npz") as file:
        prompts, losses = json.loads(file["prompts"].tobytes()), file["losses"].astype(float)
    return [one["family"] for one in prompts], [one["text"] for one in prompts], losses


@cache
def pocket_pairs():
    """Return the first and the second family of each prompt, "" for none, and the LLMs' names."""
    with np.load(ROOT / "uniroute_lab" / "pocket" / "pocket.npz") as file:
        prompts, llms = (json.loads(file[name].tobytes()) for name in ("prompts", "llms"))
    families = [[one[name] for one in prompts] for name in ("family", "second_family")]
    return *map(np.array, families), [one["name"] for one in llms]


@cache
def tried():
    """Return the rows of the development of the router for few labels."""
    with open(ROOT / "results" / "few_labels_tried.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def gains(**fields):
    """Return the gains of those rows that have these fields."""
    rows = [row for row in tried() if all(row[name] == value for name, value in fields.items())]
    return np.array([float(row["gain"]) for row in rows])


# Statistics.


def t_quantile(p, freedom):
    """Return a quantile of Student's t, above one half, by the trapezoid rule."""
    x = np.linspace(0, 60, 600_001)
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    density = np.exp(scale) / math.sqrt(freedom * math.pi)
    density = density * (1 + x**2 / freedom) ** (-(freedom + 1) / 2)
    area = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2) * (x[1] - x[0])])
    return float(np.interp(p - 0.5, area, x))


def interval(difference):
    """Return mean, lower and upper end of a 95 % interval."""
    n = len(difference)
    reach = t_quantile(0.975, n - 1) * difference.std(ddof=1) / math.sqrt(n)
    return difference.mean(), difference.mean() - reach, difference.mean() + reach


def interval_about_llms(data, first, second, n_prompts):
    """Return lower and upper end of the 95 % interval that speaks of new LLMs and new prompts.

    Three variances are added: of the trials' mean; of the test prompts that all trials share, from
    differences of two halves; of the LLMs, whose effects a regression on the pools finds.
    """
    table, apart = columns("main", data), gap(data, first, second)
    lists = table["pool_llms"][table["method"] == first]
    lists = lists[np.argsort(table["trial"][table["method"] == first], kind="stable")]
    names = sorted({name for one in lists for name in json.loads(one)})
    held = np.array([[float(name in json.loads(one)) for name in names] for one in lists])
    n, n_llms = held.shape
    # The column of the last LLM follows from the others: pools have one size.
    design = np.hstack([np.ones((n, 1)), held[:, :-1]])
    fitted = design @ np.linalg.pinv(design) @ apart
    noise = ((apart - fitted) ** 2).sum() / (n - n_llms)
    effects = max(0.0, apart.var(ddof=1) - noise)
    size = held.sum() / n
    halves = gap(data, first, second, metric="area_gap")
    share = TESTED[data] / n_prompts
    parts = [
        (apart.var(ddof=1) / n, n - 1),
        (share * (halves**2).mean() / 4, n - 1),
        (effects * size / (n_llms - size), n_llms - 1),
    ]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / known for part, known in parts)
    reach = t_quantile(0.975, freedom) * math.sqrt(variance)
    return apart.mean() - reach, apart.mean() + reach


def capped(values):
    """Return quality-neutral costs, at most 1."""
    return np.minimum(values, 1)


# The problem, and UniRoute.


def least_loss(losses, costs, budget):
    """Return the smallest mean loss of two LLMs, the first the cheap one, at a mean cost.

    What is left of the budget is spent where it saves most for its money.
    """
    losses, costs = np.array(losses), np.array(costs, dtype=float)
    left, total = len(losses) * budget - costs[:, 0].sum(), losses[:, 0].sum()
    saved, more = losses[:, 0] - losses[:, 1], costs[:, 1] - costs[:, 0]
    for i in np.argsort(-saved / more, kind="stable"):
        share = min(1, left / more[i])
        left, total = left - share * more[i], total - share * saved[i]
    return total / len(losses)


def part_1():
    """Yield (what, number, chapter, what stands before it)."""
    coins = np.random.default_rng(0).integers(0, 2, size=(20000, 12))
    before = r"Bayes-optimal (?=\d\.\d+\noracle )"
    yield "twelve coins, Bayes-optimal", 1 - coins[:, 0].mean(), "01", before
    yield "twelve coins, oracle", 1 - coins.min(axis=1).mean(), "01", r"\noracle +(?=\S+\n1 - 2)"
    yield "26 guessers", 1 - 0.9**26, "01", r"26 guessers +"
    two, prices = [[0.5, 0.4], [0.5, 0.1]], [[1, 3], [1, 3]]
    each = np.mean([least_loss([one], prices[:1], 2) for one in two])
    yield "budget in each pool", each, "03", r"budget in each pool "
    yield "budget on average", least_loss(two, prices, 2), "03", r"budget on average +"


def of_two_skills():
    """Return for Heron-XXL what two families alone would give together, and what is found."""
    first, second, llms = pocket_pairs()
    right, single = 1 - pocket()[2][:, llms.index("Heron-XXL")], second == ""
    alone = {name: right[single & (first == name)].mean() for name in set(first)}
    pairs = zip(first[~single], second[~single], strict=True)
    return np.mean([alone[a] * alone[b] for a, b in pairs]), right[~single].mean()


def part_2():
    """Yield (what, number, chapter, what stands before it)."""
    right, (_, second, _) = 1 - pocket()[2], pocket_pairs()
    each, some = right.mean(axis=0), right.max(axis=1).mean()
    yield "lowest accuracy", each.min(), "08", r"lowest accuracy\s+"
    yield "highest accuracy", each.max(), "08", r"highest accuracy\s+"
    yield "oracle less the best", some - each.max(), "08", r"oracle less the best LLM\s+"
    yield "two families, %", 100 * np.mean(second != ""), "08", r"8000 prompts, "
    product, found = of_two_skills()
    yield "product of two skills", product, "08", r"product +found\nHeron-XXL\s+"
    yield "found for two skills", found, "08", r"product +found\nHeron-XXL\s+\S+\s+"
    phi, truth = np.array([[0.6, 0.4], [0.4, 0.6]]), np.array([0.1, 0.9])
    hard = np.array([[0.8, 0.2], [0.2, 0.8]]) @ truth
    yield "features of hard clusters", phi[0] @ hard, "06", r"\nhard clusters\s+"
    soft = phi[0] @ (phi.T @ truth / phi.sum(axis=0))
    yield "features of soft means", soft, "06", r"\nsoft means\s+"
    p, q = 0.2, 0.3
    yield "error of a mean of ten", math.sqrt(p * (1 - p) / 10), "05", r"standard error \["
    needed = math.ceil((p * (1 - p) + q * (1 - q)) * (2 / (p - q)) ** 2 - 1e-9)
    yield "prompts needed", needed, "05", r"prompts needed "


# The theory.


def worked_world():
    """Return predicted and true mean losses, weights, memberships and losses of chapter 9."""
    w = np.array([0.4, 0.1, 0.3, 0.2])
    q = np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.0, 1.0]])
    p = np.random.default_rng(1).integers(1, 10, (4, 3, 2)) / 10
    return (*predictions(q, p, w), w, q, p)


def means(q, p, w):
    """Return each LLM's mean loss in each component."""
    share = w[:, None] * q
    return (share[:, None, :] * p).sum(axis=0) / share.sum(axis=0)


def predictions(q, p, w):
    """Return predicted and true mean losses."""
    return q @ means(q, p, w).T, (q[:, None, :] * p).sum(axis=2)


def excess(gamma, truth, costs, weight, w):
    """Return how much more a prompt's loss and weighed cost is than the least."""
    score, rows = truth + weight * np.array(costs), np.arange(len(truth))
    chosen = (gamma + weight * np.array(costs)).argmin(axis=1)
    return (w / w.sum()) @ (score[rows, chosen] - score.min(axis=1))


def largest_misfit(q, p, w):
    """Return E max Delta."""
    off = np.abs(p - means(q, p, w)).max(axis=1)
    return (w / w.sum()) @ np.where(q > 0, off, 0).max(axis=1)


def two_prompts(eta, tau=0.1, eps=0.2):
    """Return excess risk over E max Delta in the theorem's world."""
    q = np.array([[0.5 + eta, 0.5 - eta], [0.5 - eta, 0.5 + eta]])
    less = eps * (0.5 - eta) / (0.5 + eta)
    off = np.array([[less, eps], [-eps, -less]])
    mean = 0.5 + tau / 2 * np.array([[-1, 1], [1, -1]])
    return world_ratio(q, np.stack([mean[0] + off, mean[1] - off], axis=1))


def world_ratio(q, p):
    """Return excess risk over E max Delta, equal costs and prompts equally likely."""
    w = np.ones(len(q)) / len(q)
    return excess(*predictions(q, p, w), np.zeros(p.shape[1]), 0, w) / largest_misfit(q, p, w)


def in_words():
    """Return the ratio of the world of chapter 9 that is worked out term by term."""
    p = np.array([[[0.65, 0.85], [0.35, 0.15]], [[0.15, 0.35], [0.85, 0.65]]])
    return world_ratio(np.array([[0.6, 0.4], [0.4, 0.6]]), p)


def three_prompts():
    """Return the ratio of the world of chapter 10 with three prompts."""
    q = np.array([[1, 0], [0, 1], [0.05, 0.95]])
    truth = np.array([[0.42, 0.58], [0.22, 0.78], [0.8, 0.2]])
    return world_ratio(q, np.repeat(truth[:, :, None], 2, axis=2))


def explained_by_tasks():
    """Return the share of the variance of new losses that the means of tasks explain."""
    tasks, texts, losses = pocket()
    place = {text: i for i, text in enumerate(sorted(set(texts)))}
    group = np.array([place[text] for text in texts])
    order = np.random.default_rng(0).permutation(len(place))
    size, parts, first = np.bincount(group)[order], [], 0
    for count in (5000, 3000):
        fits = np.searchsorted(np.cumsum(size[first:]), count, side="right")
        parts.append(np.isin(group, order[first : first + fits]))
        first += fits
    known, new = parts
    tasks = np.array(tasks)
    mean = {task: losses[known & (tasks == task)].mean(axis=0) for task in set(tasks)}
    guess = np.array([mean[task] for task in tasks[new]])
    left = ((losses[new] - guess) ** 2).mean()
    return 1 - left / ((losses[new] - losses[known].mean(axis=0)) ** 2).mean()


def bernstein(mean, n, error=0.1):
    """Return Maurer and Pontil's radius of a mean of n losses that are 0 or 1, both sides."""
    log, variance = math.log(4 / error), mean * (1 - mean) * n / (n - 1)
    return math.sqrt(2 * variance * log / n) + 7 * log / (3 * (n - 1))


def part_3():
    """Yield (what, number, chapter, what stands before it)."""
    gamma, truth, w, q, p = worked_world()
    off = gamma - truth
    yield "excess risk", excess(gamma, truth, [1, 2, 4], 0.05, w), "09", r"by hand\s+"
    yield "range", w @ np.ptp(off, axis=1), "09", r"range of the misfit\s+"
    yield "twice the size", 2 * w @ np.abs(off).max(axis=1), "09", r"twice its size\s+"
    yield "E max Delta", largest_misfit(q, p, w), "09", r"E max Delta\s+"
    yield "ratio, eta 0.01", two_prompts(0.01), "09", r"\n0\.010\s+\S+\s+\S+\s+"
    yield "ratio, term by term", in_words(), "09", r"E max Delta 0\.3000,\s+ratio "
    before = r"ratio (?=\S+\s+ex10-learned: right)"
    yield "ratio, three prompts", three_prompts(), "10", before
    yield "explained by tasks", explained_by_tasks(), "11", r"K = 50(?:\s+\S+){2}\nTasks\s+"
    radius, before = math.sqrt(math.log(2 / 0.1) / (2 * 20)), r"mean loss 0\.5: hoeffding from "
    yield "Hoeffding's radius, 20 labels", radius, "12", before
    yield "Bernstein's radius, 20 labels", bernstein(0.5, 20), "12", r"; bernstein from "


# The paper's experiments.


def gap(data, first, second, experiment="main", metric="area", **condition):
    """Return the differences of two methods, by trial."""
    one = by_trial(experiment, data, first, metric, **condition)
    return one - by_trial(experiment, data, second, metric, **condition)


def share_of_20():
    """Return how often the size-matched rehearsal chooses 20 clusters on the pocket pool."""
    table = columns("n_clusters", "pocket")
    rows = (table["recipe"] == "size-matched") & (table["name"] == "UniRoute (K-means)")
    rows &= table["features"] == "embeddings"
    trial, K, area = (table[name][rows] for name in ("trial", "K", "area"))
    best = [K[trial == one][area[trial == one].argmax()] for one in np.unique(trial)]
    return np.mean(np.array(best) == 20)


def part_4():
    """Yield (what, number, chapter or row of the ledger, what stands before it)."""
    clusters, zero = "UniRoute (K-means)", "ZeroRouter"
    matched = f"{clusters}, size-matched"
    first, before = r"ZeroRouter's, with \D+\. Pocket pool: K-means ", "MMLU-Pro: K-means "
    yield "gain, pocket", gap("pocket", matched, zero).mean(), "14", first
    found = gap("mmlu_pro", matched, zero).mean()
    yield "gain, MMLU-Pro", found, "14", first + ".*?" + before
    _, low, high = interval(gap("pocket", "K-NN, size-matched", "K-NN"))
    before = r"paper's recipe, with \D+ about these LLMs\. Pocket pool: K-NN \S+ \["
    yield "K-NN, size-matched: lower end", low, "14", before
    yield "K-NN, size-matched: upper end", high, "14", before + r"\S+, "
    area = by_trial("main", "pocket", zero).mean()
    yield "ZeroRouter's area, pocket", area, "14", r"\nmethod +\nZeroRouter\s+"
    share = 100 * np.isinf(by_trial("main", "mmlu_pro", "MLP", "qnc")).mean()
    yield "infinite QNC, MLP", share, "14", r"\nMLP\s+\d+%\s+(?=\d+%)"
    area = by_trial("static_pool", "pocket", "Clairvoyant MLP").mean()
    yield "static MLP's area, pocket", area, "19", r"\nZeroRouter(?:\s+\S+){3}\s*\nMLP\s+"
    yield "20 clusters chosen", share_of_20(), "16", r"\n20\s+(?=\d\.\d+\s+\d\.\d+\s+\d\.\d+\n)"
    found = gap("mmlu_pro", clusters, "K-NN").mean()
    yield "K-means minus K-NN", found, "k-means-beats-k-nn-mmlu-pro", "difference"
    row = "lead-over-k-nn-and-regressions-is-small-pocket"
    rivals = ("Linear", "Logistic", "K-NN, size-matched")
    ends = [interval(gap("pocket", one, matched))[2] for one in rivals]
    yield "largest end of three leads", max(ends), row, "diff_high"
    for data, n_prompts in (("routerbench", 3164), ("pocket", 8000)):
        low, high = interval_about_llms(data, clusters, zero, n_prompts)
        row = f"k-means-beats-zerorouter-{data}"
        yield f"new LLMs, lower end, {data}", low, row, "diff_low"
        yield f"new LLMs, upper end, {data}", high, row, "diff_high"


# Beyond the paper.


def part_5():
    """Yield (what, number, chapter, what stands before it)."""
    level, first = {"round": "level"}, "level as in training"
    row = rf"{first}\s+"
    for i, pool in enumerate(("alike", "stronger", "newer")):
        found = gains(**level, estimator=first, pool=pool).mean()
        yield f"mean gain, {first}, {pool}", found, "24", row + r"\S+\s+" * i
    found = gains(**level, estimator=first, pool="stronger").min()
    yield f"worst gain, {first}, stronger", found, "24", row + r"\S+\s+" * 4
    found = gains(**level, estimator="level free", pool="stronger").mean()
    yield "mean gain, level free, stronger", found, "24", r"\nlevel free\s+\S+\s+"
    found = gains(round="features", estimator="clusters", pool="alike").mean()
    yield "mean gain, clusters, alike", found, "24", r"\nclusters\s+(?=\d)"
    found = gains(round="weights", estimator="all priors equally likely", pool="newer").mean()
    yield "mean gain, all priors", found, "24", r"all priors equally likely\s+\S+\s+"
    aside = {"round": "kept aside", "estimator": "K-NN, k = 20"}
    found = gains(**aside, pool="alike").mean()
    yield "mean gain, K-NN kept aside, alike", found, "24", r"K-NN, k = 20\s+"
    final = {"round": "final", "estimator": "UniRoute (prior)", "pool": "alike"}
    final |= {"n_train_llms": "all", "n_val": "25", "data": "pocket"}
    yield "final gain, pocket, 25 labels", gains(**final).mean(), "24", r"pocket\s+alike\s+all\s+"
    final |= {"data": "livecodebench", "n_train_llms": "4"}
    found = gains(**final).mean()
    yield "final gain, LiveCodeBench", found, "24", r"livecodebench alike\s+4\s+"


# Going deeper.


def part_6():
    """Yield (what, number, chapter, what stands before it)."""
    losses, prices = [[0.5, 0.25], [0.75, 0.25]], [[1, 4], [1, 2]]
    found = least_loss(losses, prices, 2)
    yield "two prompts, prices of their own", found, "33", r"by hand \S+, program "


# Where they are printed.


@cache
def printed(chapter):
    """Return the stored outputs of a chapter, as text."""
    (path,) = (ROOT / "book").glob(f"{chapter}-*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [one for cell in cells for one in cell.get("outputs", [])]
    texts = [one.get("text") or one.get("data", {}).get("text/plain", []) for one in outputs]
    return "\n" + "\n".join("".join(text) for text in texts) + "\n"


@cache
def ledger():
    """Return the rows of the ledger's claims, by name."""
    with open(ROOT / "results" / "ledger" / "claims.csv", encoding="utf-8") as file:
        return {row["row"]: row for row in csv.DictReader(file)}


def look_up(where, before):
    """Return a number as it is printed, None if it is not there."""
    if not where.isdigit():
        return ledger().get(where, {}).get(before)
    found = re.search(before + NUMBER, printed(where), re.S)
    return found and found.group(1)


def agrees(value, text):
    """Say whether a number is the printed one, to the last digit that is printed.

    >>> agrees(0.12345, "0.123"), agrees(0.12345, "0.124"), agrees(0.5, None)
    (True, False, False)
    """
    if text is None:
        return False
    if "e" in text or len(text.partition(".")[2]) > 4:  # of a table with four digits that count
        return math.isclose(value, float(text), rel_tol=6e-4)
    return abs(value - float(text)) <= 0.5 * 10.0 ** -len(text.partition(".")[2]) + 1e-9


def compared():
    """Yield (part, what, number, where, as it is printed, whether it agrees)."""
    parts = {"I": part_1, "II": part_2, "III": part_3, "IV": part_4, "V": part_5, "VI": part_6}
    for part, numbers in parts.items():
        for what, value, where, before in numbers():
            text = look_up(where, before)
            yield part, what, float(value), where, text, agrees(value, text)


def main():
    """Show the numbers, and fail if one differs."""
    rows = list(compared())
    for part, what, value, where, text, right in rows:
        place = f"chapter {where}" if where.isdigit() else where
        sign = " " if right else "!"
        print(f"{sign} {part:>3}  {what:<40} {value:10.5f}  {text or 'not found':>10}  {place}")
    sys.exit(not all(row[-1] for row in rows))


if __name__ == "__main__":
    main()

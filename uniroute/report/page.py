"""The page: who wins where, what routing saves, which router, all in one file without a network."""

import io
import re

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib import rc_context
from matplotlib.figure import Figure
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer

__all__ = ["budget_of", "kinds_of", "render"]

MOST_LLMS, MOST_KINDS, FEWEST = 12, 12, 40
INK = "#010203"  # replaced by the page's own colour of text
STYLES = {"chosen": ("#0072b2", "-"), "ZeroRouter": ("#d55e00", "--"),
          "Oracle": ("#009e73", "-."), "Random": ("#999999", ":")}  # fmt: skip


def budget_of(result, X):
    """Return the recommended budget of a prompt: the best single LLM's cost, less what is saved.

    Not less than the cheapest choices of the recommended router for prompts of embeddings `X`.
    """
    cost = result.llm_costs[result.llms.index(result.best_llm)]
    least = result.router.predict_cost(X).min(axis=1).mean()
    return float(max(cost * (1 - result.saving.mean), least))


def render(result, data, understood, saved, diagnosis):
    """Return the page as HTML.

    Parameters
    ----------
    result : Comparison
    data : RoutingData
        What was compared on, with embeddings.
    understood : list of str
    saved : str
        Name of the router's file.
    diagnosis : Diagnosis or None
        Of the recommended router at `budget_of` the result.

    Returns
    -------
    str
    """
    kinds, order = _kinds_and_llms(result, data)
    place, budget = data.llms.index(result.best_llm), budget_of(result, data.embeddings)
    loader = PackageLoader("uniroute.report", ".")
    page = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return page.get_template("page.html").render(
        result=result,
        sentence=result.sentence[0].upper() + result.sentence[1:],
        understood=understood,
        best_cost=result.llm_costs[place],
        best_quality=result.llm_quality[place],
        budget=budget,
        curves=_curves(result),
        alt=_alt(result),
        kinds=kinds,
        shown=[data.llms[m] for m in order],
        left_out=len(data.llms) - len(order),
        diagnosis=diagnosis,
        saved=saved,
        code=_code(saved, budget),
        percent=lambda share: f"{share:.1%}".replace("%", " %"),
        money=lambda value: f"{value:,.4g}",
    )


def _kinds_and_llms(result, data):
    """Return the kinds, and the LLMs to show: who wins most kinds, then who is best overall."""
    everyone = np.arange(len(data.llms))
    wins = np.bincount(
        [kind["best"] for kind in kinds_of(data, everyone) if kind["best"] is not None],
        minlength=len(everyone),
    )
    order = np.lexsort([-result.llm_quality, -wins])[:MOST_LLMS]
    return kinds_of(data, order), order


def kinds_of(data, llms):
    """Return the kinds of prompts, the largest first, and who wins there.

    Parameters
    ----------
    data : RoutingData
    llms : array of int
        The LLMs to show.

    Returns
    -------
    list of dict
        With `words` (the most typical ones), `example` (the prompt nearest to the centre), `share`,
        `quality` (None: no label) and `best`, a position in `llms` or None.
    """
    K = int(np.clip(len(data.prompts) // FEWEST, 1, MOST_KINDS))
    means = KMeans(K, n_init=1, random_state=0).fit(data.embeddings)
    words, nearest = _words(data.prompts, means.labels_, K), means.transform(data.embeddings)
    kinds = []
    for k in np.argsort(-np.bincount(means.labels_, minlength=K), kind="stable"):
        rows = np.flatnonzero(means.labels_ == k)
        losses = data.losses[rows][:, llms]
        seen = (~np.isnan(losses)).sum(axis=0)
        quality = [1 - np.nanmean(losses[:, j]) if n else None for j, n in enumerate(seen)]
        found = [-np.inf if q is None else q for q in quality]
        kinds.append(
            {
                "words": ", ".join(words[k]) or "(no words)",
                "example": _short(data.prompts[rows[nearest[rows, k].argmin()]]),
                "share": len(rows) / len(data.prompts),
                "quality": quality,
                "best": int(np.argmax(found)) if seen.any() else None,
            }
        )
    return kinds


def _words(prompts, labels, K, most=4):
    """Return the words that are likelier in each kind than in the others, by share of prompts."""
    counter = CountVectorizer(
        stop_words="english", binary=True, max_features=5000, token_pattern=r"[^\W\d_]{3,}"
    )
    try:
        counts = counter.fit_transform([text[:2000] for text in prompts])
    except ValueError:  # no words at all
        return [[] for _ in range(K)]
    names, found = counter.get_feature_names_out(), []
    for k in range(K):
        inside, outside = (
            (np.asarray(counts[rows].sum(axis=0)).ravel() + 0.1) / (rows.sum() + 1)
            for rows in (labels == k, labels != k)
        )
        weight = inside * np.log(inside / outside)
        found.append([names[i] for i in np.argsort(-weight, kind="stable")[:most] if weight[i] > 0])
    return found


def _short(text, most=90):
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def _curves(result):
    """Return the deferral curves and the single LLMs as SVG."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "page", "text.parse_math": False,
                     "font.size": 11, "text.color": INK, "axes.edgecolor": INK,
                     "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
                     "legend.labelcolor": INK}):  # fmt: skip
        figure = Figure(figsize=(7, 4.6), layout="constrained")
        axes = figure.subplots()
        for name, (color, line) in STYLES.items():
            label = f"routed ({result.recommended})" if name == "chosen" else name
            curve = result.curves[name]
            axes.plot(result.budgets, curve, color=color, linestyle=line, label=label, linewidth=2)
        axes.scatter(result.llm_costs, result.llm_quality, s=18, color="#cc79a7", label="one LLM")
        axes.set(xlabel=f"mean cost of a prompt ({result.cost_unit})", ylabel="quality (1 - loss)")
        if 0 < 20 * result.llm_costs.min() < result.llm_costs.max():
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(frameon=False, loc="outside lower center", ncols=3)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _alt(result):
    """Return what the curves show, in words made from their numbers."""
    middle = len(result.budgets) // 2
    at = ", ".join(f"{name} {result.curves[name][middle]:.3f}" for name in STYLES)
    return (
        f"Quality by mean cost of a prompt, from {result.budgets[0]:.3g} to "
        f"{result.budgets[-1]:.3g} {result.cost_unit}. At {result.budgets[middle]:.3g}: {at}. "
        f"The best single LLM, {result.best_llm}, has {result.llm_quality.max():.3f}."
    )


def _code(saved, budget):
    """Return the lines that load the router and route a prompt."""
    return (
        f"from uniroute import Encoder, UniRoute\n\n"
        f"router = UniRoute.load({saved!r})\n"
        f"encode = Encoder().encode  # the encoder that the table's embeddings are of\n"
        f"plan = router.plan(encode(my_prompts), budget={budget:.4g})  # once\n"
        f'router.route(encode(["What is 17 times 6?"]), plan=plan)\n'
    )

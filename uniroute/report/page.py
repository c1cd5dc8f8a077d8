"""The page: who wins where, what routing saves, which router, all in one file without a network."""

import io
import re

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib import rc_context
from matplotlib.figure import Figure
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer

from uniroute.report.comparison import decimals_of

__all__ = ["budget_of", "kinds_of", "render", "shortened"]

MOST_LLMS, MOST_KINDS, FEWEST, MOST_PROMPTS = 12, 12, 40, 20_000
INK = "#010203"  # replaced by the page's own colour of text
STYLES = {"chosen": ("#0072b2", "-"), "ZeroRouter": ("#d55e00", "--"),
          "Oracle": ("#009e73", "-."), "Random": ("#999999", ":")}  # fmt: skip


def budget_of(result, X):
    """Return the recommended budget of a prompt: the best single LLM's cost, less what is saved.

    Parameters
    ----------
    result : Comparison
    X : array-like of shape (n_prompts, n_dims)
        Embeddings of prompts.

    Returns
    -------
    float
        Not less than the cheapest choices of the recommended router for these prompts; of four
        digits, so that what is printed is what is meant.

    Examples
    --------
    `uniroute.report.__main__.report` fits the router's plan to it.
    """
    cost = result.llm_costs[result.llms.index(result.best_llm)]
    least = result.router.predict_cost(X).min(axis=1).mean()
    budget = float(max(cost * (1 - result.saving.mean), least))
    step = 10.0 ** (np.floor(np.log10(budget)) - 3) if budget > 0 else 1.0
    return float(f"{np.ceil(budget / step * (1 - 1e-12)) * step:.4g}")


def render(result, data, understood, saved, diagnosis, advice, budget, decision, encoder):
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
        Of the recommended router at the budget.
    advice : list of str
        Its sentences on what to label next.
    budget : float
        `budget_of` the result.
    decision : str
        How the code decides: by ``plan=plan`` of this budget, or by a ``cost_weight=``.
    encoder : str or None
        What makes the encoder in the code; None: it is not known.

    Returns
    -------
    str

    Examples
    --------
    `uniroute.report.__main__.report` writes it to a file.
    """
    kinds, order = _kinds_and_llms(result, data)
    place = data.llms.index(result.best_llm)
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
        advice=advice,
        saved=saved,
        code=_code(saved, data.embeddings.shape[1], budget, decision, encoder),
        percent=lambda share: f"{share:.1%}".replace("%", " %"),
        signed=lambda value, digits: f"{value:+z.{digits}f}",
        digits=decimals_of(result.gain, 3),
        money=lambda value: f"{value:,.0f}" if abs(value) >= 1000 else f"{value:z.4g}",
    )


def _kinds_and_llms(result, data):
    """Return the kinds, and the LLMs to show: who wins most kinds, then who is best overall."""
    kinds = kinds_of(data)
    best = [kind["quality"].argmax() for kind in kinds if np.isfinite(kind["quality"]).any()]
    wins = np.bincount(best, minlength=len(data.llms))
    order = np.lexsort([-result.llm_quality, -wins])[:MOST_LLMS]
    for kind in kinds:
        quality = kind["quality"][order]
        known = quality[np.isfinite(quality)]
        kind["best"] = int(quality.argmax()) if known.size and known.max() > known.min() else None
        kind["quality"] = [float(q) if np.isfinite(q) else None for q in quality]
    return kinds, order


def kinds_of(data):
    """Return the kinds of prompts, the largest first, and who wins there.

    Parameters
    ----------
    data : RoutingData
        Of more than 20,000 prompts as many are drawn.

    Returns
    -------
    list of dict
        With `words` (the most typical ones), `example` (the prompt nearest to the centre), `share`
        and `quality` of each LLM (-inf: no label).

    Examples
    --------
    >>> from uniroute import RoutingData
    >>> kind = np.arange(80) % 4 == 0
    >>> data = RoutingData(
    ...     name="toy", prompts=[f"{'sum' if k else 'city'} {i}" for i, k in enumerate(kind)],
    ...     prompt_ids=[str(i) for i in range(80)], tasks=["all"] * 80,
    ...     losses=np.column_stack([kind, ~kind]), costs=[1, 1], cost_unit="cents",
    ...     llms=["traveller", "adder"], licence="CC0-1.0", citation="none",
    ...     embeddings=np.column_stack([9.0 * kind, np.arange(80) / 80]))
    >>> [(kind["words"], round(kind["share"], 2)) for kind in kinds_of(data)]
    [('city', 0.75), ('sum', 0.25)]
    """
    if len(data.prompts) > MOST_PROMPTS:
        some = np.random.default_rng(0).permutation(len(data.prompts))[:MOST_PROMPTS]
        data = data.select(prompts=np.sort(some))
    K = int(np.clip(len(np.unique(data.embeddings, axis=0)) // FEWEST, 1, MOST_KINDS))
    means = KMeans(K, n_init=1, random_state=0).fit(data.embeddings)
    words, nearest = _words(data.prompts, means.labels_, K), means.transform(data.embeddings)
    kinds = []
    for k in np.argsort(-np.bincount(means.labels_, minlength=K), kind="stable"):
        rows = np.flatnonzero(means.labels_ == k)
        losses, seen = data.losses[rows], ~np.isnan(data.losses[rows])
        lost = np.where(seen, losses, 0.0).sum(axis=0)
        quality = np.where(seen.any(axis=0), 1 - lost / np.maximum(seen.sum(axis=0), 1), -np.inf)
        kinds.append(
            {
                "words": ", ".join(words[k]) or "(no words)",
                "example": shortened(data.prompts[rows[nearest[rows, k].argmin()]]),
                "share": len(rows) / len(data.prompts),
                "quality": quality,
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


def shortened(text, most=90):
    r"""Return a text on one line, cut where it is longer than `most`.

    Parameters
    ----------
    text : str
    most : int, default 90
        Characters, the dots for what is cut off among them.

    Returns
    -------
    str

    Examples
    --------
    >>> shortened("Why\n  not? Because.", most=12)
    'Why not? ...'
    """
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
    names = {name: "routed" if name == "chosen" else name for name in STYLES}
    at = ", ".join(f"{said} {result.curves[name][middle]:.3f}" for name, said in names.items())
    return (
        f"Quality by mean cost of a prompt, from {result.budgets[0]:.3g} to "
        f"{result.budgets[-1]:.3g} {result.cost_unit}. At {result.budgets[middle]:.3g}: {at}. "
        f"The best single LLM, {result.best_llm}, has {result.llm_quality.max():.3f}."
    )


def _code(saved, n_dims, budget, decision, encoder):
    """Return lines that load the router, where its file is, and route a prompt."""
    plan = [f"[plan] = router.plans_  # budget={budget:.4g}, on average"]
    plan = plan if decision == "plan=plan" else []
    if encoder is None:
        lines = [
            "import numpy as np\nfrom uniroute import UniRoute\n",
            f"router = UniRoute.load({saved!r})",
            *plan,
            f"X = np.zeros((1, {n_dims}))  # embeddings of prompts, made as the table's were",
            f"router.route(X, {decision})",
        ]
    else:
        lines = [
            "from uniroute import Encoder, UniRoute\n",
            f"router = UniRoute.load({saved!r}, encoder={encoder})  # no other is taken",
            *plan,
            f'router.route_texts(["What is 17 times 6?"], {decision})',
        ]
    return "\n".join(lines) + "\n"

"""Draw the README's picture and print the text that says what it shows.

    python -m scripts.draw_readme

README.md has the printed text as the picture's alternative text; a test compares the two.
"""

from pathlib import Path

from uniroute import KMeansMap, UniRoute, ZeroRouter, deferral_curve, random_world
from uniroute_lab.plot import METHODS, Picture, deferral_curves

PICTURE = Path(__file__).parents[1] / "book" / "_static" / "readme.png"
# The words beside each curve, and where they end or begin: cost, quality, alignment.
LABELS = {
    "Bayes-optimal": ("the best possible: knows the true losses", 101, 0.888, "right"),
    "UniRoute (K-means)": ("UniRoute: looks at the prompt", 101, 0.782, "right"),
    "ZeroRouter": ("ZeroRouter: does not look at it", 28, 0.587, "left"),
}


def compute_curves():
    """Return deferral curves, by name of the method, on one simulated world."""
    world = random_world(n_components=8, n_llms=10, random_state=0)
    names = [f"LLM {number}" for number in range(10)]
    train = world.sample(2000, random_state=0)
    val = world.sample(1000, random_state=1)
    test = world.sample(4000, random_state=2)
    router = UniRoute(KMeansMap(n_clusters=20)).fit(train.X)
    router.add_llms(names, val.X, val.losses, world.costs)
    predictions = {
        "Bayes-optimal": test.gamma,
        "UniRoute (K-means)": router.predict_loss(test.X),
        "ZeroRouter": ZeroRouter().fit(names, val.X, val.losses, world.costs).predict_loss(test.X),
    }
    return {
        name: deferral_curve(gamma, test.losses, world.costs) for name, gamma in predictions.items()
    }


def draw():
    """Return the picture: the curves, with words beside them and an arrow for what is saved."""
    curves = compute_curves()
    router = curves["UniRoute (K-means)"]
    title = f"Ten simulated LLMs: as good as the best of them, for {router.qnc():.0%} of its cost"
    picture = deferral_curves(curves, "multiples of the cheapest", title=title)
    words = title.replace(", ", ",\n")
    picture.figure.suptitle(words, x=0.01, ha="left", fontsize=11, fontweight="bold")
    (axes,) = picture.figure.axes
    for legend in picture.figure.legends:
        legend.remove()
    picture.figure.set_size_inches(5.2, 3.3)  # small, so that its text is large on a phone
    axes.set(ylabel="quality (share of right answers)", ylim=(0.22, 0.94))
    for name, (words, cost, quality, side) in LABELS.items():
        axes.text(cost, quality, words, color=METHODS[name][0], ha=side)
    axes.text(43, 0.52, "dots: single LLMs", color="#666666", va="center")
    best = router.llm_losses.argmin()
    cost, quality = router.llm_costs[best], 1 - router.llm_losses[best]
    arrow = {"arrowstyle": "-|>", "color": "#D55E00", "lw": 1.6, "shrinkA": 4, "shrinkB": 0}
    axes.annotate("", (router.qnc() * cost, quality), (cost, quality), arrowprops=arrow)
    return Picture(picture.figure, f"{title}. {picture.text}")


def main():
    """Write the picture and print its text."""
    picture = draw()
    picture.save(PICTURE)
    print(picture.text)


if __name__ == "__main__":
    main()

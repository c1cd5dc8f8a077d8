"""What the figures of `uniroute.plot` are made of: one style, canvases, labels that keep apart."""

from functools import wraps

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from scipy import optimize, stats

__all__ = []

# Told apart by readers with any of the common kinds of colour vision; a test simulates them.
PALETTE = {
    "UniRoute (K-means)": "#0072B2",
    "UniRoute (learned map)": "#C84B00",
    "K-NN": "#1B8A5A",
    "ZeroRouter": "#999999",
    "Oracle": "#000000",
    "Bayes rule": "#882255",
    "Ridge": "#56B4E9",
    "MLP": "#E69F00",
    "MatFac": "#332288",
}
DASHES = {
    "K-NN": (0, (5, 1.5)),
    "ZeroRouter": (0, (2, 1)),
    "Oracle": (0, (6, 1.5, 1, 1.5)),
    "Ridge": (0, (3, 1, 1, 1)),
    "MLP": (0, (4, 1)),
    "MatFac": (0, (7, 2)),
}
SUFFIXES = {" (clairvoyant)": (0, (1, 1)), " (retrained)": (0, (4, 2, 1, 2, 1, 2))}
# For what has no name of its own: clusters, LLMs, other methods.
GROUP_COLOURS = (
    "#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE",
    "#AA3377", "#777777", "#EE8822", "#332288", "#88CCAA",
)  # fmt: skip
INK = "#222222"
SIZE = (6.4, 4.0)  # inches: small, so that the letters stay readable on a phone
DPI = 130
STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#888888",
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 12,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "grid.color": "#E4E4E4",
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
# Where a point's name may stand: offset in points, horizontal and vertical alignment.
PLACES = [
    (7, 0, "left", "center"),
    (0, 7, "center", "bottom"),
    (-6, 5, "right", "bottom"),
    (0, -7, "center", "top"),
    (6, -5, "left", "top"),
    (-7, 0, "right", "center"),
    (6, 5, "left", "bottom"),
    (-6, -5, "right", "top"),
]


def styled(function):
    """Run a function under the style and leave matplotlib's settings as they were."""

    @wraps(function)
    def run(*args, **kwargs):
        with matplotlib.rc_context(STYLE):
            return function(*args, **kwargs)

    return run


def canvas(size=SIZE, log_x=False):
    """Return a figure that pyplot does not know, so that none is left open, and its axes."""
    fig = Figure(figsize=size, layout="constrained")
    ax = fig.subplots()
    if log_x:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
    return fig, ax


def base_name(method):
    """Return the name without " (clairvoyant)" or " (retrained)"."""
    for suffix in SUFFIXES:
        method = method.removesuffix(suffix)
    return method


def line_styles(names):
    """Return colour, dash and width of each line; spare colours for names without a fixed one."""
    spare = iter(GROUP_COLOURS * (1 + len(names) // len(GROUP_COLOURS)))
    styles = {}
    for name in names:
        base = base_name(name)
        colour = PALETTE[base] if base in PALETTE else next(spare)
        dash = SUFFIXES.get(name.removeprefix(base), DASHES.get(base, "-"))
        styles[name] = {"color": colour, "linestyle": dash}
    return styles


def ink(colour):
    """Return a colour dark enough for letters."""
    return tuple(0.7 * np.array(to_rgb(colour)))


def mean_interval(values):
    """Return the mean over trials and the half-width of its 95 % interval (None for one trial)."""
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, None
    return mean, stats.sem(values, axis=0) * stats.t.ppf(0.975, len(values) - 1)


def line_with_band(ax, x, mean, reach, style, **more):
    """Draw a line and, where there is one, the band around it."""
    ax.plot(x, mean, zorder=3, **style, **more)
    if reach is not None:
        ax.fill_between(
            x, mean - reach, mean + reach, color=style["color"], alpha=0.2, linewidth=0, zorder=2
        )


def spread(positions, sizes, low=0.0, high=1.0):
    """Move labels as little as possible so that they do not overlap and stay in [low, high].

    `positions` are rising centres, `sizes` the extents along the axis.
    """
    sizes = np.asarray(sizes, dtype=float)
    steps = np.concatenate([[0.0], np.cumsum((sizes[1:] + sizes[:-1]) / 2)])
    free = optimize.isotonic_regression(np.asarray(positions) - steps).x
    first, last = low + sizes[0] / 2, high - sizes[-1] / 2 - steps[-1]
    return np.clip(free, min(first, last), max(first, last)) + steps


def to_axes(ax, x, y):
    """Turn data coordinates into fractions of the axes."""
    return ax.transAxes.inverted().transform(ax.transData.transform(np.column_stack([x, y])))


def label_ends(ax, ends, colours):
    """Write each line's name to the right of the axes, next to the line's end."""
    ax.set_ylim(ax.get_ylim())
    names = sorted(ends, key=lambda name: ends[name][1])
    texts = [name.replace(" (", "\n(") for name in names]
    places = to_axes(ax, *np.array([ends[name] for name in names], dtype=float).T)
    line = 1.3 * 11 / 72 / (0.8 * ax.figure.get_figheight())
    heights = [line * (1 + text.count("\n")) for text in texts]
    for name, text, place in zip(names, texts, spread(places[:, 1], heights), strict=True):
        ax.annotate(
            text, ends[name], (1.04, place), textcoords="axes fraction", va="center",
            color=ink(colours[name]), linespacing=1.0,
            arrowprops={"arrowstyle": "-", "color": colours[name], "linewidth": 0.8, "shrinkB": 0},
        )  # fmt: skip


def label_tops(ax, tops, colours):
    """Write the names of lines that leave through the top above the axes, slanted."""
    names = sorted(tops, key=tops.get)
    if not names:
        return
    top = np.full(len(names), ax.get_ylim()[1])
    places = to_axes(ax, [tops[name] for name in names], top)[:, 0]
    gap = 1.6 * 11 / 72 / (0.75 * ax.figure.get_figwidth())
    for name, place in zip(names, spread(places, np.full(len(names), gap)), strict=True):
        ax.text(
            place, 1.01, name, transform=ax.transAxes, rotation=35, ha="left", va="bottom",
            rotation_mode="anchor", color=ink(colours[name]),
        )  # fmt: skip


def name_points(ax, x, y, names, order, *, keep=0, path=None):
    """Write names beside points in `order`; after the first `keep` only where there is room.

    `path` holds more points, of shape (n, 2), that names should not cover.
    """
    ax.figure.draw_without_rendering()  # the layout, so that boxes can be measured
    points = np.column_stack([x, y])
    obstacles = ax.transData.transform(points if path is None else np.vstack([points, path]))
    placed = []
    for rank, i in enumerate(order):
        tries = [_write(ax, names[i], points[i], *place) for place in PLACES]
        clutter = [_clutter(ax, box, placed, obstacles) for _, box in tries]
        best = int(np.argmin(clutter))
        for k, (text, box) in enumerate(tries):
            if k == best and (rank < keep or not clutter[k]):
                placed.append(box)
            else:
                text.remove()


def _write(ax, name, point, dx, dy, ha, va):
    text = ax.annotate(
        name, point, (dx, dy), textcoords="offset points", ha=ha, va=va, fontsize=9.5, zorder=5
    )
    return text, text.get_window_extent()


def _clutter(ax, box, placed, obstacles):
    """Count what a label would cover, and whether it would leave the axes."""
    outside = box.x0 < ax.bbox.x0 or box.y0 < ax.bbox.y0 or box.y1 > ax.figure.bbox.y1
    outside |= box.x1 > ax.bbox.x1 + 20
    return box.count_overlaps(placed) + Bbox(box).count_contains(obstacles) + 3 * outside


def digits(value):
    """Write a number with three digits; ties go up, whatever the last bits say."""
    value = float(value)
    return f"{value + 1e-12 * abs(value):.3g}".replace("-", "−") if value else "0"


def listed(values, count=6):
    """Write "a, b and 3 more" of many names."""
    values = list(values)
    if len(values) <= count:
        return ", ".join(values)
    return ", ".join(values[:count]) + f" and {len(values) - count} more"

"""Axes: the book's size, logarithmic scales, legends, and functions drawn as they are."""

from textwrap import fill

import numpy as np
from scipy.optimize import isotonic_regression

from uniroute_lab.plot.picture import number

__all__ = [
    "draw_function",
    "ends_are_free",
    "halo",
    "handles_of",
    "label_ends",
    "legend_below",
    "legend_beside",
    "log_x",
    "log_y",
    "new_axes",
]

WIDTH = 5.8  # inches: of a picture's text two thirds are left on a phone, and this is enough
N_BESIDE = 20  # letters of a label that leave room for the axes beside it
NEAR = 0.09  # of the axes' height: a name moved further is not seen to be its line's
N_STEPS = 400  # straight pieces along an axis on which straight lines are curves


def halo():
    """Return the path effects of words that can be read where a line passes behind them.

    Examples
    --------
    >>> [type(one).__name__ for one in halo()]
    ['withStroke']
    """
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=3, foreground="white")]


def new_axes(n_rows=1, n_columns=1, height=3.6, **options):
    """Return a new figure of the book's width, and its axes.

    Parameters
    ----------
    n_rows, n_columns : int, default 1
    height : float, default 3.6
        Inches.
    **options
        As for ``figure.subplots``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes or ndarray of Axes
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(n_rows, n_columns, **options)


def log_x(axes, low, high, ticks=None):
    """Make the horizontal axis logarithmic, with plain numbers: at `ticks`, else round ones.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    low, high : float
        Smallest and largest number on it.
    ticks : array-like of float, optional

    Raises
    ------
    ValueError
        If `low` is not positive.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    if low <= 0:
        raise ValueError(f"numbers on a logarithmic axis must be positive; got {low:g}")
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    if ticks is not None:
        axes.set_xticks(ticks, [number(tick) for tick in ticks])
        return
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 500 else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def log_y(axes):
    """Make the vertical axis logarithmic, with plain numbers; what is not positive is left out.

    A line has a gap there: it does not fall to the lower edge, which would be a number.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    """
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_formatter("{x:g}")


def draw_function(axes, x, y, band=None, marked=slice(None), shade=0.18, **look):
    """Draw a function that is linear between its vertices, on whatever scale the axes have.

    A straight line is a curve on a logarithmic axis: there it is drawn through points between the
    vertices, so many that the picture cannot be told from the function. The scales must be set
    before.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    x, y : array-like of shape (n_vertices,)
        `x` does not fall; a vertical piece is a jump.
    band : tuple of array-like, optional
        Lower and upper end of a band around it, each of shape (n_vertices,).
    marked : slice, default all
        Which vertices bear the marker, if `look` has one.
    shade : float, default 0.18
        Opacity of the band.
    **look
        As for ``axes.plot``: color, linestyle, marker, label.

    Notes
    -----
    Every line of this package that stands for a function is drawn here, except horizontal and
    vertical ones, which are straight on any axis. Chapter 1.
    """
    rows = np.array([x, y] if band is None else [x, y, *band], dtype=float)
    vertices = np.arange(rows.shape[1])
    places = _places(axes, *rows[:2])
    x, y, *band = (np.interp(places, vertices, row) for row in rows)
    axes.plot(x, y, markevery=list(np.searchsorted(places, vertices[marked])), **look)
    if band:
        axes.fill_between(x, *band, color=look["color"], alpha=shade, lw=0)


def _places(axes, x, y):
    """Return where to evaluate, in numbers of vertices: 1.5 is half-way from the second on."""
    scales = [axes.xaxis.get_transform(), axes.yaxis.get_transform()]
    vertices = np.arange(len(x), dtype=float)
    if all(scale.is_affine for scale in scales):
        return vertices
    even = [_even_places(scale, row) for scale, row in zip(scales, (x, y), strict=True)]
    return np.unique(np.concatenate([vertices, *even]))


def _even_places(scale, values):
    """Return places between the vertices that lie evenly on a scale."""
    drawn = np.ones(len(values), dtype=bool) if scale.is_affine else values > 0
    on_scale = scale.transform(np.where(drawn, values, 1.0))
    total = np.ptp(on_scale[drawn]) if drawn.any() else 0.0
    found = [np.empty(0)]
    for i in np.flatnonzero(drawn[1:] & drawn[:-1] & (np.diff(on_scale) != 0)):
        n_pieces = int(np.ceil(N_STEPS * abs(on_scale[i + 1] - on_scale[i]) / total))
        steps = np.linspace(*on_scale[i : i + 2], n_pieces + 1)[1:-1]
        inside = scale.inverted().transform(steps)
        found.append(i + (inside - values[i]) / (values[i + 1] - values[i]))
    return np.concatenate(found)


def legend_beside(axes, title=None):
    """Put the legend to the right of the axes, below them if it is wide, and return it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    title : str, optional

    Returns
    -------
    matplotlib.legend.Legend
    """
    handles, labels = axes.get_legend_handles_labels()
    if max(map(len, labels), default=0) > N_BESIDE:
        return legend_below(axes.figure, handles, len(handles), title)
    return axes.legend(title=title, loc="center left", bbox_to_anchor=(1.0, 0.5))


def legend_below(figure, handles, n_columns, title=None):
    """Put one legend below all axes of a figure, make the figure so much higher, and return it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    handles : sequence of matplotlib artists
        With labels.
    n_columns : int
        At most so many, fewer where labels are long.
    title : str, optional

    Returns
    -------
    matplotlib.legend.Legend
    """
    width = 0.55 + 0.078 * max((len(handle.get_label()) for handle in handles), default=0)
    n_columns = max(1, min(n_columns, int(WIDTH / width)))
    n_rows = -(-len(handles) // n_columns) + (title is not None)
    figure.set_figheight(figure.get_figheight() + 0.21 * max(0, n_rows - 1))
    place = {"loc": "outside lower center", "ncols": n_columns}
    return figure.legend(handles=handles, title=title, **place)


def label_ends(axes, ends):
    """Write words to the right of the axes, each at the height where its line ends.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Everything is drawn and the scales are set.
    ends : sequence of tuple of (str, float, str)
        Words, height of the line's end, colour. Words too close to each other are moved apart.
    """
    folded = [_folded(words) for words, *_ in ends]
    places = _apart(_end_heights(axes, ends), folded)
    for words, (_, _, colour), place in zip(folded, ends, places, strict=True):
        look = {"color": colour, "va": "center", "fontsize": 9, "annotation_clip": False}
        axes.annotate(words, (1, place), (1.015, place), xycoords="axes fraction", **look)


def ends_are_free(axes, ends):
    """Say whether words beside the ends of lines would stand where the lines end, or nearly.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    ends : sequence of tuple of (str, float, str)
        As for `label_ends`.

    Returns
    -------
    bool
    """
    heights = _end_heights(axes, ends)
    folded = [_folded(words) for words, *_ in ends]
    return bool(np.abs(_apart(heights, folded) - heights).max() <= NEAR)


def _folded(words):
    """Write words, if there are many, in several lines."""
    return "\n".join(fill(line, N_BESIDE) for line in words.split("\n"))


def _end_heights(axes, ends):
    """Return where lines end, in parts of the axes' height."""
    axes.get_xlim(), axes.get_ylim()  # the limits are worked out when asked for
    low, high = axes.transAxes.transform([[0, 0], [1, 1]])[:, 1]
    y = axes.transData.transform([(1, height) for _, height, _ in ends])[:, 1]
    return (y - low) / (high - low)


def _apart(places, texts, line=0.062):
    """Move heights apart, in their order and as little as may be, until no text hides another."""
    order = np.argsort(places, kind="stable")
    size = line * np.array([1 + text.count("\n") for text in texts])[order]
    middle = np.cumsum(size) - size / 2  # without any blank between them
    moved = isotonic_regression(places[order] - middle).x  # blanks below them may only grow
    found = np.empty(len(places))
    found[order] = np.clip(moved, -0.03, max(-0.03, 1.03 - size.sum())) + middle
    return found


def handles_of(grid):
    """Return what stands for each label in several axes: the first of each.

    Parameters
    ----------
    grid : iterable of matplotlib.axes.Axes

    Returns
    -------
    list of matplotlib artists
    """
    found = {}
    for axes in grid:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values())

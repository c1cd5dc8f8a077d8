"""Pictures: one style, one colour for each method, and a text made from the data for each picture.

A function returns a `Picture`. A notebook shows it; its text is what ``print`` gives, what a screen
reader reads on the book's pages, and what the tests compare. All functions need matplotlib.
"""

from io import BytesIO

import numpy as np

__all__ = ["Picture"]


# Colour, dash and marker of each method, the same all through the book. A label belongs to the
# longest of these that it begins with: "K-NN, k = 10" is drawn as "K-NN".
METHODS = {
    "Oracle": ("#222222", "-", "*"),
    "Bayes-optimal": ("#222222", (0, (1, 1.2)), "p"),
    "ZeroRouter": ("#777777", "--", "x"),
    "UniRoute": ("#0072B2", "-", "o"),
    "UniRoute (K-means)": ("#0072B2", "-", "o"),
    "UniRoute (learned map)": ("#D55E00", "-", "s"),
    "UniRoute (learned map, soft)": ("#A03000", (0, (1, 1)), "D"),
    "K-NN": ("#009E73", "-.", "^"),
    "Linear": ("#B8860B", (0, (5, 1)), "v"),
    "Logistic": ("#6B6B00", (0, (1, 2)), ">"),
    "MLP": ("#B0568E", (0, (3, 1, 1, 1)), "P"),
    "MatFac": ("#5E3C99", (0, (4, 2, 1, 2)), "X"),
    "Clairvoyant": ("#444444", (0, (2, 1)), "d"),
}
# For what is not a method, in order, in colours that no method has.
OTHERS = [
    ("#332288", "-", "o"),
    ("#CC6677", "--", "s"),
    ("#2E8B7D", "-.", "^"),
    ("#882255", ":", "D"),
    ("#7F7F2A", (0, (5, 1)), "v"),
    ("#7788BB", (0, (3, 1, 1, 1)), "P"),
]
WIDTH = 7.2  # inches


class Picture:
    """A figure and the text that says what it shows.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    text : str
        What it shows, with numbers; the picture's ``repr``.

    Notes
    -----
    Used in every chapter, from Chapter 1 on.

    Examples
    --------
    >>> from uniroute_lab.plot.series import series
    >>> picture = series([1, 2], {"UniRoute": [0.5, 0.75]}, "K", "area")
    >>> picture
    area against K, from 1 to 2. UniRoute: from 0.5 to 0.75, highest 0.75 at K = 2.
    """

    def __init__(self, figure, text):
        self.figure = figure
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_png_(self):
        buffer = BytesIO()
        # No creation software or date: the same picture is the same file.
        self._render(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def _render(self, target, **options):
        """Draw, and keep the layout: worked out again it would be another one."""
        self.figure.savefig(target, **options)
        self.figure.set_layout_engine("none")

    def save(self, path):
        """Write the picture to a file; the suffix of `path` says in which format.

        Parameters
        ----------
        path : str or Path
        """
        self._render(path)


def _axes(n_rows=1, n_columns=1, height=3.6, **options):
    """Return a new figure in the book's style, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(n_rows, n_columns, **options)


def _styled(function):
    """Run a function in the book's style."""
    from functools import wraps
    from pathlib import Path

    @wraps(function)
    def run(*args, **kwargs):
        from matplotlib import style

        with style.context(Path(__file__).with_name("book.mplstyle")):
            return function(*args, **kwargs)

    return run


def _looks(labels):
    """Return {label: (colour, dash, marker)}."""
    others = iter(OTHERS * (1 + len(labels) // len(OTHERS)))
    return {label: _method_look(label) or next(others) for label in labels}


def _method_look(label):
    """Return (colour, dash, marker) of the method that a label begins with, or None."""
    known = [method for method in METHODS if label.startswith(method)]
    return METHODS[max(known, key=len)] if known else None


def llm_colours(n_llms):
    """Return colours of LLMs by rising cost: the dearer, the darker.

    Parameters
    ----------
    n_llms : int

    Returns
    -------
    list of tuple
        RGBA.
    """
    from matplotlib import colormaps

    return [colormaps["viridis_r"](x) for x in np.linspace(0.08, 0.98, n_llms)]


def _number(value):
    """Write a number with three significant digits, thousands in full."""
    text = f"{0.0 if abs(value) < 1e-12 else value:.3g}"
    return f"{float(text):.0f}" if 1000 <= abs(float(text)) < 1e6 else text


def _need(name, values):
    if not len(values):
        raise ValueError(f"{name} must hold at least one entry; got none")


def _log_axis(axes, low, high):
    """Make the cost axis logarithmic, with plain numbers on it."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    subs = (1, 2, 5) if high / low < 500 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())

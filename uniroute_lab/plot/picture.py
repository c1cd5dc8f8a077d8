"""A figure and the text that says what it shows; the book's style; numbers as texts write them."""

from functools import wraps
from io import BytesIO
from pathlib import Path

__all__ = ["Picture", "need", "number", "styled"]

STYLE = Path(__file__).with_name("book.mplstyle")


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
    >>> from uniroute_lab import plot
    >>> plot.lines({"K": [1, 2], "UniRoute": [0.5, 0.75]}, "K", "area")
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


def styled(function):
    """Run a function in the book's style.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
    """

    @wraps(function)
    def run(*args, **kwargs):
        from matplotlib import style

        with style.context(STYLE):
            return function(*args, **kwargs)

    return run


def number(value):
    """Write a number with three significant digits, thousands in full.

    Parameters
    ----------
    value : float

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.12345), number(1234.5), number(2e6)
    ('0.123', '1230', '2e+06')
    """
    text = f"{0.0 if abs(value) < 1e-12 else value:.3g}"
    return f"{float(text):.0f}" if 1000 <= abs(float(text)) < 1e6 else text


def need(name, values):
    """Raise an error if there is nothing to draw.

    Parameters
    ----------
    name : str
        The argument.
    values : sized

    Raises
    ------
    ValueError
    """
    if not len(values):
        raise ValueError(f"{name} must hold at least one entry; got none")

"""A figure and the text that says what it shows; the book's style; numbers as texts write them."""

import re
from functools import wraps
from io import BytesIO
from pathlib import Path
from textwrap import fill

from uniroute_lab.plot.png import write_png

__all__ = ["SMALLEST", "Picture", "interval_words", "need", "number", "styled"]

STYLE = Path(__file__).with_name("book.mplstyle")
DPI = 288  # pixels per inch: three for each of a page, for screens that are fine
SMALLEST = 10  # points: still read on a phone, where a page shows two thirds of this
LONG = 26  # letters of a name at the side, beyond which it is folded
ROOM = 0.3  # inches from one name to the next that two lines need; an inch is for title and labels


class Picture:
    """A figure, the text that says what it shows, and the caption that goes under it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    text : str
        What it shows, with numbers.
    note : str, default ""
        What a caption must say in any case: the level of intervals, the number of trials.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    text : str
        As above; the picture's ``repr``.

    Notes
    -----
    Used in every chapter, from Chapter 1 on.

    Examples
    --------
    >>> from uniroute_lab import plot
    >>> picture = plot.lines({"K": [1, 2], "UniRoute": [0.5, 0.75]}, "K", "area")
    >>> picture
    area against K, from 1 to 2. UniRoute: from 0.5 to 0.75, highest 0.75 at K = 2.
    >>> picture.caption
    'Area against K, from 1 to 2.'
    >>> picture.captioned("More clusters, more area.").caption
    'More clusters, more area.'
    """

    def __init__(self, figure, text, note=""):
        self.figure = figure
        self.text = text
        self.note = note
        self._words = None

    def __repr__(self):
        return self.text

    @property
    def caption(self):
        """What stands under it on a page: given words or the text's first sentence; the note."""
        words = self._words or re.split(r"\. |: ", self.text)[0]
        words = words[:1].upper() + words[1:]
        return f"{words.removesuffix('.')}.{' ' * bool(self.note)}{self.note}"

    def captioned(self, words):
        """Say under the picture what it shows, in place of its text's first sentence.

        Parameters
        ----------
        words : str
            One sentence or two, without the figure's number; the note follows by itself.

        Returns
        -------
        Picture
            Itself.

        Raises
        ------
        ValueError
            If there are no words.
        """
        if not str(words).strip():
            raise ValueError(f"words must say something; got {words!r}")
        self._words = " ".join(str(words).split())
        return self

    def _repr_png_(self):
        buffer = BytesIO()
        self._render(buffer, format="tiff", dpi=DPI)  # a PNG would be packed and unpacked again
        return write_png(buffer, DPI, self.caption)

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
        if Path(path).suffix.lower() == ".png":
            Path(path).write_bytes(self._repr_png_())
        else:
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
            picture = function(*args, **kwargs)
            _settle(picture.figure)
            return picture

    return run


def _settle(figure):
    """Make a figure fit to be read on a narrow page: titles, names, and no small text."""
    from matplotlib.text import Text

    _lift_title(figure)
    for axes in figure.axes:
        _fold_names(axes.yaxis)
    for text in figure.findobj(Text):
        text.set_fontsize(max(SMALLEST, text.get_fontsize()))


def _lift_title(figure):
    """Let a title that is alone begin at the figure's left edge, and go on in a second line.

    Names at the side of the axes leave little room above them.
    """
    titled = [axes for axes in figure.axes if axes.get_title(loc="left")]
    if len(titled) == 1 and not figure.get_suptitle():
        figure.suptitle(titled[0].get_title(loc="left"))
        titled[0].set_title("")
    if figure.get_suptitle():
        figure._suptitle.set(x=0.01, ha="left", wrap=True)


def _fold_names(axis):
    """Write names at the side of the axes, if one is long and there is room, in several lines."""
    from matplotlib.ticker import FixedLocator

    names = [label.get_text() for label in axis.get_majorticklabels()]
    longest = max(map(len, names), default=0)
    place = axis.axes.get_subplotspec()  # None for a scale of colours
    n_rows = place.get_gridspec().nrows if place else 1
    apart = (axis.figure.get_figheight() / n_rows - 1) / max(1, len(names))
    fixed = isinstance(axis.get_major_locator(), FixedLocator)
    if fixed and longest > LONG and apart >= ROOM:
        axis.set_ticklabels([fill(name, LONG, break_long_words=False) for name in names])


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


def interval_words(level=None, about=None):
    """Say for a caption of which level intervals are, and what they are about.

    Parameters
    ----------
    level : float, optional
        Between 0 and 1.
    about : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> interval_words(0.95, "new LLMs")
    '95 % intervals about new LLMs'
    """
    words = "" if level is None else f"{100 * level:g} % "
    return f"{words}intervals" + (f" about {about}" if about else "")


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

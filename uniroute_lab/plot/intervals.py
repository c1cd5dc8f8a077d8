"""Intervals in rows: what is estimated, what is true, and what it cannot exceed."""

from uniroute_lab.plot.axes import handles_of, legend_below, new_axes
from uniroute_lab.plot.looks import looks
from uniroute_lab.plot.picture import Picture, need, number, styled

__all__ = ["intervals"]


@styled
def intervals(found, label, truth=None, ceiling=None, title=None, kinds=None):
    """Draw estimates with their intervals, row by row, beside the truth or a ceiling.

    Parameters
    ----------
    found : dict of str to dict of str to (float, float, float)
        By row, then by kind of estimate: the estimate and the ends of its interval.
    label : str
        What is estimated, and of which level the intervals are.
    truth : dict of str to float, optional
        By row: a black mark.
    ceiling : dict of str to float, optional
        By row: what the number cannot exceed. From the highest estimate up to it goes a pale bar:
        there the number is.
    title : str, optional
    kinds : str or dict of str to str, optional
        Kinds of method whose look estimates get, where their names do not say it.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw, or `truth` or `ceiling` lacks a row.

    Notes
    -----
    Floors and ceilings of the two sides of Proposition 2. Chapter 11 and Chapter 12.

    Examples
    --------
    >>> intervals({"K = 5": {"K-NN": (0.25, 0.2, 0.3)}}, "misfit", ceiling={"K = 5": 1.0})
    misfit. K = 5: K-NN 0.25 [0.2, 0.3]; at most 1.
    """
    need("found", found)
    for name, extra in (("truth", truth), ("ceiling", ceiling)):
        if extra is not None and set(extra) != set(found):
            raise ValueError(f"{name} must have the rows {list(found)}; got {list(extra)}")
    figure = _draw_intervals(found, label, truth or {}, ceiling or {}, title, kinds)
    return Picture(figure, intervals_text(found, label, truth or {}, ceiling or {}))


def _draw_intervals(found, label, truth, ceiling, title, kinds):
    """Draw the rows, the first at the top, and return the figure."""
    marks = list(dict.fromkeys(mark for row in found.values() for mark in row))
    figure, axes = new_axes(height=1.5 + (0.24 + 0.14 * len(marks)) * len(found))
    chosen = looks(marks, kinds)
    for place, (name, row) in enumerate(found.items()):
        if name in ceiling:
            _draw_between(axes, place, max(mean for mean, *_ in row.values()), ceiling[name])
        for i, (mark, (mean, low, high)) in enumerate(row.items()):
            colour, _, marker = chosen[mark]
            here = place + 0.22 * (i - (len(row) - 1) / 2)
            axes.plot([low, high], [here, here], color=colour, lw=2.2)
            look = {"color": colour, "marker": marker, "linestyle": "", "markersize": 6}
            axes.plot(mean, here, label=mark, **look)
        if name in truth:
            look = {"color": "black", "marker": "|", "markersize": 17, "mew": 2.5}
            axes.plot(truth[name], place, linestyle="", label="truth", **look)
    if axes.get_xlim()[0] < 0:
        axes.axvline(0, color="#222222", lw=1, zorder=0.6)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(label)
    axes.set_title(title)
    handles = handles_of([axes])
    legend_below(figure, handles, min(5, len(handles)))
    return figure


def _draw_between(axes, place, floor, ceiling):
    """Draw a pale bar from a floor to a ceiling, which bears its number."""
    look = {"height": 0.72, "color": "#e9e6df", "zorder": 0.5}
    axes.barh(place, ceiling - floor, left=floor, label="between floor and ceiling", **look)
    look = {"ha": "right", "va": "center", "fontsize": 8, "color": "#666666"}
    axes.text(ceiling, place, f"ceiling {number(ceiling)} ", **look)


def intervals_text(found, label, truth, ceiling):
    """Say each estimate with its interval, the truth, and what it cannot exceed.

    Parameters
    ----------
    found : dict of str to dict of str to (float, float, float)
    label : str
    truth, ceiling : dict of str to float
    """
    text = f"{label}."
    for name, row in found.items():
        parts = [
            f"{mark} {number(mean)} [{number(low)}, {number(high)}]"
            for mark, (mean, low, high) in row.items()
        ]
        parts += [f"true {number(truth[name])}"] if name in truth else []
        parts += [f"at most {number(ceiling[name])}"] if name in ceiling else []
        text += f" {' '.join(name.split())}: {'; '.join(parts)}."
    return text

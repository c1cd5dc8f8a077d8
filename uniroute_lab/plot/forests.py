"""Paired differences in panels: methods by data sets, on one scale."""

from uniroute_lab.plot.axes import new_axes
from uniroute_lab.plot.looks import OTHERS, looks
from uniroute_lab.plot.picture import Picture, need, styled
from uniroute_lab.plot.tables import trials_note

__all__ = ["forest"]

N_COLUMNS = 2


@styled
def forest(found, label, title=None, kinds=None, small=0.01):
    """Draw paired differences with their intervals: a panel for each data set, on one scale.

    A hollow mark: two things were equal in every trial, and there is no interval.

    Parameters
    ----------
    found : dict of str to dict of str to PairedDifference
        By data set, then by method.
    label : str
        What was compared with what, for example "area minus ZeroRouter's".
    title : str, optional
    kinds : str or dict of str to str, optional
        As for `differences`; what follows a comma in a name does not change its kind.
    small : float, default 0.01
        Differences within it are too small to matter: a grey strip. 0: no strip.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Notes
    -----
    The main comparison of Section 6 as one picture. Chapter 14.

    Examples
    --------
    >>> from uniroute import paired_difference
    >>> gain = paired_difference([0.7, 0.8, 0.9], [0.6, 0.8, 0.7])
    >>> forest({"pocket": {"K-NN": gain}}, "area gained")
    area gained, with confidence intervals about these LLMs. pocket: K-NN +0.1000 \
[-0.1484, +0.3484].
    """
    need("found", found)
    for panel in found.values():
        need("found", panel)
    rows = [row for panel in found.values() for row in panel.values()]
    figure = _draw(found, label, title, kinds, small)
    return Picture(figure, _text(found, label), trials_note(rows))


def _draw(found, label, title, kinds, small):
    """Draw the panels and return the figure."""
    longest = max(map(len, found.values()))
    n_rows = -(-len(found) // N_COLUMNS)
    height = 0.7 + n_rows * (0.55 + 0.27 * longest)
    figure, grid = new_axes(n_rows, N_COLUMNS, height, sharex=True, sharey=True, squeeze=False)
    for axes, (name, panel) in zip(grid.flat, found.items(), strict=False):
        _draw_panel(axes, panel, kinds, small)
        axes.set_title(name, fontsize=10, fontweight="normal")
    for place in range(len(found), grid.size):
        grid.flat[place].set_visible(False)
        grid.flat[place - N_COLUMNS].tick_params(labelbottom=True)  # now the lowest of its column
    strip = f"; grey: less than {small:g}, too little to matter" if small else ""
    figure.supxlabel(f"{label}\n(95 % intervals about {_about(found)}{strip})", fontsize=9)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _draw_panel(axes, panel, kinds, small):
    """Draw a mark and an interval for each method."""
    named = {name: name.split(", ")[0] if "(" not in name else _kind(name) for name in panel}
    chosen = looks(panel, kinds or _known(named), others=OTHERS[:1])
    if small:
        axes.axvspan(-small, small, color="#ececec", lw=0, zorder=0)
    for place, (name, row) in enumerate(panel.items()):
        colour, _, marker = chosen[name]
        axes.plot([row.low, row.high], [place, place], color=colour, lw=2.2)
        same = row.low == row.mean == row.high == 0
        look = {"color": colour, "mfc": "white" if same else colour, "markersize": 6.5}
        axes.plot(row.mean, place, marker=marker, **look)
    axes.axvline(0, color="#222222", lw=1)
    axes.set_yticks(range(len(panel)), [_short(name) for name in panel])
    axes.set_ylim(len(panel) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.locator_params(axis="x", nbins=5)


def _kind(name):
    """Return a name without what follows its bracket."""
    return name[: name.rindex(")") + 1]


def _known(named):
    """Return the kinds that have a look of their own."""
    from uniroute_lab.plot.looks import METHODS

    return {name: kind for name, kind in named.items() if kind in METHODS}


def _short(name):
    """Return a name as a row of a narrow panel bears it."""
    return name.replace("UniRoute (", "").replace(")", "").replace(", size-matched", "")


def _about(found):
    """Return what the intervals speak of."""
    return " and ".join(
        dict.fromkeys(row.about for panel in found.values() for row in panel.values())
    )


def _text(found, label):
    """Say each difference and its interval."""
    text = f"{label}, with confidence intervals about {_about(found)}."
    for name, panel in found.items():
        rows = "; ".join(f"{_short(method)} {row}" for method, row in panel.items())
        text += f" {name}: {rows}."
    return text

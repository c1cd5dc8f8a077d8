"""Trees of clusters."""

from scipy.cluster import hierarchy

from uniroute.checks import check_matrix, check_names
from uniroute_lab.plot.axes import new_axes
from uniroute_lab.plot.looks import OTHERS
from uniroute_lab.plot.picture import Picture, number, styled

__all__ = ["dendrogram"]

MIXED = "#999999"  # a branch with leaves of several groups


@styled
def dendrogram(tree, names, groups, label, title=None):
    """Draw the tree of a hierarchical clustering, with a group marked at each leaf.

    A branch that holds one group only has the group's colour.

    Parameters
    ----------
    tree : array-like of shape (n_names - 1, 4)
        As `scipy.cluster.hierarchy.linkage` returns.
    names : sequence of str
        What was clustered, for example LLMs.
    groups : sequence of str
        Group of each name, for example its family; written behind a name that does not begin
        with it.
    label : str
        What the heights of the joints are.
    title : str, optional

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a name repeats, or shapes do not fit.

    Notes
    -----
    The map of LLMs behind Figures 8 and 9 of the paper. Chapter 17.

    Examples
    --------
    >>> tree = [[0, 1, 0.1, 2], [2, 3, 0.5, 3]]
    >>> dendrogram(tree, ["A-S", "A-L", "B-S"], ["A", "A", "B"], "distance")
    Tree of 3 leaves in 2 groups by distance. First joint 0.1: A-S and A-L; last joint 0.5. Groups \
that are a branch: A. From top to bottom: B-S, A-S, A-L.
    """
    names, groups = check_names(names), [str(group) for group in groups]
    tree = check_matrix("tree", tree)
    if tree.shape != (len(names) - 1, 4) or len(groups) != len(names):
        raise ValueError(
            f"tree must have shape {(len(names) - 1, 4)} and groups {len(names)} entries; "
            f"got {tree.shape} and {len(groups)}"
        )
    written = [
        name if name.startswith(group) else f"{name} ({group})"
        for name, group in zip(names, groups, strict=True)
    ]
    figure = _draw_tree(tree, written, groups, label, title)
    return Picture(figure, tree_text(tree, names, written, groups, label))


def _draw_tree(tree, written, groups, label, title):
    """Draw branches, a mark for each leaf and its name, and return the figure."""
    figure, axes = new_axes(height=1.2 + 0.2 * len(written))
    marks = _group_looks(groups)
    colours = _branch_colours(tree, [marks[group][0] for group in groups])
    found = hierarchy.dendrogram(tree, no_plot=True, link_color_func=colours.__getitem__)
    branches = zip(found["dcoord"], found["icoord"], found["color_list"], strict=True)
    for height, place, colour in branches:
        place = [(at - 5) / 10 for at in place]  # SciPy's leaves are at 5, 15, 25, ...
        axes.plot(height, place, color=colour, lw=1.2 if colour == MIXED else 1.8)
    for place, leaf in enumerate(found["leaves"]):
        colour, marker, face = marks[groups[leaf]]
        axes.plot(0, place, marker, color=colour, mfc=face, ms=6, clip_on=False, zorder=3)
    axes.set_yticks(range(len(written)), [written[i] for i in found["leaves"]], fontsize=8)
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0, pad=7)
    axes.grid(visible=False)
    axes.spines[["left", "right"]].set_visible(False)
    axes.set(xlim=(1.03 * tree[:, 2].max(), 0), ylim=(len(written) - 0.5, -0.5), xlabel=label)
    axes.set_title(title)
    return figure


def _branch_colours(tree, colours):
    """Return colours of leaves and joints: a joint of two of one colour has it."""
    for first, second in tree[:, :2].astype(int):
        colours = [*colours, colours[first] if colours[first] == colours[second] else MIXED]
    return colours


def _group_looks(groups):
    """Return {group: (colour, marker, its face)}, grey for a group of one."""
    large = [group for group in dict.fromkeys(groups) if groups.count(group) > 1]
    looks = {group: ("#666666", ".", "#666666") for group in groups}
    for place, group in enumerate(large):
        colour, _, marker = OTHERS[place % len(OTHERS)]
        looks[group] = (colour, marker, "white" if place >= len(OTHERS) else colour)
    return looks


def tree_text(tree, names, written, groups, label):
    """Say a tree's first and last joint, which groups are a branch, and the order of the leaves.

    Parameters
    ----------
    tree : ndarray of shape (n_names - 1, 4)
    names, written : sequence of str
        Names of the leaves, alone and as written beside them.
    groups : sequence of str
    label : str
    """
    branches = [node.pre_order() for node in hierarchy.to_tree(tree, rd=True)[1]]
    members = {group: {i for i, g in enumerate(groups) if g == group} for group in groups}
    found = [set(branch) for branch in branches]
    pure = [group for group, own in members.items() if len(own) > 1 and own in found]
    first = " and ".join(names[leaf] for leaf in branches[len(names)])
    return (
        f"Tree of {len(names)} leaves in {len(members)} groups by {label}. First joint "
        f"{number(tree[0, 2])}: {first}; last joint {number(tree[-1, 2])}. "
        f"Groups that are a branch: {', '.join(pure) or 'none'}. From top to bottom: "
        f"{', '.join(written[leaf] for leaf in branches[-1])}."
    )

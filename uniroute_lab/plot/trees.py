"""Trees of clusters."""

from uniroute.checks import check_matrix, check_names
from uniroute_lab.plot._style import OTHERS, Picture, _axes, _number, _styled

__all__ = ["dendrogram"]


@_styled
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
    leaves = [[i] for i in range(len(names))]
    for first, second in tree[:, :2].astype(int):
        leaves.append(leaves[first] + leaves[second])
    figure, axes = _axes(height=1.2 + 0.2 * len(names))
    colours = _group_looks(groups)
    _draw_branches(axes, tree, leaves, [colours[group][0] for group in groups])
    for place, leaf in enumerate(leaves[-1]):
        colour, marker, face = colours[groups[leaf]]
        axes.plot(0, place, marker, color=colour, mfc=face, ms=6, clip_on=False, zorder=3)
    written = [
        name if name.startswith(group) else f"{name} ({group})"
        for name, group in zip(names, groups, strict=True)
    ]
    axes.set_yticks(range(len(names)), [written[leaf] for leaf in leaves[-1]], fontsize=8)
    axes.yaxis.tick_right()
    axes.tick_params(axis="y", length=0, pad=7)
    axes.grid(visible=False)
    axes.spines[["left", "right"]].set_visible(False)
    axes.set(xlim=(1.03 * tree[:, 2].max(), 0), ylim=(len(names) - 0.5, -0.5), xlabel=label)
    axes.set_title(title)
    return Picture(figure, _tree_text(tree, leaves, names, groups, written, label))


def _group_looks(groups):
    """Return {group: (colour, marker, its face)}, grey for a group of one."""
    large = [group for group in dict.fromkeys(groups) if groups.count(group) > 1]
    looks = {group: ("#666666", ".", "#666666") for group in groups}
    for place, group in enumerate(large):
        colour, _, marker = OTHERS[place % len(OTHERS)]
        looks[group] = (colour, marker, "white" if place >= len(OTHERS) else colour)
    return looks


def _draw_branches(axes, tree, leaves, colours):
    """Draw every joint, in a group's colour if all its leaves have it."""
    height = [0.0] * len(colours)
    place = {leaf: float(at) for at, leaf in enumerate(leaves[-1])}
    for joint, (first, second, distance, _) in enumerate(tree):
        ends = [int(first), int(second)]
        new = len(colours) + joint
        found = {colours[leaf] for leaf in leaves[new]}
        colour = found.pop() if len(found) == 1 else "#999999"
        x = [height[ends[0]], distance, distance, height[ends[1]]]
        y = [place[ends[0]]] * 2 + [place[ends[1]]] * 2
        axes.plot(x, y, color=colour, lw=1.8 if colour != "#999999" else 1.2)
        height.append(distance)
        place[new] = (place[ends[0]] + place[ends[1]]) / 2


def _tree_text(tree, leaves, names, groups, written, label):
    """Describe a tree by its first and last joint, its pure branches and the order of leaves."""
    members = {group: {i for i, g in enumerate(groups) if g == group} for group in groups}
    branches = [set(branch) for branch in leaves]
    pure = [group for group, own in members.items() if len(own) > 1 and own in branches]
    first = [names[leaf] for leaf in leaves[len(names)]]
    return (
        f"Tree of {len(names)} leaves in {len(members)} groups by {label}. First joint "
        f"{_number(tree[0, 2])}: {' and '.join(first)}; last joint {_number(tree[-1, 2])}. "
        f"Groups that are a branch: {', '.join(pure) or 'none'}. From top to bottom: "
        f"{', '.join(written[leaf] for leaf in leaves[-1])}."
    )

"""Trees of clusters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import leaves_list, linkage

from tests.uniroute_lab.plot.cases import draw
from uniroute_lab import plot
from uniroute_lab.plot.trees import MIXED, tree_text

TREE = np.array([[0, 1, 0.1, 2], [2, 3, 0.5, 3]])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 9))
def test_branches_end_at_their_leaves_and_join_at_their_distance(seed, size):
    rng = np.random.default_rng(seed)
    tree = linkage(rng.random((size, 3)), "average")
    names, groups = [f"LLM {i}" for i in range(size)], list(rng.choice(["A", "B"], size))
    (axes,) = plot.dendrogram(tree, names, groups, "distance").figure.axes
    order = leaves_list(tree)
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == [f"{names[i]} ({groups[i]})" for i in order]
    branches = [line.get_xydata() for line in axes.lines[: size - 1]]
    np.testing.assert_allclose(sorted(xy[1, 0] for xy in branches), np.sort(tree[:, 2]))
    ends = [at for xy in branches for height, at in xy[[0, 3]] if height == 0]
    assert sorted(ends) == list(range(size))


def test_a_branch_of_one_group_has_its_colour():
    names, groups = ["A-S", "A-L", "B-S"], ["A", "A", "B"]
    (axes,) = plot.dendrogram(TREE, names, groups, "distance").figure.axes
    colours = {tuple(line.get_xdata()): line.get_color() for line in axes.lines[:2]}
    mark = [line.get_color() for line in axes.lines[2:]]
    assert colours[0, 0.1, 0.1, 0] == mark[1] == mark[2]
    assert colours[0, 0.5, 0.5, 0.1] == MIXED


def test_the_text_needs_no_picture():
    names, groups = ["A-S", "A-L", "B-S"], ["A", "A", "B"]
    assert tree_text(TREE, names, names, groups, "distance") == (
        "Tree of 3 leaves in 2 groups by distance. First joint 0.1: A-S and A-L; last joint 0.5. "
        "Groups that are a branch: A. From top to bottom: B-S, A-S, A-L."
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ({"groups": ["A"]}, r"tree must have shape \(2, 4\) and groups 3 .* and 1"),
        ({"tree": [[0, 1, 0.25, 2]]}, r"shape \(2, 4\) .*; got \(1, 4\)"),
    ],
)
def test_bad_input_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        draw("dendrogram", **change)

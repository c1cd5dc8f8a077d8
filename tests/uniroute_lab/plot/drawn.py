"""What is drawn, measured on the page: a line against the function that it stands for."""

import numpy as np


def pixels(axes, x, y):
    """Return where numbers are on the page, shape (n_points, 2)."""
    axes.get_xlim(), axes.get_ylim()  # the limits are worked out when asked for
    return axes.transData.transform(np.column_stack([x, y]))


def along(path):
    """Return points on a line of straight pieces, near its vertices and between; jumps left out."""
    pieces = np.flatnonzero(np.diff(path[:, 0]) > 1e-6)
    parts = np.array([0.001, 0.25, 0.5, 0.75, 0.999])[:, None, None]
    points = path[pieces] + parts * (path[pieces + 1] - path[pieces])
    return points.reshape(-1, 2)


def gap(axes, path, function):
    """Return the largest vertical distance, in pixels, of a path on the page from a function."""
    points = along(path)
    x = axes.transData.inverted().transform(points)[:, 0]
    return np.abs(pixels(axes, x, function(x))[:, 1] - points[:, 1]).max(initial=0)


def check_lines(axes, functions, tolerance=0.25):
    """Check that the lines of axes, all of them and in this order, are the functions."""
    axes.get_xlim(), axes.get_ylim()
    assert len(axes.lines) == len(functions)
    for line, function in zip(axes.lines, functions, strict=True):
        path = line.get_transform().transform(line.get_path().vertices)
        assert gap(axes, path, function) < tolerance, line.get_label()


def through(x, y):
    """Return the function that is linear between points, and flat after the last."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return lambda at: np.interp(at, x, y)


def steps(x, y):
    """Return the function that keeps each value up to the next point."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return lambda at: y[np.searchsorted(x, at, side="right") - 1]

"""Pictures say what their data say, look alike for the same method, and leave nothing behind.

Colours are checked under normal vision and under protanopia, deuteranopia and tritanopia, simulated
by the matrices of Machado, Oliveira and Fernandes (2009) at full severity.
"""

import inspect
import io
import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import colors, image
from matplotlib import pyplot as plt

from uniroute import deferral_curve, paired_difference
from uniroute_lab import plot

GAMMA = np.array([[0.5, 0.125, 0.25], [0.25, 0.5, 0.125]])
LOSSES = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
COSTS = np.array([1.0, 2.0, 4.0])
LLMS = ["small", "medium", "large"]
POINTS = np.array([[0.0, 0.0], [1.0, 1.0], [4.0, 1.0]])

TABLE = pd.DataFrame(
    {
        "method": np.repeat(["ZeroRouter", "K-NN"], 3),
        "relative_cost": [0.0, 0.5, 1.0] * 2,
        "quality": [0.25, 0.375, 0.5, 0.25, 0.5, 0.5],
        "standard_error": 0.0625,
    }
)


def curve(gamma=GAMMA, losses=LOSSES, costs=COSTS):
    return deferral_curve(gamma, losses, costs)


def predict(shift=0.0):
    """Return a router of a plane, cut by the line x = shift."""
    return lambda X: np.column_stack([X[:, 0] > shift, X[:, 0] <= shift, np.ones(len(X))]) * 1.0


# For each public function: arguments that it can draw, and changes each of which changes the text.
CASES = {
    "all_routers": (
        {"costs": [1.0, 2.0], "losses": [0.5, 0.25], "best": curve(), "unit": "cents"},
        [
            {"costs": [1.0, 2.0, 3.0], "losses": [0.5, 0.25, 0.25]},
            {"best": curve(losses=1 - LOSSES)},
            {"unit": "seconds"},
            {"cost_weight": 0.125},
        ],
    ),
    "against_bound": (
        {"points": {"worlds": ([0.5, 1.0], [0.25, 0.25])}, "xlabel": "bound", "ylabel": "excess"},
        [
            {"points": {"worlds": ([0.5, 1.0], [0.5, 0.25])}},
            {"points": {"others": ([0.5, 1.0], [0.25, 0.25])}},
            {"slopes": (1, 2)},
            {"xlabel": "other bound"},
        ],
    ),
    "choice_map": (
        {
            "predict": predict(),
            "costs": COSTS,
            "names": LLMS,
            "cost_weights": [0.01],
            "limits": (-1, 1, -1, 1),
            "n_steps": 20,
        },
        [
            {"predict": predict(0.5)},
            {"cost_weights": [0.01, 5.0]},
            {"limits": (-1, 3, -1, 1)},
            {"names": ["a", "b", "c"]},
        ],
    ),
    "deferral_curves": (
        {"curves": {"UniRoute": curve()}, "unit": "cents"},
        [
            {"curves": {"UniRoute": curve(gamma=1 - GAMMA)}},
            {"curves": {"UniRoute": curve(), "Oracle": curve(gamma=LOSSES)}},
            {"curves": {"K-NN": curve()}},
            {"unit": "seconds"},
            {"llms": False},
        ],
    ),
    "dendrogram": (
        {
            "tree": [[0, 1, 0.25, 2], [2, 3, 0.5, 3]],
            "names": LLMS,
            "groups": ["A", "A", "B"],
            "label": "distance",
        },
        [
            {"tree": [[0, 1, 0.375, 2], [2, 3, 0.5, 3]]},
            {"tree": [[0, 2, 0.25, 2], [1, 3, 0.5, 3]]},
            {"names": ["a", "b", "c"]},
            {"groups": ["A", "B", "B"]},
            {"label": "1 - similarity"},
        ],
    ),
    "differences": (
        {"found": {"K-NN": paired_difference([0.5, 0.75], [0.5, 0.5])}, "label": "area gained"},
        [
            {"found": {"K-NN": paired_difference([0.5, 0.8], [0.5, 0.5])}},
            {"found": {"MLP": paired_difference([0.5, 0.75], [0.5, 0.5])}},
            {"label": "area lost"},
        ],
    ),
    "envelope": (
        {"gamma": GAMMA[0], "costs": COSTS, "names": LLMS},
        [
            {"gamma": [0.5, 0.25, 0.125]},
            {"costs": [1.0, 3.0, 4.0]},
            {"names": ["a", "b", "c"]},
        ],
    ),
    "heatmap": (
        {"values": GAMMA, "rows": ["a", "b"], "columns": LLMS, "label": "mean loss"},
        [
            {"values": np.maximum(GAMMA, [[0.75, 0, 0], [0, 0, 0]])},
            {"values": np.minimum(GAMMA, [[1, 0, 1], [1, 1, 1]])},
            {"rows": ["c", "d"]},
            {"columns": ["x", "y", "z"]},
            {"label": "quality"},
            {"row_word": "tasks"},
        ],
    ),
    "llm_pool": (
        {"names": LLMS, "costs": COSTS, "losses": [0.5, 0.375, 0.25], "unit": "cents"},
        [
            {"losses": [0.5, 0.375, 0.125]},
            {"costs": [1.0, 2.0, 5.0]},
            {"names": ["a", "b", "c"]},
            {"unit": "seconds"},
            {"hull": [0, 2]},
        ],
    ),
    "mean_curves": (
        {"tables": {"pocket": TABLE}},
        [
            {"tables": {"pocket": TABLE.assign(quality=TABLE.quality / 2)}},
            {"tables": {"pocket": TABLE, "MMLU-Pro": TABLE}},
            {"methods": ["K-NN"]},
            {"minus": "ZeroRouter"},
        ],
    ),
    "panels": (
        {
            "x": [1.0, 10.0],
            "values": {"few": {"error": [0.5, 0.25]}, "many": {"error": [0.25, 0.125]}},
            "xlabel": "K",
            "ylabel": "loss",
        },
        [
            {"values": {"few": {"error": [0.5, 0.25]}, "many": {"error": [0.25, 0.1]}}},
            {"x": [1.0, 20.0]},
            {"ylabel": "excess"},
        ],
    ),
    "predicted_and_true": (
        {
            "gamma": GAMMA,
            "gamma_star": LOSSES,
            "prompts": ["first", "second"],
            "names": LLMS,
            "choice": [1, 2],
        },
        [
            {"gamma": GAMMA / 2},
            {"gamma_star": GAMMA},
            {"choice": [1, 1]},
            {"prompts": ["one", "two"]},
        ],
    ),
    "prompts_2d": (
        {"X": POINTS, "groups": ["a", "b", "b"]},
        [
            {"groups": ["a", "a", "b"]},
            {"X": POINTS[[0, 1, 2, 2]], "groups": ["a", "b", "b", "b"]},
            {"centers": [[0.0, 1.0]]},
            {"group_word": "task"},
        ],
    ),
    "scaling": (
        {"points": {"A": ([10, 100], [0.25, 0.5])}, "xlabel": "parameters", "ylabel": "accuracy"},
        [
            {"points": {"A": ([10, 100], [0.25, 0.75])}},
            {"points": {"A": ([10, 200], [0.25, 0.5])}},
            {"points": {"B": ([10, 100], [0.25, 0.5])}},
            {"ylabel": "quality"},
        ],
    ),
    "series": (
        {"x": [1, 2], "values": {"UniRoute": [0.5, 0.75]}, "xlabel": "K", "ylabel": "area"},
        [
            {"values": {"UniRoute": [0.5, 0.8]}},
            {"values": {"K-NN": [0.5, 0.75]}},
            {"x": [1, 3]},
            {"reference": ("ZeroRouter", 0.5)},
        ],
    ),
    "traffic": (
        {"shares": {"before": [1.0, 0.0, 0.0]}, "names": LLMS, "costs": COSTS},
        [
            {"shares": {"before": [0.5, 0.5, 0.0]}},
            {"shares": {"after": [1.0, 0.0, 0.0]}},
            {"names": ["a", "b", "c"]},
            {"shares": {"before": [0.5, 0.5, 0.0], "after": [0.0, 0.0, 1.0]}},
        ],
    ),
}
CHANGES = [(name, change) for name, (_, changes) in CASES.items() for change in changes]


def draw(name, **changes):
    return getattr(plot, name)(**{**CASES[name][0], **changes})


def read(picture):
    return image.imread(io.BytesIO(picture._repr_png_()))


def test_every_function_has_a_case():
    assert set(CASES) == set(plot.__all__) - {"METHODS", "Picture"}


@pytest.mark.parametrize(
    ("name", "change"), CHANGES, ids=[f"{name}-{'-'.join(change)}" for name, change in CHANGES]
)
def test_the_text_follows_the_data(name, change):
    assert draw(name).text != draw(name, **change).text


# Those with several panels take their titles from the data.
TITLED = [name for name in CASES if "title" in inspect.signature(getattr(plot, name)).parameters]


@pytest.mark.parametrize("name", TITLED)
def test_a_title_changes_the_picture_and_not_the_text(name):
    plain, titled = draw(name), draw(name, title="a title")
    assert plain.text == titled.text
    assert [axes.get_title(loc="left") for axes in titled.figure.axes].count("a title") == 1
    assert plain._repr_png_() != titled._repr_png_()


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_what_a_notebook_stores(name):
    picture = draw(name)
    assert repr(picture) == picture.text
    assert picture.text.endswith(".") and "\n" not in picture.text
    assert "nan" not in picture.text and "inf" not in picture.text


@pytest.mark.parametrize("name", CASES)
def test_drawn_twice_it_is_the_same_file(name):
    first = draw(name)
    assert first._repr_png_() == first._repr_png_() == draw(name)._repr_png_()


@pytest.mark.parametrize("name", CASES)
def test_it_is_opaque_and_not_empty(name):
    pixels = read(draw(name))
    assert (pixels[0, 0] == 1).all(), "white and opaque, so that it can be read on a dark page"
    assert (pixels[..., 3] == 1).all()
    assert 0.005 < (pixels[..., :3].min(axis=2) < 0.9).mean() < 0.9


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_left_behind(name):
    settings, figures = dict(matplotlib.rcParams), plt.get_fignums()
    draw(name)._repr_png_()
    assert plt.get_fignums() == figures
    assert dict(matplotlib.rcParams) == settings


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_save(tmp_path, suffix):
    path = tmp_path / f"picture.{suffix}"
    draw("series").save(path)
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")


def test_logarithmic_axes_have_plain_numbers():
    for name in ("deferral_curves", "llm_pool", "series"):
        (axes,) = draw(name, log=True).figure.axes
        assert axes.get_xscale() == "log"
        labels = [label.get_text() for label in axes.get_xticklabels()]
        assert any(labels) and not any("$" in label for label in labels)


def test_the_curve_is_flat_after_its_last_vertex():
    """A router that never buys the dearest LLM is drawn up to that LLM's cost all the same."""
    cheap = curve(gamma=np.array([[0.0, 1.0, 1.0]] * 2))
    (axes,) = plot.deferral_curves({"UniRoute": cheap}, "cents").figure.axes
    assert axes.lines[0].get_xdata()[-1] == COSTS.max()


def test_a_hull_is_straight_in_cost():
    (axes,) = draw("llm_pool", hull=[0, 2], log=True).figure.axes
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(y, np.interp(x, COSTS[[0, 2]], [0.5, 0.75]))


# One look for each method.


def test_what_is_subtracted_is_the_line_at_zero():
    (axes,) = draw("mean_curves", minus="ZeroRouter").figure.axes
    heights = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert heights == {"ZeroRouter": [0, 0, 0], "K-NN": [0, 0.125, 0]}
    assert not axes.collections  # no bands


def line_of(picture, label):
    (line,) = [
        line
        for axes in picture.figure.axes
        for line in axes.lines
        if line.get_label().split(" (0")[0] == label
    ]
    return line


@pytest.mark.parametrize("method", plot.METHODS)
def test_a_method_looks_the_same_everywhere(method):
    colour, _, marker = plot.METHODS[method]
    curves = plot.deferral_curves({"another": curve(), method: curve()}, "cents")
    lines = plot.series([1, 2], {"another": [0, 1], method: [1, 2]}, "K", "area")
    assert line_of(curves, method).get_color() == line_of(lines, method).get_color() == colour
    assert line_of(curves, method).get_linestyle() == line_of(lines, method).get_linestyle()
    assert line_of(lines, method).get_marker() == marker
    found = paired_difference([0, 1], [1, 1])
    (axes,) = plot.differences({"another": found, method: found}, "area").figure.axes
    assert colour in {line.get_color() for line in axes.lines}


def test_a_setting_after_the_name_keeps_the_look():
    looks = plot._looks(["K-NN, k = 10", "UniRoute (learned map, soft), K = 5", "UniRoute, K = 3"])
    expected = ["K-NN", "UniRoute (learned map, soft)", "UniRoute"]
    assert list(looks.values()) == [plot.METHODS[method] for method in expected]


def test_what_is_no_method_gets_other_looks_in_order():
    labels = [f"label {i}" for i in range(len(plot.OTHERS))]
    assert list(plot._looks(labels).values()) == plot.OTHERS


def test_what_is_no_method_has_no_method_s_colour():
    assert not {look[0] for look in plot.OTHERS} & {look[0] for look in plot.METHODS.values()}


def test_rows_that_are_no_methods_look_the_same():
    found = dict.fromkeys(["pool 0", "K-NN", "pool 1"], paired_difference([0, 1], [1, 1]))
    (axes,) = plot.differences(found, "area").figure.axes
    first, method, second = axes.lines[1:6:2]
    for look in ("get_color", "get_marker"):
        assert getattr(first, look)() == getattr(second, look)() != getattr(method, look)()


# Colours that can be told apart.

VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    """Return the linear RGB values of a colour."""
    rgb = np.array(colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour, vision="normal"):
    """Return a colour's CIELAB coordinates, as seen with a kind of colour vision."""
    xyz = TO_XYZ @ np.clip(VISION[vision] @ linear(colour), 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(first, second, vision):
    return np.linalg.norm(lab(first, vision) - lab(second, vision))


def test_the_colour_science():
    np.testing.assert_allclose(lab("white"), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab("red"), [53.2, 80.1, 67.2], atol=0.1)
    for vision, matrix in VISION.items():
        np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-5)  # grey stays grey
        # What the kind of vision confuses, and what it does not.
        near = distance("#d3605c", "#9c8a4b", vision) < 25
        assert near == (vision in ("protanopia", "deuteranopia"))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("kind", ["methods", "others"])
def test_lines_can_be_told_apart(kind, vision):
    """By colour (a CIELAB distance of 15), or by dash and marker."""
    looks = {"methods": list(plot.METHODS.values()), "others": plot.OTHERS}[kind]
    for first, second in itertools.combinations(looks, 2):
        if first != second:  # UniRoute is drawn as UniRoute (K-means)
            by_colour = distance(first[0], second[0], vision) > 15
            assert by_colour or (first[1] != second[1] and first[2] != second[2]), (first, second)


@pytest.mark.parametrize("vision", VISION)
def test_the_two_uniroutes_can_be_told_apart_by_colour_alone(vision):
    kmeans, learned = (plot.METHODS[f"UniRoute ({name})"][0] for name in ("K-means", "learned map"))
    assert distance(kmeans, learned, vision) > 40


@pytest.mark.parametrize("look", [*plot.METHODS.values(), *plot.OTHERS], ids=str)
def test_a_line_stands_out_from_the_page(look):
    """The contrast of 3 to 1 that WCAG asks of graphics."""
    luminance = TO_XYZ[1] @ linear(look[0])
    assert 1.05 / (luminance + 0.05) >= 3


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("n_llms", [1, 2, 6, 26])
def test_a_dearer_llm_is_darker(n_llms, vision):
    lightness = [lab(colour, vision)[0] for colour in plot.llm_colours(n_llms)]
    assert (np.diff(lightness) < 0).all()


@pytest.mark.parametrize("vision", VISION)
def test_bars_can_be_told_apart(vision):
    """Bars have neither dash nor marker."""
    states = {state: [0.5, 0.25, 0.25] for state in "abcd"}
    (axes,) = draw("traffic", shares=states).figure.axes
    shown = [bars[0].get_facecolor() for bars in axes.containers]
    for first, second in itertools.combinations(shown, 2):
        assert distance(first, second, vision) > 15


# Bad input.


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("all_routers", {"costs": [], "losses": []}, "losses must be a non-empty array"),
        ("all_routers", {"costs": [1.0]}, r"costs must have shape \(2,\); got \(1,\)"),
        ("all_routers", {"costs": [1.0, -2.0]}, "costs must be finite and not negative; got -2.0"),
        ("all_routers", {"losses": [0.5, np.nan]}, "losses must be finite; got nan"),
        ("against_bound", {"points": {}}, "points must hold at least one entry"),
        ("against_bound", {"points": {"a": ([1.0], [])}}, "points must be pairs .* for 'a'"),
        ("choice_map", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("choice_map", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("choice_map", {"cost_weights": []}, "cost_weights must hold at least one entry"),
        ("choice_map", {"predict": lambda X: X}, r"predict must return .*got shape \(400, 2\)"),
        ("deferral_curves", {"curves": {}}, "curves must hold at least one entry; got none"),
        (
            "deferral_curves",
            {"curves": {"a": curve(), "b": curve(costs=COSTS + 1)}},
            "curves must be of one pool; the LLMs' costs of 'b' differ",
        ),
        ("dendrogram", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("dendrogram", {"groups": ["A"]}, r"tree must have shape \(2, 4\) and groups 3 .* and 1"),
        ("dendrogram", {"tree": [[0, 1, 0.25, 2]]}, r"shape \(2, 4\) .*; got \(1, 4\)"),
        ("differences", {"found": {}}, "found must hold at least one entry; got none"),
        ("envelope", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("envelope", {"gamma": [0.5]}, r"gamma must have shape \(3,\); got \(1,\)"),
        ("envelope", {"gamma": [0.5, np.inf, 0.5]}, "gamma must be finite; got inf"),
        ("envelope", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("heatmap", {"rows": ["a"]}, r"values must have shape \(1, 3\).*got \(2, 3\)"),
        ("heatmap", {"values": GAMMA * np.nan}, "values must be finite; got nan"),
        ("llm_pool", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("llm_pool", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("llm_pool", {"losses": [0.5]}, r"losses must have shape \(3,\); got \(1,\)"),
        ("llm_pool", {"losses": GAMMA}, "losses must be a non-empty array"),
        ("llm_pool", {"losses": [0.5, np.nan, 0.5]}, "losses must be finite; got nan"),
        ("llm_pool", {"hull": [0, 3]}, r"hull must be indices of the 3 LLMs; got \[0, 3\]"),
        ("mean_curves", {"tables": {}}, "tables must hold at least one entry"),
        ("mean_curves", {"methods": []}, "methods must hold at least one entry"),
        ("mean_curves", {"methods": ["MLP"]}, "table of 'pocket' must hold 'MLP'; it has"),
        ("mean_curves", {"minus": "MLP"}, "table of 'pocket' must hold 'MLP'; it has"),
        ("panels", {"values": {}}, "values must hold at least one entry"),
        ("panels", {"values": {"few": {}}}, "values must hold at least one entry"),
        ("panels", {"x": [0.0, 1.0]}, "x must be positive; got 0.0"),
        ("panels", {"x": [1.0]}, "values and errors of 'few' must have"),
        ("predicted_and_true", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("predicted_and_true", {"choice": [1]}, r"choice \(2,\); got .* and \(1,\)"),
        ("predicted_and_true", {"gamma_star": GAMMA * np.nan}, "gamma_star must be finite"),
        ("prompts_2d", {"X": np.ones((3, 3))}, r"X must have two columns .*\(3, 3\)"),
        ("prompts_2d", {"groups": ["a"]}, r"groups an entry per row of X; .*\(1,\)"),
        ("prompts_2d", {"centers": [[1.0]]}, r"centers must have two columns; .*\(1, 1\)"),
        ("scaling", {"points": {}}, "points must hold at least one entry"),
        ("scaling", {"points": {"A": ([0], [1])}}, "points must be .* sizes positive; .*'A'"),
        ("series", {"values": {}}, "values must hold at least one entry"),
        ("series", {"x": [], "values": {"a": []}}, "x must hold at least one entry"),
        ("series", {"values": {"a": [1.0]}}, r"values .* shape \(2,\); got \(1,\) for 'a'"),
        ("series", {"errors": {"UniRoute": [1.0]}}, r"errors .* got \(1,\) for 'UniRoute'"),
        ("series", {"errors": {"a": [1.0, 2.0]}}, "errors must be of labels in values; got 'a'"),
        ("traffic", {"shares": {}}, "shares must hold at least one entry"),
        ("traffic", {"shares": {"now": [1.0]}}, r"shares must have shape \(3,\) .*'now'.*\(1,\)"),
        ("traffic", {"shares": {"now": [0.5, 0, 0]}}, "add up to 1; got 'now' .* sum 0.5"),
        ("traffic", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("traffic", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
    ],
)
def test_bad_input_is_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (1e-14, "0"), (999.6, "1000"), (1234.5, "1230"), (2e6, "2e+06")],
)
def test_numbers_have_three_digits_and_thousands_in_full(value, text):
    assert f"a: from 5 to {text}," in plot.series([5, 7], {"a": [5, value]}, "b", "c").text

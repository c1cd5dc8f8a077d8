"""Envelopes are the scores; maps, prompts and misfits say what they show."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.uniroute_lab.plot.cases import GAMMA, LLMS, POINTS, draw, predict
from tests.uniroute_lab.plot.drawn import check_lines
from tests.uniroute_lab.plot.worlds import pools
from uniroute import routing_path
from uniroute_lab import plot
from uniroute_lab.plot.decisions import choices_text, envelope_text, misfit_text, prompts_text


@settings(max_examples=25, deadline=None)
@given(pool=pools(n_prompts=1))
def test_every_score_and_the_envelope_are_the_functions(pool):
    gamma, _, costs = pool
    names = [f"LLM {m}" for m in range(len(costs))]
    (axes,) = plot.envelope(gamma[0], costs, names).figure.axes
    scores = [lambda w, g=g, c=c: g + w * c for g, c in zip(gamma[0], costs, strict=True)]
    lowest = lambda w: np.min([score(w) for score in scores], axis=0)  # noqa: E731
    functions = [*scores, lowest]
    if len(axes.lines[-1].get_xdata()):  # where the envelope turns, marks
        x, y = axes.lines[-1].get_data()
        np.testing.assert_allclose(y, lowest(x))
    axes.lines[-1].remove()
    check_lines(axes, functions, tolerance=0.5)


def test_the_envelope_s_text():
    path = routing_path([[0.5, 0.5]], [1.0, 2.0])
    assert envelope_text(path, ["a", "b"]).endswith("For every lambda: a.")
    assert draw("envelope").text == (
        "Score against lambda for one prompt. For lambda below 0.375: medium. Above: small."
    )


def test_the_text_of_prompts():
    assert prompts_text(np.array([2, 1, 2]), 0, "task") == (
        "3 prompts in two dimensions, coloured by task: 1 1, 2 2."
    )
    assert draw("prompts_2d", centers=POINTS[:2]).text.endswith("2 crosses mark centres.")


@pytest.mark.parametrize(
    ("groups", "words"),
    [(["b", "a", "b"], ["a", "b"]), ([5, 1, 5], ["cluster 1", "cluster 5"])],
)
def test_names_are_written_into_the_groups(groups, words):
    X = np.array([[0.0, 0.0], [4.0, 4.0], [2.0, 0.0]])
    picture = plot.prompts_2d(X, groups, group_word="cluster", inside=True)
    (axes,) = picture.figure.axes
    assert axes.get_legend() is None
    assert [text.get_text() for text in axes.texts] == words
    np.testing.assert_array_equal([text.xy for text in axes.texts], [(4, 4), (1, 0)])


def test_the_text_of_a_choice_map_names_who_is_chosen():
    text = choices_text({0.5: np.array([0, 0, 2, 2])}, LLMS, [0, 1, 2])
    assert text.endswith("At lambda = 0.5: small 50 %, large 50 %.")
    figure = draw("choice_map", cost_weights=[0.01, 5.0]).figure
    assert len(figure.axes) == 2
    assert not figure.legends  # both have room for their names
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [
        ["small", "medium"],
        ["small"],
    ]


def test_a_region_without_room_for_a_name_is_in_the_legend():
    (legend,) = draw("choice_map", predict=predict(0.9)).figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["medium"]


def test_prompts_of_a_choice_map_are_where_they_are():
    (axes,) = draw("choice_map", prompts=POINTS[:2]).figure.axes
    np.testing.assert_array_equal(axes.collections[0].get_offsets(), POINTS[:2])
    assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 1), (-1, 1))


def test_the_envelope_on_a_logarithmic_axis_is_the_same_function():
    gamma, costs = np.array([0.8, 0.4, 0.1]), np.array([1.0, 10.0, 100.0])
    (axes,) = plot.envelope(gamma, costs, LLMS, log=True).figure.axes
    axes.lines[-1].remove()
    scores = [lambda w, g=g, c=c: g + w * c for g, c in zip(gamma, costs, strict=True)]
    check_lines(axes, [*scores, lambda w: np.min([s(w) for s in scores], axis=0)], tolerance=0.5)
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.texts] == ["large", "medium", "small"]


def test_predicted_and_true_marks_the_choice():
    gamma, gamma_star = np.array([[0.5, 0.25], [0.5, 0.75]]), np.array([[1 - 1e-9, 1e-9], [0, 1]])
    prompts, llms, choice = ["a", "b"], ["A", "B"], [1, 0]
    text = plot.predicted_and_true(gamma, gamma_star, prompts, llms, choice).text
    assert text == (
        "Predicted and true mean losses of 2 prompts. a: A 0.5 and 1; B 0.25 and 0, chosen. "
        "b: A 0.5 and 0, chosen; B 0.75 and 1."
    )
    assert plot.predicted_and_true(gamma, gamma_star, prompts, llms, [0, 1]).text == (
        "Predicted and true mean losses of 2 prompts. a: A 0.5 and 1, chosen; B 0.25 and 0. "
        "It gives away 1. b: A 0.5 and 0; B 0.75 and 1, chosen. It gives away 1."
    )
    assert text == misfit_text(gamma, gamma_star, prompts, llms, choice)


def test_a_thick_line_says_what_is_taken_and_whether_it_is_best():
    gamma, gamma_star = [[0.5, 0.4], [0.5, 0.4]], [[0.25, 0.75], [0.75, 0.25]]
    (axes,) = plot.predicted_and_true(gamma, gamma_star, ["a", "b"], ["A", "B"], [1, 1]).figure.axes
    thick = [line for line in axes.lines if line.get_lw() == 3 and len(line.get_xdata())]
    assert [tuple(line.get_ydata()) for line in thick] == [(0.4, 0.75), (0.4, 0.25)]
    assert thick[0].get_color() != thick[1].get_color()
    words = [text.get_text() for text in axes.texts]
    assert words == ["prompt a\ngives away 0.5", "prompt b\ngives away 0"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("choice_map", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("choice_map", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("choice_map", {"cost_weights": []}, "cost_weights must hold at least one entry"),
        ("choice_map", {"predict": lambda X: X}, r"predict must return .*got shape \(400, 2\)"),
        ("envelope", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("envelope", {"gamma": [0.5]}, r"gamma must have shape \(3,\); got \(1,\)"),
        ("envelope", {"gamma": [0.5, np.inf, 0.5]}, "gamma must be finite; got inf"),
        ("envelope", {"costs": [1.0]}, r"costs must have shape \(3,\); got \(1,\)"),
        ("predicted_and_true", {"names": ["a", "a", "b"]}, "names must be distinct; 'a'"),
        ("predicted_and_true", {"choice": [1]}, r"choice \(2,\); got .* and \(1,\)"),
        ("predicted_and_true", {"gamma": [[0.1]]}, r"gamma and gamma_star must have shape \(2, 3"),
        ("predicted_and_true", {"prompts": ["a"]}, r"gamma and gamma_star must have shape \(1, 3"),
        ("predicted_and_true", {"gamma_star": GAMMA * np.nan}, "gamma_star must be finite"),
        ("prompts_2d", {"X": np.ones((3, 3))}, r"X must have two columns .*\(3, 3\)"),
        ("prompts_2d", {"groups": ["a"]}, r"groups an entry per row of X; .*\(1,\)"),
        ("prompts_2d", {"centers": [[1.0]]}, r"centers must have two columns; .*\(1, 1\)"),
    ],
)
def test_bad_input_is_named(name, change, words):
    with pytest.raises(ValueError, match=words):
        draw(name, **change)

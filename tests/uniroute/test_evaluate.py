"""The deferral curve against a dense sweep and closed forms; the paired comparisons."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from uniroute import (
    ZeroRouter,
    deferral_curve,
    holm,
    paired_difference,
    random_world,
    route,
    routing_path,
    sign_test,
)


def swept_area(gamma, losses, costs):
    """Area by visiting a lambda between any two crossings of any two LLMs on any prompt."""
    costs = np.asarray(costs, float)
    differences = costs[None, :] - costs[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = (gamma[:, :, None] - gamma[:, None, :]) / differences
    knots = np.unique(crossings[np.isfinite(crossings) & (crossings > 0)])
    weights = np.concatenate([[0.0], np.sqrt(knots[1:] * knots[:-1]), [knots[-1] * 2]])
    rows = np.arange(len(gamma))
    points = []
    for weight in weights[::-1]:
        choice = route(gamma, costs, weight)
        points.append((costs[choice].mean(), 1 - losses[rows, choice].mean()))
    points.append((costs.max(), points[-1][1]))
    x, y = np.array(points).T
    return np.trapezoid(y, x) / (costs.max() - costs.min())


@pytest.mark.parametrize("seed", range(12))
def test_area_equals_a_dense_sweep(seed):
    rng = np.random.default_rng(seed)
    gamma = rng.random((15, 5)) if seed % 2 else rng.integers(0, 5, (15, 5)) / 4
    losses, costs = rng.integers(0, 2, (15, 5)).astype(float), rng.integers(1, 7, 5).astype(float)
    assert np.isclose(
        deferral_curve(gamma, losses, costs).area(), swept_area(gamma, losses, costs), atol=1e-9
    )


def test_two_llms_in_closed_form():
    # Both prompts switch at once: a straight line from (1, 0.5) to (3, 1).
    curve = deferral_curve([[0.6, 0.2], [0.6, 0.2]], [[1, 0], [0, 0]], [1.0, 3.0])
    assert curve.area() == pytest.approx(0.75)
    assert curve.area(0.5) == pytest.approx((0.5 + 0.75) / 2 / 2)
    assert curve.qnc() == 1.0
    assert curve.peak() == 1.0
    assert curve.at([1.0, 2.0, 3.0, 9.0]) == pytest.approx([0.5, 0.75, 1.0, 1.0])
    assert np.isnan(curve.at(0.5))


def test_curve_is_flat_where_the_router_wants_no_more_money():
    curve = deferral_curve([[0.0, 0.5]], [[1, 0]], [1.0, 2.0])  # wrong prediction
    assert curve.costs.tolist() == [1.0]
    assert curve.area() == 0.0
    assert curve.qnc() == np.inf


def test_curve_keeps_bad_vertices():
    gamma = [[0.9, 0.5, 0.1]]
    curve = deferral_curve(gamma, [[0, 1, 0.5]], [1.0, 2.0, 3.0])
    assert curve.losses.tolist() == [0, 0.5]  # collinear: the middle LLM is skipped
    curve = deferral_curve([[0.9, 0.4, 0.1]], [[0, 1, 0.5]], [1.0, 2.0, 3.0])
    assert curve.losses.tolist() == [0, 1, 0.5]


def test_equal_costs_and_single_llm():
    curve = deferral_curve([[0.2, 0.1], [0.1, 0.2]], [[1, 0], [1, 0]], [2.0, 2.0])
    assert curve.area() == 0.5
    assert curve.area(0.5) == 0.25
    single = deferral_curve([[0.2], [0.1]], [[1], [0]], [2.0])
    assert (single.area(), single.qnc(), single.peak()) == (0.5, 1.0, 0.5)


def test_qnc_interpolates_the_crossing():
    # The best LLM has loss 0.25 at cost 4; the curve falls from 1 at cost 1 to 0 at cost 2.5.
    losses = np.array([[1, 0], [1, 1], [1, 0], [1, 0]], float)
    losses = np.column_stack([losses[:, 0], [0, 0, 1, 1], losses[:, 1]])
    gamma = np.column_stack([np.ones(4), [0, 0, 1, 1], [1, 1, 0, 0]])
    curve = deferral_curve(gamma, losses, [1.0, 2.0, 4.0])
    assert curve.costs.tolist() == [1.0, 1.5, 3.0]
    assert curve.losses.tolist() == [1.0, 0.5, 0.0]
    assert curve.qnc() == pytest.approx((1.5 + 1.5 * 0.5) / 4)


def test_free_llms():
    assert deferral_curve([[0.1, 0.2]], [[0, 1]], [0.0, 0.0]).qnc() == 1.0


def test_per_prompt_costs():
    curve = deferral_curve([[0.5, 0.1], [0.5, 0.1]], [[1, 0], [1, 0]], [[1.0, 2.0], [1.0, 4.0]])
    assert curve.costs.tolist() == [1.0, 1.5, 3.0]
    assert curve.cost_range == (1.0, 3.0)
    assert curve.area() == pytest.approx((0.25 * 0.5 + 1.5 * 0.75) / 2)


def test_nobody_beats_the_bayes_rule_and_the_oracle_beats_all():
    world = random_world(n_llms=6, random_state=4)
    sample = world.sample(4000, random_state=5)
    bayes = deferral_curve(sample.gamma, sample.gamma, world.costs).area()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        wrong = sample.gamma + rng.normal(scale=rng.random(), size=sample.gamma.shape)
        assert deferral_curve(wrong, sample.gamma, world.costs).area() <= bayes + 1e-12
    zero = ZeroRouter().fit(list("abcdef"), sample.X, sample.losses, world.costs)
    floor = deferral_curve(zero.predict_loss(sample.X), sample.gamma, world.costs).area()
    oracle = deferral_curve(sample.losses, sample.losses, world.costs).area()
    assert floor < bayes < oracle


def test_curve_is_the_path_measured():
    rng = np.random.default_rng(0)
    gamma, losses, costs = rng.random((30, 4)), rng.random((30, 4)), rng.random(4)
    curve, path = deferral_curve(gamma, losses, costs), routing_path(gamma, costs)
    assert (curve.cost_weights == [np.inf, *path.breakpoints]).all()
    for i, weight in enumerate(path.breakpoints):
        choice = path.choose(weight, "dear")
        assert np.isclose(curve.losses[i + 1], losses[np.arange(30), choice].mean())
        assert np.isclose(curve.costs[i + 1], costs[choice].mean())


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([[0, 1], [1, np.nan]], "losses must be finite; got nan at row 1, column 1"),
        ([[0, 1]], r"losses must have the shape of gamma, \(2, 2\); got \(1, 2\)"),
    ],
)
def test_bad_losses_are_named(losses, words):
    with pytest.raises(ValueError, match=words):
        deferral_curve([[0.1, 0.2], [0.1, 0.2]], losses, [1.0, 2.0])


def test_bad_fraction_is_named():
    with pytest.raises(ValueError, match=r"fraction must be a number from 0 to 1; got 1\.5"):
        deferral_curve([[0.1]], [[0]], [1.0]).area(1.5)


def test_paired_difference_is_the_t_interval():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=40), rng.normal(size=40)
    found = paired_difference(a, b, level=0.9)
    low, high = stats.ttest_rel(a, b).confidence_interval(0.9)
    assert np.allclose([found.low, found.high], [low, high])
    assert found.mean == pytest.approx((a - b).mean())


def test_sign_test_counts_wins_and_leaves_out_ties():
    assert sign_test([1, 2, 3, 4, 5, 0], [0, 0, 0, 0, 0, 0]) == pytest.approx(2 / 2**5)
    assert sign_test([1, 1], [1, 1]) == 1.0
    assert sign_test([0, 0, 2], [1, 1, 1]) == sign_test([1, 1, 1], [0, 0, 2])


@pytest.mark.parametrize("compare", [paired_difference, sign_test])
def test_bad_pairs_are_named(compare):
    with pytest.raises(ValueError, match=r"one length.*\(2,\) and \(3,\)"):
        compare([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="at least 2"):
        compare([1], [1])
    with pytest.raises(ValueError, match="finite"):
        compare([1, np.nan], [1, 2])


@pytest.mark.parametrize("seed", range(8))
def test_true_costs_are_judged_and_do_not_decide(seed):
    rng = np.random.default_rng(seed)
    gamma, losses = rng.random((12, 4)), rng.integers(0, 2, (12, 4)).astype(float)
    costs, true = np.arange(1.0, 5.0), rng.gamma(1.0, size=(12, 4)) * np.arange(1.0, 5.0)
    curve = deferral_curve(gamma, losses, costs, true)
    rows, points = np.arange(12), []
    turns = routing_path(gamma, costs).breakpoints
    for weight in [turns[0] * 2, *np.sqrt(turns[1:] * turns[:-1]), turns[-1] / 2]:
        choice = route(gamma, costs, weight)
        points.append((true[rows, choice].mean(), losses[rows, choice].mean()))
    assert (np.diff(curve.costs) > 0).all()
    assert np.allclose(curve.llm_costs, true.mean(axis=0))
    # At a vertex's budget: the smallest lambda that is within it.
    for budget, loss in zip(curve.costs, curve.losses, strict=True):
        within = [point for point in points if point[0] <= budget + 1e-9]
        assert np.allclose(within[-1], (budget, loss))
    assert len({round(point[0], 9) for point in points} & set(curve.costs.round(9))) == len(
        curve.costs
    )


def test_true_costs_equal_to_the_costs_change_nothing():
    rng = np.random.default_rng(0)
    gamma, losses = rng.random((30, 5)), rng.integers(0, 2, (30, 5)).astype(float)
    costs = np.arange(1.0, 6.0)
    plain = deferral_curve(gamma, losses, costs)
    same = deferral_curve(gamma, losses, costs, np.tile(costs, (30, 1)))
    assert np.allclose(plain.costs, same.costs)
    assert np.allclose(plain.losses, same.losses)
    assert plain.area() == pytest.approx(same.area())


def test_bad_true_costs_are_named():
    with pytest.raises(ValueError, match="true_costs must have the shape of gamma"):
        deferral_curve([[0.1, 0.2]], [[0, 1]], [1.0, 2.0], [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="costs must be finite and not negative"):
        deferral_curve([[0.1, 0.2]], [[0, 1]], [1.0, 2.0], [[1.0, -2.0]])


@pytest.mark.parametrize("seed", range(8))
def test_rows_stand_for_the_prompts_that_share_them(seed):
    rng = np.random.default_rng(seed)
    gamma, rows = rng.integers(0, 9, (6, 5)) / 8, rng.integers(0, 5, 40)  # nobody has row 5
    losses, true = rng.integers(0, 2, (40, 5)), rng.random((40, 5))
    costs = rng.random((6, 5)) if seed % 2 else rng.random(5)
    true = None if seed % 4 < 2 else true
    short = deferral_curve(gamma, losses, costs, true, rows=rows)
    long = deferral_curve(gamma[rows], losses, costs[rows] if seed % 2 else costs, true)
    for name in ("costs", "losses", "llm_costs", "llm_losses", "cost_weights"):
        assert np.allclose(getattr(short, name), getattr(long, name), rtol=1e-12, atol=1e-12)
    assert short.area() == pytest.approx(long.area())
    assert short.qnc() == pytest.approx(long.qnc())


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([0, 2], "rows must be rows of gamma, 0 to 1; got 2"),
        ([0, -1], "rows must be integers of at least 0; got -1"),
        ([0.5, 1.0], "rows must be integers of at least 0; got 0.5"),
        (0, r"rows must be one integer for each prompt; got shape \(\)"),
        ([0, 1, 1], r"losses must have the shape of gamma\[rows\], \(3, 2\); got \(2, 2\)"),
    ],
)
def test_bad_rows_are_named(rows, words):
    with pytest.raises(ValueError, match=words):
        deferral_curve([[0.1, 0.2], [0.1, 0.2]], [[0, 1], [0, 1]], [1.0, 2.0], rows=rows)


def every_pool(n_llms, size):
    """Return all pools of this size, a row each."""
    pools = [np.isin(range(n_llms), chosen) for chosen in combinations(range(n_llms), size)]
    return np.array(pools, dtype=float)


def test_an_interval_about_new_llms_is_that_of_their_effects():
    # All pools are there, so that the regression finds the effects exactly: the standard error is
    # size of a pool x standard deviation of the effects / root of the number of LLMs.
    rng = np.random.default_rng(0)
    for n_llms, size in ((6, 2), (7, 3), (9, 3)):
        pools, effects = every_pool(n_llms, size), rng.normal(size=n_llms)
        values, n = 1 + pools @ effects, len(pools)
        given = {"pools": pools, "test_share": 0.3, "gaps": np.zeros(n)}
        found = paired_difference(values, np.zeros(n), about="new LLMs", **given)
        ours = size**2 * effects.var(ddof=1) / n_llms * n / (n - 1)  # of draws, n - 1
        error = np.sqrt(ours + values.var(ddof=1) / n)
        assert found.mean == pytest.approx(1 + size * effects.mean())
        assert found.standard_error == pytest.approx(error)
        assert found.about == "new LLMs" and n_llms - 1 < found.freedom < 1.6 * n_llms
        assert found.high - found.mean == pytest.approx(error * stats.t.ppf(0.975, found.freedom))
        # For these LLMs, on other prompts, the LLMs explain all and there is nothing else.
        prompts = paired_difference(values, np.zeros(n), about="new prompts", **given)
        assert prompts.standard_error == pytest.approx(stats.sem(values))


def test_an_interval_about_new_prompts_keeps_their_share_of_the_noise():
    rng = np.random.default_rng(1)
    values, gaps = rng.normal(size=(2, 40))
    error = values.var(ddof=1) / 40
    given = {"about": "new prompts", "test_share": 0.3}
    found = paired_difference(values, np.zeros(40), gaps=gaps, **given)
    assert found.standard_error**2 == pytest.approx(error + 0.3 * (gaps**2).mean() / 4)
    bound = paired_difference(values, np.zeros(40), **given)  # all noise counts as theirs
    assert bound.standard_error**2 == pytest.approx(error + 0.3 / 0.7 * values.var(ddof=1))


def test_the_order_of_the_llms_does_not_matter():
    rng = np.random.default_rng(2)
    pools = rng.random((60, 8)).argsort(axis=1, kind="stable") < 3
    values = pools @ rng.normal(size=8) + rng.normal(size=60)
    given = {"about": "new LLMs", "test_share": 0.3, "gaps": rng.normal(size=60)}
    first, second = (
        paired_difference(values, np.zeros(60), pools=p, **given) for p in (pools, pools[:, ::-1])
    )
    assert first.standard_error == pytest.approx(second.standard_error, rel=1e-9)
    # Few trials: no regression, and all of the variance counts as the LLMs'.
    few = {**given, "gaps": np.zeros(15)}
    found = paired_difference(values[:15], np.zeros(15), pools=pools[:15], **few)
    assert found.standard_error**2 == pytest.approx(values[:15].var(ddof=1) * (1 / 15 + 3 / 5))


def test_levels_say_what_they_need():
    one = {"about": "new LLMs", "test_share": 0.3}
    with pytest.raises(ValueError, match="about must be"):
        paired_difference([1, 2], [0, 0], about="everything")
    with pytest.raises(ValueError, match="test_share must be given"):
        paired_difference([1, 2], [0, 0], about="new prompts")
    with pytest.raises(ValueError, match="pools must have a row per trial, 2; got"):
        paired_difference([1, 2], [0, 0], pools=[[1, 0]], **one)
    for pools in (None, [[1, 0], [1, 0]]):
        with pytest.raises(ValueError, match="pools must differ between trials"):
            paired_difference([1, 2], [0, 0], pools=pools, **one)


def test_holm_against_its_definition():
    rng = np.random.default_rng(3)
    for _ in range(20):
        p_values = np.round(rng.uniform(size=6) ** 3, 2)  # with ties
        found = holm(p_values)
        for alpha in np.arange(0.005, 1, 0.01):
            rejected, left = set(), sorted(range(6), key=lambda i: p_values[i])
            while left and p_values[left[0]] * len(left) <= alpha:
                rejected.add(left.pop(0))
            assert {i for i in range(6) if found[i] <= alpha} == rejected
    assert holm([]).shape == (0,)


def test_the_p_value_is_where_the_interval_touches_zero():
    rng = np.random.default_rng(4)
    values, zeros = rng.normal(0.3, 1, 20), np.zeros(20)
    found = paired_difference(values, zeros)
    assert found.p_value == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    edge = paired_difference(values, zeros, level=1 - found.p_value)
    assert min(abs(edge.low), abs(edge.high)) == pytest.approx(0, abs=1e-9)
    assert paired_difference([0.5, 0.5], [0.0, 0.0]).p_value == 0
    assert paired_difference([1, 1], [1, 1]).p_value == 1

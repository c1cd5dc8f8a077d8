"""Labels, traffic, drift and the winner's curse against counts by hand and simulation."""

import tracemalloc

import numpy as np
import pytest
from scipy import stats
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from uniroute import (
    ConstantMap,
    KMeansMap,
    LearnedMap,
    PriorMap,
    UniRoute,
    ZeroRouter,
    random_world,
)

pytestmark = pytest.mark.filterwarnings("ignore::uniroute.llms.EmptyClusterWarning")
X = np.repeat([[0.0], [10.0], [20.0]], [60, 30, 10], axis=0)
LOSSES = np.repeat([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [60, 30, 10], axis=0)


def known(labels=slice(None), losses=LOSSES):
    router = UniRoute(KMeansMap(3)).fit(X)
    return router.add_llms(["small", "large"], X[labels], losses[labels], costs=[1.0, 5.0])


def order(router):
    """Return the clusters in the order of `X`."""
    return [int(router.prompt_map_.predict([[x]])[0]) for x in (0.0, 10.0, 20.0)]


def test_counts_by_hand():
    router = known()
    found, at = router.diagnose(X), order(router)
    assert found.labels[:, at].tolist() == [[60, 30, 10], [60, 30, 10]]
    assert found.traffic[at].tolist() == pytest.approx([0.6, 0.3, 0.1])
    assert found.untried == [] and found.warnings == []
    assert found.shares == pytest.approx({"small": 0.7, "large": 0.3})
    assert found.drift == pytest.approx((0.0, 1.0))
    dear = router.diagnose(X, cost_weight=10.0)
    assert dear.shares == {"small": 1.0, "large": 0.0}
    assert router.diagnose(X, budget=1.5).shares["large"] == pytest.approx(0.5 / 4)
    # Of the last kind both LLMs are wrong, and the cheaper one is taken.
    assert found.arms["routed"] == pytest.approx((0.1, 0.7 * 1 + 0.3 * 5))
    assert found.arms["all to small"] == pytest.approx((0.4, 1.0)) and len(found.arms) == 2
    assert dear.arms["routed"] == dear.arms["all to small"]
    assert router.diagnose(X, budget=1.5).arms["routed"][1] == pytest.approx(1.5)
    assert "all to small: predicted loss 0.400, mean cost 1\n" in repr(found)
    assert "small: 70.0 %" in repr(found) and found._repr_html_().startswith("<pre>traffic")


def test_kinds_never_tried():
    losses = LOSSES.copy()
    losses[60:90, 1] = np.nan
    router = known(losses=losses)
    [(cluster, share)] = router.diagnose(X[50:]).untried
    assert cluster == order(router)[1] and share == pytest.approx(0.6)
    assert router.diagnose(X[:10]).untried == []  # no traffic of that kind
    assert "60.0 % of the traffic is of kinds" in router.diagnose(X[50:]).warnings[0]


def far_kinds(n_llms=5):
    """Four kinds of prompts, those of each at growing distances from its centre, the largest last.

    LLM 0 has labels of all of them, the others of the first kind only.
    """
    steps = np.array([0.3, -0.2, 0.1, 0.0, -0.1, 0.2, -0.3])
    rows = np.concatenate([20.0 * k + np.tile(steps, k + 1) for k in range(4)])[:, None]
    losses = np.zeros((len(rows), n_llms))
    losses[7:, 1:] = np.nan
    router = UniRoute(KMeansMap(4)).fit(rows)
    return router.add_llms([f"LLM {i}" for i in range(n_llms)], rows, losses, np.ones(n_llms)), rows


def test_what_to_label_next_is_named_by_cluster_llm_and_prompt():
    router, rows = far_kinds()
    traffic = rows[7:]  # nothing of the first kind
    found, of = router.diagnose(traffic), router.prompt_map_.predict(traffic)
    assert [k for k, _ in found.untried] == [of[-1], of[20], of[0]]  # the largest first
    for k, share in found.untried:
        inside = np.flatnonzero(of == k)
        assert share == pytest.approx(len(inside) / len(traffic))
        away = np.abs(traffic[inside, 0] - router.prompt_map_.cluster_centers_[k, 0])
        assert found.label_next[k] == inside[np.argsort(away, kind="stable")[:3]].tolist()
    line, *others = found.advice()
    assert line == (
        f"cluster {of[-1]}, 44.4 % of the traffic: no label of LLM 1, LLM 2, LLM 3 and more; "
        f"label next: {', '.join(map(str, found.label_next[of[-1]]))}"
    )
    assert len(others) == 2 and repr(found).endswith("\n".join([line, *others]))
    texts = [f"prompt {i}" for i in range(len(traffic))]
    first = found.label_next[of[-1]][0]
    assert f"label next: 'prompt {first}', 'prompt " in found.advice(texts)[0]
    with pytest.raises(ValueError, match=r"texts must be of all prompts; got 1, "):
        found.advice(["a"])


def test_once_these_are_labelled_nothing_is_left_to_do():
    router, rows = far_kinds(2)
    labels = np.full(len(rows), np.nan)
    found = router.diagnose(rows)
    for k in found.label_next:
        labels[found.label_next[k]] = 0.0
    labels[:7] = 0.0
    router.add_llms("LLM 1", rows, labels, 1.0, replace=True)
    found = router.diagnose(rows)
    assert found.untried == [] and found.label_next == {} and found.advice() == []


def test_few_labels():
    assert (
        "100 % of the means rest on fewer than 10 labels"
        in known(slice(0, 100, 11)).diagnose(X).warnings
    )


@pytest.mark.parametrize("saved", [False, True])
def test_drift_is_the_chi_squared_test(saved, tmp_path):
    router = known()
    if saved:
        router.save(tmp_path / "router")
        router = UniRoute.load(tmp_path / "router")
    traffic = np.repeat([[0.0], [10.0], [20.0]], [40, 40, 20], axis=0)
    statistic, p_value = router.diagnose(traffic).drift
    expected = stats.chi2_contingency([[60, 30, 10], [40, 40, 20]], correction=False)
    assert (statistic, p_value) == pytest.approx((expected.statistic, expected.pvalue))
    # Clusters of which fewer than five prompts are expected count as one.
    few = router.diagnose(traffic[20:50]).drift  # 20 and 10; of the last kind 3 were expected
    expected = stats.chi2_contingency([[60, 30, 10], [20, 10, 0]], correction=False)
    assert few == pytest.approx((expected.statistic, expected.pvalue))


def test_drift_of_traffic_that_is_alike_is_rarely_seen():
    rng = np.random.default_rng(0)
    p_values = []
    for seed in range(60):
        rows = rng.normal(size=(900, 2))
        router = UniRoute(KMeansMap(5, random_state=seed)).fit(rows[:600])
        router = router.add_llms("one", rows[:600], np.zeros(600), 1.0)
        p_values.append(router.diagnose(rows[600:]).drift[1])
        assert router.diagnose(rows[600:] + 1).drift[1] < 0.01
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_the_curse_of_equal_llms_is_the_mean_of_the_least_noise():
    # One cluster, n labels, m LLMs that are all wrong half the time: the least of m normal errors.
    n, losses = 50, np.tile([[0.0], [1.0]], (25, 8))
    router = UniRoute(ConstantMap()).fit(X)
    router = router.add_llms([str(i) for i in range(8)], np.zeros((n, 1)), losses, np.ones(8))
    rng = np.random.default_rng(1)
    least = rng.normal(size=(100_000, 8)).min(axis=1).mean() * 0.5 / np.sqrt(n)
    assert router.diagnose(X).curse == pytest.approx(-least, rel=0.1)
    alone = UniRoute(ConstantMap()).fit(X).add_llms("0", np.zeros((n, 1)), losses[:, 0], 1.0)
    assert abs(alone.diagnose(X).curse) < 0.02  # nothing is chosen


def test_other_routers():
    zero = ZeroRouter().fit(["a", "b"], None, [[0, 1], [1, 1]], [1.0, 2.0])
    assert zero.diagnose([[1.0]]).drift is None
    soft = UniRoute(LearnedMap(2, assignment="soft")).fit(X, LOSSES)
    soft = soft.add_llms(["a", "b"], X, LOSSES, [1.0, 2.0])
    found = soft.diagnose(X)
    assert found.traffic.sum() == pytest.approx(1) and found.drift[1] == pytest.approx(1)


def three_kinds(saved=None):
    """Return a router with a prior over three far kinds of prompts, and their embeddings."""
    rng = np.random.default_rng(0)
    rows = 40 * np.eye(3)[np.repeat([0, 1, 2], [60, 30, 10])] + rng.normal(size=(100, 3))
    router = UniRoute().fit(rows).add_llms(["small", "large"], rows, LOSSES, costs=[1.0, 5.0])
    if saved is not None:
        router.save(saved)
        router = UniRoute.load(saved)
    return router, rows


@pytest.mark.parametrize("saved", [False, True])
def test_of_a_prior_the_kinds_are_its_first_clusters(saved, tmp_path):
    router, rows = three_kinds(tmp_path / "router" if saved else None)
    prior, found = router.prompt_map_, router.diagnose(rows)
    n_kinds = prior.sizes_[0]
    assert found.labels.shape == (2, n_kinds) and found.traffic.shape == (n_kinds,)
    assert found.traffic.sum() == pytest.approx(1) and found.traffic.min() >= 0
    assert found.labels.sum(axis=1) == pytest.approx([100, 100])
    assert found.labels[0] / 100 == pytest.approx(found.traffic)  # the same prompts
    assert found.drift == pytest.approx((0.0, 1.0))
    assert found.untried == [] and found.warnings == []  # few labels go far, by the prior
    assert abs(found.curse) < 0.05  # one LLM is right, the other wrong, without doubt
    assert router.diagnose(np.tile(rows[:60], (5, 1))).drift[1] < 1e-3  # of one kind only


@pytest.mark.parametrize(("n_labels", "trained"), [(40, True), (40, False), (200, True)])
def test_the_curse_of_a_prior_is_that_of_labels_drawn_anew(n_labels, trained):
    """Here from the labelled prompts themselves, which a router does not keep."""
    world = random_world(n_llms=20, random_state=3).sample(1000, random_state=4)
    rows, traffic = world.X[400 : 400 + n_labels], world.X[600:]
    router = UniRoute().fit(world.X[:400], world.losses[:400, :12] if trained else None)
    names, given = [str(i) for i in range(8)], world.losses[400 : 400 + n_labels, 12:]
    router.add_llms(names, rows, given, np.ones(8))
    prior, rng, found = router.prompt_map_, np.random.default_rng(0), []
    Z, true, known = prior.transform(traffic), router.predict_loss(traffic), prior.transform(rows)
    for _ in range(60):
        labels = (rng.random(given.shape) < router.predict_loss(rows)).astype(float)
        drawn = Z @ prior.represent(known, labels)[0].T
        chosen = np.arange(len(Z)), drawn.argmin(axis=1)
        found.append((true[chosen] - drawn[chosen]).mean())
    error = np.std(found) / np.sqrt(10)  # of the ten draws of the diagnosis
    assert router.diagnose(traffic).curse == pytest.approx(np.mean(found), abs=3 * error)
    assert error < 0.03


def test_the_curse_of_equal_llms_and_equal_prompts_with_a_prior():
    """Without training LLMs each counts as its mean: the least of m normal errors again."""
    rows, losses = np.ones((100, 3)), np.tile([[0.0], [1.0]], (25, 8))
    router = UniRoute().fit(rows)
    router.add_llms([str(i) for i in range(8)], rows[:50], losses, np.ones(8))
    least = np.random.default_rng(1).normal(size=(100_000, 8)).min(axis=1) * 0.5 / np.sqrt(50)
    error = least.std() / np.sqrt(10)
    assert router.diagnose(rows).curse == pytest.approx(-least.mean(), abs=3 * error)
    assert 3 * error < -least.mean() / 2


def test_the_curse_where_no_traffic_is_like_what_was_labelled():
    router, rows = three_kinds()
    router.remove_llms(["small", "large"]).add_llms(["a", "b"], rows[:1], [[0, 1]], [1.0, 2.0])
    assert np.isfinite(router.diagnose(rows[60:]).curse)
    # Many labels of a kind of which the traffic has one prompt are not so many of each prompt.
    many = np.tile(rows, (100, 1))
    router.remove_llms(["a", "b"]).add_llms(["a", "b"], many, np.tile(LOSSES, (100, 1)), [1, 2])
    tracemalloc.start()
    assert np.isfinite(router.diagnose(rows[:61]).curse)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12e6  # three times their features


def test_kinds_never_tried_of_a_prior():
    router, rows = three_kinds()
    router.remove_llms("large").add_llms("large", rows[:90], LOSSES[:90, 1], costs=5.0)
    [line] = router.diagnose(rows).warnings
    assert line == "10.0 % of the traffic is of kinds that some LLM was never tried on"
    found, prior = router.diagnose(rows), router.prompt_map_
    assert found.label_next.keys() == {k for k, _ in found.untried}
    centers = prior.cluster_centers_[: prior.sizes_[0]]
    for k, near in found.label_next.items():
        assert min(near) >= 90 and near[0] == np.square(rows - centers[k]).sum(axis=1).argmin()
    assert router.diagnose(rows[:90]).untried == []


def test_the_drift_of_maps_inside_others():
    _, rows = three_kinds()
    for phi in (KMeansMap(3).fit(rows), PriorMap().fit(rows)):
        for inside in (FrozenEstimator(phi), make_pipeline(FunctionTransformer(), phi)):
            router = UniRoute(inside).fit(rows).add_llms("one", rows, LOSSES[:, 0], costs=1.0)
            assert router.diagnose(rows).drift == pytest.approx((0.0, 1.0))


def test_the_curse_of_losses_without_bounds_is_not_known():
    router = UniRoute(KMeansMap(3)).fit(X)
    router.add_llms(["a", "b"], X, 1000 * LOSSES - 1, [1.0, 2.0])
    assert router.diagnose(X).curse is None


def test_a_weight_and_a_budget_are_not_both_taken():
    with pytest.raises(ValueError, match="budget must be None with a cost_weight"):
        known().diagnose(X, cost_weight=0.1, budget=1.5)
    assert known().diagnose(X, cost_weight=np.inf).shares == {"small": 1.0, "large": 0.0}

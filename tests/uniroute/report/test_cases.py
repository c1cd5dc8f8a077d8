"""What engineers brought, beyond the forms of tables: from a table into a router that is seen."""

import numpy as np
import pytest

from uniroute import ConstantMap, KMeansMap, UniRoute, read_table

pytest.importorskip("pandas")


def test_costs_of_a_table_of_tokens_go_into_a_router_as_they_are(tmp_path):
    rows = ["p,a,1,1000,10", "p,b,1,1000,200", "q,a,0,50,5"]
    head = "prompt,llm,score,input_tokens,output_tokens"
    (tmp_path / "t.csv").write_text("\n".join([head, *rows]) + "\n")
    data = read_table(tmp_path / "t.csv", costs={"a": (1, 2), "b": (10, 30)}).data
    router = UniRoute(ConstantMap()).fit(np.zeros((2, 1)))
    router.add_llms(data.llms, np.zeros((2, 1)), data.losses, data.costs)
    known = [np.nanmean(column) for column in data.costs.T]
    assert router.predict_cost(np.zeros((1, 1)))[0] == pytest.approx(known)


def test_judged_answers_route_each_prompt_to_the_better_llm(tmp_path):
    rows = ["Tides,a,9,1", "Tides,b,3,1", "Waves,a,8,1", "Waves,b,2,1",
            "Rivers,a,2,1", "Rivers,b,8,1", "Lakes,a,3,1", "Lakes,b,9,1"]  # fmt: skip
    (tmp_path / "t.csv").write_text("\n".join(["prompt,llm,score,cost", *rows]) + "\n")
    data = read_table(tmp_path / "t.csv", scale=(1, 10)).data
    X = np.array([[0.0], [0.1], [5.0], [5.1]])
    router = UniRoute(KMeansMap(n_clusters=2)).fit(X)
    router.add_llms(data.llms, X, data.losses, data.costs)
    assert list(router.route([[0.05], [5.05]], cost_weight=0.0)) == ["a", "b"]


def test_a_weight_that_sends_all_prompts_to_one_llm_is_seen():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(-4, 1, (200, 2)), rng.normal(4, 1, (200, 2))])
    hard = np.repeat([0, 1], 200)
    chance = np.stack([np.where(hard, 0.8, 0.12), np.full(400, 0.08)], axis=1)
    losses = (rng.uniform(size=(400, 2)) < chance).astype(float)
    router = UniRoute(KMeansMap(n_clusters=2)).fit(X)
    router.add_llms(["mini", "max"], X, losses, [0.0002, 0.01])
    assert router.diagnose(X, cost_weight=0.1).shares == {"mini": 0.0, "max": 1.0}
    assert router.diagnose(X, cost_weight=10).shares["mini"] == pytest.approx(0.5)

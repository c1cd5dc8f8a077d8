"""The numbers of the interactive figures are what the packages say."""

import json
from itertools import pairwise

import numpy as np
import pytest

from scripts import interactive
from uniroute import deferral_curve
from uniroute_lab.paper.coverage import read_coverage

NAMES = list(interactive.FIGURES)


def stored(name):
    return json.loads((interactive.FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def same(found, expected, where):
    """Compare what JSON can hold; numbers as near as one rounded digit."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for name in expected:
            same(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict | list | str):
        assert len(found) == len(expected), where
        for i, value in enumerate(expected):
            same(found[i], value, f"{where}[{i}]")
    elif isinstance(expected, str):
        assert found == expected, where
    else:
        np.testing.assert_allclose(found, expected, atol=2e-3, err_msg=where)


@pytest.mark.parametrize("name", ["explorer", "newcomer", "plane", "prompt"])
def test_the_code_makes_the_stored_numbers(name):
    numbers, _ = interactive.make(name)
    same(json.loads(interactive.as_text(numbers)), stored(name), name)


def test_the_code_makes_the_stored_areas(monkeypatch):
    """Three numbers of clusters of eleven: it is the longest."""
    expected, few = stored("clusters"), (1, 12, 50)
    monkeypatch.setattr(interactive, "CLUSTERS_TRIED", few)
    numbers, _ = interactive.make("clusters")
    rows = [expected["clusters"].index(K) for K in few]
    for name in ("promised", "delivered", "limit"):
        same(numbers[name], [expected[name][row] for row in rows], name)
    same(numbers["best"], expected["best"], "best")


def test_the_code_makes_the_stored_intervals(monkeypatch):
    """Those of the first of two sizes."""
    monkeypatch.setattr(interactive, "SHOWN_SIZES", interactive.SHOWN_SIZES[:1])
    numbers, _ = interactive.make("intervals")
    same(numbers["cases"], stored("intervals")["cases"][:3], "cases")


def test_the_code_makes_the_stored_estimates(monkeypatch):
    """Two numbers of labels of seven."""
    expected, few = stored("labels"), (25, 400)
    monkeypatch.setattr(interactive, "LABELS_TRIED", few)
    numbers, _ = interactive.make("labels")
    rows = [expected["sizes"].index(n) for n in few]
    for kind, pool in numbers["pools"].items():
        for name in ("counts", "wrong", "prior"):
            same(pool[name], [expected["pools"][kind][name][row] for row in rows], f"{kind}.{name}")
        for name in ("llms", "training", "truth", "weights"):
            same(pool[name], expected["pools"][kind][name], f"{kind}.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_files_are_small_and_a_text_says_what_the_picture_shows(name):
    assert (interactive.FOLDER / f"{name}.json").stat().st_size < 40_000
    assert (interactive.FOLDER / f"{name}.png").stat().st_size < 150_000
    assert len(stored(name)["alt"]) > 100


def test_no_file_is_left_over():
    found = {path.stem for path in interactive.FOLDER.iterdir() if path.suffix in (".json", ".png")}
    assert found == set(NAMES)


def test_the_explorer_s_means_and_prompts_are_the_router_s():
    """Of the embeddings themselves: the page has only clusters and counts."""
    split, numbers = interactive.Split(), stored("explorer")
    router, _ = split.router(interactive.POOL)
    psi = np.array(numbers["wrong"]) / np.array(numbers["counts"])[:, None]
    shown = split.test[: interactive.N_SHOWN]
    X, losses = split.data.embeddings[shown], split.losses(shown, interactive.POOL)
    of_page = deferral_curve(
        psi, np.array(numbers["losses"]), numbers["costs"], rows=numbers["cluster"]
    )
    curve = deferral_curve(router.predict_loss(X), losses, numbers["costs"])
    np.testing.assert_allclose(of_page.costs, curve.costs)
    np.testing.assert_allclose(of_page.losses, curve.losses)


def test_the_more_typical_a_prompt_the_nearer_to_the_middle():
    split, numbers = interactive.Split(), stored("explorer")
    place = {text: i for i, text in enumerate(split.data.prompts)}
    prompts = [place[text] for text in numbers["prompts"]]
    away = split.distances(prompts)
    clusters = numbers["cluster"]
    for i, j in pairwise(range(len(prompts))):
        if clusters[i] == clusters[j]:
            assert away[i, clusters[i]] <= away[j, clusters[j]] + 1e-5


def test_the_coverage_is_the_stored_one():
    table = read_coverage()
    for case in stored("intervals")["cases"]:
        sizes = (table.n_trials == case["nTrials"]) & (table.n_llms == case["nLlms"])
        (row,) = table[sizes & (table.effects == case["effects"])].to_dict("records")
        names = ["these LLMs as new ones", "new prompts", "new LLMs"]
        assert case["stored"] == [row[name] for name in names]

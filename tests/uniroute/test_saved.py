"""Routers that an older version saved: they load, and every choice stays."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from uniroute import UniRoute, route

SAVED = Path(__file__).parent / "saved"  # its README says how the files were made
NAMES = sorted(path.stem for path in SAVED.glob("*.json"))
USED = [name for name in NAMES if name != "empty"]


@pytest.fixture(scope="module")
def expected():
    with np.load(SAVED / "expected.npz") as file:
        return dict(file)


def test_the_fixtures_are_all_there():
    maps = {"constant", "kmeans", "kmeans_float32", "neighbors", "empty"}
    assert set(NAMES) == maps | {"learned_hard", "learned_soft", "learned_network"}


@pytest.mark.parametrize("name", USED)
def test_an_old_router_keeps_every_choice(name, expected):
    router = UniRoute.load(SAVED / name)
    assert list(router.llms_) == ["small", "middle", "large", "huge"]
    gamma = router.predict_loss(expected["X"])
    assert np.allclose(gamma, expected[f"{name}.gamma"], rtol=1e-12, atol=1e-12)
    for cost_weight, choices in zip(
        expected["cost_weights"], expected[f"{name}.choices"], strict=True
    ):
        assert np.array_equal(router.route(expected["X"], cost_weight, positions=True), choices)
        assert np.array_equal(route(gamma, router.costs_, cost_weight), choices)


@pytest.mark.parametrize("name", USED)
def test_an_llm_joins_an_old_router_by_the_old_memberships(name, expected):
    router = UniRoute.load(SAVED / name).remove_llms("huge")
    router.add_llms("late", expected["X_val"], expected["losses_late"], 9.0)
    gamma = router.predict_loss(expected["X"])
    assert np.allclose(gamma, expected[f"{name}.late"], rtol=1e-12, atol=1e-12)


def test_an_old_router_without_llms_is_filled(expected):
    router = UniRoute.load(SAVED / "empty")
    assert list(router.llms_) == []
    router.add_llms("late", expected["X_val"], expected["losses_late"], 9.0)
    gamma = router.predict_loss(expected["X"])[:, 0]
    assert np.allclose(gamma, expected["kmeans.late"][:, 3], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_saving_an_old_router_again_writes_what_was_read(name, tmp_path):
    UniRoute.load(SAVED / name).save(tmp_path / name)
    headers = [json.loads((f / f"{name}.json").read_text()) for f in (SAVED, tmp_path)]
    for header in headers:
        del header["npz_sha256"], header["uniroute_version"]
    assert headers[0] == headers[1]
    arrays = [dict(np.load(folder / f"{name}.npz")) for folder in (SAVED, tmp_path)]
    assert list(arrays[0]) == list(arrays[1])
    for key, values in arrays[0].items():
        assert values.dtype == arrays[1][key].dtype
        assert np.array_equal(values, arrays[1][key])


def test_an_old_router_may_be_renamed(tmp_path):
    for suffix in (".json", ".npz"):
        shutil.copy(SAVED / f"kmeans{suffix}", tmp_path / f"mine{suffix}")
    assert len(UniRoute.load(tmp_path / "mine").llms_) == 4

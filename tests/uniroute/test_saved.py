"""Routers that an older version saved: they load, and every choice stays."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from uniroute import UniRoute, route
from uniroute.files import read_archive

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
def test_an_old_router_is_saved_as_what_was_read(name, tmp_path):
    UniRoute.load(SAVED / name).save(tmp_path / name)
    header, arrays = read_archive(tmp_path / f"{name}.uniroute", 2)
    before = json.loads((SAVED / f"{name}.json").read_text())
    fitted = {"class", "params", "frozen"} ^ header["prompt_map"].keys()
    assert header["prompt_map"]["class"] == before["prompt_map"]["class"]
    assert header["prompt_map"]["params"] == before["prompt_map"]["params"]
    assert {key: header["prompt_map"][key] for key in fitted} == before["prompt_map"]["scalars"]
    assert header["representation"] == before["representation"]
    assert header["pool"]["names"] == before["llms"]
    with np.load(SAVED / f"{name}.npz") as file:
        old = [(values.dtype.str, values.tolist()) for values in file.values()]
    new = [(values.dtype.str, values.tolist()) for values in arrays.values()]
    assert sorted(old, key=str) == sorted(new, key=str)


def copied(folder, name="kmeans"):
    """Copy an old router under another name, and return its two files."""
    return [shutil.copy(SAVED / f"{name}{e}", folder / f"mine{e}") for e in (".json", ".npz")]


@pytest.mark.parametrize("name", NAMES)
def test_an_old_router_may_be_renamed(name, tmp_path):
    copied(tmp_path, name)
    assert list(UniRoute.load(tmp_path / "mine").llms_) == list(UniRoute.load(SAVED / name).llms_)


# --- damaged files --------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [0, 1])
def test_both_files_are_needed(lost, tmp_path):
    file = copied(tmp_path)[lost]
    file.unlink()
    with pytest.raises(FileNotFoundError, match=rf"{file.name} does not exist"):
        UniRoute.load(tmp_path / "mine")


@pytest.mark.parametrize("place", range(0, 900, 50))
def test_a_damaged_array_is_noticed(place, tmp_path):
    _, file = copied(tmp_path)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"mine\.npz must have the SHA-256"):
        UniRoute.load(tmp_path / "mine")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: h.pop("npz_sha256"), "it lacks 'npz_sha256'"),
        (lambda h: h.pop("llms"), "it lacks 'llms'"),
        (lambda h: h.pop("prompt_map"), "it lacks 'prompt_map'"),
        (lambda h: h["prompt_map"].pop("scalars"), "it lacks 'scalars'"),
        (lambda h: h.pop("representation"), "it lacks 'representation'"),
        (lambda h: h["representation"].update({"class": "KMeans"}), "class must be one of"),
        (lambda h: h["prompt_map"].update({"class": "os.system"}), "class must be one of"),
        (lambda h: h["prompt_map"].update({"class": "NeighborMap", "params": {}}), "it lacks"),
        (lambda h: h["prompt_map"]["params"].update({"n_jobs": 2}), "'n_jobs'"),
        (lambda h: h["prompt_map"]["scalars"].update({"fit": 2}), "got 'prompt_map.fit'"),
        (lambda h: h["prompt_map"]["scalars"].update({"__class__": 2}), "prompt_map.__class__"),
        (lambda h: h.update({"prompt_map": [1]}), "must hold a router"),
        (lambda h: h.update({"llms": list("abc")}), r"costs must have shape \(3,\); got \(4,\)"),
        (lambda h: h.update({"llms": list("abcc")}), "'c' stands more than once"),
        (lambda h: h.update({"llms": [1, 2, 3, 4]}), "non-empty strings; got 1"),
        (lambda h: h.update({"llms": []}), r"costs must have shape \(0,\)"),
        (lambda h: h.update({"format": 99}), "format 1; got 99, which uniroute 0.1.0 wrote"),
    ],
)
def test_a_damaged_header_is_refused(change, words, tmp_path):
    file, _ = copied(tmp_path)
    header = json.loads(file.read_text())
    change(header)
    file.write_text(json.dumps(header))
    with pytest.raises(ValueError, match=words) as caught:
        UniRoute.load(tmp_path / "mine")
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[1]", '{"format": 1}', '{"format": 1, "x": NaN}'])
def test_a_header_must_be_that_of_a_router(text, tmp_path):
    copied(tmp_path)[0].write_text(text)
    with pytest.raises(ValueError, match=r"mine\.json must hold a router"):
        UniRoute.load(tmp_path / "mine")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("costs", lambda a: -a, "costs must be finite and at least 0; got -1.0"),
        ("psi", lambda a: a * np.nan, "psi must be finite; got nan"),
        ("weights", lambda a: a - 999, "counts must be finite and at least 0"),
        ("map.cluster_centers_", lambda a: a[:, :2], "cluster_centers_ must have shape"),
        ("more", lambda a: np.eye(2), "got 'pool.more', which uniroute 0.1.0 wrote"),
        ("costs", lambda a: np.zeros(2**24), "its contents must be at most 67108864 bytes"),
    ],
)
def test_every_array_is_checked(name, change, words, tmp_path):
    """NaN and negative numbers were accepted."""
    json_file, npz_file = copied(tmp_path)
    with np.load(npz_file) as file:
        arrays = dict(file)
    np.savez_compressed(npz_file, **arrays | {name: change(arrays.get(name))})
    header = json.loads(json_file.read_text())
    header["npz_sha256"] = hashlib.sha256(npz_file.read_bytes()).hexdigest()
    json_file.write_text(json.dumps(header))
    with pytest.raises(ValueError, match=words):
        UniRoute.load(tmp_path / "mine")

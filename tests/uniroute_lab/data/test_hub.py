"""How files come from the Hugging Face hub: pinned at the first use, checked ever after.

A server on this machine plays the hub for the hub's own library.
"""

import json
import os
import time

import numpy as np
import pytest
from huggingface_hub import constants

from tests.uniroute_lab.data import small
from tests.uniroute_lab.data.small import EMBEDLLM, EMBEDLLM_LOSSES, files_in, sha256
from uniroute_lab.data import DataUnavailableError, available, catalog, load_embedllm

CSVS = ["model_order.csv", "test.csv", "train.csv", "val.csv"]
ALL_RIGHT = small.csv_bytes(
    [small.EMBEDLLM_HEADER, *[small.embedllm_row(2, m, 1) for m in range(3)]]
)
HUB_SETS = ["embedllm", "sprout", "routerbench_whole"]


def load(**options):
    return load_embedllm(progress=False, **options)


def remove(folder, *patterns):
    for pattern in patterns:
        for path in folder.rglob(pattern):
            path.unlink()


@pytest.mark.parametrize("in_lfs", [True, False])
def test_pinned_at_the_first_use(small_hub, server, cache, in_lfs):
    small_hub.in_lfs = in_lfs
    commit = small_hub.main[EMBEDLLM]
    load()
    record = json.loads((cache / "embedllm" / "main.json").read_text())
    digests = {name: sha256(small.embedllm()[name]) for name in CSVS}
    assert record == {"repository": EMBEDLLM, "commit": commit, "files": digests}
    assert files_in(cache / "embedllm" / commit) == CSVS
    # The branch moves on, and even another conversion keeps to the first commit, without asking.
    small_hub.put(EMBEDLLM, small.embedllm() | {"val.csv": b"changed"})
    server.asked.clear()
    remove(cache, "*.npz")
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    assert server.asked == []


def test_cache_of_version_0_1_is_found(small_hub, server, cache):
    """It had no SHA-256 of small files before their first download was over."""
    folder = cache / "embedllm" / ("c0ffee00" * 5)
    folder.mkdir(parents=True)
    for name in CSVS:
        (folder / name).write_bytes(small.embedllm()[name])
    digests = {name: sha256(small.embedllm()[name]) for name in CSVS}
    record = {"repository": EMBEDLLM, "commit": folder.name, "files": digests}
    (cache / "embedllm" / "main.json").write_text(json.dumps(record))
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    assert server.asked == []
    record["files"]["val.csv"] = None
    (cache / "embedllm" / "main.json").write_text(json.dumps(record))
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    assert server.asked[0].startswith("main?")


def test_converted_file_is_enough(small_hub, server, cache):
    load()
    remove(cache, "*.csv")
    server.asked.clear()
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    assert server.asked == []
    assert available("embedllm") == (True, "EmbedLLM: in the cache")


def test_another_revision_is_another_data_set(small_hub):
    first = small_hub.main[EMBEDLLM]
    small_hub.put(EMBEDLLM, small.embedllm() | {"val.csv": ALL_RIGHT})
    assert load().losses[1].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(load(revision=first).losses, EMBEDLLM_LOSSES)


@pytest.mark.parametrize("in_lfs", [True, False])
def test_damaged_file_in_the_cache_is_downloaded_again(small_hub, server, cache, in_lfs):
    small_hub.in_lfs = in_lfs
    load()
    (path,) = cache.rglob("val.csv")
    path.write_bytes(b"damaged")
    remove(cache, "*.npz")
    server.asked.clear()
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    assert server.asked == ["val.csv"]


@pytest.mark.parametrize("in_lfs", [True, False])
def test_other_content_under_the_same_commit(small_hub, cache, in_lfs):
    """Whether the hub states a SHA-256 or not, what came first is what must come again."""
    small_hub.in_lfs = in_lfs
    load()
    remove(cache, "*.csv", "*.npz")
    small_hub.sets[EMBEDLLM][small_hub.main[EMBEDLLM]]["val.csv"] = b"forged"
    expected, found = sha256(small.embedllm()["val.csv"]), sha256(b"forged")
    with pytest.raises(
        ValueError, match=rf"val\.csv of {EMBEDLLM} must have SHA-256 {expected}.*; got {found}"
    ):
        load()
    assert "val.csv" not in files_in(cache)


@pytest.mark.parametrize("in_lfs", [True, False])
def test_broken_download_leaves_nothing_half_and_goes_on(
    small_hub, server, cache, monkeypatch, in_lfs
):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # before the library tries again
    small_hub.in_lfs = in_lfs
    server.broken.add("val.csv")
    with pytest.raises(DataUnavailableError, match=r"val\.csv of .* could not be read"):
        load()
    assert files_in(cache) == (["main.json"] if in_lfs else []) + ["train.csv"]
    server.broken.clear()
    server.asked.clear()
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    assert sorted(set(server.asked) & {*CSVS}) == ["model_order.csv", "test.csv", "val.csv"]


def test_interrupted_download_leaves_nothing_half(small_hub, cache, monkeypatch):
    load()
    remove(cache, "*.csv", "*.npz")

    def interrupt(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load()
    assert files_in(cache) == ["main.json"]


def folder_of_ones_own(tmp_path, monkeypatch, files):
    for name, content in files.items():
        path = tmp_path / "own" / "embedllm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setenv("UNIROUTE_DATA", str(tmp_path / "own"))


def test_folder_of_ones_own_comes_first(small_hub, server, tmp_path, monkeypatch):
    folder_of_ones_own(tmp_path, monkeypatch, small.embedllm())
    assert available("embedllm") == (True, "EmbedLLM: all files are on this machine")
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    folder_of_ones_own(tmp_path, monkeypatch, {"val.csv": ALL_RIGHT})
    assert load().losses[1].tolist() == [0, 0, 0]
    assert server.asked == []


def test_folder_that_lacks_a_file_is_not_half_a_data_set(small_hub, server, tmp_path, monkeypatch):
    files = small.embedllm()
    del files["test.csv"]
    folder_of_ones_own(tmp_path, monkeypatch, files)
    np.testing.assert_array_equal(load().losses, EMBEDLLM_LOSSES)
    assert "test.csv" in server.asked


@pytest.mark.parametrize("name", HUB_SETS)
def test_availability(hub, server, cache, monkeypatch, name):
    files, title = catalog[name].files, catalog[name].title
    hub.put(files.repository, {pattern.replace("*", "0"): b"" for pattern in files.patterns})
    assert available(name) == (True, f"{title}: can be downloaded")
    assert not cache.exists()
    for setting, value in [("HF_HUB_OFFLINE", True), ("ENDPOINT", "http://127.0.0.1:1")]:
        with monkeypatch.context() as patch:
            patch.setattr(constants, setting, value)
            can, reason = available(name)
        assert not can and reason.startswith(f"{title}: ") and "UNIROUTE_DATA" in reason
    monkeypatch.setenv("UNIROUTE_DATA", "/no/such/folder")
    with pytest.raises(FileNotFoundError, match="must name a folder; got '/no/such/folder'"):
        available(name)


def test_files_without_a_converted_one_are_available(small_hub, cache, monkeypatch):
    load()
    remove(cache, "*.npz")
    assert available("embedllm") == (True, "EmbedLLM: all files are on this machine")
    remove(cache, "val.csv")
    assert available("embedllm") == (True, "EmbedLLM: can be downloaded")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not available("embedllm")[0]


def test_no_network_is_told_with_the_two_ways_out(hub, cache, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(
        DataUnavailableError, match=r"network.*train\.csv.*'embedllm'.*UNIROUTE_DATA"
    ):
        load()
    assert files_in(cache) == []


@pytest.mark.parametrize(
    "listed",
    [
        b"<html>busy</html>",
        b"[]",
        b"{}",
        b'{"id": "x", "sha": "../../etc", "siblings": []}',
        b'{"id": "x", "sha": null, "siblings": []}',
        json.dumps({"id": "x", "sha": "0" * 40}).encode(),
    ],
)
def test_answers_that_are_no_listing(hub, cache, listed):
    hub.listed[EMBEDLLM] = listed
    with pytest.raises(DataUnavailableError, match="could not be read"):
        load()
    assert files_in(cache) == []


def test_unknown_revision_and_missing_file(small_hub):
    with pytest.raises(DataUnavailableError, match=r"Revision 'v9' of .* could not be read"):
        load(revision="v9")
    files = small.embedllm()
    del files["val.csv"]
    small_hub.put(EMBEDLLM, files)
    with pytest.raises(DataUnavailableError, match=r"at revision 'main' has no file 'val\.csv'"):
        load()


@pytest.mark.parametrize("revision", [None, "", 3])
def test_bad_revision(hub, revision):
    with pytest.raises(ValueError, match=rf"revision must be the name of .*; got {revision!r}"):
        load(revision=revision)


def test_revision_with_slashes_stays_inside_the_cache(small_hub, server, cache):
    small_hub.listed[EMBEDLLM] = small_hub.listing(EMBEDLLM, "main")
    load(revision="../refs/pr/1")
    assert server.asked[0].startswith("..%2Frefs%2Fpr%2F1?")
    assert (cache / "embedllm" / "..%2Frefs%2Fpr%2F1.json").is_file()


def test_progress(small_hub, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    load_embedllm()
    assert "100%" in (shown := capsys.readouterr().err) and "train.csv" in shown
    load_embedllm()
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    load_embedllm(revision=small_hub.main[EMBEDLLM])
    assert capsys.readouterr() == ("", "")

"""Files of the registry: where they are looked for, and that they come whole or not at all."""

import os
import shutil
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import requests

from tests.uniroute_lab.data import small
from tests.uniroute_lab.data.small import files_in, sha256
from uniroute_lab.data import DataUnavailableError, available, catalog, fetch, mmlu_pro

ONE, TWO, THREE = "mmlu_pro/one.zip", "mmlu_pro/two.zip", "mmlu_pro/three.zip"
FILE_SETS = ["mmlu_pro", "routerbench", "llmrouter", "openhands", "livecodebench"]
FILES = fetch.FileSet("mine", ("mmlu_pro/*",), key=(1,))


def sizes(paths):
    """Stand in for a conversion."""
    return {Path(file).stem: np.array(path.stat().st_size) for file, path in paths.items()}


def test_registry_is_complete():
    entries = fetch.registry()
    for entry in entries.values():
        assert len(entry.sha256) == 64 and len(entry.commit) == 40 and entry.bytes > 0
        assert entry.licence
    assert len(entries) == 29 + 6 + 3 + (1 + 3 * 34) + 3
    assert entries[mmlu_pro.REFERENCE].url == (
        "https://raw.githubusercontent.com/TIGER-AI-Lab/MMLU-Pro/"
        "f418b116db00b065c2aea046518d8fcf74d39872/eval_results/"
        "model_outputs_Llama-2-7b-hf_5shots.zip"
    )


def test_spaces_in_addresses():
    entry = fetch.Entry("x", "me/x", "c0ffee", "a b/x", 1, "0" * 64, "none")
    assert entry.url == "https://raw.githubusercontent.com/me/x/c0ffee/a%20b/x"


def test_unknown_file(published):
    with pytest.raises(KeyError, match=r"no file 'four\.zip'"):
        fetch.fetch("four.zip")


def test_data_folder_comes_first(offered, own_folder):
    assert fetch.fetch(ONE) == own_folder / ONE
    assert offered.asked == []


def test_what_the_data_folder_lacks_is_downloaded(published, offered, cache, monkeypatch, tmp_path):
    (tmp_path / "partial" / "mmlu_pro").mkdir(parents=True)
    shutil.copy(published / ONE, tmp_path / "partial" / ONE)
    monkeypatch.setenv("UNIROUTE_DATA", str(tmp_path / "partial"))
    found = {}
    FILES.arrays(lambda paths: found.update(paths) or sizes(paths), progress=False)
    assert found[ONE] == tmp_path / "partial" / ONE
    assert [found[TWO], found[THREE]] == [cache / TWO, cache / THREE]
    assert offered.asked == ["two.zip", "three.zip"]


@pytest.mark.parametrize("name", FILE_SETS)
def test_wrong_data_folder_is_an_error_everywhere(offered, monkeypatch, name):
    load = catalog[name].load
    load(embeddings=False, progress=False)
    monkeypatch.setenv("UNIROUTE_DATA", "/no/such/folder")
    calls = [lambda: available(name), lambda: load(embeddings=False), lambda: fetch.fetch(ONE)]
    for call in calls:
        with pytest.raises(FileNotFoundError, match="must name a folder; got '/no/such/folder'"):
            call()


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: content + b"x"])
def test_damaged_file_in_the_data_folder(own_folder, cache, damage):
    expected = fetch.registry()[TWO].sha256
    content = damage((own_folder / TWO).read_bytes())
    (own_folder / TWO).write_bytes(content)
    with pytest.raises(ValueError, match=r"two\.zip has SHA-256") as raised:
        FILES.arrays(sizes)
    assert expected in str(raised.value) and sha256(content) in str(raised.value)
    assert not cache.exists()


def test_download_is_kept(published, offered, cache):
    path = fetch.fetch(ONE)
    assert path == cache / ONE
    assert path.read_bytes() == (published / ONE).read_bytes()
    assert fetch.fetch(ONE) == path
    assert offered.asked == ["one.zip"]


def test_damaged_file_in_the_cache_is_downloaded_again(published, offered):
    path = fetch.fetch(ONE)
    path.write_bytes(path.read_bytes()[:-9])
    assert fetch.fetch(ONE).read_bytes() == (published / ONE).read_bytes()


def test_download_with_another_checksum(offered, cache):
    offered.wrong["one.zip"] = b"something else"
    expected = fetch.registry()[ONE].sha256
    with pytest.raises(ValueError, match=rf"one\.zip.*{expected}.*{sha256(b'something else')}"):
        fetch.fetch(ONE)
    assert files_in(cache) == []


@pytest.mark.parametrize(
    ("name", "broken"),
    [("mmlu_pro", "two.zip"), ("routerbench", "b.csv"), ("llmrouter", "test.json")],
)
def test_broken_download_leaves_nothing_half_and_goes_on(offered, cache, name, broken):
    def load():
        return catalog[name].load(embeddings=False, progress=False)

    offered.broken.add(broken)
    with pytest.raises(DataUnavailableError, match=rf"{broken} is not on this machine"):
        load()
    (first,) = files_in(cache)
    assert offered.asked == [first, broken]
    offered.broken.clear()
    load()
    assert offered.asked.count(first) == 1 and offered.asked.count(broken) == 2


def test_interrupted_download_leaves_nothing_half(offered, cache, monkeypatch):
    def first_piece_then_interrupt(response, chunk_size):
        yield response.raw.read(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(requests.Response, "iter_content", first_piece_then_interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch.fetch(ONE)
    assert files_in(cache) == []


def test_no_network_is_told_once_with_the_two_ways_out(published, monkeypatch):
    tried = []

    def fail(session, request, **options):
        tried.append(request.url)
        raise requests.ConnectionError("no route to host")

    monkeypatch.setattr(requests.Session, "send", fail)
    with pytest.raises(DataUnavailableError, match=r"one\.zip.*network.*UNIROUTE_DATA") as raised:
        FILES.arrays(sizes)
    assert isinstance(raised.value, OSError)
    assert tried == [f"http://127.0.0.1:1/{ONE}"] and tried[0] in str(raised.value)


def test_missing_on_the_server(published, offered):
    (published / ONE).unlink()
    with pytest.raises(DataUnavailableError, match=r"one\.zip"):
        fetch.fetch(ONE)


def test_silent_server_is_given_up(published, monkeypatch):
    silent = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # accepts, never answers
    monkeypatch.setattr(fetch, "RAW_FILE", f"http://127.0.0.1:{silent.server_port}/{{path}}")
    monkeypatch.setattr(fetch, "SECONDS_OF_SILENCE", 0.1)
    with pytest.raises(DataUnavailableError, match=r"one\.zip"):
        fetch.fetch(ONE)
    can, reason = FILES.available()
    assert not can and "3 of 3 files are missing" in reason
    silent.server_close()


def test_progress_bar_only_while_something_is_missing(offered, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    total = sum(entry.bytes for entry in FILES.entries())
    FILES.arrays(sizes)
    assert "Downloading: 100%" in (shown := capsys.readouterr().err)
    assert f"{total}/{total}" in shown or f"{total / 1000:.2f}k/{total / 1000:.2f}k" in shown
    replace(FILES, key=(2,)).arrays(sizes)
    (Path(os.environ["UNIROUTE_CACHE"]) / ONE).unlink()
    replace(FILES, key=(3,)).arrays(sizes, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    (Path(os.environ["UNIROUTE_CACHE"]) / ONE).unlink()
    replace(FILES, key=(4,)).arrays(sizes)
    assert capsys.readouterr() == ("", "")


# --- what the files are turned into ---------------------------------------------------------------


def test_converted_once(own_folder, monkeypatch):
    first = FILES.arrays(sizes)
    monkeypatch.delenv("UNIROUTE_DATA")
    assert FILES.arrays(lambda paths: 1 / 0) == first


def test_converted_file_belongs_to_its_sources_and_key(own_folder, cache):
    FILES.arrays(sizes)
    replace(FILES, key=(2,)).arrays(sizes)
    small.publish(own_folder, small.mmlu_pro(two=small.answers("AAAA")))
    FILES.arrays(sizes)
    FILES.arrays(sizes)
    assert len(files_in(cache)) == 3
    assert all(name.startswith("mine-") for name in files_in(cache))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mmlu_pro", "mmlu_pro-86fafed3cd1eb469.npz"),
        ("routerbench", "routerbench-7e26e2f2b56c4a46.npz"),
        ("llmrouter", "llmrouter-70c6304d216eb57a.npz"),
    ],
)
def test_converted_files_of_version_0_1_are_found(cache, name, file):
    """Unless a format or a source changes, on purpose."""
    cache.mkdir()
    (cache / file).touch()
    assert catalog[name].files.available() == (True, "in the cache")


def damages(content):
    yield b""
    yield content[:20]
    yield content[:-1]
    for place in range(0, len(content), max(1, len(content) // 40)):
        yield content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :]


@pytest.mark.parametrize("name", FILE_SETS)
def test_damaged_converted_file_is_made_again(own_folder, cache, name):
    def load():
        return catalog[name].load(embeddings=False, progress=False)

    first = load()
    (path,) = cache.iterdir()
    good = path.read_bytes()
    for content in damages(good):
        path.write_bytes(content)
        np.testing.assert_array_equal(load().losses, first.losses)
        assert path.read_bytes() == good


@pytest.mark.parametrize("before", [None, b"damaged"])
def test_interrupted_writing_leaves_what_was_there(own_folder, cache, monkeypatch, before):
    def interrupt(source, target):
        raise KeyboardInterrupt

    FILES.arrays(sizes)
    (path,) = cache.iterdir()
    path.unlink() if before is None else path.write_bytes(before)
    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        FILES.arrays(sizes)
    assert [path.read_bytes() for path in cache.iterdir()] == ([] if before is None else [before])


@pytest.mark.parametrize("name", FILE_SETS)
def test_availability(published, monkeypatch, offered, name):
    title = catalog[name].title
    assert available(name) == (True, f"{title}: can be downloaded")
    monkeypatch.setattr(fetch, "RAW_FILE", "http://127.0.0.1:1/{path}")
    can, reason = available(name)
    assert not can and reason.startswith(f"{title}: ")
    assert "files are missing (the first is" in reason and "UNIROUTE_DATA" in reason
    monkeypatch.setenv("UNIROUTE_DATA", str(published))
    assert available(name) == (True, f"{title}: all files are on this machine")
    catalog[name].load(embeddings=False, progress=False)
    monkeypatch.delenv("UNIROUTE_DATA")
    assert available(name) == (True, f"{title}: in the cache")
    assert offered.asked == []

"""Data sets: how files are fetched, and MMLU-Pro."""

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import requests

from uniroute_lab.data import (
    DataUnavailableError,
    fetch,
    load_mmlu_pro,
    mmlu_pro,
    mmlu_pro_available,
    mmlu_pro_llms,
)
from uniroute_lab.data._shipped import prompts_sha256

NOWHERE = "http://127.0.0.1:1/{path}"  # nothing listens on that port


# --- a small benchmark of the same form, and a server that offers its files -----------------------

QUESTIONS = {
    9: ("Largest planet? ", ["Mars", " Jupiter"], "B", "space"),
    80: ("1 + 1?", ["1", "2", "3"], "B", "sums"),
    100: ("2 + 2?", ["4", "5"], "A", "sums"),
    1000: ("Roots of x?", ["0"], "A", "sums"),
}


def answers(preds, **changed_keys):
    """Records as the published files have them."""
    return [
        {"question_id": i, "question": question, "options": options, "pred": pred}
        | {"answer": changed_keys.get(f"q{i}", key), "category": task, "generated_text": "So ..."}
        for (i, (question, options, key, task)), pred in zip(QUESTIONS.items(), preds, strict=True)
    ]


def small_files():
    """Contents of three files; the first is the reference."""
    first = answers(["B", "B", None, "A"])
    second = answers(["B", "A", "B", "A"], q100="B")
    second = [record | {"options": str(record["options"])} for record in second[::-1]]
    third = ["total", *[r for r in answers(["A", "B", "A", "C"]) if r["question_id"] != 80]]
    return {"one.zip": first, "two.zip": second, "three.zip": third}


EXPECTED = np.array([[0, 0, 1], [0, 1, np.nan], [1, 0, 0], [0, 0, 1]])


def write_files(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in contents.items():
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr(name.replace("zip", "json"), json.dumps(records))


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def describe(tables, folder):
    """Write registry and models table for the files of a folder."""
    files = {name: (folder / name).read_bytes() for name in small_files()}
    entries = [
        fetch.Entry(name, "me/bench", "c0ffee", f"a b/{name}", len(content),
                    hashlib.sha256(content).hexdigest(), "CC0-1.0")._asdict()
        for name, content in files.items()
    ]  # fmt: skip
    write_table(tables / "registry.csv", entries)
    sizes = [("one.zip", "One", "8.0", "2.0"), ("two.zip", "Two", "7.0", "7.0")]
    sizes.append(("three.zip", "Three", "", ""))
    columns = ("file", "name", "params_b", "active_params_b")
    models = [dict(zip(columns, row, strict=True)) for row in sizes]
    write_table(tables / "models.csv", models)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """Make the package know three small files instead of the real ones; return their folder."""
    folder = tmp_path / "published"
    write_files(folder, small_files())
    describe(tmp_path, folder)
    monkeypatch.setattr(fetch, "REGISTRY", tmp_path / "registry.csv")
    monkeypatch.setattr(fetch, "RAW_FILE", NOWHERE)
    monkeypatch.setattr(mmlu_pro, "MODELS", tmp_path / "models.csv")
    monkeypatch.setattr(mmlu_pro, "REFERENCE", "one.zip")
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNIROUTE_DATA", raising=False)
    return folder


@pytest.fixture
def offered(bench, server, monkeypatch):
    """Serve the small files; `offered.wrong` holds other contents of some."""

    def content(path):
        path = bench / Path(path).name
        return server.wrong.get(path.name) or (path.read_bytes() if path.exists() else None)

    server.wrong, server.content = {}, content
    monkeypatch.setattr(fetch, "RAW_FILE", f"{server.address}/{{path}}")
    return server


def files_in(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def load_small(**options):
    return load_mmlu_pro(embeddings=False, progress=False, **options)


# --- fetching -------------------------------------------------------------------------------------


def test_registry_is_complete():
    entries = fetch.registry()
    for entry in entries.values():
        assert len(entry.sha256) == 64 and len(entry.commit) == 40 and entry.bytes > 0
        assert entry.licence
    assert len(entries) == 29 + 6 + 3
    assert {model["file"] for model in mmlu_pro._models()} <= entries.keys()
    assert fetch._url(entries[mmlu_pro.REFERENCE]) == (
        "https://raw.githubusercontent.com/TIGER-AI-Lab/MMLU-Pro/"
        "f418b116db00b065c2aea046518d8fcf74d39872/eval_results/"
        "model_outputs_Llama-2-7b-hf_5shots.zip"
    )


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path / "mine"))
    assert fetch.cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("UNIROUTE_CACHE")
    assert "uniroute" in fetch.cache_folder().parts


def test_unknown_file(bench):
    with pytest.raises(KeyError, match=r"no file 'four\.zip'"):
        fetch.fetch("four.zip")


def test_data_folder_comes_first(bench, offered, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    assert fetch.fetch("one.zip") == bench / "one.zip"
    assert offered.asked == []


def test_what_the_data_folder_lacks_is_downloaded(bench, offered, monkeypatch, tmp_path):
    (tmp_path / "partial").mkdir()
    shutil.copy(bench / "one.zip", tmp_path / "partial")
    monkeypatch.setenv("UNIROUTE_DATA", str(tmp_path / "partial"))
    paths = fetch.fetch_all(["one.zip", "two.zip"], progress=False)
    assert paths == [tmp_path / "partial" / "one.zip", tmp_path / "cache" / "two.zip"]
    assert offered.asked == ["two.zip"]


def test_wrong_data_folder_is_an_error_everywhere(bench, offered, monkeypatch):
    load_small()
    monkeypatch.setenv("UNIROUTE_DATA", "/no/such/folder")
    message = "UNIROUTE_DATA names '/no/such/folder', which is not a folder"
    for call in (load_small, mmlu_pro_available, lambda: fetch.fetch("one.zip")):
        with pytest.raises(FileNotFoundError, match=message):
            call()


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: content + b"x"])
def test_damaged_file_in_the_data_folder(bench, monkeypatch, damage):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    expected = fetch.registry()["two.zip"].sha256
    content = damage((bench / "two.zip").read_bytes())
    (bench / "two.zip").write_bytes(content)
    with pytest.raises(ValueError, match=r"two\.zip has SHA-256") as raised:
        load_small()
    assert expected in str(raised.value)
    assert hashlib.sha256(content).hexdigest() in str(raised.value)
    assert files_in(fetch.cache_folder()) == []


def test_download_is_kept(bench, offered, tmp_path):
    path = fetch.fetch("one.zip")
    assert path == tmp_path / "cache" / "one.zip"
    assert path.read_bytes() == (bench / "one.zip").read_bytes()
    assert fetch.fetch("one.zip") == path
    assert offered.asked == ["one.zip"]


def test_damaged_file_in_the_cache_is_downloaded_again(bench, offered):
    path = fetch.fetch("one.zip")
    path.write_bytes(path.read_bytes()[:-9])
    assert fetch.fetch("one.zip").read_bytes() == (bench / "one.zip").read_bytes()


def test_download_with_another_checksum(bench, offered):
    offered.wrong["one.zip"] = b"something else"
    expected = fetch.registry()["one.zip"].sha256
    found = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(ValueError, match=rf"one\.zip.*{expected}.*{found}"):
        fetch.fetch("one.zip")
    assert files_in(fetch.cache_folder()) == []


def test_broken_download_leaves_nothing_half_and_goes_on_where_it_was(bench, offered):
    offered.broken.add("two.zip")
    with pytest.raises(DataUnavailableError, match=r"two\.zip is not on this machine"):
        load_small()
    assert files_in(fetch.cache_folder()) == ["one.zip"]
    assert offered.asked == ["one.zip", "two.zip"]

    offered.broken.clear()
    np.testing.assert_array_equal(load_small().losses, EXPECTED)
    assert offered.asked == ["one.zip", "two.zip", "two.zip", "three.zip"]


def test_interrupted_download_leaves_nothing_half(bench, offered, monkeypatch):
    def first_piece_then_interrupt(response, chunk_size):
        yield response.raw.read(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(requests.Response, "iter_content", first_piece_then_interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch.fetch("one.zip")
    assert files_in(fetch.cache_folder()) == []


def test_no_network_is_told_once_with_the_two_ways_out(bench, monkeypatch):
    tried = []

    def fail(session, request, **options):
        tried.append(request.url)
        raise requests.ConnectionError("no route to host")

    monkeypatch.setattr(requests.Session, "send", fail)
    with pytest.raises(DataUnavailableError, match=r"one\.zip.*network.*UNIROUTE_DATA") as raised:
        load_small()
    assert isinstance(raised.value, OSError)
    assert tried == ["http://127.0.0.1:1/a%20b/one.zip"]
    assert fetch._url(fetch.registry()["one.zip"]) in str(raised.value)


def test_missing_on_the_server(bench, offered):
    (bench / "one.zip").unlink()
    with pytest.raises(DataUnavailableError, match=r"one\.zip"):
        fetch.fetch("one.zip")


def test_silent_server_is_given_up(bench, monkeypatch):
    silent = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # accepts, never answers
    monkeypatch.setattr(fetch, "RAW_FILE", f"http://127.0.0.1:{silent.server_port}/{{path}}")
    monkeypatch.setattr(fetch, "SECONDS_OF_SILENCE", 0.1)
    with pytest.raises(DataUnavailableError, match=r"one\.zip"):
        fetch.fetch("one.zip")
    assert not fetch.can_download(fetch.registry()["one.zip"], seconds=0.1)
    silent.server_close()


def test_progress_bar_only_while_something_is_missing(bench, offered, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    fetch.fetch_all(["one.zip"])
    total = fetch.registry()["one.zip"].bytes
    assert "Downloading: 100%" in (shown := capsys.readouterr().err)
    assert f"{total}/{total}" in shown
    fetch.fetch_all(["one.zip"])
    fetch.fetch_all(["one.zip", "two.zip"], progress=False)
    assert capsys.readouterr() == ("", "")


def test_write_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "file"
    fetch.write_whole(path, b"old")

    def fail(source, target):
        assert Path(source).read_bytes() == b"new"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", fail)
        fetch.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert files_in(tmp_path) == ["file"]
    fetch.write_whole(path, b"new")
    assert path.read_bytes() == b"new"


# --- MMLU-Pro's loader on the small files ---------------------------------------------------------


def test_small_benchmark(bench, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    data = load_small()
    assert data.prompt_ids.tolist() == ["9", "80", "100", "1000"]
    assert data.llms == ["One", "Two", "Three"]
    assert data.tasks.tolist() == ["space", "sums", "sums", "sums"]
    np.testing.assert_array_equal(data.losses, EXPECTED)
    np.testing.assert_array_equal(data.costs, [8, 7, np.nan])
    assert data.prompts[0] == "Largest planet?\nA. Mars\nB. Jupiter"
    assert data.prompts[3] == "Roots of x?\nA. 0"
    assert (data.licence, data.cost_unit) == ("Apache-2.0", "billions of parameters")
    assert "MMLU-Pro" in data.citation and data.embeddings is None
    assert data.complete().llms == ["One", "Two"]


def test_active_parameters_as_cost(bench, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    data = load_small(cost="active_params")
    np.testing.assert_array_equal(data.costs, [2, 7, np.nan])
    assert data.cost_unit == "billions of active parameters"
    with pytest.raises(ValueError, match=r"cost must be one of .*, got 'dollars'"):
        load_small(cost="dollars")


def test_options_as_text_or_list_make_one_prompt():
    record = answers("AAAA")[1]
    as_text = record | {"options": str(record["options"])}
    assert (
        mmlu_pro.prompt_text(as_text) == mmlu_pro.prompt_text(record) == "1 + 1?\nA. 1\nB. 2\nC. 3"
    )
    with pytest.raises(ValueError, match="malformed"):
        mmlu_pro.prompt_text(record | {"options": "[print('run me')]"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files["two.zip"].append(files["two.zip"][0]), "answers 1 questions more"),
        (lambda files: files["two.zip"][0].update(question_id=5), r"question 5, which one\.zip"),
    ],
)
def test_files_that_do_not_fit(bench, tmp_path, monkeypatch, change, message):
    files = small_files()
    change(files)
    write_files(bench, files)
    describe(tmp_path, bench)
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    with pytest.raises(ValueError, match=message):
        load_small()


def test_converted_once(bench, offered, monkeypatch):
    first = load_small()
    monkeypatch.setattr(mmlu_pro, "_convert", None)
    offered.asked.clear()
    second = load_small()
    assert offered.asked == [] and second.prompts == first.prompts
    np.testing.assert_array_equal(second.losses, EXPECTED)


def test_converted_file_belongs_to_its_sources_and_format(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    before = mmlu_pro._path(mmlu_pro._entries())
    monkeypatch.setattr(mmlu_pro, "FORMAT", mmlu_pro.FORMAT + 1)
    new_format = mmlu_pro._path(mmlu_pro._entries())
    write_files(bench, {"two.zip": answers("AAAA")})
    describe(tmp_path, bench)
    new_source = mmlu_pro._path(mmlu_pro._entries())
    assert len({before, new_format, new_source}) == 3


def damages(content):
    yield b""
    yield content[:20]
    yield content[:-1]
    for place in range(0, len(content), max(1, len(content) // 40)):
        yield content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :]


def test_damaged_converted_file_is_made_again(bench, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    load_small()
    path = mmlu_pro._path(mmlu_pro._entries())
    good = path.read_bytes()
    for content in damages(good):
        path.write_bytes(content)
        np.testing.assert_array_equal(load_small().losses, EXPECTED)
        assert path.read_bytes() == good


def test_failed_conversion_leaves_no_file(bench, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    monkeypatch.setattr(os, "replace", lambda source, target: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load_small()
    assert files_in(fetch.cache_folder()) == []


def test_availability(bench, offered, monkeypatch):
    assert mmlu_pro_available() == (True, "MMLU-Pro can be downloaded")
    assert files_in(bench.parent / "cache") == []
    monkeypatch.setattr(fetch, "RAW_FILE", NOWHERE)
    available, reason = mmlu_pro_available()
    assert not available
    assert "3 of 3 files" in reason and "one.zip" in reason and "UNIROUTE_DATA" in reason
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    assert mmlu_pro_available() == (True, "MMLU-Pro's files are on this machine")
    load_small()
    monkeypatch.delenv("UNIROUTE_DATA")
    assert mmlu_pro_available() == (True, "MMLU-Pro is in the cache")


def test_progress_of_the_conversion(bench, capsys, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    load_mmlu_pro(embeddings=False)
    assert "Converting: 100%" in capsys.readouterr().err
    load_mmlu_pro(embeddings=False)
    assert capsys.readouterr() == ("", "")


def test_no_progress_where_tqdm_is_disabled(bench, offered, capsys, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    load_mmlu_pro(embeddings=False)
    assert capsys.readouterr() == ("", "")


# --- the embeddings that come with the package ----------------------------------------------------


def small_embeddings(path, monkeypatch, data, **changes):
    arrays = {
        "embeddings": np.arange(1, 9, dtype=np.float16).reshape(4, 2),
        "ids": data.prompt_ids,
        "prompts_sha256": prompts_sha256(data.prompts),
    }
    np.savez(path, **(arrays | changes))
    monkeypatch.setattr(mmlu_pro, "EMBEDDINGS", path)
    monkeypatch.setattr(
        mmlu_pro, "EMBEDDINGS_SHA256", hashlib.sha256(path.read_bytes()).hexdigest()
    )


def test_embeddings_are_of_unit_length(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    small_embeddings(tmp_path / "e.npz", monkeypatch, load_small())
    rows = load_mmlu_pro(progress=False).embeddings
    assert rows.dtype == np.float32
    raw = np.arange(1, 9).reshape(4, 2)
    np.testing.assert_allclose(rows, raw / np.hypot(*raw.T)[:, None], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ids": np.array(["9", "100", "80", "1000"])}, "for other questions"),
        ({"prompts_sha256": "0"}, "for other prompt texts"),
    ],
)
def test_embeddings_of_something_else(bench, tmp_path, monkeypatch, changes, message):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    small_embeddings(tmp_path / "e.npz", monkeypatch, load_small(), **changes)
    with pytest.raises(ValueError, match=rf"e\.npz is {message}"):
        load_mmlu_pro(progress=False)


def test_damaged_embeddings(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", str(bench))
    small_embeddings(tmp_path / "e.npz", monkeypatch, load_small())
    monkeypatch.setattr(mmlu_pro, "EMBEDDINGS_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=rf"e\.npz has SHA-256 \w+, expected {'0' * 64}"):
        load_mmlu_pro(progress=False)


def test_committed_embeddings():
    fetch.verify(mmlu_pro.EMBEDDINGS, mmlu_pro.EMBEDDINGS_SHA256)
    assert mmlu_pro.EMBEDDINGS.stat().st_size <= 10_000_000
    with np.load(mmlu_pro.EMBEDDINGS, allow_pickle=False) as file:
        stored = dict(file)
    assert set(stored) == {"embeddings", "ids", "encoder", "prompts_sha256"}
    assert stored["encoder"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert stored["embeddings"].shape == (12032, 384)
    assert stored["embeddings"].dtype == np.float16
    lengths = np.linalg.norm(stored["embeddings"].astype(float), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)
    assert len(set(stored["ids"])) == 12032


# --- MMLU-Pro itself ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    available, reason = mmlu_pro_available()
    if not available:
        pytest.skip(reason)
    return load_mmlu_pro(progress=False)


@pytest.mark.data("mmlu-pro")
def test_real_shape(real):
    assert real.losses.shape == (12032, 29)
    assert real.embeddings.shape == (12032, 384)
    np.testing.assert_allclose(np.linalg.norm(real.embeddings, axis=1), 1, rtol=1e-6)
    assert set(real.losses[~np.isnan(real.losses)]) == {0.0, 1.0}
    assert len(set(real.tasks)) == 14
    assert real.prompt_ids.tolist() == sorted(real.prompt_ids, key=int)


@pytest.mark.data("mmlu-pro")
def test_real_missing_outcomes_and_costs(real):
    missing = dict(zip(real.llms, np.isnan(real.losses).sum(axis=0).tolist(), strict=True))
    assert {llm: n for llm, n in missing.items() if n} == {
        "DeepSeek-Coder-V2": 1681,
        "gemini-1.5-flash-002": 20,
        "gemini-1.5-pro-002": 12,
    }
    unknown = np.array(real.llms)[np.isnan(real.costs)].tolist()
    assert unknown == ["gemini-1.5-flash-002", "gemini-1.5-pro-002"]
    assert real.complete().losses.shape == (12032, 26)


@pytest.mark.data("mmlu-pro")
def test_real_costs_count_active_parameters_of_mixtures(real):
    active = load_mmlu_pro(embeddings=False, progress=False, cost="active_params")
    mixtures = np.array(real.llms)[active.costs < real.costs].tolist()
    assert mixtures == [
        "DeepSeek-Coder-V2", "Mixtral-8x7B-Instruct-v0.1", "Mixtral-8x7B-v0.1", "jamba-1.5-large"
    ]  # fmt: skip
    assert not (active.costs > real.costs).any()


@pytest.mark.data("mmlu-pro")
def test_real_llms_are_those_of_the_list(real):
    llms = mmlu_pro_llms()
    assert [llm.name for llm in llms] == real.llms
    assert np.allclose([llm.params_b for llm in llms], real.costs, equal_nan=True)


def test_llms_have_a_developer_and_a_month_of_release():
    llms = {llm.name: llm for llm in mmlu_pro_llms()}
    assert len(llms) == 29 and all(llm.developer for llm in llms.values())
    assert all(re.fullmatch(r"202[34]-(0[1-9]|1[0-2])", m.released) for m in llms.values())
    order = ["Llama-2-7b-hf", "Mistral-7B-v0.1", "Meta-Llama-3-8B", "Meta-Llama-3.1-8B"]
    months = [llms[name].released for name in order]
    assert months == sorted(set(months))
    assert np.isnan(llms["gemini-1.5-pro-002"].params_b)


@pytest.mark.data("mmlu-pro")
def test_real_repeated_prompts(real):
    assert real.n_prompts - len(set(real.prompts)) == 159


def published_answers(file):
    try:
        path = fetch.fetch(file)
    except DataUnavailableError as error:
        pytest.skip(f"only the converted file is here: {error}")
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(archive.namelist()[0]))


@pytest.mark.data("mmlu-pro")
@pytest.mark.parametrize("llm", ["Llama-2-7b-hf", "gemini-1.5-pro-002"])
def test_real_losses_against_a_recount(real, llm):
    asked = {}
    for answer in published_answers(f"mmlu_pro/model_outputs_{llm}_5shots.zip"):
        asked[str(answer["question_id"])] = 0.0 if answer["pred"] == answer["answer"] else 1.0
    column = real.losses[:, real.llms.index(llm)]
    found = {i: x for i, x in zip(real.prompt_ids, column, strict=True) if not np.isnan(x)}
    assert found == asked


@pytest.mark.data("mmlu-pro")
@pytest.mark.parametrize(
    ("llm", "differ"), [("Yi-34B", 0), ("jamba-1.5-large", 17), ("DeepSeek-Coder-V2", 10)]
)
def test_real_prompts_agree_between_files(real, llm, differ):
    texts = dict(zip(real.prompt_ids, real.prompts, strict=True))
    records = published_answers(f"mmlu_pro/model_outputs_{llm}_5shots.zip")
    records = [record for record in records if isinstance(record, dict)]
    changed = [r for r in records if mmlu_pro.prompt_text(r) != texts[str(r["question_id"])]]
    assert len(changed) == differ


# --- import ---------------------------------------------------------------------------------------


def test_import_brings_nothing_heavy():
    """Importing these modules adds nothing heavy to what `import uniroute` brings."""
    code = (
        "import sys, uniroute; before = set(sys.modules); import uniroute_lab.data, uniroute.embed;"
        "heavy = {'torch', 'pandas', 'matplotlib', 'sentence_transformers', 'pooch', 'tqdm'};"
        "sys.exit(' '.join(heavy & (set(sys.modules) - before)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, ""), found.stderr

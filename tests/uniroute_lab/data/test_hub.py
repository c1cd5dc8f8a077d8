"""Data sets on the Hugging Face hub: EmbedLLM, SPROUT, the whole of RouterBench, and how they come.

A server on this machine plays the hub; the files are small ones of the published form.
"""

import csv
import hashlib
import io
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import requests

from tests.uniroute_lab.data.test_published import LOSSES, publish, small_routerbench
from uniroute_lab.data import (
    DataUnavailableError,
    _hub,
    embedllm,
    embedllm_available,
    fetch,
    load_embedllm,
    load_routerbench,
    load_sprout,
    routerbench_available,
    sprout,
    sprout_available,
)

NOWHERE = "http://127.0.0.1:1"  # nothing listens on that port


# --- a small hub ----------------------------------------------------------------------------------


class Hub:
    """Data sets by repository, each with a commit and files; `listed` overrides what it says."""

    def __init__(self):
        self.sets, self.main, self.listed, self.in_lfs = {}, {}, {}, True

    def put(self, repository, files):
        commit = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.sets.setdefault(repository, {})[commit] = files
        self.main[repository] = commit
        return commit

    def content(self, path):
        """Answer as the hub does; None is not found."""
        _, *parts = path.split("?")[0].split("/")
        if parts[0] == "api":
            return self.listing("/".join(parts[2:4]), parts[5])
        repository, commit, name = "/".join(parts[1:3]), parts[4], "/".join(parts[5:])
        return self.sets.get(repository, {}).get(commit, {}).get(name)

    def listing(self, repository, revision):
        if repository in self.listed:
            return self.listed[repository]
        commit = self.main.get(repository) if revision == "main" else revision
        if commit not in self.sets.get(repository, {}):
            return None
        siblings = []
        for name, content in self.sets[repository][commit].items():
            digest = hashlib.sha256(content).hexdigest()
            lfs = {"lfs": {"sha256": digest, "size": len(content)}} if self.in_lfs else {}
            siblings.append({"rfilename": name, "size": len(content), **lfs})
        return json.dumps({"sha": commit, "siblings": siblings}).encode()


@pytest.fixture
def hub(server, tmp_path, monkeypatch):
    hub = Hub()
    server.content = hub.content
    for name in ("LISTING", "FILE"):
        address = getattr(_hub, name).replace("https://huggingface.co", server.address)
        monkeypatch.setattr(_hub, name, address)
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNIROUTE_DATA", raising=False)
    return hub


def files_in(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


# --- EmbedLLM -------------------------------------------------------------------------------------

HEADER = ["prompt_id", "model_id", "category_id", "label", "prompt", "model_name", "category"]
MODELS = ["meta__Llama-2-13b-chat-hf", "x__same-7b", "y__same-7b"]


def answer(prompt, model, label, category="mmlu_law", text=None):
    return [prompt, model, 0, label, text or f'Question "{prompt}",\nok?', MODELS[model], category]


def csv_bytes(rows):
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def small_embedllm():
    """Question 5 stands in two categories; LLM 2 was not asked question 8."""
    train = [answer(5, 0, 1), answer(5, 1, 0), answer(5, 2, 1)]
    train += [answer(5, 0, 0, "logiqa"), answer(5, 1, 0, "logiqa"), answer(5, 2, 1, "logiqa")]
    val = [answer(2, m, label, "piqa") for m, label in enumerate([1, 1, 0])]
    test = [answer(8, 0, 0, text="long " * 50_000), answer(8, 1, 1)]
    return {
        "train.csv": csv_bytes([HEADER, *train]),
        "val.csv": csv_bytes([HEADER, *val]),
        "test.csv": csv_bytes([HEADER, *test]),
        "model_order.csv": csv_bytes([["model_id", "model_name"], *enumerate(MODELS)]),
        "question_order.csv": b"not needed",
    }


EMBEDLLM_LOSSES = [[0.5, 1, 0], [0, 0, 1], [1, 0, np.nan]]


def load_small_embedllm(**options):
    return load_embedllm(progress=False, **options)


def test_small_embedllm(hub):
    hub.put("RZ412/EmbedLLM", small_embedllm())
    before = csv.field_size_limit()
    data = load_small_embedllm()
    assert csv.field_size_limit() == before
    np.testing.assert_array_equal(data.losses, EMBEDLLM_LOSSES)
    assert data.prompt_ids.tolist() == ["5", "2", "8"]
    assert data.prompts[:2] == ['Question "5",\nok?', 'Question "2",\nok?']
    assert data.prompts[2].startswith("long long")
    assert data.tasks.tolist() == ["mmlu_law", "piqa", "mmlu_law"]
    assert data.llms == ["Llama-2-13b-chat-hf", "x__same-7b", "y__same-7b"]
    np.testing.assert_array_equal(data.costs, [13.02, 7, 7])
    assert data.cost_unit == "billions of parameters"
    assert "EmbedLLM" in data.citation and "EmbedLLM" in data.licence


@pytest.mark.parametrize(
    ("file", "rows", "message"),
    [
        ("val.csv", [HEADER, answer(1, 0, "right")], r"val\.csv, line 3: .* got '0' and 'right'"),
        ("val.csv", [HEADER, [1, 9, 0, 1, "?", "z", "c"]], r"val\.csv, line 2: .* got '9' and '1'"),
        ("val.csv", [HEADER[:-1]], r"val\.csv has no column 'category'; it has \['prompt_id'"),
        ("val.csv", [HEADER, answer(1, 0, 1)[:-1]], r"val\.csv, line 3: expected 7 fields; got 6"),
        ("model_order.csv", [["model_id"]], r"model_order\.csv has no column 'model_name'"),
    ],
)
def test_bad_files_of_embedllm(hub, file, rows, message):
    hub.put("RZ412/EmbedLLM", small_embedllm() | {file: csv_bytes(rows)})
    with pytest.raises(ValueError, match=message):
        load_small_embedllm()


def transformer(layers, width, inner, keys, words, matrices=3, tied=False):
    """Billions of parameters: attention, feed-forward layers, embeddings."""
    layer = 2 * width * (width + keys) + matrices * width * inner
    return (layers * layer + (1 if tied else 2) * words * width) / 1e9


MISTRAL = {"layers": 32, "width": 4096, "inner": 14336, "keys": 1024, "words": 32000}
COUNTED = {
    "Llama 7B": transformer(32, 4096, 11008, 4096, 32000),
    "Llama 2 7B": transformer(32, 4096, 11008, 4096, 32000),
    "Llama 13B": transformer(40, 5120, 13824, 5120, 32000),
    "Llama 2 13B": transformer(40, 5120, 13824, 5120, 32000),
    "Llama 2 70B": transformer(80, 8192, 28672, 1024, 32000),
    "Code Llama 34B": transformer(48, 8192, 22016, 1024, 32000),
    "Llama 3 8B": transformer(32, 4096, 14336, 1024, 128256),
    "Llama 3 70B": transformer(80, 8192, 28672, 1024, 128256),
    "Mistral 7B": transformer(**MISTRAL),
    "4 experts of Mistral 7B": transformer(**MISTRAL | {"inner": 4 * 14336}),
    "SOLAR 10.7B": transformer(48, 4096, 14336, 1024, 32000),
    "2 experts of SOLAR 10.7B": transformer(48, 4096, 2 * 14336, 1024, 32000),
    "Yi 6B": transformer(32, 4096, 11008, 512, 64000),
    "DeepSeek Coder 33B": transformer(62, 7168, 19200, 1024, 32256),
    "MPT 7B": transformer(32, 4096, 4 * 4096, 4096, 50432, matrices=2, tied=True),
    "MPT 30B": transformer(48, 7168, 4 * 7168, 7168, 50432, matrices=2, tied=True),
    "Phi 2": transformer(32, 2560, 4 * 2560, 2560, 51200, matrices=2),
    # One key for all heads; a table of 8192 positions.
    "StarCoder": transformer(40, 6144, 4 * 6144, 128, 49152, 2, True) + 8192 * 6144 / 1e9,
}


def test_table_of_parameters_against_a_count():
    with open(embedllm.PARAMS, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["architecture"] for row in rows} == set(COUNTED)
    for row in rows:
        assert float(row["params_b"]) == pytest.approx(COUNTED[row["architecture"]], abs=0.01), row
        stated = embedllm._from_name(row["name"])
        assert np.isnan(stated) or stated == pytest.approx(float(row["params_b"]), rel=0.08), row


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("maker__openchat_3.5", 7.24),
        ("maker__Yi-34B-200K", 34),
        ("34b-beta", 34),
        ("tigerbot-13b-base", 13),
        ("openbuddy-codellama2-34b-v11.1-bf16", 34),
        ("SOLAR-10.7B", 10.7),
        ("Qwen1.5-0.5B", 0.5),
        ("bloom-7b1", 7.1),
        ("llemma_13b", 13),
        ("Mixtral-8x7B-Instruct-v0.1", 7 * (1 + 0.78 * 7)),
        ("MixTAO-7Bx2-MoE-v8.1", 7 * 1.78),
        ("phi-1_5", np.nan),  # no size
        ("falcon-4bit", np.nan),
        ("merge-7b-13b", np.nan),  # two sizes
        ("llama_2_7b", np.nan),  # 7 or 2.7
    ],
)
def test_parameters_from_names(name, billions):
    np.testing.assert_allclose(embedllm.params_b(name), billions)


def test_the_rule_for_mixtures_is_close_to_a_count():
    mixtral = transformer(**MISTRAL | {"inner": 8 * 14336})
    assert embedllm.params_b("Mixtral-8x7B") == pytest.approx(mixtral, rel=0.04)


# --- SPROUT ---------------------------------------------------------------------------------------

SPROUT = "CARROT-LLM-Routing/SPROUT"
GPT, MINI, NEW = "openai-gpt-4o", "openai-gpt-4o-mini", "openai-o3-mini"


def sprout_bytes(rows, llms=(GPT, MINI, NEW), dataset=True):
    """A Parquet file; a row is a prompt and, for each LLM, None or (score, tokens in, out)."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    kinds = {"score": pa.float64(), "num_input_tokens": pa.int64(), "num_output_tokens": pa.int64()}
    cell_kind = pa.struct(kinds | {"response": pa.string()})
    columns = {"prompt": [prompt for prompt, *_ in rows], "golden_answer": ["42"] * len(rows)}
    if dataset:
        columns["dataset"] = ["math"] * len(rows)
    for m, llm in enumerate(llms):
        cells = [row[1 + m] for row in rows]
        dicts = [
            cell and dict(zip([*kinds, "response"], [*cell, "So"], strict=True)) for cell in cells
        ]
        columns[llm] = pa.array(dicts, cell_kind)
    buffer = io.BytesIO()
    write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def small_sprout(**changes):
    return {
        "data/test-00000-of-00001.parquet": sprout_bytes([("r", (1.0, 10, 20), None, (1.0, 1, 1))]),
        "data/train-00000-of-00002.parquet": sprout_bytes([("p", *[(0.25, 1000, 100)] * 3)]),
        "data/train-00001-of-00002.parquet": sprout_bytes([("q", *[(None, None, 7)] * 3)]),
        "data/validation-00000-of-00001.parquet": sprout_bytes(
            [("v", *[(0.0, 1, 0)] * 3)], dataset=False
        ),
        "README.md": b"not needed",
    } | changes


def test_small_sprout(hub):
    hub.put(SPROUT, small_sprout())
    data = load_sprout(progress=False)
    assert data.prompts == ["p", "q", "v", "r"]
    assert data.llms == [GPT, MINI, NEW]
    assert data.tasks.tolist() == ["math", "math", "validation", "math"]
    assert len(set(data.prompt_ids)) == 4
    nan = np.nan
    np.testing.assert_array_equal(data.losses, [[0.75] * 3, [nan] * 3, [1] * 3, [0, nan, 0]])
    usd_for_p = [1000 * 2.5e-6 + 100 * 10e-6, 1000 * 0.15e-6 + 100 * 0.6e-6]
    usd_for_r = 10 * 2.5e-6 + 20 * 10e-6
    expected = [usd_for_p, [nan, nan], [2.5e-6, 0.15e-6], [usd_for_r, nan]]
    np.testing.assert_allclose(data.costs[:, :2], 1000 * np.array(expected), rtol=1e-12)
    assert np.isnan(data.costs[:, 2]).all()
    assert data.cost_unit == "USD per 1,000 prompts" and data.name == "SPROUT"


def test_prices_of_ones_own(hub):
    hub.put(SPROUT, small_sprout())
    data = load_sprout({NEW: (1, 4), GPT: (5, 20)}, progress=False)
    usd = [1000 * 5e-6 + 100 * 20e-6, 1000 * 0.15e-6 + 100 * 0.6e-6, 1000 * 1e-6 + 100 * 4e-6]
    np.testing.assert_allclose(data.costs[0], 1000 * np.array(usd), rtol=1e-12)


def test_price_of_an_llm_that_is_not_there(hub):
    hub.put(SPROUT, small_sprout())
    with pytest.raises(KeyError, match="prices has 'o3-mini', but the LLMs are openai-gpt-4o, "):
        load_sprout({"o3-mini": (1, 4)}, progress=False)


def test_another_repository_of_the_same_form(hub):
    hub.put(f"{SPROUT}-o3mini", small_sprout())
    data = load_sprout(progress=False, repository=f"{SPROUT}-o3mini")
    assert data.name == "SPROUT-o3mini" and f"{SPROUT}-o3mini" in data.licence
    assert (fetch.cache_folder() / "sprout-o3mini").is_dir()


@pytest.mark.parametrize("pair", [3, (1,), (1, -2), ("1", "2"), (1, np.nan)])
def test_bad_prices(pair):
    with pytest.raises(ValueError, match=r"prices\['o3-mini'\] must be two numbers >= 0"):
        load_sprout({"o3-mini": pair}, progress=False)


@pytest.mark.parametrize(
    ("llm", "price"),
    [
        ("aws-claude-3-5-sonnet-v1", (3, 15)),
        ("aws-titan-text-premier-v1", (0.8, 3.2)),
        (GPT, (2.5, 10)),
        (MINI, (0.15, 0.6)),
        ("wxai-granite-3-2b-instruct-8k-max-tokens", (0.1, 0.1)),
        ("wxai-llama-3-1-8b-instruct", (0.2, 0.2)),
        ("wxai-llama-3-405b-instruct", (3.5, 3.5)),
        ("wxai-mixtral-8x7b-instruct-v01", (0.6, 0.6)),
        (NEW, (np.nan, np.nan)),
    ],
)
def test_published_prices(llm, price):
    np.testing.assert_array_equal(sprout._published_price(llm), price)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([("r", *[(1.5, 1, 1)] * 3)], {}, r"test-0.*, row 0, column 'openai-gpt-4o': .*1\.5"),
        ([("r", (1, 1, 1))], {"llms": [GPT]}, "not have the same LLMs: see 'openai-gpt-4o-mini'"),
        ([("r",)], {"llms": []}, "must have a column 'prompt' and, for each LLM, one with score"),
    ],
)  # fmt: skip
def test_bad_files_of_sprout(hub, rows, options, message):
    changed = {"data/test-00000-of-00001.parquet": sprout_bytes(rows, **options)}
    hub.put(SPROUT, small_sprout(**changed))
    with pytest.raises(ValueError, match=message):
        load_sprout(progress=False)


def test_missing_shard(hub):
    files = small_sprout()
    del files["data/train-00000-of-00002.parquet"]
    hub.put(SPROUT, files)
    with pytest.raises(ValueError, match=r"train-00000-of-00002\.parquet is missing beside train-"):
        load_sprout(progress=False)


def test_sprout_without_pyarrow(hub, monkeypatch):
    hub.put(SPROUT, small_sprout())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="needs pyarrow: pip install pyarrow"):
        load_sprout(progress=False)


# --- RouterBench, whole ---------------------------------------------------------------------------

PICKLE = "routerbench_0shot.pkl"


def small_pickle():
    pd = pytest.importorskip("pandas")
    rows = [fields for rows in small_routerbench().values() for fields in rows]
    columns = {}
    for name in rows[0]:
        values = [np.nan if fields[name] == "" else fields[name] for fields in rows]
        number = isinstance(rows[0][name], float)
        columns[name] = pd.Series(values, dtype=float if number else object)
    frame = pd.DataFrame(columns)
    frame.columns = pd.Index(list(columns), dtype=object)
    return pickle.dumps(frame)


def load_whole(**options):
    return load_routerbench(whole=True, progress=False, **options)


def test_whole_routerbench_is_read_like_its_parts(hub, tmp_path, monkeypatch):
    hub.put("withmartian/routerbench", {PICKLE: small_pickle(), "routerbench_5shot.pkl": b"no"})
    whole = load_whole()
    assert whole.embeddings is None and whole.name == "RouterBench"
    publish(tmp_path / "published", small_routerbench())
    monkeypatch.setattr(fetch, "REGISTRY", tmp_path / "published" / "registry.csv")
    monkeypatch.setenv("UNIROUTE_DATA", str(tmp_path / "published"))
    parts = load_routerbench(embeddings=False, progress=False)
    np.testing.assert_array_equal(whole.losses, LOSSES)
    np.testing.assert_array_equal(whole.costs, parts.costs)
    assert (whole.prompts, whole.llms) == (parts.prompts, parts.llms)
    assert whole.prompt_ids.tolist() == parts.prompt_ids.tolist()
    assert whole.tasks.tolist() == parts.tasks.tolist()


def test_prompts_of_the_pickle_may_be_lists(hub):
    pd = pytest.importorskip("pandas")
    from ast import literal_eval

    frame = pickle.loads(small_pickle())
    frame["prompt"] = pd.Series([literal_eval(text) for text in frame["prompt"]], dtype=object)
    hub.put("withmartian/routerbench", {PICKLE: pickle.dumps(frame)})
    np.testing.assert_array_equal(load_whole().losses, LOSSES)


def test_forged_pickle_from_the_hub(hub, tmp_path):
    class Forged:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    hub.put("withmartian/routerbench", {PICKLE: pickle.dumps(Forged())})
    with pytest.raises(pickle.UnpicklingError, match=r"asks for .* refused"):
        load_whole()
    assert not (tmp_path / "ran").exists()


# --- how files come from the hub ------------------------------------------------------------------

CSVS = ["model_order.csv", "test.csv", "train.csv", "val.csv"]


@pytest.fixture
def small(hub):
    hub.put("RZ412/EmbedLLM", small_embedllm())
    return hub


def test_addresses():
    assert _hub.LISTING.format(repository="a/b", revision="main") == (
        "https://huggingface.co/api/datasets/a/b/revision/main?blobs=true"
    )
    assert _hub.FILE.format(repository="a/b", commit="c0ffee", path="data/x.csv") == (
        "https://huggingface.co/datasets/a/b/resolve/c0ffee/data/x.csv"
    )


@pytest.mark.parametrize("in_lfs", [True, False])
def test_pinned_at_the_first_use(small, server, in_lfs):
    small.in_lfs = in_lfs
    commit = small.main["RZ412/EmbedLLM"]
    load_small_embedllm()
    folder = fetch.cache_folder() / "embedllm"
    record = json.loads((folder / "main.json").read_text())
    digests = {name: hashlib.sha256(small_embedllm()[name]).hexdigest() for name in CSVS}
    assert record == {"repository": "RZ412/EmbedLLM", "commit": commit, "files": digests}
    assert files_in(folder / commit) == CSVS
    # The branch moves on, and even another conversion keeps to the first commit, without asking.
    small.put("RZ412/EmbedLLM", small_embedllm() | {"val.csv": b"changed"})
    server.asked.clear()
    for path in fetch.cache_folder().glob("*.npz"):
        path.unlink()
    np.testing.assert_array_equal(load_small_embedllm().losses, EMBEDLLM_LOSSES)
    assert server.asked == []


def test_converted_file_is_enough(small, server):
    load_small_embedllm()
    for path in (fetch.cache_folder() / "embedllm").rglob("*.csv"):
        path.unlink()
    server.asked.clear()
    np.testing.assert_array_equal(load_small_embedllm().losses, EMBEDLLM_LOSSES)
    assert server.asked == []
    assert embedllm_available() == (True, "EmbedLLM is in the cache")


def test_another_revision_is_another_data_set(small):
    first = small.main["RZ412/EmbedLLM"]
    changed = csv_bytes([HEADER, *[answer(2, m, 1) for m in range(3)]])
    small.put("RZ412/EmbedLLM", small_embedllm() | {"val.csv": changed})
    assert load_small_embedllm().losses[1].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(load_small_embedllm(revision=first).losses, EMBEDLLM_LOSSES)


@pytest.mark.parametrize("in_lfs", [True, False])
def test_damaged_file_in_the_cache_is_downloaded_again(small, server, in_lfs):
    small.in_lfs = in_lfs
    load_small_embedllm()
    (path,) = fetch.cache_folder().rglob("val.csv")
    path.write_bytes(b"damaged")
    for converted in fetch.cache_folder().glob("*.npz"):
        converted.unlink()
    server.asked.clear()
    np.testing.assert_array_equal(load_small_embedllm().losses, EMBEDLLM_LOSSES)
    assert server.asked == ["val.csv"]


@pytest.mark.parametrize("in_lfs", [True, False])
def test_other_content_under_the_same_commit(small, in_lfs):
    """Whether the hub states a SHA-256 or not, what came first is what must come again."""
    small.in_lfs = in_lfs
    load_small_embedllm()
    for path in fetch.cache_folder().rglob("*.*"):
        if path.suffix in {".csv", ".npz"}:
            path.unlink()
    small.sets["RZ412/EmbedLLM"][small.main["RZ412/EmbedLLM"]]["val.csv"] = b"forged"
    with pytest.raises(ValueError, match=r"val\.csv"):
        load_small_embedllm()
    assert "val.csv" not in files_in(fetch.cache_folder())


@pytest.mark.parametrize("in_lfs", [True, False])
def test_broken_download_leaves_nothing_half_and_goes_on(small, server, in_lfs):
    small.in_lfs = in_lfs
    server.broken.add("val.csv")
    with pytest.raises(DataUnavailableError, match=r"val\.csv could not be read"):
        load_small_embedllm()
    assert files_in(fetch.cache_folder()) == ["main.json", "train.csv"]
    server.broken.clear()
    server.asked.clear()
    np.testing.assert_array_equal(load_small_embedllm().losses, EMBEDLLM_LOSSES)
    assert sorted(server.asked) == ["model_order.csv", "test.csv", "val.csv"]


def test_interrupted_download_leaves_nothing_half(small, monkeypatch):
    def first_piece_then_interrupt(response, chunk_size):
        yield response.raw.read(10)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", first_piece_then_interrupt)
        patch.setattr(requests.Response, "json", lambda self: json.loads(self.raw.read()))
        patch.setattr(requests.Response, "content", b"", raising=False)
        with pytest.raises(KeyboardInterrupt):
            load_small_embedllm()
    assert [name for name in files_in(fetch.cache_folder()) if name.endswith(".csv")] == []


def folder_of_ones_own(tmp_path, monkeypatch, files):
    for name, content in files.items():
        path = tmp_path / "own" / "embedllm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setenv("UNIROUTE_DATA", str(tmp_path / "own"))


def test_folder_of_ones_own_comes_first(small, server, tmp_path, monkeypatch):
    folder_of_ones_own(tmp_path, monkeypatch, small_embedllm())
    assert embedllm_available() == (True, "EmbedLLM's files are on this machine")
    np.testing.assert_array_equal(load_small_embedllm().losses, EMBEDLLM_LOSSES)
    changed = csv_bytes([HEADER, *[answer(2, m, 1) for m in range(3)]])
    folder_of_ones_own(tmp_path, monkeypatch, {"val.csv": changed})
    assert load_small_embedllm().losses[1].tolist() == [0, 0, 0]
    assert server.asked == []


def test_folder_that_lacks_a_file_is_not_half_a_data_set(small, server, tmp_path, monkeypatch):
    files = small_embedllm()
    del files["test.csv"]
    folder_of_ones_own(tmp_path, monkeypatch, files)
    np.testing.assert_array_equal(load_small_embedllm().losses, EMBEDLLM_LOSSES)
    assert "test.csv" in server.asked


@pytest.mark.parametrize(
    ("available", "title"),
    [
        (embedllm_available, "EmbedLLM"),
        (sprout_available, "SPROUT"),
        (lambda: routerbench_available(whole=True), "RouterBench, whole"),
    ],
)
def test_availability(hub, server, tmp_path, monkeypatch, available, title):
    hub.put("RZ412/EmbedLLM", small_embedllm())
    hub.put("withmartian/routerbench", {PICKLE: b""})
    hub.put(SPROUT, {f"data/{split}-0.parquet": b"" for split in ("train", "validation", "test")})
    monkeypatch.setattr(_hub, "LISTING", f"{NOWHERE}/{{repository}}/{{revision}}")
    yes, reason = available()
    assert not yes and reason.startswith(f"{title}: ") and "UNIROUTE_DATA" in reason
    monkeypatch.setattr(
        _hub, "LISTING", server.address + "/api/datasets/{repository}/revision/{revision}"
    )
    assert available() == (True, f"{title} can be downloaded")
    assert [name for name in files_in(tmp_path / "cache") if not name.endswith(".json")] == []
    monkeypatch.setenv("UNIROUTE_DATA", "/no/such/folder")
    with pytest.raises(FileNotFoundError, match="UNIROUTE_DATA names '/no/such/folder'"):
        available()


def test_files_without_a_converted_one_are_available(small, server):
    load_small_embedllm()
    for path in fetch.cache_folder().glob("*.npz"):
        path.unlink()
    assert embedllm_available() == (True, "EmbedLLM's files are on this machine")


def test_no_network_is_told_with_the_two_ways_out(hub, monkeypatch):
    monkeypatch.setattr(_hub, "LISTING", f"{NOWHERE}/{{repository}}/{{revision}}")
    with pytest.raises(
        DataUnavailableError, match=r"network.*train\.csv.*'embedllm'.*UNIROUTE_DATA"
    ):
        load_small_embedllm()
    assert files_in(fetch.cache_folder()) == []


@pytest.mark.parametrize(
    "listed",
    [
        b"<html>busy</html>",
        b"[]",
        b"{}",
        b'{"sha": "../../etc", "siblings": []}',
        b'{"sha": null, "siblings": []}',
        json.dumps({"sha": "0" * 40}).encode(),
    ],
)
def test_answers_that_are_no_listing(hub, listed):
    hub.listed["RZ412/EmbedLLM"] = listed
    with pytest.raises(DataUnavailableError, match="could not be read"):
        load_small_embedllm()
    assert files_in(fetch.cache_folder()) == []


def test_unknown_revision_and_missing_file(small):
    with pytest.raises(DataUnavailableError, match=r"revision/v9.* could not be read"):
        load_small_embedllm(revision="v9")
    files = small_embedllm()
    del files["val.csv"]
    small.put("RZ412/EmbedLLM", files)
    with pytest.raises(DataUnavailableError, match=r"at revision 'main' has no file 'val\.csv'"):
        load_small_embedllm()


@pytest.mark.parametrize("revision", [None, "", 3])
def test_bad_revision(hub, revision):
    with pytest.raises(ValueError, match="revision must be the name of a branch"):
        load_small_embedllm(revision=revision)


def test_revision_with_slashes_stays_inside_the_cache(small, server, monkeypatch):
    main = json.loads(small.listing("RZ412/EmbedLLM", "main"))
    small.listed["RZ412/EmbedLLM"] = json.dumps(main).encode()
    load_small_embedllm(revision="../refs/pr/1")
    assert server.asked[0] == "..%2Frefs%2Fpr%2F1?blobs=true"
    assert (fetch.cache_folder() / "embedllm" / "..%2Frefs%2Fpr%2F1.json").is_file()


def test_progress(small, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    load_embedllm()
    assert "100%" in (shown := capsys.readouterr().err) and "train.csv" in shown
    load_embedllm()
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    load_embedllm(revision=small.main["RZ412/EmbedLLM"])
    assert capsys.readouterr() == ("", "")

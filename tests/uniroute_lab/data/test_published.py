"""RouterBench's three tasks and LLMRouter: small files of the same form, and the real ones."""

import ast
import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uniroute_lab.data import (
    DataUnavailableError,
    fetch,
    llmrouter,
    llmrouter_available,
    load_llmrouter,
    load_routerbench,
    routerbench,
    routerbench_available,
)
from uniroute_lab.data._shipped import prompts_sha256, write_embeddings
from uniroute_lab.trials import split_prompts

NOWHERE = "http://127.0.0.1:1/{path}"  # nothing listens on that port

# --- small files of the same form -----------------------------------------------------------------

EXAMPLES = "1 + 1?\nAnswer: 2\n\n2 + 2?\nAnswer: 4\n\n"
LLMS = ["maker/one", "two"]


def row(sample_id, prompt, scores, costs=(0.001, 0.002), task="sums"):
    """One published row; prompts are lists, written as a string."""
    fields = {"": "7", "sample_id": sample_id, "prompt": repr(prompt), "eval_name": task}
    fields |= dict(zip(LLMS, scores, strict=True))
    fields |= {f"{llm}|model_response": "['So ...']" for llm in LLMS}
    fields |= {f"{llm}|total_cost": cost for llm, cost in zip(LLMS, costs, strict=True)}
    return fields | {"oracle_model_to_route_to": "two"}


def small_routerbench():
    """Rows of two files; `s.2` is told in two rows, and `t.1` stands there twice."""
    first = [
        row("s.1", [EXAMPLES + "3 + 3?\n\nAnswer:"], (1.0, 0.25)),
        row("s.2", [EXAMPLES + "3 + 4?"] * 2, ("", 1.0), (0.008, 0.009)),
        row("t.1", ["Capital of Peru?"], (1.0, 0.0), task="towns"),
    ]
    second = [
        row("s.2", [EXAMPLES + "3 + 4?"], (0.0, ""), (0.003, 0.004)),
        row("t.1", ["Capital of Peru?"], (0.0, 1.0), task="towns"),
        row("t.2", ["Where is Oslo?", "And Rome?"], (0.5, ""), task="towns"),
    ]
    return {"routerbench/a.csv": first, "routerbench/b.csv": second}


LOSSES = [[0, 0.75], [1, 0], [0, 1], [1, 0], [0.5, np.nan]]
COSTS = [[1, 2], [3, 4], [1, 2], [1, 2], [1, 2]]


def csv_bytes(rows):
    lines = [list(rows[0]), *(list(r.values()) for r in rows)]
    quoted = [",".join('"' + str(cell).replace('"', '""') + '"' for cell in line) for line in lines]
    return "\n".join(quoted).encode()


def small_llmrouter():
    def record(question, one, two, **more):
        return {"question": question, "scores": {"two": two, "one": one}, **more}

    train = [record("1 + 1?", 1.0, 0.0, cluster_id=3), record("Café?", 0.5, 1.0, cluster_id=1)]
    facts = {
        "one": {"size": "7B", "input_price": 0.2, "output_price": 0.4},
        "unused": {"size": "70B", "input_price": 9, "output_price": 9},
    }
    return {
        "llmrouter/train.json": train,
        "llmrouter/test.json": [record("1 + 1?", 0.0, 1.0)],
        "llmrouter/default_llm.json": facts,
    }


def publish(folder, files):
    """Write files and the registry that lists them."""
    entries = []
    for name, content in files.items():
        if not isinstance(content, bytes):
            as_rows = name.endswith(".csv")
            content = csv_bytes(content) if as_rows else json.dumps(content).encode()
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        entries.append(fetch.Entry(name, "me/x", "c0ffee", name, len(content), digest, "none"))
    with open(folder / "registry.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([fetch.Entry._fields, *entries])


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Make the package know small files only, in a folder that UNIROUTE_DATA names."""
    folder = tmp_path / "published"
    publish(folder, small_routerbench() | small_llmrouter())
    monkeypatch.setattr(fetch, "REGISTRY", folder / "registry.csv")
    monkeypatch.setattr(fetch, "RAW_FILE", NOWHERE)
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("UNIROUTE_DATA", str(folder))
    return folder


def quietly(load, **options):
    return load(embeddings=False, progress=False, **options)


def files_in(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


LOADERS = [
    (load_routerbench, routerbench_available, routerbench),
    (load_llmrouter, llmrouter_available, llmrouter),
]


# --- RouterBench ----------------------------------------------------------------------------------


def test_small_routerbench(published):
    data = quietly(load_routerbench)
    assert data.llms == ["one", "two"]
    assert data.prompt_ids.tolist() == ["s.1", "s.2", "t.1", "t.1#2", "t.2"]
    assert data.tasks.tolist() == ["sums", "sums", "towns", "towns", "towns"]
    assert data.prompts == [
        "3 + 3?\n\nAnswer:", "3 + 4?", "Capital of Peru?", "Capital of Peru?",
        "Where is Oslo?\nAnd Rome?",
    ]  # fmt: skip
    np.testing.assert_array_equal(data.losses, LOSSES)
    np.testing.assert_allclose(data.costs, COSTS, rtol=1e-12)
    assert data.cost_unit == "USD per 1,000 prompts"
    assert "none stated" in data.licence and "RouterBench" in data.citation


def test_prompts_that_are_no_list_are_taken_as_they_are():
    for prompt in ["plain", "1 + 1", "[unbalanced", "[]", "[1, 2]", "{'a': 1}"]:
        assert routerbench._strings(prompt) == [prompt]
    assert routerbench._strings("['a', 'b']") == routerbench._strings(["a", "b"]) == ["a", "b"]


paragraphs = st.lists(st.sampled_from(["a", "b", "ab", " "]), min_size=1, max_size=4)


@given(st.lists(paragraphs.map("\n\n".join), min_size=1, max_size=5))
def test_cut_is_the_longest_beginning_of_whole_paragraphs_that_all_texts_share(texts):
    ends = [k for k in range(len(texts[0]) + 1) if k == 0 or texts[0][:k].endswith("\n\n")]
    shared = [k for k in ends if len({text[:k] for text in texts}) == 1]
    leaves_something = len(texts) > 1 and all(text[max(shared) :].strip() for text in texts)
    assert routerbench._shared_paragraphs(texts) == (max(shared) if leaves_something else 0)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.lists(st.booleans(), min_size=3,
                  max_size=3)), max_size=8)
)  # fmt: skip
def test_rows_of_one_prompt_never_tell_of_one_llm_twice(rows):
    ids, texts = [r[0] for r in rows], [r[1] for r in rows]
    observed = np.array([r[2] for r in rows], dtype=bool).reshape(-1, 3)
    groups = routerbench._same_prompt(ids, texts, observed)
    assert sorted(i for group in groups for i in group) == list(range(len(rows)))
    for group in groups:
        assert len({(ids[i], texts[i]) for i in group}) == 1
        assert observed[group].sum(axis=0).max() <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"two": "1.5"}, r"sample_id 's\.1', column 'two': expected a score from 0 to 1, got 1\.5"),
        ({"two": "-1"}, r"column 'two': expected a score from 0 to 1, got -1\.0"),
        ({"two": "good"}, r"sample_id 's\.1', column 'two': expected a number, got 'good'"),
        ({"maker/one|total_cost": "dear"}, r"column 'maker/one\|total_cost': expected a number"),
        ({"maker/one|total_cost": "-1"}, r"costs must be finite .*; got -1000\.0"),
    ],
)
def test_bad_values_in_routerbench(published, change, message):
    files = small_routerbench()
    files["routerbench/a.csv"][0].update(change)
    publish(published, files)
    with pytest.raises(ValueError, match=message):
        quietly(load_routerbench)


def test_missing_columns_in_routerbench(published):
    files = small_routerbench()
    for file in files.values():
        for fields in file:
            del fields["eval_name"]
    publish(published, files)
    with pytest.raises(ValueError, match="RouterBench has no column 'eval_name'; it has"):
        quietly(load_routerbench)


def test_files_of_routerbench_that_do_not_fit(published):
    files = small_routerbench()
    for fields in files["routerbench/b.csv"]:
        fields["three"] = "1"
    publish(published, files)
    with pytest.raises(ValueError, match=r"b\.csv and the files before it differ in column 'three"):
        quietly(load_routerbench)


# --- LLMRouter ------------------------------------------------------------------------------------


def test_small_llmrouter(published):
    data = quietly(load_llmrouter)
    assert data.llms == ["one", "two"]
    assert data.prompts == ["1 + 1?", "Café?", "1 + 1?"]
    assert data.prompt_ids.tolist() == ["train-0", "train-1", "test-0"]
    assert data.tasks.tolist() == ["train", "train", "test"]
    np.testing.assert_array_equal(data.losses, [[0, 1], [0.5, 0], [1, 0]])
    np.testing.assert_allclose(data.costs, [0.3, np.nan])
    assert data.cost_unit == "USD per million tokens" and data.licence == "MIT"


def test_sizes_as_cost(published):
    data = quietly(load_llmrouter, cost="params")
    np.testing.assert_array_equal(data.costs, [7, np.nan])
    assert data.cost_unit == "billions of parameters"
    with pytest.raises(ValueError, match="cost must be one of 'price', 'params'; got 'size'"):
        quietly(load_llmrouter, cost="size")


def test_score_that_is_missing(published):
    files = small_llmrouter()
    del files["llmrouter/train.json"][1]["scores"]["two"]
    publish(published, files)
    np.testing.assert_array_equal(quietly(load_llmrouter).losses, [[0, 1], [0.5, np.nan], [1, 0]])


def test_score_out_of_range(published):
    files = small_llmrouter()
    files["llmrouter/train.json"][1]["scores"]["two"] = 2.0
    publish(published, files)
    with pytest.raises(ValueError, match=r"train\.json, prompt 1, LLM 'two': .*got 2\.0"):
        quietly(load_llmrouter)


# --- what both have in common ---------------------------------------------------------------------


@pytest.mark.parametrize(("load", "available", "module"), LOADERS)
def test_converted_once(published, monkeypatch, load, available, module):
    first = quietly(load)
    monkeypatch.setattr(module, "_convert", None)
    monkeypatch.delenv("UNIROUTE_DATA")
    second = quietly(load)
    assert second.prompts == first.prompts
    np.testing.assert_array_equal(second.losses, first.losses)
    np.testing.assert_array_equal(second.costs, first.costs)
    yes, reason = available()
    assert yes and reason.endswith("is in the cache")


@pytest.mark.parametrize(("load", "available", "module"), LOADERS)
def test_new_sources_or_format_make_a_new_file(published, monkeypatch, load, available, module):
    quietly(load)
    monkeypatch.setattr(module, "FORMAT", module.FORMAT + 1)
    quietly(load)
    changed = small_routerbench() | small_llmrouter()
    changed["routerbench/a.csv"][0]["two"] = 1.0
    changed["llmrouter/train.json"][0]["scores"]["two"] = 1.0
    publish(published, changed)
    assert quietly(load).losses[0, 1] == 0
    assert len(files_in(fetch.cache_folder())) == 3


@pytest.mark.parametrize(("load", "available", "module"), LOADERS)
def test_damaged_converted_file_is_made_again(published, load, available, module):
    first = quietly(load)
    (path,) = fetch.cache_folder().iterdir()
    good = path.read_bytes()
    path.write_bytes(good[:100] + b"x" + good[101:])
    np.testing.assert_array_equal(quietly(load).losses, first.losses)
    assert path.read_bytes() == good


@pytest.mark.parametrize(("load", "available", "module"), LOADERS)
def test_damaged_source(published, load, available, module):
    for path in [*published.rglob("b.csv"), *published.rglob("test.json")]:
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="has SHA-256"):
        quietly(load)
    assert not fetch.cache_folder().exists()


@pytest.mark.parametrize(("load", "available", "module"), LOADERS)
def test_interrupted_download_goes_on(published, server, monkeypatch, load, available, module):
    server.content = lambda path: (published / path.lstrip("/")).read_bytes()
    monkeypatch.setattr(fetch, "RAW_FILE", f"{server.address}/{{path}}")
    monkeypatch.delenv("UNIROUTE_DATA")
    assert available()[0] and available()[1].endswith("can be downloaded")
    server.asked.clear()
    server.broken |= {"b.csv", "test.json"}
    with pytest.raises(DataUnavailableError, match="is not on this machine"):
        quietly(load)
    kept = files_in(fetch.cache_folder())
    assert len(kept) == 1
    server.broken.clear()
    quietly(load)
    assert server.asked.count(kept[0]) == 1
    assert server.asked.count("b.csv") + server.asked.count("test.json") == 2


@pytest.mark.parametrize(("load", "available", "module"), LOADERS)
def test_availability(published, monkeypatch, load, available, module):
    yes, reason = available()
    assert yes and reason.endswith("'s files are on this machine")
    monkeypatch.delenv("UNIROUTE_DATA")
    no, reason = available()
    assert not no and "files are missing" in reason and "UNIROUTE_DATA" in reason
    monkeypatch.setenv("UNIROUTE_DATA", "/no/such/folder")
    for call in (available, lambda: quietly(load)):
        with pytest.raises(FileNotFoundError, match="UNIROUTE_DATA names '/no/such/folder'"):
            call()


@pytest.mark.parametrize(("load", "available", "module"), LOADERS)
def test_embeddings_belong_to_the_prompts(
    published, tmp_path, monkeypatch, load, available, module
):
    data = quietly(load)
    path = tmp_path / "e.npz"
    raw = np.arange(1, 2 * data.n_prompts + 1).reshape(-1, 2)
    digest = write_embeddings(path, data, raw, "an encoder")
    monkeypatch.setattr(module, "EMBEDDINGS", path)
    monkeypatch.setattr(module, "EMBEDDINGS_SHA256", digest)
    rows = load(progress=False).embeddings
    np.testing.assert_allclose(rows, raw / np.hypot(*raw.T)[:, None], rtol=1e-6)
    for message, changes in {
        "other questions": {"prompt_ids": data.prompt_ids[::-1]},
        "other prompt texts": {"prompts": [text + "!" for text in data.prompts]},
    }.items():
        digest = write_embeddings(path, replace(data, **changes), raw, "an encoder")
        monkeypatch.setattr(module, "EMBEDDINGS_SHA256", digest)
        with pytest.raises(ValueError, match=rf"e\.npz is for {message}"):
            load(progress=False)
    monkeypatch.setattr(module, "EMBEDDINGS_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"e\.npz has SHA-256"):
        load(progress=False)


# --- the real files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "n_prompts"), [(routerbench, 3164), (llmrouter, 6108)], ids=["rb", "llmrouter"]
)
def test_committed_embeddings(module, n_prompts):
    fetch.verify(module.EMBEDDINGS, module.EMBEDDINGS_SHA256)
    assert module.EMBEDDINGS.stat().st_size <= 5_000_000
    with np.load(module.EMBEDDINGS, allow_pickle=False) as file:
        stored = dict(file)
    assert set(stored) == {"embeddings", "ids", "encoder", "prompts_sha256"}
    assert stored["encoder"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert stored["embeddings"].shape == (n_prompts, 384)
    assert stored["embeddings"].dtype == np.float16
    lengths = np.linalg.norm(stored["embeddings"].astype(float), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)
    assert len(set(stored["ids"])) == n_prompts


@pytest.mark.data("routerbench")
def test_real_routerbench():
    data = load_routerbench(progress=False)
    assert data.losses.shape == data.costs.shape == (3164, 11)
    assert data.embeddings.shape == (3164, 384)
    assert set(data.losses.ravel()) == {0.0, 1.0}
    assert (data.costs > 0).all()
    assert dict(zip(*np.unique(data.tasks, return_counts=True), strict=True)) == {
        "arc-challenge": 1470, "mbpp": 427, "winogrande": 1267,
    }  # fmt: skip
    assert not [i for i in data.prompt_ids if "#" in i]
    assert len(set(data.prompts)) == 3162
    assert max(map(len, data.prompts)) < 1010  # the examples alone are longer
    assert data.complete().llms == data.llms


def published_rows(prefix):
    files = [name for name in fetch.registry() if name.startswith(prefix)]
    try:
        paths = fetch.fetch_all(files, progress=False)
    except DataUnavailableError as error:
        pytest.skip(f"only the converted file is here: {error}")
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


@pytest.mark.data("routerbench")
@pytest.mark.parametrize("column", ["gpt-4-1106-preview", "mistralai/mixtral-8x7b-chat"])
def test_real_routerbench_against_a_recount(column):
    data = load_routerbench(progress=False)
    m = data.llms.index(column.split("/")[-1])
    scores, costs, ends = {}, {}, {}
    for fields in published_rows("routerbench/"):
        i, times = fields["sample_id"], len(ast.literal_eval(fields["prompt"]))
        if fields[column]:
            assert i not in scores
            scores[i] = float(fields[column])
        if times == 1:
            costs[i] = float(fields[f"{column}|total_cost"])
        ends[i] = ast.literal_eval(fields["prompt"])[-1]
    ids = data.prompt_ids.tolist()
    np.testing.assert_array_equal(data.losses[:, m], [1 - scores[i] for i in ids])
    np.testing.assert_allclose(data.costs[:, m], [1000 * costs[i] for i in ids], rtol=1e-12)
    assert all(ends[i].endswith(text) for i, text in zip(ids, data.prompts, strict=True))


@pytest.mark.data("llmrouter")
def test_real_llmrouter():
    data = load_llmrouter(progress=False)
    assert data.losses.shape == (6108, 9) and data.costs.shape == (9,)
    assert data.embeddings.shape == (6108, 384)
    assert not np.isnan(data.losses).any() and not np.isnan(data.costs).any()
    assert 0 < np.mean((data.losses > 0) & (data.losses < 1)) < 0.1
    assert data.n_prompts - len(set(data.prompts)) == 119
    by_price = dict(zip(data.llms, data.costs.tolist(), strict=True))
    by_size = dict(zip(data.llms, load_llmrouter(False, False, "params").costs, strict=True))
    assert by_price["gemma-2-9b-it"] == 0.1 and by_size["gemma-2-9b-it"] == 9
    assert by_price["llama3-chatqa-1.5-70b"] == 0.9 and by_size["llama3-chatqa-1.5-70b"] == 70


@pytest.mark.data("llmrouter")
def test_repeated_texts_of_llmrouter_stay_together_in_a_split():
    data = load_llmrouter(embeddings=False, progress=False)
    train, test = split_prompts(data.prompts, [0.6, 0.3], random_state=0)
    texts = np.array(data.prompts)
    assert not set(texts[train]) & set(texts[test])


@pytest.mark.data("llmrouter")
def test_real_llmrouter_against_a_recount():
    data = load_llmrouter(progress=False)
    records = []
    for name in ("train", "test"):
        try:
            records += json.loads(fetch.fetch(f"llmrouter/{name}.json").read_text(encoding="utf-8"))
        except DataUnavailableError as error:
            pytest.skip(f"only the converted file is here: {error}")
    assert data.prompts == [record["question"] for record in records]
    for m, llm in enumerate(data.llms):
        expected = [1 - record["scores"][llm] for record in records]
        np.testing.assert_array_equal(data.losses[:, m], expected)
    assert prompts_sha256(data.prompts) == prompts_sha256([r["question"] for r in records])

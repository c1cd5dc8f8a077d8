"""SPROUT: small files of the same form from a small hub."""

import io

import numpy as np
import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from uniroute_lab.data import load_sprout, sprout

SPROUT = "CARROT-LLM-Routing/SPROUT"
GPT, MINI, NEW = "openai-gpt-4o", "openai-gpt-4o-mini", "openai-o3-mini"


def sprout_bytes(rows, llms=(GPT, MINI, NEW), dataset=True):
    """A Parquet file; a row is a prompt and, for each LLM, None or (score, tokens in, out)."""
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


def test_another_repository_of_the_same_form(hub, cache):
    hub.put(f"{SPROUT}-o3mini", small_sprout())
    data = load_sprout(progress=False, repository=f"{SPROUT}-o3mini")
    assert data.name == "SPROUT-o3mini" and f"{SPROUT}-o3mini" in data.licence
    assert (cache / "sprout-o3mini").is_dir()


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
    np.testing.assert_array_equal(sprout.published_price(llm), price)


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

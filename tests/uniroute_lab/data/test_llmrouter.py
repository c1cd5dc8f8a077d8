"""LLMRouter: small files of the same form, and the real ones."""

import json

import numpy as np
import pytest

from tests.uniroute_lab.data import small
from uniroute_lab.data import DataUnavailableError, fetch, load_llmrouter
from uniroute_lab.data.embeddings import prompts_sha256
from uniroute_lab.trials import split_prompts


def load_small(**options):
    return load_llmrouter(embeddings=False, progress=False, **options)


def test_small_llmrouter(own_folder):
    data = load_small()
    assert data.llms == ["one", "two"]
    assert data.prompts == ["1 + 1?", "Café?", "1 + 1?"]
    assert data.prompt_ids.tolist() == ["train-0", "train-1", "test-0"]
    assert data.tasks.tolist() == ["train", "train", "test"]
    np.testing.assert_array_equal(data.losses, small.LLMROUTER_LOSSES)
    np.testing.assert_allclose(data.costs, [0.3, np.nan])
    assert data.cost_unit == "USD per million tokens" and data.licence == "MIT"


def test_sizes_as_cost(own_folder):
    data = load_small(cost="params")
    np.testing.assert_array_equal(data.costs, [7, np.nan])
    assert data.cost_unit == "billions of parameters"
    with pytest.raises(ValueError, match="cost must be one of 'price', 'params'; got 'size'"):
        load_small(cost="size")


def test_score_that_is_missing(own_folder):
    files = small.llmrouter_content()
    del files["llmrouter/train.json"][1]["scores"]["two"]
    small.publish(own_folder, small.llmrouter(files))
    np.testing.assert_array_equal(load_small().losses, [[0, 1], [0.5, np.nan], [1, 0]])


def test_score_out_of_range(own_folder):
    files = small.llmrouter_content()
    files["llmrouter/train.json"][1]["scores"]["two"] = 2.0
    small.publish(own_folder, small.llmrouter(files))
    with pytest.raises(ValueError, match=r"train\.json, prompt 1, LLM 'two': .*got 2\.0"):
        load_small()


# --- the real files -------------------------------------------------------------------------------


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

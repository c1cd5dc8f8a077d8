"""The embeddings that come with the data sets are those of the encoder."""

import numpy as np
import pytest

from uniroute.embed import embed
from uniroute_lab.data import load_llmrouter, load_mmlu_pro, load_routerbench


@pytest.mark.parametrize(
    "load",
    [
        pytest.param(load_mmlu_pro, marks=pytest.mark.data("mmlu-pro")),
        pytest.param(load_routerbench, marks=pytest.mark.data("routerbench")),
        pytest.param(load_llmrouter, marks=pytest.mark.data("llmrouter")),
    ],
)
def test_committed_embeddings_come_out_again(tmp_path, load):
    pytest.importorskip("sentence_transformers")
    data = load(progress=False)
    sample = data.select(np.linspace(0, data.n_prompts - 1, 24).astype(int))
    rows = embed(sample.prompts, cache_dir=tmp_path, progress=False)
    cosines = np.sum(rows * sample.embeddings, axis=1)
    assert cosines.min() > 0.999

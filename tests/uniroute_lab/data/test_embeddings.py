"""The prompt embeddings that come with the lab."""

from dataclasses import replace

import numpy as np
import pytest

from uniroute.embed import Encoder, embed
from uniroute_lab.data import (
    catalog,
    livecodebench,
    llmrouter,
    mmlu_pro,
    openhands,
    routerbench,
)
from uniroute_lab.data.embeddings import Embeddings

SETS = [
    ("mmlu_pro", mmlu_pro),
    ("routerbench", routerbench),
    ("llmrouter", llmrouter),
    ("openhands", openhands),
    ("livecodebench", livecodebench),
]


@pytest.mark.parametrize(("name", "module"), SETS)
def test_embeddings_belong_to_the_prompts(own_folder, tmp_path, monkeypatch, name, module):
    load = catalog[name].load
    data = load(embeddings=False, progress=False)
    file = Embeddings(tmp_path / "e.npz", "")
    raw = np.arange(1, 2 * data.n_prompts + 1).reshape(-1, 2)

    def use(changed, sha256=None):
        digest = file.write(changed, raw, "an encoder")
        monkeypatch.setattr(module, "EMBEDDINGS", replace(file, sha256=sha256 or digest))

    use(data)
    rows = load(progress=False).embeddings
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, raw / np.hypot(*raw.T)[:, None], rtol=1e-6)
    for message, changes in {
        "other questions": {"prompt_ids": data.prompt_ids[::-1]},
        "other prompt texts": {"prompts": [text + "!" for text in data.prompts]},
    }.items():
        use(replace(data, **changes))
        with pytest.raises(ValueError, match=rf"e\.npz is for {message}"):
            load(progress=False)
    use(data, sha256="0" * 64)
    with pytest.raises(ValueError, match=rf"e\.npz has SHA-256 \w+, expected {'0' * 64}"):
        load(progress=False)


@pytest.mark.parametrize(
    ("name", "n_prompts"),
    [
        ("mmlu_pro", 12032),
        ("routerbench", 3164),
        ("llmrouter", 6108),
        ("openhands", 500),
        ("livecodebench", 880),
    ],
)
def test_committed_embeddings(name, n_prompts):
    file = catalog[name].embeddings
    assert file.path.stat().st_size <= 10_000_000
    with np.load(file.path, allow_pickle=False) as content:
        stored = dict(content)
    assert set(stored) == {"embeddings", "ids", "encoder", "prompts_sha256"}
    assert stored["encoder"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert stored["embeddings"].shape == (n_prompts, 384)
    assert stored["embeddings"].dtype == np.float16
    lengths = np.linalg.norm(stored["embeddings"].astype(float), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)
    assert len(set(stored["ids"])) == n_prompts
    with pytest.raises(ValueError, match="other prompt texts"):  # but its SHA-256 is right
        file.read(stored["ids"].tolist(), ["?"] * n_prompts)


@pytest.mark.filterwarnings("ignore::uniroute.TextCutWarning")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("mmlu_pro", marks=pytest.mark.data("mmlu-pro")),
        pytest.param("routerbench", marks=pytest.mark.data("routerbench")),
        pytest.param("llmrouter", marks=pytest.mark.data("llmrouter")),
        pytest.param("openhands", marks=pytest.mark.data("openhands")),
        pytest.param("livecodebench", marks=pytest.mark.data("livecodebench")),
    ],
)
def test_committed_embeddings_come_out_again(tmp_path, name):
    pytest.importorskip("sentence_transformers")
    data = catalog[name].load(progress=False)
    sample = data.select(np.linspace(0, data.n_prompts - 1, 24).astype(int))
    rows = embed(sample.prompts, cache_dir=tmp_path, progress=False)
    cosines = np.sum(rows * sample.embeddings, axis=1)
    assert cosines.min() > 0.999


@pytest.mark.parametrize(
    ("name", "n_cut"),
    [
        pytest.param("openhands", 325, marks=pytest.mark.data("openhands")),
        pytest.param("livecodebench", 719, marks=pytest.mark.data("livecodebench")),
    ],
)
def test_texts_that_the_encoder_cuts(name, n_cut):
    """As the loaders' notes say."""
    pytest.importorskip("sentence_transformers")
    data = catalog[name].load(embeddings=False, progress=False)
    assert len(Encoder().find_cut(data.prompts)) == n_cut

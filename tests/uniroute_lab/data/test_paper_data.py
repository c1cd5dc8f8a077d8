"""The paper's data by one command: fetched, embedded, run with its pool, and gone on with."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest

from tests.uniroute_lab.data import small
from uniroute import Encoder
from uniroute.embed import embed
from uniroute_lab.data import catalog, catalogue
from uniroute_lab.trials import Candidates, Method, read_results, runner
from uniroute_lab.trials import __main__ as command

POOL = catalog["embedllm"].protocol["pool"]
RNG = np.random.default_rng(0)
N_PROMPTS = 80
METHODS = [
    Method("ZeroRouter"),
    Candidates([Method("K-NN", {"k": k}, tuning="paper") for k in (2, 4)], "paper"),
    Method("UniRoute (K-means)", {"K": 2}),
]


class Letters:
    """An encoder that counts letters, and the texts that it has read."""

    def __init__(self):
        self.n_texts = 0

    def encode(self, texts):
        self.n_texts += len(texts)
        return np.array([[1 + text.count(letter) for letter in "aeiou0123456"] for text in texts])


def embedllm():
    """The paper's pool and nine more LLMs; one answer is missing."""
    llms = [*(f"maker__{name}" for name in POOL), *(f"x__teacher-{m + 1}b" for m in range(9))]
    right = RNG.random((N_PROMPTS, len(llms))) < np.linspace(0.3, 0.7, len(llms))
    rows = [
        [prompt, m, 0, int(right[prompt, m]), f"Question {prompt}?", llm, "sums"]
        for prompt in range(N_PROMPTS)
        for m, llm in enumerate(llms)
    ]
    header = small.EMBEDLLM_HEADER
    parts = {"train.csv": rows[:1500], "val.csv": rows[1500:2500], "test.csv": rows[2500:-1]}
    order = [["model_id", "model_name"], *map(list, enumerate(llms))]
    files = {name: small.csv_bytes([header, *part]) for name, part in parts.items()}
    return files | {"model_order.csv": small.csv_bytes(order)}


def routerbench():
    """Six LLMs, with a cost for each prompt."""
    llms = [f"maker/llm-{m}" for m in range(6)]
    columns = {
        "sample_id": [f"s.{i}" for i in range(N_PROMPTS)],
        "prompt": [f"['What is {i} + {i}?']" for i in range(N_PROMPTS)],
        "eval_name": ["sums"] * N_PROMPTS,
    }
    for m, llm in enumerate(llms):
        columns[llm] = (RNG.random(N_PROMPTS) < 0.2 + 0.1 * m).astype(float)
        columns[f"{llm}|total_cost"] = (1 + m) * RNG.random(N_PROMPTS)
    frame = pd.DataFrame(columns).astype(object)
    frame.columns = pd.Index(list(columns), dtype=object)
    return {"routerbench_0shot.pkl": pickle.dumps(frame)}


SETS = {
    "embedllm": (small.EMBEDLLM, embedllm, []),
    "routerbench_whole": ("withmartian/routerbench", routerbench, ["--val", "8"]),
}


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    """Let prompts be embedded by their letters, into a cache of the test."""
    letters = Letters()
    own = Encoder(letters, fingerprint="letters")
    monkeypatch.setattr(catalogue, "embed", partial(embed, encoder=own, cache_dir=tmp_path / "e"))
    return letters


@pytest.mark.parametrize("name", SETS)
def test_the_papers_data_by_one_command(hub, server, encoder, tmp_path, monkeypatch, capsys, name):
    repository, files, options = SETS[name]
    hub.put(repository, files())
    real = runner.choose_methods
    monkeypatch.setattr(runner, "choose_methods", lambda d, s, c, n, j: real(d, s, METHODS, n, j))
    path = tmp_path / "results.parquet"
    words = ["--dataset", name, *options, "--rehearsals", "1", "--output", str(path)]

    command.main([*words, "--trials", "2"])
    assert "K-NN" in capsys.readouterr().out
    results = read_results(path)
    assert results["trial"].nunique() == 2 and np.isfinite(results["area"]).all()
    split = results.attrs["settings"]["options"]
    if name == "embedllm":
        assert split == {"sizes": [48, 8, 24], "pool": list(POOL)}
        assert len(results.attrs["settings"]["llms"]) == 46  # one answer missing loses none
    else:
        assert split == {"sizes": [48, 8, 24], "test_share": 0.5}
    assert encoder.n_texts >= N_PROMPTS

    server.asked.clear()
    seen = encoder.n_texts
    command.main([*words, "--trials", "3"])
    assert server.asked == [] and encoder.n_texts == seen
    again = read_results(path)
    assert again["trial"].nunique() == 3
    pd.testing.assert_series_equal(again["area"][: len(results)], results["area"])

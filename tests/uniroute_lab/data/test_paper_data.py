"""The paper's data by one command: fetched, embedded, run with its pool, and gone on with."""

import io
import pickle
import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import constants
from pyarrow import Table
from pyarrow.parquet import write_table

from tests.uniroute_lab.data import small
from uniroute import Encoder
from uniroute.embed import embed
from uniroute_lab.data import catalog, catalogue
from uniroute_lab.paper import experiments
from uniroute_lab.paper.ledger.claims import claims
from uniroute_lab.paper.ledger.numbers import ledger
from uniroute_lab.paper.ledger.places import ROOT
from uniroute_lab.paper.ledger.runs import clear
from uniroute_lab.paper.ledger.verdicts import NO_DATA, NOT_RUN, SAME
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


def sprout(more=()):
    """Six LLMs with published prices, and more without; prompts in three splits."""
    llms = ["openai-gpt-4o", "openai-gpt-4o-mini", "aws-titan-text-premier", *more]
    llms += [f"wxai-{name}" for name in ("llama-3-1-8b", "llama-3-1-70b", "mixtral-8x7b")]

    def split(numbers):
        rows = [{"prompt": f"What is {i}?", "dataset": "sums"} for i in numbers]
        for row in rows:
            for m, llm in enumerate(llms):
                right = float(RNG.random() < 0.2 + 0.1 * m)
                row[llm] = {"score": right, "num_input_tokens": 9, "num_output_tokens": 3 + m}
        buffer = io.BytesIO()
        write_table(Table.from_pylist(rows), buffer)
        return buffer.getvalue()

    parts = {"train": range(48), "validation": range(48, 56), "test": range(56, N_PROMPTS)}
    return {
        f"data/{part}-00000-of-00001.parquet": split(numbers) for part, numbers in parts.items()
    }


SETS = {
    "embedllm": (small.EMBEDLLM, embedllm, []),
    "routerbench-whole": ("withmartian/routerbench", routerbench, ["--val", "8"]),
    "sprout": ("CARROT-LLM-Routing/SPROUT", sprout, ["--val", "8"]),
}


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    """Let prompts be embedded by their letters, into a cache of the test."""
    letters = Letters()
    own = Encoder(letters, fingerprint="letters")
    options = {"encoder": own, "cache_dir": tmp_path / "e", "batch_size": 32}
    monkeypatch.setattr(catalogue, "embed", partial(embed, **options))
    return letters


@pytest.fixture
def words(tmp_path, monkeypatch):
    """Words of a command that tries three methods, by data set; the results are in `path`."""
    real = runner.choose_methods
    monkeypatch.setattr(runner, "choose_methods", lambda d, s, c, n, j: real(d, s, METHODS, n, j))

    def of(name):
        options = ["--rehearsals", "1", "--output", str(tmp_path / "results.parquet")]
        return ["--dataset", name, *SETS[name][2], *options]

    return of


@pytest.mark.parametrize("name", SETS)
def test_the_papers_data_by_one_command(hub, server, encoder, tmp_path, words, capsys, name):
    repository, files, _ = SETS[name]
    hub.put(repository, files())
    path, words = tmp_path / "results.parquet", words(name)

    command.main([*words, "--trials", "2"])
    assert "K-NN" in capsys.readouterr().out
    results = read_results(path)
    assert results["trial"].nunique() == 2 and np.isfinite(results["area"]).all()
    split = results.attrs["settings"]["options"]
    if name == "embedllm":
        assert split == {"sizes": [48, 8, 24], "pool": list(POOL)}
        assert len(results.attrs["settings"]["llms"]) == 46  # one answer missing loses none
    elif name == "routerbench-whole":
        assert split == {"sizes": [48, 8, 24], "test_share": 0.5}
    else:
        assert split == {"sizes": [48, 8, 24], "test_share": 1 / 3}
    assert encoder.n_texts >= N_PROMPTS

    server.asked.clear()
    seen = encoder.n_texts
    command.main([*words, "--trials", "3"])
    assert server.asked == [] and encoder.n_texts == seen
    again = read_results(path)
    assert again["trial"].nunique() == 3
    pd.testing.assert_series_equal(again["area"][: len(results)], results["area"])


def test_the_papers_variant_of_sprout_by_its_name_and_prices(hub, encoder, words, tmp_path):
    hub.put("CARROT-LLM-Routing/SPROUT-o3mini", sprout(["openai-o3-mini"]))
    variant = ["--option", "repository=CARROT-LLM-Routing/SPROUT-o3mini"]
    price = ["--option", 'prices={"openai-o3-mini": [1.1, 4.4]}']
    command.main([*words("sprout"), *variant, *price, "--trials", "1"])
    settings = read_results(tmp_path / "results.parquet").attrs["settings"]
    assert settings["data"] == "SPROUT-o3mini" and "openai-o3-mini" in settings["llms"]


@pytest.mark.parametrize("name", SETS)
def test_without_network_the_command_ends_with_what_to_do(hub, cache, words, monkeypatch, name):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(SystemExit, match=r"network.*UNIROUTE_DATA"):
        command.main([*words(name), "--trials", "1"])
    assert small.files_in(cache) == []


@pytest.mark.parametrize("name", SETS)
def test_forged_file_is_refused_by_the_command(hub, cache, words, encoder, tmp_path, name):
    """Files of the same commit with another content than at its first use."""
    repository, files, _ = SETS[name]
    commit = hub.put(repository, files())
    command.load(name.replace("-", "_"), [])
    small_files = [path for path in cache.rglob("*") if path.suffix in (".npz", ".csv")]
    small_files += [path for path in cache.rglob("*") if path.suffix in (".pkl", ".parquet")]
    for path in small_files:
        path.unlink()
    first = sorted(hub.sets[repository][commit])[0]
    hub.sets[repository][commit][first] = b"forged"
    with pytest.raises(ValueError, match=r"must have SHA-256 .*, as at its first use; got"):
        command.main([*words(name), "--trials", "1"])
    assert not (tmp_path / "results.parquet").exists()


def interrupted_at(function, place, at, seen):
    """Return a function that notes one of its arguments, and is interrupted when it is `at`."""

    def noted(*arguments):
        seen.append(arguments[place])
        if at(arguments[place]):
            raise KeyboardInterrupt
        return function(*arguments)

    return noted


@pytest.mark.parametrize("name", SETS)
def test_interrupted_command_goes_on(hub, server, encoder, words, tmp_path, monkeypatch, name):
    """Stopped while it embeds, and again in its second trial: nothing is done twice."""
    repository, files, _ = SETS[name]
    hub.put(repository, files())
    line, batches, seeds = [*words(name), "--trials", "3"], [], []
    stop = interrupted_at(encoder.encode, 0, lambda texts: len(batches) == 2, batches)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(encoder, "encode", stop)
        command.main(line)
    assert 0 < encoder.n_texts < N_PROMPTS
    server.asked.clear()
    stop = interrupted_at(runner.run_trial, 3, lambda seed: len(seeds) == 2, seeds)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(runner, "run_trial", stop)
        command.main(line)
    assert server.asked == [] and encoder.n_texts == N_PROMPTS and seeds == [0, 1]
    go_on = interrupted_at(runner.run_trial, 3, lambda seed: False, seeds)
    monkeypatch.setattr(runner, "run_trial", go_on)
    command.main(line)
    assert encoder.n_texts == N_PROMPTS and seeds == [0, 1, 1, 2]
    assert read_results(tmp_path / "results.parquet")["trial"].nunique() == 3


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of stored results, for the ledger's copy of the paper's numbers."""
    shutil.copytree(ROOT / "results" / "paper", tmp_path / "stored" / "paper")
    monkeypatch.setenv("UNIROUTE_RESULTS", str(tmp_path / "stored"))
    clear()
    yield tmp_path / "stored"
    clear()


def test_the_papers_data_get_rows_in_the_ledger(hub, encoder, results, capsys, monkeypatch):
    """By the command of the experiments, from its first download to a verdict on the same data."""
    hub.put(small.EMBEDLLM, embedllm())
    (declared,) = (run for run in experiments.runs() if run.name == "embedllm")
    network = Method("UniRoute (learned map, network)", {"K": 2}, tuning="paper")
    small_run = replace(declared, methods=[*METHODS, network], n_trials=3, n_rehearsals=1)
    monkeypatch.setattr(experiments, "runs", lambda: [small_run])
    (results / "pending.csv").write_text("run\nembedllm\n")
    experiments.main(["embedllm"])
    assert "embedllm: embedllm, 3 trials" in capsys.readouterr().out
    assert experiments.pending_runs() == []

    clear()
    rows = ledger()
    rows = rows[rows["our_data"] == catalog["embedllm"].title]
    rows = rows[(rows["place"] == "Figure 2 (top)") & (rows["metric"] == "area")]
    told = rows[rows["our_method"].notna()]
    assert {*told["same_data"]} == {SAME} and {*told["results"]} == {"main/embedllm"}
    assert {*told["method"]} >= {"ZeroRouter", "K-NN"} and not {*told["verdict"]} & {
        NO_DATA,
        NOT_RUN,
    }
    assert told[["ours", "difference", "p"]].notna().all(axis=None) and {*told["state"]} == {""}
    of_claims = claims()
    of_claims = of_claims[of_claims["data"] == catalog["embedllm"].title]
    assert "k-means-beats-zerorouter-embedllm" in {*of_claims["row"]}

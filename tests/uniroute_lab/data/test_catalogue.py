"""The catalogue: every data set in one place, and what it says agrees with what is loaded."""

import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from scripts import embed_prompts
from tests.uniroute_lab.data import small
from uniroute_lab import data
from uniroute_lab.data import available, catalog, catalogue, load_openhands
from uniroute_lab.data.embeddings import Embeddings
from uniroute_lab.trials.__main__ import data_sets


def test_every_loader_is_in_the_catalogue():
    loaders = {getattr(d.load, "func", d.load).__name__ for d in catalog.values()}
    assert {name for name in data.__all__ if name.startswith("load_")} < loaders
    assert loaders - {*data.__all__} == {"load_pocket"}
    assert list(data_sets()) == list(catalog)


def test_titles_and_tags_are_all_different():
    assert len({d.title for d in catalog.values()}) == len(catalog)
    tags = {name: d.tag for name, d in catalog.items()}
    assert tags.pop("pocket") is None
    assert tags == {name: name.replace("_", "-") for name in tags}


def test_sources():
    assert catalog["pocket"].sources == []
    assert catalog["llmrouter"].sources == ["https://github.com/ulab-uiuc/LLMRouter"]
    assert catalog["sprout"].sources == [
        "https://huggingface.co/datasets/CARROT-LLM-Routing/SPROUT"
    ]
    assert all(d.sources for name, d in catalog.items() if name != "pocket")


@pytest.mark.parametrize(
    "name",
    ["mmlu_pro", "routerbench", "llmrouter", "openhands", "openhands_swt", "livecodebench"],
)
def test_licence_is_that_of_what_is_loaded(own_folder, name):
    loaded = catalog[name].load(embeddings=False, progress=False)
    assert catalog[name].licence == loaded.licence


def test_ready_for_trials(own_folder, tmp_path, monkeypatch):
    """Embeddings are made where none come along; LLMs of which little is known stay out."""
    asked = []

    def embed(prompts, progress):
        asked.append((prompts, progress))
        return np.eye(len(prompts))

    monkeypatch.setattr(catalogue, "embed", embed)
    entry = replace(catalog["openhands"], load=partial(load_openhands, embeddings=False))
    found = entry.ready(progress=False)  # LLM "b" lacks a third of its outcomes
    assert found.llms == ["a"] and found.embeddings.shape == (3, 3)
    assert asked == [(small.OPENHANDS_TEXTS, False)]
    assert replace(entry, observed=0.3).ready(benchmark="swe-bench").llms == ["a", "b"]


def test_pocket_pool_is_always_there(monkeypatch):
    monkeypatch.setenv("UNIROUTE_DATA", "/no/such/folder")
    assert available("pocket") == (True, "Pocket pool: comes with the lab")
    assert catalog["pocket"].load(embeddings=False).licence == catalog["pocket"].licence


def test_unknown_name():
    with pytest.raises(ValueError, match=r"name must be one of 'pocket', .*; got 'mmlu'"):
        available("mmlu")


def test_names_in_stored_results_stay(own_folder):
    """Each is a part of the settings by which stored results are known."""
    names = {name: catalog[name].load(embeddings=False).name for name in ("pocket", "routerbench")}
    assert names == {"pocket": "pocket", "routerbench": "RouterBench, three tasks"}


def test_command_that_makes_embeddings(own_folder, tmp_path, monkeypatch, capsys):
    vectors = [[3.0, 4.0]] * 3
    monkeypatch.setattr(embed_prompts, "embed", lambda prompts: np.array(vectors))
    file = Embeddings(tmp_path / "e.npz", "")
    entry = replace(catalog["llmrouter"], embeddings=file)
    monkeypatch.setitem(catalog, "llmrouter", entry)
    embed_prompts.main(["llmrouter"])
    sha256 = capsys.readouterr().out.split()[-1]
    loaded = catalog["llmrouter"].load(embeddings=False)
    rows = Embeddings(file.path, sha256).read(loaded.prompt_ids, loaded.prompts)
    assert rows.shape == (3, 2)
    with pytest.raises(SystemExit):
        embed_prompts.main(["pocket"])
    assert "invalid choice: 'pocket'" in capsys.readouterr().err


def test_import_brings_nothing_heavy():
    """Importing these modules adds nothing heavy to what `import uniroute` brings."""
    code = (
        "import sys, uniroute; before = set(sys.modules); import uniroute_lab.data, uniroute.embed;"
        "heavy = {'torch', 'pandas', 'matplotlib', 'sentence_transformers', 'pooch', 'tqdm',"
        "'pyarrow', 'huggingface_hub', 'requests'};"
        "sys.exit(' '.join(heavy & (set(sys.modules) - before)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, ""), found.stderr

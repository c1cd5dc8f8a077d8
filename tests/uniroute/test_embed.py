"""Prompt embeddings: what is refused, what is kept on disk, where the encoder comes from."""

import builtins
import hashlib
import importlib
import os
import shutil
import sqlite3
import sys
import types

import numpy as np
import pytest

from uniroute.embed import embed

embed_module = importlib.import_module("uniroute.embed")


class FakeEncoder:
    """Deterministic vectors from the first `reads` characters of a text; remembers what it did."""

    def __init__(self, reads=10_000, seed="", fails_after=None):
        self.reads, self.seed, self.fails_after = reads, seed, fails_after
        self.texts, self.batches = [], []

    def encode(self, texts, batch_size, show_progress_bar):
        assert not show_progress_bar
        if texts == [embed_module.PROBE]:
            return self.vectors(texts)
        if self.fails_after is not None and len(self.batches) >= self.fails_after:
            raise KeyboardInterrupt
        self.texts += texts
        self.batches.append(len(texts))
        return self.vectors(texts)

    def vectors(self, texts):
        digests = [hashlib.sha256((self.seed + text[: self.reads]).encode()) for text in texts]
        return np.array([list(digest.digest()[:8]) for digest in digests]) - 127.5


TEXTS = [f"prompt {i} " + "long " * (i % 5) for i in range(20)]


def fake_embed(texts, encoder, folder, **options):
    return embed(texts, encoder, cache_dir=folder, progress=False, **options)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# --- what comes out -------------------------------------------------------------------------------


def test_rows_in_order_and_of_unit_length(tmp_path):
    encoder = FakeEncoder()
    rows = fake_embed(TEXTS, encoder, tmp_path, batch_size=6)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, unit(encoder.vectors(TEXTS)), rtol=1e-6)
    assert encoder.batches == [6, 6, 6, 2]


def test_any_sequence_of_strings_will_do(tmp_path):
    expected = fake_embed(TEXTS, FakeEncoder(), tmp_path)
    for texts in (tuple(TEXTS), np.array(TEXTS), iter(TEXTS)):
        np.testing.assert_array_equal(fake_embed(texts, FakeEncoder(), tmp_path), expected)


def test_longest_texts_come_first(tmp_path):
    encoder = FakeEncoder()
    fake_embed(TEXTS, encoder, tmp_path)
    lengths = [len(text) for text in encoder.texts]
    assert lengths == sorted(lengths, reverse=True)


# --- what is kept ---------------------------------------------------------------------------------


def test_each_text_is_embedded_once(tmp_path):
    first, second = FakeEncoder(), FakeEncoder()
    rows = fake_embed(["a", "b", "a"], first, tmp_path)
    assert sorted(first.texts) == ["a", "b"]
    np.testing.assert_array_equal(rows[0], rows[2])
    again = fake_embed(["b", "c", "a"], second, tmp_path)
    assert second.texts == ["c"]
    np.testing.assert_array_equal(again[[2, 0]], rows[:2])


def test_interrupted_run_goes_on_where_it_was(tmp_path):
    broken, whole = FakeEncoder(fails_after=2), FakeEncoder()
    with pytest.raises(KeyboardInterrupt):
        fake_embed(TEXTS, broken, tmp_path, batch_size=3)
    assert len(broken.texts) == 6
    rows = fake_embed(TEXTS, whole, tmp_path, batch_size=3)
    assert sorted(broken.texts + whole.texts) == sorted(TEXTS)
    np.testing.assert_allclose(rows, unit(whole.vectors(TEXTS)), rtol=1e-6)


@pytest.mark.parametrize("other", [FakeEncoder(seed="other"), FakeEncoder(reads=4000)])
def test_encoders_are_kept_apart(tmp_path, other):
    """Even two that differ only in how far they read."""
    fake_embed(TEXTS, FakeEncoder(), tmp_path)
    rows = fake_embed(TEXTS, other, tmp_path)
    assert sorted(other.texts) == sorted(TEXTS)
    np.testing.assert_allclose(rows, unit(other.vectors(TEXTS)), rtol=1e-6)
    assert len(list(tmp_path.iterdir())) == 2


def test_default_place_is_the_package_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path))
    embed(TEXTS, FakeEncoder(), progress=False)
    assert [path.suffix for path in (tmp_path / "embeddings").iterdir()] == [".sqlite"]


def test_file_that_is_no_database(tmp_path):
    fake_embed(TEXTS, FakeEncoder(), tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(ValueError, match=rf"{path.name} cannot be used .* delete it"):
        fake_embed(TEXTS, FakeEncoder(), tmp_path)


@pytest.mark.parametrize("vector", [np.ones(8, np.float32), np.ones(1, np.float32)])
def test_damaged_row(tmp_path, vector):
    fake_embed(TEXTS, FakeEncoder(), tmp_path)
    (path,) = tmp_path.iterdir()
    with sqlite3.connect(path) as cache:
        cache.execute("UPDATE embeddings SET vector = ? WHERE rowid = 3", (vector.tobytes(),))
    cache.close()
    with pytest.raises(ValueError, match=rf"{path.name} .* of unit length.* delete it"):
        fake_embed(TEXTS, FakeEncoder(), tmp_path)


def test_progress_bar_only_while_something_is_missing(tmp_path, capsys, monkeypatch):
    for i, value in enumerate((None, "", "0")):
        monkeypatch.delenv("TQDM_DISABLE", raising=False)
        if value is not None:
            monkeypatch.setenv("TQDM_DISABLE", value)
        embed([*TEXTS, f"and {i}"], FakeEncoder(), cache_dir=tmp_path)
        assert "Embedding: 100%" in capsys.readouterr().err
    embed(TEXTS, FakeEncoder(), cache_dir=tmp_path)
    embed(["new"], FakeEncoder(), cache_dir=tmp_path, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    embed(["newer"], FakeEncoder(), cache_dir=tmp_path)
    assert capsys.readouterr() == ("", "")


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "texts must be a sequence of strings; got the single string 'one text'"),
        ([], "texts must not be empty"),
        (["a", "  \n"], r"texts must hold non-empty strings; got '  \\n' at position 1"),
        ([None, "a"], "texts must hold non-empty strings; got None at position 0"),
        ([1.5], "got 1.5 at position 0"),
    ],
)
def test_bad_texts_are_refused_before_any_encoder_is_looked_for(texts, message, monkeypatch):
    monkeypatch.setenv("UNIROUTE_ENCODER", "/no/such/folder")
    with pytest.raises(ValueError, match=message):
        embed(texts)


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, "64"])
def test_bad_batch_size(tmp_path, batch_size):
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1; got"):
        fake_embed(TEXTS, FakeEncoder(), tmp_path, batch_size=batch_size)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones(8), r"made shape \(8,\) of 1 texts"),
        (np.ones((2, 8)), r"made shape \(2, 8\) of 1 texts"),
        (np.zeros((1, 8)), "no direction to the text"),
        (np.full((1, 8), np.nan), "no direction to the text"),
    ],
)
def test_encoder_that_answers_nonsense(tmp_path, rows, message):
    encoder = types.SimpleNamespace(encode=lambda texts, batch_size, show_progress_bar: rows)
    with pytest.raises(ValueError, match=message):
        fake_embed(["a"], encoder, tmp_path)


# --- where the encoder comes from -----------------------------------------------------------------


@pytest.fixture
def weights(tmp_path):
    """A folder that looks like an encoder."""
    folder = tmp_path / "encoder"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    return folder


@pytest.fixture
def no_package(monkeypatch):
    monkeypatch.delenv("UNIROUTE_ENCODER", raising=False)
    monkeypatch.setattr(embed_module, "WEIGHTS_PACKAGE", "no_such_package")


@pytest.fixture
def library(monkeypatch):
    """Stand in for sentence-transformers; remembers what it was asked to load."""
    asked = []

    def sentence_transformer(name, **options):
        asked.append((name, options))
        return FakeEncoder()

    module = types.ModuleType("sentence_transformers")
    module.SentenceTransformer = sentence_transformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)
    return asked


def test_argument_then_environment_then_package_then_hub(
    weights, library, monkeypatch, no_package, tmp_path
):
    inside, other = (shutil.copytree(weights, tmp_path / name) for name in ("inside", "other"))

    def loaded_from(name, encoder=None):
        embed(["a"], encoder, cache_dir=tmp_path / f"kept {name}", progress=False)
        return library[-1][0]

    assert loaded_from("hub") == "sentence-transformers/all-MiniLM-L6-v2"

    (tmp_path / "packed.py").write_text(f"def get_model_path():\n    return {str(inside)!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(embed_module, "WEIGHTS_PACKAGE", "packed")
    assert loaded_from("package") == str(inside)

    monkeypatch.setenv("UNIROUTE_ENCODER", str(weights))
    assert loaded_from("environment") == str(weights)
    assert loaded_from("text", str(other)) == loaded_from("path", other) == str(other)
    assert len(library) == 5
    fake_embed(["a"], FakeEncoder(), tmp_path / "kept object")
    assert len(library) == 5


def test_folder_is_loaded_without_network_or_pickle(weights, library, tmp_path):
    embed(TEXTS, weights, cache_dir=tmp_path / "kept", progress=False)
    options = {"local_files_only": True, "model_kwargs": {"use_safetensors": True}}
    assert library == [(str(weights), options)]
    embed(TEXTS, weights, cache_dir=tmp_path / "kept", progress=False)
    assert len(library) == 1  # everything was kept: nothing is loaded


def test_hub_is_asked_for_a_pinned_revision(no_package, library, tmp_path):
    embed(TEXTS, cache_dir=tmp_path, progress=False)
    ((name, options),) = library
    assert name == "sentence-transformers/all-MiniLM-L6-v2"
    assert options == {
        "revision": "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        "model_kwargs": {"use_safetensors": True},
    }


@pytest.mark.parametrize("file", ["model.safetensors", "1_Pooling/config.json"])
def test_an_encoder_is_its_files_wherever_they_lie(weights, file, library, tmp_path):
    embed(TEXTS, weights, cache_dir=tmp_path / "kept", progress=False)
    moved = shutil.copytree(weights, tmp_path / "moved")
    (moved / "README.md").write_text("no part of the encoder")
    embed(TEXTS, moved, cache_dir=tmp_path / "kept", progress=False)
    assert len(library) == 1  # the same encoder, whose embeddings are kept
    (moved / file).write_text("changed")
    embed(TEXTS, moved, cache_dir=tmp_path / "kept", progress=False)
    assert len(library) == 2


@pytest.mark.parametrize("argument", ["encoder", "UNIROUTE_ENCODER"])
def test_wrong_folder_is_named(argument, weights, monkeypatch):
    def call(name):
        if argument == "encoder":
            return embed(TEXTS, name)
        monkeypatch.setenv("UNIROUTE_ENCODER", str(name))
        return embed(TEXTS)

    with pytest.raises(FileNotFoundError, match=f"{argument} names '/no/such/folder', which is no"):
        call("/no/such/folder")
    os.remove(weights / "model.safetensors")
    with pytest.raises(ValueError, match=rf"{argument} names .* holds no \.safetensors weights"):
        call(weights)


def test_encoder_of_another_kind():
    with pytest.raises(ValueError, match="encoder must be a folder or have a method encode; got 5"):
        embed(TEXTS, 5)


def test_missing_library_names_the_extra(weights, tmp_path, monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *args):
        if name == "sentence_transformers":
            raise ModuleNotFoundError(name)
        return real_import(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r'pip install "uniroute\[embed\]"'):
        embed(TEXTS, weights, cache_dir=tmp_path / "kept", progress=False)


# --- the real encoder -----------------------------------------------------------------------------


def test_real_encoder_reads_meaning(tmp_path):
    pytest.importorskip("sentence_transformers")
    texts = ["A cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates rose."]
    rows = embed(texts, cache_dir=tmp_path, progress=False)
    assert rows.shape == (3, 384)
    assert rows[0] @ rows[1] > 0.5 > 0.2 > rows[0] @ rows[2]

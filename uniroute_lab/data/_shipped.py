"""Prompt embeddings that come with the package, made by scripts/embed_prompts.py."""

import hashlib
import json

import numpy as np

from uniroute_lab.data import fetch

__all__ = []


def prompts_sha256(prompts):
    """Fingerprint of the prompt texts, kept with their embeddings."""
    return hashlib.sha256(json.dumps(prompts).encode()).hexdigest()


def write_embeddings(path, data, vectors, encoder):
    """Write the embeddings of a data set's prompts; return the file's SHA-256."""
    np.savez_compressed(
        path,
        allow_pickle=False,
        embeddings=vectors.astype(np.float16),
        ids=data.prompt_ids,
        encoder=encoder,
        prompts_sha256=prompts_sha256(data.prompts),
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_embeddings(path, sha256, ids, prompts):
    """Embeddings of these prompts, as float32 of unit length."""
    fetch.verify(path, sha256)
    with np.load(path, allow_pickle=False) as file:
        stored = dict(file)
    if stored["ids"].tolist() != list(ids):
        raise ValueError(f"{path.name} is for other questions than those loaded")
    if str(stored["prompts_sha256"]) != prompts_sha256(prompts):
        raise ValueError(f"{path.name} is for other prompt texts than those loaded")
    vectors = stored["embeddings"].astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

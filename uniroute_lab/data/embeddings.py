"""Prompt embeddings that come with the lab, made by scripts/embed_prompts.py."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from uniroute_lab._files import sha256_of, verify

__all__ = ["Embeddings", "prompts_sha256"]


def prompts_sha256(prompts):
    """Return a fingerprint of prompt texts, kept with their embeddings.

    Parameters
    ----------
    prompts : list of str

    Returns
    -------
    str

    Examples
    --------
    >>> from uniroute_lab.data.embeddings import prompts_sha256
    >>> prompts_sha256(["1 + 1?"]) == prompts_sha256(["1 + 2?"])
    False
    """
    return hashlib.sha256(json.dumps(prompts).encode()).hexdigest()


@dataclass(frozen=True)
class Embeddings:
    """The file with the embeddings of a data set's prompts.

    Parameters
    ----------
    path : pathlib.Path
        An .npz.
    sha256 : str
        What its content must have.

    Examples
    --------
    >>> from uniroute_lab.data import catalog
    >>> catalog["mmlu_pro"].embeddings.path.name
    'mmlu_pro_minilm.npz'
    """

    path: Path
    sha256: str

    def read(self, ids, prompts):
        """Return the embeddings of these prompts, as float32 of unit length.

        Raises ValueError if the file is damaged, or of other prompts.
        """
        verify(self.path, self.sha256)
        with np.load(self.path, allow_pickle=False) as file:
            stored = dict(file)
        if stored["ids"].tolist() != list(ids):
            raise ValueError(f"{self.path.name} is for other questions than those loaded")
        if str(stored["prompts_sha256"]) != prompts_sha256(prompts):
            raise ValueError(f"{self.path.name} is for other prompt texts than those loaded")
        vectors = stored["embeddings"].astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def write(self, data, vectors, encoder):
        """Write the embeddings of a data set's prompts; return the SHA-256 of the new file."""
        np.savez_compressed(
            self.path,
            allow_pickle=False,
            embeddings=vectors.astype(np.float16),
            ids=data.prompt_ids,
            encoder=encoder,
            prompts_sha256=prompts_sha256(data.prompts),
        )
        return sha256_of(self.path)

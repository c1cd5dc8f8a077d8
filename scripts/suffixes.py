"""Embed prompts of the pocket pool with a suffix behind them.

Usage: python -m scripts.suffixes

Writes uniroute_lab/pocket/suffixes.npz: each of 200 prompts of the pool with each of ten suffixes.
Eight are prompts of their own, one for each of eight kinds; the last two ask for nothing. Chapter
31 plays with them against a router. Needs the default encoder and half a minute. Then put the
file's SHA-256 into uniroute_lab/pocket/data.py.
"""

import json
from pathlib import Path

import numpy as np

from uniroute.embed import embed
from uniroute_lab.pocket import load_pocket

OUTPUT = Path(__file__).parents[1] / "uniroute_lab" / "pocket" / "suffixes.npz"
N_PROMPTS = 200
KINDS = (
    "multiplication",
    "subtraction",
    "backwards",
    "sort letters",
    "code",
    "clock",
    "analogy",
    "comparison",
)
NEUTRAL = ("Please answer with great care.", "Thank you very much for your help.")


def suffixes(data):
    """Return the suffixes: of each kind the last prompt, and the neutral ones."""
    last = [np.flatnonzero(np.array(data.tasks) == kind)[-1] for kind in KINDS]
    return [*(data.prompts[row] for row in last), *NEUTRAL]


def attacked(data):
    """Return the prompts that get them, as positions."""
    return np.sort(np.random.default_rng(31).choice(data.n_prompts, N_PROMPTS, replace=False))


def main():
    """Embed and write."""
    data = load_pocket(embeddings=False)
    texts, rows = suffixes(data), attacked(data)
    joined = [f"{data.prompts[row]} {text}" for text in texts for row in rows]
    vectors = embed(joined, progress=False).reshape(len(texts), len(rows), -1)
    np.savez_compressed(
        OUTPUT,
        suffixes=np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8),
        rows=rows.astype(np.int32),
        embeddings=np.round(vectors * 127 / abs(vectors).max()).astype(np.int8),
    )


if __name__ == "__main__":
    main()

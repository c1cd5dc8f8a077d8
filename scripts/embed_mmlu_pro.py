"""Make uniroute/datasets/mmlu_pro_minilm.npz: the prompt embeddings of MMLU-Pro.

    python scripts/embed_mmlu_pro.py

Needs `pip install "uniroute[embed]"` and MMLU-Pro's files (see `load_mmlu_pro`). Takes a quarter of
an hour on two processor cores; an interrupted run goes on where it was. Afterwards put the SHA-256
that it prints into EMBEDDINGS_SHA256 of uniroute/datasets/mmlu_pro.py.
"""

import hashlib

import numpy as np

from uniroute.datasets import load_mmlu_pro
from uniroute.datasets.mmlu_pro import EMBEDDINGS, prompts_sha256
from uniroute.embed import HUB_NAME, embed


def main():
    """Embed the prompts and write them with what they belong to."""
    data = load_mmlu_pro(embeddings=False)
    np.savez_compressed(
        EMBEDDINGS,
        allow_pickle=False,
        embeddings=embed(data.prompts).astype(np.float16),
        ids=data.prompt_ids,
        encoder=HUB_NAME,
        prompts_sha256=prompts_sha256(data.prompts),
    )
    size, digest = EMBEDDINGS.stat().st_size, hashlib.sha256(EMBEDDINGS.read_bytes()).hexdigest()
    print(f"{EMBEDDINGS.name}: {size / 1e6:.2f} MB, SHA-256 {digest}")


if __name__ == "__main__":
    main()

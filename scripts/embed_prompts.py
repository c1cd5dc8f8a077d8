"""Make uniroute/datasets/NAME_minilm.npz: the prompt embeddings of a data set.

    python scripts/embed_prompts.py NAME        with NAME one of mmlu_pro, routerbench, llmrouter

Needs `pip install "uniroute[embed]"` and the data set's files (see its loader). Takes up to a
quarter of an hour on two processor cores; an interrupted run goes on where it was. Afterwards put
the SHA-256 that it prints into EMBEDDINGS_SHA256 of uniroute/datasets/NAME.py.
"""

import sys
from importlib import import_module

from uniroute.embed import HUB_NAME, embed
from uniroute_lab.data._shipped import write_embeddings

NAMES = ["mmlu_pro", "routerbench", "llmrouter"]


def main():
    """Embed the prompts of the data set named on the command line, and write them."""
    if len(sys.argv) != 2 or sys.argv[1] not in NAMES:
        sys.exit(
            f"usage: python scripts/embed_prompts.py NAME, with NAME one of {', '.join(NAMES)}"
        )
    name = sys.argv[1]
    module = import_module(f"uniroute_lab.data.{name}")
    data = getattr(module, f"load_{name}")(embeddings=False)
    path = module.EMBEDDINGS
    digest = write_embeddings(path, data, embed(data.prompts), HUB_NAME)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}")


if __name__ == "__main__":
    main()

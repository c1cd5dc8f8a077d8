"""Keep what the LLMs of a second training of the pocket pool got right and wrong.

    python -m scripts.train_pocket --output second.npz
    python -m scripts.second_pool second.npz

Writes results/pocket_again.parquet, one column for each LLM, True = wrong. Chapter 8 compares it
with the pool that comes with the lab. For a pool that was trained where sums are rounded in
another order, as on another sort of processor: in the same order nothing differs.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from uniroute_lab._files import write_whole
from uniroute_lab.pocket import load_pocket

OUTPUT = Path(__file__).parents[1] / "results" / "pocket_again.parquet"


def read_losses(path):
    """Return the losses in a file that `scripts.train_pocket` has written, by LLM."""
    with np.load(path, allow_pickle=False) as file:
        prompts, llms = (json.loads(file[name].tobytes()) for name in ("prompts", "llms"))
        table = pd.DataFrame(file["losses"] > 0, columns=[llm["name"] for llm in llms])
        table.attrs = json.loads(file["record"].tobytes())  # versions, commit, device
    data = load_pocket(embeddings=False)
    if list(table) != data.llms or [prompt["text"] for prompt in prompts] != data.prompts:
        raise ValueError(f"path must hold the LLMs and prompts of the pocket pool; {path} does not")
    return table


def main(arguments=None):
    """Read the file, write the table."""
    parser = argparse.ArgumentParser(prog="second_pool", description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="written by scripts.train_pocket")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    write_whole(options.output, read_losses(options.path).to_parquet(compression="zstd"))


if __name__ == "__main__":
    main()

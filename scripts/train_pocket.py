"""Train the pocket pool and write uniroute_lab/pocket/pocket.npz.

    python -m scripts.train_pocket

Needs `pip install "uniroute[embed]"`. Takes about one hour on two processor cores, less on a
graphics card. One file is written for each finished LLM; an interrupted run goes on with the LLMs
that are missing. Afterwards put the SHA-256 that it prints into SHA256 of
uniroute_lab/pocket/data.py. `--smoke` trains three LLMs for a moment, to see whether all works.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from uniroute import cache_folder
from uniroute_lab.pocket import pool_specs
from uniroute_lab.pocket.build import evaluation_prompts, train_pool, write_pool
from uniroute_lab.pocket.data import FILE


def main(arguments=None):
    """Read the options, train what is missing, write the data file."""
    parser = argparse.ArgumentParser(prog="train_pocket", description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the finished LLMs are kept")
    parser.add_argument("--output", type=Path, default=FILE, help="the data file to write")
    parser.add_argument("--jobs", type=int, default=2, help="LLMs trained at the same time")
    parser.add_argument("--smoke", action="store_true", help="three LLMs, five steps, 50 prompts")
    options = parser.parse_args(arguments)
    specs, prompts = pool_specs(), evaluation_prompts(50 if options.smoke else 8000)
    if options.smoke:
        specs = [replace(spec, n_steps=5) for spec in specs[:3]]
        if options.output == FILE:
            parser.error("--smoke needs --output: it must not replace the data file")
    folder = options.folder or cache_folder() / "pocket"
    results = train_pool(specs, prompts, folder, options.jobs)
    digest = write_pool(options.output, specs, prompts, results)
    print(f"{options.output.name}: {options.output.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}")


if __name__ == "__main__":
    main()

"""Make uniroute_lab/data/NAME_minilm.npz: the prompt embeddings of a data set.

    python -m scripts.embed_prompts NAME        with NAME one of mmlu_pro, routerbench, llmrouter,
                                             openhands, livecodebench

Needs `pip install "uniroute[embed]"` and the data set's files (see its loader). Takes up to a
quarter of an hour on two processor cores; an interrupted run goes on where it was. Afterwards put
the SHA-256 that it prints into EMBEDDINGS of uniroute_lab/data/NAME.py.
"""

import argparse

from uniroute.embed import HUB_NAME, embed
from uniroute_lab.data import catalog


def main(arguments=None):
    """Embed the prompts of the data set named on the command line, and write them."""
    names = [name for name, data_set in catalog.items() if data_set.embeddings]
    parser = argparse.ArgumentParser("embed_prompts", description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=names, help="of the data set")
    data_set = catalog[parser.parse_args(arguments).name]
    data, file = data_set.load(embeddings=False), data_set.embeddings
    digest = file.write(data, embed(data.prompts), HUB_NAME)
    print(f"{file.path.name}: {file.path.stat().st_size / 1e6:.2f} MB, SHA-256 {digest}")


if __name__ == "__main__":
    main()

"""LLMRouter: scores of nine LLMs on 6,108 prompts of many benchmarks."""

import json
from pathlib import Path

import numpy as np

from uniroute.checks import check_option
from uniroute.data import RoutingData
from uniroute_lab.data._converted import check_scores, pack, unpack
from uniroute_lab.data.embeddings import Embeddings
from uniroute_lab.data.fetch import FileSet

__all__ = ["load_llmrouter"]

EMBEDDINGS = Embeddings(
    Path(__file__).with_name("llmrouter_minilm.npz"),
    "36db89cee6922838f4004dc62166b05ec470ab5ac52788013982235e12722290",
)
SPLITS = {"train": "llmrouter/train.json", "test": "llmrouter/test.json"}
LLMS = "llmrouter/default_llm.json"
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
FILES = FileSet("llmrouter", (*SPLITS.values(), LLMS), key=(FORMAT,))
COSTS = {"price": "USD per million tokens", "params": "billions of parameters"}
LICENCE = "MIT"
CITATION = (
    "LLMRouter: An Open-Source Library for LLM Routing. U Lab, University of Illinois "
    "Urbana-Champaign. https://github.com/ulab-uiuc/LLMRouter"
)


def load_llmrouter(embeddings=True, progress=True, cost="price"):
    """Load the scores of nine LLMs on the 6,108 prompts of LLMRouter's example data.

    The first call needs three published files (4 MB): from the folder that the environment variable
    `UNIROUTE_DATA` names, or else from the network. It keeps what is needed of them in one small
    file in the cache.

    Parameters
    ----------
    embeddings : bool, default True
        Whether to add the prompt embeddings (all-MiniLM-L6-v2, 384 dimensions, unit length) that
        come with the lab.
    progress : bool, default True
        Whether to show progress while files are downloaded.
    cost : {"price", "params"}, default "price"
        The cost of an LLM: its price, in USD per million tokens (the mean of input and output,
        which are equal for these nine), or its parameters, in billions.

    Returns
    -------
    RoutingData
        Losses are 1 - score: 1 = wrong, 0 = right, fractions where the score is one (an overlap of
        words). Costs are one number for each LLM; NaN where the list of LLMs does not have it.

    Raises
    ------
    ValueError
        If `cost` is none of those, or a file is not what it should be.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.
    DataUnavailableError
        If a file is not here and cannot be downloaded.

    Notes
    -----
    The files do not say which benchmark a prompt is from: `tasks` holds "train" or "test", the file
    it stands in. 119 of the test prompts have the text of a training prompt, part of them with
    other scores; all are kept. `uniroute_lab.trials.split_prompts` keeps equal texts together.

    Examples
    --------
    >>> from uniroute_lab.data import available, load_llmrouter
    >>> if available("llmrouter")[0]:
    ...     data = load_llmrouter(progress=False)
    ...     assert data.losses.shape == (6108, 9)
    """
    check_option("cost", cost, COSTS)
    outcomes = FILES.arrays(_convert, progress)
    ids, prompts = outcomes["ids"], unpack(outcomes["prompts"])
    return RoutingData(
        name="LLMRouter",
        prompts=prompts,
        prompt_ids=ids,
        tasks=outcomes["tasks"],
        losses=1 - outcomes["scores"],
        costs=outcomes[cost],
        cost_unit=COSTS[cost],
        llms=unpack(outcomes["llms"]),
        licence=LICENCE,
        citation=CITATION,
        embeddings=EMBEDDINGS.read(ids, prompts) if embeddings else None,
    )


def _convert(paths):
    """Make arrays of the published files: prompts, scores, and a row of each kind of cost."""
    content = {file: json.loads(path.read_text(encoding="utf-8")) for file, path in paths.items()}
    records = [(split, i, r) for split, file in SPLITS.items() for i, r in enumerate(content[file])]
    llms = sorted({llm for _, _, record in records for llm in record["scores"]})
    scores = [[float(r["scores"].get(llm, "nan")) for llm in llms] for _, _, r in records]
    scores = np.array(scores)

    def place(row, llm):
        split, i, _ = records[row]
        return f"{SPLITS[split]}, prompt {i}, LLM {llms[llm]!r}"

    check_scores(scores, place)
    facts = [content[LLMS].get(llm, {}) for llm in llms]
    return {
        "ids": np.array([f"{split}-{i}" for split, i, _ in records]),
        "tasks": np.array([split for split, _, _ in records]),
        "prompts": pack(record["question"] for _, _, record in records),
        "llms": pack(llms),
        "scores": scores,
        "price": np.array([_price(fact) for fact in facts]),
        "params": np.array([_billions(fact) for fact in facts]),
    }


def _price(fact):
    """Mean of the prices of input and output; NaN where one is unknown."""
    return (fact.get("input_price", np.nan) + fact.get("output_price", np.nan)) / 2


def _billions(fact):
    """Turn a size such as "7B" into 7.0; NaN where it is unknown."""
    return float(fact.get("size", "nanB").removesuffix("B"))

"""LLMRouter: scores of nine LLMs on 6,108 prompts of many benchmarks."""

import json
from pathlib import Path

import numpy as np

from uniroute.checks import check_option
from uniroute.data import RoutingData
from uniroute_lab.data import fetch
from uniroute_lab.data._converted import available, converted, converted_path, pack, unpack
from uniroute_lab.data._shipped import read_embeddings

__all__ = ["llmrouter_available", "load_llmrouter"]

EMBEDDINGS = Path(__file__).with_name("llmrouter_minilm.npz")
EMBEDDINGS_SHA256 = "36db89cee6922838f4004dc62166b05ec470ab5ac52788013982235e12722290"
SPLITS = {"train": "llmrouter/train.json", "test": "llmrouter/test.json"}
LLMS = "llmrouter/default_llm.json"
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
COSTS = {"price": "USD per million tokens", "params": "billions of parameters"}
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
        come with the package.
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
    >>> from uniroute_lab.data import llmrouter_available, load_llmrouter
    >>> if llmrouter_available()[0]:
    ...     data = load_llmrouter(progress=False)
    ...     assert data.losses.shape == (6108, 9)
    """
    check_option("cost", cost, COSTS)
    outcomes = _outcomes(progress)
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
        licence="MIT",
        citation=CITATION,
        embeddings=(
            read_embeddings(EMBEDDINGS, EMBEDDINGS_SHA256, ids, prompts) if embeddings else None
        ),
    )


def llmrouter_available():
    """Say whether `load_llmrouter` can work here, without downloading anything.

    Returns
    -------
    available : bool
        Whether the files, or what was made of them, are on this machine or offered by the network.
    reason : str
        Why, or why not: fit to be shown as the reason of a skipped test.

    Raises
    ------
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.

    Examples
    --------
    >>> from uniroute_lab.data import llmrouter_available
    >>> available, reason = llmrouter_available()
    >>> reason.startswith("LLMRouter")
    True
    """
    entries = _entries()
    return available("LLMRouter", _path(entries), entries)


def _entries():
    known = fetch.registry()
    return [known[file] for file in [*SPLITS.values(), LLMS]]


def _path(entries):
    return converted_path("llmrouter", FORMAT, *[(e.file, e.sha256) for e in entries])


def _outcomes(progress):
    entries = _entries()
    return converted(_path(entries), lambda: _convert(entries, progress))


def _convert(entries, progress):
    """Make arrays of the published files: prompts, scores, and a row of each kind of cost."""
    files = [entry.file for entry in entries]
    paths = dict(zip(files, fetch.fetch_all(files, progress), strict=True))
    content = {file: json.loads(path.read_text(encoding="utf-8")) for file, path in paths.items()}
    records = [(split, i, r) for split, file in SPLITS.items() for i, r in enumerate(content[file])]
    llms = sorted({llm for _, _, record in records for llm in record["scores"]})
    facts = [content[LLMS].get(llm, {}) for llm in llms]
    return {
        "ids": np.array([f"{split}-{i}" for split, i, _ in records]),
        "tasks": np.array([split for split, _, _ in records]),
        "prompts": pack(record["question"] for _, _, record in records),
        "llms": pack(llms),
        "scores": np.array([_scores(*record, llms) for record in records]),
        "price": np.array([_price(fact) for fact in facts]),
        "params": np.array([_billions(fact) for fact in facts]),
    }


def _scores(split, i, record, llms):
    """Scores of one prompt, one for each LLM; NaN where there is none."""
    scores = [float(record["scores"].get(llm, "nan")) for llm in llms]
    for llm, score in zip(llms, scores, strict=True):
        if score < 0 or score > 1:
            raise ValueError(
                f"{SPLITS[split]}, prompt {i}, LLM {llm!r}: expected a score from 0 to 1, "
                f"got {score}"
            )
    return scores


def _price(fact):
    """Mean of the prices of input and output; NaN where one is unknown."""
    return (fact.get("input_price", np.nan) + fact.get("output_price", np.nan)) / 2


def _billions(fact):
    """Turn a size such as "7B" into 7.0; NaN where it is unknown."""
    return float(fact.get("size", "nanB").removesuffix("B"))

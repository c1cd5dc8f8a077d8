"""LiveCodeBench: how often 29 LLMs of 2024 and 2025 write a right program, on 880 tasks."""

import csv
import json
from pathlib import Path

import numpy as np

from uniroute.checks import check_option
from uniroute.data import RoutingData
from uniroute_lab.data._converted import check_scores, pack, unpack
from uniroute_lab.data.embeddings import Embeddings
from uniroute_lab.data.fetch import FileSet

__all__ = ["load_livecodebench"]

MODELS = Path(__file__).with_name("livecodebench_models.csv")
EMBEDDINGS = Embeddings(
    Path(__file__).with_name("livecodebench_minilm.npz"),
    "b25fe43492b0af89767be4248f16d25728985f9b16501571028f748a78576772",
)
TEXTS = "livecodebench/O1-Preview-2024-09-12_codegeneration.json"
# States of the site's results, the newest last: what it says of an LLM counts.
RESULTS = (
    "livecodebench/performances_generation_33505c07.json",
    "livecodebench/performances_generation_83b6481b.json",
)
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
FILES = FileSet("livecodebench", (TEXTS, *RESULTS), key=(FORMAT,))
COSTS = {"price": "USD per million tokens of output", "equal": "answers"}
LICENCE = "prompts MIT; outcomes: none stated"
CITATION = (
    "Jain, N., Han, K., Gu, A., et al. (2025). LiveCodeBench: Holistic and Contamination Free "
    "Evaluation of Large Language Models for Code. International Conference on Learning "
    "Representations."
)


def load_livecodebench(embeddings=True, progress=True, cost="price"):
    """Load how often 29 LLMs wrote a right program for the 880 tasks of LiveCodeBench.

    The first call needs three published files (12 MB): from the folder that the environment
    variable `UNIROUTE_DATA` names, or else from the network. It keeps what is needed of them in one
    small file in the cache.

    Parameters
    ----------
    embeddings : bool, default True
        Whether to add the prompt embeddings (all-MiniLM-L6-v2, 384 dimensions, unit length) that
        come with the lab.
    progress : bool, default True
        Whether to show progress while files are downloaded.
    cost : {"price", "equal"}, default "price"
        The data set has no costs. "price": what a million tokens of output cost by the list of the
        table `livecodebench_models.csv` of the lab, which names its source in each row; NaN for
        Gemini-Flash-2.0-Thinking, which was free of charge. "equal": every answer costs 1, so that
        routers are compared by quality alone.

    Returns
    -------
    RoutingData
        Prompts in the order of the file; tasks are platform and difficulty. The losses are 1 -
        pass@1: the share of wrong programs, of ten that were drawn for most of the LLMs, of one
        where the name says (N=1). With months of release.

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
    A price is not what an answer costs: that depends on its length too, which is not published, and
    LLMs that think first write many times more. Two states of the site's results are put together;
    six LLMs are in both, with 234 of 5,280 numbers different, and count as in the newer one. What
    the site calls `release_date` is where an LLM's training texts end, in several rows years before
    it came out; the months here are those of the versions' names, or of their announcements. The
    encoder reads the first 256 tokens; 719 of the 880 prompts are longer. Chapter 23.

    Examples
    --------
    >>> from uniroute_lab.data import available, load_livecodebench
    >>> if available("livecodebench")[0]:
    ...     data = load_livecodebench(progress=False)
    ...     assert data.losses.shape == (880, 29)
    """
    check_option("cost", cost, COSTS)
    outcomes, known = FILES.arrays(_convert, progress), models()
    ids, prompts, llms = (unpack(outcomes[name]) for name in ("ids", "prompts", "llms"))
    if unknown := {*llms} - {*known}:
        raise ValueError(f"{MODELS.name} must know every LLM; it lacks {min(unknown)!r}")
    prices = [float(known[llm]["output_price"] or "nan") for llm in llms]
    return RoutingData(
        name="LiveCodeBench",
        prompts=prompts,
        prompt_ids=ids,
        tasks=unpack(outcomes["tasks"]),
        losses=1 - outcomes["scores"],
        costs=prices if cost == "price" else np.ones(len(llms)),
        cost_unit=COSTS[cost],
        llms=llms,
        licence=LICENCE,
        citation=CITATION,
        embeddings=EMBEDDINGS.read(ids, prompts) if embeddings else None,
        released=[known[llm]["released"] for llm in llms],
    )


def models():
    """Return what the table of the lab says of each LLM, by name."""
    with open(MODELS, newline="", encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def _convert(paths):
    """Make arrays of the published files: prompts, and the share of right programs."""
    questions, *results = (
        json.loads(paths[file].read_text(encoding="utf-8")) for file in (TEXTS, *RESULTS)
    )
    passed = {}
    for result in results:
        for row in result["performances"]:
            passed[row["question_id"], row["model"]] = row["pass@1"]
    ids, llms = [q["question_id"] for q in questions], sorted({llm for _, llm in passed})
    scores = [[passed.get((name, llm), np.nan) / 100 for llm in llms] for name in ids]
    scores = np.array(scores)
    check_scores(scores, lambda row, m: f"question_id {ids[row]!r}, LLM {llms[m]!r}")
    return {
        "ids": pack(ids),
        "prompts": pack(question["question_content"] for question in questions),
        "tasks": pack(f"{q['platform']}, {q['difficulty']}" for q in questions),
        "llms": pack(llms),
        "scores": scores,
    }

"""MMLU-Pro: what 29 LLMs answered to 12,032 multiple-choice questions of 14 subjects."""

import ast
import csv
import json
import string
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from uniroute._progress import progress_bar
from uniroute.checks import check_option
from uniroute.data import RoutingData
from uniroute_lab.data._converted import pack, unpack
from uniroute_lab.data.embeddings import Embeddings
from uniroute_lab.data.fetch import FileSet

__all__ = ["MMLUProLLM", "load_mmlu_pro", "mmlu_pro_llms"]

MODELS = Path(__file__).with_name("mmlu_pro_models.csv")
EMBEDDINGS = Embeddings(
    Path(__file__).with_name("mmlu_pro_minilm.npz"),
    "11e781045ee5e88f1f2c188de2d5d9b5c0c4a738a6613a9a138f77ef9bc783be",
)
REFERENCE = "mmlu_pro/model_outputs_Llama-2-7b-hf_5shots.zip"  # whose texts the prompts are
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
FILES = FileSet("mmlu_pro", ("mmlu_pro/*",), key=(FORMAT, REFERENCE))
COSTS = {
    "params": ("params_b", "billions of parameters"),
    "active_params": ("active_params_b", "billions of active parameters"),
}
LICENCE = "Apache-2.0"
CITATION = (
    "Wang, Y., Ma, X., Zhang, G., et al. (2024). MMLU-Pro: A More Robust and Challenging "
    "Multi-Task Language Understanding Benchmark. Advances in Neural Information Processing "
    "Systems 37, Datasets and Benchmarks Track."
)


@dataclass(frozen=True)
class MMLUProLLM:
    """What is known of one LLM of MMLU-Pro.

    Parameters
    ----------
    name : str
        Its name.
    developer : str
        Who made it.
    released : str
        Month of its public release, "YYYY-MM".
    params_b, active_params_b : float
        Parameters, and those it uses for one token, in billions; NaN if unknown.

    Examples
    --------
    >>> from uniroute_lab.data import mmlu_pro_llms
    >>> mmlu_pro_llms()[0].released
    '2024-06'
    """

    name: str
    developer: str
    released: str
    params_b: float
    active_params_b: float


def mmlu_pro_llms():
    """List what is known of the 29 LLMs of MMLU-Pro. It comes with the lab.

    Returns
    -------
    list of MMLUProLLM
        In the order of `load_mmlu_pro().llms`.

    Notes
    -----
    Months of release and sizes are those that the developers gave in their announcements and model
    cards; weights count from the day on which everybody could download them. Chapter 21.

    Examples
    --------
    >>> from uniroute_lab.data import mmlu_pro_llms
    >>> min(mmlu_pro_llms(), key=lambda llm: llm.released).name
    'Llama-2-13b-hf'
    """
    return [
        MMLUProLLM(
            name=model["name"],
            developer=model["developer"],
            released=model["released"],
            params_b=float(model["params_b"] or "nan"),
            active_params_b=float(model["active_params_b"] or "nan"),
        )
        for model in _models()
    ]


def load_mmlu_pro(embeddings=True, progress=True, cost="params"):
    """Load what 29 LLMs answered to the 12,032 questions of MMLU-Pro.

    The first call needs the 29 published files (103 MB): from the folder that the environment
    variable `UNIROUTE_DATA` names, or else from the network. It keeps what is needed of them in one
    small file in the cache, from which later calls read in a moment.

    Parameters
    ----------
    embeddings : bool, default True
        Whether to add the prompt embeddings (all-MiniLM-L6-v2, 384 dimensions, unit length) that
        come with the lab.
    progress : bool, default True
        Whether to show progress while files are downloaded and converted.
    cost : {"params", "active_params"}, default "params"
        The cost of an LLM: its parameters, or those it uses for one token, which for mixtures of
        experts are fewer; both in billions.

    Returns
    -------
    RoutingData
        Prompts sorted by question number. The losses are 1 = wrong, 0 = right. With months of
        release.

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
    An answer from which no letter could be read counts as wrong. Each LLM is judged by the key in
    its own file: a few questions, options and keys were corrected between the runs. A question that
    an LLM was not asked has the loss NaN: DeepSeek-Coder-V2 lacks 1,681, the two Gemini models lack
    20 and 12. The Gemini models' sizes are unknown: their costs are NaN. `complete()` leaves the
    other 26.

    The prompt is the question and its lettered options, as in the file of Llama-2-7b-hf. No
    few-shot examples, although the LLMs were shown five. The encoder reads the first 256 tokens.

    Examples
    --------
    >>> from uniroute_lab.data import available, load_mmlu_pro
    >>> if available("mmlu_pro")[0]:
    ...     data = load_mmlu_pro(progress=False)
    ...     assert data.losses.shape == (12032, 29)
    """
    check_option("cost", cost, COSTS)
    outcomes = FILES.arrays(lambda paths: _convert(paths, progress), progress)
    models, (column, unit) = _models(), COSTS[cost]
    ids, prompts = outcomes["ids"].astype(str), unpack(outcomes["prompts"])
    losses = outcomes["losses"]
    return RoutingData(
        name="MMLU-Pro",
        prompts=prompts,
        prompt_ids=ids,
        tasks=outcomes["tasks"],
        losses=np.where(losses < 0, np.nan, losses),
        costs=[float(model[column] or "nan") for model in models],
        cost_unit=unit,
        llms=[model["name"] for model in models],
        licence=LICENCE,
        citation=CITATION,
        embeddings=EMBEDDINGS.read(ids, prompts) if embeddings else None,
        released=[model["released"] for model in models],
    )


def _models():
    with open(MODELS, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _convert(paths, progress):
    """Make arrays of the published files: ids, tasks, prompts, and losses with -1 = not asked."""
    questions = _records(paths[REFERENCE])
    ids = sorted(questions)
    files = [model["file"] for model in _models()]
    bar = progress_bar(progress, files, desc="Converting", unit="file")
    prompts = [prompt_text(questions[i]) for i in ids]
    return {
        "ids": np.array(ids),
        "tasks": np.array([questions[i]["category"] for i in ids]),
        "prompts": pack(prompts),
        "losses": np.stack([_losses(file, _records(paths[file]), ids) for file in bar], axis=1),
    }


def _records(path):
    """Read one LLM's answers, by question id."""
    with zipfile.ZipFile(path) as archive:
        (member,) = [name for name in archive.namelist() if name.endswith(".json")]
        records = json.loads(archive.read(member))
    # One of the files carries the keys of a summary table, as plain strings, between its records.
    records = [record for record in records if isinstance(record, dict)]
    by_id = {record["question_id"]: record for record in records}
    if len(by_id) < len(records):
        raise ValueError(f"{path} answers {len(records) - len(by_id)} questions more than once")
    return by_id


def _losses(file, answers, ids):
    """Losses of one LLM, judged by the key in its own file, as int8; -1 where it was not asked."""
    unknown = answers.keys() - set(ids)
    if unknown:
        raise ValueError(f"{file} answers question {min(unknown)}, which {REFERENCE} does not have")
    return np.array([_loss(answers[i]) if i in answers else -1 for i in ids], dtype=np.int8)


def _loss(answer):
    return int(answer["pred"] != answer["answer"])


def prompt_text(record):
    """Return question and lettered options, one a line, as an LLM is asked."""
    options = record["options"]
    if isinstance(options, str):
        options = ast.literal_eval(options)
    letters = string.ascii_uppercase[: len(options)]
    lines = [f"{a}. {option.strip()}" for a, option in zip(letters, options, strict=True)]
    return "\n".join([record["question"].strip(), *lines])

"""EmbedLLM: right or wrong answers of 112 open LLMs to some 36,000 questions."""

import csv
import re
from pathlib import Path

import numpy as np

from uniroute._progress import progress_bar
from uniroute.data import RoutingData
from uniroute_lab.data._converted import pack, unpack
from uniroute_lab.data._hub import HubSet
from uniroute_lab.data.csvs import read_texts

__all__ = ["load_embedllm"]

PARAMS = Path(__file__).with_name("embedllm_params.csv")
ANSWERS = ("train.csv", "val.csv", "test.csv")
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
FILES = HubSet("embedllm", "RZ412/EmbedLLM", (*ANSWERS, "model_order.csv"), FORMAT)
COLUMNS = ("model_id", "prompt_id", "prompt", "label", "category")
LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
SIZE = re.compile(r"(?<![0-9.])(?<![0-9]_)(\d+(?:\.\d+)?)b(\d?)(?![a-z0-9])", re.IGNORECASE)
EXPERTS = re.compile(
    r"(?:(\d+)x(\d+(?:\.\d+)?)b|(\d+(?:\.\d+)?)bx(\d+))(?![a-z0-9])", re.IGNORECASE
)
FEED_FORWARD = 0.78  # share of the parameters of Mistral 7B that each expert has for itself
# The LLMs of the paper's Figure 8, a third of all: the pool that its trials on these data have.
PAPER_POOL = tuple(
    """
    octocoder 34b-beta Meta-Llama-3-70B-Instruct mpt-7b-chat CodeFuse-DeepSeek-33B
    CodeLlama-13b-Instruct-hf koala-13B-HF vicuna-7B-physics tulu-2-dpo-70b
    CodeLlama-70B-Instruct-AWQ llemma_34b Meta-Llama-Guard-2-8B Nous-Hermes-13b NeuralTrix-bf16
    CodeLlama-34b-Instruct-hf Meta-Llama-3-8B-Instruct Mixtral_11Bx2_MoE_19B Starling-LM-7B-alpha
    SOLAR-10.7B-Instruct-v1.0 openchat_3.5 Llama-2-7B-physics AlphaMonarch-7B BioMistral-7B-DARE
    tigerbot-13b-base mpt-30b-instruct phi-2 vicuna-13b-v1.5 Starling-LM-7B-beta
    Llama-2-13b-chat-hf WizardLM-70B-V1.0 openbuddy-codellama2-34b-v11.1-bf16 Yi-6B-200K
    Moe-4x7b-math-reason-code Llama-2-70b-chat-hf llama2-13b-math1.2 neural-chat-7b-v3-3
    SciPhi-Mistral-7B-32k
    """.split()
)
LICENCE = "see the data set RZ412/EmbedLLM on the Hugging Face hub"
CITATION = (
    "Zhuang, R., Wu, T., Wen, Z., Li, A., Jiao, J., & Ramchandran, K. (2025). EmbedLLM: Learning "
    "Compact Representations of Large Language Models. International Conference on Learning "
    "Representations."
)


def load_embedllm(progress=True, revision="main"):
    """Load the answers of 112 LLMs to the questions of EmbedLLM.

    The files (train.csv, val.csv, test.csv, model_order.csv; some 3 GB) come from the folder
    `embedllm` in the folder that the environment variable `UNIROUTE_DATA` names, or else from the
    Hugging Face hub. They are converted once into a small file in the cache.

    Parameters
    ----------
    progress : bool, default True
        Whether to show progress while files are downloaded and converted.
    revision : str, default "main"
        Branch, tag or commit of the data set on the hub. What a name means and the SHA-256 of each
        file are kept at the first use and checked ever after.

    Returns
    -------
    RoutingData
        Prompts in the order of the files; tasks are their categories. The losses are 1 = wrong,
        0 = right. The cost of an LLM is its parameters in billions, NaN where they are not known.
        There are no embeddings: make them with `uniroute.embed.embed`.

    Raises
    ------
    ValueError
        If a file is not what it should be.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.
    DataUnavailableError
        If a file is not here and cannot be downloaded.

    Notes
    -----
    The paper's largest pool: Section 6, Figures 3 and 6a. Train, validation and test questions come
    together, because every experiment makes its own split.

    A question that stands in several categories has one row of answers for each. It is one prompt
    here, in its first category, and its loss is the mean of theirs.

    Names of LLMs come without their makers, except where two would be the same. Parameters come
    from the table `embedllm_params.csv` of the package, which has only LLMs of a published
    architecture, or else from the name: "13b" is 13 billion, "7b1" is 7.1, and "8x7b" is
    7 (1 + 0.78 (8 - 1)), because experts share all but their feed-forward layers. A name with no
    size, or with two, gives NaN.

    Examples
    --------
    >>> from uniroute_lab.data import load_embedllm
    >>> data = load_embedllm()                                     # doctest: +SKIP
    >>> pool = data.select(llms=["phi-2", "Llama-2-70b-chat-hf"])  # doctest: +SKIP
    """
    outcomes = FILES.arrays(lambda paths: _convert(paths, progress), progress, revision)
    names = unpack(outcomes["llms"])
    asked, right = outcomes["asked"], outcomes["right"]
    return RoutingData(
        name="EmbedLLM",
        prompts=unpack(outcomes["prompts"]),
        prompt_ids=outcomes["ids"],
        tasks=outcomes["tasks"],
        losses=1 - np.divide(right, asked, out=np.full(asked.shape, np.nan), where=asked > 0),
        costs=[params_b(name) for name in names],
        cost_unit="billions of parameters",
        llms=_short(names),
        licence=LICENCE,
        citation=CITATION,
    )


def params_b(name):
    """Return an LLM's billions of parameters, from the table or else its name; NaN if unknown."""
    name = _without_maker(name)
    with open(PARAMS, newline="", encoding="utf-8") as file:
        table = {row["name"]: float(row["params_b"]) for row in csv.DictReader(file)}
    return table[name] if name in table else size_in(name)


def size_in(name):
    """Return the one size that a name states, as of one LLM or else of a mixture; NaN otherwise."""
    sizes = {_mixture(match) for match in EXPERTS.finditer(name)} or {
        float(f"{size}.{tenths}" if tenths else size) for size, tenths in SIZE.findall(name)
    }
    return sizes.pop() if len(sizes) == 1 else np.nan


def _mixture(match):
    """Parameters of "8x7b" or "7bx8"."""
    count, size, size_first, count_last = match.groups()
    count, size = int(count or count_last), float(size or size_first)
    return size * (1 + FEED_FORWARD * (count - 1))


def _without_maker(name):
    return name.split("__", 1)[-1]


def _short(names):
    short = [_without_maker(name) for name in names]
    return [s if short.count(s) == 1 else name for s, name in zip(short, names, strict=True)]


def _convert(paths, progress):
    """Make arrays of the published files: prompts, and how often each LLM was asked and right."""
    names = {}
    for rows in _tables(paths["model_order.csv"], ("model_id", "model_name")):
        names |= zip(rows["model_id"], rows["model_name"], strict=True)
    columns = {model: m for m, model in enumerate(names)}
    positions, prompts, tasks, cells, labels = {}, [], [], [], []
    for file in ANSWERS:
        for rows in progress_bar(progress, _tables(paths[file], COLUMNS), desc=file, unit=" parts"):
            new = rows.drop_duplicates("prompt_id")
            new = new[new["prompt_id"].map(positions).isna()]
            positions |= {prompt: i for i, prompt in enumerate(new["prompt_id"], len(positions))}
            prompts += new["prompt"].tolist()
            tasks += new["category"].tolist()
            models, answers = _checked(file, rows, columns)
            cells.append(rows["prompt_id"].map(positions).astype(int) * len(columns) + models)
            labels.append(answers)
    cells, labels = np.concatenate(cells), np.concatenate(labels)
    shape = (len(prompts), len(columns))
    asked = np.bincount(cells, minlength=np.prod(shape)).reshape(shape)
    right = np.bincount(cells, weights=labels, minlength=np.prod(shape)).reshape(shape)
    return {
        "ids": np.array(list(positions)),
        "tasks": np.array(tasks),
        "prompts": pack(prompts),
        "llms": pack(names.values()),
        "asked": asked.astype(np.int16),
        "right": right.astype(np.int16),
    }


def _tables(path, columns):
    """Read a CSV file that must have these columns."""
    for rows in read_texts(path):
        for column in columns:
            if column not in rows:
                raise ValueError(f"{path.name} must have a column {column!r}; it has {list(rows)}")
        yield rows


def _checked(file, rows, columns):
    """Return the LLM's position and the label of each row."""
    models, labels = rows["model_id"].map(columns), rows["label"].map(LABELS)
    bad = models.isna() | labels.isna()
    if bad.any():
        line = bad.idxmax()
        raise ValueError(
            f"{file}, line {line}: a row must have a model_id of model_order.csv and a label 0 or "
            f"1; got {rows['model_id'][line]!r} and {rows['label'][line]!r}"
        )
    return models.astype(int), labels.astype(int)

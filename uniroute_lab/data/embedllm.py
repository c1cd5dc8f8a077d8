"""EmbedLLM: right or wrong answers of 112 open LLMs to some 36,000 questions."""

import csv
import re
from array import array
from pathlib import Path

import numpy as np

from uniroute._progress import progress_bar
from uniroute.data import RoutingData, read_csv
from uniroute_lab.data import _hub
from uniroute_lab.data._converted import pack, unpack

__all__ = ["embedllm_available", "load_embedllm"]

PARAMS = Path(__file__).with_name("embedllm_params.csv")
ANSWERS = ("train.csv", "val.csv", "test.csv")
SET = _hub.HubSet("EmbedLLM", "embedllm", "RZ412/EmbedLLM", (*ANSWERS, "model_order.csv"))
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
COLUMNS = ("model_id", "prompt_id", "prompt", "label", "category")
LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
SIZE = re.compile(r"(?<![0-9.])(?<![0-9]_)(\d+(?:\.\d+)?)b(\d?)(?![a-z0-9])", re.IGNORECASE)
EXPERTS = re.compile(
    r"(?:(\d+)x(\d+(?:\.\d+)?)b|(\d+(?:\.\d+)?)bx(\d+))(?![a-z0-9])", re.IGNORECASE
)
FEED_FORWARD = 0.78  # share of the parameters of Mistral 7B that each expert has for itself
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
    outcomes = _hub.converted_set(
        SET, revision, FORMAT, lambda paths: _convert(paths, progress), progress
    )
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
        licence="see the data set RZ412/EmbedLLM on the Hugging Face hub",
        citation=CITATION,
    )


def embedllm_available(revision="main"):
    """Say whether `load_embedllm` can work here, without downloading any of its files.

    Parameters
    ----------
    revision : str, default "main"
        As in `load_embedllm`.

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
    >>> from uniroute_lab.data import embedllm_available
    >>> available, reason = embedllm_available()
    >>> reason.startswith("EmbedLLM")
    True
    """
    return _hub.available(SET, revision, FORMAT)


def params_b(name):
    """Billions of parameters of an LLM: from the table, else from its name; NaN if unknown."""
    name = _without_maker(name)
    with open(PARAMS, newline="", encoding="utf-8") as file:
        table = {row["name"]: float(row["params_b"]) for row in csv.DictReader(file)}
    return table[name] if name in table else _from_name(name)


def _from_name(name):
    """Read the one size that a name states, as of one LLM or else of a mixture; NaN otherwise."""
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
    order = [row for _, row in _rows(paths["model_order.csv"], ("model_id", "model_name"))]
    columns = {model: m for m, (model, _) in enumerate(order)}
    positions, prompts, tasks = {}, [], []
    cells, labels = array("q"), array("b")
    for file in ANSWERS:
        rows = progress_bar(progress, _rows(paths[file], COLUMNS), desc=file, unit=" rows")
        for line, (model, prompt, text, label, category) in rows:
            if prompt not in positions:
                positions[prompt] = len(prompts)
                prompts.append(text)
                tasks.append(category)
            try:
                cells.append(positions[prompt] * len(columns) + columns[model])
                labels.append(LABELS[label])
            except KeyError:
                raise ValueError(
                    f"{file}, line {line}: expected a model_id of model_order.csv and a label 0 or "
                    f"1, got {model!r} and {label!r}"
                ) from None
    shape = (len(prompts), len(columns))
    asked = np.bincount(cells, minlength=np.prod(shape)).reshape(shape)
    right = np.bincount(cells, weights=labels, minlength=np.prod(shape)).reshape(shape)
    return {
        "ids": np.array(list(positions)),
        "tasks": np.array(tasks),
        "prompts": pack(prompts),
        "llms": pack(name for _, name in order),
        "asked": asked.astype(np.int16),
        "right": right.astype(np.int16),
    }


def _rows(path, columns):
    """Line number and the named fields of each row of a CSV file."""
    rows = read_csv(path)
    header = next(rows)
    for column in columns:
        if column not in header:
            raise ValueError(f"{path.name} has no column {column!r}; it has {header}")
    wanted = [header.index(column) for column in columns]
    for line, fields in rows:
        yield line, [fields[i] for i in wanted]

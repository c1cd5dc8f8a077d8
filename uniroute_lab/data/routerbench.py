"""RouterBench: scores and costs in US dollars of 11 LLMs, prompt by prompt."""

import ast
from itertools import takewhile
from pathlib import Path

import numpy as np

from uniroute.data import RoutingData
from uniroute_lab.data._converted import check_scores, pack, unpack
from uniroute_lab.data._hub import HubSet
from uniroute_lab.data._pickles import read_frame
from uniroute_lab.data.csvs import read_texts
from uniroute_lab.data.embeddings import Embeddings
from uniroute_lab.data.fetch import FileSet

__all__ = ["load_routerbench"]

EMBEDDINGS = Embeddings(
    Path(__file__).with_name("routerbench_minilm.npz"),
    "d056ed3b93a58c2eab52b90fe0e460f4cedf82dc4001652c0a86e111064efa92",
)
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
FILES = FileSet("routerbench", ("routerbench/*",), key=(FORMAT,))
PICKLE = "routerbench_0shot.pkl"
WHOLE = HubSet("routerbench", "withmartian/routerbench", (PICKLE,), FORMAT)
# These names are part of the settings of stored results; titles are in the catalogue.
NAMES = {False: "RouterBench, three tasks", True: "RouterBench"}
COST = "|total_cost"  # ends the name of a column of costs; before it stands the LLM's name
LICENCE = "none stated (see the data set withmartian/routerbench on the Hugging Face hub)"
CITATION = (
    "Hu, Q. J., Bieker, J., Li, X., Jiang, N., Keigwin, B., Ranganath, G., Keutzer, K., & "
    "Upadhyay, S. K. (2024). RouterBench: A Benchmark for Multi-LLM Routing System. "
    "arXiv:2403.12031."
)


def load_routerbench(whole=False, embeddings=True, progress=True, revision="main"):
    """Load the scores and costs of 11 LLMs on RouterBench: on three of its tasks, or on all.

    The three tasks (ARC-Challenge, MBPP, Winogrande: 3,164 prompts) are six CSV files at a pinned
    commit (10 MB), from the folder that the environment variable `UNIROUTE_DATA` names, or else
    from the network. The whole (some 36,000 prompts) is a pickle on the Hugging Face hub. Either
    is converted once into a small file in the cache.

    Parameters
    ----------
    whole : bool, default False
        Whether to load all tasks. Needs a network, or the file
        `routerbench/routerbench_0shot.pkl` in the folder that `UNIROUTE_DATA` names.
    embeddings : bool, default True
        Whether to add the prompt embeddings (all-MiniLM-L6-v2, 384 dimensions, unit length) that
        come with the lab. There are none for the whole set, whose `embeddings` stay None: make
        them with `uniroute.embed.embed`.
    progress : bool, default True
        Whether to show progress while files are downloaded.
    revision : str, default "main"
        Branch, tag or commit of the data set on the hub; used only if `whole`. What a name means
        and the SHA-256 of the file are kept at the first use and checked ever after.

    Returns
    -------
    RoutingData
        Losses are 1 - score: 1 = wrong, 0 = right, fractions where the score is one. Costs are of
        shape (n_prompts, n_llms), in USD per 1,000 prompts like that one, which is the unit of the
        paper's figure. Names of LLMs come without their makers.

    Raises
    ------
    ValueError
        If a file is not what it should be.
    pickle.UnpicklingError
        If the pickle asks for anything but what rebuilds a table of numbers and texts.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.
    DataUnavailableError
        If a file is not here and cannot be downloaded.

    Notes
    -----
    The published prompt is a list of strings, written as one string. The prompt here is its
    different strings, one below the other, without the paragraphs with which all prompts of its
    task begin: solved examples that the LLMs were shown. They are the same for all prompts of the
    task, and longer than the 256 tokens that the encoder reads.

    Rows with one `sample_id`, one text and outcomes of different LLMs are one prompt. There are 14
    such pairs in the three tasks: in one row the text was sent twice and only one LLM has a score,
    in the other row the other ten have theirs. The costs of such a prompt come from the row in
    which the text was sent fewest times. Rows that cannot be one prompt, because an LLM has a score
    in both, stay apart: the second has `#2` after its identifier.

    Section 6 and Figure 6d of the paper use all tasks.

    A pickle can call any function. This one is read by an unpickler that knows a short list of
    functions of NumPy and pandas and refuses everything else by name.

    Examples
    --------
    >>> from uniroute_lab.data import available, load_routerbench
    >>> if available("routerbench")[0]:
    ...     data = load_routerbench(progress=False)
    ...     assert data.losses.shape == data.costs.shape == (3164, 11)
    """
    if whole:
        outcomes = WHOLE.arrays(_convert_pickle, progress, revision)
    else:
        outcomes = FILES.arrays(_convert_csvs, progress)
    ids, prompts = outcomes["ids"], unpack(outcomes["prompts"])
    shipped = embeddings and not whole
    return RoutingData(
        name=NAMES[bool(whole)],
        prompts=prompts,
        prompt_ids=ids,
        tasks=outcomes["tasks"],
        losses=1 - outcomes["scores"],
        costs=1000 * outcomes["costs"],
        cost_unit="USD per 1,000 prompts",
        llms=unpack(outcomes["llms"]),
        licence=LICENCE,
        citation=CITATION,
        embeddings=EMBEDDINGS.read(ids, prompts) if shipped else None,
    )


def _convert_csvs(paths):
    columns = {}
    for path in paths.values():
        for rows in read_texts(path):
            if columns and {*rows} != {*columns}:
                odd = min({*rows} ^ {*columns})
                raise ValueError(f"{path} and the files before it differ in column {odd!r}")
            for name in rows:
                columns.setdefault(name, []).extend(rows[name])
    return _convert(columns)


def _convert_pickle(paths):
    frame = read_frame(paths[PICKLE])
    return _convert({str(name): frame[name].tolist() for name in frame.columns})


def _convert(columns):
    """Make arrays of the published columns, one row for each prompt."""
    llms = [name.removesuffix(COST) for name in columns if name.endswith(COST)]
    for name in ["sample_id", "prompt", "eval_name", *llms]:
        if name not in columns:
            raise ValueError(f"RouterBench has no column {name!r}; it has {sorted(columns)}")
    ids = [str(value) for value in columns["sample_id"]]
    sent = [strings(value) for value in columns["prompt"]]
    texts = ["\n".join(dict.fromkeys(strings)) for strings in sent]
    scores = _numbers(columns, llms, ids)
    costs = _numbers(columns, [llm + COST for llm in llms], ids)
    check_scores(scores, lambda row, m: f"RouterBench, sample_id {ids[row]!r}, column {llms[m]!r}")
    groups = same_prompt(ids, texts, ~np.isnan(scores))
    firsts = [group[0] for group in groups]
    tasks = [str(columns["eval_name"][row]) for row in firsts]
    return {
        "ids": np.array(_distinct([ids[row] for row in firsts])),
        "tasks": np.array(tasks),
        "prompts": pack(_without_examples([texts[row] for row in firsts], tasks)),
        "llms": pack([llm.rsplit("/", 1)[-1] for llm in llms]),
        "scores": np.stack([_only_score(scores[group]) for group in groups]),
        "costs": np.stack([costs[min(group, key=lambda row: len(sent[row]))] for group in groups]),
    }


def strings(prompt):
    """Strings of a published prompt; one that is no list of strings is a string itself."""
    try:
        value = ast.literal_eval(prompt) if isinstance(prompt, str) else prompt
    except (ValueError, SyntaxError):
        value = None
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return value
    return [str(prompt)]


def _numbers(columns, names, ids):
    """Columns of numbers, side by side; empty fields become NaN."""
    table = np.full((len(ids), len(names)), np.nan)
    for m, name in enumerate(names):
        for row, value in enumerate(columns[name]):
            try:
                table[row, m] = np.nan if value in ("", None) else value
            except (TypeError, ValueError):
                raise ValueError(
                    f"RouterBench, sample_id {ids[row]!r}, column {name!r}: a value must be a "
                    f"number; got {value!r}"
                ) from None
    return table


def same_prompt(ids, texts, observed):
    """Group the rows that tell of one prompt: one id, one text, no LLM observed twice."""
    found = {}
    for row, key in enumerate(zip(ids, texts, strict=True)):
        groups = found.setdefault(key, [])
        fitting = [g for g in groups if not (observed[g].any(axis=0) & observed[row]).any()]
        if fitting:
            fitting[0].append(row)
        else:
            groups.append([row])
    return sorted((group for groups in found.values() for group in groups), key=min)


def _only_score(scores):
    """For each LLM the score of the row that has it; NaN where none has."""
    return np.where(np.isnan(scores).all(axis=0), np.nan, np.nansum(scores, axis=0))


def _distinct(ids):
    """Tell equal identifiers apart: the second of them gets `#2`, the third `#3`."""
    seen = {}
    for i, name in enumerate(ids):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            ids[i] = f"{name}#{seen[name]}"
    return ids


def _without_examples(texts, tasks):
    """Cut off the paragraphs with which all prompts of a task begin."""
    by_task = {}
    for text, task in zip(texts, tasks, strict=True):
        by_task.setdefault(task, []).append(text)
    cut = {task: shared_paragraphs(group) for task, group in by_task.items()}
    return [text[cut[task] :] for text, task in zip(texts, tasks, strict=True)]


def shared_paragraphs(texts):
    """Length of the paragraphs with which all texts begin; 0 where a text would be left empty."""
    first, last = min(texts).split("\n\n"), max(texts).split("\n\n")
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(first[:-1], last[:-1], strict=False))
    length = sum(len(paragraph) + 2 for paragraph, _ in shared)
    return length if len(texts) > 1 and all(text[length:].strip() for text in texts) else 0

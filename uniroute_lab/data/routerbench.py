"""RouterBench: scores and costs in US dollars of 11 LLMs, prompt by prompt."""

import ast
from itertools import takewhile
from pathlib import Path

import numpy as np

from uniroute.data import RoutingData, read_csv
from uniroute_lab.data import _hub, fetch
from uniroute_lab.data._converted import available, converted, converted_path, pack, unpack
from uniroute_lab.data._pickles import read_frame
from uniroute_lab.data._shipped import read_embeddings

__all__ = ["load_routerbench", "routerbench_available"]

EMBEDDINGS = Path(__file__).with_name("routerbench_minilm.npz")
EMBEDDINGS_SHA256 = "d056ed3b93a58c2eab52b90fe0e460f4cedf82dc4001652c0a86e111064efa92"
FOLDER = "routerbench/"  # of the files of three tasks in the registry
WHOLE = _hub.HubSet(
    "RouterBench, whole", "routerbench", "withmartian/routerbench", ("routerbench_0shot.pkl",)
)
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
COST = "|total_cost"  # ends the name of a column of costs; before it stands the LLM's name
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
        Whether to load all tasks. Needs pandas and a network, or the file
        `routerbench/routerbench_0shot.pkl` in the folder that `UNIROUTE_DATA` names.
    embeddings : bool, default True
        Whether to add the prompt embeddings (all-MiniLM-L6-v2, 384 dimensions, unit length) that
        come with the package. There are none for the whole set, whose `embeddings` stay None: make
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
    ImportError
        If `whole` and pandas is not installed.

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
    >>> from uniroute_lab.data import load_routerbench, routerbench_available
    >>> if routerbench_available()[0]:
    ...     data = load_routerbench(progress=False)
    ...     assert data.losses.shape == data.costs.shape == (3164, 11)
    """
    outcomes = _whole(revision, progress) if whole else _three_tasks(progress)
    ids, prompts = outcomes["ids"], unpack(outcomes["prompts"])
    shipped = embeddings and not whole
    return RoutingData(
        name="RouterBench" if whole else "RouterBench, three tasks",
        prompts=prompts,
        prompt_ids=ids,
        tasks=outcomes["tasks"],
        losses=1 - outcomes["scores"],
        costs=1000 * outcomes["costs"],
        cost_unit="USD per 1,000 prompts",
        llms=unpack(outcomes["llms"]),
        licence="none stated (see the data set withmartian/routerbench on the Hugging Face hub)",
        citation=CITATION,
        embeddings=(
            read_embeddings(EMBEDDINGS, EMBEDDINGS_SHA256, ids, prompts) if shipped else None
        ),
    )


def routerbench_available(whole=False, revision="main"):
    """Say whether `load_routerbench` can work here, without downloading anything.

    Parameters
    ----------
    whole : bool, default False
        Whether all tasks are meant.
    revision : str, default "main"
        As in `load_routerbench`.

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
    >>> from uniroute_lab.data import routerbench_available
    >>> available, reason = routerbench_available()
    >>> reason.startswith("RouterBench")
    True
    """
    if whole:
        return _hub.available(WHOLE, revision, FORMAT)
    entries = _entries()
    return available("RouterBench", _path(entries), entries)


def _entries():
    return [entry for entry in fetch.registry().values() if entry.file.startswith(FOLDER)]


def _path(entries):
    return converted_path("routerbench", FORMAT, *[(e.file, e.sha256) for e in entries])


def _three_tasks(progress):
    entries = _entries()

    def convert():
        columns = {}
        for path in fetch.fetch_all([entry.file for entry in entries], progress):
            _append(columns, path)
        return _convert(columns)

    return converted(_path(entries), convert)


def _append(columns, path):
    """Add the rows of a file to the columns; all files must have the same columns."""
    rows = read_csv(path)
    header = next(rows)
    if columns and {*header} != {*columns}:
        odd = min({*header} ^ {*columns})
        raise ValueError(f"{path} and the files before it differ in column {odd!r}")
    for _, fields in rows:
        for name, value in zip(header, fields, strict=True):
            columns.setdefault(name, []).append(value)


def _whole(revision, progress):
    def convert(paths):
        frame = read_frame(paths["routerbench_0shot.pkl"])
        return _convert({str(name): frame[name].tolist() for name in frame.columns})

    return _hub.converted_set(WHOLE, revision, FORMAT, convert, progress)


def _convert(columns):
    """Make arrays of the published columns, one row for each prompt."""
    llms = [name.removesuffix(COST) for name in columns if name.endswith(COST)]
    for name in ["sample_id", "prompt", "eval_name", *llms]:
        if name not in columns:
            raise ValueError(f"RouterBench has no column {name!r}; it has {sorted(columns)}")
    ids = [str(value) for value in columns["sample_id"]]
    sent = [_strings(value) for value in columns["prompt"]]
    texts = ["\n".join(dict.fromkeys(strings)) for strings in sent]
    scores = _numbers(columns, llms, ids)
    costs = _numbers(columns, [llm + COST for llm in llms], ids)
    _check_scores(scores, llms, ids)
    groups = _same_prompt(ids, texts, ~np.isnan(scores))
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


def _strings(prompt):
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
                    f"RouterBench, sample_id {ids[row]!r}, column {name!r}: expected a number, "
                    f"got {value!r}"
                ) from None
    return table


def _check_scores(scores, llms, ids):
    bad = np.argwhere((scores < 0) | (scores > 1))
    if len(bad):
        row, m = bad[0]
        raise ValueError(
            f"RouterBench, sample_id {ids[row]!r}, column {llms[m]!r}: expected a score from 0 "
            f"to 1, got {scores[row, m]}"
        )


def _same_prompt(ids, texts, observed):
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
    cut = {task: _shared_paragraphs(group) for task, group in by_task.items()}
    return [text[cut[task] :] for text, task in zip(texts, tasks, strict=True)]


def _shared_paragraphs(texts):
    """Length of the paragraphs with which all texts begin; 0 where a text would be left empty."""
    first, last = min(texts).split("\n\n"), max(texts).split("\n\n")
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(first[:-1], last[:-1], strict=False))
    length = sum(len(paragraph) + 2 for paragraph, _ in shared)
    return length if len(texts) > 1 and all(text[length:].strip() for text in texts) else 0

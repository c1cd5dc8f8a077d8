"""SPROUT: scores and token counts of 13 to 15 LLMs on prompts of several benchmarks."""

import re

import numpy as np

from uniroute._progress import progress_bar
from uniroute.data import RoutingData
from uniroute_lab.data._converted import check_scores, pack, unpack
from uniroute_lab.data._hub import HubSet

__all__ = ["load_sprout"]

REPOSITORY = "CARROT-LLM-Routing/SPROUT"
SPLITS = ("train", "validation", "test")
FIELDS = ("score", "num_input_tokens", "num_output_tokens")
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
# USD per million tokens of input and output, as published with the data set.
PRICES = {
    "claude-3-5-sonnet-v1": (3.0, 15.0),
    "titan-text-premier": (0.8, 3.2),
    "gpt-4o": (2.5, 10.0),
    "gpt-4o-mini": (0.15, 0.6),
    "granite-3-2b": (0.1, 0.1),
    "granite-3-8b": (0.2, 0.2),
    "llama-3-1-70b": (0.9, 0.9),
    "llama-3-1-8b": (0.2, 0.2),
    "llama-3-2-1b": (0.06, 0.06),
    "llama-3-2-3b": (0.06, 0.06),
    "llama-3-3-70b": (0.9, 0.9),
    "llama-3-405b": (3.5, 3.5),
    "mixtral-8x7b": (0.6, 0.6),
}
LICENCE = "see the data set {} on the Hugging Face hub"
CITATION = (
    "Somerstep, S., Maia Polo, F., Melo de Oliveira, A. F., Mangal, P., Silva, M., Bhardwaj, O., "
    "Yurochkin, M., & Maity, S. (2025). CARROT: A Cost Aware Rate Optimal Router. arXiv:2502.03261."
)


def load_sprout(prices=None, progress=True, revision="main", repository=REPOSITORY):
    """Load the scores and costs of the LLMs of SPROUT.

    The Parquet files come from the folder `sprout` (the last part of `repository`, in small
    letters) in the folder that the environment variable `UNIROUTE_DATA` names, or else from the
    Hugging Face hub. They are converted once into a small file in the cache.

    Parameters
    ----------
    prices : dict of str to (float, float), or None, default None
        Prices of LLMs that the published list lacks, or others than those: USD per million tokens
        of input and of output, by the LLM's name as the data set has it.
    progress : bool, default True
        Whether to show progress while files are downloaded and converted.
    revision : str, default "main"
        Branch, tag or commit of the data set on the hub. What a name means and the SHA-256 of each
        file are kept at the first use and checked ever after.
    repository : str, default "CARROT-LLM-Routing/SPROUT"
        Data set on the hub. The paper used the variant with o3-mini.

    Returns
    -------
    RoutingData
        Losses are 1 - score, NaN where there is no score. Costs are of shape (n_prompts, n_llms),
        in USD per 1,000 prompts like that one: tokens of input and output times their prices; NaN
        where the tokens or the price are unknown. There are no embeddings: make them with
        `uniroute.embed.embed`.

    Raises
    ------
    ValueError
        If `prices` are not pairs of numbers, or a file is not what it should be.
    KeyError
        If the data set has no LLM of a name in `prices`.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.
    DataUnavailableError
        If a file is not here and cannot be downloaded.

    Notes
    -----
    Section 6 and Figure 6b of the paper. The splits come together, because every experiment makes
    its own. The published list of prices has short names: "openai-gpt-4o-mini" has the price of the
    longest one that is a part of its name, "gpt-4o-mini" and not "gpt-4o".

    Examples
    --------
    >>> from uniroute_lab.data import load_sprout
    >>> data = load_sprout()                                           # doctest: +SKIP
    >>> data = load_sprout(                                            # doctest: +SKIP
    ...     prices={"openai-o3-mini": (1.1, 4.4)},
    ...     repository="CARROT-LLM-Routing/SPROUT-o3mini")
    """
    prices = _checked(prices)
    files = files_of(repository)
    outcomes = files.arrays(lambda paths: _convert(paths, progress), progress, revision)
    llms = unpack(outcomes["llms"])
    for llm in prices:
        if llm not in llms:
            raise KeyError(f"prices has {llm!r}, but the LLMs are {', '.join(llms)}")
    of_input, of_output = np.array([prices.get(llm) or published_price(llm) for llm in llms]).T
    tokens_in, tokens_out = outcomes["num_input_tokens"], outcomes["num_output_tokens"]
    return RoutingData(
        name=repository.rpartition("/")[2],
        prompts=unpack(outcomes["prompts"]),
        prompt_ids=outcomes["ids"],
        tasks=outcomes["tasks"],
        losses=1 - outcomes["score"],
        costs=1000 * (tokens_in * of_input + tokens_out * of_output) / 1e6,
        cost_unit="USD per 1,000 prompts",
        llms=llms,
        licence=LICENCE.format(repository),
        citation=CITATION,
    )


def files_of(repository=REPOSITORY):
    """Return which files of the hub are needed."""
    patterns = tuple(f"data/{split}-*.parquet" for split in SPLITS)
    return HubSet(repository.rpartition("/")[2].lower(), repository, patterns, FORMAT)


def _checked(prices):
    for llm, pair in (prices or {}).items():
        values = np.asarray(pair)
        if values.shape != (2,) or values.dtype.kind not in "iuf" or not (values >= 0).all():
            raise ValueError(
                f"prices[{llm!r}] must be two numbers >= 0, USD per million tokens of input and of "
                f"output; got {pair!r}"
            )
    return {llm: tuple(pair) for llm, pair in (prices or {}).items()}


def published_price(llm):
    """Return the prices of the longest published name that is a part of this LLM's; or NaN."""
    parts = [name for name in PRICES if name in llm]
    return PRICES[max(parts, key=len)] if parts else (np.nan, np.nan)


def _convert(paths, progress):
    """Make arrays of the published files: prompts, and three numbers for each LLM and prompt."""
    names = _in_order(paths)
    bar = progress_bar(progress, names, desc="Converting", unit=" files")
    parts = [_read(paths[name]) for name in bar]
    for name, part in zip(names, parts, strict=True):
        if part["llms"] != parts[0]["llms"]:
            odd = min(set(part["llms"]) ^ set(parts[0]["llms"]))
            raise ValueError(f"{name} and {names[0]} do not have the same LLMs: see {odd!r}")
    return {
        "ids": np.concatenate([_ids(name, part) for name, part in zip(names, parts, strict=True)]),
        "tasks": np.concatenate([part["tasks"] for part in parts]),
        "prompts": pack(prompt for part in parts for prompt in part["prompts"]),
        "llms": pack(parts[0]["llms"]),
        **{field: np.concatenate([part[field] for part in parts]) for field in FIELDS},
    }


def _in_order(names):
    """Order the files by split and number; raise if one of a split's numbered files is missing."""
    ordered = sorted(names, key=lambda name: (SPLITS.index(name.split("-")[0]), name))
    for name in ordered:
        found = re.fullmatch(r"(\w+)-\d+(-of-(\d+)\.parquet)", name)
        expected = [f"{found[1]}-{i:05d}{found[2]}" for i in range(int(found[3]))] if found else []
        for other in expected:
            if other not in names:
                raise ValueError(f"{other} is missing beside {name}")
    return ordered


def _ids(name, part):
    stem = name.removesuffix(".parquet")
    return np.array([f"{stem}-{i}" for i in range(len(part["prompts"]))])


def _read(path):
    """Prompts, tasks, LLMs and the three numbers, each (n_prompts, n_llms), of one file."""
    from pyarrow import float64, types
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        schema = file.schema_arrow
        llms = sorted(
            column.name
            for column in schema
            if types.is_struct(column.type) and {*FIELDS} <= {part.name for part in column.type}
        )
        if "prompt" not in schema.names or not llms:
            raise ValueError(
                f"{path.name} must have a column 'prompt' and, for each LLM, one with "
                f"{', '.join(FIELDS)}; it has {schema.names}"
            )
        texts = [name for name in ("prompt", "dataset") if name in schema.names]
        numbers = [f"{llm}.{field}" for llm in llms for field in FIELDS]
        table = file.read(columns=[*texts, *numbers]).flatten()
    prompts = table["prompt"].to_pylist()
    split = path.name.split("-")[0]
    result = {
        "llms": llms,
        "prompts": prompts,
        "tasks": np.array(
            table["dataset"].to_pylist() if "dataset" in texts else [split] * len(prompts)
        ),
    }
    for field in FIELDS:
        columns = [table[f"{llm}.{field}"].cast(float64()).to_numpy() for llm in llms]
        result[field] = np.stack(columns, axis=1)
    check_scores(result["score"], lambda row, m: f"{path.name}, row {row}, column {llms[m]!r}")
    return result

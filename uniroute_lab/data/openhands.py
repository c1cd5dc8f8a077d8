"""OpenHands Index: LLMs of 2025 and 2026 as agents on real issues of software, and their costs."""

import json
from functools import partial
from pathlib import Path

import numpy as np

from uniroute.checks import check_option
from uniroute.data import RoutingData
from uniroute_lab.data._converted import pack, unpack
from uniroute_lab.data.embeddings import Embeddings
from uniroute_lab.data.fetch import FileSet

__all__ = ["load_openhands"]

# Of all 500 texts; the prompts of SWT-bench are 433 of them.
EMBEDDINGS = Embeddings(
    Path(__file__).with_name("openhands_minilm.npz"),
    "2b115383d7df3a76517d0255c0fdef6f1fcb0c12185e1b01a70c9652c8d95e70",
)
BENCHMARKS = {"swe-bench": "OpenHands, SWE-bench", "swt-bench": "OpenHands, SWT-bench"}
TEXTS = "openhands/swe_bench_verified.json"
WITH_EVERY_ID = "swe-bench"  # whose ids, sorted, are the order of the texts
FORMAT = 1  # of the converted file; raise it whenever what is written there changes
LICENCE = "MIT; problem statements of SWE-bench Verified: none stated"
CITATION = (
    "OpenHands Index, results 3015ac6. https://github.com/OpenHands/openhands-index-results. "
    "Jimenez, C. E., Yang, J., Wettig, A., et al. (2024). SWE-bench: Can Language Models Resolve "
    "Real-World GitHub Issues? International Conference on Learning Representations."
)


def files_of(benchmark):
    """Return which files of the registry are needed for a benchmark."""
    outcomes = [f"openhands/results/*/instance_results/{one}.json" for one in BENCHMARKS]
    patterns = (TEXTS, "openhands/results/*/metadata.json", *outcomes)
    return FileSet("openhands", patterns, key=(FORMAT, benchmark))


def load_openhands(benchmark="swe-bench", embeddings=True, progress=True):
    """Load what 34 LLMs of 2025 and 2026 resolved as agents, and what each attempt cost.

    The first call needs 103 published files (3 MB): from the folder that the environment variable
    `UNIROUTE_DATA` names, or else from the network. It keeps what is needed of them in one small
    file in the cache.

    Parameters
    ----------
    benchmark : {"swe-bench", "swt-bench"}, default "swe-bench"
        SWE-bench Verified, 500 issues of twelve Python projects to be resolved; or SWT-bench
        Verified, where a test that reproduces the issue is asked for: 433 of the same issues. The
        third benchmark of the index with files of this form, GAIA, is left out: its texts are not
        public, so that nothing can be routed by them.
    embeddings : bool, default True
        Whether to add the embeddings of the issues' texts (all-MiniLM-L6-v2, 384 dimensions, unit
        length) that come with the lab.
    progress : bool, default True
        Whether to show progress while files are downloaded.

    Returns
    -------
    RoutingData
        Prompts by sorted identifier; tasks are the projects. The losses are 1 = not resolved,
        0 = resolved, NaN where the results say neither. Costs are of shape (n_prompts, n_llms), in
        USD, what the LLM's calls for this issue cost; NaN where that is missing, or 0: nobody
        resolves an issue for nothing. With dates of release.

    Raises
    ------
    ValueError
        If `benchmark` is none of those, or a file is not what it should be.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.
    DataUnavailableError
        If a file is not here and cannot be downloaded.

    Notes
    -----
    On SWE-bench 25 costs of 17,000 are missing (0.15 %) and 134 are 0, 95 of these of GLM-5; nine
    issues have no outcome. On SWT-bench an LLM lacks up to 99 issues, and Nemotron-3-Nano has an
    outcome for 26 only. A prompt is the issue's text, as in the data set; the licence of these
    texts is not stated: no page of the book and no file of the lab shows them. The encoder reads
    their first 256 tokens; 325 of the 500 are longer. Chapter 23.

    Examples
    --------
    >>> from uniroute_lab.data import available, load_openhands
    >>> if available("openhands")[0]:
    ...     data = load_openhands(progress=False)
    ...     assert data.losses.shape == data.costs.shape == (500, 34)
    """
    check_option("benchmark", benchmark, BENCHMARKS)
    outcomes = files_of(benchmark).arrays(partial(_convert, benchmark), progress)
    every_id, texts = outcomes["ids"], unpack(outcomes["prompts"])
    rows, costs = outcomes["rows"], outcomes["costs"]
    vectors = EMBEDDINGS.read(every_id, texts)[rows] if embeddings else None
    return RoutingData(
        name=BENCHMARKS[benchmark],
        prompts=[texts[row] for row in rows],
        prompt_ids=every_id[rows],
        tasks=[project_of(name) for name in every_id[rows]],
        losses=1 - outcomes["resolved"],
        costs=np.where(costs > 0, costs, np.nan),
        cost_unit="USD per prompt",
        llms=unpack(outcomes["llms"]),
        licence=LICENCE,
        citation=CITATION,
        embeddings=vectors,
        released=outcomes["released"],
    )


def project_of(name):
    """Return the project of an issue: "pydata__xarray-4094" is of pydata/xarray."""
    return name.rpartition("-")[0].replace("__", "/")


def _convert(benchmark, paths):
    """Make arrays of the published files: every text, and the rows and outcomes of a benchmark."""
    content = {file: json.loads(path.read_text(encoding="utf-8")) for file, path in paths.items()}
    ids, texts = sorted(_attempts(content, WITH_EVERY_ID)[0]), content[TEXTS]
    if len(ids) != len(texts):
        raise ValueError(f"{TEXTS} must hold a text for each of {len(ids)} ids; got {len(texts)}")
    tried, llms = _attempts(content, benchmark)
    if unknown := tried.keys() - {*ids}:
        raise ValueError(f"{benchmark} has {min(unknown)!r}, of which there is no text")
    table = np.array(
        [[_numbers(tried[name].get(llm, {})) for llm in llms] for name in sorted(tried)]
    )
    facts = [content[f"openhands/results/{llm}/metadata.json"] for llm in llms]
    return {
        "ids": np.array(ids),
        "prompts": pack(texts),
        "rows": np.flatnonzero(np.isin(ids, list(tried))),
        "llms": pack(llms),
        "released": np.array([fact["release_date"] for fact in facts]),
        "resolved": table[:, :, 0],
        "costs": table[:, :, 1],
    }


def _attempts(content, benchmark):
    """Return {id: {LLM: its attempt}} of a benchmark, and its LLMs, sorted."""
    attempts, llms = {}, []
    for file, found in sorted(content.items()):
        if file.endswith(f"/{benchmark}.json"):
            llms.append(file.split("/")[2])
            for name, attempt in found.items():
                attempts.setdefault(name, {})[llms[-1]] = attempt
    return attempts, llms


def _numbers(attempt):
    """Return whether it was resolved, and the cost; NaN where unknown."""
    values = attempt.get("resolved"), attempt.get("cost")
    return [np.nan if value is None else float(value) for value in values]

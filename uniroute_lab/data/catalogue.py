"""The data sets of the book: what each is called, how it is loaded, and whether it can be had."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from uniroute.checks import check_option
from uniroute.embed import embed
from uniroute_lab.data import (
    embedllm,
    livecodebench,
    llmrouter,
    mmlu_pro,
    openhands,
    routerbench,
    sprout,
)
from uniroute_lab.data._hub import HubSet
from uniroute_lab.data.embeddings import Embeddings
from uniroute_lab.data.fetch import FileSet
from uniroute_lab.pocket import data as pocket
from uniroute_lab.pocket import load_pocket

__all__ = ["DataSet", "available", "catalog"]


@dataclass(frozen=True)
class DataSet:
    """What is known of a data set before it is loaded.

    Parameters
    ----------
    title : str
        For titles and tables. The `name` of what is loaded can be another: it is part of the
        settings of stored results, and stays.
    load : callable
        Its loader; returns a RoutingData.
    licence : str
        Licence of the data.
    tag : str or None, default None
        How cells of chapters and tests say that they need it; None if it is always there.
    files : object or None, default None
        What knows where its files come from; None if they come with the lab.
    embeddings : Embeddings or None, default None
        The file of the package with the embeddings of its prompts.
    observed : float, default 0.95
        In trials, least share of an LLM's outcomes that is known, and of its costs.
    protocol : dict, optional
        How the paper's trials split it, where that differs from the default of the command line:
        "val", the number or share of validation prompts; "test_share", the pool's share of the
        LLMs; "pool", its names.

    Notes
    -----
    Chapter 13.

    Examples
    --------
    >>> from uniroute_lab.data import catalog
    >>> catalog["mmlu_pro"].title, catalog["mmlu_pro"].licence
    ('MMLU-Pro', 'Apache-2.0')
    >>> catalog["mmlu_pro"].sources
    ['https://github.com/TIGER-AI-Lab/MMLU-Pro']
    >>> data = catalog["pocket"].load(cost="params")
    """

    title: str
    load: Callable
    licence: str
    tag: str | None = None
    files: FileSet | HubSet | None = None
    embeddings: Embeddings | None = None
    observed: float = 0.95
    protocol: dict = field(default_factory=dict)

    def ready(self, progress=True, **options):
        """Load the data set as trials need it.

        Parameters
        ----------
        progress : bool, default True
            Whether to show progress while prompts are embedded.
        **options
            Of its loader.

        Returns
        -------
        RoutingData
            With embeddings: those that come with the lab, or else made now, by `uniroute.embed`,
            which keeps each and goes on where it was interrupted. Without the LLMs of which too
            little is known.

        Raises
        ------
        ImportError
            If prompts must be embedded, and sentence-transformers is not installed.

        Examples
        --------
        >>> from uniroute_lab.data import catalog
        >>> catalog["pocket"].ready(cost="params").n_llms
        35
        """
        data = self.load(**options).complete(self.observed)
        if data.embeddings is None:
            data = replace(data, embeddings=embed(data.prompts, progress=progress))
        return data

    @property
    def sources(self):
        """Addresses that its files come from; none if they come with the lab."""
        return self.files.sources if self.files else []


catalog = {
    "pocket": DataSet("Pocket pool", load_pocket, pocket.LICENCE),
    "mmlu_pro": DataSet(
        "MMLU-Pro",
        mmlu_pro.load_mmlu_pro,
        mmlu_pro.LICENCE,
        "mmlu-pro",
        mmlu_pro.FILES,
        mmlu_pro.EMBEDDINGS,
    ),
    "routerbench": DataSet(
        "RouterBench, 3 tasks",
        routerbench.load_routerbench,
        routerbench.LICENCE,
        "routerbench",
        routerbench.FILES,
        routerbench.EMBEDDINGS,
    ),
    "routerbench_whole": DataSet(
        "RouterBench, whole",
        partial(routerbench.load_routerbench, whole=True),
        routerbench.LICENCE,
        "routerbench-whole",
        routerbench.WHOLE,
        protocol={"val": 400, "test_share": 0.5},
    ),
    "llmrouter": DataSet(
        "LLMRouter",
        llmrouter.load_llmrouter,
        llmrouter.LICENCE,
        "llmrouter",
        llmrouter.FILES,
        llmrouter.EMBEDDINGS,
    ),
    "openhands": DataSet(
        "OpenHands, SWE-bench",
        openhands.load_openhands,
        openhands.LICENCE,
        "openhands",
        openhands.files_of("swe-bench"),
        openhands.EMBEDDINGS,
        observed=0.75,
    ),
    "openhands_swt": DataSet(
        "OpenHands, SWT-bench",
        partial(openhands.load_openhands, "swt-bench"),
        openhands.LICENCE,
        "openhands-swt",
        openhands.files_of("swt-bench"),
        observed=0.75,
    ),
    "livecodebench": DataSet(
        "LiveCodeBench",
        livecodebench.load_livecodebench,
        livecodebench.LICENCE,
        "livecodebench",
        livecodebench.FILES,
        livecodebench.EMBEDDINGS,
    ),
    "embedllm": DataSet(
        "EmbedLLM",
        embedllm.load_embedllm,
        embedllm.LICENCE,
        "embedllm",
        embedllm.FILES,
        protocol={"val": 0.1, "pool": embedllm.PAPER_POOL},
    ),
    "sprout": DataSet(
        "SPROUT",
        sprout.load_sprout,
        sprout.LICENCE.format(sprout.REPOSITORY),
        "sprout",
        sprout.files_of(),
        protocol={"val": 400},
    ),
}


def available(name):
    """Say whether a data set can be loaded here, without downloading any of its files.

    Parameters
    ----------
    name : str
        Its name in `catalog`.

    Returns
    -------
    available : bool
        Whether the files, or what was made of them, are on this machine or offered by the network.
    reason : str
        Why, or why not: fit to be shown as the reason of a skipped test.

    Raises
    ------
    ValueError
        If the catalogue has no data set of that name.
    FileNotFoundError
        If `UNIROUTE_DATA` names a folder that does not exist.

    Examples
    --------
    >>> from uniroute_lab.data import available
    >>> available("pocket")
    (True, 'Pocket pool: comes with the lab')
    """
    check_option("name", name, catalog)
    data_set = catalog[name]
    can, reason = data_set.files.available() if data_set.files else (True, "comes with the lab")
    return can, f"{data_set.title}: {reason}"

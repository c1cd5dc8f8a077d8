"""Where the paper's numbers stand, and which of ours answer them."""

from dataclasses import dataclass, field
from pathlib import Path

from uniroute_lab.paper.ledger.verdicts import ANALOGUE, OTHER_POOL, PART, SAME

__all__ = []


ROOT = Path(__file__).parents[3]
PAGE = ROOT / "book" / "ledger.md"
DATA = {
    "EmbedLLM": [("embedllm", SAME), ("mmlu_pro", ANALOGUE)],
    "SPROUT": [("sprout", OTHER_POOL), ("llmrouter", ANALOGUE)],
    "SPROUT o3-mini": [("sprout", OTHER_POOL), ("llmrouter", ANALOGUE)],
    "RouterBench": [("routerbench_whole", OTHER_POOL), ("routerbench", PART)],
    "OpenLLMv2": [("mmlu_pro", ANALOGUE)],
    "Chatbot Arena to EmbedLLM": [("mmlu_pro", ANALOGUE)],
}


@dataclass(frozen=True)
class Place:
    """What answers the numbers of a place.

    Our chapter and experiment; with whom a method is compared, the second standing in for the
    first's own row; what tells the run from the experiment's others, if the paper's row does not;
    and what our methods know there of the pool.
    """

    chapter: int
    experiment: str
    references: tuple
    condition: dict = field(default_factory=dict)
    knows: str = "validation"


LEARNED, KMEANS = "UniRoute (learned map)", "UniRoute (K-means)"
SHIFT = {"kind": "calculation", "case": "both"}
NEWEST = {"pool": "newest", "training": "older"}
PLACES = {
    "Figure 2 (top)": Place(14, "main", (LEARNED, "ZeroRouter")),
    "Figure 2 (bottom)": Place(15, "validation_size", (KMEANS, "K-NN")),
    "Figure 5": Place(16, "n_clusters", (20, 50), {"recipe": "paper"}),
    "Figure 7": Place(18, "prompt_shift", (KMEANS, "ZeroRouter"), SHIFT),
    "Table 1": Place(19, "static_pool", ("MLP", "ZeroRouter"), knows="training"),
    "Appendix H": Place(20, "main", ("MLP", KMEANS)),
    "Appendix I.1": Place(21, "generation", (LEARNED, "ZeroRouter"), NEWEST),
}
CHAPTERS = {
    14: "14-main-results",
    15: "15-validation-size",
    16: "16-number-of-clusters",
    18: "18-prompt-shift",
    19: "19-static-pool",
    20: "20-cost-of-change",
    21: "21-unseen-generation",
}
# Our names for the paper's methods, where its words differ.
NAMES = {
    "MLP (retrained)": "MLP",
    "MatFac (retrained)": "MatFac",
    "MLP (clairvoyant)": "Clairvoyant MLP",
    "MatFac (clairvoyant)": "Clairvoyant MatFac",
    "UniRoute (K-Means)": KMEANS,
    "UniRoute (LearnedMap)": LEARNED,
    "UniRoute (K-Means Attributes)": "UniRoute (attributes)",
}


@dataclass(frozen=True)
class Wanted:
    """Which of our methods answer one of the paper's: their fields, whatever their numbers."""

    name: str
    knows: str = "validation"
    features: str = "embeddings"
    psi: str = "hard"

    def fits(self, method):
        """Say whether a method is one of those."""
        return all(getattr(method, name) == value for name, value in vars(self).items())


WANTED = {
    **{name: Wanted(name) for name in ("ZeroRouter", "K-NN", "MLP", "MatFac", KMEANS, LEARNED)},
    "UniRoute (attributes)": Wanted(KMEANS, features="attributes"),
    "Clairvoyant MLP": Wanted("MLP", knows="training"),
    "Clairvoyant MatFac": Wanted("MatFac", knows="training"),
}
# The paper's metric: our column, our value in the paper's unit, and 1 if more is better.
METRICS = {
    "area": ("area", 1, 1),
    "area (50 %)": ("area50", 1, 1),
    "validation area": ("area", 1, 1),
    "area (static pool)": ("area", 1, 1),
    "QNC (%)": ("qnc", 100, -1),
    "peak (%)": ("peak", 100, 1),
    "seconds to train": ("train", 1, -1),
    "seconds to add an LLM": ("add", 1, -1),
    "seconds to route one prompt": ("route", 1, -1),
}
# Decimals that the paper prints: 0.64 stands for 0.640.
DECIMALS = {"area": 3, "area (50 %)": 3, "area (static pool)": 3, "QNC (%)": 1, "peak (%)": 1}
# Fitted as a whole for each LLM that joins.
RETRAINED = ("MLP", "MatFac", "Linear", "Logistic")

"""Where the paper's numbers stand, and which of ours answer them."""

from dataclasses import dataclass
from pathlib import Path

from uniroute_lab.paper.ledger.verdicts import ANALOGUE, OTHER_POOL, PART, SAME

__all__ = []


ROOT = Path(__file__).parents[3]
PAGE = ROOT / "book" / "ledger.md"
README = ROOT / "README.md"
DATA = {
    "EmbedLLM": [("embedllm", SAME), ("mmlu_pro", ANALOGUE)],
    "SPROUT": [("sprout", OTHER_POOL), ("llmrouter", ANALOGUE)],
    "SPROUT o3-mini": [("sprout", OTHER_POOL), ("llmrouter", ANALOGUE)],
    "RouterBench": [("routerbench_whole", OTHER_POOL), ("routerbench", PART)],
    "OpenLLMv2": [("mmlu_pro", ANALOGUE)],
    "LiveCodeBench": [("livecodebench", ANALOGUE)],
    "Chatbot Arena to EmbedLLM": [("mmlu_pro", ANALOGUE)],
}
# The data sets of claims, in this order; the paper's own, which a hub has, once they are stored.
POOLS = ("mmlu_pro", "routerbench", "llmrouter", "pocket", "openhands", "livecodebench")
FROM_HUB = ("embedllm", "sprout", "routerbench_whole")


@dataclass(frozen=True)
class Place:
    """What answers the numbers of a place.

    Our chapter; the experiments, each with what their runs must have; with whom a method is
    compared, the second standing in for the first's own row; what our methods know there of the
    pool; and what a sentence of that place is about. A pool that never changes leaves only new
    prompts to speak of.
    """

    chapter: int
    targets: tuple
    references: tuple = ()
    knows: str = "validation"
    about: str = "new LLMs"


LEARNED, KMEANS = "UniRoute (learned map)", "UniRoute (K-means)"
NETWORK = "UniRoute (learned map, network)"  # what is stored of the paper's learned map
VOTES = "UniRoute (K-means, votes)"
NEWEST = {"pool": "newest", "training": "older"}
MAIN = ("main", {})
PLACES = {
    "Figure 2 (top)": Place(14, (MAIN,), (LEARNED, "ZeroRouter")),
    "Figure 2 (bottom)": Place(15, (("validation_size", {}), MAIN), (KMEANS, "K-NN")),
    "Figure 5": Place(16, (("n_clusters", {"recipe": "paper"}),), (20, 50)),
    "Figure 7": Place(18, (("prompt_shift", {"case": "both"}),), (KMEANS, "ZeroRouter")),
    "Table 1": Place(19, (("static_pool", {}),), ("MLP", "ZeroRouter"), knows="training"),
    "Appendix H": Place(20, (MAIN,), ("MLP", KMEANS), about="these LLMs"),
    "Appendix I.1": Place(21, (("generation", NEWEST), ("release", {})), (LEARNED, "ZeroRouter")),
    "Section 4": Place(7, (MAIN,), about="these LLMs"),
}
# Figures that hold no numbers: the chapter that draws them, by which function, and what they show.
DRAWINGS = {
    "Figure 1": (4, "decision", "how a prompt finds its LLM"),
    "Figure 4": (3, "changing_pool", "static and dynamic routing"),
}
CHAPTERS = {
    3: "03-dynamic-pools",
    4: "04-uniroute",
    7: "07-baselines",
    9: "09-excess-risk",
    14: "14-main-results",
    15: "15-validation-size",
    16: "16-number-of-clusters",
    17: "17-map-of-llms",
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
    **{name: Wanted(name) for name in ("ZeroRouter", "K-NN", "MLP", "MatFac", KMEANS)},
    LEARNED: Wanted(NETWORK),
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
TIMES = ("train", "add", "route")
# Decimals that the paper prints: 0.64 stands for 0.640.
DECIMALS = {"area": 3, "area (50 %)": 3, "area (static pool)": 3, "QNC (%)": 1, "peak (%)": 1}
PAPER_TRIALS = 400
# Figure 7: how many prompts are of the kind that tests, of which results say nothing.
OF_KIND = {
    ("pocket", "calculation"): 4105,
    ("pocket", "other"): 3895,
    ("mmlu_pro", "calculation"): 5540,
    ("mmlu_pro", "other"): 6492,
}
# Fitted as a whole for each LLM that joins.
RETRAINED = ("MLP", "MatFac", "Linear", "Logistic")
# How far an n_val, K or k of ours may be from the paper's to stand in for it.
NEAR = 1.5

"""Where the paper's numbers stand, and where ours are stored."""

from pathlib import Path

from uniroute_lab.paper.ledger.verdicts import ANALOGUE, PART, SAME

__all__ = []


ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "results"
PAGE = ROOT / "book" / "ledger.md"
DATA = {
    "EmbedLLM": [("embedllm", SAME), ("mmlu_pro", ANALOGUE)],
    "SPROUT": [("sprout", SAME), ("llmrouter", ANALOGUE)],
    "SPROUT o3-mini": [("sprout", SAME), ("llmrouter", ANALOGUE)],
    "RouterBench": [("routerbench", PART)],
    "OpenLLMv2": [("mmlu_pro", ANALOGUE)],
    "Chatbot Arena to EmbedLLM": [("mmlu_pro", ANALOGUE)],
}
# Where a number stands: our chapter, what follows the data set in the name of the stored results,
# and with whom a method is compared; the second stands in for the first's own row.
LEARNED, KMEANS = "UniRoute (learned map)", "UniRoute (K-means)"
PLACES = {
    "Figure 2 (top)": (14, "", (LEARNED, "ZeroRouter")),
    "Figure 2 (bottom)": (15, "_validation_{n}", (KMEANS, "K-NN")),
    "Figure 5": (16, "_clusters_paper", ("20", "50")),
    "Figure 7": (18, "_shift_calculation_both", (KMEANS, "ZeroRouter")),
    "Table 1": (19, "_static", ("MLP", "ZeroRouter")),
    "Appendix H": (20, "", ("MLP", KMEANS)),
    "Appendix I.1": (21, "_generation", (LEARNED, "ZeroRouter")),
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
NAMES = {
    "MLP (retrained)": "MLP",
    "MatFac (retrained)": "MatFac",
    "MLP (clairvoyant)": "Clairvoyant MLP",
    "MatFac (clairvoyant)": "Clairvoyant MatFac",
    "UniRoute (K-Means)": KMEANS,
    "UniRoute (LearnedMap)": LEARNED,
    "UniRoute (K-Means Attributes)": "UniRoute (attributes)",
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
# What the methods of Table 1 are called in the stored results of a static pool.
STATIC = {
    KMEANS: "Clairvoyant K-means",
    LEARNED: "Clairvoyant learned map",
    **{name: f"Clairvoyant {name}" for name in ("ZeroRouter", "K-NN", "MLP", "MatFac")},
}
RETRAINED = ("MLP", "MatFac", "Linear", "Logistic")

"""Universal model routing: send each prompt to the cheapest LLM that can answer it.

The companion package of the book *Universal Model Routing, hands on*. Importing it needs NumPy,
SciPy and scikit-learn only.
"""

from uniroute._version import __version__
from uniroute.baselines import CheckpointedMLP, StaticRouter, ZeroRouter
from uniroute.evaluate import (
    DeferralCurve,
    PairedDifference,
    deferral_curve,
    paired_difference,
    sign_test,
)
from uniroute.llms import ClusterMeans, EmptyClusterWarning
from uniroute.prompts import ConstantMap, KMeansMap, LearnedMap, NeighborMap
from uniroute.protocol import split_llms, split_prompts
from uniroute.router import Explanation, UniRoute
from uniroute.rule import BudgetRule, RoutingPath, budget_rule, route, routing_path
from uniroute.worlds import MixtureWorld, WorldSample, random_world

__all__ = [
    "BudgetRule",
    "CheckpointedMLP",
    "ClusterMeans",
    "ConstantMap",
    "DeferralCurve",
    "EmptyClusterWarning",
    "Explanation",
    "KMeansMap",
    "LearnedMap",
    "MixtureWorld",
    "NeighborMap",
    "PairedDifference",
    "RoutingPath",
    "StaticRouter",
    "UniRoute",
    "WorldSample",
    "ZeroRouter",
    "__version__",
    "budget_rule",
    "deferral_curve",
    "paired_difference",
    "random_world",
    "route",
    "routing_path",
    "sign_test",
    "split_llms",
    "split_prompts",
]

"""Universal model routing: send each prompt to the cheapest LLM that can answer it.

The companion package of the book *Universal Model Routing, hands on*. Importing it loads nothing
else: each name below is fetched from its module when it is first used.
"""

from importlib import import_module

from uniroute._moved import where
from uniroute._version import __version__

_EXPORTS = {
    "_kept": ["cache_folder"],
    "baselines": ["StaticRouter", "ZeroRouter"],
    "controller": ["Controller"],
    "data": ["RoutingData"],
    "diagnose": ["Diagnosis"],
    "embed": ["Encoder", "TextCutWarning"],
    "evaluate": ["DeferralCurve", "deferral_curve"],
    "explanation": ["Explanation"],
    "llms": ["ClusterMeans", "EmptyClusterWarning", "FewLabelsWarning"],
    "paired": ["PairedDifference", "holm", "paired_difference", "sign_test"],
    "plan": ["BudgetWarning", "Plan"],
    "pool": ["Pool"],
    "priors": ["PriorMap"],
    "prompts": ["ConstantMap", "KMeansMap", "LearnedMap", "NeighborMap"],
    "report.comparison": ["Comparison", "compare"],
    "report.costs": ["token_costs"],
    "report.csvs": ["load_csv"],
    "router": ["Router", "UniRoute"],
    "rule": ["BudgetRule", "RoutingPath", "budget_rule", "route", "routing_path"],
    "worlds": ["MixtureWorld", "WorldSample", "random_world"],
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = ["__version__", *sorted(_MODULE_OF)]

# Of a room that is an extra, so that * does not ask for it.
_MODULE_OF["read_table"] = "report.tables"


def __getattr__(name):
    """Import a public name, or a module of the package, on first use."""
    if name in _MODULE_OF:
        return getattr(import_module(f"uniroute.{_MODULE_OF[name]}"), name)
    if name in {module.split(".")[0] for module in _EXPORTS}:
        return import_module(f"uniroute.{name}")
    raise AttributeError(where(name) or f"module 'uniroute' has no attribute {name!r}")


def __dir__():
    """List the public names."""
    return __all__

"""The paper's theory as programs: excess risk, worst worlds, finite samples."""

from uniroute_lab.theory.budgets import (
    TwoBudgets,
    normal_margin,
    safe_budget,
    two_budgets,
    uniform_margin,
)
from uniroute_lab.theory.chats import ChatWorld, chat_outcome, chat_rules, switch_bound
from uniroute_lab.theory.design import (
    greedy_design,
    information,
    medoid_design,
    nearest_shares,
    stratified_design,
)
from uniroute_lab.theory.excess import (
    excess_risk,
    max_delta,
    misfit,
    misfit_range,
    misfit_size,
    population_features,
)
from uniroute_lab.theory.prices import multipliers, routing_programme, situations
from uniroute_lab.theory.probes import (
    arms_optimism,
    probe_evidence,
    queries_needed,
    shift_power,
)
from uniroute_lab.theory.samples import (
    estimation_bound,
    excess_risk_floor,
    feature_radius,
    misfit_range_floor,
    winners_curse,
)
from uniroute_lab.theory.worst import WorstWorld, worst_world

__all__ = [
    "ChatWorld",
    "TwoBudgets",
    "WorstWorld",
    "arms_optimism",
    "chat_outcome",
    "chat_rules",
    "estimation_bound",
    "excess_risk",
    "excess_risk_floor",
    "feature_radius",
    "greedy_design",
    "information",
    "max_delta",
    "medoid_design",
    "misfit",
    "misfit_range",
    "misfit_range_floor",
    "misfit_size",
    "multipliers",
    "nearest_shares",
    "normal_margin",
    "population_features",
    "probe_evidence",
    "queries_needed",
    "routing_programme",
    "safe_budget",
    "shift_power",
    "situations",
    "stratified_design",
    "switch_bound",
    "two_budgets",
    "uniform_margin",
    "winners_curse",
    "worst_world",
]

"""The paper's theory as programs: excess risk, worst worlds, finite samples."""

from uniroute_lab.theory.excess import (
    excess_risk,
    max_delta,
    misfit,
    misfit_range,
    misfit_size,
    population_features,
)
from uniroute_lab.theory.probes import (
    arms_optimism,
    probe_evidence,
    queries_needed,
    shift_power,
)
from uniroute_lab.theory.samples import (
    estimation_bound,
    feature_radius,
    misfit_range_floor,
    winners_curse,
)
from uniroute_lab.theory.worst import WorstWorld, worst_world

__all__ = [
    "WorstWorld",
    "arms_optimism",
    "estimation_bound",
    "excess_risk",
    "feature_radius",
    "max_delta",
    "misfit",
    "misfit_range",
    "misfit_range_floor",
    "misfit_size",
    "population_features",
    "probe_evidence",
    "queries_needed",
    "shift_power",
    "winners_curse",
    "worst_world",
]

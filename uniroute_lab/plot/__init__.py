"""Pictures: one style, one colour for each method, and a text made from the data for each picture.

A function returns a `Picture`. A notebook shows it; its text is what ``print`` gives, what a screen
reader reads on the book's pages, and what the tests compare. Numbers come in tidy tables, whose
columns are named in the call. A line that stands for a function is that function on any scale; a
line between points that bear markers only guides the eye. All functions need matplotlib.
"""

from uniroute_lab.plot.curves import deferral_curves, mean_curves
from uniroute_lab.plot.decisions import choice_map, envelope, predicted_and_true, prompts_2d
from uniroute_lab.plot.drawings import changing_pool, decision
from uniroute_lab.plot.intervals import differences, forest, intervals
from uniroute_lab.plot.looks import METHODS
from uniroute_lab.plot.picture import Picture
from uniroute_lab.plot.pools import all_routers, llm_pool, traffic
from uniroute_lab.plot.series import against_bound, lines
from uniroute_lab.plot.tables import heatmap
from uniroute_lab.plot.trees import dendrogram

__all__ = [
    "METHODS",
    "Picture",
    "against_bound",
    "all_routers",
    "changing_pool",
    "choice_map",
    "decision",
    "deferral_curves",
    "dendrogram",
    "differences",
    "envelope",
    "forest",
    "heatmap",
    "intervals",
    "lines",
    "llm_pool",
    "mean_curves",
    "predicted_and_true",
    "prompts_2d",
    "traffic",
]

"""A method of the experiments: what it is, its numbers, how they were chosen, what it knows."""

from dataclasses import asdict, dataclass, field

from uniroute.checks import check_option

__all__ = ["Method"]

TUNINGS = ("fixed", "paper", "figure's K", "size-matched", "long", "static")
KNOWS = ("validation", "training", "test")
FEATURES = ("embeddings", "attributes")
PSI = ("hard", "soft")
# The numbers that a label of a fixed method shows.
SHOWN = ("K", "k")
# Methods of which a table can have one row by the paper's recipe and one size-matched.
TWICE = ("K-NN", "UniRoute (K-means)", "UniRoute (learned map)")


@dataclass(frozen=True)
class Method:
    """A method with its numbers filled in; its label is made from the fields and never read.

    Parameters
    ----------
    name : str
        "ZeroRouter", "K-NN", "K-NN, scikit-learn", "UniRoute (K-means)", "UniRoute (learned map)",
        "Linear", "Logistic", "MLP", "MatFac", "Oracle", or the name of a method of one's own.
    parameters : dict, optional
        Its numbers: ``k``, ``K``, ``C``, ``d``, ``epochs``, ``patience``.
    psi : {"hard", "soft"}, default "hard"
        Memberships that represent an LLM: one cluster for each prompt, or the map's own.
    tuning : {"fixed", "paper", "figure's K", "size-matched", "long", "static"}, default "fixed"
        How the numbers were chosen: given; by the paper's recipe; by it with the larger K of its
        Figure 5; with as many labels as the pool will have; for a network trained until it no
        longer helps; or for a pool that stays, on its own LLMs.
    knows : {"validation", "training", "test"}, default "validation"
        The prompts on which the pool's losses are known. "training", and validation: clairvoyant.
    features : {"embeddings", "attributes"}, default "embeddings"
        What it sees of a prompt.

    Raises
    ------
    ValueError
        If a field is none of those.

    Notes
    -----
    The methods of Section 6 and App. F and G of the paper. Chapter 14.

    Examples
    --------
    >>> Method("UniRoute (learned map)", {"K": 10}, psi="soft").label
    'UniRoute (learned map, soft), K = 10'
    >>> Method("UniRoute (K-means)", {"K": 5}, tuning="paper", knows="training").label
    'Clairvoyant K-means'
    """

    name: str
    parameters: dict = field(default_factory=dict)
    psi: str = "hard"
    tuning: str = "fixed"
    knows: str = "validation"
    features: str = "embeddings"

    def __post_init__(self):
        for name, options in (
            ("psi", PSI),
            ("tuning", TUNINGS),
            ("knows", KNOWS),
            ("features", FEATURES),
        ):
            check_option(name, getattr(self, name), options)

    @property
    def kind(self):
        """The method without its numbers, as pictures and tables name it."""
        name = self.name
        if self.psi == "soft":
            name = name.replace(")", ", soft)")
        if self.knows == "training":
            return f"Clairvoyant {name.removeprefix('UniRoute (').removesuffix(')')}"
        if self.features == "attributes" and name == "UniRoute (K-means)":
            return "UniRoute (attributes)"
        return name

    @property
    def label(self):
        """What tells it from the other rows of a table."""
        name = self.kind
        if self.tuning == "fixed":
            name += "".join(f", {n} = {self.parameters[n]}" for n in SHOWN if n in self.parameters)
        elif self.tuning == "size-matched":
            twice = self.name in TWICE and self.knows == "validation"
            name += ", size-matched" if twice else ""
        elif self.tuning not in ("paper", "static"):
            name += f", {self.tuning}"
        if self.features == "attributes" and self.kind == self.name:
            name += " (attributes)"
        return name

    def record(self):
        """Return the fields as a dict that JSON can hold; ``Method(**record)`` is the method."""
        return asdict(self)

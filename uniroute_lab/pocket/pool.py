"""The LLMs of the pocket pool, in the order of their release."""

from dataclasses import replace

from uniroute_lab.pocket.specs import LLMSpec

__all__ = ["pool_specs"]

SHAPES = {  # layers, width, heads, learning rate
    "XS": (1, 8, 1, 0.01),
    "S": (1, 16, 2, 0.01),
    "M": (2, 32, 2, 0.005),
    "L": (2, 64, 4, 0.003),
    "XL": (3, 128, 4, 0.003),
    "XXL": (6, 208, 8, 0.002),
}
OLD = SHAPES | {"XL": (3, 128, 4, 0.0015)}
DEEP = {"S": (4, 16, 2, 0.006), "M": (4, 32, 2, 0.004), "L": (4, 64, 4, 0.002)}
WIDE = {"XL": (2, 96, 4, 0.003)}
PROMPTS = {  # thousands of training prompts
    "Pebble": {"XS": 80, "S": 80, "M": 80, "L": 80, "XL": 100},
    "Willow": {"S": 60, "M": 60, "L": 80},
    "Heron": {"S": 160, "M": 160, "L": 160, "XL": 160, "XXL": 120},
}
SPECIALISTS = {  # line: skills, thousands of training prompts
    "Abacus": ("numbers", 120),
    "Quill": ("strings", 100),
    "Almanac": ("calendar", 100),
    "Lexis": ("words", 40),
    "Logos": ("programs", 70),
}
BETTER = {"rotary": True, "muon": True}  # the recipe of specialists and the second generation


def pool_specs():
    """List the specifications of the pool.

    Returns
    -------
    list of LLMSpec
        In the order of their release. First Pebble and Willow, generalists with learned positions
        and AdamW; Willow is deep and narrow. Then specialists in three sizes, with rotary positions
        and Muon. The second generation: generalists with that recipe and more training, and larger
        specialists. In between, under-trained LLMs that saw a few thousand prompts.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import n_params, pool_specs
    >>> specs = pool_specs()
    >>> len(specs) >= 30, min(map(n_params, specs)) < 6_000, max(map(n_params, specs)) > 3_000_000
    (True, True, True)
    """
    specs = [
        *_line("Pebble", OLD, PROMPTS["Pebble"], group="generalist"),
        *_early("Pebble", "L", OLD, 6),
        *_line("Willow", DEEP, PROMPTS["Willow"], group="generalist"),
        *_early("Willow", "L", DEEP, 8),
    ]
    for line, (skills, thousands) in SPECIALISTS.items():
        sizes = dict.fromkeys(("S", "M", "L"), thousands)
        specs += _line(line, SHAPES, sizes, group="specialist", skills=skills, **BETTER)
    specs += _early("Heron", "XL", SHAPES, 16, **BETTER)
    specs += _early("Heron", "XXL", SHAPES, 8, **BETTER)
    second = {"group": "second generation", **BETTER}
    specs += _line("Heron", SHAPES, PROMPTS["Heron"], **second)
    for line in ("Abacus", "Quill", "Almanac"):
        skills, thousands = SPECIALISTS[line]
        specs += _line(line, WIDE, {"XL": thousands}, skills=skills, **second)
    return [replace(spec, release=i, seed=i) for i, spec in enumerate(specs, start=1)]


def _line(line, shapes, prompts, **options):
    """Return one LLM for each size."""
    for size, thousands in prompts.items():
        n_layers, width, n_heads, rate = shapes[size]
        batch_size = 64 if size == "XXL" else 32
        yield LLMSpec(
            name=f"{line}-{size}",
            n_layers=n_layers,
            width=width,
            n_heads=n_heads,
            learning_rate=rate,
            n_steps=1000 * thousands // batch_size,
            batch_size=batch_size,
            line=line,
            **options,
        )


def _early(line, size, shapes, thousands, **options):
    """Return an LLM whose training was stopped early, for good."""
    (spec,) = _line(line, shapes, {size: thousands}, group="under-trained", **options)
    return [replace(spec, name=f"{spec.name}-early")]

"""The LLMs of the pocket pool, in the order of their release."""

from dataclasses import replace

from uniroute.pocket.llms import LLMSpec

__all__ = ["pool_specs"]

SHAPES = {  # layers, width, heads, learning rate
    "XS": (1, 8, 1, 0.01),
    "S": (1, 16, 2, 0.01),
    "M": (2, 32, 2, 0.006),
    "L": (2, 64, 4, 0.003),
    "XL": (3, 128, 4, 0.0015),
    "XXL": (3, 288, 6, 0.001),
}
DEEP = {"S": (4, 16, 2, 0.006), "M": (4, 32, 2, 0.004), "L": (4, 64, 4, 0.002)}
PROMPTS = {  # thousands of training prompts
    "Pebble": {"XS": 80, "S": 80, "M": 80, "L": 80, "XL": 140},
    "Willow": {"S": 60, "M": 60, "L": 80},
    "Heron": {"S": 200, "M": 250, "L": 300, "XL": 360, "XXL": 220},
}
SPECIALISTS = {  # line: skills, thousands of training prompts
    "Abacus": ("numbers", 160),
    "Quill": ("strings", 130),
    "Almanac": ("calendar", 130),
    "Lexis": ("words", 50),
    "Logos": ("programs", 100),
}


def pool_specs():
    """List the specifications of the pool.

    Returns
    -------
    list of LLMSpec
        In the order of their release. Generalists: Pebble, then Willow, which is deep and narrow.
        Specialists in three sizes. Under-trained LLMs: a few thousand prompts. The second
        generation, released last, has a better recipe: rotary positions and more training prompts.

    Notes
    -----
    Chapter "A pool you can train yourself".

    Examples
    --------
    >>> from uniroute.pocket import n_params, pool_specs
    >>> specs = pool_specs()
    >>> len(specs) >= 30, min(map(n_params, specs)) < 6_000, max(map(n_params, specs)) > 3_000_000
    (True, True, True)
    """
    specs = [
        *_line("Pebble", SHAPES, PROMPTS["Pebble"], group="generalist"),
        *_early("Pebble", "L", SHAPES, 8),
        *_line("Willow", DEEP, PROMPTS["Willow"], group="generalist"),
        *_early("Willow", "L", DEEP, 12),
    ]
    for line, (skills, thousands) in SPECIALISTS.items():
        sizes = dict.fromkeys(("S", "M", "L"), thousands)
        specs += _line(line, SHAPES, sizes, group="specialist", skills=skills, rotary=True)
    specs += _early("Heron", "XL", SHAPES, 24, rotary=True)
    specs += _early("Heron", "XXL", SHAPES, 12, rotary=True)
    second = {"group": "second generation", "rotary": True}
    specs += _line("Heron", SHAPES, PROMPTS["Heron"], **second)
    wide = {"XL": (2, 96, 4, 0.002)}
    for line, thousands in (("Abacus", 200), ("Quill", 160), ("Almanac", 140)):
        skills = SPECIALISTS[line][0]
        specs += _line(line, wide, {"XL": thousands}, skills=skills, **second)
    return [replace(spec, release=i, seed=i) for i, spec in enumerate(specs, start=1)]


def _line(line, shapes, prompts, **options):
    """Return one LLM for each size."""
    for size, thousands in prompts.items():
        n_layers, width, n_heads, rate = shapes[size]
        batch_size = 32 if width > 100 else 64
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

"""Attributes of prompts are what their names say."""

import numpy as np
import pytest

from uniroute_lab.paper.attributes import ATTRIBUTES, prompt_attributes


def attribute(name, prompt):
    return prompt_attributes([prompt])[0, ATTRIBUTES.index(name)]


@pytest.mark.parametrize(
    ("name", "prompt", "value"),
    [
        ("words (log)", "one two three", 2.0),
        ("words (log)", "12 + 3", 0.0),
        ("sentences (log)", "A first. And 3.5 more?", np.log2(3)),
        ("options (log)", "Which?\nA. one\nB. two\nC. three", 2.0),
        ("letters per word", "a bcd", 2.0),
        ("different words", "the cat and The dog and the end", 5 / 8),
        ("digits", "a1b2", 0.5),
        ("formula signs", "x = $1", 2 / 6),
        ("capitals", "Ab", 0.5),
        ("quotation marks", 'a"b"', 0.5),
        ("asks for a quantity", "How many are there?", 1.0),
        ("asks for a quantity", "How so?", 0.0),
        ("asks which", "In which town?", 1.0),
        ("negation", "It isn't.", 1.0),
        ("negation", "Note the knot.", 0.0),
    ],
)
def test_value(name, prompt, value):
    assert attribute(name, prompt) == pytest.approx(value)


def test_one_row_for_each_prompt_and_all_finite():
    found = prompt_attributes(["?", "12", "Ünïcode words"])
    assert found.shape == (3, len(ATTRIBUTES)) and np.isfinite(found).all()


@pytest.mark.parametrize("prompt", ["", None, 3])
def test_bad_input_is_named(prompt):
    with pytest.raises(ValueError, match="prompts must be texts that are not empty"):
        prompt_attributes(["good", prompt])

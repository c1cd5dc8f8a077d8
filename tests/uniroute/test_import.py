"""What importing the package loads, and what it offers."""

import subprocess
import sys

import pytest

import uniroute

HEAVY = ("torch", "matplotlib", "pandas", "sentence_transformers", "pooch")


@pytest.mark.parametrize(
    "statement",
    [
        "import uniroute",
        "import uniroute_lab.data",
        # The decision and its evaluation; scikit-learn itself imports pandas where it is installed.
        "from uniroute import route, routing_path, budget_rule, deferral_curve",
    ],
)
def test_import_is_light(statement):
    code = f"import sys; {statement}; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_public_name_exists_and_no_other():
    for name in uniroute.__all__:
        assert getattr(uniroute, name) is not None
    for module, names in uniroute._EXPORTS.items():
        # `uniroute.embed` is the module; the function in it bears its name.
        assert sorted({*getattr(uniroute, module).__all__} - {"embed"}) == sorted(names)
    assert sorted(dir(uniroute)) == sorted(uniroute.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = uniroute.nothing

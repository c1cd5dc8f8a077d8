"""LiveCodeBench: small files of the same form, and the real ones."""

import numpy as np
import pytest

from tests.uniroute_lab.data import small
from uniroute_lab.data import livecodebench, load_livecodebench


def load_small(**options):
    return load_livecodebench(embeddings=False, progress=False, **options)


def test_small_livecodebench(own_folder):
    data = load_small()
    assert data.llms == ["both", "new", "old"]
    assert data.released == ["2024-06", "2025-01", "2024-01"]
    assert data.prompts == ["Add.", "Fly."] and data.prompt_ids.tolist() == ["x", "y"]
    assert data.tasks.tolist() == ["atcoder, easy", "atcoder, hard"]
    np.testing.assert_allclose(data.losses, small.LIVECODEBENCH_LOSSES)
    np.testing.assert_array_equal(data.costs, [10, np.nan, 2.5])
    assert "million tokens of output" in data.cost_unit


def test_by_quality_alone(own_folder):
    data = load_small(cost="equal")
    assert data.costs.tolist() == [1, 1, 1] and data.cost_unit == "answers"
    with pytest.raises(ValueError, match="cost must be one of 'price', 'equal'; got 'size'"):
        load_small(cost="size")


def test_unknown_llm(own_folder, monkeypatch):
    small.write_table(own_folder / "few.csv", small.LIVECODEBENCH_MODELS[:2])
    monkeypatch.setattr(livecodebench, "MODELS", own_folder / "few.csv")
    with pytest.raises(ValueError, match=r"few\.csv must know every LLM; it lacks 'both'"):
        load_small()


def test_score_out_of_range(own_folder):
    content = small.livecodebench_content()
    content[livecodebench.RESULTS[1]]["performances"][0]["pass@1"] = 101
    small.publish(own_folder, small.as_files(content))
    with pytest.raises(ValueError, match=r"question_id 'x', LLM 'both': .*got 1\.01"):
        load_small()


# --- the real files -------------------------------------------------------------------------------


@pytest.mark.data("livecodebench")
def test_real_livecodebench():
    data = load_livecodebench(progress=False)
    assert data.losses.shape == (880, 29) and data.embeddings.shape == (880, 384)
    assert not np.isnan(data.losses).any() and len(set(data.prompts)) == 880
    assert np.mean((data.losses > 0) & (data.losses < 1)) > 0.05
    unpriced = [llm for llm, cost in zip(data.llms, data.costs, strict=True) if np.isnan(cost)]
    assert unpriced == ["Gemini-Flash-2.0-Thinking"]
    accuracy = dict(zip(data.llms, 1 - data.losses.mean(axis=0), strict=True))
    assert accuracy["O1-2024-12-17 (N=1) (High)"] == pytest.approx(0.832, abs=0.001)


def test_months_of_release_are_those_of_the_names():
    """Where a version's name holds a date, the table has it."""
    for name, model in livecodebench.models().items():
        parts = [part for part in name.split() if "202" in part]
        for part in parts:
            digits = "".join(c for c in part if c.isdigit())[-8:]
            assert model["released"] == f"{digits[:4]}-{digits[4:6]}", name

"""MMLU-Pro: its loader on small files, and the real ones."""

import json
import re
import zipfile

import numpy as np
import pytest

from tests.uniroute_lab.data import small
from uniroute_lab.data import (
    DataUnavailableError,
    fetch,
    load_mmlu_pro,
    mmlu_pro,
    mmlu_pro_llms,
)


def load_small(**options):
    return load_mmlu_pro(embeddings=False, progress=False, **options)


def test_small_mmlu_pro(own_folder):
    data = load_small()
    assert data.prompt_ids.tolist() == ["9", "80", "100", "1000"]
    assert data.llms == ["One", "Two", "Three"]
    assert data.tasks.tolist() == ["space", "sums", "sums", "sums"]
    np.testing.assert_array_equal(data.losses, small.MMLU_PRO_LOSSES)
    np.testing.assert_array_equal(data.costs, [8, 7, np.nan])
    assert data.prompts[0] == "Largest planet?\nA. Mars\nB. Jupiter"
    assert data.prompts[3] == "Roots of x?\nA. 0"
    assert (data.licence, data.cost_unit) == ("Apache-2.0", "billions of parameters")
    assert "MMLU-Pro" in data.citation and data.embeddings is None
    assert data.complete().llms == ["One", "Two"]


def test_active_parameters_as_cost(own_folder):
    data = load_small(cost="active_params")
    np.testing.assert_array_equal(data.costs, [2, 7, np.nan])
    assert data.cost_unit == "billions of active parameters"
    with pytest.raises(ValueError, match=r"cost must be one of .*; got 'dollars'"):
        load_small(cost="dollars")


def test_options_as_text_or_list_make_one_prompt():
    record = small.answers("AAAA")[1]
    as_text = record | {"options": str(record["options"])}
    assert (
        mmlu_pro.prompt_text(as_text) == mmlu_pro.prompt_text(record) == "1 + 1?\nA. 1\nB. 2\nC. 3"
    )
    with pytest.raises(ValueError, match="malformed"):
        mmlu_pro.prompt_text(record | {"options": "[print('run me')]"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda records: records.append(records[0]), "answers 1 questions more"),
        (lambda records: records[0].update(question_id=5), r"question 5, which mmlu_pro/one\.zip"),
    ],
)
def test_files_that_do_not_fit(own_folder, change, message):
    records = small.mmlu_pro_records()["mmlu_pro/two.zip"]
    change(records)
    small.publish(own_folder, small.mmlu_pro(two=records))
    with pytest.raises(ValueError, match=message):
        load_small()


def test_progress_of_the_conversion(own_folder, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    load_mmlu_pro(embeddings=False)
    assert "Converting: 100%" in capsys.readouterr().err
    load_mmlu_pro(embeddings=False)
    assert capsys.readouterr() == ("", "")


# --- MMLU-Pro itself ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    return load_mmlu_pro(progress=False)


@pytest.mark.data("mmlu-pro")
def test_real_shape(real):
    assert real.losses.shape == (12032, 29)
    assert real.embeddings.shape == (12032, 384)
    np.testing.assert_allclose(np.linalg.norm(real.embeddings, axis=1), 1, rtol=1e-6)
    assert set(real.losses[~np.isnan(real.losses)]) == {0.0, 1.0}
    assert len(set(real.tasks)) == 14
    assert real.prompt_ids.tolist() == sorted(real.prompt_ids, key=int)


@pytest.mark.data("mmlu-pro")
def test_real_missing_outcomes_and_costs(real):
    missing = dict(zip(real.llms, np.isnan(real.losses).sum(axis=0).tolist(), strict=True))
    assert {llm: n for llm, n in missing.items() if n} == {
        "DeepSeek-Coder-V2": 1681,
        "gemini-1.5-flash-002": 20,
        "gemini-1.5-pro-002": 12,
    }
    unknown = np.array(real.llms)[np.isnan(real.costs)].tolist()
    assert unknown == ["gemini-1.5-flash-002", "gemini-1.5-pro-002"]
    assert real.complete().losses.shape == (12032, 26)


@pytest.mark.data("mmlu-pro")
def test_real_costs_count_active_parameters_of_mixtures(real):
    active = load_mmlu_pro(embeddings=False, progress=False, cost="active_params")
    mixtures = np.array(real.llms)[active.costs < real.costs].tolist()
    assert mixtures == [
        "DeepSeek-Coder-V2", "Mixtral-8x7B-Instruct-v0.1", "Mixtral-8x7B-v0.1", "jamba-1.5-large"
    ]  # fmt: skip
    assert not (active.costs > real.costs).any()


@pytest.mark.data("mmlu-pro")
def test_real_llms_are_those_of_the_list(real):
    llms = mmlu_pro_llms()
    assert [llm.name for llm in llms] == real.llms
    assert np.allclose([llm.params_b for llm in llms], real.costs, equal_nan=True)


def test_llms_have_a_developer_and_a_month_of_release():
    llms = {llm.name: llm for llm in mmlu_pro_llms()}
    assert len(llms) == 29 and all(llm.developer for llm in llms.values())
    assert all(re.fullmatch(r"202[34]-(0[1-9]|1[0-2])", m.released) for m in llms.values())
    order = ["Llama-2-7b-hf", "Mistral-7B-v0.1", "Meta-Llama-3-8B", "Meta-Llama-3.1-8B"]
    months = [llms[name].released for name in order]
    assert months == sorted(set(months))
    assert np.isnan(llms["gemini-1.5-pro-002"].params_b)


@pytest.mark.data("mmlu-pro")
def test_real_repeated_prompts(real):
    assert real.n_prompts - len(set(real.prompts)) == 159


def published_answers(file):
    try:
        path = fetch.fetch(file)
    except DataUnavailableError as error:
        pytest.skip(f"only the converted file is here: {error}")
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(archive.namelist()[0]))


@pytest.mark.data("mmlu-pro")
@pytest.mark.parametrize("llm", ["Llama-2-7b-hf", "gemini-1.5-pro-002"])
def test_real_losses_against_a_recount(real, llm):
    asked = {}
    for answer in published_answers(f"mmlu_pro/model_outputs_{llm}_5shots.zip"):
        asked[str(answer["question_id"])] = 0.0 if answer["pred"] == answer["answer"] else 1.0
    column = real.losses[:, real.llms.index(llm)]
    found = {i: x for i, x in zip(real.prompt_ids, column, strict=True) if not np.isnan(x)}
    assert found == asked


@pytest.mark.data("mmlu-pro")
@pytest.mark.parametrize(
    ("llm", "differ"), [("Yi-34B", 0), ("jamba-1.5-large", 17), ("DeepSeek-Coder-V2", 10)]
)
def test_real_prompts_agree_between_files(real, llm, differ):
    texts = dict(zip(real.prompt_ids, real.prompts, strict=True))
    records = published_answers(f"mmlu_pro/model_outputs_{llm}_5shots.zip")
    records = [record for record in records if isinstance(record, dict)]
    changed = [r for r in records if mmlu_pro.prompt_text(r) != texts[str(r["question_id"])]]
    assert len(changed) == differ

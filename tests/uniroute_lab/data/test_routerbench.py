"""RouterBench, its three tasks and the whole: small files of the same form, and the real ones."""

import ast
import csv
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.uniroute_lab.data import small
from uniroute_lab.data import DataUnavailableError, fetch, load_routerbench, routerbench


def load_small():
    return load_routerbench(embeddings=False, progress=False)


def test_small_routerbench(own_folder):
    data = load_small()
    assert data.llms == ["one", "two"]
    assert data.prompt_ids.tolist() == ["s.1", "s.2", "t.1", "t.1#2", "t.2"]
    assert data.tasks.tolist() == ["sums", "sums", "towns", "towns", "towns"]
    assert data.prompts == [
        "3 + 3?\n\nAnswer:", "3 + 4?", "Capital of Peru?", "Capital of Peru?",
        "Where is Oslo?\nAnd Rome?",
    ]  # fmt: skip
    np.testing.assert_array_equal(data.losses, small.ROUTERBENCH_LOSSES)
    np.testing.assert_allclose(data.costs, small.ROUTERBENCH_COSTS, rtol=1e-12)
    assert data.cost_unit == "USD per 1,000 prompts"
    assert "none stated" in data.licence and "RouterBench" in data.citation


def test_prompts_that_are_no_list_are_taken_as_they_are():
    for prompt in ["plain", "1 + 1", "[unbalanced", "[]", "[1, 2]", "{'a': 1}"]:
        assert routerbench.strings(prompt) == [prompt]
    assert routerbench.strings("['a', 'b']") == routerbench.strings(["a", "b"]) == ["a", "b"]


paragraphs = st.lists(st.sampled_from(["a", "b", "ab", " "]), min_size=1, max_size=4)


@given(st.lists(paragraphs.map("\n\n".join), min_size=1, max_size=5))
def test_cut_is_the_longest_beginning_of_whole_paragraphs_that_all_texts_share(texts):
    ends = [k for k in range(len(texts[0]) + 1) if k == 0 or texts[0][:k].endswith("\n\n")]
    shared = [k for k in ends if len({text[:k] for text in texts}) == 1]
    leaves_something = len(texts) > 1 and all(text[max(shared) :].strip() for text in texts)
    assert routerbench.shared_paragraphs(texts) == (max(shared) if leaves_something else 0)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.lists(st.booleans(), min_size=3,
                  max_size=3)), max_size=8)
)  # fmt: skip
def test_rows_of_one_prompt_never_tell_of_one_llm_twice(rows):
    ids, texts = [r[0] for r in rows], [r[1] for r in rows]
    observed = np.array([r[2] for r in rows], dtype=bool).reshape(-1, 3)
    groups = routerbench.same_prompt(ids, texts, observed)
    assert sorted(i for group in groups for i in group) == list(range(len(rows)))
    for group in groups:
        assert len({(ids[i], texts[i]) for i in group}) == 1
        assert observed[group].sum(axis=0).max() <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"two": "1.5"}, r"sample_id 's\.1', column 'two': a score must be from 0 to 1; got 1\.5"),
        ({"two": "-1"}, r"column 'two': a score must be from 0 to 1; got -1\.0"),
        ({"two": "good"}, r"sample_id 's\.1', column 'two': a value must be a number; got 'good'"),
        (
            {"maker/one|total_cost": "dear"},
            r"column 'maker/one\|total_cost': a value must be a number",
        ),
        ({"maker/one|total_cost": "-1"}, r"costs .*-1000\.0"),
    ],
)
def test_bad_values_in_routerbench(own_folder, change, message):
    files = small.routerbench_rows()
    files["routerbench/a.csv"][0].update(change)
    small.publish(own_folder, small.routerbench(files))
    with pytest.raises(ValueError, match=message):
        load_small()


def test_missing_columns_in_routerbench(own_folder):
    files = small.routerbench_rows()
    for file in files.values():
        for fields in file:
            del fields["eval_name"]
    small.publish(own_folder, small.routerbench(files))
    with pytest.raises(ValueError, match="RouterBench has no column 'eval_name'; it has"):
        load_small()


def test_files_of_routerbench_that_do_not_fit(own_folder):
    files = small.routerbench_rows()
    for fields in files["routerbench/b.csv"]:
        fields["three"] = "1"
    small.publish(own_folder, small.routerbench(files))
    with pytest.raises(ValueError, match=r"b\.csv and the files before it differ in column 'three"):
        load_small()


# --- the whole ------------------------------------------------------------------------------------


PICKLE = routerbench.PICKLE


def small_pickle():
    rows = [fields for rows in small.routerbench_rows().values() for fields in rows]
    columns = {}
    for name in rows[0]:
        values = [np.nan if fields[name] == "" else fields[name] for fields in rows]
        number = isinstance(rows[0][name], float)
        columns[name] = pd.Series(values, dtype=float if number else object)
    frame = pd.DataFrame(columns)
    frame.columns = pd.Index(list(columns), dtype=object)
    return pickle.dumps(frame)


def load_whole():
    return load_routerbench(whole=True, progress=False)


def test_whole_routerbench_is_read_like_its_parts(hub, own_folder, monkeypatch):
    hub.put(routerbench.WHOLE.repository, {PICKLE: small_pickle(), "routerbench_5shot.pkl": b"no"})
    whole = load_whole()
    assert whole.embeddings is None and whole.name == "RouterBench"
    parts = load_small()
    np.testing.assert_array_equal(whole.losses, small.ROUTERBENCH_LOSSES)
    np.testing.assert_array_equal(whole.costs, parts.costs)
    assert (whole.prompts, whole.llms) == (parts.prompts, parts.llms)
    assert whole.prompt_ids.tolist() == parts.prompt_ids.tolist()
    assert whole.tasks.tolist() == parts.tasks.tolist()


def test_prompts_of_the_pickle_may_be_lists(hub):
    frame = pickle.loads(small_pickle())
    frame["prompt"] = pd.Series([ast.literal_eval(text) for text in frame["prompt"]], dtype=object)
    hub.put(routerbench.WHOLE.repository, {PICKLE: pickle.dumps(frame)})
    np.testing.assert_array_equal(load_whole().losses, small.ROUTERBENCH_LOSSES)


def test_forged_pickle_from_the_hub(hub, tmp_path):
    class Forged:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    hub.put(routerbench.WHOLE.repository, {PICKLE: pickle.dumps(Forged())})
    with pytest.raises(pickle.UnpicklingError, match=r"asks for .* refused"):
        load_whole()
    assert not (tmp_path / "ran").exists()


# --- the real files -------------------------------------------------------------------------------


@pytest.mark.data("routerbench")
def test_real_routerbench():
    data = load_routerbench(progress=False)
    assert data.losses.shape == data.costs.shape == (3164, 11)
    assert data.embeddings.shape == (3164, 384)
    assert set(data.losses.ravel()) == {0.0, 1.0}
    assert (data.costs > 0).all()
    assert dict(zip(*np.unique(data.tasks, return_counts=True), strict=True)) == {
        "arc-challenge": 1470, "mbpp": 427, "winogrande": 1267,
    }  # fmt: skip
    assert not [i for i in data.prompt_ids if "#" in i]
    assert len(set(data.prompts)) == 3162
    assert max(map(len, data.prompts)) < 1010  # the examples alone are longer
    assert data.complete().llms == data.llms


def published_rows(prefix):
    files = [name for name in fetch.registry() if name.startswith(prefix)]
    try:
        paths = [fetch.fetch(file) for file in files]
    except DataUnavailableError as error:
        pytest.skip(f"only the converted file is here: {error}")
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


@pytest.mark.data("routerbench")
@pytest.mark.parametrize("column", ["gpt-4-1106-preview", "mistralai/mixtral-8x7b-chat"])
def test_real_routerbench_against_a_recount(column):
    data = load_routerbench(progress=False)
    m = data.llms.index(column.split("/")[-1])
    scores, costs, ends = {}, {}, {}
    for fields in published_rows("routerbench/"):
        i, times = fields["sample_id"], len(ast.literal_eval(fields["prompt"]))
        if fields[column]:
            assert i not in scores
            scores[i] = float(fields[column])
        if times == 1:
            costs[i] = float(fields[f"{column}|total_cost"])
        ends[i] = ast.literal_eval(fields["prompt"])[-1]
    ids = data.prompt_ids.tolist()
    np.testing.assert_array_equal(data.losses[:, m], [1 - scores[i] for i in ids])
    np.testing.assert_allclose(data.costs[:, m], [1000 * costs[i] for i in ids], rtol=1e-12)
    assert all(ends[i].endswith(text) for i, text in zip(ids, data.prompts, strict=True))

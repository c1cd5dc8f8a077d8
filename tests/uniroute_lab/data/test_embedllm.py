"""EmbedLLM: small files of the same form from a small hub, and the sizes of LLMs."""

import csv

import numpy as np
import pytest

from tests.uniroute_lab.data import small
from uniroute_lab.data import csvs, embedllm, load_embedllm

HEADER, answer = small.EMBEDLLM_HEADER, small.embedllm_row


def test_small_embedllm(small_hub):
    data = load_embedllm(progress=False)
    np.testing.assert_array_equal(data.losses, small.EMBEDLLM_LOSSES)
    assert data.prompt_ids.tolist() == ["5", "2", "8"]
    assert data.prompts[:2] == ['Question "5",\nok?', 'Question "2",\nok?']
    assert data.prompts[2].startswith("long long")
    assert data.tasks.tolist() == ["mmlu_law", "piqa", "mmlu_law"]
    assert data.llms == ["Llama-2-13b-chat-hf", "x__same-7b", "y__same-7b"]
    np.testing.assert_array_equal(data.costs, [13.02, 7, 7])
    assert data.cost_unit == "billions of parameters"
    assert "EmbedLLM" in data.citation and "EmbedLLM" in data.licence


@pytest.mark.parametrize("block", [150, 200, 1000])
def test_small_embedllm_in_parts(hub, monkeypatch, block):
    """The files are read in parts; a prompt's rows can lie in several."""
    files = small.embedllm() | {
        "test.csv": small.csv_bytes([HEADER, answer(8, 0, 0), answer(8, 1, 1)])
    }
    hub.put(small.EMBEDLLM, files)
    monkeypatch.setattr(csvs, "BLOCK", block)
    data = load_embedllm(progress=False)
    np.testing.assert_array_equal(data.losses, small.EMBEDLLM_LOSSES)
    assert data.prompt_ids.tolist() == ["5", "2", "8"]


@pytest.mark.parametrize(
    ("file", "rows", "message"),
    [
        ("val.csv", [HEADER, answer(1, 0, "right")], r"val\.csv, line 3: .* got '0' and 'right'"),
        (
            "val.csv",
            [HEADER, answer(1, 0, 1), [1, 9, 0, 1, "?", "z", "c"]],
            r"val\.csv, line 4: .* got '9' and '1'",
        ),
        (
            "val.csv",
            [HEADER[:-1], answer(1, 0, 1)[:-1]],
            r"val\.csv must have a column 'category'; it has \['prompt_id'",
        ),
        ("val.csv", [HEADER, answer(1, 0, 1)[:-1]], r"val\.csv: .*Expected 7 columns, got 6"),
        (
            "model_order.csv",
            [["model_id"], [0]],
            r"model_order\.csv must have a column 'model_name'; it has \['model_id'\]",
        ),
    ],
)
def test_bad_files_of_embedllm(hub, file, rows, message):
    hub.put(small.EMBEDLLM, small.embedllm() | {file: small.csv_bytes(rows)})
    with pytest.raises(ValueError, match=message):
        load_embedllm(progress=False)


def transformer(layers, width, inner, keys, words, matrices=3, tied=False):
    """Billions of parameters: attention, feed-forward layers, embeddings."""
    layer = 2 * width * (width + keys) + matrices * width * inner
    return (layers * layer + (1 if tied else 2) * words * width) / 1e9


MISTRAL = {"layers": 32, "width": 4096, "inner": 14336, "keys": 1024, "words": 32000}
COUNTED = {
    "Llama 7B": transformer(32, 4096, 11008, 4096, 32000),
    "Llama 2 7B": transformer(32, 4096, 11008, 4096, 32000),
    "Llama 13B": transformer(40, 5120, 13824, 5120, 32000),
    "Llama 2 13B": transformer(40, 5120, 13824, 5120, 32000),
    "Llama 2 70B": transformer(80, 8192, 28672, 1024, 32000),
    "Code Llama 34B": transformer(48, 8192, 22016, 1024, 32000),
    "Llama 3 8B": transformer(32, 4096, 14336, 1024, 128256),
    "Llama 3 70B": transformer(80, 8192, 28672, 1024, 128256),
    "Mistral 7B": transformer(**MISTRAL),
    "4 experts of Mistral 7B": transformer(**MISTRAL | {"inner": 4 * 14336}),
    "SOLAR 10.7B": transformer(48, 4096, 14336, 1024, 32000),
    "2 experts of SOLAR 10.7B": transformer(48, 4096, 2 * 14336, 1024, 32000),
    "Yi 6B": transformer(32, 4096, 11008, 512, 64000),
    "DeepSeek Coder 33B": transformer(62, 7168, 19200, 1024, 32256),
    "MPT 7B": transformer(32, 4096, 4 * 4096, 4096, 50432, matrices=2, tied=True),
    "MPT 30B": transformer(48, 7168, 4 * 7168, 7168, 50432, matrices=2, tied=True),
    "Phi 2": transformer(32, 2560, 4 * 2560, 2560, 51200, matrices=2),
    # One key for all heads; a table of 8192 positions.
    "StarCoder": transformer(40, 6144, 4 * 6144, 128, 49152, 2, True) + 8192 * 6144 / 1e9,
}


def test_table_of_parameters_against_a_count():
    with open(embedllm.PARAMS, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["architecture"] for row in rows} == set(COUNTED)
    for row in rows:
        assert float(row["params_b"]) == pytest.approx(COUNTED[row["architecture"]], abs=0.01), row
        stated = embedllm.size_in(row["name"])
        assert np.isnan(stated) or stated == pytest.approx(float(row["params_b"]), rel=0.08), row


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("maker__openchat_3.5", 7.24),
        ("maker__Yi-34B-200K", 34),
        ("34b-beta", 34),
        ("tigerbot-13b-base", 13),
        ("openbuddy-codellama2-34b-v11.1-bf16", 34),
        ("SOLAR-10.7B", 10.7),
        ("Qwen1.5-0.5B", 0.5),
        ("bloom-7b1", 7.1),
        ("llemma_13b", 13),
        ("Mixtral-8x7B-Instruct-v0.1", 7 * (1 + 0.78 * 7)),
        ("MixTAO-7Bx2-MoE-v8.1", 7 * 1.78),
        ("phi-1_5", np.nan),  # no size
        ("falcon-4bit", np.nan),
        ("merge-7b-13b", np.nan),  # two sizes
        ("llama_2_7b", np.nan),  # 7 or 2.7
    ],
)
def test_parameters_from_names(name, billions):
    np.testing.assert_allclose(embedllm.params_b(name), billions)


def test_the_rule_for_mixtures_is_close_to_a_count():
    mixtral = transformer(**MISTRAL | {"inner": 8 * 14336})
    assert embedllm.params_b("Mixtral-8x7B") == pytest.approx(mixtral, rel=0.04)

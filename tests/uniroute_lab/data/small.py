"""Small data sets in the form in which the real ones are published."""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from uniroute_lab.data import fetch


def files_in(folder):
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def csv_bytes(rows):
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue().encode()


def publish(folder, files):
    """Write files and the registry that lists them."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    entries = [
        fetch.Entry(name, "me/x", "c0ffee", name, len(content), sha256(content), "none")._asdict()
        for name, content in files.items()
    ]
    write_table(folder / "registry.csv", entries)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


# --- MMLU-Pro: three LLMs, four questions ---------------------------------------------------------

QUESTIONS = {
    9: ("Largest planet? ", ["Mars", " Jupiter"], "B", "space"),
    80: ("1 + 1?", ["1", "2", "3"], "B", "sums"),
    100: ("2 + 2?", ["4", "5"], "A", "sums"),
    1000: ("Roots of x?", ["0"], "A", "sums"),
}
MMLU_PRO_MODELS = [
    {"file": f"mmlu_pro/{file}.zip", "name": name, "params_b": size, "active_params_b": active}
    | {"released": "2024-05"}
    for file, name, size, active in [
        ("one", "One", "8.0", "2.0"),
        ("two", "Two", "7.0", "7.0"),
        ("three", "Three", "", ""),
    ]
]
MMLU_PRO_LOSSES = np.array([[0, 0, 1], [0, 1, np.nan], [1, 0, 0], [0, 0, 1]])


def answers(preds, **changed_keys):
    """Records as the published files have them."""
    return [
        {"question_id": i, "question": question, "options": options, "pred": pred}
        | {"answer": changed_keys.get(f"q{i}", key), "category": task, "generated_text": "So ..."}
        for (i, (question, options, key, task)), pred in zip(QUESTIONS.items(), preds, strict=True)
    ]


def mmlu_pro_records():
    """Records of three files; the first is the reference."""
    first = answers(["B", "B", None, "A"])
    second = answers(["B", "A", "B", "A"], q100="B")
    second = [record | {"options": str(record["options"])} for record in second[::-1]]
    third = ["total", *[r for r in answers(["A", "B", "A", "C"]) if r["question_id"] != 80]]
    return {"mmlu_pro/one.zip": first, "mmlu_pro/two.zip": second, "mmlu_pro/three.zip": third}


def mmlu_pro(**records):
    """Contents of the files; other records by `two=...`."""
    changed = {f"mmlu_pro/{name}.zip": value for name, value in records.items()}
    return {name: zipped(value) for name, value in (mmlu_pro_records() | changed).items()}


def zipped(records):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("answers.json", json.dumps(records))
    return buffer.getvalue()


# --- RouterBench: two LLMs, five prompts in two files ---------------------------------------------

EXAMPLES = "1 + 1?\nAnswer: 2\n\n2 + 2?\nAnswer: 4\n\n"
ROUTERBENCH_LLMS = ["maker/one", "two"]
ROUTERBENCH_LOSSES = [[0, 0.75], [1, 0], [0, 1], [1, 0], [0.5, np.nan]]
ROUTERBENCH_COSTS = [[1, 2], [3, 4], [1, 2], [1, 2], [1, 2]]


def routerbench_row(sample_id, prompt, scores, costs=(0.001, 0.002), task="sums"):
    """One published row; prompts are lists, written as a string."""
    llms = ROUTERBENCH_LLMS
    fields = {"": "7", "sample_id": sample_id, "prompt": repr(prompt), "eval_name": task}
    fields |= dict(zip(llms, scores, strict=True))
    fields |= {f"{llm}|model_response": "['So ...']" for llm in llms}
    fields |= {f"{llm}|total_cost": cost for llm, cost in zip(llms, costs, strict=True)}
    return fields | {"oracle_model_to_route_to": "two"}


def routerbench_rows():
    """Rows of two files; `s.2` is told in two rows, and `t.1` stands there twice."""
    row = routerbench_row
    first = [
        row("s.1", [EXAMPLES + "3 + 3?\n\nAnswer:"], (1.0, 0.25)),
        row("s.2", [EXAMPLES + "3 + 4?"] * 2, ("", 1.0), (0.008, 0.009)),
        row("t.1", ["Capital of Peru?"], (1.0, 0.0), task="towns"),
    ]
    second = [
        row("s.2", [EXAMPLES + "3 + 4?"], (0.0, ""), (0.003, 0.004)),
        row("t.1", ["Capital of Peru?"], (0.0, 1.0), task="towns"),
        row("t.2", ["Where is Oslo?", "And Rome?"], (0.5, ""), task="towns"),
    ]
    return {"routerbench/a.csv": first, "routerbench/b.csv": second}


def routerbench(files=None):
    files = routerbench_rows() if files is None else files
    return {
        name: csv_bytes([list(rows[0]), *(row.values() for row in rows)])
        for name, rows in files.items()
    }


# --- LLMRouter: two LLMs, three prompts -----------------------------------------------------------

LLMROUTER_LOSSES = [[0, 1], [0.5, 0], [1, 0]]


def llmrouter_content():
    def record(question, one, two, **more):
        return {"question": question, "scores": {"two": two, "one": one}, **more}

    train = [record("1 + 1?", 1.0, 0.0, cluster_id=3), record("Café?", 0.5, 1.0, cluster_id=1)]
    facts = {
        "one": {"size": "7B", "input_price": 0.2, "output_price": 0.4},
        "unused": {"size": "70B", "input_price": 9, "output_price": 9},
    }
    return {
        "llmrouter/train.json": train,
        "llmrouter/test.json": [record("1 + 1?", 0.0, 1.0)],
        "llmrouter/default_llm.json": facts,
    }


def llmrouter(content=None):
    content = llmrouter_content() if content is None else content
    return {name: json.dumps(value).encode() for name, value in content.items()}


# --- OpenHands: two LLMs, three issues, of which SWT-bench has two -------------------------------

OPENHANDS_TEXTS = ["pkg fails", "pkg is slow", "lib lies"]
OPENHANDS_IDS = ["me__pkg-10", "me__pkg-9", "you__lib-1"]


def openhands_content():
    """LLM "b" has no outcome for one issue, a cost of 0 and a missing one; "a" lacks an issue."""

    def tried(*attempts):
        ids = reversed(OPENHANDS_IDS)  # the files have any order
        pairs = zip(ids, reversed(attempts), strict=True)
        return {i: {"cost": cost, "resolved": done} for i, (cost, done) in pairs}

    swe = {
        "a": tried((0.5, True), (1.5, False), (2.0, True)),
        "b": tried((0.25, None), (0, True), (None, False)),
    }
    swt = {
        "a": {"you__lib-1": {"cost": 1.0, "resolved": True}},
        "b": {i: {"cost": 3.0, "resolved": False} for i in OPENHANDS_IDS[1:]},
    }
    content = {"openhands/swe_bench_verified.json": OPENHANDS_TEXTS}
    for llm, date in (("b", "2026-02-01"), ("a", "2025-12-31")):
        folder = f"openhands/results/{llm}"
        content[f"{folder}/metadata.json"] = {"model": llm, "release_date": date}
        content[f"{folder}/instance_results/swe-bench.json"] = swe[llm]
        content[f"{folder}/instance_results/swt-bench.json"] = swt[llm]
    return content


OPENHANDS_LOSSES = [[0, np.nan], [1, 0], [0, 1]]
OPENHANDS_COSTS = [[0.5, 0.25], [1.5, np.nan], [2.0, np.nan]]


# --- LiveCodeBench: three LLMs, two tasks, two states of the results ------------------------------

LIVECODEBENCH_MODELS = [
    {"name": "old", "released": "2024-01", "output_price": "2.5"},
    {"name": "new", "released": "2025-01", "output_price": ""},
    {"name": "both", "released": "2024-06", "output_price": "10"},
]
LIVECODEBENCH_LOSSES = [[0.25, 0.5, 1], [0.8, 1, 0]]  # of both, new, old


def livecodebench_content():
    """ "both" has another number in the newer state, which also has a task without a text."""

    def result(task, model, passed):
        return {"question_id": task, "model": model, "pass@1": passed, "date": 1}

    def state(**passed):
        rows = [result(t, m, p) for m, all_ in passed.items() for t, p in zip("xyz", all_)]  # noqa: B905
        return {"performances": rows, "models": [{"model_repr": m} for m in passed]}

    def question(name, difficulty, text):
        about = {"platform": "atcoder", "difficulty": difficulty, "graded_list": [True]}
        return {"question_id": name, "question_content": text, **about}

    return {
        "livecodebench/O1-Preview-2024-09-12_codegeneration.json": [
            question("x", "easy", "Add."),
            question("y", "hard", "Fly."),
        ],
        "livecodebench/performances_generation_33505c07.json": state(old=[0, 100], both=[10, 20]),
        "livecodebench/performances_generation_83b6481b.json": state(
            both=[75.0, 20.0, 1.0], new=[50, 0, 5]
        ),
    }


def as_files(content):
    """Return contents as the JSON files they are published in."""
    return {name: json.dumps(value).encode() for name, value in content.items()}


# --- EmbedLLM: three LLMs, three questions --------------------------------------------------------

EMBEDLLM = "RZ412/EmbedLLM"
EMBEDLLM_HEADER = [
    "prompt_id",
    "model_id",
    "category_id",
    "label",
    "prompt",
    "model_name",
    "category",
]
EMBEDLLM_MODELS = ["meta__Llama-2-13b-chat-hf", "x__same-7b", "y__same-7b"]
EMBEDLLM_LOSSES = [[0.5, 1, 0], [0, 0, 1], [1, 0, np.nan]]


def embedllm_row(prompt, model, label, category="mmlu_law", text=None):
    text = text or f'Question "{prompt}",\nok?'
    return [prompt, model, 0, label, text, EMBEDLLM_MODELS[model], category]


def embedllm():
    """Question 5 stands in two categories; LLM 2 was not asked question 8."""
    row, header = embedllm_row, EMBEDLLM_HEADER
    train = [row(5, 0, 1), row(5, 1, 0), row(5, 2, 1)]
    train += [row(5, 0, 0, "logiqa"), row(5, 1, 0, "logiqa"), row(5, 2, 1, "logiqa")]
    val = [row(2, m, label, "piqa") for m, label in enumerate([1, 1, 0])]
    test = [row(8, 0, 0, text="long " * 50_000), row(8, 1, 1)]
    return {
        "train.csv": csv_bytes([header, *train]),
        "val.csv": csv_bytes([header, *val]),
        "test.csv": csv_bytes([header, *test]),
        "model_order.csv": csv_bytes([["model_id", "model_name"], *enumerate(EMBEDLLM_MODELS)]),
        "question_order.csv": b"not needed",
    }

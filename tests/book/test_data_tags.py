"""What needs a data set that cannot be had: which tests, cells and chapters stand back."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

import conftest
from scripts import kernels, run_chapters
from uniroute_lab import data

OFFLINE = "no network"


@pytest.fixture
def only_llmrouter(monkeypatch):
    """Pretend that no data set but LLMRouter can be had."""

    def reason(tag):
        assert tag in kernels.names_by_tag()
        return None if tag == "llmrouter" else OFFLINE

    for module in (conftest, run_chapters):
        monkeypatch.setattr(module, "why_no_data", reason)


@pytest.mark.parametrize("tag", kernels.names_by_tag())
def test_every_tag_has_a_data_set_that_says_yes_or_why_not(tag, monkeypatch):
    name = kernels.names_by_tag()[tag]
    for answer, expected in [((True, "it is here"), None), ((False, "not here"), "not here")]:
        kernels.why_no_data.cache_clear()
        monkeypatch.setattr(data, "available", {name: answer}.get)
        assert kernels.why_no_data(tag) == expected
    kernels.why_no_data.cache_clear()


def test_tags_are_read_without_loading_numpy():
    """Its threads are counted when it is loaded: the environment must be set before."""
    code = "import sys; from scripts import kernels; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_data_set_in_a_mark():
    with pytest.raises(KeyError, match="nowhere"):
        kernels.why_no_data("nowhere")


class Item:
    """As much of a collected test or cell as the conftest looks at."""

    def __init__(self, marks=(), cell=None):
        self.marks, self.cell, self.skipped = marks, cell, []

    def iter_markers(self, name):
        return [mark.mark for mark in self.marks if mark.name == name]

    def add_marker(self, mark):
        self.skipped.append(mark.mark.kwargs["reason"])


@pytest.mark.parametrize(
    ("marks", "skipped"),
    [
        ([], []),
        ([pytest.mark.data], [OFFLINE]),
        ([pytest.mark.data("mmlu-pro")], [OFFLINE]),
        ([pytest.mark.data("llmrouter")], []),
        ([pytest.mark.data("llmrouter", "sprout")], [OFFLINE]),
        ([pytest.mark.data("llmrouter"), pytest.mark.data("embedllm")], [OFFLINE]),
    ],
)
def test_marked_tests(only_llmrouter, marks, skipped):
    item = Item(marks)
    conftest.pytest_collection_modifyitems([item])
    assert item.skipped == skipped


@pytest.mark.parametrize(
    ("tags", "skipped"),
    [(None, []), (["hide-input"], []), (["llmrouter"], []), (["x", "routerbench"], [OFFLINE])],
)
def test_tagged_cells(only_llmrouter, tags, skipped):
    item = Item(cell={"metadata": {} if tags is None else {"tags": tags}})
    conftest.pytest_collection_modifyitems([item])
    assert item.skipped == skipped


def test_chapter_keeps_stored_outputs_of_cells_that_wait_for_data(only_llmrouter, tmp_path):
    stored = [new_output("stream", text="stored\n")]
    tags = [[], ["routerbench"], ["llmrouter"], ["skip-execution"], ["sprout", "skip-execution"]]
    cells = [
        new_code_cell("print('new')", metadata={"tags": list(tag)}, outputs=stored) for tag in tags
    ]
    path = tmp_path / "chapter.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert run_chapters.tags_in(path) == {"routerbench", "llmrouter", "sprout"}
    assert run_chapters.run_chapter(path) is None
    after = nbformat.read(path, as_version=4).cells
    assert [cell.metadata.tags for cell in after] == tags
    assert [cell.outputs[0].text for cell in after] == [
        "new\n", "stored\n", "new\n", "stored\n", "stored\n"
    ]  # fmt: skip

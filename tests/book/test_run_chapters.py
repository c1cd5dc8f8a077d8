"""Running chapters stores what they print, names the cell that fails and leaves it as it was."""

import os
import socket
import subprocess
import sys

import nbformat
import nbval.kernel
import pytest
import yaml
from jupyter_client.provisioning.local_provisioner import LocalPortCache
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from scripts import run_chapters
from scripts.kernels import start_again

PICTURE = """class Picture:
    def __repr__(self):
        return "a red square"
    def _repr_png_(self):
        import base64
        return base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
        )
Picture()"""
CHAPTERS = {
    "01-good": ["print('a')\nprint('b')", "6 * 7", PICTURE],
    "02-bad": ["x = 1", "# a comment first\nx / 0", "print('not reached')"],
    "03-other": ["import os; print(os.path.basename(os.getcwd()))"],
}


@pytest.fixture
def book(tmp_path):
    """Return the folder of a small book: an introduction, three chapters, one without part."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "intro.md").write_text("# Intro\n")
    for name, sources in CHAPTERS.items():
        cells = [new_markdown_cell("# Title"), *map(new_code_cell, sources)]
        nbformat.write(new_notebook(cells=cells), tmp_path / "book" / f"{name}.ipynb")
    parts = [
        {"caption": "One", "chapters": [{"file": "book/03-other"}, {"file": "book/01-good"}]},
        {"caption": "Two", "chapters": [{"file": "book/02-bad"}]},
    ]
    toc = {"format": "jb-book", "root": "book/intro", "parts": parts}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
    return tmp_path


def read(book, name):
    return nbformat.read(book / "book" / f"{name}.ipynb", as_version=4)


def test_order_is_that_of_the_table_of_contents(book):
    names = ["book/intro", "book/03-other", "book/01-good", "book/02-bad"]
    assert run_chapters.toc_files(book) == names
    assert [path.stem for path in run_chapters.chapters(book)] == ["03-other", "01-good", "02-bad"]


def test_outputs_are_stored(book):
    assert run_chapters.run_chapter(book / "book" / "01-good.ipynb") is None
    notebook = read(book, "01-good")
    printed, value, picture = notebook.cells[1:]
    assert [output.text for output in printed.outputs] == ["a\nb\n"]
    assert value.outputs[0].data["text/plain"] == "42"
    assert picture.metadata.mystnb.image.alt == "a red square"
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"mystnb"} for cell in notebook.cells)


def test_a_second_run_changes_nothing(book):
    path = book / "book" / "01-good.ipynb"
    run_chapters.run_chapter(path)
    first = path.read_bytes()
    run_chapters.run_chapter(path)
    assert path.read_bytes() == first


def test_a_failing_cell_is_named_and_the_chapter_left_as_it_was(book, capsys):
    path = book / "book" / "02-bad.ipynb"
    before = path.read_bytes()
    assert run_chapters.run_all(book) == 1
    assert path.read_bytes() == before
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["[1/3]", "book/03-other.ipynb"],
        ["[2/3]", "book/01-good.ipynb"],
        ["[3/3]", "book/02-bad.ipynb"],
    ]
    assert [line.endswith("FAILED") for line in lines[:3]] == [False, False, True]
    assert lines[3:] == ["  cell 3: # a comment first", "  ZeroDivisionError: division by zero"]
    (folder,) = read(book, "03-other").cells[1].outputs
    assert folder.text == "book\n"


@pytest.mark.parametrize(
    ("source", "name"),
    [("import os; os._exit(1)", "DeadKernelError"), ("while True: pass", "CellTimeoutError")],
)
def test_a_kernel_that_dies_or_hangs_is_reported(book, monkeypatch, source, name):
    monkeypatch.setattr(run_chapters, "CELL_SECONDS", 2)
    path = book / "book" / "01-good.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    failure = run_chapters.run_chapter(path)
    assert failure.startswith(f"  cell 1: {source}\n  {name}:")


@pytest.fixture
def taken(monkeypatch):
    """Another process has the first port that Jupyter holds for free."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        first, find = [other.getsockname()[1]], LocalPortCache.find_available_port
        monkeypatch.setattr(
            LocalPortCache, "find_available_port", lambda *a: first.pop() if first else find(*a)
        )
        yield first


def test_a_kernel_whose_port_was_taken_is_started_again(book, taken):
    path = book / "book" / "01-good.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("print(6 * 7)")]), path)
    assert run_chapters.run_chapter(path) is None and not taken
    assert read(book, "01-good").cells[0].outputs[0].text == "42\n"


def test_nbval_starts_a_kernel_again_whose_port_was_taken(taken):
    manager, client = nbval.kernel.start_new_kernel(
        kernel_name="python3", stderr=subprocess.DEVNULL
    )
    assert manager.is_alive() and not taken
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_another_failure_to_start_is_no_reason_to_try_again():
    tries = []

    def start():
        tries.append(1)
        raise RuntimeError("no such kernel")

    with pytest.raises(RuntimeError, match="no such kernel"):
        start_again(start)()
    assert len(tries) == 1


def test_kernels_begin_with_the_start_file_and_without_names_of_its(book):
    path = book / "book" / "01-good.ipynb"
    source = "print('gc' in globals(), __import__('gc').get_threshold()[0])"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    assert run_chapters.run_chapter(path) is None
    assert read(book, "01-good").cells[0].outputs[0].text == "False 100000\n"


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["run_chapters", *map(str, arguments)])
    run_chapters.main()


def test_words_choose_chapters(book, monkeypatch, capsys):
    run(monkeypatch, book, "01", "other")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["book/03-other.ipynb", "book/01-good.ipynb"]


def test_command_fails_with_the_number_of_chapters(book, monkeypatch):
    with pytest.raises(SystemExit, match=r"1 chapter\(s\) failed"):
        run(monkeypatch, book, "02")


def test_command_fails_where_no_chapter_is_meant(book, monkeypatch):
    with pytest.raises(SystemExit, match="No chapter has 99 or x in its name"):
        run(monkeypatch, book, "99", "x")


def test_a_kernel_of_another_python_is_refused(monkeypatch):
    run_chapters.check_kernel()
    monkeypatch.setattr(sys, "prefix", "/elsewhere")
    with pytest.raises(SystemExit, match="not one of /elsewhere"):
        run_chapters.check_kernel()


def test_streams_are_joined_where_they_follow_each_other():
    parts = [("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d"), ("stdout", "e")]
    outputs = [new_output("stream", name=name, text=text) for name, text in parts]
    outputs.insert(4, new_output("display_data", data={"text/plain": "x"}))
    merged = run_chapters.merge_streams(outputs)
    assert [output.get("text") for output in merged] == ["ab", "c", "d", None, "e"]


def test_an_alt_text_goes_with_its_picture():
    picture = new_output("display_data", data={"image/png": "AAAA", "text/plain": "a picture"})
    old = {"mystnb": {"image": {"alt": "old", "width": "50%"}}}
    cells = [new_code_cell(metadata=old), new_code_cell(outputs=[picture])]
    notebook = new_notebook(cells=cells)
    run_chapters.store_alt_texts(notebook)
    assert notebook.cells[0].metadata == {"mystnb": {"image": {"width": "50%"}}}
    assert notebook.cells[1].metadata == {"mystnb": {"image": {"alt": "a picture"}}}


def test_an_empty_cell_has_a_name_too():
    notebook = new_notebook(cells=[new_code_cell("  \n")])
    assert run_chapters.describe_failure(notebook, 0, ValueError("x")) == (
        "  cell 1: (empty)\n  ValueError: x"
    )


EXERCISE = {
    "starter": 'answer = ...\ncheck("ex01-sum", answer)',
    "solution": 'answer = 0.5 + 0.5\ncheck("ex01-sum", answer)',
}


def test_answers_are_recorded_and_said_to_be_expected(book, monkeypatch):
    path = book / "book" / "01-good.ipynb"
    cells = [new_code_cell("from uniroute_lab.exercises import check")]
    cells += [new_code_cell(source) for source in EXERCISE.values()]
    cells[1].metadata.tags = [run_chapters.STARTER]
    nbformat.write(new_notebook(cells=cells), path)
    monkeypatch.setenv("UNIROUTE_ANSWERS", str(book))
    monkeypatch.setenv(run_chapters.RECORD, "1")
    assert run_chapters.run_chapter(path) is None
    recorded = path.read_bytes()
    texts = ["".join(out.text for out in cell.outputs) for cell in read(book, "01-good").cells]
    missing = "ex01-sum: not answered yet; expected is a number.\n"
    assert texts == ["", missing, "ex01-sum: right.\n"]
    # From then on they are compared with what was recorded.
    monkeypatch.delenv(run_chapters.RECORD)
    assert run_chapters.run_chapter(path) is None
    assert path.read_bytes() == recorded


def test_the_option_to_record_is_no_folder(book, monkeypatch, capsys):
    monkeypatch.setenv(run_chapters.RECORD, "")
    monkeypatch.setattr(sys, "argv", ["run_chapters", "--record", str(book), "03"])
    run_chapters.main()
    assert os.environ[run_chapters.RECORD] == "1"
    assert "book/03-other.ipynb" in capsys.readouterr().out

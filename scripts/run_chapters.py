"""Run the book's chapters and store their outputs in them.

Usage: python -m scripts.run_chapters [--record] FOLDER [WORD ...], where FOLDER holds _toc.yml and
book/. With words, only the chapters with one of them in their names run. With --record, what the
worked solutions answer is recorded: from then on, exercises are checked against it.
"""

import os
import re
import sys
import time
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError

from scripts.kernels import data_tags, make_reproducible, start_again, why_no_data

CELL_SECONDS = 600
SKIP = "skip-execution"  # the tag of cells that are not run
RECORD = "UNIROUTE_RECORD_ANSWERS"  # read by the kernels' check
STARTER = "starter"  # the tag of cells that exercises begin with
NOT_ANSWERED = re.compile(r"^(ex\d\d-[\w-]+): not answered yet.*(\n  .*)*$", re.M)
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def toc_files(root):
    """Return the paths in the order of the table of contents, without their endings."""
    toc = yaml.safe_load((Path(root) / "_toc.yml").read_text(encoding="utf-8"))
    entries = [entry for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *(entry["file"] for entry in entries)]


def chapters(root):
    """Return the paths of the notebooks, in the book's order."""
    paths = [Path(root) / f"{name}.ipynb" for name in toc_files(root)]
    return [path for path in paths if path.exists()]


def tags_in(path):
    """Return the data sets that a notebook's cells are tagged with."""
    return {tag for cell in nbformat.read(path, as_version=4).cells for tag in data_tags(cell)}


def check_kernel():
    """Stop when the name python3 means another Python than this one."""
    from jupyter_client.kernelspec import KernelSpecManager

    folder = Path(KernelSpecManager().get_kernel_spec("python3").resource_dir)
    if not folder.is_relative_to(sys.prefix):
        sys.exit(
            f"The kernel python3 is {folder}, not one of {sys.prefix}: install ipykernel there"
        )


def store_alt_texts(notebook):
    """Give each picture's text to MyST-NB, which writes it into the page's alt attribute."""
    for cell in notebook.cells:
        cell.metadata.get("mystnb", {}).get("image", {}).pop("alt", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                image = cell.metadata.setdefault("mystnb", {}).setdefault("image", {})
                image["alt"] = data["text/plain"]


def merge_streams(outputs):
    """Join what a cell printed in a row: where it was cut depends on how busy the machine was."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" and output.name == last.get("name"):
            last.text += output.text
        else:
            merged.append(output)
    return merged


def tidy(notebook):
    """Keep only what does not change from one run or machine to the next."""
    notebook.metadata.update(METADATA)
    notebook.metadata["language_info"] = METADATA["language_info"]
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)


def say_what_is_expected(notebook):
    """Let starter cells say what kind of answer is expected: it was recorded after they ran."""
    from uniroute_lab.exercises.checking import verdict

    for cell in notebook.cells:
        for output in cell.get("outputs", []) if STARTER in cell.metadata.get("tags", []) else []:
            if match := NOT_ANSWERED.search(output.get("text", "")):
                output.text = NOT_ANSWERED.sub(verdict(match[1], ...), output.text)


def describe_failure(notebook, index, error):
    """Name the cell and what went wrong, in two lines."""
    source = notebook.cells[index].source.strip()
    first = source.splitlines()[0] if source else "(empty)"
    name, value = (
        getattr(error, "ename", type(error).__name__),
        getattr(error, "evalue", str(error)),
    )
    return f"  cell {index + 1}: {first}\n  {name}: {value}"


def run_chapter(path):
    """Run one chapter in place; return None, or what failed."""
    notebook = nbformat.read(path, as_version=4)
    waiting = [cell for cell in notebook.cells if any(map(why_no_data, data_tags(cell)))]
    for cell in waiting:
        cell.metadata.tags.append(SKIP)
    reached = [0]
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        record_timing=False,
        skip_cells_with_tag=SKIP,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # its warnings are for servers
        on_cell_execute=lambda cell, cell_index: reached.append(cell_index),
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        start_again(client.execute)()
    except (CellControlSignal, DeadKernelError) as error:
        return describe_failure(notebook, reached[-1], error)
    for cell in waiting:
        cell.metadata.tags.remove(SKIP)
    tidy(notebook)
    store_alt_texts(notebook)
    if os.environ.get(RECORD):
        say_what_is_expected(notebook)
    nbformat.write(notebook, path)
    return None


def run_all(root, words=()):
    """Run chapters with a line of progress each; return how many failed."""
    paths = [
        path for path in chapters(root) if not words or any(word in path.stem for word in words)
    ]
    if not paths:
        sys.exit(f"No chapter has {' or '.join(words) or 'a notebook'} in its name")
    for tag in sorted({tag for path in paths for tag in tags_in(path)}):
        if reason := why_no_data(tag):
            print(f"Cells tagged {tag} keep their stored outputs: {reason}")
    failures = 0
    for number, path in enumerate(paths, start=1):
        print(f"[{number}/{len(paths)}] {path.relative_to(root)}", end=" ", flush=True)
        start = time.perf_counter()
        failure = run_chapter(path)
        print(f"{time.perf_counter() - start:.1f} s", "FAILED" if failure else "")
        if failure:
            failures += 1
            print(failure)
    return failures


def main():
    """Run the chapters under the folder named on the command line."""
    make_reproducible()
    check_kernel()
    arguments = sys.argv[1:]
    if "--record" in arguments:
        arguments.remove("--record")
        os.environ[RECORD] = "1"
    root, *words = arguments
    failures = run_all(Path(root), words)
    if failures:
        sys.exit(f"{failures} chapter(s) failed")


if __name__ == "__main__":
    main()

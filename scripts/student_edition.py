"""Write the student's edition: chapters without solutions, in Markdown that all notebooks show.

Usage: python -m scripts.student_edition FOLDER

In FOLDER each chapter is a notebook whose solutions are replaced by links to the book's pages.
The cells that exercises begin with stay, without outputs. A first cell installs the packages in
Colab.
"""

import copy
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from scripts.plain_markdown import Book, to_plain
from scripts.run_chapters import STARTER, tidy

ROOT = Path(__file__).parents[1]
BRANCH = "student"
REPOSITORY = "https://github.com/uniroute-book/uniroute"
INSTALL = f"""# In Colab this installs the book's packages. Elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    %pip install -q "uniroute[EXTRAS] @ git+{REPOSITORY}@{BRANCH}"
    %pip install -q "uniroute-lab @ git+{REPOSITORY}@{BRANCH}#subdirectory=uniroute_lab"
"""
# What an import needs beside the routers.
EXTRAS = {
    "embed": ("uniroute.embed", "torch"),
    "report": ("uniroute.report",),
    "serve": ("uniroute.serve",),
}
FOLDED = {
    "hide-input": "source_hidden",
    "remove-input": "source_hidden",
    "hide-output": "outputs_hidden",
}


def without_solutions(cells):
    """Return [(cell, labels)] without the cells and parts of cells that are in solutions.

    The labels are those of the exercises whose solutions have been taken out at the cell's end.
    """
    kept, inside = [], None
    for cell in copy.deepcopy(cells):
        if cell.cell_type != "markdown":
            kept += [] if inside else [(cell, [])]
            continue
        blocks, labels = [], []
        for line in cell.source.split("\n"):
            if line.startswith(":::{solution-start}"):
                inside = line.split()[1]
                labels.append(inside)
            elif line.startswith(":::{solution-end}"):
                inside = "closing"
            elif inside == "closing":
                inside = None  # the line of colons after it
            elif not inside:
                blocks.append(line)
        inside = None if inside == "closing" else inside
        cell.source = "\n".join(blocks).strip("\n")
        if cell.source or labels:
            kept.append((cell, labels))
    return kept


def caption(cell, book, name):
    """Return a cell with the caption of a cell's figure, or nothing."""
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if "caption" not in figure:
        return []
    number = book.words.get(figure.get("name", ""), ("Figure",))[0]
    text = to_plain(figure["caption"], book, name)
    return [new_markdown_cell(f"**{number}.** {text}", id=f"{cell.id}-caption")]


def student_cell(cell, book, name, solved):
    """Return a cell as students get it, with what follows it."""
    if cell.cell_type == "code":
        tags = cell.metadata.get("tags", [])
        if STARTER in tags:
            cell.update(outputs=[], execution_count=None)
        if hidden := {FOLDED[tag]: True for tag in tags if tag in FOLDED}:
            cell.metadata["jupyter"] = hidden
        return [cell, *caption(cell, book, name)]
    text = to_plain(cell.source, book, name)
    for label in solved:
        page = book.page(name, label)
        text += f"\n\n[Solution of {book.words[label][0]}, on the page]({page})"
    cell.source = text.strip("\n")
    return [cell] if cell.source else []


def install_cell(cells):
    """Return the cell that installs what the code of a chapter needs, in Colab."""
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    needed = [extra for extra, names in EXTRAS.items() if any(name in code for name in names)]
    extras = f"[{','.join(needed)}]" if needed else ""
    return new_code_cell(INSTALL.replace("[EXTRAS]", extras), id="install")


def student_notebook(notebook, book, name):
    """Return a chapter as students get it: without solutions, without markup of MyST."""
    cells = []
    for cell, solved in without_solutions(notebook.cells):
        cells += student_cell(cell, book, name, solved)
    title, _, rest = cells[0].source.partition("\n")
    page = f"*[This chapter's page]({book.page(name)}) has the solutions.*"
    cells[0].source = f"{title}\n\n{page}\n{rest}"
    made = nbformat.from_dict({**notebook, "cells": [install_cell(cells), *cells]})
    tidy(made)
    return made


def write_edition(root, folder):
    """Write the edition of the book under a folder; return the paths."""
    book, folder, paths = Book(root), Path(folder), []
    folder.mkdir(parents=True, exist_ok=True)
    for name in book.chapters:
        notebook = nbformat.read(Path(root) / "book" / f"{name}.ipynb", as_version=4)
        made = student_notebook(notebook, book, name)
        nbformat.validate(made)
        paths.append(folder / f"{name}.ipynb")
        nbformat.write(made, paths[-1])
    return paths


def main():
    """Write the edition into the folder that is named on the command line."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{len(write_edition(ROOT, sys.argv[1]))} chapters in {sys.argv[1]}")


if __name__ == "__main__":
    main()

"""The student's edition has no solutions and no markup of MyST; its stubs say what is missing."""

import ast
import builtins
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from scripts import student_edition
from scripts.plain_markdown import Book
from uniroute_lab.exercises.checking import verdict

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("[0-9]*.ipynb"))
MARKUP = re.compile(r"^:::|^```\{|\{[a-z:]+\}`|^\([\w-]+\)=$|^\$\$ \(", re.M)


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    folder = tmp_path_factory.mktemp("student")
    paths = student_edition.write_edition(ROOT, folder)
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def of_kind(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def names(source):
    """Return the names that a cell binds, and those that it reads and does not bind."""
    bound, read = set(), set()
    for node in ast.walk(ast.parse(re.sub(r"^( *)%.*", r"\1pass", source, flags=re.M))):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            bound.add(node.name)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return bound, read - bound


def test_every_chapter_is_there(edition):
    assert sorted(edition) == CHAPTERS


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_solution_and_no_markup_is_left(edition, name):
    notebook = edition[name]
    nbformat.validate(notebook)
    text = "\n\n".join(cell.source for cell in of_kind(notebook, "markdown"))
    assert not MARKUP.findall(text)
    book = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)
    exercises = re.findall(
        r"exercise-start\} .*\n:label: (\S+)",
        str([c.source for c in book.cells]).replace("\\n", "\n"),
    )
    links = re.findall(r"^\[Solution of Exercise [\d.]+, on the page\]\((\S+)\)$", text, re.M)
    assert [link.split("#")[1] for link in links] == exercises
    assert len(re.findall(r"^### Exercise [\d.]+: ", text, re.M)) == len(exercises)


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_cell_needs_a_name_from_a_solution(edition, name):
    book = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)
    kept, every = of_kind(edition[name], "code"), of_kind(book, "code")
    stay = {cell.id for cell in kept}
    solved = set().union(*(names(cell.source)[0] for cell in every if cell.id not in stay))
    # A function may use what a later cell defines.
    later = set().union(*(names(cell.source)[0] for cell in kept)) - solved
    known = {*dir(builtins), "display", "__name__"}
    for cell in kept:
        bound, read = names(cell.source)
        assert read <= known | later, cell.source
        known |= bound


@pytest.mark.parametrize("name", CHAPTERS)
def test_starters_are_there_without_outputs(edition, name):
    book = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)
    starters = [c for c in of_kind(book, "code") if "starter" in c.metadata.get("tags", [])]
    kept = [c for c in of_kind(edition[name], "code") if "starter" in c.metadata.get("tags", [])]
    assert [cell.source for cell in kept] == [cell.source for cell in starters]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in kept)


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_first_cell_installs_in_colab_only(edition, name):
    first = edition[name].cells[0]
    # Elsewhere nothing happens: all that is not an import stands under the condition.
    module = ast.parse(re.sub(r"^( *)%.*", r"\1pass", first.source, flags=re.M))
    assert [type(node) for node in module.body] == [ast.Import, ast.If]
    assert ast.unparse(module.body[1].test) == "'google.colab' in sys.modules"
    commands = re.findall(r"^ +%(.*)$", first.source, re.M)
    assert len(commands) == 2 and all(c.startswith("pip install -q ") for c in commands)
    assert all(f"@{student_edition.BRANCH}" in command for command in commands)
    assert "sys" not in names("\n".join(c.source for c in of_kind(edition[name], "code")[1:]))[1]


def cell(source, *tags):
    made = new_code_cell(source)
    made.metadata.tags = list(tags)
    return made


SMALL = [
    new_markdown_cell("# A chapter\n\nWhat is it?"),
    new_code_cell("from uniroute_lab.exercises import check"),
    new_markdown_cell(":::{exercise-start} Half\n:label: ex22-half\n:::\nA half?"),
    cell('answer = ...\ncheck("ex00-half", answer)', "starter"),
    new_markdown_cell(
        ":::{exercise-end}\n:::\n\n:::{solution-start} ex22-half\n:class: dropdown\n:::\nEasy."
    ),
    new_code_cell('answer = 0.5\ncheck("ex00-half", answer)'),
    new_markdown_cell(":::{solution-end}\n:::\n\nThe end."),
    cell("1 + 1", "hide-input"),
]


@pytest.fixture
def small():
    book = Book(ROOT)
    book.words["ex22-half"] = "Exercise 22.9", "22-other-losses"
    notebook = new_notebook(cells=SMALL)
    return student_edition.student_notebook(notebook, book, "22-other-losses")


def test_a_small_chapter(small):
    page = Book(ROOT).page("22-other-losses")
    assert [cell.source for cell in small.cells[1:]] == [
        f"# A chapter\n\n*[This chapter's page]({page}) has the solutions.*\n\nWhat is it?",
        "from uniroute_lab.exercises import check",
        "### Exercise 22.9: Half\n\nA half?",
        'answer = ...\ncheck("ex00-half", answer)',
        f"[Solution of Exercise 22.9, on the page]({page}#ex22-half)",
        "The end.",
        "1 + 1",
    ]
    assert small.cells[-1].metadata.jupyter == {"source_hidden": True}
    assert len(SMALL) == 8 and "Easy" in SMALL[4].source, "the book's own cells stay"


def test_stubs_run_and_say_what_is_missing(small):
    NotebookClient(small, kernel_name="python3", timeout=120).execute()
    assert small.cells[0].outputs == []
    (said,) = small.cells[4].outputs
    assert said.text == verdict("ex00-half", ...) + "\n"


def test_what_needs_more_than_the_routers_is_installed():
    cells = [new_code_cell("from uniroute.embed import embed")]
    assert "uniroute[embed] @" in student_edition.install_cell(cells).source
    assert "uniroute @" in student_edition.install_cell([]).source


@pytest.mark.parametrize("page", ["README.md", "book/intro.md"])
def test_links_open_the_branch(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(
        r"https://(?:mybinder\.org/v2|colab\.research\.google\.com/github)/\S+?\)", text
    )
    assert len(links) == 2
    for link in links:
        assert re.search(rf"uniroute-book/uniroute/(blob/)?{student_edition.BRANCH}[/?]", link)
        assert (ROOT / "book" / link.rstrip(")").rsplit("/", 1)[1]).is_file()


def test_the_workflow_publishes_what_the_script_writes():
    text = (ROOT / ".github" / "workflows" / "student.yml").read_text(encoding="utf-8")
    assert "make student\n" in text and "cp _build/student/*.ipynb book/\n" in text
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "scripts.student_edition _build/student\n" in makefile
    assert f"git push -q --force origin {student_edition.BRANCH}\n" in text
    assert "origin main" not in text

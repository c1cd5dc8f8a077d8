"""Every chapter has the form that CONTRIBUTING.md asks for, and its outputs are fit to be shown."""

import ast
import itertools
import re
import statistics
from pathlib import Path

import nbformat
import pytest
import yaml

from scripts.kernels import names_by_tag

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
TAGS = {*names_by_tag(), "skip-execution", "hide-input", "hide-output", "remove-input"}
TAGS |= {"starter"}  # what an exercise begins with
# The outputs of these are not compared with a new run: for what is different on each machine.
TAGS |= {"nbval-ignore-output"}
# What a chapter leaves to uniroute_lab.plot.
DRAWING = re.compile(r"\b(matplotlib|pyplot|seaborn|rcParams)\b")
# Folders of one machine: in a path, not in a web address or a fraction such as 1/tmp.
MACHINE = re.compile(
    r"(?<![\w.:/])/(home|root|tmp|work|Users|usr|var|opt|mnt|private)/|\b[A-Z]:\\|site-packages"
)
LOADED = "mmlu_pro|routerbench|llmrouter|openhands|livecodebench|embedllm|sprout"
EXERCISE = re.compile(r":::\{exercise-start\} (.+)\n:label: (\S+)\n")
SOLUTION = re.compile(r":::\{solution-start\} (\S+)\n:class: dropdown\n")
LABELS = {
    "equation": re.compile(r"^\$\$ \(([^)]+)\)$", re.M),
    "exercise": re.compile(r"exercise-start\}.*\n:label: (\S+)"),
    "theorem": re.compile(r"\{prf:\w+\}.*\n:label: (\S+)"),
}
PREFIX = {"equation": "eq", "exercise": "ex", "theorem": "(thm|lem|def|cor|prop)"}


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def cells(path):
    return nbformat.read(path, as_version=4).cells


def of_kind(cells, kind):
    return [cell for cell in cells if cell.cell_type == kind]


def prose(cells):
    return "\n\n".join(cell.source for cell in of_kind(cells, "markdown"))


def outputs(cells):
    return [output for cell in of_kind(cells, "code") for output in cell.outputs]


def tags(cell):
    return cell.metadata.get("tags", [])


def shown_text(output):
    """Return what an output says, pictures left out."""
    data = {kind: text for kind, text in output.get("data", {}).items() if "image" not in kind}
    return "\n".join([output.get("text", ""), *data.values()])


# The book as a whole.


def toc():
    """Return the files of the table of contents, each with its part's being numbered."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = {contents["root"]: False}
    for part in contents["parts"]:
        for entry in part["chapters"]:
            assert entry["file"] not in files, f"{entry['file']} comes twice"
            files[entry["file"]] = part.get("numbered", False)
    return files


def test_every_entry_of_the_table_of_contents_exists():
    for name in toc():
        assert (ROOT / f"{name}.ipynb").exists() != (ROOT / f"{name}.md").exists(), name


def test_there_are_chapters():
    assert len(CHAPTERS) >= 7


@pytest.mark.parametrize("page", sorted(p.stem for p in (ROOT / "book").glob("*.md")))
def test_page_is_in_the_table_of_contents(page):
    assert f"book/{page}" in toc()


def test_half_of_the_chapters_take_no_more_than_three_quarters_of_an_hour():
    first = [nbformat.read(path, as_version=4).cells[0].source for path in CHAPTERS]
    minutes = [int(re.search(r"\*\*Time\*\* (\d+) minutes", text)[1]) for text in first]
    assert statistics.median(minutes) <= 45 and max(minutes) <= 60


def test_labels_are_not_used_twice():
    found = [
        label
        for path in CHAPTERS
        for pattern in LABELS.values()
        for label in pattern.findall(prose(nbformat.read(path, as_version=4).cells))
    ]
    assert sorted(set(found)) == sorted(found)


@pytest.mark.parametrize("number", range(14, 25))
def test_chapters_with_results_say_whether_comparisons_are_corrected(number):
    (path,) = (ROOT / "book").glob(f"{number}-*.ipynb")
    text = " ".join(prose(nbformat.read(path, as_version=4).cells).split())
    assert re.search(
        r"corrected for (all of them|how many there are)|after Holm's correction", text
    )


# Chapter by chapter: form.


def test_chapter_is_in_the_table_of_contents(path):
    assert toc().get(f"book/{path.stem}"), "missing, or in a part without numbers"


def test_chapters_come_in_the_order_of_their_numbers(path):
    order = [Path(name).stem for name, numbered in toc().items() if numbered]
    assert order == sorted(order)
    assert re.match(r"\d\d-[a-z]", path.stem)


def test_opening(cells):
    first = cells[0]
    assert first.cell_type == "markdown" and first.source.startswith("# ")
    assert len(re.findall(r"^# ", prose(cells), re.M)) == 1
    assert ":class: learn" in first.source
    for word in ("**You will learn**", "**You need**", "**Time**"):
        assert word in first.source


def test_the_time_said_for_the_exercises_is_their_sum(cells):
    said = re.search(r"(\d+) for the exercises", cells[0].source)
    each = re.findall(r"\*\*Level \d of 3\*\* · (\d+) minutes", prose(cells))
    assert said is None or int(said[1]) == sum(map(int, each))


def test_what_to_remember_comes_before_the_exercises(cells):
    text = prose(cells)
    assert text.count(":class: remember") == 1
    assert text.index(":class: remember") < text.index("## Exercises")


def test_what_the_paper_says_or_that_it_says_nothing(cells):
    assert ":class: paper" in prose(cells) or "not in the paper" in prose(cells)


def test_exercises_have_executed_solutions(cells):
    text = prose(cells)
    exercises = [label for _, label in EXERCISE.findall(text)]
    assert len(exercises) >= 3
    assert SOLUTION.findall(text) == exercises
    for directive in ("exercise", "solution"):
        for end in ("start", "end"):
            assert len(re.findall(rf":::\{{{directive}-{end}\}}", text)) == len(exercises)
    inside, code = None, dict.fromkeys(exercises, 0)
    for cell in cells:
        if cell.cell_type == "code" and inside:
            code[inside] += 1
        elif cell.cell_type == "markdown":
            started = SOLUTION.findall(cell.source)
            inside = None if ":::{solution-end}" in cell.source else inside
            inside = started[-1] if started else inside
    assert all(code.values()), code


def test_labels_carry_the_number_of_the_chapter(path, cells):
    for kind, pattern in LABELS.items():
        for label in pattern.findall(prose(cells)):
            assert re.match(rf"{PREFIX[kind]}{path.stem[:2]}-", label), label


def test_code_cells_are_short(cells):
    lines = [
        sum(bool(line.strip()) for line in cell.source.splitlines())
        for cell in of_kind(cells, "code")
    ]
    assert statistics.median(lines) <= 8
    assert max(lines) <= 25


def test_code_fits_the_page(cells):
    lines = [line for cell in of_kind(cells, "code") for line in cell.source.splitlines()]
    assert not [line for line in lines if len(line) > 78]


def test_pictures_come_from_the_package(cells):
    for cell in of_kind(cells, "code"):
        assert not DRAWING.search(cell.source), cell.source


def test_tags_are_known(cells):
    for cell in cells:
        assert set(tags(cell)) <= TAGS


def names_in(source):
    """Return the names that a cell binds, and those that it only reads."""
    bound, read = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return bound, read - bound


def test_cells_that_use_downloaded_data_have_its_tag(cells):
    """Without the data they are not run, so an untagged cell must not need what they bind."""
    waiting = {}
    for cell in of_kind(cells, "code"):
        bound, read = names_in(cell.source)
        data = {tag for tag in tags(cell) if tag in names_by_tag()}
        if re.search(rf"\bload_({LOADED})\(", cell.source):
            assert data, cell.source
        for name in read:
            assert waiting.get(name, set()) <= data, f"{name} in\n{cell.source}"
        # A name that was bound without data before stays bound without them.
        for name in bound:
            if not data:
                waiting[name] = set()
            elif name not in waiting:
                waiting[name] = data


def test_what_is_needed_is_said_first(cells):
    if any(tag.startswith("mmlu-pro") for cell in cells for tag in tags(cell)):
        assert "MMLU-Pro" in cells[0].source
    if any('architecture="mlp"' in cell.source for cell in of_kind(cells, "code")):
        assert "PyTorch" in cells[0].source


# Chapter by chapter: what is stored.


def test_every_cell_was_run_in_order(cells):
    counts = [cell.execution_count for cell in of_kind(cells, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_nothing_failed_and_nothing_warned(cells):
    for output in outputs(cells):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text


def test_streams_are_in_one_piece(cells):
    for cell in of_kind(cells, "code"):
        for first, second in itertools.pairwise(cell.outputs):
            assert not first.output_type == second.output_type == "stream"


def test_alt_text_is_the_picture_s_own(cells):
    for cell in of_kind(cells, "code"):
        images = [output.data for output in cell.outputs if "image/png" in output.get("data", {})]
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt")
        assert len(images) <= 1, "one alt text belongs to one picture"
        for data in images:
            assert alt == data["text/plain"] and len(alt) > 20
        if not images:
            assert alt is None, "an alt text without a picture"


def test_pictures_are_small(cells):
    for output in outputs(cells):
        assert len(output.get("data", {}).get("image/png", "")) < 500_000


def test_cell_ids_are_unique(cells):
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == len(ids)


def test_no_path_of_a_machine(cells):
    for cell in cells:
        assert not MACHINE.search(cell.source), cell.source
    for output in outputs(cells):
        assert not MACHINE.search(shown_text(output)), shown_text(output)


def test_only_metadata_that_stay_the_same(path):
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"mystnb", "slideshow", "tags"}
        # The author's choice for the slides.
        chosen = cell.metadata.get("slideshow", {"slide_type": "-"})
        assert set(chosen) == {"slide_type"}
        assert chosen["slide_type"] in ("-", "slide", "subslide", "skip", "notes")


def test_it_is_a_valid_notebook(path):
    nbformat.validate(nbformat.read(path, as_version=4))


# The patterns find what they are for.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/home/me/book", True),
        ("see '/tmp/x'", True),
        ("C:\\Users", True),
        ("lib/python3.11/site-packages/numpy", True),
        ("https://example.org/home/page", False),
        ("book/home/x", False),
        ("1/2 and a/b", False),
    ],
)
def test_paths_of_a_machine_are_found(text, found):
    assert bool(MACHINE.search(text)) == found


def test_names_in_a_cell():
    source = "from a import b as c\nd = c(e)\ndef f(g):\n    return g + h\n[i for i in j]"
    bound, read = names_in(source)
    assert bound == {"c", "d", "f", "g", "i"}
    assert read == {"e", "h", "j"}


def test_chapters_read_no_files_by_their_paths(cells):
    for cell in of_kind(cells, "code"):
        assert not re.search(r"[\"']\.\./", cell.source), "read_results, paper_numbers"


def test_every_word_of_the_glossary_is_linked_to():
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("*.md")]
    pages += [prose(nbformat.read(path, as_version=4).cells) for path in CHAPTERS]
    glossary = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\{glossary\}\n(.*?)^```", glossary, re.M | re.S)
    words = {word.lower() for block in blocks for word in re.findall(r"^(\S.*)", block, re.M)}
    links = re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", "\n".join(pages))
    assert len(words) > 60 and words <= {link.lower() for link in links}


def test_every_symbol_stands_once_on_its_page():
    text = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\$.*?) \|", text, re.M)
    symbols = [symbol for row in rows for symbol in re.findall(r"\$[^$]+\$", row)]
    assert len(symbols) > 40 and sorted(set(symbols)) == sorted(symbols)

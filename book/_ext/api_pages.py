"""The book's API page, made from the docstrings of the package.

`.. api-table::` lists every public name with its equation and chapter, `.. api-modules::`
documents every public module in a section of its own.
"""

import importlib
import inspect
import pkgutil
import re

from docutils import nodes
from numpydoc.docscrape import NumpyDocString
from sphinx.util.docutils import SphinxDirective

import uniroute

NUMBERED = r"{word}\s+({number}(?:(?:,\s*|\s+and\s+|,\s+and\s+|\s+to\s+){number})*)"
EQUATION = re.compile(NUMBERED.format(word=r"Eqs?\.", number=r"\(\d+\)"))
CHAPTER = re.compile(NUMBERED.format(word="Chapters?", number=r"\d+"))
PLACE = re.compile(
    r"(?:Appendix|Figure|Proposition|Section|Table)\s+(?:[A-Z](?:\.\d+)*|\d+(?:\.\d+)*)"
)


def public_modules():
    """Return the names of the package's public modules."""
    names = [module.name for module in pkgutil.iter_modules(uniroute.__path__)]
    return [f"uniroute.{name}" for name in names if not name.startswith("_")]


def public_objects():
    """Return {full name: object} of the functions and classes that public modules list."""
    found = {}
    for module in map(importlib.import_module, public_modules()):
        for name in module.__all__:
            found[f"{module.__name__}.{name}"] = getattr(module, name)
    return {name: thing for name, thing in found.items() if callable(thing)}


def notes(thing):
    """Return the Notes section of a docstring, on one line."""
    return " ".join(" ".join(NumpyDocString(inspect.getdoc(thing) or "")["Notes"]).split())


def equations(thing):
    """Return where the paper has it: equation numbers first, then sections and propositions."""
    text = notes(thing)
    return [f"Eq. {found}" for found in EQUATION.findall(text)] + PLACE.findall(text)


def chapter_numbers(thing):
    """Return the numbers of the chapters that a docstring's Notes name, in order."""
    found = [
        int(number)
        for group in CHAPTER.findall(notes(thing))
        for number in re.findall(r"\d+", group)
    ]
    return sorted(set(found))


def summary(thing):
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")


def chapter_link(number, documents):
    """Return a link to a chapter if the book has it, else its number."""
    pages = [page for page in documents if page.startswith(f"book/{number:02d}-")]
    return f":doc:`{number} </{pages[0]}>`" if pages else str(number)


def table_rows(documents):
    """Yield the cells of the table, one row for each public name."""
    for name, thing in public_objects().items():
        chapters = ", ".join(chapter_link(number, documents) for number in chapter_numbers(thing))
        yield f":py:obj:`~{name}`", summary(thing), "; ".join(equations(thing)) or "--", chapters


class ApiTable(SphinxDirective):
    """`.. api-table::`, a table of every public name."""

    def run(self):
        """Write the table as reStructuredText and parse it."""
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 24 46 20 10", ""]
        rows = [
            ("Name", "What it does", "In the paper", "Chapter"),
            *table_rows(self.env.found_docs),
        ]
        for row in rows:
            lines += [
                f"   {mark} {cell}" for mark, cell in zip(["* -", *["  -"] * 3], row, strict=True)
            ]
        return self.parse_text_to_nodes("\n".join(lines))


class ApiModules(SphinxDirective):
    """`.. api-modules::`, a section for every public module."""

    def section(self, module):
        """Return the section of one module, documented by autodoc."""
        section = nodes.section(ids=[nodes.make_id(f"module {module}")], names=[module])
        section += nodes.title(module, "", nodes.literal(text=module))
        section += self.parse_text_to_nodes(f".. automodule:: {module}\n   :members:")
        return section

    def run(self):
        """Return the sections in the order of their names."""
        return [self.section(module) for module in public_modules()]


def is_request_method(app, what, name, thing, skip, options):
    """Leave out the methods for metadata routing that scikit-learn adds to every estimator."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def setup(app):
    """Register the two directives."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_directive("api-table", ApiTable)
    app.add_directive("api-modules", ApiModules)
    app.connect("autodoc-skip-member", is_request_method)
    return {"parallel_read_safe": True}

"""The book's API page, made from the docstrings of the packages.

`.. api-table:: PACKAGE` lists the public names of a package with their equations and chapters, the
router and its methods first; `.. api-modules::` documents every public module in a section of its
own. A name that several modules offer has one entry, under the first door that one comes to:
`uniroute.route`, `uniroute_lab.trials.Trial`.
"""

import importlib
import inspect
import pkgutil
import re

from docutils import nodes
from numpydoc.docscrape import NumpyDocString
from sphinx.util.docutils import SphinxDirective

import uniroute
import uniroute_lab

FIRST = ["UniRoute", "Router"]  # what one looks for
NUMBERED = r"{word}\s+({number}(?:(?:,\s*|\s+and\s+|,\s+and\s+|\s+to\s+){number})*)"
EQUATION = re.compile(NUMBERED.format(word=r"Eqs?\.", number=r"\(\d+\)"))
CHAPTER = re.compile(NUMBERED.format(word="Chapters?", number=r"\d+"))
PLACE = re.compile(
    r"(?:Appendix|Figure|Proposition|Section|Table)\s+(?:[A-Z](?:\.\d+)*|\d+(?:\.\d+)*)"
)


def public_modules():
    """Yield the names of the two packages and of their public modules, each before its own."""
    for package in (uniroute, uniroute_lab):
        yield package.__name__
        modules = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        yield from (module.name for module in modules if "._" not in module.name)


def place_in_table(name):
    """Return 0 for what one looks for first, and more for the rest, which keeps its order."""
    return FIRST.index(name) if name in FIRST else len(FIRST)


def entries():
    """Return {module: {full name: object}} of the functions and classes that modules list."""
    found, seen = {}, set()
    for module in map(importlib.import_module, public_modules()):
        listed = {name: getattr(module, name, None) for name in getattr(module, "__all__", ())}
        new = {name: thing for name, thing in listed.items() if callable(thing)}
        new = {name: thing for name, thing in new.items() if id(thing) not in seen}
        new = {name: new[name] for name in sorted(new, key=place_in_table)}
        seen |= {id(thing) for thing in new.values()}
        if new:
            found[module.__name__] = {f"{module.__name__}.{name}": new[name] for name in new}
    return found


def methods(name, thing):
    """Yield full names and functions of the public methods that a router's class itself defines."""
    if name.rpartition(".")[2] in FIRST:
        for method, function in vars(thing).items():
            function = getattr(function, "__func__", function)
            if not method.startswith("_") and inspect.isfunction(function) and notes(function):
                yield f"{name}.{method}", function


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


def table_rows(package, documents):
    """Yield the cells of a package's table, one row for each public name and router's method."""
    for module, names in entries().items():
        if module.split(".")[0] != package:
            continue
        for name, thing in names.items():
            yield row(name, name, thing, documents)
            for full, method in methods(name, thing):
                yield row(full, ".".join(full.split(".")[-2:]), method, documents)


def row(name, shown, thing, documents):
    """Return the cells of a row: a link, what it does, where the paper and the book have it."""
    shown = shown.rpartition(".")[2] if shown == name else shown
    chapters = [chapter_link(number, documents) for number in chapter_numbers(thing)]
    place = "; ".join(equations(thing)) or "--"
    return f":py:obj:`{shown} <{name}>`", summary(thing), place, ", ".join(chapters)


class ApiTable(SphinxDirective):
    """`.. api-table:: PACKAGE`, a table of its public names."""

    required_arguments = 1

    def run(self):
        """Write the table as reStructuredText and parse it."""
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 24 46 20 10", ""]
        rows = [
            ("Name", "What it does", "In the paper", "Chapter"),
            *table_rows(self.arguments[0], self.env.found_docs),
        ]
        for cells in rows:
            lines += [
                f"   {mark} {cell}" for mark, cell in zip(["* -", *["  -"] * 3], cells, strict=True)
            ]
        return self.parse_text_to_nodes("\n".join(lines))


class ApiModules(SphinxDirective):
    """`.. api-modules::`, a section for every public module."""

    def section(self, module, names):
        """Return the section of one module: its docstring, and its names by autodoc."""
        section = nodes.section(ids=[nodes.make_id(f"module {module}")], names=[module])
        section += nodes.title(module, "", nodes.literal(text=module))
        lines = [f".. automodule:: {module}", ""]
        for name, thing in names.items():
            kind = "autoclass" if inspect.isclass(thing) else "autofunction"
            lines += [f".. {kind}:: {name}", *["   :members:"] * inspect.isclass(thing), ""]
        section += self.parse_text_to_nodes("\n".join(lines))
        return section

    def run(self):
        """Return the sections: the routers', then the lab's."""
        return [self.section(module, names) for module, names in entries().items()]


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

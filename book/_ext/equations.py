"""Links from each equation to the functions that compute it, and from their docstrings back.

Docstrings name the paper's equations in their Notes; `LABELS` says where the book has them.
"""

import inspect
import re
from functools import cache

from api_pages import EQUATION, FIRST, entries, methods, notes
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

# The paper's equations, as published at ICLR 2026, and the book's.
LABELS = {
    1: "eq02-problem",
    2: "eq02-rule",
    3: "eq02-linear",
    4: "eq02-knn",
    5: "eq03-problem",
    6: "eq03-rule",
    7: "eq03-zero-one",
    8: "eq04-rule",
    9: "eq04-bilinear",
    10: "eq04-psi",
    11: "eq05-phi",
    12: "eq05-psi",
    13: "eq09-gamma",
}
N_LINKS = 6  # at most so many functions under an equation
NAMED = re.compile(r"\bEqs?\.\s+\(\d+\)(?:(?:,\s*|\s+and\s+|\s+to\s+)\(\d+\))*")


def numbers(text):
    """Return the numbers of the paper's equations that a text names: of "(8) to (10)" all three."""
    found = set()
    for group in EQUATION.findall(text):
        for first, last in re.findall(r"\((\d+)\)(?:\s+to\s+\((\d+)\))?", group):
            found |= set(range(int(first), int(last or first) + 1))
    return sorted(found)


@cache
def functions():
    """Return {number of the paper's equation: full names}, the routers' before the lab's."""
    found = {}
    for names in entries().values():
        for name, thing in names.items():
            for full, function in [(name, thing), *methods(name, thing)]:
                for number in numbers(notes(function)):
                    found.setdefault(number, []).append(full)
    return found


def names_of(label):
    """Return the functions to name under an equation of the book, the router's own first."""
    found = [name for number, own in LABELS.items() if own == label for name in code_of(number)]
    return found[:N_LINKS]


def code_of(number):
    """Return the functions that name an equation of the paper, what one looks for first."""
    return sorted(functions().get(number, []), key=lambda name: name.split(".")[1] not in FIRST)


def shown(name):
    """Return how a full name is written: with its class, without its modules."""
    parts = name.split(".")
    return ".".join(parts[-2:] if parts[-2][:1].isupper() else parts[-1:])


class EquationLinks(SphinxTransform):
    """Name under each equation the functions that compute it."""

    default_priority = 310

    def apply(self):
        """Add a line to each equation of the book that the paper has."""
        for equation in list(self.document.findall(nodes.math_block)):
            names = names_of(equation.get("label"))
            if names:
                line = nodes.paragraph("", "In the package: ", classes=["in-the-package"])
                for i, name in enumerate(names):
                    line += nodes.Text(", " if i else "")
                    line += self.link(name)
                equation.parent.insert(equation.parent.index(equation) + 1, line)

    def link(self, name):
        """Return a reference to a function's entry on the API page."""
        where = {"refdomain": "py", "reftype": "obj", "reftarget": name, "refexplicit": True}
        link = addnodes.pending_xref("", refdoc=self.env.docname, refwarn=True, **where)
        link += nodes.literal(shown(name), shown(name), classes=["xref", "py", "py-obj"])
        return link


def add_links(app, what, name, thing, options, lines):
    """Say behind each equation that a docstring's Notes name where the book has it."""
    if not inspect.isroutine(thing) and not inspect.isclass(thing):
        return

    def with_places(match):
        places = [f":eq:`{LABELS[n]}`" for n in numbers(match.group()) if n in LABELS]
        return f"{match.group()} [here {', '.join(places)}]" if places else match.group()

    lines[:] = NAMED.sub(with_places, "\n".join(lines)).split("\n")


def setup(app):
    """Register the transform and the hook of autodoc."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_transform(EquationLinks)
    app.connect("autodoc-process-docstring", add_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

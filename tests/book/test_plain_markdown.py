"""MyST markup becomes Markdown that every notebook shows, with the numbers of the pages."""

import json

import pytest
import yaml

from scripts.plain_markdown import Book, Directive, split_directives, to_plain

SITE = "https://example.org/book"
FIRST = r"""# First

$$
a = b
$$ (eq01-a)

$$ c $$

$$
d
$$ (eq01-d)

(there)=
## A section

:::{prf:theorem} Much
:label: thm01-much
True.
:::

:::{prf:definition}
:label: def01-x
Is.
:::

:::{exercise-start} Try
:label: ex01-try
:::"""
SECOND = """# Second

:::{prf:theorem}
:label: thm02-more

$$
e
$$ (eq02-e)
:::"""
BIBLIOGRAPHY = """@article{one2020,
  author = {Ng{\\'e}, Ann},
  year   = {2020},
}

@article{two2021,
  author = {Foe, Ann and
            Bar, Bea},
  year   = {2021}
}

@article{many2022,
  author = {Foe, Ann and Bar, Bea and {The Group}},
  year   = {2022}
}
"""


@pytest.fixture
def book(tmp_path):
    """Return a book of two chapters, one of them with a figure, and a page without number."""
    (tmp_path / "book").mkdir()
    for name, text in {"01-first": FIRST, "02-second": SECOND}.items():
        figure = {"figure": {"name": f"fig-{name[:2]}", "caption": "See {eq}`eq01-a`."}}
        cells = [
            {"cell_type": "code", "metadata": {"mystnb": figure}, "source": []},
            {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)},
        ]
        (tmp_path / "book" / f"{name}.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "book" / "ledger.md").write_text("# The ledger\n\n(place-1)=\n## Place\n")
    (tmp_path / "book" / "references.bib").write_text(BIBLIOGRAPHY)
    (tmp_path / "pyproject.toml").write_text(f'[project.urls]\nDocumentation = "{SITE}/"\n')
    chapters = [{"file": "book/01-first"}, {"file": "book/02-second"}]
    parts = [
        {"caption": "One", "numbered": True, "chapters": chapters},
        {"caption": "Reference", "chapters": [{"file": "book/ledger"}]},
    ]
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump({"root": "book/intro", "parts": parts}))
    return Book(tmp_path)


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("{doc}`02-second` says", "[Chapter 2](02-second.ipynb) says"),
        ("{doc}`the next <02-second>`", "[the next](02-second.ipynb)"),
        ("{doc}`ledger`", f"[The ledger]({SITE}/book/ledger.html)"),
        ("{ref}`place-1`", f"[Place]({SITE}/book/ledger.html#place-1)"),
        ("by {eq}`eq01-d`", "by (1.2)"),
        ("by {eq}`eq02-e`", "by [(2.1)](02-second.ipynb)"),
        ("{prf:ref}`thm01-much`, {prf:ref}`def01-x`", "Theorem 1.1, Definition 1.1"),
        ("{prf:ref}`thm02-more`", "[Theorem 2.1](02-second.ipynb)"),
        ("{ref}`ex01-try` and {ref}`there`", "Exercise 1.1 and A section"),
        ("{ref}`this <ex01-try>`", "this"),
        ("{numref}`fig-01`", "Figure 1.1"),
        ("{term}`misfit`, {term}`ends <end>`", "misfit, ends"),
        ("{cite:t}`one2020`", f"[Nge (2020)]({SITE}/book/bibliography.html)"),
        (
            "{cite:p}`two2021,many2022`",
            f"([Foe and Bar, 2021; Foe et al., 2022]({SITE}/book/bibliography.html))",
        ),
        ("a `{doc}` in code and $x_{i}`", "a `{doc}` in code and $x_{i}`"),
    ],
)
def test_roles(book, markup, plain):
    assert to_plain(markup, book, "01-first") == plain


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("$$\na\n$$ (eq01-a)\nb", "$$\na\n\\tag{1.1}\n$$\nb"),
        ("(there)=\n## A section", "## A section"),
        (":::{admonition} Note\n:class: learn\nA\n\nB\n:::", "> **Note**\n>\n> A\n>\n> B"),
        (
            ":::{admonition} Proof\n:class: dropdown\nA\n:::",
            folded := "<details>\n<summary>Proof</summary>\n\nA\n\n</details>",
        ),
        (":::{dropdown} Proof\nA\n:::", folded),
        ("a\n:::{tip}\nB\n:::\nc", "a\n\n> **Tip**\n>\n> B\n\nc"),
        (":::{admonition} N\n$$\na\n$$\n:::", "---\n\n**N**\n\n$$\na\n$$\n\n---"),
        (
            ":::{prf:theorem} Much\n:label: thm01-much\nTrue.\n:::",
            "> **Theorem 1.1 (Much)**\n>\n> True.",
        ),
        (
            "::::{tip}\n:::{dropdown} D\nA\n:::\n::::",
            "> **Tip**\n>\n> "
            + folded.replace("\n", "\n> ").replace("> \n", ">\n").replace("Proof", "D"),
        ),
        (":::{exercise-start} Try\n:label: ex01-try\n:::\nWhat?", "### Exercise 1.1: Try\n\nWhat?"),
        ("A\n:::{exercise-end}\n:::", "A"),
        ("```python\n:::{tip}\n```", "```python\n:::{tip}\n```"),
        (
            "```{interactive} map\nA\n```",
            f"*(An interactive figure: [see the page]({SITE}/book/01-first.html).)*\n\nA",
        ),
        ("```{tip}\nA\n```", "> **Tip**\n>\n> A"),
        (":::{math}\n:label: eq01-a\na\n:::", "$$\na\n\\tag{1.1}\n$$"),
    ],
)
def test_directives(book, markup, plain):
    assert to_plain(markup, book, "01-first") == plain


@pytest.mark.parametrize(
    ("markup", "message"),
    [
        ("{eq}`eq01-z`", "label must be one of the book's; got 'eq01-z'"),
        ("{doc}`03-third`", "document must be one of the book's; got '03-third'"),
        ("{sub}`2`", "role must be one that can be written plainly; got '{sub}`2`'"),
        (":::{unheard}\n:::", "directive must be one that .*; got 'unheard'"),
        (
            ":::{solution-start} ex01-try\n:::",
            "solutions must be taken out before; got .*'ex01-try'",
        ),
    ],
)
def test_what_cannot_be_written_plainly(book, markup, message):
    with pytest.raises(ValueError, match=message):
        to_plain(markup, book, "01-first")


def test_directives_are_split_from_text():
    text = "a\n:::{tip} T\n:class: x\n:label: y\nb\n\nc\n:::\nd"
    assert split_directives(text) == [
        "a",
        Directive("tip", "T", {"class": "x", "label": "y"}, "b\n\nc"),
        "d",
    ]


def test_addresses(book):
    assert book.page("01-first", "ex01-try") == f"{SITE}/book/01-first.html#ex01-try"
    assert book.chapters == {"01-first": 1, "02-second": 2}

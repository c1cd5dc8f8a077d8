"""What a page offers beside its text: to be run, in the students' edition, and to be cited."""

import re
from html import escape

LAUNCH = "launch-buttons"  # the theme's name for them
CHAPTER = re.compile(r"book/(\d\d)-[\w-]+")
BIBTEX = """@incollection{{uniroute-book-{number},
  author    = {{{{{author}}}}},
  title     = {{{title}}},
  booktitle = {{{book}}},
  chapter   = {{{number}}},
  year      = {{{year}}},
  url       = {{{url}}}
}}"""


def launch_from(url, old, new):
    """Return a launch button's address for another branch of the repository.

    Examples
    --------
    >>> launch_from("https://mybinder.org/v2/gh/o/r/main?urlpath=lab", "main", "student")
    'https://mybinder.org/v2/gh/o/r/student?urlpath=lab'
    >>> launch_from("https://colab.research.google.com/github/o/r/blob/main/a.ipynb", "main", "x")
    'https://colab.research.google.com/github/o/r/blob/x/a.ipynb'
    """
    return re.sub(rf"(/v2/gh/[^/]+/[^/]+/|/blob/){re.escape(old)}(?=[/?]|$)", rf"\g<1>{new}", url)


def launch_students_edition(app, page, template, context, document):
    """Let Binder and Colab open the notebooks whose solutions are left out."""
    old = app.config.html_theme_options.get("repository_branch") or "main"
    for group in context.get("header_buttons", []):
        if group.get("label") == LAUNCH:
            for button in group["buttons"]:
                if "url" in button:
                    button["url"] = launch_from(button["url"], old, app.config.launch_branch)


def bibtex(number, title, config):
    """Return the entry of a chapter for a BibTeX file."""
    return BIBTEX.format(
        number=int(number),
        author=config["author"],
        title=title,
        book=config["title"],
        year=config["year"],
        url=config["url"],
    )


def cite_chapter(app, page, template, context, document):
    """Add a folded BibTeX entry to the end of each chapter."""
    chapter = CHAPTER.fullmatch(page)
    if chapter and "body" in context:
        config = {
            "author": app.config.author,
            "title": app.config.html_title,
            "year": app.config.copyright,
            "url": f"{app.config.site_url}{page}.html",
        }
        entry = bibtex(chapter[1], app.env.titles[page].astext(), config)
        context["body"] += (
            '<details class="cite"><summary>Cite this chapter</summary>'
            f"<pre>{escape(entry)}</pre></details>"
        )


def setup(app):
    """Change each page before it is written, after the theme has."""
    app.add_config_value("launch_branch", "student", "html")
    app.add_config_value("site_url", "", "html")
    app.connect("html-page-context", cite_chapter)
    app.connect("html-page-context", launch_students_edition, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""What the pages need for screen readers, phones and printers, and Sphinx leaves undone."""

import html
import re

REACHED = '<figure tabindex="0" class="align-default" id="figure-'

TABLE = '<table class="table">'  # what Sphinx writes for a table of the text
MANY = 4  # columns, beside which a phone has no room for words

# In the dark theme a page would be printed in light letters, its headings in black.
PRINTED_IN_LIGHT = """(() => {
  const root = document.documentElement;
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => { root.dataset.theme = theme; });
})();"""


def name_list_items(app, page, template, context, document):
    """Make list items of the entries of a bibliography: a list must hold nothing else."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def reach_figures(app, page, template, context, document):
    """Let the keyboard reach figures: on a phone they scroll sideways."""
    body = context.get("body", "")
    context["body"] = body.replace('<figure class="align-default" id="figure-', REACHED)


def as_cards(table):
    """Return a table of an author, of many columns, whose cells say what their column is.

    One with formulas in its head stays as it is: a label is plain text.

    Examples
    --------
    >>> heads = "<tr><th><p>A</p></th><th></th><th>C</th><th>D</th></tr>"
    >>> row = "<tr><td>1</td><td>2</td><td>3</td><td>4</td></tr>"
    >>> found = as_cards(f'<table class="table">{heads}{row}</table>')
    >>> found.startswith('<table class="table cards">'), found.count("<td data-label=")
    (True, 4)
    >>> as_cards('<table class="table"><tr><th>A</th></tr></table>')
    '<table class="table"><tr><th>A</th></tr></table>'
    """
    heads = re.findall(r"<th\b[^>]*>(.*?)</th>", table, re.S)
    if len(heads) < MANY or any('class="math' in head for head in heads):
        return table
    words = [" ".join(html.unescape(re.sub(r"<[^>]+>", "", head)).split()) for head in heads]

    def named(row):
        labels = iter(words)

        def cell(match):
            empty = "" if re.sub(r"<[^>]+>", "", match[2]).strip() else " data-empty"
            label = html.escape(next(labels))
            return f'<td data-label="{label}"{empty}{match[1]}>{match[2]}</td>'

        return re.sub(r"<td\b([^>]*)>(.*?)</td>", cell, row[0], flags=re.S)

    table = re.sub(r"<tr\b.*?</tr>", named, table, flags=re.S)
    return table.replace(TABLE, '<table class="table cards">', 1)


def name_cells(app, page, template, context, document):
    """Let wide tables be read on a phone, where their rows are cards."""
    body = context.get("body", "")
    context["body"] = re.sub(f"{TABLE}.*?</table>", lambda m: as_cards(m[0]), body, flags=re.S)


def setup(app):
    """Change each page before it is written."""
    app.add_js_file(None, body=PRINTED_IN_LIGHT)
    app.connect("html-page-context", name_list_items)
    app.connect("html-page-context", reach_figures)
    app.connect("html-page-context", name_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

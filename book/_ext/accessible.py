"""What the pages need for screen readers and printers, and Sphinx leaves undone."""

REACHED = '<figure tabindex="0" class="align-default" id="figure-'

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


def setup(app):
    """Change each page before it is written."""
    app.add_js_file(None, body=PRINTED_IN_LIGHT)
    app.connect("html-page-context", name_list_items)
    app.connect("html-page-context", reach_figures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

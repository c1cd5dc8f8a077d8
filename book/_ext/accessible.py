"""What the pages need for screen readers and Sphinx leaves undone."""


def name_list_items(app, page, template, context, document):
    """Make list items of the entries of a bibliography: a list must hold nothing else."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    """Change each page before it is written."""
    app.connect("html-page-context", name_list_items)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

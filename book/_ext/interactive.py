"""Interactive figures: `{interactive} NAME` puts one of book/_static/interactive on a page.

Browsers load neither modules nor data from `file://`. So the modules that a figure imports are
written into the page one after the other, with its numbers. Where no script runs, a static picture
stands in the figure's place. The text of the directive is the caption.

The modules keep to a small part of JavaScript: they import by `import { a, b } from "./x.mjs";`, at
their beginning, and export by `export const` and `export function`.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

FOLDER = Path(__file__).parents[1] / "_static" / "interactive"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.mjs";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:const|function) (\w+))", re.M)
START = """
const figure = document.getElementById("{key}");
const data = JSON.parse(document.getElementById("{key}-data").textContent);
const el = figure.querySelector(".interactive-stage");
try {{
  {name}.render({{ model: {{ get: () => data }}, el }});
  for (const picture of figure.querySelectorAll("img")) picture.hidden = true;
}} catch (error) {{
  el.replaceChildren(); // the picture stays
  console.error(error);
}}
"""


def names():
    """Return the names of all figures: those that have numbers."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def order_of(name, seen=()):
    """Return the modules that a module needs, each after those that it imports itself."""
    if name in seen:
        raise ValueError(f"modules must not import each other in a ring; got {(*seen, name)}")
    found = []
    for _, other in IMPORT.findall(_source(name)):
        found += [one for one in order_of(other, (*seen, name)) if one not in found]
    return [*found, name]


def _source(name):
    return (FOLDER / f"{name}.mjs").read_text(encoding="utf-8")


def module(name):
    """Return a module as one statement that makes an object of what it exports."""
    source = _source(name)
    exports = ", ".join(EXPORT.findall(source))
    source = IMPORT.sub(lambda match: f"const {{{match[1]}}} = {match[2]};\n", source)
    source = EXPORT.sub("", source).replace("export default { render };\n", "")
    if re.search(r"^(?:import|export)\b", source, re.M):
        raise ValueError(f"{name}.mjs must import and export as the extension's docstring says")
    return f"const {name} = (() => {{\n{source}return {{ {exports} }};\n}})();\n"


def script(name, key):
    """Return the script of a figure: its modules, and what starts them."""
    body = "".join(map(module, order_of(name))) + START.format(key=key, name=name)
    if "</script" in body:
        raise ValueError(f"{name}.mjs must not hold the end of a script; got '</script'")
    return f'<script type="module">\n{body}</script>'


def numbers(name):
    """Return the numbers of a figure; `alt` among them is the text of the picture."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def opening(key):
    """Return what comes before the picture."""
    return f'<figure class="interactive" id="{key}"><div class="interactive-stage"></div>'


def closing(name, key):
    """Return what comes after the picture: the numbers and the script."""
    given = {field: value for field, value in numbers(name).items() if field != "alt"}
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    data = f'<script type="application/json" id="{key}-data">{text}</script>'
    return f"{data}\n{script(name, key)}</figure>"


class Interactive(SphinxDirective):
    """`{interactive} NAME`, an interactive figure with its caption."""

    required_arguments = 1
    has_content = True

    def run(self):
        """Return the picture, with what makes it interactive before and after it."""
        (name,) = self.arguments
        if name not in names():
            raise self.error(f"interactive must name one of {', '.join(names())}; got {name}")
        for path in (FOLDER / f"{name}.json", *(FOLDER / f"{one}.mjs" for one in order_of(name))):
            self.env.note_dependency(str(path))
        key = f"interactive-{name}-{self.env.new_serialno('interactive')}"
        image = nodes.image(uri=f"/book/_static/interactive/{name}.png", alt=numbers(name)["alt"])
        _, path = self.env.relfn2path(image["uri"])
        self.env.note_dependency(path)
        before, after = opening(key), closing(name, key)
        raw = [nodes.raw("", text, format="html") for text in (before, after)]
        return [raw[0], image, *self.parse_content_to_nodes(), raw[1]]


def setup(app):
    """Register the directive, and the style of the figures."""
    app.add_directive("interactive", Interactive)
    app.add_css_file("interactive/interactive.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Pictures on the book's pages: numbered, with a caption, in a light and a dark variant.

What a cell draws becomes a figure. Its caption is the one in the PNG file (`Picture.captioned`), or
the first sentence of its alternative text; its number is Sphinx's. What the caption says of
intervals, their level and what they are about, the alternative text on the page says too. The dark
variant is made here, from the light one, and each page shows the one that fits its theme.
"""

import hashlib
import os
import re
from html import escape
from pathlib import Path
from urllib.parse import quote

from dark import darken_image
from docutils import nodes
from PIL import Image
from sphinx.transforms import SphinxTransform

PIXELS_PER_INCH = 96  # of CSS
FOLDER = "dark"  # beside the pages; kept from one build to the next
LEVEL = re.compile(r"\b\d[\d.]* % intervals\b")


class picture(nodes.image):
    """An image that knows its size on a page, and is fetched when it is shown."""


def size_on_page(image):
    """Return width and height of a PNG picture in CSS pixels."""
    dpi = image.info.get("dpi", (PIXELS_PER_INCH,))[0]
    return [round(length * PIXELS_PER_INCH / dpi) for length in image.size]


def first_sentence(text):
    """Return the beginning of an alternative text that says what the picture is of."""
    words = re.split(r"\. |: ", text)[0].removesuffix(".")
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def caption_of(image, alt):
    """Return the words under a PNG picture."""
    return getattr(image, "text", {}).get("Caption") or first_sentence(alt)


def alt_of(image, alt):
    """Return a PNG picture's alternative text, with what its caption says of intervals."""
    said = alt.lower()
    sentences = re.split(r"(?<=\.) (?=[A-Z\d])", caption_of(image, alt))
    levels = [one for one in sentences if LEVEL.search(one)]
    return " ".join([alt, *(one for one in levels if one.lower().removesuffix(".") not in said)])


def dark_variant(path, folder):
    """Return the file of a picture's dark variant, made if it is not there yet."""
    recipe = Path(__file__).with_name("dark.py").read_bytes()
    name = hashlib.sha256(recipe + path.read_bytes()).hexdigest()
    target = Path(folder) / f"{name}.png"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            darken_image(image).save(target, optimize=True)
    return target


class Pictures(SphinxTransform):
    """Make figures of the pictures that cells draw, before Sphinx collects its images."""

    default_priority = 300

    def apply(self):
        """Replace each PNG image by its two variants; give those that a cell drew a caption."""
        drawn = 0
        for node in list(self.document.findall(nodes.image)):
            path = Path(self.env.relfn2path(node["uri"], self.env.docname)[1])
            if path.suffix != ".png" or not path.exists():
                continue
            with Image.open(path) as image:
                node["alt"] = alt_of(image, node.get("alt", ""))
                variants = self.variants(node, path, size_on_page(image))
                caption = caption_of(image, node["alt"])
            if any("output" in parent.get("nb_element", "") for parent in parents(node)):
                drawn += 1
                words = nodes.caption(caption, caption)
                figure = nodes.figure("", *variants, words, ids=[f"figure-{drawn}"])
                node.replace_self(figure)
            else:
                node.replace_self(variants)

    def variants(self, node, path, size):
        """Return the light and the dark image in the place of a node."""
        folder = Path(self.app.outdir).parent / FOLDER
        dark = dark_variant(path, folder)
        uris = [node["uri"], f"/{os.path.relpath(dark, self.env.srcdir)}"]
        return [
            picture("", uri=uri, alt=node.get("alt", ""), size=size, classes=[f"on-{theme}"])
            for theme, uri in zip(("light", "dark"), uris, strict=True)
        ]


def parents(node):
    """Yield a node's parents, from the nearest on."""
    while node.parent is not None:
        node = node.parent
        yield node


def visit_picture(translator, node):
    """Write the element: with its size, so that nothing moves when it comes."""
    names = translator.builder.images
    uri = node["uri"]
    if uri in names:
        uri = f"{translator.builder.imgpath}/{quote(names[uri])}"
    width, height = node["size"]
    translator.body.append(
        f'<img class="picture {" ".join(node["classes"])}" src="{escape(uri)}" '
        f'alt="{escape(node["alt"])}" width="{width}" height="{height}" '
        f'style="--width: {width}px" loading="lazy" decoding="async">'
    )


def depart_picture(translator, node):
    """Close nothing: the element is empty."""


def setup(app):
    """Register the node and the transform."""
    app.add_node(picture, html=(visit_picture, depart_picture))
    app.add_transform(Pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""Formulas of the chapters as MathML, and the font that browsers set them in.

Slides are single files, read without a network. So their formulas are MathML, which every browser
sets by itself, and they bring the glyphs that they use.
"""

import base64
import re
from importlib.metadata import distribution
from io import BytesIO

from fontTools import subset
from fontTools.ttLib import TTFont
from math_core import LatexToMathML

FONT = "ziamath/fonts/STIXTwoMath-Regular.ttf"  # SIL Open Font License
TAG = re.compile(r"\\tag\{([^}]*)\}")
ELEMENT = re.compile(r"<[^>]*>")
# Drawn for elements and letters that a text names by others: radicals, letters in italics.
DRAWN = "√ℎ" + "".join(map(chr, [*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)]))
CONVERTER = LatexToMathML(pretty_print="never")


def to_mathml(tex, display):
    r"""Return a formula as MathML, with the number that `\tag` gives it beside it.

    Parameters
    ----------
    tex : str
        As between dollars.
    display : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str

    Raises
    ------
    math_core.LatexError
        If it is not understood.

    Examples
    --------
    >>> to_mathml(r"\lambda", False)
    '<math><mi>λ</mi></math>'
    >>> to_mathml(r"x \tag{1.2}", True)
    '<math display="block"><mi>x</mi></math><span class="number">(1.2)</span>'
    """
    tag = TAG.search(tex)
    number = f'<span class="number">({tag[1]})</span>' if tag else ""
    return CONVERTER.convert_with_local_state(TAG.sub("", tex), displaystyle=display) + number


def characters(html):
    """Return the characters of the formulas in a page.

    Examples
    --------
    >>> sorted(characters("a <math><mi>x</mi><mo>+</mo></math> b"))
    ['+', 'x']
    """
    formulas = re.findall(r"<math\b.*?</math>", html, re.S)
    return set("".join(ELEMENT.sub("", formula) for formula in formulas))


def font_with(wanted):
    """Return a font that has some characters, and what formulas are drawn with, as a data URI.

    Parameters
    ----------
    wanted : set of str

    Returns
    -------
    str
    """
    options = subset.Options(flavor="woff", layout_features=["*"])
    font = TTFont(distribution("ziamath").locate_file(FONT))
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(wanted)) + DRAWN)
    subsetter.subset(font)
    font.flavor = options.flavor
    buffer = BytesIO()
    font.save(buffer)
    return "data:font/woff;base64," + base64.b64encode(buffer.getvalue()).decode()

"""Dark variants of pictures that were drawn for a white page.

Each colour keeps its hue, and its contrast with the page, a little raised since thin lines look
thinner on a dark ground: black on white becomes white on dark, and a faint grid stays faint. The
same holds for the contrast of any two colours, so text in a coloured cell stays readable.
Colours are changed in OKLab (B. Ottosson, 2020), a space in which steps of equal size look equal.
"""

import numpy as np
from PIL import Image

PAGE = "#121212"  # the theme's dark page
FLARE = 0.05  # light that a screen reflects: WCAG's contrast is of luminances plus this
RAISED = 0.9  # the power of contrasts on a scale of logarithms, from none to the most: below 1
N_HALVINGS = 24

TO_XYZ_Y = np.array([0.2126, 0.7152, 0.0722])
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def rgb_of(name):
    """Return the levels 0 to 255 of a colour such as "#121212"."""
    return np.array([int(name[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.uint8)


def linear(rgb):
    """Return the light of levels 0 to 255, between 0 and 1."""
    share = np.asarray(rgb) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def levels(light):
    """Return the levels 0 to 255 of light; the inverse of `linear`."""
    light = np.clip(light, 0, 1)
    share = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * share).astype(np.uint8)


def luminance(rgb):
    """Return the relative luminance of levels 0 to 255."""
    return linear(rgb) @ TO_XYZ_Y


def contrast(first, second):
    """Return WCAG's contrast of two colours, from 1 to 21."""
    low, high = np.sort([luminance(first), luminance(second)], axis=0)
    return (high + FLARE) / (low + FLARE)


def oklab(rgb):
    """Return lightness, green-red and blue-yellow of levels 0 to 255."""
    return np.cbrt(linear(rgb) @ TO_LMS.T) @ TO_LAB.T


def light_of(lab):
    """Return the light of OKLab colours; outside 0 to 1 where no screen can show them."""
    return (lab @ np.linalg.inv(TO_LAB).T) ** 3 @ np.linalg.inv(TO_LMS).T


def with_luminance(ab, target):
    """Return the light of colours with given green-red and blue-yellow, and a luminance."""
    low, high = np.zeros(len(ab)), np.ones(len(ab))
    for _ in range(N_HALVINGS):
        middle = (low + high) / 2
        below = light_of(np.column_stack([middle, ab])) @ TO_XYZ_Y < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return light_of(np.column_stack([high, ab]))


def darken(rgb, page=PAGE):
    """Return the colours of a dark page for those of a white one.

    Parameters
    ----------
    rgb : array-like of shape (n_colours, 3)
        Levels 0 to 255.
    page : str, default `PAGE`
        What white becomes.

    Returns
    -------
    ndarray of shape (n_colours, 3)
        Levels 0 to 255, with the hues they had, as colourful as they were or as the screen allows.

    Examples
    --------
    >>> darken([[255, 255, 255], [0, 0, 0]]).tolist()
    [[18, 18, 18], [255, 255, 255]]
    """
    page = luminance(rgb_of(page))
    share = np.log((1 + FLARE) / (luminance(rgb) + FLARE)) / np.log((1 + FLARE) / FLARE)
    target = (page + FLARE) * ((1 + FLARE) / (page + FLARE)) ** np.maximum(
        share, 0
    ) ** RAISED - FLARE
    ab = oklab(rgb)[:, 1:]
    low, high = np.zeros(len(ab)), 2 * np.ones(len(ab))  # shares of their colourfulness
    for _ in range(N_HALVINGS):
        middle = np.minimum((low + high) / 2, 1)
        light = with_luminance(middle[:, None] * ab, target)
        shown = ((light > -1e-4) & (light < 1 + 1e-4)).all(axis=1)
        low, high = np.where(shown, middle, low), np.where(shown, high, middle)
    return levels(with_luminance(low[:, None] * ab, target))


def darken_image(image, page=PAGE):
    """Return the dark variant of a picture, pixel by pixel.

    Parameters
    ----------
    image : PIL.Image.Image
        Opaque, on white. With a palette, only this is changed.
    page : str, default `PAGE`

    Returns
    -------
    PIL.Image.Image
    """
    if image.mode == "P":
        dark = image.copy()
        palette = np.array(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        dark.putpalette(darken(palette, page).tobytes())
        return dark
    rgb = np.asarray(image.convert("RGB"))
    coded = rgb.reshape(-1, 3).astype(np.int64) @ [1 << 16, 1 << 8, 1]
    found, places = np.unique(coded, return_inverse=True)
    colours = found[:, None] >> [16, 8, 0] & 255
    return Image.fromarray(darken(colours, page)[places].reshape(rgb.shape))

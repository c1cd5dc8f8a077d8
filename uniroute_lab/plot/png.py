"""Sharp and small PNG files: few colours, the frequent ones exact, and a caption inside."""

from io import BytesIO

import numpy as np

__all__ = ["few_colours", "write_png"]

N_COLOURS = 256
SAMPLE = 1 << 16  # pixels that the groups are made of, instead of millions


def few_colours(image, n_colours=N_COLOURS):
    """Return a picture with at most so many colours.

    Each colour is replaced by the most frequent one of those that are like it, so what is drawn
    in one colour keeps it exactly: the page, lines and areas; only soft edges are rounded.

    Parameters
    ----------
    image : PIL.Image.Image
        In RGB.
    n_colours : int, default 256

    Returns
    -------
    PIL.Image.Image
        With a palette.

    Examples
    --------
    >>> from PIL import Image
    >>> image = few_colours(Image.new("RGB", (2, 2), "#0072B2"))
    >>> image.mode, image.convert("RGB").getpixel((0, 0)) == (0, 0x72, 0xB2)
    ('P', True)
    """
    from PIL import Image

    pixels = np.asarray(image.convert("RGBA")).view("<u4")[..., 0] & 0xFFFFFF
    found, counts = np.unique(pixels, return_counts=True)
    times = np.ceil(counts * (SAMPLE / counts.sum())).astype(int)
    colours = found.view(np.uint8).reshape(-1, 4)[:, :3]
    sample = Image.fromarray(np.repeat(colours, times, axis=0)[None])
    groups = np.asarray(sample.quantize(n_colours, dither=0))[0, np.cumsum(times) - 1]
    order = np.argsort(counts, kind="stable")  # the last of a group is its most frequent
    palette = np.zeros((n_colours, 3), dtype=np.uint8)
    palette[groups[order]] = colours[order]
    group_of = np.zeros(1 << 24, dtype=np.uint8)
    group_of[found] = groups
    small = Image.fromarray(group_of[pixels]).convert("P")
    small.putpalette(palette.tobytes())
    return small


def write_png(source, dpi, caption=None):
    """Return a picture as a PNG file of few colours, the same each time.

    Parameters
    ----------
    source : file
        The picture, opaque.
    dpi : float
        Pixels per inch.
    caption : str, optional
        Kept in the file as its text "Caption".

    Returns
    -------
    bytes
    """
    from PIL import Image, PngImagePlugin

    image = few_colours(Image.open(source).convert("RGB"))
    words = PngImagePlugin.PngInfo()
    if caption:
        words.add_itxt("Caption", caption)
    target = BytesIO()
    image.save(target, "png", dpi=(dpi, dpi), pnginfo=words)
    return target.getvalue()

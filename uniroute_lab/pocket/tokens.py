"""From text to tokens and back: known words are one token, all else is spelled."""

import re
import string
from functools import cache

from uniroute_lab.pocket.tasks import make_prompts

__all__ = ["END", "N_TOKENS", "PAD", "STOP", "decode", "encode", "vocabulary"]

PAD, STOP, END = 0, 1, 2  # after the text, between prompt and answer, after the answer
SPECIAL = ("<pad>", "<answer>", "<end>")
CHARACTERS = string.digits + string.ascii_letters + string.punctuation + " "
PIECE = re.compile(r"[A-Za-z]{2,} ?|[-+*]= ?|[^\w\s] ?|.", re.DOTALL)
SCANNED = 20_000  # prompts that are searched for words
N_TOKENS = 546  # of the vocabulary: known without searching, and checked by a test


@cache
def vocabulary():
    """List the tokens: three marks, the characters, and the words of the task families.

    Words carry the space that follows them. They are looked for in prompts made from a fixed seed.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from uniroute_lab.pocket.tokens import vocabulary
    >>> vocabulary()[:5], "Spell " in vocabulary()
    (('<pad>', '<answer>', '<end>', '0', '1'), True)
    """
    words = set()
    for prompt in make_prompts(SCANNED, "vocabulary"):
        for text in (*prompt.text.split('"')[::2], prompt.answer):
            if text is prompt.answer and prompt.family in ("backwards", "sort letters"):
                continue
            words.update(piece for piece in PIECE.findall(text) if len(piece) > 1)
    words = sorted(word for word in words if not word.isupper())  # Roman numerals are spelled
    return (*SPECIAL, *CHARACTERS, *words)


@cache
def _number_of():
    return {token: i for i, token in enumerate(vocabulary())}


def encode(text):
    """Turn a text into token numbers.

    What stands between double quotation marks is spelled letter by letter.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of int
        Positions in `vocabulary()`.

    Raises
    ------
    ValueError
        If the text has a character that the vocabulary lacks.

    Examples
    --------
    >>> from uniroute_lab.pocket.tokens import decode, encode, vocabulary
    >>> numbers = encode('Spell "spot" backwards.')
    >>> [vocabulary()[i] for i in numbers]
    ['Spell ', '"', 's', 'p', 'o', 't', '"', ' ', 'backwards', '.']
    >>> decode(numbers)
    'Spell "spot" backwards.'
    """
    number_of = _number_of()
    pieces = []
    for i, part in enumerate(text.split('"')):
        pieces += ['"'] if i else []
        pieces += part if i % 2 else PIECE.findall(part)
    try:
        return [
            number_of[token]
            for piece in pieces
            for token in ((piece,) if piece in number_of else piece)
        ]
    except KeyError as error:
        raise ValueError(f"text must be of ASCII characters; got {error.args[0]!r}") from None


def decode(numbers):
    """Turn token numbers into the text they stand for.

    Parameters
    ----------
    numbers : sequence of int

    Returns
    -------
    str
        The text before the first end mark; the other marks are left out.

    Examples
    --------
    >>> from uniroute_lab.pocket.tokens import END, decode, encode
    >>> decode([*encode("12"), END, *encode("3")])
    '12'
    """
    numbers = list(numbers)
    if END in numbers:
        numbers = numbers[: numbers.index(END)]
    return "".join(vocabulary()[i] for i in numbers if i >= len(SPECIAL))

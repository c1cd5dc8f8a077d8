"""What is read of prompts: texts as they are, and of chats what the user said."""

import reprlib
from collections.abc import Mapping, Set

TURNS = ("last user", "all user")
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
TEXT_PARTS = ("text", "input_text")
OTHER_PARTS = ("image_url", "input_image", "input_audio", "file", "input_file", "video_url")


def read_texts(texts, turns):
    """Return the text to embed of each text or chat; an error names all that cannot be read."""
    wrong = isinstance(texts, str | bytes | Mapping | Set) or not hasattr(texts, "__iter__")
    if wrong or getattr(texts, "ndim", 1) != 1:
        got = f"the single {type(texts).__name__} {reprlib.repr(texts)}"
        raise ValueError(f"texts must be a sequence of strings or chats; got {got}")
    texts = list(texts)
    if not texts:
        raise ValueError("texts must not be empty; got none")
    read, bad = [], {}
    for i, text in enumerate(texts):
        try:
            read.append(_read_text(text, turns))
        except _Unreadable as error:
            bad[i] = error
    if bad:
        first, *others = bad
        also = f" (also bad: positions {listed(others)})" if others else ""
        got = f"{bad[first]} at position {first}{also}"
        raise ValueError(f"texts must hold non-empty strings or chats; got {got}")
    return read


class _Unreadable(Exception):
    """Says what was got in the place of a text."""


def _read_text(text, turns):
    if isinstance(text, list | tuple):
        text = _read_chat(text, turns)
    if isinstance(text, Mapping):
        raise _Unreadable(f"the single message {reprlib.repr(text)} (a chat is a list of them)")
    if not isinstance(text, str) or not text.strip():
        raise _Unreadable(reprlib.repr(text))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        why = f"UTF-8 cannot hold its character {error.start}, half of a pair"
        raise _Unreadable(f"{reprlib.repr(text)} ({why})") from None
    return str(text)


def _read_chat(messages, turns):
    said = []
    for i, message in enumerate(messages):
        role = message.get("role") if isinstance(message, Mapping) else None
        if role not in ROLES:
            got = f"a chat whose message {i} has the role {role!r}"
            raise _Unreadable(f"{got}, not one of {', '.join(ROLES)}")
        if role == "user":
            said.append(_read_content(message.get("content"), i))
    if not said:
        raise _Unreadable("a chat without a turn of the user")
    text = said[-1] if turns == "last user" else "\n".join(filter(str.strip, reversed(said)))
    if not text.strip():
        raise _Unreadable(f"a chat without text in what is read of it ({turns})")
    return text


def _read_content(content, i):
    if isinstance(content, str):
        return content
    texts = []
    for part in content if isinstance(content, list | tuple) else [content]:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in TEXT_PARTS and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind not in OTHER_PARTS:
            raise _Unreadable(f"a chat whose message {i} has the content {reprlib.repr(part)}")
    return "\n".join(texts)


def listed(positions, shown=10):
    """Write positions one after another, not too many."""
    more = " and more" if len(positions) > shown else ""
    return ", ".join(map(str, positions[:shown])) + more

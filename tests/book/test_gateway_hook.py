"""The hook for LiteLLM that Chapter 27 shows does what it says, beside a stand-in for LiteLLM."""

import asyncio
import re
import sys
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest

from uniroute import ConstantMap, Encoder, UniRoute

CHAPTER = Path(__file__).parents[2] / "book" / "27-in-front-of-endpoints.ipynb"
CHAT = [{"role": "user", "content": "Why?"}]


class Length:
    def encode(self, texts):
        return np.array([[1.0, len(text)] for text in texts])


@pytest.fixture
def hook(tmp_path, monkeypatch):
    """The hook, with a router of which "small" is cheap and "large" always right."""
    encoder = Encoder(Length())
    X = encoder.encode(["Hello", "Why?"])
    router = UniRoute(ConstantMap(), encoder=encoder).fit(X)
    router.add_llms(["small", "large"], X, [[1, 0], [0, 0]], [1.0, 5.0]).save(tmp_path / "router")
    # Where the hook imports its base class from, as LiteLLM's documentation has it.
    logger = types.ModuleType("litellm.integrations.custom_logger")
    logger.CustomLogger = type("CustomLogger", (), {})
    for name in ("litellm", "litellm.integrations"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, logger.__name__, logger)
    cells = nbformat.read(CHAPTER, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(code.rpartition("router = ")[0], names)
    return lambda weight: names["RouterHook"](tmp_path / "router", encoder, weight)


@pytest.mark.parametrize(("weight", "llm"), [(0.0, "large"), (1.0, "small")])
def test_the_hook_replaces_the_name(hook, weight, llm):
    data = {"model": "uniroute", "messages": CHAT, "stream": True}
    found = asyncio.run(hook(weight).async_pre_call_hook(None, None, data, "completion"))
    assert found == {"model": llm, "messages": CHAT, "stream": True}


def test_other_models_stay(hook):
    data = {"model": "small", "messages": CHAT}
    assert asyncio.run(hook(0.0).async_pre_call_hook(None, None, data, "completion")) == data

"""What the gateway is told: endpoints, keys' names, prices, limits. Errors name the field."""

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import yaml

from uniroute._texts import TURNS
from uniroute.checks import check_option, check_positive_integer, check_scalar

__all__ = ["Config", "Model", "read_config"]

OURS = "uniroute"  # the model that stands for "you choose"
LARGE = 1e12


@dataclass(frozen=True)
class Model:
    """An LLM behind an endpoint: an entry of `models` in the gateway's file.

    Attributes
    ----------
    name : str
        As the router knows it.
    url : str
        Of the endpoint, up to and with ``/v1``; no key in it.
    model : str
        What the endpoint calls it; by default the same.
    key : str or None
        Read from the environment variable that `key_env` names; never shown.
    cost : float or None
        Mean cost of one prompt, in the place of the router's.
    prices : tuple of float or None
        Of a million tokens, input and output, in the unit of the router's costs: for bills.
    routed : bool
        Whether the router may choose it; else it is taken out of the pool and only answers to its
        name.
    timeout : float
        Seconds to the first byte, and between bytes.
    body : dict
        What is put into every request, such as a reasoning effort, so that one LLM can be several.

    Examples
    --------
    >>> Model("small", url="http://127.0.0.1:9001/v1", key="secret")
    Model(name='small', url='http://127.0.0.1:9001/v1', model=None, cost=None, prices=None,
          routed=True, timeout=120.0, body={})
    """

    name: str
    url: str
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    cost: float | None = None
    prices: tuple | None = None
    routed: bool = True
    timeout: float = 120.0
    body: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """The gateway's file, read and checked by `read_config`.

    Attributes
    ----------
    models : dict of str to Model
    cost_weight, budget : float or None
        How requests are decided that say nothing of it: one of the two. The budget is that of a
        plan in the router.
    horizon : float or None
        With it a `uniroute.Controller` holds the budget by the bills.
    encoder : dict
        `folder`, `turns`: as for `uniroute.Encoder`.
    client_key, admin_key : str or None
        What clients must send, and what allows a reload; never shown.
    reload_seconds : float
        How often the two files are looked at; 0 for never.
    attempts : int
        LLMs that are tried for one request.
    cooldown : float
        Seconds for which an LLM that failed is asked last.
    connect_timeout, body_seconds : float
        Seconds to reach an endpoint, and to receive a request.
    body_bytes, queue, batch, requests : int
        Largest request; prompts that wait for the encoder; that it takes at once; requests at a
        time.
    proxy_from_env : bool
        Whether endpoints are reached through the proxy that the environment names.

    Examples
    --------
    >>> config = Config({"small": Model("small", "http://127.0.0.1:9001/v1")}, cost_weight=0.01)
    >>> config.attempts, config.secrets
    (3, ())
    """

    models: dict
    cost_weight: float | None = None
    budget: float | None = None
    horizon: float | None = None
    encoder: dict = field(default_factory=dict)
    client_key: str | None = field(default=None, repr=False)
    admin_key: str | None = field(default=None, repr=False)
    reload_seconds: float = 2.0
    attempts: int = 3
    cooldown: float = 10.0
    connect_timeout: float = 5.0
    body_seconds: float = 30.0
    body_bytes: int = 10_000_000
    queue: int = 256
    batch: int = 16
    requests: int = 1000
    proxy_from_env: bool = False

    @property
    def secrets(self):
        """All keys, to be kept out of logs."""
        keys = [self.client_key, self.admin_key, *(model.key for model in self.models.values())]
        return tuple(key for key in keys if key)


def read_config(path):
    """Read the gateway's file.

    Parameters
    ----------
    path : str or Path
        YAML with `models`, {name: {url, model, key_env, cost, prices: {input, output}, routed,
        timeout, body}}; `cost_weight` or `budget` (with `horizon`); and what else `Config` has, but
        keys by `client_key_env` and `admin_key_env`: only names of environment variables stand in
        it.

    Returns
    -------
    Config

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not YAML, or a field is unknown, missing or out of range. The message names the
        field; of what may be a key it shows nothing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "models.yaml")
    ...     _ = path.write_text('''
    ... cost_weight: 0.01
    ... models:
    ...   small: {url: "http://127.0.0.1:9001/v1"}
    ...   large: {url: "https://llm.example.org/v1", cost: 4.5, timeout: 60}
    ... ''')
    ...     config = read_config(path)
    >>> list(config.models), config.models["large"].cost
    (['small', 'large'], 4.5)
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        found = yaml.load(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be UTF-8; byte {error.start} is not") from None
    except RecursionError:
        raise ValueError(f"{path} must be YAML; it is too deep") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it cannot be read"
        raise ValueError(f"{path} must be YAML; {what}{where}") from None
    try:
        return _config(found)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


class _Loader(yaml.SafeLoader):
    """YAML's safe part, without names that stand twice."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    problem="a name must be text", problem_mark=key.start_mark
                )
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    problem=f"{key.value!r} stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _config(found):
    values = _read("", found, CONFIG)
    if (values.get("cost_weight") is None) == (values.get("budget") is None):
        raise ValueError("exactly one of cost_weight and budget must be given")
    if values.get("horizon") is not None and values.get("budget") is None:
        raise ValueError("horizon must be left out without a budget")
    return Config(**values)


def _read(where, found, checks):
    """Return {attribute: value} of a part of the file, each checked."""
    if not isinstance(found, dict):
        kind = type(found).__name__
        raise ValueError(f"{where or 'the file'} must have fields; got a {kind}")
    values = {}
    for name, value in found.items():
        place = f"{where}.{name}" if where else f"{name}"
        if name not in checks:
            raise ValueError(
                f"{place} must be left out or be one of {', '.join(checks)} (what it says is not "
                "shown: it might be a key, which stands in the environment only)"
            )
        short = name.removesuffix("_env") if name.endswith("key_env") else name
        values[short] = checks[name](place, value)
    for name in {"models", "url"} & set(checks) - set(found):
        raise ValueError(f"{where + '.' if where else ''}{name} must be given")
    return values


def _models(where, found):
    if not isinstance(found, dict) or not found:
        raise ValueError(f"{where} must have an entry for each LLM; got none")
    models = {}
    for name, entry in found.items():
        if not isinstance(name, str) or not name.isprintable() or not name.strip():
            raise ValueError(f"{where} must have names that are text; got {name!r}: quote it")
        if name.split(":")[0] == OURS:
            raise ValueError(f"{where}.{name} must have another name: {OURS} is the gateway's")
        models[name] = Model(name, **_read(f"{where}.{name}", entry, MODEL))
    if not any(model.routed for model in models.values()):
        raise ValueError(f"{where} must have at least one with routed: true")
    return models


def _url(where, value):
    try:
        httpx2.URL(value)  # which is stricter, but takes blanks
        parts = urlsplit(value)
        good = parts and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        good = good and " " not in value
    except (ValueError, TypeError, httpx2.InvalidURL):
        good = False
    if not good:
        raise ValueError(f"{where} must begin with http:// or https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"{where} must have no user, key or query in it; keys go into key_env")
    return value.rstrip("/")


def _key(where, value):
    """Return the content of an environment variable; neither it nor its name is ever shown."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII):
        raise ValueError(f"{where} must be the name of an environment variable, not a key")
    key = os.environ.get(value, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError(f"{where} must name an environment variable that is set, to ASCII text")
    return key


def _number(low, high=LARGE):
    def check(where, value):
        try:  # YAML takes 1e-3 for text: it wants 1.0e-3
            value = float(value) if isinstance(value, str) else value
        except ValueError:
            pass
        if isinstance(value, bool):
            raise ValueError(f"{where} must be a number from {low} to {high:g}; got {value}")
        return check_scalar(where, value, low, high)

    return check


def _whole(where, value):
    check_positive_integer(where, value)
    return value


def _yes_or_no(where, value):
    if not isinstance(value, bool):
        raise ValueError(f"{where} must be true or false; got {value!r}")
    return value


def _text(where, value):
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where} must be text; got {value!r}")
    return value


def _prices(where, found):
    values = _read(where, found, {"input": _number(0), "output": _number(0)})
    if len(values) < 2:
        raise ValueError(f"{where} must have both input and output")
    return values["input"], values["output"]


def _body(where, found):
    if not isinstance(found, dict) or {"model", "messages", "prompt", "stream"} & set(found):
        raise ValueError(f"{where} must have fields, but not model, messages, prompt or stream")
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} must hold what JSON can; {error}") from None
    return found


def _turns(where, value):
    check_option(where, value, TURNS)
    return value


def _encoder(where, found):
    return _read(where, found, {"folder": _text, "turns": _turns})


MODEL = {
    "url": _url,
    "model": _text,
    "key_env": _key,
    "cost": _number(0),
    "prices": _prices,
    "routed": _yes_or_no,
    "timeout": _number(0.001, 86_400),
    "body": _body,
}
CONFIG = {
    "models": _models,
    "cost_weight": _number(0),
    "budget": _number(0),
    "horizon": _number(1),
    "encoder": _encoder,
    "client_key_env": _key,
    "admin_key_env": _key,
    "reload_seconds": _number(0, 86_400),
    "attempts": _whole,
    "cooldown": _number(0),
    "connect_timeout": _number(0.001, 600),
    "body_seconds": _number(0.001, 3600),
    "body_bytes": _whole,
    "queue": _whole,
    "batch": _whole,
    "requests": _whole,
    "proxy_from_env": _yes_or_no,
}

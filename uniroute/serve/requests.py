"""What clients ask, checked; errors in OpenAI's form, which name the parameter."""

import asyncio
import hmac
import json
import math
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.responses import JSONResponse

from uniroute._texts import read_texts
from uniroute.checks import check_scalar
from uniroute.serve.config import OURS
from uniroute.serve.deciding import Wish

__all__ = []

HEADERS = {"cost_weight": "x-uniroute-cost-weight", "budget": "x-uniroute-budget"}
WHAT = {"/v1/chat/completions": "messages", "/v1/completions": "prompt"}
LARGEST = 1e12


class Refused(Exception):
    """A request that is not answered by an LLM: its answer in OpenAI's form."""

    def __init__(self, status, message, kind="invalid_request_error", param=None, code=None):
        self.status, self.code, self.headers = status, code, {}
        self.content = {"message": message, "type": kind, "param": param, "code": code}

    def response(self, headers=()):
        """Return it as a response."""
        headers = {**self.headers, **dict(headers)}
        return JSONResponse({"error": self.content}, self.status, headers)


@dataclass(frozen=True)
class Asked:
    """A request that was understood: what is passed on, what is embedded, how to decide."""

    path: str
    body: dict
    text: object
    direct: str | None
    wish: Wish | None

    @property
    def stream(self):
        """Whether the answer is to come in pieces."""
        return bool(self.body.get("stream"))


def check_key(request, key):
    """Raise unless the request bears the key, if there is one."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if key is not None and not hmac.compare_digest(given.encode(), key.encode()):
        raise Refused(401, "the key is missing or wrong", code="invalid_api_key")


async def read_body(request, limit, seconds):
    """Return the JSON object that was sent, of at most so many bytes and in so many seconds."""
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                content += chunk
                if len(content) > limit:
                    raise Refused(
                        413, f"the body must have at most {limit} bytes", code="too_large"
                    )
    except TimeoutError:
        raise Refused(408, f"the body must come within {seconds:g} seconds") from None
    try:
        body = json.loads(bytes(content), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(400, "the body must be JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, f"the body must be an object; got {_kind(body)}")
    return body


def _no_constant(name):
    raise ValueError(name)


def _kind(value):
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return names.get(type(value), "null" if value is None else "a number")


def read_asked(path, body, headers, serving, turns):
    """Return what was asked, or raise `Refused`."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused(400, f"model must be a non-empty string; got {_kind(model)}", param="model")
    if not isinstance(body.get("stream", False), bool | None):
        raise Refused(400, f"stream must be a boolean; got {_kind(body['stream'])}", param="stream")
    name, *rule = model.split(":", 1)
    for named in (model, unquote(model)):  # as a header writes what is not ASCII
        if named in serving.config.models:
            return Asked(path, body, None, named, None)
    if name != OURS:
        names = ", ".join([OURS, *serving.config.models])
        raise Refused(404, f"model must be one of {names}", param="model", code="model_not_found")
    wish = _wish(rule, headers, serving)
    return Asked(path, body, _text(WHAT[path], body, turns), None, wish)


def _wish(rule, headers, serving):
    """Return how to decide: what the model's name or a header says, else what is usual."""
    given = {("model", "cost_weight"): rule[0]} if rule else {}
    if rule and rule[0].startswith("budget="):
        given = {("model", "budget"): rule[0].removeprefix("budget=")}
    for kind, header in HEADERS.items():
        if header in headers:
            given[header, kind] = headers[header]
    if len(given) > 1:
        places = ", ".join(place for place, _ in given)
        raise Refused(400, f"only one of {places} must say how to decide", param=places)
    for (place, kind), value in given.items():
        return Wish(**{kind: _number(place, kind, value, serving)})
    return serving.usual


def _number(place, kind, value, serving):
    try:
        number = check_scalar(kind, float(value), 0, LARGEST)
    except ValueError:
        message = f"{place} must give {kind} as a number from 0 to {LARGEST:g}"
        raise Refused(400, message, param=place) from None
    if kind == "cost_weight":
        return number
    for budget in serving.plans:
        if math.isclose(number, budget):
            return budget
    found = ", ".join(f"{budget:g}" for budget in serving.plans) or "none"
    raise Refused(
        400, f"{place} must give the budget of a plan, {found}; got {number:g}", param=place
    )


def _text(param, body, turns):
    """Return what the encoder is given of a request: a chat, or a text."""
    if param not in body:
        raise Refused(400, f"{param} must be given", param=param)
    text = body[param]
    if param == "prompt" and isinstance(text, list) and len(text) == 1:
        (text,) = text
    kinds = (list, "an array of messages") if param == "messages" else (str, "one string")
    if not isinstance(text, kinds[0]):
        raise Refused(400, f"{param} must be {kinds[1]}; got {_kind(text)}", param=param)
    try:
        read_texts([text], turns)
    except ValueError as error:
        got = str(error).partition("got ")[2].removesuffix(" at position 0")
        raise Refused(400, f"{param} must hold text of the user; got {got}", param=param) from None
    return text

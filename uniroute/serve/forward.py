"""From one endpoint to the next, until one answers; then its bytes, as they come."""

import asyncio
import json
import logging
import math
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpx2
import numpy as np
from starlette.responses import Response

from uniroute.serve.requests import Refused

__all__ = []

LOG = logging.getLogger("uniroute.serve")
PASSED = ("content-type", "content-encoding", "x-request-id", "cache-control", "retry-after")
# Statuses that say something of the request; all others are the endpoint's own trouble, a wrong key
# among them, of which its answer may show a part.
OF_REQUEST = {400, 409, 413, 414, 415, 422, 431, 451}
LONGEST_WAIT = 3600.0  # seconds: what endpoints ask for with Retry-After counts up to here
TAIL = 64 * 1024  # bytes of an answer that are kept to read the usage in
END = object()  # of an answer
USAGE = re.compile(rb'"usage"\s*:\s*\{')


@dataclass
class Answer:
    """An endpoint that answers: its response, the first bytes, and what failed before."""

    llm: str
    response: httpx2.Response
    first: bytes
    rest: object
    failed: dict = field(default_factory=dict)


class Forwarder:
    """Asks endpoints, and remembers for a while which failed.

    Parameters
    ----------
    client : httpx2.AsyncClient
    metrics : Metrics
    """

    def __init__(self, client, metrics):
        self.client, self.metrics = client, metrics
        self._down = {}  # name: when it failed, and for how long it asked to be left alone

    def ordered(self, names, cooldown):
        """Return names with those behind that failed lately, or asked for more time than that."""
        now = time.monotonic()

        def is_down(name):
            failed, wait = self._down.get(name, (-np.inf, 0.0))
            return now - failed < max(cooldown, wait)

        return sorted(names, key=is_down)

    async def ask(self, asked, names, config):
        """Return the `Answer` of the first that gives one, or raise `Refused`."""
        failed, waits = {}, []
        for name in names[: config.attempts]:
            model = config.models[name]
            try:
                answer = await self._ask_one(asked, model, config.connect_timeout)
            except _Failed as error:
                failed[name] = str(error)
                self._down[name] = time.monotonic(), error.wait
                waits.append(error.wait)
                self.metrics.failures.labels(name, str(error)).inc()
                LOG.warning("%s did not answer: %s", name, error)
            else:
                self._down.pop(name, None)
                answer.failed = failed
                return answer
        raise _nobody(failed, min(waits))

    async def _ask_one(self, asked, model, connect_timeout):
        body = asked.body | model.body | {"model": model.model or model.name}
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream" if asked.stream else "application/json",
            "accept-encoding": "identity",
        }
        if model.key is not None:
            headers["authorization"] = f"Bearer {model.key}"
        request = self.client.build_request(
            "POST",
            _address(model.url, asked.path),
            content=json.dumps(body).encode(),
            headers=headers,
            timeout=httpx2.Timeout(model.timeout, connect=connect_timeout),
        )
        started, response = time.perf_counter(), None
        try:
            response = await self.client.send(request, stream=True)
            _check(response)
            rest = response.aiter_raw()
            first = await anext(rest, b"")
            if not first and response.is_success:
                raise _Failed("empty")
        except BaseException as error:
            if response is not None:
                await response.aclose()
            raise _failure(error) from None
        self.metrics.first_byte.labels(model.name).observe(time.perf_counter() - started)
        return Answer(model.name, response, first, rest)


@lru_cache(maxsize=4096)
def _address(url, path):
    return httpx2.URL(url + path.removeprefix("/v1"))


class _Failed(Exception):
    """Why an endpoint did not answer: one of few short texts; `wait`: seconds that it asks for."""

    def __init__(self, reason, wait=0.0):
        super().__init__(reason)
        self.wait = wait


def _check(response):
    if not (response.is_success or response.status_code in OF_REQUEST):
        raise _Failed(f"status {response.status_code}", _wait(response))


def _wait(response):
    """Return the seconds of Retry-After, a number or a date; 0 if there is none."""
    text = response.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, OverflowError):
            seconds = 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT) if np.isfinite(seconds) else 0.0


def _failure(error):
    """Return why an attempt failed; what is not the endpoint's fault stays as it is."""
    if isinstance(error, httpx2.TimeoutException):
        return _Failed("timeout")
    if isinstance(error, httpx2.ConnectError):
        return _Failed("unreachable")
    return _Failed("broken off") if isinstance(error, httpx2.HTTPError) else error


def _nobody(failed, wait):
    """Return the error of a request that no LLM answered, and when to ask again."""
    reasons = set(failed.values())
    status = {("status 429",): 429, ("timeout",): 504}.get(tuple(reasons), 502)
    told = ", ".join(f"{name} ({reason})" for name, reason in failed.items())
    refused = Refused(status, f"no LLM answered: {told}", "upstream_error", code="no_answer")
    if wait:
        refused.headers["retry-after"] = str(math.ceil(wait))
    return refused


def headers_of(response):
    """Return the headers of an endpoint's response that are passed through."""
    return {name: response.headers[name] for name in PASSED if name in response.headers}


class PassedThrough(Response):
    """An endpoint's bytes, untouched; whoever leaves, the other's connection is closed.

    Parameters
    ----------
    answer : Answer
    headers : dict of str
    done : function
        Called at the end with the kept end of the bytes, and whether they are complete.
    """

    def __init__(self, answer, headers, done):
        self.status_code, self.background = answer.response.status_code, None
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.answer, self.done = answer, done

    async def __call__(self, scope, receive, send):
        """Send what comes, and tell of the end; a client sees that a broken answer is broken."""
        kept, whole, gone = self.answer.first, False, asyncio.ensure_future(receive())
        start = {"type": "http.response.start", "status": self.status_code}
        try:
            await send(start | {"headers": self.raw_headers})
            await send({"type": "http.response.body", "body": kept, "more_body": True})
            while isinstance(chunk := await self._next(gone), bytes) and not gone.done():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                kept = (kept + chunk)[-TAIL:]
            whole = chunk is END
        except httpx2.HTTPError:  # without the last message the server breaks off too
            pass
        finally:
            gone.cancel()
            await self.answer.response.aclose()
            self.done(kept, whole)
        if whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self, gone):
        """Return the next bytes, or `END`; None: the client has gone meanwhile."""
        step = asyncio.ensure_future(anext(self.answer.rest, END))
        try:
            await asyncio.wait({step, gone}, return_when=asyncio.FIRST_COMPLETED)
            return step.result() if step.done() else None
        finally:
            if not step.done():
                step.cancel()
                await asyncio.wait({step})


def usage_in(kept):
    """Return (input, output) tokens that the end of an answer, JSON or a stream, tells; or None."""
    found = None
    for match in USAGE.finditer(kept):
        found = match.end() - 1
    if found is None:
        return None
    try:
        text = kept[found:].decode(errors="replace")
        usage, _ = json.JSONDecoder().raw_decode(text)
        counts = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    except ValueError:
        return None
    plain = all(type(count) is int and 0 <= count < 10**12 for count in counts)
    return counts if plain else None

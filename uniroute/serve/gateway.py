"""The gateway as an ASGI app: requests in, decisions, answers through; reloading; metrics."""

import asyncio
import logging
import signal
import threading
import time
import traceback
import uuid
from contextlib import asynccontextmanager, suppress
from functools import lru_cache, wraps
from pathlib import Path
from urllib.parse import quote

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from uniroute.controller import Controller
from uniroute.embed import Encoder
from uniroute.serve.config import OURS, read_config
from uniroute.serve.deciding import Busy, EncoderThread, read_serving
from uniroute.serve.forward import Forwarder, PassedThrough, headers_of, usage_in
from uniroute.serve.metrics import Metrics
from uniroute.serve.requests import WHAT, Refused, check_key, read_asked, read_body

__all__ = ["Gateway"]

LOG = logging.getLogger("uniroute.serve")
SHOWN = 10  # LLMs whose predicted losses fit into a header


class Gateway:
    """A router in front of endpoints, as an ASGI app.

    Parameters
    ----------
    router : str or Path
        What `UniRoute.save` wrote.
    config : str or Path
        What `read_config` reads.
    encoder : Encoder or object, optional
        By default the one that the configuration names, or all-MiniLM-L6-v2.

    Attributes
    ----------
    app : ASGI app
        To be served by uvicorn, or by `running`.
    serving : Serving
        Router, configuration and their `version`, as they are now.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing, damaged or contradicts the other; the message names the field.

    Notes
    -----
    **What is asked.** The model ``uniroute`` leaves the choice to the router, ``uniroute:0.01``
    with this cost weight, ``uniroute:budget=0.4`` by the plan of this budget; the headers
    ``x-uniroute-cost-weight`` and ``x-uniroute-budget`` say the same. Any other name of the
    configuration is answered by that LLM alone, without the encoder. The user's last turn is what
    is embedded, see `uniroute.Encoder`.

    **What is answered.** The endpoint's status and bytes, with headers ``x-uniroute-`` `llm` (who
    answers), `choice` (the router's first), `reason`, `losses` and `costs` (predicted, of the first
    ten), `cost-weight`, `pool` (the version that decided), `tried` (who failed before), `request`.
    An LLM that cannot be reached, is too slow, breaks off before its first byte, or answers with
    401, 403, 404, 429 or 5xx is followed by the runner-up, and asked last for `cooldown` seconds,
    or as long as its ``Retry-After`` says, up to an hour. If nobody answers, the client is told the
    shortest of these.
    After the first byte nobody takes over: a broken stream is seen to break.

    **What changes.** Both files are read again when one changes, at SIGHUP, and at ``POST
    /admin/reload``; what is under way ends with the pool it began with. A bad file changes nothing
    and is reported.

    **What is kept from whom.** Keys come from the environment, go to their own endpoint only, and
    are shown nowhere; clients' keys go no further. Neither logs nor metrics have a word of a
    prompt or an answer. Bodies are limited in bytes and seconds, prompts that wait in number.
    Chapter 27.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from uniroute import ConstantMap, Encoder, UniRoute
    >>> class Length:
    ...     def encode(self, texts):
    ...         return np.array([[1.0, len(text)] for text in texts])
    >>> encoder = Encoder(Length())
    >>> router = UniRoute(ConstantMap(), encoder=encoder).fit(encoder.encode(["Hello", "Why?"]))
    >>> router = router.add_llms(["small", "large"], [[0.0, 1.0]], [[1, 0]], costs=[1.0, 5.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     router.save(Path(folder, "router"))
    ...     _ = Path(folder, "models.yaml").write_text('''
    ... cost_weight: 0.1
    ... models:
    ...   small: {url: "http://127.0.0.1:9001/v1"}
    ...   large: {url: "http://127.0.0.1:9002/v1", cost: 4.5}
    ... ''')
    ...     gateway = Gateway(Path(folder, "router"), Path(folder, "models.yaml"), encoder)
    >>> gateway.serving.router.costs_
    array([1. , 4.5])
    """

    def __init__(self, router, config, encoder=None):
        self._paths = Path(router), Path(config)
        self._encoder_given = encoder is not None
        first = read_config(config)
        self._encoder_config = first.encoder
        if encoder is None:
            options = dict(first.encoder)
            encoder = Encoder(options.pop("folder", None), **options)
        self.encoder = encoder if isinstance(encoder, Encoder) else Encoder(encoder)
        self.metrics, self._reading = Metrics(), threading.Lock()
        self._state = self._look()
        self.serving = read_serving(*self._paths, self.encoder)
        self._secrets = set(self.serving.config.secrets)
        self._set_gauges()
        self._thread = self._forwarder = None
        self.app = self._app()

    @property
    def secrets(self):
        """All keys so far, to be kept out of logs: requests under way may bear those of before."""
        return tuple(self._secrets)

    def reload(self):
        """Read both files again and put what they say in the place of what was.

        Returns
        -------
        str
            The new version, of twelve digits.

        Raises
        ------
        FileNotFoundError, ValueError
            As for the class; all is then as before.
        """
        with self._reading:
            try:
                new = read_serving(*self._paths, self.encoder, before=self.serving)
                if new.config.encoder != self._encoder_config and not self._encoder_given:
                    raise ValueError("encoder must stay as it is while the gateway runs")
            except Exception as error:
                self.metrics.reloads.labels("failed").inc()
                known = isinstance(error, ValueError | OSError | KeyError)
                LOG.error(
                    "reload failed, all stays as it was: %s", error if known else _place(error)
                )
                raise
            self._secrets |= set(new.config.secrets)
            self.serving = new
            self.metrics.reloads.labels("done").inc()
            self._set_gauges()
            LOG.info("pool %s of %d LLMs", new.version, len(new.router.llms_))
            return new.version

    def _set_gauges(self):
        self.metrics.llms.set(len(self.serving.router.llms_))

    # --- the app ---------------------------------------------------------------------------------

    def _app(self):
        routes = [Route(path, self._guarded(self._complete), methods=["POST"]) for path in WHAT]
        routes += [
            Route("/v1/models", self._guarded(self._models)),
            Route("/admin/reload", self._guarded(self._reload), methods=["POST"]),
            Route("/metrics", self._guarded(self._metrics)),
            Route("/health", self._guarded(self._health)),
        ]
        handlers = {HTTPException: _not_here}
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=handlers)

    @asynccontextmanager
    async def _lifespan(self, app):
        config = self.serving.config
        self._thread = EncoderThread(self.encoder, config.queue, config.batch)
        # Idle connections are closed before endpoints do it, commonly after five seconds: a request
        # on one that is just being closed would count as a failure.
        limits = {"max_connections": None, "max_keepalive_connections": 100}
        limits = httpx2.Limits(**limits, keepalive_expiry=2.0)
        async with httpx2.AsyncClient(limits=limits, trust_env=config.proxy_from_env) as client:
            self._forwarder = Forwarder(client, self.metrics)
            watch = asyncio.create_task(self._watch())
            self._hear_hangup()
            yield
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
        await asyncio.to_thread(self._thread.stop)

    def _hear_hangup(self):
        """Reload at SIGHUP, where the app has the process's main thread."""
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGHUP"):
            loop, tasks = asyncio.get_running_loop(), set()

            def hear():
                task = loop.create_task(self._reload_quietly())
                tasks.add(task)
                task.add_done_callback(tasks.discard)

            loop.add_signal_handler(signal.SIGHUP, hear)

    async def _watch(self):
        """Reload when a file changes, good or bad, once for each change."""
        while True:
            await asyncio.sleep(self.serving.config.reload_seconds or 60)
            if self.serving.config.reload_seconds and (now := self._look()) != self._state:
                self._state = now
                await self._reload_quietly()

    def _look(self):
        """Return what tells that a file is another than before."""
        router, config = self._paths
        found = []
        for path in (router, router.with_name(router.name + ".uniroute"), config):
            with suppress(OSError):
                stat = path.stat()
                found.append((path, stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return found

    async def _reload_quietly(self):
        with suppress(Exception):  # it was reported
            await asyncio.to_thread(self.reload)

    def _guarded(self, endpoint):
        """Return an endpoint whose errors are in OpenAI's form and show nothing of a prompt."""

        @wraps(endpoint)
        async def guarded(request):
            name = uuid.uuid4().hex[:16]
            request.state.name, request.state.headers = name, {"x-uniroute-request": name}
            try:
                return await endpoint(request)
            except Refused as error:
                refused = error
            except Exception as error:
                LOG.error("request %s failed: %s", name, _place(error))
                refused = Refused(500, f"the gateway failed at request {name}", "server_error")
            if request.url.path in WHAT:
                self.metrics.requests.labels("", str(refused.status)).inc()
            LOG.info("request %s: status %d, %s", name, refused.status, refused.code or "refused")
            return refused.response(request.state.headers)

        return guarded

    async def _complete(self, request):
        """Decide, ask, pass through."""
        serving = self.serving  # read once: all of an answer speaks of one pool
        config = serving.config
        check_key(request, config.client_key)
        body = await read_body(request, config.body_bytes, config.body_seconds)
        path = request.url.path
        asked = read_asked(path, body, request.headers, serving, self.encoder.turns)
        request.state.headers["x-uniroute-pool"] = serving.version
        choice, names = None, [asked.direct]
        if asked.direct is None:
            choice = await self._decide(asked, serving)
            names = self._forwarder.ordered(choice.order, config.cooldown)
            request.state.headers |= _headers_of_choice(choice)
        answer = await _unless_gone(request, self._forwarder.ask(asked, names, config))
        headers = headers_of(answer.response) | request.state.headers
        headers["x-uniroute-llm"] = _ascii(answer.llm)
        if answer.failed:
            headers["x-uniroute-tried"] = _listed(answer.failed)
        self.metrics.requests.labels(answer.llm, str(answer.response.status_code)).inc()
        LOG.info(
            "request %s: %s answers with status %d, pool %s",
            *(request.state.name, answer.llm, answer.response.status_code, serving.version),
        )

        def done(kept, whole):
            self._count(serving, choice, answer, kept, whole)

        return PassedThrough(answer, headers, done)

    async def _decide(self, asked, serving):
        started = time.perf_counter()
        self.metrics.waiting.inc()
        try:
            choice = await self._thread.decide(asked.text, serving, asked.wish)
        except Busy:
            refused = Refused(503, "too many prompts wait", "server_error", code="busy")
            refused.headers["retry-after"] = "1"
            raise refused from None
        finally:
            self.metrics.waiting.dec()
        self.metrics.deciding.observe(time.perf_counter() - started)
        self.metrics.routed.labels(choice.order[0]).inc()
        return choice

    def _count(self, serving, choice, answer, kept, whole):
        """Count tokens and cost of an answer, and tell the controller."""
        llm = answer.llm
        if not whole:
            self.metrics.broken.labels(llm).inc()
            LOG.warning("the answer of %s broke off", llm)
        if answer.response.status_code >= 300:
            return
        usage, prices = usage_in(kept), serving.config.models[llm].prices
        if usage is not None:
            for kind, n in zip(("input", "output"), usage, strict=True):
                self.metrics.tokens.labels(llm, kind).inc(n)
        bill = None if choice is None else choice.costs[llm]
        if usage is not None and prices is not None:
            bill = (usage[0] * prices[0] + usage[1] * prices[1]) / 1e6
        if bill is not None:
            self.metrics.cost.labels(llm).inc(bill)
        if choice is not None:
            serving.billed(choice.wish, bill)
            held = serving.plans.get(choice.wish.budget)
            if isinstance(held, Controller):
                self.metrics.excess.set(held.excess)

    async def _models(self, request):
        check_key(request, self.serving.config.client_key)
        names = [OURS, *self.serving.config.models]
        entries = [{"id": n, "object": "model", "created": 0, "owned_by": OURS} for n in names]
        return JSONResponse({"object": "list", "data": entries})

    async def _reload(self, request):
        key = self.serving.config.admin_key
        if key is None:
            raise Refused(404, "admin_key_env must be set to allow this", code="not_found")
        check_key(request, key)
        try:
            version = await asyncio.to_thread(self.reload)
        except (ValueError, OSError, KeyError) as error:
            raise Refused(422, str(error), code="bad_file") from None
        return JSONResponse({"pool": version, "llms": self.serving.router.llms_})

    async def _metrics(self, request):
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _health(self, request):
        return JSONResponse({"status": "ok", "pool": self.serving.version})


async def _unless_gone(request, work):
    """Return what is awaited, which is given up when the client goes: tokens cost money."""
    work, gone = asyncio.ensure_future(work), asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise Refused(499, "the client has gone", code="client_gone")
        return work.result()
    finally:
        work.cancel()
        gone.cancel()


async def _not_here(request, error):
    """Answer what has no endpoint here, in OpenAI's form."""
    return Refused(error.status_code, error.detail, code="not_found").response()


def _place(error):
    """Return kind and place of an error, not its text, in which there may be a prompt."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}, line {frame.lineno}"


def _headers_of_choice(choice):
    shown = choice.order[:SHOWN]
    return {
        "x-uniroute-choice": _ascii(choice.order[0]),
        "x-uniroute-reason": choice.reason,
        "x-uniroute-cost-weight": f"{choice.cost_weight:.6g}",
        "x-uniroute-losses": _listed({name: f"{choice.losses[name]:.4f}" for name in shown}),
        "x-uniroute-costs": _listed({name: f"{choice.costs[name]:.6g}" for name in shown}),
    }


def _listed(values):
    return ", ".join(f"{_ascii(name)}={value}" for name, value in values.items())


@lru_cache(maxsize=4096)
def _ascii(name):
    """Return a name as a header may hold it: other letters and separators percent-encoded."""
    return quote(name, safe=" ./:@+()[]*!~")

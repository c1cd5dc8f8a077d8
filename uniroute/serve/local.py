"""To try a gateway on one machine: an endpoint that makes its answers up, and a server's thread."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager

import uvicorn

__all__ = ["FakeEndpoint", "running"]


class FakeEndpoint:
    """An ASGI app that answers in OpenAI's form as it is told to: no LLM, no network.

    Parameters
    ----------
    words : sequence of str, default ("Hello", " there")
        The answer; a stream has a chunk for each.
    status : int, default 200
        Any other is an error. It may be changed while the endpoint runs, as all that follows.
    delay : float, default 0
        Seconds before it answers; it gives up when the client does.
    broken_after : int or None, default None
        Chunks of a stream after which the connection breaks.

    Attributes
    ----------
    seen : list of dict
        Requests so far: `path`, `headers` (dict of str), `body` (dict).
    sent : list of bytes
        Bodies of answers so far.

    Examples
    --------
    >>> import httpx2
    >>> with running(FakeEndpoint(["4"])) as url:
    ...     answer = httpx2.post(f"{url}/v1/chat/completions", json={"model": "x"}, trust_env=False)
    >>> answer.json()["choices"][0]["message"]["content"]
    '4'
    """

    def __init__(self, words=("Hello", " there"), status=200, delay=0.0, broken_after=None):
        self.words, self.status, self.delay = words, status, delay
        self.broken_after = broken_after
        self.seen, self.sent = [], []

    async def __call__(self, scope, receive, send):
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await _read_all(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append({"path": scope["path"], "headers": headers, "body": body})
        if self.delay:
            try:  # the next message is that the client has gone
                return await asyncio.wait_for(receive(), self.delay)
            except TimeoutError:
                pass
        stream = body.get("stream") and self.status == 200
        kind = b"text/event-stream" if stream else b"application/json"
        start = {"type": "http.response.start", "status": self.status}
        await send(start | {"headers": [(b"content-type", kind)]})
        chunks = self._events(body) if stream else [json.dumps(self._answer(body)).encode()]
        for i, chunk in enumerate(chunks):
            if i == self.broken_after:
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        self.sent.append(b"".join(chunks))
        await send({"type": "http.response.body", "body": b""})

    def _answer(self, body):
        if self.status != 200:
            return {"error": {"message": "no", "type": "fake", "param": None, "code": None}}
        message = {"role": "assistant", "content": "".join(self.words)}
        return {
            "id": "fake",
            "object": "chat.completion",
            "model": body.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": self._usage(),
        }

    def _usage(self):
        n = len(self.words)
        return {"prompt_tokens": 10, "completion_tokens": n, "total_tokens": 10 + n}

    def _events(self, body):
        """Return server-sent events, one a word; the last may have the usage."""
        parts = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in self.words]
        if (body.get("stream_options") or {}).get("include_usage"):
            parts.append({"choices": [], "usage": self._usage()})
        parts = [{"id": "fake", "object": "chat.completion.chunk"} | part for part in parts]
        return [f"data: {part}\n\n".encode() for part in (*map(json.dumps, parts), "[DONE]")]


async def _read_all(receive):
    content, more = b"", True
    while more:
        message = await receive()
        content, more = content + message.get("body", b""), message.get("more_body", False)
    return json.loads(content or b"{}")


@contextmanager
def running(app, port=0):
    """Serve an ASGI app on 127.0.0.1 in a thread, and stop it at the end.

    Parameters
    ----------
    app : ASGI app
        A `FakeEndpoint`, or the `app` of a `Gateway`.
    port : int, default 0
        0 for any that is free.

    Yields
    ------
    str
        The address, ``http://127.0.0.1:PORT``.

    Raises
    ------
    RuntimeError
        If it does not start.

    Examples
    --------
    >>> with running(FakeEndpoint()) as url:
    ...     url.rpartition(":")[0]
    'http://127.0.0.1'
    """
    options = {"log_config": None, "access_log": False, "timeout_graceful_shutdown": 5}
    server = uvicorn.Server(uvicorn.Config(app, **options))
    # Named TCP, so that asyncio lets small pieces go at once.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the app did not start")
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()

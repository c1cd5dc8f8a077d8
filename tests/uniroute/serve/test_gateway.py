"""The gateway in front of endpoints in this process: what is chosen, passed through, refused."""

import asyncio
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from uniroute import ConstantMap, Controller, Encoder, UniRoute
from uniroute.serve import FakeEndpoint, Gateway, running

CHAT = "/v1/chat/completions"


def chat(text="easy", model="uniroute", **fields):
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def said(response):
    return response.json()["choices"][0]["message"]["content"].split()[0]


def listed(text):
    return {name: float(value) for name, value in (part.split("=") for part in text.split(", "))}


# --- what is chosen -------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "llm"), [("easy", "small"), ("hard", "large")])
def test_the_router_chooses_and_says_why(house, text, llm):
    gateway, client = house.start()
    answer = client.post(CHAT, json=chat(text))
    assert answer.status_code == 200
    assert said(answer) == llm
    headers = {name: answer.headers[f"x-uniroute-{name}"] for name in ("llm", "choice", "pool")}
    assert headers == {"llm": llm, "choice": llm, "pool": gateway.serving.version}
    router, x = house.router(), house.encoder.encode([text])
    losses = dict(zip(router.llms_, router.predict_loss(x)[0], strict=True))
    assert listed(answer.headers["x-uniroute-losses"]) == pytest.approx(losses, abs=1e-4)
    assert listed(answer.headers["x-uniroute-costs"]) == {"small": 1, "medium": 3, "large": 5}
    assert router.route(x, cost_weight=0.05)[0] == llm
    assert "0.05 x cost" in answer.headers["x-uniroute-reason"]
    assert "x-uniroute-tried" not in answer.headers


def test_only_the_model_is_changed_in_what_is_passed_on(house):
    _, client = house.start({"small": {"model": "org/small-1b", "body": {"top_k": 1}}})
    body = chat("easy", temperature=0.5, tools=[{"type": "function"}], seed=1)
    client.post(CHAT, json=body)
    (seen,) = house.endpoints["small"].seen
    assert seen["path"] == CHAT
    assert seen["body"] == body | {"model": "org/small-1b", "top_k": 1}


def test_the_cost_weight_of_one_request(house):
    _, client = house.start()
    for given in ({"model": "uniroute:2"}, {"headers": {"x-uniroute-cost-weight": "2"}}):
        body = chat("hard", given.get("model", "uniroute"))
        answer = client.post(CHAT, json=body, headers=given.get("headers"))
        assert said(answer) == "small"
        assert answer.headers["x-uniroute-cost-weight"] == "2"


def test_a_named_model_is_asked_without_the_router(house):
    _, client = house.start()
    answer = client.post(CHAT, json=chat("easy", "large"))
    assert said(answer) == "large"
    assert "x-uniroute-losses" not in answer.headers
    # Nobody takes its place.
    house.endpoints["large"].status = 503
    assert client.post(CHAT, json=chat("easy", "large")).status_code == 502
    assert not house.endpoints["small"].seen


@pytest.mark.parametrize("name", ["large", "größe=1, 模型"])
def test_a_conversation_stays_with_the_llm_whose_name_it_sends_back(house, name):
    """The second turn alone would go to another; the name comes as the header wrote it."""
    house.write_router(house.router().rename({"large": name}))
    house.urls[name] = house.urls.pop("large")
    _, client = house.start()
    first = client.post(CHAT, json=chat("hard"))
    assert said(first) == "large"
    second = client.post(CHAT, json=chat("easy", first.headers["x-uniroute-llm"]))
    assert said(second) == "large"
    assert second.headers["x-uniroute-llm"] == first.headers["x-uniroute-llm"]


def test_completions_with_a_prompt(house):
    _, client = house.start()
    body = {"model": "uniroute", "prompt": "hard"}
    assert client.post("/v1/completions", json=body).headers["x-uniroute-llm"] == "large"
    assert house.endpoints["large"].seen[0]["path"] == "/v1/completions"


def test_a_model_that_is_not_routed_answers_to_its_name_only(house):
    _, client = house.start({"small": {"routed": False}})
    answer = client.post(CHAT, json=chat("easy"))
    assert said(answer) == "medium"
    assert "small" not in answer.headers["x-uniroute-losses"]
    assert said(client.post(CHAT, json=chat("easy", "small"))) == "small"
    names = [entry["id"] for entry in client.get("/v1/models").json()["data"]]
    assert names == ["uniroute", "small", "medium", "large"]


def test_what_an_earlier_turn_says_does_not_count(house):
    _, client = house.start()
    turns = [("system", "hard"), ("user", "hard"), ("assistant", "hard"), ("user", "easy")]
    messages = [{"role": role, "content": content} for role, content in turns]
    answer = client.post(CHAT, json={"model": "uniroute", "messages": messages})
    assert said(answer) == "small"


# --- budgets --------------------------------------------------------------------------------------


def with_plan(house, budget=2.0):
    router = house.router()
    router.plan(house.encoder.encode(["easy", "hard"] * 200), budget, random_state=0)
    house.write_router(router)


def test_a_plan_of_the_router_decides(house):
    with_plan(house, budget=1.5)
    _, client = house.start(budget=1.5)
    answers = [client.post(CHAT, json=chat(text)) for text in ["easy"] * 3 + ["hard"] * 60]
    # 1 for what is easy, 2 for what is hard: a coin between 1 and 3 (always one side: 1 in 2**59).
    assert {said(answer) for answer in answers[:3]} == {"small"}
    assert {said(answer) for answer in answers[3:]} == {"small", "medium"}
    assert "budget 1.5" in answers[0].headers["x-uniroute-reason"]
    assert said(client.post(CHAT, json=chat("easy", "uniroute:budget=1.5"))) == "small"
    refused = client.post(CHAT, json=chat("easy", "uniroute:budget=3"))
    assert refused.status_code == 400
    assert "a plan, 1.5; got 3" in refused.json()["error"]["message"]


def test_bills_lower_what_may_be_spent(house):
    with_plan(house)
    prices = {"prices": {"input": 0, "output": 1e7}}  # 3 words, 30
    gateway, client = house.start({name: prices for name in house.urls}, budget=2.0, horizon=10)
    held = gateway.serving.plans[2.0]
    for _ in range(3):
        client.post(CHAT, json=chat("easy"))
    assert isinstance(held, Controller)
    assert (held.n_prompts, held.excess) == (3, pytest.approx(3 * (30 - 2)))
    # All is spent: the cheapest.
    answer = client.post(CHAT, json=chat("hard"))
    assert said(answer) == "small"
    assert "cheapest" in answer.headers["x-uniroute-reason"]
    assert "uniroute_budget_excess 112" in client.get("/metrics").text
    # The plan is still there after a reload, and so is what was spent.
    gateway.reload()
    assert gateway.serving.plans[2.0] is held


# --- endpoints that fail --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 302])
def test_the_runner_up_answers_for_an_endpoint_that_fails(house, status):
    _, client = house.start()
    house.endpoints["large"].status = status
    answer = client.post(CHAT, json=chat("hard"))
    assert said(answer) == "medium"
    assert answer.headers["x-uniroute-choice"] == "large"
    assert answer.headers["x-uniroute-llm"] == "medium"
    assert answer.headers["x-uniroute-tried"] == f"large=status {status}"


def test_a_killed_and_a_slow_endpoint(house):
    house.endpoints["medium"].delay = 1000
    house.urls["large"] = house.run("killed", FakeEndpoint())
    _, client = house.start({"medium": {"timeout": 0.2}})
    assert client.post(CHAT, json=chat("hard")).headers["x-uniroute-llm"] == "large"
    house.stops["killed"]()
    answer = client.post(CHAT, json=chat("hard"))
    assert said(answer) == "small"
    assert answer.headers["x-uniroute-tried"] == "large=unreachable, medium=timeout"
    text = client.get("/metrics").text
    assert 'uniroute_failures_total{llm="large",reason="unreachable"} 1.0' in text
    assert 'uniroute_failures_total{llm="medium",reason="timeout"} 1.0' in text


def test_a_request_that_is_wrong_goes_to_no_other(house):
    _, client = house.start()
    house.endpoints["small"].status = 400
    answer = client.post(CHAT, json=chat("easy"))
    assert answer.status_code == 400
    assert answer.content == house.endpoints["small"].sent[-1]
    assert not house.endpoints["medium"].seen


@pytest.mark.parametrize(("status", "told"), [(500, 502), (429, 429)])
def test_nobody_answers(house, status, told):
    _, client = house.start()
    for endpoint in house.endpoints.values():
        endpoint.status = status
    answer = client.post(CHAT, json=chat("hard"))
    assert answer.status_code == told
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"].count(f"status {status}") == 3


def test_no_more_attempts_than_allowed(house):
    _, client = house.start(attempts=2)
    for name in ("large", "medium"):
        house.endpoints[name].status = 500
    assert client.post(CHAT, json=chat("hard")).status_code == 502
    assert not house.endpoints["small"].seen


def test_who_failed_is_asked_last_for_a_while(house):
    _, client = house.start(cooldown=1e6)
    house.endpoints["large"].status = 500
    for _ in range(3):
        answer = client.post(CHAT, json=chat("hard"))
        assert said(answer) == "medium"
    assert answer.headers["x-uniroute-choice"] == "large"
    assert len(house.endpoints["large"].seen) == 1
    # It is asked where nobody else answers, and back when it does.
    house.endpoints["large"].status = 200
    house.endpoints["small"].status = house.endpoints["medium"].status = 500
    assert said(client.post(CHAT, json=chat("hard"))) == "large"
    assert said(client.post(CHAT, json=chat("hard"))) == "large"


def test_an_endpoint_that_asks_for_time_gets_it_and_the_client_is_told(house):
    seen = []

    def full(wait):
        async def app(scope, receive, send):
            if scope["type"] == "http":
                seen.append(wait)
                headers = [(b"retry-after", wait)] if wait else []
                await send({"type": "http.response.start", "status": 429, "headers": headers})
                await send({"type": "http.response.body", "body": b"{}"})

        return app

    house.urls["large"] = house.run("large", full(b"120"))
    house.urls["medium"] = house.run("medium", full(b"Wed, 01 Jan 2200 00:00:00 GMT"))
    _, client = house.start(cooldown=0)
    for _ in range(2):
        assert said(client.post(CHAT, json=chat("hard"))) == "small"
    assert seen == [b"120", b"Wed, 01 Jan 2200 00:00:00 GMT"]  # once each
    house.endpoints["small"].status = 429
    answer = client.post(CHAT, json=chat("hard"))
    assert answer.status_code == 429 and "retry-after" not in answer.headers  # small says nothing
    answer = client.post(CHAT, json=chat("hard", model="large"))
    assert answer.status_code == 429 and answer.headers["retry-after"] == "120"
    answer = client.post(CHAT, json=chat("hard", model="medium"))
    assert answer.headers["retry-after"] == "3600"


@pytest.mark.parametrize("wait", ["soon", "nan", "-5", "Wed, 99 Foo"])
def test_a_wait_that_cannot_be_read_is_none(house, wait):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            headers = [(b"retry-after", wait.encode())]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": b"{}"})

    house.urls["large"] = house.run("large", app)
    _, client = house.start()
    answer = client.post(CHAT, json=chat("hard", model="large"))
    assert answer.status_code == 502 and "retry-after" not in answer.headers


def test_an_empty_answer_is_none(house):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    house.urls["large"] = house.run("large", app)
    _, client = house.start()
    answer = client.post(CHAT, json=chat("hard"))
    assert said(answer) == "medium" and answer.headers["x-uniroute-tried"] == "large=empty"


def test_an_endpoint_that_hangs_in_a_stream_is_left_when_the_client_leaves(house):
    left = threading.Event()

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"
        left.set()

    house.urls["large"] = house.run("large", app)
    gateway, client = house.start()
    with client.stream("POST", CHAT, json=chat("hard", stream=True)) as answer:
        assert next(answer.iter_raw()) == b"data: 1\n\n"
    assert left.wait(30)  # long before the endpoint's timeout
    pause = threading.Event()
    while b'uniroute_broken_streams_total{llm="large"} 1.0' not in gateway.metrics.text():
        pause.wait(0.01)


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "easy"}, {"type": "image_url", "image_url": {"url": "data:,"}}],
        "easy " * 100_000,
    ],
)
def test_pictures_tools_and_long_chats_go_where_their_text_does(house, content):
    _, client = house.start()
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "hard"},
        {"role": "user", "content": content},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "hard"},
    ]
    answer = client.post(CHAT, json={"model": "uniroute", "messages": messages, "tools": []})
    assert said(answer) == "small"
    assert house.endpoints["small"].seen[-1]["body"]["messages"] == messages


def test_headers_that_are_no_ascii_are_refused_or_not_looked_at(house, key):
    _, client = house.start(client_key_env="THE_KEY")
    headers = [("authorization", "Bearer \xe9".encode("latin-1"))]
    assert client.post(CHAT, json=chat(), headers=headers).status_code == 401
    headers = [("authorization", f"Bearer {key}"), ("x-uniroute-budget", b"\xff\xfe")]
    answer = client.post(CHAT, json=chat(), headers=headers)
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "x-uniroute-budget"
    headers = [("authorization", f"Bearer {key}"), ("x-other", b"\xff\xfe")]
    assert client.post(CHAT, json=chat(), headers=headers).status_code == 200


def test_keys_of_before_a_reload_stay_hidden(house, key, monkeypatch):
    gateway, _ = house.start({"small": {"key_env": "THE_KEY"}})
    monkeypatch.setenv("THE_KEY", "sk-another-0123456789")
    gateway.reload()
    assert set(gateway.secrets) == {key, "sk-another-0123456789"}


def test_an_endpoint_is_left_when_the_client_leaves(house):
    house.endpoints["small"].delay = 1000
    gateway, client = house.start()
    with pytest.raises(httpx2.ReadTimeout):
        client.post(CHAT, json=chat("easy"), timeout=0.2)
    pause = threading.Event()
    while 'uniroute_requests_total{llm="",status="499"} 1.0' not in gateway.metrics.text().decode():
        pause.wait(0.01)
    assert not house.endpoints["medium"].seen


# --- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("usage", [False, True])
def test_a_stream_comes_byte_by_byte(house, usage):
    _, client = house.start()
    body = chat("hard", stream=True, stream_options={"include_usage": usage})
    with client.stream("POST", CHAT, json=body) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["x-uniroute-llm"] == "large"
        content = b"".join(answer.iter_raw())
    assert content == house.endpoints["large"].sent[-1]
    assert content.endswith(b"data: [DONE]\n\n")
    tokens = 'uniroute_tokens_total{kind="output",llm="large"} 3.0'
    assert (tokens in client.get("/metrics").text) == usage


def test_the_first_piece_comes_before_the_last_is_there(house):
    wait = threading.Event()

    async def app(scope, receive, send):
        start = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.to_thread(wait.wait, 60)
        await send({"type": "http.response.body", "body": b"last"})

    house.urls["large"] = house.run("waits", app)
    _, client = house.start()
    with client.stream("POST", CHAT, json=chat("hard", stream=True)) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"first"
        wait.set()
        assert next(pieces) == b"last"


def test_a_stream_that_breaks_before_its_first_byte_is_taken_over(house):
    _, client = house.start()
    house.endpoints["large"].broken_after = 0
    with client.stream("POST", CHAT, json=chat("hard", stream=True)) as answer:
        content = b"".join(answer.iter_raw())
    assert answer.headers["x-uniroute-tried"] == "large=broken off"
    assert content == house.endpoints["medium"].sent[-1]


def test_a_stream_that_breaks_later_is_seen_to_break(house):
    _, client = house.start()
    house.endpoints["large"].broken_after = 2
    pieces = []
    with pytest.raises(httpx2.RemoteProtocolError):
        with client.stream("POST", CHAT, json=chat("hard", stream=True)) as answer:
            pieces.extend(answer.iter_raw())
    assert b"large" in b"".join(pieces)
    assert not house.endpoints["medium"].seen
    assert 'uniroute_broken_streams_total{llm="large"} 1.0' in client.get("/metrics").text


# --- many at once, and a pool that changes --------------------------------------------------------


def test_eight_clients_while_the_pool_is_reloaded(house):
    """No errors, and each answer is of one pool: its prices and its choice."""
    gateway, client = house.start()
    pools = {gateway.serving.version: 1.0}
    done, answers = threading.Event(), []

    def ask(i):
        while not done.is_set():
            answers.append(client.post(CHAT, json=chat(("easy", "hard")[i % 2])))

    with ThreadPoolExecutor(8) as clients:
        asking = [clients.submit(ask, i) for i in range(8)]
        for price in (20.0, 1.0, 30.0, 1.5, 40.0):
            house.write_config({"small": {"cost": price}})
            pools[gateway.reload()] = price
            seen = len(answers)
            while len(answers) < seen + 30 and not any(job.done() for job in asking):
                done.wait(0.01)
        done.set()
        for job in asking:
            job.result()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["x-uniroute-pool"] for answer in answers}) > 3
    for answer in answers:
        price = pools[answer.headers["x-uniroute-pool"]]
        costs = listed(answer.headers["x-uniroute-costs"])
        losses = listed(answer.headers["x-uniroute-losses"])
        assert costs["small"] == price
        assert said(answer) == min(costs, key=lambda llm: losses[llm] + 0.05 * costs[llm])


def test_a_bad_file_changes_nothing_and_is_reported(house, caplog):
    gateway, client = house.start()
    before = gateway.serving
    house.paths[1].write_text("cost_weight: -1\nmodels: {}")
    with caplog.at_level("ERROR", "uniroute.serve"), pytest.raises(ValueError, match="cost_weight"):
        gateway.reload()
    assert "cost_weight" in caplog.text
    house.write_config()
    house.paths[0].write_bytes(house.paths[0].read_bytes()[:-9])
    with pytest.raises(ValueError, match="must hold a router"):
        gateway.reload()
    assert gateway.serving is before
    assert said(client.post(CHAT, json=chat("hard"))) == "large"
    assert 'uniroute_reloads_total{outcome="failed"} 2.0' in client.get("/metrics").text


def test_a_reload_by_whoever_has_the_key(house, key):
    gateway, client = house.start(admin_key_env="THE_KEY")
    house.write_config({"small": {"cost": 50}}, admin_key_env="THE_KEY")
    assert client.post("/admin/reload").status_code == 401
    bearer = {"authorization": f"Bearer {key}"}
    answer = client.post("/admin/reload", headers=bearer)
    assert answer.json() == {"pool": gateway.serving.version, "llms": ["small", "medium", "large"]}
    assert said(client.post(CHAT, json=chat("easy"))) == "medium"
    house.paths[1].write_text("models: 3")
    answer = client.post("/admin/reload", headers=bearer)
    assert answer.status_code == 422
    assert "models" in answer.json()["error"]["message"]


def test_without_a_key_nobody_reloads(house):
    _, client = house.start()
    assert client.post("/admin/reload").status_code == 404


def test_files_that_change_are_read(house):
    gateway, client = house.start(reload_seconds=0.02)
    before, found = gateway.serving.version, threading.Event()
    house.write_config({"small": {"cost": 50}}, reload_seconds=0.02)
    for _ in range(3000):
        if gateway.serving.version != before:
            break
        found.wait(0.01)
    assert said(client.post(CHAT, json=chat("easy"))) == "medium"


PROGRAM = """
import sys
import numpy as np
import uvicorn
from uniroute.serve import Gateway

class Kinds:
    def encode(self, texts):
        return np.array([[0.0, 1.0] if "hard" in text else [1.0, 0.0] for text in texts])

router, config, port = sys.argv[1:]
uvicorn.run(Gateway(router, config, Kinds()).app, port=int(port), log_level="error")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_hangup_signal_reloads(house):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    house.write_config()
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, *map(str, [*house.paths, port])])
    pause = threading.Event()

    def pool():
        while program.poll() is None:
            try:
                url = f"http://127.0.0.1:{port}/health"
                return httpx2.get(url, trust_env=False, timeout=60).json()["pool"]
            except httpx2.TransportError:
                pause.wait(0.05)
        raise AssertionError("the gateway ended")

    try:
        before = pool()
        house.write_config({"small": {"cost": 50}})
        program.send_signal(signal.SIGHUP)
        while pool() == before:
            pause.wait(0.05)
    finally:
        program.terminate()
        program.wait(60)


def test_a_newcomer_joins_without_a_restart(house):
    gateway, client = house.start()
    router = house.router()
    X = house.encoder.encode(["easy", "hard"] * 6)
    house.write_router(router.add_llms("new", X, [0.0] * 12, 0.5))
    with pytest.raises(ValueError, match=r"models\.new must be given"):
        gateway.reload()
    house.urls["new"] = house.urls["small"]
    house.write_config()
    gateway.reload()
    assert client.post(CHAT, json=chat("hard")).headers["x-uniroute-llm"] == "new"


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"messages": []}, "model", "model must be a non-empty string; got null"),
        (chat(model="gpt-9"), "model", "model must be one of uniroute, small"),
        (chat(model="uniroute:cheap"), "model", "cost_weight as a number"),
        (chat(model="uniroute:-1"), "model", "cost_weight as a number"),
        (chat(model="uniroute:nan"), "model", "cost_weight as a number"),
        (chat(model="uniroute:budget=1"), "model", "budget of a plan, none"),
        (chat(stream="yes"), "stream", "stream must be a boolean; got a string"),
        ({"model": "uniroute"}, "messages", "messages must be given"),
        ({"model": "uniroute", "messages": "Hi"}, "messages", "array of messages; got a string"),
        ({"model": "uniroute", "messages": []}, "messages", "without a turn of the user"),
        ({"model": "uniroute", "messages": [3]}, "messages", "message 0 has the role None"),
        (chat("  "), "messages", "without text"),
        (chat("\ud800"), "messages", "half of a pair"),
    ],
)
def test_bad_requests_are_told_in_openai_s_form(house, body, param, message):
    _, client = house.start()
    answer = client.post(CHAT, content=json.dumps(body))
    assert answer.status_code == (404 if body.get("model") == "gpt-9" else 400)
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert message in error["message"]
    assert not any(endpoint.seen for endpoint in house.endpoints.values())


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[1]", b'{"x": NaN}', b"[" * 100_000])
def test_bodies_that_are_no_object_of_json(house, content):
    _, client = house.start()
    answer = client.post(CHAT, content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("the body must be")


def test_a_prompt_of_tokens_is_refused(house):
    _, client = house.start()
    answer = client.post("/v1/completions", json={"model": "uniroute", "prompt": [1, 2]})
    assert answer.json()["error"]["message"] == "prompt must be one string; got an array"


def test_header_and_name_must_not_both_decide(house):
    _, client = house.start()
    headers = {"x-uniroute-cost-weight": "1"}
    answer = client.post(CHAT, json=chat(model="uniroute:2"), headers=headers)
    assert answer.status_code == 400
    assert "model, x-uniroute-cost-weight" in answer.json()["error"]["message"]


def test_a_body_that_is_too_large(house):
    _, client = house.start(body_bytes=1000)
    answer = client.post(CHAT, json=chat("easy" * 1000))
    assert answer.status_code == 413
    assert client.post(CHAT, json=chat("easy")).status_code == 200


def test_more_prompts_than_may_wait(house):
    """One is with the encoder, one waits, the third is told to come back."""
    let, inside = threading.Event(), threading.Event()

    class Slow:
        calls = 0

        def encode(self, texts):
            if texts == ["easy"]:
                inside.set()
                let.wait(60)
            return np.ones((len(texts), 2))

    house.write_config(queue=1, batch=1)
    slow = Encoder(Slow(), fingerprint="slow")
    X = slow.encode(["a", "b"])
    router = UniRoute(ConstantMap(), encoder=slow).fit(X)
    house.write_router(router.add_llms(["small", "medium", "large"], X, [[0.0] * 3] * 2, [1, 3, 5]))
    gateway = Gateway(*house.paths, encoder=slow)
    with running(gateway.app) as url, ThreadPoolExecutor(2) as clients:

        def post():
            return httpx2.post(f"{url}{CHAT}", json=chat("easy"), timeout=60, trust_env=False)

        first = clients.submit(post)
        inside.wait(60)
        second = clients.submit(post)
        waited = threading.Event()
        while "uniroute_waiting 2.0" not in gateway.metrics.text().decode():
            waited.wait(0.01)
        third = post()
        let.set()
        assert (first.result().status_code, second.result().status_code) == (200, 200)
    assert third.status_code == 503
    assert third.headers["retry-after"] == "1"


def test_unknown_paths_in_openai_s_form(house):
    _, client = house.start()
    for answer in (client.get("/v2"), client.get(CHAT)):
        assert answer.status_code in (404, 405)
        assert answer.json()["error"]["code"] == "not_found"


# --- keys and prompts -----------------------------------------------------------------------------


def test_clients_need_the_key_if_there_is_one(house, key):
    _, client = house.start(client_key_env="THE_KEY")
    assert client.post(CHAT, json=chat()).status_code == 401
    assert client.get("/v1/models").status_code == 401
    for wrong in ("Bearer x", f"Bearer {key}x", "Bearer é"):
        headers = {"authorization": wrong.encode()}
        assert client.post(CHAT, json=chat(), headers=headers).status_code == 401
    answer = client.post(CHAT, json=chat(), headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200


def test_each_endpoint_gets_its_own_key_and_no_other(house, key):
    _, client = house.start({"small": {"key_env": "THE_KEY"}})
    headers = {"authorization": "Bearer of-the-client", "cookie": "of-the-client"}
    for text in ("easy", "hard"):
        client.post(CHAT, json=chat(text), headers=headers)
    small, large = (house.endpoints[name].seen[0]["headers"] for name in ("small", "large"))
    assert small["authorization"] == f"Bearer {key}"
    assert "authorization" not in large
    assert "of-the-client" not in str([small, large])


def test_no_key_and_no_prompt_in_logs_headers_or_metrics(house, key, caplog):
    secret = "a hard secret of the client"
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.DEBUG)
    house.endpoints["large"].status = 401
    gateway, client = house.start(
        {"large": {"key_env": "THE_KEY"}, "medium": {"key_env": "THE_KEY"}},
        admin_key_env="THE_KEY",
    )
    caplog.clear()
    answers = [client.post(CHAT, json=chat(secret, stream=stream)) for stream in (False, True)]
    answers.append(client.post(CHAT, json=chat(secret, "large")))
    answers.append(client.post(CHAT, json=chat(secret, "uniroute:x")))
    house.paths[1].write_text(f"models: {{small: {{key: {key}}}}}")
    with pytest.raises(ValueError) as error:
        gateway.reload()
    told = f"{caplog.text} {error.value} {gateway.metrics.text()} {gateway!r} {gateway.serving!r}"
    told += str([(answer.headers, answer.text) for answer in answers])
    assert "large did not answer" in told
    assert key not in told
    assert secret not in told


def test_an_encoder_that_fails_shows_nothing_of_the_prompt(house, caplog):
    _, client = house.start()
    caplog.set_level(logging.DEBUG)
    house.encoder.source.encode = lambda texts: 1 / 0 if "hard" in str(texts) else np.eye(2)[[0]]
    answer = client.post(CHAT, json=chat("a hard secret"))
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text + answer.text
    assert said(client.post(CHAT, json=chat("easy"))) == "small"


# --- metrics --------------------------------------------------------------------------------------


def test_metrics_are_in_prometheus_s_form(house):
    _, client = house.start()
    for text in ("easy", "easy", "hard"):
        client.post(CHAT, json=chat(text))
    client.post(CHAT, json=chat(model="nobody"))
    text = client.get("/metrics").text
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }
    assert found["uniroute_requests_total", "small", "200"] == 2
    assert found["uniroute_requests_total", "large", "200"] == 1
    assert found["uniroute_requests_total", "", "404"] == 1
    assert found["uniroute_routed_total", "small"] == 2
    assert found["uniroute_tokens_total", "input", "small"] == 20
    assert found["uniroute_cost_total", "large"] == 5
    assert found["uniroute_pool_llms",] == 3
    assert found["uniroute_deciding_seconds_count",] == 3
    assert "nobody" not in text


def test_health(house):
    gateway, client = house.start()
    assert client.get("/health").json() == {"status": "ok", "pool": gateway.serving.version}

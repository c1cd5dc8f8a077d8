"""A router of three LLMs on two kinds of prompts, its files, and endpoints in this process."""

from contextlib import ExitStack

import httpx2
import numpy as np
import pytest
import yaml

from uniroute import Encoder, KMeansMap, UniRoute
from uniroute.serve import FakeEndpoint, Gateway, running

LLMS = ["small", "medium", "large"]
COSTS = [1.0, 3.0, 5.0]
LOSSES = {"easy": [0.0, 0.0, 0.0], "hard": [1.0, 0.3, 0.0]}
KEY = "sk-test-0123456789abcdef"
WEIGHT = 0.05


class Kinds:
    """Encodes what is hard in one direction and all else in another."""

    def encode(self, texts):
        return np.array([[0.0, 1.0] if "hard" in text else [1.0, 0.0] for text in texts])


class House:
    """Files, endpoints and a gateway; `close` ends all that runs."""

    def __init__(self, folder, endpoints, urls):
        self.folder, self.stack, self.stops = folder, ExitStack(), {}
        self.encoder = Encoder(Kinds())
        self.endpoints, self.urls = endpoints, dict(urls)
        for name, endpoint in endpoints.items():
            endpoint.__init__([name, " says", " hi"])
        self.write_router()

    @property
    def paths(self):
        return self.folder / "router.uniroute", self.folder / "models.yaml"

    def run(self, name, app):
        """Serve an app until the end, or until `stops[name]` is called; return its address."""
        stop = self.stack.enter_context(ExitStack())
        self.stops[name] = stop.close
        return stop.enter_context(running(app))

    def router(self):
        X = self.encoder.encode(["easy", "hard"] * 20)
        router = UniRoute(KMeansMap(2), encoder=self.encoder).fit(X)
        losses = [LOSSES["easy"], LOSSES["hard"]] * 20
        return router.add_llms(LLMS, X, losses, COSTS)

    def write_router(self, router=None):
        (router or self.router()).save(self.paths[0])

    def write_config(self, models=None, **fields):
        """Write the file; `models` has more fields for some."""
        if not {"cost_weight", "budget"} & set(fields):
            fields["cost_weight"] = WEIGHT
        entries = {
            name: {"url": f"{url}/v1", "timeout": 60} | (models or {}).get(name, {})
            for name, url in self.urls.items()
        }
        defaults = {"reload_seconds": 0, "cooldown": 0}
        self.paths[1].write_text(
            yaml.safe_dump(defaults | fields | {"models": entries}, sort_keys=False)
        )

    def start(self, models=None, **fields):
        """Return the gateway, which runs, and a client of it."""
        self.write_config(models, **fields)
        gateway = Gateway(*self.paths, encoder=self.encoder)
        url = self.run("gateway", gateway.app)
        client = httpx2.Client(base_url=url, timeout=60, trust_env=False)
        return gateway, self.stack.enter_context(client)


@pytest.fixture(scope="session")
def endpoints():
    """Endpoints of three LLMs, with their addresses."""
    endpoints = {name: FakeEndpoint() for name in LLMS}
    with ExitStack() as stack:
        yield endpoints, {n: stack.enter_context(running(app)) for n, app in endpoints.items()}


@pytest.fixture
def house(tmp_path, endpoints):
    house = House(tmp_path, *endpoints)
    with house.stack:
        yield house


@pytest.fixture
def key(monkeypatch):
    """A key in the environment variable THE_KEY."""
    monkeypatch.setenv("THE_KEY", KEY)
    return KEY

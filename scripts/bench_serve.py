"""Time what the gateway adds to a request, beyond the encoder.

    python -m scripts.bench_serve [requests in a round]

The endpoint answers at once and the encoder costs nothing; client, gateway and endpoint are three
processes. The client, whose connection stays open, asks the endpoint itself and through the gateway
in turns. Printed are the least, the median and the largest of the rounds' medians, and the
processor time of the gateway, which another load on the machine does not change: the whole that is
added shall be less than 2 ms.
"""

import multiprocessing
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time

import httpx2
import numpy as np

from uniroute import Encoder, KMeansMap, UniRoute
from uniroute.serve import FakeEndpoint, Gateway, running

ROUNDS, REACH = 7, 2.0
N_LLMS, N_CLUSTERS, N_DIMS = 10, 20, 384
CHAT = "/v1/chat/completions"
BODY = {"model": "uniroute", "messages": [{"role": "user", "content": "Why? " * 100}]}


class Free:
    """An encoder that costs nothing."""

    def encode(self, texts):
        """Return the same row for each text."""
        return np.ones((len(texts), N_DIMS), dtype=np.float32)


def gateway(folder, url):
    """Return the app of a gateway with ten LLMs at one endpoint."""
    rng, encoder = np.random.default_rng(0), Encoder(Free(), fingerprint="free")
    X = rng.standard_normal((1000, N_DIMS)).astype(np.float32)
    names = [f"LLM {i}" for i in range(N_LLMS)]
    router = UniRoute(KMeansMap(N_CLUSTERS, n_init=1), encoder=encoder).fit(X)
    router.add_llms(names, X, rng.random((1000, N_LLMS)), rng.uniform(1, 10, N_LLMS))
    paths = Path(folder, "router.uniroute"), Path(folder, "models.yaml")
    router.save(paths[0])
    entries = "".join(f'  {name}: {{url: "{url}/v1"}}\n' for name in names)
    paths[1].write_text(f"cost_weight: 0.01\nmodels:\n{entries}", encoding="utf-8")
    return Gateway(*paths, encoder=encoder).app


def endpoint():
    """Return the app of an endpoint."""
    return FakeEndpoint()


def serve(pipe, make, arguments):
    """Serve an app until told to stop; tell its address, and then the processor time it took."""
    with running(make(*arguments)) as url:
        pipe.send(url)
        while pipe.recv() == "time":
            pipe.send(process_time())


@contextmanager
def process(make, *arguments):
    """Serve an app in a process of its own; yield its address and what tells its time."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(theirs, make, arguments), daemon=True)
    child.start()

    def spent():
        ours.send("time")
        return ours.recv()

    try:
        yield ours.recv(), spent
    finally:
        ours.send("stop")
        child.join()


def median_ms(client, url, n):
    """Return the median time of n requests in milliseconds."""
    times = []
    for _ in range(n):
        started = perf_counter()
        client.post(url + CHAT, json=BODY).raise_for_status()
        times.append(1000 * (perf_counter() - started))
    return float(np.median(times))


def main(n=300):
    """Measure and print a table."""
    direct, added, used = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        process(endpoint) as (other, _),
        process(gateway, folder, other) as (url, spent),
        httpx2.Client(timeout=60, trust_env=False) as client,
    ):
        median_ms(client, url, 20)  # warm
        for _ in range(ROUNDS):
            direct.append(median_ms(client, other, n))
            before = spent()
            added.append(median_ms(client, url, n) - direct[-1])
            used.append(1000 * (spent() - before) / n)
    rows = {"endpoint alone": direct, "gateway adds": added, "its processor time": used}
    for name, values in rows.items():
        print(f"{name:20} {min(values):6.2f} {np.median(values):6.2f} {max(values):6.2f} ms")
    print(f"reach: the gateway adds less than {REACH:g} ms at the median (of a machine at rest)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

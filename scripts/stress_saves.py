"""Kill processes that save a router, and load what they leave; save and load it at the same time.

    python -m scripts.stress_saves --kills 300 --loads 3000

Whatever happens, the file must hold one of the routers that were saved: this ends with an error if
it does not, or if a process that was not killed fails. How many kills, loads and saves there are
does not depend on time; how far a process gets before it is killed at random does.
"""

import argparse
import itertools
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

from uniroute import KMeansMap, UniRoute

WRITERS = ("write_archive", "whole_file")  # a saving process is killed in each of their lines


def routers():
    """Return two routers that have no LLM in common."""
    X = np.random.default_rng(0).normal(size=(60, 384))
    router = UniRoute(KMeansMap(5, n_init=1)).fit(X)
    losses = np.eye(60)[:, :3]
    one = UniRoute(KMeansMap(5, n_init=1)).fit(X).add_llms(list("ab"), X, losses[:, :2], [1, 2])
    return one, router.add_llms(list("cde"), X, losses, [1, 2, 3])


def failure(path, saved):
    """Return what is wrong with the router at a path; None: it is one of those saved."""
    try:
        found = UniRoute.load(path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    for router in saved:
        if list(found.llms_) == list(router.llms_):
            same = np.array_equal(found.psi_, router.psi_)
            return None if same else "predictions are those of no saved router"
    return f"LLMs are those of no saved router: {found.llms_}"


def start(work):
    """Do something in another process; return its number."""
    sys.stdout.flush()
    if pid := os.fork():
        return pid
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def kill_at_random(path, saved, n_kills, seed=0):
    """Kill a process that saves over and over; return what was wrong afterwards, kill by kill."""
    rng = random.Random(seed)

    def save_for_ever():
        for router in itertools.cycle(saved):
            router.save(path)

    found = []
    for _ in range(n_kills):
        pid = start(save_for_ever)
        time.sleep(rng.uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        found.append(failure(path, saved))
    return found


def kill_at_steps(path, saved):
    """Kill a saving process at the first line, the second, ...; return what was wrong, likewise."""
    found = []
    for step in itertools.count():
        lines = itertools.count()

        def trace(frame, event, argument, step=step, lines=lines):
            if frame.f_code.co_name not in WRITERS:
                return None
            if event == "line" and next(lines) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace

        def save(trace=trace, router=saved[step % 2]):
            sys.settrace(trace)
            router.save(path)

        _, status = os.waitpid(start(save), 0)
        found.append(failure(path, saved))
        if not os.WIFSIGNALED(status):
            return found if status == 0 else [*found, f"status {status}"]


def save_and_load(path, saved, n_loads, n_saves):
    """Load while two processes save; return what was wrong, load by load and saver by saver."""

    def save(router):
        for _ in range(n_saves):
            router.save(path)

    pids = [start(lambda router=router: save(router)) for router in saved]
    found = [failure(path, saved) for _ in range(n_loads)]
    statuses = [os.waitpid(pid, 0)[1] for pid in pids]
    found += [f"saver ended with status {status}" if status else None for status in statuses]
    return [*found, failure(path, saved)]


def main(arguments=None):
    """Print what went wrong, and say with the exit status whether anything did."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--loads", type=int, default=3000)
    options = parser.parse_args(arguments)
    if not hasattr(os, "fork"):
        sys.exit("This needs a system whose processes can fork, such as Linux or macOS")
    saved, wrong = routers(), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "router")
        saved[0].save(path)
        for what, found in (
            ("kills at random", kill_at_random(path, saved, options.kills)),
            ("kills step by step", kill_at_steps(path, saved)),
            (
                "loads while two processes save",
                save_and_load(path, saved, options.loads, options.loads // 4),
            ),
        ):
            bad = [one for one in found if one]
            wrong += len(bad)
            print(f"{what}: {len(found)}, of which {len(bad)} went wrong", *bad[:3], sep="\n  ")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

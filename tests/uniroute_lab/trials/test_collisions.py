"""Runs that meet on one path, parts that are damaged or not what they say, and killed runs."""

import inspect
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.simulated import simulated
from uniroute_lab.trials import run_experiment

ROOT = Path(__file__).parents[3]
SECONDS = ["fit_seconds", "add_seconds", "route_seconds"]
OPTIONS = {"sizes": (120, 60, 60), "llm_seed": 1}
TO_DO = "the runner does not do this yet"


def column_means(trial):
    """A method of a reader: predict the mean loss of each LLM."""
    means = np.asarray(trial.losses_val).mean(axis=0)
    return np.tile(means, (len(trial.X_test), 1))


def run(path, n_trials=3, data=None, methods=None, n_jobs=1):
    """Run some trials."""
    data, methods = data or simulated(), methods or {"means": column_means}
    if "split" in inspect.signature(run_experiment).parameters:
        from uniroute_lab.trials import RandomPool

        split = RandomPool(**OPTIONS)
        return run_experiment(data, methods, split, n_trials, path, n_jobs=n_jobs, progress=False)
    return run_experiment(data, methods, n_trials, path, n_jobs=n_jobs, progress=False, **OPTIONS)


def assert_same(first, second):
    pd.testing.assert_frame_equal(first.drop(columns=SECONDS), second.drop(columns=SECONDS))


def parts_of(path):
    return sorted(path.with_suffix(".parts").glob("trial-*.parquet"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return run(tmp_path_factory.mktemp("alone") / "run.parquet")


@pytest.mark.xfail(reason=TO_DO, strict=False)
@pytest.mark.parametrize("moment", range(5))
def test_a_run_inside_another_does_not_disturb_it(moment, alone, tmp_path, monkeypatch):
    """One run is at the last step of its writing, for each file, when another runs as a whole."""
    path, replace, calls = tmp_path / "run.parquet", os.replace, []

    def replace_late(source, target):
        calls.append(target)
        if len(calls) == moment + 1:
            assert_same(run(path), alone)
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_late)
    assert_same(run(path), alone)
    assert len(calls) > moment
    left = [one.name for one in tmp_path.rglob("*") if one.is_file() and one.suffix != ".parquet"]
    assert left == []


AT_ONCE = """
import sys
from pathlib import Path

sys.path.insert(0, {root!r})
from tests.uniroute_lab.trials.test_collisions import run

run(Path({path!r}), n_trials=30)
"""


@pytest.mark.xfail(reason=TO_DO, strict=False)
def test_processes_on_one_path_do_not_collide(tmp_path):
    path = tmp_path / "run.parquet"
    code = AT_ONCE.format(root=str(ROOT), path=str(path))
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert_same(pd.read_parquet(path), run(tmp_path / "alone.parquet", n_trials=30))


def damaged(part, how):
    content = bytearray(part.read_bytes())
    if how == "cut":
        content = content[: len(content) // 2]
    elif how == "empty":
        content = b""
    else:
        content[how] ^= 0xFF
    part.write_bytes(content)


@pytest.mark.xfail(reason=TO_DO, strict=False)
@pytest.mark.parametrize("how", ["cut", "empty", 10, -1, -20])
def test_a_damaged_part_is_named_and_run_again(how, alone, tmp_path):
    path = tmp_path / "run.parquet"
    run(path)
    part = parts_of(path)[1]
    damaged(part, how)
    with pytest.warns(UserWarning, match=part.name):
        assert_same(run(path), alone)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(run(path), alone)


@pytest.mark.xfail(reason=TO_DO, strict=False)
@pytest.mark.parametrize("how", range(0, 4000, 97))
def test_no_damaged_part_is_taken_for_a_whole_one(how, alone, tmp_path):
    """Whatever byte is another one: the part is run again, or it says the same as before."""
    path = tmp_path / "run.parquet"
    run(path)
    part = parts_of(path)[1]
    damaged(part, how % len(part.read_bytes()))
    path.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(run(path), alone)


@pytest.mark.xfail(reason=TO_DO, strict=False)
def test_a_part_that_is_a_copy_of_another_trial_is_refused(tmp_path):
    path = tmp_path / "run.parquet"
    run(path)
    first, second, _ = parts_of(path)
    shutil.copy(first, second)
    with pytest.raises(ValueError, match=rf"{second.name}.* trial 0"):
        run(path)


# --- killed runs ----------------------------------------------------------------------------------


STUCK = """
import os, sys, time
from pathlib import Path

sys.path.insert(0, {root!r})
from tests.uniroute_lab.trials.test_collisions import run


def stuck(trial):
    Path({folder!r}, f"worker-{{os.getpid()}}").touch()
    time.sleep(600)


if __name__ == "__main__":
    run(Path({folder!r}, "run.parquet"), methods={{"stuck": stuck}}, n_jobs=2)
"""


def is_running(pid):
    """Say whether a process is there and not merely waiting to be reaped."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
def test_workers_end_with_a_run_that_is_killed(tmp_path):
    """They went on for minutes. How long this takes does not matter, but that it ends."""
    code = STUCK.format(root=str(ROOT), folder=str(tmp_path))
    (tmp_path / "program.py").write_text(code)
    with subprocess.Popen([sys.executable, str(tmp_path / "program.py")]) as process:
        while len(workers := list(tmp_path.glob("worker-*"))) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    pids = [int(worker.name.partition("-")[2]) for worker in workers]
    for _ in range(600):
        if not any(map(is_running, pids)):
            return
        time.sleep(0.1)
    for pid in filter(is_running, pids):
        os.kill(pid, signal.SIGKILL)
    pytest.fail("workers were still there after a minute")

"""Train the pool, one file for each finished LLM, and write the data file of the package."""

import hashlib
import io
import json
import platform
import subprocess
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np

from uniroute._progress import progress_bar
from uniroute.checks import check_positive_integer
from uniroute.embed import HUB_NAME, embed
from uniroute_lab._files import write_whole
from uniroute_lab._workers import end_with_parent
from uniroute_lab.pocket.specs import mean_multiply_adds, multiply_adds
from uniroute_lab.pocket.tasks import make_prompts
from uniroute_lab.pocket.tokens import vocabulary

__all__ = ["evaluation_prompts", "train_pool", "write_pool"]

N_PROMPTS = 8000
LIGHT_WORK = 1_000_000  # multiply-adds' worth of time that a training prompt takes besides


def evaluation_prompts(n_prompts=N_PROMPTS):
    """Make the prompts that the pool is asked; no text comes twice.

    Parameters
    ----------
    n_prompts : int, default 8000
        How many; fewer are the first of the many.

    Returns
    -------
    list of TaskPrompt

    Raises
    ------
    ValueError
        If `n_prompts` is not a positive integer.

    Notes
    -----
    Their seed is that of no LLM's training. Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket.build import evaluation_prompts
    >>> len({prompt.text for prompt in evaluation_prompts(500)})
    500
    """
    check_positive_integer("n_prompts", n_prompts)
    prompts = make_prompts(4 * max(n_prompts, N_PROMPTS), "evaluation")
    return list(islice({prompt.text: prompt for prompt in reversed(prompts)}.values(), n_prompts))


def train_pool(specs, prompts, folder, n_jobs=2, progress=True):
    """Train LLMs and let them answer prompts; what is finished already is read.

    Parameters
    ----------
    specs : list of LLMSpec
        What to train.
    prompts : list of TaskPrompt
        What to ask.
    folder : path
        Holds one file for each finished LLM. After an interruption the next call goes on with the
        LLMs that are missing.
    n_jobs : int, default 2
        LLMs trained at the same time, a processor core each; on a graphics card it is one.
    progress : bool, default True
        Whether to show a progress bar with the time that is left.

    Returns
    -------
    list of dict
        For each LLM its `answers` and `seen`, the share of the prompts that were among its
        training prompts.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> import tempfile
    >>> from uniroute_lab.pocket import LLMSpec
    >>> from uniroute_lab.pocket.build import evaluation_prompts, train_pool
    >>> spec = LLMSpec("new", 1, 8, 1, n_steps=2, batch_size=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (result,) = train_pool([spec], evaluation_prompts(5), folder, n_jobs=1, progress=False)
    >>> len(result["answers"])
    5
    """
    from joblib import Parallel, delayed

    paths = [_path(spec, prompts, folder) for spec in specs]
    missing = [spec for spec, path in zip(specs, paths, strict=True) if not path.exists()]
    # The longest first, so that none is left for the end; but two short ones, to learn the speed.
    missing.sort(key=_work, reverse=True)
    missing = missing[-2:] + missing[:-2]
    jobs = (delayed(_train_one)(spec, prompts, folder) for spec in missing)
    run = Parallel(n_jobs=_n_jobs(n_jobs) if missing else 1, return_as="generator_unordered")
    total = sum(map(_work, missing))
    with progress_bar(
        progress and missing, total=total, desc="Training", unit=" multiply-adds"
    ) as bar:
        for spec in run(jobs):
            bar.update(_work(spec))
            bar.set_postfix_str(f"finished {spec.name}")
    return [_read(path) for path in paths]


def _path(spec, prompts, folder):
    """Name the file after all that decides what is in it."""
    content = [asdict(spec), vocabulary(), [(prompt.text, prompt.answer) for prompt in prompts]]
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return Path(folder) / f"{spec.name}-{key[:12]}.npz"


def _work(spec):
    """Estimate how long training takes, in multiply-adds."""
    return spec.n_steps * spec.batch_size * (3 * multiply_adds(spec, 14, 3) + LIGHT_WORK)


def _n_jobs(n_jobs):
    import torch

    return 1 if torch.cuda.is_available() else n_jobs


def _train_one(spec, prompts, folder):
    """Train an LLM and write its file, whole or not at all."""
    import torch

    from uniroute_lab.pocket.train import answer_prompts, train_llm, training_prompts

    end_with_parent()
    torch.set_num_threads(1)
    llm = train_llm(spec, progress=False)
    texts = [prompt.text for prompt in prompts]
    seen = {prompt.text for batches in training_prompts(spec) for prompt in batches}
    weights = {f"weight {name}": value.numpy() for name, value in llm.state_dict().items()}
    file = io.BytesIO()
    np.savez(
        file,
        answers=_as_bytes(answer_prompts(llm, texts)),
        seen=np.mean([text in seen for text in texts]),
        **weights,
    )
    write_whole(_path(spec, prompts, folder), file.getvalue())
    return spec


def _read(path):
    with np.load(path, allow_pickle=False) as file:
        return {"answers": json.loads(file["answers"].tobytes()), "seen": float(file["seen"])}


def _as_bytes(value):
    return np.frombuffer(json.dumps(value, separators=(",", ":")).encode(), np.uint8)


def write_pool(path, specs, prompts, results):
    """Write the data file that `uniroute_lab.pocket.load_pocket` reads.

    Parameters
    ----------
    path : path
        The file, an .npz.
    specs : list of LLMSpec
        The pool.
    prompts : list of TaskPrompt
        What it was asked.
    results : list of dict
        From `train_pool`.

    Returns
    -------
    str
        SHA-256 of the file.

    Notes
    -----
    The embeddings are those of all-MiniLM-L6-v2, as float16. Chapter 8.

    Examples
    --------
    See `scripts/train_pocket.py`.
    """
    right = [prompt.answer for prompt in prompts]
    texts = [prompt.text for prompt in prompts]
    wrong = [[a != b for a, b in zip(r["answers"], right, strict=True)] for r in results]
    file = io.BytesIO()
    np.savez_compressed(
        file,
        prompts=_as_bytes([asdict(prompt) for prompt in prompts]),
        llms=_as_bytes([asdict(spec) for spec in specs]),
        answers=_as_bytes([result["answers"] for result in results]),
        losses=np.array(wrong, np.uint8).T,
        costs=np.array([mean_multiply_adds(spec, prompts) for spec in specs]),
        seen=np.array([result["seen"] for result in results]),
        embeddings=embed(texts).astype(np.float16),
        record=_as_bytes(_record()),
    )
    write_whole(Path(path), file.getvalue())
    return hashlib.sha256(file.getvalue()).hexdigest()


def _record():
    """With what the pool was made."""
    import torch

    last_change = ["git", "log", "-1", "--format=%H", "--", str(Path(__file__).parent)]
    commit = subprocess.run(last_change, capture_output=True, text=True)
    return {
        "commit": commit.stdout.strip() or "unknown",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "device": "graphics card" if torch.cuda.is_available() else "processor",
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "encoder": HUB_NAME,
    }

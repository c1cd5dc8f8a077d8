"""Time the embedding of live prompts: what is added to the encoder alone, and what the cache takes.

    python -m scripts.bench_embed

Each round times new prompts, one way after another, and takes each way's fastest, which other
processes disturb least. Minimum, median and maximum of the rounds are printed.
"""

import tempfile
from itertools import count
from time import perf_counter

import numpy as np
from sentence_transformers import SentenceTransformer

from uniroute import Encoder
from uniroute.embed import HUB_NAME, embed

ROUNDS, PROMPTS = 7, 40


class Constant:
    """An encoder that takes no time."""

    def encode(self, texts):
        """Return the same row for every text."""
        return np.ones((len(texts), 384), np.float32)


def measure(rounds=ROUNDS):
    """Return rows (name, ratio of each round); those of the cache alone are milliseconds a text."""
    encoder = Encoder()
    model = SentenceTransformer(str(encoder.source or HUB_NAME), local_files_only=True)
    free = Encoder(Constant())
    fresh = map("Live prompt number {0}: what is {0} plus two?".format, count())
    with tempfile.TemporaryDirectory() as folder:
        kept = {"cache_dir": folder, "progress": False}
        jobs = {
            "Encoder.encode": lambda text: encoder.encode([text]),
            "embed, with the Encoder": lambda text: embed([text], encoder, **kept),
            "embed, with a model": lambda text: embed([text], model, **kept),
            "embed": lambda text: embed([text], **kept),
        }
        for job in [*jobs.values(), lambda text: embed([text], free, **kept)]:
            job(next(fresh))
        found = {f"{name}: one live prompt / encoder alone": [] for name in jobs}
        for _ in range(rounds):
            texts = [[next(fresh) for _ in range(PROMPTS)] for _ in range(1 + len(jobs))]
            times = _interleaved(
                [lambda text: model.encode([text], show_progress_bar=False), *jobs.values()], texts
            )
            for ratios, time in zip(found.values(), times[1:], strict=True):
                ratios.append(time / times[0])
        found["cache alone, one new text (ms)"] = new = []
        found["cache alone, one kept text (ms)"] = again = []
        found["cache alone, a text of 1,000 kept (ms)"] = many = []
        corpus = [next(fresh) for _ in range(1000)]
        embed(corpus, free, **kept)
        for _ in range(rounds):
            texts = [next(fresh) for _ in range(PROMPTS)]
            for times in (new, again):
                times.append(
                    1e3 * _interleaved([lambda text: embed([text], free, **kept)], [texts])[0]
                )
            start = perf_counter()
            embed(corpus, free, **kept)
            many.append(perf_counter() - start)  # a thousand texts: seconds are ms a text
    return list(found.items())


def _interleaved(jobs, texts):
    """Return the shortest time of each job, one text after another."""
    times = np.empty((len(jobs), len(texts[0])))
    for i in range(times.shape[1]):
        for j, job in enumerate(jobs):
            start = perf_counter()
            job(texts[j][i])
            times[j, i] = perf_counter() - start
    return times.min(axis=1)


def main():
    """Print what was measured."""
    for name, ratios in measure():
        print(f"{name:55s} {min(ratios):8.3f} {np.median(ratios):8.3f} {max(ratios):8.3f}")


if __name__ == "__main__":
    main()

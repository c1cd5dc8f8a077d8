"""Train one tiny LLM, and let it answer prompts; imports PyTorch."""

import numpy as np
import torch
from torch.nn import functional as F

from uniroute._progress import progress_bar
from uniroute_lab.pocket.muon import Muon
from uniroute_lab.pocket.network import Transformer
from uniroute_lab.pocket.specs import CONTEXT, SKILLS
from uniroute_lab.pocket.tasks import make_prompts
from uniroute_lab.pocket.tokens import END, PAD, STOP, decode, encode

__all__ = [
    "answer_loss",
    "answer_prompts",
    "new_llm",
    "train_llm",
    "training_batches",
    "training_prompts",
    "updates",
]

WARM_UP = 0.05  # share of the steps in which the learning rate rises
CHUNK = 16  # batches that are made, and sorted by length, at once
LONGEST_ANSWER = 10  # tokens


def train_llm(spec, progress=True):
    """Train the LLM that a specification describes.

    The prompts come from the specification's seed, every step has new ones, and only the tokens of
    the answers count. The same specification gives the same LLM where sums are rounded in the same
    order. The order depends on the processor, the libraries and the number of threads; in another
    one a sister comes out, about as good.

    Parameters
    ----------
    spec : LLMSpec
        What to train.
    progress : bool, default True
        Whether to show a progress bar.

    Returns
    -------
    Transformer
        The trained LLM, on the processor. A graphics card is used where there is one.

    Notes
    -----
    AdamW, or Muon for the matrices of the layers and AdamW for the rest. The learning rate rises
    for 5 % of the steps and then falls to zero along a cosine. Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec
    >>> from uniroute_lab.pocket.train import answer_prompts, train_llm
    >>> llm = train_llm(LLMSpec("new", 1, 8, 1, n_steps=2, batch_size=8), progress=False)
    >>> len(answer_prompts(llm, ["What is 1 + 2?"]))
    1
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    llm = new_llm(spec).to(device)
    steps = updates(llm, spec)
    batches = progress_bar(progress, training_batches(spec), total=spec.n_steps, desc=spec.name)
    for tokens, starts in batches:
        llm.zero_grad()
        answer_loss(llm, tokens.to(device), starts.to(device)).backward()
        torch.nn.utils.clip_grad_norm_(llm.parameters(), 1.0)
        for step in steps:
            step.step()
    return llm.cpu().eval()


def new_llm(spec):
    """Return an LLM that has learned nothing yet; its first weights come from the seed.

    Parameters
    ----------
    spec : LLMSpec

    Returns
    -------
    Transformer

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec, n_params
    >>> from uniroute_lab.pocket.train import new_llm
    >>> spec = LLMSpec("new", 1, 8, 1, n_steps=2)
    >>> sum(weight.numel() for weight in new_llm(spec).parameters()) == n_params(spec)
    True
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.seed)
        return Transformer(spec)


def updates(llm, spec):
    """Return what takes a step after each batch: optimisers, then their learning rates.

    Parameters
    ----------
    llm : Transformer
    spec : LLMSpec

    Returns
    -------
    list
        Each has a ``step`` without arguments, to be called in this order.

    Notes
    -----
    The learning rate rises for 5 % of the steps and then falls to zero along a cosine. Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec
    >>> from uniroute_lab.pocket.train import new_llm, updates
    >>> spec = LLMSpec("new", 1, 8, 1, n_steps=2, muon=True)
    >>> [type(update).__name__ for update in updates(new_llm(spec), spec)]
    ['AdamW', 'Muon', 'LambdaLR', 'LambdaLR']
    """
    optimisers = _optimisers(llm, spec)
    rates = [
        torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step / spec.n_steps))
        for optimiser in optimisers
    ]
    return [*optimisers, *rates]


def _optimisers(llm, spec):
    """AdamW for all, or Muon for the matrices of the layers and AdamW for the rest."""
    matrices = [weight for weight in llm.layers.parameters() if spec.muon and weight.ndim == 2]
    taken = set(map(id, matrices))
    others = [weight for weight in llm.parameters() if id(weight) not in taken]
    adam = torch.optim.AdamW(others, spec.learning_rate, betas=(0.9, 0.98), fused=True)
    return [adam, Muon(matrices, spec.learning_rate)] if matrices else [adam]


def _rate(done):
    """Return the share of the highest learning rate after a share of the steps."""
    return min((done + 1e-3) / WARM_UP, 0.5 + 0.5 * np.cos(np.pi * min(done, 1)))


def training_prompts(spec):
    """Yield the prompts that an LLM is trained on, some batches at a time.

    Parameters
    ----------
    spec : LLMSpec

    Yields
    ------
    list of TaskPrompt

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec
    >>> from uniroute_lab.pocket.train import training_prompts
    >>> spec = LLMSpec("new", 1, 8, 1, n_steps=20, batch_size=4)
    >>> sum(map(len, training_prompts(spec)))
    80
    """
    for first in range(0, spec.n_steps, CHUNK):
        n = spec.batch_size * min(CHUNK, spec.n_steps - first)
        yield make_prompts(n, f"training {spec.seed} {first}", SKILLS[spec.skills])


def training_batches(spec):
    """Yield what an LLM reads in each step of its training: prompts with their right answers.

    Parameters
    ----------
    spec : LLMSpec

    Yields
    ------
    tokens : torch.Tensor of shape (batch_size, n_tokens)
        Numbers of tokens; prompts of about the same length, filled up at the end.
    starts : torch.Tensor of shape (batch_size,)
        Where each answer starts.

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec
    >>> from uniroute_lab.pocket.train import training_batches
    >>> batches = training_batches(LLMSpec("new", 1, 8, 1, n_steps=20, batch_size=4))
    >>> [len(tokens) for tokens, _ in batches] == 20 * [4]
    True
    """
    rng = np.random.default_rng(spec.seed)
    for prompts in training_prompts(spec):
        rows = [([*encode(p.text), STOP], [*encode(p.answer), END]) for p in prompts]
        rows.sort(key=lambda row: len(row[0]) + len(row[1]))  # like lengths share a batch
        batches = [rows[i : i + spec.batch_size] for i in range(0, len(rows), spec.batch_size)]
        for i in rng.permutation(len(batches)):
            tokens = _padded([prompt + answer for prompt, answer in batches[i]])
            yield tokens, torch.tensor([len(prompt) for prompt, _ in batches[i]])


def _padded(rows):
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def answer_loss(llm, tokens, starts):
    """Return the mean cross-entropy of the tokens of the answers, each given those before it.

    Parameters
    ----------
    llm : Transformer
    tokens, starts : torch.Tensor
        A batch of `training_batches`.

    Returns
    -------
    torch.Tensor of shape ()

    Notes
    -----
    In nats per token. Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import LLMSpec
    >>> from uniroute_lab.pocket.train import answer_loss, new_llm, training_batches
    >>> spec = LLMSpec("new", 1, 8, 1, n_steps=1, batch_size=4)
    >>> bool(answer_loss(new_llm(spec), *next(training_batches(spec))) > 0)
    True
    """
    target = tokens[:, 1:]
    place = torch.arange(1, tokens.shape[1], device=tokens.device)
    counts = (place >= starts[:, None]) & (target != PAD)
    return F.cross_entropy(llm.scores(llm(tokens[:, :-1])[counts]), target[counts])


@torch.inference_mode()
def answer_prompts(llm, texts, batch_size=256):
    """Let an LLM answer prompts: always the token with the highest score, until the end mark.

    Parameters
    ----------
    llm : Transformer
        From `train_llm`.
    texts : sequence of str
        Prompts.
    batch_size : int, default 256
        How many are answered at once.

    Returns
    -------
    list of str
        Answers.

    Raises
    ------
    ValueError
        If a prompt has more tokens than an LLM can read.

    Examples
    --------
    See `train_llm`.
    """
    prompts = [[*encode(text), STOP] for text in texts]
    for text, prompt in zip(texts, prompts, strict=True):
        if len(prompt) + LONGEST_ANSWER > CONTEXT:
            raise ValueError(
                f"texts must have at most {CONTEXT - LONGEST_ANSWER - 1} tokens; got {text!r}"
            )
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers = [""] * len(prompts)
    for first in range(0, len(order), batch_size):
        rows = order[first : first + batch_size]
        written = _write(llm, [prompts[i] for i in rows])
        for i, tokens in zip(rows, written.tolist(), strict=True):
            answers[i] = decode(tokens)
    return answers


def _write(llm, prompts):
    """Return the tokens written after each prompt, shape (n_prompts, LONGEST_ANSWER)."""
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    tokens = F.pad(_padded(prompts), (0, LONGEST_ANSWER), value=PAD)
    rows, ended = torch.arange(len(prompts)), torch.zeros(len(prompts), dtype=bool)
    for step in range(LONGEST_ANSWER):
        hidden = llm(tokens[:, : lengths.max() + step])[rows, lengths + step - 1]
        best = llm.scores(hidden).argmax(dim=1)
        tokens[rows, lengths + step] = best
        ended |= best == END
        if ended.all():
            break
    return tokens[rows[:, None], lengths[:, None] + torch.arange(LONGEST_ANSWER)]

"""The tiny LLMs: counts against brute force, training, answers, interruption."""

from dataclasses import replace

import numpy as np
import pytest

from uniroute_lab.pocket import LLMSpec, build, make_prompts, multiply_adds, n_params, pool_specs
from uniroute_lab.pocket.tokens import END, STOP, decode, encode

torch = pytest.importorskip("torch")

from uniroute_lab.pocket import train  # noqa: E402
from uniroute_lab.pocket.muon import orthogonal  # noqa: E402
from uniroute_lab.pocket.network import Transformer, turn  # noqa: E402

TINY = LLMSpec("tiny", n_layers=2, width=8, n_heads=2, n_steps=40, batch_size=16, seed=3)
TEXTS = [prompt.text for prompt in make_prompts(60, "texts")]


class Longhand:
    """One token at a time in NumPy, keys and values kept, every multiply-add counted."""

    def __init__(self, llm, spec):
        self.weights = {k: v.numpy().astype(float) for k, v in llm.state_dict().items()}
        self.spec, self.count, self.read = spec, 0, 0
        self.kept = [[] for _ in range(spec.n_layers)]

    def product(self, matrix, vector):
        self.count += matrix.size
        return matrix @ vector

    def norm(self, x, name):
        x = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def turned(self, x):
        if not self.spec.rotary:
            return x
        half = len(x) // 2
        angle = self.read * 100.0 ** -(np.arange(half) / half)
        pairs = (x[:half] + 1j * x[half:]) * np.exp(1j * angle)
        return np.concatenate([pairs.real, pairs.imag])

    def attend(self, x, layer):
        heads = self.spec.n_heads
        q, k, v = self.product(self.weights[f"layers.{layer}.look.weight"], x).reshape(3, heads, -1)
        self.kept[layer].append(([self.turned(row) for row in k], v))
        seen = []
        for head in range(heads):
            keys = np.array([keys[head] for keys, _ in self.kept[layer]])
            values = np.array([values[head] for _, values in self.kept[layer]])
            scores = self.product(keys, self.turned(q[head])) / np.sqrt(len(x) / heads)
            shares = np.exp(scores - scores.max())
            seen.append(self.product(values.T, shares / shares.sum()))
        return np.concatenate(seen)

    def step(self, token):
        x = self.weights["tokens.weight"][token]
        if not self.spec.rotary:
            x = x + self.weights["positions.weight"][self.read]
        for i in range(self.spec.n_layers):
            name = f"layers.{i}"
            seen = self.attend(self.norm(x, f"{name}.norms.0"), i)
            x = x + self.product(self.weights[f"{name}.mix.weight"], seen)
            wide = self.product(
                self.weights[f"{name}.widen.weight"], self.norm(x, f"{name}.norms.1")
            )
            x = x + self.product(self.weights[f"{name}.narrow.weight"], np.maximum(wide, 0))
        self.read += 1
        return self.norm(x, "norm")

    def answer(self, text):
        for token in [*encode(text), STOP]:
            hidden = self.step(token)
        written = []
        while True:
            best = int(self.product(self.weights["tokens.weight"], hidden).argmax())
            written.append(best)
            if best == END or len(written) == train.LONGEST_ANSWER:
                return written
            hidden = self.step(best)


@pytest.fixture(scope="module", params=[False, True], ids=["learned", "rotary"])
def trained(request):
    spec = replace(TINY, rotary=request.param, muon=request.param)
    return spec, train.train_llm(spec, progress=False)


def test_answers_and_multiply_adds_against_longhand(trained):
    spec, llm = trained
    for text, answer in zip(TEXTS[:10], train.answer_prompts(llm, TEXTS[:10]), strict=True):
        longhand = Longhand(llm, spec)
        written = longhand.answer(text)
        assert decode(written) == answer
        assert longhand.count == multiply_adds(spec, len(encode(text)) + 1, len(written))


@pytest.mark.parametrize("spec", [*pool_specs()[::3], TINY], ids=lambda spec: spec.name)
def test_number_of_parameters(spec):
    assert sum(weight.numel() for weight in Transformer(spec).parameters()) == n_params(spec)


def test_answers_do_not_depend_on_the_batch(trained):
    _, llm = trained
    together = train.answer_prompts(llm, TEXTS)
    assert train.answer_prompts(llm, TEXTS, batch_size=7) == together
    assert [train.answer_prompts(llm, [text])[0] for text in TEXTS[:5]] == together[:5]


def test_turning_keeps_lengths_and_sees_only_distances():
    x, y = torch.randn(2, 1, 1, 6, generator=torch.manual_seed(0)).expand(2, 1, 9, 6)
    assert torch.allclose(turn(x).norm(dim=-1), x.norm(dim=-1))
    products = (turn(x) @ turn(y).mT)[0]
    assert torch.allclose(products[1:, 1:], products[:-1, :-1], atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 6), (4, 12), (12, 4)])
def test_a_step_of_muon_moves_every_direction_about_equally_far(shape):
    matrix = torch.randn(shape, generator=torch.manual_seed(1))
    before, after = (torch.linalg.svdvals(x) for x in (matrix, orthogonal(matrix)))
    assert before.max() / before.min() > after.max() / after.min()
    assert after.min() > 0.3 and after.max() < 1.4
    assert torch.allclose(orthogonal(5 * matrix), orthogonal(matrix), atol=1e-4)


def test_the_same_specification_gives_the_same_llm_and_no_random_state_moves(trained):
    spec, llm = trained
    state = torch.random.get_rng_state()
    again = train.train_llm(spec, progress=False)
    other = train.train_llm(replace(spec, seed=4), progress=False)
    assert torch.equal(state, torch.random.get_rng_state())
    for a, b, c in zip(llm.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)


def test_training_prompts_are_new_in_every_step_and_not_those_of_the_evaluation():
    spec = replace(TINY, n_steps=100)
    prompts = [p for batches in train.training_prompts(spec) for p in batches]
    assert len(prompts) == 100 * TINY.batch_size
    assert prompts[: len(prompts) // 2] != prompts[len(prompts) // 2 :]
    first = [p.text for p in prompts[:100]]
    assert first != [p.text for p in build.evaluation_prompts(100)]


def test_only_answers_count_in_training():
    llm = Transformer(TINY)
    rows = [([*encode("What is 1 + 2?"), STOP], [*encode("3"), END])]
    tokens = torch.tensor([a + b for a, b in rows])
    loss = train.answer_loss(llm, tokens, torch.tensor([len(rows[0][0])]))
    scores = llm.scores(llm(tokens))[0].log_softmax(dim=-1)
    n = len(rows[0][0])
    by_hand = -(scores[n - 1, tokens[0, n]] + scores[n, END]) / 2
    assert torch.allclose(loss, by_hand)


def test_an_llm_learns():
    spec = LLMSpec("pupil", 1, 16, 2, n_steps=250, skills="words", learning_rate=0.01, rotary=True)
    prompts = make_prompts(200, "exam", ["analogy"])
    answers = train.answer_prompts(train.train_llm(spec, progress=False), [p.text for p in prompts])
    assert np.mean([a == p.answer for a, p in zip(answers, prompts, strict=True)]) > 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_layers": 0}, "n_layers must be an integer of at least 1; got 0"),
        ({"skills": "cooking"}, "skills must be one of 'all', .*; got 'cooking'"),
        ({"width": 10, "n_heads": 2}, "width must be a multiple of 2 . n_heads, 4; got 10"),
        ({"learning_rate": 0}, "learning_rate must be positive; got 0"),
    ],
)
def test_bad_specifications(change, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **change)


def test_a_prompt_that_is_too_long(trained):
    with pytest.raises(ValueError, match="texts must have at most 53 tokens; got '0000"):
        train.answer_prompts(trained[1], ["0" * 60])


def test_the_pool_is_large_and_varied():
    specs = pool_specs()
    sizes = [n_params(spec) for spec in specs]
    assert len(specs) >= 30 and len({spec.name for spec in specs}) == len(specs)
    assert min(sizes) < 6_000 and max(sizes) > 3_000_000
    lines = {spec.line: sum(s.line == spec.line for s in specs) for spec in specs}
    assert sum(n >= 3 for n in lines.values()) >= 3
    assert [spec.release for spec in specs] == list(range(1, len(specs) + 1))
    first = min(spec.release for spec in specs if spec.group == "second generation")
    assert all(s.release < first for s in specs if s.group in ("generalist", "specialist"))


SPECS = [replace(TINY, name=f"LLM {width}", width=width, n_steps=3) for width in (8, 12)]
PROMPTS = build.evaluation_prompts(20)


def train_both(folder):
    return build.train_pool(SPECS, PROMPTS, folder, n_jobs=1, progress=False)


def test_an_interrupted_run_goes_on_with_what_is_missing(tmp_path, monkeypatch):
    trained, real = [], train.train_llm

    def interrupted(spec, progress):
        trained.append(spec.name)
        if trained == ["LLM 12", "LLM 8"]:
            raise KeyboardInterrupt
        return real(spec, progress)

    monkeypatch.setattr(train, "train_llm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_both(tmp_path)
    (finished,) = tmp_path.iterdir()
    assert finished.name.startswith("LLM 12-")
    results = train_both(tmp_path)
    assert trained == ["LLM 12", "LLM 8", "LLM 8"]
    assert [len(result["answers"]) for result in results] == [20, 20]
    assert train_both(tmp_path) == results
    assert len(trained) == 3


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(OSError, match="no space left"):
            train_both(tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_specification_does_not_find_the_old_file(tmp_path):
    train_both(tmp_path)
    build.train_pool([replace(SPECS[0], seed=9)], PROMPTS, tmp_path, n_jobs=1, progress=False)
    build.train_pool(SPECS[:1], PROMPTS[:10], tmp_path, n_jobs=1, progress=False)
    assert len(list(tmp_path.iterdir())) == 4


def test_smoke_run_of_the_training_command(tmp_path, monkeypatch, capsys):
    from scripts import train_pocket
    from uniroute_lab.pocket import data as pocket

    monkeypatch.setattr(build, "embed", lambda texts: np.eye(len(texts), 384))
    output = tmp_path / "smoke.npz"
    options = ["--smoke", "--jobs", "1", "--folder", str(tmp_path / "llms")]
    train_pocket.main([*options, "--output", str(output)])
    digest = capsys.readouterr().out.split()[-1]
    monkeypatch.setattr(pocket, "FILE", output)
    monkeypatch.setattr(pocket, "SHA256", digest)
    data = pocket.load_pocket()
    assert (data.n_prompts, data.n_llms, data.embeddings.shape[1]) == (50, 3, 384)
    assert pocket.pocket_record()["torch"] == torch.__version__
    answers = pocket.pocket_answers()
    for llm, losses in zip(data.llms, data.losses.T, strict=True):
        right = [p.answer for p in pocket.pocket_prompts()]
        assert losses.tolist() == [a != b for a, b in zip(answers[llm], right, strict=True)]
    with pytest.raises(SystemExit):
        train_pocket.main(options)

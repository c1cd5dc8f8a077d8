"""The page stands alone, whatever prompts and LLMs are called; the router beside it routes."""

import html
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest

from uniroute import Encoder, UniRoute, read_table

pd = pytest.importorskip("pandas")
pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")
from uniroute.paired import PairedDifference  # noqa: E402
from uniroute.report.__main__ import main, report  # noqa: E402
from uniroute.report.comparison import decimals_of  # noqa: E402

HEAD = "prompt,llm,score,cost\n"
NO_COSTS = pd.DataFrame(
    {"prompt": [f"p {i}" for i in range(50)], "a": [1, 0] * 25, "b": [0, 1] * 25}
)
HOSTILE = "<script>alert(1)</script>\"'{{ 7 * 7 }} $x_$"


class Tags(HTMLParser):
    """The tags and addresses of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        assert not any(name.startswith("on") for name, _ in attrs)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two kinds of prompts, an LLM for each, a dear one for both; written by the command."""
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(0)
    n, kind = 240, np.arange(240) % 2
    right = np.stack([kind == 0, kind == 1, np.ones(n)], axis=1) != (
        rng.uniform(size=(n, 3)) < [0.1, 0.1, 0.25]
    )
    words = np.where(kind, "capital city of", "sum plus minus")
    frame = pd.DataFrame({"prompt": [f"{words[i]} {i} {HOSTILE}" for i in range(n)]})
    for m, llm in enumerate([f"adder {HOSTILE}", "traveller", "both"]):
        frame[llm] = np.where(right[:, m], "pass", "fail")
    frame.to_csv(folder / "wide.csv", sep=";", index=False, encoding="utf-16")
    costs = {"llm": frame.columns[1:], "cost": [1, 1, 30]}
    pd.DataFrame(costs).to_csv(folder / "costs.csv", index=False)
    np.save(folder / "X.npy", rng.normal(size=(n, 3)) + 6 * kind[:, None])
    args = ["wide.csv", "--costs", "costs.csv", "--output", "page.html", "--embeddings", "X.npy"]
    run = [sys.executable, "-m", "uniroute.report", *args]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_command_says_what_it_understood_and_what_it_found(made):
    assert "columns separated by semicolon" in made[1]
    assert "routing saves" in made[1]


def test_the_page_stands_alone_and_runs_nothing(made):
    page = (made[0] / "page.html").read_text(encoding="utf-8")
    tags = Tags(page)
    assert not {"script", "iframe", "link", "img", "object", "form"} & set(tags.tags)
    assert all(address.startswith("#") for address in tags.addresses)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "{{ 7 * 7 }}" in page and "alert(1)&lt;/script&gt;" in page
    assert not re.search(r"url\(\s*['\"]?(?!#)", page)


def test_the_page_names_kinds_by_their_words_and_says_what_the_picture_shows(made):
    page = (made[0] / "page.html").read_text(encoding="utf-8")
    assert "capital" in page and "minus" in page
    assert re.search(r'aria-label="Quality by mean cost of a prompt, from 1 to 30 USD', page)
    assert "Who wins where" in page and "winner's curse" in page
    assert "mathdefault" not in page  # numbers on a logarithmic axis, without marks of TeX


def test_the_diagnosis_is_made_at_the_budget_of_the_code(made):
    page = (made[0] / "page.html").read_text(encoding="utf-8")
    [budget] = re.findall(r"budget=([\d.]+)", page)
    assert f"At a budget of {budget} (USD) for a prompt" in page
    # The dear LLM costs 30, so that less than the budget's share of prompts can go there.
    [share] = re.findall(r"prompts go to:.*?both ([\d.]+) %", page) or ["0"]
    assert float(share) <= 100 * (float(budget) - 1) / 29 + 0.1


def test_the_router_beside_the_page_sends_each_kind_to_its_llm(made):
    router = UniRoute.load(made[0] / "page.uniroute")
    chosen = router.route(np.load(made[0] / "X.npy"), cost_weight=0.02)
    right = np.where(np.arange(240) % 2, "traveller", f"adder {HOSTILE}")
    assert np.mean(np.array(chosen) == right) > 0.95


def run_code(folder, name):
    """Run the lines that a page prints, in its folder; return them and what they say."""
    page = (folder / name).read_text(encoding="utf-8")
    code = html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)[1])
    *lines, last = code.rstrip().split("\n")
    code = "\n".join([*lines, f"print({last})", "print(router.plans_, router.pool_.fingerprint)"])
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return code, done.stdout


def test_the_code_of_the_page_runs_beside_the_router(made):
    code, said = run_code(made[0], "page.html")
    [budget] = re.findall(r"budget=([\d.]+)", code)
    assert f"[Plan(budget={float(budget):g}," in said and "None" in said  # the encoder is unknown
    assert any(name in said for name in ("adder", "traveller", "both"))


class Kinds:
    """An encoder that tells the two kinds of prompts apart by a word."""

    def encode(self, texts):
        return np.array([[1.0, 0.1] if "capital" in text else [0.1, 1.0] for text in texts])


def table_of(n, words=("capital of", "sum of")):
    """Return a table of two kinds of prompts and an LLM for each."""
    kind = np.arange(n) % 2
    frame = pd.DataFrame({"prompt": [f"{words[k]} {i}" for i, k in enumerate(kind)]})
    for k, llm in enumerate(["traveller", "adder"]):
        frame[llm] = (kind == k).astype(int)
    return read_table(frame, costs={"traveller": 1.0, "adder": 2.0})


def test_the_router_knows_the_encoder_of_the_table(tmp_path, monkeypatch):
    monkeypatch.setenv("UNIROUTE_CACHE", str(tmp_path))
    encoder = Encoder(Kinds())
    result = report(table_of(200), tmp_path / "page.html", encoder=encoder)
    assert result.router.route_texts(["capital of 7"], cost_weight=0.0) == ["traveller"]
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "encoder=Encoder(...)" in page and "route_texts" in page
    again = UniRoute.load(tmp_path / "page.uniroute", encoder=encoder)
    assert again.pool_.fingerprint == encoder.fingerprint
    assert again.route_texts(["sum of 3"], plan=again.plans_[0]).shape == (1,)
    with pytest.raises(ValueError, match="encoder must be the one that the router was fitted with"):
        UniRoute.load(tmp_path / "page.uniroute", encoder=Encoder(Kinds(), fingerprint="another"))
    X = np.zeros((200, 3))
    with pytest.raises(ValueError, match="embeddings must have the encoder's 2 dimensions; got 3"):
        report(table_of(200), tmp_path / "page.html", X, encoder=encoder)


def test_the_page_says_which_prompts_to_label_next(tmp_path):
    frame = table_of(120).data
    losses = np.column_stack([frame.losses, np.zeros(120)])
    losses[1::2, 2] = np.nan  # the newcomer was asked for capitals alone
    table = pd.DataFrame(1 - losses, columns=["traveller", "adder", "newcomer"])
    table.insert(0, "prompt", frame.prompts)
    prices = {"traveller": 1.0, "adder": 2.0, "newcomer": 1.5}
    encoder = Encoder(Kinds(), fingerprint="kinds")
    report(table, tmp_path / "page.html", encoder.encode(frame.prompts), costs=prices)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    line = (
        r"<li>cluster \d, 50.0 % of the traffic: no label of newcomer; label next: 'sum of \d+', '"
    )
    assert re.search(line, html.unescape(page))
    assert "50.0 % of the traffic is of kinds that some LLM was never tried on" in page


def test_prompts_of_one_embedding_make_a_page(tmp_path):
    # As of prompts that differ behind what the encoder reads.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = report(table_of(200), tmp_path / "page.html", np.ones((200, 4)))
    assert not result.helps
    assert "Who wins where" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_what_the_table_alone_tells_is_told_before_any_embedding(tmp_path):
    class Never:
        def encode(self, texts):
            raise AssertionError("nothing has to be embedded")

    encoder, table = Encoder(Never(), fingerprint="never"), table_of(200)
    for said, data, name in [
        ("costs must be known of every LLM", read_table(NO_COSTS), "page.html"),
        ("data must have 20 different prompts; got 12", table_of(12), "page.html"),
        ("output must be the name of the page", table, "page.uniroute"),
        ("output must be the name of the page", table, "/"),
    ]:
        with pytest.raises(ValueError, match=said):
            report(data, tmp_path / name, encoder=encoder)
    with pytest.raises(FileNotFoundError, match="output must be in an existing folder"):
        report(table, tmp_path / "none" / "page.html", encoder=encoder)
    (tmp_path / "table.csv").write_text(HEAD + "a,small,1,1\n")
    with pytest.raises(ValueError, match="output must be the name of the page"):
        report(tmp_path / "table.csv", tmp_path / "table.csv", encoder=encoder)
    assert (tmp_path / "table.csv").read_text().startswith(HEAD)


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("X.npy", np.ones((120, 2)).astype(object), "must be a .npy file of numbers; .*X.npy: "),
        ("X.npz", None, "must be a .npy file of numbers; .*X.npz: "),
        ("X.csv", None, "must be a .npy file of numbers; .*X.csv: "),
        ("X.npy", np.ones((120, 2), dtype="U3"), "must be an array of numbers"),
        ("X.npy", np.full((120, 2), 1e30), "X must be at most 1e.15 in size"),
        ("X.npy", np.ones((2, 120)), "must have a row for each of 120 different prompts"),
    ],
)
def test_embeddings_that_cannot_be_read_are_told(tmp_path, name, array, words):
    path = tmp_path / name
    if array is not None:
        np.save(path, array)
    elif name == "X.npz":
        np.savez(path, np.ones((120, 2)))
    else:
        path.write_text("1,2\n")
    with pytest.raises(ValueError, match=words):
        report(table_of(120), tmp_path / "page.html", path)
    assert not (tmp_path / "page.html").exists()


def test_a_column_without_a_name_is_told(capsys, tmp_path):
    assert main([str(tmp_path / "t.csv"), "--column", "prompt"]) == 1
    assert "--column must be WHAT=NAME" in capsys.readouterr().err


def test_faults_are_one_line_and_a_status(made):
    run = [sys.executable, "-m", "uniroute.report"]
    options = {"cwd": made[0], "capture_output": True, "text": True, "check": False}
    done = subprocess.run([*run, "wide.csv", "--embeddings", "X.npy"], **options)
    assert done.returncode == 1 and "--costs" in done.stderr
    done = subprocess.run([*run, "none.csv"], **options)
    assert done.returncode == 1 and "none.csv" in done.stderr and "Traceback" not in done.stderr


def test_battles_make_a_page(tmp_path):
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 2, 600)
    ends = np.array([rng.choice(3, 2, replace=False) for _ in kind])
    skill = np.array([[2, 0, 1], [0, 2, 1]])[kind[:, None], ends]
    won = rng.uniform(size=600) < 1 / (1 + np.exp(skill[:, 1] - skill[:, 0]))
    names = np.array(["sums", "places", "both"])
    battles = pd.DataFrame(
        {
            "prompt": [f"kind {k} number {i}" for i, k in enumerate(kind)],
            "model_a": names[ends[:, 0]],
            "model_b": names[ends[:, 1]],
            "winner": np.where(won, "model_a", "model_b"),
        }
    )
    table = read_table(battles, costs={"sums": 1, "places": 1.5, "both": 9})
    X = kind[:, None] * 5.0 + rng.normal(size=(600, 2))
    result = report(table, tmp_path / "battles.html", X)
    assert "not which is right" in (tmp_path / "battles.html").read_text(encoding="utf-8")
    assert result.areas["chosen"] > result.areas["ZeroRouter"]


def test_pages_have_no_minus_zero_and_a_space_before_percent_signs(tmp_path):
    rows = [[f"prompt {i}", "a", "b", ("tie", "model_a")[i % 3 > 0]] for i in range(60)]
    battles = pd.DataFrame(rows, columns=["prompt", "model_a", "model_b", "winner"])
    for table in (table_of(60), read_table(battles, costs={"a": 1, "b": 2})):
        X = np.random.default_rng(0).normal(size=(60, 2))
        result = report(table, tmp_path / "page.html", X)
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        text = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
        for said in (text, repr(result)):
            assert not re.search(r"[-−]0(\.0*)?(?![.\d])", said)
            assert not re.search(r"\d%", said)
            assert "dearest" not in said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.01, 0.02, 2),
        (-0.0002, 0.0003, 4),
        (0.0, 0.0, 2),
        (-1e-30, 1e-30, 2),
        (0.8881, 0.8889, 4),
    ],
)
def test_decimals_tell_the_ends_of_an_interval_apart(low, high, said):
    found = decimals_of(PairedDifference(low, 0.1, low, high, 5, "new prompts"))
    assert found == said
    assert f"{low:z.{found}f}" != f"{high:z.{found}f}" or high - low < 1e-9

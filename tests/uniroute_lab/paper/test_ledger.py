"""The ledger on a small paper and small results, and that the committed ledger still holds."""

import re
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.simulated import simulated
from uniroute_lab.data import catalog
from uniroute_lab.paper import paper_claims, paper_explanations
from uniroute_lab.paper.ledger import __main__ as command
from uniroute_lab.paper.ledger.numbers import (
    claims,
    clear,
    find_label,
    ledger,
    paper_directions,
    paper_rows,
    rounding,
    run_of,
    stored,
)
from uniroute_lab.paper.ledger.page import contradictions
from uniroute_lab.paper.ledger.places import PAGE, PLACES
from uniroute_lab.paper.ledger.verdicts import (
    AGREES,
    OPPOSITE,
    OTHER_POOL,
    PART,
    UNDECIDED,
    VERDICTS,
)
from uniroute_lab.trials import (
    Method,
    merge_run,
    read_results,
    run_experiment,
    split_of,
)

HEADER = "place,version,dataset,method,metric,at,value,low,high,read\n"
PAPER = (
    HEADER
    + """Figure 2 (top),ICLR,RouterBench,ZeroRouter,area,,0.6,,,printed
Figure 2 (top),ICLR,RouterBench,K-NN,area,,0.7,,,printed
Figure 2 (top),ICLR,RouterBench,UniRoute (learned map),area,,0.7,,,printed
Figure 2 (top),ICLR,RouterBench,ZeroRouter,QNC (%),,99,,,printed
Figure 2 (top),ICLR,RouterBench,UniRoute (learned map),QNC (%),,80,,,printed
Figure 2 (top),v2,RouterBench,UniRoute (learned map),QNC (%),,80,,,printed
Figure 2 (top),v2,RouterBench,ZeroRouter,QNC (%),,70,,,printed
Figure 2 (top),ICLR,Math+Code,K-NN,area,,0.4,,,printed
Figure 2 (top),ICLR,Math+Code,UniRoute (K-means),area,,0.5,,,printed
Figure 2 (bottom),ICLR,RouterBench,K-NN,area,n_val = 100,0.60,0.58,0.62,digitised
Figure 2 (bottom),ICLR,RouterBench,UniRoute (K-means),area,n_val = 100,0.62,0.60,0.64,digitised
Figure 2 (bottom),ICLR,RouterBench,MLP (retrained),area,n_val = 100,0.50,0.49,0.51,digitised
Figure 2 (bottom),ICLR,RouterBench,K-NN,area,n_val = 150,0.60,,,digitised
Figure 5,ICLR,RouterBench,K-NN,validation area,k = 5,0.6,,,digitised
Figure 5,ICLR,RouterBench,K-NN,validation area,k = 20,0.7,,,digitised
Figure 5,ICLR,RouterBench,K-NN,validation area,k = 50,0.8,,,digitised
"""
)
CLAIMS = """claim,place,chapter,at,text,methods,reference,metric,low,high
good,Figure 2 (top),14,,K-NN is as good,K-NN,ZeroRouter,area,-1,inf
bad,Figure 2 (top),14,,K-NN is perfect,K-NN,ZeroRouter,area,0.9,inf
grid,Figure 5,16,,All are alike,"K-NN, k = 5; K-NN, k = 50","K-NN, k = 20",area,-1,1
few,Figure 2 (bottom),15,n_val = 100,K-NN is as good,K-NN,ZeroRouter,area,-1,1
"""
MAIN = [
    Method("ZeroRouter"),
    Method("K-NN", {"k": 12}, tuning="paper"),
    Method("UniRoute (learned map)", {"K": 3}, tuning="paper"),
    Method("MLP", {"epochs": 1}),
]
GRID = [Method("K-NN", {"k": k}) for k in (5, 20, 50)]
FEATURES = ("attributes", "embeddings")
SIZE = ("routerbench", "n_val = 100")  # a run of Figure 2 (bottom)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Let the ledger read a small paper and small results."""
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / "numbers.csv").write_text(PAPER)
    (tmp_path / "paper" / "claims.csv").write_text(CLAIMS)
    (tmp_path / "paper" / "explanations.csv").write_text("what,data,text\nbad,any,For a reason.\n")
    monkeypatch.setenv("UNIROUTE_RESULTS", str(tmp_path))
    monkeypatch.setattr(command, "PAGE", tmp_path / "ledger.md")
    clear()
    yield tmp_path
    clear()


def run(folder, experiment, methods, condition=None, pool="routerbench", **options):
    """Run an experiment and merge it."""
    split = split_of({"sizes": (120, 60, 60), "test_share": 0.5} | options)
    data, path = simulated(), folder / "run.parquet"
    data = replace(data, features={"attributes": data.embeddings})
    run_experiment(data, methods, split, 8, path, progress=False)
    merge_run(path, experiment, pool, condition)
    for part in [*path.with_suffix(".parts").iterdir()]:
        part.unlink()
    clear()


# The paper's numbers


def directions():
    rows = paper_rows()
    keys = zip(
        rows["place"], rows["method"], rows["metric"], rows["at"], rows["dataset"], strict=True
    )
    return dict(zip(keys, paper_directions(rows), strict=True)), rows


def test_paper_s_directions(folder):
    found, rows = directions()
    top, bottom = "Figure 2 (top)", "Figure 2 (bottom)"
    area = {key[1]: sign for key, sign in found.items() if key[::2] == (top, "area", "RouterBench")}
    # Equal as printed; worse; the reference itself, against the ZeroRouter.
    assert area == {"K-NN": 0, "ZeroRouter": -1, "UniRoute (learned map)": 1}
    signs = {key[1]: sign for key, sign in found.items() if key[3] == "n_val = 100"}
    # Within the intervals, and not.
    assert signs == {"K-NN": 0, "UniRoute (K-means)": 0, "MLP": -1}
    assert [s for key, s in found.items() if key[0] == bottom and key[3] == "n_val = 150"] == [0]
    assert [s for key, s in found.items() if key[0] == "Figure 5"] == [-1, -1, 1]
    assert [s for key, s in found.items() if key[4] == "Math+Code"] == [-1, 0]
    qnc = rows[rows["metric"] == "QNC (%)"]
    # Small is good; what both versions have counts once, and v2 is compared with its own.
    assert list(qnc["version"]) == ["ICLR", "ICLR", "v2"]
    assert paper_directions(rows)[3:6] == [-1, 1, 1]


# Our numbers


def test_without_results_nothing_is_run(folder):
    numbers = ledger().set_index("dataset")["verdict"]
    assert set(numbers["RouterBench"]) == {"not run"}
    assert set(numbers["Math+Code"]) == {"needs the data"}
    assert set(claims()["verdict"]) == {"not run"}


def test_with_results(folder, capsys):
    run(folder, "main", MAIN)
    run(folder, "n_clusters", GRID, {"recipe": "paper"}, recipe="paper")
    run(folder, "validation_size", [*MAIN[:1], *GRID, *MAIN[3:]], {"n_val": 100})
    numbers = ledger().set_index(["place", "method"])
    zero = numbers.loc[("Figure 2 (top)", "ZeroRouter")].iloc[0]
    results = read_results("main").pivot(index="trial", columns="method", values="area")
    assert zero["ours"] == pytest.approx(results["ZeroRouter"].mean(), abs=1e-4)
    gap = (results["ZeroRouter"] - results["UniRoute (learned map)"]).mean()
    assert zero["difference"] == pytest.approx(gap, abs=1e-4)
    assert zero["diff_low"] < gap < zero["diff_high"]
    expected = AGREES if zero["diff_high"] < 0 else UNDECIDED
    assert zero["verdict"] == expected
    assert (zero["results"], zero["condition"]) == ("main/routerbench", "{}")
    assert set(numbers.loc["Figure 5"]["verdict"]) <= set(VERDICTS[2:5])
    # K-means is not stored there, so that nothing can be compared with it.
    assert set(numbers.loc["Figure 2 (bottom)"]["verdict"]) == {"not run"}
    judged = claims().set_index(["claim", "data"])
    for claim, verdict in (("good", "holds"), ("bad", "contradicted"), ("grid", "holds")):
        assert judged.loc[(claim, "RouterBench, 3 tasks"), "verdict"] == verdict
    assert judged.loc[("good", "Pocket pool"), "verdict"] == "not run"
    assert judged.loc[("few", "RouterBench, 3 tasks"), "condition"] == '{"n_val": 100}'
    command.main()
    text = (folder / "ledger.md").read_text()
    assert "“K-NN is perfect”" in text and "For a reason." in text
    assert pd.read_csv(folder / "ledger" / "claims.csv")["verdict"].tolist() == [*judged["verdict"]]
    # What nobody has explained is told; one explanation is there.
    told = [line.split(" | ")[1:] for line in capsys.readouterr().out.splitlines()]
    assert told == [[*key] for key in contradictions(ledger(), claims()) if key[0] != "bad"]


def test_the_nearest_of_a_grid(folder):
    run(folder, "validation_size", GRID, {"n_val": 100})
    bottom = run_of("Figure 2 (bottom)", *SIZE)
    with pytest.raises(KeyError, match="must be in the main experiment on routerbench; got 'K-NN'"):
        find_label(bottom, "K-NN")  # no number stands in for one that nobody chose
    run(folder, "main", MAIN)
    assert find_label(bottom, "K-NN") == "K-NN, k = 20"  # chosen: 12
    assert find_label(bottom, "K-NN", "k = 50") == "K-NN, k = 50"
    assert find_label(bottom, "K-NN", "k = 51") is None
    assert find_label(bottom, "K-NN, k = 50") == "K-NN, k = 50"
    assert find_label(bottom, "K-NN, k = 51") is None
    assert find_label(bottom, "MLP") is None


def test_clusters_of_attributes_have_the_number_of_clusters_of_embeddings(folder):
    clusters = "UniRoute (K-means)"
    run(folder, "main", [*MAIN, Method(clusters, {"K": 6}, tuning="paper")])
    shift = [Method(clusters, {"K": K}, features=f) for K in (3, 8) for f in FEATURES]
    shift += [Method("K-NN", {"k": 20}, features=f) for f in FEATURES]
    run(folder, "prompt_shift", shift, {"kind": "calculation", "case": "both"})
    figure = run_of("Figure 7", "routerbench")
    assert find_label(figure, "UniRoute (K-means)") == "UniRoute (K-means), K = 8"
    assert find_label(figure, "UniRoute (attributes)") == "UniRoute (attributes), K = 8"
    assert find_label(figure, "K-NN") == "K-NN, k = 20"


def test_static_pools_have_names_of_their_own(folder):
    run(folder, "static_pool", [Method("MLP", {"epochs": 1}, knows="training")])
    table = run_of("Table 1", "routerbench")
    assert find_label(table, "MLP", knows="training") == "Clairvoyant MLP"
    assert find_label(table, "MLP") is None


def test_seconds(folder):
    run(folder, "main", MAIN)
    times = stored(run_of("Appendix H", "routerbench")).groupby("method")
    times = times[["train", "add", "route"]].median()
    raw = read_results("main").groupby("method").median(numeric_only=True)
    assert times.at["MLP", "train"] == times.at["MLP", "add"] == raw.at["MLP", "add_seconds"]
    learned = "UniRoute (learned map)"
    assert times.at[learned, "train"] == raw.at[learned, "fit_seconds"]
    assert times.at[learned, "route"] == pytest.approx(raw.at[learned, "route_seconds"] / 60)


# The committed ledger


@pytest.fixture(scope="module")
def made():
    clear()
    return ledger(), claims()


def test_committed_verdicts_still_hold(made):
    for path, text in command.files(*made).items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name} is not up to date: make ledger"
        )


def test_every_number_has_a_verdict(made):
    numbers, _ = made
    assert set(numbers["verdict"]) <= set(VERDICTS)
    assert set(numbers["place"]) == set(PLACES)
    compared = numbers["verdict"].isin([AGREES, UNDECIDED, OPPOSITE])
    assert numbers.loc[compared, ["ours", "difference", "results"]].notna().all().all()


def test_every_contradiction_is_explained(made):
    assert command.unexplained(*made) == []


def test_every_explanation_is_of_something_in_the_ledger():
    explanations = paper_explanations()
    known = {*PLACES, *paper_claims()["claim"]}
    assert set(explanations["what"]) <= known
    assert set(explanations["data"]) <= {*(data_set.title for data_set in catalog.values()), "any"}
    assert not explanations.duplicated(["what", "data"]).any()
    assert not explanations["text"].str.contains(r"\d").any()  # numbers are generated


def test_claims_are_of_the_chapter_of_their_place():
    for claim in paper_claims().itertuples():
        assert claim.chapter == PLACES[claim.place].chapter
        assert not np.isnan(claim.low) and claim.low < claim.high


def test_the_page_has_no_empty_values():
    assert not re.search(r"\bnan\b", PAGE.read_text(encoding="utf-8"))


def test_a_printed_number_is_as_exact_as_it_is_printed():
    """0.64 in a column of three decimals is 0.640; numbers of figures are read to 0.0005."""
    row = namedtuple("Row", "value metric read")
    assert rounding(row(0.64, "area", "printed")) == pytest.approx(0.0005)
    assert rounding(row(0.0487, "area", "printed")) == pytest.approx(0.00005)
    assert rounding(row(100.0, "QNC (%)", "printed")) == pytest.approx(0.05)
    assert rounding(row(0.62, "validation area", "digitised")) == pytest.approx(0.0005)


def test_the_papers_own_data_count_once_they_are_stored(folder):
    """Until then something else stands in, row by row."""
    run(folder, "main", MAIN)
    numbers = ledger()
    own = numbers[numbers["dataset"] == "RouterBench"]
    assert {*own["our_data"]} == {"RouterBench, 3 tasks"}
    run(folder, "main", MAIN, pool="routerbench_whole")
    numbers = ledger()
    own = numbers[numbers["dataset"] == "RouterBench"].groupby("place")
    used = own[["our_data", "same_data"]].first().apply(tuple, axis=1)
    assert used["Figure 2 (top)"] == ("RouterBench, whole", OTHER_POOL)
    assert used["Figure 2 (bottom)"] == ("RouterBench, 3 tasks", PART)

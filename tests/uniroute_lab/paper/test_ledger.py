"""The ledger on a small paper and small results, and that the committed ledger still holds."""

import re
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.simulated import simulated
from uniroute_lab.data import available, catalog
from uniroute_lab.paper import paper_claims, paper_explanations
from uniroute_lab.paper.experiments import CALCULATION, OTHER_TASKS
from uniroute_lab.paper.ledger import __main__ as command
from uniroute_lab.paper.ledger.claims import claims, explanations
from uniroute_lab.paper.ledger.numbers import (
    answers,
    ledger,
    paper_directions,
    paper_rows,
    rounding,
    run_of,
)
from uniroute_lab.paper.ledger.page import contradictions, drawings
from uniroute_lab.paper.ledger.places import CHAPTERS, DRAWINGS, OF_KIND, PAGE, PLACES
from uniroute_lab.paper.ledger.runs import (
    capped,
    clear,
    compare,
    find_label,
    key_of,
    level_of,
    stored,
)
from uniroute_lab.paper.ledger.verdicts import (
    AGREES,
    JUDGEMENTS,
    OPPOSITE,
    OTHER_POOL,
    PART,
    UNDECIDED,
    VERDICTS,
)
from uniroute_lab.trials import (
    Method,
    NamedPool,
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
COLUMNS = "claim,whose,place,chapter,at,about,text,methods,reference,metric,low,high,zero\n"
TOP, BOTTOM = "Figure 2 (top),14,,new LLMs", "Figure 2 (bottom),15,n_val = 100,new LLMs"
CLAIMS = (
    COLUMNS
    + f"""good,paper,{TOP},K-NN is as good,K-NN,ZeroRouter,area,-1,inf,
bad,paper,{TOP},K-NN is perfect,K-NN,ZeroRouter,area,0.9,inf,
zero too,paper,{TOP},K-NN is near an MLP,K-NN,MLP,area,-1,inf,methods
grid,paper,Figure 5,16,,new LLMs,All are alike,"K-NN, k = 5; K-NN, k = 50","K-NN, k = 20",area,-1,1,
few,paper,{BOTTOM},K-NN is as good,K-NN,ZeroRouter,area,-1,1,
"""
)
EXPLANATIONS = """explanation,text,of,experiment,varies,first,method,reference,metric,low,high
more labels,It changes little,bad; few,validation_size,n_val,100,K-NN,ZeroRouter,area,-1,1
"""
SENTENCES = """sentence,words,row,level,needs
one,K-NN is good,good-routerbench,these LLMs,holds
two,K-NN is perfect,bad-routerbench,row,holds
"""
MAIN = [
    Method("ZeroRouter"),
    Method("K-NN", {"k": 12}, tuning="paper"),
    Method("UniRoute (learned map, network)", {"K": 3}, tuning="paper"),
    Method("MLP", {"epochs": 1}),
]
GRID = [Method("K-NN", {"k": k}) for k in (5, 20, 50)]
FEATURES = ("attributes", "embeddings")
SIZE = ("routerbench", "n_val = 100")  # a run of Figure 2 (bottom)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Let the ledger read a small paper and small results."""
    (tmp_path / "paper").mkdir()
    files = {"numbers": PAPER, "claims": CLAIMS, "explanations": EXPLANATIONS}
    for name, text in {**files, "sentences": SENTENCES}.items():
        (tmp_path / "paper" / f"{name}.csv").write_text(text)
    (tmp_path / "pending.csv").write_text("run\nrouterbench\n")
    systems = pd.DataFrame([["A", "yes"]], columns=["system", "new_llms"])
    others = ["year", "new_llm_needs", "costs", "llms", "signals", "task_labels", "adaptive"]
    systems.assign(**dict.fromkeys([*others, "source"])).to_csv(tmp_path / "paper/systems.csv")
    monkeypatch.setenv("UNIROUTE_RESULTS", str(tmp_path))
    monkeypatch.setattr(command, "PAGE", tmp_path / "ledger.md")
    clear()
    yield tmp_path
    clear()


def run(folder, experiment, methods, condition=None, pool="routerbench", n_trials=3, **options):
    """Run an experiment and merge it."""
    split = split_of({"sizes": (120, 60, 60), "test_share": 0.5} | options)
    data, path = simulated(), folder / "run.parquet"
    data = replace(data, features={"attributes": data.embeddings})
    run_experiment(data, methods, split, n_trials, path, progress=False)
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
    judged = claims()
    assert set(judged["verdict"]) == {"not run"} and judged["row"].is_unique
    # The data sets on which the experiment of the place is declared, and no others.
    assert len(judged[judged["claim"] == "good"]) == 6
    assert set(judged[judged["claim"] == "grid"]["state"]) == {"declared, to be run"}


def test_with_results(folder, capsys):
    run(folder, "main", MAIN, n_trials=8)
    run(folder, "n_clusters", GRID, {"recipe": "paper"}, recipe="paper")
    for n_val in (100, 120):
        sizes = (180 - n_val, n_val, 60)
        some = [*MAIN[:1], *GRID, *MAIN[3:]]
        run(folder, "validation_size", some, {"n_val": n_val}, sizes=sizes)
    numbers = ledger().set_index(["place", "method"])
    zero = numbers.loc[("Figure 2 (top)", "ZeroRouter")].iloc[0]
    results = read_results("main").pivot(index="trial", columns="method", values="area")
    assert zero["ours"] == pytest.approx(results["ZeroRouter"].mean(), abs=1e-4)
    gap = (results["ZeroRouter"] - results["UniRoute (learned map, network)"]).mean()
    assert zero["difference"] == pytest.approx(gap, abs=1e-4)
    assert zero["diff_low"] < gap < zero["diff_high"]
    assert zero["verdict"] == (AGREES if zero["diff_high"] < 0 else UNDECIDED)
    assert (zero["results"], zero["condition"]) == ("main/routerbench", "{}")
    assert (zero["about"], zero["n_trials"], zero["state"]) == ("new LLMs", 8, "old run")
    assert zero["our_reference"] == "UniRoute (learned map, network)"
    assert set(numbers.loc["Figure 5"]["verdict"]) <= set(VERDICTS[2:5])
    # K-means is not stored there, so that nothing can be compared with it.
    assert set(numbers.loc["Figure 2 (bottom)"]["verdict"]) == {"not run"}
    judged = claims().set_index("row")
    assert judged.at["bad-routerbench", "verdict"] == "contradicted"
    for claim in ("good", "grid"):
        assert judged.at[f"{claim}-routerbench", "on_these"] == "holds"
    assert judged.at["zero-too-routerbench", "on_these"] == "says nothing"
    assert judged.at["good-pocket", "verdict"] == "not run"
    assert judged.at["few-routerbench", "condition"] == '{"n_val": 100}'
    tests = explanations()
    (told,) = tests[tests["n_differences"] > 0].to_dict("records")
    assert (told["change"], told["on_these"]) == ("n_val from 100 to 120", "holds")
    command.main()
    text = (folder / "ledger.md").read_text()
    assert "“K-NN is perfect”" in text and f'href="#{told["row"]}"' in text
    verdicts = pd.read_csv(folder / "ledger" / "claims.csv")["verdict"].tolist()
    assert verdicts == [*judged["verdict"]]
    # The sentence that is no longer carried is told, and words that the README does not have.
    lines = capsys.readouterr().out.splitlines()
    assert "not carried: | two | bad-routerbench | row | contradicted | holds" in lines
    assert "not in the README, word for word: one" in lines


def test_a_comparison_counts_once(folder):
    run(folder, "main", MAIN)
    top = ledger().query("place == 'Figure 2 (top)' and dataset == 'RouterBench'")
    pairs = [frozenset(pair) for pair in zip(top["method"], top["compared_with"], strict=True)]
    seen = {(pair, metric) for pair, metric in zip(pairs, top["metric"], strict=True)}
    assert top["counts"].sum() == len(seen) < len(top)
    assert top.groupby("comparison")["counts"].sum().eq(1).all()


def test_holm_s_correction_is_over_the_comparisons_of_a_place(folder):
    run(folder, "main", MAIN)
    numbers = ledger()
    told = numbers[numbers["p_holm"].notna()]
    assert told["counts"].all() and (told["p_holm"] >= told["p"]).all()
    assert told["p_holm"].max() > told["p"].max() or (told["p"] == 1).all()


def test_the_nearest_of_a_grid(folder):
    run(folder, "validation_size", GRID, {"n_val": 100}, sizes=(80, 100, 60))
    bottom = key_of("validation_size", "routerbench", {"n_val": 100})
    with pytest.raises(KeyError, match="must be in the main experiment on routerbench; got 'K-NN'"):
        find_label(bottom, "K-NN")  # no number stands in for one that nobody chose
    run(folder, "main", MAIN)
    assert find_label(bottom, "K-NN") == "K-NN, k = 20"  # chosen: 12
    assert find_label(bottom, "K-NN", "k = 50") == "K-NN, k = 50"
    assert find_label(bottom, "K-NN", "k = 51") == "K-NN, k = 50"
    assert find_label(bottom, "K-NN", "k = 100") is None  # twice as many
    assert find_label(bottom, "K-NN, k = 50") == "K-NN, k = 50"
    assert find_label(bottom, "K-NN, k = 51") is None
    assert find_label(bottom, "MLP") is None


def test_a_grid_is_limited_as_the_paper_limits_it_for_so_many_prompts(folder):
    run(folder, "main", [Method("K-NN", {"k": 40}, tuning="paper")])
    run(folder, "validation_size", GRID, {"n_val": 100}, sizes=(80, 100, 60))
    run(folder, "validation_size", GRID, {"n_val": 50}, sizes=(120, 50, 60))
    labels = [
        find_label(key_of("validation_size", "routerbench", {"n_val": n}), "K-NN")
        for n in (100, 50)
    ]
    assert labels == ["K-NN, k = 20", "K-NN, k = 5"]  # at most 33, at most 16


def test_the_nearest_number_of_validation_prompts_stands_in(folder):
    for n_val in (50, 100):
        run(folder, "validation_size", GRID, {"n_val": n_val}, sizes=(180 - n_val, n_val, 60))
    place, pool = "Figure 2 (bottom)", "routerbench"
    assert run_of(place, pool, "n_val = 150")[2] == '{"n_val": 100}'
    assert run_of(place, pool, "n_val = 60")[2] == '{"n_val": 50}'
    assert run_of(place, pool, "n_val = 200")[2] == "{}"  # none is near: nothing stored
    run(folder, "main", MAIN, sizes=(20, 200, 20))  # the main experiment is one of these
    assert run_of(place, pool, "n_val = 200")[:2] == ("main", pool)


def test_the_network_is_the_learned_map(monkeypatch):
    both = [
        Method(f"UniRoute (learned map, {kind})", {"K": 3}, tuning=tuning)
        for kind in ("linear", "network")
        for tuning in ("paper", "size-matched")
    ]
    known = {one.label: one for one in both}
    monkeypatch.setattr("uniroute_lab.paper.ledger.runs.stored_methods", lambda _: known)
    for after in ("", ", size-matched"):
        found = find_label(("main", "", "{}"), f"UniRoute (learned map){after}")
        assert found == f"UniRoute (learned map, network){after}"
    linear = "UniRoute (learned map, linear)"
    assert find_label(("main", "", "{}"), linear) == linear


def test_clusters_of_attributes_have_the_number_of_clusters_of_embeddings(folder):
    clusters = "UniRoute (K-means)"
    run(folder, "main", [*MAIN, Method(clusters, {"K": 6}, tuning="paper")])
    shift = [Method(clusters, {"K": K}, features=f) for K in (3, 8) for f in FEATURES]
    shift += [Method("K-NN", {"k": 20}, features=f) for f in FEATURES]
    for kind in ("calculation", "other"):
        run(folder, "prompt_shift", shift, {"kind": kind, "case": "both"})
    figure = key_of("prompt_shift", "routerbench", {"kind": "calculation", "case": "both"})
    assert find_label(figure, "UniRoute (K-means)") == "UniRoute (K-means), K = 8"
    assert find_label(figure, "UniRoute (attributes)") == "UniRoute (attributes), K = 8"
    assert find_label(figure, "K-NN") == "K-NN, k = 20"


def test_where_votes_are_stored_they_answer_figure_7(folder):
    """The paper's clusters know no losses there, only which of two LLMs has done better."""
    means, votes = "UniRoute (K-means)", "UniRoute (K-means, votes)"
    run(folder, "main", [*MAIN, Method(means, {"K": 6}, tuning="paper")])
    names = [(means, f) for f in FEATURES] + [(votes, f) for f in FEATURES]
    shift = [Method(name, {"K": K}, features=f) for K in (3, 8) for name, f in names]
    run(folder, "prompt_shift", shift, {"kind": "other", "case": "both"})
    figure = key_of("prompt_shift", "routerbench", {"kind": "other", "case": "both"})
    known = {one.label: one for one in shift}
    for ours, features in (
        (means, "embeddings"),
        ("UniRoute (attributes)", "attributes"),
    ):
        found = known[find_label(figure, ours)]
        assert (found.name, found.features, found.parameters["K"]) == (votes, features, 8)


def test_every_stored_target_of_a_place_answers(folder):
    for kind in ("calculation", "other"):
        for case in ("both", "matched"):
            run(folder, "prompt_shift", GRID, {"kind": kind, "case": case}, pool="mmlu_pro")
    row = namedtuple("Row", "place dataset at")("Figure 7", "Chatbot Arena to EmbedLLM", None)
    found = [key[2] for _, _, key in answers(row)]
    assert found == ['{"case": "both", "kind": "calculation"}', '{"case": "both", "kind": "other"}']


def test_static_pools_have_names_of_their_own_and_speak_of_new_prompts(folder):
    names = simulated().llms[:4]
    split = NamedPool((120, 60, 60), pool=names, train_llms=names)
    methods = [Method("MLP", {"epochs": 1}, knows="training")]
    path = folder / "run.parquet"
    run_experiment(simulated(), methods, split, 3, path, progress=False)
    merge_run(path, "static_pool", "routerbench")
    clear()
    table = run_of("Table 1", "routerbench")
    assert find_label(table, "MLP", knows="training") == "Clairvoyant MLP"
    assert find_label(table, "MLP") is None
    assert level_of(table, "new LLMs") == "new prompts"
    assert level_of(table, "new LLMs", "add") == level_of(table, "these LLMs") == "these LLMs"


def test_levels_widen(folder):
    run(folder, "main", MAIN[:2], n_trials=6)
    main = run_of("Figure 2 (top)", "routerbench")
    wide = [
        compare(main, "K-NN", "ZeroRouter", "area", about)[1].standard_error
        for about in ("these LLMs", "new prompts", "new LLMs")
    ]
    assert wide[0] < wide[1] < wide[2]


def test_a_method_at_the_cap_says_nothing(folder, monkeypatch):
    run(folder, "main", MAIN)
    main = run_of("Figure 2 (top)", "routerbench")
    results = stored(main)
    share = (results[results["method"] == "ZeroRouter"]["qnc"] >= 1 - 1e-9).mean()
    assert capped(main, ["ZeroRouter"], "QNC (%)") == (share > 0.5)
    assert not capped(main, ["ZeroRouter"], "area")


def test_seconds(folder):
    run(folder, "main", MAIN)
    times = stored(run_of("Appendix H", "routerbench")).groupby("method")
    times = times[["train", "add", "route"]].median()
    raw = read_results("main").groupby("method").median(numeric_only=True)
    assert times.at["MLP", "train"] == times.at["MLP", "add"] == raw.at["MLP", "add_seconds"]
    learned = "UniRoute (learned map, network)"
    assert times.at[learned, "train"] == raw.at[learned, "fit_seconds"]
    assert times.at[learned, "route"] == pytest.approx(raw.at[learned, "route_seconds"] / 60)


# The committed ledger


@pytest.fixture(scope="module")
def made():
    clear()
    return command.tables()


def test_committed_verdicts_still_hold(made):
    for path, text in command.files(made).items():
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name} is not up to date: make ledger"
        )


def test_every_number_has_a_verdict(made):
    numbers = made["numbers"]
    assert set(numbers["verdict"]) <= set(VERDICTS)
    assert set(numbers["place"]) == set(PLACES) - {"Section 4"}
    compared = numbers["verdict"].isin([AGREES, UNDECIDED, OPPOSITE])
    assert numbers.loc[compared, ["ours", "difference", "results", "about"]].notna().all().all()
    assert set(made["claims"]["verdict"]) | set(made["explanations"]["verdict"]) <= set(JUDGEMENTS)


def test_what_has_a_verdict_of_ours_says_of_what_and_from_how_many_trials(made):
    for name in ("numbers", "claims", "explanations"):
        known = made[name][made[name]["difference"].notna()]
        assert known["about"].isin(["these LLMs", "new prompts", "new LLMs"]).all()
        assert (known["n_trials"] >= 2).all()


def test_every_row_has_a_name_of_its_own(made):
    names = [row for name in made if name != "sentences" for row in made[name]["row"]]
    assert len(set(names)) == len(names)
    told = re.findall(r'id="([^"]+)"', PAGE.read_text(encoding="utf-8"))
    assert len(set(told)) == len(told) and set(names) <= set(told)
    linked = re.findall(r'href="#([^"]+)"', PAGE.read_text(encoding="utf-8"))
    assert set(linked) <= set(told)


def test_every_contradiction_is_told_with_what_was_tested(made):
    found = contradictions(made)
    text = PAGE.read_text(encoding="utf-8").partition("## Where we find something else")[2]
    items = re.findall(r"<li>.*</li>", text)
    assert len(items) == len(found)
    assert all("Explanations: " in item for item in items)
    names = [re.escape(text) for text in made["explanations"]["text"].unique()]
    assert all(len(re.findall(name + ":", item)) <= 1 for name in names for item in items)


def test_each_place_has_a_heading_with_its_counts(made):
    """So that who looks for a figure of the paper has its verdicts in one click."""
    numbers = made["numbers"].query("version == 'ICLR' and counts")
    text = PAGE.read_text(encoding="utf-8")
    for place, rows in numbers.groupby("place"):
        told = text.partition(f"\n### {place}\n\n")[2].partition("\n")[0]
        chapter = CHAPTERS[PLACES[place].chapter]
        assert told.startswith(
            f"{len(rows)} {{ref}}`comparisons <verdicts>`, in {{doc}}`{chapter}`: "
        )
        for verdict, n in rows["verdict"].value_counts().items():
            assert f"{n} *{verdict}*" in told.partition("alone")[0]


def test_every_explanation_is_of_something_in_the_ledger():
    tests = paper_explanations()
    known = {*PLACES, *paper_claims()["claim"]}
    assert {one for of in tests["of"] for one in of.split("; ")} <= known
    assert tests["explanation"].is_unique
    assert set(tests["experiment"]) == {"training_llms", "validation_size", "encoder"}
    assert (tests["low"] < tests["high"]).all()


def test_claims_are_of_the_chapter_of_their_place():
    for claim in paper_claims().itertuples():
        assert claim.chapter == PLACES[claim.place].chapter
        assert not np.isnan(claim.low) and claim.low < claim.high
        assert claim.whose in ("paper", "ours")
        assert claim.about in ("these LLMs", "new LLMs")
        assert claim.zero in ("methods", "reference") or pd.isna(claim.zero)


def test_the_verdicts_come_before_the_words_on_them():
    heads = re.findall(r"^## (.*)", PAGE.read_text(encoding="utf-8"), re.M)
    assert heads[:4] == [
        "Summary",
        "What the README says",
        "How a verdict is reached",
        "The claims",
    ]


def test_the_page_has_no_empty_values():
    assert not re.search(r"\bnan\b", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["pocket", "mmlu_pro"])
def test_how_many_prompts_are_of_a_kind(name):
    can, reason = available(name)
    if not can:
        pytest.skip(reason)
    tasks = pd.Series(catalog[name].load().complete().tasks)
    for kind, known in (("calculation", CALCULATION), ("other", OTHER_TASKS)):
        assert tasks.isin(known[name].split(", ")).sum() == OF_KIND[name, kind]


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


@pytest.mark.parametrize("figure", DRAWINGS)
def test_figures_without_numbers_are_drawn_where_the_page_says(figure):
    number, function, _ = DRAWINGS[figure]
    path = PAGE.parent / f"{CHAPTERS[number]}.ipynb"
    assert f"plot.{function}(" in path.read_text(encoding="utf-8")
    assert f"{figure}, " in drawings()
    assert drawings() in PAGE.read_text(encoding="utf-8")

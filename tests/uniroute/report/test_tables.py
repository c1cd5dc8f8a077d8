"""Tables as tools and people write them: each form read right, each fault named by its place."""

import gzip
import json
import shlex
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniroute import load_csv, read_table

pd = pytest.importorskip("pandas")
NAN = np.nan
LONG = "prompt,llm,score,cost\nWho?,a,{},{}\nWho?,b,1,0.5\n"


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8", name="traffic.csv"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write


def same(found, wanted):
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_without_pandas_the_door_names_the_extra():
    code = "import sys; sys.modules['pandas'] = None\nfrom uniroute import read_table"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'pip install "uniroute[report]"' in done.stderr.splitlines()[-1]


# --- forms


def test_a_column_for_each_llm(write):
    text = "prompt,task,big-4,mini-4\nSum of 5 and 9?,sums,1,1\nEmma?,books,1,0\nSort,sorting,0,\n"
    data = read_table(write(text), costs={"big-4": 2, "mini-4": 0.1, "other": 7}).data
    assert data.llms == ["big-4", "mini-4"]
    same(data.losses, [[0, 0], [0, 1], [1, NAN]])
    assert data.costs.tolist() == [2, 0.1]
    assert data.tasks.tolist() == ["sums", "books", "sorting"]


def test_a_wide_table_with_costs_beside_each_llm_and_columns_that_are_none(write):
    text = (
        "sample_id,prompt,eval_name,gpt|total_cost,gpt,gpt|answer,claude,claude|total_cost,latency\n"
        "7,Who?,books,0.2,1,Ann,0,0.1,3\n8,Why?,books,0.4,0,Bob,1,0.3,4\n"
    )
    table = read_table(write(text))
    assert table.data.llms == ["gpt", "claude"]
    same(table.data.losses, [[0, 1], [1, 0]])
    same(table.data.costs, [[0.2, 0.1], [0.4, 0.3]])
    assert table.data.prompt_ids.tolist() == ["7", "8"]
    assert "not looked at: 'gpt|answer', 'latency'" in table.understood


@pytest.mark.parametrize("name", ["latency_ms", "Total tokens (k)", "prompt length", "seconds"])
def test_columns_that_say_what_they_measure_are_no_llms(write, name):
    table = read_table(write(f"prompt,gpt,tokenizer-7b,{name}\nWho?,1,0,812\nWhy?,0,1,93.5\n"))
    assert table.data.llms == ["gpt", "tokenizer-7b"]
    assert f"not looked at: {name!r}" in table.understood


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("prompt;llm;score;cost\r\nUn caf\u00e9?;a;1;0,5\r\n", "utf-8-sig"),
        ("prompt\tllm\tscore\tcost\nUn caf\u00e9?\ta\t1\t0.5\n", "utf-16"),
        ("prompt,llm,score,cost\nUn caf\u00e9?,a,1,0.5\n", "cp1252"),
        ("prompt,llm,score,cost\nUn caf\u00e9?,a,100%,$0.50\n", "utf-8"),
        ("Question,Model,Passed,Total cost\nUn caf\u00e9?,a,TRUE,0.5\n\n", "utf-8"),
        ("prompt|llm|correct|cost_usd\nUn caf\u00e9?|a |yes|0.5\n", "utf-8"),
    ],
)
def test_spreadsheets(write, text, encoding):
    data = read_table(write(text, encoding)).data
    assert (data.prompts, data.llms) == (["Un caf\u00e9?"], ["a"])
    assert (data.losses.tolist(), data.costs.tolist()) == ([[0]], [[0.5]])


@pytest.mark.parametrize("above", ["sep=;\r\n", "\n \n", "\ufeff\r\nSEP=;\n"])
def test_lines_above_the_header(write, above):
    """Empty ones, and the one by which spreadsheets tell the separator."""
    table = read_table(write(above + "prompt;a;b\nx;1;0\ny;0,5;1\n"))
    same(table.data.losses, [[0, 1], [0.5, 0]])
    n = above.count("\n")
    for rows, message in [
        ("x;1;0\ny;maybe;1\nz;1;0\n", f"line {n + 3}, column 'a': expected a number"),
        ("x;1;0\ny;1\n", f"line {n + 3}: expected 3 fields; got 2"),
        ("x;1;0\ny;1;0;1\n", f"line {n + 3}: expected 3 fields; got 4"),
    ]:
        with pytest.raises(ValueError, match=message):
            read_table(write(above + "prompt;a;b\n" + rows))


def test_thousands_are_told_from_decimals_where_both_signs_stand(write):
    cells = ["$0.10", '"$1,000.5"', '"12,345"', "7"]
    rows = "".join(f"p{i},{llm},1,{cell}\n" for i, cell in enumerate(cells) for llm in "ab")
    costs = read_table(write("prompt,llm,score,cost\n" + rows)).data.costs
    assert costs[:, 0].tolist() == [0.1, 1000.5, 12345, 7]
    with pytest.raises(ValueError, match=r"decimals or thousands in '1,000\.5'"):
        read_table(write('prompt,llm,score,cost\nx,a,1,"1,000.5"\nx,b,0,"1,5"\ny,a,1,0.5\n'))


@pytest.mark.parametrize("pair", ["wahr falsch", "JA NEIN", "Vrai Faux", "oui non"])
def test_right_and_wrong_in_other_languages(write, pair):
    right, wrong = pair.split()
    text = f"prompt;a;b\nx;{right};{wrong}\ny;{wrong};{right}\n"
    same(read_table(write(text)).data.losses, [[0, 1], [1, 0]])


def test_what_is_understood_is_said_in_words(write):
    said = read_table(write("prompt,llm,loss\nx,a,1\nx,b,0\n")).understood
    assert "losses from 0 to 1, low is good" in said
    assert "1 column of LLMs: 'a'" in read_table(write("prompt,a\nx,1\ny,0\n")).understood[0]


def test_quotes_and_newlines_in_prompts(write):
    data = read_table(write('prompt,llm,score\r\n"one\r\ntwo, ""three""",a,1\r\nnext,a,0\r\n')).data
    assert data.prompts == ['one\r\ntwo, "three"', "next"]


def test_texts_that_look_like_numbers_stay_texts(write):
    data = read_table(write("id,prompt,llm,score\n007,1e5,4.0,1\n008,NA,4.0,0\n")).data
    assert data.prompt_ids.tolist() == ["007", "008"]
    assert (data.prompts, data.llms) == (["1e5", "NA"], ["4.0"])


@pytest.mark.parametrize("nothing", ["", "NaN", "n/a", "null", "ERROR"])
def test_no_answer_is_not_a_wrong_one(write, nothing):
    same(read_table(write(LONG.format(nothing, nothing))).data.losses, [[NAN, 0]])


CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Who wrote Emma?"},
    {"role": "assistant", "content": "Austen."},
    {"role": "user", "content": [{"type": "text", "text": "And when?"}]},
]


@pytest.mark.parametrize("written", [json.dumps, repr, lambda chat: chat])
def test_of_chats_the_last_message_of_the_user_is_the_prompt(written):
    prompts = [written(CHAT), "[role] What is it?", "Who?", '[{"role": "system"}]']
    table = pd.DataFrame({"prompt": prompts, "a": [1, 0, 1, 1], "b": [0, 1, 1, 0]})
    found = read_table(table)
    assert found.data.prompts == ["And when?", *prompts[1:]]
    same(found.data.losses, [[0, 1], [1, 0], [0, 0], [0, 1]])
    assert any("1 of 4 prompts are chats" in line for line in found.understood)


def test_repeated_answers_are_averaged_and_said(write):
    table = read_table(write("prompt,llm,score,cost\nWho?,a,1,1\nWho?,a,0,3\nWho?,a,,2\n"))
    assert (table.data.losses.tolist(), table.data.costs.tolist()) == ([[0.5]], [[2]])
    assert "repeated answers averaged: 1 of prompt and LLM" in table.understood


def test_one_text_in_two_tasks_is_two_prompts_and_one_text_in_one_task_is_one(write):
    text = "prompt,task,a,b\nGo on,x,1,0\nGo on,y,0,0\nGo on,x,0,1\n"
    same(read_table(write(text)).data.losses, [[0.5, 0.5], [1, 1]])


def test_frames_and_lines_of_json(tmp_path):
    frame = pd.DataFrame({"prompt": ["p", "q"], "a": [True, False], "b": [0.5, None]})
    same(read_table(frame).data.losses, [[0, 0.5], [1, NAN]])
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    same(read_table(tmp_path / "t.jsonl").data.losses, [[0, 0.5], [1, NAN]])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 1)), min_size=1,
                unique_by=lambda row: row[:2]))  # fmt: skip
def test_the_exact_reader_and_this_one_agree(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    lines = [f"p{p},m{m},{score},{p + m}" for p, m, score in rows]
    path.write_text("\n".join(["prompt,llm,score,cost", *lines]) + "\n")
    exact, data = load_csv(path, "USD"), read_table(path).data
    assert (data.prompts, data.llms) == (exact.prompts, exact.llms)
    np.testing.assert_array_equal(data.losses, exact.losses)
    np.testing.assert_array_equal(data.costs, exact.costs)


# --- scales


JUDGED = "prompt,llm,{},cost\nTides,a,10,1\nTides,b,1,2\nRiver,a,5.5,1\nRiver,b,7.75,2\n"


def test_scores_of_judges_are_scaled_and_the_guess_is_said(write):
    table = read_table(write(JUDGED.format("score")))
    same(table.data.losses, [[0, 1], [0.5, 0.25]])
    assert "scores from 1 to 10, high is good (the scale is a guess; say scale)" in table.understood
    stated = read_table(write(JUDGED.format("score")), scale=(0, 10))
    same(stated.data.losses, [[0, 0.9], [0.45, 0.225]])


def test_scores_called_loss_are_not_taken_for_losses(write):
    path = write(JUDGED.format("loss"))
    with pytest.raises(ValueError, match=r"line 2, column 'loss'.*got 10.*better='high'"):
        read_table(path)
    same(read_table(path, better="high").data.losses, [[0, 1], [0.5, 0.25]])
    same(read_table(path, better="low", scale=(0, 10)).data.losses, [[1, 0.1], [0.55, 0.775]])


# --- battles


def test_battles_mean_the_chance_to_beat_another(write):
    # c beats b in 3 of 4, b beats a in 3 of 4: odds of 3, and of 9 between c and a.
    rows = ["p{},b,a,model_a", "p{},b,a,B", "p{},a,b,b", "p{},b,a,b",
            "p{},c,b,c", "p{},c,b,model_b", "p{},b,c,c", "p{},c,b,model_a"]  # fmt: skip
    text = "prompt,model_a,model_b,winner\n" + "\n".join(rows).format(*range(8))
    table = read_table(write(text))
    mean = dict(zip(table.data.llms, np.nanmean(table.data.losses, axis=0), strict=True))
    wanted = {"a": 1 - (1 / 4 + 1 / 10) / 2, "b": 0.5, "c": 1 - (3 / 4 + 9 / 10) / 2}
    assert mean == pytest.approx(wanted, abs=1e-3)
    assert np.isnan(table.data.losses).sum() == 8
    assert "which is better, not which is right" in repr(table)


def test_percent_signs_beside_a_larger_scale_are_not_guessed(write):
    # 85 % of 100 would be 0.85, and so nearly all wrong.
    text = "prompt,llm,score\np,a,85%\nq,a,90\n"
    for scale in (None, (0, 100)):
        with pytest.raises(ValueError, match="percent signs, read as from 0 to 1, and a scale"):
            read_table(write(text), scale=scale)
    with pytest.raises(ValueError, match="percent signs"):
        read_table(write("prompt,a,b\np,85%,90\nq,10%,20\n"))
    same(read_table(write(text.replace("90", "0.9"))).data.losses, [[0.15], [0.1]])


def test_columns_that_count_rows_or_say_nothing_are_no_llms(write):
    rows = [f"{i},question {i},{i % 2},{'n/a' if i % 3 else 'asked twice'}" for i in range(1, 13)]
    table = read_table(write("\n".join(["Nr.x,prompt,small,note", *rows]) + "\n"))
    assert table.data.llms == ["small"]
    assert "not looked at: 'Nr.x', 'note'" in table.understood
    text = "prompt,small,took\np,1,0.3\nq,0,17.5\n"
    with pytest.raises(ValueError, match=r"column 'took': .* from 0 to 1.*or llms= \(--llms\)"):
        read_table(write(text), scale=(0, 1))


@pytest.mark.parametrize(
    "name",
    "latency_ms latency Latency(ms) prompt_tokens small_tokens total_tokens elapsed temperature "
    "response_time small_latency duration_s answer_length time_s ttft_ms".split(),
)
@pytest.mark.parametrize("value", ["0.7", "22", "812"])
def test_columns_whose_names_say_what_they_measure_are_no_llms(write, name, value):
    text = f"prompt,small,time-moe-large,{name}\np,1,0,{value}\nq,0,1,{value}\n"
    table = read_table(write(text))
    assert table.data.llms == ["small", "time-moe-large"]
    assert any(line.startswith("not looked at") and name in line for line in table.understood) or (
        name == "prompt_tokens"
    )
    named = read_table(write(text), llms=["small", name], scale=(0, 1000))
    assert named.data.llms == ["small", name]


@pytest.mark.parametrize(
    ("text", "kept", "row"),
    [
        ("prompt,a,b c,took\np,1,0,22\nq,0,1,41\n", ["a", "b c"], "line 2, column 'took'.*got 22"),
        ("prompt,a,b c,took\np,1,0,0\nq,0,1,933\n", ["a", "b c"], "line 3, column 'took'.*got 933"),
        ("prompt,a,b,took\np,7,9,933\nq,3,10,1\n", ["a", "b"], "line 2, column 'took'.*got 933"),
        ("prompt,a,b,took\np,pass,fail,-1\nq,fail,pass,0\n", ["a", "b"], "line 2.*got -1"),
    ],
)
def test_columns_off_the_scale_of_the_others_are_named_with_what_leaves_them_out(
    write, text, kept, row
):
    path = write(text)
    with pytest.raises(ValueError, match=row) as caught:
        read_table(path)
    said = str(caught.value)
    assert f"what is no LLM ('took') by llms={kept} (--llms {shlex.join(kept)})" in said
    assert read_table(path, llms=kept).data.llms == kept


def test_a_judge_may_give_one_llm_the_lowest_mark_only(write):
    table = read_table(write("prompt,small,large\np,1,5\nq,1,3\n"))
    same(table.data.losses, [[1, 0], [1, 0.5]])


def test_shares_of_ties_have_a_space_before_the_sign(write):
    text = "prompt,model_a,model_b,winner\np,a,b,tie\nq,a,b,model_a\nr,b,a,model_a\n"
    table = read_table(write(text))
    assert any("; 33 % ties" in line for line in table.understood)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.json", "t.jsonl", "utf-32"])
def test_files_of_other_kinds(tmp_path, name):
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    frame = pd.DataFrame({"messages": [json.dumps(chat)], "llm": ["a"], "score": [1]})
    path = tmp_path / name
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    elif name.startswith("utf"):
        path.write_bytes(frame.to_csv(index=False).encode("utf-32"))
    else:
        frame["messages"] = [chat]
        frame.to_json(path, orient="records", lines=name.endswith("l"))
    data = read_table(path).data
    assert data.prompts == ["Why?"] and data.losses.tolist() == [[0]]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", "prompt,llm,score\np,a,1\n".encode("utf-16-le"), "t.csv must be text"),
        ("t.csv.gz", b"\x1f\x8b\x08broken", "t.csv.gz must be a whole gzip file"),
        ("t.parquet", b"PAR1xxxx", "t.parquet must be a whole .parquet file"),
        ("t.xlsx", b"PKxxxx", "t.xlsx must be a whole .xlsx file"),
        ("t.json", b"{", "t.json must be a whole .json file"),
    ],
)
def test_files_that_are_not_what_they_say(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError) as error:
        read_table(tmp_path / name)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": None}, "table must be a path or a data frame; got None"),
        ({"scale": (1,)}, r"scale must be two numbers, the lower first; got \(1,\)"),
        ({"scale": (0, np.inf)}, "scale must be two numbers"),
        ({"costs": {"a": "cheap"}}, "costs must hold a number, or two prices, for every LLM"),
        ({"costs": {"a": object()}}, "costs must hold a number, or two prices"),
    ],
)
def test_bad_options_are_named(options, said):
    table = pd.DataFrame({"prompt": ["p"], "llm": ["a"], "score": [1]})
    with pytest.raises(ValueError, match=said):
        read_table(**{"table": table} | options)


def test_ties_and_battles_apart(write):
    head = "prompt,model_a,model_b,winner\n"
    same(read_table(write(head + "p,x,y,tie (bothbad)\n")).data.losses, [[0.5, 0.5]])
    with pytest.raises(ValueError, match="has no winner at all"):
        read_table(write(head + "p,x,y,\n"))
    with pytest.raises(ValueError, match="'z' and 'x' never met"):
        read_table(write(head + "p,x,y,tie\np,z,w,model_a\n"))
    with pytest.raises(ValueError, match=r"line 2, column 'winner'.*got 'nobody'"):
        read_table(write(head + "p,x,y,nobody\n"))


# --- costs


TOKENS = "prompt,llm,score,input_tokens,output_tokens\np,a,1,1000,10\np,b,1,1000,200\nq,a,0,50,5\n"


@pytest.mark.parametrize(
    "costs",
    [
        "model,input_price,output_price\nb,10,30\na,1,2\n",
        "model,input_cost_per_token,output_cost_per_token\na,1e-6,2e-6\nb,1e-5,3e-5\n",
    ],
)
def test_tokens_times_prices(write, costs):
    data = read_table(write(TOKENS), costs=write(costs, name="costs.csv")).data
    same(data.costs, [[1.02e-3, 1.6e-2], [6e-5, NAN]])


def test_costs_in_a_second_table(write):
    wide = write("prompt,a,b\np,1,0\nq,0,1\n")
    for text, wanted in {
        "llm;cost\nb;2,5\na;1\n": [1, 2.5],
        "a,b\n1,2.5\n": [1, 2.5],
        "prompt,b,a\nq,4,2\np,3,1\n": [[1, 3], [2, 4]],
        "prompt,llm,cost\nq,a,2\np,a,1\np,b,3\nother,a,9\n": [[1, 3], [2, NAN]],
    }.items():
        same(read_table(wide, costs=write(text, name="costs.csv")).data.costs, wanted)


def test_unknown_costs_are_not_zero(write):
    table = read_table(write("prompt,a,b\np,1,0\n"))
    assert np.isnan(table.data.costs).all()
    assert "no costs; they are unknown (give costs)" in table.understood


def test_what_costs_nothing_or_an_unknown_sum_is_said(write):
    costs = write("llm,cost\na,0\nb,2\n", name="costs.csv")
    told = read_table(write("prompt,a,b\np,1,0\n"), costs=costs).understood
    assert told[-1] == "costs of 'a': nothing: if its costs are not known, leave them out"
    long = "prompt,llm,score,cost\np,a,1,0\nq,a,1,0\np,b,1,\nq,b,0,\np,c,1,0\nq,c,1,3\n"
    table = read_table(write(long))
    same(table.data.costs, [[0, NAN, 0], [0, NAN, 3]])
    assert [line for line in table.understood if line.startswith("costs of")] == [
        "costs of 'a': nothing: if its costs are not known, leave them out",
        "costs of 'b': an unknown sum",
    ]


# --- efforts of one LLM

EFFORTS = """prompt,model,reasoning_effort,correct,input_tokens,output_tokens
p,o,low,0,10,100
p,o,high,1,10,900
p,plain,,1,10,50
q,o,low,1,20,100
q,o,high,1,20,700
q,plain,,0,20,50
"""


def test_each_effort_is_an_llm_of_its_own(write):
    table = read_table(write(EFFORTS))
    assert table.data.llms == ["o:low", "o:high", "plain"]
    same(table.data.losses, [[1, 0, 0], [0, 0, 1]])
    assert "LLMs in 'model' and 'reasoning_effort', as in 'o:low', " in table.understood[0]
    assert not any("repeated" in line or "not looked at" in line for line in table.understood)
    named = EFFORTS.replace("reasoning_effort", "how hard")
    given = read_table(write(named), columns={"effort": "how hard"}).data
    assert given.llms == table.data.llms and (given.losses == table.data.losses).all()


@pytest.mark.parametrize(
    "prices",
    [
        "model,input_price,output_price\no,1,10\nplain,2,3\n",
        "model,effort,input_price,output_price\no,low,1,10\no,high,1,10\nplain,,2,3\n",
        "model,input_price,output_price\no:low,1,10\no:high,1,10\nplain,2,3\n",
    ],
)
def test_efforts_share_the_prices_of_their_llm(write, prices):
    table = read_table(write(EFFORTS), costs=write(prices, name="prices.csv"))
    wanted = [[10 + 1000, 10 + 9000, 20 + 150], [20 + 1000, 20 + 7000, 40 + 150]]
    same(table.data.costs, np.array(wanted) / 1e6)
    assert not any("others" in line for line in table.understood)


def test_an_llm_that_is_called_like_an_effort_of_another_is_refused(write):
    with pytest.raises(ValueError, match="names 'o:low' with its effort and without"):
        read_table(write(EFFORTS + "q,o:low,,1,1,1\n"))


# --- faults


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('prompt,llm,score\n"b\nb",x,1\nc,x,oops\n', "line 4, column 'score'.*got 'oops'"),
        ('prompt,llm,score\n"b\nb",x,1\nc,x\n', "line 4: expected 3 fields; got 2"),
        ("prompt,llm,score\nb,x,1\nc,x,1,2\n", "line 3: expected 3 fields; got 4"),
        ("prompt,llm,score\nb,x,1\n\nc, ,1\n", "line 4, column 'llm': expected a text"),
        ("prompt,llm,score,cost\nb,x,1,-2\n", "line 2, column 'cost'.*from 0"),
        ("prompt,llm,score\nb,x,inf\n", "line 2, column 'score'"),
        ('prompt,llm,score,cost\nb,x,1,"1,234"\n', "line 2, column 'cost'.*decimal="),
        ("prompt,a,b\nx,1,o.5\ny,1,0\nz,1,1\n", "line 2, column 'b'.*got 'o.5'"),
        ("prompt,score,loss,llm\nx,1,0,a\n", "'score' and losses in 'loss'"),
        ("foo,bar\nx,1\n", "column for the prompts.*foo, bar"),
        ("prompt,note\nx,well\n", "a row for each answer.*prompt, note"),
        ("prompt,a,a\nx,1,0\n", "two columns 'a'"),
        ("id,prompt,a\n1,x,1\n1,y,0\n", "line 3, column 'prompt'.*line 2, has 'x'"),
        ("prompt,a\n", "no rows"),
        (" \n", "is empty"),
        ("only one column\nx\n", "columns, separated by"),
    ],
)
def test_faults_are_named_by_line_and_column(write, text, said):
    with pytest.raises(ValueError, match=f"(?s)traffic.csv.*{said}"):
        read_table(write(text))


def test_costs_that_lack_an_llm(write):
    with pytest.raises(ValueError, match="none for 'b'"):
        read_table(write("prompt,a,b\np,1,0\n"), costs={"a": 1})

"""One's own traffic from a CSV file: what is read, and what is refused, by line and column."""

import csv
import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uniroute import evaluate, load_csv

LONG = """prompt,llm,score,cost,task,prompt_id,latency
1 + 1?,small,1,0.1,sums,a,3
1 + 1?,large,0.75,2,sums,a,9
"Capital, of Peru?",large,,3,towns,b,9
1 + 1?,small,0,,sums,c,2
"""


def write(folder, text):
    path = folder / "traffic.csv"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder, text=LONG, **options):
    return load_csv(write(folder, text), cost_unit="cents", **options)


def test_small_file(tmp_path):
    data = load(tmp_path)
    assert data.prompts == ["1 + 1?", "Capital, of Peru?", "1 + 1?"]
    assert data.llms == ["small", "large"]
    assert data.prompt_ids.tolist() == ["a", "b", "c"]
    assert data.tasks.tolist() == ["sums", "towns", "sums"]
    np.testing.assert_array_equal(data.losses, [[0, 0.25], [np.nan, np.nan], [1, np.nan]])
    np.testing.assert_array_equal(data.costs, [[0.1, 2], [np.nan, 3], [np.nan, np.nan]])
    assert (data.name, data.cost_unit, data.licence) == ("traffic", "cents", "not stated")
    named = load(tmp_path, name="mine", licence="CC0-1.0", citation="me")
    assert (named.name, named.licence, named.citation) == ("mine", "CC0-1.0", "me")


def test_losses_without_ids_and_tasks(tmp_path):
    data = load(tmp_path, "llm,cost,loss,prompt\ns,0,-2.5,p\nl,1e3,7,p\ns,0,0,q\nl,1,1,q\n")
    np.testing.assert_array_equal(data.losses, [[-2.5, 7], [0, 1]])
    np.testing.assert_array_equal(data.costs, [[0, 1000], [0, 1]])
    assert data.prompt_ids.tolist() == ["0", "1"] and data.tasks.tolist() == ["all", "all"]


def test_long_prompts_and_empty_lines(tmp_path):
    before = csv.field_size_limit()
    data = load(tmp_path, f"prompt,llm,loss,cost\n{'long ' * 50_000},s,0,1\n\nq,s,1,1\n\n")
    assert [len(prompt) for prompt in data.prompts] == [250_000, 1]
    assert csv.field_size_limit() == before


def test_byte_order_mark_of_spreadsheets(tmp_path):
    assert load(tmp_path, "\ufeff" + LONG).llms == ["small", "large"]


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1),
            st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=2, max_size=2),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[0],
    ).filter(lambda rows: all(prompt.strip() for prompt, _ in rows))
)
def test_what_is_written_is_read(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "llm", "loss", "cost"])
        for prompt, losses in rows:
            writer.writerows([[prompt, "a", losses[0], 1], [prompt, "b", losses[1], 2]])
    data = load_csv(path, cost_unit="USD")
    assert data.prompts == [prompt for prompt, _ in rows]
    np.testing.assert_array_equal(data.losses, np.array([x for _, x in rows], dtype=float))
    np.testing.assert_array_equal(data.costs, [[1, 2]] * len(rows))


def test_what_comes_out_can_be_routed(tmp_path):
    data = load(tmp_path, "prompt,llm,score,cost\np,s,0,1\np,l,1,3\nq,s,1,1\nq,l,1,5\n")
    curve = evaluate.deferral_curve(data.losses, data.losses, data.costs.mean(axis=0))
    assert curve.peak() == 1


HEADER = "prompt,llm,score,cost\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"traffic\.csv must have a column 'prompt'; it has \[\]"),
        ("prompt,llm,score\n", r"must have a column 'cost'; it has \['prompt', 'llm', 'score'\]"),
        ("prompt,score,cost\n", "must have a column 'llm'"),
        ("prompt,llm,cost\n", "must have one column 'loss' or 'score'"),
        ("prompt,llm,cost,loss,score\n", "must have one column 'loss' or 'score'"),
        ("prompt,llm,cost,loss,llm\n", "must not have two columns 'llm'"),
        (HEADER, r"traffic\.csv has no rows"),
        (HEADER + "p,s,1\n", r"traffic\.csv, line 2: expected 4 fields; got 3"),
        (HEADER + "p,s,1,1\np,l,1,1,1\n", r"line 3: expected 4 fields; got 5"),
        (HEADER + "\n\n", r"traffic\.csv has no rows"),
        (HEADER + '"a\nb",s,1,1\n ,s,1,1\n', "line 4, column 'prompt': expected a text; got noth"),
        (HEADER + "p,,1,1\n", "line 2, column 'llm': expected a text; got nothing"),
        (HEADER + "p,s,yes,1\n", "line 2, column 'score': expected a finite number .*; got 'yes'"),
        (HEADER + "p,s,1.5,1\n", "line 2, column 'score': .* from 0 to 1, or nothing; got '1.5'"),
        (HEADER + "p,s,-1,1\n", "line 2, column 'score': .*got '-1'"),
        (HEADER + "p,s,nan,1\n", "line 2, column 'score': .*got 'nan'"),
        (HEADER + "p,s,1,-3\n", "line 2, column 'cost': expected a finite number from 0 to inf"),
        (HEADER + "p,s,1,inf\n", "line 2, column 'cost': .*got 'inf'"),
        ("prompt,llm,loss,cost\np,s,inf,1\n", "line 2, column 'loss': .*got 'inf'"),
        (HEADER + "p,s,1,1\np,l,1,1\np,s,1,1\n", "line 4, column 'llm': 's' was tried on this pro"),
        (
            "prompt,llm,loss,cost,prompt_id\np,s,0,1,a\nq,l,0,1,a\n",
            r"line 3, columns 'prompt' and 'task': got \('q', 'all'\), but .* \('p', 'all'\)",
        ),
        (
            "prompt,llm,loss,cost,task\np,s,0,1,a\np,l,0,1,b\n",
            r"line 3, columns 'prompt' and 'task': got \('p', 'b'\), but .* \('p', 'a'\)",
        ),
    ],
)
def test_bad_files(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load(tmp_path, text)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_csv(tmp_path / "none.csv", cost_unit="USD")


def test_bad_unit(tmp_path):
    with pytest.raises(ValueError, match="cost_unit must be a string; got 3"):
        load_csv(write(tmp_path, LONG), cost_unit=3)


def read(path, pyarrow=True):
    """Return all that is read from a file, or the message of the error, with or without pyarrow."""
    hidden = {} if pyarrow else {"pyarrow": None, "pyarrow.csv": None}
    with mock.patch.dict(sys.modules, hidden):
        try:
            data = load_csv(path, cost_unit="USD")
        except ValueError as error:
            return str(error)
    lists = data.prompts, data.prompt_ids.tolist(), data.tasks.tolist(), data.llms
    return [*lists, data.losses.tobytes(), data.costs.tobytes()]


ODD = st.text(st.sampled_from('a1,"\n\r\t \x00\u00e9\u2028'), max_size=5)
TEXT = st.sampled_from(["a", "b", "\u00fc,x", 'say "x"', "a ", "two\nlines", "a\rb"])
NUMBER = st.sampled_from(["0", "1", "0.5", "", ".5", "1e-3", " 1 ", "1e999", "-1", "nan", "1_0"])


@st.composite
def tables(draw):
    """Draw a header and rows, most of which can be read."""
    headers = ["prompt,llm,score,cost", "cost,task,loss,llm,prompt,prompt_id", "prompt,llm,cost"]
    header = draw(st.sampled_from(headers)).split(",")
    usual = [NUMBER if name in ("cost", "loss", "score") else TEXT for name in header]
    row = st.tuples(*(st.one_of(cells, cells, cells, ODD) for cells in usual))
    return [header, *draw(st.lists(row, max_size=4))]


@given(tables(), st.sampled_from(["\n", "\r\n", "\n\n", "\r"]), st.sampled_from(['",\n\r', ""]))
def test_with_and_without_pyarrow_the_same_is_read(tmp_path_factory, rows, end, quoted):
    def field(text):
        return '"' + text.replace('"', '""') + '"' if set(text) & set(quoted) else text

    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(end.join(",".join(map(field, row)) for row in rows).encode())
    assert read(path) == read(path, pyarrow=False)


def test_many_blocks_of_pyarrow_are_read_in_order(tmp_path):
    order = np.random.default_rng(0).permutation(4000)
    rows = [f"prompt {i} {'long ' * 100},{llm},{i % 2},{i}" for i in order for llm in "ba"]
    path = write(tmp_path, "\n".join(["prompt,llm,score,cost", *rows]))
    found = read(path)
    assert found == read(path, pyarrow=False)
    assert [int(prompt.split()[1]) for prompt in found[0]] == order.tolist()

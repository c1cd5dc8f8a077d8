"""One reader for the tables that people have; it says what it understood."""

import ast
import json
import re
import shlex
from dataclasses import dataclass

import numpy as np

from uniroute._texts import read_texts
from uniroute.checks import check_option
from uniroute.data import RoutingData
from uniroute.report.battles import battle_losses
from uniroute.report.costs import token_costs
from uniroute.report.sheets import open_sheet, pd

__all__ = ["Table", "read_table"]

# What columns are called, the best name first; compared without case, spaces and signs.
ROLES = {
    "prompt": "prompt question query instruction user_prompt input problem text messages "
    "conversation chat",
    "prompt_id": "prompt_id question_id sample_id example_id test_id doc_id id uid",
    "task": "task subject category kind dataset benchmark eval_name domain subset",
    "llm": "llm model model_name llm_name model_id provider engine",
    "effort": "effort reasoning_effort thinking_effort effort_level reasoning_level thinking_level",
    "score": "score correct is_correct accuracy acc passed pass success result outcome rating "
    "grade judge_score reward quality verdict status",
    "loss": "loss error_rate",
    "cost": "cost total_cost cost_usd costs price usd cost_eur cost_cents",
    "input_tokens": "input_tokens prompt_tokens tokens_in n_input_tokens",
    "output_tokens": "output_tokens completion_tokens tokens_out n_output_tokens",
    "llm_a": "llm_a model_a",
    "llm_b": "llm_b model_b",
    "winner": "winner preference preferred",
    "input_price": "input_price price_in input_cost_per_token input_price_per_million "
    "input_cost_per_million prompt_price",
    "output_price": "output_price price_out output_cost_per_token output_price_per_million "
    "output_cost_per_million completion_price",
}
TEXTS = ("prompt", "prompt_id", "task", "llm", "effort", "llm_a", "llm_b", "winner")
MANY = {"score": "scores", "loss": "losses"}
# Columns of numbers that are no LLMs.
COUNTERS = set("index row number n repeat run epoch trial attempt seed latency duration "
               "length difficulty year nr no num".split())  # fmt: skip
# So are those whose names say that they measure something else, such as latency_ms or small_tokens.
MEASURED = re.compile(
    r"(^|_)(latency|duration|elapsed|runtime|ttft|tokens|temperature|timestamp|seconds|secs|ms)(_|$)"
    r"|(^|_)(time|length)(_(s|sec|min))?$"
)
TIES = {"tie", "ties", "draw", "both", "tie (bothbad)", "bothbad", "both_bad", "equal"}
FORMS = (
    "a row for each answer, with columns for the LLM and its score or loss (llm, score); or a row "
    "for each prompt and a column for each LLM; or a row for each battle (llm_a, llm_b, winner)"
)


def _chat_of(text):
    """Return the user's last message, if a cell holds a chat, in JSON or as Python writes it."""
    if not text.lstrip().startswith("[") or "role" not in text:
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            return read_texts([parse(text)], "last user")[0]
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            pass
    return None


@dataclass(frozen=True, eq=False)
class Table:
    """A table that was read, and how; made by `read_table`.

    Attributes
    ----------
    data : RoutingData
    understood : list of str
        What was found, guessed and left out, a sentence each.

    Examples
    --------
    See `read_table`.
    """

    data: RoutingData
    understood: list

    def __repr__(self):
        return "\n".join([repr(self.data), *(f"- {line}" for line in self.understood)])


def read_table(
    table,
    costs=None,
    *,
    columns=None,
    llms=None,
    scale=None,
    better=None,
    decimal=None,
    cost_unit=None,
    name=None,
    licence="not stated",
    citation="not stated",
):
    """Read a table of answers in any of the usual forms.

    The table has a row for each answer, or a row for each prompt and a column for each LLM, or a
    row for each battle of two LLMs. `load_csv` reads one form only, exactly, without pandas.

    Parameters
    ----------
    table : path or pandas.DataFrame
        Text in columns (separator and encoding are found), ``.jsonl``, ``.parquet`` or ``.xlsx``.
    costs : path, pandas.DataFrame or dict, or None, default None
        Costs, if they are not in the table: a row for each LLM (llm, cost), for each answer
        (prompt or id, llm, cost) or for each prompt with a column for each LLM; one row with a
        column for each LLM; or, for a table with tokens, prices (llm, input_price, output_price),
        of a million tokens if no column says otherwise. A dict of LLM to cost, or to two prices.
    columns : dict of str to str, or None, default None
        The columns to take, by what they hold: "prompt", "prompt_id", "task", "llm", "effort",
        "score", "loss", "cost", "input_tokens", "output_tokens", "llm_a", "llm_b", "winner". Others
        are found by their names. Each effort of an LLM counts as an LLM of its own, "o:low".
    llms : list of str or None, default None
        The columns that are LLMs, where there is one for each; None finds them.
    scale : tuple of float or None, default None
        The worst and the best score (of losses the least and the highest); None: from 0 to 1, or
        guessed from the numbers, which `Table.understood` says.
    better : {"high", "low"} or None, default None
        Which numbers are good; None: high scores and low losses.
    decimal : {".", ","} or None, default None
        The sign before decimals; None finds it.
    cost_unit : str or None, default None
        Unit of the costs; None: from the column's name, else "USD".
    name : str or None, default None
        Name of the data set; None takes the file's.
    licence, citation : str, default "not stated"
        Kept with the data.

    Returns
    -------
    Table
        Its `data` have losses from 0 to 1 where scores have a scale; NaN: not observed. Repeated
        answers are averaged. Costs are NaN where they are unknown, never 0.

    Raises
    ------
    ValueError
        If the table, or a cell, cannot be understood; the message names the line and the column.
    FileNotFoundError
        If there is no such file.

    Notes
    -----
    Battles become losses by the model of Bradley and Terry, see `uniroute.report.battles`: they
    tell which of two LLMs is better, not whether either is right. Chapter 26.

    Examples
    --------
    >>> import pandas as pd
    >>> from uniroute import read_table
    >>> wide = pd.DataFrame({"question": ["1 + 1?", "Capital of Peru?"],
    ...                      "small": ["pass", "fail"], "large": ["pass", "pass"]})
    >>> table = read_table(wide, costs={"small": 0.1, "large": 2})
    >>> table.data.losses
    array([[0., 0.],
           [1., 0.]])
    >>> print(*table.understood, sep=chr(10))
    a row for each prompt, prompts in 'question', 2 columns of LLMs: 'small', 'large'
    words for right and wrong: 'fail', 'pass'
    scores from 0 to 1, high is good
    one cost for each LLM, from the costs given
    unit of costs: USD (a guess; say cost_unit)
    """
    if better is not None:
        check_option("better", better, ("high", "low"))
    if decimal is not None:
        check_option("decimal", decimal, (".", ","))
    sheet = open_sheet(table, decimal, lambda column: _is_text(column, columns or {}))
    reading = _Reading(sheet, dict(columns or {}), llms, scale, better)
    losses = reading.losses()
    known = reading.costs(costs, decimal)
    reading.say_unit(cost_unit)
    reading.say_free(known)
    stem = sheet.name.rsplit(".", 1)[0] if sheet.raw is not None else "table"
    data = RoutingData(
        name=stem if name is None else name,
        losses=losses,
        costs=known,
        cost_unit=reading.unit,
        llms=reading.llms,
        licence=licence,
        citation=citation,
        **reading.prompts(),
    )
    return Table(data, sheet.notes + reading.notes)


def _plain(name):
    return re.sub(r"\W+", "_", name.casefold()).strip("_")


def _is_text(column, given):
    """Return whether a column of this name holds texts, even where they look like numbers."""
    if named := [role for role, name in given.items() if name == column]:
        return named[0] in TEXTS
    return any(_plain(column) in ROLES[role].split() for role in TEXTS)


def find_roles(sheet, given):
    """Return {what a column holds: its position}, by what is given, then by the names."""
    roles = {}
    for role, column in given.items():
        if role not in ROLES:
            raise ValueError(f"columns must be of {', '.join(ROLES)}; got {role!r}")
        if column not in sheet.header:
            raise ValueError(
                f"{sheet.name} must have a column {column!r}; it has {', '.join(sheet.header)}"
            )
        roles[role] = sheet.header.index(column)
    plain = [_plain(name) for name in sheet.header]
    for role, names in ROLES.items():
        found = [plain.index(name) for name in names.split() if name in plain]
        free = [column for column in found if column not in roles.values()]
        if role not in roles and free:
            roles[role] = free[0]
    return roles


class _Reading:
    """One table on its way to losses and costs; what it finds goes to `notes`."""

    def __init__(self, sheet, columns, llms, scale, better):
        self.sheet, self.given, self.scale, self.better = sheet, columns, scale, better
        self.notes, self.unit, self.unit_said = [], None, None
        self.roles = find_roles(sheet, columns)
        self.named = llms
        self.long, self.guessed, self.plain = None, False, {}
        self._prompts()

    # --- prompts

    def _prompts(self):
        """Give each row the number of its prompt; rows of one id, or else one text, are one."""
        roles, sheet = self.roles, self.sheet
        if "prompt" not in roles and "prompt_id" not in roles:
            raise ValueError(
                f"{sheet.name} must have a column for the prompts, such as 'prompt'; it has "
                f"{', '.join(sheet.header)}. Say columns={{'prompt': ...}}"
            )
        text = sheet.texts(roles["prompt"]) if "prompt" in roles else None
        task = sheet.texts(roles["task"]) if "task" in roles else None
        key = sheet.texts(roles["prompt_id"]) if "prompt_id" in roles else None
        parts = [key] if key else [text] + ([task] if task else [])
        codes = parts[0][0] if len(parts) == 1 else parts[0][0] * len(task[1]) + task[0]
        self.prompt, found = pd.factorize(codes)
        self.n_prompts = len(found)
        self.first = np.zeros(self.n_prompts, int)
        self.first[self.prompt[::-1]] = np.arange(len(codes))[::-1]
        for what, cells in (("prompt", text), ("task", task)):
            if key and cells:
                self._same(what, cells)
        self.cells = {"prompt": text, "task": task, "prompt_id": key}

    def _same(self, what, cells):
        """Refuse another text, or task, for a prompt that a row before has already."""
        other = cells[0] != cells[0][self.first[self.prompt]]
        if other.any():
            row = int(other.argmax())
            before = self.first[self.prompt[row]]
            raise self.sheet.error(
                f"got {cells[1][cells[0][row]][:60]!r}, but {self.sheet.where(before)}, has "
                f"{cells[1][cells[0][before]][:60]!r} for the same "
                f"{self.sheet.header[self.roles['prompt_id']]!r}",
                row,
                self.roles[what],
            )

    def prompts(self):
        """Return texts, ids and tasks of the prompts."""
        taken = {
            what: [cells[1][code] for code in cells[0][self.first]]
            for what, cells in self.cells.items()
            if cells
        }
        numbered = [str(i) for i in range(self.n_prompts)]
        ids = taken.get("prompt_id", numbered)
        if "prompt" not in taken:
            self.notes.append("no texts of prompts; their ids stand for them")
        return {
            "prompts": self._said(taken.get("prompt", ids)),
            "prompt_ids": ids,
            "tasks": taken.get("task", ["all"] * self.n_prompts),
        }

    def _said(self, texts):
        """Return the texts; of a chat, a list of messages, what the encoder will take of it."""
        chats = {i: chat for i, text in enumerate(texts) if (chat := _chat_of(text))}
        if chats:
            self.notes.append(
                f"{len(chats)} of {len(texts)} prompts are chats; "
                "the last message of the user stands for each"
            )
            texts = [chats.get(i, text) for i, text in enumerate(texts)]
        return texts

    # --- losses

    def losses(self):
        """Return the table of losses, in whichever form it comes."""
        roles = self.roles
        if self.named is None and {"llm_a", "llm_b", "winner"} <= set(roles):
            return self._from_battles()
        if self.named is None and "llm" in roles and ("score" in roles or "loss" in roles):
            return self._from_long()
        return self._from_wide()

    def _say_form(self, form):
        roles, header = self.roles, self.sheet.header
        named = [
            f"{word} in {header[roles[role]]!r}"
            for role, word in (("prompt", "prompts"), ("prompt_id", "ids"), ("task", "tasks"))
            if role in roles
        ]
        self.notes.append(", ".join([form, *named]))

    def _say_left_out(self, used):
        left = [name for column, name in enumerate(self.sheet.header) if column not in used]
        if left:
            self.notes.append("not looked at: " + ", ".join(map(repr, left)))

    def _from_long(self):
        roles, header = self.roles, self.sheet.header
        if "score" in roles and "loss" in roles:
            if ("score" in self.given) == ("loss" in self.given):
                raise ValueError(
                    f"{self.sheet.name} has scores in {header[roles['score']]!r} and losses in "
                    f"{header[roles['loss']]!r}; say which in columns"
                )
            del roles["loss" if "score" in self.given else "score"]
        self.llm, self.llms = self._llm_texts(roles["llm"])
        self.llm, self.llms = self._with_efforts(self.sheet, roles, self.llm, self.llms)
        what = "score" if "score" in roles else "loss"
        self._say_form("a row for each answer")
        named = f"{what} in {header[roles[what]]!r}"
        where = f"LLMs in {header[roles['llm']]!r}"
        if "effort" in roles:
            where += f" and {header[roles['effort']]!r}, as in {self.llms[0]!r}"
        self.notes[-1] += f", {where}, {named}"
        losses = self._scaled([roles[what]], what)[:, 0]
        self.long = self.prompt * len(self.llms) + self.llm
        self._say_left_out(set(roles.values()))
        return self._mean(losses, "answers")

    def _llm_texts(self, column):
        codes, names = self.sheet.texts(column)
        raw = {str(name) for name in pd.unique(self.sheet.frame[column])}
        if padded := sorted(name for name in raw if name != name.strip()):
            self.notes.append(f"spaces around names of LLMs cut off: {padded[0]!r}")
        self._say_alike(names)
        return codes, names

    def _with_efforts(self, sheet, roles, codes, names):
        """Return codes and names of LLMs, each effort of one being an LLM of its own."""
        if "effort" not in roles:
            return codes, names
        of, efforts = sheet.texts(roles["effort"], needed=False)
        codes, found = pd.factorize(codes * (len(efforts) + 1) + of + 1)
        pairs = [divmod(pair, len(efforts) + 1) for pair in found]
        joined = [names[i] + (f":{efforts[k - 1]}" if k else "") for i, k in pairs]
        if again := sorted({name for name in joined if joined.count(name) > 1}):
            raise ValueError(f"{sheet.name} names {again[0]!r} with its effort and without")
        self.plain |= {name: names[i] for name, (i, _) in zip(joined, pairs, strict=True)}
        return codes, joined

    def _say_alike(self, names):
        seen = {}
        for name in names:
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                self.notes.append(f"two LLMs by case alone: {other!r}, {name!r}")

    def _mean(self, values, of):
        """Average what is there for each prompt and LLM; NaN where nothing is."""
        n_cells = self.n_prompts * len(self.llms)
        seen = ~np.isnan(values)
        counts = np.bincount(self.long[seen], minlength=n_cells)
        sums = np.bincount(self.long[seen], weights=values[seen], minlength=n_cells)
        if of and (repeated := int((counts > 1).sum())):
            self.notes.append(f"repeated {of} averaged: {repeated} of prompt and LLM")
        means = np.divide(sums, counts, out=np.full(n_cells, np.nan), where=counts > 0)
        return means.reshape(self.n_prompts, len(self.llms))

    def _from_wide(self):
        header = self.sheet.header
        columns, priced = self._llm_columns()
        if not columns:
            raise ValueError(
                f"{self.sheet.name} must have {FORMS}; it has {', '.join(header)}. Say columns=, "
                f"or llms="
            )
        self.llms = [header[column] for column in columns]
        self._say_alike(self.llms)
        self._say_form("a row for each prompt")
        shown = ", ".join(map(repr, self.llms[:6])) + (", ..." if len(columns) > 6 else "")
        self.notes[-1] += f", {len(columns)} column{'s' * (len(columns) > 1)} of LLMs: {shown}"
        values = self._scaled(columns, "loss" if self.better == "low" else "score")
        base = [self.roles[role] for role in ("prompt", "prompt_id", "task") if role in self.roles]
        self._say_left_out({*base, *columns, *priced.values()})
        self.priced = priced
        rows = self.prompt[:, None] * len(columns) + np.arange(len(columns))
        self.long = rows.ravel()
        return self._mean(values.ravel(), "answers")

    def _llm_columns(self):
        """Return columns that are LLMs, and {LLM: column of its costs}."""
        header = self.sheet.header
        if self.named is not None:
            if unknown := [name for name in self.named if name not in header]:
                raise ValueError(f"llms must be columns of {self.sheet.name}; got {unknown[0]!r}")
            columns = [header.index(name) for name in self.named]
        else:
            roles = {*self.roles.values()}
            columns = [c for c in range(len(header)) if c not in roles and self._may_be_llm(c)]
            self.guessed = True
        priced = {}
        for column, name in enumerate(header):
            if llm := _costs_of(name):
                if llm in header:
                    priced[llm] = column
        return [c for c in columns if c not in priced.values()], priced

    def _may_be_llm(self, column):
        name = _plain(self.sheet.header[column])
        if not name or name in COUNTERS or name.startswith("unnamed") or MEASURED.search(name):
            return False
        return self.sheet.share_of_numbers(column) >= 0.5 and not self.sheet.counts_rows(column)

    def _scaled(self, columns, what):
        """Return the losses that columns of scores or losses stand for, by the scale."""
        better = self.better or ("high" if what == "score" else "low")
        words = True if better == "high" else "switch"
        values = np.stack([self.sheet.numbers(c, words) for c in columns], axis=1)
        if words := sorted(self.sheet.words):
            self.notes.append(f"words for right and wrong: {', '.join(map(repr, words[:8]))}")
        if np.isnan(values).all():
            raise ValueError(f"{self.sheet.name} has no {what} at all")
        worst, best = self._scale(values, columns, what)
        self.notes.append(f"{MANY[what]} from {worst:g} to {best:g}, {better} is good" + self.guess)
        share = (values - worst) / (best - worst)
        return 1 - share if better == "high" else share

    def _scale(self, values, columns, what):
        """Return the ends of the scale; guess them where they are not stated, and say so."""
        self.guess = ""
        if self.scale is not None:
            low, high = _ends(self.scale)
        else:
            self._check_guess(values, columns, what)
            low, high = self._guessed(values, columns, what)
        if self.sheet.percent and (low, high) != (0, 1):
            raise ValueError(
                f"{self.sheet.name} must not have both {MANY[what]} with percent signs, read as "
                f"from 0 to 1, and a scale from {low:g} to {high:g}"
            )
        out = (values < low) | (values > high)
        if out.any():
            row, k = np.argwhere(out)[0]
            other = ", or llms= (--llms) if it is no LLM" if self.guessed else ""
            raise self.sheet.error(
                f"expected a {what} from {low:g} to {high:g}; got {values[row, k]:g}. Say scale= "
                f"(--scale){other}",
                row,
                columns[k],
            )
        return low, high

    def _check_guess(self, values, columns, what):
        """Refuse columns, taken for LLMs, of which some keep to a scale and others leave it."""
        if not self.guessed or self.sheet.percent:  # of which more is said later
            return
        least, most = np.fmin.reduce(values, 0, initial=1), np.fmax.reduce(values, 0, initial=0)
        kept = (least >= 0) & (most <= 1) & (least < 1)  # a judge's marks from 1 may all be 1
        top = 1 if kept.any() else 100
        kept = (least >= 0) & (most <= top)
        if kept.all() or not kept.any():
            return
        names, others = ([self.llms[k] for k in np.flatnonzero(one)] for one in (kept, ~kept))
        k = int(np.argmin(kept))
        row = int(((values[:, k] < 0) | (values[:, k] > top)).argmax())
        raise self.sheet.error(
            f"expected a {what} from 0 to {top}, as in {', '.join(map(repr, names[:3]))}; got "
            f"{values[row, k]:g}. Leave out what is no LLM ({', '.join(map(repr, others))}) by "
            f"llms={names} (--llms {shlex.join(names)}), or say scale= (--scale)",
            row,
            columns[k],
        )

    def _guessed(self, values, columns, what):
        low, high = np.nanmin(values), np.nanmax(values)
        if low >= 0 and high <= 1:
            return 0.0, 1.0
        if what == "loss" and self.better is None:
            row, k = np.argwhere((values > 1) | (values < 0))[0]
            raise self.sheet.error(
                f"expected a loss from 0 to 1; got {values[row, k]:g}. If these are scores, say "
                f"better='high'; if they are losses, say better='low', and scale=",
                row,
                columns[k],
            )
        for top in (5, 10, 100):
            if low >= 0 and high <= top:
                self.guess = " (the scale is a guess; say scale)"
                return (1.0 if low >= 1 and top < 100 else 0.0), float(top)
        return 0.0, 1.0  # which the first number outside is told of

    # --- battles

    def _from_battles(self):
        sheet, roles = self.sheet, self.roles
        ends = [self._llm_texts(roles[role]) for role in ("llm_a", "llm_b")]
        self.llms = list(dict.fromkeys([*ends[0][1], *ends[1][1]]))
        place = {llm: i for i, llm in enumerate(self.llms)}
        first, second = (np.array([place[n] for n in names])[codes] for codes, names in ends)
        if (first == second).any():
            row = int((first == second).argmax())
            raise sheet.error(f"{self.llms[first[row]]!r} against itself", row, roles["llm_b"])
        outcome = self._outcomes(first, second)
        told = ~np.isnan(outcome)
        if not told.any():
            raise ValueError(f"{sheet.name} has no winner at all")
        self._say_form(f"a row for each battle of two of {len(self.llms)} LLMs")
        self.notes.append(
            f"battles as losses by ratings of Bradley and Terry: they tell which is better, not "
            f"which is right; {100 * np.mean(outcome[told] == 0.5):.0f} % ties"
        )
        self._say_left_out(set(roles.values()))
        values = battle_losses(first[told], second[told], outcome[told], self.llms)
        rows = self.prompt[told] * len(self.llms)
        self.long = np.concatenate([rows + first[told], rows + second[told]])
        return self._mean(values.ravel(), "battles")

    def _outcomes(self, first, second):
        """Return 1 where the first LLM won, 0 where the second did, 0.5 for ties."""
        codes, words = self.sheet.texts(self.roles["winner"], needed=False)
        low = [word.casefold() for word in words]
        named = {llm: i for i, llm in enumerate(self.llms)}
        fixed = dict.fromkeys(TIES, 0.5) | dict.fromkeys(("model_a", "llm_a", "a", "1", "left"), 1)
        fixed |= dict.fromkeys(("model_b", "llm_b", "b", "2", "right"), 0)
        by_name = np.array([named.get(word, -1) for word in words] + [-1])[codes]
        known = np.array([fixed.get(word, np.nan) for word in low] + [np.nan])[codes]
        outcome = np.where(by_name == first, 1, np.where(by_name == second, 0, known))
        bad = np.isnan(outcome) & (codes >= 0)
        if bad.any():
            row = int(bad.argmax())
            raise self.sheet.error(
                f"expected 'model_a', 'model_b', 'tie' or one of the two LLMs; got "
                f"{words[codes[row]]!r}",
                row,
                self.roles["winner"],
            )
        return outcome

    # --- costs

    def costs(self, given, decimal):
        """Return costs of LLMs, or of answers, from a second table, the table itself, or NaN."""
        if isinstance(given, dict):
            return self._from_dict(given)
        if given is not None:
            return self._from_sheet(open_sheet(given, decimal, lambda name: _is_text(name, {})))
        if getattr(self, "priced", None):
            return self._from_columns()
        if "cost" in self.roles and "llm" in self.roles:
            column = self.roles["cost"]
            self._say_costs("a cost for each answer", self.sheet, column)
            return self._mean(self.sheet.numbers(column, words=False, low=0), None)
        what = "no costs" + (", only tokens: give prices" if "input_tokens" in self.roles else "")
        self.notes.append(f"{what}; they are unknown (give costs)")
        return np.full(len(self.llms), np.nan)

    def _say_costs(self, what, sheet, column):
        name = sheet.header[column]
        self.unit_said = self.unit_said or next(
            (unit for word, unit in (("usd", "USD"), ("eur", "EUR"), ("cent", "cents"))
             if word in name.casefold()), None,
        )  # fmt: skip
        self.notes.append(f"{what}, from {sheet.where(column=column)}")

    def say_unit(self, unit):
        """Settle the unit of costs."""
        self.unit = unit or self.unit_said or "USD"
        if not unit and not self.unit_said and not self.notes[-1].startswith("no costs"):
            self.notes.append(f"unit of costs: {self.unit} (a guess; say cost_unit)")

    def say_free(self, costs):
        """Say which LLMs cost nothing, or an unknown sum: neither is the other."""
        costs = np.atleast_2d(costs)
        for found, what in (
            ((costs == 0).all(axis=0), "nothing: if its costs are not known, leave them out"),
            (np.isnan(costs).all(axis=0), "an unknown sum"),
        ):
            if found.any() and not (found.all() and np.isnan(costs).all()):
                llms = ", ".join(
                    repr(llm) for llm, one in zip(self.llms, found, strict=True) if one
                )
                self.notes.append(f"costs of {llms}: {what}")

    def _all_llms(self, known, name):
        """Order costs, or prices, by the table's LLMs; without its effort each must be there."""
        plain = {llm: self.plain.get(llm) for llm in self.llms if llm not in known}
        known = {**known, **{llm: known[one] for llm, one in plain.items() if one in known}}
        if missing := [llm for llm in self.llms if llm not in known]:
            raise ValueError(
                f"{name} must name every LLM; got none for {', '.join(map(repr, missing[:5]))}"
            )
        if extra := [llm for llm in known if llm not in (*self.llms, *plain.values())]:
            self.notes.append("costs of others left out: " + ", ".join(map(repr, extra[:5])))
        try:
            return np.array([known[llm] for llm in self.llms], float)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{name} must hold a number, or two prices, for every LLM; {error}"
            ) from error

    def _from_dict(self, given):
        values = self._all_llms(given, "costs")
        if values.ndim == 2:
            return self._from_tokens(values, 1e6)
        self.notes.append("one cost for each LLM, from the costs given")
        return values

    def _from_columns(self):
        values = np.full((len(self.prompt), len(self.llms)), np.nan)
        for k, llm in enumerate(self.llms):
            if llm in self.priced:
                column = self.priced[llm]
                values[:, k] = self.sheet.numbers(column, words=False, low=0)
        self._say_costs("a cost for each answer", self.sheet, column)
        return self._mean(values.ravel(), None)

    def _from_sheet(self, sheet):
        """Read the second table, in whichever form it comes."""
        roles = find_roles(sheet, {})
        if "llm" not in roles:
            return self._wide_costs(sheet, roles)
        codes, names = self._with_efforts(sheet, roles, *sheet.texts(roles["llm"]))
        if {"input_price", "output_price"} <= set(roles):
            return self._prices(sheet, roles, codes, names)
        if "cost" not in roles:
            raise ValueError(
                f"{sheet.name} must have a column 'cost', or 'input_price' and 'output_price'; it "
                f"has {', '.join(sheet.header)}"
            )
        values = sheet.numbers(roles["cost"], words=False, low=0)
        if "prompt_id" in roles or "prompt" in roles:
            return self._by_prompt(sheet, roles, codes, names, values[:, None])
        self._once(sheet, roles["llm"], codes)
        self._say_costs("one cost for each LLM", sheet, roles["cost"])
        return self._all_llms(dict(zip(names, values[_firsts(codes)], strict=True)), sheet.name)

    def _once(self, sheet, column, codes):
        again = pd.Series(codes).duplicated().to_numpy()
        if again.any():
            raise sheet.error("expected each LLM once", int(again.argmax()), column)

    def _prices(self, sheet, roles, codes, names):
        self._once(sheet, roles["llm"], codes)
        both = [
            sheet.numbers(roles[f"{end}_price"], words=False, low=0) for end in ("input", "output")
        ]
        prices = np.stack(both, axis=1)[_firsts(codes)]
        name = sheet.header[roles["input_price"]].casefold()
        per = 1 if "per_token" in name else 1e6
        self._say_costs("tokens times prices", sheet, roles["input_price"])
        values = self._all_llms(dict(zip(names, prices, strict=True)), sheet.name)
        return self._from_tokens(values, per)

    def _from_tokens(self, prices, per):
        if not {"input_tokens", "output_tokens", "llm"} <= set(self.roles):
            raise ValueError(
                f"{self.sheet.name} must have columns of tokens, such as 'input_tokens' and "
                f"'output_tokens', for prices to be of use"
            )
        if np.isnan(prices).any():
            llm = self.llms[int(np.isnan(prices).any(axis=1).argmax())]
            raise ValueError(f"prices must be known; got none for {llm!r}")
        tokens = [
            self._mean(self.sheet.numbers(self.roles[role], words=False, low=0), None)
            for role in ("input_tokens", "output_tokens")
        ]
        self.notes.append(f"prices of {per:,.0f} tokens")
        return token_costs(*tokens, prices, per)

    def _wide_costs(self, sheet, roles):
        names = {name: column for column, name in enumerate(sheet.header)}
        columns = [int(c) for c in self._all_llms_columns(names, sheet)]
        values = np.stack([sheet.numbers(c, words=False, low=0) for c in columns], axis=1)
        if "prompt" not in roles and "prompt_id" not in roles:
            if len(values) > 1:
                raise ValueError(f"{sheet.name} must have one row, or a column for the prompts")
            self._say_costs("one cost for each LLM", sheet, columns[0])
            return values[0]
        codes = np.tile(np.arange(len(self.llms)), (len(values), 1))
        return self._by_prompt(sheet, roles, codes, self.llms, values)

    def _all_llms_columns(self, names, sheet):
        if missing := [llm for llm in self.llms if llm not in names]:
            raise ValueError(
                f"{sheet.name} must have columns 'llm' and 'cost', or one for each LLM; it has none"
                f" for {missing[0]!r}"
            )
        return [names[llm] for llm in self.llms]

    def _by_prompt(self, sheet, roles, codes, names, values):
        """Average costs of answers, matched by the id of the prompt or else by its text."""
        what = "prompt_id" if self.cells["prompt_id"] and "prompt_id" in roles else "prompt"
        if what not in roles or not self.cells[what]:
            raise ValueError(f"{sheet.name} must tell prompts apart as {self.sheet.name} does")
        own, texts = self.cells[what]
        number = dict(
            zip((texts[code] for code in own[self.first]), range(self.n_prompts), strict=True)
        )
        found, there = sheet.texts(roles[what])
        prompt = np.array([number.get(text, -1) for text in there])[found]
        place = np.array([self.llms.index(n) if n in self.llms else -1 for n in names])[codes]
        place = place.reshape(values.shape)
        rows = np.broadcast_to(prompt[:, None], values.shape)
        kept = (rows >= 0) & (place >= 0)
        self.long = (rows * len(self.llms) + place)[kept]
        self._say_costs("a cost for each answer", sheet, roles.get("cost", roles[what]))
        if not kept.all():
            self.notes.append(f"costs of {int((~kept).sum())} other answers left out")
        return self._mean(values[kept], None)


def _ends(scale):
    """Return the two ends of a scale as numbers."""
    try:
        low, high = (float(end) for end in scale)
    except (TypeError, ValueError):
        low = high = np.nan
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"scale must be two numbers, the lower first; got {scale}")
    return low, high


def _firsts(codes):
    """Return the first row of each code."""
    return np.unique(codes, return_index=True)[1]


def _costs_of(name):
    """Return the LLM whose costs a column's name speaks of, or None."""
    word = r"(?:total[ _])?costs?(?:[ _](?:usd|eur|cents))?"
    after = re.fullmatch(rf"(.+?)[\s:_|./-]+{word}", name, re.IGNORECASE)
    before = re.fullmatch(rf"{word}[\s:_|./-]+(.+)", name, re.IGNORECASE)
    return (after or before)[1] if after or before else None

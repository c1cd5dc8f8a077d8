"""The prompts of the pocket pool against independent solvers that read only their text."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uniroute_lab.pocket import FAMILIES, LEVELS, MIXTURES, SKILLS, make_prompts
from uniroute_lab.pocket.build import evaluation_prompts
from uniroute_lab.pocket.tasks import ANIMALS, COUNTRIES, KINDS, OPPOSITES
from uniroute_lab.pocket.tokens import END, N_TOKENS, STOP, decode, encode, vocabulary

PROMPTS = make_prompts(6000, "tests")
DAYS = [f"{datetime(2024, 1, day):%A}" for day in range(1, 8)]  # 1 January 2024 was a Monday
MONTHS = [f"{datetime(2023, month, 1):%B}" for month in range(1, 13)]
FACTORS = {
    ("days", "weeks"): 7,
    ("millimetres", "centimetres"): 10,
    ("pints", "gallons"): 8,
    ("feet", "yards"): 3,
    ("months", "years"): 12,
    ("inches", "feet"): 12,
    ("hours", "days"): 24,
    ("minutes", "hours"): 60,
    ("seconds", "minutes"): 60,
    ("centimetres", "metres"): 100,
}


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def quoted(text):
    return re.findall(r'"(\w*)"', text)


def from_roman(text):
    value = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
    signs = [value[sign] for sign in text]
    return sum(-a if b > a else a for a, b in zip(signs, [*signs[1:], 0], strict=True))


def to_roman(number):
    """Look it up among all numbers: the shortest text of regular form with this value."""
    tens = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
    ones = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    return "C" * (number // 100) + tens[number // 10 % 10] + ones[number % 10]


def subtraction(text):
    a, b = numbers(text)
    return b - a if text.startswith(("Take", "Subtract")) else a - b


def comparison(text):
    return (max if re.search("large", text) else min)(numbers(text))


def sequence(text):
    a, b, c = numbers(text)
    assert b - a == c - b
    return c + (c - b)


def roman(text):
    if numbers(text):
        return to_roman(numbers(text)[0])
    return from_roman(re.findall(r"\b[IVXLC]+\b", text)[0])


def count_letters(text):
    letter, word = sorted(quoted(text), key=len)
    return len(word) - len(word.replace(letter, ""))


def nth_letter(text):
    (word,) = quoted(text)
    place = re.search("first|second|third|fourth|fifth|sixth|last", text)[0]
    return word[
        {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "last": -1}[
            place
        ]
    ]


def shifted(names, text, steps):
    start = next(i for i, name in enumerate(names) if name in text)
    return names[(start + (-steps if "before" in text else steps)) % len(names)]


def weekday(text):
    return shifted(DAYS, text, (numbers(text) or [1])[0])


def month(text):
    if "common year" in text:
        first = datetime.strptime(f"2023 {text.split()[4]}", "%Y %B")
        return ((first.replace(day=28) + timedelta(days=4)).replace(day=1) - first).days
    return shifted(MONTHS, text, (numbers(text) or [1])[0])


def clock(text):
    hour, minute = map(int, re.search(r"(\d+):(\d\d)", text).groups())
    wait, unit = re.search(r"(\d+) (hours|minutes)", text).groups()
    end = datetime(2024, 1, 1, hour, minute) + timedelta(**{unit: int(wait)})
    return f"{end.hour % 12}:{end.minute:02d}"


def factor(text):
    large = re.search(r"\d (?!minus)(\w+)", text)[1]
    return next(f for (a, b), f in FACTORS.items() if b == large and a in text)


def units(text):
    values = numbers(text)
    return values[0] * factor(text) + (values[1] if len(values) > 1 else 0)


def analogy(text):
    words = [word for word in re.findall(r"\w+", text)]
    known = OPPOSITES | {k: v for table in (ANIMALS, COUNTRIES) for k, v in table.items()}
    subjects = [word for word in words if word in known]
    if isinstance(known[subjects[0]], str):
        b = known[subjects[0]]
        assert b in words
        return known[[word for word in subjects if word != b][-1]]
    column = next(i for i, word in enumerate(known[subjects[0]]) if word in words)
    return known[subjects[-1]][column]


def odd_one_out(text):
    words = re.search(r": (.*)[?.]", text)[1].split(", ")
    kind_of = {word: kind for kind, members in KINDS.items() for word in members}
    named = re.search(rf"an? ({'|'.join(KINDS)})|no ({'|'.join(KINDS)})", text.split(":")[0])
    if named:
        return next(word for word in words if kind_of[word] != (named[1] or named[2]))
    return next(word for word in words if Counter(map(kind_of.get, words))[kind_of[word]] == 1)


def logic(text):
    formula = re.search(r"(?:\(|not|true|false)[()a-z> \d]*(?:true|false|\d|\))", text)[0]
    return str(bool(eval(formula.replace("true", "True").replace("false", "False")))).lower()


def code(text):
    program = re.search(r"n = .*?;.*(?=print|What is n)", text)[0]
    scope = {}
    exec(program, scope)
    return scope["n"]


SOLVERS = {
    "addition": lambda text: sum(numbers(text)),
    "subtraction": subtraction,
    "multiplication": lambda text: numbers(text)[0] * numbers(text)[1],
    "comparison": comparison,
    "sequence": sequence,
    "roman": roman,
    "count letters": count_letters,
    "backwards": lambda text: "".join(reversed(quoted(text)[0])),
    "sort letters": lambda text: "".join(sorted(quoted(text)[0])),
    "nth letter": nth_letter,
    "weekday": weekday,
    "month": month,
    "clock": clock,
    "units": units,
    "analogy": analogy,
    "odd one out": odd_one_out,
    "logic": logic,
    "code": code,
}


def larger_product(text):
    a, b, c = numbers(text)
    return (max if "larger" in text else min)(a * b, c)


def units_of_difference(text):
    a, b = numbers(text)
    return (a - b) * factor(text)


MIXED_SOLVERS = {
    ("roman", "addition"): lambda text: to_roman(sum(numbers(text))),
    ("comparison", "multiplication"): larger_product,
    ("backwards", "weekday"): lambda text: weekday(text)[::-1],
    ("nth letter", "month"): lambda text: nth_letter(f'{text} "{month(text)}"'),
    ("month", "addition"): lambda text: shifted(MONTHS, text, sum(numbers(text))),
    ("units", "subtraction"): units_of_difference,
    ("code", "multiplication"): code,
    ("logic", "comparison"): logic,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_of_a_family(family):
    of_family = [p for p in PROMPTS if p.family == family and not p.second_family]
    assert len(of_family) > 200
    for prompt in of_family:
        assert str(SOLVERS[family](prompt.text)) == prompt.answer, prompt


@pytest.mark.parametrize("pair", MIXTURES, ids=" + ".join)
def test_answers_of_a_mixture(pair):
    of_pair = [p for p in PROMPTS if (p.family, p.second_family) == pair]
    assert len(of_pair) > 40
    for prompt in of_pair:
        assert str(MIXED_SOLVERS[pair](prompt.text)) == prompt.answer, prompt


def test_the_same_seed_makes_the_same_prompts():
    assert make_prompts(50, seed=1) == make_prompts(50, seed=1)
    assert make_prompts(50, seed=1) != make_prompts(50, seed=2)
    assert make_prompts(30, seed=1) == make_prompts(50, seed=1)[:30]


def test_there_are_enough_families_templates_levels_and_mixtures():
    assert len(FAMILIES) >= 14
    for family in FAMILIES:
        texts = [p.text for p in PROMPTS if p.family == family and not p.second_family]
        assert len({re.split(r"[\d\"(:]", text)[0] for text in texts}) >= 3
    levels = Counter((p.family, p.level) for p in PROMPTS)
    assert set(levels) == {(family, level) for family in FAMILIES for level in LEVELS}
    mixed = sum(bool(p.second_family) for p in PROMPTS) / len(PROMPTS)
    assert abs(mixed - 0.12) < 0.02


def test_higher_levels_have_larger_operands():
    size = defaultdict(list)
    for prompt in PROMPTS:
        if not prompt.second_family:
            operands = numbers(prompt.text)
            longest = max(map(len, quoted(prompt.text)), default=0)
            size[prompt.family, prompt.level].append(sum(operands) + longest + len(prompt.text))
    for family in FAMILIES.keys() - {"analogy"}:  # there the relation changes
        low, high = (sum(size[family, n]) / len(size[family, n]) for n in (1, 4))
        assert high > low, family


@pytest.mark.parametrize("skills", SKILLS)
def test_prompts_of_some_families_only(skills):
    prompts = make_prompts(300, 0, SKILLS[skills])
    assert {p.family for p in prompts} | {p.second_family for p in prompts} <= {*SKILLS[skills], ""}
    assert {p.family for p in prompts} == set(SKILLS[skills])


def test_skills_share_out_the_families():
    parts = [
        family for skills, families in SKILLS.items() if skills != "all" for family in families
    ]
    assert sorted(parts) == sorted(FAMILIES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "n_prompts must be an integer of at least 1; got 0"),
        ((5, 1, ["cooking"]), "families must be some of addition, .*; got .'cooking',"),
        ((5, 1, []), "families must be some of"),
        ((5, 1, None, 1.5), "mixed_share must be a number from 0 to 1; got 1.5"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_prompts(*arguments)


def test_evaluation_prompts_are_distinct_and_nested():
    prompts = evaluation_prompts(2000)
    assert len({p.text for p in prompts}) == 2000
    assert evaluation_prompts(10) == prompts[:10]
    assert max(Counter(p.family for p in prompts).values()) < 2000 / len(FAMILIES) * 2


def test_tokens_go_there_and_back():
    for prompt in PROMPTS:
        assert decode(encode(prompt.text)) == prompt.text
        assert decode([*encode(prompt.answer), END, *encode("more")]) == prompt.answer
    assert len(set(vocabulary())) == len(vocabulary()) == N_TOKENS
    assert decode([STOP, *encode("7")]) == "7"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_any_ascii_text_goes_there_and_back(text):
    assert decode(encode(text)) == text


def test_digits_roman_numerals_and_quoted_letters_are_spelled():
    assert [len(encode(text)) for text in ("123", "XLII", '"spell"', "Spell ")] == [3, 4, 7, 1]
    with pytest.raises(ValueError, match="text must be of ASCII characters; got 'é'"):
        encode("café")

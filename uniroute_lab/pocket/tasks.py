"""Prompts with one right answer each: eighteen task families, four levels, any number of them."""

from dataclasses import dataclass
from random import Random

from uniroute.checks import check_positive_integer, check_scalar

__all__ = ["FAMILIES", "LEVELS", "MIXTURES", "TaskPrompt", "make_prompts"]

LEVELS = (1, 2, 3, 4)
LETTERS = "aeilmnorst"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"))
OPPOSITES = dict(
    pair.split("-")
    for pair in "hot-cold big-small up-down left-right old-new fast-slow open-closed wet-dry "
    "light-dark full-empty early-late rich-poor".split()
)
ANIMALS = {  # young, home, sound
    "dog": ("puppy", "kennel", "bark"),
    "cat": ("kitten", "basket", "meow"),
    "cow": ("calf", "barn", "moo"),
    "horse": ("foal", "stable", "neigh"),
    "pig": ("piglet", "sty", "oink"),
    "sheep": ("lamb", "fold", "baa"),
    "hen": ("chick", "coop", "cluck"),
    "bear": ("cub", "den", "growl"),
}
COUNTRIES = {  # capital, language
    "France": ("Paris", "French"),
    "Spain": ("Madrid", "Spanish"),
    "Italy": ("Rome", "Italian"),
    "Greece": ("Athens", "Greek"),
    "Japan": ("Tokyo", "Japanese"),
    "Poland": ("Warsaw", "Polish"),
    "Norway": ("Oslo", "Norwegian"),
    "Finland": ("Helsinki", "Finnish"),
}
KINDS = {
    "fruit": "apple pear plum cherry grape lemon mango peach".split(),
    "animal": "tiger zebra otter eagle whale mouse camel goose".split(),
    "tool": "hammer saw drill wrench chisel pliers file spade".split(),
    "colour": "red green blue yellow purple brown pink grey".split(),
    "metal": "iron copper gold silver lead tin zinc nickel".split(),
    "drink": "tea coffee milk juice water cocoa soda cider".split(),
}
UNITS = {  # those of level 1, and those of the other levels
    1: (
        ("days", "weeks", 7),
        ("millimetres", "centimetres", 10),
        ("pints", "gallons", 8),
        ("feet", "yards", 3),
    ),
    2: (
        ("months", "years", 12),
        ("inches", "feet", 12),
        ("hours", "days", 24),
        ("minutes", "hours", 60),
        ("seconds", "minutes", 60),
        ("centimetres", "metres", 100),
    ),
}


@dataclass(frozen=True)
class TaskPrompt:
    """One prompt and its right answer.

    Parameters
    ----------
    text : str
        What the LLM is asked.
    answer : str
        The only answer that counts as right.
    family : str
        Task family, one of `FAMILIES`.
    second_family : str
        The family that a prompt of two families needs besides; otherwise empty.
    level : int
        Difficulty within the family, 1 (easy) to 4 (hard).

    Examples
    --------
    >>> from uniroute_lab.pocket import TaskPrompt
    >>> TaskPrompt("What is 2 + 3?", "5", "addition", "", 1).answer
    '5'
    """

    text: str
    answer: str
    family: str
    second_family: str
    level: int


def make_prompts(n_prompts, seed, families=None, mixed_share=0.12):
    """Make prompts at random, all families and levels equally often.

    Parameters
    ----------
    n_prompts : int
        How many.
    seed : int or str
        Same seed, same prompts.
    families : sequence of str, optional
        Which families; all if not given.
    mixed_share : float, default 0.12
        Chance that a prompt mixes two of these families, if there are mixtures of them.

    Returns
    -------
    list of TaskPrompt
        In random order; a text may occur twice.

    Raises
    ------
    ValueError
        If `n_prompts` is not a positive integer, `families` is empty or names an unknown one, or
        `mixed_share` is not in [0, 1].

    Notes
    -----
    Chapter 8.

    Examples
    --------
    >>> from uniroute_lab.pocket import make_prompts
    >>> for prompt in make_prompts(3, seed=1, families=["weekday"]):
    ...     print(prompt.text, prompt.answer)
    What day is it 10 days before Monday? Friday
    Which day comes after Saturday? Sunday
    Name the weekday 8 days before Thursday. Wednesday
    """
    check_positive_integer("n_prompts", n_prompts)
    families = tuple(FAMILIES if families is None else families)
    if not families or not set(families) <= set(FAMILIES):
        raise ValueError(f"families must be some of {', '.join(FAMILIES)}; got {families}")
    mixed_share = check_scalar("mixed_share", mixed_share, 0, 1)
    mixtures = [pair for pair in MIXTURES if set(pair) <= set(families)]
    rng = Random(f"{seed} {mixed_share} {' '.join(families)}")
    return [_one(rng, families, mixtures, mixed_share) for _ in range(n_prompts)]


def _one(rng, families, mixtures, mixed_share):
    level = rng.choice(LEVELS)
    if mixtures and rng.random() < mixed_share:
        family, second = pair = rng.choice(mixtures)
        text, answer = MIXTURES[pair](rng, level)
    else:
        family, second = rng.choice(families), ""
        text, answer = FAMILIES[family](rng, level)
    return TaskPrompt(text, str(answer), family, second, level)


def _fill(rng, templates, **fields):
    return rng.choice(templates).format(**fields)


def _number(rng, digits):
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def _letters(rng, length):
    return "".join(rng.choices(LETTERS, k=length))


# Numbers


def _addition(rng, level):
    first, second = {1: (9, 9), 2: (30, 9), 3: (50, 30), 4: (99, 99)}[level]
    a, b = rng.randint(0, first), rng.randint(0, second)
    templates = (
        "What is {a} + {b}?",
        "What is {a} plus {b}?",
        "Add {a} and {b}.",
        "Work out {a} + {b}.",
        "Find the sum of {a} and {b}.",
        "There are {a} birds and {b} more come. How many now?",
    )
    return _fill(rng, templates, a=a, b=b), a + b


def _subtraction(rng, level):
    first, second = {1: (9, 9), 2: (30, 9), 3: (50, 30), 4: (99, 99)}[level]
    a, b = rng.randint(0, first), rng.randint(0, second)
    a, b = max(a, b), min(a, b)
    templates = (
        "What is {a} - {b}?",
        "What is {a} minus {b}?",
        "Take {b} from {a}.",
        "Work out {a} - {b}.",
        "Subtract {b} from {a}.",
        "There are {a} birds and {b} fly away. How many now?",
    )
    return _fill(rng, templates, a=a, b=b), a - b


def _multiplication(rng, level):
    low, high = {1: (0, 5), 2: (2, 9), 3: (4, 12), 4: (11, 25)}[level]
    a, b = rng.randint(low, high), rng.randint(2, 9)
    templates = (
        "What is {a} * {b}?",
        "What is {a} times {b}?",
        "Multiply {a} by {b}.",
        "Work out {a} * {b}.",
        "Find the product of {a} and {b}.",
        "There are {a} boxes with {b} eggs each. How many eggs?",
    )
    return _fill(rng, templates, a=a, b=b), a * b


def _comparison(rng, level):
    digits = {1: 1, 2: 2, 3: 3, 4: 2}[level]
    values = rng.sample(range(10**digits // 10, 10**digits), 3 if level == 4 else 2)
    listed = ", ".join(map(str, values[:-1])) + f" or {values[-1]}"
    word, best = rng.choice(
        [("largest", max), ("smallest", min)] if level == 4 else [("larger", max), ("smaller", min)]
    )
    templates = (
        "Which is {word}, {listed}?",
        "Which number is {word}: {listed}?",
        "Pick the {word} of {listed}.",
        "Tell me the {word} number, {listed}.",
    )
    return _fill(rng, templates, word=word, listed=listed), best(values)


def _sequence(rng, level):
    step = rng.randint(*{1: (1, 2), 2: (2, 5), 3: (3, 9), 4: (2, 9)}[level])
    first = rng.randint(0, {1: 9, 2: 15, 3: 30, 4: 30}[level])
    terms = [first + i * step for i in range(4)]
    if level == 4:
        terms.reverse()
    listed = ", ".join(map(str, terms[:3]))
    templates = (
        "What comes next: {listed}?",
        "Which number follows {listed}?",
        "Continue: {listed}.",
        "Find the next term of {listed}.",
    )
    return _fill(rng, templates, listed=listed), terms[3]


def _to_roman(number):
    text = ""
    for value, sign in (*ROMAN, (1, "I")):
        text, number = text + sign * (number // value), number % value
    return text


def _roman(rng, level):
    number = rng.randint(*{1: (1, 10), 2: (11, 39), 3: (40, 99), 4: (100, 399)}[level])
    roman = _to_roman(number)
    if rng.random() < 0.5:
        templates = (
            "Write {number} as a Roman numeral.",
            "What is {number} in Roman numerals?",
            "How did the Romans write {number}?",
        )
        return _fill(rng, templates, number=number), roman
    templates = (
        "Which number is {roman}?",
        "What does the Roman numeral {roman} mean?",
        "Write {roman} in digits.",
    )
    return _fill(rng, templates, roman=roman), number


# Strings, always in quotation marks


def _count_letters(rng, level):
    text = _letters(rng, 2 * level + 1)
    letter = rng.choice(text) if rng.random() < 0.8 else rng.choice(LETTERS)
    templates = (
        'How many times does "{letter}" occur in "{text}"?',
        'Count the letter "{letter}" in "{text}".',
        'How often is "{letter}" in "{text}"?',
    )
    return _fill(rng, templates, letter=letter, text=text), text.count(letter)


def _backwards(rng, level):
    text = _letters(rng, level + 1)
    templates = (
        'Spell "{text}" backwards.',
        'Write "{text}" from right to left.',
        'Reverse the letters of "{text}".',
        'What is "{text}" read from the end?',
    )
    return _fill(rng, templates, text=text), text[::-1]


def _sort_letters(rng, level):
    text = _letters(rng, {1: 2, 2: 3, 3: 4, 4: 6}[level])
    templates = (
        'Sort the letters of "{text}".',
        'Put the letters of "{text}" in order.',
        'Write "{text}" with its letters in alphabetical order.',
        'Order "{text}" from a to z.',
    )
    return _fill(rng, templates, text=text), "".join(sorted(text))


def _nth_letter(rng, level):
    text = _letters(rng, level + 2)
    if level == 1:
        place, answer = rng.choice((("first", text[0]), ("last", text[-1])))
    else:
        i = rng.randrange(len(text))
        place, answer = ORDINALS[i], text[i]
    templates = (
        'What is the {place} letter of "{text}"?',
        'Give the {place} letter in "{text}".',
        'Which letter of "{text}" is the {place}?',
    )
    return _fill(rng, templates, place=place, text=text), answer


# Calendar, clock and units


def _steps(rng, level):
    return rng.randint(*{1: (1, 1), 2: (2, 3), 3: (4, 6), 4: (7, 14)}[level])


def _weekday(rng, level):
    i, steps = rng.randrange(7), _steps(rng, level)
    direction, sign = rng.choice((("after", 1), ("before", -1)))
    answer, day = WEEKDAYS[(i + sign * steps) % 7], WEEKDAYS[i]
    if level == 1:
        templates = (
            "Which day comes {direction} {day}?",
            "What is the day {direction} {day}?",
            "Name the day {direction} {day}.",
        )
    else:
        templates = (
            "Which day comes {steps} days {direction} {day}?",
            "What day is it {steps} days {direction} {day}?",
            "Name the weekday {steps} days {direction} {day}.",
        )
    return _fill(rng, templates, direction=direction, day=day, steps=steps), answer


def _month(rng, level):
    i, steps = rng.randrange(12), _steps(rng, level)
    direction, sign = rng.choice((("after", 1), ("before", -1)))
    answer, month = MONTHS[(i + sign * steps) % 12], MONTHS[i]
    if level == 1 and rng.random() < 0.3:
        return f"How many days has {month} in a common year?", DAYS[i]
    if level == 1:
        templates = (
            "Which month comes {direction} {month}?",
            "Name the month {direction} {month}.",
        )
    else:
        templates = (
            "Which month comes {steps} months {direction} {month}?",
            "What month is it {steps} months {direction} {month}?",
            "Name the month {steps} months {direction} {month}.",
        )
    return _fill(rng, templates, direction=direction, month=month, steps=steps), answer


def _clock(rng, level):
    hour = rng.randrange(12)
    minute = {1: 0, 2: 0, 3: 15 * rng.randrange(4), 4: 5 * rng.randrange(12)}[level]
    step = {1: 60, 2: 5, 3: 15, 4: 5}[level]
    wait = step * rng.randint(1, {1: 5, 2: 11, 3: 3, 4: 11}[level])
    end = (60 * hour + minute + wait) % 720
    waiting = f"{wait // 60} hours" if level == 1 else f"{wait} minutes"
    templates = (
        "What time is it {waiting} after {start}?",
        "It is {start}. What time is it in {waiting}?",
        "A train leaves at {start} and takes {waiting}. When does it arrive?",
    )
    start = f"{hour}:{minute:02d}"
    return _fill(rng, templates, waiting=waiting, start=start), f"{end // 60}:{end % 60:02d}"


def _units(rng, level):
    small, large, factor = rng.choice(UNITS[min(level, 2)])
    number = rng.randint(2, {1: 9, 2: 5, 3: 9, 4: 9}[level])
    templates = (
        "How many {small} are {number} {large}?",
        "Convert {number} {large} to {small}.",
        "Turn {number} {large} into {small}.",
    )
    if level < 4:
        fields = {"small": small, "large": large, "number": number}
        return _fill(rng, templates, **fields), number * factor
    extra = rng.randint(1, factor - 1)
    templates = (
        "How many {small} are {number} {large} and {extra} {small}?",
        "Convert {number} {large} and {extra} {small} to {small}.",
    )
    fields = {"small": small, "large": large, "number": number, "extra": extra}
    return _fill(rng, templates, **fields), number * factor + extra


# Words


def _analogy(rng, level):
    table, column = {
        1: lambda: (OPPOSITES, None),
        2: lambda: (ANIMALS, 0),
        3: lambda: (COUNTRIES, rng.randrange(2)),
        4: lambda: (ANIMALS, rng.randrange(1, 3)),
    }[level]()
    a, c = rng.sample(list(table), 2)
    b, answer = (table[word] if column is None else table[word][column] for word in (a, c))
    templates = (
        "{a} is to {b} as {c} is to what?",
        "As {a} is to {b}, so is {c} to which word?",
        "Complete: {a}, {b}; {c}, ...",
    )
    return _fill(rng, templates, a=a, b=b, c=c), answer


def _odd_one_out(rng, level):
    kind, other = rng.sample(list(KINDS), 2)
    odd = rng.choice(KINDS[other])
    words = [*rng.sample(KINDS[kind], {1: 1, 2: 2, 3: 2, 4: 4}[level]), odd]
    rng.shuffle(words)
    listed = ", ".join(words)
    if level < 3:
        templates = (
            "Which is not a {kind}: {listed}?",
            "One is no {kind}: {listed}.",
            "Find what is not a {kind}: {listed}.",
        )
    else:
        templates = (
            "Which word does not belong: {listed}?",
            "Find the odd one out: {listed}.",
            "Which is unlike the others: {listed}?",
        )
    return _fill(rng, templates, kind=kind, listed=listed), odd


# Logic and programs


def _expression(rng, n_operators):
    """Return a formula and its value; the operator with the widest reach is drawn first."""
    if n_operators == 0:
        value = rng.random() < 0.5
        return str(value).lower(), value
    operator = rng.choice(("not", "and", "or"))
    if operator == "not":
        text, value = _expression(rng, n_operators - 1)
        return f"not ({text})" if n_operators > 1 else f"not {text}", not value
    left = rng.randrange(n_operators)
    (a, x), (b, y) = _expression(rng, left), _expression(rng, n_operators - 1 - left)
    a, b = (f"({text})" if " " in text else text for text in (a, b))
    return f"{a} {operator} {b}", (x and y) if operator == "and" else (x or y)


def _logic(rng, level):
    formula, value = _expression(rng, level)
    templates = (
        "True or false: {formula}?",
        "Evaluate {formula}.",
        "What is the truth value of {formula}?",
        "Does {formula} hold?",
    )
    return _fill(rng, templates, formula=formula), str(value).lower()


def _program(rng, first, n_updates):
    """Return statements that change a number, one after the other, and its last value."""
    value, lines = first, []
    for _ in range(n_updates):
        operator, number = rng.choice(("+=", "-=", "*=")), rng.randint(1, 5)
        if operator == "*=":
            number = 2
        result = {"+=": value + number, "-=": value - number, "*=": value * number}[operator]
        if not 0 <= result <= 30:
            operator = "-=" if result > 30 else "+="
            result = value - number if result > 30 else value + number
        value = result
        lines.append(f"n {operator} {number};")
    return " ".join(lines), value


def _code(rng, level):
    first = rng.randint(0, 9)
    program, value = _program(rng, first, level)
    templates = (
        "n = {first}; {program} print(n)",
        "What is printed? n = {first}; {program} print(n)",
        "Run this: n = {first}; {program} print(n)",
        "n = {first}; {program} What is n?",
    )
    return _fill(rng, templates, first=first, program=program), value


# Two families in one prompt: the answer of the second is an operand of the first


def _roman_of_sum(rng, level):
    a, b = rng.randint(1, 9 * level), rng.randint(1, 9)
    templates = ("Write {a} plus {b} as a Roman numeral.", "What is {a} + {b} in Roman numerals?")
    return _fill(rng, templates, a=a, b=b), _to_roman(a + b)


def _larger_product(rng, level):
    a, b = rng.randint(1, 3 * level), rng.randint(2, 9)
    c = max(0, a * b + rng.choice((-1, 1)) * rng.randint(1, 9))
    word, best = rng.choice((("larger", max), ("smaller", min)))
    templates = ("Which is {word}, {a} times {b} or {c}?", "Pick the {word} of {a} * {b} or {c}.")
    return _fill(rng, templates, word=word, a=a, b=b, c=c), best(a * b, c)


def _backwards_weekday(rng, level):
    i, steps = rng.randrange(7), _steps(rng, level)
    day, answer = WEEKDAYS[i], WEEKDAYS[(i + steps) % 7][::-1]
    if level == 1:
        return f"Spell the day after {day} backwards.", answer
    return f"Spell the weekday {steps} days after {day} backwards.", answer


def _letter_of_month(rng, level):
    i, steps, n = rng.randrange(12), _steps(rng, level), rng.randrange(3)
    answer = MONTHS[(i + steps) % 12][n]
    when = "month" if level == 1 else f"month {steps} months"
    return f"What is the {ORDINALS[n]} letter of the {when} after {MONTHS[i]}?", answer


def _month_after_sum(rng, level):
    i, a, b = rng.randrange(12), rng.randint(1, 2 * level), rng.randint(1, 2 * level)
    answer = MONTHS[(i + a + b) % 12]
    return f"Which month comes {a} plus {b} months after {MONTHS[i]}?", answer


def _units_of_difference(rng, level):
    small, large, factor = rng.choice(UNITS[min(level, 2)])
    b, number = rng.randint(1, 2 * level), rng.randint(2, 5)
    a = b + number
    return f"How many {small} are {a} minus {b} {large}?", number * factor


def _code_with_product(rng, level):
    a, b = rng.randint(1, 5), rng.randint(2, 5)
    program, value = _program(rng, a * b, max(1, level - 1))
    return f"n = {a} * {b}; {program} print(n)", value


def _logic_of_comparison(rng, level):
    a, b = _number(rng, min(level, 3)), _number(rng, min(level, 3))
    value, holds = rng.random() < 0.5, a > b
    operator = rng.choice(("and", "or"))
    answer = (value and holds) if operator == "and" else (value or holds)
    templates = ("True or false: {v} {o} {a} > {b}?", "Evaluate {v} {o} {a} > {b}.")
    return _fill(rng, templates, v=str(value).lower(), o=operator, a=a, b=b), str(answer).lower()


FAMILIES = {
    "addition": _addition,
    "subtraction": _subtraction,
    "multiplication": _multiplication,
    "comparison": _comparison,
    "sequence": _sequence,
    "roman": _roman,
    "count letters": _count_letters,
    "backwards": _backwards,
    "sort letters": _sort_letters,
    "nth letter": _nth_letter,
    "weekday": _weekday,
    "month": _month,
    "clock": _clock,
    "units": _units,
    "analogy": _analogy,
    "odd one out": _odd_one_out,
    "logic": _logic,
    "code": _code,
}
MIXTURES = {  # (family, second family)
    ("roman", "addition"): _roman_of_sum,
    ("comparison", "multiplication"): _larger_product,
    ("backwards", "weekday"): _backwards_weekday,
    ("nth letter", "month"): _letter_of_month,
    ("month", "addition"): _month_after_sum,
    ("units", "subtraction"): _units_of_difference,
    ("code", "multiplication"): _code_with_product,
    ("logic", "comparison"): _logic_of_comparison,
}

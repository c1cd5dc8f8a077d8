"""Threads that route while others change the pool: half a minute, or a number of calls.

    python -m scripts.stress [seconds]

Eight threads ask one router for names, explanations, predictions, curves and copies on disk; two
change its pool. No answer can be right by chance: "base" loses a half on every prompt, and each
writer brings and takes away three specialists at a time, of which number k is right on prompt k
and wrong on the others. In whatever state the pool was, the three prompts go to "base" alone or to
the three specialists of one writer in their order. Costs are told by names or are the same for
the three. A writer ends where it began, so that a lost change would be seen at the end.
"""

import sys
import tempfile
import threading
from itertools import count
from pathlib import Path
from time import monotonic

import numpy as np

from uniroute import KMeansMap, UniRoute

X = np.array([[0.0], [10.0], [20.0]])
LAMBDA = 0.01
SPECIAL = 1.0 - np.eye(3)


def whole(names):
    """Tell whether three prompts' names can come from one state of the pool."""
    names = list(map(str, names))
    kind = names[0].removesuffix("-0")
    return names == ["base"] * 3 or names == [f"{kind}-{k}" for k in range(3)]


def told_cost(name):
    """Return the cost that a name tells, or None."""
    return float(name.split("@")[1].split("-")[0]) if "@" in name else None


def explained(why):
    """Tell whether an explanation speaks of one state of the pool."""
    costs = dict(zip(why.llms, why.costs, strict=True))
    same = {cost for name, cost in costs.items() if name.startswith("b-")}
    told = all(told_cost(name) in (None, cost) for name, cost in costs.items())
    best = why.llms[np.lexsort([why.costs, why.scores.round(9)])[0]]
    return told and len(same) <= 1 and why.choice == best and len(why.scores) == len(why.llms)


class Stress:
    """One router, eight readers, two writers, and what they saw."""

    def __init__(self, folder):
        self.folder, self.wrong, self.errors, self.calls = Path(folder), [], [], 0
        self.router = UniRoute(KMeansMap(n_clusters=3)).fit(X)
        known = ["last", "base"], X, np.tile([1.0, 0.5], (3, 1)), [9.0, 1.0]
        self.router.add_llms(*known)
        many = np.repeat(X, 100, axis=0)
        self.best, self.least = (self.router.plan(many, budget=b) for b in (1e6, 1.0))
        self.many = np.tile(X, (2000, 1))  # more than are decided at once

    def read(self, number):
        """Ask in the way that is due, and note an answer that belongs to no state."""
        router, way = self.router, number % 8
        if way < 3:
            options = ({"cost_weight": LAMBDA}, {"plan": self.best}, {"budget": 1e6})[way]
            X_asked = np.tile(X, (100, 1)) if way == 2 else X
            names = router.route(X_asked, **options)
            fine = whole(names[:3]) and (names == np.resize(names[:3], len(names))).all()
        elif way == 3:
            fine = (names := router.route(X, plan=self.least)).tolist() == ["base"] * 3
        elif way == 4:
            names = router.route(self.many, cost_weight=LAMBDA)
            fine = whole(names[:3]) and (names == np.resize(names[:3], len(names))).all()
        elif way == 5:
            fine = explained(names := router.explain(X[number % 3], LAMBDA))
        elif way == 6:
            names = router.predict_loss(X)
            fine = len(names.T) % 3 == 2 and set(names.ravel()) <= {0.0, 0.5, 1.0}
            fine &= len(router.predict_cost(X).T) % 3 == 2
        else:
            router.save(path := self.folder / str(threading.get_ident()))
            fine = whole(names := UniRoute.load(path).route(X, cost_weight=LAMBDA))
        if not fine:
            self.wrong.append((way, names))

    def change_a(self, number):
        """Bring specialists whose names tell their cost, and take them away."""
        names = [f"a@{2 + number / 1024}-{k}" for k in range(3)]
        self.router.add_llms(names, X, SPECIAL, [told_cost(name) for name in names])
        self.router.remove_llms(names)

    def change_b(self, number):
        """Bring specialists, change their prices and names, and take them away."""
        names = [f"b-{k}" for k in range(3)]
        self.router.add_llms(names, X, SPECIAL, [3.0] * 3)
        self.router.update_costs(dict.fromkeys(names, 1.5))
        self.router.rename({name: name.replace("b", "B") for name in names})
        self.router.remove_llms([name.replace("b", "B") for name in names])

    def loop(self, work, numbers):
        """Do a work with each number, and note errors."""
        for number in numbers:
            try:
                work(number)
            except Exception as error:
                self.errors.append(repr(error))
            self.calls += 1

    def run(self, numbers):
        """Run ten threads with the numbers that ``numbers()`` yields to each; return the faults."""
        works = [self.read] * 8 + [self.change_a, self.change_b]
        threads = [threading.Thread(target=self.loop, args=(work, numbers())) for work in works]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
        if sorted(self.router.llms_) != ["base", "last"]:
            self.wrong.append(("lost change", self.router.llms_))
        return self.wrong, self.errors


def main(seconds=30.0):
    """Run for some seconds and print what was wrong."""
    end = monotonic() + seconds

    def until_the_end():
        for number in count():
            if monotonic() > end:
                return
            yield number

    with tempfile.TemporaryDirectory() as folder:
        stress = Stress(folder)
        wrong, errors = stress.run(until_the_end)
    print(f"{stress.calls} calls and changes: {len(wrong)} wrong, {len(errors)} errors")
    for fault in [*wrong[:3], *errors[:3]]:
        print(fault)
    sys.exit(bool(wrong or errors))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))

"""Exercises: an instant check of the reader's answer, without a server.

``check("ex04-copy", answer)`` compares with what the worked solution answers. The expected values
lie beside this package in ``answers/``, one small file for each chapter. They are recorded from
the solutions: ``python -m scripts.run_chapters --record . 04`` in a copy of the repository.
"""

from uniroute_lab.exercises.checking import check

__all__ = ["check"]

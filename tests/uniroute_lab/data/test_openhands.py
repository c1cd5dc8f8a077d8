"""OpenHands Index: small files of the same form, and the real ones."""

import re

import numpy as np
import pytest

from tests.uniroute_lab.data import small
from uniroute_lab.data import load_openhands, openhands
from uniroute_lab.data.fetch import registry


def load_small(benchmark="swe-bench"):
    return load_openhands(benchmark, embeddings=False, progress=False)


def test_small_swe_bench(own_folder):
    data = load_small()
    assert data.llms == ["a", "b"] and data.released == ["2025-12-31", "2026-02-01"]
    assert data.prompts == small.OPENHANDS_TEXTS
    assert data.prompt_ids.tolist() == small.OPENHANDS_IDS
    assert data.tasks.tolist() == ["me/pkg", "me/pkg", "you/lib"]
    np.testing.assert_array_equal(data.losses, small.OPENHANDS_LOSSES)
    np.testing.assert_array_equal(data.costs, small.OPENHANDS_COSTS)
    assert data.cost_unit == "USD per prompt" and "none stated" in data.licence


def test_small_swt_bench(own_folder):
    """It has some of the same issues, and an LLM need not have them all."""
    data = load_small("swt-bench")
    assert data.prompt_ids.tolist() == small.OPENHANDS_IDS[1:]
    assert data.prompts == small.OPENHANDS_TEXTS[1:]
    np.testing.assert_array_equal(data.losses, [[np.nan, 1], [0, 1]])
    np.testing.assert_array_equal(data.costs, [[np.nan, 3], [1, 3]])


def test_gaia_is_left_out(own_folder):
    with pytest.raises(ValueError, match="benchmark must be one of 'swe-bench', 'swt-bench'"):
        load_small("gaia")
    assert not [file for file in registry() if "gaia" in file]


@pytest.mark.parametrize(
    ("file", "value", "message"),
    [
        (openhands.TEXTS, ["one"], r"verified\.json must hold a text for each of 3 ids; got 1"),
        (
            "openhands/results/a/instance_results/swt-bench.json",
            {"no__where-1": {"cost": 1, "resolved": True}},
            "swt-bench has 'no__where-1', of which there is no text",
        ),
    ],
)
def test_files_that_do_not_fit(own_folder, file, value, message):
    small.publish(own_folder, small.as_files(small.openhands_content() | {file: value}))
    with pytest.raises(ValueError, match=message):
        load_small("swt-bench")


# --- the real files -------------------------------------------------------------------------------


@pytest.mark.data("openhands")
def test_real_swe_bench():
    data = load_openhands(progress=False)
    assert data.losses.shape == data.costs.shape == (500, 34)
    assert data.embeddings.shape == (500, 384) and len(set(data.prompts)) == 500
    assert np.isnan(data.losses).sum() == 9 and np.isnan(data.costs).sum() == 25 + 134
    resolved = 1 - np.nanmean(data.losses, axis=0)
    best = np.argsort(-resolved, kind="stable")
    assert [data.llms[m] for m in best[:2]] == ["claude-fable-5", "claude-opus-4-8"]
    np.testing.assert_allclose(resolved[best[:2]], [0.958, 0.838])
    assert min(data.released) == "2025-07-23" and max(data.released) == "2026-06-09"
    assert data.complete(0.75).n_llms == 34


@pytest.mark.data("openhands-swt")
def test_real_swt_bench():
    data, whole = load_openhands("swt-bench", progress=False), load_openhands(progress=False)
    assert data.losses.shape == (433, 34)
    rows = np.flatnonzero(np.isin(whole.prompt_ids, data.prompt_ids))
    assert data.prompts == [whole.prompts[row] for row in rows]
    np.testing.assert_array_equal(data.embeddings, whole.embeddings[rows])
    kept = data.complete(0.75).llms
    assert [llm for llm in data.llms if llm not in kept] == ["GLM-5", "Nemotron-3-Nano"]


# A word that the text of an issue must have, from what its correction in the project is about.
WORDS = {
    "astropy__astropy-12907": "separability_matrix",
    "astropy__astropy-13033": "TimeSeries",
    "astropy__astropy-13236": "NdarrayMixin",
    "astropy__astropy-13398": "ITRS",
    "astropy__astropy-13579": "SlicedLowLevelWCS",
    "astropy__astropy-14365": "qdp",
    "astropy__astropy-14995": "NDDataRef",
    "django__django-10914": "FILE_UPLOAD_PERMISSION",
    "django__django-11099": "UsernameValidator",
    "django__django-11133": "memoryview",
    "django__django-11815": "Enum",
    "django__django-13658": "ManagementUtility",
    "django__django-14855": "get_admin_url",
    "django__django-15814": "select_related",
    "django__django-16527": "show_save_as_new",
    "matplotlib__matplotlib-23314": "set_visible",
    "pallets__flask-5014": "Blueprint",
    "psf__requests-2317": "builtin_str",
    "pydata__xarray-4094": "to_unstacked_dataset",
    "pylint-dev__pylint-7080": "ignore-paths",
    "scikit-learn__scikit-learn-10297": "RidgeClassifierCV",
    "scikit-learn__scikit-learn-13142": "GaussianMixture",
    "scikit-learn__scikit-learn-14087": "LogisticRegressionCV",
    "sphinx-doc__sphinx-8595": "__all__",
    "sphinx-doc__sphinx-8721": "viewcode",
    "sympy__sympy-12481": "Permutation",
    "sympy__sympy-13480": "coth",
    "sympy__sympy-13647": "col_insert",
    "sympy__sympy-15345": "mathematica",
    "sympy__sympy-16886": "Morse",
    "sympy__sympy-18189": "diophantine",
    "sympy__sympy-22714": "Imaginary",
    "sympy__sympy-24213": "collect_factor_and_dimension",
}
PROJECTS = {"scikit-learn/scikit-learn": "sklearn"}


@pytest.mark.data("openhands")
def test_texts_stand_in_the_order_of_the_ids():
    """At 33 places: words that few texts have stand where the id says."""
    data = load_openhands(embeddings=False, progress=False)
    place = {name: i for i, name in enumerate(data.prompt_ids.tolist())}
    texts = [text.lower() for text in data.prompts]
    for name, word in WORDS.items():
        having = [i for i, text in enumerate(texts) if word.lower() in text]
        assert place[name] in having and len(having) <= 12, name


@pytest.mark.data("openhands")
def test_texts_are_of_the_projects_of_the_ids():
    """Of the texts that name a project, nearly all name their own most often."""
    data = load_openhands(embeddings=False, progress=False)
    words = [PROJECTS.get(task, task.split("/")[1]) for task in data.tasks]
    named = {
        word: [len(re.findall(rf"\b{word}\b", text, re.I)) for text in data.prompts]
        for word in dict.fromkeys(words)
    }
    counts = np.array(list(named.values()))
    own = np.array([list(named).index(word) for word in words])

    def agreement(shift):
        told = counts.max(axis=0) > 0
        most = counts[np.roll(own, shift), np.arange(500)] == counts.max(axis=0)
        return told.sum(), (most & told).sum()

    assert agreement(0) == (404, 403)
    assert all(agreement(shift)[1] < 400 for shift in (-2, -1, 1, 2, 250))

"""The README's sentences under "What came out" and chapter 14's verdict, against the trials."""

import pytest

from uniroute_lab.trials import differences_to, read_results

POOLS = ["pocket", "mmlu_pro", "routerbench", "llmrouter"]
SHOWN_FOR_NEW = {"pocket", "routerbench"}  # "on two of the four"
CLUSTERS = "UniRoute (K-means), size-matched"
SMALL = 0.01  # of area


def gain(pool, reference, about, method=CLUSTERS):
    return differences_to(read_results("main", pool), reference, methods=[method], about=about)[
        method
    ]


@pytest.mark.parametrize("pool", POOLS)
def test_looking_at_the_prompt_pays_on_these_llms(pool):
    for method in (CLUSTERS, "UniRoute (K-means)", "UniRoute (learned map)"):
        assert gain(pool, "ZeroRouter", "these LLMs", method).low > 0


def test_by_much_where_llms_are_specialists():
    most, *others = (gain(pool, "ZeroRouter", "these LLMs") for pool in POOLS)
    assert most.low > 5 * max(other.high for other in others)


@pytest.mark.parametrize("pool", POOLS)
def test_for_new_llms_it_is_shown_on_two_pools(pool):
    assert (gain(pool, "ZeroRouter", "new LLMs").low > 0) == (pool in SHOWN_FOR_NEW)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("rival", ["K-NN, size-matched", "Linear", "Logistic"])
def test_a_lead_is_small_on_these_llms_and_not_shown_for_new_ones(pool, rival):
    assert abs(gain(pool, rival, "these LLMs").mean) < SMALL
    assert gain(pool, rival, "new LLMs").low <= 0

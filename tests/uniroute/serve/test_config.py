"""The gateway's file: what is read, and errors that name the field and show no key."""

import logging

import pytest

from uniroute.serve import Gateway, read_config
from uniroute.serve.redact import Redact

SMALL = 'models: {small: {url: "http://a/v1"}}\n'
SECRET = "sk-not-to-be-shown"


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "models.yaml"
        path.write_text(text, encoding="utf-8")
        return read_config(path)

    return read


def test_all_fields(read, monkeypatch):
    monkeypatch.setenv("A_KEY", SECRET)
    config = read(
        """
budget: 0.4
horizon: 500
encoder: {folder: here, turns: all user}
client_key_env: A_KEY
attempts: 2
models:
  small:
    url: https://llm.example.org/v1/
    model: org/small
    key_env: A_KEY
    cost: 1e-3
    prices: {input: 0.1, output: 0.4}
    timeout: 30
    body: {reasoning_effort: high}
  other: {url: "http://127.0.0.1:1/v1", routed: false}
"""
    )
    small = config.models["small"]
    assert (small.url, small.model, small.key) == (
        "https://llm.example.org/v1",
        "org/small",
        SECRET,
    )
    assert (small.cost, small.prices, small.timeout) == (0.001, (0.1, 0.4), 30)
    assert small.body == {"reasoning_effort": "high"}
    assert not config.models["other"].routed
    assert (config.budget, config.horizon, config.attempts) == (0.4, 500, 2)
    assert config.secrets == (SECRET, SECRET)
    assert SECRET not in repr(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file must have fields; got a NoneType"),
        ("cost_weight: 1", "models must be given"),
        ("cost_weight: 1\nmodels: {}", "models must have an entry"),
        ("cost_weight: 1\nmodels: [a]", "models must have an entry"),
        ("cost_weight: 1\nmodels: {1: {}}", "models must have names that are text; got 1: quote"),
        ("cost_weight: 1\nmodels: {uniroute: {}}", "models.uniroute must have another name"),
        ("cost_weight: 1\nmodels: {a: 3}", "models.a must have fields; got a int"),
        ("cost_weight: 1\nmodels: {a: {}}", "models.a.url must be given"),
        ("cost_weight: 1\nmodels: {a: {url: x}}", "models.a.url must begin with http"),
        ("cost_weight: 1\nmodels: {a: {url: 'http://u:p@h/v1'}}", "models.a.url must have no user"),
        ("cost_weight: 1\nmodels: {a: {url: 'http://h/v1?key=1'}}", "models.a.url must have no"),
        (SMALL, "exactly one of cost_weight and budget"),
        (SMALL + "cost_weight: 1\nbudget: 1", "exactly one of cost_weight and budget"),
        (SMALL + "cost_weight: -1", "cost_weight must be a number from 0"),
        (SMALL + "cost_weight: .nan", "cost_weight must be a number from 0"),
        (SMALL + "cost_weight: true", "cost_weight must be a number from 0"),
        (SMALL + "cost_weight: cheap", "cost_weight must be a number from 0"),
        (SMALL + "cost_weight: 1\nhorizon: 10", "horizon must be left out without a budget"),
        (SMALL + "cost_weight: 1\nattempts: 0", "attempts must be an integer of at least 1"),
        (SMALL + "cost_weight: 1\nencoder: {turns: none}", "encoder.turns must be one of"),
        (SMALL + "cost_weight: 1\nproxy_from_env: 1", "proxy_from_env must be true or false"),
        (SMALL + "cost_weight: 1\ncost_weight: 2", "'cost_weight' stands twice in line 3"),
        ("a: [", "must be YAML"),
        ("? [a, b]\n: 1", "must be YAML; a name must be text in line 1, column 3"),
        ("a: " + 4000 * "[", "must be YAML"),
        ("cost_weight: 1\nmodels: {a: {url: 'http://[::1'}}", "models.a.url must begin with http"),
        ("cost_weight: 1\nmodels: {a: {url: 'http://a b/v1'}}", "models.a.url must begin with"),
        ("cost_weight: 1\nmodels: {a: {url: 3}}", "models.a.url must begin with http"),
    ],
)
def test_bad_files_are_told_by_field(read, text, message):
    with pytest.raises(ValueError) as error:
        read(text)
    assert message in str(error.value)
    assert "models.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("cost: -1", "models.small.cost must be a number from 0"),
        ("prices: {input: 1}", "models.small.prices must have both"),
        ("prices: {input: 1, output: x}", "models.small.prices.output must be a number"),
        ("timeout: 0", "models.small.timeout must be a number from 0.001"),
        ("routed: maybe", "models.small.routed must be true or false"),
        ("model: 3", "models.small.model must be text"),
        ("body: {model: x}", "models.small.body must have fields, but not model"),
        ("body: {since: 2024-01-01}", "models.small.body must hold what JSON can"),
        ("body: {top_p: .nan}", "models.small.body must hold what JSON can"),
        (f"key: {SECRET}", "models.small.key must be left out or be one of url"),
        (f"key_env: {SECRET}", "models.small.key_env must be the name of an environment variable"),
        ("key_env: NOT_SET_ANYWHERE", "models.small.key_env must name an environment variable"),
    ],
)
def test_bad_entries_are_told_by_field_and_show_no_key(read, fields, message):
    with pytest.raises(ValueError) as error:
        read(f'cost_weight: 1\nmodels: {{small: {{url: "http://a/v1", {fields}}}}}')
    assert message in str(error.value)
    assert SECRET not in str(error.value)
    assert "NOT_SET" not in str(error.value)


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "models.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ValueError, match="must be UTF-8; byte 3"):
        read_config(tmp_path / "models.yaml")


# --- what the file and the router say of each other -----------------------------------------------


def test_every_llm_has_an_endpoint(house):
    del house.urls["large"]
    house.write_config()
    with pytest.raises(ValueError, match=r"models\.large must be given"):
        Gateway(*house.paths, encoder=house.encoder)


def test_every_routed_model_is_an_llm_of_the_router(house):
    house.urls["huge"] = house.urls["large"]
    house.write_config()
    with pytest.raises(
        ValueError, match=r"models\.huge must be an LLM of the router, small, medium"
    ):
        Gateway(*house.paths, encoder=house.encoder)


def test_a_budget_is_that_of_a_plan(house):
    house.write_config(budget=3.0)
    with pytest.raises(ValueError, match=r"budget must be that of a plan .*, none; got 3"):
        Gateway(*house.paths, encoder=house.encoder)


def test_another_encoder_is_refused(house):
    class Other:
        def encode(self, texts):
            return [[len(text), 1.0] for text in texts]

    house.write_config()
    with pytest.raises(ValueError, match="encoder must be the one"):
        Gateway(*house.paths, encoder=Other())


def test_prices_of_the_file_are_the_router_s(house):
    house.write_config({"small": {"cost": 2.5}})
    gateway = Gateway(*house.paths, encoder=house.encoder)
    assert gateway.serving.router.costs_.tolist() == [2.5, 3.0, 5.0]


# --- logs -----------------------------------------------------------------------------------------


def test_keys_are_cut_out_of_records():
    try:
        raise ValueError(f"with {SECRET}")
    except ValueError as error:
        info = type(error), error, error.__traceback__
    record = logging.LogRecord("a", 40, "b", 1, "%s and %d", (SECRET, 3), info)
    assert Redact(lambda: (SECRET, SECRET[:8])).filter(record)
    told = logging.Formatter().format(record)
    assert told.startswith("[key] and 3\n")
    assert "ValueError: with [key]" in told
    assert SECRET not in told


def test_other_records_stay_as_they_are():
    record = logging.LogRecord("a", 40, "b", 1, "%s", (3,), None)
    Redact(lambda: (SECRET,)).filter(record)
    assert (record.msg, record.args) == ("%s", (3,))

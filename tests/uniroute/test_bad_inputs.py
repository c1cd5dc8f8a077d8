"""Bad input: thousands of calls with one argument spoilt, and tables in another order.

Every call below is valid, which is tested. `SPOILERS` says what can be wrong with an argument of
each kind. A spoilt call must raise an error that names the argument; none may return.
"""

import copy
import datetime
import inspect
import pickle
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import uniroute
from uniroute import (
    BudgetRule,
    ClusterMeans,
    Comparison,
    ConstantMap,
    Controller,
    DeferralCurve,
    Diagnosis,
    Encoder,
    Explanation,
    KMeansMap,
    LearnedMap,
    MixtureWorld,
    NeighborMap,
    PairedDifference,
    Pool,
    PriorMap,
    RoutingData,
    RoutingPath,
    StaticRouter,
    UniRoute,
    WorldSample,
    ZeroRouter,
    budget_rule,
    compare,
    deferral_curve,
    holm,
    load_csv,
    paired_difference,
    random_world,
    route,
    routing_path,
    sign_test,
    token_costs,
)

pytestmark = pytest.mark.filterwarnings("ignore")

WORLD = random_world(n_llms=4, n_components=3, random_state=3)
TRAIN, VAL, TEST = (WORLD.sample(n, random_state=n) for n in (60, 40, 30))
X, LOSSES, COSTS = TEST.X, TEST.losses, WORLD.costs
GAMMA = TEST.gamma
EACH = GAMMA + COSTS  # costs of prompts
NAMES = list("abcd")
WEIGHTS = np.arange(1.0, 31.0)
CLUSTERS = np.arange(30) % 3
ONE_HOT = np.eye(3)[CLUSTERS]
POOL = dict(llms=NAMES, costs=COSTS, psi=np.ones((4, 3)), counts=np.ones((4, 3)))


class Vowels:
    """An encoder."""

    fingerprint = "vowels"

    def encode(self, texts):
        return np.array([[1.0 + text.count(vowel) for vowel in "ae"] for text in texts])


ROUTER = UniRoute(KMeansMap(3), encoder=Vowels()).fit(TRAIN.X)
ROUTER.add_llms(NAMES, VAL.X, VAL.losses, COSTS)
PLAN = ROUTER.plan(np.repeat(X, 20, axis=0), 20.0, random_state=0)
OTHERS = UniRoute(ConstantMap()).fit(TRAIN.X).add_llms(NAMES, VAL.X, VAL.losses, COSTS)
FOREIGN_PLAN = OTHERS.plan(np.repeat(X, 20, axis=0), 20.0)
STATIC = StaticRouter(Ridge()).fit(NAMES, VAL.X, VAL.losses, COSTS)
ZERO = ZeroRouter().fit(NAMES, None, VAL.losses, COSTS)
EMPTY = UniRoute(KMeansMap(3)).fit(TRAIN.X)
PATH, CURVE = routing_path(GAMMA, COSTS), deferral_curve(GAMMA, LOSSES, COSTS)
DATA = dict(
    name="toy",
    prompts=[f"prompt {i}" for i in range(30)],
    prompt_ids=[f"p{i}" for i in range(30)],
    tasks=["t"] * 30,
    losses=LOSSES,
    costs=COSTS,
    cost_unit="cents",
    llms=NAMES,
    licence="none",
    citation="none",
    embeddings=X,
    features={"length": X},
)
TABLE = RoutingData(**DATA)
TINY = dict(routers={"K-means": UniRoute(KMeansMap(2))}, n_folds=2, n_pools=2)
COMPARED, DIAGNOSED = compare(TABLE, **TINY), ROUTER.diagnose(X)
EXPLAINED = ROUTER.explain(X[0], 0.1)
POOLS = (np.arange(120).reshape(30, 4) * 7 % 5 < 2).astype(float)
PRIOR = PriorMap().fit(TRAIN.X, TRAIN.losses)
WORLD_FIELDS = {name: getattr(WORLD, name) for name in MixtureWorld.__dataclass_fields__}


def on(thing, method):
    """Call a method of a copy, so that nothing is changed."""

    def call(**arguments):
        return getattr(copy.copy(thing), method)(**arguments)

    return call


def made(cls, method="fit", **parameters):
    """Make an estimator of parameters and call a method of it with the other arguments."""

    def call(**arguments):
        names = inspect.signature(cls).parameters.keys() & arguments.keys()
        known = {name: arguments.pop(name) for name in names}
        return getattr(cls(**{**parameters, **known}), method)(**arguments)

    return call


def fields(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


# Kinds of arguments. Flags of arrays: r, c: all rows, all columns are needed; n: no NaN;
# m: not negative; x: embeddings, in which scikit-learn's checks speak; s: sparse is allowed;
# o: None is allowed; w: wider or longer is wrong too.
CALLS = {
    "route": (route, dict(gamma=(GAMMA, "n"), costs=(COSTS, "rnm"), cost_weight=(0.1, "scalar"))),
    "route, costs of prompts": (
        route,
        dict(gamma=(GAMMA, "rcn"), costs=(EACH, "rcnm"), cost_weight=(0.1, "scalar")),
    ),
    "routing_path": (routing_path, dict(gamma=(GAMMA, "cn"), costs=(COSTS, "rnm"))),
    "RoutingPath": (
        RoutingPath,
        dict(
            gamma=(PATH.gamma, "rn"),
            costs=(PATH.costs, "rn"),
            start=(PATH.start, "rn#"),
            cost_weights=(PATH.cost_weights, "rn"),
            prompts=(PATH.prompts, "rn#"),
            previous=(PATH.previous, "rn#"),
            llms=(PATH.llms, "rn#"),
        ),
    ),
    "RoutingPath.choose": (
        on(PATH, "choose"),
        dict(cost_weight=(0.1, "scalar"), tie=("dear", "option")),
    ),
    "RoutingPath.interval": (on(PATH, "interval"), dict(cost_weight=(0.1, "scalar"))),
    "RoutingPath.mean": (on(PATH, "mean"), dict(values=(LOSSES, "rcn"), weights=(WEIGHTS, "rnmo"))),
    "budget_rule": (
        budget_rule,
        dict(
            gamma=(GAMMA, "cn"),
            costs=(COSTS, "rnm"),
            budget=(20.0, "scalar"),
            weights=(WEIGHTS, "rnmo"),
        ),
    ),
    "BudgetRule": (BudgetRule, dict(cost_weight=(0.4, "scalar"), share=(0.5, "share"))),
    "BudgetRule.ends": (
        on(BudgetRule(0.1, 0.5), "ends"),
        dict(gamma=(GAMMA, "cn"), costs=(COSTS, "rnm")),
    ),
    "BudgetRule.probabilities": (
        on(BudgetRule(0.1, 0.5), "probabilities"),
        dict(gamma=(GAMMA, "cn"), costs=(COSTS, "rnm")),
    ),
    "BudgetRule.route": (
        on(BudgetRule(0.1, 0.5), "route"),
        dict(gamma=(GAMMA, "cn"), costs=(COSTS, "rnm"), random_state=(0, "seed")),
    ),
    "deferral_curve": (
        deferral_curve,
        dict(
            gamma=(GAMMA, "rcn"),
            losses=(LOSSES, "rcn"),
            costs=(COSTS, "rnm"),
            true_costs=(EACH, "rcnmo"),
        ),
    ),
    "deferral_curve, rows": (
        deferral_curve,
        dict(
            gamma=(GAMMA[:3], "rcn"),
            losses=(LOSSES, "rcn"),
            costs=(COSTS, "rnm"),
            rows=(CLUSTERS, "rn#"),
        ),
    ),
    "DeferralCurve": (
        DeferralCurve,
        {name: (value, "rn") for name, value in fields(CURVE).items()},
    ),
    "DeferralCurve.at": (on(CURVE, "at"), dict(budget=(np.array([2.0, 5.0]), ""))),
    "DeferralCurve.area": (on(CURVE, "area"), dict(fraction=(0.5, "share"))),
    "paired_difference": (
        paired_difference,
        dict(first=(X[:, 0], "rn"), second=(X[:, 1], "rn"), level=(0.9, "share")),
    ),
    "sign_test": (sign_test, dict(first=(X[:, 0], "rn"), second=(X[:, 1], "rn"))),
    "PairedDifference": (
        PairedDifference,
        dict(
            mean=(0.1, "number"),
            standard_error=(0.1, "number"),
            low=(0.0, "number"),
            high=(0.2, "number"),
            n_pairs=(3, "count"),
            about=("new LLMs", "option"),
            freedom=(3.0, "scalar"),
        ),
    ),
    "paired_difference, about new LLMs": (
        paired_difference,
        dict(
            first=(X[:, 0], "rn"),
            second=(X[:, 1], "rn"),
            about=("new LLMs", "option"),
            pools=(POOLS, "rn"),
            test_share=(0.1, "share"),
            gaps=(WEIGHTS / 100, "rno"),
        ),
    ),
    "holm": (holm, dict(p_values=(WEIGHTS / 100, "nm01"))),
    "compare": (
        compare,
        dict(
            data=(TABLE, "data"),
            routers=(TINY["routers"], "routers"),
            n_folds=(2, "count"),
            n_pools=(2, "count"),
            level=(0.9, "share"),
            random_state=(0, "seed"),
        ),
    ),
    # Made by the package alone, and read by people.
    "Comparison": (Comparison, {name: (value, None) for name, value in fields(COMPARED).items()}),
    "Diagnosis": (Diagnosis, {name: (value, None) for name, value in fields(DIAGNOSED).items()}),
    "Explanation": (Explanation, {name: (v, None) for name, v in fields(EXPLAINED).items()}),
    "UniRoute.diagnose": (
        on(ROUTER, "diagnose"),
        dict(X=(X, "cnx"), cost_weight=(0.1, "scalar")),
    ),
    "UniRoute.diagnose, budget": (
        on(ROUTER, "diagnose"),
        dict(X=(X, "cnx"), budget=(20.0, "scalar")),
    ),
    "MixtureWorld": (
        MixtureWorld,
        {
            name: (
                value,
                "scale" if name == "spread" else "rnm" if name in ("shares", "costs") else "rn",
            )
            for name, value in WORLD_FIELDS.items()
        },
    ),
    "MixtureWorld.posterior": (on(WORLD, "posterior"), dict(X=(X, "cn"))),
    "MixtureWorld.component_loss": (on(WORLD, "component_loss"), dict(X=(X, "cn"))),
    "MixtureWorld.gamma": (on(WORLD, "gamma"), dict(X=(X, "cn"))),
    "MixtureWorld.sample": (
        on(WORLD, "sample"),
        dict(n_prompts=(5, "count"), random_state=(0, "seed")),
    ),
    "WorldSample": (
        WorldSample,
        dict(
            X=(X, "rn"),
            components=(TEST.components, "rn#"),
            gamma=(GAMMA, "rcn"),
            losses=(LOSSES, "rcn"),
        ),
    ),
    "random_world": (
        random_world,
        dict(
            n_components=(3, "count"),
            n_llms=(3, "count"),
            n_dims=(2, "count"),
            spread=(0.4, "scale"),
            specialisation=(1.0, "scale0"),
            within=(0.1, "scale0"),
            random_state=(0, "seed"),
        ),
    ),
    "token_costs": (
        token_costs,
        dict(
            input_tokens=(EACH, "rcm"),
            output_tokens=(EACH, "rcm"),
            prices=(np.ones((4, 2)), "rcnm"),
            per=(1e3, "scale"),
        ),
    ),
    "ClusterMeans.represent": (
        made(ClusterMeans, "represent", empty="overall"),
        dict(memberships=(ONE_HOT, "rnms"), losses=(LOSSES, "r"), empty=("overall", "option")),
    ),
    "ConstantMap.fit": (made(ConstantMap), dict(X=(X, "nx"))),
    "KMeansMap.fit": (
        made(KMeansMap, n_clusters=3, n_init=1, max_iter=9, random_state=0),
        dict(
            X=(X, "nx"),
            n_clusters=(3, "count"),
            n_init=(1, "count"),
            max_iter=(9, "count"),
            random_state=(0, "old seed"),
        ),
    ),
    "NeighborMap.fit": (
        made(NeighborMap, n_neighbors=3),
        dict(X=(X, "nx"), n_neighbors=(3, "count")),
    ),
    "LearnedMap.fit": (
        made(LearnedMap, n_clusters=3, max_iter=2),
        dict(
            X=(X, "rnx"),
            losses=(LOSSES, "r01"),
            psi=(np.full((4, 3), 0.5), "rcno"),
            n_clusters=(3, "count"),
            architecture=("linear", "option"),
            assignment=("hard", "option"),
            fit_intercept=(True, "option"),
            l2=(0.1, "scale0"),
            max_iter=(2, "count"),
            epochs=(2, "count"),
            random_state=(0, "old seed"),
            clusters=(KMeansMap(3).fit(X), "thing"),
        ),
    ),
    "PriorMap.fit": (
        made(PriorMap),
        dict(X=(X, "nx"), losses=(LOSSES, "ro"), random_state=(0, "old seed")),
    ),
    "PriorMap.transform": (on(PRIOR, "transform"), dict(X=(X, "cnx"))),
    "KMeansMap.transform": (on(KMeansMap(3).fit(X), "transform"), dict(X=(X, "cnx"))),
    "KMeansMap.predict": (on(KMeansMap(3).fit(X), "predict"), dict(X=(X, "cnx"))),
    "KMeansMap.memberships": (on(KMeansMap(3).fit(X), "memberships"), dict(X=(X, "cnx"))),
    "ConstantMap.transform": (on(ConstantMap().fit(X), "transform"), dict(X=(X, "cnx"))),
    "NeighborMap.transform": (on(NeighborMap(3).fit(X), "transform"), dict(X=(X, "cnx"))),
    "NeighborMap.memberships": (on(NeighborMap(3).fit(X), "memberships"), dict(X=(X, "rcnx"))),
    "LearnedMap.transform": (
        on(LearnedMap(3, max_iter=2).fit(X, LOSSES), "transform"),
        dict(X=(X, "cnx")),
    ),
    "LearnedMap.memberships": (
        on(LearnedMap(3, max_iter=2).fit(X, LOSSES), "memberships"),
        dict(X=(X, "cnx")),
    ),
    "Pool": (
        Pool,
        {
            name: (value, "names" if name == "llms" else "rnm" if name == "costs" else "rno")
            for name, value in POOL.items()
        },
    ),
    "Pool.remove": (on(ROUTER.pool_, "remove"), dict(names=(["a", "b"], "names"))),
    "Pool.reprice": (on(ROUTER.pool_, "reprice"), dict(costs=({"a": 2.0}, "prices"))),
    "Pool.rename": (on(ROUTER.pool_, "rename"), dict(names=({"a": "z"}, "new names"))),
    "Pool.find": (on(ROUTER.pool_, "find"), dict(names=(["a"], "names"))),
    "Pool.own": (on(ROUTER.pool_, "own"), dict(plan=(PLAN, "plan"))),
    "Pool.drop": (on(ROUTER.pool_, "drop"), dict(plan=(PLAN, "plan"))),
    "UniRoute.fit": (
        made(UniRoute, prompt_map=KMeansMap(3)),
        dict(
            prompt_map=(KMeansMap(3), "map"),
            X=(X, "rnx"),
            losses=(LOSSES, "r"),
            names=(NAMES, "names"),
            costs=(COSTS, "rnmo"),
        ),
    ),
    "UniRoute.add_llms": (
        on(EMPTY, "add_llms"),
        dict(
            names=(NAMES, "names"),
            X_val=(X, "rcnx"),
            losses_val=(LOSSES, "rc"),
            costs=(COSTS, "rnm"),
        ),
    ),
    "UniRoute.add_llms, costs of prompts": (
        on(EMPTY, "add_llms"),
        dict(
            names=(NAMES, "names"),
            X_val=(X, "rcnx"),
            losses_val=(LOSSES, "rc"),
            costs=(EACH, "rcm"),
        ),
    ),
    "UniRoute.remove_llms": (on(ROUTER, "remove_llms"), dict(names=(["a", "b"], "names"))),
    "UniRoute.update_costs": (on(ROUTER, "update_costs"), dict(costs=({"a": 2.0}, "prices"))),
    "UniRoute.rename": (on(ROUTER, "rename"), dict(names=({"a": "z"}, "new names"))),
    "UniRoute.drop_plan": (on(ROUTER, "drop_plan"), dict(plan=(PLAN, "plan"))),
    "UniRoute.plan": (
        on(ROUTER, "plan"),
        dict(
            X=(np.repeat(X, 20, axis=0), "cnx"), budget=(20.0, "scalar"), random_state=(0, "seed")
        ),
    ),
    "UniRoute.route_texts": (
        on(ROUTER, "route_texts"),
        dict(texts=(["a", "b"], "texts"), cost_weight=(0.1, "scalar")),
    ),
    "Plan.rule": (on(PLAN, "rule"), dict(budget=(3.0, "number"))),
    "Controller": (Controller, dict(plan=(PLAN, "plan kind"), horizon=(10.0, "scale"))),
    "Controller.update": (on(Controller(PLAN), "update"), dict(spent=(WEIGHTS, "nm"))),
    "ZeroRouter.fit": (
        made(ZeroRouter),
        dict(
            names=(NAMES, "names"),
            X_val=(None, None),
            losses_val=(LOSSES, "c"),
            costs=(COSTS, "rnm"),
        ),
    ),
    "ZeroRouter.mixture": (on(ZERO, "mixture"), dict(budget=(20.0, "scalar"))),
    "StaticRouter.fit": (
        made(StaticRouter, model=Ridge()),
        dict(
            names=(NAMES, "names"),
            X_val=(X, "rnx"),
            losses_val=(LOSSES, "rcn"),
            costs=(COSTS, "rnm"),
        ),
    ),
    "RoutingData": (
        RoutingData,
        {
            name: (
                value,
                {
                    "losses": "rc",
                    "costs": "rm",
                    "embeddings": "rno",
                    "llms": "names",
                    "prompts": "texts",
                    "features": "features",
                }.get(name, "text" if isinstance(value, str) else "texts"),
            )
            for name, value in DATA.items()
        },
    ),
    "RoutingData.select": (
        on(RoutingData(**DATA), "select"),
        dict(prompts=([0, 1], "places"), llms=(["a"], "known names")),
    ),
    "Encoder": (
        Encoder,
        dict(
            source=(Vowels(), "encoder"),
            turns=("all user", "option"),
            languages=("x", "label"),
            fingerprint=("x", "label"),
        ),
    ),
    "Encoder.encode": (
        on(Encoder(Vowels()), "encode"),
        dict(texts=(["a"], "texts"), batch_size=(3, "count")),
    ),
}
for label, router in {"UniRoute": ROUTER, "StaticRouter": STATIC}.items():
    CALLS |= {
        f"{label}.predict_loss": (on(router, "predict_loss"), dict(X=(X, "cnx"))),
        f"{label}.predict_cost": (on(router, "predict_cost"), dict(X=(X, "cnx"))),
        f"{label}.route": (
            on(router, "route"),
            dict(X=(X, "cnx"), cost_weight=(0.1, "scalar")),
        ),
        f"{label}.route, budget": (
            on(router, "route"),
            dict(
                X=(np.repeat(X, 20, axis=0), "cnx"),
                budget=(20.0, "scalar"),
                random_state=(0, "seed"),
            ),
        ),
        f"{label}.explain": (
            on(router, "explain"),
            dict(x=(X[0], "rnx"), cost_weight=(0.1, "scalar")),
        ),
        f"{label}.curve": (
            on(router, "curve"),
            dict(X=(X, "rcnx"), losses=(LOSSES, "rcn"), true_costs=(EACH, "rcnmo")),
        ),
        f"{label}.score": (on(router, "score"), dict(X=(X, "rcnx"), losses=(LOSSES, "rcn"))),
    }
CALLS["UniRoute.route, plan"] = (
    on(ROUTER, "route"),
    dict(X=(X, "cnx"), plan=(PLAN, "plan"), random_state=(np.random.default_rng(0), "generator")),
)
CALLS["UniRoute.explain, plan"] = (
    on(ROUTER, "explain"),
    dict(x=(X[0], "rnx"), plan=(PLAN, "plan")),
)


# --- what can be wrong ------------------------------------------------------------------------


def with_entry(values, entry):
    """Return an array of objects, one of which is `entry`."""
    objects = np.asarray(values).astype(object)
    objects.flat[objects.size // 2] = entry
    return objects


def with_float(values, entry):
    values = np.array(values, dtype=float)
    values.flat[values.size // 2] = entry
    return values


def tensor(values):
    torch = pytest.importorskip("torch")
    return torch.tensor(np.asarray(values, dtype=float), requires_grad=True)


def spoilt_array(values, flags):
    """Yield (what is wrong, spoilt values)."""
    values = np.asarray(values)
    floats = values.astype(float)
    yield "text", "abc"
    yield "digits", floats.astype(str)
    yield "list with digits", with_entry(floats, "0.5").tolist()
    yield "dates", np.full(values.shape, np.datetime64("2026-01-01"))
    yield "time spans", np.full(values.shape, np.timedelta64(1, "D"))
    yield "a date", with_entry(floats, datetime.date(2026, 1, 1))
    yield "complex", floats + 0j
    yield (
        "masked",
        np.ma.masked_array(floats, mask=np.arange(values.size).reshape(values.shape) == 1),
    )
    yield "dict inside", with_entry(floats, {})
    yield "list inside", with_entry(floats, [0.5])
    yield "pd.NA", with_entry(floats, pd.NA)
    yield "10**400", with_entry(floats, 10**400)
    yield "infinite", with_float(values, np.inf)
    yield "minus infinite", with_float(values, -np.inf)
    yield "dict", {"a": 1.0}
    yield "set", {1.0, 2.0}
    yield "bytes", b"abc"
    yield "generator", (row for row in floats)
    yield "function", len
    yield "object", object()
    yield "another dimension", floats[None, ..., None]
    yield "number", 0.5
    yield "empty", floats[:0]
    yield "records", np.zeros(values.shape, dtype=[("a", float)])
    yield "gradient", tensor(values)
    if "o" not in flags:
        yield "None", None
    if values.ndim == 1 and "n" in flags:
        yield "nullable", pd.Series(with_entry(floats, pd.NA), dtype="Float64")
    if values.ndim == 2:
        if "n" in flags:
            yield "nullable", pd.DataFrame(with_entry(floats, pd.NA)).astype("Float64")
        yield "ragged", [*floats[:-1].tolist(), floats[-1].tolist()[:-1]]
        yield (
            "masked rows",
            [np.ma.masked_array(row, mask=np.arange(len(row)) == 0) for row in floats],
        )
        if "s" not in flags:
            yield "sparse", sparse.csr_array(floats)
            yield "old sparse", sparse.csr_matrix(floats)
        yield "text column", pd.DataFrame(floats).assign(c="x").iloc[:, -values.shape[1] :]
    if "r" in flags and len(values) > 1:
        yield "a row less", floats[:-1]
        yield "a row more", np.concatenate([floats, floats[-1:]])
    if "c" in flags:
        yield "a column less", floats[:, :-1]
        yield "a column more", np.column_stack([floats, floats[:, -1]])
    if "n" in flags:
        yield "NaN", with_float(values, np.nan)
    if "x" in flags:
        yield "too large", with_float(values, 1e200)
        yield "too large for 32 bits", with_float(values, 3e38).astype(np.float32)
    if "m" in flags:
        yield "negative", with_float(values, -1.0)
    if "#" in flags:
        yield "half", with_float(values, 0.5)
        yield "minus 1", with_float(values, -1)
    if "01" in flags:
        yield "above 1", with_float(values, 1.5)


NO_NUMBERS = {
    "text": "abc",
    "digits": "0.5",
    "bytes": b"1",
    "complex": 1 + 0j,
    "date": datetime.date(2026, 1, 1),
    "time span": np.timedelta64(1, "D"),
    "pd.NA": pd.NA,
    "masked": np.ma.masked,
    "NaN": np.nan,
    "10**400": 10**400,
    "list": [0.5, 0.5],
    "array": np.array([0.5]),
    "empty": [],
    "dict": {},
    "object": object(),
    "function": len,
    "flag": True,
    "minus infinite": -np.inf,
}
NEGATIVE = NO_NUMBERS | {"negative": -0.5, "minus 10**400": -(10**400)}
INFINITE = {"infinite": np.inf}
SPOILERS = {
    "number": {k: v for k, v in NO_NUMBERS.items() if k != "minus infinite"},
    "scalar": NEGATIVE | {"None": None},
    "share": NEGATIVE | INFINITE | {"above 1": 1.5, "None": None},
    "scale": NEGATIVE | INFINITE | {"zero": 0.0, "None": None},
    "scale0": NEGATIVE | INFINITE | {"None": None},
    "count": NEGATIVE | INFINITE | {"zero": 0, "half": 1.5, "float": 3.0, "None": None},
    "seed": {
        "text": "abc",
        "negative": -1,
        "half": 1.5,
        "NaN": np.nan,
        "complex": 1j,
        "object": object(),
        "dict": {"a": 1},
        "date": datetime.date(2026, 1, 1),
        "pd.NA": pd.NA,
    },
    "option": {
        "other": "other",
        "None": None,
        "number": 3,
        "list": ["linear"],
        "pd.NA": pd.NA,
        "array": np.array(["linear", "mlp"]),
        "bytes": b"linear",
        "object": object(),
    },
    "names": {
        "empty name": ["", "b", "c", "d"],
        "blank before": [" a", "b", "c", "d"],
        "blank behind": ["a ", "b", "c", "d"],
        "line end": ["a\n", "b", "c", "d"],
        "NUL": ["a\0", "b", "c", "d"],
        "twice": ["a", "a", "c", "d"],
        "numbers": [1, 2, 3, 4],
        "a number": ["a", 2, "c", "d"],
        "a None": ["a", None, "c", "d"],
        "a pd.NA": ["a", pd.NA, "c", "d"],
        "bytes": [b"a", b"b", b"c", b"d"],
        "nested": [["a"], ["b"], ["c"], ["d"]],
        "matrix": np.array([["a", "b"], ["c", "d"]]),
        "set": set("abcd"),
        "dict": dict.fromkeys("abcd"),
        "number": 4,
        "object": object(),
        "no text": b"abcd",
        "too many": list("abcde"),
        "empty": [],
        "blank": " ",
    },
    "texts": {
        "text": "abc",
        "bytes": b"abc",
        "a number": ["a", 3],
        "a None": [None, "b"],
        "a pd.NA": ["a", pd.NA],
        "bytes inside": [b"a", b"b"],
        "set": {"a", "b"},
        "dict": {"a": "b"},
        "number": 3,
        "None": None,
        "object": object(),
        "empty": [],
        "matrix": np.array([["a", "b"]]),
    },
    "text": {
        "None": None,
        "number": 3,
        "bytes": b"a",
        "list": ["a"],
        "pd.NA": pd.NA,
        "object": object(),
    },
    "label": {"number": 3, "bytes": b"a", "list": ["a"], "empty": "", "object": object()},
    "prices": {
        "unknown": {"z": 1.0},
        "negative": {"a": -1.0},
        "NaN": {"a": np.nan},
        "infinite": {"a": np.inf},
        "text": {"a": "1"},
        "complex": {"a": 1j},
        "None inside": {"a": None},
        "pd.NA": {"a": pd.NA},
        "10**400": {"a": 10**400},
        "list inside": {"a": [1.0]},
        "number key": {1: 1.0},
        "empty": {},
        "list": [1.0],
        "number": 1.0,
        "None": None,
        "names alone": ["a"],
        "Series without names": pd.Series([1.0]),
    },
    "new names": {
        "unknown": {"z": "y"},
        "taken": {"a": "b"},
        "empty name": {"a": ""},
        "blank": {"a": "z "},
        "number": {"a": 3},
        "None inside": {"a": None},
        "number key": {1: "z"},
        "empty": {},
        "list": ["z"],
        "text": "z",
        "None": None,
    },
    "plan": {
        "None": "",
        "other's": FOREIGN_PLAN,
        "text": "plan",
        "number": 0.1,
        "object": object(),
        "rule": PLAN.rule(),
        "array": np.ones(3),
    },
    "map": {
        "no memberships": PCA(2),
        "negative": StandardScaler(),
        "in a pipeline": make_pipeline(StandardScaler(), PCA(2)),
        "frozen": FrozenEstimator(StandardScaler().fit(X)),
        "text": "KMeansMap",
        "number": 3,
        "None": None,
        "class": KMeansMap,
        "object": object(),
        "regressor": Ridge(),
    },
    "data": {
        "None": None,
        "text": "toy",
        "number": 3,
        "array": X,
        "fields": DATA,
        "no embeddings": RoutingData(**{**DATA, "embeddings": None}),
        "one LLM": TABLE.select(llms=["a"]),
        "few prompts": TABLE.select(prompts=slice(3)),
    },
    "routers": {
        "none": {},
        "taken": {"Oracle": UniRoute(KMeansMap(2))},
        "text": "UniRoute",
        "number": 3,
        "list": [UniRoute(KMeansMap(2))],
        "a router": UniRoute(KMeansMap(2)),
        "a map": {"K-means": KMeansMap(2)},
        "a class": {"UniRoute": UniRoute},
    },
    "thing": {
        "text": "KMeansMap",
        "number": 3,
        "object": object(),
        "not fitted": KMeansMap(3),
        "other K": KMeansMap(2).fit(X),
    },
    "features": {
        "array": X,
        "text": "length",
        "a row less": {"length": X[:-1]},
        "NaN": {"length": with_float(X, np.nan)},
        "text inside": {"length": X.astype(str)},
        "masked": {"length": np.ma.masked_array(X, mask=X == X[0, 0])},
        "number": {"length": 3.0},
    },
    "places": {
        "too large": [99],
        "twice": [1, 1],
        "text": "abc",
        "half": [0.5],
        "matrix": [[0, 1]],
        "short mask": [True],
        "object": object(),
        "dict": {},
        "dates": np.array(["2026-01-01"], dtype="M8[D]"),
        "complex": [1j],
        "none": [],
    },
    "known names": {
        "unknown": ["z"],
        "blank": ["a "],
        "twice": ["a", "a"],
        "half": [0.5],
        "too large": [9],
        "dict": {},
        "object": object(),
        "a None": [None],
        "set": {"a", "b"},
    },
    "encoder": {
        "number": 3,
        "object": object(),
        "missing": "/no/such/folder",
        "encoder": Encoder(Vowels()),
        "bytes": b"x",
    },
    "generator": {"seed": 3, "text": "abc", "object": object(), "NaN": np.nan},
}
SPOILERS["plan"].pop("None")
SPOILERS["count"].pop("10**400")  # would be done, if one could wait
SPOILERS["plan kind"] = {k: v for k, v in SPOILERS["plan"].items() if k != "other's"}
SPOILERS["old seed"] = {k: v for k, v in SPOILERS["seed"].items() if k != "pd.NA"}


def spoilt(value, kind):
    """Yield (what is wrong, spoilt value) of an argument."""
    if kind in SPOILERS:
        yield from SPOILERS[kind].items()
    elif kind is not None:
        yield from spoilt_array(value, kind)


# Right as they are, although they were meant to be wrong.
FINE = {
    # A number, a few or none, also infinite.
    *(("DeferralCurve.at", "budget", what) for what in ("number", "empty", "another dimension")),
    *(("DeferralCurve.at", "budget", what) for what in ("infinite", "minus infinite")),
    *(("Controller.update", "spent", what) for what in ("number", "empty")),
    ("holm", "p_values", "empty"),  # of no tests
    ("UniRoute.fit", "prompt_map", "None"),  # the default
    ("UniRoute.diagnose", "cost_weight", "None"),
    ("UniRoute.diagnose, budget", "budget", "None"),
    ("deferral_curve, rows", "gamma", "a row more"),  # that of a cluster without prompts
    # A scikit-learn model says itself whether it takes sparse matrices, and what is too large.
    *(
        (label, name, what)
        for label, name in (("StaticRouter.fit", "X_val"), ("StaticRouter.explain", "x"))
        for what in ("sparse", "old sparse", "too large", "too large for 32 bits")
    ),
    *(
        (f"StaticRouter.{method}", "X", what)
        for method in ("predict_loss", "predict_cost", "route", "route, budget", "curve", "score")
        for what in ("sparse", "old sparse", "too large", "too large for 32 bits")
    ),
}


def cases():
    for label, (_, arguments) in CALLS.items():
        for name, (value, kind) in arguments.items():
            for wrong, bad in spoilt(value, kind):
                yield label, name, wrong, bad


def is_named(name, error):
    """Whether a message names the argument; scikit-learn says X of what is called X_val here."""
    names = {name, *({"X"} if name in ("X_val", "x") else ())}
    return any(re.search(rf"\b{re.escape(each)}\b", str(error)) for each in names)


def outcome(label, name, bad):
    """Return what a spoilt call ends in: named, not named, another error, or accepted."""
    call, arguments = CALLS[label]
    given = {each: value for each, (value, _) in arguments.items()} | {name: bad}
    try:
        call(**given)
    except (ValueError, TypeError, KeyError, FileNotFoundError) as error:
        return "named" if is_named(name, error) else "not named", error
    except Exception as error:
        return "another error", error
    return "accepted", None


@pytest.mark.parametrize("label", CALLS)
def test_the_calls_are_valid(label):
    call, arguments = CALLS[label]
    call(**{name: value for name, (value, _) in arguments.items()})


def test_bad_input_is_refused_by_name():
    found, shown = Counter(), []
    for label, name, wrong, bad in cases():
        if (label, name, wrong) in FINE:
            continue
        how, error = outcome(label, name, bad)
        found[how] += 1
        if how != "named":
            shown.append(
                f"{how}: {label}({name}: {wrong}): {type(error).__name__}: {str(error)[:90]}"
            )
    total = found.total()
    share = found["named"] / total
    told = f"{share:.1%} of {total} bad inputs are refused by name; {dict(found)}\n" + "\n".join(
        shown
    )
    assert total >= 2000, told
    assert not found["accepted"], told
    assert share >= 0.9, told


@pytest.mark.parametrize("prompt_map", [ConstantMap(), KMeansMap(3), LearnedMap(3), None])
def test_losses_that_are_too_large_to_square_are_refused(prompt_map):
    router = UniRoute(prompt_map).fit(TRAIN.X, TRAIN.losses)
    with pytest.raises(
        ValueError, match=r"losses_val must be at most 1e\+15 in size; got -1e\+200"
    ):
        router.add_llms("a", VAL.X, -1e200 * VAL.losses[:, 0], 1.0)


@pytest.mark.parametrize("path", ["", ".", None, 3, ["a"], object()])
def test_what_is_no_name_of_a_file_is_refused(path):
    for call in (ROUTER.save, UniRoute.load):
        with pytest.raises(ValueError, match="path must be the name of a file; got"):
            call(path)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_what_was_spent_outlives_the_process(how):
    held = Controller(PLAN, horizon=7)
    held.update([30.0, 50.0])
    again = how(held)
    assert again.n_prompts == 2 and again.excess == held.excess and again.target == held.target
    names = ROUTER.route(X, plan=again)
    assert set(names) <= set(NAMES)
    again.update(1.0)
    assert (again.n_prompts, held.n_prompts) == (3, 2)


# --- tables with names --------------------------------------------------------------------------


def table(values, rows=None, columns=None):
    return pd.DataFrame(np.asarray(values), rows, columns)


def shuffled(frame, rng, rows=True):
    """Return a table with its columns, and rows if wanted, in another order."""
    if frame.ndim == 2:
        frame = frame.iloc[:, rng.permutation(frame.shape[1])]
    return frame.iloc[rng.permutation(len(frame))] if rows else frame


IDS = [f"p{i}" for i in range(30)]
PRICES = pd.Series(COSTS, NAMES)
TABLES = {
    "route": (
        lambda gamma, costs: np.array(NAMES)[route(gamma, costs, 0.1)],
        [(GAMMA, "fixed"), (COSTS, "llms")],
    ),
    "route, costs of prompts": (
        lambda gamma, costs: route(gamma, costs, 0.1),
        [(GAMMA, "fixed"), (EACH, "both")],
    ),
    "budget_rule": (
        lambda gamma, costs, weights: budget_rule(gamma, costs, 20.0, weights).cost_weight,
        [(GAMMA, "fixed"), (EACH, "both"), (WEIGHTS, "prompts")],
    ),
    "deferral_curve": (
        lambda gamma, losses, costs, true: deferral_curve(gamma, losses, costs, true).losses,
        [(GAMMA, "fixed"), (LOSSES, "both"), (COSTS, "llms"), (EACH, "both")],
    ),
    "paired_difference": (
        lambda first, second: paired_difference(first, second).standard_error,
        [(WEIGHTS, "fixed prompts"), (X[:, 0], "prompts")],
    ),
    "sign_test": (sign_test, [(WEIGHTS, "fixed prompts"), (30 * X[:, 0], "prompts")]),
    "token_costs": (
        token_costs,
        [
            (EACH, "both"),
            (EACH, "fixed"),
            (table(np.outer(COSTS, [1, 3]), NAMES, ["input", "output"]), "given"),
        ],
    ),
    "Pool": (
        lambda costs, psi: np.column_stack(
            [Pool(NAMES, costs, psi).costs, Pool(NAMES, costs, psi).psi]
        ),
        [(COSTS, "llms"), (np.arange(8.0).reshape(4, 2), "rows of LLMs")],
    ),
    "ClusterMeans": (
        lambda memberships, losses: ClusterMeans().represent(memberships, losses)[0],
        [(ONE_HOT, "fixed prompts"), (LOSSES, "rows")],
    ),
    "LearnedMap": (
        lambda X, losses: LearnedMap(3, max_iter=5).fit(X, losses).layers_[0],
        [(X, "features"), (LOSSES, "rows")],
    ),
    "UniRoute.fit": (
        lambda X, losses, costs: (
            UniRoute(KMeansMap(3))
            .fit(X, losses, names=NAMES, costs=costs)
            .route(np.asarray(X), 0.01)
        ),
        [(X, "plain"), (LOSSES, "columns"), (COSTS, "llms")],
    ),
    "UniRoute.add_llms": (
        lambda X, losses, costs: (
            on(EMPTY, "add_llms")(names=NAMES, X_val=X, losses_val=losses, costs=costs).pool_.psi
        ),
        [(X, "features"), (LOSSES, "both"), (COSTS, "llms")],
    ),
    "UniRoute.add_llms, costs of prompts": (
        lambda X, losses, costs: (
            on(EMPTY, "add_llms")(
                names=NAMES, X_val=X, losses_val=losses, costs=costs
            ).pool_.cost_psi
        ),
        [(X, "features"), (LOSSES, "both"), (EACH, "both")],
    ),
    "UniRoute.add_llms, one": (
        lambda X, losses, costs: (
            on(EMPTY, "add_llms")(names="a", X_val=X, losses_val=losses, costs=costs).pool_.cost_psi
        ),
        [(X, "features"), (LOSSES[:, 0], "prompts"), (EACH[:, 0], "prompts")],
    ),
    "UniRoute.curve": (
        lambda X, losses, true: ROUTER.curve(X, losses, true).losses,
        [(X, "features"), (LOSSES, "both"), (EACH, "both")],
    ),
    "UniRoute.score": (ROUTER.score, [(X, "features"), (LOSSES, "both")]),
    "ZeroRouter.fit": (
        lambda losses, costs: ZeroRouter().fit(NAMES, None, losses, costs).mixture(20.0),
        [(LOSSES, "both"), (COSTS, "llms")],
    ),
    "StaticRouter.fit": (
        lambda X, losses, costs: (
            StaticRouter(Ridge()).fit(NAMES, X, losses, costs).predict_loss(np.asarray(X))
        ),
        [(X, "features"), (LOSSES, "both"), (COSTS, "llms")],
    ),
    "RoutingData": (
        lambda losses, costs, X: np.column_stack(
            [
                getattr(
                    RoutingData(**{**DATA, "losses": losses, "costs": costs, "embeddings": X}), name
                )
                for name in ("losses", "costs", "embeddings")
            ]
        ),
        [(LOSSES, "both"), (EACH, "both"), (X, "rows of features")],
    ),
}


def as_table(values, how, rng):
    """Return values with names, in another order where the names tell."""
    if how in ("fixed", "both", "columns", "rows"):
        frame = table(values, None if how == "columns" else IDS, NAMES)
        return {
            "fixed": lambda: frame,
            "both": lambda: shuffled(frame, rng),
            "columns": lambda: shuffled(frame, rng, rows=False),
            "rows": lambda: frame.iloc[rng.permutation(30)],
        }[how]()
    if how in ("fixed prompts", "prompts"):
        frame = pd.Series(values, IDS) if np.ndim(values) == 1 else table(values, IDS)
        return frame if how == "fixed prompts" else shuffled(frame, rng)
    if how == "llms":
        return shuffled(pd.Series(values, NAMES), rng)
    if how == "rows of LLMs":
        return table(values, NAMES).iloc[rng.permutation(4)]
    if how == "given":
        return shuffled(values, rng)
    if how in ("features", "rows of features"):
        frame = table(values, IDS)
        return frame if how == "features" else frame.iloc[rng.permutation(30)]
    return values


@pytest.mark.parametrize("label", TABLES)
def test_tables_are_read_by_name(label):
    call, arguments = TABLES[label]
    right = call(*(np.asarray(values) for values, _ in arguments))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found = call(*(as_table(values, how, rng) for values, how in arguments))
        if right.__class__ is np.ndarray and right.dtype.kind == "U":
            assert (found == right).all()
        else:
            np.testing.assert_allclose(found, right, rtol=1e-9)


@pytest.mark.parametrize("label", [label for label, (_, args) in TABLES.items() if len(args) > 1])
def test_tables_of_others_are_refused(label):
    call, arguments = TABLES[label]
    rng = np.random.default_rng(0)
    tables = [as_table(values, how, rng) for values, how in arguments]
    refused = 0
    for i, (_, how) in enumerate(arguments):
        if how in ("both", "columns", "llms"):
            other = tables[i].rename({"a": "z"}, axis=tables[i].ndim - 1)
        elif how in ("rows", "prompts"):
            other = tables[i].rename({"p3": "z"})
        else:
            continue
        with pytest.raises(ValueError, match=r"must have (rows|columns) labelled"):
            call(*tables[:i], other, *tables[i + 1 :])
        refused += 1
    assert refused or label == "Pool" or "rows" in str(arguments)


def test_labels_that_nobody_chose_do_not_matter():
    add = on(EMPTY, "add_llms")
    rows = pd.RangeIndex(100, 130)
    right = add(names=NAMES, X_val=X, losses_val=LOSSES, costs=COSTS).psi_
    for losses in (table(LOSSES), table(LOSSES, rows, NAMES), table(LOSSES, rows)):
        for costs in (PRICES, pd.Series(COSTS)):
            found = add(names=NAMES, X_val=table(X), losses_val=losses, costs=costs)
            assert (found.psi_ == right).all()
    # But a shuffled default is an order that somebody made.
    order = np.random.default_rng(0).permutation(30)
    found = add(names=NAMES, X_val=table(X), losses_val=table(LOSSES).iloc[order], costs=COSTS)
    assert (found.psi_ == right).all()


def test_columns_of_training_llms_name_them():
    router = UniRoute(KMeansMap(3)).fit(X, table(LOSSES, columns=NAMES), costs=PRICES.iloc[::-1])
    assert router.llms_ == NAMES
    assert (router.costs_ == COSTS).all()


def test_a_path_has_no_names_to_match():
    with pytest.raises(ValueError, match=r"values must be without names; got a table with 'a'"):
        PATH.mean(table(LOSSES, columns=NAMES))


# --- prompt maps, explanations of plans, stored routers -------------------------------------------


class Weights(TransformerMixin, BaseEstimator):
    """A map of one's own, whose rows are memberships where `total` is 1."""

    def __init__(self, total=1.0):
        self.total = total

    def fit(self, X, y=None):
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X):
        rows = np.exp(np.asarray(X))
        return self.total * rows / rows.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_maps_that_give_no_memberships_are_refused_at_fit(wrap):
    UniRoute(wrap(Weights())).fit(X).add_llms(NAMES, X, LOSSES, COSTS).route(X, 0.1)
    with pytest.raises(ValueError, match=r"prompt_map must make memberships.*got 0\.9 in all"):
        UniRoute(wrap(Weights(0.9))).fit(X)
    router = UniRoute(FrozenEstimator(wrap(Weights()).fit(X))).fit(X)
    router.add_llms(NAMES, X, LOSSES, COSTS)
    last = router.prompt_map_.estimator
    getattr(last, "steps", [(0, last)])[-1][1].total = 2.0
    for call in (
        lambda: router.route(X, 0.1),
        lambda: router.add_llms("z", X, LOSSES[:, 0], 1.0),
    ):
        with pytest.raises(ValueError, match="prompt_map must make memberships"):
            call()


def test_a_plan_is_explained():
    why = ROUTER.explain(X[0], plan=PLAN)
    assert why.cost_weight == PLAN.cost_weight
    assert why.choice == ROUTER.route(X[:1], cost_weight=PLAN.cost_weight)[0]
    cheap, dear = (
        [NAMES[end[i]] for i in range(30)]
        for end in PLAN.rule().ends(ROUTER.predict_loss(X), COSTS)
    )
    shares = [ROUTER.explain(x, plan=PLAN).share for x in X]
    assert shares == [PLAN.share if c != d else 0 for c, d in zip(cheap, dear, strict=True)]
    assert any(shares)
    assert "with probability" in str(ROUTER.explain(X[int(np.argmax(shares))], plan=PLAN))
    held = Controller(PLAN, horizon=1)
    held.update([1e6])  # nothing is left: the cheapest
    why = ROUTER.explain(X[0], plan=held)
    assert (why.choice, why.runner_up, why.cost_weight) == ("a", "b", np.inf)
    with pytest.raises(ValueError, match="exactly one of cost_weight, budget and plan"):
        ROUTER.explain(X[0], 0.1, plan=PLAN)


def test_a_router_is_loaded_with_its_encoder(tmp_path):
    ROUTER.save(tmp_path / "mine")
    router = UniRoute.load(tmp_path / "mine", encoder=Vowels())
    texts = ["aaa", "eee", "ae"]
    assert (
        router.route_texts(texts, cost_weight=0.1) == ROUTER.route_texts(texts, cost_weight=0.1)
    ).all()
    other = Vowels()
    other.fingerprint = "consonants"
    with pytest.raises(ValueError, match=r"encoder must be the one .*'vowels'; got 'consonants'"):
        UniRoute.load(tmp_path / "mine", encoder=other)
    with pytest.raises(ValueError, match="encoder must have a method encode; got 'vowels'"):
        UniRoute.load(tmp_path / "mine", encoder="vowels")


def test_blanks_in_files_are_named_with_their_line(tmp_path):
    path = tmp_path / "traffic.csv"
    path.write_text("prompt,llm,loss,cost\np,m,0,1\np,m ,1,1\n")
    with pytest.raises(ValueError, match=r"line 3, column 'llm': expected no blanks .*got 'm '"):
        load_csv(path, "cents")


def test_every_public_name_is_called():
    """So that a new function gets its bad inputs too."""
    known = {label.split(",")[0].split(".")[0] for label in CALLS}
    aside = {
        *("__version__", "cache_folder", "load_csv", "Router", "Plan"),
        *(name for name in uniroute.__all__ if name.endswith("Warning")),
    }
    assert set(uniroute.__all__) - aside <= known

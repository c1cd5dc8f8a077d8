"""How a router is stored: ``NAME.uniroute``, a zip file of a header and arrays, no pickle.

The header has an entry for each part of the router, see `PARTS`, and the name of an array begins
with that of its part: ``pool.costs``. Only the prompt maps and LLM representations of this package
are stored. Every field is checked before it is written and when it is read; `uniroute.files` writes
the file whole or not at all, and guards against damage. What version 0.1 wrote is read too.
"""

import os
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.frozen import FrozenEstimator

from uniroute._any_map import representation_of
from uniroute._version import __version__
from uniroute._version01 import read_pair
from uniroute.checks import check_names, check_option, check_positive_integer, check_scalar
from uniroute.files import DAMAGED, read_archive, write_archive
from uniroute.llms import ClusterMeans
from uniroute.plan import Plan
from uniroute.pool import Pool
from uniroute.priors import PriorMap
from uniroute.prompts import ConstantMap, KMeansMap, LearnedMap, NeighborMap

__all__ = []

FORMAT, SUFFIX = 2, ".uniroute"
LARGEST = np.finfo(float).max


def save_router(router, path):
    """Write a router to ``NAME.uniroute``."""
    path = _with_suffix(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path must be in an existing folder; {path.parent} does not exist")
    header, arrays, router = {"format": FORMAT}, {}, copy(router)  # other threads may go on
    for name, part in PARTS.items():
        if described := part.describe(router):
            header[name] = described[0]
            arrays |= {f"{name}.{key}": array for key, array in described[1].items()}
    _build_router(type(router), header, arrays)  # what could not be read is not written
    write_archive(path, header, arrays)


def load_router(path, router_class):
    """Read a router from ``NAME.uniroute`` or, if there is none, from what version 0.1 wrote."""
    new, pair = _with_suffix(path), [Path(f"{path}{suffix}") for suffix in (".json", ".npz")]
    found = [file for file in (new, *pair) if file.is_file()]
    if not found:
        raise FileNotFoundError(f"path must name a saved router; {new} does not exist")
    try:
        header, arrays = read_archive(new, FORMAT) if new in found else read_pair(*pair)
        return _build_router(router_class, header, arrays)
    except DAMAGED as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{found[0]} must hold a router; {what}") from error


def _with_suffix(path):
    if not (isinstance(path, str | os.PathLike) and Path(path).name):
        raise ValueError(f"path must be the name of a file; got {path!r}")
    path = Path(path)
    return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)


def _build_router(router_class, header, arrays):
    """Put a router together from a header and arrays, after checking all of them."""
    router, sizes, arrays, unknown = router_class(None), {}, dict(arrays), []
    header = {key: value for key, value in header.items() if key != "format"}
    version = header.pop("uniroute_version", __version__)
    for name, part in PARTS.items():
        if name in header or part.required:
            description = dict(header.pop(name))
            keys = [key for key in arrays if key.startswith(f"{name}.")]
            of_part = {key.removeprefix(f"{name}."): arrays.pop(key) for key in keys}
            part.build(router, description, of_part, sizes)
            unknown += [f"{name}.{key}" for key in (*description, *of_part)]
    if unknown := [*unknown, *header, *arrays]:
        must = f"it must have no fields but those that uniroute {__version__} knows"
        raise ValueError(f"{must}; got {unknown[0]!r}, which uniroute {version} wrote")
    return router


def take_array(arrays, name, dims, sizes, least=-LARGEST):
    """Take an array out of a dict and return it, if it is of finite floats and has its shape.

    `dims` names its dimensions; `sizes` knows their sizes, and learns those it does not know.
    """
    array = arrays.pop(name)
    if array.dtype not in (np.float32, np.float64):
        raise ValueError(f"{name} must be of float32 or float64; got {array.dtype}")
    found = array.shape if array.ndim == len(dims) else dims
    expected = tuple(sizes.setdefault(dim, n) for dim, n in zip(dims, found, strict=True))
    if array.shape != expected:
        raise ValueError(f"{name} must have shape {expected}; got {array.shape}")
    bad = ~((array >= least) & (array <= LARGEST))
    if bad.any():
        least = "" if least < 0 else f" and at least {least}"
        at = np.argwhere(bad)[0].tolist()
        raise ValueError(f"{name} must be finite{least}; got {array[bad][0]} at {at}")
    return array


def _describe(estimator, classes):
    """Return class and parameters."""
    name, params = type(estimator).__name__, estimator.get_params()
    if type(estimator) not in classes:
        names = ", ".join(cls.__name__ for cls in classes)
        raise ValueError(f"class must be one of {names} to be saved; got {name!r}")
    params = {k: v.item() if isinstance(v, np.generic) else v for k, v in params.items()}
    return {"class": name, "params": params}


def _build(description, classes):
    """Return an unfitted estimator of one of the classes."""
    by_name = {cls.__name__: cls for cls in classes}
    name, params = description.pop("class"), description.pop("params")
    check_option("class", name, tuple(by_name))
    estimator = by_name[name](**params)
    for key, value in params.items():
        PARAMETERS[key](key, value)
    return estimator


def _describe_map(router):
    """Return class, parameters and fitted numbers of the prompt map, and its arrays."""
    prompt_map, arrays = router.prompt_map_, {}
    frozen = isinstance(prompt_map, FrozenEstimator)
    while isinstance(prompt_map, FrozenEstimator):
        prompt_map = prompt_map.estimator
    description = _describe(prompt_map, MAPS) | {"frozen": frozen}
    for name, value in vars(prompt_map).items():
        if isinstance(value, list):
            arrays |= {f"{name}.{i}": array for i, array in enumerate(value)}
        elif isinstance(value, np.ndarray):
            arrays[name] = value.astype(str) if value.dtype == object else value
        elif name.endswith("_"):
            description[name] = value
    return description, arrays


def _build_map(router, description, arrays, sizes):
    prompt_map = _build(description, MAPS)
    kind = type(prompt_map)
    sizes["dims"] = prompt_map.n_features_in_ = description.pop("n_features_in_")
    check_positive_integer("n_features_in_", sizes["dims"])
    if kind is ConstantMap:
        sizes["features"] = 1
    for name, check in NUMBERS.get(kind, {}).items():
        check(name, description[name])
        setattr(prompt_map, name, description.pop(name))
    if kind in ROWS:
        rows = take_array(arrays, ROWS[kind], ("features", "dims"), sizes)
        setattr(prompt_map, ROWS[kind], rows)
    if kind is LearnedMap:
        layers = enumerate(LAYERS[prompt_map.architecture])
        prompt_map.layers_ = [take_array(arrays, f"layers_.{i}", dims, sizes) for i, dims in layers]
    if kind is PriorMap:
        _build_prior(prompt_map, description, arrays, sizes)
    if "cluster_sizes_" in arrays:  # of training prompts; not in older files
        dims = ("kinds" if kind is PriorMap else "features",)
        prompt_map.cluster_sizes_ = take_array(arrays, "cluster_sizes_", dims, sizes, least=0)
    if kind is NeighborMap and prompt_map.n_neighbors > len(rows):
        raise ValueError(f"n_neighbors must be at most {len(rows)}; got {prompt_map.n_neighbors}")
    if "feature_names_in_" in arrays:
        names = arrays.pop("feature_names_in_").astype(object)
        if len(check_names(names)) != sizes["dims"]:
            raise ValueError(f"feature_names_in_ must be {sizes['dims']} names; got {len(names)}")
        prompt_map.feature_names_in_ = names
    check_option("frozen", frozen := description.pop("frozen", False), (True, False))
    router.prompt_map = FrozenEstimator(prompt_map) if frozen else prompt_map


def _build_prior(prior, description, arrays, sizes):
    prior.sizes_ = tuple(description.pop("sizes_"))
    for size in prior.sizes_:
        check_positive_integer("sizes_", size)
    sizes |= {"clusters": sum(prior.sizes_), "sets": len(prior.sizes_), "kinds": prior.sizes_[0]}
    sizes["features"] = sizes["clusters"] + sizes["dims"] + 1
    for name, dims in PRIOR.items():
        setattr(prior, name, take_array(arrays, name, dims, sizes))
    for name, least in {"scale_": 0, "level_": -LARGEST, "spread_": 0}.items():
        setattr(prior, name, check_scalar(name, description.pop(name), least, LARGEST))


def _describe_representation(router):
    if router.representation_ is representation_of(router.prompt_map_):
        return {"class": "prompt_map"}, {}
    return _describe(router.representation_, (ClusterMeans,)), {}


def _build_representation(router, description, arrays, sizes):
    own = representation_of(router.prompt_map)
    if description == {"class": "prompt_map"} and own is not None:
        router.representation_, _ = own, description.clear()
        return
    router.representation_ = router.representation = _build(description, (ClusterMeans,))


def _describe_pool(router):
    pool = router.pool_
    header = {"names": list(pool.llms)}
    arrays = {"costs": pool.costs, "psi": pool.psi, "counts": pool.counts}
    if pool.cost_psi is not None:
        arrays["cost_psi"] = pool.cost_psi
    return header | ({"encoder": pool.fingerprint} if pool.fingerprint else {}), arrays


def _build_pool(router, description, arrays, sizes):
    names, encoder = description.pop("names"), description.pop("encoder", None)
    if not isinstance(names, list):
        raise ValueError(f"names must be a list; got {names!r}")
    if encoder is not None:
        check_names(encoder)
    sizes["LLMs"] = len(names)
    dims = ("LLMs", "features" if names else "features of none")
    costs = take_array(arrays, "costs", dims[:1], sizes, least=0)
    psi = take_array(arrays, "psi", dims, sizes)
    counts = take_array(arrays, "counts", dims, sizes, least=0)
    cost_psi = take_array(arrays, "cost_psi", dims, sizes, 0) if "cost_psi" in arrays else None
    router.pool_ = Pool(names, costs, psi, counts, cost_psi, router.prompt_map, encoder)


def _describe_plans(router):
    """Return the plans' budgets and keys, and what is kept of their prompts."""
    plans, arrays = router.pool_.plans, {}
    for i, plan in enumerate(plans):
        arrays[f"{i}.weights"] = plan.weights
        if sparse.issparse(plan.features):
            for name in ("data", "indices", "indptr"):
                arrays[f"{i}.{name}"] = getattr(plan.features, name).astype(float)
        elif plan.features.ndim == 2:
            arrays[f"{i}.features"] = plan.features
    return ({plan.key: plan.budget for plan in plans}, arrays) if plans else None


def _build_plans(router, description, arrays, sizes):
    plans = []
    for i, key in enumerate(list(description)):
        budget, clusters = description.pop(key), np.arange(sizes["features"])
        check_scalar("budget", budget, 0, LARGEST)
        rows = f"rows of plan {i}"
        if f"{i}.features" in arrays:
            features = take_array(arrays, f"{i}.features", (rows, "features"), sizes)
        elif f"{i}.data" in arrays:
            dims = {"data": "entries", "indices": "entries", "indptr": "ends"}
            data, *places = (
                take_array(arrays, f"{i}.{name}", (f"{dim} of plan {i}",), sizes)
                for name, dim in dims.items()
            )
            sizes[rows] = len(places[1]) - 1
            places = [values.astype(int) for values in places]
            features = sparse.csr_matrix((data, *places), shape=(sizes[rows], len(clusters)))
            features.check_format(full_check=True)
        else:
            features, sizes[rows] = clusters, len(clusters)
        weights = take_array(arrays, f"{i}.weights", (rows,), sizes, least=0)
        plans.append(Plan(float(budget), features, weights, key))
    router.pool_ = router.pool_.plan(*plans)


class Part(NamedTuple):
    """How a part of a router is stored.

    `describe` takes a router and returns what the header says of the part, a dict, and {name:
    array}; or None. `build` takes a router, both dicts, and the sizes of dimensions known so far;
    it takes out of them what it knows, checks it, and puts it into the router; the rest is refused.
    """

    describe: Callable
    build: Callable
    required: bool = True


PARTS = {
    "prompt_map": Part(_describe_map, _build_map),
    "representation": Part(_describe_representation, _build_representation),
    "pool": Part(_describe_pool, _build_pool),
    "plans": Part(_describe_plans, _build_plans, required=False),
}
MAPS = (ConstantMap, KMeansMap, LearnedMap, NeighborMap, PriorMap)


def _one_of(*options):
    return lambda name, value: check_option(name, value, options)


PARAMETERS = {
    **dict.fromkeys(["n_clusters", "n_neighbors", "max_iter", "epochs"], check_positive_integer),
    "n_init": lambda name, value: value == "auto" or check_positive_integer(name, value),
    "random_state": lambda name, value: value is None or check_positive_integer(name, value, 0),
    "l2": lambda name, value: check_scalar(name, value, 0, LARGEST),
    "fit_intercept": _one_of(True, False),
    "architecture": _one_of("linear", "mlp"),
    "assignment": _one_of("hard", "soft"),
    "empty": _one_of("overall", "error"),
}
# What was fitted: numbers, an array with a row for each feature, and the layers of a learned map.
NUMBERS = {
    KMeansMap: {"n_iter_": check_positive_integer},
    LearnedMap: {"train_loss_": PARAMETERS["l2"]},
}
ROWS = {KMeansMap: "cluster_centers_", LearnedMap: "cluster_centers_", NeighborMap: "X_val_"}
PRIOR = {
    "cluster_centers_": ("clusters", "dims"),
    "sharpness_": ("sets",),
    "center_": ("features",),
    "mean_": ("features",),
    "factor_": ("features", "directions"),
    "flat_mean_": ("features",),
    "flat_factor_": ("features", "flat directions"),
}
LAYERS = {
    "linear": [("dims", "features"), ("features",)],
    "mlp": [
        *[("dims",), ("dims",), ("dims", "width"), ("width",), ("width", "second width")],
        *[("second width",), ("second width", "features"), ("features",)],
    ],
}

"""The format in which a router is stored: a JSON file and an npz file, no pickle.

``path.json`` holds ``format`` (1), ``uniroute_version``, ``npz_sha256``, ``llms``, and for the
prompt map and the representation their ``class``, ``params`` and, for the map, the fitted
``scalars`` and the number of arrays in each of its ``lists``; ``frozen`` if the map came in a
`FrozenEstimator`. ``path.npz`` holds the arrays ``costs``, ``psi``, ``weights`` (the counts) and,
prefixed with ``map.``, the fitted arrays of the prompt map; a `LearnedMap` has its layers as
``weights_`` there. Only the prompt maps and LLM representations of this package can be saved and
loaded, and what version 0.1 saved is loaded too.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator

from uniroute._version import __version__
from uniroute.checks import check_names
from uniroute.pool import Pool

__all__ = []

FORMAT = 1
STORED_AS = {"layers_": "weights_"}  # attributes that have another name in the files
ATTRIBUTE = {stored: name for name, stored in STORED_AS.items()}


def _classes():
    """Return the classes that a file may name."""
    from uniroute import llms, prompts

    public = [getattr(module, name) for module in (prompts, llms) for name in module.__all__]
    return {
        cls.__name__: cls
        for cls in public
        if isinstance(cls, type) and issubclass(cls, BaseEstimator)
    }


def _paths(path):
    path = Path(path)
    return path.with_name(path.name + ".json"), path.with_name(path.name + ".npz")


def save_router(router, path):
    """Write both files; the JSON file, which names the checksum of the other, comes last."""
    json_path, npz_path = _paths(path)
    if not json_path.parent.is_dir():
        raise FileNotFoundError(
            f"path must be in an existing folder; {json_path.parent} does not exist"
        )
    pool = router.pool_
    prompt_map, arrays = _describe_map(pool.phi)
    arrays |= {"costs": pool.costs, "psi": pool.psi, "weights": pool.counts}
    header = {
        "format": FORMAT,
        "uniroute_version": __version__,
        "llms": list(pool.llms),
        "prompt_map": prompt_map,
        "representation": _describe(router.representation_),
    }
    json_part, npz_part = (p.with_name(p.name + ".part") for p in (json_path, npz_path))
    try:
        with npz_part.open("wb") as file:
            np.savez_compressed(file, **arrays)
        header["npz_sha256"] = _sha256(npz_part)
        json_part.write_text(json.dumps(header, indent=1), encoding="utf-8")
        os.replace(npz_part, npz_path)
        os.replace(json_part, json_path)
    finally:
        for part in (json_part, npz_part):
            part.unlink(missing_ok=True)


def load_router(path, router_class):
    """Read both files and put a router together."""
    json_path, npz_path = _paths(path)
    header, arrays = _read(json_path, npz_path)
    try:
        router = router_class(_build_map(header["prompt_map"], arrays))
        router.representation = _build(header["representation"])
        router.representation_ = router.representation
        names = check_names(header["llms"]) if header["llms"] else []
        _check_shapes(names, arrays, router.prompt_map)
        numbers = (arrays[name] for name in ("costs", "psi", "weights"))
        router.pool_ = Pool(names, *numbers, phi=router.prompt_map)
    except KeyError as error:
        raise ValueError(f"{json_path} must describe a router; it lacks {error}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{json_path} must describe a router; {error}") from error
    return router


def _check_shapes(names, arrays, prompt_map):
    """Raise unless the pool's arrays fit its names and the prompt map."""
    n_llms, n_features = len(names), len(prompt_map.get_feature_names_out())
    shapes = tuple(arrays[name].shape for name in ("costs", "psi", "weights"))
    features = (n_llms, n_features) if n_llms else (0, *shapes[1][1:])
    if shapes != ((n_llms,), features, features):
        raise ValueError(
            f"{n_llms} LLMs with {n_features} features do not fit costs, psi and counts of shapes "
            f"{', '.join(map(str, shapes))}"
        )


def _read(json_path, npz_path):
    """Return the header and the arrays, after checking that they belong together."""
    for file in (json_path, npz_path):
        if not file.is_file():
            raise FileNotFoundError(f"path must name a saved router; {file} does not exist")
    try:
        header = json.loads(json_path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{json_path} must be a JSON file; it is damaged: {error}") from error
    found = header.get("format") if isinstance(header, dict) else None
    if found != FORMAT:
        raise ValueError(f"{json_path} must have format {FORMAT}; got {found!r}")
    if _sha256(npz_path) != header.get("npz_sha256"):
        raise ValueError(f"{npz_path} must have the SHA-256 that {json_path} names; it differs")
    with np.load(npz_path, allow_pickle=False) as file:
        return header, dict(file)


def _sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _describe(estimator):
    """Return class and parameters, as JSON can hold them."""
    if _classes().get(type(estimator).__name__) is not type(estimator):
        raise ValueError(
            f"class must be one of {', '.join(_classes())} to be saved; "
            f"got {type(estimator).__name__!r}"
        )
    params = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in estimator.get_params().items()
    }
    for name, value in params.items():
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise ValueError(f"{name} must be a plain number or string to be saved; got {value!r}")
    return {"class": type(estimator).__name__, "params": params}


def _build(description):
    """Return an unfitted estimator of an allowed class."""
    classes = _classes()
    name = description["class"]
    if name not in classes:
        raise ValueError(f"class must be one of {', '.join(classes)}; got {name!r}")
    return classes[name](**description["params"])


def _is_fitted_name(name):
    """Tell whether scikit-learn would call an attribute of this name fitted."""
    return name.endswith("_") and not name.startswith("_")


def _describe_map(prompt_map):
    """Return the description of a fitted prompt map and its arrays."""
    if isinstance(prompt_map, FrozenEstimator):
        description, arrays = _describe_map(prompt_map.estimator)
        return description | {"frozen": True}, arrays
    fitted = {STORED_AS.get(k, k): v for k, v in vars(prompt_map).items() if _is_fitted_name(k)}
    arrays = {f"map.{k}": _no_objects(v) for k, v in fitted.items() if isinstance(v, np.ndarray)}
    lists = {k: len(v) for k, v in fitted.items() if isinstance(v, list)}
    for name in lists:
        arrays |= {f"map.{name}.{i}": value for i, value in enumerate(fitted[name])}
    scalars = {k: v for k, v in fitted.items() if isinstance(v, (int, float))}
    return _describe(prompt_map) | {"scalars": scalars, "lists": lists}, arrays


def _build_map(description, arrays):
    """Return a fitted prompt map."""
    prompt_map = _build(description)
    fitted = dict(description["scalars"])
    for name, length in description["lists"].items():
        fitted[name] = [arrays[f"map.{name}.{i}"] for i in range(length)]
    for key, value in arrays.items():
        if key.startswith("map.") and key.count(".") == 1:
            text = value.dtype.kind == "U"
            fitted[key.removeprefix("map.")] = value.astype(object) if text else value
    for name, value in fitted.items():
        if not _is_fitted_name(name):
            raise ValueError(f"names of fitted attributes must end in _; got {name!r}")
        setattr(prompt_map, ATTRIBUTE.get(name, name), value)
    return FrozenEstimator(prompt_map) if description.get("frozen") else prompt_map


def _no_objects(array):
    """Return column names, which scikit-learn keeps as objects, as text; other arrays as is."""
    return array.astype(str) if array.dtype == object else array

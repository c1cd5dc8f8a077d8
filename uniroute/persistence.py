"""The format in which a router is stored: a JSON file and an npz file, no pickle.

``path.json`` holds ``format`` (1), ``uniroute_version``, ``npz_sha256``, ``llms``, and for the
prompt map and the representation their ``class``, ``params`` and, for the map, the fitted
``scalars`` and the number of arrays in each of its ``lists``. ``path.npz`` holds the arrays
``costs``, ``psi``, ``weights`` and, prefixed with ``map.``, the fitted arrays of the prompt map.
Only the prompt maps and LLM representations of this package can be loaded.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from uniroute._version import __version__

__all__ = []

FORMAT = 1


def _classes():
    """Return the classes that a file may name."""
    from uniroute import llms, prompts

    classes = [getattr(prompts, name) for name in prompts.__all__] + [llms.ClusterMeans]
    return {cls.__name__: cls for cls in classes}


def _paths(path):
    path = Path(path)
    return path.with_name(path.name + ".json"), path.with_name(path.name + ".npz")


def save_router(router, path):
    """Write both files; the JSON file, which names the checksum of the other, comes last."""
    json_path, npz_path = _paths(path)
    prompt_map, arrays = _describe_map(router.prompt_map_)
    arrays |= {"costs": router.costs_, "psi": router.psi_, "weights": router.weights_}
    part = npz_path.with_name(npz_path.name + ".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    header = {
        "format": FORMAT,
        "uniroute_version": __version__,
        "npz_sha256": _sha256(part),
        "llms": router.llms_,
        "prompt_map": prompt_map,
        "representation": _describe(router.representation_),
    }
    json_part = json_path.with_name(json_path.name + ".part")
    json_part.write_text(json.dumps(header, indent=1), encoding="utf-8")
    os.replace(part, npz_path)
    os.replace(json_part, json_path)


def load_router(path, router_class):
    """Read both files and put a router together."""
    header, arrays = _read(path)
    prompt_map = _build(header["prompt_map"])
    for name, value in header["prompt_map"]["scalars"].items():
        setattr(prompt_map, name, value)
    for name, length in header["prompt_map"]["lists"].items():
        setattr(prompt_map, name, [arrays[f"map.{name}.{i}"] for i in range(length)])
    for key, value in arrays.items():
        if key.startswith("map.") and key.count(".") == 1:
            setattr(prompt_map, key.removeprefix("map."), value)
    representation = _build(header["representation"])
    router = router_class(prompt_map, representation)
    router.prompt_map_, router.representation_ = prompt_map, representation
    router.llms_ = header["llms"]
    router.costs_, router.psi_, router.weights_ = (arrays[k] for k in ("costs", "psi", "weights"))
    return router


def _read(path):
    """Return the header and the arrays, after checking that they belong together."""
    json_path, npz_path = _paths(path)
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
    if _sha256(npz_path) != header["npz_sha256"]:
        raise ValueError(f"{npz_path} must have the SHA-256 that {json_path} names; it differs")
    with np.load(npz_path, allow_pickle=False) as file:
        return header, dict(file)


def _sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _describe(estimator):
    """Return class and parameters, as JSON can hold them."""
    params = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in estimator.get_params().items()
    }
    for name, value in params.items():
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise ValueError(f"{name} must be a plain number or string to be saved; got {value!r}")
    return {"class": type(estimator).__name__, "params": params}


def _describe_map(prompt_map):
    """Return the description of a fitted prompt map and its arrays."""
    fitted = {k: v for k, v in vars(prompt_map).items() if k.endswith("_") and k[0] != "_"}
    arrays = {f"map.{k}": v for k, v in fitted.items() if isinstance(v, np.ndarray)}
    lists = {k: len(v) for k, v in fitted.items() if isinstance(v, list)}
    for name in lists:
        arrays |= {f"map.{name}.{i}": value for i, value in enumerate(fitted[name])}
    scalars = {k: v for k, v in fitted.items() if isinstance(v, (int, float))}
    return _describe(prompt_map) | {"scalars": scalars, "lists": lists}, arrays


def _build(description):
    """Return an unfitted estimator of an allowed class."""
    classes = _classes()
    name = description["class"]
    if name not in classes:
        raise ValueError(f"class must be one of {', '.join(classes)}; got {name!r}")
    return classes[name](**description["params"])

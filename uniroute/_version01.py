"""What version 0.1 wrote of a router: two files, ``NAME.json`` and ``NAME.npz``."""

import hashlib

from uniroute.files import parse_array, parse_header, read_members


def read_pair(json_path, npz_path):
    """Return the header and the arrays of two files, as format 2 has them."""
    for file in (json_path, npz_path):
        if not file.is_file():
            raise FileNotFoundError(f"path must name a saved router; {file} does not exist")
    old = parse_header(json_path.read_bytes(), 1)
    if hashlib.sha256(npz_path.read_bytes()).hexdigest() != old["npz_sha256"]:
        raise ValueError(f"{npz_path} must have the SHA-256 that it names; it differs")
    members = read_members(npz_path)
    arrays = {_renamed(name[:-4]): parse_array(name[:-4], part) for name, part in members.items()}
    prompt_map = {k: v for k, v in old["prompt_map"].items() if k not in ("scalars", "lists")}
    header = {name: old[name] for name in ("format", "uniroute_version", "representation")}
    header["prompt_map"] = prompt_map | old["prompt_map"]["scalars"]
    return header | {"pool": {"names": old["llms"]}}, arrays


def _renamed(name):
    """Return the name in format 2 of an array of format 1."""
    if name.startswith("map."):
        return f"prompt_{name}".replace(".weights_.", ".layers_.")
    return f"pool.{name}".replace("weights", "counts")

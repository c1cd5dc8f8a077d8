"""A router's file: what it holds, that it is always whole, and that every field is checked.

Files of version 0.1 have tests of their own, in test_saved.py.
"""

import hashlib
import io
import json
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from scripts import stress_saves
from uniroute import (
    ClusterMeans,
    ConstantMap,
    KMeansMap,
    LearnedMap,
    NeighborMap,
    UniRoute,
    random_world,
)
from uniroute.files import parse_array, read_archive, write_archive
from uniroute.persistence import PARTS, Part, take_array

WORLD = random_world(n_llms=6, random_state=1)
TRAIN, VAL, TEST = (WORLD.sample(n, random_state=s) for n, s in ((300, 2), (200, 3), (400, 4)))
NAMES = list("abcdef")
SAVED = Path(__file__).parent / "saved"
MAPS = [
    ConstantMap(),
    KMeansMap(5),
    NeighborMap(7),
    LearnedMap(5, max_iter=20, assignment="hard"),
    LearnedMap(5, max_iter=20, assignment="soft", fit_intercept=False),
]


def unfilled(prompt_map):
    if isinstance(prompt_map, NeighborMap):
        return UniRoute(prompt_map).fit(VAL.X)
    return UniRoute(prompt_map).fit(TRAIN.X, TRAIN.losses)


def filled(prompt_map):
    return unfilled(prompt_map).add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs)


def assert_same(loaded, router, X=TEST.X):
    assert list(loaded.llms_) == list(router.llms_)
    assert loaded.costs_.tolist() == router.costs_.tolist()
    assert np.array_equal(loaded.counts_, router.counts_)
    assert np.array_equal(loaded.predict_loss(X), router.predict_loss(X))


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


# --- what is saved comes back ---------------------------------------------------------------------


@pytest.mark.parametrize("prompt_map", MAPS, ids=str)
def test_saved_router_is_the_same_router(prompt_map, tmp_path):
    router = filled(prompt_map)
    router.save(tmp_path / "router.v1")
    assert files_in(tmp_path) == ["router.v1.uniroute"]
    loaded = UniRoute.load(tmp_path / "router.v1")
    assert_same(loaded, router)
    for one in (router, loaded):
        one.add_llms("new", VAL.X, VAL.losses[:, 0], 2.0).remove_llms("a")
    assert_same(loaded, router)
    assert str(loaded.get_params()) == str(UniRoute(prompt_map, ClusterMeans()).get_params())


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("saved", ["r", "r.uniroute"])
@pytest.mark.parametrize("loaded", ["r", "r.uniroute"])
def test_suffix_may_be_given(as_text, saved, loaded, tmp_path):
    as_path = str if as_text else Path
    router = filled(ConstantMap())
    router.save(as_path(tmp_path / saved))
    assert files_in(tmp_path) == ["r.uniroute"]
    assert_same(UniRoute.load(as_path(tmp_path / loaded)), router)


@pytest.mark.parametrize("prompt_map", MAPS, ids=str)
def test_router_without_llms_can_be_saved(prompt_map, tmp_path):
    empty, emptied = unfilled(prompt_map), filled(prompt_map).remove_llms(NAMES)
    for name, router in {"empty": empty, "emptied": emptied}.items():
        router.save(tmp_path / name)
        loaded = UniRoute.load(tmp_path / name)
        assert list(loaded.llms_) == []
        loaded.add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs)
        assert_same(loaded, filled(prompt_map))


def test_new_file_is_preferred_to_a_pair_of_version_0_1(tmp_path):
    for suffix in (".json", ".npz"):
        (tmp_path / f"r{suffix}").write_bytes((SAVED / f"kmeans{suffix}").read_bytes())
    router = UniRoute.load(tmp_path / "r").remove_llms("huge")
    router.save(tmp_path / "r")
    assert list(UniRoute.load(tmp_path / "r").llms_) == ["small", "middle", "large"]


@pytest.mark.parametrize("prompt_map", [ConstantMap(), KMeansMap(5), NeighborMap(7)], ids=str)
def test_router_fitted_on_named_columns_can_be_saved(prompt_map, tmp_path):
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    X = pd.DataFrame(VAL.X, columns=["east", "nørth"])
    router = UniRoute(prompt_map).fit(X).add_llms(NAMES, X, VAL.losses, WORLD.costs)
    router.save(tmp_path / "r")
    loaded = UniRoute.load(tmp_path / "r")
    assert_same(loaded, router, X)
    with pytest.raises(ValueError, match="feature names should match"):
        loaded.predict_loss(X[["nørth", "east"]])


@pytest.mark.parametrize("prompt_map", MAPS, ids=str)
def test_a_router_with_a_frozen_map_is_saved_and_stays_frozen(prompt_map, tmp_path):
    fitted_map = FrozenEstimator(unfilled(prompt_map).prompt_map_)
    router = UniRoute(fitted_map).fit(TRAIN.X)
    router.add_llms(NAMES, VAL.X, VAL.losses, WORLD.costs).save(tmp_path / "r")
    loaded = UniRoute.load(tmp_path / "r")
    assert_same(loaded, router)
    for one in (router, loaded):
        one.fit(10 + TRAIN.X[::-1]).add_llms("new", VAL.X, VAL.losses[:, 0], 2.0)
    assert_same(loaded, router)


def test_numbers_of_numpy_are_plain_numbers_in_the_file(tmp_path):
    router = unfilled(KMeansMap(np.int64(5), random_state=np.int32(3)))
    router.save(tmp_path / "r")
    params = UniRoute.load(tmp_path / "r").prompt_map.get_params()
    assert (type(params["n_clusters"]), params["random_state"]) == (int, 3)


def test_names_may_be_any_text(tmp_path):
    names = ["x/é", "../up", 'quote"', "new\nline", "\ud800", "模型"]
    unfilled(ConstantMap()).add_llms(names, VAL.X, VAL.losses, WORLD.costs).save(tmp_path / "r")
    assert list(UniRoute.load(tmp_path / "r").llms_) == names


def test_file_is_an_open_format_and_the_same_each_time(tmp_path):
    router = filled(KMeansMap(5))
    router.save(tmp_path / "r")
    with np.load(tmp_path / "r.uniroute", allow_pickle=False) as file:
        assert np.array_equal(file["pool.psi"], router.psi_)
        assert np.array_equal(
            file["prompt_map.cluster_centers_"], router.prompt_map_.cluster_centers_
        )
        header = json.loads(file["header.json"])
        assert header["pool"] == {"names": NAMES}
        told = header.pop("sha256")
        assert hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest() == told
    first = (tmp_path / "r.uniroute").read_bytes()
    UniRoute.load(tmp_path / "r").save(tmp_path / "again")
    assert (tmp_path / "again.uniroute").read_bytes() == first


def test_a_part_can_be_optional(tmp_path, monkeypatch):
    """A file with a part that a version does not know is refused; without it, it is read."""

    def describe(router):
        notes = getattr(router, "notes", None)
        return None if notes is None else ({"unit": "cents"}, {"numbers": notes})

    def build(router, description, arrays, sizes):
        assert description.pop("unit") == "cents"
        router.notes = take_array(arrays, "numbers", ("any", "features"), sizes, least=0)

    router = filled(KMeansMap(5))
    router.save(tmp_path / "without")
    with monkeypatch.context() as newer:
        newer.setitem(PARTS, "notes", Part(describe, build, required=False))
        assert not hasattr(UniRoute.load(tmp_path / "without"), "notes")
        router.notes = np.eye(2, 5)
        router.save(tmp_path / "with")
        assert np.array_equal(UniRoute.load(tmp_path / "with").notes, router.notes)
        router.notes = np.eye(2, 4)
        with pytest.raises(ValueError, match=r"numbers must have shape \(2, 5\); got \(2, 4\)"):
            router.save(tmp_path / "with")
    with pytest.raises(ValueError, match=r"must have no fields but those .*; got 'notes', which"):
        UniRoute.load(tmp_path / "with")
    assert_same(UniRoute.load(tmp_path / "without"), router)


# --- what could not be read is not written --------------------------------------------------------


class Sides(TransformerMixin, BaseEstimator):
    """A prompt map of a user: on which side of the origin."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        left = np.asarray(X)[:, 0] < 0
        return np.column_stack([left, ~left]).astype(float)


FOREIGN = {
    "Sides": Sides(),
    "KMeansMap": type("KMeansMap", (Sides,), {})(),  # a name is not enough
    "Pipeline": make_pipeline(Normalizer(), KMeansMap(3)),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_maps_are_refused_by_name(name, tmp_path):
    with pytest.raises(ValueError, match=rf"class must be one of .*; got '{name}'"):
        unfilled(FOREIGN[name]).save(tmp_path / "r")
    assert files_in(tmp_path) == []


def test_foreign_representation_is_refused_by_name(tmp_path):
    means = type("Means", (ClusterMeans,), {})()
    with pytest.raises(ValueError, match=r"class must be one of ClusterMeans .*; got 'Means'"):
        UniRoute(ConstantMap(), means).fit(TRAIN.X).save(tmp_path / "r")
    assert files_in(tmp_path) == []


def damage_centers(router, value):
    router.prompt_map_.cluster_centers_[3, 1] = value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: damage_centers(r, np.nan), r"centers_ must be finite; got nan at \[3, 1\]"),
        (lambda r: damage_centers(r, -np.inf), "centers_ must be finite; got -inf"),
        (lambda r: setattr(r.prompt_map_, "n_iter_", None), "n_iter_ must be .*; got None"),
        (lambda r: setattr(r.prompt_map_, "more_", 1), "got 'prompt_map.more_'"),
        (lambda r: setattr(r.prompt_map_, "more_", np.eye(2)), "got 'prompt_map.more_'"),
        (lambda r: r.prompt_map_.set_params(random_state=np.random.RandomState(0)), "random_state"),
        (lambda r: r.representation_.set_params(empty="zero"), "empty must be one of"),
    ],
)
def test_router_that_could_not_be_loaded_is_not_saved(change, words, tmp_path):
    router = filled(KMeansMap(5))
    router.save(tmp_path / "r")
    before = (tmp_path / "r.uniroute").read_bytes()
    change(router)
    with pytest.raises(ValueError, match=words):
        router.save(tmp_path / "r")
    assert files_in(tmp_path) == ["r.uniroute"]
    assert (tmp_path / "r.uniroute").read_bytes() == before


def test_folder_to_save_in_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"path must be in an existing folder; .*nowhere"):
        filled(ConstantMap()).save(tmp_path / "nowhere" / "r")


# --- whole or not at all --------------------------------------------------------------------------


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize(
    ("place", "name", "times"),
    [(zipfile.ZipFile, "writestr", 5), (os, "fsync", 1), (os, "replace", 1)],
    ids=str,
)
def test_interrupted_save_leaves_the_old_file(place, name, times, last, tmp_path, monkeypatch):
    """Interrupted before the first, or before the last, of the steps of a kind."""
    router, done = filled(KMeansMap(5)), []
    router.save(tmp_path / "r")
    before = (tmp_path / "r.uniroute").read_bytes()
    step = getattr(place, name)

    def interrupt(*arguments, **keywords):
        done.append(name)
        if len(done) > last * (times - 1):
            raise Interrupted
        return step(*arguments, **keywords)

    monkeypatch.setattr(place, name, interrupt)
    with pytest.raises(Interrupted):
        router.remove_llms("a").save(tmp_path / "r")
    assert len(done) == 1 + last * (times - 1)
    assert files_in(tmp_path) == ["r.uniroute"]
    assert (tmp_path / "r.uniroute").read_bytes() == before


def test_bytes_are_on_disk_before_the_file_takes_its_place(tmp_path, monkeypatch):
    router, calls = filled(ConstantMap()), []
    fsync, replace = os.fsync, os.replace

    def record_fsync(handle):
        calls.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", lambda *pair: calls.append("replace") or replace(*pair))
    router.save(tmp_path / "r")
    if os.path.isdir("/proc/self/fd"):
        assert calls == ["file", "replace", "folder"]


def test_others_may_read_the_file_as_any_other(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    filled(ConstantMap()).save(tmp_path / "r")
    modes = [(tmp_path / name).stat().st_mode for name in ("plain", "r.uniroute")]
    assert modes[0] == modes[1]


def test_threads_that_save_to_one_path_do_not_collide(tmp_path):
    saved = [filled(ConstantMap()), filled(ConstantMap()).remove_llms("a")]
    errors = []
    saved[0].save(tmp_path / "r")

    def work(router):
        try:
            for _ in range(10):
                router.save(tmp_path / "r")
                assert len(UniRoute.load(tmp_path / "r").llms_) in (5, 6)
        except Exception as error:
            errors.append(error)

    threads = [Thread(target=work, args=[router]) for router in saved * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert files_in(tmp_path) == ["r.uniroute"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_killed_and_concurrent_savers_leave_a_whole_router(capfd):
    """20 kills at random, one in each line of what writes a file, and loads among saves."""
    with pytest.raises(SystemExit) as end:
        stress_saves.main(["--kills", "20", "--loads", "100"])
    assert end.value.code == 0, capfd.readouterr()


# --- damaged and forged files ---------------------------------------------------------------------


def rewritten(path, change):
    """Write a file anew, checksums included, with its header and arrays changed."""
    header, arrays = read_archive(path, 2)
    change(header, arrays)
    write_archive(path, header, arrays)


def test_every_flipped_bit_and_every_cut_is_noticed_or_harmless(tmp_path):
    router, path = filled(ConstantMap()).remove_llms(list("cdef")), tmp_path / "r.uniroute"
    router.save(path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    noticed = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            assert_same(UniRoute.load(path), router, TEST.X[:2])
        except ValueError as error:
            assert str(path) in str(error)
            noticed += 1
    # What says nothing about a router: dates, permissions and versions that a zip file has.
    assert noticed > 0.75 * len(whole)
    for length in range(0, len(whole), 11):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"r\.uniroute must hold a router"):
            UniRoute.load(path)


def test_names_and_arrays_that_change_places_are_noticed(tmp_path):
    filled(KMeansMap(5)).save(tmp_path / "r")
    with zipfile.ZipFile(tmp_path / "r.uniroute") as file:
        members = {name: file.read(name) for name in file.namelist()}

    def written(changed):
        with zipfile.ZipFile(tmp_path / "other.uniroute", "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in {**members, **changed}.items():
                file.writestr(name, content)
        return UniRoute.load(tmp_path / "other")

    assert list(written({}).llms_) == NAMES  # packed anew by another program
    header = json.loads(members["header.json"])
    header["pool"]["names"].reverse()
    with pytest.raises(ValueError, match=r"header\.json must have the SHA-256"):
        written({"header.json": json.dumps(header)})
    with pytest.raises(ValueError, match=r"pool\.psi\.npy must have the SHA-256"):
        written({"pool.psi.npy": members["pool.counts.npy"]})
    with pytest.raises(ValueError, match=r"header\.json must name the arrays"):
        written({"pool.more.npy": members["pool.psi.npy"]})


def test_a_router_is_loaded_without_the_parser_of_python(tmp_path, monkeypatch):
    """Two threads that parse at once can fail: "AST constructor recursion depth mismatch"."""
    filled(KMeansMap(5)).save(tmp_path / "r")

    def fail(*_args, **_options):
        raise SystemError("AST constructor recursion depth mismatch")

    with monkeypatch.context() as patch:
        patch.setattr("ast.parse", fail)
        patch.setattr("ast.literal_eval", fail)
        names = UniRoute.load(tmp_path / "r").llms_
    assert list(names) == NAMES


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i8", "|u1", "|b1", "<U3", "<c16", "<M8[s]"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (1, 0, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_as_numpy_reads_them(dtype, shape, order):
    values = np.arange(6)[: np.prod(shape, dtype=int)].reshape(shape).astype(dtype, order=order)
    content = io.BytesIO()
    np.lib.format.write_array(content, values, version=(1, 0))
    again = parse_array("a", content.getvalue())
    np.testing.assert_array_equal(again, values)
    assert (again.dtype, again.flags.writeable) == (values.dtype, True)


@pytest.mark.parametrize(
    ("array", "version"),
    [
        (np.ones(2), (2, 0)),
        (np.array([{}]), (1, 0)),
        (np.zeros(2, [("a", "<f8")]), (1, 0)),
    ],
)
def test_other_arrays_are_refused(array, version):
    content = io.BytesIO()
    np.lib.format.write_array(content, array, version=version)
    with pytest.raises(ValueError, match=r"a\.npy must be of version 1\.0, without objects"):
        parse_array("a", content.getvalue())


def put(where, value):
    """Return a change of a header or of its arrays, which are written as names with slashes."""

    def change(header, arrays):
        *path, last = where.split("/")
        place = arrays if path == ["arrays"] else header
        for name in path if place is header else ():
            place = place[name]
        if value is KeyError:
            del place[last]
        else:
            place[last] = value(place[last]) if callable(value) else value

    return change


def at(index, value):
    def change(array):
        array[index] = value
        return array

    return change


LONG = 10**300
TAMPERED = [
    ("pool", KeyError, "it lacks 'pool'"),
    ("pool", [1], "must hold a router"),
    ("pool/names", KeyError, "it lacks 'names'"),
    ("pool/names", "abcdef", "names must be a list; got 'abcdef'"),
    ("pool/names", list("abcde"), r"costs must have shape \(5,\); got \(6,\)"),
    ("pool/names", list("abcdee"), "'e' stands more than once"),
    ("pool/names", [*"abcde", ""], "non-empty strings; got ''"),
    ("pool/names", [1, 2, 3, 4, 5, 6], "non-empty strings; got 1"),
    ("pool/names", [], r"costs must have shape \(0,\); got \(6,\)"),
    ("pool/colour", "red", "got 'pool.colour', which uniroute 9.8.7 wrote"),
    ("notes", {}, "got 'notes', which uniroute 9.8.7 wrote"),
    ("arrays/plans.0", np.eye(2), "got 'plans.0', which uniroute 9.8.7 wrote"),
    ("arrays/prompt_map.more_", np.eye(2), "got 'prompt_map.more_', which uniroute 9.8.7 wrote"),
    ("format", 3, r"must have format 2; got 3, which uniroute 9\.8\.7 wrote"),
    ("format", KeyError, "it lacks 'format'"),
    ("prompt_map", KeyError, "it lacks 'prompt_map'"),
    ("prompt_map/class", "os.system", "class must be one of .*; got 'os.system'"),
    ("prompt_map/class", "ClusterMeans", "class must be one of .*; got 'ClusterMeans'"),
    ("prompt_map/class", ["KMeansMap"], "class must be one of"),
    ("prompt_map/class", "NeighborMap", "NeighborMap.* unexpected keyword"),
    ("prompt_map/params", [], "must hold a router"),
    ("prompt_map/params/n_jobs", 2, "unexpected keyword argument 'n_jobs'"),
    ("prompt_map/params/n_clusters", 0, "n_clusters must be an integer of at least 1; got 0"),
    ("prompt_map/params/n_clusters", "5", "n_clusters must be an integer .* got '5'"),
    ("prompt_map/params/n_init", {}, "n_init must be"),
    ("prompt_map/params/max_iter", 1.5, "max_iter must be an integer .* got 1.5"),
    ("prompt_map/params/random_state", -1, "random_state must be an integer of at least 0"),
    ("prompt_map/n_features_in_", 3, r"cluster_centers_ must have shape \(5, 3\); got \(5, 2\)"),
    ("prompt_map/n_features_in_", KeyError, "it lacks 'n_features_in_'"),
    ("prompt_map/n_features_in_", True, "n_features_in_ must be an integer"),
    ("prompt_map/n_iter_", LONG * 1.5, "n_iter_ must be an integer"),
    ("prompt_map/__class__", 2, "got 'prompt_map.__class__'"),
    ("prompt_map/fit", 2, "got 'prompt_map.fit'"),
    ("representation", KeyError, "it lacks 'representation'"),
    ("representation/class", "KMeansMap", "class must be one of 'ClusterMeans'"),
    ("representation/params/empty", "zero", "empty must be one of"),
    ("arrays/pool.costs", KeyError, "it lacks 'costs'"),
    ("arrays/pool.costs", at(2, -1.0), r"costs must be finite and at least 0; got -1.0 at \[2\]"),
    ("arrays/pool.costs", at(2, np.nan), r"costs must be finite .*; got nan at \[2\]"),
    ("arrays/pool.costs", np.ones(7), r"costs must have shape \(6,\); got \(7,\)"),
    ("arrays/pool.costs", np.array(list("abcdef")), "costs must be of float32 or float64; got <U1"),
    ("arrays/pool.costs", np.ones(6, complex), "costs must be of .*; got complex128"),
    ("arrays/pool.costs", np.ones(6, "datetime64[s]"), "costs must be of .*; got datetime64"),
    ("arrays/pool.costs", np.ones(6, ">f8"), "costs must be of .*; got >f8"),
    ("arrays/pool.psi", at((1, 2), np.inf), r"psi must be finite; got inf at \[1, 2\]"),
    ("arrays/pool.psi", lambda psi: psi[:, :4], r"psi must have shape \(6, 5\); got \(6, 4\)"),
    ("arrays/pool.psi", lambda psi: psi[0], r"psi must have shape \(6, 5\); got \(5,\)"),
    ("arrays/pool.counts", at((1, 2), -1), "counts must be finite and at least 0"),
    ("arrays/prompt_map.cluster_centers_", at((0, 1), np.nan), "cluster_centers_ must be finite"),
    ("arrays/prompt_map.cluster_centers_", np.ones((4, 2)), "cluster_sizes_ must have shape"),
    ("arrays/prompt_map.feature_names_in_", np.array(["x"]), "feature_names_in_ must be 2 names"),
    ("arrays/prompt_map.feature_names_in_", np.array(["x", "x"]), "'x' stands more than once"),
    ("arrays/prompt_map.feature_names_in_", np.eye(2), "must hold a router"),
]


@pytest.mark.parametrize(("where", "value", "words"), TAMPERED)
def test_every_field_is_checked_and_named(where, value, words, tmp_path):
    filled(KMeansMap(5)).save(tmp_path / "r")

    def change(header, arrays):
        header["uniroute_version"] = "9.8.7"
        put(where, value)(header, arrays)

    rewritten(tmp_path / "r.uniroute", change)
    with pytest.raises(ValueError, match=words) as caught:
        UniRoute.load(tmp_path / "r")
    assert str(tmp_path / "r.uniroute") in str(caught.value)


@pytest.mark.parametrize(
    ("prompt_map", "where", "value", "words"),
    [
        (NeighborMap(7), "prompt_map/params/n_neighbors", 201, "n_neighbors must be at most 200"),
        (MAPS[3], "prompt_map/params/architecture", "deep", "architecture must be one of"),
        (MAPS[3], "prompt_map/params/architecture", "mlp", "layers_.0 must have shape"),
        (MAPS[3], "prompt_map/params/assignment", "firm", "assignment must be one of"),
        (MAPS[3], "prompt_map/params/fit_intercept", "no", "fit_intercept must be one of"),
        (MAPS[3], "prompt_map/params/l2", -1, "l2 must be a number from 0 to .*; got -1"),
        (MAPS[3], "prompt_map/params/l2", "1", "l2 must be a number from 0 to .*; got '1'"),
        (MAPS[3], "prompt_map/train_loss_", -1, "train_loss_ must be a number from 0 to"),
        (MAPS[3], "arrays/prompt_map.layers_.1", KeyError, "it lacks 'layers_.1'"),
        (MAPS[3], "arrays/prompt_map.layers_.1", np.ones(4), "layers_.1 must have shape"),
        (MAPS[3], "arrays/prompt_map.layers_.0", at((0, 0), np.nan), "layers_.0 must be finite"),
        (ConstantMap(), "arrays/pool.psi", np.ones((6, 2)), r"psi must have shape \(6, 1\)"),
    ],
)
def test_every_field_of_other_maps_is_checked(prompt_map, where, value, words, tmp_path):
    filled(prompt_map).save(tmp_path / "r")
    rewritten(tmp_path / "r.uniroute", put(where, value))
    with pytest.raises(ValueError, match=words):
        UniRoute.load(tmp_path / "r")


@pytest.mark.parametrize("layer", range(8))
def test_layers_of_a_network_must_fit_each_other(layer, tmp_path):
    UniRoute.load(SAVED / "learned_network").save(tmp_path / "r")
    wrong = {f"arrays/prompt_map.layers_.{layer}": lambda array: np.concatenate([array, array[:1]])}
    rewritten(tmp_path / "r.uniroute", put(*wrong.popitem()))
    with pytest.raises(ValueError, match=r"layers_\.\d must have shape"):
        UniRoute.load(tmp_path / "r")


def npy(shape, dtype="<f8", data=b"", version=1):
    """Return the bytes of a .npy file that says what one wants it to."""
    text = str({"descr": dtype, "fortran_order": False, "shape": shape}).encode() + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + data


def forged(path, members, **changed):
    """Write a router's file whose checksums are right but whose members are not."""
    with zipfile.ZipFile(path) as file:
        old = {name: file.read(name) for name in file.namelist()}
    header = json.loads(old.pop("header.json")) | changed
    del header["sha256"]
    header["arrays"] |= {
        name.removesuffix(".npy"): hashlib.sha256(content).hexdigest()
        for name, content in members.items()
    }
    header["sha256"] = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {**old, **members}.items():
            file.writestr(name, content)
        file.writestr("header.json", json.dumps(header))


@pytest.mark.parametrize(
    "content",
    [
        npy((2**40,)),
        npy((2**62, 4)),  # 2**64 numbers, 0 in 64 bits
        npy((-1,)),
        npy((-2, -3), data=bytes(48)),
        npy((6,), data=bytes(47)),
        npy((6,), data=bytes(56)),
        npy((6,), "|O", bytes(48)),
        npy((6,), "|V8", bytes(48)),
        npy((6,), [("x", "<f8")], bytes(48)),
        npy((6,), "<f8" * 5000, bytes(48)),
        npy((6,), data=bytes(48), version=2),
        b"\x80\x04N.",  # a pickle, which numpy.load would take
        b"",
    ],
)
def test_arrays_that_say_what_they_are_not_are_refused_before_memory_is_taken(content, tmp_path):
    filled(KMeansMap(5)).save(tmp_path / "r")
    forged(tmp_path / "r.uniroute", {"pool.costs.npy": content})
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"r\.uniroute must hold a router"):
            UniRoute.load(tmp_path / "r")
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_bomb_is_not_unpacked(tmp_path):
    filled(KMeansMap(5)).save(tmp_path / "r")
    forged(tmp_path / "r.uniroute", {"pool.costs.npy": npy((9 * 2**20,), data=bytes(72 * 2**20))})
    assert (tmp_path / "r.uniroute").stat().st_size < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="its contents must be at most 67108864 bytes; got 7"):
            UniRoute.load(tmp_path / "r")
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_zip_files_are_refused(tmp_path):
    router, path = filled(KMeansMap(5)), tmp_path / "r.uniroute"
    router.save(path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("pool.psi.npy", b"")
    with pytest.raises(ValueError, match="different names"):
        UniRoute.load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("header.json", "{}")
    with pytest.raises(ValueError, match="stored or deflated"):
        UniRoute.load(path)
    router.save(path)
    locked = path.read_bytes().replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )
    path.write_bytes(locked)
    with pytest.raises(ValueError, match="encrypted"):
        UniRoute.load(path)
    np.savez(tmp_path / "r.npz", psi=np.eye(2))
    os.replace(tmp_path / "r.npz", path)
    with pytest.raises(ValueError, match=r"it lacks .*header\.json"):
        UniRoute.load(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "recursion"),
        ("[1]", "must hold a router"),
        ("{", "must hold a router"),
        ("\xff", "must hold a router"),
        ('{"format": NaN}', "must have format 2; got nan"),
        ('{"format": 1' + "0" * 5000 + "}", "must hold a router"),
    ],
)
def test_header_must_be_json(text, words, tmp_path):
    with zipfile.ZipFile(tmp_path / "r.uniroute", "w") as file:
        file.writestr("header.json", text.encode("latin-1"))
    with pytest.raises(ValueError, match=words):
        UniRoute.load(tmp_path / "r")


def test_missing_router_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"path must name a saved router; .*r\.uniroute"):
        UniRoute.load(tmp_path / "r")
    (tmp_path / "r.uniroute").mkdir()
    with pytest.raises(FileNotFoundError, match=r"r\.uniroute"):
        UniRoute.load(tmp_path / "r")

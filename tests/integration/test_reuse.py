"""A new version of a dataset copies features of the same materials, bit by bit, and says so."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from support import mixed
from support.crystals import many
from support.executors import InCaller

import matdata as md
from matdata.cli import main
from matdata.core.content_keys import KEY_BYTES
from matdata.core.crystals import Crystals, as_ids
from matdata.core.table_rows import TableRows
from matdata.features import featurizer, tessellating
from matdata.features.building import reuse, runner, shards
from matdata.features.building.content_keys import keys_of
from matdata.features.building.reuse import PLAN, made_by
from matdata.features.inputs import PartialInput, RecordColumns
from matdata.store.files import temporary_beside, write_json
from matdata.store.manifest import RECEIPT
from matdata.store.older_versions import MADE_BY
from matdata.store.records import read_record, seal_record

pytestmark = pytest.mark.slow

FEATURES = ["lattice", "fractions", "column:temperature"]


def build(tmp_path, records, cache="c", name="a", **options):
    path = mixed.write_csv(tmp_path / "records.csv", records)
    options = {"features": FEATURES, "shard_rows": 16, **options}
    return md.build(path, cache=tmp_path / cache, name=name, dedupe="none", symmetry="none",
                    split=None, target="gap", **{"workers": 1, **options})  # fmt: skip


def folders(dataset, features=FEATURES, **settings):
    return [dataset.feature(name, **settings).folder for name in features]


def contents(folder):
    """Every byte of a feature but the receipt, which holds the time and who made it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECEIPT
    }


def counts(folder):
    receipt = read_record(folder / RECEIPT)
    return tuple(receipt[name] for name in ("computed", "reused", "resumed"))


@pytest.fixture
def records():
    """66 records, of which every third has no structure and two no temperature."""
    rows = mixed.rows(66)
    for k in (10, 65):
        rows[k]["temperature"] = None
    return rows


@pytest.mark.parametrize("store", ["zarr", "hdf5"])
def test_a_grown_dataset_has_the_bytes_of_one_computed_anew(store, records, tmp_path):
    build(tmp_path, records[:60], store=store)
    grown = build(tmp_path, records[6:], store=store)
    anew = build(tmp_path, records[6:], "anew", store=store)
    for one, other in zip(folders(grown), folders(anew), strict=True):
        assert contents(one) == contents(other)
        assert one.name == other.name
    assert [counts(folder) for folder in folders(anew)] == [(60, 0, 0)] * 3
    lattice, fractions, column = (counts(folder) for folder in folders(grown))
    assert lattice == (24, 36, 0)  # those without a structure are not looked for
    assert fractions == (6, 54, 0)
    assert column == (6, 54, 0)  # with a reject of the ledger
    assert len(grown.feature("column:temperature").rejects()) == 2
    assert not list((tmp_path / "c").rglob("*reuse.npy"))
    assert md.verify(cache=tmp_path / "c").faults == []


@pytest.mark.parametrize("executor", ["caller", "processes", "threads"])
def test_shards_that_others_compute_reuse_as_well(executor, records, tmp_path):
    build(tmp_path, records[:60])
    anew = build(tmp_path, records, "anew", reuse=False)
    if executor == "caller":
        grown = build(tmp_path, records, executor=InCaller())
    elif executor == "threads":
        grown = build(tmp_path, records, workers=2)
    else:
        with ProcessPoolExecutor(1) as pool:
            grown = build(tmp_path, records, executor=pool)
    for one, other in zip(folders(grown), folders(anew), strict=True):
        assert contents(one) == contents(other)
    assert counts(folders(grown)[1]) == (6, 60, 0)


def test_a_shard_with_the_same_rows_is_linked(records, tmp_path):
    build(tmp_path, records[:40], features=["fractions"])
    grown = build(tmp_path, records[:56], features=["fractions"])
    names = sorted((folders(grown, ["fractions"])[0] / "shards").iterdir())
    links = [min(path.stat().st_nlink for path in one.rglob("*") if path.is_file())
             for one in names]  # fmt: skip
    assert links == [2, 2, 1, 1]
    anew = build(tmp_path, records[:56], "anew", features=["fractions"])
    assert contents(folders(grown, ["fractions"])[0]) == contents(folders(anew, ["fractions"])[0])
    md.rm(f"a@{folders(grown, ['fractions'])[0].parent.name.partition('@')[2]}", cascade=True,
          cache=tmp_path / "c")  # fmt: skip
    assert md.verify(cache=tmp_path / "c").faults == []


def test_another_format_takes_all_and_no_reuse_takes_nothing(records, tmp_path, capsys):
    ds = build(tmp_path, records, features=["fractions"])
    command = ["featurize", "a", "fractions", "--cache", str(tmp_path / "c"), "--json"]
    capsys.readouterr()
    assert main([*command, "--store", "hdf5"]) == 0
    (of_format,) = json.loads(capsys.readouterr().out)["counts"]
    assert of_format == {"computed": 0, "reused": 66, "resumed": 0}
    assert main([*command, "--shard-rows", "7", "--no-reuse"]) == 0
    (anew,) = json.loads(capsys.readouterr().out)["counts"]
    assert anew == {"computed": 66, "reused": 0, "resumed": 0}
    assert main([*command, "--shard-rows", "16"]) == 0  # it is there
    assert json.loads(capsys.readouterr().out)["counts"] == [
        {"computed": 0, "reused": 0, "resumed": 0}
    ]
    assert ds.feature("fractions").rows.size == 66


def test_a_build_says_how_many_were_copied(records, tmp_path, capsys):
    build(tmp_path, records[:60], features=["fractions"])
    path = mixed.write_csv(tmp_path / "records.csv", records)
    assert main(["build", str(path), "--name", "a", "--dedupe", "none", "--symmetry", "none",
                 "--features", "fractions", "--target", "gap", "--json",
                 "--cache", str(tmp_path / "c")]) == 0  # fmt: skip
    printed = capsys.readouterr()
    (feature,) = json.loads(printed.out)["features"]
    assert (feature["computed"], feature["reused"], feature["resumed"]) == (6, 60, 0)
    assert "6 computed, 60 copied from older versions" in printed.err


def test_other_settings_another_name_or_maker_are_no_source(records, tmp_path, monkeypatch):
    first = build(tmp_path, records[:60], features=["fractions"])
    build(tmp_path, records, name="b", features=["fractions"])  # of another name
    (folder,) = folders(first, ["fractions"])
    receipt = read_record(folder / RECEIPT)
    assert receipt[MADE_BY] == made_by(featurizer("fractions"))
    receipt[MADE_BY]["numpy"] = "0.1"
    write_json(folder / RECEIPT, seal_record(receipt))
    assert counts(folders(build(tmp_path, records[:61], features=["fractions"]),
                          ["fractions"])[0]) == (61, 0, 0)  # fmt: skip
    cls = type(featurizer("fractions"))
    monkeypatch.setattr(cls, "reusable", False)
    assert counts(folders(build(tmp_path, records[:62], features=["fractions"]),
                          ["fractions"])[0]) == (62, 0, 0)  # fmt: skip
    monkeypatch.setattr(cls, "reusable", True)
    assert counts(folders(build(tmp_path, records[:63], features=["fractions"]),
                          ["fractions"])[0]) == (1, 62, 0)  # fmt: skip
    monkeypatch.setattr(cls, "version", "0")
    assert counts(folders(build(tmp_path, records[:64], features=["fractions"]),
                          ["fractions"])[0]) == (64, 0, 0)  # fmt: skip


def test_of_a_database_that_grows_the_last_version_is_read(records, tmp_path, monkeypatch):
    for size in (50, 60, 61):
        build(tmp_path, records[:size], features=["fractions"])
    read = []
    real = reuse.content_keys

    def counted(rows, featurizer):
        read.append(len(rows))
        return real(rows, featurizer)

    monkeypatch.setattr(reuse, "content_keys", counted)
    grown = build(tmp_path, records[:63], features=["fractions"])
    assert counts(folders(grown, ["fractions"])[0]) == (2, 61, 0)
    assert read == [63, 61]
    read.clear()
    build(tmp_path, records[:3], features=["fractions"])  # of this alone little is left
    changed = build(tmp_path, records[1:63], features=["fractions"])
    assert counts(folders(changed, ["fractions"])[0]) == (0, 62, 0)
    assert read == [3, 63, 62, 3, 63]


def test_what_gc_removes_between_plan_and_copy_is_computed(records, tmp_path, monkeypatch):
    build(tmp_path, records[:60], features=["fractions"])
    planned, removed = runner.with_reuse, []

    def removing(steps, reuse):
        removed.extend(one.kind for one in md.gc(keep=1, cache=tmp_path / "c").removed)
        return planned(steps, reuse)

    monkeypatch.setattr(runner, "with_reuse", removing)
    grown = build(tmp_path, records[:61], features=["fractions"])
    assert {"feature", "dataset"} <= {*removed}
    (folder,) = folders(grown, ["fractions"])
    assert counts(folder) == (61, 0, 0)
    assert md.verify(cache=tmp_path / "c").faults == []


def test_shards_alone_are_copied_where_rows_are_computed_as_fast(records, tmp_path, monkeypatch):
    assert featurizer("graph").copied == "shards"
    monkeypatch.setattr(type(featurizer("fractions")), "copied", "shards")
    build(tmp_path, records[:40], features=["fractions"])
    grown = build(tmp_path, records[:56], features=["fractions"])
    anew = build(tmp_path, records[:56], "anew", features=["fractions"])
    folder, other = (folders(one, ["fractions"])[0] for one in (grown, anew))
    assert counts(folder) == (24, 32, 0)
    assert contents(folder) == contents(other)
    moved = build(tmp_path, records[1:56], features=["fractions"])
    assert counts(folders(moved, ["fractions"])[0]) == (55, 0, 0)
    command = ["featurize", "a", "fractions", "--cache", str(tmp_path / "c"), "--store", "hdf5"]
    assert main(command) == 0
    folder = max(folder.parent.parent.glob("*/fractions-*"), key=lambda one: one.stat().st_mtime)
    assert counts(folder)[1] == 0  # in another format it cannot be linked


def test_what_is_computed_as_fast_as_it_is_copied_is_not_copied(records, tmp_path):
    """Finding what could be copied of `magpie` took longer than computing all of it."""
    made = featurizer("magpie")
    assert made.reusable  # its values depend on nothing else
    assert made.copied == "nothing"
    build(tmp_path, records[:60], features=["magpie"])
    grown = build(tmp_path, records, features=["magpie"])
    (folder,) = folders(grown, ["magpie"])
    assert counts(folder) == (len(grown), 0, 0)


def test_matminer_depends_on_its_packages():
    facts = made_by(featurizer("matminer:DensityFeatures"))
    assert {"matminer", "pymatgen", "numpy", "processor for numba"} <= facts.keys()


def test_a_reject_of_another_id_is_computed(records, tmp_path):
    build(tmp_path, records[:60], features=["column:temperature"])
    for k, record in enumerate(records):
        record["material_id"] = f"other-{k:03d}"
    grown = build(tmp_path, records[:60], features=["column:temperature"])
    (folder,) = folders(grown, ["column:temperature"])
    assert counts(folder) == (1, 59, 0)
    assert [one.material_id for one in grown.feature("column:temperature").rejects()] == [
        "other-010"
    ]
    anew = build(tmp_path, records[:60], "anew", features=["column:temperature"])
    assert contents(folder) == contents(folders(anew, ["column:temperature"])[0])


@pytest.mark.parametrize("executor", [None, InCaller()])
def test_what_is_damaged_or_gone_is_computed(executor, records, tmp_path, monkeypatch):
    first = build(tmp_path, records[:60], features=["fractions"])
    (folder,) = folders(first, ["fractions"])
    shard = next(path for path in (folder / "shards").rglob("0") if path.is_file())
    shard.write_bytes(b"x" + shard.read_bytes()[1:])
    grown = build(tmp_path, records[:64], features=["fractions"], executor=executor)
    anew = build(tmp_path, records[:64], "anew", features=["fractions"])
    assert contents(folders(grown, ["fractions"])[0]) == contents(folders(anew, ["fractions"])[0])
    assert counts(folders(grown, ["fractions"])[0])[1] < 60

    real = shards.reused_rows

    def removed_before(*given):
        md.rm(f"{grown.ref}/features/fractions", cache=tmp_path / "c") if _there(grown) else None
        return real(*given)

    monkeypatch.setattr(shards, "reused_rows", removed_before)
    last = build(tmp_path, records, features=["fractions"], executor=executor)
    anew = build(tmp_path, records, "anew", features=["fractions"], reuse=False)
    assert contents(folders(last, ["fractions"])[0]) == contents(folders(anew, ["fractions"])[0])


def _there(dataset):
    return any((dataset.folder.parents[2] / "features" / dataset.data_ref).glob("fractions-*"))


def test_a_build_that_was_stopped_counts_what_was_there(records, tmp_path, monkeypatch):
    build(tmp_path, records[:20], features=["fractions"])
    real = shards.write_shard

    def stops(task, *given):
        if task.shard == 2:
            raise KeyboardInterrupt
        return real(task, *given)

    with monkeypatch.context() as patched:
        patched.setattr(shards, "write_shard", stops)
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path, records, features=["fractions"])
    home = max((tmp_path / "c" / "features").iterdir(), key=lambda one: len(list(one.glob(".b*"))))
    left = temporary_beside(home / PLAN)
    dead = left.with_name(left.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-"))
    dead.write_bytes(b"of a process that was killed")
    grown = build(tmp_path, records, features=["fractions"])
    assert not dead.exists()
    anew = build(tmp_path, records, "anew", features=["fractions"])
    (folder,) = folders(grown, ["fractions"])
    computed, reused, resumed = counts(folder)
    assert resumed == 32
    assert computed + reused == 34
    assert computed > reused
    assert contents(folder) == contents(folders(anew, ["fractions"])[0])


def test_keys_stand_for_the_bytes_of_a_material():
    crystals = many(12)
    keys = keys_of(crystals)
    assert len({*keys.tolist()}) == 12
    assert keys.dtype.itemsize == KEY_BYTES
    renamed = Crystals(as_ids([f"x{k}" for k in range(12)]), crystals.lattice,
                       crystals.frac_coords, crystals.numbers, crystals.offsets)  # fmt: skip
    assert (keys_of(renamed) == keys).all()
    order = np.random.default_rng(0).permutation(12)
    assert (keys_of(crystals.take(order)) == keys[order]).all()
    frac_coords = crystals.frac_coords.copy()
    frac_coords[0, 2] = np.nextafter(frac_coords[0, 2], 2)
    moved = Crystals(crystals.ids, crystals.lattice, frac_coords, crystals.numbers,
                     crystals.offsets)  # fmt: skip
    assert (keys_of(moved) != keys).tolist() == [True] + [False] * 11
    table = TableRows(crystals.ids, {"t": [1.0, None, *range(10)]})
    both = RecordColumns(crystals.ids, crystals, None, table)
    assert not set(keys_of(both).tolist()) & set(keys.tolist())
    some = PartialInput(crystals.ids, crystals.take(slice(3, 7)), np.arange(3, 7))
    assert keys_of(some).tolist() == [b""] * 3 + keys[3:7].tolist() + [b""] * 5


def test_some_rows_of_a_partial_input():
    crystals = many(12)
    rows = np.array([1, 2, 5, 6, 11])
    whole = PartialInput(crystals.ids, crystals.take(rows), rows)
    some = whole.take(np.array([0, 2, 3, 6, 11]))
    assert some.ids.tolist() == crystals.ids[[0, 2, 3, 6, 11]].tolist()
    assert some.rows.tolist() == [1, 3, 4]
    assert some.given.ids.tolist() == crystals.ids[[2, 6, 11]].tolist()
    assert whole.take(slice(2, 6)).rows.tolist() == [0, 3]
    assert len(whole.take(slice(3, 5)).given) == 0


def test_features_of_one_pass_copy_each_its_own(tmp_path, monkeypatch):
    def sample(size, features, cache="c"):
        return md.build(f"sample:{size}", cache=tmp_path / cache, name="s", dedupe="none",
                        symmetry="none", split=None, workers=1, shard_rows=16,
                        features=features)  # fmt: skip

    both = ["ofm", "voronoi"]
    anew = [contents(folder) for folder in folders(sample(40, both, "anew"), both)]
    sizes = []
    compute = tessellating.Tessellating.compute
    monkeypatch.setattr(
        tessellating.Tessellating,
        "compute",
        lambda self, batch: sizes.append(len(batch)) or compute(self, batch),
    )
    sample(36, ["ofm"])
    sizes.clear()
    mixed_pass = folders(sample(40, both), both)
    assert [counts(folder) for folder in mixed_pass] == [(4, 36, 0), (40, 0, 0)]
    assert [contents(folder) for folder in mixed_pass] == anew
    assert sum(sizes) == 44
    sizes.clear()
    grown = folders(sample(42, both), both)
    assert [counts(folder) for folder in grown] == [(2, 40, 0)] * 2
    assert sum(sizes) == 2

"""`matdata list --size`, `rm` and `gc`: what goes, what stays, and bytes on disk."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from support.killing import artefacts

import matdata as md
from matdata.cli import main
from matdata.core.errors import ConfigError, StoreError
from matdata.core.kernel_cache import orphaned_code
from matdata.evaluation.openings import Opening, openings_path, record_opening
from matdata.housekeeping.artefacts import inventory
from matdata.sources.download import KEY
from matdata.store.files import write_json
from matdata.store.latest import LATEST, order
from matdata.store.locks import holding
from matdata.store.manifest import NAME, RECEIPT, seal
from matdata.store.records import write_record
from matdata.store.usage import Usage, disk_size

pytestmark = pytest.mark.slow


def build(cache, rows=40, name="a", **options):
    """A dataset of formulas with a split and a feature."""
    path = cache.parent / f"{name}-{rows}.csv"
    path.write_text("formula,gap\n" + "".join(f"Li{k}O,{k}\n" for k in range(1, rows + 1)))
    options = {"features": ["fractions"], "dedupe": "none", **options}
    return md.build(path, cache=cache, workers=1, name=name, target="gap", **options)


def a_run(cache, dataset, name="r", parent=None):
    """The folder of a run, as far as its manifest says what it was made from."""
    feature = dataset.feature("fractions").folder.name
    content = {
        "dataset": {"ref": dataset.ref, "digest": dataset.digest},
        "split": {"name": dataset.split_names()[0]},
        "inputs": [{"spec": "fractions", "feature": feature}],
        "from_run": {"name": parent} if parent else None,
    }
    folder = cache / "runs" / name
    folder.mkdir(parents=True)
    write_json(folder / NAME, seal({**content, "files": {}, "identity_digest": "0"}, "run"))
    write_record(folder / RECEIPT, {})
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def refs(removal):
    return [one.ref for one in removal.removed]


def test_what_others_were_made_from_stays_unless_these_go_as_well(cache):
    ds = build(cache)
    a_run(cache, ds), a_run(cache, ds, "child", parent="r")
    before = artefacts(cache)
    for ref in (ds.ref, "a", "a/features/fractions", f"{ds.ref}/splits/{ds.split_names()[0]}",
                "runs/r", f"snapshots/{ds.manifest['made_from']['snapshot']}"):  # fmt: skip
        with pytest.raises(StoreError, match="artefacts were made from it") as error:
            md.rm(ref, cache=cache)
        assert "--cascade" in error.value.next_step
    going = md.rm("a", cascade=True, dry_run=True, cache=cache)
    assert [one.kind for one in going.removed] == ["run", "run", "feature", "split", "dataset"]
    assert going.removed[0].why == "made from a"
    assert all(one.bytes > 0 for one in going.removed)
    assert artefacts(cache) == before
    done = md.rm("a", cascade=True, cache=cache)
    assert (refs(done), done.freed) == (refs(going), going.freed)
    assert [one.kind for one in inventory(cache)] == ["snapshot"]
    assert not list(cache.rglob(".removing-*"))
    assert md.verify(cache=cache).faults == []
    with pytest.raises(StoreError, match="no dataset"):
        md.open("a", cache)


def test_each_kind_by_its_reference(cache):
    ds = build(cache)
    split = ds.split_names()[0]
    a_run(cache, ds)
    assert refs(md.rm("runs/r", cache=cache)) == ["runs/r"]
    assert len(refs(md.rm("a/features/fractions", cache=cache))) == 1
    with pytest.raises(md.FeatureError, match="no feature"):
        md.open("a", cache).feature("fractions")
    assert refs(md.rm(f"a/splits/{split}", cache=cache)) == [f"{ds.ref}/splits/{split}"]
    assert md.open("a", cache).split_names() == []
    assert not list((ds.folder / "splits").glob("[!.]*"))
    assert refs(md.rm(ds.ref, cache=cache)) == [ds.ref]
    (snapshot,) = inventory(cache)
    assert refs(md.rm(snapshot.ref, cache=cache)) == [snapshot.ref]
    assert inventory(cache) == []
    assert build(cache).digest == ds.digest


def test_a_bare_name_is_all_versions_and_what_it_means_is_mended(cache):
    old, new = build(cache, 40), build(cache, 50)
    home = old.folder.parent
    assert order(home) == [old.folder.name, new.folder.name]
    md.rm(new.ref, cascade=True, cache=cache)
    assert order(home) == [old.folder.name]
    assert md.open("a", cache).ref == old.ref
    new = build(cache, 50)
    gone = refs(md.rm("a", cascade=True, cache=cache))
    assert {old.ref, new.ref} <= set(gone)
    assert not (home / LATEST).exists()


def test_a_reference_that_means_nothing_or_several_is_refused(cache):
    ds = build(cache)
    md.featurize(ds, "fractions", store="hdf5")
    with pytest.raises(StoreError, match="means 2 features"):
        md.rm("a/features/fractions", cache=cache)
    assert len(refs(md.rm(md.open("a", cache).ref + "/features/"
                          + ds.feature("fractions").folder.name, cache=cache))) == 1  # fmt: skip
    for ref in ("b", "a@x", "a/features/ofm", "a/splits/x", "runs/x", "snapshots/a/b"):
        with pytest.raises(StoreError, match="there is no"):
            md.rm(ref, cache=cache)
    for ref in ("a/b", "a/b/c", "runs/a/b/c"):
        with pytest.raises(StoreError, match="names nothing that can be removed"):
            md.rm(ref, cache=cache)
    a_run(cache, ds := build(cache), "gap")
    with pytest.raises(StoreError, match="did you mean 'runs/gap'"):
        md.rm("gap", cache=cache)


def test_a_feature_whose_name_is_longer_than_that_of_its_folder(cache):
    column = "x" * 100
    path = cache.parent / "long.csv"
    path.write_text(f"formula,{column}\nLiO,1\nNaO,2\n")
    md.build(path, cache=cache, workers=1, name="a", features=[f"column:{column}"])
    (ref,) = refs(md.rm(f"a/features/column:{column}", cache=cache))
    assert ref.split("/")[1] == "features"


def test_rows_that_another_version_has_as_well_keep_their_features(cache):
    one = build(cache)
    other = build(cache, licence="CC0")
    assert one.data_ref == other.data_ref
    gone = refs(md.rm(other.ref, cascade=True, cache=cache))
    assert not any("/features/" in ref for ref in gone)
    assert len(md.open("a", cache).feature("fractions").ids) == 40
    assert any("/features/" in ref for ref in refs(md.rm(one.ref, cascade=True, cache=cache)))


def test_a_dataset_that_another_was_built_without_stays(cache):
    build(cache, 10, "small")
    big = build(cache, 40, "big", drop_in=["small"], drop_by="formula")
    with pytest.raises(StoreError, match=big.ref.replace("+", ".")):
        md.rm("small", cache=cache)


def opened(dataset):
    opening = Opening("s", "0", "r", "t", "w", "2026-01-31T12:00:00Z")
    record_opening(dataset.folder, opening)
    return openings_path(dataset.folder)


def test_the_record_of_opened_test_parts_outlives_its_dataset(cache):
    ds = build(cache)
    record = opened(ds)
    text = record.read_bytes()
    done = md.rm("a", cascade=True, cache=cache)
    assert [one.ref for one in done.kept] == [record.relative_to(cache).as_posix()]
    assert record.read_bytes() == text
    md.gc(keep=1, cache=cache)
    assert record.read_bytes() == text
    assert openings_path(build(cache).folder) == record  # of the same dataset it holds again
    done = md.rm("a", cascade=True, forget_openings=True, cache=cache)
    assert done.kept == []
    assert done.removed[-1].kind == "openings"
    assert not record.exists()


def test_old_versions_go_by_policy_and_never_what_is_referred_to(cache):
    first, used, told, last = (build(cache, rows) for rows in (40, 41, 42, 43))
    a_run(cache, used)
    opened(told)
    assert md.gc(cache=cache).removed == []
    with pytest.raises(ConfigError, match="at least one"):
        md.gc(keep=0, cache=cache)
    assert md.gc(keep=4, cache=cache).removed == []
    planned = md.gc(keep=1, dry_run=True, cache=cache)
    done = md.gc(keep=1, cache=cache)
    assert refs(planned) == refs(done)
    assert [one.kind for one in done.removed] == ["feature", "split", "dataset", "snapshot"]
    assert done.removed[2].ref == first.ref
    kept = {one.ref: one.why for one in done.kept}
    assert kept == {
        used.ref: "runs/r was made from it",
        told.ref: "a test part of it was opened",
    }
    assert order(last.folder.parent) == [one.folder.name for one in (used, told, last)]
    assert md.open("a", cache).ref == last.ref
    assert md.verify(cache=cache).faults == []
    assert md.gc(keep=1, cache=cache).removed == []


def test_a_version_whose_use_is_not_recorded_stays(cache):
    old, new = build(cache, 40), build(cache, 50)
    (old.folder.parent / LATEST).unlink()
    done = md.gc(keep=1, cache=cache)
    assert done.removed == []
    assert {one.ref for one in done.kept} == {old.ref, new.ref}


def test_what_was_left_goes_and_what_is_held_stays(cache):
    ds = build(cache)
    home = ds.folder.parent
    for key in ("0" * 16, "1" * 16):
        folder = home / f".building-dataset-{key}"
        folder.mkdir()
        (folder / "part").write_bytes(b"x" * 5000)
    (home / ".removing-abcd-x").mkdir()
    (cache / "features" / "a@gone-00000000" / "f-0000").mkdir(parents=True)
    with holding(home / f".lock-dataset-{'1' * 16}"):
        planned = md.gc(dry_run=True, cache=cache)
        done = md.gc(cache=cache)
    assert refs(planned) == refs(done)
    assert {one.kind for one in done.removed} == {"unfinished", "removed", "orphan"}
    assert [one.ref for one in done.kept] == [f"datasets/a/.building-dataset-{'1' * 16}"]
    assert sorted(p.name for p in home.glob(".[br]*")) == [f".building-dataset-{'1' * 16}"]
    assert not (cache / "features" / "a@gone-00000000").exists()
    assert ds.feature("fractions").ids.size == 40


def test_features_of_a_damaged_dataset_are_no_orphans(cache):
    ds = build(cache)
    (ds.folder / NAME).write_text("{}")
    assert md.gc(cache=cache).removed == []
    assert len(inventory(cache)) == 4  # it can be removed nevertheless, with what it was made to
    with pytest.raises(StoreError, match="artefacts were made from it"):
        md.rm(ds.ref, cache=cache)
    md.rm(ds.ref, cascade=True, cache=cache)
    assert [one.kind for one in inventory(cache)] == ["snapshot"]


def test_a_split_whose_removal_was_stopped_between_its_files(cache):
    ds = build(cache)
    name, home = ds.split_names()[0], ds.folder / "splits"
    (home / f"{name}.json").rename(home / f".removing-abcd1234-{name}.json")
    md.gc(cache=cache)
    assert not list(home.glob("[!.]*"))
    assert not list(home.glob(".removing*"))


def download(cache, name, digest):
    home = cache / "downloads"
    home.mkdir(exist_ok=True)
    (home / name).write_bytes(b"x" * 100)
    receipt = {"url": "http://x.test", "bytes": 100, "sha256": digest}
    write_record(home / f"{name}.receipt.json", receipt, KEY)


def test_downloads_that_no_snapshot_was_read_from(cache):
    ds = build(cache)
    snapshot = cache / "snapshots" / ds.manifest["made_from"]["snapshot"]
    origin = json.loads((snapshot / NAME).read_text())["origin"]
    used = next(v for v in str(origin).replace("'", " ").split() if len(v) == 64)
    download(cache, "used.csv", used)
    download(cache, "unused.csv", "0" * 64)
    (cache / "downloads" / ".part-half.csv").write_bytes(b"x")
    with holding(snapshot.parent / ".lock-snapshot-x"):
        assert refs(md.gc(dry_run=True, cache=cache)) == ["downloads/.part-half.csv"]
    done = md.gc(cache=cache)
    assert refs(done) == ["downloads/.part-half.csv", "downloads/unused.csv"]
    left = sorted(path.name for path in (cache / "downloads").glob("[!.]*"))
    assert left == ["used.csv", "used.csv.receipt.json"]


def test_downloads_of_a_later_request_with_the_same_records_are_kept(tmp_path):
    cache = tmp_path / "cache"
    contents = [
        "material_id,formula\na,NaCl\nb,KBr\n",
        "material_id,formula\r\na,NaCl\r\nb,KBr\r\n",
    ]
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(content.encode())
        ds = md.build(path, cache=cache, split=None, workers=1)
    snapshot = cache / "snapshots" / ds.manifest["made_from"]["snapshot"]
    later = (snapshot / "requests.json").read_text()
    (origin,) = json.loads(later)["origins"].values()
    (used,) = origin["request"]["content"]
    assert used not in (snapshot / NAME).read_text()
    download(cache, "used.csv", used)
    download(cache, "unused.csv", "0" * 64)
    (snapshot / "requests.json").write_text(f"{later}]")
    assert refs(md.gc(dry_run=True, cache=cache)) == []
    (snapshot / "requests.json").write_text(later)
    assert refs(md.gc(cache=cache)) == ["downloads/unused.csv"]


def test_compiled_code_without_an_index(tmp_path):
    folder = tmp_path / "load" / "__pycache__"
    folder.mkdir(parents=True)
    for name in ("a.f-1.py311.nbi", "a.f-1.py311.1.nbc", "a.g-9.py311.1.nbc"):
        (folder / name).write_bytes(b"")
    assert [path.name for path in orphaned_code(tmp_path, ("load",))] == ["a.g-9.py311.1.nbc"]


def test_a_file_with_several_names_is_counted_once(tmp_path):
    one = tmp_path / "one"
    one.mkdir()
    (one / "x").write_bytes(b"x" * 100_000)
    size = disk_size(one)
    assert size >= 100_000
    os.link(one / "x", one / "y")
    assert disk_size(one) == size
    other = tmp_path / "other"
    shutil.copytree(one, other, copy_function=os.link)
    assert disk_size(tmp_path) == disk_size(other) == size
    assert Usage([one]).freed() == 0
    assert Usage([one, other]).freed() == size


def listed(cache, capsys, *words):
    capsys.readouterr()
    assert main(["list", "--json", "--cache", str(cache), *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_with_sizes(cache, capsys):
    ds = build(cache)
    a_run(cache, ds)
    download(cache, "x.csv", "0" * 64)
    (ds.folder.parent / ".building-dataset-0").mkdir()
    plain = listed(cache, capsys)
    assert "disk_bytes" not in plain
    sized = listed(cache, capsys, "--size")
    (snapshot,), (dataset,) = sized["snapshots"], sized["datasets"]
    artefacts = [snapshot, dataset, *dataset["features"], *sized["runs"]]
    assert all(one["disk_bytes"] > 0 for one in artefacts)
    assert [one["place"] for one in sized["other"]] == [
        "downloads",
        "datasets/a/.building-dataset-0",
    ]
    parts = [*artefacts, *sized["other"]]
    assert sum(one["disk_bytes"] for one in parts) <= sized["disk_bytes"]
    assert sized["disk_bytes"] == disk_size(cache)
    assert main(["list", "--size", "--cache", str(cache)]) == 0
    assert "all of the cache: " in capsys.readouterr().out


def test_the_commands_print_what_goes(cache, capsys):
    ds = build(cache)
    assert main(["rm", "a", "--cache", str(cache)]) == 1
    assert "next step: --cascade" in capsys.readouterr().err
    assert main(["rm", "a", "--cascade", "--dry-run", "--cache", str(cache)]) == 0
    assert f"would remove dataset {ds.ref}" in capsys.readouterr().out
    assert main(["rm", "a", "--cascade", "--json", "--cache", str(cache)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["removed"][-1]["ref"] == ds.ref
    assert main(["gc", "--keep", "1", "--dry-run", "--cache", str(cache)]) == 0
    assert capsys.readouterr().out == "nothing to remove\n"
    assert main(["gc", "--cache", str(cache)]) == 0
    assert main(["gc", "--cache", str(cache)]) == 0
    assert capsys.readouterr().out.endswith("nothing to remove\n")


@pytest.mark.parametrize("store", ["hdf5", "zarr"])
def test_a_reader_of_what_was_removed_gets_a_typed_error(store, cache):
    build(cache, store=store)
    ds = md.open("a", cache)
    feature, other = (md.open("a", cache).feature("fractions") for _ in range(2))
    read = other.dense()  # its shards are open
    md.rm("a", cascade=True, cache=cache)
    for late in (feature.dense, ds.rejects, lambda: ds.compositions):
        with pytest.raises(StoreError, match="is gone") as error:
            late()
        assert "removed it meanwhile" in error.value.cause
    if store == "zarr":  # a missing chunk would be read as zeros
        with pytest.raises(StoreError, match="is gone"):
            other.dense()
    else:  # an open file can be read to its end
        assert (other.dense() == read).all()

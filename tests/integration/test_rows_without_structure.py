"""Datasets of which some rows have a structure, and the others a formula alone."""

from __future__ import annotations

import json
import random
import shutil

import numpy as np
import pandas as pd
import pytest
from support import mixed
from support.killing import artefacts, killed_at, start
from support.runs import train

import matdata as md
from matdata.cli import main
from matdata.datasets.diff import compare

COUNT = 60
BARE = COUNT // 3
FEATURES = ["graph", "fractions", "magpie", "column:temperature"]


def _build(path, cache, **options):
    return md.build(path, cache=cache, workers=1, **{"split": None, "name": "m", **options})


@pytest.fixture(scope="module")
def records():
    return mixed.rows(COUNT)


@pytest.fixture(scope="module")
def built(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    path = mixed.write_csv(folder / "some.csv", records)
    return _build(path, folder / "c", features=FEATURES, split="70/15/15", dedupe="none")


@pytest.fixture
def cache(built, tmp_path):
    shutil.copytree(built.cache, tmp_path / "c")
    return tmp_path / "c"


@pytest.mark.slow
def test_one_dataset_holds_both(built, records):
    bare = mixed.bare_ids(records)
    assert len(built) == COUNT
    assert not built.rejects()
    assert (built.kind, built.n_without_structure) == ("mixed", BARE)
    table = built.table
    assert table["formula"].notna().all()
    assert table["chemsys"].notna().all()
    for column in ("n_sites", "volume_per_atom", "protostructure", "space_group_number"):
        assert sorted(table.index[table[column].isna()]) == bare
    assert sorted(table.index[table["formula_given"].notna()]) == bare
    formulas = {one["material_id"]: one["formula"] for one in records}
    assert dict(zip(built.ids, built.compositions.reduced_formulas(), strict=True)) == formulas
    assert len(built.crystals) == COUNT - BARE
    assert built.crystals.ids.tolist() == built.ids[built.structures.present].tolist()


def test_the_structure_of_one_material(built, records):
    for one in records:
        name = one["material_id"]
        if one["structure"] is not None:
            assert built.structure(name).reduced_formula
            assert len(built.atoms(name)) == built.table.loc[name, "n_sites"]
            continue
        with pytest.raises(md.StructureError, match=f"{name} has no structure in m@") as caught:
            built.structure(name)
        assert caught.value.cause == f"its record held a formula only ({one['formula']})"
        assert caught.value.next_step
        with pytest.raises(md.StructureError, match="has no structure"):
            built.atoms(name)
    with pytest.raises(md.StoreError, match="holds no material 'nobody'") as caught:
        built.structure("nobody")
    assert caught.value.next_step == f"`matdata export {built.ref} FILE.csv` writes a table of it"


def test_features_name_the_rows_that_they_lack(built, records):
    bare = mixed.bare_ids(records)
    graph = built.feature("graph")
    reasons = {reject.material_id: reject.reason for reject in graph.rejects()}
    assert sorted(name for name, why in reasons.items() if why == "no_structure") == bare
    assert {*reasons.values()} == {"no_structure", "isolated_atom"}
    assert graph.ids.tolist() == [name for name in built.ids.tolist() if name not in reasons]
    for spec in ("fractions", "magpie", "column:temperature"):
        assert built.feature(spec).ids.tolist() == built.ids.tolist()
    alone = md.compute("graph", built.crystals)
    np.testing.assert_array_equal(graph.dense().values, alone.values)
    support = built.complete(["graph", "fractions"])
    assert support.ids.tolist() == graph.ids.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
def test_the_order_of_the_records_does_not_matter(suffix, tmp_path):
    """Also where the first 50 documents do not even have the key of a structure."""
    records = mixed.rows(70, every=4, form="cif" if suffix == "csv" else "dict")
    if suffix != "csv":
        records = [{k: v for k, v in one.items() if v is not None} for one in records]
        bare = [one for one in records if "structure" not in one]
        extra = [{**one, "material_id": f"x{k}"} for k, one in enumerate(bare * 3)]
        records = [*extra, *records[1:]]
        assert not any("structure" in one for one in records[:52])
    write = mixed.write_csv if suffix == "csv" else mixed.write_json
    one = _build(write(tmp_path / f"a.{suffix}", records), tmp_path / "c", dedupe="none")
    random.Random(3).shuffle(records)
    other = _build(write(tmp_path / f"b.{suffix}", records), tmp_path / "c", dedupe="none")
    assert one.kind == other.kind == "mixed"
    assert one.columns == other.columns
    assert one.structures.digest() == other.structures.digest()
    assert compare(one, other).is_empty


@pytest.mark.slow
def test_a_run_states_how_many_rows_have_no_structure(cache):
    given = {"dataset": "m", "target": "gap", "split": "70-15-15-seed0"}
    assert train(cache, plugin="rf-magpie", name="forest", **given) == 0
    assert train(cache, plugin="cgcnn", name="net", **given) == 0
    forest, net = md.open_run("forest", cache), md.open_run("net", cache)
    dataset = md.open("m", cache)
    held = {name: set(dataset.split()[name]) for name in ("train", "val")}
    graphs = set(dataset.feature("graph").ids.tolist())
    for run, expected in ((forest, held), (net, {k: v & graphs for k, v in held.items()})):
        sizes = run.manifest["sizes"]
        assert sizes["train"] == len(expected["train"])
    lost = len(held["train"] - graphs)
    assert f"{lost} materials of train have no graph" in net.manifest["notes"]
    assert not [note for note in forest.manifest["notes"] if "have no" in note]
    assert main(["evaluate", "net", "--cache", str(cache), "--no-pictures"]) == 0
    predicted = md.predict(forest, dataset).to_frame()
    assert len(predicted) == COUNT


def test_what_is_printed(cache, records, capsys):
    there = ["--cache", str(cache)]
    (bare, *_), whole = mixed.bare_ids(records), str(records[1]["material_id"])
    assert main(["info", "m", *there]) == 0
    assert f"{COUNT} materials, {BARE} of them without a structure" in capsys.readouterr().out
    assert main(["show", "m", bare, *there]) == 0
    shown = capsys.readouterr().out
    assert "no structure: known by its formula" in shown
    assert "graph: none (no_structure)" in shown
    assert main(["show", "m", bare, *there, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["structure"] is None
    assert main(["show", "m", whole, *there, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["structure"]["numbers"]
    assert main(["list", *there, "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["datasets"]
    assert (listed["rows"], listed["without_structure"]) == (COUNT, BARE)
    assert main(["verify", *there, "--json"]) == 0


@pytest.mark.slow
def test_the_summary_of_a_build_counts_them(records, tmp_path, capsys):
    path = mixed.write_csv(tmp_path / "a.csv", records)
    assert main(["build", str(path), "--cache", str(tmp_path), "--dedupe", "none"]) == 0
    assert f": {COUNT} materials, {BARE} of them without a structure" in capsys.readouterr().out
    command = ["build", str(path), "--cache", str(tmp_path), "--json", "--features", "graph"]
    assert main([*command, "--dedupe", "none"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows"], summary["without_structure"]) == (COUNT, BARE)
    assert summary["features"][0]["rejected"]["no_structure"] == BARE


def test_exports(built, records, tmp_path):
    from matdata.datasets.exports.content import Exported
    from matdata.datasets.exports.writing import write_export

    content = Exported(built, derived=True)
    arrays = np.load(write_export(content, tmp_path / "a.npz", "npz"))
    assert built.ids[arrays["crystals.rows"]].tolist() == built.crystals.ids.tolist()
    np.testing.assert_array_equal(arrays["crystals.lattice"], built.crystals.lattice)
    with pytest.raises(md.ConfigError, match=f"{BARE} of {COUNT} materials have none: m-0000"):
        write_export(content, tmp_path / "a.extxyz", "extxyz")
    assert not (tmp_path / "a.extxyz").exists()
    frame = pd.read_csv(write_export(content, tmp_path / "a.csv", "csv"), index_col=0)
    assert sorted(frame.index[frame["n_sites"].isna()]) == mixed.bare_ids(records)


def test_only_rows_with_a_structure_can_be_asked_for(records, tmp_path):
    path = mixed.write_csv(tmp_path / "a.csv", records)
    whole = _build(path, tmp_path / "c", filter="n_sites > 0", dedupe="none")
    assert (whole.kind, len(whole)) == ("structure", COUNT - BARE)
    assert [reject.reason for reject in whole.rejects()] == ["not_selected"] * BARE
    few = _build(path, tmp_path / "c", filter={"sites_below": 6}, dedupe="none")
    assert few.n_without_structure == BARE
    assert few.structures.crystals.n_sites.max() < 6


def test_a_build_whose_records_are_all_in_another_dataset_says_so(cache, records, tmp_path):
    path = mixed.write_csv(tmp_path / "again.csv", records)
    drop = {"drop_in": ["m"], "drop_by": "formula", "dedupe": "none"}
    with pytest.raises(md.CurationError, match=f"not one of {COUNT} records is left") as caught:
        _build(path, cache, **{**drop, "name": "n"})
    assert "--drop-by" in caught.value.next_step


@pytest.mark.slow
def test_splits_by_structure_are_refused_and_by_formula_are_not(records, built, tmp_path, capsys):
    with pytest.raises(md.SplitError, match=f"{BARE} of {COUNT} materials have no structure"):
        built.split(group_by="protostructure")
    with pytest.raises(md.SplitError, match="no protostructure"):
        built.folds(method="kfold", group_by=("formula", "protostructure"))
    with pytest.raises(md.SplitError, match="no space_group_number"):
        built.split(method="stable", group_by="space_group_number")
    path = mixed.write_csv(tmp_path / "a.csv", records)
    command = ["build", str(path), "--cache", str(tmp_path), "--quiet", "--dedupe", "none"]
    assert main([*command, "--group-by", "protostructure"]) == 3  # the dataset is kept
    assert "group by formula or chemsys" in capsys.readouterr().err
    by_formula = built.split(group_by="formula", name="by-formula")
    part = {one: name for name, ids in by_formula.items() for one in ids}
    formula = built.table["formula"]
    groups = formula.groupby(formula).groups.values()
    assert all(len({part[one] for one in ids}) == 1 for ids in groups)
    assert not built.audit("by-formula", keys=("formula",)).leaks
    assert built.audit("by-formula").unlabelled["protostructure"] == BARE
    near = built.audit("by-formula", keys=("formula",), near_duplicates=True)
    assert near.overlaps
    assert near.unlabelled == {"formula": 0, "near_duplicate": BARE}
    assert f"no value of near_duplicate: {BARE} materials" in near.to_text()


@pytest.mark.slow
def test_two_versions_are_compared(records, tmp_path):
    old = _build(mixed.write_csv(tmp_path / "a.csv", records), tmp_path / "c", dedupe="none")
    changed = [dict(one) for one in records]
    changed[0]["structure"] = changed[1]["structure"]  # it had none
    changed[2]["structure"] = None
    changed[3]["gap"] = 9.0
    new = _build(mixed.write_csv(tmp_path / "b.csv", changed), tmp_path / "c", dedupe="none")
    found = compare(old, new)
    names = [records[k]["material_id"] for k in (0, 2, 3)]
    assert [(one.material_id, one.before, one.after) for one in found.restructured] == [
        (names[0], "no", "yes"),
        (names[2 - 1], "yes", "no"),
    ]
    assert [one.material_id for one in found.retargeted] == [names[2]]
    assert found.unchanged == COUNT - 3
    structures = _build(tmp_path / "a.csv", tmp_path / "c", filter="n_sites > 0", dedupe="none")
    assert len(compare(structures, old).added) == BARE


def test_a_saved_snapshot_gives_the_same_dataset(cache, tmp_path, capsys):
    saved = tmp_path / "snapshot.jsonl.gz"
    assert main(["export", "m", str(saved), "--snapshot", "--cache", str(cache)]) == 0
    again = _build(saved, tmp_path / "other", dedupe="none")
    first = md.open("m", cache)
    assert again.digest == first.digest
    assert again.columns == first.columns
    assert again.structures.digest() == first.structures.digest()
    kept = cache / "snapshots" / first.manifest["made_from"]["snapshot"]
    other = tmp_path / "other" / "snapshots" / again.manifest["made_from"]["snapshot"]
    assert [(p.name, p.read_bytes()) for p in sorted(kept.rglob("*.h5"))] == [
        (p.name, p.read_bytes()) for p in sorted(other.rglob("*.h5"))
    ]


KILLED_AT = (
    ("snapshots/files/.building-*/chunks/0*", 2),
    ("datasets/some/local-*", 1),
    ("features/*/.building-*/shards/0*", 4),
)


@pytest.mark.slow
def test_killed_builds_end_bit_identical(tmp_path):
    """Some shards hold no structure at all, some nothing else."""
    records = mixed.rows(600, every=3)
    for one in records[100:160]:
        one["structure"] = None
    path = mixed.write_csv(tmp_path / "some.csv", records)
    more = ("--dedupe", "none")
    assert start(path, tmp_path / "whole", *more).wait(timeout=240) == 0
    hits = 0
    for pattern, number in KILLED_AT:
        process = start(path, tmp_path / "cut", *more)
        hits += killed_at(process, tmp_path / "cut", pattern, number)
    assert hits >= len(KILLED_AT) - 1, "the builds ended before they could be killed"
    assert start(path, tmp_path / "cut", *more).wait(timeout=240) == 0
    assert artefacts(tmp_path / "cut") == artefacts(tmp_path / "whole")
    assert md.open("some", tmp_path / "cut").n_without_structure == len(mixed.bare_ids(records))

"""The main job from files to a verified store, through the Python API and the command line."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from support.crystals import few, many
from support.files import cif, write_csv, write_folder, write_jsonl

import matdata as md
from matdata.cli import main


@pytest.fixture
def source(tmp_path):
    crystals = many(40)
    gaps = [0.1 * k for k in range(40)]
    return write_csv(tmp_path / "some.csv", crystals, gap=gaps)


def _run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.slow
def test_build_open_and_read(source, tmp_path):
    dataset = md.build(source, features=["ofm"], cache=tmp_path / "c", workers=1)
    assert md.open("some", tmp_path / "c").ref == dataset.ref
    assert md.open(dataset.ref, tmp_path / "c").digest == dataset.digest
    assert isinstance(dataset.table, pd.DataFrame)
    assert dataset.table.index.is_monotonic_increasing
    assert dataset.units["energy_per_atom"] == "eV/atom"
    name = dataset.ids[3]
    structure = dataset.structure(name)
    assert len(structure) == dataset.table.loc[name, "n_sites"]
    assert len(dataset.atoms(name)) == len(structure)
    feature = dataset.feature("ofm")
    assert feature[name].shape == (len(structure), 1056)
    assert feature[name].dtype == np.float32
    computed = md.compute("ofm", [structure])
    np.testing.assert_allclose(feature[name], computed.values, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(
        feature.dense().values, md.compute("ofm", dataset.crystals).values
    )


@pytest.mark.slow
def test_split_sizes_seed_and_independence_of_row_order(source, tmp_path):
    dataset = md.build(source, cache=tmp_path / "c", workers=1)
    parts = dataset.split()
    sizes = {part: len(ids) for part, ids in parts.items()}
    n = len(dataset)
    assert sum(sizes.values()) == n
    assert abs(sizes["train"] - 0.7 * n) < 1
    other = md.build(source, cache=tmp_path / "d", workers=1, seed=1)
    assert other.split() != parts
    lines = source.read_text().split("\nm-")
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("\nm-".join([lines[0], *lines[:0:-1]]).rstrip() + "\n")
    third = md.build(mixed, cache=tmp_path / "e", workers=1)
    assert third.split() == parts
    assert third.crystals.digest() == dataset.crystals.digest()


@pytest.mark.slow
def test_both_stores_hold_identical_arrays(source, tmp_path):
    made = {}
    for store in ("zarr", "hdf5"):
        dataset = md.build(source, features=["ofm"], cache=tmp_path, store=store, workers=1)
        made[store] = dataset.feature("ofm")
    assert made["zarr"].manifest["store"] == "zarr"
    assert made["hdf5"].manifest["store"] == "hdf5"
    assert made["zarr"].manifest["arrays_digest"] == made["hdf5"].manifest["arrays_digest"]
    np.testing.assert_array_equal(made["zarr"].dense().values, made["hdf5"].dense().values)


def test_a_second_build_computes_nothing(source, tmp_path, monkeypatch):
    first = md.build(source, features=["ofm"], cache=tmp_path, workers=1)
    for target in ("matdata.sources.parse.parse_structures", "matdata.curate.curate.curate"):
        monkeypatch.setattr(target, None)
    monkeypatch.setattr("matdata.features.ofm.OrbitalField.featurize", None)
    again = md.build(source, features=["ofm"], cache=tmp_path, workers=1)
    assert again.ref == first.ref


@pytest.mark.slow
def test_features_of_another_dataset_version_are_refused(source, tmp_path):
    dataset = md.build(source, features=["ofm"], cache=tmp_path, workers=1)
    feature = dataset.feature("ofm")
    with pytest.raises(md.StoreError, match="another version"):
        md.Feature(feature.folder, dataset.ids, "0" * 64)


def test_crystals_that_cannot_be_featurized_are_ledger_rows(tmp_path):
    crystals = many(6)
    numbers = crystals.numbers.copy()
    numbers[crystals.sites(2)] = 118  # no electron configuration is known
    columns = {**crystals.columns(), "numbers": numbers}
    path = tmp_path / "some.jsonl"
    write_jsonl(path, md.Crystals(crystals.ids, **columns))
    dataset = md.build(path, features=["ofm"], cache=tmp_path / "c", workers=1, dedupe="none")
    feature = dataset.feature("ofm")
    assert len(dataset) == 6
    assert len(feature) == 5
    assert feature.manifest["rejected"] == {feature.rejects()[0].reason: 1}
    with pytest.raises(md.FeatureError, match="m-0002 has no ofm"):
        feature["m-0002"]


@pytest.mark.slow
def test_one_bad_file_among_many_is_a_ledger_row(tmp_path, capsys):
    folder = write_folder(tmp_path / "cifs", many(20))
    (folder / "bad.cif").write_text("this is no CIF")
    code, out, err = _run(capsys, "build", str(folder), "--cache", str(tmp_path / "c"))
    assert code == 0
    assert "1 unreadable" in out
    assert "REJECTED" not in err
    dataset = md.open("cifs", tmp_path / "c")
    assert dataset.ledger.material_id.tolist() == ["bad"]
    assert dataset.funnel()[0]["entered"] == 21


@pytest.mark.slow
def test_a_build_that_loses_most_of_its_records_says_so_loudly(tmp_path, capsys):
    folder = tmp_path / "cifs"
    folder.mkdir()
    (folder / "good.cif").write_text(cif(few(), 0))
    for k in range(3):
        (folder / f"bad-{k}.cif").write_text("this is no CIF")
    command = ["build", str(folder), "--cache", str(tmp_path / "c")]
    for _ in range(2):  # an unchanged build that lost most of its records is no better
        code, _, err = _run(capsys, *command)
        assert code == 3
        assert "no split was made" in err
        assert "3 OF 4 RECORDS WERE REJECTED (3 unreadable)" in err
        assert "--allow-loss" in err
    code, _, err = _run(capsys, *command, "--allow-loss")
    assert code == 0
    assert "3 OF 4 RECORDS WERE REJECTED (3 unreadable)" in err


def test_nothing_usable_is_an_error_and_no_dataset(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("id,cif\na,nonsense _cell_length_a\n")
    code, _, err = _run(capsys, "build", str(path), "--cache", str(tmp_path / "c"))
    assert code == 1
    assert "not one of 1 records can be used: 1 unreadable" in err
    assert not list((tmp_path / "c" / "datasets").rglob("manifest.json"))


@pytest.mark.slow
def test_a_truncated_input_loses_nothing_that_was_read(tmp_path, capsys):
    """The repaired file builds in the same cache."""
    path = write_csv(tmp_path / "a.csv.gz", many(30))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    code, _, err = _run(capsys, "build", str(path), "--cache", str(tmp_path / "c"))
    assert code == 1
    assert "truncated" in err
    assert "Traceback" not in err
    path.write_bytes(whole)
    assert _run(capsys, "build", str(path), "--cache", str(tmp_path / "c"))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build", "sampel"], "did you mean 'sample'"),
        (["build", "sample", "--features", "ofn"], "did you mean 'ofm'"),
        (["build", "sample", "--features", "ofm", "--set", "ofm.perod_tag=1"], "period_tag"),
        (["build", "sample", "--features", "ofm", "--set", "x.y=1"], "not asked for"),
        (["build", "sample", "--set", "nonsense"], "FEATURE.KEY=VALUE"),
        (["build", "sample", "--store", "hdf"], "did you mean 'hdf5'"),
        (["build", "sample", "--dedupe", "polymorf"], "did you mean 'polymorph'"),
        (["build", "sample", "--limit", "0"], "at least 1"),
        (["build", "sample", "--workers", "0"], "at least 1"),
        (["build", "mp"], "API key"),
        (["build", "no/such/file.csv"], "no file or folder"),
        (["info", "nothing"], "no dataset 'nothing'"),
    ],
)
def test_bad_requests_get_one_clear_error(arguments, words, tmp_path, capsys):
    code, _out, err = _run(capsys, *arguments, "--cache", str(tmp_path / "c"))
    assert code == 1
    assert err.startswith("error: ")
    assert words in err
    assert "Traceback" not in err


def test_a_split_that_does_not_fit_is_refused(source, tmp_path, capsys):
    cache = ["--cache", str(tmp_path / "c")]
    code, _, err = _run(capsys, "build", str(source), "--split", "70/15/16", *cache)
    assert code == 1
    assert "70/15/16" in err


@pytest.mark.slow
def test_commands_on_a_built_dataset(source, tmp_path, capsys):
    cache = ["--cache", str(tmp_path / "c")]
    code, out, _ = _run(capsys, "build", str(source), "--features", "ofm", "--json", *cache)
    built = json.loads(out)
    assert code == 0
    assert built["features"][0]["rows"] == built["rows"]
    steps = built["funnel"]
    assert steps[0]["entered"] == 40
    assert steps[-1]["kept"] == built["rows"]

    code, out, _ = _run(capsys, "list", *cache)
    assert built["dataset"] in out
    code, out, _ = _run(capsys, "info", "some", *cache)
    assert "energy_per_atom (eV/atom)" in out
    assert "split 70-15-15-seed0" in out
    code, out, _ = _run(capsys, "show", "some", "m-0003", *cache)
    assert "lattice" in out
    assert "ofm: (8, 1056) float32" in out
    code, _, err = _run(capsys, "show", "some", "m-001", *cache)
    assert code == 1
    assert "did you mean" in err
    code, out, _ = _run(capsys, "split", "some", "--split", "80/20", "--seed", "3", *cache)
    assert "80-20-seed3" in out
    split = ["split", "some", "--group-by", "chemsys", *cache]
    assert "group-chemsys" in _run(capsys, *split)[1]
    code, out, _ = _run(capsys, "featurize", "some", "cell-density", *cache)
    assert code == 0
    code, out, _ = _run(capsys, "verify", *cache)
    assert (code, "all clean" in out) == (0, True)


@pytest.mark.slow
def test_verify_names_the_damaged_file(source, tmp_path, capsys):
    dataset = md.build(source, features=["ofm"], cache=tmp_path / "c", workers=1)
    for path in (
        dataset.folder / "table.parquet",
        dataset.folder / "splits/70-15-15-seed0.parquet",
    ):
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        code, out, _ = _run(capsys, "verify", "--cache", str(tmp_path / "c"))
        assert code == 1
        assert str(path) in out
        path.write_bytes(whole)


def test_compositions_are_a_dataset_too(tmp_path, capsys):
    path = tmp_path / "gaps.csv"
    path.write_text(
        "material_id,composition,Eg\n" + "".join(f"{k},Na{k + 1}Cl,{0.1 * k}\n" for k in range(20))
    )
    cache = ["--cache", str(tmp_path / "c")]
    features = ["--features", "matminer:Stoichiometry"]
    code, _out, err = _run(capsys, "build", str(path), *features, "--workers", "1", *cache)
    assert code == 0, err
    dataset = md.open("gaps", tmp_path / "c")
    assert dataset.kind == "composition"
    assert dataset.feature("matminer:Stoichiometry")["3"].shape == (6,)
    with pytest.raises(md.StructureError, match="compositions and no structures"):
        dataset.structure("3")
    code, _, err = _run(capsys, "build", str(path), "--features", "ofm", *cache)
    assert code == 1
    assert "needs structures" in err

"""Datasets and dense features in the formats of other programs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.crystals import many
from support.files import write_csv

import matdata as md
from matdata.cli import main

pytestmark = pytest.mark.slow


@pytest.fixture
def source(tmp_path):
    crystals = many(40)
    gaps = [0.1 * k for k in range(40)]
    return write_csv(tmp_path / "some.csv", crystals, gap=gaps)


def _run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("form", ["npz", "hdf5", "parquet", "csv", "extxyz"])
def test_exports_read_back(form, source, tmp_path, capsys):
    cache = ["--cache", str(tmp_path / "c")]
    dataset = md.build(source, features=["ofm"], cache=tmp_path / "c", workers=1)
    path = tmp_path / f"out.{form}"
    more = [] if form == "extxyz" else ["--features", "ofm", "--set", "ofm.level=structure"]
    code, _, err = _run(capsys, "export", "some", str(path), "--format", form, *more, *cache)
    assert code == 0, err
    means = dataset.feature("ofm", level="structure").dense()
    if form == "npz":
        with np.load(path, allow_pickle=False) as file:
            np.testing.assert_array_equal(file["ofm.values"], means)
            np.testing.assert_array_equal(file["crystals.lattice"], dataset.crystals.lattice)
    elif form == "hdf5":
        import h5py

        with h5py.File(path) as file:
            np.testing.assert_array_equal(file["ofm/values"][:], means)
            assert file["table/energy_per_atom"].attrs["unit"] == "eV/atom"
            assert file["table/material_id"].asstr()[0] == dataset.ids[0]
    elif form in ("parquet", "csv"):
        frame = pd.read_parquet(path) if form == "parquet" else pd.read_csv(path)
        assert frame.material_id.tolist() == dataset.ids.tolist()
        columns = [name for name in frame if name.startswith("ofm: ")]
        np.testing.assert_allclose(frame[columns].to_numpy(), means, rtol=1e-6)
    else:
        again = md.build(path, cache=tmp_path / "d", workers=1, name="again")
        assert again.ids.tolist() == dataset.ids.tolist()
        np.testing.assert_allclose(again.crystals.lattice, dataset.crystals.lattice, atol=1e-7)


def test_exports_that_cannot_hold_it_are_refused(source, tmp_path, capsys):
    md.build(source, features=["ofm"], cache=tmp_path / "c", workers=1)
    base = ["export", "some", str(tmp_path / "x"), "--cache", str(tmp_path / "c"), "--format"]
    assert "a row for each site" in _run(capsys, *base, "csv", "--features", "ofm")[2]
    assert "no features" in _run(capsys, *base, "extxyz", "--features", "ofm")[2]
    assert "did you mean 'parquet'" in _run(capsys, *base, "parket")[2]
    assert "matdata featurize" in _run(capsys, *base, "npz", "--features", "cell-density")[2]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("x.csv", b"material_id,"),
        ("X.CSV", b"material_id,"),
        ("x.parquet", b"PAR1"),
        ("x.h5", b"\x89HDF"),
        ("x.HDF5", b"\x89HDF"),
        ("x.npz", b"PK"),
    ],
)
def test_the_ending_tells_the_format(name, start, source, tmp_path, capsys):
    cache = ["--cache", str(tmp_path / "c")]
    md.build(source, cache=tmp_path / "c", workers=1)
    code, _, err = _run(capsys, "export", "some", str(tmp_path / name), *cache)
    assert code == 0, err
    assert (tmp_path / name).read_bytes().startswith(start)


def test_an_unknown_ending_is_refused_before_any_work(tmp_path, capsys):
    cache = ["--cache", str(tmp_path / "c")]
    for name in ("x.txt", "x", "x.csv.gz"):
        # The dataset is not even looked for.
        code, _, err = _run(capsys, "export", "no-such-set", str(tmp_path / name), *cache)
        assert code == 1
        assert f"{name}': its name has " in err
        assert ".csv, .jsonl, .aselmdb, or say --format" in err


def test_texts_that_a_spreadsheet_would_execute(tmp_path, capsys):
    path, cache = tmp_path / "some.csv", ["--cache", str(tmp_path / "c")]
    path.write_text("material_id,composition,e,note\na,NaCl,-1.5,=1+1\nb,KCl,2,-7\n")
    md.build(path, cache=tmp_path / "c", workers=1)
    out = tmp_path / "out.csv"
    for more, note in ([], "'=1+1"), (["--raw-text"], "=1+1"):
        code, _, err = _run(capsys, "export", "some", str(out), *more, *cache)
        assert code == 0, err
        frame = pd.read_csv(out, dtype=str).set_index("material_id")
        assert frame.note.to_dict() == {"a": note, "b": "-7"}
        assert frame.e.to_dict() == {"a": "-1.5", "b": "2.0"}
    code, _, err = _run(capsys, "export", "some", str(tmp_path / "x.npz"), "--raw-text", *cache)
    assert code == 1
    assert "--raw-text is for csv" in err


def test_matrices_are_exported_where_they_fit(tmp_path, capsys):
    path, cache = tmp_path / "some.csv", ["--cache", str(tmp_path / "c")]
    path.write_text("material_id,composition\na,NaCl\nb,SrTiO3\nc,BaTiO3\n")
    features = ["edm", "composition-set"]
    dataset = md.build(path, features=features, cache=tmp_path / "c", workers=1)
    matrices, sets = (dataset.feature(name).dense() for name in features)
    assert matrices.shape == (3, 3, 3)
    base = ["export", "some", *cache, "--features"]
    for form in ("npz", "hdf5"):
        out = tmp_path / f"out.{form}"
        code, _, err = _run(capsys, *base, "edm,composition-set", str(out), "--format", form)
        assert code == 0, err
        if form == "npz":
            with np.load(out, allow_pickle=False) as file:
                found = [file[f"{name}.values"] for name in features]
                labels = file["edm.labels"].tolist()
        else:
            import h5py

            with h5py.File(out) as file:
                found = [file[f"{name}/values"][:] for name in features]
                labels = file["edm/labels"].asstr()[:].tolist()
        np.testing.assert_array_equal(found[0], matrices)
        np.testing.assert_array_equal(found[1], sets.values)
        assert labels == ["element", "fraction", "log fraction"]
    for form in ("csv", "parquet"):
        out = str(tmp_path / "x")
        code, _, err = _run(capsys, *base, "edm", out, "--format", form)
        assert code == 1
        assert "3 x 3 numbers for each material" in err
        assert "npz or hdf5" in err
        code, _, err = _run(capsys, *base, "composition-set", out, "--format", form)
        assert "a row for each element" in err
        assert "level=structure" not in err


def test_a_feature_replaces_no_column_of_the_table(tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text("id,formula,fractions: H\na,NaCl,1.5\nb,MgO,2.5\n")
    options = {"split": None, "dedupe": "none", "workers": 1}
    dataset = md.build(path, features="fractions", cache=tmp_path / "c", **options)
    assert dataset.feature("fractions").labels[0] == "H"
    more = ["--features", "fractions", "--cache", str(tmp_path / "c")]
    code, _, err = _run(capsys, "export", "t", str(tmp_path / "o.csv"), "--format", "csv", *more)
    assert code == 1
    assert "has a column 'fractions: H' already" in err
    assert not (tmp_path / "o.csv").exists()


def test_json_lines_are_read_back_by_matdata_and_pymatgen(source, tmp_path, capsys):
    import json

    from pymatgen.core import Structure

    cache = ["--cache", str(tmp_path / "c")]
    dataset = md.build(source, features=["ofm"], cache=tmp_path / "c", workers=1)
    path = tmp_path / "out.jsonl"
    code, _, err = _run(capsys, "export", "some", str(path), "--features", "ofm", *cache)
    assert code == 0, err
    documents = [json.loads(line) for line in path.read_text().splitlines()]
    assert [one["material_id"] for one in documents] == dataset.ids.tolist()
    first = documents[0]
    assert Structure.from_dict(first["structure"]).volume == pytest.approx(
        dataset.crystals.volume[0]
    )
    np.testing.assert_array_equal(first["ofm"], dataset.feature("ofm")[first["material_id"]])
    again = md.build(path, cache=tmp_path / "c", name="again", dedupe="none", workers=1)
    np.testing.assert_array_equal(again.crystals.frac_coords, dataset.crystals.frac_coords)
    np.testing.assert_array_equal(again.crystals.lattice, dataset.crystals.lattice)

"""Units in the names of columns, and what other files state of theirs."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import matdata as md

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("target", ["density", "density (g/cm^3)"])
def test_a_column_is_named_with_or_without_its_unit(target, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("material_id,formula,density (g/cm^3),k\na,NaCl,2.2,1\nb,KCl,2.0,2\n")
    options = {"cache": tmp_path / "c", "split": None, "workers": 1}
    dataset = md.build(path, target=target, **options)
    assert dataset.manifest["targets"] == {"density (g/cm^3)": "g/cm^3"}


def test_a_name_of_two_columns_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("material_id,formula,gap (eV),gap (meV)\na,NaCl,2.2,2200\nb,KCl,2.0,2000\n")
    options = {"cache": tmp_path / "c", "split": None, "workers": 1}
    with pytest.raises(md.SourceError, match=r"'gap' is 'gap \(eV\)' and 'gap \(meV\)'"):
        md.build(path, target="gap", **options)
    assert md.build(path, target="gap (meV)", **options).units["gap (meV)"] == "meV"
    with pytest.raises(md.SourceError, match="no column 'gip'"):
        md.build(path, target="gip", **options)


def test_energies_are_named_without_their_unit(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("material_id,formula,e (eV/atom)\na,NaCl,-1\nb,NaCl,-2\n")
    options = {"cache": tmp_path / "c", "split": None, "workers": 1}
    best = md.build(path, energy="e/atom", dedupe="polymorph", **options)
    assert best.ids.tolist() == ["b"]


def test_statements_of_other_parquet_files_are_believed_about_known_units_alone(tmp_path):
    import pyarrow.parquet as pq

    fields = [
        pa.field("formula", pa.string()),
        pa.field("x", pa.float64(), metadata={"unit": "eV"}),
        pa.field("y", pa.float64(), metadata={"unit": "furlong"}),
        pa.field("z", pa.list_(pa.float64()), metadata={"axis": "w", "unit": "GPa"}),
        pa.field("w", pa.list_(pa.float64())),
    ]
    arrays = [pa.array(["NaCl"]), pa.array([1.5]), pa.array([2.5])]
    arrays += [pa.array([[1.0, 2.0]]), pa.array([[0.0, 1.0]])]
    for by_matdata in (False, True):
        about = {"licence": "MIT", **({"content_digest": "0"} if by_matdata else {})}
        about["citation"] = "a\x1b[31mred"  # letters that cannot be seen are taken from nobody
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=about))
        path = tmp_path / f"{by_matdata}.parquet"
        pq.write_table(table, path)
        dataset = md.build(path, cache=tmp_path / "c", split=None, workers=1)
        odd = {"y": "furlong"} if by_matdata else {}
        assert dataset.units == {"x": "eV", "z": "GPa", **odd, **_own(dataset)}
        assert dataset.axes == ({"z": "w"} if by_matdata else {})
        assert dataset.manifest["licence"] == ("MIT" if by_matdata else "")
        assert dataset.manifest["citation"] == ""


def _own(dataset: Any) -> dict[str, str]:
    return {k: unit for k, unit in dataset.units.items() if k == "volume_per_atom"}

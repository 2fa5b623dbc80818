"""Files of spectra: kinds of arrays, axes, units, and what of them is refused."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.spectra import (
    ENERGIES,
    GRID,
    arrays,
    block,
    build,
    identity,
    pairs,
    write_materials,
)

import matdata as md


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("0:30", "is no grid"),
        ("0:30:x", "is no grid"),
        ("30:0:10", "does not rise"),
        ("0:30:1", "expected 2 to"),
        ("0:30:2.5", "expected 2 to"),
        ("0:30:10:parsec", "no unit"),
        ("1:1.0000000000000002:100", "closer than numbers differ"),
        ("enery=0:10:50", r"axis 'enery' that is not there \(did you mean 'energy'"),
        (["0:10:50", "0:10:60"], "given twice"),
    ],
)
def test_grids_that_are_none_are_refused(tmp_path, grid, message):
    with pytest.raises(md.ConfigError, match=message):
        build(tmp_path, arrays(), grid=grid)


@pytest.mark.slow
def test_files_that_hold_no_spectra_are_refused(tmp_path):
    values = arrays()
    with pytest.raises(md.SourceError, match="open which column is the axis"):
        build(tmp_path, {**values, "other": ENERGIES}, "open")
    with pytest.raises(md.SourceError, match="no column of material ids"):
        build(tmp_path, {k: v for k, v in values.items() if k != "material_id"}, "ids")
    ids = np.array([f"x{k}" for k in range(len(values["material_id"]))])
    with pytest.raises(md.ConfigError, match="no material of --spectra is one of the source"):
        build(tmp_path, {**values, "material_id": ids}, "others")
    with pytest.raises(md.SourceError, match="no such file"):
        build(tmp_path, tmp_path / "absent.npz")
    (tmp_path / "broken.npz").write_bytes(b"PK no archive")
    with pytest.raises(md.SourceError, match="cannot be read"):
        build(tmp_path, tmp_path / "broken.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(md.SourceError, match="holds no"):
        build(tmp_path, tmp_path / "empty")
    write_materials(tmp_path / "m.csv")
    with pytest.raises(md.ConfigError, match="--beyond is of"):
        md.build(tmp_path / "m.csv", cache=tmp_path, beyond="hold")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eps_re_xx": np.arange(132.0)}, "'eps_re_xx' holds no rows of numbers"),
        ({"material_id": np.array([identity(*p) for p in pairs()], object)}, "cannot be read"),
        ({"material_id": np.array([[identity(*p)] * 2 for p in pairs()])}, "no list of ids"),
        ({"material_id": np.array([identity(*p).encode() for p in pairs()])}, "no list of ids"),
    ],
)
def test_arrays_that_are_no_spectra_of_materials_are_refused(tmp_path, change, message):
    with pytest.raises(md.SourceError, match=message):
        build(tmp_path, {**arrays(), **change}, axis=["eps_re_xx=energy"])


def test_parquet_files_are_matched_by_ids_of_any_kind_and_refused_if_damaged(tmp_path):
    (tmp_path / "materials.csv").write_text("material_id,formula\n1,NaCl\n2,KCl\n3,LiF\n")
    spectra = {"energy": [[0.0, 5.0, 10.0]] * 3, "dos": [[1.0, 2.0, 3.0]] * 3}
    given = {"axis": ["dos=energy"], "grid": ()}
    path = tmp_path / "dos.parquet"
    pq.write_table(pa.table({"material_id": [1, 2, 3], **spectra}), path)
    np.testing.assert_array_equal(block(build(tmp_path, path, **given), "dos"), spectra["dos"])
    pq.write_table(pa.table({"material_id": [1, None, 3], **spectra}), path)
    with pytest.raises(md.SourceError, match="rows without a material_id"):
        build(tmp_path, path, **given)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(md.SourceError, match="no readable Parquet file"):
        build(tmp_path, path, **given)


def test_components_are_asked_of_dielectric_functions_in_xml_alone(tmp_path):
    with pytest.raises(md.SourceError, match="--components is of dielectric functions in XML"):
        build(tmp_path, arrays(), components=["xx"])
    write_materials(tmp_path / "m.csv")
    with pytest.raises(md.ConfigError, match=r"none are named\n.*--spectra FOLDER, or --optics"):
        md.build(tmp_path / "m.csv", cache=tmp_path, components=["xx"], workers=1)


def test_an_axis_of_no_column_names_those_of_the_file_of_spectra(tmp_path):
    with pytest.raises(md.ConfigError, match=r"did you mean 'eps_re_xx'") as error:
        build(tmp_path, arrays(), axis=["eps_re_xx=energy", "eps_re_x=energy"])
    assert "; of --spectra: eps_re_xx, energy" in str(error.value)


def test_arrays_of_a_file_are_mapped_or_read_alike(tmp_path):
    values = arrays()
    np.savez(tmp_path / "stored.npz", **values)
    np.savez_compressed(tmp_path / "packed.npz", **values)
    columns = np.asfortranarray(values["eps_re_xx"]).astype(np.float32)
    np.savez(tmp_path / "turned.npz", **{**values, "eps_re_xx": columns})
    found = [build(tmp_path, tmp_path / f"{name}.npz", name) for name in ("stored", "packed")]
    for column in ("eps_re_xx", "eps_im_xx"):
        np.testing.assert_array_equal(block(found[0], column), block(found[1], column))
    turned = block(build(tmp_path, tmp_path / "turned.npz", "turned"))
    np.testing.assert_allclose(turned, block(found[0]), rtol=1e-5)
    raw = bytearray((tmp_path / "stored.npz").read_bytes())
    raw[raw.index(values["eps_re_xx"].tobytes()) + 100] ^= 1
    (tmp_path / "stored.npz").write_bytes(raw)
    with pytest.raises(md.SourceError, match=r"bad CRC-32 of 'eps_re_xx\.npy'"):
        build(tmp_path, tmp_path / "stored.npz", "damaged")


def test_an_array_that_names_more_numbers_than_it_has_is_refused(tmp_path):
    """A mapped array must not go on into what the file holds after it."""
    with zipfile.ZipFile(tmp_path / "short.npz", "w") as archive:
        for name, values in arrays().items():
            file = io.BytesIO()
            np.save(file, values)
            short = 8 * (name == "eps_re_xx")
            archive.writestr(f"{name}.npy", file.getvalue()[: file.tell() - short])
    with pytest.raises(md.SourceError, match=r"'eps_re_xx\.npy' does not hold"):
        build(tmp_path, tmp_path / "short.npz", "short")


def test_an_archive_of_arrays_holds_spectra_as_numbers(tmp_path, oscillators):
    md.export(oscillators, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_array_equal(found["table.eps_re_xx"], block(oscillators))
        np.testing.assert_array_equal(found["table.energy"], GRID)
        assert found["table.eps_re_xx"].dtype == np.float32
        axes = json.loads(str(found["about"]))["axes"]
    assert axes["eps_re_xx"] == "energy"

"""Spectra of a dataset: resampled to one grid, stored in blocks, learnt and scored."""

from __future__ import annotations

import json

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
    oscillator,
    pairs,
)
from support.toy import command

import matdata as md
from matdata.building.repair import repair
from matdata.cli.arguments import make_parser


def reasons(dataset):
    return dict(zip(dataset.ledger["material_id"], dataset.ledger["reason"], strict=True))


def test_a_file_of_arrays_becomes_blocks_on_one_grid(oscillators):
    assert oscillators.axes == {"eps_re_xx": "energy", "eps_im_xx": "energy"}
    assert oscillators.units["energy"] == "eV"
    assert oscillators.columns["energy"][3] == GRID.tolist()
    stored = block(oscillators)
    assert stored.dtype == np.float32
    for row, name in enumerate(oscillators.ids.tolist()):
        a, b = map(int, name[1:].split("-"))
        expected = np.interp(GRID, ENERGIES, oscillator(a, b).real)
        np.testing.assert_allclose(stored[row], expected, rtol=1e-6, atol=1e-6)
    axis, points, values = oscillators.spectra("eps_re_xx")
    assert (axis, points.tolist()) == ("energy", GRID.tolist())
    np.testing.assert_array_equal(values, stored)
    with pytest.raises(md.StoreError, match=r"no spectra 'eps_re' \(did you mean"):
        oscillators.spectra("eps_re")
    assert "eps_re_xx" not in pq.read_schema(oscillators.folder / "table.parquet").names
    assert oscillators.columns["eps_re_xx"][0] == stored[0].tolist()
    assert oscillators.table["eps_im_xx"].iloc[0] == block(oscillators, "eps_im_xx")[0].tolist()


@pytest.mark.slow
def test_all_ways_to_bring_spectra_give_the_same(tmp_path, oscillators):
    expected = block(oscillators)
    values = arrays()
    n = len(values["material_id"])
    table = {
        "material_id": values["material_id"].tolist(),
        "energy (eV)": [ENERGIES.tolist()] * n,
        "eps_re_xx": values["eps_re_xx"].tolist(),
        "eps_im_xx": values["eps_im_xx"].tolist(),
    }
    pq.write_table(pa.table(table), tmp_path / "spectra.parquet")
    axis = ["eps_re_xx=energy (eV)", "eps_im_xx=energy (eV)"]
    by_parquet = build(tmp_path, tmp_path / "spectra.parquet", "parquet", axis=axis)
    folder = tmp_path / "files"
    folder.mkdir()
    for a, b in pairs():
        eps = oscillator(a, b)
        rows = zip(ENERGIES.tolist(), eps.real.tolist(), eps.imag.tolist(), strict=True)
        lines = ["energy (eV),eps_re_xx,eps_im_xx", *(",".join(map(repr, row)) for row in rows)]
        (folder / f"{identity(a, b)}.csv").write_text("\n".join(lines))
    by_files = build(tmp_path, folder, "files")
    # columns of the source itself
    formulas = dict(zip(oscillators.ids.tolist(), oscillators.columns["formula"], strict=True))
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    records = [{**row, "formula": formulas[row["material_id"]]} for row in rows]
    (tmp_path / "records.json").write_text(json.dumps(records))
    own = md.build(
        tmp_path / "records.json", cache=tmp_path / "cache", name="own", split=None, workers=1,
        axis=axis, grid="0:10:50",
    )  # fmt: skip
    for dataset in (by_parquet, by_files, own):
        np.testing.assert_array_equal(block(dataset), expected)
        assert dataset.units[dataset.axes["eps_re_xx"]] == "eV"


def test_units_are_converted_where_they_are_known(tmp_path, oscillators):
    values = arrays()
    values["energy"] = ENERGIES / 1.239841984332e-4
    dataset = build(tmp_path, values, grid="0:10:50:eV", unit={"energy": "cm^-1"})
    np.testing.assert_allclose(block(dataset), block(oscillators), rtol=1e-5, atol=1e-6)
    assert dataset.units["energy"] == "eV"
    with pytest.raises(md.ConfigError, match="grid is in eV, and the unit of energy is not known"):
        build(tmp_path, values, "unknown", grid="0:10:50:eV")
    with pytest.raises(md.ConfigError, match="no factor between them"):
        build(tmp_path, values, "none", grid="0:10:50:eV", unit={"energy": "nm"})


def test_points_beyond_the_data_are_as_said(tmp_path):
    values = arrays()
    short = {**values, "energy": np.tile(ENERGIES, (len(values["material_id"]), 1))}
    short["energy"][0] = ENERGIES / 2.0  # ends at 6 eV
    refused = build(tmp_path, short, "refused")
    assert reasons(refused) == {"m0-1": "outside_grid"}
    row = 0  # ids are sorted: m0-1 is the first
    held = block(build(tmp_path, short, "held", beyond="hold"))[row]
    assert held[-1] == held[30] == np.float32(values["eps_re_xx"][0, -1])
    masked = build(tmp_path, short, "masked", beyond="mask")
    known = np.isfinite(block(masked)[row])
    assert known.tolist() == (GRID <= 6.0).tolist()
    assert masked.columns["eps_re_xx"][row][-1] is None
    clipped = build(tmp_path, short, "clipped", beyond="clip")
    assert clipped.columns["energy"][5] == GRID[GRID <= 6.0].tolist()
    with pytest.raises(md.ConfigError, match=r"no spectrum is usable: outside_grid 132"):
        build(tmp_path, short, "beyond", grid="50:60:5", beyond="hold")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda v: v["energy"][0].__setitem__([3, 4], v["energy"][0][[4, 3]]), "unsorted_points"),
        (lambda v: v["energy"][0].__setitem__(3, v["energy"][0][2]), "repeated_points"),
        (lambda v: v["eps_re_xx"][0].__setitem__(7, np.nan), "not_finite"),
        (lambda v: v["energy"][0].__setitem__(7, np.inf), "not_finite"),
        (lambda v: v["eps_im_xx"][0].__setitem__(7, -0.1), "negative_absorption"),
        (lambda v: v["eps_re_xx"][0].__setitem__(7, 1e39), "too_large"),
        (lambda v: v["energy"][0].__iadd__(1.0), "outside_grid"),
        (lambda v: v["energy"][0].__imul__(8065.54), "outside_grid"),  # 1/cm among eV
    ],
)
def test_spectra_that_cannot_be_used_are_ledger_rows(tmp_path, change, reason):
    values = arrays()
    values["energy"] = np.tile(ENERGIES, (len(values["material_id"]), 1))
    change(values)
    dataset = build(tmp_path, values)
    assert reasons(dataset) == {"m0-1": reason}
    assert len(dataset) == len(values["material_id"]) - 1
    step = next(one for one in dataset.funnel() if one["step"] == "usable spectra")
    assert (step["entered"] - step["kept"], step["removed"]) == (1, {reason: 1})


def test_records_whose_arrays_do_not_fit_are_ledger_rows(tmp_path):
    good = {"energy": [0.0, 5.0, 12.0], "dos": [1.0, 2.0, 3.0], "pdos": [1.0, 1.0, 1.0]}
    wrong = {
        "short": {**good, "dos": [1.0, 2.0]},
        "single": {"energy": [1.0], "dos": [1.0], "pdos": [1.0]},
        "part": {**good, "pdos": None},
        "text": {**good, "dos": ["a", "b", "c"]},
        "axis": {**good, "energy": None},
    }
    rows = [{"material_id": f"g{k}", "formula": f"NaCl{k}", **good} for k in range(1, 9)]
    rows += [
        {"material_id": k, "formula": f"KCl{len(k)}{k == 'text'}"[:4], **v}
        for k, v in wrong.items()
    ]
    rows.append({"material_id": "bare", "formula": "KBr"})
    path = tmp_path / "dos.json"
    path.write_text(json.dumps(rows))
    common = {"cache": tmp_path, "split": None, "workers": 1, "grid": "0:10:5"}
    axis = ["dos=energy", "pdos=energy"]
    dataset = md.build(path, name="dos", axis=axis, **common)
    assert reasons(dataset) == {
        "short": "unequal_lengths",
        "single": "one_point",
        "part": "missing_component",
        "text": "unreadable",
        "axis": "missing_axis",
    }
    assert dataset.columns["dos"][dataset.row("bare")] is None
    np.testing.assert_allclose(block(dataset, "dos")[dataset.row("g1")], np.interp(
        np.linspace(0, 10, 5), [0.0, 5.0, 12.0], [1.0, 2.0, 3.0]
    ))  # fmt: skip
    only = md.build(path, name="only", axis=axis, only_with_spectra=True, **common)
    assert "bare" not in only.ids
    assert reasons(only)["bare"] == "no_spectrum"


def test_different_grids_without_a_grid_are_an_error_that_names_the_option(tmp_path):
    values = arrays()
    dataset = build(tmp_path, values, "same", grid=())
    assert block(dataset).shape == (132, len(ENERGIES))
    values["energy"] = np.tile(ENERGIES, (len(values["material_id"]), 1))
    values["energy"][5, -1] += 1.0
    with pytest.raises(md.ConfigError, match="1 of 132 materials have another 'energy'") as error:
        build(tmp_path, values, "other", grid=())
    assert "--grid START:STOP:N" in error.value.next_step
    assert "has 13.0 as point 80 of 80, others 12.0" in error.value.what
    assert not list((tmp_path / "cache" / "datasets").glob("other/*"))


def test_files_whose_columns_are_others_are_ledger_rows(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    heads = {
        "m0-1": "energy (eV),dos (1/eV)",
        "m0-2": "energy (eV),dos (1/meV)",
        "m0-3": "energy (eV),dos",
        "m0-4": "time (eV),dos (1/eV)",
    }
    rows = [f"{e},{e}" for e in ENERGIES.tolist()]
    for name, head in heads.items():
        (folder / f"{name}.csv").write_text("\n".join([head, *rows]))
    assert reasons(build(tmp_path, folder)) == {
        "m0-2": "other_unit", "m0-3": "other_unit", "m0-4": "other_axis",
    }  # fmt: skip


def test_a_unit_that_the_first_file_does_not_state_is_not_mixed_in(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for name, head, scale in (("m0-1", "energy", 1.0), ("m0-2", "energy (meV)", 1000.0)):
        rows = [f"{scale * e},{e}" for e in ENERGIES.tolist()]
        (folder / f"{name}.csv").write_text("\n".join([f"{head},dos", *rows]))
    assert reasons(build(tmp_path, folder, "open")) == {"m0-2": "other_unit"}
    stated = build(tmp_path, folder, "stated", unit={"energy": "eV"})
    assert not reasons(stated)
    np.testing.assert_allclose(block(stated, "dos")[stated.row("m0-2")], GRID, rtol=1e-6)


def test_a_grid_may_begin_below_zero_on_the_command_line():
    given = make_parser("build").parse_args(["build", "m.csv", "--grid", "-10:10:200"])
    assert given.grid == ["-10:10:200"]


def test_files_of_materials_in_other_units_or_none_are_ledger_rows(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    heads = {"m0-1": "energy (eV)", "m0-2": "energy (nm)", "m0-3": "energy", "m0-4": "energy (meV)"}
    for name, head in heads.items():
        scale = 1000.0 if "meV" in head else 1.0
        rows = [f"{scale * e},{e}" for e in ENERGIES.tolist()]
        (folder / f"{name}.csv").write_text("\n".join([f"{head},dos", *rows]))
    (folder / "m0-5.csv").write_text("energy (eV),dos\n0,1\n1")
    dataset = build(tmp_path, folder)
    assert reasons(dataset) == {
        "m0-2": "other_unit", "m0-3": "other_unit", "m0-5": "unequal_lengths",
    }  # fmt: skip
    for name in ("m0-1", "m0-4"):
        np.testing.assert_allclose(block(dataset, "dos")[dataset.row(name)], GRID, rtol=1e-6)


def test_a_dataset_with_spectra_is_built_once_and_exported_whole(tmp_path, oscillators):
    cache = oscillators.cache
    npz, materials = cache.parent / "osc.npz", cache.parent / "materials.csv"
    words = ["build", str(materials), "--spectra", str(npz), "--grid", "0:10:50"]
    more = ["--unit", "energy=eV", "--name", "osc", "--split", "none", "--workers", "1"]
    assert command(oscillators, *words, *more) == 0
    assert md.open("osc", cache).digest == oscillators.digest
    out = tmp_path / "osc.parquet"
    assert command(oscillators, "export", "osc", str(out)) == 0
    assert command(oscillators, "build", str(out), "--name", "again", "--workers", "1") == 0
    again = md.open("again", cache)
    assert again.columns["eps_re_xx"][7] == oscillators.columns["eps_re_xx"][7]
    assert again.axes == oscillators.axes
    assert command(oscillators, "verify", "osc") == 0
    material = oscillators[oscillators.ids[3]]
    assert material["eps_re_xx"] == oscillators.columns["eps_re_xx"][3]


@pytest.mark.slow
def test_damaged_blocks_are_made_again_or_the_command_is_named(tmp_path):
    rows = [
        {"material_id": f"g{k}", "formula": f"NaCl{k}", "w": [0.0, 5.0, 12.0], "dos": [1.0, 2.0, k]}
        for k in range(1, 9)
    ]
    path = tmp_path / "dos.json"
    path.write_text(json.dumps(rows))
    dataset = md.build(
        path, name="dos", cache=tmp_path, split=None, workers=1, axis="dos=w", grid="0:20:5",
        beyond="mask",
    )  # fmt: skip
    file = dataset.folder / "spectra.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-4] + b"abcd")
    assert repair(tmp_path, "dos") == [dataset.folder.name]
    assert file.read_bytes() == whole
    beside = build(tmp_path, arrays(), "beside")
    (beside.folder / "spectra.safetensors").unlink()
    with pytest.raises(md.DamageError, match=r"--spectra\), which are in no snapshot"):
        repair(beside.cache, "beside")
    build(tmp_path, tmp_path / "beside.npz", "beside")
    assert block(md.open("beside", beside.cache)).shape == (132, 50)


def test_a_column_keeps_the_unit_that_its_name_states(tmp_path):
    points = np.linspace(0, 10, 51)
    rows = [
        {
            "material_id": f"m{k}",
            "formula": "NaCl",
            "energy (meV)": (1000 * points).tolist(),
            "dos (1/eV)": (points * k).tolist(),
        }
        for k in range(5)
    ]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    for name, grid in {"a": "0:8:5:eV", "b": "energy=0:8000:5", "c": "0:8000:5:meV"}.items():
        dataset = md.build(
            path, name=name, cache=tmp_path, axis=["dos=energy"], grid=grid, dedupe="none",
            split="none", workers=1, quiet=True,
        )  # fmt: skip
        axis, on, values = dataset.spectra("dos (1/eV)")
        assert (axis, dataset.units[axis]) == ("energy (meV)", "meV")
        np.testing.assert_allclose(on, [0, 2000, 4000, 6000, 8000])
        np.testing.assert_allclose(values[3], [0, 6, 12, 18, 24], rtol=1e-6)
    with pytest.raises(md.ConfigError, match=r"names no two columns \(did you mean 'energy"):
        md.build(path, name="d", cache=tmp_path, axis=["dos=energi"], grid="0:8:5", quiet=True)


def test_text_formats_hold_few_rows_of_spectra_in_memory(tmp_path, oscillators, monkeypatch):
    md.export(oscillators, tmp_path / "a.csv")
    monkeypatch.setattr("matdata.datasets.exports.content.NUMBERS", 1000)
    md.export(oscillators, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_spectra_that_all_have_one_id_are_no_ids_of_another_source(tmp_path):
    values = arrays()
    same = {**values, "material_id": np.full(len(values["material_id"]), "m0-1")}
    with pytest.raises(md.ConfigError, match="no spectrum is usable: repeated_spectrum 1"):
        build(tmp_path, same, "same")

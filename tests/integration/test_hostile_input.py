"""What users really bring: zips, scripts without a guard, odd names, ids, frames and numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from support.crystals import few, many
from support.files import cif, poscar, write_csv, write_extxyz, write_folder

import matdata as md
from matdata.cli import main

pytestmark = pytest.mark.slow


def test_zips_are_read_by_several_workers(tmp_path):
    folder = write_folder(tmp_path / "z", few())
    shutil.make_archive(str(tmp_path / "z"), "zip", folder)
    dataset = md.build(tmp_path / "z.zip", cache=tmp_path / "c", workers=2, dedupe="none")
    assert len(dataset) == 4


def test_a_script_without_a_guard_builds_with_processes(tmp_path):
    write_csv(tmp_path / "fresh.csv", few())
    script = tmp_path / "script.py"
    script.write_text(
        "import matdata as md\n"
        f"print(len(md.build({str(tmp_path / 'fresh.csv')!r}, split=None, workers=2)))\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done.stderr


@pytest.mark.parametrize("name", ["../../x", "a/b", "a@b", ".hid", "a b", "x" * 300])
def test_names_that_could_not_be_opened_are_refused(name, tmp_path, capsys):
    path = write_csv(tmp_path / "some.csv", few())
    code = main(["build", str(path), "--name", name, "--cache", str(tmp_path / "c")])
    assert code == 1
    assert "does not fit" in capsys.readouterr().err


def test_names_taken_from_files_are_made_to_fit(tmp_path):
    path = write_csv(tmp_path / "my set@home.csv", few())
    dataset = md.build(path, cache=tmp_path / "c", workers=1)
    assert md.open("my-set-home", tmp_path / "c").ref == dataset.ref


def test_ids_stay_as_they_are_written(tmp_path):
    path = tmp_path / "ids.csv"
    ids = ["007", "7", "1e3", "1_0", "true", "NA"]
    path.write_text("material_id,formula\n" + "".join(f"{i},NaCl\n" for i in ids))
    dataset = md.build(path, cache=tmp_path / "c", workers=1, split=None)
    assert sorted(dataset.ids.tolist()) == sorted(ids)
    said = tmp_path / "said.csv"
    said.write_text("key,formula\n007,NaCl\n7,KCl\n")
    dataset = md.build(said, cache=tmp_path / "c", workers=1, split=None, id_col="key")
    assert dataset.ids.tolist() == ["007", "7"]


def test_frames_of_one_file_are_records_each(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    write_extxyz(folder / "m.xyz", few())
    (folder / "cut.xyz").write_text("5\nLattice=\n")
    dataset = md.build(folder, cache=tmp_path / "c", workers=1, split=None, dedupe="none")
    assert dataset.ids.tolist() == ["cscl", "nacl", "po", "sto"]
    text = (folder / "m.xyz").read_text()
    (folder / "m.xyz").write_text(text.replace("material_id=", "label="))
    dataset = md.build(folder, cache=tmp_path / "c", workers=1, split=None, dedupe="none")
    assert dataset.ids.tolist() == ["m-1", "m-2", "m-3", "m-4"]
    assert dataset.ledger.material_id.tolist() == ["cut"]


def test_one_file_name_in_many_folders_is_many_materials(tmp_path):
    for row, name in enumerate(("a", "b")):
        (tmp_path / "t" / name).mkdir(parents=True)
        (tmp_path / "t" / name / "relaxed.cif").write_text(cif(few(), row))
    (tmp_path / "t" / "c").mkdir()
    (tmp_path / "t" / "c" / "POSCAR").write_text(poscar(few(), 2))
    dataset = md.build(tmp_path / "t", cache=tmp_path / "c", workers=1, split=None)
    assert dataset.ids.tolist() == ["a/relaxed", "b/relaxed", "c"]


def test_a_strange_energy_is_a_ledger_row(tmp_path):
    path = write_csv(tmp_path / "e.csv", many(6))
    lines = path.read_text().replace(",-1.02\n", ",see text\n").replace(",-1.03\n", ",inf\n")
    path.write_text(lines.replace(",-1.02\r\n", ",see text\r\n").replace(",-1.03\r\n", ",inf\r\n"))
    dataset = md.build(path, cache=tmp_path / "c", workers=1, dedupe="polymorph")
    lost = dataset.ledger[dataset.ledger.reason == "no_energy"]
    assert lost.material_id.tolist() == ["m-0002", "m-0003"]


def test_large_integers_and_mixed_lists_are_kept(tmp_path):
    path = tmp_path / "o.jsonl"
    odd = [{"big": 2**70, "v": [1, 2]}, {"big": 1, "v": [True, 1.5]}]
    lines = [json.dumps({"id": f"i{k}", "formula": "NaCl", **one}) for k, one in enumerate(odd)]
    path.write_text("\n".join(lines))
    dataset = md.build(path, cache=tmp_path / "c", workers=1, split=None)
    assert dataset.table["big"].tolist() == [float(2**70), 1.0]
    assert [list(v) for v in dataset.table["v"]] == [[1.0, 2.0], [1.0, 1.5]]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    path = tmp_path / "b.csv"
    path.write_bytes(b"\xef\xbb\xbfmaterial_id,formula\nx1,NaCl\n")
    dataset = md.build(path, cache=tmp_path / "c", workers=1, split=None)
    assert dataset.ids.tolist() == ["x1"]


def test_damage_elsewhere_stops_no_build_and_is_listed(tmp_path, capsys):
    cache = tmp_path / "c"
    md.build(write_csv(tmp_path / "one.csv", few()), cache=cache, workers=1)
    (manifest,) = cache.glob("snapshots/files/*/manifest.json")
    manifest.write_text(manifest.read_text() + "x")
    md.build(write_csv(tmp_path / "two.csv", many(5)), cache=cache, workers=1)
    assert main(["list", "--cache", str(cache)]) == 0
    assert "DAMAGED" in capsys.readouterr().out


def test_a_missing_shard_is_not_taken_for_a_finished_feature(tmp_path):
    path = write_csv(tmp_path / "one.csv", few())
    dataset = md.build(path, features=["ofm"], cache=tmp_path / "c", workers=1, store="hdf5")
    (shard,) = dataset.feature("ofm").folder.glob("shards/*.h5")
    shard.unlink()
    with pytest.raises(md.DamageError, match="missing"):
        dataset.feature("ofm").dense()
    md.build(path, features=["ofm"], cache=tmp_path / "c", workers=1, store="hdf5")
    assert shard.exists()
    assert len(dataset.feature("ofm").dense().values)


def test_columns_named_like_ours_are_kept_under_another_name(tmp_path):
    path = write_csv(tmp_path / "r.csv", few(), n_sites=[99, 98, 97, 96])
    dataset = md.build(path, cache=tmp_path / "c", workers=1, target="n_sites")
    assert dataset.table.loc["nacl", ["n_sites", "n_sites_given"]].tolist() == [8, 99]
    assert list(dataset.manifest["targets"]) == ["n_sites_given"]

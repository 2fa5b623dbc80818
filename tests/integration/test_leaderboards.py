"""The published splits of the leaderboard on stand-ins: a few of their ids with made crystals."""

from __future__ import annotations

import importlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.crystals import real
from support.recipes import counts
from support.stand_ins import jarvis_file, mp_file

import matdata as md

pytestmark = pytest.mark.slow

#: Ids by part, and those that stand in several parts, of the published files.
PUBLISHED = {
    "megnet_e_form": ((60_000, 5_000, 4_239), ()),
    "megnet_gappbe": ((60_000, 5_000, 4_239), ()),
    "dft_3d_formation_energy_peratom": (
        (44_569, 5_572, 5_572),
        ("JVASP-113961", "JVASP-116461"),
    ),
    "dft_3d_optb88vdw_bandgap": ((44_569, 5_572, 5_572), ("JVASP-113961", "JVASP-116461")),
    "dft_3d_mbj_bandgap": ((14_535, 1_817, 1_815), ("JVASP-96735",)),
    "dft_3d_bulk_modulus_kv": ((15_744, 1_968, 1_968), ()),
    "dft_3d_shear_modulus_gv": ((15_744, 1_968, 1_968), ()),
    "dft_3d_ehull": (
        (44_290, 5_537, 5_537),
        ("JVASP-100669", "JVASP-116461", "JVASP-96735", "JVASP-97311"),
    ),
}


def published(name: str) -> tuple[Path, dict[str, list[str]], dict[str, float]]:
    """A published file, its ids by part, and its values."""
    path = real(f"splits/{name}.json.zip")
    with zipfile.ZipFile(path) as archive:
        parts = json.loads(archive.read(f"{name}.json"))
    values = {identity: value for own in parts.values() for identity, value in own.items()}
    return path, {part: list(own) for part, own in parts.items()}, values


@pytest.mark.real_data
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_file_is_read(name):
    from matdata.splits.id_files import read_split_file
    from matdata.splits.matching import match

    sizes, repeated = PUBLISHED[name]
    listed = read_split_file(real(f"splits/{name}.json.zip"), None, None)
    assert tuple(len(listed[part]) for part in ("train", "val", "test")) == sizes
    ids = sorted({identity for members in listed.values() for identity in members})
    matched = match(listed, np.array(ids), repeated="held_out")
    assert tuple(sorted(matched.unmatched.get("repeated", {}))) == repeated
    assert len(matched.parts["test"]) == sizes[2]  # the published test part is whole
    assert sum(map(len, matched.parts.values())) == len(ids)


@pytest.mark.real_data
def test_mp_by_id_with_a_few_of_its_materials(run, tmp_path):
    path, ids, _ = published("megnet_e_form")
    here = [*ids["train"][:20], *ids["val"][:5], *ids["test"][:6], "mp-nowhere", "mp-neither"]
    gap = real("splits/megnet_gappbe.json.zip")
    structures = mp_file(tmp_path / "mp.2018.6.1.jsonl", here)
    (result,) = run("leaderboard_mp", "--from", structures, "--ids", path, gap)
    assert result["splits"] == ["leaderboard-megnet_e_form", "leaderboard-megnet_gappbe"]
    found = counts(result)
    assert found["materials"] == (69_239, 33)
    name = "leaderboard-megnet_e_form"
    assert found[f"in split {name}"] == (69_239, 31)
    assert found[f"ids of {name} not in the data"] == (0, 69_208)
    assert found[f"materials in no part of {name}"] == (0, 2)
    # made energies are not those of 2018: errors on them could not be held against others
    assert found["other values of formation_energy_per_atom than published"][1] >= 28
    unmatched = result["unmatched"][name]
    assert unmatched["in_no_part"] == ["mp-neither", "mp-nowhere"]
    missing = {
        part: set(names[n:]) for (part, names), n in zip(ids.items(), (20, 5, 6), strict=True)
    }
    assert {part: set(own) for part, own in unmatched["not_in_data"].items()} == missing
    split = md.open("leaderboard-mp").split(name)
    assert split.sizes == {"train": 20, "val": 5, "test": 6}
    assert split["test"] == sorted(ids["test"][:6])
    assert not any("60000" in one for one in result["splits"])


@pytest.mark.real_data
def test_materials_of_train_that_are_tested_too_stay_in_test(run, tmp_path):
    path, ids, values = published("dft_3d_ehull")
    repeated = PUBLISHED["dft_3d_ehull"][1]
    rest = [identity for identity in ids["train"] if identity not in repeated][:12]
    others = [identity for identity in ids["val"] if identity not in repeated][:4]
    here = [*rest, *others, *repeated]
    structures = jarvis_file(tmp_path / "dft_3d.json", here, ehull=[values[i] for i in here])
    (result,) = run("leaderboard_jarvis", "--from", structures, "--ids", path)
    name = "leaderboard-dft_3d_ehull"
    split = md.open("leaderboard-jarvis").split(name)
    assert split.sizes == {"train": 12, "val": 5, "test": 3}
    found = counts(result)
    assert found[f"ids of {name} in several parts"] == (0, 4)
    assert found["other values of ehull than published"] == (0, 0)
    assert result["unmatched"][name]["repeated"]["JVASP-96735"] == ["train", "val", "test"]
    assert split.part_of(["JVASP-96735", "JVASP-97311"]).tolist() == ["test", "val"]


def test_structures_without_ids_are_refused(tmp_path, capsys):
    common, module = (
        importlib.import_module(f"matdata_recipes.{one}") for one in ("common", "leaderboard_mp")
    )
    words = ["--from", str(mp_file(tmp_path / "mp.jsonl", ["mp-1", "mp-2"]))]
    assert common.run(module.recipe, "", words, module.arguments) == 1
    assert "expected --ids FILE" in capsys.readouterr().err


def test_ids_of_other_data_are_refused(tmp_path, capsys):
    (tmp_path / "ids.json").write_text(json.dumps({"train": ["JVASP-1"], "test": ["JVASP-2"]}))
    common, module = (
        importlib.import_module(f"matdata_recipes.{one}") for one in ("common", "leaderboard_mp")
    )
    words = ["--from", str(mp_file(tmp_path / "mp.jsonl", [f"mp-{k}" for k in range(9)]))]
    words += ["--ids", str(tmp_path / "ids.json")]
    assert common.run(module.recipe, "", words, module.arguments) == 1
    error = capsys.readouterr().err
    assert "none of the 2 ids of the split is in the data" in error
    assert "JVASP-1" in error
    assert "mp-0" in error

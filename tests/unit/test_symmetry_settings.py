"""Tolerances of symmetry: 5° with the papers' 0.1 Å alone, and the same names everywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

import matdata as md
from matdata.cli import main
from matdata.core.crystals import Crystals
from matdata.core.errors import ConfigError
from matdata.curate.settings import CurateSettings
from matdata.features.symmetry import SymmetrySettings

# Numbers of orthorhombic/POSCAR-065-3 and -067-3 of spglib's test suite: nearly tetragonal cells.
C065 = """065-3
1.0
 3.9091981605581103 0.0 0.0
 0.0 3.8712981783916436 0.0
 -0.0511698229299495 0.0 3.9088632500680052
Na Nb O
1 1 3
Direct
0.0 0.0 0.0
0.5 0.5 0.5
0.5 0.0 0.5
0.0 0.5 0.5
0.5 0.5 0.0
"""
C067 = """067-3
1.0
 7.7799963391850193 0.0 0.0
 0.0 5.4899974167256769 0.0
 0.0 0.0 7.6399964050608666
Pb O
8 12
Direct
0.25 0.0 0.0
0.25 0.0 0.5
0.0 0.5 0.25
0.75 0.0 0.0
0.75 0.0 0.5
0.5 0.5 0.75
0.0 0.5 0.75
0.5 0.5 0.25
0.0 0.25 0.0
0.0 0.75 0.5
0.25 0.25 0.25
0.25 0.75 0.25
0.5 0.75 0.0
0.5 0.25 0.5
0.75 0.75 0.75
0.75 0.25 0.75
0.25 0.25 0.75
0.25 0.75 0.75
0.75 0.75 0.25
0.75 0.25 0.25
"""


@pytest.fixture
def folder(tmp_path):
    """The two cells as files, and a cache."""
    cells = tmp_path / "cells"
    cells.mkdir()
    (cells / "a065.vasp").write_text(C065)
    (cells / "b067.vasp").write_text(C067)
    return cells


def build(folder, *more):
    cache = folder.parent / "cache"
    asked = ["build", str(folder), "--cache", str(cache), "--name", "c", "--split", "none"]
    code = main([*asked, "--workers", "1", "--quiet", *more])
    return code, (md.open("c", cache) if code == 0 else None)


@pytest.mark.parametrize("engine", ["spglib", "moyopy", "both"])
def test_a_fine_symprec_keeps_nearly_tetragonal_cells_orthorhombic(folder, engine):
    code, dataset = build(folder, "--symmetry", engine, "--set", "symmetry.symprec=1e-5")
    assert code == 0
    assert dataset.columns["space_group_number"] == [65, 67]
    curation = dataset.manifest["identity"]["curation"]
    assert curation["symprec"] == 1e-5
    assert curation["angle_tolerance"] == (5.0 if engine == "moyopy" else -1.0)
    assert "1e-05 Å, angles by symprec" in dataset.manifest["symmetry"]


def test_five_degrees_are_used_if_requested(folder):
    more = ("--set", "symmetry.symprec=1e-5", "--set", "symmetry.angle_tolerance=5")
    code, dataset = build(folder, "--symmetry", "spglib", *more)
    assert code == 0
    assert dataset.columns["space_group_number"] == [123, 134]
    assert "(1e-05 Å, 5°)" in dataset.manifest["symmetry"]


@pytest.mark.parametrize("engine", ["spglib", "moyopy"])
def test_features_take_the_same_settings(folder, engine):
    settings = f"space-group.engine={engine}", "space-group.symprec=1e-5"
    more = [word for one in settings for word in ("--set", one)]
    code, dataset = build(folder, "--features", "space-group", *more)
    assert code == 0
    one_hot = dataset.feature("space-group").dense()[:, :230]
    assert (np.argmax(one_hot, axis=1) + 1).tolist() == [65, 67]


def test_the_papers_tolerances_stay_what_they_were():
    for settings in (CurateSettings(), CurateSettings(symmetry="spglib"), SymmetrySettings()):
        assert (settings.symprec, settings.angle_tolerance) == (0.1, 5.0)
    # what is stored of a search without angles does not depend on a number that it ignores
    assert SymmetrySettings(symprec=0.01).angle_tolerance == 5.0
    assert SymmetrySettings(engine="spglib", symprec=0.01).angle_tolerance == -1.0
    known = SymmetrySettings(engine="spglib", symprec=0.01, angle_tolerance=5.0)
    assert known.angle_tolerance == 5.0


def test_both_cells_are_cubic_within_the_papers_tolerances(folder):
    code, dataset = build(folder, "--symmetry", "spglib")
    assert code == 0
    assert dataset.columns["space_group_number"] == [221, 224]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--filter", "symprec=0.01"], "--set symmetry.symprec=0.01"),
        (["--filter", "angle_tolerance=3"], "--set symmetry.angle_tolerance=3"),
        (["--filter", "dedupe=none"], "all else has an option of its own"),
        (["--set", "symmetry.symperc=0.01"], "did you mean 'symprec'?"),
        (["--set", "symmetry.angle_tolerance=3"], "(moyopy) takes none"),
        (["--symmetry", "spglib", "--set", "symmetry.angle_tolerance=-3"], "-1 for spglib's own"),
        (["--symmetry", "none", "--set", "symmetry.symprec=0.01"], "no symmetry is searched"),
    ],
)
def test_a_tolerance_in_the_wrong_place_is_an_error_that_names_the_place(
    folder, capsys, more, words
):
    assert build(folder, *more)[0] == 1
    told = capsys.readouterr().err
    assert words in told
    assert "error:" in told


def test_python_has_the_same_names(folder):
    dataset = md.build(
        folder, cache=folder.parent / "cache", workers=1, split=None, name="p",
        symmetry="spglib", set={"symmetry": {"symprec": 1e-5}},
    )  # fmt: skip
    assert dataset.columns["space_group_number"] == [65, 67]
    settings = {"symmetry": {"symprec": 1e-5, "angle_tolerance": 3}}
    with pytest.raises(ConfigError, match="takes none"):
        md.build(folder, cache=folder.parent / "cache", set=settings)


def test_default_curation_has_the_digest_that_stored_datasets_have():
    assert json.loads(json.dumps(CurateSettings().identity())) == {
        "dedupe": "auto",
        "min_distance": 0.5,
        "symmetry": "moyopy",
        "symprec": 0.1,
        "angle_tolerance": 5.0,
        "drop_deprecated": True,
        "valid_wyckoff": False,
        "elements": [],
        "exclude_elements": [],
        "wyckoff_below": None,
        "sites_below": None,
        "volume_per_atom_below": None,
        "hull_below": None,
        "drop_by": "protostructure",
    }


def test_analyse_takes_the_same_defaults():
    from matdata.symmetry.search import analyse

    lattice = np.diag([4.0, 4.001, 5.0])[None]
    crystals = Crystals(
        np.array(["a"]), lattice, np.zeros((1, 3)), np.array([29]), np.array([0, 1])
    )
    assert analyse(crystals, "spglib", 1e-5).space_group_number.tolist() == [47]
    assert analyse(crystals, "spglib").space_group_number.tolist() == [123]

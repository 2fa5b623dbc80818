"""The recipe of hull distances by model: with and without structures before relaxation."""

from __future__ import annotations

import importlib
import itertools
import json

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from matdata.store.records import read_record

pytestmark = pytest.mark.slow


@pytest.fixture
def paths(tmp_path):
    """Salts of two structures each, with formation energies; and slightly broken larger cells."""
    relaxed, before = [], []
    salts = itertools.product(("Li", "Na", "K", "Rb", "Cs"), ("F", "Cl", "Br", "I"))
    for k, (cation, anion) in enumerate(salts):
        for place, corner in enumerate((0.5, 0.25)):
            sites = [[0, 0, 0], [0.5, 0.5, corner]]
            structure = Structure(Lattice.cubic(4 + 0.05 * k), [cation, anion], sites)
            name = f"s{k}-{place}"
            relaxed.append({"material_id": name, "structure": structure.as_dict(),
                            "e_form_per_atom": -1 - 0.1 * (k % 4) + 0.2 * place})  # fmt: skip
            initial = structure.copy()
            initial.scale_lattice(structure.volume * 1.1)
            if k % 2:
                initial.translate_sites([1], [0.03, 0.01, 0])
            before.append({"material_id": name, "structure": initial.as_dict()})
    files = tmp_path / "relaxed.json", tmp_path / "before.json"
    for file, rows in zip(files, (relaxed, before), strict=True):
        file.write_text(json.dumps(rows))
    return files


def _run(tmp_path, *words):
    script = importlib.import_module("matdata_recipes.hull_distances")
    where = ["--cache", str(tmp_path / "cache"), "--output", str(tmp_path / "out")]
    return script.main([*words, "--target", "e_form_per_atom", "--ratios", "60/20/20", *where])


def test_formulas_are_apart_and_known_phases_are_what_was_trained_on(tmp_path, paths, capsys):
    assert _run(tmp_path, "--from", str(paths[0]), "--models", "rf-magpie") == 0
    found = read_record(tmp_path / "out" / "hull_distances.json")
    (row,) = found["models"]
    assert row["materials"] == 8  # two of each of four salts
    assert row["polymorphs"] == {"pairs": 4, "right": 0.5}  # a formula says nothing of structure
    # no salt of the test part is a known phase: its distance is its formation energy, and the
    # lower of two structures is no reference of the other
    assert row["mae"] < 0.5
    assert (tmp_path / "out" / "hull_distances.png").stat().st_size > 10_000
    assert "numbers and pictures" in capsys.readouterr().out


def test_pairs_by_role_and_the_symmetry_that_changes(tmp_path, paths):
    words = ["--from", str(paths[0]), "--initial", str(paths[1]), "--style", "dark"]
    assert _run(tmp_path, *words, "--models", "rf-voronoi,rf-voronoi-d") == 0
    found = read_record(tmp_path / "out" / "hull_distances.json")
    assert [(row["model"], row["role"]) for row in found["models"]] == [
        (model, role) for model in ("rf-voronoi", "rf-voronoi-d") for role in ("relaxed", "initial")
    ]
    assert all(row["materials"] == 8 for row in found["models"])
    relaxation = found["relaxation"]
    assert relaxation["pairs"] == 40
    assert relaxation["protostructure_changed"] == relaxation["space_group_rises"] == 20
    assert np.all(np.array(relaxation["after"]) >= np.array(relaxation["before"]))
    assert (tmp_path / "out" / "symmetry.png").is_file()


@pytest.mark.parametrize(
    ("models", "message"), [("cgcnn-d", "--initial"), ("rf-magpie,rosst", "did you mean 'roost'")]
)
def test_what_cannot_be_trained_is_refused_before_any_work(
    tmp_path, paths, capsys, models, message
):
    assert _run(tmp_path, "--from", str(paths[0]), "--models", models) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()

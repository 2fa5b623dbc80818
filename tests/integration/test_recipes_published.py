"""The recipes on the published files: counts, splits and folds are those of the papers."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from support.crystals import real
from support.recipes import counts, rows

import matdata as md
from matdata.splits.matbench import shuffled_folds

pytestmark = pytest.mark.slow


@pytest.mark.real_data
def test_ex_and_mp_of_the_thesis(run):
    ex, mp = real("roost/expt-non-metals.csv.gz"), real("roost/mp-non-metals.csv.gz")
    (result,) = run("roost_expt_band_gaps", "--from", ex)
    assert counts(result)["materials"] == (3895, 3895)
    whole, without = run("roost_mp_band_gaps", "--from", mp, "--expt", ex)
    assert counts(whole)["materials"] == (43921, 43921)
    assert counts(without)["materials"][1] == 43427


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["aflow__ael_debye_temperature", "mp_bulk_modulus"])
def test_published_extended_splits_member_for_member(run, name):
    _check_published(run, name)


@pytest.mark.real_data
def test_all_published_extended_splits_member_for_member(run):
    for folder in sorted(real("crabnet").iterdir()):
        _check_published(run, folder.name)


def _check_published(run, name: str) -> None:
    files = {part: real(f"crabnet/{name}/{part}.csv.gz") for part in ("train", "val", "test")}
    (result,) = run("lgdcnn_extended", "--from", *files.values())
    dataset = md.open(result["dataset"])
    columns = dataset.columns
    given = dict(zip(columns["material_id"], columns["formula_given"], strict=True))
    target = dict(zip(columns["material_id"], columns["target"], strict=True))
    for part, ids in dataset.split("published").items():
        expected = [(row["formula"], float(row["target"])) for row in rows(files[part])]
        assert [(given[i], target[i]) for i in sorted(ids)] == expected, f"{name} {part}"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "published"),  # digests as in tests/parity/test_splits_matbench.py
    [
        ("phonons", "7c7343122fdd7714"),
        ("jdft2d", "bdad507d86a544c2"),
        ("expt_gap", "e7ed4f55b26d400a"),
        ("dielectric", "99ce0abd2a49d630"),
        ("steels_yield", "e774008a23baf307"),
        ("castelli", "a5fd6bc5fdd3dc59"),
    ],
)
def test_matbench_folds_are_the_published_ones(run, file, published):
    path = real(f"matbench/{file}.csv.gz")
    (result,) = run("matbench_folds", "--from", path)
    assert len(result["splits"]) == 5
    formulas = [row["formula"] for row in rows(path)]
    fold_of = shuffled_folds(len(formulas))
    dataset = md.open(result["dataset"])
    given = dict(zip(dataset.columns["material_id"], dataset.columns["formula_given"], strict=True))
    for fold, name in enumerate(result["splits"]):
        expected = [formulas[k] for k in np.flatnonzero(fold_of == fold)]
        assert [given[identity] for identity in dataset.split(name)["test"]] == expected
    folds = "\n".join(",".join(dataset.split(name)["test"]) for name in result["splits"])
    assert hashlib.sha256(folds.encode()).hexdigest()[:16] == published


@pytest.mark.real_data
def test_wren_on_documents_of_the_materials_project(run):
    (result,) = run("wren_mp", "--from", real("mp200/summary.jsonl.gz"), "--symmetry", "moyopy")
    assert counts(result)["records read"] == (139367, 200)

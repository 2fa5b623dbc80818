"""Imported weights predict as in matgl; the published ones have the errors that are published."""

from __future__ import annotations

import gzip
import json
import zipfile

import numpy as np
import pytest
import torch
from matdata_megnet.matgl import PREFIX, of_leaving_edges
from safetensors.numpy import load_file
from support.crystals import real
from support.matgl_weights import (
    DEVIATION,
    MEAN,
    arguments,
    graphs_of,
    imported,
    matgl_megnet,
    structures_known,
    write_folder,
)

import matdata as md

PUBLISHED = "weights/megnet-mp-2018.6.1-eform"


def by_matgl(theirs, structures, mean, deviation):
    """What matgl itself predicts, one structure after another."""
    with torch.no_grad():
        outputs = [theirs(graphs_of([one], theirs), torch.zeros(1, 2)) for one in structures]
    return np.array([float(one) * deviation + mean for one in outputs])


@pytest.mark.slow
def test_predictions_are_those_of_matgl(tmp_path):
    pytest.importorskip("matgl", reason="uv sync --group bench")
    tensors = write_folder(tmp_path / "weights")
    run = imported(tmp_path / "weights", tmp_path)
    theirs = matgl_megnet(arguments(), tensors)
    expected = by_matgl(theirs, structures_known(), MEAN, DEVIATION)
    found = md.predict(run, structures_known())
    np.testing.assert_allclose(found.mean[:, 0], expected, rtol=0, atol=1e-5)
    assert np.ptp(expected) > 1e-3


@pytest.mark.slow
@pytest.mark.real_data
def test_published_weights_predict_as_in_matgl(tmp_path):
    """Their edges entered a site: matgl 4.1.2 agrees once it reads their ends the other way."""
    pytest.importorskip("matgl", reason="uv sync --group bench")
    place = real(PUBLISHED)
    run = md.import_run(f"matgl:{place}", "published", cache=tmp_path)
    given = json.loads((place / "model.json").read_text())["kwargs"]["model"]["init_args"]
    tensors = load_file(place / "state.safetensors")
    plain = {name.removeprefix(PREFIX): value for name, value in tensors.items()}
    turned = {PREFIX + name: value for name, value in of_leaving_edges(plain).items()}
    scale = run.imported["mean"], run.imported["standard_deviation"]
    expected = by_matgl(matgl_megnet(given, turned), structures_known(), *scale)
    found = md.predict(run, structures_known()).mean[:, 0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert (
        np.abs(by_matgl(matgl_megnet(given, tensors), structures_known(), *scale) - found).max()
        > 0.05
    )


@pytest.mark.slow
@pytest.mark.real_data
def test_published_weights_have_the_error_that_their_authors_report(tmp_path, capsys):
    """Real entries that the weights learnt too, against the energies of 2018 and of today."""
    from pymatgen.core import Structure

    with zipfile.ZipFile(real("splits/megnet_e_form.json.zip")) as archive:
        parts = json.loads(archive.read("megnet_e_form.json"))
    learnt = {name: float(value) for part in parts.values() for name, value in part.items()}
    with gzip.open(real("hull/Li-Co-Ni-O.json.gz"), "rt") as file:
        entries = json.load(file)
    shared = [one for one in entries if one["data"]["material_id"] in learnt]
    run = md.import_run(f"matgl:{real(PUBLISHED)}", "published", cache=tmp_path)
    structures = {e["data"]["material_id"]: Structure.from_dict(e["structure"]) for e in shared}
    found = md.predict(run, structures)
    today = {e["data"]["material_id"]: e["e_form_per_atom"] for e in shared}
    errors = {
        scheme: float(np.mean([abs(energies[name] - mean) for name, mean in
                               zip(found.ids.tolist(), found.mean[:, 0], strict=True)]))
        for scheme, energies in (("2018", learnt), ("MP2020", today))
    }  # fmt: skip
    with capsys.disabled():
        shown = ", ".join(f"{error:.4f} against {scheme}" for scheme, error in errors.items())
        print(f"\nmean absolute error of {len(found)} Li-Co-Ni-O entries, eV/atom: {shown}")
    assert len(found) > 100
    assert errors["2018"] < 0.03  # 0.028 of their test part
    assert errors["2018"] < errors["MP2020"] / 3


@pytest.mark.real_data
def test_the_manifest_says_where_weights_come_from(tmp_path):
    run = md.import_run(f"matgl:{real(PUBLISHED)}", "published", cache=tmp_path)
    (target,) = run.schema.targets
    assert (target.name, target.unit) == ("formation_energy_per_atom", "eV/atom")
    assert run.imported["importer"] == "matgl"
    assert run.imported["licence"] == "BSD-3-Clause"
    assert "3564 (2019)" in run.imported["citation"]
    assert (run.imported["mean"], run.imported["standard_deviation"]) == (-1.65459073, 1.07266128)
    assert len(run.elements) == 89
    assert not {84, 85, 86, 87, 88} & set(run.elements)
    assert set(run.imported["files"]) == {"model.json", "state.safetensors"}
    assert run.manifest["dataset"] is run.manifest["split"] is None

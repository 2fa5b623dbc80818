"""Spectra of a dataset: learnt, predicted and scored."""

from __future__ import annotations

import numpy as np
import pytest
from support.spectra import ENERGIES, GRID, arrays, block, build
from support.toy import train

import matdata as md
from matdata.splits.saved import load_split


@pytest.mark.slow
def test_spectra_are_learnt_from_their_blocks(oscillators):
    run = train(oscillators, "eps_re_xx", "a", epochs=3, normalizer="none")
    (target,) = run.schema.targets
    assert (target.size, target.axis.name, target.axis.unit) == (50, "energy", "eV")
    assert target.axis.values == tuple(GRID.tolist())
    record = md.evaluate(run)["targets"]["eps_re_xx"]
    assert record["metrics"]["n"] == 50 * record["materials"]
    assert len(record["along_axis"]["mae"]) == 50
    weighted = {"name": "eps_im_xx", "axis_weights": "trapezoid"}
    run = train(oscillators, [weighted, "eps_re_xx"], "b", epochs=1)
    step = GRID[1]
    assert run.schema.targets[0].axis.weights[:2] == pytest.approx((step / 2, step))


@pytest.mark.slow
def test_masked_points_are_neither_learnt_nor_scored(tmp_path):
    values = arrays()
    values["energy"] = np.tile(ENERGIES, (len(values["material_id"]), 1))
    values["energy"][::2] /= 2.0
    dataset = build(tmp_path, values, beyond="mask", features="fractions")
    dataset.split("60/20/20", name="s")
    run = train(dataset, "eps_re_xx", "m", epochs=3, normalizer="none")
    record = md.evaluate(run)["targets"]["eps_re_xx"]
    rows = dataset.rows(load_split(dataset, "s").ids("test"))
    known = np.isfinite(block(dataset)[rows])
    assert record["materials"] == len(rows)
    assert record["metrics"]["n"] == int(known.sum()) < known.size
    assert record["by_point"]["points"] == 50


@pytest.mark.parametrize("plugin", ["finder", "rescnn"])
def test_networks_of_compositions_predict_spectra(oscillators, plugin):
    sizes = {
        "finder": {"width": 8, "pool": 8, "functions": [8, 8], "filters": 2, "dense": [8, 8, 8, 8]},
        "rescnn": {"filters": [4, 4, 4], "dense": [8, 8, 8]},
    }
    run = md.train(
        plugin, oscillators, ["eps_re_xx", "eps_im_xx"], split="s", name=f"of-{plugin}", quiet=True,
        hyper=sizes[plugin],
        train={"epochs": 1, "loss": "l1", "normalizer": "none", "threads": 1, "tensorboard": False},
    )  # fmt: skip
    found = md.predict(run, ["NaCl", "Fe2O3"])
    assert found.mean.shape == (2, 100)
    assert np.isfinite(found.mean).all()

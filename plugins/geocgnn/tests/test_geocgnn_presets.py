"""Each preset trains."""

from __future__ import annotations

import numpy as np
import pytest
from matdata_geocgnn import GeoCGNN
from matdata_geocgnn.hypers import Hypers
from matdata_geocgnn.presets import PRESETS

import matdata as md

TARGET = "ewald_energy_per_atom"


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_trains_and_predicts(preset, tmp_path):
    settings = dict(GeoCGNN(Hypers(preset=preset)).input_settings())
    dataset = md.build(
        "sample:20", name="few", cache=tmp_path, workers=1, features=["graph"], set=settings
    )
    dataset.split("60/20/20", name="thirds")
    run = md.train("geocgnn", dataset, TARGET, split="thirds", epochs=2, hyper={"preset": preset},
                   train={"batch_size": 8, "threads": 1}, quiet=True)  # fmt: skip
    assert run.finished
    batches = -(-len(dataset.split("thirds")["train"]) // 8)
    assert run.result()["steps"] == 2 * batches
    predicted = md.predict(run, dataset)
    assert np.isfinite(predicted.mean).all()
    assert len(predicted) == len(dataset.ids)

"""Predictions of formulas that cannot be read, of runs without inputs, with wrong settings."""

from __future__ import annotations

import numpy as np
import pytest
from support.runs import TARGET, train

from matdata.errors import ConfigError, StructureError
from matdata.training.inline import batch_of
from matdata.training.memory import predict_memory
from matdata.training.predict import check_prediction
from matdata.training.run import find_run


def test_predictions_of_a_run_without_inputs(cache):
    assert train(cache, plugin="dummy") == 0
    run = find_run(cache, "a")
    found = predict_memory(run, ["NaCl", "Na(Cl", "MgO"])
    assert found.ids.tolist() == ["NaCl", "MgO"]
    assert found.targets[0].name == TARGET
    assert np.isfinite(found.mean).all()
    assert [(reject.material_id, reject.reason) for reject in found.rejects] == [
        ("Na(Cl", "unreadable")
    ]
    with pytest.raises(StructureError, match=r"formula 'Na\(Cl'"):
        predict_memory(run, ["Na(Cl"])
    assert list(batch_of((), ["NaCl", "MgO"]).ids) == ["0", "1"]


def test_a_setting_that_would_reinterpret_the_weights_is_refused():
    check_prediction({"device": "cpu", "batch_size": 3})
    with pytest.raises(ConfigError, match="did you mean 'device'"):
        check_prediction({"devise": "cpu"})
    with pytest.raises(ConfigError, match="no setting 'loss'"):
        check_prediction({"loss": "l1"})

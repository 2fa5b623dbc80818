"""Predictions of formulas that cannot be read, of runs without inputs, with wrong settings."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition
from support.crystals import rock_salt_structure
from support.runs import TARGET, train

import matdata as md
from matdata.cli import main
from matdata.core.errors import ConfigError, StructureError
from matdata.training.batch_of import batch_of
from matdata.training.memory_features import predict_memory
from matdata.training.predict import predict_dataset
from matdata.training.prediction_settings import check_prediction
from matdata.training.run_lookup import find_run


@pytest.mark.slow
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


SALT = rock_salt_structure(5.64, "Na", "Cl")


def test_rows_keep_their_names_and_order_and_the_rest_is_reported(cache):
    assert train(cache) == 0
    run = md.open_run("a", cache)
    with pytest.warns(md.MatdataWarning, match=r"1 of 3 materials .* nonsense: unreadable: "):
        found = md.predict(run, ["NaCl", "nonsense", "MgO"])
    assert found.to_frame().index.tolist() == ["NaCl", "MgO"]
    assert [(one.material_id, one.reason) for one in found.rejects] == [("nonsense", "unreadable")]
    # a model of formulas takes structures by theirs, in any order and company
    with pytest.warns(md.MatdataWarning):
        mixed = md.predict(run, {"b": "MgO", "a": SALT, "c": "nonsense", "d": Composition("NaCl")})
    assert mixed.ids.tolist() == ["b", "a", "d"]
    np.testing.assert_allclose(mixed.mean[:, 0], found.mean[[1, 0, 0], 0], rtol=1e-5)
    table = pd.DataFrame({"formula": ["MgO", "NaCl"], "jid": ["x", "y"]})
    named = md.predict(run, table)
    assert named.ids.tolist() == ["x", "y"]
    np.testing.assert_allclose(named.mean, found.mean[::-1], rtol=1e-5)
    with pytest.raises(md.StructureError, match="no material was given"):
        md.predict(run, [])


def test_materials_of_a_dataset_without_a_feature_are_reported(cache):
    assert train(cache) == 0
    dataset = md.open("s", cache)
    order = np.concatenate([dataset.ids[::-1], ["stranger"]])
    found = predict_dataset(md.open_run("a", cache), dataset, order)
    assert found.ids.tolist() == dataset.ids[::-1].tolist()
    assert [(one.material_id, one.reason) for one in found.rejects] == [("stranger", "no_feature")]


@pytest.mark.slow
def test_a_model_of_structures_rejects_formulas(cache, capsys):
    features = ["featurize", "s", "graph", "--workers", "1", "--cache", str(cache), "--quiet"]
    assert main(features) == 0
    assert train(cache, "--epochs", "1", plugin="cgcnn") == 0
    run = md.open_run("a", cache)
    with pytest.warns(md.MatdataWarning, match="MgO: no_structure: only its formula"):
        found = md.predict(run, ["MgO", SALT])
    assert found.ids.tolist() == ["1"]
    with pytest.raises(md.FeatureError, match="run 'a' needs structures, got formulas"):
        md.predict(run, ["MgO", "NaCl"])
    capsys.readouterr()
    assert main(["predict", "a", "MgO", "--cache", str(cache)]) == 1
    assert "needs structures, got formulas" in capsys.readouterr().err


def predict(cache, capsys, *what):
    capsys.readouterr()
    code = main(["predict", "a", *what, "--cache", str(cache), "--json"])
    out, err = capsys.readouterr()
    return json.loads(out) if code == 0 else err


@pytest.mark.slow
def test_arguments_are_formulas_files_or_a_dataset_and_never_two_of_them(
    cache, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert train(cache) == 0
    (tmp_path / "NaCl").mkdir()
    SALT.to(filename=str(tmp_path / "NaCl" / "x.cif"))
    (tmp_path / "s").mkdir()
    told = predict(cache, capsys, "MgO", "./NaCl", "(NaCl)", "q" * 5000)
    assert [row["material_id"] for row in told["predictions"]] == ["MgO", "x", "(NaCl)"]
    values = [row[f"prediction_{TARGET}_mean"] for row in told["predictions"]]
    assert values[1] == pytest.approx(values[2], rel=1e-5)
    reasons = [(one["material_id"][:6], one["reason"]) for one in told["rejects"]]
    assert reasons == [("qqqqqq", "unreadable")]
    told = predict(cache, capsys, "MgO", "NaCl")
    assert "'NaCl' is the name of a formula and a file" in told
    assert "write (NaCl) for the formula, ./NaCl for the file" in told
    assert "'s' is the name of a dataset and a file" in predict(cache, capsys, "s")
    # in Python a formula is one wherever a script runs
    assert md.predict(md.open_run("a", cache), "NaCl").ids.tolist() == ["NaCl"]
    full = md.open("s", cache).ref
    assert len(predict(cache, capsys, full)["predictions"]) == len(md.open("s", cache))


@pytest.mark.parametrize("text", ["H" * 5000, "q" * 5000, "/" * 5000, "(" * 5000, "", "a\nb"])
def test_long_and_odd_arguments_are_no_tracebacks(cache, capsys, text):
    assert train(cache, plugin="dummy") == 0
    told = predict(cache, capsys, text)
    if isinstance(told, dict):  # as many hydrogen atoms are a formula
        assert text[0] == "H"
        assert len(told["predictions"]) == 1
    else:
        assert told.startswith("error: ")
        assert len(told) < 1500
    both = predict(cache, capsys, text, "NaCl")
    if not text:  # a variable that is not set: nothing is done
        assert "is empty" in both
        return
    assert len(both["predictions"]) + len(both["rejects"]) == 2

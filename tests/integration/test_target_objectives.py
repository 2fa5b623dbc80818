"""Runs with several kinds of targets and axes, from build to evaluate."""

from __future__ import annotations

import numpy as np
import pytest
from support.toy import GRID, build, command, rows, train

import matdata as md


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return build(tmp_path_factory.mktemp("objectives") / "cache", rows())


@pytest.mark.slow
def test_numbers_and_classes_in_one_run(toy):
    run = train(
        toy,
        ["y", "kind", {"name": "log10(k)", "objective": "mse"}],
        "mixed",
        ensemble=2,
        epochs=150,
        lr=0.01,
    )
    assert [head.parts for head in run.schema.heads] == [(1, 1), (3,), (1,)]
    record = md.evaluate(run)
    scored = record["targets"]
    assert scored["y"]["metrics"]["mae"] < 0.8 * scored["y"]["baselines"]["dummy_mean"]["mae"]
    frequent = scored["kind"]["baselines"]["dummy_frequencies"]["log_loss"]
    assert scored["kind"]["metrics"]["log_loss"] < frequent
    assert "uncertainty" in scored["y"]
    found = md.predict(run, toy)
    chances = found.column(found.targets[1], found.mean)
    np.testing.assert_allclose(chances.sum(1), 1.0)
    frame = found.to_frame()
    assert frame["prediction_log10(k)_aleatoric"].isna().all()
    epistemic = frame["prediction_log10(k)_epistemic"].to_numpy()
    np.testing.assert_array_equal(frame["prediction_log10(k)_total"].to_numpy(), epistemic)
    again = md.predict(md.open_run("mixed", toy.cache), toy)
    np.testing.assert_array_equal(again.mean, found.mean)


@pytest.mark.slow
def test_a_spectrum_has_its_axis_from_a_column(toy, capsys):
    words = ["train", "example", "toy", "--split", "s", "--epochs", "3", "--target", "spectrum"]
    axis = ["--axis", "spectrum=energy", "--target-option", "spectrum.axis_weights=trapezoid"]
    more = ["--target-option", "spectrum.normalizer=none", "--objective", "spectrum=huber"]
    assert (
        command(
            toy, *words, *axis, *more, "--target-option", "spectrum.delta=0.5", "--name", "axis"
        )
        == 0
    )
    run = md.open_run("axis", toy.cache)
    (target,) = run.schema.targets
    assert target.axis.values == tuple(GRID)
    assert target.axis.weights == (0.25, 0.75, 0.75, 0.25)
    assert (target.shape, target.normalizer, target.objective) == ((4,), "none", "huber")
    assert target.options == {"delta": 0.5}
    normalizer = run.normalizer()
    assert (normalizer["shift"], normalizer["scale"]) == ([0.0] * 4, [1.0] * 4)
    record = md.evaluate(run)["targets"]["spectrum"]
    found = md.predict(run, toy, derive=())
    place = {name: k for k, name in enumerate(found.ids.tolist())}
    ids = list(toy.split("s")["test"])
    frame = toy.table
    true = np.array([frame.loc[name, "spectrum"] for name in ids])
    error = np.abs(np.array([found.mean[place[name]] for name in ids]) - true)
    expected = np.trapezoid(error, GRID, axis=1).mean() / 2.0
    assert record["metrics"]["mae"] == pytest.approx(expected, rel=1e-5)
    assert record["by_point"]["points"] == 3  # at the energy 0 all are 1
    plain = train(toy, "spectrum", "plain", epochs=1)
    assert plain.digest != run.digest
    assert plain.manifest["targets"][0]["shape"] == [4]
    capsys.readouterr()


def test_an_axis_from_python_is_that_of_the_column(toy):
    axis = md.Axis("energy", "eV", tuple(GRID))
    given = train(toy, md.Target("spectrum", 4, axis=axis, normalizer="scalar"), "py", epochs=1)
    (target,) = given.schema.targets
    assert (target.axis, target.normalizer) == (axis, "scalar")
    shifts = given.normalizer()["shift"]
    assert len(set(shifts)) == 1
    with pytest.raises(md.ConfigError, match="has the shape"):
        train(toy, md.Target("spectrum", 4, axis=md.Axis("e", "eV", (1, 2))), "no")
    with pytest.raises(md.ConfigError, match=r"size 3, its column has 4"):
        train(toy, md.Target("spectrum", 3), "no")


def test_rows_on_other_grids_are_refused(tmp_path):
    other = rows()
    for place in (5, 17):
        other[place]["energy"] = [0.0, 0.5, 1.5, 2.5]
    dataset = build(tmp_path / "cache", other, "grids")
    target = {"name": "spectrum", "axis": "energy"}
    with pytest.raises(md.ConfigError, match=r"rows have another axis 'energy' than the first"):
        train(dataset, target, "no", epochs=1)


@pytest.mark.slow
def test_test_rows_on_another_grid_are_refused_when_they_are_scored(tmp_path):
    other = rows()
    whole = build(tmp_path / "first", other, "grids")
    lost = whole.table.index.get_loc(next(iter(whole.split("s")["test"])))
    formula = whole.table["formula_given"].iloc[lost]
    for one in other:
        if one["formula"] == formula:
            one["energy"] = [0.0, 0.5, 1.5, 2.5]
    dataset = build(tmp_path / "second", other, "grids")
    run = train(dataset, {"name": "spectrum", "axis": "energy"}, "odd", epochs=1)
    with pytest.raises(md.ConfigError, match="1 rows have another axis 'energy'"):
        md.evaluate(run)


@pytest.mark.slow
def test_labels_and_shares_of_elements(toy, capsys):
    run = train(toy, {"name": "tags", "objective": "multi_label"}, "tags", epochs=60)
    (target,) = run.schema.targets
    assert (target.labels, target.classes) == (("0", "1"), ())
    scored = md.evaluate(run)["targets"]["tags"]
    assert scored["metrics"]["f1_micro"] > scored["baselines"]["dummy_frequencies"]["f1_micro"]
    frame = md.predict(run, toy).to_frame()
    chances = frame[["prediction_tags_probability_0", "prediction_tags_probability_1"]].to_numpy()
    marked = np.array(frame["prediction_tags_class"].tolist())
    np.testing.assert_array_equal(marked, (chances > 0.5).astype(float))
    capsys.readouterr()
    assert command(toy, "predict", "tags", "NaCl") == 0
    assert "tags 0 (" in capsys.readouterr().out
    assert command(toy, "runs", "tags", "--json") == 0
    asked = {
        "name": "product",
        "objective": "element_distribution",
        "options": {"allowed": "fractions"},
    }
    with pytest.raises(md.TrainError, match="not a finite number"):  # not all contain oxygen
        train(toy, asked, "masked", epochs=1)
    run = train(toy, {**asked, "options": {}}, "product", epochs=150, lr=0.01)
    scored = md.evaluate(run)["targets"]["product"]
    assert scored["metrics"]["l1"] < 0.7 * scored["baselines"]["dummy_mean"]["l1"]
    found = md.predict(run, toy)
    assert found.mean.shape[1] == 103
    np.testing.assert_allclose(found.mean.sum(1), 1.0)


@pytest.mark.slow
def test_words_in_order(tmp_path, capsys):
    records = rows()
    for one in records:
        low, high = one["tags"]
        one["steps"] = ["mix"] * int(1 + low) + ["heat"] * int(high)
    dataset = build(tmp_path / "cache", records, "words")
    run = train(dataset, {"name": "steps", "objective": "sequence"}, "steps", epochs=60, ensemble=2)
    (target,) = run.schema.targets
    assert (target.task, target.classes, target.columns) == ("sequence", ("heat", "mix"), 4)
    assert "token_accuracy" in run.result()["validation"]["targets"]["steps"]["metrics"]
    scored = md.evaluate(run)["targets"]["steps"]
    dummy = scored["baselines"]["dummy_frequencies"]
    assert scored["metrics"]["token_accuracy"] > dummy["token_accuracy"]
    assert scored["shown"] == ["token_accuracy", "sequence_accuracy", "log_loss"]
    found = md.predict(run, dataset)
    frame = found.to_frame(members=True)
    right = [
        said == true
        for said, true in zip(frame["prediction_steps_class"], dataset.table["steps"], strict=True)
    ]
    assert np.mean(right) > 0.6
    first = frame.iloc[0]
    assert len(first["prediction_steps_probability"]) == len(first["prediction_steps_class"])
    assert isinstance(first["prediction_steps_member_0"], list)
    capsys.readouterr()
    assert command(dataset, "predict", "steps", "NaCl") == 0
    assert "steps mix" in capsys.readouterr().out
    assert command(dataset, "runs", "steps", "--json") == 0


def test_what_does_not_fit_is_refused_before_training(toy, capsys):
    cases = {
        ("--objective", "y=hubber"): "did you mean 'huber'",
        ("--objective", "y=cross_entropy"): "classes",
        ("--objective", "z=huber"): "begins with no target of this run",
        ("--axis", "y=energy"): "has the shape",
        ("--axis", "y=enrgy"): "did you mean 'energy'",
        ("--target-option", "y.delta=1"): "option of an objective",
        ("--target-option", "y.normalizer=pointless"): "has no normalizer 'pointless'",
    }
    for words, text in cases.items():
        assert command(toy, "train", "example", "toy", "--target", "y", "--split", "s", *words) == 1
        assert text in capsys.readouterr().err, words
    with pytest.raises(md.ConfigError, match="which no objective reaches"):
        md.train("dummy", toy, {"name": "y", "objective": "l1"}, split="s", quiet=True)

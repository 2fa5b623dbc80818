"""`matdata curve`: nested shares, ordinary runs, and a power law that is found again."""

from __future__ import annotations

import json

import numpy as np
import pytest

import matdata as md
from matdata.cli import main
from matdata.evaluation.learning_curve import learning_curve, request_of_run
from matdata.evaluation.power_law import power_law
from matdata.training.run import OPENED
from matdata.training.train import train as run_training

COUNT = 160
TARGET = "gap (eV)"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curve")
    rng = np.random.default_rng(0)
    lines = ["material_id,formula,gap (eV),kind"]
    elements = ("Li", "Na", "K", "Rb", "Mg", "Ca", "Sr", "Ba")
    for number in range(COUNT):
        first, amount = elements[number % 8], 1 + number // 8
        gap = 2.0 + 0.3 * (number % 8) + 0.1 * amount + rng.normal(0.0, 0.02)
        lines.append(f"m{number:03},{first}Cl{amount},{gap},{'ab'[number % 2]}")
    (folder / "c.csv").write_text("\n".join(lines) + "\n")
    return md.build(
        folder / "c.csv",
        features=["magpie", "fractions"],
        set={"fractions": {"elements": "86"}},
        cache=folder / "cache",
        name="c",
        split="70/15/15",
        dedupe="none",
        workers=1,
    )


def _trained(dataset, name, **given):
    hypers = {"trees": 10, "jobs": 1}
    given = {"plugin": "rf-magpie", "target": "gap", "hyper": hypers, **given}
    plugin, target = given.pop("plugin"), given.pop("target")
    return md.train(plugin, dataset, target, name=name, quiet=True, **given)


def test_the_law_is_found_again():
    counts = [10, 40, 90, 1000]
    law = power_law(counts, [3.0 * count**-0.37 for count in counts])
    assert law.exponent == pytest.approx(0.37)
    assert law.factor == pytest.approx(3.0)
    assert law.standard_error == pytest.approx(0.0, abs=1e-7)
    assert law.at(250) == pytest.approx(3.0 * 250**-0.37)


def test_the_error_of_the_exponent_is_that_of_statistics():
    from scipy.stats import linregress

    counts, errors = [10, 25, 70, 200, 900], [1.0, 0.7, 0.66, 0.4, 0.31]
    expected = linregress(np.log(counts), np.log(errors))
    law = power_law(counts, errors)
    assert law.exponent == pytest.approx(-expected.slope)
    assert law.standard_error == pytest.approx(expected.stderr)


@pytest.mark.parametrize("errors", [[0.1, 0.0], [0.1, float("nan")]])
def test_errors_without_a_logarithm_have_no_law(errors):
    assert power_law([1, 2], errors) is None
    assert power_law([3, 3], [0.1, 0.2]) is None
    assert power_law([3, 4], [0.1, 0.2]).standard_error is None


NETWORK = {"plugin": "elemnet", "epochs": 1, "hyper": {"layers": "8,8", "dropout": "0"}}
HUBER = {"name": "log10(gap)", "objective": "huber"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("forest", {}),
        ("classes", {"target": "kind", "train": {"seed": 3}}),
        ("network", NETWORK),
        ("objective", {**NETWORK, "target": HUBER, "lr": 0.01, "freeze": "layers.0.*"}),
        ("above", {"target": "gap > 2.8"}),
    ],
)
def test_the_request_of_a_run_is_that_of_the_run(dataset, name, given):
    run = _trained(dataset, f"same-{name}", **given)
    again = run_training(request_of_run(run), dataset.cache, run.name)
    assert again.unchanged
    assert again.digest == run.digest


@pytest.mark.slow
def test_shares_are_nested_runs_that_are_left_when_finished(dataset, monkeypatch):
    run = _trained(dataset, "gap")
    (curve,) = learning_curve(run, dataset.cache, (0.5, 0.25), seeds=2)
    assert [point.materials for point in curve.points] == [28, 56, 112]
    assert (curve.target, curve.unit, curve.by) == (TARGET, "eV", "mae")
    assert curve.points[-1].runs == ("gap", "gap-curve-1-seed1")
    assert curve.points[0].runs == ("gap-curve-0.25-seed0", "gap-curve-0.25-seed1")
    assert curve.points[0].values[0] != curve.points[0].values[1]
    for point in curve.points:
        scores = [md.open_run(one, dataset.cache).result() for one in point.runs]
        values = tuple(one["validation"]["targets"][TARGET]["metrics"]["mae"] for one in scores)
        assert point.values == values
        assert point.mean == pytest.approx(np.mean(values))
        assert point.std == pytest.approx(np.std(values, ddof=1))
    assert curve.points[0].mean > curve.points[-1].mean
    assert curve.power_law.exponent > 0

    def refuse(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr("matdata_baselines.MagpieForest.fit", refuse)
    (again,) = md.curve("gap", fractions=[0.25, 0.5], seeds=2, cache=dataset.cache, quiet=True)
    assert again == curve
    names = {name for point in curve.points for name in point.runs}
    assert not [
        name for name in names if (md.open_run(name, dataset.cache).folder / OPENED).exists()
    ]


def test_classes_have_an_error_too(dataset):
    run = _trained(dataset, "kinds", target="kind")
    (curve,) = md.curve(run, fractions=[0.5], quiet=True)
    assert (curve.by, curve.unit) == ("1 - roc_auc", "1")
    assert all(0 <= point.mean <= 1 for point in curve.points)
    assert curve.points[0].std is None


@pytest.mark.slow
def test_the_command_writes_numbers_and_a_picture(dataset, capsys):
    _trained(dataset, "shown")
    words = ["curve", "shown", "--fractions", "0.3,0.6", "--cache", str(dataset.cache)]
    assert main([*words, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    folder = dataset.cache / "runs" / "shown" / "curve"
    assert printed["folder"] == str(folder)
    assert json.loads((folder / "curve.json").read_text())["curves"] == printed["curves"]
    (picture,) = folder.glob("curve-*.png")
    assert picture.stat().st_size > 10_000
    assert main([*words, "--no-pictures"]) == 0
    assert "falls with the power" in capsys.readouterr().out
    assert main(["verify", "--cache", str(dataset.cache)]) == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fractions": [1.0]}, "not above 0 and below 1"),
        ({"fractions": [0.0]}, "not above 0 and below 1"),
        ({"fractions": [0.5, 0.5]}, "each once"),
        ({"fractions": []}, "at least one"),
        ({"seeds": 0}, "0 seeds"),
    ],
)
def test_bad_shares_are_refused_before_anything_is_trained(dataset, given, message):
    run = _trained(dataset, "bad")
    before = {path.name for path in (dataset.cache / "runs").iterdir()}
    with pytest.raises(md.ConfigError, match=message):
        md.curve(run, **given, quiet=True)
    assert {path.name for path in (dataset.cache / "runs").iterdir()} == before


def test_an_output_that_is_a_file_is_refused_before_anything_is_trained(dataset, tmp_path, capsys):
    _trained(dataset, "shown")
    before = {path.name for path in (dataset.cache / "runs").iterdir()}
    file = tmp_path / "file"
    file.write_text("kept")
    words = ["curve", "shown", "--fractions", "0.2", "--cache", str(dataset.cache)]
    assert main([*words[:3], ",", "--cache", str(dataset.cache)]) == 1
    assert "at least one fraction" in capsys.readouterr().err
    for output in (file, file / "curve"):
        assert main([*words, "--output", str(output)]) == 1
        assert f"{file} is a file" in capsys.readouterr().err
    assert {path.name for path in (dataset.cache / "runs").iterdir()} == before
    assert file.read_text() == "kept"


def test_near_fractions_are_runs_of_their_own(dataset):
    run = _trained(dataset, "near")
    (curve,) = md.curve(run, fractions=[0.5, 0.5000001], quiet=True)
    assert [point.runs for point in curve.points] == [
        ("near-curve-0.5-seed0",), ("near-curve-0.5000001-seed0",), ("near",)
    ]  # fmt: skip


def test_runs_that_saw_a_share_or_no_validation_are_refused(dataset):
    share = _trained(dataset, "share", train={"fraction": 0.5})
    with pytest.raises(md.ConfigError, match=r"0\.5 of the training part"):
        md.curve(share, quiet=True)
    blind = _trained(dataset, "blind", no_validation=True)
    with pytest.raises(md.TrainError, match="no validation score"):
        md.curve(blind, quiet=True)


def test_a_run_on_weights_of_another_is_refused(dataset):
    first = _trained(dataset, "first", **NETWORK)
    later = _trained(dataset, "later", **NETWORK, from_run=first.name)
    with pytest.raises(md.TrainError, match="cannot be repeated"):
        md.curve(later, quiet=True)

"""Scores do not depend on the unit of a target, are defined for constants, and survive pictures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from support.runs import train

import matdata as md
from matdata.cli import main
from matdata.training.ensemble import combine
from matdata.training.outputs import Members
from matdata.training.run_plots import RunPlots
from matdata.training.scores.metrics import regression, undefined
from matdata.training.scores.uncertainty import calibration
from matdata.training.target import Target

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
TRUE = RNG.normal(0.0, 2.0, 300)
SPREAD = RNG.uniform(0.05, 0.2, 300)
GUESS = TRUE + SPREAD * RNG.normal(0.0, 1.0, 300)
OF_NO_UNIT = ("miscalibration_area", "coverage_68", "coverage_95", "spearman")


@pytest.mark.parametrize("factor", [1e-200, 1e-20, 1e-14, 1.0, 1e20, 1e150])
def test_calibration_does_not_depend_on_the_unit(factor):
    plain = calibration(GUESS - TRUE, SPREAD)
    other = calibration(factor * (GUESS - TRUE), factor * SPREAD)
    assert 0.6 < plain["coverage_68"] < 0.76
    for name in OF_NO_UNIT:
        assert other[name] == pytest.approx(plain[name], rel=1e-9), name
    assert other["confidence_error_area"] == pytest.approx(factor * plain["confidence_error_area"])
    assert other["nll"] == pytest.approx(plain["nll"] + math.log(factor))


@pytest.mark.parametrize("factor", [1e-250, 1e-20, 1.0, 1e20, 1e154, 1e290])
def test_metrics_do_not_depend_on_the_unit(factor):
    plain, other = regression(TRUE, GUESS), regression(factor * TRUE, factor * GUESS)
    for name in ("mae", "rmse", "mad", "max_error"):
        assert other[name] == pytest.approx(factor * plain[name], rel=1e-12), name
    assert other["r2"] == pytest.approx(plain["r2"], rel=1e-12)
    assert other["mad_mae"] == pytest.approx(plain["mad_mae"], rel=1e-12)


def test_metrics_do_not_depend_on_an_offset():
    plain, other = regression(TRUE, GUESS), regression(1e9 + TRUE, 1e9 + GUESS)
    for name in plain:
        assert other[name] == pytest.approx(plain[name], rel=1e-5), name


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9 + 0.1, 1e-20])
def test_r2_of_a_constant_is_not_defined_and_says_why(constant):
    true = np.full(7, constant)
    found = regression(true, true + np.arange(7) * 0.25)
    assert math.isnan(found["r2"])
    assert found["mad"] == 0.0
    assert undefined(found) == {"r2": "all true values are equal"}
    exact = regression(true, true)
    assert exact["mae"] == exact["rmse"] == 0.0
    assert undefined(exact)["mad_mae"] == "all predictions are exact"


def test_a_spread_of_nothing_holds_exact_predictions_alone():
    found = calibration(np.array([0.0, 1e-30]), np.zeros(2))
    assert found["coverage_68"] == found["coverage_95"] == 0.5
    assert undefined(found)["nll"] == "a predicted standard deviation is 0"


@pytest.mark.parametrize("factor", [1e-200, 1e200])
def test_spreads_of_an_ensemble_do_not_depend_on_the_unit(factor):
    targets = (Target("y"),)
    means, spreads = RNG.normal(0, 1, (4, 9, 1)), RNG.uniform(0.1, 1, (4, 9, 1))
    plain = combine(np.arange(9).astype(str), targets, Members(means, spreads))
    other = combine(np.arange(9).astype(str), targets, Members(factor * means, factor * spreads))
    for name in ("aleatoric", "epistemic", "total"):
        np.testing.assert_allclose(getattr(other, name), factor * getattr(plain, name), rtol=1e-12)
    variance = (spreads**2).mean(0) + means.var(0)
    np.testing.assert_allclose(plain.total, np.sqrt(variance), rtol=1e-12)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A dataset with a constant, a column that is constant in test, and one of huge numbers."""
    home = tmp_path_factory.mktemp("odd")
    rows = ["id,formula,y,const,late,huge"]
    symbols = ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Zn")
    names = [f"{a}{k}{b}" for a in symbols for b in ("O", "S", "Se") for k in (1, 2)]
    ids = [f"m{row:02d}" for row in range(len(names))]
    for row, (name, formula) in enumerate(zip(ids, names, strict=True)):
        late = 0.1 if row >= 50 else 0.01 * row
        rows.append(f"{name},{formula},{0.1 * row},0.1,{late},{1e308 if row == 3 else row}")
    (home / "odd.csv").write_text("\n".join(rows))
    target = ["y", "const", "late", "huge"]
    dataset = md.build(
        home / "odd.csv",
        features=["fractions", "magpie"],
        cache=home / "cache",
        workers=1,
        dedupe="none",
        name="odd",
        target=target,
    )
    parts = {"train": ids[:40], "val": ids[40:50], "test": ids[50:]}
    text = "material_id,part\n" + "\n".join(f"{i},{p}" for p, own in parts.items() for i in own)
    (home / "parts.csv").write_text(text)
    dataset.split(method="fixed", name="main", set={"file": str(home / "parts.csv")})
    return home / "cache"


@pytest.mark.parametrize("plugin", ["dummy", "rf-magpie", "example"])
@pytest.mark.parametrize("target", ["const", "late"])
def test_constant_targets_are_scored(odd, capsys, plugin, target):
    name = f"{plugin}-{target}"
    assert train(odd, name=name, dataset="odd", target=target, plugin=plugin) == 0
    assert main(["evaluate", name, "--cache", str(odd), "--json"]) == 0
    out = capsys.readouterr()
    record = json.loads(out.out)
    scored = record["targets"][target]
    assert scored["metrics"]["r2"] is None
    assert scored["undefined"]["r2"] == "all true values are equal"
    assert record["pictures_failed"] == {}
    assert any(path.endswith(f"errors-{target}.png") for path in record["pictures"])
    assert "warning" not in out.err
    if target == "const":
        assert scored["metrics"]["mae"] == 0.0
    assert main(["evaluate", name, "--cache", str(odd), "--no-pictures"]) == 0
    assert "  r2 is not defined: all true values are equal" in capsys.readouterr().out


def test_a_picture_that_fails_costs_neither_score_nor_others(odd, capsys, monkeypatch):
    def broken(*_):
        raise OverflowError("cannot draw this")

    monkeypatch.setattr(RunPlots, "parity", broken)
    assert train(odd, name="broken", dataset="odd", target="y") == 0
    capsys.readouterr()
    assert main(["evaluate", "broken", "--cache", str(odd)]) == 0
    out = capsys.readouterr()
    assert "the test part of main is now open" in out.out
    assert "warning: parity-y.png was not drawn: OverflowError: cannot draw this" in out.err
    folder = odd / "runs" / "broken" / "pictures"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("elements-y.png", "errors-y.png", "history.png", "residuals-y.png", "uncertainty-y.png")
    ]
    with pytest.raises(OverflowError):  # a mistake of ours stays visible
        main(["evaluate", "broken", "--cache", str(odd), "--debug"])


def test_a_folder_that_takes_no_pictures_does_not_cost_the_score(odd, capsys, tmp_path):
    assert train(odd, name="shut", dataset="odd", target="y") == 0
    folder = tmp_path / "pictures"
    for stem in ("parity-y", "errors-y", "residuals-y", "elements-y", "uncertainty-y", "history"):
        (folder / f"{stem}.png" / "in the way").mkdir(parents=True)
    capsys.readouterr()
    assert main(["evaluate", "shut", "--cache", str(odd), "--pictures", str(folder)]) == 0
    out = capsys.readouterr()
    assert "the test part of main" in out.out
    assert "was not drawn" in out.err


@pytest.mark.parametrize("plugin", ["dummy", "rf-magpie", "example"])
def test_targets_too_large_are_refused_before_the_training(odd, capsys, plugin):
    assert train(odd, name="huge", dataset="odd", target="huge", plugin=plugin) == 1
    told = capsys.readouterr().err
    assert "targets reach 1e+308, which is too large to be learnt" in told
    assert "next step: build the dataset with the target in another unit" in told
    assert not (odd / "runs" / "huge").exists()

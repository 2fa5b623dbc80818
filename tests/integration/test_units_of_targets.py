"""Offset and unit of a target change nothing that is learnt or scored, whatever the trainer."""

from __future__ import annotations

import numpy as np
import pytest

import matdata as md

#: Columns: what is done to y. 2 ** 67 and its inverse change no digit.
CHANGES = {
    "small": lambda y: y * 1e-20,
    "large": lambda y: y * 1e20,
    "finer": lambda y: y * 2.0**-67,
    "coarser": lambda y: y * 2.0**67,
    "far": lambda y: y + 1e6,
    "farther": lambda y: y - 1e9,
    "both": lambda y: 1e-14 * (y + 1e6),
}
TRAINERS = {
    "dummy": ("dummy", {}, {}),
    "forest": ("rf-magpie", {}, {"trees": 20, "jobs": 1}),
    "network": ("example", {"epochs": 8}, {}),
    "robust": ("example", {"epochs": 8, "normalizer": "robust", "loss": "huber"}, {}),
    "stacked": ("roost", {"epochs": 2, "ensemble": 3, "members": "stacked"}, {}),
    "beside": ("example", {"epochs": 4, "ensemble": 2, "members": "separate"}, {}),
}


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    home = tmp_path_factory.mktemp("units")
    symbols = ("Li", "Na", "K", "Rb", "Mg", "Ca", "Sr", "Zn", "Cd", "Fe")
    formulas = [f"{a}{k}{b}" for a in symbols for b in ("O", "S", "Cl") for k in (1, 2)]
    rng = np.random.default_rng(3)
    size = np.array([len(formula) for formula in formulas])
    # multiples of 2 ** -8: adding 1e6 or 1e9 to them is exact
    y = np.round(256 * (rng.normal(0.0, 1.0, len(formulas)) + np.sin(np.arange(60) / 7) + size))
    y /= 256
    columns = {"y": y, **{name: change(y) for name, change in CHANGES.items()}}
    lines = [",".join(["id", "formula", *columns])]
    for row, formula in enumerate(formulas):
        cells = [repr(float(values[row])) for values in columns.values()]
        lines.append(",".join([f"m{row:02d}", formula, *cells]))
    (home / "units.csv").write_text("\n".join(lines))
    dataset = md.build(
        home / "units.csv",
        features=["fractions", "magpie", "composition-set"],
        cache=home / "cache",
        workers=1,
        dedupe="none",
        name="units",
        target=list(columns),
    )
    dataset.split("60/20/20", name="main", seed=2)
    return dataset


def score(dataset, trainer, target):
    """Scores that have no unit, and those that have one in standard deviations of y."""
    plugin, settings, hypers = TRAINERS[trainer]
    own_fit = plugin in ("dummy", "rf-magpie")
    common = {} if own_fit else {"threads": 1, "tensorboard": False, "batch_size": 16}
    run = md.train(
        plugin,
        dataset,
        target,
        split="main",
        name=f"{trainer}-{target}",
        hyper=hypers,
        quiet=True,
        train={**common, **settings},
    )
    if trainer == "stacked":
        assert run.result()["engine"] == "stacked", run.result()["why_separate"]
    found = md.evaluate(run)["targets"][target]
    metrics, spread = found["metrics"], found.get("uncertainty", {})
    same = {name: metrics[name] for name in ("r2", "mad_mae")}
    same |= {f"{name}/mad": metrics[name] / metrics["mad"] for name in ("mae", "rmse", "max_error")}
    names = ("miscalibration_area", "coverage_68", "coverage_95", "spearman")
    same |= {name: spread[name] for name in names if name in spread}
    same["dummy"] = found["baselines"]["dummy_mean"]["mad_mae"]
    if "confidence_error_area" in spread:
        same["area/mad"] = spread["confidence_error_area"] / metrics["mad"]
    return same


@pytest.mark.slow
@pytest.mark.parametrize("trainer", TRAINERS)
def test_offset_and_unit_change_no_score(units, trainer):
    """To bits for powers of two, else to 1e-5: at 1e9 a standard deviation has 24 bits left."""
    plain = score(units, trainer, "y")
    for target in CHANGES:
        other = score(units, trainer, target)
        assert other.keys() == plain.keys()
        rel = 0.0 if target in ("finer", "coarser") else 1e-5
        for name, value in plain.items():
            assert other[name] == pytest.approx(value, rel=rel, abs=rel), (target, name)

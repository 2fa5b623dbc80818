"""What is derived from the predictions of a run, in Python and by commands."""

from __future__ import annotations

import json
import re
from typing import ClassVar

import numpy as np
import pytest
from support.toy import build, command, rows, train

import matdata as md
from matdata.evaluation.derive.base import Derivation
from matdata.training.outputs import Distribution


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return build(tmp_path_factory.mktemp("objectives") / "cache", rows())


class AddColumn(Derivation):
    """A target plus a column of the table."""

    name, version, summary = "add", "1", "for tests"
    needs: ClassVar = ("offset",)

    def produces(self, targets):
        return [md.Target("sum")]

    def apply(self, predictions, rows, fitted):
        one = predictions["y"]
        return {"sum": Distribution(one.mean + np.array(rows["offset"])[:, None], one.aleatoric)}

    def truth(self, truth, rows):
        return {"sum": truth["y"] + (np.array(rows["offset"])[:, None] if rows else 0.0)}


@pytest.fixture(scope="module")
def run(toy):
    return train(toy, ["y", "log10(k)"], "derived", ensemble=3, epochs=10)


def test_members_are_derived_one_by_one(toy, run):
    before = md.predict(run, toy)
    found = md.predict(run, toy, derive=["power10"])
    assert [target.name for target in found.targets] == ["y", "log10(k)", "k"]
    powers = 10.0 ** before.members[..., 1]
    np.testing.assert_allclose(found.members[..., 2], powers)
    np.testing.assert_allclose(found.mean[:, 2], powers.mean(0))
    np.testing.assert_allclose(found.epistemic[:, 2], powers.std(0))
    noise = np.log(10.0) * powers * before.noise[..., 1]
    np.testing.assert_allclose(found.aleatoric[:, 2], np.sqrt((noise**2).mean(0)))
    for one in ("mean", "aleatoric", "epistemic", "total", "members"):
        np.testing.assert_array_equal(getattr(found, one)[..., :2], getattr(before, one))


def test_intervals_rest_on_validation_alone(toy, run, tmp_path):
    found = md.predict(run, toy, derive=["power10", "conformal:alpha=0.2"])
    ids = np.sort(toy.split("s")["val"])
    place = {name: k for k, name in enumerate(found.ids.tolist())}
    chosen = np.array([place[name] for name in ids])
    true = toy.table["y"][list(ids)].to_numpy()
    ratio = np.abs(true - found.mean[chosen, 0]) / found.total[chosen, 0]
    rank = int(np.ceil((len(ids) + 1) * 0.8))
    quantile = np.sort(ratio)[rank - 1]
    lower, upper = found.intervals["y"]
    np.testing.assert_allclose((upper - lower)[:, 0], 2 * quantile * found.total[:, 0])
    (kept,) = (run.folder / "derivations").glob("*.json")
    stamp = kept.stat().st_mtime_ns
    path = tmp_path / "out.parquet"
    md.predict(run, ["NaCl"], derive=["power10", "conformal:alpha=0.2"]).write(path)
    assert kept.stat().st_mtime_ns == stamp, "it is fitted once"
    import pyarrow.parquet as pq

    told = pq.read_schema(path).field("prediction_k_upper").metadata
    assert told[b"derivation"].startswith(b"conformal:alpha=0.2")
    assert pq.read_schema(path).field("prediction_k_mean").metadata[b"derivation"] == b"power10"
    assert b"derivation" not in pq.read_schema(path).field("prediction_y_mean").metadata


@pytest.mark.slow
def test_evaluate_scores_what_is_derived_and_keeps_its_own_record(toy, run, capsys):
    plain = md.evaluate(run)
    assert "derived" not in plain
    words = ["--derive", "power10", "--derive", "conformal:alpha=0.2"]
    assert command(toy, "evaluate", run.name, "--no-pictures", "--json", *words) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["targets"] == plain["targets"]
    derived = record["derived"]
    assert [step["derivation"].partition(":")[0] for step in derived["steps"]] == [
        "power10",
        "conformal",
    ]
    assert derived["steps"][1]["fitted_on"] == "validation"
    interval = derived["targets"]["k"]["interval"]
    assert 0.4 < interval["coverage"] <= 1.0
    test = list(toy.split("s")["test"])
    found = md.predict(run, toy, derive=["power10"])
    place = {name: k for k, name in enumerate(found.ids.tolist())}
    frame = toy.table
    true = 10.0 ** frame.loc[test, "log10(k)"].to_numpy()
    error = np.abs(found.mean[[place[name] for name in test], 2] - true).mean()
    assert derived["targets"]["k"]["metrics"]["mae"] == pytest.approx(error, rel=1e-5)
    assert (run.folder / derived["table"]).is_file()
    assert command(toy, "verify") == 0
    assert command(toy, "evaluate", run.name, "--no-pictures", *words) == 0
    assert re.search(r"intervals hold \d+\.\d% of [\d,]+ true values", capsys.readouterr().out)


def test_columns_of_the_table_are_read_or_refused(toy, run):
    found = md.predict(run, toy, derive=[AddColumn()])
    table = toy.table
    offsets = table.loc[found.ids.tolist(), "offset"].to_numpy()
    np.testing.assert_allclose(found.mean[:, 2], found.mean[:, 0] + offsets)
    with pytest.raises(md.ConfigError, match="materials in memory do not have"):
        md.predict(run, ["NaCl"], derive=[AddColumn()])
    AddColumn.needs = ("ofset",)
    try:
        with pytest.raises(md.ConfigError, match="did you mean 'offset'"):
            md.predict(run, toy, derive=[AddColumn()])
    finally:
        AddColumn.needs = ("offset",)


def test_two_derivations_of_one_name_are_refused(toy, run):
    with pytest.raises(md.ConfigError, match="gives k, which is predicted already"):
        md.predict(run, toy, derive=["power10", "power10"])
    fresh = train(toy, "y", "sealed", epochs=1)
    with pytest.raises(md.ConfigError, match="did you mean 'conformal'"):
        md.evaluate(fresh, derive=["conformul"])
    with pytest.raises(md.ConfigError, match="in the validation part are too few"):
        md.evaluate(fresh, derive=["conformal:alpha=0.001"])
    assert not (fresh.folder / "test-opened.json").exists(), "refused before the test part is open"


def test_intervals_by_a_column_are_kept_and_scored(toy, run, capsys):
    step = "conformal:alpha=0.2,by=offset,bins=2"
    words = ["--derive", step, "--no-pictures"]
    assert command(toy, "evaluate", run.name, "--json", *words) == 0
    derived = json.loads(capsys.readouterr().out)["derived"]
    assert "not_exchangeable" not in derived["steps"][0]
    interval = derived["targets"]["y"]["interval"]
    systems = interval["chemical_systems"]
    assert systems["seen"]["materials"] + systems["unseen"]["materials"] == interval["n"]
    assert interval["worst_slab"] is None, "of too few materials"
    assert "chance_band_99" not in interval, "each group has its own"
    again = md.evaluate(run, derive=[step])["derived"]["targets"]["y"]["interval"]
    assert again == interval
    plain = md.evaluate(run, derive=["conformal:alpha=0.2"])["derived"]["targets"]["y"]["interval"]
    low, high = plain["chance_band_99"]
    assert low <= plain["coverage"] <= high
    with pytest.raises(md.ConfigError, match="'y' holds true values of what is predicted"):
        md.predict(run, toy, derive=["conformal:by=y"])
    with pytest.raises(md.ConfigError, match="did you mean 'offset'"):
        md.predict(run, toy, derive=["conformal:by=ofset"])
    with pytest.raises(md.ConfigError, match="materials in memory do not have"):
        md.predict(run, ["NaCl"], derive=["conformal:by=offset"])


def test_classes_have_no_intervals(toy):
    classes = train(toy, "kind", "classes", epochs=1)
    with pytest.raises(md.ConfigError, match="no target of numbers"):
        md.evaluate(classes, derive=["conformal:alpha=0.2"])
    assert not (classes.folder / "test-opened.json").exists()


def test_parts_of_whole_groups_are_warned_of(toy):
    toy.split("60/20/20", group_by="chemsys", name="groups")
    settings = {"epochs": 1, "threads": 1, "tensorboard": False}
    grouped = md.train("example", toy, "y", split="groups", name="grouped", quiet=True,
                       train=settings)  # fmt: skip
    with pytest.warns(md.MatdataWarning, match="whole groups of chemsys"):
        record = md.evaluate(grouped, derive=["conformal:alpha=0.2"])
    assert "whole groups" in record["derived"]["steps"][0]["not_exchangeable"]
    interval = record["derived"]["targets"]["y"]["interval"]
    assert "chance_band_99" not in interval
    assert interval["chemical_systems"]["seen"]["materials"] == 0

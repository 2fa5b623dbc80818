"""Trainings on a column of text and on one of true and false, from request to score."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from support.runs import train

import matdata as md
from matdata.cli import main

pytestmark = pytest.mark.slow

KINDS = ("cubic", "hexagonal", "trigonal")
TARGETS = ("kind", "is_metal", "remark")
BRIEF = ["--epochs", "2", "--threads", "1"]


def _rows():
    metals = (
        "Li",
        "Na",
        "K",
        "Mg",
        "Ca",
        "Sr",
        "Al",
        "Ga",
        "In",
        "Ti",
        "Zr",
        "Fe",
        "Co",
        "Ni",
        "Zn",
    )
    return [
        {
            "material_id": f"m{number:02}",
            "formula": f"{element}{other}{count}",
            "kind": "" if number == 7 else KINDS[number % 3],
            "rare": "odd" if number == 59 else KINDS[number % 3],
            "is_metal": number % 4 == 0,
            "remark": f"made in batch {number}",
        }
        for number, (element, other, count) in enumerate(
            (e, o, n) for e in metals for o in ("O", "S") for n in (2, 3)
        )
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A dataset `c` of 60 formulas; `odd` is a kind of the last test material alone in `rare`."""
    folder = tmp_path_factory.mktemp("classes")
    rows = _rows()
    with (folder / "c.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    dataset = md.build(
        folder / "c.csv",
        features=["fractions", "composition-set", "magpie"],
        cache=folder / "cache",
        name="c",
        split=None,
        dedupe="none",
        workers=1,
        target=(*TARGETS, "rare"),
    )
    ids = sorted(dataset.ids)
    parts = {"train": ids[:40], "val": ids[40:50], "test": ids[50:]}
    for name, given in (("main", parts), ("other", {**parts, "val": ids[50:], "test": ids[40:50]})):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(given))
        dataset.split(method="fixed", name=name, set={"file": str(path)})
    return folder / "cache"


@pytest.fixture
def cache(made, tmp_path):
    shutil.copytree(made, tmp_path / "cache")
    return tmp_path / "cache"


def _train(cache, target, plugin="example", *more, **changes):
    brief = () if plugin in ("dummy", "rf-magpie") else BRIEF
    return train(cache, *brief, *more, dataset="c", target=target, plugin=plugin, **changes)


def _evaluated(cache, capsys, target):
    capsys.readouterr()
    assert main(["evaluate", "a", "--cache", str(cache), "--json", "--no-pictures"]) == 0
    return json.loads(capsys.readouterr().out)["targets"][target]


@pytest.mark.slow
@pytest.mark.parametrize("plugin", ["example", "roost", "dummy", "rf-magpie"])
def test_text_is_learnt_predicted_and_scored_by_name(cache, capsys, tmp_path, plugin):
    assert _train(cache, "kind", plugin) == 0
    manifest = json.loads((cache / "runs" / "a" / "manifest.json").read_text())
    (target,) = manifest["targets"]
    assert target["classes"] == list(KINDS)
    assert manifest["identity"]["targets"] == [target]
    assert manifest["sizes"] == {"train": 39, "val": 10}, "a material without text has no target"
    assert any("cubic, hexagonal, trigonal" in note for note in manifest["notes"])

    quiet = ["--cache", str(cache), "--quiet"]
    tables = []
    for name, read in (("p.csv", pd.read_csv), ("p.parquet", pd.read_parquet)):
        assert main(["predict", "a", "c", *quiet, "--output", str(tmp_path / name)]) == 0
        tables.append(read(tmp_path / name).set_index("material_id"))
    chances = tables[1][[f"prediction_kind_probability_{kind}" for kind in KINDS]]
    assert len(chances) == 60
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-5)
    best = chances.idxmax(axis=1).str.removeprefix("prediction_kind_probability_")
    for table in tables:
        assert (table["prediction_kind_class"] == best).all()
    capsys.readouterr()
    assert main(["predict", "a", "NaCl", "--cache", str(cache), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["predictions"]
    assert row["prediction_kind_class"] in KINDS
    chances = {kind: row[f"prediction_kind_probability_{kind}"] for kind in KINDS}
    assert max(chances, key=chances.get) == row["prediction_kind_class"]
    assert main(["predict", "a", "NaCl", "--cache", str(cache)]) == 0
    assert f"kind {row['prediction_kind_class']} (" in capsys.readouterr().out

    scored = _evaluated(cache, capsys, "kind")
    assert scored["classes"] == list(KINDS)
    test = md.open("c", cache).table.loc[best.index[50:], "kind"]
    assert scored["metrics"]["accuracy"] == pytest.approx((best[50:] == test).mean())
    opened = pd.read_parquet(cache / "runs" / "a" / "test.parquet").set_index("material_id")
    assert (opened["truth_kind"] == test).all()


@pytest.mark.parametrize("plugin", ["example", "rf-magpie"])
def test_a_confusion_matrix_counts_true_and_predicted_classes(cache, capsys, plugin):
    assert _train(cache, "kind", plugin) == 0
    counts = np.array(_evaluated(cache, capsys, "kind")["confusion"])
    opened = pd.read_parquet(cache / "runs" / "a" / "test.parquet")
    for axis, column in ((1, "truth_kind"), (0, "prediction_kind_class")):
        expected = opened[column].value_counts().reindex(KINDS, fill_value=0)
        assert counts.sum(axis).tolist() == expected.tolist()
    assert np.trace(counts) == (opened["truth_kind"] == opened["prediction_kind_class"]).sum()
    assert main(["evaluate", "a", "--cache", str(cache)]) == 0
    told = capsys.readouterr().out
    assert "classes: cubic, hexagonal, trigonal" in told
    assert re.search(rf"  hexagonal +{counts[1, 0]} +{counts[1, 1]} +{counts[1, 2]}\n", told)
    assert (cache / "runs" / "a" / "pictures" / "confusion-kind.png").is_file()


def test_threads_of_a_forest_are_no_part_of_its_run(cache, capsys):
    for jobs in (1, 2):
        assert _train(cache, "kind", "rf-magpie", "--set", f"hyper.jobs={jobs}") == 0
    more = ["--set", "hyper.trees=7"]
    assert _train(cache, "kind", "rf-magpie", *more) == 1
    assert "hypers.trees is 200 there, 7 now" in capsys.readouterr().err


def test_true_and_false_are_learnt_by_name(cache, capsys):
    assert _train(cache, "is_metal") == 0
    found = md.predict(md.open_run("a", cache), md.open("c", cache))
    columns = found.columns()
    chances = columns["prediction_is_metal_probability_true"]
    assert columns["prediction_is_metal_class"] == [chance > 0.5 for chance in chances]
    assert found.classes(found.targets[0]) == columns["prediction_is_metal_class"]
    assert _evaluated(cache, capsys, "is_metal")["classes"] == ["false", "true"]
    assert main(["evaluate", "a", "--cache", str(cache), "--no-pictures"]) == 0
    assert "roc_auc and f1 are those of true" in capsys.readouterr().out


def test_the_same_command_finds_the_finished_run(cache, capsys):
    for target in ("kind", "is_metal"):
        assert _train(cache, target, name=target) == 0
        best = cache / "runs" / target / "best.safetensors"
        before = best.stat().st_mtime_ns
        capsys.readouterr()
        more = ["--split", "main", "--name", target, *BRIEF, "--cache", str(cache)]
        assert main(["train", "example", "c", "--target", target, *more]) == 0
        assert "is finished" in capsys.readouterr().out
        assert best.stat().st_mtime_ns == before


def test_a_class_that_train_lacks_is_reported(cache, capsys):
    assert _train(cache, "rare", split="other") == 1
    assert "validation holds classes beyond the 3 of train: odd (of m59)" in capsys.readouterr().err
    assert _train(cache, "rare") == 0
    for _ in range(2):
        assert main(["evaluate", "a", "--cache", str(cache), "--no-pictures"]) == 1
        error = capsys.readouterr().err
        assert "the test part holds classes beyond the 3 of train: odd (of m59)" in error


def test_columns_that_cannot_be_learnt_as_classes(cache, capsys):
    assert _train(cache, "remark") == 1
    assert "looks like free text" in capsys.readouterr().err
    more = ["--split", "main", "--cache", str(cache)]
    assert main(["train", "rescnn", "c", "--target", "kind", *more]) == 1
    assert "rescnn learns regression, not classification of kind" in capsys.readouterr().err
    assert _train(cache, "kind", "example", "--task", "regression") == 1
    assert "leave out --task regression" in capsys.readouterr().err

"""Reports of runs on spectra, labels, shares and classes: their numbers are those of `evaluate`.

Then of runs that are folds, imported or under way, and in caches that are damaged or read-only.
"""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from support import toy
from support.matgl_weights import write_folder
from support.pages import require_sound
from support.read_only import forbid_writing, run_obeying

import matdata as md
from matdata.core.elements import symbols
from matdata.reports.markup import number
from matdata.reports.run.results import TEST, VALIDATION, Results
from matdata.training.run import OPENED, RECORD, TABLE
from matdata.training.run_plots import RunPlots

pytestmark = pytest.mark.slow
#: By run its targets; the test part of the last stays closed.
RUNS = {
    "tags": [{"name": "tags", "objective": "multi_label"}],
    "words": [{"name": "labels", "objective": "multi_label"}],
    "steps": [{"name": "steps", "objective": "sequence"}],
    "axis": [{"name": "spectrum", "axis": "energy"}],
    "product": [{"name": "product", "objective": "element_distribution"}],
    "kinds": ["kind", "y"],
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    rows = toy.rows()
    for k, row in enumerate(rows):
        row["labels"] = [word for word, on in zip(("low", "high"), row["tags"], strict=True) if on]
        row["steps"] = ["mix", *(["heat"] * sum(map(bool, row["tags"]))), "mix"][k % 2 :]
        row["y"] = None if k % 11 == 0 else row["y"]
    dataset = toy.build(tmp_path_factory.mktemp("tasks") / "cache", rows)
    for name, targets in RUNS.items():
        toy.train(dataset, targets, name, epochs=8, ensemble=2 if name == "axis" else 1)
        md.evaluate(name, cache=dataset.cache)
    dataset.featurize("magpie")
    md.train("boosted", dataset, target="y", split="s", name="boosted", quiet=True)
    return dataset.cache


def _page(cache, name, folder):
    output = md.report(name, folder / "run.html", cache=cache).output
    return require_sound(output.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RUNS)
def test_what_is_shown_gives_the_scores_on_record(cache, name, tmp_path):
    run = md.open_run(name, cache)
    results = Results(run)
    scored = {(part, target): one for part, target, one in results.scored()}
    assert {(one.part, one.target.name) for one in results.shown} == set(scored)
    assert len(scored) == 2 * len(RUNS[name])
    page = _page(cache, name, tmp_path)
    for shown in results.shown:
        record = scored[shown.part, shown.target.name]
        metrics = record["metrics"]
        assert len(shown.ids) == record["materials"]
        task = shown.target.task
        if task == "regression":
            assert shown.errors.mean() == pytest.approx(metrics["mae"], rel=1e-9)
        elif task == "multi_label":
            wrong = shown.errors.mean() / shown.target.size
            assert wrong == pytest.approx(metrics["hamming"], rel=1e-9)
        elif task == "sequence":
            assert (shown.errors == 0).mean() == pytest.approx(metrics["sequence_accuracy"])
        elif task == "distribution":
            assert shown.errors.mean() == pytest.approx(metrics["l1"], rel=1e-9)
        else:
            right = shown.mean.argmax(1) == shown.true[:, 0]
            assert right.mean() == pytest.approx(metrics["accuracy"], rel=1e-9)
            assert (shown.errors < 1).all()
        assert number(float(shown.errors.mean())) in page.words
        assert shown.title in page.words
    assert page.ids == ["overview", "scores", "training", "parity", "uncertainty", "residuals",
                        "worst", "origin"]  # fmt: skip


def test_a_spectrum_has_its_points_and_its_axis(cache, tmp_path):
    page = _page(cache, "axis", tmp_path)
    record = md.evaluate("axis", cache=cache)["targets"]["spectrum"]
    for name in ("mae", "rmse", "r2", "mad", "mad_mae"):
        assert number(record["by_point"][name]) in page.words, name
    assert f"off by {number(record['along_axis']['integral'])} on average" in page.words
    assert page.labels.count("Errors of spectrum along its axis") == 2  # of two parts
    for word in ("best", "median", "worst"):
        assert f"The {word} prediction of spectrum" in page.labels
    run = md.open_run("axis", cache)
    shown = Results(run).shown[0]
    assert shown.part == TEST
    table = md.predict(run, md.open("toy", cache)).to_frame().loc[shown.ids.tolist()]
    mean = np.array(table["prediction_spectrum_mean"].tolist())
    np.testing.assert_allclose(shown.mean, mean, rtol=1e-6)


@pytest.mark.parametrize(("name", "target"), [("axis", "spectrum"), ("kinds", "y")])
def test_errors_by_element_are_those_of_the_picture(cache, name, target, tmp_path):
    run = md.open_run(name, cache)
    means, counts = RunPlots(run).errors_by_element(target)
    page = _page(cache, name, tmp_path)
    worst = max((z for z in means if counts[z] >= 3), key=lambda z: means[z])
    assert f"{symbols()[worst]} {counts[worst]} {number(means[worst])}" in page.words.replace(
        "  ", " "
    )


def test_labels_are_counted_and_the_worst_are_named(cache, tmp_path):
    page = _page(cache, "words", tmp_path)
    shown = Results(md.open_run("words", cache)).shown[0]
    dataset = md.open("toy", cache)
    split = set(dataset.split("s")["test"])
    true = dataset.table.loc[[one for one in dataset.table.index if one in split], "labels"]
    low = sum("low" in (cell or []) for cell in true)
    assert (shown.true[:, shown.target.labels.index("low")] == 1).sum() == low
    assert re.search(rf"recall.*\blow\s+{low}\s", page.words, re.DOTALL)
    worst = shown.ids[np.lexsort((shown.ids, -shown.errors))[0]]
    assert f" {worst} " in page.words
    assert "missing" in page.words
    assert "too many" in page.words


def test_a_boosted_run_has_parity_and_no_curves(cache, tmp_path):
    page = _page(cache, "boosted", tmp_path)
    assert "the trainer fits in one go" in page.words
    assert "Predicted over true y" in page.labels
    assert not (cache / "runs" / "boosted" / OPENED).exists()
    assert [one.part for one in Results(md.open_run("boosted", cache)).shown] == [VALIDATION]


def test_folds_imported_runs_and_those_under_way(cache, tmp_path):
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    dataset = md.open("toy", copy)
    dataset.folds(method="kfold")
    train = {"epochs": 1, "threads": 1, "tensorboard": False}
    md.train_folds("example", dataset, target="y", split="kfold5-seed0", name="cv", quiet=True,
                   train=train)  # fmt: skip
    page = _page(copy, "cv-fold1", tmp_path)
    assert "kfold5-seed0-fold1" in page.words
    assert "Predicted over true y" in page.labels

    write_folder(tmp_path / "weights")
    weights = f"matgl:{tmp_path / 'weights'}"
    md.import_run(weights, name="given", target="gap", unit="eV", cache=copy)
    page = _page(copy, "given", tmp_path)
    assert "It has no test part" in page.words
    assert "evaluate given" not in page.words
    assert "weights imported by" in page.words

    folder = copy / "runs" / "kinds"
    for file in (RECORD, TABLE):
        (folder / file).unlink()
    page = _page(copy, "kinds", tmp_path)
    assert "was opened, and no score of it is on record" in page.words
    (folder / OPENED).unlink()
    (folder / "result.json").unlink()
    page = _page(copy, "kinds", tmp_path)
    assert "The training is under way" in page.words
    assert "Losses by epoch" in page.labels
    text = md.report("kinds", cache=copy).text
    assert "under way" in text
    assert "evaluate" not in text  # which it cannot be yet


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path):
    content = bytearray(path.read_bytes())
    for k in range(len(content) // 3, len(content) // 3 + 8):
        content[k] ^= 0x55
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("harm", [_cut, _flip, lambda path: path.unlink()])
@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("datasets/toy/*/table.parquet", "table.parquet"),
        ("datasets/toy/*/manifest.json", "manifest.json|not in the cache"),
        ("datasets/toy/*/splits/s.parquet", "s.parquet|has no split"),
        ("features/*/fractions-*/shards/*/fractions/c/0", "fractions/c/0"),
        ("runs/axis/best.safetensors", "best.safetensors"),
        ("runs/axis/test.parquet", "test.parquet"),
        ("runs/axis/test.json", "test.json|no score of it"),
        ("runs/axis/manifest.json", "manifest.json|no dataset or run"),
        ("runs/axis/log.jsonl", ""),
    ],
)
def test_damage_is_one_error_or_is_said_in_the_report(cache, pattern, said, harm, tmp_path):
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    (path,) = copy.glob(pattern)
    harm(path)
    try:
        words = _page(copy, "axis", tmp_path).words
    except md.MatdataError as error:
        words = str(error)
        assert not (tmp_path / "run.html").exists()
    assert re.search(said, words), words


def test_a_read_only_cache_is_reported_on_and_not_written_to(cache, tmp_path):
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    forbid_writing(copy)
    try:
        for name in ("toy", "axis", "boosted"):
            output = tmp_path / f"{name}.html"
            words = ["report", name, "--output", str(output), "--cache", str(copy)]
            done = run_obeying(words)
            assert (done.returncode, done.stderr) == (0, "")
            require_sound(output.read_text(encoding="utf-8"))
        refused = str(copy / "x.html")
        done = run_obeying(["report", "axis", "--output", refused, "--cache", str(copy)])
        assert done.returncode == 1
        assert "name another place" in done.stderr
    finally:
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755)

"""A run for every fold of a k-fold split, and what they have together."""

from __future__ import annotations

import json
import statistics

import pytest
from support.runs import TARGET, train

import matdata as md
from matdata.cli import main
from matdata.splits.folds import fold_families

pytestmark = pytest.mark.slow


@pytest.fixture
def folded(cache):
    md.open("s", cache).folds(method="kfold", set={"k": 3})
    return cache


def table(capsys, cache, *names):
    capsys.readouterr()
    assert main(["runs", *names, "--cache", str(cache), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_name_of_folds_leads_to_the_option(folded, capsys):
    assert train(folded, split="kfold3-seed0") == 1
    err = capsys.readouterr().err
    assert "'kfold3-seed0' is 3 folds, and a run is trained on one" in err
    assert "`--folds all` trains a run for every fold" in err
    assert train(folded, split="kfold3-seed1") == 1
    assert "did you mean" in capsys.readouterr().err


@pytest.mark.parametrize("plugin", ["dummy", "example"])
def test_every_fold_is_trained_and_their_mean_is_ranked(folded, capsys, plugin):
    assert train(folded, "--folds", "all", split="kfold3-seed0", name="cv", plugin=plugin) == 0
    found = table(capsys, folded)
    assert [entry["run"] for entry in found["runs"]] == [f"cv-fold{k}" for k in range(3)]
    (group,) = found["folds"]
    assert (group["split"], group["folds"], group["by"]) == ("kfold3-seed0", [0, 1, 2], "mae")
    maes = [part["runs"][0]["val"]["mae"] for part in found["ranked"]]
    (training,) = group["trainings"]
    assert training["val"]["folds"] == 3
    assert training["val"]["mean"]["mae"] == pytest.approx(statistics.fmean(maes))
    assert training["val"]["std"]["mae"] == pytest.approx(statistics.stdev(maes))
    assert training["test"] is None
    main(["evaluate", "cv-fold1", "--cache", str(folded), "--quiet", "--no-pictures"])
    (training,) = table(capsys, folded, "cv-fold0", "cv-fold1")["folds"][0]["trainings"]
    assert (training["val"]["folds"], training["test"]["folds"]) == (2, 1)
    assert training["test"]["std"]["mae"] is None
    assert main(["runs", "--cache", str(folded)]) == 0
    text = capsys.readouterr().out
    deviation = statistics.stdev(maes)
    assert f"{statistics.fmean(maes):.4g} ± {deviation:.2g}" in text
    assert "test of 1 folds, the others are not open" in text
    shown = md.runs(cache=folded)._repr_html_()
    assert f"mae {statistics.fmean(maes):.4g} ± {deviation:.2g}" in shown
    assert "(1 of 3 folds)" in shown
    assert "has the best" not in shown, "a fold alone is best of nothing"


def test_it_goes_on_where_it_was_stopped_and_trainings_are_ranked_together(folded, capsys):
    """A fold that is trained is the run of its own command."""
    train(folded, split="kfold3-seed0-fold1", name="cv-fold1", plugin="dummy")
    before = (folded / "runs/cv-fold1/result.json").read_bytes()
    words = ["train", "dummy", "s", "--target", TARGET, "--split", "kfold3-seed0-fold2"]
    assert main([*words, "--folds", "all", "--name", "cv", "--cache", str(folded)]) == 0
    assert "run cv-fold1 is finished" in capsys.readouterr().out
    assert (folded / "runs/cv-fold1/result.json").read_bytes() == before
    chosen = {"epochs": 40, "lr": 0.02, "batch_size": 16, "threads": 1}
    runs = md.train_folds("example", "s", TARGET, cache=folded, name="net", quiet=True, **chosen)
    assert [run.name for run in runs] == ["net-fold0", "net-fold1", "net-fold2"]
    (group,) = table(capsys, folded)["folds"]
    means = [one["val"]["mean"]["mae"] for one in group["trainings"]]
    assert len(means) == 2
    assert means == sorted(means)


def test_a_configuration_file_holds_the_folds(folded, capsys, tmp_path):
    path = tmp_path / "cv.toml"
    written = ["--write-config", str(path)]
    assert (
        train(
            folded,
            "--folds",
            "all",
            *written,
            split="kfold3-seed0",
            plugin="dummy",
            name="cv",
        )
        == 0
    )
    assert 'folds = "all"' in path.read_text()
    assert main(["train", "--config", str(path), "--cache", str(folded)]) == 0
    assert capsys.readouterr().out.count("is finished") == 3
    with pytest.raises(md.ConfigError, match="returns one run"):
        md.train(config=path, cache=folded)
    assert len(md.train_folds(config=path, cache=folded, quiet=True)) == 3


def test_what_has_no_folds_or_lacks_one_is_refused(folded, cache, capsys):
    assert train(folded, "--folds", "all", split="main") == 1
    assert "has no k-fold split 'main'" in capsys.readouterr().err
    train(folded, split="main", name="parent")
    more = ["--folds", "all", "--from-run", "parent"]
    assert train(folded, *more, split="kfold3-seed0", name="cv") == 1
    assert "leave one of them out" in capsys.readouterr().err
    dataset = md.open("s", folded)
    assert list(fold_families(dataset)) == ["kfold3-seed0"]
    for path in (dataset.folder / "splits").glob("kfold3-seed0-fold1.*"):
        path.unlink()
    assert train(folded, "--folds", "all", split="kfold3-seed0", name="cv") == 1
    assert "lacks folds 1 of 'kfold3-seed0'" in capsys.readouterr().err


def test_notebooks_show_scores_of_folds_as_one_training(folded):
    train(folded, "--folds", "all", split="kfold3-seed0", name="cv", plugin="dummy")
    train(folded, name="alone", plugin="dummy")
    listed = md.runs(cache=folded)
    shown = listed._repr_html_()
    assert "kfold3-seed0" in shown
    assert "3 folds" in shown
    assert "cv-fold0" not in shown
    (alone,) = (g["runs"][0] for g in listed.ranked if g["split"] == "main")
    assert f"mae {alone['val']['mae']:.4g}" in shown
    frame = listed.to_frame()
    assert frame.loc["alone", "split"] == "main"
    assert set(frame["plugin"]) == {"dummy"}


@pytest.mark.parametrize("named", ["cv", "cv-fold2"])
def test_all_folds_are_evaluated_by_one_command(folded, capsys, named, tmp_path):
    train(folded, "--folds", "all", split="kfold3-seed0", name="cv", plugin="dummy")
    train(folded, name="alone", plugin="dummy")
    where = ["--cache", str(folded), "--folds", "all", "--pictures", str(tmp_path / "p")]
    capsys.readouterr()
    assert main(["evaluate", named, *where, "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert [record["run"] for record in scored["runs"]] == [f"cv-fold{k}" for k in range(3)]
    maes = [record["targets"][TARGET]["metrics"]["mae"] for record in scored["runs"]]
    (training,) = scored["folds"][0]["trainings"]
    assert training["test"]["folds"] == 3
    assert training["test"]["mean"]["mae"] == pytest.approx(statistics.fmean(maes))
    assert training["test"]["std"]["mae"] == pytest.approx(statistics.stdev(maes))
    assert not scored["unchanged"]
    (together,) = (tmp_path / "p").glob("folds-parity-*.png")
    assert str(together) in scored["pictures"]
    assert {path.parent.name for path in (tmp_path / "p").glob("*/parity-*")} == {
        f"cv-fold{k}" for k in range(3)
    }
    assert main(["evaluate", named, *where]) == 0
    text = capsys.readouterr().out
    assert f"{statistics.fmean(maes):.4g} ± {statistics.stdev(maes):.2g}" in text
    again = md.evaluate_folds(md.open_run("cv-fold0", folded))
    assert [record["reused"] for record in again["runs"]] == [True] * 3


def test_folds_that_cannot_be_evaluated_together_are_refused(folded, capsys):
    train(folded, split="kfold3-seed0-fold1", name="cv-fold1", plugin="dummy")
    train(folded, name="alone", plugin="dummy")
    for named, message in [
        ("cv", "is not finished on folds 0, 2 of 'kfold3-seed0'"),
        ("alone", "no run 'alone' on a fold"),
        ("cv-fold", "did you mean"),
    ]:
        assert main(["evaluate", named, "--folds", "all", "--cache", str(folded)]) == 1
        assert message in capsys.readouterr().err
    assert not (folded / "runs/cv-fold1/score.json").exists(), "no test part was opened"
    with pytest.raises(md.TrainError, match="is not finished on folds 0, 2"):
        md.evaluate_folds("cv", cache=folded)

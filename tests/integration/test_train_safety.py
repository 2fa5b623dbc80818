"""Trainings and runs that something went wrong with lose nothing and say what it is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from support.runs import TARGET, equal, train, weights

import matdata as md
from matdata.cli import main
from matdata.store.records import write_record
from matdata.training.checkpoint import read_weights, write_best
from matdata.training.contents import BEST, digests, read_sealed
from matdata.training.engine import SeparateEngine
from matdata.training.run_folder import run_lock


def test_a_run_that_is_training_is_not_removed(cache, capsys):
    assert train(cache, "--set", "train.lr=1e30") == 1  # it fails before its first checkpoint
    folder = cache / "runs" / "a"
    capsys.readouterr()
    with run_lock(folder):
        assert train(cache, "--lr", "0.01") == 1
        assert "another process is training or scoring run 'a'" in capsys.readouterr().err
        assert (folder / "manifest.json").is_file()
    assert train(cache, "--lr", "0.01") == 0


def fit(cache, *more, plugin="dummy"):
    arguments = ["train", plugin, "s", "--target", TARGET, "--split", "main", "--name", "a"]
    return main([*arguments, *more, "--cache", str(cache), "--quiet"])


def test_a_fit_of_its_own_is_held_too(cache, capsys):
    with run_lock(cache / "runs" / "a"):
        assert fit(cache) == 1
    assert "another process is training or scoring run 'a'" in capsys.readouterr().err
    assert fit(cache) == 0


def test_the_last_batch_of_a_training_is_no_waiting(cache):
    assert train(cache, "--epochs", "1", "--batch-size", "10000") == 0
    row = json.loads((cache / "runs" / "a" / "log.jsonl").read_text())
    assert row["data_wait_share"] < 1.0


def seal_again(folder):
    """Let the result say that the training ended with the files that are there."""
    result = {**read_sealed(folder / "result.json"), "files": digests(folder)}
    write_record(folder / "result.json", result)


def evaluate(cache):
    return main(["evaluate", "a", "--cache", str(cache), "--no-pictures", "--quiet"])


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("normalizer.json", None, "normalizer.json is missing"),
        ("normalizer.json", '{"kind": "none"}', "not the one that the training of run 'a'"),
        ("result.json", "[1]", "it holds list, not a record"),
    ],
)
def test_files_that_are_missing_or_changed_are_named(cache, capsys, file, text, message):
    train(cache)
    path = cache / "runs" / "a" / file
    path.unlink() if text is None else path.write_text(text)
    assert evaluate(cache) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "next step" in told
    assert not (cache / "runs" / "a" / "test-opened.json").exists()


HALF = ["", "[1]", '{"format": ', '{"format": {"name": "matdata-run", "version": 1}, "lr": NaN}']


@pytest.mark.parametrize("text", [*HALF, None])
def test_a_damaged_manifest_is_reported_with_run_and_file(cache, capsys, text):
    fit(cache)
    folder = cache / "runs" / "b"
    shutil.copytree(cache / "runs" / "a", folder)
    path = folder / "manifest.json"
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2] if text is None else text)
    for asked in (["evaluate", "b"], ["predict", "b", "NaCl"], ["runs", "b"]):
        assert main([*asked, "--cache", str(cache), "--quiet"]) == 1
        told = capsys.readouterr().err
        assert f"run 'b' cannot be read: {path} is damaged" in told
        assert "next step" in told


@pytest.mark.parametrize("file", ["manifest.json", "result.json", "test.json"])
def test_runs_lists_a_damaged_run_and_goes_on(cache, capsys, file):
    assert fit(cache) == 0
    assert evaluate(cache) == 0
    shutil.copytree(cache / "runs" / "a", cache / "runs" / "b")
    path = cache / "runs" / "b" / file
    path.write_text(path.read_text()[:-20])
    capsys.readouterr()
    assert main(["runs", "--cache", str(cache)]) == 0
    told = capsys.readouterr().out
    assert "b: damaged:" in told
    assert str(path) in told
    assert f"{TARGET} (eV/atom) by mae of validation, 15 materials" in told
    assert main(["runs", "--json", "--cache", str(cache)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {entry["run"]: "damaged" in entry for entry in found["runs"]} == {"a": False, "b": True}
    assert [entry["run"] for entry in found["ranked"][0]["runs"]] == ["a"]


@pytest.mark.slow
@pytest.mark.parametrize("file", ["best.safetensors", "normalizer.json"])
def test_files_of_another_run_are_not_scored(cache, capsys, file):
    for name, more in (("a", ()), ("b", ("--seed", "7", "--set", "train.normalizer=robust"))):
        train(cache, *more, name=name)
    shutil.copy(cache / "runs" / "b" / file, cache / "runs" / "a" / file)
    assert evaluate(cache) == 1
    assert "training ended with" in capsys.readouterr().err.replace("of run 'a' ", "")
    assert not (cache / "runs" / "a" / "test-opened.json").exists()


def test_weights_that_are_no_numbers_leave_the_test_part_closed(cache, capsys):
    train(cache)
    folder = cache / "runs" / "a"
    weights, state = read_weights(folder / BEST)
    write_best(folder, {name: value * float("nan") for name, value in weights.items()}, state)
    seal_again(folder)
    assert evaluate(cache) == 1
    assert "is not a finite number" in capsys.readouterr().err
    assert not (folder / "test-opened.json").exists()


def test_predictions_that_are_no_numbers_leave_the_test_part_closed(cache, capsys):
    """Finite weights can overflow; the materials are told, and the part stays sealed."""
    train(cache)
    folder = cache / "runs" / "a"
    weights, state = read_weights(folder / BEST)
    write_best(folder, {n: value.sign() * 3e38 for n, value in weights.items()}, state)
    seal_again(folder)
    assert evaluate(cache) == 1
    told = capsys.readouterr().err
    first = sorted(md.open("s", cache=cache).split("main")["test"])[0]
    assert "predicts no finite number for 15 of 15 materials" in told
    assert first in told
    assert not (folder / "test-opened.json").exists()
    assert not (folder / "test.parquet").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--ensemble", "3", "--epochs", "7"], "do not reach: ensemble, epochs"),
        (["--reinit", "*"], "takes over no weights"),
    ],
)
def test_a_fit_refuses_what_it_would_not_do(cache, capsys, more, message):
    assert fit(cache, *more) == 1
    assert message in capsys.readouterr().err
    assert not (cache / "runs" / "a").exists()
    assert fit(cache, "--seed", "3", "--threads", "1") == 0


def test_reinit_needs_a_run(cache, capsys):
    assert train(cache, "--reinit", "*") == 1
    assert "no run is named" in capsys.readouterr().err


def test_a_logarithm_of_validation_targets_is_checked_first(cache, capsys):
    from matdata.training import carry_out as job

    plain = job.fit_normalizer
    with pytest.MonkeyPatch.context() as patch:  # the sample's energies are all negative
        patch.setattr(job, "fit_normalizer", lambda *a: replace(plain(*a), kind="log10"))
        assert train(cache) == 1
    assert "targets that are not positive" in capsys.readouterr().err


@pytest.mark.slow
def test_a_copied_run_opens_no_test_part_unnoticed(cache, capsys):
    assert train(cache) == 0
    runs = cache / "runs"
    shutil.copytree(runs / "a", runs / "copy")
    assert evaluate(cache) == 0
    capsys.readouterr()
    command = ["--cache", str(cache), "--no-pictures"]
    assert main(["evaluate", "copy", *command]) == 0
    assert "was opened before, on 2" in (told := capsys.readouterr().out)
    assert "for the same weights (run a)" in told
    # other weights of the same training
    weights, state = read_weights(runs / "copy" / BEST)
    write_best(runs / "copy", {name: value * 1.01 for name, value in weights.items()}, state)
    result = {**read_sealed(runs / "copy" / "result.json"), "files": digests(runs / "copy")}
    write_record(runs / "copy" / "result.json", result)
    for name in ("test-opened.json", "test.json", "test.parquet"):
        (runs / "copy" / name).unlink()
    assert main(["evaluate", "copy", *command]) == 1
    assert "opened on 2" in (told := capsys.readouterr().err)
    assert "for the same training with other weights (run 'a')" in told
    assert not (runs / "copy" / "test-opened.json").exists()
    # another training of the same split opens it, and `runs` counts
    assert train(cache, "--seed", "3", name="other") == 0
    assert main(["evaluate", "other", *command]) == 0
    assert "is now open" in capsys.readouterr().out
    assert main(["runs", "other", "--cache", str(cache)]) == 0
    assert "test part opened for 2 trainings" in capsys.readouterr().out


@pytest.mark.slow
def test_deleted_records_of_a_test_part_are_reported(cache, capsys):
    assert fit(cache) == 0
    assert evaluate(cache) == 0
    first = json.loads((cache / "runs" / "a" / "test.json").read_text())
    for name in ("test-opened.json", "test.json", "test.parquet"):
        (cache / "runs" / "a" / name).unlink()
    capsys.readouterr()
    assert main(["evaluate", "a", "--cache", str(cache), "--no-pictures", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["opened"] == {**first["opened"], "first": False}
    assert again["targets"] == first["targets"]


def test_a_run_without_its_dataset_counts_as_a_training_that_saw_the_test_part(cache, capsys):
    fit(cache)
    evaluate(cache)
    shutil.rmtree(cache / "datasets")
    capsys.readouterr()
    assert main(["runs", "--cache", str(cache)]) == 0
    assert "test part opened for 1 training\n" in capsys.readouterr().out


@pytest.mark.slow
def test_openings_that_a_dataset_lost_are_written_down_again(cache, capsys):
    assert fit(cache) == 0
    assert evaluate(cache) == 0
    (path,) = (cache / "datasets" / "s").glob("[!.]*.openings.jsonl")
    before = path.read_bytes()
    path.unlink()
    assert evaluate(cache) == 0
    assert path.read_bytes() == before
    path.write_bytes(before.replace(b'"main"', b'"test"'))
    capsys.readouterr()
    assert main(["runs", "--cache", str(cache)]) == 0
    assert "whose record of openings is damaged" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CUDA error: unspecified launch failure", "the same command goes on from it"),
        ("put_ does not have a deterministic implementation, but", "set deterministic=false"),
    ],
)
def test_a_device_that_fails_is_reported_and_the_training_goes_on(
    cache, capsys, monkeypatch, text, told
):
    settings = ("--epochs", "4", "--set", "train.checkpoint_seconds=0")
    step, calls = SeparateEngine.step, []

    def failing(self, batch, rates):
        calls.append(len(batch))
        if len(calls) > 2:
            raise RuntimeError(text)
        return step(self, batch, rates)

    monkeypatch.setattr(SeparateEngine, "step", failing)
    assert train(cache, *settings) == 1
    assert told in capsys.readouterr().err
    monkeypatch.setattr(SeparateEngine, "step", step)
    assert train(cache, *settings) == 0
    assert train(cache, *settings, name="whole") == 0
    equal(weights(cache), weights(cache, "whole"))


@pytest.mark.slow
def test_a_training_in_fp16_logs_the_steps_that_were_left_out(cache):
    assert train(cache, "--precision", "fp16", "--set", "train.deterministic=true") == 0
    rows = [
        json.loads(line) for line in (cache / "runs" / "a" / "log.jsonl").read_text().splitlines()
    ]
    skipped = [row["skipped_steps"] for row in rows]
    assert skipped == sorted(skipped)
    assert "skipped_steps" in (cache / "runs" / "a" / "log.csv").read_text().splitlines()[0]
    assert "scaling/scale" in weights(cache, "a", "last")

"""A run that is asked for more epochs goes on, and is what a longer training gives."""

from __future__ import annotations

import json

import pytest
from support.runs import TARGET, equal, train, weights

from matdata.cli import main
from matdata.core.errors import TrainError
from matdata.training.extension import reason_against
from matdata.training.request import Request
from matdata.training.run_lookup import find_run
from matdata.training.settings import TrainSettings
from matdata.training.train import train as start

pytestmark = pytest.mark.slow

STEADY = {"threads": 1, "batch_size": 16, "lr": 0.02}
KINDS = {
    "constant": {},
    "ensemble": {"ensemble": 2},
    "plateau": {"schedule": "plateau", "plateau_patience": 1, "gamma": 0.5},
    "step": {"schedule": "step", "milestones": (2, 5), "gamma": 0.5},
    "cyclic": {"schedule": "cyclic", "cycle": 3.0, "lookahead": 3},
    "patience": {"patience": 3, "ensemble": 2},
    "last weights": {"validation": False},
    "lamb": {"optimizer": "lamb"},
}


def trained(cache, name, epochs, stop_after=None, **settings):
    chosen = {**STEADY, **settings, "epochs": epochs}
    request = Request("example", "s", (TARGET,), split="main", settings=chosen)
    return start(request, cache, name, stop_after=stop_after)


def log(run):
    rows = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in r.items() if k not in ("seconds", "data_wait_share")} for r in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_an_extended_run_has_the_bits_of_a_longer_training(cache, kind):
    settings = KINDS[kind]
    whole = trained(cache, "whole", 6, **settings)
    trained(cache, "part", 2, **settings)
    part = trained(cache, "part", 6, **settings)
    assert part.digest == whole.digest
    for file in ("best.safetensors", "normalizer.json"):
        assert (part.folder / file).read_bytes() == (whole.folder / file).read_bytes()
    equal(weights(cache, "part", "last"), weights(cache, "whole", "last"))
    assert log(part) == log(whole)
    assert part.result()["validation"] == whole.result()["validation"]
    assert part.result()["members"] == whole.result()["members"]
    (step,) = part.extensions
    assert (step["epochs"], step["test_opened"]) == (2, False)
    assert main(["verify", "--cache", str(cache), "--quiet"]) == 0


def test_a_stopped_training_goes_on_to_more_epochs(cache):
    trained(cache, "whole", 5)
    trained(cache, "part", 3, stop_after=7)
    part = trained(cache, "part", 5)
    assert part.finished
    equal(weights(cache, "part"), weights(cache, "whole"))


def test_an_old_test_score_is_set_aside_and_its_opening_counts(cache, capsys):
    train(cache, name="a")
    main(["evaluate", "a", "--cache", str(cache), "--quiet"])
    before = json.loads((cache / "runs/a/test.json").read_text())
    assert train(cache, "--epochs", "5", name="a") == 0
    run = find_run(cache, "a")
    assert not (run.folder / "test.json").exists()
    assert not (run.folder / "pictures").exists()
    aside = run.folder / "after-3-epochs"
    assert json.loads((aside / "test.json").read_text()) == before
    assert (aside / "pictures").is_dir()
    assert run.extensions[0]["test_opened"] is True
    capsys.readouterr()
    assert main(["runs", "--cache", str(cache), "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)["ranked"]
    assert group["openings"] == 1
    assert group["runs"][0]["test"] is None
    assert main(["evaluate", "a", "--cache", str(cache), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["opened"]["first"] is True
    assert record["weights"] != before["weights"]
    assert main(["runs", "--cache", str(cache), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ranked"][0]["openings"] == 2
    assert main(["verify", "--cache", str(cache), "--quiet"]) == 0


def test_a_kill_while_it_is_set_aside_loses_nothing(cache, monkeypatch):
    """Both the old command and the new one go on from there."""
    from matdata.training import run_folder

    def killed(*_):
        raise KeyboardInterrupt

    whole = trained(cache, "whole", 6)
    for name, first in (("a", 2), ("b", 6)):
        trained(cache, name, 2)
        main(["evaluate", name, "--cache", str(cache), "--quiet", "--no-pictures"])
        with monkeypatch.context() as patch:
            patch.setattr(run_folder, "_write", killed)
            with pytest.raises(KeyboardInterrupt):
                trained(cache, name, 6)
        assert not find_run(cache, name).finished
        assert trained(cache, name, first).finished
        run = trained(cache, name, 6)
        equal(weights(cache, name), weights(cache, "whole"))
        assert run.digest == whole.digest
        assert run.extensions[0]["test_opened"] is True
    assert main(["verify", "--cache", str(cache), "--quiet"]) == 0


def test_early_stopping_is_kept(cache, capsys):
    """A training that ended early would end there whatever the epochs."""
    run = trained(cache, "a", 60, patience=1, lr=0.5)
    assert run.result()["epochs"] < 60
    content = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
    capsys.readouterr()
    more = ["--patience", "1", "--lr", "0.5", "--batch-size", "16", "--epochs", "80"]
    words = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", "a"]
    assert main([*words, *more, "--cache", str(cache)]) == 0
    assert "more change nothing" in capsys.readouterr().out
    assert content == {p.name: p.read_bytes() for p in run.folder.iterdir() if p.is_file()}


def test_a_request_without_a_name_is_a_run_of_its_own_and_names_the_shorter_one(cache, capsys):
    words = ["train", "example", "s", "--target", TARGET, "--split", "main"]
    for epochs, more in (("2", []), ("3", []), ("4", ["--set", "schedule=cosine"])):
        assert main([*words, "--epochs", epochs, *more, "--cache", str(cache)]) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if "note" in line]
    (first,) = (run.name for run in (cache / "runs").iterdir() if _epochs(run) == 2)
    assert notes == [
        f"  note: run {first} is the same but for fewer epochs; --name {first} goes on with it"
    ]


def _epochs(run):
    path = run / "manifest.json"
    return json.loads(path.read_text())["settings"]["epochs"] if path.is_file() else 0


REFUSED = {
    "cosine": {"schedule": "cosine"},
    "onecycle": {"schedule": "onecycle"},
    "exponential": {"schedule": "exponential"},
    "warm-up": {"warmup": 0.1},
    "swa": {"swa": 0.5},
    "limited by steps": {"steps": 4},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_depends_on_all_epochs_is_refused_before_torch_is_needed(cache, what):
    settings = REFUSED[what]
    trained(cache, "a", 2, **settings)
    with pytest.raises(TrainError, match=f"cannot go on from 2 to 4 epochs: .*{what}"):
        trained(cache, "a", 4, **settings)
    assert find_run(cache, "a").finished


def test_only_schedules_that_know_the_steps_behind_them_go_on_under_a_budget():
    assert reason_against(TrainSettings(max_sites=100)) is None
    for schedule in ("cyclic", "decay", "step"):
        assert reason_against(TrainSettings(schedule=schedule)) is None
        assert "budget" in str(reason_against(TrainSettings(schedule=schedule, max_sites=100)))


def test_fewer_epochs_and_other_settings_are_other_runs(cache):
    trained(cache, "a", 3)
    with pytest.raises(TrainError, match="is one of 3 epochs; 2 are fewer"):
        trained(cache, "a", 2)
    with pytest.raises(TrainError, match="of something else"):
        trained(cache, "a", 4, lr=0.01)


def test_a_run_that_is_extended_while_it_is_scored_is_not_opened(cache, monkeypatch):
    """A score of the weights before would stand in the folder of those of now."""
    from matdata.evaluation import score
    from matdata.evaluation.openings import read_openings
    from matdata.store.catalogue import find_dataset

    trained(cache, "a", 2)
    stale = find_run(cache, "a")
    predict = score.predict_dataset

    def meanwhile(*given, **options):
        predictions = predict(*given, **options)
        trained(cache, "a", 4)
        return predictions

    with monkeypatch.context() as patch:
        patch.setattr(score, "predict_dataset", meanwhile)
        with pytest.raises(TrainError, match="'a' was trained on after it was opened here"):
            score.evaluate_run(stale)
    with pytest.raises(TrainError, match="'a' was trained on after it was opened here"):
        score.evaluate_run(stale)
    assert not read_openings(find_dataset(cache, "s").folder)
    assert not (stale.folder / "test-opened.json").exists()
    assert score.evaluate_run(find_run(cache, "a"))["opened"]["first"] is True


def test_a_run_is_not_scored_while_another_process_holds_it(cache):
    from matdata.evaluation.score import evaluate_run
    from matdata.training.run_folder import run_lock

    run = trained(cache, "a", 2)
    with run_lock(run.folder), pytest.raises(TrainError, match="training or scoring run 'a'"):
        evaluate_run(run)
    assert not (run.folder / "test-opened.json").exists()
    assert evaluate_run(run)["reused"] is False
    with run_lock(run.folder):  # what is on record is read without a lock
        assert evaluate_run(run)["reused"] is True

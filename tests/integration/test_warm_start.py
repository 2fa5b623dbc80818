"""Warm starts say what they change, keep what they are asked to, and give members that differ."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.runs import TARGET, equal, train, weights

import matdata as md
from matdata.training.warm_start import member_draws

pytestmark = pytest.mark.slow

LOUD = ["--epochs", "2", "--threads", "1"]


def manifest(cache, name):
    return json.loads((cache / "runs" / name / "manifest.json").read_text())


def told(cache, capsys, *more, name="b"):
    """What a training prints, and its exit code."""
    from matdata.cli import main

    capsys.readouterr()
    arguments = ["train", "example", "s", "--target", TARGET, "--split", "main", "--name", name]
    code = main([*arguments, *LOUD, *more, "--cache", str(cache)])
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.parametrize("members", ["separate", "stacked"])
@pytest.mark.parametrize("size", ["8", "1000"])
def test_members_that_begin_with_one_run_differ(cache, capsys, members, size):
    """With one batch an epoch as well, where another order would change nothing."""
    assert train(cache) == 0
    settings = ["--set", f"train.members={members}", "--batch-size", size]
    code, said = told(cache, capsys, "--from-run", "a", "--ensemble", "4", *settings)
    assert code == 0
    note = "4 members begin with the weights of 1 of run a: each weighs the training materials"
    assert note in said
    written = manifest(cache, "b")
    assert any(note in line for line in written["notes"])
    assert written["from_run"]["members"] == "Bayesian bootstrap"
    assert json.loads((cache / "runs" / "b" / "result.json").read_text())["engine"] == members
    found = md.predict(md.open_run("b", cache), md.open("s", cache))
    spread = found.members.std(0)
    assert (spread > 1e-4 * found.mean.std()).all()
    np.testing.assert_allclose(found.epistemic, spread, rtol=1e-9)


def test_engines_draw_alike(cache):
    """Each member of a stack is the one trained beside the others, up to rounding."""
    assert train(cache) == 0
    for members in ("separate", "stacked"):
        more = ["--from-run", "a", "--ensemble", "3", "--set", f"train.members={members}"]
        assert train(cache, *more, name=members) == 0
    one, other = weights(cache, "separate"), weights(cache, "stacked")
    for name, value in one.items():
        np.testing.assert_allclose(other[name], value, rtol=1e-3, atol=1e-4)


def test_members_are_paired_with_those_of_an_ensemble(cache, capsys):
    assert train(cache, "--ensemble", "3") == 0
    code, said = told(cache, capsys, "--from-run", "a", "--ensemble", "3", "--lr", "1e-12")
    assert code == 0
    assert "bootstrap" not in said
    assert manifest(cache, "b")["from_run"]["members"] == "as they are"
    for name, value in weights(cache, "a").items():
        np.testing.assert_allclose(weights(cache, "b")[name], value, rtol=1e-4, atol=1e-6)
    code, said = told(cache, capsys, "--from-run", "a", "--ensemble", "4", name="c")
    assert code == 0
    assert "4 members begin with the weights of 3 of run a" in said


def test_a_bootstrap_that_was_stopped_ends_in_the_same_bits(cache, monkeypatch):
    from matdata.training import checkpoint
    from matdata.training import fit_networks as job

    class Stop(Exception):
        pass

    assert train(cache) == 0
    save = checkpoint.save_checkpoint

    def stop(loop, folder, run):
        save(loop, folder, run)
        if loop.progress.step == loop.per_epoch + 1:
            raise Stop

    more = ["--from-run", "a", "--ensemble", "2", "--batch-size", "8"]
    monkeypatch.setattr(job, "save_checkpoint", stop)
    with pytest.raises(Stop):
        train(cache, *more, "--set", "train.checkpoint_seconds=0", name="cut")
    monkeypatch.setattr(job, "save_checkpoint", save)
    assert train(cache, *more, name="cut") == train(cache, *more, name="whole") == 0
    equal(weights(cache, "cut"), weights(cache, "whole"))


def test_draws_have_the_mean_one_and_depend_on_seed_and_member():
    from types import SimpleNamespace

    parent = SimpleNamespace(settings=SimpleNamespace(ensemble=1))

    def drawn(seed, count=4000):
        settings = SimpleNamespace(ensemble=3, seed=seed)
        return member_draws(parent, SimpleNamespace(settings=settings), count).numpy()

    found = drawn(5)
    np.testing.assert_allclose(found.mean(1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(found.std(1), 1.0, rtol=0.1)  # of an exponential law
    assert (found > 0).all()
    np.testing.assert_array_equal(drawn(6)[0], found[1])
    assert abs(np.corrcoef(found)[0, 1]) < 0.1


def test_another_normalizer_is_reported_and_that_of_the_parent_can_be_kept(cache, capsys):
    assert train(cache, "--set", "train.normalizer=robust") == 0
    code, said = told(cache, capsys, "--from-run", "a", "--lr", "1e-12")
    assert code == 0
    assert "targets are normalised otherwise than in run a (standard, shift" in said
    assert "--keep-normalizer (keep_normalizer=True) keeps that one" in said
    assert any("normalised otherwise" in note for note in manifest(cache, "b")["notes"])
    keep = ("--from-run", "a", "--lr", "1e-12", "--keep-normalizer")
    code, said = told(cache, capsys, *keep, name="c")
    assert code == 0
    assert "targets are normalised as in run a (robust, shift" in said
    assert manifest(cache, "c")["from_run"]["normalizer"] == "kept"
    assert manifest(cache, "c")["settings"]["normalizer"] == "robust"
    dataset = md.open("s", cache)
    first, shifted, kept = (md.predict(md.open_run(n, cache), dataset).mean for n in "abc")
    np.testing.assert_allclose(kept, first, rtol=1e-4)
    assert np.abs(shifted - first).max() > 0.01 * first.std()
    run = md.train(
        *("example", dataset, TARGET),
        split="main",
        from_run="a",
        keep_normalizer=True,
        quiet=True,
        epochs=2,
        lr=1e-12,
        train={"tensorboard": False},
    )
    assert run.normalizer() == md.open_run("a", cache).normalizer()


def test_the_same_normalizer_is_not_spoken_of(cache, capsys):
    assert train(cache) == 0
    code, said = told(cache, capsys, "--from-run", "a")
    assert code == 0
    assert "normalised" not in said


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--keep-normalizer"], "no run is named"),
        (
            ["--from-run", "a", "--keep-normalizer", "--set", "train.normalizer=none"],
            "--keep-normalizer and train.normalizer are both given",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(cache, capsys, more, message):
    assert train(cache) == 0
    code, said = told(cache, capsys, *more)
    assert code == 1
    assert message in said


def test_a_fit_of_its_own_keeps_no_normalizer(cache, capsys):
    assert train(cache, "--keep-normalizer", plugin="dummy") == 1
    assert "--keep-normalizer" in capsys.readouterr().err


@pytest.fixture
def kinds(tmp_path):
    """A dataset with numbers, two more numbers, and 0 and 1."""
    rows = ["id,formula,y,z,flag,sign"]
    pairs = [(a, b) for a in ("Li", "Na", "K", "Mg", "Ca", "Zn") for b in ("O", "S", "F", "Cl")]
    for row, (a, b) in enumerate(pairs):
        rows.append(f"m{row:02d},{a}{b},{0.1 * row},{5 - row % 7},{row % 2},{1 - 2 * (row % 2)}")
    (tmp_path / "kinds.csv").write_text("\n".join(rows))
    dataset = md.build(
        tmp_path / "kinds.csv",
        features=["fractions"],
        cache=tmp_path / "cache",
        workers=1,
        dedupe="none",
        name="s",
        target=["y", "z", "flag", "sign"],
    )
    dataset.split("70/15/15", name="main")
    dataset.split("80/20", name="two")
    return tmp_path / "cache"


def test_outputs_that_meant_something_else_are_refused_unless_the_head_is_new(kinds, capsys):
    """Mean and log spread of a number, and scores of two classes, have the same shape."""
    assert train(kinds, target="y") == 0
    classes = ["--task", "classification", "--from-run", "a"]
    assert train(kinds, *classes, target="flag", name="b") == 1
    said = capsys.readouterr().err
    assert "of run 'a' are 1 number with standard deviations, here they are 2 classes" in said
    assert "begin the head anew: --reinit out.weight --reinit out.bias" in said
    assert train(kinds, *classes, "--reinit", "out.weight", target="flag", name="b") == 1
    head = ["--reinit", "out.weight", "--reinit", "out.bias"]
    assert train(kinds, *classes, *head, target="flag", name="b") == 0
    two = ["--loss", "l1", "--from-run", "a", "--target", "z"]
    capsys.readouterr()
    assert train(kinds, *two, target="y", name="c") == 1
    assert "here they are 1 number, 1 number\n" in capsys.readouterr().err


def test_another_target_is_reported(kinds, capsys):
    assert train(kinds, target="y") == 0
    assert train(kinds, "--from-run", "a", target="z", name="b") == 0
    notes = manifest(kinds, "b")["notes"]
    assert "run a learnt y, not z" in notes


def test_a_constant_of_the_parent_is_no_normalizer_of_numbers(kinds, capsys, monkeypatch):
    from matdata.load.normalizer import Normalizer
    from matdata.training import warm_start

    assert train(kinds, target="y") == 0
    constant = Normalizer("standard", np.array([0.1]), np.array([0.0]))
    monkeypatch.setattr(warm_start, "normalizer_of", lambda run: constant)
    assert train(kinds, "--from-run", "a", "--keep-normalizer", target="y", name="b") == 1
    assert "was constant; its normalizer maps all values to one" in capsys.readouterr().err


def test_numbers_that_look_like_classes_are_reported(kinds, capsys):
    hint = "flag holds 0, 1 alone and is learnt as a number, without probabilities; --task class"
    assert train(kinds, target="flag") == 0
    assert any(note.startswith(hint) for note in manifest(kinds, "a")["notes"])
    assert train(kinds, target="sign", name="b") == 0
    (note,) = manifest(kinds, "b")["notes"]
    assert note.startswith("sign holds -1, 1 alone")
    assert "write them as text, or as whole numbers from 0" in note
    for name, more in (("c", {"target": "y"}), ("d", {"target": "flag"})):
        asked = ["--task", "regression"] if name == "d" else []
        assert train(kinds, *asked, name=name, **more) == 0
        assert manifest(kinds, name)["notes"] == []


def test_a_split_without_validation_names_the_option(kinds, capsys):
    assert train(kinds, split="two", target="y") == 1
    said = capsys.readouterr().err
    assert "has no validation part" in said
    assert "go through all epochs with --no-validation (validation=False)" in said
    assert train(kinds, "--no-validation", split="two", target="y") == 0

"""All stages by one command, which goes on where it was killed, in any."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from support import reactions

import matdata as md
from matdata.cli import main

SMALL = (
    *("width=16", "layers=1", "gates=16", "hidden=16", "output=32", "action_width=8"),
    *("stoichiometry=32,16", "scale=log", "feed=true"),
)
EPOCHS = 40


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stages")
    records = reactions.rows(60)
    for record in records:
        shares = [0.0] * 118
        shares[7] = 1.0
        record["product_fractions"] = shares
    path = reactions.write_jsonl(folder / "r.jsonl", records)
    made = md.build(path, features=["reaction"], cache=folder, name="r", workers=1, dedupe="none")
    made.split("80/20", name="main")
    return folder


def words(cache, name, *more):
    return [
        *("train-reactions", "r", "--split", "main", "--name", name, "--ensemble", "1"),
        *("--action-epochs", str(EPOCHS), "--epochs", str(EPOCHS)),
        *("--amount-epochs", str(EPOCHS), "--threads", "1"),
        *("--set", *SMALL, *more, "--cache", str(cache), "--quiet"),
    ]


def words_together(cache, name, *more):
    """Elements and amounts in one run, which leaves the epochs of the elements out."""
    given = words(cache, name)
    place = given.index("--epochs")
    return [*given[:place], *given[place + 2 :], "--together", *more]


@pytest.fixture(scope="module")
def whole(cache):
    assert main(words(cache, "whole")) == 0
    return weights_of(cache, "whole")


@pytest.fixture(scope="module")
def whole_together(cache):
    assert main(words_together(cache, "both")) == 0
    return weights_of(cache, "both", TOGETHER)


STAGES = ("actions", "elements", "amounts")
TOGETHER = ("actions", "amounts")


def weights_of(cache, name, stages=STAGES):
    return [md.open_run(f"{name}-{stage}", cache=cache).weights() for stage in stages]


@pytest.mark.slow
def test_all_runs_are_ordinary_ones(cache, whole, capsys):
    actions, elements, amounts = whole
    encoder = [name for name in actions if name.startswith("actions.")]
    assert encoder
    assert all(np.array_equal(actions[name], elements[name]) for name in encoder)  # kept
    assert all(np.array_equal(elements[name], amounts[name]) for name in elements)
    assert set(amounts) > set(elements)
    assert main([*words(cache, "whole"), "--json"]) == 0  # finished: nothing is trained again
    shown = json.loads(capsys.readouterr().out)
    assert shown == {stage: f"whole-{stage}" for stage in STAGES}
    assert main(["evaluate", "whole-amounts", "--cache", str(cache), "--no-pictures"]) == 0
    scored = md.evaluate("whole-actions", cache=cache)["targets"]["operations"]["metrics"]
    assert 0.0 <= scored["sequence_accuracy"] <= scored["token_accuracy"] <= 1.0


@pytest.mark.slow
def test_together_amounts_train_the_reaction_vector_too(cache, whole, whole_together, capsys):
    actions, both = whole_together
    assert not (cache / "runs" / "both-elements").exists()
    encoder = [name for name in actions if name.startswith("actions.")]
    assert all(np.array_equal(actions[name], both[name]) for name in encoder)  # kept
    assert set(both) == set(whole[2])
    assert md.open_run("both-amounts", cache=cache).manifest["freeze"] == ["actions.*"]
    assert main([*words_together(cache, "both"), "--json"]) == 0  # nothing is trained again
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"actions": "both-actions", "elements": None, "amounts": "both-amounts"}
    scored = md.evaluate("both-amounts", cache=cache)["targets"]
    assert set(scored) == {"formula", "product_fractions"}
    assert main(words_together(cache, "whole")) != 0  # a run of this name, otherwise trained
    assert "whole-amounts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--only-elements",), "exclude each other"),
        (("--epochs", "3"), "--amount-epochs"),
        (("--lr", "0.1"), "--amount-lr"),
    ],
)
def test_together_what_is_of_the_elements_alone_is_refused(cache, more, said, capsys):
    assert main(words_together(cache, "never", *more)) != 0
    assert said in capsys.readouterr().err
    assert not list((cache / "runs").glob("never*"))


@pytest.mark.slow
def test_an_encoder_may_be_shared_tuned_or_learnt_with_the_rest(cache, whole):
    short = ["1" if word == str(EPOCHS) else word for word in words(cache, "NAME")]
    short[short.index("--action-epochs") + 1] = str(EPOCHS)  # that of the run which is shared
    short.append("--only-elements")
    actions = whole[0]

    def encoder_of(name, *more):
        given = [name if word == "NAME" else word for word in short]
        assert main([*given, *more]) == 0
        return md.open_run(f"{name}-elements", cache=cache).weights()["actions.recurrent"]

    shared = encoder_of("shared", "--actions-run", "whole-actions")
    assert not (cache / "runs" / "shared-actions").exists()
    assert np.array_equal(shared, actions["actions.recurrent"])
    tuned = encoder_of("tuned", "--actions-run", "whole-actions", "--encoder", "tuned")
    assert 0 < np.abs(tuned - shared).max() < 0.01  # one epoch from there
    alone = encoder_of("alone-with", "--encoder", "end-to-end")
    assert not (cache / "runs" / "alone-with-actions").exists()
    assert np.abs(alone - shared).max() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "command", "stages", "uninterrupted"),
    [
        *((stage, words, STAGES, "whole") for stage in STAGES),
        ("amounts", words_together, TOGETHER, "whole_together"),
    ],
)
def test_killed_in_a_stage_it_goes_on_to_the_same_weights(
    cache, stage, command, stages, uninterrupted, request
):
    whole = request.getfixturevalue(uninterrupted)
    name = f"killed-in-{stage}-of-{uninterrupted}"
    process = subprocess.Popen([sys.executable, "-m", "matdata.cli", *command(cache, name)])
    log = cache / "runs" / f"{name}-{stage}" / "log.jsonl"
    end = time.monotonic() + 240
    while process.poll() is None and time.monotonic() < end:
        if log.is_file() and log.read_text().count("\n") >= 3:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    assert process.wait(timeout=60) == -signal.SIGKILL, "it ended before it could be killed"
    assert not md.open_run(f"{name}-{stage}", cache=cache).finished
    assert main(command(cache, name)) == 0
    for mine, theirs in zip(weights_of(cache, name, stages), whole, strict=True):
        assert all(np.array_equal(mine[key], theirs[key]) for key in theirs)


@pytest.mark.slow
def test_without_operations(cache):
    assert main(words(cache, "still", "actions=false", "epochs=1")) != 0  # no hyperparameter
    short = [
        word if word != str(EPOCHS) else "1" for word in words(cache, "still", "actions=false")
    ]
    assert main(short) == 0


@pytest.mark.slow
def test_the_baseline_learns_both_stages_and_elements_alone_end_with_the_first(cache, capsys):
    given = [word for word in words(cache, "flat") if "=" not in word and word != "--set"]
    given = ["1" if word == str(EPOCHS) else word for word in given]
    flat = [*given, "--model", "reaction-magpie", "--set", "precursors=4", "scale=log"]
    flat.remove("--quiet")
    assert main([*flat, "stoichiometry=16", "feed=true"]) == 0
    # targets that follow those of the first run leave what its outputs mean as it was
    assert "normalised otherwise" not in capsys.readouterr().err
    run = md.open_run("flat-amounts", cache=cache)
    shares = md.predict(run, md.open("r", cache=cache)).mean[:, 118:]
    np.testing.assert_allclose(shares.sum(1), 1.0, rtol=1e-5)
    flat[flat.index("flat")] = "alone"
    assert main([*flat, "--only-elements", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"actions": None, "elements": "alone-elements", "amounts": None}
    assert not (cache / "runs" / "alone-amounts").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong", [["r"], [], ["absent", "--split", "main"], ["r", "--split", "main", "--set", "feed"]]
)
def test_what_is_missing_is_said(cache, wrong, capsys):
    assert main(["train-reactions", *wrong, "--cache", str(cache)]) != 0
    assert "next step" in capsys.readouterr().err

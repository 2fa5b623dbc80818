"""Mistakes are found before torch is imported, and a training imports little beside torch.

Seconds are of processor time: how long a command waits for others says nothing about it. They are
printed (``-s``); the bounds of the issue hold on a machine of today, modules on any.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import matdata as md

pytestmark = pytest.mark.slow

TARGET = "ewald_energy_per_atom"
#: What a plain training imports for nothing, each as long as a good part of torch or more.
NEEDLESS = ("torch._dynamo", "torch._inductor", "numba", "sympy", "pandas", "scipy")
MISTAKES = {
    "split": (["roost", "s", "--target", TARGET, "--split", "typo"], "has no split 'typo'"),
    "target": (["roost", "s", "--target", "typo"], "has no column 'typo'"),
    "trainer": (["rost", "s", "--target", TARGET], "did you mean 'roost'"),
    "dataset": (["roost", "t", "--target", TARGET], "no dataset 't'"),
    "feature": (["wren", "s", "--target", TARGET], "no feature 'wyckoff'"),
    "value": (["roost", "s", "--target", TARGET, "--set", "lr=abc"], "expected float, got 'abc'"),
    "setting": (["roost", "s", "--target", TARGET, "--set", "layer=2"], "did you mean 'layers'"),
    "folds": (["roost", "s", "--target", TARGET, "--split", "kfold2-seed0"], "--folds all"),
    "parent": (["roost", "s", "--target", TARGET, "--from-run", "typo"], "no run 'typo'"),
    "name": (["example", "s", "--target", TARGET, "--name", "taken"], "of something else"),
    "epochs": (
        ["example", "s", "--target", TARGET, "--name", "fixed", "--epochs", "3"],
        "cannot go on",
    ),
}


#: Of commands that use a run.
LATER_MISTAKES = {
    "run to predict with": (["predict", "typo", "Fe2O3"], "no run 'typo'"),
    "run to evaluate": (["evaluate", "typo"], "no run 'typo'"),
    "file to predict": (["predict", "taken", "typo.cif"], "typo.cif"),
    "output": (["predict", "taken", "NaCl", "--output", "a.bmp"], "ending '.bmp'"),
    "derivation to predict": (["predict", "taken", "NaCl", "--derive", "power01"], "'power10'"),
    "derivation to score": (["evaluate", "taken", "--derive", "power01"], "'power10'"),
    "format": (["evaluate", "taken", "--format", "bmp"], "bmp"),
    "style": (["evaluate", "taken", "--style", "darkish"], "darkish"),
    "elements": (["contributions", "typo"], "no run 'typo'"),
    "clusters": (["cecv", "typo"], "no run 'typo'"),
    "edges": (["edges", "typo", "--formula", "NaCl"], "no run 'typo'"),
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    features = ["fractions", "composition-set"]
    dataset = md.build("sample:300", features=features, cache=cache, workers=1, name="s")
    chosen = {"epochs": 1, "threads": 1, "cache": cache, "quiet": True}
    md.train("example", dataset, TARGET, name="taken", lr=0.5, **chosen)
    more = {"hyper": {"width": 4}, "train": {"schedule": "cosine"}}
    md.train("example", dataset, TARGET, name="fixed", **more, **chosen)
    dataset.folds(method="kfold", set={"k": 2})
    return cache


def run(cache, *words):
    """Exit code, output, modules and seconds of processor time of a command."""
    script = (
        "import sys, json; from matdata.cli import main; code = main(sys.argv[1:]);"
        "print('\\n' + json.dumps([code, list(sys.modules)]))"
    )
    before = os.times()
    command = [sys.executable, "-c", script, *words, "--cache", str(cache)]
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = _children(os.times()) - _children(before)
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code, done.stdout + done.stderr, set(modules), seconds


def _children(times):
    return times.children_user + times.children_system


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_found_before_torch_is_imported(cache, mistake):
    words, message = MISTAKES[mistake]
    if mistake not in ("split", "folds"):
        words = [*words, "--split", "70-15-15-seed0"]
    if mistake == "epochs":
        words += ["--set", "width=4", "--set", "schedule=cosine"]
    code, told, modules, seconds = run(cache, "train", *words)
    print(f"\n{mistake}: {seconds:.2f} s")
    assert code == 1
    assert message in told
    assert not modules & {"torch", "numba", "sklearn"}
    assert seconds < 2.0


@pytest.mark.parametrize("mistake", LATER_MISTAKES)
def test_mistakes_of_those_who_use_a_run_are_found_before_torch(cache, mistake):
    words, message = LATER_MISTAKES[mistake]
    code, told, modules, seconds = run(cache, *words)
    print(f"\n{mistake}: {seconds:.2f} s")
    assert code == 1
    assert message in told
    assert not modules & {"torch", "numba", "sklearn"}
    assert seconds < 2.0


def test_runs_are_ranked_without_torch(cache):
    code, told, modules, seconds = run(cache, "runs")
    print(f"\nruns: {seconds:.2f} s")
    assert code == 0
    assert "taken" in told
    assert not modules & {"torch", "numba", "sklearn"}
    assert seconds < 2.0


@pytest.mark.slow
def test_a_training_imports_little_beside_torch(cache):
    words = ["example", "s", "--target", TARGET, "--split", "70-15-15-seed0", "--epochs", "2"]
    seconds, torch_alone = [], []
    for name in ("first", "second"):
        code, told, modules, taken = run(cache, "train", *words, "--name", name)
        assert code == 0, told
        assert not modules & set(NEEDLESS)
        seconds.append(taken)
        before = os.times()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        torch_alone.append(_children(os.times()) - _children(before))
    print(f"\ntraining {min(seconds):.2f} s, of which importing torch {min(torch_alone):.2f} s")
    assert min(seconds) - min(torch_alone) < 2.0

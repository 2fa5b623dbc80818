"""A trainer that lies outside this repository is found, listed, trained and scored like any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.wheels import build_wheel, install_wheel

import matdata as md
from matdata.cli import main
from matdata.training import TRAINERS

PACKAGE = Path(__file__).parents[1] / "support" / "third_party"
TARGET = "ewald_energy_per_atom"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the package installed in it."""
    folder = tmp_path_factory.mktemp("site")
    return install_wheel(build_wheel(PACKAGE, folder), folder / "packages")


@pytest.fixture(scope="module")
def command(site, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    dataset = md.build("sample:120", features=["fractions"], cache=cache, workers=1, name="s")
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*arguments, code=0):
        command = [sys.executable, "-m", "matdata.cli", *arguments, "--cache", str(cache)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == code, done.stderr
        return done

    run.dataset = dataset
    return run


@pytest.mark.slow
def test_it_is_listed_and_a_broken_one_beside_it_breaks_nothing(command):
    listed = json.loads(command("plugins", "--json").stdout)["plugins"]
    found = {plugin["name"]: plugin for plugin in listed}
    assert found["third-mean"]["inputs"] == ["fractions"]
    assert {hyper["name"] for hyper in found["third-mean"]["hypers"]} == {"ridge", "draws"}
    assert "no_such_module" in found["third-broken"]["broken"]
    assert "broken" not in found["example"]
    told = command("plugins").stdout
    assert "third-broken: broken:" in told
    assert "hyper.ridge=0.1  strength of the penalty" in told
    assert "no_such_module" in command("plugins", "third-broken", code=1).stderr


def test_listing_imports_no_plugin(site):
    script = (
        "import sys; from matdata.training import TRAINERS; names = TRAINERS.names();"
        "assert 'third-mean' in names, names;"
        "assert not [m for m in sys.modules if m.startswith(('matdata_third', 'torch'))]"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


@pytest.fixture
def installed(site, monkeypatch):
    """The package on this process's path."""
    monkeypatch.syspath_prepend(str(site))
    TRAINERS.refresh()
    yield
    TRAINERS.refresh()


def test_it_is_trained_scored_and_predicts_with_its_members(command, installed, capsys):
    cache = ["--cache", str(command.dataset.cache), "--json"]
    more = ["--target", TARGET, "--name", "third", "--set", "hyper.draws=4"]
    assert main(["train", "third-mean", "s", *more, *cache]) == 0
    capsys.readouterr()
    assert main(["evaluate", "third", "--no-pictures", *cache]) == 0
    scored = json.loads(capsys.readouterr().out)["targets"][TARGET]
    assert scored["metrics"]["mae"] < scored["baselines"]["dummy_mean"]["mae"]
    assert scored["uncertainty"]["confidence_error"]["mae"]
    assert main(["predict", "third", "NaCl", "--members", *cache]) == 0
    (row,) = json.loads(capsys.readouterr().out)["predictions"]
    members = [row[f"prediction_{TARGET}_member_{k}"] for k in range(4)]
    assert row[f"prediction_{TARGET}_mean"] == pytest.approx(sum(members) / 4)
    assert row[f"prediction_{TARGET}_epistemic"] == pytest.approx(row[f"prediction_{TARGET}_total"])
    assert row[f"prediction_{TARGET}_aleatoric"] is None

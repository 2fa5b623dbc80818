"""Ways of users from end to end, as the scripts of `tests/ways` go them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WAYS = Path(__file__).parents[1] / "ways"


@pytest.mark.slow
def test_an_external_plugin_from_its_wheel_to_ranked_runs_that_go_on(tmp_path):
    script = [sys.executable, str(WAYS / "external_plugin.py"), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    (plugin,) = found["plugin"]["plugins"]
    assert (plugin["name"], plugin["distribution"]) == ("outside", "matdata-outside 0.1.0")

    (compared,) = found["compared"]["ranked"]
    assert {entry["run"] for entry in compared["runs"]} == {"w4", "w64"}
    maes = [entry["val"]["mae"] for entry in compared["runs"]]
    assert maes == sorted(maes)
    assert compared["openings"] == 0

    assert found["extended"]["epochs"] == found["whole"]["epochs"] == 12
    assert found["extended"]["members"] == found["whole"]["members"]
    assert found["extended"]["validation"] == found["whole"]["validation"]
    best, runs = found["extended"]["run"], tmp_path / "cache" / "runs"
    extended, whole = ((runs / n / "best.safetensors").read_bytes() for n in (best, "whole"))
    assert extended == whole
    (again,) = found["again"]["ranked"]
    assert again["openings"] == 0
    assert again["runs"][0]["val"]["mae"] < maes[0], "more epochs learnt more"

    (last,) = found["last"]["ranked"]
    (entry,) = (entry for entry in last["runs"] if entry["run"] == best)
    assert entry["test"] == found["score"]["targets"]["ewald_energy_per_atom"]["metrics"]
    assert last["openings"] == 1
    assert not found["verified"]["problems"]

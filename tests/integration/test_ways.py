"""Ways of users from end to end, as the scripts of `tests/ways` go them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WAYS = Path(__file__).parents[1] / "ways"


def _gone(script: str, folder: Path) -> Any:
    """What the commands of a script printed, by step."""
    done = subprocess.run(
        [sys.executable, str(WAYS / script), str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "found.json").read_text())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_materials_project_from_the_wheel_killed_and_resumed(tmp_path):
    found = _gone("materials_project.py", tmp_path)
    assert Path(found["home"]).is_relative_to(tmp_path / "env"), "from the wheel, not the checkout"

    refused = found["without key"]
    assert (refused["code"], refused["out"]) == (1, "")
    problem, step = refused["errors"].splitlines()
    assert problem == "error: the Materials Project needs an API key: MP_API_KEY is not set"
    assert step.startswith("  next step: get one at")

    for store in ("zarr", "hdf5"):
        of_store = found[store]
        built, resumed, groups = (of_store[step] for step in ("built", "resumed", "groups"))
        steps = {step["step"]: step["kept"] for step in built["funnel"]}
        assert steps["reading"] == steps["validity"] == 620
        assert built["rows"] == steps["lowest-energy polymorphs"] < 620
        assert built["split"] == "70-15-15-seed0"
        assert all(of_store["killed"]), "a build ended before it could be killed"
        assert of_store["same bytes"]
        assert resumed["digest"] == built["digest"]
        (feature,), (again,) = built["features"], resumed["features"]
        assert (feature["feature"], feature["rows"]) == ("ofm", built["rows"])
        assert again["arrays_digest"] == feature["arrays_digest"]
        (split,) = groups["splits"]
        assert split["split"] == "group-chemsys-70-15-15-seed0"
        assert sum(split["sizes"].values()) == built["rows"]
        assert of_store["verified"]["problems"] == []
        assert of_store["verified"]["artefacts"] == 3
    stored = [found[store]["built"]["features"][0]["arrays_digest"] for store in ("zarr", "hdf5")]
    assert stored[0] == stored[1], "a store holds arrays, and changes none"


@pytest.mark.slow
def test_an_external_plugin_from_its_wheel_to_ranked_runs_that_go_on(tmp_path):
    found = _gone("external_plugin.py", tmp_path)
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

"""A nightly job, as users write it: config file, log, unchanged rerun, damage and repair."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.crystals import many
from support.files import write_csv
from support.killing import artefacts

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parents[1] / "ways" / "nightly.sh"
BUILD = """\
source = "crystals.csv"
name = "nightly"
features = ["fractions", "lattice"]
target = ["energy_per_atom"]
split = "70/15/15"
workers = 1
symmetry = "none"
"""
TIME = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}\S*"
TRAIN = """\
plugin = "example"
dataset = "nightly"
target = ["energy_per_atom"]
epochs = 2
threads = 1
"""


def night(folder: Path) -> tuple[int, dict[str, dict[str, object]]]:
    """Run the script; its exit code, and what each step printed."""
    for path in folder.glob("*.json"):
        path.unlink()
    environment = {key: value for key, value in os.environ.items() if key != "MATDATA_CACHE"}
    done = subprocess.run(
        ["sh", SCRIPT, folder, sys.executable, "-m", "matdata.cli"],
        env=environment,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.stdout == done.stderr == b"", "a nightly job that is well prints nothing"
    return done.returncode, {
        path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")
    }


@pytest.fixture
def folder(tmp_path):
    write_csv(tmp_path / "crystals.csv", many(60))
    (tmp_path / "build.toml").write_text(BUILD)
    (tmp_path / "train.toml").write_text(TRAIN)
    return tmp_path


def shard_of(folder: Path) -> Path:
    files = list(folder.glob("cache/features/*/fractions-*/shards/**/*"))
    return max((path for path in files if path.is_file()), key=lambda path: path.stat().st_size)


def test_a_week_of_nights(folder):
    code, first = night(folder)
    assert code == 0
    assert set(first) == {"build", "train", "verify"}
    assert not first["build"]["unchanged"]
    assert first["verify"]["problems"] == []
    before = artefacts(folder / "cache")

    code, second = night(folder)
    assert code == 0
    assert second["build"]["unchanged"]
    assert second["train"]["unchanged"]
    assert artefacts(folder / "cache") == before

    shard = shard_of(folder)
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    code, third = night(folder)
    assert code == 0
    assert [one["state"] for one in third["build"]["features"]] == ["repaired", "unchanged"]
    assert third["train"]["unchanged"]
    assert artefacts(folder / "cache") == before
    log = (folder / "nightly.log").read_text()
    assert "is damaged" in log
    assert len(re.findall(TIME + r" info .*exit code 0 after", log)) == 9, "three nights of three"


def test_a_source_that_broke_stops_the_night(folder):
    lines = (folder / "crystals.csv").read_text().replace("_cell_length_a", "_cell_lenght_a", 40)
    (folder / "crystals.csv").write_text(lines)
    code, printed = night(folder)
    assert code == 3
    assert set(printed) == {"build"}
    assert printed["build"]["exit_code"] == 3
    assert printed["build"]["error"]["kind"] == "IncompleteError"
    last = (folder / "nightly.log").read_text().splitlines()[-1]
    assert re.match(TIME + " error exit code 3 after", last)

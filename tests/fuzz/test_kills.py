"""`kill -9` at any moment of any command: run again, it ends as if nothing had been."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from fuzz.commands import Commands
from fuzz.kills import SCENARIOS, Kills, moments
from fuzz.zygote import folder as fast_folder

pytestmark = pytest.mark.slow

ALL = 64  # kills of a long job, over all scenarios; the sampled ones are one each


@pytest.fixture(scope="module")
def kills():
    with Commands() as commands, tempfile.TemporaryDirectory(dir=fast_folder()) as home:
        yield Kills(commands, Path(home))


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_commands_end_as_those_left_alone(name, kills, asked):
    scenario = SCENARIOS[name]
    count = ALL // len(SCENARIOS) if asked("--fuzz") else 1
    wrong, before = {}, kills.hits
    for moment in moments(count, (asked("--fuzz-seed") or 0) + len(name)):
        found = kills.kill(scenario, moment)
        if found:
            wrong[f"at {moment:.3f}"] = found
    assert not wrong
    assert kills.hits - before >= 0.7 * count - 1, "the commands ended before they were killed"

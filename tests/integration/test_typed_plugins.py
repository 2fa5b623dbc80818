"""Plugins are checked against the installed package: `py.typed` is honoured, mistakes are found."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")
CODE = Path(__file__).parents[1] / "support" / "typed"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What `mypy --strict` says, run outside the checkout: lines of `right.py` and `wrong.py`."""
    folder = tmp_path_factory.mktemp("typed")
    for path in CODE.glob("*.py"):
        shutil.copy(path, folder)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file="]
    command += ["--cache-dir", str(folder / "cache"), "right.py", "wrong.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert not done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_stranger_writes_typed_plugins(report):
    assert not [line for line in report if line.startswith("right.py")]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_wrong_uses_are_errors(report):
    lines = (CODE / "wrong.py").read_text().splitlines()
    expected = {
        number: line.partition("# error: ")[2]
        for number, line in enumerate(lines, 1)
        if "# error: " in line
    }
    found = {}
    for line in report:
        match = re.match(r"wrong\.py:(\d+): error: .*\[([a-z-]+)\]$", line)
        if match:
            found[int(match[1])] = match[2]
    assert found == expected
    others = [line for line in report if ": error:" in line and not line.startswith("wrong.py")]
    assert not others

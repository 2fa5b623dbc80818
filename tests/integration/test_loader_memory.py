"""Peak memory of a loader in each mode, each in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "loaders_memory.py"
#: Megabytes beside columns: the piece that is read (4), its blocks as the store unpacks them,
#: chunks that are ready or in the making (4), and what Python itself holds of an epoch.
FIXED = 24.0
#: Windows in memory: that which is read from, the next, and pieces on their way from the store.
WINDOWS_HELD = 2.5


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's peak counter")
def test_memory_is_bounded_by_columns_or_by_the_window():
    command = [sys.executable, str(SCRIPT), "--materials", "4000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"(\w+) +(?:columns|window) +([\d.]+) MB, peak +([\d.]+) MB", done.stdout)
    peaks = {mode: (float(held), float(peak)) for mode, held, peak in found}
    assert sorted(peaks) == ["ram", "resident", "stream"], done.stdout
    for mode in ("resident", "ram"):
        held, peak = peaks[mode]
        assert held > 100
        assert peak <= 1.2 * held + FIXED, done.stdout
    window, peak = peaks["stream"]
    assert peak <= WINDOWS_HELD * window + FIXED, done.stdout
    assert peak < 8 * window, "as much as all columns"

"""Time to write the report of a large table: a million rows, and 1,700 columns.

Writes a data set of random numbers (drawn from a fixed seed) into a temporary cache, with a split,
and reports it in a process of its own, started anew each time, as ``matdata report`` is. Printed
are the CPU seconds of that process and its children, the wall seconds, start and imports included,
the largest resident memory and the size of the page.

    python benchmarks/report_table.py
    python benchmarks/report_table.py --rows 20000 --columns 1700
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support import written

import matdata

SYSTEMS = ("Fe-O", "Cl-Na", "Si", "Al-O", "Ga-N", "Ba-O-Ti", "Cs-Pb-I", "Ca-O-Ti")
SPLIT = "70/15/15"
TARGETS = 3


def write(cache: Path, rows: int, columns: int) -> None:
    """A data set with ids, formulas, one column of truth values, and numbers for the rest."""
    rng = np.random.default_rng(0)
    kinds = pa.array(rng.integers(0, len(SYSTEMS), rows))
    systems = pa.array(list(SYSTEMS))
    formulas = pa.array([one.replace("-", "") for one in SYSTEMS])
    table = pa.table({
        "material_id": pa.array(np.char.add("id-", np.arange(rows).astype(str))),
        "formula": formulas.take(kinds),
        "chemsys": systems.take(kinds),
        "metal": rng.random(rows) > 0.5,
        **{f"y{k}": rng.normal(size=rows) for k in range(columns - 4)},
    })  # fmt: skip
    targets = {f"y{k}": "eV" for k in range(TARGETS)}
    written.write(cache, "table", table, {**targets, "metal": ""})
    matdata.open("table", cache).split(SPLIT)


def measure(cache: Path, output: Path) -> tuple[float, float, float]:
    """CPU and wall seconds, and MB of memory, of one report."""
    command = [sys.executable, "-m", "matdata.cli", "report", "table", "--output", str(output)]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, "--cache", str(cache)], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, after.ru_maxrss / 1024


def main() -> None:
    """Print one line per repetition."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=24)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache, output = Path(folder) / "cache", Path(folder) / "report.html"
        write(cache, given.rows, given.columns)
        print(f"{given.rows:,} rows x {given.columns:,} columns")
        for _ in range(given.repeat):
            cpu, wall, memory = measure(cache, output)
            size = output.stat().st_size / 1e3
            print(f"CPU {cpu:.1f} s, wall {wall:.1f} s, {memory:.0f} MB, page {size:.0f} kB, "
                  f"load {os.getloadavg()[0]:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()

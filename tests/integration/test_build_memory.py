"""The memory of a build grows by what `docs/design/curation.md` states per record, no more."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

#: Bytes per record that the main process holds, as the design page states.
STATED = 600
#: Two numbers of records, both many blocks of rows.
SIZES = (3_000, 15_000)
BUILD = """
import resource, sys
from pathlib import Path
import numpy as np
from matdata.core.console import SILENT
from matdata.core.executors import Workers
from matdata.building.pipeline import build
from matdata.building.options import BuildOptions
from matdata.curate import gather
from matdata.core.crystals import Crystals, offsets_of
from matdata.curate.settings import CurateSettings
from matdata.sources.base import Chunk, Origin, Source

gather.MOST_ROWS = 256  # the memory of one block is the same for all sizes
SITES, CELLS = 24, 12

class Generated(Source):
    name, slow_parse = "generated", False
    def __init__(self, size): self.size = size
    @classmethod
    def make(cls, request): raise NotImplementedError
    def origin(self):
        return Origin("generated", "generated", "1", "structure", {"size": self.size})
    def raw_chunks(self, start=0):
        return iter(range(start * 500, self.size, 500))
    def parse(self, first):
        n = min(500, self.size - first)
        rng = np.random.default_rng(first)
        grid = np.stack(np.meshgrid(*[np.arange(3) / 3] * 3), -1).reshape(-1, 3)[:SITES]
        coords = np.tile(grid, (n, 1)) + rng.normal(0, 0.001, (n * SITES, 3))
        lattice = 9 * np.eye(3) + rng.normal(0, 0.01, (n, 3, 3))
        numbers = np.repeat(rng.integers(1, 80, (n, 3)), SITES // 3, 1).ravel().astype(np.uint8)
        ids = [f"g-{number:07d}" for number in (first + np.arange(n)) * 7919 % 1_000_003]
        table = {"material_id": ids} | {
            f"c{k}": rng.random((n, 8)).tolist() for k in range(CELLS)
        }
        crystals = Crystals(ids, lattice, coords, numbers, offsets_of([SITES] * n))
        return Chunk(crystals, table)

options = BuildOptions(
    workers=1, curation=CurateSettings(dedupe="none", symmetry="none")
)
build(Generated(int(sys.argv[1])), Path(sys.argv[2]), options, SILENT)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def _peak(size, cache):
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    command = [sys.executable, "-c", BUILD, str(size), str(cache)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.slow
def test_the_peak_grows_by_less_than_what_is_stated(tmp_path):
    small, large = (_peak(size, tmp_path / str(size)) for size in SIZES)
    slope = (large - small) / (SIZES[1] - SIZES[0])
    assert slope < STATED, f"{slope:.0f} bytes per record"

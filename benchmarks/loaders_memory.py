"""Peak memory of a loader against the bytes of its columns, each mode in a process of its own.

python benchmarks/loaders_memory.py --materials 6000
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from typing import Any

from timing import public  # noqa: F401  (one thread, before NumPy is loaded)

import numpy as np

from matdata.core.crystals import Ragged

#: Sites of each material, and windows of the set in `stream`.
SITES, WINDOWS = 200, 8
CHILD = """
import sys
import numpy as np
import torch
sys.path.insert(0, {here!r})
from loaders_memory import columns_of
from matdata.load.loader import make_loader
import matdata as md
ds = md.open("memory", {cache!r})
options = dict(mode={mode!r}, shuffle=True, batch_size=128)
if options["mode"] == "stream":
    options["window"] = len(ds) // {windows}
next(iter(make_loader(ds, ds.ids[:300], ["ofm"], **options)))
open("/proc/self/clear_refs", "w").write("5")
def status(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
before = status("VmRSS")
loader = make_loader(ds, None, ["ofm"], **options)
for batch in loader:
    batch["ofm"].fields["ligand"]
print(status("VmHWM") - before, columns_of(ds))
"""


def columns_of(dataset: Any) -> int:
    """Bytes of the stored fields of the feature."""
    arrays = dataset.feature("ofm").arrays
    lengths = arrays.lengths("site")
    return int(lengths.sum()) * (1 + 4 * 32) + 8 * (len(lengths) + 1)


def store(cache: str, materials: int) -> None:
    """A dataset whose orbital field matrices are drawn numbers: only their bytes matter."""
    import matdata as md
    from matdata.core.console import SILENT
    from matdata.core.executors import Workers
    from matdata.features import featurizer
    from matdata.features.base import Block
    from matdata.features.building.jobs import Job
    from matdata.features.building.runner import run

    options: dict[str, Any] = {"dedupe": "none", "symmetry": "none", "split": None}
    found = md.build(f"sample:{materials}", cache=cache, name="memory", **options)
    made = featurizer("ofm")

    def drawn(batch: Any) -> Block:
        rng = np.random.default_rng(len(batch))
        ends = np.arange(len(batch) + 1) * SITES
        numbers = rng.integers(1, 90, ends[-1]).astype(np.uint8)
        ligand = rng.random((ends[-1], 32), dtype=np.float32)
        fields = {"numbers": Ragged(numbers, ends), "ligand": Ragged(ligand, ends)}
        return Block(np.arange(len(batch)), fields)

    made.featurize = drawn  # type: ignore[method-assign]
    home = found.cache / "features" / found.ref
    run(Job(made, found, home, "hdf5"), SILENT, Workers(1))


def main() -> int:
    """Measure and print."""
    from pathlib import Path

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--materials", type=int, default=6_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        store(cache, options.materials)
        for mode in ("resident", "ram", "stream"):
            here = str(Path(__file__).parent)
            script = CHILD.format(cache=cache, mode=mode, here=here, windows=WINDOWS)
            command = [sys.executable, "-c", script]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peak, columns = map(int, done.stdout.split())
            held = columns / (WINDOWS if mode == "stream" else 1)
            what = "window" if mode == "stream" else "columns"
            print(
                f"{mode:9} {what:8}{held / 1e6:7.1f} MB, peak {peak / 1e6:7.1f} MB  "
                f"{peak / held:.2f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Write tests/golden/v<format>: a small cache as this version writes it, kept for ever.

Run it once when the format number rises; never rewrite an older folder.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from pathlib import Path

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.store.manifest import FORMAT_VERSION

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))


def main() -> None:
    """Build the cache and keep its datasets and features."""
    from support.crystals import few, many

    target = ROOT / "tests" / "golden" / f"v{FORMAT_VERSION}"
    if target.exists():
        sys.exit(f"{target} is there; golden artefacts are not rewritten")
    crystals = md.Crystals.concat([few(), many(8)])
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "golden.csv"
        with open(source, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["material_id", "cif", "energy_per_atom"])
            for row, name in enumerate(crystals.ids):
                writer.writerow([name, to_structure(crystals, row).to(fmt="cif"), -1.0 - row])
            writer.writerow(["broken", "no _cell_length_a", 0.0])
        for store in ("zarr", "hdf5"):
            md.build(source, features=["ofm"], cache=target, store=store, shard_rows=5, workers=1)
    for lock in target.rglob(".lock-*"):
        lock.unlink()
    shutil.rmtree(target / "snapshots")


if __name__ == "__main__":
    main()

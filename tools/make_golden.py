"""Write tests/golden/v<n>: a small cache as this version writes it, kept for ever.

Run it once when the version of a format rises (`matdata/store/formats.py`): it writes the next
folder. Never rewrite an older one.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

import matdata as md
from matdata.adapters.pymatgen import to_structure
from matdata.cli import main as matdata
from matdata.stability.finding import reference_of
from matdata.store.catalogue import find_dataset

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
sys.path.insert(0, str(ROOT / "tests"))


def main() -> None:
    """Build a cache with an artefact of each format."""
    from support.crystals import few, many

    target = GOLDEN / f"v{len(list(GOLDEN.glob('v*'))) + 1}"
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
        write_mixed(Path(folder), target)
    reference_of(target, find_dataset(target, "golden"))
    files = target / "files"  # formats that are no part of a cache
    files.mkdir()
    brief = ["--epochs", "1", "--threads", "1", "--set", "train.tensorboard=false"]
    run = ["--target", "energy_per_atom", "--name", "golden", "--set", "hyper.width=2", *brief]
    for command in (
        ["featurize", "golden", "fractions", "--workers", "1"],
        ["train", "example", "golden", *run, "--write-config", str(files / "run.toml")],
        ["export", "golden", str(files / "snapshot.jsonl"), "--snapshot"],
        ["push", "golden", str(files / "shared"), "--features", "fractions"],
    ):
        if matdata([*command, "--cache", str(target), "--quiet"]):
            sys.exit(f"{' '.join(command)} failed")


def write_mixed(folder: Path, target: Path) -> None:
    """Build a dataset of which two of six materials have only a formula."""
    from support import mixed

    source = mixed.write_csv(folder / "mixed.csv", mixed.rows(6))
    features = ["lattice", "fractions"]
    md.build(source, features=features, cache=target, split=None, shard_rows=5, workers=1)


if __name__ == "__main__":
    main()

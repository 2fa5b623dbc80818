"""Bytes on disk of built features beside the same numbers as dense float32.

Builds real stores in a temporary cache, Zarr and HDF5, and counts every file of each feature's
folder: shards, ledger, manifest and receipt. Dense is 4 bytes per number of the form that a model
reads, uncompressed, with the default views (``graph`` with CGCNN's basis); padding that a dense
batch would need is not counted.

    python benchmarks/sizes.py
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal

from timing import public

import matdata
from matdata.features.feature import values_and_offsets

CRYSTALS = (
    "ofm",
    "element:mat2vec",
    "element:jarvis438",
    "wyckoff",
    "graph",
    "voronoi",
    "space-group",
    "lattice",
)
FORMULAS = ("magpie", "fractions", "composition-set", "edm", "formula-graph")
SETS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "phonons": ("phonons/matbench_phonons.json.gz", CRYSTALS + FORMULAS, {}),
    "perov5": ("perov5/val.csv.gz", CRYSTALS, {}),
    "nomad2018": ("nomad2018/train.extxyz.gz", CRYSTALS, {}),
    "mp_e_hull": ("crabnet/mp_e_hull/val.csv.gz", FORMULAS, {"formula_col": "formula"}),
    "ex": ("roost/expt-non-metals.csv.gz", FORMULAS, {"formula_col": "composition"}),
}
SETTINGS: dict[str, dict[str, object]] = {
    "element:jarvis438": {"unknown": "mean"},
    "formula-graph": {"max_atoms": 2000},
}
VIEWS: dict[str, dict[str, object]] = {"graph": {"basis": "cgcnn"}}


def on_disk(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(name: str, store: Literal["zarr", "hdf5"], cache: Path) -> None:
    """Build the features of one data set and print a row for each."""
    path, specs, columns = SETS[name]
    settings = {spec: SETTINGS[spec] for spec in specs if spec in SETTINGS}
    dataset = matdata.build(
        public(path),
        features=specs,
        cache=cache,
        **columns,
        name=name,
        store=store,
        set=settings,
        dedupe="none",
    )
    for spec in specs:
        feature = dataset.feature(spec, **settings.get(spec, {}), **VIEWS.get(spec, {}))
        dense = 4 * values_and_offsets(feature.dense())[0].size
        size = on_disk(feature.folder)
        stored = sum(array.nbytes for array in _arrays(feature))
        print(
            f"{name:10} {store:5} {spec:18} {len(feature):6} rows  dense {dense / 1e6:9.3f} MB  "
            f"arrays {stored / 1e6:7.3f}  disk {size / 1e6:7.3f}   RATIO {dense / size:8.1f}",
            flush=True,
        )


def _arrays(feature: matdata.Feature) -> list[Any]:
    return [values_and_offsets(column)[0] for column in feature.stored().values()]


def main() -> int:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--stores", nargs="+", default=["zarr", "hdf5"])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in options.sets:
        if not public(SETS[name][0]).exists():
            print(f"no such file: {public(SETS[name][0])}", file=sys.stderr)
            return 2
        for store in options.stores:
            with tempfile.TemporaryDirectory() as cache:
                measure(name, store, Path(cache))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Time of features with two workers: processes of matdata's own against a dask cluster.

    python benchmarks/dask_overhead.py --materials 20000 --features ofm,wyckoff

Both make the same bytes. ``start`` is what opening the cluster takes, once per command.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import matdata as md
from matdata.building.options import BuildOptions
from matdata.building.feature_stage import add_features
from matdata.adapters.schedulers import workers_on


def seconds_of(dataset: md.Dataset, home: Path, options: BuildOptions) -> float:
    """Seconds for the features of a dataset, without opening a cluster."""
    is_dask = options.scheduler == "dask"
    with workers_on("dask", 2) if is_dask else nullcontext() as cluster:
        own = replace(options, scheduler=None) if is_dask else options
        begin = time.perf_counter()
        add_features(dataset, home, own, executor=cluster.executor if cluster else None)
        return time.perf_counter() - begin


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--materials", type=int, default=20_000)
    parser.add_argument("--features", default="ofm,wyckoff")
    parser.add_argument("--shard-rows", type=int, default=2_048)
    given = parser.parse_args()
    specs = tuple(given.features.split(","))
    options = BuildOptions(features=specs, workers=2, shard_rows=given.shard_rows)
    with tempfile.TemporaryDirectory() as folder:
        dataset = md.build(
            f"sample:{given.materials}", cache=folder, dedupe="none", symmetry="none", split=None
        )
        begin = time.perf_counter()
        with workers_on("dask", 2):
            start = time.perf_counter() - begin
        print(f"{len(dataset):,} materials, {given.features}, start {start:.1f} s")
        seconds: dict[str, float] = {}
        for scheduler in ("processes", "dask"):
            home, chosen = Path(folder) / scheduler, replace(options, scheduler=scheduler)
            seconds_of(dataset, home / "first", chosen)  # compiles
            seconds[scheduler] = seconds_of(dataset, home / "again", chosen)
            print(f"{scheduler:>10} {seconds[scheduler]:7.1f} s")
        print(f"  overhead {100 * (seconds['dask'] / seconds['processes'] - 1):6.1f} %")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

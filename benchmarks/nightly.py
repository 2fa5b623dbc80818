"""Time of building a database that grew by 1 %, with and without reuse of what was computed before.

    python benchmarks/nightly.py [--size 10000] [--grown 10100] [--features ofm,voronoi,…]

Both sides run in this process, one after the other on the same machine, after a warm-up that
compiles the kernels. A line each for the records being read into a snapshot (what a source costs,
which nothing is reused of: here the sample is generated, elsewhere files are parsed), for curation,
and for each feature: the seconds of computing all anew, the seconds with reuse, their ratio, and
how many materials were computed and copied. The bytes are compared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matdata as md
from matdata.building.dataset import SYMMETRY
from matdata.core.console import SILENT
from matdata.core.executors import Workers
from matdata.sources import find_source
from matdata.sources.base import Request
from matdata.sources.taking import take_snapshot
from matdata.store.manifest import RECEIPT
from matdata.store.records import read_record

FEATURES = "ofm,voronoi,magpie,wyckoff,graph"


class Timed(NamedTuple):
    """What one step took, in seconds, and where its artefact lies."""

    seconds: float
    folder: Path


def read(size: int, cache: Path, workers: int) -> Timed:
    """Read the records into a snapshot."""
    before = time.perf_counter()
    source = find_source(f"sample:{size}", Request(cache=cache))
    folder = take_snapshot(source, cache, SILENT, Workers(workers)).folder
    return Timed(time.perf_counter() - before, folder)


def curate(size: int, cache: Path, workers: int, reuse: bool) -> Timed:
    """Curate the snapshot that is there."""
    before = time.perf_counter()
    dataset = md.build(f"sample:{size}", cache=cache, name="n", dedupe="none", split=None,
                       workers=workers, reuse=reuse)  # fmt: skip
    return Timed(time.perf_counter() - before, dataset.folder)


def featurize(cache: Path, feature: str, workers: int, reuse: bool) -> Timed:
    """Compute one feature."""
    before = time.perf_counter()
    (made,) = md.featurize("n", feature, cache=cache, workers=workers, reuse=reuse)
    return Timed(time.perf_counter() - before, made.folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Every byte but the receipt's."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECEIPT
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--grown", type=int, default=10_100)
    parser.add_argument("--features", default=FEATURES)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    features = given.features.split(",")
    with tempfile.TemporaryDirectory() as place:
        measure(given, features, Path(place))


def measure(given: argparse.Namespace, features: list[str], place: Path) -> None:
    """Both sides, step by step."""
    warm, with_reuse, anew = place / "warm", place / "reuse", place / "anew"
    for cache, size in ((warm, 100), (with_reuse, given.size)):
        read(size, cache, given.workers)
        curate(size, cache, given.workers, reuse=False)
        md.featurize("n", features, cache=cache, workers=given.workers)
    print(f"sample:{given.size} -> sample:{given.grown}, {given.workers} workers")
    print(f"{'':>12} {'anew':>8} {'reuse':>8} {'ratio':>7} {'computed':>9} {'copied':>9}")
    both = (anew, with_reuse)
    line("reading", [read(given.grown, cache, given.workers) for cache in both])
    steps = [curate(given.grown, cache, given.workers, cache is with_reuse) for cache in both]
    line("curation", steps, read_record(steps[1].folder / RECEIPT)[SYMMETRY])
    sums = [step.seconds for step in steps]
    for name in features:
        steps = [featurize(cache, name, given.workers, cache is with_reuse) for cache in both]
        line(name, steps, read_record(steps[1].folder / RECEIPT))
        sums = [total + step.seconds for total, step in zip(sums, steps, strict=True)]
    print(f"{'all but read':>12} {sums[0]:8.2f} {sums[1]:8.2f} {sums[1] / sums[0]:7.3f}")


def line(name: str, steps: Sequence[Timed], counts: Mapping[str, int] | None = None) -> None:
    """Print one step, made anew and with reuse, after its bytes were compared."""
    anew, reuse = steps
    assert contents(anew.folder) == contents(reuse.folder), f"{name} differs"
    ratio = reuse.seconds / anew.seconds
    copied = f" {counts['computed']:9,} {counts['reused']:9,}" if counts else ""
    print(f"{name:>12} {anew.seconds:8.2f} {reuse.seconds:8.2f} {ratio:7.3f}{copied}", flush=True)


if __name__ == "__main__":
    main()

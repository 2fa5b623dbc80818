"""Time of building a database that grew by 1 %, with and without reuse of what was computed before.

    python benchmarks/nightly.py [--size 10000] [--grown 10100] [--features ofm,voronoi,…]

Both sides run in this process, one after the other on the same machine, after a warm-up that
compiles the kernels: a line per feature with the seconds of computing all anew, the seconds with
reuse, and their ratio; then that of the whole build. The bytes are compared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import matdata as md
from matdata.store.manifest import RECEIPT
from matdata.store.records import read_record

FEATURES = "ofm,voronoi,magpie,wyckoff,graph"


def build(size: int, cache: Path, features: list[str], workers: int) -> float:
    """Build without features, then each feature; seconds of all."""
    before = time.perf_counter()
    md.build(f"sample:{size}", cache=cache, name="n", dedupe="none", split=None,
             features=features, workers=workers)  # fmt: skip
    return time.perf_counter() - before


def featurize(cache: Path, feature: str, workers: int, reuse: bool) -> tuple[float, Path]:
    """Seconds of one feature, and its folder."""
    before = time.perf_counter()
    (made,) = md.featurize("n", feature, cache=cache, workers=workers, reuse=reuse)
    return time.perf_counter() - before, made.folder


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
    """Both sides, feature by feature."""
    warm, with_reuse, anew = place / "warm", place / "reuse", place / "anew"
    build(100, warm, features, given.workers)
    build(given.size, with_reuse, features, given.workers)
    curated = build(given.grown, with_reuse, [], given.workers)
    curated_anew = build(given.grown, anew, [], given.workers)
    print(f"sample:{given.size} -> sample:{given.grown}, {given.workers} workers")
    print(f"{'':>12} {'anew':>8} {'reuse':>8} {'ratio':>7} {'computed':>9} {'copied':>9}")
    print(f"{'dataset':>12} {curated_anew:8.2f} {curated:8.2f} {curated / curated_anew:7.3f}")
    sums = [0.0, 0.0]
    for feature in features:
        slow, own = featurize(anew, feature, given.workers, reuse=False)
        fast, copied = featurize(with_reuse, feature, given.workers, reuse=True)
        assert contents(own) == contents(copied), f"{feature} differs"
        receipt = read_record(copied / RECEIPT)
        print(f"{feature:>12} {slow:8.2f} {fast:8.2f} {fast / slow:7.3f} "
              f"{receipt['computed']:9,} {receipt['reused']:9,}")  # fmt: skip
        sums = [sums[0] + slow, sums[1] + fast]
    print(f"{'features':>12} {sums[0]:8.2f} {sums[1]:8.2f} {sums[1] / sums[0]:7.3f}")


if __name__ == "__main__":
    main()

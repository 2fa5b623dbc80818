"""Time a whole-database snapshot of the Materials Project: open data against its API.

    python benchmarks/mp_bulk_vs_rest.py --documents 20000

Both sides talk to stand-in servers of their own on this machine, one after the other in one
process, and end with the same records (the digests are compared). The API's side is the official
client, page by page, with the energies of one level of theory; the servers answer at once, so the
time of a real network and of a real service's throttling is not in it. `--delay` adds a wait to
each answer of both.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from timing import public

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.mp_server import KEY, VERSION, serving
from support.mp_tables import write_collection
from support.s3_server import serving_bucket

from matdata.core.console import SILENT
from matdata.core.executors import Workers
from matdata.sources import find_source
from matdata.sources._mp_bucket import ENV
from matdata.sources.base import Request
from matdata.sources.snapshot import Snapshot
from matdata.sources.taking import take_snapshot


def read_documents(path: Path, count: int) -> list[dict[str, Any]]:
    """Real summary documents, repeated under ids of their own until there are `count`."""
    with gzip.open(path, "rt") as file:
        found = [json.loads(line) for line in file]
    made = [{**found[k % len(found)], "material_id": f"mp-{k}"} for k in range(count)]
    return [{**one, "deprecated": k % 50 == 49} for k, one in enumerate(made)]


def energies(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Thermo documents with the energies of the summaries."""
    names = ("material_id", "energy_per_atom", "formation_energy_per_atom", "is_stable")
    kept = [{name: one.get(name) for name in names} for one in documents]
    return [{**one, "thermo_type": "GGA_GGA+U", "energy_type": "GGA"} for one in kept]


def timed(cache: Path, **query: object) -> tuple[float, Snapshot]:
    """Seconds for a snapshot, and the snapshot."""
    start = time.perf_counter()
    source = find_source("mp", Request(cache=cache, query=query))
    snapshot = take_snapshot(source, cache, SILENT, Workers(1))
    return time.perf_counter() - start, snapshot


def measure(home: Path, documents: list[dict[str, Any]], delay: float, files: int) -> int:
    """Take both snapshots in turn, compare and print."""
    thermo = energies(documents)
    write_collection(home / "bucket", "summary", documents, VERSION, files)
    write_collection(home / "bucket", "thermo", thermo, VERSION, files)
    sizes = [path.stat().st_size for path in (home / "bucket").rglob("*.parquet")]
    with serving(documents) as api, serving_bucket(home / "bucket") as bucket:
        api.thermo, api.delay, bucket.delay = thermo, delay, delay
        os.environ |= {"MP_API_ENDPOINT": api.url, "MP_API_KEY": KEY, ENV: bucket.url}
        timed(home / "warm", bulk=True)  # imports
        bulk, first = timed(home / "bulk", bulk=True)
        rest, second = timed(home / "rest")
    print(f"{len(documents):,} documents, {sum(sizes) / 1e6:.1f} MB in {len(sizes)} files")
    print(f"API        {rest:8.2f} s   {len(documents) / rest:10,.0f} documents a second")
    print(f"open data  {bulk:8.2f} s   {len(documents) / bulk:10,.0f} documents a second")
    same = first.digest == second.digest
    told = f"{'the same' if same else 'DIFFERENT'} ({first.digest[:8]}, {second.digest[:8]})"
    counts = f"{first.manifest['records']:,} and {first.manifest['rejected']:,} rejects"
    print(f"records    {counts}, {told}")
    print(f"RATIO API / open data {rest / bulk:10.1f}")
    return 0 if same else 1


def main() -> int:
    """Measure and print; exit code 1 if the records differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = public("mp200/summary.jsonl.gz")
    parser.add_argument("--data", type=Path, default=default, help="summary documents")
    parser.add_argument("--documents", type=int, default=20000, help="how many to serve")
    parser.add_argument("--files", type=int, default=8, help="files of a table")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    options = parser.parse_args()
    if not options.data.exists():
        print(f"no such file: {options.data}", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")
    documents = read_documents(options.data, options.documents)
    with tempfile.TemporaryDirectory() as home:
        return measure(Path(home), documents, options.delay, options.files)


if __name__ == "__main__":
    sys.exit(main())

"""``matdata list``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from matdata.cli.common import cache_of, print_json, print_line
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.core.printable import human_bytes
from matdata.housekeeping.sizes import add_sizes
from matdata.store.catalogue import features_kept, kept_below
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.latest import last_of
from matdata.store.manifest import read_manifest
from matdata.store.walk import folder_size


def run(given: argparse.Namespace) -> int:
    """List snapshots, datasets and features of the cache; what cannot be read is named.

    With ``--size`` runs and all else as well, with their bytes on disk.
    """
    cache = cache_of(given)
    listing: JsonObject = {"cache": str(cache), "snapshots": [], "datasets": [], "damaged": []}
    for source, kept in kept_below(cache / "snapshots").items():
        listing["damaged"] += map(str, kept.faults)
        listing["snapshots"] += _readable(kept.folders, partial(_snapshot, source), listing)
    for name, kept in kept_below(cache / "datasets").items():
        listing["damaged"] += map(str, kept.faults)
        meant = _meant(cache / "datasets" / name, kept.folders, listing)
        describe = partial(_dataset, cache, meant, listing)
        listing["datasets"] += _readable(kept.folders, describe, listing)
    if given.size:
        add_sizes(cache, listing)
    if given.json:
        print_json(listing)
        return 0
    _print(listing)
    return 0


def _readable(
    folders: list[Path], describe: Callable[[Path], JsonObject], listing: JsonObject
) -> list[JsonObject]:
    """What can be said of artefacts; those that are damaged are named."""
    described = []
    for folder in folders:
        try:
            described.append(describe(folder))
        except StoreError as error:
            listing["damaged"].append(error.what)
    return described


def _meant(home: Path, folders: list[Path], listing: JsonObject) -> Path | None:
    """What the bare name means."""
    try:
        return last_of(home, folders) if folders else None
    except StoreError as error:
        listing["damaged"].append(error.what)
        return None


def _snapshot(source: str, folder: Path) -> JsonObject:
    manifest = read_manifest(folder)
    return {
        "snapshot": f"{source}/{folder.name}",
        "records": manifest["records"],
        "rejected": manifest["rejected"],
        "bytes": folder_size(folder),
    }


def _dataset(cache: Path, meant: Path | None, listing: JsonObject, folder: Path) -> JsonObject:
    dataset = DatasetFolder(folder)
    splits, faults = dataset.splits()
    stored = features_kept(cache, dataset.data_ref)
    listing["damaged"] += map(str, [*faults, *stored.faults])
    return {
        "dataset": dataset.ref,
        "meant": folder == meant,
        "rows": dataset.manifest["rows"],
        "without_structure": dataset.n_without_structure,
        "bytes": folder_size(folder),
        "splits": splits,
        "features": [{"feature": one.name, "bytes": folder_size(one)} for one in stored.folders],
    }


def _print(listing: JsonObject) -> None:
    print_line(listing["cache"])
    if not listing["datasets"] and not listing["snapshots"]:
        print_line("  empty; `matdata build sample --features ofm` makes a first dataset")
    for one in listing["snapshots"]:
        size = _size(one)
        print_line(f"  snapshot {one['snapshot']}: {one['records']:,} records, {size}")
    for problem in listing["damaged"]:
        print_line(f"  DAMAGED {problem}")
    several = [
        name for name, count in Counter(map(_name, listing["datasets"])).items() if count > 1
    ]
    for one in listing["datasets"]:
        name = _name(one)
        meant = f"; {name} alone means this" if one["meant"] and name in several else ""
        size = _size(one)
        print_line(f"  {one['dataset']}: {one['rows']:,} materials, {size}{meant}")
        for name in one["splits"]:
            print_line(f"    split {name}")
        for feature in one["features"]:
            print_line(f"    feature {feature['feature']}, {_size(feature)}")
    for one in listing.get("runs", ()):
        print_line(f"  run {one['run']}: {_size(one)}")
    for one in listing.get("other", ()):
        print_line(f"  {one['place']}: {_size(one)}")
    if "disk_bytes" in listing:
        print_line(f"  all of the cache: {_size(listing)}, each file once")


def _size(described: JsonObject) -> str:
    """The size of one entry for people, where it was measured that on disk."""
    if "disk_bytes" in described:
        return f"{human_bytes(described['disk_bytes'])} on disk"
    return human_bytes(described["bytes"])


def _name(described: JsonObject) -> str:
    return str(described["dataset"].partition("@")[0])

"""``matdata list``."""

from __future__ import annotations

import argparse
from typing import Any

from matdata.catalogue import datasets, features, snapshots
from matdata.commands.common import cache_of, folder_bytes, human_bytes, print_json, tell
from matdata.dataset import DatasetFolder
from matdata.errors import StoreError
from matdata.store.manifest import read_manifest


def run(given: argparse.Namespace) -> int:
    """List snapshots, datasets and features of the cache."""
    cache = cache_of(given)
    found: dict[str, Any] = {"cache": str(cache), "snapshots": [], "datasets": [], "damaged": []}
    for folder in snapshots(cache):
        try:
            manifest = read_manifest(folder)
        except StoreError as error:
            found["damaged"].append(error.what)
            continue
        found["snapshots"].append(
            {
                "snapshot": f"{folder.parent.name}/{folder.name}",
                "records": manifest["records"],
                "rejected": manifest["rejected"],
                "bytes": folder_bytes(folder),
            }
        )
    for folders in datasets(cache).values():
        found["datasets"] += [_dataset(DatasetFolder(folder), cache) for folder in folders]
    if given.json:
        print_json(found)
        return 0
    _print(found)
    return 0


def _dataset(dataset: DatasetFolder, cache: Any) -> dict[str, Any]:
    return {
        "dataset": dataset.ref,
        "rows": dataset.manifest["rows"],
        "bytes": folder_bytes(dataset.folder),
        "splits": dataset.split_names(),
        "features": [
            {"feature": folder.name, "bytes": folder_bytes(folder)}
            for folder in features(cache, dataset.ref)
        ],
    }


def _print(found: dict[str, Any]) -> None:
    tell(found["cache"])
    if not found["datasets"] and not found["snapshots"]:
        tell("  empty; `matdata build sample --features ofm` makes a first dataset")
    for one in found["snapshots"]:
        size = human_bytes(one["bytes"])
        tell(f"  snapshot {one['snapshot']}: {one['records']:,} records, {size}")
    for problem in found["damaged"]:
        tell(f"  DAMAGED {problem}")
    for one in found["datasets"]:
        tell(f"  {one['dataset']}: {one['rows']:,} materials, {human_bytes(one['bytes'])}")
        for name in one["splits"]:
            tell(f"    split {name}")
        for feature in one["features"]:
            tell(f"    feature {feature['feature']}, {human_bytes(feature['bytes'])}")

"""``matdata list``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from matdata.cli.common import cache_of, print_json, print_line
from matdata.core.cache import other_places
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.core.printable import human_bytes
from matdata.housekeeping.sizes import add_sizes
from matdata.stability.place import HOME
from matdata.stability.place import KIND as REFERENCE
from matdata.store.catalogue import kept, kept_below
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.feature_catalogue import features_in_places
from matdata.store.latest import last_of
from matdata.store.manifest import read_manifest
from matdata.store.walk import folder_size


def run(given: argparse.Namespace) -> int:
    """List snapshots, datasets, features and references of a cache; what cannot be read is named.

    With ``--size`` runs and all else as well, with their bytes on disk.
    """
    cache = cache_of(given)
    others = other_places(cache)
    listing: JsonObject = {"cache": str(cache), "also": [str(place) for place in others]}
    listing |= {"snapshots": [], "datasets": [], "references": [], "damaged": []}
    for place in (cache, *others):
        _add(listing, cache, place)
    if given.size:
        add_sizes(cache, listing)
    if given.json:
        print_json(listing)
        return 0
    _print(listing)
    return 0


def _add(listing: JsonObject, cache: Path, place: Path) -> None:
    """Add what a place holds, unless a place before it has one of that name."""
    snapshots = {one["snapshot"] for one in listing["snapshots"]}
    named = {_name(one) for one in listing["datasets"]}
    listed = {one["dataset"] for one in listing["datasets"]}
    for source, contents in kept_below(place / "snapshots").items():
        listing["damaged"] += map(str, contents.faults)
        folders = [one for one in contents.folders if f"{source}/{one.name}" not in snapshots]
        listing["snapshots"] += _readable(folders, partial(_snapshot, source, place), listing)
    for name, contents in kept_below(place / "datasets").items():
        listing["damaged"] += map(str, contents.faults)
        folders = [one for one in contents.folders if f"{name}@{one.name}" not in listed]
        meant = _meant(place / "datasets" / name, contents.folders, listing)
        meant = None if name in named else meant
        describe = partial(_dataset, cache, place, meant, listing)
        listing["datasets"] += _readable(folders, describe, listing)

    references = {one["reference"] for one in listing["references"]}
    kept_references = kept(place / HOME)
    listing["damaged"] += map(str, kept_references.faults)
    folders = [one for one in kept_references.folders if one.name not in references]
    listing["references"] += _readable(folders, partial(_reference, place), listing)


def _readable(
    folders: list[Path], describe: Callable[[Path], JsonObject], listing: JsonObject
) -> list[JsonObject]:
    """Descriptions of artefacts; those that are damaged are named."""
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


def _snapshot(source: str, place: Path, folder: Path) -> JsonObject:
    manifest = read_manifest(folder)
    return {
        "snapshot": f"{source}/{folder.name}",
        "place": str(place),
        "records": manifest["records"],
        "rejected": manifest["rejected"],
        "bytes": folder_size(folder),
    }


def _reference(place: Path, folder: Path) -> JsonObject:
    manifest = read_manifest(folder, REFERENCE)
    return {
        "reference": folder.name,
        "place": str(place),
        "entries": manifest["entries"],
        "on_hull": manifest["on_hull"],
        "bytes": folder_size(folder),
    }


def _dataset(
    cache: Path, place: Path, meant: Path | None, listing: JsonObject, folder: Path
) -> JsonObject:
    dataset = DatasetFolder(folder)
    splits, faults = dataset.splits()
    stored = features_in_places(cache, dataset.data_ref)
    listing["damaged"] += map(str, [*faults, *stored.faults])
    return {
        "dataset": dataset.ref,
        "place": str(place),
        "meant": folder == meant,
        "rows": dataset.manifest["rows"],
        "without_structure": dataset.n_without_structure,
        "bytes": folder_size(folder),
        "splits": splits,
        "features": [
            {"feature": one.name, "place": str(one.parents[2]), "bytes": folder_size(one)}
            for one in stored.folders
        ],
    }


def _print(listing: JsonObject) -> None:
    print_line(listing["cache"])
    for place in listing["also"]:
        print_line(f"and {place}, which is only read")
    if not listing["datasets"] and not listing["snapshots"]:
        print_line("  empty; `matdata build sample --features ofm` makes a first dataset")
    for one in listing["snapshots"]:
        size = _size(one, listing)
        print_line(f"  snapshot {one['snapshot']}: {one['records']:,} records, {size}")
    for problem in listing["damaged"]:
        print_line(f"  DAMAGED {problem}")
    several = [
        name for name, count in Counter(map(_name, listing["datasets"])).items() if count > 1
    ]
    for one in listing["datasets"]:
        name = _name(one)
        meant = f"; {name} alone means this" if one["meant"] and name in several else ""
        size = _size(one, listing)
        print_line(f"  {one['dataset']}: {one['rows']:,} materials, {size}{meant}")
        for name in one["splits"]:
            print_line(f"    split {name}")
        for feature in one["features"]:
            print_line(f"    feature {feature['feature']}, {_size(feature, listing)}")
    for one in listing["references"]:
        size = _size(one, listing)
        print_line(f"  reference {one['reference']}: {one['entries']:,} entries, {size}")
    for one in listing.get("runs", ()):
        print_line(f"  run {one['run']}: {_size(one, listing)}")
    for one in listing.get("other", ()):
        print_line(f"  {one['place']}: {_bytes(one)}")
    if "disk_bytes" in listing:
        print_line(f"  all of the cache: {_bytes(listing)}, each file once")


def _size(described: JsonObject, listing: JsonObject) -> str:
    """The size of an artefact, and its place if that is not one's own cache."""
    size, place = _bytes(described), described.get("place", listing["cache"])
    return size if place == listing["cache"] else f"{size}, in {place}"


def _bytes(described: JsonObject) -> str:
    """The size of one entry for people, where it was measured that on disk."""
    if "disk_bytes" in described:
        return f"{human_bytes(described['disk_bytes'])} on disk"
    return human_bytes(described["bytes"])


def _name(described: JsonObject) -> str:
    return str(described["dataset"].partition("@")[0])

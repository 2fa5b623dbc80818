"""``matdata info DATASET``."""

from __future__ import annotations

import argparse
from pathlib import Path

from matdata.building.report import materials_in
from matdata.cli.common import cache_of, print_json, print_line
from matdata.core.documents import JsonObject
from matdata.core.errors import StoreError
from matdata.core.ledger import count_reasons
from matdata.core.part_names import PARTS
from matdata.core.units import with_unit
from matdata.curate.funnel import render
from matdata.store.catalogue import features_in_places, find_dataset
from matdata.store.dataset_folder import DatasetFolder
from matdata.store.manifest import read_manifest


def run(given: argparse.Namespace) -> int:
    """Print what a dataset is, what it was made from and what it holds."""
    cache = cache_of(given)
    dataset = find_dataset(cache, given.dataset)
    manifests, damaged = _features(cache, dataset)
    if given.json:
        more = {
            "funnel": dataset.funnel(),
            "splits": [note for _, note in _splits(dataset, damaged)],
            "features": manifests,
            "damaged": damaged,
            "units": dataset.units,
            "axes": dataset.axes,
            "place": str(dataset.folder.parents[2]),
        }
        print_json({**dataset.manifest, **more})
        return 0
    _print_dataset(dataset, damaged)
    if dataset.folder.parents[2] != cache:
        print_line(f"in {dataset.folder.parents[2]}, which is only read")
    for manifest in manifests:
        lost = ", ".join(f"{n:,} {why}" for why, n in manifest["rejected"].items())
        line = f"feature {manifest['feature']} {manifest['settings']}: {manifest['rows']:,}"
        print_line(
            f"{line} materials, {manifest['store']}" + (f"; without: {lost}" if lost else "")
        )
    for problem in damaged:
        print_line(f"DAMAGED {problem}")
    return 0


def _features(cache: Path, dataset: DatasetFolder) -> tuple[list[JsonObject], list[str]]:
    """Manifests of the features, and a line for each that cannot be read."""
    stored = features_in_places(cache, dataset.data_ref)
    manifests, damaged = [], [str(fault) for fault in stored.faults]
    for folder in stored.folders:
        try:
            manifests.append(read_manifest(folder))
        except StoreError as error:
            damaged.append(error.what)
    return manifests, damaged


def _print_dataset(dataset: DatasetFolder, damaged: list[str]) -> None:
    manifest = dataset.manifest
    kind = f" ({dataset.kind}s)" if dataset.kind != "mixed" else ""
    print_line(f"{dataset.ref}: {materials_in(dataset)}{kind}")
    print_line(f"  from {manifest['made_from']['snapshot']}, duplicates: {manifest['dedupe']}")
    for name in ("description", "note", "licence", "citation"):
        if manifest.get(name):
            print_line(f"  {name}: {manifest[name]}")
    for line in render(dataset.funnel()):
        print_line(line)
    ledger = count_reasons(f"{r.stage}: {r.reason}" for r in dataset.rejects())
    print_line(
        f"ledger: {sum(ledger.values()):,} rows" + "".join(f", {n} {w}" for w, n in ledger.items())
    )
    print_line("columns: " + ", ".join(_column(name, dataset) for name in dataset.columns))
    for name, note in _splits(dataset, damaged):
        parts = [part for part in PARTS if part in note["sizes"]]
        sizes = ", ".join(f"{part} {note['sizes'][part]:,}" for part in parts)
        print_line(f"split {name}: {sizes} (digest {note['digest'][:8]})")


def _splits(dataset: DatasetFolder, damaged: list[str]) -> list[tuple[str, JsonObject]]:
    """The splits with their notes; what cannot be read is added to what is damaged."""
    names, faults = dataset.splits()
    damaged += map(str, faults)
    notes = []
    for name in names:
        try:
            notes.append((name, dataset.load_split(name)[1]))
        except StoreError as error:
            damaged.append(error.what)
    return notes


def _column(name: str, dataset: DatasetFolder) -> str:
    """A column with its unit, and the column that holds its axis."""
    unit, axis = dataset.units.get(name), dataset.axes.get(name)
    return with_unit(name, unit) + (f" over {axis}" if axis else "")

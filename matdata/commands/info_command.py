"""``matdata info DATASET``."""

from __future__ import annotations

import argparse
from typing import Any

from matdata.catalogue import features, find_dataset
from matdata.commands.common import cache_of, print_json, tell
from matdata.curate.funnel import render
from matdata.dataset import DatasetFolder
from matdata.ledger import count_reasons
from matdata.store.manifest import read_manifest


def run(given: argparse.Namespace) -> int:
    """Print what a dataset is, what it was made from and what it holds."""
    cache = cache_of(given)
    dataset = find_dataset(cache, given.dataset)
    manifests = [read_manifest(folder) for folder in features(cache, dataset.ref)]
    if given.json:
        print_json({**dataset.manifest, "funnel": dataset.funnel(), "features": manifests})
        return 0
    _print_dataset(dataset)
    for manifest in manifests:
        lost = ", ".join(f"{n:,} {why}" for why, n in manifest["rejected"].items())
        line = f"feature {manifest['feature']} {manifest['settings']}: {manifest['rows']:,}"
        tell(f"{line} materials, {manifest['store']}" + (f"; without: {lost}" if lost else ""))
    return 0


def _print_dataset(dataset: DatasetFolder) -> None:
    manifest = dataset.manifest
    tell(f"{dataset.ref}: {manifest['rows']:,} materials ({manifest['kind']}s)")
    tell(f"  from {manifest['made_from']['snapshot']}, duplicates: {manifest['dedupe']}")
    for name in ("note", "licence", "citation"):
        if manifest[name]:
            tell(f"  {name}: {manifest[name]}")
    for line in render(dataset.funnel()):
        tell(line)
    ledger = count_reasons(f"{r.stage}: {r.reason}" for r in dataset.rejects())
    tell(
        f"ledger: {sum(ledger.values()):,} rows" + "".join(f", {n} {w}" for w, n in ledger.items())
    )
    tell("columns: " + ", ".join(_column(name, dataset.units) for name in dataset.columns))
    for name in dataset.split_names():
        _, note = dataset.load_split(name)
        sizes = ", ".join(f"{part} {count:,}" for part, count in note["sizes"].items())
        tell(f"split {name}: {sizes} (digest {note['digest'][:8]})")


def _column(name: str, units: dict[str, Any]) -> str:
    return f"{name} [{units[name]}]" if units.get(name) else name

"""``matdata hull DATASET``."""

from __future__ import annotations

import argparse

from matdata.building.report import after
from matdata.cli.common import console_of, print_json
from matdata.cli.options import joined
from matdata.core.cache import cache_dir
from matdata.stability.options import HULL_OPTIONS, canonical
from matdata.stability.request import config_of_hull, request_of
from matdata.stability.workflow import HullResult, add_hull
from matdata.store.catalogue import find_dataset
from matdata.store.config_file import write_config
from matdata.store.damage import require_whole
from matdata.store.dataset_folder import KIND


def run(given: argparse.Namespace) -> int:
    """Add hull distances to a dataset."""
    console = console_of(given)
    asked = joined(given, HULL_OPTIONS, canonical)
    request = request_of(asked)
    cache = cache_dir(asked.get("cache"))
    dataset = find_dataset(cache, asked["dataset"])
    require_whole(dataset.folder, KIND)
    if given.write_config:
        write_config(given.write_config, config_of_hull(dataset.ref, request))
    made = add_hull(cache, dataset, request.references, request.settings, request.workers, console)
    console.say(_summary(made))
    for note in made.notes:
        console.say(f"  {note}")
    console.say(f"done: {made.dataset.folder}")
    if given.json:
        print_json(_document(made))
    return 0


def _summary(made: HullResult) -> str:
    manifest = made.reference.manifest
    return (
        f"{made.dataset.ref}: {made.counts['computed']:,} of {made.dataset.manifest['rows']:,} "
        f"materials compared with {made.reference.ref} ({manifest['entries']:,} entries, "
        f"{manifest['on_hull']:,} on the hull, {made.reference.scheme})"
        f"{after(made.state)}: {', '.join(made.columns)}"
    )


def _document(made: HullResult) -> dict[str, object]:
    computed = made.dataset.manifest["hull"]
    return {
        "dataset": made.dataset.ref,
        "folder": str(made.dataset.folder),
        "rows": made.dataset.manifest["rows"],
        "unchanged": made.state == "unchanged",
        "reference": made.reference.ref,
        "entries": made.reference.manifest["entries"],
        "on_hull": made.reference.manifest["on_hull"],
        "energies": computed["energies"],
        "scheme": computed["scheme"],
        "columns": made.columns,
        **made.counts,
    }

"""``matdata export DATASET OUTPUT``."""

from __future__ import annotations

import argparse
from pathlib import Path

from matdata.cli.common import cache_of, console_of, print_json, settings_of, words
from matdata.datasets.export import Exported, format_of, write_export


def run(given: argparse.Namespace) -> int:
    """Write a dataset, with dense features if asked for, for other programs.

    Raises
    ------
    ConfigError
        If raw texts are requested of a format other than CSV.
    """
    from matdata import api
    from matdata.core.errors import ConfigError

    if given.snapshot:
        return _snapshot(given)
    output = Path(given.output)
    form = format_of(output, given.format)
    if given.raw_text and form != "csv":
        raise ConfigError("--raw-text is for csv; other formats hold texts as they are")
    dataset = api.open(given.dataset, cache_of(given))
    settings = settings_of(given.set)
    features = {
        spec: dataset.feature(spec, **settings.get(spec, settings.get(spec.partition(":")[0], {})))
        for spec in words(given.features)
    }
    content = Exported(
        dataset.ref,
        dataset.columns,
        dataset.units,
        dataset.structures,
        features,
        dataset.axes,
        dataset.words,
        given.raw_text,
    )
    path = write_export(content, output, form)
    console_of(given).say(f"wrote {path}")
    if given.json:
        print_json({"output": str(path), "format": form, "rows": len(dataset)})
    return 0


def _snapshot(given: argparse.Namespace) -> int:
    """Write the snapshot of a dataset as a file."""
    from matdata.core.errors import ConfigError, StoreError
    from matdata.sources.replay import write_replay
    from matdata.sources.snapshot import Snapshot
    from matdata.store.catalogue import find_dataset
    from matdata.store.manifest import is_committed

    path = Path(given.output)
    if given.features or given.format or not path.name.endswith((".jsonl", ".jsonl.gz")):
        raise ConfigError(
            "a snapshot is written as JSON lines, without features and --format",
            next_step="name the file snapshot.jsonl.gz",
        )
    cache = cache_of(given)
    dataset = find_dataset(cache, given.dataset)
    folder = cache / "snapshots" / dataset.manifest["made_from"]["snapshot"]
    if not is_committed(folder):
        raise StoreError(
            f"the snapshot that {dataset.ref} was made from is not in this cache: {folder}",
            cause="it was removed, or the dataset was copied here without it",
            next_step="build from the source once more, which takes it again, or copy its folder",
        )
    snapshot = Snapshot.open(folder)
    records = write_replay(snapshot, path)
    source = snapshot.origin["source"]
    console_of(given).say(f"wrote {path}; `matdata build {source} --from {path}` reads it")
    if given.json:
        print_json({"output": str(path), "records": records, "snapshot": snapshot.folder.name})
    return 0

"""An export as it is asked for: of a dataset with features, or of its snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from matdata.core.errors import ConfigError, StoreError
from matdata.datasets.dataset import Dataset
from matdata.datasets.export import Exported, format_of, write_export
from matdata.sources.replay import write_replay
from matdata.sources.snapshot import Snapshot
from matdata.store.manifest import is_committed


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for.

    Attributes
    ----------
    output
        The file.
    format
        Its format; by the ending of its name if None.
    raw_text
        Of CSV: leave texts as they are that a spreadsheet would run.
    features
        Specs of stored features.
    settings
        Their settings, by spec or family.
    """

    output: Path
    format: str | None = None
    raw_text: bool = False
    features: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """A file that was written: its path, its format, and the number of its rows or records."""

    path: Path
    format: str
    rows: int
    snapshot: Snapshot | None = None


def export_dataset(dataset: Dataset, asked: ExportRequest) -> Written:
    """Write a dataset, with dense features if asked for.

    Raises
    ------
    ConfigError
        If the format is unknown, or raw texts are requested of another one than CSV.
    FeatureError, StoreError
        If a feature is not there or fits no table, or the file cannot be written.
    """
    form = format_of(asked.output, asked.format)
    if asked.raw_text and form != "csv":
        raise ConfigError("--raw-text is for csv; other formats hold texts as they are")
    features = {}
    for spec in asked.features:
        family = asked.settings.get(spec.partition(":")[0], {})
        features[spec] = dataset.feature(spec, **asked.settings.get(spec, family))
    content = Exported(
        dataset.ref, dataset.columns, dataset.units, dataset.structures, features, asked.raw_text
    )
    return Written(write_export(content, asked.output, form), form, len(dataset))


def export_snapshot(dataset: Dataset, asked: ExportRequest) -> Written:
    """Write the snapshot of a dataset as a file, which ``matdata build --from`` reads.

    Raises
    ------
    ConfigError
        If features or another format are asked for as well.
    StoreError
        If the snapshot is not in the cache, or the file cannot be written.
    """
    path = asked.output
    if asked.features or asked.format or not path.name.endswith((".jsonl", ".jsonl.gz")):
        raise ConfigError(
            "a snapshot is written as JSON lines, without features and --format",
            next_step="name the file snapshot.jsonl.gz",
        )
    folder = dataset.cache / "snapshots" / dataset.manifest["made_from"]["snapshot"]
    if not is_committed(folder):
        raise StoreError(
            f"the snapshot that {dataset.ref} was made from is not in this cache: {folder}",
            cause="it was removed, or the dataset was copied here without it",
            next_step="build from the source once more, which takes it again, or copy its folder",
        )
    snapshot = Snapshot.open(folder)
    return Written(path, "jsonl", write_replay(snapshot, path), snapshot)

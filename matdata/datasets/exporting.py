"""An export as it is asked for: of a dataset with features, or of its snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matdata.core.errors import ConfigError, StoreError
from matdata.datasets.dataset import Dataset
from matdata.datasets.export import Exported, format_of, write_export
from matdata.sources.replay import write_replay
from matdata.sources.snapshot import Snapshot
from matdata.store.catalogue import find_snapshot_folder
from matdata.store.manifest import is_committed
from matdata.store.said import words_in

LINES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for, checked before a dataset is looked for.

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
    snapshot
        Write the records that the dataset was made from, which ``matdata build --from`` reads.

    Raises
    ------
    ConfigError
        If the format is unknown, or does not go with the rest.
    """

    output: Path
    format: str | None = None
    raw_text: bool = False
    features: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    snapshot: bool = False

    def __post_init__(self) -> None:
        if not self.snapshot:
            form = self.form  # refused also where no text is raw
            if self.raw_text and form != "csv":
                raise ConfigError("--raw-text is for csv; other formats hold texts as they are")
        elif self.features or self.format or not self.output.name.endswith(LINES):
            raise ConfigError(
                "a snapshot is written as JSON lines, without features and --format",
                next_step="name the file snapshot.jsonl.gz",
            )

    @property
    def form(self) -> str:
        """The format of a dataset."""
        return format_of(self.output, self.format)


@dataclass(frozen=True)
class Written:
    """A file that was written: its path, and the number of its rows or records."""

    path: Path
    rows: int
    snapshot: Snapshot | None = None


def export_dataset(dataset: Dataset, asked: ExportRequest) -> Written:
    """Write a dataset, with dense features if asked for, or its snapshot.

    Raises
    ------
    FeatureError, StoreError
        If a feature is not there or fits no table, the snapshot is not in the cache, or the file
        cannot be written.
    """
    if asked.snapshot:
        snapshot = _snapshot_of(dataset)
        return Written(asked.output, write_replay(snapshot, asked.output), snapshot)
    features = {}
    for spec in asked.features:
        family = asked.settings.get(spec.partition(":")[0], {})
        features[spec] = dataset.feature(spec, **asked.settings.get(spec, family))
    content = Exported(
        dataset.ref,
        dict(dataset.columns),
        dataset.units,
        dataset.structures,
        features,
        dataset.axes,
        words_in(dataset.manifest),
        asked.raw_text,
    )
    return Written(write_export(content, asked.output, asked.form), len(dataset))


def _snapshot_of(dataset: Dataset) -> Snapshot:
    folder = find_snapshot_folder(dataset.cache, dataset.manifest["made_from"]["snapshot"])
    if not is_committed(folder):
        raise StoreError(
            f"the snapshot that {dataset.ref} was made from is not in this cache: {folder}",
            cause="it was removed, or the dataset was copied here without it",
            next_step="build from the source once more, which takes it again, or copy its folder",
        )
    return Snapshot.open(folder)


def refuse_with_archive(
    format: str | None, raw_text: bool, settings: Mapping[str, object] | Sequence[str] | None
) -> None:
    """Check that nothing was asked for that an archive of artefacts as they are cannot have.

    Raises
    ------
    ConfigError
        If something was.
    """
    if format or raw_text or settings:
        raise ConfigError(
            "--archive writes artefacts as they are, without --format, --raw-text and --set",
            next_step="leave these out; --features A,B names the features that go along",
        )

"""An export as it is asked for: of a dataset with features, or of its snapshot."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from matdata.core.documents import JsonObject
from matdata.core.errors import ConfigError, StoreError
from matdata.datasets.dataset import Dataset
from matdata.datasets.exports.content import Exported
from matdata.datasets.exports.formats import FORMATS, format_of
from matdata.datasets.exports.losses import sentence
from matdata.datasets.exports.rebuild import rebuild_command
from matdata.datasets.exports.split_choice import folds_to_write, splits_to_write
from matdata.datasets.exports.writing import write_export
from matdata.sources.replay import write_replay
from matdata.sources.snapshot import Snapshot
from matdata.splits.base import Split
from matdata.store.catalogue import find_snapshot_folder
from matdata.store.manifest import is_committed

LINES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class ExportRequest:
    """What is asked for, checked before a dataset is looked for.

    Attributes
    ----------
    output
        The file or folder.
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
    split
        Names of the saved splits that are written, separated by commas, of formats that hold
        splits; the only one if None.
    derived
        Write the columns that matdata computes as well.

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
    split: str | None = None
    derived: bool = False

    def __post_init__(self) -> None:
        if not self.snapshot:
            self._require_fitting(self.form)  # refused also where no text is raw
        elif self._says_more or not self.output.name.endswith(LINES):
            raise ConfigError(
                "a snapshot is written as JSON lines, without features, --split, --derived and "
                "--format",
                next_step="name the file snapshot.jsonl.gz",
            )

    @property
    def _says_more(self) -> bool:
        """Whether something is asked for that concerns a dataset and no snapshot."""
        return bool(self.features or self.format or self.split or self.derived)

    def _require_fitting(self, form: str) -> None:
        if self.raw_text and form != "csv":
            raise ConfigError("--raw-text is for csv; other formats hold texts as they are")
        if self.split is not None and FORMATS[form].splits is None:
            holding = [name for name, one in FORMATS.items() if one.splits]
            raise ConfigError(
                f"{form} holds no split",
                next_step=f"leave --split out, or write one of: {', '.join(holding)}",
            )

    @property
    def form(self) -> str:
        """The format of a dataset."""
        return format_of(self.output, self.format)


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    path
        The file or folder.
    rows
        Number of its rows or records.
    snapshot
        The snapshot, if one was written.
    losses
        What a rebuild does not give back: ``aspect``, ``of`` (names) and ``text`` of each.
    rebuild
        The command that builds it again; empty if matdata does not read it.
    features
        Of each written feature: ``feature``, ``rows``, ``columns``.
    content_digest
        Of what a rebuild reads.
    """

    path: Path
    rows: int
    snapshot: Snapshot | None = None
    losses: tuple[JsonObject, ...] = ()
    rebuild: str = ""
    features: tuple[JsonObject, ...] = ()
    content_digest: str = ""


def export_dataset(dataset: Dataset, asked: ExportRequest) -> Written:
    """Write a dataset, with dense features if asked for, or its snapshot.

    Raises
    ------
    FeatureError, StoreError
        If a feature is not there or fits no table, the snapshot is not in the cache, or the file
        cannot be written.
    ConfigError
        If the format cannot hold what was asked for, or there is no single split to write.
    """
    if asked.snapshot:
        snapshot = _snapshot_of(dataset)
        return Written(asked.output, write_replay(snapshot, asked.output), snapshot)
    features = {}
    for spec in asked.features:
        family = asked.settings.get(spec.partition(":")[0], {})
        features[spec] = dataset.feature(spec, **asked.settings.get(spec, family))
    form = FORMATS[asked.form]
    splits: Mapping[str, Split] = {}
    if form.splits is not None:
        choose = splits_to_write if form.splits == "several" else folds_to_write
        splits = choose(dataset, asked.split)
    content = Exported(
        dataset,
        features,
        next(iter(splits.values()), None) if form.splits == "several" else None,
        splits,
        asked.derived,
        asked.raw_text,
    )
    path = write_export(content, asked.output, asked.form)
    return Written(
        path,
        len(dataset),
        losses=tuple(form.lost(content)),
        rebuild=rebuild_command(content, path, form),
        features=tuple(
            {"feature": spec, "rows": len(one), "columns": len(one.labels)}
            for spec, one in features.items()
        ),
        content_digest=content.content_digest,
    )


def lines_of(written: Written) -> list[str]:
    """What was written, what is not kept, and how it is read again, for people."""
    if written.snapshot is not None:
        source = written.snapshot.origin["source"]
        command = shlex.join(["matdata", "build", str(source), "--from", str(written.path)])
        way = f"`{command}` reads it"
        return [f"wrote {written.path}; {way}"]
    lines = [f"wrote {written.path}"]
    lines += [f"  not kept: {sentence(loss)}" for loss in written.losses]
    return [*lines, f"  `{written.rebuild}` builds it again"] if written.rebuild else lines


def _snapshot_of(dataset: Dataset) -> Snapshot:
    folder = find_snapshot_folder(dataset.cache, dataset.manifest["made_from"]["snapshot"])
    if not is_committed(folder):
        raise StoreError(
            f"the snapshot that {dataset.ref} was made from is not in this cache: {folder}",
            cause="it was removed, or the dataset was copied here without it",
            next_step="build from the source once more, which takes it again, or copy its folder",
        )
    return Snapshot.open(folder)


def refuse_with_archive(*asked: object) -> None:
    """Check that nothing was asked for that an archive of artefacts as they are cannot have.

    Parameters
    ----------
    *asked
        The format, the split, and whatever else concerns exports for other programs.

    Raises
    ------
    ConfigError
        If something was.
    """
    if any(asked):
        raise ConfigError(
            "--archive writes artefacts as they are, without --format, --split, --derived, "
            "--raw-text and --set",
            next_step="leave these out; --features A,B names the features that go along",
        )

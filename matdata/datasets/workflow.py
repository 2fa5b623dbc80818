"""Commands on datasets from Python: `split`, `audit`, `diff`, `export`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from matdata.building.keywords import Texts
from matdata.core.cache import cache_dir
from matdata.core.console import python_console
from matdata.core.keywords import with_keywords
from matdata.datasets.dataset import Dataset
from matdata.datasets.opening import dataset_of
from matdata.splits.audit import Report
from matdata.splits.base import Split
from matdata.splits.keywords import Ratios, SplitKeywords

if TYPE_CHECKING:
    from matdata.datasets.diff import Diff


@with_keywords(SplitKeywords)
def split(
    dataset: Dataset | str | None = None,
    split: Ratios | None = None,
    *,
    config: str | Path | None = None,
    cache: str | Path | None = None,
    **options: Unpack[SplitKeywords],
) -> list[Split]:
    """Split a dataset and save the split, or the splits of all folds, as ``matdata split`` does.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one.
    split
        ``70/15/15`` (default), counts, or shares by part.
    config
        A configuration file, as ``--config`` takes it; what is given here wins.
    cache
        Cache folder of a dataset that is named.
    options
        The options of the command: ``method``, ``group_by``, ``seed``, ``name``, ``set``.

    Raises
    ------
    SplitError, ConfigError, StoreError
        As ``matdata split``.

    Examples
    --------
    >>> (grouped,) = md.split("mine", "70/15/15", group_by="chemsys")
    """
    from matdata.datasets.adding import make_folds, split_options

    own = {"dataset": getattr(dataset, "ref", dataset), "split": split, "cache": cache}
    given = {name: value for name, value in own.items() if value is not None}
    asked = split_options(config, {**given, **options})
    opened = dataset if isinstance(dataset, Dataset) else asked.get("dataset")
    return make_folds(dataset_of(opened, asked.get("cache")), asked)


def audit(
    dataset: Dataset | str,
    split: str | None = None,
    *,
    keys: Sequence[str] | None = None,
    near_duplicates: bool = False,
    judge: bool = False,
    set: Mapping[str, object] | None = None,
    scheduler: str | None = None,
    cache: str | Path | None = None,
) -> Report:
    """Audit a saved split: what its parts share, as ``matdata audit`` does.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one.
    split, keys, near_duplicates, judge, set, scheduler
        As of `Dataset.audit`.
    cache
        Cache folder of a dataset that is named.

    Raises
    ------
    ConfigError, StoreError, SplitError
        As `Dataset.audit`.

    Examples
    --------
    >>> md.audit("mine", keys=["formula"]).leaks
    """
    return dataset_of(dataset, cache).audit(split, keys, near_duplicates, judge, set, scheduler)


def diff(
    dataset: Dataset | str,
    other: Dataset | str,
    *,
    set: Mapping[str, object] | None = None,
    cache: str | Path | None = None,
) -> Diff:
    """What changed between two versions of a dataset or a snapshot, as ``matdata diff`` does.

    Parameters
    ----------
    dataset, other
        The older and the newer one: open datasets, references, or ``source/version`` of snapshots.
    set
        Tolerances: ``target``, ``volume``, ``distance`` (`matdata.datasets.diff.Tolerances`).
    cache
        Cache folder of those that are named.

    Raises
    ------
    ConfigError
        If one is a dataset and the other a snapshot.
    StoreError, SourceError
        If one is not there.

    Examples
    --------
    >>> md.diff("mine@local-0f3c1a2b", "mine").counts()
    """
    from matdata.datasets.diff import Tolerances, compare
    from matdata.datasets.sides import sides_of

    before, after = sides_of(cache_dir(cache), dataset, other)
    return compare(before, after, Tolerances.from_mapping(set or {}))


def export(
    dataset: Dataset | str,
    output: str | Path,
    *,
    format: str | None = None,
    features: Texts = (),
    set: Mapping[str, Mapping[str, object]] | None = None,
    raw_text: bool = False,
    snapshot: bool = False,
    archive: bool = False,
    split: Texts | None = None,
    derived: bool = False,
    cache: str | Path | None = None,
) -> Path:
    """Write a dataset for other programs, as ``matdata export`` does; returns the path.

    What a rebuild would not give back is printed, as the command does.

    Parameters
    ----------
    dataset
        An open dataset, or the reference of one.
    output
        The file or folder, whose ending says the format if `format` does not.
    format
        ``npz``, ``hdf5``, ``parquet``, ``extxyz``, ``csv``, ``jsonl``, ``hf``, ``aselmdb``,
        ``pyg``, ``matbench`` or ``optimade``.
    features
        Stored features to write, dense.
    set
        Settings by feature: ``{"ofm": {"level": "structure"}}``.
    raw_text
        Of CSV: leave texts as they are that a spreadsheet would run.
    snapshot
        Write the records that it was made from (.jsonl, .jsonl.gz), for ``from_`` of `build`.
    archive
        Write the artefacts as they are, dataset, splits and `features`, as an archive (.zip, .tar,
        .tar.gz) that `import_` takes; with `snapshot` also the records it was made from.
    split
        The saved split that ``hf`` and ``matbench`` write, of ``hf`` several; the only one if not
        given.
    derived
        Write columns that matdata computes as well, which a rebuild computes anew.
    cache
        Cache folder of a dataset that is named.

    Raises
    ------
    ConfigError, FeatureError, StoreError
        If the format is unknown, cannot hold what is asked for, or the file cannot be written.

    Examples
    --------
    >>> md.export("mine", "mine.parquet", features="magpie")
    >>> md.export("mine", "folder", format="hf", split="70-15-15-seed0")
    """
    from matdata.core.given import path_of, words
    from matdata.datasets.exporting import (
        ExportRequest,
        export_dataset,
        lines_of,
        refuse_with_archive,
    )

    path = path_of(output, "the output")
    if archive:
        refuse_with_archive(format, split, derived, raw_text, set)
        return _archive(dataset_of(dataset, cache), path, features, snapshot=snapshot)
    specs, named = words(features), ",".join(words(split)) or None
    request = ExportRequest(path, format, raw_text, specs, set or {}, snapshot, named, derived)
    written = export_dataset(dataset_of(dataset, cache), request)
    console = python_console()
    for line in lines_of(written):
        console.say(line)
    return written.path


def _archive(dataset: Dataset, path: Path, features: Texts, *, snapshot: bool) -> Path:
    """Write the artefacts of a dataset as they are."""
    from matdata.sharing.references import Choice
    from matdata.sharing.workflow import archive_artefacts, names_of

    choice = Choice(names_of(features), snapshot=snapshot)
    archive_artefacts(dataset.ref, path, choice, dataset.cache)
    return path
